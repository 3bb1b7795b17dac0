"""Which networks of its own a container asks for, and what of that no agent or this one gives. Pure.

Contract: Mesos' isolator network/cni for NetworkInfos with a name, and its Docker containerizer for
DockerInfo.network and DockerInfo.port_mappings; both lead to the same here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from dcos_runtime.agent.core.model import Refusal, Settings
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import intervals
from dcos_runtime.wire.containers import ContainerInfo, NetworkInfo
from dcos_runtime.wire.resources import Resource

BRIDGE = "mesos-bridge"
"""The name of the network that BRIDGE of Docker's means, as Marathon calls it."""

PROTOCOLS = ("tcp", "udp")
LONGEST_HOSTNAME = 64
LAST_PORT = 65535

_LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?")

Docker = ContainerInfo.DockerInfo


def networks(container: ContainerInfo | None) -> tuple[NetworkInfo, ...] | None:
    """The networks that a container joins in a network namespace of its own, each with its port mappings; ``None``: it
    is in the machine's network. Empty: it is in none, and has a loopback interface only. Protocols: in small letters.
    """
    if container is None:
        return None
    named = tuple(_complete(one) for one in container.network_infos if one.name)
    if container.type is not ContainerInfo.Type.DOCKER or container.docker is None:
        return named or None
    docker = container.docker
    mapped = [
        NetworkInfo.PortMapping(host_port=one.host_port, container_port=one.container_port, protocol=one.protocol)
        for one in docker.port_mappings
    ]
    match docker.network:
        case Docker.Network.BRIDGE:
            return (_complete(NetworkInfo(name=BRIDGE, port_mappings=mapped)),)
        case Docker.Network.USER:
            return tuple(_complete(_with(one, mapped)) for one in named)
        case Docker.Network.NONE:
            return ()
        case _:
            return None


def hostname(container: ContainerInfo | None, container_id: str) -> str:
    """What a container in a network of its own is called: its own id, unless it asks for another name."""
    return (container.hostname if container is not None else None) or container_id


def refusal(container: ContainerInfo | None, resources: Sequence[Resource], settings: Settings) -> Refusal | None:
    """Why a task cannot have the networks that it asks for, or ``None``."""
    if container is None:
        return None
    if (wrong := _malformed(container)) is not None:
        return Refusal(f"Failed to launch container: {wrong}")
    wanted = networks(container)
    if wanted is None:
        return None
    if not wanted and settings.launcher == "linux":
        return None
    if settings.without_networks:
        text = f"this agent has no networks for containers ({settings.without_networks}); use the machine's network"
        return Refusal(f"Failed to launch container: {text}")
    offered = amounts.parse(resources).intervals("ports")
    if (wrong := _wrong_mapping(list(_mappings(wanted)), offered)) is not None:
        return Refusal(f"Failed to launch container: {wrong}", invalid=True)
    return None


def executor_refusal(container: ContainerInfo | None) -> Refusal | None:
    """Why a custom executor cannot have its own network, or ``None``."""
    if networks(container) is None:
        wrong = _malformed(container) if container is not None else None
        return None if wrong is None else Refusal(f"Failed to launch container: {wrong}")
    text = (
        "a custom executor speaks to its agent, which it cannot reach from a network of its own; leave out the networks"
        " of its container"
    )
    return Refusal(f"Failed to launch container: {text}")


def _malformed(container: ContainerInfo) -> str | None:
    docker = container.docker if container.type is ContainerInfo.Type.DOCKER else None
    kind = (docker.network or Docker.Network.HOST) if docker is not None else None
    named = [one.name for one in container.network_infos if one.name]
    if kind is Docker.Network.USER and len(named) != len(container.network_infos):
        return "No network name found in network info"
    if kind is Docker.Network.USER and len(named) != 1:
        return (
            "Only a single network can be defined in Docker run options"
            if named
            else ("No network info found in container info")
        )
    if kind not in (None, Docker.Network.USER) and named:
        return "container.network_infos names a network, and goes with container.docker.network USER"
    if docker is not None and docker.port_mappings and kind in (Docker.Network.HOST, Docker.Network.NONE):
        return "Port mappings are only supported for bridge and user-defined networks"
    if any(one.port_mappings and not one.name for one in container.network_infos):
        return "container.network_infos has port_mappings and no name; ports of the machine's network need no mapping"
    if twice := next((name for name in named if named.count(name) > 1), None):
        return f"Attempted to join CNI network '{twice[:80]}' multiple times"
    if container.hostname is None:
        return None
    if networks(container) is None:
        return "container.hostname goes with a network of the container's own; in the machine's it is called as that is"
    labels = container.hostname.split(".")
    if len(container.hostname) > LONGEST_HOSTNAME or not all(_LABEL.fullmatch(one) for one in labels):
        return f"{container.hostname[:80]!r} cannot be the name of a host; letters, digits, '-' and '.' make one"
    return None


def _wrong_mapping(mappings: Sequence[NetworkInfo.PortMapping], offered: Sequence[tuple[int, int]]) -> str | None:
    seen: set[tuple[int, str | None]] = set()
    for one in mappings:
        what = f"the mapping of host port {one.host_port}"
        if one.protocol not in PROTOCOLS:
            return f"{what} has the protocol {(one.protocol or '')[:20]!r}; tcp and udp can be mapped"
        if not 0 < one.container_port <= LAST_PORT:
            return f"{what} leads to port {one.container_port}; ports are from 1 to {LAST_PORT}"
        if not any(low <= one.host_port <= high for low, high in offered):
            had = intervals.text(tuple(offered)) if offered else "none"
            return f"host port {one.host_port} is mapped, and is not among the ports of the task's resources ({had})"
        if (one.host_port, one.protocol) in seen:
            return f"host port {one.host_port} is mapped twice for {one.protocol}"
        seen.add((one.host_port, one.protocol))
    return None


def _mappings(wanted: Sequence[NetworkInfo]) -> Iterator[NetworkInfo.PortMapping]:
    for network in wanted:
        yield from network.port_mappings


def _with(network: NetworkInfo, mapped: Sequence[NetworkInfo.PortMapping]) -> NetworkInfo:
    return msgspec.structs.replace(network, port_mappings=[*network.port_mappings, *mapped])


def _complete(network: NetworkInfo) -> NetworkInfo:
    """Without addresses, which are the network's to give, and with the protocols of mappings filled in."""
    mapped = [msgspec.structs.replace(one, protocol=(one.protocol or "tcp").lower()) for one in network.port_mappings]
    return msgspec.structs.replace(network, ip_addresses=[], port_mappings=mapped)
