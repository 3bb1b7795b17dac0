"""The agent's decisions after a crash: what it finds, what it tells, and under which id."""

from __future__ import annotations

import signal

from dcos_runtime.agent.core import events
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.wire import internal
from tests.support.cores.agent_world import Container, World, acknowledge_all, last

DONE = Exit(code=0)
KILLED = Exit(signal=signal.SIGKILL)
ENDED_BY_TERM = Exit(signal=signal.SIGTERM)


# --- the machine is shut down ---------------------------------------------------------------------------------------


def test_tasks_get_their_grace_within_bounds_and_nothing_is_launched_any_more(world: World) -> None:
    patient = world.launch("patient", kill_policy={"grace_period": {"nanoseconds": 600_000_000_000}})
    usual = world.launch("usual")
    world.feed(events.PowerOff(45.0))
    world.run_until_idle()
    assert world.containers[patient].signals == world.containers[usual].signals == [signal.SIGTERM]
    world.run("late")
    world.run_until_idle()
    assert last(world, "late")[:2] == ("TASK_DROPPED", "REASON_AGENT_DRAINING")
    world.exit(usual, ENDED_BY_TERM)
    acknowledge_all(world, "usual")
    text = "The machine is being shut down: Command terminated with signal Terminated"
    assert world.states("usual") == ["TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"]
    assert last(world, "usual") == ("TASK_KILLED", "REASON_AGENT_DRAINING", text)
    world.advance(44)
    assert world.containers[patient].ops == []
    world.advance(1)
    assert world.containers[patient].ops == ["signal 9"]


def test_what_the_agent_could_not_see_through_before_the_machine_was_off_is_told_after_the_boot(world: World) -> None:
    world.launch("t")
    world.feed(events.PowerOff(45.0))
    world.run_until_idle()
    world.crash(reboot=True)
    world.connect()
    acknowledge_all(world, "t")
    assert last(world, "t")[:2] == ("TASK_KILLED", "REASON_AGENT_DRAINING")
    world.run("next")
    world.run_until_idle()
    assert world.states("next") == ["TASK_STARTING"]


# --- coming back ------------------------------------------------------------------------------------------------------


def test_a_running_task_is_known_again_after_a_crash(world: World) -> None:
    container = world.launch("t")
    world.crash()
    world.connect()
    assert [task.state.value for task in world.connects[-1].tasks] == ["TASK_RUNNING"]
    world.run_until_idle()
    assert world.containers[container].watched and world.containers[container].starts == 1
    world.exit(container, Exit(code=7))
    world.run_until_idle()
    assert last(world, "t") == ("TASK_FAILED", None, "Command exited with status 7")


def test_how_a_task_ended_meanwhile_is_told_after_a_crash(world: World) -> None:
    container = world.launch("t")
    world.containers[container].watched = False
    world.exit(container, Exit(code=5))
    world.crash()
    world.connect()
    world.run_until_idle()
    assert last(world, "t") == ("TASK_FAILED", None, "Command exited with status 5")


def test_a_task_that_was_only_intended_is_dropped(world: World) -> None:
    world.run("t")
    world.persist()
    world.crash()
    world.connect()
    world.run_until_idle()
    assert last(world, "t")[:2] == ("TASK_DROPPED", "REASON_AGENT_RESTARTED")


def test_a_task_that_was_created_and_not_started_is_dropped_and_its_container_destroyed(world: World) -> None:
    world.run("t")
    world.persist()
    container = world.container_of("t")
    world.work(container)
    world.crash(written=99)
    assert world.containers[container].ops == ["destroy"]
    world.connect()
    acknowledge_all(world, "t")
    assert last(world, "t")[:2] == ("TASK_DROPPED", "REASON_AGENT_RESTARTED")
    assert world.containers[container].starts == 0


def test_a_task_that_ran_before_its_start_was_written_is_told_in_order(world: World) -> None:
    world.run("t")
    world.persist()
    container = world.container_of("t")
    world.work(container)
    world.work(container)
    world.crash()
    world.connect()
    acknowledge_all(world, "t")
    assert world.states("t") == ["TASK_STARTING", "TASK_RUNNING"]
    assert world.containers[container].state == "running"


def test_a_task_running_without_its_supervisor_is_killed_and_lost() -> None:
    world = World(capabilities=())
    world.connect()
    container = world.launch("t")
    world.containers[container].watched = False
    world.supervisor_dies(container)
    world.crash()
    assert world.containers[container].ops == ["destroy"]
    world.connect()
    world.run_until_idle()
    state, reason, message = last(world, "t")
    assert (state, reason) == ("TASK_LOST", "REASON_EXECUTOR_TERMINATED")
    assert message is not None and "supervisor" in message


def test_a_reboot_is_told_as_the_reason(world: World) -> None:
    world.launch("t")
    world.crash(reboot=True)
    world.connect()
    world.run_until_idle()
    state, _, message = last(world, "t")
    assert state == "TASK_GONE" and message is not None and "rebooted" in message


def test_a_kills_grace_goes_on_counting_through_a_crash(world: World) -> None:
    container = world.launch("t")
    world.kill("t", 30)
    world.run_until_idle()
    world.mono += 20
    world.crash()
    world.connect()
    world.advance(5)
    world.run_until_idle()
    assert signal.SIGKILL not in world.containers[container].signals
    world.advance(10)
    world.run_until_idle()
    assert signal.SIGKILL in world.containers[container].signals


def test_an_unacknowledged_update_is_sent_again_after_a_crash_with_the_same_uuid(world: World) -> None:
    world.run("t")
    world.run_until_idle()
    uuid = world.in_flight["t"]
    world.crash()
    world.connect()
    world.run_until_idle()
    assert world.in_flight["t"] == uuid


def test_the_agent_comes_back_under_the_same_id(world: World) -> None:
    world.run_until_idle()
    world.crash()
    world.connect()
    info = world.connects[-1].agent
    assert info.id is not None and info.id.value == "agent-1"


def test_containers_of_no_task_are_destroyed_at_the_start() -> None:
    world = World()
    world.crash()
    world.containers["stranger"] = Container(state="running")
    world.crash()
    assert world.containers["stranger"].ops == ["destroy"]
    world.run_until_idle()
    assert world.containers["stranger"].state == "absent"


# --- what a crash takes back was told to nobody -----------------------------------------------------------------------


def test_an_end_that_is_not_on_the_disk_is_not_told_to_the_next_master(world: World) -> None:
    container = world.launch("t")
    world.exit(container, Exit(code=0))
    assert world.persists, "its end is being written"
    world.disconnect()
    world.connect()
    reported = world.connects[-1].tasks[0]
    assert (
        reported.state.value == reported.status_state.value == "TASK_RUNNING"
        and reported.unacknowledged == internal.NOTHING
    )
    world.containers[container].state = "orphaned"  # how it ended was lost, too: it ends as another
    world.crash()
    world.connect()
    acknowledge_all(world, "t")
    assert world.states("t") == ["TASK_STARTING", "TASK_RUNNING", "TASK_GONE"]


def test_a_state_that_is_not_on_the_disk_does_not_go_out_with_an_older_update(world: World) -> None:
    world.run("t")
    world.run_until_idle()
    container, sent = world.container_of("t"), len(world.sent)
    world.exit(container, Exit(code=0))
    while len(world.sent) == sent:
        world.advance(5.0)
        world.down(internal.Ping)
        sent += 1
    again = [message for message in world.sent if isinstance(message, internal.Update)][-1]
    assert (again.status.state.value, again.latest_state.value) == ("TASK_STARTING", "TASK_RUNNING")
    world.persist()
    world.disconnect()
    world.connect()
    again = [message for message in world.sent if isinstance(message, internal.Update)][-1]
    assert (again.status.state.value, again.latest_state.value) == ("TASK_STARTING", "TASK_FINISHED")


def test_a_launch_that_is_not_on_the_disk_is_told_as_the_master_knows_it(world: World) -> None:
    world.run("t", container={"type": "DOCKER", "docker": {"image": "none"}})
    assert world.core.tasks[("fw", "t")].record.state.value == "TASK_FAILED", "it is refused"
    world.disconnect()
    world.connect()
    reported = world.connects[-1].tasks[0]
    assert (reported.state.value, reported.status, reported.status_state) == ("TASK_STAGING", internal.NOTHING, None)
    world.crash()
    world.connect()
    assert world.connects[-1].tasks == [], "so that the master says that it never arrived"
