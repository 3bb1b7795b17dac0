"""Quotas in the allocator: limits block, guarantees hold room, parents and children go together."""

from __future__ import annotations

from typing import Any

import pytest

from dcos_runtime.core import seeds
from dcos_runtime.core.resources import Disk, DiskSource, Kind, Reservation, Resources, Thing, plain
from dcos_runtime.core.resources.kind import ReservationType, SourceType
from dcos_runtime.master.core.allocator import Allocation, Allocator, AllocatorSettings, Quota, Wants


def cpus(amount: int, **more: int) -> Resources:
    """Thousandths. ``cpus__web``: reserved to web."""
    scalars = {plain("cpus"): amount, **{plain(*name.split("__")): value for name, value in more.items()}}
    return Resources({kind: value for kind, value in scalars.items() if value})


def allocator(**quotas: Quota) -> Allocator:
    one = Allocator(AllocatorSettings(minimums=()), seeds.SeededSource(b"1"))
    for role, quota in quotas.items():
        one.set_quotas({role: quota})
    return one


def join(one: Allocator, *roles: str, **more: Any) -> None:
    for role in roles:
        one.add_framework(f"of-{role}", Wants(frozenset([role]), **more), active=True)


def given(decisions: list[Allocation], name: str = "cpus") -> dict[str, int]:
    sums: dict[str, int] = {}
    for decision in decisions:
        sums[decision.role] = sums.get(decision.role, 0) + decision.resources.scalar(name)
    return sums


def test_a_limit_cuts_an_offer_and_then_ends_them() -> None:
    one = allocator(web=Quota(limits={"cpus": 6000}))
    join(one, "web")
    for name in "abc":
        one.add_agent(name, cpus(4000, mem=1000), active=True)
    decisions = one.allocate(0.0)
    assert given(decisions) == {"web": 6000}
    assert given(decisions, "mem") == {"web": 3000}, "nothing limits mem"
    assert one.due() == float("inf")


def test_what_is_held_back_is_offered_when_there_is_room_again() -> None:
    one = allocator(web=Quota(limits={"cpus": 4000}))
    join(one, "web")
    one.add_agent("a", cpus(4000), active=True)
    (first,) = one.allocate(0.0)
    one.add_agent("b", cpus(4000), active=True)
    assert one.allocate(1.0) == []
    one.deactivate_agent("a")
    one.recover(*first)
    assert one.due() == 2.0, "there may be more room for what is free on b"
    assert [decision.agent_id for decision in one.allocate(2.0)] == ["b"]


def test_a_quota_that_goes_leaves_room() -> None:
    one = allocator(web=Quota(limits={"cpus": 0}))
    join(one, "web")
    one.add_agent("a", cpus(4000), active=True)
    assert one.allocate(0.0) == []
    one.set_quotas({"web": Quota()})
    assert given(one.allocate(1.0)) == {"web": 4000}


def test_a_guarantee_keeps_room_for_who_is_not_there_yet() -> None:
    one = allocator(web=Quota(guarantees={"cpus": 6000}))
    join(one, "other")
    for name in "abc":
        one.add_agent(name, cpus(4000, mem=1000), active=True)
    decisions = one.allocate(0.0)
    assert given(decisions) == {"other": 6000}
    assert given(decisions, "mem") == {"other": 3000}
    join(one, "web")
    assert given(one.allocate(0.0)) == {"web": 6000}


def test_who_has_a_guarantee_comes_first_until_it_has_it() -> None:
    one = allocator(web=Quota(guarantees={"cpus": 4000}))
    join(one, "web", "other")
    one.add_agent("full", cpus(8000), active=False)
    one.charge("of-web", "web", "full", Resources({plain("mem"): 1}))
    one.charge("of-web", "web", "full", cpus(1000))
    one.add_agent("a", cpus(2000), active=True)
    assert given(one.allocate(0.0)) == {"web": 2000}, "though it has more than the other"
    one.add_agent("b", cpus(2000), active=True)
    assert given(one.allocate(1.0)) == {"web": 2000}
    one.add_agent("c", cpus(2000), active=True)
    assert given(one.allocate(2.0)) == {"other": 2000}


def test_what_was_kept_for_a_guarantee_is_for_anybody_once_that_has_it_also_where_agents_became_smaller() -> None:
    """Then more is free on some agents than in the whole cluster, and nothing comes back that tells of room."""
    one = allocator(web=Quota(guarantees={"cpus": 6000}))
    join(one, "other")
    one.add_agent("smaller", cpus(20_000), active=False)
    one.charge("of-other", "other", "smaller", cpus(20_000))
    one.update_agent("smaller", cpus(1000))
    for name in "abcdef":
        one.add_agent(name, cpus(4000), active=True)
    assert one.allocate(0.0) == [], "less is free than the guarantee wants"
    join(one, "web")
    for name in "abcd":
        one.refuse("of-web", "web", name, cpus(4000), until=1e9)
    decisions, now = [], 1.0
    while one.due() <= now:
        decisions += one.allocate(now)
        now += 1.0
    assert given(decisions) == {"web": 8000, "other": 16_000}


def test_guarantees_beyond_what_there_is_are_still_given() -> None:
    one = allocator(a=Quota(guarantees={"cpus": 9000}), b=Quota(guarantees={"cpus": 9000}))
    join(one, "a", "b", "c")
    one.add_agent("x", cpus(4000), active=True)
    one.add_agent("y", cpus(4000), active=True)
    assert given(one.allocate(0.0)) == {"a": 4000, "b": 4000}


def test_reservations_count_as_used_whether_they_are_or_not() -> None:
    one = allocator(web=Quota(guarantees={"cpus": 3000}, limits={"cpus": 4000}))
    join(one, "web")
    one.add_agent("a", cpus(8000, cpus__web=3000), active=True)
    assert one.quota_used("web", "cpus") == 3000
    decisions = one.allocate(0.0)
    reserved = sum(decision.resources.scalars.get(plain("cpus", "web"), 0) for decision in decisions)
    unreserved = sum(d.resources.scalars.get(plain("cpus"), 0) for d in decisions if d.role == "web")
    assert (reserved, unreserved) == (3000, 1000)
    assert one.quota_used("web", "cpus") == 4000


def test_revocable_resources_count_towards_no_quota_and_are_no_headroom() -> None:
    one = allocator(web=Quota(limits={"cpus": 1000}), db=Quota(guarantees={"cpus": 2000}))
    revocable = Kind("cpus", revocable=True)
    join(one, "web", revocable=True)
    one.add_agent("a", Resources({plain("cpus"): 2500, revocable: 7000}), active=True)
    (decision,) = one.allocate(0.0)
    assert decision.resources.scalars == {revocable: 7000, plain("cpus"): 500}
    assert one.quota_used("web", "cpus") == 500
    one.recover(*decision)
    assert one.quota_used("web", "cpus") == 0
    (again,) = one.allocate(1.0)
    assert again.resources == decision.resources


def test_a_disk_that_is_whole_is_given_whole_or_not_at_all() -> None:
    mounted = Kind("disk", (), Disk(source=DiskSource(SourceType.MOUNT, "/d")))
    one = allocator(web=Quota(limits={"disk": 500}))
    join(one, "web")
    one.add_agent("a", Resources({plain("cpus"): 1000}, things={Thing(mounted, 800): 1}), active=True)
    (decision,) = one.allocate(0.0)
    assert decision.resources == cpus(1000)
    one.set_quotas({"web": Quota(limits={"disk": 800})})
    (decision,) = one.allocate(1.0)
    assert decision.resources.things == {Thing(mounted, 800): 1}


def test_a_limit_is_of_a_role_with_all_below_it() -> None:
    one = allocator(a=Quota(limits={"cpus": 3000}))
    one.set_quotas({"a/b": Quota(limits={"cpus": 2000})})
    join(one, "a/b", "a/c")
    for name in "xyz":
        one.add_agent(name, cpus(1900), active=True)
    shares = given(one.allocate(0.0))
    assert sum(shares.values()) == 3000
    assert shares["a/b"] <= 2000
    assert one.quota_used("a", "cpus") == 3000


def test_what_a_parent_is_guaranteed_is_first_for_the_child_it_was_promised_to() -> None:
    one = allocator(a=Quota(guarantees={"cpus": 5000}))
    one.set_quotas({"a/b": Quota(guarantees={"cpus": 3000})})
    join(one, "a/c", "other")
    for name in "vwxyz":
        one.add_agent(name, cpus(1000), active=True)
    assert given(one.allocate(0.0)) == {"a/c": 2000}, "3000 are for a/b, who is not there; nothing is beyond that"
    join(one, "a/b")
    assert given(one.allocate(0.0)) == {"a/b": 3000}


def test_a_cut_offer_that_was_refused_is_not_made_again() -> None:
    one = allocator(web=Quota(limits={"cpus": 1000}))
    join(one, "web")
    one.add_agent("a", cpus(4000), active=True)
    (decision,) = one.allocate(0.0)
    assert decision.resources == cpus(1000)
    one.recover(*decision)
    one.refuse(*decision, until=50.0)
    assert one.allocate(1.0) == []
    assert given(one.allocate(50.0)) == {"web": 1000}


def test_nobody_is_offered_the_crumbs_that_a_limit_leaves() -> None:
    one = Allocator(AllocatorSettings(minimums=({"cpus": 500},)), seeds.SeededSource(b"1"))
    one.set_quotas({"web": Quota(limits={"cpus": 4400})})
    join(one, "web")
    one.add_agent("a", cpus(4000), active=True)
    one.add_agent("b", cpus(4000), active=True)
    assert given(one.allocate(0.0)) == {"web": 4000}


@pytest.mark.parametrize(
    ("quotas", "error"),
    [
        ({"a": Quota({"cpus": 2}, {"cpus": 1})}, "role 'a' is guaranteed more cpus than its limit is"),
        (
            {"a": Quota({"cpus": 3}), "a/b": Quota({"cpus": 2}), "a/c/d": Quota({"cpus": 2})},
            "the roles below 'a' are guaranteed more cpus together than it is",
        ),
        (
            {"a": Quota({}, {"mem": 5}), "a/b/c": Quota({}, {"mem": 6})},
            "the limit of role 'a/b/c' for mem is above that of 'a'",
        ),
    ],
)
def test_quotas_that_do_not_go_together_are_refused_and_change_nothing(quotas: dict[str, Quota], error: str) -> None:
    one = allocator()
    *before, last = quotas
    for role in before:
        one.set_quotas({role: quotas[role]})
    with pytest.raises(ValueError, match=error):
        one.set_quotas({last: quotas[last]})
    assert set(one.quotas()) == set(before)


def test_a_parent_without_a_quota_says_nothing_of_its_children() -> None:
    one = allocator()
    one.set_quotas({"a/b": Quota({"cpus": 2000})})
    join(one, "a/c")
    one.add_agent("x", cpus(3000), active=True)
    assert given(one.allocate(0.0)) == {"a/c": 1000}


def test_a_shared_volume_and_dynamic_reservations_are_seen_by_their_roles_only() -> None:
    reserved = (Reservation(ReservationType.DYNAMIC, "a", "p"),)
    volume = Thing(Kind("disk", reserved, Disk("v"), shared=True), 5000)
    one = allocator()
    join(one, "b")
    join(one, "a/x", shared=True)
    one.add_agent("x", Resources({Kind("cpus", reserved): 1000}, things={volume: 1}), active=True)
    (decision,) = one.allocate(0.0)
    assert decision.role == "a/x"
    assert decision.resources == Resources({Kind("cpus", reserved): 1000}, things={volume: 1})


@pytest.mark.parametrize(
    ("quotas", "role", "offers"),
    [
        ({"web": Quota(limits={"cpus": 2500})}, "web", [0, 2500]),
        ({"db": Quota(guarantees={"cpus": 5000})}, "web", [0, 3000]),
        ({"db": Quota(guarantees={"cpus": 5000})}, "db", [4000, 4000]),
        ({"db": Quota(guarantees={"cpus": 50_000})}, "web", [0, 0]),
        ({"db": Quota(guarantees={"cpus": 50_000})}, "db", [4000, 4000]),
    ],
)
def test_a_real_mesos_made_these_offers_of_two_agents(quotas: dict[str, Quota], role: str, offers: list[int]) -> None:
    """Mesos 1.11 with agents of cpus:4;mem:1024;disk:1000;ports:[31000-31009], one framework, UPDATE_QUOTA before."""
    one = Allocator(AllocatorSettings(), seeds.SeededSource(b"1"))
    for name, quota in quotas.items():
        one.set_quotas({name: quota})
    ports = {plain("ports"): ((31000, 31009),)}
    for name in "ab":
        one.add_agent(name, Resources(cpus(4000, mem=1024_000, disk=1000_000).scalars, ports), active=True)
    join(one, role)
    decisions = one.allocate(0.0)
    assert sorted(decision.resources.scalar("cpus") for decision in decisions) == offers
    for decision in decisions:
        assert (decision.resources.scalar("mem"), decision.resources.scalar("disk")) == (1024_000, 1000_000)
        assert decision.resources.ranges == ports
