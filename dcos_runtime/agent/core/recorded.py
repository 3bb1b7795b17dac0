"""What `dcos_runtime.replay` and ``--record`` need to know of the agent's core."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import TypeVar

import msgspec

from dcos_runtime.agent.core import reading
from dcos_runtime.agent.core import snapshot as snapshots
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.effects import Effect, Prepare, Register, WatchContainer
from dcos_runtime.agent.core.events import BadTask, Event, Received, Recovered
from dcos_runtime.agent.core.timing import Continuation, Written
from dcos_runtime.core.frozen import Persist
from dcos_runtime.core.pseudonyms import Pseudonyms
from dcos_runtime.core.recorder import Hiders
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.wire import codec

NAME = "agent"
EVENT = Event
EFFECT = Effect


def restored(seed: bytes, snapshot: bytes) -> AgentCore:
    """A core that continues from ``snapshot``. Raises ``ValueError``."""
    settings, state = snapshots.settings(snapshot)
    core = AgentCore(settings, SeededSource.restored(seed, state))
    snapshots.fill(core, snapshot)
    return core


class _Task(msgspec.Struct):
    task: msgspec.Raw = msgspec.Raw()


class _Tasks(msgspec.Struct):
    """A checkpoint of a run in either of its versions, or a `internal.Connect`."""

    task: msgspec.Raw = msgspec.Raw()
    tasks: list[_Task] = []


class _Entry(msgspec.Struct):
    record: _Task


class _Snapshot(msgspec.Struct):
    tasks: list[_Entry]
    completed: list[_Entry]


class _Pending(msgspec.Struct):
    """Of a snapshot: writes that are under way, or failed."""

    writes: list[tuple[int, Continuation]]
    failed: list[Written]


_REMEMBERED = 512
"""So many tasks, as in `Pseudonyms`: one comes in an event and several effects."""

_Finder = Callable[[bytes], list[msgspec.Raw]]
_Started = TypeVar("_Started", Prepare, WatchContainer)


def _task(data: bytes) -> list[msgspec.Raw]:
    return [codec.decode(data, _Task).task]


def _run(data: bytes) -> list[msgspec.Raw]:
    found = codec.decode(data, _Tasks)
    return [found.task, *(each.task for each in found.tasks)]


def _all(data: bytes) -> list[msgspec.Raw]:
    found = codec.decode(data, _Snapshot)
    return [each.record.task for each in (*found.tasks, *found.completed)]


class Veil:
    """TaskInfos, and addresses of frameworks' pages, may hold secrets; all else is the agent's own, and holds none."""

    def __init__(self, key: bytes) -> None:
        self._pseudonyms = Pseudonyms(key)
        self._readable: dict[bytes, bytes] = {}
        self.events: Hiders = {Received: self._received, Recovered: self._recovered}
        self.effects: Hiders = {
            Persist: self._persist,
            Prepare: self._about,
            WatchContainer: self._about,
            Register: self._register,
        }

    def _received(self, event: Received) -> Received:
        fault = None
        data = event.data
        if b"RUN_TASK" in data:
            data, fault = self._in(data, _task), reading.fault(data)
        data = self._pseudonyms.addresses(data)
        return event if data is event.data else Received(event.connection, data, fault)

    def _recovered(self, event: Recovered) -> Recovered:
        runs = tuple(self._in(value, _run) for value in event.runs)
        frameworks = tuple(map(self._pseudonyms.addresses, event.frameworks))
        return msgspec.structs.replace(event, runs=runs, frameworks=frameworks)

    def _persist(self, effect: Persist) -> Persist:
        changes = effect.changes
        if changes[0][0].startswith("tasks/") and changes[0][1] is not None:
            hidden = tuple((key, value and self._in(value, _run)) for key, value in changes)
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
        hidden = self._pseudonyms.addresses(self._in(snapshot, _all))
        found = codec.decode(snapshot, _Pending)
        pending = (*found.failed, *(then for _, then in found.writes))
        for written in pending:
            if isinstance(written, Written) and (value := written.value):  # these stand there as base64
                key = written.key
                instead = self._pseudonyms.addresses(self._in(value, _run) if key.startswith("tasks/") else value)
                hidden = hidden.replace(base64.b64encode(value), base64.b64encode(instead))
        return hidden

    def _in(self, data: bytes, tasks: _Finder) -> bytes:
        """The same bytes with other TaskInfos in them."""
        try:
            found = tasks(data)
        except codec.DecodeError:
            return self._pseudonyms.message(data)
        for task in dict.fromkeys(map(bytes, found)):
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
            bad = isinstance(reading.task(task), BadTask)
            hidden = _unreadable(len(task)) if bad else self._pseudonyms.message(task)
            self._readable[task] = hidden
        return hidden


def _unreadable(length: int) -> bytes:
    """JSON, and no TaskInfo."""
    return b'"%b"' % (b"?" * (length - 2)) if length > 1 else b"0"
