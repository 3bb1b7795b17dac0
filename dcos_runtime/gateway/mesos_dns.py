"""Mesos-DNS' records from what the kernel knows: names of masters, agents, frameworks and their tasks. Pure.

Names are made as Mesos-DNS 0.9 makes them: an app ``/a/b`` of the init gets ``b-a.marathon.mesos``, and, from the name
of its discovery, ``b.a.marathon.mesos``. As in DC/OS a task's address is that of its agent.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec

DOMAIN = "mesos"
_ZBASE32 = "ybndrfg8ejkmcpqxot1uwisza345h769"
_LABEL = 63
_NO_SIGN = re.compile(r"[^A-Za-z0-9._-]+")
_HYPHENS = str.maketrans("._", "--")
_LONGEST = 253
"""The longest whole name, as in the DNS: a longer one could not be asked for."""
_LOOKED_AT = 1024
"""The most characters of a text that a label is made of."""
_PID = re.compile(r"[^@]{0,256}@(?P<host>.{1,256}):(?P<port>[0-9]{1,5})")
_INTERVAL = re.compile(r"([0-9]{1,5})-([0-9]{1,5})")
_OURS = re.compile(r"leader|slave|ns1|master[0-9]*")
"""A framework with such a name gets no record of that name."""
_MOST_PORTS = 256
"""The most ports of one task that get names, and of its discovery: a task with a whole range does not get thousands of
names.
"""
_MOST_PORTS_IN_ALL = 32_768
"""The most ports of all tasks. Beyond that, the tasks with the most ports get fewer names. A port has up to eight
names, and making one takes some microseconds, every second.
"""
_MOST_FOUND = 16_384
"""Records in one answer about a service."""


class _Label(msgspec.Struct):
    key: str = ""
    value: str | None = None


class _Labels(msgspec.Struct):
    labels: list[_Label] = []


class _Port(msgspec.Struct):
    number: int = 0
    protocol: str | None = None
    name: str | None = None
    labels: _Labels | None = None

    @property
    def on_machine(self) -> bool:
        """Whether it is one of the agent's machine: the init labels those of containers' own networks."""
        labels = self.labels.labels if self.labels is not None else ()
        return not any(one.key == "network-scope" and one.value == "container" for one in labels)


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
    tasks: list[msgspec.Raw] = []
    """Tasks are decoded one by one, and other requests are served in between: a whole ``/state`` takes long."""


@dataclass
class _Running:
    """A running task, and those of its ports that get names."""

    task: _Task
    framework: str
    """As a part of a domain."""
    ip: str
    own: list[int]
    discovered: list[_Port]
    records: list[dict[str, str]] = field(default_factory=list)


class _Agent(msgspec.Struct):
    id: str
    pid: str = ""


class NamesState(msgspec.Struct):
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
        """By framework, for ``enumerate``."""

    def hosts(self, asked: str) -> list[dict[str, str]]:
        """As ``/v1/hosts/{host}`` answers: one empty record when there is none."""
        name = full(asked)
        return [{"host": name, "ip": ip} for ip in self.addresses.get(name, ())] or [{"host": "", "ip": ""}]

    def service(self, asked: str) -> list[dict[str, str]]:
        """As ``/v1/services/{service}`` answers."""
        found = (
            {"service": asked, "host": host, "ip": ip, "port": str(port)}
            for host, port in self.services.get(full(asked), ())
            for ip in self.addresses.get(host, ())
        )
        return list(islice(found, _MOST_FOUND)) or [{"service": "", "host": "", "ip": "", "port": ""}]

    def enumerate(self) -> dict[str, Any]:
        """As ``/v1/enumerate`` answers."""
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
        """Adds a name, and returns whether it is new. A name that is too long is left out."""
        if len(name) > _LONGEST + 1:
            return False
        known = self.addresses.setdefault(name, {})
        new = ip not in known
        known[ip] = None
        return new

    def add_service(self, name: str, host: str, port: int) -> bool:
        if len(name) > _LONGEST + 1 or not 0 < port < 65536:
            return False
        known = self.services.setdefault(name, {})
        new = (host, port) not in known
        known[host, port] = None
        return new


def of_masters(masters: Sequence[str]) -> Records:
    """The names of the masters, known without a request: ``master.mesos``, ``master0.mesos`` …"""
    records = Records()
    for number, ip in enumerate(masters):
        records.add(f"master.{DOMAIN}.", ip)
        records.add(f"master{number}.{DOMAIN}.", ip)
    return records


def of_cluster(state: NamesState, masters: Sequence[str]) -> Records:
    """All records. ``masters`` in an order that does not depend on the leader."""
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
    running = [task for framework in state.frameworks for task in _add_framework(records, framework, agents)]
    most = _MOST_PORTS
    while most > 1 and sum(min(len(one.own), most) + min(len(one.discovered), most) for one in running) > (
        _MOST_PORTS_IN_ALL
    ):
        most //= 2
    for one in running:
        # The first ones get names.
        del one.own[most:], one.discovered[most:]
        for name in _names(one.task):
            _add_task(records, one, name)
    return records


def _add_framework(records: Records, framework: _Framework, agents: Mapping[str, str]) -> Iterator[_Running]:
    """Adds the framework itself. Returns its running tasks, which are added later."""
    name_of = fragment(framework.name)
    if name_of and not _OURS.fullmatch(name_of) and (address := _address(framework.hostname or "")) is not None:
        records.add(f"{name_of}.{DOMAIN}.", address)
    tasks = records.tasks.setdefault(framework.name, [])
    for raw in framework.tasks:
        try:
            task = _decode_task(raw)
        except msgspec.MsgspecError:
            continue  # the other frameworks and tasks still get their names
        if task.state == "TASK_RUNNING" and (ip := agents.get(task.slave_id)) is not None:
            one = _Running(task, name_of, ip, list(_ports(task.resources.ports)), _discovered(task))
            tasks.append({"name": task.name, "id": task.id, "records": one.records})
            yield one


def _names(task: _Task) -> list[str]:
    if task.discovery is None or not task.discovery.name:
        return [label(task.name)]
    # Also the unchanged name, which clients of older versions ask for.
    given = task.discovery.name.lower() if len(task.discovery.name) <= _LONGEST else ""
    return [name for name in dict.fromkeys((given, label(task.discovery.name))) if name or not given]


def _add_task(records: Records, one: _Running, name: str) -> None:
    task, framework, ip, made = one.task, one.framework, one.ip, one.records
    kind = "AAAA" if ":" in ip else "A"
    canonical = f"{name}-{_hash(task.id)}-{task.slave_id.rpartition('-')[2].lower()}.{framework}"
    if len(canonical) > _LONGEST:
        return

    def service(record: str, host: str, port: int) -> None:
        if records.add_service(record, host, port):
            made.append({"name": record, "host": f"{host}:{port}", "rtype": "SRV"})

    for below in ("", ".slave"):
        for host in (f"{name}.{framework}", canonical):
            record = f"{host}{below}.{DOMAIN}."
            if records.add(record, ip):
                made.append({"name": record, "host": ip, "rtype": kind})
    for port in one.own:
        for protocol in ("tcp", "udp"):
            for below in (".slave",) if _is_discovered(task) else (".slave", ""):
                service(f"_{name}._{protocol}.{framework}{below}.{DOMAIN}.", f"{canonical}.slave.{DOMAIN}.", port)
    for wanted in one.discovered:
        for protocol in (label(wanted.protocol),) if label(wanted.protocol or "") else ("tcp", "udp"):
            record = f"_{name}._{protocol}.{framework}.{DOMAIN}."
            service(record, f"{canonical}.{DOMAIN}.", wanted.number)
            if port_name := label(wanted.name or ""):
                service(f"_{port_name}.{record}", f"{canonical}.{DOMAIN}.", wanted.number)


def _is_discovered(task: _Task) -> bool:
    return task.discovery is not None and bool(task.discovery.name)


def _discovered(task: _Task) -> list[_Port]:
    """The ports of its discovery, without invalid ones, and without those of a container's own network: names lead to
    the machine, where they are another's.
    """
    if task.discovery is None or not task.discovery.name or task.discovery.ports is None:
        return []
    valid = (port for port in task.discovery.ports.ports if 0 < port.number < 65536 and port.on_machine)
    return list(islice(valid, _MOST_PORTS))


def _ports(ranges: str | None) -> Iterator[int]:
    """The first ports of the task itself."""
    found = (
        port
        for interval in _INTERVAL.finditer(ranges or "")
        for port in range(max(1, int(interval[1])), min(65535, int(interval[2])) + 1)
    )
    return islice(found, _MOST_PORTS)


# --- how names are spelled ---


def full(asked: str) -> str:
    """A requested name in the form of the records: lower case, a dot at the end, no wildcards."""
    name = asked.replace(".*", "").lower()
    return name if name.endswith(".") else f"{name}."


def fragment(name: str) -> str:
    """A framework's name as a part of a domain, its dots kept."""
    whole = ".".join(part for part in map(label, name[:_LOOKED_AT].split(".")) if part)
    return whole[:_LONGEST].rstrip("-.")


def label(name: str | None) -> str:
    """``name`` as one label of a domain (RFC 1123): ``b.a`` is ``b-a``."""
    mapped = _NO_SIGN.sub("", (name or "")[:_LOOKED_AT]).lower().translate(_HYPHENS).lstrip("-")
    head = mapped[:_LABEL].rstrip("-")
    if len(head) == len(mapped[:_LABEL]):
        return head
    # A label that lost hyphens at its end is filled up with what follows them.
    return head + mapped[_LABEL:].lstrip("-")[: _LABEL - len(head)]


def _hash(task_id: str) -> str:
    """The first five characters of the SHA-1 in z-base-32."""
    bits = int.from_bytes(hashlib.sha1(task_id.encode("utf-8", "surrogatepass"), usedforsecurity=False).digest()[:4])
    return "".join(_ZBASE32[bits >> shift & 31] for shift in (27, 22, 17, 12, 7))


def _endpoint(pid: str) -> tuple[str, int] | None:
    """From ``master@198.18.0.11:5050``."""
    match = _PID.fullmatch(pid)
    ip = _address(match["host"].strip("[]")) if match else None
    return (ip, int(match["port"])) if match and ip else None


def _address(host: str) -> str | None:
    try:
        return None if "%" in host else str(ipaddress.ip_address(host))
    except ValueError:
        return None


decode: Callable[[bytes], NamesState] = msgspec.json.Decoder(NamesState).decode
"""Raises ``msgspec.MsgspecError``. Tasks are not looked into yet."""
_decode_task = msgspec.json.Decoder(_Task).decode
