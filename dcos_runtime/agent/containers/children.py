"""Child processes of the agent. The event loop's own way (uvloop's) copies the agent's page tables for each of them,
and holds the loop up meanwhile: 3 ms of processor time, of which a launch pays three. By vfork(2), which the standard
library uses, it is 0.7 ms, however large the agent is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from dcos_runtime.agent.containers.sessions import BLOCK, Channel

DEVNULL = subprocess.DEVNULL
PIPE = subprocess.PIPE


class Child:
    """One of them. It is waited for as soon as it has ended, whether or not anybody asks: none stays a zombie.

    ``stdin``, ``stdout`` and ``stderr``: our ends of the streams that were asked for as ``PIPE``. Who asks for the
    first closes it.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self.stdin: Channel | None = None
        self.stdout: asyncio.StreamReader | None = None
        self.stderr: asyncio.StreamReader | None = None
        loop = asyncio.get_running_loop()
        ended = self._ended = loop.create_future()
        descriptor = os.pidfd_open(process.pid)

        def reap() -> None:
            loop.remove_reader(descriptor)
            os.close(descriptor)
            process.wait()
            if not ended.done():
                ended.set_result(None)

        loop.add_reader(descriptor, reap)

    @property
    def returncode(self) -> int | None:
        """As of `subprocess.Popen`; ``None`` until it has been waited for."""
        return self._process.returncode

    async def wait(self) -> int:
        await asyncio.shield(self._ended)
        return self._process.wait()

    async def communicate(self, given: bytes = b"") -> tuple[bytes, bytes]:
        """Writes to it, reads all of its output and errors, and waits for its end."""

        async def write() -> None:
            if self.stdin is not None:
                with contextlib.suppress(ConnectionError):  # it did not want to read it
                    await self.stdin.write(given)
                self.stdin.close()

        _, output, errors = await asyncio.gather(write(), _all(self.stdout), _all(self.stderr))
        await self.wait()
        return output, errors

    def kill(self) -> None:
        """Never another process that got its pid later."""
        self._process.kill()


def spawn(
    *argv: str,
    stdin: int | IO[bytes] | None = DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    pass_fds: Sequence[int] = (),
    start_new_session: bool = True,
) -> Child:
    """Starts a program, with arguments as of `subprocess.Popen`. Raises ``OSError``."""
    process = subprocess.Popen(
        argv,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        env=env,
        cwd=cwd,
        pass_fds=pass_fds,
        start_new_session=start_new_session,
    )
    child = Child(process)
    if process.stdin is not None:
        child.stdin = Channel(os.dup(process.stdin.fileno()))
        process.stdin.close()
    child.stdout, child.stderr = _reader(process.stdout), _reader(process.stderr)
    return child


class _Source(asyncio.ReadTransport):
    """Gives to a reader what a process writes, as fast as that is read; closes the pipe at its end. (One of uvloop
    would close the descriptor twice, and so another thread's, too.)
    """

    def __init__(self, pipe: IO[bytes], reader: asyncio.StreamReader) -> None:
        super().__init__()
        self._loop = asyncio.get_running_loop()
        self._pipe, self._descriptor, self._reader = pipe, pipe.fileno(), reader
        os.set_blocking(self._descriptor, False)
        reader.set_transport(self)
        self.resume_reading()

    def resume_reading(self) -> None:
        self._loop.add_reader(self._descriptor, self._readable)

    def pause_reading(self) -> None:
        self._loop.remove_reader(self._descriptor)

    def _readable(self) -> None:
        try:
            data = os.read(self._descriptor, BLOCK)
        except BlockingIOError:
            return
        if data:
            self._reader.feed_data(data)
            return
        self.pause_reading()
        self._pipe.close()
        self._reader.feed_eof()


def _reader(pipe: IO[bytes] | None) -> asyncio.StreamReader | None:
    if pipe is None:
        return None
    reader = asyncio.StreamReader(loop=asyncio.get_running_loop())
    _Source(pipe, reader)
    return reader


async def _all(reader: asyncio.StreamReader | None) -> bytes:
    return b"" if reader is None else await reader.read()
