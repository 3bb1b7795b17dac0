"""The kernel's state, and the few things every part of the core does with it: send, persist, count, wait."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dcos_runtime.core.frozen import Log
from dcos_runtime.core.resources import Resources
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.core.timers import Timers
from dcos_runtime.core.writes import Writes
from dcos_runtime.master.core.allocator import Allocator, AllocatorSettings, Quota
from dcos_runtime.master.core.effects import Close, Effect, Send, SendJoined, SendToAgent
from dcos_runtime.master.core.machines import Maintenance
from dcos_runtime.master.core.records import AbsentAgent, Agent, Draining, Executor, Framework, Offer, Task
from dcos_runtime.master.core.timing import Chore, Continuation, Timer
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.acls import Acls
from dcos_runtime.wire.cluster import AgentInfo, MasterInfo
from dcos_runtime.wire.scheduler import Event
from dcos_runtime.wire.tasks import TaskInfo

HEARTBEAT_SECONDS = 15.0
MAX_HISTORY = 256 << 20
"""The most bytes of the TaskInfos of all ended tasks that are still shown."""


@dataclass(frozen=True)
class Settings:
    """The settings from the flags. Times are seconds. ``offer_timeout`` None: offers are not rescinded.
    ``agent_removal_interval``: the least time between two agents that are marked unreachable; None: none.
    """

    master: MasterInfo
    agent_ping_timeout: float = 15.0
    max_agent_ping_timeouts: int = 5
    agent_reregister_timeout: float = 600.0
    offer_timeout: float | None = None
    allocator: AllocatorSettings = field(default_factory=AllocatorSettings)
    root_submissions: bool = True
    acls: Acls = field(default_factory=Acls)
    max_completed_frameworks: int = 50
    max_completed_tasks_per_framework: int = 1000
    max_unreachable_tasks_per_framework: int = 1000
    agent_removal_interval: float | None = None
    registry_gc_interval: float = 900.0
    registry_max_agent_age: float = 1209600.0
    registry_max_agent_count: int = 102400


class State:
    """Everything the leading master knows. It changes only while the core receives an event."""

    def __init__(self, settings: Settings, source: SeededSource) -> None:
        self.settings = settings
        self.source = source
        self.allocator = Allocator(settings.allocator, source)
        self.weights: dict[str, float] = dict(settings.allocator.weights)  # of roles that have one
        self.weights_kept = False  # in the registry, also while the first are being written
        self.quotas: dict[str, Quota] = {}  # as the registry has them when all is written; the allocator's count
        self.started_at = 0.0
        self.agents: dict[str, Agent] = {}
        self.places: dict[tuple[str, int | None], dict[str, None]] = {}  # hostname and port -> its agents
        self.unreachable: OrderedDict[str, AbsentAgent] = OrderedDict()
        self.recovering: dict[str, AbsentAgent] = {}
        self.gone: OrderedDict[str, AbsentAgent] = OrderedDict()  # by an operator's word, for good
        self.deactivated: set[str] = set()  # agents that are not offered, by an operator's word; they may be away
        self.draining: dict[str, Draining] = {}  # agents that are deactivated and drained, or on the way to it
        self.emptied: list[str] = []  # of these, agents on which nothing was left during this event
        self.maintenance = Maintenance()
        self.removals: OrderedDict[str, None] = OrderedDict()  # agents that are unreachable, once it is their turn
        self.next_removal = 0.0  # mono; no agent has its turn before
        self.leaving: set[str] = set()  # agents that are being marked unreachable or gone in the registry
        self.frameworks: dict[str, Framework] = {}
        self.completed: OrderedDict[str, Framework] = OrderedDict()
        self.ending: dict[str, Framework] = {}  # that were removed, as long as there are tasks of them to end
        self.history = 0  # bytes, of all ``completed`` of all frameworks
        self.offers: dict[str, Offer] = {}
        self.counters: Counter[str] = Counter()
        self.effects: list[Effect] = []
        self.subscribers: dict[int, str] = {}  # stream -> framework
        self.watchers: dict[int, None] = {}  # streams of operators, the one who watches longest first
        self.agent_streams: dict[int, str] = {}  # stream -> agent, also while it is being admitted
        self.timers: Timers[Timer] = Timers()
        self.writes: Writes[Continuation] = Writes()
        self.chores: deque[Chore] = deque()
        self.epoch = 0
        self.numbers: Counter[str] = Counter()  # of the ids that were used

    # --- ids ---

    def new_framework_id(self) -> str:
        return f"{self.settings.master.id}-{self._next('framework'):04d}"

    def new_agent_id(self) -> str:
        return f"{self.settings.master.id}-S{self._next('agent')}"

    def new_offers(self, count: int) -> range:
        """The numbers of ``count`` new offers; see `offer_id`."""
        first = self.numbers["offer"]
        self.numbers["offer"] = first + count
        return range(first, first + count)

    def offer_id(self, number: int | str) -> str:
        """The id of the offer with this number; with no text in its place, what all of them begin with."""
        return f"{self.settings.master.id}-O{number}"

    def new_epoch(self) -> int:
        self.epoch += 1
        return self.epoch

    def _next(self, what: str) -> int:
        number = self.numbers[what]
        self.numbers[what] += 1
        return number

    # --- places ---

    def add_place(self, agent: Agent) -> None:
        """The agent can be found by its address from now on."""
        self.places.setdefault(place(agent.info), {})[agent.id] = None

    def leave(self, agent: Agent) -> None:
        there = self.places[place(agent.info)]
        del there[agent.id]
        if not there:
            del self.places[place(agent.info)]

    def active(self, agent: Agent) -> bool:
        """Whether it may be offered."""
        return agent.connected and agent.id not in self.deactivated

    def less_on(self, agent: Agent) -> None:
        """A task or an operation of the agent is over."""
        if agent.id in self.draining and not agent.tasks and not agent.operations:
            self.emptied.append(agent.id)

    # --- effects ---

    def send(self, framework: Framework, event: Event) -> bool:
        """Sends the event if the framework is subscribed. False: it is not, and never gets this event."""
        if framework.stream is None:
            return False
        self.effects.append(Send(framework.stream, event))
        return True

    def send_encoded(self, framework: Framework, event: bytes) -> bool:
        """The same for an event that is already encoded in the framework's content type."""
        if framework.stream is None:
            return False
        self.effects.append(SendJoined(framework.stream, event))
        return True

    def close(self, stream: int) -> None:
        self.effects.append(Close(stream))

    def send_to_agent(self, agent: Agent, kind: type[internal.Down], **fields: Any) -> bool:
        """Sends a message of the ``kind``, with its connection's numbers, when the agent is connected."""
        if agent.stream is None:
            return False
        agent.sent += 1
        message = kind(agent_id=agent.id, epoch=agent.epoch, seq=agent.sent, **fields)
        self.effects.append(SendToAgent(agent.stream, codec.encode(message)))
        return True

    def log(self, level: int, text: str) -> None:
        """``text`` may quote what clients sent."""
        self.effects.append(Log(level, text.encode("ascii", "backslashreplace").decode()))

    def persist(self, changes: Mapping[str, bytes | None], then: Continuation) -> None:
        """Writes the changes; ``then`` is the continuation, once they are durable."""
        self.effects.append(self.writes.begin(tuple(changes.items()), then))

    def unwritten(self) -> int:
        """How many writes are under way."""
        return len(self.writes)

    def take_effects(self) -> list[Effect]:
        effects, self.effects = self.effects, []
        return effects

    # --- holdings ---

    def hold(self, framework: Framework, agent: Agent, resources: Resources) -> None:
        """A task uses the resources from now on; the allocator knows the allocation already."""
        agent.used = agent.used + resources
        framework.used.add(agent.id, resources)

    def release(self, framework: Framework | None, agent: Agent, one: Task | Executor) -> None:
        """The resources of the task or the executor are free again. Called once, when it ends."""
        resources = one.resources
        agent.used = agent.used - resources
        if framework is not None:
            framework.used.remove(agent.id, resources)
        self.allocator.recover(one.framework_id, one.role, agent.id, resources)

    # --- history ---

    def retire(self, framework: Framework, task: Task) -> None:
        """Adds the task to the framework's completed ones. When all together are too large, the framework with the most
        loses some.
        """
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
        """Keeps a removed framework among the completed ones, limited in number."""
        self.completed[framework.id] = framework
        while len(self.completed) > self.settings.max_completed_frameworks:
            _, oldest = self.completed.popitem(last=False)
            self.history -= oldest.completed.size

    def offered(self, offers: set[str]) -> list[Resources]:
        """Returns a list for each offer, since the offers may be of several agents."""
        return [self.offers[offer_id].resources for offer_id in offers]


def place(info: AgentInfo) -> tuple[str, int | None]:
    return info.hostname, info.port


def task_info(task: Task) -> TaskInfo:
    return codec.decode(task.info, TaskInfo)
