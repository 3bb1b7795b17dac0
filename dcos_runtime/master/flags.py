"""The flags of dcos-master: the original's names, and what they become."""

from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Sequence

from dcos_runtime import tls
from dcos_runtime.core.resources import MAX_SCALAR, decimal, fixed
from dcos_runtime.daemon import own_hostname
from dcos_runtime.flags import Flag, FlagError, Flags, boolean, choice, duration, number, port
from dcos_runtime.guard import doors, guard
from dcos_runtime.guard.doors import Doors
from dcos_runtime.master.core.allocator import Options, Quantities
from dcos_runtime.master.core.state import Config
from dcos_runtime.master.views import VERSION
from dcos_runtime.store.zookeeper import parse_url
from dcos_runtime.wire.cluster import MasterInfo
from dcos_runtime.wire.common import Address

PROGRAM = "dcos-master"


def _count(text: str) -> int:
    if not text.isdigit() or len(text) > 9:
        raise ValueError("expected a whole number")
    return int(text)


def _address(text: str) -> str:
    return str(ipaddress.IPv4Address(text))


def _weights(text: str) -> dict[str, float]:
    weights = {}
    for item in filter(None, text.split(",")):
        role, equals, weight = item.partition("=")
        if not equals or not role:
            raise ValueError("expected role=weight,role=weight")
        weights[role] = number(1e-6, 1e6)(weight)
    return weights


def _minimums(text: str) -> list[Quantities]:
    minimums: list[Quantities] = []
    for option in filter(None, text.split("|")):
        quantities = {}
        for item in option.split(";"):
            name, colon, amount = item.partition(":")
            if not colon or not name:
                raise ValueError("expected cpus:0.01|mem:32")
            quantities[name.strip()] = fixed(number(0, MAX_SCALAR)(amount))
        minimums.append(quantities)
    return minimums


def _folder(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("expected an absolute path")
    return text


FLAGS: Sequence[Flag] = (
    Flag("ip", "address to listen on; nothing else may reach it unless told to", "127.0.0.1", _address),
    Flag("port", "port to listen on, 0 for any free one", 5050, port),
    Flag("advertise_ip", "address others reach this master at, when it is not --ip", None, _address),
    Flag("advertise_port", "port others reach this master at, when it is not --port", None, port),
    Flag("agent_port", "port for the agents' protocol, 0 for any free one; on the same address", 0, port),
    Flag("hostname", "name to tell others; looked up for the address when not given"),
    Flag("work_dir", "folder for what must survive a restart", required=True),
    Flag(
        "zk", "zk://[user:password@]host:port,…/path to elect a leader at and keep state; alone without it", secret=True
    ),
    Flag("zk_session_timeout", "how long ZooKeeper keeps a silent master's leadership", 10.0, duration),
    Flag("cluster", "name of the cluster, shown to people"),
    Flag("agent_ping_timeout", "time an agent has to answer a ping, and between pings", 15.0, duration),
    Flag("max_agent_ping_timeouts", "unanswered pings that make an agent unreachable", 5, _count),
    Flag("agent_reregister_timeout", "time agents have to come back to a new leader", 600.0, duration),
    Flag("allocation_interval", "time between allocations of what was given back", 1.0, duration),
    Flag(
        "min_allocatable_resources",
        "offers have at least one of these: cpus:0.01|mem:32",
        _minimums("cpus:0.01|mem:32"),
        _minimums,
    ),
    Flag("weights", "role=weight,… : a role's share relative to others'", {}, _weights),
    Flag("filter_gpu_resources", "agents with GPUs are offered to frameworks that know GPUs only", True, boolean),
    Flag("root_submissions", "frameworks may run as root", True, boolean),
    Flag("max_completed_frameworks", "removed frameworks to remember", 50, _count),
    Flag("max_completed_tasks_per_framework", "ended tasks to remember", 1000, _count),
    Flag("max_unreachable_tasks_per_framework", "unreachable tasks to remember", 1000, _count),
    Flag("registry_max_agent_age", "time after which an unreachable agent is forgotten", 1209600.0, duration),
    Flag("registry_max_agent_count", "unreachable agents to remember", 102400, _count),
    Flag("credentials", 'file of principals: {"credentials": [{"principal": "…", "secret": "…"}]}', path=True),
    doors.FRAMEWORKS,
    doors.READONLY,
    doors.READWRITE,
    *guard.FLAGS,
    guard.SOCKET_FLAG,
    *tls.FLAGS,
    Flag(
        "record",
        "keep the last of what this master decides on here, for python -m dcos_runtime.replay; an absolute path",
        None,
        _folder,
    ),
    Flag("logging_level", "INFO, WARNING or ERROR", "INFO", choice("DEBUG", "INFO", "WARNING", "ERROR")),
)

INSIDERS = ("gateway", "marathon", "operator", "auth", "master")
"""Kinds of our own daemons that have the whole public API on the port with TLS."""


def shown(flags: Flags) -> dict[str, str]:
    """The flags as the original writes them."""
    texts = flags.shown()
    for flag in FLAGS:
        value = getattr(flags, flag.name)
        if flag.parse is duration:
            texts[flag.name] = f"{value:g}secs"
        elif flag.parse is _weights:
            texts[flag.name] = ",".join(f"{role}={weight:g}" for role, weight in value.items())
        elif flag.parse is _minimums:
            options = (";".join(f"{name}:{decimal(amount)}" for name, amount in option.items()) for option in value)
            texts[flag.name] = "|".join(options)
    return texts


def check(flags: Flags) -> None:
    """What one flag cannot tell by itself. Raises `FlagError`."""
    problems = doors.problems(flags, ("credentials", "token_key", "auth_socket"))
    if ipaddress.ip_address(flags.ip).is_unspecified and flags.advertise_ip is None:
        problems.append(f"--ip={flags.ip} needs --advertise_ip: others have to be told one address")
    if flags.zk is not None:
        try:
            parse_url(flags.zk)
        except ValueError as error:
            problems.append(f"--zk: {error}")
    if flags.max_agent_ping_timeouts < 1 or flags.agent_ping_timeout <= 0:
        problems.append("--agent_ping_timeout and --max_agent_ping_timeouts have to be more than zero")
    if problems:
        raise FlagError(PROGRAM, problems)


def who_may_pass(flags: Flags) -> Doors:
    """Raises `guard.GuardUnusable`."""
    known = guard.guard(
        "mesos-master",
        credentials=flags.credentials,
        token_key=flags.token_key,
        token_issuer=flags.token_issuer,
        auth_socket=flags.auth_socket,
        anonymous_reads=flags.anonymous_reads,
        tls_kinds=INSIDERS,
    )
    return Doors("mesos-master", known, doors.wanted(flags))


def master_info(flags: Flags, bound_port: int) -> MasterInfo:
    ip = flags.advertise_ip or flags.ip
    own_port = flags.advertise_port or bound_port
    hostname = flags.hostname or own_hostname(ip)
    return MasterInfo(
        id=str(uuid.uuid4()),
        ip=int.from_bytes(ipaddress.IPv4Address(ip).packed, "little"),  # network order, as the original writes it
        port=own_port,
        pid=f"master@{ip}:{own_port}",
        hostname=hostname,
        version=VERSION,
        address=Address(hostname=hostname, ip=ip, port=own_port),
        capabilities=[MasterInfo.Capability(type=MasterInfo.Capability.Type.AGENT_UPDATE)],
    )


def config(flags: Flags, own: MasterInfo) -> Config:
    return Config(
        master=own,
        agent_ping_timeout=flags.agent_ping_timeout,
        max_agent_ping_timeouts=flags.max_agent_ping_timeouts,
        agent_reregister_timeout=flags.agent_reregister_timeout,
        allocator=Options(
            interval=flags.allocation_interval,
            minimums=flags.min_allocatable_resources,
            weights=flags.weights,
            gpus_for_gpu_frameworks_only=flags.filter_gpu_resources,
        ),
        root_submissions=flags.root_submissions,
        max_completed_frameworks=flags.max_completed_frameworks,
        max_completed_tasks_per_framework=flags.max_completed_tasks_per_framework,
        max_unreachable_tasks_per_framework=flags.max_unreachable_tasks_per_framework,
        registry_max_agent_age=flags.registry_max_agent_age,
        registry_max_agent_count=flags.registry_max_agent_count,
    )
