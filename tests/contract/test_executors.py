"""Custom executors with real processes: a master, an agent, an executor that knows nothing of ours."""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.executor import Call
from tests.support.agent.clusters import skip_without
from tests.support.daemons.agents import Agent
from tests.support.daemons.byhand import free_port, wait_for
from tests.support.mesos.rawclient import Answer, Master, Scheduler, get, request, scalar, task

SCRIPT = (Path(__file__).parents[1] / "support" / "mesos" / "raw_executor.py").read_text()
WAIT = 120.0


class Running:
    """A scheduler, and its executor ``e`` with the task ``first``, which waits to be killed."""

    def __init__(self, master: Master, agent: Agent) -> None:
        self.master, self.agent = master, agent
        self.port = int(agent.url.rpartition(":")[2])
        self.scheduler = Scheduler(master.port, role="web", checkpoint=True, failover_timeout=600.0)
        self.agent_id = ""
        self.states: dict[str, list[str]] = {}
        self.statuses: dict[str, Any] = {}

    def run(self, name: str, what: str, executor: str = "e") -> None:
        offers = wait_for(self._offers, WAIT, "an offer")
        (offer, *_) = offers
        self.agent_id = offer["agent_id"]["value"]
        environment = {"variables": [{"name": "SCRIPT", "value": SCRIPT}]}
        command = {"value": 'exec /usr/bin/python3 -c "$SCRIPT"', "environment": environment}
        info = {
            "executor_id": {"value": executor},
            "name": "raw",
            "command": command,
            "resources": [scalar("cpus", 0.1), scalar("mem", 64)],
        }
        data = base64.b64encode(what.encode()).decode()
        self.scheduler.accept(offers, [task(name, offer, command=None, executor=info, data=data)])

    def _offers(self) -> list[Any]:
        """All that stand."""
        heard, stand = self.scheduler.skipped, {}
        while not self.scheduler.stream.events.empty():
            heard.append(self.scheduler.stream.events.get())
        for event in heard:
            if event["type"] == "OFFERS":
                stand.update({offer["id"]["value"]: offer for offer in event["offers"]["offers"]})
            elif event["type"] == "RESCIND":
                stand.pop(event["rescind"]["offer_id"]["value"], None)
        if any(item["name"] == "ports" for offer in stand.values() for item in offer["resources"]):
            heard[:] = [event for event in heard if event["type"] not in ("OFFERS", "RESCIND")]
            return list(stand.values())
        return []  # what tasks gave back is too little

    def until(self, name: str, *states: str) -> Any:
        """The status with which the task has gone through these states; each is acknowledged."""
        while self.states.get(name, [])[-len(states) :] != list(states):
            status = self.scheduler.update()
            told = status["task_id"]["value"]
            self.statuses[told] = status
            assert status["state"] not in ("TASK_ERROR", "TASK_LOST", "TASK_DROPPED"), status
            if status["state"] not in self.states.setdefault(told, []):
                self.states[told].append(status["state"])
        return self.statuses[name]

    @property
    def at(self) -> dict[str, Any]:
        return {"agent_id": {"value": self.agent_id}, "executor_id": {"value": "e"}}

    def sandbox(self) -> Path:
        return self.agent.sandbox("e", self.scheduler.id)

    def token(self) -> str:
        return str(json.loads((self.sandbox() / "environment").read_text())["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"])

    def call(self, body: dict[str, Any], *, path: str = "/api/v1/executor", **headers: str) -> Answer:
        given = {"Content-Type": "application/json", **headers}
        whole = {"framework_id": {"value": self.scheduler.id}, "executor_id": {"value": "e"}, **body}
        return request(self.port, "POST", path, given, json.dumps(whole).encode())


@contextlib.contextmanager
def started(folder: Path, launcher: str, *flags: str) -> Iterator[Running]:
    skip_without(launcher)
    master = Master(folder / "master", "--allocation_interval=100ms").start().leads()
    agent = Agent(folder, master.port, launcher, *flags)
    agent.argv[agent.argv.index("--port=0")] = f"--port={free_port()}"  # executors come back to the same
    try:
        agent.start()
        made = Running(master, agent)
        made.run("first", "wait")
        made.until("first", "TASK_RUNNING")
        yield made
        made.scheduler.close()
    finally:
        agent.clean()
        master.stop()
    for log in (agent.log, master.log):
        assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module", params=["posix", "linux"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("executors"), request.param, "--authenticate_http_executors") as made:
        yield made


def test_tasks_of_an_executor_share_its_sandbox_and_their_statuses_are_its_own(running: Running) -> None:
    for name in ("a", "b"):
        running.run(name, "fork")
        status = running.until(name, "TASK_RUNNING", "TASK_FINISHED")
        assert base64.b64decode(status["data"]) == b"TASK_FINISHED"
        assert (status["source"], status["executor_id"]) == ("SOURCE_EXECUTOR", {"value": "e"})
    assert (running.sandbox() / "shared").read_text() == "a\nb\n"
    environment = json.loads((running.sandbox() / "environment").read_text())
    assert environment["MESOS_AGENT_ENDPOINT"] == f"127.0.0.1:{running.port}"
    assert environment["MESOS_SLAVE_PID"] == f"slave(1)@127.0.0.1:{running.port}"
    assert (environment["MESOS_CHECKPOINT"], environment["MESOS_SUBSCRIPTION_BACKOFF_MAX"]) == ("1", "2secs")
    assert "MESOS_TASK_ID" not in environment


def test_both_kernels_reads_show_the_executor(running: Running) -> None:
    (framework,) = get(running.port, "/state")["frameworks"]
    (executor,) = framework["executors"]
    assert (executor["id"], executor["name"]) == ("e", "raw")
    assert "first" in [one["id"] for one in executor["tasks"]]
    assert executor["directory"] == str(running.sandbox())
    (container,) = get(running.port, "/containers")
    assert container["container_id"] == running.sandbox().name
    (framework,) = get(running.master.port, "/state")["frameworks"]
    assert [one["executor_id"] for one in framework["executors"]] == ["e"]
    held = framework["used_resources"]["mem"]
    assert held == 64 + 32 * len([one for one in framework["tasks"] if one["state"] == "TASK_RUNNING"])


def test_data_goes_both_ways(running: Running) -> None:
    running.scheduler.call("MESSAGE", **running.at, data=base64.b64encode(b"hello").decode())
    message = running.scheduler.event("MESSAGE")["message"]
    assert message == {**running.at, "data": base64.b64encode(b"HELLO").decode()}


def test_nobody_speaks_for_an_executor_without_its_token(running: Running) -> None:
    update = {"type": "MESSAGE", "message": {"data": ""}}
    assert running.call(update).status == 401
    assert running.call(update, Authorization="Bearer " + "x" * 40).status == 401
    mine = {"Authorization": f"Bearer {running.token()}"}
    other = {**update, "executor_id": {"value": "another"}}
    assert running.call(other, **mine).status == 403
    head, claims, _ = running.token().split(".")
    assert running.call(update, Authorization=f"Bearer {head}.{claims}.").status == 401
    assert running.call(update, **mine).status == 202
    assert running.call(update, path="/slave(1)/api/v1/executor", **mine).status == 202


def test_calls_are_checked_as_mesos_checks_them(running: Running) -> None:
    mine = {"Authorization": f"Bearer {running.token()}"}
    status = {"task_id": {"value": "first"}, "state": "TASK_RUNNING", "uuid": base64.b64encode(b"u" * 16).decode()}

    def answer(body: Any, **headers: str) -> tuple[int, str]:
        found = running.call(body, **mine, **headers)
        return found.status, found.text

    failed = "Failed to validate executor::Call: "
    assert answer({}) == (400, failed + "Expecting 'type' to be present")
    assert answer({"type": "UPDATE"}) == (400, failed + "Expecting 'update' to be present")
    assert answer({"type": "UPDATE", "update": {"status": {**status, "uuid": "AAAA"}}}) == (
        400,
        failed + "Not a valid UUID",
    )
    assert "expecting 'SOURCE_EXECUTOR'" in answer({"type": "UPDATE", "update": {"status": status}})[1]
    staging = {**status, "source": "SOURCE_EXECUTOR", "state": "TASK_STAGING"}
    assert "which is not allowed" in answer({"type": "UPDATE", "update": {"status": staging}})[1]
    assert answer({"type": "SUBSCRIBE", "subscribe": {}}, Accept="text/html")[0] == 406
    assert running.call({}, **mine, **{"Content-Type": "text/plain"}).status == 415
    message = {"type": "MESSAGE", "message": {"data": ""}}
    call = {"framework_id": {"value": running.scheduler.id}, "executor_id": {"value": "e"}, **message}
    body = protobuf.encode(codec.decode(json.dumps(call).encode(), Call))
    headers = {"Content-Type": "application/x-protobuf", **mine}
    assert request(running.port, "POST", "/api/v1/executor", headers, body).status == 202
    assert request(running.port, "POST", "/api/v1/executor", headers, b"\xff").status == 400


def test_an_executor_lives_through_kill_9_of_its_agent(running: Running) -> None:
    running.agent.restart()
    running.port = int(running.agent.url.rpartition(":")[2])
    (framework,) = wait_for(lambda: get(running.port, "/state")["frameworks"], WAIT, "the agent knows its framework")
    assert [one["id"] for one in framework["executors"]] == ["e"]


def test_a_kill_is_carried_out_by_the_executor(running: Running) -> None:
    running.scheduler.call("KILL", task_id={"value": "first"}, agent_id={"value": running.agent_id})
    assert running.until("first", "TASK_KILLED")["source"] == "SOURCE_EXECUTOR"


def test_the_end_of_an_executor_is_told_with_its_status(running: Running) -> None:
    running.run("dies", "die", executor="f")
    status = running.until("dies", "TASK_FAILED")
    assert (status["reason"], status["message"]) == ("REASON_EXECUTOR_TERMINATED", "Executor terminated")
    failure = running.scheduler.event("FAILURE")["failure"]
    assert (failure["executor_id"], failure["status"]) == ({"value": "f"}, 3 << 8)


def test_a_shutdown_ends_it_and_frees_what_it_held(running: Running) -> None:
    running.scheduler.call("SHUTDOWN", **running.at)
    failure = running.scheduler.event("FAILURE")["failure"]
    assert (failure["executor_id"], failure["status"]) == ({"value": "e"}, 0)
    (framework,) = get(running.master.port, "/state")["frameworks"]
    assert framework["executors"] == [] and framework["used_resources"]["cpus"] == 0
    with contextlib.suppress(AssertionError):
        running.scheduler.call("TEARDOWN")
    wait_for(lambda: not get(running.port, "/containers"), WAIT, "no container is left")


@pytest.mark.parametrize("launcher", ["posix", "linux"])
def test_without_tokens_only_processes_of_its_container_speak_for_an_executor(tmp_path: Path, launcher: str) -> None:
    with started(tmp_path, launcher) as running:
        running.run("other", "speak for e", executor="f")
        running.until("other", "TASK_RUNNING", "TASK_FINISHED")
        answers = json.loads((running.agent.sandbox("f", running.scheduler.id) / "spoken").read_text())
        assert [status for status, _ in answers] == [403, 403, 403]
        assert all("does not come from a process of the executor's container" in text for _, text in answers)
        assert running.call({"type": "MESSAGE", "message": {"data": ""}}).status == 403, "this test is no container"
        (framework,) = get(running.master.port, "/state")["frameworks"]
        assert {one["id"]: one["state"] for one in framework["tasks"]}["first"] == "TASK_RUNNING"
        running.agent.restart()
        running.scheduler.call("MESSAGE", **running.at, data=base64.b64encode(b"lost").decode())
        wait_for(lambda: (running.sandbox() / "stdout").read_text().count("SUBSCRIBED") == 2, WAIT, "it came back")
        running.scheduler.call("KILL", task_id={"value": "first"}, agent_id={"value": running.agent_id})
        running.until("first", "TASK_KILLED")
