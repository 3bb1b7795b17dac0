"""The shell around the core: feeds it events and the time, stores what changed, and then carries out the effects.

Inputs that come while a write is under way are settled and stored together by the next one. Nothing that the core
decided is told to anyone before it is stored.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol, TypeVar

from dcos_runtime.core.frozen import Now
from dcos_runtime.framework import calls
from dcos_runtime.framework.client import Client
from dcos_runtime.marathon.core.core import Core
from dcos_runtime.marathon.core.effects import Effect, Introduce, Outcome, Probe, Publish, Send, Trouble, writes
from dcos_runtime.marathon.core.world import Settings
from dcos_runtime.marathon.events import Hub
from dcos_runtime.marathon.prober import Prober
from dcos_runtime.store import Store, StoreError
from dcos_runtime.store.lease import HOLD_SECONDS, UNKNOWN, Forever, LeaseOver, LeaseSuspended, Term
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.scheduler import Call, Event

T = TypeVar("T")

log = logging.getLogger(__name__)

WRITE_KEYS = 400
WRITE_BYTES = 400_000
"""How much is stored by one write at most, unless what clients changed in one outcome alone is more."""
WAITING = 20
"""Outcomes waiting to be stored before events from the master have to wait as well."""


class FailedOver(Exception):
    """Another process has subscribed as this framework. This one has to end: there may be only one."""


class Sender(Protocol):
    def send(self, call: Call) -> bool: ...


class Engine:
    """Runs a core. It is the `Scheduler` of the framework client as well."""

    def __init__(self, store: Store, hub: Hub, core: Core, lease: Term | None = None) -> None:
        self.core = core
        self.lease = lease or Forever()
        self.hub = hub
        self.client: Client | None = None
        self.introduce: Callable[[], FrameworkInfo] | None = None
        """Who we are for the master, now."""
        self.master_page: Callable[[], str | None] = lambda: None
        """The URL of the leading master's plain port, if known."""
        self._over = False
        self._noted: deque[Callable[[Now], None]] = deque()
        self._store = store
        self._prober = Prober()
        self._probes: set[asyncio.Task[None]] = set()
        self._pending: deque[tuple[Outcome, asyncio.Future[None]]] = deque()
        self._next: asyncio.Future[None] | None = None
        self._committing: list[asyncio.Future[None]] = []
        self._wake_committer = asyncio.Event()
        self._wake_timer = asyncio.Event()
        self._collect()

    @classmethod
    async def load(cls, store: Store, hub: Hub, settings: Settings, lease: Term | None = None) -> Engine:
        """An engine with what the store holds. Raises `StoreError` and ``ValueError``."""
        stored = await store.load()
        term = lease or Forever()
        return cls(store, hub, Core(settings, random.Random(), stored, _now(term)), term)

    async def run(self) -> None:
        """Stores and acts until cancelled. Raises `StoreError`: what we hold may then not be the truth any more."""
        timer = asyncio.create_task(self._keep_time(), name="timer")
        commit = asyncio.create_task(self._commit(), name="commit")
        try:
            done, _ = await asyncio.wait({timer, commit}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (timer, commit, *self._probes):
                task.cancel()
            await asyncio.gather(timer, commit, *self._probes, return_exceptions=True)
            await self._prober.close()
            self._end()

    def _end(self) -> None:
        """Nobody who waits for something to be stored waits for ever."""
        self._over = True
        self.hub.close()
        ending = StoreError("this init is ending; whether the change was stored is not known")
        for done in (*(done for _, done in self._pending), *((self._next,) if self._next else ()), *self._committing):
            if not done.done():
                done.set_exception(ending)
                done.exception()  # nobody need ask
        self._pending.clear()

    # --- in ---

    def now(self) -> Now:
        return _now(self.lease)

    async def change(self, work: Callable[[Now], T]) -> T:
        """Runs ``work``, which uses ``core.changes``; its result once all is stored.

        Raises what ``work`` does, `NotLeading` when the leadership is over, or suspended for long, and `StoreError`
        when this engine is ending: nobody would store what it changes.
        """
        await self.lease.hold(HOLD_SECONDS)
        if self._over:
            raise StoreError("this init is ending; nothing was changed")
        self._catch_up()
        self.core.world.now = now = self.now()
        result = work(now)
        stored = self._collect()
        while not (await asyncio.wait({stored}, timeout=HOLD_SECONDS))[0]:
            if not self.lease.valid():
                raise LeaseSuspended(UNKNOWN)
        stored.result()
        return result

    def feed(self, work: Callable[[Now], None]) -> None:
        """Runs ``work``, which uses the core's own methods, and does not wait for what it changes to be stored.

        While the leadership is suspended it waits, and when it is over nothing is done: `run` is about to end it.
        """
        self._noted.append(work)
        if self.lease.valid():
            self._catch_up()
        else:
            self._wake_timer.set()

    def _catch_up(self) -> None:
        while self._noted:
            self._noted.popleft()(self.now())
            self._collect()

    async def event(self, event: Event) -> None:
        core = self.core
        with contextlib.suppress(LeaseOver):
            await self.lease.hold()  # what comes meanwhile waits where it is
        if event.subscribed is not None:
            subscribed = event.subscribed
            master = subscribed.master_info
            name = f"{master.hostname}:{master.port}" if master is not None else ""
            self.feed(lambda now: core.subscribed(now, subscribed.framework_id.value, name))
        elif event.offers is not None:
            offers = event.offers.offers
            self.feed(lambda now: core.offers(now, offers))
        elif event.update is not None:
            status = event.update.status
            self.feed(lambda now: core.update(now, status))
        elif event.failure is not None and event.failure.agent_id is not None and event.failure.executor_id is None:
            lost = event.failure.agent_id.value
            self.feed(lambda now: core.agent_lost(now, lost))
        elif event.error is not None:
            self._error(event.error.message)
        if len(self._pending) > WAITING:
            await asyncio.shield(self._pending[-1][1])

    async def disconnected(self, reason: str) -> None:
        self.feed(self.core.disconnected)

    async def refused(self, call: Call, status: int, text: str) -> None:
        self.feed(lambda now: self.core.refused(now, call))

    def _error(self, message: str) -> None:
        log.error("the master says: %s", message)
        lowered = message.lower()
        if "failed over" in lowered:
            raise FailedOver(f"another process took over this framework ({message}); two inits with one identity?")
        if "removed" in lowered or "completed" in lowered:
            self.feed(self.core.framework_removed)

    # --- out ---

    def _collect(self) -> asyncio.Future[None]:
        """Has the core's outcome stored and carried out soon; done when it is."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
        done = self._next
        waiting = self.core.world.waiting
        if len(waiting.changes) >= WRITE_KEYS or waiting.size >= WRITE_BYTES:
            self._take()
        self._wake_committer.set()
        return done

    def _take(self) -> None:
        if self._next is not None:
            self._pending.append((self.core.take(), self._next))
            self._next = None
            self._wake_timer.set()

    async def _commit(self) -> None:
        while True:
            if not self._pending and self._next is None:
                self._wake_committer.clear()
                await self._wake_committer.wait()
            self._take()
            changes: dict[str, bytes | None] = {}
            size = 0
            batch = []
            while self._pending:
                outcome = self._pending[0][0]
                many = len(changes) + len(outcome.changes) > WRITE_KEYS
                if changes and (many or size + outcome.size > WRITE_BYTES):
                    break
                changes.update(outcome.changes)
                size += outcome.size
                batch.append(self._pending.popleft())
            self._committing = [done for _, done in batch]
            await self.lease.hold()
            parts = [changes] if size <= WRITE_BYTES else writes(changes, WRITE_BYTES)
            for part in filter(None, parts):
                await self._store.write(part)
                await self.lease.hold()
            for outcome, done in batch:
                for effect in outcome.effects:
                    self._carry_out(effect)
                if not done.done():
                    done.set_result(None)

    def _carry_out(self, effect: Effect) -> None:
        if isinstance(effect, Send):
            self._send(effect.call)
        elif isinstance(effect, Introduce):
            if self.introduce is not None:
                info = self.introduce()
                self._send(calls.update_framework(info, info.roles if effect.suppressed else ()))
        elif isinstance(effect, Trouble):
            log.error("%s", effect.text, exc_info=effect.error)
        elif isinstance(effect, Publish):
            self.hub.publish(effect)
        else:
            task = asyncio.create_task(self._probe(effect), name=f"probe {effect.task_id}")
            self._probes.add(task)
            task.add_done_callback(self._probes.discard)

    def _send(self, call: Call) -> None:
        if self.client is not None:
            try:
                self.client.send(call)
            except Exception:  # as good as lost, which every call may be: the others are not to suffer
                log.exception("a call could not be sent: %s", call.type)

    async def _probe(self, probe: Probe) -> None:
        before = self.lease.suspensions
        ok, cause = await self._prober.probe(probe)
        if not ok and self.lease.suspensions != before:
            ok = None  # it may be we who did not get on
        self.feed(lambda now: self.core.probed(now, probe.task_id, probe.index, ok, cause))

    async def _keep_time(self) -> None:
        while True:
            self._wake_timer.clear()
            await self.lease.hold()
            self._catch_up()
            deadline = self.core.next_deadline()
            now = self.now()
            if deadline is not None and deadline <= now.mono:
                self.feed(self.core.tick)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if deadline is None else deadline - now.mono):
                    await self._wake_timer.wait()


def _now(term: Term) -> Now:
    """Waits do not count while the leadership is suspended."""
    return Now(term.working(), time.time())
