"""The agent's decisions on its master: silence, gaps, waits, and streams that do not begin well."""

from __future__ import annotations

import signal

import pytest

from dcos_runtime.agent.core import events, stored
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.wire import codec, internal
from tests.support.cores.agent_world import World

DONE = Exit(code=0)
KILLED = Exit(signal=signal.SIGKILL)
ENDED_BY_TERM = Exit(signal=signal.SIGTERM)


# --- membership -------------------------------------------------------------------------------------------------------


def test_silence_of_five_pings_makes_the_agent_connect_again(world: World) -> None:
    first = world.connection
    world.advance(74)
    assert world.connection == first
    world.advance(2)
    world.advance(2)
    assert world.connection is not None and world.connection != first


def test_pings_are_answered_and_keep_the_connection(world: World) -> None:
    first = world.connection
    for _ in range(20):
        world.advance(15)
        world.down(internal.Ping)
    assert world.connection == first
    assert sum(isinstance(message, internal.Pong) for message in world.sent) == 20


def test_a_gap_in_the_masters_messages_ends_the_connection(world: World) -> None:
    world.down_seq += 1
    world.down(internal.Ping)
    assert world.connection is None


def test_waits_between_attempts_grow_to_a_minute(world: World) -> None:
    waits = []
    for _ in range(12):
        world.disconnect()
        start = world.mono
        while world.connection is None:
            deadline = world.core.membership.deadline
            assert deadline is not None
            world.advance(max(0.0, deadline - world.mono))
        waits.append(world.mono - start)
    assert waits[0] <= 1.0
    assert max(waits) <= 60.0
    assert 30.0 <= waits[-1] <= 60.0


def test_a_message_of_an_older_connection_is_not_heard(world: World) -> None:
    old = world.connection
    assert old is not None
    world.disconnect()
    world.connect()
    message = internal.Shutdown(agent_id="agent-1", epoch=1, seq=2, message="stale")
    world.feed(events.Received(old, codec.encode(message)))
    assert world.ended is None and world.connected


# --- leaving for good -------------------------------------------------------------------------------------------------


def unregistered(world: World) -> bool:
    return isinstance(world.sent[-1], internal.Unregister)


def test_an_agent_that_leaves_says_so_ends_its_tasks_and_then_itself(world: World) -> None:
    container = world.launch("t")
    world.feed(events.UnregisterAsked("SIGUSR1"))
    assert unregistered(world) and world.ended is None
    world.kill("t")  # a master that has not read it yet; nothing is said of it any more
    count = len(world.sent)
    world.run_until_idle()
    assert world.containers[container].signals == [15]
    world.exit(container, ENDED_BY_TERM)
    world.run_until_idle()
    assert world.ended is None, "the master has not ended the connection"
    world.advance(10.0)
    world.run_until_idle()
    assert world.ended is not None
    assert len(world.sent) == count and world.ended.code == 0 and world.connection is None
    assert stored.read_agent(world.disk["agent"]).id is None and set(world.disk) == {"agent"}


def test_an_agent_that_leaves_ends_only_when_its_master_has_heard_it_or_took_too_long(world: World) -> None:
    world.feed(events.UnregisterAsked("SIGUSR1"))
    assert unregistered(world) and world.ended is None and world.connection is not None, "the message is on its way"
    world.feed(events.UnregisterAsked("SIGUSR1"))
    world.feed(events.MasterSeen(("master", b"another term"), ("198.18.5.1", 5050)))
    world.feed(events.Closed(0, "an older connection"))
    assert world.ended is None and len(world.sent) == 1
    world.feed(events.Closed(world.connection, "the master ended the stream"))
    world.run_until_idle()
    assert world.ended is not None


@pytest.mark.parametrize("version", [3, None])
def test_an_agent_that_cannot_tell_its_master_leaves_all_the_same(world: World, version: int | None) -> None:
    if version is None:
        world.disconnect()
    else:
        world.core.membership.at.version = version
    world.feed(events.UnregisterAsked("SIGUSR1"))
    world.run_until_idle()
    assert world.ended is not None and not any(isinstance(one, internal.Unregister) for one in world.sent)
    assert any("cannot be told" in getattr(effect, "text", "") for _, _, done in world.history for effect in done)


# --- what used to be decided beside the core --------------------------------------------------------------------------


def connecting(world: World) -> int:
    """The agent has lost its master and is connecting again."""
    world.disconnect()
    while world.connection is None:
        deadline = world.core.membership.deadline
        assert deadline is not None
        world.advance(max(0.0, deadline - world.mono))
    return world.connection


def test_a_master_of_another_protocol_is_tried_again_and_not_registered_with(world: World) -> None:
    count, connection = len(world.connects), connecting(world)
    world.feed(events.EndpointFound(connection, "198.18.5.1", 5050, (7, 8)))
    assert world.connection is None and len(world.connects) == count
    assert any("speaks versions 7 and 8 of" in getattr(effect, "text", "") for effect in world.history[-1][2])
    world.connect()
    assert world.connected


@pytest.mark.parametrize(
    "data", [b"{nonsense", b'{"type": "PING", "agent_id": "agent-1", "epoch": 1, "seq": 1}', b'{"type": "ODD"}']
)
def test_a_stream_that_does_not_begin_with_being_admitted_is_given_up(world: World, data: bytes) -> None:
    connection = connecting(world)
    world.feed(events.EndpointFound(connection, "198.18.5.1", 5050, (internal.VERSION,)))
    world.feed(events.Received(connection, data))
    assert world.connection is None and not world.core.membership.member
    world.connect()
    assert world.connected


def test_that_no_leader_is_known_or_the_same_one_again_leaves_the_connection_alone(world: World) -> None:
    before = world.connection
    world.feed(events.MasterSeen(None))
    world.feed(events.MasterSeen(("master", b""), ("198.18.5.1", 5050)))
    assert world.connection == before and world.connected
    world.feed(events.MasterSeen(("master", b"another term"), ("198.18.5.1", 5050)))
    assert world.connection is None
