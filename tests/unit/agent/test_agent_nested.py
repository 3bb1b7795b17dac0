"""The agent's decisions on containers that calls launch within others."""

from __future__ import annotations

import json

import pytest

from dcos_runtime.agent.core import events, recorded, stored
from dcos_runtime.agent.core.effects import Destroy, Prepare, WatchContainer
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.agent.core.records import Stage
from tests.support.cores.agent_world import FRAMEWORK, World

TASK = {"name": "n", "task_id": {"value": "n"}, "agent_id": {"value": "agent-1"}, "command": {"value": "horse"}}


def launch(world: World, parent: str, own: str = "own") -> str:
    name = f"{parent}.{own}"
    world.feed(events.LaunchNested(name, FRAMEWORK, "t", json.dumps(TASK).encode()))
    return name


def stage(world: World, name: str) -> Stage | None:
    record = world.core.nested.get(name)
    return record.container.stage if record is not None else None


@pytest.fixture
def parent(world: World) -> str:
    """The container of the task ``t``, which runs."""
    world.run("t")
    world.run_until_idle()
    world.acknowledge("t")
    world.run_until_idle()
    world.acknowledge("t")
    return world.container_of("t")


def test_one_is_made_once_it_is_on_the_disk_and_keeps_its_exit_until_it_is_removed(world: World, parent: str) -> None:
    name = launch(world, parent)
    assert name not in world.containers and stage(world, name) is Stage.INTENT
    world.persist()
    (prepared,) = [one for one in world.history[-1][2] if isinstance(one, Prepare)]
    assert (prepared.within, prepared.parent_pid, prepared.apart) == ("t", 4242, True)
    world.run_until_idle()
    assert stage(world, name) is Stage.RUNNING
    world.exit(name, Exit(code=3))
    world.feed(events.RemoveNested(name))
    assert stage(world, name) is Stage.ENDING, "what has not ended is not removed"
    world.run_until_idle()
    assert stage(world, name) is Stage.ENDED and world.containers[name].state == "absent"
    assert world.core.nested[name].exit == Exit(code=3)
    assert launch(world, parent) == name and stage(world, name) is Stage.ENDED, "the id is taken until then"
    world.feed(events.RemoveNested(name))
    world.run_until_idle()
    assert stage(world, name) is None and not [key for key in world.disk if key.startswith("nested/")]
    assert world.containers[parent].state == "running" and world.states("t")[-1] == "TASK_RUNNING"


def test_all_within_go_with_a_container_the_inner_ones_first(world: World, parent: str) -> None:
    names = [launch(world, parent)]
    world.run_until_idle()
    names.append(launch(world, names[0], "inner"))
    world.run_until_idle()
    assert [stage(world, name) for name in names] == [Stage.RUNNING] * 2
    world.exit(parent, Exit(code=0))
    world.persist()
    (effects,) = [step[2] for step in world.history if any(isinstance(one, Destroy) for one in step[2])]
    destroyed = [one.container_id for one in effects if isinstance(one, Destroy)]
    assert destroyed == [names[1], names[0], parent]
    world.run_until_idle()
    assert not world.core.nested and not [key for key in world.disk if key.startswith("nested/")]
    assert {world.containers[name].state for name in names} == {"absent"}


@pytest.mark.parametrize("why", ["no parent", "bad", "refused"])
def test_what_cannot_be_launched_is_refused_before_anything_is_done(world: World, parent: str, why: str) -> None:
    within = "nobody" if why == "no parent" else parent
    commands: dict[str, object] = {"no parent": TASK["command"], "bad": 7, "refused": {}}
    data = json.dumps({**TASK, "command": commands[why]}).encode()
    assert world.core.nested_refused(f"{within}.own", data)
    before = len(world.persists)
    world.feed(events.LaunchNested(f"{within}.own", FRAMEWORK, "t", data))
    assert not world.core.nested and len(world.persists) == before


def test_a_launch_that_fails_or_cannot_be_written_down_says_why(world: World, parent: str) -> None:
    name = launch(world, parent)
    world.persist()
    world.work(name, fails=True)
    world.run_until_idle()
    assert stage(world, name) is Stage.ENDED and "no" in world.core.nested[name].message
    other = launch(world, parent, "other")
    world.persist_fails()
    world.run_until_idle()
    assert stage(world, other) is Stage.ENDED and "No space left" in world.core.nested[other].message
    assert not [
        one for step in world.history for one in step[2] if isinstance(one, Prepare) and other in one.container_id
    ]


def test_a_later_write_that_fails_is_tried_again(world: World, parent: str) -> None:
    name = launch(world, parent)
    world.run_until_idle()
    world.exit(name, Exit(signal=9))
    while world.containers[name].ops:
        world.work(name)
    world.persist_fails()
    assert stored.read_nested(world.disk[f"nested/{name}"]).nested.exit is None
    world.advance(10.0)
    world.run_until_idle()
    assert stored.read_nested(world.disk[f"nested/{name}"]).nested.exit == Exit(signal=9)


@pytest.mark.parametrize("found", ["running", "exited", "absent", "orphaned"])
def test_after_a_restart_what_is_found_decides(world: World, parent: str, found: str) -> None:
    name = launch(world, parent)
    world.run_until_idle()
    container = world.containers[name]
    container.state = found
    container.exit = Exit(code=5) if found == "exited" else None
    world.crash()
    watched = [one.container_id for one in world.history[0][2] if isinstance(one, WatchContainer)]
    assert (name in watched) == (found == "running") and parent in watched
    world.run_until_idle()
    assert stage(world, name) is (Stage.RUNNING if found == "running" else Stage.ENDED)
    record = world.core.nested[name]
    assert record.exit == (Exit(code=5) if found == "exited" else None)
    assert bool(record.message) == (found in ("absent", "orphaned"))


def test_after_a_restart_those_of_a_parent_that_is_gone_go(world: World, parent: str) -> None:
    names = [launch(world, parent), launch(world, parent, "ended")]
    world.run_until_idle()
    world.exit(names[1], Exit(code=0))
    world.run_until_idle()
    world.containers[parent].state = "absent"
    world.crash()
    world.run_until_idle()
    assert not world.core.nested and world.containers[names[0]].state == "absent"


def test_an_agent_that_ends_all_waits_for_them(world: World, parent: str) -> None:
    launch(world, parent)
    world.run_until_idle()
    world.feed(events.CleanupAsked("test"))
    world.run_until_idle()
    world.exit(parent, Exit(signal=15))
    world.persist()
    assert world.ended is None
    world.run_until_idle()
    assert world.ended is not None and not world.core.nested


def standalone(world: World, name: str = "alone") -> str:
    world.feed(events.LaunchNested(name, "", name, json.dumps(TASK).encode()))
    return name


def test_one_within_none_outlives_the_agent_and_ends_with_its_id(world: World, parent: str) -> None:
    name = standalone(world)
    inner = f"{name}.inner"
    world.persist()
    (prepared,) = [one for one in world.history[-1][2] if isinstance(one, Prepare)]
    assert (prepared.framework_id, prepared.within, prepared.apart, prepared.parent_pid) == ("", name, True, 0)
    world.run_until_idle()
    assert world.core.owner_of(name) == ("", name)
    world.feed(events.LaunchNested(inner, "", name, json.dumps(TASK).encode()))
    world.run_until_idle()
    world.crash()
    world.run_until_idle()
    assert stage(world, name) is stage(world, inner) is Stage.RUNNING
    world.exit(inner, Exit(code=0))
    world.run_until_idle()
    assert stage(world, inner) is Stage.ENDED
    world.feed(events.CleanupAsked("test"))
    assert "ending" in str(world.core.nested_refused("other", json.dumps(TASK).encode()))
    world.exit(parent, Exit(signal=15))
    world.run_until_idle()
    assert world.ended is not None and not world.core.nested and world.containers[name].state == "absent"


def test_one_within_none_is_known_after_its_end_until_it_is_removed(world: World) -> None:
    name = standalone(world)
    world.run_until_idle()
    world.containers[name].state, world.containers[name].exit = "exited", Exit(code=5)
    world.crash()
    world.run_until_idle()
    assert stage(world, name) is Stage.ENDED and world.core.nested[name].exit == Exit(code=5)
    world.feed(events.RemoveNested(name))
    world.run_until_idle()
    assert not world.core.nested and not [key for key in world.disk if key.startswith("nested/")]


def test_none_is_launched_within_none_before_a_master_has_given_an_id() -> None:
    world = World()
    world.core.agent.id = None
    assert "No master" in str(world.core.nested_refused("alone", json.dumps(TASK).encode()))


def test_a_recording_hides_its_command(world: World, parent: str) -> None:
    name = launch(world, parent)
    veil = recorded.Veil(b"k" * 32)
    snapshot = world.core.snapshot()
    assert b"horse" in snapshot and b"horse" not in veil.snapshot(snapshot)
    world.run_until_idle()
    world.crash()
    hiders = {**veil.events, **veil.effects}
    for _, event, effects in world.history:
        for one in (event, *effects):
            hidden = hiders[type(one)](one) if type(one) in hiders else one
            assert "horse" not in repr(hidden), type(one)
    again = recorded.restored(b"x", world.core.snapshot())
    assert again.nested[name] == world.core.nested[name]
