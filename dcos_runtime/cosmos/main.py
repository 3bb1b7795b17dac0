"""``dcos-cosmos``: the package manager, as a daemon with a leader. It puts the parts together."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import aiohttp

from dcos_runtime import __version__
from dcos_runtime.cosmos import refresher
from dcos_runtime.cosmos.artifacts import Artifacts, store_of
from dcos_runtime.cosmos.core.addresses import Allowed
from dcos_runtime.cosmos.fetching import Downloader
from dcos_runtime.cosmos.http.dialect import CosmosDialect
from dcos_runtime.cosmos.http.resource import PackageResources
from dcos_runtime.cosmos.http.routes import Routes
from dcos_runtime.cosmos.mirroring import Mirror
from dcos_runtime.cosmos.packages import Assets, Packages
from dcos_runtime.cosmos.refresher import Job
from dcos_runtime.cosmos.repositories import Repositories, RepositorySettings
from dcos_runtime.cosmos.shell import CosmosShell
from dcos_runtime.cosmos.tasks import ServiceTasks
from dcos_runtime.cosmos.uninstaller import RemoveNodes, Uninstaller
from dcos_runtime.cosmos.upstream import InitClient, Kernel, LeaderClient
from dcos_runtime.flags.cosmos import CosmosFlags
from dcos_runtime.leading.main import Daemon, Here, Unusable, secret_in
from dcos_runtime.leading.position import Position
from dcos_runtime.leading.routes import Pattern
from dcos_runtime.leading.seat import Leadership
from dcos_runtime.store.zookeeper import ZooKeeperSession, parse_url
from dcos_universe.errors import UniverseError

NODES_SECONDS = 20.0


class Cosmos(Daemon[CosmosShell, CosmosFlags]):
    """The daemon ``dcos-cosmos``."""

    summary = "The package manager: serves Cosmos' API."
    kind = "cosmos"
    flags = CosmosFlags
    dialect = CosmosDialect()

    def __init__(self) -> None:
        self._credential: aiohttp.BasicAuth | None = None

    def problems(self, flags: CosmosFlags) -> list[str]:
        found = super().problems(flags)
        if bool(flags.principal) != bool(flags.secret_file):
            found.append("--principal and --secret_file go together")
        if flags.principal and flags.tls_ca:
            found.append("--principal and --tls_ca exclude each other: the certificate identifies the sender")
        for name, urls in (("marathon", flags.marathon), ("master", flags.master)):
            if not flags.tls_ca and any(url.startswith("https:") for url in urls):
                found.append(f"--{name} with https needs --tls_ca and --tls_identity")
        if flags.artifact_store is not None and flags.mirror:
            found.append("--artifact_store and --mirror exclude each other: a mirror has all artifacts already")
        if flags.artifact_url and flags.artifact_store is None:
            found.append("--artifact_url goes with --artifact_store")
        return found

    def prepare(self, flags: CosmosFlags) -> None:
        Path(flags.work_dir).mkdir(parents=True, exist_ok=True)
        store = flags.artifact_store
        if store is not None and not os.access(store.place, os.W_OK | os.X_OK):
            raise Unusable(
                f"--artifact_store={store} cannot be used",
                why=f"{store.place} is no folder that this process may write to",
                hint="make it, or mount it, on every master and agent, and give it to the user that this runs as",
            )
        if flags.repository_root is not None:
            _check_root(flags.repository_root)
        if flags.principal and flags.secret_file:
            self._credential = aiohttp.BasicAuth(flags.principal, secret_in("secret_file", flags.secret_file))

    def routes(self, position: Position[CosmosShell], here: Here[CosmosFlags]) -> Sequence[Pattern]:
        flags = here.flags
        self._fetcher = Downloader(
            Allowed(flags.allowed_networks, frozenset(flags.cluster_addresses), flags.closed_ports),
            refresher.context(flags.tls_ca),
            f"cosmos/{__version__} dcos/{flags.universe_release}",
        )
        self._upstreams = (
            LeaderClient(
                "marathon",
                flags.marathon,
                None if here.files is None else here.files.client("marathon"),
                self._credential,
            ),
            LeaderClient(
                "mesos", flags.master, None if here.files is None else here.files.client("master"), self._credential
            ),
        )
        self._init, self._kernel = InitClient(self._upstreams[0]), Kernel(self._upstreams[1])
        self._tasks = ServiceTasks(self._kernel)
        mirror = None
        if flags.mirror or flags.mirror_registry:
            mirror = Mirror(flags.mirror, flags.mirror_registry, self._fetcher)
        assets: list[Assets] = []
        if flags.artifact_store is not None:

            async def digests(source: str, package: str) -> Mapping[str, str]:
                return await position.leading_shell.repositories.digests(source, package)

            store = store_of(flags.artifact_store, flags.artifact_url)
            assets.append(Artifacts(store, self._fetcher, flags.resource_size, digests))
        if mirror is not None:
            assets.append(mirror)
        packages = Packages(self._init, self._tasks, assets)
        resources = PackageResources(self._fetcher, flags.resource_size, mirror)
        return Routes(position, packages, resources, here.life.stalls).patterns()

    async def start(self, leadership: Leadership, here: Here[CosmosFlags]) -> CosmosShell:
        flags = here.flags
        job = Job(
            url="",
            folder="",
            release=flags.universe_release,
            seconds=flags.repository_timeout,
            largest=flags.repository_size,
            root=flags.repository_root,
            ca=flags.tls_ca,
            networks=tuple(str(one) for one in flags.allowed_networks),
            cluster=flags.cluster_addresses,
            ports=flags.closed_ports,
        )
        settings = RepositorySettings(Path(flags.work_dir) / "repositories", flags.repository_interval, job)
        uninstaller = Uninstaller(self._init, self._kernel, self._tasks, _remover(flags))
        return await CosmosShell.load(
            leadership, Repositories(settings), uninstaller, flags.repositories, self._close, flags.record
        )

    async def _close(self) -> None:
        for part in (*self._upstreams, self._tasks, self._fetcher):
            await part.close()


def _check_root(path: str) -> None:
    """Raises `Unusable` for a file with which every repository would be refused, as if it were tampered with."""
    from dcos_universe.index.trusted import read_root  # without the flag, python-tuf is of fetching processes alone

    try:
        read_root(Path(path))
    except UniverseError as error:
        raise Unusable(f"--repository_root={path} cannot be used", why=error.why, hint=error.hint) from error


def _remover(flags: CosmosFlags) -> RemoveNodes | None:
    """Removes nodes in the ensemble at which this daemon is elected."""
    if flags.zk is None:
        return None
    url = parse_url(flags.zk)

    async def remove(path: str) -> None:
        session = ZooKeeperSession(url.at(path), flags.zk_session_timeout)
        session.start()
        try:
            async with asyncio.timeout(NODES_SECONDS):
                await session.connected()
                await session.remove(path)
        except TimeoutError:
            raise OSError("ZooKeeper does not answer") from None
        finally:
            await session.close()

    return remove


def main() -> None:
    sys.exit(Cosmos().main())


if __name__ == "__main__":
    main()
