"""Custom executors in the master: what they hold, what is refused, and the words between them and their frameworks."""

from __future__ import annotations

from typing import Any

from dcos_runtime.master.views import MasterViewer
from dcos_runtime.wire import codec, internal
from tests.support.cores.master_heard import Heard, used
from tests.support.cores.master_world import World, WorldAgent

EXECUTOR: dict[str, Any] = {"executor_id": {"value": "e"}, "command": {"value": "./e"}}


def cluster(former: bool = False) -> tuple[World, Heard, WorldAgent]:
    world = World(agents=1, frameworks=0)
    world.frameworks = [Heard(world)]
    world.agents[0].former = former
    world.run_until_idle()
    framework = world.frameworks[0]
    assert isinstance(framework, Heard)
    return world, framework, world.agents[0]


def cpus(amount: float) -> dict[str, Any]:
    return {"name": "cpus", "type": "SCALAR", "scalar": {"value": amount}}


def refusals(framework: Heard) -> dict[str, str]:
    statuses = [update["status"] for update in framework.of("UPDATE")]
    return {one["task_id"]["value"]: one["message"] for one in statuses if one["state"] == "TASK_ERROR"}


def test_an_executor_is_charged_once_and_free_when_it_is_gone() -> None:
    world, framework, agent = cluster()
    executor = {**EXECUTOR, "resources": [cpus(0.3)]}
    framework.accept({"name": "a", "executor": executor}, {"name": "b", "executor": executor})
    assert used(world) == 1.3
    world.run_until_idle()
    (launched,) = agent.executors
    assert launched == (framework.id, "e")
    assert [task.executor_id for task in agent.tasks.values()] == ["e", "e"]
    agent.say(agent.tasks[framework.id or "", "a"], "TASK_FINISHED")
    world.run_until_idle()
    assert used(world) == 0.8
    agent.end_executor(framework.id or "", "e", status=256)
    world.run_until_idle()
    assert used(world) == 0
    (failure,) = framework.of("FAILURE")
    assert failure == {"agent_id": {"value": agent.id}, "executor_id": {"value": "e"}, "status": 256}


def test_only_the_first_task_starts_the_executor() -> None:
    world, framework, agent = cluster()
    framework.accept({"name": "a", "executor": EXECUTOR})
    framework.accept({"name": "b", "executor": EXECUTOR})
    found = [one for one in agent.inbox if one["type"] == "RUN_TASK"]
    assert [bool(one.get("launch_executor")) for one in found][-1:] == [False]
    world.run_until_idle()
    assert len(agent.tasks) == 2
    info = codec.decode(next(iter(agent.executors.values())), dict[str, Any])
    assert info["type"] == "CUSTOM" and info["framework_id"] == {"value": framework.id}


def test_what_cannot_be_run_is_refused_by_its_name() -> None:
    world, framework, _ = cluster()
    framework.accept(
        {"name": "both", "executor": EXECUTOR, "command": {"value": "x"}},
        {"name": "default", "executor": {**EXECUTOR, "type": "DEFAULT"}},
        {"name": "no command", "executor": {"executor_id": {"value": "e"}}},
        {"name": "a bad id", "executor": {**EXECUTOR, "executor_id": {"value": "a/b"}}},
        {"name": "a stranger's", "executor": {**EXECUTOR, "framework_id": {"value": "another"}}},
        {"name": "too large", "executor": {**EXECUTOR, "resources": [cpus(4)]}},
        {"name": "bad grace", "executor": {**EXECUTOR, "shutdown_grace_period": {"nanoseconds": -1}}},
        {"name": "first", "executor": EXECUTOR},
        {"name": "changed", "executor": {**EXECUTOR, "command": {"value": "another"}}},
    )
    world.run_until_idle()
    found = refusals(framework)
    assert found["both"].startswith("Task should have at least one (but not both)")
    assert found["default"] == "'ExecutorInfo.type' must be 'CUSTOM'"
    assert found["no command"] == "'ExecutorInfo.command' must be set for 'CUSTOM' executor"
    assert found["a bad id"] == "Executor's ID is invalid: 'a/b' contains invalid characters"
    assert found["a stranger's"] == (
        f"ExecutorInfo has an invalid FrameworkID (Actual: another vs Expected: {framework.id})"
    )
    assert "required by task and its executor is more than available" in found["too large"]
    assert found["bad grace"] == "ExecutorInfo's 'shutdown_grace_period' must be non-negative"
    assert found["changed"].startswith("ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID")
    assert "first" not in found and len(found) == 8
    assert used(world) == 0.5


def test_invalid_resources_of_an_executor_refuse_the_launch() -> None:
    world, framework, _ = cluster()
    framework.accept({"name": "a", "executor": {**EXECUTOR, "resources": [cpus(-1)]}})
    assert refusals(framework)["a"].startswith("Executor uses invalid resources: ")
    assert used(world) == 0


def test_an_agent_of_a_former_version_gets_no_executor() -> None:
    world, framework, agent = cluster(former=True)
    framework.accept({"name": "a", "executor": EXECUTOR})
    world.run_until_idle()
    assert "upgrade it" in refusals(framework)["a"] and not agent.tasks


def test_words_go_both_ways() -> None:
    world, framework, agent = cluster()
    framework.accept({"name": "a", "executor": EXECUTOR})
    world.run_until_idle()
    at = {"agent_id": {"value": agent.id}, "executor_id": {"value": "e"}}
    framework.call("MESSAGE", **at, data="aGVsbG8=")
    world.run_until_idle()
    assert [(one["executor_id"], one["data"]) for one in agent.told] == [("e", "aGVsbG8=")]
    message = internal.FromExecutor(seq=0, framework_id=framework.id or "", executor_id="e", data=b"back")
    agent._post(message)
    assert framework.of("MESSAGE") == [{**at, "data": "YmFjaw=="}]
    framework.call("SHUTDOWN", **at)
    world.run_until_idle()
    assert not agent.executors and used(world) == 0
    counters = world.core.state.counters
    assert counters["master/valid_framework_to_executor_messages"] == 1
    assert counters["master/valid_executor_to_framework_messages"] == 1
    framework.call("MESSAGE", agent_id={"value": "none"}, executor_id={"value": "e"}, data="")
    assert counters["master/invalid_framework_to_executor_messages"] == 1


def test_a_new_master_knows_executors_again() -> None:
    world, framework, agent = cluster()
    framework.accept({"name": "a", "executor": {**EXECUTOR, "resources": [cpus(0.3)], "name": "shown"}})
    world.run_until_idle()
    world.restart()
    world.run_until_idle()
    assert used(world) == 0.8
    viewer = MasterViewer(world.core.state, 0.0, {}, None)
    shown = codec.decode(b"".join(viewer.state()), dict[str, Any])["frameworks"][0]
    (executor,) = shown["executors"]
    assert (executor["executor_id"], executor["name"], executor["slave_id"]) == ("e", "shown", agent.id)
    assert executor["resources"]["cpus"] == 0.3 and shown["tasks"][0]["executor_id"] == "e"
    agent.break_off()
    agent.executors.clear()
    world.run_until_idle()
    assert used(world) == 0.5, "the executor is gone, and its agent does not report it any more"


def test_an_executor_of_a_removed_framework_holds_nothing() -> None:
    world, framework, agent = cluster()
    framework.accept({"name": "a", "executor": {**EXECUTOR, "resources": [cpus(0.3)]}})
    world.run_until_idle()
    agent.say(agent.tasks[framework.id or "", "a"], "TASK_FINISHED")
    world.run_until_idle()
    assert used(world) == 0.3
    framework.call("TEARDOWN")
    framework.removed = True
    assert used(world) == 0
    world.run_until_idle()
    assert not agent.executors, "it was told, though it had no task"
