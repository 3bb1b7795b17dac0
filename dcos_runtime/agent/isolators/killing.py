"""Signals all processes of a container, by its cgroup. None survives SIGKILL, even if they fork fast and get little cpu
time.
"""

from __future__ import annotations

import contextlib
import errno
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from dcos_runtime.agent.containers.base import ContainerPlace, Lasting, kill_quietly
from dcos_runtime.agent.containers.cgroups import Cgroups, tree
from dcos_runtime.agent.isolators.base import Isolator

FREEZE_SECONDS = 1.0
"""How long the version 1 freezer may take; a process in uninterruptible sleep can delay it for ever."""

SWEEP_SECONDS = 10.0
"""How long killed processes may take to end."""

ROUNDS = 20
"""How often the list of processes is read again for new ones. One round is enough where forking can be forbidden."""

DYING_SHARES = 16 * 1024
DYING_WEIGHT = 1000
"""The cpu weight of a dying container on a busy machine: thousands of processes have to run once more to end."""


class ProcessesIsolator(Isolator):
    """No process of a container outlives it, nor its cgroup."""

    def __init__(self, cgroups: Cgroups) -> None:
        self._cgroups = cgroups

    def cleanup(self, place: ContainerPlace) -> None:
        """A runtime that was killed during the creation leaves parts that it no longer knows of."""
        if not self._cgroups.clear(place.cgroup):
            raise OSError(errno.EBUSY, f"processes of container {place.container_id} have not ended yet")

    def recover(self, place: ContainerPlace, lasting: Lasting | None) -> None:
        """The former agent may have ended while the container was paused, or during a kill."""
        thaw(self._cgroups, place.cgroup)
        if unfinished(self._cgroups, place.cgroup):
            kill(self._cgroups, place.cgroup)


def kill(cgroups: Cgroups, path: str) -> None:
    """Kills the processes in the cgroup ``path`` and below. Blocks for little more than `FREEZE_SECONDS` at the most.
    When this returns all processes have been sent SIGKILL, and end soon; it does not wait for that. An empty or missing
    cgroup is left as it is.
    """
    places = _places(cgroups, path)
    if not members(cgroups, path):
        return
    # They may not fork any more, and their cpu limit is lifted: with 0.1 cpu thousands of processes would take minutes
    # to end.
    for place in places:
        _write(place / "pids.max", "0")
        if cgroups.unified:
            _write(place / "cpu.max", "max")
            _write(place / "cpu.weight", str(DYING_WEIGHT))
    for place in _places(cgroups, path, "cpu"):
        _write(place / "cpu.cfs_quota_us", "-1")
        _write(place / "cpu.shares", str(DYING_SHARES))
    if cgroups.unified and _write(places[0] / "cgroup.kill", "1"):  # includes the cgroups below
        return
    _freeze(cgroups, _places(cgroups, path, "freezer"))
    try:
        send(cgroups, path, signal.SIGKILL)
    finally:
        thaw(cgroups, path)


def sweep(cgroups: Cgroups, path: str) -> bool:
    """Kills the processes in the cgroup ``path``, which belongs to one command in a container, and removes it. Blocks.
    Returns False when a process has not ended within `SWEEP_SECONDS`.
    """
    until = time.monotonic() + SWEEP_SECONDS
    kill(cgroups, path)
    while not cgroups.clear(path):
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True


def unfinished(cgroups: Cgroups, path: str) -> bool:
    """Whether a process began to kill the cgroup ``path`` and ended before it was done: the cgroup may be frozen."""
    places = _places(cgroups, path)
    if not places:
        return False
    try:
        condemned = (places[0] / "pids.max").read_text().strip() == "0"  # only `kill` does that, as its first step
    except OSError:
        return False
    return condemned and bool(members(cgroups, path))


def send(cgroups: Cgroups, path: str, number: int, but: int | None = None) -> int:
    """Signals each process in the cgroup ``path`` and below once, and those forked meanwhile, except the process
    ``but``, unless it is the only one. Returns how many others there are.
    """
    signalled: set[int] = set()
    for _ in range(ROUNDS):
        new = members(cgroups, path) - signalled - {but}
        if not new:
            break
        for pid in new:
            kill_quietly(pid, number)
        signalled |= new
    if not signalled and but is not None and but in members(cgroups, path):
        kill_quietly(but, number)  # tini, before it has started the command; it passes the signal on
    return len(signalled)


@contextlib.contextmanager
def paused(cgroups: Cgroups, path: str) -> Iterator[bool]:
    """Freezes every process in the cgroup ``path`` and below while the context is open. Yields whether that worked. If
    this process ends in between, they stay frozen: see `thaw`.
    """
    try:
        yield _freeze(cgroups, _places(cgroups, path, "freezer"))
    finally:
        thaw(cgroups, path)


def thaw(cgroups: Cgroups, path: str) -> None:
    for freezer in reversed(_places(cgroups, path, "freezer")):
        _write(freezer / _state_file(cgroups), "0" if cgroups.unified else "THAWED")


def members(cgroups: Cgroups, path: str) -> set[int]:
    """The processes in the cgroup ``path`` and below."""
    return {pid for place in _places(cgroups, path) for pid in _pids(place)}


def _places(cgroups: Cgroups, path: str, controller: str = "pids") -> list[Path]:
    """The cgroup and those below it, from the top down; none when it does not exist."""
    folder = cgroups.folder(controller, path) or cgroups.folder("memory", path)
    if folder is None or not folder.is_dir():
        return []
    return tree(folder)


def _pids(place: Path) -> list[int]:
    try:
        return [int(pid) for pid in (place / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def _state_file(cgroups: Cgroups) -> str:
    return "cgroup.freeze" if cgroups.unified else "freezer.state"


def _freeze(cgroups: Cgroups, freezers: list[Path]) -> bool:
    """Freezes the cgroup, or gives up after `FREEZE_SECONDS`. Returns whether all processes are frozen."""
    if not freezers:
        return False
    top = freezers[0]
    until = time.monotonic() + FREEZE_SECONDS
    while time.monotonic() < until:
        # Written again each time: the version 1 freezer misses processes that are forked while it freezes.
        if not _write(top / _state_file(cgroups), "1" if cgroups.unified else "FROZEN"):
            return False
        with contextlib.suppress(OSError):
            events = (top / ("cgroup.events" if cgroups.unified else "freezer.state")).read_text()
            if events.strip() == "FROZEN" or "frozen 1" in events.splitlines():
                return True
        time.sleep(0.005)
    return False


def _write(file: Path, text: str) -> bool:
    """Returns whether the write worked. A file that the kernel does not have, or has removed, is skipped."""
    try:
        with file.open("r+") as opened:  # does not create the file
            opened.write(text)
    except OSError:
        return False
    return True
