"""Runs the checks of tasks: a request by HTTP or a connection by TCP in the container's network, or a command in it."""

from __future__ import annotations

import asyncio
import ctypes
import dataclasses
import logging
import os
import socket
import ssl
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from yarl import URL

from dcos_runtime.agent import pools
from dcos_runtime.agent.command import command_of
from dcos_runtime.agent.containers import base
from dcos_runtime.agent.containers.base import Launcher, LaunchError
from dcos_runtime.agent.containers.sessions import ExecCommand
from dcos_runtime.agent.core.check_terms import CheckKind, Type
from dcos_runtime.agent.core.effects import RunCheck, StopCheck
from dcos_runtime.agent.core.events import Checked
from dcos_runtime.agent.core.statuses import exit_text
from dcos_runtime.agent.environment import variable_value
from dcos_runtime.network_errors import cause
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import CommandInfo
from dcos_runtime.wire.containers import NetworkInfo
from dcos_runtime.wire.tasks import CheckInfo, HealthCheck

log = logging.getLogger(__name__)

MOST_REDIRECTS = 50
"""As curl follows, with which Mesos makes these requests."""

CLONE_NEWNET = 0x40000000


class _Checks(msgspec.Struct):
    """The fields of a TaskInfo that say what is asked."""

    check: CheckInfo | None = None
    health_check: HealthCheck | None = None


@dataclass(frozen=True)
class CheckTarget:
    """What a check asks on the network. ``scheme`` and ``path`` are HTTP's; TCP has neither."""

    host: str
    port: int
    scheme: str = ""
    path: str = ""


def target(task: bytes, kind: CheckKind) -> CheckTarget | ExecCommand:
    """What the check of a TaskInfo asks. Raises ``ValueError`` for what the core refuses."""
    found = codec.decode(task, _Checks)
    info = found.check if kind is CheckKind.CHECK else found.health_check
    type = info.type.value if info is not None and info.type is not None else ""
    if info is not None and type == Type.HTTP.value and info.http is not None:
        scheme = getattr(info.http, "scheme", None) or "http"
        return CheckTarget(_host(info.http), info.http.port, scheme, info.http.path or "/")
    if info is not None and type == Type.TCP.value and info.tcp is not None:
        return CheckTarget(_host(info.tcp), info.tcp.port)
    if info is not None and type == Type.COMMAND.value and info.command is not None:
        return _executed(info.command.command if isinstance(info.command, CheckInfo.Command) else info.command)
    raise ValueError(f"the task has no {kind.value} that is known here")


def _executed(command: CommandInfo) -> ExecCommand:
    """With the program's name as argument 0, whatever the arguments begin with. Raises ``ValueError``."""
    found = command_of(command)
    variables = command.environment.variables if command.environment is not None else []
    return ExecCommand(
        (found.program or found.argv[0], *found.argv[1:]),
        {variable.name: variable_value(variable) for variable in variables},
        piped=False,
    )


def _host(part: Any) -> str:
    protocol = getattr(part, "protocol", None)
    return "::1" if protocol is NetworkInfo.Protocol.IPv6 else "127.0.0.1"


class Checker:
    """Runs each check once, as the core asks for it. ``feed`` takes the results; ``task`` gives a container's
    TaskInfo; ``launchers`` by name; ``spawn`` begins work beside the daemon. ``errors`` opens the ``stderr`` of a
    container, in which Mesos' command executor has what commands of checks write; it blocks.
    """

    def __init__(
        self,
        feed: Callable[[Checked], None],
        task: Callable[[str], bytes | None],
        launchers: Mapping[str, Launcher],
        spawn: Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]],
        errors: Callable[[str], int | None],
    ) -> None:
        self._feed = feed
        self._task = task
        self._launchers = launchers
        self._spawn = spawn
        self._errors = errors
        self._under_way: dict[tuple[str, CheckKind], asyncio.Task[None]] = {}
        # As in Mesos, a check does not verify the task's certificate; so no authorities are read, which takes long.
        self._trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._trusting.check_hostname = False
        self._trusting.verify_mode = ssl.CERT_NONE

    def begin(self, effect: RunCheck) -> None:
        key = effect.container_id, effect.kind
        previous = self._under_way.get(key)
        name = f"{effect.kind.value} of {effect.container_id}"
        work = self._under_way[key] = self._spawn(self._run(effect, previous), name)
        work.add_done_callback(partial(self._done, key))

    def stop(self, effect: StopCheck) -> None:
        """The next one of this kind waits until this one is over."""
        if (work := self._under_way.get((effect.container_id, effect.kind))) is not None:
            work.cancel()

    def _done(self, key: tuple[str, CheckKind], work: asyncio.Task[None]) -> None:
        if self._under_way.get(key) is work:
            del self._under_way[key]

    async def _run(self, effect: RunCheck, previous: asyncio.Task[None] | None) -> None:
        if previous is not None:
            await asyncio.wait([previous])
        checked = partial(Checked, effect.container_id, effect.kind, effect.number)
        try:
            found = await self._result(effect, checked)
            if not _runs(effect.pid):
                found = checked(why="the container has ended", unknown=True)  # a check would fail because of that
            self._feed(found)
        except Exception as error:
            log.exception("the %s of container %s could not be run", effect.kind.value, effect.container_id)
            self._feed(checked(why=f"{type(error).__name__}: {error}"))

    async def _result(self, effect: RunCheck, checked: Callable[..., Checked]) -> Checked:
        task = self._task(effect.container_id)
        if task is None:
            return checked(why="the task is gone", unknown=True)
        try:
            asked = target(task, effect.kind)
        except ValueError as error:
            return checked(why=str(error))
        if isinstance(asked, ExecCommand):
            try:
                return await self._execute(effect, asked, checked)
            except (LaunchError, OSError) as error:
                return checked(why=str(error))
        try:
            network = _network(effect.pid)
        except FileNotFoundError as error:
            return checked(why=str(error))
        if asked.scheme:
            try:
                return checked(await self._request(asked, network))
            except (aiohttp.ClientError, OSError, ValueError) as error:
                return checked(why=cause(error))
        try:
            await _connect(asked, network)
        except OSError:
            return checked(0)
        return checked(1)

    async def _execute(self, effect: RunCheck, command: ExecCommand, checked: Callable[..., Checked]) -> Checked:
        """When this is cancelled the command is killed, with all that it has started. Raises `LaunchError`,
        ``OSError``.
        """
        output = await pools.run(pools.READS, partial(self._errors, effect.container_id))
        try:
            written = dataclasses.replace(command, output=output)
            session = await self._launchers[effect.launcher].exec(effect.container_id, written)
        finally:
            if output is not None:
                os.close(output)
        try:
            ended = await session.wait()
        finally:
            if not session.ended:
                await session.end()
        if ended is None:
            return checked(why="it is not known how the command ended")
        return checked(ended.code) if ended.code is not None else checked(why=exit_text(ended))

    async def _request(self, asked: CheckTarget, network: str | None) -> int:
        """The status of the response. Raises `aiohttp.ClientError`, ``OSError``, ``ValueError``."""
        connector = aiohttp.TCPConnector(
            ssl=self._trusting,
            force_close=True,
            socket_factory=None if network is None else lambda address: _socket(address[0], network),
        )
        timeout = aiohttp.ClientTimeout(total=None)  # the core knows how long it may take
        host = f"[{asked.host}]" if ":" in asked.host else asked.host
        url = URL(f"{asked.scheme}://{host}:{asked.port}{asked.path}")
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False) as session,
            session.get(url, max_redirects=MOST_REDIRECTS) as response,
        ):
            return response.status


async def _connect(asked: CheckTarget, network: str | None) -> None:
    """Raises ``OSError``."""
    family = socket.AF_INET6 if ":" in asked.host else socket.AF_INET
    with _socket(family, network) as made:
        await asyncio.get_running_loop().sock_connect(made, (asked.host, asked.port))


def _runs(pid: int) -> bool:
    return base.alive(pid, base.start_time(pid)) and not base.exiting(pid)


# --- networks ---------------------------------------------------------------------------------------------------------


def _network(pid: int) -> str | None:
    """The network namespace of a process, as a file; ``None``: it is this process's own. Raises
    ``FileNotFoundError`` when there is no such process.
    """
    path = Path(f"/proc/{pid}/ns/net")
    try:
        other = path.stat()
    except PermissionError:  # we are not root, and then it is a plain process of another user
        return None
    own = Path("/proc/self/ns/net").stat()
    return None if (own.st_dev, own.st_ino) == (other.st_dev, other.st_ino) else str(path)


def _socket(family: int, network: str | None) -> socket.socket:
    """A socket of TCP in this network; it stays there. Raises ``OSError``."""
    if network is None:
        return _made(family)
    # A thread of its own goes there, and ends: no other work is ever done in that network.
    with ThreadPoolExecutor(1, "network") as pool:
        return pool.submit(_there, family, network).result()


def _there(family: int, network: str) -> socket.socket:
    descriptor = os.open(network, os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.setns(descriptor, CLONE_NEWNET):
            error = ctypes.get_errno()
            raise OSError(error, f"setns: {os.strerror(error)}")
    finally:
        os.close(descriptor)
    return _made(family)


def _made(family: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setblocking(False)
    return made
