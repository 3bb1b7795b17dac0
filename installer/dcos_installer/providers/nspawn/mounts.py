"""A machine's file system on the host: its own layer over the golden tree, mounted while it runs, and unmounted."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from dcos_installer.process import run
from dcos_installer.providers.nspawn.disk import mount_image
from dcos_installer.providers.nspawn.machine import MachineFolder, NspawnRecord

STATE = "/var/lib/dcos"
"""What a machine has on its disk itself."""

_DEADLINE = 60.0
_NSPAWN_RUN = Path("/run/systemd/nspawn")


def mount_disk(folder: MachineFolder, record: NspawnRecord) -> None:
    """Mounts the place of the machine's own layer: its disk, or a folder if that is not limited."""
    folder.disk.mkdir(mode=0o755, exist_ok=True)
    if record.disk_mb is not None and str(folder.disk.resolve()) not in folder.mounts():
        mount_image(folder, record)
    for layer in (folder.upper, folder.work):
        _make_folder(layer)
    if record.plain_state and not folder.plain.exists():
        _make_plain(folder, record)


def _make_plain(folder: MachineFolder, record: NspawnRecord) -> None:
    """Makes the machine's /var/lib/dcos, with what the golden tree has there."""
    aside = folder.plain.with_suffix(".new")
    shutil.rmtree(aside, ignore_errors=True)
    _make_folder(aside)
    golden = Path(record.tree) / STATE.lstrip("/")
    if golden.is_dir():
        run(["cp", "-a", f"{golden}/.", aside], deadline=_DEADLINE, what=f"make {STATE} of {record.name}")
    aside.rename(folder.plain)


def mount_root(folder: MachineFolder, record: NspawnRecord) -> None:
    """Mounts the machine's root directory: its own layer over the golden tree."""
    _make_folder(folder.root)
    # Relative to the tree's own folder, because not every path can be written in mount's options.
    tree = Path(record.tree)
    run(
        overlay_command(folder, record),
        cwd=tree.parent,
        deadline=_DEADLINE,
        what=f"mount the file system of {record.name}",
    )


def overlay_command(folder: MachineFolder, record: NspawnRecord) -> list[str | Path]:
    """The command of `mount_root`, to be run in the folder that holds the tree."""
    layers = {"lowerdir": Path(record.tree).name, "upperdir": folder.upper, "workdir": folder.work}
    options = ",".join(f"{name}={path}" for name, path in layers.items())
    return ["mount", "-t", "overlay", "-o", options, record.unique_name, folder.root]


def _make_folder(path: Path) -> None:
    """A folder that all may enter, whatever the umask: the mode of ``upper`` is that of the machine's ``/``."""
    with contextlib.suppress(FileExistsError):
        path.mkdir()
        path.chmod(0o755)


def unmount_all(folder: MachineFolder, unique_name: str, *, keep_disk: bool) -> None:
    """Unmounts everything of the machine, and removes what systemd-nspawn leaves after a power cut.

    ``keep_disk`` leaves the machine's disk mounted, which saves time.
    """
    lock = _nspawn_lock(folder)
    for where in folder.mounts():
        if keep_disk and where == str(folder.disk.resolve()):
            continue
        run(["umount", where], deadline=_DEADLINE, what=f"unmount {where}")
    if lock is not None:
        lock.unlink(missing_ok=True)
    shutil.rmtree(_NSPAWN_RUN / "propagate" / unique_name, ignore_errors=True)


def _nspawn_lock(folder: MachineFolder) -> Path | None:
    # systemd-nspawn names its lock by the inode of the root directory, which only the mounted directory has.
    with contextlib.suppress(FileNotFoundError):
        entry = folder.root.stat()
        return _NSPAWN_RUN / "locks" / f"inode-{entry.st_dev}:{entry.st_ino}"
    return None
