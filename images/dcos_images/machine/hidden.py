"""What a machine's own files in /etc hide of a new image.

Runs here and, sent as source, on machines: Python 3.9 or newer, standard library only.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Hidden:
    """A path of /etc that the new image changes, and that stays as the machine has it."""

    path: str
    why: str


def hidden(upper: Path, old: Path, new: Path) -> list[Hidden]:
    """What the overlay's ``upper`` layer hides of what is different in ``new`` than in ``old``, two trees of /etc."""
    return sorted(_hidden(upper, old, new, ""), key=lambda one: one.path)


def _hidden(upper: Path, old: Path, new: Path, within: str) -> Iterator[Hidden]:
    for entry in os.scandir(upper):
        path = f"{within}{entry.name}"
        mine, before, after = Path(entry.path), old / entry.name, new / entry.name
        whiteout = _is_whiteout(mine)
        if entry.is_dir(follow_symlinks=False) and not _is_opaque(mine):
            if _kind(after) == _kind(before) == "folder":
                yield from _hidden(mine, before, after, f"{path}/")
            elif _kind(after) == "folder":
                yield from _hidden(mine, Path("/nonexistent"), after, f"{path}/")
            elif _kind(after) and not _same(before, after):
                yield Hidden(path, "a folder here, and no folder in the new image")
            continue
        if not _kind(after) or _same(before, after):
            continue
        if whiteout:
            yield Hidden(path, "removed here, and changed in the new image" if _kind(before) else "removed here")
        elif _same(mine, before):
            yield Hidden(path, "copied here as the old image had it")
        elif not _same(mine, after):
            yield Hidden(path, "changed here, and in the new image" if _kind(before) else "made here, and new there")


def _kind(path: Path) -> str:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return ""
    names = {stat.S_IFDIR: "folder", stat.S_IFREG: "file", stat.S_IFLNK: "link"}
    return names.get(stat.S_IFMT(mode), "other")


def _same(one: Path, two: Path) -> bool:
    """Whether both are the same to a reader: kind, mode, owner, content; folders with all that is in them."""
    kind = _kind(one)
    if kind != _kind(two):
        return False
    if not kind:
        return True
    left, right = one.lstat(), two.lstat()
    if kind == "link":
        return os.readlink(one) == os.readlink(two)
    if (left.st_mode, left.st_uid, left.st_gid) != (right.st_mode, right.st_uid, right.st_gid):
        return False
    if kind == "file":
        return left.st_size == right.st_size and one.read_bytes() == two.read_bytes()
    names = sorted(os.listdir(one))
    return names == sorted(os.listdir(two)) and all(_same(one / name, two / name) for name in names)


def _is_whiteout(path: Path) -> bool:
    found = path.lstat()
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def _is_opaque(path: Path) -> bool:
    try:
        return os.getxattr(path, "trusted.overlay.opaque", follow_symlinks=False) == b"y"
    except OSError:
        return False
