"""Operators that watch: what is told, to how many, and that a recording of it holds no secret."""

from __future__ import annotations

import pytest

from dcos_runtime.core.frozen import Now
from dcos_runtime.master.core import events, recorded, shown, watchers
from dcos_runtime.master.core.effects import Close, Effect, Tell
from dcos_runtime.wire.master import Event
from tests.support.cores.master_core import Core


def kinds(effects: list[Effect]) -> list[Event.Type]:
    return [effect.kind for effect in effects if isinstance(effect, Tell)]


def watched() -> Core:
    one = Core()
    assert one.ask(events.Watch(1, 1000)).status == 200
    return one


def heard(one: Core, monkeypatch: pytest.MonkeyPatch) -> list[Effect]:
    """All effects from now on."""
    found: list[Effect] = []
    receive = one.core.receive

    def received(event: events.Event, now: Now) -> list[Effect]:
        effects = receive(event, now)
        found.extend(effects)
        return effects

    monkeypatch.setattr(one.core, "receive", received)
    return found


def test_agents_and_frameworks_are_told_as_they_come_change_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    one = watched()
    found = heard(one, monkeypatch)
    assert one.connect("h", None).status == 200
    framework_id, _ = one.subscribe(None)
    one.subscribe(None, framework_id, name="other")
    one.feed(events.TeardownAsked(1, framework_id))
    wanted = (Event.Type.AGENT_ADDED, Event.Type.FRAMEWORK_ADDED, Event.Type.FRAMEWORK_UPDATED)
    assert kinds(found) == [*wanted, Event.Type.FRAMEWORK_REMOVED]
    last = [effect for effect in found if isinstance(effect, Tell)][-1]
    message = shown.event(one.core.state, last)
    assert message is not None and message.framework_removed is not None
    assert message.framework_removed.framework_info.name == "other"


def test_nothing_is_made_while_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    one = watched()
    one.feed(events.WatcherGone(1000))
    found = heard(one, monkeypatch)
    one.connect("h", None)
    one.subscribe(None)
    assert kinds(found) == []


def test_what_is_gone_by_the_time_it_is_told_is_not_told() -> None:
    one = watched()
    for kind in (Event.Type.TASK_ADDED, Event.Type.AGENT_ADDED, Event.Type.FRAMEWORK_ADDED):
        assert shown.event(one.core.state, Tell(kind, "a", "f", "t")) is None


def test_one_watcher_too_many_ends_the_oldest_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "MOST", 3)
    one = Core()
    for stream in range(1, 4):
        assert not [effect for effect in one.feed(events.Watch(1, stream)) if isinstance(effect, Close)]
    assert [effect for effect in one.feed(events.Watch(1, 4)) if isinstance(effect, Close)] == [Close(1)]
    assert list(one.core.state.watchers) == [2, 3, 4]


def test_a_recording_tells_no_secret_of_an_address_and_goes_on_with_the_watchers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = watched()
    found = heard(one, monkeypatch)
    framework_id, _ = one.subscribe(None, webui_url="http://me:hunter2@host/")
    one.feed(events.TeardownAsked(1, framework_id))
    last = [effect for effect in found if isinstance(effect, Tell)][-1]
    veil = recorded.Veil(b"k" * 32)
    assert "hunter2" in repr(last) and "hunter2" not in repr(veil.effects[Tell](last))
    again = recorded.restored(b"1", one.core.snapshot())
    assert list(again.state.watchers) == [1000]
