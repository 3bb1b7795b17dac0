"""Which ports containers listen on beside those they were offered: said, and where the operator wants it, ended for.

Contract: the isolator network/ports of Mesos. Its flags are `--enforce_container_ports`,
`--container_ports_watch_interval`, `--check_agent_port_range_only` and `--container_ports_isolated_range`. TCP only: a
UDP socket does not listen.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dcos_runtime.agent.containers.base import ContainerPlace, Lasting
from dcos_runtime.agent.containers.spec import ContainerSpec, HostNetwork, Limits
from dcos_runtime.agent.isolators.base import Document, Isolator
from dcos_runtime.core.resources import intervals
from dcos_runtime.flags.values import LAST_PORT, Ranges

EVERY: Ranges = ((1, LAST_PORT),)

_LISTENS = b"0A"
_STRANGER_SECONDS = 10.0
"""A socket that no container has had for so long is the machine's own, and not looked for any more. Longer than a list
of a container's processes may be old (`launchers.posix`).
"""


@dataclass(frozen=True)
class _Watched:
    """A container: the ports it was offered, and what lists its processes. ``unallocated``: what was found last."""

    offered: Ranges
    pids: Callable[[str], list[int]]
    unallocated: Ranges = ()


class PortWatcher:
    """Holds what containers listen on against what they were offered, each time `look` is called.

    ``report`` is called when what a container listens on beside its ports has changed, in the thread of `look`: its id,
    the ports. ``only``: other ports do not count. ``enforced``: who is told ends the container. ``proc`` and ``clock``
    are for tests.

    It costs little: the kernel lists its listening sockets, and which container has one is looked up once a socket.
    """

    def __init__(
        self,
        report: Callable[[str, Ranges], None] = lambda *_: None,
        only: Ranges = EVERY,
        *,
        enforced: bool = False,
        proc: Path = Path("/proc"),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._report = report
        self._only = only
        self.enforced = enforced
        self._proc = proc
        self._clock = clock
        self._watched: dict[str, _Watched] = {}
        self._lock = threading.Lock()
        self._owners: dict[int, str] = {}
        """The container of each known socket, by inode; empty: none has it."""
        self._strangers: dict[int, float] = {}
        """When a socket was first seen that nobody has, by inode."""
        self.reads = 0
        """How often the open files of containers were read."""

    def watch(self, container_id: str, offered: Ranges, pids: Callable[[str], list[int]]) -> None:
        with self._lock:
            self._watched[container_id] = _Watched(offered, pids)

    def change(self, container_id: str, offered: Ranges) -> None:
        with self._lock:
            if (before := self._watched.get(container_id)) is not None:
                self._watched[container_id] = replace(before, offered=offered)

    def forget(self, container_id: str) -> None:
        with self._lock:
            self._watched.pop(container_id, None)

    def unallocated(self, container_id: str) -> Ranges:
        """The ports that a container listens on and was not offered, as of the last look."""
        found = self._watched.get(container_id)
        return () if found is None else found.unallocated

    def metrics(self) -> dict[str, float]:
        count = sum(1 for one in list(self._watched.values()) if one.unallocated)
        return {"containerizer/ports/containers_beyond_offered": float(count)}

    def look(self) -> None:
        """Blocks. One call at a time. Raises ``OSError`` when the kernel's list of sockets cannot be read."""
        with self._lock:
            watched = dict(self._watched)
        if not watched:
            return
        sockets = listening(self._proc)
        sockets = {inode: port for inode, port in sockets.items() if _within(port, self._only)}
        self._owners = {inode: one for inode, one in self._owners.items() if inode in sockets}
        self._strangers = {inode: since for inode, since in self._strangers.items() if inode in sockets}
        self._find_owners({inode for inode in sockets if inode not in self._owners}, watched)
        ports: dict[str, list[int]] = {}
        for inode, owner in self._owners.items():
            ports.setdefault(owner, []).append(sockets[inode])
        for container_id, one in watched.items():
            found = intervals.without(intervals.of_numbers(ports.get(container_id, ())), one.offered)
            if found != one.unallocated:
                self._tell(container_id, found)

    def _find_owners(self, unknown: set[int], watched: dict[str, _Watched]) -> None:
        for container_id, one in watched.items():
            if not unknown:
                return
            self.reads += 1
            with contextlib.suppress(OSError):
                for pid in one.pids(container_id):
                    for inode in sockets_of(self._proc / str(pid)) & unknown:
                        unknown.remove(inode)
                        self._owners[inode] = container_id
        for inode in unknown:
            if self._clock() - self._strangers.setdefault(inode, self._clock()) >= _STRANGER_SECONDS:
                self._owners[inode] = ""

    def _tell(self, container_id: str, found: Ranges) -> None:
        with self._lock:
            one = self._watched.get(container_id)
            if one is None:  # it is gone
                return
            self._watched[container_id] = replace(one, unallocated=found)
        self._report(container_id, found)


class ListeningIsolator(Isolator):
    """A container on the machine's network listens on the ports that it was offered."""

    def __init__(self, watcher: PortWatcher, pids: Callable[[str], list[int]]) -> None:
        self._watcher = watcher
        self._pids = pids

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        if isinstance(spec.network, HostNetwork):
            self._watcher.watch(place.container_id, spec.limits.ports, self._pids)

    def update(self, place: ContainerPlace, limits: Limits) -> None:
        self._watcher.change(place.container_id, limits.ports)

    def cleanup(self, place: ContainerPlace) -> None:
        self._watcher.forget(place.container_id)

    def recover(self, place: ContainerPlace, lasting: Lasting | None) -> None:
        if lasting is not None and lasting.host_network:
            self._watcher.watch(place.container_id, lasting.limits.ports, self._pids)


def listening(proc: Path = Path("/proc")) -> dict[int, int]:
    """The ports of all TCP sockets that listen in our network, by inode. The kernel lists these before all others, so
    what is read does not grow with the connections. Raises ``OSError``.
    """
    found: dict[int, int] = {}
    for name in ("tcp", "tcp6"):
        try:
            file = (proc / "self" / "net" / name).open("rb")
        except FileNotFoundError:  # a kernel without IPv6
            continue
        with file:
            next(file, b"")
            for line in file:
                fields = line.split()
                if fields[3] != _LISTENS:
                    break
                found[int(fields[9])] = int(fields[1].rpartition(b":")[2], 16)
    return found


def sockets_of(process: Path) -> set[int]:
    """The inodes of the sockets that a process has open. ``process``: its folder in /proc. Empty when it is gone."""
    found: set[int] = set()
    with contextlib.suppress(OSError), os.scandir(process / "fd") as entries:
        for entry in entries:
            with contextlib.suppress(OSError):
                target = os.readlink(entry.path)  # noqa: PTH115 - of thousands of files
                if target.startswith("socket:["):
                    found.add(int(target[8:-1]))
    return found


def _within(port: int, ranges: Ranges) -> bool:
    return any(low <= port <= high for low, high in ranges)
