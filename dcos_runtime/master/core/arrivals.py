"""What an agent sends when it connects, read once: the parts of it and of its tasks that the master needs.

In version 2 of the protocol an agent sends the fields that the master decides on beside each TaskInfo, and the TaskInfo
is not decoded. For an agent of the former version they are read from TaskInfos and TaskStatus messages.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Frozen
from dcos_runtime.core.resources import EMPTY, MAX_PORT, Read, Resources, conversions
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo, Offer, OperationState
from dcos_runtime.wire.common import AgentID, TaskID
from dcos_runtime.wire.internal import NOTHING
from dcos_runtime.wire.tasks import TaskState, TaskStatus


class ArrivalRefused(Exception):
    """The agent is refused. The text says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class ReportedTask(msgspec.Struct, frozen=True, gc=False):
    """A task as its agent reports it. ``info`` is its TaskInfo; ``statuses`` are the oldest status that the framework
    may not have and the newest one, encoded; ``status_state`` and ``status_uuid`` are those of the first of them.
    ``role``: None when the TaskInfo names none.
    """

    framework_id: str
    task_id: str
    role: str | None
    resources: Resources
    info: bytes
    state: TaskState
    statuses: tuple[bytes, ...] = ()
    status_state: TaskState | None = None
    status_uuid: bytes | None = None
    executor_id: str = ""


class ReportedExecutor(msgspec.Struct, frozen=True, gc=False):
    """A custom executor as its agent reports it. ``role``: None when its ExecutorInfo names none."""

    framework_id: str
    executor_id: str
    role: str | None
    resources: Resources
    info: bytes


class ReportedOperation(msgspec.Struct, frozen=True, gc=False):
    """An operation as its agent reports it. ``info`` is its Offer.Operation, encoded."""

    uuid: str
    framework_id: str
    id: str | None
    info: bytes
    consumed: Resources
    converted: Resources
    state: OperationState
    status_uuid: bytes | None
    message: str | None


class Arrival(Frozen, frozen=True):
    """An agent that connects, on ``stream``. ``agent_id`` is None until it has one; ``offered`` are its resources, with
    reservations and volumes.
    ``life`` and ``number`` identify the connection; ``version`` is that of the protocol.
    """

    agent_id: str | None
    info: AgentInfo
    offered: Resources
    software: str
    tasks: tuple[ReportedTask, ...]
    frameworks: tuple[FrameworkInfo, ...]
    life: str
    number: int
    version: int
    stream: int
    address: str
    executors: tuple[ReportedExecutor, ...] = ()
    operations: tuple[ReportedOperation, ...] = ()

    def named(self, agent_id: str) -> Arrival:
        """The same with this id."""
        info = msgspec.structs.replace(self.info, id=AgentID(value=agent_id))
        return msgspec.structs.replace(self, agent_id=agent_id, info=info)


def arrival(call: internal.Connect, version: int, stream: int, address: str, *, strict: bool = False) -> Arrival:
    """Raises `ArrivalRefused`. ``strict`` is as in `codec.decode`."""
    offered = amounts.read(codec.encode(call.agent.resources))
    if error := offered.error or amounts.not_offerable(offered.resources):
        raise ArrivalRefused(400, error)
    total = amounts.read(codec.encode(call.total)) if call.total else offered
    if total.error:
        raise ArrivalRefused(400, total.error)
    if conversions.changed(total.resources, conversions.offered) != offered.resources:
        raise ArrivalRefused(400, "the agent's reservations and volumes are not in what it offers")
    if (port := call.agent.port) is not None and not 0 <= port <= MAX_PORT:
        raise ArrivalRefused(400, f"the agent's port is {port}, and ports are 0 to {MAX_PORT}")
    return Arrival(
        agent_id=call.agent.id.value if call.agent.id is not None and call.agent.id.value else None,
        info=call.agent,
        offered=total.resources,
        software=call.software,
        tasks=_tasks(call, strict),
        frameworks=tuple(call.frameworks),
        life=call.life,
        number=call.number,
        version=version,
        stream=stream,
        address=address,
        executors=_executors(call, strict),
        operations=tuple(_operation(one, strict) for one in call.operations),
    )


def _operation(one: internal.KnownOperation, strict: bool) -> ReportedOperation:
    """Raises `ArrivalRefused`."""
    info = bytes(one.info)
    try:
        asked = codec.decode(info, Offer.Operation, strict=strict)
    except codec.DecodeError as problem:
        raise ArrivalRefused(400, f"operation {one.uuid} cannot be read: {problem}") from problem
    if error := amounts.invalid(conversions.messages(asked)):
        raise ArrivalRefused(400, f"operation {one.uuid}: {error}")
    conversion = conversions.conversion(asked) or conversions.Conversion(EMPTY, EMPTY)
    name = asked.id.value if asked.id is not None else None
    known = (one.uuid, one.framework_id, name, info, *conversion)
    return ReportedOperation(*known, one.state, one.status_uuid, one.message)


def _executors(call: internal.Connect, strict: bool) -> tuple[ReportedExecutor, ...]:
    """Raises `ArrivalRefused`."""
    found = []
    for one in call.executors:
        what = f"executor {one.executor_id} of framework {one.framework_id}"
        try:
            part = codec.decode(bytes(one.info), _Executor, strict=strict)
            read = amounts.read(b"[]" if part.resources == NOTHING else bytes(part.resources), strict=strict)
        except codec.DecodeError as problem:
            raise ArrivalRefused(400, f"{what} cannot be read: {problem}") from problem
        if read.error:
            raise ArrivalRefused(400, f"{what}: {read.error}")
        found.append(ReportedExecutor(one.framework_id, one.executor_id, read.role, read.resources, bytes(one.info)))
    return tuple(found)


class _Executor(msgspec.Struct):
    """Of an ExecutorInfo."""

    resources: msgspec.Raw = NOTHING


def _tasks(call: internal.Connect, strict: bool) -> tuple[ReportedTask, ...]:
    """Raises `ArrivalRefused`."""
    try:
        asked = [amounts.read(bytes(resources), strict=strict) for resources in call.asked]
    except codec.DecodeError as problem:
        raise ArrivalRefused(400, f"resources of tasks cannot be read: {problem}") from problem
    found = []
    for task in call.tasks:
        try:
            whole = not task.task_id or not 0 <= task.asked < len(asked)
            found.append(_reported_whole(task, strict) if whole else _reported(task, asked, strict))
        except codec.DecodeError as problem:
            raise ArrivalRefused(400, f"a task of framework {task.framework_id} cannot be read: {problem}") from problem
    return tuple(found)


def _reported(task: internal.RunningTask, asked: Sequence[Read], strict: bool) -> ReportedTask:
    """Raises `codec.DecodeError`, `ArrivalRefused`."""
    statuses: tuple[bytes, ...] = () if task.status == NOTHING else (bytes(task.status),)
    if task.unacknowledged != NOTHING and task.unacknowledged != task.status:
        statuses = (bytes(task.unacknowledged), *statuses)
    state = task.status_state
    for status in statuses:
        if state is None or state is TaskState.UNKNOWN or not status.isascii():
            return _reported_whole(task, strict)
    resources, role, error = asked[task.asked]
    if error:
        raise _refused(task, task.task_id, error)
    return ReportedTask(
        task.framework_id,
        task.task_id,
        role,
        resources,
        bytes(task.task),
        task.state,
        statuses,
        state,
        task.status_uuid,
        task.executor_id,
    )


def _refused(task: internal.RunningTask, task_id: str, error: str) -> ArrivalRefused:
    return ArrivalRefused(400, f"task {task_id} of framework {task.framework_id}: {error}")


# --- the former version ----------------------------------------------------------------------------------------------


class _Task(msgspec.Struct):
    """Of a TaskInfo. The resources are not decoded, since many tasks have the same."""

    task_id: TaskID
    resources: msgspec.Raw = NOTHING


def _reported_whole(task: internal.RunningTask, strict: bool) -> ReportedTask:
    """Raises `codec.DecodeError`, `ArrivalRefused`."""
    info = bytes(task.task)
    part = codec.decode(info, _Task, strict=strict)
    task_id = part.task_id.value
    read = amounts.read(b"[]" if part.resources == NOTHING else bytes(part.resources), strict=strict)
    if read.error:
        raise _refused(task, task_id, read.error)
    newest, oldest = _status(task.status, strict), _status(task.unacknowledged, strict)
    first = oldest or newest
    encoded = [codec.encode(status) for status in (oldest, newest) if status is not None]
    return ReportedTask(
        framework_id=task.framework_id,
        task_id=task_id,
        role=read.role,
        resources=read.resources,
        info=info,
        state=task.state,
        statuses=tuple(dict.fromkeys(encoded)),
        status_state=first.state if first is not None else None,
        status_uuid=first.uuid if first is not None else None,
        executor_id=task.executor_id,
    )


def _status(reported: msgspec.Raw, strict: bool) -> TaskStatus | None:
    """Without its ``data``. Raises `codec.DecodeError`."""
    if reported == NOTHING:
        return None
    status = codec.decode(bytes(reported), TaskStatus, strict=strict)
    return status if status.data is None else msgspec.structs.replace(status, data=None)
