"""The kernel's way from an offer to a running task, and what a look at it costs, beside a real Mesos if any."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from dcos_runtime.framework.client import Client
from dcos_runtime.framework.leader import MasterLeader
from dcos_runtime.wire import calls
from dcos_runtime.wire.cluster import FrameworkInfo, Offer
from dcos_runtime.wire.common import CommandInfo, TaskID, Value
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.scheduler import Call, Event
from dcos_runtime.wire.tasks import TaskInfo, TaskState
from tests.bench.figures import Bench, Measured, NotHere, figure
from tests.support.daemons.byhand import ask, cluster, free_port, wait_for

T = TypeVar("T")

RESOURCES = "cpus:16;mem:65536;disk:65536"
INTERVAL = "50ms"  # between allocations, in both: otherwise a second's wait for the next offer hides all else
BURST = 100
MEM = 32
STATE_TASKS = 1000
OTHER = "Mesos 1.11"
NOTE = "its containerizer and executor are stand-ins: a yardstick for the way there and back, not Mesos' own speed"
DEADLINE_SECONDS = 300.0
_ENDED = {
    TaskState.TASK_FINISHED,
    TaskState.TASK_FAILED,
    TaskState.TASK_LOST,
    TaskState.TASK_ERROR,
    TaskState.TASK_DROPPED,
}


@contextlib.contextmanager
def our_kernel(bench: Bench) -> Iterator[str]:
    """A master and an agent of ours; yields the master's URL."""
    with cluster(bench.place("kernel"), agents=1, resources=RESOURCES, allocation_interval=INTERVAL) as made:
        made.marathon.stop()  # it would be offered half of everything
        _wait_for_agent(made.master.url)
        yield made.master.url


@contextlib.contextmanager
def real_mesos(bench: Bench) -> Iterator[str]:
    """A real Mesos beside the checkout, or at DCOS_ORACLE. Raises `NotHere`."""
    program = Path(os.environ.get("DCOS_ORACLE") or Path(__file__).parents[3] / "shared" / "oracle" / "mesos-oracle")
    if not program.is_file():
        raise NotHere("no real Mesos is beside the checkout, and DCOS_ORACLE names none")
    port = free_port()
    start = [str(program), "up", "--port", str(port), "--resources", f"{RESOURCES};ports:[31000-32000]"]
    subprocess.run([*start, "--flag", f"allocation_interval={INTERVAL}"], check=True, capture_output=True, timeout=300)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for_agent(url)
        yield url
    finally:
        subprocess.run([program, "down", "--port", str(port)], check=False, capture_output=True, timeout=60)


def _wait_for_agent(url: str) -> None:
    wait_for(lambda: len(ask(f"{url}/state")[1]["slaves"]) == 1, 30, f"an agent at {url}")


@dataclass
class Load:
    """A scheduler that launches tasks on demand and keeps when each state was seen."""

    offers: asyncio.Queue[Offer] = field(default_factory=asyncio.Queue)
    seen: dict[str, dict[TaskState, float]] = field(default_factory=dict)
    changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    client: Client | None = None
    launched: int = 0

    async def event(self, event: Event) -> None:
        if event.offers is not None:
            for offer in event.offers.offers:
                self.offers.put_nowait(offer)
        if event.rescind is not None:
            raise RuntimeError("an offer was rescinded: another framework uses this cluster")
        if event.update is not None:
            status = event.update.status
            self.seen.setdefault(status.task_id.value, {}).setdefault(status.state, time.perf_counter())
            if (acknowledgement := calls.acknowledge(status)) is not None:
                self._send(acknowledgement)
            async with self.changed:
                self.changed.notify_all()

    async def disconnected(self, reason: str) -> None:
        raise RuntimeError(reason)

    async def refused(self, call: Call, status: int, text: str) -> None:
        raise RuntimeError(f"{call.type} was refused with {status}: {text}")

    def _send(self, call: Call) -> None:
        assert self.client is not None
        if not self.client.send(call):
            raise RuntimeError("not subscribed")

    async def launch(self, count: int, command: str, cpus: float = 0.01) -> tuple[float, list[str]]:
        """Launches so many tasks with one offer; when that was, and their ids."""
        offer = await self.offers.get()
        while not (_amount(offer, "cpus") >= count * cpus and _amount(offer, "mem") >= count * MEM):
            self._send(calls.decline([offer.id.value], refuse_seconds=0.1))  # other tasks are not all gone yet
            offer = await self.offers.get()
        names = [f"bench-{self.launched + number}" for number in range(count)]
        self.launched += count
        tasks = [
            TaskInfo(
                name=name,
                task_id=TaskID(value=name),
                agent_id=offer.agent_id,
                command=CommandInfo(value=command),
                resources=[_scalar("cpus", cpus), _scalar("mem", MEM)],
            )
            for name in names
        ]
        at = time.perf_counter()
        self._send(calls.launch([offer.id.value], tasks, refuse_seconds=0))
        return at, names

    async def all_in(self, names: list[str], states: set[TaskState]) -> float:
        """When the last of these tasks was reported in one of the states. Fails for one that went wrong."""

        def done() -> bool:
            return all((states | _ENDED) & self.seen.get(name, {}).keys() for name in names)

        async with self.changed:
            await self.changed.wait_for(done)
        for name in names:
            wrong = (self.seen[name].keys() & _ENDED) - {TaskState.TASK_FINISHED}
            if wrong:
                raise RuntimeError(f"{name} ended as {wrong}")
        return max(min(at for state, at in self.seen[name].items() if state in states) for name in names)


def _amount(offer: Offer, name: str) -> float:
    return sum(one.scalar.value for one in offer.resources if one.name == name and one.scalar is not None)


def _scalar(name: str, value: float) -> Resource:
    return Resource(
        name=name,
        type=Value.Type.SCALAR,
        scalar=Value.Scalar(value=value),
        allocation_info=Resource.AllocationInfo(role="bench"),
    )


def with_load(url: str, work: Callable[[Load], Awaitable[T]]) -> T:
    """Subscribes to the master, does the work, tears the framework down."""

    async def run() -> T:
        load = Load()
        info = FrameworkInfo(
            user="root",
            name="bench",
            roles=["bench"],
            capabilities=[FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type.MULTI_ROLE)],
        )
        leader = MasterLeader(url.removeprefix("http://"))
        load.client = Client(leader, lambda: info, load)
        staying = asyncio.ensure_future(load.client.run())
        working = asyncio.ensure_future(work(load))
        try:
            done, _ = await asyncio.wait(
                {staying, working}, timeout=DEADLINE_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                raise TimeoutError(f"not done within {DEADLINE_SECONDS:g} s")
            if staying in done:
                staying.result()  # raises what ended the subscription
            return working.result()
        finally:
            for task in (working, staying):
                task.cancel()
            await asyncio.wait({working, staying})
            await leader.close()

    return asyncio.run(run())


async def one_by_one(load: Load, count: int, state: TaskState) -> list[float]:
    """Milliseconds from the ACCEPT of one task to its state, task after task."""
    found = []
    for _ in range(count):
        at, names = await load.launch(1, "true")
        await load.all_in(names, {TaskState.TASK_FINISHED})
        found.append((load.seen[names[0]][state] - at) * 1000)
    return found


async def burst(load: Load) -> float:
    """Tasks a second, from one ACCEPT of many to the last one's end."""
    at, names = await load.launch(BURST, "true")
    return BURST / (await load.all_in(names, {TaskState.TASK_FINISHED}) - at)


def beside(bench: Bench, measure: Callable[[str], list[float]], rounds: range) -> Measured:
    """The same on our kernel and on the real one, in turn; on ours alone where there is no other."""
    ours: list[float] = []
    others: list[float] = []
    url = bench.shared(our_kernel)
    try:
        other = bench.shared(real_mesos)
    except NotHere as missing:
        for _ in rounds:
            ours += measure(url)
        return Measured(ours, note=str(missing))
    for _ in rounds:
        ours += measure(url)
        others += measure(other)
    return Measured(ours, OTHER, others, NOTE)


@figure(
    "kernel.latency",
    "from ACCEPT to TASK_RUNNING of a task `true`, one after the other",
    unit="ms",
    how=f"framework client on one agent with --launcher=posix, allocation_interval={INTERVAL}; 20 tasks a round",
)
def latency(bench: Bench) -> Measured:
    return beside(
        bench, lambda url: with_load(url, lambda load: one_by_one(load, 20, TaskState.TASK_RUNNING)), bench.times(2)
    )


@figure(
    "kernel.completion",
    "from ACCEPT to TASK_FINISHED of a task `true`, one after the other",
    unit="ms",
    how=f"framework client on one agent with --launcher=posix, allocation_interval={INTERVAL}; 20 tasks a round",
)
def completion(bench: Bench) -> Measured:
    return beside(
        bench, lambda url: with_load(url, lambda load: one_by_one(load, 20, TaskState.TASK_FINISHED)), bench.times(2)
    )


@figure(
    "kernel.throughput",
    f"{BURST} tasks `true` launched by one ACCEPT, until the last has finished",
    unit="tasks/s",
    how="framework client on one agent with --launcher=posix",
)
def throughput(bench: Bench) -> Measured:
    return beside(bench, lambda url: [with_load(url, burst)], bench.times(3))


async def many(load: Load) -> None:
    """`STATE_TASKS` tasks that have run, in bursts."""
    for _ in range(STATE_TASKS // BURST):
        await burst(load)


def state_milliseconds(url: str) -> float:
    """One GET of /state by a client that reads all of it."""
    started = time.perf_counter()
    with urllib.request.urlopen(f"{url}/state", timeout=60) as answer:
        body = answer.read()
    taken = (time.perf_counter() - started) * 1000
    state = json.loads(body)
    tasks = sum(
        len(framework.get(kind, []))
        for group in ("frameworks", "completed_frameworks")
        for framework in state[group]
        for kind in ("tasks", "completed_tasks")
    )
    if tasks < STATE_TASKS:
        raise RuntimeError(f"/state of {url} holds {tasks} tasks, not {STATE_TASKS}")
    return taken


@figure(
    "kernel.state",
    f"/state with {STATE_TASKS} tasks",
    unit="ms",
    how=f"GET /state after {STATE_TASKS} tasks `true` of one framework have ended",
)
def state(bench: Bench) -> Measured:
    url = bench.shared(our_kernel)
    with_load(url, many)
    try:
        other = bench.shared(real_mesos)
        with_load(other, many)
    except NotHere as missing:
        return Measured([state_milliseconds(url) for _ in bench.times(15)], note=str(missing))
    ours, others = [], []
    for _ in bench.times(15):
        ours.append(state_milliseconds(url))
        others.append(state_milliseconds(other))
    return Measured(ours, OTHER, others)
