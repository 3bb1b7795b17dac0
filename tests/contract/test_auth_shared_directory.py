"""Users that several dcos-auth share, on a clock of the test and a real ZooKeeper."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dcos_runtime.auth.directory import User, UsersUnavailable
from dcos_runtime.auth.shared_directory import SIGN, SharedDirectory
from dcos_runtime.guard.tokens import Claims, TokenRefused
from dcos_runtime.store.shared_store import Step
from dcos_runtime.store.zookeeper import ZooKeeperSession, parse_url
from tests.support.daemons.coordinated import Link
from tests.support.daemons.zookeeper_server import ZooKeeperServer

WAIT = 240.0
TRUSTED = 10.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeperServer]:
    server = ZooKeeperServer(tmp_path_factory.mktemp("zookeeper"))
    server.start()
    yield server
    server.kill()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long people are let wait is no question here, and a busy host takes longer."""
    monkeypatch.setattr("dcos_runtime.auth.shared_directory.PATIENCE", WAIT)


class Place:
    """Directories of one cluster's users, on one clock that stands still unless the test turns it."""

    def __init__(self, hosts: str, path: str) -> None:
        self.hosts = hosts
        self.path = path
        self.now = 1000.0
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Place:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def directory(self, hosts: str = "") -> Directory:
        session = ZooKeeperSession(parse_url(f"zk://dcos:hush@{hosts or self.hosts}{self.path}"), 60.0)
        session.start()
        self._stack.push_async_callback(session.close)
        shared = SharedDirectory(session, self.path, User("admin", "h"), TRUSTED, lambda: self.now)
        directory = Directory(session, shared)
        directory.read()
        self._stack.callback(directory.pause)
        await until(lambda: knows(shared, "admin"))
        return directory


class Directory:
    """One that can be paused: its reader does nothing then, as in a process that is stopped."""

    def __init__(self, session: ZooKeeperSession, shared: SharedDirectory) -> None:
        self.session = session
        self.shared = shared
        self._reader: asyncio.Task[None] | None = None

    def read(self) -> None:
        self._reader = asyncio.create_task(self.shared.run())

    def pause(self) -> None:
        assert self._reader is not None
        self._reader.cancel()


@pytest.fixture
async def place(server: ZooKeeperServer, tmp_path: Path) -> AsyncIterator[Place]:
    async with Place(server.hosts, f"/tests/{tmp_path.name}") as place:
        yield place


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT):
        while True:
            if holds():
                return
            await asyncio.sleep(0.01)


def knows(shared: SharedDirectory, uid: str) -> bool:
    try:
        return shared.user(uid) is not None
    except UsersUnavailable:
        return False


def token_of(uid: str) -> Claims:
    return Claims(uid, f"token-of-{uid}", time.time() + 1000, time.time())


def stand_still(seconds: float, place: Place) -> None:
    place.now += seconds


async def test_who_was_paused_for_longer_than_it_trusts_knows_nobody_until_it_has_read_anew(place: Place) -> None:
    one, two = await place.directory(), await place.directory()
    await one.shared.add(User("bob", "h"))
    await until(lambda: knows(two.shared, "bob"))
    two.pause()
    await one.shared.remove("bob")
    stand_still(TRUSTED + 0.1, place)
    # It goes on: whatever is asked first, before it heard anything, is not answered from what it knew.
    for ask in (lambda: two.shared.user("bob"), two.shared.users, lambda: two.shared.is_revoked("x"), two.shared.check):
        with pytest.raises(UsersUnavailable, match="older than 10 s"):
            ask()
    with pytest.raises(UsersUnavailable):
        two.shared.vouch(token_of("bob"))
    two.read()
    await until(lambda: knows(two.shared, "admin"))
    assert not knows(two.shared, "bob")
    with pytest.raises(TokenRefused):
        two.shared.vouch(token_of("bob"))


async def test_what_is_known_is_as_old_as_the_asking_for_the_last_sign_that_was_answered(
    place: Place, server: ZooKeeperServer
) -> None:
    link = Link(server.hosts)
    try:
        cut_off = (await place.directory(link.hosts)).shared
        place.now += TRUSTED * SIGN  # the next sign is due, and is answered: good from now on
        await until(lambda: cut_off.as_of == place.now)
        asked = place.now
        link.cut()
        place.now = asked + TRUSTED - 0.1
        assert knows(cut_off, "admin")
        place.now = asked + TRUSTED + 0.1
        # However ZooKeeper's silence is told, and whenever: it is over for good.
        assert not knows(cut_off, "admin")
        await asyncio.sleep(0.1)
        assert not knows(cut_off, "admin")
        link.heal()
        await until(lambda: knows(cut_off, "admin"))
    finally:
        link.close()


async def test_a_sign_brings_all_that_happened_before_it(place: Place) -> None:
    """Or what is known would be taken for newer than it is."""
    one, two = await place.directory(), await place.directory()
    for turn in range(6):
        await one.shared.add(User(f"user{turn}", "h"))
        place.now += TRUSTED + 1
        await until(lambda: two.shared.as_of == place.now)
        assert knows(two.shared, f"user{turn}")


@pytest.mark.parametrize("end", ["removed", "other password", "logged out"])
async def test_who_is_no_user_any_more_changes_no_user_whatever_the_cache_says(place: Place, end: str) -> None:
    one, two = await place.directory(), await place.directory()
    await one.shared.add(User("bob", "h"))
    await one.shared.add(User("ann", "h"))
    await until(lambda: knows(two.shared, "bob") and knows(two.shared, "ann"))
    bob = token_of("bob")
    two.shared.vouch(bob)
    two.pause()
    if end == "removed":
        await one.shared.remove("bob")
    elif end == "other password":
        await one.shared.change("bob", lambda user: msgspec.structs.replace(user, hash="i", since=time.time() + 1))
    else:
        await one.shared.revoke(bob.id, bob.expires)
    two.shared.vouch(bob)  # it has not heard of it, and what it knows is not too old
    changes: list[Callable[[], Any]] = [
        lambda: two.shared.add(User("mallory", "h"), bob),
        lambda: two.shared.change("ann", lambda user: msgspec.structs.replace(user, hash="mine"), bob),
        lambda: two.shared.remove("ann", bob),
    ]
    for change in changes:
        with pytest.raises(TokenRefused):
            await change()
    assert not knows(one.shared, "mallory")
    ann = one.shared.user("ann")
    assert ann is not None and ann.hash == "h"


async def test_who_is_removed_between_the_look_and_the_change_changes_nothing(place: Place) -> None:
    one, two = await place.directory(), await place.directory()
    await one.shared.add(User("bob", "h"))
    await one.shared.add(User("ann", "h"))
    await until(lambda: knows(two.shared, "bob") and knows(two.shared, "ann"))
    look = two.shared._backing
    looks: list[list[Step]] = []

    async def slow(by: Claims | None) -> list[Step]:
        found = await look(by)
        looks.append(found)
        if len(looks) == 1:
            await one.shared.remove("bob")
        return found

    two.shared._backing = slow  # type: ignore[method-assign]  # a double takes its place
    with pytest.raises(TokenRefused):
        await two.shared.change("ann", lambda user: msgspec.structs.replace(user, hash="mine"), token_of("bob"))
    ann = one.shared.user("ann")
    assert looks and ann is not None and ann.hash == "h"


async def test_a_user_may_change_and_remove_himself(place: Place) -> None:
    one = (await place.directory()).shared
    await one.add(User("bob", "h"))
    await one.change("bob", lambda user: msgspec.structs.replace(user, description="b"), token_of("bob"))
    await one.remove("bob", token_of("bob"))
    assert not knows(one, "bob")
