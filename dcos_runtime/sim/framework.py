"""A synthetic framework: runs a number of tasks, acknowledges updates, and remembers its launches."""

from __future__ import annotations

import base64
import functools
import json
from typing import Any

import msgspec

from dcos_runtime.sim.options import Nets
from dcos_runtime.sim.process import Process
from dcos_runtime.sim.subscription import Subscription
from dcos_runtime.sim.world import World
from dcos_runtime.wire import calls, codec
from dcos_runtime.wire.cluster import FrameworkInfo, Offer
from dcos_runtime.wire.common import AgentID, ExecutorID, FrameworkID
from dcos_runtime.wire.ended import ENDED
from dcos_runtime.wire.scheduler import Call, Event
from dcos_runtime.wire.tasks import TaskInfo, TaskStatus

OVER = ENDED | {"TASK_UNKNOWN"}
ALIVE = {"TASK_STAGING", "TASK_STARTING", "TASK_RUNNING"}
PATIENCE = 120.0
"""Seconds after which it gives up an unreachable task. If the task comes back, it is killed as a stray."""
RESTART_SECONDS = 2.0
HEALTH_CHECK: dict[str, Any] = {
    "type": "HTTP",
    "http": {"port": 80},
    "delay_seconds": 1.0,
    "interval_seconds": 2.0,
    "timeout_seconds": 3.0,
    "grace_period_seconds": 6.0,
    "consecutive_failures": 3,
}
EXECUTORS = {
    "e0": ("executor", 6.0),
    "e1": ("executor", 4.0),
    "e2": ("executor stubborn", 2.0),
    "e3": ("executor short", 2.0),
    "e4": ("executor mute", 0.4),
    "e5": ("executor bad", 0.3),
}
"""Custom executors by their ids: what they do (`behaviour`), and how often one is chosen."""
CAPABILITIES = ("PARTITION_AWARE", "TASK_KILLING_STATE", "MULTI_ROLE")


class Launched(msgspec.Struct):
    """A task as its framework knows it. ``cpus`` in thousandths."""

    agent_id: str
    cpus: int
    ports: tuple[int, ...]
    state: str = "TASK_STAGING"
    since: float = 0.0
    kill_asked: bool = False
    executor: str = ""


class FrameworkProcess(Process):
    """Its knowledge of tasks is durable: it survives the process. ``lingering``: the subscription of an older process
    of the same framework, which continues without noticing.
    """

    kind = "framework"

    def __init__(self, cluster: World, number: int) -> None:
        super().__init__(cluster, f"framework{number}")
        self.id: str | None = None
        self.tasks: dict[str, Launched] = {}
        self.wanted = cluster.options.tasks_of(number)
        self.nets = cluster.options.nets
        self.aware = number < cluster.options.frameworks - cluster.options.unaware
        self.ended = 0
        self.executors: dict[tuple[str, str], None] = {}
        """Those that it has launched, by agent and id, and that it was not told to have ended."""
        self.lingering: Subscription | None = None
        self.removing = False
        """It has sent TEARDOWN."""
        self._count = 0
        self._subscriptions = 0
        self._suppressed = False

    def came_up(self) -> None:
        self.subscription = self._subscribes()
        self._suppressed = False
        self.cluster.ensemble.watch_leader(self)
        nets = self.nets
        if nets.reconcile:
            self.later(60.0, self._reconcile_again)
        if nets.kill_retry:
            self.later(15.0, self._kill_again)
        self.later(30.0, self._want_again)
        if self.removing:
            self.later(15.0, self._tear_down_again)
        for task_id, task in self.tasks.items():
            if task.state == "TASK_UNREACHABLE":
                self._await(task_id)

    def heal(self) -> None:
        """All nets are on from now on."""
        before, self.nets = self.nets, Nets()
        if self.up and not before.confirm:
            self.later(0.0, self.subscription.hang_up)  # what it said of offers may have been lost without a trace
        if self.up and not before.reconcile:
            self.later(0.0, self._reconcile_again)
        if self.up and not before.kill_retry:
            self.later(0.0, self._kill_again)

    def leader_is(self, identity: tuple[str, bytes] | None, host: str) -> None:
        self.subscription.leader_is(host)
        if self.lingering is not None:
            self.lingering.leader_is(host)

    def died(self) -> None:
        self.subscription.died()
        self._end_lingering()

    def _end_lingering(self) -> None:
        if self.lingering is not None:
            self.lingering.died()
            self.lingering = None

    def _subscribes(self) -> Subscription:
        self._subscriptions += 1
        made = Subscription(
            self, self._introduce, lambda event: self._heard(made, event), self._lost, number=self._subscriptions
        )
        return made

    def succeed(self) -> None:
        """Another process of the framework begins, while this one lives on."""
        self._end_lingering()
        self.lingering, self.subscription = self.subscription, self._subscribes()
        if self.id is None:
            self._end_lingering()
        self._suppressed = False
        self.cluster.ensemble.watch_leader(self)

    def _restart(self) -> None:
        self.kill()
        self.clock.after(RESTART_SECONDS, self.start)

    def _introduce(self) -> FrameworkInfo:
        return FrameworkInfo(
            user="root",
            name=self.name,
            id=FrameworkID(value=self.id) if self.id is not None else None,
            failover_timeout=1e6,
            checkpoint=True,
            roles=[self.name],
            capabilities=[
                FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type(name))
                for name in CAPABILITIES
                if self.aware or name != "PARTITION_AWARE"
            ],
        )

    # --- what is heard ---

    def _heard(self, by: Subscription, event: Event) -> None:
        if event.subscribed is not None:
            self.id = event.subscribed.framework_id.value
            self._suppressed = False
            if self.nets.reconcile_first:
                self.later(0.0, self._reconcile)
            if self.removing:
                self.later(0.0, self.tear_down)
        elif event.offers is not None:
            self._offered(by, event.offers.offers)
        elif event.update is not None:
            self._task_updated(by, event.update.status)
        elif event.failure is not None:
            self._failed(event.failure)
        elif event.error is not None:
            self._error(by, event.error.message)

    def _error(self, by: Subscription, message: str) -> None:
        self.cluster.watch.note(f"{self.name} hears {message!r}")
        if by is self.lingering:
            self._end_lingering()
        elif "removed" in message:
            self.id = None
            self.removing = False
            self.tasks.clear()
            self._end_lingering()  # without an id it would register as a new framework
        else:  # another process took over: this one ends
            self.later(0.0, self._restart)

    def _failed(self, failure: Event.Failure) -> None:
        if failure.agent_id is None or failure.executor_id is None:
            return
        self.executors.pop((failure.agent_id.value, failure.executor_id.value), None)

    def _lost(self, why: str) -> None:
        self.cluster.watch.note(f"{self.name} is not subscribed: {why}")

    def _task_updated(self, by: Subscription, status: TaskStatus) -> None:
        task_id, state = status.task_id.value, status.state.value
        self.cluster.watch.framework_heard(self, status)
        task = self.tasks.get(task_id)
        if task is not None:
            if state in OVER:
                del self.tasks[task_id]
                self.ended += 1
                self._want()
            else:
                if state == "TASK_UNREACHABLE" and task.state != state:
                    self._await(task_id)
                task.state = state
        elif state in ALIVE:
            # Its launch was sent twice, or it was given up too early: nobody waits for it.
            by.send(calls.kill(task_id, status.agent_id.value if status.agent_id else None))
        acknowledgement = calls.acknowledge(status)
        if acknowledgement is not None:
            by.send(acknowledgement)

    def _await(self, task_id: str) -> None:
        self.later(PATIENCE, lambda: self._give_up(task_id))

    def _give_up(self, task_id: str) -> None:
        task = self.tasks.get(task_id)
        if task is not None and task.state == "TASK_UNREACHABLE":
            del self.tasks[task_id]
            self._want()

    # --- launching ---

    def want(self, count: int) -> None:
        """The number of tasks changes; surplus ones are killed."""
        self.wanted = count
        for task_id in list(self.tasks)[count:]:
            self.kill_task(task_id)
        self._want()

    def leave(self) -> None:
        """No task may run any more; at once, or when the process is up again."""
        self.wanted = 0
        for task in self.tasks.values():
            task.kill_asked = True
        if self.up:
            self.mine(functools.partial(self.want, 0))()

    def _want(self) -> None:
        if self._suppressed and len(self.tasks) < self.wanted:
            self._suppressed = False
            self.subscription.send(calls.revive())

    def _want_again(self) -> None:
        """Its call may have been lost."""
        if len(self.tasks) < self.wanted:
            self._suppressed = False
            self.subscription.send(calls.revive())
        self.later(30.0, self._want_again)

    def _offered(self, by: Subscription, offers: list[Offer]) -> None:
        options = self.cluster.options
        unused: list[str] = []
        for offer in offers:
            tasks: list[TaskInfo] = []
            free, ports = _free(offer)
            cpus = options.task_cpus
            most = cpus + (options.executor_cpus if options.executors else 0)
            while len(self.tasks) < self.wanted and free >= most and len(ports) >= options.task_ports:
                free -= most
                tasks.append(self._task(offer, cpus, [ports.pop() for _ in range(options.task_ports)]))
                if len(tasks) >= options.spread:
                    break
            if tasks:
                by.send(calls.launch([offer.id.value], tasks, 1.0))
            else:
                unused.append(offer.id.value)
        if unused:
            by.send(calls.decline(unused, 5.0 if len(self.tasks) < self.wanted else 120.0))
        if len(self.tasks) >= self.wanted and not self._suppressed:
            self._suppressed = True
            by.send(calls.suppress())

    def _task(self, offer: Offer, cpus: int, ports: list[int]) -> TaskInfo:
        self._count += 1
        task_id = f"{self.name}.{self._count}"
        self.tasks[task_id] = Launched(offer.agent_id.value, cpus, tuple(ports), since=self.clock.now)
        self.cluster.watch.launched(self, task_id, self.tasks[task_id])
        if self.nets.confirm:
            self.later(30.0, lambda: self._confirm(task_id))
        options = self.cluster.options
        executor = ""
        if options.executors and self.random.random() < options.executors:
            (executor,) = self.random.choices(list(EXECUTORS), [weight for _, weight in EXECUTORS.values()])
            self.executors[offer.agent_id.value, executor] = None
            self.tasks[task_id].executor = executor
        return _task_info(task_id, offer, cpus, ports, options.command(self.random), executor, options.executor_cpus)

    def _confirm(self, task_id: str) -> None:
        task = self.tasks.get(task_id)
        if task is not None and task.state == "TASK_STAGING":
            self.subscription.send(calls.reconcile([(task_id, task.agent_id)]))
            self.later(30.0, lambda: self._confirm(task_id))

    # --- killing ---

    def kill_task(self, task_id: str) -> None:
        task = self.tasks.get(task_id)
        if task is not None:
            task.kill_asked = True
            self.subscription.send(calls.kill(task_id, task.agent_id))

    def _kill_again(self) -> None:
        for task_id, task in self.tasks.items():
            if task.kill_asked:
                self.subscription.send(calls.kill(task_id, task.agent_id))
        self.later(15.0, self._kill_again)

    # --- executors ---

    def shut_executor_down(self, pick: int) -> None:
        """One of those that it knows is to end, with its tasks."""
        if self.executors:
            agent_id, executor_id = list(self.executors)[pick % len(self.executors)]
            shutdown = Call.Shutdown(executor_id=ExecutorID(value=executor_id), agent_id=AgentID(value=agent_id))
            self.subscription.send(Call(type=Call.Type.SHUTDOWN, shutdown=shutdown))

    def say_to_executor(self, pick: int) -> None:
        if self.executors:
            agent_id, executor_id = list(self.executors)[pick % len(self.executors)]
            message = Call.Message(
                agent_id=AgentID(value=agent_id), executor_id=ExecutorID(value=executor_id), data=b"said"
            )
            self.subscription.send(Call(type=Call.Type.MESSAGE, message=message))

    # --- ending ---

    def tear_down(self) -> None:
        """Tears the framework down. Once the master confirms it, this process begins as a new framework."""
        if not self.removing:
            self.removing = True
            self.later(15.0, self._tear_down_again)
        self.subscription.send(Call(type=Call.Type.TEARDOWN))

    def _tear_down_again(self) -> None:
        if self.removing:
            self.subscription.send(Call(type=Call.Type.TEARDOWN))
            self.later(15.0, self._tear_down_again)

    # --- reconciling ---

    def _reconcile(self) -> None:
        if self.tasks:
            self.subscription.send(calls.reconcile([(name, task.agent_id) for name, task in self.tasks.items()]))
        self.subscription.send(calls.reconcile())

    def _reconcile_again(self) -> None:
        self._reconcile()
        self.later(60.0, self._reconcile_again)


def _free(offer: Offer) -> tuple[int, list[int]]:
    cpus = 0
    ports: list[int] = []
    for resource in offer.resources:
        if resource.name == "cpus" and resource.scalar is not None:
            cpus += round(resource.scalar.value * 1000)
        elif resource.name == "ports" and resource.ranges is not None:
            for item in resource.ranges.range:
                ports.extend(range(item.begin, item.end + 1))
    return cpus, ports


def _task_info(
    task_id: str, offer: Offer, cpus: int, ports: list[int], command: str, executor: str, executor_cpus: int
) -> TaskInfo:
    resources: list[dict[str, Any]] = [{"name": "cpus", "type": "SCALAR", "scalar": {"value": cpus / 1000}}]
    resources.append({"name": "mem", "type": "SCALAR", "scalar": {"value": 32.0}})
    if ports:
        ranges = [{"begin": port, "end": port} for port in ports]
        resources.append({"name": "ports", "type": "RANGES", "ranges": {"range": ranges}})
    own: list[dict[str, Any]] = [{"name": "cpus", "type": "SCALAR", "scalar": {"value": executor_cpus / 1000}}]
    allocation = offer.allocation_info
    if allocation is not None:
        for item in (*resources, *own):
            item["allocation_info"] = {"role": allocation.role}
    document: dict[str, Any] = {
        "name": task_id,
        "task_id": {"value": task_id},
        "agent_id": {"value": offer.agent_id.value},
        "resources": resources,
        "command": {"value": command},
    }
    if executor:
        del document["command"]
        document["executor"] = {
            "executor_id": {"value": executor},
            "type": "CUSTOM",
            "command": {"value": EXECUTORS[executor][0]},
            "resources": own,
        }
        document["data"] = base64.b64encode(command.encode()).decode()
    elif "checked" in command:
        document["health_check"] = HEALTH_CHECK
    return codec.decode(json.dumps(document).encode(), TaskInfo)
