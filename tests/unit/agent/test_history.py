"""What the agent remembers of what is over: bounded by counts, without secrets, and the same after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcos_runtime.agent.checkpoint import Checkpoints
from dcos_runtime.agent.core import events, history, stored
from dcos_runtime.agent.core.history import MOST_FRAMEWORKS, MOST_TASKS
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.agent.core.recorded import restored
from dcos_runtime.core.frozen import Log, PersistFailed
from dcos_runtime.wire import internal
from dcos_runtime.wire.common import FrameworkID
from tests.support.cores.agent_executor import PretendedExecutor
from tests.support.cores.agent_world import FRAMEWORK, World, acknowledge_all


def ends(world: World, task: str, **extra: object) -> None:
    world.exit(world.launch(task, **extra), Exit(code=0))
    acknowledge_all(world, task)


def ended(world: World, framework_id: str = FRAMEWORK) -> list[str]:
    past = world.core.history.executors(framework_id)
    return [task.record.task_id for executor in past for task in executor.tasks.values()]


def bytes_kept(world: World) -> int:
    return sum(map(len, world.past.values()))


def test_what_is_over_is_known_after_a_restart(world: World) -> None:
    world.connect()
    for task in ("a", "b"):
        ends(world, task)
    before = world.core.history.state
    world.crash()
    assert ended(world) == ["a", "b"] and world.core.history.state == before
    ((framework_id, past),) = world.core.history.frameworks()
    assert (framework_id, past.info) == (FRAMEWORK, world.framework)
    assert restored(b"seed", world.core.snapshot()).history.state == before
    world.connect()
    world.launch("c")
    world.crash()
    assert ended(world) == ["a", "b"] and not list(world.core.history.frameworks())


def test_nothing_that_a_task_was_started_with_is_kept(world: World) -> None:
    world.connect()
    secret = {"environment": {"variables": [{"name": "A", "value": "horse"}]}, "value": "true"}
    ends(world, "t", command=secret, data="aG9yc2U=", labels={"labels": [{"key": "k", "value": "shown"}]})
    assert not any(b"horse" in value for value in list(world.past.values())[:1])
    assert any(b"shown" in value for value in world.past.values())


@pytest.mark.parametrize("written", range(4))
def test_a_task_whose_end_was_being_written_is_over_once(world: World, written: int) -> None:
    world.connect()
    world.exit(world.launch("t"), Exit(code=0))
    world.run_until_idle()
    world.acknowledge("t")
    world.crash(written=written)
    world.connect()
    world.run_until_idle()
    if "t" in world.in_flight:
        assert ended(world) == []
        world.acknowledge("t")
        world.run_until_idle()
    assert ended(world) == ["t"]
    assert [key for key in world.disk if key != "agent"] == []


def test_a_full_disk_keeps_nothing_from_ending_and_all_is_written_later(world: World) -> None:
    world.connect()
    for task in ("a", "b", "c"):
        world.exit(world.launch(task), Exit(code=0))
    world.run_until_idle()
    for task in ("a", "b", "c"):
        world.acknowledge(task)
    complaints = 0
    for write in [one for one in world.persists if one.key.startswith(history.KEY)]:
        world.persists.remove(write)
        said = world.core.receive(PersistFailed(write.id, "No space left on device"), world.now)
        complaints += sum(isinstance(effect, Log) for effect in said)
    assert complaints == 1
    world.persist()
    assert not world.core.tasks and ended(world) == ["a", "b", "c"] and world.past == {}
    world.advance(10)
    assert len([one for one in world.persists if one.key.startswith(history.KEY)]) == 1  # thousands may wait
    world.run_until_idle()
    assert len(world.past) == 4
    world.crash()
    assert sorted(ended(world)) == ["a", "b", "c"]


def test_executors_and_their_tasks_are_bounded_as_by_mesos(world: World) -> None:
    kept = world.core.settings.completed_kept
    world.connect()
    world.launch("stays")
    for number in range(kept + 10):
        ends(world, f"t{number}")
    assert ended(world) == [f"t{number}" for number in range(10, kept + 10)]
    world.run_in("e", "first")
    executor = PretendedExecutor(world, "e")
    executor.start()
    executor.subscribe()
    container = executor.container
    for number in range(MOST_TASKS + 10):
        world.run_in("e", f"x{number}", starts=False)
        world.run_until_idle()
        executor.update(f"x{number}", "TASK_FINISHED")
        acknowledge_all(world, f"x{number}")
    here = world.core.history.of_executor(FRAMEWORK, container)
    assert [task.record.task_id for task in here] == [f"x{number}" for number in range(10, MOST_TASKS + 10)]
    assert len(world.past) == kept + MOST_TASKS
    world.exit(container, Exit(code=0))
    acknowledge_all(world, "first")
    past = world.core.history.executors(FRAMEWORK)[-1]
    assert past.executor.executor_id == "e" and past.info is not None and len(past.tasks) == MOST_TASKS
    world.crash()
    again = world.core.history.executors(FRAMEWORK)[-1]
    assert list(again.tasks) == list(past.tasks) and len(world.core.history.executors(FRAMEWORK)) == kept


def test_frameworks_are_bounded(world: World) -> None:
    world.connect()
    for number in range(MOST_FRAMEWORKS + 5):
        world.framework = type(world.framework)(user="root", name="f", id=FrameworkID(value=f"f{number}"))
        world.run(f"t{number}")
        world.run_until_idle()
        world.down(internal.ShutdownFramework, framework_id=FrameworkID(value=f"f{number}"))
        world.exit(world.core.tasks[f"f{number}", f"t{number}"].handle, Exit(code=0))
        world.run_until_idle()
    names = [framework_id for framework_id, _ in world.core.history.frameworks()]
    assert names == [f"f{number}" for number in range(5, MOST_FRAMEWORKS + 5)]
    world.crash()
    assert [framework_id for framework_id, _ in world.core.history.frameworks()] == names
    assert len(world.past) == 2 * MOST_FRAMEWORKS


def test_all_of_it_together_takes_no_more_than_it_may(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_BYTES", 20_000)
    world.connect()
    for number in range(30):
        ends(world, f"t{number}", labels={"labels": [{"key": "k", "value": "v" * 1000}]})
        assert world.core.history.state.size == bytes_kept(world) <= 20_000
    assert ended(world)[-1] == "t29" and len(ended(world)) > 5
    world.crash()
    assert world.core.history.state.size == bytes_kept(world) <= 20_000


def test_an_agent_that_is_dismissed_remembers_nothing(world: World) -> None:
    world.connect()
    ends(world, "t")
    world.down(internal.Shutdown, message="go")
    world.run_until_idle()
    assert world.past == {} and ended(world) == []


def test_a_record_of_another_version_is_left_alone(world: World) -> None:
    with pytest.raises(stored.UnknownRunVersion, match="reads 1 and 2"):
        stored.read_past(b'{"version":9}')
    with pytest.raises(ValueError, match="version 1"):
        stored.read_past(b"{}")
    world.core.receive(events.Recovered(), world.now)


def test_checkpoints_keep_it_in_one_file(tmp_path: Path, world: World) -> None:
    world.connect()
    for task in ("a", "b"):
        ends(world, task)
    checkpoints = Checkpoints(tmp_path)
    checkpoints.prepare()
    for key, value in world.past.items():
        checkpoints.write(key, value)
    checkpoints.sync_history()
    again = Checkpoints(tmp_path).read()
    assert again.stored_history == tuple(world.past.values()) and again.corrupt == ()
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["history.log"]
