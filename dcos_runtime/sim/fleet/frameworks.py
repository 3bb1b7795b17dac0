"""Frameworks that launch so many tasks and acknowledge all updates, over the connection that the init has, too."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from dcos_runtime.framework.client import Client
from dcos_runtime.framework.leader import MasterLeader
from dcos_runtime.sim.fleet.options import FleetOptions
from dcos_runtime.wire import calls
from dcos_runtime.wire.cluster import FrameworkInfo, Offer
from dcos_runtime.wire.common import CommandInfo, FrameworkID, TaskID, Value
from dcos_runtime.wire.ended import ENDED
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.scheduler import Call, Event
from dcos_runtime.wire.tasks import TaskInfo, TaskState

REFUSE_LONG = 3600.0
MULTI_ROLE = FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type.MULTI_ROLE)
PARTITION_AWARE = FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type.PARTITION_AWARE)


class Frameworks:
    """All frameworks of this process, and what they have seen. Times are `time.monotonic`."""

    def __init__(self, options: FleetOptions, changed: Callable[[], None]) -> None:
        self.options, self.changed = options, changed
        self.first_accept: float | None = None
        self.last_running: float | None = None
        self.latencies: list[float] = []
        """Seconds from each task's ACCEPT to its TASK_RUNNING."""
        self.launched = self.ran = self.ended = self.failed = self.refused = 0
        self.all = [Framework(self, number) for number in range(options.frameworks)]

    @property
    def done(self) -> bool:
        """All tasks ran; those that end have ended."""
        over = self.ended if self.options.lasting != float("inf") else self.ran
        return over + self.failed >= self.options.tasks

    async def run(self) -> None:
        """Never returns. Raises what ends a framework's subscription."""
        leader = MasterLeader(self.options.master)
        tasks = []
        try:
            for one in self.all:
                one.client = Client(leader, one.introduce, one)
                tasks.append(asyncio.create_task(one.client.run(), name=one.name))
            await asyncio.gather(*tasks)
            await asyncio.Event().wait()  # there may be none
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await leader.close()


class Framework:
    """Wants its share of the tasks. Tasks are named by their number."""

    def __init__(self, together: Frameworks, number: int) -> None:
        options = together.options
        self._together = together
        self.name = f"framework{number}"
        self._role = f"role{number % options.roles}" if options.roles > 1 else "fleet"
        self._wanted = options.tasks_of(number)
        self._accepted: dict[str, float] = {}
        self._count = 0
        self._suppressed = False
        self.client: Client | None = None
        self._id: FrameworkID | None = None
        words = "inf" if options.lasting == float("inf") else f"{options.lasting:.3f}"
        self._command = CommandInfo(value=f"run {words} 0")
        self._resources = [self._scalar("cpus", options.task_cpus), self._scalar("mem", options.task_mem)]

    def _scalar(self, name: str, value: float) -> Resource:
        return Resource(
            name=name,
            type=Value.Type.SCALAR,
            scalar=Value.Scalar(value=value),
            allocation_info=Resource.AllocationInfo(role=self._role),
        )

    def introduce(self) -> FrameworkInfo:
        return FrameworkInfo(
            id=self._id,
            user="root",
            name=self.name,
            roles=[self._role],
            failover_timeout=3600.0,
            checkpoint=True,
            capabilities=[MULTI_ROLE, PARTITION_AWARE],
        )

    async def event(self, event: Event) -> None:
        if event.update is not None:
            self._update(event.update.status.task_id.value, event.update.status.state)
            acknowledgement = calls.acknowledge(event.update.status)
            if acknowledgement is not None:
                self._send(acknowledgement)
        elif event.subscribed is not None:
            self._id = event.subscribed.framework_id
        elif event.offers is not None:
            for offer in event.offers.offers:
                self._offer(offer)
            if self._wanted <= 0 and not self._suppressed:
                self._suppressed = True
                self._send(calls.suppress())

    async def disconnected(self, reason: str) -> None:
        self._suppressed = False

    async def refused(self, call: Call, status: int, text: str) -> None:
        self._together.refused += 1

    def _send(self, call: Call) -> bool:
        return self.client is not None and self.client.send(call)

    def _offer(self, offer: Offer) -> None:
        options = self._together.options
        room = min(
            self._wanted,
            options.per_accept,
            int(_amount(offer, "cpus") / options.task_cpus + 1e-9),
            int(_amount(offer, "mem") / options.task_mem + 1e-9),
        )
        if room <= 0:
            self._send(calls.decline([offer.id.value], REFUSE_LONG if self._wanted <= 0 else 5.0))
            return
        names = [f"{self.name}.{self._count + number}" for number in range(room)]
        tasks = [
            TaskInfo(
                name=name,
                task_id=TaskID(value=name),
                agent_id=offer.agent_id,
                command=self._command,
                resources=self._resources,
            )
            for name in names
        ]
        at = time.monotonic()
        if not self._send(calls.launch([offer.id.value], tasks, refuse_seconds=0.0)):
            return  # the subscription is over, and its offers with it
        self._count += room
        self._wanted -= room
        self._together.launched += room
        if self._together.first_accept is None:
            self._together.first_accept = at
        self._accepted.update((name, at) for name in names)

    def _update(self, name: str, state: TaskState | None) -> None:
        together = self._together
        if state is TaskState.TASK_RUNNING:
            accepted = self._accepted.pop(name, None)
            if accepted is not None:
                together.ran += 1
                together.last_running = time.monotonic()
                together.latencies.append(together.last_running - accepted)
        elif state is not None and state.value in ENDED:
            if state is TaskState.TASK_FINISHED:
                together.ended += 1
            elif self._accepted.pop(name, None) is not None:
                self._wanted += 1  # it was not launched: offers that were gone, or an agent
                together.launched -= 1
                if self._suppressed:
                    self._suppressed = False
                    self._send(calls.revive())
            else:
                together.failed += 1
        together.changed()


def _amount(offer: Offer, name: str) -> float:
    return sum(one.scalar.value for one in offer.resources if one.name == name and one.scalar is not None)
