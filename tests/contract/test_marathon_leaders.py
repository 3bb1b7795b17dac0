"""Two inits on a real ZooKeeper: one leads, the other passes requests on and takes over; no task notices."""

from __future__ import annotations

import http.client
import signal
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.byhand import Daemon, ask, free_port, processes_here_with, task_ports, told, wait_for
from tests.support.daemons.zookeeper_server import ZooKeeperServer


class Made:
    """A master and an agent that find each other through ZooKeeper, and two inits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.zookeeper = ZooKeeperServer(folder / "zookeeper")
        self.zookeeper.start()
        self.hosts = self.zookeeper.hosts
        self.master = self._daemon(
            folder,
            "master",
            "dcos-master",
            "--ip=127.0.0.1",
            f"--port={free_port()}",
            f"--work_dir={folder / 'master'}",
            f"--zk=zk://{self.hosts}/mesos",
        )
        self.agent = self._daemon(
            folder,
            "agent",
            "dcos-agent",
            "--ip=127.0.0.1",
            f"--port={free_port()}",
            f"--master=zk://{self.hosts}/mesos",
            f"--work_dir={folder / 'agent'}",
            "--launcher=posix",
            f"--resources=cpus:4;mem:2048;disk:1024;ports:{task_ports()}",
        )
        self.inits = [
            self._daemon(
                folder,
                f"marathon{number}",
                "dcos-marathon",
                f"--master=zk://{self.hosts}/mesos",
                f"--zk=zk://{self.hosts}/marathon",
                f"--http_port={free_port()}",
                "--hostname=127.0.0.1",
                "--zk_session_timeout=10000",
            )
            for number in (0, 1)
        ]

    def _daemon(self, folder: Path, name: str, *argv: str) -> Daemon:
        return Daemon(name, argv, folder / f"{name}.log")

    def start(self) -> Made:
        for daemon in (self.master, self.agent, *self.inits):
            daemon.start()
        return self

    def stop(self) -> None:
        for daemon in (*self.inits, self.agent, self.master):
            daemon.stop()
        self.zookeeper.kill()

    def leader(self) -> Daemon | None:
        """The init that all which answer agree on."""
        told = set()
        for daemon in self.inits:
            if daemon.process is not None and daemon.process.poll() is None:
                status, answer = ask(daemon.url + "/v2/leader")
                told.add(answer["leader"] if status == 200 else None)
        found = [daemon for daemon in self.inits if told == {daemon.url.removeprefix("http://")}]
        return found[0] if found else None

    def processes(self, app: str) -> list[int]:
        return processes_here_with(f"MARATHON_APP_ID={app}", f"MESOS_SANDBOX={self.folder}/")

    def running(self, daemon: Daemon, app: str) -> list[str]:
        tasks = told(f"{daemon.url}/v2/apps{app}/tasks")["tasks"]
        return sorted(task["id"] for task in tasks if task["state"] == "TASK_RUNNING")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    one = Made(tmp_path_factory.mktemp("leaders"))
    try:
        yield one.start()
        leader = wait_for(one.leader, 60, "a leader at the end")
        for app in ask(f"{leader.url}/v2/apps")[1]["apps"]:
            ask(f"{leader.url}/v2/apps{app['id']}", "DELETE")
        wait_for(lambda: not ask(f"{leader.url}/v2/tasks")[1]["tasks"], 60, "an end of all tasks")
    finally:
        one.stop()


@pytest.fixture(autouse=True)
def whole(made: Made) -> None:
    """Both inits run, whatever a test before left."""
    for daemon in made.inits:
        if daemon.process is None or daemon.process.poll() is not None:
            daemon.start()
        else:
            daemon.send(signal.SIGCONT)


def headers_of(url: str) -> tuple[int, dict[str, str]]:
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=240)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        answer.read() if parts.path != "/v2/events" else None
        return answer.status, dict(answer.headers)
    finally:
        connection.close()


def test_one_leads_and_the_other_passes_on_and_takes_over_without_touching_a_task(made: Made) -> None:
    leader = wait_for(made.leader, 60, "a leader")
    (standby,) = [daemon for daemon in made.inits if daemon is not leader]
    wait_for(lambda: "frameworkId" in ask(f"{leader.url}/v2/info")[1], 60, "a registered init")
    framework = ask(f"{leader.url}/v2/info")[1]["frameworkId"]

    app: dict[str, Any] = {"id": "/kept", "cmd": "exec sleep 100000", "cpus": 0.1, "mem": 32, "instances": 3}
    status, answer = ask(f"{standby.url}/v2/apps", "POST", app)
    assert status == 201, answer
    status, headers = headers_of(f"{standby.url}/v2/apps/kept")
    assert status == 200 and headers["X-Marathon-Leader"] == leader.url and "X-Marathon-Via" in headers
    status, headers = headers_of(f"{standby.url}/v2/events")
    assert status == 302 and headers["Location"] == f"{leader.url}/v2/events"
    wait_for(lambda: len(made.running(standby, "/kept")) == 3, 60, "three tasks")
    tasks = made.running(standby, "/kept")
    # A task that runs is told of before its process has become what it is to be.
    wait_for(lambda: len(made.processes("/kept")) == 3, 60, "their processes")
    pids = made.processes("/kept")

    leader.kill()
    wait_for(lambda: made.leader() is standby, 60, "the standby's election")
    assert wait_for(lambda: ask(f"{standby.url}/v2/info")[1].get("frameworkId"), 60, "the framework id") == framework
    # A task whose last update died with the leader is known again by reconciliation.
    wait_for(lambda: made.running(standby, "/kept") == tasks, 60, "the very tasks that ran before")
    status, _ = ask(f"{standby.url}/v2/apps/kept", "PUT", {"instances": 4})
    assert status == 200
    wait_for(lambda: len(made.running(standby, "/kept")) == 4, 60, "a fourth task")
    assert set(tasks) < set(made.running(standby, "/kept"))
    wait_for(lambda: set(pids) < set(made.processes("/kept")), 60, "the process of the fourth, beside the others")
    leader.start()
    wait_for(lambda: made.leader() is standby, 60, "agreement on who leads")


def test_a_leader_that_was_paused_too_long_ends_instead_of_writing(made: Made) -> None:
    leader = wait_for(made.leader, 60, "a leader")
    (standby,) = [daemon for daemon in made.inits if daemon is not leader]
    elections = standby.log.read_text().count(": elected as leader")
    leader.send(signal.SIGSTOP)
    wait_for(lambda: standby.log.read_text().count(": elected as leader") > elections, 60, "the standby's election")
    leader.send(signal.SIGCONT)
    assert leader.process is not None
    assert leader.process.wait(240) == 1
    assert "ending: leadership is lost" in leader.log.read_text() or "took over" in leader.log.read_text()
    leader.start()


def test_a_leader_told_to_abdicate_ends_and_the_other_takes_over(made: Made) -> None:
    leader = wait_for(made.leader, 60, "a leader")
    (standby,) = [daemon for daemon in made.inits if daemon is not leader]
    status, answer = ask(f"{standby.url}/v2/leader", "DELETE")
    assert (status, answer) == (200, {"message": "Leadership abdicated"})
    assert leader.process is not None
    assert leader.process.wait(240) == 0
    wait_for(lambda: made.leader() is standby, 60, "the standby's election")
    leader.start()
