"""The resources of one agent that frameworks refused, and until when: sparse arrays, one entry a refusal. An entry
holds its client's slot and the slot's epoch. A revive, or another client in the slot, raises the epoch, which
invalidates the slot's entries for all agents.
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
    """The refusals of one agent. ``refused``: distinct amounts; entries hold their index."""

    __slots__ = ("_any", "count", "epochs", "numbers", "refused", "slots", "until")

    def __init__(self) -> None:
        self.count = 0
        self.refused: list[Resources] = []
        self.slots: NDArray[np.int32] = np.zeros(_FEW, np.int32)
        self.epochs: NDArray[np.int32] = np.zeros(_FEW, np.int32)
        self.numbers: NDArray[np.int32] = np.zeros(_FEW, np.int32)
        self.until: NDArray[np.float64] = np.zeros(_FEW, np.float64)
        self._any: NDArray[np.bool_] = np.zeros(_FEW, bool)  # by slot: whether there is an entry, even an invalid one

    def add(self, slot: int, epochs: NDArray[np.int32], resources: Resources, until: float) -> tuple[int, bool]:
        """Returns how many more entries the client has now, and whether its oldest was removed because of the limit.

        Entries that the new one covers are removed in any case.
        """
        gone, over_limit = 0, False
        if slot >= len(self._any):
            self._any = np.concatenate([self._any, np.zeros(len(epochs) - len(self._any), bool)])
        elif self._any[slot]:
            gone, over_limit = self._drop(slot, epochs, resources, until)
        if self.count == len(self.slots):
            self._keep(self.epochs[: self.count] == epochs[self.slots[: self.count]])
            if self.count > len(self.slots) // 2:
                self._grow()
        index = self.count
        self.slots[index] = slot
        self.epochs[index] = epochs[slot]
        self.numbers[index] = self._number(resources)
        self.until[index] = until
        self._any[slot] = True
        self.count += 1
        return 1 - gone, over_limit

    def _drop(self, slot: int, epochs: NDArray[np.int32], resources: Resources, until: float) -> tuple[int, bool]:
        count = self.count
        mine = np.flatnonzero((self.slots[:count] == slot) & (self.epochs[:count] == epochs[slot]))
        gone: list[int] = []
        kept = []
        for index in mine.tolist():
            if self.until[index] > until or not resources.contains(self.refused[self.numbers[index]]):
                kept.append(index)
            else:
                gone.append(index)
        oldest = kept[: max(len(kept) - FILTERS_PER_AGENT + 1, 0)]
        gone += oldest
        if gone:
            keep = np.ones(count, bool)
            keep[gone] = False
            self._keep(keep)
        return len(gone), bool(oldest)

    def _number(self, resources: Resources) -> int:
        refused = self.refused
        if refused and refused[-1] is resources:
            return len(refused) - 1
        for number, known in enumerate(refused[-_FEW:], max(len(refused) - _FEW, 0)):
            if known == resources:
                return number
        if len(refused) > 2 * _FEW and len(refused) > 2 * self.count:
            used, self.numbers[: self.count] = np.unique(self.numbers[: self.count], return_inverse=True)
            self.refused = refused = [refused[number] for number in used.tolist()]
        refused.append(resources)
        return len(refused) - 1

    def _keep(self, chosen: NDArray[np.bool_]) -> None:
        count = int(np.count_nonzero(chosen))
        for name in ("slots", "epochs", "numbers", "until"):
            array: NDArray[Any] = getattr(self, name)
            array[:count] = array[: self.count][chosen]
        self.count = count
        self._any[:] = False
        self._any[self.slots[:count]] = True

    def _grow(self) -> None:
        for name in ("slots", "epochs", "numbers", "until"):
            array: NDArray[Any] = getattr(self, name)
            larger = np.zeros(2 * len(array), array.dtype)
            larger[: self.count] = array[: self.count]
            setattr(self, name, larger)

    def expire(self, now: float, epochs: NDArray[np.int32]) -> list[int]:
        """Removes entries that end by ``now``, and invalid ones. Returns the slots of those that were still valid."""
        count = self.count
        if count == 1:
            if self.until[0] > now:
                return []
            self.count = 0
            slot = int(self.slots[0])
            self._any[slot] = False
            return [slot] if self.epochs[0] == epochs[slot] else []
        live = self.epochs[:count] == epochs[self.slots[:count]]
        over = self.until[:count] <= now
        ended: list[int] = self.slots[:count][live & over].tolist()
        self._keep(live & ~over)
        return ended

    def next_end(self) -> float:
        """The earliest end of an entry, perhaps of an invalid one; infinity if there is none."""
        return float(self.until[: self.count].min()) if self.count else float("inf")

    def live(self, epochs: NDArray[np.int32]) -> NDArray[np.int32]:
        """The slots with entries, each once."""
        count = self.count
        slots: NDArray[np.int32] = self.slots[:count][self.epochs[:count] == epochs[self.slots[:count]]]
        return slots

    def cover(
        self, offers: Sequence[Resources], views: NDArray[np.intp] | None, epochs: NDArray[np.int32]
    ) -> NDArray[np.int32]:
        """The slots of clients that refused their offer ``offers[views[slot]]``."""
        count = self.count
        slots, numbers = self.slots[:count], self.numbers[:count]
        chosen = self.epochs[:count] == epochs[slots]
        covers = [[refused is offer or refused.contains(offer) for offer in offers] for refused in self.refused]
        if not all(all(row) for row in covers):
            known = np.array(covers, bool)
            chosen &= known[numbers, 0] if views is None else known[numbers, views[slots]]
        found: NDArray[np.int32] = slots[chosen]
        return found

    def covering(self, slot: int, epochs: NDArray[np.int32], offer: Resources) -> list[tuple[Resources, float]]:
        """What the client of this slot refused that is ``offer`` or more, each with the time when that ends; some may
        have ended.
        """
        if slot >= len(self._any) or not self._any[slot]:
            return []
        count = self.count
        mine = np.flatnonzero((self.slots[:count] == slot) & (self.epochs[:count] == epochs[slot]))
        found = [(self.refused[self.numbers[index]], float(self.until[index])) for index in mine.tolist()]
        return [(refused, until) for refused, until in found if refused.contains(offer)]
