"""Agents without containers and made-up frameworks, over real HTTP in front of a real master."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import documented
from tests.support.daemons.byhand import PATIENCE
from tests.support.mesos.rawclient import Master, request, until

AGENTS, TASKS = 40, 160
DEADLINE = 240.0 * PATIENCE


@pytest.fixture
def master(tmp_path: Path) -> Iterator[Master]:
    master = Master(tmp_path / "work", "--allocation_interval=100ms").start().leads()
    yield master
    master.stop()


def command(master: Master, *words: str) -> list[str]:
    start = [sys.executable, "-m", "dcos_runtime.sim", "--http", f"--master=127.0.0.1:{master.port}"]
    return [*start, f"--agents={AGENTS}", *words]


def documented_commands() -> list[tuple[str, ...]]:
    """Their words after the program."""
    return [
        one.words[3:]
        for one in documented.all_commands()
        if one.words[:3] == ("python", "-m", "dcos_runtime.sim") and "--http" in one.words
    ]


def metrics(master: Master) -> dict[str, Any]:
    answer = request(master.port, "GET", "/metrics/snapshot")
    return dict(json.loads(answer.body)) if answer.status == 200 else {}


def test_all_tasks_run_end_and_are_acknowledged(master: Master) -> None:
    words = ["--frameworks=3", "--roles=2", f"--tasks={TASKS}", "--per-accept=4", "--lasting=0.1", "--json"]
    done = subprocess.run(command(master, *words), capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stderr
    outcome = json.loads(done.stdout)
    assert (outcome["agents"], outcome["ran"], outcome["ended"], outcome["failed"]) == (AGENTS, TASKS, TASKS, 0)
    assert outcome["launches_per_second"] > 0
    assert outcome["to_running"] == sorted(outcome["to_running"])
    found = metrics(master)
    assert found["master/tasks_finished"] == TASKS
    assert found["master/tasks_lost"] == 0


def test_the_documented_commands_run(master: Master) -> None:
    found = documented_commands()
    assert found
    for words in found:
        start = [sys.executable, "-m", "dcos_runtime.sim", *words, f"--master=127.0.0.1:{master.port}"]
        done = subprocess.run(start, capture_output=True, text=True, timeout=DEADLINE)
        assert done.returncode == 0, done.stderr
        assert ("launches_per_second" if "--json" in words else "agents were registered after") in done.stdout


def test_agents_and_tasks_outlive_their_master(master: Master, tmp_path: Path) -> None:
    log = tmp_path / "fleet.log"
    with log.open("w") as output:
        fleet = subprocess.Popen(
            command(master, "--frameworks=1", f"--tasks={TASKS}", "--stay=100000"),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )
    try:
        until(lambda: metrics(master).get("master/tasks_running") == TASKS, "all tasks run", DEADLINE)
        master.kill()
        master.start()

        def back() -> bool:
            found = metrics(master)
            return (found.get("master/slaves_active"), found.get("master/tasks_running")) == (AGENTS, TASKS)

        until(back, "all agents and tasks are known again", DEADLINE)
        until(lambda: "all is done" in log.read_text(), "every update is acknowledged", DEADLINE)
        fleet.send_signal(signal.SIGINT)
        assert fleet.wait(DEADLINE) == 0, log.read_text()
        assert "they lost their master, and were all registered again after" in log.read_text()
    finally:
        fleet.kill()
        fleet.wait()


def test_a_fleet_that_cannot_have_its_connections_says_so() -> None:
    argv = f"ulimit -n 300 && exec {sys.executable} -m dcos_runtime.sim --http --agents=1000"
    done = subprocess.run(["bash", "-c", argv], capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 1
    assert "1000 agents and 1 frameworks need 1705 open files, and this process may have 300" in done.stderr


def test_a_fleet_that_is_told_to_end_before_says_how_far_it_is() -> None:
    words = ["--master=127.0.0.1:9", "--agents=2"]
    fleet = subprocess.Popen(
        [sys.executable, "-m", "dcos_runtime.sim", "--http", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert fleet.stdout is not None
    assert "0 of 2 agents registered" in fleet.stdout.readline()
    fleet.send_signal(signal.SIGTERM)
    _, errors = fleet.communicate(timeout=DEADLINE)
    assert fleet.returncode == 1
    assert "FAILED: it was told to end: " in errors
    assert "0 of 2 agents registered" in errors


def test_a_master_that_refuses_frameworks_is_told(tmp_path: Path) -> None:
    secrets = tmp_path / "credentials.json"
    secrets.write_text('{"credentials": [{"principal": "somebody", "secret": "else"}]}')
    secrets.chmod(0o600)
    flags = ["--authenticate_http_frameworks=true", f"--credentials={secrets}"]
    master = Master(tmp_path / "work", *flags).start().leads()
    try:
        done = subprocess.run(command(master, "--frameworks=2"), capture_output=True, text=True, timeout=DEADLINE)
        assert done.returncode == 1
        assert "FAILED: the master refuses a framework: " in done.stderr
        assert "Traceback" not in done.stderr
    finally:
        master.stop()


def test_agents_alone_are_a_fleet_too(master: Master) -> None:
    done = subprocess.run(command(master, "--frameworks=0", "--json"), capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["launches_per_second"] is None
