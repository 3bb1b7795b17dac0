"""A change that an init answered with 200 or 201 survives the init: leaders are killed right after a response."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.daemons.byhand import Daemon, ask, free_port, told, wait_for
from tests.support.daemons.zookeeper_server import ZooKeeperServer

WRITERS = 3


class Inits:
    """Two inits on a ZooKeeper; there is no master, so every deployment stays under way."""

    def __init__(self, folder: Path) -> None:
        self.zookeeper = ZooKeeperServer(folder / "zookeeper")
        self.zookeeper.start()
        self.daemons = [
            Daemon(
                f"init{number}",
                (
                    "dcos-marathon",
                    "--master=127.0.0.1:1",
                    f"--zk=zk://{self.zookeeper.hosts}/marathon",
                    f"--http_port={free_port()}",
                    "--hostname=127.0.0.1",
                    "--zk_session_timeout=10000",
                ),
                folder / f"init{number}.log",
            )
            for number in (0, 1)
        ]

    def start(self) -> Inits:
        for daemon in self.daemons:
            daemon.start()
        return self

    def stop(self) -> None:
        for daemon in self.daemons:
            daemon.stop()
        self.zookeeper.kill()

    def leader(self) -> Daemon | None:
        """The init that says of itself that it leads."""
        return next((daemon for daemon in self.daemons if self.leads(daemon)), None)

    def leads(self, daemon: Daemon) -> bool:
        """Whether it says so. One that ended, since it was starved for longer than its session, is started again."""
        assert daemon.process is not None
        if daemon.process.poll() is not None:
            daemon.start()
        status, answer = ask(daemon.url + "/v2/leader")
        return bool(status == 200 and answer["leader"] == daemon.url.removeprefix("http://"))


@pytest.fixture
def inits(tmp_path: Path) -> Iterator[Inits]:
    one = Inits(tmp_path)
    try:
        yield one.start()
    finally:
        one.stop()


class Writer(threading.Thread):
    """Counts up in a variable of an app of its own, through either init in turn; ``answered`` was confirmed last."""

    def __init__(self, inits: Inits, number: int) -> None:
        super().__init__(daemon=True)
        self._inits = inits
        self.app = f"/writer{number}"
        self.answered = 0
        self.news = threading.Condition()
        self._over = threading.Event()
        self.unexpected: list[tuple[int, object]] = []

    def run(self) -> None:
        value = 0
        while not self._over.is_set():
            value += 1
            path, body = self.body(value)
            url = self._inits.daemons[value % 2].url
            try:
                status, answer = ask(f"{url}{path}", "PUT", body)
            except (OSError, http.client.HTTPException):
                self._over.wait(0.05)  # it was killed
                continue
            if status in (200, 201):
                with self.news:
                    self.answered = value
                    self.news.notify_all()
            elif status in (502, 503):
                self._over.wait(0.05)
            else:
                self.unexpected.append((status, answer))

    def body(self, value: int) -> tuple[str, object]:
        return f"/v2/apps{self.app}?force=true", {"cmd": "sleep 1", "env": {"VALUE": str(value)}}

    def has_more_than(self, known: int) -> bool:
        return self.answered > known

    def stop(self) -> None:
        self._over.set()
        self.join(240)
        assert not self.is_alive()


def stored(url: str, app: str) -> int:
    found = wait_for(lambda: told(f"{url}/v2/apps{app}"), 60, f"an answer about {app}")
    return int(found["app"]["env"]["VALUE"])


@pytest.mark.parametrize("kills", [6, pytest.param(30, marks=pytest.mark.soak)])
def test_no_answered_change_is_lost_when_the_leader_is_killed_right_after_it(inits: Inits, kills: int) -> None:
    writers = [Writer(inits, number) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    try:
        for kill in range(kills):
            leader = wait_for(inits.leader, 60, f"a leader before kill {kill}")
            first = writers[kill % WRITERS]
            with first.news:
                known = first.answered
                assert first.news.wait_for(partial(first.has_more_than, known), 240)
            leader.kill()
            answered = {writer.app: writer.answered for writer in writers if writer.answered}
            (other,) = [daemon for daemon in inits.daemons if daemon is not leader]
            wait_for(partial(inits.leads, other), 60, f"a successor after kill {kill}")
            found = {app: stored(other.url, app) for app in answered}
            assert all(found[app] >= answered[app] for app in answered), (kill, found, answered)
            leader.start()
    finally:
        for writer in writers:
            writer.stop()
    assert not any(writer.unexpected for writer in writers), [writer.unexpected for writer in writers]
    leader = wait_for(inits.leader, 60, "a leader in the end")
    assert all(stored(leader.url, writer.app) >= writer.answered for writer in writers)


class LargeWriter(Writer):
    """Counts up in many apps with each request: more than a transaction of ZooKeeper takes."""

    COUNT = 100

    def body(self, value: int) -> tuple[str, object]:
        filler = str(value % 10) * 12_000
        change = {"cmd": "x", "instances": 0, "env": {"VALUE": str(value)}, "labels": {"L": filler}}
        return "/v2/apps?force=true", [{"id": f"/large/a{number}", **change} for number in range(self.COUNT)]


@pytest.mark.parametrize("kills", [2, pytest.param(20, marks=pytest.mark.soak)])
def test_a_request_larger_than_a_transaction_is_there_whole_or_not_at_all_after_a_kill(
    inits: Inits, kills: int
) -> None:
    writer = LargeWriter(inits, 0)
    writer.start()
    try:
        for kill in range(kills):
            leader = wait_for(inits.leader, 60, f"a leader before kill {kill}")
            with writer.news:
                known = writer.answered
                assert writer.news.wait_for(partial(writer.has_more_than, known), 240)
            threading.Event().wait(0.15 * (kill % 5 + 1))  # somewhere in the next one
            leader.kill()
            (other,) = [daemon for daemon in inits.daemons if daemon is not leader]
            wait_for(partial(inits.leads, other), 60, f"a successor after kill {kill}")
            answered = writer.answered
            apps = wait_for(lambda: told(f"{other.url}/v2/apps"), 60, "the apps")["apps"]  # noqa: B023 - asked here
            values = {int(app["env"]["VALUE"]) for app in apps}
            assert len(apps) == writer.COUNT and len(values) == 1, (kill, values)
            assert values.pop() >= known, (kill, values, answered)
            leader.start()
    finally:
        writer.stop()
    assert not writer.unexpected
