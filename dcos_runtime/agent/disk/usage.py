"""How many bytes folders take on the disk, counted in small steps, so that whoever counts can pause in between.

Blocks are counted, not lengths; an inode with several names once; links are not followed and mounts not entered. Files
that were deleted and are still open are found through their processes.

What is moved while it is counted can be missed. That cannot be hidden: a move changes the ctime of the folder that it
moves from, which nobody can set, and what was missed was still in a folder whose turn was not over.
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
"""Inodes with several names that are remembered; of further ones each name counts its share."""

TICK = 20_000_000
"""Nanoseconds that a ctime may lie behind the clock: file systems take the time of the last tick."""

_KCMP = {"x86_64": 312, "aarch64": 272}.get(os.uname().machine)
_KCMP_FILES = 2
_libc = ctypes.CDLL(None)

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass
class DiskUsage:
    """``used`` bytes so far. ``unread`` folders could not be looked into; ``too_deep``: nor what is below this one.

    ``moved``: names changed since it began, so that something may have been missed.
    """

    used: int = 0
    unread: int = 0
    too_deep: bool = False
    moved: bool = False
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
    """Depth first, by descriptors: no path grows too long, and none can be turned into a link on the way."""
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
                                inside.append(entry.name)
                            else:
                                state = entry.stat(follow_symlinks=False)
                                if stat.S_ISREG(state.st_mode):
                                    count.devices.add(state.st_dev)
                                count.add(state)
            descriptor, inside = stack[-1]
            if not inside:
                # Asked now, when all that is below has been counted, too.
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
    """Counts files on the same file systems that have no name any more and that a thread of ``pids`` holds open."""
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
    """Whether two threads share their descriptors; False where nobody can tell, which costs a look at each."""
    return _KCMP is not None and _libc.syscall(_KCMP, one, other, _KCMP_FILES, 0, 0) == 0
