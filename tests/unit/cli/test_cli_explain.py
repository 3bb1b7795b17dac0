"""`dcos explain`, `dcos service` and `dcos task metrics` against a pretended cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiohttp import web

from tests.support.cli.asked import Asked
from tests.support.cli.fake_cluster import Cluster, reply

Dcos = Callable[..., Any]

ROLE = {
    "role": "web",
    "share": 0.25,
    "weighted_share": 0.125,
    "quotas": [
        {"role": "web", "guarantees": {"cpus": 1.0}, "limits": {"cpus": 2.0, "mem": 64.0}, "used": {"cpus": 1.5}}
    ],
    "room": {"cpus": 0.5},
    "minimums": [{"cpus": 0.01}, {"mem": 32.0}],
}
PLACED = {
    "framework_id": "F0",
    "name": "marathon",
    "role": "web",
    "state": "active",
    "share": 0.25,
    "filters": 1,
    "clients": 3,
    "place": 0,
}
SEEN = {"id": "S0", "hostname": "a1", "free": {"cpus": 4.0}}
FILTERED = {**SEEN, "filters": [{"refused": "cpus:4", "until": 1_800_000_000.0}]}
AGENTS = [
    {
        "why": "offered",
        "agents": 7,
        "examples": [SEEN],
        "offered_to": [{"framework_id": "F1", "role": "b", "agents": 7}],
    },
    {"why": "capability", "agents": 1, "examples": [SEEN], "capabilities": {"SHARED_RESOURCES": 1}},
    {"why": "reserved", "agents": 1, "examples": [SEEN], "reserved_to": {"db": 1}},
    {"why": "a later word", "agents": 1, "examples": [SEEN]},
    {
        "why": "filtered",
        "agents": 1,
        "examples": [FILTERED],
        "first_until": 1_800_000_000.0,
        "last_until": 1_800_000_000.0,
    },
]
HEAD = {"version": 1, "time": 1_799_999_000.0}
FRAMEWORK = {
    **HEAD,
    "framework_id": "F0",
    "name": "marathon",
    "state": "active",
    "roles": [{"framework": PLACED, "role": ROLE, "agents": AGENTS}],
    "left_out": ["x"],
}
WAITING = {key: value for key, value in PLACED.items() if key != "place"}
OF_ROLE = {**HEAD, "role": ROLE, "frameworks": [PLACED, {**WAITING, "state": "suppressed"}], "agents": AGENTS}
TASK = {
    **HEAD,
    "verdict": "waits",
    "wanted": {"cpus": 5.0},
    "role": ROLE,
    "agents": AGENTS,
    "framework": {**WAITING, "state": "resting", "resting_until": 1_800_000_000.0},
    "closest": [
        {
            "id": "S0",
            "hostname": "a1",
            "why": "attributes",
            "lacks": [{"resource": "cpus", "wanted": 5.0, "free": 1.5, "total": 4.0}],
            "mismatches": [
                {"attribute": "rack", "wanted": ["r1", "r2"], "has": "r3"},
                {"attribute": "os", "wanted": []},
            ],
            "filters": FILTERED["filters"],
        }
    ],
}


@pytest.fixture
def explaining(cluster: Cluster) -> Iterator[Cluster]:
    """A cluster whose master explains framework F0, any role and any task, and tears F0 down."""

    def answer(asked: Asked) -> web.Response:
        if asked.path == "/api/v1" and asked.method == "POST":
            known = asked.body["teardown"]["framework_id"]["value"] == "F0"
            return reply() if known else web.Response(status=400, text="No framework found with specified ID")
        if asked.path != "/api/v1/explain":
            return cluster.answer_master(asked)
        if asked.method == "POST":
            return reply(body=TASK)
        if "framework" in asked.query:
            return reply(body=FRAMEWORK) if asked.query["framework"] == "F0" else web.Response(status=404)
        wrong = asked.query["role"] == "a b"
        return web.Response(status=400, text="no such name") if wrong else reply(body=OF_ROLE)

    cluster.master.answer = answer
    yield cluster


# --- explain ---------------------------------------------------------------------------------------------------------


def test_a_framework_is_explained_by_id_and_by_name(explaining: Cluster, dcos: Dcos) -> None:
    result = dcos("explain", "framework", "F0")
    assert result.code == 0, result.err
    assert dcos("explain", "framework", "marathon").out == result.out
    assert result.lines[0] == "framework F0 (marathon) is active"
    assert result.lines[2:6] == [
        "in role web: active, place 1 of 3, dominant share 25.0 %, 1 filter",
        "  quota of web: cpus 1.5 used, guaranteed 1, at most 2; mem 0 used, at most 64",
        "  quotas leave it now: cpus 0.5",
        "  an offer has at least: cpus 0.01 or mem 32",
    ]
    table = {line.split()[1]: line for line in result.lines[7:]}
    assert "offered already; 7 agents to F1 in b" in table["offered"] and table["offered"].endswith("a1, ...")
    assert "SHARED_RESOURCES on 1 agent" in table["capability"] and "db on 1 agent" in table["reserved"]
    assert "until 2027-01-15 08:00:00 UTC; such as cpus:4" in table["filtered"]
    assert "a later word" in result.out and "not explained: 1 role" in result.err
    asked = dcos("explain", "framework", "F0", "--role", "web/ä", "--json")
    assert asked.json() == FRAMEWORK
    assert explaining.master.asked[-1].query == {"framework": "F0", "role": "web/ä"}


def test_a_framework_that_is_not_there(explaining: Cluster, dcos: Dcos) -> None:
    result = dcos("explain", "framework", "nobody", "--role", "x")
    assert result.code == 1 and "there is no framework nobody, or not in role x" in result.err


def test_a_role_is_explained_with_its_frameworks(explaining: Cluster, dcos: Dcos) -> None:
    result = dcos("explain", "role", "web")
    assert result.code == 0 and result.lines[0] == "role web: dominant share 25.0 %"
    places = [line.split()[:3] for line in result.lines if "marathon" in line]
    assert places == [["1", "marathon", "active"], ["-", "marathon", "suppressed"]]
    refused = dcos("explain", "role", "a b")
    assert refused.code == 1 and "does not explain that (400): no such name" in refused.err


def test_a_task_is_explained_with_the_closest_agents(explaining: Cluster, dcos: Dcos) -> None:
    wanted = ("--cpus", "5", "--ports", "2", "--attribute", "rack=r1", "--attribute", "rack=r2", "--closest", "3")
    result = dcos("explain", "task", *wanted, "--role", "web", "--framework", "F0")
    assert result.code == 0, result.err
    assert explaining.master.asked[-1].body == {
        "resources": {"cpus": 5.0, "ports": 2},
        "attributes": {"rack": ["r1", "r2"]},
        "closest": 3,
        "role": "web",
        "framework_id": "F0",
    }
    assert result.lines[0].startswith("The task has to wait")
    assert "resting until 2027-01-15 08:00:00 UTC, not in the order" in result.lines[1]
    assert "cpus 5 wanted, 1.5 of 4 free; rack is r3, wanted r1 or r2; os is missing" in result.lines[-1]
    assert dcos("explain", "task", "--cpus", "5", "--json").json() == TASK
    for wrong in ((), ("--cpus", "0"), ("--cpus", "1", "--attribute", "rack"), ("--ports", "-1")):
        assert dcos("explain", "task", *wrong).code == 2


def test_an_older_master_and_another_form(cluster: Cluster, dcos: Dcos) -> None:
    cluster.master.answer = lambda asked: web.Response(status=405)
    assert "its version of dcos is older" in dcos("explain", "role", "*").err
    cluster.master.answer = lambda asked: reply(body={"version": 2})
    assert "in a form that this version does not know" in dcos("explain", "role", "*").err
    cluster.master.answer = lambda asked: web.Response(text="[")
    assert "does not answer as a master does" in dcos("explain", "role", "*").err


# --- service ---------------------------------------------------------------------------------------------------------


def test_services_are_listed_by_their_state(cluster: Cluster, dcos: Dcos) -> None:
    used = {"cpus": 0.5, "mem": 96.0, "disk": 0.0}
    cluster.frameworks[0] |= {"used_resources": used, "roles": ["a", "b"], "hostname": "m1"}
    cluster.frameworks.append({"id": "F1", "name": "away", "active": False, "role": "*"})
    cluster.task("web.1")

    def answer(asked: Asked) -> web.Response:
        state = cluster.answer_master(asked)
        return web.Response(text=(state.text or "").replace('"completed_frameworks": []', COMPLETED))

    cluster.master.answer = answer
    assert [line.split() for line in dcos("service").lines] == [
        ["NAME", "HOST", "STATE", "TASKS", "CPUS", "MEM", "DISK", "ROLES", "ID"],
        ["marathon", "m1", "active", "1", "0.5", "96", "0", "a,b", "F0"],
    ]
    assert dcos("service", "list", "-q", "--inactive").lines == ["F1", "F0"]
    assert dcos("service", "list", "-q", "--inactive", "--completed").lines == ["F1", "F0", "F9"]
    shown = dcos("service", "list", "--json", "--completed").json()
    assert [(one["state"], one["id"]) for one in shown] == [("active", "F0"), ("completed", "F9")]
    assert "tasks" not in shown[0] and shown[0]["used_resources"] == used


COMPLETED = '"completed_frameworks": [{"id": "F9", "name": "over", "tasks": []}]'


def test_a_service_is_shut_down(explaining: Cluster, dcos: Dcos) -> None:
    result = dcos("service", "shutdown", "F0", "--yes")
    assert (result.code, result.out) == (0, "Ended framework F0\n")
    assert explaining.master.asked[-1].body["type"] == "TEARDOWN"
    assert dcos("service", "shutdown", "F0", "--yes", "--json").json() == {"framework_id": "F0", "state": "completed"}
    refused = dcos("service", "shutdown", "F7", "--yes")
    assert refused.code == 1 and "answered 400: No framework found" in refused.err
    count = len(explaining.master.asked)
    assert "nothing was ended" in dcos("service", "shutdown", "F0", stdin="n\n").err
    assert len(explaining.master.asked) == count


# --- metrics ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def measured(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Two tasks that run; the agent's clock goes on by a second at each look, and one of them uses a quarter of it."""
    __import__("dcos_runtime.cli.kernel.metrics")
    monkeypatch.setattr("dcos_runtime.cli.kernel.metrics.INTERVAL_SECONDS", 0.0)
    cluster.task("web.1", output=b"")
    cluster.task("db.1", output=b"")
    looks = iter(range(1000))

    def answer(asked: Asked) -> web.Response:
        if asked.path != "/slave(1)/api/v1":
            return cluster.answer_agent(asked)
        now = next(looks)
        figures = {
            "timestamp": 100.0 + now,
            "cpus_limit": 0.6,
            "cpus_user_time_secs": 0.25 * now,
            "cpus_system_time_secs": 0.0,
            "mem_total_bytes": 3 << 20,
            "mem_limit_bytes": 96 << 20,
        }
        container = {"container_id": {"value": "container-of-web.1"}, "resource_statistics": figures}
        within = {"container_id": {"value": "c", "parent": {"value": "p"}}}
        return reply(body={"type": "GET_CONTAINERS", "get_containers": {"containers": [container, within]}})

    cluster.agent.answer = answer
    yield cluster


def test_what_tasks_use_of_what_they_may(measured: Cluster, dcos: Dcos) -> None:
    result = dcos("task", "metrics", "summary", "web.1")
    assert result.code == 0, result.err
    assert [line.split() for line in result.lines] == [
        ["CPU", "MEM", "DISK", "ID"],
        ["0.25/0.6", "3/96", "-", "web.1"],
    ]
    (found,) = dcos("task", "metrics", "summary", "web", "--json").json()
    assert found == {
        "task_id": "web.1",
        "cpus": 0.25,
        "cpus_limit": 0.6,
        "mem_bytes": 3 << 20,
        "mem_limit_bytes": 96 << 20,
    }


def test_all_figures_of_a_task(measured: Cluster, dcos: Dcos) -> None:
    result = dcos("task", "metrics", "details", "web.1")
    assert ["mem_total_bytes", str(3 << 20)] in [line.split() for line in result.lines]
    (found,) = dcos("task", "metrics", "details", "web.1", "--json").json()
    assert (found["task_id"], found["hostname"], found["cpus_limit"]) == ("web.1", "a1", 0.6)


def test_a_task_without_a_container_hides_no_other(measured: Cluster, dcos: Dcos) -> None:
    result = dcos("task", "metrics", "summary", "*")
    assert result.code == 1 and "web.1" in result.out and "agent a1 does not run task db.1" in result.err
    measured.agents.clear()
    assert "is not registered with the master" in dcos("task", "metrics", "details", "web.1").err
    assert dcos("task", "metrics", "details", "nothing").code == 1


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda: web.Response(status=501, text="no"), "answered 501: no"),
        (lambda: reply(body={"type": "X"}), "does not tell of containers as agents do"),
    ],
)
def test_an_agent_that_does_not_tell_of_containers(
    measured: Cluster, dcos: Dcos, answer: Callable[[], web.Response], text: str
) -> None:
    known = measured.agent.answer
    measured.agent.answer = lambda asked: answer() if asked.path.endswith("/api/v1") else known(asked)
    result = dcos("task", "metrics", "summary", "web.1")
    assert result.code == 1 and text in result.err
