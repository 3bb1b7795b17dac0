"""A core's runner under asyncio: its clock, and the loop that lets time pass for it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Generic, TypeVar

from dcos_runtime.core.frozen import Frozen, Now, Tick
from dcos_runtime.core.runner import Core, Runner

E = TypeVar("E", bound=Frozen)


def now() -> Now:
    return Now(time.monotonic(), time.time())


class Ticking(Generic[E]):
    """Feeds a `Tick` whenever the core's next deadline has come."""

    def __init__(self, core: Core[E], runner: Runner[E | Tick]) -> None:
        self._core = core
        self._runner = runner
        self._changed = asyncio.Event()
        self._until: float | None = None
        runner.fed = self._fed

    def _fed(self) -> None:
        deadline = self._core.next_deadline()
        if deadline is not None and (self._until is None or deadline < self._until):
            self._changed.set()  # sooner than what is being waited for; later is found out then

    async def run(self) -> None:
        """Never returns; raises what the core raises."""
        while True:
            self._changed.clear()
            self._until = deadline = self._core.next_deadline()
            wait = None if deadline is None else deadline - time.monotonic()
            if wait is None or wait > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._changed.wait(), wait)
                continue
            self._runner.feed(Tick())
            await asyncio.sleep(0)
