"""A reference for the allocator: slow and simple, with the same decisions. Stores only facts, and computes everything
else each time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from dcos_runtime.core.resources import EMPTY, Resources, lineage, plain
from dcos_runtime.master.core.allocator import Allocation, AllocatorSettings, Quantities, Quota, Wants

Pair = tuple[str, str]
"""A framework and a role."""


class Reference:
    def __init__(self, settings: AllocatorSettings) -> None:
        self.settings = settings
        self.weights = dict(settings.weights)
        self.wants: dict[str, Wants] = {}
        self.active_frameworks: set[str] = set()
        self.rests: dict[str, float] = {}
        self.totals: dict[str, Resources] = {}
        self.active_agents: set[str] = set()
        self.held: list[tuple[str, str, str, Resources]] = []  # framework, role, agent, what
        self.allocated: dict[str, Resources] = {}
        self.filters: dict[tuple[str, str, str], list[tuple[Resources, float]]] = {}
        self.turns: dict[Pair, int] = {}
        self.own_turns: dict[str, int] = {}
        self.branch_turns: dict[str, int] = {}
        self.dirty: set[str] = set()
        self.now = float("-inf")
        self.woken: set[str] = set()
        self.immediate = False
        self.last_run = float("-inf")
        self.quotas: dict[str, Quota] = {}
        self.more_room = False  # since the last run started, quotas may have got more room

    # --- frameworks ---

    def add_framework(self, framework_id: str, wants: Wants, active: bool) -> None:
        self.wants[framework_id] = wants
        if active:
            self.active_frameworks.add(framework_id)
            self._wake(framework_id)

    def update_framework(self, framework_id: str, wants: Wants) -> None:
        before, self.wants[framework_id] = self.wants[framework_id], wants
        self._forget_filters(framework_id, before.roles - wants.roles)
        self._forget_turns()
        same = replace(before, roles=wants.roles, suppressed=wants.suppressed) == wants
        more = (wants.roles - wants.suppressed) - (before.roles - before.suppressed)
        if framework_id in self.active_frameworks and (more or not same):
            self._wake(framework_id)

    def remove_framework(self, framework_id: str) -> None:
        self._forget_filters(framework_id, self.wants.pop(framework_id).roles)
        self.active_frameworks.discard(framework_id)
        self.rests.pop(framework_id, None)
        self._forget_turns()

    def activate_framework(self, framework_id: str, again: float | None = None) -> None:
        self.active_frameworks.add(framework_id)
        if again is None:
            self.rests.pop(framework_id, None)
            self._wake(framework_id)
        else:
            self.rests[framework_id] = again + self.settings.interval

    def deactivate_framework(self, framework_id: str) -> None:
        self.active_frameworks.discard(framework_id)
        self.rests.pop(framework_id, None)
        self._forget_filters(framework_id, self.wants[framework_id].roles)

    def suppress(self, framework_id: str, roles: Iterable[str]) -> None:
        wants = self.wants[framework_id]
        chosen = frozenset(roles) & wants.roles if roles else wants.roles
        self.wants[framework_id] = replace(wants, suppressed=wants.suppressed | chosen)

    def revive(self, framework_id: str, roles: Iterable[str]) -> None:
        wants = self.wants[framework_id]
        chosen = frozenset(roles) & wants.roles if roles else wants.roles
        self.wants[framework_id] = replace(wants, suppressed=wants.suppressed - chosen)
        self.rests.pop(framework_id, None)
        self._forget_filters(framework_id, chosen)
        if framework_id in self.active_frameworks:
            self._wake(framework_id)

    def _wake(self, framework_id: str) -> None:
        self.woken.add(framework_id)
        self.immediate = True

    def _forget_filters(self, framework_id: str, roles: Iterable[str]) -> None:
        for role in roles:
            for agent_id in self.totals:
                self.filters.pop((framework_id, role, agent_id), None)

    # --- agents ---

    def add_agent(self, agent_id: str, total: Resources, active: bool) -> None:
        self.totals[agent_id] = total
        self.allocated[agent_id] = EMPTY
        self.more_room = True
        if active:
            self.activate_agent(agent_id)

    def activate_agent(self, agent_id: str) -> None:
        self.active_agents.add(agent_id)
        self.dirty.add(agent_id)
        self.immediate = True

    def deactivate_agent(self, agent_id: str) -> None:
        self.active_agents.discard(agent_id)
        self.dirty.discard(agent_id)

    def update_agent(self, agent_id: str, total: Resources) -> None:
        if self.totals[agent_id] != total:
            self.totals[agent_id] = total
            self.more_room = True
            self._touch(agent_id)

    def convert(self, agent_id: str, consumed: Resources, converted: Resources, holder: tuple[str, str] | None) -> None:
        self.totals[agent_id] = self.totals[agent_id] - consumed + converted
        self.more_room = True
        if holder is not None:
            for number, (*held_by, what) in enumerate(self.held):
                if held_by == [*holder, agent_id] and what.contains(consumed):
                    self.held[number] = (*holder, agent_id, what - consumed + converted)
                    break
            else:
                raise AssertionError("nobody holds this")
            self.allocated[agent_id] = self.allocated[agent_id] - consumed + converted
        self._touch(agent_id)

    def remove_agent(self, agent_id: str) -> None:
        del self.totals[agent_id], self.allocated[agent_id]
        self.more_room = True
        self.deactivate_agent(agent_id)
        self.filters = {key: filters for key, filters in self.filters.items() if key[2] != agent_id}

    def _touch(self, agent_id: str) -> None:
        if agent_id in self.active_agents:
            self.dirty.add(agent_id)

    # --- holdings ---

    def charge(self, framework_id: str, role: str, agent_id: str, resources: Resources) -> None:
        self._take(framework_id, role, agent_id, resources)
        self.more_room = True

    def _take(self, framework_id: str, role: str, agent_id: str, resources: Resources) -> None:
        self.held.append((framework_id, role, agent_id, resources))
        self.allocated[agent_id] = self.allocated[agent_id] + resources

    def recover(self, framework_id: str, role: str, agent_id: str, resources: Resources) -> None:
        """``resources`` were held together, or are a part of such."""
        for number, (holder, in_role, where, what) in enumerate(self.held):
            if (holder, in_role, where) == (framework_id, role, agent_id) and what.contains(resources):
                left = what - resources
                self.held[number : number + 1] = [(holder, in_role, where, left)] if left else []
                break
        else:
            raise AssertionError("nobody holds this")
        self.allocated[agent_id] = self.allocated[agent_id] - resources
        self.more_room = True
        self._touch(agent_id)
        self._forget_turns()

    def refuse(self, framework_id: str, role: str, agent_id: str, resources: Resources, until: float) -> None:
        if framework_id not in self.wants or role not in self.wants[framework_id].roles or agent_id not in self.totals:
            return
        self._end_filters([key for key in self.filters if key[2] == agent_id])
        filters = self.filters.get((framework_id, role, agent_id), [])
        kept = [(what, end) for what, end in filters if end > until or not resources.contains(what)]
        self.filters[framework_id, role, agent_id] = [*kept[-7:], (resources, until)]
        if len(kept) > 7:
            self._touch(agent_id)

    # --- roles ---

    def set_weights(self, weights: Mapping[str, float]) -> None:
        self.weights = dict(weights)

    # --- quotas ---

    def set_quota(self, role: str, quota: Quota) -> None:
        self.quotas[role] = quota
        if not quota:
            del self.quotas[role]
        self.more_room = True

    def used(self, role: str, name: str) -> int:
        """For one scalar: the counted allocations of the role and those below it, and all reservations there."""
        below = {role} | {
            one for one in self._reserved_roles() | {one for _, one, _, _ in self.held} if role in lineage(one)
        }
        held = sum(self.counted(what, name) for _, one, _, what in self.held if one in below)
        return held + sum(
            amount
            for total in self.totals.values()
            for kind, amount in total.scalar_amounts()
            if kind.name == name and kind.role in below - {"*"}
        )

    def _reserved_roles(self) -> set[str]:
        return {kind.role for total in self.totals.values() for kind in total.kinds() if kind.role != "*"}

    def counted(self, what: Resources, name: str) -> int:
        return sum(
            amount
            for kind, amount in what.scalar_amounts()
            if kind.name == name and kind.role == "*" and not kind.revocable
        )

    def missing(self, role: str, name: str) -> int:
        """The amounts that the guarantees of the role, or of those below it, still lack."""
        children = {
            one for quoted in self.quotas for one in lineage(quoted) if one.rpartition("/")[0] == role and "/" in one
        }
        own = self.quotas[role].guarantees.get(name, 0) - self.used(role, name) if role in self.quotas else 0
        return max(own, self.missing_below(children, name), 0)

    def missing_below(self, children: Iterable[str], name: str) -> int:
        return sum(self.missing(child, name) for child in children)

    def headroom(self, name: str) -> int:
        return self.missing_below({lineage(role)[-1] for role in self.quotas}, name)

    def surplus(self, name: str) -> int:
        """The free resources of the whole cluster beyond the headroom."""
        free = sum(self.counted(total, name) for total in self.totals.values())
        free -= sum(self.counted(what, name) for _, _, _, what in self.held)
        return max(free - self.headroom(name), 0)

    def wanted(self) -> set[str]:
        names = {name for quota in self.quotas.values() for name in quota.guarantees}
        return {name for name in names if self.headroom(name)}

    def open(self, role: str, name: str) -> int:
        """How much of it the role can get so that less is lacking afterwards."""
        before, low, high = self.headroom(name), 0, self.headroom(name)
        while low < high:
            middle = (low + high + 1) // 2
            trial = ("trial", role, "trial", Resources({plain(name): middle}))
            self.held.append(trial)
            falls = before - self.headroom(name)
            self.held.remove(trial)
            low, high = (middle, high) if falls == middle else (low, middle - 1)
        return low

    def most(self, role: str, name: str) -> int | None:
        """None: no quota sets a limit."""
        limits = [
            max(self.quotas[one].limits[name] - self.used(one, name), 0)
            for one in lineage(role)
            if one in self.quotas and name in self.quotas[one].limits
        ]
        if self.headroom(name):
            limits.append(self.surplus(name) + self.open(role, name))
        return min(limits) if limits else None

    def cut(self, offer: Resources, role: str) -> Resources:
        """In these tests each name has one kind."""
        kept = {}
        for kind, amount in offer.scalars.items():
            most = self.most(role, kind.name) if kind.role == "*" and not kind.revocable else None
            if most is None or most > 0:
                kept[kind] = amount if most is None else min(amount, most)
        return Resources(kept, offer.ranges, offer.sets, offer.things)

    def furthers(self, agent_id: str, framework_id: str, role: str) -> bool:
        """Whether a part of the resources that it would be offered there counts for a guarantee."""
        whole = self.whole_offer(agent_id, framework_id, role)
        return any(
            self.counted(whole, name) and self.open(role, name) for name in {kind.name for kind in whole.kinds()}
        )

    # --- shares ---

    def sum_of(self, roles: Iterable[str], framework_id: str | None = None) -> dict[str, int]:
        sums: dict[str, int] = {}
        wanted = set(roles)
        for holder, role, _, what in self.held:
            if role in wanted and framework_id in (None, holder):
                for name, amount in what.quantities():
                    sums[name] = sums.get(name, 0) + amount
        return sums

    def dominant(self, sums: Quantities) -> float:
        cluster: dict[str, int] = {}
        for total in self.totals.values():
            for kind, amount in total.scalar_amounts():
                cluster[kind.name] = cluster.get(kind.name, 0) + amount
        return max((amount / cluster[name] for name, amount in sums.items() if cluster.get(name)), default=0.0)

    def below(self, role: str) -> list[str]:
        roles = {one for wants in self.wants.values() for one in wants.roles} | {one for _, one, _, _ in self.held}
        return [one for one in roles if role in lineage(one)]

    def branch(self, role: str) -> tuple[float, int, str]:
        share = self.dominant(self.sum_of(self.below(role))) / self.weights.get(role, 1.0)
        return share, self.branch_turns.get(role, 0), role

    def role_key(self, role: str) -> tuple[tuple[float, int, str], ...]:
        own = self.dominant(self.sum_of([role])) / self.weights.get(role, 1.0)
        return (*(self.branch(one) for one in reversed(lineage(role))), (own, self.own_turns.get(role, 0), ""))

    def framework_key(self, framework_id: str, role: str) -> tuple[float, int, str]:
        share = self.dominant(self.sum_of([role], framework_id))
        return share, self.turns.get((framework_id, role), 0), framework_id

    def _forget_turns(self) -> None:
        """A client without a framework and without holdings is removed."""
        members = {role for wants in self.wants.values() for role in wants.roles}
        holding = {role for _, role, _, _ in self.held}
        alive = {one for role in members | holding for one in lineage(role)}
        self.branch_turns = {role: turns for role, turns in self.branch_turns.items() if role in alive}
        self.own_turns = {role: turns for role, turns in self.own_turns.items() if role in alive}
        pairs = {(one, role) for one, wants in self.wants.items() for role in wants.roles}
        pairs |= {(holder, role) for holder, role, _, _ in self.held}
        self.turns = {pair: turns for pair, turns in self.turns.items() if pair in pairs}

    # --- decisions ---

    def begin(self, now: float) -> None:
        """The next run handles what `time_passes` reports as due."""
        self.dirty.clear()
        self.woken.clear()
        self.immediate = False
        self.more_room = False
        self.last_run = now

    def time_passes(self, now: float) -> None:
        for framework_id in [one for one, until in self.rests.items() if until <= now]:
            del self.rests[framework_id]
            self._wake(framework_id)
        self.now = now
        self._end_filters(list(self.filters))

    def _end_filters(self, keys: Iterable[tuple[str, str, str]]) -> None:
        for key in keys:
            filters = self.filters[key]
            live = [(what, until) for what, until in filters if until > self.now]
            if len(live) < len(filters):
                self._touch(key[2])
            self.filters[key] = live
            if not live:
                del self.filters[key]

    def due(self) -> float:
        if self.immediate:
            return float("-inf")
        times = [until for filters in self.filters.values() for _, until in filters]
        times += [self.last_run + self.settings.interval] if self.dirty else []
        return min([*times, *self.rests.values()], default=float("inf"))

    def takes(self, framework_id: str, role: str) -> bool:
        awake = framework_id in self.active_frameworks and framework_id not in self.rests
        return awake and role not in self.wants[framework_id].suppressed

    def free(self, agent_id: str) -> Resources:
        return self.totals[agent_id] - self.allocated[agent_id]

    def offer(self, agent_id: str, framework_id: str, role: str) -> Resources:
        whole = self.whole_offer(agent_id, framework_id, role)
        return self.cut(whole, role) if self.quotas else whole

    def whole_offer(self, agent_id: str, framework_id: str, role: str, free: Resources | None = None) -> Resources:
        wants = self.wants[framework_id]
        return (self.free(agent_id) if free is None else free).find(
            lambda kind: (
                (kind.role == "*" or kind.role in lineage(role))
                and (wants.revocable or not kind.revocable)
                and (wants.shared or not kind.shared)
                and (wants.refined or len(kind.reservations) < 2)
            )
        )

    def could(self, agent_id: str, framework_id: str, role: str) -> bool:
        """Whether the framework could be offered the free resources there, if it takes any."""
        return self.could_have(agent_id, framework_id, role, self.offer(agent_id, framework_id, role))

    def could_have(self, agent_id: str, framework_id: str, role: str, offer: Resources) -> bool:
        wants = self.wants[framework_id]
        gpus = self.settings.gpus_for_gpu_frameworks_only and self.totals[agent_id].scalar("gpus") > 0
        if not offer or (gpus and not wants.gpus):
            return False
        minimums: Sequence[Quantities] = wants.minimums.get(role, self.settings.minimums)
        if minimums and not any(
            all(offer.scalar(name) >= amount for name, amount in minimum.items()) for minimum in minimums
        ):
            return False
        return not any(what.contains(offer) for what, _ in self.filters.get((framework_id, role, agent_id), []))

    def hungry(self, agent_id: str) -> bool:
        """An offer of it should be possible: to no framework that woke since the last run started."""
        return agent_id in self.active_agents and any(
            self.takes(framework_id, role) and self.could(agent_id, framework_id, role)
            for framework_id, wants in self.wants.items()
            if framework_id not in self.woken
            for role in wants.roles
        )

    def look(self, agent_id: str) -> Iterator[Allocation]:
        """The decisions on one agent: role by role, the first framework that can be offered something gets all that it
        may see.
        """
        wanted = self.wanted()
        if self.quotas:
            yield from self._look(agent_id, True)
        yield from self._look(agent_id, False)
        if wanted - self.wanted():
            self.more_room = True

    def _look(self, agent_id: str, guarantees: bool) -> Iterator[Allocation]:
        for role in sorted({role for wants in self.wants.values() for role in wants.roles}, key=self.role_key):
            while able := [
                framework_id
                for framework_id, wants in self.wants.items()
                if role in wants.roles
                and self.takes(framework_id, role)
                and (not guarantees or self.furthers(agent_id, framework_id, role))
                and self.could(agent_id, framework_id, role)
            ]:
                chosen = min(able, key=lambda framework_id: self.framework_key(framework_id, role))
                offer = self.offer(agent_id, chosen, role)
                self._take(chosen, role, agent_id, offer)
                self.turns[chosen, role] = self.turns.get((chosen, role), 0) + 1
                self.own_turns[role] = self.own_turns.get(role, 0) + 1
                for one in lineage(role):
                    self.branch_turns[one] = self.branch_turns.get(one, 0) + 1
                yield Allocation(chosen, role, agent_id, offer)
