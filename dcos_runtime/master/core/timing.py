"""What the kernel waits for: the keys of its timers, and what it goes on with once a write is durable."""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen


class Ping(Frozen, frozen=True):
    """The agent is due to be pinged again, or has been silent for too long."""

    agent_id: str


class Expire(Frozen, frozen=True):
    """The framework did not come back in time."""

    framework_id: str


class RecoveryOver(Frozen, frozen=True):
    """Agents that an earlier master knew had the time to come back."""


Timer = Ping | Expire | RecoveryOver


class Admit(Frozen, frozen=True):
    """The registry has the agent: it is admitted. ``data``: the `internal.Connect` it came with."""

    agent_id: str
    stream: int
    data: bytes
    address: str


class MarkUnreachable(Frozen, frozen=True):
    """The registry has it that the agent is unreachable ``since`` (wall): its tasks are told so, with ``why``.

    ``counted``: the reason under which the removal is counted.
    """

    agent_id: str
    since: float
    why: str
    counted: str


class GiveUp(Frozen, frozen=True):
    """These never came back to this master, and the registry has it that they are unreachable."""

    agent_ids: tuple[str, ...]
    since: float


class Forget(Frozen, frozen=True):
    """The registry knows these unreachable agents no more."""

    agent_ids: tuple[str, ...]


class Migrated(Frozen, frozen=True):
    """The registry's entries of a former version are of this one now."""


Continuation = Admit | MarkUnreachable | GiveUp | Forget | Migrated
