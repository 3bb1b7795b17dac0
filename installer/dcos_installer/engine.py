"""The engine behind the phases: manifests from the roles, packages from the bundle, hosts through Ansible."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_installer.ansible import runner
from dcos_installer.ansible.assumed import assumed
from dcos_installer.ansible.connection import Connection
from dcos_installer.ansible.play import Workspace
from dcos_installer.bundle import build, upload
from dcos_installer.config.model import ClusterSpec, HostSpec
from dcos_installer.errors import InstallerError
from dcos_installer.phases.kit.engine import Applied, Bundle, HostChanges, OnHost, Planned
from dcos_installer.plan import materials, plan
from dcos_installer.plan.compose import manifest
from dcos_installer.plan.facts import Facts, Target
from dcos_installer.secrets import Vault
from dcos_installer.secrets import load as load_secrets
from dcos_installer.state import ClusterState
from dcos_runtime import durable

if TYPE_CHECKING:
    from dcos_installer.machines import Carried
    from dcos_installer.providers.base import Provider


class AnsibleEngine:
    """See `phases.kit.engine.Engine`. Hosts are reached as the provider says, or by ``connections`` if given."""

    def __init__(
        self,
        state: ClusterState,
        provider: Provider,
        sockets: Path | None,
        connections: Callable[[HostSpec], Connection] | None = None,
        cache: Path | None = None,
    ) -> None:
        self._state = state
        self._workspace = Workspace(state.root / "ansible", sockets)
        self._cache = cache
        self._vault: Vault | None = None
        self._connection = connections or (lambda host: Connection(ssh=provider.ssh(host), become=host.ssh.become))
        self.patience = 1.0

    @cached_property
    def _materials(self) -> materials.Materials:
        return materials.load()

    def gather(self, spec: ClusterSpec, hosts: Sequence[HostSpec]) -> Mapping[str, Facts | BaseException]:
        return runner.gather_facts(self._workspace, self._connections(hosts))

    def bundle(self, spec: ClusterSpec, targets: Collection[Target], note: Callable[[str], None]) -> Bundle:
        return {target: build(target, cache=self._cache, note=note) for target in targets}

    def plan(
        self, spec: ClusterSpec, facts: Mapping[str, Facts], bundle: Bundle, absent: Mapping[str, Carried]
    ) -> tuple[Planned, Mapping[str, BaseException]]:
        # The present secrets. Missing ones are shown as changes; nothing is written.
        vault = self._vault = load_secrets(self._state, spec, services=self._materials.services)
        packages = {target: (built.package,) for target, built in bundle.items()}
        known = self._materials.with_packages(packages).with_trust(vault.trust)
        manifests = {host.name: manifest(spec, host, facts[host.name], known) for host in spec.hosts}
        there = [host for host in spec.hosts if host.name not in absent]
        checked = runner.check(
            self._workspace,
            self._connections(there),
            {host.name: manifests[host.name] for host in there},
            {host.name: vault.of(host.name) for host in there},
        )
        own: dict[str, plan.HostPlan] = {}
        failures: dict[str, BaseException] = {}
        for host in spec.hosts:
            wanted = manifests[host.name]
            found = checked.get(host.name)
            if host.name in absent:
                own[host.name] = assumed(wanted, absent[host.name])
            elif isinstance(found, runner.Checked):
                own[host.name] = plan.HostPlan(
                    manifest=wanted,
                    changes=found.changes,
                    problems=found.problems,
                    missing_packages=found.missing_packages,
                    seen=found.seen,
                    digest=found.digest,
                    facts=found.facts.digest,
                    generation=found.facts.generation,
                )
            else:
                failures[host.name] = found or InstallerError(
                    f"{host.name} gave no answer", why="the play ended without a result of it", hint="run again"
                )
        whole = plan.Plan(cluster=spec.cluster_id, hosts=own)
        durable.write(self._state.plan, whole.encode())
        return Planned({name: _shown(name, host) for name, host in own.items()}, whole), failures

    def upload(
        self, spec: ClusterSpec, plan: Planned, bundle: Bundle, hosts: Sequence[HostSpec], on_host: OnHost
    ) -> None:
        by_folder = {built.folder: built for built in bundle.values()}
        wanted = {host.name: [by_folder[name] for name in self.missing_packages(plan, host.name)] for host in hosts}

        def tell(name: str, result: tuple[str, ...] | InstallerError) -> None:
            on_host(name, result if isinstance(result, InstallerError) else Applied(bool(result), " ".join(result)))

        upload(self._workspace, self._connections(hosts), wanted, tell)

    def missing_packages(self, plan: Planned, host: str) -> Sequence[str]:
        return _own(plan).hosts[host].missing_packages

    def converge(self, spec: ClusterSpec, plan: Planned, hosts: Sequence[HostSpec], on_host: OnHost) -> None:
        own = _own(plan).hosts
        if self._vault is None:
            raise InstallerError(
                "the plan was made by another run",
                why="a run applies its own plan, with the secrets that it read for it",
                hint="report this: a plan comes first",
                final=True,
            )
        orders = {
            host.name: runner.ApplyOrder(
                own[host.name].manifest, own[host.name].seen or None, self._vault.made(host.name)
            )
            for host in hosts
        }
        runner.apply(self._workspace, self._connections(hosts), orders, _applied(on_host))

    def remove(self, spec: ClusterSpec, hosts: Sequence[HostSpec], purge: bool, on_host: OnHost) -> None:
        runner.remove(self._workspace, self._connections(hosts), _applied(on_host), purge=purge)

    def _connections(self, hosts: Sequence[HostSpec]) -> dict[str, Connection]:
        return {host.name: replace(self._connection(host), patience=self.patience) for host in hosts}


def _own(planned: Planned) -> plan.Plan:
    if planned.own is None:
        raise InstallerError(
            "the plan was made by another engine",
            why="this one can apply only a plan of its own",
            hint="report this: a plan comes first",
            final=True,
        )
    return planned.own


def _applied(on_host: OnHost) -> Callable[[str, Any], None]:
    def tell(name: str, result: runner.AppliedManifest | InstallerError) -> None:
        if isinstance(result, InstallerError):
            on_host(name, result)
        else:
            on_host(name, Applied(bool(result.changes), result.digest, result.generation))

    return tell


def _shown(name: str, host: plan.HostPlan) -> HostChanges:
    return HostChanges(
        host=name,
        changes=tuple(plan.summary(host.changes)),
        seen=host.digest,
        facts=host.facts,
        generation=host.generation,
        manifest=host.manifest.digest,
        diff="\n".join(plan.summary(host.changes, every_change=True)),
        units=tuple(unit.name for unit in host.manifest.units),
        problems=host.problems,
    )
