"""Whether clusters answer, and their versions: all are asked at once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from dcos_runtime.cli.clusters.known import KnownCluster
from dcos_runtime.cli.connection.gateway import CONNECT_SECONDS, Gateways
from dcos_runtime.cli.connection.http import Http, NoResponse, NotJson
from dcos_runtime.cli.connection.trust import read_setting
from dcos_runtime.cli.errors import CliError

AVAILABLE = "AVAILABLE"
UNAVAILABLE = "UNAVAILABLE"
UNREADABLE = "UNREADABLE"


@dataclass(frozen=True)
class Look:
    """The status of a cluster. ``version`` is empty when it is unknown."""

    cluster: KnownCluster
    url: str
    status: str
    version: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "attached": self.cluster.attached,
            "cluster_id": self.cluster.id,
            "name": self.cluster.name,
            "status": self.status,
            "url": self.url,
            "version": self.version,
        }


def look_at(clusters: Sequence[KnownCluster]) -> list[Look]:
    """In the given order. Takes as long as the slowest."""
    if not clusters:
        return []
    with ThreadPoolExecutor(max_workers=min(16, len(clusters))) as threads:
        return list(threads.map(_look, clusters))


def _look(cluster: KnownCluster) -> Look:
    try:
        url = cluster.url
    except CliError:
        return Look(cluster, "", UNREADABLE)
    try:
        return Look(cluster, url, AVAILABLE, _version(cluster, url))
    except (CliError, NoResponse, NotJson):
        return Look(cluster, url, UNAVAILABLE)


def _version(cluster: KnownCluster, url: str) -> str:
    """The version, from a page that needs no login. Raises when there is no answer."""
    if url.startswith("https://"):
        trust = read_setting(cluster.ssl_verify, f"core.ssl_verify in {cluster.file}", cluster.folder)
        gateways = Gateways(cluster.gateways(), trust, timeout=CONNECT_SECONDS)
        answer = gateways.get(f"{url}/dcos-metadata/dcos-version.json").json()
    else:
        answer = Http(CONNECT_SECONDS).get(f"{url}/version").json()
    version = answer.get("version") if isinstance(answer, dict) else None
    return version if isinstance(version, str) else ""
