"""A cluster's network on the hypervisor: created, started, with a reservation for each machine's address."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network

from dcos_installer.config.model import HostSpec
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.libvirt.descriptions import Network, Reservation, networks_of
from dcos_installer.providers.libvirt.hypervisor import Hypervisor, LibvirtFailed
from dcos_installer.providers.libvirt.names import Names
from dcos_installer.providers.libvirt.options import NETWORK
from dcos_installer.providers.libvirt.survey import Survey, refuse_anothers_network


def refuse_taken(survey: Survey, names: Names, network: IPv4Network) -> None:
    """Raises `ProviderError` when another owner has the network's name, or our addresses in one of libvirt's."""
    refuse_anothers_network(survey, names)
    for other in survey.others_networks:
        for taken in networks_of(other.xml):
            if taken.overlaps(network):
                raise _in_use(network, f"libvirt's network {other.name} has {taken}")


def _in_use(network: IPv4Network, why: str) -> ProviderError:
    return ProviderError(
        f"the network {network} is in use on the hypervisor",
        why=why,
        hint=f"name another one with {NETWORK.name}, or remove the other network when nothing needs it",
    )


def addresses(
    survey: Survey, network: IPv4Network, hosts: Collection[HostSpec], wanted: Collection[str]
) -> dict[str, str]:
    """The hosts' addresses: those of the inventory, those they have now, and for hosts in ``wanted`` free ones.

    A host without an address that is not in ``wanted`` is left out.
    """
    found = {host.name: host.address for host in hosts if host.address and not host.late}
    taken = {network.network_address, network.network_address + 1, network.broadcast_address}
    taken |= {IPv4Address(one.address) for one in survey.reserved.values()}
    taken |= {IPv4Address(address) for address in found.values()}
    for host in hosts:
        if host.name in found:
            continue
        reserved = survey.reserved.get(host.name)
        # A machine whose reservation was lost gets its former address again.
        previous = host.address and IPv4Address(host.address) in network and IPv4Address(host.address) not in taken
        if reserved is not None:
            found[host.name] = reserved.address
        elif previous:
            found[host.name] = host.address
        elif host.name in wanted:
            free = next((one for one in network.hosts() if one not in taken), None)
            if free is None:
                raise ProviderError(
                    f"there is no address left in {network} for {host.name}",
                    why="each one is a machine's",
                    hint="remove machines, or deploy the cluster again with a larger network",
                )
            found[host.name] = str(free)
        if host.name in found:
            taken.add(IPv4Address(found[host.name]))
    return found


def ensure_network(
    hypervisor: Hypervisor,
    names: Names,
    survey: Survey,
    network: IPv4Network,
    hosts: Mapping[str, str],
    *,
    routed: bool,
) -> None:
    """Creates and starts the network if necessary, with a reservation for each of ``hosts`` (name to address)."""
    refuse_taken(survey, names, network)
    wanted = [Reservation(host, names.mac(host), address) for host, address in sorted(hosts.items())]
    if survey.network is None:
        described = Network(
            names.network, names.network_uuid, names.cluster_id, names.bridge, network, tuple(wanted), routed
        )
        hypervisor.define_network(described.xml)
    else:
        for one in wanted:
            previous = survey.reserved.get(one.host)
            if previous != one:
                hypervisor.reserve(names.network, one.xml, previous=previous.xml if previous is not None else "")
    start_network(hypervisor, names, network)


def start_network(hypervisor: Hypervisor, names: Names, network: IPv4Network) -> None:
    try:
        hypervisor.start_network(names.network)
    except LibvirtFailed as error:
        if "already in use" in error.why:
            raise _in_use(network, error.why) from error
        raise


def forget(hypervisor: Hypervisor, names: Names, survey: Survey, hosts: Iterable[str]) -> None:
    """Removes the reservations of machines that no longer exist."""
    for host in hosts:
        if (previous := survey.reserved.get(host)) is not None:
            hypervisor.reserve(names.network, "", previous=previous.xml)
