"""What the fetcher's cache holds, in which order it goes, and whether more fits: pure, no file is touched here."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

Key = tuple[str, int, str]
"""Whose file it is (name and uid of the task's user), and its URI: users share nothing, as in Mesos."""


@dataclass(eq=False)
class CachedFile:
    """A file of the cache. ``size`` in bytes, reserved before the first of them is written; ``digest``: the SHA-256
    (hex) once it is complete; ``users``: fetches that need it now, or wait for it.
    """

    key: Key
    name: str
    size: int = 0
    digest: str | None = None
    users: int = 0


class Ledger:
    """``total`` bytes, in files that are complete or under way. ``used`` counts reservations, too, as Mesos' tally."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.used = 0
        self._count = 0
        # Complete ones; that which was used longest ago is first.
        self._entries: OrderedDict[Key, CachedFile] = OrderedDict()

    def find(self, key: Key) -> CachedFile | None:
        """The complete entry, which is now the last to go."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def begin(self, key: Key) -> CachedFile:
        """A new entry, which nobody finds until it is `complete`. No two have the same name."""
        self._count += 1
        return CachedFile(key, f"c{self._count}")

    def reserve(self, entry: CachedFile, size: int) -> list[CachedFile] | None:
        """Takes ``size`` bytes for a new entry. Returns the entries that had to go, the one that was used longest ago
        first: their files are to be removed. ``None``: it does not fit, and nothing has changed.
        """
        victims: list[CachedFile] = []
        missing = self.used + size - self.total
        for old in self._entries.values():
            if missing <= 0:
                break
            if old.users == 0:
                victims.append(old)
                missing -= old.size
        if missing > 0:
            return None
        for old in victims:
            self.drop(old)
        entry.size = size
        self.used += size
        return victims

    def complete(self, entry: CachedFile, digest: str) -> None:
        entry.digest = digest
        self._entries[entry.key] = entry

    def drop(self, entry: CachedFile) -> None:
        """The entry is found no more, and takes no space. Twice is once."""
        if self._entries.get(entry.key) is entry:
            del self._entries[entry.key]
        self.used -= entry.size
        entry.size = 0

    def unused(self) -> list[CachedFile]:
        """Complete entries that no fetch needs now."""
        return [entry for entry in self._entries.values() if entry.users == 0]

    def leaked(self, size: int) -> None:
        """A file of a dropped entry could not be removed: its space stays taken."""
        self.used += size
