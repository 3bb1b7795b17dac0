"""How the agent's records are written down. Each value names its version; this agent writes 2 and reads 1 and 2.

A command task is one value with its container and its executor. A custom executor is one value with its container, and
each of its tasks another: a change of one task is written without the others. So is a default executor; each of its
tasks is one value with its own container and what tells the executor. What is over is one value each, too.

Version 1 named none, and kept a task, its container and its executor as one record. A value of any other version was
written by a newer agent: it is refused by its version, and its tasks are left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from dcos_runtime.agent.core.records import (
    AgentRecord,
    ContainerRecord,
    ExecutorKind,
    ExecutorRecord,
    Kill,
    NestedRecord,
    OperationRecord,
    Stage,
    TaskRecord,
)
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import TaskState, TaskStatus

T = TypeVar("T")

VERSION = 2
READ = (1, 2)


class UnknownRunVersion(ValueError):
    """A version that this agent does not read. The text says which are."""


class _Versioned(msgspec.Struct):
    version: int = 1


class Run(msgspec.Struct, kw_only=True):
    """One executor with its container and its tasks: one value, so that they are always consistent."""

    version: int = VERSION
    executor: ExecutorRecord
    container: ContainerRecord
    tasks: list[TaskRecord]


class StoredExecutor(msgspec.Struct, kw_only=True):
    """A custom or default executor with its container."""

    version: int = VERSION
    executor: ExecutorRecord
    container: ContainerRecord


class Assigned(msgspec.Struct, kw_only=True):
    """A task of a custom executor, which is the one in the task's container."""

    version: int = VERSION
    task: TaskRecord


class Nested(msgspec.Struct, kw_only=True):
    """A container that a call launched within another. Version 1 had none."""

    version: int = VERSION
    nested: NestedRecord


class Past(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is over (`history`): a task with its executor, or a custom executor, or a framework. Version 1 had none."""

    version: int = 0
    executor: ExecutorRecord | None = None
    task: TaskRecord | None = None
    framework: FrameworkInfo | None = None


class _Agent(msgspec.Struct):
    version: int
    agent: AgentRecord


class _Framework(msgspec.Struct):
    version: int
    framework: FrameworkInfo


class ReservedResources(msgspec.Struct, kw_only=True):
    """What operations made of the agent's resources: dynamic reservations and volumes; and operations that have to be
    acknowledged, or are under way.
    """

    version: int = VERSION
    resources: list[Resource]
    operations: list[OperationRecord]


class FormerTask(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Version 1 of a `Run`."""

    framework_id: str
    task_id: str
    container_id: str
    launcher: str
    task: msgspec.Raw
    stage: Stage
    state: TaskState = TaskState.TASK_STAGING
    status: TaskStatus | None = None
    history: list[TaskStatus] = []
    pending: list[TaskStatus] = []
    pid: int | None = None
    started: float | None = None
    kill: Kill | None = None


def read_run(value: bytes) -> Run:
    """Raises `codec.DecodeError`, `UnknownRunVersion`."""
    return _read(value, lambda: _migrated(codec.decode(value, FormerTask)), lambda: _whole(codec.decode(value, Run)))


def read_executor(value: bytes) -> StoredExecutor:
    """Raises `codec.DecodeError`, `UnknownRunVersion`."""
    found = _present(value, StoredExecutor)
    if found.executor.kind is ExecutorKind.COMMAND or found.executor.container_id != found.container.container_id:
        raise codec.DecodeError("the record of a custom or default executor must be of its container")
    return found


def read_assigned(value: bytes) -> Assigned:
    """Raises `codec.DecodeError`, `UnknownRunVersion`."""
    return _present(value, Assigned)


def read_nested(value: bytes) -> Nested:
    """Raises `codec.DecodeError`, `UnknownRunVersion`."""
    return _present(value, Nested)


def read_reserved(value: bytes) -> ReservedResources:
    """Raises `codec.DecodeError`, `UnknownRunVersion`."""
    return _present(value, ReservedResources)


def read_agent(value: bytes) -> AgentRecord:
    """Raises `codec.DecodeError`, `UnknownRunVersion`."""
    return _read(value, lambda: codec.decode(value, AgentRecord), lambda: codec.decode(value, _Agent).agent)


def read_framework(value: bytes) -> FrameworkInfo:
    """Raises `codec.DecodeError`, `UnknownRunVersion`."""
    return _read(value, lambda: codec.decode(value, FrameworkInfo), lambda: codec.decode(value, _Framework).framework)


def read_past(value: bytes) -> Past:
    """Raises `codec.DecodeError`, `UnknownRunVersion`."""
    return _present(value, Past)


def past(found: Past) -> bytes:
    return codec.encode(msgspec.structs.replace(found, version=VERSION))


def run(executor: ExecutorRecord, container: ContainerRecord, tasks: list[TaskRecord]) -> bytes:
    if executor.kind is ExecutorKind.DEFAULT:  # which is a value of its own
        executor = ExecutorRecord(
            framework_id=executor.framework_id,
            executor_id=executor.executor_id,
            container_id=executor.container_id,
            kind=executor.kind,
        )
    return codec.encode(Run(executor=executor, container=container, tasks=tasks))


def executor(record: ExecutorRecord, container: ContainerRecord) -> bytes:
    return codec.encode(StoredExecutor(executor=record, container=container))


def assigned(task: TaskRecord) -> bytes:
    return codec.encode(Assigned(task=task))


def nested(record: NestedRecord) -> bytes:
    return codec.encode(Nested(nested=record))


def reserved(resources: list[Resource], operations: list[OperationRecord]) -> bytes:
    return codec.encode(ReservedResources(resources=resources, operations=operations))


def agent(record: AgentRecord) -> bytes:
    return codec.encode(_Agent(VERSION, record))


def framework(info: FrameworkInfo) -> bytes:
    return codec.encode(_Framework(VERSION, info))


def _read(value: bytes, previous: Callable[[], T], present: Callable[[], T]) -> T:
    version = codec.decode(value, _Versioned).version
    if version not in READ:
        raise UnknownRunVersion(
            f"it is of version {version}, and this agent reads {' and '.join(map(str, READ))}; run the agent that wrote"
            " it, or one that is newer"
        )
    return previous() if version == 1 else present()


def _present(value: bytes, kind: type[T]) -> T:
    """Of a kind that version 1 did not have."""

    def never() -> T:
        raise codec.DecodeError("version 1 had no such records")

    return _read(value, never, lambda: codec.decode(value, kind))


def _whole(found: Run) -> Run:
    """A run with several tasks, or without a task, was not written by this version."""
    if len(found.tasks) != 1 or found.tasks[0].container_id != found.container.container_id:
        raise codec.DecodeError("the record of a command's executor must have exactly one task in its container")
    return found


def _migrated(previous: FormerTask) -> Run:
    return Run(
        executor=ExecutorRecord(
            framework_id=previous.framework_id,
            executor_id=previous.task_id,
            container_id=previous.container_id,
            kind=ExecutorKind.COMMAND,
        ),
        container=ContainerRecord(
            container_id=previous.container_id,
            launcher=previous.launcher,
            stage=previous.stage,
            pid=previous.pid,
            started=previous.started,
        ),
        tasks=[
            TaskRecord(
                framework_id=previous.framework_id,
                task_id=previous.task_id,
                executor_id=previous.task_id,
                container_id=previous.container_id,
                task=previous.task,
                state=previous.state,
                status=previous.status,
                history=previous.history,
                pending=previous.pending,
                kill=previous.kill,
            )
        ],
    )
