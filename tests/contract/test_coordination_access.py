"""Who may do what in a ZooKeeper that daemons came to with credentials."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from kazoo.exceptions import BadArgumentsError, BadVersionError, NoAuthError, NoChildrenForEphemeralsError
from kazoo.retry import KazooRetry
from kazoo.security import OPEN_ACL_UNSAFE

from dcos_runtime.store.access import AccessDenied
from dcos_runtime.store.election import ZooKeeperContender, ZooKeeperDetector
from dcos_runtime.store.zookeeper import ZooKeeperSession, parse_url
from dcos_runtime.store.zookeeper_store import ZooKeeperStore
from tests.support.daemons.byhand import Daemon, ask, free_port, wait_for
from tests.support.daemons.zookeeper_server import SUPER, ZooKeeperServer

WAIT = 240.0
NO_VERSION = 999_999
OURS = "dcos:s3cret-of-ours"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeperServer]:
    server = ZooKeeperServer(tmp_path_factory.mktemp("zookeeper"))
    server.start()
    yield server
    server.kill()


class Clients:
    """Sessions with and without credentials, closed at the end."""

    def __init__(self, hosts: str) -> None:
        self._hosts = hosts
        self._all: list[ZooKeeperSession] = []

    async def open(self, credentials: str = "") -> ZooKeeperSession:
        at = f"{credentials}@" if credentials else ""
        session = ZooKeeperSession(parse_url(f"zk://{at}{self._hosts}/mesos"), 60.0)
        session.start()
        self._all.append(session)
        async with asyncio.timeout(WAIT):
            await session.connected()
        return session

    async def close(self) -> None:
        for session in self._all:
            await session.close()


@pytest.fixture
async def clients(server: ZooKeeperServer) -> AsyncIterator[Clients]:
    clients = Clients(server.hosts)
    yield clients
    await clients.close()


@pytest.fixture
async def emptied(clients: Clients) -> None:
    """A tree as ZooKeeper makes it, open to everybody."""
    root = await clients.open(SUPER)

    def empty() -> None:
        for path in ("/", "/zookeeper", "/zookeeper/quota"):
            root.client.set_acls(path, OPEN_ACL_UNSAFE)
        for child in root.client.get_children("/"):
            if child != "zookeeper":
                root.client.delete(f"/{child}", recursive=True)

    # All of it again when the connection was lost meanwhile: a member that a test before took down may just be back.
    await root.call(lambda: KazooRetry(max_tries=-1, deadline=120.0)(empty))


async def lived_in(session: ZooKeeperSession) -> None:
    """What a master and an init make."""
    await ZooKeeperContender(session, "/mesos", b"{}", public=True).elected()
    await ZooKeeperContender(session, "/marathon/leader", b"h:1").elected()
    for path in ("/dcos/mesos", "/dcos/marathon"):
        store = ZooKeeperStore(session, path)
        await store.take_over("me")
        await store.load()
        await store.write({"agents/a": b"1", "apps/x/y": b"2", "plain": b"3"})


async def children(session: ZooKeeperSession, path: str, count: int) -> None:
    """Waits until there are so many."""
    changed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def look() -> int:
        return len(session.client.get_children(path, watch=lambda _: loop.call_soon_threadsafe(changed.set)))

    async with asyncio.timeout(WAIT):
        while await session.call(look) != count:
            await changed.wait()
            changed.clear()


def everything(client: Any, path: str = "/") -> list[str]:
    found = [path]
    for child in client.get_children(path):
        found += everything(client, path.rstrip("/") + "/" + child)
    return found


def allowed(work: Callable[[], object]) -> bool:
    """Permission is asked for before versions are compared: so nothing need be changed to learn whether it could be."""
    try:
        work()
    except (NoAuthError, BadArgumentsError):  # the latter where ZooKeeper lets nobody do that, as delete /zookeeper
        return False
    except (BadVersionError, NoChildrenForEphemeralsError):
        return True
    return True


def permissions(client: Any, path: str) -> str:
    """What this client may do at ``path``: r(ead), w(rite), c(reate in it), d(elete it), a(dminister it)."""
    child = path.rstrip("/") + "/stranger"
    may = ""
    if allowed(lambda: client.get(path)) or allowed(lambda: client.get_children(path)):
        may += "r"
    if allowed(lambda: client.set(path, b"changed", version=NO_VERSION)):
        may += "w"
    if allowed(lambda: client.create(child, b"", ephemeral=True)):
        may += "c"
    if path != "/" and allowed(lambda: client.delete(path, version=NO_VERSION)):
        may += "d"
    if allowed(lambda: client.set_acls(path, OPEN_ACL_UNSAFE, version=NO_VERSION)):
        may += "a"
    if client.exists(child):
        client.delete(child)
    return may


async def table(clients: Clients, stranger: ZooKeeperSession) -> dict[str, str]:
    root = await clients.open(SUPER)
    paths = await root.call(lambda: everything(root.client))
    return {path: await stranger.call(partial(permissions, stranger.client, path)) for path in paths}


def for_strangers(path: str) -> str:
    return "r" if path == "/mesos" or path.startswith("/mesos/") or path == "/zookeeper/config" else ""


@pytest.mark.parametrize("who", ["", "dcos:guessed", "other:s3cret-of-ours"])
async def test_a_stranger_reads_the_masters_folder_and_the_members_and_can_do_nothing_else(
    clients: Clients, emptied: None, who: str
) -> None:
    await lived_in(await clients.open(OURS))
    found = await table(clients, await clients.open(who))
    assert {"/", "/zookeeper/quota", "/mesos/json.info_0000000000", "/dcos/mesos/agents/a"} <= set(found)
    assert found == {path: for_strangers(path) for path in found}


async def test_a_tree_that_was_open_is_closed_with_all_that_is_in_it(clients: Clients, emptied: None) -> None:
    former = await clients.open()
    await lived_in(former)
    stranger = await clients.open()
    assert (await table(clients, stranger))["/dcos/mesos"] == "rwcda"
    ours = await clients.open(OURS)
    second = ZooKeeperContender(ours, "/mesos", b"{}", public=True)
    waiting = asyncio.create_task(second.elected())
    init = asyncio.create_task(ZooKeeperContender(ours, "/marathon/leader", b"h:2").elected())
    for path in ("/dcos/mesos", "/dcos/marathon"):
        store = ZooKeeperStore(ours, path)
        await store.take_over("ours")
        await store.load()
        await store.write({"agents/b": b"1"})
    await children(stranger, "/mesos", 2)
    await former.close()
    async with asyncio.timeout(WAIT):
        await waiting
        await init
    found = await table(clients, stranger)
    assert found == {path: for_strangers(path) for path in found}


async def test_coming_again_changes_nothing(clients: Clients, emptied: None) -> None:
    await lived_in(await clients.open(OURS))
    root = await clients.open(SUPER)

    def versions() -> dict[str, int]:
        paths = [path for path in everything(root.client) if "json.info_" not in path]
        return {path: root.client.get_acls(path)[1].aversion for path in paths}

    before = await root.call(versions)
    again = await clients.open(OURS)
    store = ZooKeeperStore(again, "/dcos/mesos")
    await store.take_over("again")
    contender = asyncio.create_task(ZooKeeperContender(again, "/mesos", b"{}", public=True).elected())
    await children(root, "/mesos", 2)
    contender.cancel()
    assert await root.call(versions) == before


@pytest.mark.parametrize(
    ("credentials", "hint"), [("dcos:wrong", "belongs to another user or password"), ("", "closed to clients without")]
)
async def test_wrong_credentials_are_told_at_once_and_never_shown(
    clients: Clients, emptied: None, credentials: str, hint: str
) -> None:
    await lived_in(await clients.open(OURS))
    wrong = await clients.open(credentials)
    async with asyncio.timeout(WAIT):
        with pytest.raises(AccessDenied, match=hint) as from_election:
            await ZooKeeperContender(wrong, "/mesos", b"{}", public=True).elected()
        with pytest.raises(AccessDenied, match=hint) as from_store:
            await ZooKeeperStore(wrong, "/dcos/mesos").take_over("wrong")
    for caught in (from_election, from_store):
        assert "wrong" not in str(caught.value) and "s3cret" not in str(caught.value)


async def test_a_detector_needs_no_credentials(clients: Clients, emptied: None) -> None:
    await lived_in(await clients.open(OURS))
    detector = ZooKeeperDetector(await clients.open(), "/mesos")
    async with asyncio.timeout(WAIT):
        leader = await detector.changed(None)
    assert leader is not None and leader.content == b"{}"
    await detector.close()


def test_a_master_with_a_wrong_password_ends_and_says_so_without_it(server: ZooKeeperServer, tmp_path: Path) -> None:
    def master(number: int, password: str) -> Daemon:
        url = tmp_path / f"zk{number}"
        url.write_text(f"zk://dcos:{password}@{server.hosts}/cluster/masters")
        return Daemon(
            f"master{number}",
            (
                "dcos-master",
                "--ip=127.0.0.1",
                f"--port={free_port()}",
                f"--work_dir={tmp_path / str(number)}",
                f"--zk=file://{url}",
                "--zk_session_timeout=20secs",
            ),
            tmp_path / f"master{number}.log",
        )

    def leads() -> bool:
        return bool(ask(f"{right.url}/metrics/snapshot")[1]["master/elected"] == 1.0)

    right, wrong = master(1, OURS.partition(":")[2]), master(2, "not-the-password")
    try:
        right.start()
        wait_for(leads, 60, "a leading master")
        wrong.start()
        assert wrong.process is not None
        assert wrong.process.wait(240) == 1
        told = wrong.log.read_text()
        assert "another user or password" in told and "/masters" in told
        assert "not-the-password" not in told and "Traceback" not in told
        wait_for(leads, 60, "a master that goes on leading")
    finally:
        right.stop()
        wrong.stop()
