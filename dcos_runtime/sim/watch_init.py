"""Invariants of an init, checked on its calls and its store: nothing is sent before it is stored, launches are
confirmed, kills are repeated, strays are killed, and an upgrade stays within its limits.
"""

from __future__ import annotations

import base64
import math
from typing import TYPE_CHECKING, Any

import msgspec

from dcos_runtime.marathon.core import events
from dcos_runtime.marathon.core.effects import Send
from dcos_runtime.sim.obligations import Violation
from dcos_runtime.sim.watch_master import OVER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dcos_runtime.sim.init import InitProcess
    from dcos_runtime.sim.watched import Watched
    from dcos_runtime.wire.scheduler import Call
    from dcos_runtime.wire.tasks import TaskStatus

RANK = {"Provisioned": 0, "Staging": 1, "Starting": 2, "Running": 3, "Killing": 4, "Unreachable": 9,
        "UnreachableInactive": 9}  # fmt: skip
STATES = {"TASK_STAGING": 1, "TASK_STARTING": 2, "TASK_RUNNING": 3, "TASK_KILLING": 4}
ALIVE = frozenset({"TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING"})
SLACK = 4.0
SUBSCRIPTION = frozenset({"confirm", "kill again", "reconcile", "stray"})
"""Obligations that hold only during a subscription."""


class _Task(msgspec.Struct):
    id: str
    condition: str


class _Instance(msgspec.Struct):
    id: str
    tasks: list[_Task] = []


class _Value(msgspec.Struct):
    instance: _Instance


class InitLedger:
    """The observer's records of the init."""

    def __init__(self, watch: Watched) -> None:
        self._watch = watch
        self._owed = watch.obligations
        self._value = msgspec.json.Decoder(_Value)
        self._heard: dict[str, dict[str, tuple[str, str]]] = {}
        """By process: updates that are to be acknowledged, uuid → task and state."""
        self._over: set[str] = set()
        """Tasks that were reported to an init as ended or unreachable."""
        self.cut_short: set[str] = set()
        """Apps of which a change ended an upgrade half-way: two configurations of them run, as was asked for."""

    def _owe(self, init: InitProcess, kind: str, of: str, seconds: float, what: str) -> None:
        self._owed.owe((kind, init.name, of), init, self._watch.now, seconds, what)

    def _met(self, init: InitProcess, kind: str, of: str = "") -> None:
        self._owed.met((kind, init.name, of))

    def killed(self, init: InitProcess) -> None:
        self._heard.pop(init.name, None)

    def _stored(self, init: InitProcess, task_id: str) -> _Task | None:
        """The task as the store has it."""
        value = init.ensemble.values.get(f"instances/{_instance_of(task_id)}")
        if value is None:
            return None
        return next((task for task in self._value.decode(value).instance.tasks if task.id == task_id), None)

    # --- a step of the core ---

    def stepped(self, init: InitProcess, event: Any, effects: Sequence[Any]) -> None:
        match event:
            case events.Heard() if event.event.update is not None:
                self._update(init, event.event.update.status)
            case events.Subscribed():
                self._owe(init, "reconcile", "", SLACK, "it has subscribed, and does not ask for the state of tasks")
            case events.Disconnected():
                self._owed.forgive(init.name, SUBSCRIPTION)
        for effect in effects:
            if type(effect) is Send:
                self._call(init, effect.call)

    def _update(self, init: InitProcess, status: TaskStatus) -> None:
        task_id, state = status.task_id.value, status.state.value
        stored = self._stored(init, task_id)
        self._met(init, "confirm", task_id)
        if state in OVER or state == "TASK_UNREACHABLE":
            self._met(init, "kill again", task_id)
            self._met(init, "stray", task_id)
            self._over.add(task_id)
        if status.uuid is not None:
            uuid = base64.b64encode(status.uuid).decode()
            self._heard.setdefault(init.name, {})[uuid] = (task_id, state)
        if stored is None and state in ALIVE:
            self._owe(init, "stray", task_id, SLACK, f"{task_id} is {state} and of no instance, and is let live")

    # --- calls: they are sent once what they tell of is stored ---

    def _call(self, init: InitProcess, call: Call) -> None:
        settings = init.core.state.settings
        if call.accept is not None:
            for operation in call.accept.operations:
                for info in operation.launch.task_infos if operation.launch is not None else ():
                    task_id = info.task_id.value
                    if self._stored(init, task_id) is None:
                        raise Violation(f"{init.name} launches {task_id}, and its store does not have it")
                    self._within_bounds(init, task_id)
                    self._alone(init, task_id)
                    seconds = settings.launch_confirm_timeout + SLACK
                    text = f"nothing was heard of the launch of {task_id}, and the master is not asked"
                    self._owe(init, "confirm", task_id, seconds, text)
        elif call.acknowledge is not None:
            self._acknowledged(init, base64.b64encode(call.acknowledge.uuid).decode())
        elif call.kill is not None:
            task_id = call.kill.task_id.value
            self._met(init, "stray", task_id)
            self._met(init, "confirm", task_id)
            if self._stored(init, task_id) is not None:
                seconds = settings.kill_retry_timeout + SLACK
                text = f"the kill of {task_id} has come to nothing, and is not said again"
                self._owe(init, "kill again", task_id, seconds, text)
        elif call.reconcile is not None:
            for one in call.reconcile.tasks:
                self._met(init, "confirm", one.task_id.value)
            if not call.reconcile.tasks:
                self._met(init, "reconcile")

    def _acknowledged(self, init: InitProcess, uuid: str) -> None:
        """The changes of the update must be stored at this time."""
        heard = self._heard.get(init.name, {}).pop(uuid, None)
        if heard is None:
            return
        task_id, state = heard
        stored = self._stored(init, task_id)
        if stored is None:
            return
        if state in OVER or RANK.get(stored.condition, 9) < STATES.get(state, 0):
            raise Violation(f"{init.name} acknowledges {state} of {task_id}, which its store has as {stored.condition}")

    def _within_bounds(self, init: InitProcess, task_id: str) -> None:
        state = init.core.state
        app_state = state.app_of.get(_instance_of(task_id))
        app = state.active(app_state) if app_state is not None else None
        if app_state is None or app is None:
            return
        most = math.floor(app.instances * (1 + app.upgrade_strategy.maximum_over_capacity)) + 1
        there = sum(1 for one in app_state.instances.values() if one.has_task and one.wanted)
        if there > max(most, app.instances):
            raise Violation(f"{init.name}: {app_state.id} has {there} tasks, and may have {max(most, app.instances)}")

    def _alone(self, init: InitProcess, task_id: str) -> None:
        """An instance has one task at a time, of one life of the framework, according to the updates. For a launch that
        came twice the master sends TASK_DROPPED, as Mesos does, and the task runs.
        """
        framework_id, instance = init.core.state.framework_id, _instance_of(task_id)
        for of, other in self._watch.running:
            if of == framework_id and _instance_of(other) == instance and other not in self._over:
                raise Violation(f"{init.name} launches {task_id} while {other} runs")

    def stored(self, init: InitProcess, changes: Any) -> None:
        """An instance that was removed from the store owes nothing for its tasks."""
        for key, value in changes.items():
            if key.startswith("instances/"):
                prefix = key.removeprefix("instances/")
                now = b"" if value is None else value
                for kind, _, task_id in self._owed.of(init.name):
                    of_it = kind in ("kill again", "confirm") and _instance_of(task_id) == prefix
                    if of_it and task_id.encode() not in now:
                        self._met(init, kind, task_id)


def _instance_of(task_id: str) -> str:
    return task_id.rpartition("._app.")[0]
