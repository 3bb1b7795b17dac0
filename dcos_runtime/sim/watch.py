"""Watches all events of the cluster: hands them to the ledgers, and reports violations at once.

A step is checked for what it touched. Everything is checked every thousand steps and at the end.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from dcos_runtime.sim import watched
from dcos_runtime.sim.clock import Clock
from dcos_runtime.sim.obligations import Obligations, Violation
from dcos_runtime.sim.telling import short
from dcos_runtime.sim.watch_agents import AgentLedger
from dcos_runtime.sim.watch_init import InitLedger
from dcos_runtime.sim.watch_master import MasterLedger

if TYPE_CHECKING:
    from dcos_runtime.core.frozen import Now, Persist
    from dcos_runtime.sim.agent import AgentProcess
    from dcos_runtime.sim.containers import Container
    from dcos_runtime.sim.ensemble import Member
    from dcos_runtime.sim.executors import Running
    from dcos_runtime.sim.framework import FrameworkProcess, Launched
    from dcos_runtime.sim.process import CoreProcess, Process
    from dcos_runtime.wire.tasks import TaskStatus

EVERY = 1000
KEPT = 400


class WatchedCluster(watched.WatchedCluster, Protocol):
    """The cluster as the observer sees it."""

    @property
    def clock(self) -> Clock: ...


class Watch:
    """The observer to which processes report. ``trace``: the last events are kept, for people."""

    def __init__(self, cluster: WatchedCluster, trace: bool = False) -> None:
        self.cluster = cluster
        self.steps = 0
        self.obligations = Obligations()
        self.agents = AgentLedger(self)
        self.masters = MasterLedger(self)
        self.inits = InitLedger(self)
        self.running: dict[tuple[str, str], set[str]] = {}
        """Which containers run a task: (framework, task) → container ids."""
        self.calm = False
        """Faults have ended."""
        self.misfortunes: Counter[str] = Counter()
        """The places where cores were unlucky; see `core.seeds.Source.unlucky`."""
        self._notes: deque[str] | None = deque(maxlen=KEPT) if trace else None

    @property
    def now(self) -> float:
        return self.cluster.clock.now

    # --- for people ---

    def note(self, text: str) -> None:
        if self._notes is not None:
            self._notes.append(f"{self.cluster.clock.elapsed:10.3f}  {text}")

    def notes(self) -> list[str]:
        return list(self._notes or ())

    def befalls(self, process: Process, what: str) -> bool:
        """Whether a core may be unlucky: not after faults have ended."""
        if not self.calm:
            self.misfortunes[what] += 1
            self.note(f"{process.name}: bad luck, {what}")
        return not self.calm

    # --- every step of a core ---

    def _step(self) -> None:
        self.steps += 1
        self.obligations.check(self.cluster.clock.now)
        if self.steps % EVERY == 0:
            self.scan()

    def scan(self) -> None:
        """Checks everything."""
        self.masters.scan()

    def at_rest(self) -> None:
        """Checks what holds only while no message is under way."""
        self.masters.at_rest()

    def stepped(self, process: CoreProcess, now: Now, event: Any, effects: Sequence[Any], error: str) -> None:
        if self._notes is not None:
            self._trace(process, event, effects)
        if error:
            raise Violation(f"{process.name}: its core raised {error} at {event!r:.300}")
        if process.kind == "agent":
            self.agents.stepped(process, now, event, effects)  # type: ignore[arg-type]  # its kind says whose process it is
        elif process.kind == "master":
            self.masters.stepped(process, event, effects)  # type: ignore[arg-type]  # its kind says whose process it is
        elif process.kind == "init":
            self.inits.stepped(process, event, effects)  # type: ignore[arg-type]  # its kind says whose process it is
        self._step()

    def _trace(self, process: Process, event: Any, effects: Sequence[Any]) -> None:
        self.note(f"{process.name} ← {short(event)}")
        for effect in effects:
            self.note(f"{process.name}   → {short(effect)}")

    def performing(self, process: CoreProcess, effect: Any) -> None:
        pass

    def killed(self, process: Process) -> None:
        self.note(f"{process.name} dies")
        if process.kind == "agent":
            self.agents.killed(process)  # type: ignore[arg-type]  # its kind says whose process it is
        elif process.kind == "master":
            self.masters.killed(process)  # type: ignore[arg-type]  # its kind says whose process it is
        elif process.kind == "init":
            self.inits.killed(process)  # type: ignore[arg-type]  # its kind says whose process it is
        self.obligations.forgive(process.name)

    # --- agents ---

    def durable(self, agent: AgentProcess, effect: Persist) -> None:
        self.agents.durable(agent, effect)

    def started(self, agent: AgentProcess, container: Container | Running) -> None:
        self.note(f"{agent.name} runs {container.task_id}")
        key = (container.framework_id, container.task_id)
        running = self.running.setdefault(key, set())
        running.add(container.id)
        if container.starts > 1 or len(running) > 1:
            raise Violation(f"{agent.name}: task {key} is run twice")

    def ended(self, agent: AgentProcess, container: Container) -> None:
        self.note(f"{agent.name}: {container.task_id} ended, {container.exit}")
        self._over(container)
        self.agents.ended(agent, container)

    def executor_ended(self, agent: AgentProcess, container: Container) -> None:
        self.note(f"{agent.name}: the executor {container.task_id} ended, {container.exit}")
        self.agents.executor_ended(agent, container)

    def gone(self, agent: AgentProcess, container: Container | Running) -> None:
        self._over(container)

    def _over(self, container: Container | Running) -> None:
        key = (container.framework_id, container.task_id)
        running = self.running.get(key)
        if running is not None:
            running.discard(container.id)
            if not running:
                del self.running[key]

    # --- the store ---

    def store_written(self, name: str, member: Member, fence: int, changes: Mapping[str, bytes | None]) -> None:
        process = member.process
        if not member.alive or member.fence != fence:
            raise Violation(f"{process.name} writes to the store of {name} and does not lead")
        if process.kind == "init":
            self.inits.stored(process, changes)  # type: ignore[arg-type]  # its kind says whose process it is
            return
        for key, value in changes.items():
            if value is None or b"unreachable_since" in value:
                self.masters.given_up(process.name, key.removeprefix("agents/"))

    # --- frameworks ---

    def aware(self, task_id: str) -> bool:
        """Whether the framework of this task knows TASK_UNREACHABLE."""
        name = task_id.partition(".")[0]
        return not name.startswith("framework") or self.cluster.framework(name).aware

    def cut_short(self, app_id: str, really: bool) -> None:
        (self.inits.cut_short.add if really else self.inits.cut_short.discard)(app_id)

    def launched(self, framework: FrameworkProcess, task_id: str, task: Launched) -> None:
        self.masters.sizes[task_id] = (task.cpus, task.ports)

    def framework_heard(self, framework: FrameworkProcess, status: TaskStatus) -> None:
        if self._notes is not None:
            reason = status.reason.value if status.reason else ""
            self.note(f"{framework.name} hears {status.task_id.value} {status.state.value} {reason}")
