"""Pages and watches of both stores: the same promises from SQLite in this process and from a real ZooKeeper."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.store import Store, StoreError
from dcos_runtime.store.lease import boottime
from dcos_runtime.store.sqlite import SqliteStore
from dcos_runtime.store.watch import StoreWatch
from dcos_runtime.store.zookeeper import ZooKeeperSession, parse_url
from dcos_runtime.store.zookeeper_store import ZooKeeperStore
from tests.support.daemons.coordinated import Link
from tests.support.daemons.zookeeper_server import ZooKeeperServer

WAIT = 240.0
SHORT, LONG = 12.0, 60.0
"""Sessions in seconds: one whose end a test waits for, and the longest that ZooKeeper grants."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeperServer]:
    server = ZooKeeperServer(tmp_path_factory.mktemp("zookeeper"))
    server.start()
    yield server
    server.kill()


@contextlib.asynccontextmanager
async def session_at(hosts: str, seconds: float = LONG) -> AsyncIterator[ZooKeeperSession]:
    session = ZooKeeperSession(parse_url(f"zk://{hosts}/unused"), seconds)
    session.start()
    try:
        yield session
    finally:
        await session.close()


@pytest.fixture
def path(tmp_path: Path) -> str:
    return f"/tests/{tmp_path.name}"


@pytest.fixture(params=["sqlite", "zookeeper"])
async def store(request: pytest.FixtureRequest, tmp_path: Path, path: str) -> AsyncIterator[Store]:
    if request.param == "sqlite":
        local = SqliteStore(tmp_path / "state")
        yield local
        await local.close()
        return
    async with session_at(request.getfixturevalue("server").hosts) as session:
        store = ZooKeeperStore(session, path)
        await store.take_over("a")
        await store.load()
        yield store


async def follow(watch: StoreWatch, reported: dict[str, bytes | None], wanted: dict[str, bytes | None]) -> None:
    """Until the last that was told of each key is as ``wanted``."""
    async with asyncio.timeout(WAIT):
        while any(key not in reported or reported[key] != value for key, value in wanted.items()):
            reported.update(await watch.changed())


# --- pages ---


async def test_pages_come_in_order_and_hold_what_begins_with_the_prefix(store: Store) -> None:
    entries = {f"apps/{number:03}": b"%d" % number for number in range(25)}
    others = {"apple/x": b"1", "plain": b"2", "apps2/y": b"3", "agents/ö/%2F.": b"4"}
    await store.write({**entries, **others})
    pages = [page async for page in store.pages("apps/", 10)]
    assert [len(page) for page in pages] == [10, 10, 5]
    assert [key for page in pages for key in page] == sorted(entries)
    assert {key: value for page in pages for key, value in page.items()} == entries
    everything = [key async for page in store.pages(size=7) for key in page]
    assert everything == sorted({**entries, **others}) and everything == sorted(await store.load())
    assert [page async for page in store.pages("apps/02", 100)] == [
        {key: value for key, value in entries.items() if key.startswith("apps/02")}
    ]
    assert [page async for page in store.pages("nothing/")] == []


async def test_what_is_there_all_the_while_is_told_once_however_much_is_written_between_two_pages(store: Store) -> None:
    kept = {f"a/{number:02}": b"kept" for number in range(0, 40, 2)}
    await store.write({**kept, **{f"a/{number:02}": b"goes" for number in range(1, 40, 2)}})
    found: list[str] = []
    async for page in store.pages("a/", 4):
        found += page
        await store.write({f"a/{random.randrange(1, 40, 2):02}": None for _ in range(3)})
        await store.write({f"a/new{len(found)}": b"came"})
    assert len(found) == len(set(found)) and set(kept) <= set(found)


# --- watches ---


async def test_a_watch_begins_with_what_is_there_and_tells_each_change_of_its_keys(store: Store) -> None:
    await store.write({"apps/a": b"1", "agents/a": b"1", "plain": b"0"})
    async with await store.watch("apps/") as watch, await store.watch() as whole, await store.watch("apps/b") as one:
        assert (watch.entries, one.entries) == ({"apps/a": b"1"}, {})
        assert whole.entries == {"apps/a": b"1", "agents/a": b"1", "plain": b"0"}
        received: dict[str, bytes | None] = {}
        await store.write({"apps/a": b"2", "apps/b": b"1", "agents/b": b"1"})
        await follow(watch, received, {"apps/a": b"2", "apps/b": b"1"})
        await store.write({"apps/a": None, "instances/new": b"i", "plain": None})
        await follow(watch, received, {"apps/a": None})
        assert set(received) == {"apps/a", "apps/b"} and watch.entries == {"apps/b": b"1"}
        seen: dict[str, bytes | None] = {}
        await follow(whole, seen, {"apps/a": None, "instances/new": b"i", "plain": None, "agents/b": b"1"})
        assert whole.entries == await store.load()
        assert await one.changed() == {"apps/b": b"1"}


async def test_what_was_done_before_is_seen_and_what_is_known_is_no_older_than_it_says(store: Store) -> None:
    async with await store.watch("a/") as watch:
        for number in range(20):
            before = boottime()
            await store.write({f"a/{number}": b"x"})
            async with asyncio.timeout(WAIT):
                await watch.seen()
            assert f"a/{number}" in watch.entries
            assert watch.as_of is not None and watch.as_of >= before


async def test_a_closed_watch_tells_no_more_and_costs_nothing(store: Store) -> None:
    watch = await store.watch("a/")
    await watch.close()
    await store.write({"a/1": b"x"})
    assert watch.entries == {}


async def test_a_watch_of_a_store_that_was_closed_says_so(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "state")
    watch = await store.watch()
    waiting = asyncio.create_task(watch.changed())
    await asyncio.sleep(0)
    await store.close()
    with pytest.raises(StoreError, match="was closed"):
        await waiting


# --- what only ZooKeeper can lose ---


async def test_another_process_watches_what_the_leader_writes(server: ZooKeeperServer, path: str) -> None:
    async with session_at(server.hosts) as leading, session_at(server.hosts) as following:
        waiting = asyncio.create_task(ZooKeeperStore(following, path).watch("apps/"))  # before anybody ever led
        await asyncio.sleep(0.2)
        store = ZooKeeperStore(leading, path)
        await store.take_over("a")
        async with asyncio.timeout(WAIT):
            watch = await waiting
        async with watch:
            await store.write({"apps/a": b"1", "staged-not": b"x"})
            await follow(watch, {}, {"apps/a": b"1"})
            # The first write of a folder that nobody had, and one that takes several transactions.
            await store.write({f"apps/large{number}": bytes(400_000) for number in range(4)})
            await follow(watch, {}, {f"apps/large{number}": bytes(400_000) for number in range(4)})
            assert set(watch.entries) == {"apps/a", *(f"apps/large{number}" for number in range(4))}


@pytest.mark.parametrize("lost", ["connection", "session"])
async def test_what_happened_while_zookeeper_was_out_of_reach_is_told_afterwards(
    server: ZooKeeperServer, path: str, lost: str
) -> None:
    link = Link(server.hosts)
    seconds = SHORT if lost == "session" else LONG  # which a lost connection does not outlast
    try:
        async with session_at(server.hosts) as leading, session_at(link.hosts, seconds) as following:
            store = ZooKeeperStore(leading, path)
            await store.take_over("a")
            await store.write({"a/kept": b"1", "a/changed": b"1", "a/removed": b"1", "b/x": b"1"})
            async with await ZooKeeperStore(following, path).watch("a/") as watch:
                session = following.id
                states: list[Any] = []
                following.listen(states.append)
                await following.call(lambda: following.client.create(f"{path}-lives", ephemeral=True))
                link.cut()
                await store.write({"a/changed": b"2", "a/removed": None, "a/new": b"1", "a/passing": b"1"})
                await store.write({"a/passing": None, "folder/new": b"1"})
                if lost == "session":
                    async with asyncio.timeout(WAIT):
                        while await leading.call(lambda: leading.client.exists(f"{path}-lives")):  # noqa: ASYNC110
                            await asyncio.sleep(0.2)
                else:
                    following.reconnect()
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await watch.changed()
                assert watch.entries["a/changed"] == b"1", "what is known stays while nothing can be known"
                link.heal()
                received: dict[str, bytes | None] = {}
                await follow(watch, received, {"a/changed": b"2", "a/removed": None, "a/new": b"1"})
                async with asyncio.timeout(WAIT):
                    await watch.seen()
                assert watch.entries == {"a/kept": b"1", "a/changed": b"2", "a/new": b"1"}
                assert "a/kept" not in received and "CONNECTED" in states
                assert (following.id != session) is (lost == "session")
                # It goes on as before.
                await store.write({"a/kept": None})
                await follow(watch, received, {"a/kept": None})
    finally:
        link.close()


async def test_however_often_the_connection_breaks_a_watch_ends_with_what_is_there(
    server: ZooKeeperServer, path: str
) -> None:
    chance = random.Random(7)
    async with session_at(server.hosts) as leading, session_at(server.hosts) as following:
        store = ZooKeeperStore(leading, path)
        await store.take_over("a")
        async with await ZooKeeperStore(following, path).watch() as watch:
            mirror = dict(watch.entries)

            async def keep() -> None:
                while True:
                    for key, value in (await watch.changed()).items():
                        if value is None:
                            del mirror[key]
                        else:
                            mirror[key] = value

            keeping = asyncio.create_task(keep())
            for _ in range(60):
                keys = [f"{chance.choice('abc')}/{chance.randrange(8)}" for _ in range(3)]
                await store.write({key: chance.choice((b"1", b"2", None)) for key in keys})
                if chance.random() < 0.2:
                    following.reconnect()
            async with asyncio.timeout(WAIT):
                await watch.seen()
                while watch._untold:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            keeping.cancel()
            assert watch.entries == mirror == await store.load()
