"""Virtual time: actions by time, one after another; the time in between costs nothing."""

from __future__ import annotations

import heapq
from collections.abc import Callable

Action = Callable[[], None]

START = 1000.0
WALL = 1_700_000_000.0
"""Seconds since 1970 when the clock of the simulation shows zero."""


class Clock:
    """Actions of the same time run in the order in which they were added."""

    def __init__(self) -> None:
        self.now = START
        self._heap: list[tuple[float, int, Action]] = []
        self._count = 0

    @property
    def elapsed(self) -> float:
        return self.now - START

    def at(self, when: float, action: Action) -> None:
        self._count += 1
        heapq.heappush(self._heap, (max(when, self.now), self._count, action))

    def after(self, seconds: float, action: Action) -> None:
        self.at(self.now + seconds, action)

    def run(self, until: float) -> None:
        """Runs all actions until then. Raises the error of an action; the others can be run afterwards."""
        heap, pop = self._heap, heapq.heappop
        while heap and heap[0][0] <= until:
            when, _, action = pop(heap)
            self.now = when
            action()
        self.now = max(self.now, until)
