"""The fetcher's cache: URIs with ``cache`` are downloaded once for all tasks of a user, and copied to each sandbox.

Mesos' rules (its *Fetcher Cache Internals*): begun empty, never revalidated, least recently used goes first, and
whatever fails on the cache's side is fetched directly. The folder is the agent's alone: fetch processes, which run as
the tasks' users, get open files and no paths.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from pathlib import Path

from dcos_runtime.agent import pools
from dcos_runtime.agent.claim import claim_folder
from dcos_runtime.agent.fetch_ledger import CachedFile, Key, Ledger
from dcos_runtime.agent.removal import remove
from dcos_runtime.agent.shared_work import SharedWork

log = logging.getLogger(__name__)

Reserve = Callable[[int], Awaitable[None]]
"""Reserves bytes for what is about to be downloaded. Raises `NotCached`."""

Download = Callable[[int, Reserve], Awaitable[str]]
"""Writes to a descriptor what is to be cached, after it reserved the size. Returns the SHA-256, hex.

Raises `NotCached`; any other exception is that of the source, such as a server's 404.
"""


class NotCached(Exception):
    """It cannot be fetched through the cache, whatever its source would give. ``full``: the disk is."""

    def __init__(self, why: str, full: bool = False) -> None:
        super().__init__(why)
        self.full = full


class FetchCache:
    """Used in the loop's thread only; files are opened and removed in a pool of their own."""

    def __init__(self, folder: int, size: int, lock: int) -> None:
        """``folder``: a descriptor of the empty folder; ``size``: bytes that may be in it. ``lock``: a descriptor that
        keeps other agents out as long as it is open.
        """
        self.ledger = Ledger(size)
        self.lock = lock
        self._folder = folder
        # Until nobody waits for it any more an entry has one user; then those that waited use it by themselves.
        self._downloads = SharedWork[Key, CachedFile](self.release)

    @classmethod
    def begin(cls, folder: Path, size: int) -> FetchCache:
        """An empty cache in ``folder``, which no other agent uses. Raises ``OSError`` and `Unstartable`.

        What a former agent left is removed: nothing vouches for it. Only ``entries`` in the folder is ours: the folder
        itself may be ``/tmp``.
        """
        lock = claim_folder(folder, "for fetched files", "give each agent its own --fetcher_cache_dir")
        entries = folder / "entries"
        remove(entries)
        entries.mkdir(mode=0o700)
        return cls(os.open(entries, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC), size, lock)

    # --- for fetches --------------------------------------------------------------------------------------------------

    async def obtain(self, key: Key, shown: str, download: Download) -> CachedFile | None:
        """The complete entry, which stays until `release`; ``None``: it has to be fetched directly. ``shown`` names the
        URI in logs, without secrets.

        Of fetches at the same time one downloads, and the others wait for it. A failure of the source is raised to the
        one that began; the others, as in Mesos, try by themselves. It goes on as long as anyone waits.
        """
        entry = self.ledger.find(key)
        if entry is not None:
            entry.users += 1
            return entry
        began = key not in self._downloads
        try:
            async with self._downloads.result(key, lambda: self._fill(self.ledger.begin(key), download)) as entry:
                entry.users += 1
                return entry
        except Exception as error:
            if began and not isinstance(error, NotCached):
                raise
            log.warning("%s is fetched directly into the sandbox, not through the cache: %s", shown, error)
            return None

    def release(self, entry: CachedFile) -> None:
        entry.users -= 1

    async def open(self, entry: CachedFile) -> int | None:
        """A descriptor, to read the entry; ``None``, and the entry is gone, when its file is not what was written."""
        try:
            descriptor = await pools.run(pools.FETCHES, partial(self._open, entry.name, os.O_RDONLY))
        except OSError as error:
            await self.discard([entry], error.strerror or str(error))
            return None
        if (found := os.fstat(descriptor).st_size) != entry.size:
            os.close(descriptor)
            await self.discard([entry], f"it has {found} bytes instead of {entry.size}")
            return None
        return descriptor

    async def discard(self, entries: Iterable[CachedFile], why: str) -> None:
        """Entries that are damaged: nobody gets them again."""
        for entry in entries:
            log.warning("the file %s of the fetcher's cache is damaged and is removed: %s", entry.name, why)
            await self._remove(entry)

    # --- filling ------------------------------------------------------------------------------------------------------

    async def _fill(self, entry: CachedFile, download: Download) -> CachedFile:
        """Downloads a new entry. It has one user: those that wait."""
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            try:
                descriptor = await pools.run(pools.FETCHES, partial(self._open, entry.name, flags))
            except OSError as error:
                raise NotCached(f"its file cannot be made: {error.strerror}") from error
            try:
                digest = await download(descriptor, partial(self._reserve, entry))
            finally:
                os.close(descriptor)
        except BaseException as error:
            await asyncio.shield(self._remove(entry))
            if isinstance(error, NotCached) and error.full:
                await self._shed()
            raise
        entry.users += 1
        self.ledger.complete(entry, digest)
        return entry

    async def _reserve(self, entry: CachedFile, size: int) -> None:
        sizes = {old: old.size for old in self.ledger.unused()}
        victims = self.ledger.reserve(entry, size)
        if victims is None:
            raise NotCached(
                f"its {size} bytes do not fit: {self.ledger.used} of {self.ledger.total} are taken"
                " (--fetcher_cache_size), or what could go is in use"
            )
        for old in victims:
            log.info("the file %s goes from the fetcher's cache to make room", old.name)
            await self._unlink(old.name, sizes[old])

    async def _shed(self) -> None:
        """The disk is full: what no fetch needs goes, so that there is room for fetching directly."""
        unused = self.ledger.unused()
        log.warning("the disk of the fetcher's cache is full: %d files that no fetch needs are removed", len(unused))
        for entry in unused:
            await self._remove(entry)

    async def _remove(self, entry: CachedFile) -> None:
        size = entry.size
        self.ledger.drop(entry)
        await self._unlink(entry.name, size)

    async def _unlink(self, name: str, size: int) -> None:
        try:
            await pools.run(pools.FETCHES, partial(os.unlink, name, dir_fd=self._folder))
        except FileNotFoundError:
            pass
        except OSError as error:
            self.ledger.leaked(size)
            log.warning("the file %s of the fetcher's cache cannot be removed: %s", name, error)

    def _open(self, name: str, flags: int) -> int:
        return os.open(name, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600, dir_fd=self._folder)
