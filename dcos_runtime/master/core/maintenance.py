"""Maintenance as in Mesos: the schedule, machines that are taken down and brought up. First in the registry, then for
agents and frameworks. What is asked is checked against what was asked before, also while that is being written.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence

import msgspec

from dcos_runtime.core.frozen import Now
from dcos_runtime.master.core import inverse, offers, registry, silence
from dcos_runtime.master.core.events import MachinesAsked, ScheduleAsked
from dcos_runtime.master.core.machines import Key, Maintenance, Notice, Plan, key, named
from dcos_runtime.master.core.records import Agent
from dcos_runtime.master.core.state import State
from dcos_runtime.master.core.timing import Noticed, Planned
from dcos_runtime.wire import codec
from dcos_runtime.wire.allocator import InverseOfferStatus
from dcos_runtime.wire.common import FrameworkID, TimeInfo
from dcos_runtime.wire.maintenance import ClusterStatus, Schedule
from dcos_runtime.wire.operators import MachineID

Refused = tuple[int, str]

KEY = "maintenance/"
VERSION = 1
PIECE = 256 * 1024
"""Bytes of an entry of the registry. All of them, in the order of their keys, are one JSON document."""
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_ADDRESS = re.compile(rf"{_BYTE}(\.{_BYTE}){{3}}")
DOWN = "Operator initiated 'Machine DOWN'"
REFUSED = "Machine is `DOWN`"


# --- in the registry -------------------------------------------------------------------------------------------------


class MaintenanceEntry(msgspec.Struct):
    """All that is planned; ``down`` are machines of the schedule."""

    version: int
    schedule: Schedule
    down: list[MachineID]


def load(state: State, entries: Iterable[tuple[str, bytes]]) -> None:
    """Takes over the registry. Raises `codec.DecodeError`, `registry.UnknownRegistryVersion`."""
    pieces = sorted((name, data) for name, data in entries if name.startswith(KEY))
    if not pieces:
        return
    whole = b"".join(data for _, data in pieces)
    registry.known_version(pieces[0][0], whole, (VERSION,))
    entry = codec.decode(whole, MaintenanceEntry)
    its = state.maintenance
    its.plan = its.newest = Plan(entry.schedule, frozenset(key(machine) for machine in entry.down))
    its.scheduled = its.plan.machines()
    its.pieces = len(pieces)


def _changes(its: Maintenance, plan: Plan) -> dict[str, bytes | None]:
    """The changes of the registry that write the plan."""
    whole = b""
    if plan.schedule.windows:
        down = [machine for known, (machine, _) in plan.machines().items() if known in plan.down]
        whole = codec.encode(MaintenanceEntry(VERSION, plan.schedule, down))
    pieces = [whole[at : at + PIECE] for at in range(0, len(whole), PIECE)]
    changes: dict[str, bytes | None] = {f"{KEY}{number:06d}": piece for number, piece in enumerate(pieces)}
    changes |= {f"{KEY}{number:06d}": None for number in range(len(pieces), its.pieces)}
    its.pieces = len(pieces)
    return changes


# --- asked by operators ----------------------------------------------------------------------------------------------


def schedule(state: State, event: ScheduleAsked) -> Refused | None:
    """None: it is answered once it is durable."""
    newest = state.maintenance.newest
    if error := _wrong_schedule(event.schedule, newest):
        return 400, error
    count = sum(len(window.machine_ids) for window in event.schedule.windows)
    state.log(logging.INFO, f"maintenance of {count} machines is scheduled by {event.by}")
    _write(state, Plan(event.schedule, newest.down), event.request, anew=True)
    return None


def take_down(state: State, event: MachinesAsked) -> Refused | None:
    """None: it is answered once it is durable."""
    newest = state.maintenance.newest
    if error := _wrong(state, event.machines, newest):
        return 400, error
    scheduled = newest.machines()
    for machine in event.machines:
        if key(machine) in newest.down or key(machine) not in scheduled:
            return 400, f"Machine '{named(machine)}' is not in DRAINING mode and cannot be brought down"
    _log(state, event, "down")
    _write(state, Plan(newest.schedule, newest.down | set(map(key, event.machines))), event.request)
    return None


def bring_up(state: State, event: MachinesAsked) -> Refused | None:
    """None: it is answered once it is durable."""
    newest = state.maintenance.newest
    if error := _wrong(state, event.machines, newest):
        return 400, error
    for machine in event.machines:
        if key(machine) not in newest.down:
            return 400, f"Machine '{named(machine)}' is not in DOWN mode and cannot be brought up"
    _log(state, event, "up")
    _write(state, newest.without(frozenset(map(key, event.machines))), event.request)
    return None


def _log(state: State, event: MachinesAsked, mode: str) -> None:
    names = ", ".join(named(machine) for machine in event.machines[:10])
    more = f" and {len(event.machines) - 10} more" if len(event.machines) > 10 else ""
    state.log(logging.WARNING, f"machines {names}{more} are taken {mode} by {event.by}")


def _write(state: State, plan: Plan, request: int, *, anew: bool = False) -> None:
    its = state.maintenance
    changes = _changes(its, plan)
    its.newest = plan
    state.persist(changes, Planned(plan, request, anew))


def _wrong_schedule(schedule: Schedule, newest: Plan) -> str | None:
    """Why the schedule cannot be, in Mesos' words and order."""
    seen: set[Key] = set()
    for window in schedule.windows:
        if not window.machine_ids:
            return "List of machines in the maintenance window is empty"
        duration = window.unavailability.duration
        if duration is not None and duration.nanoseconds < 0:
            return "Unavailability 'duration' is negative"
        if error := _wrong_machines(window.machine_ids, seen):
            return error
    for known, (machine, _) in newest.machines().items() if newest.down - seen else ():
        if known in newest.down and known not in seen:
            return f"Machine '{named(machine)}' is deactivated and cannot be removed from the schedule"
    return None


def _wrong_machines(machines: Sequence[MachineID], seen: set[Key]) -> str | None:
    """``seen``: those before; these are added."""
    for machine in machines:
        if not machine.hostname and not machine.ip:
            return "Both 'hostname' and 'ip' for a machine are empty"
        if machine.ip and not _ADDRESS.fullmatch(machine.ip):
            return f"Failed to parse IPv4: {machine.ip}"
        known = key(machine)
        if known in seen:
            return f"Machine '{named(machine)}' appears more than once in the schedule"
        seen.add(known)
    return None


def _wrong(state: State, machines: Sequence[MachineID], newest: Plan) -> str | None:
    if not machines:
        return "List of machines is empty"
    if error := _wrong_machines(machines, set()):
        return error
    known = newest.machines().keys() | {machine_of(agent) for agent in state.agents.values()}
    for machine in machines:
        if key(machine) not in known:
            return f"Machine '{named(machine)}' is not part of a maintenance schedule"
    return None


# --- for agents ------------------------------------------------------------------------------------------------------


def machine_of(agent: Agent) -> Key:
    return agent.info.hostname.lower(), agent.address


def planned(state: State, then: Planned) -> Noticed:
    """The registry holds the plan: agents on machines of the schedule are to be offered anew, with their
    unavailability.
    """
    its = state.maintenance
    its.plan, its.scheduled = then.plan, then.plan.machines()
    concerned = [
        agent.id
        for agent in state.agents.values()
        if agent.id in its.notices or (its.scheduled and machine_of(agent) in its.scheduled)
    ]
    return Noticed(tuple(concerned), then.anew)


def arrived(state: State, agent: Agent, now: Now, anew: bool = False) -> None:
    """The agent is on its machine, or the machine has another plan. ``anew``: frameworks are asked again, although
    nothing is different.
    """
    its, machine = state.maintenance, machine_of(agent)
    if machine in its.plan.down:
        if agent.id not in state.leaving:
            state.log(logging.WARNING, f"agent {agent.info.hostname} ({agent.id}) is on a machine that is down")
            silence.remove(state, agent, DOWN, shut_down=True)
        return
    found, notice = its.scheduled.get(machine), its.notices.get(agent.id)
    if found is None and notice is None:
        return
    if found is not None and notice is not None and notice.unavailability == found[1] and not anew:
        inverse.look(state, now)
        return
    offers.give_back_all(state, agent.offers, rescind=True)
    inverse.drop_of_agent(state, agent.id, rescind=True)
    its.notices.pop(agent.id, None)
    if found is not None:
        its.notices[agent.id] = Notice(found[1])
        inverse.look(state, now)


def is_down(state: State, hostname: str, address: str) -> bool:
    return (hostname.lower(), address) in state.maintenance.plan.down


# --- shown -----------------------------------------------------------------------------------------------------------


def status(state: State) -> ClusterStatus:
    """Which machines are drained, with what frameworks said, and which are down."""
    its = state.maintenance
    agents: dict[Key, list[Agent]] = {}
    for agent_id in its.notices:
        agent = state.agents[agent_id]
        agents.setdefault(machine_of(agent), []).append(agent)
    draining, down = [], []
    for known, (machine, _) in its.scheduled.items():
        if known in its.plan.down:
            down.append(machine)
            continue
        here = agents.get(known, [])
        if here and here[0].info.hostname != machine.hostname:  # spelled as its agent spells it
            machine = MachineID(hostname=here[0].info.hostname, ip=here[0].address)
        statuses = [one for agent in here for one in _statuses(its.notices[agent.id])]
        draining.append(ClusterStatus.DrainingMachine(id=machine, statuses=statuses))
    return ClusterStatus(draining_machines=draining, down_machines=down)


def _statuses(notice: Notice) -> list[InverseOfferStatus]:
    kind = InverseOfferStatus.Status
    return [
        InverseOfferStatus(
            status=kind.ACCEPT if answer.accepted else kind.DECLINE,
            framework_id=FrameworkID(value=framework_id),
            timestamp=TimeInfo(nanoseconds=int(answer.at * 1e9)),
        )
        for framework_id, answer in notice.answers.items()
    ]
