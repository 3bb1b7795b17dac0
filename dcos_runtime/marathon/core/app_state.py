"""The state of one app, without its definitions: instances, backoff, health, why it waits, its last failure."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from dcos_runtime.core import instants
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.health import Health
from dcos_runtime.marathon.core.instance import Condition, Goal, Instance
from dcos_runtime.marathon.core.limits import MAX_MESSAGE
from dcos_runtime.marathon.core.matching import Statistics


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
    """One app, or the rest of a removed one."""

    id: str
    versions: dict[str, App] = field(default_factory=dict)
    current: App | None = None
    """The newest version, which clients see, or ``None`` once removed."""
    instances: dict[str, Instance] = field(default_factory=dict)
    delay: Delay | None = None
    failure: Failure | None = None
    health: dict[str, Health] = field(default_factory=dict)
    statistics: Statistics = field(default_factory=Statistics)
    waiting_since: float | None = None
    trouble: str | None = None
    """The error in the init itself at its last launch; None if there was none."""

    def scheduled(self) -> list[Instance]:
        return [
            instance
            for instance in self.instances.values()
            if instance.condition is Condition.SCHEDULED and instance.goal is Goal.RUNNING
        ]

    def healthy(self, instance: Instance) -> bool:
        """Whether it runs, and passes its checks if it has any."""
        if instance.condition is not Condition.RUNNING or instance.doomed:
            return False
        definition = self.versions.get(instance.version) or self.current
        if definition is None or not definition.health_checks:
            return True
        health = self.health.get(instance.id)
        return health is not None and health.alive is True


def failure_of(instance: Instance, state: str, message: str, wall: float) -> Failure:
    return Failure(
        app_id=instance.app_id,
        host=instance.hostname or "",
        message=message if len(message) <= MAX_MESSAGE else f"{message[:MAX_MESSAGE]}…",
        state=state,
        task_id=instance.task_id,
        timestamp=instants.timestamp(wall),
        version=instance.version,
        slave_id=instance.agent_id,
    )
