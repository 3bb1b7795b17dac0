"""Reservations and volumes: both halves together, and what is lost between them."""

from __future__ import annotations

import itertools
from random import Random
from typing import Any

import pytest

from dcos_runtime.core.resources import conversions
from dcos_runtime.master.core import operations
from dcos_runtime.master.core.allocator import Wants
from tests.support.cores.kernel_pair import MOUNT, Pair, scalar

DEV = {"type": "DYNAMIC", "role": "dev", "principal": "p"}
names = itertools.count()


def named(operation: dict[str, Any]) -> dict[str, Any]:
    return {**operation, "id": {"value": f"op{next(names)}"}}


def reserve(*resources: dict[str, Any]) -> dict[str, Any]:
    return named({"type": "RESERVE", "reserve": {"resources": list(resources)}})


def unreserve(*resources: dict[str, Any]) -> dict[str, Any]:
    return named({"type": "UNRESERVE", "unreserve": {"resources": list(resources)}})


def create(*volumes: dict[str, Any]) -> dict[str, Any]:
    return named({"type": "CREATE", "create": {"volumes": list(volumes)}})


def destroy(*volumes: dict[str, Any]) -> dict[str, Any]:
    return named({"type": "DESTROY", "destroy": {"volumes": list(volumes)}})


def grow(one: dict[str, Any], addition: dict[str, Any]) -> dict[str, Any]:
    return named({"type": "GROW_VOLUME", "grow_volume": {"volume": one, "addition": addition}})


def shrink(one: dict[str, Any], less: float) -> dict[str, Any]:
    return named({"type": "SHRINK_VOLUME", "shrink_volume": {"volume": one, "subtract": {"value": less}}})


def of_dev(name: str, value: float, **more: Any) -> dict[str, Any]:
    return scalar(name, value, reservations=[DEV], **more)


def volume(name: str, size: float = 100, disk: Any = None, **more: Any) -> dict[str, Any]:
    kept = {"persistence": {"id": name, "principal": "p"}, "volume": {"container_path": "data", "mode": "RW"}}
    return of_dev("disk", size, disk={**(disk or {}), **kept}, **more)


def states(statuses: list[Any]) -> list[str]:
    return [status["state"] for status in statuses]


def refusal(pair: Pair, operation: dict[str, Any]) -> str:
    (status,) = pair.accept(operation)
    assert status["state"] == "OPERATION_ERROR" and "uuid" not in status
    text: str = status["message"]
    assert pair.agent.total == pair.total
    return text.partition("; on agent ")[0]


def test_reservations_and_volumes_are_made_and_undone() -> None:
    pair = Pair()
    before = pair.shown()
    made = pair.accept(reserve(of_dev("cpus", 1), of_dev("disk", 300)), create(volume("v")))
    assert states(made) == ["OPERATION_FINISHED"] * 2
    assert {"uuid", "agent_id", "operation_id"} <= made[0].keys() and "converted_resources" not in made[0]
    reserved = "(reservations: [(DYNAMIC,dev,p)])"
    assert {f"cpus{reserved}:1", f"disk{reserved}:200", f"disk{reserved}[v]:100", "cpus:3"} <= pair.shown()
    assert pair.folders == ["v"] and pair.total == pair.agent.total
    (offer,) = pair.offers.values()
    (kept,) = [one for one in offer["resources"] if one.get("disk", {}).get("persistence")]
    assert kept["disk"] == volume("v")["disk"]
    assert states(pair.accept(grow(volume("v"), of_dev("disk", 50)), shrink(volume("v", 150), 20))) == [
        "OPERATION_FINISHED",
        "OPERATION_FINISHED",
    ]
    assert f"disk{reserved}[v]:130" in pair.shown()
    undone = pair.accept(destroy(volume("v", 130)), unreserve(of_dev("cpus", 1), of_dev("disk", 300)))
    assert states(undone) == ["OPERATION_FINISHED"] * 2
    assert pair.shown() == before and pair.folders == []
    assert not pair.agent.operations and not pair.master.state.agents[pair.agent.agent.id or ""].operations


def test_a_disk_that_is_mounted_becomes_one_volume() -> None:
    pair = Pair()
    assert (
        states(pair.accept(reserve(of_dev("disk", 500, disk=MOUNT)), create(volume("m", 500, MOUNT))))
        == ["OPERATION_FINISHED"] * 2
    )
    assert pair.agent.total == pair.total
    assert refusal(pair, grow(volume("m", 500, MOUNT), of_dev("disk", 1))).endswith("MOUNT disk is not supported")
    assert states(pair.accept(destroy(volume("m", 500, MOUNT)))) == ["OPERATION_FINISHED"]


def test_refusals_are_those_of_mesos() -> None:
    """Texts of a real Mesos 1.11."""
    pair = Pair()
    pair.accept(reserve(of_dev("disk", 300)), create(volume("v"), volume("s", shared={})))
    to = "A reserve operation was attempted "
    for operation, text in [
        (reserve(scalar("cpus", 1)), "Resource cpus(allocated: dev):1 is not dynamically reserved"),
        (reserve(), "Invalid resources: The resources have multiple resource providers: "),
        (reserve(of_dev("cpus", 1, allocation_info={"role": "x"})), f"{to}for a resource with role 'dev', but the"
         " resource was allocated to role 'x'"),
        (reserve(scalar("cpus", 1, reservations=[{**DEV, "principal": "q"}])), f"{to}by authenticated principal 'p',"
         " which does not match a reserved resource in the request with principal 'q'"),
        (reserve(scalar("cpus", 1, reservations=[{"type": "DYNAMIC", "role": "dev"}])), f"{to}by principal 'p', but"
         " there is a reserved resource in the request with no principal set"),
        (unreserve(scalar("cpus", 1)), "Resource cpus(allocated: dev):1 is not dynamically reserved"),
        (unreserve(volume("v")), "A dynamically reserved persistent volume disk(allocated: dev)(reservations:"
         " [(DYNAMIC,dev,p)])[v]:100 cannot be unreserved directly. Please destroy the persistent volume first then"
         " unreserve the resource"),
        (create(of_dev("disk", 1)), "Not a persistent volume: Resource disk(allocated: dev)(reservations:"
         " [(DYNAMIC,dev,p)]):1 does not have DiskInfo"),
        (create(volume("v")), "Persistence ID 'v' is not unique"),
        (create(volume("a/b")), "Invalid resources: Invalid DiskInfo: Invalid persistence ID for persistent volume:"
         " 'a/b' contains invalid characters"),
        (create(scalar("disk", 1, disk=volume("x")["disk"])), "Invalid resources: Invalid DiskInfo: Persistent volumes"
         " cannot be created from unreserved resources"),
        (destroy(volume("nope")), "Persistent volumes not found"),
        (destroy(volume("v", 50)), "Persistent volumes not found"),
        (grow(volume("s", shared={}), of_dev("disk", 1)), "Growing a shared persistent volume is not supported"),
        (grow(volume("v"), of_dev("disk", 0)), "The size of 'GrowVolume.addition' field must be greater than zero"),
        (grow(volume("v"), scalar("disk", 1)), "Incompatible resources in the 'GrowVolume.volume' and"
         " 'GrowVolume.addition' fields"),
        (shrink(volume("v"), 100), "Value of 'ShrinkVolume.subtract' must be smaller than the size of"
         " 'ShrinkVolume.volume'"),
        (shrink(volume("v"), -1), "Value of 'ShrinkVolume.subtract' must be greater than zero"),
        (named({"type": "RESERVE"}), "Operation attempted with invalid resources: A RESERVE offer operation must have"
         " the Offer.Operation.reserve field set."),
        (named({"type": "DESTROY_DISK", "destroy_disk": {"source": of_dev("disk", 1)}}), "'source' is not managed by a"
         " resource provider"),
    ]:  # fmt: skip
        assert refusal(pair, operation) == text
    assert "does not contain cpus(allocated: dev):100" in refusal(pair, reserve(of_dev("cpus", 100)))


def task(pair: Pair, name: str, *resources: dict[str, Any]) -> dict[str, Any]:
    (offer,) = pair.offers.values()
    info = {"name": name, "task_id": {"value": name}, "agent_id": offer["agent_id"], "command": {"value": "x"}}
    return {"type": "LAUNCH", "launch": {"task_infos": [{**info, "resources": list(resources)}]}}


def test_a_task_of_the_same_accept_has_the_volume_and_keeps_it_from_being_destroyed() -> None:
    pair = Pair()
    run = task(pair, "t", scalar("cpus", 1), scalar("mem", 32), volume("v"))
    pair.accept(reserve(of_dev("disk", 100)), create(volume("v")), run)
    assert [update["state"] for update in pair.updates][:1] == ["TASK_STARTING"]
    assert refusal(pair, destroy(volume("v"))) == "Persistent volumes in use"


def test_a_task_with_a_volume_that_the_agent_does_not_know_is_dropped() -> None:
    pair = Pair(by_itself=False)
    pair.settle()
    pair.volume_trouble = "no space"
    run = task(pair, "t", scalar("cpus", 1), scalar("mem", 32), volume("v"))
    pair.accept(reserve(of_dev("disk", 100)), create(volume("v")), run)
    pair.settle()
    assert states(pair.statuses) == ["OPERATION_FINISHED", "OPERATION_FAILED"]
    assert pair.statuses[1]["message"] == "no space"
    assert (pair.updates[0]["state"], pair.updates[0]["reason"]) == ("TASK_DROPPED", "REASON_RESOURCES_UNKNOWN")
    assert pair.total == pair.agent.total and not conversions.volumes(pair.total)


def test_nobody_else_is_offered_what_is_reserved_nor_an_old_framework_what_is_refined() -> None:
    pair = Pair()
    pair.accept(reserve(of_dev("cpus", 1)))
    other = Pair(capabilities=[{"type": "MULTI_ROLE"}])
    other.accept(reserve(scalar("cpus", 1, role="dev", reservation={"principal": "p"})))
    (offer,) = other.offers.values()
    shown = [one for one in offer["resources"] if one.get("role") == "dev"]
    assert shown == [scalar("cpus", 1.0, role="dev", allocation_info={"role": "dev"}, reservation={"principal": "p"})]
    one = pair.master.state.allocator
    one.add_framework("other", Wants(frozenset(["other"]), refined=True), active=True)
    one.deactivate_framework(pair.framework_id or "")
    pair.call("DECLINE", offer_ids=[{"value": offer_id} for offer_id in pair.offers])
    (decision,) = one.allocate(pair.mono + 9.0)
    assert (decision.framework_id, decision.resources) == ("other", pair.total.unreserved())


def test_a_status_is_repeated_until_it_is_acknowledged() -> None:
    pair = Pair()
    pair.acknowledges = False
    (first,) = pair.accept(reserve(of_dev("cpus", 1)))[:1]
    pair.pass_time(30.0)
    pair.settle()
    assert len(pair.statuses) > 2 and all(one == first for one in pair.statuses)
    pair.call("RECONCILE_OPERATIONS", operations=[{"operation_id": first["operation_id"]}])
    assert pair.statuses[-1] == {key: value for key, value in first.items() if key != "uuid"}
    (known,) = pair.master.state.agents[pair.agent.agent.id or ""].operations.values()
    assert operations.shown(known).latest_status.uuid is not None and known.framework_id == pair.framework_id
    pair.call("RECONCILE_OPERATIONS", operations=[])
    assert pair.statuses[-1]["state"] == "OPERATION_FINISHED"
    pair.start_agent()
    pair.start_master()
    pair.subscribe()
    pair.settle()
    assert pair.statuses[-1] == first
    pair.acknowledges = True
    pair.settle()
    assert not pair.agent.operations


def test_an_operation_that_is_lost_on_its_way_is_dropped() -> None:
    pair = Pair(by_itself=False)
    pair.settle()
    pair.accept(reserve(of_dev("cpus", 1)))
    assert "cpus:3" in pair.shown()
    pair.break_off()
    pair.settle()
    assert states(pair.statuses) == ["OPERATION_DROPPED"]
    assert "cpus:4" in pair.shown() and pair.total == pair.agent.total


@pytest.mark.parametrize("seed", range(40))
def test_no_reservation_or_volume_is_lost_or_made_twice(seed: int) -> None:
    """Whatever is lost or ends in between: in the end both know the same, and the framework what came of each."""
    chance = Random(seed)
    pair = Pair(by_itself=False)
    pair.settle()
    asked: dict[str, dict[str, Any]] = {}
    pair.acknowledges = False
    for _ in range(120):
        step = chance.random()
        if step < 0.15 and pair.offers:
            (offer, *_) = pair.offers.values()
            wanted = [_some(offer, chance) for _ in range(chance.choice([1, 1, 2]))]
            asked |= {one["id"]["value"]: one for one in wanted}
            pair.accept(*wanted)
        elif step < 0.18:
            pair.break_off()
        elif step < 0.20:
            pair.start_agent()
        elif step < 0.22:
            pair.start_master()
            pair.start_agent()
            pair.subscribe()
        elif step < 0.24:
            pair.subscribe()
        elif step < 0.26:
            pair.write(fails=True)
        elif step < 0.32:
            pair.acknowledge()
        elif step < 0.4:
            pair.pass_time(chance.choice([0.5, 1.0, 12.0]))
        else:
            chance.choice([pair.deliver_down, pair.deliver_up, pair.write, pair.change])()
            _never_too_much(pair)
    pair.acknowledges = True
    pair.settle()
    assert pair.total == pair.agent.total == pair.agent.durable_total()
    assert conversions.changed(pair.total, conversions.offered) == pair.agent.offered
    assert not pair.agent.operations and not pair.agent.under_way
    done = {one["operation_id"]["value"] for one in pair.statuses if one["state"] == "OPERATION_FINISHED"}
    expected = {_name(asked[one]) for one in done if asked[one]["type"] == "CREATE"}
    expected -= {_name(asked[one]) for one in done if asked[one]["type"] == "DESTROY"}
    kept = {thing.kind.disk.persistence for thing in conversions.volumes(pair.total) if thing.kind.disk}
    assert kept == expected <= set(pair.folders)  # one that was made and not written down leaves an empty folder


def _never_too_much(pair: Pair) -> None:
    for agent_id, agent in pair.master.state.agents.items():
        held = pair.master.state.allocator.allocated(agent_id)
        assert conversions.changed(agent.total, conversions.offered).contains(
            conversions.changed(held, conversions.offered)
        )


def _name(operation: dict[str, Any]) -> str:
    (one,) = operation[operation["type"].lower()]["volumes"]
    name: str = one["disk"]["persistence"]["id"]
    return name


def _some(offer: Any, chance: Random) -> dict[str, Any]:
    reserved = [one for one in offer["resources"] if one.get("reservations") and one["type"] == "SCALAR"]
    kept = [one for one in reserved if "disk" in one]
    free = [one for one in reserved if one["name"] == "disk" and "disk" not in one]
    number = chance.random()
    if kept and number < 0.4:
        return destroy(chance.choice(kept))
    if free and number < 0.7:
        return create(volume(f"v{next(names)}", min(10, free[0]["scalar"]["value"])))
    if free and number < 0.8:
        return unreserve({**free[0], "scalar": {"value": 10}})
    return reserve(of_dev("disk", chance.choice([10, 50])))
