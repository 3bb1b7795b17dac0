"""A small model of a Mesos cluster for the init's core: agents, tasks, offers, updates, and their failures.

It runs the real core: stored data goes into a dict, calls go to the model. Effects wait until a test carries them out,
so that tests can crash the init at any point between.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from dcos_runtime.core.frozen import Log, Now, Persist, Persisted, Reply, Tick
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.marathon.core import events
from dcos_runtime.marathon.core.changes import Conflict, Locked, NotFound, TooManyDeployments
from dcos_runtime.marathon.core.core import InitCore
from dcos_runtime.marathon.core.deployment import Deployment
from dcos_runtime.marathon.core.effects import Effect, EndProcess, Probe, Publish, Send, Trouble
from dcos_runtime.marathon.core.events import Event
from dcos_runtime.marathon.core.fields import Invalid
from dcos_runtime.marathon.core.instance import Instance
from dcos_runtime.marathon.core.state import Settings
from dcos_runtime.store import check
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.common import AgentID, FrameworkID, OfferID, TaskID, TimeInfo, Value
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.scheduler import Event as SchedulerEvent
from dcos_runtime.wire.tasks import TaskInfo, TaskState, TaskStatus

T = TypeVar("T")
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


@dataclass
class Done:
    """The result of `Cluster.commit`: stored data and calls."""

    changes: dict[str, bytes | None] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)


class Asking:
    """Requests of clients, as the API feeds them to the core. A refusal is raised as the core's own error."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def create(self, data: dict[str, Any], force: bool) -> tuple[Any, Deployment]:
        deployment = self._deployment(lambda n: events.CreateApp(n, _body(data), force))
        core = self._cluster.core
        assert core is not None
        return core.changes.app(json.loads(_body(data))["id"]), deployment

    def update(
        self, app_id: str, data: dict[str, Any], *, partial: bool, may_create: bool, force: bool
    ) -> tuple[Deployment, bool]:
        core = self._cluster.core
        assert core is not None
        new = app_id not in core.state.apps or core.state.apps[app_id].current is None
        body = _body(data)
        return self._deployment(lambda n: events.UpdateApp(n, app_id, body, partial, may_create, force)), new

    def update_many(self, items: list[dict[str, Any]], *, partial: bool, may_create: bool, force: bool) -> Deployment:
        return self._deployment(lambda n: events.UpdateApps(n, _body(items), partial, may_create, force))

    def delete(self, app_id: str, force: bool) -> Deployment:
        return self._deployment(lambda n: events.DeleteApp(n, app_id, force))

    def restart(self, app_id: str, force: bool) -> Deployment:
        return self._deployment(lambda n: events.RestartApp(n, app_id, force))

    def reset_delay(self, app_id: str) -> None:
        self._cluster.ask(lambda n: events.ResetDelay(n, app_id))

    def kill(self, instances: list[Instance], wipe: bool) -> None:
        body = _body({"ids": [instance.id for instance in instances]})
        self._cluster.ask(lambda n: events.KillListed(n, body, wipe=wipe))

    def kill_and_scale(self, instances: list[Instance], force: bool) -> Deployment:
        body = _body({"ids": [instance.id for instance in instances]})
        return self._deployment(lambda n: events.KillListed(n, body, scale=True, force=force))

    def cancel(self, deployment_id: str, force: bool) -> Deployment | None:
        event = events.CancelDeployment
        if force:
            self._cluster.ask(lambda n: event(n, deployment_id, True))
            return None
        return self._deployment(lambda n: event(n, deployment_id, False))

    def _deployment(self, call: Any) -> Deployment:
        """The deployment that it started, or an empty one if there was nothing to change."""
        core = self._cluster.core
        assert core is not None
        before = set(core.state.deployments)
        reply = self._cluster.ask(call)
        for deployment in core.state.deployments.values():
            if deployment.id not in before:
                return deployment
        response = json.loads(reply.body) if reply is not None else {}
        return Deployment(
            id=response.get("deploymentId", ""), version=response.get("version", ""), changes=[], steps=[]
        )


def _body(data: Any) -> bytes:
    return json.dumps(data).encode()


def raise_refused(reply: Reply) -> None:
    """Raises the core's refusal."""
    if reply.status < 400:
        return
    response = json.loads(reply.body)
    if reply.status == 422 and "details" in response:
        raise Invalid({each["path"]: each["errors"] for each in response["details"]})
    if reply.status == 409 and "deployments" in response:
        locked = Locked([each["id"] for each in response["deployments"]])
        assert response["message"] == str(locked)
        raise locked
    raise {404: NotFound, 409: Conflict, 403: TooManyDeployments}[reply.status](response["message"])


class Cluster:
    """``core`` is the init, or ``None`` while it is down."""

    def __init__(
        self,
        agents: int = 3,
        settings: Settings | None = None,
        cpus: float = 4.0,
        record: Callable[[InitCore], Any] | None = None,
    ) -> None:
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
        self.troubles: list[Trouble] = []
        self.logs: list[Log] = []
        self.replies: dict[int, Reply] = {}
        self.record = record
        """Called with every new core: returns its recorder, if one is wanted."""
        self.recorder: Any = None
        self._offers: dict[str, str] = {}
        self._serial = 0
        self._requests = 0
        self._wanted: deque[Effect] = deque()
        self.core: InitCore | None = None
        self.start()

    @property
    def now(self) -> Now:
        return Now(self.mono, WALL + self.mono)

    # --- the life of the init ---

    def start(self) -> None:
        self._serial += 1
        self.core = InitCore(self.settings, SeededSource(str(self._serial).encode()))
        self.recorder = self.record(self.core) if self.record is not None else None
        self.receive(events.Recovered(tuple(self.store.items())))
        self.commit()

    def receive(self, event: Event) -> list[Effect]:
        """Feeds the event to the core. Its effects wait for `commit`."""
        assert self.core is not None
        error = ""
        try:
            effects = self.core.receive(event, self.now)
        except Exception as raised:
            effects, error = self.core.take_effects(), type(raised).__name__
            raise
        finally:
            if self.recorder is not None:
                self.recorder.keep(self.now, event, effects, error)
        self._wanted.extend(effects)
        return effects

    def crash(self, *, parts: int | None = None) -> None:
        """The init crashes: with its last decisions stored but not yet sent; or with only so many ``parts`` of them
        stored, or none.
        """
        left = 10_000 if parts is None else parts
        while left and self._wanted:
            effect = self._wanted.popleft()
            if isinstance(effect, Persist):
                self._store(effect)
                self.receive(Persisted(effect.id))
                left -= 1
        self._wanted.clear()
        self.core = None
        self._lose_connection()

    def disconnect(self) -> None:
        self._lose_connection()
        if self.core is not None:
            self.receive(events.Disconnected())
            self.commit()

    def connect(self) -> None:
        assert self.core is not None
        self.roles = self.core.introduction().roles
        self.subscribed(self.roles)
        self.events.extend(self.unacknowledged.values())

    def subscribed(self, roles: list[str]) -> None:
        """The requested subscription with these ``roles`` is established."""
        assert self.core is not None
        self.connected = True
        self.suppressed = False
        self.filters.clear()
        self.receive(events.Subscribed(self.core.framework_id or "fw", "master:5050", tuple(roles)))
        self.commit()

    def _lose_connection(self) -> None:
        self.connected = False
        self.events.clear()
        self._offers.clear()

    def commit(self, *, sent: bool = True) -> Done:
        """Stores the core's decisions, then carries them out, unless these are to be lost (``sent`` False)."""
        done = Done()
        while self._wanted:
            effect = self._wanted.popleft()
            if isinstance(effect, Persist):
                self._store(effect)
                done.changes.update(effect.changes)
                self.receive(Persisted(effect.id))
            else:
                if sent:
                    self._carry_out(effect)
                done.effects.append(effect)
        return done

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Send():
                if self.connected:
                    self._call(effect.call)
            case Publish():
                self.published.append(effect)
            case Probe():
                self.probes.append(effect)
            case Reply():
                self.replies[effect.request] = effect
            case Trouble():
                self.troubles.append(effect)
            case Log():
                self.logs.append(effect)
            case EndProcess():
                raise AssertionError(f"the init ends: {effect.reason}")

    def _store(self, persist: Persist) -> None:
        check(dict(persist.changes))
        for key, value in persist.changes:
            if value is None:
                self.store.pop(key, None)
            else:
                self.store[key] = value

    def change(self, work: Callable[[Asking], T]) -> T:
        """Runs ``work`` with the requests of a client. `commit` stores the changes."""
        return work(Asking(self))

    def ask(self, call: Any) -> Reply | None:
        """The response, if there is one already. Raises the refusal."""
        self._requests += 1
        number = self._requests
        replies = [one for one in self.receive(call(number)) if isinstance(one, Reply) and one.request == number]
        for reply in replies:
            raise_refused(reply)
            return reply
        return None

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
        elif call.update_framework is not None:
            self.roles = call.update_framework.framework_info.roles
            self.suppressed = call.update_framework.suppressed_roles == self.roles

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
        since = TimeInfo(nanoseconds=int((WALL + self.mono) * 1e9))
        status = TaskStatus(
            task_id=TaskID(value=task_id),
            state=state,
            source=TaskStatus.Source.SOURCE_MASTER,
            reason=TaskStatus.Reason.REASON_RECONCILIATION,
            agent_id=AgentID(value=agent_id) if agent_id else None,
            unreachable_time=since if state is TaskState.TASK_UNREACHABLE else None,
        )
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
        self.unacknowledged[task_id] = status  # the newest one stays: the core must cope with gaps
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
        """The master can no longer reach it; its tasks go on."""
        self.agents[agent_id].reachable = False
        self._offers = {offer: agent for offer, agent in self._offers.items() if agent != agent_id}
        if self.connected:
            for task_id, task in self.tasks.items():
                if task.agent == agent_id:
                    self._master_status(task_id, TaskState.TASK_UNREACHABLE, agent_id)

    def replace_agent(self, agent_id: str) -> None:
        """The machine is lost, and an empty one replaces it. An init that is not connected gets no event of it."""
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
        event = self.events.popleft()
        if isinstance(event, list):
            live = [offer for offer in event if offer.id.value in self._offers]
            if live:
                self.receive(events.Heard(SchedulerEvent(offers=SchedulerEvent.Offers(offers=live))))
        else:
            self.update(event)
        return True

    def update(self, status: TaskStatus) -> list[Effect]:
        return self.receive(events.Heard(SchedulerEvent(update=SchedulerEvent.Update(status=status))))

    def error(self, message: str) -> None:
        self.receive(events.Heard(SchedulerEvent(error=SchedulerEvent.Error(message=message))))

    def lost(self, agent_id: str) -> None:
        """The master reports that it has given up an agent."""
        failure = SchedulerEvent.Failure(agent_id=AgentID(value=agent_id))
        self.receive(events.Heard(SchedulerEvent(failure=failure)))

    def advance(self, seconds: float) -> None:
        self.mono += seconds
        if self.core is not None and (deadline := self.core.next_deadline()) is not None and deadline <= self.mono:
            self.receive(Tick())
            self.commit()

    def run(self, rounds: int = 400, step: float = 1.0) -> None:
        """Lets all healthy parts work until nothing more happens."""
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
