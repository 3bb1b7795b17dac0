"""`dcos node`: which agent is meant, what the master is asked, and what is waited for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from tests.support.cli.asked import Asked
from tests.support.cli.fake_cluster import Cluster, Result
from tests.support.cli.fake_gateway import Gateway

Dcos = Callable[..., Result]
AWAY = "5c4b7e0a-1111-4222-8333-444455556666-S7"


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    __import__("dcos_runtime.cli.kernel.nodes")
    monkeypatch.setattr("dcos_runtime.cli.kernel.nodes.FIRST_INTERVAL_SECONDS", 0.01)


@pytest.fixture
def three(cluster: Cluster) -> Cluster:
    """a1 is S0, two agents of the host a2 are S10 and S11; x is expected back."""
    for number in (10, 11):
        cluster.agents.append({**cluster.agents[0], "id": f"S{number}", "hostname": "a2"})
    cluster.expected_agents.append({"id": "X1", "hostname": "x"})
    return cluster


def asked(kind: str, agent_id: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, kind.lower(): {"agent_id": {"value": agent_id}, **more}}


@pytest.mark.parametrize(
    ("word", "agent_id"),
    [("S0", "S0"), ("a1", "S0"), ("S11", "S11"), ("x", "X1"), ("X", "X1"), (AWAY, AWAY)],
)
def test_an_agent_is_named_by_its_id_its_beginning_or_its_hostname(
    three: Cluster, dcos: Dcos, word: str, agent_id: str
) -> None:
    result = dcos("node", "deactivate", word)
    assert (result.code, result.err) == (0, "") and f"{agent_id}" in result.out
    assert three.operated() == [asked("DEACTIVATE_AGENT", agent_id)]


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("a2", "dcos: 2 agents match a2\n  a2 (S10)\n  a2 (S11)\n"),
        ("S", "dcos: 3 agents match S\n"),
        ("S1", "dcos: 2 agents match S1\n"),
        ("a", "dcos: no agent matches a\n"),
        ("", "dcos: no agent matches \n"),
    ],
)
@pytest.mark.parametrize("verb", ["drain", "deactivate", "reactivate", "decommission"])
def test_where_it_is_not_just_one_nothing_is_done(three: Cluster, dcos: Dcos, verb: str, word: str, text: str) -> None:
    result = dcos("node", verb, word)
    assert result.code == 1 and result.err.startswith(text) and "hint: " in result.err
    assert not three.operated()


def test_each_verb_asks_for_what_it_says(cluster: Cluster, dcos: Dcos) -> None:
    for verb, kind, status in (
        ("deactivate", "DEACTIVATE_AGENT", "DEACTIVATED"),
        ("reactivate", "REACTIVATE_AGENT", "ACTIVE"),
        ("decommission", "MARK_AGENT_GONE", "GONE"),
    ):
        assert dcos("node", verb, "a1").out.startswith("a1 (S0) is ")
        assert dcos("node", verb, "a1", "--json").json() == {"id": "S0", "hostname": "a1", "status": status}
        assert cluster.operated()[-2:] == [asked(kind, "S0")] * 2
    assert dcos("node", "drain", "a1").out.startswith("a1 (S0) is being drained")
    assert cluster.operated()[-1] == asked("DRAIN_AGENT", "S0", mark_gone=False)
    result = dcos("node", "drain", "--decommission", "--max-grace-period=1h1m1.5s", "a1", "--json")
    assert result.json()["status"] == "DRAINING"
    longest = {"seconds": 3661, "nanos": 500_000_000}
    assert cluster.operated()[-1] == asked("DRAIN_AGENT", "S0", mark_gone=True, max_grace_period=longest)


@pytest.mark.parametrize("text", ["", "5", "-1s", "1x", "m", "1 m", "99999999999h"])
def test_what_is_no_duration_is_refused(cluster: Cluster, dcos: Dcos, text: str) -> None:
    result = dcos("node", "drain", "a1", f"--max-grace-period={text}")
    assert result.code == 2 and "--max-grace-period" in result.err and not cluster.operated()


def test_a_refusal_is_told_in_the_masters_words(cluster: Cluster, dcos: Dcos) -> None:
    cluster.refused["REACTIVATE_AGENT"] = 400, "Agent is not deactivated"
    result = dcos("node", "reactivate", "a1")
    assert result.code == 1 and not result.out
    assert result.err.startswith("dcos: the master refuses REACTIVATE_AGENT of a1 (S0): Agent is not deactivated\n")
    cluster.refused["DRAIN_AGENT"] = 403, "no"
    assert dcos("node", "drain", "a1", "--wait").code == 1
    cluster.refused["MARK_AGENT_GONE"] = 503, "the master is recovering"
    result = dcos("node", "decommission", "a1")
    assert result.code == 1 and "has no leader to ask" in result.err and "recovering" in result.err


def test_the_list_shows_how_far_each_agent_is(three: Cluster, dcos: Dcos) -> None:
    three.task("t1")
    three.task("t2")
    rows: list[dict[str, Any]] = [
        {"active": False},
        {"active": False, "deactivated": True},
        {"drain_info": {"state": "DRAINED"}},
    ]
    for agent, more in zip(three.agents, rows, strict=True):
        agent |= more

    def shown(column: int = 3) -> list[str]:
        return [line.split("   ")[column].strip() for line in _columns(dcos("node", "list").lines[2:])]

    assert shown() == ["inactive", "deactivated", "drained"]
    three.agents[0]["drain_info"] = {"state": "DRAINING", "config": {"mark_gone": False}}
    assert shown()[0] == "draining (2 left)"
    three.agents[0]["drain_info"]["config"]["mark_gone"] = True
    assert shown()[0] == "draining (2 left, then gone)"
    told = [one.get("status") for one in dcos("node", "list", "--json").json()]
    assert told == [None, "DRAINING", "DEACTIVATED", "DRAINED"]


def _columns(lines: list[str]) -> list[str]:
    """Cells three blanks apart."""
    return ["   ".join(cell for cell in line.split("   ") if cell.strip()) for line in lines]


def steps(cluster: Cluster, *changes: Callable[[], object]) -> None:
    """After the call to drain, each further look at the master's state finds one more change made."""
    waiting = list(changes)

    def answer(request: Asked) -> web.Response:
        if request.path == "/state" and cluster.operated() and waiting:
            waiting.pop(0)()
        return cluster.answer_master(request)

    cluster.master.answer = answer


def drained(cluster: Cluster, state: str = "DRAINING", **config: bool) -> Callable[[], object]:
    return lambda: cluster.agents[0].update(
        active=False, deactivated=True, drain_info={"state": state, "config": config}
    )


def test_it_is_waited_for_the_last_acknowledgement(cluster: Cluster, dcos: Dcos) -> None:
    for number in range(2):
        cluster.task(f"t{number}")
    steps(cluster, drained(cluster), cluster.tasks.pop, lambda: None, cluster.tasks.pop, drained(cluster, "DRAINED"))
    result = dcos("node", "drain", "a1", "--wait")
    assert (result.code, result.out) == (0, "a1 (S0) is drained\n")
    assert result.err.splitlines() == [
        "a1 (S0): 2 tasks left",
        "a1 (S0): 1 task left",
        "a1 (S0): no task left; the last updates or operations are not acknowledged yet",
    ]


def test_one_that_is_decommissioned_is_waited_for_until_the_master_knows_it_no_more(
    cluster: Cluster, dcos: Dcos
) -> None:
    def leaves() -> None:
        cluster.agents.clear()

    def comes_back() -> None:
        cluster.expected_agents.append({"id": "S0", "hostname": "a1"})

    def goes() -> None:
        cluster.expected_agents.clear()
        cluster.refused["DEACTIVATE_AGENT"] = 400, "Unknown agent"

    steps(cluster, drained(cluster), drained(cluster, "DRAINED"), leaves, comes_back, goes)
    result = dcos("node", "drain", "a1", "--decommission", "--wait", "--json")
    assert (result.code, result.json()["status"]) == (0, "GONE")
    assert "unreachable; it is drained when it is back" in result.err and "drained; not gone yet" in result.err


def test_a_wait_in_vain_is_told_and_fails(cluster: Cluster, dcos: Dcos) -> None:
    cluster.task("t")
    steps(cluster, drained(cluster))
    result = dcos("node", "drain", "a1", "--wait", "--timeout=0.05", "--json")
    assert (result.code, result.out) == (1, "")
    assert "dcos: a1 (S0) is not drained after 0.05 s: 1 task left\n" in result.err
    steps(cluster, drained(cluster), lambda: cluster.agents[0].update(drain_info=None, deactivated=False, active=True))
    cluster.master.asked.clear()
    result = dcos("node", "drain", "a1", "--wait")
    assert result.code == 1 and "a1 (S0) is not drained any more: it is active\n" in result.err
    cluster.master.asked.clear()
    steps(cluster, drained(cluster), cluster.agents.clear)
    cluster.refused["DEACTIVATE_AGENT"] = 400, "Unknown agent"
    result = dcos("node", "drain", "a1", "--wait")
    assert result.code == 1 and "no member of the cluster any more" in result.err


def test_a_failover_meanwhile_is_waited_for(cluster: Cluster, dcos: Dcos) -> None:
    answers = [503, 503]

    def answer(request: Asked) -> web.Response:
        if request.path == "/state" and cluster.operated() and answers:
            return web.Response(status=answers.pop())
        return cluster.answer_master(request)

    drained(cluster, "DRAINED")()
    cluster.master.answer = answer
    result = dcos("node", "drain", "a1", "--wait")
    assert result.code == 0 and result.err.count("waiting for it") == 1


def test_through_the_gateway_with_the_token(lab: object, gateway: Gateway, cluster: Cluster, dcos: Dcos) -> None:
    assert dcos("node", "deactivate", "a1").code == 0
    assert ("POST", "/mesos/api/v1") in [(method, path) for method, path, _ in gateway.asked]
    assert {token for _, _, token in gateway.asked} == {f"token={one}" for one in gateway.tokens}
