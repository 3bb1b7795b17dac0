"""The master's views: one record that cannot be shown is left out, and the others are shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dcos_runtime.core.resources import EMPTY
from dcos_runtime.master.core.records import Task
from dcos_runtime.master.views import MasterViewer, Pieces
from dcos_runtime.wire import codec
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import TaskState
from tests.support.cores.master_world import World

GOOD = b'{"name":"good","task_id":{"value":"good"},"agent_id":{"value":"a"},"resources":[]}'
BAD = GOOD[:-1] + b',"limits":{"mem":{"value":null}}}'  # as a version before this one kept an infinite limit


def read(pieces: Pieces) -> Any:
    return json.loads(b"".join(pieces))


def test_a_task_that_cannot_be_read_is_left_out_and_said(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.run_until_idle()
    state = world.core.state
    first, second = state.frameworks.values()
    for name, info in (("one", GOOD), ("bad", BAD), ("two", GOOD)):
        statuses = (b"broken",) if name == "bad" else ()
        first.tasks[name] = Task(name, first.id, "a", "*", EMPTY, info, TaskState.TASK_RUNNING, statuses)
    viewer = MasterViewer(state, 1.0, {}, None)
    assert [task["id"] for task in read(viewer.tasks({}))["tasks"]] == ["one", "two"]
    shown = {framework["id"]: framework for framework in read(viewer.state())["frameworks"]}
    assert [task["id"] for task in shown[first.id]["tasks"]] == ["one", "two"]
    assert shown.keys() == {first.id, second.id}
    assert "task 'bad' cannot be shown and is left out of a view" in caplog.text


def test_roles_are_told_with_those_above_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a real Mesos 1.11 told it: a role has what those below it have, and weights count as well."""
    world = World(agents=1, frameworks=1)
    world.run_until_idle()
    framework = world.frameworks[0]
    framework.disconnect()
    state = world.core.state
    monkeypatch.setitem(state.weights, "w/v", 2.0)
    info = {"user": "u", "name": "n", "roles": ["ops/x/y", "dev"], "capabilities": [{"type": "MULTI_ROLE"}]}
    call = codec.decode(json.dumps({"framework_info": info}).encode(), Call.Subscribe)
    world.subscribe(call, 10**6)
    world.pass_time(2.0)
    (offer,) = state.offers.values()
    other = "dev" if offer.role == "ops/x/y" else "ops/x/y"
    roles = {role["name"]: role for role in read(MasterViewer(state, 1.0, {}, None).roles())["roles"]}
    (stranger,) = [one.id for one in state.frameworks.values() if one.roles == {"ops/x/y", "dev"}]
    assert list(roles) == ["*", "dev", "ops", "ops/x", "ops/x/y", "w", "w/v"]
    assert {name: role["weight"] for name, role in roles.items() if role["weight"] != 1.0} == {"w/v": 2.0}
    below = {"dev": ["dev"], "ops/x/y": ["ops", "ops/x", "ops/x/y"]}
    for name in below[offer.role]:
        assert roles[name]["resources"] == roles[name]["offered"] == {"cpus": 4.0, "mem": 1024.0, "ports": 20.0}
    assert all(roles[name]["resources"] == {} for name in (*below[other], "w", "w/v"))
    assert {name for name, role in roles.items() if role["frameworks"] == [stranger]} == {"dev", "ops/x/y"}
