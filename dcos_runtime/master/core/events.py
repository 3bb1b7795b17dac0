"""What the leading master's core is told. Frozen data; `MasterCore.receive` takes them one at a time, with the time.

Streams are numbers that the shell gives to connections, never twice. A ``request`` is answered by a `Reply`.
"""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen, Persisted
from dcos_runtime.wire.scheduler import Call


class Recovered(Frozen, frozen=True):
    """First event: all that the registry holds. ``epoch`` is larger than any that an earlier master gave out."""

    registry: tuple[tuple[str, bytes], ...]
    epoch: int


class BudgetedTick(Frozen, frozen=True):
    """Time has passed: whatever is due by now is to be done, and a slice of the offers that are.

    ``budget``: of so many agents at most; it is due again until all are done. ``None``: of all, however long that
    takes.
    """

    budget: int | None = None


class Resumed(Frozen, frozen=True):
    """This master neither sent nor heard anything for a while; in ``Now.mono`` no time has passed."""


# --- frameworks -------------------------------------------------------------------------------------------------------


class Subscribe(Frozen, frozen=True):
    """A SUBSCRIBE. 200: what is for the subscriber goes to ``stream``, a refusal too (ERROR, and the end).

    ``stream_id``: the ``Mesos-Stream-Id`` it gets; ``came_with``: the one it sent, which it should not. ``accepted``:
    the content type its events go out in, "" when it accepts none. ``principal``: who sends it, where that is known;
    ``address``: from where.
    """

    request: int
    stream: int
    stream_id: str
    call: Call
    principal: str | None = None
    address: str = ""
    accepted: str = "application/json"
    came_with: str | None = None


class SubscriberGone(Frozen, frozen=True):
    """The subscriber's stream is over."""

    stream: int


class Called(Frozen, frozen=True):
    """Any call but SUBSCRIBE, as it was decoded, with the ``Mesos-Stream-Id`` it came with."""

    request: int
    call: Call
    stream_id: str | None = None
    principal: str | None = None


class TeardownAsked(Frozen, frozen=True):
    """An operator, ``by`` as the log names them, ends a framework of any principal."""

    request: int
    framework_id: str
    by: str = "somebody"


# --- agents -----------------------------------------------------------------------------------------------------------


class AgentConnect(Frozen, frozen=True):
    """An `internal.Connect` as it came, JSON. 200: what is for the agent goes to ``stream``.

    ``address``: where it is reached. ``names``: what its certificate lets it call itself; None without one.
    """

    request: int
    stream: int
    data: bytes
    address: str
    names: tuple[str, ...] | None = None


class AgentMessages(Frozen, frozen=True):
    """An `internal.Batch` as it came, JSON. 200 with `internal.Taken`."""

    request: int
    data: bytes
    names: tuple[str, ...] | None = None


class AgentGone(Frozen, frozen=True):
    """The agent's stream is over."""

    stream: int


Event = (
    Recovered
    | BudgetedTick
    | Persisted
    | Resumed
    | Subscribe
    | SubscriberGone
    | Called
    | TeardownAsked
    | AgentConnect
    | AgentMessages
    | AgentGone
)
