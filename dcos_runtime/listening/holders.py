"""Who holds a port, or a UNIX socket, that a daemon wants to listen on."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

_COMMAND = 120
_LISTENS = "0A"
_PIDFD_GETFD = 438
_SOCKET = re.compile(r"socket:\[(\d+)\]")
_PROC = Path("/proc")
UNSEEN = "a process that cannot be seen from here"


def of_port(port: int, tasks: Mapping[str, str] | None = None, proc: Path = _PROC) -> str:
    """The process with a TCP socket at this port, in words, with its task when its container is one of ``tasks``: tasks
    in words, by container.

    Slow: looks at the sockets of all processes. ``proc`` is for tests.
    """
    listening = set(_listening(port, proc))
    others: list[tuple[int, int]] = []
    for pid, descriptor, inode in _sockets(proc):
        if inode in listening:
            return _described(pid, tasks or {}, proc)
        others.append((pid, descriptor))
    # A socket that is bound and does not listen is in no table.
    for pid, descriptor in others if proc == _PROC else ():
        if _bound_to(pid, descriptor, port):
            return _described(pid, tasks or {}, proc)
    return UNSEEN


def of_socket(path: Path, proc: Path = _PROC) -> str:
    """The process that listens on this UNIX socket, in words. Slow, as `of_port`."""
    listening = set(_listening_on(path, proc))
    for pid, _, inode in _sockets(proc):
        if inode in listening:
            return _described(pid, {}, proc)
    return UNSEEN


def _listening_on(path: Path, proc: Path) -> Iterable[int]:
    with contextlib.suppress(OSError):
        for line in (proc / "net" / "unix").read_text(errors="surrogateescape").splitlines()[1:]:
            fields = line.split(maxsplit=7)  # Num RefCount Protocol Flags Type St Inode Path
            if len(fields) == 8 and fields[7] == str(path):
                yield int(fields[6])


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
