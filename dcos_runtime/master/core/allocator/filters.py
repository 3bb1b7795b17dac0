"""What frameworks refused of one agent, until when: sparse, one entry a refusal, in arrays.

An entry names its client by slot and by the slot's epoch: a revive, or another client in the slot, only has to raise
the epoch, and all the entries of all agents are dead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcos_runtime.core.resources import Resources
from dcos_runtime.master.core.allocator.terms import FILTERS_PER_AGENT

_FEW = 4


class Refusals:
    """Those of one agent. ``refused``: different amounts, that entries have the numbers of."""

    __slots__ = ("count", "epochs", "numbers", "refused", "slots", "until")

    def __init__(self) -> None:
        self.count = 0
        self.refused: list[Resources] = []
        self.slots: NDArray[np.int32] = np.zeros(_FEW, np.int32)
        self.epochs: NDArray[np.int32] = np.zeros(_FEW, np.int32)
        self.numbers: NDArray[np.int32] = np.zeros(_FEW, np.int32)
        self.until: NDArray[np.float64] = np.zeros(_FEW, np.float64)

    def add(self, slot: int, epochs: NDArray[np.int32], resources: Resources, until: float) -> int:
        """How many more there are of the client now. What the new one says as well goes, and the oldest of many."""
        count = self.count
        mine = np.flatnonzero((self.slots[:count] == slot) & (self.epochs[:count] == epochs[slot]))
        gone: list[int] = []
        if mine.size:
            kept = []
            for index in mine.tolist():
                if self.until[index] > until or not resources.contains(self.refused[self.numbers[index]]):
                    kept.append(index)
                else:
                    gone.append(index)
            gone += kept[: max(len(kept) - FILTERS_PER_AGENT + 1, 0)]
        if gone:
            keep = np.ones(count, bool)
            keep[gone] = False
            self._keep(keep)
        elif count == len(self.slots):
            self._keep(self.epochs[:count] == epochs[self.slots[:count]])
            if self.count > len(self.slots) // 2:
                self._grow()
        index = self.count
        self.slots[index] = slot
        self.epochs[index] = epochs[slot]
        self.numbers[index] = self._number(resources)
        self.until[index] = until
        self.count += 1
        return 1 - len(gone)

    def _number(self, resources: Resources) -> int:
        for number, known in enumerate(self.refused):
            if known is resources or known == resources:
                return number
        if len(self.refused) > 2 * _FEW and len(self.refused) > 2 * self.count:
            used, self.numbers[: self.count] = np.unique(self.numbers[: self.count], return_inverse=True)
            self.refused = [self.refused[number] for number in used.tolist()]
        self.refused.append(resources)
        return len(self.refused) - 1

    def _keep(self, chosen: NDArray[np.bool_]) -> None:
        count = int(np.count_nonzero(chosen))
        for name in ("slots", "epochs", "numbers", "until"):
            array: NDArray[Any] = getattr(self, name)
            array[:count] = array[: self.count][chosen]
        self.count = count

    def _grow(self) -> None:
        for name in ("slots", "epochs", "numbers", "until"):
            array: NDArray[Any] = getattr(self, name)
            larger = np.zeros(2 * len(array), array.dtype)
            larger[: self.count] = array[: self.count]
            setattr(self, name, larger)

    def expire(self, now: float, epochs: NDArray[np.int32]) -> NDArray[np.int32]:
        """Those that end by ``now`` go, and the dead ones. The slots of those that were not dead yet."""
        count = self.count
        live = self.epochs[:count] == epochs[self.slots[:count]]
        over = self.until[:count] <= now
        ended: NDArray[np.int32] = self.slots[:count][live & over]
        self._keep(live & ~over)
        return ended

    def next_end(self) -> float:
        """Infinity: none. It may be that of a dead one."""
        return float(self.until[: self.count].min()) if self.count else float("inf")

    def live(self, epochs: NDArray[np.int32]) -> NDArray[np.int32]:
        """The slots that have one, once for each."""
        count = self.count
        slots: NDArray[np.int32] = self.slots[:count][self.epochs[:count] == epochs[self.slots[:count]]]
        return slots

    def cover(
        self, offers: Sequence[Resources], views: NDArray[np.intp] | None, epochs: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        """The slots of clients that refused what they would be offered: ``offers[views[slot]]``."""
        count = self.count
        slots, numbers = self.slots[:count], self.numbers[:count]
        covers = np.array([[refused.contains(offer) for offer in offers] for refused in self.refused], bool)
        said = covers[numbers, 0] if views is None else covers[numbers, views[slots]]
        chosen: NDArray[np.int32] = slots[said & (self.epochs[:count] == epochs[slots])]
        return chosen
