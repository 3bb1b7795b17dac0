"""The master's public listener: the ladder of refusals, routes, reads, flags."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.mesos.ladder import API, KILL, LADDER, SUBSCRIBE, encoded
from tests.support.mesos.rawclient import JSON, Master, Scheduler, Stream, get, request, until

CONNECT = "/internal/agent/v1/connect"


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Master]:
    master = Master(tmp_path_factory.mktemp("http") / "work", "--cluster=testers").start().leads()
    yield master
    assert master.stop() == 0
    assert "Traceback" not in master.log.read_text()


@pytest.mark.parametrize(
    ("method", "headers", "body", "status", "text"), [row[1:] for row in LADDER], ids=[row[0] for row in LADDER]
)
def test_a_refused_call_says_why_in_mesos_words(
    master: Master, method: str, headers: dict[str, str], body: Any, status: int, text: str
) -> None:
    answer = request(master.port, method, API, headers, encoded(body))
    assert (answer.status, answer.text) == (status, text)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers.get("allow") == ("POST" if status == 405 else None)


def test_a_content_type_with_charset_or_other_case_is_read(master: Master) -> None:
    for kind in ("application/json; charset=utf-8", "Application/JSON"):
        assert request(master.port, "POST", API, {"Content-Type": kind}, encoded(KILL)).status == 400


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "Failed to validate scheduler::Call: Expecting 'type' to be present"),
        (b"\x08\x01", "Failed to validate scheduler::Call: Expecting 'type' to be present"),
        (b"\x10\x06", "Failed to validate scheduler::Call: Expecting 'framework_id' to be present"),
        (b"\x10", "Failed to parse body into Call protobuf"),
        (b"\n\x00\x10\x06", "Failed to parse body into Call protobuf"),
        (b"{}", "Failed to parse body into Call protobuf"),
        (b"\xff" * 20, "Failed to parse body into Call protobuf"),
    ],
)
def test_a_protobuf_call_is_refused_in_mesos_words(master: Master, body: bytes, text: str) -> None:
    for kind in ("application/x-protobuf", "Application/X-Protobuf; charset=utf-8"):
        answer = request(master.port, "POST", API, {"Content-Type": kind}, body)
        assert (answer.status, answer.text) == (400, text)


def test_a_stream_id_is_wanted_and_has_to_be_the_current_one(master: Master) -> None:
    scheduler = Scheduler(master.port)
    missing = scheduler.call("REVIVE", headers=JSON)
    assert (missing.status, missing.text) == (
        400,
        "All non-subscribe calls should include the 'Mesos-Stream-Id' header",
    )
    wrong = scheduler.call("REVIVE", headers={**JSON, "Mesos-Stream-Id": "other"})
    assert wrong.text == (
        "The stream ID 'other' included in this request didn't match the stream ID currently associated with framework"
        f" ID {scheduler.id}"
    )
    assert scheduler.call("REVIVE").status == 202
    scheduler.close()


@pytest.mark.parametrize(
    ("info", "error"),
    [
        ({"roles": ["a"]}, "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"),
        ({"role": "/a"}, "'FrameworkInfo.role' is not a valid role: Role '/a' cannot start with a slash"),
        ({"failover_timeout": 1e300}, "The framework failover_timeout (1e+300) is invalid"),
        ({"id": {"value": "a/b"}}, "'a/b' contains invalid characters"),
    ],
)
def test_an_invalid_framework_gets_one_error_event_and_the_end(master: Master, info: Any, error: str) -> None:
    body = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "u", "name": "n", **info}}}
    if "id" in info:
        body["framework_id"] = info["id"]
    stream = Stream(master.port, API, JSON, json.dumps(body).encode())
    assert stream.status == 200
    assert stream.headers["mesos-stream-id"]
    assert stream.next() == {"type": "ERROR", "error": {"message": error}}
    stream.over()
    assert stream.events.empty()


@pytest.mark.parametrize(
    "path",
    [
        "/state",
        "/master/state",
        "/state.json",
        "/master/state.json",
        "/state/",
        "//state",
        "/state/of/affairs",
        "/master//state",
    ],
)
def test_a_path_finds_its_view_in_all_its_spellings(master: Master, path: str) -> None:
    assert get(master.port, path)["id"]


@pytest.mark.parametrize("path", ["/", "/nothing", "/master", "/api", "/files", "/machine", "/api/v2/scheduler"])
def test_what_is_not_there_is_not_found(master: Master, path: str) -> None:
    answer = request(master.port, "GET", path)
    assert (answer.status, answer.text) == (404, "404 Not Found.")


def test_maintenance_is_planned_by_its_pages(master: Master) -> None:
    there = {"hostname": "There", "ip": "198.18.0.77"}
    window = {"machine_ids": [there], "unavailability": {"start": {"nanoseconds": 5}, "duration": {"nanoseconds": 7}}}

    def posted(path: str, body: Any, headers: dict[str, str] = JSON) -> tuple[int, str]:
        answer = request(master.port, "POST", path, headers, json.dumps(body).encode())
        return answer.status, answer.text

    assert posted("/maintenance/schedule", {"windows": [window]}) == (200, "")
    assert get(master.port, "/master/maintenance/schedule") == {"windows": [window]}
    assert get(master.port, "/maintenance/status/") == {"draining_machines": [{"id": there}]}
    status, text = posted("/machine/down", [there], {**JSON, "Origin": "http://other"})
    assert status == 403 and "Another site" in text
    assert posted("/machine/down", [there], {}) == (200, ""), "whatever the content type"
    assert get(master.port, "/maintenance/status.json") == {"down_machines": [there]}
    assert posted("/machine/up", [there]) == (200, "")
    assert get(master.port, "/maintenance/schedule") == get(master.port, "/maintenance/status") == {}


def test_pages_of_the_process_are_there_and_change_only_its_level(master: Master) -> None:
    assert request(master.port, "GET", "/files/debug").json() == {}
    assert request(master.port, "GET", "/files/read?path=/etc/passwd").status == 404
    assert request(master.port, "GET", "/logging/toggle").text == "0\n"
    assert request(master.port, "GET", "/logging/toggle?level=1&duration=1hrs").status == 200
    assert request(master.port, "GET", "/logging/toggle").text == "1\n"
    assert request(master.port, "GET", "/logging/toggle?level=0&duration=1ms").status == 200


def test_the_longest_prefix_of_a_path_answers(master: Master) -> None:
    assert request(master.port, "POST", f"{API}/more", JSON, encoded(KILL)).text == "Framework cannot be found"


def test_the_state_has_what_tools_look_for(master: Master) -> None:
    state = get(master.port, "/state")
    pid = f"master@127.0.0.1:{master.port}"
    assert (state["version"], state["cluster"], state["leader"], state["pid"]) == ("1.11.0", "testers", pid, pid)
    assert state["leader_info"] == {"id": state["id"], "pid": pid, "port": master.port, "hostname": state["hostname"]}
    assert (state["activated_slaves"], state["slaves"], state["frameworks"]) == (0.0, [], [])
    for name in ("recovered_slaves", "orphan_tasks", "unregistered_frameworks"):
        assert state[name] == []
    assert state["flags"]["agent_ping_timeout"] == "15secs"
    assert state["flags"]["min_allocatable_resources"] == "cpus:0.01|mem:32"
    assert get(master.port, "/flags")["flags"] == state["flags"]
    assert get(master.port, "/state-summary")["cluster"] == "testers"


def test_reads_can_be_packed_and_wrapped(master: Master) -> None:
    packed = request(master.port, "GET", "/state", {"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body))["version"] == "1.11.0"
    wrapped = request(master.port, "GET", "/version?jsonp=call.back")
    assert wrapped.headers["content-type"] == "text/javascript"
    assert wrapped.text.startswith("call.back({")
    assert wrapped.text.endswith("})")
    assert request(master.port, "GET", "/version?jsonp=alert(1)//").status == 400


def test_health_version_redirect_and_metrics(master: Master) -> None:
    health = request(master.port, "GET", "/health")
    assert (health.status, health.body, health.headers.get("content-type")) == (200, b"", None)
    assert request(master.port, "HEAD", "/master/health").status == 200
    assert get(master.port, "/version")["version"] == "1.11.0"
    redirect = request(master.port, "GET", "/redirect")
    hostname = get(master.port, "/state")["hostname"]
    assert (redirect.status, redirect.headers["location"]) == (307, f"//{hostname}:{master.port}")
    scheduler = Scheduler(master.port)
    metrics = get(master.port, "/metrics/snapshot")
    assert metrics["master/elected"] == 1.0
    assert metrics["master/frameworks_active"] == 1.0
    assert metrics["master/uptime_secs"] > 0
    assert all(isinstance(value, float) for value in metrics.values())
    roles = {role["name"]: role for role in get(master.port, "/roles")["roles"]}
    assert roles["*"]["frameworks"] == [scheduler.id]
    scheduler.close()


def test_a_loop_that_stood_still_is_seen_from_outside(master: Master) -> None:
    def longer_than(bound: int) -> float:
        told = get(master.port, "/metrics/snapshot")
        count: float = told["loop/stalls_ms/count"] - told[f"loop/stalls_ms/le_{bound}"]
        return count

    assert master.process is not None
    before = longer_than(500)
    master.process.send_signal(signal.SIGSTOP)
    time.sleep(0.7)
    master.process.send_signal(signal.SIGCONT)
    until(lambda: longer_than(500) > before, "the pause is counted")
    assert get(master.port, "/metrics/snapshot")["loop/stalls_ms/max"] > 500


def run(*flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("dcos-master"))
    return subprocess.run([program, *flags], capture_output=True, text=True, timeout=240, env=environment, check=False)


def test_every_problem_with_the_flags_is_told_at_once() -> None:
    done = run("--prot=1", "--ip=nowhere", "stray", "--zk")
    assert done.returncode == 2
    assert done.stdout == ""
    for text in (
        "unknown flag --prot; did you mean --port?",
        "--ip 'nowhere'",
        "'stray'",
        "--work_dir is required",
        "--zk wants",
    ):
        assert text in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("flags", "text"),
    [
        (["--ip=0.0.0.0"], "--ip=0.0.0.0 needs --advertise_ip"),
        (["--zk=zk://host:1"], "--zk: a path is missing"),
        (["--weights=a"], "expected role=weight"),
        (["--min_allocatable_resources=cpus"], "expected cpus:0.01"),
        (["--agent_ping_timeout=0secs"], "have to be more than zero"),
    ],
)
def test_flags_that_make_no_sense_are_refused(tmp_path: Path, flags: list[str], text: str) -> None:
    done = run(f"--work_dir={tmp_path}", *flags)
    assert done.returncode == 2
    assert text in done.stderr


def test_a_port_that_is_taken_is_named(master: Master, tmp_path: Path) -> None:
    done = run(f"--work_dir={tmp_path}", f"--port={master.port}")
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{master.port}" in done.stderr


def test_help_and_version_are_printed() -> None:
    assert "--agent_reregister_timeout=VALUE" in run("--help").stdout
    assert run("--version").stdout.startswith("dcos-master ")


def test_flags_come_from_the_environment_and_files_too(tmp_path: Path) -> None:
    (tmp_path / "cluster").write_text("named\n")
    program = str(Path(sys.executable).with_name("dcos-master"))
    environment = {
        **os.environ,
        "MESOS_WORK_DIR": str(tmp_path),
        "MESOS_CLUSTER": f"file://{tmp_path}/cluster",
        "MESOS_PORT": "0",
    }
    process = subprocess.Popen([program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2])
        master = Master(tmp_path)
        master.port = port
        assert get(master.leads().port, "/state")["cluster"] == "named"
    finally:
        process.terminate()
        assert process.wait(240) == 0


def test_a_call_of_a_framework_may_have_16_megabytes(master: Master) -> None:
    """Four of them are taken with any spelling; what is longer than all of it is not even read."""
    for size, status, text in (
        (16 << 20, 400, "Framework cannot be found"),
        ((16 << 20) + 1, 413, "The body is larger than 16777216 bytes"),
    ):
        answer = request(master.port, "POST", API, JSON, (encoded(KILL) or b"").ljust(size))
        assert (answer.status, answer.text) == (status, text)
    padded = b"\xfa?\x80\x80\x80\x01" + bytes(2 << 20)  # a field that nobody knows, 2 MiB long
    answer = request(master.port, "POST", API, {"Content-Type": "application/x-protobuf"}, padded)
    assert (answer.status, answer.text) == (400, "Failed to validate scheduler::Call: Expecting 'type' to be present")


GZIP = {**JSON, "Content-Encoding": "gzip"}


def test_a_packed_call_is_read(master: Master) -> None:
    assert request(master.port, "POST", API, GZIP, gzip.compress(encoded(KILL) or b"")).text == (
        "Framework cannot be found"
    )
    deflated = {**JSON, "Content-Encoding": "deflate"}
    assert request(master.port, "POST", API, deflated, zlib.compress(encoded(KILL) or b"")).text == (
        "Framework cannot be found"
    )


@pytest.mark.parametrize("agents", [False, True], ids=["the scheduler API", "the agents' API"])
def test_a_packed_body_that_swells_is_cut_off(master: Master, agents: bool) -> None:
    port, path = (get(master.port, "/internal/agent/v1")["port"], CONNECT) if agents else (master.port, API)
    answer = request(port, "POST", path, GZIP, gzip.compress(b" " * (64 << 20)))
    assert (answer.status, answer.text) == (413, "A compressed body may hold at most 16 MiB; send less at once")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"not gzip at all", "Failed to decompress the body as gzip: "),
        (gzip.compress(b"{}")[:-9], "Failed to decompress the body: the gzip data end too early"),
        (gzip.compress(b"{}") + b"more", "Failed to decompress the body: bytes after the end of the gzip data"),
        (b"", "Failed to decompress the body: the gzip data end too early"),
    ],
)
def test_a_broken_packed_body_is_the_clients_mistake(master: Master, body: bytes, text: str) -> None:
    for port, path in ((master.port, API), (get(master.port, "/internal/agent/v1")["port"], CONNECT)):
        answer = request(port, "POST", path, GZIP, body)
        assert answer.status == 400
        assert answer.text.startswith(text)


def test_a_coding_nobody_knows_is_refused(master: Master) -> None:
    answer = request(master.port, "POST", API, {**JSON, "Content-Encoding": "br"}, b"x")
    assert (answer.status, answer.text) == (415, "Content-Encoding 'br' is not known; use gzip, or none")


def test_an_empty_accept_allows_nothing(master: Master) -> None:
    assert request(master.port, "POST", API, {**JSON, "Accept": ""}, encoded(SUBSCRIBE)).status == 406


def test_a_master_without_its_store_is_never_ready(tmp_path: Path) -> None:
    (tmp_path / "work").write_text("a file where a folder should be")
    done = run(f"--work_dir={tmp_path}/work", "--port=0")
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert f"{tmp_path}/work" in line


def test_the_ready_line_means_that_it_leads(tmp_path: Path) -> None:
    master = Master(tmp_path / "work").start()
    try:
        assert request(master.port, "GET", "/state").status == 200
    finally:
        assert master.stop() == 0


def test_the_timeout_of_metrics_is_a_duration(master: Master) -> None:
    assert get(master.port, "/metrics/snapshot?timeout=5secs")["master/elected"] == 1.0
    assert request(master.port, "GET", "/metrics/snapshot?timeout=x").status == 400


@pytest.mark.parametrize("path", ["/internal/agent/v1", "/master/internal/agent/v1/", "/internal/agent/v1/connect"])
def test_where_agents_connect_is_only_read(master: Master, path: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        answer = request(master.port, method, path, JSON, b"{nonsense")
        assert (answer.status, answer.headers["allow"]) == (405, "GET")
        assert answer.text == f"405 Method Not Allowed. Expecting one of {{ 'GET' }}, but received '{method}'."
    assert request(master.port, "GET", path, {}, b"").status == 200
