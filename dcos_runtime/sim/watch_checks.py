"""Invariants of health checks: each is made in time, and none of a task that is being killed; what fails too often is
killed, and nothing else; and each result that a framework has to know is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from dcos_runtime.agent.core.check_terms import CheckKind, CheckTerms, succeeded, terms
from dcos_runtime.agent.core.effects import Destroy, Prepare, RunCheck, StopCheck, WatchContainer
from dcos_runtime.agent.core.events import Checked, Started
from dcos_runtime.core.frozen import Now, Persist, Tick
from dcos_runtime.sim.obligations import Violation
from dcos_runtime.wire import codec
from dcos_runtime.wire.tasks import HealthCheck

if TYPE_CHECKING:
    from dcos_runtime.sim.agent import AgentProcess
    from dcos_runtime.sim.watched import Watched

SOON = 2.5
HEALTH = CheckKind.HEALTH


class _Task(msgspec.Struct):
    health_check: HealthCheck | None = None


class _Status(msgspec.Struct, frozen=True):
    uuid: str = ""
    healthy: bool | None = None


class _Health(msgspec.Struct, frozen=True):
    passed: bool = False
    failures: int = 0


class _Kill(msgspec.Struct, frozen=True):
    reason: str = ""


class _Record(msgspec.Struct, frozen=True):
    pending: list[_Status] = []
    health: _Health = _Health()
    kill: _Kill | None = None


class _Container(msgspec.Struct, frozen=True):
    stage: str = ""
    started: float | None = None


class _Run(msgspec.Struct, frozen=True):
    """A checkpoint; the fields that matter here."""

    tasks: list[_Record]
    container: _Container = _Container()

    @property
    def newest(self) -> _Status:
        return self.tasks[0].pending[-1] if self.tasks[0].pending else _Status()

    @property
    def over(self) -> bool:
        return self.tasks[0].kill is not None or self.container.stage in ("ending", "ended")


class _Checks:
    """The health checks of one container. ``running``: the number of the one under way; ``unhealthy``: the task has
    failed so often that it has to be killed; ``over``: it is being killed, or has ended.
    """

    def __init__(self, agreed: CheckTerms) -> None:
        self.terms = agreed
        self.started = 0.0
        self.running: int | None = None
        self.health = _Health()
        self.unhealthy = self.over = False
        self.newest = ""


class CheckLedger:
    """The observer's records of the health checks of all containers."""

    def __init__(self, watch: Watched) -> None:
        self._watch = watch
        self._owed = watch.obligations
        self._books: dict[tuple[str, str], _Checks] = {}
        self._decoder = msgspec.json.Decoder(_Run)

    def unhealthy(self, agent: AgentProcess, container_id: str) -> bool:
        """Whether the task in this container had to be killed for its health."""
        checks = self._books.get((agent.name, container_id))
        return checks is not None and checks.unhealthy

    def stepped(self, agent: AgentProcess, now: Now, event: Any, effects: Sequence[Any]) -> None:
        for effect in effects:
            if isinstance(effect, Prepare | WatchContainer):
                self._learn(agent, now, effect)
        if not self._books:
            return
        written = self._written(agent, effects)
        if isinstance(event, Started) and (checks := self._of(agent, event.container_id)) is not None:
            checks.started = self._watch.now
            self._owe_next(agent, event.container_id, checks.terms.delay)
        if isinstance(event, Checked) and event.kind is HEALTH:
            checks = self._of(agent, event.container_id)
            if checks is not None and checks.running == event.number:
                result = None if event.unknown else succeeded(checks.terms.type, event.value)
                self._judge(agent, event.container_id, checks, result, written.get(event.container_id))
        for effect in effects:
            if isinstance(effect, StopCheck) and effect.kind is HEALTH:
                checks = self._books[agent.name, effect.container_id]
                if isinstance(event, Tick):
                    self._judge(agent, effect.container_id, checks, False, written.get(effect.container_id))
                checks.running = None
        for container_id, run in written.items():
            self._ends(agent, container_id, self._books[agent.name, container_id], run)
        for effect in effects:
            if isinstance(effect, Destroy) and (checks := self._of(agent, effect.container_id)) is not None:
                checks.over = True
                self._owed.met(("check", agent.name, effect.container_id))
            elif isinstance(effect, RunCheck) and effect.kind is HEALTH:
                self._begins(agent, self._books[agent.name, effect.container_id], effect)

    def _of(self, agent: AgentProcess, container_id: str) -> _Checks | None:
        return self._books.get((agent.name, container_id))

    def _learn(self, agent: AgentProcess, now: Now, effect: Prepare | WatchContainer) -> None:
        key = (agent.name, effect.container_id)
        found = terms(None, codec.decode(effect.task, _Task).health_check)
        if HEALTH not in found:
            return
        checks = self._books.setdefault(key, _Checks(found[HEALTH]))
        if isinstance(effect, WatchContainer):  # what is on the disk is what this process goes on with
            run = self._decoder.decode(agent.disk.values[f"tasks/{effect.container_id}"])
            checks.running = None
            checks.health, checks.over, checks.newest = run.tasks[0].health, run.over, run.newest.uuid
            checks.started = self._watch.now - (now.wall - (run.container.started or now.wall))
            if not checks.over:
                self._owe_next(agent, effect.container_id, max(checks.terms.delay, checks.terms.interval))

    def _written(self, agent: AgentProcess, effects: Sequence[Any]) -> dict[str, _Run]:
        """The newest checkpoint of each container with health checks that this step writes."""
        found: dict[str, _Run] = {}
        for effect in effects:
            for key, value in effect.changes if isinstance(effect, Persist) else ():
                container_id = key.removeprefix("tasks/")
                if value is not None and (agent.name, container_id) in self._books:
                    found[container_id] = self._decoder.decode(value)
        return found

    def _owe_next(self, agent: AgentProcess, container_id: str, seconds: float) -> None:
        text = f"the health of container {container_id} is not checked"
        self._owed.owe(("check", agent.name, container_id), agent, self._watch.now, seconds + SOON, text)

    def _begins(self, agent: AgentProcess, checks: _Checks, effect: RunCheck) -> None:
        if checks.running is not None:
            raise Violation(f"{agent.name}: two health checks of container {effect.container_id} are under way")
        if checks.over:
            raise Violation(f"{agent.name}: the health of container {effect.container_id} is checked while it ends")
        checks.running = effect.number
        # It ends or is given up in its time, and then the next one comes.
        self._owe_next(agent, effect.container_id, checks.terms.timeout + checks.terms.interval)

    def _judge(
        self, agent: AgentProcess, container_id: str, checks: _Checks, healthy: bool | None, run: _Run | None
    ) -> None:
        """Compares what the step wrote with the result of the check; ``None``: there is none."""
        checks.running = None
        self._owe_next(agent, container_id, checks.terms.interval)
        before, age = checks.health, self._watch.now - checks.started
        expected: bool | None = None
        unhealthy = False
        if healthy:
            expected = True if not before.passed or before.failures else None
            checks.health = _Health(passed=True)
        elif healthy is False and (before.passed or age > checks.terms.grace):
            expected = False
            checks.health = _Health(before.passed, before.failures + 1)
            unhealthy = checks.health.failures >= checks.terms.failures
            checks.unhealthy |= unhealthy
        pending = run.tasks[0].pending[-2:] if run is not None else []  # a kill may follow
        reported = next((one.healthy for one in pending if one.uuid != checks.newest), None)
        if reported is not expected:
            raise Violation(
                f"{agent.name}: a health check of container {container_id} gave {healthy}, {age:.1f} s after the start"
                f" and after {before.failures} failures; reported is {reported}, and not {expected}"
            )
        if unhealthy and (run is None or run.tasks[0].kill is None):
            raise Violation(f"{agent.name}: container {container_id} is unhealthy, and is not killed")

    def _ends(self, agent: AgentProcess, container_id: str, checks: _Checks, run: _Run) -> None:
        checks.newest = run.newest.uuid or checks.newest
        kill = run.tasks[0].kill
        if kill is not None and kill.reason == "unhealthy" and not checks.unhealthy:
            raise Violation(f"{agent.name}: container {container_id} is killed for its health, and it is well")
        if run.over:
            checks.over = True
            self._owed.met(("check", agent.name, container_id))

    def killed(self, agent: AgentProcess) -> None:
        for (name, _), checks in self._books.items():
            if name == agent.name:
                checks.running = None

    def wiped(self, agent: AgentProcess) -> None:
        self._books = {key: checks for key, checks in self._books.items() if key[0] != agent.name}
