"""The core of a framework's connection under generated events in any order."""

from __future__ import annotations

import json
import random

import msgspec
import pytest

from dcos_runtime.core.frozen import Now, Tick
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.framework.core import effects, events
from dcos_runtime.framework.core.core import MAX_REDIRECTS, Settings, SubscriptionCore, restored
from dcos_runtime.wire import calls, recordio
from dcos_runtime.wire.scheduler import Event

ONE, OTHER, THIRD = "http://m1:5050", "http://m2:5050", "http://m3:5050"


def made(**settings: object) -> SubscriptionCore:
    return SubscriptionCore(Settings(**settings), SeededSource(b"1"))  # type: ignore[arg-type]  # given by keyword


def kinds(found: list[effects.Effect]) -> list[type]:
    return [type(effect) for effect in found]


def told(kind: str, **more: object) -> bytes:
    return recordio.encode(json.dumps({"type": kind, **more}).encode())


SUBSCRIBED = told("SUBSCRIBED", subscribed={"framework_id": {"value": "fw"}, "heartbeat_interval_seconds": 2.0})


def subscribed(core: SubscriptionCore, url: str = ONE, mono: float = 0.0) -> int:
    """A subscription at this url; the number of its attempt."""
    now = Now(mono, 0.0)
    (ask,) = core.receive(events.LeaderSeen(url), now)
    assert ask == effects.Subscribe(core.at.attempt, url)
    found = core.receive(events.Answered(core.at.attempt, 200, "s"), now)
    assert effects.Listen(core.at.attempt) in found
    core.receive(events.Received(core.at.attempt, SUBSCRIBED), now)
    return core.at.attempt


def test_who_was_sent_on_stays_with_the_leader_it_came_to() -> None:
    """``--master`` names a standby: that another leads than the one named is no news then."""
    core, now = made(), Now(0.0, 0.0)
    core.receive(events.LeaderSeen(ONE), now)
    found = core.receive(events.Answered(1, 307, "", "//m2:5050/api/v1/scheduler"), now)
    assert found[-1] == effects.Subscribe(2, OTHER)
    core.receive(events.Answered(2, 200, "s"), now)
    assert core.master == OTHER
    for url in (ONE, OTHER):
        assert core.receive(events.LeaderSeen(url), now) == [] and core.master == OTHER
    found = core.receive(events.LeaderSeen(THIRD), now)
    assert (
        found == [effects.Close(2), effects.ReportDisconnected(f"{OTHER} does not lead any more")]
        and core.master is None
    )


def test_masters_that_point_at_each_other_are_asked_so_many_times_only() -> None:
    core, now = made(), Now(0.0, 0.0)
    asked = 0
    found = core.receive(events.LeaderSeen(ONE), now)
    while isinstance(found[-1], effects.Subscribe):
        asked += 1
        found = core.receive(events.Answered(core.at.attempt, 307, "", "//m1:5050/x"), now)
    assert asked == MAX_REDIRECTS and "redirects" in found[-1].reason


def test_it_waits_longer_each_time_and_not_after_it_had_stayed() -> None:
    core = made(first_wait=1.0, longest_wait=8.0)
    core.receive(events.LeaderSeen(ONE), Now(0.0, 0.0))
    mono, waits = 0.0, []
    for _ in range(6):
        core.receive(events.Failed(core.at.attempt, "no"), Now(mono, 0.0))
        assert core.next_deadline() is None, "the scheduler has not heard of it yet"
        core.receive(events.DisconnectHandled(), Now(mono, 0.0))
        deadline = core.next_deadline()
        assert deadline is not None
        waits.append(deadline - mono)
        mono = deadline
        assert kinds(core.receive(Tick(), Now(mono, 0.0))) == [effects.Subscribe]
    for wait, most in zip(waits, (1, 2, 4, 8, 8, 8), strict=True):
        assert most / 2 <= wait <= most
    core.receive(events.Answered(core.at.attempt, 200, "s"), Now(mono, 0.0))
    mono += 60.0
    core.receive(events.Failed(core.at.attempt, "gone"), Now(mono, 0.0))
    core.receive(events.DisconnectHandled(), Now(mono, 0.0))
    assert (core.next_deadline() or 0.0) - mono <= 1.0


def test_silence_of_five_heartbeats_ends_a_subscription_and_every_byte_is_a_sign_of_life() -> None:
    core = made()
    attempt = subscribed(core)
    assert core.next_deadline() == 10.0
    core.receive(events.Received(attempt, b"2"), Now(9.0, 0.0))
    assert core.next_deadline() == 19.0 and core.receive(Tick(), Now(18.9, 0.0)) == []
    found = core.receive(Tick(), Now(19.0, 0.0))
    assert kinds(found) == [effects.Close, effects.ReportDisconnected] and "5 heartbeats" in found[1].reason


def test_nothing_is_heard_of_an_attempt_that_is_over() -> None:
    core = made()
    first, now = subscribed(core), Now(0.0, 0.0)
    core.receive(events.SendAsked(calls.kill("t")), now)
    core.receive(events.Failed(first, "gone"), now)
    core.receive(events.DisconnectHandled(), now)
    core.receive(Tick(), Now(100.0, 0.0))
    state = core.snapshot()
    for late in (
        events.Received(first, told("HEARTBEAT")),
        events.Failed(first, "x"),
        events.CallAnswered(first, 202),
        events.CallFailed(first, "x"),
        events.DisconnectHandled(),
    ):
        assert core.receive(late, now) == [] and core.snapshot() == state
    assert core.receive(events.Answered(first, 200, "s"), now) == [effects.Close(first)]


@pytest.mark.parametrize("seed", range(10))
def test_whatever_happens_calls_go_one_at_a_time_in_order_and_a_core_can_be_taken_up_anywhere(seed: int) -> None:
    chance = random.Random(seed)
    core, mono = made(), 0.0
    sent: list[str] = []
    posted: effects.Post | None = None
    for number in range(1500):
        mono += chance.choice([0.0, 0.0, 0.1, 0.1, 1.0, 1.0, 12.0])
        attempt = core.at.attempt - (chance.random() < 0.1)
        choices: list[events.Event] = [
            Tick(),
            Tick(),
            events.LeaderSeen(chance.choice([ONE, ONE, ONE, ONE, ONE, OTHER])),
            events.Answered(attempt, 200, "s"),
            events.Answered(attempt, chance.choice([200, 307, 503]), "", "//m2:5050/x"),
            events.Received(attempt, SUBSCRIBED),
            events.Received(attempt, chance.choice([told("HEARTBEAT"), b"7", b"x"])),
            events.Failed(attempt, "gone"),
            events.SendAsked(calls.kill(f"t{number}")),
            events.SendAsked(calls.kill(f"t{number}")),
            events.CallAnswered(attempt, chance.choice([202, 202, 400, 403])),
            events.CallFailed(attempt, "lost"),
            events.DisconnectHandled(),
            events.DisconnectHandled(),
        ]
        event = chance.choice(choices)
        if isinstance(event, events.CallAnswered) and event.attempt == core.at.attempt:
            posted = None
        twin = restored(b"1", core.snapshot())
        now = Now(mono, 0.0)
        before = msgspec.msgpack.encode(event)
        found = core.receive(event, now)
        assert twin.receive(event, now) == found and twin.snapshot() == core.snapshot()
        assert msgspec.msgpack.encode(event) == before
        for effect in found:
            match effect:
                case effects.Close():
                    posted = None
                case effects.Post():
                    assert posted is None, "one at a time"
                    posted = effect
                    assert effect.call.kill is not None and effect.attempt == core.at.attempt
                    sent.append(effect.call.kill.task_id.value)
                case effects.Deliver(delivered):
                    assert delivered.type is not Event.Type.HEARTBEAT
                case effects.End():
                    raise AssertionError("nobody refused it")
    assert len(sent) > 3 and sent == sorted(set(sent), key=lambda name: int(name[1:])), "in order, and none twice"
