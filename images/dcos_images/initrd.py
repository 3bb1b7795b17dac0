"""Makes the initrd of an image in its own tree, and copies kernel and EFI programs beside it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_images.disks import all_files
from dcos_images.errors import ImageError
from dcos_images.process import bound, run
from dcos_images.trees import ImageTree, copy_linked

if TYPE_CHECKING:
    from dcos_images.definition import ImageDefinition, ImageFile
    from dcos_images.packages import Job

_DEADLINE = 600.0
CONCERNS = ("/etc/initramfs-tools/", "/usr/lib/repart.d/", "/usr/lib/dcos/image.env", "/usr/lib/dcos/initrd/")
"""Files of a definition that are part of the initrd: only their changes make it anew."""
_EFI_PROGRAMS = "/usr/lib/systemd/boot/efi"
# In a mount namespace of its own, so that nothing stays mounted: the tree read-only, with empty folders to write in.
_SCRIPT = """\
set -e
mount --bind "$1" "$1"
mount -o remount,ro,bind "$1"
mount -t proc proc "$1/proc"
mount -t tmpfs -o mode=1777 tmpfs "$1/tmp"
mount -t tmpfs tmpfs "$1/dev"
for one in null zero; do
    : >"$1/dev/$one"
    mount --bind "/dev/$one" "$1/dev/$one"
done
chroot "$1" mkinitramfs -o /tmp/initrd "$2"
cat "$1/tmp/initrd" >"$3"
"""


def concerning_files(definition: ImageDefinition) -> tuple[ImageFile, ...]:
    """The definition's files that are part of the initrd."""
    return tuple(file for file in all_files(definition) if file.path.startswith(CONCERNS))


def make_boot_files(job: Job, packages: Path) -> None:
    """Fills the job's folder, as `make_initrd` does, from a copy of the tree of packages."""
    tree = ImageTree(job.folder / "scratch", job.definition.epoch)
    copy_linked(packages, tree.root, job.log_file)
    tree.lay_down(concerning_files(job.definition), ())
    make_initrd(tree, job.definition.epoch, job.folder, job.log_file)
    shutil.rmtree(tree.root)


def make_initrd(tree: ImageTree, epoch: int, target: Path, log_file: Path) -> None:
    """Writes vmlinuz, initrd, and systemd-boot's programs to ``target``."""
    kernel = kernel_version(tree)
    shutil.copyfile(tree.followed(f"/boot/vmlinuz-{kernel}"), target / "vmlinuz")
    for name in ("systemd-bootx64.efi", "linuxx64.efi.stub"):
        program = tree.followed(f"{_EFI_PROGRAMS}/{name}")
        if not program.is_file():
            raise ImageError(
                f"the image has no {name}", why=f"{_EFI_PROGRAMS} lacks it", hint="add systemd-boot to its packages"
            )
        shutil.copyfile(program, target / name)
    if not tree.followed("/usr/sbin/mkinitramfs").is_file():
        raise ImageError(
            "no initrd can be made", why="the image has no mkinitramfs", hint="add initramfs-tools to its packages"
        )
    run(
        [
            *bound("unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"),
            *("sh", "-c", _SCRIPT, "sh", tree.root, kernel, target / "initrd"),
        ],
        what="make the image's initrd",
        log_file=log_file,
        deadline=_DEADLINE,
        env={"SOURCE_DATE_EPOCH": str(epoch), "TMPDIR": "/tmp"},
    )
    if not (target / "initrd").stat().st_size:
        raise ImageError("the image's initrd is empty", why="mkinitramfs wrote nothing", hint=f"see {log_file}")


def kernel_version(tree: ImageTree) -> str:
    """The version of the one kernel in the tree."""
    found = sorted(path.name for path in tree.followed("/usr/lib/modules").glob("*") if path.is_dir())
    if len(found) != 1:
        raise ImageError(
            "the image has to have exactly one kernel",
            why=f"it has {', '.join(found) or 'none'}",
            hint="name one package linux-image-… in image.toml",
        )
    return found[0]
