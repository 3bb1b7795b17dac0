"""The declaration of the provider libvirt: virtual machines, on the hypervisor of this host or of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_installer.providers.base import Provider
from dcos_installer.providers.declaration import Declaration, Default, Finding, HostView, Options, Remains
from dcos_installer.providers.libvirt import options as own
from dcos_runtime.counting import counted

if TYPE_CHECKING:
    from dcos_images.images import Image
    from dcos_installer.config.limits import HostLimits
    from dcos_installer.config.model import ClusterSpec


class LibvirtDeclaration(Declaration):
    """See `declaration.Declaration`."""

    def check_place(self, outputs: Sequence[str], place: str) -> None:
        from dcos_installer.providers.libvirt.publishing import check_place

        check_place(outputs, place)

    def publish(self, image: Image, place: str, note: Callable[[str], None]) -> Mapping[str, str]:
        from dcos_installer.providers.libvirt.publishing import publish

        return publish(image, place, note)

    def open(self, spec: ClusterSpec, state_dir: Path) -> Provider:
        from dcos_installer.providers.libvirt.provider import LibvirtProvider

        return LibvirtProvider(spec, state_dir)

    def operator_networks(self, options: Options) -> tuple[IPv4Network, ...]:
        """This host's end of the network; if the machines are on another host, an inventory must name the networks."""
        if not own.is_local(own.uri_of(options)):
            return ()
        return (IPv4Network(own.network_of(options).network_address + 1),)

    def suggestions(self, options: Options) -> IPv4Network:
        return own.network_of(options)

    def host_findings(self, host: HostView, options: Options, limits: HostLimits | None) -> Iterator[Finding]:
        if host.address:
            yield from _address_findings(host, own.network_of(options))
        if host.cpus is not None and host.cpus != int(host.cpus):
            yield Finding(
                "dcos_cpus", f"dcos_cpus={host.cpus:g} is no number of whole processors", f"write {int(host.cpus) + 1}"
            )
        if host.disk_mb is not None and host.disk_mb > own.LARGEST_DISK_MB:
            what = f"dcos_disk={host.disk_mb} is more than any storage pool holds"
            yield Finding("dcos_disk", what, f"write {own.LARGEST_DISK_MB} (64 TiB) or less")
        if limits is None or not own.is_local(own.uri_of(options)):
            return
        here = "is more than this machine has"
        if host.cpus is not None and host.cpus > limits.cpus:
            yield Finding("dcos_cpus", f"dcos_cpus={host.cpus:g} {here}", f"write {limits.cpus} or less")
        if host.mem_mb is not None and host.mem_mb > limits.mem_mb:
            yield Finding("dcos_mem", f"dcos_mem={host.mem_mb} {here}", f"write {limits.mem_mb} or less")

    def cluster_findings(self, hosts: int, options: Options) -> Iterator[Finding]:
        network = own.network_of(options)
        room = network.num_addresses - 3  # the network's own, its broadcast address, and the hypervisor's
        if hosts > room:
            length = network.max_prefixlen - (hosts + 2).bit_length()
            yield Finding(
                own.NETWORK.name,
                f"{own.NETWORK.name}={network} has addresses for {counted(room, 'machine')},"
                f" and the inventory has {hosts}",
                f"name a network of /{length} or larger, or fewer hosts",
            )

    def preflight(self, spec: ClusterSpec) -> None:
        from dcos_installer.providers.libvirt.preflight import refuse_what_cannot_be_had

        refuse_what_cannot_be_had(spec)

    def remains(self, cluster_id: str, described: ClusterSpec | None) -> Remains:
        from dcos_installer.providers.libvirt.remains import remains

        return remains(cluster_id, described, self.name)


def _address_findings(host: HostView, network: IPv4Network) -> Iterator[Finding]:
    parsed = IPv4Address(host.address)
    if parsed not in network:
        what = f"the address {parsed} of {host.name} is outside {own.NETWORK.name}={network}"
        yield Finding("ansible_host", what, f"write an address inside, such as {host.suggest()}, or none")
    elif parsed in (network.network_address, network.broadcast_address):
        what = f"{parsed} is the network's own or its broadcast address"
        yield Finding("ansible_host", what, f"write another, such as {host.suggest()}, or none")
    elif parsed == network.network_address + 1:
        what = f"{parsed} is the hypervisor's own address in {network}"
        yield Finding("ansible_host", what, f"write another, such as {host.suggest()}, or none")


DECLARATION = LibvirtDeclaration(
    name="libvirt",
    summary="virtual machines that libvirt makes",
    gives_addresses=True,
    takes_images="POOL[@URI]",
    extra="libvirt",
    brought_by="installer/setup-host libvirt",
    variables=own.VARIABLES,
    defaults={
        "dcos_operator_networks": Default("this host, or must be set where the hypervisor is another"),
        "dcos_cpus": Default("1", {"master": 1.0, "agent": 1.0, "public_agent": 1.0}, note="Whole ones with libvirt."),
        "dcos_mem": Default(
            "2048 for a master, 1024 for an agent", {"master": 2048, "agent": 1024, "public_agent": 1024}
        ),
        "dcos_disk": Default("10240", {"master": 10240, "agent": 10240, "public_agent": 10240}),
    },
)
