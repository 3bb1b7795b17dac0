"""Limits without end: what a task is run with, and what the agent shows when a record cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from dcos_runtime.agent.command import command_of
from dcos_runtime.agent.containers.base import Spec, User
from dcos_runtime.agent.core.model import Now, Stage, TaskRecord
from dcos_runtime.agent.launching import Launching
from dcos_runtime.agent.sandbox import Sandboxes
from dcos_runtime.agent.views import Viewer
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import AgentID, CommandInfo, TaskID, Value
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import TaskInfo
from tests.unit.agent.agent_world import World


def scalar(name: str, value: float) -> Resource:
    return Resource(name=name, type=Value.Type.SCALAR, scalar=Value.Scalar(value=value))


def info(**limits: float) -> TaskInfo:
    return TaskInfo(
        name="t",
        task_id=TaskID(value="t"),
        agent_id=AgentID(value="a"),
        command=CommandInfo(value="true"),
        resources=[scalar("cpus", 1.0), scalar("mem", 64.0)],
        limits={name: Value.Scalar(value=value) for name, value in limits.items()},
    )


def spec(task: TaskInfo) -> Spec:
    nothing: Any = None
    launching = Launching(nothing, nothing, nothing, nothing, nothing, switch_user=False, limit_cpus=True, disk=nothing)
    assert task.command is not None
    user = User(name="u", uid=1, gid=1, groups=(), home="/")
    return launching._spec("c", task, command_of(task.command), {}, user, sandbox=Path("/s"))


@pytest.mark.parametrize("endless", [float("inf"), 1e300])
def test_a_limit_without_end_is_no_limit(endless: float) -> None:
    assert (spec(info()).memory_limit, spec(info()).cpu_limit) == (64 << 20, 1.0)
    made = spec(info(mem=endless, cpus=endless))
    assert (made.memory_limit, made.cpu_limit, made.memory_request) == (None, None, 64 << 20)
    assert spec(info(mem=128.0)).memory_limit == 128 << 20


def test_the_state_shows_all_tasks_but_the_one_that_cannot_be_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    core = World().core
    good = codec.encode(info(mem=float("inf")))
    for name, task in (("one", good), ("bad", b'{"name":"old","limits":{"mem":{"value":null}}}'), ("two", good)):
        raw = msgspec.Raw(task)
        core.completed.append(
            TaskRecord(framework_id="f", task_id=name, container_id=name, launcher="posix", task=raw, stage=Stage.ENDED)
        )
    viewer = Viewer(core, Sandboxes(tmp_path), "127.0.0.1:5051", Now(1.0, 1.0), {}, lambda container, launcher: None)
    (framework,) = viewer.state()["completed_frameworks"]
    assert [executor["id"] for executor in framework["completed_executors"]] == ["one", "two"]
    assert "task 'bad' cannot be read and is left out of a view" in caplog.text
