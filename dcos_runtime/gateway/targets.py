"""Finds agents, services and names: from the master's agents and tasks, the init's apps, and what frameworks say of
themselves.
"""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from dcos_runtime import tls
from dcos_runtime.gateway import mesos_dns
from dcos_runtime.gateway.backends import Backend, Cached, NoAnswer, bracketed
from dcos_runtime.gateway.routing import Member, NoRoute, ServiceEndpoint, endpoint_of, plain_address, refused_target

AGENT_SECONDS = 10.0
SERVICE_SECONDS = 1.0
FRAMEWORK_SECONDS = 5.0
MEMBER_SECONDS = 2.0
NAME_SECONDS = 1.0
STATE_SECONDS = 30.0
STALE_SECONDS = 30.0
_MOST_AGENTS = 20_000

_PID = re.compile(r"[^@]*@(?P<ip>.+):(?P<port>[0-9]+)")
_INTERVAL = re.compile(r"([0-9]{1,5})-([0-9]{1,5})")


class AgentAddresses:
    """Addresses by id, as the masters list them. ``ports``: of all daemons that run on agents' machines."""

    def __init__(self, master: Backend, ports: Collection[int]) -> None:
        self._master = master
        self._ports = frozenset(ports)
        self._known: OrderedDict[str, Cached[str]] = OrderedDict()
        self._members: Cached[dict[str, Member]] = Cached(self._ask_all, MEMBER_SECONDS, STALE_SECONDS)

    async def target(self, agent_id: str, kind: str, port: int) -> tuple[str, str]:
        """``ip:port`` of a daemon of that kind on the agent's machine, and the name in its certificate. Raises
        `NoRoute`, `NoAnswer`.
        """
        known = self._known.get(agent_id)
        if known is None:
            known = self._known[agent_id] = Cached(lambda: self._ask(agent_id), AGENT_SECONDS, STALE_SECONDS)
            if len(self._known) > _MOST_AGENTS:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(agent_id)
        try:
            ip = await known.get()
            return f"{bracketed(ip)}:{port}", tls.name_at(kind, ip)
        except NoRoute:
            self._known.pop(agent_id, None)
            raise

    async def all(self) -> list[dict[str, Any]]:
        """As the master's ``/slaves`` lists them; those that it waits for after a failover, too. Raises `NoAnswer`."""
        answer: dict[str, Any] = await self._master.ask("/slaves")
        return [*answer.get("slaves", ()), *answer.get("recovered_slaves", ())]

    async def members(self) -> dict[str, Member]:
        """The agents on which services may run, by address. Raises `NoAnswer`."""
        return await self._members.get()

    async def _ask_all(self) -> dict[str, Member]:
        found: dict[str, Member] = {}
        for agent in await self.all():
            ip, match = address_of(agent), _PID.fullmatch(str(agent.get("pid", "")))
            if ip is not None and match is not None:
                previous = found.get(ip, Member())
                own = previous.own | self._ports | {int(match["port"])}
                found[ip] = Member(own, previous.offered + _intervals((agent.get("resources") or {}).get("ports")))
        return found

    async def _ask(self, agent_id: str) -> str:
        answer: dict[str, Any] = await self._master.ask(f"/slaves?slave_id={quote(agent_id, safe='')}")
        for agent in answer.get("slaves", ()):
            if agent.get("id") == agent_id and (ip := address_of(agent)):
                return ip
        raise NoRoute(404, f"the master knows no agent {agent_id}")


def address_of(agent: Mapping[str, Any]) -> str | None:
    """From its ``pid``, ``slave(1)@198.18.0.21:5051``."""
    match = _PID.fullmatch(str(agent.get("pid", "")))
    try:
        return str(plain_address(match["ip"].strip("[]"))) if match else None
    except ValueError:
        return None


def host_of(agent: Mapping[str, Any]) -> str | None:
    """The address of an agent's machine. An agent that the master waits for has no ``pid``; a host name is not resolved
    here.
    """
    try:
        return address_of(agent) or str(plain_address(str(agent.get("hostname", ""))))
    except ValueError:
        return None


def _intervals(ports: object) -> tuple[tuple[int, int], ...]:
    """From ``[31000-31999, 80-80]``."""
    return tuple((int(low), int(high)) for low, high in _INTERVAL.findall(str(ports or "")))


class Names:
    """Mesos-DNS' records, made anew at most once a second for all requests. Where making them takes long it is done
    less often, so that it takes a fifth of a processor at most.
    """

    def __init__(self, master: Backend, masters: Sequence[str]) -> None:
        self._master = master
        self._masters = masters
        self._of_masters = mesos_dns.of_masters(masters)
        # Older records are not served when the kernel does not answer: they could name a former leader.
        self._records: Cached[tuple[mesos_dns.Records, int]] = Cached(self._ask, NAME_SECONDS, 0.0)

    async def hosts(self, asked: str) -> list[dict[str, str]]:
        """The addresses of a name. Masters are known while nobody leads, too. Raises `NoAnswer`."""
        if mesos_dns.full(asked) in self._of_masters.addresses:
            return self._of_masters.hosts(asked)
        return (await self._records.get())[0].hosts(asked)

    async def service(self, asked: str) -> list[dict[str, str]]:
        """Raises `NoAnswer`."""
        return (await self._records.get())[0].service(asked)

    async def enumerate(self) -> dict[str, Any]:
        """Raises `NoAnswer`."""
        return (await self._records.get())[0].enumerate()

    async def zone(self) -> dict[str, Any]:
        """Raises `NoAnswer`."""
        records, serial = await self._records.get()
        return await asyncio.to_thread(records.zone, serial)

    async def leader(self) -> str:
        """The leading master's address, "" when nobody leads."""
        try:
            return (await self.hosts(f"leader.{mesos_dns.DOMAIN}"))[0]["ip"]
        except NoAnswer:
            return ""

    async def _ask(self) -> tuple[mesos_dns.Records, int]:
        state = await self._master.ask("/state", mesos_dns.decode, STATE_SECONDS)
        # Many tasks have many names: others are answered meanwhile.
        records, took = await asyncio.to_thread(self._made, state)
        self._records.seconds = max(NAME_SECONDS, 5 * took)
        return records, int(time.time())

    def _made(self, state: mesos_dns.NamesState) -> tuple[mesos_dns.Records, float]:
        """The records, and the processor time that they took."""
        began = time.thread_time()
        return mesos_dns.of_cluster(state, self._masters), time.thread_time() - began


@dataclass(frozen=True)
class ServiceTarget:
    """A service that exists: its address, or (``endpoint`` None) why it cannot be reached."""

    endpoint: ServiceEndpoint | None
    why: str = ""


class Services:
    """Services by name: apps by their label DCOS_SERVICE_NAME; then frameworks by their own name, at their
    ``webui_url``.
    """

    def __init__(self, master: Backend, init: Backend, masters: Sequence[str], agents: AgentAddresses) -> None:
        self._master = master
        self._init = init
        self._agents = agents
        self._masters = frozenset(masters)
        self._apps: Cached[dict[str, ServiceTarget]] = Cached(self._ask_init, SERVICE_SECONDS, STALE_SECONDS)
        self._frameworks: Cached[dict[str, ServiceTarget]] = Cached(self._ask_master, FRAMEWORK_SECONDS, STALE_SECONDS)

    async def find(self, wanted: Sequence[str]) -> tuple[int, str]:
        """The first of ``wanted`` that is a service's name, and its ``scheme://ip:port``. Raises `NoRoute`,
        `NoAnswer`.
        """
        for table in (self._apps, self._frameworks):
            found = await table.get()
            for index, name in enumerate(wanted):
                if name in found:
                    return index, await self._target(name, found[name])
        raise NoRoute(404, f"there is no service {wanted[0] if wanted else 'without a name'}")

    async def _target(self, name: str, found: ServiceTarget) -> str:
        endpoint = found.endpoint
        if endpoint is None:
            raise NoRoute(503, f"the service {name} cannot be reached: {found.why}")
        why = "its host's name leads nowhere"
        members = await self._agents.members()
        # The name is resolved here and nginx gets the address: no second lookup can lead elsewhere.
        for address in await _addresses(endpoint.host):
            refused = refused_target(address, endpoint.port, self._masters, members)
            if refused is None:
                return f"{endpoint.scheme}://{bracketed(address)}:{endpoint.port}"
            why = refused
        raise NoRoute(502, f"the service {name} cannot be reached: {why}")

    async def _ask_init(self) -> dict[str, ServiceTarget]:
        answer: dict[str, Any] = await self._init.ask("/v2/apps?label=DCOS_SERVICE_NAME&embed=apps.tasks")
        return services_of(answer.get("apps", ()))

    async def _ask_master(self) -> dict[str, ServiceTarget]:
        # The summary rather than /frameworks, which lists every task of each as well.
        answer: dict[str, Any] = await self._master.ask("/state-summary")
        return frameworks_of(answer.get("frameworks", ()))


def services_of(apps: Sequence[Mapping[str, Any]]) -> dict[str, ServiceTarget]:
    """By name; of several apps with one name the first by id counts."""
    found: dict[str, ServiceTarget] = {}
    for app in sorted(apps, key=lambda app: str(app.get("id")), reverse=True):
        labels = app.get("labels") or {}
        name = str(labels.get("DCOS_SERVICE_NAME", "")).strip("/")
        if name:
            found[name] = _found(app, labels)
    return found


def _found(app: Mapping[str, Any], labels: Mapping[str, str]) -> ServiceTarget:
    scheme = str(labels.get("DCOS_SERVICE_SCHEME", "http")).lower()
    index = str(labels.get("DCOS_SERVICE_PORT_INDEX", "0"))
    if scheme not in ("http", "https"):
        return ServiceTarget(None, f"its label DCOS_SERVICE_SCHEME is neither http nor https but {scheme[:20]!r}")
    if not (index.isascii() and index.isdecimal()):
        return ServiceTarget(None, f"its label DCOS_SERVICE_PORT_INDEX is not a number but {index[:20]!r}")
    tasks = [task for task in app.get("tasks") or () if task.get("state") == "TASK_RUNNING"]
    if not tasks:
        return ServiceTarget(None, "none of its tasks runs")
    tasks.sort(key=lambda task: (not _well(task), str(task.get("startedAt") or ""), str(task.get("id"))))
    ports = tasks[0].get("ports") or []
    if int(index) >= len(ports):
        return ServiceTarget(None, f"its task has {len(ports)} ports, and DCOS_SERVICE_PORT_INDEX is {index}")
    return ServiceTarget(ServiceEndpoint(scheme, str(tasks[0].get("host")), int(ports[int(index)])))


def _well(task: Mapping[str, Any]) -> bool:
    return all(result.get("alive", True) for result in task.get("healthCheckResults") or () if result)


def frameworks_of(frameworks: Sequence[Mapping[str, Any]]) -> dict[str, ServiceTarget]:
    found: dict[str, ServiceTarget] = {}
    for framework in frameworks:
        name, url = str(framework.get("name", "")).strip("/"), str(framework.get("webui_url") or "")
        if name and url and (name not in found or framework.get("active")):
            endpoint = endpoint_of(url)
            found[name] = ServiceTarget(
                endpoint, "" if endpoint else "its framework's webui_url is not an http or https address"
            )
    return found


async def _addresses(host: str) -> list[str]:
    try:
        return [str(plain_address(host))]
    except ValueError:
        pass
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(plain_address(str(info[4][0]))) for info in infos))
