"""The declaration of the provider nspawn: machines on this host, in a private network that the inventory names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_installer.providers.base import Provider
from dcos_installer.providers.declaration import Declaration, Default, Finding, HostView, Options, Remains
from dcos_installer.providers.nspawn.options import NETWORK, network_of

if TYPE_CHECKING:
    from dcos_installer.config.limits import HostLimits
    from dcos_installer.config.model import ClusterSpec, HostSpec


class NspawnDeclaration(Declaration):
    """See `declaration.Declaration`."""

    def open(self, spec: ClusterSpec, state_dir: Path) -> Provider:
        from dcos_installer.providers.nspawn.provider import NspawnProvider

        return NspawnProvider(spec, state_dir)

    def operator_networks(self, options: Options) -> tuple[IPv4Network, ...]:
        """This host's end of the bridge."""
        return (IPv4Network(network_of(options).network_address + 1),)

    def suggestions(self, options: Options) -> IPv4Network:
        return network_of(options)

    def host_findings(self, host: HostView, options: Options, limits: HostLimits | None) -> Iterator[Finding]:
        if host.address:
            yield from _address_findings(host, network_of(options))
        if limits is None:
            return
        here = "is more than this machine has"
        if host.cpus is not None and host.cpus > limits.cpus:
            yield Finding("dcos_cpus", f"dcos_cpus={host.cpus:g} {here}", f"write {limits.cpus} or less")
        if host.mem_mb is not None and host.mem_mb > limits.mem_mb:
            yield Finding("dcos_mem", f"dcos_mem={host.mem_mb} {here}", f"write {limits.mem_mb} or less")

    def preflight(self, spec: ClusterSpec) -> None:
        from dcos_installer.providers.nspawn.preflight import refuse_what_cannot_be_had

        refuse_what_cannot_be_had(spec)

    def remains(self, cluster_id: str, described: ClusterSpec | None) -> Remains:
        from dcos_installer.providers.nspawn import remains

        left = remains.remains(cluster_id)
        networks = [IPv4Interface(address).network for address in left.addresses.values()]
        options = {NETWORK.name: str(networks[0])} if networks else {}
        return Remains({name: left.addresses.get(name, "") for name in left.machines}, left.bridge, options)

    def trees_in_use(self) -> Sequence[Path]:
        from dcos_installer.providers.nspawn import remains

        return remains.trees_in_use(remains.MACHINES_DIR)

    def recorded_as(self, spec: ClusterSpec, host: HostSpec) -> str:
        return f"{host.address}/{network_of(spec.options).prefixlen}"


def _address_findings(host: HostView, network: IPv4Network) -> Iterator[Finding]:
    parsed, name = IPv4Address(host.address), host.name
    if parsed not in network:
        yield Finding(
            "ansible_host",
            f"the address {parsed} of {name} is outside dcos_network={network}",
            f"write an address inside, such as {host.suggest()}",
        )
    elif parsed in (network.network_address, network.broadcast_address):
        yield Finding(
            "ansible_host",
            f"{parsed} is the network's own or its broadcast address",
            f"write another, such as {host.suggest()}",
        )
    elif parsed == network.network_address + 1:
        yield Finding(
            "ansible_host",
            f"{parsed} is this host's own address in {network}",
            f"write another, such as {host.suggest()}",
        )


DECLARATION = NspawnDeclaration(
    name="nspawn",
    summary="machines on this host",
    is_default=True,
    variables=(NETWORK,),
    defaults={
        "dcos_operator_networks": Default("this host"),
        "dcos_cpus": Default("1", {"master": 1.0, "agent": 1.0, "public_agent": 1.0}),
        "dcos_mem": Default(
            "2048 for a master, 1024 for an agent", {"master": 2048, "agent": 1024, "public_agent": 1024}
        ),
        "dcos_disk": Default("10240, less where this host has less room"),
    },
)
