"""The agent's decisions on task groups: all or none, together to the end, each in a container within the executor's."""

from __future__ import annotations

import json

import pytest

from dcos_runtime.agent.core import stored
from dcos_runtime.agent.core.effects import Prepare
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.wire import internal
from tests.support.cores.agent_world import FRAMEWORK, World, last


def root(world: World) -> str:
    return world.core.executors[FRAMEWORK, "pod"].container.container_id


def gone(world: World) -> list[tuple[str, int]]:
    return [(one.executor_id, one.status) for one in world.sent if isinstance(one, internal.ExecutorGone)]


def settle(world: World) -> None:
    for _ in range(20):
        world.run_until_idle()
        if not world.in_flight:
            return
        world.acknowledge(next(iter(world.in_flight)))


def until_tasks(world: World) -> None:
    """The next write is that of the first task."""
    while not world.persists[0].key.startswith("tasks/"):
        world.persist(1)


def nothing_is_left(world: World) -> None:
    settle(world)
    assert not world.core.tasks and not world.core.executors
    assert not [key for key in world.disk if key.startswith(("tasks/", "executors/"))]
    assert {container.state for container in world.containers.values()} <= {"absent"}


@pytest.fixture
def pod(world: World) -> World:
    """The group ``a`` and ``b`` runs."""
    world.run_group("pod", "a", "b")
    settle(world)
    assert world.states("a") == world.states("b") == ["TASK_STARTING", "TASK_RUNNING"]
    return world


def test_containers_of_a_group_are_within_that_of_its_executor(pod: World) -> None:
    containers = [pod.container_of(task) for task in ("a", "b")]
    assert [one.rpartition(".")[0] for one in containers] == [root(pod)] * 2 and len(set(containers)) == 2
    status = pod.updates["a"][-1]
    assert status.executor_id is not None and status.executor_id.value == "pod"
    assert status.container_status is not None and status.container_status.container_id is not None
    inner = status.container_status.container_id
    assert inner.parent is not None and inner.parent.value == root(pod) and f"{root(pod)}.{inner.value}" in containers


def test_containers_are_made_once_the_whole_group_is_on_the_disk_and_the_executors_runs(world: World) -> None:
    world.run_group("pod", "a", "b")
    until_tasks(world)
    world.persist(1)
    container = root(world)
    while world.containers[container].ops:
        world.work(container)
    prepared = [effect for _, _, effects in world.history for effect in effects if isinstance(effect, Prepare)]
    assert [one.container_id for one in prepared] == [container]
    world.persist()
    prepared = [effect for _, _, effects in world.history for effect in effects if isinstance(effect, Prepare)]
    assert [one.within for one in prepared] == ["pod"] * 3
    assert [one.parent_pid for one in prepared[1:]] == [4242] * 2
    assert "sleep" in json.loads(prepared[0].task)["command"]["value"]


def test_a_task_that_fails_takes_its_group_along_and_the_executor_ends(pod: World) -> None:
    pod.exit(pod.container_of("a"), Exit(code=3))
    pod.run_until_idle()
    assert last(pod, "a") == ("TASK_FAILED", None, "Command exited with status 3")
    settle(pod)
    assert pod.containers[pod.container_of("b")].signals == [15]
    pod.exit(pod.container_of("b"), Exit(signal=15))
    settle(pod)
    assert pod.states("b")[2:] == ["TASK_KILLING", "TASK_KILLED"]
    assert last(pod, "b") == ("TASK_KILLED", None, "Command terminated with signal Terminated")
    assert gone(pod) == [("pod", 0)]
    nothing_is_left(pod)


def test_a_task_that_finishes_leaves_the_others_alone(pod: World) -> None:
    pod.exit(pod.container_of("a"), Exit(code=0))
    settle(pod)
    assert last(pod, "a")[0] == "TASK_FINISHED" and pod.states("b")[-1] == "TASK_RUNNING" and not gone(pod)
    pod.exit(pod.container_of("b"), Exit(code=0))
    settle(pod)
    assert last(pod, "b")[0] == "TASK_FINISHED" and gone(pod) == [("pod", 0)]
    nothing_is_left(pod)


def test_a_kill_of_one_kills_all_of_its_group_and_no_other_group(pod: World) -> None:
    pod.run_group("pod", "c", starts=False)
    settle(pod)
    pod.kill("a")
    settle(pod)
    assert pod.states("b")[-1] == "TASK_RUNNING"
    pod.exit(pod.container_of("a"), Exit(signal=15))
    settle(pod)
    assert last(pod, "a")[0] == "TASK_KILLED" and pod.states("b")[-1] == "TASK_KILLING"
    pod.exit(pod.container_of("b"), Exit(signal=15))
    settle(pod)
    assert last(pod, "b")[0] == "TASK_KILLED" and pod.states("c")[-1] == "TASK_RUNNING" and not gone(pod)


def test_a_task_that_cannot_be_launched_takes_its_group_along(world: World) -> None:
    world.run_group("pod", "a", "b")
    world.persist()
    container = root(world)
    while world.containers[container].ops:
        world.work(container)
    world.work(world.container_of("a"), fails=True)
    settle(world)
    assert last(world, "a") == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED", "Failed to launch container: no")
    assert last(world, "b")[0] == "TASK_KILLED"
    nothing_is_left(world)


def test_a_group_of_which_one_cannot_be_run_is_not_run(world: World) -> None:
    world.run_group("pod", "a", "b", b={"container": {"type": "MESOS", "hostname": "h"}})
    settle(world)
    for task in ("a", "b"):
        state, reason, message = last(world, task)
        assert (state, reason) == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED")
        assert message is not None and "container.hostname" in message
    assert gone(world) == [("pod", -1)], "the master holds its resources until it is told"
    nothing_is_left(world)


def test_a_launch_that_cannot_be_written_down_ends_the_group(world: World) -> None:
    world.run_group("pod", "a", "b")
    until_tasks(world)
    world.persist_fails()
    settle(world)
    assert last(world, "a")[0] == "TASK_DROPPED" and last(world, "b")[0] == "TASK_KILLED"
    nothing_is_left(world)


def test_an_executor_whose_container_ends_takes_its_tasks_along(pod: World) -> None:
    container, child = root(pod), pod.container_of("a")
    pod.exit(container, Exit(signal=9))
    assert pod.containers[child].ops == ["destroy"] and not pod.containers[container].ops, "what is within goes first"
    settle(pod)
    for task in ("a", "b"):
        assert last(pod, task) == ("TASK_FAILED", "REASON_EXECUTOR_TERMINATED", "Executor terminated")
    nothing_is_left(pod)


def test_an_executor_that_is_shut_down_kills_its_tasks(pod: World) -> None:
    pod.down(internal.ShutdownExecutor, framework_id=FRAMEWORK, executor_id="pod")
    settle(pod)
    for task in ("a", "b"):
        pod.exit(pod.container_of(task), Exit(signal=15))
    settle(pod)
    assert last(pod, "a")[0] == last(pod, "b")[0] == "TASK_KILLED" and gone(pod) == [("pod", 0)]
    nothing_is_left(pod)


def test_a_framework_that_is_shut_down_leaves_nothing(pod: World) -> None:
    pod.shutdown_framework()
    settle(pod)
    for task in ("a", "b"):
        pod.exit(pod.container_of(task), Exit(signal=15))
    nothing_is_left(pod)
    assert set(pod.disk) - {key for key in pod.disk if key.startswith("history/")} == {"agent"}


@pytest.mark.parametrize("reboot", [False, True])
def test_a_group_outlives_its_agent_and_not_its_machine(pod: World, reboot: bool) -> None:
    container = root(pod)
    pod.crash(reboot)
    pod.connect()
    settle(pod)
    if reboot:
        assert {last(pod, "a")[0], last(pod, "b")[0]} <= {"TASK_GONE", "TASK_KILLED"}
        nothing_is_left(pod)
        return
    assert root(pod) == container and pod.states("a")[-1] == "TASK_RUNNING"
    (connect,) = pod.connects[-1:]
    assert [one.executor_id for one in connect.executors] == ["pod"]
    assert [one.executor_id for one in connect.tasks] == ["pod"] * 2
    pod.exit(pod.container_of("a"), Exit(code=1))
    settle(pod)
    assert pod.states("b")[-1] == "TASK_KILLING"


def test_a_group_is_ended_of_which_one_failed_while_the_agent_was_away(pod: World) -> None:
    child = pod.containers[pod.container_of("b")]
    child.state, child.exit, child.watched = "exited", Exit(code=1), False
    pod.crash()
    pod.connect()
    settle(pod)
    assert last(pod, "b")[0] == "TASK_FAILED" and pod.states("a")[-1] == "TASK_KILLING"
    assert pod.containers[pod.container_of("a")].signals == [15]


def test_a_group_that_was_not_started_when_the_agent_died_is_dropped(world: World) -> None:
    world.run_group("pod", "a", "b")
    world.persist()
    world.crash()
    world.connect()
    settle(world)
    assert last(world, "a")[:2] == ("TASK_DROPPED", "REASON_AGENT_RESTARTED")
    assert last(world, "b")[0] in ("TASK_DROPPED", "TASK_KILLED")
    nothing_is_left(world)


def test_a_lost_checkpoint_of_an_executor_ends_its_tasks(pod: World) -> None:
    del pod.disk[f"executors/{root(pod)}"]
    pod.crash()
    pod.connect()
    settle(pod)
    assert last(pod, "a")[0] == last(pod, "b")[0] == "TASK_GONE"
    nothing_is_left(pod)


def test_a_checkpoint_of_a_task_does_not_repeat_its_executor(pod: World) -> None:
    value = pod.disk[f"tasks/{pod.container_of('a')}"]
    run = stored.read_run(value)
    assert bytes(run.executor.info) == b"null" and run.executor.container_id == root(pod)


def test_a_task_for_an_executor_that_is_ending_is_dropped(pod: World) -> None:
    pod.down(internal.ShutdownExecutor, framework_id=FRAMEWORK, executor_id="pod")
    pod.run_group("pod", "c", starts=False)
    pod.run_group("none", "d", starts=False)
    settle(pod)
    assert last(pod, "c") == ("TASK_DROPPED", "REASON_EXECUTOR_TERMINATED", "Executor terminating")
    assert last(pod, "d") == ("TASK_DROPPED", "REASON_EXECUTOR_TERMINATED", "Executor terminated")
