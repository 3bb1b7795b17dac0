"""The interface between the phases and the code for manifests, bundles and Ansible, `dcos_installer.engine`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from dcos_installer.bundle import Built
from dcos_installer.config.model import ClusterSpec, HostSpec
from dcos_installer.machines import Carried
from dcos_installer.plan.facts import Facts, Target
from dcos_installer.plan.plan import Plan

Bundle = Mapping[Target, Built]
"""The runtime packages of a run: one for each kind of machine."""

OnHost = Callable[[str, "Applied | BaseException"], None]
"""Called as each host's result arrives."""


@dataclass(frozen=True)
class HostChanges:
    """What will change on one host. ``changes`` are sentences, one for each change; empty: nothing.

    ``seen`` is the digest of the host's state; a converge is refused when the state is another. ``facts`` is the digest
    of the host's present facts, empty for a machine that does not exist yet. ``diff`` is the change as text.
    """

    host: str
    changes: tuple[str, ...]
    seen: str = ""
    facts: str = ""
    generation: int = 0
    manifest: str = ""
    """sha256 of the host's future manifest."""
    diff: str = ""
    units: tuple[str, ...] = ()
    """The units that will run there."""
    problems: tuple[str, ...] = ()
    """Why the host would refuse the change now."""


@dataclass(frozen=True)
class Planned:
    """The plan for all hosts, and the engine's own form of it (passed back to `Engine.converge`)."""

    hosts: Mapping[str, HostChanges]
    own: Plan | None = None

    @property
    def changed(self) -> tuple[str, ...]:
        """The hosts on which something will change."""
        return tuple(name for name, host in self.hosts.items() if host.changes)


@dataclass(frozen=True)
class Applied:
    """A host after its manifest was applied. ``digest`` is that of its state now."""

    changed: bool
    digest: str
    generation: int = 0


class Engine(Protocol):
    """Facts, bundle, plan, converge: each is one call for many hosts, and each host has its own result."""

    patience: float
    """The factor of all its deadlines; a run sets it once it knows its machines."""

    def gather(self, spec: ClusterSpec, hosts: Sequence[HostSpec]) -> Mapping[str, Facts | BaseException]:
        """Facts of these hosts, in one round trip each."""

    def bundle(self, spec: ClusterSpec, targets: Collection[Target], note: Callable[[str], None]) -> Bundle:
        """The runtime packages for these targets, built or from the cache."""

    def plan(
        self, spec: ClusterSpec, facts: Mapping[str, Facts], bundle: Bundle, absent: Mapping[str, Carried]
    ) -> tuple[Planned, Mapping[str, BaseException]]:
        """Compares each host with its manifest. Hosts in ``absent`` do not exist yet; the values say what each will
        have from the start. Changes nothing.

        Also returns the hosts that could not be asked, with the reason.
        """

    def upload(
        self, spec: ClusterSpec, plan: Planned, bundle: Bundle, hosts: Sequence[HostSpec], on_host: OnHost
    ) -> None:
        """Puts the packages that the plan needs on these hosts."""

    def missing_packages(self, plan: Planned, host: str) -> Sequence[str]:
        """The packages that `upload` would put on ``host``."""

    def converge(self, spec: ClusterSpec, plan: Planned, hosts: Sequence[HostSpec], on_host: OnHost) -> None:
        """Applies the plan's manifests to these hosts; each host refuses if its digest is not that of the plan."""

    def remove(self, spec: ClusterSpec, hosts: Sequence[HostSpec], purge: bool, on_host: OnHost) -> None:
        """Removes everything of ours from these hosts; with ``purge`` also the state in /var/lib/dcos."""
