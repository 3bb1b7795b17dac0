"""Agents that are drained, to the master: until nothing is left, through restarts, silence and another master."""

from __future__ import annotations

import json

from dcos_runtime.master.core import events, shown
from dcos_runtime.master.core.recorded import restored
from dcos_runtime.master.views import MasterViewer
from dcos_runtime.wire.common import DurationInfo
from dcos_runtime.wire.operators import DrainConfig
from tests.support.cores.master_steps import answers, changed, falls_silent, launched, write_all
from tests.support.cores.master_world import World

LONGEST = DurationInfo(nanoseconds=5 * 10**9)


def working() -> World:
    """A task of each of two frameworks on the first agent; the first framework is partition aware."""
    world = World(agents=2, frameworks=2)
    world.run_until_idle()
    launched(world)
    world.run_until_idle()
    return world


def drain(world: World, agent_id: str | None, gone: bool = False, number: int = 1) -> None:
    config = DrainConfig(max_grace_period=LONGEST, mark_gone=gone)
    world.feed(events.DrainAsked(number, agent_id or "", config, "p"))


def state(world: World, agent_id: str | None) -> str | None:
    draining = world.core.state.draining.get(agent_id or "")
    return draining.info.state.value if draining is not None else None


def stored(world: World, agent_id: str | None) -> str:
    found: str = json.loads(world.registry[f"agents/{agent_id}"])["draining"]["info"]["state"]
    return found


def test_an_agent_is_drained_when_its_last_task_is_acknowledged_and_offered_again_when_it_is_reactivated() -> None:
    world = working()
    agent = world.agents[0]
    found = answers(world)
    drain(world, agent.id)
    assert not found() and not agent.inbox, "not before it is written"
    world.core = restored(world.core.source.seed, world.core.snapshot())
    write_all(world)
    assert found() == [(1, 200, "")] and stored(world, agent.id) == "DRAINING"
    while agent.read():
        pass
    config = {"max_grace_period": {"nanoseconds": 5 * 10**9}, "mark_gone": False}
    assert [message["config"] for message in agent.told if message["type"] == "DRAIN"] == [config]
    assert state(world, agent.id) == "DRAINING", "no update is acknowledged yet"
    viewer = MasterViewer(world.core.state, 0.0, {}, None)
    (view,) = json.loads(b"".join(viewer.slaves(agent.id)))["slaves"]
    assert view["drain_info"] == {"state": "DRAINING", "config": config} and view["deactivated"]
    assert view["estimated_drain_start_time_seconds"] > 0 and "AGENT_DRAINING" in view["capabilities"]
    told = shown.agent(world.core.state, world.core.state.agents[agent.id or ""])
    assert told.drain_info is not None and told.drain_info.state.value == "DRAINING" and told.deactivated
    world.feed(events.ReactivateAsked(2, agent.id or ""))
    assert found()[1:] == [(2, 400, "Agent is still in the DRAINING state")]
    world.run_until_idle()
    assert state(world, agent.id) == "DRAINED" == stored(world, agent.id)
    assert all(set(framework.told.values()) == {"TASK_KILLED"} for framework in world.frameworks)
    world.live(5.0)
    assert not any(offer["hostname"] == agent.name for one in world.frameworks for offer in one.offers.values())
    world.feed(events.ReactivateAsked(3, agent.id or ""))
    world.run_until_idle()
    world.live(5.0)
    assert state(world, agent.id) is None and json.loads(world.registry[f"agents/{agent.id}"])["version"] == 2
    assert any(offer["hostname"] == agent.name for one in world.frameworks for offer in one.offers.values())
    world.check()


def test_one_on_which_nothing_runs_is_drained_at_once() -> None:
    world = World(agents=1, frameworks=0)
    world.run_until_idle()
    drain(world, world.agents[0].id)
    write_all(world)
    assert state(world, world.agents[0].id) == "DRAINED" == stored(world, world.agents[0].id)


def test_one_that_is_to_be_gone_is_gone_when_it_is_drained() -> None:
    world = working()
    agent_id = world.agents[0].id or ""
    drain(world, agent_id, gone=True)
    world.run_until_idle()
    assert list(world.core.state.gone) == [agent_id] and not world.core.state.draining
    assert agent_id not in world.core.state.deactivated and world.agents[0].id not in (None, agent_id)
    world.check()


def test_it_goes_on_after_silence_other_words_and_with_another_master() -> None:
    world = working()
    agent = world.agents[0]
    agent_id = agent.id
    falls_silent(world, agent)
    write_all(world)
    drain(world, agent_id)
    write_all(world)
    assert state(world, agent_id) == "DRAINING", "it runs something, wherever it is"
    world.restart()
    assert state(world, agent_id) == "DRAINING" and agent_id in world.core.state.deactivated
    changed(agent)
    world.run_until_idle()
    assert agent.id == agent_id and not agent.tasks and state(world, agent_id) == "DRAINED" == stored(world, agent_id)
    world.restart()
    world.run_until_idle()
    assert state(world, agent_id) == "DRAINED"
    world.check()


def test_asked_again_it_begins_anew() -> None:
    world = working()
    agent_id = world.agents[0].id or ""
    drain(world, agent_id)
    world.run_until_idle()
    drain(world, agent_id, gone=True)
    world.run_until_idle()
    assert agent_id in world.core.state.gone


def test_what_cannot_be_is_refused_in_mesos_words() -> None:
    world = World(agents=2, frameworks=0)
    world.run_until_idle()
    one, former = (agent.id or "" for agent in world.agents)
    found = answers(world)
    drain(world, "other")
    drain(world, former)
    world.feed(events.GoneAsked(3, one))
    drain(world, one)
    wanted = ["Unknown agent", f"Agent {former} is not capable of draining", "Agent is currently being marked gone"]
    assert [text for _, _, text in found()] == wanted
    assert [status for _, status, _ in found()] == [400, 400, 409]
    assert not world.core.state.draining and not world.core.state.deactivated
