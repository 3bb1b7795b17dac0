"""Who is offered what: fairness, roles, filters, when it runs."""

from __future__ import annotations

from typing import Any

import pytest

from dcos_runtime.core.resources import Resources, plain
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core.allocator import Allocation, Allocator, AllocatorSettings, Wants

NEVER = float("inf")


def bag(cpus: float = 0, mem: float = 0, **more: float) -> Resources:
    """``cpus__web``: cpus that are reserved to web."""
    amounts = {plain(*name.split("__")): round(value * 1000) for name, value in more.items()}
    scalars = {plain("cpus"): round(cpus * 1000), plain("mem"): round(mem * 1000), **amounts}
    return Resources({kind: amount for kind, amount in scalars.items() if amount})


def wants(*roles: str, **more: Any) -> Wants:
    return Wants(frozenset(roles or ("*",)), **more)


def allocator(**options: Any) -> Allocator:
    return Allocator(AllocatorSettings(**options), SeededSource(b"1"))


def given(allocations: list[Allocation]) -> dict[str, list[str]]:
    """Agents by framework."""
    result: dict[str, list[str]] = {}
    for allocation in allocations:
        result.setdefault(allocation.framework_id, []).append(allocation.agent_id)
    return {framework_id: sorted(agents) for framework_id, agents in result.items()}


def test_a_new_agent_and_a_new_framework_are_brought_together_at_once() -> None:
    one = allocator()
    assert one.due() == NEVER
    one.add_agent("a", bag(4, 1024), active=True)
    one.add_framework("f", wants(), active=True)
    assert one.due() == -NEVER
    assert one.allocate(0.0) == [Allocation("f", "*", "a", bag(4, 1024))]
    assert one.due() == NEVER
    assert one.available("a") == Resources()


def test_what_comes_back_waits_for_the_interval() -> None:
    one = allocator(interval=1.0)
    one.add_framework("f", wants(), active=True)
    one.add_agent("a", bag(4), active=True)
    (decision,) = one.allocate(10.0)
    one.recover(*decision)
    assert one.due() == 11.0
    assert one.allocate(10.5) == []
    assert one.allocate(11.0) == [decision]


def test_who_subscribes_again_rests_for_an_interval_whatever_else_happens() -> None:
    one = allocator(interval=1.0)
    one.add_framework("f", wants(), active=True)
    one.add_agent("a", bag(4), active=True)
    (decision,) = one.allocate(10.0)
    one.deactivate_framework("f")
    one.recover(*decision)
    one.activate_framework("f", again=20.0)
    one.add_agent("b", bag(4), active=True)  # which is offered at once, as a rule
    assert one.allocate(20.0) == []
    assert one.allocate(20.9) == []
    assert one.due() == 21.0
    assert given(one.allocate(21.0)) == {"f": ["a", "b"]}
    assert one.due() == NEVER


def test_who_asks_is_awake_and_who_went_away_meanwhile_rests_anew() -> None:
    one = allocator(interval=1.0)
    one.add_framework("f", wants(), active=False)
    one.add_framework("g", wants("g"), active=False)
    one.add_agent("a", bag(4), active=True)
    one.add_agent("b", bag(4), active=True)
    one.activate_framework("f", again=20.0)
    one.activate_framework("g", again=20.0)
    one.deactivate_framework("g")
    one.activate_framework("g", again=20.5)
    one.revive("f", ())
    assert given(one.allocate(20.6)) == {"f": ["a", "b"]}
    for agent in ("a", "b"):
        one.recover("f", "*", agent, bag(4))
    one.suppress("f", ())
    assert one.allocate(21.2) == []
    assert given(one.allocate(21.5)) == {"g": ["a", "b"]}


def test_ports_are_counted_and_weigh_nothing() -> None:
    one = allocator(minimums=())
    one.add_framework("f", wants(), active=True)
    one.add_agent("a", Resources({plain("cpus"): 4000}, {plain("ports"): ((1, 10), (20, 20))}), active=True)
    one.add_agent("b", Resources({plain("cpus"): 4000}, {plain("ports"): ((1, 10),)}), active=True)
    decisions = one.allocate(0.0)
    assert one.held("*") == {"cpus": 8000, "ports": 21_000}
    assert one.dominant_share("*") == 1.0
    one.recover(*next(decision for decision in decisions if decision.agent_id == "a"))
    assert one.held("*") == {"cpus": 4000, "ports": 10_000}
    assert one.dominant_share("*") == 0.5


def test_the_poorer_framework_comes_first_by_its_dominant_share() -> None:
    one = allocator(minimums=())
    for name in ("cpu-heavy", "mem-heavy", "new"):
        one.add_framework(name, wants(), active=True)
    one.add_agent("full", bag(10, 1000), active=False)
    one.charge("cpu-heavy", "*", "full", bag(5, 10))
    one.charge("mem-heavy", "*", "full", bag(1, 300))
    one.add_agent("a", bag(1, 10), active=True)
    assert given(one.allocate(0.0)) == {"new": ["a"]}
    one.charge("new", "*", "full", bag(4, 690))
    one.add_agent("b", bag(1, 10), active=True)
    assert given(one.allocate(1.0)) == {"mem-heavy": ["b"]}


def test_equals_take_turns() -> None:
    one = allocator(minimums=())
    for name in ("f1", "f2"):
        one.add_framework(name, wants(), active=True)
    one.add_agent("a", bag(1), active=True)
    turns = []
    for second in range(6):
        (decision,) = one.allocate(float(second))
        turns.append(decision.framework_id)
        one.recover(*decision)
    assert turns == ["f1", "f2"] * 3


def test_a_role_that_its_frameworks_change_over_to_keeps_its_turns() -> None:
    one = allocator(minimums=())
    one.add_framework("first", wants("a"), active=True)
    one.add_framework("second", wants("a/b"), active=False)
    one.add_agent("agent", bag(1), active=True)
    (decision,) = one.allocate(0.0)
    one.remove_framework("first")
    one.recover(*decision)
    one.update_framework("second", wants("a"))
    one.activate_framework("second")
    one.add_framework("third", wants("b"), active=True)
    (decision,) = one.allocate(1.0)
    assert decision.framework_id == "third", "it is the turn of b: a had one"


def test_roles_share_by_weight_and_their_frameworks_inside() -> None:
    one = allocator(minimums=(), weights={"heavy": 3.0})
    one.add_framework("h", wants("heavy"), active=True)
    one.add_framework("l", wants("light"), active=True)
    for number in range(40):
        one.add_agent(f"a{number:02}", bag(1), active=True)
    shares = given(one.allocate(0.0))
    assert (len(shares["h"]), len(shares["l"])) == (30, 10)


def test_sibling_branches_share_before_their_leaves_do() -> None:
    one = allocator(minimums=())
    for framework_id, role in (("1", "a/x"), ("2", "a/y"), ("3", "a/z"), ("4", "b")):
        one.add_framework(framework_id, wants(role), active=True)
    for number in range(60):
        one.add_agent(f"a{number:02}", bag(1), active=True)
    shares = {framework_id: len(agents) for framework_id, agents in given(one.allocate(0.0)).items()}
    assert shares == {"1": 10, "2": 10, "3": 10, "4": 30}


def test_a_role_that_has_frameworks_of_its_own_and_children_shares_with_them() -> None:
    one = allocator(minimums=())
    one.add_framework("own", wants("a"), active=True)
    one.add_framework("child", wants("a/b"), active=True)
    for number in range(20):
        one.add_agent(f"a{number:02}", bag(1), active=True)
    assert {key: len(agents) for key, agents in given(one.allocate(0.0)).items()} == {"own": 10, "child": 10}


def test_reserved_resources_go_to_their_role_and_its_descendants_only() -> None:
    one = allocator(minimums=())
    one.add_framework("other", wants("other"), active=True)
    one.add_framework("web", wants("web/front"), active=True)
    one.add_agent("a", bag(1, cpus__web=2, cpus__db=4), active=True)
    parts = {decision.framework_id: decision.resources for decision in one.allocate(0.0)}
    assert parts["web"].scalars.get(plain("cpus", "web")) == 2000
    assert sum(part.scalars.get(plain("cpus"), 0) for part in parts.values()) == 1000
    assert one.available("a") == bag(cpus__db=4)


def test_a_filter_holds_for_as_much_or_less_of_its_agent_until_it_ends() -> None:
    one = allocator(minimums=(), interval=1.0)
    one.add_framework("f", wants(), active=True)
    one.add_agent("a", bag(4), active=True)
    one.add_agent("b", bag(4), active=True)
    for decision in one.allocate(0.0):
        one.recover(*decision)
        if decision.agent_id == "a":
            one.refuse(*decision, until=30.0)
    assert given(one.allocate(1.0)) == {"f": ["b"]}
    assert one.due() == 30.0
    assert given(one.allocate(30.0)) == {"f": ["a"]}


def test_more_than_was_refused_is_offered_in_spite_of_the_filter() -> None:
    one = allocator(minimums=(), interval=1.0)
    one.add_framework("f", wants(), active=True)
    one.add_agent("a", bag(4), active=True)
    one.charge("f", "*", "a", bag(2))
    (decision,) = one.allocate(0.0)
    one.recover(*decision)
    one.refuse(*decision, until=1000.0)
    assert one.allocate(1.0) == []
    one.recover("f", "*", "a", bag(2))
    assert one.allocate(2.0) == [Allocation("f", "*", "a", bag(4))]


def test_what_only_the_oldest_of_many_filters_kept_away_is_offered_again_when_that_gives_way() -> None:
    one = allocator(interval=1.0)
    one.add_framework("f", wants(), active=True)
    one.add_agent("a", bag(4), active=True)
    (decision,) = one.allocate(0.0)
    one.recover(*decision)
    one.refuse(*decision, until=1e9)
    assert one.allocate(1.0) == []
    for number in range(8):
        assert one.due() > 1e8
        one.refuse("f", "*", "a", bag(2 - number / 10), until=1e9)
    assert one.due() == 2.0
    assert one.allocate(2.0) == [decision]


def test_filters_that_ended_take_no_place_among_the_many() -> None:
    one = allocator(interval=1.0)
    one.add_framework("f", wants(), active=True)
    for name in "ba":
        one.add_agent(name, bag(4), active=True)
    for decision in one.allocate(0.0):
        one.recover(*decision)
        one.refuse(*decision, until=1e9 if decision.agent_id == "a" else 5.0)
    for number in range(7):
        one.refuse("f", "*", "a", bag(2 - number / 10), until=5.0)
    assert one.allocate(6.0, 1) == [], "it came to what ended on b, and not yet to a"
    one.refuse("f", "*", "a", bag(1), until=1e9)
    assert one.filters_of_roles()["*"] == 2
    found, now = [], 6.0
    while one.due() <= now < 60.0:
        found += one.allocate(now)
        now += 1.0
    assert given(found) == {"f": ["b"]}


def test_filters_that_are_renewed_for_ever_do_not_pile_up() -> None:
    one = allocator(minimums=())
    one.add_framework("f", wants(), active=True)
    one.add_agent("a", bag(4), active=True)
    one.allocate(0.0)
    for number in range(50_000):
        one.refuse("f", "*", "a", bag(4), until=1e6 + number)
        if number % 3 == 0:
            one.revive("f", ())
    assert one._columns.filters.sum() <= 8
    (agent,) = one._rows.agents.values()
    assert agent.refusals is not None
    assert len(agent.refusals.slots) <= 16
    assert len(agent.refusals.refused) <= 16


def test_suppressing_and_reviving_go_by_role() -> None:
    one = allocator(minimums=(), interval=1.0)
    one.add_framework("f", wants("a", "b", suppressed=frozenset({"a"})), active=True)
    one.add_agent("x", bag(1), active=True)
    (decision,) = one.allocate(0.0)
    assert decision.role == "b"
    one.suppress("f", ())
    one.recover(*decision)
    assert one.allocate(1.0) == []
    one.revive("f", ["a", "not mine"])
    assert [decision.role for decision in one.allocate(1.0)] == ["a"]
    assert one.suppressed("f") == {"b"}


def test_nobody_is_offered_crumbs_but_who_asks_for_them() -> None:
    one = allocator()
    one.add_framework("f", wants(), active=True)
    one.add_agent("a", bag(0.009, 31), active=True)
    assert one.allocate(0.0) == []
    one.add_framework("modest", wants("m", minimums={"m": [{"mem": 1000}]}), active=True)
    assert given(one.allocate(0.0)) == {"modest": ["a"]}
    one.add_agent("b", bag(0.01), active=True)
    assert given(one.allocate(0.0)) == {"f": ["b"]}


def test_agents_with_gpus_are_for_who_knows_gpus() -> None:
    one = allocator()
    one.add_framework("plain", wants(), active=True)
    one.add_agent("gpu", bag(4, gpus=1), active=True)
    assert one.allocate(0.0) == []
    one.add_framework("ml", wants(gpus=True), active=True)
    assert given(one.allocate(0.0)) == {"ml": ["gpu"]}


def test_the_inactive_get_nothing() -> None:
    one = allocator(minimums=())
    one.add_framework("f", wants(), active=False)
    one.add_agent("a", bag(4), active=True)
    assert one.allocate(0.0) == []
    one.deactivate_agent("a")
    one.activate_framework("f")
    assert one.allocate(0.0) == []
    one.activate_agent("a")
    assert given(one.allocate(0.0)) == {"f": ["a"]}


def test_roles_that_nobody_has_any_more_are_forgotten() -> None:
    one = allocator(minimums=())
    one.add_framework("f", wants("a/b/c"), active=True)
    for number in range(200):
        one.update_framework("f", wants(f"r{number}/x"))
    assert one.known_roles() == {"r199/x"}
    assert len(one._tree.nodes) <= 2
    one.remove_framework("f")
    assert not one._tree.nodes
    assert not one._clients


def test_an_agents_total_can_change() -> None:
    one = allocator(minimums=(), interval=1.0)
    one.add_framework("f", wants(), active=True)
    one.add_agent("a", bag(4), active=True)
    one.allocate(0.0)
    one.update_agent("a", bag(6))
    assert one.allocate(1.0) == [Allocation("f", "*", "a", bag(2))]
    one.update_agent("a", bag(3))
    assert one.available("a") == Resources()


@pytest.mark.parametrize("agents", [300])
def test_agents_that_nothing_happened_to_cost_nothing(agents: int) -> None:
    one = allocator(interval=1.0)
    one.add_framework("f", wants(), active=True)
    for number in range(agents):
        one.add_agent(f"a{number}", bag(4), active=True)
    decisions = one.allocate(0.0)
    assert len(decisions) == agents
    one.recover(*decisions[7])
    assert given(one.allocate(1.0, 1)) == {"f": [decisions[7].agent_id]}
    assert not one.slices_left, "there is nobody else to look at"
