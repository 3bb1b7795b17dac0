"""A small model of a Mesos cluster for the init's core: agents, tasks, offers, updates, and what can go wrong.

It runs the real core: what the core wants stored goes into a dict, what it wants sent goes to the model, and only in
that order. Tests crash the init between the two.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dcos_runtime.core.frozen import Now
from dcos_runtime.marathon.core.core import Core
from dcos_runtime.marathon.core.effects import Introduce, Outcome, Probe, Publish, Send, writes
from dcos_runtime.marathon.core.world import Settings
from dcos_runtime.store import check
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.common import AgentID, FrameworkID, OfferID, TaskID, TimeInfo, Value
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import TaskInfo, TaskState, TaskStatus

WALL = 1_700_000_000.0


@dataclass
class Task:
    info: TaskInfo
    agent: str
    state: TaskState = TaskState.TASK_STAGING


@dataclass
class Agent:
    id: str
    cpus: float = 4.0
    reachable: bool = True
    attributes: dict[str, str] = field(default_factory=dict)


class Cluster:
    """``core`` is the init, or ``None`` while it is down."""

    def __init__(self, agents: int = 3, settings: Settings | None = None, cpus: float = 4.0) -> None:
        self.settings = settings or Settings()
        self.agents = {f"a{number}": Agent(f"a{number}", cpus) for number in range(agents)}
        self.tasks: dict[str, Task] = {}
        self.store: dict[str, bytes] = {}
        self.mono = 0.0
        self.connected = False
        self.suppressed = False
        self.roles: list[str] = []
        self.events: deque[Any] = deque()  # from the master, not yet delivered: offers and statuses
        self.unacknowledged: dict[str, TaskStatus] = {}
        self.published: list[Publish] = []
        self.probes: list[Probe] = []
        self.calls: list[Call] = []
        self.launched: list[TaskInfo] = []
        self.filters: dict[str, float] = {}
        self._offers: dict[str, str] = {}
        self._serial = 0
        self.core: Core | None = None
        self.start()

    @property
    def now(self) -> Now:
        return Now(self.mono, WALL + self.mono)

    # --- the init's life ---

    def start(self) -> None:
        self._serial += 1
        self.core = Core(self.settings, random.Random(self._serial), self.store, self.now)
        self.commit()

    def crash(self, *, stored: bool = True, parts: int | None = None) -> None:
        """The init dies: with what it decided last stored but not yet sent, or not even stored; or when only so many
        ``parts`` of it were, as when it is too much for one write.
        """
        assert self.core is not None
        outcome = self.core.take()
        if stored:
            for part in writes(outcome.changes, 500)[:parts]:
                self._store(part)
        self.core = None
        self._lose_connection()

    def disconnect(self) -> None:
        self._lose_connection()
        if self.core is not None:
            self.core.disconnected(self.now)
            self.commit()

    def connect(self) -> None:
        assert self.core is not None
        self.connected = True
        self.suppressed = False
        self.filters.clear()
        self.roles = self.core.roles.introduce()
        self.core.subscribed(self.now, self.core.framework_id or "fw", "master:5050")
        self.commit()
        self.events.extend(self.unacknowledged.values())

    def _lose_connection(self) -> None:
        self.connected = False
        self.events.clear()
        self._offers.clear()

    def commit(self) -> Outcome:
        """Stores what the core decided, then carries it out."""
        assert self.core is not None
        outcome = self.core.take()
        self._store(outcome.changes)
        for effect in outcome.effects:
            if isinstance(effect, Send):
                if self.connected:
                    self._call(effect.call)
            elif isinstance(effect, Introduce):
                self.roles = self.core.roles.introduce()
                self.suppressed = effect.suppressed
            elif isinstance(effect, Publish):
                self.published.append(effect)
            else:
                self.probes.append(effect)
        return outcome

    def _store(self, changes: Mapping[str, bytes | None]) -> None:
        check(changes)
        for key, value in changes.items():
            if value is None:
                self.store.pop(key, None)
            else:
                self.store[key] = value

    def change(self, work: Any) -> Any:
        """Runs ``work(core.changes)`` as the API does."""
        assert self.core is not None
        self.core.world.now = self.now
        return work(self.core.changes)

    # --- the master ---

    def _call(self, call: Call) -> None:
        self.calls.append(call)
        if call.accept is not None:
            self._accept(call.accept)
        elif call.decline is not None:
            for offer_id in call.decline.offer_ids:
                self._end_offer(offer_id.value, call.decline.filters)
        elif call.kill is not None:
            self._kill(call.kill.task_id.value)
        elif call.acknowledge is not None:
            self._acknowledge(call.acknowledge)
        elif call.reconcile is not None:
            self._reconcile(call.reconcile)
        elif call.type is Call.Type.REVIVE:
            self.suppressed = False
            self.filters.clear()
        elif call.type is Call.Type.SUPPRESS:
            self.suppressed = True

    def _end_offer(self, offer_id: str, filters: Any) -> str | None:
        agent_id = self._offers.pop(offer_id, None)
        if agent_id is not None:
            self.filters[agent_id] = self.mono + (filters.refuse_seconds if filters else 5.0)
        return agent_id

    def _accept(self, accept: Call.Accept) -> None:
        infos = [info for operation in accept.operations for info in operation.launch.task_infos]
        agents = [self._end_offer(offer_id.value, accept.filters) for offer_id in accept.offer_ids]
        for info in infos:
            stored = self.store.get(f"instances/{info.task_id.value.rpartition('._app.')[0]}", b"")
            assert b"Provisioned" in stored, f"{info.task_id.value} was launched before it was stored"
            agent = self.agents.get(agents[0] or "")
            if agent is None or not agent.reachable:
                self._master_status(info.task_id.value, TaskState.TASK_DROPPED, info.agent_id.value)
                continue
            assert all(other.task_id != info.task_id for other in self.launched), "a task id was used twice"
            self.launched.append(info)
            self.tasks[info.task_id.value] = Task(info, agent.id)

    def _kill(self, task_id: str) -> None:
        task = self.tasks.get(task_id)
        if task is None:
            self._master_status(task_id, TaskState.TASK_UNKNOWN, None)
        elif self.agents[task.agent].reachable:
            self.end(task_id, TaskState.TASK_KILLED)

    def _reconcile(self, reconcile: Call.Reconcile) -> None:
        asked = [item.task_id.value for item in reconcile.tasks] or list(self.tasks)
        for task_id in asked:
            task = self.tasks.get(task_id)
            if task is None:
                if task_id not in self.unacknowledged:
                    self._master_status(task_id, TaskState.TASK_UNKNOWN, None)
            elif not self.agents[task.agent].reachable:
                self._master_status(task_id, TaskState.TASK_UNREACHABLE, task.agent)
            else:
                self._master_status(task_id, task.state, task.agent)

    def _master_status(self, task_id: str, state: TaskState, agent_id: str | None) -> None:
        status = TaskStatus(
            task_id=TaskID(value=task_id),
            state=state,
            source=TaskStatus.Source.SOURCE_MASTER,
            reason=TaskStatus.Reason.REASON_RECONCILIATION,
            agent_id=AgentID(value=agent_id) if agent_id else None,
        )
        if state is TaskState.TASK_UNREACHABLE:
            status.unreachable_time = TimeInfo(nanoseconds=int((WALL + self.mono) * 1e9))
        self.events.append(status)

    def _acknowledge(self, acknowledge: Call.Acknowledge) -> None:
        status = self.unacknowledged.get(acknowledge.task_id.value)
        if status is not None and status.uuid == acknowledge.uuid:
            del self.unacknowledged[acknowledge.task_id.value]

    # --- the agents ---

    def _agent_status(self, task_id: str, state: TaskState, agent_id: str) -> None:
        self._serial += 1
        status = TaskStatus(
            task_id=TaskID(value=task_id),
            state=state,
            source=TaskStatus.Source.SOURCE_EXECUTOR,
            agent_id=AgentID(value=agent_id),
            uuid=self._serial.to_bytes(16, "big"),
            timestamp=WALL + self.mono,
        )
        self.unacknowledged[task_id] = status  # the newest wins: the core must bear gaps
        if self.connected and self.agents[agent_id].reachable:
            self.events.append(status)

    def run_task(self, task_id: str) -> None:
        task = self.tasks[task_id]
        if task.state is TaskState.TASK_STAGING and self.agents[task.agent].reachable:
            task.state = TaskState.TASK_RUNNING
            self._agent_status(task_id, TaskState.TASK_RUNNING, task.agent)

    def end(self, task_id: str, state: TaskState) -> None:
        task = self.tasks.pop(task_id)
        self._agent_status(task_id, state, task.agent)

    def lose_agent(self, agent_id: str) -> None:
        """The master cannot reach it any more; its tasks go on."""
        self.agents[agent_id].reachable = False
        self._offers = {offer: agent for offer, agent in self._offers.items() if agent != agent_id}
        if self.connected:
            for task_id, task in self.tasks.items():
                if task.agent == agent_id:
                    self._master_status(task_id, TaskState.TASK_UNREACHABLE, agent_id)

    def replace_agent(self, agent_id: str) -> None:
        """The machine burns and an empty one takes its place. Whoever is not connected hears nothing of it."""
        self.agents[agent_id].reachable = True
        self._offers = {offer: agent for offer, agent in self._offers.items() if agent != agent_id}
        for task_id, task in list(self.tasks.items()):
            if task.agent == agent_id:
                del self.tasks[task_id]
                self.unacknowledged.pop(task_id, None)
                if self.connected:
                    self._master_status(task_id, TaskState.TASK_GONE, agent_id)

    def return_agent(self, agent_id: str) -> None:
        self.agents[agent_id].reachable = True
        self.filters.pop(agent_id, None)
        for task_id, task in list(self.tasks.items()):
            if task.agent == agent_id:
                self._agent_status(task_id, task.state, agent_id)

    def offer(self) -> None:
        """Offers what is free on every agent that is not offered or filtered."""
        if not self.connected or self.suppressed:
            return
        offers = []
        for agent in self.agents.values():
            filtered = self.filters.get(agent.id, 0.0) > self.mono
            if not agent.reachable or filtered or agent.id in self._offers.values():
                continue
            free = self.free(agent)
            if free > 0.01:
                self._serial += 1
                offer_id = f"o{self._serial}"
                self._offers[offer_id] = agent.id
                offers.append(make_offer(offer_id, agent.id, cpus=free, ports=self.free_ports(agent)))
        if offers:
            self.events.append(offers)

    def free(self, agent: Agent) -> float:
        used = sum(
            resource.scalar.value
            for task in self.tasks.values()
            if task.agent == agent.id
            for resource in task.info.resources
            if resource.name == "cpus" and resource.scalar is not None
        )
        assert used <= agent.cpus + 1e-9, f"{agent.id} has given more than it has"
        return agent.cpus - used

    def free_ports(self, agent: Agent) -> list[tuple[int, int]]:
        used = {
            port
            for task in self.tasks.values()
            if task.agent == agent.id
            for resource in task.info.resources
            if resource.name == "ports" and resource.ranges is not None
            for item in resource.ranges.range
            for port in range(item.begin, item.end + 1)
        }
        return [(port, port) for port in range(31000, 31020) if port not in used]

    # --- time ---

    def deliver(self) -> bool:
        """One event from the master to the init. False when there is none."""
        if not self.connected or not self.events:
            return False
        assert self.core is not None
        event = self.events.popleft()
        if isinstance(event, list):
            live = [offer for offer in event if offer.id.value in self._offers]
            if live:
                self.core.offers(self.now, live)
        else:
            self.core.update(self.now, event)
        return True

    def advance(self, seconds: float) -> None:
        self.mono += seconds
        if self.core is not None and (deadline := self.core.next_deadline()) is not None and deadline <= self.mono:
            self.core.tick(self.now)
            self.commit()

    def settle(self, rounds: int = 400, step: float = 1.0) -> None:
        """Lets everything that is well happen, until nothing does."""
        for _ in range(rounds):
            self.offer()
            while self.deliver():
                self.commit()
            for task_id in list(self.tasks):
                self.run_task(task_id)
            while self.deliver():
                self.commit()
            self.advance(step)

    def of(self, app_id: str) -> list[Task]:
        prefix = app_id.strip("/").replace("/", "_") + ".instance-"
        return [task for task_id, task in self.tasks.items() if task_id.startswith(prefix)]


def make_offer(
    offer_id: str,
    agent_id: str,
    *,
    cpus: float = 4.0,
    mem: float = 4096.0,
    ports: list[tuple[int, int]] | None = None,
    hostname: str | None = None,
) -> Offer:
    spans = [(31000, 31999)] if ports is None else ports
    return Offer(
        id=OfferID(value=offer_id),
        framework_id=FrameworkID(value="fw"),
        agent_id=AgentID(value=agent_id),
        hostname=hostname or f"host-{agent_id}",
        resources=[
            Resource(name="cpus", type=Value.Type.SCALAR, scalar=Value.Scalar(value=cpus)),
            Resource(name="mem", type=Value.Type.SCALAR, scalar=Value.Scalar(value=mem)),
            Resource(name="disk", type=Value.Type.SCALAR, scalar=Value.Scalar(value=10000.0)),
            Resource(
                name="ports",
                type=Value.Type.RANGES,
                ranges=Value.Ranges(range=[Value.Range(begin=begin, end=end) for begin, end in spans]),
            ),
        ],
    )
