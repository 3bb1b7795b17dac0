"""The cache of a builder: what a step made, by the digest of everything that made it.

An entry is a folder named by its key. It is whole or not there: it is made beside, and comes with one rename. Whoever
wants the same entry meanwhile waits for its lock. An entry holds ``tree/`` or files, and its record, ``entry.json``.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dcos_images.digest import tree_outline
from dcos_images.errors import ImageError

Note = Callable[[str], None]
"""Takes progress, a short sentence at a time."""

RECORD = "entry.json"
_BUILDING = ".building-"


class Cache:
    """Entries below a folder."""

    def __init__(self, folder: Path, note: Note) -> None:
        self.folder = folder
        self._note = note

    def find(self, key: str) -> dict[str, Any] | None:
        """The record of a whole entry that was not altered since; its use is marked. None: it has to be made."""
        entry = self.folder / key
        record = read_record(entry)
        if record is None or not is_whole(entry, record):
            return None
        with contextlib.suppress(OSError):  # of another user: it may be read all the same
            os.utime(entry / RECORD)
        return record

    @contextlib.contextmanager
    def locked(self, key: str) -> Iterator[None]:
        """Nobody else makes this entry meanwhile."""
        self.folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        with (self.folder / f"{key}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._note("somebody else builds the same: waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def make(self, key: str, work: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
        """Makes the entry: ``work`` fills a folder and returns what is recorded. Its lock is held.

        Raises what ``work`` raises; then nothing is left that counts as an entry.
        """
        entry = self.folder / key
        for stale in self.folder.glob(f"{_BUILDING}{key}-*"):
            shutil.rmtree(stale)  # we hold the lock, so its builder is dead
        building = Path(tempfile.mkdtemp(prefix=f"{_BUILDING}{key}-", dir=self.folder))
        building.chmod(0o755)
        try:
            record = dict(work(building))
            record["outline"] = outline(building)
            write_record(building, record)
            if entry.exists():
                (entry / RECORD).unlink(missing_ok=True)  # no entry from here on, even if parts are left
                shutil.rmtree(entry)
            building.rename(entry)
        except BaseException as error:
            shutil.rmtree(building, ignore_errors=True)
            if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise full(self.folder) from error
            raise
        return record

    def ensure(self, key: str, title: str, work: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
        """The record of the entry, made now when it is not there."""
        if (found := self.find(key)) is not None:
            return found
        with self.locked(key):
            if (found := self.find(key)) is not None:
                return found  # another process has made it
            started = time.monotonic()
            record = self.make(key, work)
            self._note(f"{title}: {time.monotonic() - started:.1f} s")
            return record


def full(folder: Path) -> ImageError:
    """The disk has no room, which is told with how much there is."""
    free = shutil.disk_usage(folder).free
    return ImageError(
        f"there is no room for the image in {folder}",
        why=f"its file system has {free >> 20} MB left",
        hint="make room (dcos-installer image gc shows what can go), then run the same command again",
    )


def read_record(entry: Path) -> dict[str, Any] | None:
    """What is recorded of an entry. None: it is not finished, or damaged; either way it is made."""
    try:
        record = json.loads((entry / RECORD).read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    new = folder / f".{RECORD}"
    new.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    new.replace(folder / RECORD)


def is_whole(entry: Path, record: Mapping[str, Any]) -> bool:
    """Whether the entry is still what was made, by its outline: names, sizes, modes, owners and times."""
    try:
        return record.get("outline") == outline(entry)
    except OSError:
        return False  # a part is missing


def outline(entry: Path) -> dict[str, str]:
    """What is quickly seen of an entry: of each file size and time, of each tree its outline."""
    facts = {}
    for path in sorted(entry.iterdir()):
        if path.is_dir():
            facts[path.name] = tree_outline(path)
        elif path.name != RECORD and not path.name.startswith("."):
            facts[path.name] = f"{path.stat().st_size} {path.stat().st_mtime_ns}"
    return facts
