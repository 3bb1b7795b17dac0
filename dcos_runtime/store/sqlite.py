"""The store of a daemon started by hand: one SQLite file in its work directory, durable on every write."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

from dcos_runtime.store import PAGE, StoreError, check
from dcos_runtime.store.lease import boottime
from dcos_runtime.store.watch import LocalWatch, StoreWatch

T = TypeVar("T")

_APPLICATION_ID = 0x64636F73  # "dcos"
_LAYOUT = 1
_ANOTHER = "give another folder with --work_dir"
_OWN = "give this one a folder of its own with --work_dir"


class SqliteStore:
    """A `Store` in the file ``path``, which is made if it is missing. One process at a time can have it open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sqlite")
        self._connection: sqlite3.Connection | None = None
        self._watches: set[LocalWatch] = set()

    async def load(self) -> dict[str, bytes]:
        return await self._run(self._load)

    async def write(self, changes: Mapping[str, bytes | None]) -> None:
        frozen = dict(changes)
        check(frozen)
        await self._run(lambda: self._write(frozen))
        for watch in list(self._watches):
            watch.wrote(frozen)

    async def pages(self, prefix: str = "", size: int = PAGE) -> AsyncIterator[dict[str, bytes]]:
        after = ""
        while page := await self._run(partial(self._page, prefix, after, size)):
            yield page
            after = max(page)

    async def watch(self, prefix: str = "") -> StoreWatch:
        watch = LocalWatch(prefix, boottime, self._watches.discard)
        self._watches.add(watch)  # before the entries are read: a write meanwhile is then reported afterwards
        try:
            watch.entries.update(await self._run(lambda: self._below(prefix)))
        except BaseException:
            self._watches.discard(watch)
            raise
        return watch

    async def close(self) -> None:
        for watch in list(self._watches):
            watch.failed(StoreError(f"{self._path} was closed"))
        try:
            await self._run(self._close)
        finally:
            self._thread.shutdown(wait=False)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (sqlite3.Error, OSError) as error:
            why, hint = self._explain(error)
            raise StoreError(str(self._path), why=why, hint=hint) from error

    def _explain(self, error: Exception) -> tuple[str, str]:
        """Why that happened, and what to do."""
        text = str(error)
        if isinstance(error, OSError):
            return f"its folder cannot be made, because of {error.filename}: {error.strerror}", _ANOTHER
        if "locked" in text:
            return "another process has this store open", f"end that one, or {_OWN}"
        if isinstance(error, sqlite3.DatabaseError) and ("not a database" in text or "malformed" in text):
            return f"the store is damaged ({text})", "put a backup in its place, or move it away to begin empty"
        if "unable to open" in text or "readonly" in text:
            return f"this user cannot write it ({text})", f"see whose the file and its folder are, or {_ANOTHER}"
        if "full" in text:
            return text, "make room on its disk"
        return text, ""

    # What follows runs in the one thread of this store.

    def _open(self) -> sqlite3.Connection:
        if self._connection is not None:
            return self._connection
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=1.0, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            application, layout = (
                connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
            )
            if (application, layout) == (0, 0) and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                connection.execute("CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID")
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {_LAYOUT}")
            elif (application, layout) != (_APPLICATION_ID, _LAYOUT):
                raise StoreError(
                    str(self._path),
                    why=f"this is not a store of this version (id {application:#x}, layout {layout})",
                    hint=f"start the version that wrote it, or {_ANOTHER}",
                )
            connection.execute("COMMIT")
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(f"malformed: {verdict}")
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _load(self) -> dict[str, bytes]:
        return dict(self._open().execute("SELECT key, value FROM entries"))

    def _below(self, prefix: str) -> dict[str, bytes]:
        where = "SELECT key, value FROM entries WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1"
        return dict(self._open().execute(where, (prefix,)))

    def _page(self, prefix: str, after: str, size: int) -> dict[str, bytes]:
        where = "key >= ?1 AND substr(key, 1, length(?1)) = ?1 AND key > ?2"
        return dict(
            self._open().execute(
                f"SELECT key, value FROM entries WHERE {where} ORDER BY key LIMIT ?3", (prefix, after, size)
            )
        )

    def _write(self, changes: Mapping[str, bytes | None]) -> None:
        connection = self._open()
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(
                "INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                [(key, value) for key, value in changes.items() if value is not None],
            )
            connection.executemany(
                "DELETE FROM entries WHERE key = ?", [(key,) for key, value in changes.items() if value is None]
            )
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
