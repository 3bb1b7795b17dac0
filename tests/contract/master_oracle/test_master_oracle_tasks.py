"""Tasks, offers and reconciliation are told as by a real Mesos."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.support.mesos.rawclient import Scheduler, ports, scalar, task
from tests.support.mesos.sides import (
    Ours,
    Side,
    Theirs,
    both,
    plain,
    shown,
    status_shown,
)

pytestmark = pytest.mark.oracle

# --- tasks -----------------------------------------------------------------------------------------------------------


ODD_ENVIRONMENTS: list[list[Any]] = [
    [{"name": "a", "type": "UNKNOWN", "value": "v"}],
    [{"name": "a", "type": "UNKNOWN"}],
    [{"name": "a", "type": "AS_NEVER_BEFORE"}],
    [{"name": "b"}, {"name": "a", "type": "UNKNOWN", "value": "v"}],
    [{"name": "b", "type": "SECRET"}, {"name": "a", "type": "UNKNOWN", "value": "v"}],
    [{"name": "a", "type": "UNKNOWN", "value": "v"}, {"name": "b"}],
]
_ODD = {"value": "x", "environment": {"variables": ODD_ENVIRONMENTS[0]}}
ODD_CHECKS: list[Any] = [
    {"type": "UNKNOWN"},
    {"type": "AS_NEVER_BEFORE"},
    {"type": "UNKNOWN", "command": {"command": {"value": "x"}}},
    {"type": "COMMAND", "command": {"command": _ODD}},
]
ODD_HEALTH_CHECKS: list[Any] = [
    {"type": "UNKNOWN"},
    {"type": "AS_NEVER_BEFORE"},
    {"type": "UNKNOWN", "command": {"value": "x"}},
    {"type": "COMMAND", "command": _ODD},
]


def invalid_tasks(offer: Any) -> list[Any]:
    custom = {"executor_id": {"value": "e"}, "command": {"value": "x"}}
    return [
        task("big", offer, scalar("cpus", 99), scalar("mem", 32)),
        task("many", offer, scalar("cpus", 2.5), scalar("mem", 99999.5), ports((31000, 31005), (31007, 31010))),
        task("negative", offer, scalar("cpus", -1)),
        task("tiny", offer, scalar("cpus", 0.0004)),
        task("empty", offer, {"name": "cpus", "type": "SCALAR"}),
        task("turned", offer, ports((31005, 31000))),
        task("lap", offer, ports((31000, 31005), (31004, 31006))),
        task("twice", offer, {"name": "s", "type": "SET", "set": {"item": ["a", "a"]}}),
        task("reserved", offer, scalar("cpus", 0.1, role="x")),
        task("untyped", offer, scalar("cpus", 0.1, reservations=[{"role": "x"}])),
        task("allocated", offer, scalar("cpus", 0.1, allocation_info={"role": "q"})),
        task("gpu", offer, scalar("gpus", 0.5)),
        task("ports", offer, ports((1, 2), (31000, 31005))),
        task("a/b", offer),
        task("..", offer),
        task("", offer),
        task("x" * 256, offer),
        {**task("no resources", offer), "resources": []},
        task("no command", offer, command=None),
        task("both", offer, executor=custom),
        task("agent", {"agent_id": {"value": "other"}}),
        task("environment", offer, command=None)
        | {"command": {"value": "x", "environment": {"variables": [{"name": "a"}]}}},
        *(
            task(f"environment {number}", offer, command=None)
            | {"command": {"value": "x", "environment": {"variables": variables}}}
            for number, variables in enumerate(ODD_ENVIRONMENTS)
        ),
        *(task(f"check {number}", offer, check=check) for number, check in enumerate(ODD_CHECKS)),
        *(task(f"health check {number}", offer, health_check=check) for number, check in enumerate(ODD_HEALTH_CHECKS)),
        task("grace", offer, kill_policy={"grace_period": {"nanoseconds": -1}}),
        task("completion", offer, max_completion_time={"nanoseconds": -1}),
        task("limit", offer, limits={"cpus": {"value": 0.05}}),
        task("odd limit", offer, limits={"disk": {"value": 5}}),
        task("memory limit", offer, limits={"mem": {"value": 5}}),
        task("health", offer, health_check={"type": "COMMAND"}),
        task("http", offer, health_check={"type": "HTTP", "http": {"port": 1, "path": "a"}}),
        task("tcp", offer, health_check={"type": "TCP"}),
        task("untyped check", offer, health_check={}),
        task("delay", offer, health_check={"type": "TCP", "tcp": {"port": 1}, "delay_seconds": -1}),
        task("check", offer, check={"type": "COMMAND"}),
        task("docker", offer, container={"type": "DOCKER"}),
    ]


def test_every_invalid_task_is_refused_in_the_same_words(theirs: Theirs, ours: Ours) -> None:
    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port)
        try:
            (offer,) = scheduler.offers()
            tasks = invalid_tasks(offer)
            launches = [{"type": "LAUNCH", "launch": {"task_infos": [one]}} for one in tasks]
            answer = shown(side, scheduler.call("ACCEPT", offer_ids=[offer["id"]], operations=launches))
            received = {}
            for _ in tasks:
                status = scheduler.update()
                received[status["task_id"]["value"]] = status_shown(side, scheduler, status)
            return answer, received
        finally:
            scheduler.call("TEARDOWN")
            scheduler.close()

    both(theirs, ours, play)


def test_one_malformed_resource_refuses_its_whole_launch(theirs: Theirs, ours: Ours) -> None:
    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port)
        try:
            (offer,) = scheduler.offers()
            scheduler.accept([offer], [task("good", offer), task("bad", offer, scalar("cpus", -1))])
            return [status_shown(side, scheduler, scheduler.update()) for _ in range(2)]
        finally:
            scheduler.call("TEARDOWN")
            scheduler.close()

    both(theirs, ours, play)


@pytest.mark.parametrize("aware", [False, True])
def test_invalid_offers_and_reconciliation_of_the_unknown_are_told_alike(
    theirs: Theirs, ours: Ours, aware: bool
) -> None:
    info: dict[str, Any] = {"capabilities": [{"type": "PARTITION_AWARE"}]} if aware else {}

    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, **info)
        received = []
        try:
            (offer,) = scheduler.offers()
            for used in ([{"id": {"value": "x"}}], [], [offer, offer]):
                scheduler.accept(used, [task("t", offer)])
                received.append(status_shown(side, scheduler, scheduler.update()))
            asked = [
                {"task_id": {"value": "t"}},
                {"task_id": {"value": "t"}, "agent_id": {"value": side.agent_id}},
                {"task_id": {"value": "t"}, "agent_id": {"value": "nobody"}},
            ]
            scheduler.call("RECONCILE", tasks=asked)
            received += [status_shown(side, scheduler, scheduler.update()) for _ in asked]
            for one in asked:
                scheduler.call("KILL", **one)
                received.append(status_shown(side, scheduler, scheduler.update()))
            operations = [
                {"operation_id": {"value": "o"}},
                {"operation_id": {"value": "o"}, "agent_id": {"value": side.agent_id}},
                {"operation_id": {"value": "o"}, "agent_id": {"value": "nobody"}},
            ]
            scheduler.call("RECONCILE_OPERATIONS", operations=operations)
            for _ in operations:
                event = scheduler.event("UPDATE_OPERATION_STATUS")
                received.append(plain(side, scheduler, json.dumps(event, sort_keys=True)))
            return received
        finally:
            scheduler.call("TEARDOWN")
            scheduler.close()

    both(theirs, ours, play)


@pytest.mark.parametrize("aware", [False, True])
def test_an_accept_that_comes_twice_is_told_alike(theirs: Theirs, ours: Ours, aware: bool) -> None:
    """Of tasks that the first one launched."""
    info: dict[str, Any] = {"capabilities": [{"type": "PARTITION_AWARE"}]} if aware else {}

    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, **info)
        try:
            (offer,) = scheduler.offers()
            for name in ("t", "t", "another"):
                scheduler.accept([offer], [task(name, offer)])
            received: list[Any] = []
            while len(received) < 2:
                status = scheduler.update()
                if status["source"] == "SOURCE_MASTER":
                    received.append(status_shown(side, scheduler, status))
            return received
        finally:
            scheduler.call("TEARDOWN")
            scheduler.close()

    both(theirs, ours, play)


def test_calls_are_answered_alike_while_subscribed(theirs: Theirs, ours: Ours) -> None:
    agent, executor = {"value": "a"}, {"value": "e"}

    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, name="same")
        try:
            info = {**scheduler.info, "id": {"value": scheduler.id}}
            calls: list[tuple[str, dict[str, Any]]] = [
                ("REVIVE", {}),
                ("SUPPRESS", {}),
                ("SUPPRESS", {"roles": ["nobody"]}),
                ("DECLINE", {"offer_ids": [{"value": "x"}]}),
                ("DECLINE", {"offer_ids": [], "filters": {"refuse_seconds": -4}}),
                ("ACCEPT", {"offer_ids": []}),
                ("MESSAGE", {"agent_id": agent, "executor_id": executor, "data": "aGk="}),
                ("SHUTDOWN", {"agent_id": agent, "executor_id": executor}),
                ("REQUEST", {"requests": []}),
                ("ACCEPT_INVERSE_OFFERS", {"inverse_offer_ids": [{"value": "i"}]}),
                ("ACKNOWLEDGE", {"agent_id": agent, "task_id": {"value": "t"}, "uuid": "AAAAAAAAQACAAAAAAAAAAA=="}),
                ("UPDATE_FRAMEWORK", {"framework_info": info}),
                ("UPDATE_FRAMEWORK", {"framework_info": {**info, "user": "x"}}),
                ("UPDATE_FRAMEWORK", {"framework_info": {**info, "checkpoint": True}}),
                ("UPDATE_FRAMEWORK", {"framework_info": {**info, "principal": "x"}}),
                ("UPDATE_FRAMEWORK", {"framework_info": {**info, "role": "/"}}),
                ("UPDATE_FRAMEWORK", {"framework_info": {**info, "id": {"value": "x"}}}),
                ("TEARDOWN", {}),
                ("TEARDOWN", {}),
            ]
            return [(kind, shown(side, scheduler.call(kind, **fields), scheduler)) for kind, fields in calls]
        finally:
            scheduler.close()

    both(theirs, ours, play)


def test_declined_resources_come_back_after_the_filter_in_both(theirs: Theirs, ours: Ours) -> None:
    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port)
        try:
            offers = scheduler.offers()
            scheduler.decline(offers, 0)
            offers = scheduler.offers()  # no filter: at once
            scheduler.accept(offers, [], refuse_seconds=3600)  # an empty ACCEPT declines, with its filter
            scheduler.quiet("OFFERS", 0.7)
            scheduler.call("REVIVE")
            offers = scheduler.offers()
            declined = time.monotonic()  # the filter begins between this and the answer
            scheduler.decline(offers, 1.0)
            scheduler.offers()
            assert time.monotonic() - declined > 0.9
            return True
        finally:
            scheduler.call("TEARDOWN")
            scheduler.close()

    both(theirs, ours, play)
