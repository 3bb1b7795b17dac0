"""The declaration of the provider static: existing hosts, reached as the inventory says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dcos_installer.config.variables import Variable, host_address
from dcos_installer.providers.base import Provider
from dcos_installer.providers.declaration import Declaration, Default

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec


class StaticDeclaration(Declaration):
    """See `declaration.Declaration`."""

    def open(self, spec: ClusterSpec, state_dir: Path) -> Provider:
        from dcos_installer.providers.static.provider import StaticProvider

        return StaticProvider(spec)


DECLARATION = StaticDeclaration(
    name="static",
    summary="hosts that SSH reaches already",
    makes_machines=False,
    variables=(
        Variable(
            "dcos_address",
            "host",
            host_address,
            "`ansible_host`",
            "The machine's IPv4 address as members know it, where SSH uses another address or a name.",
            "dcos_address=198.19.0.21",
        ),
    ),
    defaults={
        "dcos_operator_networks": Default("must be set"),
        "dcos_cpus": Default("all it has", note="A static host must have as many."),
        "dcos_mem": Default("all it has", note="A static host must have as much."),
        "dcos_disk": Default("all it has", note="A static host must have as much."),
    },
    ansible_variables=(
        "ansible_port",
        "ansible_user",
        "ansible_become",
        "ansible_ssh_private_key_file",
        "ansible_ssh_common_args",
        "ansible_python_interpreter",
    ),
)
