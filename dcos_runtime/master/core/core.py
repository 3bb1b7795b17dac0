"""The kernel: takes events and the time, returns effects; reads no clock, socket or file.

The shell carries out effects in order, and feeds a `Tick` at `next_deadline`.
"""

from __future__ import annotations

import logging

from dcos_runtime.core.frozen import Now, Persisted, Reply
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core import (
    acls,
    agents,
    asked_operations,
    calls,
    chores,
    drains,
    events,
    frameworks,
    gone,
    inverse,
    maintenance,
    offers,
    quotas,
    silence,
    snapshot,
    standing,
    watchers,
    weights,
)
from dcos_runtime.master.core.effects import Effect
from dcos_runtime.master.core.events import Event
from dcos_runtime.master.core.state import Settings, State
from dcos_runtime.master.core.timing import (
    Admit,
    BeginDrain,
    Drained,
    Expire,
    Forget,
    GiveUp,
    GoOn,
    InverseOffersDue,
    Limit,
    MarkGone,
    MarkUnreachable,
    OfferTimeout,
    Ping,
    Planned,
    PruneRegistry,
    Reactivate,
    RecoveryOver,
    RemovalTurn,
    Remove,
    Settled,
    Timer,
    Weigh,
)
from dcos_runtime.wire import codec
from dcos_runtime.wire.quoting import bounded

_NEVER = float("inf")


class MasterCore:
    """The leading master's decisions. ``source`` is its only randomness, so that a run can be repeated."""

    def __init__(self, settings: Settings, source: SeededSource) -> None:
        self.source = source
        self.state = State(settings, source)

    def receive(self, event: Event, now: Now) -> list[Effect]:
        """What is to be done because of the event. The only way to change what the core knows."""
        state = self.state
        match event:
            case events.Called() if self.source.unlucky("the master ends a subscription at a call"):
                self._answer(event.request, 503, "bad luck; subscribe again")
            case events.Called():
                self._answer(event.request, *calls.call(state, event, now))
            case events.AgentMessages() if self.source.unlucky("the master does not take messages"):
                self._answer(event.request, 409, "bad luck; connect again")
            case events.AgentMessages():
                self._answer_agent(event, now)
            case events.BudgetedTick():
                for key in state.timers.fire(now.mono):
                    self._due(key, now)
                offers.allocate(state, now, event.budget)
                if state.maintenance.looking:
                    inverse.make(state, now)
            case Persisted():
                self._persisted(event.id, now)
            case events.Subscribe() if self.source.unlucky("the master does not take a subscriber"):
                self._answer(event.request, 503, "bad luck; subscribe again")
            case events.Subscribe():
                self._answer(event.request, *calls.subscribe(state, event, now))
            case events.SubscriberGone():
                frameworks.disconnected(state, event.stream, now)
            case events.AgentConnect() if self.source.unlucky("the master does not admit an agent"):
                self._answer(event.request, 503, "bad luck; connect again")
            case events.AgentConnect():
                self._answer(event.request, *agents.connect(state, event, now))
            case events.AgentGone():
                silence.disconnected(state, event.stream)
            case events.Watch():
                watchers.watch(state, event.stream)
                self._answer(event.request, 200, "")
            case events.WatcherGone():
                watchers.gone(state, event.stream)
            case events.GoneAsked():
                self._answer_now(event.request, gone.asked(state, event, now))
            case events.DeactivateAsked():
                self._answer_now(event.request, standing.deactivate(state, event, now))
            case events.ReactivateAsked():
                self._answer_now(event.request, standing.reactivate(state, event, now))
            case events.DrainAsked():
                self._answer_now(event.request, drains.asked(state, event, now))
            case events.ScheduleAsked():
                self._answer_now(event.request, maintenance.schedule(state, event))
            case events.MachinesAsked():
                asked = maintenance.take_down if event.down else maintenance.bring_up
                self._answer_now(event.request, asked(state, event))
            case events.TeardownAsked():
                self._teardown(event, now)
            case events.OperationAsked():
                self._answer(event.request, *asked_operations.perform(state, event))
            case events.WeightsAsked():
                self._answer_now(event.request, weights.asked(state, event))
            case events.QuotasAsked():
                self._answer_now(event.request, quotas.asked(state, event))
            case events.QuotaRequested():
                self._answer_now(event.request, quotas.requested(state, event))
            case events.QuotaRemovalAsked():
                self._answer_now(event.request, quotas.removal_asked(state, event))
            case events.Resumed():
                silence.resumed(state)
            case events.Recovered():
                state.started_at = now.wall
                state.epoch = event.epoch
                weights.load(state, event.registry)
                quotas.load(state, event.registry)
                maintenance.load(state, event.registry)
                agents.load(state, event.registry, now)
        drains.settle(state, now)
        return state.take_effects()

    def take_effects(self) -> list[Effect]:
        """The effects up to the point where `receive` raised."""
        return self.state.take_effects()

    def next_deadline(self) -> float | None:
        """When the next timer is due, in monotonic seconds; a time in the past means at once."""
        alarm, due = self.state.timers.next_deadline(), self.state.allocator.due()
        if alarm is not None and alarm < due:
            return alarm
        return due if due != _NEVER else None

    def snapshot(self) -> bytes:
        """All of the state; `recorded.restored` makes a core that continues from it."""
        return snapshot.take(self.state, self.source)

    # --- time and the registry ---

    def _due(self, key: Timer, now: Now) -> None:
        match key:
            case Ping():
                silence.ping(self.state, key.agent_id, now)
            case Expire():
                self._expired(key.framework_id, now)
            case GoOn():
                chores.go_on(self.state, now)
            case OfferTimeout():
                offers.timed_out(self.state, key)
                inverse.timed_out(self.state, key)
            case InverseOffersDue():
                inverse.due(self.state)
            case RecoveryOver():
                silence.recovery_over(self.state, now)
            case RemovalTurn():
                silence.removal_turn(self.state, now)
            case PruneRegistry():
                silence.prune_registry(self.state, now)

    def _expired(self, framework_id: str, now: Now) -> None:
        """The framework did not come back in time."""
        framework = self.state.frameworks[framework_id]
        self.state.log(logging.INFO, f"framework {framework.info.name!r} ({framework_id!r}) did not come back in time")
        chores.remove(self.state, framework, now)

    def _persisted(self, id: int, now: Now) -> None:
        match self.state.writes.end(id):
            case Admit() as then:
                agents.admit(self.state, then, now)
            case MarkUnreachable() as then:
                silence.removed(self.state, then, now)
            case Remove() as then:
                silence.left(self.state, then, now)
            case MarkGone() as then:
                gone.marked(self.state, then, now)
                if then.request is not None:
                    self._answer(then.request, 200, "")
            case Settled() as then:
                self._answer(then.request, 200, "")
            case Reactivate() as then:
                self._answer(then.request, *standing.reactivated(self.state, then))
            case BeginDrain() as then:
                drains.begun(self.state, then)
                self._answer(then.request, 200, "")
            case Planned() as then:
                chores.begin(self.state, maintenance.planned(self.state, then), now)
                self._answer(then.request, 200, "")
            case Drained() as then:
                self.state.log(logging.INFO, f"agent {then.agent_id} is drained")
            case GiveUp() as then:
                text = f"{len(then.agent_ids)} agents did not come back to this master, and are unreachable"
                self.state.log(logging.WARNING, text)
                chores.begin(self.state, then, now)
            case Forget() as then:
                silence.forgotten(self.state, then)
            case Weigh() as then:
                weights.written(self.state, then, now)
                self._answer(then.request, 200, "")
            case Limit() as then:
                quotas.written(self.state, then, now)
                self._answer(then.request, 200, "")

    # --- answers ---

    def _answer(self, request: int, status: int, text: str) -> None:
        self.state.effects.append(Reply(request, status, bounded(text).encode()))

    def _answer_now(self, request: int, answer: tuple[int, str] | None) -> None:
        """``None``: what was asked is being written, and answered when it is durable."""
        if answer is not None:
            self._answer(request, *answer)

    def _answer_agent(self, event: events.AgentMessages, now: Now) -> None:
        status, answer = agents.messages(self.state, event, now)
        if isinstance(answer, str):
            self._answer(event.request, status, answer)
        else:
            self.state.effects.append(Reply(event.request, status, codec.encode(answer), "application/json"))

    def _teardown(self, event: events.TeardownAsked, now: Now) -> None:
        framework = self.state.frameworks.get(event.framework_id)
        if framework is None:
            self._answer(event.request, 400, "No framework found with specified ID")
            return
        known = self.state.settings.acls
        if not acls.permits(known, "teardown_frameworks", event.principal, framework.info.principal):
            self._answer(event.request, *acls.FORBIDDEN)
            return
        self.state.log(logging.INFO, f"framework {framework.id} was torn down by {event.by}")
        chores.remove(self.state, framework, now)
        self._answer(event.request, 200, "")
