"""The operator API answers as that of a real Mesos."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.mesos.ladder import encoded
from tests.support.mesos.operator_ladder import API, BARE, LADDER
from tests.support.mesos.rawclient import JSON, Scheduler, Stream, ports, request, scalar, task
from tests.support.mesos.sides import Ours, Side, Theirs, both, plain, shown

pytestmark = pytest.mark.oracle


@pytest.mark.parametrize("name", [row[0] for row in LADDER])
def test_a_refusal_is_that_of_mesos(theirs: Theirs, ours: Ours, name: str) -> None:
    (row,) = [row for row in LADDER if row[0] == name]
    _, method, headers, body, _, _ = row
    both(theirs, ours, lambda side: shown(side, request(side.port, method, API, headers, encoded(body))))


TIMES = {"registered_time", "reregistered_time", "unregistered_time"}
OF_THE_ORACLE = {"capabilities", "checkpoint", "container_status", "timestamp", "uuid", "status_update_uuid"}
"""Of its agent, which differs; and what differs each time."""


def told(value: Any) -> Any:
    """Without what must differ; what is a set, in order."""
    if isinstance(value, dict):
        kept = {name: told(item) for name, item in value.items() if name not in OF_THE_ORACLE}
        return {name: "a time" if name in TIMES and item["nanoseconds"] else item for name, item in kept.items()}
    if isinstance(value, list):
        parts = [told(item) for item in value]
        return sorted(parts, key=lambda item: json.dumps(item, sort_keys=True)) if _resources(parts) else parts
    return value


def _resources(parts: list[Any]) -> bool:
    return all(isinstance(part, dict) and "name" in part and "type" in part for part in parts)


def test_what_is_known_of_a_running_task_is_told_alike(theirs: Theirs, ours: Ours) -> None:
    """Field by field: tasks, executors, frameworks, agents, roles, the master."""

    def play(side: Side) -> Any:
        scheduler = Scheduler(side.port, webui_url="http://x", failover_timeout=5.0, role="told/deep")
        views: dict[str, Any] = {}
        try:

            def look(when: str) -> None:
                for kind in BARE:
                    if kind in ("GET_FLAGS", "GET_VERSION", "GET_STATE"):
                        continue
                    answer = request(side.port, "POST", API, JSON, encoded({"type": kind}))
                    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
                    text = plain(side, scheduler, answer.text).replace(":PORT", ":1")
                    views[f"{kind} {when}"] = _of(json.loads(text))

            (offer,) = scheduler.offers()
            look("with an offer")
            labels = {"labels": [{"key": "k", "value": "v"}]}
            taken = [scalar("cpus", 0.1), scalar("mem", 32), ports((31003, 31004))]
            scheduler.accept([offer], [task("shown", offer, *taken, labels=labels)], refuse_seconds=3600)
            run = side.agent.message("RUN_TASK", scheduler.id) if isinstance(side, Ours) else None
            if isinstance(side, Ours):
                side.agent.update(run, "TASK_STARTING", 1)
                side.agent.update(run, "TASK_RUNNING", 2)
            scheduler.update("TASK_RUNNING")
            look("with a task")
            scheduler.call("KILL", task_id={"value": "shown"})
            if isinstance(side, Ours):
                side.agent.message("KILL_TASK", scheduler.id)
                side.agent.update(run, "TASK_KILLED", 3, message="Command terminated with signal Terminated")
            scheduler.update("TASK_KILLED")
            scheduler.call("TEARDOWN")
            scheduler.stream.over()
            look("at the end")
            return views
        finally:
            scheduler.close()

    expected, found = play(theirs), play(ours)
    for name in expected:
        assert found[name] == expected[name], name


def test_what_happens_is_told_to_watchers_in_the_same_order(theirs: Theirs, ours: Ours) -> None:
    """A framework comes, runs a task and an invalid one, changes, comes again, and is ended with a task that runs."""

    def play(side: Side) -> Any:
        watcher = Stream(side.port, API, {**JSON, "Accept": "application/json"}, encoded({"type": "SUBSCRIBE"}) or b"")
        headers = {name: watcher.headers[name] for name in ("content-type", "transfer-encoding")}
        assert "mesos-stream-id" not in watcher.headers
        first = watcher.next()
        told_first = sorted(first["subscribed"]), sorted(first["subscribed"]["get_state"])
        events: list[Any] = [watcher.next()]
        scheduler = Scheduler(side.port, failover_timeout=60.0, role="watched")

        def heard(kind: str) -> None:
            while not events or events[-1]["type"] != kind:
                events.append(watcher.next())

        try:
            (offer,) = scheduler.offers()
            bad = task("bad", offer, scalar("cpus", 99))
            scheduler.accept([offer], [task("one", offer), bad, task("two", offer)], refuse_seconds=3600)
            runs = []
            if isinstance(side, Ours):
                runs = [side.agent.message("RUN_TASK", scheduler.id) for _ in range(2)]
                side.agent.update(runs[0], "TASK_RUNNING", 1)
                side.agent.update(runs[1], "TASK_RUNNING", 2)
                side.agent.update(runs[1], "TASK_RUNNING", 3)
            running = [scheduler.update("TASK_RUNNING"), scheduler.update("TASK_RUNNING")]
            assert {one["task_id"]["value"] for one in running} == {"one", "two"}
            scheduler.call("KILL", task_id={"value": "one"})
            if isinstance(side, Ours):
                side.agent.message("KILL_TASK", scheduler.id)
                side.agent.update(runs[0], "TASK_KILLED", 4, message="Command terminated with signal Terminated")
            scheduler.update("TASK_KILLED")
            info: dict[str, Any] = {"id": {"value": scheduler.id}, "user": "root", "name": "other", "role": "watched"}
            info["failover_timeout"] = 60.0  # of an update without it, Mesos tells the default
            for _ in range(2):
                assert scheduler.call("UPDATE_FRAMEWORK", framework_info=info).status == 200
            again = Scheduler(side.port, framework_id=scheduler.id, name="third", failover_timeout=60.0, role="watched")
            heard("FRAMEWORK_UPDATED")
            again.call("TEARDOWN")
            heard("FRAMEWORK_REMOVED")
            again.close()
            said = json.loads(plain(side, scheduler, json.dumps(events)).replace(": PORT", ": 1"))
            # The oracle's command executor says STARTING as well; of tasks that start together the order is free.
            kept = [told(one) for one in said if one.get("task_updated", {}).get("state") != "TASK_STARTING"]
            ordered = [one for one in kept if one.get("task_updated", {}).get("state") != "TASK_RUNNING"]
            started = [one for one in kept if one.get("task_updated", {}).get("state") == "TASK_RUNNING"]
            return headers, told_first, ordered, sorted(started, key=json.dumps)
        finally:
            watcher.close()
            scheduler.close()

    expected, found = play(theirs), play(ours)
    for one, other in zip(expected[2], found[2], strict=True):
        assert other == one
    assert found == expected


def _of(answer: Any) -> Any:
    """Only what is of the test's framework: both sides are shared."""
    (part,) = [item for name, item in answer.items() if name != "type"] or [{}]
    for name in ("tasks", "unreachable_tasks", "completed_tasks"):
        if name in part:
            part[name] = [one for one in part[name] if one["framework_id"] == {"value": "FRAMEWORK"}]
    for name in ("frameworks", "completed_frameworks"):
        if name in part:
            part[name] = [one for one in part[name] if one["framework_info"]["id"] == {"value": "FRAMEWORK"}]
    if "roles" in part:
        part["roles"] = [one for one in part["roles"] if one["name"].startswith("told")]
    if "master_info" in part:
        return sorted(part), sorted(part["master_info"])
    return told(part)
