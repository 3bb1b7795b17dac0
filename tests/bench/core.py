"""A master's core alone, large: what its decisions cost by processor time, without sockets and without a clock.

The same core that runs in the daemon, with as many agents and frameworks as the project aims at. Whatever is looked at
goes in and comes out as the shell hands it over: calls as bytes, offers and messages encoded.
"""

from __future__ import annotations

import contextlib
import gc
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from dcos_runtime.core.frozen import Log, Now, Persist, Persisted, Reply
from dcos_runtime.core.resources import Resources, plain
from dcos_runtime.core.runner import Keeper
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core import events
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.master.core.effects import Effect, Send, SendJoined, SendToAgent
from dcos_runtime.master.core.state import Settings
from dcos_runtime.master.memory import LongLived
from dcos_runtime.master.shell import next_budget
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import FrameworkInfo, MasterInfo
from dcos_runtime.wire.common import OfferID
from dcos_runtime.wire.scheduler import Call
from tests.bench.figures import Bench, Measured, at_least, at_most, figure

AGENTS, FRAMEWORKS = 10_000, 1_000
TASKS_AN_AGENT = 10
LAUNCHED = 100  # by one ACCEPT
CPUS, MEM = 16, 65536
HOW = f"the core in one process, by processor time; {AGENTS} agents, {FRAMEWORKS} frameworks"
_SCALARS = (("cpus", CPUS), ("mem", MEM), ("disk", 100_000))


def _agent(number: int) -> dict[str, object]:
    scalars = [{"name": name, "type": "SCALAR", "scalar": {"value": value}} for name, value in _SCALARS]
    ports = {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31000, "end": 32000}]}}
    rack = {"name": "rack", "type": "TEXT", "text": {"value": f"r{number % 40}"}}
    return {"hostname": f"agent-{number}", "port": 5051, "resources": [*scalars, ports], "attributes": [rack]}


def _task(agent_id: str, name: str, role: str | None = None) -> dict[str, object]:
    allocated = {} if role is None else {"allocation_info": {"role": role}}
    return {
        "name": name,
        "task_id": {"value": name},
        "agent_id": {"value": agent_id},
        "command": {
            "value": "exec ./server --port=$PORT0",
            "environment": {"variables": [{"name": "A", "value": "b"}]},
        },
        "resources": [
            {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}, **allocated},
            {"name": "mem", "type": "SCALAR", "scalar": {"value": 32.0}, **allocated},
        ],
        "labels": {"labels": [{"key": "version", "value": "17"}]},
    }


class Master:
    """The core with what its shell does around it. ``recorder``: gets what the core is fed, as with ``--record``."""

    def __init__(self, recovered: Sequence[str] = (), term: str = "m") -> None:
        self.recorder: Keeper | None = None
        self.time = 1000.0
        self.streams = 0
        self.longest = 0.0
        self.long_lived = LongLived()  # as its leader has it
        self.frameworks: list[tuple[str, str]] = []  # id and Mesos-Stream-Id
        self.agents: list[str] = []
        registry = [
            (f"agents/{key}", codec.encode({"info": {**_agent(int(key[1:])), "id": {"value": key}}, "version": 2}))
            for key in recovered
        ]
        info = MasterInfo(id=term, ip=1, port=1, pid="master@x:1", hostname="x")
        self.core = MasterCore(Settings(info), SeededSource(b"1"))
        self.feed(events.Recovered(tuple(registry), 10**6))

    def now(self) -> Now:
        return Now(self.time, 1e9 + self.time)

    def feed(self, event: events.Event) -> list[Effect]:
        """What the core wants done; what is to be stored is."""
        found = self.core.receive(event, self.now())
        if self.recorder is not None:
            self.recorder.keep(self.now(), event, found, "")
        effects: list[Effect] = [effect for effect in found if not isinstance(effect, Persist | Log)]
        for effect in found:
            if isinstance(effect, Persist):
                effects += self.feed(Persisted(effect.id))
        return effects

    def ask(self, event: events.Event, status: int) -> list[Effect]:
        effects = self.feed(event)
        (reply,) = [effect for effect in effects if isinstance(effect, Reply)]
        assert reply.status == status, reply
        return effects

    def framework(self, role: str) -> tuple[str, str]:
        self.streams += 1
        info = FrameworkInfo(user="u", name=f"framework of {role}", failover_timeout=1e6, role=role)
        call = Call(type=Call.Type.SUBSCRIBE, subscribe=Call.Subscribe(framework_info=info))
        self.ask(events.Subscribe(1, self.streams, f"stream-{self.streams}", call), 200)
        self.frameworks.append((self.core.state.subscribers[self.streams], f"stream-{self.streams}"))
        return self.frameworks[-1]

    def agent(self, body: bytes) -> None:
        """An `internal.Connect` as it comes."""
        self.streams += 1
        self.ask(events.AgentConnect(1, self.streams, body, "198.18.0.1"), 200)
        self.long_lived.grown(len(self.core.state.agents))
        self.agents.append(self.core.state.agent_streams[self.streams])

    def call(self, body: bytes, stream_id: str) -> list[Effect]:
        return self.ask(events.Called(1, codec.decode(body, Call), stream_id), 202)

    def offer(self) -> tuple[float, int]:
        """All slices that are due: seconds in all, and how many offers were made."""
        allocator = self.core.state.allocator
        before, seconds, budget = len(self.core.state.offers), 0.0, 200
        while allocator.due() <= self.time:
            began = time.process_time()
            effects = self.core.receive(events.BudgetedTick(budget), self.now())
            took = time.process_time() - began
            assert all(isinstance(effect, SendJoined) for effect in effects)
            budget = next_budget(budget, took, allocator.slices_left)
            seconds += took
            self.longest = max(self.longest, took)
        self.long_lived.offered()
        return seconds, len(self.core.state.offers) - before

    def decline(self, refuse_seconds: float) -> None:
        """Everybody declines what they have; that of very many offers is gone on with in steps."""
        for framework_id, stream_id in self.frameworks:
            ids = [OfferID(value=one) for one in sorted(self.core.state.frameworks[framework_id].offers)]
            if ids:
                filters = {"refuse_seconds": refuse_seconds}
                body = {"type": "DECLINE", "framework_id": {"value": framework_id}}
                self.call(codec.encode({**body, "decline": {"offer_ids": ids, "filters": filters}}), stream_id)
        while self.core.state.chores:
            self.core.receive(events.BudgetedTick(0), self.now())


def _connect(
    number: int,
    agent_id: str | None = None,
    tasks: Sequence[object] = (),
    framework: object = None,
    asked: Sequence[object] = (),
) -> bytes:
    info = _agent(number) | ({"id": {"value": agent_id}} if agent_id is not None else {})
    frameworks = [framework] if framework is not None else []
    body = {"version": 1, "versions": [1, 2], "agent": info, "software": "x", "boot_id": "b"}
    return codec.encode({**body, "tasks": tasks, "frameworks": frameworks, "asked": asked})


def crowd(roles: int) -> Master:
    """All agents and all frameworks; nothing was offered yet. One role: ``*``."""
    master = Master([f"S{number}" for number in range(AGENTS)])
    for number in range(FRAMEWORKS):
        master.framework("*" if roles == 1 else f"role-{number % roles:04}")
    for number in range(AGENTS):
        master.agent(_connect(number, f"S{number}"))
    gc.collect()
    gc.freeze()  # as the daemon does once it leads
    return master


def _cycles(bench: Bench, master: Master) -> Measured:
    """Everything is free, and offered, each time. The first run also makes each agent's fragments, and is not told."""
    samples = []
    master.offer()
    master.longest = 0.0
    for _ in bench.times(5):
        master.decline(0.0)
        master.time += 1.0
        seconds, offers = master.offer()
        assert offers == AGENTS, offers
        samples.append(seconds)
    _slices(bench).append(master.longest)
    return Measured(samples, note=f"longest slice {master.longest * 1000:.1f} ms")


def _slices(bench: Bench) -> list[float]:
    return bench.shared(_longest)


@contextlib.contextmanager
def _longest(bench: Bench) -> Iterator[list[float]]:
    yield []


@figure("core.offers_free", "a cycle of offers, all agents free", unit="s", how=HOW, aim=at_most(0.3))
def offers_free(bench: Bench) -> Measured:
    return _cycles(bench, crowd(1))


@figure("core.offers_roles", "a cycle of offers, all agents free, 1,000 roles", unit="s", how=HOW, aim=at_most(0.3))
def offers_roles(bench: Bench) -> Measured:
    return _cycles(bench, crowd(FRAMEWORKS))


@figure("core.offers_used", "a cycle of offers, 95 % of each agent used", unit="s", how=HOW, aim=at_most(0.3))
def offers_used(bench: Bench) -> Measured:
    master = crowd(1)
    allocator = master.core.state.allocator
    part = Resources({plain("cpus"): CPUS * 950, plain("mem"): MEM * 950})
    for number, agent_id in enumerate(master.agents):
        allocator.charge(master.frameworks[number % FRAMEWORKS][0], "*", agent_id, part)
    return _cycles(bench, master)


@figure(
    "core.offers_filtered",
    "a cycle of offers, everybody refused every agent",
    unit="s",
    how=f"{HOW}; each run looks at all agents: the last framework to refuse them does so before it",
    aim=at_most(0.3),
)
def offers_filtered(bench: Bench) -> Measured:
    master = bench.shared(_filtered)
    samples = []
    last, stream_id = master.frameworks[-1]
    for _ in bench.times(5):
        master.call(codec.encode({"type": "REVIVE", "framework_id": {"value": last}}), stream_id)
        _, offers = master.offer()
        assert offers == AGENTS, offers
        master.decline(1e6)
        master.time += 1.0
        master.longest = 0.0
        seconds, offers = master.offer()
        assert offers == 0, offers
        samples.append(seconds)
    _slices(bench).append(master.longest)
    return Measured(samples, note=f"longest slice {master.longest * 1000:.1f} ms")


@contextlib.contextmanager
def _filtered(bench: Bench) -> Iterator[Master]:
    """All frameworks refused all agents for good."""
    master = crowd(1)
    master.offer()
    master.decline(1e6)
    allocator = master.core.state.allocator
    for agent_id in master.agents:
        whole = allocator.available(agent_id)
        for framework_id, _ in master.frameworks:
            allocator.refuse(framework_id, "*", agent_id, whole, 1e9)
    master.time += 1.0
    assert master.offer()[1] == 0
    yield master


@figure(
    "core.join",
    "first offers to a framework that joins, of all agents",
    unit="s",
    how=f"{HOW}; all of which have refused all agents",
    aim=at_most(0.3),
)
def join(bench: Bench) -> Measured:
    master = bench.shared(_filtered)
    samples = []
    for number in bench.times(5):
        framework_id, stream_id = master.framework("*" if number % 2 else "another")
        master.longest = 0.0
        seconds, offers = master.offer()
        assert offers == AGENTS, offers
        samples.append(seconds)
        _slices(bench).append(master.longest)
        master.call(codec.encode({"type": "TEARDOWN", "framework_id": {"value": framework_id}}), stream_id)
        master.frameworks.pop()
        master.time += 1.0
        master.offer()
    return Measured(samples, note=f"longest slice {max(_slices(bench)) * 1000:.1f} ms")


@figure(
    "core.slice",
    "the longest slice of all cycles of offers",
    unit="ms",
    how="of the figures of offers above that were measured in this run, or else of cycles with all agents free",
    aim=at_most(20),
)
def longest_slice(bench: Bench) -> Measured:
    if not _slices(bench):
        offers_free(bench)
    return Measured([max(_slices(bench)) * 1000])


# --- tasks -----------------------------------------------------------------------------------------------------------


def running(agents: int, framework_id: str = "fw-0") -> Iterator[bytes]:
    """What each agent of a cluster says that connects to a new master, with its tasks."""
    framework = {"user": "u", "name": "f", "failover_timeout": 1e6, "id": {"value": framework_id}}
    for number in range(agents):
        agent_id = f"S{number}"
        received = []
        for index in range(TASKS_AN_AGENT):
            name = f"app-{number}.instance-0a1b2c3d-{index}._app.1"
            task = _task(agent_id, name, "*")
            status = {
                "task_id": {"value": name},
                "agent_id": {"value": agent_id},
                "executor_id": {"value": name},
                "source": "SOURCE_EXECUTOR",
                "state": "TASK_RUNNING",
                "timestamp": 1732860000.123,
                "uuid": "MDEyMzQ1Njc4OWFiY2RlZg==",
                "healthy": True,
                "container_status": {"container_id": {"value": name}, "executor_pid": 1234},
            }
            one = {"framework_id": framework_id, "task": task, "state": "TASK_RUNNING", "status": status}
            decided_on = {"task_id": name, "asked": 0, "status_uuid": status["uuid"]}
            received.append({**one, **decided_on, "status_state": "TASK_RUNNING"})
        yield _connect(
            number, agent_id, received, framework, [_task(agent_id, "t", "*")["resources"]] if received else []
        )


def _again(bodies: Sequence[bytes], recovered: Sequence[str]) -> tuple[float, Master]:
    master = Master(recovered, "second")
    gc.collect()
    gc.freeze()
    began = time.process_time()
    for body in bodies:
        master.agent(body)
    return time.process_time() - began, master


@figure(
    "core.failover",
    f"{AGENTS} agents with {TASKS_AN_AGENT} tasks each register again with a new master",
    unit="s",
    how="their Connect messages as bytes, one after the other, into one core, by processor time",
    aim=at_most(2),
)
def failover(bench: Bench) -> Measured:
    bodies = list(running(AGENTS))
    recovered = [f"S{number}" for number in range(AGENTS)]
    samples = []
    for _ in bench.times(3):
        seconds, master = _again(bodies, recovered)
        assert sum(len(agent.all_tasks()) for agent in master.core.state.agents.values()) == AGENTS * TASKS_AN_AGENT
        samples.append(seconds)
        del master
        gc.unfreeze()
    return Measured(samples)


@figure(
    "core.launch",
    f"launches by ACCEPT of {LAUNCHED} tasks",
    unit="tasks/s",
    how="the call as bytes into one core, until the messages to the agents are bytes, by processor time",
    aim=at_least(10_000),
)
def launch(bench: Bench) -> Measured:
    master = Master()
    master.framework("*")
    return Measured([launched(master, number) for number in bench.times(7)])


def launched(master: Master, number: int) -> float:
    """Tasks a second, on ten more agents; ``number`` counts from 0."""
    ((framework_id, stream_id),) = master.frameworks
    calls = []
    for index in range(10):
        master.agent(_connect(number * 10 + index))
    master.offer()
    for offer in list(master.core.state.offers.values()):
        tasks = [_task(offer.agent_id, f"app.{offer.id}-{index}") for index in range(LAUNCHED)]
        launching = {"type": "LAUNCH", "launch": {"task_infos": tasks}}
        accept = {"offer_ids": [{"value": offer.id}], "operations": [launching], "filters": {"refuse_seconds": 1e6}}
        body = {"type": "ACCEPT", "framework_id": {"value": framework_id}, "accept": accept}
        calls.append(codec.encode(body))
    began = time.process_time()
    _launched(master, calls, stream_id)
    took = time.process_time() - began
    master.time += 1.0
    return LAUNCHED * len(calls) / took


def _launched(master: Master, calls: Sequence[bytes], stream_id: str) -> None:
    for body in calls:
        effects = master.call(body, stream_id)
        assert sum(isinstance(effect, SendToAgent) for effect in effects) == LAUNCHED, effects
        assert not any(isinstance(effect, Send) for effect in effects)


@figure(
    "core.memory",
    f"peak memory of a master with {AGENTS} agents and {AGENTS * TASKS_AN_AGENT} running tasks",
    unit="MB",
    how="ru_maxrss of a process in which the agents of core.failover register with one core",
    aim=at_most(1000),
)
def memory(bench: Bench) -> Measured:
    argv = [sys.executable, "-c", "from tests.bench.core import peak; print(peak())"]
    return Measured(
        [float(subprocess.run(argv, check=True, capture_output=True, text=True).stdout) for _ in bench.times(1)]
    )


def peak() -> float:
    """In megabytes, after all that; for a process of its own."""
    master = Master([f"S{number}" for number in range(AGENTS)], "second")
    for body in running(AGENTS):
        master.agent(body)
    master.offer()
    assert len(master.core.state.agents) == AGENTS
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
