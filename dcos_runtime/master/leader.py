"""The leading master at work: feeds the core with events and the time, and carries its effects out in order."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dcos_runtime import __version__
from dcos_runtime.core.frozen import Log, Now, Persist, Persisted, Reply
from dcos_runtime.core.recorder import Recorder
from dcos_runtime.core.runner import Runner
from dcos_runtime.core.seeds import Source
from dcos_runtime.daemon import Life
from dcos_runtime.master.core import recorded
from dcos_runtime.master.core.effects import Close, Effect, Send, SendJoined, Tell
from dcos_runtime.master.core.events import Event, Recovered, Resumed, Tick
from dcos_runtime.master.core.kernel import MasterCore
from dcos_runtime.master.core.registry import UnknownVersion
from dcos_runtime.master.core.state import Config, State
from dcos_runtime.master.measures import Measures
from dcos_runtime.master.memory import LongLived
from dcos_runtime.master.streams import Streams
from dcos_runtime.recording import Files
from dcos_runtime.running import Ticking
from dcos_runtime.store import Store, StoreError
from dcos_runtime.store.lease import HOLD_SECONDS, LeaseOver, Term
from dcos_runtime.wire.codec import DecodeError

log = logging.getLogger(__name__)

_MAX_WRITE = 500_000
_SLICE_SECONDS = 0.008  # what is aimed at, so that none takes 20 ms
_FIRST_BUDGET, _LEAST_BUDGET, _LARGEST_BUDGET = 200, 10, 2000


class Leader:
    """One term as leader. Everything here runs in the event loop; only the store waits elsewhere.

    `begin` makes one: it feeds the core with what was stored, and then starts it.
    """

    def __init__(
        self, core: MasterCore, store: Store, life: Life, lease: Term, recorder: Recorder | None = None
    ) -> None:
        self._core = core
        self._store = store
        self._life = life
        self.elected_at = time.time()
        self.lease = lease
        self.streams = Streams(lease)
        self.measures = Measures()
        self.long_lived = LongLived()
        self._allocation_due: float | None = None  # since when
        self._run_seconds = 0.0  # of the run of the allocator that is under way
        self._budget = _FIRST_BUDGET
        self._suspensions = lease.suspensions
        self._noted: deque[Event] = deque()
        self._writes: asyncio.Queue[Persist] = asyncio.Queue()
        self._performers: dict[type, Callable[[Any], None]] = {
            Send: lambda effect: self.streams.send(effect.stream, effect.event),
            SendJoined: lambda effect: self.streams.put(effect.stream, effect.data),
            Tell: lambda effect: self.streams.put(effect.stream, effect.data),
            Close: lambda effect: self.streams.close(effect.stream),
            Persist: self._writes.put_nowait,
            Log: lambda effect: log.log(effect.level, "%s", effect.text),
        }
        self._recorder = recorder
        self._runner: Runner[Event] = Runner(core, lambda: now(lease), self._perform, recorder)
        self._ticking: Ticking[Event] = Ticking(
            core, self._runner, step=self._step, clock=lease.working, ready=self._ready
        )
        self._runner.fed = self._fed

    def start(self, recovered: Recovered) -> None:
        """Raises what the core raises of what was stored."""
        self._runner.feed(recovered)
        self._life.spawn(self._tick(), "the kernel's clock")
        self._life.spawn(self._write(), "the registry's writer")

    def stop(self) -> None:
        """No more is said."""
        self.streams.close_all()
        if self._recorder is not None:
            self._recorder.flush()

    @property
    def state(self) -> State:
        """For views: to be read within one step of the event loop."""
        return self._core.state

    async def ask(self, call: Callable[[int], Event], seconds: float | None = HOLD_SECONDS) -> Reply:
        """Hands the core the event that ``call`` makes of a request's number. What it did is carried out even when it
        raised, and then the reply is a 500.

        It waits while the leadership is suspended. Raises `NotLeading`, and does nothing, when that takes more than
        ``seconds``, or when this process may not lead any more.
        """
        await self.lease.hold(seconds)
        self._catch_up()
        replies: list[Reply] = []
        self._runner.ask(call, replies.append)
        return replies[0]  # this core answers each call while it handles it

    def note(self, event: Event) -> None:
        """Hands the core what matters to a leader only, such as the end of a stream. Waits for nothing: while the
        leadership is suspended it is kept for then."""
        if self.lease.valid():
            self._catch_up()
            self._runner.feed(event)
        else:
            self._noted.append(event)
            self._ticking.wake()

    def _catch_up(self) -> None:
        """What happened while the leadership was suspended, before all else that happens after it."""
        if self._suspensions != self.lease.suspensions:
            self._suspensions = self.lease.suspensions
            self._noted.appendleft(Resumed())
        while self._noted:
            try:
                self._runner.feed(self._noted.popleft())
            except Exception:
                log.exception("what happened while the leadership was suspended could not be handled")

    def _fed(self) -> None:
        self._see_allocation()
        self.long_lived.grown(len(self.state.agents))
        self._ticking.fed()

    def _perform(self, effect: Effect) -> None:
        """Begins an effect; what it leads to comes back to the core as an event."""
        self._performers[type(effect)](effect)

    async def _ready(self) -> None:
        await self.lease.hold()
        self._catch_up()

    async def _tick(self) -> None:
        while True:
            try:
                await self._ticking.run()
            except LeaseOver:
                return
            except Exception:
                log.exception("a step of the kernel failed; the others go on")

    def _step(self) -> None:
        """What is due. A run of the allocator takes several of these: the loop turns and the lease is looked at
        in between."""
        allocator = self._core.state.allocator
        runs, under_way, began = allocator.runs, allocator.slices_left, self.lease.working()
        self._runner.feed(Tick(self._budget))
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
            self.long_lived.offered()

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
            changes: dict[str, bytes | None] = dict(batch[0].changes)
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
                self.note(Persisted(effect.id))


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


async def begin(config: Config, store: Store, life: Life, lease: Term, record: Path | None = None) -> Leader:
    """Recovers what was stored and starts to lead. Raises `StoreError`."""
    began = lease.working()
    registry = await store.load()
    seed = os.urandom(32)
    core = MasterCore(config, Source(seed))
    leader = Leader(core, store, life, lease, _recorder(core, seed, record))
    moment = now(lease)
    try:
        leader.start(Recovered(tuple(registry.items()), int(moment.wall * 1000)))
    except UnknownVersion as error:
        raise StoreError(str(error)) from error
    except DecodeError as error:
        raise StoreError(f"the registry holds an entry that cannot be read: {error}") from error
    leader.long_lived.freeze(0)
    log.info("leading as %s; %d agents are known", config.master.pid, len(core.state.recovering))
    leader.measures.fetch_ms = (moment.mono - began) * 1000.0
    leader.measures.stored(registry)
    return leader


def _recorder(core: MasterCore, seed: bytes, folder: Path | None) -> Recorder | None:
    """Raises `StoreError`."""
    if folder is None:
        return None
    veil = recorded.Veil(os.urandom(32))
    try:
        files = Files(folder, recorded.NAME)
    except OSError as error:
        raise StoreError(f"--record={folder} cannot be used: {error}") from error
    log.warning("all that this master decides on is recorded in %s; secrets of tasks become pseudonyms", folder)
    sizes = {"segment": recorded.SEGMENT, "segments": recorded.SEGMENTS}
    return Recorder(core, recorded.NAME, __version__, seed, veil, files, **sizes)
