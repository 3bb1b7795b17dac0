"""`/api/v1/explain` over HTTP: each kind of question, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from tests.support.mesos.ladder import encoded
from tests.support.mesos.rawclient import JSON, Agent, Master, Scheduler, get, request

EXPLAIN = "/api/v1/explain"


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Master]:
    flags = ("--allocation_interval=50ms", "--agent_ping_timeout=1hrs")
    master = Master(tmp_path_factory.mktemp("explain") / "work", *flags).start().leads()
    yield master
    assert master.stop() == 0
    assert "Traceback" not in master.log.read_text()


def test_why_there_is_no_offer_is_explained(master: Master) -> None:
    agent = Agent(master.port, hostname="explained")
    scheduler = Scheduler(master.port, role="web/a", failover_timeout=60.0)
    try:
        scheduler.offers()
        whole = get(master.port, f"{EXPLAIN}?framework={scheduler.id}")
        assert (whole["version"], whole["framework_id"], whole["state"]) == (1, scheduler.id, "active")
        (in_role,) = whole["roles"]
        assert (in_role["framework"]["place"], in_role["role"]["role"]) == (0, "web/a")
        of_agent = next(one for one in in_role["agents"] if one["examples"][-1]["hostname"] == "explained")
        assert of_agent["why"] == "offered"
        assert {"framework_id": scheduler.id, "role": "web/a", "agents": of_agent["agents"]} in of_agent["offered_to"]
        one_role = get(master.port, f"/master{EXPLAIN}.json?framework={scheduler.id}&role=web/a")
        assert one_role["roles"][0].keys() == in_role.keys()
        role = get(master.port, f"{EXPLAIN}?role=web/a")
        assert [one["framework_id"] for one in role["frameworks"]] == [scheduler.id]
        wanted = {"resources": {"cpus": 1e6}, "role": "web/a", "attributes": {"hostname": "explained"}}
        for answer in (
            request(master.port, "POST", EXPLAIN, JSON, encoded(wanted)),
            request(master.port, "GET", f"{EXPLAIN}?task={quote(json.dumps(wanted))}"),
        ):
            task_explained = answer.json()
            assert (answer.status, task_explained["verdict"]) == (200, "never")
            (lack,) = task_explained["closest"][0]["lacks"]
            assert (task_explained["closest"][0]["hostname"], lack["resource"]) == ("explained", "cpus")
    finally:
        scheduler.call("TEARDOWN")
        scheduler.close()
        agent.close()


@pytest.mark.parametrize(
    ("method", "query", "body", "status", "text"),
    [
        ("GET", "", None, 400, "Expecting one of"),
        ("GET", "?role=a&task={}", None, 400, "Expecting one of"),
        ("GET", "?framework=nobody", None, 404, "No framework found with specified ID"),
        ("GET", "?role=a/../b", None, 400, "cannot include '..' as a component"),
        ("GET", "?task=%7B", None, 400, "Input data was truncated"),
        ("GET", "?task=%ff", None, 400, "JSON"),
        ("POST", "", b"", 400, "JSON"),
        ("POST", "", b'{"resources": {"cpus": 1}, "cpus": 1}', 400, "unknown field `cpus`"),
        ("POST", "", b'{"resources": {"cpus": 1}, "attributes": {"rack": 5}}', 400, "Expected `str | array`"),
        ("POST", "", b'{"resources": {"cpus": "many"}}', 400, "Expected `float`"),
        ("POST", "", b" " * 70_000, 413, ""),
        ("PUT", "", b"{}", 405, ""),
    ],
)
def test_what_cannot_be_explained_says_why(
    master: Master, method: str, query: str, body: bytes | None, status: int, text: str
) -> None:
    answer = request(master.port, method, EXPLAIN + query, JSON, body)
    assert (answer.status, text in answer.text) == (status, True), answer.text
    assert answer.headers.get("allow") == ("GET, POST" if status == 405 else None)
