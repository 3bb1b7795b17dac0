"""A process that was started in a running container: its streams, its terminal, its end and that of its children."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import struct
import termios
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dcos_runtime.agent.core.model import Exit
from dcos_runtime.wire.containers import ContainerInfo

BLOCK = 64 * 1024
"""The most bytes of one read."""


@dataclass(frozen=True)
class TerminalSize:
    """The size of a terminal, in characters."""

    rows: int
    columns: int

    @property
    def packed(self) -> bytes:
        """As the kernel takes it (ioctl_tty(2))."""
        return struct.pack("HHHH", *(max(0, min(size, 0xFFFF)) for size in (self.rows, self.columns)), 0, 0)


USUAL_WINDOW = TerminalSize(24, 80)


def window_of(container: ContainerInfo | None) -> TerminalSize | None:
    """The size of the terminal that a process of the container is to have, if it is to have one."""
    if container is None or container.tty_info is None:
        return None
    size = container.tty_info.window_size
    return TerminalSize(size.rows, size.columns) if size is not None else USUAL_WINDOW


@dataclass(frozen=True)
class ExecCommand:
    """A process to start in a running container, in the surroundings of the container's first process: its user,
    capabilities, working directory and environment.

    ``argv[0]`` is the program, sought in the ``PATH``. ``environment``: variables beside the container's, or in their
    place. ``window``: the process gets a terminal of that size. Without one its streams are pipes if ``piped``, else
    ``/dev/null``; or what it writes goes to the file ``output``, a descriptor.
    """

    argv: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    window: TerminalSize | None = None
    piped: bool = True
    output: int | None = None


class Channel:
    """One end of a pipe, or the side of a terminal that no process sees. Who does not read holds up who writes."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._waiters: set[asyncio.Future[None]] = set()

    async def read(self) -> bytes:
        """Up to `BLOCK` bytes; none at the end."""
        while self._descriptor >= 0:
            try:
                return os.read(self._descriptor, BLOCK)
            except BlockingIOError:
                await self._until_ready(self._loop.add_reader, self._loop.remove_reader)
            except OSError as error:
                if error.errno == errno.EIO:  # no process has the terminal open any more
                    return b""
                raise
        return b""

    async def write(self, data: bytes) -> None:
        """Returns when all is written. Raises ``BrokenPipeError`` when nobody will read it."""
        rest = memoryview(data)
        while rest:
            if self._descriptor < 0:
                raise BrokenPipeError(errno.EPIPE, "it is closed")
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                await self._until_ready(self._loop.add_writer, self._loop.remove_writer)
            except OSError as error:
                if error.errno == errno.EIO:
                    raise BrokenPipeError(errno.EPIPE, "no process has the terminal open") from error
                raise

    def resize(self, window: TerminalSize) -> None:
        """Of a terminal; its foreground processes get SIGWINCH."""
        if self._descriptor >= 0:
            fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, window.packed)

    def close(self) -> None:
        """Who waits for it reads the end, or cannot write."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            self._loop.remove_writer(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
        for waiter in self._waiters:
            _wake(waiter)

    async def _until_ready(self, add: Callable[..., object], remove: Callable[[int], object]) -> None:
        waiter = self._loop.create_future()
        self._waiters.add(waiter)
        add(self._descriptor, _wake, waiter)
        try:
            await waiter
        finally:
            self._waiters.discard(waiter)
            if self._descriptor >= 0:
                remove(self._descriptor)


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


@dataclass
class SessionStreams:
    """Our ends of streams. With a terminal all are that, or come from it; without pipes there are none."""

    input: Channel | None = None
    output: Channel | None = None
    errors: Channel | None = None
    terminal: bool = False

    async def end_input(self) -> None:
        """The process reads the end of its input. On a terminal only when it reads by lines, as by Ctrl-D."""
        if self.terminal and self.input is not None:
            await self.input.write(b"\x04")
        elif self.input is not None:
            self.input.close()

    def close(self) -> None:
        for channel in (self.input, self.output, self.errors):
            if channel is not None:
                channel.close()


class ExecSession:
    """One process that was started in a container. It ends with the container, with its first process, with `end`, and
    with the agent; all that it has started ends with it.
    """

    def __init__(
        self,
        pid: int,
        attendant: int,
        streams: SessionStreams,
        ending: asyncio.Task[Exit | None],
        send: Callable[[int | None], None],
    ) -> None:
        self.pid = pid
        self.attendant = attendant
        """The pid of the process that waits for it, outside of the container."""
        self.streams = streams
        self._ending = ending
        self._send = send

    @property
    def ended(self) -> bool:
        return self._ending.done()

    async def wait(self) -> Exit | None:
        """How the process ended; ``None``: that is not known. None of its children is left then."""
        return await asyncio.shield(self._ending)

    def signal(self, number: int) -> None:
        """Signals the process, by its parent: never another that got its pid later."""
        self._send(number)

    async def end(self) -> None:
        """Kills the process and its children, and closes the streams."""
        self._send(None)
        try:
            await self.wait()
        finally:
            self.streams.close()
