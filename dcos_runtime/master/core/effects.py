"""What the kernel's core wants done, in order.

`Persist` writes to the registry. When that fails the process ends, so the only response is `Persisted`.
"""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen, Log, Persist, Reply
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.master import Event as WatchedEvent
from dcos_runtime.wire.scheduler import Event
from dcos_runtime.wire.tasks import TaskState, TaskStatus


class Send(Frozen, frozen=True):
    """One event for the subscriber on ``stream``, in the content type that it asked for."""

    stream: int
    event: Event


class SendJoined(Frozen, frozen=True):
    """The same for an event that is already encoded in the subscriber's content type."""

    stream: int
    data: bytes


class Tell(Frozen, frozen=True):
    """An event for all operators that watch. The message is made when this is carried out, of the records that these
    ids name; what is not there any more by then is not told. ``framework``: of one that was removed.
    """

    kind: WatchedEvent.Type
    agent_id: str = ""
    framework_id: str = ""
    task_id: str = ""
    status: TaskStatus | None = None
    state: TaskState | None = None
    framework: FrameworkInfo | None = None


class Close(Frozen, frozen=True):
    """Ends a subscriber's or an agent's stream, after everything that was sent before."""

    stream: int


class SendToAgent(Frozen, frozen=True):
    """One `internal.Down` message for the agent on ``stream``, JSON."""

    stream: int
    data: bytes


Effect = Send | SendJoined | Tell | Close | SendToAgent | Persist | Reply | Log
