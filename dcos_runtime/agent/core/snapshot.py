"""The state of the agent's core as one value, and back: the beginning of a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dcos_runtime.agent.core import reading, task_request
from dcos_runtime.agent.core.effects import EndProcess
from dcos_runtime.agent.core.events import BadMessage, Received
from dcos_runtime.agent.core.executor import NO_INFO, Executor
from dcos_runtime.agent.core.history import HistoryState
from dcos_runtime.agent.core.membership import Membership, MembershipRecord
from dcos_runtime.agent.core.model import Settings
from dcos_runtime.agent.core.records import AgentRecord, NestedRecord, OperationRecord, UnderWay
from dcos_runtime.agent.core.task import Task
from dcos_runtime.agent.core.timing import Continuation, Timer, Written
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import conversions
from dcos_runtime.core.seeds import SourceState
from dcos_runtime.core.timers import Timers
from dcos_runtime.core.writes import Writes
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import TaskState

if TYPE_CHECKING:
    from dcos_runtime.agent.core.book import Book


class Snapshot(msgspec.Struct, kw_only=True):
    """All of the core's state, in msgpack."""

    settings: Settings
    source: SourceState
    membership: MembershipRecord
    agent: AgentRecord
    frameworks: list[tuple[str, FrameworkInfo]]
    executors: list[Executor]
    tasks: list[Task]
    nested: list[NestedRecord]
    history: HistoryState
    counts: list[tuple[TaskState, int]]
    timers: list[tuple[float, Timer]]
    written: int
    writes: list[tuple[int, Continuation]]
    failed: list[Written]
    ending: EndProcess | None
    powering_off: bool
    unsaid: list[tuple[str, str, int]]
    kept: list[Resource]
    operations: list[OperationRecord]
    under_way: UnderWay | None
    behind: list[Received]
    resources_written: int


def settings(snapshot: bytes) -> tuple[Settings, SourceState]:
    """What a core is made with. Raises `codec.DecodeError`."""
    found = codec.decode(snapshot, Snapshot)
    return found.settings, found.source


def take(core: Book) -> bytes:
    return codec.encode(
        Snapshot(
            settings=core.settings,
            source=core.source.state(),
            membership=core.membership.at,
            agent=core.agent,
            frameworks=list(core.frameworks.items()),
            executors=[msgspec.structs.replace(one, tasks={}, info=NO_INFO) for one in core.executors.values()],
            tasks=[_bare(task) for task in core.tasks.values()],
            nested=list(core.nested.values()),
            history=core.history.state,
            counts=list(core.counts.items()),
            timers=core.timers.entries(),
            written=core.writes.last,
            writes=list(core.writes),
            failed=list(core.failed.values()),
            ending=core.ending,
            powering_off=core.powering_off,
            unsaid=[(*key, status) for key, status in core.unsaid.items()],
            kept=amounts.wire(core.kept),
            operations=list(core.operations.values()),
            under_way=core.under_way,
            behind=list(core.behind),
            resources_written=core.resources_written,
        )
    )


def _bare(task: Task) -> Task:
    """Without the fields that are read from the TaskInfo again."""
    return msgspec.structs.replace(task, terms=task_request.NONE)


def fill(core: Book, snapshot: bytes) -> None:
    """Fills a new core with the state that `take` took. Raises `codec.DecodeError`."""
    found = codec.decode(snapshot, Snapshot)
    core.timers = Timers(found.timers)
    core.membership = Membership(core.settings, core.source, core.timers, found.membership)
    core.agent = found.agent
    core.frameworks = dict(found.frameworks)
    for task in found.tasks:
        task.terms = reading.terms_of(task.record.task)
    for executor in found.executors:
        info = reading.executor(executor.record.info)
        executor.info = NO_INFO if isinstance(info, BadMessage) else info
        core.take_up_executor(executor)
    for task in found.tasks:
        owner = core.executors.get((task.record.framework_id, task.record.executor_id))
        if owner is not None and owner.container.container_id == task.executor.container_id:
            task.executor = owner.record
            if task.custom:
                task.container = owner.container
        core.take_up(task)
    core.nested = {record.container.container_id: record for record in found.nested}
    core.history.state = found.history
    core.counts = dict(found.counts)
    core.writes = Writes(found.written, found.writes)
    core.failed = {written.key: written for written in found.failed}
    core.ending = found.ending
    core.powering_off = found.powering_off
    core.unsaid = {(framework_id, executor_id): status for framework_id, executor_id, status in found.unsaid}
    core.kept = amounts.parse(found.kept)
    total = conversions.applied(core.offered, core.kept)
    assert total is not None
    core.total = total
    core.operations = {record.uuid: record for record in found.operations}
    if (at := found.under_way) is not None:
        core.under_way = at
        at.record = core.operations.get(at.record.uuid, at.record)
    core.behind.extend(found.behind)
    core.resources_written = found.resources_written
