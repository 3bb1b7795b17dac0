"""What the core of a framework's connection is told. Attempts are numbered; what is of an older one is not heard."""

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
    """The connection could not be had, or the stream ended."""

    attempt: int
    why: str


class SendAsked(Frozen, frozen=True):
    """The scheduler wants this call sent. While there is no subscription it is dropped."""

    call: Call


class CallAnswered(Frozen, frozen=True):
    """The answer to `Post`."""

    attempt: int
    status: int
    text: str = ""


class CallFailed(Frozen, frozen=True):
    """Whether the master got the `Post` is not known."""

    attempt: int
    why: str


class ToldOver(Frozen, frozen=True):
    """The scheduler has heard of the end of the subscription (`TellOver`), and of all before."""


Event = Tick | LeaderSeen | Answered | Received | Failed | SendAsked | CallAnswered | CallFailed | ToldOver
