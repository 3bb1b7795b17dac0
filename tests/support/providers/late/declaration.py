"""The declaration of the provider late: it assigns addresses, and needs the folder of its cloud."""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

from dcos_installer.config.model import ClusterSpec
from dcos_installer.providers.base import Provider
from dcos_installer.providers.declaration import Declaration, Default, Options, Remains

from .options import CLOUD, FLAVOUR, cloud_of


class LateDeclaration(Declaration):
    """See `declaration.Declaration`."""

    def open(self, spec: ClusterSpec, state_dir: Path) -> Provider:
        from .provider import LateProvider

        return LateProvider(spec, state_dir)

    def operator_networks(self, options: Options) -> tuple[IPv4Network, ...]:
        return (IPv4Network("198.19.77.1/32"),)

    def remains(self, cluster_id: str, described: ClusterSpec | None) -> Remains:
        from .cloud import Cloud

        if described is None or described.provider != self.name:
            return Remains()  # the inventory does not say where the cloud is
        found = Cloud(cloud_of(described.options)).of(cluster_id)
        return Remains({one.name: one.address for one in found}, options=described.options)


DECLARATION = LateDeclaration(
    name="late",
    summary="machines of a cloud in a folder",
    gives_addresses=True,
    variables=(CLOUD, FLAVOUR),
    defaults={"dcos_cpus": Default("all of this machine's"), "dcos_mem": Default("all of this machine's")},
)
