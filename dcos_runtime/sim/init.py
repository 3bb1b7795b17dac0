"""An init: the real core while it leads, its subscription, its store, and its clients' requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from dcos_runtime.core.frozen import Frozen, Persist, Persisted, Reply
from dcos_runtime.marathon.core import events
from dcos_runtime.marathon.core.core import InitCore
from dcos_runtime.marathon.core.effects import EndProcess, Probe, Send
from dcos_runtime.marathon.core.state import Settings
from dcos_runtime.sim.leading import LeadingProcess
from dcos_runtime.sim.subscription import Subscription
from dcos_runtime.sim.world import World
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.scheduler import Call, Event

CAPABILITIES = ("PARTITION_AWARE", "TASK_KILLING_STATE", "MULTI_ROLE")


class InitProcess(LeadingProcess):
    """A process of the init in the simulated cluster."""

    kind = "init"

    core: InitCore

    def __init__(self, cluster: World, number: int) -> None:
        assert cluster.init_ensemble is not None
        super().__init__(cluster, f"init{number}", cluster.init_ensemble)
        self.subscription: Subscription | None = None
        self._introduced: tuple[str, ...] = ()

    def came_up(self) -> None:
        self.subscription = None
        super().came_up()

    def died(self) -> None:
        super().died()
        if self.subscription is not None:
            self.subscription.died()

    def lead(self, values: dict[str, bytes]) -> None:
        info = FrameworkInfo(
            user="root",
            name="marathon",
            failover_timeout=1e6,
            checkpoint=True,
            capabilities=[FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type(name)) for name in CAPABILITIES],
        )
        options = self.cluster.options
        settings = Settings(
            info=info,
            reconciliation_interval=options.init_reconcile,
            launch_confirm_timeout=options.init_confirm,
            launch_timeout=60.0,
            kill_retry_timeout=options.init_kill_retry,
            write_bytes=options.init_write_bytes,
        )
        self.install(InitCore(settings, self.source(f"init {self.fence}")))
        self.feed(events.Recovered(tuple(values.items())))
        self.subscription = Subscription(self, self._introduce, self._heard, self._lost, self._refused, self.do)
        self.cluster.ensemble.watch_leader(self)

    def leader_is(self, identity: tuple[str, bytes] | None, host: str) -> None:
        if self.subscription is not None:
            self.subscription.leader_is(host)

    @property
    def id(self) -> str | None:
        """Its framework id at the master."""
        return self.core.state.framework_id if self.leading else None

    # --- the subscription ---

    def _introduce(self) -> FrameworkInfo:
        info = self.core.introduction()
        self._introduced = tuple(info.roles)
        return info

    def _heard(self, event: Event) -> None:
        self.do(lambda: self._tell(event))

    def _tell(self, event: Event) -> None:
        if event.subscribed is not None:
            self.feed(events.Subscribed(event.subscribed.framework_id.value, "master:5050", self._introduced))
        else:
            self.feed(events.Heard(event))

    def _lost(self, reason: str) -> None:
        self.do(lambda: self.feed(events.Disconnected(reason)))

    def _refused(self, call: Call, status: int, text: str) -> None:
        self.do(lambda: self.feed(events.CallRefused(call, status, text)))

    # --- clients ---

    def ask(self, event: Callable[[int], Frozen], answered: Callable[[Reply], None] = lambda reply: None) -> None:
        """A client's request; a process that does not lead refuses it."""

        def act() -> None:
            if self.leading:
                self.do(lambda: self._ask(event, answered))

        self.mine(act)()

    def _ask(self, event: Callable[[int], Frozen], answered: Callable[[Reply], None]) -> None:
        self.runner.ask(event, answered)

    def leave(self) -> None:
        """Its clients delete all apps."""
        for app_id in list(self.core.state.apps) if self.leading else ():
            self.ask(lambda request, app_id=app_id: events.DeleteApp(request, app_id, True))  # type: ignore[misc]  # mypy infers no lambda with a default

    # --- effects ---

    def perform(self, effect: Any) -> None:
        match effect:
            case Send():
                if self.subscription is not None:
                    self.subscription.send(effect.call)
            case Persist():
                self.write(dict(effect.changes), lambda: self.feed(Persisted(effect.id)))
            case Probe():
                self.later(0.05, lambda: self.do(lambda: self._probed(effect)))
            case EndProcess():
                self.later(0.0, lambda: self.end(effect.reason))

    def _probed(self, probe: Probe) -> None:
        running = any(key[1] == probe.task_id for key in self.cluster.watch.running)
        self.feed(events.Probed(probe.task_id, probe.index, running, "" if running else "connection refused"))


def definition(app_id: str, instances: int, command: str, over: float, least: float, away: str | None) -> bytes:
    """An app as a client writes it. ``away``: for how long instances out of reach are waited for, two numbers."""
    document: dict[str, Any] = {
        "id": app_id,
        "cmd": command,
        "cpus": 0.5,
        "mem": 32,
        "instances": instances,
        "upgradeStrategy": {"maximumOverCapacity": over, "minimumHealthCapacity": least},
    }
    if away is not None:
        inactive, expunge = away.split()
        document["unreachableStrategy"] = {"inactiveAfterSeconds": int(inactive), "expungeAfterSeconds": int(expunge)}
    return json.dumps(document).encode()
