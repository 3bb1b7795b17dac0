"""What `dcos_runtime.replay` and ``--record`` need to know of the agent's core."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TypeVar

import msgspec

from dcos_runtime.agent.core import reading
from dcos_runtime.agent.core import snapshot as snapshots
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.effects import Effect, Prepare, Register, Resize, SendToExecutor, SendUp, WatchContainer
from dcos_runtime.agent.core.events import (
    BadMessage,
    BadTask,
    Event,
    ExecutorCalled,
    ExecutorSubscribed,
    LaunchNested,
    Received,
    Recovered,
)
from dcos_runtime.agent.core.history import KEY
from dcos_runtime.agent.core.timing import Continuation, Written
from dcos_runtime.core.frozen import Persist
from dcos_runtime.core.pseudonyms import Pseudonyms
from dcos_runtime.core.recorder import Hiders
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.wire import codec, executor, internal
from dcos_runtime.wire.executor import Call

NAME = "agent"
EVENT = Event
EFFECT = Effect


def restored(seed: bytes, snapshot: bytes) -> AgentCore:
    """A core that continues from ``snapshot``. Raises ``ValueError``."""
    settings, state = snapshots.settings(snapshot)
    core = AgentCore(settings, SeededSource.restored(seed, state))
    snapshots.fill(core, snapshot)
    return core


class _Status(msgspec.Struct):
    data: str | None = None


class _Task(msgspec.Struct):
    task: msgspec.Raw = msgspec.Raw()
    status: _Status | None = None
    pending: list[_Status] = []


class _Launch(msgspec.Struct):
    """A `RunTask` or `RunGroup`."""

    task: msgspec.Raw = msgspec.Raw()
    tasks: list[msgspec.Raw] = []


class _Info(msgspec.Struct):
    info: msgspec.Raw = msgspec.Raw()


class _Tasks(msgspec.Struct):
    """A checkpoint of a run in either of its versions, or a `internal.Connect`."""

    task: msgspec.Raw = msgspec.Raw()
    tasks: list[_Task] = []
    executors: list[_Info] = []


class _Kept(msgspec.Struct):
    """A checkpoint of a custom executor, or of a task of one."""

    executor: _Info = msgspec.field(default_factory=lambda: _Info())
    task: _Task = msgspec.field(default_factory=lambda: _Task())


class _WithStatuses(msgspec.Struct):
    """A `_Kept`, or a snapshot: what holds statuses that executors sent."""

    task: _Task | None = None
    tasks: list[_Entry] = []


class _Entry(msgspec.Struct):
    record: _Task
    executor: _Info


class _Executor(msgspec.Struct):
    record: _Info
    size: msgspec.Raw


class _Past(msgspec.Struct):
    class Executor(msgspec.Struct):
        executor: _Info
        tasks: dict[str, _Entry]

    over: dict[str, _Past.Executor]
    here: dict[str, _Past.Executor]


class _History(msgspec.Struct):
    frameworks: dict[str, _Past]


class _Nested(msgspec.Struct):
    nested: _Task


class _Snapshot(msgspec.Struct):
    executors: list[_Executor]
    tasks: list[_Entry]
    nested: list[_Task]
    history: _History


class _Pending(msgspec.Struct):
    """Of a snapshot: writes that are under way, or failed."""

    writes: list[tuple[int, Continuation]]
    failed: list[Written]
    behind: list[Received]


_REMEMBERED = 512
"""So many tasks, as in `Pseudonyms`: one comes in an event and several effects."""

_Finder = Callable[[bytes], list[msgspec.Raw]]
_Started = TypeVar("_Started", LaunchNested, Prepare, WatchContainer)
_Called = TypeVar("_Called", ExecutorSubscribed, ExecutorCalled)


def _launched(data: bytes) -> list[msgspec.Raw]:
    found = codec.decode(data, _Launch)
    return [found.task, *found.tasks]


def _run(data: bytes) -> list[msgspec.Raw]:
    found = codec.decode(data, _Tasks)
    return [found.task, *(each.task for each in found.tasks), *(each.info for each in found.executors)]


def _kept(data: bytes) -> list[msgspec.Raw]:
    found = codec.decode(data, _Kept)
    return [found.task.task, found.executor.info]


def _nested(data: bytes) -> list[msgspec.Raw]:
    return [codec.decode(data, _Nested).nested.task]


def _all(data: bytes) -> list[msgspec.Raw]:
    found = codec.decode(data, _Snapshot)
    gone = [one for past in found.history.frameworks.values() for one in (*past.over.values(), *past.here.values())]
    entries = [*found.tasks, *(entry for executor in gone for entry in executor.tasks.values())]
    infos = (each.record.info for each in found.executors), (each.executor.info for each in entries)
    sizes = (each.size for each in found.executors)
    tasks = [*(each.record.task for each in entries), *(each.task for each in found.nested)]
    return [*tasks, *infos[0], *infos[1], *(one.executor.info for one in gone), *sizes]


_KEYS: dict[str, _Finder] = {"tasks/": _run, "nested/": _nested, KEY: _kept}


class Veil:
    """TaskInfos, and addresses of frameworks' pages, may hold secrets; all else is the agent's own, and holds none."""

    def __init__(self, key: bytes) -> None:
        self._pseudonyms = Pseudonyms(key)
        self._readable: dict[bytes, bytes] = {}
        self.events: Hiders = {
            Received: self._received,
            Recovered: self._recovered,
            LaunchNested: self._about,
            ExecutorSubscribed: self._called,
            ExecutorCalled: self._called,
        }
        self.effects: Hiders = {
            Persist: self._persist,
            Prepare: self._about,
            WatchContainer: self._about,
            Register: self._register,
            Resize: self._resize,
            SendToExecutor: self._sent,
            SendUp: self._sent_up,
        }

    def _received(self, event: Received) -> Received:
        fault = None
        data = event.data
        if b'"RUN_' in data:
            data, fault = self._in(data, _launched), reading.fault(data)
        elif b"TO_EXECUTOR" in data:
            data = self._pseudonyms.message(data)
        data = self._pseudonyms.addresses(data)
        return event if data is event.data else Received(event.connection, data, fault)

    def _recovered(self, event: Recovered) -> Recovered:
        runs = tuple(self._in(value, _run) for value in event.runs)
        frameworks = tuple(map(self._pseudonyms.addresses, event.frameworks))
        executors = tuple(map(self._of_custom, event.executors))
        assigned = tuple(map(self._of_custom, event.assigned))
        history = tuple(map(self._of_past, event.history))
        nested = tuple(self._in(value, _nested) for value in event.nested)
        return msgspec.structs.replace(
            event,
            runs=runs,
            frameworks=frameworks,
            executors=executors,
            assigned=assigned,
            history=history,
            nested=nested,
        )

    def _called(self, event: _Called) -> _Called:
        call = codec.decode(self._pseudonyms.message(codec.encode(event.call)), Call)
        return msgspec.structs.replace(event, call=call)

    def _sent(self, effect: SendToExecutor) -> SendToExecutor:
        event = codec.decode(self._pseudonyms.message(codec.encode(effect.event)), executor.Event)
        return msgspec.structs.replace(effect, event=event)

    def _sent_up(self, effect: SendUp) -> SendUp:
        message = effect.message
        if isinstance(message, internal.Update) and message.status.data is None:
            return effect
        if not isinstance(message, internal.FromExecutor | internal.Update):
            return effect
        hidden = codec.decode(self._pseudonyms.message(codec.encode(message)), type(message))
        return msgspec.structs.replace(effect, message=hidden)

    def _resize(self, effect: Resize) -> Resize:
        return msgspec.structs.replace(effect, before=self._task(effect.before), task=self._task(effect.task))

    def _persist(self, effect: Persist) -> Persist:
        changes = effect.changes
        if changes[0][0].startswith("tasks/") and changes[0][1] is not None:
            hidden = tuple((key, value and self._in(value, _run)) for key, value in changes)
            return msgspec.structs.replace(effect, changes=hidden)
        if changes[0][0].startswith("nested/"):
            hidden = tuple((key, value and self._in(value, _nested)) for key, value in changes)
            return msgspec.structs.replace(effect, changes=hidden)
        if changes[0][0].startswith(("executors/", "assigned/")):
            hidden = tuple((key, value and self._of_custom(value)) for key, value in changes)
            return msgspec.structs.replace(effect, changes=hidden)
        if changes[0][0].startswith(KEY):
            hidden = tuple((key, value and self._of_past(value)) for key, value in changes)
            return msgspec.structs.replace(effect, changes=hidden)
        if changes[0][0].startswith("frameworks/"):
            hidden = tuple((key, value and self._pseudonyms.addresses(value)) for key, value in changes)
            return msgspec.structs.replace(effect, changes=hidden)
        return effect

    def _about(self, effect: _Started) -> _Started:
        return msgspec.structs.replace(effect, task=self._task(effect.task))

    def _register(self, effect: Register) -> Register:
        return msgspec.structs.replace(effect, body=self._pseudonyms.addresses(self._in(effect.body, _run)))

    def snapshot(self, snapshot: bytes) -> bytes:
        hidden = self._statuses(self._pseudonyms.addresses(self._in(snapshot, _all)))
        found = codec.decode(snapshot, _Pending)
        for event in found.behind:
            hidden = hidden.replace(base64.b64encode(event.data), base64.b64encode(self._received(event).data))
        pending = (*found.failed, *(then for _, then in found.writes))
        for written in pending:
            if isinstance(written, Written) and (value := written.value):  # these stand there as base64
                key = written.key
                within = next((finder for start, finder in _KEYS.items() if key.startswith(start)), None)
                instead = self._pseudonyms.addresses(value if within is None else self._in(value, within))
                hidden = hidden.replace(base64.b64encode(value), base64.b64encode(instead))
        return hidden

    def _of_custom(self, value: bytes) -> bytes:
        return self._statuses(self._in(value, _kept))

    def _of_past(self, value: bytes) -> bytes:
        return self._pseudonyms.addresses(self._in(value, _kept))

    def _statuses(self, data: bytes) -> bytes:
        """The same bytes with other data in the statuses, of which only executors' have some."""
        if b'"data":"' not in data:
            return data
        try:
            found = codec.decode(data, _WithStatuses)
        except codec.DecodeError:
            return data  # `_in` has hidden all of it
        tasks = [entry.record for entry in found.tasks]
        tasks += [found.task] if found.task is not None else []
        statuses = [status for task in tasks for status in (task.status, *task.pending) if status is not None]
        for text in dict.fromkeys(status.data for status in statuses if status.data):
            data = data.replace(b'"data":"%b"' % text.encode(), b'"data":"%b"' % self._pseudonyms.base64(text).encode())
        return data

    def _in(self, data: bytes, tasks: _Finder) -> bytes:
        """The same bytes with other TaskInfos in them."""
        try:
            found = tasks(data)
        except codec.DecodeError:
            return self._pseudonyms.message(data)
        for task in dict.fromkeys(map(bytes, found)):
            if task == b"null":
                continue
            if task and task not in data:  # it was brought into its form first (`codec`)
                return self._pseudonyms.message(data)
            if task:
                data = data.replace(task, self._task(task))
        return data

    def _task(self, task: bytes) -> bytes:
        """What the core can read as it can read ``task``, and JSON in either case."""
        hidden = self._readable.get(task)
        if hidden is None:
            if len(self._readable) >= _REMEMBERED:
                self._readable.clear()
            bad = isinstance(reading.task(task), BadTask) and isinstance(reading.executor(task), BadMessage)
            hidden = _unreadable(len(task)) if bad else self._pseudonyms.message(task)
            self._readable[task] = hidden
        return hidden


def _unreadable(length: int) -> bytes:
    """JSON, and no TaskInfo."""
    return b'"%b"' % (b"?" * (length - 2)) if length > 1 else b"0"
