"""An agent that connects: what it tells beside its TaskInfos is all that is read, and leads to what these would."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dcos_runtime.core.resources import EMPTY, plain
from dcos_runtime.master.core import arrivals, events, snapshot
from dcos_runtime.master.core.arrivals import Arrival
from dcos_runtime.master.core.timing import Admit
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.tasks import TaskStatus
from tests.support.cores.master_world import World
from tests.support.mesos.calls import CONNECTS

FORMER, PRESENT = CONNECTS


def arrival(document: Any) -> Arrival:
    call, version = internal.connect(json.dumps(document).encode())
    return arrivals.arrival(call, version, 7, "198.18.0.1")


def with_task(document: Any, **fields: Any) -> dict[str, Any]:
    return {**document, "tasks": [{**document["tasks"][0], **fields}]}


def admitted(document: Any) -> World:
    world = World(agents=0, frameworks=0)
    assert world.connect(json.dumps(document).encode(), 7).status == 200
    while world.write():
        pass
    return world


def test_what_is_told_beside_a_task_info_is_what_would_be_read_in_it() -> None:
    former, present = arrival(FORMER), arrival(PRESENT)
    (one,), (other,) = former.tasks, present.tasks
    assert (former.version, present.version) == (1, 2)
    for name in ("framework_id", "task_id", "role", "resources", "state", "status_state", "status_uuid"):
        assert getattr(one, name) == getattr(other, name), name
    assert json.loads(one.info) == json.loads(other.info)
    assert [codec.decode(status, TaskStatus) for status in (*one.statuses, *other.statuses)] == [
        codec.decode(codec.encode(FORMER["tasks"][0]["status"]), TaskStatus)
    ] * 2


def test_of_two_statuses_the_oldest_is_the_one_that_the_framework_gets_next() -> None:
    oldest, newest = ({"task_id": {"value": "t1"}, "state": f"TASK_{state}"} for state in ("RUNNING", "FINISHED"))
    found = {"state": "TASK_FINISHED", "status": newest, "unacknowledged": oldest}
    for document in (with_task(FORMER, **found), with_task(PRESENT, **found)):
        (task,) = arrival(document).tasks
        assert task.status_state is not None and task.status_state.value == "TASK_RUNNING"
        assert [json.loads(status)["state"] for status in task.statuses] == ["TASK_RUNNING", "TASK_FINISHED"]


def test_what_is_kept_is_ascii_and_without_data_from_every_version() -> None:
    found = {**FORMER["tasks"][0]["status"], "message": "é", "data": "aGk="}
    (task,) = arrival(with_task(FORMER, status=found)).tasks
    assert task.statuses[0].isascii() and b"data" not in task.statuses[0]
    document = json.dumps(with_task(PRESENT, status=found, unacknowledged=None), ensure_ascii=False).encode()
    call, version = internal.connect(document)
    (task,) = arrivals.arrival(call, version, 7, "198.18.0.1").tasks
    assert task.statuses[0].isascii()


def test_no_task_info_is_read_to_admit_an_agent_nor_when_its_task_ends() -> None:
    """For it is none: whatever reads it says so."""
    world = admitted(with_task(PRESENT, task={"task_id": 5}))
    (agent,) = world.core.state.agents.values()
    (task,) = agent.all_tasks()
    assert task.id == "t1" and agent.used == task.resources and task.resources.scalar("cpus") == 500
    status = {"task_id": {"value": "t1"}, "state": "TASK_FINISHED", "uuid": "AAAAAAAAQACAAAAAAAAAAA=="}
    update = {"type": "UPDATE", "seq": 1, "framework_id": "f", "status": status, "latest_state": "TASK_FINISHED"}
    batch = {"agent_id": agent.id, "epoch": agent.epoch, "messages": [update]}
    assert world.post(json.dumps(batch).encode()).status == 200
    assert task.terminal and agent.used == EMPTY and world.core.state.allocator.allocated(agent.id) == EMPTY
    refused = World(agents=0, frameworks=0).connect(json.dumps(with_task(FORMER, task={"task_id": 5})).encode(), 7)
    assert refused.status == 400 and b"cannot be read" in refused.body


@pytest.mark.parametrize("document", CONNECTS, ids=["former", "present"])
def test_what_was_read_on_arrival_waits_for_the_registry(document: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(agents=0, frameworks=0)
    assert world.connect(json.dumps(document).encode(), 7).status == 200
    core = world.core
    ((_, waiting),) = core.state.writes
    assert isinstance(waiting, Admit) and not core.state.agents
    state, _ = snapshot.read(core.source.seed, core.snapshot())
    assert list(state.writes) == list(core.state.writes), "a recording may begin here"
    hidden = snapshot.veiled(core.snapshot(), lambda info: b"?" * len(info))
    (reported,) = waiting.arrival.tasks
    assert reported.info in core.snapshot() and reported.info not in hidden
    monkeypatch.setattr(internal, "connect", None)
    while world.write():
        pass
    (agent,) = core.state.agents.values()
    assert [task.id for task in agent.all_tasks()] == ["t1"]
    assert agent.used.scalars == {plain("cpus"): 500}


def test_a_task_that_is_told_of_twice_is_there_once() -> None:
    world = admitted({**PRESENT, "tasks": PRESENT["tasks"] * 2})
    (agent,) = world.core.state.agents.values()
    assert agent.used.scalar("cpus") == 500 and len(agent.all_tasks()) == 1
    world.check()
    world.feed(events.AgentGone(7))
    assert world.connect(json.dumps({**PRESENT, "tasks": PRESENT["tasks"] * 2}).encode(), 8).status == 200
    assert agent.used.scalar("cpus") == 500 and len(agent.all_tasks()) == 1
