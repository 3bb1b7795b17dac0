"""`dcos marathon` against a pretended init."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

Dcos = Callable[..., Any]
APP = {"id": "/web", "cmd": "sleep 1000", "cpus": 0.1, "mem": 32, "instances": 2}


def error(status: int, body: Any) -> Callable[[Any], web.Response]:
    return lambda asked: web.Response(status=status, text=json.dumps(body))


def with_app(cluster: Any, **fields: Any) -> None:
    cluster.apps["/web"] = {**APP, "tasksRunning": 1, "tasks": [], "deployments": [], **fields}


def writes(cluster: Any) -> list[tuple[str, str, dict[str, str], Any]]:
    return [(a.method, a.path, a.query, a.body) for a in cluster.marathon.asked if a.method != "GET"]


def test_an_app_is_added_from_a_file(cluster: Any, dcos: Dcos, tmp_path: Path) -> None:
    file = tmp_path / "web.json"
    file.write_text(json.dumps(APP))
    result = dcos("marathon", "app", "add", str(file))
    assert (result.code, result.out) == (0, "Created deployment D1\n")
    assert writes(cluster) == [("POST", "/v2/apps", {}, APP)]


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_an_app_is_added_from_standard_input(cluster: Any, dcos: Dcos, arguments: tuple[str, ...]) -> None:
    assert dcos("marathon", "app", "add", *arguments, stdin=json.dumps(APP)).code == 0
    assert writes(cluster)[0][3] == APP


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "empty"), ("{", "not JSON"), ("[1]", "array"), ('"x"', "string"), ("3", "number"), ("null", "null")],
)
def test_what_is_no_app_definition_is_refused_before_anything_is_sent(
    cluster: Any, dcos: Dcos, text: str, said: str
) -> None:
    result = dcos("marathon", "app", "add", stdin=text)
    assert result.code == 1
    assert said in result.err
    assert cluster.marathon.asked == []


def test_a_file_that_is_not_there_is_named(cluster: Any, dcos: Dcos, tmp_path: Path) -> None:
    result = dcos("marathon", "app", "add", str(tmp_path / "none.json"))
    assert result.code == 1
    assert "none.json: No such file" in result.err


def test_app_list_shows_how_much_runs_and_what_is_being_changed(cluster: Any, dcos: Dcos) -> None:
    with_app(cluster, deployments=[{"id": "D7"}])
    cluster.apps["/db"] = {"id": "/db", "args": ["a", "b"], "container": {"type": "DOCKER"}, "healthChecks": [{}]}
    cluster.deployments.append({"id": "D7", "currentActions": [{"action": "ScaleApplication", "app": "/web"}]})
    cluster.queue.append({"app": {"id": "/web"}, "delay": {"timeLeftSeconds": 0, "overdue": True}})
    cluster.queue.append({"app": {"id": "/db"}, "delay": {"timeLeftSeconds": 12, "overdue": False}})
    rows = [line.split() for line in dcos("marathon", "app", "list").lines]
    assert rows == [
        ["ID", "MEM", "CPUS", "TASKS", "HEALTH", "DEPLOYMENT", "WAITING", "CONTAINER", "CMD"],
        ["/db", "0", "0", "0/0", "0/0", "-", "backoff:12s", "docker", "a", "b"],
        ["/web", "32", "0.1", "1/2", "-", "scale", "offer", "mesos", "sleep", "1000"],
    ]
    assert dcos("marathon", "app", "list", "-q").lines == ["/db", "/web"]
    assert [app["id"] for app in dcos("marathon", "app", "list", "--json").json()] == ["/db", "/web"]


def test_app_show_is_json_with_or_without_the_leading_slash(cluster: Any, dcos: Dcos) -> None:
    with_app(cluster)
    for app_id in ("/web", "web", "web/"):
        assert dcos("marathon", "app", "show", app_id).json()["cmd"] == "sleep 1000"
    assert dcos("marathon", "app", "show", "web", "--json").json()["id"] == "/web"


def test_an_unknown_app_is_told_with_those_of_a_similar_name(cluster: Any, dcos: Dcos) -> None:
    with_app(cluster)
    cluster.apps["/shop/cart"] = {"id": "/shop/cart"}
    for verb in (["show"], ["update", "instances=1"], ["scale", "2"], ["restart"], ["remove"]):
        result = dcos("marathon", "app", verb[0], "wbe", *verb[1:])
        assert result.code == 1
        assert "app /wbe does not exist" in result.err
        assert "did you mean /web?" in result.err
    assert "did you mean /shop/cart?" in dcos("marathon", "app", "show", "cart").err
    assert [one for one in writes(cluster) if one[0] == "PUT"] == []


def test_update_takes_properties_as_json_or_text(cluster: Any, dcos: Dcos) -> None:
    with_app(cluster)
    arguments = ("cpus=0.5", "cmd=123", 'env={"A": "1"}', "executor=", "note=plain words")
    assert dcos("marathon", "app", "update", "web", *arguments).out == "Created deployment D-PUT\n"
    body = {"cpus": 0.5, "cmd": "123", "env": {"A": "1"}, "executor": "", "note": "plain words"}
    assert writes(cluster) == [("PUT", "/v2/apps/web", {}, body)]


def test_update_takes_an_object_on_standard_input(cluster: Any, dcos: Dcos) -> None:
    with_app(cluster)
    assert dcos("marathon", "app", "update", "web", "--force", stdin='{"mem": 64}').code == 0
    assert writes(cluster) == [("PUT", "/v2/apps/web", {"force": "true"}, {"mem": 64})]


def test_every_wrong_property_is_told_at_once(cluster: Any, dcos: Dcos) -> None:
    result = dcos("marathon", "app", "update", "web", "cpus", "env={A:1}", "=3", "mem=1", "mem=2")
    assert result.code == 2
    for text in (
        "cpus: not of the form",
        "env={A:1}: the value is not JSON",
        "=3: not of the form",
        "mem is given twice",
    ):
        assert text in result.err
    assert cluster.marathon.asked == []


def test_scale_restart_and_remove_each_name_their_deployment(cluster: Any, dcos: Dcos) -> None:
    with_app(cluster)
    assert dcos("marathon", "app", "scale", "web", "5").out == "Created deployment D-PUT\n"
    assert dcos("marathon", "app", "restart", "--force", "web").code == 0
    assert dcos("marathon", "app", "remove", "web").out == "Created deployment D-DELETE\n"
    assert writes(cluster) == [
        ("PUT", "/v2/apps/web", {}, {"instances": 5}),
        ("POST", "/v2/apps/web/restart", {"force": "true"}, None),
        ("DELETE", "/v2/apps/web", {}, None),
    ]
    assert dcos("marathon", "app", "scale", "web", "-1").code == 2


def test_waiting_returns_when_the_deployment_is_gone(cluster: Any, dcos: Dcos) -> None:
    with_app(cluster)
    looks = iter([[{"id": "D-PUT", "currentStep": 1, "totalSteps": 2}], []])
    answer = cluster.marathon.answer
    cluster.marathon.answer = lambda asked: (
        web.Response(text=json.dumps(next(looks))) if asked.path == "/v2/deployments" else answer(asked)
    )
    result = dcos("marathon", "app", "scale", "web", "5", "--wait")
    assert result.code == 0
    assert "0/2 steps done" in result.err
    assert next(looks, None) is None


def test_waiting_gives_up_in_the_end_and_says_how_to_go_on(cluster: Any, dcos: Dcos) -> None:
    with_app(cluster)
    cluster.deployments.append({"id": "D-PUT", "currentStep": 1, "totalSteps": 2})
    result = dcos("marathon", "app", "scale", "web", "5", "--wait", "--timeout", "0.1")
    assert result.code == 1
    assert "dcos marathon deployment watch D-PUT" in result.err


# --- refusals ---


def test_a_locked_app_is_told_with_its_deployment_and_the_way_round(cluster: Any, dcos: Dcos) -> None:
    with_app(cluster)
    cluster.marathon.answer = lambda asked: (
        cluster.answer_marathon(asked)
        if asked.method == "GET"
        else error(409, {"message": "App is locked", "deployments": [{"id": "D9"}]})(asked)
    )
    result = dcos("marathon", "app", "scale", "web", "5")
    assert result.code == 1
    assert "locked" in result.err and "deployment D9" in result.err and "--force" in result.err


def test_validation_errors_stand_one_a_line(cluster: Any, dcos: Dcos) -> None:
    details = [{"path": "/cpus", "errors": ["must be positive"]}, {"path": "/id", "errors": ["too long", "\x1b[2Jbad"]}]
    cluster.marathon.answer = error(422, {"message": "Object is not valid", "details": details})
    result = dcos("marathon", "app", "add", stdin="{}")
    assert result.code == 1
    assert result.err.splitlines() == [
        "dcos: the init refuses this: Object is not valid",
        "  /cpus: must be positive",
        "  /id: too long",
        r"  /id: \x1b[2Jbad",
    ]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (409, {"message": "An app with id [/web] already exists."}, "already exists"),
        (
            400,
            {"message": "Invalid JSON", "details": [{"path": "/", "errors": ["expected object"]}]},
            "/: expected object",
        ),
        (400, {"message": "Invalid JSON", "details": "at line 1"}, "at line 1"),
        (401, {"message": "who?"}, "wants to know who you are"),
        (403, {"message": "too many deployments"}, "too many deployments"),
        (503, {"message": "no leader"}, "no leader"),
        (500, "oops", "answered 500"),
        (200, {"fine": True}, "without naming its deployment"),
        (200, [], "does not answer as the init does"),
    ],
)
def test_each_refusal_says_what_the_init_said(cluster: Any, dcos: Dcos, status: int, body: Any, said: str) -> None:
    cluster.marathon.answer = error(status, body)
    result = dcos("marathon", "app", "add", stdin="{}")
    assert result.code == 1
    assert said in result.err
    assert "unexpected" not in result.err


@pytest.mark.parametrize("text", ["", "<html>", "[]", '{"apps": 3}', '{"apps": [3]}', "null"])
def test_an_answer_that_is_not_the_inits_is_told_as_such(cluster: Any, dcos: Dcos, text: str) -> None:
    cluster.marathon.answer = lambda asked: web.Response(text=text)
    result = dcos("marathon", "app", "list")
    assert result.code == 1
    assert "does not answer as the init does" in result.err


def test_without_an_init_the_master_is_named_and_what_to_start(cluster: Any, dcos: Dcos) -> None:
    cluster.frameworks.clear()
    result = dcos("marathon", "app", "list")
    assert result.code == 1
    assert f"the master at {cluster.master.url} knows no init" in result.err
    assert "dcos-marathon" in result.err


def test_an_init_that_is_down_is_told_with_its_address(cluster: Any, dcos: Dcos) -> None:
    cluster.marathon.stop()
    result = dcos("marathon", "ping")
    assert result.code == 1
    assert f"cannot reach the init at {cluster.marathon.url}: connection refused" in result.err


def test_the_connected_one_of_two_inits_is_asked(cluster: Any, dcos: Dcos) -> None:
    cluster.frameworks.insert(
        0, {"id": "F-old", "name": "marathon", "active": False, "webui_url": "http://127.0.0.1:9"}
    )
    result = dcos("marathon", "ping")
    assert result.code == 0
    assert "pong" in result.out and cluster.marathon.url in result.out


# --- deployments and tasks ---

DEPLOYMENTS = [
    {
        "id": "D1",
        "affectedApps": ["/web"],
        "currentActions": [{"action": "StartApplication", "app": "/web"}],
        "currentStep": 2,
        "totalSteps": 3,
    },
    {
        "id": "D2",
        "affectedApps": ["/a", "/b"],
        "currentActions": [{"action": "ScaleApplication", "app": "/a"}, {"action": "StopApplication", "app": "/b"}],
        "currentStep": 1,
        "totalSteps": 1,
    },
]


def test_deployments_are_listed_with_action_and_progress(cluster: Any, dcos: Dcos) -> None:
    cluster.deployments.extend(DEPLOYMENTS)
    assert dcos("marathon", "deployment", "list").lines == [
        "APP     ACTION             PROGRESS   ID",
        "/web    start              1/3        D1",
        "/a,/b   scale /a,stop /b   0/1        D2",
    ]
    assert dcos("marathon", "deployment", "list", "-q", "b").lines == ["D2"]
    assert dcos("marathon", "deployment", "list", "--json").json() == DEPLOYMENTS


def test_watching_a_deployment_tells_each_change_once_and_its_end(cluster: Any, dcos: Dcos) -> None:
    first, second = DEPLOYMENTS[0], {**DEPLOYMENTS[0], "currentStep": 3, "currentActions": []}
    looks = iter([[first], [first], [second], []])
    answer = cluster.marathon.answer
    cluster.marathon.answer = lambda asked: (
        web.Response(text=json.dumps(next(looks))) if asked.path == "/v2/deployments" else answer(asked)
    )
    result = dcos("marathon", "deployment", "watch", "D1", "--interval", "0.1")
    assert result.lines == [
        "1/3 steps done, now: start",
        "2/3 steps done, now: between steps",
        "Deployment D1 is finished",
    ]


def test_watching_ends_after_so_many_looks_or_when_there_is_nothing_to_watch(cluster: Any, dcos: Dcos) -> None:
    cluster.deployments.extend(DEPLOYMENTS)
    result = dcos("marathon", "deployment", "watch", "D1", "--max-count", "1")
    assert result.code == 1
    assert "not finished after 1 look" in result.err
    result = dcos("marathon", "deployment", "watch", "D9")
    assert result.code == 1
    assert "no deployment D9" in result.err and "running: D1" in result.err


def test_stopping_a_deployment_undoes_it_unless_forced(cluster: Any, dcos: Dcos) -> None:
    cluster.marathon.answer = lambda asked: (
        web.Response(status=202) if asked.query.get("force") else web.Response(text='{"deploymentId": "D3"}')
    )
    assert dcos("marathon", "deployment", "stop", "D1").out == "Created deployment D3\n"
    assert dcos("marathon", "deployment", "stop", "D1", "--force").out == "Stopped deployment D1\n"


def test_marathon_tasks_are_listed_with_host_and_ports(cluster: Any, dcos: Dcos) -> None:
    task = {
        "appId": "/web",
        "id": "web.1",
        "host": "a1",
        "ports": [31001, 31002],
        "state": "TASK_RUNNING",
        "startedAt": "t",
    }
    with_app(cluster, tasks=[task])
    assert dcos("marathon", "task", "list").lines[1].split() == [
        "/web", "true", "t", "TASK_RUNNING", "a1", "31001,31002", "web.1",
    ]  # fmt: skip
    assert dcos("marathon", "task", "list", "--json").json() == [task]


def test_about_is_what_the_init_says_of_itself(cluster: Any, dcos: Dcos) -> None:
    assert dcos("marathon", "about").json()["version"] == "1.11.24"
