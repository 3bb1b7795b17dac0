"""From the path as a client sent it to its route and the path that is passed on, byte for byte. Pure. nginx compares a
path after it has decoded and normalized it; this module looks at the path as it came. A request is passed on only if
both find the same route. So no encoded slash and no ``..`` makes one route look like another.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote_from_bytes, unquote_to_bytes

from dcos_runtime import urls
from dcos_runtime.wire.quoting import shown

if TYPE_CHECKING:
    from dcos_runtime.wire.cluster_services import Routed

SERVICE = "service"
"""The route to services that run as tasks."""
_SERVICES = "/service"

_AGENT_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_NAME = re.compile(r"[A-Za-z0-9._~-]{1,128}")
_SSH = 22
LONGEST_SHOWN = 200
"""How much of a path a message quotes."""
MOST_SEGMENTS = 10
"""A service's name has at most this many parts."""


class NoRoute(Exception):
    """The request is not passed on. ``status`` and ``text`` tell the client why; with 308, ``text`` is the location."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@dataclass(frozen=True)
class Destination:
    """Where a request goes: a ``kind`` (a route of ``--services``, or `SERVICE`), for a machine its agent's id, and the
    path and query that are passed on, without ``prefix``.
    """

    kind: str
    prefix: str
    rest: str
    agent: str = ""

    def service_names(self) -> Iterator[tuple[str, str, str]]:
        """Name, prefix and rest for each number of segments that may be the service's name, the fewest first."""
        path, mark, query = self.rest.partition("?")
        segments = path.split("/")[1:]
        name = ""
        for count, segment in enumerate(segments[:MOST_SEGMENTS], start=1):
            if not _NAME.fullmatch(segment):
                return
            name = f"{name}/{segment}" if name else segment
            left = "/".join(segments[count:])
            rest = f"/{left}" if len(segments) > count else ""
            yield name, f"{self.prefix}/{name}", f"{rest}{mark}{query}"


def route_of(uri: str, location: str, routes: Sequence[Routed]) -> Destination:
    """``uri`` is a request's target as it was sent; ``location`` is the route that nginx found, one of ``routes`` or
    `SERVICE`. Raises `NoRoute`.
    """
    uri = plain(uri)
    path = uri.partition("?")[0]
    if not uri.startswith("/") or "#" in uri:
        raise NoRoute(400, "the request's target is not a path")
    if any(unquote_to_bytes(part) in (b".", b"..") for part in re.split(r"/|%2[Ff]", path)):
        raise NoRoute(400, "paths with . or .. are not passed on")
    if location == SERVICE and path.startswith(f"{_SERVICES}/"):
        return Destination(SERVICE, _SERVICES, uri[len(_SERVICES) :])
    for routed in routes:
        for prefix in routed.paths if routed.name == location else ():
            if path.startswith(f"{prefix}/"):
                whole = uri[len(prefix) :]
                return (
                    _machine(routed.name, prefix, whole)
                    if routed.leads_to == "machine"
                    else Destination(location, prefix, whole)
                )
    raise NoRoute(404, no_page(path))


def _machine(name: str, prefix: str, whole: str) -> Destination:
    """The daemon of the machine whose agent the first part of ``whole`` names."""
    agent_id = whole[1:].partition("?")[0].partition("/")[0]
    if not _AGENT_ID.fullmatch(agent_id):
        raise NoRoute(404, "what follows in the path is not an agent's id")
    left = whole[len(agent_id) + 1 :]
    return Destination(name, f"{prefix}/{agent_id}", left if left.startswith("/") else f"/{left}", agent_id)


def no_page(path: str) -> str:
    return f"{shown(path, LONGEST_SHOWN)}: no such page"


def plain(uri: str) -> str:
    """``uri`` with bytes outside of ASCII percent-encoded, as its sender should have done."""
    if uri.isascii():
        return uri
    return quote_from_bytes(uri.encode("utf-8", "surrogateescape"), safe=bytes(range(0x21, 0x7F)))


# --- where a service may be ---


@dataclass(frozen=True)
class Member:
    """An agent on which services may run: ``own`` are the ports of the machine's daemons, ``offered`` those that its
    tasks may get, as closed intervals.
    """

    own: frozenset[int] = frozenset()
    offered: tuple[tuple[int, int], ...] = ()


def refused_target(address: str, port: int, masters: Collection[str], agents: Mapping[str, Member]) -> str | None:
    """Why no request is passed on to ``address``:``port`` as a service; None when it may be. The gateway reaches more
    than its users: its own machine's loopback, our daemons' ports, the host of local machines and the rest of its
    network. So a service has to be on an agent, whatever address it reports, and at a port that tasks may have.
    """
    try:
        ip = plain_address(address)
    except ValueError:
        return "it has no address"
    if ip.is_loopback or ip.is_unspecified:
        return "its address is the gateway's own machine"
    tunnelled = isinstance(ip, ipaddress.IPv6Address) and (ip.sixtofour or ip.teredo)
    if tunnelled or ip.is_link_local or ip.is_multicast or str(ip) == "255.255.255.255":
        return "its address is not one of a machine"
    if str(ip) in masters:
        return "masters run no services"
    if port == _SSH or not 0 < port < 65536:
        return f"services do not use the port {port}"
    member = agents.get(str(ip))
    if member is None:
        return f"{ip} is not the address of an agent of this cluster"
    if port in member.own or (port < 1024 and not any(low <= port <= high for low, high in member.offered)):
        return f"services do not use the port {port} of {ip}"
    return None


def plain_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """A normalized address: an IPv4 address that is written as IPv6 becomes IPv4. Raises ``ValueError``."""
    ip = ipaddress.ip_address(address)
    return (ip.ipv4_mapped or ip) if isinstance(ip, ipaddress.IPv6Address) else ip


@dataclass(frozen=True)
class ServiceEndpoint:
    """The address that a service gives of itself. ``host`` may be a name."""

    scheme: str
    host: str
    port: int


def endpoint_of(url: str) -> ServiceEndpoint | None:
    """The address in a framework's URL; None when it has none."""
    try:
        parts = urls.parse_web(url)
    except urls.BadUrl:
        return None
    if parts.username is not None:
        return None
    return ServiceEndpoint(parts.scheme, parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
