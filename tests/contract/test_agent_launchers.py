"""Launchers by themselves: what is cut short leaves nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from dcos_runtime.agent.containers.base import Launcher, Spec, User, processes
from dcos_runtime.agent.containers.oci import OciLauncher
from dcos_runtime.agent.containers.posix import PosixLauncher
from dcos_runtime.agent.core.model import Found
from tests.contract.agents import cgroups_of, containers_work, remove_cgroups

# Its own: the same tests may run beside these.
SECONDS = f"50990{os.getpid()}"


def spec(folder: Path, container_id: str) -> Spec:
    sandbox = folder / f"sandbox-{container_id}"
    sandbox.mkdir()
    for name in ("stdout", "stderr"):
        (sandbox / name).touch()
    return Spec(
        container_id=container_id,
        argv=("/bin/sh", "-c", f"sleep {SECONDS}"),
        environment={"PATH": "/usr/bin:/bin", "MESOS_SANDBOX": str(sandbox)},
        sandbox=sandbox,
        user=User("me", os.geteuid(), os.getegid(), (os.getegid(),), "/"),
        cpus=0.1,
        cpu_limit=0.1,
        memory_limit=64 << 20,
        memory_request=None,
    )


async def made(name: str, folder: Path) -> tuple[Launcher, str]:
    root = f"dcos-test-{os.getpid()}-{folder.name}"
    if name == "posix":
        return PosixLauncher(folder / "containers"), root
    if why := containers_work():
        pytest.skip(why)
    launcher = OciLauncher(folder / "oci" / "containers", folder / "run", cgroups_root=root)
    await launcher.prove()
    return launcher, root


def mentioning(mark: str) -> list[bytes]:
    found = []
    for process in processes():
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            if mark.encode() in line:
                found.append(line)
    return found


async def destroyed(launcher: Launcher, container_id: str) -> None:
    for _ in range(200):
        try:
            await launcher.destroy(container_id)
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise AssertionError(f"{container_id} is never gone")


@pytest.mark.parametrize("name", ["posix", "linux"])
async def test_a_creation_that_is_cut_short_anywhere_leaves_nothing(name: str, tmp_path: Path) -> None:
    launcher, root = await made(name, tmp_path)
    try:
        for number, milliseconds in enumerate((0, 5, 15, 30, 45, 60, 90, 130)):
            container_id = f"cut-{os.getpid()}-{number}"
            work = asyncio.create_task(launcher.create(spec(tmp_path, container_id)))
            await asyncio.sleep(milliseconds / 1000)
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
            await destroyed(launcher, container_id)
            assert (await launcher.inspect(container_id)).found is Found.ABSENT
            assert launcher.listed() == []
        for _ in range(200):
            if not mentioning(f"cut-{os.getpid()}-"):
                break
            await asyncio.sleep(0.1)
        assert not mentioning(f"cut-{os.getpid()}-")
        assert not [path for path in cgroups_of(root) if path.name.startswith("cut-")]
    finally:
        remove_cgroups(root)


@pytest.mark.parametrize("name", ["posix", "linux"])
async def test_what_was_created_and_not_started_is_found_so_and_never_ran(name: str, tmp_path: Path) -> None:
    launcher, root = await made(name, tmp_path)
    try:
        await launcher.create(spec(tmp_path, "made"))
        again, _ = await made(name, tmp_path)
        if name == "linux":
            assert (await again.inspect("made")).found is Found.CREATED
        await destroyed(again, "made")
        await destroyed(launcher, "made")
        await destroyed(launcher, "made")
        assert not mentioning(f"sleep\0{SECONDS}")
    finally:
        remove_cgroups(root)


async def test_the_linux_launcher_says_why_it_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dcos_runtime.agent.containers.base import LauncherUnusable

    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LauncherUnusable, match=r"want root.*--launcher=posix"):
        await OciLauncher(tmp_path / "a" / "c", tmp_path / "run").prove()
