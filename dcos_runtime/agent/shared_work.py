"""Work that several ask for at the same time, and that is done once for all of them: a download, a pull of an image."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(eq=False)
class _UnderWay(Generic[T]):
    """``waiting``: how many wait for it."""

    task: asyncio.Task[T]
    waiting: int = 0


class SharedWork(Generic[K, T]):
    """By its key, one piece of work at a time. It goes on as long as anyone waits for it. Used in the loop's thread.

    ``left`` is told the result of each piece once nobody waits for it any more: until then what it made is theirs.
    """

    def __init__(self, left: Callable[[T], None] = lambda _: None) -> None:
        self._left = left
        self._under_way: dict[K, _UnderWay[T]] = {}

    def __contains__(self, key: K) -> bool:
        """Whether somebody does it now."""
        return key in self._under_way

    @contextlib.asynccontextmanager
    async def result(self, key: K, begin: Callable[[], Coroutine[Any, Any, T]]) -> AsyncIterator[T]:
        """What `begin` returns, or what the one returns that is under way. All that wait are raised what it raises.
        They count as waiting until the context is left.
        """
        found = self._under_way.get(key)
        if found is None:
            found = self._under_way[key] = _UnderWay(asyncio.create_task(self._done(key, begin)))
        found.waiting += 1
        try:
            yield await asyncio.shield(found.task)
        finally:
            found.waiting -= 1
            if found.waiting == 0:
                await self._nobody_waits(key, found)

    async def _done(self, key: K, begin: Callable[[], Coroutine[Any, Any, T]]) -> T:
        try:
            return await begin()
        finally:
            self._forget(key, asyncio.current_task())

    async def _nobody_waits(self, key: K, found: _UnderWay[T]) -> None:
        """It is over, or it ends here."""
        self._forget(key, found.task)
        found.task.add_done_callback(partial(_settled, self._left))
        if not found.task.done():
            found.task.cancel()
            await asyncio.wait([found.task])

    def _forget(self, key: K, task: asyncio.Task[Any] | None) -> None:
        found = self._under_way.get(key)
        if found is not None and found.task is task:
            del self._under_way[key]


def _settled(left: Callable[[T], None], task: asyncio.Task[T]) -> None:
    if not task.cancelled() and task.exception() is None:  # each that waited was told of an exception
        left(task.result())


class Holds:
    """How many hold something, by its name. A name that nobody holds is forgotten."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def take(self, name: str) -> None:
        self._counts[name] = self._counts.get(name, 0) + 1

    def release(self, name: str) -> None:
        left = self._counts[name] - 1
        if left:
            self._counts[name] = left
        else:
            del self._counts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)
