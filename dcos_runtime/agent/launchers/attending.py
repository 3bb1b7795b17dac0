"""Starts commands in running containers, each by an attendant of its own, and ends them."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from dcos_runtime.agent.containers import children
from dcos_runtime.agent.containers.base import DEFAULT_PATH, LaunchError
from dcos_runtime.agent.containers.children import Child
from dcos_runtime.agent.containers.sessions import Channel, ExecCommand, ExecSession, SessionStreams
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.agent.launchers import attendant

START_SECONDS = 60.0
"""How long the start of a command may take: an OCI runtime takes seconds on a busy machine."""

END_SECONDS = 10.0
"""How long a container waits for the end of its commands, before it is tried again."""

MOST_SESSIONS = 64
"""Of one container at the same time: each has an attendant, which does not count as the container's."""


class ExecSessions:
    """Those of a launcher's containers, by container."""

    def __init__(self) -> None:
        self._of: dict[str, set[ExecSession]] = {}

    def of(self, container_id: str) -> list[ExecSession]:
        return [session for session in self._of.get(container_id, ()) if not session.ended]

    async def end(self, container_id: str) -> None:
        """Ends those of a container. Raises ``OSError`` when one does not end: call it again."""
        if ending := [asyncio.ensure_future(session.end()) for session in self.of(container_id)]:
            _, left = await asyncio.wait(ending, timeout=END_SECONDS)
            if left:
                raise OSError(errno.EBUSY, f"{len(left)} commands in container {container_id} have not ended yet")

    async def start(
        self,
        container_id: str,
        command: ExecCommand,
        document: dict[str, Any],
        folder: Path,
        *,
        enter: Callable[[int], Awaitable[None]] | None,
        sweep: Callable[[], Awaitable[None]],
    ) -> ExecSession:
        """Starts an attendant that starts the process. Raises `LaunchError` and ``OSError``.

        ``document``: what `attendant` is told beside what follows from ``command``; it is kept in ``folder`` until it
        has been read. ``enter`` is called with the attendant's pid before that starts anything. ``sweep`` kills what
        the process has left.
        """
        if len(self.of(container_id)) >= MOST_SESSIONS:
            raise LaunchError(f"{MOST_SESSIONS} commands run in this container already; let one of them end")
        window = command.window.packed.hex() if command.window else None
        path = await asyncio.to_thread(_written, folder, {**document, "window": window})
        own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
        own.setblocking(False)
        pipes = _Pipes(command)
        try:
            process = children.spawn(
                sys.executable,
                *("-I", "-S", attendant.__file__, str(path), str(theirs.fileno())),
                stdin=pipes.input[0],
                stdout=pipes.output[1],
                stderr=pipes.errors[1],
                env={"PATH": DEFAULT_PATH},
                pass_fds=(theirs.fileno(),),
            )
            theirs.close()
            pipes.close_theirs()
            try:
                if enter is not None:
                    await enter(process.pid)
                own.send(b"go")
                pid, terminal = await asyncio.wait_for(_report(own), START_SECONDS)
            except (TimeoutError, BlockingIOError):
                raise LaunchError(f"the command was not started within {START_SECONDS:.0f} s") from None
        except BaseException:
            theirs.close()
            own.close()  # the attendant ends what it has begun, and itself
            pipes.close()
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
            await sweep()
            raise
        streams = SessionStreams(terminal=True) if terminal is not None else pipes.streams()
        if terminal is not None:
            streams.input = streams.output = Channel(terminal)
            if command.window is not None:  # not every OCI runtime has set it
                streams.output.resize(command.window)
        # Not bound to the one who asked for it: its end is waited for in any case.
        ending = asyncio.create_task(_end(own, process, sweep), name=f"session {pid}")
        session = ExecSession(pid, process.pid, streams, ending, lambda number: _send(own, number))
        self._of.setdefault(container_id, set()).add(session)
        ending.add_done_callback(lambda _: self._forget(container_id, session))
        return session

    def _forget(self, container_id: str, session: ExecSession) -> None:
        sessions = self._of.get(container_id, set())
        sessions.discard(session)
        if not sessions:
            self._of.pop(container_id, None)


class _Pipes:
    """Pipes for a process that has no terminal: (to read, to write) each, ``/dev/null`` in their places otherwise."""

    def __init__(self, command: ExecCommand) -> None:
        self._piped = command.piped and command.window is None and command.output is None
        if command.output is not None:
            self.input = children.DEVNULL, children.DEVNULL
            self.output = self.errors = children.DEVNULL, command.output
        elif self._piped:
            self.input, self.output, self.errors = os.pipe(), os.pipe(), os.pipe()
        else:
            self.input = self.output = self.errors = (children.DEVNULL, children.DEVNULL)

    def streams(self) -> SessionStreams:
        if not self._piped:
            return SessionStreams()
        return SessionStreams(Channel(self.input[1]), Channel(self.output[0]), Channel(self.errors[0]))

    def close_theirs(self) -> None:
        self._close(self.input[0], self.output[1], self.errors[1])

    def close(self) -> None:
        self._close(*self.input, *self.output, *self.errors)

    def _close(self, *descriptors: int) -> None:
        if self._piped:
            for descriptor in descriptors:
                with contextlib.suppress(OSError):
                    os.close(descriptor)


def _written(folder: Path, document: dict[str, Any]) -> Path:
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "command.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(document))
    return path


async def _received(own: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The next report of an attendant, with the descriptors in it; empty when the attendant has ended."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            data, descriptors, _, _ = socket.recv_fds(own, attendant.LONGEST, 1)
        except BlockingIOError:
            ready = asyncio.Event()
            loop.add_reader(own.fileno(), ready.set)
            try:
                await ready.wait()
            finally:
                loop.remove_reader(own.fileno())
            continue
        except ConnectionError:
            return {}, []
        return (json.loads(data) if data else {}), descriptors


async def _report(own: socket.socket) -> tuple[int, int | None]:
    """The pid of the process that was started, and its terminal. Raises `LaunchError`."""
    report, descriptors = await _received(own)
    if "pid" not in report:
        raise LaunchError(str(report.get("error") or "the command's attendant ended before it had started the command"))
    return int(report["pid"]), descriptors[0] if descriptors else None


async def _end(own: socket.socket, process: Child, sweep: Callable[[], Awaitable[None]]) -> Exit | None:
    """Waits until the process has ended, and kills what it has left."""
    try:
        report, _ = await _received(own)
    finally:
        own.close()
        await sweep()
        await process.wait()
    status = report.get("status")
    if status is None:
        return None
    return Exit(signal=os.WTERMSIG(status)) if os.WIFSIGNALED(status) else Exit(code=os.waitstatus_to_exitcode(status))


def _send(own: socket.socket, number: int | None) -> None:
    """A signal for the process; ``None``: it is to end, with all that it has started."""
    with contextlib.suppress(OSError):
        if number is None:
            own.shutdown(socket.SHUT_WR)
        else:
            own.send(b"%d" % number)
