"""Reading sandboxes from outside: `/files/browse`, `/files/read`, `/files/download` — of sandboxes only.

A task owns its sandbox and may put any link there at any time. So a path is opened without side effects first, and the
file that was really opened must lie in the sandbox; a path is never resolved twice.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_runtime.agent.disk import logs
from dcos_runtime.agent.sandbox import Sandboxes
from dcos_runtime.wire.quoting import shown

MAX_READ = 16 * os.sysconf("SC_PAGE_SIZE")
"""The most bytes of one read, as in Mesos: 16 pages."""


class NotThere(Exception):
    """No such file in any sandbox."""


class PathNotAllowed(Exception):
    """The path leads outside its sandbox, or to the wrong kind of file."""


class Busy(Exception):
    """The task holds a lease on the file, so others cannot open it now."""


@dataclass(frozen=True)
class Opened:
    """The file that a path led to. ``descriptor`` allows no reading; ``path`` reopens the file for that."""

    descriptor: int
    state: os.stat_result

    @property
    def path(self) -> str:
        return f"/proc/self/fd/{self.descriptor}"

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.state.st_mode)


class SandboxFiles:
    """``agent_id`` completes virtual paths, ``/frameworks/<id>/executors/<id>/runs/<container or latest>/…``."""

    def __init__(self, sandboxes: Sandboxes) -> None:
        self._root = sandboxes.root
        self.agent_id: str | None = None

    @contextlib.contextmanager
    def opened(self, path: str) -> Iterator[Opened]:
        """Opens the (virtual or real) path. Raises `NotThere` and `PathNotAllowed`."""
        parts = self._parts(path)
        runs, name, rest = self._root.joinpath(*parts[:6]), parts[6], parts[7:]
        try:
            sandbox = runs.resolve(strict=True) / (runs / name).resolve(strict=True).name
            descriptor = os.open(sandbox.joinpath(*rest), os.O_PATH | os.O_CLOEXEC)
        except (OSError, RuntimeError, ValueError) as error:
            raise NotThere(path) from error
        try:
            try:
                real = str(Path(f"/proc/self/fd/{descriptor}").readlink())
            except OSError as error:  # through links a file can lie deeper than the longest path
                raise PathNotAllowed(f"'{shown(path, 300)}' is inaccessible") from error
            if real != str(sandbox) and not real.startswith(f"{sandbox}/"):
                raise PathNotAllowed(f"'{shown(path, 300)}' is inaccessible")
            yield Opened(descriptor, os.fstat(descriptor))
        finally:
            os.close(descriptor)

    def _parts(self, path: str) -> list[str]:
        """``agent, frameworks, id, executors, id, runs, container, …`` of a path that is in some sandbox."""
        real = None
        for root in {str(self._root), os.path.realpath(self._root)}:
            if path.startswith(root + "/"):
                real = path[len(root) + 1 :]
        if real is None and path.startswith("/frameworks/") and self.agent_id:
            real = self.agent_id + path
        parts = [part for part in (real or "").split("/") if part not in ("", ".")]
        if len(parts) < 7 or parts[1:6:2] != ["frameworks", "executors", "runs"] or ".." in parts:
            raise NotThere(path)
        return parts

    def browse(self, path: str) -> list[dict[str, Any]]:
        """The entries of a folder, as Mesos lists them in `/files/browse`."""
        return [_entry(name, state) for name, state in self.entries(path)]

    def entries(self, path: str) -> list[tuple[str, os.stat_result]]:
        """The paths in a folder, sorted, with what each is; links as links, wherever they lead. None of a plain file.
        Raises `NotThere` and `PathNotAllowed`.
        """
        with self.opened(path) as folder:
            if not folder.is_folder:
                return []
            listing = []
            with _readable(path), os.scandir(folder.path) as entries:
                for entry in entries:
                    with contextlib.suppress(FileNotFoundError):
                        listing.append((f"{path.rstrip('/')}/{entry.name}", entry.stat(follow_symlinks=False)))
        return sorted(listing, key=lambda item: item[0])

    def read(self, path: str, offset: int, length: int | None) -> tuple[int, int, bytes]:
        """The file's size, and up to `MAX_READ` bytes from where the data at or after ``offset`` begins, with that
        place; none for a ``length`` of 0 or past the end. Raises `NotThere`, `PathNotAllowed` and `Busy`."""
        with self.opened(path) as file:
            if file.is_folder:
                raise PathNotAllowed("Cannot read a directory")
            if not stat.S_ISREG(file.state.st_mode):
                raise PathNotAllowed("Cannot read what is not a plain file")
            size = file.state.st_size
            if offset >= size or length == 0:
                return size, offset, b""
            descriptor = _open(path, file)
            try:
                if self._is_output(path):
                    offset = logs.first_data(descriptor, offset, size)
                wanted = min(size - offset if length is None else length, MAX_READ)
                return size, offset, os.pread(descriptor, wanted, offset)
            finally:
                os.close(descriptor)

    def copy_descriptor(self, path: str) -> tuple[int, int, int]:
        """A descriptor of a plain file for reading, which the caller closes, where its data begins, and its size.

        Raises as `read` does."""
        with self.opened(path) as file:
            if file.is_folder:
                raise PathNotAllowed("Cannot download a directory")
            if not stat.S_ISREG(file.state.st_mode):
                raise PathNotAllowed("Cannot download what is not a plain file")
            descriptor, size = _open(path, file), file.state.st_size
            return descriptor, logs.first_data(descriptor, 0, size) if self._is_output(path) else 0, size

    def _is_output(self, path: str) -> bool:
        """Whether it is an output file, whose head may have been given back to the disk."""
        rest = self._parts(path)[7:]
        return len(rest) == 1 and rest[0] in logs.NAMES


def _open(path: str, file: Opened) -> int:
    """Opens for reading, without blocking: a task with a lease on its file (fcntl(2)) could delay an open for most of a
    minute.
    """
    with _readable(path):
        try:
            return os.open(file.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except BlockingIOError as error:
            raise Busy(f"'{shown(path, 300)}' is held by its task; try again") from error


@contextlib.contextmanager
def _readable(path: str) -> Iterator[None]:
    """An agent that is not root may lack the permission to read a file."""
    try:
        yield
    except PermissionError as error:
        raise PathNotAllowed(f"'{shown(path, 300)}' cannot be read by this agent: {error.strerror}") from error


def _entry(path: str, state: os.stat_result) -> dict[str, Any]:
    return {
        "gid": group_name(state),
        "mode": stat.filemode(state.st_mode),
        "mtime": float(int(state.st_mtime)),
        "nlink": state.st_nlink,
        "path": path,
        "size": state.st_size,
        "uid": user_name(state),
    }


def user_name(state: os.stat_result) -> str:
    """The owner's name on this machine, or number."""
    return _name(state.st_uid, lambda: pwd.getpwuid(state.st_uid).pw_name)


def group_name(state: os.stat_result) -> str:
    return _name(state.st_gid, lambda: grp.getgrgid(state.st_gid).gr_name)


def _name(number: int, look_up: Any) -> str:
    try:
        return str(look_up())
    except KeyError:
        return str(number)
