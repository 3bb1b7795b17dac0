"""Writes under way: their continuations, by the write's id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from dcos_runtime.core.frozen import Persist

C = TypeVar("C")


class Writes(Generic[C]):
    """Continuations are records and not functions, so that the state of a core can be stored while a write is under
    way.
    """

    def __init__(self, last: int = 0, waiting: Iterable[tuple[int, C]] = ()) -> None:
        self.last = last
        self._waiting: dict[int, C] = dict(waiting)

    def __len__(self) -> int:
        return len(self._waiting)

    def __iter__(self) -> Iterator[tuple[int, C]]:
        return iter(self._waiting.items())

    def begin(self, changes: tuple[tuple[str, bytes | None], ...], then: C) -> Persist:
        """Returns the effect for the changes; ``then`` is the continuation, which `end` returns for its id."""
        self.last += 1
        self._waiting[self.last] = then
        return Persist(self.last, changes)

    def end(self, id: int) -> C | None:
        """The continuation of the write ``id``, which has ended; ``None``: no such write was under way."""
        return self._waiting.pop(id, None)
