"""The cluster's services as the installer describes them to dcos-auth: how each is asked for its health, its routes.

The installer writes the file of ``--services`` with these classes, and the gateway reads it with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

GATEWAY_PATHS = (
    "/_dcos",
    "/acs",
    "/ca",
    "/capabilities",
    "/cluster",
    "/dcos-metadata",
    "/exhibitor",
    "/health",
    "/mesos_dns",
    "/metadata",
    "/pkgpanda",
    "/service",
    "/system",
)
"""First parts of the paths of the gateway's own pages: no service takes one of them, or a path below (except
/service/<name>). A test holds this to dcos-auth's tables of pages and to nginx' locations.
"""


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a service is asked for its health. ``https``: at ``port``, whose certificate has to be of ``kind``; a status
    in ``well`` means healthy, and with ``listed`` the leading master must have a connection to it as well. ``srvr``: by
    ZooKeeper's four-letter word. ``through``: the page of another service shows it.
    """

    ask: Literal["https", "srvr", "through"]
    kind: str = ""
    port: int = 0
    path: str = ""
    well: tuple[int, ...] = (200,)
    listed: bool = False
    through: str = ""


class Routed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which paths lead to a service. ``name`` is that of the route, ``group`` its group of servers in nginx."""

    name: str
    group: str
    kind: str
    port: int
    paths: tuple[str, ...]
    leads_to: Literal["leader", "machine"]


class ServiceRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One service. ``noun`` is its name in sentences; ``title`` and ``description`` are for lists."""

    name: str
    unit: str
    title: str
    description: str
    noun: str
    hosts: Literal["all", "masters", "agents"]
    kind: str = ""
    """The kind that its certificate names."""
    ports: Mapping[str, int] = {}
    """All of its ports, by the names that its descriptor gives them."""
    reserved_ports: tuple[int, ...] = ()
    """Those that no task gets, without a service there."""
    health: Question | None = None
    route: Routed | None = None
    capabilities: tuple[str, ...] = ()
    """What a cluster with this service can do, by the names that ``/capabilities`` lists."""
    callers: tuple[str, ...] = ()
    """The kinds of other services that call it over mutual TLS."""
    passes_on: bool = False
    """It passes users' requests on to other services, and names the user to them."""
