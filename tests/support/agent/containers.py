"""Containers of launchers by themselves, without an agent: made, found and destroyed."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers.base import Launcher, processes
from dcos_runtime.agent.containers.spec import ContainerSpec, FirstProcess, Limits
from dcos_runtime.agent.launchers.oci import OciLauncher
from dcos_runtime.agent.launchers.posix import PosixLauncher
from tests.support.agent.surroundings import nobody_watches
from tests.support.daemons.agents import containers_work

# Its own: the same tests may run beside these.
SECONDS = f"50990{os.getpid()}"

PYTHON = "/usr/bin/python3"  # is in containers, too


def spec(
    folder: Path, container_id: str, argv: tuple[str, ...] = ("/bin/sh", "-c", f"sleep {SECONDS}")
) -> ContainerSpec:
    sandbox = folder / f"sandbox-{container_id}"
    sandbox.mkdir()
    for name in ("stdout", "stderr"):
        (sandbox / name).touch()
    return ContainerSpec(
        container_id=container_id,
        sandbox=sandbox,
        limits=Limits(cpus=0.1, cpu_quota=0.1, memory=64 << 20, processes=4096),
        process=FirstProcess(
            argv=argv,
            environment={"PATH": "/usr/bin:/bin", "MESOS_SANDBOX": str(sandbox)},
            user=ContainerUser("me", os.geteuid(), os.getegid(), (os.getegid(),), "/"),
        ),
    )


async def made(name: str, folder: Path, root: str = "") -> tuple[Launcher, str]:
    """A launcher and the name of its cgroup, ``root`` if that is given: as an agent that comes back."""
    root = root or f"dcos-test-{os.getpid()}-{folder.name}"
    if name == "posix":
        return PosixLauncher(folder / "containers", nobody_watches()), root
    if why := containers_work():
        pytest.skip(why)
    launcher = OciLauncher(folder / "oci" / "containers", folder / "run", nobody_watches(), cgroups_root=root)
    await launcher.prove()
    return launcher, root


async def create(launcher: Launcher, given: ContainerSpec) -> int:
    """As an agent does, without a fetch in between."""
    await launcher.prepare(given)
    return await launcher.create(given)


def mentioning(mark: str) -> list[bytes]:
    found = []
    for process in processes():
        with contextlib.suppress(OSError):
            line = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            if mark.encode() in line:
                found.append(line)
    return found


async def destroyed(launcher: Launcher, container_id: str) -> None:
    for _ in range(2000):
        try:
            await launcher.destroy(container_id)
            return
        except OSError:
            await asyncio.sleep(0.1)
    raise AssertionError(f"{container_id} is never gone")
