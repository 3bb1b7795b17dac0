"""The remains of a cluster's libvirt machines, by their marks, when the operator's state is lost."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.declaration import Remains
from dcos_installer.providers.libvirt.names import Names
from dcos_installer.providers.libvirt.options import URI, VARIABLES, is_local, pool_of, uri_of

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec

_SOCKETS = (Path("/run/libvirt/libvirt-sock"), Path("/run/libvirt/virtqemud-sock"))


def remains(cluster_id: str, described: ClusterSpec | None, name: str) -> Remains:
    """Looks on the hypervisor that the inventory names, or on this host if it names none.

    Raises `ProviderError` if machines should exist there and this cannot be found out.
    """
    meant = described is not None and described.provider == name
    options: Mapping[str, str] = described.options if described is not None and meant else {}
    uri = uri_of(options)
    if not meant and (find_spec("libvirt") is None or not any(map(Path.exists, _SOCKETS))):
        return Remains()  # nothing was ever made here
    if find_spec("libvirt") is None:
        raise ProviderError(
            "it is not known which machines exist",
            why="libvirt-python is not installed",
            hint="run installer/setup-host libvirt",
        )
    from dcos_installer.providers.libvirt.hypervisor import Hypervisor
    from dcos_installer.providers.libvirt.survey import look

    hypervisor = Hypervisor(uri)
    try:
        pools = {pool_of(host.options) for host in described.hosts} if described is not None and meant else set()
        found = look(hypervisor, Names(cluster_id), pools)
    finally:
        hypervisor.close()
    machines = {host: found.state(host, "").address for host in found.hosts}
    known = {variable.name for variable in VARIABLES if variable.scope == "cluster"}
    kept = {key: text for key, text in options.items() if key in known}
    return Remains(machines, bool(found.reserved), kept if is_local(uri) else {**kept, URI.name: uri})
