"""What is read, counted and torn down is told as by a real Mesos."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support.mesos.rawclient import Scheduler, get, ports, request, scalar, task, until
from tests.support.mesos.sides import (
    Ours,
    Side,
    Theirs,
    both,
    plain,
    shape,
    shown,
    status_shown,
)

pytestmark = pytest.mark.oracle

# --- views -----------------------------------------------------------------------------------------------------------


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
                run = side.agent.message("RUN_TASK", scheduler.id)
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
                run = side.agent.message("RUN_TASK", scheduler.id)
                side.agent.update(run, "TASK_STARTING", 1)
                side.agent.update(run, "TASK_RUNNING", 2)
            scheduler.update("TASK_RUNNING")
            received = []
            scheduler.call("RECONCILE", tasks=[{"task_id": {"value": "life"}, "agent_id": {"value": "wrong"}}])
            received.append(status_shown(side, scheduler, scheduler.update()))
            scheduler.call("KILL", task_id={"value": "life"}, agent_id={"value": "wrong"})
            scheduler.call("KILL", task_id={"value": "life"})
            if isinstance(side, Ours):
                assert side.agent.message("KILL_TASK", scheduler.id)
                side.agent.update(run, "TASK_KILLED", 3)
            status = scheduler.update("TASK_KILLED", acknowledge=False)
            scheduler.call("RECONCILE", tasks=[])
            received.append(status_shown(side, scheduler, scheduler.update()))
            scheduler.acknowledge(status)
            until(lambda: not _mine(side, scheduler)["tasks"], "the task is completed")
            scheduler.call("RECONCILE", tasks=[{"task_id": {"value": "life"}, "agent_id": {"value": side.agent_id}}])
            received.append(status_shown(side, scheduler, scheduler.update()))
            ended = _mine(side, scheduler)["completed_tasks"][0]
            return received, ended["state"], [one["state"] for one in ended["statuses"]]
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
        received: list[Any] = []
        try:
            asked = path.replace("FRAMEWORK", scheduler.id)
            for method in ("GET", "PUT", "DELETE", "HEAD"):
                status, headers, text = shown(side, request(side.port, method, asked))
                received.append((status, headers, text))
            wrong = [b"", b"frameworkid=x", b"frameworkId=", b"frameworkId", b"frameworkId=nobody", b"frameworkId=%zz"]
            wrong += [b"x=%&frameworkId=nobody", b'{"frameworkId": "x"}', b"\xff=%ff", b"&;&=;", b"=frameworkId"]
            wrong += [f"frameworkId={scheduler.id}&frameworkId=x".encode(), f"frameworkId={scheduler.id}x".encode()]
            for number, body in enumerate(wrong):
                received.append((number, shown(side, request(side.port, "POST", asked, FORM, body))))
            assert get(side.port, f"/frameworks?framework_id={scheduler.id}")["frameworks"], "it is there still"
            body = f"a=b;frameworkId={scheduler.id.replace('-', '%2D')}".encode()
            answer = request(side.port, "POST", asked, {"Content-Type": "text/plain"}, body)
            received.append((answer.status, answer.body, answer.headers.get("content-type")))
            scheduler.stream.over()
            received.append(shown(side, request(side.port, "POST", asked, FORM, body)))
            received.append(Scheduler(side.port, framework_id=scheduler.id).first)
            return json.loads(plain(side, scheduler, json.dumps(received, default=repr)))
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
            result = [role()]
            taken = [scalar("cpus", 0.5), scalar("mem", 32), ports((31005, 31006), (31009, 31009))]
            scheduler.accept([offer], [task("counted", offer, *taken)], refuse_seconds=3600)
            if isinstance(side, Ours):
                side.agent.update(side.agent.message("RUN_TASK", scheduler.id), "TASK_RUNNING", 1)
            scheduler.update("TASK_RUNNING")
            return [*result, role()]
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
    r"master/messages_(authenticate|(deactivate|unregister)_framework|update_slave)",  # old protocol
    r"master/slave_shutdowns_.*",  # agents are not shut down, but unreachable
    r"master/frameworks/.*|frameworks/.*",  # of single frameworks
    r"registrar/log/.*",  # no replicated log
    r"allocator/mesos/quota/.*",
    r"(slave|containerizer|gc|resource_provider_manager|scheduler)/.*",  # of the agents: theirs is the same process
)


def test_the_metrics_have_mesos_names_but_for_what_does_not_exist(theirs: Theirs, ours: Ours) -> None:
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
    own = {name for name in found - expected if not re.fullmatch(r"master/(calls|task_\w+)/.*|loop/stalls_ms.*", name)}
    assert own <= {"master/messages_resource_offers"}
    assert not [name for name in found if any(re.fullmatch(some, name) for some in ABSENT)]


COUNTED = re.compile(r"master/(messages_|valid_|invalid_|tasks_|recovery_|slave_removals).*")


def test_the_counters_count_what_mesos_does(theirs: Theirs, ours: Ours) -> None:
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
                runs = [side.agent.message("RUN_TASK", scheduler.id) for _ in range(2)]
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
