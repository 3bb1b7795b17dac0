"""What every provider of machines offers: where a machine comes from, and what it will be before it exists.

A provider serves one cluster. It is the only part of the installer that makes, starts or removes machines; all else
reaches them through the `SshTarget` it names. Providers print nothing: progress goes through a `Note`, failures are
`ProviderError`. Every method may be called again after it was interrupted, and then finishes what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from dcos_installer.errors import InstallerError

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec

Note = Callable[[str, str], None]
"""Takes progress: the machine's name (empty: the whole cluster) and what happens to it, as a short sentence."""


def silent(name: str, text: str) -> None:
    """The `Note` of a caller who does not want to know."""


class ProviderError(InstallerError):
    """A machine could not be made, reached, switched or removed. ``machine`` is its name; empty: all of them."""

    def __init__(
        self,
        what: str,
        *,
        machine: str = "",
        why: str = "",
        hint: str = "",
        evidence: str = "",
        final: bool = False,
    ) -> None:
        self.machine = machine
        super().__init__(f"{machine}: {what}" if machine else what, why=why, hint=hint, evidence=evidence, final=final)


class Condition(StrEnum):
    """How a machine is, as its provider sees it. Whether its services are well is another question."""

    ABSENT = "absent"
    """Nothing of it exists."""
    OFF = "off"
    """It exists, with its disk, and does not run."""
    RUNNING = "running"
    """It runs, or is on its way up."""
    BROKEN = "broken"
    """Parts of it are there, or it runs without its supervisor. `start` and `destroy` put it right."""
    UNKNOWN = "unknown"
    """The provider cannot tell: the machine is not the provider's to switch."""


@dataclass(frozen=True)
class MachineState:
    """One machine now. ``detail`` is a sentence for people; for a broken machine it says what is wrong."""

    name: str
    condition: Condition
    address: str
    detail: str = ""

    @property
    def exists(self) -> bool:
        """Whether something of the machine is there: only an absent one must be created."""
        return self.condition is not Condition.ABSENT


@dataclass(frozen=True)
class DeclaredFacts:
    """What a machine will be once the provider has made it: what a plan may assume of a host that is not there yet.

    After the machine is made its real facts are read, and must agree with these.
    """

    os_id: str
    """``ID`` of os-release: ``debian``."""
    os_version: str
    """``VERSION_ID`` of os-release: ``12``."""
    arch: str
    """As `uname -m` says it: ``x86_64``."""
    python: str
    """The tag of /usr/bin/python3: ``cp311``."""
    libc: str
    """Family and version: ``glibc-2.36``."""
    cgroups: str
    """``v1`` (controllers in hierarchies of their own, with or without a unified one beside them) or ``v2``."""
    container_runtime: str
    """The OCI runtime that works there: ``runc`` or ``crun``; empty when there is none."""
    cpus: float
    mem_mb: int
    os_packages: frozenset[str] = frozenset()
    """Names of the operating system's packages that are in it from the start."""


@dataclass(frozen=True)
class SshTarget:
    """How to reach a machine. Host keys are always checked, against ``known_hosts_file``.

    ``identity_file`` and ``known_hosts_file`` are None where the operator's own SSH set-up decides.
    """

    address: str
    port: int
    user: str
    identity_file: Path | None
    known_hosts_file: Path | None


@runtime_checkable
class Provider(Protocol):
    """Machines of one cluster from one place."""

    name: str
    """As the inventory names it: ``nspawn``, ``static``."""
    makes_machines: bool
    """False when machines are somebody else's: `create` and `destroy` then only look, and switching is refused."""

    def declared(self, host: HostSpec) -> DeclaredFacts | None:
        """What ``host`` will be, before it exists; touches nothing. None: only the machine itself can tell."""

    def inspect(self) -> Mapping[str, MachineState]:
        """Every machine of the cluster's spec, and any of this cluster's that the spec no longer names. Read-only."""

    def outdated(self, host: HostSpec) -> str:
        """What `create` would put right on a machine that exists already, as a short phrase; empty: nothing."""

    def create(self, hosts: Sequence[HostSpec], note: Note = silent) -> None:
        """Make these machines, start them and return once SSH answers on each. Those that run are not disturbed: only
        their limits follow their declared shape."""

    def start(self, name: str) -> None:
        """Switch on a machine that exists, and return once SSH answers. One that runs is left alone."""

    def power_off(self, name: str) -> None:
        """Cut the machine's power: nothing in it gets to finish. Its disk stays. One that is off is left alone."""

    def reboot(self, name: str) -> None:
        """Ask the machine to restart, and return once SSH answers after that. Its disk stays."""

    def destroy(self, names: Collection[str] | None = None, note: Note = silent) -> None:
        """Remove these machines (None: all of the cluster, and what they shared) with everything that was theirs."""

    def ssh(self, host: HostSpec) -> SshTarget:
        """How to reach ``host``; the same before and after it exists."""
