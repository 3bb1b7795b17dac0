"""The core's state: apps, instances, deployments; and how it is stored and restored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from dcos_runtime.core.frozen import Now
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.core.timers import Timers
from dcos_runtime.marathon.core import app as apps
from dcos_runtime.marathon.core import deployment as deployments
from dcos_runtime.marathon.core import stored
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.app_state import AppState, Failure
from dcos_runtime.marathon.core.definition import DefinitionRules
from dcos_runtime.marathon.core.deployment import Deployment
from dcos_runtime.marathon.core.effects import Effect, Send, publish
from dcos_runtime.marathon.core.instance import Instance
from dcos_runtime.marathon.core.outbox import Outbox
from dcos_runtime.marathon.core.stored import FrameworkRecord, Group, Record
from dcos_runtime.marathon.core.timing import Confirm, DelayOver, KillAgain, LookAtAbsent, Timer
from dcos_runtime.marathon.core.tree import GroupTree
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.scheduler import Call

KEPT_VERSIONS = 25


@dataclass(frozen=True)
class Settings:
    """The core's settings. Times are seconds. ``info``: the FrameworkInfo without an id and without roles, which the
    core adds.
    """

    rules: DefinitionRules = field(default_factory=DefinitionRules)
    info: FrameworkInfo = field(default_factory=lambda: FrameworkInfo(user="", name="marathon"))
    decline_offer_duration: float = 120.0
    unmatched_offer_duration: float = 5.0
    """The filter of an offer that fits nothing although something waits."""
    max_instances_per_offer: int = 5
    min_revive_offers_interval: float = 1.0
    reconciliation_interval: float = 600.0
    launch_confirm_timeout: float = 10.0
    """How long the init waits for an update of a launch before it asks the master."""
    launch_timeout: float = 300.0
    """How long a task may take to run before it is killed and tried again."""
    kill_retry_timeout: float = 10.0
    viable_after: float = 60.0
    """A task that has run for so long resets the count of failures in a row."""
    max_running_deployments: int = 100
    write_keys: int = 400
    write_bytes: int = 400_000
    """The limits of one write, except for the changes of one request, which stay together."""


class State:
    """The state. Its changes, and the effects, go to the outbox."""

    def __init__(self, settings: Settings, source: SeededSource) -> None:
        self.settings = settings
        self.source = source
        self.apps: dict[str, AppState] = {}
        self.tree = GroupTree()
        self.deployments: dict[str, Deployment] = {}
        self.timers: Timers[Timer] = Timers()
        self.framework_id: str | None = None
        self.dirty: dict[str, None] = {}
        """Ids of apps to decide on, in order: the order of a set would differ between processes."""
        self.outbox = Outbox(settings.write_keys, settings.write_bytes, source)
        self.app_of: dict[str, AppState] = {}
        """By instance id."""
        self.by_task: dict[str, Instance] = {}
        """By the id of the task that the instance has now."""
        self.sizes: dict[tuple[str, str], int] = {}
        """The size of every version of every app in bytes."""

    # --- what is to be done ---

    def send(self, call: Call, given: tuple[tuple[str, ...], ...] = ()) -> None:
        self.outbox.add(Send(call, given))

    def effect(self, effect: Effect) -> None:
        self.outbox.add(effect)

    def publish(self, now: Now, kind: str, **fields: Any) -> None:
        self.outbox.add(publish(kind, now.wall, fields))

    # --- reading ---

    def instance(self, instance_id: str) -> tuple[AppState, Instance] | None:
        app_state = self.app_of.get(instance_id)
        return (app_state, app_state.instances[instance_id]) if app_state is not None else None

    def all_instances(self) -> Iterator[tuple[AppState, Instance]]:
        for app_state in self.apps.values():
            for instance in app_state.instances.values():
                yield app_state, instance

    def active(self, app_state: AppState) -> App | None:
        """The valid definition: the newest one, unless a deployment has not reached this app yet."""
        deployment = self.deployment_of(app_state.id)
        if deployment is None or deployment.reached(app_state.id):
            return app_state.current
        change = deployment.change(app_state.id)
        return app_state.versions.get(change.before) if change is not None and change.before is not None else None

    def deployment_of(self, app_id: str) -> Deployment | None:
        return next((item for item in self.deployments.values() if item.change(app_id) is not None), None)

    def restarting(self, app_id: str) -> bool:
        deployment = self.deployment_of(app_id)
        return deployment is not None and deployment.restarting(app_id)

    def plan(self, deployment: Deployment) -> dict[str, Any]:
        """The form of a deployment in events."""

        def version(app_id: str, name: str | None) -> App | None:
            app_state = self.apps.get(app_id)
            return app_state.versions.get(name) if app_state is not None and name is not None else None

        before = {change.app: version(change.app, change.before) for change in deployment.changes}
        after = {change.app: version(change.app, change.after) for change in deployment.changes}
        return deployments.plan_json(deployment, before, after)

    # --- changing ---

    def touch(self, app_ids: Iterable[str]) -> None:
        """Marks these apps for a decision."""
        for app_id in app_ids:
            self.dirty[app_id] = None

    def app(self, app_id: str) -> AppState:
        return self.apps.setdefault(app_id, AppState(app_id))

    def save_app(self, definition: App) -> None:
        app_state = self.app(definition.id)
        app_state.versions[definition.version] = definition
        app_state.current = definition
        data = apps.encode(definition)
        self.sizes[definition.id, definition.version] = len(data)
        self.outbox.put(stored.app_key(definition.id, definition.version), stored.app(data))
        self._save_groups(self.tree.add(definition.id))
        kept = {instance.version for instance in app_state.instances.values()}
        for version in sorted(app_state.versions)[:-KEPT_VERSIONS]:
            if version not in kept:
                self._forget_version(app_state, version)

    def _save_groups(self, groups: Iterable[Group]) -> None:
        for group in groups:
            self.outbox.put(stored.group_key(group.id), stored.group(group))

    def forget_app(self, app_state: AppState) -> None:
        """Removes everything of an app except its instances."""
        for version in list(app_state.versions):
            self._forget_version(app_state, version)
        for group_id in self.tree.remove(app_state.id):
            self.outbox.put(stored.group_key(group_id), None)
        if app_state.failure is not None:
            self.outbox.put(stored.failure_key(app_state.id), None)
        app_state.current = app_state.failure = app_state.delay = None
        self.timers.cancel(DelayOver(app_state.id))
        if not app_state.instances:
            self.apps.pop(app_state.id, None)

    def _forget_version(self, app_state: AppState, version: str) -> None:
        del app_state.versions[version]
        self.sizes.pop((app_state.id, version), None)
        self.outbox.put(stored.app_key(app_state.id, version), None)

    def current_size(self, app_id: str | None = None) -> int:
        """Bytes of the newest definition of an app, or of those of all apps."""
        if app_id is None:
            return sum(self.current_size(one) for one in self.apps)
        app_state = self.apps.get(app_id)
        return (
            0
            if app_state is None or app_state.current is None
            else self.sizes.get((app_id, app_state.current.version), 0)
        )

    def forget_former(self, most: int) -> None:
        """Removes former versions that no instance and no deployment uses, the oldest first, until at most ``most``
        bytes are left.
        """
        surplus = sum(self.sizes.values()) + len(self.sizes) * stored.APP_OVERHEAD - most
        if surplus <= 0:
            return
        kept = {(instance.app_id, instance.version) for _, instance in self.all_instances()}
        for deployment in self.deployments.values():
            for change in deployment.changes:
                kept.update((change.app, version) for version in (change.before, change.after) if version is not None)
        kept.update(
            (app_state.id, app_state.current.version)
            for app_state in self.apps.values()
            if app_state.current is not None
        )
        for app_id, version in sorted(self.sizes.keys() - kept, key=lambda item: (item[1], item[0])):
            surplus -= self.sizes[app_id, version] + stored.APP_OVERHEAD
            self._forget_version(self.apps[app_id], version)
            if surplus <= 0:
                return

    def save_failure(self, app_state: AppState, failure: Failure) -> None:
        app_state.failure = failure
        self.outbox.put(stored.failure_key(app_state.id), stored.failure(failure))

    def save_instance(self, app_state: AppState, instance: Instance) -> None:
        self._take_instance(app_state, instance)
        self.dirty[app_state.id] = None
        if instance.incarnation:
            self.outbox.put(stored.instance_key(instance.id), stored.instance(instance))

    def _take_instance(self, app_state: AppState, instance: Instance) -> None:
        app_state.instances[instance.id] = instance
        self.app_of[instance.id] = app_state
        if instance.has_task:
            self.by_task[instance.task_id] = instance

    def forget_task(self, instance: Instance) -> None:
        """Takes the task from its instance."""
        self.by_task.pop(instance.task_id, None)
        self.timers.cancel(KillAgain(instance.id))
        self.timers.cancel(Confirm(instance.id))
        self.timers.cancel(LookAtAbsent(instance.id))

    def forget_instance(self, app_state: AppState, instance: Instance) -> None:
        del app_state.instances[instance.id]
        del self.app_of[instance.id]
        app_state.health.pop(instance.id, None)
        self.dirty[app_state.id] = None
        if instance.incarnation:
            self.outbox.put(stored.instance_key(instance.id), None)
        self.forget_task(instance)

    def save_deployment(self, deployment: Deployment) -> None:
        self.deployments[deployment.id] = deployment
        self.touch(deployment.apps)
        value = stored.deployment(deployments.encode(deployment))
        self.outbox.put(stored.deployment_key(deployment.id), value)

    def forget_deployment(self, deployment: Deployment) -> None:
        del self.deployments[deployment.id]
        self.touch(deployment.apps)
        self.outbox.put(stored.deployment_key(deployment.id), None)

    def save_framework(self, framework_id: str | None) -> None:
        if framework_id != self.framework_id:
            self.framework_id = framework_id
            self.outbox.put(stored.FRAMEWORK_KEY, stored.framework(framework_id) if framework_id else None)

    # --- coming back ---

    def restore(self, values: Iterable[tuple[str, bytes]]) -> None:
        """Takes over all entries of the store, and rewrites those of a former format. Raises `stored.UnreadableState`
        before anything is changed.
        """
        found = [(key, *stored.read(key, value)) for key, value in values]
        for key, record, previous in found:
            if previous:
                self.outbox.open.apart = True
                self.outbox.put(key, stored.value_of(record))
            self._restore(record)
        for app_state in self.apps.values():
            if app_state.versions:
                app_state.current = app_state.versions[max(app_state.versions)]
                self._save_groups(self.tree.add(app_state.id))
        for deployment in self.deployments.values():
            for change in deployment.changes:
                if change.after is None:
                    self.app(change.app).current = None
        self.touch(self.apps)

    def _restore(self, record: Record) -> None:
        match record:
            case App():
                self.app(record.id).versions[record.version] = record
                self.sizes[record.id, record.version] = len(apps.encode(record))
            case Instance():
                self._take_instance(self.app(record.app_id), record)
            case Group():
                self.tree.take(record)
            case Deployment():
                self.deployments[record.id] = record
            case Failure():
                self.app(record.app_id).failure = record
            case FrameworkRecord():
                self.framework_id = record.id
