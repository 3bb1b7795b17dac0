"""What one agent runs is bounded as it travels, and the sum follows its tasks: launched, ended, lost, told of again."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from dcos_runtime.master.core import state as state_module
from dcos_runtime.wire import codec, internal, limits
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import FrameworkID
from dcos_runtime.wire.scheduler import Call
from tests.support.cores.master_framework import WorldFramework
from tests.support.cores.master_world import COME_BACK, World


def world() -> tuple[World, WorldFramework]:
    one = World(agents=1, frameworks=1)
    one.run_until_idle()
    return one, one.frameworks[0]


def launch(framework: WorldFramework, label: str, count: int = 1) -> list[str]:
    """Tasks with one label each, in one ACCEPT; their ids."""
    framework.world.pass_time(6.0)
    offer_id, *_ = framework.offers
    offer = framework.offers.pop(offer_id)
    names = [f"t{next(framework.world.numbers)}" for _ in range(count)]
    tasks = [
        {
            "name": name,
            "task_id": {"value": name},
            "agent_id": offer["agent_id"],
            "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.001}}],
            "command": {"value": "x"},
            "labels": {"labels": [{"key": "a", "value": label}]},
        }
        for name in names
    ]
    operations = [{"type": "LAUNCH", "launch": {"task_infos": tasks}}]
    framework.call("ACCEPT", offer_ids=[offer["id"]], operations=operations, filters={"refuse_seconds": 0.0})
    return names


def weight(one: World) -> int:
    one.check()
    (agent,) = one.core.state.agents.values()
    return agent.weight


def messages(one: World, task_id: str) -> str:
    return "; ".join(
        event["update"]["status"].get("message", "")
        for event in one.__dict__["told"]
        if event["type"] == "UPDATE" and event["update"]["status"]["task_id"]["value"] == task_id
    )


@pytest.fixture(autouse=True)
def heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """`World.told`: every event that a framework got."""

    def receive(self: WorldFramework, event: Any, receive: Any = WorldFramework.receive) -> None:
        self.world.__dict__.setdefault("told", []).append(event)
        receive(self, event)

    monkeypatch.setattr(WorldFramework, "receive", receive)


def test_a_task_is_measured_as_it_travels() -> None:
    one, framework = world()
    room = limits.MAX_TASK_INFO - 2_000
    (good,) = launch(framework, "é" * (room // 6))
    (bad,) = launch(framework, "é" * (limits.MAX_TASK_INFO // 6))
    assert framework.told.get(good) is None and framework.told[bad] == "TASK_ERROR"
    text = messages(one, bad)
    assert str(limits.MAX_TASK_INFO) in text and "'TaskInfo.labels'" in text and len(text) < 300
    (task,) = one.core.state.frameworks[framework.id or ""].tasks.values()
    assert room < weight(one) == len(task.info) + one.core.state.frameworks[framework.id or ""].size


def test_what_an_agent_runs_is_bounded_with_its_frameworks_infos() -> None:
    one, framework = world()
    names = launch(framework, "x" * 1_000_000, 60)
    held = [name for name in names if framework.told.get(name) is None]
    refused = [name for name in names if framework.told.get(name) == "TASK_ERROR"]
    assert held == names[: len(held)] and len(held) == limits.MAX_AGENT_TASKS // 1_000_400
    assert refused == names[len(held) :]
    assert str(limits.MAX_AGENT_TASKS) in messages(one, refused[0])
    assert weight(one) <= limits.MAX_AGENT_TASKS
    queued = sum(len(json.dumps(message)) for message in one.agents[0].inbox)
    assert queued < 1.1 * limits.MAX_AGENT_TASKS
    # Nothing of the refused ones is left: the rest of the offer comes again, and small ones still fit.
    (small,) = launch(framework, "")
    assert framework.told.get(small) is None
    one.run_until_idle()
    agent = one.agents[0]
    for task in list(agent.tasks.values()):
        agent.say(task, "TASK_FINISHED")
    assert weight(one) > 0, "the agent tells of what is not acknowledged when it connects"
    one.run_until_idle()
    assert weight(one) == 0


def test_a_frameworks_info_counts_with_each_of_its_tasks() -> None:
    one, framework = world()
    id = FrameworkID(value=framework.id or "")
    info = FrameworkInfo(user="u", name="n" * 250_000, failover_timeout=1e6, id=id)
    body = Call.UpdateFramework(framework_info=info)
    call = Call(type=Call.Type.UPDATE_FRAMEWORK, framework_id=info.id, update_framework=body)
    assert one.call(call, framework.stream_id).status == 200
    names = launch(framework, "", 200)
    held = [name for name in names if framework.told.get(name) is None]
    assert held == names[: len(held)] and 120 < len(held) <= limits.MAX_AGENT_TASKS // 250_000
    assert 250_000 * len(held) < weight(one) <= limits.MAX_AGENT_TASKS


def test_a_frameworks_info_is_bounded_when_it_subscribes_and_when_it_changes() -> None:
    one, framework = world()
    large = FrameworkInfo(user="u", name="é" * (limits.MAX_FRAMEWORK_INFO // 6))
    error = one.subscribe(Call.Subscribe(framework_info=large), 10**6)
    assert error is not None and str(limits.MAX_FRAMEWORK_INFO) in error and "'FrameworkInfo.name'" in error
    large = msgspec.structs.replace(large, id=FrameworkID(value=framework.id or ""))
    update = Call.UpdateFramework(framework_info=large)
    call = Call(type=Call.Type.UPDATE_FRAMEWORK, framework_id=large.id, update_framework=update)
    answer = one.call(call, framework.stream_id)
    assert answer.status == 400 and str(limits.MAX_FRAMEWORK_INFO).encode() in answer.body
    assert one.core.state.frameworks[framework.id or ""].info.name == framework.name


def test_a_framework_has_so_many_roles_and_no_more() -> None:
    one = World(agents=1, frameworks=0)
    capabilities = [FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type.MULTI_ROLE)]
    info = FrameworkInfo(
        user="u", name="n", roles=[f"r{number}" for number in range(limits.MAX_ROLES)], capabilities=capabilities
    )
    assert one.subscribe(Call.Subscribe(framework_info=info), 10**6) is None
    (framework,) = one.core.state.frameworks.values()
    more = msgspec.structs.replace(info, roles=[*info.roles, "another"])
    error = one.subscribe(Call.Subscribe(framework_info=more), 10**6 + 1)
    assert error == "FrameworkInfo has 1001 roles, and may have 1000; use several frameworks"
    named = msgspec.structs.replace(more, id=FrameworkID(value=framework.id))
    call = Call(
        type=Call.Type.UPDATE_FRAMEWORK,
        framework_id=named.id,
        update_framework=Call.UpdateFramework(framework_info=named),
    )
    answer = one.call(call, "s")
    assert answer.status == 400 and error.encode() in answer.body
    assert framework.roles == frozenset(info.roles)


def test_the_sum_is_the_same_after_each_way_of_coming_back() -> None:
    one, framework = world()
    launch(framework, "x" * 10_000, 5)
    one.run_until_idle()
    before = weight(one)
    assert before > 50_000
    one.agents[0].connect()  # a connection anew, to the same master
    one.run_until_idle()
    assert weight(one) == before
    one.restart()  # another master, which learns all from the agent, before the framework comes or after it
    one.agents[0].connect()
    one.run_until_idle()
    assert weight(one) == before
    one.restart()
    framework.subscribe()
    one.run_until_idle()
    assert weight(one) == before
    one.agents[0].break_off()  # unreachable, and back
    one.pass_time(COME_BACK)
    while one.write():
        pass
    assert not one.core.state.agents
    one.run_until_idle()
    assert weight(one) == before
    framework.call("TEARDOWN")
    framework.stream, framework.removed = None, True
    assert weight(one) == 0


def test_an_agent_with_more_than_the_limit_comes_back_and_gets_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    one, framework = world()
    names = launch(framework, "x" * 100_000, 20)
    one.run_until_idle()
    monkeypatch.setattr(limits, "MAX_AGENT_TASKS", 1_000_000)
    monkeypatch.setattr(limits, "MAX_TASK_INFO", 50_000)
    monkeypatch.setattr(limits, "MAX_FRAMEWORK_INFO", 10)
    one.restart()
    one.agents[0].connect()
    while one.write():
        pass
    recovered = one.core.state.frameworks[framework.id or ""]
    assert recovered.tasks.keys() == set(names) and weight(one) > 2_000_000
    monkeypatch.setattr(limits, "MAX_FRAMEWORK_INFO", 1_000)
    one.run_until_idle()
    (more,) = launch(framework, "")
    assert framework.told[more] == "TASK_ERROR" and "1000000" in messages(one, more)


def test_an_acknowledgement_of_what_can_be_no_task_goes_nowhere() -> None:
    one, framework = world()
    agent = one.agents[0]
    agent.inbox.clear()
    framework.call(
        "ACKNOWLEDGE",
        agent_id={"value": agent.id},
        task_id={"value": "x" * 1_000_000},
        uuid="AAAAAAAAQACAAAAAAAAAAA==",
    )
    assert not agent.inbox


def test_what_is_sent_for_a_task_is_what_is_counted() -> None:
    one, framework = world()
    launch(framework, "é" * 1_000)
    (message,) = [message for message in one.agents[0].inbox if message["type"] == "RUN_TASK"]
    sent = codec.encode(codec.decode(json.dumps(message).encode(), internal.RunTask))
    assert 0 < len(sent) - weight(one) < 200


def test_what_ended_is_told_of_within_bounds_and_the_largest_history_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_module, "MAX_HISTORY", 1_000_000)
    one = World(agents=1, frameworks=2)
    one.run_until_idle()
    large, small = one.frameworks

    def run(framework: WorldFramework, other: WorldFramework, label: str, count: int) -> list[str]:
        while not framework.offers:
            for offer_id in list(other.offers):
                other.decline(offer_id, 3.0)
            one.live(1.0)
        names = launch(framework, label, count)
        one.run_until_idle()
        for task in list(one.agents[0].tasks.values()):
            one.agents[0].say(task, "TASK_FINISHED")
        one.run_until_idle()
        one.check()
        return names

    kept = run(small, large, "x" * 100, 5)
    many = [run(large, small, "x" * 90_000, 5) for _ in range(4)]
    frameworks = one.core.state.frameworks
    assert [task.id for task in frameworks[small.id or ""].completed] == kept
    found = [task.id for task in frameworks[large.id or ""].completed]
    assert found == [name for names in many for name in names][-len(found) :] and 8 <= len(found) <= 11
    large.call("TEARDOWN")
    large.stream, large.removed = None, True
    one.check()
    assert 500_000 < one.core.state.history <= 1_000_000
