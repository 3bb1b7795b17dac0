"""The init's core: what each event of clients, the master, time and the store leads to. Pure.

After each event every touched app is decided on once: instances are started and stopped to reach the app's target,
deployments advance, and offers are requested exactly while something waits. The decisions are stored, and only then
carried out. Events during a write are decided on and stored together after it.
"""

from __future__ import annotations

import logging
from typing import Any

from dcos_runtime.core.frozen import Log, Now, Persisted, PersistFailed, Tick
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.marathon.core import deployment as deployments
from dcos_runtime.marathon.core import events, snapshot
from dcos_runtime.marathon.core.changes import Changes
from dcos_runtime.marathon.core.decide import decide, is_complete
from dcos_runtime.marathon.core.definition import MAX_INSTANCES
from dcos_runtime.marathon.core.deployment import RESTART, START, STOP, Action, Deployment
from dcos_runtime.marathon.core.effects import Effect, EndProcess, Probe
from dcos_runtime.marathon.core.events import Event
from dcos_runtime.marathon.core.instance import ABSENT, LAUNCHING, Condition
from dcos_runtime.marathon.core.launching import LaunchQueue
from dcos_runtime.marathon.core.limits import ASKED_AT_ONCE
from dcos_runtime.marathon.core.requests import Requests
from dcos_runtime.marathon.core.roles import Roles
from dcos_runtime.marathon.core.state import Settings, State
from dcos_runtime.marathon.core.tasks import Tasks
from dcos_runtime.marathon.core.timing import (
    CheckDue,
    Confirm,
    DelayOver,
    KillAgain,
    LookAtAbsent,
    MakeMore,
    Reconcile,
    ReviveAllowed,
    Timer,
)
from dcos_runtime.wire import calls
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.scheduler import Event as SchedulerEvent

NEW_AT_ONCE = 500
"""How many instances of an app are made in one step."""


class InitCore:
    """One init. ``source`` is the only source of ids and shuffles, so that a life can be run again from its events."""

    def __init__(self, settings: Settings, source: SeededSource) -> None:
        self.state = State(settings, source)
        self.tasks = Tasks(self.state)
        self.launching = LaunchQueue(self.state)
        self.roles = Roles(self.state)
        self.changes = Changes(self.state, self.tasks)
        self.subscribed = False
        self.ending: EndProcess | None = None
        self._requests = Requests(self.state, self.changes)
        self._effects: list[Effect] = []

    def receive(self, event: Event, now: Now) -> list[Effect]:
        """What is to be done because of the event. The only way to change what the core knows.

        Raises `stored.Unreadable` for a `Recovered` whose values it cannot read.
        """
        if self.ending is not None:
            return []
        match event:
            case events.Heard():
                self._heard(event.event, now)
            case Persisted():
                self._effects += self.state.outbox.ended(event.id)
            case Tick():
                self._tick(now)
            case events.Probed():
                self._probed(event, now)
            case events.Subscribed():
                self._subscribed(event, now)
            case events.Disconnected():
                self._disconnected(now)
            case events.CallRefused():
                self._call_refused(event.call)
            case events.Recovered():
                self._recover(event, now)
            case PersistFailed():
                self._end(event.why)
            case _:
                refused = self._requests.handle(event, now)
                if refused is not None:
                    self._effects.append(refused)
        if self.ending is None:
            self._decide(now)
        return self.take_effects()

    def take_effects(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects

    def next_deadline(self) -> float | None:
        """The monotonic time of the earliest thing that is due."""
        return self.state.timers.next_deadline()

    def snapshot(self) -> bytes:
        """All of the state; `recorded.restored` makes a core that continues from it."""
        return snapshot.take(self)

    # --- what others may read -----------------------------------------------------------------------------------------

    @property
    def framework_id(self) -> str | None:
        return self.state.framework_id

    @property
    def behind(self) -> int:
        """How many writes wait until the current one has ended."""
        return len(self.state.outbox.closed)

    def introduction(self) -> FrameworkInfo:
        """The FrameworkInfo for a subscription now."""
        return self.roles.introduction()

    # --- start and end ------------------------------------------------------------------------------------------------

    def _recover(self, event: events.Recovered, now: Now) -> None:
        state = self.state
        state.restore(event.values)
        state.outbox.close()  # rewritten records may be stored in any parts; present decisions may not
        for app_id in state.apps:
            self.roles.look(app_id)
        for app_state, instance in list(state.all_instances()):
            if instance.condition in ABSENT:
                state.timers.set(LookAtAbsent(instance.id), now.mono)
            elif instance.condition in LAUNCHING:
                state.timers.set(Confirm(instance.id), now.mono + state.settings.launch_confirm_timeout)
            elif instance.condition is Condition.RUNNING:
                self.tasks.start_probing(app_state, instance, now)

    def _end(self, reason: str) -> None:
        self.ending = EndProcess(1, reason)
        self._effects.append(self.ending)

    # --- the master ---------------------------------------------------------------------------------------------------

    def _subscribed(self, event: events.Subscribed, now: Now) -> None:
        """Asks for the state of every known task, and of tasks that we do not know."""
        state = self.state
        again = state.framework_id == event.framework_id
        state.save_framework(event.framework_id)
        if again:
            state.publish(now, "scheduler_reregistered_event", master=event.master)
        else:
            state.publish(now, "scheduler_registered_event", frameworkId=event.framework_id, master=event.master)
        self.subscribed = True
        self.roles.subscribed = frozenset(event.roles)
        self.launching.subscribed(now)
        self._reconcile(now)
        for _, instance in list(state.all_instances()):
            self.tasks.kill_again(instance.id, now)

    def _disconnected(self, now: Now) -> None:
        self.roles.subscribed = None
        if self.subscribed:
            self.subscribed = False
            self.launching.disconnected()
            self.state.publish(now, "scheduler_disconnected_event")

    def _heard(self, event: SchedulerEvent, now: Now) -> None:
        failure = event.failure
        if event.update is not None:
            self.tasks.update(event.update.status, now)
        elif event.offers is not None:
            self.launching.offers(event.offers.offers, now)
        elif failure is not None and failure.agent_id is not None and failure.executor_id is None:
            self._agent_lost(failure.agent_id.value)
        elif event.error is not None:
            self._error(event.error.message, now)

    def _error(self, message: str, now: Now) -> None:
        self._effects.append(Log(logging.ERROR, f"the master says: {message}"))
        lowered = message.lower()
        if "failed over" in lowered:
            self._end(f"another process took over this framework ({message}); two inits with one identity?")
        elif "removed" in lowered or "completed" in lowered:
            self._framework_removed(now)

    def _framework_removed(self, now: Now) -> None:
        """The master has removed our framework: all of its tasks are gone."""
        state = self.state
        self._disconnected(now)
        state.save_framework(None)
        for app_state, instance in list(state.all_instances()):
            if instance.has_task:
                self.tasks.vacate(app_state, instance, now)

    def _agent_lost(self, agent_id: str) -> None:
        """The master has given up an agent, and sent updates for the tasks that it knew there. A new master, at which
        the agent never registered, knew none: so it is asked.
        """
        silent = [
            (instance.task_id, agent_id)
            for _, instance in self.state.all_instances()
            if instance.agent_id == agent_id and instance.has_task and instance.condition not in ABSENT
        ]
        if silent:
            self.state.send(calls.reconcile(silent))

    def _call_refused(self, call: Call) -> None:
        """After a refused launch the master is asked for the states of its tasks."""
        if call.accept is not None:
            tasks = [
                (task.task_id.value, task.agent_id.value)
                for operation in call.accept.operations
                if operation.launch is not None
                for task in operation.launch.task_infos
            ]
            self.state.send(calls.reconcile(tasks))

    def _reconcile(self, now: Now) -> None:
        """Explicitly for the tasks that we know (the master also reports unknown ones), then for all that the master
        knows.
        """
        state = self.state
        if self.subscribed:
            known = [
                (instance.task_id, instance.agent_id) for _, instance in state.all_instances() if instance.has_task
            ]
            for start in range(0, len(known), ASKED_AT_ONCE):
                state.send(calls.reconcile(known[start : start + ASKED_AT_ONCE]))
            state.send(calls.reconcile())
        state.timers.set(Reconcile(), now.mono + state.settings.reconciliation_interval)

    # --- time and health ----------------------------------------------------------------------------------------------

    def _tick(self, now: Now) -> None:
        for key in self.state.timers.fire(now.mono):
            self._due(key, now)

    def _due(self, key: Timer, now: Now) -> None:
        match key:
            case CheckDue():
                self._probe(key.instance, key.index, now)
            case KillAgain():
                self.tasks.kill_again(key.instance, now)
            case LookAtAbsent():
                self.tasks.absent_due(key.instance, now)
            case Confirm():
                self.tasks.launch_due(key.instance, now)
            case DelayOver() | MakeMore():
                self.state.touch((key.app,))
            case Reconcile():
                self._reconcile(now)
            case ReviveAllowed():
                pass  # what the app then needs is decided after every event

    def _probed(self, event: events.Probed, now: Now) -> None:
        instance = self.state.by_task.get(event.task_id)
        if instance is not None:
            self.tasks.probed(instance.id, event.index, event.ok, event.cause, now)

    def _probe(self, instance_id: str, index: int, now: Now) -> None:
        state = self.state
        found = state.instance(instance_id)
        if found is None or found[0].health.get(instance_id) is None:
            return
        app_state, instance = found
        app = app_state.versions.get(instance.version)
        if app is None or index >= len(app.health_checks):
            return
        check = app.health_checks[index]
        state.timers.set(CheckDue(instance_id, index), now.mono + max(1, check.interval_seconds))
        target = check.target(app, instance.host_ports)
        if instance.condition is Condition.RUNNING and target is not None and instance.hostname:
            port, on_machine = target
            # The address that the agent reported, as its name may not resolve here; in a network of its own that is
            # the container's.
            address = instance.ip_addresses[0][0] if instance.ip_addresses else None
            if on_machine and (address is None or app.mode != "host"):
                address = instance.hostname
            if address is None:
                text = "the check goes to the container's own address, and the agent has reported none"
                self.tasks.probed(instance_id, index, False, text, now)
                return
            protocol = check.protocol.removeprefix("MESOS_")
            state.effect(
                Probe(
                    task_id=instance.task_id,
                    index=index,
                    protocol=protocol,
                    host=address,
                    port=port,
                    path=check.path or "/",
                    timeout=float(check.timeout_seconds),
                    ignore_1xx=check.ignore_http1xx,
                )
            )

    # --- what all that happened comes to ------------------------------------------------------------------------------

    def _decide(self, now: Now) -> None:
        """Decides and stores. While a write is under way that waits for its end, or until there is much to store."""
        outbox = self.state.outbox
        if outbox.under_way and not outbox.full:
            return
        self._resolve(now)
        outbox.close()
        self._effects += outbox.begin()

    def _resolve(self, now: Now) -> None:
        state = self.state
        while state.dirty:
            touched = dict(state.dirty)
            while state.dirty:
                app_id = next(iter(state.dirty))
                touched[app_id] = None
                del state.dirty[app_id]
                self._converge(app_id, now)
            for deployment in list(state.deployments.values()):
                if not touched.keys().isdisjoint(deployment.apps):
                    self._advance(deployment, now)
        if self.subscribed:
            self.roles.update(self.launching.suppressed)
        self.launching.update_offers(now)

    def _converge(self, app_id: str, now: Now) -> None:
        state = self.state
        app_state = state.apps.get(app_id)
        if app_state is None:
            self.launching.waiting.pop(app_id, None)
            self.roles.look(app_id)
            return
        app = state.active(app_state)
        deployment = state.deployment_of(app_id)
        change = deployment.change(app_id) if deployment is not None and deployment.reached(app_id) else None
        decision = decide(
            app,
            app_state.instances.values(),
            app_state.healthy,
            restarting=state.restarting(app_id),
            sentenced=change.kill if change is not None else (),
        )
        for instance_id in decision.stop:
            self.tasks.decommission(app_state, app_state.instances[instance_id], now)
        if app is not None:
            # A few at a time, so that other work gets a turn; bounded even if the stored number is not.
            start = min(decision.start, NEW_AT_ONCE, max(0, 2 * MAX_INSTANCES - len(app_state.instances)))
            if start > 1 and state.source.unlucky("instances are made one at a time"):
                start = 1
            for _ in range(start):
                self.launching.new_instance(app_state, app, now)
            if 0 < start < decision.start:
                state.timers.set(MakeMore(app_id), now.mono)
                state.dirty.pop(app_id, None)  # making them touched the app, so the rest follows in the next turn
        self.launching.look(app_state, now)
        if not app_state.instances and not app_state.versions:
            state.apps.pop(app_id, None)
        self.roles.look(app_id)

    def _advance(self, deployment: Deployment, now: Now) -> None:
        """Advances a deployment over all completed steps."""
        state = self.state
        begun = deployment.step
        plan: dict[str, Any] = {}
        while deployment.step < len(deployment.steps) and all(self._done(action) for action in deployment.current):
            plan = plan or state.plan(deployment)  # once: it may hold a thousand definitions
            self._publish_step("deployment_step_success", deployment, plan, now)
            deployment.step += 1
            if deployment.step < len(deployment.steps):
                self._publish_step("deployment_info", deployment, plan, now)
        if deployment.step == len(deployment.steps):
            plan = plan or state.plan(deployment)
            state.forget_deployment(deployment)
            for change in deployment.changes:
                if change.after is None and change.app in state.apps:
                    state.forget_app(state.apps[change.app])
                    state.publish(now, "app_terminated_event", appId=change.app)
            state.publish(now, "deployment_success", id=deployment.id, plan=plan)
        elif deployment.step != begun:
            state.save_deployment(deployment)

    def _done(self, action: Action) -> bool:
        app_state = self.state.apps.get(action.app)
        if action.action == START:
            return True
        if action.action == STOP or app_state is None:
            return app_state is None or not app_state.instances
        return is_complete(
            self.state.active(app_state),
            app_state.instances.values(),
            app_state.healthy,
            restarting=action.action == RESTART,
        )

    def _publish_step(self, kind: str, deployment: Deployment, plan: dict[str, Any], now: Now) -> None:
        self.state.publish(now, kind, plan=plan, currentStep=deployments.step_json(deployment.current))
