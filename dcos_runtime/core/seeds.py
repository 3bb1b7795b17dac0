"""Ids, jitter and shuffles from a seed: a core's only source of randomness, so that a run can be repeated."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from random import Random
from typing import TypeVar

T = TypeVar("T")

SourceState = tuple[int, tuple[int, ...], float | None]


class SeededSource:
    """Two sources with the same seed give the same results to the same calls in the same order. ``misfortune``: in a
    simulation only, how often `unlucky` is true; ``befalls`` has to allow it.
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
        """Called where a core may do something that is allowed and rare: refuse, give up early, ask for another try.
        ``what``: a description, unique in the code. It uses random numbers of its own, so that a daemon decides as
        without this call.
        """
        return self._luck is not None and self._luck.random() < self._misfortune and self._befalls(what)

    def bits(self, count: int) -> int:
        return self._random.getrandbits(count)

    def below(self, limit: int) -> int:
        """One of the whole numbers from 0 on, less than ``limit``."""
        return self._random.randrange(limit)

    def token(self, size: int = 16) -> bytes:
        """``size`` random bytes."""
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
        """A source that continues from ``state``."""
        source = cls(seed)
        version, internal, gauss = state
        source._random.setstate((version, tuple(internal), gauss))
        return source
