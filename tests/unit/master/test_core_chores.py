"""Calls about very many things: no step of the loop is long because of one, and all of it is done."""

from __future__ import annotations

from typing import Any

import pytest

from dcos_runtime.master.core import chores, events, snapshot
from dcos_runtime.master.core.effects import Send
from dcos_runtime.wire import codec
from dcos_runtime.wire.scheduler import Call
from tests.support.cores.master_framework import WorldFramework
from tests.support.cores.master_world import COME_BACK, World


@pytest.fixture(autouse=True)
def few_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chores, "AT_ONCE", 2)
    monkeypatch.setattr(chores, "ENDED_AT_ONCE", 2)
    monkeypatch.setattr(chores, "UNREACHABLE_AT_ONCE", 2)


def call(framework: WorldFramework, kind: str, **fields: Any) -> list[Any]:
    """What was told at once."""
    body = {"type": kind, "framework_id": {"value": framework.id}, kind.lower(): fields}
    reply, effects = framework.world.ask(
        lambda request: events.Called(request, codec.decode(codec.encode(body), Call), framework.stream_id)
    )
    assert reply.status == 202
    return updates(effects)


def updates(effects: list[Any]) -> list[Any]:
    return [effect.event.update.status for effect in effects if isinstance(effect, Send) and effect.event.update]


def step(world: World) -> list[Any]:
    """One that is due at once."""
    deadline = world.core.next_deadline()
    assert deadline is not None and deadline <= world.time
    return updates(world.feed(events.BudgetedTick()))


def test_many_offers_are_declined_in_steps_and_what_comes_in_between_counts() -> None:
    world = World(agents=5, frameworks=1)
    world.run_until_idle()
    (framework,) = world.frameworks
    offers = dict(framework.offers)
    assert len(offers) == 5
    framework.offers.clear()
    call(framework, "DECLINE", offer_ids=[{"value": one} for one in offers], filters={"refuse_seconds": 1e6})
    left = list(world.core.state.offers)
    assert len(left) == 3, "two at once"
    *_, answered = left
    framework.offers[answered] = offers[answered]
    framework.launch([answered], [(1.0, 1)])
    assert answered not in world.core.state.offers and framework.launched, "it stood still"
    state, _ = snapshot.read(world.core.source.seed, world.core.snapshot())
    assert state.chores == world.core.state.chores, "a recording may begin here"
    step(world)
    step(world)
    assert not world.core.state.offers and not world.core.state.chores
    world.run_until_idle()
    world.pass_time(5.0)
    assert [offer["agent_id"] for offer in framework.offers.values()] == [offers[answered]["agent_id"]], "all refused"
    world.check()


@pytest.mark.parametrize("kind", ["RECONCILE", "DECLINE"])
def test_what_waits_does_not_grow_however_fast_a_client_calls(kind: str) -> None:
    world = World(agents=1, frameworks=2)
    world.run_until_idle()
    one, other = world.frameworks
    received = []
    for number in range(9):
        for framework in (one, other):
            many = [{"value": f"{kind}{number}.{part}"} for part in range(5)]
            asked = {"tasks": [{"task_id": task} for task in many]}
            received += call(framework, kind, **(asked if kind == "RECONCILE" else {"offer_ids": many}))
            assert len(world.core.state.chores) <= 2 * chores.UNDER_WAY, "so many of each"
    while world.core.state.chores:
        received += step(world)
    if kind == "RECONCILE":
        wanted = [f"{kind}{number}.{part}" for number in range(9) for part in range(5)]
        assert sorted(status.task_id.value for status in received) == sorted(wanted * 2), "all of it is done"


def test_many_tasks_are_told_of_in_steps() -> None:
    world = World(agents=1, frameworks=1)
    world.run_until_idle()
    (framework,) = world.frameworks
    framework.launch(list(framework.offers), [(0.1, 1)] * 5)
    world.run_until_idle()
    known = list(framework.launched)
    assert [status.task_id.value for status in call(framework, "RECONCILE", tasks=[])] == known[:2]
    (agent,) = world.agents
    agent.say(agent.tasks[framework.id or "", known[2]], "TASK_FINISHED")
    framework.acknowledge()
    while agent.read():
        pass
    assert known[2] not in world.core.state.frameworks[framework.id or ""].tasks
    found = [status.task_id.value for status in (*step(world), *step(world))]
    assert found == known[3:], "what is over and done with since is not told of"
    asked = [{"task_id": {"value": name}} for name in (*known, "unknown")]
    found = call(framework, "RECONCILE", tasks=asked)
    assert call(framework, "RECONCILE", tasks=asked[:1])[0].task_id.value == known[0], "another call is not held up"
    found += step(world) + step(world)
    states = {status.task_id.value: status.state.value for status in found}
    lost = "TASK_UNKNOWN" if framework.aware else "TASK_LOST"
    running = dict.fromkeys(known, "TASK_RUNNING")
    assert states == {**running, known[2]: lost, "unknown": lost}
    assert not world.core.state.chores


def test_whoever_subscribes_anew_or_is_gone_is_told_nothing_that_it_did_not_ask_for() -> None:
    for how in ("break off", "tear down"):
        world = World(agents=1, frameworks=1)
        world.run_until_idle()
        (framework,) = world.frameworks
        asked = [{"task_id": {"value": str(number)}} for number in range(9)]
        call(framework, "RECONCILE", tasks=asked)
        if how == "break off":
            assert framework.stream is not None
            world.feed(events.SubscriberGone(framework.stream))
        else:
            framework.call("TEARDOWN")
        assert step(world) == [] and not world.core.state.chores


@pytest.mark.parametrize("meanwhile", ["nothing", "agent lost", "agent back", "framework forgotten"])
def test_the_tasks_of_a_framework_that_is_removed_end_in_steps(meanwhile: str) -> None:
    world = World(agents=2, frameworks=2)
    world.run_until_idle()
    framework = next(each for each in world.frameworks if each.offers)
    for offer_id in list(framework.offers):
        framework.launch([offer_id], [(0.1, 1)] * 3)
    world.run_until_idle()
    state = world.core.state
    known = state.frameworks[framework.id or ""]
    total = len(known.tasks)
    assert total >= 3
    framework.call("TEARDOWN")
    framework.removed = True
    assert len(known.tasks) == total - 2 and framework.id in state.completed and framework.id not in state.frameworks
    found = {message["type"] for agent in world.agents for message in agent.inbox}
    assert "SHUTDOWN_FRAMEWORK" in found, "agents end them all at once"
    world.check()
    if meanwhile == "agent lost":
        for agent in world.agents:
            world.feed(events.AgentGone(agent.stream or 0))
            state.agents[agent.id or ""].missed_pings = 99
            agent.stream = None
    elif meanwhile == "agent back":
        for agent in world.agents:
            agent.connect()
    elif meanwhile == "framework forgotten":
        state.completed.clear()
        state.history = 0
    world.pass_time(0.0 if meanwhile != "agent lost" else 100.0)
    while world.write():
        pass
    world.pass_time(1.0)
    assert not known.tasks and not state.chores and not state.ending
    assert not [task for agent in state.agents.values() for task in agent.all_tasks()]
    if meanwhile in ("nothing", "agent back"):
        assert {task.state.value for task in known.completed} == {"TASK_KILLED"} and len(known.completed) == total
    assert not any(one.used for one in state.agents.values())
    world.check()


def test_an_agent_that_runs_nothing_of_a_framework_is_not_told_of_it() -> None:
    world = World(agents=2, frameworks=1)
    world.run_until_idle()
    (framework,) = world.frameworks
    framework.launch([next(iter(framework.offers))], [(0.1, 1)])
    world.run_until_idle()
    framework.call("TEARDOWN")
    found = [[message["type"] for message in agent.inbox] for agent in world.agents]
    assert sorted(map(len, found)) == [0, 1]


def test_agents_that_do_not_come_back_are_given_up_in_steps() -> None:
    world = World(agents=3, frameworks=1)
    world.run_until_idle()
    (framework,) = world.frameworks
    world.restart()
    framework.subscribe()
    state = world.core.state
    assert len(state.recovering) == 3
    world.pass_time(COME_BACK)
    assert world.write() and len(state.unreachable) == 1, "one at once"
    back = next(agent for agent in world.agents if agent.id in state.recovering)
    back.connect()
    assert back.stream is None, "the registry has it that it is unreachable: it comes again"
    world.pass_time(0.0)
    assert len(state.unreachable) == 3 and not state.recovering and not state.leaving and not state.chores
    back.connect()
    while world.write():
        pass
    assert list(state.agents) == [back.id]
    world.check()
