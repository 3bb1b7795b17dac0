"""The shell of the leading init: feeds its core with events and the time, and carries out its effects. It is also the
`Scheduler` of the framework client.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from dcos_runtime.core.runner import Keeper
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.framework.client import Client, SubscriptionRefused
from dcos_runtime.framework.leader import MasterLeader
from dcos_runtime.leading.position import CannotGoOn
from dcos_runtime.leading.seat import Leadership
from dcos_runtime.leading.shell import Shell
from dcos_runtime.marathon.core import events
from dcos_runtime.marathon.core.core import InitCore
from dcos_runtime.marathon.core.effects import EndProcess, Probe, Publish, Send, Trouble
from dcos_runtime.marathon.core.events import Event
from dcos_runtime.marathon.core.state import Settings
from dcos_runtime.marathon.events import Hub
from dcos_runtime.marathon.prober import Prober
from dcos_runtime.store.lease import LeaseOver
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.scheduler import Event as SchedulerEvent

log = logging.getLogger(__name__)

WAITING = 20
"""The most waiting writes before events from the master have to wait, too."""


class Sender(Protocol):
    """The connection to the master, as far as the shell uses it."""

    def send(self, call: Call) -> bool: ...


Record = Callable[[InitCore, bytes], Keeper | None]
"""Makes the recorder of this core, with its seed, if a recording is wanted."""


class InitShell(Shell[Event]):
    """One term as leader. `load` makes one."""

    def __init__(self, leadership: Leadership, hub: Hub, core: InitCore, recorder: Keeper | None = None) -> None:
        self._stored = asyncio.Event()
        super().__init__(core, leadership, recorder)
        self.core: InitCore = core
        self.hub = hub
        self.client: Sender | None = None
        self.master_page: Callable[[], str | None] = lambda: None
        """The URL of the leading master's plain port, if known."""
        self._subscription: Coroutine[None, None, None] | None = None
        self._prober = Prober()
        self._probes: set[asyncio.Task[None]] = set()
        self._introduced: tuple[str, ...] = ()
        self._end_framework: Callable[[], Awaitable[None]] | None = None
        self._ending: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    @classmethod
    async def load(
        cls, leadership: Leadership, hub: Hub, settings: Settings, record: Record | None = None
    ) -> InitShell:
        """Recovers from the store. Raises `StoreError` and ``ValueError``."""
        values = await leadership.store.load()
        seed = os.urandom(32)
        core = InitCore(settings, SeededSource(seed))
        shell = cls(leadership, hub, core, await asyncio.to_thread(record, core, seed) if record else None)
        shell.start(events.Recovered(tuple(values.items())))
        return shell

    def subscribe(self, client: Client, master: MasterLeader, *, teardown: bool) -> None:
        """Subscribes through ``client``, which `run` keeps connected to the leading ``master``. ``teardown``: the
        framework ends when this process is told to end.
        """
        self.client = client
        self._end_framework = client.end_framework if teardown else None
        self.master_page = master.page
        self._subscription = self._subscribed(client, master)

    def others(self) -> list[Awaitable[None]]:
        return [self._watch_end(), *([self._subscription] if self._subscription is not None else [])]

    async def run(self) -> None:
        try:
            await super().run()
        finally:
            for task in self._probes:
                task.cancel()
            await asyncio.gather(*self._probes, return_exceptions=True)
            await self._prober.close()

    async def stop(self) -> None:
        if self._end_framework is not None and self.lease.valid():
            await self._end_framework()
        await super().stop()

    def abandon(self, why: str) -> None:
        """Event streams end by themselves, because they check the lease."""

    def ended(self) -> None:
        self.hub.close()
        self._stored.set()

    async def _watch_end(self) -> None:
        raise CannotGoOn(await self._ending)

    @staticmethod
    async def _subscribed(client: Client, master: MasterLeader) -> None:
        try:
            await client.run()
        except SubscriptionRefused as fault:
            raise CannotGoOn(str(fault)) from fault
        finally:
            await master.close()

    # --- in ---

    def fed(self) -> None:
        super().fed()
        self._stored.set()

    async def event(self, event: SchedulerEvent) -> None:
        with contextlib.suppress(LeaseOver):
            await self.lease.hold()  # meanwhile events wait in their queue
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
        """The present FrameworkInfo, for a subscription."""
        info = self.core.introduction()
        self._introduced = tuple(info.roles)
        return info

    # --- out ---

    def perform(self, effect: Any) -> None:
        kind = type(effect)
        if kind is Send:
            self._send(effect.call)
        elif kind is Publish:
            self.hub.publish(effect)
        elif kind is Probe:
            task = asyncio.create_task(self._probe(effect), name=f"probe {effect.task_id}")
            self._probes.add(task)
            task.add_done_callback(self._probes.discard)
        elif kind is Trouble:
            log.error("%s", effect.text)
        elif kind is EndProcess and not self._ending.done():
            self._ending.set_result(effect.reason)

    def _send(self, call: Call) -> None:
        if self.client is not None:
            try:
                self.client.send(call)
            except Exception:  # it counts as lost, like any call; other calls are not affected
                log.exception("a call could not be sent: %s", call.type)

    async def _probe(self, probe: Probe) -> None:
        before = self.lease.suspensions
        ok, cause = await self._prober.probe(probe)
        if not ok and self.lease.suspensions != before:
            ok = None  # the delay may be that of this process
        self.feed(events.Probed(probe.task_id, probe.index, ok, cause))
