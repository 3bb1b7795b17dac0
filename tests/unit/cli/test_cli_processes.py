"""`dcos ps --processes` and `--threads` against a pretended agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

Dcos = Callable[..., Any]


def process(pid: int, ppid: int = 1, **fields: Any) -> dict[str, Any]:
    """A process as an agent tells it."""
    return {
        "pid": pid,
        "pid_inside": pid - 100,
        "ppid": ppid,
        "uid": 0,
        "user": "root",
        "state": "S",
        "start_time": 1.5,
        "cpus_user_time_secs": 1.25,
        "cpus_system_time_secs": 0.5,
        "cpus": 0.25,
        "mem_rss_bytes": 3 << 20,
        "mem_pss_bytes": 1 << 20,
        "name": f"p{pid}",
        "command": [f"p{pid}", "an", "argument"],
        "command_cut": False,
        "threads": 1,
        **fields,
    }


def thread(tid: int, **fields: Any) -> dict[str, Any]:
    times = {"cpus_user_time_secs": 0.5, "cpus_system_time_secs": 0.0, "cpus": 0.0}
    return {"tid": tid, "name": f"t{tid}", "state": "R", **times, **fields}


def runs(cluster: Any, task: str, *processes: dict[str, Any], **fields: Any) -> None:
    """The task runs with these processes."""
    cluster.task(task, output=b"")
    cluster.processes[f"container-of-{task}"] = {
        "container_id": f"container-of-{task}",
        "processes_left_out": 0,
        "threads_left_out": 0,
        "processes": list(processes),
        **fields,
    }


def test_processes_are_shown_as_a_tree_with_what_they_use(cluster: Any, dcos: Dcos) -> None:
    runs(cluster, "web.1", process(101), process(102, 101), process(103, 101), process(104, 102), process(107, 999))
    result = dcos("ps", "--processes", "web.1")
    assert result.code == 0 and result.err == ""
    first, *rows = [line.split() for line in result.lines]
    assert first == ["PID", "INSIDE", "USER", "STATE", "CPU", "TIME", "RSS", "PSS", "THREADS", "COMMAND"]
    assert rows[0] == ["101", "1", "root", "S", "0.25", "1.75", "3.0", "1.0", "1", "p101", "an", "argument"]
    assert [(row[0], row[9]) for row in rows] == [
        *(("101", "p101"), ("102", "\\_"), ("104", "\\_"), ("103", "\\_")),
        ("107", "p107"),
    ]
    starts = [line.index("\\_") for line in result.lines if "\\_" in line]
    assert starts[0] == starts[2] == starts[1] - 2
    (asked,) = [one for one in cluster.agent.asked if one.path.endswith("/processes")]
    assert asked.query == {"container_id": "container-of-web.1", "interval": "500ms", "threads": "false"}


def test_threads_stand_under_their_process(cluster: Any, dcos: Dcos) -> None:
    listed = [thread(101), thread(105, cpus=None)]
    runs(cluster, "web.1", process(101, threads=2, thread_list=listed), process(102, 101, thread_list=[thread(102)]))
    rows = [line.split() for line in dcos("ps", "--threads", "web.1").lines[1:]]
    assert [(row[0], row[3], row[4], *row[9:]) for row in rows] == [
        ("101", "S", "0.25", "p101", "an", "argument"),
        ("101", "R", "0", "\\_", "{t101}"),
        ("105", "R", "-", "\\_", "{t105}"),
        ("102", "S", "0.25", "\\_", "p102", "an", "argument"),
        ("102", "R", "0", "\\_", "{t102}"),
    ]
    assert [one.query["threads"] for one in cluster.agent.asked if "threads" in one.query] == ["true"]


def test_what_a_task_names_itself_cannot_steer_the_terminal(cluster: Any, dcos: Dcos) -> None:
    named = process(101, name="a\n) b\x1b", command=["\x1b[2J", "two\nlines", "no\udcfftext\udc80", "ü"])
    runs(cluster, "web.1", named, process(102, 101, name="(x) \udcfe\n", command=[], state="Z", mem_pss_bytes=None))
    result = dcos("ps", "--threads", "web.1")
    assert len(result.lines) == 3 and "\x1b" not in result.out
    assert r"\x1b[2J two\x0alines no\xfftext\x80 ü" in result.lines[1]
    assert r"\_ [(x) \xfe\x0a] <defunct>" in result.lines[2]
    assert result.lines[2].split()[7] == "-"
    assert "\x1b" not in dcos("ps", "--processes", "web.1", "--json").out


def test_what_is_cut_is_marked(cluster: Any, dcos: Dcos) -> None:
    runs(cluster, "web.1", process(101, command_cut=True), processes_left_out=1, threads_left_out=70)
    result = dcos("ps", "--threads", "web.1")
    assert result.code == 0 and result.lines[1].endswith(" argument ...")
    assert "not shown: 1 process, 70 threads" in result.err


def test_deep_trees_stay_readable(cluster: Any, dcos: Dcos) -> None:
    runs(cluster, "web.1", *(process(pid, pid - 1) for pid in range(1001, 3001)))
    lines = dcos("ps", "--processes", "web.1").lines
    assert len(lines) == 2001 and max(map(len, lines)) < 150
    assert lines[-1].endswith(r"\_ (1999) p3000 an argument")


def test_json_is_what_the_agent_tells_with_the_task(cluster: Any, dcos: Dcos) -> None:
    runs(cluster, "web.1", process(101), process(102, 101))
    (body,) = dcos("ps", "--processes", "--json", "web.1").json()
    assert (body["task_id"], body["task_name"], body["hostname"]) == ("web.1", "web", "a1")
    assert [one["pid"] for one in body["processes"]] == [101, 102]


def test_several_tasks_stand_under_their_ids_and_one_that_fails_hides_no_other(cluster: Any, dcos: Dcos) -> None:
    runs(cluster, "web.1", process(101))
    cluster.task("web.2", output=b"")
    runs(cluster, "web.3", process(103))
    result = dcos("ps", "--processes", "/web")
    assert result.code == 1
    assert [line for line in result.lines if line.startswith("===>")] == ["===> web.1 <===", "===> web.3 <==="]
    assert "web.2 has ended" in result.err
    result = dcos("ps", "--processes", "--json", "/web")
    assert result.code == 1 and [one["task_id"] for one in result.json()] == ["web.1", "web.3"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--processes",), "need a TASK; '*' means every one"),
        (("--threads",), "need a TASK"),
        (("--processes", "--all", "web.1"), "exclude --all"),
        (("--threads", "--completed", "web.1"), "exclude --all"),
        (("--processes", "-q", "web.1"), "exclude --all"),
    ],
)
def test_what_makes_no_sense_together_is_refused(cluster: Any, dcos: Dcos, words: tuple[str, ...], said: str) -> None:
    result = dcos("ps", *words)
    assert result.code == 2 and said in result.err


def test_why_there_are_no_processes_is_told(cluster: Any, dcos: Dcos) -> None:
    cluster.task("old.1", state="TASK_FAILED", output=b"")
    ended = dcos("ps", "--processes", "old")
    assert ended.code == 1
    assert "task old.1 has ended (TASK_FAILED)" in ended.err and "dcos task log old.1" in ended.err
    assert "no running task matches nothing" in dcos("ps", "--processes", "nothing").err
    cluster.task("new.1")
    new = dcos("ps", "--processes", "new.1")
    assert new.code == 1 and "agent a1 does not run task new.1" in new.err and "hint:" in new.err
    cluster.agents.clear()
    assert "the agent of task new.1 is not registered" in dcos("ps", "--processes", "new.1").err


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (lambda: web.Response(status=404, text="404 Not Found."), "its version of dcos is older"),
        (lambda: web.Response(status=404, text="No container 'c' runs on this agent."), "task web.1 has ended"),
        (lambda: web.Response(status=503, text="not within 4 seconds."), "answered 503: not within 4 seconds."),
        (lambda: web.Response(status=401, text="401 Unauthorized."), "wants to know who you are"),
        (lambda: web.Response(text="<html>"), "does not answer as an agent does"),
        (lambda: web.Response(text='{"processes": [{"pid": "x"}]}'), "does not tell processes as agents do"),
    ],
)
def test_what_an_agent_answers_instead_is_told(
    cluster: Any, dcos: Dcos, response: Callable[[], web.Response], said: str
) -> None:
    cluster.task("web.1", output=b"")
    answer = cluster.agent.answer
    cluster.agent.answer = lambda asked: response() if asked.path.endswith("/processes") else answer(asked)
    result = dcos("ps", "--processes", "web.1")
    assert result.code == 1
    assert said in result.err and "hint:" in result.err
    assert "Traceback" not in result.err and "unexpected" not in result.err


def test_it_goes_through_the_gateway_as_well(lab: Any, gateway: Any, dcos: Dcos, monkeypatch: Any) -> None:
    runs(gateway.cluster, "web.1", process(101))
    result = dcos("ps", "--processes", "web.1")
    assert result.code == 0, result.err
    assert result.lines[1].split()[0] == "101"
