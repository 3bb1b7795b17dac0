"""The fetcher's cache: one download for all, nothing that is half or damaged is used, and what fails is fetched."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import stat
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.fetch_cache import FetchCache
from dcos_runtime.agent.fetch_ledger import CachedFile, Ledger
from dcos_runtime.agent.fetcher import Fetcher, FetchFailed
from dcos_runtime.errors import Unstartable
from dcos_runtime.wire.common import CommandInfo
from tests.support.agent.fetching_lab import MB, tar

# --- the ledger: pure -------------------------------------------------------------------------------------------------


def held(ledger: Ledger, name: str, size: int) -> CachedFile:
    entry = ledger.begin(("me", 0, name))
    assert ledger.reserve(entry, size) is not None
    ledger.complete(entry, "digest")
    return entry


def test_what_was_used_longest_ago_goes_first_and_nothing_that_is_in_use() -> None:
    ledger = Ledger(100)
    first, second, third = (held(ledger, name, 30) for name in ("a", "b", "c"))
    assert ledger.find(first.key) is first, "now it is the last to go"
    second.users = 1
    new = ledger.begin(("me", 0, "d"))
    assert ledger.reserve(new, 40) == [third] and ledger.find(third.key) is None and ledger.used == 100
    assert ledger.find(new.key) is None, "it is not complete"
    assert ledger.reserve(ledger.begin(("me", 0, "e")), 31) is None, "what could go is too small"
    assert ledger.reserve(ledger.begin(("me", 0, "e")), 101) is None and ledger.unused() == [first]
    assert ledger.used == 100, "a refusal changes nothing"
    ledger.drop(first)
    ledger.drop(first)
    assert ledger.used == 70


def test_what_is_taken_is_always_the_sum_of_what_is_held() -> None:
    dice, ledger = random.Random(13), Ledger(1000)
    living: list[CachedFile] = []
    for number in range(3000):
        match dice.randrange(4):
            case 0:
                entry = ledger.begin(("me", 0, f"{dice.randrange(30)}.{number}"))
                victims = ledger.reserve(entry, dice.randrange(1, 400))
                if victims is not None:
                    assert all(victim.users == 0 and victim in living for victim in victims)
                    living = [one for one in living if one not in victims] + [entry]
                    ledger.complete(entry, "digest")
            case 1 if living:
                dice.choice(living).users += 1
            case 2 if living:
                entry = dice.choice(living)
                entry.users = max(0, entry.users - 1)
            case 3 if living:
                entry = living.pop(dice.randrange(len(living)))
                ledger.drop(entry)
        assert ledger.used == sum(entry.size for entry in living) <= ledger.total


# --- a server, and an agent's fetcher ---------------------------------------------------------------------------------


class Web:
    """Serves ``bodies`` by path. ``heads`` replaces a path's header lines, ``gate`` holds answers back while clear."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}
        self.heads: dict[str, str] = {}
        self.asked: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.port = 0
        self._more = asyncio.Condition()

    async def until_asked(self, count: int) -> None:
        async with self._more:
            await self._more.wait_for(lambda: len(self.asked) >= count)

    def url(self, path: str, body: bytes) -> str:
        self.bodies[path] = body
        return f"http://127.0.0.1:{self.port}{path}"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split()[1].decode()
        async with self._more:
            self.asked.append(path)
            self._more.notify_all()
        await self.gate.wait()
        body = self.bodies[path]
        lines = self.heads.get(path, f"200 OK\r\nContent-Length: {len(body)}")
        writer.write(f"HTTP/1.1 {lines}\r\n\r\n".encode() + body)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
            writer.close()


@pytest.fixture
async def web() -> AsyncIterator[Web]:
    made = Web()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made
        made.gate.set()


ME = ContainerUser("me", os.geteuid(), os.getegid(), (), "/")


class House:
    """An agent's fetcher with a cache of ``size`` bytes, and sandboxes."""

    def __init__(self, folder: Path, size: int = MB, entries: Path | None = None) -> None:
        self.folder = folder
        self.entries = (entries or folder / "cache") / "entries"
        self.cache = FetchCache.begin(self.entries.parent, size)
        self.ledger = self.cache.ledger
        self.fetcher = Fetcher(60, 120, 8 * MB, (), (), None, False, asyncio.Semaphore(8), self.cache)

    async def fetch(self, name: str, *uris: CommandInfo.URI, user: ContainerUser = ME) -> Path:
        sandbox = self.folder / name
        sandbox.mkdir()
        (sandbox / "stderr").touch()
        await self.fetcher.fetch(name, list(uris), sandbox, user)
        return sandbox

    def files(self) -> list[Path]:
        return sorted(self.entries.iterdir())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def uri(value: str, *, name: str | None = None, executable: bool = False, extract: bool = True) -> CommandInfo.URI:
    return CommandInfo.URI(value=value, cache=True, output_file=name, executable=executable, extract=extract)


# --- one download -----------------------------------------------------------------------------------------------------


async def test_many_tasks_at_once_and_later_ones_cost_one_download(web: Web, house: House) -> None:
    url = web.url("/app", b"first")
    web.gate.clear()
    fetches = [asyncio.create_task(house.fetch(f"s{number}", uri(url))) for number in range(6)]
    await web.until_asked(1)
    web.gate.set()
    sandboxes = await asyncio.gather(*fetches)
    web.bodies["/app"] = b"other"
    sandboxes.append(await house.fetch("later", uri(url)))
    assert web.asked == ["/app"] and all((box / "app").read_bytes() == b"first" for box in sandboxes)
    (file,) = house.files()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(house.entries.stat().st_mode) == 0o700
    assert file.stat().st_nlink == 1 and all((box / "app").stat().st_nlink == 1 for box in sandboxes)
    assert "from the cache" in (sandboxes[-1] / "stderr").read_text()
    await house.fetch("another user", uri(url), user=ContainerUser("you", ME.uid, ME.gid, (), "/"))
    assert web.asked == ["/app"] * 2 and len(house.files()) == 2, "users share nothing"
    await house.fetch("no uris")
    assert house.fetcher.metrics() == {
        "containerizer/fetcher/task_fetches_succeeded": 9.0,
        "containerizer/fetcher/task_fetches_failed": 0.0,
        "containerizer/fetcher/cache_size_total_bytes": float(MB),
        "containerizer/fetcher/cache_size_used_bytes": 10.0,
    }
    assert all(entry.users == 0 for entry in house.ledger.unused()) and len(house.ledger.unused()) == 2


async def test_what_is_cached_is_named_unpacked_and_made_executable_as_without_cache(web: Web, house: House) -> None:
    url = web.url("/app.tgz?x=1", tar(("app/run", b"run")))
    box = await house.fetch(
        "box",
        uri(url),
        uri(url, name="bin/tool", executable=True),
        uri(url, name="kept.tgz", extract=False),
        CommandInfo.URI(value=url, output_file="direct", extract=False),
    )
    assert web.asked == ["/app.tgz?x=1"] * 2, "of four URIs one is not cached"
    assert (box / "app/run").read_text() == "run" and not (box / "app.tgz").exists(), "as Mesos: only what was in it"
    assert os.access(box / "bin/tool", os.X_OK)
    assert (box / "kept.tgz").read_bytes() == (box / "direct").read_bytes() == web.bodies["/app.tgz?x=1"]
    assert not os.access(box / "kept.tgz", os.X_OK)


# --- what does not fit ------------------------------------------------------------------------------------------------


async def test_what_the_cache_cannot_take_is_fetched_directly_and_logged(
    web: Web, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    web.heads["/unsized"] = "200 OK"
    cases = {
        web.url("/unsized", b"text"): "its size is not known",
        web.url("/empty", b""): "it is empty",
        web.url("/big?token=s3cret", b"x" * (MB + 1)): f"its {MB + 1} bytes do not fit",
    }
    for number, (url, why) in enumerate(cases.items()):
        caplog.clear()
        box = await house.fetch(str(number), uri(url, name="it"))
        path = url.partition(str(web.port))[2]
        assert (box / "it").read_bytes() == web.bodies[path] and why in caplog.text, caplog.text
        assert "directly into the sandbox" in caplog.text and "s3cret" not in caplog.text
    assert not house.files() and house.ledger.used == 0


async def test_the_least_recently_used_goes_to_make_room(web: Web, tmp_path: Path) -> None:
    house = House(tmp_path, 100)
    urls = [web.url(f"/{name}", name.encode() * 40) for name in "abc"]
    for number, which in enumerate((0, 1, 0, 2, 0, 1)):
        box = await house.fetch(str(number), uri(urls[which]))
        assert (box / "abc"[which]).read_bytes() == web.bodies[f"/{'abc'[which]}"]
        assert len(house.files()) <= 2 and house.ledger.used <= 100
    assert web.asked == ["/a", "/b", "/c", "/b"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
async def test_a_full_disk_empties_the_cache_and_the_task_is_fetched_for_directly(
    web: Web, small_disk: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(tmp_path, 64 * MB, small_disk)
    await house.fetch("small", uri(web.url("/small", b"small")))
    box = await house.fetch("big", uri(web.url("/big", b"x" * (2 * MB))))
    assert (box / "big").stat().st_size == 2 * MB and "No space left" in caplog.text
    assert not house.files() and house.ledger.used == 0


# --- what is half or damaged ------------------------------------------------------------------------------------------


async def test_a_file_that_is_not_what_was_written_is_downloaded_again(
    web: Web, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    url = web.url("/app", b"whole")
    await house.fetch("first", uri(url))
    damages = {"shorter": b"who", "longer": b"whole+", "other": b"wh0le"}
    for name, damaged in damages.items():
        house.files()[0].write_bytes(damaged)
        assert ((await house.fetch(name, uri(url), uri(url, name="b"))) / "b").read_bytes() == b"whole"
        assert "is damaged and is removed" in caplog.text
        caplog.clear()
    house.files()[0].unlink()
    assert ((await house.fetch("gone", uri(url))) / "app").read_bytes() == b"whole"
    assert len(web.asked) == 5 and len(house.files()) == 1 and house.ledger.used == 5


async def test_a_download_that_fails_leaves_nothing_and_others_try_by_themselves(web: Web, house: House) -> None:
    url = web.url("/app", b"half")
    web.heads["/app"] = "200 OK\r\nContent-Length: 100"
    with pytest.raises(FetchFailed, match="4 of 100 bytes"):
        await house.fetch("alone", uri(url))
    assert not house.files() and house.ledger.used == 0 and web.asked == ["/app"]
    web.heads["/app"] = "404 Not Found\r\nContent-Length: 4"
    web.gate.clear()
    fetches = [asyncio.create_task(house.fetch(f"s{number}", uri(url))) for number in range(3)]
    await web.until_asked(2)
    web.gate.set()
    ended = await asyncio.gather(*fetches, return_exceptions=True)
    assert all(isinstance(one, FetchFailed) and "HTTP 404" in str(one) for one in ended), ended
    assert web.asked == ["/app"] * 4, "one for all, then one for each of the two that waited"
    assert not house.files() and house.ledger.used == 0
    assert house.fetcher.metrics()["containerizer/fetcher/task_fetches_failed"] == 4.0


async def test_a_download_goes_on_as_long_as_anyone_waits(web: Web, house: House) -> None:
    url = web.url("/app", b"text")
    web.gate.clear()
    first, second = (asyncio.create_task(house.fetch(name, uri(url))) for name in ("first", "second"))
    await web.until_asked(1)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    web.gate.set()
    assert ((await second) / "app").read_bytes() == b"text" and web.asked == ["/app"]
    web.gate.clear()
    only = asyncio.create_task(house.fetch("only", uri(web.url("/other", b"text"))))
    await web.until_asked(2)
    only.cancel()
    with pytest.raises(asyncio.CancelledError):
        await only
    assert len(house.files()) == 1 and house.ledger.used == 4, "nobody waits: it ended, and left nothing"
    web.gate.set()
    assert ((await house.fetch("again", uri(f"http://127.0.0.1:{web.port}/other"))) / "other").exists()


async def test_a_cache_begins_empty_and_belongs_to_one_agent(web: Web, house: House) -> None:
    await house.fetch("one", uri(web.url("/app", b"text")))
    other = house.entries.parent / "not-ours"
    other.touch()
    with pytest.raises(Unstartable, match="another agent uses it"):
        FetchCache.begin(house.entries.parent, MB)
    assert len(house.files()) == 1
    os.close(house.cache.lock)
    assert FetchCache.begin(house.entries.parent, MB).ledger.used == 0
    assert not house.files() and other.exists(), "only `entries` is ours"
