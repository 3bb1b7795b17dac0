"""The tree that a layer makes together with those below it, while it is unpacked: paths, links, whiteouts.

A layer's folder is in the form of overlayfs: a whiteout is a character device 0/0, a folder that hides what is below it
has ``trusted.overlay.opaque``. Nobody else writes there meanwhile. Links of the image are followed inside the image
only: this module reads them itself, and never hands a path with a link in it to the kernel.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.removal import remove

OPAQUE = "trusted.overlay.opaque"
CAPABILITY = "security.capability"
MOST_LINKS = 40
LONGEST_PATH = 3000
"""Bytes of a path in an image; with the folder of the store in front it stays below what the kernel takes."""
LONGEST_NAME = 255
DEEPEST = 500
LONGEST_SHOWN = 120

Parts = tuple[str, ...]


def shown(name: str) -> str:
    return repr(name if len(name) <= LONGEST_SHOWN else name[:LONGEST_SHOWN] + "…")


def parts_of(name: str) -> Parts:
    """The components of a name in an archive; a leading ``/`` does not count. Raises `ImageError`."""
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if ".." in parts:
        raise ImageError(f"{shown(name)} in a layer leads upwards (..)")
    if "\0" in name:
        raise ImageError(f"{shown(name)} in a layer holds a NUL character")
    if len(parts) > DEEPEST or len(os.fsencode(name)) > LONGEST_PATH:
        raise ImageError(
            f"{shown(name)} in a layer is deeper than {DEEPEST} folders or longer than {LONGEST_PATH} bytes"
        )
    if any(len(os.fsencode(part)) > LONGEST_NAME for part in parts):
        raise ImageError(f"{shown(name)} in a layer has a name of more than {LONGEST_NAME} bytes")
    return parts


class Tree:
    """``top`` is the layer's own folder, ``below`` those of the layers under it, topmost first."""

    def __init__(self, top: Path, below: Sequence[Path]) -> None:
        self.top = top
        self._layers = (top, *below)
        self._folders: dict[Parts, Parts] = {(): ()}

    def path(self, parts: Parts) -> Path:
        """Where this is in the layer; ``parts`` are real ones, as `folder` returns them."""
        return self.top.joinpath(*parts)

    def folder(self, parts: Parts) -> Parts:
        """The real parts of the folder ``parts``, links followed, which is there in this layer from here on.

        A folder that no layer has is made with root as its owner and mode 0755; one of a layer below is made here as
        it is there. Raises `ImageError`.
        """
        known = self._folders.get(parts)
        if known is not None:
            return known
        real = self._resolved(parts)
        self._made(real, parts)
        self._folders[parts] = self._folders[real] = real
        return real

    def find(self, parts: Parts) -> Path | None:
        """Where ``parts`` is, the last component itself not followed; ``None`` where there is nothing."""
        return self._found((*self._resolved(parts[:-1]), parts[-1])) if parts else self.top

    def read(self, parts: Parts, most: int) -> str:
        """The text of a file, links followed; empty where there is none. Raises `ImageError` when it is larger."""
        real = self._resolved(parts)
        found = self._found(real)
        if found is None or not stat.S_ISREG(found.lstat().st_mode):
            return ""
        with found.open("rb") as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise ImageError(f"/{'/'.join(parts)} of the image has more than {most} bytes")
        return content.decode(errors="surrogateescape")

    def forget(self) -> None:
        """A folder has gone: what was known of paths does not hold any more."""
        self._folders = {(): ()}

    def drop(self, real: Parts) -> None:
        """Removes what this layer has there. Raises ``OSError``."""
        path = self.path(real)
        if stat.S_ISDIR(path.lstat().st_mode):
            remove(path)
            self.forget()
        else:
            path.unlink()

    # --- pieces -------------------------------------------------------------------------------------------------------

    def _resolved(self, parts: Parts) -> Parts:
        """The parts without links; a component that is missing, or is no folder, stays as it is."""
        waiting, links = list(reversed(parts)), 0
        real: list[str] = []
        while waiting:
            part = waiting.pop()
            if part == "..":  # of a link; at the root it stays there, as chroot(2) has it
                if real:
                    real.pop()
                continue
            found = self._found((*real, part))
            if found is not None and found.is_symlink():
                links += 1
                if links > MOST_LINKS:
                    raise ImageError(f"{shown('/'.join(parts))} in a layer leads through too many links")
                target = str(found.readlink())
                if target.startswith("/"):
                    real = []
                waiting += [one for one in reversed(target.split("/")) if one not in ("", ".")]
                continue
            real.append(part)
            if len(real) > DEEPEST:
                raise ImageError(f"{shown('/'.join(parts))} in a layer leads deeper than {DEEPEST} folders")
        return tuple(real)

    def _found(self, real: Parts) -> Path | None:
        """The topmost layer's path of it, ``real`` without links in its folders."""
        for layer in self._layers:
            path, hides = layer, False
            for number, part in enumerate(real):
                hides = hides or (number > 0 and opaque(path))
                path = path / part
                try:
                    state = path.lstat()
                except (FileNotFoundError, NotADirectoryError):
                    break
                if is_whiteout(state):
                    return None
                if number + 1 == len(real):
                    return path
                if not stat.S_ISDIR(state.st_mode):
                    return None
            if hides:
                return None
        return self.top if not real else None

    def _made(self, real: Parts, asked: Parts) -> None:
        for count in range(1, len(real) + 1):
            here = real[:count]
            if here in self._folders:
                continue
            path, found = self.path(here), self._found(here)
            if found is not None and not stat.S_ISDIR(found.lstat().st_mode):
                raise ImageError(
                    f"{shown('/'.join(asked))} in a layer leads through {shown('/'.join(here))}, no folder"
                )
            if found is None or found != path:
                make_folder(path)
                if found is not None:
                    copy_state(found, path)
                else:
                    path.chmod(0o755)
            self._folders[here] = here


def is_whiteout(state: os.stat_result) -> bool:
    return stat.S_ISCHR(state.st_mode) and state.st_rdev == 0


def opaque(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return os.getxattr(path, OPAQUE, follow_symlinks=False) == b"y"
    return False


def hide(path: Path) -> None:
    """The folder shows nothing of layers below."""
    os.setxattr(path, OPAQUE, b"y", follow_symlinks=False)


def white_out(path: Path) -> None:
    os.mknod(path, stat.S_IFCHR, os.makedev(0, 0))


def make_folder(path: Path) -> None:
    """Where a whiteout was, the folder hides what is below, as the whiteout did."""
    try:
        state = path.lstat()
    except FileNotFoundError:
        path.mkdir(mode=0o700)
        return
    assert is_whiteout(state)
    path.unlink()
    path.mkdir(mode=0o700)
    hide(path)


def copy_state(source: Path, target: Path) -> None:
    """Owner, mode, times, and the attributes that images may have."""
    state = source.lstat()
    os.chown(target, state.st_uid, state.st_gid)
    target.chmod(stat.S_IMODE(state.st_mode))
    for name in os.listxattr(source, follow_symlinks=False):
        if kept(name):
            os.setxattr(target, name, os.getxattr(source, name, follow_symlinks=False))
    os.utime(target, ns=(state.st_atime_ns, state.st_mtime_ns))


def copy_up(source: Path, target: Path) -> None:
    """A file of a layer below, as a file of this one."""
    with source.open("rb") as old, target.open("xb") as new:
        shutil.copyfileobj(old, new, 1 << 20)
    copy_state(source, target)


def kept(attribute: str) -> bool:
    """Whether a layer's extended attribute is set. Those of overlayfs itself are not: one of them names folders."""
    return attribute == CAPABILITY or (attribute.startswith("user.") and not attribute.startswith("user.overlay."))
