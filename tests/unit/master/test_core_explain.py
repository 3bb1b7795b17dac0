"""What `explain` says of a cluster: each of its words, each refusal, and that it looks in short steps."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any, TypeVar

import pytest

from dcos_runtime.core.resources import Disk, Kind, Reservation, Resources, Thing, plain
from dcos_runtime.core.resources.kind import ReservationType
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core import events, explain
from dcos_runtime.master.core.allocator import Allocator, AllocatorSettings, Quota, Wants
from dcos_runtime.master.core.allocator.obstacles import Obstacle
from dcos_runtime.master.core.explain import Unexplained
from dcos_runtime.wire import codec
from dcos_runtime.wire.explain import (
    AgentGroup,
    FrameworkExplained,
    OfferState,
    RoleExplained,
    TaskAsked,
    TaskExplained,
    Verdict,
    Why,
)
from dcos_runtime.wire.operators import DrainConfig
from dcos_runtime.wire.scheduler import Call
from tests.support.cores.master_steps import write_all
from tests.support.cores.master_world import World

T = TypeVar("T")


def made(steps: Generator[None, None, T]) -> T:
    while True:
        try:
            next(steps)
        except StopIteration as done:
            answer: T = done.value
            return answer


class Explained:
    """Questions about the world as it is."""

    def __init__(self, world: World) -> None:
        self.world = world

    def framework(self, framework_id: str | None, role: str | None = None) -> FrameworkExplained:
        return made(explain.framework(self.world.core.state, framework_id or "", role, self.world.now()))

    def role(self, name: str) -> RoleExplained:
        return made(explain.role(self.world.core.state, name, self.world.now()))

    def task(self, **asked: Any) -> TaskExplained:
        task = codec.decode(json.dumps(asked).encode(), TaskAsked)
        return made(explain.task(self.world.core.state, task, self.world.now()))


def counts(groups: list[AgentGroup]) -> dict[Why, int]:
    return {group.why: group.agents for group in groups}


def group(groups: list[AgentGroup], why: Why) -> AgentGroup:
    (found,) = [one for one in groups if one.why is why]
    return found


# --- one agent -------------------------------------------------------------------------------------------------------

CPUS = Resources({plain("cpus"): 4000, plain("mem"): 1024_000})
WEB = Reservation(ReservationType.STATIC, "web")
TWICE = Resources({Kind("cpus", (WEB, Reservation(ReservationType.DYNAMIC, "web/a", "p"))): 4000})
SHARED = Resources(things={Thing(Kind("disk", (WEB,), Disk("v"), shared=True), 5000): 1})
ONE_CPU = ({"cpus": 1000},)


def look(total: Resources, wants: Wants, role: str = "web", used: Resources | None = None, **more: Any) -> Obstacle:
    allocator = Allocator(AllocatorSettings(minimums=more.get("minimums", ONE_CPU)), SeededSource(b"1"))
    allocator.add_agent("a", total, active=True)
    allocator.add_framework("f", wants, active=False)
    if used is not None:
        allocator.add_framework("other", Wants(frozenset({"*"})), active=False)
        allocator.charge("other", "*", "a", used)
    for quoted, quota in more.get("quotas", {}).items():
        allocator.set_quotas({quoted: quota})
    if "refused" in more:
        allocator.refuse("f", role, "a", more["refused"], 10.0)
    seeker = allocator.seeker("f", role)
    assert seeker is not None
    return allocator.look("a", seeker, more.get("offered", Resources()), more.get("now", 1.0))


def some(**kinds: int) -> Resources:
    return Resources({plain(name): amount for name, amount in kinds.items()})


def test_each_obstacle_has_its_word() -> None:
    plainly = Wants(frozenset({"web"}))
    assert look(CPUS, plainly) == Obstacle(Why.AVAILABLE, CPUS, CPUS, CPUS)
    with_gpus = CPUS + some(gpus=1000)
    assert look(with_gpus, plainly).why is Why.GPUS
    assert look(with_gpus, Wants(frozenset({"web"}), gpus=True)).why is Why.AVAILABLE
    assert look(CPUS, plainly, used=CPUS).why is Why.ALLOCATED
    assert look(CPUS, plainly, used=some(cpus=3500)).why is Why.TOO_LITTLE_FREE
    assert look(CPUS, plainly, used=some(cpus=3500), offered=some(cpus=3500)).why is Why.OFFERED
    assert look(CPUS, plainly, used=some(cpus=3500), offered=some(cpus=100)).why is Why.TOO_LITTLE_FREE
    assert look(some(cpus=500, mem=1000), plainly).why is Why.TOO_SMALL
    reserved = Resources({plain("cpus", "db"): 4000, plain("mem"): 1000})
    assert look(reserved, plainly)[:1] + look(reserved, plainly)[-1:] == (Why.RESERVED, ["db"])
    assert look(Resources({plain("cpus", "web"): 4000}), plainly).why is Why.AVAILABLE


def test_a_capability_that_is_lacking_is_named() -> None:
    plainly = Wants(frozenset({"web/a"}))
    revocable = Resources({Kind("cpus", revocable=True): 4000})
    for total, name in ((revocable, "REVOCABLE_RESOURCES"), (TWICE, "RESERVATION_REFINEMENT")):
        found = look(total, plainly, "web/a")
        assert (found.why, found.lacking) == (Why.CAPABILITY, [name])
    found = look(SHARED, plainly, "web/a", minimums=())
    assert (found.why, found.lacking) == (Why.CAPABILITY, ["SHARED_RESOURCES"])
    able = Wants(frozenset({"web/a"}), revocable=True, shared=True, refined=True)
    assert all(look(total, able, "web/a", minimums=()).why is Why.AVAILABLE for total in (revocable, TWICE, SHARED))


def test_a_filter_is_told_with_what_was_refused_and_until_it_ends() -> None:
    plainly = Wants(frozenset({"web"}))
    found = look(CPUS, plainly, refused=CPUS)
    assert (found.why, found.refused) == (Why.FILTERED, [(CPUS, 10.0)])
    assert look(CPUS, plainly, refused=CPUS, now=10.0).why is Why.AVAILABLE
    assert look(CPUS, plainly, refused=some(cpus=3000)).why is Why.AVAILABLE
    assert look(CPUS, plainly, refused=some(cpus=3000), used=some(cpus=2000, mem=1024_000)).why is Why.FILTERED


def test_a_quota_that_leaves_too_little() -> None:
    plainly = Wants(frozenset({"web"}))
    limited = look(CPUS, plainly, quotas={"web": Quota(limits={"cpus": 500})})
    assert limited.why is Why.QUOTA
    kept = look(CPUS, plainly, quotas={"db": Quota(guarantees={"cpus": 3500})})
    assert kept.why is Why.QUOTA
    part = look(CPUS, plainly, quotas={"web": Quota(limits={"cpus": 1500})})
    assert (part.why, part.part) == (Why.AVAILABLE, some(cpus=1500, mem=1024_000))
    cut_off = look(CPUS, plainly, quotas={"web": Quota(limits={"cpus": 1500})}, refused=some(cpus=2000, mem=1024_000))
    assert cut_off.why is Why.FILTERED


# --- a cluster -------------------------------------------------------------------------------------------------------


def test_frameworks_from_their_coming_to_their_end() -> None:
    world = World(agents=3, frameworks=2)
    ask = Explained(world)
    world.run_until_idle()
    first, second = world.frameworks
    (role,) = ask.framework(first.id).roles
    assert role.framework.state is OfferState.ACTIVE and role.framework.clients == 2 and role.framework.place in (0, 1)
    assert counts(role.agents) == {Why.OFFERED: 3}
    held = {one.framework_id: one.agents for one in group(role.agents, Why.OFFERED).offered_to}
    assert held == {one.id: len(one.offers) for one in world.frameworks if one.offers}
    for framework in world.frameworks:
        for offer_id in sorted(framework.offers):
            framework.decline(offer_id, 60.0)
        framework.call("SUPPRESS")
    (role,) = ask.framework(first.id).roles
    assert (role.framework.state, role.framework.place) == (OfferState.SUPPRESSED, None)
    assert ask.framework(first.id).state is OfferState.ACTIVE
    filtered = group(role.agents, Why.FILTERED)
    assert filtered.first_until == filtered.last_until == world.now().wall + 60.0
    assert filtered.examples[0].filters[0].refused == "cpus:4; mem:1024; ports:[1-20]"
    assert filtered.agents == role.framework.filters and counts(role.agents)[Why.AVAILABLE] == 3 - filtered.agents
    first.disconnect()
    assert ask.framework(first.id).state is OfferState.DISCONNECTED
    assert counts(ask.framework(first.id).roles[0].agents) == {Why.AVAILABLE: 3}
    first.subscribe()
    (role,) = ask.framework(first.id).roles
    assert role.framework.state is OfferState.RESTING
    assert role.framework.resting_until == world.now().wall + 1.0
    second.call("TEARDOWN")
    ended = ask.framework(second.id)
    assert (ended.state, ended.roles, ended.left_out) == (OfferState.COMPLETED, [], [])
    with pytest.raises(Unexplained, match="No framework found") as refused:
        ask.framework("nobody")
    assert refused.value.status == 404


def test_a_framework_is_recovered_until_it_subscribes() -> None:
    world = World(agents=1, frameworks=1)
    world.run_until_idle()
    (framework,) = world.frameworks
    framework.launch(sorted(framework.offers), [(1.0, 0)])
    world.run_until_idle()
    world.restart()
    ask = Explained(world)
    assert counts(ask.role("*").agents) == {Why.RECOVERING: 1}
    world.agents[0].connect()
    assert ask.framework(framework.id).state is OfferState.RECOVERED


def test_agents_that_are_away() -> None:
    world = World(agents=3, frameworks=1)
    ask = Explained(world)
    world.run_until_idle()
    world.agents[0].break_off()
    assert counts(ask.role("*").agents) == {Why.DISCONNECTED: 1, Why.OFFERED: 2}
    for _ in range(5):
        world.pass_time(10.0)
        for agent in world.agents[1:]:
            while agent.read():
                pass
    assert counts(ask.role("*").agents) == {Why.LEAVING: 1, Why.OFFERED: 2}
    while world.write():
        pass
    groups = ask.role("*").agents
    assert counts(groups) == {Why.UNREACHABLE: 1, Why.OFFERED: 2}
    assert [one.hostname for one in group(groups, Why.UNREACHABLE).examples] == ["host0"]


def test_agents_that_operators_took_out_of_offers() -> None:
    world = World(agents=3, frameworks=1)
    ask = Explained(world)
    world.run_until_idle()
    first, second, third = (agent.id or "" for agent in world.agents)
    world.feed(events.DeactivateAsked(1, first))
    world.feed(events.DrainAsked(2, third, DrainConfig()))
    assert counts(ask.role("*").agents) == {Why.DRAINING: 1, Why.DEACTIVATED: 1, Why.OFFERED: 1}
    world.feed(events.GoneAsked(3, second))
    assert counts(ask.role("*").agents) == {Why.LEAVING: 1, Why.DRAINING: 1, Why.DEACTIVATED: 1}
    write_all(world)
    task = ask.task(resources={"cpus": 5}, attributes={"hostname": "host0"}, closest=1)
    assert counts(task.agents) == {Why.GONE: 1, Why.DRAINING: 1, Why.DEACTIVATED: 1}
    assert (task.closest[0].hostname, task.closest[0].mismatches, task.closest[0].why) == ("host0", [], Why.DEACTIVATED)


def test_many_roles_and_frameworks_are_left_out_by_name_or_number(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(agents=1, frameworks=1)
    world.run_until_idle()
    names = [f"r{number:02}" for number in range(30)]
    info = {"user": "u", "name": "n", "roles": names, "capabilities": [{"type": "MULTI_ROLE"}]}
    call = codec.decode(json.dumps({"framework_info": info}).encode(), Call.Subscribe)
    world.subscribe(call, 10**6)
    ask = Explained(world)
    (stranger,) = [one.id for one in world.core.state.frameworks.values() if "r00" in one.roles]
    explained = ask.framework(stranger)
    assert [one.role.role for one in explained.roles] == names[: explain.MOST_ROLES]
    assert explained.left_out == names[explain.MOST_ROLES :]
    assert [one.role.role for one in ask.framework(stranger, "r29").roles] == ["r29"]
    with pytest.raises(Unexplained, match="is not in role 'other'"):
        ask.framework(stranger, "other")
    monkeypatch.setattr(explain, "MOST_FRAMEWORKS", 0)
    assert (ask.role("r29").frameworks, ask.role("r29").left_out) == ([], 1)
    with pytest.raises(Unexplained, match="cannot include"):
        ask.role("a/../b")


def test_a_role_with_its_quota_and_share() -> None:
    world = World(agents=2, frameworks=1)
    world.run_until_idle()
    allocator = world.core.state.allocator
    allocator.set_quotas({"web": Quota({"cpus": 2000}, {"cpus": 3000}), "web/a": Quota(limits={"cpus": 1000})})
    role = Explained(world).role("web/a").role
    assert [(one.role, one.guarantees, one.limits, one.used) for one in role.quotas] == [
        ("web/a", {}, {"cpus": 1.0}, {"cpus": 0.0}),
        ("web", {"cpus": 2.0}, {"cpus": 3.0}, {"cpus": 0.0}),
    ]
    assert role.room == {"cpus": 1.0}
    everything = Explained(world).role("*")
    assert everything.role.share == 1.0 and [one.share for one in everything.frameworks] == [1.0]


# --- tasks -----------------------------------------------------------------------------------------------------------


def cluster() -> World:
    """Three agents with 4 cpus, 1024 MB and 20 ports each; 3 cpus and 5 ports of the first are used, none offered."""
    world = World(agents=3, frameworks=1)
    for number, agent in enumerate(world.agents):
        agent.more = [{"name": "disk", "type": "SCALAR", "scalar": {"value": 100 * (number + 1)}}]
    world.run_until_idle()
    (framework,) = world.frameworks
    offers = sorted(framework.offers, key=lambda one: framework.offers[one]["hostname"])
    framework.launch(offers[:1], [(3.0, 5)])
    for offer_id in offers[1:]:
        framework.decline(offer_id, 0.0)
    framework.call("SUPPRESS")
    world.run_until_idle()
    return world


def test_a_task_that_fits_and_what_keeps_one_from_fitting() -> None:
    world = cluster()
    ask = Explained(world)
    fits = ask.task(resources={"cpus": 2, "mem": 512, "ports": 2})
    assert (fits.verdict, counts(fits.agents)) == (Verdict.FITS, {Why.TOO_LITTLE_FREE: 1, Why.AVAILABLE: 2})
    assert [one.hostname for one in fits.closest] == ["host0"]
    (lack,) = fits.closest[0].lacks
    assert (lack.resource, lack.wanted, lack.free, lack.total) == ("cpus", 2.0, 1.0, 4.0)
    assert fits.wanted == {"cpus": 2.0, "mem": 512.0, "ports": 2.0}
    never = ask.task(resources={"cpus": 5, "disk": 250}, closest=2)
    assert (never.verdict, counts(never.agents)) == (Verdict.NEVER, {Why.TOO_SMALL: 3})
    assert [one.hostname for one in never.closest] == ["host2", "host1"]  # host2 has the disk
    assert [lack.resource for lack in never.closest[1].lacks] == ["cpus", "disk"]
    (ports,) = ask.task(resources={"ports": 16}, attributes={"hostname": "host0"}).closest[0].lacks
    assert (ports.resource, ports.wanted, ports.free, ports.total) == ("ports", 16.0, 15.0, 20.0)


def test_a_task_waits_for_what_others_have_and_for_filters() -> None:
    world = cluster()
    ask = Explained(world)
    on_first = {"attributes": {"hostname": "host0"}}
    waits = ask.task(resources={"cpus": 2}, **on_first)
    assert (waits.verdict, counts(waits.agents)) == (Verdict.WAITS, {Why.ATTRIBUTES: 2, Why.TOO_LITTLE_FREE: 1})
    assert waits.closest[0].hostname == "host0"
    assert [(one.attribute, one.wanted, one.has) for one in waits.closest[1].mismatches] == [
        ("hostname", ["host0"], "host1")
    ]
    (framework,) = world.frameworks
    framework.call("REVIVE")
    world.pass_time(1.5)
    for offer_id in sorted(framework.offers):
        framework.decline(offer_id, 30.0)
    mine = ask.task(resources={"cpus": 1}, framework_id=framework.id)
    assert (mine.verdict, counts(mine.agents)) == (Verdict.WAITS, {Why.FILTERED: 3})
    assert mine.framework is not None and mine.framework.framework_id == framework.id
    assert all(one.filters and not one.lacks for one in mine.closest)
    assert ask.task(resources={"cpus": 1}).verdict is Verdict.FITS


def test_constraints_that_compare_values() -> None:
    ask = Explained(cluster())
    named = ask.task(resources={"cpus": 1}, constraints=[["hostname", "IS", "host1"]])
    assert counts(named.agents) == {Why.ATTRIBUTES: 2, Why.AVAILABLE: 1}
    both = {"attributes": {"hostname": ["host1", "host2"]}, "constraints": [["hostname", "CLUSTER", "host2"]]}
    assert group(ask.task(resources={"cpus": 1}, **both).agents, Why.AVAILABLE).examples[0].hostname == "host2"
    none = ask.task(resources={"cpus": 1}, constraints=[["rack", "IS", "r1"]])
    assert (none.verdict, none.closest[0].mismatches[0].has) == (Verdict.NEVER, None)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ({"resources": {}}, "has to name what the task wants"),
        ({"resources": {"cpus": 0}}, "has to name what the task wants"),
        ({"resources": {"cpus": -1}}, "may be 0 to"),
        ({"resources": {"cpus": 1e300}}, "may be 0 to"),
        ({"resources": {"cpus": "Infinity"}}, "may be 0 to"),
        ({"resources": {"ports": 1.5}}, "has to be whole"),
        ({"resources": {"cpus": 1}, "role": "a b"}, "whitespace"),
        ({"resources": {"cpus": 1}, "closest": 51}, "may be 0 to 50"),
        ({"resources": {"cpus": 1}, "framework_id": "x"}, "No framework found"),
        ({"resources": {"cpus": 1}, "constraints": [["rack", "UNIQUE"]]}, "depends on other instances"),
        ({"resources": {"cpus": 1}, "constraints": [["rack", "LIKE", "a.*"]]}, "is a pattern"),
        ({"resources": {"cpus": 1}, "constraints": [["rack", "CLUSTER"]]}, "is .attribute, .IS., value"),
        ({"resources": {"cpus": 1}, "constraints": [["rack"]]}, "is .attribute, operator, value"),
    ],
)
def test_a_task_that_cannot_be_explained(asked: dict[str, Any], text: str) -> None:
    with pytest.raises(Unexplained, match=text):
        Explained(World(agents=0, frameworks=0)).task(**asked)


def test_agents_and_frameworks_may_go_while_an_answer_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(agents=3, frameworks=1)
    world.run_until_idle()
    monkeypatch.setattr(explain, "_AT_ONCE", 1)
    state, now = world.core.state, world.now()
    (framework,) = world.frameworks
    whole = explain.framework(state, framework.id or "", None, now)
    role = explain.role(state, "*", now)
    task = explain.task(state, TaskAsked({"cpus": 1.0}, framework_id=framework.id), now)
    for _ in range(2):
        next(whole), next(role), next(task)
    framework.call("TEARDOWN")
    world.agents[-1].unregister()
    while world.write():
        pass
    for answered in (made(whole).roles[0].agents, made(role).agents, made(task).agents):
        assert counts(answered) == {Why.OFFERED: 1, Why.AVAILABLE: 1}
