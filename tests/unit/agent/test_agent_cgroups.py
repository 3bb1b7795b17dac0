"""What agents do with control groups, on folders that look like them: finishing kills, and one agent in each."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.agent.containers.base import ContainerPlace, Usage
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.isolators import killing
from dcos_runtime.agent.isolators.memory import MemoryIsolator
from dcos_runtime.agent.launchers.oci import OciLauncher
from dcos_runtime.wire.statistics import ResourceStatistics
from tests.support.agent.surroundings import nobody_watches


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "1000"]) as started:
        yield started
        started.kill()


def laid_out(folder: Path, pid: int, most: str, state: str) -> Cgroups:
    """Control groups of version 1 with a container ``c`` that holds the process."""
    mounts = {name: folder / name for name in ("cpu", "memory", "pids", "freezer")}
    for mount in mounts.values():
        (mount / "root" / "c").mkdir(parents=True)
        (mount / "root" / "c" / "cgroup.procs").write_text(f"{pid}\n")
    (mounts["pids"] / "root" / "c" / "pids.max").write_text(f"{most}\n")
    (mounts["freezer"] / "root" / "c" / "freezer.state").write_text(f"{state}\n")
    return Cgroups(False, mounts)


def look_at(folder: Path, cgroups: Cgroups) -> str:
    """Has a new agent find the container. What its freezer holds then."""
    launcher = OciLauncher(folder / "oci", folder / "run", nobody_watches(), cgroups_root="root")
    launcher.use(cgroups)
    (launcher.folder / "c" / "bundle").mkdir(parents=True)
    asyncio.run(launcher.recover("c", None))
    return (folder / "freezer" / "root" / "c" / "freezer.state").read_text()[: len("THAWED")]


@pytest.mark.parametrize("state", ["FROZEN", "FREEZING", "THAWED"])
def test_a_kill_that_the_agents_death_cut_short_is_finished(
    tmp_path: Path, process: subprocess.Popen[bytes], state: str
) -> None:
    assert look_at(tmp_path, laid_out(tmp_path, process.pid, "0", state)) == "THAWED"
    assert process.wait(240) == -signal.SIGKILL


@pytest.mark.parametrize("state", ["FROZEN", "THAWED"])
def test_a_container_that_was_only_held_goes_on(tmp_path: Path, process: subprocess.Popen[bytes], state: str) -> None:
    assert look_at(tmp_path, laid_out(tmp_path, process.pid, "4096", state)) == "THAWED"
    assert process.poll() is None


def test_a_kill_is_marked_before_it_freezes_anything(
    tmp_path: Path, process: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    cgroups = laid_out(tmp_path, process.pid, "4", "THAWED")

    def dies(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(killing, "_freeze", dies)
    assert not killing.unfinished(cgroups, "/root/c")
    with pytest.raises(KeyboardInterrupt):
        killing.kill(cgroups, "/root/c")
    assert killing.unfinished(cgroups, "/root/c")
    for name in ("pids", "memory"):
        (tmp_path / name / "root" / "c" / "cgroup.procs").write_text("")
    assert not killing.unfinished(cgroups, "/root/c")


_CLAIM = """
import sys
from pathlib import Path
from dcos_runtime.agent.containers.base import ContainerPlace, Usage
from dcos_runtime.agent.containers.cgroups import Cgroups
print(Cgroups(False, {"pids": Path(sys.argv[1])}).claim("/" + sys.argv[2]), flush=True)
sys.stdin.read()
"""


def test_one_agent_has_a_cgroup_as_long_as_it_lives(tmp_path: Path) -> None:
    def claiming(root: str) -> tuple[subprocess.Popen[str], str]:
        argv = [sys.executable, "-c", _CLAIM, str(tmp_path), root]
        started = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert started.stdout is not None
        return started, started.stdout.readline().strip()

    first, had = claiming("one/below")
    second, refused = claiming("one/below")
    third, other = claiming("another")
    assert (had, refused, other) == ("True", "False", "True")
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    fourth, free = claiming("one/below")
    assert free == "True"
    for started in (second, third, fourth):
        started.communicate()


def test_an_agent_says_why_it_does_not_start_in_anothers_cgroup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cgroups, "read", lambda: Cgroups(False, {"pids": tmp_path}))
    launcher = OciLauncher(tmp_path / "oci", tmp_path / "run", nobody_watches(), cgroups_root="mine")
    launcher.claim()
    with pytest.raises(OSError, match=r"--cgroups_root=mine cannot be used: another agent .*; end it first"):
        launcher.claim()


@pytest.mark.parametrize(
    ("unified", "names", "swapped"),
    [
        (False, ("total_rss", "total_cache", "total_mapped_file", "total_unevictable", "usage_in_bytes"), 5),
        (True, ("anon", "file", "file_mapped", "unevictable", "current"), None),
    ],
)
def test_memory_is_shown_as_mesos_names_it(
    unified: bool, names: tuple[str, ...], swapped: int | None, tmp_path: Path
) -> None:
    (tmp_path / "c").mkdir()
    anon, file, mapped, unevictable, current = names
    stat = {anon: 1, file: 2, mapped: 3, unevictable: 4, "total_swap": 5, "rss": 77, "cache": 77}
    (tmp_path / "c" / "memory.stat").write_text("".join(f"{name} {value}\n" for name, value in stat.items()))
    (tmp_path / "c" / f"memory.{current}").write_text("9\n")
    isolator = MemoryIsolator(Cgroups(unified, {"" if unified else "memory": tmp_path}))
    usage = isolator.usage(ContainerPlace("c", tmp_path, "/c"), Usage())
    assert usage == Usage(
        mem_rss_bytes=1,
        mem_total_bytes=9,
        mem_anon_bytes=1,
        mem_file_bytes=2,
        mem_cache_bytes=2,
        mem_mapped_file_bytes=3,
        mem_swap_bytes=swapped,
        mem_unevictable_bytes=4,
    )
    statistics: dict[str, Any] = usage.statistics()
    assert ResourceStatistics(timestamp=1.0, **statistics).mem_cache_bytes == 2
