"""`/api/v1` of a real agent, by both launchers: reads, files, and commands in running containers."""

from __future__ import annotations

import base64
import json
import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.agent import Call, Response
from tests.support.agent.clusters import LAUNCHERS, cluster
from tests.support.agent.operator_client import (
    JSON,
    PROTOBUF,
    RECORDIO,
    CommandStream,
    InputStream,
    call,
    nested,
)
from tests.support.daemons.agents import Agent, PretendedMaster, pretended_cluster
from tests.support.daemons.authority import basic
from tests.support.daemons.byhand import wait_for
from tests.support.mesos.rawclient import request

ID = "agent-1"
NAP = f"8{os.getpid()}5081"
"""Seconds for which processes of commands sleep."""

SECRET = "correct-horse"
"""In the variables and data of the task that runs."""


class Side(NamedTuple):
    master: PretendedMaster
    agent: Agent
    port: int
    container: str


@pytest.fixture(scope="module", params=LAUNCHERS)
def side(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    """With one task, ``runs``, that runs, and one that has ended."""
    with cluster(tmp_path_factory.mktemp(request.param), request.param) as (master, agent):
        master.run(ID, "ended", "echo over")
        master.status("ended", "FINISHED")
        variables = {"variables": [{"name": "PW", "value": SECRET}]}
        master.run(
            ID,
            "runs",
            {"value": "echo hi; exec sleep 5081", "environment": variables},
            data=base64.b64encode(SECRET.encode()).decode(),
            health_check={"type": "COMMAND", "command": {"value": "true", "environment": variables}},
        )
        master.status("runs", "RUNNING")
        wait_for(lambda: agent.text("runs") == "hi\n", what="the output")
        port = int(agent.url.rpartition(":")[2])
        yield Side(master, agent, port, agent.sandbox("runs").name)


def shown(side: Side, kind: str, **fields: Any) -> Any:
    """The answer's field, the same in JSON as in protobuf."""
    answer = call(side.port, kind, **fields)
    assert (answer.status, answer.headers["content-type"]) == (200, JSON), answer.text
    body = {"type": kind, **({kind.lower(): fields} if fields else {})}
    encoded = protobuf.encode(codec.decode(json.dumps(body).encode(), Call))
    other = request(side.port, "POST", "/api/v1", {"Content-Type": PROTOBUF, "Accept": PROTOBUF}, encoded)
    assert (other.status, other.headers["content-type"]) == (200, PROTOBUF)
    found, again = answer.json(), json.loads(codec.encode(protobuf.decode(other.body, Response)))
    assert found["type"] == again["type"] == kind
    if kind not in ("GET_METRICS", "GET_CONTAINERS"):  # these have figures of the moment
        assert {key: value for key, value in found.get(kind.lower(), {}).items() if value} == {
            key: value for key, value in again.get(kind.lower(), {}).items() if value
        }
    return found.get(kind.lower())


def test_what_the_agent_is_and_runs(side: Side) -> None:
    assert shown(side, "GET_HEALTH") == {"healthy": True}
    assert shown(side, "GET_VERSION")["version_info"]["version"] == "1.11.0"
    flags = {flag["name"]: flag["value"] for flag in shown(side, "GET_FLAGS")["flags"]}
    assert flags["launcher"] == side.agent.launcher
    metrics = {
        metric["name"]: metric["value"] for metric in shown(side, "GET_METRICS", timeout={"nanoseconds": 1})["metrics"]
    }
    assert metrics["slave/tasks_running"] == 1.0
    assert shown(side, "GET_AGENT")["agent_info"]["id"] == {"value": ID}
    (framework,) = shown(side, "GET_FRAMEWORKS")["frameworks"]
    assert framework["framework_info"]["name"] == "pretended"
    executors = shown(side, "GET_EXECUTORS")
    assert [one["executor_info"]["executor_id"]["value"] for one in executors["executors"]] == ["runs"]
    assert [one["executor_info"]["executor_id"]["value"] for one in executors["completed_executors"]] == ["ended"]
    tasks = shown(side, "GET_TASKS")
    (running,), (ended,) = tasks["launched_tasks"], tasks["completed_tasks"]
    assert (running["task_id"]["value"], running["state"]) == ("runs", "TASK_RUNNING")
    assert (ended["task_id"]["value"], ended["status_update_state"]) == ("ended", "TASK_FINISHED")
    assert shown(side, "GET_STATE")["get_tasks"] == tasks
    (container,) = shown(side, "GET_CONTAINERS")["containers"]
    assert container["container_id"] == {"value": side.container}
    assert container["resource_statistics"]["mem_limit_bytes"] == 64 << 20
    assert shown(side, "GET_OPERATIONS") == shown(side, "GET_RESOURCE_PROVIDERS") == {}


READS = sorted(kind.value for kind in Call.Type if kind.value.startswith("GET_"))


def test_no_read_shows_a_secret_of_a_task(side: Side) -> None:
    hidden = (SECRET, base64.b64encode(SECRET.encode()).decode())
    pages = {path: request(side.port, "GET", path).text for path in ("/state", "/containers", "/flags")}
    pages |= {kind: call(side.port, kind).text for kind in READS if kind != "GET_METRICS"}
    assert "runs" in pages["/state"] and "runs" in pages["GET_TASKS"]
    assert not [name for name, text in pages.items() if any(one in text for one in hidden)]


def test_files_of_sandboxes_and_nothing_else(side: Side) -> None:
    sandbox = str(side.agent.sandbox("runs"))
    listed = shown(side, "LIST_FILES", path=sandbox)["file_infos"]
    assert [one["path"].rpartition("/")[2] for one in listed] == ["stderr", "stdout"]
    assert (listed[1]["size"], listed[1]["mode"] & 0o170000) == (3, 0o100000)
    read = shown(side, "READ_FILE", path=f"{sandbox}/stdout", offset=1, length=1)
    assert read == {"size": 3, "data": base64.b64encode(b"i").decode()}
    assert call(side.port, "READ_FILE", path=f"{sandbox}/../../../../x", offset=0).status == 404
    assert call(side.port, "READ_FILE", path="/etc/passwd", offset=0).status == 404
    assert call(side.port, "READ_FILE", path=sandbox, offset=0).text == "Cannot read a directory.\n"
    found = request(side.port, "GET", "/files/debug").json()
    assert found[sandbox] == found["/frameworks/framework-1/executors/runs/runs/latest"] == sandbox


def test_the_level_of_logging_is_set_for_a_time(side: Side) -> None:
    assert shown(side, "GET_LOGGING_LEVEL") == {"level": 0}
    duration = {"nanoseconds": int(3600e9)}
    answer = call(side.port, "SET_LOGGING_LEVEL", level=1, duration=duration)
    assert (answer.status, answer.body) == (200, b"")
    assert shown(side, "GET_LOGGING_LEVEL") == {"level": 1}
    call(side.port, "SET_LOGGING_LEVEL", level=1, duration={"nanoseconds": 1})
    wait_for(lambda: shown(side, "GET_LOGGING_LEVEL") == {"level": 0}, what="the usual level")


def fresh(side: Side) -> dict[str, Any]:
    return nested(str(uuid.uuid4()), side.container)


def shell(text: str) -> dict[str, Any]:
    return {"value": text}


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_a_command_prints_reads_and_ends(side: Side, kind: str) -> None:
    environment = {"variables": [{"name": "MINE", "value": "x y"}]}
    one = CommandStream(
        side.port,
        fresh(side),
        {**shell('echo "$MINE"; echo bad >&2; cat; exit 3'), "environment": environment},
        headers={"Message-Accept": kind},
    )
    assert (one.status, one.headers["content-type"], one.headers["message-content-type"]) == (200, RECORDIO, kind)
    shown_ids = [found["container_id"] for found in shown(side, "GET_CONTAINERS", show_nested=True)["containers"]]
    assert one.container_id in shown_ids
    feeding = InputStream(side.port, one.container_id, kind)
    assert call(side.port, "REMOVE_NESTED_CONTAINER", container_id=one.container_id).status == 409
    feeding.write(b"some\n" * 3)
    feeding.write(b"")
    assert feeding.close() == 200
    assert one.all() == (b"x y\n" + b"some\n" * 3, b"bad\n")
    assert one.exit_status() == 3 << 8
    assert call(side.port, "REMOVE_NESTED_CONTAINER", container_id=one.container_id).status == 200
    assert call(side.port, "WAIT_NESTED_CONTAINER", container_id=one.container_id).status == 404


def test_a_terminal_is_resized(side: Side) -> None:
    terminal = {"type": "MESOS", "tty_info": {"window_size": {"rows": 11, "columns": 22}}}
    one = CommandStream(side.port, fresh(side), {"shell": False, "value": "sh", "arguments": ["sh", "-i"]}, terminal)
    feeding = InputStream(side.port, one.container_id)
    feeding.write(b"stty size\n")
    assert one.until(b"11 22")
    feeding.resize(33, 44)
    feeding.write(b"stty size\n")
    assert one.until(b"33 44")
    feeding.write(b"exit 4\n")
    one.all()
    assert one.exit_status() == 4 << 8
    feeding.connection.close()


def test_a_task_with_a_terminal_is_attached_to(side: Side) -> None:
    container = {"type": "MESOS", "tty_info": {"window_size": {"rows": 11, "columns": 22}}}
    side.master.run(ID, "typed", "exec sh -i", container=container)
    side.master.status("typed", "RUNNING")
    port, container_id = side.port, {"value": side.agent.sandbox("typed").name}
    one = CommandStream(port, container_id, None)
    feeding = InputStream(port, container_id)
    feeding.write(b"stty size\n")
    assert one.until(b"11 22")
    feeding.resize(33, 44)
    feeding.beat()
    feeding.write(b"stty size\n")
    assert one.until(b"33 44")
    assert InputStream(port, container_id).refused() == 409
    assert feeding.close() == 200  # the task goes on
    one.vanish()
    again, feeding = CommandStream(port, container_id, None), InputStream(port, container_id)
    feeding.write(b"exit 3\n")
    again.all()
    assert "status 3" in str(side.master.status("typed", "FAILED").message)
    assert b"33 44" in (side.agent.sandbox("typed") / "stdout").read_bytes()
    answer = call(port, "ATTACH_CONTAINER_OUTPUT", container_id={"value": side.container})
    assert (answer.status, "has no terminal" in answer.text) == (400, True)
    assert call(port, "ATTACH_CONTAINER_OUTPUT", container_id=container_id).status == 404
    feeding.connection.close()


LEAVES = f"(setsid sleep {NAP} &); trap '' HUP; echo started; exec sleep {NAP}"


def naps(side: Side) -> list[int]:
    return side.agent.pids(f"sleep\0{NAP}")


@pytest.mark.parametrize("terminal", [None, {"type": "MESOS", "tty_info": {}}])
def test_a_client_that_vanishes_leaves_no_process_behind(side: Side, terminal: dict[str, Any] | None) -> None:
    one = CommandStream(side.port, fresh(side), shell(LEAVES), terminal)
    one.until(b"started")
    wait_for(lambda: len(naps(side)) == 2, what="both processes")
    one.vanish()
    wait_for(lambda: not naps(side), what="the end of the command's processes")
    assert one.exit_status() == 9
    assert side.master.states("runs")[-1] == "RUNNING"


def test_a_command_is_killed_by_a_call_and_another_reader_sees_its_end(side: Side) -> None:
    one = CommandStream(side.port, fresh(side), shell("trap 'exit 6' USR1; echo started; while :; do sleep 0.1; done"))
    one.until(b"started")
    seen: list[bytes] = []

    def read() -> None:
        answer = call(side.port, "ATTACH_CONTAINER_OUTPUT", container_id=one.container_id)
        seen.append(answer.body)

    reader = threading.Thread(target=read)
    reader.start()
    assert call(side.port, "KILL_NESTED_CONTAINER", container_id=one.container_id, signal=10).status == 200
    assert one.exit_status() == 6 << 8
    reader.join(240)
    assert not reader.is_alive()
    other = CommandStream(side.port, fresh(side), shell(LEAVES))
    other.until(b"started")
    assert call(side.port, "KILL_NESTED_CONTAINER", container_id=other.container_id).status == 200
    assert other.exit_status() == 9
    wait_for(lambda: not naps(side), what="the end of the command's processes")


def test_a_reader_that_does_not_read_holds_the_command_up(side: Side) -> None:
    mark = side.agent.sandbox("runs") / f"written-{uuid.uuid4()}"
    inside = f"$MESOS_SANDBOX/{mark.name}"
    one = CommandStream(side.port, fresh(side), shell(f"head -c 20000000 /dev/zero; echo done > {inside}"))
    assert one.status == 200
    other = CommandStream(side.port, fresh(side), shell("echo quick"))
    assert other.all() == (b"quick\n", b"")  # others are served meanwhile
    assert not mark.exists()  # 20 MB are in no buffer
    assert one.all() == (bytes(20000000), b"")
    wait_for(mark.exists, what="the end of the command")


PARENT = {"value": "x", "parent": {"value": "y"}}


@pytest.mark.parametrize(
    ("kind", "fields", "status", "text"),
    [
        ("NOPE", {}, 400, "Failed to validate agent::Call: Expecting 'type' to be present"),
        ("READ_FILE", {}, 400, "Failed to validate agent::Call: Expecting 'read_file' to be present"),
        ("GET_METRICS", {}, 400, "Failed to validate agent::Call: Expecting 'get_metrics' to be present"),
        (
            "KILL_NESTED_CONTAINER",
            {"container_id": {"value": "x"}},
            400,
            "Failed to validate agent::Call: Expecting 'kill_nested_container.container_id.parent' to be present",
        ),
        (
            "KILL_NESTED_CONTAINER",
            {"container_id": PARENT},
            404,
            "Container 'y.x' cannot be found (or is already killed)",
        ),
        ("WAIT_NESTED_CONTAINER", {"container_id": PARENT}, 404, "Container y.x cannot be found"),
        ("WAIT_CONTAINER", {"container_id": {"value": "x"}}, 404, "Container x cannot be found"),
        (
            "KILL_CONTAINER",
            {"container_id": {"value": "x"}},
            404,
            "Container 'x' cannot be found (or is already killed)",
        ),
        ("LAUNCH_NESTED_CONTAINER", {"container_id": PARENT}, 400, "Parent container y does not exist"),
        (
            "LAUNCH_NESTED_CONTAINER_SESSION",
            {"container_id": PARENT, "command": {"value": "true"}},
            400,
            "Parent container y does not exist",
        ),
        (
            "LAUNCH_NESTED_CONTAINER_SESSION",
            {"container_id": {"value": "a/b", "parent": {"value": "y"}}, "command": {"value": "true"}},
            400,
            "Failed to validate agent::Call: 'launch_nested_container_session.container_id' is invalid: 'a/b' contains"
            " invalid characters",
        ),
        ("ATTACH_CONTAINER_OUTPUT", {"container_id": {"value": "x"}}, 404, "Container x cannot be found"),
        (
            "ATTACH_CONTAINER_INPUT",
            {"type": "CONTAINER_ID", "container_id": {"value": "x"}},
            415,
            "Expecting 'Content-Type' to be application/recordio for ATTACH_CONTAINER_INPUT call",
        ),
        (
            "ADD_RESOURCE_PROVIDER_CONFIG",
            {"info": {"type": "t", "name": "n"}},
            400,
            "Failed to validate resource provider config with type 't' and name 'n': Unknown local resource provider"
            " type 't'",
        ),
        ("PRUNE_IMAGES", {"excluded_images": [{"type": "DOCKER", "docker": {"name": "a"}}]}, 200, ""),
        ("MARK_RESOURCE_PROVIDER_GONE", {"resource_provider_id": {"value": "n"}}, 200, ""),
    ],
)
def test_what_cannot_be_done_is_answered_as_by_mesos(
    side: Side, kind: str, fields: dict[str, Any], status: int, text: str
) -> None:
    """The texts are those of a real Mesos 1.11.0 (the oracle)."""
    answer = call(side.port, kind, **fields)
    assert (answer.status, answer.text) == (status, text)


@pytest.mark.parametrize("kind", [kind.value for kind in Call.Type])
def test_no_call_is_a_fault_of_the_agent(side: Side, kind: str) -> None:
    ids: dict[str, Any] = {"container_id": PARENT, "path": "/", "offset": 0, "level": 0, "duration": {"nanoseconds": 0}}
    ids |= {"info": {"type": "t", "name": "n"}, "type": "t", "name": "n", "resource_provider_id": {"value": "n"}}
    for answer in (call(side.port, kind), call(side.port, kind, **ids)):
        assert answer.status < 500 or answer.status == 501, answer.text
        assert answer.status in (200, 404) or answer.text


@pytest.mark.parametrize(
    ("headers", "body", "status", "text"),
    [
        ({}, b"x", 400, "Expecting 'Content-Type' to be present"),
        (
            {"Content-Type": "text/plain"},
            b"x",
            415,
            "Expecting 'Content-Type' of application/json or application/x-protobuf or application/recordio",
        ),
        ({"Content-Type": JSON}, b"[]", 400, None),
        ({"Content-Type": JSON}, b"x", 400, None),
        (
            {"Content-Type": JSON, "Accept": "text/html"},
            b'{"type":"GET_HEALTH"}',
            406,
            "Expecting 'Accept' to allow application/json or application/x-protobuf or application/recordio",
        ),
        (
            {"Content-Type": JSON, "Accept": RECORDIO},
            b'{"type":"GET_HEALTH"}',
            406,
            "Streaming response is not supported for GET_HEALTH call",
        ),
        (
            {"Content-Type": RECORDIO},
            b"x",
            400,
            "Expecting 'Message-Content-Type' to be set for streaming requests",
        ),
        (
            {"Content-Type": RECORDIO, "Message-Content-Type": JSON},
            b'21\n{"type":"GET_HEALTH"}',
            415,
            "Streaming 'Content-Type' application/recordio is not supported for GET_HEALTH call",
        ),
        ({"Content-Type": RECORDIO, "Message-Content-Type": JSON}, b"", 400, "Received EOF while reading request body"),
        ({"Content-Type": RECORDIO, "Message-Content-Type": JSON}, b"no record", 400, None),
        ({"Content-Type": RECORDIO, "Message-Content-Type": JSON}, b"99999999999\nx", 400, None),
    ],
)
def test_bodies_that_cannot_be_read_are_refused_in_mesos_order(
    side: Side, headers: dict[str, str], body: bytes, status: int, text: str | None
) -> None:
    answer = request(side.port, "POST", "/slave(1)/api/v1", headers, body)
    assert answer.status == status and (text is None or answer.text == text), answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_only_posts_are_calls(side: Side) -> None:
    answer = request(side.port, "GET", "/api/v1")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert answer.text == "405 Method Not Allowed. Expecting one of { 'POST' }, but received 'GET'."


def test_the_container_of_a_task_is_waited_for_and_killed(side: Side) -> None:
    side.master.run(ID, "victim", f"exec sleep {NAP}")
    side.master.status("victim", "RUNNING")
    container = {"value": side.agent.sandbox("victim").name}
    refused = call(side.port, "ATTACH_CONTAINER_OUTPUT", container_id=container)
    assert refused.status == 400 and "stdout" in refused.text
    found: list[Any] = []
    waiting = threading.Thread(target=lambda: found.append(call(side.port, "WAIT_CONTAINER", container_id=container)))
    waiting.start()
    assert call(side.port, "KILL_CONTAINER", container_id=container).status == 200
    side.master.status("victim", "FAILED")
    waiting.join(240)
    assert found[0].status in (200, 404)  # 404: it was asked for too late
    assert found[0].status == 404 or found[0].json()["wait_container"].get("exit_status") in (9, None)


def test_a_container_within_another_is_launched_waited_for_killed_and_removed(side: Side) -> None:
    one = {"container_id": nested("inner", side.container)}
    script = f"echo $MESOS_CONTAINER_ID > here; cat here; exec sleep {NAP}"
    launch = {**one, "command": {"value": script}}
    answer = call(side.port, "LAUNCH_NESTED_CONTAINER", **launch)
    assert (answer.status, answer.text) == (200, "")
    assert call(side.port, "LAUNCH_NESTED_CONTAINER", **launch).status == 202
    assert call(side.port, "REMOVE_NESTED_CONTAINER", **one).status == 409
    runs = side.agent.sandbox("runs").parent
    sandbox = runs / f"{side.container}.inner"
    wait_for(lambda: (sandbox / "stdout").read_text() == f"{side.container}.inner\n", what="the output")
    assert (runs / "latest").resolve() == side.agent.sandbox("runs").resolve()
    listed = call(side.port, "GET_CONTAINERS", show_nested=True).json()["get_containers"]["containers"]
    assert one["container_id"] in [each["container_id"] for each in listed]
    assert len(shown(side, "GET_CONTAINERS")["containers"]) == 1
    assert call(side.port, "KILL_NESTED_CONTAINER", **one, signal=9).status == 200
    ended = call(side.port, "WAIT_NESTED_CONTAINER", **one).json()["wait_nested_container"]
    assert ended["exit_status"] in (9, 137 << 8)
    assert call(side.port, "KILL_NESTED_CONTAINER", **one).status == 404
    assert call(side.port, "REMOVE_NESTED_CONTAINER", **one).status == 200
    assert call(side.port, "REMOVE_NESTED_CONTAINER", **one).status == 404 and not sandbox.exists()
    quick = {"container_id": nested("quick", side.container)}
    resources = [{"name": "mem", "type": "SCALAR", "scalar": {"value": 48}}]
    answer = call(side.port, "LAUNCH_CONTAINER", **quick, command={"value": "exit 3"}, resources=resources)
    assert answer.status == 200
    assert call(side.port, "WAIT_CONTAINER", **quick).json()["wait_container"]["exit_status"] == 3 << 8
    assert call(side.port, "REMOVE_CONTAINER", **quick).status == 200
    answer = call(side.port, "LAUNCH_NESTED_CONTAINER", **quick)
    assert (answer.status, answer.text) == (400, "Failed to launch container: the task has no command")


def test_a_container_within_none_is_launched_shown_waited_for_and_removed(side: Side) -> None:
    one = {"container_id": {"value": f"alone-{uuid.uuid4()}"}}
    resources = [{"name": "mem", "type": "SCALAR", "scalar": {"value": 48}}]
    script = f"env; exec sleep {NAP}"
    assert call(side.port, "LAUNCH_CONTAINER", **one, command={"value": script}, resources=resources).status == 200
    assert call(side.port, "LAUNCH_CONTAINER", **one, command={"value": script}).status == 202
    assert len(shown(side, "GET_CONTAINERS", show_nested=True)["containers"]) == 1
    listed = shown(side, "GET_CONTAINERS", show_standalone=True)["containers"]
    (found,) = [each for each in listed if each["container_id"] == one["container_id"]]
    assert "framework_id" not in found and found["resource_statistics"]["mem_limit_bytes"] == 48 << 20
    inner = {"container_id": nested("inner", one["container_id"]["value"])}
    assert call(side.port, "LAUNCH_NESTED_CONTAINER", **inner, command={"value": "exit 4"}).status == 200
    ended = call(side.port, "WAIT_NESTED_CONTAINER", **inner).json()["wait_nested_container"]
    assert ended["exit_status"] == 4 << 8
    said = CommandStream(side.port, nested("said", one["container_id"]["value"]), {"value": "echo here"})
    assert said.all() == (b"here\n", b"")
    name = one["container_id"]["value"]
    (sandbox,) = side.agent.work_dir.glob(f"slaves/*/frameworks/standalone/executors/{name}/runs/{name}")
    variables = (sandbox / "stdout").read_text()
    assert "MESOS_CONTAINER_ID=" in variables and "MESOS_FRAMEWORK_ID" not in variables
    assert call(side.port, "REMOVE_CONTAINER", **one).status == 409
    assert call(side.port, "KILL_CONTAINER", **one).status == 200
    assert call(side.port, "WAIT_CONTAINER", **one).json()["wait_container"]["exit_status"] in (9, 137 << 8)
    assert call(side.port, "REMOVE_CONTAINER", **one).status == 200 and not sandbox.exists()
    volume = {**resources[0], "name": "disk", "disk": {"persistence": {"id": "x"}}}
    answer = call(side.port, "LAUNCH_CONTAINER", **one, command={"value": script}, resources=[volume])
    assert (answer.status, "no volumes" in answer.text) == (400, True)


def test_a_call_without_a_principal_is_refused_where_reads_want_one(tmp_path: Path) -> None:
    known = tmp_path / "credentials.json"
    known.touch(0o600)
    known.write_text('{"credentials": [{"principal": "ops", "secret": "hush"}]}')
    flags = ("--authenticate_http_readonly", f"--http_credentials={known}")
    with pretended_cluster(tmp_path / "guarded", "posix", *flags) as (master, agent):
        master.run(ID, "kept", "exec sleep 5085")
        master.status("kept", "RUNNING")
        port, container = int(agent.url.rpartition(":")[2]), agent.sandbox("kept").name
        launch = {"container_id": nested("mine", container), "command": {"value": "true"}}
        for headers in ({}, basic("ops", "wrong")):
            for answer in (
                call(port, "LAUNCH_NESTED_CONTAINER_SESSION", headers, **launch),
                call(port, "LAUNCH_CONTAINER", headers, container_id={"value": "alone"}, command={"value": "true"}),
                call(port, "GET_STATE", headers),
                call(port, "NOPE", headers),
            ):
                assert answer.status == 401 and answer.headers["www-authenticate"].startswith("Basic realm=")
        ops, alone = basic("ops", "hush"), {"container_id": {"value": "alone"}}
        assert call(port, "LAUNCH_NESTED_CONTAINER_SESSION", ops, **launch).status == 200
        assert call(port, "LAUNCH_CONTAINER", ops, **alone, command={"value": "exec sleep 5085"}).status == 200
        agent.restart()
        port = int(agent.url.rpartition(":")[2])
        assert call(port, "KILL_CONTAINER", ops, **alone, signal=15).status == 200
        assert call(port, "WAIT_CONTAINER", ops, **alone).json()["wait_container"]["exit_status"] == 15
        assert call(port, "REMOVE_CONTAINER", ops, **alone).status == 200
