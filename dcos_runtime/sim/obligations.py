"""Obligations: what a core has to do within a time because of an event, and the complaint when it does not."""

from __future__ import annotations

import heapq
from typing import Protocol


class Violation(Exception):
    """The cluster did what it must never do, or did not do what it must. The text says what, and of whom."""


class Owner(Protocol):
    """The process that owes it. ``well_since``: the time since which it has been able to act (None: it cannot act
    now).
    """

    name: str

    @property
    def well_since(self) -> float | None: ...


Key = tuple[str, ...]
"""The kind, the owner's name, and the subject."""


class Obligations:
    """Each key has one deadline; owing it again moves the deadline. Time in which the owner could not act does not
    count.
    """

    def __init__(self) -> None:
        self._owed: dict[Key, tuple[float, float, Owner, str]] = {}
        self._heap: list[tuple[float, Key]] = []
        self._of: dict[str, set[Key]] = {}

    def __len__(self) -> int:
        return len(self._owed)

    def owe(self, key: Key, owner: Owner, now: float, seconds: float, what: str) -> None:
        """Adds an obligation that is due within ``seconds``; ``what`` is the complaint. Takes constant time."""
        known = self._owed.get(key)
        self._owed[key] = (now + seconds, seconds, owner, what)
        if known is None:
            self._of.setdefault(owner.name, set()).add(key)
            heapq.heappush(self._heap, (now + seconds, key))

    def of(self, owner: str) -> list[Key]:
        return list(self._of.get(owner, ()))

    def met(self, key: Key) -> None:
        entry = self._owed.pop(key, None)
        if entry is not None:
            self._of[entry[2].name].discard(key)

    def forgive(self, owner: str, kinds: frozenset[str] | None = None) -> None:
        """Drops its obligations, or only those of these kinds."""
        for key in self.of(owner):
            if kinds is None or key[0] in kinds:
                self.met(key)

    def check(self, now: float) -> None:
        """Raises `Violation` when something is overdue."""
        heap, owed = self._heap, self._owed
        while heap and heap[0][0] < now:
            _, key = heapq.heappop(heap)
            entry = owed.get(key)
            if entry is None:
                continue
            deadline, seconds, owner, what = entry
            if deadline >= now:
                heapq.heappush(heap, (deadline, key))
                continue
            since = owner.well_since
            if since is None or since + seconds >= now:
                later = now + seconds if since is None else since + seconds + 0.001
                owed[key] = (later, seconds, owner, what)
                heapq.heappush(heap, (later, key))
                continue
            raise Violation(f"{owner.name}: {what} (owed since {now - seconds:.1f} for {seconds:.1f} s)")
