"""What is known of an instance's health: one record a check, fed by probes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dcos_runtime.core import instants
from dcos_runtime.marathon.core.app import HealthCheck


@dataclass
class CheckRecord:
    """Times are wall clock."""

    consecutive_failures: int = 0
    first_success: float | None = None
    last_success: float | None = None
    last_failure: float | None = None
    last_cause: str | None = None

    @property
    def alive(self) -> bool:
        return self.last_success is not None and self.consecutive_failures == 0

    @property
    def known(self) -> bool:
        return self.last_success is not None or self.last_failure is not None

    def succeeded(self, wall: float) -> None:
        self.consecutive_failures = 0
        self.last_success = wall
        if self.first_success is None:
            self.first_success = wall

    def not_yet(self, wall: float, cause: str) -> None:
        """It failed in the grace period: it is unhealthy, but the failure does not count towards a kill."""
        self.last_failure = wall
        self.last_cause = cause

    def failed(self, wall: float, cause: str) -> None:
        self.consecutive_failures += 1
        self.last_failure = wall
        self.last_cause = cause


@dataclass
class Health:
    """The health of one task."""

    task_id: str
    checks: list[CheckRecord] = field(default_factory=list)
    published: bool | None = None
    """The health in the last event. Events leave out failures of the grace period, as Marathon's do."""

    @property
    def alive(self) -> bool | None:
        """``None`` while nothing is known."""
        if any(check.known and not check.alive for check in self.checks):
            return False
        return True if self.checks and all(check.alive for check in self.checks) else None


def ignored(check: HealthCheck, record: CheckRecord, started_at: float, wall: float) -> bool:
    """Whether a failure now does not count: the task is in its grace period and was never healthy."""
    return record.first_success is None and wall < started_at + check.grace_period_seconds


def to_json(record: CheckRecord, instance_id: str) -> dict[str, Any]:
    data: dict[str, Any] = {
        "alive": record.alive,
        "consecutiveFailures": record.consecutive_failures,
        "instanceId": instance_id,
    }
    for key, value in (
        ("firstSuccess", record.first_success),
        ("lastSuccess", record.last_success),
        ("lastFailure", record.last_failure),
    ):
        if value is not None:
            data[key] = instants.timestamp(value)
    if record.last_cause is not None:
        data["lastFailureCause"] = record.last_cause
    return data
