"""Who is offered what: dominant resource fairness over hierarchical roles and their frameworks. Pure.

Runs when something that could change the outcome has happened, coalesced: at once for a new agent or framework and
for a revive, at the next interval for resources that came back. Agents nothing has happened to are not looked at.
The kernel talks to the methods of `Allocator` only, so that another implementation (vectors) can take its place.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from dcos_runtime.core.resources import EMPTY, Resources, lineage

Quantities = Mapping[str, int]
"""Amounts by name, in thousandths."""

_FILTERS_PER_AGENT = 8


@dataclass(frozen=True)
class Options:
    """``minimums``: offers smaller than every one of these are not made (none: any offer is)."""

    interval: float = 1.0
    minimums: Sequence[Quantities] = ({"cpus": 10}, {"mem": 32_000})
    weights: Mapping[str, float] = field(default_factory=dict)
    gpus_for_gpu_frameworks_only: bool = True


class Allocation(NamedTuple):
    """A decision: these resources of the agent are the framework's until it recovers them."""

    framework_id: str
    role: str
    agent_id: str
    resources: Resources


@dataclass(frozen=True)
class Wants:
    """What a framework takes part with. ``minimums``: by role, in place of the allocator's own."""

    roles: frozenset[str]
    suppressed: frozenset[str] = frozenset()
    gpus: bool = False
    minimums: Mapping[str, Sequence[Quantities]] = field(default_factory=dict)


class _Filter(NamedTuple):
    refused: Resources
    until: float


class _Share:
    """What a client of a sorter holds; ``turns`` breaks ties so that equals alternate."""

    __slots__ = ("held", "turns")

    def __init__(self) -> None:
        self.held: dict[str, int] = {}
        self.turns = 0

    def add(self, resources: Resources) -> None:
        for name, amount in resources.quantities():
            self.held[name] = self.held.get(name, 0) + amount

    def remove(self, resources: Resources) -> None:
        for name, amount in resources.quantities():
            self.held[name] = max(self.held.get(name, 0) - amount, 0)

    def dominant(self, totals: Quantities) -> float:
        """Of the scalars: ``totals`` names no others."""
        return max((amount / totals[name] for name, amount in self.held.items() if totals.get(name)), default=0.0)


class _Framework:
    """``resting_until``: it gets no offers before; None when it does not rest."""

    __slots__ = ("active", "filters", "resting_until", "shares", "wants")

    def __init__(self, wants: Wants, active: bool) -> None:
        self.wants = wants
        self.active = active
        self.resting_until: float | None = None
        self.shares: dict[str, _Share] = {}
        self.filters: dict[tuple[str, str], list[_Filter]] = {}


class _Agent:
    __slots__ = ("active", "allocated", "total")

    def __init__(self, total: Resources, active: bool) -> None:
        self.total = total
        self.allocated = EMPTY
        self.active = active


class Allocator:
    """Times are monotonic seconds. ``random`` only shuffles the order of agents."""

    def __init__(self, options: Options, random: Random) -> None:
        self._options = options
        self._random = random
        self._frameworks: dict[str, _Framework] = {}
        self._agents: dict[str, _Agent] = {}
        self._totals: dict[str, int] = {}
        self._roles: dict[str, _Share] = {}  # every role and ancestor of one; an ancestor holds its descendants' too
        self._own: dict[str, _Share] = {}  # what a role's own frameworks hold
        self._members: dict[str, set[str]] = {}
        self._dirty: set[str] = set()
        self._expiries: list[tuple[float, str]] = []
        self._rests: list[tuple[float, str]] = []
        self._immediate = False
        self._last_run = float("-inf")
        self.runs = 0

    # --- frameworks ---

    def add_framework(self, framework_id: str, wants: Wants, active: bool) -> None:
        framework = self._frameworks[framework_id] = _Framework(wants, active)
        self._join(framework_id, wants.roles)
        if framework.active:
            self._all_dirty()

    def update_framework(self, framework_id: str, wants: Wants) -> None:
        framework = self._frameworks[framework_id]
        before, framework.wants = framework.wants, wants
        self._join(framework_id, wants.roles - before.roles)
        self._leave(framework_id, before.roles - wants.roles)
        if framework.active and (wants.roles - wants.suppressed) - (before.roles - before.suppressed):
            self._all_dirty()

    def remove_framework(self, framework_id: str) -> None:
        """After all it held was recovered."""
        self._leave(framework_id, self._frameworks.pop(framework_id).wants.roles)

    def activate_framework(self, framework_id: str, again: float | None = None) -> None:
        """Offers are made to it at once, unless it came ``again``, at that time: then from the next interval on.

        Whoever subscribes again has to take in first that its stream is another one.
        """
        framework = self._frameworks[framework_id]
        framework.active = True
        if again is None:
            framework.resting_until = None
            self._all_dirty()
        else:
            framework.resting_until = again + self._options.interval
            heapq.heappush(self._rests, (framework.resting_until, framework_id))

    def deactivate_framework(self, framework_id: str) -> None:
        """Its filters go with it."""
        framework = self._frameworks[framework_id]
        framework.active = False
        framework.resting_until = None
        framework.filters.clear()

    def suppress(self, framework_id: str, roles: Iterable[str]) -> None:
        """No roles: all."""
        framework = self._frameworks[framework_id]
        self._set_suppressed(framework, framework.wants.suppressed | _chosen(framework, roles))

    def revive(self, framework_id: str, roles: Iterable[str]) -> None:
        """No roles: all. Their filters are forgotten; who asks is awake."""
        framework = self._frameworks[framework_id]
        framework.resting_until = None
        chosen = _chosen(framework, roles)
        self._set_suppressed(framework, framework.wants.suppressed - chosen)
        for key in [key for key in framework.filters if key[0] in chosen]:
            del framework.filters[key]
        if framework.active:
            self._all_dirty()

    def suppressed(self, framework_id: str) -> frozenset[str]:
        return self._frameworks[framework_id].wants.suppressed

    def _set_suppressed(self, framework: _Framework, suppressed: frozenset[str]) -> None:
        wants = framework.wants
        framework.wants = Wants(wants.roles, suppressed, wants.gpus, wants.minimums)

    def _join(self, framework_id: str, roles: Iterable[str]) -> None:
        for role in roles:
            self._members.setdefault(role, set()).add(framework_id)

    def _leave(self, framework_id: str, roles: Iterable[str]) -> None:
        for role in roles:
            self._members[role].discard(framework_id)
            if not self._members[role]:
                del self._members[role]
                for shares, nodes in ((self._own, [role]), (self._roles, lineage(role))):
                    for node in nodes:
                        if node in shares and not any(shares[node].held.values()):
                            del shares[node]

    # --- agents ---

    def add_agent(self, agent_id: str, total: Resources, active: bool) -> None:
        """`charge` then what its tasks hold."""
        self._agents[agent_id] = _Agent(total, active)
        self._count(total, 1)
        if active:
            self._dirty.add(agent_id)
            self._immediate = True

    def activate_agent(self, agent_id: str) -> None:
        self._agents[agent_id].active = True
        self._dirty.add(agent_id)
        self._immediate = True

    def deactivate_agent(self, agent_id: str) -> None:
        self._agents[agent_id].active = False
        self._dirty.discard(agent_id)

    def update_agent(self, agent_id: str, total: Resources) -> None:
        agent = self._agents[agent_id]
        if agent.total != total:
            self._count(agent.total, -1)
            self._count(total, 1)
            agent.total = total
            if agent.active:
                self._dirty.add(agent_id)

    def remove_agent(self, agent_id: str) -> None:
        """After all that was held there was recovered."""
        self._count(self._agents.pop(agent_id).total, -1)
        self._dirty.discard(agent_id)
        for framework in self._frameworks.values():
            for role in framework.wants.roles:
                framework.filters.pop((role, agent_id), None)

    def _count(self, total: Resources, sign: int) -> None:
        for kind, amount in total.scalar_amounts():
            self._totals[kind.name] = self._totals.get(kind.name, 0) + sign * amount

    # --- holdings ---

    def charge(self, framework_id: str, role: str, agent_id: str, resources: Resources) -> None:
        """The framework holds these already (tasks that an agent told of)."""
        agent = self._agents[agent_id]
        agent.allocated = agent.allocated + resources
        for share in self._shares(framework_id, role):
            share.add(resources)

    def recover(self, framework_id: str, role: str, agent_id: str, resources: Resources) -> None:
        """They are free again, and offered to somebody at the next interval."""
        if (agent := self._agents.get(agent_id)) is not None:
            agent.allocated = agent.allocated - resources
            if agent.active:
                self._dirty.add(agent_id)
        for share in self._shares(framework_id, role):
            share.remove(resources)

    def refuse(self, framework_id: str, role: str, agent_id: str, resources: Resources, until: float) -> None:
        """The framework does not want these, or less, of the agent before ``until``."""
        framework = self._frameworks.get(framework_id)
        if framework is None or agent_id not in self._agents:
            return
        fresh = _Filter(resources, until)
        kept = [
            old
            for old in framework.filters.get((role, agent_id), ())
            if old.until > until or not resources.contains(old.refused)
        ]
        framework.filters[role, agent_id] = [*kept[-_FILTERS_PER_AGENT + 1 :], fresh]
        heapq.heappush(self._expiries, (until, agent_id))
        self._trim_expiries()

    def _shares(self, framework_id: str, role: str) -> Iterator[_Share]:
        if (framework := self._frameworks.get(framework_id)) is not None:
            yield framework.shares.setdefault(role, _Share())
        yield self._own.setdefault(role, _Share())
        for node in lineage(role):
            yield self._roles.setdefault(node, _Share())

    def _trim_expiries(self) -> None:
        """Revived filters leave their expiry behind; do not let those pile up."""
        if len(self._expiries) > 4096 and len(self._expiries) > 4 * self.filter_count():
            live = {
                (item.until, agent_id)
                for framework in self._frameworks.values()
                for (_, agent_id), filters in framework.filters.items()
                for item in filters
            }
            self._expiries = sorted(live)

    def filter_count(self) -> int:
        return sum(len(filters) for framework in self._frameworks.values() for filters in framework.filters.values())

    # --- running ---

    def due(self) -> float:
        """When `allocate` wants to be called, infinity for never."""
        if self._immediate:
            return float("-inf")
        times = [float("inf")]
        if self._dirty:
            times.append(self._last_run + self._options.interval)
        if self._expiries:
            times.append(self._expiries[0][0])
        if self._rests:
            times.append(self._rests[0][0])
        return min(times)

    def allocate(self, now: float) -> list[Allocation]:
        """All decisions that are due; the caller makes offers of them."""
        self._end_rests(now)
        while self._expiries and self._expiries[0][0] <= now:
            _, agent_id = heapq.heappop(self._expiries)
            if agent_id in self._agents and self._agents[agent_id].active:
                self._dirty.add(agent_id)
        if not self._immediate and now < self._last_run + self._options.interval:
            return []
        self._immediate = False
        self._last_run = now
        self.runs += 1
        dirty = sorted(self._dirty)
        self._random.shuffle(dirty)
        self._dirty.clear()
        decisions: list[Allocation] = []
        for agent_id in dirty:
            agent = self._agents[agent_id]
            if agent.active:
                decisions += self._allocate_agent(agent_id, agent, now)
        return decisions

    def _end_rests(self, now: float) -> None:
        while self._rests and self._rests[0][0] <= now:
            until, framework_id = heapq.heappop(self._rests)
            framework = self._frameworks.get(framework_id)
            if framework is not None and framework.resting_until == until:
                framework.resting_until = None
                self._all_dirty()

    def _allocate_agent(self, agent_id: str, agent: _Agent, now: float) -> Iterator[Allocation]:
        free = agent.total - agent.allocated
        gpus = self._options.gpus_for_gpu_frameworks_only and agent.total.scalar("gpus") > 0
        for role in self._role_order():
            if not free:
                return
            offer = free.for_role(role)
            if not offer:
                continue
            for framework_id in self._framework_order(role):
                framework = self._frameworks[framework_id]
                if gpus and not framework.wants.gpus:
                    continue
                if not _large_enough(offer, framework.wants.minimums.get(role, self._options.minimums)):
                    continue
                if self._filtered(framework, role, agent_id, offer, now):
                    continue
                self.charge(framework_id, role, agent_id, offer)
                for share in self._shares(framework_id, role):
                    share.turns += 1
                free = free - offer
                yield Allocation(framework_id, role, agent_id, offer)
                break

    def _filtered(self, framework: _Framework, role: str, agent_id: str, offer: Resources, now: float) -> bool:
        filters = framework.filters.get((role, agent_id))
        if not filters:
            return False
        live = [item for item in filters if item.until > now]
        if live:
            framework.filters[role, agent_id] = live
        else:
            del framework.filters[role, agent_id]
        return any(item.refused.contains(offer) for item in live)

    def _framework_order(self, role: str) -> list[str]:
        def key(framework_id: str) -> tuple[float, int, str]:
            share = self._frameworks[framework_id].shares.get(role)
            return (share.dominant(self._totals), share.turns, framework_id) if share else (0.0, 0, framework_id)

        return sorted((fid for fid in self._members.get(role, ()) if self._takes(fid, role)), key=key)

    def _takes(self, framework_id: str, role: str) -> bool:
        framework = self._frameworks[framework_id]
        awake = framework.active and framework.resting_until is None
        return awake and role not in framework.wants.suppressed

    def _role_order(self) -> list[str]:
        """Roles with somebody to take an offer, the poorest branch first, level by level."""
        roles = [role for role, members in self._members.items() if any(self._takes(fid, role) for fid in members)]
        if len(roles) < 2:
            return roles

        def key(role: str) -> tuple[tuple[float, int, str], ...]:
            own = self._own.get(role)
            leaf = (self._weighed(own, role), own.turns if own else 0, "")
            return (*(self._branch(node) for node in reversed(lineage(role))), leaf)

        return sorted(roles, key=key)

    def _branch(self, node: str) -> tuple[float, int, str]:
        share = self._roles.get(node)
        return (self._weighed(share, node), share.turns if share else 0, node)

    def _weighed(self, share: _Share | None, role: str) -> float:
        return share.dominant(self._totals) / self._options.weights.get(role, 1.0) if share else 0.0

    def _all_dirty(self) -> None:
        self._dirty.update(agent_id for agent_id, agent in self._agents.items() if agent.active)
        self._immediate = True

    # --- for tests and views ---

    def totals(self) -> Quantities:
        """Scalars of all agents."""
        return self._totals

    def allocated_in_all(self) -> Quantities:
        """Scalars, offered or used, on all agents."""
        sums: dict[str, int] = {}
        for agent in self._agents.values():
            for kind, amount in agent.allocated.scalar_amounts():
                sums[kind.name] = sums.get(kind.name, 0) + amount
        return sums

    def filters_of_roles(self) -> Mapping[str, int]:
        """For every role that somebody has."""
        counts = dict.fromkeys(self._members, 0)
        for framework in self._frameworks.values():
            for (role, _), filters in framework.filters.items():
                counts[role] = counts.get(role, 0) + len(filters)
        return counts

    def dominant_share(self, role: str) -> float:
        """With that of the roles below it."""
        share = self._roles.get(role)
        return share.dominant(self._totals) if share else 0.0

    def available(self, agent_id: str) -> Resources:
        agent = self._agents[agent_id]
        return agent.total - agent.allocated

    def allocated(self, agent_id: str) -> Resources:
        return self._agents[agent_id].allocated

    def held(self, role: str) -> Quantities:
        """What the role's own frameworks hold, offered to them or used."""
        share = self._own.get(role)
        return dict(sorted(share.held.items())) if share else {}

    def known_roles(self) -> set[str]:
        return set(self._members)


def _chosen(framework: _Framework, roles: Iterable[str]) -> frozenset[str]:
    asked = frozenset(roles)
    return asked & framework.wants.roles if asked else framework.wants.roles


def _large_enough(offer: Resources, minimums: Sequence[Quantities]) -> bool:
    if not minimums:
        return True
    return any(all(offer.scalar(name) >= amount for name, amount in minimum.items()) for minimum in minimums)
