"""The master's views: one record that cannot be shown costs nobody the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dcos_runtime.master.core.records import Task
from dcos_runtime.master.views import Pieces, Viewer
from dcos_runtime.wire.tasks import TaskState
from tests.unit.master.master_world import World

GOOD = b'{"name":"good","task_id":{"value":"good"},"agent_id":{"value":"a"},"resources":[]}'
BAD = GOOD[:-1] + b',"limits":{"mem":{"value":null}}}'  # as a version before this one kept an infinite limit


def read(pieces: Pieces) -> Any:
    return json.loads(b"".join(pieces))


def test_a_task_that_cannot_be_read_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.settle()
    state = world.core.state
    first, second = state.frameworks.values()
    for name, info in (("one", GOOD), ("bad", BAD), ("two", GOOD)):
        statuses = (b"broken",) if name == "bad" else ()
        first.tasks[name] = Task(name, first.id, "a", "*", info, TaskState.TASK_RUNNING, statuses)
    viewer = Viewer(state, 1.0, {}, None)
    assert [task["id"] for task in read(viewer.tasks({}))["tasks"]] == ["one", "two"]
    shown = {framework["id"]: framework for framework in read(viewer.state())["frameworks"]}
    assert [task["id"] for task in shown[first.id]["tasks"]] == ["one", "two"]
    assert shown.keys() == {first.id, second.id}
    assert "task 'bad' cannot be shown and is left out of a view" in caplog.text
