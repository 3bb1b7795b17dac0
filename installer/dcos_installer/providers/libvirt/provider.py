"""Machines of one cluster as QEMU's virtual machines, created by a libvirt on this host or another one.

Everything of them is found by its marks (see `survey`): nothing is recorded here. Things are created and removed in
such an order that the next run recognizes and finishes the work of a killed one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_installer.machines import DeclaredFacts, SshTarget
from dcos_installer.providers.answering import SSH_PORT
from dcos_installer.providers.base import (
    Condition,
    Expected,
    MachineFile,
    MachineState,
    Note,
    Order,
    ProviderError,
    Results,
    failed,
    silent,
    well,
)
from dcos_installer.providers.libvirt import names as kinds
from dcos_installer.providers.libvirt import network, room
from dcos_installer.providers.libvirt.control import DomainControl, NewDisk, name_taken
from dcos_installer.providers.libvirt.credentials import SECRET, public, secret
from dcos_installer.providers.libvirt.descriptions import folder_of_pool
from dcos_installer.providers.libvirt.domain import Disk, Domain, reshaped
from dcos_installer.providers.libvirt.golden import Golden, bring, bring_again, forget_unused
from dcos_installer.providers.libvirt.hypervisor import Host, Hypervisor
from dcos_installer.providers.libvirt.images import golden_of, least_disk, release_of
from dcos_installer.providers.libvirt.names import Names, golden_mark, pool_uuid
from dcos_installer.providers.libvirt.options import (
    acceleration_of,
    disks_of,
    image_of,
    is_local,
    network_of,
    pool_of,
    uri_of,
)
from dcos_installer.providers.libvirt.pools import ensure_pool
from dcos_installer.providers.libvirt.shapes import (
    by_pool,
    cpus_of,
    memory_of,
    new_disks,
    refuse_kind,
    refuse_shapes,
    refuse_space,
    too_small,
)
from dcos_installer.providers.libvirt.survey import KnownMachine, Survey, look
from dcos_installer.providers.machine_keys import ClusterKeys, hosts_file
from dcos_installer.providers.results import about, results_of
from dcos_installer.remote import Remote
from dcos_installer.state import ClusterState

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec

_HOSTS = 'new=$(mktemp /etc/.hosts.XXXXXX); cat >"$new"; chmod 644 "$new"; mv -f "$new" /etc/hosts'


class LibvirtProvider:
    """See `base.Provider`."""

    name = "libvirt"
    makes_machines = True

    def __init__(self, spec: ClusterSpec, state_dir: Path) -> None:
        self._spec = spec
        self._keys = ClusterKeys(ClusterState(state_dir))
        self._names = Names(spec.cluster_id)
        self._uri = uri_of(spec.options)
        self._network = network_of(spec.options)
        self._acceleration = acceleration_of(spec.options)
        self._pools = {host.name: pool_of(host.options) for host in spec.hosts}
        self._image = image_of(spec.options, spec.inventory_path)
        self._cancelled = threading.Event()

    @cached_property
    def _hypervisor(self) -> Hypervisor:
        return Hypervisor(self._uri)

    # The present and the future state

    def expected(self, host: HostSpec) -> Expected:
        release = release_of(self._image)
        facts = None
        if release is not None:
            facts = DeclaredFacts(
                os_id=release.os_id,
                os_version=release.os_version,
                arch=release.arch,
                python=release.python,
                libc=release.libc,
                cgroups="v2",
                container_runtime="crun",
                cpus=float(cpus_of(host)),
                mem_mb=memory_of(host),
                os_packages=release.packages,
                carried=release.carried,
            )
        return Expected(host.name, host.roles, host.address, facts)

    def inspect(self) -> Mapping[str, MachineState]:
        survey = self._look()
        names = [host.name for host in self._spec.hosts]
        names += [name for name in survey.hosts if name not in names]
        return {name: survey.state(name, self._address(name)) for name in names}

    def ssh(self, host: HostSpec) -> SshTarget:
        return SshTarget(
            address=host.address,
            port=SSH_PORT,
            user="root",
            identity_file=self._keys.identity_file,
            known_hosts_file=self._keys.known_hosts,
        )

    def outdated(self, host: HostSpec) -> str:
        machine = self._look().machines.get(host.name)
        return "" if machine is None else _differing(machine, host)

    # Creation

    def create(self, orders: Sequence[Order], note: Note = silent) -> Results:
        hosts = {order.host.name: order.host for order in orders}
        survey, there = self._look(), self._hypervisor.host()
        refused = self._refused(hosts.values(), survey)
        new = [host for name, host in hosts.items() if name not in survey.machines and name not in refused]
        least = least_disk(self._image) if new else 0
        refused |= too_small(least, new)
        hosts = {name: host for name, host in hosts.items() if name not in refused}
        new = [host for host in new if host.name in hosts]
        if not hosts:
            return refused
        # All that can be refused is, before the image is built: that takes minutes.
        kind = self._kind(there, note) if new else ""
        refuse_shapes(survey, there, list(hosts.values()))
        at = self._addresses(survey, set(hosts))
        network.refuse_taken(survey, self._names, self._network)
        pools = by_pool(new)
        for pool, its in pools.items():
            seen = ensure_pool(self._hypervisor, pool)
            refuse_space(seen, self._hypervisor.volumes(pool), self._names, its, least, {})
        with ExitStack() as image:
            golden: Golden | None = None
            paths: dict[str, str] = {}
            if new:  # machines that are made already stay over their image
                golden = image.enter_context(golden_of(self._image, lambda text: note("", text)))
            self._keys.ensure((host.name, at.get(host.name, "")) for host in self._spec.hosts)
            self._ensure_network(survey, at, hosts)
            for pool, its in pools.items():
                assert golden is not None
                self._refuse_space(pool, golden, its)
                paths[pool] = bring(self._hypervisor, pool, golden, lambda text: note("", text))

            def make(name: str) -> None:
                host, machine = hosts[name], survey.machines.get(name)
                if machine is None:
                    assert golden is not None
                    pool = pool_of(host.options)
                    disks = new_disks(host, golden.disk_bytes, paths[pool])
                    domain = self._domain(host, golden, kind, there, disks)
                    self._control(name).build(domain, disks, self._secret(name, at))
                    bring_again(self._hypervisor, pool, golden, lambda text: note("", text))
                elif differing := _differing(machine, host):
                    self._hypervisor.define(reshaped(machine.seen.xml, cpus_of(host), memory_of(host)))
                    note(name, f"{differing}: from its next start on")
                self._control(name).start(at[name], self._secret(name, at), lambda text: note(name, text))

            return {**refused, **self._each(hosts, make)}

    def _refused(self, hosts: Collection[HostSpec], survey: Survey) -> dict[str, ProviderError]:
        """The machines that cannot become what is requested, because of what exists already."""
        refused = {}
        for host in hosts:
            domain = self._names.domain(host.name)
            if domain in survey.others_domains:
                refused[host.name] = name_taken(host.name, domain)
            elif changed := self._changed(host, survey):
                refused[host.name] = ProviderError(
                    "it cannot become what the inventory says",
                    machine=host.name,
                    why=changed,
                    hint="correct the inventory, or remove the machine first",
                )
        return refused

    def _changed(self, host: HostSpec, survey: Survey) -> str:
        """The values that are fixed at the machine's creation, and differ from the requested ones now."""
        machine, reserved = survey.machines.get(host.name), survey.reserved.get(host.name)
        if machine is None:
            return ""
        if machine.mark.pool != pool_of(host.options):
            return f"its storage pool cannot change from {machine.mark.pool} to {pool_of(host.options)}"
        if reserved is not None and not host.late and reserved.address != host.address:
            return f"its address cannot change from {reserved.address} to {host.address}"
        sizes = {volume.name: volume.capacity // room.MB for volume in survey.volumes.get(host.name, ())}
        root, asked = sizes.get(self._names.volume(host.name, kinds.ROOT), 0), disks_of(host.options)
        if root and host.disk_mb is not None and host.disk_mb > root:
            return f"its disk cannot grow from {root} to {host.disk_mb} MiB"
        data = tuple(sizes[name] for name in sorted(sizes) if name.startswith(self._names.volume(host.name, "data")))
        if root and data != asked:
            was, wanted = (" and ".join(f"{mb} MiB" for mb in disks) or "none" for disks in (data, asked))
            return f"its data disks cannot change from {was} to {wanted}"
        return ""

    def _kind(self, there: Host, note: Note) -> str:
        """libvirt's kind of domain for new machines."""
        refuse_kind(there, self._acceleration)
        if self._acceleration != "tcg" and "kvm" in there.kinds:
            return "kvm"
        why = "as the inventory says" if self._acceleration == "tcg" else f"{there.name} has no KVM"
        note("", f"machines run under TCG ({why}): about ten times slower than with KVM")
        return "qemu" if "qemu" in there.kinds else min(there.kinds)

    def _refuse_space(self, pool: str, golden: Golden, new: Sequence[HostSpec]) -> None:
        """With the image, whose size is known now."""
        seen, volumes = ensure_pool(self._hypervisor, pool), self._hypervisor.volumes(pool)
        brought = golden_mark(golden.sha256) in {one.name for one in volumes}
        beside = {} if brought else {"the image": golden.bytes}
        refuse_space(seen, volumes, self._names, new, golden.disk_bytes, beside)

    def _domain(self, host: HostSpec, golden: Golden, kind: str, there: Host, disks: Sequence[NewDisk]) -> Domain:
        pool = pool_of(host.options)
        (seen,) = (one for one in self._hypervisor.pools() if one.name == pool)
        folder = folder_of_pool(seen.xml)

        def path(of: str) -> str:
            return f"{folder}/{self._names.volume(host.name, of)}"

        mac = self._names.mac(host.name)
        return Domain(
            name=self._names.domain(host.name),
            uuid=self._names.uuid(host.name),
            host=host.name,
            cluster_id=self._spec.cluster_id,
            cluster=self._spec.name,
            image=golden.sha256,
            pool=pool,
            kind=kind,
            arch=there.arch,
            cpus=cpus_of(host),
            mem_mb=memory_of(host),
            disks=tuple(Disk(path(disk.kind), disk.kind.partition(".")[0]) for disk in disks),
            mac=mac,
            network=self._names.network,
            console_path=path(kinds.CONSOLE),
            secret_name=SECRET,
            secret_path=path(kinds.CREDENTIALS),
            public=public(host.name, mac),
        )

    def _secret(self, name: str, at: Mapping[str, str]) -> bytes:
        hosts = MachineFile("/etc/hosts", hosts_file(at).encode())
        return secret([*self._keys.files_for(name), hosts])

    def introduce(self, spec: ClusterSpec) -> Results:
        return self._tell_names({host.name: host.address for host in spec.hosts if host.address}, self._look())

    def _tell_names(self, at: Mapping[str, str], survey: Survey) -> Results:
        """Gives the running machines the members' present names; others get them at their start."""
        content = hosts_file(at)
        running = [
            host
            for host in self._spec.hosts
            if host.name in at and survey.state(host.name, "").condition is Condition.RUNNING
        ]

        def tell(name: str) -> None:
            host = next(one for one in running if one.name == name)
            target = self.ssh(host.model_copy(update={"address": at[name]}))
            command = ["/bin/sh", "-euc", _HOSTS]
            remote = Remote(host, target, patience=survey.state(name, "").slowness)
            remote.run(command, what="write the other machines' names", deadline=60, stdin=content)

        return self._each([host.name for host in running], tell)

    # Switching

    def start(self, names: Collection[str], note: Note = silent) -> Results:
        survey = self._look()
        torn = [host for host in self._spec.hosts if host.name in names and self._is_torn(survey, host.name)]
        results: dict[str, MachineState | ProviderError] = {}
        if torn:  # their creation was interrupted before the domain was defined
            results.update(self.create([Order(host, "") for host in torn], note))
            survey = self._look()
        at = self._addresses(survey, names)
        there = {name: survey.machines[name] for name in names if name in survey.machines and name not in results}
        if there:
            self._ensure_network(survey, at, there)
            for pool in {machine.mark.pool for machine in there.values()}:
                self._hypervisor.start_pool(pool)

        def start(name: str) -> None:
            control = self._control(name)
            control.seen()  # in any state: raises if there is none
            control.start(at[name], self._secret(name, at), lambda text: note(name, text))

        return {**results, **self._each([name for name in names if name not in results], start)}

    def _is_torn(self, survey: Survey, name: str) -> bool:
        return name in survey.volumes and name not in survey.machines

    def power_off(self, names: Collection[str], note: Note = silent) -> Results:
        return self._each(names, lambda name: self._control(name).power_off())

    def reboot(self, names: Collection[str], note: Note = silent) -> Results:
        at = self._addresses(self._look(), names)

        def reboot(name: str) -> None:
            control = self._control(name)
            control.switch_off_in_order()
            control.start(at[name], self._secret(name, at), lambda text: note(name, text))

        return self._each(names, reboot)

    # Removing

    def destroy(self, names: Collection[str] | None = None, note: Note = silent) -> Results:
        survey = self._look()
        wanted = {*self._pools.values(), *(one.mark.pool for one in survey.machines.values())}
        for pool in sorted(wanted & set(survey.pools)):
            if not survey.pools[pool].active:  # its content must be removed, too
                self._hypervisor.start_pool(pool)
                survey = self._look()

        def remove(name: str) -> None:
            self._control(name).remove(survey.volumes.get(name, ()))
            note(name, "removed")

        there = sorted({*survey.hosts, *survey.reserved})  # a killed run may have left only a reservation
        results = dict(self._each([name for name in there if names is None or name in names], remove))
        gone = set(well(results))
        self._keys.forget(None if names is None and not failed(results) else gone)
        try:
            network.forget(self._hypervisor, self._names, survey, gone)
            left = self._look()
            if not left.hosts:
                self._remove_shared(left)
            else:
                at = {host: one.address for host, one in left.reserved.items()}
                for name, error in failed(self._tell_names(at, left)).items():
                    note(name, error.what.removeprefix(f"{name}: "))
        except ProviderError as error:
            results[""] = about("", error)
        return results

    def _remove_shared(self, left: Survey) -> None:
        """Removes the network, golden volumes that nobody uses, and pools of ours that are empty then."""
        if left.network is not None and left.network.uuid == self._names.network_uuid:
            self._hypervisor.remove_network(self._names.network)
        for pool in left.in_pools:
            forget_unused(self._hypervisor, pool)
            if left.pools[pool].uuid == pool_uuid(pool) and not self._hypervisor.volumes(pool):
                self._hypervisor.remove_pool(pool)

    # The cluster

    def _look(self) -> Survey:
        return look(self._hypervisor, self._names, set(self._pools.values()))

    def _addresses(self, survey: Survey, wanted: Collection[str]) -> dict[str, str]:
        """The addresses by host, also of hosts that the spec does not name any more."""
        left = {host: one.address for host, one in survey.reserved.items()}
        return left | network.addresses(survey, self._network, self._spec.hosts, wanted)

    def _ensure_network(self, survey: Survey, at: Mapping[str, str], names: Collection[str]) -> None:
        reserved = {name: address for name, address in at.items() if name in names or name in survey.reserved}
        routed = not is_local(self._uri)
        network.ensure_network(self._hypervisor, self._names, survey, self._network, reserved, routed=routed)

    def _address(self, name: str) -> str:
        return next((host.address for host in self._spec.hosts if host.name == name), "")

    def _control(self, name: str) -> DomainControl:
        return DomainControl(
            self._hypervisor, self._names, name, acceleration=self._acceleration, cancelled=self._cancelled
        )

    def _each(self, names: Collection[str], work: Callable[[str], None]) -> Results:
        after: list[Survey] = []

        def state(name: str) -> MachineState:
            if not after:  # all of them are finished: one look is enough
                after.append(self._look())
            return after[0].state(name, self._address(name))

        return results_of(names, work, state, self._cancelled.set)


def _differing(machine: KnownMachine, host: HostSpec) -> str:
    shape = (("cpus", machine.mark.cpus, cpus_of(host)), ("mem_mb", machine.mark.mem_mb, memory_of(host)))
    return ", ".join(f"{what} from {was} to {wanted}" for what, was, wanted in shape if was != wanted)
