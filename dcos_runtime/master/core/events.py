"""The events of the leading master's core. Frozen data; `MasterCore.receive` takes them one at a time, with the time.
Streams are numbers of connections, which the shell never uses twice. A ``request`` is answered by a `Reply`.
"""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen, Persisted
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.maintenance import Schedule
from dcos_runtime.wire.operators import DrainConfig, MachineID
from dcos_runtime.wire.quota import QuotaConfig, QuotaRequest
from dcos_runtime.wire.scheduler import Call


class Recovered(Frozen, frozen=True):
    """First event: all that the registry holds. ``epoch`` is larger than that of any earlier master."""

    registry: tuple[tuple[str, bytes], ...]
    epoch: int


class BudgetedTick(Frozen, frozen=True):
    """Time has passed: all that is due is done, and one slice of the due offers. ``budget``: the most agents of the
    slice; it is due again until all are done. ``None``: all agents, however long that takes.
    """

    budget: int | None = None


class Resumed(Frozen, frozen=True):
    """This master neither sent nor received anything for a while, during which ``Now.mono`` stood still."""


# --- frameworks -------------------------------------------------------------------------------------------------------


class Subscribe(Frozen, frozen=True):
    """A SUBSCRIBE. 200: the subscriber's events go to ``stream``, even a refusal (ERROR, and the end). ``stream_id``:
    the ``Mesos-Stream-Id`` that it gets; ``came_with``: the one that it sent, which is an error. ``accepted``: the
    content type of its events, "" when it accepts none. ``principal``: the sender, where known; ``address``: the
    sender's address.
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
    """Any decoded call except SUBSCRIBE, with the ``Mesos-Stream-Id`` that it came with."""

    request: int
    call: Call
    stream_id: str | None = None
    principal: str | None = None


class TeardownAsked(Frozen, frozen=True):
    """An operator ends a framework of any principal. ``by``: the operator as the log names them."""

    request: int
    framework_id: str
    by: str = "somebody"
    principal: str | None = None


# --- operators --------------------------------------------------------------------------------------------------------


class OperationAsked(Frozen, frozen=True):
    """An operator reserves resources of an agent, makes a volume of them, or the reverse. ``principal``: the sender,
    where known; ``by``: the operator as the log names them.
    """

    request: int
    agent_id: str
    operation: Offer.Operation
    principal: str | None = None
    by: str = "somebody"


class WeightsAsked(Frozen, frozen=True):
    """An operator sets weights of roles, as they were written. ``by``: the operator as the log names them."""

    request: int
    weights: tuple[tuple[str, float], ...]
    by: str = "somebody"
    principal: str | None = None


class QuotasAsked(Frozen, frozen=True):
    """An operator sets what roles are guaranteed, and what they may use at most. ``force``: also when that is more than
    there is, or less than a role uses.
    """

    request: int
    configs: tuple[QuotaConfig, ...]
    force: bool = False
    by: str = "somebody"
    principal: str | None = None


class QuotaRequested(Frozen, frozen=True):
    """The same for one role that has no quota, in the form of Mesos before 1.9: guarantee and limit are one."""

    request: int
    quota: QuotaRequest
    by: str = "somebody"
    principal: str | None = None


class QuotaRemovalAsked(Frozen, frozen=True):
    """An operator removes a role's quota. ``what``: how a refusal names the request."""

    request: int
    role: str
    what: str = "quota"
    by: str = "somebody"
    principal: str | None = None


class Watch(Frozen, frozen=True):
    """An operator watches from now on; 200: what happens is sent to ``stream``."""

    request: int
    stream: int


class WatcherGone(Frozen, frozen=True):
    """The operator's stream is over."""

    stream: int


class GoneAsked(Frozen, frozen=True):
    """An operator says that an agent is gone for good. Answered once that is durable."""

    request: int
    agent_id: str
    by: str = "somebody"


class DeactivateAsked(Frozen, frozen=True):
    """An operator wants nothing on an agent to be offered. Answered once that is durable."""

    request: int
    agent_id: str
    by: str = "somebody"


class ReactivateAsked(Frozen, frozen=True):
    """An operator wants the agent to be offered again. Answered once that is durable."""

    request: int
    agent_id: str
    by: str = "somebody"


class DrainAsked(Frozen, frozen=True):
    """An operator wants all tasks of an agent ended and no more offered. Answered once that is durable."""

    request: int
    agent_id: str
    config: DrainConfig
    by: str = "somebody"


class ScheduleAsked(Frozen, frozen=True):
    """An operator sets the schedule of maintenance. Answered once that is durable."""

    request: int
    schedule: Schedule
    by: str = "somebody"


class MachinesAsked(Frozen, frozen=True):
    """An operator takes machines of the schedule ``down``, or brings them up. Answered once that is durable."""

    request: int
    machines: tuple[MachineID, ...]
    down: bool
    by: str = "somebody"


# --- agents -----------------------------------------------------------------------------------------------------------


class AgentConnect(Frozen, frozen=True):
    """An `internal.Connect` as it came, JSON. 200: the agent's messages go to ``stream``. ``address``: the agent's
    address. ``names``: the names and addresses in its certificate; None without one.
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
    | OperationAsked
    | WeightsAsked
    | QuotasAsked
    | QuotaRequested
    | QuotaRemovalAsked
    | Watch
    | WatcherGone
    | GoneAsked
    | DeactivateAsked
    | ReactivateAsked
    | DrainAsked
    | ScheduleAsked
    | MachinesAsked
    | AgentConnect
    | AgentMessages
    | AgentGone
)
