"""The inventory variables that are the same for all providers: scope, grammar, defaults. A provider's own variables are
declared in its folder, in the same form; `dcos_installer.inventory_variables` lists all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv4Network, NetmaskValueError
from typing import Any, Literal
from urllib.parse import urlsplit

from dcos_installer.config.model import LONE_SESSION_SECONDS, SESSION_SECONDS, Settings
from dcos_runtime.flags import Flag, Flags
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.flags.cosmos import CosmosFlags, repositories
from dcos_runtime.flags.master import MasterFlags
from dcos_runtime.flags.resources import read_attributes, read_resources
from dcos_runtime.flags.values import (
    LAST_PORT,
    MOST_OF_A_RESOURCE,
    capability_names,
    duration_text,
    folders,
    project_range,
)

Scope = Literal["cluster", "host", "agent"]


@dataclass(frozen=True)
class Variable:
    """One ``dcos_*`` variable. ``parse`` takes its text and raises ``ValueError`` with what was expected.

    ``scope``: ``cluster`` variables are set in ``[all:vars]`` only; ``host`` ones wherever Ansible allows; ``agent``
    ones too, but only agents use them.
    """

    name: str
    scope: Scope
    parse: Callable[[str], Any]
    default: str
    """The default for people; for a provider's own variable also the text that is used where it is not set."""
    help: str
    example: str
    fixed: bool = False
    """Whether it cannot be changed while the cluster exists."""
    repeats: Flag | None = None
    """The daemon's flag that it becomes, which declares its help and its limits."""


def _flag(
    flags: type[Flags],
    name: str,
    example: str,
    *,
    variable: str = "",
    scope: Scope = "cluster",
    parse: Callable[[str], Any] | None = None,
    default: str = "",
    help: str = "",
    more: str = "",
) -> Variable:
    """A variable that becomes the flag ``name``, with the same name unless ``variable`` is given. ``parse``: for
    inventories, which may allow less than the command line; ``help`` then replaces the flag's help. ``default``: the
    behaviour without it, if that is not the flag's default. ``more``: further text.
    """
    one = flags.find(name)
    return Variable(
        variable or f"dcos_{name}",
        scope,
        parse or _expected(one),
        default or one.default_text or "none",
        help or f"{one.help[:1].upper()}{one.help[1:]}. {more}".rstrip(),
        example,
        repeats=one,
    )


def _expected(one: Flag) -> Callable[[str], Any]:
    """The flag's own parser, without the first word of its messages, which an inventory's messages do not have."""
    kind = one.on_clusters or one.kind

    def parse(text: str) -> Any:
        try:
            return kind.parse(text)
        except ValueError as error:
            raise ValueError(str(error).removeprefix("expected ")) from None

    return parse


BY_PROVIDER = "by provider"
"""A default that each provider declares."""


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


def _cluster_name(text: str) -> str:
    if not re.fullmatch(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?", text):
        raise ValueError("up to 32 small letters, digits and hyphens, a letter first")
    return text


def host_address(text: str) -> str:
    """An IPv4 address that a machine can have. Raises ``ValueError`` with what was expected."""
    try:
        address = IPv4Address(text)
    except AddressValueError:
        raise ValueError("an IPv4 address without leading zeros, such as 198.18.0.21") from None
    if address.is_loopback or address.is_multicast or address.is_unspecified or address.is_link_local:
        raise ValueError("an address that other machines can reach: not loopback, link-local, multicast or 0.0.0.0")
    if int(address) >> 24 == 0:
        raise ValueError("an address that other machines can reach: no machine has one that begins with 0")
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
    for name in names:
        try:
            known = capability_names(name)
        except ValueError:
            known = frozenset()
        if not known:
            raise ValueError(f"names of Linux capabilities with commas between them, such as NET_RAW (not {name!r})")
    return names


def _attributes(text: str) -> dict[str, str]:
    """Stricter than the agent: each key once, and without blanks."""
    found: dict[str, str] = {}
    for part in text.strip().strip(";").split(";"):
        key, _, value = (piece.strip() for piece in part.partition(":"))
        try:
            (attribute,) = read_attributes(part)
        except ValueError:
            attribute = None
        if attribute is None or not re.fullmatch(r"[A-Za-z0-9_.-]+", attribute.name):
            raise ValueError("key:value with semicolons between them, such as rack:1;disk:ssd")
        if key in found:
            raise ValueError(f"each key once, and {key} is there twice")
        found[key] = value
    return found


_AMOUNTS = ("cpus", "mem", "disk")


def _resources(text: str) -> str:
    """Stricter than the agent: no JSON, no reservations, each name once, amounts above zero."""
    parts = [part.strip() for part in text.strip().strip(";").split(";")]
    seen: set[str] = set()
    for part in parts:
        name, colon, _ = (piece.strip() for piece in part.partition(":"))
        if not colon or not re.fullmatch(r"[A-Za-z0-9_.-]+", name):
            raise ValueError("name:value with semicolons between them, such as cpus:4;mem:8192;ports:[31000-32000]")
        if name in seen:
            raise ValueError(f"each resource once, and {name} is there twice")
        seen.add(name)
        if name == "gpus":
            raise ValueError("no gpus: dcos_gpus=0,1 names them, and as many are offered")
        try:
            (one,) = read_resources(part)
        except ValueError:
            one = None
        if name == "ports":
            spans = one.ranges.range if one is not None and one.ranges is not None else []
            if not spans or any(not 1 <= span.begin <= span.end <= LAST_PORT for span in spans):
                raise ValueError(f"ports as [31000-32000], each from 1 to {LAST_PORT}, the lower one first")
        elif name in _AMOUNTS:
            if one is None or one.scalar is None or not 0 < one.scalar.value < MOST_OF_A_RESOURCE:
                raise ValueError(f"a number above zero for {name}")
        elif one is None or (one.set is not None and len(set(one.set.item)) < len(one.set.item)):
            raise ValueError(f"a number, [ranges] or {{a set}} for {name}, of which each item is there once")
    return ";".join(parts)


READS = frozenset(
    {
        "/containers",
        "/flags",
        "/frameworks",
        "/metrics",
        "/metrics/snapshot",
        "/monitor/statistics",
        "/roles",
        "/slaves",
        "/state",
        "/state-summary",
        "/tasks",
    }
)
"""Pages of masters and agents that may be opened to readers without a credential."""


def _reads(text: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    unknown = [path for path in found if path not in READS]
    if unknown or not found:
        raise ValueError(f"paths of masters and agents with commas between them, out of {', '.join(sorted(READS))}")
    return tuple(sorted(found))


def _host_paths(text: str) -> tuple[str, ...]:
    try:
        return tuple(str(one) for one in folders(text))
    except ValueError as error:
        raise ValueError(str(error).removeprefix("expected ")) from None


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


MOST_REPOSITORIES = 20
_PUBLIC_URLS = "URLs of http or https with a host, without a password and without a fragment"


def _repositories(text: str) -> tuple[tuple[str, str], ...]:
    """Names and URLs in the order of precedence: read as by the flag, within an inventory's limits."""
    try:
        found = repositories(text)
    except ValueError:
        if "@" in text:
            raise ValueError(_PUBLIC_URLS) from None
        raise ValueError(
            'name=URL with commas between them, or JSON such as [{"name": "Universe", "uri": "https://host/repo"}]'
        ) from None
    for name, uri in found:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,62}", name, re.ASCII):
            raise ValueError(f"names of letters, digits, blanks, dots, hyphens and underscores (not {name!r})")
        if not _fetched(uri):
            raise ValueError(_PUBLIC_URLS)
    if not found or len(found) > MOST_REPOSITORIES:
        raise ValueError(f"1 to {MOST_REPOSITORIES} repositories")
    for kind, values in (("name", [name for name, _ in found]), ("URL", [uri for _, uri in found])):
        if len(set(values)) < len(values):
            raise ValueError(f"each {kind} once")
    return tuple(found)


def _fetched(uri: str) -> bool:
    if not re.fullmatch(r"https?://[\x21-\x2b\x2d-\x7e]{1,2000}", uri, re.ASCII):
        return False
    try:
        parts = urlsplit(uri)
        return bool(parts.hostname) and not parts.fragment and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        return False


def _file(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError("the path of a file")
    return text


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
    _flag(MasterFlags, "agent_ping_timeout", "dcos_agent_ping_timeout=5secs"),
    _flag(MasterFlags, "max_agent_ping_timeouts", "dcos_max_agent_ping_timeouts=3"),
    _flag(MasterFlags, "agent_reregister_timeout", "dcos_agent_reregister_timeout=2mins"),
    _flag(
        MasterFlags,
        "zk_session_timeout",
        "dcos_zk_session_timeout=10secs",
        default=f"{duration_text(SESSION_SECONDS)}, with one master {duration_text(LONE_SESSION_SECONDS)}",
        more="Then another master or init leads.",
    ),
    _flag(
        MasterFlags,
        "anonymous_reads",
        "dcos_anonymous_reads=/metrics/snapshot,/state",
        parse=_reads,
        more="Of masters and agents.",
    ),
    _flag(
        AgentFlags,
        "additional_capabilities",
        "dcos_agent_capabilities=NET_RAW,SYS_PTRACE",
        variable="dcos_agent_capabilities",
        parse=_capabilities,
    ),
    _flag(
        AgentFlags,
        "docker_registry",
        "dcos_docker_registry=https://registry.example.com:5000",
    ),
    _flag(
        AgentFlags,
        "docker_config",
        "dcos_docker_config=/etc/dcos-docker.json",
        more="Lay it on the agents yourself, for root alone.",
    ),
    _flag(AgentFlags, "allow_privileged", "dcos_allow_privileged=true"),
    _flag(AgentFlags, "allowed_host_paths", "dcos_allowed_host_paths=/srv/data:/srv/models", parse=_host_paths),
    _flag(
        AgentFlags,
        "bridge_network",
        "dcos_bridge_network=198.19.128.0/18",
        more="The same on each agent, and no addresses of machines or their neighbours. Agents need the packages "
        "nftables and containernetworking-plugins.",
    ),
    _flag(
        AgentFlags,
        "disk_projects",
        "dcos_agent_disk_projects=100000-165535",
        variable="dcos_agent_disk_projects",
        parse=_projects,
        default=Settings().agent_disk_projects,
        more="`work_dir` is in /var/lib/dcos. `none`: files are counted.",
    ),
    Variable(
        "dcos_principals",
        "cluster",
        _principals,
        "none",
        "Frameworks and tools outside the cluster that get a secret of their own, for HTTP Basic.",
        "dcos_principals=spark,jenkins",
    ),
    _flag(
        CosmosFlags,
        "repositories",
        'dcos_repositories=[{"name": "Universe", "uri": "https://packages.example/repo"}]',
        parse=_repositories,
        more="Later it is changed with `dcos package repo`.",
    ),
    _flag(
        CosmosFlags,
        "repository_root",
        "dcos_repository_root=1.root.json",
        parse=_file,
        more="The repository's publisher gives that file; its path is seen from the inventory's folder.",
    ),
    _flag(
        CosmosFlags,
        "allowed_networks",
        "dcos_cosmos_allowed_networks=169.254.7.0/24",
        variable="dcos_cosmos_allowed_networks",
        more="Of the package manager, for repositories and artifacts.",
    ),
    _flag(CosmosFlags, "mirror", "dcos_mirror=http://198.18.0.11:7075"),
    _flag(CosmosFlags, "mirror_registry", "dcos_mirror_registry=198.18.0.11:7075"),
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
        _whole(256, 64 << 20, "MiB"),
        BY_PROVIDER,
        "Memory of the machine in MiB.",
        "dcos_mem=1536",
    ),
    Variable(
        "dcos_disk",
        "host",
        _whole(256, 1 << 40, "MiB"),
        BY_PROVIDER,
        "Disk of the machine in MiB.",
        "dcos_disk=20000",
    ),
    _flag(AgentFlags, "attributes", "dcos_attributes=rack:1;disk:ssd", scope="agent", parse=_attributes),
    _flag(
        AgentFlags,
        "resources",
        "dcos_resources=disk:512000;ports:[31000-32000]",
        scope="agent",
        parse=_resources,
        default="what the agent counts itself",
        help="What the agent offers, as its flag `--resources`; what is not named is counted. Ports below 1024 and"
        " those of daemons are tasks' only when they are offered here: `ports:[80-80,443-443,31000-32000]`.",
    ),
    _flag(AgentFlags, "nvidia_gpu_devices", "dcos_gpus=0,1", variable="dcos_gpus", scope="agent"),
)

ANSIBLE_VARIABLES: dict[str, str] = {
    "ansible_host": "The address of the machine; where `dcos_address` may be set also a name that SSH connects to.",
    "ansible_port": "The port of SSH.",
    "ansible_user": "The user of SSH; a user other than root needs `ansible_become`.",
    "ansible_become": "`true`: commands go through sudo, which must not ask for a password.",
    "ansible_ssh_private_key_file": "The key for SSH; without it, those of your own SSH set-up.",
    "ansible_ssh_common_args": "`-J JUMP` or `-o ProxyJump=JUMP`, and nothing else: the hosts that SSH goes through,"
    " `[user@]host[:port]`, several with commas. Their keys are those of your own SSH set-up.",
    "ansible_python_interpreter": "The Python on the host that modules run with; found by itself.",
}
"""Ansible's variables that a provider may use; ``ansible_host`` is used by all of them."""
