"""The agent's decisions on custom executors: started, subscribed, given tasks, shut down, lost, taken up again."""

from __future__ import annotations

import json

import pytest

from dcos_runtime.agent.core import events
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.agent.core.recorded import restored
from dcos_runtime.agent.core.records import MAX_HISTORY
from dcos_runtime.wire import codec, internal
from tests.support.cores.agent_executor import PretendedExecutor
from tests.support.cores.agent_world import FRAMEWORK, MASTER, World, acknowledge_all, last


@pytest.fixture
def executor(world: World) -> PretendedExecutor:
    """Subscribed, with the task ``t`` delivered."""
    world.run_in("e", "t")
    found = PretendedExecutor(world, "e")
    found.start()
    found.subscribe()
    world.run_until_idle()
    assert found.types() == ["LAUNCH"]
    return found


def gone(world: World) -> list[internal.ExecutorGone]:
    return [message for message in world.sent if isinstance(message, internal.ExecutorGone)]


def test_an_executor_gets_its_first_task_once_it_has_subscribed(world: World) -> None:
    world.run_in("e", "t", name="my executor")
    executor = PretendedExecutor(world, "e")
    executor.start()
    assert world.states("t") == []
    first, *others = executor.subscribe()
    assert first.subscribed is not None and others == []
    assert first.subscribed.executor_info.name == "my executor"
    assert first.subscribed.container_id is not None and first.subscribed.container_id.value == executor.container
    world.run_until_idle()
    assert executor.types() == ["LAUNCH"]


def test_statuses_are_the_executors_and_acknowledged_once_they_are_on_the_disk(
    world: World, executor: PretendedExecutor
) -> None:
    executor.update("t", "TASK_RUNNING", data=b"whatever")
    assert executor.types() == []
    world.run_until_idle()
    assert executor.types() == ["ACKNOWLEDGED"]
    status = world.updates["t"][0]
    assert (status.state.value, status.data) == ("TASK_RUNNING", b"whatever")
    assert status.executor_id is not None and status.executor_id.value == "e"
    assert status.container_status is not None and status.container_status.container_id is not None
    assert status.container_status.container_id.value == executor.container
    executor.update("t", "TASK_FINISHED")
    acknowledge_all(world, "t")
    assert world.states("t") == ["TASK_RUNNING", "TASK_FINISHED"] and world.gone == ["t"]
    assert not [key for key in world.disk if key.startswith("assigned/")]
    assert list(world.core.executors) == [(FRAMEWORK, "e")], "it stays, for more tasks"


def test_an_update_that_is_sent_twice_is_taken_once(world: World, executor: PretendedExecutor) -> None:
    status = executor.update("t", "TASK_RUNNING")
    executor.say(status)
    world.run_until_idle()
    executor.say(status)
    acknowledge_all(world, "t")
    assert world.states("t") == ["TASK_RUNNING"]
    assert executor.types().count("ACKNOWLEDGED") == 2


def test_tasks_of_one_executor_share_its_container_and_its_limits_follow_them(
    world: World, executor: PretendedExecutor
) -> None:
    world.run_in("e", "u", starts=False)
    world.run_until_idle()
    assert executor.types() == ["LAUNCH"]
    assert world.container_of("u") == world.container_of("t") and len(world.containers) == 1
    amounts = [
        sum(item["scalar"]["value"] for item in json.loads(task)["resources"])
        for task in (world.resized[-1].before, world.resized[-1].task)
    ]
    assert amounts == [1.0, 1.5]
    executor.update("u", "TASK_FINISHED")
    assert sum(item["scalar"]["value"] for item in json.loads(world.resized[-1].task)["resources"]) == 1.0


def test_a_checkpoint_of_a_task_holds_nothing_of_the_others(world: World, executor: PretendedExecutor) -> None:
    for number in range(20):
        world.run_in("e", f"u{number}", starts=False)
    world.run_until_idle()
    executor.update("t", "TASK_RUNNING")
    (write,) = world.persists
    assert write.key.startswith("assigned/") and write.value is not None
    assert len(write.value) < 2000


def test_the_history_of_a_task_is_bounded_and_no_update_is_lost(world: World, executor: PretendedExecutor) -> None:
    for _ in range(3 * MAX_HISTORY):
        executor.update("t", "TASK_RUNNING")
    for _ in range(3 * MAX_HISTORY):
        world.run_until_idle()
        world.acknowledge("t")
    record = world.core.tasks[FRAMEWORK, "t"].record
    assert len(world.updates["t"]) == 3 * MAX_HISTORY and not record.pending
    executor.update("t", "TASK_RUNNING")
    for _ in range(2 * MAX_HISTORY):
        world.run_until_idle()
        world.acknowledge("t")
        executor.update("t", "TASK_RUNNING")
    assert len(record.history) <= 3 * MAX_HISTORY


def test_a_kill_is_the_executors_to_carry_out(world: World, executor: PretendedExecutor) -> None:
    world.kill("t", 7)
    (event,) = executor.heard()
    assert event.kill is not None and event.kill.kill_policy is not None
    assert event.kill.kill_policy.grace_period is not None
    executor.update("t", "TASK_KILLED")
    acknowledge_all(world, "t")
    assert world.states("t") == ["TASK_KILLED"]


def test_a_kill_is_told_again_to_an_executor_that_subscribes_again(world: World, executor: PretendedExecutor) -> None:
    executor.update("t", "TASK_RUNNING")
    world.run_until_idle()
    executor.heard()
    executor.hang_up()
    world.kill("t")
    assert [event.type.value for event in executor.subscribe() if event.type] == ["SUBSCRIBED", "KILL"]


def test_a_task_that_is_killed_before_its_executor_knows_it_ends_and_takes_a_useless_executor_along(
    world: World,
) -> None:
    world.run_in("e", "t")
    world.run_until_idle()
    world.kill("t")
    world.run_until_idle()
    assert last(world, "t") == (
        "TASK_KILLED",
        "REASON_TASK_KILLED_DURING_LAUNCH",
        "Killed before delivery to the executor",
    )
    assert not world.core.executors and [message.executor_id for message in gone(world)] == ["e"]


def test_an_executor_that_ends_takes_its_tasks_along_and_its_framework_is_told(
    world: World, executor: PretendedExecutor
) -> None:
    executor.update("t", "TASK_RUNNING")
    world.run_until_idle()
    world.acknowledge("t")
    world.exit(executor.container, Exit(code=3))
    world.run_until_idle()
    assert last(world, "t") == ("TASK_FAILED", "REASON_EXECUTOR_TERMINATED", "Executor terminated")
    assert [(message.executor_id, message.status) for message in gone(world)] == [("e", 3 << 8)]
    acknowledge_all(world, "t")
    assert not world.core.tasks and not world.core.executors and not world.core.frameworks
    assert set(world.disk) == {"agent"}


def test_an_executor_that_does_not_subscribe_in_its_time_is_ended(world: World) -> None:
    world.run_in("e", "t")
    world.run_until_idle()
    world.advance(59)
    assert world.states("t") == []
    world.advance(2)
    world.run_until_idle()
    assert last(world, "t") == (
        "TASK_FAILED",
        "REASON_EXECUTOR_REGISTRATION_TIMEOUT",
        "Executor did not register within 60 s",
    )


def test_an_executor_that_cannot_be_started_fails_its_tasks(world: World) -> None:
    world.run_in("e", "t")
    world.run_in("e", "u", starts=False)
    world.persist()
    world.work(next(iter(world.containers)), fails=True)
    world.run_until_idle()
    for task in ("t", "u"):
        assert last(world, task) == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED", "Failed to launch container: no")


def test_what_the_agent_cannot_run_is_refused_with_the_reason(world: World) -> None:
    world.run_in("e", "t", container={"type": "MESOS", "hostname": "here"})
    world.run_until_idle()
    state, reason, message = last(world, "t")
    assert (state, reason) == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED")
    assert message is not None and "container.hostname" in message
    assert not world.core.executors


def test_a_task_for_an_executor_that_has_ended_meanwhile_is_dropped(world: World) -> None:
    world.run_in("e", "t", starts=False)
    world.run_until_idle()
    assert last(world, "t")[:2] == ("TASK_DROPPED", "REASON_EXECUTOR_TERMINATED")
    assert not world.core.executors


# --- shut down --------------------------------------------------------------------------------------------------------


def test_a_shutdown_is_told_and_after_the_grace_period_carried_out(world: World) -> None:
    world.run_in("e", "t", shutdown_grace_period={"nanoseconds": 9 * 10**9})
    executor = PretendedExecutor(world, "e")
    executor.start()
    executor.subscribe()
    world.run_until_idle()
    executor.update("t", "TASK_RUNNING")
    world.run_until_idle()
    executor.heard()
    world.down(internal.ShutdownExecutor, framework_id=FRAMEWORK, executor_id="e")
    assert executor.types() == ["SHUTDOWN"]
    world.run_in("e", "late", starts=False)
    world.advance(8)
    assert world.containers[executor.container].ops == []
    world.advance(2)
    assert world.containers[executor.container].ops == ["destroy"]
    world.run_until_idle()
    acknowledge_all(world, "t")
    assert last(world, "t")[:2] == ("TASK_FAILED", "REASON_EXECUTOR_TERMINATED")
    assert last(world, "late")[0] == "TASK_DROPPED"


def test_a_framework_that_is_shut_down_leaves_nothing(world: World, executor: PretendedExecutor) -> None:
    world.run_in("e", "u", starts=False)
    world.run_in("other", "v")
    executor.update("t", "TASK_FINISHED")
    world.run_until_idle()
    world.shutdown_framework()
    assert "SHUTDOWN" in executor.types()
    world.exit(executor.container, Exit(code=0))
    world.run_until_idle()
    assert not world.core.tasks and not world.core.executors
    assert set(world.disk) == {"agent"}


def test_data_goes_both_ways(world: World, executor: PretendedExecutor) -> None:
    world.down(internal.ToExecutor, framework_id=FRAMEWORK, executor_id="e", data=b"hello")
    (event,) = executor.heard()
    assert event.message is not None and event.message.data == b"hello"
    executor.message(b"\0back")
    (message,) = [message for message in world.sent if isinstance(message, internal.FromExecutor)]
    assert (message.framework_id, message.executor_id, message.data) == (FRAMEWORK, "e", b"\0back")


# --- restarts ---------------------------------------------------------------------------------------------------------


def test_an_executor_and_its_tasks_outlive_the_agent(world: World, executor: PretendedExecutor) -> None:
    executor.update("t", "TASK_RUNNING")
    world.run_until_idle()
    executor.heard()
    lost = executor.update("t", "TASK_RUNNING")  # a second one, which never reaches the disk
    world.crash()
    world.connect()
    assert [(one.executor_id, one.framework_id) for one in world.connects[-1].executors] == [("e", FRAMEWORK)]
    assert [(one.task_id, one.executor_id) for one in world.connects[-1].tasks] == [("t", "e")]
    assert [event.type.value for event in executor.subscribe() if event.type] == ["SUBSCRIBED"]
    world.run_until_idle()
    assert executor.types() == ["ACKNOWLEDGED"] and not executor.unacknowledged
    world.acknowledge("t")
    world.run_until_idle()
    assert world.updates["t"][-1].uuid == lost.uuid
    world.advance(100)
    assert list(world.core.executors)


def test_an_executor_that_does_not_come_back_in_its_time_is_ended(world: World, executor: PretendedExecutor) -> None:
    executor.update("t", "TASK_RUNNING")
    world.run_until_idle()
    world.crash()
    world.connect()
    world.advance(16)
    world.run_until_idle()
    world.acknowledge("t")
    world.run_until_idle()
    assert last(world, "t")[:2] == ("TASK_FAILED", "REASON_EXECUTOR_REREGISTRATION_TIMEOUT")


def test_a_task_that_its_executor_never_got_is_delivered_after_a_restart(world: World) -> None:
    world.run_in("e", "t")
    world.run_until_idle()
    world.crash()
    world.connect()
    executor = PretendedExecutor(world, "e")
    executor.subscribe()
    world.run_until_idle()
    assert executor.types() == ["LAUNCH"]


def test_a_launch_that_was_lost_on_its_way_is_dropped_as_in_mesos(world: World, executor: PretendedExecutor) -> None:
    executor.has.clear()  # as if it had not arrived
    executor.hang_up()
    executor.subscribe()
    world.run_until_idle()
    assert last(world, "t") == ("TASK_DROPPED", "REASON_AGENT_RESTARTED", "Task launched during agent restart")


def test_an_executor_that_ended_while_the_agent_was_away_is_noticed(world: World, executor: PretendedExecutor) -> None:
    container = executor.container
    world.containers[container].watched = False
    world.exit(container, Exit(signal=9))
    world.crash()
    world.connect()
    world.run_until_idle()
    assert last(world, "t")[:2] == ("TASK_FAILED", "REASON_EXECUTOR_TERMINATED")
    assert [message.status for message in gone(world)] == [9]


def test_a_reboot_ends_executors(world: World, executor: PretendedExecutor) -> None:
    world.crash(reboot=True)
    world.connect()
    world.run_until_idle()
    state, reason, message = last(world, "t")
    assert (state, reason) == ("TASK_FAILED", "REASON_EXECUTOR_TERMINATED") and "rebooted" in str(message)


@pytest.mark.parametrize("steps", range(12))
def test_a_crash_at_any_write_loses_no_task_and_leaves_no_record(world: World, steps: int) -> None:
    """Whatever was on the disk: every task ends, its framework is told, and nothing is left."""
    world.run_in("e", "t")
    world.run_in("e", "u", starts=False)
    executor = PretendedExecutor(world, "e")
    done = 0
    while done < steps and (world.persists or any(one.ops for one in world.containers.values())):
        if world.persists:
            world.persist(1)
        for name, container in list(world.containers.items()):
            if container.ops:
                world.work(name)
                if container.state == "running" and not executor.stream:
                    executor.subscribe()
        executor.heard()
        done += 1
    world.crash()
    world.connect()
    world.run_until_idle()
    for _ in range(3):
        world.advance(120)
        world.connect()
        world.run_until_idle()
        for task in list(world.in_flight):
            acknowledge_all(world, task)
    assert not world.core.tasks and not world.core.executors
    assert set(world.disk) == {"agent"}


def test_a_full_disk_drops_the_launch(world: World) -> None:
    world.run_in("e", "t")
    while world.persists:
        world.persist_fails()
    world.run_until_idle()
    assert last(world, "t")[0] == "TASK_DROPPED"
    acknowledge_all(world, "t")
    assert not world.core.tasks and not world.core.executors


def test_an_old_master_is_told_nothing_that_it_cannot_read(world: World, executor: PretendedExecutor) -> None:
    world.core.membership.at.version = internal.WITH_EXECUTORS - 1
    executor.message(b"x")
    world.feed(events.Exited(executor.container, Exit(code=0)))
    world.run_until_idle()
    assert not [one for one in world.sent if isinstance(one, internal.FromExecutor | internal.ExecutorGone)]


def test_executors_end_in_good_order_when_the_machine_is_shut_down(world: World, executor: PretendedExecutor) -> None:
    executor.update("t", "TASK_RUNNING")
    world.run_until_idle()
    world.acknowledge("t")
    executor.heard()
    world.feed(events.PowerOff(3.0))
    assert executor.types() == ["SHUTDOWN"]
    world.run_in("e", "late", starts=False)
    world.run_in("f", "later")
    world.advance(4)
    world.run_until_idle()
    assert last(world, "t")[:2] == ("TASK_KILLED", "REASON_AGENT_DRAINING")
    assert last(world, "late")[0] == last(world, "later")[0] == "TASK_DROPPED"
    assert last(world, "later")[1] == "REASON_AGENT_DRAINING"


# --- what the simulated cluster found ---


def test_an_executor_that_ends_while_a_master_admits_its_agent_is_told_then(
    world: World, executor: PretendedExecutor
) -> None:
    """The master has just heard of it, and would hold its resources for ever."""
    container = executor.container
    world.disconnect()
    while world.connection is None:
        world.advance(1.0)
    world.feed(events.EndpointFound(world.connection, *MASTER, (internal.VERSION,)))
    assert [one.executor_id for one in world.connects[-1].executors] == ["e"]
    world.exit(container, Exit(code=1))
    world.run_until_idle()
    world.connected, world.sent, world.in_flight, world.down_seq = True, [], {}, 1
    connected = internal.Connected(
        agent_id="agent-1", epoch=9, seq=1, master_id="master", ping_seconds=15.0, version=internal.VERSION
    )
    assert restored(b"seed", world.core.snapshot()).unsaid == world.core.unsaid != {}
    world.feed(events.Received(world.connection, codec.encode(connected)))
    assert [(one.executor_id, one.status) for one in gone(world)] == [("e", 256)]
    world.disconnect()
    world.connect()
    assert gone(world) == [] and world.connects[-1].executors == []


def test_the_master_is_told_of_an_executor_that_is_not_started_at_all(world: World) -> None:
    world.connect()
    world.feed(events.PowerOff(1.0))
    world.run_in("e", "t")
    world.run_until_idle()
    assert last(world, "t")[:2] == ("TASK_DROPPED", "REASON_AGENT_DRAINING")
    assert [one.executor_id for one in gone(world)] == ["e"]
    world.run_in("e", "u", starts=False)
    world.run_until_idle()
    assert [one.executor_id for one in gone(world)] == ["e"]  # the master holds nothing for it


def test_a_task_that_runs_on_is_not_given_up_when_it_cannot_be_written(
    world: World, executor: PretendedExecutor
) -> None:
    executor.update("t", "TASK_RUNNING")
    world.run_until_idle()
    world.acknowledge("t")
    world.run_until_idle()
    world.crash()
    world.connect()
    world.persist()
    executor.subscribe()
    world.kill("t")
    while world.persists:
        world.persist_fails()
    assert world.states("t") == ["TASK_RUNNING"]
    executor.update("t", "TASK_KILLED")
    world.advance(5)
    acknowledge_all(world, "t")
    assert world.states("t") == ["TASK_RUNNING", "TASK_KILLED"]


def test_the_end_of_a_task_that_nobody_waits_for_is_acknowledged_to_its_executor(
    world: World, executor: PretendedExecutor
) -> None:
    world.shutdown_framework()
    executor.update("t", "TASK_KILLED")
    assert executor.types() == ["SHUTDOWN", "ACKNOWLEDGED"] and executor.unacknowledged == []
