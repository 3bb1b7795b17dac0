"""Machines as operators name them for maintenance, and what is planned with them. As in Mesos, a machine is known by
its hostname, whatever the case, and its address together.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from dcos_runtime.core.frozen import Frozen
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import Unavailability
from dcos_runtime.wire.maintenance import Schedule
from dcos_runtime.wire.operators import MachineID

Key = tuple[str, str]
"""A machine: its hostname in lower case, and its address; either may be empty."""


def key(machine: MachineID) -> Key:
    return (machine.hostname or "").lower(), machine.ip or ""


def named(machine: MachineID) -> str:
    """For texts, as Mesos writes it."""
    return codec.encode(machine).decode()


class Plan(Frozen, frozen=True):
    """The schedule, and which of its machines are down."""

    schedule: Schedule = Schedule()
    down: frozenset[Key] = frozenset()

    def machines(self) -> dict[Key, tuple[MachineID, Unavailability]]:
        """In the order of the schedule."""
        return {
            key(machine): (machine, window.unavailability)
            for window in self.schedule.windows
            for machine in window.machine_ids
        }

    def without(self, machines: frozenset[Key]) -> Plan:
        """These are not scheduled any more; windows in which none is left are not, either."""
        windows = []
        for window in self.schedule.windows:
            left = [machine for machine in window.machine_ids if key(machine) not in machines]
            if left:
                windows.append(msgspec.structs.replace(window, machine_ids=left))
        return Plan(Schedule(windows=windows), self.down - machines)


NOTHING = Plan()


class InverseOffer(msgspec.Struct, frozen=True):
    """A framework is asked to leave an agent."""

    id: str
    framework_id: str
    agent_id: str


class FrameworkAnswer(msgspec.Struct, frozen=True):
    """What a framework said to an inverse offer, ``at`` that time (wall)."""

    accepted: bool
    at: float


@dataclass(slots=True)
class Notice:
    """An agent here on a machine of the schedule. ``open``: its inverse offers, by framework; ``answers``: those of
    frameworks; ``quiet``: who is not asked until then (monotonic).
    """

    unavailability: Unavailability
    open: dict[str, str] = field(default_factory=dict)
    answers: dict[str, FrameworkAnswer] = field(default_factory=dict)
    quiet: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class Maintenance:
    """What is known of maintenance. ``plan`` counts, ``newest`` is what was last written or is being written, in
    ``pieces`` entries of the registry. ``scheduled`` are the machines of ``plan``. ``round``: agents whose frameworks
    are still to be asked in this round; ``looking``: such a step is due.
    """

    plan: Plan = NOTHING
    newest: Plan = NOTHING
    pieces: int = 0
    scheduled: dict[Key, tuple[MachineID, Unavailability]] = field(default_factory=dict)
    notices: dict[str, Notice] = field(default_factory=dict)
    inverse: dict[str, InverseOffer] = field(default_factory=dict)
    round: list[str] = field(default_factory=list)
    looking: bool = False
