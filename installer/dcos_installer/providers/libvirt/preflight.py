"""Why a cluster's machines cannot be created, as far as libvirt shows it. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_installer.providers.libvirt.hypervisor import Hypervisor
from dcos_installer.providers.libvirt.names import Names
from dcos_installer.providers.libvirt.network import refuse_overlap
from dcos_installer.providers.libvirt.options import network_of, pool_of, uri_of
from dcos_installer.providers.libvirt.provider import memory_of
from dcos_installer.providers.libvirt.room import memory_problem
from dcos_installer.providers.libvirt.survey import look, refuse_anothers_network

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec


def refuse_what_cannot_be_had(spec: ClusterSpec) -> None:
    """Raises `ProviderError`: no libvirt, a network in use, no memory."""
    hypervisor, names = Hypervisor(uri_of(spec.options)), Names(spec.cluster_id)
    try:
        survey = look(hypervisor, names, {pool_of(host.options) for host in spec.hosts})
        refuse_anothers_network(survey, names)
        refuse_overlap(survey, network_of(spec.options))
        new = {host.name: memory_of(host) for host in spec.hosts if host.name not in survey.machines}
        if (problem := memory_problem(hypervisor.host(), new)) is not None:
            raise problem
    finally:
        hypervisor.close()
