"""The flags of ``dcos-cosmos``, the package manager."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

import msgspec

from dcos_runtime import urls
from dcos_runtime.flags.declaring import flag, varied
from dcos_runtime.flags.groups import CLUSTER_PORTS, GuardFlags, RecordingFlags
from dcos_runtime.flags.leading import PlainLeaderFlags
from dcos_runtime.flags.values import (
    ADDRESSES,
    DURATION,
    FILE,
    PORT_RANGES,
    PUBLIC_URL,
    REGISTRY,
    SIZE,
    TEXT,
    ValueType,
    merged,
    path,
    public_url,
    with_good_port,
)
from dcos_runtime.shipped_services import callers, port

_SSH = 22
Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"


def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ValueError(f"expected networks such as 198.18.0.0/24,198.18.1.5: {error}") from error


def _urls(text: str) -> tuple[str, ...]:
    found = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    for url in found:
        try:
            parts = urls.parse_web(url)
        except urls.BadUrl as error:
            raise ValueError(f"{url!r} is not http://host:port or https://host:port: {error}") from error
        if parts.path or "@" in parts.netloc:
            raise ValueError(f"{url!r} is not http://host:port or https://host:port")
        with_good_port(url)
    if not found:
        raise ValueError("expected http://host:port, or several with commas")
    return found


class _Repository(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    uri: str


def repositories(text: str) -> tuple[tuple[str, str], ...]:
    """``name=url``, with commas between; or JSON as in the response of `/package/repository/list`."""
    if text.lstrip().startswith("["):
        try:
            listed = msgspec.json.decode(text, type=list[_Repository])
        except msgspec.MsgspecError as error:
            raise ValueError('expected JSON such as [{"name": "Universe", "uri": "https://…"}]') from error
        return tuple((one.name, public_url(one.uri)) for one in listed)
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, equals, url = part.partition("=")
        if not equals or not name or not url:
            raise ValueError(f"{part!r} is not name=url")
        found.append((name.strip(), public_url(url.strip())))
    return tuple(found)


@dataclass(frozen=True)
class ArtifactPlace:
    """``kind`` is one of `STORES`; ``place`` is an address in the form of that kind."""

    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}"


STORES = ("folder",)
"""Kinds of stores for artifacts. The package manager has one class for each."""


def _store(text: str) -> ArtifactPlace:
    kind, colon, place = text.partition(":")
    if kind not in STORES or not colon:
        raise ValueError(
            f"{kind!r} is no kind of store that this version has; there is folder:/PATH, a folder that masters and "
            "agents share (HDFS is not supported)"
        )
    if not place.startswith("/") or ".." in place.split("/"):
        raise ValueError(f"{place!r} is not the absolute path of a folder; expected folder:/PATH")
    return ArtifactPlace(kind, path(place).rstrip("/") or "/")


STORE = ValueType("`folder:/PATH`", _store)
NETWORKS = ValueType("networks", _networks, lambda value: ",".join(str(one) for one in value))
URLS = ValueType("URLs", _urls, ",".join)
REPOSITORIES = ValueType("`name=url,…`", repositories, lambda value: ",".join(f"{name}={url}" for name, url in value))


@dataclass(frozen=True, kw_only=True)
class CosmosFlags(PlainLeaderFlags, RecordingFlags):
    """The flags of ``dcos-cosmos``."""

    program: ClassVar[str] = "dcos-cosmos"
    prefix: ClassVar[str] = "COSMOS_"

    tls_clients: tuple[str, ...] = varied(GuardFlags, "tls_clients", default=callers("cosmos"))
    http_port: int = varied(PlainLeaderFlags, "http_port", default=port("cosmos", "plain"))
    tls_port: int = varied(PlainLeaderFlags, "tls_port", default=port("cosmos", "tls"))
    work_dir: str = varied(
        PlainLeaderFlags, "work_dir", more="with `zk` only what was fetched of the repositories is there"
    )
    marathon: tuple[str, ...] = flag(
        URLS,
        "the inits, `http://host:port` or, with `tls_ca`, `https://host:port`; each passes on to the one that leads",
        default=(f"http://127.0.0.1:{port('marathon', 'plain')}",),
    )
    master: tuple[str, ...] = flag(
        URLS,
        "the masters, in the same way; over plain HTTP the leading one has to be among them",
        default=(f"http://127.0.0.1:{port('master', 'plain')}",),
    )
    principal: str | None = flag(TEXT, "principal to ask inits and masters as (HTTP Basic), without `tls_ca`")
    secret_file: str | None = flag(FILE, "file that holds the secret of that principal")
    repositories: tuple[tuple[str, str], ...] = flag(
        REPOSITORIES,
        "the repositories of a cluster whose list was never changed, the first before the others",
        default=(),
    )
    repository_root: str | None = flag(
        FILE,
        "TUF root metadata (JSON) that every repository has to be signed by; without it they are taken as they come",
    )
    repository_interval: float = flag(DURATION, "how often repositories are looked at for changes", default=60.0)
    repository_timeout: float = flag(DURATION, "how long fetching one file of a repository may take", default=60.0)
    repository_size: int = flag(SIZE, "largest file of a repository, unpacked", default=256 * 1024 * 1024)
    resource_size: int = flag(SIZE, "largest file that `/package/resource` hands on", default=4 * 1024 * 1024 * 1024)
    allowed_networks: tuple[Network, ...] = flag(
        NETWORKS,
        "what may be fetched from although it is loopback, link-local or an endpoint of the cluster",
        default=(),
    )
    cluster_addresses: tuple[str, ...] = flag(
        ADDRESSES, "addresses of the cluster's machines: nothing is fetched from their daemons' ports", default=()
    )
    closed_ports: tuple[tuple[int, int], ...] = flag(
        PORT_RANGES,
        "those ports",
        default=merged([(_SSH, _SSH), *CLUSTER_PORTS]),
    )
    mirror: str | None = flag(
        PUBLIC_URL,
        "base URL of the cluster's own mirror: artifacts are fetched from there by digest, and none from elsewhere",
    )
    mirror_registry: str | None = flag(
        REGISTRY, "`host:port` of the registry that has the packages' images, in front of their names"
    )
    artifact_store: ArtifactPlace | None = flag(
        STORE,
        "where artifacts of packages are put when they are installed, and fetched from by agents; without it agents "
        "fetch them from where the package says",
    )
    artifact_url: str | None = flag(
        PUBLIC_URL,
        "base URL at which agents reach what lies in `artifact_store`",
        instead="`file://` and the path there",
    )
    universe_release: str = flag(TEXT, "version of DC/OS that repositories are asked for packages of", default="2.0")
