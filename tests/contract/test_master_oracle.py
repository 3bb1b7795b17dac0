"""The same requests to our master and to a real Mesos: the same answers, but for ids, times and what is documented.

Needs the oracle, a real Mesos 1.11.0 (`tests.contract.oracle`).
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.oracle import Oracle
from tests.contract.rawclient import Agent, Answer, Master, Scheduler, get, ports, request, scalar, task, until
from tests.contract.test_master_http import API, LADDER, encoded

pytestmark = pytest.mark.oracle


class Ours:
    """Our master with one agent that has what the oracle's has."""

    def __init__(self, master: Master) -> None:
        self.port = master.port
        self.agent = Agent(master.port, hostname="localhost", info={"port": master.port})
        self.agent_id = str(self.agent.id)


class Theirs:
    def __init__(self, port: int) -> None:
        self.port = port
        self.agent_id = str(get(port, "/slaves")["slaves"][0]["id"])


Side = Ours | Theirs


@pytest.fixture(scope="module")
def theirs() -> Iterator[Theirs]:
    oracle = Oracle(agents=1, allocation_interval="100ms")
    yield Theirs(oracle.port)
    oracle.stop()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ours]:
    flags = ("--allocation_interval=100ms", "--agent_ping_timeout=1hrs")
    master = Master(tmp_path_factory.mktemp("oracle") / "work", *flags).start().leads()
    side = Ours(master)
    yield side
    side.agent.close()
    master.stop()


def plain(side: Side, scheduler: Scheduler | None, text: str) -> str:
    """Without what has to differ: ids, ports."""
    text = re.sub(rf"\b{side.port}\b", "PORT", text)
    names = {side.agent_id: "AGENT"}
    if scheduler is not None:
        names[scheduler.id] = "FRAMEWORK"
    for name, stands in sorted(names.items(), key=lambda item: -len(item[0])):
        text = text.replace(name, stands)
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}-O\d+", "OFFER", text)
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID", text)


def both(theirs: Theirs, ours: Ours, play: Callable[[Side], Any]) -> None:
    """What happens there happens here."""
    expected = play(theirs)
    assert play(ours) == expected


def shown(side: Side, answer: Answer, scheduler: Scheduler | None = None) -> Any:
    wanted = ("content-type", "allow", "transfer-encoding", "location")
    headers = {name: plain(side, scheduler, value) for name, value in answer.headers.items() if name in wanted}
    return answer.status, headers, plain(side, scheduler, answer.text)


def _loaded(text: str) -> Any:
    return json.loads(re.sub(r": PORT\b", ': "PORT"', text))


def status_shown(side: Side, scheduler: Scheduler, status: Any) -> str:
    kept = {name: value for name, value in status.items() if name not in ("timestamp", "uuid", "container_status")}
    if (
        lists := re.fullmatch(r"Total resources (.*) required (.*) available (.*)", kept.get("message", ""))
    ) is not None:
        asked, words, left = lists.groups()  # in no order
        kept["message"] = [sorted(asked.split("; ")), words, sorted(left.split("; "))]
    return plain(side, scheduler, json.dumps(kept, sort_keys=True))


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [row[0] for row in LADDER])
def test_a_refusal_is_the_originals(theirs: Theirs, ours: Ours, name: str) -> None:
    (row,) = [row for row in LADDER if row[0] == name]
    _, method, headers, body, _, _ = row
    both(theirs, ours, lambda side: shown(side, request(side.port, method, API, headers, encoded(body))))


@pytest.mark.parametrize("path", ["/", "/nothing", "/master/nothing"])
def test_an_unknown_path_is_refused_alike(theirs: Theirs, ours: Ours, path: str) -> None:
    if path == "/":
        pytest.skip("the original serves its web page there") if request(
            theirs.port, "GET", path
        ).status == 200 else None
    both(theirs, ours, lambda side: shown(side, request(side.port, "GET", path)))


@pytest.mark.parametrize(
    "path", ["/redirect", "/health", "/master/health/", "/version?jsonp=f", "/system/stats.json", "/version"]
)
def test_small_reads_are_alike(theirs: Theirs, ours: Ours, path: str) -> None:
    def play(side: Side) -> Any:
        status, headers, text = shown(side, request(side.port, "GET", path))
        return status, headers, re.sub(r"\{.*\}", "{}", text)

    both(theirs, ours, play)


# --- subscriptions ---------------------------------------------------------------------------------------------------

MULTI = [{"type": "MULTI_ROLE"}]
REFINED = [{"type": "MULTI_ROLE"}, {"type": "RESERVATION_REFINEMENT"}]


@pytest.mark.parametrize(
    "info",
    [
        {"roles": ["a"]},
        {"role": "/a"},
        {"role": "a/"},
        {"role": "a//b"},
        {"role": ""},
        {"role": "-a"},
        {"role": "a/*"},
        {"role": "a b"},
        {"roles": ["a", "a"], "capabilities": MULTI},
        {"role": "a", "roles": [], "capabilities": MULTI},
        {"roles": ["a/.."], "capabilities": MULTI},
    ],
    ids=str,
)
def test_an_invalid_subscription_gets_the_same_error(theirs: Theirs, ours: Ours, info: Any) -> None:
    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, **info)
        scheduler.stream.over()
        return scheduler.stream.status, scheduler.first

    both(theirs, ours, play)


@pytest.mark.parametrize(
    "info",
    [{}, {"role": "web"}, {"roles": ["a"], "capabilities": MULTI}, {"roles": ["a"], "capabilities": REFINED}],
    ids=["*", "role", "multi", "refined"],
)
def test_subscribed_and_offers_look_the_same(theirs: Theirs, ours: Ours, info: Any) -> None:
    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, **info)
        try:
            subscribed = _loaded(plain(side, scheduler, json.dumps(scheduler.first)))
            claimed = subscribed["subscribed"]["master_info"].pop("capabilities")
            assert {"type": "AGENT_UPDATE"} in claimed
            scheduler.event("HEARTBEAT")  # in the original the first offers may come before it
            (offer,) = _loaded(plain(side, scheduler, json.dumps(scheduler.offers())))
            offer["resources"].sort(key=lambda item: item["name"])
            offer["url"]["path"] = re.sub(r"\(\d+\)", "(1)", offer["url"]["path"])
            return subscribed, offer
        finally:
            scheduler.call("TEARDOWN")
            scheduler.close()

    both(theirs, ours, play)


def test_failing_over_looks_the_same(theirs: Theirs, ours: Ours) -> None:
    def play(side: Side) -> Any:
        old = Scheduler(side.port, failover_timeout=60.0)
        offers = old.offers()
        new = Scheduler(side.port, framework_id=old.id, failover_timeout=60.0)
        error = old.event("ERROR")
        old.stream.over()
        rescinds = [event for event in old.skipped if event["type"] == "RESCIND"]
        new.accept(offers, [task("t", offers[0])])
        late = status_shown(side, new, new.update())
        stale = shown(side, old.call("REVIVE"), old)
        stale_text = stale[2].replace(old.stream_id, "STREAM")
        new.call("TEARDOWN")
        new.stream.over()
        again = Scheduler(side.port, framework_id=old.id)
        return error, rescinds, late, stale[:2], stale_text, again.first, shown(side, new.call("REVIVE"))

    both(theirs, ours, play)


def test_a_disconnected_framework_is_refused_alike(theirs: Theirs, ours: Ours) -> None:
    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, failover_timeout=60.0)
        scheduler.close()
        until(lambda: scheduler.call("REVIVE").status != 202, "the disconnect is noticed")
        refused = shown(side, scheduler.call("REVIVE"))
        (view,) = [one for one in get(side.port, "/frameworks")["frameworks"] if one["id"] == scheduler.id]
        again = Scheduler(side.port, framework_id=scheduler.id)
        again.call("TEARDOWN")
        return refused, view["active"], view["connected"], view["recovered"]

    both(theirs, ours, play)


# --- tasks -----------------------------------------------------------------------------------------------------------


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
            told = {}
            for _ in tasks:
                status = scheduler.update()
                told[status["task_id"]["value"]] = status_shown(side, scheduler, status)
            return answer, told
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
    info = {"capabilities": [{"type": "PARTITION_AWARE"}]} if aware else {}

    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, **info)
        told = []
        try:
            (offer,) = scheduler.offers()
            for used in ([{"id": {"value": "x"}}], [], [offer, offer]):
                scheduler.accept(used, [task("t", offer)])
                told.append(status_shown(side, scheduler, scheduler.update()))
            asked = [
                {"task_id": {"value": "t"}},
                {"task_id": {"value": "t"}, "agent_id": {"value": side.agent_id}},
                {"task_id": {"value": "t"}, "agent_id": {"value": "nobody"}},
            ]
            scheduler.call("RECONCILE", tasks=asked)
            told += [status_shown(side, scheduler, scheduler.update()) for _ in asked]
            for one in asked:
                scheduler.call("KILL", **one)
                told.append(status_shown(side, scheduler, scheduler.update()))
            operations = [
                {"operation_id": {"value": "o"}},
                {"operation_id": {"value": "o"}, "agent_id": {"value": side.agent_id}},
                {"operation_id": {"value": "o"}, "agent_id": {"value": "nobody"}},
            ]
            scheduler.call("RECONCILE_OPERATIONS", operations=operations)
            for _ in operations:
                event = scheduler.event("UPDATE_OPERATION_STATUS")
                told.append(plain(side, scheduler, json.dumps(event, sort_keys=True)))
            return told
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


# --- views -----------------------------------------------------------------------------------------------------------


def shape(value: Any) -> Any:
    """Names and kinds, without the values."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in sorted(value.items())}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def test_the_views_have_the_same_shape_with_a_running_task(theirs: Theirs, ours: Ours) -> None:
    left_out = {"git_branch", "dcos_version", "flags"}

    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, webui_url="http://x", failover_timeout=5.0)
        try:
            (offer,) = scheduler.offers()
            labels = {"labels": [{"key": "k", "value": "v"}]}
            taken = [scalar("cpus", 0.1), scalar("mem", 32), ports((31003, 31004))]
            scheduler.accept([offer], [task("shown", offer, *taken, labels=labels)], refuse_seconds=3600)
            if isinstance(side, Ours):
                run = side.agent.message("RUN_TASK")
                for number, state in enumerate(("TASK_STARTING", "TASK_RUNNING"), start=1):
                    container = {"container_id": {"value": "c"}, "executor_pid": 7, "network_infos": [_network()]}
                    side.agent.update(run, state, number, container_status=container)
            scheduler.update("TASK_RUNNING")
            views = {}
            for path in ("/state", "/frameworks", "/slaves", "/tasks", "/state-summary", "/roles"):
                view = {name: item for name, item in get(side.port, path).items() if name not in left_out}
                for agent in view.get("slaves", []):
                    agent["capabilities"], agent["framework_ids"] = [], []
                    agent["reregistered_time"] = 0.0  # when it came back, if
                    for some in [part for name, part in agent.items() if name.endswith("resources_full") and part]:
                        some.sort(key=lambda item: item["name"])
                for framework in [*view.get("frameworks", []), *view.get("completed_frameworks", [])]:
                    framework["reregistered_time"] = 0.0
                    framework["offers"] = []
                view["completed_frameworks"] = []
                view["capabilities"] = []
                views[path] = shape(view)
            return views
        finally:
            scheduler.call("TEARDOWN")
            scheduler.close()

    both(theirs, ours, play)


def _network() -> Any:
    return {"ip_addresses": [{"protocol": "IPv4", "ip_address": "127.0.0.1"}]}


def test_a_whole_life_of_a_task_is_told_alike(theirs: Theirs, ours: Ours) -> None:
    """What the agent says differs; what the master makes of it does not."""

    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, failover_timeout=5.0)
        try:
            (offer,) = scheduler.offers()
            scheduler.accept([offer], [task("life", offer)], refuse_seconds=3600)
            if isinstance(side, Ours):
                run = side.agent.message("RUN_TASK")
                side.agent.update(run, "TASK_STARTING", 1)
                side.agent.update(run, "TASK_RUNNING", 2)
            scheduler.update("TASK_RUNNING")
            told = []
            scheduler.call("RECONCILE", tasks=[{"task_id": {"value": "life"}, "agent_id": {"value": "wrong"}}])
            told.append(status_shown(side, scheduler, scheduler.update()))
            scheduler.call("KILL", task_id={"value": "life"}, agent_id={"value": "wrong"})
            scheduler.call("KILL", task_id={"value": "life"})
            if isinstance(side, Ours):
                assert side.agent.message("KILL_TASK")
                side.agent.update(run, "TASK_KILLED", 3)
            status = scheduler.update("TASK_KILLED", acknowledge=False)
            scheduler.call("RECONCILE", tasks=[])
            told.append(status_shown(side, scheduler, scheduler.update()))
            scheduler.acknowledge(status)
            until(lambda: not _mine(side, scheduler)["tasks"], "the task is completed")
            scheduler.call("RECONCILE", tasks=[{"task_id": {"value": "life"}, "agent_id": {"value": side.agent_id}}])
            told.append(status_shown(side, scheduler, scheduler.update()))
            ended = _mine(side, scheduler)["completed_tasks"][0]
            return told, ended["state"], [one["state"] for one in ended["statuses"]]
        finally:
            scheduler.call("TEARDOWN")
            scheduler.close()

    both(theirs, ours, play)


def _mine(side: Side, scheduler: Scheduler) -> Any:
    (framework,) = [one for one in get(side.port, "/frameworks")["frameworks"] if one["id"] == scheduler.id]
    return framework


# --- what operators ask ----------------------------------------------------------------------------------------------

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "path", ["/teardown", "/master/teardown/", "/teardown/more", "/teardown?frameworkId=FRAMEWORK"]
)
def test_a_framework_is_torn_down_alike(theirs: Theirs, ours: Ours, path: str) -> None:
    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, failover_timeout=60.0)
        told = []
        try:
            asked = path.replace("FRAMEWORK", scheduler.id)
            for method in ("GET", "PUT", "DELETE", "HEAD"):
                status, headers, text = shown(side, request(side.port, method, asked))
                told.append((status, headers, text))
            wrong = [b"", b"frameworkid=x", b"frameworkId=", b"frameworkId", b"frameworkId=nobody", b"frameworkId=%zz"]
            wrong += [b"x=%&frameworkId=nobody", b'{"frameworkId": "x"}', b"\xff=%ff", b"&;&=;", b"=frameworkId"]
            wrong += [f"frameworkId={scheduler.id}&frameworkId=x".encode(), f"frameworkId={scheduler.id}x".encode()]
            for number, body in enumerate(wrong):
                told.append((number, shown(side, request(side.port, "POST", asked, FORM, body))))
            assert get(side.port, f"/frameworks?framework_id={scheduler.id}")["frameworks"], "it is there still"
            body = f"a=b;frameworkId={scheduler.id.replace('-', '%2D')}".encode()
            answer = request(side.port, "POST", asked, {"Content-Type": "text/plain"}, body)
            told.append((answer.status, answer.body, answer.headers.get("content-type")))
            scheduler.stream.over()
            told.append(shown(side, request(side.port, "POST", asked, FORM, body)))
            told.append(Scheduler(side.port, framework_id=scheduler.id).first)
            return json.loads(plain(side, scheduler, json.dumps(told, default=repr)))
        finally:
            scheduler.close()

    both(theirs, ours, play)


def test_roles_count_what_their_frameworks_hold(theirs: Theirs, ours: Ours) -> None:
    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, role="counted")

        def role() -> Any:
            (found,) = [one for one in get(side.port, "/roles")["roles"] if one["name"] == "counted"]
            return {**found, "frameworks": len(found["frameworks"])}

        try:
            (offer,) = scheduler.offers()
            told = [role()]
            taken = [scalar("cpus", 0.5), scalar("mem", 32), ports((31005, 31006), (31009, 31009))]
            scheduler.accept([offer], [task("counted", offer, *taken)], refuse_seconds=3600)
            if isinstance(side, Ours):
                side.agent.update(side.agent.message("RUN_TASK"), "TASK_RUNNING", 1)
            scheduler.update("TASK_RUNNING")
            return [*told, role()]
        finally:
            scheduler.call("TEARDOWN")
            scheduler.close()

    both(theirs, ours, play)


def test_who_subscribes_again_gets_no_offers_at_once_in_neither(theirs: Theirs, ours: Ours) -> None:
    def play(side: Side) -> Any:
        first = Scheduler(side.port, failover_timeout=60.0)
        first.offers()
        again = Scheduler(side.port, framework_id=first.id, failover_timeout=60.0)
        follows = again.stream.next()["type"]
        offers = again.offers()
        again.call("TEARDOWN")
        return follows, len(offers)

    both(theirs, ours, play)


ABSENT = (
    r"master/operations/.*",  # no reservations and volumes yet: all of them are refused
    r"master/(in)?valid_operation_status_update.*|master/messages_operation_status_update.*",
    r"master/(in)?valid_executor_to_framework_messages|master/messages_(executor_to_framework|exited_executor)",
    r"master/messages_(authenticate|(deactivate|unregister)_framework|unregister_slave|update_slave)",  # old protocol
    r"master/slave_shutdowns_.*",  # agents are not shut down, but unreachable
    r"master/operator_event_stream_subscribers",  # no /api/v1 for operators yet
    r"master/frameworks/.*|frameworks/.*",  # of single frameworks
    r"registrar/log/.*",  # no replicated log
    r"allocator/mesos/quota/.*",
    r"(slave|containerizer|gc|resource_provider_manager|scheduler)/.*",  # of the agents: theirs is the same process
)


def test_the_metrics_have_the_originals_names_but_for_what_does_not_exist(theirs: Theirs, ours: Ours) -> None:
    def play(side: Side) -> set[str]:
        scheduler = Scheduler(side.port, role="measured")
        try:
            scheduler.decline(scheduler.offers(), 0)
            scheduler.decline(scheduler.offers(), 100)
            names = get(side.port, "/metrics/snapshot")
            return {re.sub(r"_ms/(count|min|max|p\d+)$", "_ms", name) for name in names}  # from two samples on
        finally:
            scheduler.call("TEARDOWN")
            scheduler.close()

    expected = {name for name in play(theirs) if not any(re.fullmatch(some, name) for some in ABSENT)}
    assert len(expected) > 100
    found = play(ours)
    assert expected - found == set()
    own = {name for name in found - expected if not re.fullmatch(r"master/(calls|task_\w+)/.*", name)}
    assert own <= {"master/messages_resource_offers"}
    assert not [name for name in found if any(re.fullmatch(some, name) for some in ABSENT)]


COUNTED = re.compile(r"master/(messages_|valid_|invalid_|tasks_|recovery_|slave_removals).*")


def test_the_counters_count_what_the_originals_do(theirs: Theirs, ours: Ours) -> None:
    """By how much each rises when the same is done."""
    nobody = {"agent_id": {"value": "a"}, "executor_id": {"value": "e"}}

    def play(side: Side) -> Any:
        before = get(side.port, "/metrics/snapshot")
        scheduler = Scheduler(side.port, failover_timeout=60.0)
        try:
            (offer,) = scheduler.offers()
            bad = task("bad", offer, scalar("cpus", 99))
            scheduler.accept([offer], [task("one", offer), task("two", offer), bad], refuse_seconds=3600)
            if isinstance(side, Ours):
                runs = [side.agent.message("RUN_TASK") for _ in range(2)]
                for number, run in enumerate(runs):
                    side.agent.update(run, "TASK_STARTING", 10 + number)
                    side.agent.update(run, "TASK_RUNNING", 20 + number)
            for state in ("TASK_ERROR", "TASK_RUNNING", "TASK_RUNNING"):
                scheduler.update(state)
            scheduler.call("KILL", task_id={"value": "one"})
            if isinstance(side, Ours):
                side.agent.update(runs[0], "TASK_KILLED", 30)
            scheduler.update("TASK_KILLED")
            scheduler.call("KILL", task_id={"value": "none"})
            scheduler.call(
                "ACKNOWLEDGE", agent_id={"value": "no"}, task_id={"value": "t"}, uuid="AAAAAAAAQACAAAAAAAAAAA=="
            )
            scheduler.call("RECONCILE", tasks=[])
            scheduler.call("RECONCILE_OPERATIONS", operations=[])
            scheduler.call("REVIVE")
            scheduler.call("SUPPRESS")
            scheduler.call("REQUEST", requests=[])
            scheduler.call("MESSAGE", **nobody, data="aGk=")
            scheduler.call("DECLINE", offer_ids=[{"value": "none"}])
            scheduler.call("ACCEPT", offer_ids=[])
            scheduler = Scheduler(side.port, framework_id=scheduler.id, failover_timeout=60.0)
            scheduler.call("TEARDOWN")
        finally:
            scheduler.close()
        after = get(side.port, "/metrics/snapshot")
        rises = {name: after[name] - before.get(name, 0.0) for name in after if COUNTED.fullmatch(name)}
        return {name: rise for name, rise in rises.items() if rise and name != "master/messages_resource_offers"}

    both(theirs, ours, play)
