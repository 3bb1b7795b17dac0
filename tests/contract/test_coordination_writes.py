"""Writes larger than a transaction of ZooKeeper: all or nothing, also when their writer is killed between the steps."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest

from dcos_runtime.store import MAX_VALUE, Fenced, TooLarge, zookeeper_store
from dcos_runtime.store.zookeeper import ZooKeeperSession, parse_url
from dcos_runtime.store.zookeeper_store import ZooKeeperStore
from tests.support.daemons.zookeeper_server import ZooKeeperServer

BEFORE = {f"apps/old{number}": b"before" for number in range(8)}
LARGE: dict[str, bytes | None] = {
    **{f"apps/new{number}": bytes([number]) * 30_000 for number in range(6)},
    **{f"apps/old{number}": None if number % 2 else b"after" * 3_000 for number in range(8)},
}
A_TRANSACTION = 64_000
STEPS = 2 * 4 + 2  # 6 × 30 kB and 4 × 15 kB, of which 64 kB go into a transaction


class Killed(Exception):
    """Instead of SIGKILL: nothing of this writer happens any more."""


class Mortal(ZooKeeperStore):
    """A store whose process is killed after so many transactions."""

    left: int | None = None
    steps = 0

    async def _step(self, changes: Mapping[str, bytes | None]) -> None:
        if self.left == 0:
            raise Killed
        if self.left is not None:
            self.left -= 1
        self.steps += 1
        await super()._step(changes)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeperServer]:
    server = ZooKeeperServer(tmp_path_factory.mktemp("zookeeper"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def session(server: ZooKeeperServer) -> AsyncIterator[ZooKeeperSession]:
    session = ZooKeeperSession(parse_url(f"zk://{server.hosts}/init"), 60.0)
    session.start()
    async with asyncio.timeout(240):
        await session.connected()
    yield session
    await session.close()


async def leading(session: ZooKeeperSession, path: str) -> tuple[Mortal, dict[str, bytes]]:
    """A new leader, and what it finds."""
    store = Mortal(session, path, patience=120.0)
    await store.take_over("me")
    return store, await store.load()


def staged(session: ZooKeeperSession, path: str) -> list[str]:
    """What lies in the folder of the parts."""
    folders = session.client.get_children(path)
    return list(session.client.get_children(f"{path}/staged")) if "staged" in folders else []


def after(changes: Mapping[str, bytes | None]) -> dict[str, bytes]:
    return {key: value for key, value in {**BEFORE, **changes}.items() if value is not None}


@pytest.mark.parametrize("killed", range(STEPS + 1))
async def test_a_large_write_is_done_whole_or_not_at_all_whenever_its_writer_is_killed(
    session: ZooKeeperSession, monkeypatch: pytest.MonkeyPatch, killed: int
) -> None:
    monkeypatch.setattr(zookeeper_store, "MAX_TRANSACTION", A_TRANSACTION)
    path = f"/dcos/killed{killed}"
    store, _ = await leading(session, path)
    await store.write(BEFORE)
    store.left, store.steps = killed, 0
    try:
        await store.write(LARGE)
        assert (killed, store.steps) == (STEPS, STEPS)
    except Killed:
        assert killed < STEPS
    # The next one may be killed while it clears up.
    second = Mortal(session, path)
    await second.take_over("second")
    second.left = 1
    with contextlib.suppress(Killed):
        await second.load()
    third, found = await leading(session, path)
    assert found == (after(LARGE) if killed > STEPS // 2 - 1 else BEFORE)
    await third.write({"apps/more": b"1"})
    assert (await leading(session, path))[1] == {**found, "apps/more": b"1"}
    assert await session.call(lambda: staged(session, path)) == []


async def test_a_writer_that_was_overtaken_in_the_middle_writes_nothing_more(
    session: ZooKeeperSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zookeeper_store, "MAX_TRANSACTION", A_TRANSACTION)
    path = "/dcos/overtaken"
    former, _ = await leading(session, path)
    await former.write(BEFORE)
    former.left = 3
    with pytest.raises(Killed):
        await former.write(LARGE)
    assert (await leading(session, path))[1] == BEFORE
    former.left = None
    with pytest.raises(Fenced):
        await former.write(LARGE)
    assert (await leading(session, path))[1] == BEFORE


async def test_what_is_too_large_is_refused_and_the_store_goes_on(session: ZooKeeperSession) -> None:
    store, _ = await leading(session, "/dcos/refused")
    with pytest.raises(TooLarge):
        await store.write({"apps/a": b"1", "apps/b": b"x" * (MAX_VALUE + 1)})
    await store.write({"apps/c": b"x" * MAX_VALUE, "apps/d": b""})
    assert set((await leading(session, "/dcos/refused"))[1]) == {"apps/c", "apps/d"}


async def test_two_hundred_definitions_in_one_write_are_all_there(session: ZooKeeperSession) -> None:
    changes: dict[str, bytes | None] = {f"apps/{number}": os.urandom(10_000) for number in range(200)}
    store, _ = await leading(session, "/dcos/two-hundred")
    await store.write(changes)
    assert store.steps > 4
    assert (await leading(session, "/dcos/two-hundred"))[1] == changes
    await store_emptied(session, "/dcos/two-hundred")


async def test_hundreds_of_large_writes_in_a_row_do_not_exhaust_the_memory_of_zookeeper(
    session: ZooKeeperSession, server: ZooKeeperServer
) -> None:
    """It keeps the newest 500 transactions, and ends when they do not fit into its heap."""
    store, _ = await leading(session, "/dcos/many")
    for number in range(150):
        await store.write({f"apps/{number % 10}": os.urandom(MAX_VALUE)})
    assert len((await leading(session, "/dcos/many"))[1]) == 10
    await store_emptied(session, "/dcos/many")
    assert server.process is not None and server.process.poll() is None


async def test_a_folder_whose_list_is_longer_than_a_request_may_be_is_loaded(session: ZooKeeperSession) -> None:
    store, _ = await leading(session, "/dcos/long")
    names = [f"instances/{'long-name-' * 40}{number}" for number in range(3_000)]
    await store.write(dict.fromkeys(names, b"x"))
    assert set((await leading(session, "/dcos/long"))[1]) == set(names)
    await store_emptied(session, "/dcos/long")


async def store_emptied(session: ZooKeeperSession, path: str) -> None:
    """ZooKeeper keeps everything in memory: the other tests need it as well."""
    store, found = await leading(session, path)
    await store.write(dict.fromkeys(found))
    assert (await leading(session, path))[1] == {}
