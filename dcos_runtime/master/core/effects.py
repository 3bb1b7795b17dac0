"""What the kernel's core wants done, in order.

`Persist` writes to the registry. When that fails the process ends, so there is no answer but `Persisted`.
"""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen, Log, Persist, Reply
from dcos_runtime.wire.scheduler import Event


class Send(Frozen, frozen=True):
    """One event for the subscriber on ``stream``, which gets it in the content type it asked for."""

    stream: int
    event: Event


class SendJoined(Frozen, frozen=True):
    """The same of an event that is in the content type already that the subscriber asked for."""

    stream: int
    data: bytes


class Close(Frozen, frozen=True):
    """Ends a subscriber's or an agent's stream, after what was sent on it before."""

    stream: int


class Tell(Frozen, frozen=True):
    """One `internal.Down` message for the agent on ``stream``, JSON."""

    stream: int
    data: bytes


Effect = Send | SendJoined | Close | Tell | Persist | Reply | Log
