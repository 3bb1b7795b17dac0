"""A disk: writes take time, are done in order, fail while the disk is full, and are torn when their writer dies."""

from __future__ import annotations

from collections import deque
from random import Random

from dcos_runtime.core.frozen import Persist, Persisted, PersistFailed
from dcos_runtime.sim.process import CoreProcess


class Disk:
    """``values`` are the durable ones. ``full``: why nothing can be written now."""

    def __init__(self, agent: CoreProcess, random: Random) -> None:
        self.values: dict[str, bytes] = {}
        self.full = ""
        self.lag = (0.001, 0.015)
        self._agent = agent
        self._random = random
        self._writes: deque[Persist] = deque()
        self._batch: list[Persist] = []

    def write(self, effect: Persist) -> None:
        self._writes.append(effect)
        self._begin()

    def _begin(self) -> None:
        """All waiting values are written at once, as in the shell; later ones wait."""
        if self._writes and not self._batch:
            self._batch = list(self._writes)
            self._writes.clear()
            self._agent.later(self._random.uniform(*self.lag), self._done)

    def _done(self) -> None:
        batch, self._batch = self._batch, []
        why = self.full
        if not why:
            for effect in batch:
                self._take(effect, len(effect.changes))
        for effect in batch:
            self._agent.feed(PersistFailed(effect.id, why) if why else Persisted(effect.id))
        self._begin()

    def _take(self, effect: Persist, count: int) -> None:
        for key, value in effect.changes[:count]:
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value
        if count == len(effect.changes):
            self._agent.cluster.watch.durable(self._agent, effect)

    def writer_died(self) -> None:
        """A part of the write under way was still done, the last value in part."""
        if not self.full:
            done = self._random.randint(0, len(self._batch))
            for effect in self._batch[:done]:
                self._take(effect, len(effect.changes))
            for effect in self._batch[done : done + 1]:
                self._take(effect, self._random.randint(0, len(effect.changes) - 1))
        self._writes.clear()
        self._batch = []
