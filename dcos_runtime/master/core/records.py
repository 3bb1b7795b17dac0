"""The kernel's records of agents, frameworks, offers and tasks: only what it decides on, and encoded messages."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from dcos_runtime.core.resources import EMPTY, Holdings, Resources
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.master.core.encoded import Fragments, OfferEncoding
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo, OperationState
from dcos_runtime.wire.operators import DrainInfo
from dcos_runtime.wire.tasks import TaskState


class Task(msgspec.Struct, gc=False):
    """One task. ``info`` is its TaskInfo and ``statuses`` its TaskStatus messages without ``data``, all encoded. If
    they come from a reconnected agent they are unchecked, and may be invalid.

    ``state`` is the newest state; ``status_state`` and ``status_uuid`` are those of the newest update that was sent to
    the framework, as reconciliation needs them. ``healthy`` of that update is in its status. ``weight`` is what it
    counts towards `wire.limits.MAX_AGENT_TASKS`, in bytes. ``executor_id``: of its custom executor, if it has one.
    """

    id: str
    framework_id: str
    agent_id: str
    role: str
    resources: Resources
    info: bytes
    state: TaskState
    statuses: tuple[bytes, ...] = ()
    status_state: TaskState | None = None
    status_uuid: bytes | None = None
    weight: int = 0
    executor_id: str = ""

    @property
    def terminal(self) -> bool:
        return self.state in TERMINAL


class Executor(msgspec.Struct, gc=False):
    """A custom executor on an agent. ``info`` is its ExecutorInfo, encoded; ``resources`` are its own, without those of
    its tasks. ``weight`` is what it counts towards `wire.limits.MAX_AGENT_TASKS`, in bytes.
    """

    id: str
    framework_id: str
    agent_id: str
    role: str
    resources: Resources
    info: bytes
    weight: int = 0


class Operation(msgspec.Struct, gc=False):
    """An operation on an agent's resources: under way, or over and not acknowledged. ``info`` is the Offer.Operation,
    encoded; ``framework_id`` is empty for an operator's; ``id`` is the framework's name for it, if it wants to be told.
    ``consumed`` and ``converted``: what the master counts on while it is under way.
    """

    uuid: str
    framework_id: str
    agent_id: str
    id: str | None
    info: bytes
    consumed: Resources
    converted: Resources
    state: OperationState = OperationState.OPERATION_PENDING
    status_uuid: bytes | None = None
    message: str | None = None

    @property
    def pending(self) -> bool:
        return self.state is OperationState.OPERATION_PENDING


class Offer(msgspec.Struct, gc=False, frozen=True):
    """Resources of one agent that one framework is offered."""

    id: str
    framework_id: str
    agent_id: str
    role: str
    resources: Resources


class Draining(msgspec.Struct, frozen=True):
    """How far an agent is drained, as it is shown; ``since`` is wall time."""

    info: DrainInfo
    since: float


@dataclass(slots=True)
class Agent:
    """A registered agent: connected, or silent for less than its timeout."""

    id: str
    info: AgentInfo
    total: Resources
    software: str
    address: str  # where its connection comes from
    registered_at: float
    reregistered_at: float | None = None
    stream: int | None = None
    life: str = ""  # of its process, and the number of its connection
    connection: int = 0
    former: tuple[str, ...] = ()  # its former processes, the newest last
    epoch: int = 0
    sent: int = 0
    taken: int = 0
    missed_pings: int = 0
    used: Resources = EMPTY
    tasks: dict[str, dict[str, Task]] = field(default_factory=dict)  # framework -> task id -> task
    executors: dict[str, dict[str, Executor]] = field(default_factory=dict)  # framework -> executor id -> executor
    operations: dict[str, Operation] = field(default_factory=dict)  # by uuid, in the order in which they were sent
    weight: int = 0  # of all its tasks, executors and operations
    version: int = 1  # of the protocol that it speaks
    offers: set[str] = field(default_factory=set)
    killed: set[tuple[str, str]] = field(default_factory=set)
    fragments: Fragments | None = None  # of offers; `offers.fragments` checks whether they are still valid

    @property
    def connected(self) -> bool:
        return self.stream is not None

    def task(self, framework_id: str, task_id: str) -> Task | None:
        return self.tasks.get(framework_id, {}).get(task_id)

    def executor(self, framework_id: str, executor_id: str) -> Executor | None:
        return self.executors.get(framework_id, {}).get(executor_id)

    def all_executors(self) -> list[Executor]:
        return [executor for executors in self.executors.values() for executor in executors.values()]

    def runs(self, framework_id: str) -> bool:
        """Whether it has a task or an executor of the framework."""
        return framework_id in self.tasks or framework_id in self.executors

    def all_tasks(self) -> list[Task]:
        return [task for tasks in self.tasks.values() for task in tasks.values()]


@dataclass(frozen=True, slots=True)
class AbsentAgent:
    """An agent of the registry that is not connected: unreachable or gone ``since`` (wall), or expected back."""

    info: AgentInfo
    since: float | None = None


class History:
    """A framework's ended tasks, oldest first, limited in number; ``size`` is that of their TaskInfos."""

    def __init__(self, capacity: int) -> None:
        self._tasks: deque[Task] = deque()
        self._capacity = capacity
        self.size = 0

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def append(self, task: Task) -> None:
        self._tasks.append(task)
        self.size += len(task.info)
        if len(self._tasks) > self._capacity:
            self.drop_oldest()

    def drop_oldest(self) -> None:
        self.size -= len(self._tasks.popleft().info)

    def remove(self, task_id: str) -> None:
        """The task with this id, completed or not."""
        for task in [task for task in self._tasks if task.id == task_id]:
            self._tasks.remove(task)
            self.size -= len(task.info)


@dataclass(slots=True)
class Framework:
    """A framework. ``recovered``: known only from its tasks, because it has not subscribed since this master leads."""

    id: str
    info: FrameworkInfo
    capabilities: frozenset[str]
    roles: frozenset[str]
    registered_at: float
    completed_capacity: int
    size: int  # of its info, encoded
    reregistered_at: float = 0.0
    unregistered_at: float = 0.0
    recovered: bool = False
    stream: int | None = None
    stream_id: str = ""
    accepted: str = codec.CONTENT_TYPE  # of the events for it
    used: Holdings = field(default_factory=Holdings)
    offers: set[str] = field(default_factory=set)
    inverse_offers: set[str] = field(default_factory=set)
    tasks: dict[str, Task] = field(default_factory=dict)
    unreachable: OrderedDict[str, Task] = field(default_factory=OrderedDict)
    completed: History = field(init=False)
    offer_encoding: OfferEncoding | None = None  # `offers.offer_encoding` checks whether it is still valid

    def __post_init__(self) -> None:
        self.completed = History(self.completed_capacity)

    @property
    def connected(self) -> bool:
        return self.stream is not None

    @property
    def partition_aware(self) -> bool:
        return "PARTITION_AWARE" in self.capabilities
