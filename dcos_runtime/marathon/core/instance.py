"""An instance: a stable place in an app, which one task after another fills. Its record, and what its states mean."""

from __future__ import annotations

import enum

import msgspec

from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.marathon.core import ids
from dcos_runtime.wire.tasks import TaskState


class Condition(enum.Enum):
    """How far an instance's task is, in Marathon's words."""

    SCHEDULED = "Scheduled"
    """Has no task, and waits for one."""
    PROVISIONED = "Provisioned"
    """Its launch is decided and stored; no update of the task has come yet."""
    STAGING = "Staging"
    STARTING = "Starting"
    RUNNING = "Running"
    KILLING = "Killing"
    UNREACHABLE = "Unreachable"
    UNREACHABLE_INACTIVE = "UnreachableInactive"
    """Unreachable for so long that another instance replaces it."""


class Goal(enum.Enum):
    """What is to become of an instance, in Marathon's words."""

    RUNNING = "Running"
    DECOMMISSIONED = "Decommissioned"
    """It has to end."""


_GOAL_RUNNING, _INACTIVE = Goal.RUNNING, Condition.UNREACHABLE_INACTIVE
"""Looked up once: `wanted` is called for every instance of an app whenever one of them changes."""
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
_OTHER_NAMES = {TaskState.TASK_LOST: "Dropped", TaskState.TASK_GONE_BY_OPERATOR: "Gone"}
TERMINAL_CONDITIONS = {
    state: _OTHER_NAMES.get(state, state.value.removeprefix("TASK_").capitalize())
    for state in TaskState
    if state in TERMINAL or state is TaskState.TASK_UNKNOWN
}
"""Terminal states, with the name of the condition in Marathon's events. A task that the master does not know is gone.
"""


class Task(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """One task of an instance. Times are seconds since the epoch."""

    id: str
    condition: Condition
    host_ports: list[int] = []
    ip_addresses: list[tuple[str, str]] = []
    staged_at: float | None = None
    started_at: float | None = None
    check: dict[str, dict[str, int | bool]] = {}
    """The last result of the app's check, as `/v2` shows it: ``{"http": {"statusCode": 200}}``; empty: there is none.
    """
    checked: bool = False
    """Its agent makes the app's `App.agent_check`. A former init launched tasks without one, and this one makes it."""


class Instance(msgspec.Struct, kw_only=True, gc=False):
    """The record of an instance, stored under a key of its own (`stored`). An app's instance has one task at most.
    Properties read the fields of the task; they are changed on ``task``.
    """

    id: str
    app_id: str
    version: str
    """The app's version that its newest task was launched from."""
    config_version: str = ""
    """The version that its configuration comes from: scaling makes new versions of the same configuration."""
    incarnation: int = 0
    """How many tasks it has had, including this one."""
    goal: Goal = Goal.RUNNING
    since: float = 0.0
    """When it got its present condition."""
    agent_id: str | None = None
    hostname: str | None = None
    attributes: dict[str, str] = {}
    role: str = "*"
    doomed: bool = False
    """Its task is to be killed although the goal is to run: another task replaces it."""
    tasks: list[Task] = []

    @property
    def task(self) -> Task | None:
        return self.tasks[0] if self.tasks else None

    @property
    def task_id(self) -> str:
        """The id of its newest task."""
        return self.tasks[0].id if self.tasks else ids.task(self.id, self.incarnation)

    @property
    def condition(self) -> Condition:
        return self.tasks[0].condition if self.tasks else Condition.SCHEDULED

    @property
    def host_ports(self) -> list[int]:
        return self.tasks[0].host_ports if self.tasks else []

    @property
    def ip_addresses(self) -> list[tuple[str, str]]:
        return self.tasks[0].ip_addresses if self.tasks else []

    @property
    def staged_at(self) -> float | None:
        return self.tasks[0].staged_at if self.tasks else None

    @property
    def started_at(self) -> float | None:
        return self.tasks[0].started_at if self.tasks else None

    @property
    def has_task(self) -> bool:
        return bool(self.tasks)

    @property
    def to_kill(self) -> bool:
        return bool(self.tasks) and (self.doomed or self.goal is Goal.DECOMMISSIONED)

    @property
    def wanted(self) -> bool:
        """Whether it counts towards the app's number of instances."""
        return self.goal is _GOAL_RUNNING and self.condition is not _INACTIVE

    @property
    def mesos_state(self) -> str:
        return _MESOS_STATE.get(self.condition, "TASK_STAGING")
