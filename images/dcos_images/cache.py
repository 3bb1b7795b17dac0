"""The cache of a builder: the results of steps, by the digest of all their inputs.

An entry is a folder named by its key. It is complete or does not exist: it is made beside its place, and renamed. Other
processes that need the same entry wait for its lock. An entry contains ``tree/`` or files, and its record,
``entry.json``. Names, sizes and times of its files are compared at each use. The bytes of a step's result are compared
while an image is made of it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from dcos_images.digest import tree_digest, tree_outline
from dcos_images.errors import AlteredError, ImageError, full, is_full
from dcos_images.files import write_whole

Note = Callable[[str], None]
"""Takes progress, a short sentence at a time."""

RECORD = "entry.json"
BUILDING = ".building-"
_IN_USE = "in-use.lock"
LEFTOVER_SECONDS = 120.0


class Cache:
    """The entries in a folder. ``sealed``: their records contain the digest of their bytes."""

    def __init__(self, folder: Path, note: Note, *, sealed: bool = False) -> None:
        self.folder = folder
        self._note = note
        self._sealed = sealed

    def find(self, key: str) -> dict[str, Any] | None:
        """The record of a complete entry that was not altered since. None: it must be made."""
        entry = self.folder / key
        record = read_record(entry)
        if record is None or (self._sealed and "contents" not in record) or not is_whole(entry, record):
            return None
        return record

    @contextlib.contextmanager
    def locked(self, key: str, busy: str = "another process builds the same") -> Iterator[None]:
        """Holds the entry's lock: no other process makes it meanwhile."""
        with held(self.folder / f"{key}.lock", fcntl.LOCK_EX, busy, self._note):
            yield

    def make(self, key: str, work: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
        """Makes the entry: ``work`` fills a folder and returns the record. The caller holds its lock.

        Raises the errors of ``work``; then nothing is left that counts as an entry.
        """
        entry = self.folder / key
        for stale in self.folder.glob(f"{BUILDING}{key}-*"):
            remove_leftover(stale)  # we hold the lock, so its builder is dead
        building = Path(tempfile.mkdtemp(prefix=f"{BUILDING}{key}-", dir=self.folder))
        building.chmod(0o755)
        try:
            record = dict(work(building))
            record["outline"] = outline(building)
            if self._sealed:
                record["contents"] = contents(building)
            write_record(building, record)
            remove_entry(entry)
            building.rename(entry)
        except BaseException as error:
            shutil.rmtree(building, ignore_errors=True)
            if isinstance(error, OSError) and is_full(error):
                raise full(self.folder) from error
            raise
        return record

    def ensure(self, key: str, title: str, work: Callable[[Path], Mapping[str, Any]]) -> dict[str, Any]:
        """The record of the entry, which is made if it does not exist."""
        if (found := self.find(key)) is not None:
            return found
        with self.locked(key):
            if (found := self.find(key)) is not None:
                return found  # another process has made it
            started = time.monotonic()
            record = self.make(key, work)
            self._note(f"{title}: {time.monotonic() - started:.1f} s")
            return record

    @contextlib.contextmanager
    def compared(self, *keys: str) -> Iterator[None]:
        """Compares the bytes of sealed entries with those that were made, in a thread beside the caller's work.

        Raises `AlteredError` at the end when they differ, whatever the work has raised; the entries no longer count.
        """

        def is_as_made(key: str) -> bool:
            record = read_record(self.folder / key)
            try:
                return record is not None and record.get("contents") == contents(self.folder / key)
            except OSError:
                return False  # a part is missing

        def refuse() -> None:
            bad = [key for key, one in found.items() if not one.result()]
            for key in bad:
                distrust(self.folder / key / RECORD)
            if bad:
                raise AlteredError(
                    f"a step's result in the cache was altered: {', '.join(str(self.folder / key) for key in bad)}",
                    why="its bytes are not those that were made",
                    hint="run the same command again, which makes it again",
                )

        with ThreadPoolExecutor(1) as pool:
            found = {key: pool.submit(is_as_made, key) for key in keys}
            try:
                yield
            except Exception:
                refuse()
                raise
            refuse()


@contextlib.contextmanager
def used(folder: Path, note: Note) -> Iterator[None]:
    """Meanwhile nothing is removed from the cache in ``folder``; several processes may use it at a time."""
    with held(folder / _IN_USE, fcntl.LOCK_SH, "the cache is cleared by another process", note):
        yield


@contextlib.contextmanager
def unused(folder: Path, note: Note) -> Iterator[None]:
    """Meanwhile no other process builds in the cache in ``folder``, or uses its content."""
    with held(folder / _IN_USE, fcntl.LOCK_EX, "images are built or used by another process", note):
        yield


@contextlib.contextmanager
def held(path: Path, how: int, busy: str, note: Note) -> Iterator[None]:
    """Holds the lock file at ``path``, shared or exclusive as ``how`` says; notes ``busy`` when it has to wait.

    Raises `ImageError` when there can be no such lock: without one nothing counts as free.
    """
    try:
        descriptor = _opened(path)
    except OSError as error:
        if is_full(error):
            raise full(path.parent) from error
        raise ImageError(
            f"the lock {path} cannot be opened",
            why=error.strerror or str(error),
            hint="run as the user that owns the cache, or set XDG_CACHE_HOME to a folder of yours",
        ) from error
    try:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError:
            note(f"{busy}: waiting for it")
            fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except PermissionError:  # a cache of another user, which may be readable
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def remove_entry(entry: Path) -> None:
    """Removes an entry, if it exists. When this is interrupted, the rest does not count as an entry."""
    if entry.exists():
        (entry / RECORD).unlink(missing_ok=True)
        shutil.rmtree(entry)


def remove_leftover(folder: Path) -> None:
    """Removes the folder of a process that is dead. Programs that it had started may write there for a moment longer.

    Raises `ImageError` when they still do so after `LEFTOVER_SECONDS`, and the ``OSError`` of any other cause.
    """
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while True:
        try:
            shutil.rmtree(folder)
            return
        except OSError as error:
            if error.errno == errno.ENOENT and not folder.exists():
                return
            if error.errno not in (errno.ENOENT, errno.ENOTEMPTY):
                raise
            if time.monotonic() > deadline:
                raise ImageError(
                    f"the leftover {folder} of a build that was killed cannot be removed",
                    why="programs that it had started still write there",
                    hint=f"end them (fuser -v {folder}), and build again",
                ) from error
        time.sleep(0.1)


def read_record(entry: Path) -> dict[str, Any] | None:
    """The record of an entry. None: it is not finished, or damaged; either way it must be made."""
    try:
        record = json.loads((entry / RECORD).read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def write_record(folder: Path, record: Mapping[str, Any]) -> None:
    write_whole(folder / RECORD, json.dumps(record, indent=1, sort_keys=True) + "\n")


def is_whole(entry: Path, record: Mapping[str, Any]) -> bool:
    """Whether the entry is unchanged since it was made, by its outline: names, sizes, modes, owners and times."""
    try:
        return record.get("outline") == outline(entry)
    except OSError:
        return False  # a part is missing


def tree_is_altered(tree: Path) -> bool:
    """Whether the tree of an entry has other names, sizes, modes, owners or times than when it was made, or its record
    is gone. Bytes that were changed under the same size and time are not seen: nothing is read.
    """
    record = read_record(tree.parent)
    made = record.get("outline") if record is not None else None
    try:
        return not isinstance(made, dict) or made.get(tree.name) != tree_outline(tree)
    except OSError:
        return True  # a part is missing


def distrust(part: Path) -> None:
    """Marks the entry with this part as altered: the next build makes it anew, and no tree in use is replaced
    silently. Sizes and times may still be those of before. Raises `OSError`.
    """
    for folder in part.parents:
        if (record := read_record(folder)) is not None:
            write_record(folder, {**record, "outline": {"altered": part.name}})
            return


def altered(part: Path, why: str, what: str = "is not what was built") -> ImageError:
    """The error for a part of an entry that has other bytes than were made; the entry is marked as altered."""
    hint = "run the same command again, which builds the image again"
    try:
        distrust(part)
    except OSError:
        hint = "as the user that owns the cache, run the same command again, which builds the image again"
    return ImageError(f"{part} {what}", why=why, hint=hint)


def contents(entry: Path) -> str:
    """The digest of everything in an entry except its record: each file's bytes, and each tree's `tree_digest`."""
    digest = hashlib.sha256()
    for path in sorted(entry.iterdir()):
        if path.is_dir():
            digest.update(f"{path.name} {tree_digest(path)}\n".encode())
        elif path.name != RECORD and not path.name.startswith("."):
            with path.open("rb") as file:
                digest.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return digest.hexdigest()


def outline(entry: Path) -> dict[str, str]:
    """The attributes of an entry that can be read quickly: size and time of each file, the outline of each tree."""
    facts = {}
    for path in sorted(entry.iterdir()):
        if path.is_dir():
            facts[path.name] = tree_outline(path)
        elif path.name != RECORD and not path.name.startswith("."):
            facts[path.name] = f"{path.stat().st_size} {path.stat().st_mtime_ns}"
    return facts
