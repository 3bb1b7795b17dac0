"""A cluster's parts on a hypervisor, found by their marks: domains by metadata, volumes and network by name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from dcos_installer.providers.base import Condition, MachineState, ProviderError
from dcos_installer.providers.libvirt.descriptions import (
    Reservation,
    cluster_of_network,
    folder_of_pool,
    reservations,
)
from dcos_installer.providers.libvirt.domain import DomainMark, mark_of
from dcos_installer.providers.libvirt.hypervisor import Hypervisor, Power, SeenDomain, SeenNetwork, SeenPool, SeenVolume
from dcos_installer.providers.libvirt.names import Names, pool_uuid

TCG_SLOWNESS = 5.0
"""The factor of deadlines for machines whose processor QEMU emulates."""


@dataclass(frozen=True)
class KnownMachine:
    """A domain of the cluster, with the mark that says so."""

    seen: SeenDomain
    mark: DomainMark


@dataclass(frozen=True)
class Survey:
    """``machines``, ``volumes`` and ``reserved`` are of this cluster, by host; the rest is of all owners."""

    machines: Mapping[str, KnownMachine]
    volumes: Mapping[str, tuple[SeenVolume, ...]]
    reserved: Mapping[str, Reservation]
    network: SeenNetwork | None
    """The network with the cluster's name; it may be another owner's."""
    others_domains: Mapping[str, SeenDomain]
    """By name."""
    others_networks: tuple[SeenNetwork, ...]
    pools: Mapping[str, SeenPool]
    in_pools: Mapping[str, tuple[SeenVolume, ...]]
    """All volumes in the pools that were looked into."""

    @property
    def hosts(self) -> list[str]:
        """Every machine of which anything exists."""
        return sorted({*self.machines, *self.volumes})

    def state(self, host: str, address: str) -> MachineState:
        """``address`` is used if there is no reservation."""
        if (reserved := self.reserved.get(host)) is not None:
            address = reserved.address
        machine = self.machines.get(host)
        if machine is not None:
            condition, detail = condition_of(machine)
        elif host in self.volumes:
            condition, detail = Condition.BROKEN, "its creation was interrupted: only its disks exist"
        else:
            condition, detail = Condition.ABSENT, ""
        slowness = TCG_SLOWNESS if machine is not None and machine.mark.kind == "qemu" else 1.0
        return MachineState(host, condition, address, detail, slowness=slowness)


def condition_of(machine: KnownMachine) -> tuple[Condition, str]:
    """Its condition, and a phrase for people."""
    if machine.mark.removing:
        return Condition.REMOVING, "its removal has started"
    match machine.seen.power:
        case Power.OFF:
            return Condition.OFF, ""
        case Power.RUNNING:
            return Condition.RUNNING, "under TCG, which is slow" if machine.mark.kind == "qemu" else ""
        case _:
            return Condition.BROKEN, machine.seen.detail


def look(hypervisor: Hypervisor, names: Names, pools: Collection[str]) -> Survey:
    """Looks into ``pools`` and those that this provider created or a machine's mark names. Changes nothing."""
    machines: dict[str, KnownMachine] = {}
    others: dict[str, SeenDomain] = {}
    for seen in hypervisor.domains():
        mark = mark_of(seen.xml)
        if mark is not None and mark.cluster_id == names.cluster_id:
            machines[mark.host] = KnownMachine(seen, mark)
        else:
            others[seen.name] = seen
    known = {pool.name: pool for pool in hypervisor.pools()}
    wanted = {*pools, *(machine.mark.pool for machine in machines.values())}
    wanted |= {pool.name for pool in known.values() if pool.uuid == pool_uuid(pool.name)}
    in_pools = {
        name: tuple(hypervisor.volumes(name))
        for name in sorted(wanted & set(known))
        if known[name].active and folder_of_pool(known[name].xml)
    }
    volumes: dict[str, tuple[SeenVolume, ...]] = {}
    for volume in (volume for found in in_pools.values() for volume in found):
        if host := names.host_of_volume(volume.name):
            volumes[host] = (*volumes.get(host, ()), volume)
    networks = hypervisor.networks()
    network = next((one for one in networks if one.name == names.network), None)
    ours = network is not None and cluster_of_network(network.xml) == names.cluster_id
    reserved = {one.host: one for one in reservations(network.xml)} if network is not None and ours else {}
    return Survey(
        machines=machines,
        volumes=volumes,
        reserved=reserved,
        network=network,
        others_domains=others,
        others_networks=tuple(one for one in networks if one is not network),
        pools=known,
        in_pools=in_pools,
    )


def refuse_anothers_network(survey: Survey, names: Names) -> None:
    """Raises `ProviderError` when another owner has a network of the cluster's name."""
    network = survey.network
    if network is not None and cluster_of_network(network.xml) != names.cluster_id:
        raise ProviderError(
            f"a network is called {network.name} already",
            why="libvirt has it, and it is not this cluster's: its metadata does not say so",
            hint=f"find its owner (virsh net-dumpxml {network.name}) and have it renamed",
        )
