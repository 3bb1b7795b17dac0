"""One init process from start to end: listens, stands for election if there is one, runs the engine while it leads."""

from __future__ import annotations

import asyncio
import getpass
import ipaddress
import logging
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

from dcos_runtime import __version__, daemon, tls
from dcos_runtime.core.recorder import Recorder
from dcos_runtime.flags import Flags
from dcos_runtime.framework.client import Client, Credential, SubscriptionRefused
from dcos_runtime.framework.leader import MasterLeader
from dcos_runtime.marathon import options
from dcos_runtime.marathon.api.apps import Apps
from dcos_runtime.marathon.api.routing import Dispatcher, NotReady, error
from dcos_runtime.marathon.api.system import Identity, System
from dcos_runtime.marathon.core import recorded
from dcos_runtime.marathon.core.core import InitCore
from dcos_runtime.marathon.doors import Door, is_ping
from dcos_runtime.marathon.engine import Ended, Engine
from dcos_runtime.marathon.events import Hub
from dcos_runtime.recording import Files
from dcos_runtime.store import Store, StoreError
from dcos_runtime.store.lease import HOLD_SECONDS, UNKNOWN, Forever, LeaseOver, LeaseSuspended, Term
from dcos_runtime.wire.cluster import FrameworkInfo

log = logging.getLogger(__name__)

_Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
_CAPABILITIES = ("PARTITION_AWARE", "TASK_KILLING_STATE", "MULTI_ROLE", "RESERVATION_REFINEMENT", "REGION_AWARE")


class UnusableFlags(Exception):
    """A flag's value turned out to be of no use when it was used."""


@dataclass(frozen=True)
class _Ports:
    """Where this process got to listen; ``https`` 0: it speaks no TLS."""

    http: int
    https: int = 0


class Process:
    """``ready`` is told the address once requests are answered."""

    def __init__(self, flags: Flags, life: daemon.Life, ready: Callable[[daemon.Address], None]) -> None:
        self._flags = flags
        self._life = life
        self._ready = ready
        self._engine: Engine | None = None
        self._lease: Term = Forever()  # until it leads
        self._handle: _Handle = _not_yet
        self._hostname = flags.hostname or _reachable(flags.http_address)
        self._url = ""
        self._credential = _credential(flags)
        self._user = flags.mesos_user or _own_user()
        self._tls = tls.files(flags.tls_ca, flags.tls_identity)
        self._guard = options.http_guard(flags)

    async def run(self) -> None:
        """Until the process is to end.

        Raises ``OSError``, `StoreError`, `UnusableFlags` and `tls.TlsError` for what prevents a start.
        """
        flags = self._flags
        async with AsyncExitStack() as stack:
            address, ports = await self._listen(stack)
            self._url = flags.webui_url or f"http://{_bracketed(self._hostname)}:{ports.http}"
            dispatcher = self._dispatcher(ports)
            if flags.zk is None:
                await self._lead_alone(stack)
                self._handle = dispatcher.handle
                self._ready(address)
            else:
                self._ready(address)
                await self._lead_elected(stack, dispatcher, ports)
            await self._life.ended()
            self._handle = _no_more  # what is under way is still answered

    async def _listen(self, stack: AsyncExitStack) -> tuple[daemon.Address, _Ports]:
        """Opens our doors. The address of the plain one."""
        flags = self._flags
        stack.push_async_callback(self._guard.close)
        door = Door(self._guard, self._answer, required=flags.authenticate_http)
        context = None if self._tls is None else self._tls.server()
        address = await stack.enter_async_context(
            daemon.listening(door.application(), flags.http_address, flags.http_port)
        )
        if context is None:
            return address, _Ports(address.port)
        port = options.HTTPS_PORT if flags.https_port is None else flags.https_port
        secure = await stack.enter_async_context(
            daemon.listening(door.application(), flags.http_address, port, tls=context)
        )
        log.info("listening for our own daemons on https://%s", secure)
        return address, _Ports(address.port, secure.port)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """A process that was paused finds out before and after all else that it may not answer as the leader, yet."""
        if is_ping(request):
            return await self._handle(request)  # asked about this process
        done = False
        try:
            await self._lease.hold(HOLD_SECONDS)
            response = await self._handle(request)
            done = True
            if not response.prepared:
                await self._lease.hold(HOLD_SECONDS)
            return response
        except LeaseSuspended as suspended:
            return error(503, UNKNOWN if done else str(suspended), headers={"Retry-After": "1"})
        except LeaseOver:
            return error(503, f"this init leads no more: {self._lease.why}", headers={"Retry-After": "1"})

    def _running(self) -> Engine:
        if self._engine is None:
            raise NotReady("this init is not leading yet")
        return self._engine

    def _dispatcher(self, ports: _Ports) -> Dispatcher:
        flags = self._flags
        identity = Identity(
            address=self._own_address(ports),
            config=options.shown(flags, self._url, self._hostname),
            http_port=ports.http,
            https_port=ports.https,
            zookeeper=options.shown_zookeeper(flags),
        )
        abdicate = None if flags.zk is None else lambda: self._life.end(0, "told to abdicate")
        system = System(self._running, identity, self._life.stalls, abdicate)
        return Dispatcher([*Apps(self._running).routes(), *system.routes()])

    def _own_address(self, ports: _Ports) -> str:
        return f"{_bracketed(self._hostname)}:{ports.http}"

    # --- leading ---

    async def _lead_alone(self, stack: AsyncExitStack) -> None:
        from dcos_runtime.store.sqlite import SqliteStore

        try:
            folder = options.work_dir(self._flags)
        except RuntimeError:
            raise UnusableFlags(
                "there is no place for the state: HOME is not set, and this user is not in the password database;"
                " give --work_dir"
            ) from None
        log.info("state in %s", folder)
        store = SqliteStore(folder / "marathon.db")
        stack.push_async_callback(store.close)
        await self._lead(stack, store)

    async def _lead_elected(self, stack: AsyncExitStack, dispatcher: Dispatcher, ports: _Ports) -> None:
        from dcos_runtime.marathon.standby import Proxy, Tls
        from dcos_runtime.store import election
        from dcos_runtime.store.former import Former
        from dcos_runtime.store.zookeeper import Session, parse_url
        from dcos_runtime.store.zookeeper_store import ZooKeeperStore

        url = parse_url(self._flags.zk)
        session = Session(url, self._flags.zk_session_timeout / 1000)
        session.start()
        stack.push_async_callback(session.close)
        own = self._own_address(ports)
        path = f"{url.path}/leader"
        detector = election.ZooKeeperDetector(session, path)
        stack.push_async_callback(detector.close)

        context = self._client_context("marathon")
        proxy = Proxy(own, detector, None if context is None else Tls(context, ports.https))
        stack.push_async_callback(proxy.close)
        self._handle = proxy.handle
        folder = self._flags.work_dir
        former = None if folder is None else Former(Path(folder), lambda content: content == own.encode())
        contender = election.ZooKeeperContender(session, path, own.encode(), former=former)
        stack.push_async_callback(contender.close)
        elected = self._life.spawn(contender.elected(), "the election")
        ended = self._life.spawn(self._life.ended(), "the end")
        await asyncio.wait({elected, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            return
        elected.result()
        log.info("elected as leader")
        store = ZooKeeperStore(session, f"/dcos{url.path}", lease=contender.lease)
        await store.take_over(own, contender.standing)
        contender.guard(*store.fence)
        await self._lead(stack, store, contender.lease)
        self._handle = dispatcher.handle
        self._lease = contender.lease
        proxy.lead(dispatcher.handle)
        self._life.spawn(self._end_with(contender), "leadership")

    async def _end_with(self, contender: Any) -> None:
        self._life.end(1, f"leadership is lost: {await contender.lost()}")

    async def _lead(self, stack: AsyncExitStack, store: Store, lease: Term | None = None) -> None:
        flags = self._flags
        try:
            engine = await Engine.load(store, Hub(), options.settings(flags, self._info()), lease, self._recorder)
        except ValueError as fault:
            raise StoreError(str(fault)) from fault
        context = self._client_context("master")
        leader = MasterLeader(flags.master, None if context is None else flags.master_tls_port)
        stack.push_async_callback(leader.close)
        engine.master_page = leader.page
        client = Client(leader, engine.introduce, engine, credential=self._credential, tls=context, term=lease)
        engine.client = client
        self._engine = engine
        work = (
            self._life.spawn(self._run(engine), "the engine"),
            self._life.spawn(self._subscribe(client), "the connection to the master"),
        )
        stack.push_async_callback(_stop, work)  # before what they use is closed

    def _recorder(self, core: InitCore, seed: bytes) -> Recorder | None:
        """Raises ``OSError``."""
        folder = self._flags.record
        if folder is None:
            return None
        log.warning("all that this init decides on is recorded in %s; secrets of apps become pseudonyms", folder)
        veil, files = recorded.Veil(os.urandom(32)), Files(Path(folder), recorded.NAME)
        return Recorder(core, recorded.NAME, __version__, seed, veil, files)

    async def _run(self, engine: Engine) -> None:
        try:
            await engine.run()
        except Ended as ended:
            self._life.end(1, str(ended))

    async def _subscribe(self, client: Client) -> None:
        try:
            await client.run()
        except SubscriptionRefused as fault:
            self._life.end(1, str(fault))
        except LeaseOver:
            return  # this process ends: `_end_with`

    def _client_context(self, kind: str) -> ssl.SSLContext | None:
        return None if self._tls is None else self._tls.client(kind)

    def _principal(self) -> str | None:
        """As whom the master knows us: it wants no other in FrameworkInfo."""
        if self._tls is not None:
            return tls.principal("marathon")
        return self._credential.principal if self._credential else None

    def _info(self) -> FrameworkInfo:
        """Who we are for the master, but for the id and the roles."""
        return FrameworkInfo(
            user=self._user,
            name=self._flags.framework_name,
            failover_timeout=self._flags.failover_timeout,
            checkpoint=True,
            hostname=self._hostname,
            principal=self._principal(),
            webui_url=self._url,
            capabilities=[FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type(name)) for name in _CAPABILITIES],
        )


async def _stop(work: Sequence[asyncio.Task[None]]) -> None:
    """Within a time: a daemon that must end is not to be kept from it by what does not heed that."""
    for task in work:
        task.cancel()
    await asyncio.wait(work, timeout=daemon.STOP_SECONDS)


async def _not_yet(request: web.Request) -> web.StreamResponse:
    return error(503, "this init is still starting", headers={"Retry-After": "1"})


async def _no_more(request: web.Request) -> web.StreamResponse:
    return error(503, "this init is ending", headers={"Retry-After": "1"})


def _credential(flags: Flags) -> Credential | None:
    principal, file = flags.mesos_authentication_principal, flags.mesos_authentication_secret_file
    if not principal or not file:
        return None
    try:
        return Credential(principal, Path(file).read_text().strip())
    except OSError as fault:
        raise UnusableFlags(f"--mesos_authentication_secret_file: {fault}") from fault


def _reachable(address: str) -> str:
    """What to call ourselves for others when we listen on ``address``."""
    try:
        if ipaddress.ip_address(address).is_unspecified:
            return socket.gethostname()
    except ValueError:
        return address
    return daemon.own_hostname(address)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _own_user() -> str:
    """The name of who this runs as; the number of a user whom the password database does not know."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
