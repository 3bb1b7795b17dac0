"""Publishes into a folder for a web server: a file is complete or missing; a run continues an interrupted one.

Others may write to the folder as well. So nothing in it is followed when it is a link, and only files with names of
ours are removed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dcos_images.cache import Note, altered
from dcos_images.errors import ImageError, is_full
from dcos_images.files import PART, write_whole
from dcos_images.outputs import sparse_digest
from dcos_images.publishing.publication import RECORD, Item, Progress, Publication, files_of, is_own_name

_CHUNK = 64 << 10
_EARLIER = ".earlier.json"
"""The records of earlier publications, the newest first: their files stay."""
_LOCK = ".lock"
_UNFOLLOWED = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""A link is an error, and a FIFO is not waited for."""


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
        with _opened(place) as opened, _alone(opened, place, note):
            before, earlier = _records(opened, place)
            brought = _bring(publication, opened, progress)
            return Published(str(place), brought, _exchange(publication, opened, before, earlier, keep))
    except OSError as error:
        if is_full(error):
            raise ImageError(
                f"there is no room for the image in {place}",
                why=f"its file system has {shutil.disk_usage(folder).free >> 20} MiB left",
                hint="make room in that file system, then publish again: it continues from here",
            ) from error
        named = place / Path(str(error.filename)).name if error.filename else place
        raise ImageError(
            f"the image {publication.image!r} cannot be published to {place}",
            why=f"{error.strerror}: {place if named.name == place.name else named}",
            hint="see that the folder can be written to, then publish again: it continues from here",
        ) from error


def check_folder(name: str, folder: Path) -> None:
    """Raises `ImageError` when the image ``name`` can surely not be published to ``folder``: before it is built."""
    place = folder / name
    there = next(one for one in (place, *place.parents) if os.path.lexists(one))
    if not there.is_dir() or (there == place and there.is_symlink()):
        why = f"{there} is {'a link' if there.is_symlink() else 'no folder'}"
    elif not os.access(there, os.W_OK | os.X_OK):
        why = f"{there} cannot be written to"
    else:
        return
    raise ImageError(
        f"the image {name!r} cannot be published to {place}", why=why, hint="name a folder that you can write to"
    )


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[Path]:
    """The folder under a path that stays this folder, whatever becomes of its name. A link raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _alone(opened: Path, place: Path, note: Note) -> Iterator[None]:
    with _file(opened / _LOCK, os.O_RDWR | os.O_CREAT) as lock:
        if lock is None:
            raise _strange(place / _LOCK)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note(f"another process publishes to {place}: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def _file(path: Path, flags: int) -> Iterator[int | None]:
    """The descriptor of a regular file. None: it is a link or something else. Raises `OSError`."""
    try:
        descriptor = os.open(path, flags | _UNFOLLOWED, 0o644)
    except OSError as error:
        if error.errno not in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise
        yield None
        return
    try:
        yield descriptor if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
    finally:
        os.close(descriptor)


def _strange(path: Path) -> ImageError:
    return ImageError(
        f"{path} is not a file",
        why="it is a link or something else that this program does not make, and nothing is written through it",
        hint="see who put it there; remove it, or publish to a folder that only you can write to",
    )


@contextlib.contextmanager
def _folder_of(opened: Path, name: str, *, make: bool) -> Iterator[Path]:
    """The path of a published file, whose folder stays this one. Raises `OSError` when that is a link."""
    folder, _, last = name.rpartition("/")
    if not folder:
        yield opened / last
        return
    if make:
        with contextlib.suppress(FileExistsError):
            (opened / folder).mkdir(mode=0o755)
    with _opened(opened / folder) as inner:
        yield inner / last


def _bring(publication: Publication, opened: Path, progress: Progress) -> int:
    done = brought = 0
    _remove_parts(opened)
    for item in publication.kept:
        with _folder_of(opened, item.name, make=True) as target:
            if not _is_there(target, item):
                for count in _copy(item, target):
                    progress(done + count, publication.size)
                brought += item.size
        done += item.size
        progress(done, publication.size)
    return brought


def _remove_parts(opened: Path) -> None:
    """Removes what a killed run left: no other run works here now."""
    for path in opened.iterdir():
        if path.name.startswith(".") and path.name.endswith(PART):
            path.unlink()
        elif is_own_name(f"{path.name}/x") and path.is_dir() and not path.is_symlink():
            with _opened(path) as inner:
                for left in inner.glob(f".*{PART}"):
                    left.unlink()


def _is_there(path: Path, item: Item) -> bool:
    """Whether the file has the item's bytes. A name alone says nothing where others can write, and after a crash."""
    try:
        with _file(path, os.O_RDONLY) as descriptor:
            if descriptor is None or os.fstat(descriptor).st_size != item.size:
                return False
            return sparse_digest(Path(f"/proc/self/fd/{descriptor}")) == item.sha256
    except FileNotFoundError:
        return False


def _copy(item: Item, target: Path) -> Iterator[int]:
    """Copies beside the target, compares the digest of the read bytes, renames. Yields the bytes copied so far."""
    part = target.with_name(f".{target.name}{PART}")
    digest, count = hashlib.sha256(), 0
    new = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _UNFOLLOWED, 0o600)
    with item.source.open("rb") as reading, os.fdopen(new, "wb") as writing:
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
        why = f"its sha256 is {digest.hexdigest()}, not {item.sha256}"
        raise altered(item.source, why, "was altered while it was published")
    part.replace(target)


def _records(opened: Path, place: Path) -> tuple[bytes | None, list[str]]:
    """The present record, and those of earlier publications. Raises `ImageError` when one is not of ours."""
    before = _read(opened, place, RECORD)
    if before is not None:
        files_of(before, str(place / RECORD))
    try:
        earlier = json.loads(_read(opened, place, _EARLIER) or b"[]")
    except (ValueError, RecursionError):
        earlier = None
    if not isinstance(earlier, list) or not all(isinstance(one, str) for one in earlier):
        earlier = ["no record"]
    for one in earlier:
        files_of(one.encode(errors="replace"), str(place / _EARLIER))
    return before, earlier


def _exchange(
    publication: Publication, opened: Path, before: bytes | None, earlier: list[str], keep: int
) -> tuple[str, ...]:
    """Replaces the fixed names, and removes files that neither this publication nor the kept ones list."""
    current = dict(publication.fixed)[RECORD]
    known = {name for one in earlier for name in files_of(one.encode(), _EARLIER)}
    if before is not None:
        known.update(files_of(before, RECORD))
        if before != current:
            earlier = [before.decode(), *(one for one in earlier if one.encode() not in (before, current))][:keep]
    for name, content in publication.fixed:
        if name == RECORD:  # before it, so that the present publication is never forgotten
            write_whole(opened / _EARLIER, json.dumps(earlier).encode())
        write_whole(opened / name, content)
    stay = {item.name for item in publication.kept} | {
        name for one in earlier for name in files_of(one.encode(), _EARLIER)
    }
    gone = sorted(known - stay)
    for name in gone:
        _remove(opened, name)
    return tuple(gone)


def _remove(opened: Path, name: str) -> None:
    """Removes a published file. Nothing behind a link is touched, and no folder that took the file's place."""
    try:
        with _folder_of(opened, name, make=False) as path:
            path.unlink(missing_ok=True)
    except OSError as error:
        if error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EISDIR):
            raise
    if "/" in name:
        with contextlib.suppress(OSError):  # other files are there
            (opened / name).parent.rmdir()


def _read(opened: Path, place: Path, name: str) -> bytes | None:
    try:
        with _file(opened / name, os.O_RDONLY) as descriptor:
            if descriptor is None:
                raise _strange(place / name)
            with open(descriptor, "rb", closefd=False) as file:
                return file.read()
    except FileNotFoundError:
        return None
