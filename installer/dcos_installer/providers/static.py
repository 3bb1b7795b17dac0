"""Hosts that are there already and answer to SSH: nothing is made, switched or removed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from dcos_installer.providers.base import (
    Condition,
    DeclaredFacts,
    MachineState,
    Note,
    ProviderError,
    SshTarget,
    silent,
)

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec


class StaticProvider:
    """Machines of somebody else, reached with the operator's own SSH set-up. See `base.Provider`."""

    name = "static"
    makes_machines = False

    def __init__(self, spec: ClusterSpec, state_dir: Path) -> None:
        self._spec = spec

    def declared(self, host: HostSpec) -> DeclaredFacts | None:
        return None

    def inspect(self) -> Mapping[str, MachineState]:
        return {
            host.name: MachineState(
                name=host.name,
                condition=Condition.UNKNOWN,
                address=host.address,
                detail="an existing host: whether it runs is told by SSH alone",
            )
            for host in self._spec.hosts
        }

    def outdated(self, host: HostSpec) -> str:
        return ""

    def create(self, hosts: Sequence[HostSpec], note: Note = silent) -> None:
        for host in hosts:
            note(host.name, "an existing host: nothing to create")

    def start(self, name: str) -> None:
        self._refuse(name, "start")

    def power_off(self, name: str) -> None:
        self._refuse(name, "power off")

    def reboot(self, name: str) -> None:
        self._refuse(name, "reboot")

    def destroy(self, names: Collection[str] | None = None, note: Note = silent) -> None:
        for host in self._spec.hosts:
            if names is None or host.name in names:
                note(host.name, "an existing host: it is left as it is")

    def ssh(self, host: HostSpec) -> SshTarget:
        return SshTarget(
            address=host.ssh.address,
            port=host.ssh.port,
            user=host.ssh.user,
            identity_file=host.ssh.identity_file,
            known_hosts_file=None,
        )

    def _refuse(self, name: str, verb: str) -> NoReturn:
        raise ProviderError(
            f"cannot {verb} an existing host",
            machine=name,
            hint="switch it by its own means: the inventory's dcos_provider is static",
        )
