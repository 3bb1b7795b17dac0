"""Ids, jitter and shuffles from a seed: a core's only source of chance, so that its life can be run again."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from random import Random
from typing import TypeVar

T = TypeVar("T")

SourceState = tuple[int, tuple[int, ...], float | None]


class SeededSource:
    """Two of the same seed that are asked the same in the same order answer the same.

    ``misfortune``: how often what may go wrong does, in a simulation (`unlucky`), which is asked by ``befalls`` whether
    that may be. Never in a daemon.
    """

    def __init__(
        self, seed: bytes, *, misfortune: float = 0.0, befalls: Callable[[str], bool] = lambda what: True
    ) -> None:
        self.seed = seed
        self._random = Random(seed)
        self._misfortune = misfortune
        self._luck = Random(seed + b" luck") if misfortune else None
        self._befalls = befalls

    def unlucky(self, what: str) -> bool:
        """Asked where a core may do what is allowed and seldom happens: refuse, give up early, ask for another try.

        ``what``: that, in words, and at one place only. It takes nothing from the chance of all else, so that a daemon
        decides as if it were not asked.
        """
        return self._luck is not None and self._luck.random() < self._misfortune and self._befalls(what)

    def bits(self, count: int) -> int:
        return self._random.getrandbits(count)

    def below(self, limit: int) -> int:
        """One of the whole numbers from 0 on, less than ``limit``."""
        return self._random.randrange(limit)

    def token(self, size: int = 16) -> bytes:
        """So many random bytes."""
        return self._random.getrandbits(8 * size).to_bytes(size, "big")

    def uuid(self) -> str:
        """A random UUID (version 4) in the usual form."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def uniform(self, low: float, high: float) -> float:
        return self._random.uniform(low, high)

    def state(self) -> SourceState:
        version, internal, gauss = self._random.getstate()
        return version, internal, gauss

    @classmethod
    def restored(cls, seed: bytes, state: SourceState) -> SeededSource:
        """One that goes on where the one that told ``state`` stood."""
        source = cls(seed)
        version, internal, gauss = state
        source._random.setstate((version, tuple(internal), gauss))
        return source
