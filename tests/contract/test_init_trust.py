"""Two inits, a master and an agent that speak mutual TLS: passing on, taking over, giving up, and no task notices."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons import secure
from tests.support.daemons.authority import Authority, basic
from tests.support.daemons.byhand import (
    PATIENCE,
    Daemon,
    NotNow,
    free_port,
    processes_here_with,
    processes_with,
    task_ports,
    wait_for,
)
from tests.support.daemons.zookeeper_server import ZooKeeperServer

SLEEP = "exec sleep 100000"


class Init:
    def __init__(self, daemon: Daemon, ip: str) -> None:
        self.daemon = daemon
        self.ip = ip

    @property
    def code(self) -> int | None:
        assert self.daemon.process is not None
        return self.daemon.process.poll()

    @property
    def log(self) -> str:
        return self.daemon.log.read_text()


class Trusting:
    """The inits listen on addresses of their own and on the same ports, as on machines."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder / "authority")
        self.zookeeper = ZooKeeperServer(folder / "zookeeper")
        self.zookeeper.start()
        self.hosts = self.zookeeper.hosts
        self.http, self.https, self.master_tls = free_port(), free_port(), free_port()
        self.credentials = self.authority.credentials({"alice": "wonder"})
        self.master = self._daemon(
            "master",
            "--ip=127.0.0.1",
            f"--port={free_port()}",
            f"--tls_port={self.master_tls}",
            f"--work_dir={folder / 'master-state'}",
            f"--zk=zk://{self.hosts}/mesos",
        )
        self.agent = self._daemon(
            "agent",
            "--ip=127.0.0.1",
            f"--port={free_port()}",
            f"--tls_port={free_port()}",
            f"--master=zk://{self.hosts}/mesos",
            f"--master_tls_port={self.master_tls}",
            f"--work_dir={folder / 'agent-state'}",
            "--launcher=posix",
            f"--resources=cpus:4;mem:2048;disk:1024;ports:{task_ports()}",
        )
        self.inits = [self._init(f"127.0.0.{number}") for number in (1, 2)]
        self.gateway = self.authority.client(self.authority.identity("gateway"))

    def _init(self, ip: str) -> Init:
        daemon = self._daemon(
            "marathon",
            f"--master=zk://{self.hosts}/mesos",
            f"--zk=zk://{self.hosts}/marathon",
            f"--http_address={ip}",
            f"--hostname={ip}",
            f"--http_port={self.http}",
            f"--tls_port={self.https}",
            f"--master_tls_port={self.master_tls}",
            f"--http_credentials_file={self.credentials}",
            "--authenticate_http",
            "--zk_session_timeout=10000",
            ip=ip,
        )
        return Init(daemon, ip)

    def _daemon(self, kind: str, *flags: str, ip: str = "127.0.0.1") -> Daemon:
        identity = self.authority.identity(kind, ip=ip)
        argv = (f"dcos-{kind}", *flags, *self.authority.flags(identity))
        return Daemon(f"{kind} at {ip}", argv, self.folder / f"{kind}-{ip}.log")

    def start(self) -> Trusting:
        for daemon in (self.master, self.agent, *(init.daemon for init in self.inits)):
            daemon.start()
        return self

    def stop(self) -> None:
        for daemon in (*(init.daemon for init in self.inits), self.agent, self.master):
            daemon.stop()
        for pid in processes_with(f"MESOS_SANDBOX={self.folder}"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.zookeeper.kill()

    def ask(self, init: Init, path: str, method: str = "GET", body: Any = None, user: str = "bob") -> tuple[int, Any]:
        """Through a gateway that speaks for ``user``. Does what a leader that was starved tells: asks again."""
        deadline = time.monotonic() + 60 * PATIENCE
        while True:
            status, answer = self.ask_once(init, path, method, body, user)
            suspended = status == 503 and "leadership is suspended" in str(answer)
            if not suspended or time.monotonic() > deadline:
                return status, answer
            time.sleep(0.2)

    def ask_once(
        self, init: Init, path: str, method: str = "GET", body: Any = None, user: str = "bob"
    ) -> tuple[int, Any]:
        headers = {"X-Dcos-User": user}
        status, _, answer = secure.ask(self.https, path, method, headers, body, self.gateway, init.ip)
        return status, answer

    def leader(self) -> Init | None:
        """The init that all which run agree on."""
        running = [init for init in self.inits if init.code is None]
        told = {json.dumps(self.ask(init, "/v2/leader")) for init in running}
        found = [init for init in running if told == {json.dumps((200, {"leader": f"{init.ip}:{self.http}"}))}]
        return found[0] if found else None

    def both(self) -> tuple[Init, Init]:
        """Leader and standby, both running."""
        for init in self.inits:
            if init.code is not None:
                init.daemon.start()
        leader = wait_for(self.leader, 60, "a leader")
        (standby,) = [init for init in self.inits if init is not leader]
        return leader, standby

    def processes(self, app: str) -> list[int]:
        return processes_here_with(f"MARATHON_APP_ID={app}", f"MESOS_SANDBOX={self.folder}/")

    def settled(self, app: str, count: int) -> list[int]:
        """Those, once there are so many: a task that runs is told of before its process has become what it is to be."""

        def there() -> list[int] | None:
            found = self.processes(app)
            return found if len(found) == count else None

        found: list[int] = wait_for(there, 60, f"{count} processes of {app}")
        return found

    def tasks(self, init: Init, app: str) -> list[str]:
        status, answer = self.ask(init, f"/v2/apps{app}/tasks")
        if status in (502, 503):
            raise NotNow(f"{status}: {answer}")
        assert status == 200, (status, answer)
        return sorted(task["id"] for task in answer["tasks"] if task["state"] == "TASK_RUNNING")

    def tasks_when(self, init: Init, app: str, count: int) -> list[str]:
        """The app's tasks once so many run and no deployment of it is under way."""

        def settled() -> list[str] | None:
            deployments = self.ask(init, "/v2/deployments")[1]
            found = self.tasks(init, app)
            return found if len(found) == count and not any(app in one["affectedApps"] for one in deployments) else None

        tasks: list[str] = wait_for(settled, 60, f"{count} tasks of {app}")
        return tasks


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trusting]:
    one = Trusting(tmp_path_factory.mktemp("trust"))
    try:
        yield one.start()
    finally:
        one.stop()


def test_an_init_registers_by_its_certificate_and_tells_where_it_is(trusting: Trusting) -> None:
    leader, standby = trusting.both()
    wait_for(lambda: "frameworkId" in trusting.ask(standby, "/v2/info")[1], 60, "a registered init")
    status, _, state = secure.ask(
        trusting.master_tls, "/state", context=trusting.authority.client(trusting.authority.identity("operator"))
    )
    assert status == 200
    (framework,) = state["frameworks"]
    assert (framework["principal"], framework["active"]) == ("dcos_marathon", True)
    assert framework["webui_url"] == f"http://{leader.ip}:{trusting.http}"
    info = trusting.ask(standby, "/v2/info")[1]
    assert info["leader"] == f"{leader.ip}:{trusting.http}"
    assert info["marathon_config"]["mesos_leader_ui_url"] == trusting.master.url + "/"


def test_the_leader_learns_for_whom_a_standby_passes_on(trusting: Trusting) -> None:
    leader, standby = trusting.both()
    app = {"id": "/told", "cmd": SLEEP, "cpus": 0.1, "mem": 16, "instances": 0}
    for headers, context, port, user in (
        (basic("alice", "wonder"), None, trusting.http, "alice"),
        ({"X-Dcos-User": "carol"}, trusting.gateway, trusting.https, "carol"),
    ):
        status, told, answer = secure.ask(
            port, f"/v2/apps/told/{user}", "PUT", headers, {**app, "id": f"/told/{user}"}, context, standby.ip
        )
        assert (status, told["x-marathon-leader"]) == (201, f"http://{leader.ip}:{trusting.http}"), answer
        assert f"PUT /v2/apps/told/{user} by {user}: 201" in leader.log
    assert secure.ask(trusting.http, "/v2/apps", host=standby.ip)[0] == 401
    status, told, _ = secure.ask(trusting.http, "/v2/events", headers=basic("alice", "wonder"), host=standby.ip)
    assert (status, told["location"]) == (302, f"http://{leader.ip}:{trusting.http}/v2/events")


def test_events_come_through_a_standby_and_end_with_the_leader_and_its_tasks_do_not(trusting: Trusting) -> None:
    leader, standby = trusting.both()
    app = {"id": "/kept", "cmd": SLEEP, "cpus": 0.1, "mem": 16, "instances": 2}
    assert trusting.ask(standby, "/v2/apps", "POST", app)[0] == 201
    trusting.tasks_when(standby, "/kept", 2)
    connection = http.client.HTTPSConnection(standby.ip, trusting.https, timeout=240, context=trusting.gateway)
    connection.request("GET", "/v2/events?event_type=api_post_event", headers={"Accept": "text/event-stream"})
    events = connection.getresponse()
    assert events.status == 200 and events.headers["Content-Type"] == "text/event-stream"
    assert trusting.ask(leader, "/v2/apps/kept", "PUT", {"labels": {"a": "b"}, "instances": 2})[0] == 200
    lines = iter(events.readline, b"")
    assert next(line for line in lines if line.startswith(b"event:")) == b"event: api_post_event\n"
    tasks = trusting.tasks_when(standby, "/kept", 2)
    pids = sorted(trusting.settled("/kept", 2))
    leader.daemon.kill()
    with contextlib.suppress(http.client.HTTPException, OSError):
        assert not [line for line in lines if line.startswith(b"event:")]
    connection.close()
    assert trusting.both()[0] is standby
    # A task whose last update died with the leader is known again by reconciliation.
    wait_for(lambda: trusting.tasks(standby, "/kept") == tasks, 60, "the very tasks that ran before")
    assert sorted(trusting.processes("/kept")) == pids


def test_a_deployment_whose_leader_dies_is_brought_to_its_end_by_the_next(trusting: Trusting) -> None:
    leader, standby = trusting.both()
    before = {"id": "/moved", "cmd": SLEEP, "cpus": 0.1, "mem": 16, "instances": 2, "env": {"V": "1"}}
    assert trusting.ask(leader, "/v2/apps", "POST", before)[0] == 201
    old = trusting.tasks_when(leader, "/moved", 2)
    trusting.agent.send(signal.SIGSTOP)  # so that nothing is started or stopped before the leader is gone
    try:
        status, answer = trusting.ask(leader, "/v2/apps/moved", "PUT", {"env": {"V": "2"}, "instances": 3})
        assert status == 200
        leader.daemon.kill()
        wait_for(trusting.leader, 60, "the standby's election")
        assert answer["deploymentId"] in {one["id"] for one in trusting.ask(standby, "/v2/deployments")[1]}
    finally:
        trusting.agent.send(signal.SIGCONT)
    assert not set(trusting.tasks_when(standby, "/moved", 3)) & set(old)
    assert len(trusting.settled("/moved", 3)) == 3
    assert trusting.ask(standby, "/v2/apps/moved")[1]["app"]["version"] == answer["version"]


def test_a_leader_told_to_abdicate_through_a_standby_answers_ends_and_leaves_tasks_alone(trusting: Trusting) -> None:
    leader, standby = trusting.both()
    app = {"id": "/calm", "cmd": SLEEP, "cpus": 0.1, "mem": 16}
    assert trusting.ask(leader, "/v2/apps", "POST", app)[0] == 201
    tasks = trusting.tasks_when(leader, "/calm", 1)
    pids = trusting.settled("/calm", 1)
    assert trusting.ask(standby, "/v2/leader", "DELETE", user="dave") == (200, {"message": "Leadership abdicated"})
    assert "DELETE /v2/leader by dave: 200" in leader.log
    assert leader.daemon.process is not None and leader.daemon.process.wait(240) == 0
    assert trusting.both()[0] is standby
    wait_for(lambda: trusting.tasks(standby, "/calm") == tasks, 60, "the very task that ran before")
    assert trusting.processes("/calm") == pids


def test_a_change_that_cannot_be_stored_now_is_answered_503_and_the_leader_waits_for_zookeeper(
    trusting: Trusting,
) -> None:
    leader, standby = trusting.both()
    assert trusting.zookeeper.process is not None
    trusting.zookeeper.process.send_signal(signal.SIGSTOP)
    try:
        for init in (leader, standby):
            status, answer = trusting.ask_once(init, "/v2/apps/lost", "PUT", {"cmd": SLEEP})
            assert status in (502, 503) if init is standby else status == 503, answer
        assert leader.code is None, "nobody can have taken over: it is suspended and does not end"
    finally:
        trusting.zookeeper.process.send_signal(signal.SIGCONT)
    # Its session may have lived or not: it leads on, or ends and another leads.
    wait_for(lambda: trusting.ask(trusting.both()[1], "/v2/apps")[0] == 200, 60, "an answer through a standby")
