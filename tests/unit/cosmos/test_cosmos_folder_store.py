"""The folder that keeps artifacts: a file is there whole or not at all, and what a killed process began goes away."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from dcos_runtime.cosmos.artifacts import SECONDS, FolderStore

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


async def test_what_killed_processes_began_goes_and_what_others_do_now_stays(tmp_path: Path) -> None:
    long_ago = time.time() - 2 * SECONDS - 60
    for name, changed in (("killed", long_ago), ("other-master", time.time())):
        path = tmp_path / f".{name}.part"
        path.write_bytes(b"half")
        os.utime(path, (changed, changed))
    await FolderStore(str(tmp_path), None).put(KEY, NAME, content(b"whole"))
    assert files(tmp_path) == [".other-master.part", f"{KEY}/{NAME}"]
