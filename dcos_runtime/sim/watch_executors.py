"""Invariants of custom executors: each gets its tasks once and soon, each update is acknowledged to it once it is on
the disk, none goes on for longer than it may, its end is noticed and told, and its tasks end with it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from dcos_runtime.agent.core import events
from dcos_runtime.agent.core.effects import CloseExecutor, Destroy, SendToExecutor, SendUp, WatchContainer
from dcos_runtime.core.frozen import Persist
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.sim.obligations import Violation
from dcos_runtime.wire import internal
from dcos_runtime.wire.executor import Call
from dcos_runtime.wire.tasks import TaskStatus

if TYPE_CHECKING:
    from dcos_runtime.sim.agent import AgentProcess
    from dcos_runtime.sim.containers import Container
    from dcos_runtime.sim.watched import Watched

SOON = 3.0
OVER = frozenset(state.value for state in TERMINAL)


class _Kill(msgspec.Struct, frozen=True):
    reason: str = ""
    grace: float = 0.0


class _Executor(msgspec.Struct, frozen=True):
    framework_id: str = ""
    executor_id: str = ""
    subscribed: bool = False
    ending: _Kill | None = None


class _Custom(msgspec.Struct, frozen=True):
    executor: _Executor


class _Task(msgspec.Struct, frozen=True):
    framework_id: str = ""
    task_id: str = ""
    container_id: str = ""
    handle: str = ""
    state: str = "TASK_STAGING"
    delivered: bool = False
    known: list[str] = []
    kill: _Kill | None = None

    @property
    def over(self) -> bool:
        return self.state in OVER or self.forgotten

    @property
    def forgotten(self) -> bool:
        return self.kill is not None and self.kill.reason == "forgotten"


class _Assigned(msgspec.Struct, frozen=True):
    task: _Task


class _Book:
    """Of one agent: what it wants on the disk, and what is there. ``streams``: the container of each."""

    def __init__(self) -> None:
        self.wanted: dict[str, _Task] = {}
        self.durable: dict[str, _Task] = {}
        self.executors: dict[str, _Executor] = {}
        self.on_disk: dict[str, _Executor] = {}
        self.streams: dict[int, str] = {}
        self.said: set[bytes] = set()
        self.leaving: set[str] = set()
        """Containers that are being destroyed."""

    def of(self, container_id: str) -> Iterable[_Task]:
        return [task for task in self.wanted.values() if task.container_id == container_id]


class ExecutorLedger:
    """The observer's records of the custom executors of all agents."""

    def __init__(self, watch: Watched) -> None:
        self._watch = watch
        self._owed = watch.obligations
        self._books: dict[str, _Book] = {}
        self._custom = msgspec.json.Decoder(_Custom)
        self._assigned = msgspec.json.Decoder(_Assigned)

    def _book(self, agent: AgentProcess) -> _Book:
        return self._books.setdefault(agent.name, _Book())

    def _owe(self, agent: AgentProcess, kind: str, of: str, seconds: float, what: str) -> None:
        self._owed.owe((f"executor {kind}", agent.name, of), agent, self._watch.now, seconds, what)

    def _met(self, agent: AgentProcess, kind: str, of: str) -> None:
        self._owed.met((f"executor {kind}", agent.name, of))

    # --- a step of the core ---

    def stepped(self, agent: AgentProcess, event: Any, effects: Sequence[Any]) -> None:
        book = self._book(agent)
        match event:
            case events.Recovered():
                self._recovered(agent, book)
            case events.Started() if event.container_id in book.executors and event.container_id not in book.leaving:
                seconds = agent.core.settings.registration_timeout
                self._owe_subscription(agent, event.container_id, seconds)
            case events.ExecutorSubscribed():
                self._subscribed(agent, book, event)
            case events.ExecutorCalled() if event.call.type is Call.Type.UPDATE and event.call.update is not None:
                self._updated(agent, book, event.call, event.call.update.status)
            case events.ExecutorClosed():
                self._closed(agent, book, event.stream)
            case events.Destroyed() if event.container_id in book.executors:
                self._destroyed(agent, book, event.container_id, effects)
        for effect in effects:
            match effect:
                case Persist():
                    for key, value in effect.changes:
                        self._persist(agent, book, key, value)
                case SendToExecutor():
                    self._sent(agent, book, effect)
                case CloseExecutor():
                    self._closed(agent, book, effect.stream)
                case WatchContainer() if effect.container_id in book.executors:
                    self._watched(agent, effect.container_id, book.executors[effect.container_id])
                case Destroy() if effect.container_id in book.executors:
                    book.leaving.add(effect.container_id)
                    for kind in ("noticed", "subscription"):
                        self._met(agent, kind, effect.container_id)
                case SendUp() if isinstance(effect.message, internal.Update):
                    self._reported(agent, book, effect.message.status)

    def _recovered(self, agent: AgentProcess, book: _Book) -> None:
        book.wanted, book.executors = dict(book.durable), dict(book.on_disk)
        for task in book.durable.values():
            if task.container_id not in book.on_disk and not task.over:
                text = f"{task.task_id} goes on, and its executor is gone"
                self._owe(agent, "tasks end", task.handle, SOON, text)

    def _watched(self, agent: AgentProcess, container_id: str, executor: _Executor) -> None:
        """It ran on while the agent was away."""
        settings = agent.core.settings
        if executor.ending is not None:
            self._owe_end(agent, container_id, executor.ending.grace)
        else:
            seconds = settings.reregistration_timeout if executor.subscribed else settings.registration_timeout
            self._owe_subscription(agent, container_id, seconds)

    def _owe_subscription(self, agent: AgentProcess, container_id: str, seconds: float) -> None:
        text = f"the executor in {container_id} does not subscribe, and goes on"
        self._owe(agent, "subscription", container_id, seconds + SOON, text)

    def _owe_end(self, agent: AgentProcess, container_id: str, grace: float) -> None:
        text = f"the executor in {container_id} is to end, and goes on beyond its grace"
        self._owe(agent, "end", container_id, grace + SOON, text)

    def _subscribed(self, agent: AgentProcess, book: _Book, event: events.ExecutorSubscribed) -> None:
        call = event.call
        executor = agent.core.executors.get((call.framework_id.value, call.executor_id.value))
        if executor is None or call.subscribe is None:
            return
        container_id = executor.container.container_id
        self._met(agent, "subscription", container_id)
        for stream in [number for number, one in book.streams.items() if one == container_id]:
            self._closed(agent, book, stream)
        book.streams[event.stream] = container_id
        for update in call.subscribe.unacknowledged_updates:
            self._updated(agent, book, call, update.status)
        for task in book.of(container_id):
            if not task.delivered and not task.over:
                self._owe_launch(agent, task)

    def _owe_launch(self, agent: AgentProcess, task: _Task) -> None:
        self._owe(agent, "launch", task.handle, SOON, f"{task.task_id} is not given to its executor")

    def _updated(self, agent: AgentProcess, book: _Book, call: Call, status: TaskStatus) -> None:
        uuid = status.uuid or b""
        book.said.add(uuid)
        executor = agent.core.executors.get((call.framework_id.value, call.executor_id.value))
        if executor is not None and executor.container.container_id in book.streams.values():
            text = f"an update of {status.task_id.value} is not acknowledged to its executor"
            self._owe(agent, "confirmation", uuid.hex(), SOON, text)

    def _sent(self, agent: AgentProcess, book: _Book, effect: SendToExecutor) -> None:
        container_id, event = book.streams.get(effect.stream), effect.event
        if container_id is None:
            raise Violation(f"{agent.name} sends to an executor on stream {effect.stream}, which is over")
        if event.launch is not None:
            task_id = event.launch.task.task_id.value
            for task in book.durable.values():
                if task.task_id == task_id and task.container_id == container_id:
                    self._met(agent, "launch", task.handle)
                    if task.delivered:
                        return
            raise Violation(f"{agent.name}: {task_id} is given to its executor, and the disk does not have that")
        if event.acknowledged is not None:
            self._met(agent, "confirmation", event.acknowledged.uuid.hex())
            uuid = base64.b64encode(event.acknowledged.uuid).decode()
            task_id = event.acknowledged.task_id.value
            for task in book.durable.values():
                here = task.task_id == task_id and task.container_id == container_id
                wanted = book.wanted.get(task.handle)
                forgotten = wanted is None or wanted.forgotten
                if here and not task.over and not forgotten and uuid not in task.known:
                    text = f"an update of {task_id} is acknowledged to its executor, and is not on the disk"
                    raise Violation(f"{agent.name}: {text}")

    def _reported(self, agent: AgentProcess, book: _Book, status: TaskStatus) -> None:
        """What an executor is said to have said."""
        by_executor = status.source is TaskStatus.Source.SOURCE_EXECUTOR and status.executor_id is not None
        if by_executor and status.uuid not in book.said and status.reason is None:
            executors = {task.task_id for task in book.durable.values()}
            if status.task_id.value in executors:
                raise Violation(
                    f"{agent.name}: {status.task_id.value} is {status.state.value}, and no executor said so"
                )

    def _closed(self, agent: AgentProcess, book: _Book, stream: int) -> None:
        container_id = book.streams.pop(stream, None)
        if container_id is None:
            return
        self._owed.forgive(agent.name, frozenset({"executor confirmation"}))
        for task in book.of(container_id):
            self._met(agent, "launch", task.handle)

    def _destroyed(self, agent: AgentProcess, book: _Book, container_id: str, effects: Sequence[Any]) -> None:
        executor = book.executors[container_id]
        for kind in ("end", "noticed", "subscription"):
            self._met(agent, kind, container_id)
        for task in book.of(container_id):
            if not task.over:
                self._owe(agent, "tasks end", task.handle, SOON, f"{task.task_id} goes on without its executor")
        reported = any(isinstance(one, SendUp) and isinstance(one.message, internal.ExecutorGone) for one in effects)
        if agent.core.membership.member and not reported:
            raise Violation(f"{agent.name}: the executor {executor.executor_id} is gone, and its master is not told")
        self._owe(agent, "forgotten", container_id, SOON, f"the checkpoint of the executor in {container_id} stays")

    # --- the disk ---

    def _persist(self, agent: AgentProcess, book: _Book, key: str, value: bytes | None) -> None:
        kind, _, name = key.partition("/")
        if kind == "executors":
            if value is None:
                book.executors.pop(name, None)
                return
            before = book.executors.get(name)
            executor = book.executors[name] = self._custom.decode(value).executor
            if executor.ending is not None and (before is None or before.ending is None):
                self._owe_end(agent, name, executor.ending.grace)
        elif kind == "assigned":
            if value is None:
                book.wanted.pop(name, None)
                for owed in ("tasks end", "launch"):
                    self._met(agent, owed, name)
                return
            before_task, task = book.wanted.get(name), self._assigned.decode(value).task
            book.wanted[name] = task
            if task.over:
                for owed in ("tasks end", "launch"):
                    self._met(agent, owed, name)
            elif before_task is None and task.container_id in book.streams.values():
                self._owe_launch(agent, task)

    def durable(self, agent: AgentProcess, effect: Persist) -> None:
        book = self._book(agent)
        for key, value in effect.changes:
            kind, _, name = key.partition("/")
            if kind == "executors":
                book.on_disk.pop(name, None)
                if value is not None:
                    book.on_disk[name] = self._custom.decode(value).executor
                else:
                    self._met(agent, "forgotten", name)
            elif kind == "assigned":
                book.durable.pop(name, None)
                if value is not None:
                    book.durable[name] = self._assigned.decode(value).task

    # --- what happens to it ---

    def ended(self, agent: AgentProcess, container: Container) -> None:
        """Its process is gone."""
        book = self._book(agent)
        if agent.up and container.id in book.on_disk and container.id not in book.leaving:
            text = f"the executor {container.task_id} has ended, and nobody noticed"
            self._owe(agent, "noticed", container.id, 10.0, text)

    def killed(self, agent: AgentProcess) -> None:
        book = self._book(agent)
        book.streams.clear()
        book.leaving.clear()

    def wiped(self, agent: AgentProcess) -> None:
        self._books.pop(agent.name, None)
