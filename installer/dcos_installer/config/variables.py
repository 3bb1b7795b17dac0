"""The variables an inventory may set whoever provides its machines: scope, grammar, defaults.

Those that only one provider knows are declared in its folder, in the same form; `dcos_installer.inventory_variables`
has all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from typing import Any, Literal

from dcos_runtime.flags.master import MasterFlags
from dcos_runtime.flags.values import duration, project_range
from dcos_runtime.wire.containers import CapabilityInfo

Scope = Literal["cluster", "host", "agent"]


@dataclass(frozen=True)
class Variable:
    """One ``dcos_*`` variable. ``parse`` takes its text and raises ``ValueError`` with what was expected.

    ``scope``: ``cluster`` variables are set in ``[all:vars]`` only; ``host`` ones wherever Ansible allows; ``agent``
    ones too, but mean something to agents alone.
    """

    name: str
    scope: Scope
    parse: Callable[[str], Any]
    default: str
    """For people; of a provider's own variable also the text that stands for it where it is not set."""
    help: str
    example: str
    fixed: bool = False
    """Whether it stays what it was for as long as the cluster exists."""


BY_PROVIDER = "by provider"
"""As a default: each provider has its own."""


def _number(low: float, high: float, unit: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        if not re.fullmatch(r"\d+(\.\d+)?", text, re.ASCII) or not low <= float(text) <= high:
            raise ValueError(f"a number of {unit} from {low:g} to {high:g}")
        return float(text)

    return parse


def _whole(low: int, high: int, unit: str) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not re.fullmatch(r"\d{1,12}", text, re.ASCII) or not low <= int(text) <= high:
            raise ValueError(f"a whole number of {unit} from {low} to {high}")
        return int(text)

    return parse


def _duration(low: str, high: str) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            seconds = duration(text)
        except ValueError:
            seconds = -1.0
        if not duration(low) <= seconds <= duration(high):
            raise ValueError(f"a time from {low} to {high}, with its unit: 15secs, 2mins, 1hrs")
        return seconds

    return parse


def _cluster_name(text: str) -> str:
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?", text):
        raise ValueError("up to 32 small letters, digits and hyphens, a letter first")
    return text


CAPABILITIES = frozenset(one.value for one in CapabilityInfo.Capability if one is not CapabilityInfo.Capability.UNKNOWN)
"""As the agent's flags name them."""


def host_address(text: str) -> str:
    """An IPv4 address that a machine can have. Raises ``ValueError`` with what was expected."""
    try:
        address = IPv4Address(text)
    except AddressValueError:
        raise ValueError("an IPv4 address without leading zeros, such as 198.18.0.21") from None
    if address.is_loopback or address.is_multicast or address.is_unspecified or address.is_link_local:
        raise ValueError("an address that other machines can reach: not loopback, link-local, multicast or 0.0.0.0")
    if int(address) >> 24 == 0:
        raise ValueError("an address that other machines can reach: those that begin with 0 are nobody's")
    if int(address) >> 28 == 15:
        raise ValueError("an address that other machines can reach: 240.0.0.0 and above are reserved")
    return str(address)


def _networks(text: str) -> tuple[IPv4Network, ...]:
    found = []
    for part in text.split(","):
        try:
            network = IPv4Network(part.strip())
        except (AddressValueError, NetmaskValueError, ValueError):
            raise ValueError(
                "IPv4 addresses or networks with commas between them: 198.19.255.0/24,198.19.1.7"
            ) from None
        if network.prefixlen == 0:
            raise ValueError("networks smaller than the whole internet: these reach the kernel's ports")
        found.append(network)
    return tuple(found)


def _capabilities(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    if unknown := [name for name in names if name not in CAPABILITIES]:
        raise ValueError(f"names of Linux capabilities with commas between them, such as NET_RAW (not {unknown[0]!r})")
    return names


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in text.strip().strip(";").split(";"):
        key, colon, value = (piece.strip() for piece in part.partition(":"))
        if (
            not colon
            or not re.fullmatch(r"[A-Za-z0-9_.-]+", key)
            or not re.fullmatch(r"[A-Za-z0-9_./, \[\]{}-]+", value)
        ):
            raise ValueError("key:value with semicolons between them, such as rack:1;disk:ssd")
        if key in found:
            raise ValueError(f"each key once, and {key} is there twice")
        found[key] = value
    return found


def _resources(text: str) -> str:
    parts = [part.strip() for part in text.strip().strip(";").split(";")]
    seen: set[str] = set()
    for part in parts:
        name, colon, value = (piece.strip() for piece in part.partition(":"))
        if not colon or not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
            raise ValueError("name:value with semicolons between them, such as cpus:4;mem:8192;ports:[31000-32000]")
        if name in seen:
            raise ValueError(f"each resource once, and {name} is there twice")
        seen.add(name)
        if name == "ports":
            _port_ranges(value)
        elif name in ("cpus", "mem", "disk", "gpus"):
            if not re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII) or not 0 < float(value) < 1e12:
                raise ValueError(f"a number above zero for {name}")
        elif not re.fullmatch(r"\d+(\.\d+)?|\[[\d, -]+\]|\{[\w, .-]+\}", value, re.ASCII):
            raise ValueError(f"a number, [ranges] or {{a set}} for {name}")
    return ";".join(parts)


def _port_ranges(value: str) -> None:
    expected = "ports as [31000-32000], each from 1 to 65535, the lower one first"
    if not re.fullmatch(r"\[.+\]", value):
        raise ValueError(expected)
    for part in value[1:-1].split(","):
        match = re.fullmatch(r"\s*(\d{1,5})\s*-\s*(\d{1,5})\s*", part, re.ASCII)
        if not match or not 1 <= int(match[1]) <= int(match[2]) <= 65535:
            raise ValueError(expected)


READS = frozenset(
    {
        "/containers",
        "/flags",
        "/frameworks",
        "/metrics/snapshot",
        "/monitor/statistics",
        "/roles",
        "/slaves",
        "/state",
        "/state-summary",
        "/tasks",
    }
)
"""What masters and agents tell of themselves: what may be opened to readers without a credential."""


def _reads(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [path for path in found if path not in READS]
    if unknown or not found:
        raise ValueError(f"paths of masters and agents with commas between them, out of {', '.join(sorted(READS))}")
    return tuple(sorted(found))


def _projects(text: str) -> str:
    if text.strip() == "none":
        return ""
    try:
        first, last = project_range(text)
    except ValueError:
        raise ValueError(
            "none, or the first and the last of a range of numbers from 1 to 4294967294, such as 100000-165535"
        ) from None
    return f"{first}-{last}"


def _principals(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in found:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name, re.ASCII):
            raise ValueError("names with commas between them, of letters, digits, dots, hyphens and underscores")
        if name == "admin" or name.startswith("dcos_"):
            raise ValueError(f"names of your own: {name} is taken by the administrator or by the cluster's daemons")
    if not found or len(set(found)) < len(found):
        raise ValueError("names with commas between them, each once, such as spark,jenkins")
    return tuple(sorted(found))


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "dcos_cluster_name",
        "cluster",
        _cluster_name,
        "the file's name",
        "What the cluster is called, in `dcos` and in its machines.",
        "dcos_cluster_name=lab",
    ),
    Variable(
        "dcos_operator_networks",
        "cluster",
        _networks,
        BY_PROVIDER,
        "From where, besides the members, the ports of master, agents and init may be reached.",
        "dcos_operator_networks=198.19.255.0/24,198.19.1.7",
    ),
    Variable(
        "dcos_agent_ping_timeout",
        "cluster",
        _duration("1secs", "15mins"),
        MasterFlags.find("agent_ping_timeout").default_text,
        "How long the master waits for an agent's answer to one ping.",
        "dcos_agent_ping_timeout=5secs",
    ),
    Variable(
        "dcos_max_agent_ping_timeouts",
        "cluster",
        _whole(1, 100, "pings"),
        MasterFlags.find("max_agent_ping_timeouts").default_text,
        "After how many unanswered pings an agent is unreachable, and its tasks are run elsewhere.",
        "dcos_max_agent_ping_timeouts=3",
    ),
    Variable(
        "dcos_agent_reregister_timeout",
        "cluster",
        _duration("10secs", "24hrs"),
        MasterFlags.find("agent_reregister_timeout").default_text,
        "How long after a master's election agents may take to come back before they are unreachable.",
        "dcos_agent_reregister_timeout=2mins",
    ),
    Variable(
        "dcos_zk_session_timeout",
        "cluster",
        _duration("2secs", "40secs"),
        "5secs, with one master 20secs",
        "After how much silence a leading master or init is given up, and another one leads.",
        "dcos_zk_session_timeout=10secs",
    ),
    Variable(
        "dcos_anonymous_reads",
        "cluster",
        _reads,
        "none",
        "Paths of masters and agents that anybody who reaches their ports may read without a credential.",
        "dcos_anonymous_reads=/metrics/snapshot,/state",
    ),
    Variable(
        "dcos_agent_capabilities",
        "cluster",
        _capabilities,
        "none",
        "Linux capabilities that tasks may ask for beyond the usual ones; who has SYS_ADMIN has its machine.",
        "dcos_agent_capabilities=NET_RAW,SYS_PTRACE",
    ),
    Variable(
        "dcos_agent_disk_projects",
        "cluster",
        _projects,
        "2147483648-2147549183",
        "Ids of project quotas that agents hold tasks to their disk with, where /var/lib/dcos is on a file system that "
        "has such quotas; nobody else may use them there. `none`: files are counted.",
        "dcos_agent_disk_projects=100000-165535",
    ),
    Variable(
        "dcos_principals",
        "cluster",
        _principals,
        "none",
        "Frameworks and tools outside the cluster that get a secret of their own, for HTTP Basic.",
        "dcos_principals=spark,jenkins",
    ),
    Variable(
        "dcos_cpus",
        "host",
        _number(0.1, 1024, "processors"),
        BY_PROVIDER,
        "Processors of the machine.",
        "dcos_cpus=2",
    ),
    Variable(
        "dcos_mem",
        "host",
        _whole(256, 64 << 20, "megabytes"),
        BY_PROVIDER,
        "Memory of the machine in MB.",
        "dcos_mem=1536",
    ),
    Variable(
        "dcos_disk",
        "host",
        _whole(256, 1 << 40, "megabytes"),
        BY_PROVIDER,
        "Disk of the machine in MB.",
        "dcos_disk=20000",
    ),
    Variable(
        "dcos_attributes",
        "agent",
        _attributes,
        "none",
        "What frameworks may select the agent by.",
        "dcos_attributes=rack:1;disk:ssd",
    ),
    Variable(
        "dcos_resources",
        "agent",
        _resources,
        "what the agent counts itself",
        "What the agent offers, as its flag `--resources`; what is not named is counted. Ports below 1024 and those of"
        " daemons are tasks' only when they are offered here: `ports:[80-80,443-443,31000-32000]`.",
        "dcos_resources=disk:512000;ports:[31000-32000]",
    ),
)

ANSIBLE_VARIABLES: dict[str, str] = {
    "ansible_host": "The address of the machine; where `dcos_address` may be set also a name that SSH connects to.",
    "ansible_port": "The port of SSH.",
    "ansible_user": "Who SSH logs in as; somebody else than root needs `ansible_become`.",
    "ansible_become": "`true`: commands go through sudo, which must not ask for a password.",
    "ansible_ssh_private_key_file": "The key for SSH; without it, those of your own SSH set-up.",
    "ansible_python_interpreter": "The Python on the host that modules run with; found by itself.",
}
"""Those of Ansible's that providers may heed; ``ansible_host`` is heeded by all of them."""
