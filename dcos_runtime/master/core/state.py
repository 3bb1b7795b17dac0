"""The kernel's state, and the few things every part of the core does with it: send, persist, count, wait."""

from __future__ import annotations

import heapq
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import msgspec

from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources import Resources, parse
from dcos_runtime.master.core.allocator import Allocator, Options
from dcos_runtime.master.core.effects import Close, Effect, Persist, Send, SendJoined, Tell
from dcos_runtime.master.core.records import Absent, Agent, Framework, Offer, Task
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import MasterInfo
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.scheduler import Event
from dcos_runtime.wire.tasks import TaskInfo

HEARTBEAT_SECONDS = 15.0
MAX_HISTORY = 256 << 20
"""Bytes of the TaskInfos of all tasks that ended and are still told of."""


class _Resources(msgspec.Struct):
    resources: list[Resource] = []


@dataclass(frozen=True)
class Config:
    """What the flags decide. Times are seconds."""

    master: MasterInfo
    agent_ping_timeout: float = 15.0
    max_agent_ping_timeouts: int = 5
    agent_reregister_timeout: float = 600.0
    allocator: Options = field(default_factory=Options)
    root_submissions: bool = True
    max_completed_frameworks: int = 50
    max_completed_tasks_per_framework: int = 1000
    max_unreachable_tasks_per_framework: int = 1000
    registry_max_agent_age: float = 1209600.0
    registry_max_agent_count: int = 102400


class State:
    """Everything the leading master knows. ``epoch`` has to be larger than any of an earlier master."""

    def __init__(self, config: Config, random: Random, epoch: int, now: Now) -> None:
        self.config = config
        self.allocator = Allocator(config.allocator, random)
        self.started_at = now.wall
        self.agents: dict[str, Agent] = {}
        self.unreachable: OrderedDict[str, Absent] = OrderedDict()
        self.recovering: dict[str, Absent] = {}
        self.leaving: set[str] = set()  # agents that are being marked unreachable in the registry
        self.frameworks: dict[str, Framework] = {}
        self.completed: OrderedDict[str, Framework] = OrderedDict()
        self.history = 0  # bytes, of all ``completed`` of all frameworks
        self.offers: dict[str, Offer] = {}
        self.counters: Counter[str] = Counter()
        self.effects: list[Effect] = []
        self.subscribers: dict[int, str] = {}  # stream -> framework
        self.agent_streams: dict[int, str] = {}  # stream -> agent, also while it is being admitted
        self._epoch = epoch
        self._numbers = Counter[str]()
        self._persisting: dict[int, Callable[[Now], None]] = {}
        self._alarms: list[tuple[float, int, Callable[[Now], None]]] = []

    # --- ids ---

    def new_framework_id(self) -> str:
        return f"{self.config.master.id}-{self._next('framework'):04d}"

    def new_agent_id(self) -> str:
        return f"{self.config.master.id}-S{self._next('agent')}"

    def new_offer_id(self) -> str:
        return f"{self.config.master.id}-O{self._next('offer')}"

    def new_epoch(self) -> int:
        self._epoch += 1
        return self._epoch

    def _next(self, what: str) -> int:
        number = self._numbers[what]
        self._numbers[what] += 1
        return number

    # --- effects ---

    def send(self, framework: Framework, event: Event) -> bool:
        """Sends the event when the framework is subscribed. False: it is not, and never gets it."""
        if framework.stream is None:
            return False
        self.effects.append(Send(framework.stream, event))
        return True

    def send_encoded(self, framework: Framework, event: bytes) -> bool:
        """The same for an event that is in its content type already."""
        if framework.stream is None:
            return False
        self.effects.append(SendJoined(framework.stream, event))
        return True

    def close(self, stream: int) -> None:
        self.effects.append(Close(stream))

    def tell(self, agent: Agent, message: Callable[[str, int, int], Any]) -> bool:
        """Sends what ``message(agent id, epoch, sequence)`` makes when the agent is connected."""
        if agent.stream is None:
            return False
        agent.sent += 1
        self.effects.append(Tell(agent.stream, codec.encode(message(agent.id, agent.epoch, agent.sent))))
        return True

    def persist(self, changes: Mapping[str, bytes | None], then: Callable[[Now], None]) -> None:
        """``then`` runs once the changes are durable."""
        number = self._next("persist")
        self._persisting[number] = then
        self.effects.append(Persist(number, changes))

    def unwritten(self) -> int:
        """Writes that are under way."""
        return len(self._persisting)

    def persisted(self, number: int, now: Now) -> None:
        self._persisting.pop(number)(now)

    def take_effects(self) -> list[Effect]:
        effects, self.effects = self.effects, []
        return effects

    # --- time ---

    def at(self, mono: float, action: Callable[[Now], None]) -> None:
        heapq.heappush(self._alarms, (mono, self._next("alarm"), action))

    def next_alarm(self) -> float:
        return self._alarms[0][0] if self._alarms else float("inf")

    def overdue(self, now: Now) -> int:
        """What should have been done by now."""
        return sum(1 for mono, _, _ in self._alarms if mono <= now.mono)

    def ring(self, now: Now) -> None:
        while self._alarms and self._alarms[0][0] <= now.mono:
            heapq.heappop(self._alarms)[2](now)

    # --- holdings ---

    def hold(self, framework: Framework, agent: Agent, task: Task) -> None:
        """The task uses its resources from here on; the allocator was told of the allocation already."""
        resources = task_resources(task)
        agent.used = agent.used + resources
        framework.used.add(agent.id, resources)

    def release(self, framework: Framework | None, agent: Agent, task: Task) -> None:
        """The task's resources are free again. Once a task, when it ends."""
        resources = task_resources(task)
        agent.used = agent.used - resources
        if framework is not None:
            framework.used.remove(agent.id, resources)
        self.allocator.recover(task.framework_id, task.role, agent.id, resources)

    # --- history ---

    def retire(self, framework: Framework, task: Task) -> None:
        """The task is one of the framework's completed ones. Who has most gives way when all have too much."""
        self.history -= framework.completed.size
        framework.completed.append(task)
        self.history += framework.completed.size
        while self.history > MAX_HISTORY:
            every = (*self.frameworks.values(), *self.completed.values())
            largest = max(every, key=lambda one: one.completed.size).completed
            self.history -= largest.size
            largest.drop_oldest()
            self.history += largest.size

    def unretire(self, framework: Framework, task_id: str) -> None:
        self.history -= framework.completed.size
        framework.completed.remove(task_id)
        self.history += framework.completed.size

    def close_history(self, framework: Framework) -> None:
        """A framework that is gone is told of still, as one of the last."""
        self.completed[framework.id] = framework
        while len(self.completed) > self.config.max_completed_frameworks:
            _, oldest = self.completed.popitem(last=False)
            self.history -= oldest.completed.size

    def offered(self, offers: set[str]) -> list[Resources]:
        """Offer by offer: they may be of several agents."""
        return [self.offers[offer_id].resources for offer_id in offers]


def task_info(task: Task) -> TaskInfo:
    return codec.decode(task.info, TaskInfo)


def task_resources(task: Task) -> Resources:
    """Read out of the encoded TaskInfo each time: a task is launched and ended once, and there are many of them."""
    return parse(codec.decode(task.info, _Resources).resources)
