"""The interface of providers of machines: what a machine will be, and what it became.

A provider serves one cluster. It is the only part of the installer that creates, starts or removes machines; all other
code reaches them through the provider's `SshTarget`. What is known of a kind of provider before there is a cluster is
its `declaration.Declaration`.

- **Results.** Every operation returns a result for each machine: its state afterwards, or the `ProviderError` that
  concerns it alone. Only errors that concern all of them (a missing tool, a refused login) are raised.
- **Again.** Every method may be called again after it was interrupted, and then finishes what is missing. A provider
  finds its machines by their marks (tags, folders), never by the installer's records.
- **Addresses.** A provider may learn a machine's address when it creates it. Until then `HostSpec.address` is empty.
- **Silence.** Providers print nothing: progress goes through a `Note`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from dcos_installer.errors import InstallerError
from dcos_installer.machines import DeclaredFacts, SshTarget

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec

Note = Callable[[str, str], None]
"""Takes progress: the machine's name (empty: the whole cluster) and what happens to it, as a short sentence."""


def silent(name: str, text: str) -> None:
    """The `Note` of a caller that wants no progress."""


class ProviderError(InstallerError):
    """A machine could not be created, reached, switched or removed. ``machine`` is its name; empty: all of them."""

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
    """It runs, or is booting."""
    BROKEN = "broken"
    """It exists only in part, or runs without its supervisor. `start` and `destroy` repair that."""
    REMOVING = "being removed"
    """Its removal has started and is not finished. `destroy` finishes it; until then it cannot be created again."""
    UNKNOWN = "unknown"
    """The provider cannot see it: the machine is not the provider's to switch."""


@dataclass(frozen=True)
class MachineState:
    """The state of one machine. ``detail`` is a sentence for people; for a broken machine it says what is wrong."""

    name: str
    condition: Condition
    address: str
    """Its address for the cluster's members; empty as long as it is not known."""
    detail: str = ""
    id: str = ""
    """The provider's name for it (an instance's id); empty if it is the machine's own."""
    slowness: float = 1.0
    """By this factor it may take longer than usual for everything, because its processor is emulated."""

    @property
    def exists(self) -> bool:
        """Whether anything of the machine exists: only an absent one must be created."""
        return self.condition is not Condition.ABSENT


Results = Mapping[str, "MachineState | ProviderError"]
"""Each machine's state after the operation, or why that failed. One machine's failure does not hide the others'
results.
"""


def failed(results: Results) -> dict[str, ProviderError]:
    """The machines that failed, with the reason."""
    return {name: result for name, result in results.items() if isinstance(result, ProviderError)}


def well(results: Results) -> dict[str, MachineState]:
    """The states of the machines that did not fail."""
    return {name: result for name, result in results.items() if isinstance(result, MachineState)}


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
    """A machine that must exist: created, or found.

    ``token`` identifies its creation. It stays the same until the machine was seen, whatever crashes in between, and
    changes after the machine was removed. A provider whose machines appear late (or whose answer was lost) passes it
    on, so that two requests create one machine.
    """

    host: HostSpec
    token: str


@dataclass(frozen=True)
class MachineFile:
    """A file that a machine has before its first boot, owned by root."""

    path: str
    """Absolute within the machine."""
    content: bytes
    mode: int = 0o644
    folder_mode: int = 0o755
    """Of its folder, if that must be created."""


@runtime_checkable
class Provider(Protocol):
    """The machines of one cluster, of one kind of provider."""

    name: str
    """As the inventory names it."""
    makes_machines: bool
    """False for existing machines of the operator: `create` and `destroy` then only look, and switching is refused."""

    def expected(self, host: HostSpec) -> Expected:
        """What ``host`` will be, before it exists. Changes nothing."""

    def inspect(self) -> Mapping[str, MachineState]:
        """The state of every machine in the cluster's spec, and of any further machine of this cluster. Read-only."""

    def outdated(self, host: HostSpec) -> str:
        """What `create` would correct on an existing machine, as a short phrase; empty: nothing."""

    def create(self, orders: Sequence[Order], note: Note = silent) -> Results:
        """Creates these machines, starts them, and returns once SSH answers on each or has failed.

        Each result has the machine's address. An existing machine is found again, whether or not the installer knew of
        it, and a running one is not disturbed: only its limits follow its declared shape.
        """

    def introduce(self, spec: ClusterSpec) -> Results:
        """Gives the running machines each other's names. Called when every address of ``spec`` is known."""

    def start(self, names: Collection[str], note: Note = silent) -> Results:
        """Switches on existing machines, and waits for SSH on each. A running machine is not changed."""

    def power_off(self, names: Collection[str], note: Note = silent) -> Results:
        """Cuts the machines' power, without a shutdown. Disks stay. A machine that is off is not changed."""

    def reboot(self, names: Collection[str], note: Note = silent) -> Results:
        """Asks the machines to restart, and waits for SSH on each after that. Disks stay."""

    def destroy(self, names: Collection[str] | None = None, note: Note = silent) -> Results:
        """Removes these machines with everything of theirs; None: all machines of the cluster, and what they shared.

        The result for what they shared has an empty name. The next removal finishes an interrupted one.
        """

    def ssh(self, host: HostSpec) -> SshTarget:
        """How to reach ``host``. If its address is known beforehand, this is the same before and after it exists."""
