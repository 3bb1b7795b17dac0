"""What the kernel waits for: the keys of its timers, and the continuations of its writes."""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen
from dcos_runtime.master.core.allocator import Quota
from dcos_runtime.master.core.arrivals import Arrival
from dcos_runtime.master.core.machines import Plan


class Ping(Frozen, frozen=True):
    """The agent's next ping is due, or it has been silent for too long."""

    agent_id: str


class Expire(Frozen, frozen=True):
    """The framework did not come back in time."""

    framework_id: str


class RecoveryOver(Frozen, frozen=True):
    """The time is over in which agents of an earlier master may come back."""


class RemovalTurn(Frozen, frozen=True):
    """The next of the agents that wait to be removed has its turn."""


class PruneRegistry(Frozen, frozen=True):
    """The registry is looked through for agents that are to be forgotten."""


class OfferTimeout(Frozen, frozen=True):
    """Offers with these numbers that are still open are rescinded; ``last`` is excluded."""

    first: int
    last: int


class InverseOffersDue(Frozen, frozen=True):
    """Frameworks are to be asked to leave machines of the maintenance schedule."""


class GoOn(Frozen, frozen=True):
    """The next step of a long call is due."""


_Removal = RecoveryOver | RemovalTurn | PruneRegistry
Timer = Ping | Expire | _Removal | OfferTimeout | InverseOffersDue | GoOn


class Admit(Frozen, frozen=True):
    """The registry holds the agent: it is admitted."""

    agent_id: str
    arrival: Arrival


class MarkUnreachable(Frozen, frozen=True):
    """The registry holds that the agent is unreachable ``since`` (wall): updates for its tasks are sent, with ``why``.
    ``counted``: the reason under which the removal is counted.
    """

    agent_id: str
    since: float
    why: str
    counted: str


class Remove(Frozen, frozen=True):
    """The registry holds the agent no more, which has left, or is sent away (``shut_down``): updates for its tasks are
    sent, with ``why``.
    """

    agent_id: str
    why: str
    shut_down: bool


class MarkGone(Frozen, frozen=True):
    """The registry holds that the agent is gone ``since`` (wall): updates for its tasks are sent, and the operator's
    ``request`` is answered; None: it was drained before.
    """

    agent_id: str
    since: float
    request: int | None


class Settled(Frozen, frozen=True):
    """The registry holds what an operator's ``request`` asked for: it is answered."""

    request: int


class Reactivate(Frozen, frozen=True):
    """The registry holds that the agent is not deactivated any more: it is offered, and the ``request`` answered."""

    agent_id: str
    request: int


class BeginDrain(Frozen, frozen=True):
    """The registry holds that the agent is to be drained: it is told so, and the ``request`` answered."""

    agent_id: str
    request: int


class Drained(Frozen, frozen=True):
    """The registry holds that the agent is drained."""

    agent_id: str


class Planned(Frozen, frozen=True):
    """The registry holds what is planned with machines: it counts, and the operator's ``request`` is answered.
    ``anew``: frameworks are asked again to leave machines that stay in the schedule.
    """

    plan: Plan
    request: int
    anew: bool


class GiveUp(Frozen, frozen=True):
    """These agents never came back to this master, and the registry holds that they are unreachable."""

    agent_ids: tuple[str, ...]
    since: float


class Forget(Frozen, frozen=True):
    """These unreachable or gone agents are removed from the registry."""

    agent_ids: tuple[str, ...]


class Migrated(Frozen, frozen=True):
    """The registry's entries of a former version were written in this one."""


class Weigh(Frozen, frozen=True):
    """The registry holds these weights of roles: they count from now on, and the request is answered."""

    request: int
    weights: tuple[tuple[str, float], ...]


class Limit(Frozen, frozen=True):
    """The registry holds these quotas of roles, and none that is empty: they count from now on, and the request is
    answered.
    """

    request: int
    quotas: tuple[tuple[str, Quota], ...]


_Told = Settled | Reactivate | BeginDrain | Drained | Weigh | Limit | Planned
Continuation = Admit | MarkUnreachable | Remove | MarkGone | _Told | GiveUp | Forget | Migrated


class Declined(Frozen, frozen=True):
    """The framework declined these offers, with a filter that ends ``until`` then."""

    framework_id: str
    offer_ids: tuple[str, ...]
    until: float | None


class StatesAsked(Frozen, frozen=True):
    """The framework on this stream asks for the states of these tasks, on the agents that it names. ``all``: it asked
    for all of its tasks, which are these; tasks that are gone meanwhile are left out.
    """

    framework_id: str
    stream: int | None
    tasks: tuple[tuple[str, str | None], ...]
    all: bool


class Ended(Frozen, frozen=True):
    """The framework was removed, and so are its tasks."""

    framework_id: str


class Rescind(Frozen, frozen=True):
    """These offers, as far as they are still open, are rescinded: what is due to whom has changed."""

    offer_ids: tuple[str, ...]


class Noticed(Frozen, frozen=True):
    """The plan of these agents' machines may be another: they are offered with it, or sent away. ``anew``: see
    `Planned`.
    """

    agent_ids: tuple[str, ...]
    anew: bool


Chore = Declined | StatesAsked | Ended | GiveUp | Rescind | Noticed
"""Calls about very many tasks or offers; see `chores`."""
