"""Masters that are killed, paused and cut off from ZooKeeper: never do two of them answer as the leader."""

from __future__ import annotations

import contextlib
import http.client
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.byhand import Daemon, ask, free_port, told, wait_for
from tests.support.daemons.coordinated import Link, Watch, leads, master
from tests.support.daemons.zookeeper_server import ZooKeeperServer

SESSION = 10.0
"""Seconds. A busy host may keep a daemon, or ZooKeeper, from the processors and the disk for a good part of them."""
SILENCE, LONG_SESSION = 2.5, 20.0
"""A silence that costs no session, however busy the host."""


@pytest.fixture(scope="module")
def zookeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeperServer]:
    server = ZooKeeperServer(tmp_path_factory.mktemp("zookeeper"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def standing(zookeeper: ZooKeeperServer) -> Iterator[Callable[[], int]]:
    """How many masters stand for election."""
    from kazoo import client as kazoo

    make: Any = kazoo.KazooClient
    client = make(zookeeper.hosts, timeout=60)
    client.start(240)
    yield lambda: len(client.retry(client.get_children, "/mesos"))  # a busy host may break the connection
    client.stop()
    client.close()


@pytest.fixture
def link(zookeeper: ZooKeeperServer) -> Iterator[Link]:
    link = Link(zookeeper.hosts)
    yield link
    link.close()


@pytest.fixture
def masters(tmp_path: Path, zookeeper: ZooKeeperServer, link: Link) -> Iterator[tuple[Daemon, Daemon]]:
    """The first leads, and reaches ZooKeeper through ``link``; the second waits."""
    with two_masters(tmp_path, zookeeper, link, SESSION) as both:
        yield both


@pytest.fixture
def masters_for_long(tmp_path: Path, zookeeper: ZooKeeperServer, link: Link) -> Iterator[tuple[Daemon, Daemon]]:
    with two_masters(tmp_path, zookeeper, link, LONG_SESSION) as both:
        yield both


@contextlib.contextmanager
def two_masters(
    folder: Path, zookeeper: ZooKeeperServer, link: Link, session: float
) -> Iterator[tuple[Daemon, Daemon]]:
    first, second = (
        master(folder, name, hosts, f"{session}secs")
        for name, hosts in (("first", link.hosts), ("second", zookeeper.hosts))
    )
    first.start()
    wait_for(lambda: leads(first), 60, "a leading master")
    second.start()
    yield first, second
    link.heal()
    for daemon in (second, first):
        daemon.stop()


def test_a_leader_paused_past_its_session_says_no_at_once_and_ends(masters: tuple[Daemon, Daemon]) -> None:
    first, second = masters
    assert first.process is not None
    with Watch(first, second) as watch:
        wait_for(lambda: watch.first("first") < time.monotonic(), 60, "a leader that answers")
        paused = time.monotonic()
        first.send(signal.SIGSTOP)
        wait_for(lambda: leads(second), 60, "the second's election")
        resumed = time.monotonic()
        first.send(signal.SIGCONT)
        assert first.process.wait(240) == 1
    # An answer that it had made and not yet sent when it was paused comes late, and nothing can call it back.
    assert watch.after("first", resumed, paused) == []
    # Both were asked while it was paused, and it answered both when it went on: with no.
    assert {status for who, when, status in watch.answers if who == "first" and when > resumed} >= {503}
    assert watch.after("first", watch.first("second"), paused) == []
    assert "leadership is lost" in first.log.read_text()
    wait_for(lambda: leads(second), 60, "a second that leads on")


def test_a_leader_paused_for_a_session_ends_even_without_anybody_to_take_over(
    masters: tuple[Daemon, Daemon], standing: Callable[[], int]
) -> None:
    first, second = masters
    assert first.process is not None
    second.stop()
    with Watch(first) as watch:
        wait_for(lambda: watch.first("first") < time.monotonic(), 60, "a leader that answers")
        paused = time.monotonic()
        first.send(signal.SIGSTOP)
        wait_for(lambda: standing() == 0, 60, "the end of its session")
        resumed = time.monotonic()
        first.send(signal.SIGCONT)
        assert first.process.wait(240) == 1
    # An answer that it had made and not yet sent when it was paused comes late, and nothing can call it back.
    assert watch.after("first", resumed, paused) == []
    assert 503 in {status for _, when, status in watch.answers if when > resumed}


def test_a_leader_cut_off_from_zookeeper_is_silent_before_another_leads_and_ends_when_it_hears_of_it(
    masters: tuple[Daemon, Daemon], link: Link
) -> None:
    first, second = masters
    assert first.process is not None
    with Watch(first, second) as watch:
        wait_for(lambda: watch.first("first") < time.monotonic(), 60, "a leader that answers")
        link.cut()
        wait_for(lambda: leads(second), 60, "the second's election")
        assert first.process.poll() is None
        # It has been silent for a session: who asks now is told at once, and not kept waiting.
        wait_for(lambda: "leadership is suspended" in str(ask(f"{first.url}/state")[1]), 60, "a refusal")
        healed = time.monotonic()
        link.heal()
        assert first.process.wait(240) == 1
    # What it answered before another led may come late; what it was asked then, and all that came after the silence,
    # says no.
    assert watch.after("first", watch.first("second"), watch.first("second")) == []
    assert watch.after("first", healed) == []
    assert "leadership is lost: the ZooKeeper session expired" in first.log.read_text()


def test_a_short_silence_of_zookeeper_costs_nothing(masters_for_long: tuple[Daemon, Daemon], link: Link) -> None:
    first, second = masters_for_long
    link.cut()
    time.sleep(SILENCE)  # not a wait for something: the silence itself
    link.heal()
    silent = time.monotonic()
    # Whoever took it for the end of the session would have ended by then, and another would lead.
    wait_for(lambda: time.monotonic() > silent + LONG_SESSION, 60)
    wait_for(lambda: leads(first), 60, "the first, leading on")
    assert first.process is not None and first.process.poll() is None
    assert [daemon.log.read_text().count("elected as leader") for daemon in (first, second)] == [1, 0]


def test_a_standby_cut_off_past_its_session_stands_again_in_the_same_process(
    tmp_path: Path, zookeeper: ZooKeeperServer, link: Link, standing: Callable[[], int]
) -> None:
    first, second = (
        master(tmp_path, name, hosts, f"{SESSION}secs")
        for name, hosts in (("first", zookeeper.hosts), ("second", link.hosts))
    )
    try:
        first.start()
        wait_for(lambda: leads(first), 60, "a leading master")
        second.start()
        wait_for(lambda: "contending at" in second.log.read_text(), 60, "a second that stands")
        link.cut()
        wait_for(lambda: standing() == 1, 60, "the end of its session")
        link.heal()
        wait_for(lambda: second.log.read_text().count("contending at /mesos as") >= 2, 60, "a second that stands again")
        first.stop()
        wait_for(lambda: leads(second), 60, "the second's election")
    finally:
        second.stop()
        first.stop()


@pytest.fixture
def inits(tmp_path: Path, zookeeper: ZooKeeperServer, link: Link) -> Iterator[tuple[Daemon, Daemon]]:
    def init(name: str, hosts: str) -> Daemon:
        flags = (
            f"--master=zk://{zookeeper.hosts}/nobody",
            f"--zk=zk://{hosts}/marathon",
            f"--http_port={free_port()}",
            "--hostname=127.0.0.1",
            f"--zk_session_timeout={SESSION * 1000:.0f}",
        )
        return Daemon(name, ("dcos-marathon", *flags), tmp_path / f"{name}.log")

    first, second = init("first", link.hosts), init("second", zookeeper.hosts)
    first.start()
    wait_for(lambda: commands(first), 60, "a leading init")
    second.start()
    yield first, second
    link.heal()
    for daemon in (second, first):
        daemon.stop()


def commands(daemon: Daemon) -> bool:
    """Whether it leads, by its own log: requests to a standby are passed on."""
    return "elected as leader" in daemon.log.read_text() and ask(f"{daemon.url}/v2/apps")[0] == 200


def test_a_paused_init_says_no_at_once_stores_nothing_and_ends(inits: tuple[Daemon, Daemon]) -> None:
    first, second = inits
    first.send(signal.SIGSTOP)
    wait_for(lambda: commands(second), 60, "the second's election")
    first.send(signal.SIGCONT)
    app = {"id": "/late", "cmd": "exec sleep 1000", "instances": 0}
    try:
        status, answer = ask(f"{first.url}/v2/apps", "POST", app)
        assert status == 503, answer
    except (OSError, http.client.HTTPException):
        pass  # it had ended already
    assert first.process is not None
    assert first.process.wait(240) == 1
    assert wait_for(lambda: told(f"{second.url}/v2/apps"), 60, "the second's apps") == {"apps": []}


def test_an_init_cut_off_from_zookeeper_is_silent_and_ends_when_it_hears_of_another(
    inits: tuple[Daemon, Daemon], link: Link
) -> None:
    first, second = inits
    assert first.process is not None
    link.cut()
    wait_for(lambda: commands(second), 60, "the second's election")
    status, answer = ask(f"{first.url}/v2/apps", "POST", {"id": "/late", "cmd": "exec sleep 1000", "instances": 0})
    assert status == 503 and "leadership is suspended" in answer["message"]
    assert first.process.poll() is None
    link.heal()
    assert first.process.wait(240) == 1
    assert "leads no more" in first.log.read_text() or "leadership is lost" in first.log.read_text()
    assert wait_for(lambda: told(f"{second.url}/v2/apps"), 60, "the second's apps") == {"apps": []}
