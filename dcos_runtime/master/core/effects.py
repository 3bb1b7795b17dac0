"""What the kernel's core wants done, in order.

`Persist` writes to the registry. When that fails the process ends, so the only response is `Persisted`.
"""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen, Log, Persist, Reply
from dcos_runtime.wire.scheduler import Event


class Send(Frozen, frozen=True):
    """One event for the subscriber on ``stream``, in the content type that it asked for."""

    stream: int
    event: Event


class SendJoined(Frozen, frozen=True):
    """The same for an event that is already encoded in the subscriber's content type."""

    stream: int
    data: bytes


class Close(Frozen, frozen=True):
    """Ends a subscriber's or an agent's stream, after everything that was sent before."""

    stream: int


class SendToAgent(Frozen, frozen=True):
    """One `internal.Down` message for the agent on ``stream``, JSON."""

    stream: int
    data: bytes


Effect = Send | SendJoined | Close | SendToAgent | Persist | Reply | Log
