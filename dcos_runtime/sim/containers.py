"""The containers of a simulated host, which outlive the agent that made them."""

from __future__ import annotations

from collections import deque
from random import Random

import msgspec

from dcos_runtime.agent.core import events
from dcos_runtime.agent.core.effects import Destroy, Prepare, RunCheck, Signal, Start, WatchContainer
from dcos_runtime.agent.core.model import Exit, Facts, Found
from dcos_runtime.sim.behaviour import Behaviour
from dcos_runtime.sim.executors import Program
from dcos_runtime.sim.home import Home
from dcos_runtime.wire import codec

SIGKILL = 9
FOUND = {
    "absent": Found.ABSENT,
    "created": Found.CREATED,
    "running": Found.RUNNING,
    "orphaned": Found.ORPHANED,
    "exited": Found.EXITED,
}


class _Command(msgspec.Struct, frozen=True):
    value: str = "run inf 0"


class _Asked(msgspec.Struct):
    class Id(msgspec.Struct):
        value: str = ""

    task_id: _Asked.Id
    command: _Command = _Command()


class Container:
    """``state`` is the real one; ``operations`` run one at a time. ``executor``: it is that of a custom executor, whose
    id is ``task_id``; ``program`` is its process.
    """

    __slots__ = ("behaviour", "busy", "executor", "exit", "framework_id", "id", "kills", "operations", "program",
                 "reported", "starts", "state", "task_id", "watched")  # fmt: skip

    def __init__(self, id: str) -> None:
        self.id = id
        self.framework_id = self.task_id = ""
        self.state = "absent"
        self.behaviour = Behaviour(float("inf"), 0, frozenset())
        self.exit: Exit | None = None
        self.operations: deque[Prepare | Start | Signal | Destroy] = deque()
        self.busy = self.watched = self.reported = False
        self.starts = self.kills = 0
        self.executor = False
        self.program: Program | None = None


class Host:
    """The state of one machine. It outlives the agent's process, but not the machine."""

    def __init__(self, agent: Home) -> None:
        self._agent = agent
        self.containers: dict[str, Container] = {}
        self.boot = 1

    # --- what the agent wants ---

    def ask(self, effect: Prepare | Start | Signal | Destroy | WatchContainer) -> None:
        container = self.containers.get(effect.container_id)
        if container is None:
            container = self.containers[effect.container_id] = Container(effect.container_id)
        if isinstance(effect, WatchContainer):
            container.watched = True
            if container.state in ("exited", "orphaned"):
                self._report_soon(container)
            return
        if isinstance(effect, Destroy):
            # A preparation under way is cancelled.
            container.operations = deque(item for item in container.operations if not isinstance(item, Prepare))
        container.operations.append(effect)
        self._work(container)

    def _work(self, container: Container) -> None:
        if container.busy or not container.operations:
            return
        container.busy = True
        operation = container.operations.popleft()
        low, high = _SECONDS[type(operation)]
        self._agent.later(self._agent.random.uniform(low, high), lambda: self._done(container, operation))

    def _done(self, container: Container, operation: Prepare | Start | Signal | Destroy) -> None:
        container.busy = False
        feed = self._agent.feed
        match operation:
            case Prepare():
                asked = codec.decode(operation.task, _Asked)
                container.behaviour = Behaviour.of(asked.command.value)
                container.framework_id, container.task_id = operation.framework_id, asked.task_id.value
                container.executor = operation.executor
                if "bad" in container.behaviour.words:
                    feed(events.LaunchFailed(container.id, "Failed to launch container: no such program"))
                else:
                    container.state = "created"
                    feed(events.Created(container.id, 4242))
            case Start():
                if container.state == "created":
                    self._run(container)
                    container.watched = True
                    feed(events.Started(container.id))
                else:
                    feed(events.LaunchFailed(container.id, "Failed to launch container: it is not there"))
            case Signal():
                self._signalled(container, operation.number)
            case Destroy():
                self.remove(container)
                feed(events.Destroyed(container.id))
        self._work(container)

    def _run(self, container: Container) -> None:
        container.state = "running"
        container.starts += 1
        if container.executor:
            self._run_executor(container)
            return
        self._agent.cluster.watch.started(self._agent, container)
        seconds, code = container.behaviour.seconds, container.behaviour.code
        if seconds != float("inf"):
            boot = self.boot
            self._agent.clock.after(seconds, lambda: self._ends(container, Exit(code=code), boot))

    def _run_executor(self, container: Container) -> None:
        agent, boot = self._agent, self.boot
        container.program = Program(
            agent,
            container.id,
            container.framework_id,
            container.task_id,
            container.behaviour.words,
            Random(f"{agent.cluster.seed} {container.id}"),
            lambda exit: self._ends(container, exit, boot),
        )
        container.program.begin()

    def programs(self) -> list[Program]:
        """The custom executors that run."""
        return [one.program for one in self.containers.values() if one.program is not None and not one.program.over]

    def _stopped(self, container: Container) -> None:
        """Its process is gone."""
        if container.program is not None:
            container.program.ended()
        if container.executor:
            self._agent.cluster.watch.executor_ended(self._agent, container)
        else:
            self._agent.cluster.watch.ended(self._agent, container)

    def _signalled(self, container: Container, number: int) -> None:
        words = container.behaviour.words
        if number != SIGKILL and "stubborn" in words:
            return
        if number == SIGKILL:
            container.kills += 1
            if "undead" in words and container.kills <= 2:
                return
        boot = self.boot
        wait = self._agent.random.uniform(0.005, 0.05 if number == SIGKILL else 0.5)
        self._agent.clock.after(wait, lambda: self._ends(container, Exit(signal=number), boot))

    def check(self, effect: RunCheck) -> None:
        """A check takes a moment, or so long that it is given up. Then its result may come while the next is made."""
        container, random = self.containers.get(effect.container_id), self._agent.random
        words = container.behaviour.words if container is not None else frozenset()
        well = "ill" not in words and ("weak" not in words or random.random() < 0.6)
        seconds = random.uniform(2.0, 9.0) if "weak" in words and random.random() < 0.2 else random.uniform(0.01, 1.5)
        self._agent.later(seconds, lambda: self._checked(effect, 200 if well else 503))

    def _checked(self, effect: RunCheck, value: int) -> None:
        container = self.containers.get(effect.container_id)
        there = container is not None and container.state == "running"
        self._agent.feed(
            events.Checked(effect.container_id, effect.kind, effect.number, value if there else None, unknown=not there)
        )

    # --- what happens there ---

    def _ends(self, container: Container, exit: Exit, boot: int) -> None:
        if container.state == "running" and boot == self.boot:
            container.state, container.exit = "exited", exit
            self._stopped(container)
            self._report_soon(container)

    def orphan(self, container: Container) -> None:
        """Its supervisor dies: its exit status is lost."""
        if container.state == "running":
            container.state = "orphaned"
            self._stopped(container)
            self._report_soon(container)

    def _report_soon(self, container: Container) -> None:
        if container.watched and self._agent.up:
            self._agent.later(0.002, lambda: self._report(container))

    def _report(self, container: Container) -> None:
        if not container.watched:
            return
        container.watched = False
        if container.state == "exited" and container.exit is not None:
            container.reported = True
            self._agent.feed(events.Exited(container.id, container.exit))
        elif container.state == "orphaned":
            self._agent.feed(events.SupervisorLost(container.id))

    def remove(self, container: Container) -> None:
        container.watched = False
        if container.state != "absent":
            container.state = "absent"
            if container.program is not None:
                container.program.ended()
            if not container.executor:
                self._agent.cluster.watch.gone(self._agent, container)
        self.containers.pop(container.id, None)

    # --- the agent's process and the machine ---

    def agent_died(self) -> None:
        for container in self.containers.values():
            container.operations.clear()
            container.busy = container.watched = False
            if container.program is not None and container.program.stream is not None:
                container.program.closed(container.program.stream)
        self.containers = {name: one for name, one in self.containers.items() if one.state != "absent"}

    def reboot(self) -> None:
        self.boot += 1
        for container in list(self.containers.values()):
            if container.state == "exited":
                continue
            self.remove(container)

    def facts(self) -> tuple[tuple[str, Facts], ...]:
        return tuple(
            (name, Facts(FOUND[one.state], one.exit, 4242 if one.state != "absent" else None))
            for name, one in self.containers.items()
        )


_SECONDS = {Prepare: (0.02, 0.3), Start: (0.005, 0.05), Signal: (0.001, 0.01), Destroy: (0.01, 0.1)}
