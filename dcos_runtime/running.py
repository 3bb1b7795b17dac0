"""A core's runner under asyncio: its clock, and the loop that lets time pass for it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from dcos_runtime.core.frozen import Frozen, Now, Tick
from dcos_runtime.core.runner import Core, Runner

E = TypeVar("E", bound=Frozen)


def now() -> Now:
    return Now(time.monotonic(), time.time())


class Ticking(Generic[E]):
    """Feeds a `Tick` whenever the core's next deadline has come."""

    def __init__(
        self,
        core: Core[E],
        runner: Runner[Any],
        *,
        step: Callable[[], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """``step`` lets time pass, if more has to be done than to feed a `Tick`; ``clock`` is the clock of deadlines.
        ``ready`` is awaited whenever time may have passed, before anything else is done.
        """
        self._core = core
        self._step = step or (lambda: runner.feed(Tick()))
        self._clock = clock
        self._ready = ready
        self._changed = asyncio.Event()
        self._until: float | None = None
        runner.fed = self.fed

    def fed(self) -> None:
        deadline = self._core.next_deadline()
        if deadline is not None and (self._until is None or deadline < self._until):
            self._changed.set()  # earlier than the current wait; a later deadline is seen when that ends

    def wake(self) -> None:
        """Makes `run` call ``ready`` again, because there is work for it."""
        self._changed.set()

    async def run(self) -> None:
        """Never returns; raises what the core raises, and what ``ready`` does."""
        while True:
            if self._ready is not None:
                await self._ready()
            self._changed.clear()
            self._until = deadline = self._core.next_deadline()
            wait = None if deadline is None else deadline - self._clock()
            if wait is None or wait > 0:
                # Before Python 3.12 `asyncio.wait_for` may forget that it was cancelled.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._changed.wait()
                continue
            await asyncio.sleep(0)  # events that have come already are taken into account
            if self._ready is not None:
                await self._ready()
            self._step()
