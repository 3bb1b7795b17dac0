"""Why a cluster's machines cannot be created, as far as libvirt shows it. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_installer.providers.libvirt.hypervisor import Hypervisor
from dcos_installer.providers.libvirt.images import least_disk
from dcos_installer.providers.libvirt.names import Names
from dcos_installer.providers.libvirt.network import refuse_taken
from dcos_installer.providers.libvirt.options import acceleration_of, image_of, is_local, network_of, pool_of, uri_of
from dcos_installer.providers.libvirt.pools import foreseen, refuse_no_folder
from dcos_installer.providers.libvirt.shapes import by_pool, refuse_kind, refuse_shapes, refuse_space, too_small
from dcos_installer.providers.libvirt.survey import look

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec


def refuse_what_cannot_be_had(spec: ClusterSpec) -> None:
    """Raises `ProviderError`: no libvirt, a network in use, no KVM, no memory, too few processors, a pool without space
    for the disks. The image itself counts when it is built.
    """
    hypervisor, names, uri = Hypervisor(uri_of(spec.options)), Names(spec.cluster_id), uri_of(spec.options)
    try:
        survey = look(hypervisor, names, {pool_of(host.options) for host in spec.hosts})
        refuse_taken(survey, names, network_of(spec.options))
        new = [host for host in spec.hosts if host.name not in survey.machines]
        if not new:
            return
        there = hypervisor.host()
    finally:
        hypervisor.close()
    refuse_kind(there, acceleration_of(spec.options))
    refuse_shapes(survey, there, new)
    least = least_disk(image_of(spec.options, spec.inventory_path))
    for error in too_small(least, new).values():
        raise error
    for name, hosts in by_pool(new).items():
        pool = foreseen(survey.pools.get(name), name, local=is_local(uri))
        if pool is not None:
            refuse_no_folder(pool)
            refuse_space(pool, survey.in_pools.get(name, ()), names, hosts, least, {})
