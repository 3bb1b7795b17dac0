"""Maintenance is planned, told and done as by a real Mesos, over the operator API and over the pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.mesos.oracle import Oracle
from tests.support.mesos.rawclient import JSON, Answer, Master, Scheduler, request, task
from tests.support.mesos.sides import Ours, Side, Theirs, both, plain, shown, status_shown

pytestmark = pytest.mark.oracle

MACHINE = {"hostname": "LOCALHOST", "ip": "127.0.0.1"}
OTHER = {"hostname": "other"}
SEEN = {"hostname": "localhost", "ip": "127.0.0.1"}


@pytest.fixture
def apart() -> Iterator[Theirs]:
    """One of its own: its agent is lost for good."""
    oracle = Oracle(agents=1, allocation_interval="100ms")
    yield Theirs(oracle.port)
    oracle.stop()


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Ours]:
    flags = ("--allocation_interval=100ms", "--agent_ping_timeout=1hrs")
    master = Master(tmp_path / "work", *flags).start().leads()
    side = Ours(master)
    yield side
    side.agent.close()
    master.stop()


def window(*machines: Any, start: int) -> dict[str, Any]:
    lasting = {"start": {"nanoseconds": start}, "duration": {"nanoseconds": 10**9}}
    return {"machine_ids": list(machines), "unavailability": lasting}


def call(side: Side, kind: str, **part: Any) -> Answer:
    body = {"type": kind, **({kind.lower(): part} if part else {})}
    return request(side.port, "POST", "/api/v1", JSON, json.dumps(body).encode())


def test_a_machine_is_drained_taken_down_and_brought_up(apart: Theirs, alone: Ours) -> None:
    """Scheduled, asked about, declined and accepted, down with a task on it, and up."""

    def play(side: Side) -> Any:
        told: list[Any] = []
        capabilities = [{"type": "PARTITION_AWARE"}]
        scheduler = Scheduler(side.port, role="moves", failover_timeout=60.0, capabilities=capabilities)

        def asked(kind: str, **part: Any) -> None:
            told.append(shown(side, call(side, kind, **part), scheduler))

        def looked() -> None:
            status = json.loads(plain(side, scheduler, call(side, "GET_MAINTENANCE_STATUS").text))
            page = json.loads(plain(side, scheduler, request(side.port, "GET", "/maintenance/status").text))
            assert page == status["get_maintenance_status"]["status"]
            page.get("draining_machines", []).sort(key=json.dumps)  # a set
            for machine in page.get("draining_machines", []):
                for one in machine.get("statuses", []):
                    assert one.pop("timestamp")["nanoseconds"] > 0
            schedule = call(side, "GET_MAINTENANCE_SCHEDULE").json()["get_maintenance_schedule"]["schedule"]
            assert request(side.port, "GET", "/maintenance/schedule").json() == schedule
            told.append((page, schedule))

        def inverse() -> Any:
            (offer,) = scheduler.event("INVERSE_OFFERS")["inverse_offers"]["inverse_offers"]
            told.append(plain(side, scheduler, json.dumps({**offer, "url": offer["url"]["path"]}, sort_keys=True)))
            return offer["id"]

        try:
            (offer,) = scheduler.offers()
            assert "unavailability" not in offer
            scheduler.accept([offer], [task("stays", offer)], refuse_seconds=0.0)
            if isinstance(side, Ours):
                side.agent.update(side.agent.message("RUN_TASK", scheduler.id), "TASK_RUNNING", 1)
            scheduler.update("TASK_RUNNING")
            (offer,) = scheduler.offers()
            asked("START_MAINTENANCE", machines=[MACHINE])
            asked("STOP_MAINTENANCE", machines=[MACHINE])
            asked("UPDATE_MAINTENANCE_SCHEDULE", schedule={"windows": [window(MACHINE, start=2 * 10**18)]})
            assert scheduler.event("RESCIND")["rescind"]["offer_id"] == offer["id"]
            (offer,) = scheduler.offers()
            told.append(offer["unavailability"])
            offer_id = inverse()
            looked()
            filters = {"refuse_seconds": 0.0}
            declined = scheduler.call("DECLINE_INVERSE_OFFERS", inverse_offer_ids=[offer_id], filters=filters)
            assert declined.status == 202
            offer_id = inverse()
            looked()
            assert scheduler.call("ACCEPT_INVERSE_OFFERS", inverse_offer_ids=[offer_id]).status == 202
            looked()
            both_machines = window(MACHINE, OTHER, start=3 * 10**18)
            asked("UPDATE_MAINTENANCE_SCHEDULE", schedule={"windows": [both_machines]})
            inverse()
            looked()
            asked("START_MAINTENANCE", machines=[MACHINE])
            told.append(status_shown(side, scheduler, scheduler.update("TASK_LOST")))
            scheduler.event("RESCIND_INVERSE_OFFER")
            told.append(plain(side, scheduler, json.dumps(scheduler.event("FAILURE"))))
            if isinstance(side, Ours):
                assert side.agent.message("SHUTDOWN")["message"] == "Operator initiated 'Machine DOWN'"
            page = request(side.port, "GET", "/maintenance/status").json()
            assert [{**one, "hostname": one["hostname"].lower()} for one in page["down_machines"]] == [SEEN]
            asked("START_MAINTENANCE", machines=[MACHINE])
            asked("UPDATE_MAINTENANCE_SCHEDULE", schedule={"windows": [window(MACHINE, start=4 * 10**18)]})
            asked("STOP_MAINTENANCE", machines=[MACHINE])
            looked()
            asked("UPDATE_MAINTENANCE_SCHEDULE", schedule={})
            looked()
            return told
        finally:
            scheduler.call("TEARDOWN")
            scheduler.close()

    expected, found = play(apart), play(alone)
    for one, other in zip(expected, found, strict=True):
        assert other == one


PAGES: list[tuple[str, str, Any]] = [
    *(("PUT", path, b"") for path in ("/maintenance/schedule", "/maintenance/status", "/machine/up", "/machine/down")),
    *(("GET", path, None) for path in ("/machine/up", "/machine/down", "/maintenance/status", "/maintenance/schedule")),
    *(("POST", path, b"[]") for path in ("/maintenance/schedule", "/machine/up", "/machine/down")),
    *(("POST", path, b"null") for path in ("/maintenance/schedule", "/machine/up", "/machine/down")),
    *(("POST", path, b"{}") for path in ("/maintenance/status", "/machine/up", "/machine/down")),
    *(("POST", path, b"") for path in ("/maintenance/schedule", "/machine/up", "/machine/down")),
    *(("POST", "/machine/up", body) for body in (b"[1]", b"[{}]", b'[{"hostname":1}]', b'[{"ip":"x"}]')),
    *(("POST", "/machine/down", body) for body in (b'[{"hostname":"x"}]', b'[{"hostname":"x"},{"hostname":"X"}]')),
    *(("POST", "/maintenance/schedule", body) for body in (b'{"windows":[]}', b"{}")),
]


@pytest.mark.parametrize(("method", "path", "body"), PAGES)
def test_a_page_answers_as_that_of_mesos(theirs: Theirs, ours: Ours, method: str, path: str, body: Any) -> None:
    both(theirs, ours, lambda side: shown(side, request(side.port, method, path, JSON, body)))
