"""The core: repositories in their order, uninstalls that go on under every leader, kills between any two steps."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_runtime.core.frozen import Log, Now, Persist, Persisted, Reply, Tick
from dcos_runtime.cosmos.core.core import CosmosCore
from dcos_runtime.cosmos.core.effects import Carry, Refresh
from dcos_runtime.cosmos.core.events import (
    AddRepository,
    BeginUninstalls,
    DeleteRepository,
    Recovered,
    StepDone,
    StepFailed,
)
from dcos_runtime.cosmos.core.uninstalls import Step, Uninstall, decode, decode_all, encode


class World:
    """A core and its store; `feed` stores what is to be stored at once."""

    def __init__(self, stored: dict[str, bytes] | None = None, first: tuple[tuple[str, str], ...] = ()) -> None:
        self.core = CosmosCore()
        self.stored = {} if stored is None else stored
        self.replies: dict[int, Reply] = {}
        self.carried: list[Uninstall] = []
        self.refreshed = 0
        self.logged: list[str] = []
        self.now = 0.0
        self.feed(Recovered(tuple(self.stored.items()), first))

    def feed(self, event: Any) -> None:
        waiting = [event]
        while waiting:
            for effect in self.core.receive(waiting.pop(0), Now(self.now, 0.0)):
                match effect:
                    case Persist():
                        for key, value in effect.changes:
                            if value is None:
                                self.stored.pop(key, None)
                            else:
                                self.stored[key] = value
                        waiting.append(Persisted(effect.id))
                    case Reply():
                        assert effect.request not in self.replies
                        self.replies[effect.request] = effect
                    case Carry():
                        self.carried.append(decode(effect.uninstall))
                    case Refresh():
                        self.refreshed += 1
                    case _:
                        assert isinstance(effect, Log)
                        self.logged.append(effect.text)


def _add(world: World, request: int, name: str, uri: str, index: int | None = None) -> Any:
    world.feed(AddRepository(request, name, uri, index))
    return json.loads(world.replies[request].body)


def test_repositories_are_kept_in_their_order() -> None:
    world = World(first=(("first", "http://first.test"),))
    _add(world, 1, "b", "http://b.test")
    found = _add(world, 2, "a", "http://a.test", 0)
    assert [one["name"] for one in found["repositories"]] == ["a", "first", "b"]
    assert World(world.stored).core.repositories == world.core.repositories
    world.feed(DeleteRepository(3, "first", None))
    assert [one["name"] for one in json.loads(world.replies[3].body)["repositories"]] == ["a", "b"]
    assert World(world.stored, (("first", "http://first.test"),)).core.repositories == world.core.repositories
    assert world.refreshed == 4


@pytest.mark.parametrize(
    ("event", "type", "data"),
    [
        (AddRepository(9, "a", "http://x.test", None), "RepositoryAlreadyPresent", {"name": "a"}),
        (AddRepository(9, "x", "http://a.test", None), "RepositoryAlreadyPresent", {"uri": "http://a.test"}),
        (
            AddRepository(9, "a", "http://a.test", None),
            "RepositoryAlreadyPresent",
            {"name": "a", "uri": "http://a.test"},
        ),
        (AddRepository(9, "x", "http://x.test", 3), "RepositoryAddIndexOutOfBounds", {"attempted": 3, "max": 2}),
        (AddRepository(9, "x", "http://x.test", -1), "RepositoryAddIndexOutOfBounds", {"attempted": -1, "max": 2}),
        (DeleteRepository(9, "x", None), "RepositoryNotPresent", {"name": "x"}),
        (DeleteRepository(9, "a", "http://b.test"), "RepositoryNotPresent", {"name": "a", "uri": "http://b.test"}),
        (DeleteRepository(9, None, None), "RepoNameOrUriMissing", None),
    ],
)
def test_what_cannot_be_done_with_repositories(event: Any, type: str, data: Any) -> None:
    world = World(first=(("a", "http://a.test"), ("b", "http://b.test")))
    world.feed(event)
    reply = json.loads(world.replies[9].body)
    assert (reply["type"], reply.get("data")) == (type, data)
    assert world.core.repositories == (("a", "http://a.test"), ("b", "http://b.test"))


def _begin(world: World, request: int = 1, *, commons: bool = False, apps: tuple[str, ...] = ("/hello",)) -> None:
    first = Step.MARK if commons else Step.DELETE
    begun = [Uninstall(app, "hello", version="1", framework="hello", commons=commons, step=first) for app in apps]
    world.feed(BeginUninstalls(request, tuple(map(encode, begun))))


@pytest.mark.parametrize("commons", [False, True])
def test_an_uninstall_takes_its_steps_in_order(commons: bool) -> None:
    world = World()
    _begin(world, commons=commons)
    steps = [Step.MARK, Step.WAIT] if commons else []
    steps += [Step.DELETE, Step.TEARDOWN, Step.FREE]
    for number, step in enumerate(steps):
        assert [one.step for one in world.carried] == steps[: number + 1]
        assert (1 in world.replies) == (commons and number > 0)
        world.feed(StepDone("/hello", encode(world.carried[-1])))
        assert step in steps
    assert world.replies[1].status == 200
    assert not world.stored
    assert not world.core.uninstalls


def test_the_same_app_is_not_uninstalled_twice_at_once() -> None:
    world = World()
    _begin(world, 1)
    _begin(world, 2)
    assert world.replies[2].status == 409
    assert len(world.carried) == 1


def test_several_apps_are_uninstalled_all_or_none() -> None:
    world = World()
    _begin(world, 1, apps=("/b",))
    _begin(world, 2, apps=("/a", "/b", "/c"))
    assert world.replies[2].status == 409
    assert set(world.core.uninstalls) == {"/b"} == {decode(value).app for value in world.stored.values()}
    _begin(world, 3, apps=("/a", "/c"))
    assert {decode(value).app for value in world.stored.values()} == {"/a", "/b", "/c"}
    while open_ := [one for one in world.core.uninstalls.values() if one.app != "/b"]:
        assert 3 not in world.replies
        world.feed(StepDone(open_[-1].app, encode(open_[-1])))
    assert [one.app for one in decode_all(world.replies[3].body)] == ["/c", "/a"]


def test_of_several_apps_the_first_that_cannot_be_uninstalled_is_told_when_all_are_over() -> None:
    world = World()
    _begin(world, apps=("/a", "/b"))
    world.feed(StepFailed("/b", "several", b'{"type":"MultipleFrameworkIds","message":"several"}', 400))
    assert 1 not in world.replies
    while "/a" in world.core.uninstalls:
        world.feed(StepDone("/a", encode(world.core.uninstalls["/a"])))
    assert world.replies[1].status == 400
    assert not world.stored


def test_a_step_that_does_not_get_done_is_tried_again_ever_more_slowly() -> None:
    world = World()
    _begin(world)
    waits = []
    for _ in range(8):
        world.feed(StepFailed("/hello", "no master leads"))
        deadline = world.core.next_deadline()
        assert deadline is not None
        waits.append(deadline - world.now)
        world.now = deadline
        world.feed(Tick())
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    assert len(world.carried) == 9
    assert world.replies[1].status == 503  # told after some tries; it goes on
    assert "/hello" in world.core.uninstalls


def test_what_no_repetition_mends_ends_it() -> None:
    world = World()
    _begin(world)
    world.feed(StepFailed("/hello", "several", b'{"type":"MultipleFrameworkIds","message":"several"}', 400))
    assert world.replies[1].status == 400
    assert not world.stored


def test_what_could_not_be_freed_is_in_the_answer_and_in_the_log() -> None:
    world = World()
    _begin(world)
    while world.core.uninstalls:
        current = world.core.uninstalls["/hello"]
        left = ("its node: it belongs to somebody else",) if current.step is Step.FREE else ()
        world.feed(StepDone("/hello", encode(msgspec.structs.replace(current, left=left))))
    (done,) = decode_all(world.replies[1].body)
    assert done.left == ("its node: it belongs to somebody else",)
    assert "uninstalled /hello (hello), but not freed is its node: it belongs to somebody else" in world.logged


@given(st.integers(0, 2**32), st.booleans())
@settings(deadline=None, max_examples=60)
def test_whoever_leads_next_goes_on_where_it_was(seed: int, commons: bool) -> None:
    """The leader is killed at random: between a step's end and its record, and anywhere else."""
    chance = random.Random(seed)
    world, done = World(), []
    _begin(world, commons=commons)
    for _ in range(200):
        if not world.core.uninstalls:
            break
        if chance.random() < 0.3:
            world = World(world.stored)
            continue
        current = world.carried[-1]
        if chance.random() < 0.2:
            world.feed(StepFailed("/hello", "not now"))
            world.now = world.core.next_deadline() or world.now
            world.feed(Tick())
            continue
        done.append(current.step)
        if chance.random() < 0.2:
            world = World(world.stored)  # it was done, and is not written down
            continue
        world.feed(StepDone("/hello", encode(msgspec.structs.replace(current, deployment="d"))))
    assert not world.core.uninstalls
    assert not world.stored
    order = [step for step in Step if step in done]
    assert order == [step for step in Step if step is not Step.DONE and (commons or step not in (Step.MARK, Step.WAIT))]
    assert [step for place, step in enumerate(done) if step not in done[:place]] == order
