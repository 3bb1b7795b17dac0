"""Agents that are unreachable are removed one after the other, if the master is told so; and forgotten in time."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from dcos_runtime.master.core.recorded import restored
from tests.support.cores.master_steps import launched, write_all
from tests.support.cores.master_world import COME_BACK, PING, PINGS, World, WorldAgent

APART = 100.0
"""Seconds between two removals."""


def world_with(agents: int, frameworks: int = 0, **settings: Any) -> World:
    world = World(agents, frameworks)
    changed(world, **settings)
    world.run_until_idle()
    return world


def changed(world: World, **settings: Any) -> None:
    world.core.state.settings = dataclasses.replace(world.core.state.settings, **settings)


def pass_time(world: World, seconds: float) -> None:
    """Those that are connected answer meanwhile."""
    until = world.time + seconds
    while world.time < until:
        world.pass_time(min(PING / 2, until - world.time))
        for agent in world.agents:
            while agent.stream is not None and agent.read():
                pass
        write_all(world)


def all_fall_silent(world: World, agents: list[WorldAgent]) -> None:
    """Their time to answer is just over."""
    for agent in agents:
        agent.break_off()
    pass_time(world, PING * (PINGS + 2))


def counted(world: World) -> tuple[int, ...]:
    names = ("scheduled", "completed", "canceled")
    return tuple(world.core.state.counters[f"master/slave_unreachable_{name}"] for name in names)


def test_agents_that_fall_silent_together_are_removed_one_after_the_other() -> None:
    world = world_with(4, frameworks=1, agent_removal_interval=APART)
    launched(world)
    first, second, third, fourth = world.agents
    ids = [agent.id for agent in world.agents]
    all_fall_silent(world, [second, third, fourth])
    assert list(world.core.state.unreachable) == [ids[1]] and counted(world) == (3, 1, 0)
    world.core = restored(world.core.source.seed, world.core.snapshot())
    pass_time(world, APART / 2)
    assert len(world.core.state.unreachable) == 1
    third.connect()
    write_all(world)
    assert counted(world) == (3, 1, 1) and third.id == ids[2], "it came back before its turn"
    pass_time(world, APART / 2)
    assert list(world.core.state.unreachable) == [ids[1], ids[3]] and counted(world) == (3, 2, 1)
    all_fall_silent(world, [first])
    assert len(world.core.state.unreachable) == 2, "its turn is not yet"
    pass_time(world, APART)
    assert list(world.core.state.unreachable) == [ids[1], ids[3], ids[0]] and counted(world) == (4, 3, 1)
    assert set(world.frameworks[0].told.values()) == {"TASK_UNREACHABLE"}
    world.run_until_idle()
    world.check()
    assert set(world.core.state.agents) == set(ids)


def test_those_that_wait_are_given_their_full_time_after_a_suspension() -> None:
    from dcos_runtime.master.core import events

    world = world_with(2, agent_removal_interval=APART)
    all_fall_silent(world, world.agents)
    world.feed(events.Resumed())
    assert counted(world) == (2, 1, 1)
    pass_time(world, PING * (PINGS - 1))
    assert len(world.core.state.unreachable) == 1


def test_one_that_leaves_or_is_gone_takes_no_turn() -> None:
    from dcos_runtime.master.core import events

    world = world_with(3, agent_removal_interval=APART)
    ids = [agent.id or "" for agent in world.agents]
    all_fall_silent(world, world.agents)
    world.feed(events.GoneAsked(1, ids[1]))
    write_all(world)
    pass_time(world, APART)
    assert list(world.core.state.unreachable) == [ids[0], ids[2]] and list(world.core.state.gone) == [ids[1]]


def test_those_that_do_not_come_back_to_another_master_are_removed_one_after_the_other() -> None:
    world = world_with(4)
    first, *others = world.agents
    ids = {agent.id for agent in world.agents}
    world.restart()
    changed(world, agent_removal_interval=APART)
    first.connect()
    pass_time(world, COME_BACK)
    assert len(world.core.state.unreachable) == 1
    assert set(world.core.state.agents) == {first.id}
    waiting = [agent for agent in others if agent.id in world.core.state.recovering]
    assert len(waiting) == 2, "still expected"
    waiting[0].connect()
    pass_time(world, 2 * APART)
    assert waiting[1].id in world.core.state.unreachable and not world.core.state.recovering
    assert counted(world) == (0, 0, 0) and world.core.state.counters["master/recovery_slave_removals"] == 2
    world.run_until_idle()
    world.check()
    assert set(world.core.state.agents) == ids


def test_agents_are_forgotten_at_the_first_look_after_their_time() -> None:
    world = world_with(2, registry_max_agent_age=1000.0, registry_gc_interval=300.0)
    first, second = world.agents
    gone = first.id
    all_fall_silent(world, [first])
    pass_time(world, 800.0)
    assert list(world.core.state.unreachable) == [gone]
    world.restart()
    changed(world, registry_max_agent_age=1000.0, registry_gc_interval=300.0)
    second.connect()
    write_all(world)
    pass_time(world, 100.0)
    assert list(world.core.state.unreachable) == [gone], "its time is over, and the next look is not yet"
    pass_time(world, world.core.state.settings.registry_gc_interval)
    pass_time(world, 900.0)
    assert not world.core.state.unreachable
    assert [json.loads(entry)["info"]["hostname"] for entry in world.registry.values()] == [second.name]
