"""What every shell does around a core, with a core that echoes its events."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from dcos_runtime import running
from dcos_runtime.core.frozen import Frozen, Log, Now, Persist, Reply, Tick
from dcos_runtime.core.runner import Runner
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.core.timers import Timers
from dcos_runtime.core.writes import Writes


class Said(Frozen, frozen=True):
    text: str


class Asked(Frozen, frozen=True):
    request: int
    fails: bool = False


class Echo(Frozen, frozen=True):
    text: str


class Broken(Exception):
    pass


class Parrot:
    """Echoes twice; fails between the two when told to."""

    def __init__(self) -> None:
        self.effects: list[Any] = []
        self.timers: Timers[str] = Timers()

    def receive(self, event: Any, now: Now) -> list[Any]:
        match event:
            case Said():
                self.effects.append(Echo(event.text))
                if event.text == "fail":
                    raise Broken
                self.effects.append(Echo(event.text + "!"))
            case Asked():
                self.effects.append(Echo("asked"))
                if event.fails:
                    raise Broken
                self.effects.append(Reply(event.request, 202, b"yes"))
            case Tick():
                self.effects += [Echo(f"due {key}") for key in self.timers.fire(now.mono)]
        return self.take_effects()

    def take_effects(self) -> list[Any]:
        effects, self.effects = self.effects, []
        return effects

    def next_deadline(self) -> float | None:
        return self.timers.next_deadline()

    def snapshot(self) -> bytes:
        return b""


class Keeper:
    def __init__(self) -> None:
        self.kept: list[tuple[Frozen, list[Frozen], str]] = []
        self.flushed = 0

    def keep(self, now: Now, event: Frozen, effects: Sequence[Frozen], error: str) -> None:
        self.kept.append((event, list(effects), error))

    def flush(self) -> None:
        self.flushed += 1


class Around:
    """A runner whose effects are noted. An echo of "again" leads to an event at once."""

    def __init__(self) -> None:
        self.done: list[Any] = []
        self.keeper = Keeper()
        self.core = Parrot()
        self.runner: Runner[Any] = Runner(self.core, lambda: Now(1.0, 2.0), self.perform, self.keeper)

    def perform(self, effect: Any) -> None:
        self.done.append(effect.text)
        if effect.text == "again":
            self.runner.feed(Said("second"))


def test_an_event_that_an_effect_leads_to_waits_until_all_effects_are_done() -> None:
    around = Around()
    around.runner.feed(Said("again"))
    assert around.done == ["again", "again!", "second", "second!"]
    assert [event for event, _, _ in around.keeper.kept] == [Said("again"), Said("second")]


def test_what_was_wanted_before_a_failure_is_done_kept_and_flushed_and_the_next_event_is_heard() -> None:
    around = Around()
    with pytest.raises(Broken):
        around.runner.feed(Said("fail"))
    assert around.done == ["fail"]
    assert around.keeper.kept == [(Said("fail"), [Echo("fail")], "Broken")] and around.keeper.flushed == 1
    around.runner.feed(Said("on"))
    assert around.done == ["fail", "on", "on!"]


def test_a_reply_goes_to_who_asked_and_a_failed_call_gets_500() -> None:
    around = Around()
    replies: list[Reply] = []
    first = around.runner.ask(Asked, replies.append)
    second = around.runner.ask(lambda request: Asked(request, fails=True), replies.append)
    assert replies[0] == Reply(first, 202, b"yes") and (replies[1].request, replies[1].status) == (second, 500)
    assert around.done[:2] == ["asked", "asked"] and "Broken" in around.done[2]
    assert around.keeper.flushed == 1


def test_a_reply_to_one_who_has_gone_is_dropped() -> None:
    around = Around()
    replies: list[Reply] = []
    around.runner.ask(Asked, replies.append)
    around.runner.feed(Asked(1))  # a second reply to the same request
    assert len(replies) == 1


async def test_time_passes_for_the_core_whenever_its_next_deadline_moves() -> None:
    core, done = Parrot(), []
    heard = asyncio.Event()

    def perform(effect: Any) -> None:
        done.append(effect.text)
        if effect.text.startswith("due"):
            heard.set()

    runner: Runner[Any] = Runner(core, running.now, perform)
    ticking: running.Ticking[Any] = running.Ticking(core, runner)
    task = asyncio.create_task(ticking.run())
    try:
        for name, far in (("first", None), ("second", 3600.0)):
            await asyncio.sleep(0)
            if far is not None:
                core.timers.set("far", running.now().mono + far)
                runner.feed(Said("a later deadline"))
                await asyncio.sleep(0.01)
            heard.clear()
            core.timers.set(name, running.now().mono + 0.02)
            runner.feed(Said("a nearer deadline"))
            await asyncio.wait_for(heard.wait(), 240)
            assert done[-1] == f"due {name}"
    finally:
        task.cancel()


def test_a_write_gives_back_its_continuation_once() -> None:
    writes: Writes[Said] = Writes()
    effect = writes.begin((("k", b"v"),), Said("admit"))
    assert effect == Persist(1, (("k", b"v"),)) and len(writes) == 1
    again: Writes[Said] = Writes(writes.last, writes)
    assert writes.end(1) == Said("admit") and writes.end(1) is None and writes.end(7) is None
    assert again.begin((), Said("next")).id == 2 and again.end(1) == Said("admit")


def test_chance_is_the_same_from_the_same_seed_and_goes_on_from_a_state() -> None:
    def draw(source: SeededSource) -> list[object]:
        return [source.uuid(), source.token(), source.bits(7), source.uniform(1, 2), source.below(9)]

    one, other = SeededSource(b"seed"), SeededSource(b"seed")
    assert draw(one) == draw(other) != draw(SeededSource(b"another"))
    restored = SeededSource.restored(b"seed", one.state())
    assert draw(restored) == draw(one)


def test_frozen_data_cannot_be_changed_and_is_equal_by_value() -> None:
    with pytest.raises(AttributeError):
        Log(1, "x").text = "y"  # type: ignore[misc]  # frozen, which is what is tested
    assert Log(1, "x") == Log(1, "x") and hash(Log(1, "x")) == hash(Log(1, "x"))


@pytest.mark.parametrize("turns", range(5))
async def test_time_ends_when_it_is_told_to_and_be_it_in_the_turn_in_which_it_was_woken(turns: int) -> None:
    class Idle(Parrot):
        def next_deadline(self) -> float | None:
            return running.now().mono + 3600.0

    core = Idle()
    runner: Runner[Any] = Runner(core, running.now, lambda effect: None)
    ticking: running.Ticking[Any] = running.Ticking(core, runner)
    task = asyncio.create_task(ticking.run())
    for _ in range(3):
        await asyncio.sleep(0)
    ticking.wake()
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    _, pending = await asyncio.wait({task}, timeout=240)
    assert not pending
