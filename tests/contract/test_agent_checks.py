"""Checks and health checks on a real agent, by both launchers: what is told of them, and what they end."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from dcos_runtime.wire.tasks import TaskStatus
from tests.support.agent.clusters import by_both_launchers
from tests.support.daemons.agents import Agent, PretendedMaster
from tests.support.daemons.byhand import wait_for

ID = "agent-1"


class Web:
    """A server whose answers have the status ``status``; it stands for the task's, on the network that it shares."""

    def __init__(self) -> None:
        web = self
        self.status = 200

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(web.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


both = by_both_launchers()


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.close()


def soon(type: str, **more: Any) -> dict[str, Any]:
    return {"type": type, "delay_seconds": 0, "interval_seconds": 0.1, "grace_period_seconds": 0, **more}


def told(master: PretendedMaster, task: str) -> list[TaskStatus]:
    return [status for status in master.updates if status.task_id.value == task]


def until(master: PretendedMaster, task: str, healthy: bool) -> None:
    def found() -> bool:
        return told(master, task)[-1:] != [] and told(master, task)[-1].healthy is healthy

    master.until(found, f"{task} to be told {'healthy' if healthy else 'unhealthy'}")


def test_an_unhealthy_task_is_killed_also_by_an_agent_that_was_killed_meanwhile(
    both: tuple[PretendedMaster, Agent], web: Web
) -> None:
    master, agent = both
    check = soon("HTTP", http={"port": web.port, "path": "/health"})
    master.run(ID, "patient", "sleep 1000", health_check={**check, "consecutive_failures": 1_000_000})
    until(master, "patient", True)
    web.status = 500
    until(master, "patient", False)
    web.status = 302
    until(master, "patient", True)
    master.run(ID, "hasty", "sleep 1000", health_check={**check, "consecutive_failures": 3})
    until(master, "hasty", True)
    agent.restart()
    web.status = 500
    ended = master.status("hasty")
    assert (ended.state.value, ended.healthy) == ("TASK_KILLED", False)
    assert "KILLING" in master.states("hasty")
    results = [status for status in told(master, "hasty") if status.state.value == "TASK_RUNNING"]
    assert [status.healthy for status in results[-3:]] == [False] * 3
    reasons = {status.reason.value for status in results if status.reason is not None}
    assert reasons == {"REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"}
    until(master, "patient", False)
    master.kill(ID, "patient")
    assert master.status("patient").healthy is None


def test_a_connection_is_told_when_it_can_be_made_and_when_no_more(both: tuple[PretendedMaster, Agent]) -> None:
    master, _ = both
    web = Web()
    try:
        master.run(ID, "tcp", "sleep 1000", check=soon("TCP", tcp={"port": web.port}))
        master.until(lambda: [_connected(one) for one in told(master, "tcp")][-1:] == [True], "the first result")
        assert [_connected(one) for one in told(master, "tcp")][:2] == [None, None]
    finally:
        web.close()
    master.until(lambda: _connected(told(master, "tcp")[-1]) is False, "the next")
    master.kill(ID, "tcp")
    assert _connected(master.status("tcp")) is None


def test_a_command_is_run_in_the_container_as_the_task_is(both: tuple[PretendedMaster, Agent]) -> None:
    master, agent = both
    health = soon("COMMAND", command={"value": 'test -e well && test -n "$MESOS_TASK_ID"'})
    secret = {"type": "VALUE", "value": {"data": "Nw=="}}
    variables = [{"name": "CODE", "type": "SECRET", "secret": secret}, {"name": "MESOS_TASK_ID", "value": "other"}]
    arguments = ["sh", "-c", 'echo out; echo bad >&2; test "$MESOS_TASK_ID" = other || exit 8; exit $CODE']
    command = {"value": "/bin/sh", "shell": False, "arguments": arguments}
    check = soon("COMMAND", command={"command": {**command, "environment": {"variables": variables}}})
    master.run(ID, "command", "sleep 1000", health_check={**health, "consecutive_failures": 1_000_000}, check=check)
    until(master, "command", False)
    (agent.sandbox("command") / "well").touch()
    until(master, "command", True)
    assert _code(told(master, "command")[0]) is None
    master.until(lambda: _code(told(master, "command")[-1]) == 7, "the result of the check")
    assert "out\nbad\n" in (agent.sandbox("command") / "stderr").read_text()
    master.kill(ID, "command")
    assert _code(master.status("command")) is None


def test_a_command_that_does_not_end_is_killed_with_all_that_it_has_started(
    both: tuple[PretendedMaster, Agent],
) -> None:
    master, agent = both
    check = soon("COMMAND", command={"value": "setsid sleep 5041 & sleep 5042"}, timeout_seconds=2.0)
    master.run(ID, "endless", "sleep 1000", health_check={**check, "consecutive_failures": 1_000_000})
    marks = ("sleep\x005041", "sleep\x005042")
    wait_for(lambda: all(agent.pids(mark) for mark in marks), what="the check")
    first = {pid for mark in marks for pid in agent.pids(mark)}
    until(master, "endless", False)
    wait_for(lambda: not first & {pid for mark in marks for pid in agent.pids(mark)}, what="the end of the first check")
    master.kill(ID, "endless")
    master.until_gone("endless")
    assert not any(agent.pids(mark) for mark in marks)


def _code(status: TaskStatus) -> int | None:
    assert status.check_status is not None and status.check_status.command is not None
    return status.check_status.command.exit_code


def _connected(status: TaskStatus) -> bool | None:
    assert status.check_status is not None and status.check_status.tcp is not None
    return status.check_status.tcp.succeeded
