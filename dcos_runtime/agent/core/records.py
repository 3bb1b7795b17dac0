"""What the agent knows of an executor, its container and its tasks, each by itself; `stored` writes them down.

A command task has an executor of its own that is nothing but its container. A custom executor is a program of the
framework: it has a container, and runs any number of tasks in it. A default executor has a container, too, in which
nothing of the framework runs; each of its tasks has one within that.
"""

from __future__ import annotations

import enum

import msgspec

from dcos_runtime.agent.core.model import Exit
from dcos_runtime.wire.cluster import AgentInfo, OperationState
from dcos_runtime.wire.containers import NetworkInfo
from dcos_runtime.wire.operators import DrainConfig
from dcos_runtime.wire.tasks import TaskResourceLimitation, TaskState, TaskStatus

MAX_HISTORY = 32
"""How many statuses of a task are kept. A command task has five at most; an executor may send any number."""


MAX_KNOWN = 32
"""The uuids of so many of an executor's updates are kept, so that one that comes again is known."""


class Stage(enum.Enum):
    """How far a container has come."""

    INTENT = "intent"  # the launch is being written down; nothing was done yet
    PREPARING = "preparing"  # sandbox, URIs, container: all before its process may run
    STARTING = "starting"  # created, and asked to run
    RUNNING = "running"
    ENDING = "ending"  # being destroyed; the terminal statuses of its tasks follow
    ENDED = "ended"  # the terminal status is known; it waits to be acknowledged


class ExecutorKind(enum.Enum):
    """What an executor is."""

    COMMAND = "command"  # the one task's command itself
    CUSTOM = "custom"  # a program of the framework that speaks the executor API
    DEFAULT = "default"  # the agent itself: each task of its groups has a container within the executor's


class KillReason(enum.Enum):
    """Why a task is killed."""

    FRAMEWORK = "framework"  # it asked for that; or the agent is drained, for all frameworks
    MAX_COMPLETION_TIME = "max_completion_time"
    UNHEALTHY = "unhealthy"  # its health check failed too often
    GROUP = "group"  # another task of its group failed or was killed
    POWER_OFF = "power_off"  # the machine is being shut down
    FORGOTTEN = "forgotten"  # its framework, or the whole agent, was shut down: nobody waits for a status


class Kill(msgspec.Struct, omit_defaults=True):
    """A kill under way. ``since`` is wall time, so that the grace period also counts while the agent restarts."""

    reason: KillReason
    since: float
    grace: float
    escalated: bool = False


class TaskHealth(msgspec.Struct, omit_defaults=True, frozen=True):
    """What the health checks of a task have shown. ``passed``: one has succeeded, and with it the grace period is over.
    ``failures``: how many have failed since.
    """

    passed: bool = False
    failures: int = 0


class ExecutorRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The executor of a framework's tasks, in the container ``container_id``.

    Those with a container of their own have more: ``info``, the ExecutorInfo as it came, JSON; ``ending``: why and
    since when it is to end. ``subscribed``: a custom one did once.
    """

    framework_id: str
    executor_id: str
    container_id: str
    kind: ExecutorKind
    info: msgspec.Raw = msgspec.Raw(b"null")
    subscribed: bool = False
    ending: Kill | None = None


class ContainerRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A container. ``pid`` is its first process's; ``started`` wall time; ``networks``: those of its own, with its
    addresses, empty if it is in the machine's.
    """

    container_id: str
    launcher: str
    stage: Stage
    pid: int | None = None
    started: float | None = None
    networks: list[NetworkInfo] = []


class TaskRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A task. ``task`` is the TaskInfo as it came, JSON. ``pending`` are the updates that were not acknowledged, oldest
    first; ``history`` all, or the last `MAX_HISTORY` and those that are pending.

    ``handle``: under which name it is written down when it has no container of its own. ``delivered``: its executor
    was, or is being, told of it. ``known``: uuids of the last updates that came from it. ``group``: names the tasks
    that were launched together.
    """

    framework_id: str
    task_id: str
    executor_id: str
    container_id: str
    task: msgspec.Raw
    state: TaskState = TaskState.TASK_STAGING
    status: TaskStatus | None = None
    history: list[TaskStatus] = []
    pending: list[TaskStatus] = []
    kill: Kill | None = None
    health: TaskHealth | None = None
    handle: str = ""
    delivered: bool = False
    known: list[bytes] = []
    group: str = ""


class NestedRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A container that a call of the operator API launched within another, which belongs to this executor, or within
    none: ``framework_id`` is then empty, and ``executor_id`` the id of the outermost container. ``task``: the TaskInfo
    that it would be as a task, JSON. ``exit``, ``reason``, ``message`` and ``limitation``: how it ended,
    as far as that is known. ``parent_gone``: it is forgotten when it has ended.
    """

    framework_id: str
    executor_id: str
    container: ContainerRecord
    task: msgspec.Raw
    exit: Exit | None = None
    reason: TaskStatus.Reason | None = None
    message: str = ""
    limitation: TaskResourceLimitation | None = None
    parent_gone: bool = False


class OperationRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An operation on the agent's resources. ``info`` is the Offer.Operation as it came, JSON; ``framework_id`` is
    empty for an operator's. When it is over and has an id, ``status_uuid`` has to be acknowledged; ``wait`` is the time
    before it is told again, in seconds.
    """

    uuid: str
    framework_id: str
    info: msgspec.Raw
    state: OperationState = OperationState.OPERATION_PENDING
    operation_id: str | None = None
    status_uuid: bytes | None = None
    message: str | None = None
    wait: float = 0.0


class OperationStep(enum.Enum):
    """How far the operation under way has come."""

    WAITING = "waiting"  # a container has a volume that is to be destroyed
    INTENT = "intent"  # it is being written down that volumes are to be destroyed
    FOLDERS = "folders"  # of volumes, being made or destroyed
    WRITING = "writing"  # the result


class UnderWay(msgspec.Struct):
    """The one operation under way. ``write``: of `OperationStep.INTENT` and `OperationStep.WRITING`."""

    record: OperationRecord
    step: OperationStep
    write: int = 0


class AgentRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The agent. ``id`` is absent until a master admitted it. ``info``: what it offered and said of itself. ``drain``:
    it is drained, and was told to at ``drain_since`` (wall).
    """

    id: str | None = None
    boot_id: str = ""
    info: AgentInfo | None = None
    drain: DrainConfig | None = None
    drain_since: float | None = None
