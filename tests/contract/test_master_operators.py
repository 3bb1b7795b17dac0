"""The master's operator API, `/api/v1`: refusals, content types, and what it shows."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from dcos_runtime.wire import codec, internal, protobuf
from dcos_runtime.wire.master import Call, Event, Response
from tests.support.mesos.ladder import encoded
from tests.support.mesos.operator_changes import of_ops
from tests.support.mesos.operator_ladder import API, BARE, LADDER
from tests.support.mesos.rawclient import (
    JSON,
    PROTOBUF,
    Agent,
    Answer,
    Master,
    Scheduler,
    Stream,
    chunks,
    get,
    head,
    read_head,
    request,
    scalar,
    task,
    until,
)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Master]:
    flags = ("--allocation_interval=50ms", "--agent_ping_timeout=1hrs")
    master = Master(tmp_path_factory.mktemp("operators") / "work", *flags).start().leads()
    yield master
    assert master.stop() == 0
    assert "Traceback" not in master.log.read_text()


def asked(master: Master, kind: str, **part: Any) -> Answer:
    return request(master.port, "POST", API, JSON, encoded({"type": kind, **part}))


def found(master: Master, kind: str, **part: Any) -> Any:
    answer = asked(master, kind, **part)
    assert answer.status == 200, answer.text
    return answer.json()[kind.lower()]


@pytest.mark.parametrize(
    ("method", "headers", "body", "status", "text"), [row[1:] for row in LADDER], ids=[row[0] for row in LADDER]
)
def test_a_refused_call_says_why_in_mesos_words(
    master: Master, method: str, headers: dict[str, str], body: Any, status: int, text: str
) -> None:
    answer = request(master.port, method, API, headers, encoded(body))
    assert (answer.status, answer.text) == (status, text)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers.get("allow") == ("POST" if status == 405 else None)


def test_every_read_is_the_same_in_json_and_protobuf(master: Master) -> None:
    agent = Agent(master.port, hostname="both")
    scheduler = Scheduler(master.port, role="shown", failover_timeout=60.0)
    try:
        (offer,) = scheduler.offers()
        name = "Ümlaut"
        scheduler.accept([offer], [{**task("one", offer), "name": name}], refuse_seconds=3600)
        run = agent.message("RUN_TASK", scheduler.id)
        agent.update(run, "TASK_RUNNING", 1)
        scheduler.update("TASK_RUNNING")
        assert found(master, "GET_TASKS")["tasks"][0]["name"] == name
        for kind in BARE:
            body = protobuf.encode(Call(type=Call.Type[kind]))
            answer = request(master.port, "POST", API, {"Content-Type": PROTOBUF, "Accept": PROTOBUF}, body)
            assert (answer.status, answer.headers["content-type"]) == (200, PROTOBUF), kind
            packed = protobuf.decode(answer.body, Response)
            plain = codec.decode(asked(master, kind).body, Response)
            assert packed == plain, kind
    finally:
        scheduler.call("TEARDOWN")
        scheduler.close()
        agent.close()


@pytest.mark.parametrize("path", ["/api/v1/", "/master/api/v1", "/api/v1/operator", "//master//api/v1//"])
def test_the_path_is_found_as_mesos_finds_it(master: Master, path: str) -> None:
    answer = request(master.port, "POST", path, JSON, encoded({"type": "GET_HEALTH"}))
    assert answer.json() == {"type": "GET_HEALTH", "get_health": {"healthy": True}}


def test_the_level_of_logging_is_changed_for_a_time(master: Master) -> None:
    def level() -> int:
        return int(found(master, "GET_LOGGING_LEVEL")["level"])

    assert level() == 0
    wanted = {"level": 1, "duration": {"nanoseconds": 3600 * 10**9}}
    answer = asked(master, "SET_LOGGING_LEVEL", set_logging_level=wanted)
    assert (answer.status, answer.body) == (200, b"")
    assert level() == 1
    assert asked(master, "SET_LOGGING_LEVEL", set_logging_level={**wanted, "level": 0}).status == 200
    assert level() == 0


def test_an_operator_ends_a_framework_of_anybody(master: Master) -> None:
    scheduler = Scheduler(master.port, failover_timeout=60.0)
    answer = asked(master, "TEARDOWN", teardown={"framework_id": {"value": scheduler.id}})
    assert (answer.status, answer.body) == (200, b"")
    scheduler.stream.over()
    ended = found(master, "GET_FRAMEWORKS")["completed_frameworks"]
    assert [
        one["unregistered_time"]["nanoseconds"] > 0
        for one in ended
        if one["framework_info"]["id"] == {"value": scheduler.id}
    ]
    assert asked(master, "TEARDOWN", teardown={"framework_id": {"value": scheduler.id}}).status == 400


def of_agent(master: Master, kind: str, agent_id: str, **more: Any) -> Answer:
    return asked(master, kind, **{kind.lower(): {"agent_id": {"value": agent_id}, **more}})


def test_a_deactivated_agent_is_not_offered_until_it_is_reactivated(master: Master) -> None:
    agent = Agent(master.port, hostname="rests")
    scheduler = Scheduler(master.port, role="rests", failover_timeout=60.0)

    def shown() -> tuple[bool, bool]:
        agents = {one["agent_info"]["id"]["value"]: one for one in found(master, "GET_AGENTS")["agents"]}
        (slave,) = get(master.port, f"/slaves?slave_id={agent.id}")["slaves"]
        assert (slave["active"], slave["deactivated"]) == (agents[agent.id]["active"], agents[agent.id]["deactivated"])
        return slave["active"], slave["deactivated"]

    try:
        offer = next(one for one in scheduler.offers() if one["hostname"] == "rests")
        assert shown() == (True, False)
        answer = of_agent(master, "DEACTIVATE_AGENT", agent.id)
        assert (answer.status, answer.body) == (200, b"")
        assert scheduler.event("RESCIND")["rescind"]["offer_id"] == offer["id"]
        assert shown() == (False, True)
        answer = of_agent(master, "REACTIVATE_AGENT", agent.id)
        assert (answer.status, answer.body) == (200, b"")
        assert shown() == (True, False)
        assert [one["hostname"] for one in scheduler.offers() if one["agent_id"] == offer["agent_id"]] == ["rests"]
    finally:
        scheduler.call("TEARDOWN")
        scheduler.close()
        agent.close()


def test_an_agent_is_drained_when_its_last_task_is_acknowledged(master: Master) -> None:
    agent = Agent(master.port, hostname="drained", versions=[1, 2, 3, 4])
    scheduler = Scheduler(master.port, role="drained", failover_timeout=60.0)

    def shown() -> Any:
        agents = {one["agent_info"]["id"]["value"]: one for one in found(master, "GET_AGENTS")["agents"]}
        (slave,) = get(master.port, f"/slaves?slave_id={agent.id}")["slaves"]
        assert slave["drain_info"] == agents[agent.id]["drain_info"]
        assert {"type": "AGENT_DRAINING"} in agents[agent.id]["capabilities"]
        return slave["drain_info"]

    try:
        offer = next(one for one in scheduler.offers() if one["hostname"] == "drained")
        scheduler.accept([offer], [task("one", offer)], refuse_seconds=3600)
        run = agent.message("RUN_TASK", scheduler.id)
        answer = of_agent(master, "DRAIN_AGENT", agent.id, max_grace_period={"seconds": 30})
        assert (answer.status, answer.body) == (200, b"")
        config = {"max_grace_period": {"nanoseconds": 30 * 10**9}, "mark_gone": False}
        assert agent.message("DRAIN")["config"] == config
        assert shown() == {"state": "DRAINING", "config": config}
        agent.update(run, "TASK_KILLED", 1, reason="REASON_AGENT_DRAINING")
        assert scheduler.update("TASK_KILLED")["reason"] == "REASON_AGENT_DRAINING"
        until(lambda: shown() == {"state": "DRAINED", "config": config}, "it is drained")
        negative = of_agent(master, "DRAIN_AGENT", agent.id, max_grace_period={"seconds": -1})
        assert (negative.status, negative.text[:32]) == (400, "'drain_agent.max_grace_period' h")
    finally:
        scheduler.call("TEARDOWN")
        scheduler.close()
        agent.close()


def test_an_agent_is_gone_for_good(master: Master) -> None:
    agent = Agent(master.port, hostname="leaves")
    answer = of_agent(master, "MARK_AGENT_GONE", agent.id)
    assert (answer.status, answer.body) == (200, b"")
    assert agent.message("SHUTDOWN")["message"] == "Agent has been marked gone"
    agent.stream.over()
    assert agent.id not in [one["agent_info"]["id"]["value"] for one in found(master, "GET_AGENTS").get("agents", [])]
    again = Agent(master.port, hostname="leaves", agent_id=agent.id)
    assert again.stream.status == 410
    again.close()


def watching(master: Master, **headers: str) -> Stream:
    return Stream(master.port, API, {**JSON, **headers}, encoded({"type": "SUBSCRIBE"}) or b"")


def watchers(master: Master) -> int:
    return int(get(master.port, "/metrics/snapshot")["master/operator_event_stream_subscribers"])


def test_a_watcher_is_told_what_is_known_and_then_what_happens(master: Master) -> None:
    agent = Agent(master.port, hostname="watched")
    scheduler = Scheduler(master.port, role="watched", failover_timeout=60.0)
    try:
        offer = next(one for one in scheduler.offers() if one["hostname"] == "watched")
        scheduler.accept([offer], [task("one", offer)], refuse_seconds=3600)
        run = agent.message("RUN_TASK", scheduler.id)
        watcher = watching(master)
        known = watcher.next()["subscribed"]
        assert known["heartbeat_interval_seconds"] == 15.0
        assert [one["task_id"]["value"] for one in known["get_state"]["get_tasks"]["tasks"]] == ["one"]
        assert agent.id in [one["agent_info"]["id"]["value"] for one in known["get_state"]["get_agents"]["agents"]]
        assert watcher.next() == {"type": "HEARTBEAT"}
        assert watchers(master) == 1
        agent.update(run, "TASK_RUNNING", 1, data="aHVudGVy")
        updated = watcher.next()["task_updated"]
        assert updated["state"] == "TASK_RUNNING" and "data" not in updated["status"]
        other = Agent(master.port, hostname="later")
        added = watcher.next()["agent_added"]["agent"]
        assert added["agent_info"]["id"] == {"value": other.id} and added["active"]
        other.close()
        watcher.close()
        until(lambda: watchers(master) == 0, "the watcher is forgotten")
    finally:
        scheduler.call("TEARDOWN")
        scheduler.close()
        agent.close()


def test_a_watcher_may_speak_protobuf(master: Master) -> None:
    body = protobuf.encode(Call(type=Call.Type.SUBSCRIBE))
    headers = {"Content-Type": PROTOBUF, "Accept": PROTOBUF}
    with socket.create_connection(("127.0.0.1", master.port)) as connection:
        connection.sendall(head("POST", API, headers, len(body)) + body)
        with connection.makefile("rb") as file:
            status, answered = read_head(file)
            assert (status, answered["content-type"]) == (200, PROTOBUF)
            events = []
            for chunk in chunks(file):
                size, _, data = chunk.partition(b"\n")
                assert int(size) == len(data)
                events.append(protobuf.decode(data, Event))
                if len(events) == 2:
                    Scheduler(master.port).close()
                if events[-1].type is Event.Type.FRAMEWORK_REMOVED:
                    break
    kinds = [event.type for event in events if event.type is not None]
    assert [kind.value for kind in kinds] == ["SUBSCRIBED", "HEARTBEAT", "FRAMEWORK_ADDED", "FRAMEWORK_REMOVED"]
    assert events[0].subscribed is not None and events[0].subscribed.get_state is not None


def test_no_secret_of_a_task_or_executor_is_shown(master: Master) -> None:
    agent = Agent(master.port, hostname="secrets", version=3)
    scheduler = Scheduler(master.port, role="hidden", failover_timeout=60.0)
    try:
        offer = next(one for one in scheduler.offers() if one["hostname"] == "secrets")
        variables = {"variables": [{"name": "PW", "value": "hunter2"}]}
        docker = {"image": "i", "parameters": [{"key": "env", "value": "PW=hunter2"}]}
        one = {**task("one", offer), "container": {"type": "DOCKER", "docker": docker}, "data": "aHVudGVyMg=="}
        one["command"] = {"value": "x", "environment": variables}
        one["health_check"] = {"type": "COMMAND", "command": {"value": "true", "environment": variables}}
        two = task("two", offer)
        command = two.pop("command")
        two["executor"] = {
            "executor_id": {"value": "e"},
            "command": {"value": command["value"], "environment": variables},
            "data": "aHVudGVyMg==",
        }
        scheduler.accept([offer], [one, two], refuse_seconds=3600)
        agent.message("RUN_TASK", scheduler.id)
        text = json.dumps(found(master, "GET_STATE"))
        assert text.count('"hidden"') > 1 and '"e"' in text
        assert "hunter" not in text and "aHVud" not in text
        for page in ("/state", "/tasks", "/frameworks", "/slaves"):
            assert "hunter" not in json.dumps(get(master.port, page)), page
    finally:
        scheduler.call("TEARDOWN")
        scheduler.close()
        agent.close()


def test_an_operators_reservation_takes_offers_back_and_goes_to_the_agent(master: Master) -> None:
    agent = Agent(master.port, hostname="changed", version=max(internal.SPOKEN))
    scheduler = Scheduler(master.port, role="changed", failover_timeout=60.0)
    whose = {"agent_id": {"value": agent.id}}
    try:
        offer = next(one for one in scheduler.offers() if one["hostname"] == "changed")
        answer = asked(master, "RESERVE_RESOURCES", reserve_resources={**whose, "resources": [of_ops("cpus", 1)]})
        assert (answer.status, answer.body) == (202, b"")
        assert scheduler.event("RESCIND")["rescind"]["offer_id"] == offer["id"]
        told = agent.message("APPLY_OPERATION")
        assert told["framework_id"] == "" and told["info"]["reserve"]["resources"] == [of_ops("cpus", 1)]
        (known,) = found(master, "GET_OPERATIONS")["operations"]
        assert known["latest_status"]["state"] == "OPERATION_PENDING" and "framework_id" not in known
        over = {"type": "OPERATION_UPDATE", "uuid": told["uuid"], "framework_id": "", "state": "OPERATION_FINISHED"}
        assert agent.post(over).status == 200
        assert found(master, "GET_OPERATIONS") == {}
        again = next(one for one in scheduler.offers() if one["hostname"] == "changed")
        assert [one["scalar"]["value"] for one in again["resources"] if one["name"] == "cpus"] == [3.0]
        form = urlencode({"slaveId": agent.id, "resources": json.dumps([of_ops("cpus", 1)])}).encode()
        origin = {"Origin": "http://elsewhere"}
        assert request(master.port, "POST", "/unreserve", origin, form).status == 403
        assert request(master.port, "POST", "/master/unreserve", {}, form).status == 202
        assert agent.message("APPLY_OPERATION")["info"]["type"] == "UNRESERVE"
        answer = request(master.port, "POST", "/unreserve", {}, form)
        assert (answer.status, answer.text.partition(" does not ")[2]) == (
            409,
            "contain cpus(reservations: [(DYNAMIC,ops,z)]):1",
        )
    finally:
        scheduler.call("TEARDOWN")
        scheduler.close()
        agent.close()


def test_weights_and_quotas_outlive_the_master(tmp_path: Path) -> None:
    """Set by calls and by pages, kept by the registry, in force with the next process."""
    first = Master(tmp_path / "work", "--weights=a=3").start().leads()
    try:
        assert (
            asked(first, "UPDATE_WEIGHTS", update_weights={"weight_infos": [{"role": "b/c", "weight": 2}]}).status
            == 200
        )
        assert request(first.port, "PUT", "/weights", {}, b'[{"role": "d", "weight": 0.5}]').status == 200
        quota = {"role": "b", "limits": {"cpus": {"value": 0.5}}}
        assert asked(first, "UPDATE_QUOTA", update_quota={"quota_configs": [quota]}).status == 200
        elsewhere = {"Origin": "http://elsewhere"}
        body = encoded({"role": "e", "guarantee": [scalar("cpus", 1)], "force": True}) or b""
        assert request(first.port, "POST", "/quota", elsewhere, body).status == 403
        assert request(first.port, "POST", "/quota", {}, body).status == 200
        views = [found(first, "GET_WEIGHTS"), found(first, "GET_QUOTA"), get(first.port, "/roles")]
    finally:
        assert first.stop() == 0
    again = Master(tmp_path / "work", "--weights=a=9").start().leads()
    try:
        assert [found(again, "GET_WEIGHTS"), found(again, "GET_QUOTA"), get(again.port, "/roles")] == views
        weights = {"a": 3.0, "b/c": 2.0, "d": 0.5}
        assert {one["role"]: one["weight"] for one in views[0]["weight_infos"]} == weights
        assert [one["role"] for one in views[1]["status"]["configs"]] == ["b", "e"]
        agent, scheduler = Agent(again.port), Scheduler(again.port, role="b/c")
        (offer,) = scheduler.offers()
        assert [one["scalar"]["value"] for one in offer["resources"] if one["name"] == "cpus"] == [0.5]
        scheduler.close()
        agent.close()
        assert request(again.port, "DELETE", "/quota/e", {}, b"").status == 200
        assert [one["role"] for one in get(again.port, "/quota")["configs"]] == ["b"]
    finally:
        assert again.stop() == 0
