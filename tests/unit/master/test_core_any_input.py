"""No input of a framework or an agent stops the kernel, or makes its state inconsistent."""

from __future__ import annotations

import copy
import functools
import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from dcos_runtime.master import scheduler_api
from dcos_runtime.master.core import events
from dcos_runtime.master.views import MasterViewer
from dcos_runtime.wire import codec
from dcos_runtime.wire.scheduler import Call
from tests.support.cores.master_world import World
from tests.support.mesos.calls import CALLS, CONNECTS, INFO

NASTY: dict[type, list[Any]] = {
    str: ["", "*", ".", "..", "a/b", "x" * 300, "é\u0000🚀", "TASK_RUNNING", "AGENT", "OFFER", "-a", "("],
    int: [0, -1, 1, 2**31, 2**63 - 1, -(2**63), 2**70],
    float: [0.0, -0.5, 1e-9, 0.0004, 1e15, 1e308],
    bool: [True, False],
    list: [[], [{}], [None]],
    dict: [
        {},
        {"value": ""},
        {"value": 1e308},
        {"range": [{"begin": 5, "end": 1}]},
        {"range": [{"begin": 0, "end": 9}] * 2},
    ],
    type(None): [None],
}
ANYTHING = [value for values in NASTY.values() for value in values]


def paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    items: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [before, *(path for key, item in items for path in paths(item, (*before, key)))]


def changed(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    document = copy.deepcopy(document)
    if not path:
        return value
    place = document
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return document


def spoiled(documents: list[dict[str, Any]]) -> st.SearchStrategy[Any]:
    """One of the documents with one or two places spoiled."""

    @st.composite
    def draw_one(draw: Any) -> Any:
        document = draw(st.sampled_from(documents))
        for _ in range(draw(st.integers(0, 2))):
            path = draw(st.sampled_from(paths(document)))
            alike = NASTY[type(functools.reduce(lambda place, key: place[key], path, document))]
            document = changed(
                document, path, draw(st.sampled_from(draw(st.sampled_from([alike, alike, alike, ANYTHING]))))
            )
        return document

    return draw_one()


def filled(world: World, document: Any) -> bytes:
    framework = world.frameworks[0]
    offer = next(iter(framework.offers), "none")
    text = json.dumps(document).replace('FRAMEWORK"', f'{framework.id}"') if document else json.dumps(document)
    return text.replace("OFFER", offer).replace("AGENT", str(world.agents[0].id)).encode()


@settings(max_examples=300, deadline=None)
@given(spoiled(CALLS), spoiled(CALLS))
def test_any_call_is_answered_and_the_books_stay_right(first: Any, second: Any) -> None:
    world = World(agents=1, frameworks=1)
    world.run_until_idle()
    framework = world.frameworks[0]
    for document in (first, second):
        body = {**document, "framework_id": {"value": framework.id}} if isinstance(document, dict) else document
        try:
            call = scheduler_api.decode(filled(world, body))
        except codec.DecodeError:
            continue
        if call.type is not Call.Type.SUBSCRIBE:
            answer = world.call(call, framework.stream_id)
            assert answer.status in (200, 202, 400), answer
        framework.offers = {
            offer_id: offer for offer_id, offer in framework.offers.items() if offer_id in world.core.state.offers
        }
        world.check()
        world.pass_time(1.5)
        for agent in world.agents:
            while agent.read():
                pass
        world.check()


@settings(max_examples=150, deadline=None)
@given(spoiled([{"framework_info": {**INFO, "id": None}, "suppressed_roles": ["a"]}]))
def test_any_framework_is_subscribed_or_refused(document: Any) -> None:
    world = World(agents=1, frameworks=1)
    world.run_until_idle()
    try:
        call = codec.decode(json.dumps(document).encode(), Call.Subscribe)
    except codec.DecodeError:
        return
    world.subscribe(call, 10**6)
    world.pass_time(2.0)
    world.feed(events.SubscriberGone(10**6))
    world.pass_time(100.0)
    world.check()


@pytest.mark.parametrize("connect", CONNECTS)
@pytest.mark.parametrize("state", ["", "TASK_WONDERING", "UNKNOWN"])
def test_a_task_in_a_state_that_nobody_knows_is_refused(state: str, connect: Any) -> None:
    world = World(agents=1, frameworks=1)
    task = {**connect["tasks"][0], "state": state}
    assert world.connect(json.dumps({**connect, "tasks": [task]}).encode(), 10**6).status == 400


@settings(max_examples=200, deadline=None)
@given(spoiled(CONNECTS))
def test_any_agent_is_admitted_or_refused(document: Any) -> None:
    world = World(agents=1, frameworks=1)
    world.run_until_idle()
    framework = world.frameworks[0]
    data = json.dumps(document).replace('"f"', json.dumps(framework.id)).encode()
    for stream in (10**6, 10**6 + 1):
        answer = world.connect(data, stream)
        assert answer.status in (200, 400)
        while world.write():
            pass
        world.pass_time(2.0)
    framework.call("RECONCILE", tasks=[])
    json.loads(b"".join(MasterViewer(world.core.state, 1.0, {}, None).state()))
    world.feed(events.AgentGone(10**6 + 1))
    world.pass_time(1000.0)
    while world.write():
        pass
    world.pass_time(1.0)
