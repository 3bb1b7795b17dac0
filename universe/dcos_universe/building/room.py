"""The workspace beside a built tree: its lock, its cache, the stage for the next tree, and the switch to that."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dcos_universe.errors import UniverseError, explained_faults

_AT_FDCWD = -100
_EXCHANGE = 2


@dataclass(frozen=True)
class Room:
    """``out`` is the tree that readers see. All else of a build lies in ``folder``, on the same file system."""

    out: Path
    folder: Path

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def stage(self) -> Path:
        return self.folder / "stage"

    def switch(self) -> None:
        """Puts the stage in the tree's place by one rename. The tree that was there is in the stage afterwards."""
        try:
            if self.out.exists():
                _exchange(self.stage, self.out)
            else:
                self.stage.rename(self.out)
        except OSError as fault:
            raise UniverseError(
                f"the new tree cannot be put at {self.out}", why=fault.strerror or str(fault), hint=_hint(fault)
            ) from fault

    def clear(self) -> None:
        """Removes the stage. It is renamed first, so that the next build never finds one that is partly removed. One
        that cannot be removed is told by the next `room`."""
        gone = self.folder / "gone"
        shutil.rmtree(gone, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.stage.rename(gone)
            shutil.rmtree(gone, ignore_errors=True)


def room_of(out: Path) -> Room:
    """Where the workspace of that tree is, whether it is there or not."""
    out = Path(os.path.realpath(out))
    return Room(out, out.parent / f".{out.name}.build")


@contextmanager
def room(out: Path) -> Iterator[Room]:
    """The workspace of that tree, for one process at a time. Raises `UniverseError` when another process has it, or
    ``out`` is no tree.
    """
    made = room_of(out)
    out = made.out
    _refuse_other_folders(out)
    try:
        made.folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(made.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
    except OSError as fault:
        raise UniverseError(
            f"nothing can be built at {out}", why=f"{fault.filename}: {fault.strerror}", hint="look at its rights"
        ) from fault
    try:
        _lock(lock, out)
        made.clear()
        if os.path.lexists(made.stage):
            raise UniverseError(
                f"nothing can be built at {out}",
                why=f"{made.stage} is of a run that was interrupted, and cannot be removed",
                hint="look at its rights and remove it; the tree is as it was",
            )
        _probe(made)
        try:
            yield made
        finally:
            made.clear()
    finally:
        os.close(lock)


def _lock(lock: int, out: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        if fault.errno not in (errno.EWOULDBLOCK, errno.EACCES):
            raise UniverseError(
                f"{out} cannot be locked", why=fault.strerror or str(fault), hint="look at its rights and at the disk"
            ) from fault
        holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip() or "unknown"
        raise UniverseError(
            f"{out} is being built by another process", why=f"process {holder} holds its lock", hint="wait for its end"
        ) from fault
    with explained_faults(f"{out} cannot be locked", "look at the disk; the tree is as it was"):
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _refuse_other_folders(out: Path) -> None:
    """Raises `UniverseError` unless ``out`` is a built tree, is empty, or is missing: it will be replaced whole."""
    try:
        names = {entry.name for entry in out.iterdir()}
    except FileNotFoundError:
        return
    except OSError as fault:
        raise UniverseError(
            f"{out} cannot be replaced", why=fault.strerror or str(fault), hint=_NAME_ANOTHER
        ) from fault
    if names and not {"universe.json", "universe.content_type"} <= names:
        raise UniverseError(
            f"{out} is not replaced", why="it is not empty, and no tree of a repository", hint=_NAME_ANOTHER
        )


_NAME_ANOTHER = "name a folder that does not exist, or one that dcos-universe build made"


def _probe(room: Room) -> None:
    """Raises `UniverseError` if this file system cannot exchange two folders: that is found out before any work."""
    left, right = room.folder / "left", room.folder / "right"
    try:
        left.mkdir(exist_ok=True)
        right.mkdir(exist_ok=True)
        _exchange(left, right)
    except OSError as fault:
        raise UniverseError(
            f"nothing can be built at {room.out}", why=fault.strerror or str(fault), hint=_hint(fault)
        ) from fault
    finally:
        for one in (left, right):
            with contextlib.suppress(OSError):
                one.rmdir()


def _hint(fault: OSError) -> str:
    if fault.errno in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        return "this file system cannot exchange two folders at once: build on a local one, and publish from there"
    return "look at the rights of its folder and at the disk"


def _exchange(left: Path, right: Path) -> None:
    """Exchanges what two names stand for, in one step, by renameat2(2). Raises ``OSError``."""
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.renameat2(_AT_FDCWD, os.fsencode(left), _AT_FDCWD, os.fsencode(right), _EXCHANGE)
    if done != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(left))
