"""The folder that keeps artifacts: a file is there whole or not at all, and what a killed process began goes away."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dcos_runtime.cosmos.artifacts import SECONDS, Artifacts, FolderStore

KEY, NAME = "a" * 64, "app.tgz"


async def content(*pieces: bytes, error: Exception | None = None) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
    if error is not None:
        raise error


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_file_is_there_whole_with_its_url(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path), None)
    assert not await store.has(KEY, NAME)
    await store.put(KEY, NAME, content(b"one", b"two"))
    assert await store.has(KEY, NAME)
    assert store.url(KEY, NAME) == f"{tmp_path.as_uri()}/{KEY}/{NAME}"
    assert (tmp_path / KEY / NAME).read_bytes() == b"onetwo"
    assert files(tmp_path) == [f"{KEY}/{NAME}"]


async def test_nothing_is_kept_of_what_broke_off(tmp_path: Path) -> None:
    store = FolderStore(str(tmp_path), None)
    with pytest.raises(ValueError, match="broke off"):
        await store.put(KEY, NAME, content(b"one", error=ValueError("broke off")))
    assert files(tmp_path) == []


async def test_a_transfer_outlives_the_request_that_began_it(tmp_path: Path) -> None:
    asked: list[str] = []
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(size: int) -> AsyncIterator[bytes]:
        await go_on.wait()
        yield b"whole"

    class Fetcher:
        @contextlib.asynccontextmanager
        async def opened(self, url: str, *, headers: Mapping[str, str]) -> AsyncIterator[Any]:
            asked.append(url)
            begun.set()
            content = SimpleNamespace(iter_chunked=slow)
            yield SimpleNamespace(status=200, headers={}, content_length=None, content=content)

    async def digests(source: str, package: str) -> Mapping[str, str]:
        return {"http://far.test/app.tgz": hashlib.sha256(b"whole").hexdigest()}

    store = FolderStore(str(tmp_path), None)
    artifacts = Artifacts(store, Fetcher(), 100, digests)  # type: ignore[arg-type]  # what it uses of one
    given = {"assets": {"uris": {"app": "http://far.test/app.tgz"}}}
    first = asyncio.create_task(artifacts.place("http://repo.test", "x", given))
    async with asyncio.timeout(240):
        await begun.wait()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    second = asyncio.create_task(artifacts.place("http://repo.test", "x", given))
    go_on.set()
    await second
    assert first.cancelled() and len(asked) == 1
    assert files(tmp_path) == [f"{hashlib.sha256(b'whole').hexdigest()}/app.tgz"]


async def test_what_killed_processes_began_goes_and_what_others_do_now_stays(tmp_path: Path) -> None:
    long_ago = time.time() - 2 * SECONDS - 60
    for name, changed in (("killed", long_ago), ("other-master", time.time())):
        path = tmp_path / f".{name}.part"
        path.write_bytes(b"half")
        os.utime(path, (changed, changed))
    await FolderStore(str(tmp_path), None).put(KEY, NAME, content(b"whole"))
    assert files(tmp_path) == [".other-master.part", f"{KEY}/{NAME}"]


async def test_a_file_and_its_names_are_on_the_disk_when_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[Path, bool]] = []
    there = tmp_path / KEY / NAME

    def fsync(descriptor: int) -> None:
        synced.append((Path(f"/proc/self/fd/{descriptor}").readlink(), there.exists()))

    monkeypatch.setattr(os, "fsync", fsync)
    await FolderStore(str(tmp_path), None).put(KEY, NAME, content(b"whole"))
    (file, before), *folders = synced
    assert file.suffix == ".part" and not before
    assert folders == [(tmp_path, False), (there.parent, True)]
