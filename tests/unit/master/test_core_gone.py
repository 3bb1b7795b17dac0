"""An agent that an operator marks as gone: never admitted again, and nothing of it comes back. As in Mesos 1.11."""

from __future__ import annotations

import dataclasses
import json

import pytest

from dcos_runtime.master.core import events
from dcos_runtime.master.core.effects import Effect, SendToAgent
from dcos_runtime.master.core.recorded import restored
from tests.support.cores.master_steps import answers, changed, falls_silent, launched, write_all
from tests.support.cores.master_world import COME_BACK, World


def working() -> World:
    """Two agents, two frameworks of which the first is partition aware, and a task of each on the first agent."""
    world = World(agents=2, frameworks=2)
    world.run_until_idle()
    launched(world)
    world.run_until_idle()
    return world


def told(world: World) -> dict[bool, set[str]]:
    """By whether the framework is partition aware."""
    return {framework.aware: set(framework.told.values()) for framework in world.frameworks}


def reconciled(world: World) -> dict[bool, set[str]]:
    for framework in world.frameworks:
        framework.told.clear()
        asked = [{"task_id": {"value": one}, "agent_id": {"value": on}} for one, on in framework.launched.items()]
        framework.call("RECONCILE", tasks=asked)
    return told(world)


GONE = {True: {"TASK_GONE_BY_OPERATOR"}, False: {"TASK_LOST"}}


def test_a_connected_agent_is_gone_once_the_registry_says_so_and_its_next_process_is_a_new_agent() -> None:
    effects: list[Effect] = []
    world = working()
    found = answers(world, effects)
    agent, state = world.agents[0], world.core.state
    agent_id = agent.id or ""
    world.feed(events.GoneAsked(77, agent_id))
    assert not found() and agent_id in state.agents and not state.agents[agent_id].offers, "not before it is written"
    world.feed(events.GoneAsked(78, agent_id))
    assert found() == [(78, 503, f"Agent '{agent_id}' is already being transitioned to gone")]
    world.core = restored(world.core.source.seed, world.core.snapshot())
    write_all(world)
    assert (77, 200, "") in found()
    state = world.core.state
    assert agent_id not in state.agents and list(state.gone) == [agent_id] and not state.leaving
    sent = [json.loads(effect.data) for effect in effects if isinstance(effect, SendToAgent)]
    assert [message["message"] for message in sent if message["type"] == "SHUTDOWN"] == ["Agent has been marked gone"]
    assert told(world) == GONE == reconciled(world)
    world.feed(events.GoneAsked(79, agent_id))
    assert (79, 200, "") in found(), "it is gone already"
    world.run_until_idle()
    world.check()
    assert agent.id not in (None, agent_id)
    aware = next(framework for framework in world.frameworks if framework.aware)
    assert [task.state.value for task in state.frameworks[aware.id or ""].completed] == ["TASK_GONE_BY_OPERATOR"]


def test_an_agent_that_was_away_is_refused_for_good_when_it_comes_back_also_by_the_next_master() -> None:
    world = working()
    agent = world.agents[0]
    agent_id = agent.id or ""
    agent.break_off()
    world.feed(events.GoneAsked(1, agent_id))
    write_all(world)
    world.restart()
    for framework in world.frameworks:
        framework.subscribe()
    assert list(world.core.state.gone) == [agent_id] and agent_id not in world.core.state.recovering
    assert reconciled(world) == GONE
    agent.connect()
    assert agent.id is None and not agent.tasks, "410: it ends all, and forgets its id"
    world.run_until_idle()
    world.check()


def test_an_unreachable_agent_is_gone_and_its_tasks_are_over() -> None:
    world = working()
    agent = world.agents[0]
    agent_id = agent.id or ""
    falls_silent(world, agent)
    found = answers(world)
    world.feed(events.GoneAsked(1, agent_id))
    assert found()[-1] == (1, 503, f"Agent '{agent_id}' is being transitioned to unreachable")
    write_all(world)
    assert told(world) == {True: {"TASK_UNREACHABLE"}, False: {"TASK_LOST"}}
    world.feed(events.GoneAsked(2, agent_id))
    write_all(world)
    assert (2, 200, "") in found() and not world.core.state.unreachable
    assert told(world) == GONE == reconciled(world)
    assert world.core.state.counters["master/tasks_gone_by_operator"] == 1
    for known in world.core.state.frameworks.values():
        assert not known.unreachable and len(known.completed) == 1
    world.check()


def test_an_agent_that_has_not_come_back_to_this_master_is_gone() -> None:
    world = working()
    agent_id = world.agents[0].id or ""
    world.restart()
    world.feed(events.GoneAsked(1, agent_id))
    world.pass_time(COME_BACK + 1)  # it is not given up meanwhile
    write_all(world)
    assert agent_id in world.core.state.gone and agent_id not in world.core.state.unreachable
    assert json.loads(world.registry[f"agents/{agent_id}"])["version"] == 3
    world.run_until_idle()
    world.check()


def test_an_agent_that_is_being_admitted_is_gone_all_the_same() -> None:
    world = World(agents=2, frameworks=1)
    world.run_until_idle()
    first = world.agents[0]
    first_id = first.id or ""
    world.restart()
    changed(first)
    first.connect()  # its write is under way
    world.feed(events.GoneAsked(1, first_id))
    write_all(world)
    assert first_id in world.core.state.gone and first_id not in world.core.state.agents
    world.run_until_idle()
    world.check()
    assert first_id not in world.core.state.agents and not world.core.state.leaving


@pytest.mark.parametrize("leaves", [True, False])
def test_an_agent_that_is_not_known_or_leaves_is_not_marked(leaves: bool) -> None:
    world = World(agents=1, frameworks=0)
    world.run_until_idle()
    agent_id = world.agents[0].id or ""
    found = answers(world)
    if leaves:
        world.agents[0].unregister()
    world.feed(events.GoneAsked(1, agent_id if leaves else "other"))
    wanted = (
        (1, 503, f"Agent '{agent_id}' is being transitioned to removed")
        if leaves
        else (1, 404, "Agent 'other' not found")
    )
    assert found()[-1] == wanted
    write_all(world)
    assert not world.core.state.gone


def test_agents_that_are_gone_are_forgotten_as_unreachable_ones_are() -> None:
    world = World(agents=3, frameworks=0)
    world.run_until_idle()
    world.core.state.settings = dataclasses.replace(world.core.state.settings, registry_max_agent_count=1)
    ids = [agent.id or "" for agent in world.agents]
    for agent_id in ids[:2]:
        world.feed(events.GoneAsked(1, agent_id))
        write_all(world)
    assert list(world.core.state.gone) == ids[:2]
    world.pass_time(world.core.state.settings.registry_gc_interval)
    write_all(world)
    assert list(world.core.state.gone) == [ids[1]]
    assert {f"agents/{agent_id}" in world.registry for agent_id in ids[1:]} == {True}
    assert f"agents/{ids[0]}" not in world.registry
