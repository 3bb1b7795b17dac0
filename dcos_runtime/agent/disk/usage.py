"""How many bytes folders take on the disk, counted in small steps, so that the caller can pause in between.

Blocks are counted, not lengths; an inode with several names once; links are not followed and mounts not entered. Files
that were deleted and are still open are found through their processes.

Files that are moved during a count can be missed. That is noticed: a move changes the ctime of the folder that the file
leaves, which no program can set.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

BLOCK = 512
STEP = 256
"""Entries between two pauses."""

DEEPEST = 512
"""Folders in folders: an open file each while counting."""

MOST_LINKED = 100_000
"""The most inodes with several names that are remembered; for further ones each name counts a share."""

TICK = 20_000_000
"""Nanoseconds by which a ctime may lag behind the clock: file systems use the time of the last tick."""

_KCMP = {"x86_64": 312, "aarch64": 272}.get(os.uname().machine)
_KCMP_FILES = 2
_libc = ctypes.CDLL(None)

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass
class DiskUsage:
    """``used`` bytes so far. ``unread``: how many folders could not be read; ``too_deep``: a folder below which nothing
    was counted. ``moved``: names changed since the count began, so something may have been missed. ``apart``: names of
    folders in the roots that are not counted.
    """

    used: int = 0
    unread: int = 0
    too_deep: bool = False
    moved: bool = False
    apart: frozenset[str] = frozenset()
    began: int = field(default_factory=time.time_ns)
    devices: set[int] = field(default_factory=set)
    _linked: set[tuple[int, int]] = field(default_factory=set)

    def add(self, state: os.stat_result) -> None:
        size = state.st_blocks * BLOCK
        if state.st_nlink > 1 and not stat.S_ISDIR(state.st_mode):
            inode = (state.st_dev, state.st_ino)
            if inode in self._linked:
                return
            if len(self._linked) < MOST_LINKED:
                self._linked.add(inode)
            else:
                size //= state.st_nlink
        self.used += size


def counting(roots: Iterable[Path], count: DiskUsage) -> Iterator[None]:
    """Counts what is in ``roots``; yields now and then. A folder that is removed meanwhile counts as absent."""
    for root in roots:
        try:
            descriptor = os.open(root, _FOLDER)
        except OSError:
            continue
        yield from _counting(descriptor, count)


def _counting(root: int, count: DiskUsage) -> Iterator[None]:
    """Depth first, by descriptors: no path grows too long, and no folder can be replaced by a link on the way."""
    device = os.fstat(root).st_dev
    count.devices.add(device)
    stack: list[tuple[int, list[str]]] = []
    steps = 0
    try:
        folder: int | None = root
        while folder is not None or stack:
            if folder is not None:
                count.add(os.fstat(folder))
                inside: list[str] = []
                stack.append((folder, inside))
                folder = None
                with os.scandir(stack[-1][0]) as entries:
                    for entry in entries:
                        steps += 1
                        if steps % STEP == 0:
                            yield
                        with contextlib.suppress(OSError):
                            if entry.is_dir(follow_symlinks=False):
                                if len(stack) == 1 and entry.name in count.apart:
                                    continue
                                inside.append(entry.name)
                            else:
                                state = entry.stat(follow_symlinks=False)
                                if stat.S_ISREG(state.st_mode):
                                    count.devices.add(state.st_dev)
                                count.add(state)
            descriptor, inside = stack[-1]
            if not inside:
                # Read only now, after everything below has been counted.
                if count.began - TICK <= os.fstat(descriptor).st_ctime_ns <= time.time_ns() + TICK:
                    count.moved = True
                stack.pop()
                os.close(descriptor)
                continue
            if len(stack) >= DEEPEST:
                count.too_deep = True
                inside.clear()
                continue
            steps += 1
            if steps % STEP == 0:
                yield
            folder = _open(inside.pop(), descriptor, device, count)
    finally:
        for descriptor, _ in stack:
            os.close(descriptor)


def _open(name: str, parent: int, device: int, count: DiskUsage) -> int | None:
    try:
        opened = os.open(name, _FOLDER, dir_fd=parent)
    except PermissionError:
        count.unread += 1
        return None
    except OSError:
        return None
    if os.fstat(opened).st_dev != device:
        os.close(opened)
        return None
    return opened


def counting_deleted(pids: Iterable[int], count: DiskUsage) -> Iterator[None]:
    """Counts deleted files on the same file systems that a thread of ``pids`` holds open."""
    seen: set[tuple[int, int]] = set()
    for pid in pids:
        yield
        for table in _tables(pid):
            if table is None:
                yield
                continue
            with contextlib.suppress(OSError), os.scandir(table) as entries:
                for steps, entry in enumerate(entries, 1):
                    if steps % STEP == 0:
                        yield
                    with contextlib.suppress(OSError):
                        state = entry.stat()
                        inode = (state.st_dev, state.st_ino)
                        deleted = state.st_nlink == 0 and stat.S_ISREG(state.st_mode)
                        if deleted and state.st_dev in count.devices and inode not in seen:
                            seen.add(inode)
                            count.used += state.st_blocks * BLOCK


def _tables(pid: int) -> Iterator[str | None]:
    """The descriptor tables of a process: its threads mostly share one, but need not, and the first may have ended.

    ``None`` between them, to pause.
    """
    yield f"/proc/{pid}/fd"
    with contextlib.suppress(OSError):
        if os.stat(f"/proc/{pid}/task").st_nlink <= 3:  # a link a thread, and two  # noqa: PTH116
            return
        known = pid
        with os.scandir(f"/proc/{pid}/task") as threads:
            for steps, entry in enumerate(threads, 1):
                if steps % STEP == 0:
                    yield None
                thread = int(entry.name)
                if thread != pid and not _one_table(pid, thread) and not _one_table(known, thread):
                    known = thread
                    yield f"/proc/{pid}/task/{thread}/fd"


def _one_table(one: int, other: int) -> bool:
    """Whether two threads share their descriptors; False where that is unknown, so that both are read."""
    return _KCMP is not None and _libc.syscall(_KCMP, one, other, _KCMP_FILES, 0, 0) == 0
