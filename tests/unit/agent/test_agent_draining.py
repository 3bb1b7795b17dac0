"""An agent that is drained: it kills its tasks itself, within the bounds that it is told, and goes on after a crash."""

from __future__ import annotations

import json
import signal

import pytest

from dcos_runtime.agent.core.model import Exit
from dcos_runtime.agent.core.recorded import restored
from dcos_runtime.agent.operator_api import state_messages
from dcos_runtime.master.core import events
from dcos_runtime.wire import internal
from dcos_runtime.wire.common import DurationInfo
from dcos_runtime.wire.operators import DrainConfig
from dcos_runtime.wire.tasks import TaskStatus
from tests.support.cores.agent_executor import PretendedExecutor
from tests.support.cores.agent_world import World, acknowledge_all, last
from tests.support.cores.kernel_pair import Pair, scalar

ENDED_BY_TERM = Exit(signal=signal.SIGTERM)


def grace(seconds: int) -> dict[str, object]:
    return {"grace_period": {"nanoseconds": seconds * 10**9}}


def drain(world: World, seconds: int | None = None, gone: bool = False) -> None:
    longest = None if seconds is None else DurationInfo(nanoseconds=seconds * 10**9)
    world.down(internal.Drain, config=DrainConfig(max_grace_period=longest, mark_gone=gone))
    world.run_until_idle()


def test_tasks_have_their_grace_within_the_longest_one_and_are_told_why(world: World) -> None:
    patient = world.launch("patient", kill_policy=grace(600))
    quick = world.launch("quick", kill_policy=grace(2))
    plain = world.launch("plain")  # it says nothing, and has the longest time, as in Mesos
    drain(world, 45)
    assert [world.containers[one].signals for one in (patient, quick, plain)] == [[signal.SIGTERM]] * 3
    world.advance(2)
    assert [world.containers[one].ops for one in (patient, quick, plain)] == [[], ["signal 9"], []]
    world.exit(plain, ENDED_BY_TERM)
    acknowledge_all(world, "plain")
    assert world.states("plain") == ["TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"]
    assert last(world, "plain") == ("TASK_KILLED", "REASON_AGENT_DRAINING", "Command terminated with signal Terminated")
    assert [one.reason for one in world.updates["plain"][-2:]] == [TaskStatus.Reason.REASON_AGENT_DRAINING] * 2
    world.advance(42)
    assert world.containers[patient].ops == []
    world.advance(1)
    assert world.containers[patient].ops == ["signal 9"]


def test_without_a_longest_time_each_has_its_own(world: World) -> None:
    patient, plain = world.launch("patient", kill_policy=grace(600)), world.launch("plain")
    drain(world)
    world.advance(world.core.settings.kill_grace)
    assert (world.containers[patient].ops, world.containers[plain].ops) == ([], ["signal 9"])


def test_nothing_is_launched_until_all_is_acknowledged_and_then_all_is(world: World) -> None:
    container = world.launch("t")
    drain(world)
    world.core = restored(world.core.source.seed, world.core.snapshot())
    world.run("late")
    world.run_group("g", "in-group")
    world.run_in("e", "in-executor")
    world.run_until_idle()
    for task in ("late", "in-group", "in-executor"):
        assert last(world, task) == (
            "TASK_DROPPED",
            "REASON_AGENT_DRAINING",
            "Task was received while agent was already draining",
        )
        acknowledge_all(world, task)
    shown = state_messages.agent(world.core)
    assert shown.drain_config == DrainConfig(mark_gone=False) and shown.estimated_drain_start_time is not None
    world.exit(container, ENDED_BY_TERM)
    acknowledge_all(world, "t")
    assert state_messages.agent(world.core).drain_config is None and not world.core.tasks
    drain(world)  # it comes again with each connection
    assert world.core.agent.drain is None
    world.launch("next")
    assert world.states("next") == ["TASK_STARTING", "TASK_RUNNING"]


def test_a_task_of_an_agent_that_is_to_be_gone_is_gone_with_it(world: World) -> None:
    container = world.launch("t")
    drain(world, gone=True)
    world.exit(container, ENDED_BY_TERM)
    acknowledge_all(world, "t")
    assert world.states("t")[-2:] == ["TASK_KILLING", "TASK_GONE_BY_OPERATOR"]
    assert last(world, "t")[1] == "REASON_AGENT_DRAINING"


def test_frameworks_that_know_no_partitions_hear_that_it_was_killed() -> None:
    world = World(capabilities=())
    world.connect()
    container = world.launch("t")
    drain(world, gone=True)
    world.exit(container, ENDED_BY_TERM)
    acknowledge_all(world, "t")
    assert last(world, "t")[:2] == ("TASK_KILLED", "REASON_AGENT_DRAINING")


def test_a_task_that_ends_by_itself_meanwhile_is_told_as_it_ended(world: World) -> None:
    world.launch("t")
    container = world.container_of("t")
    world.supervisor_dies(container)
    drain(world)
    acknowledge_all(world, "t")
    assert last(world, "t")[1] == "REASON_EXECUTOR_TERMINATED"


@pytest.mark.parametrize("reboot", [False, True])
def test_it_goes_on_after_a_crash(world: World, reboot: bool) -> None:
    container = world.launch("t", kill_policy=grace(600))
    world.down(internal.Drain, config=DrainConfig(max_grace_period=DurationInfo(nanoseconds=20 * 10**9)))
    agent_only = next(index for index, write in enumerate(world.persists) if write.key == "agent") + 1
    world.crash(reboot, written=agent_only)  # the kill itself is not on the disk
    world.connect()
    world.run_until_idle()
    assert world.core.agent.drain is not None
    if not reboot:
        assert world.containers[container].signals == [signal.SIGTERM]
        world.advance(20)
        assert "signal 9" in world.containers[container].ops
        world.run_until_idle()
        world.exit(container, Exit(signal=signal.SIGKILL))
    acknowledge_all(world, "t")
    assert world.core.agent.drain is None
    if not reboot:
        assert last(world, "t")[:2] == ("TASK_KILLED", "REASON_AGENT_DRAINING")


def test_a_task_of_a_custom_executor_is_killed_by_it_with_the_longest_time(world: World) -> None:
    world.run_in("e", "t")
    executor = PretendedExecutor(world, "e")
    executor.start()
    executor.subscribe()
    world.run_until_idle()
    executor.heard()
    executor.update("t", "TASK_RUNNING")
    world.run_until_idle()
    world.acknowledge("t")
    executor.heard()
    drain(world, 7)
    drain(world, 7)  # on another connection
    (kill,) = [event.kill for event in executor.heard() if event.kill is not None]
    assert kill.kill_policy is not None and kill.kill_policy.grace_period == DurationInfo(nanoseconds=7 * 10**9)
    executor.update("t", "TASK_KILLED")
    acknowledge_all(world, "t")
    assert last(world, "t")[:2] == ("TASK_KILLED", "REASON_AGENT_DRAINING")
    assert world.core.agent.drain is None and world.core.executors, "its executor stays, as in Mesos"


def acknowledged(pair: Pair) -> list[tuple[str, str | None]]:
    """All updates with their reasons, each once, acknowledged until none is left."""
    done = 0
    while done < len(pair.updates):
        status = pair.updates[done]
        done += 1
        pair.call("ACKNOWLEDGE", **{name: status[name] for name in ("agent_id", "task_id", "uuid")})
        pair.settle()
    return list(dict.fromkeys((status["state"], status.get("reason")) for status in pair.updates))


def test_both_halves_drain_an_agent_through_its_restart_and_offer_it_again() -> None:
    pair = Pair()
    (offer,) = pair.offers.values()
    task = {"name": "t", "task_id": {"value": "t"}, "agent_id": offer["agent_id"], "command": {"value": "x"}}
    pair.accept({"type": "LAUNCH", "launch": {"task_infos": [{**task, "resources": [scalar("cpus", 1)]}]}})
    assert acknowledged(pair) == [("TASK_STARTING", None), ("TASK_RUNNING", None)]
    (agent,) = pair.master.state.agents.values()
    pair.tell(events.DrainAsked(1, agent.id, DrainConfig(mark_gone=False)))
    pair.settle()
    assert not pair.offers and pair.agent.agent.drain is not None
    pair.updates.clear()
    pair.start_agent()
    pair.settle()
    assert pair.master.state.draining[agent.id].info.state.value == "DRAINING"
    assert acknowledged(pair) == [("TASK_KILLED", "REASON_AGENT_DRAINING")]
    assert pair.master.state.draining[agent.id].info.state.value == "DRAINED"
    assert pair.agent.agent.drain is None
    pair.tell(events.ReactivateAsked(2, agent.id))
    pair.settle()
    assert [one["agent_id"]["value"] for one in pair.offers.values()] == [agent.id]
    entry = pair.registry[f"agents/{agent.id}"]
    assert entry is not None and "draining" not in json.loads(entry)
