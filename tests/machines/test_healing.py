"""A deployed cluster heals: tasks, daemons and machines are killed, and what was asked for is there again."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import urllib.request
from typing import Any

import pytest

from tests.support.daemons.byhand import wait_for
from tests.support.machines.apps import app, pids, running, tasks
from tests.support.machines.deployed import DEADLINE, PROGRAMS, Deployed, installer_lines

pytestmark = pytest.mark.machines

SERVER = "exec python3 -m http.server $PORT0 --bind $HOST"


def test_an_app_with_three_instances_answers_on_its_ports(cluster: Deployed) -> None:
    with app(cluster, "web", cmd=SERVER, instances=3, portDefinitions=[{"port": 0}]) as name:
        found = running(cluster, name, 3)
        for task in found:

            def answers(task: dict[str, Any] = task) -> int:
                with urllib.request.urlopen(f"http://{task['host']}:{task['ports'][0]}/", timeout=60) as response:
                    return int(response.status)

            assert wait_for(answers, 60, f"an answer of {task['id']}") == 200
        shown = cluster.dcos("ps")
        assert shown.returncode == 0
        for task in found:
            (line,) = [line for line in shown.stdout.splitlines() if task["id"] in line]
            assert task["host"] in line
            assert "R" in line.split() or "TASK_RUNNING" in line, line


def test_the_commands_of_the_installers_page_are_true(cluster: Deployed) -> None:
    """Those that take nothing away; the others are run where something is taken away (`Deployed.documented`)."""
    verbs = ("validate", "plan", "deploy", "status", "ssh", "exec", "copy", "logs", "unlock")
    lines = [line for line in installer_lines() if line.split()[1] in verbs]
    assert [line.split()[1] for line in lines] == list(verbs)
    script = "\n".join(lines).replace("inventories/local.ini", shlex.quote(str(cluster.inventory)))
    environment = {**cluster.environment, "PATH": f"{PROGRAMS}:{os.environ['PATH']}"}
    cluster.told_well()
    done = subprocess.run(
        ["/bin/sh", "-exu", "-c", script],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is valid" in done.stdout and "all is well" in done.stdout and "there was no lock" in done.stdout
    assert "Mounted on" in done.stdout and "load average" in done.stdout
    assert all(f"{name}: 1 file" in done.stdout for name in ("agent1", "agent2"))
    assert re.search(r"^20\S+ master1 master: ", done.stdout, re.MULTILINE)


def test_logs_of_all_machines_are_merged_by_time_and_followed(cluster: Deployed) -> None:
    done = cluster.installer("logs", "--json", "--lines", "30")
    assert done.returncode == 0, done.stderr
    entries = [line for line in map(json.loads, done.stdout.splitlines()) if line["kind"] == "log-entry"]
    assert {entry["host"] for entry in entries} == {host.name for host in cluster.spec.hosts}
    assert [entry["time"] for entry in entries] == sorted(entry["time"] for entry in entries)
    assert {"master", "agent"} <= {entry["data"]["service"] for entry in entries}
    follow = subprocess.Popen(
        [
            PROGRAMS / "dcos-installer",
            "logs",
            cluster.inventory,
            "agents",
            "--unit",
            "agent",
            "--follow",
            "--lines",
            "0",
        ],
        env=cluster.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    followed, following = ["agent1", "agent2"], "pgrep -x journalctl || true"
    try:
        for name in followed:
            wait_for(lambda name=name: cluster.ssh(name, following), 60, f"{name} to be followed")  # type: ignore[misc]  # the loop's name
            cluster.ssh(name, "systemctl restart dcos-agent")
        assert follow.stdout is not None
        missing = set(followed)
        for line in follow.stdout:
            missing -= {line.split()[1]}
            if not missing:
                break
        assert not missing
        follow.send_signal(signal.SIGINT)
        assert follow.wait(240) == 130
    finally:
        follow.kill()
    for name in followed:
        wait_for(lambda name=name: not cluster.ssh(name, following), 60, f"no journalctl on {name}")  # type: ignore[misc]  # the loop's name


def test_a_task_tells_its_output(cluster: Deployed) -> None:
    with app(cluster, "talker", cmd="echo said by $MESOS_TASK_ID; exec sleep 10000") as name:
        (task,) = running(cluster, name, 1)
        said = f"said by {task['id']}"
        log = wait_for(
            lambda: (lambda d: d.stdout if said in d.stdout else None)(cluster.dcos("task", "log", task["id"])),
            20,
            "the task's output",
        )
        assert said in log


def test_a_killed_task_is_replaced(cluster: Deployed) -> None:
    with app(cluster, "fragile", cmd="exec sleep 10000") as name:
        (before,) = running(cluster, name, 1)
        cluster.ssh(cluster.host_at(before["host"]), f"kill -9 {' '.join(pids(cluster, before))}; true")

        def replaced() -> dict[str, Any] | None:
            now = tasks(cluster, name)
            return now[0] if len(now) == 1 and now[0]["id"] != before["id"] else None

        wait_for(replaced, 60, "a replacement")


def test_an_app_that_keeps_failing_is_started_with_growing_pauses(cluster: Deployed) -> None:
    with app(cluster, "crasher", cmd="exit 3", backoffSeconds=2, backoffFactor=3, maxLaunchDelaySeconds=60):

        def delayed() -> float | None:
            queue = cluster.marathon("/v2/queue")["queue"]
            waits = [item["delay"] for item in queue if item.get("app", {}).get("id") == "/crasher"]
            return waits[0]["timeLeftSeconds"] if waits and waits[0]["timeLeftSeconds"] > 6 else None

        assert wait_for(delayed, 60, "a pause of more than three first ones")


_THIEF = """
import errno, socket, time
seen = set()
while True:
    with socket.socket() as made:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            made.bind(("0.0.0.0", 5051))
            said = "bound"
        except OSError as error:
            said = errno.errorcode[error.errno]
        if said not in seen:
            print(said, flush=True)
        seen.add(said)
    time.sleep(0.01)
"""


def test_killing_the_agent_daemon_leaves_its_tasks_their_pids(cluster: Deployed) -> None:
    """One that tries to take the agent's port all the while gets it never, and the agent has it again."""
    with app(cluster, "steady", cmd=f"exec python3 -c {shlex.quote(_THIEF)}") as name:
        (task,) = running(cluster, name, 1)
        host = cluster.host_at(task["host"])
        before = pids(cluster, task)
        daemon = cluster.ssh(host, "systemctl show --property MainPID --value dcos-agent")
        cluster.ssh(host, f"kill -9 {daemon}")
        wait_for(
            lambda: cluster.ssh(host, "systemctl show --property MainPID --value dcos-agent") not in ("0", daemon),
            60,
            "a new agent process",
        )
        wait_for(lambda: cluster.registered(task["host"]), 60, "the agent's registration")
        assert pids(cluster, task) == before
        assert cluster.dcos("task", "log", task["id"]).stdout.split() == ["EPERM"]
        assert [now["id"] for now in running(cluster, name, 1)] == [task["id"]]
        assert cluster.dcos("marathon", "app", "scale", name, "2").returncode == 0
        assert task["id"] in {now["id"] for now in running(cluster, name, 2)}
        cluster.ssh(host, f"kill -9 {' '.join(before)}; true")
        wait_for(
            lambda: task["id"] not in {now["id"] for now in running(cluster, name, 2)},
            60,
            "the end of a task that an earlier agent process had started",
        )


def test_restarting_the_master_kills_nothing(cluster: Deployed) -> None:
    with app(cluster, "calm", cmd="exec sleep 10000", instances=2) as name:
        before = {task["id"]: pids(cluster, task) for task in running(cluster, name, 2)}
        master = cluster.masters[0]
        cluster.ssh(master, "systemctl kill --signal KILL dcos-master")
        wait_for(
            lambda: all(cluster.registered(cluster.address(host)) for host in cluster.agents),
            90,
            "every agent's registration",
        )
        wait_for(lambda: cluster.frameworks_connected("marathon"), 90, "the init's subscription")
        assert {task["id"]: pids(cluster, task) for task in running(cluster, name, 2)} == before


def test_a_task_over_its_memory_is_killed_and_says_why(cluster: Deployed) -> None:
    hog = "exec python3 -c 'import time; b = bytearray(200 << 20); time.sleep(10000)'"
    with app(cluster, "hog", cmd=hog, mem=48, backoffSeconds=5):

        def failure() -> dict[str, Any] | None:
            told: dict[str, Any] | None = cluster.marathon("/v2/apps/hog?embed=app.lastTaskFailure")["app"].get(
                "lastTaskFailure"
            )
            return told

        told = wait_for(failure, 60, "the reason")
        assert told["state"] == "TASK_FAILED"
        assert "memory" in told["message"].lower(), told


def test_the_cpu_limit_is_in_the_tasks_cgroup(cluster: Deployed) -> None:
    with app(cluster, "half", cmd="exec sleep 10000", cpus=0.5) as name:
        (task,) = running(cluster, name, 1)
        host = cluster.host_at(task["host"])
        (pid, *_) = pids(cluster, task)
        quota = cluster.cgroup_value(host, pid, "cpu", "cpu.cfs_quota_us")
        period = cluster.cgroup_value(host, pid, "cpu", "cpu.cfs_period_us")
        assert int(quota) / int(period) == pytest.approx(0.5)
        assert int(cluster.cgroup_value(host, pid, "memory", "memory.limit_in_bytes")) == 64 << 20


def test_one_machines_cgroups_cannot_be_seen_from_another(cluster: Deployed) -> None:
    with app(cluster, "hidden", cmd="exec sleep 10000") as name:
        (task,) = running(cluster, name, 1)
        home = cluster.host_at(task["host"])
        (other, *_) = [host for host in cluster.agents if host != home]
        (pid, *_) = pids(cluster, task)
        (path,) = [line for line in cluster.ssh(home, f"cat /proc/{pid}/cgroup").splitlines() if ":memory:" in line]
        leaf = path.rpartition("/")[2]
        assert leaf in cluster.ssh(home, f"find /sys/fs/cgroup/memory -type d -name {leaf}")
        assert cluster.ssh(other, f"find /sys/fs/cgroup -type d -name {leaf}") == ""


def test_tasks_of_a_machine_without_power_run_elsewhere(cluster: Deployed) -> None:
    with app(cluster, "mover", cmd="exec sleep 10000") as name:
        (before,) = running(cluster, name, 1)
        host = cluster.host_at(before["host"])
        cluster.switch_as_documented("power-off", host)
        try:

            def moved() -> bool:
                return [task["host"] for task in tasks(cluster, name)] not in ([], [before["host"]])

            wait_for(moved, 120, "a replacement on another machine")
        finally:
            cluster.switch_as_documented("start", host)
        wait_for(lambda: cluster.registered(before["host"]), 90, "the machine's return")
        assert len(running(cluster, name, 1)) == 1


def test_after_a_reboot_of_every_machine_the_app_is_back(cluster: Deployed) -> None:
    with app(cluster, "phoenix", cmd=SERVER, instances=2, portDefinitions=[{"port": 0}]) as name:
        running(cluster, name, 2)
        boots = {
            host: cluster.ssh(host, "cat /proc/sys/kernel/random/boot_id; stat -c %Y /run/systemd")
            for host in cluster.hosts
        }
        cluster.switch_as_documented("reboot", *cluster.hosts)
        for host in cluster.hosts:
            wait_for(
                lambda host=host: (  # type: ignore[misc]  # mypy infers no lambda with a default
                    cluster.ssh(host, "cat /proc/sys/kernel/random/boot_id; stat -c %Y /run/systemd") != boots[host]
                ),
                60,
                f"{host}'s new start",
            )

        def answers() -> bool:
            found = tasks(cluster, name)
            return len(found) == 2 and all(
                urllib.request.urlopen(f"http://{task['host']}:{task['ports'][0]}/", timeout=60).status == 200
                for task in found
            )

        assert wait_for(answers, 180, "two answering instances")
