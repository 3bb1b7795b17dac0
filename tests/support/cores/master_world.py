"""A whole cluster in one process around the real `MasterCore`: agents and frameworks that follow the protocol.

No clock, no sockets: time is a number, a stream is a number, messages are in a list. Agents own their tasks' updates
and send each until it is acknowledged; frameworks acknowledge what they get; registry writes are done on request.
"""

from __future__ import annotations

import itertools
import json
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Log, Now, Persist, Persisted, Reply
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core import events
from dcos_runtime.master.core.allocator import AllocatorSettings
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.master.core.effects import Close, Effect, Send, SendJoined, SendToAgent
from dcos_runtime.master.core.records import Task
from dcos_runtime.master.core.state import Settings, task_info
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo, MasterInfo
from dcos_runtime.wire.common import AgentID
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import TaskState, TaskStatus
from tests.support.cores.master_framework import WorldFramework
from tests.support.cores.master_tasks import TERMINAL, AgentTask, status_json, uuid_text

PING, PINGS, COME_BACK = 10.0, 3, 120.0


class WorldAgent:
    """``former``: it uses version 1 of the protocol, as every second agent here does."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.former = name.endswith(tuple("13579"))
        self.name = name
        self.id: str | None = None
        self.stream: int | None = None
        self.epoch = self.sent = 0
        self.inbox: deque[Any] = deque()
        self.tasks: dict[tuple[str, str], AgentTask] = {}
        self.executors: dict[tuple[str, str], bytes] = {}  # their ExecutorInfos
        self.told: list[Any] = []  # messages for executors
        self.groups: list[Any] = []
        self.more: list[Any] = []  # resources
        self.frameworks: dict[str, Any] = {}

    def info(self) -> AgentInfo:
        resources = [
            {"name": "cpus", "type": "SCALAR", "scalar": {"value": 4}},
            {"name": "mem", "type": "SCALAR", "scalar": {"value": 1024}},
            {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 20}]}},
        ]
        body = {"hostname": self.name, "port": 1, "resources": [*resources, *self.more]}
        info = codec.decode(json.dumps(body).encode(), AgentInfo)
        return info if self.id is None else msgspec.structs.replace(info, id=AgentID(value=self.id))

    def connect(self) -> None:
        self.break_off()
        stream = next(self.world.numbers)
        asked: list[msgspec.Raw] = []
        found = [task.told(None if self.former else asked) for task in self.tasks.values()]
        frameworks = [
            codec.decode(info, FrameworkInfo)
            for framework_id, info in self.frameworks.items()
            if any(key[0] == framework_id for key in (*self.tasks, *self.executors))
        ]
        executors = (
            []
            if self.former
            else [internal.RunningExecutor(*key, msgspec.Raw(info)) for key, info in self.executors.items()]
        )
        versions = [] if self.former else list(internal.SPOKEN)
        call = internal.Connect(
            1, self.info(), "test", "boot", found, frameworks, versions, asked=asked, executors=executors
        )
        self.stream = stream
        self.world.streams[stream] = self
        answer = self.world.connect(codec.encode(call), stream)
        if answer.status != 200:
            assert answer.status in (410, 503), answer
            self.break_off()
        if answer.status == 410:
            self._forget()

    def break_off(self) -> None:
        """The connection is lost, with the messages on it."""
        if self.stream is not None:
            stream, self.stream = self.stream, None
            self.world.streams.pop(stream, None)
            self.world.feed(events.AgentGone(stream))
        self.inbox.clear()
        self.epoch = self.sent = 0

    def read(self) -> bool:
        """Takes one message; False when there is none."""
        if not self.inbox:
            return False
        message = self.inbox.popleft()
        kind = message["type"]
        if kind == "CONNECTED":
            assert self.id in (None, message["agent_id"])
            self.id, self.epoch, self.sent = message["agent_id"], message["epoch"], 0
            for task in list(self.tasks.values()):
                self._send_first(task)
        elif kind == "PING":
            self._post(internal.Pong(seq=0))
        elif kind in ("RUN_TASK", "RUN_GROUP"):
            self.groups += [message] if "tasks" in message else []
            for task in message.get("tasks") or [message["task"]]:
                self._run({**message, "task": task})
        elif kind == "KILL_TASK":
            known = self.tasks.get((message["framework_id"]["value"], message["task_id"]["value"]))
            if known is not None:
                self.say(known, "TASK_KILLED")
        elif kind == "ACKNOWLEDGE":
            self._acknowledged(message)
        elif kind == "SHUTDOWN_FRAMEWORK":
            for key in [key for key in self.tasks if key[0] == message["framework_id"]["value"]]:
                del self.tasks[key]
            for key in [key for key in self.executors if key[0] == message["framework_id"]["value"]]:
                del self.executors[key]
        elif kind == "SHUTDOWN_EXECUTOR":
            self.end_executor(message["framework_id"], message["executor_id"])
        elif kind == "TO_EXECUTOR":
            self.told.append(message)
        elif kind == "DRAIN":
            self.told.append(message)
            for task in list(self.tasks.values()):
                self.say(task, "TASK_KILLED")
        elif kind == "SHUTDOWN":
            self.break_off()
            self._forget()
        else:
            assert kind == "UPDATE_FRAMEWORK", kind
        return True

    def _run(self, message: Any) -> None:
        framework_id = message["framework"]["id"]["value"]
        self.frameworks[framework_id] = codec.encode(message["framework"])
        task = AgentTask(framework_id, codec.encode(message["task"]))
        key = (framework_id, message["task"]["task_id"]["value"])
        assert key not in self.tasks, "launched twice"
        if self._starts(framework_id, message, task):
            self.tasks[key] = task
            self.say(task, "TASK_RUNNING")

    def _starts(self, framework_id: str, message: Any, task: AgentTask) -> bool:
        """A command task, or one of an executor that is here or may be started; any other is dropped."""
        info = message["task"].get("executor")
        if info is None:
            return True
        assert not self.former, "an agent that knows no executors got one"
        key = (framework_id, info["executor_id"]["value"])
        task.executor_id = key[1]
        if key not in self.executors:
            if not message["launch_executor"]:
                self.tasks[framework_id, message["task"]["task_id"]["value"]] = task
                self.say(task, "TASK_DROPPED")
                return False
            self.executors[key] = codec.encode(info)
        return True

    def end_executor(self, framework_id: str, executor_id: str, status: int = 9) -> None:
        """It ends, with its tasks."""
        if self.executors.pop((framework_id, executor_id), None) is None:
            return
        for task in [one for one in self.tasks.values() if one.framework_id == framework_id]:
            if task.executor_id == executor_id:
                self.say(task, "TASK_FAILED")
        gone = internal.ExecutorGone(seq=0, framework_id=framework_id, executor_id=executor_id, status=status)
        self._post(gone)

    def say(self, task: AgentTask, state: str) -> None:
        """The task has a new state; nothing follows a terminal one."""
        if task.state in TERMINAL:
            return
        number = next(self.world.numbers)
        task.newest = {"info": task.info, "agent": self.id, "state": state, "uuid": number}
        task.updates.append(task.newest)
        if len(task.updates) == 1:
            self._send_first(task)

    def _send_first(self, task: AgentTask) -> None:
        if task.updates and self.epoch:
            status = status_json(task.updates[0])
            update = codec.decode(bytes(status), TaskStatus)
            self._post(
                internal.Update(
                    seq=0, framework_id=task.framework_id, status=update, latest_state=TaskState(task.state)
                )
            )

    def unregister(self) -> None:
        """It leaves for good, and ends all. The next one on this host is a new agent."""
        self._post(internal.Unregister(seq=0))
        self.break_off()
        self._forget()

    def _forget(self) -> None:
        """All that ran on it is ended. The next agent on this host is a new one."""
        self.id, self.tasks, self.executors = None, {}, {}

    def resend(self) -> None:
        """Sends an update again that is not acknowledged, as its timer does."""
        for task in list(self.tasks.values()):
            self._send_first(task)

    def _post(self, message: Any) -> None:
        if self.stream is None or not self.epoch:
            return
        self.sent += 1
        batch = internal.Batch(self.id or "", self.epoch, [msgspec.structs.replace(message, seq=self.sent)])
        answer = self.world.post(codec.encode(batch))
        if answer.status != 200:
            assert answer.status == 409, answer
            self.break_off()

    def _acknowledged(self, message: Any) -> None:
        key = (message["framework_id"]["value"], message["task_id"]["value"])
        task = self.tasks.get(key)
        if task is None or not task.updates or uuid_text(task.updates[0]["uuid"]) != message["uuid"]:
            return
        done = task.updates.popleft()
        if done["state"] in TERMINAL:
            del self.tasks[key]
            self._post(internal.TaskGone(seq=0, framework_id=key[0], task_id=key[1]))
        else:
            self._send_first(task)


class World:
    """Masters come and go, one at a time; the registry stays."""

    def __init__(self, agents: int = 2, frameworks: int = 2) -> None:
        self.numbers = itertools.count(1)
        self.time = 1000.0
        self.registry: dict[str, bytes] = {}
        self.writes: deque[Persist] = deque()
        self.streams: dict[int, WorldAgent | WorldFramework] = {}
        self.terms = 0
        self.agents = [WorldAgent(self, f"host{number}") for number in range(agents)]
        self.frameworks = [WorldFramework(self, f"fw{number}", aware=number % 2 == 0) for number in range(frameworks)]
        self.restart()

    def restart(self) -> None:
        """The master crashes, with every connection and every unfinished write; another one starts."""
        self.terms += 1
        self.writes.clear()
        for framework in self.frameworks:
            framework.killed.clear()
        for end in list(self.streams.values()):
            end.stream = None
            if isinstance(end, WorldAgent):
                end.inbox.clear()
                end.epoch = end.sent = 0
            else:
                end.offers.clear()
                end.inverse.clear()
        self.streams.clear()
        master = MasterInfo(id=f"m{self.terms}", ip=1, port=1, pid="master@x:1", hostname="x")
        settings = Settings(
            master=master,
            agent_ping_timeout=PING,
            max_agent_ping_timeouts=PINGS,
            agent_reregister_timeout=COME_BACK,
            allocator=AllocatorSettings(interval=1.0, minimums=()),
        )
        self.core = self.new_core(settings, SeededSource(str(self.terms).encode()))
        self.feed(events.Recovered(tuple(self.registry.items()), self.terms * 10**6))

    def new_core(self, settings: Settings, source: SeededSource) -> MasterCore:
        return MasterCore(settings, source)

    def now(self) -> Now:
        return Now(self.time, 1e9 + self.time)

    def feed(self, event: events.Event) -> list[Effect]:
        """The effects of the core because of it, already carried out."""
        effects = self.receive(event)
        self._carry_out(effects)
        return effects

    def receive(self, event: events.Event) -> list[Effect]:
        return self.core.receive(event, self.now())

    def ask(self, call: Callable[[int], events.Event]) -> tuple[Reply, list[Effect]]:
        """The answer, and all effects before it."""
        request = next(self.numbers)
        effects = self.feed(call(request))
        (reply,) = [effect for effect in effects if isinstance(effect, Reply)]
        assert reply.request == request
        return reply, effects

    def call(self, call: Call, stream_id: str | None, principal: str | None = None) -> Reply:
        return self.ask(lambda request: events.Called(request, call, stream_id, principal))[0]

    def subscribe(
        self,
        call: Call.Subscribe,
        stream: int,
        stream_id: str = "s",
        principal: str | None = None,
        accepted: str = codec.CONTENT_TYPE,
    ) -> str | None:
        """The reason of the refusal."""
        whole = Call(type=Call.Type.SUBSCRIBE, framework_id=call.framework_info.id, subscribe=call)
        reply, effects = self.ask(
            lambda request: events.Subscribe(request, stream, stream_id, whole, principal, accepted=accepted)
        )
        if reply.status != 200:
            return reply.body.decode()
        sent = [effect.event for effect in effects if isinstance(effect, Send) and effect.stream == stream]
        return next((event.error.message for event in sent if event.error is not None), None)

    def connect(self, data: bytes, stream: int, names: tuple[str, ...] | None = None) -> Reply:
        """An agent."""
        return self.ask(lambda request: events.AgentConnect(request, stream, data, "127.0.0.1", names))[0]

    def post(self, data: bytes, names: tuple[str, ...] | None = None) -> Reply:
        return self.ask(lambda request: events.AgentMessages(request, data, names))[0]

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Send(stream, event):
                    end = self.streams.get(stream)
                    if isinstance(end, WorldFramework):
                        end.receive(msgspec.json.decode(codec.encode(event)))
                case SendJoined(stream, data):
                    end = self.streams.get(stream)
                    if isinstance(end, WorldFramework):
                        end.receive(msgspec.json.decode(data))
                case SendToAgent(stream, data):
                    end = self.streams.get(stream)
                    if isinstance(end, WorldAgent):
                        end.inbox.append(msgspec.json.decode(data))
                case Close(stream):
                    end = self.streams.pop(stream, None)
                    if end is not None and end.stream == stream:
                        end.stream = None
                        if isinstance(end, WorldAgent):
                            end.inbox.clear()
                            end.epoch = end.sent = 0
                        else:
                            end.offers.clear()
                            end.inverse.clear()
                case Persist():
                    self.writes.append(effect)
                case Reply() | Log():
                    pass

    def write(self) -> bool:
        """The registry does its next write."""
        if not self.writes:
            return False
        effect = self.writes.popleft()
        for key, value in effect.changes:
            if value is None:
                self.registry.pop(key, None)
            else:
                self.registry[key] = value
        self.feed(Persisted(effect.id))
        return True

    def pass_time(self, seconds: float) -> None:
        """Ticks at every deadline on the way."""
        until = self.time + seconds
        while True:
            deadline = self.core.next_deadline()
            if deadline is None or deadline > until:
                break
            self.time = max(self.time, deadline)
            self.feed(events.BudgetedTick())
        self.time = until

    def run_until_idle(self) -> None:
        """Connects all agents and frameworks, and lets them work until nothing more happens."""
        for framework in self.frameworks:
            if framework.stream is None and not framework.removed:
                framework.subscribe()
        for _ in range(200):
            for agent in self.agents:
                if agent.stream is None:
                    agent.connect()
                agent.resend()
            busy = False
            while self.write():
                busy = True
            for agent in self.agents:
                while agent.read():
                    busy = True
            for framework in self.frameworks:
                if framework.unacknowledged:
                    framework.acknowledge()
                    busy = True
            self.pass_time(0.5)
            if not busy and all(agent.stream is not None for agent in self.agents):
                return
        raise AssertionError("it never comes to rest")

    def live(self, seconds: float) -> None:
        """Time passes, and all of them answer."""
        until = self.time + seconds
        while self.time < until:
            self.pass_time(PING / 2)
            while self.write():
                pass
            for agent in self.agents:
                while agent.read():
                    pass
            for framework in self.frameworks:
                framework.acknowledge()

    # --- invariants ---

    def check(self) -> None:
        state = self.core.state
        for agent in state.agents.values():
            tasks = agent.all_tasks()
            executors = agent.all_executors()
            used = [_asked(task) for task in tasks if not task.terminal] + [one.resources for one in executors]
            offered = [state.offers[offer_id].resources for offer_id in agent.offers]
            whole = amounts.total([*used, *offered])
            ports = sum(end - begin + 1 for part in [*used, *offered] for begin, end in part.intervals("ports"))
            once = sum(end - begin + 1 for begin, end in whole.intervals("ports"))
            assert ports == once, "a port is held twice"
            assert whole == state.allocator.allocated(agent.id), "the allocator's books are wrong"
            assert agent.total.contains(whole), "more is held than there is"
            assert agent.used == amounts.total(used)
            weight = sum(task.weight for task in tasks) + sum(executor.weight for executor in executors)
            assert agent.weight == weight, "the sum of what the agent runs is wrong"
            assert all(task.weight >= len(task.info) for task in tasks)
            assert agent.connected or not agent.offers
        places = {(agent.info.hostname, agent.info.port, agent.id) for agent in state.agents.values()}
        assert places == {(*place, agent_id) for place, there in state.places.items() for agent_id in there}
        for framework in state.frameworks.values():
            held: dict[str, list[amounts.Resources]] = {}
            for task in framework.tasks.values():
                if not task.terminal:
                    held.setdefault(task.agent_id, []).append(_asked(task))
            for agent in state.agents.values():
                for one in agent.executors.get(framework.id, {}).values():
                    held.setdefault(agent.id, []).append(one.resources)
            for agent_id in state.agents:
                assert framework.used.on(agent_id) == amounts.total(held.get(agent_id, []))
            parts = [part for some in held.values() for part in some]
            assert amounts.view(framework.used.parts()) == amounts.view(parts), "what it holds in all is wrong"
            for name in ("cpus", "mem", "disk"):
                assert framework.used.scalar(name) == sum(part.scalar(name) for part in parts)
            assert framework.connected or not framework.offers
            for task in framework.tasks.values():
                assert state.agents[task.agent_id].task(framework.id, task.id) is task
        told_of = [framework.completed for framework in (*state.frameworks.values(), *state.completed.values())]
        assert state.history == sum(history.size for history in told_of)
        assert all(history.size == sum(len(task.info) for task in history) for history in told_of)
        for offer in state.offers.values():
            assert offer.id in state.frameworks[offer.framework_id].offers
            assert offer.id in state.agents[offer.agent_id].offers
        assert set(state.offers) == {one for framework in state.frameworks.values() for one in framework.offers}
        assert not state.deactivated & {offer.agent_id for offer in state.offers.values()}, "it is not to be offered"
        assert state.draining.keys() <= state.deactivated and not state.deactivated & state.gone.keys()
        assert not state.agents.keys() & state.gone.keys()
        its = state.maintenance
        assert its.notices.keys() <= state.agents.keys()
        asked = {(agent_id, *one) for agent_id, notice in its.notices.items() for one in notice.open.items()}
        assert asked == {(one.agent_id, one.framework_id, one.id) for one in its.inverse.values()}
        assert all(one.id in state.frameworks[one.framework_id].inverse_offers for one in its.inverse.values())
        for agent in state.agents.values():
            machine = (agent.info.hostname, agent.address)
            assert machine not in its.plan.down or agent.id in state.leaving, "an agent on a machine that is down"
            if agent.id not in state.leaving:
                found = its.notices[agent.id].unavailability if agent.id in its.notices else None
                assert found == its.scheduled.get(machine, (None, None))[1], "it has not heard of the plan"
        for ours in self.frameworks:
            known = state.frameworks.get(ours.id or "")
            if ours.stream is not None and known is not None:
                assert known.stream == ours.stream
                assert set(ours.offers) == known.offers, "an offer that one knows of and the other does not"
                assert set(ours.inverse) == known.inverse_offers, "of inverse offers the same"

    def check_rest(self) -> None:
        """Checks, after all work: no task is lost or stuck, no update waits for ever, no agent that can is drained."""
        for agent_id in self.core.state.draining.keys() & self.core.state.agents.keys():
            assert self.core.state.agents[agent_id].version < internal.WITH_DRAINING, "it is never drained"
        for agent in self.agents:
            assert set(self.core.state.agents[agent.id or ""].tasks) <= {framework.id for framework in self.frameworks}
            for task in agent.tasks.values():
                assert not task.updates, "an update was never acknowledged"
                assert task.state not in TERMINAL
        for framework in self.frameworks:
            if framework.removed:
                assert not [
                    task for agent in self.agents for task in agent.tasks.values() if task.framework_id == framework.id
                ]
                continue
            asked = [
                {"task_id": {"value": task_id}, "agent_id": {"value": on}} for task_id, on in framework.launched.items()
            ]
            framework.told.clear()
            if asked:
                framework.call("RECONCILE", tasks=asked)
            running = {key[1] for agent in self.agents for key in agent.tasks if key[0] == framework.id}
            for task_id, on in framework.launched.items():
                state = framework.told[task_id]
                if task_id in running:
                    assert state == "TASK_RUNNING", (task_id, state)
                    removals = self.core.state.counters["master/slave_removals"]
                    assert task_id not in framework.killed or removals, "a killed task lives on"
                elif on in self.core.state.unreachable:
                    assert state in TERMINAL | {"TASK_UNREACHABLE"}, (task_id, state)
                else:
                    assert state in TERMINAL | {"TASK_UNKNOWN"}, (task_id, state)


def _asked(task: Task) -> amounts.Resources:
    """The fields of its TaskInfo, whatever the kernel stores of it."""
    return amounts.parse(task_info(task).resources)
