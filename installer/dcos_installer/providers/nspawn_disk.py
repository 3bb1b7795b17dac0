"""Disks of fixed size for machines on this host: sparse files with a file system in them, mounted by loop.

A file takes of this host what was written into it, gives back what is deleted, and never grows beyond its size. Disks
are made so that all of them together fit what is free: no cluster can fill its operator's disk.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from dcos_installer.process import run
from dcos_installer.providers.nspawn_machine import MachineFolder, MachineRecord

MB = 1 << 20
DEFAULT_MB = 10240
LEAST_MB = 2048
"""Less than this the default does not go: a machine holds its packages, its journal and some tasks."""

OF_FREE = 0.8
"""The share of what is free that the disks of new machines may take together."""

_DEADLINE = 60.0


def loop_devices() -> bool:
    """Whether this host has them."""
    try:
        return subprocess.run(["losetup", "--find"], capture_output=True, timeout=_DEADLINE).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def mount_image(folder: MachineFolder, record: MachineRecord) -> None:
    """Mounts the machine's disk, making it the first time. Raises `InstallerError`."""
    assert record.disk_mb is not None
    image = folder.disk_image
    if not image.exists():
        aside = image.with_suffix(".new")
        with aside.open("wb") as file:
            file.truncate(record.disk_mb * MB)
        journal = 16 if record.disk_mb >= 512 else 4
        run(
            [
                *("mkfs.ext4", "-q", "-F", "-m", "0", "-J", f"size={journal}"),
                *("-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1"),
                aside,
            ],
            deadline=_DEADLINE,
            what=f"make the disk of {record.name}",
        )
        aside.rename(image)
    run(
        ["mount", "-t", "ext4", "-o", "loop,discard", image, folder.disk],
        deadline=_DEADLINE,
        what=f"mount the disk of {record.name} (it needs a loop device)",
    )


def room_mb(machines: Path) -> int:
    """What new disks may take together, in MB: of what is free, without what disks that exist may still take."""
    folder = machines
    while not folder.exists():
        folder = folder.parent
    state = os.statvfs(folder)
    promised = sum(_unwritten(image) for image in _images(machines))
    return max(0, int(state.f_bavail * state.f_frsize * OF_FREE - promised) // MB)


def default_mb(room: int, asked: Iterable[int], without: int) -> int:
    """The disk of each of ``without`` new machines for which none is asked, beside those of ``asked`` MB.

    Nobody asked for that much: a half of the room, at the least, is left to other clusters while there is enough.
    """
    each = (room - sum(asked)) // max(1, without)
    return min(DEFAULT_MB, max(each // 2, min(each, LEAST_MB)))


def _images(machines: Path) -> list[Path]:
    return list(machines.glob("*/*/disk.img"))


def _unwritten(image: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        state = image.stat()
        return max(0, state.st_size - state.st_blocks * 512)
    return 0
