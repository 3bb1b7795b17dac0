"""What phases ask of the part that knows manifests, bundles and Ansible. `dcos_installer.engine` is the real one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from dcos_installer.bundle import Built
from dcos_installer.config.model import ClusterSpec, HostSpec
from dcos_installer.plan.facts import Facts, Target
from dcos_installer.plan.plan import Plan
from dcos_installer.providers.base import Carried

Bundle = Mapping[Target, Built]
"""The runtime packages of a run: one for each kind of machine."""

OnHost = Callable[[str, "Applied | BaseException"], None]
"""Called as each host's result comes in."""


@dataclass(frozen=True)
class HostChanges:
    """What will change on one host. ``changes`` are sentences, one a thing; empty: nothing.

    ``seen`` is the digest the host showed; a converge is refused when it shows another. ``facts`` is the digest of the
    facts that the host has now, empty for a machine that is yet to be made. ``diff`` is the change as text.
    """

    host: str
    changes: tuple[str, ...]
    seen: str = ""
    facts: str = ""
    generation: int = 0
    manifest: str = ""
    """sha256 of the manifest that the host will have."""
    diff: str = ""
    units: tuple[str, ...] = ()
    """The units that will run there."""
    problems: tuple[str, ...] = ()
    """Why the host would refuse the change, as it is now."""


@dataclass(frozen=True)
class Planned:
    """The plan for all hosts, and the engine's own form of it (handed back to `Engine.converge`)."""

    hosts: Mapping[str, HostChanges]
    own: Plan | None = None

    @property
    def changed(self) -> tuple[str, ...]:
        """The hosts on which something will change."""
        return tuple(name for name, host in self.hosts.items() if host.changes)


@dataclass(frozen=True)
class Applied:
    """A host after its manifest was applied. ``digest`` is what it shows now."""

    changed: bool
    digest: str
    generation: int = 0


class Engine(Protocol):
    """Facts, bundle, plan, converge: each one call for many hosts, each host with its own result."""

    def gather(self, spec: ClusterSpec, hosts: Sequence[HostSpec]) -> Mapping[str, Facts | BaseException]:
        """Facts of these hosts, in one round trip each."""

    def bundle(self, spec: ClusterSpec, targets: Collection[Target], note: Callable[[str], None]) -> Bundle:
        """The runtime packages for these targets: built, or found built."""

    def plan(
        self, spec: ClusterSpec, facts: Mapping[str, Facts], bundle: Bundle, absent: Mapping[str, Carried]
    ) -> tuple[Planned, Mapping[str, BaseException]]:
        """Each host's manifest held against the host; hosts in ``absent`` are yet to be made, with what each will
        have from the start. Changes nothing.

        Also returns the hosts that could not be asked, with why.
        """

    def upload(
        self, spec: ClusterSpec, plan: Planned, bundle: Bundle, hosts: Sequence[HostSpec], on_host: OnHost
    ) -> None:
        """Puts the packages that the plan needs on these hosts."""

    def missing_packages(self, plan: Planned, host: str) -> Sequence[str]:
        """The packages that `upload` would put on ``host``."""

    def converge(self, spec: ClusterSpec, plan: Planned, hosts: Sequence[HostSpec], on_host: OnHost) -> None:
        """Applies the plan's manifests to these hosts, each guarded by the digest that the plan saw."""

    def remove(self, spec: ClusterSpec, hosts: Sequence[HostSpec], purge: bool, on_host: OnHost) -> None:
        """Takes everything of ours off these hosts; with ``purge`` the state in /var/lib/dcos, too."""
