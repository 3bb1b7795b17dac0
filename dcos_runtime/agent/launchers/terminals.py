"""Terminals of containers: each is held by a process of its own, the `switchboard`, so that it outlives the agent."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from dcos_runtime.agent.checkpoint import boot_id
from dcos_runtime.agent.containers import base, children
from dcos_runtime.agent.containers.base import DEFAULT_PATH, LaunchError
from dcos_runtime.agent.containers.sessions import Channel, SessionStreams
from dcos_runtime.agent.containers.spec import ContainerSpec
from dcos_runtime.agent.launchers import switchboard
from dcos_runtime.agent.sandbox import open_output

BEGIN_SECONDS = 30.0
"""How long the holder of a terminal may take to be there."""

END_SECONDS = 8.0
"""How long it may take to pass on the last bytes, when no process of the container is left."""

ATTACH_SECONDS = 10.0


@dataclass(frozen=True)
class Terminal:
    """One that waits for its container. ``path``: the side of the container's processes, when it is made already."""

    path: str | None
    console: str
    """The socket to which an OCI runtime sends the terminal that it makes."""

    @property
    def options(self) -> tuple[str, ...]:
        """Of conmon, for the OCI runtime."""
        return "--runtime-opt=--console-socket", f"--runtime-opt={self.console}"


@contextlib.asynccontextmanager
async def held(spec: ContainerSpec, folder: Path, *, by_runtime: bool) -> AsyncIterator[Terminal | None]:
    """The terminal of a container that is made meanwhile, if it is to have one; when that fails it goes. ``folder``:
    the container's own. Raises `LaunchError` and ``OSError``.
    """
    window = spec.process.terminal
    if window is None:
        yield None
        return
    own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    # By way of /proc, because a path of a socket may have 107 bytes at the most.
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    owner = "-" if by_runtime else str(spec.process.user.uid)
    try:
        try:
            with os.fdopen(open_output(spec.sandbox, "stdout"), "ab") as output:
                process = children.spawn(
                    sys.executable,
                    *("-I", "-S", switchboard.__file__, str(folder), window.packed.hex(), owner),
                    *(str(theirs.fileno()), str(output.fileno())),
                    env={"PATH": DEFAULT_PATH},
                    pass_fds=(theirs.fileno(), output.fileno()),
                    start_new_session=False,  # it makes one itself
                )
        finally:
            theirs.close()
        try:
            line = await base.read_line(own.fileno(), BEGIN_SECONDS)
        except TimeoutError:
            raise LaunchError(f"the container's terminal was not there within {BEGIN_SECONDS:.0f} s") from None
        await process.wait()
        if not line:
            raise LaunchError("the process that holds the container's terminal could not be started")
        yield Terminal(json.loads(line)["terminal"], f"/proc/{os.getpid()}/fd/{opened}/{switchboard.CONSOLE}")
        own.send(b"made")
    finally:
        own.close()
        os.close(opened)


async def attach(folder: Path) -> SessionStreams:
    """The streams of a container's terminal, from now on. Who reads too slowly is cut off. Raises `LaunchError` when
    it has none, or none any more.
    """
    loop = asyncio.get_running_loop()
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    connection.setblocking(False)
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            await loop.sock_connect(connection, f"/proc/self/fd/{opened}/{switchboard.DOOR}")
        finally:
            os.close(opened)
        async with asyncio.timeout(ATTACH_SECONDS):
            while True:
                try:
                    _, descriptors, _, _ = socket.recv_fds(connection, 1, 1)
                    break
                except BlockingIOError:
                    await asyncio.sleep(0.01)
        if not descriptors:
            raise ConnectionError
    except (OSError, TimeoutError) as error:
        connection.close()
        raise LaunchError("the container has no terminal, or none any more") from error
    return SessionStreams(input=Channel(descriptors[0]), output=Channel(connection.detach()), terminal=True)


async def end(folder: Path) -> None:
    """When no process of the container is left: waits until all that was printed is kept, for a limited time."""
    try:
        who = json.loads((folder / switchboard.WHO).read_text())
    except FileNotFoundError:
        return
    if who["boot"] != boot_id() or not base.alive(who["pid"], who["started"]):
        return
    try:
        await asyncio.wait_for(base.process_ended(who["pid"], who["started"]), END_SECONDS)
    except TimeoutError:
        base.kill_quietly(who["pid"], signal.SIGKILL)
