"""The state of the kernel as one value, and back: the beginning of a recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from dcos_runtime.core.resources import Holdings
from dcos_runtime.core.seeds import SeededSource, SourceState
from dcos_runtime.master.core import graphs, machines, timing
from dcos_runtime.master.core.allocator import columns, filters, matrix, quota, reads, rows, runs, terms, tree, vector
from dcos_runtime.master.core.arrivals import Arrival, ReportedExecutor, ReportedOperation, ReportedTask
from dcos_runtime.master.core.records import (
    AbsentAgent,
    Agent,
    Draining,
    Executor,
    Framework,
    History,
    Offer,
    Operation,
    Task,
)
from dcos_runtime.master.core.state import Settings, State
from dcos_runtime.wire.acls import Acls, Entity, Rule
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo, MasterInfo, OperationState
from dcos_runtime.wire.common import Unavailability
from dcos_runtime.wire.maintenance import Schedule
from dcos_runtime.wire.operators import DrainInfo, MachineID
from dcos_runtime.wire.tasks import TaskState

_MODULES = (columns, filters, matrix, quota, reads, rows, runs, terms, tree, vector)


def _of_allocator() -> list[type[Any]]:
    """All classes of the allocator."""
    package = terms.__name__.rpartition(".")[0] + "."
    found = [each for module in _MODULES for each in vars(module).values()]
    classes = [each for each in found if isinstance(each, type) and each.__module__.startswith(package)]
    return sorted(dict.fromkeys(classes), key=graphs.name)


_CLASSES = graphs.Classes(
    [
        *(State, Settings, Agent, Executor, Framework, Offer, Operation, Task, History, Holdings),
        *(AbsentAgent, Draining, machines.Plan, machines.InverseOffer, machines.FrameworkAnswer, machines.Notice),
        *(machines.Maintenance, MachineID, Schedule, Unavailability),
        *(Acls, Rule, Entity),
        *(timing.Ping, timing.Expire, timing.RecoveryOver, timing.RemovalTurn, timing.PruneRegistry),
        *(timing.OfferTimeout, timing.InverseOffersDue, timing.GoOn, timing.Planned, timing.Noticed),
        *(timing.Declined, timing.StatesAsked, timing.Ended, timing.Rescind, timing.Weigh, timing.Limit),
        *(timing.Admit, timing.MarkUnreachable, timing.Remove, timing.MarkGone, timing.GiveUp),
        *(timing.Settled, timing.Reactivate, timing.BeginDrain, timing.Drained, timing.Forget, timing.Migrated),
        *(Arrival, ReportedExecutor, ReportedOperation, ReportedTask),
        *(AgentInfo, FrameworkInfo, MasterInfo, DrainInfo, OperationState, TaskState),
        *_of_allocator(),
    ],
    left_out={(Agent, "fragments"): None, (Framework, "offer_encoding"): None},
    aside=(Task, ReportedTask, Executor, ReportedExecutor),
)
_HIDDEN = {
    graphs.name(Task): Task.__struct_fields__.index("info"),
    graphs.name(ReportedTask): ReportedTask.__struct_fields__.index("info"),
    graphs.name(Executor): Executor.__struct_fields__.index("info"),
    graphs.name(ReportedExecutor): ReportedExecutor.__struct_fields__.index("info"),
}


class _Snapshot(msgspec.Struct, array_like=True):
    source: SourceState
    state: bytes


def take(state: State, source: SeededSource) -> bytes:
    return msgspec.msgpack.encode(_Snapshot(source.state(), graphs.take(state, _CLASSES, {"source": source})))


def read(seed: bytes, snapshot: bytes) -> tuple[State, SeededSource]:
    """A state equal to the one that `take` got. Raises ``ValueError``."""
    found = msgspec.msgpack.decode(snapshot, type=_Snapshot)
    source = SeededSource.restored(seed, found.source)
    state: State = graphs.make(found.state, _CLASSES, {"source": source})
    return state, source


def veiled(snapshot: bytes, hidden: Callable[[bytes], bytes]) -> bytes:
    """The snapshot with other bytes for each TaskInfo in it."""

    def hide(kind: str, fields: list[Any]) -> None:
        place = _HIDDEN[kind]
        fields[place] = hidden(fields[place])

    found = msgspec.msgpack.decode(snapshot, type=_Snapshot)
    return msgspec.msgpack.encode(_Snapshot(found.source, graphs.changed(found.state, hide)))
