"""Keeps long-lived objects out of garbage collections.

A full collection walks through all objects: with ten thousand agents that takes a tenth of a second, in which the loop
stands still. Nearly all of them live as long as their agents, and are freed without the collector.
"""

from __future__ import annotations

import gc

_GROWTH, _LEAST = 1.1, 200


class LongLived:
    """Freezes again whenever there are a tenth more agents: a collection then walks through newer objects only. Cyclic
    garbage that is frozen with them is never freed: that is little, and happens a few dozen times in the life of a
    master.
    """

    def __init__(self) -> None:
        self._agents = 0
        self._new = False

    def freeze(self, agents: int) -> None:
        gc.freeze()
        self._agents = agents
        self._new = True

    def offered(self) -> None:
        """A run of the allocator is over, so the fragments of new agents' offers exist, too."""
        if self._new:
            self._new = False
            gc.freeze()

    def grown(self, agents: int) -> None:
        """The number of agents is now ``agents``."""
        if agents > self._agents * _GROWTH + _LEAST:
            self.freeze(agents)
        elif agents * 2 < self._agents:
            self._agents = agents
