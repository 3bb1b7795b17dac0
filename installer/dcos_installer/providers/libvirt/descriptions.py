"""Networks, pools and volumes for libvirt: typed data, and their XML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network

from dcos_installer.providers.libvirt.markup import Element, element, mark, marked, parse, text


@dataclass(frozen=True, order=True)
class Reservation:
    """An address that the network's DHCP reserves for a machine."""

    host: str
    mac: str
    address: str

    def tree(self) -> Element:
        return element("host", mac=self.mac, name=self.host, ip=self.address)

    @property
    def xml(self) -> str:
        return text(self.tree())


@dataclass(frozen=True)
class Network:
    """A cluster's network. DHCP serves only its reservations; there is no name server, and no route to other networks.

    ``routed``: the hypervisor forwards packets from and to other networks, because its operator is there.
    """

    name: str
    uuid: str
    cluster_id: str
    bridge: str
    network: IPv4Network
    reservations: tuple[Reservation, ...] = ()
    routed: bool = False

    @property
    def gateway(self) -> IPv4Address:
        return self.network.network_address + 1

    @property
    def xml(self) -> str:
        return text(
            element(
                "network",
                element("name", text=self.name),
                element("uuid", text=self.uuid),
                mark("cluster", id=self.cluster_id),
                element("forward", mode="route") if self.routed else None,
                element("bridge", name=self.bridge, stp="off", delay=0),
                element("dns", enable="no"),
                element(
                    "ip",
                    element("dhcp", *(one.tree() for one in sorted(self.reservations))),
                    address=str(self.gateway),
                    prefix=self.network.prefixlen,
                ),
            )
        )


def cluster_of_network(xml: str) -> str:
    """The cluster id of a network; empty: another owner's network."""
    return (marked(parse(xml), "cluster") or {}).get("id", "")


def reservations(xml: str) -> Iterator[Reservation]:
    for host in parse(xml).iterfind("ip/dhcp/host"):
        yield Reservation(host.get("name", ""), host.get("mac", ""), host.get("ip", ""))


def networks_of(xml: str) -> Iterator[IPv4Network]:
    """The IPv4 networks in a network's description."""
    for ip in parse(xml).iterfind("ip"):
        if ip.get("family", "ipv4") == "ipv4" and (address := ip.get("address")):
            yield IPv4Interface(f"{address}/{ip.get('prefix') or ip.get('netmask') or 32}").network


@dataclass(frozen=True)
class Pool:
    """A folder on the hypervisor."""

    name: str
    uuid: str
    path: str

    @property
    def xml(self) -> str:
        target = element("target", element("path", text=self.path))
        return text(
            element("pool", element("name", text=self.name), element("uuid", text=self.uuid), target, type="dir")
        )


def folder_of_pool(xml: str) -> str:
    """The folder of a pool's volumes; empty: they are not files."""
    tree = parse(xml)
    return tree.findtext("target/path", "") if tree.get("type") in ("dir", "fs", "netfs") else ""


@dataclass(frozen=True)
class Volume:
    """A file in a pool. ``backing`` is the path of the qcow2 that it is a layer over; empty: none."""

    name: str
    bytes: int
    format: str
    mode: int = 0o600
    backing: str = ""

    @property
    def xml(self) -> str:
        kind = element("format", type=self.format)
        permissions = element("permissions", element("mode", text=f"{self.mode:04o}"))
        compat = element("compat", text="1.1") if self.format == "qcow2" else None
        backing = None
        if self.backing:
            backing = element("backingStore", element("path", text=self.backing), element("format", type="qcow2"))
        return text(
            element(
                "volume",
                element("name", text=self.name),
                element("capacity", text=self.bytes, unit="bytes"),
                None if self.format == "raw" else element("allocation", text=0, unit="bytes"),
                element("target", kind, permissions, compat),
                backing,
            )
        )


def backing_of_volume(xml: str) -> str:
    return parse(xml).findtext("backingStore/path", "")
