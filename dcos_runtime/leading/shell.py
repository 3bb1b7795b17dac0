"""Runs a core for one term as leader: feeds it events and the time, carries its effects out, stores its writes.

While the leadership is suspended the core gets no event, nothing is written or sent, and no time passes for the core.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

from dcos_runtime.core.frozen import Frozen, Log, Now, Persist, Persisted, PersistFailed, Reply, Tick
from dcos_runtime.core.runner import Core, Keeper, Runner
from dcos_runtime.leading.seat import Leadership
from dcos_runtime.running import Ticking
from dcos_runtime.store import StoreError
from dcos_runtime.store.lease import HOLD_SECONDS, UNKNOWN, LeaseSuspended, Term

E = TypeVar("E", bound=Frozen)

log = logging.getLogger(__name__)

MAX_WRITE = 500_000
"""Waiting writes are joined into one of at most so many bytes."""
STOP_SECONDS = 2.0


def now(term: Term) -> Now:
    """The time for a core. Its clock for waits stands still while the leadership is suspended."""
    return Now(term.working(), time.time())


class Shell(Generic[E]):
    """The core's effects `Persist`, `Log` and `Reply` are carried out here; a daemon's own `perform` does the others.

    `start` feeds what was stored; `run` has to run from then on.
    """

    def __init__(self, core: Core[E], leadership: Leadership, recorder: Keeper | None = None) -> None:
        self.lease = leadership.lease
        self.recorder = recorder
        self.core = core
        self._store = leadership.store
        self._over = False
        self._suspensions = self.lease.suspensions
        self._noted: deque[E] = deque()
        self._writes: asyncio.Queue[Persist] = asyncio.Queue()
        self._asked: set[asyncio.Future[Reply]] = set()
        self._running: asyncio.Task[None] | None = None
        self._runner: Runner[E] = Runner(core, self.now, self._perform, recorder)
        self._ticking: Ticking[E] = Ticking(
            core, self._runner, step=self.step, clock=self.lease.working, ready=self._ready
        )
        self._runner.fed = self.fed

    # --- what a daemon gives ---

    def perform(self, effect: Any) -> None:
        """Begins to carry out an effect that only this daemon has; the result comes back as an event."""
        raise NotImplementedError(type(effect).__name__)

    def step(self) -> None:
        """Lets time pass for the core."""
        self._runner.feed(Tick())  # type: ignore[arg-type]  # E does not say that the events of every core include it

    def fed(self) -> None:
        """Called after events were handled."""
        self._ticking.fed()

    def caught_up(self) -> None:
        """Called when the leadership goes on after a suspension, before any further event is fed."""

    def fault(self, error: Exception) -> None:
        """Called when the core raised an error and no request waits for it. If this returns, the shell goes on."""
        raise error

    def stored(self, changes: dict[str, bytes | None], began: float) -> None:
        """Called after a write that ``began`` at this working time."""

    def unwritten(self, persist: Persist, error: StoreError) -> None:
        """Called after a write that failed; this process then ends."""
        self._runner.feed(PersistFailed(persist.id, str(error)))  # type: ignore[arg-type]  # E does not say that the events of every core include it

    def ended(self) -> None:
        """Called when the core gets no more events."""

    def others(self) -> list[Awaitable[None]]:
        """Tasks that run beside the core, and end with it."""
        return []

    # --- in ---

    def now(self) -> Now:
        return now(self.lease)

    def start(self, recovered: E) -> None:
        """Feeds the first event. Raises what the core raises."""
        self._runner.feed(recovered)

    async def ask(self, call: Callable[[int], E], seconds: float | None = HOLD_SECONDS) -> Reply:
        """Waits for the core's reply to the event that ``call`` makes, given the number of the request.

        It waits while the leadership is suspended. Raises `NotLeading` when that takes more than ``seconds`` or the
        leadership is over, and ``StoreError`` when this shell ends, since nothing would store what the core changes.
        """
        await self.lease.hold(seconds)
        if self._over:
            raise StoreError("this process is ending; nothing was changed")
        self._catch_up()
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked.add(answer)
        try:
            self._runner.ask(call, lambda reply: None if answer.done() else answer.set_result(reply))
            while not answer.done():
                if (await asyncio.wait({answer}, timeout=HOLD_SECONDS))[0]:
                    break
                if not self.lease.valid():
                    raise LeaseSuspended(UNKNOWN)
            return answer.result()
        finally:
            self._asked.discard(answer)

    def feed(self, event: E) -> None:
        """Feeds the event without waiting. While the leadership is suspended the event is kept until it goes on."""
        self._noted.append(event)
        if self.lease.valid():
            self._catch_up()
        else:
            self._ticking.wake()

    def _catch_up(self) -> None:
        """Feeds what happened while the leadership was suspended, before anything that happens after it."""
        if self._suspensions != self.lease.suspensions:
            self._suspensions = self.lease.suspensions
            self.caught_up()
        while self._noted:
            try:
                self._runner.feed(self._noted.popleft())
            except Exception as error:
                self.fault(error)

    # --- out ---

    def _perform(self, effect: Any) -> None:
        kind = type(effect)
        if kind is Persist:
            self._writes.put_nowait(effect)
        elif kind is Log:
            log.log(effect.level, "%s", effect.text)
        else:
            self.perform(effect)

    async def _write(self) -> None:
        while True:
            batch = [await self._writes.get()]
            changes: dict[str, bytes | None] = dict(batch[0].changes)
            while not self._writes.empty() and _size(changes) < MAX_WRITE:
                batch.append(self._writes.get_nowait())
                changes.update(batch[-1].changes)
            await self.lease.hold()
            began = self.lease.working()
            try:
                await self._store.write(changes)
            except StoreError as error:
                for persist in batch:
                    self.unwritten(persist, error)
                raise
            self.stored(changes, began)
            for persist in batch:
                self.feed(Persisted(persist.id))  # type: ignore[arg-type]  # E does not say that the events of every core include it
                self._writes.task_done()

    # --- its life ---

    async def run(self) -> None:
        """Stores writes and lets time pass, until it is cancelled or `stop` is called. Raises `CannotGoOn`, and
        ``StoreError``, after which the state of this process may differ from what is stored.
        """
        self._running = asyncio.current_task()
        parts = (self._write(), self._keep_time(), *self.others())
        work = [asyncio.ensure_future(part) for part in parts]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in work:
                if task.done():
                    task.result()
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            self._end()

    async def _ready(self) -> None:
        await self.lease.hold()
        self._catch_up()

    async def _keep_time(self) -> None:
        while True:
            try:
                await self._ticking.run()
            except StoreError:
                raise
            except Exception as error:
                self.fault(error)

    def abandon(self, why: str) -> None:
        """See `LeaderShell`. This shell has no streams to clients."""

    async def stop(self) -> None:
        """Writes what is not yet written, then ends `run`. Both have a time limit, so that a daemon always ends."""
        running, self._running = self._running, None
        if running is not None and not running.done() and self.lease.valid():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._writes.join()
        if running is not None and not running.done():
            running.cancel()
            await asyncio.wait({running}, timeout=STOP_SECONDS)
        self._end()

    def _end(self) -> None:
        """Ends the wait of all who wait for a reply."""
        if self._over:
            return
        self._over = True
        self.ended()
        if self.recorder is not None:
            self.recorder.flush()
        ending = StoreError("this process is ending; whether the change was stored is not known")
        for answer in self._asked:
            if not answer.done():
                answer.set_exception(ending)
                answer.exception()  # the exception was handled: silences asyncio's warning


def _size(changes: dict[str, bytes | None]) -> int:
    return sum(len(key) + len(value or b"") for key, value in changes.items())
