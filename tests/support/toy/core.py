"""The core of the toy daemon: counters that are stored before a response tells them."""

from __future__ import annotations

from typing import Any

from dcos_runtime.core.frozen import Frozen, Now, Persist, Persisted, PersistFailed, Reply, Tick


class Recovered(Frozen, frozen=True):
    entries: tuple[tuple[str, bytes], ...]


class Add(Frozen, frozen=True):
    """One more. The reply is the count, once it is stored."""

    request: int
    name: str


Event = Recovered | Add | Tick | Persisted | PersistFailed


class CounterCore:
    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._replies: dict[int, Reply] = {}
        self._writes = 0

    def receive(self, event: Event, now: Now) -> list[Any]:
        match event:
            case Recovered():
                self.counts = {key.removeprefix("counts/"): int(value) for key, value in event.entries}
            case Add():
                count = self.counts[event.name] = self.counts.get(event.name, 0) + 1
                self._writes += 1
                self._replies[self._writes] = Reply(event.request, 200, b"%d" % count)
                return [Persist(self._writes, ((f"counts/{event.name}", b"%d" % count),))]
            case Persisted():
                return [self._replies.pop(event.id)]
        return []

    def take_effects(self) -> list[Any]:
        return []

    def next_deadline(self) -> float | None:
        return None

    def snapshot(self) -> bytes:
        raise NotImplementedError
