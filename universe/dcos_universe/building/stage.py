"""The next tree while it is made: files that stay the same are hard links to the previous tree, others are written."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec

from dcos_universe.building.digests import TreeDigests
from dcos_universe.errors import UniverseError


class Made(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A file of a tree: ``of`` names all that its bytes follow from; size, time and inode show whether the file was
    changed since.
    """

    of: str
    size: int
    modified: int
    inode: int


class Stage:
    """Files are named by their path below the tree. Those at its top may be written by several threads."""

    def __init__(self, folder: Path, before: Path, record: Mapping[str, Made], digests: TreeDigests) -> None:
        self.folder, self.before = folder, before
        self.record: dict[str, Made] = {}
        self.written = 0
        self.linked = 0
        self._known = record
        self._digests = digests
        self._lock = threading.Lock()
        self._folders: set[str] = {""}
        self._to = self._from = -1
        folder.mkdir(mode=0o755)
        folder.chmod(0o755)
        self._to = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        with contextlib.suppress(OSError):
            self._from = os.open(before, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        for descriptor in (self._to, self._from):
            if descriptor >= 0:
                os.close(descriptor)
        self._to = self._from = -1

    def keep(self, name: str, of: str) -> bool:
        """Links the file of the previous tree, if it was made of the same and nobody has changed it since. Returns
        whether it did."""
        about = self._look(name)
        if about is None or self._known[name].of != of:
            return False
        try:
            self._digests.linking(name, about)
            self._folder_of(name)
            os.link(name, name, src_dir_fd=self._from, dst_dir_fd=self._to, follow_symlinks=False)
        except OSError:
            return False
        self.record[name] = self._known[name]
        self.linked += 1
        return True

    def write(self, name: str, of: str, parts: Iterable[bytes | range]) -> None:
        """Makes the file of the parts. A range stands for bytes of the file of this name in the previous tree.

        Raises `UniverseError`, when the disk is full for example.
        """
        try:
            self._folder_of(name)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            descriptor = os.open(name, flags, 0o644, dir_fd=self._to)
            old = -1
            try:
                waiting: list[bytes] = []
                for part in parts:
                    if isinstance(part, bytes):
                        waiting.append(part)
                        if len(waiting) == _TOGETHER:
                            _write(descriptor, waiting)
                        continue
                    _write(descriptor, waiting)
                    if old < 0:
                        old = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self._from)
                    _copy(old, descriptor, part)
                _write(descriptor, waiting)
                os.fchmod(descriptor, 0o644)
                about = os.fstat(descriptor)
            finally:
                for one in (descriptor, old):
                    if one >= 0:
                        os.close(one)
        except OSError as fault:
            raise UniverseError(
                f"{name} cannot be written",
                why=fault.strerror or str(fault),
                hint="look at the disk; the tree is as it was",
            ) from fault
        with self._lock:
            self.record[name] = Made(of, about.st_size, about.st_mtime_ns, about.st_ino)
            self.written += 1

    def is_as_it_was(self, name: str) -> str | None:
        """What the file in the previous tree was made of; None if it is missing or was changed."""
        return self._known[name].of if self._look(name) is not None else None

    def _look(self, name: str) -> os.stat_result | None:
        known = self._known.get(name)
        if known is None or self._from < 0:
            return None
        try:
            about = os.lstat(name, dir_fd=self._from)
        except OSError:
            return None
        same = (about.st_size, about.st_mtime_ns, about.st_ino) == (known.size, known.modified, known.inode)
        return about if same else None

    def put(self, name: str, of: str, make: Callable[[], bytes]) -> bool:
        """Keeps the file of the previous tree or makes it anew. Returns whether it had to be made."""
        if self.keep(name, of):
            return False
        self.write(name, of, (make(),))
        return True

    def carry(self, name: str) -> int:
        """Links a file or a folder of the previous tree, if it is there, whatever is in it. Returns how many files that
        were."""
        source = self.before / name
        if source.is_symlink() or not source.exists():
            return 0
        if not source.is_dir():
            self._digests.linking(name, source.lstat())
            self._folder_of(name)
            os.link(source, self.folder / name, follow_symlinks=False)
            return 1
        count = 0
        self._folder_of(f"{name}/")
        for entry in sorted(source.iterdir()):
            count += self.carry(f"{name}/{entry.name}")
        return count

    def _folder_of(self, name: str) -> None:
        folder = name.rpartition("/")[0]
        if folder not in self._folders:
            self._folder_of(folder)
            os.mkdir(folder, 0o755, dir_fd=self._to)
            (self.folder / folder).chmod(0o755)
            self._folders.add(folder)


_NOT_HERE = frozenset({errno.ENOSYS, errno.EINVAL, errno.EXDEV, errno.EOPNOTSUPP})
_BLOCK = 1 << 20
_TOGETHER = 500
"""How many parts are written by one call; Linux takes 1024."""


def _write(target: int, parts: list[bytes]) -> None:
    """Appends the parts and forgets them."""
    left = sum(map(len, parts))
    while left:
        done = os.writev(target, parts)
        left -= done
        while parts and done >= len(parts[0]):
            done -= len(parts.pop(0))
        if done:
            parts[0] = parts[0][done:]
    parts.clear()


def _copy(source: int, target: int, part: range) -> None:
    """Appends the bytes ``part`` of one file to another; Linux does it if the file system can."""
    at, left = part.start, len(part)
    while left:
        try:
            done = os.copy_file_range(source, target, left, offset_src=at)
        except OSError as fault:
            if fault.errno not in _NOT_HERE:
                raise
            done = os.write(target, os.pread(source, min(left, _BLOCK), at))
        if done == 0:
            raise OSError(errno.EIO, "the file of before is shorter than it was")
        at, left = at + done, left - done
