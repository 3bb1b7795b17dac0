"""What `dcos_runtime.replay` and ``--record`` have to know of the agent's core."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from dcos_runtime.agent.core import snapshot as snapshots
from dcos_runtime.agent.core.agent import AgentCore
from dcos_runtime.agent.core.effects import Effect, Prepare, Register, Watch
from dcos_runtime.agent.core.events import Event, Received, Recovered
from dcos_runtime.core.frozen import Persist
from dcos_runtime.core.pseudonyms import Pseudonyms
from dcos_runtime.core.seeds import Source
from dcos_runtime.wire import codec

NAME = "agent"
EVENT = Event
EFFECT = Effect


def restored(seed: bytes, snapshot: bytes) -> AgentCore:
    """A core that goes on where the one that told ``snapshot`` stood. Raises ``ValueError``."""
    settings, state = snapshots.settings(snapshot)
    core = AgentCore(settings, Source.restored(seed, state))
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


_Finder = Callable[[bytes], list[msgspec.Raw]]


def _task(data: bytes) -> list[msgspec.Raw]:
    return [codec.decode(data, _Task).task]


def _run(data: bytes) -> list[msgspec.Raw]:
    found = codec.decode(data, _Tasks)
    return [found.task, *(each.task for each in found.tasks)]


def _all(data: bytes) -> list[msgspec.Raw]:
    found = codec.decode(data, _Snapshot)
    return [each.record.task for each in (*found.tasks, *found.completed)]


class Veil:
    """TaskInfos come from frameworks and may hold secrets; all else is the agent's own, and holds none."""

    def __init__(self, key: bytes) -> None:
        self._pseudonyms = Pseudonyms(key)

    def event(self, event: Event) -> Event:
        kind = type(event)
        if kind is Received and b"RUN_TASK" in event.data:  # type: ignore[union-attr]
            return msgspec.structs.replace(event, data=self._in(event.data, _task))  # type: ignore[union-attr]
        if kind is Recovered:
            runs = tuple(self._in(value, _run) for value in event.runs)  # type: ignore[union-attr]
            return msgspec.structs.replace(event, runs=runs)
        return event

    def effect(self, effect: Effect) -> Effect:
        kind = type(effect)
        if kind is Persist:
            changes = effect.changes  # type: ignore[union-attr]
            if changes[0][0].startswith("tasks/") and changes[0][1] is not None:
                hidden = tuple((key, value and self._in(value, _run)) for key, value in changes)
                return msgspec.structs.replace(effect, changes=hidden)
        elif kind is Prepare or kind is Watch:
            return msgspec.structs.replace(effect, task=self._pseudonyms.message(effect.task))  # type: ignore[union-attr]
        elif kind is Register:
            return msgspec.structs.replace(effect, body=self._in(effect.body, _run))  # type: ignore[union-attr]
        return effect

    def snapshot(self, snapshot: bytes) -> bytes:
        return self._in(snapshot, _all)

    def _in(self, data: bytes, tasks: _Finder) -> bytes:
        """The same bytes but for the TaskInfos in them."""
        try:
            found = tasks(data)
        except codec.DecodeError:
            return self._pseudonyms.message(data)
        for task in dict.fromkeys(map(bytes, found)):
            if task:
                data = data.replace(task, self._pseudonyms.message(task))
        return data
