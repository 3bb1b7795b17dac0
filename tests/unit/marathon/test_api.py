"""The /v2 API over HTTP, on a shell without a master: the codes, shapes and headers of Marathon."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from dcos_runtime.marathon.core import events
from dcos_runtime.marathon.core.effects import publish
from dcos_runtime.marathon.events import QUEUE, Hub
from dcos_runtime.marathon.http.labels import parse
from dcos_runtime.marathon.shell import WAITING
from dcos_runtime.store import StoreError
from tests.support.cores.marathon_api import Api, offered, until


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with Api() as one:
        await one.lead()
        yield one


WEB = {"id": "/web", "cmd": "sleep 1", "cpus": 0.5, "mem": 32, "instances": 2, "labels": {"team": "red"}}


async def test_creating_answers_201_with_the_app_and_its_deployment(api: Api) -> None:
    status, app, headers = await api.ask("POST", "/v2/apps", WEB)
    assert status == 201 and app["id"] == "/web" and app["tasksRunning"] == 0
    assert headers["Marathon-Deployment-Id"] == app["deployments"][0]["id"]
    assert headers["Location"] == "/web" and headers["Content-Type"].startswith("application/json")
    status, deployments, _ = await api.ask("GET", "/v2/deployments")
    assert deployments == [
        {
            "id": app["deployments"][0]["id"],
            "version": app["version"],
            "affectedApps": ["/web"],
            "affectedPods": [],
            "steps": [
                {"actions": [{"action": "StartApplication", "app": "/web"}]},
                {"actions": [{"action": "ScaleApplication", "app": "/web"}]},
            ],
            "currentActions": [{"action": "ScaleApplication", "app": "/web", "readinessCheckResults": []}],
            "currentStep": 2,
            "totalSteps": 2,
        }
    ]


async def test_updates_answer_with_version_and_deployment_id(api: Api) -> None:
    await api.ask("POST", "/v2/apps", WEB)
    status, answer, headers = await api.ask("PUT", "/v2/apps/web?force=True", {"instances": 3})
    assert status == 200 and set(answer) == {"version", "deploymentId"}
    assert headers["Marathon-Deployment-Id"] == answer["deploymentId"]
    status, _, _ = await api.ask("PUT", "/v2/apps/new", {"cmd": "x"})
    assert status == 201
    status, _, _ = await api.ask("PATCH", "/v2/apps/absent", {"cmd": "x"})
    assert status == 404
    for partial in ("true", "false"):
        query = f"partialUpdate={partial}&allowCreation=false"
        assert (await api.ask("PUT", f"/v2/apps/absent?{query}", {"cmd": "x"}))[0] == 404
        assert (await api.ask("PUT", f"/v2/apps?{query}", [{"id": "/absent", "cmd": "x"}]))[0] == 404
    assert (await api.ask("GET", "/v2/apps/absent"))[0] == 404
    assert (await api.ask("PUT", "/v2/apps/new?allowCreation=false&force=true", {"cmd": "z"}))[0] == 200
    status, _, _ = await api.ask(
        "PUT", "/v2/apps?force=true", [{"id": "/web", "instances": 1}, {"id": "/b", "cmd": "y"}]
    )
    assert status == 200 and (await api.ask("GET", "/v2/apps/b"))[0] == 200


@pytest.mark.parametrize(
    "path", ["/v2/apps/web", "/v2/apps//web", "//v2//apps/web/", "/v2/apps/%2Fweb", "/v2/apps/web//"]
)
async def test_doubled_and_trailing_slashes_are_accepted(api: Api, path: str) -> None:
    await api.ask("POST", "/v2/apps", WEB)
    status, answer, _ = await api.ask("GET", path)
    assert status == 200 and answer["app"]["id"] == "/web"


async def test_errors_have_marathon_shapes(api: Api) -> None:
    await api.ask("POST", "/v2/apps", WEB)
    status, answer, _ = await api.ask("POST", "/v2/apps", b'{"id": ')
    assert status == 400 and answer["message"] == "Invalid JSON" and answer["details"][0]["errors"]
    status, answer, _ = await api.ask("POST", "/v2/apps", {"id": "/x", "cmd": "y", "cpus": -1, "gpus": 1})
    assert status == 422 and answer["message"] == "Object is not valid"
    assert {detail["path"] for detail in answer["details"]} == {"/cpus", "/gpus"}
    status, answer, _ = await api.ask("POST", "/v2/apps", WEB)
    assert (status, answer["message"]) == (409, "An app with id [/web] already exists.")
    status, answer, _ = await api.ask("PUT", "/v2/apps/web", {"cmd": "other"})
    assert status == 409 and "locked" in answer["message"] and len(answer["deployments"][0]["id"]) == 36
    status, answer, _ = await api.ask("GET", "/v2/apps/nope")
    assert (status, answer) == (404, {"message": "App '/nope' does not exist"})
    status, answer, _ = await api.ask("DELETE", "/v2/deployments/x")
    assert (status, answer) == (404, {"message": "DeploymentPlan x does not exist"})
    status, answer, _ = await api.ask("DELETE", "/v2/apps/web/tasks?scale=true&wipe=true")
    assert status == 400
    status, answer, _ = await api.ask("POST", "/v2/apps?force=maybe", {"id": "/q", "cmd": "y"})
    assert status == 400 and "force" in answer["message"]
    status, _, headers = await api.ask("DELETE", "/v2/info")
    assert status == 405 and headers["Allow"] == "GET"
    assert (await api.ask("GET", "/v3"))[0] == 404
    assert (await api.ask("POST", "/v2/apps", b"id=1", Content_Type="application/x-www-form-urlencoded"))[0] == 415
    assert (await api.ask("POST", "/v2/apps", [1]))[0] == 400
    assert (await api.ask("PUT", "/v2/apps", {"id": "/a"}))[0] == 400


async def test_an_app_has_no_key_that_typed_clients_of_marathon_do_not_know(api: Api) -> None:
    known = {
        "id", "acceptedResourceRoles", "args", "backoffFactor", "backoffSeconds", "cmd", "constraints", "container",
        "cpus", "dependencies", "disk", "env", "executor", "fetch", "gpus", "healthChecks", "instances",
        "killSelection", "labels", "maxLaunchDelaySeconds", "mem", "networks", "portDefinitions", "requirePorts",
        "role", "taskKillGracePeriodSeconds", "unreachableStrategy", "upgradeStrategy", "user", "version",
        "versionInfo", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy", "deployments", "tasks",
        "lastTaskFailure", "taskStats", "readinessCheckResults",
    }  # fmt: skip
    known_of_tasks = {
        "appId", "healthCheckResults", "host", "id", "ipAddresses", "ports", "servicePorts", "slaveId", "state",
        "stagedAt", "startedAt", "version", "localVolumes", "region", "zone", "role",
    }  # fmt: skip
    full = {**WEB, "constraints": [["hostname", "LIKE", ".*"]], "healthChecks": [{"protocol": "TCP"}], "user": "me"}
    await api.ask("POST", "/v2/apps", full)
    names = await api.start_tasks(2)
    embed = "&".join(
        f"embed=apps.{what}" for what in ("tasks", "counts", "deployments", "readiness", "failures", "taskStats")
    )
    _, answer, _ = await api.ask("GET", f"/v2/apps?{embed}")
    (app,) = answer["apps"]
    assert set(app) <= known and {"tasks", "taskStats", "deployments", "readinessCheckResults"} < set(app)
    assert {task["id"] for task in app["tasks"]} == set(names)
    assert all(set(task) <= known_of_tasks for task in app["tasks"])
    _, answer, _ = await api.ask("GET", "/v2/queue")
    assert all(set(item) <= {"app", "count", "delay", "since", "processedOffersSummary"} for item in answer["queue"])


async def test_lists_can_be_filtered(api: Api) -> None:
    await api.ask("POST", "/v2/apps", WEB)
    await api.ask("POST", "/v2/apps", {"id": "/team/db", "cmd": "Postgres", "labels": {"team": "blue"}})
    for query, found in (
        ("cmd=postgres", ["/team/db"]),
        ("id=web", ["/web"]),
        ("label=team", ["/team/db", "/web"]),
        ("label=team==red", ["/web"]),
        ("label=team%20notin%20(red,green)", ["/team/db"]),
        ("cmd=postgres&id=web", []),
    ):
        _, answer, _ = await api.ask("GET", f"/v2/apps?{query}")
        assert [app["id"] for app in answer["apps"]] == found, query
    assert (await api.ask("GET", "/v2/apps?label=(("))[0] == 422
    _, answer, _ = await api.ask("GET", "/v2/apps/team/*")
    assert [app["id"] for app in answer["*"]] == ["/team/db"]


async def test_tasks_are_listed_and_killed(api: Api) -> None:
    await api.ask("POST", "/v2/apps", WEB)
    first, second = await api.start_tasks(2)
    _, answer, _ = await api.ask("GET", "/v2/tasks?status=running")
    assert {task["id"] for task in answer["tasks"]} == {first, second}
    assert (await api.ask("GET", "/v2/tasks?status=staging"))[1] == {"tasks": []}
    _, answer, _ = await api.ask("GET", "/v2/apps/web/tasks")
    assert answer["tasks"][0]["state"] == "TASK_RUNNING" and answer["tasks"][0]["servicePorts"] == [10000]
    status, answer, _ = await api.ask("DELETE", f"/v2/apps/web/tasks/{first}")
    assert status == 200 and answer["task"]["id"] == first
    status, answer, _ = await api.ask("POST", "/v2/tasks/delete?wipe=True", {"ids": [second]})
    assert status == 200 and [task["id"] for task in answer["tasks"]] == [second]
    killed = [call.kill.task_id.value for call in api.calls.sent if call.kill is not None]
    assert killed == [first, second]
    assert (await api.ask("DELETE", "/v2/apps/web/tasks/nope"))[0] == 404
    assert (await api.ask("POST", "/v2/tasks/delete", {"ids": ["!"]}))[0] == 400
    status, answer, _ = await api.ask("DELETE", "/v2/apps/web/tasks?host=elsewhere")
    assert (status, answer) == (200, {"tasks": []})


async def test_versions_are_listed_newest_first_and_shown(api: Api) -> None:
    await api.ask("POST", "/v2/apps", WEB)
    await api.ask("PUT", "/v2/apps/web?force=true", {"instances": 5})
    _, answer, _ = await api.ask("GET", "/v2/apps/web/versions")
    assert answer["versions"] == sorted(answer["versions"], reverse=True) and len(answer["versions"]) == 2
    _, first, _ = await api.ask("GET", f"/v2/apps/web/versions/{answer['versions'][1]}")
    assert first["instances"] == 2
    assert (await api.ask("GET", "/v2/apps/web/versions/2000-01-01T00:00:00.000Z"))[0] == 404


@pytest.mark.parametrize(
    ("accept", "json_wanted"),
    [
        (None, False),
        ("*/*", False),
        ("text/plain", False),
        ("text/html, */*;q=0.8", False),
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("application/*", True),
        ("application/json, text/plain, */*", True),
        ("text/plain, application/json", False),
        ("text/plain;q=0.1, application/json;q=0.9", True),
        ("*/*, application/json", True),
        ("application/json;q=0, */*", False),
        ("application/json;q=x", False),
        ("image/png", False),
        (",;,=;", False),
    ],
)
async def test_ping_is_answered_in_json_to_those_who_prefer_it(api: Api, accept: str | None, json_wanted: bool) -> None:
    headers = {} if accept is None else {"Accept": accept}
    async with api.http.get(api.server.make_url("/ping"), headers=headers) as answer:
        kind = "application/json" if json_wanted else "text/plain"
        assert (answer.status, answer.content_type, await answer.text()) == (
            200,
            kind,
            '"pong"' if json_wanted else "pong",
        )


async def test_what_is_not_built_is_never_an_error_of_the_server(api: Api) -> None:
    """Clients take any 5xx for an init that is down."""
    paths = ["/v2/groups", "/v2/groups/a/b", "/v2/pods", "/v2/pods/::status", "/v2/pods/a::instances", "/v2/nope", "/"]
    paths += ["/v2/apps", "/v2/apps/a", "/v2/artifacts", "/v2/schemas", "/v2/queue", "/metrics/prometheus", "/logging"]
    for path in paths:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"):
            status, answer, headers = await api.ask(method, path, {} if method in ("POST", "PUT", "PATCH") else None)
            assert status < 500, (method, path, status, answer)
            assert status != 405 or headers["Allow"]


async def test_groups_can_be_read_and_say_that_they_cannot_be_written(api: Api) -> None:
    await api.ask("POST", "/v2/apps", WEB)
    await api.ask("POST", "/v2/apps", {"id": "/a/b/c", "cmd": "x"})
    _, root, _ = await api.ask("GET", "/v2/groups")
    assert root["id"] == "/" and [app["id"] for app in root["apps"]] == ["/web"]
    assert root["groups"][0]["groups"][0]["apps"][0]["id"] == "/a/b/c"
    _, inner, _ = await api.ask("GET", "/v2/groups/a/b")
    assert set(inner) == {"id", "apps", "groups", "pods", "dependencies", "version"} and inner["id"] == "/a/b"
    assert (await api.ask("GET", "/v2/groups/nope"))[0] == 404
    for method, path in (("POST", "/v2/groups"), ("PUT", "/v2/groups/a"), ("GET", "/v2/pods"), ("POST", "/v2/pods")):
        status, answer, _ = await api.ask(method, path, {} if method != "GET" else None)
        assert status in (404, 405) and "not supported in this version" in answer["message"]


async def test_info_leader_ping_and_metrics(api: Api) -> None:
    _, info, _ = await api.ask("GET", "/v2/info")
    assert info["frameworkId"] == "fw" and info["leader"] == "here:8080" and info["elected"] is True
    assert all(part.isdigit() for part in info["version"].split("."))
    assert (await api.ask("GET", "/ping"))[:2] == (200, "pong")
    assert (await api.ask("GET", "/v2/leader"))[1] == {"leader": "here:8080"}
    assert (await api.ask("DELETE", "/v2/leader"))[0] == 409
    await api.ask("POST", "/v2/apps", WEB)
    _, metrics, _ = await api.ask("GET", "/metrics")
    assert metrics["gauges"]["marathon.apps.active.gauge"] == {"value": 1}
    stalls = metrics["histograms"]["marathon.loop.stalls.histogram.milliseconds"]
    assert set(stalls) == {"count", "sum", "max", "max_minute", "buckets"} and "le_20" in stalls["buckets"]


async def test_before_it_leads_everything_but_ping_answers_503() -> None:
    async with Api() as api:
        for path in ("/v2/apps", "/v2/info", "/v2/leader", "/metrics"):
            status, answer, headers = await api.ask("GET", path)
            assert status == 503 and "there is no leader" in answer["message"] and headers["Retry-After"]
        assert (await api.ask("GET", "/ping"))[1] == "pong"


async def test_events_come_only_of_the_kinds_asked_for_and_light_on_request(api: Api) -> None:
    url = api.server.make_url("/v2/events?event_type=deployment_info&event_type=api_post_event&plan-format=light")
    async with api.http.get(url) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        await stream.content.readany()
        await api.ask("POST", "/v2/apps", WEB)
        seen: list[Any] = []
        async with asyncio.timeout(240):
            while len(seen) < 3:
                line = await stream.content.readline()
                if line.startswith(b"data: "):
                    seen.append(json.loads(line[6:]))
    assert {event["eventType"] for event in seen} == {"deployment_info", "api_post_event"}
    plan = next(event["plan"] for event in seen if "plan" in event)
    assert set(plan) == {"id", "steps", "version"}
    assert all(event["timestamp"].endswith("Z") for event in seen)


def test_a_subscriber_that_does_not_read_is_dropped_and_the_others_are_not() -> None:
    hub = Hub()
    slow, quick = hub.attach(()), hub.attach(("rare",))
    for number in range(QUEUE + 10):
        hub.publish(publish("often", 0.0, {"number": number}))
    hub.publish(publish("rare", 0.0, {}))
    records = [slow._queue.get_nowait() for _ in range(QUEUE + 1)]
    assert records[-1] is None and slow._queue.empty()
    assert b"rare" in (quick._queue.get_nowait() or b"")


# --- the shell ---


async def test_nothing_is_answered_or_sent_before_it_is_stored(api: Api) -> None:
    await api.until_stored()
    api.calls.sent.clear()
    api.store.open.clear()
    asked = asyncio.create_task(api.ask("POST", "/v2/apps", WEB))
    await until(lambda: api.running().core.state.apps)
    api.running().feed(offered("o", "a1"))
    await asyncio.sleep(0.05)
    assert not asked.done() and not [call for call in api.calls.sent if call.accept]
    api.store.open.set()
    assert (await asked)[0] == 201
    await api.until_stored()
    (accept,) = [call for call in api.calls.sent if call.accept]
    task_id = accept.accept.operations[0].launch.task_infos[0].task_id.value
    assert f"instances/{task_id.rpartition('._app.')[0]}" in api.store.kept


async def test_an_error_of_the_core_costs_its_request_and_nobody_else(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("no such luck")

    with monkeypatch.context() as patch:
        patch.setattr(api.running().core.changes, "restart", broken)
        status, answer, _ = await api.ask("POST", "/v2/apps/web/restart")
    assert status == 500 and "the init itself" in answer["message"]
    assert "broken (line" in caplog.text and "no such luck" in caplog.text
    assert (await api.ask("POST", "/v2/apps", WEB))[0] == 201


async def test_events_wait_where_they_are_while_the_store_does_not_keep_up(api: Api) -> None:
    await api.until_stored()
    api.running().core.state.outbox._keys = 1  # every change is a write of its own
    api.store.open.clear()
    for number in range(WAITING + 2):
        api.running().feed(events.CreateApp(0, b'{"id": "/a%d", "cmd": "x"}' % number))
    waiting = asyncio.create_task(api.running().event(offered("o", "a1").event))
    await asyncio.sleep(0.05)
    assert api.running().core.behind > WAITING and not waiting.done()
    api.store.open.set()
    async with asyncio.timeout(240):
        await waiting


async def test_inputs_that_come_during_a_write_are_stored_together(api: Api) -> None:
    await api.until_stored()
    api.store.open.clear()
    before = api.store.writes
    asked = [asyncio.create_task(api.ask("POST", "/v2/apps", {**WEB, "id": f"/a{number}"})) for number in range(20)]
    await until(lambda: len(api.running().core.state.apps) == 20)
    api.store.open.set()
    assert {(await one)[0] for one in asked} == {201}
    assert api.store.writes - before <= 3


async def test_a_store_that_fails_ends_the_shell(api: Api) -> None:
    await api.until_stored()
    api.store.broken = True
    asked = asyncio.create_task(api.ask("POST", "/v2/apps", WEB))
    with pytest.raises(StoreError, match="disk is full"):
        await asyncio.wait_for(api.work, 240)
    assert (await asked)[0] == 503
    assert not [call for call in api.calls.sent if call.accept]


async def test_the_end_of_the_shell_ends_event_streams_and_leaves_no_request_waiting(api: Api) -> None:
    await api.until_stored()
    api.store.open.clear()
    asked = asyncio.create_task(api.ask("POST", "/v2/apps", WEB))
    await until(lambda: api.running().core.state.apps)
    async with api.http.get(api.server.make_url("/v2/events")) as stream:
        await stream.content.readany()
        api.work.cancel()
        async with asyncio.timeout(240):
            while await stream.content.readany():
                pass
            assert (await asked)[0] == 503


async def test_a_change_asked_for_after_the_end_of_the_shell_is_refused_and_waits_for_nothing(api: Api) -> None:
    await api.until_stored()
    api.work.cancel()
    await asyncio.wait([api.work])
    async with asyncio.timeout(240):
        status, answer, headers = await api.ask("POST", "/v2/apps", WEB)
    assert status == 503 and "nothing was changed" in answer["message"] and headers["Retry-After"]
    assert not api.running().core.state.apps


# --- labels ---


@pytest.mark.parametrize(
    ("text", "labels", "selected"),
    [
        ("", {}, True),
        ("a", {"a": "1"}, True),
        ("a", {}, False),
        ("a==1, b!=2", {"a": "1", "b": "3"}, True),
        ("a==1, b!=2", {"a": "1", "b": "2"}, False),
        ("b!=2", {}, False),
        ("a in (1, 2)", {"a": "2"}, True),
        ("a notin (1, 2)", {"a": "2"}, False),
        (r"\!x == a\ b", {"!x": "a b"}, True),
    ],
)
def test_label_selectors_mean_what_those_of_marathon_do(text: str, labels: dict[str, str], selected: bool) -> None:
    assert parse(text)(labels) is selected


@pytest.mark.parametrize("text", ["==", "a=1", "a in 1", "a in (1", "a b"])
def test_a_label_selector_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Can not parse label selector"):
        parse(text)
