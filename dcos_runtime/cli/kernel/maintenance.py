"""Maintenance of machines: which are meant, and what the master has planned with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec

from dcos_runtime.cli.connection.http import NotJson
from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.kernel import nodes
from dcos_runtime.cli.kernel.master import ClusterState, Master
from dcos_runtime.counting import counted

T = TypeVar("T")


class ScheduledMachine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A machine as the master knows it: its hostname, whatever the case, and its address together."""

    hostname: str = ""
    ip: str = ""

    def __str__(self) -> str:
        return f"{self.hostname} ({self.ip})" if self.hostname and self.ip else self.hostname or self.ip

    @property
    def key(self) -> tuple[str, str]:
        """What is the same for the same machine."""
        return self.hostname.lower(), self.ip


class Nanoseconds(msgspec.Struct, frozen=True):
    """A time, or a duration."""

    nanoseconds: int


class Unavailability(msgspec.Struct, frozen=True, omit_defaults=True):
    """From when on; ``duration`` None: for an unknown time."""

    start: Nanoseconds
    duration: Nanoseconds | None = None


class Window(msgspec.Struct, frozen=True):
    """Machines that are unavailable at the same time."""

    unavailability: Unavailability
    machine_ids: list[ScheduledMachine] = []


class _Schedule(msgspec.Struct):
    windows: list[Window] = []


class _Answer(msgspec.Struct):
    status: str = ""


class _Draining(msgspec.Struct):
    id: ScheduledMachine
    statuses: list[_Answer] = []


class _Status(msgspec.Struct):
    draining_machines: list[_Draining] = []
    down_machines: list[ScheduledMachine] = []


class PlannedMachine(msgspec.Struct, frozen=True):
    """A machine of the schedule. ``accepted`` and ``declined``: how many frameworks said that they will leave it, or
    not.
    """

    machine: ScheduledMachine
    unavailability: Unavailability
    down: bool
    accepted: int = 0
    declined: int = 0


def planned(master: Master) -> list[PlannedMachine]:
    """In the order of the schedule. Raises `CliError`."""
    status = _read(master, "GET_MAINTENANCE_STATUS", "status", _Status)
    down = {one.key for one in status.down_machines}
    said = {one.id.key: [answer.status for answer in one.statuses] for one in status.draining_machines}
    found = []
    for window in schedule(master):
        for machine in window.machine_ids:
            answers = said.get(machine.key, [])
            counts = answers.count("ACCEPT"), answers.count("DECLINE")
            found.append(PlannedMachine(machine, window.unavailability, machine.key in down, *counts))
    return found


def schedule(master: Master) -> list[Window]:
    """Raises `CliError`."""
    return _read(master, "GET_MAINTENANCE_SCHEDULE", "schedule", _Schedule).windows


def _read(master: Master, kind: str, name: str, what: type[T]) -> T:
    response = master.operate(kind, {})
    if response.status != 200:
        raise CliError(f"the master refuses {kind}: {response.complaint() or response.status}")
    try:
        return msgspec.convert(response.json()[kind.lower()][name], what)
    except (NotJson, KeyError, TypeError, msgspec.ValidationError) as error:
        raise CliError(f"{response.url} does not answer {kind} as a master does: {error}") from error


def change(master: Master, kind: str, part: dict[str, Any]) -> None:
    """Raises `CliError` with the master's words when it is refused."""
    response = master.operate(kind, part)
    if response.status != 200:
        raise CliError(
            f"the master refuses {kind}: {response.complaint() or response.status}",
            hints=["dcos node maintenance shows what is scheduled"],
        )


def replace(master: Master, windows: Sequence[Window]) -> None:
    """Sets the schedule. Raises `CliError`."""
    change(master, "UPDATE_MAINTENANCE_SCHEDULE", {"schedule": {"windows": msgspec.to_builtins(windows)}})


def without(windows: Iterable[Window], machines: Sequence[ScheduledMachine]) -> list[Window]:
    """The windows that are left without these machines."""
    left, gone = [], {one.key for one in machines}
    for window in windows:
        kept = [one for one in window.machine_ids if one.key not in gone]
        if kept:
            left.append(Window(window.unavailability, kept))
    return left


def of_agents(state: ClusterState, words: Sequence[str], racks: Sequence[str]) -> list[ScheduledMachine]:
    """The machines of these agents, and of all agents in these racks. Raises `CliError` unless there is one of each."""
    found: list[ScheduledMachine] = []
    for word in words:
        node = nodes.find(state, word)
        agent = state.agents.get(node.id)
        if agent is None:
            raise CliError(f"{node} is not connected to this master", hints=["dcos node list shows those that are"])
        found.append(ScheduledMachine(agent.hostname, agent.ip))
    for rack in racks:
        there = [
            one for one in state.agents.values() if rack and rack in (str(one.attributes.get("rack", "")), one.zone)
        ]
        if not there:
            text = f"no agent is in the rack {rack}"
            raise CliError(
                text, hints=["a rack is the attribute rack of agents, or their zone: dcos node list shows both"]
            )
        found += [
            ScheduledMachine(one.hostname, one.ip) for one in sorted(there, key=lambda one: (one.hostname, one.id))
        ]
    return list({one.key: one for one in found}.values())


def of_schedule(known: Sequence[PlannedMachine], words: Sequence[str]) -> list[ScheduledMachine]:
    """The machines of the schedule with these hostnames or addresses. Raises `CliError` unless it is just one each."""
    found = []
    for word in words:
        named = [
            one.machine for one in known if word and word.lower() in (one.machine.hostname.lower(), one.machine.ip)
        ]
        if len(named) != 1:
            what = f"{counted(len(named), 'machine')} of the schedule match {word}" if named else ""
            raise CliError(
                what or f"no machine of the schedule is called {word}",
                details=[str(one) for one in named],
                hints=["dcos node maintenance shows what is scheduled"],
            )
        found += named
    return found
