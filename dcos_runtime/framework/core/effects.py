"""What the core of a framework's connection wants done. Carried out in the order they come."""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen, Log
from dcos_runtime.wire.scheduler import Call, Event


class Subscribe(Frozen, frozen=True):
    """Ask the master at ``url`` for a subscription, with the present FrameworkInfo. Answered by `Answered` or `Failed`,
    with this number.
    """

    attempt: int
    url: str


class Listen(Frozen, frozen=True):
    """Read the event stream. `Received` follows, and in the end `Failed`."""

    attempt: int


class Close(Frozen, frozen=True):
    """This attempt is over: its connection is closed."""

    attempt: int


class Post(Frozen, frozen=True):
    """Send a call on the subscription. Answered by `CallAnswered` or `CallFailed`; there is one at a time."""

    attempt: int
    url: str
    stream_id: str
    call: Call


class Deliver(Frozen, frozen=True):
    """An event for the scheduler."""

    event: Event


class ReportRefused(Frozen, frozen=True):
    """The master did not take this call; the subscription goes on."""

    call: Call
    status: int
    text: str


class ReportDisconnected(Frozen, frozen=True):
    """The subscription is over, or could not be made. Answered by `DisconnectHandled`."""

    reason: str


class End(Frozen, frozen=True):
    """The master refuses this framework for good: asking again does not help."""

    reason: str


Effect = Subscribe | Listen | Close | Post | Deliver | ReportRefused | ReportDisconnected | End | Log
