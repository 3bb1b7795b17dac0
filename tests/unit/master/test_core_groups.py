"""Task groups in the master: launched as a whole or not at all, and charged with their executor. The texts are those of
a real Mesos 1.11.
"""

from __future__ import annotations

from typing import Any

import pytest

from dcos_runtime.wire import codec
from dcos_runtime.wire.tasks import ExecutorInfo
from tests.support.cores.master_framework import WorldFramework
from tests.support.cores.master_heard import Heard, used
from tests.support.cores.master_world import World, WorldAgent


def held(cpus: float = 0.5, mem: float = 64, disk: float = 1) -> list[dict[str, Any]]:
    amounts = {"cpus": cpus, "mem": mem, "disk": disk}
    return [{"name": name, "type": "SCALAR", "scalar": {"value": amount}} for name, amount in amounts.items()]


EXECUTOR: dict[str, Any] = {"executor_id": {"value": "pod"}, "type": "DEFAULT", "resources": held(0.25)}


class Grouping(Heard):
    def accept_group(self, *tasks: dict[str, Any], executor: dict[str, Any] = EXECUTOR) -> None:
        self.call("REVIVE")
        self.world.live(3.0)
        offer = self.offers.pop(min(self.offers))
        infos = [
            {"name": "t", "agent_id": offer["agent_id"], "resources": held(), "command": {"value": "true"}, **task}
            for task in tasks
        ]
        for info in infos:
            info.setdefault("task_id", {"value": info["name"]})
        group = {"executor": executor, "task_group": {"tasks": infos}}
        self.call("ACCEPT", offer_ids=[offer["id"]], operations=[{"type": "LAUNCH_GROUP", "launch_group": group}])

    def ended(self) -> dict[str, tuple[str, str, str]]:
        statuses = [update["status"] for update in self.of("UPDATE")]
        return {
            one["task_id"]["value"]: (one["state"], one["reason"], one["message"])
            for one in statuses
            if one["state"] == "TASK_ERROR"
        }


def cluster() -> tuple[World, Grouping, WorldAgent]:
    world = World(agents=1, frameworks=0)
    framework = Grouping(world)
    frameworks: list[WorldFramework] = [framework]
    world.frameworks = frameworks
    world.agents[0].more = [{"name": "disk", "type": "SCALAR", "scalar": {"value": 512}}]
    world.agents[0].former = False
    world.run_until_idle()
    return world, framework, world.agents[0]


def test_a_group_and_its_executor_are_charged_and_told_in_one_message() -> None:
    world, framework, agent = cluster()
    framework.accept_group({"name": "a"}, {"name": "b"})
    assert framework.ended() == {}
    assert used(world) == 1.25
    world.run_until_idle()
    (group,) = agent.groups
    assert group["launch_executor"] is True
    assert [task["task_id"]["value"] for task in group["tasks"]] == ["a", "b"]
    assert {task["executor"]["type"] for task in group["tasks"]} == {"DEFAULT"}
    assert {task.executor_id for task in world.core.state.frameworks[framework.id or ""].tasks.values()} == {"pod"}


def test_a_second_group_does_not_start_the_executor_again() -> None:
    world, framework, agent = cluster()
    framework.accept_group({"name": "a"})
    world.run_until_idle()
    framework.accept_group({"name": "b"})
    world.run_until_idle()
    sent = [message["launch_executor"] for message in agent.groups]
    assert sent == [True, False] and used(world) == 1.25
    framework.accept_group({"name": "c"}, executor={**EXECUTOR, "name": "other"})
    assert "not compatible with existing ExecutorInfo" in framework.ended()["c"][2]


WRONG: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({}, {"type": None}, "'ExecutorInfo.type' must be set"),
    ({}, {"command": {"value": "x"}}, "'ExecutorInfo.command' must not be set for 'DEFAULT' executor"),
    (
        {},
        {"container": {"type": "DOCKER"}},
        "'ExecutorInfo.container.type' must be 'MESOS' for 'DEFAULT' executor",
    ),
    (
        {},
        {"container": {"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": {"name": "x"}}}}},
        "'ExecutorInfo.container.mesos.image' must not be set for 'DEFAULT' executor",
    ),
    ({}, {"resources": []}, "Executor 'pod' uses less CPUs (None) than the minimum required (0.01)"),
    ({}, {"resources": held(0.001)}, "Executor 'pod' uses less CPUs (0.001) than the minimum required (0.01)"),
    ({}, {"resources": held(0.1, 1)}, "Executor 'pod' uses less memory (1MB) than the minimum required (32MB)"),
    ({}, {"resources": held()[:2]}, "Executor 'pod' uses no disk"),
    ({}, {"executor_id": {"value": "e/1"}}, "'e/1' contains invalid characters"),
    ({}, {"executor_id": {"value": ""}}, "ID must not be empty"),
    ({}, {"type": "CUSTOM"}, "'ExecutorInfo.command' must be set for 'CUSTOM' executor"),
    (
        {},
        {"shutdown_grace_period": {"nanoseconds": -1}},
        "ExecutorInfo's 'shutdown_grace_period' must be non-negative",
    ),
    ({"resources": []}, {}, "Task 'a' is invalid: Task uses no resources"),
    (
        {"container": {"type": "DOCKER", "docker": {"image": "x"}}},
        {},
        "Task 'a' is invalid: Docker ContainerInfo is not supported on the task",
    ),
    (
        {"health_check": {"type": "HTTP"}},
        {},
        "Task 'a' is invalid: Task uses invalid health check: Expecting 'http' to be set for HTTP health check",
    ),
    ({"task_id": {"value": "b"}}, {}, "Task 'b' is invalid: Task has duplicate ID: b"),
]


def test_a_group_of_which_a_part_is_wrong_is_refused_as_a_whole() -> None:
    world, framework, agent = cluster()
    for task, executor, text in WRONG:
        framework.heard.clear()
        changed = {name: value for name, value in {**EXECUTOR, **executor}.items() if value is not None}
        framework.accept_group({"name": "a", **task}, {"name": "b"}, executor=changed)
        found = framework.ended()
        assert found["b"] == ("TASK_ERROR", "REASON_TASK_GROUP_INVALID", text)
        assert set(found.values()) == {found["b"]}
    assert used(world) == 0 and not agent.groups


def test_a_group_that_is_too_large_is_refused_with_what_it_needs() -> None:
    world, framework, _ = cluster()
    framework.accept_group({"name": "a"}, {"name": "b", "resources": held(100)})
    state, reason, text = framework.ended()["a"]
    assert (state, reason) == ("TASK_ERROR", "REASON_TASK_GROUP_INVALID")
    assert text.startswith("Total resources cpus(allocated: *):100.75;")
    assert "required by task group and its executor are more than available" in text
    assert used(world) == 0


@pytest.mark.parametrize("version", [1, 2, 3])
def test_an_agent_that_knows_no_groups_gets_none(version: int) -> None:
    world, framework, agent = cluster()
    world.core.state.agents[agent.id or ""].version = version
    framework.accept_group({"name": "a"})
    assert f"speaks version {version} of the agent protocol" in framework.ended()["a"][2]


def test_a_group_is_kept_through_a_failover() -> None:
    world, framework, agent = cluster()
    framework.accept_group({"name": "a"}, {"name": "b"})
    world.run_until_idle()
    assert used(world) == 1.25
    world.restart()
    world.run_until_idle()
    assert used(world) == 1.25
    (record,) = world.core.state.agents[agent.id or ""].all_executors()
    assert record.id == "pod" and codec.decode(record.info, ExecutorInfo).type is ExecutorInfo.Type.DEFAULT
