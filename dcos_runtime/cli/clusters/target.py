"""The cluster that a command is for, and where that was named: a flag, DCOS_URL, DCOS_CLUSTER, or the attached cluster.

An ``https`` address is the cluster's gateway; ``http`` is a master's own port, as daemons started by hand have it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from dcos_runtime import urls
from dcos_runtime.cli.clusters.known import Clusters, KnownCluster, dcos_dir
from dcos_runtime.cli.errors import USAGE, CliError

MASTER_PORT = 5050


@dataclass(frozen=True)
class Target:
    """A base URL without a slash at its end, and its source as a phrase: ``from --master``. ``cluster``: the known
    cluster with this address.
    """

    url: str
    origin: str
    cluster: KnownCluster | None = None

    @property
    def is_gateway(self) -> bool:
        return self.url.startswith("https://")

    def beneath(self, path: str) -> Target:
        return Target(self.url + path, self.origin, self.cluster)


def find_target(flag: str | None, environment: Mapping[str, str]) -> Target:
    """The flag wins over DCOS_URL, that over DCOS_CLUSTER and the attached one. Raises `CliError` without any."""
    for address, name in ((flag, "--master"), (environment.get("DCOS_URL") or None, "DCOS_URL")):
        if address is not None:
            origin = "from --master" if address is flag else "from the environment variable DCOS_URL"
            target = Target(base_url(address, name), origin)
            try:
                known = Clusters(dcos_dir(environment))
            except CliError:
                if target.is_gateway:
                    raise
                return target  # a daemon by hand: without a folder for settings there are none
            return _known(target.url, origin, known)
    clusters = Clusters(dcos_dir(environment))
    if wanted := environment.get("DCOS_CLUSTER"):
        return _target(clusters.find(wanted), "DCOS_CLUSTER")
    attached = clusters.attached()
    if attached is None:
        raise _none_attached(clusters)
    return _target(attached, "attached")


def base_url(address: str, said_by: str) -> str:
    """``host``, ``host:port`` or an http(s) URL as a base URL. Raises `CliError` (usage) for anything else."""
    if address.startswith("zk://"):
        raise CliError(
            f"{said_by} is {address}, but dcos speaks to a master over HTTP, not to ZooKeeper",
            hints=[f"give the address of any master, such as http://198.18.0.11:{MASTER_PORT}"],
            exit_code=USAGE,
        )
    match = re.fullmatch(
        r"(?:(https?)://)?(\[[0-9a-fA-F:.]+\]|[^\s/:@?#\[\]]+)(?::([0-9]{1,5}))?(/[^\s?#]*)?", address.strip()
    )
    if match is None or not _is_whole(match[0] if match[1] else f"http://{match[0]}"):
        # The text before an @ may be a password.
        shown = f"...@{address.rpartition('@')[2]}" if "@" in address else address
        raise CliError(
            f"{said_by} is {shown!r}, which is not an address",
            hints=[f"write HOST, HOST:PORT or http://HOST:PORT (port {MASTER_PORT} is meant when none is given)"],
            exit_code=USAGE,
        )
    scheme, host, port, path = match.groups()
    # A full URL's missing port is the scheme's own, as everywhere; a bare host is a master's.
    port = port or ("" if scheme else str(MASTER_PORT))
    return f"{scheme or 'http'}://{host}{':' if port else ''}{port}{(path or '').rstrip('/')}"


def _is_whole(url: str) -> bool:
    try:
        urls.parse_web(url)
    except urls.BadUrl:
        return False
    return True


def _known(url: str, origin: str, clusters: Clusters) -> Target:
    """The settings of a known cluster apply to any of its gateways' URLs; its token is sent to no other address."""
    if not url.startswith("https://"):
        return Target(url, origin)
    ones = [cluster for cluster in clusters.all() if cluster.answers_at(url)]
    return Target(url, origin, next((one for one in ones if one.attached), ones[0] if ones else None))


def _target(cluster: KnownCluster, how: str) -> Target:
    where = f"{cluster.file}"
    url = base_url(cluster.url, f"core.dcos_url in {where}")
    which = "the attached cluster" if how == "attached" else f"the cluster that {how} names,"
    return Target(url, f"from {which} {cluster.name}, {where}", cluster)


_HOW_TO_NAME_ONE = "name the master with --master=HOST:PORT or the environment variable DCOS_URL"


def _none_attached(clusters: Clusters) -> CliError:
    known = clusters.all()
    if not known:
        return CliError(
            f"no cluster is known here ({clusters.folder} has none)",
            hints=[
                "dcos cluster setup https://MASTER, or deploy one with `dcos-installer deploy INVENTORY`",
                _HOW_TO_NAME_ONE,
            ],
        )
    return CliError(
        "no cluster is attached",
        details=[f"known: {cluster.name} ({cluster.folder})" for cluster in known],
        hints=[f"attach one: dcos cluster attach {known[0].name}", _HOW_TO_NAME_ONE],
    )


def environment() -> Mapping[str, str]:
    """The process's own."""
    return os.environ
