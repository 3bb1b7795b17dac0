"""Tasks on a real agent, by both launchers: what they see, how they end, what is told of them."""

from __future__ import annotations

import io
import os
import shutil
import signal
import socket
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.agent.clusters import LAUNCHERS, Pair, cluster
from tests.support.daemons.agents import Agent, PretendedMaster, cpu_limits
from tests.support.daemons.byhand import ask, wait_for

ID = "agent-1"
LIBRARYS = 1 << 31 | 1 << 32
"""Signals 32 and 33 are the C library's own: whatever it starts by posix_spawn(3), as make does, has them ignored."""


@pytest.fixture(scope="module", params=LAUNCHERS)
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, web: tuple[str, Path]
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp(request.param)
    with cluster(folder, request.param, f"--fetcher_local_roots=/usr:{web[1]}") as pair:
        yield pair


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """An HTTP server and the folder it serves."""
    folder = tmp_path_factory.mktemp("web")

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", folder
    server.shutdown()


# --- running ----------------------------------------------------------------------------------------------------------


def test_a_task_writes_to_plain_files_and_finishes(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "hello", "echo out; echo err >&2; pwd")
    ended = master.status("hello")
    assert master.states("hello") == ["STARTING", "RUNNING", "FINISHED"]
    assert ended.message == "Command exited with status 0"
    assert ended.source is not None and ended.source.value == "SOURCE_EXECUTOR"
    text = agent.text("hello")
    inside = "/mnt/mesos/sandbox" if agent.launcher == "linux" else str(agent.sandbox("hello"))
    assert text == f"out\n{inside}\n"
    assert agent.text("hello", "stderr") == "err\n"
    status = master.status("hello", "RUNNING")
    assert status.container_status is not None and status.container_status.container_id is not None
    assert status.container_status.container_id.value == agent.sandbox("hello").name
    master.until_gone("hello")
    checkpoint = agent.work_dir / "meta" / "tasks" / f"{agent.sandbox('hello').name}.json"
    wait_for(lambda: not checkpoint.exists(), what="the checkpoint's removal")


def test_a_tasks_environment_names_its_task_its_sandbox_and_its_agent(master: PretendedMaster, agent: Agent) -> None:
    own = {"variables": [{"name": "GREETING", "value": "grüß dich"}, {"name": "PATH", "value": "/usr/bin:/bin"}]}
    master.run(ID, "environment", {"value": "env -0", "environment": own})
    master.status("environment", "FINISHED")
    found = dict(entry.split("=", 1) for entry in agent.text("environment").split("\0") if entry)
    sandbox = str(agent.sandbox("environment"))
    inside = "/mnt/mesos/sandbox" if agent.launcher == "linux" else sandbox
    assert found["MESOS_TASK_ID"] == found["MESOS_EXECUTOR_ID"] == "environment"
    assert found["MESOS_SANDBOX"] == inside and found["MESOS_DIRECTORY"] == sandbox
    assert found["MESOS_FRAMEWORK_ID"] == "framework-1" and found["MESOS_SLAVE_ID"] == ID
    assert found["MESOS_AGENT_ENDPOINT"] == agent.url.removeprefix("http://")
    assert found["LIBPROCESS_IP"] == "127.0.0.1" and found["MESOS_ALLOCATION_ROLE"] == "*"
    assert found["GREETING"] == "grüß dich" and found["PATH"] == "/usr/bin:/bin"
    assert "MESOS_CHECKPOINT" not in found
    assert not [name for name in found if name.startswith(("PYTEST", "VIRTUAL"))], "the agent's own environment leaks"


def test_a_command_without_shell_gets_its_arguments_as_they_are(master: PretendedMaster, agent: Agent) -> None:
    arguments = ["printf", "%s|", "a b", "$HOME", "'"]
    master.run(ID, "arguments", {"shell": False, "value": "/usr/bin/printf", "arguments": arguments})
    master.status("arguments", "FINISHED")
    assert agent.text("arguments") == "a b|$HOME|'|"


ODD_NAMES = (
    "a.b",
    "A-B",
    "1st",
    "with space",
    "ü",
    "PPID",
    "PWD",
    "OLDPWD",
    "OPTIND",
    "PS1",
    "IFS",
    "LINENO",
    "_",
    "SHLVL",
    "%",
)
ODD_VALUES = ("", " ", "a\nb", "'\"`$(x)", "=", "grüß ☃", "\x01\x7f", "\t x ", "-", "*")
REPORT = "for name in 'cmdline', 'environ': print(open(f'/proc/self/{name}', errors='surrogateescape').read(), end='')"


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("zeroth", ["/usr/bin/python3", "another name"])
def test_a_command_gets_exactly_the_arguments_and_the_environment_it_was_given(
    master: PretendedMaster, agent: Agent, zeroth: str, odd: bool
) -> None:
    """Whatever stands in front of it: no shell's idea of a variable, no name left out, none added."""
    own = {name: ODD_VALUES[number % len(ODD_VALUES)] for number, name in enumerate(ODD_NAMES)}
    own |= {f"N{number}": value for number, value in enumerate(ODD_VALUES)}
    own |= {"HOME": "", "TINI_VERBOSITY": "3", "TINI_SUBREAPER": ""} if odd else {}
    variables = [{"name": name, "value": value} for name, value in own.items()]
    arguments = [zeroth, "-I", "-S", "-c", REPORT, *ODD_VALUES, "--", "-x"]
    name = f"exact-{zeroth[-4:]}-{odd}"
    command = {"shell": False, "value": "/usr/bin/python3", "arguments": arguments}
    master.run(ID, name, {**command, "environment": {"variables": variables}})
    master.status(name, "FINISHED")
    told = agent.text(name).removesuffix("\0").split("\0")
    assert told[: len(arguments)] == arguments
    entries = told[len(arguments) :]
    found = dict(entry.split("=", 1) for entry in entries)
    assert len(found) == len(entries)
    assert {name: found.get(name) for name in own} == own
    ours = {"PATH", "HOME", "USER", "LIBPROCESS_IP", *(name for name in found if name.startswith("MESOS_"))}
    assert set(found) == ours | set(own)
    assert agent.text(name, "stderr") == ""


def test_a_command_begins_with_no_signal_ignored_or_blocked(master: PretendedMaster, agent: Agent) -> None:
    for number, zeroth in enumerate(("/bin/grep", "grep")):
        arguments = [zeroth, "^Sig[BI]", "/proc/self/status"]
        master.run(ID, f"signals-{number}", {"shell": False, "value": "/bin/grep", "arguments": arguments})
        master.status(f"signals-{number}", "FINISHED")
        pairs = [line.split() for line in agent.text(f"signals-{number}").splitlines()]
        assert {name: int(mask, 16) & ~LIBRARYS for name, mask in pairs} == {"SigBlk:": 0, "SigIgn:": 0}


def test_a_file_without_an_interpreters_name_is_the_shells(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "plain", "echo 'echo I am $1' > script; chmod +x script; exec /usr/bin/env ./script here")
    master.status("plain", "FINISHED")
    assert agent.text("plain") == "I am here\n"


@pytest.mark.parametrize(
    ("name", "command", "told"),
    [
        (
            "large-variable",
            {"value": "true", "environment": {"variables": [{"name": "BIG", "value": "v" * 200_000}]}},
            "BIG takes",
        ),
        ("large-command", {"value": ": " + "v" * 200_000}, "the shell command takes 200003 bytes"),
        ("large-argument", {"shell": False, "value": "true", "arguments": ["true", "v" * 200_000]}, "argument 1 takes"),
        (
            "large-in-all",
            {
                "value": "true",
                "environment": {"variables": [{"name": f"B{n}", "value": "v" * 120_000} for n in range(70)]},
            },
            "together",
        ),
        (
            "many-variables",
            {"value": "true", "environment": {"variables": [{"name": f"B{n}", "value": ""} for n in range(5000)]}},
            "more than 4096 together",
        ),
        ("nameless", {"shell": False, "value": "/bin/true", "arguments": [""]}, "argument 0 is empty"),
    ],
)
def test_what_the_kernel_cannot_execute_is_refused_with_the_reason(
    master: PretendedMaster, agent: Agent, name: str, command: dict[str, Any], told: str
) -> None:
    master.run(ID, name, command)
    ended = master.status(name)
    assert ended.state.value == "TASK_FAILED"
    assert ended.reason is not None and ended.reason.value == "REASON_CONTAINER_LAUNCH_FAILED"
    assert ended.message is not None and told in ended.message and "vvv" not in ended.message


@pytest.mark.parametrize(
    ("name", "command", "message"),
    [
        ("three", "exit 3", "Command exited with status 3"),
        ("sig9", "kill -9 $$", "Command terminated with signal Killed"),
        ("nofile", "exec /no/such/program", "Command exited with status 127"),
    ],
)
def test_a_failure_is_told_in_mesos_words(
    master: PretendedMaster, agent: Agent, name: str, command: str, message: str
) -> None:
    master.run(ID, name, command)
    ended = master.status(name)
    assert (ended.state.value, ended.message, ended.reason) == ("TASK_FAILED", message, None)


def test_a_program_that_does_not_exist_fails_and_says_so_in_stderr(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "missing", {"shell": False, "value": "/no/such/program"})
    assert master.status("missing").state.value == "TASK_FAILED"
    assert "/no/such/program" in agent.text("missing", "stderr")


def test_a_user_that_does_not_exist_is_named_in_mesos_words(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "nobody-there", {"value": "true", "user": "nosuchuser"})
    ended = master.status("nobody-there")
    if os.geteuid() == 0:
        assert ended.message is not None and ended.message.endswith("No such user 'nosuchuser'")
        assert ended.reason is not None and ended.reason.value == "REASON_EXECUTOR_TERMINATED"
    assert ended.state.value == "TASK_LOST"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can run tasks as somebody else")
def test_a_task_runs_as_the_user_it_names_and_owns_its_sandbox(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "user", {"value": "id -un; touch mine; cat /etc/shadow", "user": "daemon"})
    master.status("user", "FAILED")
    assert agent.text("user") == "daemon\n"
    assert (agent.sandbox("user") / "mine").owner() == "daemon"
    assert agent.sandbox("user").owner() == "daemon"


# --- killing ----------------------------------------------------------------------------------------------------------


def test_a_killed_task_may_clean_up(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "polite", "trap 'echo bye; exit 9' TERM; echo ready; while :; do sleep 0.1; done")
    wait_for(lambda: "ready" in agent.text("polite"), what="the trap")
    master.kill(ID, "polite", grace_seconds=240)
    ended = master.status("polite")
    assert master.states("polite") == ["STARTING", "RUNNING", "KILLING", "KILLED"]
    assert ended.message == "Command exited with status 9"
    assert agent.text("polite").endswith("bye\n")


def test_a_task_that_does_not_listen_is_forced_after_its_grace(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "deaf", "trap '' TERM; echo ready; while :; do sleep 0.1; done")
    wait_for(lambda: "ready" in agent.text("deaf"), what="the trap")
    master.kill(ID, "deaf", grace_seconds=0.5)
    assert master.status("deaf").message == "Command terminated with signal Killed"


def test_a_kill_reaches_children_that_left_the_group(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "family", "setsid sleep 5017 & setsid setsid sleep 5018 & echo ready; wait; wait")
    wait_for(lambda: agent.pids("sleep\x005017") and agent.pids("sleep\x005018"), what="the children")
    master.kill(ID, "family", grace_seconds=1)
    master.status("family", "KILLED")
    master.until_gone("family")  # the end is told before the rest of the container is gone
    assert not agent.pids("sleep\x005017") and not agent.pids("sleep\x005018")


def test_what_a_task_left_running_ends_with_it(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "daemonizer", "setsid sleep 5019 >/dev/null 2>&1 & exit 0")
    master.status("daemonizer", "FINISHED")
    master.until_gone("daemonizer")
    assert not agent.pids("sleep\x005019")


def test_a_task_is_killed_while_it_is_fetched(master: PretendedMaster, agent: Agent) -> None:

    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(240)
        uri = {"value": f"http://127.0.0.1:{silent.getsockname()[1]}/never"}
        master.run(ID, "fetching", {"value": "true", "uris": [uri]})
        connection, _ = silent.accept()
        with connection:
            assert connection.recv(100).startswith(b"GET /never")
            master.kill(ID, "fetching")
            ended = master.status("fetching")
    assert ended.state.value == "TASK_KILLED" and master.states("fetching") == ["KILLED"]
    assert ended.reason is not None and ended.reason.value == "REASON_TASK_KILLED_DURING_LAUNCH"


def test_a_task_ends_when_its_completion_time_is_over(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "late", "sleep 1000", max_completion_time={"nanoseconds": 300_000_000})
    ended = master.status("late")
    assert ended.state.value == "TASK_FAILED"
    assert ended.reason is not None and ended.reason.value == "REASON_MAX_COMPLETION_TIME_REACHED"


def test_a_task_whose_image_cannot_be_had_is_refused_clearly(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "image", "true", container={"type": "DOCKER", "docker": {"image": "nginx"}})
    ended = master.status("image")
    assert ended.state.value == "TASK_FAILED" and ended.message is not None
    assert ("runs no images" if agent.launcher == "posix" else "names no registry") in ended.message


# --- fetching ---------------------------------------------------------------------------------------------------------


def test_uris_are_fetched_unpacked_and_made_executable(
    master: PretendedMaster, agent: Agent, web: tuple[str, Path]
) -> None:
    url, folder = web
    with tarfile.open(folder / "app.tgz", "w:gz") as archive:
        info = tarfile.TarInfo("app/run.sh")
        data = b"#!/bin/sh\necho from the archive\n"
        info.size, info.mode = len(data), 0o755
        archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("app/latest")
        link.type, link.linkname = tarfile.SYMTYPE, "run.sh"
        archive.addfile(link)
    with zipfile.ZipFile(folder / "data.zip", "w") as zipped:
        zipped.writestr("data/words.txt", "zipped words\n")
    (folder / "tool").write_text("#!/bin/sh\necho tool\n")
    (folder / "tool").chmod(0o644)
    uris = [
        {"value": f"{url}/app.tgz?version=1"},
        {"value": f"{url}/data.zip"},
        {"value": f"{url}/tool", "executable": True, "output_file": "bin/mytool"},
        {"value": f"file://{folder}/data.zip", "extract": False, "output_file": "kept.zip"},
        {"value": f"{folder}/tool", "output_file": "plain"},
    ]
    master.run(ID, "fetch", {"value": "app/latest && bin/mytool && cat data/words.txt plain", "uris": uris})
    ended = master.status("fetch")
    assert ended.state.value == "TASK_FINISHED", agent.text("fetch", "stderr")
    assert agent.text("fetch") == "from the archive\ntool\nzipped words\n#!/bin/sh\necho tool\n"
    assert (agent.sandbox("fetch") / "kept.zip").exists()
    assert "Fetching" in agent.text("fetch", "stderr")


def _evil_tar(path: Path, kind: str) -> None:
    with tarfile.open(path, "w:gz") as archive:
        if kind == "dots":
            info = tarfile.TarInfo("../../escaped")
        else:
            link = tarfile.TarInfo("door")
            link.type, link.linkname = tarfile.SYMTYPE, "../.." if kind == "link" else "/tmp"
            archive.addfile(link)
            info = tarfile.TarInfo("door/escaped")
        info.size = 1
        archive.addfile(info, io.BytesIO(b"x"))


@pytest.mark.parametrize("kind", ["dots", "link", "absolute-link"])
def test_an_archive_never_writes_outside_the_sandbox(
    master: PretendedMaster, agent: Agent, web: tuple[str, Path], kind: str
) -> None:
    url, folder = web
    _evil_tar(folder / f"{kind}.tgz", kind)
    master.run(ID, f"evil-{kind}", {"value": "true", "uris": [{"value": f"{url}/{kind}.tgz"}]})
    ended = master.status(f"evil-{kind}")
    assert ended.state.value == "TASK_FAILED"
    assert ended.message is not None and "outside the sandbox" in ended.message
    # Containers come and go meanwhile: os.walk lives with that, Path.rglob does not.
    found = [name for _, folders, files in os.walk(agent.work_dir) for name in folders + files]
    assert found and not [name for name in found if name.startswith("escaped")]
    assert not Path("/tmp/escaped").exists()


@pytest.mark.parametrize(
    ("name", "uri", "why"),
    [
        ("404", {"value": "{url}/nothing"}, "HTTP 404"),
        ("nofile", {"value": "file:///usr/no/such/file"}, "No such file"),
        ("scheme", {"value": "hdfs://namenode/x"}, "hdfs:// is not supported"),
        ("relative", {"value": "some/path"}, "relative path"),
        ("output", {"value": "{url}/", "output_file": "../out"}, "outside the sandbox"),
        ("meta", {"value": "{work_dir}/meta/agent.json"}, "not for tasks"),
    ],
)
def test_a_failed_fetch_says_what_failed_in_mesos_words(
    master: PretendedMaster, agent: Agent, web: tuple[str, Path], name: str, uri: dict[str, str], why: str
) -> None:
    filled = {key: value.format(url=web[0], work_dir=agent.work_dir) for key, value in uri.items()}
    master.run(ID, f"bad-{name}", {"value": "true", "uris": [filled]})
    ended = master.status(f"bad-{name}")
    assert ended.state.value == "TASK_FAILED" and ended.message is not None
    container = agent.sandbox(f"bad-{name}").name
    assert ended.message.startswith(
        f"Failed to launch container: Failed to fetch all URIs for container '{container}': exited with status 1"
    )
    assert why in ended.message
    assert ended.reason is not None and ended.reason.value == "REASON_CONTAINER_LAUNCH_FAILED"


def test_no_task_fetches_another_ones_sandbox(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "owner", "echo mine > secret; sleep 1000")
    master.status("owner", "RUNNING")
    secret = agent.sandbox("owner") / "secret"
    wait_for(secret.exists, what="the owner's secret")
    for number, value in enumerate((f"file://{secret}", f"/usr/..{secret}", f"file:///proc/self/root{secret}")):
        master.run(ID, f"thief{number}", {"value": "true", "uris": [{"value": value}]})
        ended = master.status(f"thief{number}")
        assert ended.state.value == "TASK_FAILED" and ended.message is not None
        assert "not for tasks" in ended.message and "--fetcher_local_roots" in ended.message


def test_a_body_cut_short_and_a_wrong_password_are_told_without_the_password(
    master: PretendedMaster, agent: Agent
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(240)
        uri = {"value": f"http://me:s3cret@127.0.0.1:{server.getsockname()[1]}/app.tgz"}
        master.run(ID, "short", {"value": "true", "uris": [uri]})
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nshort")
        ended = master.status("short")
    assert ended.message is not None and "5 of 1000 bytes" in ended.message and "/app.tgz" in ended.message
    told = ended.message + agent.text("short", "stderr") + agent.log.read_text()
    assert "s3cret" not in told and "Traceback" not in agent.text("short", "stderr")


# --- what the agent shows ---------------------------------------------------------------------------------------------


def test_state_lists_the_executor_under_the_task_id_with_its_sandbox(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "shown", "sleep 1000")
    master.status("shown", "RUNNING")
    for path in ("/state", "/slave(1)/state", "/slave%281%29/state.json", "/state.json", "/slave(1)/state/"):
        status, state = agent.get(path)
        assert status == 200, path
    assert state["id"] == ID and state["hostname"] == "agent.test" and state["version"] == "1.11.0"
    assert state["resources"]["cpus"] == 4.0 and state["resources"]["ports"] == "[31000-32000]"
    assert state["flags"]["launcher"] == agent.launcher
    executors = {executor["id"]: executor for executor in state["frameworks"][0]["executors"]}
    executor = executors["shown"]
    assert executor["directory"] == str(agent.sandbox("shown"))
    assert [task["state"] for task in executor["tasks"]] == ["TASK_RUNNING"]
    assert executor["tasks"][0]["executor_id"] == ""
    wait_for(lambda: agent.get("/metrics/snapshot")[1]["slave/tasks_running"] >= 1.0)

    def shown() -> Any:
        return next(one for one in agent.get("/containers")[1] if one["executor_id"] == "shown")

    # The kernel adds small amounts of memory up a moment later.
    wait_for(lambda: shown()["statistics"]["mem_rss_bytes"] > 0, what="memory of the task")
    assert shown()["status"]["executor_pid"] > 0
    _, statistics = agent.get("/monitor/statistics")
    assert "shown" in [one["executor_id"] for one in statistics]
    master.kill(ID, "shown", 0)
    master.until_gone("shown")
    completed = agent.get("/state")[1]
    everything = [*completed["frameworks"], *completed["completed_frameworks"]]
    assert "shown" in [executor["id"] for one in everything for executor in one["completed_executors"]]


def test_health_and_version_answer(agent: Agent) -> None:
    assert agent.get("/health") == (200, "")
    assert agent.get("/version")[1]["version"] == "1.11.0"
    assert agent.get("/flags")[1]["flags"]["work_dir"] == str(agent.work_dir)
    assert agent.get("/nothing")[0] == 404
    assert ask(f"{agent.url}/state", "POST", {})[0] == 405


def test_sandboxes_are_browsed_read_and_downloaded(master: PretendedMaster, agent: Agent) -> None:
    master.run(
        ID, "files", "printf 'hello world' > greeting; mkdir sub; printf '\\377\\303' > bytes; ln -s greeting link"
    )
    master.status("files", "FINISHED")
    sandbox = str(agent.sandbox("files"))
    virtual = "/frameworks/framework-1/executors/files/runs/latest"
    for base in (sandbox, virtual, sandbox.rpartition("/")[0] + "/latest"):
        status, listing = agent.get(f"/files/browse?path={quote(base)}")
        assert status == 200
        names = {entry["path"].rpartition("/")[2]: entry for entry in listing}
        assert {"greeting", "stdout", "stderr", "sub"} <= set(names)
        assert names["greeting"]["size"] == 11 and names["greeting"]["mode"].startswith("-rw")
        assert names["sub"]["mode"].startswith("d") and names["link"]["mode"].startswith("l")
        for prefix in ("/files/read", "/slave(1)/files/read", "/files/read.json"):
            assert agent.get(f"{prefix}?path={quote(base)}/greeting&offset=-1") == (200, {"data": "", "offset": 11})
        read = f"/files/read?path={quote(base)}/greeting"
        assert agent.get(f"{read}&offset=6&length=3") == (200, {"data": "wor", "offset": 6})
        assert agent.get(f"{read}&offset=0") == (200, {"data": "hello world", "offset": 0})
        assert agent.get(f"{read}&offset=50") == (200, {"data": "", "offset": 50})
        assert agent.get(f"/files/download?path={quote(base)}/link") == (200, "hello world")
    data = agent.get(f"/files/read?path={quote(sandbox)}/bytes&offset=0")[1]["data"]
    assert data.encode("utf-8", "surrogateescape") == b"\xff\xc3"
    assert agent.get(f"/files/read?path={quote(sandbox)}&offset=0")[0] == 400
    assert agent.get("/files/read")[0] == 400
    assert agent.get(f"/files/read?path={quote(sandbox)}/greeting&offset=-2")[0] == 400


def test_nothing_outside_a_sandbox_can_be_read(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "links", "ln -s /etc/passwd passwd; ln -s / root; ln -s ../.. up; mkfifo pipe")
    master.status("links", "FINISHED")
    sandbox = str(agent.sandbox("links"))
    for path in (
        "/etc/passwd",
        f"{sandbox}/passwd",
        f"{sandbox}/root/etc/passwd",
        f"{sandbox}/up",
        f"{sandbox}/../../../../../../../../meta/agent.json",
        f"{agent.work_dir}/meta/agent.json",
        f"{agent.work_dir}/slaves",
        f"{sandbox}/pipe",
        f"{sandbox}/nothing",
        "/frameworks/../../meta/agent.json",
    ):
        for what in ("read", "download", "browse"):
            status, answer = agent.get(f"/files/{what}?path={quote(path)}&offset=0")
            assert status in (400, 404) or answer == [], f"{what} {path}: {status} {answer}"


# --- the linux launcher's own -----------------------------------------------------------------------------------------


only_linux = pytest.mark.parametrize("both", ["linux"], indirect=True)


@only_linux
def test_a_task_over_its_memory_is_killed_and_says_why(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "hog", "exec /usr/bin/python3 -c 'x = b\"a\" * (200 << 20)'", mem=48.0)
    ended = master.status("hog")
    assert ended.state.value == "TASK_FAILED"
    assert ended.reason is not None and ended.reason.value == "REASON_CONTAINER_LIMITATION_MEMORY"
    assert ended.message is not None and ended.message.startswith("Memory limit exceeded: Requested: 48MB")


@only_linux
def test_the_cpu_limit_is_what_the_task_asked_for(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "half", "sleep 1000", cpus=0.5)
    master.status("half", "RUNNING")
    cgroup = f"{agent.cgroups_root}/{agent.sandbox('half').name}"
    assert cpu_limits(agent.sandbox("half").name) in (
        {"cpu.max": "50000 100000"},
        {"cpu.cfs_quota_us": "50000", "cpu.cfs_period_us": "100000", "cpu.shares": "512"},
    )
    statistics = next(one for one in agent.get("/containers")[1] if one["executor_id"] == "half")["statistics"]
    assert statistics["mem_limit_bytes"] == 64 << 20 and "cpus_nr_periods" in statistics
    master.kill(ID, "half", 0)
    master.until_gone("half")
    assert not [path for path in Path("/sys/fs/cgroup").glob(f"*/{cgroup}") if path.exists()]


@only_linux
def test_a_task_is_alone_with_an_allowlist_of_the_host(master: PretendedMaster, agent: Agent) -> None:
    master.run(
        ID,
        "inside",
        f"ls -A /root /home /var/lib /run; ls /etc/shadow /etc/ssh {agent.work_dir}; touch /usr/x /etc/x;"
        " grep -c . /proc/1/mounts; cat /proc/1/comm; ps -e -o comm= 2>/dev/null;"
        " grep -E '^(NoNewPrivs|CapEff)' /proc/self/status; echo kept > /tmp/x && cat /tmp/x; mknod /tmp/m b 8 0;"
        " head -c1 /tmp/m; echo end",
    )
    master.status("inside", "FINISHED")
    out, errors = agent.text("inside"), agent.text("inside", "stderr")
    assert "end\n" in out and "kept\n" in out
    assert "NoNewPrivs:\t1" in out and "CapEff:\t00000000a80405fb" in out, out
    for path in ("/etc/shadow", "/etc/ssh", str(agent.work_dir)):
        assert f"'{path}': No such file" in errors, errors
    assert errors.count("Read-only file system") == 2
    assert "dcos-agent" not in out


@only_linux
def test_sigterm_reaches_a_first_process_that_does_not_ask_for_it(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "plain-sleep", {"shell": False, "value": "/usr/bin/sleep", "arguments": ["sleep", "5020"]})
    status = master.status("plain-sleep", "RUNNING")
    assert status.container_status is not None
    wait_for(lambda: agent.pids("sleep\x005020"), what="the sleep")
    master.kill(ID, "plain-sleep", grace_seconds=240)
    assert master.status("plain-sleep").message == "Command terminated with signal Terminated"


@only_linux
def test_an_interrupt_is_not_ignored_by_default(master: PretendedMaster, agent: Agent) -> None:
    master.run(ID, "interrupt", "grep SigIgn /proc/self/status")
    master.status("interrupt", "FINISHED")
    mask = int(agent.text("interrupt").split()[1], 16)
    assert not mask & (1 << (signal.SIGINT - 1)) and not mask & (1 << (signal.SIGQUIT - 1))


@only_linux
def test_python3_is_there_inside(master: PretendedMaster, agent: Agent) -> None:
    assert shutil.which("python3", path="/usr/bin")
    master.run(
        ID, "python", "/usr/bin/python3 -c 'import ssl, socket; print(socket.getaddrinfo(\"localhost\", 1)[0][4][0])'"
    )
    master.status("python", "FINISHED")
    assert agent.text("python").strip() in ("127.0.0.1", "::1")
