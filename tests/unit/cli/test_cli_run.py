"""`dcos marathon run`, the one-liner."""

from __future__ import annotations

import random
import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.cli.kernel.master import Agent
from dcos_runtime.cli.marathon.app_names import readable_id
from dcos_runtime.cli.marathon.capacity import why_not_placed
from dcos_runtime.cli.marathon.one_liner import app_of

Dcos = Callable[..., Any]


def definition(*command: str, **options: Any) -> dict[str, Any]:
    defaults: dict[str, Any] = {
        "name": None, "cpus": 0.1, "mem": 128.0, "disk": 0.0, "instances": 1, "env": (), "ports": (), "user": None,
    }  # fmt: skip
    return app_of(command, **defaults | options)


def starts(cluster: Any, **fields: Any) -> None:
    """An app that is added runs at the second look."""
    answer = cluster.marathon.answer
    looks = 0

    def answering(asked: Any) -> Any:
        nonlocal looks
        if asked.method == "GET" and asked.path.startswith("/v2/apps/"):
            looks += 1
            if looks == 2:
                for app in cluster.apps.values():
                    app |= {"deployments": [], "tasksRunning": app["instances"]} | fields
        return answer(asked)

    cluster.marathon.answer = answering


def test_one_word_is_a_line_for_the_shell_and_several_are_run_as_they_are() -> None:
    assert definition("echo $HOME | wc")["cmd"] == "echo $HOME | wc"
    assert definition("echo", "$HOME", "a b")["cmd"] == "echo '$HOME' 'a b'"


@given(st.lists(st.text(min_size=1).filter(lambda word: "\x00" not in word), min_size=2, max_size=5))
def test_several_words_reach_the_task_unchanged(words: list[str]) -> None:
    assert shlex.split(definition(*words)["cmd"]) == words


def test_fixed_ports_are_required_and_free_ones_are_not() -> None:
    assert definition("x", ports=(8080, 0))["portDefinitions"] == [{"port": 8080}, {"port": 0}]
    assert definition("x", ports=(8080,))["requirePorts"] is True
    assert definition("x", ports=(0, 0))["requirePorts"] is False


def test_made_up_ids_are_readable_and_valid_for_the_init() -> None:
    source = random.Random(7)
    ids = {readable_id(source) for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"[a-z]+-[a-z]+-[0-9a-f]{4}", one) for one in ids)


def test_run_prints_id_host_and_ports_once_it_runs(cluster: Any, dcos: Dcos) -> None:
    starts(cluster, tasks=[{"id": "web.1", "host": "a1", "ports": [8080]}])
    result = dcos("marathon", "run", "--name", "web", "--port", "8080", "-e", "A=b=c", "sleep", "1000", "--json")
    assert result.code == 0, result.err
    assert result.lines == ["id     /web", "task   web.1", "host   a1   ports 8080", "log    dcos task log -f /web"]
    posted = next(one.body for one in cluster.marathon.asked if one.method == "POST")
    assert posted == {
        "id": "/web",
        "cmd": "sleep 1000 --json",  # what stands after the command's first word belongs to the command
        "cpus": 0.1,
        "mem": 128.0,
        "disk": 0.0,
        "instances": 1,
        "env": {"A": "b=c"},
        "portDefinitions": [{"port": 8080}],
        "requirePorts": True,
    }


def test_run_without_waiting_returns_at_once_with_the_id(cluster: Any, dcos: Dcos) -> None:
    result = dcos("marathon", "run", "--no-wait", "true")
    assert result.code == 0
    assert re.fullmatch(r"id     /[a-z]+-[a-z]+-[0-9a-f]{4}", result.lines[0])


def test_run_as_json_is_one_document(cluster: Any, dcos: Dcos) -> None:
    starts(cluster, tasks=[{"id": "web.1", "host": "a1"}])
    result = dcos("marathon", "run", "--json", "--name", "web", "true")
    assert result.json()["tasks"] == [{"id": "web.1", "host": "a1"}]


def test_run_tells_where_a_command_ran_that_has_ended_already(cluster: Any, dcos: Dcos) -> None:
    starts(cluster, tasksRunning=0)
    cluster.task("web.1", state="TASK_FINISHED", at=1.0)
    cluster.task("web.2", state="TASK_FINISHED", at=2.0)
    result = dcos("marathon", "run", "--name", "web", "echo done")
    assert result.code == 0
    assert result.lines == ["id     /web", "task   web.2", "host   a1", "log    dcos task log -f /web"]
    assert "ended already (TASK_FINISHED)" in result.err and "dcos marathon app remove /web" in result.err


def test_run_sees_a_failure_right_after_the_start(cluster: Any, dcos: Dcos, monkeypatch: pytest.MonkeyPatch) -> None:
    # It fails before that, however busy this host is.
    monkeypatch.setattr("dcos_runtime.cli.marathon.wait.STEADY_SECONDS", 600)
    starts(cluster)
    running = cluster.marathon.answer
    looks = 0

    def failing(asked: Any) -> Any:
        nonlocal looks
        looks += asked.method == "GET" and asked.path == "/v2/apps/web"
        if looks == 4:
            cluster.apps["/web"]["lastTaskFailure"] = {
                "state": "TASK_FAILED",
                "message": "Command exited with status 3",
            }
        return running(asked)

    cluster.marathon.answer = failing
    result = dcos("marathon", "run", "--name", "web", "exit 3")
    assert result.code == 1
    assert "Command exited with status 3" in result.err


def test_run_tells_why_the_app_does_not_stay_up(cluster: Any, dcos: Dcos) -> None:
    failure = {"state": "TASK_FAILED", "host": "a1", "message": "Command exited with status 3", "taskId": "web.1"}
    starts(cluster, deployments=[{"id": "D1"}], tasksRunning=0, lastTaskFailure=failure)
    result = dcos("marathon", "run", "--name", "web", "exit 3")
    assert result.code == 1
    assert "/web does not stay up: TASK_FAILED on a1" in result.err
    assert "Command exited with status 3" in result.err
    assert "dcos task log web.1 stderr" in result.err


def test_run_tells_what_is_missing_when_no_agent_has_room(
    cluster: Any, dcos: Dcos, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dcos_runtime.cli.marathon.wait.SILENCE_SECONDS", 0)
    result = dcos("marathon", "run", "--cpus", "64", "--timeout", "0.1", "true")
    assert result.code == 1
    assert "no agent has 64 cpus free; the most is 3.5 on a1" in result.err
    assert "0 of 1 instances run" in result.err
    assert "dcos marathon app remove" in result.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--env", "A", "x"),
        ("--env", "=b", "x"),
        ("--port", "70000", "x"),
        ("--port", "1", "--port", "1", "x"),
        ("--cpus", "-1", "x"),
    ],
)
def test_a_run_that_makes_no_sense_is_refused_before_anything_is_sent(
    cluster: Any, dcos: Dcos, arguments: tuple[str, ...]
) -> None:
    assert dcos("marathon", "run", *arguments).code == 2
    assert cluster.marathon.asked == []


def agent(name: str, cpus: float, mem: float, *, active: bool = True) -> Agent:
    return Agent(
        id=name, hostname=name, active=active, resources={"cpus": cpus, "mem": mem}, used_resources={"cpus": 1.0}
    )


def test_why_an_app_has_no_place_names_the_scarce_resource_and_the_best_agent() -> None:
    agents = [agent("a1", 3.0, 100.0), agent("a2", 2.0, 1000.0)]
    assert why_not_placed({"cpus": 2.5}, agents) == "no agent has 2.5 cpus free; the most is 2 on a1"
    assert why_not_placed({"mem": 2000}, agents) == "no agent has 2000 mem free; the most is 1000 on a2"
    assert why_not_placed({"gpus": 1}, agents).startswith("no agent has 1 gpus free; the most is 0 on")
    assert why_not_placed({"cpus": 2, "mem": 500}, agents) == "no agent has 2 cpus and 500 mem free at the same time"
    assert "waiting for an offer" in why_not_placed({"cpus": 1, "mem": 500}, agents)
    summary = {
        "rejectSummaryLastOffers": [{"reason": "UnfulfilledConstraint", "declined": 2}, {"reason": "X", "declined": 0}]
    }
    assert why_not_placed({"cpus": 1}, agents, {"processedOffersSummary": summary}).endswith(
        "UnfulfilledConstraint (2)"
    )
    assert "started again in 7 seconds" in why_not_placed({"cpus": 1}, agents, {"delay": {"timeLeftSeconds": 7}})
    public = Agent(id="p", hostname="p", resources={"cpus": 8}, reserved_resources={"slave_public": {"cpus": 8}})
    assert why_not_placed({"cpus": 1}, [public]) == "no agent has 1 cpus free; the most is 0 on p"
    assert "waiting for an offer" in why_not_placed({"cpus": 1, "acceptedResourceRoles": ["slave_public"]}, [public])
    assert why_not_placed({"cpus": 1}, []) == "no agent is registered with the master"
    assert why_not_placed({"cpus": 1}, [agent("a1", 9, 9, active=False)]) == "no agent is connected to the master now"
