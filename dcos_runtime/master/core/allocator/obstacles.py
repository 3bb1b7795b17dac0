"""What keeps a client from an agent, looked at one by one with the checks that the allocation itself makes: what may be
seen of the resources (`terms.visible`), whether that is an offer (`terms.offerable`), `Rows.scarce`, refusals, quotas.

Nothing is decided here. Only caches change, which the next run would fill in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from dcos_runtime.core.resources import EMPTY, Resources
from dcos_runtime.master.core.allocator.columns import PLAIN
from dcos_runtime.master.core.allocator.rows import AgentRow
from dcos_runtime.master.core.allocator.runs import Runs
from dcos_runtime.master.core.allocator.terms import Quantities, Wants, offerable, visible
from dcos_runtime.master.core.allocator.tree import RoleFramework
from dcos_runtime.wire.explain import Why

CAPABILITIES = ("REVOCABLE_RESOURCES", "SHARED_RESOURCES", "RESERVATION_REFINEMENT")
"""In the order of the switches of `Seeker.switches`."""


class Seeker(NamedTuple):
    """Who looks for an offer. ``client``: None for one that is not there, and has refused nothing. ``switches``:
    whether it has each of `CAPABILITIES`. ``more``: what else an offer has to pass.
    """

    role: str
    minimums: Sequence[Quantities]
    gpus: bool
    switches: tuple[bool, bool, bool]
    client: RoleFramework | None = None
    more: Callable[[Resources], bool] | None = None

    def takes(self, offer: Resources) -> bool:
        return offerable(offer, self.minimums) and (self.more is None or self.more(offer))


class Obstacle(NamedTuple):
    """What is in the way of a seeker, or that nothing is. ``free``: what is free of what it may see of the agent;
    ``total``: the same of all resources. ``part``: what it would be offered. ``refused``: what it refused, until when.
    ``lacking``: capabilities. ``hidden``: the roles that the agent's other resources are reserved to.
    """

    why: Why
    free: Resources
    total: Resources
    part: Resources = EMPTY
    refused: Sequence[tuple[Resources, float]] = ()
    lacking: Sequence[str] = ()
    hidden: Sequence[str] = ()


class Turn(NamedTuple):
    """A client's place in the order, None when it does not take part; its dominant share; its filters on all agents."""

    place: int | None
    share: float
    filters: int


class Obstacles(Runs):
    """Times are as in `allocate`."""

    def seeker(self, framework_id: str, role: str) -> Seeker | None:
        """The framework in this role; None: it has no such role."""
        framework = self._frameworks.get(framework_id)
        client = framework.clients.get(role) if framework is not None else None
        if framework is None or client is None:
            return None
        return self.stranger(role, framework.wants)._replace(client=client)

    def stranger(self, role: str, wants: Wants) -> Seeker:
        """A framework that is not there."""
        minimums = wants.minimums.get(role, self._settings.minimums)
        return Seeker(role, minimums, wants.gpus, (wants.revocable, wants.shared, wants.refined))

    def is_active(self, agent_id: str) -> bool:
        """Whether anything of the agent is offered to anybody."""
        return bool(self._rows.active[self._rows.agents[agent_id].row])

    def look(self, agent_id: str, seeker: Seeker, offered: Resources, now: float) -> Obstacle:
        """``offered``: what is offered of the agent at present, to anybody. Of an agent that is not active, it says
        what would hold if it were.
        """
        agent = self._rows.agents[agent_id]
        free, total = _seen(agent, agent.left(), seeker), _seen(agent, agent.total, seeker)
        if self._rows.scarce[agent.row] and not seeker.gpus:
            return Obstacle(Why.GPUS, free, total)
        if not seeker.takes(free):
            return self._without(agent, seeker, offered, free, total)
        room = self._quotas.room(seeker.role) if self._quotas else None
        part = free if room is None else room.part(free, seeker.minimums)
        if part is None or (seeker.more is not None and not seeker.more(part)):
            return Obstacle(Why.QUOTA, free, total)
        if refused := self._refused(agent, seeker, part, now):
            return Obstacle(Why.FILTERED, free, total, refused=refused)
        return Obstacle(Why.AVAILABLE, free, total, part)

    def _without(
        self, agent: AgentRow, seeker: Seeker, offered: Resources, free: Resources, total: Resources
    ) -> Obstacle:
        """Too little is free for the seeker: who has it?"""
        if offered and seeker.takes(_seen(agent, agent.left() + offered, seeker)):
            return Obstacle(Why.OFFERED, free, total)
        if seeker.takes(total):
            return Obstacle(Why.TOO_LITTLE_FREE if free else Why.ALLOCATED, free, total)
        able = seeker._replace(switches=(True, True, True))
        if seeker.takes(every := _seen(agent, agent.total, able)):
            missing = [
                name
                for number, name in enumerate(CAPABILITIES)
                if not seeker.switches[number]
                and _seen(agent, every, able._replace(switches=_all_but(number))) != every
            ]
            return Obstacle(Why.CAPABILITY, free, total, lacking=missing)
        if seeker.takes(agent.total):
            roles = sorted({kind.role for kind in (agent.total - every).kinds()})
            return Obstacle(Why.RESERVED, free, total, hidden=roles)
        return Obstacle(Why.TOO_SMALL, free, total)

    def _refused(self, agent: AgentRow, seeker: Seeker, offer: Resources, now: float) -> list[tuple[Resources, float]]:
        """What of the seeker's refusals holds still, the last to end last."""
        client = seeker.client
        if client is None or client.slot < 0 or agent.refusals is None:
            return []
        found = agent.refusals.covering(client.slot, self._columns.epochs, offer)
        return sorted((one for one in found if one[1] > now), key=lambda one: one[1])

    # --- clients ---

    def turns(self) -> tuple[Mapping[int, int], int]:
        """The place in the order by slot, and how many take part."""
        self._sort_clients()
        order = self._tree.order.tolist()
        return {slot: place for place, slot in enumerate(order)}, len(order)

    def turn(self, seeker: Seeker, places: Mapping[int, int]) -> Turn:
        client = seeker.client
        assert client is not None
        filters = int(self._columns.filters[client.slot]) if client.slot >= 0 else 0
        return Turn(places.get(client.slot), client.share.dominant(self._tree.totals), filters)

    def resting_until(self, framework_id: str) -> float | None:
        return self._frameworks[framework_id].resting_until

    # --- roles ---

    def weighted_share(self, role: str) -> float:
        """The dominant share of the role and those below it, divided by its weight."""
        node = self._tree.nodes.get(role)
        return self._tree.weighed(node.share, role) if node else 0.0

    def room(self, role: str) -> Quantities:
        """The most that the role may be allocated now; other resources are not limited."""
        room = self._quotas.room(role) if self._quotas else None
        return room.most if room is not None else {}


def _seen(agent: AgentRow, resources: Resources, seeker: Seeker) -> Resources:
    return resources if agent.signature == PLAIN else visible(resources, seeker.role, *seeker.switches)


def _all_but(number: int) -> tuple[bool, bool, bool]:
    first, second, third = (one != number for one in range(3))
    return first, second, third
