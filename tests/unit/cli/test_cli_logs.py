"""`dcos task log` against a pretended agent."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

Dcos = Callable[..., Any]
LINES = b"".join(b"line %d\n" % number for number in range(1, 31))


def test_the_last_ten_lines_are_printed(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", output=LINES)
    result = dcos("task", "log", "web")
    assert result.code == 0
    assert result.lines == [f"line {number}" for number in range(21, 31)]


@pytest.mark.parametrize(
    ("output", "lines", "printed"),
    [
        (LINES, "2", "line 29\nline 30\n"),
        (LINES, "0", ""),
        (LINES, "-1", "line 30\n"),
        (LINES, "1000", LINES.decode()),
        (b"", "10", ""),
        (b"no end", "10", "no end"),
        (b"one\n\n\nfour\n\n", "3", "\nfour\n\n"),
        (b"a\n" * 200_000, "100001", "a\n" * 100_001),
        (b"x" * 300_000 + b"\nlast\n", "2", "x" * 300_000 + "\nlast\n"),
        ("ü€😀\n".encode() * 40_000, "39000", "ü€😀\n" * 39_000),
    ],
)
def test_as_many_last_lines_as_asked_for(cluster: Any, dcos: Dcos, output: bytes, lines: str, printed: str) -> None:
    cluster.task("web.1", output=output)
    assert dcos("task", "log", "--lines", lines, "web").out == printed


def test_bytes_that_are_no_text_pass_unchanged(cluster: Any) -> None:
    cluster.task("web.1", output=b"\xff\xfe\x00\x1b[1m\n")
    arguments = [sys.executable, "-m", "dcos_runtime.cli.main", "--master", cluster.master.url, "task", "log", "web"]
    assert subprocess.run(arguments, capture_output=True, timeout=240, check=True).stdout == b"\xff\xfe\x00\x1b[1m\n"


def test_another_file_of_the_sandbox_can_be_named(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", output=b"out\n")
    cluster.files["/sandboxes/web.1/stderr"] = b"err\n"
    assert dcos("task", "log", "web", "stderr").out == "err\n"


def test_a_file_that_is_not_there_is_an_error_that_names_it(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", output=b"out\n")
    result = dcos("task", "log", "web", "nothing.log")
    assert result.code == 1
    assert "no file nothing.log" in result.err and "a1" in result.err


def test_several_tasks_are_printed_under_their_ids(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", output=b"one\nno end")
    cluster.task("web.2", output=b"two\n")
    assert dcos("task", "log", "web").out == "===> web.1 <===\none\nno end\n===> web.2 <===\ntwo\n"


def test_one_unreadable_task_does_not_hide_the_others(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1")
    cluster.task("web.2", output=b"two\n")
    result = dcos("task", "log", "web")
    assert result.code == 1
    assert result.out == "===> web.2 <===\ntwo\n"
    assert "no sandbox of task web.1" in result.err


def test_the_last_ended_task_is_meant_when_none_runs(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", state="TASK_FAILED", output=b"first\n", at=1.0)
    cluster.task("web.2", state="TASK_FAILED", output=b"last\n", at=2.0)
    result = dcos("task", "log", "web")
    assert (result.code, result.out) == (0, "last\n")
    assert "web.2 (TASK_FAILED)" in result.err
    assert dcos("task", "log", "--completed", "web").out == "===> web.1 <===\nfirst\n===> web.2 <===\nlast\n"


def test_a_task_nobody_knows_is_an_error_with_a_hint(cluster: Any, dcos: Dcos) -> None:
    result = dcos("task", "log", "ghost")
    assert result.code == 1
    assert "no running or ended task matches ghost" in result.err
    assert "dcos task list --all" in result.err


def test_an_agent_that_is_not_registered_is_said_to_be_so(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", output=b"out\n")
    cluster.agents.clear()
    result = dcos("task", "log", "web")
    assert result.code == 1
    assert "is not registered with the master" in result.err and "S0" in result.err


def test_an_unreachable_agent_is_named(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", output=b"out\n")
    cluster.agent.stop()
    result = dcos("task", "log", "web")
    assert result.code == 1
    assert f"cannot reach the agent a1 at {cluster.agent.address}" in result.err


class Growing:
    """Does the next step each time the agent tells a file's size: what follows sees the file grow in its own time."""

    def __init__(self, cluster: Any, steps: list[Callable[[], None]]) -> None:
        self.steps = steps
        self.answer = cluster.agent.answer
        cluster.agent.answer = self

    def __call__(self, asked: Any) -> Any:
        response = self.answer(asked)
        if asked.path == "/files/read" and asked.query["offset"] == "-1" and self.steps:
            self.steps.pop(0)()
        return response


def append(cluster: Any, task_id: str, data: bytes) -> Callable[[], None]:
    def step() -> None:
        cluster.files[f"/sandboxes/{task_id}/stdout"] += data

    return step


def test_following_prints_what_is_appended_until_the_task_ends(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", output=LINES)
    Growing(
        cluster,
        [
            append(cluster, "web.1", b"more\n"),
            lambda: None,
            append(cluster, "web.1", b"x" * 100_000 + b"\n"),
            append(cluster, "web.1", b"the end\n"),
            lambda: cluster.end("web.1"),
        ],
    )
    result = dcos("task", "log", "-f", "-n", "1", "web")
    assert result.code == 0
    assert result.out == "line 30\nmore\n" + "x" * 100_000 + "\nthe end\n"


def test_following_an_ended_task_prints_its_end_and_returns(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", state="TASK_FINISHED", output=b"done\n")
    assert dcos("task", "log", "-f", "web").out == "done\n"


def test_following_several_tasks_prints_a_header_whenever_the_task_changes(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", output=b"a\n")
    cluster.task("web.2", output=b"b\n")
    nothing = lambda: None  # noqa: E731
    Growing(
        cluster,
        [
            *(nothing, nothing, append(cluster, "web.1", b"c\n"), nothing, append(cluster, "web.1", b"d\n"), nothing),
            *(lambda: cluster.end("web.1"), lambda: cluster.end("web.2")),
        ],
    )
    assert dcos("task", "log", "-f", "web").out == "===> web.1 <===\na\n===> web.2 <===\nb\n===> web.1 <===\nc\nd\n"


def test_following_waits_for_the_sandbox_of_a_task_just_launched(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", state="TASK_STAGING")

    def launched() -> None:
        cluster.executors.append({"id": "web.1", "directory": "/sandboxes/web.1"})
        cluster.files["/sandboxes/web.1/stdout"] = b"hello\n"
        cluster.end("web.1")

    timer = threading.Timer(0.3, launched)
    timer.start()
    result = dcos("task", "log", "-f", "web.1")
    timer.join()
    assert (result.code, result.out) == (0, "hello\n")


def test_following_reads_a_sandbox_that_came_and_was_left_between_two_looks(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", state="TASK_STAGING")
    answer = cluster.agent.answer
    looks = 0

    def answering(asked: Any) -> Any:
        nonlocal looks
        looks += 1
        if looks == 3:  # the second look finds no sandbox; then the agent is asked whether the task has ended
            cluster.executors.append({"id": "web.1", "directory": "/sandboxes/web.1"})
            cluster.files["/sandboxes/web.1/stdout"] = b"hello\n"
            cluster.end("web.1")
        return answer(asked)

    cluster.agent.answer = answering
    result = dcos("task", "log", "-f", "web.1")
    assert (result.code, result.out) == (0, "hello\n")


def test_following_a_task_that_ends_without_a_sandbox_returns_with_the_reason(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", state="TASK_STAGING")
    timer = threading.Timer(0.3, cluster.end, ["web.1"])
    timer.start()
    result = dcos("task", "log", "-f", "web.1")
    timer.join()
    assert result.code == 1
    assert "no sandbox of task web.1" in result.err


def test_following_a_truncated_file_begins_it_anew(cluster: Any, dcos: Dcos) -> None:
    cluster.task("web.1", output=LINES)

    def truncate() -> None:
        cluster.files["/sandboxes/web.1/stdout"] = b"new\n"

    Growing(cluster, [lambda: None, truncate, lambda: cluster.end("web.1")])
    assert dcos("task", "log", "-f", "-n", "1", "web").out == "line 30\nnew\n"
