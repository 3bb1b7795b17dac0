"""What an agent that was killed leaves half made or half removed is found by the next one."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcos_runtime.agent.launchers.posix import PosixLauncher
from tests.support.agent.containers import made
from tests.support.agent.surroundings import nobody_watches
from tests.support.daemons.agents import containers_work, remove_cgroups


async def test_a_folder_of_which_a_part_was_removed_is_a_container_still(tmp_path: Path) -> None:
    launcher = PosixLauncher(tmp_path, nobody_watches())
    (tmp_path / "half" / "left").mkdir(parents=True)
    assert launcher.listed() == ["half"]
    await launcher.destroy("half")
    assert launcher.listed() == []


async def test_the_same_of_a_container(tmp_path: Path) -> None:
    if why := containers_work():
        pytest.skip(why)
    launcher, root = await made("linux", tmp_path)
    try:
        half = tmp_path / "oci" / "containers" / "half"
        (half / "exits").mkdir(parents=True)
        assert launcher.listed() == ["half"]
        await launcher.destroy("half")
        assert launcher.listed() == [] and not half.exists()
    finally:
        remove_cgroups(root)
