"""Checkpoints are read by the next version of the agent; those of an unknown version are left alone."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from dcos_runtime.agent.checkpoint import CheckpointError, Checkpoints
from dcos_runtime.agent.core import stored
from dcos_runtime.agent.core.records import AgentRecord, Kill, KillReason, Stage
from dcos_runtime.agent.core.stored import FormerTask, UnknownRunVersion
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import FrameworkID
from dcos_runtime.wire.tasks import TaskState
from tests.support.cores.agent_world import World

FORMER = (
    b'{"framework_id":"fw","task_id":"t","container_id":"c","launcher":"posix","task":{"name":"t"},"stage":"running",'
    b'"state":"TASK_RUNNING","pending":[{"task_id":{"value":"t"},"state":"TASK_RUNNING","uuid":"AAAA"}],"pid":7,'
    b'"started":12.5,"kill":{"reason":"framework","since":3.0,"grace":4.0}}'
)
"""As version 1 wrote it."""


def test_a_checkpoint_of_the_former_version_becomes_three_records() -> None:
    run = stored.read_run(FORMER)
    (task,) = run.tasks
    assert (run.executor.framework_id, run.executor.executor_id, run.executor.container_id) == ("fw", "t", "c")
    assert (run.container.launcher, run.container.stage, run.container.pid) == ("posix", Stage.RUNNING, 7)
    assert (task.task_id, task.executor_id, task.container_id, task.state) == ("t", "t", "c", TaskState.TASK_RUNNING)
    assert task.kill == Kill(reason=KillReason.FRAMEWORK, since=3.0, grace=4.0) and run.container.started == 12.5
    assert [status.uuid for status in task.pending] == [b"\0\0\0"]
    again = stored.run(run.executor, run.container, run.tasks)
    assert b'"version":2' in again and stored.read_run(again) == run


def test_an_agent_goes_on_with_what_its_former_version_left() -> None:
    """Tasks that version 1 launched run on, are told of, and end as all do."""
    world = World()
    world.connect()
    container = world.launch("t")
    for key, value in list(world.disk.items()):
        if key.startswith("tasks/"):
            run = stored.read_run(value)
            (task,) = run.tasks
            former = {name: getattr(task, name) for name in ("framework_id", "task_id", "task", "state", "status")}
            former |= {name: getattr(task, name) for name in ("history", "pending", "kill")}
            former |= {name: getattr(run.container, name) for name in ("container_id", "launcher", "stage", "pid")}
            world.disk[key] = codec.encode(FormerTask(**former, started=run.container.started))
        elif key.startswith("frameworks/"):
            world.disk[key] = codec.encode(stored.read_framework(value))
        else:
            world.disk[key] = codec.encode(stored.read_agent(value))
    assert not any(b"version" in value for value in world.disk.values())
    world.crash()
    world.connect()
    world.run_until_idle()
    assert world.connects[-1].agent.id is not None and world.connects[-1].frameworks
    assert [reported.state for reported in world.connects[-1].tasks] == [TaskState.TASK_RUNNING]
    world.kill("t", 0)
    world.run_until_idle()
    world.advance(0.1)
    world.run_until_idle()
    assert 9 in world.containers[container].signals
    assert b'"version":2' in world.disk[f"tasks/{container}"]


@pytest.mark.parametrize("key", ["agent", "tasks/c", "frameworks/f"])
def test_a_version_nobody_knows_ends_the_start_by_name_and_nothing_is_touched(tmp_path: Path, key: str) -> None:
    checkpoints = Checkpoints(tmp_path / "meta")
    checkpoints.prepare()
    checkpoints.write(key, b'{"version": 3, "executor": {}}')
    before = sorted(path.name for path in checkpoints.folder.rglob("*"))
    with pytest.raises(CheckpointError, match=r"of version 3, and this agent reads 1 and 2"):
        checkpoints.read()
    assert sorted(path.name for path in checkpoints.folder.rglob("*")) == before


def test_all_that_is_written_tells_its_version() -> None:
    info = FrameworkInfo(user="u", name="n", id=FrameworkID(value="f"))
    for value, read, wanted in (
        (stored.agent(AgentRecord(id="a")), stored.read_agent, AgentRecord(id="a")),
        (stored.framework(info), stored.read_framework, info),
    ):
        assert msgspec.json.decode(value)["version"] == stored.VERSION and read(value) == wanted
    with pytest.raises(UnknownRunVersion):
        stored.read_agent(b'{"version": 0}')


def test_a_run_of_two_tasks_is_not_read_as_one_of_a_command() -> None:
    run = stored.read_run(FORMER)
    with pytest.raises(codec.DecodeError):
        stored.read_run(stored.run(run.executor, run.container, run.tasks * 2))
