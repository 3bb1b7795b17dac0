"""An agent with a master of the former version of their protocol, and with one of an unknown version."""

from __future__ import annotations

from typing import Any

import pytest

from dcos_runtime.agent.core import events
from dcos_runtime.agent.core.effects import CloseConnection, Register
from dcos_runtime.core.frozen import Log
from dcos_runtime.wire import codec, internal
from tests.support.cores.agent_world import MASTER, World
from tests.support.mesos.former_agent import FormerConnect

FORMER = b'{"type":"CONNECTED","agent_id":"agent-1","epoch":%d,"seq":1,"master_id":"former","ping_seconds":15.0}'
"""How a master of version 1 admitted an agent."""


def connecting(world: World) -> int:
    world.disconnect()
    while world.connection is None:
        deadline = world.core.membership.deadline
        assert deadline is not None
        world.advance(max(0.0, deadline - world.mono))
    return world.connection


def last(world: World, kind: type[Any]) -> Any:
    return next(effect for _, _, effects in reversed(world.history) for effect in effects if isinstance(effect, kind))


def test_tasks_go_on_while_the_master_becomes_a_former_one_and_a_new_one_again() -> None:
    world = World()
    world.connect()
    container = world.launch("t")
    connection = connecting(world)
    world.feed(events.EndpointFound(connection, *MASTER, (1,)))
    found = codec.decode(last(world, Register).body, FormerConnect)
    assert found.version == 1 and [task.state for task in found.tasks] == ["TASK_RUNNING"]
    world.epoch += 1
    world.feed(events.Received(connection, FORMER % world.epoch))
    assert world.core.membership.member and world.core.membership.at.version == 1
    assert "in version 1 of the agent protocol" in last(world, Log).text
    world.connected, world.down_seq, world.sent, world.in_flight = True, 1, [], {}
    world.launch("u")
    world.kill("t", 0)
    world.run_until_idle()
    world.advance(0.1)
    world.run_until_idle()
    assert 9 in world.containers[container].signals
    world.disconnect()
    world.connect()
    call = codec.decode(last(world, Register).body, internal.Connect)
    assert (call.version, call.versions) == (1, [1, 2, 3, 4]) and "u" in [task.task_id for task in call.tasks]
    assert world.core.membership.at.version == 4


@pytest.mark.parametrize("spoken", [(5, 6), (0,), ()])
def test_a_master_that_speaks_no_version_of_ours_is_not_registered_with(spoken: tuple[int, ...]) -> None:
    world = World()
    world.connect()
    connection = connecting(world)
    count, disk = len(world.connects), dict(world.disk)
    world.feed(events.EndpointFound(connection, *MASTER, spoken))
    assert world.connection is None and len(world.connects) == count and world.disk == disk
    assert "this agent versions 1, 2, 3 and 4; upgrade" in last(world, Log).text


def test_a_master_that_goes_on_in_a_version_that_was_not_offered_is_left() -> None:
    world = World()
    world.connect()
    connection = connecting(world)
    world.feed(events.EndpointFound(connection, *MASTER, (4, 5)))
    world.feed(events.Received(connection, FORMER.replace(b'"seq"', b'"version":5,"seq"') % (world.epoch + 1)))
    assert not world.core.membership.member and last(world, CloseConnection).connection == connection
    assert "goes on in version 5" in last(world, Log).text
