"""Storage pools: folders on the hypervisor."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.file_systems import file_system_of
from dcos_installer.providers.libvirt.descriptions import Pool, folder_of_pool
from dcos_installer.providers.libvirt.hypervisor import Hypervisor, SeenPool
from dcos_installer.providers.libvirt.names import pool_uuid

POOLS = "/var/lib/libvirt/images"
"""The parent folder of new pools: the confinement of QEMU allows it there."""


def ensure_pool(hypervisor: Hypervisor, name: str) -> SeenPool:
    """The pool, created and started if necessary. Raises `ProviderError` when it is not a folder."""
    known = _seen(hypervisor, name)
    if known is None:
        hypervisor.define_pool(_new_pool(name).xml)
    else:
        refuse_no_folder(known)
    hypervisor.start_pool(name)
    found = _seen(hypervisor, name)
    assert found is not None
    return found


def refuse_no_folder(pool: SeenPool) -> None:
    """Raises `ProviderError` when the pool is not a folder."""
    if not folder_of_pool(pool.xml):
        raise ProviderError(
            f"the storage pool {pool.name} is no folder",
            why="credentials and console logs are files on the hypervisor, beside the disks",
            hint="name a pool of the type dir, fs or netfs with dcos_libvirt_pool, or one that is not there yet",
        )


def foreseen(known: SeenPool | None, name: str, *, local: bool) -> SeenPool | None:
    """The pool with its free space, before anything is changed. None: libvirt does not tell the space before the pool
    is started, and it is not on this host (``local``).
    """
    if known is not None and known.active:
        return known
    if not local:
        return None
    new = _new_pool(name)
    pool = SeenPool(name, new.uuid, new.xml, active=False, available=0) if known is None else known
    there = file_system_of(Path(folder_of_pool(pool.xml)))
    return replace(pool, available=there.f_bavail * there.f_frsize)


def _new_pool(name: str) -> Pool:
    return Pool(name, pool_uuid(name), f"{POOLS}/{name}")


def _seen(hypervisor: Hypervisor, name: str) -> SeenPool | None:
    return next((one for one in hypervisor.pools() if one.name == name), None)
