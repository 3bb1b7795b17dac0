"""Machines of a cloud in a folder, which answers late. See `base.Provider`."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from dcos_installer.ansible.host.facts import gather
from dcos_installer.ansible.host.machine import Machine
from dcos_installer.config.model import ClusterSpec, HostSpec
from dcos_installer.machines import DeclaredFacts, SshTarget
from dcos_installer.providers.base import (
    Condition,
    Expected,
    MachineState,
    Note,
    Order,
    ProviderError,
    Results,
    failed,
    silent,
    well,
)
from dcos_installer.providers.machine_keys import ClusterKeys
from dcos_installer.state import ClusterState

from .cloud import Cloud, CloudError, Instance
from .options import cloud_of, flavour_of

LOOKS = 8
"""The number of looks after which an ordered machine has appeared, and a booting one runs."""

_CONDITIONS = {
    "pending": Condition.RUNNING,
    "running": Condition.RUNNING,
    "stopped": Condition.OFF,
    "removing": Condition.REMOVING,
}


class LateProvider:
    name = "late"
    makes_machines = True

    def __init__(self, spec: ClusterSpec, state_dir: Path) -> None:
        self._spec = spec
        self._keys = ClusterKeys(ClusterState(state_dir))
        self.cloud = Cloud(cloud_of(spec.options))

    def expected(self, host: HostSpec) -> Expected:
        facts = gather(Machine("/"))
        declared = DeclaredFacts(
            os_id=facts["os_id"],
            os_version=facts["os_version"],
            arch=facts["arch"],
            python=facts["python"],
            libc=facts["libc"],
            cgroups=facts["cgroups"],
            container_runtime="crun" if facts["cgroups"] == "v2" else "runc",
            cpus=host.cpus if host.cpus is not None else facts["cpus"],
            mem_mb=host.mem_mb if host.mem_mb is not None else facts["mem_mb"],
            os_packages=frozenset({"bash"}),
        )
        return Expected(host.name, host.roles, host.address, declared)

    def inspect(self) -> Mapping[str, MachineState]:
        found = {one.name: one for one in self.cloud.describe(self._spec.cluster_id)}
        names = [*(host.name for host in self._spec.hosts)]
        names += sorted(set(found) - set(names))
        return {name: _state(name, found.get(name)) for name in names}

    def outdated(self, host: HostSpec) -> str:
        return ""

    def create(self, orders: Sequence[Order], note: Note = silent) -> Results:
        self._keys.ensure((order.host.name, "") for order in orders)
        results: dict[str, MachineState | ProviderError] = {}
        known = {one.name: one for one in self.cloud.describe(self._spec.cluster_id)}
        for order in orders:
            name = order.host.name
            if name in known and known[name].power == "running":
                note(name, "is there already")
                continue
            flavour = flavour_of(order.host.options)
            try:
                if name not in known:
                    note(name, "asking for it")
                    self.cloud.run(self._spec.cluster_id, name, order.token, flavour)
            except CloudError as error:
                results[name] = _refused(name, "it cannot be made", error)
        asked = [order.host.name for order in orders if order.host.name not in results]
        results.update(self._await(asked, "running"))
        self._know(results)
        return results

    def introduce(self, spec: ClusterSpec) -> Results:
        lines = "".join(f"{host.address} {host.name}\n" for host in spec.hosts)
        there = [one for one in self.cloud.of(spec.cluster_id) if one.power == "running"]
        for one in there:
            (self.cloud.root(one) / "etc/hosts").write_text(f"127.0.0.1 localhost\n{lines}")
        return {one.name: _state(one.name, one) for one in there}

    def start(self, names: Collection[str], note: Note = silent) -> Results:
        def start(one: Instance) -> None:
            if one.power == "stopped":
                self.cloud.switch(one, "pending")

        return self._switch(names, start, "running")

    def power_off(self, names: Collection[str], note: Note = silent) -> Results:
        def power_off(one: Instance) -> None:
            if one.power != "stopped":
                self.cloud.switch(one, "stopped")

        return self._switch(names, power_off, "stopped")

    def reboot(self, names: Collection[str], note: Note = silent) -> Results:
        return self._switch(names, lambda one: self.cloud.switch(one, "pending"), "running")

    def destroy(self, names: Collection[str] | None = None, note: Note = silent) -> Results:
        results: dict[str, MachineState | ProviderError] = {}
        for one in self.cloud.of(self._spec.cluster_id):
            if names is not None and one.name not in names:
                continue
            try:
                self.cloud.remove(one)
            except CloudError as error:
                results[one.name] = _refused(one.name, "it is removed only in part", error)
            else:
                note(one.name, "removed")
                results[one.name] = _state(one.name, None)
        self._keys.forget(None if names is None and not failed(results) else set(well(results)))
        return results

    def ssh(self, host: HostSpec) -> SshTarget:
        return SshTarget(host.address, 22, getpass.getuser(), self._keys.identity_file, self._keys.known_hosts)

    def root(self, name: str) -> Path:
        """The file system of the machine of that name: where tests run its commands."""
        (one,) = (one for one in self.cloud.of(self._spec.cluster_id) if one.name == name)
        return self.cloud.root(one)

    def _switch(self, names: Collection[str], work: Callable[[Instance], None], power: str) -> Results:
        known = {one.name: one for one in self.cloud.of(self._spec.cluster_id)}
        results: dict[str, MachineState | ProviderError] = {}
        for name in names:
            if name in known:
                work(known[name])
            else:
                results[name] = ProviderError(
                    "there is no such machine", machine=name, why="the cloud has none", hint="deploy makes it"
                )
        results.update(self._await([name for name in names if name in known], power))
        return results

    def _await(self, names: Collection[str], power: str) -> Results:
        shown: dict[str, Instance] = {}
        for _ in range(LOOKS):
            shown = {one.name: one for one in self.cloud.describe(self._spec.cluster_id)}
            if all(name in shown and shown[name].power == power for name in names):
                break
        return {
            name: _state(name, shown[name])
            if name in shown and shown[name].power == power
            else _refused(name, f"it is not {power}", CloudError("it does not show up"))
            for name in names
        }

    def _know(self, results: Results) -> None:
        addresses = {one.name: one.address for one in self.cloud.of(self._spec.cluster_id)}
        self._keys.ensure(addresses.items())


def _state(name: str, one: Instance | None) -> MachineState:
    if one is None:
        return MachineState(name, Condition.ABSENT, "")
    return MachineState(name, _CONDITIONS[one.power], one.address, one.power, one.id)


def _refused(name: str, what: str, error: CloudError) -> ProviderError:
    return ProviderError(what, machine=name, why=f"the cloud says: {error}", hint="look at the cloud, then run again")
