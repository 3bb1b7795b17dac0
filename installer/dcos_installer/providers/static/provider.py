"""Existing hosts that answer to SSH: nothing is created, switched or removed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from dcos_installer.machines import SshTarget
from dcos_installer.providers.base import Condition, Expected, MachineState, Note, Order, ProviderError, Results, silent

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec


class StaticProvider:
    """The operator's own machines, reached with the operator's SSH configuration. See `base.Provider`."""

    name = "static"
    makes_machines = False

    def __init__(self, spec: ClusterSpec) -> None:
        self._spec = spec

    def expected(self, host: HostSpec) -> Expected:
        return Expected(host.name, host.roles, host.address, None)

    def inspect(self) -> Mapping[str, MachineState]:
        return {host.name: _state(host) for host in self._spec.hosts}

    def outdated(self, host: HostSpec) -> str:
        return ""

    def create(self, orders: Sequence[Order], note: Note = silent) -> Results:
        for order in orders:
            note(order.host.name, "an existing host: nothing to create")
        return {order.host.name: _state(order.host) for order in orders}

    def introduce(self, spec: ClusterSpec) -> Results:
        return {}  # the hosts' names are their owner's

    def start(self, names: Collection[str], note: Note = silent) -> Results:
        return _refused(names, "start")

    def power_off(self, names: Collection[str], note: Note = silent) -> Results:
        return _refused(names, "power off")

    def reboot(self, names: Collection[str], note: Note = silent) -> Results:
        return _refused(names, "reboot")

    def destroy(self, names: Collection[str] | None = None, note: Note = silent) -> Results:
        hosts = [host for host in self._spec.hosts if names is None or host.name in names]
        for host in hosts:
            note(host.name, "an existing host: it is not changed")
        return {host.name: _state(host) for host in hosts}

    def ssh(self, host: HostSpec) -> SshTarget:
        return SshTarget(
            address=host.ssh.address,
            port=host.ssh.port,
            user=host.ssh.user,
            identity_file=host.ssh.identity_file,
            known_hosts_file=None,
            jump=host.ssh.jump,
        )


def _state(host: HostSpec) -> MachineState:
    return MachineState(
        name=host.name,
        condition=Condition.UNKNOWN,
        address=host.address,
        detail="an existing host: only SSH shows whether it runs",
    )


def _refused(names: Collection[str], verb: str) -> Results:
    return {
        name: ProviderError(
            f"cannot {verb} an existing host",
            machine=name,
            why="the installer did not make it: the inventory's dcos_provider is static",
            hint="switch it by its own means",
        )
        for name in names
    }
