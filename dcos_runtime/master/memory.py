"""Keeps long-lived objects out of garbage collections.

A full collection looks through everything that there is: with ten thousand agents that takes a tenth of a second, in
which the loop stands still. Nearly all of it stays as long as its agents do, and is freed without the collector.
"""

from __future__ import annotations

import gc

_GROWTH, _LEAST = 1.1, 200


class LongLived:
    """Frozen again whenever the agents are a tenth more: a collection looks through what came since then.

    Garbage in cycles that is frozen along is never freed: little, and a few dozen times in the life of a master.
    """

    def __init__(self) -> None:
        self._agents = 0
        self._new = False

    def freeze(self, agents: int) -> None:
        gc.freeze()
        self._agents = agents
        self._new = True

    def offered(self) -> None:
        """A run of the allocator is over: what is kept of new agents for their offers is there, too."""
        if self._new:
            self._new = False
            gc.freeze()

    def grown(self, agents: int) -> None:
        """There are so many agents now."""
        if agents > self._agents * _GROWTH + _LEAST:
            self.freeze(agents)
        elif agents * 2 < self._agents:
            self._agents = agents
