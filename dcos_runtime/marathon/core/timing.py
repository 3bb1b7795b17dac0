"""What the init's core waits for: the keys of its timers, and the continuations of its writes."""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen
from dcos_runtime.marathon.core.effects import Effect


class KillAgain(Frozen, frozen=True):
    """The kill of the instance's task has had no effect yet, and is sent again."""

    instance: str


class LookAtAbsent(Frozen, frozen=True):
    """The time of the instance's unreachableStrategy may be over."""

    instance: str


class Confirm(Frozen, frozen=True):
    """No update of the instance's launch has come yet."""

    instance: str


class DelayOver(Frozen, frozen=True):
    """The app's backoff is over."""

    app: str


class MakeMore(Frozen, frozen=True):
    """The app needs more instances than are made in one step."""

    app: str


class CheckDue(Frozen, frozen=True):
    """A health check of the instance."""

    instance: str
    index: int


class Reconcile(Frozen, frozen=True):
    """Time to ask the master about all tasks."""


class ReviveAllowed(Frozen, frozen=True):
    """Offers may be asked for again."""


Timer = KillAgain | LookAtAbsent | Confirm | DelayOver | MakeMore | CheckDue | Reconcile | ReviveAllowed

Changes = tuple[tuple[str, bytes | None], ...]


class Writing(Frozen, frozen=True):
    """The continuation of a write: the parts to store after it, and the effects to carry out then."""

    parts: tuple[Changes, ...]
    effects: tuple[Effect, ...]
