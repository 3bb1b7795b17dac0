"""A leader whose ZooKeeper says nothing does nothing, ends nothing, and goes on where it was; one that was killed is
followed at once by who starts in its folder.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.byhand import Daemon, ask, free_port, task_ports, told, wait_for
from tests.support.daemons.coordinated import leads, master
from tests.support.daemons.zookeeper_server import ZooKeeperServer

SESSION = 16
"""Seconds. A ZooKeeper that is back gives each session so long, and a busy host takes its time to reconnect."""
PINGS = ["--agent_ping_timeout=3secs", "--max_agent_ping_timeouts=5"]
SILENCE = 15.0
"""How long an agent may be silent, by these."""
SUSPENDED, AGAIN = "is suspended: ZooKeeper has not confirmed it in time", "leading at"


@pytest.fixture
def zookeeper(tmp_path: Path) -> Iterator[ZooKeeperServer]:
    server = ZooKeeperServer(tmp_path / "zookeeper-of-this-test")
    server.start()
    yield server
    server.kill()


class Asking:
    """A request that may be kept waiting."""

    def __init__(self, url: str, method: str = "GET", body: Any = None) -> None:
        self.answer: tuple[int, Any] | None = None
        self._thread = threading.Thread(target=self._ask, args=(url, method, body), daemon=True)
        self._thread.start()

    def _ask(self, *what: Any) -> None:
        self.answer = ask(*what)

    @property
    def waits(self) -> bool:
        return self.answer is None

    def done(self) -> tuple[int, Any]:
        self._thread.join(240)
        assert self.answer is not None, "there is no answer after four minutes"
        return self.answer


class Events:
    """The stream of a framework that subscribes."""

    def __init__(self, url: str) -> None:
        self.text = ""
        self.over = False
        parts = urllib.parse.urlsplit(url)
        info = {"user": "root", "name": "waits", "failover_timeout": 3600}
        body = json.dumps({"type": "SUBSCRIBE", "subscribe": {"framework_info": info}})
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 0), 60)
        self._socket.settimeout(None)
        head = f"POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        self._socket.sendall(f"{head}Content-Type: application/json\r\nAccept: application/json\r\n\r\n{body}".encode())
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._socket.recv(65536):
                self.text += data.decode()
        self.over = True

    def close(self) -> None:
        self._socket.close()


def suspensions(daemon: Daemon) -> int:
    return daemon.log.read_text().count(SUSPENDED)


def agent(folder: Path, hosts: str) -> Daemon:
    flags = (
        f"--master=zk://{hosts}/mesos",
        f"--work_dir={folder / 'agent'}",
        f"--port={free_port()}",
        "--launcher=posix",
        f"--resources=cpus:2;mem:512;disk:1024;ports:{task_ports()}",
    )
    return Daemon("agent", ("dcos-agent", *flags), folder / "agent.log")


def test_a_master_whose_zookeeper_is_away_holds_what_it_is_asked_and_goes_on_when_it_is_back(
    tmp_path: Path, zookeeper: ZooKeeperServer
) -> None:
    leader = master(tmp_path, "leader", zookeeper.hosts, f"{SESSION}secs")
    leader.argv += PINGS
    leader.start()
    wait_for(lambda: leads(leader), 60, "a leading master")
    worker = agent(tmp_path, zookeeper.hosts).start()
    events = Events(leader.url)
    try:
        assert leader.process is not None
        wait_for(lambda: "SUBSCRIBED" in events.text and '"OFFERS"' in events.text, 60, "offers")
        # Killed, not paused: when it is back it gives every session its whole time, so this test has no window.
        zookeeper.kill()
        wait_for(lambda: suspensions(leader), 60, "suspension")
        suspended = time.monotonic()
        read = Asking(f"{leader.url}/state")
        assert not leads(leader), "it must not say that it leads"
        assert ask(f"{leader.url}/health")[0] == 200
        assert read.waits and not events.over
        heard = len(events.text)
        # Its agent has forgotten who leads, and stays with whom it is connected to.
        wait_for(lambda: "no leading master is known" in worker.log.read_text(), 60, "the agent's forgetting")
        # Longer than an agent may be silent; no time passes for who is suspended.
        wait_for(lambda: time.monotonic() > suspended + 1.2 * SILENCE, 60)
        zookeeper.start()
        status, state = read.done()
        if status == 503:  # ZooKeeper took longer to start than a request waits
            wait_for(lambda: leads(leader), 60, "its going on")
            status, state = ask(f"{leader.url}/state")
        assert status == 200 and state["unreachable_slaves"] == 0
        assert [one["active"] for one in state["frameworks"]] == [True]
        wait_for(lambda: AGAIN in leader.log.read_text(), 60, "its going on")
        wait_for(lambda: len(events.text) > heard or leads(leader), 60)
        assert not events.over and leader.process.poll() is None
        assert "unreachable" not in leader.log.read_text()
        # Of a busy ZooKeeper an agent may hear too late: it connects anew after 15 s of silence, or when what it posted
        # was held for 25 s. It never does so because nobody is known to lead.
        assert worker.log.read_text().count("the leading master is") == 1, "its agent never left its master"
    finally:
        events.close()
        worker.stop()
        leader.stop()


def test_a_zookeeper_that_is_paused_for_less_than_a_session_costs_no_leadership(
    tmp_path: Path, zookeeper: ZooKeeperServer
) -> None:
    """It is paused until the master has noticed: after less than 30 s, so that a busy host has some 10 s to do so."""
    leader = master(tmp_path, "leader", zookeeper.hosts, "40secs")
    leader.start()
    try:
        wait_for(lambda: leads(leader), 60, "a leading master")
        assert leader.process is not None and zookeeper.process is not None
        zookeeper.process.send_signal(signal.SIGSTOP)
        try:
            wait_for(lambda: suspensions(leader), 60, "suspension")
            read = Asking(f"{leader.url}/state")
        finally:
            zookeeper.process.send_signal(signal.SIGCONT)
        assert read.done()[0] == 200
        assert leader.process.poll() is None
        assert leads(leader) and suspensions(leader) == 1
    finally:
        leader.stop()


def test_an_init_whose_zookeeper_is_away_holds_a_change_and_stores_it_when_it_is_back(
    tmp_path: Path, zookeeper: ZooKeeperServer
) -> None:
    init = an_init(tmp_path, zookeeper, SESSION).start()
    try:
        wait_for(lambda: ask(f"{init.url}/v2/apps")[0] == 200, 60, "a leading init")
        assert init.process is not None
        zookeeper.kill()
        wait_for(lambda: suspensions(init), 60, "suspension")
        app = {"id": "/held", "cmd": "exec sleep 1000", "instances": 0}
        change = Asking(f"{init.url}/v2/apps", "POST", app)
        assert ask(f"{init.url}/ping")[0] == 200
        assert change.waits
        zookeeper.start()
        status, answer = change.done()
        assert status in (201, 503), answer
        apps = [one["id"] for one in wait_for(lambda: told(f"{init.url}/v2/apps"), 60, "its going on")["apps"]]
        assert apps == (["/held"] if status == 201 else []), "nothing was done of what was refused"
        assert init.process.poll() is None
    finally:
        init.stop()


def an_init(folder: Path, zookeeper: ZooKeeperServer, session: float) -> Daemon:
    flags = (
        f"--master=zk://{zookeeper.hosts}/nobody",
        f"--zk=zk://{zookeeper.hosts}/marathon",
        f"--http_port={free_port()}",
        "--hostname=127.0.0.1",
        f"--work_dir={folder / 'init'}",
        f"--zk_session_timeout={session * 1000:.0f}",
    )
    return Daemon("init", ("dcos-marathon", *flags), folder / "init.log")


@pytest.mark.parametrize("kind", ["master", "init"])
def test_who_starts_in_the_folder_of_one_that_was_killed_does_not_wait_for_its_session(
    tmp_path: Path, zookeeper: ZooKeeperServer, kind: str
) -> None:
    """A session of a minute: a process that leads before it is over did not wait for it."""
    daemon = (
        master(tmp_path, "leader", zookeeper.hosts, "60secs") if kind == "master" else an_init(tmp_path, zookeeper, 60)
    )

    def leads_now() -> bool:
        return ask(f"{daemon.url}/{'state' if kind == 'master' else 'v2/apps'}")[0] == 200

    daemon.start()
    try:
        wait_for(leads_now, 60, "its leading")
        daemon.kill()
        daemon.start()
        wait_for(leads_now, 50, "its leading again")
        assert "it is of the process before this one" in daemon.log.read_text()
    finally:
        daemon.stop()
