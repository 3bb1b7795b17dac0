"""The leading master at work: feeds the core with events and the time, and carries its effects out in order."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from dcos_runtime.core.frozen import Now
from dcos_runtime.daemon import Life
from dcos_runtime.master.core.effects import Close, Persist, Send, SendJoined, Tell
from dcos_runtime.master.core.kernel import MasterCore
from dcos_runtime.master.core.state import Config, State
from dcos_runtime.master.measures import Measures
from dcos_runtime.master.streams import Streams
from dcos_runtime.store import Store, StoreError
from dcos_runtime.store.lease import HOLD_SECONDS, LeaseOver, Term
from dcos_runtime.wire.codec import DecodeError

T = TypeVar("T")

log = logging.getLogger(__name__)

_MAX_WRITE = 500_000
_SLICE_SECONDS = 0.008  # what is aimed at, so that none takes 20 ms
_FIRST_BUDGET, _LEAST_BUDGET, _LARGEST_BUDGET = 200, 10, 2000
_LONGEST_SLEEP = 3600.0


class Leader:
    """One term as leader. Everything here runs in the event loop; only the store waits elsewhere."""

    def __init__(self, core: MasterCore, store: Store, life: Life, elected_at: float, lease: Term) -> None:
        self._core = core
        self._store = store
        self._life = life
        self.elected_at = elected_at
        self.lease = lease
        self.streams = Streams(lease)
        self.measures = Measures()
        self._allocation_due: float | None = None  # since when
        self._run_seconds = 0.0  # of the run of the allocator that is under way
        self._budget = _FIRST_BUDGET
        self._suspensions = lease.suspensions
        self._noted: deque[Callable[[MasterCore, Now], object]] = deque()
        self._wake = asyncio.Event()
        self._writes: asyncio.Queue[Persist] = asyncio.Queue()
        life.spawn(self._tick(), "the kernel's clock")
        life.spawn(self._write(), "the registry's writer")

    @property
    def state(self) -> State:
        """For views: to be read within one step of the event loop."""
        return self._core.state

    async def do(self, event: Callable[[MasterCore, Now], T], seconds: float | None = HOLD_SECONDS) -> T:
        """Hands an event to the core. What it did is carried out even when it raised: its state says so.

        It waits while the leadership is suspended. Raises `NotLeading`, and does nothing, when that takes more than
        ``seconds``, or when this process may not lead any more.
        """
        await self.lease.hold(seconds)
        self._catch_up()
        return self._do(event)

    def note(self, event: Callable[[MasterCore, Now], object]) -> None:
        """The same for what matters to a leader only, such as the end of a stream; waits for nothing."""
        if self.lease.valid():
            self._catch_up()
            self._do(event)
        else:
            self._noted.append(event)
            self._wake.set()

    def _catch_up(self) -> None:
        """What happened while the leadership was suspended, before all else that happens after it."""
        if self._suspensions != self.lease.suspensions:
            self._suspensions = self.lease.suspensions
            self._noted.appendleft(lambda core, then: core.resumed(then))
        while self._noted:
            try:
                self._do(self._noted.popleft())
            except Exception:
                log.exception("what happened while the leadership was suspended could not be handled")

    def _do(self, event: Callable[[MasterCore, Now], T]) -> T:
        try:
            return event(self._core, now(self.lease))
        finally:
            self._carry_out()
            self._see_allocation()

    def _carry_out(self) -> None:
        for effect in self._core.take_effects():
            match effect:
                case Send(stream, event):
                    self.streams.send(stream, event)
                case SendJoined(stream, data) | Tell(stream, data):
                    self.streams.put(stream, data)
                case Close(stream):
                    self.streams.close(stream)
                case Persist():
                    self._writes.put_nowait(effect)
        self._wake.set()

    async def _tick(self) -> None:
        while True:
            try:
                await self.lease.hold()
            except LeaseOver:
                return
            self._wake.clear()
            wait = min(self._core.next_deadline() - self.lease.working(), _LONGEST_SLEEP)
            if self._noted:
                wait = 0.0
            if wait > 0:
                try:
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
                except TimeoutError:
                    pass
                else:
                    continue
            else:
                await asyncio.sleep(0)  # events that are there already are taken into account
            try:
                await self.do(self._step, None)
            except LeaseOver:
                return
            except Exception:
                log.exception("a step of the kernel failed; the others go on")

    def _step(self, core: MasterCore, then: Now) -> None:
        """What is due. A run of the allocator takes several of these: the loop turns and the lease is looked at
        in between."""
        core.ring(then)
        allocator = core.state.allocator
        runs, under_way, began = allocator.runs, allocator.slices_left, self.lease.working()
        core.allocate(then, self._budget)
        if not under_way and allocator.runs == runs:
            return
        took = self.lease.working() - began
        self._budget = next_budget(self._budget, took, allocator.slices_left)
        self._run_seconds += took
        if allocator.runs > runs:
            since = began if self._allocation_due is None else min(self._allocation_due, began)
            self.measures.allocation_latency.record(began - since, began)
            self._allocation_due = None
        if not allocator.slices_left:
            self.measures.allocation.record(self._run_seconds, began)
            self._run_seconds = 0.0

    def _see_allocation(self) -> None:
        """Notes when a run of the allocator became due."""
        due = self._core.state.allocator.due()
        if due == float("inf"):
            self._allocation_due = None
        elif self._allocation_due is None or due > self._allocation_due:
            self._allocation_due = max(due, self.lease.working())

    async def _write(self) -> None:
        while True:
            batch = [await self._writes.get()]
            changes = dict(batch[0].changes)
            while not self._writes.empty() and _size(changes) < _MAX_WRITE:
                batch.append(self._writes.get_nowait())
                changes.update(batch[-1].changes)
            began = self.lease.working()
            try:
                await self._store.write(changes)
            except StoreError as error:
                self._life.end(1, f"the registry could not be written: {error}")
                return
            self.measures.store.record(self.lease.working() - began, began)
            self.measures.stored(changes)
            for effect in batch:
                number = effect.id
                self.note(lambda core, then, number=number: core.persisted(number, then))  # type: ignore[misc]


def next_budget(budget: int, took: float, full: bool) -> int:
    """How many agents the allocator looks at in the next slice, after one of ``budget`` agents that ``took`` so long.

    It grows no faster than twofold, and only after a slice that was ``full``; it shrinks at once.
    """
    if took <= _SLICE_SECONDS and not full:
        return budget
    fitting = int(budget * min(_SLICE_SECONDS / max(took, 1e-6), 2.0))
    return min(max(fitting, _LEAST_BUDGET), _LARGEST_BUDGET)


def _size(changes: dict[str, bytes | None]) -> int:
    return sum(len(key) + len(value or b"") for key, value in changes.items())


def now(term: Term) -> Now:
    """Waits do not count while the leadership is suspended: no agent and no framework is missed in that time."""
    return Now(term.working(), time.time())


async def begin(config: Config, store: Store, life: Life, lease: Term) -> Leader:
    """Recovers what was stored and starts to lead. Raises `StoreError`."""
    began = lease.working()
    registry = await store.load()
    moment = now(lease)
    try:
        core = MasterCore(config, registry, random.Random(), int(moment.wall * 1000), moment)
    except DecodeError as error:
        raise StoreError(f"the registry holds an entry that cannot be read: {error}") from error
    gc.freeze()
    log.info("leading as %s; %d agents are known", config.master.pid, len(core.state.recovering))
    leader = Leader(core, store, life, moment.wall, lease)
    leader.measures.fetch_ms = (moment.mono - began) * 1000.0
    leader.measures.stored(registry)
    return leader
