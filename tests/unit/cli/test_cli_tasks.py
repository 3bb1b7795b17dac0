"""`dcos ps`, `dcos task` and `dcos node` against a pretended cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

Dcos = Callable[..., Any]


def test_ps_shows_name_host_user_state_and_id_of_what_runs(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.instance-1._app.1")
    cluster.task("old.instance-2._app.1", state="TASK_FAILED")
    result = dcos("ps")
    assert result.code == 0
    assert [line.split() for line in result.lines] == [
        ["NAME", "HOST", "USER", "STATE", "ID", "CPUS", "MEM"],
        ["web", "a1", "root", "TASK_RUNNING", "web.instance-1._app.1", "0.5", "96"],
    ]


def test_task_alone_lists_tasks_as_dcos_did(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1")
    assert dcos("task").out == dcos("ps").out == dcos("task", "list").out
    assert dcos("task", "--json").json()[0]["id"] == "web.1"


def test_all_adds_ended_tasks_and_completed_shows_only_them(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1")
    cluster.task("old.1", state="TASK_FAILED")
    assert dcos("ps", "-q", "--all").lines == ["old.1", "web.1"]
    assert dcos("ps", "-q", "--completed").lines == ["old.1"]
    assert dcos("ps", "--all", "--completed").code == 2


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        ("web.1", ["web.1"]),  # a whole id is just that one, though web.11 holds it
        ("eb.1", ["group_web.1", "web.1", "web.11"]),
        ("web.11", ["web.11"]),
        ("b.11", ["web.11"]),
        ("/web", ["web.1", "web.11"]),
        ("/group/web", ["group_web.1"]),
        ("*_web.?", ["group_web.1"]),
        ("nothing", []),
    ],
)
def test_tasks_are_found_by_id_part_app_or_pattern(cluster: Any, dcos: Dcos, pattern: str, ids: list[str]) -> None:
    for one in ("web.1", "web.11", "group_web.1"):
        cluster.task(one)
    assert dcos("ps", "-q", pattern).lines == ids


def test_json_tells_what_the_master_knows_with_host_and_user(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1")
    task = dcos("ps", "--json").json()[0]
    assert task["statuses"][0]["state"] == "TASK_RUNNING"
    assert (task["hostname"], task["user"]) == ("a1", "root")


def test_a_task_whose_agent_is_gone_is_listed_without_a_host(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1")
    cluster.agents.clear()
    assert dcos("ps").lines[1].split() == ["web", "-", "root", "TASK_RUNNING", "web.1", "0.5", "96"]


def test_names_that_would_steer_the_terminal_are_escaped(cluster: Any, dcos: Dcos) -> None:
    cluster.task("\x1b]0;owned\x07.1")
    assert "\x1b" not in dcos("ps").out
    assert r"\x1b]0;owned\x07" in dcos("ps").out


def test_node_list_shows_the_leader_and_used_of_total_of_each_agent(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1")
    cluster.agents.append(
        {
            "id": "S1",
            "hostname": "p1",
            "pid": "slave(1)@198.18.0.31:5051",
            "active": False,
            "resources": {"cpus": 1.0},
            "attributes": {"public_ip": "true", "speed": 2.5},
            "domain": {"fault_domain": {"region": {"name": "eu"}, "zone": {"name": "r7"}}},
        }
    )
    rows = {line.split("   ")[0]: line.split() for line in dcos("node", "list").lines[1:]}
    assert rows["m1"][1:5] == ["127.0.0.1", "master", "(leader)", "active"]
    assert rows["a1"][1:] == [
        "127.0.0.1",
        "agent",
        "active",
        "0.5/4",
        "96/1024",
        "0/2048",
        "1",
        "-",
        "-",
        "rack:r1",
        "S0",
    ]
    public = "198.18.0.31 agent (public) inactive 0/1 0/0 0/0 0 eu r7 public_ip:true speed:2.5 S1"
    assert rows["p1"][1:] == public.split()


def test_node_json_holds_masters_and_agents_with_their_type(cluster: Any, dcos: Dcos) -> None:
    nodes = dcos("node", "--json").json()
    assert [(node["type"], node["id"]) for node in nodes] == [("master (leader)", "M0"), ("agent", "S0")]
    assert nodes[1]["resources"]["cpus"] == 4.0


def test_a_standby_master_leads_to_the_leader(cluster: Any, dcos: Dcos, server_loop: Any) -> None:
    cluster.task("web.1")
    standby = type(cluster.master)(
        server_loop,
        lambda asked: web.Response(status=307, headers={"Location": f"//{cluster.master.address}{asked.path}"}),
    )
    try:
        assert dcos("ps", "-q", "--master", standby.address).lines == ["web.1"]
    finally:
        standby.stop()


# --- when it does not work ---


def test_an_unreachable_master_is_named_with_where_its_address_came_from(cluster: Any, dcos: Dcos) -> None:
    cluster.master.stop()
    result = dcos("ps")
    assert result.code == 1
    assert result.out == ""
    assert f"cannot reach the master at {cluster.master.url} (from the environment variable DCOS_URL)" in result.err
    assert "connection refused" in result.err
    assert "hint:" in result.err


def test_a_leader_that_cannot_be_reached_is_told_apart_from_the_master_that_was_asked(cluster: Any, dcos: Dcos) -> None:
    cluster.master.answer = lambda asked: web.Response(status=307, headers={"Location": "//127.0.0.1:9/state"})
    result = dcos("ps")
    assert result.code == 1
    assert "the leading master at http://127.0.0.1:9" in result.err
    assert f"{cluster.master.url} (from the environment variable DCOS_URL) redirected there" in result.err


def test_redirects_in_a_circle_end(cluster: Any, dcos: Dcos) -> None:
    cluster.master.answer = lambda asked: web.Response(status=307, headers={"Location": "/state"})
    result = dcos("ps")
    assert result.code == 1
    assert "redirected too often" in result.err


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (lambda: web.Response(status=503, text="No leader elected"), "no leader"),
        (lambda: web.Response(status=404), "answered 404"),
        (lambda: web.Response(text="<html>hello</html>"), "does not answer as a master does"),
        (lambda: web.Response(text='{"id": 3}'), "does not answer as a master does"),
        (lambda: web.Response(text='["\x1b[2J"'), "does not answer as a master does"),
        (lambda: web.Response(text='{"id": "S0", "pid": "slave(1)@127.0.0.1:5051"}'), "is an agent, not a master"),
        (
            lambda: web.Response(text='{"id": "M", "pid": "x", "slaves": {"id": "S"}}'),
            "does not answer as a master does",
        ),
        (lambda: web.Response(text='{"id": "M", "pid": "x", "slaves": [{}]}'), "does not answer as a master does"),
        (lambda: web.Response(text="null"), "does not answer as a master does"),
    ],
)
def test_a_server_that_is_no_leading_master_is_told_as_such(
    cluster: Any, dcos: Dcos, response: Callable[[], web.Response], said: str
) -> None:
    cluster.master.answer = lambda asked: response()
    result = dcos("ps")
    assert result.code == 1
    assert said in result.err
    assert cluster.master.url in result.err
    assert "unexpected" not in result.err and "Traceback" not in result.err and "\x1b" not in result.err


def test_a_task_the_master_describes_wrongly_does_not_end_in_a_traceback(cluster: Any, dcos: Dcos) -> None:
    cluster.tasks.append({"id": 5})
    result = dcos("ps")
    assert result.code == 1
    assert "does not answer as a master does" in result.err


def test_a_command_line_that_cannot_be_used_ends_with_2(cluster: Any, dcos: Dcos) -> None:
    assert dcos("no-such-command").code == 2
    assert dcos("ps", "--no-such-option").code == 2
    assert dcos("task", "log").code == 2
    assert dcos("--master", "ftp://x", "ps").code == 2
    assert "Did you mean 'list'" in dcos("task", "lst").err


def test_debug_tells_the_requests_on_stderr_only(cluster: Any, dcos: Dcos) -> None:
    result = dcos("--log-level", "debug", "ps")
    assert "GET" in result.err and cluster.master.url in result.err
    assert result.lines == [result.lines[0]]
