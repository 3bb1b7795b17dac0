"""The machines' shapes (processors, memory, disks), and whether the hypervisor can have them. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from dcos_installer.providers.base import Condition, ProviderError
from dcos_installer.providers.libvirt import names as kinds
from dcos_installer.providers.libvirt import room
from dcos_installer.providers.libvirt.control import NewDisk
from dcos_installer.providers.libvirt.options import Acceleration, disks_of, pool_of

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.providers.libvirt.hypervisor import Host, SeenPool, SeenVolume
    from dcos_installer.providers.libvirt.names import Names
    from dcos_installer.providers.libvirt.survey import Survey


def cpus_of(host: HostSpec) -> int:
    return max(1, int(host.cpus or 1))


def memory_of(host: HostSpec) -> int:
    """In MiB."""
    return host.mem_mb if host.mem_mb is not None else 1024


def new_disks(host: HostSpec, least: int, backing: str = "") -> list[NewDisk]:
    """The disks of a new machine. ``least``: the bytes of the smallest disk over the image, which is at ``backing``."""
    root = NewDisk(kinds.ROOT, max((host.disk_mb or 0) * room.MB, least), backing)
    data = [NewDisk(kinds.data(number), mb * room.MB) for number, mb in enumerate(disks_of(host.options), 1)]
    return [root, *data]


def too_small(least: int, hosts: Collection[HostSpec]) -> dict[str, ProviderError]:
    """The machines whose disk the image does not fit. ``least``: the bytes of the smallest one."""
    least = -(-least // room.MB)
    return {
        host.name: ProviderError(
            "its disk is too small for the image",
            machine=host.name,
            why=f"the image's disk has {least} MiB, and dcos_disk says {host.disk_mb}",
            hint=f"write dcos_disk={least} or more",
        )
        for host in hosts
        if host.disk_mb is not None and host.disk_mb < least
    }


def refuse_kind(there: Host, acceleration: Acceleration) -> None:
    """Raises `ProviderError` when the hypervisor cannot run machines, or not in the requested way."""
    if acceleration == "kvm" and "kvm" not in there.kinds:
        raise ProviderError(
            f"{there.name} has no KVM",
            why="libvirt offers QEMU without it only: its processor's virtualization is switched off, or"
            " /dev/kvm is not there",
            hint="switch virtualization on in its firmware, or set dcos_libvirt_acceleration=auto",
        )
    if not there.kinds:
        raise ProviderError(
            f"libvirt on {there.name} can run no machine",
            why=f"it has no QEMU for {there.arch}",
            hint="install QEMU there: installer/setup-host hypervisor",
        )


def refuse_shapes(survey: Survey, there: Host, hosts: Sequence[HostSpec]) -> None:
    """Raises `ProviderError` when the hypervisor has no memory to start ``hosts``, or no processors for new ones."""
    running = {
        name for name in survey.machines if survey.state(name, "").condition in (Condition.RUNNING, Condition.BROKEN)
    }
    starting = {host.name: memory_of(host) for host in hosts if host.name not in running}
    new = {host.name: cpus_of(host) for host in hosts if host.name not in survey.machines}
    for problem in (room.memory_problem(there, starting), room.processors_problem(there, new)):
        if problem is not None:
            raise problem


def refuse_space(
    pool: SeenPool,
    volumes: Collection[SeenVolume],
    names: Names,
    new: Collection[HostSpec],
    least: int,
    beside: Mapping[str, int],
) -> None:
    """Raises `ProviderError` when the disks of ``new`` machines of this pool do not fit into it. ``least``: see
    `new_disks`; ``beside``: bytes of further volumes, by their purpose.
    """
    anew = {host.name for host in new}
    # What a killed run left of these is removed before they are created again.
    stay = [one for one in volumes if names.host_of_volume(one.name) not in anew]
    wanted = {host.name: sum(disk.bytes for disk in new_disks(host, least)) for host in new}
    if (problem := room.space_problem(pool, stay, {**wanted, **beside})) is not None:
        raise problem


def by_pool(hosts: Collection[HostSpec]) -> dict[str, list[HostSpec]]:
    """The machines of each storage pool, in the order of the pools' names."""
    found: dict[str, list[HostSpec]] = {}
    for host in hosts:
        found.setdefault(pool_of(host.options), []).append(host)
    return dict(sorted(found.items()))
