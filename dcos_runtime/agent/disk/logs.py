"""Caps on stdout and stderr: the head of a file that grew too long is given back to the disk, as a hole.

The task writes to the file itself, and goes on writing: nothing is copied, renamed or cut. The file keeps its length
and every byte its offset; reading begins where there is data (`first_data`).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
import tempfile
from pathlib import Path

from dcos_runtime.flags.agent import SMALLEST_CAP
from dcos_runtime.flags.values import sizes

NAMES = ("stdout", "stderr")
BLOCK = 64 << 10
"""Heads end at a multiple of this, which no file system's own block exceeds."""

_CAP = sizes(SMALLEST_CAP)

KEPT = 0.75
"""The share of a cap that a cut leaves, so that not every new line causes another cut."""

SETTINGS = {name: f"CONTAINER_LOGGER_MAX_{name.upper()}_SIZE" for name in NAMES}
"""A task's own caps: labels or variables of its environment, by the names of Mesos' logger."""

_KEEP_SIZE, _PUNCH_HOLE = 1, 2
_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]


def own_caps(defaults: dict[str, int], *settings: dict[str, str]) -> dict[str, int]:
    """The caps of one task: later ``settings`` (labels, variables) win. Raises ``ValueError`` with the name."""
    caps = dict(defaults)
    for given in settings:
        for name, key in SETTINGS.items():
            if key in given:
                try:
                    caps[name] = _CAP.parse(given[key])
                except ValueError as error:
                    raise ValueError(f"{key}={given[key]!r}: {error}") from None
    return caps


def possible(folder: Path) -> bool:
    """Whether the file system of ``folder`` can give back the head of a file."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x" * 2 * BLOCK)
            file.flush()
            _punch(file.fileno(), BLOCK)
            return os.pread(file.fileno(), 2, BLOCK - 1) == b"\0x" and first_data(file.fileno(), 0, 2 * BLOCK) == BLOCK
    except OSError:
        return False


def enforce(sandbox: Path, caps: dict[str, int]) -> None:
    """Gives back the head of each output file that takes more than its cap."""
    for name, most in caps.items():
        with contextlib.suppress(OSError):
            shorten(sandbox / name, most)


def shorten(path: Path, most: int) -> bool:
    """Returns whether there was something to give back. Anything except a regular file with one name is left alone.

    Raises ``OSError``.
    """
    found = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        state = os.fstat(found)
        if not stat.S_ISREG(state.st_mode) or state.st_nlink != 1 or state.st_blocks * 512 <= most:
            return False
        # The task may put any file there, so the opened file itself is checked. Opening a file with a lease (fcntl(2))
        # would block: it is left alone until later.
        opened = os.open(f"/proc/self/fd/{found}", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    finally:
        os.close(found)
    try:
        head = (state.st_size - int(most * KEPT)) // BLOCK * BLOCK
        if head <= 0:
            return False
        _punch(opened, head)
        return True
    finally:
        os.close(opened)


def first_data(descriptor: int, offset: int, size: int) -> int:
    """Where the first data at or after ``offset`` is; ``size`` when there is none; ``offset`` when that is unknown."""
    if offset >= size:
        return offset
    try:
        return min(os.lseek(descriptor, offset, os.SEEK_DATA), size)
    except OSError as error:
        return size if error.errno == errno.ENXIO else offset


def _punch(descriptor: int, head: int) -> None:
    if _libc.fallocate(descriptor, _PUNCH_HOLE | _KEEP_SIZE, 0, head):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
