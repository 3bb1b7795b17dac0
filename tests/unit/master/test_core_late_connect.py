"""A connect request of an agent that was delayed, and arrives after the next one, does not replace the newer."""

from __future__ import annotations

import msgspec
import pytest

from dcos_runtime.master.core import events
from dcos_runtime.wire import codec, internal
from tests.support.cores.master_world import World


def say(world: World, life: str, number: int) -> int:
    """An agent of the world connects, with what it says of its life; the status that it is answered with."""
    agent = world.agents[0]
    stream = next(world.numbers)
    call = internal.Connect(internal.SPOKEN[0], agent.info(), "test", "boot", versions=list(internal.SPOKEN))
    data = codec.encode(msgspec.structs.replace(call, life=life, number=number))
    return world.ask(lambda request: events.AgentConnect(request, stream, data, "198.18.0.1"))[0].status


@pytest.fixture
def world() -> World:
    made = World(agents=1, frameworks=0)
    made.run_until_idle()
    return made


def test_an_older_connection_of_the_same_life_is_refused(world: World) -> None:
    assert say(world, "a", 2) == 200
    epoch = world.core.state.agents[world.agents[0].id or ""].epoch
    assert [say(world, "a", number) for number in (1, 2)] == [409, 409]
    assert world.core.state.agents[world.agents[0].id or ""].epoch == epoch
    assert say(world, "a", 3) == 200


def test_another_life_begins_anew(world: World) -> None:
    assert say(world, "a", 7) == 200
    assert say(world, "b", 1) == 200


def test_what_a_process_said_that_another_has_followed_is_refused(world: World) -> None:
    """It was on its way when it died: of what the next one runs it knows nothing."""
    assert [say(world, life, 1) for life in "abcdefghi"] == [200] * 9
    epoch = world.core.state.agents[world.agents[0].id or ""].epoch
    assert [say(world, life, number) for life in "abh" for number in (1, 9)] == [409] * 6
    assert world.core.state.agents[world.agents[0].id or ""].epoch == epoch
    assert say(world, "i", 2) == 200


def test_an_agent_that_tells_of_no_life_is_taken_at_its_word(world: World) -> None:
    assert [say(world, "", 0) for _ in range(2)] == [200, 200]
