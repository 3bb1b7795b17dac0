"""The shell around the core: feeds it events and the time, and begins what it wants.

While the leadership is suspended nothing is fed, written or told; all of that waits.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from dcos_runtime.core.frozen import Log, Now, Persist, Persisted, PersistFailed, Reply, Tick
from dcos_runtime.core.runner import Keeper, Runner
from dcos_runtime.core.seeds import Source
from dcos_runtime.marathon.core import events
from dcos_runtime.marathon.core.core import InitCore
from dcos_runtime.marathon.core.effects import EndProcess, Probe, Publish, Send, Trouble
from dcos_runtime.marathon.core.events import Asked, Event
from dcos_runtime.marathon.core.world import Settings
from dcos_runtime.marathon.events import Hub
from dcos_runtime.marathon.prober import Prober
from dcos_runtime.store import Store, StoreError
from dcos_runtime.store.lease import HOLD_SECONDS, UNKNOWN, Forever, LeaseOver, LeaseSuspended, Term
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.scheduler import Event as SchedulerEvent

log = logging.getLogger(__name__)

WAITING = 20
"""Writes waiting for the one under way before events from the master have to wait as well."""


class Ended(Exception):
    """The core has decided that this process must not go on. The text says why."""


class Sender(Protocol):
    def send(self, call: Call) -> bool: ...


Record = Callable[[InitCore, bytes], Keeper | None]
"""Makes what keeps the life of this core, with its seed, if that is wanted."""


class Engine:
    """Runs a core. It is the `Scheduler` of the framework client as well."""

    def __init__(
        self, store: Store, hub: Hub, core: InitCore, lease: Term | None = None, recorder: Keeper | None = None
    ) -> None:
        self.core = core
        self.lease = lease or Forever()
        self.hub = hub
        self.client: Sender | None = None
        self.master_page: Callable[[], str | None] = lambda: None
        """The URL of the leading master's plain port, if known."""
        self.recorder = recorder
        self._runner: Runner[Event] = Runner(core, self.now, self._perform, recorder, self._fed)
        self._over = False
        self._noted: deque[Event] = deque()
        self._store = store
        self._prober = Prober()
        self._probes: set[asyncio.Task[None]] = set()
        self._writes: deque[Persist] = deque()
        self._asked: set[asyncio.Future[Reply]] = set()
        self._introduced: tuple[str, ...] = ()
        self._ending: EndProcess | None = None
        self._until: float | None = None
        self._wake_writer = asyncio.Event()
        self._wake_timer = asyncio.Event()
        self._stored = asyncio.Event()
        self._ended = asyncio.Event()

    @classmethod
    async def load(
        cls, store: Store, hub: Hub, settings: Settings, lease: Term | None = None, record: Record | None = None
    ) -> Engine:
        """An engine with what the store holds. Raises `StoreError` and ``ValueError``."""
        values = await store.load()
        seed = os.urandom(32)
        core = InitCore(settings, Source(seed))
        engine = cls(store, hub, core, lease, await asyncio.to_thread(record, core, seed) if record else None)
        engine._runner.feed(events.Recovered(tuple(values.items())))
        return engine

    async def run(self) -> None:
        """Stores and acts until cancelled. Raises `StoreError`: what we hold may then not be the truth any more; and
        `Ended`.
        """
        work = [
            asyncio.create_task(self._write(), name="write"),
            asyncio.create_task(self._keep_time(), name="timer"),
            asyncio.create_task(self._watch_end(), name="end"),
        ]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            for task in work:
                if task.done():
                    task.result()
        finally:
            for task in (*work, *self._probes):
                task.cancel()
            await asyncio.gather(*work, *self._probes, return_exceptions=True)
            await self._prober.close()
            self._end()

    def _end(self) -> None:
        """Nobody who waits for something to be stored waits for ever."""
        self._over = True
        self.hub.close()
        if self.recorder is not None:
            self.recorder.flush()
        ending = StoreError("this init is ending; whether the change was stored is not known")
        for answer in self._asked:
            if not answer.done():
                answer.set_exception(ending)
                answer.exception()  # nobody need ask
        self._stored.set()

    async def _watch_end(self) -> None:
        await self._ended.wait()
        raise Ended("" if self._ending is None else self._ending.reason)

    # --- in ---

    def now(self) -> Now:
        return Now(self.lease.working(), time.time())

    async def ask(self, call: Callable[[int], Asked]) -> Reply:
        """What the core answers to the event that ``call`` makes of a number, once all that it changes is stored.

        Raises `NotLeading` when the leadership is over, or suspended for long, and `StoreError` when this engine is
        ending: nobody would store what it changes.
        """
        await self.lease.hold(HOLD_SECONDS)
        if self._over:
            raise StoreError("this init is ending; nothing was changed")
        self._catch_up()
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked.add(answer)
        try:
            self._runner.ask(call, lambda reply: None if answer.done() else answer.set_result(reply))
            while not (await asyncio.wait({answer}, timeout=HOLD_SECONDS))[0]:
                if not self.lease.valid():
                    raise LeaseSuspended(UNKNOWN)
            return answer.result()
        finally:
            self._asked.discard(answer)

    def feed(self, event: Event) -> None:
        """Tells the core, and does not wait for what it changes to be stored.

        While the leadership is suspended it waits, and when it is over nothing is done: `run` is about to end it.
        """
        self._noted.append(event)
        if self.lease.valid():
            self._catch_up()
        else:
            self._wake_timer.set()

    def _catch_up(self) -> None:
        while self._noted:
            self._runner.feed(self._noted.popleft())

    def _fed(self) -> None:
        deadline = self.core.next_deadline()
        if deadline is not None and (self._until is None or deadline < self._until):
            self._wake_timer.set()  # sooner than what is being waited for; later is found out then

    async def event(self, event: SchedulerEvent) -> None:
        with contextlib.suppress(LeaseOver):
            await self.lease.hold()  # what comes meanwhile waits where it is
        if event.subscribed is not None:
            master = event.subscribed.master_info
            name = f"{master.hostname}:{master.port}" if master is not None else ""
            self.feed(events.Subscribed(event.subscribed.framework_id.value, name, self._introduced))
        else:
            self.feed(events.Heard(event))
        while self.core.behind > WAITING and not self._over:
            self._stored.clear()
            await self._stored.wait()

    async def disconnected(self, reason: str) -> None:
        self.feed(events.Disconnected(reason))

    async def refused(self, call: Call, status: int, text: str) -> None:
        self.feed(events.CallRefused(call, status, text))

    def introduce(self) -> FrameworkInfo:
        """Who we are for the master, now: for a subscription."""
        info = self.core.introduction()
        self._introduced = tuple(info.roles)
        return info

    # --- out ---

    def _perform(self, effect: Any) -> None:
        kind = type(effect)
        if kind is Persist:
            self._writes.append(effect)
            self._wake_writer.set()
        elif kind is Send:
            self._send(effect.call)
        elif kind is Publish:
            self.hub.publish(effect)
        elif kind is Probe:
            task = asyncio.create_task(self._probe(effect), name=f"probe {effect.task_id}")
            self._probes.add(task)
            task.add_done_callback(self._probes.discard)
        elif kind is Log:
            log.log(effect.level, "%s", effect.text)
        elif kind is Trouble:
            log.error("%s", effect.text)
        elif kind is EndProcess:
            self._ending = effect
            self._ended.set()

    async def _write(self) -> None:
        while True:
            if not self._writes:
                self._wake_writer.clear()
                await self._wake_writer.wait()
            persist = self._writes.popleft()
            await self.lease.hold()
            try:
                await self._store.write(dict(persist.changes))
            except StoreError as error:
                self._runner.feed(PersistFailed(persist.id, str(error)))
                raise
            await self.lease.hold()
            self._runner.feed(Persisted(persist.id))
            self._stored.set()

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
        self.feed(events.Probed(probe.task_id, probe.index, ok, cause))

    async def _keep_time(self) -> None:
        while True:
            self._wake_timer.clear()
            await self.lease.hold()
            self._catch_up()
            self._until = deadline = self.core.next_deadline()
            mono = self.lease.working()
            if deadline is not None and deadline <= mono:
                self._runner.feed(Tick())
                await asyncio.sleep(0)
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if deadline is None else deadline - mono):
                    await self._wake_timer.wait()
