"""All services that have a role, and the values that follow from all descriptors together. Pure, except `load`."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from dcos_installer.config.problems import Problem
from dcos_installer.data import roles_dir
from dcos_installer.services.descriptor import FourLetter, Https, OpenTo, Route, Service, ServicePort, Socket
from dcos_installer.services.reading import FILE, Described, DescriptorsInvalid
from dcos_runtime.wire.cluster_services import GATEWAY_PATHS, Question, Routed, ServiceRecord

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec

_FIRST = {"all": 0, "masters": 1, "agents": 2}
"""The order among services that may start next: those of every host first, then those of masters."""
_TASKS = "/service"
"""The path in Marathon below which services run as tasks, by their names."""


@dataclass(frozen=True)
class Catalog:
    """The services, each after those that start before it."""

    services: tuple[Service, ...]

    def __iter__(self) -> Iterator[Service]:
        return iter(self.services)

    def __getitem__(self, name: str) -> Service:
        return self._by_name[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    @cached_property
    def _by_name(self) -> Mapping[str, Service]:
        return {service.name: service for service in self.services}

    def groups(self, service: Service) -> str:
        """The users whose sockets the service's unit uses, as a unit file lists them."""
        return " ".join(self[name].user_name for name in service.joins)

    # --- the services of a host ---

    def on(self, host: HostSpec) -> tuple[Service, ...]:
        """The services of a host, in the order in which they start."""
        return tuple(service for service in self.services if runs_on(service, host))

    def needed_by(self, name: str, among: Sequence[Service]) -> tuple[Service, ...]:
        """The service ``name`` and those that start before it, limited to ``among`` and in its order."""
        wanted = {name}
        for service in reversed(self.services):
            if service.name in wanted:
                wanted |= set(service.after)
        return tuple(service for service in among if service.name in wanted)

    def order(self, service: Service, host: HostSpec) -> str:
        """The units of the host that start before the service's, as ``After=`` lists them."""
        before = self.needed_by(service.name, self.on(host))
        return " ".join(one.unit_name for one in before if one is not service)

    def checked_by(self, check: str) -> tuple[Service, ...]:
        return tuple(service for service in self.services if service.checked_by == check)

    @property
    def asked(self) -> tuple[Service, ...]:
        """The services whose health is checked on each of their hosts, with mutual TLS."""
        return tuple(s for s in self.services if s.checked_by is None and isinstance(s.health, Https))

    def callers(self, name: str) -> list[str]:
        """The kinds of certificates of the services that call the service ``name``, sorted."""
        called = self[name]
        is_asked = isinstance(called.health, Https)
        found = {
            service.tls
            for service in self.services
            if name in service.calls or (service.passes_on and called.route) or (service.asks_health and is_asked)
        }
        return sorted(kind for kind in found - {called.tls} if kind)

    @property
    def speakers(self) -> list[str]:
        """The kinds of certificates of the services that pass users' requests on, sorted."""
        return sorted(service.tls for service in self.services if service.passes_on and service.tls)

    # --- ports ---

    @cached_property
    def ports(self) -> Mapping[int, tuple[Service, ServicePort]]:
        return {port.number: (service, port) for service in self.services for port in service.ports.values()}

    @cached_property
    def all_ports(self) -> tuple[int, ...]:
        """Every port of a daemon, sorted: tasks get none of them, on any machine."""
        reserved = {number for service in self.services for number in service.reserved_ports}
        return tuple(sorted({*self.ports, *reserved}))

    @cached_property
    def kinds(self) -> Mapping[int, str]:
        """The ports with TLS, and the kind of daemon whose certificate is used there."""
        return {number: service.tls for number, (service, port) in self.ports.items() if port.tls and service.tls}

    def open_to(self, whom: OpenTo) -> list[int]:
        return sorted(number for number, (_, port) in self.ports.items() if port.open_to == whom)

    @cached_property
    def numbers(self) -> Mapping[str, Mapping[str, int]]:
        """``numbers["master"]["plain"]``: a port's number by service and name."""
        return {s.name: {name: port.number for name, port in s.ports.items()} for s in self.services}

    def port(self, service: str, name: str) -> int:
        return self.numbers[service][name]

    def url(self, service: str, name: str, address: str) -> str:
        """The URL of that port of a service on the host at ``address``, without a path."""
        port = self[service].ports[name]
        scheme, usual = ("https", 443) if port.tls else ("http", 80)
        return f"{scheme}://{address}" + ("" if port.number == usual else f":{port.number}")

    @cached_property
    def store_port(self) -> int:
        """The port of the store for its clients: that of the service with a health check for ZooKeeper."""
        return next(
            service.ports[service.health.port].number
            for service in self.services
            if isinstance(service.health, FourLetter)
        )

    # --- the gateway ---

    @property
    def routed(self) -> tuple[tuple[Service, Route], ...]:
        return tuple((service, service.route) for service in self.services if service.route)

    @property
    def routes(self) -> list[dict[str, Any]]:
        """The routes in the gateway's configuration."""
        return [
            {
                **msgspec.structs.asdict(routed),
                "noun": service.noun,
                "body": f"{route.body_mb}m" if route.body_mb % 1024 else f"{route.body_mb // 1024}g",
                "silence_seconds": route.silence_seconds,
            }
            for service, route in self.routed
            if (routed := _routed(service))
        ]

    @property
    def prefixes(self) -> list[str]:
        """All paths of the gateway below which requests are forwarded, the shortest first."""
        paths = [path for _, route in self.routed for path in route.paths]
        return sorted([*paths, _TASKS], key=lambda path: path.count("/"))

    @property
    def records(self) -> tuple[ServiceRecord, ...]:
        """The services as dcos-auth gets them."""
        return tuple(_record(self, service) for service in self.services)

    @cached_property
    def services_file(self) -> str:
        """The file of ``--services``, as JSON."""
        return text_of(self.records)


def text_of(records: Sequence[ServiceRecord]) -> str:
    return msgspec.json.format(msgspec.json.encode(records), indent=1).decode() + "\n"


def runs_on(service: Service, host: HostSpec) -> bool:
    match service.hosts:
        case "masters":
            return host.is_master
        case "agents":
            return host.is_agent
    return True


def _record(catalog: Catalog, service: Service) -> ServiceRecord:
    return ServiceRecord(
        name=service.name,
        unit=service.unit_name,
        title=service.title,
        description=service.description,
        noun=service.noun,
        hosts=service.hosts,
        kind=service.tls or "",
        ports={name: port.number for name, port in service.ports.items()},
        reserved_ports=service.reserved_ports,
        health=_question(service),
        route=_routed(service),
        capabilities=service.capabilities,
        callers=tuple(catalog.callers(service.name)),
        passes_on=service.passes_on,
    )


def _question(service: Service) -> Question | None:
    match service.health:
        case Https() as asked:
            port = service.ports[asked.port].number
            return Question("https", service.tls or "", port, asked.path, asked.well, asked.listed)
        case Socket() as asked:
            return Question("through", through=asked.through)
        case FourLetter() as asked:
            return Question(asked.ask, port=service.ports[asked.port].number)
    return None


def _routed(service: Service) -> Routed | None:
    if not (route := service.route):
        return None
    port = service.ports[route.port].number
    return Routed(route.name or service.name, _group(service), service.tls or "", port, route.paths, route.leads_to)


def _group(service: Service) -> str:
    """nginx' name for the servers of a service: one word, from the service's name."""
    return "dcos_" + re.sub(r"[^a-z0-9]+", "_", service.noun.lower())


def load(folder: Path | None = None) -> Catalog:
    """The descriptors of the roles in ``folder`` (the installer's own when None). Raises `DescriptorsInvalid`."""
    folder = roles_dir() if folder is None else folder
    homes = sorted(home for home in folder.iterdir() if (home / FILE).exists() or (home / "tasks").is_dir())
    described = [Described(home / FILE) for home in homes]
    problems = [problem for one in described for problem in one.problems]
    problems += _together({one.path.parent.name: one for one in described if one.service})
    if problems:
        raise DescriptorsInvalid(problems)
    return Catalog(_ordered([one.service for one in described if one.service]))


@cache
def installed() -> Catalog:
    """The services of this installer."""
    return load()


def _ordered(services: Sequence[Service]) -> tuple[Service, ...]:
    """Each service after those it names; those of every host first, then by name."""
    known = {service.name: service for service in services}
    waiting = {service.name: {name for name in service.after if name in known} for service in services}
    ready = [(_FIRST[s.hosts], s.name) for s in services if not waiting[s.name]]
    heapq.heapify(ready)
    found = []
    while ready:
        _, name = heapq.heappop(ready)
        found.append(known[name])
        del waiting[name]
        for other, names in waiting.items():
            if name in names:
                names.discard(name)
                if not names:
                    heapq.heappush(ready, (_FIRST[known[other].hosts], other))
    return tuple(found)


# --- problems of several descriptors together, or of a name in one of them ---


def _together(described: Mapping[str, Described]) -> Iterator[Problem]:
    for one in described.values():
        yield from _names(one, described)
    yield from _circles(described)
    yield from _twice(described)


def _names(one: Described, described: Mapping[str, Described]) -> Iterator[Problem]:
    """Problems: names of ports, files, kinds and services that do not exist."""
    service = one.service
    assert service is not None
    named = (
        [(("health", "port"), service.health.port)] if service.health and not isinstance(service.health, Socket) else []
    )
    named += [(("route", "port"), service.route.port)] if service.route else []
    named += [(("metrics", "port"), service.metrics.port)] if service.metrics else []
    for where, known in named:
        if known not in service.ports:
            yield one.problem(f"{'.'.join(where)}: {service.name} has no port {known}", _has(service.ports), *where)
        elif not service.ports[known].tls and not (
            where[0] == "health" and service.health and service.health.ask == "srvr"
        ):
            yield one.problem(
                f"{'.'.join(where)}: any process could answer at the port {known}",
                "name a port with tls: true",
                *where,
            )
    for number, name in enumerate(service.after):
        if name not in described:
            yield one.problem(f"after: there is no service {name}", "name one of roles/", "after", number)
    for number, name in enumerate(service.calls):
        if name not in described:
            yield one.problem(f"calls: there is no service {name}", "name one of roles/", "calls", number)
    for number, name in enumerate(service.joins):
        joined = described[name].service if name in described else None
        if joined is None or not joined.user:
            yield one.problem(
                f"joins: there is no service {name} with a user", "name one of roles/ that has one", "joins", number
            )
    for key in ("calls", "passes_on", "asks_health"):
        if getattr(service, key) and not service.tls:
            yield one.problem(f"{key}: the service has no certificate to show there", "add the key tls", key)
    if isinstance(service.health, Socket) and service.health.through not in described:
        yield one.problem("health.through: there is no such service", "name one of roles/", "health", "through")
    for name, port in service.ports.items():
        if port.tls and not service.tls:
            yield one.problem(
                f"ports.{name}: tls: true, and the service has no certificate", "add the key tls", "ports", name
            )
    if service.tls and not any(secret.kind == "certificate" for secret in service.secrets):
        yield one.problem("tls: its certificate is not among its secrets", "add - kind: certificate to secrets", "tls")
    if not service.tls and any(secret.kind == "certificate" for secret in service.secrets):
        yield one.problem("secrets: a certificate wants a kind", "add the key tls", "secrets")
    if service.route and service.route.leads_to == "leader" and service.hosts != "masters":
        yield one.problem(
            "route: what leads runs on masters, and it does not",
            "write hosts: masters, or leads_to: machine",
            "route",
        )
    if service.route and service.route.leads_to == "machine" and service.hosts != "agents":
        yield one.problem("route: leads_to: machine is for services of agents", "write hosts: agents", "route")
    if service.firewall and service.firewall.rules not in {file.path for file in service.files}:
        yield one.problem(
            f"firewall.rules: {service.firewall.rules} is not one of its files", "add it to files", "firewall", "rules"
        )
    home = one.path.parent
    for number, file in enumerate(service.files):
        folder, name = ("files", file.copy_of) if file.copy_of else ("templates", file.source)
        if not (home / folder / name).is_file():
            yield one.problem(
                f"files: {home.name}/{folder}/{name} is not there", "add it, or correct its name", "files", number
            )
    if not (home / "templates" / f"{service.unit_name}.j2").is_file():
        yield one.problem(
            f"unit: {home.name}/templates/{service.unit_name}.j2 is not there", "add the unit's text", "unit"
        )
    for number, path in enumerate(service.route.paths if service.route else ()):
        taken = next((taken for taken in GATEWAY_PATHS if path == taken or path.startswith(f"{taken}/")), "")
        if taken and not (taken == _TASKS and path != taken):
            yield one.problem(
                f"route.paths: {path} is one of the gateway's own", "choose another", "route", "paths", number
            )


def _circles(described: Mapping[str, Described]) -> Iterator[Problem]:
    services = [one.service for one in described.values() if one.service]
    done = {service.name for service in _ordered(services)}
    for name in sorted(described.keys() - done):
        one = described[name]
        yield one.problem(f"after: {name} waits for itself, by way of others", "take one of them out of after", "after")


def _twice(described: Mapping[str, Described]) -> Iterator[Problem]:
    """Problems: ports, paths and kinds that two services have."""
    first: dict[tuple[str, object], tuple[str, int, Path]] = {}

    def taken(one: Described, what: str, thing: object, *where: str | int) -> Iterator[Problem]:
        name, line, path = first.setdefault((what, thing), (one.path.parent.name, one.line(*where), one.path))
        if name != one.path.parent.name:
            yield one.problem(f"{what} {thing} is {name}'s already ({path}:{line})", "choose another", *where)

    for one in described.values():
        service = one.service
        assert service is not None
        for name, port in service.ports.items():
            yield from taken(one, "port", port.number, "ports", name, "number")
        yield from taken(one, "unit", service.unit_name, "unit")
        yield from taken(one, "the name", service.noun, "noun")
        if service.tls:
            yield from taken(one, "the kind", service.tls, "tls")
        if service.firewall:
            yield from taken(one, "the firewall", "of the host", "firewall")
        for number, secret in enumerate(service.secrets):
            yield from taken(one, "the secret", service.secret_name(secret), "secrets", number)
        for number, file in enumerate(service.files):
            yield from taken(one, "the file", file.path, "files", number)
        if service.route:
            yield from taken(one, "the route", service.route.name or service.name, "route", "name")
            for number, path in enumerate(service.route.paths):
                yield from taken(one, "the path", path, "route", "paths", number)


def _has(ports: Mapping[str, ServicePort]) -> str:
    return f"it has {', '.join(ports)}" if ports else "add it to ports"
