"""Decisions that are not carried out yet: they are stored first, by one write at a time, then carried out in order.
Decisions during a write are stored together by the next one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

import msgspec

from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.core.writes import Writes
from dcos_runtime.marathon.core.effects import Effect
from dcos_runtime.marathon.core.timing import Writing


class Decided(msgspec.Struct):
    """``changes`` are stored before ``effects`` are carried out. ``size``: an upper bound of the bytes to store.
    ``apart``: the changes are independent of each other, so that they need not be stored together.
    """

    changes: dict[str, bytes | None] = {}
    effects: list[Effect] = []
    size: int = 0
    apart: bool = False


class Outbox:
    """``keys`` and ``most`` (bytes): the limits of one write, except for the changes of one request, which stay
    together.
    """

    def __init__(self, keys: int, most: int, source: SeededSource) -> None:
        self._keys, self._most, self._source = keys, most, source
        self.writes: Writes[Writing] = Writes()
        self.closed: deque[Decided] = deque()
        self.open = Decided()

    def put(self, key: str, value: bytes | None) -> None:
        self.open.changes[key] = value
        self.open.size += len(key) + len(value or b"")

    def add(self, effect: Effect) -> None:
        self.open.effects.append(effect)

    @property
    def under_way(self) -> bool:
        """Whether a write is under way. The next one begins at its end."""
        return len(self.writes) > 0

    @property
    def full(self) -> bool:
        return len(self.open.changes) >= self._keys or self.open.size >= self._most

    @property
    def empty(self) -> bool:
        return not (self.closed or self.open.changes or self.open.effects or self.under_way)

    def close(self) -> None:
        """Closes the current part: later decisions are stored by another write."""
        if self.open.changes or self.open.effects:
            self.closed.append(self.open)
            self.open = Decided()

    def begin(self) -> Iterable[Effect]:
        """Begins the next write. Effects without changes to store are carried out now."""
        while self.closed and not self.under_way:
            decided = self.closed.popleft()
            most = 1 if self._source.unlucky("each instance is stored by itself") else self._most
            parts = [decided.changes] if decided.size <= most else self._parts(decided, most)
            yield from self._next([tuple(part.items()) for part in parts if part], tuple(decided.effects))

    def ended(self, id: int) -> Iterable[Effect]:
        """A write is durable: returns the effects that waited for it."""
        writing = self.writes.end(id)
        if writing is not None:
            yield from self._next(list(writing.parts), writing.effects)

    def _next(self, parts: list[tuple[tuple[str, bytes | None], ...]], effects: tuple[Effect, ...]) -> Iterable[Effect]:
        if parts:
            yield self.writes.begin(parts[0], Writing(tuple(parts[1:]), effects))
        else:
            yield from effects

    def _parts(self, decided: Decided, most: int) -> list[dict[str, bytes | None]]:
        return writes(decided.changes, most, "" if decided.apart else "instances/")


def writes(changes: Mapping[str, bytes | None], most: int, apart: str = "instances/") -> list[dict[str, bytes | None]]:
    """``changes`` as writes that may be stored one after the other. The first holds everything that a client changed,
    so that it is stored as a whole or not at all. Then come instances, some at a time: missing ones are made again from
    the app's target. ``apart``: the prefixes of their keys.
    """
    first: dict[str, bytes | None] = {}
    parts = [first]
    room = 0
    for key, value in changes.items():
        if not key.startswith(apart):
            first[key] = value
            continue
        size = len(key) + len(value or b"")
        if len(parts) == 1 or size > room:
            parts.append({})
            room = most
        parts[-1][key] = value
        room -= size
    return [part for part in parts if part]
