"""The shell of a master that leads: feeds the kernel's core with events and the time, and carries its effects out."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import Any

from dcos_runtime.core.frozen import Persist
from dcos_runtime.core.recorder import Recorder
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.leading.seat import Leadership
from dcos_runtime.leading.shell import Shell
from dcos_runtime.master.core import recorded, shown
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.master.core.effects import Close, Effect, Send, SendJoined, SendToAgent, Tell
from dcos_runtime.master.core.events import BudgetedTick, Event, Recovered, Resumed
from dcos_runtime.master.core.registry import UnknownRegistryVersion
from dcos_runtime.master.core.state import Settings, State
from dcos_runtime.master.measures import Measures
from dcos_runtime.master.memory import LongLived
from dcos_runtime.master.streams import Streams
from dcos_runtime.recording import recorder
from dcos_runtime.store import StoreError
from dcos_runtime.wire.codec import DecodeError

log = logging.getLogger(__name__)

_SLICE_SECONDS = 0.008  # the aim for a slice, so that none takes 20 ms
_FIRST_BUDGET, _LEAST_BUDGET, _LARGEST_BUDGET = 200, 10, 2000


class MasterShell(Shell[Event]):
    """One term as leader. Everything here runs in the event loop; only the store waits elsewhere.

    `start` makes one: it feeds the core with what was stored.
    """

    def __init__(self, core: MasterCore, leadership: Leadership, recorder: Recorder | None = None) -> None:
        super().__init__(core, leadership, recorder)
        self.core: MasterCore = core
        self.elected_at = time.time()
        self.streams = Streams(self.lease)
        self.measures = Measures()
        self.long_lived = LongLived()
        self._allocation_due: float | None = None  # the time
        self._run_seconds = 0.0  # of the run of the allocator that is under way
        self._budget = _FIRST_BUDGET
        self._performers: dict[type, Callable[[Any], None]] = {
            Send: lambda effect: self.streams.send(effect.stream, effect.event),
            SendJoined: lambda effect: self.streams.put(effect.stream, effect.data),
            SendToAgent: lambda effect: self.streams.put(effect.stream, effect.data),
            Tell: self._tell,
            Close: lambda effect: self.streams.close(effect.stream),
        }

    @property
    def state(self) -> State:
        """For views, which have to read it within one step of the event loop."""
        return self.core.state

    def perform(self, effect: Effect) -> None:
        self._performers[type(effect)](effect)

    def _tell(self, effect: Tell) -> None:
        try:
            event = shown.event(self.state, effect)
        except DecodeError as error:  # agents may report what cannot be read
            log.error("%s of %r is not told to operators: %s", effect.kind.value, effect.task_id, error)
            return
        if event is not None:
            for stream in self.state.watchers:
                self.streams.send(stream, event)

    def abandon(self, why: str) -> None:
        self.streams.drop_all("this master leads no more")

    async def stop(self) -> None:
        """Ends all streams: nothing more is sent."""
        self.streams.close_all()
        await super().stop()

    def caught_up(self) -> None:
        self._noted.appendleft(Resumed())

    def fault(self, error: Exception) -> None:
        log.error("a step of the kernel failed; the others go on", exc_info=error)

    def fed(self) -> None:
        self._see_allocation()
        self.long_lived.grown(len(self.state.agents))
        super().fed()

    def step(self) -> None:
        """A run of the allocator takes several steps, so that the loop runs and the lease is checked in between."""
        allocator = self.core.state.allocator
        runs, under_way, began = allocator.runs, allocator.slices_left, self.lease.working()
        self._runner.feed(BudgetedTick(self._budget))
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
        due = self.core.state.allocator.due()
        if due == float("inf"):
            self._allocation_due = None
        elif self._allocation_due is None or due > self._allocation_due:
            self._allocation_due = max(due, self.lease.working())

    def stored(self, changes: dict[str, bytes | None], began: float) -> None:
        self.measures.store.record(self.lease.working() - began, began)
        self.measures.stored(changes)

    def unwritten(self, persist: Persist, error: StoreError) -> None:
        """The core gets no event: it ends with this process. Waiting clients are answered by the next leader."""
        log.error("the registry could not be written: %s", error)


def next_budget(budget: int, took: float, full: bool) -> int:
    """The number of agents in the allocator's next slice, after one of ``budget`` agents that ``took`` so many seconds.
    It at most doubles, and only after a ``full`` slice; it shrinks at once.
    """
    if took <= _SLICE_SECONDS and not full:
        return budget
    fitting = int(budget * min(_SLICE_SECONDS / max(took, 1e-6), 2.0))
    return min(max(fitting, _LEAST_BUDGET), _LARGEST_BUDGET)


async def start(settings: Settings, leadership: Leadership, record: str | None = None) -> MasterShell:
    """Recovers what was stored. Raises `StoreError` and ``OSError``."""
    lease = leadership.lease
    began = lease.working()
    registry = await leadership.store.load()
    seed = os.urandom(32)
    core = MasterCore(settings, SeededSource(seed))
    sizes = {"segment": recorded.SEGMENT, "segments": recorded.SEGMENTS}
    keeper = recorder(record, core, recorded.NAME, seed, recorded.Veil, **sizes)
    shell = MasterShell(core, leadership, keeper)
    moment = shell.now()
    try:
        shell.start(Recovered(tuple(registry.items()), int(moment.wall * 1000)))
    except UnknownRegistryVersion as error:
        raise StoreError(str(error)) from error
    except DecodeError as error:
        raise StoreError(f"the registry holds an entry that cannot be read: {error}") from error
    shell.long_lived.freeze(0)
    log.info("leading as %s; %d agents are known", settings.master.pid, len(core.state.recovering))
    shell.measures.fetch_ms = (moment.mono - began) * 1000.0
    shell.measures.stored(registry)
    return shell
