"""An instance: a stable place in an app, run by one task after another. Its record, and what its states mean."""

from __future__ import annotations

import enum

import msgspec

from dcos_runtime.marathon.core import ids
from dcos_runtime.wire.tasks import TaskState


class Condition(enum.Enum):
    SCHEDULED = "Scheduled"
    """Wants a task and has none."""
    PROVISIONED = "Provisioned"
    """Its launch is decided and stored; nothing was heard of the task yet."""
    STAGING = "Staging"
    STARTING = "Starting"
    RUNNING = "Running"
    KILLING = "Killing"
    UNREACHABLE = "Unreachable"
    UNREACHABLE_INACTIVE = "UnreachableInactive"
    """Unreachable for so long that another instance stands in."""


class Goal(enum.Enum):
    RUNNING = "Running"
    DECOMMISSIONED = "Decommissioned"
    """Is to end for good."""


LAUNCHING = frozenset({Condition.PROVISIONED, Condition.STAGING, Condition.STARTING})
ABSENT = frozenset({Condition.UNREACHABLE, Condition.UNREACHABLE_INACTIVE})

_MESOS_STATE = {
    Condition.PROVISIONED: "TASK_STAGING",
    Condition.STAGING: "TASK_STAGING",
    Condition.STARTING: "TASK_STARTING",
    Condition.RUNNING: "TASK_RUNNING",
    Condition.KILLING: "TASK_KILLING",
    Condition.UNREACHABLE: "TASK_UNREACHABLE",
    Condition.UNREACHABLE_INACTIVE: "TASK_UNREACHABLE",
}

ALIVE_STATES = {
    TaskState.TASK_STAGING: Condition.STAGING,
    TaskState.TASK_STARTING: Condition.STARTING,
    TaskState.TASK_RUNNING: Condition.RUNNING,
    TaskState.TASK_KILLING: Condition.KILLING,
    TaskState.TASK_UNREACHABLE: Condition.UNREACHABLE,
}
TERMINAL_CONDITIONS = {
    TaskState.TASK_FINISHED: "Finished",
    TaskState.TASK_FAILED: "Failed",
    TaskState.TASK_KILLED: "Killed",
    TaskState.TASK_ERROR: "Error",
    TaskState.TASK_LOST: "Dropped",
    TaskState.TASK_DROPPED: "Dropped",
    TaskState.TASK_GONE: "Gone",
    TaskState.TASK_GONE_BY_OPERATOR: "Gone",
    TaskState.TASK_UNKNOWN: "Unknown",
}
"""What ends a task, with the name of the condition in the original's events."""


class Instance(msgspec.Struct, kw_only=True, gc=False, omit_defaults=True):
    """The record that is stored, one key each. Times are seconds since the epoch."""

    id: str
    app_id: str
    version: str
    """The app's version that its newest task was launched from."""
    config_version: str = ""
    """The version which that one's configuration is from: scaling makes new versions of the same configuration."""
    incarnation: int = 0
    goal: Goal = Goal.RUNNING
    condition: Condition = Condition.SCHEDULED
    since: float = 0.0
    agent_id: str | None = None
    hostname: str | None = None
    attributes: dict[str, str] = {}
    host_ports: list[int] = []
    ip_addresses: list[tuple[str, str]] = []
    role: str = "*"
    staged_at: float | None = None
    started_at: float | None = None
    doomed: bool = False
    """Its task is to be killed although the goal is to run: another task takes the place."""

    @property
    def task_id(self) -> str:
        """Of its newest task."""
        return ids.task(self.id, self.incarnation)

    @property
    def has_task(self) -> bool:
        return self.condition is not Condition.SCHEDULED

    @property
    def to_kill(self) -> bool:
        return self.has_task and (self.doomed or self.goal is Goal.DECOMMISSIONED)

    @property
    def wanted(self) -> bool:
        """Whether it counts towards the number of instances that the app is to have."""
        return self.goal is Goal.RUNNING and self.condition is not Condition.UNREACHABLE_INACTIVE

    @property
    def mesos_state(self) -> str:
        return _MESOS_STATE.get(self.condition, "TASK_STAGING")


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Instance).decode
