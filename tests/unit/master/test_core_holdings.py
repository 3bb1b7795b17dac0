"""What frameworks, roles and agents hold, as the core keeps it and the views tell it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from dcos_runtime.core.frozen import Reply
from dcos_runtime.master.metrics import _allocator, _kernel
from dcos_runtime.master.views import MasterViewer
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import TaskState
from tests.support.cores.master_framework import WorldFramework
from tests.support.cores.master_world import World


def shown(world: World, what: str) -> Any:
    return json.loads(b"".join(getattr(MasterViewer(world.core.state, 1.0, {}, None), what)()))


def one_task_on_each(world: World) -> tuple[WorldFramework, dict[str, str]]:
    """Each has the first port of its agent: they are the same. Its tasks by agent."""
    world.run_until_idle()
    framework = world.frameworks[0]
    for offer_id in list(framework.offers):
        framework.launch([offer_id], [(1.0, 1)])
    world.run_until_idle()
    return framework, {agent_id: task_id for task_id, agent_id in framework.launched.items()}


def test_the_same_port_of_two_agents_is_held_twice() -> None:
    world = World(agents=2, frameworks=1)
    framework, tasks = one_task_on_each(world)
    for offer_id in list(framework.offers):
        framework.decline(offer_id, 1e6)

    def used(what: str) -> list[Any]:
        (framework,) = shown(world, what)["frameworks"]
        return [framework["used_resources"].get("ports"), framework["used_resources"]["cpus"]]

    assert used("state") == used("state_summary") == used("frameworks") == ["[1-1]", 2.0]
    (role,) = shown(world, "roles")["roles"]
    assert role["allocated"] == {"cpus": 2.0, "ports": 2.0}
    first, second = tasks
    framework.kill(tasks[first])
    world.run_until_idle()
    for offer_id in list(framework.offers):
        framework.decline(offer_id, 1e6)
    assert used("state") == used("state_summary") == used("frameworks") == ["[1-1]", 1.0]
    (role,) = shown(world, "roles")["roles"]
    assert role["allocated"] == {"cpus": 1.0, "ports": 1.0}
    assert {one["id"]: one["used_resources"].get("ports") for one in shown(world, "state")["slaves"]} == {
        first: None,
        second: "[1-1]",
    }
    state = world.core.state
    assert _kernel(state, world.now())["master/cpus_used"] == 1.0
    assert _allocator(state, world.now())["allocator/mesos/resources/cpus/offered_or_allocated"] == 1.0
    world.check()
    framework.kill(tasks[second])
    world.run_until_idle()
    assert used("state") == [None, 0.0]


def test_it_is_so_again_under_the_next_master_and_when_an_agent_is_gone() -> None:
    world = World(agents=2, frameworks=1)
    one_task_on_each(world)
    world.restart()
    world.run_until_idle()
    (framework,) = shown(world, "state")["frameworks"]
    assert (framework["used_resources"]["ports"], framework["used_resources"]["cpus"]) == ("[1-1]", 2.0)
    lost = world.agents.pop(0)
    lost.break_off()
    world.live(60.0)
    assert lost.id not in world.core.state.agents
    (framework,) = shown(world, "state")["frameworks"]
    assert (framework["used_resources"]["ports"], framework["used_resources"]["cpus"]) == ("[1-1]", 1.0)
    world.check()


def test_the_same_ports_offered_by_two_agents_are_told_as_one_range() -> None:
    world = World(agents=2, frameworks=1)
    world.run_until_idle()
    (framework,) = shown(world, "state")["frameworks"]
    assert len(framework["offers"]) == 2
    assert framework["offered_resources"]["ports"] == framework["resources"]["ports"] == "[1-20]"
    assert framework["resources"]["cpus"] == 8.0


# --- reserved resources ----------------------------------------------------------------------------------------------


def connect(world: World, resources: list[Any], tasks: list[Any] | None = None) -> Reply:
    body = {"hostname": "h", "port": 2, "resources": resources}
    info = codec.decode(json.dumps(body).encode(), AgentInfo)
    call = internal.Connect(1, info, "test", "boot", tasks or [], [])
    answer = world.connect(codec.encode(call), next(world.numbers))
    while world.write():
        pass
    return answer


def scalar(name: str, value: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}, **more}


def test_reserved_resources_are_offered_to_their_role_and_told() -> None:
    world = World(agents=0, frameworks=1)
    world.run_until_idle()
    static = {"reservations": [{"type": "STATIC", "role": "web"}]}
    ports = {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 5, "end": 6}]}, **static}
    assert connect(world, [scalar("cpus", 1), scalar("cpus", 2, **static), ports]).status == 200
    world.pass_time(2.0)
    (offer,) = world.frameworks[0].offers.values()
    assert [(one["name"], one["scalar"]["value"]) for one in offer["resources"]] == [("cpus", 1.0)]
    capabilities = [
        FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type[name])
        for name in ("MULTI_ROLE", "RESERVATION_REFINEMENT")
    ]
    info = FrameworkInfo(user="u", name="web", roles=["web/shop"], capabilities=capabilities)
    call = codec.decode(codec.encode(Call.Subscribe(framework_info=info)), Call.Subscribe)
    world.subscribe(call, 10**6)
    world.pass_time(2.0)
    state = world.core.state
    (reserved,) = [one for one in state.offers.values() if one.role == "web/shop"]
    assert reserved.resources == reserved.resources.reserved("web") and reserved.resources.scalar("cpus") == 2000
    (slave,) = shown(world, "slaves")["slaves"]
    assert slave["reserved_resources"]["web"]["cpus"] == 2.0 and slave["reserved_resources"]["web"]["ports"] == "[5-6]"
    assert slave["unreserved_resources"]["cpus"] == 1.0 and slave["resources"]["cpus"] == 3.0
    found = slave["reserved_resources_full"]["web"]
    assert {(one["name"], one["role"], one["reservations"][0]["type"]) for one in found} == {
        ("cpus", "web", "STATIC"),
        ("ports", "web", "STATIC"),
    }
    roles = {role["name"]: role for role in shown(world, "roles")["roles"]}
    assert roles["web"]["quota"]["consumed"] == {"cpus": 2.0, "ports": 2.0}, "as a real Mesos 1.11 told it"
    assert roles["web"]["allocated"] == {}
    assert roles["web"]["reserved"] == {"cpus": 2.0, "ports": 2.0} and roles["*"]["reserved"] == {}


@pytest.mark.parametrize(
    ("resource", "why"),
    [
        (scalar("cpus", 10**12 + 1), "out of range"),
        (scalar("cpus", 1, revocable={}), "cannot be offered"),
        (scalar("cpus", 1, role="web", reservation={}), "cannot be offered"),
        (scalar("disk", 1, disk={"source": {"type": "BLOCK", "id": "a"}}), "cannot be offered"),
    ],
)
def test_an_agent_that_offers_what_nobody_could_take_is_refused(resource: Any, why: str) -> None:
    answer = connect(World(agents=0, frameworks=0), [resource])
    assert answer.status == 400 and why.encode() in answer.body


# --- what comes in ----------------------------------------------------------------------------------------------------


def test_a_task_told_by_an_agent_is_looked_at_too() -> None:
    task = {"name": "t", "task_id": {"value": "t"}, "agent_id": {"value": "a"}, "resources": [scalar("mem", 1e13)]}
    raw = msgspec.Raw(codec.encode(task))
    found = internal.RunningTask(framework_id="f", task=raw, state=TaskState.TASK_RUNNING)
    answer = connect(World(agents=0, frameworks=0), [scalar("cpus", 1)], [found])
    assert answer.status == 400 and b"task t of framework f" in answer.body and b"out of range" in answer.body


def test_a_framework_can_want_no_more_than_an_agent_may_have() -> None:
    world = World(agents=0, frameworks=0)
    for value, refused in ((10**12, False), (10**12 + 1, True)):
        quantities = [{"quantities": {"cpus": {"value": value}}}]
        filters = {"*": {"min_allocatable_resources": {"quantities": quantities}}}
        info = {"user": "u", "name": "n", "offer_filters": filters}
        call = codec.decode(json.dumps({"framework_info": info}).encode(), Call.Subscribe)
        error = world.subscribe(call, next(world.numbers))
        assert (error is not None and "out of range" in error) == refused
