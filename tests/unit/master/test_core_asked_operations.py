"""Operators reserve resources and make volumes: offers give way, tasks do not; both halves together."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dcos_runtime.master.core import events
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import Offer
from tests.support.cores.kernel_pair import Pair, scalar

OPS = {"type": "DYNAMIC", "role": "ops", "principal": "z"}
RESERVED = "(reservations: [(DYNAMIC,ops,z)])"
PARTS = {"GROW_VOLUME": "grow_volume", "SHRINK_VOLUME": "shrink_volume"}


def ask(pair: Pair, kind: str, principal: str | None = None, agent: str | None = None, **part: Any) -> tuple[int, str]:
    body = {"type": kind, PARTS.get(kind, kind.lower()): part}
    operation = codec.decode(json.dumps(body).encode(), Offer.Operation)
    status = pair.tell(events.OperationAsked(1, agent or pair.agent.agent.id or "", operation, principal, "tester"))
    return status, pair.replied


def done(pair: Pair, kind: str, **part: Any) -> None:
    """Accepted, and the agent has done it."""
    assert ask(pair, kind, **part) == (202, "")
    (known,) = pair.master.state.agents.values()
    assert known.operations
    pair.settle()
    assert pair.agent.total == pair.total and not known.operations and not pair.agent.operations


def of_ops(name: str, value: float, **more: Any) -> dict[str, Any]:
    return scalar(name, value, reservations=[OPS], **more)


def volume(name: str, size: float) -> dict[str, Any]:
    kept = {"persistence": {"id": name, "principal": "z"}, "volume": {"container_path": "data", "mode": "RW"}}
    return of_ops("disk", size, disk=kept)


def test_resources_become_a_volume_and_are_free_again() -> None:
    pair = Pair()
    before = pair.shown()
    done(pair, "RESERVE", resources=[of_ops("cpus", 1), of_ops("disk", 300)])
    assert {f"cpus{RESERVED}:1", f"disk{RESERVED}:300", "cpus:3"} <= pair.shown()
    done(pair, "CREATE", volumes=[volume("v", 100)])
    assert pair.folders == ["v"]
    done(pair, "GROW_VOLUME", volume=volume("v", 100), addition=of_ops("disk", 50))
    done(pair, "SHRINK_VOLUME", volume=volume("v", 150), subtract={"value": 20})
    assert f"disk{RESERVED}[v]:130" in pair.shown()
    done(pair, "DESTROY", volumes=[volume("v", 130)])
    done(pair, "UNRESERVE", resources=[of_ops("cpus", 1), of_ops("disk", 300)])
    assert pair.shown() == before and pair.folders == [] and pair.statuses == []


def test_a_reservation_becomes_another_by_its_source() -> None:
    pair = Pair()
    done(pair, "RESERVE", resources=[of_ops("cpus", 1)])
    other = scalar("cpus", 1, reservations=[{**OPS, "role": "new"}])
    done(pair, "RESERVE", source=[of_ops("cpus", 1)], resources=[other])
    assert "cpus(reservations: [(DYNAMIC,new,z)]):1" in pair.shown()


def test_an_offer_that_holds_the_resources_is_rescinded_and_made_anew() -> None:
    pair = Pair()
    (offer_id,) = pair.offers
    reserved = {**OPS, "role": "dev", "principal": "p"}
    assert ask(pair, "RESERVE", resources=[scalar("cpus", 1, reservations=[reserved])])[0] == 202
    assert not pair.offers
    pair.settle()
    (offer,) = pair.offers.values()
    assert offer["id"]["value"] != offer_id
    assert sorted(
        (one["scalar"]["value"], bool(one.get("reservations"))) for one in offer["resources"] if one["name"] == "cpus"
    ) == [(1.0, True), (3.0, False)]


def test_an_offer_stays_when_what_is_free_is_enough_or_nothing_would_be() -> None:
    pair = Pair()
    (offer_id,) = pair.offers
    pair.call("DECLINE", offer_ids=[{"value": offer_id}], filters={"refuse_seconds": 1000.0})
    pair.offers.clear()
    done(pair, "RESERVE", resources=[of_ops("cpus", 1)])
    pair.call("REVIVE")
    pair.settle()
    offers = set(pair.offers)
    assert offers
    status, text = ask(pair, "RESERVE", resources=[of_ops("cpus", 100)])
    assert status == 409 and text.endswith("does not contain cpus:100") and f"cpus{RESERVED}:1" in text
    done(pair, "UNRESERVE", resources=[of_ops("cpus", 1)])
    assert offers <= set(pair.offers)


def test_what_a_task_uses_stays_with_it() -> None:
    pair = Pair()
    (offer,) = pair.offers.values()
    info = {"name": "t", "task_id": {"value": "t"}, "agent_id": offer["agent_id"], "command": {"value": "x"}}
    pair.accept({"type": "LAUNCH", "launch": {"task_infos": [{**info, "resources": [scalar("cpus", 3.5)]}]}})
    status, text = ask(pair, "RESERVE", resources=[of_ops("cpus", 1)])
    assert (status, text.partition("; ")[0]) == (409, "cpus:0.5")
    done(pair, "RESERVE", resources=[of_ops("cpus", 0.5)])


def test_refusals_are_those_of_mesos() -> None:
    """Texts of a real Mesos 1.11."""
    pair = Pair()
    done(pair, "RESERVE", resources=[of_ops("disk", 300)])
    done(pair, "CREATE", volumes=[volume("v", 100)])
    on = f" on agent {pair.agent.agent.id} at slave(1)@198.18.0.2:5051 (a): "
    allocated = {"allocation_info": {"role": "ops"}}
    disk = of_ops("disk", 10)
    refused: list[tuple[str, dict[str, Any], str]] = [
        ("RESERVE", {"resources": [scalar("cpus", 1)]}, f"{on}Resource cpus:1 is not dynamically reserved"),
        ("RESERVE", {"resources": [of_ops("cpus", 1, **allocated)]}, f"{on}A reserve operation was attempted with an"
         " allocated resource, but the operator API only allows reservations to be made to unallocated resources"),
        ("RESERVE", {"source": [scalar("cpus", 0.2)], "resources": [of_ops("cpus", 0.3)]}, f"{on}Source and target"
         " resources should refer to identical resource quantities: cpus:0.2 vs. cpus:0.3"),
        ("CREATE", {"volumes": [disk]}, f"{on}Not a persistent volume: Resource disk{RESERVED}:10 does not have"
         " DiskInfo"),
        ("CREATE", {"volumes": [volume("v", 1)]}, f"{on}Persistence ID 'v' is not unique"),
        ("GROW_VOLUME", {"volume": volume("v", 100), "addition": of_ops("disk", 0)}, f"{on}The size of"
         " 'GrowVolume.addition' field must be greater than zero"),
        ("SHRINK_VOLUME", {"volume": volume("v", 100), "subtract": {"value": 100}}, f"{on}Value of"
         " 'ShrinkVolume.subtract' must be smaller than the size of 'ShrinkVolume.volume'"),
        ("UNRESERVE", {"resources": [volume("v", 100)]}, ": A dynamically reserved persistent volume"
         f" disk{RESERVED}[v]:100 cannot be unreserved directly. Please destroy the persistent volume first then"
         " unreserve the resource"),
        ("UNRESERVE", {"resources": [scalar("cpus", 0.1)]}, ": Resource cpus:0.1 is not dynamically reserved"),
        ("DESTROY", {"volumes": [volume("no", 100)]}, ": Persistent volumes not found"),
        ("DESTROY", {"volumes": []}, ": Invalid resources: The resources have multiple resource providers: "),
    ]  # fmt: skip
    for kind, part, text in refused:
        assert ask(pair, kind, **part) == (400, f"Invalid {kind} operation{text}")
    assert ask(pair, "RESERVE", agent="x", resources=[]) == (400, "No agent found with specified ID")
    assert ask(pair, "CREATE", volumes=[scalar("cpus", -1)]) == (
        400,
        "Resource 'cpus:-1' is invalid: Invalid scalar resource: value <= 0",
    )
    for status, text in (
        ask(pair, "GROW_VOLUME", volume=volume("no", 20), addition=disk),
        ask(pair, "SHRINK_VOLUME", volume=volume("no", 20), subtract={"value": 1}),
        ask(pair, "UNRESERVE", resources=[of_ops("cpus", 9)]),
    ):
        assert status == 409 and " does not contain " in text


def test_a_known_principal_reserves_and_makes_volumes_under_its_own_name() -> None:
    pair = Pair()
    status, text = ask(pair, "RESERVE", "q", resources=[of_ops("disk", 100)])
    assert status == 400 and "by authenticated principal 'q', which does not match" in text
    done(pair, "RESERVE", resources=[of_ops("disk", 100)])
    status, text = ask(pair, "CREATE", "q", volumes=[volume("v", 10)])
    assert status == 400 and "by authenticated principal 'q', which does not match" in text
    assert ask(pair, "CREATE", "z", volumes=[volume("v", 10)])[0] == 202


def test_nothing_is_asked_of_an_agent_that_would_not_get_it() -> None:
    pair = Pair()
    before = pair.shown()
    pair.tell(events.AgentGone(pair.connection))
    status, text = ask(pair, "RESERVE", resources=[of_ops("cpus", 1)])
    assert status == 409 and "is not connected" in text
    assert pair.shown() == before


@pytest.mark.parametrize("fails", [False, True])
def test_the_agents_word_decides(fails: bool) -> None:
    """An operation that is lost with the connection, and one that the agent could not do, leave nothing."""
    pair = Pair(by_itself=False)
    pair.settle()
    assert ask(pair, "RESERVE", resources=[of_ops("disk", 100)])[0] == 202
    pair.settle()
    before = pair.shown()
    assert ask(pair, "CREATE", volumes=[volume("v", 100)])[0] == 202
    assert f"disk{RESERVED}[v]:100" in pair.shown()
    if fails:
        pair.volume_trouble = "no space"
    else:
        pair.break_off()
    pair.settle()
    assert pair.shown() == before and pair.agent.total == pair.total
    (known,) = pair.master.state.agents.values()
    assert not known.operations and pair.statuses == []
