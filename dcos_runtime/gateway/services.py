"""The cluster's services as dcos-auth is told of them (``--services``): how each is asked, which paths lead to it.

The installer writes the file from the services' descriptors. Without one it is what a kernel and an init by hand are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec


class Question(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a service is asked how it is. ``https``: at ``port``, whose certificate has to be of ``kind``; a status in
    ``well`` is a good answer, and with ``listed`` the leading master must have a connection to it as well. ``srvr``: by
    ZooKeeper's four-letter word. ``through``: not itself, but by what the page of another service says.
    """

    ask: Literal["https", "srvr", "through"]
    kind: str = ""
    port: int = 0
    path: str = ""
    well: tuple[int, ...] = (200,)
    listed: bool = False
    through: str = ""


class Routed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which paths lead to a service. ``door`` is what nginx calls them, ``group`` its group of servers."""

    door: str
    group: str
    kind: str
    port: int
    paths: tuple[str, ...]
    leads_to: Literal["leader", "machine"]


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One service. ``called`` stands in sentences, ``title`` and ``description`` in lists."""

    name: str
    unit: str
    title: str
    description: str
    called: str
    hosts: Literal["all", "masters", "agents"]
    health: Question | None = None
    route: Routed | None = None


class ServicesUnusable(ValueError):
    """The file of --services cannot be used. The text says why."""


def load(path: Path) -> tuple[Service, ...]:
    """Raises `ServicesUnusable`."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Service, ...])
    except OSError as error:
        raise ServicesUnusable(f"--services: {path} cannot be read: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise ServicesUnusable(f"--services: {path} is no list of services: {error}") from error


def by_hand(*, master: int, init: int, agent: int, gateway: int) -> tuple[Service, ...]:
    """Kernel, init and gateway at these ports, for a front door that somebody starts by hand."""

    def service(
        name: str, title: str, description: str, called: str, hosts: Literal["masters", "agents"], **more: object
    ) -> Service:
        unit = f"dcos-{name}.service"
        return Service(name, unit, title, description, called, hosts, **more)  # type: ignore[arg-type]

    def https(kind: str, port: int, path: str, **more: object) -> Question:
        return Question("https", kind, port, path, **more)  # type: ignore[arg-type]

    return (
        service(
            "zookeeper",
            "ZooKeeper",
            "coordination: who leads, and what must not be lost",
            "ZooKeeper",
            "masters",
            health=Question("srvr"),
        ),
        service(
            "master",
            "DC/OS Master",
            "the kernel's master: agents, offers, frameworks",
            "master",
            "masters",
            health=https("master", master, "/health"),
            route=Routed("mesos", "dcos_master", "master", master, ("/mesos",), "leader"),
        ),
        service(
            "marathon",
            "DC/OS Marathon",
            "the init: keeps apps running",
            "init",
            "masters",
            health=https("marathon", init, "/ping"),
            route=Routed("init", "dcos_init", "marathon", init, ("/marathon", "/service/marathon"), "leader"),
        ),
        service(
            "auth",
            "DC/OS Auth",
            "users, tokens, and where the gateway's requests lead",
            "dcos-auth",
            "masters",
            health=Question("through", through="gateway"),
        ),
        service(
            "gateway",
            "DC/OS Gateway",
            "nginx: the one door of the cluster",
            "gateway",
            "masters",
            health=https("gateway", gateway, "/health", well=(200, 503)),
        ),
        service(
            "agent",
            "DC/OS Agent",
            "the kernel's agent: runs tasks",
            "agent",
            "agents",
            health=https("agent", agent, "/health", listed=True),
            route=Routed("agent", "dcos_agent", "agent", agent, ("/agent", "/slave"), "machine"),
        ),
    )
