"""What the agent's core knows: the time, its settings, a task as it is checkpointed, what is found of a container."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from dcos_runtime.agent.core.capabilities import USUALLY, Policy
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo
from dcos_runtime.wire.tasks import TaskState, TaskStatus

TERMINAL = frozenset(
    {
        TaskState.TASK_FINISHED,
        TaskState.TASK_FAILED,
        TaskState.TASK_KILLED,
        TaskState.TASK_ERROR,
        TaskState.TASK_LOST,
        TaskState.TASK_DROPPED,
        TaskState.TASK_GONE,
        TaskState.TASK_GONE_BY_OPERATOR,
    }
)


class Now(NamedTuple):
    """The time an event happens at: ``mono`` for waiting, ``wall`` (seconds since 1970) for telling."""

    mono: float
    wall: float


@dataclass(frozen=True)
class Settings:
    """What the core is told once. Seconds throughout.

    ``info`` is without an id: the core adds the one it was admitted under.
    """

    info: AgentInfo
    software: str
    boot_id: str
    ip: str
    launcher: str
    capabilities: Policy = USUALLY
    kill_grace: float = 5.0
    backoff_first: float = 1.0
    backoff_longest: float = 60.0
    update_retry_first: float = 10.0
    update_retry_longest: float = 600.0
    missed_pings: int = 5
    persist_retry: float = 2.0
    rekill: float = 10.0
    completed_kept: int = 150


class Stage(enum.Enum):
    """How far a task's container has come."""

    INTENT = "intent"  # the launch is being written down; nothing was done yet
    PREPARING = "preparing"  # sandbox, URIs, container: all before its process may run
    STARTING = "starting"  # created, and asked to run
    RUNNING = "running"
    ENDING = "ending"  # being destroyed; its terminal status follows
    ENDED = "ended"  # the terminal status is known; it waits to be acknowledged


class KillReason(enum.Enum):
    FRAMEWORK = "framework"
    MAX_COMPLETION_TIME = "max_completion_time"
    FORGOTTEN = "forgotten"  # its framework, or the whole agent, was shut down: nobody waits for a status


class Kill(msgspec.Struct, omit_defaults=True):
    """A kill under way. ``since`` is wall time, so that a restart of the agent goes on counting the grace."""

    reason: KillReason
    since: float
    grace: float
    escalated: bool = False


class TaskRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A task as it is checkpointed: one durable file each.

    ``task`` is the TaskInfo as it came, JSON. ``pending`` are the updates that were not acknowledged, oldest first.
    """

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


class AgentRecord(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The agent as it is checkpointed. ``id`` is absent until a master admitted it."""

    id: str | None = None
    boot_id: str = ""


class Refused(msgspec.Struct):
    """Why a task cannot be run here, decided before anything is done for it."""

    message: str


@dataclass(frozen=True)
class Exit:
    """How a container's first process ended.

    ``code`` or ``signal`` (a number) is set. ``oom``: the kernel killed in it for memory, and that is what ended it;
    ``memory_limit`` and ``memory_peak`` are bytes.
    """

    code: int | None = None
    signal: int | None = None
    oom: bool = False
    memory_limit: int | None = None
    memory_peak: int | None = None


class Found(enum.Enum):
    """What is left of a container when the agent comes back."""

    ABSENT = "absent"
    CREATED = "created"
    RUNNING = "running"
    ORPHANED = "orphaned"  # its processes run, and nobody will know how they end
    EXITED = "exited"


@dataclass(frozen=True)
class Facts:
    """A container as its launcher found it. ``exit`` is set when it exited, ``pid`` when its process is known."""

    found: Found
    exit: Exit | None = None
    pid: int | None = None


@dataclass(frozen=True)
class Recovered:
    """All that was found at start: checkpoints that could be read, and the facts of each container by its id."""

    agent: AgentRecord
    frameworks: tuple[FrameworkInfo, ...] = ()
    tasks: tuple[TaskRecord, ...] = ()
    facts: dict[str, Facts] = field(default_factory=dict)
