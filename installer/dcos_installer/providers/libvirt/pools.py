"""Storage pools: folders on the hypervisor."""

from __future__ import annotations

from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.libvirt.descriptions import Pool, folder_of_pool
from dcos_installer.providers.libvirt.hypervisor import Hypervisor
from dcos_installer.providers.libvirt.names import pool_uuid

POOLS = "/var/lib/libvirt/images"


def ensure_pool(hypervisor: Hypervisor, name: str) -> None:
    """Creates and starts the pool if necessary. Raises `ProviderError` when it is not a folder."""
    known = next((one for one in hypervisor.pools() if one.name == name), None)
    if known is None:
        hypervisor.define_pool(Pool(name, pool_uuid(name), f"{POOLS}/{name}").xml)
    elif not folder_of_pool(known.xml):
        raise ProviderError(
            f"the storage pool {name} is no folder",
            why="credentials and console logs are files on the hypervisor, beside the disks",
            hint="name a pool of the type dir, fs or netfs with dcos_libvirt_pool, or one that is not there yet",
        )
    hypervisor.start_pool(name)
