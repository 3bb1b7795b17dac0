"""Where in a sandbox something is written: found folder by folder, so that no link, name or race leads outside."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from typing import IO

from dcos_runtime.agent.fetching.errors import FetchError, piece

MAX_LINKS = 40
TASKS_OWN = ("stdout", "stderr")
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def parts_of(name: str, what: str) -> list[str]:
    """The parts of a relative name. A leading ``/`` is dropped, as tar does; ``..`` is refused."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if "\0" in name or ".." in parts:
        raise FetchError(f"{what} {piece(name)!r} leads outside the sandbox")
    return parts


class SandboxPath:
    """A name in an open folder. No operation on it follows a link."""

    def __init__(self, folder: int, name: str, shown: str) -> None:
        self.folder = folder
        self.name = name
        self.shown = shown

    def state(self) -> os.stat_result | None:
        try:
            return os.stat(self.name, dir_fd=self.folder, follow_symlinks=False)
        except FileNotFoundError:
            return None

    def clear(self) -> None:
        """Removes the file, link or empty folder of this name."""
        state = self.state()
        if state is None:
            return
        if not stat.S_ISDIR(state.st_mode):
            os.unlink(self.name, dir_fd=self.folder)
            return
        try:
            os.rmdir(self.name, dir_fd=self.folder)
        except OSError as error:
            raise FetchError(f"{piece(self.shown)} is a folder already, and not empty") from error

    def create(self, mode: int = 0o644) -> IO[bytes]:
        """Makes a new file, which replaces an existing one; with ``mode``, whatever the umask is."""
        self.clear()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self.name, flags, 0o600, dir_fd=self.folder)
        os.fchmod(descriptor, mode)
        return os.fdopen(descriptor, "wb")

    def open(self) -> IO[bytes]:
        """The file for reading."""
        return os.fdopen(os.open(self.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=self.folder), "rb")

    def make_folder(self, mode: int) -> os.stat_result:
        state = self.state()
        if state is None or not stat.S_ISDIR(state.st_mode):
            self.clear()
            os.mkdir(self.name, 0o700, dir_fd=self.folder)
        descriptor = os.open(self.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self.folder)
        try:
            os.fchmod(descriptor, mode)
            return os.fstat(descriptor)
        finally:
            os.close(descriptor)

    def set_mode(self, inode: tuple[int, int], mode: int) -> None:
        """Sets the mode of a folder, if it is still the same one."""
        descriptor = os.open(self.name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=self.folder)
        try:
            state = os.fstat(descriptor)
            if (state.st_dev, state.st_ino) == inode:
                os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)

    def link_to(self, target: str) -> None:
        """Makes a symbolic link, which may lead anywhere, because nothing is written through it."""
        self.clear()
        os.symlink(target, self.name, dir_fd=self.folder)

    def be_same_as(self, other: SandboxPath) -> None:
        """A hard link."""
        self.clear()
        os.link(other.name, self.name, src_dir_fd=other.folder, dst_dir_fd=self.folder, follow_symlinks=False)


class Sandbox:
    """The sandbox is the working directory of the process."""

    def __init__(self) -> None:
        self.root = os.open(".", _FOLDER)
        state = os.fstat(self.root)
        self._identity = (state.st_dev, state.st_ino)
        # Members of one folder come one after another: the last folder stays open.
        self._last: tuple[tuple[str, ...], int] | None = None
        self._modes: dict[tuple[int, int], tuple[str, int]] = {}

    def make_folder(self, place: SandboxPath, mode: int) -> None:
        """Makes a folder. If its owner may not write to it, it gets its mode only in `finish`, because more may come
        into it.
        """
        state = place.make_folder(mode | 0o700)
        self.forget()
        inode = (state.st_dev, state.st_ino)
        self._modes.pop(inode, None)
        if mode & 0o700 != 0o700:
            self._modes[inode] = (place.shown, mode)

    def finish(self) -> None:
        """All has been fetched: sets the modes of folders, the deepest first."""
        for inode, (name, mode) in sorted(self._modes.items(), key=lambda item: -item[1][0].count("/")):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError, FetchError):
                place = self.place(name, make=False)
                if place is not None:
                    place.set_mode(inode, mode)
        self._modes.clear()

    def place(self, name: str, what: str = "name", make: bool = True) -> SandboxPath | None:
        """Where ``name`` is; ``make``: makes its folders. ``None`` for the sandbox itself. Raises `FetchError` for a
        name that leads outside, or is the task's own output.
        """
        parts = parts_of(name, what)
        if not parts:
            return None
        folder = self._folder(tuple(parts[:-1]), name, what, make)
        state = os.fstat(folder)
        if parts[-1] in TASKS_OWN and (state.st_dev, state.st_ino) == self._identity:
            raise FetchError(f"{what} {piece(name)!r} is the task's own output file")
        return SandboxPath(folder, parts[-1], name)

    def _folder(self, parts: tuple[str, ...], name: str, what: str, make: bool) -> int:
        if self._last is not None:
            if self._last[0] == parts:
                return self._last[1]
            self.forget()
        found = self._walk(list(parts), name, what, make)
        self._last = (parts, found)
        return found

    def forget(self) -> None:
        """A link or a folder changed: forgets what was found."""
        if self._last is not None:
            os.close(self._last[1])
            self._last = None

    def _walk(self, wanted: list[str], name: str, what: str, make: bool) -> int:
        """Opens one folder after another without following links; links are resolved here, and stay inside."""
        stack = [os.dup(self.root)]
        links = 0
        with self._closing(stack):
            while wanted:
                part = wanted.pop(0)
                if part in ("", "."):
                    continue
                if part == "..":
                    if len(stack) == 1:
                        raise FetchError(f"{what} {piece(name)!r} leads outside the sandbox, through a link")
                    os.close(stack.pop())
                    continue
                try:
                    stack.append(os.open(part, _FOLDER, dir_fd=stack[-1]))
                    continue
                except FileNotFoundError:
                    if not make:
                        raise
                    os.mkdir(part, 0o755, dir_fd=stack[-1])
                    stack.append(os.open(part, _FOLDER, dir_fd=stack[-1]))
                    continue
                except OSError as error:
                    if error.errno not in (errno.ELOOP, errno.ENOTDIR):
                        raise
                try:
                    target = os.readlink(part, dir_fd=stack[-1])
                except OSError:
                    raise FetchError(f"{what} {piece(name)!r}: {piece(part)} is a file, not a folder") from None
                links += 1
                if target.startswith("/") or links > MAX_LINKS:
                    link = f"{piece(part)} -> {piece(target)}"
                    raise FetchError(f"{what} {piece(name)!r} leads outside the sandbox, through the link {link}")
                wanted[:0] = target.split("/")
            return stack.pop()

    @staticmethod
    @contextlib.contextmanager
    def _closing(stack: list[int]) -> Iterator[None]:
        try:
            yield
        finally:
            for descriptor in stack:
                os.close(descriptor)
