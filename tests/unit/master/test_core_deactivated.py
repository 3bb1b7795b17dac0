"""Agents that are not offered, by an operator's word: through restarts of both sides, until they are reactivated."""

from __future__ import annotations

import json

import pytest

from dcos_runtime.core.frozen import Reply
from dcos_runtime.master.core import events, shown
from dcos_runtime.master.core.recorded import restored
from dcos_runtime.master.views import MasterViewer
from tests.support.cores.master_steps import answers, changed, falls_silent, write_all
from tests.support.cores.master_world import COME_BACK, World


def resting() -> World:
    """Two agents, and a framework that has offers of both."""
    world = World(agents=2, frameworks=1)
    world.run_until_idle()
    world.live(2.0)
    assert offered(world) == {agent.id for agent in world.agents}
    return world


def offered(world: World) -> set[str | None]:
    """The agents of which the framework has offers."""
    return {offer["agent_id"]["value"] for offer in world.frameworks[0].offers.values()}


def deactivate(world: World, agent_id: str | None, number: int = 1) -> None:
    world.feed(events.DeactivateAsked(number, agent_id or ""))


def reactivate(world: World, agent_id: str | None, number: int = 2) -> None:
    world.feed(events.ReactivateAsked(number, agent_id or ""))


def entry(world: World, agent_id: str | None) -> dict[str, object]:
    found: dict[str, object] = json.loads(world.registry[f"agents/{agent_id}"])
    return {name: value for name, value in found.items() if name != "info"}


def test_nothing_on_a_deactivated_agent_is_offered_until_it_is_reactivated() -> None:
    world = resting()
    one, other = (agent.id for agent in world.agents)
    found = answers(world)
    deactivate(world, one)
    assert offered(world) == {other}, "its offer is rescinded"
    assert not found()
    world.core = restored(world.core.source.seed, world.core.snapshot())
    write_all(world)
    assert found() == [(1, 200, "")]
    assert entry(world, one) == {"deactivated": True, "version": 3}
    world.live(10.0)
    assert offered(world) == {other}
    viewer = MasterViewer(world.core.state, 0.0, {}, None)
    (view,) = json.loads(b"".join(viewer.slaves(one)))["slaves"]
    assert (view["active"], view["deactivated"]) == (False, True)
    told = shown.agent(world.core.state, world.core.state.agents[one or ""])
    assert (told.active, told.deactivated) == (False, True)
    reactivate(world, one)
    assert len(found()) == 1 and offered(world) == {other}, "not before it is written"
    write_all(world)
    assert found()[1:] == [(2, 200, "")]
    assert entry(world, one) == {"version": 2}, "an older master may lead again"
    world.live(2.0)
    assert offered(world) == {one, other}
    world.check()


def test_it_stays_deactivated_through_restarts_changes_and_silence() -> None:
    world = resting()
    agent, other = world.agents
    agent_id = agent.id
    deactivate(world, agent_id)
    agent.break_off()
    agent.connect()  # while it is written
    write_all(world)
    world.run_until_idle()
    world.live(2.0)
    assert offered(world) == {other.id}
    changed(agent)
    agent.connect()
    world.run_until_idle()
    world.live(2.0)
    assert offered(world) == {other.id} and entry(world, agent_id) == {"deactivated": True, "version": 3}
    falls_silent(world, agent)
    write_all(world)
    assert entry(world, agent_id)["deactivated"] and "unreachable_since" in entry(world, agent_id)
    world.restart()
    world.run_until_idle()
    world.live(2.0)
    assert agent.id == agent_id and offered(world) == {other.id}
    world.restart()
    world.pass_time(COME_BACK + 1)  # nobody comes back
    write_all(world)
    assert entry(world, agent_id)["deactivated"]
    world.run_until_idle()
    world.live(2.0)
    assert offered(world) == {other.id}
    reactivate(world, agent_id)
    write_all(world)
    world.live(2.0)
    assert offered(world) == {agent_id, other.id}
    world.check()


def test_one_that_is_away_is_deactivated_and_reactivated_too() -> None:
    world = resting()
    agent, other = world.agents
    falls_silent(world, agent)
    found = answers(world)
    deactivate(world, agent.id)  # while it is being marked unreachable
    write_all(world)
    assert found() == [(1, 200, "")]
    assert set(entry(world, agent.id)) == {"deactivated", "unreachable_since", "version"}
    reactivate(world, agent.id)
    write_all(world)
    assert found()[1:] == [(2, 409, "Agent removed while processing the call")], "as Mesos says, and it is done"
    assert set(entry(world, agent.id)) == {"unreachable_since", "version"}
    deactivate(world, agent.id, 3)
    write_all(world)
    world.run_until_idle()
    world.live(2.0)
    assert offered(world) == {other.id}
    world.check()


def test_one_that_is_being_admitted_with_other_words_keeps_them() -> None:
    world = resting()
    agent = world.agents[0]
    changed(agent)
    agent.connect()  # its write is under way
    deactivate(world, agent.id)
    write_all(world)
    assert json.loads(world.registry[f"agents/{agent.id}"])["info"]["hostname"] == "host0x"
    assert world.core.state.agents[agent.id or ""].info.hostname == "host0x"
    world.run_until_idle()
    world.check()


def test_one_that_leaves_is_not_remembered() -> None:
    world = resting()
    agent_id = world.agents[0].id
    deactivate(world, agent_id)
    write_all(world)
    world.agents[0].unregister()
    write_all(world)
    assert not world.core.state.deactivated
    world.run_until_idle()
    world.live(2.0)
    assert offered(world) == {agent.id for agent in world.agents}, "the new agent there is offered"


@pytest.mark.parametrize("kind", [events.DeactivateAsked, events.ReactivateAsked])
def test_what_cannot_be_is_refused_in_mesos_words(
    kind: type[events.DeactivateAsked] | type[events.ReactivateAsked],
) -> None:
    world = resting()
    agent_id = world.agents[0].id or ""

    def refusal(asked: str) -> tuple[int, bytes]:
        (reply,) = [one for one in world.feed(kind(1, asked)) if isinstance(one, Reply)]
        return reply.status, reply.body

    reactivated = kind is events.ReactivateAsked
    assert refusal("other") == (400, b"Agent is not deactivated" if reactivated else b"Unknown agent")
    if reactivated:
        assert refusal(agent_id) == (400, b"Agent is not deactivated")
        deactivate(world, agent_id)
        write_all(world)
    world.feed(events.GoneAsked(5, agent_id))
    assert refusal(agent_id) == (409, b"Agent is currently being marked gone")
    write_all(world)
    assert refusal(agent_id) == (400, b"Agent is not deactivated" if reactivated else b"Unknown agent")
