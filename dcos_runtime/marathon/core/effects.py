"""What the core wants done. The shell stores the changes first, and then carries the effects out in order."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dcos_runtime.wire.scheduler import Call


@dataclass(frozen=True)
class Send:
    """A call for the master. It may get lost: whatever must happen is sent again, or found by reconciliation."""

    call: Call


@dataclass(frozen=True)
class Publish:
    """An event for `/v2/events`, without ``eventType`` and ``timestamp``."""

    kind: str
    fields: dict[str, Any]
    wall: float


@dataclass(frozen=True)
class Probe:
    """A health check to be made now; its result is told to `Core.probed`."""

    task_id: str
    index: int
    protocol: str
    host: str
    port: int
    path: str
    timeout: float
    ignore_1xx: bool = False


@dataclass(frozen=True)
class Introduce:
    """The master is to be told anew who we are, since our roles are others now; ``suppressed``: offers in none yet."""

    suppressed: bool


@dataclass(frozen=True)
class Trouble:
    """Something went wrong with one app that must not happen; for the log. The other apps go on."""

    app_id: str
    text: str
    error: Exception


Effect = Send | Introduce | Publish | Probe | Trouble


@dataclass
class Outcome:
    """Keys to set (bytes) or remove (None), all or none; then the effects."""

    changes: dict[str, bytes | None] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    size: int = 0
    """Bytes to store, or more, when keys are set again."""

    def put(self, key: str, value: bytes | None) -> None:
        self.changes[key] = value
        self.size += len(key) + len(value or b"")

    def __bool__(self) -> bool:
        return bool(self.changes or self.effects)


def writes(changes: Mapping[str, bytes | None], most: int) -> list[dict[str, bytes | None]]:
    """``changes`` in the order in which they may be stored one after the other, when they are many.

    What a client changed is all in the first, to be stored whole or not at all. Then come instances, which are told of
    one by one anyhow, some at a time: what is missing of these is found again by looking at what should be.
    """
    first: dict[str, bytes | None] = {}
    parts = [first]
    room = 0
    for key, value in changes.items():
        if not key.startswith("instances/"):
            first[key] = value
            continue
        size = len(key) + len(value or b"")
        if len(parts) == 1 or size > room:
            parts.append({})
            room = most
        parts[-1][key] = value
        room -= size
    return [part for part in parts if part]


class Timers:
    """When to look at what again. A key has one time; setting it anew replaces that."""

    def __init__(self) -> None:
        self._when: dict[Hashable, float] = {}
        self._heap: list[tuple[float, int, Hashable]] = []
        self._count = 0

    def set(self, key: Hashable, when: float) -> None:
        self._when[key] = when
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, key))

    def cancel(self, key: Hashable) -> None:
        self._when.pop(key, None)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._when

    def next(self) -> float | None:
        self._drop_stale()
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> list[Hashable]:
        due = []
        while (when := self.next()) is not None and when <= now:
            key = heapq.heappop(self._heap)[2]
            del self._when[key]
            due.append(key)
        return due

    def _drop_stale(self) -> None:
        while self._heap and self._when.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
