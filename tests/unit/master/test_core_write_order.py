"""What is under way in the registry meets what happens meanwhile: the books and the registry say the same after."""

from __future__ import annotations

import dataclasses
import json

from tests.support.cores.master_steps import changed, falls_silent, write_all
from tests.support.cores.master_world import COME_BACK, World


def registered(world: World) -> dict[str, bool]:
    """The agents in the registry, and whether it says that they are here."""
    entries = {key.removeprefix("agents/"): json.loads(value) for key, value in world.registry.items()}
    return {agent_id: "unreachable_since" not in entry for agent_id, entry in entries.items()}


def test_an_agent_that_is_admitted_and_gone_while_it_is_given_up_is_unreachable() -> None:
    world = World(agents=2, frameworks=1)
    world.run_until_idle()
    first, second = world.agents
    world.restart()
    changed(first)
    first.connect()  # its write is under way
    first.break_off()
    world.pass_time(COME_BACK + 1)  # and behind it that of those who never came back
    write_all(world)
    assert set(world.core.state.unreachable) == {first.id, second.id}
    assert not world.core.state.agents and not world.core.state.recovering and not world.core.state.leaving
    assert registered(world) == {first.id: False, second.id: False}
    world.run_until_idle()
    assert registered(world) == {first.id: True, second.id: True}
    world.check()


def test_an_agent_that_comes_back_is_not_forgotten_meanwhile() -> None:
    world = World(agents=3, frameworks=0)
    world.run_until_idle()
    one, other, _ = world.agents
    settings = dataclasses.replace(world.core.state.settings, registry_max_agent_count=1, registry_gc_interval=1.0)
    world.core.state.settings = settings
    falls_silent(world, one)
    write_all(world)
    falls_silent(world, other)
    one.connect()  # it is written behind the removal of the other, which makes one unreachable agent too many
    assert world.write(), "that removal"
    world.pass_time(1.0)
    write_all(world)
    assert set(world.core.state.agents) == {one.id, world.agents[2].id}
    assert registered(world)[one.id or ""], "it is here, and the next master has to know it"
