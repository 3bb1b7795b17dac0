"""Digests of a tree's files: kept beside the tree, and used again while no file shows a change."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import time
from pathlib import Path

import msgspec

from dcos_universe.building.cache import ObjectCache, maker
from dcos_universe.errors import UniverseError, unreadable

_DIGESTS, _RUNS = "digests", "runs"
_SIGNED_BY = (
    "dcos_universe.artifacts",
    "dcos_universe.building.digests",
    "dcos_universe.model",
    "dcos_universe.sbom",
    "dcos_universe.trust.sidecars",
)
"""The code that makes what a signing adds to a tree. A file whose digest is kept counts as made by it (`is_known`), so
digests that a signing of other code has kept are not used."""
_MOST = 20
"""How many runs are remembered. Each changes the ctime of every file that it keeps, so only the last ones matter."""
_TICK = 20_000_000
"""By how many nanoseconds the file system's clock may be behind ours."""


def digest_of(path: Path) -> tuple[str, os.stat_result]:
    """SHA-256 in hex, and the state of the file before it was read. Raises `UniverseError` if it is no regular file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            about = os.fstat(descriptor)
            if not stat.S_ISREG(about.st_mode):
                raise UniverseError(
                    f"{path} cannot be read",
                    why="it is no regular file",
                    hint="a tree holds nothing else: build it again",
                )
            return hashlib.file_digest(file, "sha256").hexdigest(), about
    except OSError as error:
        raise unreadable(path, error) from error


class _Seen(msgspec.Struct, array_like=True, frozen=True, gc=False):
    size: int
    modified: int
    changed: int
    inode: int
    sha256: str

    @classmethod
    def of(cls, about: os.stat_result, sha256: str) -> _Seen:
        return cls(about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino, sha256)


class TreeDigests:
    """The digest of each file of a tree, by its path below it, for one run of a build or a signing.

    A file is not read again while its size, inode and both times are the same as when it was read. Nobody can set the
    time of change (ctime). But a run links each file to a second name and removes the first, which changes the ctime,
    too. So a ctime within an earlier run is accepted as well, and a run looks at each file before it links it
    (`linking`). ``again``: all files are read again.
    """

    def __init__(self, cache: Path, *, again: bool = False) -> None:
        self.read = 0
        self._started = time.time_ns()
        self._cache = ObjectCache(cache)
        self._name = _list_name()
        self._runs = self._cache.read(_RUNS, list[tuple[int, int]]) or []
        self._before = self._cache.read(self._name, dict[str, _Seen]) or {}
        self._doubted = again and bool(self._before)
        if again:
            self._before = {}
        self._after: dict[str, _Seen] = {}
        self._first: dict[int, int] = {}

    def linking(self, name: str, about: os.stat_result) -> None:
        """To be called for each file before it is linked; for a file with several names, before any of them is."""
        changed = self._first.setdefault(about.st_ino, about.st_ctime_ns)
        known = self._before.get(name)
        if known is None:
            return
        if not (_noted(known, changed, self._runs) and _same(known, about)):
            del self._before[name]
            self._doubted = True

    def of(self, tree: Path, name: str) -> tuple[str, int]:
        """SHA-256 in hex, and the size, of a file of this tree. Raises `UniverseError`."""
        path = tree / name
        try:
            about = path.lstat()
        except OSError as error:
            raise unreadable(path, error) from error
        known = self._after.get(name) or self._before.get(name)
        if known is None or not _same(known, about):
            self.read += 1
            sha256, about = digest_of(path)
            known = _Seen.of(about, sha256)
        self._after[name] = _Seen.of(about, known.sha256)
        return known.sha256, known.size

    def is_known(self, tree: Path, name: str) -> bool:
        """Whether the file is the one whose digest a signing of this very code has kept, as far as the file system
        tells."""
        known = self._before.get(name)
        try:
            return known is not None and _same(known, (tree / name).lstat())
        except OSError:
            return False

    def close(self, *, whole: bool) -> None:
        """To be called after the run has removed its last name. ``whole``: it has asked for every file of the tree.
        What cannot be kept is read again by the next run."""
        runs = self._runs[-_MOST:]
        for path in self._cache.folder.glob(f"{_DIGESTS}*"):
            if path.name != self._name:
                with contextlib.suppress(OSError):
                    path.unlink()
        if whole or self._doubted:
            # Removed first: if the write below failed, the digests that are there would be wrong.
            try:
                (self._cache.folder / self._name).unlink(missing_ok=True)
            except OSError:
                # They stay. Without a note of this run, the next one doubts each of them.
                return
            self._cache.write(self._name, self._after if whole else self._before)
        self._cache.write(_RUNS, [*([] if whole else runs), (self._started - _TICK, time.time_ns())])


class KeptDigests:
    """The digests that the last signing of a tree has kept, for readers that change nothing in it.

    A digest counts while size, inode, time of writing and time of change (ctime) are as they were when the file was
    read; a ctime within a run that looked at the file before it linked it is accepted, too (`TreeDigests`).
    """

    def __init__(self, cache: Path) -> None:
        kept = ObjectCache(cache)
        self._runs = kept.read(_RUNS, list[tuple[int, int]]) or []
        self._known = kept.read(_list_name(), dict[str, _Seen]) or {}

    def of(self, tree: Path, name: str) -> tuple[str, int] | None:
        """SHA-256 in hex, and the size; None when the file has to be read."""
        known = self._known.get(name)
        if known is None:
            return None
        try:
            about = (tree / name).lstat()
        except OSError:
            return None
        if not (_same(known, about) and _noted(known, about.st_ctime_ns, self._runs)):
            return None
        return known.sha256, known.size


def _list_name() -> str:
    return f"{_DIGESTS}-{maker(*_SIGNED_BY)[:16]}"


def _noted(known: _Seen, changed: int, runs: list[tuple[int, int]]) -> bool:
    """Whether this time of change is the one that is known, or was made by one of the runs."""
    return changed == known.changed or any(start <= changed <= end for start, end in runs)


def _same(known: _Seen, about: os.stat_result) -> bool:
    return stat.S_ISREG(about.st_mode) and (about.st_size, about.st_mtime_ns, about.st_ino) == (
        known.size,
        known.modified,
        known.inode,
    )
