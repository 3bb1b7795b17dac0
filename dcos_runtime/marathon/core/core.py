"""The init's core: everything that happens goes in through a method, and what is to be stored and done comes out.

Before anything comes out, every app that was touched is looked at once: instances are started and stopped until the app
is on its way to what it should be, deployments move on, and offers are asked for exactly while something waits.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from dcos_runtime.core.frozen import Now
from dcos_runtime.framework import calls
from dcos_runtime.marathon.core import deployment as deployments
from dcos_runtime.marathon.core.changes import Changes
from dcos_runtime.marathon.core.decide import decide, settled
from dcos_runtime.marathon.core.definition import MAX_INSTANCES
from dcos_runtime.marathon.core.deployment import RESTART, START, STOP, Action, Deployment
from dcos_runtime.marathon.core.effects import Outcome, Probe
from dcos_runtime.marathon.core.instance import ABSENT, LAUNCHING, Condition
from dcos_runtime.marathon.core.launching import Launching
from dcos_runtime.marathon.core.roles import Roles
from dcos_runtime.marathon.core.tasks import Tasks
from dcos_runtime.marathon.core.world import Settings, World
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import TaskStatus

NEW_AT_ONCE = 500
"""How many instances of an app are made in one go."""


class Core:
    """One init. Every method takes the time first; `take` gives the outcome of all calls since the last."""

    def __init__(self, settings: Settings, source: random.Random, stored: Mapping[str, bytes], now: Now) -> None:
        """Raises ``ValueError`` when what is stored cannot be read."""
        self.world = World(settings, source)
        self.world.now = now
        self.world.restore(stored)
        self.tasks = Tasks(self.world)
        self.launching = Launching(self.world)
        self.roles = Roles(self.world)
        self.changes = Changes(self.world, self.tasks)
        self._subscribed = False
        for state, instance in list(self.world.all_instances()):
            if instance.condition in ABSENT:
                self.world.timers.set(("absent", instance.id), now.mono)
            elif instance.condition in LAUNCHING:
                self.world.timers.set(("launch", instance.id), now.mono + settings.launch_confirm_timeout)
            elif instance.condition is Condition.RUNNING:
                self.tasks.start_probing(state, instance)

    def take(self) -> Outcome:
        """What all that happened since the last time comes to."""
        self._settle()
        return self.world.take()

    @property
    def framework_id(self) -> str | None:
        return self.world.framework_id

    def next_deadline(self) -> float | None:
        """When `tick` should be called next (monotonic), if nothing else happens before."""
        return self.world.timers.next()

    # --- the master ---

    def subscribed(self, now: Now, framework_id: str, master: str) -> None:
        """A new subscription: asks for the state of every task we believe in, and of any that we do not know."""
        world = self.world
        world.now = now
        again = world.framework_id == framework_id
        world.save_framework(framework_id)
        if again:
            world.publish("scheduler_reregistered_event", master=master)
        else:
            world.publish("scheduler_registered_event", frameworkId=framework_id, master=master)
        self._subscribed = True
        self.launching.subscribed()
        self._reconcile()
        for _, instance in list(world.all_instances()):
            self.tasks.kill_again(instance.id)

    def disconnected(self, now: Now) -> None:
        self.world.now = now
        if self._subscribed:
            self._subscribed = False
            self.launching.disconnected()
            self.roles.disconnected()
            self.world.publish("scheduler_disconnected_event")

    def framework_removed(self, now: Now) -> None:
        """The master will not have our framework id any more: with it, all tasks are gone."""
        world = self.world
        world.now = now
        self.disconnected(now)
        world.save_framework(None)
        for state, instance in list(world.all_instances()):
            if instance.has_task:
                self.tasks.vacate(state, instance)

    def offers(self, now: Now, offers: Sequence[Offer]) -> None:
        self.world.now = now
        self.launching.offers(offers)

    def update(self, now: Now, status: TaskStatus) -> None:
        self.world.now = now
        self.tasks.update(status)

    def agent_lost(self, now: Now, agent_id: str) -> None:
        """The master has given up an agent, and told of the tasks that it knew there.

        A new master that has waited for the agent in vain knew of none: it tells when it is asked.
        """
        self.world.now = now
        silent = [
            (instance.task_id, agent_id)
            for _, instance in self.world.all_instances()
            if instance.agent_id == agent_id and instance.has_task and instance.condition not in ABSENT
        ]
        if silent:
            self.world.send(calls.reconcile(silent))

    def refused(self, now: Now, call: Call) -> None:
        """The master did not take a call. Of a launch it is then asked what became of the tasks."""
        self.world.now = now
        if call.accept is not None:
            tasks = [
                (task.task_id.value, task.agent_id.value)
                for operation in call.accept.operations
                if operation.launch is not None
                for task in operation.launch.task_infos
            ]
            self.world.send(calls.reconcile(tasks))

    # --- time and health ---

    def tick(self, now: Now) -> None:
        """Does what is due."""
        self.world.now = now
        for key in self.world.timers.pop_due(now.mono):
            match key:
                case ("kill", str(instance_id)):
                    self.tasks.kill_again(instance_id)
                case ("absent", str(instance_id)):
                    self.tasks.absent_due(instance_id)
                case ("launch", str(instance_id)):
                    self.tasks.launch_due(instance_id)
                case ("delay" | "more", str(app_id)):
                    self.world.dirty.add(app_id)
                case ("probe", str(instance_id), int(index)):
                    self._probe(instance_id, index)
                case ("reconcile",):
                    self._reconcile()

    def probed(self, now: Now, task_id: str, index: int, ok: bool | None, cause: str = "") -> None:
        """The result of a `Probe`; ``ok`` None does not count either way."""
        self.world.now = now
        found = self.world.instance(task_id.rpartition("._app.")[0])
        if found is not None and found[1].task_id == task_id:
            self.tasks.probed(found[1].id, index, ok, cause)

    def _probe(self, instance_id: str, index: int) -> None:
        world = self.world
        found = world.instance(instance_id)
        if found is None or found[0].health.get(instance_id) is None:
            return
        state, instance = found
        app = state.versions.get(instance.version)
        if app is None or index >= len(app.health_checks):
            return
        check = app.health_checks[index]
        world.timers.set(("probe", instance_id, index), world.now.mono + max(1, check.interval_seconds))
        port = check.host_port(instance.host_ports)
        if instance.condition is Condition.RUNNING and port is not None and instance.hostname:
            protocol = check.protocol.removeprefix("MESOS_")
            world.effect(
                Probe(
                    task_id=instance.task_id,
                    index=index,
                    protocol=protocol,
                    # The address the agent told of; its name need not be known where we are.
                    host=instance.ip_addresses[0][0] if instance.ip_addresses else instance.hostname,
                    port=port,
                    path=check.path or "/",
                    timeout=float(check.timeout_seconds),
                    ignore_1xx=check.ignore_http1xx,
                )
            )

    # --- settling ---

    def _reconcile(self) -> None:
        """Explicitly for what we know (unknown to the master: it says so), then for all that the master knows."""
        world = self.world
        if self._subscribed:
            known = [
                (instance.task_id, instance.agent_id) for _, instance in world.all_instances() if instance.has_task
            ]
            if known:
                world.send(calls.reconcile(known))
            world.send(calls.reconcile())
        world.timers.set(("reconcile",), world.now.mono + world.settings.reconciliation_interval)

    def _settle(self) -> None:
        world = self.world
        while world.dirty:
            touched = set(world.dirty)
            while world.dirty:
                self._converge(world.dirty.pop())
            for deployment in list(world.deployments.values()):
                if touched.intersection(deployment.apps):
                    self._advance(deployment)
        if self._subscribed:
            self.roles.settle(self.launching.suppressed)
        self.launching.settle()

    def _converge(self, app_id: str) -> None:
        world = self.world
        state = world.apps.get(app_id)
        if state is None:
            self.launching.waiting.pop(app_id, None)
            self.roles.look(app_id)
            return
        app = world.active(state)
        deployment = world.deployment_of(app_id)
        change = deployment.change(app_id) if deployment is not None and deployment.reached(app_id) else None
        decision = decide(
            app,
            state.instances.values(),
            state.healthy,
            restarting=world.restarting(app_id),
            sentenced=change.kill if change is not None else (),
        )
        for instance_id in decision.stop:
            self.tasks.decommission(state, state.instances[instance_id])
        if app is not None:
            # A few at a time, so that everybody else gets a turn; bounded even if what is stored is not.
            start = min(decision.start, NEW_AT_ONCE, max(0, 2 * MAX_INSTANCES - len(state.instances)))
            for _ in range(start):
                self.launching.new_instance(state, app)
            if 0 < start < decision.start:
                world.timers.set(("more", app_id), world.now.mono)
                world.dirty.discard(app_id)  # making them touched the app: the rest is for the next turn
        self.launching.look(state)
        if not state.instances and not state.versions:
            world.apps.pop(app_id, None)
        self.roles.look(app_id)

    def _advance(self, deployment: Deployment) -> None:
        """Moves a deployment on over every step that is done."""
        world = self.world
        begun = deployment.step
        plan: dict[str, Any] = {}
        while deployment.step < len(deployment.steps) and all(self._done(action) for action in deployment.current):
            plan = plan or world.plan(deployment)  # once: it may hold a thousand definitions
            self._publish_step("deployment_step_success", deployment, plan)
            deployment.step += 1
            if deployment.step < len(deployment.steps):
                self._publish_step("deployment_info", deployment, plan)
        if deployment.step == len(deployment.steps):
            plan = plan or world.plan(deployment)
            world.forget_deployment(deployment)
            for change in deployment.changes:
                if change.after is None and change.app in world.apps:
                    world.forget_app(world.apps[change.app])
                    world.publish("app_terminated_event", appId=change.app)
            world.publish("deployment_success", id=deployment.id, plan=plan)
        elif deployment.step != begun:
            world.save_deployment(deployment)

    def _done(self, action: Action) -> bool:
        state = self.world.apps.get(action.app)
        if action.action == START:
            return True
        if action.action == STOP or state is None:
            return state is None or not state.instances
        return settled(
            self.world.active(state),
            state.instances.values(),
            state.healthy,
            restarting=action.action == RESTART,
        )

    def _publish_step(self, kind: str, deployment: Deployment, plan: dict[str, Any]) -> None:
        self.world.publish(kind, plan=plan, currentStep=deployments.step_json(deployment.current))
