"""The errors of images: what happened, why, what to do, and the last evidence."""

from __future__ import annotations

import errno
import re
import shutil
from pathlib import Path

_FULL = re.compile(r"No space left on device|Disk quota exceeded|have enough free space")


class ImageError(Exception):
    """An image cannot be described, built or found. Library code raises it; nothing here prints or exits."""

    def __init__(self, what: str, *, why: str = "", hint: str = "", evidence: str = "") -> None:
        self.what = what
        self.why = why
        self.hint = hint
        self.evidence = evidence
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"why: {self.why}")
        if self.hint:
            lines.append(f"what to do: {self.hint}")
        if self.evidence:
            lines.append("last seen:")
            lines += [f"  {line}" for line in self.evidence.rstrip().splitlines()]
        return "\n".join(lines)


class NotMadeHereError(ImageError):
    """The image is for hosts of another architecture or release."""


class AlteredError(ImageError):
    """A result in the cache has other bytes than were made. It no longer counts: it is made anew when it is needed."""


class CommandFailedError(ImageError):
    """A command of a build failed. ``said`` is its whole output on stderr; the last lines are the evidence."""

    said = ""


def is_full(error: OSError | str) -> bool:
    """Whether an error, or a command's output, says that the disk is full."""
    return bool(_FULL.search(error)) if isinstance(error, str) else error.errno in (errno.ENOSPC, errno.EDQUOT)


def refuse_without_room(folder: Path, wanted: int) -> None:
    """Raises `full` when the folder's file system has less than ``wanted`` bytes left."""
    if shutil.disk_usage(folder).free < wanted:
        raise full(folder)


def full(folder: Path) -> ImageError:
    """The error for a full disk, with its free space."""
    free = shutil.disk_usage(folder).free
    return ImageError(
        f"there is no room for the image in {folder}",
        why=f"its file system has {free >> 20} MiB left",
        hint="make room (dcos-installer image gc shows what can go), then run the same command again",
    )
