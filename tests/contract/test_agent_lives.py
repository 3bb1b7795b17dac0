"""Deaths and returns: of the agent, of supervisors, of checkpoints, of the disk — with real processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent.clusters import LAUNCHERS, Pair, cluster, skip_without
from tests.support.daemons.agents import Agent, PretendedMaster, cgroups_of, pretended_cluster
from tests.support.daemons.byhand import Daemon, ask, wait_for
from tests.support.mesos import rawclient

ID = "agent-1"
PATIENT = {"grace_period": {"nanoseconds": 240 * 10**9}}
"""The policy of a kill whose signal is to be seen: on a busy host a task takes longer to end than 5 s."""


@pytest.fixture(params=LAUNCHERS)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    with cluster(tmp_path, request.param) as made:
        yield made


only_posix = pytest.mark.parametrize("pair", ["posix"], indirect=True)
"""For what is the same with either launcher: once is enough."""


def pid_of(master: PretendedMaster, task: str) -> int:
    status = master.status(task, "RUNNING").container_status
    assert status is not None and status.executor_pid is not None
    return status.executor_pid


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def parent(pid: int) -> int:
    """0 for a process that has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def supervisor_of(agent: Agent, task: str) -> int:
    container = agent.sandbox(task).name
    if agent.launcher == "posix":
        state = agent.work_dir / "containers" / "posix" / container / "state.json"
        return int(json.loads(state.read_text())["supervisor"]["pid"])
    return int((agent.work_dir / "containers" / "oci" / container / "conmon.pid").read_text())


@only_posix
def test_a_fetch_ends_with_its_agent_whatever_that_dies_of(pair: Pair) -> None:
    master, agent = pair
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}/x"
        master.run(ID, "fetches", {"value": "true", "uris": [{"value": uri}]})
        silent.settimeout(240)
        connection, _ = silent.accept()
        with connection:
            connection.settimeout(240)
            connection.recv(1000)
            agent.kill()
            assert connection.recv(1000) == b""
        agent.start()
        assert master.status("fetches").state.value == "TASK_LOST"


@only_posix
def test_the_fetchers_cache_serves_until_the_agent_dies_and_is_empty_then(pair: Pair, tmp_path: Path) -> None:
    master, agent = pair
    source, entries = tmp_path / "source", agent.work_dir / "fetch" / "entries"

    def fetched(task: str, text: str) -> str:
        source.write_text(text)
        master.run(ID, task, {"value": "cat source", "uris": [{"value": f"file://{source}", "cache": True}]})
        assert master.status(task).state.value == "TASK_FINISHED", agent.text(task, "stderr")
        return agent.text(task)

    def taken() -> tuple[float, int]:
        used = agent.get("/metrics/snapshot")[1]["containerizer/fetcher/cache_size_used_bytes"]
        return used, len(list(entries.iterdir()))

    assert fetched("first", "first") == fetched("second", "changed") == "first" and taken() == (5.0, 1)
    master.run(ID, "thief", {"value": "true", "uris": [{"value": f"file://{next(entries.iterdir())}"}]})
    assert "not for tasks" in str(master.status("thief").message)
    agent.kill()
    agent.start()
    assert taken() == (0.0, 0)
    assert fetched("third", "third") == "third" and taken() == (5.0, 1)


@pytest.mark.parametrize("pair", ["linux"], indirect=True)
def test_what_a_trial_container_left_is_removed_at_the_next_start(pair: Pair) -> None:
    _, agent = pair
    left = agent.work_dir / "containers" / "trial-left"
    left.mkdir()
    (left / "stdout").touch()
    agent.restart()
    assert not left.exists()


@only_posix
def test_what_is_over_and_its_outputs_are_there_after_a_kill_9(pair: Pair) -> None:
    master, agent = pair
    for task in ("first", "second"):
        master.run(ID, task, f"echo said by {task}")
        master.status(task, "FINISHED")
        master.until_gone(task)
    ends = {task: agent.sandbox(task).stat().st_mtime for task in ("first", "second")}
    meta = agent.work_dir / "meta"
    living = [meta / "tasks", meta / "frameworks"]  # what is over is written before these go
    wait_for(lambda: not any(list(folder.glob("[!.]*")) for folder in living), what="all checkpoints to go")
    (before,) = agent.get("/state")[1]["completed_frameworks"]
    agent.kill()
    log = meta / "history.log"
    log.write_bytes(log.read_bytes() + b"torn")
    agent.start()
    (after,) = agent.get("/state")[1]["completed_frameworks"]
    assert after == before
    executors = {one["id"]: one for one in after["completed_executors"]}
    assert list(executors) == ["first", "second"]
    for task, executor in executors.items():
        assert [one["state"] for one in executor["completed_tasks"][0]["statuses"]][-1] == "TASK_FINISHED"
        assert agent.get(f"/files/read?path={executor['directory']}/stdout&offset=0")[1]["data"] == f"said by {task}\n"
        assert executor["directory"] in agent.get("/files/debug")[1].values()
        assert agent.sandbox(task).stat().st_mtime == ends[task]  # its age counts from there
    agent.kill()
    log.write_bytes(log.read_bytes().replace(b'"name":"first"', b'"name":"FIRST"'))
    agent.start()
    (after,) = agent.get("/state")[1]["completed_frameworks"]
    assert [one["id"] for one in after["completed_executors"]] == ["second"]
    assert log.with_name("history.log.corrupt").exists()


def test_tasks_live_through_kill_9_of_the_agent_and_their_ends_are_known(
    pair: Pair,
) -> None:
    master, agent = pair
    master.run(ID, "stays", "echo ready; sleep 5031; echo over")
    master.run(ID, "ends", "trap 'exit 7' USR1; echo ready; while :; do sleep 0.1; done")
    master.run(ID, "dies", "echo ready; sleep 5033")
    pids = {task: pid_of(master, task) for task in ("stays", "ends", "dies")}
    for task in pids:
        wait_for(lambda task=task: "ready" in agent.text(task), what=f"{task} to run")  # type: ignore[misc]  # mypy infers no lambda with a default
    agent.kill()
    # In a container the first process is an init, and the task's own shell its child. (What the shell forks has the
    # shell's own command line until it has become a `sleep`.)
    shells = [pid for pid in agent.pids("sh\x00-c\x00trap 'exit 7' USR1") if parent(pid) == pids["ends"]]
    os.kill(shells[0] if agent.launcher == "linux" else pids["ends"], signal.SIGUSR1)
    os.kill(pids["dies"], signal.SIGKILL)
    wait_for(lambda: not running(pids["ends"]) and not running(pids["dies"]), what="two of the tasks to end")
    agent.start()
    assert master.status("ends").message == "Command exited with status 7"
    assert master.status("dies").message == "Command terminated with signal Killed"
    assert running(pids["stays"]) and master.states("stays") == ["STARTING", "RUNNING"]
    told = master.connects[-1]
    assert told.agent.id is not None and told.agent.id.value == ID
    state = agent.get("/state")[1]
    executors = {one["id"]: one for one in state["frameworks"][0]["executors"]}
    assert executors["stays"]["tasks"][0]["state"] == "TASK_RUNNING"
    master.kill(ID, "stays")
    assert master.status("stays").state.value == "TASK_KILLED"
    master.until_gone("stays")


@only_posix
def test_an_update_nobody_acknowledged_is_sent_again_by_the_next_agent(pair: Pair) -> None:
    master, agent = pair
    master.acknowledging = False
    master.run(ID, "t", "sleep 5034")
    first = master.status("t", "STARTING")
    agent.kill()
    master.updates.clear()
    master.acknowledging = True
    agent.start()
    assert master.status("t", "STARTING").uuid == first.uuid
    master.status("t", "RUNNING")


def test_a_supervisor_that_is_killed_takes_its_task_with_it(pair: Pair) -> None:
    master, agent = pair
    master.run(ID, "t", "setsid sleep 5035 & sleep 5035")
    master.run(ID, "other", "sleep 5036")
    pid = pid_of(master, "t")
    pid_of(master, "other")
    os.kill(supervisor_of(agent, "t"), signal.SIGKILL)
    ended = master.status("t")
    assert ended.state.value == "TASK_LOST" and ended.message is not None and "supervisor" in ended.message
    assert not running(pid) and not agent.pids("sleep\x005035")
    assert master.states("other") == ["STARTING", "RUNNING"]


def test_a_task_without_supervisor_is_killed_when_the_agent_comes_back(pair: Pair) -> None:
    master, agent = pair
    master.run(ID, "t", "setsid sleep 5037 & sleep 5037")
    pid = pid_of(master, "t")
    wait_for(lambda: len(agent.pids("sleep\x005037")) == 2)
    agent.kill()
    os.kill(supervisor_of(agent, "t"), signal.SIGKILL)
    assert running(pid)
    agent.start()
    ended = master.status("t")
    assert ended.state.value == "TASK_LOST" and ended.message is not None and "supervisor" in ended.message
    assert not running(pid) and not agent.pids("sleep\x005037")


def test_a_task_that_vanished_with_its_supervisor_is_lost_and_cleared_away(pair: Pair) -> None:
    """As after a reboot, when the runtime's own state was not on a tmpfs."""
    master, agent = pair
    master.run(ID, "t", "sleep 5045")
    pid = pid_of(master, "t")
    agent.kill()
    os.kill(supervisor_of(agent, "t"), signal.SIGKILL)
    for victim in {pid, *agent.pids("sleep\x005045")}:
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
    wait_for(lambda: not running(pid))
    agent.start()
    ended = master.status("t")
    assert ended.state.value == "TASK_LOST" and ended.message is not None and "were gone" in ended.message
    master.until_gone("t")
    assert not [path for path in cgroups_of(agent.cgroups_root) if path.name != agent.cgroups_root]
    assert not list((agent.work_dir / "run").glob("oci/*"))


def test_a_checkpoint_that_cannot_be_read_costs_its_own_task_only(pair: Pair) -> None:
    master, agent = pair
    master.run(ID, "hit", "sleep 5038")
    master.run(ID, "spared", "sleep 5039")
    hit, spared = pid_of(master, "hit"), pid_of(master, "spared")
    agent.kill()
    checkpoint = agent.work_dir / "meta" / "tasks" / f"{agent.sandbox('hit').name}.json"
    checkpoint.write_bytes(checkpoint.read_bytes()[:40])
    agent.start()
    master.until(lambda: len(master.connects) >= 2, "the agent")
    assert len(master.connects[-1].tasks) == 1, "the master learns by its absence that the task is lost"
    wait_for(lambda: not running(hit), what="the end of the task nobody knows any more")
    assert running(spared)
    assert "cannot be read" in agent.log.read_text() and list(checkpoint.parent.glob("*.corrupt"))


@only_posix
def test_an_agent_comes_back_to_its_tasks_with_more_and_not_with_less(pair: Pair) -> None:
    master, agent = pair
    master.run(ID, "t", "sleep 5046")
    pid = pid_of(master, "t")
    agent.kill()
    given = next(flag for flag in agent.argv if flag.startswith("--resources="))
    agent.argv.remove(given)
    agent.argv.append(given.replace("cpus:4", "cpus:3"))
    with pytest.raises(AssertionError) as refused:
        agent.start()
    assert "the resources were cpus:4 and are cpus:3; 1 of its tasks run; give back" in str(refused.value)
    assert running(pid)
    agent.argv[-1:] = [given.replace("cpus:4", "cpus:5"), "--attributes=rack:r1"]
    agent.start()
    master.until(lambda: len(master.connects) == 2, "the agent")
    assert [one.task_id for one in master.connects[-1].tasks] == ["t"] and running(pid)
    agent.kill()
    agent.argv[-1:] = []
    with pytest.raises(AssertionError, match="the attribute rack was r1 and is gone"):
        agent.start()
    agent.argv.append("--attributes=rack:r1")
    agent.start()
    master.until(lambda: len(master.connects) == 3, "the agent")
    master.kill(ID, "t", 0)
    master.until_gone("t")
    agent.kill()
    agent.argv[-2:] = [given]
    agent.start()  # no task is there that would miss anything


def test_when_the_machine_is_shut_down_tasks_get_their_grace_and_their_end_is_reported(
    pair: Pair, tmp_path: Path
) -> None:
    master, agent = pair
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "systemctl").write_text('#!/bin/sh\ntest "$1" = is-system-running && echo stopping\nexit 1\n')
    (programs / "systemctl").chmod(0o755)
    master.run(ID, "before", "true")
    master.until_gone("before")  # and then its id is on its disk: it comes back as the same agent
    agent.kill()
    agent.variables["PATH"] = f"{programs}:{os.environ['PATH']}"
    agent.start()
    master.until(lambda: len(master.connects) == 2, "the agent")
    master.run(ID, "polite", "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.1; done")
    wait_for(lambda: "ready" in agent.text("polite"), what="the trap")
    agent.stop()
    ended = [status for status in master.updates if status.task_id.value == "polite"][-1]
    assert ended.state.value == "TASK_KILLED" and ended.reason is not None
    assert (ended.reason.value, ended.message) == (
        "REASON_AGENT_DRAINING",
        "The machine is being shut down: Command exited with status 0",
    )
    assert agent.text("polite").endswith("bye\n") and "polite" in master.gone


@only_posix
def test_a_dismissed_agent_kills_its_tasks_and_ends(pair: Pair) -> None:
    master, agent = pair
    master.run(ID, "t", "sleep 5040")
    pid = pid_of(master, "t")
    agent.kill()
    master.dismissing = True
    agent.start()
    assert agent.process is not None
    assert agent.process.wait(240) == 1
    assert not running(pid) and "removed by an operator" in agent.log.read_text()
    master.dismissing = False
    agent.start()
    master.until(lambda: len(master.connects) >= 2, "the agent")
    assert master.connects[-1].agent.id is None


def test_an_agent_that_stops_in_order_leaves_its_tasks_alone(pair: Pair) -> None:
    master, agent = pair
    master.run(ID, "t", "sleep 5041")
    pid = pid_of(master, "t")
    agent.stop()
    assert agent.process is not None and agent.process.returncode == 0
    assert running(pid)
    agent.start()
    master.until(lambda: len(master.connects) >= 2, "the agent")
    assert [task.state.value for task in master.connects[-1].tasks] == ["TASK_RUNNING"]


@only_posix
def test_a_lost_master_is_looked_for_until_it_is_back(pair: Pair) -> None:
    master, _agent = pair
    master.run(ID, "t", "sleep 5042")
    pid = pid_of(master, "t")
    master._loop.call_soon_threadsafe(lambda: master.connected[ID].put_nowait(None))
    master.until(lambda: len(master.connects) >= 2, "the agent's return")
    assert [task.state.value for task in master.connects[-1].tasks] == ["TASK_RUNNING"]
    assert running(pid)


def test_nothing_is_left_of_containers_that_ended(pair: Pair) -> None:
    master, agent = pair
    for number in range(5):
        master.run(ID, f"t{number}", "true")
    for number in range(5):
        master.status(f"t{number}", "FINISHED")
        master.until_gone(f"t{number}")
    folder = agent.work_dir / "containers" / ("oci" if agent.launcher == "linux" else "posix")
    assert list(folder.iterdir()) == []
    assert all(path.name == agent.cgroups_root for path in cgroups_of(agent.cgroups_root))
    wait_for(lambda: not list((agent.work_dir / "meta" / "tasks").iterdir()), what="checkpoints to go")


# --- alone ------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_refuses_launches_loses_no_exit_status_and_leaves_the_agent_up(tmp_path: Path) -> None:
    disk, word = tmp_path / "disk", tmp_path / "word"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], check=True)
    try:
        with pretended_cluster(disk, "posix") as (master, agent):
            master.run(ID, "ends", f"while [ ! -e {word} ]; do sleep 0.1; done; exit 7")
            pid = pid_of(master, "ends")
            filler = disk / "filler"
            with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * 4096)
            master.run(ID, "refused", "true")
            ended = master.status("refused")
            assert ended.state.value in ("TASK_LOST", "TASK_FAILED")
            assert ended.message is not None and "No space left on device" in ended.message
            assert agent.get("/health")[0] == 200
            word.touch()
            wait_for(lambda: not running(pid), what="the task's end")
            filler.unlink()
            ended = master.status("ends", "FAILED")
            assert ended.message is not None and "status 7" in ended.message
            master.run(ID, "taken", "true")
            master.status("taken", "FINISHED")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_what_is_wrong_with_the_command_line_is_told_all_at_once(tmp_path: Path) -> None:
    program = Daemon("agent", ["dcos-agent"], tmp_path / "log").argv[0]
    ran = subprocess.run(
        [program, "--resources=cpus:x", "--launcher=docker", "--wrok_dir=/x", "--attributes=rack"],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 2
    for word in ("cpus", "linux, posix", "did you mean --work_dir", "--master is required", "name:value"):
        assert word in ran.stderr, word


def test_an_agent_is_small_alone_in_its_work_dir_and_says_what_it_cannot_isolate(tmp_path: Path) -> None:
    with pretended_cluster(tmp_path, "posix") as (master, agent):
        log = agent.log.read_text()
        assert "limits are not enforced" in log and "processes and network" in log
        assert agent.process is not None
        status = Path(f"/proc/{agent.process.pid}/status").read_text()
        (rss,) = [int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")]
        assert rss < 100 * 1024
        assert "kazoo" not in Path(f"/proc/{agent.process.pid}/maps").read_text()
        second = subprocess.run(
            [agent.argv[0], f"--master=127.0.0.1:{master.port}", "--port=0", f"--work_dir={agent.work_dir}"],
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert second.returncode == 1 and "another agent uses" in second.stderr


def test_recover_cleanup_kills_what_runs_and_ends(tmp_path: Path) -> None:
    with pretended_cluster(tmp_path, "posix") as (master, agent):
        master.run(ID, "t", "sleep 5043")
        pid = pid_of(master, "t")
        agent.stop()
        ran = subprocess.run([*agent.argv, "--recover=cleanup"], capture_output=True, text=True, timeout=240)
        assert ran.returncode == 0, ran.stderr
        assert not running(pid)


# --- with the real master ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("launcher", ["posix", "linux"])
def test_a_real_master_and_agent_run_kill_and_recover_tasks(tmp_path: Path, launcher: str) -> None:
    skip_without(launcher)
    master = rawclient.Master(tmp_path / "master").start().leads()
    agent = Agent(tmp_path, master.port, launcher)
    scheduler = None
    try:
        agent.start()
        scheduler = rawclient.Scheduler(master.port, failover_timeout=1000.0)
        (offer,) = scheduler.offers()
        wanted = [rawclient.scalar("cpus", 0.2), rawclient.scalar("mem", 64)]
        launched = [
            rawclient.task("short", offer, *wanted, command="echo done; exit 4"),
            rawclient.task("long", offer, *wanted, command="sleep 5044"),
        ]
        assert scheduler.accept([offer], launched).status == 202
        seen: dict[str, list[str]] = {"short": [], "long": []}
        pid = 0
        while seen["short"][-1:] != ["TASK_FAILED"] or seen["long"][-1:] != ["TASK_RUNNING"]:
            status = scheduler.update()
            if seen[status["task_id"]["value"]][-1:] != [status["state"]]:  # a slow acknowledgement: it was sent again
                seen[status["task_id"]["value"]].append(status["state"])
            if status["task_id"]["value"] == "long":
                pid = status["container_status"]["executor_pid"]
        assert seen["short"] == ["TASK_STARTING", "TASK_RUNNING", "TASK_FAILED"]
        before = ask(f"http://127.0.0.1:{master.port}/slaves")[1]["slaves"][0]["id"]
        agent.restart()
        wait_for(lambda: agent.get("/metrics/snapshot")[1]["slave/registered"] == 1.0, what="registration")
        assert running(pid)
        assert ask(f"http://127.0.0.1:{master.port}/slaves")[1]["slaves"][0]["id"] == before
        assert scheduler.call("KILL", task_id={"value": "long"}, kill_policy=PATIENT).status == 202
        assert scheduler.update("TASK_KILLED")["message"] == "Command terminated with signal Terminated"
        wait_for(lambda: not running(pid))
        leaves_for_good(agent, master, scheduler, wanted)
    finally:
        if scheduler is not None:
            scheduler.close()
        agent.clean()
        master.stop()


def leaves_for_good(agent: Agent, master: rawclient.Master, scheduler: rawclient.Scheduler, wanted: Any) -> None:
    """By SIGUSR1."""
    wait_for(scheduler.standing_offers, what="an offer that was not rescinded as the agent was restarted")
    offer = scheduler.standing_offers()[-1]
    assert scheduler.accept([offer], [rawclient.task("last", offer, *wanted, command="sleep 5045")]).status == 202
    pid = scheduler.update("TASK_RUNNING")["container_status"]["executor_pid"]
    assert agent.process is not None
    agent.process.send_signal(signal.SIGUSR1)
    lost = scheduler.update("TASK_LOST")
    assert (lost["task_id"]["value"], lost["source"], lost["reason"]) == (
        "last",
        "SOURCE_MASTER",
        "REASON_AGENT_REMOVED",
    )
    assert lost["message"].endswith(" removed: the agent unregistered")
    assert agent.process.wait(240) == 0 and not running(pid)
    assert ask(f"http://127.0.0.1:{master.port}/slaves")[1]["slaves"] == []
    agent.start()
    wait_for(lambda: ask(f"http://127.0.0.1:{master.port}/slaves")[1]["slaves"], what="a new agent")
    (again,) = ask(f"http://127.0.0.1:{master.port}/slaves")[1]["slaves"]
    assert again["id"] != lost["agent_id"]["value"]


def test_what_an_agent_decided_on_is_recorded_without_secrets_and_runs_again(tmp_path: Path) -> None:
    """Through a kill -9: the recordings of both lives are run through the core that is here."""
    folder = tmp_path / "recordings"
    with pretended_cluster(tmp_path / "cluster", "posix", f"--record={folder}") as (master, agent):
        variables = [{"name": "PASSWORD", "value": "correct-horse-battery"}]
        command = {"value": "echo $PASSWORD; exec sleep 3000", "environment": {"variables": variables}}
        master.run(ID, "secretive", command)
        master.status("secretive", "RUNNING")
        wait_for(lambda: "correct-horse-battery" in agent.text("secretive"), 60.0, "the task's own view of its secret")
        agent.restart()
        wait_for(lambda: len(master.connects) >= 2, 60.0, "the agent is back")
        master.kill(ID, "secretive")
        master.status("secretive", "KILLED")
        agent.stop()
        found = sorted(folder.iterdir())
        assert len(found) == 2 and all(path.stat().st_mode & 0o077 == 0 for path in found)
        assert b"PASSWORD" in b"".join(path.read_bytes() for path in found)
        assert not any(b"correct-horse" in path.read_bytes() for path in found)
        done = subprocess.run(
            [sys.executable, "-m", "dcos_runtime.replay", *map(str, found)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("the effects are the same") == 2
