"""Recordings as files: ``--record=DIR`` keeps a ring of segments there, for ``python -m dcos_runtime.replay``."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import itertools
import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

from dcos_runtime import __version__
from dcos_runtime.core.recorder import Recorded, Recorder, Veil
from dcos_runtime.errors import Unstartable

log = logging.getLogger(__name__)

SUFFIX = ".recording"
_NEW = ".new"
_CHANCES = 5

KEPT = 2
"""How many segments of former processes are kept."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_MADE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class RecordingFiles:
    """The segments of one process. The newest segments of former processes stay: they may show why those ended. Each
    segment is open and locked as long as it is in the ring, so another process that records into the same folder does
    not take it for a former one's. A full disk ends the recording, and nothing else.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Raises ``OSError``, also when users other than ours and root may write into the folder."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._place = _opened(folder)
        self._segments: dict[int, int] = {}  # by its number, each one's descriptor
        self._now = -1
        self._over = False
        previous = []
        for entry in os.listdir(self._place):  # noqa: PTH208  # of the folder that is open, whatever its path leads to
            if entry.startswith(f"{name}-") and entry.endswith(SUFFIX + _NEW) and not self._alive(entry):
                with contextlib.suppress(OSError):  # its process was killed before the segment had its name
                    os.unlink(entry, dir_fd=self._place)
            if entry.startswith(f"{name}-") and entry.endswith(SUFFIX):
                with contextlib.suppress(OSError):  # another process removes them as well
                    previous.append((os.stat(entry, dir_fd=self._place, follow_symlinks=False).st_mtime, entry))
        dead = [entry for _, entry in sorted(previous) if not self._alive(entry)]
        for entry in dead[:-KEPT]:
            with contextlib.suppress(OSError):
                os.unlink(entry, dir_fd=self._place)
        taken = {entry.rpartition("-")[0] for _, entry in previous} - {entry.rpartition("-")[0] for entry in dead}
        names = (f"{name}-{os.getpid()}{f'_{number}' if number else ''}" for number in itertools.count())
        self._prefix = next(one for one in names if one not in taken)  # process ids of two containers may be the same

    @property
    def ended(self) -> bool:
        return self._over

    def open(self, number: int) -> None:
        if self._over:
            return
        try:
            for chance in reversed(range(_CHANCES)):
                try:
                    self._now = self._segments[number] = self._made(number)
                    return
                except (BlockingIOError, FileNotFoundError):
                    if not chance:
                        raise
        except OSError as error:
            self.end(str(error))

    def _made(self, number: int) -> int:
        """Makes the segment. It is locked before it gets the name by which other processes look for segments that
        nobody writes. Raises ``BlockingIOError`` and ``FileNotFoundError`` when another process that starts has just
        found it without a lock; other ``OSError`` for all else.
        """
        new = self._name(number) + _NEW
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new, dir_fd=self._place)  # of a former process of the same id
        made = os.open(new, _MADE, 0o600, dir_fd=self._place)
        try:
            fcntl.flock(made, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.rename(new, self._name(number), src_dir_fd=self._place, dst_dir_fd=self._place)
        except OSError:
            os.close(made)
            raise
        return made

    def write(self, data: bytes) -> None:
        if self._over:
            return
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._now, view) :]
        except OSError as error:
            self.end(str(error))

    def remove(self, number: int) -> None:
        with contextlib.suppress(OSError):
            os.unlink(self._name(number), dir_fd=self._place)
        if (descriptor := self._segments.pop(number, None)) is not None:
            os.close(descriptor)

    def close(self) -> None:
        for descriptor in self._segments.values():
            os.close(descriptor)
        self._segments.clear()

    def end(self, why: str) -> None:
        """The recording is over; the daemon goes on."""
        self._over = True
        log.error("the recording in %s ends here, until the next start: %s", self._folder, why)
        self.close()

    def _name(self, number: int) -> str:
        return f"{self._prefix}-{number:06d}{SUFFIX}"

    def _alive(self, entry: str) -> bool:
        """Whether a process still has the segment in its ring."""
        try:
            descriptor = os.open(entry, _READ, dir_fd=self._place)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False


def _opened(folder: Path) -> int:
    """A descriptor of the folder: files are made in this one, even if its name leads elsewhere later. Raises
    ``OSError``.
    """
    try:
        place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        if folder.is_symlink():
            raise OSError(errno.ELOOP, "it is a link; name the folder itself") from error
        raise
    found = os.fstat(place)
    why = ""
    if found.st_uid not in (0, os.geteuid()):
        why = f"it belongs to the user {found.st_uid}, and has to be this process's or root's"
    elif found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        why = f"others may write into it (mode {stat.S_IMODE(found.st_mode):o}); take that from them, or name another"
    if why:
        os.close(place)
        raise OSError(errno.EPERM, why)
    return place


def recorder(
    folder: str | None, core: Recorded, name: str, seed: bytes, veil: Callable[[bytes], Veil], **sizes: int
) -> Recorder | None:
    """Records this core into that folder; None without one. Raises ``OSError`` when the folder cannot be used."""
    if folder is None:
        return None
    try:
        files = RecordingFiles(Path(folder), name)
    except OSError as error:
        raise Unstartable(
            f"--record={folder} cannot be used",
            why=error.strerror or str(error),
            hint="give a folder of this process's own, or start without it",
        ) from error
    log.warning("all that is decided on here is recorded in %s/%s-*; secrets become pseudonyms", folder, name)
    return Recorder(core, name, __version__, seed, veil(os.urandom(32)), files, **sizes)
