"""The `dcos` command against real daemons started by hand."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli.terminal import Terminal
from tests.support.daemons.byhand import PROGRAMS, Cluster, cluster, wait_for


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cli"), agents=2) as one:
        wait_for(lambda: one.dcos("marathon", "ping").returncode == 0, 60, "an init that is registered")
        wait_for(lambda: len(one.dcos("node", "list", "-q").stdout.split()) == 3, 60, "both agents")
        yield one


def good(made: Cluster, *words: str, stdin: str | None = None) -> str:
    """The output of a command that must succeed."""
    done = made.dcos(*words, stdin=stdin)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def bad(made: Cluster, *words: str, stdin: str | None = None) -> str:
    """The complaint of a command that must fail, without a traceback."""
    done = made.dcos(*words, stdin=stdin)
    assert done.returncode == 1, (words, done.stdout, done.stderr)
    assert "Traceback" not in done.stderr and "unexpected" not in done.stderr
    return done.stderr


def show(made: Cluster, app: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(good(made, "marathon", "app", "show", app))
    return found


def remove(made: Cluster, app: str) -> None:
    good(made, "marathon", "app", "remove", app, "--force", "--wait", "--timeout", "240")
    wait_for(lambda: not good(made, "ps", "-q", f"/{app}").split(), 60, f"an end of {app}")


def test_the_one_liner_runs_somewhere_and_its_output_can_be_read(made: Cluster) -> None:
    printed = good(made, "marathon", "run", "--port", "0", "echo hello from $PORT0; exec sleep 1000")
    fields = dict(line.split(None, 1) for line in printed.splitlines())
    assert re.fullmatch(r"/[a-z]+-[a-z]+-[0-9a-f]{4}", fields["id"])
    host, port = re.fullmatch(r"(agent[01]\.test) +ports (\d+)", fields["host"]).groups()
    task = fields["task"]

    row = next(line.split() for line in good(made, "ps").splitlines() if task in line)
    assert (row[1], row[3], row[4]) == (host, "TASK_RUNNING", task)
    log = lambda: good(made, "task", "log", fields["id"])  # noqa: E731
    assert wait_for(log, 60, "the task's output") == f"hello from {port}\n"
    assert good(made, "task", "log", task, "stderr") == ""
    shown = lambda: good(made, "ps", "--threads", fields["id"])  # noqa: E731
    wait_for(lambda: re.search(r"sleep 1000\n.* {sleep}\n", shown()), 60, "the task's process and its thread")
    remove(made, fields["id"].strip("/"))


def test_a_command_in_a_task_ends_as_it_should_and_says_why_it_cannot_run(made: Cluster) -> None:
    good(made, "marathon", "run", "--name", "one", "exec sleep 1000")
    done = made.dcos("task", "exec", "/one", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "out\n", "err\n")
    assert made.dcos("task", "exec", "/one", "sh", "-c", "kill -15 $$").returncode == 128 + 15
    assert good(made, "task", "exec", "-i", "/one", "wc", "-c", stdin="12345").strip() == "5"
    assert "-la" not in bad(made, "task", "exec", "/one", "no-such-program", "-la")
    assert "no running task matches" in bad(made, "task", "exec", "nothing", "true")
    assert made.dcos("task", "exec", "/one").returncode == 2
    environment = made.environment()
    with Terminal([str(PROGRAMS / "dcos"), "task", "exec", "-t", "/one", "tty"], environment, 24, 80) as shown:
        shown.until(b"/dev/pts/")
        assert shown.wait() == 0
    remove(made, "one")


def test_an_app_lives_through_all_its_commands(made: Cluster) -> None:
    definition = json.dumps({"id": "/life", "cmd": "echo $WORD; exec sleep 1000", "cpus": 0.1, "mem": 32})
    assert "Created deployment" in good(made, "marathon", "app", "add", "-", "--wait", stdin=definition)
    assert "/life" in good(made, "marathon", "app", "list")
    wait_for(lambda: show(made, "life")["tasksRunning"] == 1, 60, "a running instance")

    good(made, "marathon", "app", "update", "life", 'env={"WORD": "second"}', "--wait")
    wait_for(lambda: good(made, "task", "log", "/life") == "second\n", 60, "the new version's output")

    good(made, "marathon", "app", "scale", "life", "3", "--wait")
    assert wait_for(lambda: len(good(made, "ps", "-q", "/life").split()) == 3, 60, "three tasks")
    before = set(good(made, "marathon", "task", "list", "-q", "life").split())
    assert len(before) == 3

    good(made, "marathon", "app", "restart", "life", "--wait")
    replaced = lambda: not before & set(good(made, "ps", "-q", "/life").split())  # noqa: E731
    wait_for(replaced, 60, "new tasks")

    remove(made, "life")
    assert "/life" not in good(made, "marathon", "app", "list", "-q").split()
    assert before <= set(good(made, "ps", "-q", "--completed", "/life").split())


@contextlib.contextmanager
def following(made: Cluster, app: str) -> Iterator[subprocess.Popen[bytes]]:
    """`dcos task log -f` of the app's task from its beginning."""
    arguments = [str(PROGRAMS / "dcos"), "--master", made.master.url, "task", "log", "-f", "-n", "1000", f"/{app}"]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        stop = threading.Timer(600, process.kill)
        stop.start()
        try:
            yield process
        finally:
            stop.cancel()
            process.kill()


def ticks(process: subprocess.Popen[bytes], numbers: range) -> None:
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in numbers] == [b"tick %d\n" % number for number in numbers]


TICKER = "n=0; while true; do n=$((n+1)); echo tick $n; sleep 0.1; done"


def test_following_a_log_sees_what_is_written_and_ends_with_the_task(made: Cluster) -> None:
    good(made, "marathon", "run", "--name", "ticker", TICKER)
    with following(made, "ticker") as process:
        assert process.stdout is not None and process.stderr is not None
        ticks(process, range(1, 21))
        remove(made, "ticker")
        rest = process.stdout.read().splitlines()
        assert rest == [b"tick %d" % number for number in range(21, 21 + len(rest))]
        assert (process.wait(), process.stderr.read()) == (0, b"")


def test_following_a_log_goes_on_after_the_agent_was_killed_and_came_back(made: Cluster) -> None:
    good(made, "marathon", "run", "--name", "survivor", TICKER)
    task = json.loads(good(made, "ps", "--json", "/survivor"))[0]
    agent = made.agents[int(task["hostname"].removeprefix("agent")[0])]
    with following(made, "survivor") as process:
        assert process.stderr is not None
        ticks(process, range(1, 6))
        agent.kill()
        assert b"cannot reach the agent" in process.stderr.readline()
        agent.start()
        ticks(process, range(6, 31))
        remove(made, "survivor")
        assert process.wait() == 0


def complaint_about(made: Cluster, name: str, command: str) -> str:
    """That of a run whose command fails at once. On a busy host the news of that may come after the app has counted as
    one that runs: then another one is run.
    """
    for _ in range(20):
        done = made.dcos("marathon", "run", "--name", name, command)
        if done.returncode != 0:
            break
        remove(made, name)
    assert done.returncode == 1 and "Traceback" not in done.stderr, (done.stdout, done.stderr)
    return done.stderr


def test_the_output_of_a_task_that_ended_is_still_there(made: Cluster) -> None:
    complaint = complaint_about(made, "short", "echo last words; echo worse >&2; exit 3")
    assert "/short does not stay up: TASK_FAILED on agent" in complaint
    good(made, "marathon", "app", "scale", "short", "0", "--force")
    wait_for(lambda: not good(made, "ps", "-q", "/short").split(), 60, "the end of its tasks")
    # That very task: one that came after it may have been ended before it printed anything.
    (task,) = re.findall(r"dcos task log (\S+) stderr", complaint)
    assert good(made, "task", "log", task) == "last words\n"
    assert good(made, "task", "log", task, "stderr") == "worse\n"
    remove(made, "short")


def test_nodes_are_listed_with_what_they_have(made: Cluster) -> None:
    nodes = json.loads(good(made, "node", "list", "--json"))
    assert [node["type"] for node in nodes] == ["master (leader)", "agent", "agent"]
    rows = [line.split() for line in good(made, "node").splitlines()[2:]]
    assert [row[0] for row in rows] == ["agent0.test", "agent1.test"]
    for row in rows:
        assert row[1:4] == ["127.0.0.1", "agent", "active"]
        assert row[4].endswith("/4") and row[5].endswith("/4096") and row[6].endswith("/10240")


def test_an_app_no_agent_can_take_is_explained_and_locked_until_forced(made: Cluster) -> None:
    complaint = bad(made, "marathon", "run", "--name", "huge", "--cpus", "64", "--timeout", "1", "true")
    assert "no agent has 64 cpus free" in complaint
    deployment = good(made, "marathon", "deployment", "list", "-q", "huge").strip()
    locked = bad(made, "marathon", "app", "scale", "huge", "2")
    assert deployment in locked and "--force" in locked
    assert "Created deployment" in good(made, "marathon", "app", "update", "huge", "cpus=0.1", "--force", "--wait")
    remove(made, "huge")


def test_refusals_name_the_fault(made: Cluster) -> None:
    negative = bad(made, "marathon", "app", "add", stdin='{"id": "/bad", "cmd": "true", "cpus": -1, "mem": -1}')
    assert "/cpus" in negative and "/mem" in negative
    assert "does not exist" in bad(made, "marathon", "app", "show", "ghost")
    good(made, "marathon", "app", "add", stdin='{"id": "/twice", "cmd": "sleep 1000", "cpus": 0.1, "mem": 32}')
    assert "already exists" in bad(made, "marathon", "app", "add", stdin='{"id": "/twice", "cmd": "sleep 9"}')
    assert "did you mean /twice?" in bad(made, "marathon", "app", "remove", "twise")
    remove(made, "twice")


def test_about_says_which_init_answers(made: Cluster) -> None:
    about = json.loads(good(made, "marathon", "about"))
    assert about["name"] == "marathon" and about["version"]


def test_the_attached_cluster_of_the_users_folder_is_used(made: Cluster, tmp_path: Path) -> None:
    folder = tmp_path / "clusters" / "6f6e0f6e-0b0b-4c55-8b6a-000000000001"
    folder.mkdir(parents=True)
    (folder / "dcos.toml").write_text(f'[core]\ndcos_url = "{made.master.url}"\n[cluster]\nname = "by hand"\n')
    (folder / "attached").touch()
    environment = {name: value for name, value in os.environ.items() if name != "DCOS_URL"}
    done = subprocess.run(
        [str(PROGRAMS / "dcos"), "marathon", "ping"],
        capture_output=True,
        text=True,
        env=environment | {"DCOS_DIR": str(tmp_path)},
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert made.marathon.url.rpartition(":")[2] in done.stdout


def test_a_command_that_ends_at_once_is_shown_with_where_it_ran(made: Cluster) -> None:
    done = made.dcos("marathon", "run", "--name", "brief", "echo done")
    assert done.returncode == 0
    assert re.search(r"^host   agent[01]\.test$", done.stdout, re.MULTILINE)
    assert wait_for(lambda: good(made, "task", "log", "/brief"), 60, "its output") == "done\n"
    remove(made, "brief")


def test_an_agent_is_drained_its_task_moves_and_it_is_offered_again(made: Cluster) -> None:
    good(made, "marathon", "run", "--name", "moves", "exec sleep 1000")

    def host() -> str:
        rows = json.loads(good(made, "ps", "/moves", "--json"))
        return "".join(one["hostname"] for one in rows if one["state"] == "TASK_RUNNING")

    def status(agent: str) -> str:
        (found,) = [
            one["status"] for one in json.loads(good(made, "node", "list", "--json")) if one["hostname"] == agent
        ]
        return str(found)

    before = wait_for(host, 60, "a running task")
    done = made.dcos("node", "drain", before, "--max-grace-period=60s", "--wait", "--timeout=900", "--json")
    assert (done.returncode, json.loads(done.stdout)["status"]) == (0, "DRAINED"), done.stderr
    assert wait_for(lambda: host() not in ("", before) and host(), 60, "a task elsewhere").startswith("agent")
    assert re.search(rf"^{re.escape(before)} .*  drained  ", good(made, "node", "list"), re.MULTILINE)
    good(made, "node", "reactivate", before)
    assert status(before) == "ACTIVE"
    assert "Agent is not deactivated" in bad(made, "node", "reactivate", before)
    assert "2 agents match" in bad(made, "node", "drain", json.loads(good(made, "node", "list", "--json"))[1]["id"][:8])
    remove(made, "moves")
