"""Publishes into a folder for a web server: a file is complete or missing; a run continues an interrupted one."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dcos_images.cache import Note
from dcos_images.errors import ImageError, full, is_full
from dcos_images.files import PART, write_whole
from dcos_images.publishing.publication import RECORD, Item, Progress, Publication, files_of

_CHUNK = 64 << 10
_EARLIER = ".earlier.json"
"""The records of earlier publications, the newest first: their files stay."""


@dataclass(frozen=True)
class Published:
    """``brought``: bytes that were copied; ``removed``: names of removed files."""

    where: str
    brought: int
    removed: tuple[str, ...] = ()


def publish_to_folder(
    publication: Publication, folder: Path, *, keep: int, progress: Progress, note: Note = lambda text: None
) -> Published:
    """Publishes to ``folder/NAME``. The files of the ``keep`` publications before it stay, for machines that are
    booting or have read an older record; older ones are removed. Raises `ImageError`.
    """
    place = folder / publication.image
    try:
        place.mkdir(mode=0o755, parents=True, exist_ok=True)
        with _alone(place, note):
            brought = _bring(publication, place, progress)
            return Published(str(place), brought, _exchange(publication, place, keep))
    except OSError as error:
        if is_full(error):
            raise full(place) from error
        raise ImageError(
            f"the image {publication.image!r} cannot be published to {place}",
            why=f"{error.strerror}: {error.filename or place}",
            hint="see that the folder can be written to, then publish again: it continues from here",
        ) from error


@contextlib.contextmanager
def _alone(place: Path, note: Note) -> Iterator[None]:
    with (place / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note(f"another process publishes to {place}: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _bring(publication: Publication, place: Path, progress: Progress) -> int:
    done = brought = 0
    for left in place.rglob(f".*{PART}"):
        left.unlink()  # of a killed run: no other run works here now
    for item in publication.kept:
        target = place / item.name
        if not _is_there(target, item.size):
            target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            for count in _copy(item, target):
                progress(done + count, publication.size)
            brought += item.size
        done += item.size
        progress(done, publication.size)
    return brought


def _is_there(path: Path, size: int) -> bool:
    """Whether the file exists: a file under a digest was renamed when it was complete and on the disk."""
    try:
        return path.stat().st_size == size
    except FileNotFoundError:
        return False


def _copy(item: Item, target: Path) -> Iterator[int]:
    """Copies beside the target, compares the digest of the read bytes, renames. Yields the bytes copied so far."""
    part = target.with_name(f".{target.name}{PART}")
    digest, count = hashlib.sha256(), 0
    with item.source.open("rb") as reading, part.open("wb") as writing:
        while data := reading.read(_CHUNK):
            digest.update(data)
            count += len(data)
            if any(data):
                writing.write(data)
            else:
                writing.seek(len(data), os.SEEK_CUR)  # a hole stays one
            yield count
        writing.truncate(count)
        os.fchmod(writing.fileno(), 0o644)
        writing.flush()
        os.fsync(writing.fileno())
    if digest.hexdigest() != item.sha256:
        part.unlink()
        raise ImageError(
            f"{item.source} was altered while it was published",
            why=f"its sha256 is {digest.hexdigest()}, not {item.sha256}",
            hint="build the image again, and publish again",
        )
    part.replace(target)


def _exchange(publication: Publication, place: Path, keep: int) -> tuple[str, ...]:
    """Replaces the fixed names, and removes files that neither this publication nor the kept ones list."""
    earlier = _earlier(place)
    current = dict(publication.fixed)[RECORD]
    before = _read(place / RECORD)
    if before is not None and before != current:
        earlier = [before.decode(), *(one for one in earlier if one.encode() not in (before, current))][:keep]
    known = {name for one in (*_earlier(place), *([before.decode()] if before else ())) for name in _files(one, place)}
    for name, content in publication.fixed:
        if name == RECORD:  # before it, so that the present publication is never forgotten
            write_whole(place / _EARLIER, json.dumps(earlier).encode())
        write_whole(place / name, content)
    stay = {item.name for item in publication.kept} | {name for one in earlier for name in _files(one, place)}
    gone = sorted(known - stay)
    for name in gone:
        (place / name).unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # other files are there
            (place / name).parent.rmdir()
    return tuple(gone)


def _earlier(place: Path) -> list[str]:
    try:
        found = json.loads(_read(place / _EARLIER) or b"[]")
    except ValueError:
        return []
    return [str(one) for one in found] if isinstance(found, list) else []


def _files(record: str, place: Path) -> list[str]:
    names = files_of(record.encode(), str(place / RECORD))
    return [name for name in names if not name.startswith("/") and ".." not in name.split("/")]


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
