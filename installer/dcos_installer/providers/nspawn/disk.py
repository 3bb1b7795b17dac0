"""Disks of fixed size for machines on this host: sparse files with a file system, mounted by loop.

A file uses the space of written data, frees that of deleted data, and never grows beyond its size. New disks are only
created if all of them together fit into the free space, so that no cluster can fill its operator's disk.
"""

from __future__ import annotations

import contextlib
import glob
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dcos_installer.process import run
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.file_systems import file_system_of
from dcos_installer.providers.nspawn.machine import MachineFolder, NspawnRecord

MB = 1 << 20
DEFAULT_MB = 10240
LEAST_MB = 2048
"""The smallest default: a machine holds its packages, its journal and some tasks."""

SMALLEST_MB = 512
"""Less than this is not advised."""

OF_FREE = 0.8
"""The part of the free space that the disks of new machines may use together."""

_DEADLINE = 60.0


def loop_devices() -> bool:
    """Whether this host has loop devices."""
    try:
        return subprocess.run(["losetup", "--find"], capture_output=True, timeout=_DEADLINE).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def mount_image(folder: MachineFolder, record: NspawnRecord) -> None:
    """Mounts the machine's disk, and creates it the first time. Raises `InstallerError`."""
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


@dataclass(frozen=True)
class Room:
    """The space for the disks of machines, in MiB."""

    free_mb: int
    promised: Mapping[str, int] = field(default_factory=dict)
    """The space that existing disks may still use, by a text that names their cluster."""

    @property
    def left_mb(self) -> int:
        """The space for new disks together."""
        return max(0, int(self.free_mb * OF_FREE) - sum(self.promised.values()))

    def described(self, machines: Path) -> str:
        """The same as a phrase."""
        text = f"{self.free_mb} MiB are free at {machines}, machines may have {OF_FREE:.0%} of that"
        if self.promised:
            whose = ", ".join(f"{cluster} {mb} MiB" for cluster, mb in sorted(self.promised.items()))
            text += f", and disks that exist may still take {sum(self.promised.values())} MiB ({whose})"
        return f"{text}: {self.left_mb} MiB are left"


def room(machines: Path) -> Room:
    """The space at the folder of all clusters' machines, which need not exist."""
    state = file_system_of(machines)
    promised: dict[str, int] = {}
    images: dict[Path, list[Path]] = {}
    for image in _images(machines):
        images.setdefault(image.parent.parent, []).append(image)
    for home in sorted(images):
        if unwritten := sum(map(_unwritten, images[home])):
            promised[_cluster_of(home)] = -(-unwritten // MB)
    return Room(state.f_bavail * state.f_frsize // MB, promised)


def refuse_without_room(machines: Path, new: Mapping[str, int | None]) -> None:
    """Raises `ProviderError` when the disks of ``new`` machines (MiB of each, None: the default) do not fit."""
    if not new:
        return
    asked = [mb for mb in new.values() if mb is not None]
    if asked and not loop_devices():
        raise ProviderError(
            "machines cannot have disks of a fixed size on this host",
            why="dcos_disk needs loop devices, which this host does not have (losetup --find)",
            hint="load the kernel's module loop, or leave dcos_disk out: machines are then not limited",
        )
    there = room(machines)
    least = sum(asked) + LEAST_MB * (len(new) - len(asked))
    if least <= there.left_mb:
        return
    each = there.left_mb // len(new)
    remedies = [f"free space at {machines}"]
    if there.promised:
        remedies.insert(0, "destroy a cluster that is not needed any more (dcos-installer destroy INVENTORY)")
    # The default has a minimum. An inventory may ask for less.
    remedies.append(
        f"ask for less: dcos_disk={each} would fit" if each >= SMALLEST_MB else "ask for less with dcos_disk"
    )
    raise ProviderError(
        f"there is no room for the disks of {', '.join(new)}",
        why=f"they take up to {least} MiB; {there.described(machines)}",
        hint="; or ".join(remedies),
    )


def default_mb(left: int, asked: Iterable[int], without: int) -> int:
    """The default disk size in MiB of each of ``without`` new machines, beside disks of ``asked`` MiB. At least half of
    the space is left to other clusters, as long as there is enough.
    """
    each = (left - sum(asked)) // max(1, without)
    return min(DEFAULT_MB, max(each // 2, min(each, LEAST_MB)))


def _images(machines: Path) -> list[Path]:
    """The disks of all clusters' machines. The folders of others may vanish meanwhile."""
    found = glob.iglob("*/*/disk.img", root_dir=machines, include_hidden=True)  # noqa: PTH207  # `Path.glob` fails then
    return [machines / name for name in found]


def _cluster_of(home: Path) -> str:
    """A cluster's short id, and its name if its bridge has it."""
    with contextlib.suppress(OSError):
        for path in sorted(home.iterdir()):
            if (record := MachineFolder(path).record()) is not None:
                alias = Path("/sys/class/net", record.bridge, "ifalias").read_text().strip()
                name = alias.removeprefix("dcos cluster ").partition(" (")[0]
                return f"{name} ({home.name})" if name else home.name
    return home.name


def _unwritten(image: Path) -> int:
    with contextlib.suppress(FileNotFoundError):
        state = image.stat()
        return max(0, state.st_size - state.st_blocks * 512)
    return 0
