"""The scheduler API of a real dcos-master, told from the wire."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.mesos.rawclient import (
    JSON,
    Agent,
    Master,
    Scheduler,
    get,
    ports,
    read_head,
    request,
    scalar,
    task,
    until,
)

PARTITION_AWARE = {"capabilities": [{"type": "PARTITION_AWARE"}]}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Master]:
    master = Master(tmp_path_factory.mktemp("master") / "work", "--allocation_interval=100ms").start().leads()
    yield master
    assert master.stop() == 0, master.log.read_text()
    assert "Traceback" not in master.log.read_text()


class Opener:
    """Frameworks and agents of one test, closed at its end; the master is empty again then."""

    def __init__(self, master: Master) -> None:
        self.port = master.port
        self.schedulers: list[Scheduler] = []
        self.agents: list[Agent] = []

    def scheduler(self, **info: Any) -> Scheduler:
        self.schedulers.append(Scheduler(self.port, **info))
        return self.schedulers[-1]

    def agent(self, **connect: Any) -> Agent:
        self.agents.append(Agent(self.port, **connect))
        return self.agents[-1]


@pytest.fixture
def cluster(running: Master) -> Iterator[Opener]:
    opener = Opener(running)
    yield opener
    for scheduler in opener.schedulers:
        scheduler.call("TEARDOWN")
        scheduler.close()
    for agent in opener.agents:
        agent.close()
    until(lambda: not get(running.port, "/frameworks")["frameworks"], "all frameworks are gone")
    until(lambda: not [a for a in get(running.port, "/slaves")["slaves"] if a["active"]], "all agents are inactive")


def launch(scheduler: Scheduler, agent: Agent, *tasks: Any, **more: Any) -> list[Any]:
    """Launches on the next offer of the agent; what the agent was told to run."""
    while True:
        for offer in scheduler.offers():
            if offer["agent_id"]["value"] == agent.id:
                infos = [task(name, offer, **more) for name in tasks]
                assert scheduler.accept([offer], infos).status == 202
                return [agent.message("RUN_TASK") for _ in infos]


def test_a_subscription_begins_with_subscribed_and_a_heartbeat(cluster: Opener) -> None:
    scheduler = cluster.scheduler(name="first")
    assert scheduler.stream.headers["content-type"] == "application/json"
    assert scheduler.stream.headers["transfer-encoding"] == "chunked"
    subscribed = scheduler.first["subscribed"]
    assert subscribed["heartbeat_interval_seconds"] == 15.0
    master = subscribed["master_info"]
    assert master["pid"] == f"master@127.0.0.1:{cluster.port}"
    assert (master["ip"], master["version"]) == (16777343, "1.11.0")
    assert master["address"] == {"hostname": master["hostname"], "ip": "127.0.0.1", "port": cluster.port}
    assert scheduler.stream.next() == {"type": "HEARTBEAT"}


def test_a_task_goes_through_its_life_and_every_update_is_acknowledged_by_the_framework(cluster: Opener) -> None:
    agent, scheduler = cluster.agent(), cluster.scheduler()
    (run,) = launch(scheduler, agent, "one")
    assert run["framework"]["id"]["value"] == scheduler.id
    assert run["task"]["resources"][0]["allocation_info"] == {"role": "*"}
    for number, state in enumerate(("TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"), start=1):
        assert agent.update(run, state, number, data="c2VjcmV0").json() == {"seq": agent.sent}
        status = scheduler.update(acknowledge=False)
        assert (status["state"], status["data"], status["source"]) == (state, "c2VjcmV0", "SOURCE_EXECUTOR")
        scheduler.acknowledge(status)
        acknowledged = agent.message("ACKNOWLEDGE")
        assert (acknowledged["uuid"], acknowledged["task_id"]) == (status["uuid"], {"value": "one"})
    (framework,) = get(cluster.port, "/frameworks")["frameworks"]
    assert framework["tasks"] == []
    (ended,) = framework["completed_tasks"]
    assert [status["state"] for status in ended["statuses"]] == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"]
    assert "secret" not in json.dumps(ended)
    assert (ended["executor_id"], ended["role"], ended["resources"]["cpus"]) == ("", "*", 0.1)


def test_a_task_stays_until_its_last_update_is_acknowledged(cluster: Opener) -> None:
    agent, scheduler = cluster.agent(), cluster.scheduler()
    (run,) = launch(scheduler, agent, "one")
    agent.update(run, "TASK_FAILED", 1)
    status = scheduler.update(acknowledge=False)
    (framework,) = get(cluster.port, "/frameworks")["frameworks"]
    assert [one["state"] for one in framework["tasks"]] == ["TASK_FAILED"]
    assert framework["used_resources"]["cpus"] == 0.0
    wrong = scheduler.call(
        "ACKNOWLEDGE", agent_id=status["agent_id"], task_id=status["task_id"], uuid="AAAAAAAAQACAAAAAAAAAAA=="
    )
    assert wrong.status == 202
    assert get(cluster.port, "/frameworks")["frameworks"][0]["tasks"]
    scheduler.acknowledge(status)
    until(lambda: not get(cluster.port, "/frameworks")["frameworks"][0]["tasks"], "the task is completed")


def test_what_no_task_took_is_offered_again_after_the_filter(cluster: Opener) -> None:
    agent, scheduler = cluster.agent(), cluster.scheduler()
    launch(scheduler, agent, "one")
    (offer,) = scheduler.offers()
    amounts = {item["name"]: item.get("scalar", {}).get("value") for item in offer["resources"]}
    assert (amounts["cpus"], amounts["mem"]) == (3.9, 4064.0)
    declined = time.monotonic()  # the filter begins between this and the answer
    assert scheduler.decline([offer], 2.0).status == 202
    (again,) = scheduler.offers()
    assert time.monotonic() - declined > 1.9
    assert again["id"] != offer["id"]


def test_revive_forgets_filters_and_suppress_stops_offers(cluster: Opener) -> None:
    cluster.agent()
    scheduler = cluster.scheduler()
    assert scheduler.decline(scheduler.offers(), 3600).status == 202
    scheduler.quiet("OFFERS", 0.5)
    assert scheduler.call("REVIVE").status == 202
    offers = scheduler.offers()
    assert scheduler.call("SUPPRESS").status == 202
    assert scheduler.decline(offers, 0).status == 202
    scheduler.quiet("OFFERS", 0.5)
    assert scheduler.call("REVIVE", roles=["*"]).status == 202
    scheduler.offers()


def test_offers_of_one_agent_can_be_merged_and_of_two_cannot(cluster: Opener) -> None:
    one = cluster.agent(hostname="one")
    scheduler = cluster.scheduler()
    launch(scheduler, one, "a", "b")
    (rest,) = scheduler.offers()
    for name in ("a", "b"):
        assert scheduler.call("KILL", task_id={"value": name}).status == 202
        one.update(
            {"task": {"task_id": {"value": name}}, "framework": {"id": {"value": scheduler.id}}}, "TASK_KILLED", 7
        )
        assert scheduler.update()["state"] == "TASK_KILLED"
    # What each left is offered when it has left it: together, or one after the other.
    offers = [rest]
    while sum(_cpus(offer) for offer in offers) < 3.95:
        offers += scheduler.offers()
    assert len(offers) > 1
    assert scheduler.accept(offers, [task("big", rest, scalar("cpus", 4), ports((31000, 32000)))]).status == 202
    assert one.message("RUN_TASK")["task"]["task_id"] == {"value": "big"}
    (left,) = scheduler.offers()
    cluster.agent(hostname="two")
    (other,) = scheduler.offers()
    assert scheduler.accept([left, other], [task("no", left, scalar("mem", 1))]).status == 202
    status = scheduler.update("TASK_LOST")
    assert status["reason"] == "REASON_INVALID_OFFERS"
    assert "must belong to one single agent" in status["message"]


def _cpus(offer: Any) -> float:
    return sum(float(item["scalar"]["value"]) for item in offer["resources"] if item["name"] == "cpus")


@pytest.mark.parametrize(("capabilities", "state"), [({}, "TASK_LOST"), (PARTITION_AWARE, "TASK_DROPPED")])
def test_invalid_offers_launch_nothing_and_say_so(cluster: Opener, capabilities: Any, state: str) -> None:
    cluster.agent()
    mine = cluster.scheduler(**capabilities)
    offers = mine.event("OFFERS")["offers"]["offers"]
    for used, why in (
        ([{"id": {"value": "never"}}], "Offer never is no longer valid"),
        ([], "No offers specified"),
        ([*offers, *offers], "Duplicate offer"),
    ):
        assert mine.accept(used, [task("t", offers[0])]).status == 202
        status = mine.update()
        assert (status["state"], status["reason"], status["source"]) == (
            state,
            "REASON_INVALID_OFFERS",
            "SOURCE_MASTER",
        )
        assert why in status["message"]
        assert "uuid" not in status
        assert "executor_id" not in status
    current = mine.offers()
    other = cluster.scheduler()
    assert other.accept(current, [task("t", offers[0])]).status == 202
    assert "has invalid framework" in other.update()["message"]
    assert mine.accept(current, [task("t", offers[0])]).status == 202
    until(lambda: get(cluster.port, f"/tasks?framework_id={mine.id}")["tasks"], "the owner's launch still works")


def test_what_a_task_may_not_ask_for_is_told_as_task_error(cluster: Opener) -> None:
    agent, scheduler = cluster.agent(), cluster.scheduler()
    (offer,) = scheduler.offers()
    group = {
        "type": "LAUNCH_GROUP",
        "launch_group": {
            "executor": {"executor_id": {"value": "e"}},
            "task_group": {"tasks": [task("grouped", offer)]},
        },
    }
    tasks = [
        task("big", offer, scalar("cpus", 99)),
        task("executor", offer, command=None, executor={"executor_id": {"value": "e"}, "command": {"value": "x"}}),
        task("both", offer, executor={"executor_id": {"value": "e"}, "command": {"value": "x"}}),
        task("a/b", offer),
        task("good", offer),
        task("good", offer),
    ]
    launches = [{"type": "LAUNCH", "launch": {"task_infos": [one]}} for one in tasks]
    reserve = {"type": "RESERVE", "id": {"value": "r"}, "reserve": {"resources": []}}
    answer = scheduler.call("ACCEPT", offer_ids=[offer["id"]], operations=[group, reserve, *launches])
    assert answer.status == 202
    errors = {}
    for _ in range(6):
        status = scheduler.update()
        name, kind = status["task_id"]["value"], "TASK_GROUP" if "grouped" not in errors else "TASK"
        assert (status["state"], status["reason"]) == ("TASK_ERROR", f"REASON_{kind}_INVALID")
        errors[name] = status["message"]
    assert errors["grouped"] == "'ExecutorInfo.type' must be set"
    assert "is more than available" in errors["big"]
    assert "runs custom executors since version 3; upgrade it" in errors["executor"]
    assert errors["both"].startswith("Task should have at least one")
    assert errors["a/b"] == "'a/b' contains invalid characters"
    assert errors["good"] == "Task has duplicate ID: good"
    operation = scheduler.event("UPDATE_OPERATION_STATUS")["update_operation_status"]["status"]
    assert (operation["state"], operation["operation_id"]) == ("OPERATION_ERROR", {"value": "r"})
    assert agent.message("RUN_TASK")["task"]["task_id"] == {"value": "good"}


def test_reconciling_tells_the_state_the_framework_was_told_last(cluster: Opener) -> None:
    agent, scheduler = cluster.agent(), cluster.scheduler(**PARTITION_AWARE)
    (run,) = launch(scheduler, agent, "known")
    agent.update(run, "TASK_RUNNING", 1, healthy=True)
    scheduler.update("TASK_RUNNING")
    asked = [
        {"task_id": {"value": "known"}, "agent_id": {"value": "some other"}},
        {"task_id": {"value": "unknown"}, "agent_id": {"value": agent.id}},
        {"task_id": {"value": "unknown"}, "agent_id": {"value": "nobody"}},
        {"task_id": {"value": "unknown"}},
    ]
    assert scheduler.call("RECONCILE", tasks=asked).status == 202
    told = [scheduler.update() for _ in asked]
    assert [status["state"] for status in told] == ["TASK_RUNNING", "TASK_GONE", "TASK_UNKNOWN", "TASK_UNKNOWN"]
    assert told[0]["healthy"] is True
    assert told[0]["agent_id"] == {"value": agent.id}
    for status in told:
        assert (status["source"], status["reason"]) == ("SOURCE_MASTER", "REASON_RECONCILIATION")
        assert "uuid" not in status
    assert scheduler.call("RECONCILE", tasks=[]).status == 202
    assert scheduler.update()["task_id"] == {"value": "known"}


def test_killing_reaches_the_agent_and_killing_the_unknown_reconciles(cluster: Opener) -> None:
    agent, scheduler = cluster.agent(), cluster.scheduler()
    (run,) = launch(scheduler, agent, "one")
    policy = {"grace_period": {"nanoseconds": 5}}
    assert scheduler.call("KILL", task_id={"value": "one"}, kill_policy=policy).status == 202
    killed = agent.message("KILL_TASK")
    assert (killed["task_id"], killed["kill_policy"]) == ({"value": "one"}, policy)
    agent.update(run, "TASK_KILLED", 1)
    assert scheduler.update()["state"] == "TASK_KILLED"
    assert scheduler.call("KILL", task_id={"value": "never"}).status == 202
    assert scheduler.update()["state"] == "TASK_LOST"


def test_failing_over_ends_the_old_stream_and_its_id_is_stale(cluster: Opener) -> None:
    agent = cluster.agent()
    old = cluster.scheduler(failover_timeout=60.0)
    launch(old, agent, "one")
    offers = old.offers()
    new = cluster.scheduler(framework_id=old.id, failover_timeout=60.0)
    assert new.id == old.id
    assert old.event("ERROR")["error"]["message"] == "Framework failed over"
    assert not [event for event in old.skipped if event["type"] == "RESCIND"]
    old.stream.over()
    refused = old.call("REVIVE")
    assert refused.status == 400
    assert "didn't match the stream ID" in refused.text
    assert new.accept(offers, [task("late", offers[0])]).status == 202
    assert new.update()["reason"] == "REASON_INVALID_OFFERS"
    new.offers()
    assert [one["id"] for one in get(cluster.port, f"/tasks?framework_id={new.id}")["tasks"]] == ["one"]


def test_a_framework_that_disconnects_has_its_failover_timeout_to_come_back(cluster: Opener) -> None:
    agent = cluster.agent()
    first = cluster.scheduler(failover_timeout=60.0)
    (run,) = launch(first, agent, "one")
    first.close()
    until(lambda: not get(cluster.port, "/frameworks")["frameworks"][0]["active"], "it is inactive")
    assert first.call("REVIVE").status == 403
    agent.update(run, "TASK_RUNNING", 1)
    again = cluster.scheduler(framework_id=first.id, failover_timeout=60.0)
    assert again.call("RECONCILE", tasks=[]).status == 202
    assert again.update()["state"] == "TASK_RUNNING"


def test_a_framework_without_failover_timeout_ends_with_its_connection(cluster: Opener) -> None:
    agent = cluster.agent()
    scheduler = cluster.scheduler()
    launch(scheduler, agent, "one")
    scheduler.close()
    assert agent.message("SHUTDOWN_FRAMEWORK")["framework_id"] == {"value": scheduler.id}
    gone = cluster.scheduler(framework_id=scheduler.id)
    assert gone.first == {"type": "ERROR", "error": {"message": "Framework has been removed"}}
    gone.stream.over()


def test_teardown_ends_everything_without_a_word_on_the_stream(cluster: Opener) -> None:
    agent, scheduler = cluster.agent(), cluster.scheduler(failover_timeout=3600.0)
    launch(scheduler, agent, "one")
    assert scheduler.call("TEARDOWN").status == 202
    scheduler.stream.over()
    assert agent.message("SHUTDOWN_FRAMEWORK")
    (completed,) = [one for one in get(cluster.port, "/state")["completed_frameworks"] if one["id"] == scheduler.id]
    assert [one["state"] for one in completed["completed_tasks"]] == ["TASK_KILLED"]
    assert scheduler.call("REVIVE").status == 400


def test_the_framework_info_can_be_updated_but_not_its_user(cluster: Opener) -> None:
    agent, scheduler = cluster.agent(), cluster.scheduler(name="before")
    launch(scheduler, agent, "one")
    changed = {**scheduler.info, "id": {"value": scheduler.id}, "name": "after", "role": "web"}
    answer = scheduler.call("UPDATE_FRAMEWORK", framework_info=changed)
    assert (answer.status, answer.body) == (200, b"")
    assert agent.message("UPDATE_FRAMEWORK")["framework"]["name"] == "after"
    assert scheduler.offers()[-1]["resources"][0]["role"] == "*"
    refused = scheduler.call("UPDATE_FRAMEWORK", framework_info={**changed, "user": "nobody"})
    assert refused.status == 400
    assert "Updating 'FrameworkInfo.user' is unsupported" in refused.text


def test_an_offer_of_a_role_lost_by_an_update_is_rescinded(cluster: Opener) -> None:
    cluster.agent()
    scheduler = cluster.scheduler(roles=["a"], capabilities=[{"type": "MULTI_ROLE"}])
    (offer,) = scheduler.offers()
    assert offer["allocation_info"] == {"role": "a"}
    changed = {**scheduler.info, "id": {"value": scheduler.id}, "roles": ["b"]}
    assert scheduler.call("UPDATE_FRAMEWORK", framework_info=changed).status == 200
    assert scheduler.event("RESCIND")["rescind"]["offer_id"] == offer["id"]
    assert scheduler.offers()[0]["allocation_info"] == {"role": "b"}


def test_reserved_resources_are_offered_to_their_role_only_in_each_ones_format(cluster: Opener) -> None:
    cluster.agent(info={"resources": [scalar("cpus", 1), scalar("cpus", 2, role="public"), scalar("mem", 64)]})
    multi = [{"type": "MULTI_ROLE"}, {"type": "RESERVATION_REFINEMENT"}]
    other = cluster.scheduler(roles=["other"], capabilities=multi)
    (plain,) = other.offers()
    assert [(item["name"], item.get("reservations")) for item in plain["resources"]] == [("cpus", None), ("mem", None)]
    assert "role" not in plain["resources"][0]
    old = cluster.scheduler(role="public")
    (reserved,) = old.offers()
    assert [(item["name"], item["role"], item["scalar"]) for item in reserved["resources"]] == [
        ("cpus", "public", {"value": 2.0})
    ]
    new = cluster.scheduler(roles=["public/child"], capabilities=multi)
    assert old.decline([reserved], 3600).status == 202
    (refined,) = new.offers()
    assert refined["resources"][0]["reservations"] == [{"type": "STATIC", "role": "public"}]
    assert refined["resources"][0]["allocation_info"] == {"role": "public/child"}
    asked = {**refined["resources"][0], "scalar": {"value": 0.5}}
    assert new.accept([refined], [task("t", refined, asked)]).status == 202
    (agent,) = [one for one in get(cluster.port, "/slaves")["slaves"] if one["active"]]
    assert agent["reserved_resources"]["public"]["cpus"] == 2.0
    assert agent["used_resources"]["cpus"] == 0.5


def test_calls_that_have_nothing_to_do_here_are_taken_as_mesos_takes_them(cluster: Opener) -> None:
    scheduler = cluster.scheduler()
    agent_id, executor_id = {"value": "a"}, {"value": "e"}
    for kind, fields in (
        ("MESSAGE", {"agent_id": agent_id, "executor_id": executor_id, "data": "aGk="}),
        ("SHUTDOWN", {"agent_id": agent_id, "executor_id": executor_id}),
        ("REQUEST", {"requests": []}),
        ("ACCEPT_INVERSE_OFFERS", {"inverse_offer_ids": [{"value": "i"}]}),
        ("DECLINE_INVERSE_OFFERS", {"inverse_offer_ids": [{"value": "i"}]}),
    ):
        answer = scheduler.call(kind, **fields)
        assert (answer.status, answer.body, answer.headers.get("content-type")) == (202, b"", None), kind
    asked = {"operation_id": {"value": "o"}}
    assert scheduler.call("RECONCILE_OPERATIONS", operations=[asked]).status == 202
    status = scheduler.event("UPDATE_OPERATION_STATUS")["update_operation_status"]["status"]
    assert status["state"] == "OPERATION_UNKNOWN"


def test_a_request_body_may_come_in_chunks_on_a_connection_that_is_kept(cluster: Opener) -> None:
    scheduler = cluster.scheduler()
    body = json.dumps({"type": "REVIVE", "framework_id": {"value": scheduler.id}}).encode()
    with socket.create_connection(("127.0.0.1", cluster.port), timeout=240) as connection:
        file = connection.makefile("rb")
        for _ in range(3):
            connection.sendall(
                b"POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                + f"Mesos-Stream-Id: {scheduler.stream_id}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
            )
            for part in (body[:7], body[7:]):
                connection.sendall(b"%x\r\n%b\r\n" % (len(part), part))
            connection.sendall(b"0\r\n\r\n")
            status, headers = read_head(file)
            assert status == 202
            assert headers.get("connection", "keep-alive") != "close"


def test_text_that_is_not_ascii_arrives_escaped_and_whole(cluster: Opener) -> None:
    agent, scheduler = cluster.agent(hostname="höst-日本"), cluster.scheduler(name="främe")
    (run,) = launch(scheduler, agent, "tâche-🚀")
    assert run["task"]["task_id"]["value"] == "tâche-🚀"
    agent.update(run, "TASK_RUNNING", 1, message="läuft 🚀")
    assert scheduler.update()["message"] == "läuft 🚀"
    raw = request(cluster.port, "GET", "/state").body
    assert raw.isascii()
    assert json.loads(raw)["frameworks"][0]["tasks"][0]["id"] == "tâche-🚀"


def test_a_reader_that_does_not_read_is_dropped_and_others_are_served(running: Master, cluster: Opener) -> None:
    """Its own calls keep making events for it until its bound is reached."""
    other = cluster.scheduler(name="other")
    body = json.dumps(
        {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "root", "name": "slow", "failover_timeout": 1}}}
    ).encode()
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connect(("127.0.0.1", cluster.port))
    slow.sendall(
        b"POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: "
        + f"{len(body)}\r\n\r\n".encode()
        + body
    )
    started = b""
    while b"\r\n\r\n" not in started or b"SUBSCRIBED" not in started:
        started += slow.recv(512)
    stream_id = started.split(b"Mesos-Stream-Id: ")[1].split(b"\r\n")[0].decode()
    (framework,) = [one for one in get(cluster.port, "/frameworks")["frameworks"] if one["name"] == "slow"]
    asked = [{"task_id": {"value": "x" * 200 + str(number)}} for number in range(20_000)]
    call = {"type": "RECONCILE", "framework_id": {"value": framework["id"]}, "reconcile": {"tasks": asked}}
    encoded = json.dumps(call).encode()
    statuses: list[int] = []
    while not statuses or statuses[-1] == 202:
        answer = request(cluster.port, "POST", "/api/v1/scheduler", {**JSON, "Mesos-Stream-Id": stream_id}, encoded)
        statuses.append(answer.status)
        assert len(statuses) < 60, "it is still served"
    assert statuses[-1] in (400, 403)
    assert "dropping framework 'slow'" in running.log.read_text()
    assert other.call("RECONCILE", tasks=[{"task_id": {"value": "mine"}}]).status == 202
    assert other.update()["task_id"] == {"value": "mine"}
    slow.close()


def test_a_task_may_be_given_a_limit_without_end_and_every_view_shows_it(cluster: Opener) -> None:
    agent, scheduler = cluster.agent(), cluster.scheduler()
    limits = {"cpus": {"value": "Infinity"}, "mem": {"value": "Infinity"}}
    (run,) = launch(scheduler, agent, "endless", limits=limits)
    assert run["task"]["limits"] == limits
    (task_view,) = get(cluster.port, f"/tasks?framework_id={scheduler.id}")["tasks"]
    assert task_view["limits"] == {"cpus": "Infinity", "mem": "Infinity"}
    for view in ("/state", "/frameworks", "/slaves", "/state-summary"):
        assert get(cluster.port, view)


def test_a_grace_period_beyond_64_bits_is_refused_with_its_call(cluster: Opener) -> None:
    cluster.agent()
    scheduler = cluster.scheduler()
    (offer,) = scheduler.offers()
    policy = {"grace_period": {"nanoseconds": 2**70}}
    answer = scheduler.accept([offer], [task("long", offer, kill_policy=policy)])
    assert answer.status == 400 and b"kill_policy.grace_period.nanoseconds" in answer.body
    assert scheduler.accept([offer], [task("short", offer)]).status == 202
