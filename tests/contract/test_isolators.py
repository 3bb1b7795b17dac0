"""Isolators in real containers: whichever of them fails at whatever step, nothing of the container is left; and what
each of them tells and changes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from dcos_runtime.agent.containers.base import Lasting, Launcher, LaunchError
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.containers.spec import ContainerSpec
from dcos_runtime.agent.disk.watcher import DiskWatcher
from dcos_runtime.agent.isolators.base import Isolator, Isolators
from dcos_runtime.agent.isolators.disk import DiskIsolator, DiskTools
from dcos_runtime.agent.launchers.oci import OciLauncher
from dcos_runtime.agent.launchers.posix import PosixLauncher
from tests.support.agent.clusters import skip_without
from tests.support.agent.containers import destroyed, mentioning, spec
from tests.support.agent.surroundings import nobody_watches
from tests.support.daemons.agents import cgroups_of, remove_cgroups

STEPS = ("prepare", "isolate", "confirm", "update", "usage", "recover", "cleanup")


class Failing(Isolator):
    """Does what another does, and fails once: ``before`` or after it did it."""

    def __init__(self, real: Isolator, step: str, before: bool) -> None:
        self.real, self.step, self.before = real, step, before
        self.pool = real.pool
        self.failed = False

    def _do(self, step: str, *given: Any) -> Any:
        fails = step == self.step and not self.failed
        self.failed = self.failed or fails
        if fails and self.before:
            raise OSError(5, f"{step} failed")
        found = getattr(self.real, step)(*given)
        if fails:
            raise OSError(5, f"{step} failed")
        return found

    def prepare(self, *given: Any) -> None:
        self._do("prepare", *given)

    def isolate(self, *given: Any) -> None:
        self._do("isolate", *given)

    def confirm(self, *given: Any) -> None:
        self._do("confirm", *given)

    def update(self, *given: Any) -> None:
        self._do("update", *given)

    def usage(self, *given: Any) -> Any:
        return self._do("usage", *given)

    def recover(self, *given: Any) -> None:
        self._do("recover", *given)

    def cleanup(self, *given: Any) -> None:
        self._do("cleanup", *given)


def own_steps(isolator: Isolator) -> list[str]:
    """The steps at which it does something."""
    return [step for step in STEPS if getattr(type(isolator), step) is not getattr(Isolator, step)]


def left(folder: Path, root: str, mark: str) -> dict[str, object]:
    """What there is of containers: their files, cgroups, mounts and processes."""
    containers = [path for name in ("oci/containers", "posix") for path in (folder / name).rglob("*")]
    state = list((folder / "run").rglob("*/state.json"))
    mounts = [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(folder) in line]
    cgroups = [path for path in cgroups_of(root) if path.name.startswith("fails-")]
    return {"files": containers + state, "cgroups": cgroups, "mounts": mounts, "processes": mentioning(mark)}


NOTHING: dict[str, object] = {"files": [], "cgroups": [], "mounts": [], "processes": []}


async def lived(launcher: Launcher, given: ContainerSpec) -> None:
    """Goes through all that an agent does with a container, as far as it comes, and then as it is destroyed."""
    lasting = Lasting(given.sandbox, given.limits)
    with contextlib.suppress(LaunchError, OSError):
        await launcher.prepare(given)
        await launcher.create(given)
        await launcher.start(given.container_id)
        more = replace(given.limits, memory=128 << 20, cpus=0.2, processes=50)
        await launcher.update(given.container_id, more, given.limits)
        launcher.usage(given.container_id)
        await launcher.recover(given.container_id, lasting)
    await destroyed(launcher, given.container_id)


@contextlib.asynccontextmanager
async def launcher_of(kind: str, folder: Path) -> AsyncIterator[tuple[Any, DiskWatcher, str]]:
    watcher, root = nobody_watches(), f"dcos-test-{os.getpid()}-{folder.name}"
    if kind == "posix":
        yield PosixLauncher(folder / "posix", watcher), watcher, root
        return
    skip_without("linux")
    launcher = OciLauncher(folder / "oci" / "containers", folder / "run", watcher, cgroups_root=root)
    await launcher.prove()
    try:
        yield launcher, watcher, root
    finally:
        remove_cgroups(root)


@pytest.mark.parametrize("kind", ["posix", "linux"])
async def test_whichever_isolator_fails_at_whatever_step_nothing_is_left(kind: str, tmp_path: Path) -> None:
    async with launcher_of(kind, tmp_path) as (launcher, watcher, root):
        listed = launcher.isolators.listed
        tried = 0
        for number, isolator in enumerate(listed):
            for step in own_steps(isolator):
                for before in (True, False):
                    failing = Failing(isolator, step, before)
                    launcher.isolators = Isolators([*listed[:number], failing, *listed[number + 1 :]])
                    container_id = f"fails-{os.getpid()}-{number}-{step}-{before}"
                    await lived(launcher, spec(tmp_path, container_id, ("/bin/sh", "-c", f"sleep 777; {container_id}")))
                    assert failing.failed, f"{type(isolator).__name__} was not asked to {step}"
                    assert watcher.used(container_id) is None and container_id not in watcher._entries
                    tried += 1
        for _ in range(2400):  # what was killed is gone a moment later
            if left(tmp_path, root, f"fails-{os.getpid()}-") == NOTHING:
                break
            await asyncio.sleep(0.1)
        assert left(tmp_path, root, f"fails-{os.getpid()}-") == NOTHING
        assert launcher.listed() == [] and tried >= 2 * len(listed)


async def test_what_was_done_before_a_failure_is_undone_at_once_and_in_reverse(tmp_path: Path) -> None:
    done: list[str] = []

    class Noting(Isolator):
        def __init__(self, name: str, fails: bool = False) -> None:
            self.name, self.fails = name, fails

        def prepare(self, *_: Any) -> None:
            done.append(f"+{self.name}")
            if self.fails:
                raise OSError("no")

        def update(self, _: Any, limits: Any) -> None:
            done.append(f"{self.name}={limits.cpus}")
            if self.fails and limits.cpus == 2:
                raise OSError("no")

        def cleanup(self, *_: Any) -> None:
            done.append(f"-{self.name}")

    launcher = PosixLauncher(tmp_path / "posix", nobody_watches())
    launcher.isolators = Isolators([Noting("a"), Noting("b"), Noting("c", fails=True), Noting("d")])
    given = spec(tmp_path, "undone")
    with pytest.raises(OSError, match="no"):
        await launcher.prepare(given)
    assert done == ["+a", "+b", "+c", "-c", "-b", "-a"]
    done.clear()
    with pytest.raises(OSError, match="no"):
        await launcher.update("undone", replace(given.limits, cpus=2), replace(given.limits, cpus=1))
    assert done == ["a=2", "b=2", "c=2", "c=1", "b=1", "a=1"]
    done.clear()
    await launcher.destroy("undone")
    assert done == ["-d", "-c", "-b", "-a"], "what is cleaned again does nothing"
    assert launcher.listed() == []


async def test_a_running_container_is_held_to_other_limits_and_tells_what_it_uses(tmp_path: Path) -> None:
    async with launcher_of("linux", tmp_path) as (launcher, watcher, _):
        given = spec(tmp_path, "held")
        await launcher.prepare(given)
        await launcher.create(given)
        await launcher.start("held")
        cgroup, cgroups = launcher._cgroup("held"), Cgroups.read()

        def limits() -> tuple[str, ...]:
            names = {
                False: (("cpu", "cpu.shares"), ("cpu", "cpu.cfs_quota_us"), ("pids", "pids.max")),
                True: (("", "cpu.weight"), ("", "cpu.max"), ("", "pids.max")),
            }[cgroups.unified]
            return (*(cgroups.text(*name[:1], cgroup, name[1]) for name in names), str(cgroups.memory_limit(cgroup)))

        first = limits()
        for cpus, memory in ((0.5, 256 << 20), (0.1, 128 << 20), (0.1, None), (0.1, 64 << 20)):
            more = replace(given.limits, cpus=cpus, cpu_quota=2 * cpus, memory=memory, processes=99, disk=5 << 20)
            await launcher.update("held", more, given.limits)
            shares, quota, processes, most = limits()
            assert processes == "99" and shares != quota
            assert memory is None or most == str(memory)
            assert quota.split()[0] == str(int(2 * cpus * 100_000))
            assert watcher._entries["held"][""].watched.limit == 5 << 20
        await launcher.update("held", given.limits, given.limits)
        assert limits() == first
        async with asyncio.timeout(240):  # the init of the container may not have begun what it is the init of
            while (usage := launcher.usage("held")).processes < 2:  # noqa: ASYNC110 - nothing tells of it
                await asyncio.sleep(0.05)
        assert usage.mem_total_bytes > 0 and usage.cpus_user_time_secs >= 0
        assert (usage.pressure is not None) == cgroups.unified
        await destroyed(launcher, "held")
        assert launcher.usage("held") is None


async def test_a_container_of_a_former_agent_is_watched_again(tmp_path: Path) -> None:
    """Also where nothing is known of its task: it lives on, and is not watched."""
    async with launcher_of("posix", tmp_path) as (launcher, _, _):
        given = spec(tmp_path, "former")
        await launcher.prepare(given)
        await launcher.create(given)
        watcher = nobody_watches()
        again = PosixLauncher(tmp_path / "posix", watcher)
        await again.recover("former", None)
        assert "former" not in watcher._entries
        await again.recover("former", Lasting(given.sandbox, replace(given.limits, disk=7 << 20)))
        watched = watcher._entries["former"][""].watched
        assert (watched.sandbox, watched.limit) == (given.sandbox, 7 << 20)
        await destroyed(launcher, "former")
        await destroyed(again, "former")
        assert "former" not in watcher._entries


class PretendedProjects:
    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *given: self.calls.append((name, *given))


def test_a_project_has_the_sandbox_and_the_private_folders_and_its_limit_follows(tmp_path: Path) -> None:
    from dcos_runtime.agent.containers.base import ContainerPlace
    from dcos_runtime.agent.isolators import private

    projects: Any = PretendedProjects()
    tools = DiskTools(nobody_watches(), lambda _: [], lambda _: contextlib.nullcontext(False), projects)
    disk, place = DiskIsolator(tools, private.folders), ContainerPlace("c", tmp_path)
    given = spec(tmp_path, "c")
    disk.prepare(given, place, {})
    assert projects.calls == [], "no limit, no project"
    limited = replace(given, limits=replace(given.limits, disk=9))
    disk.prepare(limited, place, {})
    disk.update(place, replace(given.limits, disk=10))
    disk.recover(place, Lasting(given.sandbox, limited.limits))
    disk.cleanup(place)
    folders = (tmp_path / "tmp", tmp_path / "var")
    assert projects.calls == [
        ("give", "c", given.sandbox, 9),
        ("extend", "c", folders),
        ("change", "c", 10),
        ("resume", "c", given.sandbox, folders, 9),
        ("forget", "c"),
    ]
