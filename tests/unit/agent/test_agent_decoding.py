"""A TaskInfo is decoded once, when it comes in; decisions live on what was read off it then."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dcos_runtime.agent.core import snapshot, stored
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.tasks import TaskState
from tests.support.cores.agent_world import World

RESOURCES = [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}}]
TERMS = {
    "kill_policy": {"grace_period": {"nanoseconds": 7_000_000_000}},
    "max_completion_time": {"nanoseconds": 3_600_000_000_000},
    "resources": RESOURCES,
}


def count(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What is decoded from now on."""
    decoded: list[bytes] = []
    decode = codec.decode

    def counting(data: Any, kind: Any) -> Any:
        decoded.append(bytes(data))
        return decode(data, kind)

    monkeypatch.setattr(codec, "decode", counting)
    return decoded


def test_a_task_info_is_decoded_once_in_a_life(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.connect()
    decoded = count(monkeypatch)
    container = world.launch("t", **TERMS)
    (kept,) = world.core.tasks.values()
    task = bytes(kept.record.task)
    world.kill("t")
    world.run_until_idle()
    world.advance(6.9)
    world.run_until_idle()
    assert world.containers[container].signals == [15]
    world.advance(0.2)
    world.run_until_idle()
    assert world.containers[container].signals == [15, 9], "its own grace"
    world.run_until_idle()
    world.advance(1.0)
    assert decoded.count(task) == 1


def test_what_was_read_is_read_again_of_a_task_that_was_taken_up(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.connect()
    world.launch("t", **TERMS)
    (before,) = world.core.tasks.values()
    assert before.terms.kill_policy is not None and before.terms.max_completion_time is not None
    again = snapshot.take(world.core)
    world.crash()
    (after,) = world.core.tasks.values()
    assert after.terms == before.terms and [one.name for one in after.terms.resources] == ["cpus"]
    world.core.tasks.clear()
    world.core._alive.clear()
    snapshot.fill(world.core, again)
    (filled,) = world.core.tasks.values()
    assert filled.terms == before.terms


@pytest.mark.parametrize("task", [b'{"task_id":{"value":"t"},"command":7}', b'{"task_id":{"value":"t"}}'])
def test_what_cannot_be_run_is_told_of(task: bytes) -> None:
    world = World()
    world.connect()
    world.run("other")
    world.run_until_idle()
    world.down(internal.RunTask, framework=world.framework, task=msgspec.Raw(task))
    world.run_until_idle()
    (failed,) = [one for one in world.core.tasks.values() if one.record.task_id == "t"]
    assert failed.record.state is TaskState.TASK_FAILED
    assert stored.read_run(world.disk[f"tasks/{failed.record.container_id}"]).tasks[0].state is TaskState.TASK_FAILED
