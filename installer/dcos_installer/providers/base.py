"""What every provider of machines offers: what a machine will be, and what it became.

A provider serves one cluster. It is the only part of the installer that makes, starts or removes machines; all else
reaches them through the `SshTarget` it names. What a kind of provider says of itself before there is a cluster is its
`declaration.Declaration`.

- **Results.** Whatever is done to machines gives a result a machine: the machine as it is then, or the `ProviderError`
  that is about it alone. Only what is about all of them (a missing tool, a refused login) is raised.
- **Again.** Every method may be called again after it was interrupted, and then finishes what is missing. A provider
  finds its machines by what it marked them with (tags, folders), never by what the installer remembers.
- **Addresses.** A provider may learn a machine's address when it makes it. Until then `HostSpec.address` is empty.
- **Silence.** Providers print nothing: progress goes through a `Note`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from dcos_installer.errors import InstallerError

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec

Note = Callable[[str, str], None]
"""Takes progress: the machine's name (empty: the whole cluster) and what happens to it, as a short sentence."""


def silent(name: str, text: str) -> None:
    """The `Note` of a caller that wants no progress."""


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
    """The state of a machine, as its provider sees it. It does not include the health of services."""

    ABSENT = "absent"
    """Nothing of it exists."""
    OFF = "off"
    """It exists, with its disk, and does not run."""
    RUNNING = "running"
    """It runs, or is on its way up."""
    BROKEN = "broken"
    """Parts of it are there, or it runs without its supervisor. `start` and `destroy` put it right."""
    REMOVING = "being removed"
    """Its removal was begun and is not finished. `destroy` finishes it; until then it cannot be made again."""
    UNKNOWN = "unknown"
    """The provider cannot tell: the machine is not the provider's to switch."""


@dataclass(frozen=True)
class MachineState:
    """One machine now. ``detail`` is a sentence for people; for a broken machine it says what is wrong."""

    name: str
    condition: Condition
    address: str
    """As the cluster's members know it; empty as long as nobody knows."""
    detail: str = ""
    id: str = ""
    """What the provider calls it (an instance's id); empty where its name says all."""

    @property
    def exists(self) -> bool:
        """Whether something of the machine is there: only an absent one must be created."""
        return self.condition is not Condition.ABSENT


Results = Mapping[str, "MachineState | ProviderError"]
"""By machine: how it is after what was done, or why that failed. One machine's failure does not hide the others'
results.
"""


def failed(results: Results) -> dict[str, ProviderError]:
    """The machines that failed, with why."""
    return {name: result for name, result in results.items() if isinstance(result, ProviderError)}


def well(results: Results) -> dict[str, MachineState]:
    """The machines that did not fail, as they are."""
    return {name: result for name, result in results.items() if isinstance(result, MachineState)}


THIS_RUNTIME = "the runtime of this installation"


@dataclass(frozen=True)
class Carried:
    """What a machine has of ours before anything is deployed to it, because its image holds it."""

    runtime: str = ""
    """The folder of the runtime package; `THIS_RUNTIME`: the one that is deployed, whichever that is; empty: none."""
    users: frozenset[str] = frozenset()
    links: tuple[tuple[str, str], ...] = ()
    """Path and target."""


@dataclass(frozen=True)
class DeclaredFacts:
    """What a machine will show once the provider has made it: what a plan may assume of a host that is not there yet.

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
    carried: Carried = Carried()


@dataclass(frozen=True)
class Expected:
    """What a machine will be, before it exists."""

    name: str
    roles: frozenset[str]
    address: str
    """Empty: known after creation."""
    facts: DeclaredFacts | None
    """None: only the machine itself can tell."""


@dataclass(frozen=True)
class Order:
    """A machine that is to be there: made, or found made.

    ``token`` names this making of it. It stays the same until the machine was seen, whatever crashes in between, and
    is another one after it was removed: a provider whose machines show up late (or whose answer was lost) hands it on,
    so that what was asked twice is made once.
    """

    host: HostSpec
    token: str


@dataclass(frozen=True)
class MachineFile:
    """A file that a machine has before it boots for the first time, owned by root."""

    path: str
    """Absolute within the machine."""
    content: bytes
    mode: int = 0o644
    folder_mode: int = 0o755
    """Of the folder it lies in, when that has to be made."""


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
    jump: str = ""
    """The hosts before it, as ``ssh -J`` takes them; empty: those that the operator's own SSH set-up says, if any."""


@runtime_checkable
class Provider(Protocol):
    """Machines of one cluster from one place."""

    name: str
    """As the inventory names it."""
    makes_machines: bool
    """False when machines are somebody else's: `create` and `destroy` then only look, and switching is refused."""

    def expected(self, host: HostSpec) -> Expected:
        """What ``host`` will be, before it exists; touches nothing."""

    def inspect(self) -> Mapping[str, MachineState]:
        """Every machine of the cluster's spec, and any of this cluster's that the spec no longer names. Read-only."""

    def outdated(self, host: HostSpec) -> str:
        """What `create` would put right on a machine that exists already, as a short phrase; empty: nothing."""

    def create(self, orders: Sequence[Order], note: Note = silent) -> Results:
        """Makes these machines, starts them and returns once SSH answers on each or it is known that it does not.

        Each comes back with its address. One that is there already is found again, whether or not the installer knew of
        it, and one that runs is not disturbed: only its limits follow its declared shape.
        """

    def introduce(self, spec: ClusterSpec) -> Results:
        """Lets the machines that run know each other by name. Called when every address of ``spec`` is known."""

    def start(self, names: Collection[str], note: Note = silent) -> Results:
        """Switches on machines that exist, and waits for SSH on each. One that runs is left alone."""

    def power_off(self, names: Collection[str], note: Note = silent) -> Results:
        """Cuts the machines' power: nothing in them gets to finish. Disks stay. One that is off is left alone."""

    def reboot(self, names: Collection[str], note: Note = silent) -> Results:
        """Asks the machines to restart, and waits for SSH on each after that. Disks stay."""

    def destroy(self, names: Collection[str] | None = None, note: Note = silent) -> Results:
        """Removes these machines with everything that was theirs; None: all of the cluster, and what they shared.

        Of what they shared the result has no name. A removal that stopped half-way is finished by the next one.
        """

    def ssh(self, host: HostSpec) -> SshTarget:
        """How to reach ``host``. Where its address is known beforehand, it is the same before and after it exists."""
