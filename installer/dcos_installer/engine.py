"""The engine behind the phases: manifests, bundle and Ansible, joined. `phases.engine` says what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from dcos_installer.ansible import runner
from dcos_installer.ansible.places import Place
from dcos_installer.ansible.play import Session
from dcos_installer.bundle import Built, build, upload
from dcos_installer.config.model import ClusterSpec, HostSpec
from dcos_installer.errors import InstallerError
from dcos_installer.phases.engine import Applied, HostPlan, OnHost, Planned
from dcos_installer.plan import materials
from dcos_installer.plan.facts import Facts, Target
from dcos_installer.plan.manifest import Manifest, manifest
from dcos_installer.plan.plan import HostPlan as OwnHostPlan
from dcos_installer.plan.plan import Plan, assumed, summary
from dcos_installer.providers import open_provider
from dcos_installer.state import ClusterState, atomic_write

Bundle = Mapping[Target, Built]


class AnsibleEngine:
    """Works for one run (``run_id``) of one command. ``control_dir`` is where the run's SSH connections have their sockets."""

    def __init__(self, state: ClusterState, run_id: str, control_dir: Path) -> None:
        self._state = state
        self._session = Session(home=state.root / "ansible", sockets=control_dir)

    @cached_property
    def _materials(self) -> materials.Materials:
        return materials.load()

    def close(self) -> None:
        """Ends the SSH connections."""
        self._session.close()

    def gather(self, spec: ClusterSpec, hosts: Sequence[HostSpec]) -> Mapping[str, Facts | BaseException]:
        return runner.gather_facts(self._session, self._places(spec, hosts))

    def bundle(self, spec: ClusterSpec, targets: Collection[Target], note: Callable[[str], None]) -> Bundle:
        return {target: build(target, note=note) for target in sorted(targets)}

    def plan(
        self, spec: ClusterSpec, facts: Mapping[str, Facts], bundle: Bundle, absent: Collection[str]
    ) -> tuple[Planned, Mapping[str, BaseException]]:
        made = self._manifests(spec, facts, bundle)
        there = {name: wanted for name, wanted in made.items() if name not in absent}
        places = self._places(spec, [spec.host(name) for name in there])
        hosts: dict[str, OwnHostPlan] = {name: assumed(made[name]) for name in made if name in absent}
        failures: dict[str, BaseException] = {}
        for name, result in runner.check(self._session, places, there).items():
            if isinstance(result, InstallerError):
                failures[name] = result
                continue
            if result.problems:
                failures[name] = _refused(name, result.problems)
            hosts[name] = OwnHostPlan(
                manifest=made[name],
                changes=result.changes,
                problems=result.problems,
                missing_packages=result.missing_packages,
                seen=result.seen,
                digest=result.digest,
                facts=result.facts.digest,
                generation=result.facts.generation,
            )
        plan = Plan(cluster=spec.cluster_id, hosts={name: hosts[name] for name in made if name in hosts})
        atomic_write(self._state.plan, plan.encode())
        return Planned({name: _told(name, host) for name, host in plan.hosts.items()}, plan), failures

    def missing_packages(self, plan: Planned, host: str) -> Sequence[str]:
        return _own(plan).hosts[host].missing_packages

    def upload(
        self, spec: ClusterSpec, plan: Planned, bundle: Bundle, hosts: Sequence[HostSpec], on_host: OnHost
    ) -> None:
        by_folder = {built.folder: built for built in bundle.values()}
        wanted = {host.name: [by_folder[folder] for folder in self.missing_packages(plan, host.name)] for host in hosts}

        def done(name: str, result: tuple[str, ...] | InstallerError) -> None:
            if isinstance(result, InstallerError):
                on_host(name, result)
            else:
                on_host(name, Applied(changed=bool(result), digest=" ".join(result)))

        upload(self._session, self._places(spec, hosts), wanted, done)

    def converge(self, spec: ClusterSpec, plan: Planned, hosts: Sequence[HostSpec], on_host: OnHost) -> None:
        own = _own(plan)
        orders = {
            host.name: runner.Order(manifest=own.hosts[host.name].manifest, seen=own.hosts[host.name].seen or None)
            for host in hosts
        }
        runner.apply(self._session, self._places(spec, hosts), orders, _passing(on_host))

    def remove(self, spec: ClusterSpec, hosts: Sequence[HostSpec], purge: bool, on_host: OnHost) -> None:
        runner.remove(self._session, self._places(spec, hosts), _passing(on_host), purge=purge)

    def _places(self, spec: ClusterSpec, hosts: Sequence[HostSpec]) -> dict[str, Place]:
        provider = open_provider(spec, self._state.root)
        return {host.name: Place(ssh=provider.ssh(host), become=host.ssh.become) for host in hosts}

    def _manifests(self, spec: ClusterSpec, facts: Mapping[str, Facts], bundle: Bundle) -> dict[str, Manifest]:
        with_packages = self._materials.with_packages({target: (built.package,) for target, built in bundle.items()})
        return {host.name: manifest(spec, host, facts[host.name], with_packages) for host in spec.hosts}


def _told(name: str, host: OwnHostPlan) -> HostPlan:
    return HostPlan(
        host=name,
        changes=tuple(summary(host.changes)),
        seen=host.digest,
        facts=host.facts,
        generation=host.generation,
        manifest=host.manifest.digest,
        diff="\n".join(str(change) for change in host.changes),
        units=tuple(unit.name for unit in host.manifest.units),
    )


def _refused(name: str, problems: Sequence[str]) -> InstallerError:
    return InstallerError(
        f"{name} cannot carry what it is to have",
        why="; ".join(problems),
        hint="mend that on the host, then run again; nothing was changed",
    )


def _passing(on_host: OnHost) -> Callable[[str, runner.Applied | InstallerError], None]:
    def done(name: str, result: runner.Applied | InstallerError) -> None:
        if isinstance(result, InstallerError):
            on_host(name, result)
        else:
            on_host(name, Applied(bool(result.changes), result.digest, result.generation))

    return done


def _own(plan: Planned) -> Plan:
    own: Any = plan.own
    if not isinstance(own, Plan):
        raise TypeError(f"this plan is not the engine's: {type(own).__name__}")
    return own
