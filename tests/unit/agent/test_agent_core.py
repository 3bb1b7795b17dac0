"""The agent's decisions on tasks, one at a time: launches, updates, kills, failures, dismissal."""

from __future__ import annotations

import signal

import pytest

from dcos_runtime.agent.core import events
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.wire import internal
from tests.support.cores.agent_world import World, acknowledge_all, last, status

DONE = Exit(code=0)
KILLED = Exit(signal=signal.SIGKILL)
ENDED_BY_TERM = Exit(signal=signal.SIGTERM)


def test_a_task_starts_runs_and_finishes_as_mesos_tells_it(world: World) -> None:
    container = world.launch("t")
    world.exit(container, DONE)
    acknowledge_all(world, "t")
    assert world.states("t") == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]
    assert last(world, "t") == ("TASK_FINISHED", None, "Command exited with status 0")
    status = world.updates["t"][1]
    assert status.source is not None and status.source.value == "SOURCE_EXECUTOR"
    assert status.container_status is not None and status.container_status.executor_pid == 4242
    assert status.container_status.network_infos[0].ip_addresses[0].ip_address == "198.18.5.2"
    assert world.gone == ["t"]
    assert not world.core.tasks and not [key for key in world.disk if key.startswith(("tasks/", "frameworks/"))]
    assert world.containers[container].state == "absent"


@pytest.mark.parametrize(
    ("ended", "message"),
    [(Exit(code=3), "Command exited with status 3"), (KILLED, "Command terminated with signal Killed")],
)
def test_a_task_that_ends_badly_has_failed_with_mesos_words(world: World, ended: Exit, message: str) -> None:
    world.exit(world.launch("t"), ended)
    world.run_until_idle()
    assert last(world, "t") == ("TASK_FAILED", None, message)


def test_a_task_over_its_memory_says_so_and_how_much_it_had(world: World) -> None:
    world.exit(world.launch("t"), Exit(signal=9, oom=True, memory_limit=64 << 20, memory_peak=64 << 20))
    world.run_until_idle()
    state, reason, message = last(world, "t")
    assert (state, reason) == ("TASK_FAILED", "REASON_CONTAINER_LIMITATION_MEMORY")
    assert message is not None and message.startswith("Memory limit exceeded: Requested: 64MB Maximum Used: 64MB")
    limitation = world.updates["t"][-1].limitation
    assert limitation is not None and limitation.resources[0].name == "mem"


def test_a_task_over_its_disk_is_ended_and_told_its_figures(world: World) -> None:
    container = world.launch("t")
    world.feed(events.DiskExceeded(container, 12 << 20, 10 << 20))
    world.feed(events.DiskExceeded(container, 13 << 20, 10 << 20))
    world.run_until_idle()
    assert last(world, "t") == (
        "TASK_FAILED",
        "REASON_CONTAINER_LIMITATION_DISK",
        "Disk usage (12MB) exceeds quota (10MB)",
    )
    limitation = world.updates["t"][-1].limitation
    assert limitation is not None and limitation.resources[0].name == "disk"
    assert limitation.resources[0].scalar is not None and limitation.resources[0].scalar.value == 10.0
    assert world.containers[container].state == "absent"


def test_a_task_over_the_size_of_a_volume_is_told_which(world: World) -> None:
    world.feed(events.DiskExceeded(world.launch("t"), 12 << 20, 10 << 20, "/mnt/mesos/sandbox/db"))
    world.run_until_idle()
    message = "Disk usage (12MB) exceeds quota (10MB) of the volume at /mnt/mesos/sandbox/db"
    assert last(world, "t") == ("TASK_FAILED", "REASON_CONTAINER_LIMITATION_DISK", message)


def test_a_task_whose_disk_cannot_be_counted_is_told_why(world: World) -> None:
    container = world.launch("t")
    world.feed(events.DiskTooDeep(container, 512, 10 << 20))
    world.run_until_idle()
    state, reason, message = last(world, "t")
    assert (state, reason) == ("TASK_FAILED", "REASON_CONTAINER_LIMITATION_DISK")
    assert message is not None and "512" in message and "quota (10MB)" in message and "exceeds" not in message


def test_a_task_that_listens_where_it_may_not_is_ended_in_the_words_of_mesos(world: World) -> None:
    container = world.launch("t")
    world.feed(events.PortsUnallocated(container, ((8000, 8001), (9000, 9000))))
    world.run_until_idle()
    assert last(world, "t") == (
        "TASK_FAILED",
        "REASON_CONTAINER_LIMITATION",
        f"Container {container} is listening on unallocated port(s): [8000-8001, 9000-9000]",
    )
    limitation = world.updates["t"][-1].limitation
    assert limitation is not None and limitation.resources[0].name == "ports"
    ranges = limitation.resources[0].ranges
    assert ranges is not None and [(one.begin, one.end) for one in ranges.range] == [(8000, 8001), (9000, 9000)]
    assert world.containers[container].state == "absent"


def test_nothing_is_prepared_before_the_intent_is_durable(world: World) -> None:
    world.run("t")
    assert not world.containers
    world.persist()
    assert [container.ops for container in world.containers.values()] == [["prepare"]]


def test_an_update_is_sent_only_after_its_checkpoint_and_the_next_after_its_acknowledgement(world: World) -> None:
    world.run("t")
    world.persist()
    container = world.container_of("t")
    world.work(container)
    world.work(container)
    assert world.states("t") == []
    world.persist()
    assert world.states("t") == ["TASK_STARTING"]
    world.acknowledge("t")
    assert world.states("t") == ["TASK_STARTING", "TASK_RUNNING"]


def test_an_update_is_sent_again_after_10_seconds_then_20_up_to_10_minutes(world: World) -> None:
    world.run("t")
    world.run_until_idle()
    times = []
    count = len([message for message in world.sent if isinstance(message, internal.Update)])
    start = world.mono
    for _ in range(9):
        while len([m for m in world.sent if isinstance(m, internal.Update)]) == count:
            deadline = min(d for d in world.deadlines("t"))
            step = min(max(deadline - world.mono, 0.0), 10.0)
            world.advance(step)
            world.down(internal.Ping)
        count += 1
        times.append(round(world.mono - start))
        start = world.mono
    assert times == [10, 20, 40, 80, 160, 320, 600, 600, 600]


def test_stale_and_repeated_acknowledgements_change_nothing(world: World) -> None:
    world.run("t")
    world.run_until_idle()
    first = world.in_flight["t"]
    world.acknowledge("t", b"x" * 16)
    assert world.states("t") == ["TASK_STARTING"]
    world.acknowledge("t", first)
    world.acknowledge("t", first)
    assert world.states("t") == ["TASK_STARTING", "TASK_RUNNING"]


def test_the_oldest_update_goes_out_again_as_soon_as_the_master_is_back(world: World) -> None:
    world.run("t")
    world.run_until_idle()
    uuid = world.in_flight["t"]
    world.disconnect()
    world.connect()
    assert world.in_flight["t"] == uuid
    reported = world.connects[-1].tasks[0]
    head = status(reported.unacknowledged)
    assert head is not None and head.uuid == reported.status_uuid == uuid


def test_the_oldest_update_goes_out_again_as_soon_as_its_framework_has_subscribed_anew(world: World) -> None:
    world.run("t")
    world.run_until_idle()
    uuid, sent = world.in_flight["t"], len(world.sent)
    world.down(internal.UpdateFramework, framework=world.framework)
    assert [m.status.uuid for m in world.sent[sent:] if isinstance(m, internal.Update)] == [uuid]


def test_a_task_that_is_here_already_is_not_run_twice(world: World) -> None:
    container = world.launch("t")
    world.run("t")
    world.run_until_idle()
    assert len(world.containers) == 1 and world.containers[container].starts == 1


# --- killing ----------------------------------------------------------------------------------------------------------


def test_a_kill_asks_first_and_forces_after_the_grace(world: World) -> None:
    container = world.launch("t")
    world.kill("t", 7)
    world.run_until_idle()
    assert last(world, "t")[0] == "TASK_KILLING"
    assert world.containers[container].signals == [signal.SIGTERM]
    world.advance(6.9)
    world.run_until_idle()
    assert world.containers[container].signals == [signal.SIGTERM]
    world.advance(0.2)
    world.run_until_idle()
    assert world.containers[container].signals == [signal.SIGTERM, signal.SIGKILL]
    world.exit(container, KILLED)
    acknowledge_all(world, "t")
    assert last(world, "t") == ("TASK_KILLED", None, "Command terminated with signal Killed")


def test_the_agents_own_grace_counts_when_nobody_names_one(world: World) -> None:
    container = world.launch("t")
    world.kill("t")
    world.run_until_idle()
    world.advance(5.1)
    world.run_until_idle()
    assert world.containers[container].signals == [signal.SIGTERM, signal.SIGKILL]


def test_a_tasks_kill_policy_counts_unless_the_kill_names_another(world: World) -> None:
    container = world.launch("t", kill_policy={"grace_period": {"nanoseconds": 60_000_000_000}})
    world.kill("t")
    world.advance(30)
    world.run_until_idle()
    assert world.containers[container].signals == [signal.SIGTERM]
    world.kill("t", 1)
    world.advance(0.1)
    world.run_until_idle()
    assert world.containers[container].signals == [signal.SIGTERM, signal.SIGKILL]


def test_a_further_kill_never_lengthens_the_grace_and_asks_only_once(world: World) -> None:
    container = world.launch("t")
    world.kill("t", 5)
    world.kill("t", 50)
    world.kill("t", 5)
    world.run_until_idle()
    world.advance(5.1)
    world.run_until_idle()
    assert world.containers[container].signals == [signal.SIGTERM, signal.SIGKILL]
    assert world.states("t").count("TASK_KILLING") == 1


@pytest.mark.parametrize("grace", [5.0, 0.0])
def test_a_kill_is_on_the_disk_before_its_first_signal(world: World, grace: float) -> None:
    """Else a task that this signal ends would have ended by itself, for an agent that is killed right then."""
    container = world.launch("t")
    world.kill("t", grace)
    world.advance(0)
    assert world.containers[container].signals == []
    world.persist()
    world.run_until_idle()
    assert world.containers[container].signals == [signal.SIGTERM if grace else signal.SIGKILL]


def test_a_kill_waits_neither_for_a_full_disk_nor_longer_than_its_grace_for_a_slow_one(world: World) -> None:
    world.kills_unwritten = True
    full, slow = world.launch("full"), world.launch("slow")
    world.kill("full", 5)
    world.persist_fails()
    world.run_until_idle()
    assert world.containers[full].signals == [signal.SIGTERM]
    world.kill("slow", 5)
    world.advance(5)
    assert world.containers[slow].ops == [f"signal {signal.SIGTERM}"]
    world.advance(5)
    assert world.containers[slow].ops == [f"signal {signal.SIGTERM}"]
    world.advance(world.core.settings.rekill)
    assert world.containers[slow].ops[-1] == f"signal {signal.SIGKILL}"


def test_a_framework_without_task_killing_is_not_told_of_it() -> None:
    world = World(capabilities=())
    world.connect()
    container = world.launch("t")
    world.kill("t")
    world.run_until_idle()
    world.exit(container, ENDED_BY_TERM)
    acknowledge_all(world, "t")
    assert world.states("t") == ["TASK_STARTING", "TASK_RUNNING", "TASK_KILLED"]


def test_a_kill_while_the_task_is_fetched_cuts_it_short(world: World) -> None:
    world.run("t")
    world.persist()
    world.kill("t")
    world.run_until_idle()
    assert last(world, "t") == (
        "TASK_KILLED",
        "REASON_TASK_KILLED_DURING_LAUNCH",
        "Killed before delivery to the executor",
    )
    assert all(container.starts == 0 for container in world.containers.values())


def test_a_kill_while_the_task_is_started_takes_effect_once_it_runs(world: World) -> None:
    world.run("t")
    world.persist()
    container = world.container_of("t")
    world.work(container)
    world.kill("t")
    assert world.containers[container].signals == []
    world.run_until_idle()
    assert world.containers[container].signals == [signal.SIGTERM]


def test_a_kill_of_an_unknown_task_is_answered_with_that_it_is_gone(world: World) -> None:
    world.kill("nobody")
    assert world.gone == ["nobody"]


def test_a_kill_that_does_not_work_is_repeated_and_holds_up_no_other(world: World) -> None:
    stuck, other = world.launch("stuck"), world.launch("other")
    world.kill("stuck", 0)
    world.kill("other", 0)
    world.advance(0.1)
    world.containers[stuck].ops = []  # its signals never arrive
    world.run_until_idle()
    assert signal.SIGKILL in world.containers[other].signals
    world.exit(other, KILLED)
    acknowledge_all(world, "other")
    assert last(world, "other")[0] == "TASK_KILLED"
    world.advance(10.1)
    assert world.containers[stuck].ops == [f"signal {int(signal.SIGKILL)}"]


def test_a_task_is_ended_when_its_completion_time_is_over(world: World) -> None:
    container = world.launch("t", max_completion_time={"nanoseconds": 30_000_000_000})
    world.advance(29)
    assert world.containers[container].signals == []
    world.advance(1.5)
    world.run_until_idle()
    assert world.containers[container].signals == [signal.SIGKILL]
    world.exit(container, KILLED)
    world.run_until_idle()
    assert last(world, "t")[:2] == ("TASK_FAILED", "REASON_MAX_COMPLETION_TIME_REACHED")


# --- failures ---------------------------------------------------------------------------------------------------------


def test_a_failed_launch_is_told_after_its_remains_are_gone(world: World) -> None:
    world.run("t")
    world.persist()
    container = world.container_of("t")
    world.work(container, fails=True)
    world.persist()
    assert world.states("t") == []
    world.run_until_idle()
    assert last(world, "t") == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED", "Failed to launch container: no")


def test_a_task_whose_supervisor_dies_is_killed_and_told_as_gone(world: World) -> None:
    container = world.launch("t")
    world.supervisor_dies(container)
    assert world.containers[container].ops == ["destroy"]
    world.run_until_idle()
    assert last(world, "t")[:2] == ("TASK_GONE", "REASON_EXECUTOR_TERMINATED")


def test_without_partition_awareness_such_a_task_is_lost() -> None:
    world = World(capabilities=())
    world.connect()
    world.supervisor_dies(world.launch("t"))
    world.run_until_idle()
    assert last(world, "t")[0] == "TASK_LOST"


def test_a_launch_on_a_full_disk_is_refused_and_the_agent_goes_on(world: World) -> None:
    world.run_until_idle()
    world.run("t")
    assert world.persists[0].key == "frameworks/fw"
    world.persist(1)
    world.persist_fails()
    state, _, message = last(world, "t")
    assert state == "TASK_DROPPED" and message is not None and "No space left on device" in message
    assert not world.containers
    world.acknowledge("t")
    world.run_until_idle()
    world.launch("u")
    assert world.states("u") == ["TASK_STARTING", "TASK_RUNNING"]


def test_an_update_that_cannot_be_written_waits_until_it_can(world: World) -> None:
    container = world.launch("t")
    world.exit(container, DONE)
    while world.persists:
        world.persist_fails()
    assert world.states("t") == ["TASK_STARTING", "TASK_RUNNING"]
    world.advance(2.1)
    world.run_until_idle()
    assert world.states("t")[-1] == "TASK_FINISHED"


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ({"container": {"type": "DOCKER", "docker": {"image": "nginx"}}}, "runs no images of docker"),
        ({"container": {"type": "MESOS", "mesos": {"image": {"type": "DOCKER", "docker": {"name": "x"}}}}}, "images"),
        ({"container": {"type": "MESOS", "volumes": [{"mode": "RW", "container_path": "/d"}]}}, "has to name one"),
        (
            {"container": {"type": "MESOS", "volumes": [{"mode": "RW", "container_path": "/d", "host_path": "/etc"}]}},
            "the host's /etc is not for tasks",
        ),
        ({"command": {"shell": True}}, "Shell command of the task is not specified"),
        ({"health_check": {"type": "COMMAND", "command": {"value": "true", "user": "x"}}}, "remove its user"),
        ({"container": {"type": "MESOS", "network_infos": [{"name": "net"}]}}, "network"),
    ],
)
def test_what_cannot_be_run_is_refused_in_clear_words(world: World, extra: dict[str, object], word: str) -> None:
    world.run("t", **extra)
    world.run_until_idle()
    state, reason, message = last(world, "t")
    assert (state, reason) == ("TASK_FAILED", "REASON_CONTAINER_LAUNCH_FAILED")
    assert message is not None and word in message
    assert not world.containers
    world.acknowledge("t")
    world.run_until_idle()
    assert not world.core.tasks


# --- frameworks and dismissal -----------------------------------------------------------------------------------------


def test_a_framework_that_is_shut_down_loses_its_tasks_without_a_word(world: World) -> None:
    running, done = world.launch("running"), world.launch("done")
    world.exit(done, DONE)
    world.run_until_idle()
    world.run("early")
    before = len(world.updates.get("running", []))
    world.shutdown_framework()
    world.run_until_idle()
    assert world.containers[running].signals == [signal.SIGTERM]
    world.advance(5.1)
    world.run_until_idle()
    world.exit(running, KILLED)
    world.run_until_idle()
    assert len(world.updates["running"]) == before
    assert not world.core.tasks and not world.core.frameworks
    assert not [key for key in world.disk if key != "agent"]


def test_a_dismissed_agent_kills_all_forgets_its_id_and_ends(world: World) -> None:
    container = world.launch("t")
    assert b"agent-1" in world.disk["agent"]
    world.down(internal.Shutdown, message="marked gone")
    world.run_until_idle()
    assert world.ended is None
    world.exit(container, ENDED_BY_TERM)
    world.run_until_idle()
    assert world.ended is not None and world.ended.code == 1 and "marked gone" in world.ended.reason
    assert b"agent-1" not in world.disk["agent"]
    world.advance(1000)
    assert world.connection is None


def test_an_agent_that_was_removed_while_away_is_dismissed_by_the_refusal(world: World) -> None:
    connection = world.connection
    assert connection is not None
    world.connected = False
    world.feed(events.Closed(connection, "410", 410))
    world.run_until_idle()
    assert world.ended is not None
