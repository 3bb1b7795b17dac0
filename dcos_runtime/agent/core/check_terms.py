"""What a TaskInfo says of its check and health check, with Mesos' defaults, and how their results are told. Pure."""

from __future__ import annotations

import enum
import math

import msgspec

from dcos_runtime.wire.tasks import CheckInfo, CheckStatusInfo, HealthCheck

Type = CheckInfo.Type

LONGEST = 9.2e9
"""Seconds, as many as a duration of Mesos can have."""

SHORTEST_INTERVAL = 0.1
"""Seconds between the end of one check and the beginning of the next. A task may ask for 0."""

OK, BAD_REQUEST = 200, 400
"""Responses of HTTP from the first on, and below the second, are healthy."""


class CheckKind(enum.Enum):
    """Which of a task's two."""

    CHECK = "check"
    HEALTH = "health check"


class CheckTerms(msgspec.Struct, frozen=True, kw_only=True):
    """When a check is run, in seconds, and how often it may fail.

    ``delay``: from the start of the task to the first; ``interval``: from the end of one to the next; ``timeout``: how
    long one may take, 0 for ever. ``grace``: failures so soon after the task's start do not count, until one has
    succeeded. ``failures``: with so many in a row the task is killed.
    """

    type: CheckInfo.Type
    delay: float
    interval: float
    timeout: float
    grace: float = 0.0
    failures: int = 0


def terms(check: CheckInfo | None, health: HealthCheck | None) -> dict[CheckKind, CheckTerms]:
    """Of a task's checks that have a type; `refusal` refuses others."""
    found: dict[CheckKind, CheckTerms] = {}
    if check is not None and check.type is not None and check.type is not Type.UNKNOWN:
        found[CheckKind.CHECK] = CheckTerms(
            type=check.type,
            delay=_seconds(check.delay_seconds, 15.0),
            interval=max(SHORTEST_INTERVAL, _seconds(check.interval_seconds, 10.0)),
            timeout=_seconds(check.timeout_seconds, 20.0),
        )
    if health is not None and health.type is not None and health.type is not HealthCheck.Type.UNKNOWN:
        found[CheckKind.HEALTH] = CheckTerms(
            type=Type(health.type.value),
            delay=_seconds(health.delay_seconds, 15.0),
            interval=max(SHORTEST_INTERVAL, _seconds(health.interval_seconds, 10.0)),
            timeout=_seconds(health.timeout_seconds, 20.0),
            grace=_seconds(health.grace_period_seconds, 10.0),
            failures=3 if health.consecutive_failures is None else health.consecutive_failures,
        )
    return found


def _seconds(value: float | None, usual: float) -> float:
    return usual if value is None else min(max(0.0, value), LONGEST)


def odd_seconds(info: CheckInfo | HealthCheck) -> str | None:
    """The name of a duration that is no number of seconds to wait, or ``None``."""
    for name in ("delay_seconds", "interval_seconds", "timeout_seconds", "grace_period_seconds"):
        value = getattr(info, name, None)
        if value is not None and not (math.isfinite(value) and 0 <= value <= LONGEST):
            return name
    return None


def empty_status(type: CheckInfo.Type) -> CheckStatusInfo:
    """The status of a check that has no result yet, or could not be made."""
    return _status(type, None)


def status_of(type: CheckInfo.Type, value: int) -> CheckStatusInfo:
    """``value``: an exit status; a status of HTTP; whether a connection was made, 1 or 0."""
    return _status(type, value)


def _status(type: CheckInfo.Type, value: int | None) -> CheckStatusInfo:
    match type:
        case Type.COMMAND:
            return CheckStatusInfo(type=type, command=CheckStatusInfo.Command(exit_code=value))
        case Type.HTTP:
            return CheckStatusInfo(type=type, http=CheckStatusInfo.Http(status_code=value))
        case _:
            connected = None if value is None else bool(value)
            return CheckStatusInfo(type=type, tcp=CheckStatusInfo.Tcp(succeeded=connected))


def succeeded(type: CheckInfo.Type, value: int | None) -> bool:
    """Whether a health check with this result is healthy."""
    if value is None:
        return False
    if type is Type.COMMAND:
        return value == 0
    return OK <= value < BAD_REQUEST if type is Type.HTTP else value == 1
