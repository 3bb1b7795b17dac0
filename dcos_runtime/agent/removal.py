"""Removes a folder that a task could write to, however deep or wide it is, and nothing outside of it.

Descriptors only, no paths: names may be deeper than a path can be, and nothing turns into a link on the way. No
recursion, and a bounded number of open folders: what lies deeper than `DEEPEST` is first moved up. Links are removed,
never followed; what is mounted inside is neither entered nor emptied.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DEEPEST = 64
"""Folders in folders that are open at the same time."""

BATCH = 1024
"""The most names that are remembered of one folder; with more it is read again."""

ROUNDS = 8
"""How often a folder is read again that is not empty after its content was removed."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LOOK = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass
class _Open:
    """A folder under way: its descriptor, its name in the one above, folders in it that are still to be removed."""

    descriptor: int
    name: str
    inside: list[str] = field(default_factory=list)
    more: bool = False
    failed: bool = False
    rounds: int = 0


def remove(path: Path) -> None:
    """Removes the folder ``path`` and all in it. A missing entry counts as removed. Raises the first ``OSError``, after
    everything else was removed; for a link, or anything but a folder, at once.
    """
    try:
        top = os.open(path.parent, _LOOK & ~os.O_NOFOLLOW)
    except FileNotFoundError:
        return
    try:
        _Removal(top).remove(path.name)
    finally:
        os.close(top)


def empty(path: Path) -> None:
    """Removes all that is in the folder, which may be a mount point. Raises ``OSError`` like `remove`."""
    with os.scandir(path) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    for name, folder in found:
        if folder:
            remove(path / name)
        else:
            (path / name).unlink(missing_ok=True)


class _Removal:
    """One removal, of a folder in ``top``."""

    def __init__(self, top: int) -> None:
        self._top = top
        self._first: OSError | None = None
        self._stack: list[_Open] = []

    def remove(self, name: str) -> None:
        try:
            root = self._enter(self._top, name)
        except FileNotFoundError:
            return
        self._stack.append(_Open(root, name))
        try:
            self._empty(self._stack[0])
            while self._stack:
                self._step()
        finally:
            for folder in self._stack:
                os.close(folder.descriptor)
        if self._first is not None:
            raise self._first

    def _step(self) -> None:
        """Goes into the next folder of the innermost one, or finishes that."""
        folder = self._stack[-1]
        if not folder.inside:
            self._finish(folder)
            return
        name = folder.inside.pop()
        with self._noting(folder):
            if len(self._stack) > DEEPEST and self._moved_up(folder, name):
                return
            descriptor = self._enter(folder.descriptor, name)
            self._stack.append(_Open(descriptor, name))
            self._empty(self._stack[-1])

    def _moved_up(self, folder: _Open, name: str) -> bool:
        """Moves the folder ``name`` to the outermost folder, to be removed there. Returns whether that worked."""
        aside = f".removed-{uuid.uuid4()}"
        root = self._stack[0]
        try:
            os.rename(name, aside, src_dir_fd=folder.descriptor, dst_dir_fd=root.descriptor)
        except PermissionError:  # a folder moves when it can be written to: its entry ".." changes
            os.close(self._enter(folder.descriptor, name))
            os.rename(name, aside, src_dir_fd=folder.descriptor, dst_dir_fd=root.descriptor)
        root.inside.append(aside)
        return True

    def _finish(self, folder: _Open) -> None:
        """Removes the emptied folder; reads it again when there is more in it."""
        if folder.more and not folder.failed:
            self._empty(folder)
            return
        above = self._stack[-2] if len(self._stack) > 1 else None
        try:
            if not folder.failed:
                os.rmdir(folder.name, dir_fd=self._top if above is None else above.descriptor)
        except FileNotFoundError:
            pass
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST) and folder.rounds < ROUNDS:
                folder.rounds += 1
                self._empty(folder)
                return
            folder.failed = True
            self._first = self._first or error
        self._stack.pop()
        os.close(folder.descriptor)
        if above is not None and folder.failed:
            above.failed = True

    def _empty(self, folder: _Open) -> None:
        """Removes the content of the folder except folders that are not empty, which are remembered. A mount point
        fails as busy, empty or not.
        """
        folder.more = False
        with self._noting(folder), os.scandir(folder.descriptor) as entries:
            for entry in entries:
                with self._noting(folder):
                    self._remove_simple(folder, entry)
                if len(folder.inside) >= BATCH:
                    folder.more = True
                    return

    def _remove_simple(self, folder: _Open, entry: os.DirEntry[str]) -> None:
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.name, dir_fd=folder.descriptor)
            return
        try:
            os.rmdir(entry.name, dir_fd=folder.descriptor)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            folder.inside.append(entry.name)

    @contextlib.contextmanager
    def _noting(self, folder: _Open) -> Iterator[None]:
        """Keeps the first error and continues. A missing entry is not an error."""
        try:
            yield
        except FileNotFoundError:
            pass
        except OSError as error:
            folder.failed = True
            self._first = self._first or error

    @staticmethod
    def _enter(parent: int, name: str) -> int:
        """Opens the folder, with all permissions for its owner."""
        try:
            opened = os.open(name, _FOLDER, dir_fd=parent)
        except PermissionError:
            found = os.open(name, _LOOK, dir_fd=parent)
            try:
                Path(f"/proc/self/fd/{found}").chmod(stat.S_IRWXU)
                return os.open(f"/proc/self/fd/{found}", _FOLDER & ~os.O_NOFOLLOW)
            finally:
                os.close(found)
        if os.fstat(opened).st_mode & stat.S_IRWXU != stat.S_IRWXU:
            with contextlib.suppress(OSError):
                os.fchmod(opened, stat.S_IRWXU)
        return opened
