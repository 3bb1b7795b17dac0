"""What an agent that was killed leaves half made or half removed is found by the next one."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dcos_runtime.agent.launchers import evidence
from dcos_runtime.agent.launchers.oci import OciLauncher
from dcos_runtime.agent.launchers.posix import PosixLauncher
from tests.support.agent.containers import made
from tests.support.agent.surroundings import nobody_watches
from tests.support.daemons.agents import containers_work, remove_cgroups
from tests.support.daemons.byhand import wait_for


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


def test_who_makes_a_container_is_found_and_has_ended_when_it_is_killed(tmp_path: Path) -> None:
    launcher = OciLauncher(tmp_path / "containers", tmp_path / "run", nobody_watches())
    launcher.runtime = "/usr/sbin/runc"
    program = "import os, time; os.fork(); time.sleep(1000)"
    maker = subprocess.Popen(["/sbin/runc", "-c", program, "half-made"], executable="/usr/bin/python3")
    try:
        wait_for(lambda: len(evidence.makers("half-made", "runc")) == 2, what="it and its child")
        assert evidence.makers("half", "runc") == evidence.makers("half-made", "crun") == []
        launcher._kill_conmon("half-made")
        assert evidence.makers("half-made", "runc") == []
    finally:
        maker.kill()
        maker.wait()
