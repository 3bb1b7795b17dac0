"""What a core waits for: timers by key; setting, moving, cancelling and finding one takes constant time, amortised."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)

_SLACK = 64
"""The number of obsolete entries that are always tolerated."""


class Timers(Generic[K]):
    """Keys are frozen data that say what is due (``Resend(framework, task)``); a key has one time at most.

    Times are seconds of the monotonic clock. Timers of equal times are due in the order in which they were set.
    """

    def __init__(self, entries: Iterable[tuple[float, K]] = ()) -> None:
        """``entries``: the `entries` of another."""
        self._live: dict[K, tuple[float, int, K]] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._count = 0
        for at, key in entries:
            self.set(key, at)

    def __len__(self) -> int:
        return len(self._live)

    def set(self, key: K, at: float) -> None:
        """Sets, or moves, the timer of ``key``: it is due at ``at``."""
        self._count += 1
        entry = (at, self._count, key)
        self._live[key] = entry
        heapq.heappush(self._heap, entry)
        if len(self._heap) > 2 * len(self._live) + _SLACK:
            self._heap = list(self._live.values())
            heapq.heapify(self._heap)

    def cancel(self, key: K) -> None:
        self._live.pop(key, None)

    def at(self, key: K) -> float | None:
        """When ``key`` is due, if it is set."""
        entry = self._live.get(key)
        return None if entry is None else entry[0]

    def next_deadline(self) -> float | None:
        """When the first is due."""
        heap, live = self._heap, self._live
        while heap:
            entry = heap[0]
            if live.get(entry[2]) is entry:
                return entry[0]
            heapq.heappop(heap)
        return None

    def overdue(self, mono: float) -> int:
        """How many are due by ``mono``."""
        return sum(1 for at, _, _ in self._live.values() if at <= mono)

    def fire(self, mono: float) -> Iterator[K]:
        """Removes and yields, one by one, the keys that are due by ``mono``, without those that are cancelled or set
        meanwhile.
        """
        due: list[tuple[float, int, K]] = []
        while self._heap and self._heap[0][0] <= mono:
            entry = heapq.heappop(self._heap)
            if self._live.get(entry[2]) is entry:
                due.append(entry)
        done = 0
        try:
            for entry in due:
                done += 1
                if self._live.get(entry[2]) is entry:
                    del self._live[entry[2]]
                    yield entry[2]
        finally:
            for entry in due[done:]:  # the caller failed: the rest is still due
                heapq.heappush(self._heap, entry)

    def entries(self) -> list[tuple[float, K]]:
        """All timers in the order in which they were set, from which equal `Timers` can be made."""
        return [(at, key) for at, _, key in sorted(self._live.values(), key=lambda entry: entry[1])]
