"""The store and the election held against a real ZooKeeper."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from dcos_runtime.store import Fenced, StoreError, TooLarge
from dcos_runtime.store.election import Leader, ZooKeeperContender, ZooKeeperDetector, master_address
from dcos_runtime.store.lease import LeaseState
from dcos_runtime.store.previous import PreviousProcess
from dcos_runtime.store.zookeeper import ZooKeeperSession, parse_url
from dcos_runtime.store.zookeeper_store import ZooKeeperStore
from tests.support.daemons.zookeeper_server import ZooKeeperServer

WAIT = 240.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeperServer]:
    server = ZooKeeperServer(tmp_path_factory.mktemp("zookeeper"))
    server.start()
    yield server
    server.kill()


class Sessions:
    """By default as long as ZooKeeper grants: no test waits for the end of one, and a busy host is late."""

    def __init__(self, hosts: str) -> None:
        self.hosts = hosts
        self.all: list[ZooKeeperSession] = []

    async def open(self, seconds: float = 60.0, credentials: str = "") -> ZooKeeperSession:
        session = ZooKeeperSession(parse_url(f"zk://{credentials}{self.hosts}/unused"), seconds)
        session.start()
        self.all.append(session)
        async with asyncio.timeout(WAIT):
            await session.connected()
        return session


@pytest.fixture
async def sessions(server: ZooKeeperServer) -> AsyncIterator[Sessions]:
    sessions = Sessions(server.hosts)
    yield sessions
    for session in sessions.all:
        await session.close()


@pytest.fixture
def path(tmp_path: Path) -> str:
    return f"/tests/{tmp_path.name}"


async def opened(session: ZooKeeperSession, path: str, holder: str = "a") -> ZooKeeperStore:
    store = ZooKeeperStore(session, path)
    await store.take_over(holder)
    await store.load()
    return store


async def test_what_was_written_is_loaded_by_the_next_leader(sessions: Sessions, path: str) -> None:
    store = await opened(await sessions.open(), path)
    await store.write({"agents/a": b"1", "agents/b/c ö%2F.": b"2", "plain": b"", "agents/..": b"dots"})
    await store.write({"agents/a": b"3", "plain": None, "never/was": None})
    other = await opened(await sessions.open(), path, "b")
    assert await other.load() == {"agents/a": b"3", "agents/b/c ö%2F.": b"2", "agents/..": b"dots"}


async def test_a_former_leader_is_fenced_and_writes_nothing_at_all(sessions: Sessions, path: str) -> None:
    former = await opened(await sessions.open(), path, "former")
    await former.write({"a/1": b"first"})
    current = await opened(await sessions.open(), path, "current")
    with pytest.raises(Fenced):
        await former.write({"a/1": b"late", "a/2": b"late"})
    assert await current.load() == {"a/1": b"first"}
    await current.write({"a/2": b"mine"})
    assert await current.load() == {"a/1": b"first", "a/2": b"mine"}


async def test_a_write_is_done_whole_or_not_at_all(sessions: Sessions, path: str) -> None:
    store = await opened(await sessions.open(), path)
    with pytest.raises(TooLarge, match="at most"):
        await store.write({"a/small": b"x", "a/big": b"x" * 1_000_000})
    assert await store.load() == {}


async def test_writing_before_taking_over_is_refused(sessions: Sessions, path: str) -> None:
    with pytest.raises(StoreError, match="take_over"):
        await ZooKeeperStore(await sessions.open(), path).write({"a/b": b""})


async def test_thousands_of_keys_load_whole(sessions: Sessions, path: str) -> None:
    store = await opened(await sessions.open(), path)
    entries = {f"instances/{number}": b"v%d" % number for number in range(3000)}
    keys = list(entries)
    for start in range(0, len(keys), 500):
        await store.write({key: entries[key] for key in keys[start : start + 500]})
    assert await store.load() == entries


async def test_a_write_whose_keys_are_not_as_remembered_still_ends_as_asked(sessions: Sessions, path: str) -> None:
    session = await sessions.open()
    store = await opened(session, path)
    await store.write({"a/1": b"one"})
    # As after a write whose answer was lost: the nodes differ from what the store remembers.
    await session.call(lambda: session.client.create(f"{path}/a/2", b"half"))
    await session.call(lambda: session.client.delete(f"{path}/a/1"))
    await store.write({"a/1": b"uno", "a/2": b"due"})
    assert await store.load() == {"a/1": b"uno", "a/2": b"due"}


async def test_a_store_outlives_a_restart_of_zookeeper_and_says_when_it_stays_away(tmp_path: Path, path: str) -> None:
    server = ZooKeeperServer(tmp_path / "own")
    server.start()
    sessions = Sessions(server.hosts)
    try:
        session = await sessions.open()
        store = ZooKeeperStore(session, path, patience=WAIT)  # as long as ZooKeeper may take to start
        await store.take_over("a")
        await store.load()
        await store.write({"a/1": b"before"})
        server.kill()
        write = asyncio.create_task(store.write({"a/1": b"after"}))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(server.start)
        async with asyncio.timeout(WAIT):
            await write
        assert await store.load() == {"a/1": b"after"}
        impatient = ZooKeeperStore(session, path)
        await impatient.take_over("again")
        impatient._patience = 0.5  # only now: a busy ZooKeeper may take longer to answer
        server.kill()
        with pytest.raises(StoreError, match="could not be reached"):
            await impatient.write({"a/1": b"never"})
    finally:
        server.kill()
        for session in sessions.all:
            await session.close()


# --- election --------------------------------------------------------------------------------------------------------


async def known(detector: ZooKeeperDetector, content: bytes | None) -> None:
    leader = detector.current
    async with asyncio.timeout(WAIT):
        while (leader.content if leader else None) != content:
            leader = await detector.changed(leader)


async def test_the_first_leads_and_the_next_follows_when_it_goes(sessions: Sessions, path: str) -> None:
    first, second, watcher = [await sessions.open() for _ in range(3)]
    detector = ZooKeeperDetector(watcher, path)
    await known(detector, None)
    one = ZooKeeperContender(first, path, b"one")
    assert await one.elected() == "json.info_0000000000"
    await known(detector, b"one")
    two = ZooKeeperContender(second, path, b"two")
    waiting = asyncio.create_task(two.elected())
    children: list[str] = []
    async with asyncio.timeout(WAIT):
        while len(children) < 2:
            await asyncio.sleep(0.05)
            children = sorted(await watcher.call(lambda: watcher.client.get_children(path)))
    assert children == ["json.info_0000000000", "json.info_0000000001"]
    assert not waiting.done()
    await first.close()
    async with asyncio.timeout(WAIT):
        assert await waiting == "json.info_0000000001"
    await known(detector, b"two")
    await second.close()
    await known(detector, None)
    await detector.close()


async def test_a_leader_whose_node_is_taken_away_is_told_so(sessions: Sessions, path: str) -> None:
    session, operator = await sessions.open(), await sessions.open()
    contender = ZooKeeperContender(session, path, b"me")
    node = await contender.elected()
    lost = asyncio.create_task(contender.lost())
    await asyncio.sleep(0.1)
    assert not lost.done()
    await operator.call(lambda: operator.client.delete(f"{path}/{node}"))
    async with asyncio.timeout(WAIT):
        assert "leads no more" in (why := await lost) or "was taken away" in why


async def test_a_create_whose_answer_was_lost_does_not_stand_twice(sessions: Sessions, path: str) -> None:
    session = await sessions.open()
    client = session.client
    await session.call(lambda: client.ensure_path(path))
    await session.call(lambda: client.create(f"{path}/json.info_", b"x", ephemeral=True, sequence=True))
    contender = ZooKeeperContender(session, path, b"me")
    assert await contender.elected() == "json.info_0000000000"
    assert await session.call(lambda: client.get_children(path)) == ["json.info_0000000000"]
    assert (await session.call(lambda: client.get(f"{path}/json.info_0000000000")))[0] == b"me"


async def in_state(contender: ZooKeeperContender, state: LeaseState) -> None:
    async with asyncio.timeout(WAIT):
        while True:
            if contender.lease.state is state:
                return
            await asyncio.sleep(0.02)


async def test_a_silent_zookeeper_suspends_by_our_own_clock_and_its_return_resumes_what_nobody_took_over(
    tmp_path: Path, path: str
) -> None:
    server = ZooKeeperServer(tmp_path / "own")
    server.start()
    sessions = Sessions(server.hosts)
    try:
        session = await sessions.open(seconds=16)  # a busy host reconnects within it, once ZooKeeper is back
        contender = ZooKeeperContender(session, path, b"me")
        node = await contender.elected()
        store = ZooKeeperStore(session, f"{path}-store", lease=contender.lease)
        await store.take_over("me", contender.standing)
        contender.guard(*store.fence)
        await store.load()
        detector = ZooKeeperDetector(await sessions.open(seconds=16), path)
        await known(detector, b"me")
        # A killed one, not a paused one: it gives every session its whole time when it is back.
        server.kill()
        await in_state(contender, LeaseState.SUSPENDED)
        holding = asyncio.create_task(contender.lease.hold())
        writing = asyncio.create_task(store.write({"a/1": b"waits"}))
        await known(detector, None)
        assert not holding.done() and not writing.done()
        await asyncio.to_thread(server.start)
        async with asyncio.timeout(WAIT):
            await holding
            await writing
        assert contender.lease.suspensions >= 1
        async with asyncio.timeout(WAIT):
            while (leader := await detector.changed(None)) is None:
                pass
        assert leader == Leader(node, b"me")
        assert await store.load() == {"a/1": b"waits"}
        await contender.close()
        await detector.close()
    finally:
        server.kill()
        for session in sessions.all:
            await session.close()


async def test_a_leader_whose_store_is_taken_over_ends_though_its_node_is_there(sessions: Sessions, path: str) -> None:
    session, operator = await sessions.open(), await sessions.open()
    contender = ZooKeeperContender(session, path, b"me")
    await contender.elected()
    store = ZooKeeperStore(session, f"{path}-store", lease=contender.lease)
    await store.take_over("me", contender.standing)
    contender.guard(*store.fence)
    await ZooKeeperStore(operator, f"{path}-store").take_over("another")
    async with asyncio.timeout(WAIT):
        assert "another has taken over" in await contender.lost()
    await contender.close()


async def test_who_has_lost_its_node_before_it_took_over_takes_nothing(sessions: Sessions, path: str) -> None:
    session, operator = await sessions.open(), await sessions.open()
    contender = ZooKeeperContender(session, path, b"late")
    node = await contender.elected()
    successor = await opened(operator, f"{path}-store", "successor")
    await operator.call(lambda: operator.client.delete(f"{path}/{node}"))
    late = ZooKeeperStore(session, f"{path}-store")
    with pytest.raises(Fenced, match="gone"):
        await late.take_over("late", f"{path}/{node}")
    await successor.write({"a/1": b"still the one"})
    await contender.close()


# --- successors ------------------------------------------------------------------------------------------------------


def standing_as(name: bytes) -> Callable[[bytes], bool]:
    return lambda content: content == name


async def test_a_successor_in_the_same_folder_removes_the_node_of_the_one_that_was_killed(
    sessions: Sessions, path: str, tmp_path: Path
) -> None:
    killed, session = await sessions.open(), await sessions.open()
    former = PreviousProcess(tmp_path, standing_as(b"m1"))
    first = ZooKeeperContender(killed, path, b"m1", previous=former)
    await first.elected()
    former.close()  # as the kernel does for one that is killed; its session lives on
    second = ZooKeeperContender(session, path, b"m1", previous=PreviousProcess(tmp_path, standing_as(b"m1")))
    assert await second.elected() == "json.info_0000000001"
    async with asyncio.timeout(WAIT):
        assert await first.lost()
    await first.close()
    await second.close()


async def test_one_whose_predecessor_lives_or_was_copied_from_another_machine_removes_nothing(
    sessions: Sessions, path: str, tmp_path: Path
) -> None:
    living, another, copy = [await sessions.open() for _ in range(3)]
    here, there = tmp_path / "here", tmp_path / "there"
    contender = ZooKeeperContender(living, path, b"m1", previous=PreviousProcess(here, standing_as(b"m1")))
    node = await contender.elected()
    shutil.copytree(here, there)
    locked_out = ZooKeeperContender(another, path, b"m1", previous=PreviousProcess(here, standing_as(b"m1")))
    elsewhere = ZooKeeperContender(copy, path, b"m2", previous=PreviousProcess(there, standing_as(b"m2")))
    waiting = [asyncio.create_task(one.elected()) for one in (locked_out, elsewhere)]
    async with asyncio.timeout(WAIT):
        while True:
            if len(await another.call(lambda: another.client.get_children(path))) == 3:
                break
            await asyncio.sleep(0.05)
    assert node in await another.call(lambda: another.client.get_children(path))
    assert contender.lease.state is not LeaseState.OVER and not any(task.done() for task in waiting)
    for task in waiting:
        task.cancel()
    await contender.close()


@pytest.mark.parametrize("content", [b"", b"no JSON", b'{"path":5}', b'{"path":"/x","session":0}'])
async def test_a_record_that_cannot_be_read_costs_nothing_but_the_wait(
    sessions: Sessions, path: str, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "election.json").write_bytes(content)
    contender = ZooKeeperContender(
        await sessions.open(), path, b"m1", previous=PreviousProcess(tmp_path, standing_as(b"m1"))
    )
    assert await contender.elected() == "json.info_0000000000"
    await contender.close()


def test_a_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    former = PreviousProcess(tmp_path, standing_as(b"m1"))
    child = subprocess.Popen(["sleep", "100"], close_fds=False)
    try:
        former.close()
        lock = os.open(tmp_path / "election.lock", os.O_RDWR)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(lock)
    finally:
        child.kill()
        child.wait()


async def test_other_nodes_in_the_folder_do_not_lead(sessions: Sessions, path: str) -> None:
    session = await sessions.open()
    await session.call(lambda: session.client.ensure_path(f"{path}/a-stranger"))
    contender = ZooKeeperContender(session, path, b"me")
    async with asyncio.timeout(WAIT):
        assert (await contender.elected()).startswith("json.info_")


def test_a_master_is_found_by_the_ip_in_its_info() -> None:
    leader = Leader("n", b'{"id":"x","address":{"hostname":"m1","ip":"198.18.0.11","port":5050},"ip":1}')
    assert master_address(leader) == ("198.18.0.11", 5050)
    with pytest.raises(ValueError, match="no MasterInfo"):
        master_address(Leader("n", b"?"))
