"""Agents are drained as by a real Mesos: calls, what is shown meanwhile, what frameworks and watchers hear."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.mesos.ladder import encoded
from tests.support.mesos.operator_ladder import API, operate
from tests.support.mesos.oracle import Oracle
from tests.support.mesos.pair import Pair
from tests.support.mesos.rawclient import JSON, Scheduler, Stream, get, task, until

pytestmark = pytest.mark.oracle

CAPABLE: dict[str, Any] = {
    "failover_timeout": 60.0,
    "capabilities": [{"type": "PARTITION_AWARE"}, {"type": "TASK_KILLING_STATE"}],
}
OVER = ("TASK_KILLED", "TASK_GONE_BY_OPERATOR")


@pytest.fixture(scope="module")
def drained_ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """A real Mesos and our two daemons, each with one agent of its own: in the end it is gone."""
    oracle = Oracle(agents=1, allocation_interval="100ms")
    pair = Pair(tmp_path_factory.mktemp("draining"))
    until(lambda: get(pair.master.port, "/slaves")["slaves"], "our agent is there")
    yield oracle.port, pair.master.port
    pair.agent.stop()
    pair.master.stop()
    oracle.stop()


def look(port: int) -> Any:
    """What both lists of agents say of draining; times by their kind."""
    (agent,) = operate(port, "GET_AGENTS").json()["get_agents"]["agents"]
    (slave,) = get(port, "/slaves")["slaves"]
    both = []
    for one in (agent, slave):
        named = {name: item for name, item in one.items() if "drain" in name or name in ("active", "deactivated")}
        both.append({name: type(item) if "time" in name else item for name, item in named.items()})
    if (since := agent.get("estimated_drain_start_time")) is not None:
        assert since["nanoseconds"] == int(slave["estimated_drain_start_time_seconds"]) * 10**9
    assert {"type": "AGENT_DRAINING"} in agent["capabilities"] and "AGENT_DRAINING" in slave["capabilities"]
    return both


def state(port: int) -> str | None:
    found: str | None = look(port)[1].get("drain_info", {}).get("state")
    return found


def play(port: int, gone: bool) -> tuple[list[Any], dict[str, list[Any]], list[Any]]:
    """An agent with three tasks is drained: answers and views in their order, the updates by task, the stream."""
    steps: list[Any] = []
    updates: dict[str, list[Any]] = {}
    watcher = Stream(port, API, {**JSON, "Accept": "application/json"}, encoded({"type": "SUBSCRIBE"}) or b"")
    scheduler = Scheduler(port, **CAPABLE)

    def asked(kind: str, **part: Any) -> None:
        answer = operate(port, kind, **part)
        steps.append((kind, answer.status, answer.text, answer.headers.get("content-type")))

    def heard(*last: str) -> None:
        status = {"state": ""}
        while status["state"] not in last:
            status = scheduler.update()
            told = [status.get(name) for name in ("state", "reason", "source", "message")]
            updates.setdefault(status["task_id"]["value"], []).append(told)

    try:
        (offer,) = scheduler.offers()
        agent_id = offer["agent_id"]
        stubborn = "trap '' TERM; while :; do sleep 0.05; done"
        second = {"kill_policy": {"grace_period": {"nanoseconds": 10**9}}}
        hours = {"kill_policy": {"grace_period": {"nanoseconds": 10**13}}}
        tasks = [
            task("plain", offer),
            task("shorter", offer, command=stubborn, **second),
            task("longer", offer, command=stubborn, **hours),
        ]
        assert scheduler.accept([offer], tasks).status == 202
        for _ in tasks:
            heard("TASK_RUNNING")
        until(lambda: scheduler.standing_offers(), "what is left is offered")
        asked("DRAIN_AGENT", agent_id={"value": "other"})
        asked("REACTIVATE_AGENT", agent_id=agent_id)
        asked("DRAIN_AGENT", agent_id=agent_id, max_grace_period={"seconds": 3, "nanos": 500}, mark_gone=gone)
        asked("REACTIVATE_AGENT", agent_id=agent_id)
        steps.append(look(port))
        for _ in tasks:
            heard(*OVER)
        if gone:
            until(lambda: not get(port, "/slaves")["slaves"], "the agent is gone")
            asked("DRAIN_AGENT", agent_id=agent_id)
        else:
            until(lambda: state(port) == "DRAINED", "it is drained")
            steps.append(look(port))
            asked("DEACTIVATE_AGENT", agent_id=agent_id)
            steps.append(look(port))
            asked("DRAIN_AGENT", agent_id=agent_id)
            until(lambda: state(port) == "DRAINED", "it is drained anew")
            steps.append(look(port))
            asked("REACTIVATE_AGENT", agent_id=agent_id)
            steps.append(look(port))
        assert not scheduler.standing_offers() or not gone
        scheduler.call("TEARDOWN")
        events: list[Any] = []
        while not events or events[-1][0] != "FRAMEWORK_REMOVED":
            event = watcher.next()
            status = event.get("task_updated", {}).get("status", {})
            events.append((event["type"], status.get("state"), status.get("reason")))
        return steps, updates, events
    finally:
        watcher.close()
        scheduler.close()


def test_an_agent_is_drained_and_offered_again_as_by_mesos(drained_ports: tuple[int, int]) -> None:
    theirs, ours = (play(port, gone=False) for port in drained_ports)
    assert ours[0] == theirs[0]
    assert ours[1] == theirs[1]
    assert sorted(ours[2], key=json.dumps) == sorted(theirs[2], key=json.dumps)


def test_an_agent_is_drained_and_gone_as_by_mesos(drained_ports: tuple[int, int]) -> None:
    """But a task that still runs is not gone yet, and watchers hear that the agent is (docs/kernel.md)."""
    theirs, ours = (play(port, gone=True) for port in drained_ports)
    assert ours[0] == theirs[0]
    for name, told in ours[1].items():
        *before, killing, end = told
        *expected, at_once = theirs[1][name]
        assert before == expected
        assert [killing[:2], end[:2]] == [
            ["TASK_KILLING", "REASON_AGENT_DRAINING"],
            ["TASK_GONE_BY_OPERATOR", "REASON_AGENT_DRAINING"],
        ]
        assert at_once[:3] == end[:3]
    assert ours[1].keys() == theirs[1].keys()
    assert ours[2].count(("AGENT_REMOVED", None, None)) == 1
