"""Whether the hypervisor has the resources for the machines: memory, processors, and space for their disks. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.libvirt.hypervisor import Host, SeenPool, SeenVolume
from dcos_installer.providers.libvirt.names import golden_digest

MB = 1 << 20
OVERHEAD_MB = 64
"""The memory of QEMU for a machine besides the machine's own."""


def memory_problem(host: Host, wanted: Mapping[str, int]) -> ProviderError | None:
    """The memory that is missing to start machines (MiB of each)."""
    needed = sum(wanted.values()) + OVERHEAD_MB * len(wanted)
    missing = needed - host.available_mb
    if not wanted or missing <= 0:
        return None
    each = max(0, host.available_mb // len(wanted) - OVERHEAD_MB)
    hint = "end what takes memory there, or start fewer machines"
    if each >= 512:
        hint += f"; or ask for less: dcos_mem={each} would fit"
    return ProviderError(
        f"{host.name} lacks {missing} MiB of memory for {', '.join(wanted)}",
        why=f"they take {needed} MiB ({OVERHEAD_MB} MiB each for QEMU included), and {host.available_mb} of"
        f" {host.mem_mb} MiB are free",
        hint=hint,
    )


def processors_problem(host: Host, wanted: Mapping[str, int]) -> ProviderError | None:
    """The machines that would have more processors than the hypervisor."""
    large = [name for name, cpus in wanted.items() if cpus > host.cpus]
    if not large:
        return None
    return ProviderError(
        f"{', '.join(large)} would have more processors than {host.name}",
        why=f"it has {host.cpus}",
        hint=f"write dcos_cpus={host.cpus} or less",
    )


def space_problem(pool: SeenPool, volumes: Collection[SeenVolume], new: Mapping[str, int]) -> ProviderError | None:
    """The space that is missing in a pool for new volumes (bytes of each, by their purpose), if they become full.

    Existing volumes may still grow to their full size.
    """
    promised = sum(max(0, one.capacity - one.allocation) for one in volumes if not golden_digest(one.name))
    left = max(0, pool.available - promised)
    needed = sum(new.values())
    if not new or needed <= left:
        return None
    return ProviderError(
        f"the storage pool {pool.name} lacks {-(-(needed - left) // MB)} MiB for {', '.join(new)}",
        why=f"they may come to take {needed // MB} MiB; {pool.available // MB} MiB are free, of which volumes that"
        f" exist may still take {promised // MB} MiB",
        hint="free space there, name another pool with dcos_libvirt_pool, or ask for less with dcos_disk and"
        " dcos_libvirt_disks",
    )
