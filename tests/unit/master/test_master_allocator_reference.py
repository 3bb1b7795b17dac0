"""The allocator beside the reference, step by step: decisions, what it keeps of who could take what, sums, times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from dcos_runtime.core.resources import EMPTY, Disk, Kind, Reservation, Resources, Thing, conversions, plain
from dcos_runtime.core.resources.kind import ReservationType
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core.allocator import Allocation, Allocator, AllocatorSettings, Quota, Wants, matrix
from dcos_runtime.master.core.allocator.obstacles import Obstacle
from dcos_runtime.wire.explain import Why
from tests.support.cores.reference_allocator import Reference

NEVER = float("inf")
FRAMEWORKS = [f"f{number}" for number in range(5)]
AGENTS = [f"a{number}" for number in range(6)]
ROLES = ["*", "a", "a/b", "a/b/c", "a/c", "b", "b/x"]

dynamic = Reservation(ReservationType.DYNAMIC, "a/b", "p")
REFINED = Kind("cpus", (Reservation(ReservationType.STATIC, "a"), dynamic))
REVOCABLE = Kind("cpus", revocable=True)
VOLUME = Thing(Kind("disk", (Reservation(ReservationType.DYNAMIC, "a"),), Disk("v"), shared=True), 5000)
TOTALS = [
    Resources({plain("cpus"): 4000, plain("mem"): 1024_000}),
    Resources({plain("cpus"): 4000, plain("mem"): 512_000}, {plain("ports"): ((31000, 31010),)}),
    Resources({plain("cpus"): 1000, plain("disk"): 7000}),
    Resources({plain("cpus"): 8000, plain("gpus"): 1000}),
    Resources({plain("cpus"): 2000, plain("bananas"): 3000}, sets={plain("zones"): frozenset("xy")}),
    Resources({plain("cpus"): 1000, plain("cpus", "a"): 2000, plain("mem", "b"): 64_000}),
    Resources({plain("cpus"): 1000, REFINED: 2000, REVOCABLE: 4000}),
    Resources({plain("cpus"): 1000, plain("mem"): 99_000}, {plain("ports", "b"): ((1, 9),)}, things={VOLUME: 1}),
    Resources({plain("cpus", "nobody"): 1000, plain("mem"): 64_000}),
    Resources({plain("cpus"): 5}),
]
MINIMUMS = [(), ({"cpus": 10}, {"mem": 32_000}), ({"bananas": 1000},), ({"cpus": 3000, "mem": 1}, {"disk": 1})]


def some_wants(
    roles: set[str],
    suppressed: set[str],
    gpus: bool,
    minimums: Sequence[Mapping[str, int]] | None,
    revocable: bool,
    shared: bool,
    refined: bool,
) -> Wants:
    return Wants(
        frozenset(roles),
        frozenset(suppressed) & frozenset(roles),
        gpus,
        {role: minimums for role in sorted(roles)[:1] if minimums is not None},
        revocable,
        shared,
        refined,
    )


wants_of = st.builds(
    some_wants,
    st.sets(st.sampled_from(ROLES), min_size=1, max_size=3),
    st.sets(st.sampled_from(ROLES), max_size=1),
    st.booleans(),
    st.none() | st.sampled_from(MINIMUMS),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
some = st.integers(0, 1000)
amounts_of = st.dictionaries(
    st.sampled_from(["cpus", "mem", "disk", "bananas"]),
    st.sampled_from([0, 500, 1000, 3000, 9000, 600_000]),
    max_size=2,
)


def part(what: Resources, chance: Random) -> Resources:
    """Some of it, not nothing."""
    kept = Resources(
        {
            kind: chance.choice([amount, amount // 2 or 1])
            for kind, amount in what.scalars.items()
            if chance.random() < 0.7
        },
        {kind: intervals[:1] for kind, intervals in what.ranges.items() if chance.random() < 0.7},
        {kind: items for kind, items in what.sets.items() if chance.random() < 0.7},
        {thing: copies for thing, copies in what.things.items() if chance.random() < 0.7},
    )
    return kept or what


class Both(RuleBasedStateMachine):
    """Each rule does the same to both."""

    def __init__(self) -> None:
        super().__init__()
        options = AllocatorSettings(interval=1.0, weights={"a": 2.0, "a/c": 0.3, "*": 3.0})
        self.one = Allocator(options, SeededSource(b"7"))
        self.other = Reference(options)
        self.now = 100.0

    def pick(self, among: list[str], number: int) -> str | None:
        return among[number % len(among)] if among else None

    # --- frameworks ---

    @rule(framework_id=st.sampled_from(FRAMEWORKS), wants=wants_of, active=st.booleans())
    def framework_comes_or_changes(self, framework_id: str, wants: Wants, active: bool) -> None:
        for each in (self.one, self.other):
            if framework_id in self.other.wants and each is self.one:
                known = True
                each.update_framework(framework_id, wants)
            elif each is self.one:
                known = False
                each.add_framework(framework_id, wants, active)
            elif known:
                each.update_framework(framework_id, wants)
            else:
                each.add_framework(framework_id, wants, active)

    @rule(
        number=some,
        what=st.sampled_from(["remove", "on", "again", "off", "suppress", "revive", "revive"]),
        roles=st.sets(st.sampled_from(ROLES), max_size=2),
    )
    def framework_does(self, number: int, what: str, roles: set[str]) -> None:
        framework_id = self.pick(sorted(self.other.wants), number)
        if framework_id is None:
            return
        for each in (self.one, self.other):
            if what == "remove":
                each.remove_framework(framework_id)
            elif what == "on":
                each.activate_framework(framework_id)
            elif what == "again":
                each.activate_framework(framework_id, self.now)
            elif what == "off":
                each.deactivate_framework(framework_id)
            elif what == "suppress":
                each.suppress(framework_id, sorted(roles))
            else:
                each.revive(framework_id, sorted(roles))

    # --- agents ---

    @rule(agent_id=st.sampled_from(AGENTS), total=st.sampled_from(TOTALS), active=st.booleans())
    def agent_comes_or_changes(self, agent_id: str, total: Resources, active: bool) -> None:
        known = agent_id in self.other.totals
        for each in (self.one, self.other):
            if not known:
                each.add_agent(agent_id, total, active)
            elif active and agent_id not in self.other.active_agents:
                each.activate_agent(agent_id)
            else:
                each.update_agent(agent_id, total)

    @rule(number=some, away=st.booleans())
    def agent_goes(self, number: int, away: bool) -> None:
        agent_id = self.pick(sorted(self.other.totals), number)
        if agent_id is None:
            return
        if away:
            for framework_id, role, where, what in list(self.other.held):
                if where == agent_id:
                    for each in (self.one, self.other):
                        each.recover(framework_id, role, agent_id, what)
        for each in (self.one, self.other):
            each.deactivate_agent(agent_id)
            if away:
                each.remove_agent(agent_id)

    # --- holdings ---

    @rule(framework_id=st.sampled_from(FRAMEWORKS), role=st.sampled_from(ROLES), number=some, seed=some)
    def tasks_are_told_of(self, framework_id: str, role: str, number: int, seed: int) -> None:
        agent_id = self.pick(sorted(self.other.totals), number)
        if agent_id is not None and (free := self.other.free(agent_id).for_role(role)):
            what = part(free, Random(seed))
            for each in (self.one, self.other):
                each.charge(framework_id, role, agent_id, what)

    @rule(
        number=some,
        seed=some,
        whole=st.booleans(),
        refused=st.sampled_from([None, -1.0, 0.5, 2.0, 5.0, 1e6]),
        times=st.integers(1, 6),
    )
    def something_comes_back(self, number: int, seed: int, whole: bool, refused: float | None, times: int) -> None:
        for time in range(times):
            if not self.other.held:
                return
            framework_id, role, agent_id, held = self.other.held[(number + time) % len(self.other.held)]
            what = held if whole else part(held, Random(seed))
            for each in (self.one, self.other):
                each.recover(framework_id, role, agent_id, what)
                if refused is not None:
                    each.refuse(framework_id, role, agent_id, what, self.now + refused)

    @rule(number=some, seed=some, reserved=st.sampled_from(["a", "b/x"]), held=st.booleans())
    def something_is_reserved_or_not_any_more(self, number: int, seed: int, reserved: str, held: bool) -> None:
        holders = self.other.held if held else [(None, None, one, EMPTY) for one in sorted(self.other.totals)]
        if not holders:
            return
        framework_id, role, agent_id, what = holders[number % len(holders)]
        what = what if held else self.other.free(agent_id)
        layer = Reservation(ReservationType.DYNAMIC, reserved, "p")

        def other_way(kind: Kind) -> Kind:
            last = kind.reservations[-1:] == (layer,)
            layers = kind.reservations[:-1] if last else (*kind.reservations, layer)
            return Kind(kind.name, layers, kind.disk, kind.provider_id, kind.revocable, kind.shared)

        consumed = part(what, Random(seed)) if what else EMPTY
        if not consumed or any(len(kind.reservations) > 3 for kind in consumed.kinds()):
            return
        if not self.other.totals[agent_id].contains(consumed):  # the agent came back with less than is held of it
            return
        holder = (framework_id, role) if framework_id is not None and role is not None else None
        converted = conversions.changed(consumed, other_way)
        for each in (self.one, self.other):
            each.convert(agent_id, consumed, converted, holder)

    @rule(number=some, count=st.integers(1, 12), seed=some)
    def one_refuses_much(self, number: int, count: int, seed: int) -> None:
        framework_id = self.pick(sorted(self.other.wants), number)
        agent_id = self.pick(sorted(self.other.totals), number)
        if framework_id is None or agent_id is None:
            return
        role = min(self.other.wants[framework_id].roles)
        chance = Random(seed)
        for _ in range(count):
            what, until = part(self.other.totals[agent_id], chance), self.now + chance.choice([1.0, 3.0, 9.0])
            for each in (self.one, self.other):
                each.refuse(framework_id, role, agent_id, what, until)

    @rule(weights=st.dictionaries(st.sampled_from(ROLES), st.sampled_from([0.3, 1.0, 2.0, 50.0]), max_size=3))
    def weights_are_set(self, weights: dict[str, float]) -> None:
        for each in (self.one, self.other):
            each.set_weights(weights)

    @rule(role=st.sampled_from(ROLES), guarantees=amounts_of, limits=amounts_of)
    def quota_is_set(self, role: str, guarantees: dict[str, int], limits: dict[str, int]) -> None:
        quota = Quota(guarantees, limits)
        try:
            self.one.set_quotas({role: quota})
        except ValueError:
            return
        self.other.set_quota(role, quota)

    # --- running ---

    @rule(later=st.sampled_from([0.0, 0.3, 1.0, 4.0, 20.0]), budget=st.none() | st.integers(1, 3))
    def slice(self, later: float, budget: int | None) -> None:
        self.now += later
        runs, due = self.one.runs, self.one.due()
        before = self.explained()
        decisions = self.one.allocate(self.now, budget)
        self.explained_what_was_decided(before, decisions)
        self.other.time_passes(self.now)
        if self.one.runs > runs:
            assert due <= self.now or not decisions
            self.other.begin(self.now)
        expected: list[Allocation] = []
        for agent_id in dict.fromkeys(decision.agent_id for decision in decisions):
            expected += self.other.look(agent_id)
        assert decisions == expected
        if not self.one.slices_left and not (self.other.quotas and self.other.more_room):
            for agent_id in self.other.totals.keys() - self.other.dirty:
                assert not self.other.hungry(agent_id), f"nobody looked at {agent_id}"

    def explained(self) -> dict[tuple[str, str, str], Obstacle]:
        """By framework, role and agent."""
        return {
            (framework_id, role, agent_id): self.explain(framework_id, role, agent_id)
            for framework_id, wants in self.other.wants.items()
            for role in wants.roles
            for agent_id in self.other.totals
        }

    def explain(self, framework_id: str, role: str, agent_id: str) -> Obstacle:
        seeker = self.one.seeker(framework_id, role)
        assert seeker is not None
        return self.one.look(agent_id, seeker, self.other.allocated[agent_id], self.now)

    def explained_what_was_decided(
        self, before: Mapping[tuple[str, str, str], Obstacle], decisions: Sequence[Allocation]
    ) -> None:
        """Nobody got anything of an agent that was explained to have an obstacle; the first one got what it said."""
        first: set[str] = set()
        for number, (framework_id, role, agent_id, resources) in enumerate(decisions):
            if number and self.other.quotas:
                return  # the decisions before changed what is left of quotas
            found = before[framework_id, role, agent_id]
            assert found.why is Why.AVAILABLE, (found, resources)
            if agent_id not in first:
                assert found.part == resources
            first.add(agent_id)

    @rule()
    def run_until_nothing_is_due(self) -> None:
        for _ in range(60):
            if self.one.due() > self.now:
                break
            self.slice(0.0, 2)
        else:
            raise AssertionError("there is no end of it")

    # --- what has to be true after each step ---

    @invariant()
    def what_is_kept_is_true(self) -> None:
        rows = self.one._rows
        for agent_id, agent in rows.agents.items():
            assert agent.left() == self.other.free(agent_id)
            assert bool(rows.lent[agent.row]) == (agent.lent is not None)
            if rows.stale[agent.row] or rows.ends[agent.row] <= self.now:
                continue
            free = self.other.free(agent_id) + (agent.lent or EMPTY)
            for framework_id, framework in self.one._frameworks.items():
                for role, client in framework.clients.items():
                    kept = bool(self.one._matrix.can[agent.row, client.slot])
                    whole = self.other.whole_offer(agent_id, framework_id, role, free)
                    could = self.other.could_have(agent_id, framework_id, role, whole)
                    assert kept == could, (agent_id, framework_id, role)

    @invariant()
    def obstacles_are_those_of_the_reference(self) -> None:
        places, count = self.one.turns()
        assert sorted(places.values()) == list(range(count))
        for agent_id in sorted(self.other.totals)[: 1 if self.other.quotas else None]:
            assert self.one.is_active(agent_id) == (agent_id in self.other.active_agents)
            for framework_id, wants in self.other.wants.items():
                for role in wants.roles:
                    seeker = self.one.seeker(framework_id, role)
                    assert seeker is not None
                    taking = self.one.turn(seeker, places).place is not None
                    assert taking == self.other.takes(framework_id, role) or self.other.rests
                    found = self.explain(framework_id, role, agent_id)
                    could = self.other.could(agent_id, framework_id, role)
                    assert (found.why is Why.AVAILABLE) == could, (found, agent_id, framework_id, role)
                    assert found.part == (self.other.offer(agent_id, framework_id, role) if could else EMPTY)

    @invariant()
    def sums_are_right(self) -> None:
        for role in ROLES:
            assert self.one.dominant_share(role) == self.other.dominant(self.other.sum_of(self.other.below(role)))
            held = {name: amount for name, amount in self.one.held(role).items() if amount}
            assert held == dict(sorted(self.other.sum_of([role]).items()))
        for role in ROLES:
            for name in ("cpus", "mem"):
                assert self.one.quota_used(role, name) == self.other.used(role, name)
        if self.one._next_end <= self.now:
            return  # it has not come to all that ended
        filters: dict[str, int] = {}
        for (_, role, _), these in self.other.filters.items():
            filters[role] = filters.get(role, 0) + len(these)
        assert {role: count for role, count in self.one.filters_of_roles().items() if count} == filters

    @invariant()
    def it_says_when(self) -> None:
        if self.one.slices_left:
            return
        due = self.other.due()
        assert self.one.due() <= max(
            due, self.now
        )  # at once, too, is when a filter ended of an agent not looked at yet
        if self.one.due() < due:  # the end of a filter that was forgotten meanwhile, or there may be more room
            again = self.one._last_run + 1.0 if self.other.more_room else NEVER
            assert self.one.due() in (self.one._next_end, again)
        if self.one.due() == NEVER:
            for agent_id in self.other.totals:
                assert not self.other.hungry(agent_id), f"nobody will ever look at {agent_id}"


def test_each_step_is_that_of_the_reference() -> None:
    run_state_machine_as_test(Both, settings=settings(max_examples=60, stateful_step_count=50, deadline=None))


def test_so_it_is_when_each_client_counts_as_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "_FEW_COLUMNS", 0)
    run_state_machine_as_test(Both, settings=settings(max_examples=20, stateful_step_count=50, deadline=None))


@pytest.mark.soak
def test_each_step_is_that_of_the_reference_for_long() -> None:
    run_state_machine_as_test(Both, settings=settings(max_examples=5000, stateful_step_count=120, deadline=None))
