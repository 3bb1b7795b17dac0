"""Which files of the host are visible in every container. The agent's own files must not be visible."""

# ruff: noqa: PTH118

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

_OCTAL = re.compile(r"\\([0-7]{3})")


class Location(NamedTuple):
    """Where a file is, whatever name, link or mount leads to it: its file system, and its path in that."""

    device: str
    path: str

    def holds(self, other: Location) -> bool:
        inside = other.path == self.path or other.path.startswith(self.path.rstrip("/") + "/")
        return inside and other.device == self.device


def shown_in(path: Path, folders: Iterable[str]) -> str | None:
    """The one of ``folders`` that makes ``path`` visible, when each is bound without the file systems mounted below it.
    So another file system that is mounted below ``/opt`` is not visible, and a folder of ``/opt`` that is bound
    elsewhere is. Raises ``OSError``.
    """
    sought = location(path)
    return next((folder for folder in folders if location(Path(folder)).holds(sought)), None)


def below(path: Path, folders: Iterable[str]) -> str | None:
    """The one of ``folders`` that ``path`` is in, whatever is mounted in between; links resolved."""
    real = os.path.realpath(path)
    return next((one for one in folders if Path(real).is_relative_to(os.path.realpath(one))), None)


def location(path: Path) -> Location:
    """For a path that does not exist yet: where it would be made. Raises ``OSError``."""
    real = there = os.path.realpath(path)
    while not os.path.lexists(there):
        there = str(Path(there).parent)
    descriptor = os.open(there, os.O_PATH | os.O_CLOEXEC)
    try:
        fields = Path(f"/proc/self/fdinfo/{descriptor}").read_text().split()
        mount = fields[fields.index("mnt_id:") + 1]
        device = os.fstat(descriptor).st_dev
    finally:
        os.close(descriptor)
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        number, _, numbers, root, point, *_ = line.split(" ")
        if number == mount:
            inside = os.path.relpath(real, _plain(point))
            return Location(numbers, os.path.normpath(os.path.join(_plain(root), inside)))
    return Location(f"{os.major(device)}:{os.minor(device)}", real)


def _plain(text: str) -> str:
    """Decodes the octal numbers that stand for spaces and other special characters."""
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)
