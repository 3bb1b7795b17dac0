"""All the core knows: apps, instances, deployments — and how that is kept in the store and brought back from it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

import msgspec

from dcos_runtime.core.frozen import Now
from dcos_runtime.marathon.core import app as apps
from dcos_runtime.marathon.core import deployment as deployments
from dcos_runtime.marathon.core import ids
from dcos_runtime.marathon.core import instance as instances
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.definition import Rules
from dcos_runtime.marathon.core.deployment import Deployment
from dcos_runtime.marathon.core.effects import Outcome, Publish, Send, Timers
from dcos_runtime.marathon.core.health import Health
from dcos_runtime.marathon.core.instance import Condition, Goal, Instance
from dcos_runtime.marathon.core.limits import MAX_MESSAGE
from dcos_runtime.marathon.core.matching import Statistics
from dcos_runtime.wire.scheduler import Call

KEPT_VERSIONS = 25
FRAMEWORK_KEY = "framework/id"


@dataclass(frozen=True)
class Settings:
    """What the core is told by flags. Times are seconds."""

    rules: Rules = field(default_factory=Rules)
    decline_offer_duration: float = 120.0
    unmatched_offer_duration: float = 5.0
    """How long an offer is refused that fits nothing although something waits."""
    max_instances_per_offer: int = 5
    min_revive_offers_interval: float = 1.0
    reconciliation_interval: float = 600.0
    launch_confirm_timeout: float = 10.0
    """How long nothing need be heard of a launch before the master is asked."""
    launch_timeout: float = 300.0
    """How long a task may take to run before it is killed and tried again."""
    kill_retry_timeout: float = 10.0
    viable_after: float = 60.0
    """How long a task must have run for its end not to count as one more failure in a row."""
    max_running_deployments: int = 100


class Failure(msgspec.Struct, kw_only=True):
    """The last task of an app that failed, as ``lastTaskFailure`` shows it."""

    app_id: str
    host: str
    message: str
    state: str
    task_id: str
    timestamp: str
    version: str
    slave_id: str | None = None


@dataclass
class Delay:
    """The backoff of one configuration of an app. ``until`` is monotonic."""

    config_version: str
    seconds: float
    until: float


@dataclass
class AppState:
    """One app, or what is left of one that was removed."""

    id: str
    versions: dict[str, App] = field(default_factory=dict)
    current: App | None = None
    """What clients see: the newest version, or ``None`` once removed."""
    instances: dict[str, Instance] = field(default_factory=dict)
    delay: Delay | None = None
    failure: Failure | None = None
    health: dict[str, Health] = field(default_factory=dict)
    statistics: Statistics = field(default_factory=Statistics)
    waiting_since: float | None = None
    trouble: str | None = None
    """Why launching it failed here, in the init, when it last did."""

    def scheduled(self) -> list[Instance]:
        return [
            instance
            for instance in self.instances.values()
            if instance.condition is Condition.SCHEDULED and instance.goal is Goal.RUNNING
        ]

    def healthy(self, instance: Instance) -> bool:
        """Runs, and passes its checks if it has any."""
        if instance.condition is not Condition.RUNNING or instance.doomed:
            return False
        definition = self.versions.get(instance.version) or self.current
        if definition is None or not definition.health_checks:
            return True
        health = self.health.get(instance.id)
        return health is not None and health.alive is True


class World:
    """The state, with what changed in it and what is to be done collected until `take`."""

    def __init__(self, settings: Settings, source: random.Random) -> None:
        self.settings = settings
        self.source = source
        self.apps: dict[str, AppState] = {}
        self.deployments: dict[str, Deployment] = {}
        self.timers = Timers()
        self.now = Now(0.0, 0.0)
        self.framework_id: str | None = None
        self.dirty: set[str] = set()
        self._app_of: dict[str, AppState] = {}
        self._outcome = Outcome()
        self._sizes: dict[tuple[str, str], int] = {}
        """Bytes of every version of every app."""

    # --- what is to be done ---

    def send(self, call: Call) -> None:
        self._outcome.effects.append(Send(call))

    def effect(self, effect: Any) -> None:
        self._outcome.effects.append(effect)

    def publish(self, kind: str, **fields: Any) -> None:
        self._outcome.effects.append(Publish(kind, fields, self.now.wall))

    @property
    def waiting(self) -> Outcome:
        """What `take` would give now."""
        return self._outcome

    def take(self) -> Outcome:
        outcome, self._outcome = self._outcome, Outcome()
        return outcome

    # --- reading ---

    def instance(self, instance_id: str) -> tuple[AppState, Instance] | None:
        state = self._app_of.get(instance_id)
        return (state, state.instances[instance_id]) if state is not None else None

    def all_instances(self) -> Iterator[tuple[AppState, Instance]]:
        for state in self.apps.values():
            for instance in state.instances.values():
                yield state, instance

    def active(self, state: AppState) -> App | None:
        """The definition that holds now: the newest one, unless a deployment has not come to this app yet."""
        deployment = self.deployment_of(state.id)
        if deployment is None or deployment.reached(state.id):
            return state.current
        change = deployment.change(state.id)
        return state.versions.get(change.before) if change is not None and change.before is not None else None

    def deployment_of(self, app_id: str) -> Deployment | None:
        return next((item for item in self.deployments.values() if item.change(app_id) is not None), None)

    def restarting(self, app_id: str) -> bool:
        deployment = self.deployment_of(app_id)
        return deployment is not None and deployment.restarting(app_id)

    def plan(self, deployment: Deployment) -> dict[str, Any]:
        """A deployment as events tell it."""

        def version(app_id: str, name: str | None) -> App | None:
            state = self.apps.get(app_id)
            return state.versions.get(name) if state is not None and name is not None else None

        before = {change.app: version(change.app, change.before) for change in deployment.changes}
        after = {change.app: version(change.app, change.after) for change in deployment.changes}
        return deployments.plan_json(deployment, before, after)

    # --- changing ---

    def unique(self) -> str:
        return str(UUID(int=self.source.getrandbits(128), version=4))

    def app(self, app_id: str) -> AppState:
        return self.apps.setdefault(app_id, AppState(app_id))

    def save_app(self, definition: App) -> None:
        state = self.app(definition.id)
        state.versions[definition.version] = definition
        state.current = definition
        data = apps.encode(definition)
        self._sizes[definition.id, definition.version] = len(data)
        self._outcome.put(_app_key(definition.id, definition.version), data)
        kept = {instance.version for instance in state.instances.values()}
        for version in sorted(state.versions)[:-KEPT_VERSIONS]:
            if version not in kept:
                self._forget_version(state, version)

    def forget_app(self, state: AppState) -> None:
        """Removes every trace of an app but its instances."""
        for version in list(state.versions):
            self._forget_version(state, version)
        if state.failure is not None:
            self._outcome.put(_failure_key(state.id), None)
        state.current = state.failure = state.delay = None
        self.timers.cancel(("delay", state.id))
        if not state.instances:
            self.apps.pop(state.id, None)

    def _forget_version(self, state: AppState, version: str) -> None:
        del state.versions[version]
        self._sizes.pop((state.id, version), None)
        self._outcome.put(_app_key(state.id, version), None)

    def current_size(self, app_id: str | None = None) -> int:
        """Bytes of the newest definition of an app, or of those of all apps."""
        if app_id is None:
            return sum(self.current_size(one) for one in self.apps)
        state = self.apps.get(app_id)
        return 0 if state is None or state.current is None else self._sizes.get((app_id, state.current.version), 0)

    def forget_former(self, most: int) -> None:
        """Removes former versions, the oldest first, until all that are left have ``most`` bytes: of those that no
        instance and no deployment is of.
        """
        surplus = sum(self._sizes.values()) - most
        if surplus <= 0:
            return
        kept = {(instance.app_id, instance.version) for _, instance in self.all_instances()}
        for deployment in self.deployments.values():
            for change in deployment.changes:
                kept.update((change.app, version) for version in (change.before, change.after) if version is not None)
        kept.update((state.id, state.current.version) for state in self.apps.values() if state.current is not None)
        for app_id, version in sorted(self._sizes.keys() - kept, key=lambda item: item[1]):
            surplus -= self._sizes[app_id, version]
            self._forget_version(self.apps[app_id], version)
            if surplus <= 0:
                return

    def save_failure(self, state: AppState, failure: Failure) -> None:
        state.failure = failure
        self._outcome.put(_failure_key(state.id), msgspec.json.encode(failure))

    def save_instance(self, state: AppState, instance: Instance) -> None:
        state.instances[instance.id] = instance
        self._app_of[instance.id] = state
        self.dirty.add(state.id)
        if instance.incarnation or instance.has_task:
            self._outcome.put(_instance_key(instance.id), instances.encode(instance))

    def forget_instance(self, state: AppState, instance: Instance) -> None:
        del state.instances[instance.id]
        del self._app_of[instance.id]
        state.health.pop(instance.id, None)
        self.dirty.add(state.id)
        if instance.incarnation or instance.has_task:
            self._outcome.put(_instance_key(instance.id), None)
        for kind in ("kill", "launch", "absent"):
            self.timers.cancel((kind, instance.id))

    def save_deployment(self, deployment: Deployment) -> None:
        self.deployments[deployment.id] = deployment
        self.dirty.update(deployment.apps)
        self._outcome.put(f"deployments/{deployment.id}", deployments.encode(deployment))

    def forget_deployment(self, deployment: Deployment) -> None:
        del self.deployments[deployment.id]
        self.dirty.update(deployment.apps)
        self._outcome.put(f"deployments/{deployment.id}", None)

    def save_framework(self, framework_id: str | None) -> None:
        if framework_id != self.framework_id:
            self.framework_id = framework_id
            self._outcome.put(FRAMEWORK_KEY, framework_id.encode() if framework_id else None)

    # --- coming back ---

    def restore(self, stored: Mapping[str, bytes]) -> None:
        """Takes over what the store holds. Raises ``ValueError`` naming a key that cannot be read."""
        for key, value in stored.items():
            kind, _, rest = key.partition("/")
            try:
                self._restore(kind, rest, value)
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise ValueError(f"the store's key {key!r} cannot be read: {error}") from error
        for state in self.apps.values():
            if state.versions:
                state.current = state.versions[max(state.versions)]
        for deployment in self.deployments.values():
            for change in deployment.changes:
                if change.after is None:
                    self.app(change.app).current = None
        self.dirty.update(self.apps)

    def _restore(self, kind: str, rest: str, value: bytes) -> None:
        if kind == "framework":
            self.framework_id = value.decode()
        elif kind == "apps":
            definition = apps.decode(value)
            self.app(definition.id).versions[definition.version] = definition
            self._sizes[definition.id, definition.version] = len(value)
        elif kind == "instances":
            instance = instances.decode(value)
            state = self.app(instance.app_id)
            state.instances[instance.id] = instance
            self._app_of[instance.id] = state
        elif kind == "deployments":
            deployment = deployments.decode(value)
            self.deployments[deployment.id] = deployment
        elif kind == "failures":
            self.app(unquote(rest)).failure = msgspec.json.decode(value, type=Failure)


def failure_of(instance: Instance, state: str, message: str, wall: float) -> Failure:
    return Failure(
        app_id=instance.app_id,
        host=instance.hostname or "",
        message=message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]}…",
        state=state,
        task_id=instance.task_id,
        timestamp=ids.timestamp(wall),
        version=instance.version,
        slave_id=instance.agent_id,
    )


def _app_key(app_id: str, version: str) -> str:
    return f"apps/{quote(app_id, safe='')}/{version}"


def _instance_key(instance_id: str) -> str:
    return f"instances/{instance_id}"


def _failure_key(app_id: str) -> str:
    return f"failures/{quote(app_id, safe='')}"
