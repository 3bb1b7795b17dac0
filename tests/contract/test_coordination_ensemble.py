"""An ensemble of real ZooKeepers: it grows, loses members, and those who lead through it go on."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.store.zookeeper import ZooKeeperSession, parse_url
from dcos_runtime.store.zookeeper_store import ZooKeeperStore
from tests.support.daemons.byhand import Daemon, wait_for
from tests.support.daemons.coordinated import Watch, leads, master
from tests.support.daemons.zookeeper_server import SECRET_LINE, SUPER, Ensemble, ZooKeeperServer


def operator(hosts: str) -> Any:
    """A client that may reconfigure."""
    from kazoo import client as kazoo

    make: Any = kazoo.KazooClient
    client = make(hosts, auth_data=[("digest", SUPER)])
    client.start(240)
    return client


def add(client: Any, joining: ZooKeeperServer) -> str:
    """Adds a member; tried again while the one that joins still catches up."""
    from kazoo.exceptions import ConnectionLoss, NewConfigNoQuorumError, SessionExpiredError

    deadline = time.monotonic() + 240
    while True:
        try:
            return str(client.reconfig(joining=joining.line, leaving=None, new_members=None)[0].decode())
        except (NewConfigNoQuorumError, ConnectionLoss, SessionExpiredError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


async def test_one_member_grows_to_three_under_a_client_that_notices_nothing(tmp_path: Path) -> None:
    ensemble = Ensemble(tmp_path, 1)
    (one,) = ensemble.members
    session: ZooKeeperSession | None = None
    client: Any = None
    try:
        await asyncio.to_thread(ensemble.start)
        session = ZooKeeperSession(parse_url(f"zk://dcos:secret@{one.hosts}/mesos"), 60.0)
        states: list[str] = []
        session.start()
        async with asyncio.timeout(240):
            await session.connected()
        session.listen(states.append)
        identity = session.id
        store = ZooKeeperStore(session, "/dcos/mesos", patience=240.0)
        await store.take_over("me")
        await store.load()
        kept = {f"agents/{number}": b"%d" % number for number in range(100)}
        await store.write(kept)
        client = await asyncio.to_thread(operator, one.hosts)
        for number in (2, 3):
            # As the inventory lists all three at once: each takes the living one's list, and itself.
            member = ensemble.member(number, (1, 2, 3), founding=False)
            ensemble.members.append(member)
            await asyncio.to_thread(member.launch)
            agreed = await asyncio.to_thread(add, client, member)
            assert f"server.{number}=127.0.1.{number}" in agreed
            await asyncio.to_thread(member.wait)
            await store.write({f"joined/{number}": b""})
        assert sorted(member.mode() for member in ensemble.members) == ["follower", "follower", "leader"]
        everything = {**kept, "joined/2": b"", "joined/3": b""}
        assert await store.load() == everything
        # On a busy host the connection may break for a moment; the session lives, and nothing asked for was lost.
        assert set(states) <= {"SUSPENDED", "CONNECTED"} and session.id == identity
        # The first machine dies for good: the other two have it all.
        one.kill()
        other = ZooKeeperSession(parse_url(f"zk://dcos:secret@{ensemble.hosts}/mesos"), 30.0)
        other.start()
        later = ZooKeeperStore(other, "/dcos/mesos", patience=240.0)
        await later.take_over("later")
        assert await later.load() == everything
        await other.close()
        # It comes back from its own files, into the ensemble of three.
        await asyncio.to_thread(one.start)
        for member in ensemble.members:
            settings = member.state / "conf" / "zoo.cfg"
            assert settings.read_text().count("dynamicConfigFile=") == 1
            assert settings.read_text().count(SECRET_LINE) == 1 and settings.stat().st_mode & 0o077 == 0
            assert SECRET_LINE.rpartition(":")[2] not in (member.folder / "log").read_text()
        assert await store.load() == everything
        # All three die at once, as in a power cut, and find each other again.
        ensemble.kill()
        await asyncio.to_thread(ensemble.start)
        again = ZooKeeperSession(parse_url(f"zk://dcos:secret@{ensemble.hosts}/mesos"), 30.0)
        again.start()
        last = ZooKeeperStore(again, "/dcos/mesos", patience=240.0)
        await last.take_over("last")
        assert await last.load() == everything
        await again.close()
    finally:
        if session is not None:
            await session.close()
        if client is not None:
            await asyncio.to_thread(client.stop)
        ensemble.kill()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[Ensemble, Daemon, Daemon]]:
    """Three ZooKeepers as installed, a leading master, and a second one."""
    ensemble = Ensemble(tmp_path / "ensemble", tick_ms=1000)
    first, second = (master(tmp_path, name, ensemble.hosts, "10secs") for name in ("first", "second"))
    try:
        ensemble.start()
        first.start()
        wait_for(lambda: leads(first), 60, "a leading master")
        second.start()
        yield ensemble, first, second
    finally:
        for daemon in (second, first):
            daemon.stop()
        ensemble.kill()


class Availability:
    """How long writes wait at most: one client that writes all the time."""

    def __init__(self, hosts: str) -> None:
        self._client = operator(hosts)
        self._over = threading.Event()
        self.longest = 0.0
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def _write(self) -> None:
        from kazoo.exceptions import KazooException

        last = time.monotonic()
        while not self._over.is_set():
            try:
                self._client.retry(self._client.ensure_path, "/written")
                self._client.set("/written", b"")
            except KazooException:
                time.sleep(0.02)
                continue
            self.longest = max(self.longest, time.monotonic() - last)
            last = time.monotonic()
            time.sleep(0.02)

    def close(self) -> None:
        self._over.set()
        self._thread.join(240)
        self._client.stop()
        self._client.close()


@pytest.mark.parametrize("fault", ["a follower killed", "the leader killed", "the leader paused"])
def test_a_member_is_lost_and_the_leading_master_goes_on_or_is_followed_by_one_only(
    cluster: tuple[Ensemble, Daemon, Daemon], fault: str
) -> None:
    ensemble, first, second = cluster
    leader = ensemble.leader()
    victim = leader if "leader" in fault else next(member for member in ensemble.members if member is not leader)
    writes = Availability(",".join(member.hosts for member in ensemble.members if member is not victim))
    try:
        with Watch(first, second) as watch:
            wait_for(lambda: watch.first("first") < time.monotonic(), 60, "a leader that answers")
            if "paused" in fault:
                victim.send(signal.SIGSTOP)
            else:
                victim.kill()
            others = [member for member in ensemble.members if member is not victim]
            wait_for(lambda: any(member.mode() == "leader" for member in others), 60, "a leading ZooKeeper")
            wait_for(lambda: leads(first) or leads(second), 60, "a leading master")
            began = time.monotonic()
            wait_for(lambda: time.monotonic() > began + 12.0, 60)
            # On a busy host a leader may be suspended for a moment, and leads on.
            wait_for(lambda: leads(first) or leads(second), 60, "a master that leads on")
        assert watch.after("first", watch.first("second"), watch.first("second")) == []
        if "paused" not in fault:
            wait_for(lambda: leads(first), 60, f"the first, leading on:\n{first.log.read_text()[-3000:]}")
        if "paused" in fault:
            victim.send(signal.SIGCONT)
        else:
            victim.start()
        wait_for(lambda: all(member.serves() for member in ensemble.members), 60, "three members that serve")
    finally:
        writes.close()
    print(f"{fault}: writes waited for {writes.longest:.2f} s at most; the first master leads on: {leads(first)}")
