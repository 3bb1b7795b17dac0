"""One dcos-auth from start to end: opens the users, listens on its socket, answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import web

from dcos_runtime import daemon, tls
from dcos_runtime.auth import settings as auth_settings
from dcos_runtime.auth import signing
from dcos_runtime.auth.accounts import Accounts
from dcos_runtime.auth.directory import Directory, LocalDirectory, User, UsersUnavailable, administrator
from dcos_runtime.auth.http import METRICS, VERIFY, account_pages
from dcos_runtime.auth.logins import Hasher, Logins, Reserved, Tokens
from dcos_runtime.errors import Unstartable
from dcos_runtime.flags.auth import AuthFlags
from dcos_runtime.gateway import auth_request
from dcos_runtime.gateway.authorizer import WANTED, Authorizer
from dcos_runtime.gateway.backends import Backend, Upstream
from dcos_runtime.gateway.cluster_info import ClusterFacts, ClusterInfo, mode_of
from dcos_runtime.gateway.cluster_pages import cluster_pages
from dcos_runtime.gateway.health import ClusterHealth, Probes
from dcos_runtime.gateway.pages import Pages
from dcos_runtime.gateway.responses import ErrorResponse
from dcos_runtime.gateway.targets import AgentAddresses, Names, Services
from dcos_runtime.guard.tokens import Verifier
from dcos_runtime.listening import connections, holders
from dcos_runtime.shipped_services import shipped
from dcos_runtime.wire.cluster_services import ServiceRecord

log = logging.getLogger(__name__)

SOCKET_MODE = 0o660
AUTH_REQUESTS = ".nginx"
"""The socket for nginx' auth requests has the name of --socket with this at its end."""

_LONGEST_LINE = 64 * 1024
LONGEST_HEAD = 2 * _LONGEST_LINE
"""Headers hold a whole target and all cookies, of which nginx lets 64 KiB pass."""
_PURGE_SECONDS = 600.0


class AuthShell:
    """``ready`` is called with the socket's path once requests are answered."""

    def __init__(self, flags: AuthFlags, life: daemon.Life, ready: Callable[[Path], None]) -> None:
        self._flags = flags
        self._life = life
        self._ready = ready

    async def run(self) -> None:
        """Returns when the process is to end. Raises `AdministratorUnusable`, `KeyUnusable`, ``OSError``,
        ``StoreError`` and ``TlsError`` for what prevents a start.
        """
        flags = self._flags
        signer = signing.signer(Path(flags.token_private_key), flags.token_issuer)
        verifier = Verifier(signer.public_key, flags.token_issuer)
        first = administrator(Path(flags.administrator)) if flags.administrator else None
        async with AsyncExitStack() as stack:
            directory = await self._directory(stack, first)
            files = tls.files(flags.tls_ca, flags.tls_identity)
            masters = auth_settings.own_first(flags)
            services = auth_settings.services(flags)
            routes = [service.route for service in services if service.route]
            probes = Probes(services, files)
            master = Backend("master", "master", masters, flags.master_tls_port, files)
            init = Backend("init", "marathon", masters, flags.init_tls_port, files)
            hasher = Hasher()
            stack.push_async_callback(master.close)
            stack.push_async_callback(init.close)
            stack.push_async_callback(probes.close)
            stack.callback(hasher.close)
            reserved = Reserved(frozenset(flags.reserved_users))
            tokens = Tokens(directory, signer, verifier, reserved)
            accounts = Accounts(directory, Logins(directory, hasher, reserved=reserved), tokens, hasher, reserved)
            known = (*services, *shipped().values())
            of_agents = {port for one in known if one.hosts != "masters" for port in one.ports.values()}
            agents = AgentAddresses(master, {flags.agent_tls_port, *of_agents})
            upstreams = self._upstreams(stack, services, masters, files)
            authorizer = Authorizer(tokens, agents, Services(master, init, masters, agents), routes, upstreams)
            cluster, names = self._cluster(masters, services), Names(master, flags.masters)
            health = ClusterHealth(
                masters[0],
                flags.masters,
                cluster.zookeeper,
                agents,
                names,
                probes,
                services,
                mode_of,
                cluster.dcos_version,
            )
            leaders = [path for route in routes if route.leads_to == "leader" for path in route.paths]
            table = account_pages(accounts) | cluster_pages(
                directory.check, ClusterInfo(cluster), names, health, leaders
            )
            if len(masters) > 1:
                for upstream in upstreams.values():
                    self._life.spawn(upstream.watch(), f"looking after this host's {upstream.noun}")
            self._life.spawn(_purge(directory), "forgetting revoked tokens")
            path = Path(flags.socket)
            pages = Pages(authorizer, table, internal={VERIFY: accounts.verify, METRICS: self._metrics})
            await stack.enter_async_context(listening(pages, path))
            auth_request_path = path.with_name(path.name + AUTH_REQUESTS)
            await asyncio.to_thread(_make_room, auth_request_path)
            await stack.enter_async_context(
                auth_request.listening(authorizer.decide, WANTED, auth_request_path, SOCKET_MODE)
            )
            self._ready(path)
            await self._life.ended()

    async def _metrics(self, request: web.BaseRequest) -> web.Response:
        return web.json_response(self._life.stalls.shown())

    def _upstreams(
        self,
        stack: AsyncExitStack,
        services: Sequence[ServiceRecord],
        masters: tuple[str, ...],
        files: tls.TlsFiles | None,
    ) -> dict[str, Upstream]:
        """The upstreams of services with a leader, by the names of their routes."""
        found = {}
        for service in services:
            route, asked = service.route, service.health
            if route is None or route.leads_to != "leader":
                continue
            backend = Backend(service.noun, route.kind, masters, route.port, files)
            stack.push_async_callback(backend.close)
            path = asked.path if asked is not None and asked.ask == "https" and asked.port == route.port else "/"
            found[route.name] = Upstream(route.group, backend, path)
        return found

    async def _directory(self, stack: AsyncExitStack, first: User | None) -> Directory:
        flags = self._flags
        if flags.zk is None:
            assert flags.work_dir is not None  # one of the two is set
            local = LocalDirectory(Path(flags.work_dir) / "auth.db")
            stack.push_async_callback(local.close)
            await local.open(first)
            return local
        from dcos_runtime.auth.shared_directory import SharedDirectory
        from dcos_runtime.store.zookeeper import ZooKeeperSession, parse_url

        url = parse_url(flags.zk)
        session = ZooKeeperSession(url, flags.zk_session_timeout)
        shared = SharedDirectory(session, url.path, first, trusted=flags.zk_session_timeout)
        session.start()
        stack.push_async_callback(session.close)
        self._life.spawn(shared.run(), "reading the users")
        return shared

    def _cluster(self, masters: tuple[str, ...], services: Sequence[ServiceRecord]) -> ClusterFacts:
        from dcos_runtime.store.zookeeper import parse_url

        flags = self._flags
        zookeeper = [] if flags.zk is None else parse_url(flags.zk).hosts.split(",")
        return ClusterFacts(
            id=flags.token_issuer,
            name=flags.cluster or "",
            ip=masters[0],
            masters=masters,
            zookeeper=[member if ":" in member else f"{member}:2181" for member in zookeeper],
            dcos_version=flags.dcos_version,
            generation=Path(flags.generation) if flags.generation else None,
            ca=Path(flags.tls_ca) if flags.tls_ca else None,
            capabilities=sorted({name for service in services for name in service.capabilities}),
        )


@contextlib.asynccontextmanager
async def listening(pages: Pages, path: Path) -> AsyncIterator[None]:
    """Serves ``pages`` on the UNIX socket ``path``. Raises ``OSError``, also when another process listens there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(_make_room, path)
    runner = web.ServerRunner(web.Server(pages.answer, handler_cancellation=True), shutdown_timeout=daemon.STOP_SECONDS)
    await runner.setup()
    assert runner.server is not None
    made = connections.factory(
        runner.server,
        connections.Idle(None),
        lambda status, text: ErrorResponse(status, text).response(),
        access_log=None,
        auto_decompress=False,
        longest_line=_LONGEST_LINE,
        longest_head=LONGEST_HEAD,
    )
    server: asyncio.Server | None = None
    try:
        server = await asyncio.get_running_loop().create_unix_server(made, str(path), backlog=1024)
        path.chmod(SOCKET_MODE)
        yield
    finally:
        if server is not None:
            server.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(runner.cleanup(), daemon.STOP_SECONDS + 2.0)


def _make_room(path: Path) -> None:
    """Removes the socket of a process that has ended."""
    if not path.exists():
        return
    if not path.is_socket():
        raise Unstartable(
            f"cannot listen on {path}", why="it is there and is not a socket", hint="give another path with --socket"
        )
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink()
            return
    raise Unstartable(
        f"cannot listen on {path}",
        why=f"{holders.of_socket(path)} does",
        hint="end it, or give another path with --socket",
    )


async def _purge(directory: Directory) -> None:
    while True:
        await asyncio.sleep(_PURGE_SECONDS)
        try:
            await directory.forget(directory.expired(time.time()))
        except UsersUnavailable as error:
            log.warning("revoked tokens that expired are kept for now: %s", error)
