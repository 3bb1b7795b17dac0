"""What the agent's core waits for: the keys of its timers, and the continuations of its writes."""

from __future__ import annotations

from dcos_runtime.agent.core.check_terms import CheckKind
from dcos_runtime.core.frozen import Frozen


class NextConnection(Frozen, frozen=True):
    """The membership's next step is due, see `membership`."""


class RetryWrites(Frozen, frozen=True):
    """Writes that failed, and belong to no task, are tried again."""


class Resend(Frozen, frozen=True):
    """The task has an update that nobody acknowledged."""

    handle: str


class Escalate(Frozen, frozen=True):
    """The grace period of the kill is over, or SIGKILL has had no effect."""

    container_id: str


class NextCheck(Frozen, frozen=True):
    """A check of the container's task is to be run."""

    container_id: str
    kind: CheckKind


class CheckOverdue(Frozen, frozen=True):
    """A check of the container's task that is under way has taken its time."""

    container_id: str
    kind: CheckKind


class Complete(Frozen, frozen=True):
    """The task has run as long as it may."""

    container_id: str


class Rewrite(Frozen, frozen=True):
    """The checkpoint of the task, or of the custom executor in the container of this id, could not be written."""

    handle: str


class RegistrationDue(Frozen, frozen=True):
    """The custom executor in the container has not subscribed in its time."""

    container_id: str


class ShutDown(Frozen, frozen=True):
    """The custom executor in the container has not ended in its time."""

    container_id: str


class ResendOperation(Frozen, frozen=True):
    """The status of the operation was not acknowledged."""

    uuid: str


class RetryResources(Frozen, frozen=True):
    """The agent's resources could not be checkpointed."""


Timer = (
    NextConnection
    | RetryWrites
    | Resend
    | Escalate
    | Complete
    | Rewrite
    | NextCheck
    | CheckOverdue
    | RegistrationDue
    | ShutDown
    | ResendOperation
    | RetryResources
)


class RunWritten(Frozen, frozen=True):
    """A checkpoint of the task, or of the custom executor in the container of this id."""

    handle: str


class Written(Frozen, frozen=True):
    """A value that belongs to no living task."""

    key: str
    value: bytes | None


class ResourcesWritten(Frozen, frozen=True):
    """The agent's reservations, volumes and operations."""


class NestedWritten(Frozen, frozen=True):
    """A nested container's record."""

    container_id: str


Continuation = NestedWritten | RunWritten | Written | ResourcesWritten
