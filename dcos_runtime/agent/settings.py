"""What the flags of dcos-agent become: its guard, the capabilities of tasks; and which flags exclude each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from dcos_runtime.agent.containers.networks import NetworkSettings
from dcos_runtime.agent.core.capabilities import Policy
from dcos_runtime.agent.images.sources import Registry
from dcos_runtime.agent.resources import parse_resources, scalar
from dcos_runtime.flags import FlagError
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.flags.resources import read_attributes
from dcos_runtime.guard import admission, guard
from dcos_runtime.guard.admission import Admission, Realm
from dcos_runtime.guard.users import Users
from dcos_runtime.store.election import parse_master


def read_registry(text: str) -> Registry | None:
    """Raises ``ValueError``."""
    return Registry.read(text) if text else None


def read_prefix(text: str) -> str:
    """The path in front of the names of appc images. Raises ``ValueError``."""
    path = text.removeprefix("file://")
    if path and not path.startswith("/"):
        raise ValueError("expected an absolute path, such as /srv/images/; other sources need a fetch by hand")
    return path


CHECKS: Mapping[str, Callable[[str], object]] = {
    "master": parse_master,
    "resources": parse_resources,
    "attributes": read_attributes,
    "appc_simple_discovery_uri_prefix": read_prefix,
}
"""Further checks of the flags' texts."""


def admission_of(flags: AgentFlags, users: Users | None) -> Admission:
    """``users``: who is asked about revoked tokens. Raises `guard.GuardUnusable`."""
    known = guard.guard(
        "mesos-agent",
        flags,
        credentials=flags.http_credentials,
        users=users,
        kind="agent",
    )
    realms = admission.guarded(flags)
    if realms:  # the operator API reads, too, and runs commands in containers: it is never more open than reads are
        realms |= {Realm.WRITE}
    return Admission("mesos-agent", known, realms, own="agent")


def own_paths(flags: AgentFlags) -> dict[str, Path]:
    """Folders and files of the agent, by the flags that name them: no task may see or fetch them."""
    work_dir = Path(flags.work_dir).absolute()
    named = {
        "work_dir": work_dir,
        "runtime_dir": runtime_dir(flags),
        "fetcher_cache_dir": cache_folder(flags),
        "docker_store_dir": image_folder(flags),
        "docker_config": flags.docker_config,
        "http_credentials": flags.http_credentials,
        "tls_identity": flags.tls_identity,
        "record": flags.record,
        "network_cni_config_dir": flags.network_cni_config_dir,
    }
    return {name: Path(path).absolute() for name, path in named.items() if path is not None}


def cache_folder(flags: AgentFlags) -> Path:
    """The folder of the fetcher's cache."""
    return Path(flags.fetcher_cache_dir or Path(flags.work_dir) / "fetch").absolute()


def image_folder(flags: AgentFlags) -> Path:
    """The folder of the store of images."""
    return Path(flags.docker_store_dir or Path(flags.work_dir) / "store").absolute()


def host_paths(flags: AgentFlags) -> tuple[str, ...]:
    """Folders of the machine that tasks may have as volumes."""
    return tuple(str(one) for one in flags.allowed_host_paths or ())


def runtime_dir(flags: AgentFlags) -> Path:
    """The folder for what need not survive a reboot."""
    return Path(flags.runtime_dir) if flags.runtime_dir else Path(flags.work_dir).absolute() / "run"


def networks(flags: AgentFlags) -> NetworkSettings:
    """The networks that containers may have."""
    return NetworkSettings(
        folder=runtime_dir(flags).absolute() / "networks",
        name=str(Path(flags.work_dir).absolute()),
        plugins=flags.network_cni_plugins_dir,
        configured=Path(flags.network_cni_config_dir) if flags.network_cni_config_dir else None,
        bridge=flags.bridge_network,
    )


def without_networks(flags: AgentFlags, launcher: str) -> str:
    """Why containers have no networks of their own; empty if they have."""
    if launcher != "linux":
        return f"--launcher={launcher} has none"
    if flags.network_cni_config_dir is None and flags.bridge_network is None:
        return "neither --network_cni_config_dir nor --bridge_network is given"
    return ""


def capabilities(flags: AgentFlags) -> Policy:
    """Which capabilities tasks get and may ask for."""
    given, allowed = flags.effective_capabilities, flags.bounding_capabilities
    policy = Policy(
        given=None if given is None else frozenset(given.capabilities),
        allowed=None if allowed is None else frozenset(allowed.capabilities),
    )
    return replace(policy, allowed=policy.most | flags.additional_capabilities)


def check(flags: AgentFlags) -> None:
    """Checks flags against each other. Raises `FlagError`."""
    sources = {"http_credentials": flags.http_credentials, "token_key": flags.token_key}
    problems = admission.problems(flags, admission.guarded(flags), sources)
    if flags.ip == "0.0.0.0" and flags.advertise_ip is None:
        problems.append("--ip=0.0.0.0 is no address at which others can reach this agent; give --advertise_ip, too")
    offered = scalar(parse_resources(flags.resources), "gpus")
    if offered > len(flags.nvidia_gpu_devices) or offered % 1:
        problems.append(
            f"--resources offers {offered:g} gpus, and --nvidia_gpu_devices names {len(flags.nvidia_gpu_devices)}; they"
            " are handed out whole, by their device files"
        )
    if flags.check_agent_port_range_only and flags.container_ports_isolated_range is not None:
        problems.append("give --check_agent_port_range_only or --container_ports_isolated_range, not both")
    policy = capabilities(flags)
    if beyond := (policy.given or frozenset()) - policy.most:
        names = ", ".join(sorted(capability.value for capability in beyond))
        problems.append(f"--effective_capabilities names {names}, which --bounding_capabilities does not allow")
    if problems:
        raise FlagError(flags.program, problems)
