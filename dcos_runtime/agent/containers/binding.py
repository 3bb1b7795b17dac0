"""Folders and files of the machine, pinned before they are mounted: what a path led to when it was looked at counts.

Tasks may write below a folder that others have as a volume, and put a link there. So no link is followed below the
folder that the operator allowed, and what was found is mounted by its descriptor: there is no second look.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 2, 4, 8
_MS_BIND, _MS_REC, _MS_PRIVATE, _MS_SLAVE = 1 << 12, 1 << 14, 1 << 18, 1 << 19
_MNT_DETACH, _UMOUNT_NOFOLLOW = 2, 8
_LOOK = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC


def pinned(root: Path, parts: Sequence[str], owner: tuple[int, int] | None = None, *, file: bool = False) -> int:
    """A descriptor (O_PATH) of what lies at ``parts`` below ``root``; the caller closes it.

    ``owner``: a uid and gid; folders that are missing are made and get it, the last one a ``file`` if that is wanted.
    Raises ``OSError``, also for a link on the way.
    """
    if any(part in ("", ".", "..") or "/" in part for part in parts):
        raise OSError(errno.EINVAL, "the path leads out of its folder", str(root))
    found = os.open(root, os.O_PATH | os.O_CLOEXEC | os.O_DIRECTORY)
    try:
        for number, part in enumerate(parts):
            if owner is not None:
                _make(found, part, owner, file=file and number == len(parts) - 1)
            below = os.open(part, _LOOK, dir_fd=found)
            os.close(found)
            found = below
            if stat.S_ISLNK(os.fstat(found).st_mode):
                raise OSError(errno.ELOOP, "a symbolic link is on the path", str(Path(root, *parts[: number + 1])))
    except BaseException:
        os.close(found)
        raise
    return found


def _make(folder: int, name: str, owner: tuple[int, int], *, file: bool) -> None:
    """What is given away is what was made: by then a task may have put something else at the name."""
    with contextlib.suppress(FileExistsError):
        if file:
            made = os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600, dir_fd=folder)
        else:
            os.mkdir(name, 0o755, dir_fd=folder)
            made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            os.fchown(made, *owner)
        finally:
            os.close(made)


def bind(descriptor: int, target: Path, *, propagated: bool = False) -> None:
    """Mounts what the descriptor stands for at ``target``, which it makes. ``propagated``: with all that is mounted
    below, now and later; nothing ever goes the other way. Raises ``OSError``.
    """
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        target.mkdir(exist_ok=True)
    else:
        target.touch()
    further = _MS_REC if propagated else 0
    _mount(f"/proc/self/fd/{descriptor}", target, _MS_BIND | further)
    # Otherwise what is unmounted here would be unmounted on the machine.
    _mount("none", target, _MS_SLAVE | _MS_REC if propagated else _MS_PRIVATE)


def memory(target: Path, size: int) -> None:
    """Mounts a file system in memory of ``size`` bytes at ``target``, which it makes, for everybody. Raises
    ``OSError``.
    """
    target.mkdir(exist_ok=True)
    _mount("tmpfs", target, _MS_NOSUID | _MS_NODEV | _MS_NOEXEC, kind="tmpfs", options=f"mode=1777,size={size}")
    _mount("none", target, _MS_PRIVATE)


def unbind(target: Path) -> None:
    """Unmounts all that is mounted at ``target``; does nothing where nothing is. Raises ``OSError``."""
    while _LIBC.umount2(os.fsencode(target), _MNT_DETACH | _UMOUNT_NOFOLLOW) == 0:
        pass
    if (number := ctypes.get_errno()) not in (errno.EINVAL, errno.ENOENT):
        raise OSError(number, os.strerror(number), str(target))


def _mount(source: str, target: Path, flags: int, *, kind: str = "", options: str = "") -> None:
    type, data = (text.encode() or None for text in (kind, options))
    if _LIBC.mount(os.fsencode(source), os.fsencode(target), type, ctypes.c_ulong(flags), data):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(target))
