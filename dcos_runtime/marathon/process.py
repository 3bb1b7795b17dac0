"""One init process from start to end: listens, stands for election if there is one, runs the engine while it leads."""

from __future__ import annotations

import asyncio
import getpass
import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiohttp import web

from dcos_runtime import daemon
from dcos_runtime.flags import Flags
from dcos_runtime.framework.client import Client, Credential, SubscriptionRefused
from dcos_runtime.framework.leader import MasterLeader
from dcos_runtime.marathon import options
from dcos_runtime.marathon.api.apps import Apps
from dcos_runtime.marathon.api.routing import MAX_BODY, Dispatcher, NotReady, error
from dcos_runtime.marathon.api.system import Identity, System
from dcos_runtime.marathon.engine import Engine, FailedOver
from dcos_runtime.marathon.events import Hub
from dcos_runtime.store import Store, StoreError
from dcos_runtime.store.lease import Forever, Term
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import FrameworkID

log = logging.getLogger(__name__)

_Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
_CAPABILITIES = ("PARTITION_AWARE", "TASK_KILLING_STATE", "MULTI_ROLE", "RESERVATION_REFINEMENT", "REGION_AWARE")


class UnusableFlags(Exception):
    """A flag's value turned out to be of no use when it was used."""


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
        self._user = flags.mesos_user or getpass.getuser()

    async def run(self) -> None:
        """Until the process is to end. Raises ``OSError``, `StoreError`, `UnusableFlags` for what prevents a start."""
        flags = self._flags
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_route("*", "/{tail:.*}", self._answer)
        async with AsyncExitStack() as stack:
            address = await stack.enter_async_context(
                daemon.listening(application, flags.http_address, flags.http_port)
            )
            self._url = flags.webui_url or f"http://{_bracketed(self._hostname)}:{address.port}"
            dispatcher = self._dispatcher(address.port)
            if flags.zk is None:
                await self._lead_alone(stack)
                self._handle = dispatcher.handle
                self._ready(address)
            else:
                self._ready(address)
                await self._lead_elected(stack, dispatcher, address.port)
            await self._life.ended()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        """A process that was paused finds out before and after all else that it may not answer as the leader."""
        if self._lease.valid():
            response = await self._handle(request)
            if response.prepared or self._lease.valid():
                return response
        return error(503, f"this init leads no more: {self._lease.why}", headers={"Retry-After": "1"})

    def _running(self) -> Engine:
        if self._engine is None:
            raise NotReady("this init is not leading yet")
        return self._engine

    def _dispatcher(self, port: int) -> Dispatcher:
        flags = self._flags
        identity = Identity(
            address=f"{_bracketed(self._hostname)}:{port}",
            config=options.shown(flags, self._url, self._hostname),
            http_port=port,
            zookeeper=options.shown_zookeeper(flags),
        )
        abdicate = None if flags.zk is None else lambda: self._life.end(0, "told to abdicate")
        return Dispatcher([*Apps(self._running).routes(), *System(self._running, identity, abdicate).routes()])

    # --- leading ---

    async def _lead_alone(self, stack: AsyncExitStack) -> None:
        from dcos_runtime.store.sqlite import SqliteStore

        folder = options.work_dir(self._flags)
        log.info("state in %s", folder)
        store = SqliteStore(folder / "marathon.db")
        stack.push_async_callback(store.close)
        await self._lead(stack, store)

    async def _lead_elected(self, stack: AsyncExitStack, dispatcher: Dispatcher, port: int) -> None:
        from dcos_runtime.marathon.standby import Proxy
        from dcos_runtime.store import election
        from dcos_runtime.store.zookeeper import Session, ZooKeeperStore, parse_url

        url = parse_url(self._flags.zk)
        session = Session(url, self._flags.zk_session_timeout / 1000)
        session.start()
        stack.push_async_callback(session.close)
        own = f"{_bracketed(self._hostname)}:{port}"
        path = f"{url.path}/leader"
        detector = election.ZooKeeperDetector(session, path)
        stack.push_async_callback(detector.close)

        def leader() -> str | None:
            return detector.current.content.decode() if detector.current is not None else None

        proxy = Proxy(own, leader)
        stack.push_async_callback(proxy.close)
        self._handle = proxy.handle
        contender = election.ZooKeeperContender(session, path, own.encode())
        stack.push_async_callback(contender.close)
        elected = self._life.spawn(contender.elected(), "the election")
        ended = self._life.spawn(self._life.ended(), "the end")
        await asyncio.wait({elected, ended}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            return
        elected.result()
        log.info("elected as leader")
        store = ZooKeeperStore(session, f"/dcos{url.path}")
        await store.take_over(own)
        await self._lead(stack, store, contender.lease)
        self._handle = dispatcher.handle
        self._lease = contender.lease
        self._life.spawn(self._end_with(contender), "leadership")

    async def _end_with(self, contender: Any) -> None:
        self._life.end(1, f"leadership is lost: {await contender.lost()}")

    async def _lead(self, stack: AsyncExitStack, store: Store, lease: Term | None = None) -> None:
        flags = self._flags
        try:
            engine = await Engine.load(store, Hub(), options.settings(flags), lease)
        except ValueError as fault:
            raise StoreError(str(fault)) from fault
        leader = MasterLeader(flags.master)
        stack.push_async_callback(leader.close)
        engine.client = Client(leader, lambda: self._introduce(engine), engine, credential=self._credential)
        self._engine = engine
        work = (
            self._life.spawn(engine.run(), "the engine"),
            self._life.spawn(self._subscribe(engine.client), "the connection to the master"),
        )
        stack.push_async_callback(_stop, work)  # before what they use is closed

    async def _subscribe(self, client: Client) -> None:
        try:
            await client.run()
        except (SubscriptionRefused, FailedOver) as fault:
            self._life.end(1, str(fault))

    def _introduce(self, engine: Engine) -> FrameworkInfo:
        framework_id = engine.core.framework_id
        return FrameworkInfo(
            user=self._user,
            name=self._flags.framework_name,
            id=None if framework_id is None else FrameworkID(value=framework_id),
            failover_timeout=self._flags.failover_timeout,
            checkpoint=True,
            roles=[self._flags.mesos_role],
            hostname=self._hostname,
            principal=self._credential.principal if self._credential else None,
            webui_url=self._url,
            capabilities=[FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type(name)) for name in _CAPABILITIES],
        )


async def _stop(work: Sequence[asyncio.Task[None]]) -> None:
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)


async def _not_yet(request: web.Request) -> web.StreamResponse:
    return error(503, "this init is still starting", headers={"Retry-After": "1"})


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
