"""How long a daemon's event loop stood still. A timer should fire every few milliseconds; how late it fires is
measured. A loop with nothing to do is looked at less often: beats alone would take a daemon a fiftieth of a processor.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections import deque

BEAT_SECONDS = 0.005
"""A stall is noticed by the beat that it delays, so it may have been longer by up to this much than it is counted."""

IDLE_BEAT_SECONDS = 0.05
"""Seconds between two beats while the loop has nothing to do. The stall that ends this may have been longer by so much;
a shorter one may be missed.
"""

WORK_SECONDS = 0.001
"""The least share of a processor that a busy loop takes between two beats."""

CALM_BEATS = 20
"""After so many beats in a row without work the loop counts as idle."""

BOUNDS_MS = (5, 10, 20, 50, 100, 200, 500, 1000, 5000)
_RECENT_SECONDS = 60.0


class Stalls:
    """A histogram since the start of the process: ``count`` beats, of which ``le_20`` were 20 ms late or less."""

    def __init__(self) -> None:
        self._counts = [0] * (len(BOUNDS_MS) + 1)  # the last one: over all bounds
        self._sum = self._longest = 0.0
        self._recent: deque[tuple[float, float]] = deque()  # when, and how late; later ones are shorter
        self._expected = self._taken = 0.0
        self._calm = 0

    def start(self) -> None:
        """Beats as long as the running loop runs."""
        self._next(asyncio.get_running_loop())

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        pause = BEAT_SECONDS if self._calm < CALM_BEATS else IDLE_BEAT_SECONDS
        self._taken = time.thread_time()
        self._expected = time.monotonic() + pause
        loop.call_later(pause, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        now = time.monotonic()
        self.record(max(now - self._expected, 0.0), now)
        # The processor time that it took, not how late it is: a busy machine does not need more beats.
        self._calm = 0 if time.thread_time() - self._taken > WORK_SECONDS else self._calm + 1
        self._next(loop)

    def record(self, late: float, now: float) -> None:
        """Both in seconds, ``now`` monotonic."""
        late_ms = late * 1000.0
        self._counts[bisect_left(BOUNDS_MS, late_ms)] += 1
        self._sum += late_ms
        self._longest = max(self._longest, late_ms)
        recent = self._recent
        while recent and recent[-1][1] <= late_ms:
            recent.pop()
        recent.append((now, late_ms))
        while recent[0][0] < now - _RECENT_SECONDS:
            recent.popleft()

    def shown(self, name: str = "loop/stalls_ms") -> dict[str, float]:
        """As metrics. ``le_…`` are cumulative; ``max`` is that since the start, ``max_minute`` of the last minute."""
        shown = {f"{name}/{key}": value for key, value in self.numbers().items()}
        return shown | {f"{name}/{key}": float(value) for key, value in self.buckets().items()}

    def numbers(self) -> dict[str, float]:
        return {
            "count": float(sum(self._counts)),
            "sum": self._sum,
            "max": self._longest,
            "max_minute": self._recent[0][1] if self._recent else 0.0,
        }

    def buckets(self) -> dict[str, int]:
        """The number of beats that were so many milliseconds late or less."""
        found, below = {}, 0
        for bound, count in zip(BOUNDS_MS, self._counts, strict=False):
            below += count
            found[f"le_{bound}"] = below
        return found
