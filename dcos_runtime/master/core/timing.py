"""What the kernel waits for: the keys of its timers, and what it goes on with once a write is durable."""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen
from dcos_runtime.master.core.arrivals import Arrival


class Ping(Frozen, frozen=True):
    """The agent is due to be pinged again, or has been silent for too long."""

    agent_id: str


class Expire(Frozen, frozen=True):
    """The framework did not come back in time."""

    framework_id: str


class RecoveryOver(Frozen, frozen=True):
    """Agents that an earlier master knew had the time to come back."""


class OfferTimeout(Frozen, frozen=True):
    """Offers of these numbers that stand still are rescinded; ``last`` is not among them."""

    first: int
    last: int


class GoOn(Frozen, frozen=True):
    """The next step of a long call is due."""


Timer = Ping | Expire | RecoveryOver | OfferTimeout | GoOn


class Admit(Frozen, frozen=True):
    """The registry has the agent: it is admitted."""

    agent_id: str
    arrival: Arrival


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
    """These unreachable agents are removed from the registry."""

    agent_ids: tuple[str, ...]


class Migrated(Frozen, frozen=True):
    """The registry's entries of a former version are of this one now."""


Continuation = Admit | MarkUnreachable | GiveUp | Forget | Migrated


class Declined(Frozen, frozen=True):
    """The framework declined these, and does not want them ``until`` then."""

    framework_id: str
    offer_ids: tuple[str, ...]
    until: float | None


class StatesAsked(Frozen, frozen=True):
    """The framework, on this stream, wants to know the states of these tasks, on these agents where it says so.

    ``all``: it asked for all of its tasks, and these are they; what is not there any more it does not want to know.
    """

    framework_id: str
    stream: int | None
    tasks: tuple[tuple[str, str | None], ...]
    all: bool


class Ended(Frozen, frozen=True):
    """The framework was removed, and so are its tasks."""

    framework_id: str


Chore = Declined | StatesAsked | Ended | GiveUp
"""What a call may want of very many things; see `chores`."""
