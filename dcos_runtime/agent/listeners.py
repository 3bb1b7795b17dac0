"""The agent's own ports. Each is bound at once or, when another process holds it, as soon as it is free; the log names
that process. An agent with tasks serves the master without its listeners: otherwise a task that took a port could never
be killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import logging
import os
import re
import socket
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_runtime import daemon
from dcos_runtime.daemon import Address

if TYPE_CHECKING:
    import ssl

    from aiohttp import web

log = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
REMIND_SECONDS = 60.0
_COMMAND = 120
_LISTENS = "0A"
_PIDFD_GETFD = 438
_SOCKET = re.compile(r"socket:\[(\d+)\]")


@dataclass
class _Port:
    """A port that is not bound yet."""

    ip: str
    port: int
    tls: ssl.SSLContext | None
    holder: str = "another process"


class Listeners:
    """Serves ``application()`` on each port that is opened."""

    def __init__(self, application: Callable[[], web.Application], stack: contextlib.AsyncExitStack) -> None:
        self._application = application
        self._stack = stack
        self.tasks: Callable[[], Mapping[str, str]] = dict
        """The agent's tasks in words, by container, for messages about a task that holds a port."""
        self._wanted: list[_Port] = []
        self.ports: list[int] = []
        """All opened ports, including those that are not bound yet."""

    @property
    def taken(self) -> str:
        """Which ports are not bound yet, and which processes hold them; empty if all are bound."""
        return "; ".join(f"port {wanted.port} is taken by {wanted.holder}" for wanted in self._wanted)

    async def open(self, ip: str, port: int, tls: ssl.SSLContext | None = None) -> Address:
        """Returns the address, bound now or as soon as the port is free. Raises ``OSError`` when waiting does not
        help.
        """
        try:
            address = await self._bind(ip, port, tls)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            self._wanted.append(_Port(ip, port, tls))
            address = Address(ip, port, tls is not None)
        self.ports.append(address.port)
        return address

    async def look(self) -> None:
        """Finds the processes that hold the ports."""
        for wanted in self._wanted:
            wanted.holder = await asyncio.to_thread(holder, wanted.port, dict(self.tasks()))

    async def until_had(self) -> None:
        """Tries until every port is bound. Until then it logs which process holds each."""
        remind_at = 0.0
        while self._wanted:
            for wanted in list(self._wanted):
                with contextlib.suppress(OSError):
                    address = await self._bind(wanted.ip, wanted.port, wanted.tls)
                    self._wanted.remove(wanted)
                    log.info("port %d is free again: listening on %s", wanted.port, address.url)
            if self._wanted and time.monotonic() >= remind_at:
                await self.look()
                log.error("%s; tasks go on and can be ended through their frameworks, all else waits", self.taken)
                remind_at = time.monotonic() + REMIND_SECONDS
            if self._wanted:
                await asyncio.sleep(RETRY_SECONDS)

    async def _bind(self, ip: str, port: int, tls: ssl.SSLContext | None) -> Address:
        return await self._stack.enter_async_context(daemon.listening(self._application(), ip, port, tls=tls))


# --- who holds a port -------------------------------------------------------------------------------------------------


def holder(port: int, tasks: Mapping[str, str], proc: Path = Path("/proc")) -> str:
    """The process with a TCP socket at this port, in words, with its task when its container is one of ``tasks``.

    Slow: looks at the sockets of all processes. ``proc`` is for tests.
    """
    listening = set(_listening(port, proc))
    others: list[tuple[int, int]] = []
    for pid, descriptor, inode in _sockets(proc):
        if inode in listening:
            return _described(pid, tasks, proc)
        others.append((pid, descriptor))
    # A socket that is bound and does not listen is in no table.
    for pid, descriptor in others if proc == Path("/proc") else ():
        if _bound_to(pid, descriptor, port):
            return _described(pid, tasks, proc)
    return "a process that cannot be seen from here"


def _listening(port: int, proc: Path) -> Iterable[int]:
    for table in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (proc / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTENS and int(fields[1].rpartition(":")[2], 16) == port:
                    yield int(fields[9])


def _sockets(proc: Path) -> Iterable[tuple[int, int, int]]:
    """Of all processes but this one: pid, descriptor, inode."""
    for entry in proc.iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                for descriptor in (entry / "fd").iterdir():
                    with contextlib.suppress(OSError):
                        if match := _SOCKET.fullmatch(str(descriptor.readlink())):
                            yield int(entry.name), int(descriptor.name), int(match[1])


def _bound_to(pid: int, descriptor: int, port: int) -> bool:
    """Whether that descriptor is a TCP socket bound to the port. False where we lack the permission to look."""
    with contextlib.suppress(OSError):
        process = os.pidfd_open(pid)
        try:
            copy = ctypes.CDLL(None, use_errno=True).syscall(_PIDFD_GETFD, process, descriptor, 0)
        finally:
            os.close(process)
        if copy >= 0:
            with socket.socket(fileno=copy) as found:
                internet = found.family in (socket.AF_INET, socket.AF_INET6) and found.type is socket.SOCK_STREAM
                return internet and bool(found.getsockname()[1] == port)
    return False


def _described(pid: int, tasks: Mapping[str, str], proc: Path) -> str:
    words = _read(proc / str(pid) / "cmdline").split(b"\0")
    command = b" ".join(words).decode(errors="replace").strip() or "?"
    command = command if len(command) <= _COMMAND else command[:_COMMAND] + "…"
    of = _read(proc / str(pid) / "cgroup") + b"\n" + _read(proc / str(pid) / "environ")
    task = next((task for container, task in tasks.items() if container.encode() in of), "")
    return f"pid {pid} ({command!r})" + (f" of {task}" if task else "")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
