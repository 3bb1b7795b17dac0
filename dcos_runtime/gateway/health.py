"""The health of the cluster's machines, in the form of DC/OS' diagnostics: what their daemons answer. No process of
ours watches a machine's units, so the daemons are asked, over mutual TLS: only the right kind of daemon on that host
counts. ZooKeeper, which has no TLS here, is asked for its mode. All are asked at once, whenever the page is requested.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from dcos_runtime import tls
from dcos_runtime.gateway.backends import CONNECT_SECONDS, Cached, NoAnswer, bracketed
from dcos_runtime.gateway.responses import ErrorResponse
from dcos_runtime.gateway.targets import AgentAddresses, Names, host_of
from dcos_runtime.network_errors import cause
from dcos_runtime.wire.cluster_services import ServiceRecord
from dcos_runtime.wire.quoting import shown

WELL, UNWELL, UNKNOWN = 0, 1, 3
LOOK_SECONDS = 4.0
"""How long a daemon may take to answer for its health."""
FRESH_SECONDS = 2.0
REMEMBERED_SECONDS = 3600.0
"""Seconds for which an agent is still listed that no master knows any more."""
_AT_ONCE = 128


@dataclass(frozen=True)
class Finding:
    """A daemon's health. ``output`` says why it is not healthy."""

    health: int
    output: str = ""


@dataclass(frozen=True)
class HostHealth:
    """The health of one machine: of its units, by name."""

    ip: str
    role: str
    host: str
    units: Mapping[str, Finding]
    mesos_id: str = ""

    @property
    def health(self) -> int:
        found = {finding.health for finding in self.units.values()}
        return UNWELL if UNWELL in found else UNKNOWN if UNKNOWN in found else WELL


@dataclass(frozen=True)
class Report:
    """The health of all machines at one time."""

    at: float
    nodes: Mapping[str, HostHealth]
    services: Mapping[str, ServiceRecord]
    """The services by their units, in the order of the page."""

    @property
    def units(self) -> list[str]:
        return [unit for unit in self.services if self.of_unit(unit)]

    def of_unit(self, unit: str) -> list[HostHealth]:
        return [node for node in self.nodes.values() if unit in node.units]

    def unit_health(self, unit: str) -> int:
        """The health of the unhealthiest one."""
        return max(node.units[unit].health for node in self.of_unit(unit))


class DaemonProbe:
    """Asks one kind of daemon for its health, on any host."""

    def __init__(self, kind: str, port: int, path: str, files: tls.TlsFiles | None) -> None:
        """Raises `tls.TlsError`."""
        self._kind = kind
        self._rest = f":{port}{path}"
        self._scheme = "http" if files is None else "https"
        self._tls = True if files is None else files.client(kind)
        self._http: aiohttp.ClientSession | None = None

    async def ask(self, ip: str) -> tuple[int, str]:
        """The status of the response, 0 when there is none, and why it is not 200."""
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._tls, limit=_AT_ONCE),
                timeout=aiohttp.ClientTimeout(total=LOOK_SECONDS, sock_connect=CONNECT_SECONDS),
            )
        try:
            url = f"{self._scheme}://{bracketed(ip)}{self._rest}"
            async with self._http.get(url, allow_redirects=False) as answer:
                return answer.status, "" if answer.status == 200 else f"it answers {answer.status}"
        except (aiohttp.ClientConnectorCertificateError, ssl.SSLCertVerificationError) as error:
            what = f"what answers at {ip}{self._rest} does not prove to be the {self._kind} of that host"
            return 0, f"{what}: {cause(error)}"
        except TimeoutError:
            return 0, f"{ip}{self._rest} does not answer within {LOOK_SECONDS:.0f} s"
        except (aiohttp.ClientError, OSError) as error:
            return 0, f"{ip}{self._rest} does not answer: {cause(error)}"

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()


class Probes:
    """The probes of services that answer over HTTP, by name."""

    def __init__(self, services: Iterable[ServiceRecord], files: tls.TlsFiles | None) -> None:
        """Raises `tls.TlsError`."""
        self._probes = {
            service.name: DaemonProbe(asked.kind, asked.port, asked.path, files)
            for service in services
            if (asked := service.health) is not None and asked.ask == "https"
        }

    async def ask(self, name: str, ip: str) -> tuple[int, str]:
        return await self._probes[name].ask(ip)

    async def close(self) -> None:
        await asyncio.gather(*(probe.close() for probe in self._probes.values()))


@dataclass
class _Seen:
    """An agent as a master last listed it."""

    role: str
    host: str
    mesos_id: str
    at: float
    active: bool = True


@dataclass
class ClusterHealth:
    """``zookeeper``: ``host:port`` of each member. ``mode``: asks a member for its mode, "" when it does not serve."""

    ip: str
    masters: Sequence[str]
    zookeeper: Sequence[str]
    agents: AgentAddresses
    names: Names
    probes: Probes
    services: Sequence[ServiceRecord]
    mode: Callable[[str], Any]
    version: str
    _seen: dict[str, _Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._report: Cached[Report] = Cached(self._look, FRESH_SECONDS, 0.0)
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    # --- looking ---

    async def _look(self) -> Report:
        listed = await self._remember()
        looks: list[Any] = [self._master(ip) for ip in sorted(self.masters)]
        looks += [self._agent(ip, seen, listed) for ip, seen in sorted(self._seen.items()) if ip not in self.masters]
        nodes = await asyncio.gather(*looks)
        known = {service.unit: service for service in self.services}
        return Report(time.time(), {node.ip: node for node in nodes}, known)

    async def _remember(self) -> set[str] | None:
        """The agents that the leading master lists; None when no master answers."""
        try:
            agents = await self.agents.all()
        except NoAnswer:
            return None
        now, listed = time.monotonic(), set()
        for agent in agents:
            if (ip := host_of(agent)) is not None:
                role = "agent_public" if "public_ip" in (agent.get("attributes") or {}) else "agent"
                host, mesos_id = str(agent.get("hostname", "")), str(agent.get("id", ""))
                previous = self._seen.get(ip)
                if ip in listed and previous is not None and previous.active:
                    continue  # its former registration is listed beside the present one
                self._seen[ip] = _Seen(role, host, mesos_id, now, bool(agent.get("active")))
                listed.add(ip)
        for ip in [ip for ip, seen in self._seen.items() if seen.at < now - REMEMBERED_SECONDS]:
            del self._seen[ip]
        return listed

    async def _master(self, ip: str) -> HostHealth:
        return HostHealth(ip, "master", ip, await self._units(ip, ("all", "masters")))

    async def _agent(self, ip: str, seen: _Seen, listed: set[str] | None) -> HostHealth:
        async with self._at_once:
            units = await self._units(ip, ("all", "agents"))
        for service in self.services:
            asked = service.health
            if asked is None or not asked.listed or service.unit not in units or listed is None:
                continue
            if units[service.unit].health == WELL and (ip not in listed or not seen.active):
                why = "it answers, but the leading master has no connection to it"
                units[service.unit] = Finding(UNWELL, why)
        return HostHealth(ip, seen.role, seen.host, units, seen.mesos_id)

    async def _units(self, ip: str, hosts: tuple[str, ...]) -> dict[str, Finding]:
        """The health of those units of a machine that can be asked; all at once."""
        here = [service for service in self.services if service.hosts in hosts and service.health is not None]
        answers = await asyncio.gather(*(self._ask(service, ip) for service in here))
        by_name = {service.name: answer for service, answer in zip(here, answers, strict=True)}
        nouns = {service.name: service.noun for service in here}
        units = {}
        for service, answer in zip(here, answers, strict=True):
            asked = service.health
            assert asked is not None
            if asked.ask == "through":
                other = nouns.get(asked.through, asked.through)
                units[service.unit] = _finding_of_page(other, service, by_name.get(asked.through))
            elif answer is not None:
                status, why = answer
                units[service.unit] = Finding(WELL) if status in asked.well else Finding(UNWELL, why)
        return units

    async def _ask(self, service: ServiceRecord, ip: str) -> tuple[int, str] | None:
        """The status, and what is wrong; None for a unit that cannot be asked."""
        asked = service.health
        assert asked is not None
        match asked.ask:
            case "https":
                return await self.probes.ask(service.name, ip)
            case "srvr":
                member = next((one for one in self.zookeeper if one.rpartition(":")[0].strip("[]") == ip), None)
                if member is None:
                    return None
                return (200, "") if await self.mode(member) else (0, f"{member} serves nobody")
        return None

    # --- telling ---

    async def page(self, parts: Sequence[str]) -> Any:
        """The page at ``/system/health/v1/<parts>``. Raises `ErrorResponse` where there is none."""
        report = await self._report.get()
        match list(parts):
            case []:
                return self._own(report)
            case ["report"]:
                return await self._whole(report)
            case ["nodes"]:
                return _nodes(report.nodes.values())
            case ["nodes", ip]:
                return _node(_of(report, ip))
            case ["nodes", ip, "units"]:
                return {
                    "units": [_unit(report, unit, finding.health) for unit, finding in _of(report, ip).units.items()]
                }
            case ["nodes", ip, "units", unit]:
                return _in_full(report, _of(report, ip), _named(report, unit, ip))
            case ["units"]:
                return {"units": [_unit(report, unit, report.unit_health(unit)) for unit in report.units]}
            case ["units", unit]:
                return _unit(report, _named(report, unit), report.unit_health(_named(report, unit)))
            case ["units", unit, "nodes"]:
                unit = _named(report, unit)
                return _nodes(report.of_unit(unit), unit)
            case ["units", unit, "nodes", ip]:
                unit, node = _named(report, unit, ip), _of(report, ip)
                return {**_node(node, unit), "output": node.units[unit].output, "help": _help(node, unit)}
        raise ErrorResponse(404, "no such page of the cluster's health")

    def _own(self, report: Report) -> dict[str, Any]:
        node = _of(report, self.ip)
        return {
            "units": [_in_full(report, node, unit) for unit in node.units],
            "hostname": node.host,
            "ip": node.ip,
            "dcos_version": self.version,
            "node_role": node.role,
            "mesos_id": node.mesos_id,
            "dcos_diagnostics_version": "",
        }

    async def _whole(self, report: Report) -> dict[str, Any]:
        leader = await self.names.leader()
        at = datetime.fromtimestamp(report.at, UTC).isoformat().replace("+00:00", "Z")

        def node(one: HostHealth) -> dict[str, Any]:
            return {
                "Leader": one.ip == leader,
                "Role": one.role,
                "IP": one.ip,
                "Host": one.host,
                "Health": one.health,
                "Output": {unit: finding.output for unit, finding in one.units.items()},
                "MesosID": one.mesos_id,
            }

        def unit(name: str, health: int) -> dict[str, Any]:
            service = report.services[name]
            return {
                "UnitName": name,
                "Health": health,
                "Title": service.description,
                "Timestamp": at,
                "PrettyName": service.title,
            }

        return {
            "Units": {
                name: {
                    **unit(name, report.unit_health(name)),
                    "Nodes": [{**node(one), "Health": one.units[name].health} for one in report.of_unit(name)],
                }
                for name in report.units
            },
            "Nodes": {
                ip: {**node(one), "Units": [unit(name, finding.health) for name, finding in one.units.items()]}
                for ip, one in report.nodes.items()
            },
            "UpdatedTime": at,
        }


def _finding_of_page(other: str, service: ServiceRecord, answer: tuple[int, str] | None) -> Finding:
    """The health that another service's page gives of this one: 503 there means that it does not answer."""
    status = answer[0] if answer is not None else 0
    if status == 200:
        return Finding(WELL)
    if status == 503:
        return Finding(UNWELL, f"its {other} says that {service.noun} does not answer, or knows no users")
    return Finding(UNKNOWN, f"its {other} cannot be asked about it")


def _of(report: Report, ip: str) -> HostHealth:
    node = report.nodes.get(ip)
    if node is None:
        raise ErrorResponse(404, f"{shown(ip)} is the address of no machine of this cluster")
    return node


def _named(report: Report, unit: str, ip: str = "") -> str:
    """A unit's full name; with ``ip``: a unit of that machine."""
    name = unit if unit.endswith(".service") else f"{unit}.service"
    known = _of(report, ip).units if ip else report.units
    if name not in known:
        raise ErrorResponse(
            404, f"there is no unit {shown(unit)}{f' on {ip}' if ip else ''} that can be asked how it is"
        )
    return name


def _nodes(nodes: Iterable[HostHealth], unit: str = "") -> dict[str, Any]:
    return {"nodes": [_node(node, unit) for node in nodes]}


def _node(node: HostHealth, unit: str = "") -> dict[str, Any]:
    return {"host_ip": node.ip, "health": node.units[unit].health if unit else node.health, "role": node.role}


def _unit(report: Report, unit: str, health: int) -> dict[str, Any]:
    service = report.services[unit]
    return {"id": unit, "name": service.title, "health": health, "description": service.description}


def _in_full(report: Report, node: HostHealth, unit: str) -> dict[str, Any]:
    finding = node.units[unit]
    return {**_unit(report, unit, finding.health), "output": finding.output, "help": _help(node, unit)}


def _help(node: HostHealth, unit: str) -> str:
    return f"On {node.ip}: systemctl status {unit}; journalctl --unit={unit}"
