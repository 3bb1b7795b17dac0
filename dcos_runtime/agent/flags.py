"""The flags of dcos-agent: the original's names where it has them; ours are marked in docs/agent.md."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from dcos_runtime import tls
from dcos_runtime.agent.containers import ports
from dcos_runtime.agent.core.capabilities import Policy
from dcos_runtime.agent.disk.logs import cap
from dcos_runtime.agent.disk.rules import disk_size, project_range
from dcos_runtime.agent.environment import duration_text
from dcos_runtime.agent.resources import parse_attributes, parse_resources
from dcos_runtime.flags import Flag, FlagError, Flags, boolean, choice, duration, number, port, size
from dcos_runtime.guard import doors, guard
from dcos_runtime.guard.doors import Doors
from dcos_runtime.guard.users import Users
from dcos_runtime.store.election import parse_master
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import DomainInfo
from dcos_runtime.wire.containers import CapabilityInfo

PROGRAM = "dcos-agent"


def _address(text: str) -> str:
    return str(ipaddress.IPv4Address(text))


def _text_of(parse: Callable[[str], object]) -> Callable[[str], str]:
    """A parser that checks, and keeps the text: what is shown is what was given."""

    def check(text: str) -> str:
        parse(text)
        return text

    return check


def _variables(text: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError('expected a JSON object of strings such as {"TZ": "UTC"}')
    return found


def _domain(text: str) -> DomainInfo:
    try:
        return codec.decode(text.encode(), DomainInfo)
    except codec.DecodeError as error:
        raise ValueError(f"not a DomainInfo as JSON: {error}") from None


def _folder(text: str) -> str:
    if not text.startswith("/"):
        raise ValueError("expected an absolute path")
    return text


def _folders(text: str) -> tuple[Path, ...]:
    return tuple(Path(_folder(part)) for part in text.split(":"))


def _cgroup_name(text: str) -> str:
    if not text or ".." in text.split("/") or any(character.isspace() for character in text):
        raise ValueError("expected the path of a cgroup, such as mesos")
    return text


def _capabilities(text: str) -> CapabilityInfo:
    try:
        found = codec.decode(text.encode(), CapabilityInfo)
    except codec.DecodeError as error:
        raise ValueError(f"not a CapabilityInfo as JSON: {error}") from None
    if CapabilityInfo.Capability.UNKNOWN in found.capabilities:
        raise ValueError("names a capability that is not known")
    return found


def _capability_names(text: str) -> frozenset[CapabilityInfo.Capability]:
    names = [part.strip() for part in text.split(",")]
    return frozenset(_capabilities(json.dumps({"capabilities": names})).capabilities)


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return int(text)

    return parse


FLAGS: Sequence[Flag] = (
    Flag("ip", "address to listen on; nothing else may reach it unless told to", "127.0.0.1", _address),
    Flag("port", "port to listen on, 0 for any free one", 5051, port),
    Flag("advertise_ip", "address others reach this agent at, when it is not --ip", None, _address),
    Flag("advertise_port", "port others reach this agent at, when it is not --port", None, port),
    Flag("hostname", "name told to others (default: that of --ip)", None),
    Flag("master", "the master: host:port, or zk://host:port,host:port/path", None, _text_of(parse_master), True),
    Flag("work_dir", "folder for checkpoints, containers and sandboxes; survives restarts", None, str, True),
    Flag("runtime_dir", "folder for what need not survive a reboot (default: work_dir/run)", None),
    Flag(
        "resources",
        "what is offered: cpus:4;mem:4096;disk:10240;ports:[31000-32000], or a JSON list of Resources; what is not"
        " named is sized from the agent's cgroup limits and the machine",
        "",
        _text_of(parse_resources),
    ),
    Flag("attributes", "attributes of the agent: rack:r1;os:debian", "", _text_of(parse_attributes)),
    Flag("domain", "the agent's fault domain, a DomainInfo as JSON", None, _domain),
    Flag(
        "launcher",
        "linux (OCI containers) or posix (plain processes; default when containers cannot work here)",
        None,
        choice("linux", "posix"),
    ),
    Flag("switch_user", "run tasks as the user their command or framework names", True, boolean),
    Flag("executor_shutdown_grace_period", "time between SIGTERM and SIGKILL", 5.0, duration),
    Flag("executor_environment_variables", "JSON object: environment given to every task", {}, _variables),
    Flag(
        "recover",
        "reconnect to running tasks, or cleanup: kill them and exit",
        "reconnect",
        choice("reconnect", "cleanup"),
    ),
    Flag(
        "record",
        "keep the last of what this agent decides on here, for python -m dcos_runtime.replay; an absolute path",
        None,
        _folder,
    ),
    Flag("strict", "refuse to start when any checkpoint cannot be read", False, boolean),
    Flag("recovery_timeout", "told to tasks of frameworks that checkpoint; tasks here wait for ever", 900.0, duration),
    Flag("registration_backoff_factor", "first wait before connecting again; doubles to a minute", 1.0, duration),
    Flag("gc_delay", "how long sandboxes of tasks that are over are kept at most", 604800.0, duration),
    Flag("gc_disk_headroom", "fraction of the disk below which sandboxes go sooner", 0.1, number(0, 1)),
    Flag("disk_watch_interval", "how often that is looked at", 60.0, duration),
    Flag("enforce_container_disk_quota", "end tasks that take more disk than they asked for", True, boolean),
    Flag("container_disk_watch_interval", "how often a task's use of the disk is counted", 1.0, duration),
    Flag("container_disk_default", "disk of a task that asked for none", 2 << 30, disk_size),
    Flag(
        "disk_projects",
        "hold tasks to their disk by project quotas with these ids, such as 100000-165535, which nobody else on the"
        " file system of work_dir has; none: their files are counted",
        None,
        project_range,
    ),
    Flag("max_stdout_size", "how much of a task's stdout is kept, of its end", 100 << 20, cap),
    Flag("max_stderr_size", "how much of a task's stderr is kept, of its end", 100 << 20, cap),
    Flag("cgroups_root", "cgroup under which containers' are made", "mesos", _cgroup_name),
    Flag(
        "daemon_ports",
        "ports of the cluster's daemons: no task may bind them, nor any below 1024, unless --resources offers it",
        ports.parse("2181,2888,3888,5049-5052,7070,8080,8123,8443"),
        ports.parse,
    ),
    Flag(
        "enforce_ports",
        "refuse to start where tasks cannot be kept from --daemon_ports; else that is only logged",
        False,
        boolean,
    ),
    Flag("cgroups_enable_cfs", "hold tasks to the cpus they asked for, even when others idle", True, boolean),
    Flag("container_pids_limit", "processes and threads a container may have", 4096, _whole(16, 4194304)),
    Flag(
        "effective_capabilities",
        'what tasks hold that ask for none: {"capabilities": ["NET_RAW"]} (default: root the usual, others none)',
        None,
        _capabilities,
    ),
    Flag(
        "bounding_capabilities",
        "the most that a task may ask for, in the same form (default: the usual, which is without NET_RAW)",
        None,
        _capabilities,
    ),
    Flag(
        "additional_capabilities",
        "what tasks may ask for beyond that: names with commas between them, NET_RAW,SYS_PTRACE",
        frozenset(),
        _capability_names,
    ),
    Flag("fetcher_stall_timeout", "a download without a byte for that long has failed", 60.0, duration),
    Flag("fetcher_timeout", "time for all URIs of a task", 3600.0, duration),
    Flag("fetcher_max_size", "bytes that the URIs of a task may take, unpacked", 64 << 30, size),
    Flag("fetcher_max_processes", "tasks whose URIs are fetched at the same time", 16, _whole(1, 1024)),
    Flag(
        "fetcher_local_roots",
        "folders, with colons between them, whose files tasks may fetch by file:///path (default: those that a task"
        " sees anyway)",
        None,
        _folders,
    ),
    Flag("frameworks_home", "folder that relative paths of URIs begin in; its files may be fetched", None, _folder),
    Flag("max_completed_executors_per_framework", "tasks that are over kept in /state, in all", 150, _whole(0, 100000)),
    Flag("http_credentials", 'file of principals: {"credentials": [{"principal": "…", "secret": "…"}]}', path=True),
    doors.READONLY,
    doors.READWRITE,
    *guard.FLAGS,
    *tls.FLAGS,
    Flag("tls_port", "port with the same API for our own daemons over TLS, 0 for any free one", 5052, port),
    Flag("master_tls_port", "the masters' port for agents and our own daemons over TLS", 5049, port),
    Flag("logging_level", "DEBUG, INFO, WARNING or ERROR", "INFO", choice("DEBUG", "INFO", "WARNING", "ERROR")),
)


INSIDERS = ("gateway", "operator", "auth", "master")
"""Kinds of our own daemons that are let in on the port with TLS."""


def who_may_pass(flags: Flags, users: Users | None) -> Doors:
    """``users``: who is asked about revoked tokens. Raises `guard.GuardUnusable`."""
    known = guard.guard(
        "mesos-agent",
        credentials=flags.http_credentials,
        token_key=flags.token_key,
        token_issuer=flags.token_issuer,
        users=users,
        anonymous_reads=flags.anonymous_reads,
        tls_kinds=INSIDERS,
    )
    return Doors("mesos-agent", known, doors.wanted(flags), own="agent")


def capabilities(flags: Flags) -> Policy:
    """Which capabilities tasks get and may ask for."""
    given, allowed = flags.effective_capabilities, flags.bounding_capabilities
    policy = Policy(
        given=None if given is None else frozenset(given.capabilities),
        allowed=None if allowed is None else frozenset(allowed.capabilities),
    )
    return replace(policy, allowed=policy.most | flags.additional_capabilities)


def shown(flags: Flags) -> dict[str, str]:
    """The flags as the original writes them; variables may hold secrets."""
    texts = flags.shown()
    for flag in FLAGS:
        value = getattr(flags, flag.name)
        if flag.parse is duration:
            texts[flag.name] = duration_text(value)
        elif flag.parse is ports.parse:
            texts[flag.name] = ports.text_of(value)
        elif flag.parse in (size, cap, disk_size):
            texts[flag.name] = f"{value // (1 << 20)}MB" if value % (1 << 20) == 0 else f"{value}B"
        elif flag.parse is project_range and value:
            texts[flag.name] = f"{value[0]}-{value[1]}"
        elif flag.parse is _folders and value:
            texts[flag.name] = ":".join(str(folder) for folder in value)
        elif flag.parse is _variables and value:
            texts[flag.name] = "[secret]"
        elif flag.parse is _capability_names:
            texts[flag.name] = ",".join(sorted(capability.value for capability in value))
        elif flag.parse in (_domain, _capabilities) and value is not None:
            texts[flag.name] = codec.encode(value).decode()
    return texts


def check(flags: Flags) -> None:
    """What no single flag can tell. Raises `FlagError`."""
    problems = doors.problems(flags, ("http_credentials", "token_key"))
    if flags.ip == "0.0.0.0" and flags.advertise_ip is None:
        problems.append("--ip=0.0.0.0 tells nobody where this agent is; give --advertise_ip, too")
    policy = capabilities(flags)
    if beyond := (policy.given or frozenset()) - policy.most:
        names = ", ".join(sorted(capability.value for capability in beyond))
        problems.append(f"--effective_capabilities names {names}, which --bounding_capabilities does not allow")
    if problems:
        raise FlagError(PROGRAM, problems)
