"""The private network of a cluster's nspawn machines: one bridge without a route out, stable names and addresses.

Machines have no default route and the bridge forwards nothing, so that none of their packets gets past this host;
`filter` decides which ones it accepts, and from which addresses.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import Any

from dcos_installer.process import run
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.nspawn import filter as nspawn_filter

MACHINE_INTERFACE = "host0"
"""The machine's only interface besides loopback, with systemd-nspawn's name."""

_CLONE_NEWNET = 0x40000000
_DEADLINE = 30.0


@dataclass(frozen=True)
class Bridge:
    """A cluster's bridge. The host has the network's first address on it."""

    name: str
    alias: str
    network: IPv4Network

    @property
    def address(self) -> IPv4Interface:
        return IPv4Interface(f"{self.network.network_address + 1}/{self.network.prefixlen}")


@dataclass(frozen=True)
class MachinePort:
    """A machine's end of the network. ``host_side`` is the interface's name on the host."""

    host_side: str
    mac: str
    address: IPv4Interface


def bridge_name(cluster_id: str) -> str:
    """It fits an interface's 15 characters."""
    return f"dcos-{cluster_id[:8]}"


def bridge_for(cluster_id: str, cluster_name: str, network: IPv4Network) -> Bridge:
    """The bridge of a cluster; its alias names the cluster."""
    return Bridge(bridge_name(cluster_id), f"dcos cluster {cluster_name} ({cluster_id})"[:255], network)


def port_for(cluster_id: str, machine: str, address: str, network: IPv4Network) -> MachinePort:
    """Always the same for a machine: names and hardware address follow from the cluster's id and its own name."""
    digest = hashlib.sha256(f"{cluster_id}/{machine}".encode()).hexdigest()
    octets = ["02", *(digest[index : index + 2] for index in range(0, 10, 2))]  # 02: locally administered
    return MachinePort(f"dm{digest[:10]}", ":".join(octets), IPv4Interface(f"{address}/{network.prefixlen}"))


def address_problems(network: IPv4Network, addresses: Mapping[str, str]) -> list[str]:
    """The problems of the machines' addresses, a sentence each."""
    problems = []
    seen: dict[IPv4Address, str] = {}
    gateway = network.network_address + 1
    for name, text in sorted(addresses.items()):
        address = IPv4Address(text)
        if address not in network or address in (network.network_address, network.broadcast_address):
            problems.append(f"{name} has {address}, which is no host's address in {network}")
        elif address == gateway:
            problems.append(f"{name} has {address}, which is this host's own in {network}")
        elif address in seen:
            problems.append(f"{name} has {address}, which {seen[address]} has too")
        seen.setdefault(address, name)
    return problems


def clashes(bridge: Bridge, links: Sequence[Any], addresses: Sequence[Any], routes: Sequence[Any]) -> list[str]:
    """The uses of the bridge's network on this host, a sentence each. Takes the output of ``ip -json``."""
    aliases = {link.get("ifname", ""): link.get("ifalias", "") for link in links}
    users: dict[str, IPv4Network] = {}
    for link in addresses:
        for entry in link.get("addr_info", []):
            if entry.get("family") == "inet":
                network = IPv4Interface(f"{entry['local']}/{entry['prefixlen']}").network
                if network.overlaps(bridge.network):
                    users.setdefault(link["ifname"], network)
    for route in routes:
        destination = route.get("dst", "default")
        if destination == "default":
            continue
        network = IPv4Network(destination, strict=False)
        if network.prefixlen > 0 and network.overlaps(bridge.network):
            users.setdefault(route.get("dev", "a route without a device"), network)
    return [
        f"{device} has {network}" + (f": it belongs to {aliases[device]}" if aliases.get(device) else "")
        for device, network in sorted(users.items())
        if device != bridge.name
    ]


def refuse_taken(bridge: Bridge) -> None:
    """Raises `ProviderError` when the bridge's network is in use on this host. Changes nothing."""
    taken = clashes(
        bridge, _ip_json("link", "show"), _ip_json("-4", "address", "show"), _ip_json("-4", "route", "show")
    )
    if taken:
        raise ProviderError(
            f"the network {bridge.network} is in use on this host",
            why="; ".join(taken),
            hint="destroy the other cluster, or give this one a free network: dcos_network=198.18.1.0/24, say",
        )


def ensure_bridge(bridge: Bridge) -> None:
    """Creates and starts the bridge if necessary, with the host's address and its packet filter.

    Raises `ProviderError` when its network is taken, and when this host cannot be protected from machines.
    """
    refuse_taken(bridge)
    nspawn_filter.guard_bridge(bridge.name)
    if not link_exists(bridge.name):
        _ip("link", "add", "name", bridge.name, "type", "bridge")
    _ip("link", "set", "dev", bridge.name, "alias", bridge.alias)
    _ip("link", "set", "dev", bridge.name, "addrgenmode", "none")
    _ip("address", "replace", str(bridge.address), "brd", "+", "dev", bridge.name)
    _ip("link", "set", "dev", bridge.name, "up")
    # Even if this host routes between its networks, it does not route for machines.
    _set_if_there(Path("/proc/sys/net/ipv4/conf", bridge.name, "forwarding"), "0")
    _set_if_there(Path("/proc/sys/net/ipv6/conf", bridge.name, "disable_ipv6"), "1")


def bridged_traffic_dropped() -> list[str]:
    """The chains of this host's firewall that drop packets between machines by default; empty if none does.

    A bridge's packets pass there only if br_netfilter is enabled, as by Docker.
    """
    try:
        if Path("/proc/sys/net/bridge/bridge-nf-call-iptables").read_text().strip() != "1":
            return []
    except FileNotFoundError:
        return []
    listed = run(["nft", "-j", "list", "chains"], deadline=_DEADLINE, what="read this host's firewall", check=False)
    return dropping_chains(json.loads(listed.stdout)) if listed.returncode == 0 else []


def dropping_chains(ruleset: Any) -> list[str]:
    """The chains in ``nft -j list chains`` that drop forwarded packets by default."""
    chains = [entry["chain"] for entry in ruleset.get("nftables", []) if "chain" in entry]
    return [
        f"{chain['family']} {chain['table']} {chain['name']}"
        for chain in chains
        if chain.get("hook") == "forward" and chain.get("policy") == "drop" and chain["family"] in ("ip", "inet")
    ]


def remove_link(name: str) -> None:
    """Removes an interface, if it exists, and its rules."""
    if link_exists(name):
        run(["ip", "link", "delete", "dev", name], deadline=_DEADLINE, what=f"remove the interface {name}", check=False)
    if link_exists(name):
        raise ProviderError(
            f"the interface {name} cannot be removed",
            why="it is there still after its removal",
            hint=f"try: ip link delete dev {name}",
        )
    nspawn_filter.forget(name)


def unplug(port: MachinePort) -> None:
    """Disconnects a machine, as by pulling its cable: its peers get nothing more."""
    if link_exists(port.host_side):
        run(
            ["ip", "link", "set", "dev", port.host_side, "down"],
            deadline=_DEADLINE,
            what=f"cut off {port.host_side}",
            check=False,
        )


def link_exists(name: str) -> bool:
    return Path("/sys/class/net", name).exists()


def make_namespace() -> int:
    """A new network namespace, as a descriptor: it exists as long as the descriptor or a process in it, without a
    mount.

    For a process with one thread, which stays in its own namespace.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    home = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _checked(libc.unshare(_CLONE_NEWNET), "make a network namespace")
        try:
            return os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        finally:
            _checked(libc.setns(home, _CLONE_NEWNET), "come back from a network namespace")
    finally:
        os.close(home)


def plug_in(port: MachinePort, bridge_name: str, namespace: int) -> None:
    """Connects the network namespace to the bridge, with the machine's addresses on its side."""
    path = f"/proc/{os.getpid()}/fd/{namespace}"
    remove_link(port.host_side)
    _ip(
        *("link", "add", "name", port.host_side, "type", "veth"),
        *("peer", "name", MACHINE_INTERFACE, "address", port.mac, "netns", path),
    )
    for arguments in (
        ("link", "set", "dev", "lo", "up"),
        ("link", "set", "dev", MACHINE_INTERFACE, "addrgenmode", "none"),
        ("address", "add", str(port.address), "brd", "+", "dev", MACHINE_INTERFACE),
        ("link", "set", "dev", MACHINE_INTERFACE, "up"),
    ):
        run(["nsenter", f"--net={path}", "--", "ip", *arguments], deadline=_DEADLINE, what="set up a machine's network")
    _ip("link", "set", "dev", port.host_side, "addrgenmode", "none")
    guard(port)  # before its first packet reaches the bridge
    _ip("link", "set", "dev", port.host_side, "master", bridge_name, "up")


def guard(port: MachinePort) -> None:
    """Limits a port to its machine's addresses, if it exists. Raises `ProviderError` when this host cannot."""
    if not link_exists(port.host_side):
        return
    try:
        nspawn_filter.guard_port(port.host_side, port.mac, port.address.ip)
    except ProviderError:
        if link_exists(port.host_side):  # or the machine went off meanwhile
            raise


def links_of(bridge_name: str) -> Iterable[str]:
    """The interfaces on a bridge."""
    folder = Path("/sys/class/net", bridge_name, "brif")
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def _ip(*arguments: str) -> None:
    run(["ip", *arguments], deadline=_DEADLINE, what=f"set up the machines' network (ip {arguments[0]} {arguments[1]})")


def _ip_json(*arguments: str) -> list[Any]:
    answer = run(["ip", "-json", *arguments], deadline=_DEADLINE, what="read this host's network").stdout
    found = json.loads(answer or "[]")
    return found if isinstance(found, list) else []


def _set_if_there(path: Path, value: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.write_text(value)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise ProviderError(f"could not {what}", why=os.strerror(number), hint="machines are made by root")
