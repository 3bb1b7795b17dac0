"""The events of the core of a framework's connection. Attempts are numbered; events of an older one are ignored."""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen, Tick
from dcos_runtime.wire.scheduler import Call


class LeaderSeen(Frozen, frozen=True):
    """Who leads now, as far as is known: a master's base URL."""

    url: str


class Answered(Frozen, frozen=True):
    """The answer to `Subscribe`. After 200 the stream is open, and waits for `Listen`."""

    attempt: int
    status: int
    stream_id: str = ""
    location: str = ""
    text: str = ""


class Received(Frozen, frozen=True):
    """Bytes of the event stream, as they came."""

    attempt: int
    data: bytes


class Failed(Frozen, frozen=True):
    """The connection could not be made, or the stream ended."""

    attempt: int
    why: str


class SendAsked(Frozen, frozen=True):
    """The scheduler asks for this call to be sent. While there is no subscription it is dropped."""

    call: Call


class CallAnswered(Frozen, frozen=True):
    """The answer to `Post`."""

    attempt: int
    status: int
    text: str = ""


class CallFailed(Frozen, frozen=True):
    """It is not known whether the master received the `Post`."""

    attempt: int
    why: str


class DisconnectHandled(Frozen, frozen=True):
    """The scheduler has heard of the end of the subscription (`ReportDisconnected`), and of all before."""


Event = Tick | LeaderSeen | Answered | Received | Failed | SendAsked | CallAnswered | CallFailed | DisconnectHandled
