"""Writes files so that after a crash of the process or the machine a file has either its old or its new content.

This is the one way of `dcos_universe` to replace a file. (It imports nothing of `dcos_runtime`, which has its own.)
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcos_universe.errors import UniverseError


def write(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Gives the file this content, by one rename; it is on disk when this returns. Raises `UniverseError`."""
    try:
        replace(path, content, mode=mode)
        sync_folder(path.parent)
    except OSError as error:
        raise UniverseError(
            f"{path} cannot be written", why=error.strerror or str(error), hint="look at its rights and at the disk"
        ) from error


def replace(path: Path, *content: bytes | memoryview, mode: int = 0o644, lasting: bool = True) -> None:
    """The same, without waiting for the folder. Without ``lasting``, a crash of the machine may lose the content: for
    caches, which know by a digest whether it is whole. Raises ``OSError``.
    """
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            for piece in content:
                file.write(piece)
            if lasting:
                file.flush()
                os.fsync(descriptor)
        Path(beside).rename(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Waits until the names in the folder are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path, name: str) -> None:
    """Removes what a killed process has left of a `write` of this name. Only under the folder's `alone`."""
    for left in folder.glob(f".{name}.*"):
        with contextlib.suppress(OSError):
            left.unlink()


@contextmanager
def alone(folder: Path, what: str) -> Iterator[None]:
    """While the context is open, no other process has this lock. It is on the folder itself, and leaves no file.

    Raises `UniverseError` at once if another process has it; ``what`` names the folder in that error.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise UniverseError(
            f"{what} {folder} cannot be opened",
            why=error.strerror or str(error),
            hint="look at its rights and at the disk",
        ) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UniverseError(
                f"{what} {folder} is in use",
                why="another process works on it",
                hint="wait until it has ended, then run this again",
            ) from None
        yield
    finally:
        os.close(descriptor)
