"""Commands that run in containers for clients: Mesos' nested containers of class DEBUG, each with a session.

In memory only: a command ends with the request that launched it, and so with the agent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator

from dcos_runtime.agent.containers.base import Launcher
from dcos_runtime.agent.containers.sessions import Channel, ExecCommand, ExecSession, window_of
from dcos_runtime.agent.core.container_ids import text as spelled
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.operating import NotPossible
from dcos_runtime.wire.agent import ProcessIO
from dcos_runtime.wire.common import CommandInfo, ContainerID, Environment
from dcos_runtime.wire.containers import ContainerInfo

log = logging.getLogger(__name__)

REMEMBERED = 1000
"""How many commands that have ended are remembered with their exit statuses."""

_VALUE = re.compile(r"[A-Za-z0-9_-]{1,128}")

Piece = ProcessIO | None
"""What a reader of a command's output gets; ``None`` is the end."""


def check_id(field: str, container_id: ContainerID, *, nested: bool) -> None:
    """Raises `NotPossible` with Mesos' text."""
    if nested and container_id.parent is None:
        raise NotPossible(400, f"Failed to validate agent::Call: Expecting '{field}.parent' to be present")
    value: ContainerID | None = container_id
    while value is not None:
        if not _VALUE.fullmatch(value.value):
            raise NotPossible(
                400,
                f"Failed to validate agent::Call: '{field}' is invalid: '{value.value}' contains invalid characters",
            )
        value = value.parent


def command_of(info: CommandInfo | None, container: ContainerInfo | None) -> ExecCommand:
    """Raises `NotPossible` for what a command in a running container cannot have."""
    if info is None or not info.value:
        raise NotPossible(400, "A command in a running container has to say which: give command.value")
    if info.user is not None:
        raise NotPossible(400, "A command in a running container runs as the container's user: leave command.user out")
    if info.uris:
        raise NotPossible(400, "Nothing is fetched into a running container: leave command.uris out")
    if container is not None and any(
        (
            container.volumes,
            container.docker,
            container.mesos and container.mesos.image,
            container.network_infos,
            container.linux_info,
            container.rlimit_info,
        )
    ):
        raise NotPossible(
            400, "A command in a running container has that one's image, volumes, networks and limits: leave these out"
        )
    argv = (info.value, *info.arguments[1:]) if info.shell is False else ("/bin/sh", "-c", info.value)
    if any("\0" in part for part in argv):
        raise NotPossible(400, "A command holds no NUL")
    return ExecCommand(argv, dict(_variables(info.environment)), window_of(container))


def _variables(environment: Environment | None) -> Iterator[tuple[str, str]]:
    for variable in environment.variables if environment is not None else ():
        if variable.value is None or "=" in variable.name or "\0" in variable.name + variable.value:
            raise NotPossible(400, "A variable of a command in a running container has a name and a plain value")
        yield variable.name, variable.value


class RunningCommand:
    """A command that runs. What it writes goes to every reader; the slowest one holds it up."""

    def __init__(self, container_id: ContainerID, session: ExecSession) -> None:
        self.container_id = container_id
        self.session = session
        self._readers: list[asyncio.Queue[Piece]] = []
        self.over = False

    @contextlib.contextmanager
    def reader(self) -> Iterator[asyncio.Queue[Piece]]:
        queue: asyncio.Queue[Piece] = asyncio.Queue(1)
        self._readers.append(queue)
        try:
            yield queue
        finally:
            self._readers.remove(queue)
            while not queue.empty():  # who waits to put something into it goes on
                queue.get_nowait()

    async def copy(self) -> None:
        """Passes all output on, until the command has ended and all of it was passed on."""
        streams = self.session.streams
        channels = [(streams.output, ProcessIO.Data.Type.STDOUT), (streams.errors, ProcessIO.Data.Type.STDERR)]
        await asyncio.gather(*(self._copy(channel, kind) for channel, kind in channels if channel is not None))
        await self.session.wait()
        self.over = True
        for queue in list(self._readers):
            await self._put(queue, None)

    async def _copy(self, channel: Channel, kind: ProcessIO.Data.Type) -> None:
        while data := await channel.read():
            for queue in list(self._readers):
                await self._put(queue, _piece(kind, data))

    async def _put(self, queue: asyncio.Queue[Piece], piece: Piece) -> None:
        if queue in self._readers:
            await queue.put(piece)


def _piece(kind: ProcessIO.Data.Type, data: bytes) -> ProcessIO:
    return ProcessIO(type=ProcessIO.Type.DATA, data=ProcessIO.Data(type=kind, data=data))


@contextlib.contextmanager
def reading(terminal: Channel) -> Iterator[asyncio.Queue[Piece]]:
    """What comes from the terminal of a container, to its end."""
    queue: asyncio.Queue[Piece] = asyncio.Queue(1)

    async def copy() -> None:
        try:
            while data := await terminal.read():
                await queue.put(_piece(ProcessIO.Data.Type.STDOUT, data))
        except ConnectionError:  # who held it is gone
            pass
        await queue.put(None)

    copying = asyncio.create_task(copy(), name="output of a terminal")
    try:
        yield queue
    finally:
        copying.cancel()


class Commands:
    """Those of an agent. ``launcher_of``: the launcher of a container in which a task runs, by its id."""

    def __init__(self, launcher_of: Callable[[str], Launcher | None]) -> None:
        self._launcher_of = launcher_of
        self._running: dict[str, RunningCommand | None] = {}
        self._ended: OrderedDict[str, Exit | None] = OrderedDict()
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> list[RunningCommand]:
        return [command for command in self._running.values() if command is not None]

    def find(self, container_id: ContainerID) -> RunningCommand | None:
        return self._running.get(spelled(container_id))

    def exit_of(self, container_id: ContainerID) -> tuple[Exit | None] | None:
        """Of one that has ended and is remembered."""
        name = spelled(container_id)
        return (self._ended[name],) if name in self._ended else None

    def forget(self, container_id: ContainerID) -> bool:
        """Returns whether it was remembered."""
        return self._ended.pop(spelled(container_id), ...) is not ...

    async def launch(self, container_id: ContainerID, command: ExecCommand) -> RunningCommand | None:
        """``None``: there is one with that id. Raises `NotPossible`, `LaunchError` and ``OSError``."""
        name, parent = spelled(container_id), container_id.parent
        assert parent is not None
        launcher = self._launcher_of(spelled(parent))
        if launcher is None:
            raise NotPossible(400, f"Parent container {spelled(parent)} does not exist")
        if name in self._running:
            return None
        self._running[name] = None
        try:
            session = await launcher.exec(spelled(parent), command)
        except BaseException:
            del self._running[name]
            raise
        self._ended.pop(name, None)
        running = self._running[name] = RunningCommand(container_id, session)
        return running

    async def keep(self, running: RunningCommand) -> None:
        """Passes its output on and remembers how it ended; when that is cancelled, the command is killed."""
        try:
            await running.copy()
        finally:
            ending = asyncio.create_task(self._end(running), name="end of a command")  # which is not cancelled, too
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)

    async def _end(self, running: RunningCommand) -> None:
        """Kills it if it has not ended, and closes its streams."""
        name = spelled(running.container_id)
        ended: Exit | None = None
        try:
            await running.session.end()
            ended = await running.session.wait()
        except OSError as error:
            log.warning("a command in container %s could not be ended: %s", name, error)
        finally:
            self._running.pop(name, None)
            self._ended[name] = ended
            while len(self._ended) > REMEMBERED:
                self._ended.popitem(last=False)


def wait_status(ended: Exit | None) -> int | None:
    """As wait(2) has it, which is what Mesos' API has."""
    if ended is None:
        return None
    return ended.signal if ended.signal is not None else (ended.code or 0) << 8
