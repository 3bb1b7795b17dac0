"""Mesos-DNS' records from what the kernel knows: names of masters, agents, frameworks and their tasks. Pure.

Names are made as Mesos-DNS 0.9 makes them: of an app ``/a/b`` of the init's ``b-a.marathon.mesos``, and, the name of
its discovery as it stands, ``b.a.marathon.mesos``. As in DC/OS a task's address is that of its agent.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

DOMAIN = "mesos"
_ZBASE32 = "ybndrfg8ejkmcpqxot1uwisza345h769"
_LABEL = 63
_PID = re.compile(r"[^@]*@(?P<host>.+):(?P<port>\d+)")
_INTERVAL = re.compile(r"(\d{1,5})-(\d{1,5})")
_OURS = re.compile(r"leader|slave|ns1|master\d*")
"""A framework that calls itself so gets no address by that name."""
_MOST_PORTS = 256
"""Of one task: a task that took a whole range of an agent is not given thousands of names."""


class _Port(msgspec.Struct):
    number: int = 0
    protocol: str | None = None
    name: str | None = None


class _Ports(msgspec.Struct):
    ports: list[_Port] = []


class _Discovery(msgspec.Struct):
    name: str | None = None
    ports: _Ports | None = None


class _Resources(msgspec.Struct):
    ports: str | None = None


class _Task(msgspec.Struct):
    id: str
    name: str = ""
    slave_id: str = ""
    state: str = ""
    resources: _Resources = msgspec.field(default_factory=_Resources)
    discovery: _Discovery | None = None


class _Framework(msgspec.Struct):
    name: str = ""
    hostname: str | None = None
    tasks: list[_Task] = []


class _Agent(msgspec.Struct):
    id: str
    pid: str = ""


class State(msgspec.Struct):
    """The part of the master's ``/state`` that names are made of."""

    leader: str = ""
    slaves: list[_Agent] = []
    frameworks: list[_Framework] = []


class Records:
    """Addresses by host name, and ``host:port`` by service name; all names end in a dot."""

    def __init__(self) -> None:
        self.addresses: dict[str, dict[str, None]] = {}
        self.services: dict[str, dict[tuple[str, int], None]] = {}
        self.tasks: dict[str, list[dict[str, Any]]] = {}
        """By framework, as ``enumerate`` tells them."""

    def hosts(self, asked: str) -> list[dict[str, str]]:
        """As ``/v1/hosts/{host}`` answers: one empty record when there is none."""
        name = full(asked)
        return [{"host": name, "ip": ip} for ip in self.addresses.get(name, ())] or [{"host": "", "ip": ""}]

    def service(self, asked: str) -> list[dict[str, str]]:
        """As ``/v1/services/{service}`` answers."""
        found = [
            {"service": asked, "host": host, "ip": ip, "port": str(port)}
            for host, port in self.services.get(full(asked), ())
            for ip in self.addresses.get(host, ())
        ]
        return found or [{"service": "", "host": "", "ip": "", "port": ""}]

    def enumerate(self) -> dict[str, Any]:
        return {"frameworks": [{"name": name, "tasks": tasks} for name, tasks in self.tasks.items()]}

    def zone(self, serial: int) -> dict[str, Any]:
        """As ``/v1/axfr`` answers."""
        four = {name: [ip for ip in ips if ":" not in ip] for name, ips in self.addresses.items()}
        six = {name: [ip for ip in ips if ":" in ip] for name, ips in self.addresses.items()}
        return {
            "TTL": 60,
            "Serial": serial,
            "RefreshSeconds": 1,
            "Mname": f"ns1.{DOMAIN}.",
            "Rname": f"root.ns1.{DOMAIN}.",
            "Domain": DOMAIN,
            "Records": {
                "As": {name: ips for name, ips in four.items() if ips},
                "AAAAs": {name: ips for name, ips in six.items() if ips},
                "SRVs": {name: [f"{host}:{port}" for host, port in targets] for name, targets in self.services.items()},
            },
        }

    def add(self, name: str, ip: str) -> bool:
        known = self.addresses.setdefault(name, {})
        new = ip not in known
        known[ip] = None
        return new

    def add_service(self, name: str, host: str, port: int) -> bool:
        known = self.services.setdefault(name, {})
        new = (host, port) not in known
        known[host, port] = None
        return new


def of_masters(masters: Sequence[str]) -> Records:
    """What is known without asking anybody: ``master.mesos`` and ``master0.mesos`` …"""
    records = Records()
    for number, ip in enumerate(masters):
        records.add(f"master.{DOMAIN}.", ip)
        records.add(f"master{number}.{DOMAIN}.", ip)
    return records


def of_cluster(state: State, masters: Sequence[str]) -> Records:
    """Everything. ``masters`` in an order that does not change with who leads."""
    records = of_masters(masters)
    if (leader := _endpoint(state.leader)) is not None:
        ip, port = leader
        records.add(f"leader.{DOMAIN}.", ip)
        records.add(f"master.{DOMAIN}.", ip)
        for protocol in ("tcp", "udp"):
            records.add_service(f"_leader._{protocol}.{DOMAIN}.", f"leader.{DOMAIN}.", port)
    agents: dict[str, str] = {}
    for agent in state.slaves:
        if (place := _endpoint(agent.pid)) is not None:
            agents[agent.id] = place[0]
            records.add(f"slave.{DOMAIN}.", place[0])
            records.add_service(f"_slave._tcp.{DOMAIN}.", f"slave.{DOMAIN}.", place[1])
    for framework in state.frameworks:
        _add_framework(records, framework, agents)
    return records


def _add_framework(records: Records, framework: _Framework, agents: Mapping[str, str]) -> None:
    name_of = fragment(framework.name)
    if name_of and not _OURS.fullmatch(name_of) and (address := _address(framework.hostname or "")) is not None:
        records.add(f"{name_of}.{DOMAIN}.", address)
    told = records.tasks.setdefault(framework.name, [])
    for task in framework.tasks:
        if task.state == "TASK_RUNNING" and (ip := agents.get(task.slave_id)) is not None:
            made: list[dict[str, str]] = []
            for name in _names(task):
                _add_task(records, task, name, name_of, ip, made)
            told.append({"name": task.name, "id": task.id, "records": made})


def _names(task: _Task) -> list[str]:
    if task.discovery is None or not task.discovery.name:
        return [label(task.name)]
    # As it is given, too, which is what clients of older versions ask for.
    return list(dict.fromkeys((task.discovery.name.lower(), label(task.discovery.name))))


def _add_task(records: Records, task: _Task, name: str, framework: str, ip: str, made: list[dict[str, str]]) -> None:
    kind = "AAAA" if ":" in ip else "A"
    canonical = f"{name}-{_hash(task.id)}-{task.slave_id.rpartition('-')[2].lower()}.{framework}"

    def service(record: str, host: str, port: int) -> None:
        if records.add_service(record, host, port):
            made.append({"name": record, "host": f"{host}:{port}", "rtype": "SRV"})

    for below in ("", ".slave"):
        for host in (f"{name}.{framework}", canonical):
            record = f"{host}{below}.{DOMAIN}."
            if records.add(record, ip):
                made.append({"name": record, "host": ip, "rtype": kind})
    for port in _ports(task.resources.ports):
        for protocol in ("tcp", "udp"):
            for below in (".slave",) if _is_discovered(task) else (".slave", ""):
                service(f"_{name}._{protocol}.{framework}{below}.{DOMAIN}.", f"{canonical}.slave.{DOMAIN}.", port)
    if task.discovery is None or not _is_discovered(task) or task.discovery.ports is None:
        return
    for wanted in task.discovery.ports.ports:
        for protocol in (label(wanted.protocol),) if label(wanted.protocol or "") else ("tcp", "udp"):
            record = f"_{name}._{protocol}.{framework}.{DOMAIN}."
            service(record, f"{canonical}.{DOMAIN}.", wanted.number)
            if port_name := label(wanted.name or ""):
                service(f"_{port_name}.{record}", f"{canonical}.{DOMAIN}.", wanted.number)


def _is_discovered(task: _Task) -> bool:
    return task.discovery is not None and bool(task.discovery.name)


def _ports(ranges: str | None) -> Iterator[int]:
    left = _MOST_PORTS
    for low, high in _INTERVAL.findall(ranges or ""):
        for port in range(int(low), min(int(high), int(low) + left - 1) + 1):
            yield port
            left -= 1


# --- how names are spelled ---


def full(asked: str) -> str:
    """What was asked for as records are called: small letters, a dot at the end, no wildcards."""
    name = asked.replace(".*", "").lower()
    return name if name.endswith(".") else f"{name}."


def fragment(name: str) -> str:
    """A framework's name as a part of a domain, its dots kept."""
    return ".".join(part for part in map(label, name.split(".")) if part)


def label(name: str | None) -> str:
    """``name`` as one label of a domain (RFC 1123): ``b.a`` is ``b-a``."""
    mapped = "".join(map(_letter, name or "")).lstrip("-")
    head = mapped[:_LABEL].rstrip("-")
    if len(head) == len(mapped[:_LABEL]):
        return head
    # What was cut at its end for its hyphens is filled up from what follows them.
    return head + mapped[_LABEL:].lstrip("-")[: _LABEL - len(head)]


def _letter(sign: str) -> str:
    if sign.isascii() and sign.isalnum():
        return sign.lower()
    return "-" if sign in "-._" else ""


def _hash(task_id: str) -> str:
    """The first five signs of the SHA-1 in z-base-32."""
    bits = int.from_bytes(hashlib.sha1(task_id.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()[:4])
    return "".join(_ZBASE32[bits >> shift & 31] for shift in (27, 22, 17, 12, 7))


def _endpoint(pid: str) -> tuple[str, int] | None:
    """From ``master@198.18.0.11:5050``."""
    match = _PID.fullmatch(pid)
    ip = _address(match["host"].strip("[]")) if match else None
    return (ip, int(match["port"])) if match and ip else None


def _address(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


decode: Callable[[bytes], State] = msgspec.json.Decoder(State).decode
"""Raises ``msgspec.MsgspecError``."""
