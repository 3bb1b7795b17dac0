"""Makes outputs of a tree: a root file system, disks, files for booting from a network, an archive. All offline.

Nothing is mounted and no loop device is used. The same tree gives the same bytes, on any host at any time.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_images.definition import ImageDefinition, Partitions
from dcos_images.digest import tree_digest
from dcos_images.disks import SECTORS_PER_MB, disk_uuid, first_entry, shipped_slots, slot_uuids, table, volume_id
from dcos_images.errors import ImageError
from dcos_images.process import ask, run
from dcos_images.store import file_digest
from dcos_images.trees import ImageTree

if TYPE_CHECKING:
    from dcos_images.cache import Note

_DEADLINE = 900.0
_CHUNK = 1 << 20
_COMPRESSION = {"disk": ("lz4", 65536), "netboot": ("lz4hc", 65536)}
UPDATE_PARTS = {"root": "root.erofs", "kernel": "vmlinuz", "initrd": "initrd"}
"""The parts of an update, and the names of their files."""
_LOADER = b"timeout 0\nconsole-mode keep\neditor no\n"


@dataclass(frozen=True)
class Parts:
    """The inputs of outputs. ``boot`` holds vmlinuz, initrd and the EFI programs; ``log_file`` gets the commands'
    stderr.
    """

    definition: ImageDefinition
    tree: Path
    boot: Path
    folder: Path
    work: Path
    log_file: Path

    @property
    def name(self) -> str:
        return self.definition.name

    def run(self, what: str, *argv: str | Path, stdin: bytes = b"") -> None:
        env = {"SOURCE_DATE_EPOCH": str(self.definition.epoch), "MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1"}
        run(argv, what=what, log_file=self.log_file, deadline=_DEADLINE, env=env, stdin=stdin)

    def partitions(self) -> Partitions:
        assert self.definition.partitions is not None  # the definition was refused otherwise
        return self.definition.partitions


def make_root(parts: Parts, use: str) -> Path:
    """The root file system, for ``use``: fast to read from a disk, or small for a network."""
    root = parts.work / f"{use}.erofs"
    if not root.exists():
        algorithm, cluster = _COMPRESSION[use]
        parts.run(
            "make the root file system",
            *("mkfs.erofs", "-d0", f"-z{algorithm}", f"-C{cluster}", "-U", str(disk_uuid("root file system"))),
            *("--exclude-regex=^boot/.", root, parts.tree),
        )
    return root


def _disk_root(parts: Parts) -> Path:
    """The root file system for a disk. Raises `ImageError` when it is larger than each of the disk's slots."""
    root, room_mb = make_root(parts, "disk"), parts.partitions().root_mb
    if root.stat().st_size > room_mb << 20:
        raise _too_large(parts, "the root file system", root.stat().st_size, room_mb, "root_mb")
    return root


def _boot_size(parts: Parts, *files: Path) -> None:
    """Raises `ImageError` when what boots does not fit the ESP. Both slots' kernels lie there, and for a while a third:
    the one that an update writes.
    """
    wanted, room_mb = 3 * sum(path.stat().st_size for path in files), parts.partitions().esp_mb
    if wanted > room_mb << 20:
        raise _too_large(parts, "the ESP", wanted, room_mb, "esp_mb")


def make_esp(parts: Parts, image: str) -> Path:
    """The ESP: systemd-boot, the first slot's kernel and initrd, and its entry. ``image``: its root's SHA-256."""
    partitions, esp, plain = parts.partitions(), parts.work / "esp.img", parts.work / "esp"
    layout: dict[str, Path | bytes] = {
        "EFI/BOOT/BOOTX64.EFI": parts.boot / "systemd-bootx64.efi",
        "a/vmlinuz": parts.boot / "vmlinuz",
        "a/initrd": parts.boot / "initrd",
        "loader/loader.conf": _LOADER,
        "loader/entries/a.conf": first_entry(image, parts.definition.arguments).encode(),
    }
    _boot_size(parts, *(path for path in layout.values() if isinstance(path, Path)))
    with esp.open("wb") as file:
        file.truncate(partitions.esp_mb << 20)
    parts.run("make the ESP", *("mkfs.vfat", "--invariant", "-F", "32", "-n", "ESP", "-i", volume_id(), esp))
    parts.run("fill the ESP", "mmd", "-i", esp, "::/EFI", "::/EFI/BOOT", "::/a", "::/loader", "::/loader/entries")
    for path, content in layout.items():
        source = content if isinstance(content, Path) else plain
        if isinstance(content, bytes):
            plain.write_bytes(content)
        parts.run("fill the ESP", "mcopy", "-i", esp, source, f"::/{path}")
    return esp


def make_update(parts: Parts, target: Path) -> None:
    """What a machine's other slot gets: root, kernel and initrd, and ``update.json`` about them. Raises `ImageError`
    when a disk of the image has no room for it.
    """
    made = {"root": _disk_root(parts), "kernel": parts.boot / "vmlinuz", "initrd": parts.boot / "initrd"}
    _boot_size(parts, made["kernel"], made["initrd"])
    target.mkdir()
    record: dict[str, Any] = {"format": 1, "name": parts.name, "arguments": parts.definition.arguments}
    record |= {"roots": slot_uuids(), "esp": str(disk_uuid("esp"))}
    for part, path in made.items():
        there = target / UPDATE_PARTS[part]
        shutil.copyfile(path, there)
        record[part] = {"name": there.name, "sha256": file_digest(there), "size": there.stat().st_size}
    (target / "update.json").write_text(json.dumps(record, indent=1, sort_keys=True) + "\n")
    _set_attributes(target, parts.definition.epoch)


def make_raw(parts: Parts, target: Path) -> None:
    """A disk with a GPT: the ESP and the first root. It is sparse: what is empty takes no room."""
    partitions, root = parts.partitions(), _disk_root(parts)
    slots = shipped_slots(partitions)
    with target.open("wb") as file:
        file.truncate((1 + partitions.esp_mb + partitions.root_mb + 1) << 20)
    parts.run("make the partitions", "sfdisk", "--quiet", target, stdin=table(slots).encode())
    for slot, source in zip(slots, (make_esp(parts, file_digest(root)), root), strict=True):
        copy_sparse(source, target, slot.start // SECTORS_PER_MB << 20)


def make_qcow2(parts: Parts, target: Path) -> None:
    """The disk for QEMU, compressed with zstd."""
    raw = parts.folder / f"{parts.name}.raw"
    if not raw.exists():
        raw = parts.work / "disk.raw"
        make_raw(parts, raw)
    options = ("-o", "compression_type=zstd,cluster_size=65536,lazy_refcounts=off")
    parts.run("compress the disk", "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", *options, raw, target)


def make_tar(parts: Parts, target: Path) -> None:
    """The tree as an archive: names sorted, owners as numbers, no access times."""
    parts.run(
        "pack the tree",
        *("tar", "--create", "--file", target, "--directory", parts.tree, "--sort=name", "--numeric-owner"),
        *("--xattrs", "--format=posix", "--pax-option=delete=atime,delete=ctime,exthdr.name=%d/PaxHeaders/%f"),
        *("--use-compress-program=zstd -3", "."),
    )


def make_netboot(parts: Parts, target: Path) -> None:
    """A folder for booting over HTTP: kernel, initrd, the root by its digest, an iPXE script, a UKI.

    The initrd fetches the root into memory and compares it with the digest on the kernel's command line.
    """
    target.mkdir()
    root = make_root(parts, "netboot")
    digest = file_digest(root)
    root.rename(target / f"root-{digest}.erofs")
    for name in ("vmlinuz", "initrd"):
        shutil.copyfile(parts.boot / name, target / name)
    arguments = " ".join(["boot=dcos", f"dcos.root.sha256={digest}", "ip=dhcp", *parts.definition.arguments])
    script = (
        "#!ipxe\n"
        "# What is fetched lies beside this script.\n"
        # An old iPXE knows no cwduri, but what DHCP has named.
        f"kernel vmlinuz initrd=initrd {arguments} dcos.root=${{cwduri}}root-{digest}.erofs dcos.script=${{filename}}\n"
        "initrd initrd\n"
        "boot\n"
    )
    (target / "boot.ipxe").write_text(script)
    make_uki(parts, target / "boot.efi", arguments)
    _set_attributes(target, parts.definition.epoch)


def _set_attributes(folder: Path, epoch: int) -> None:
    """Sets modes and times of a folder of files, whatever the umask."""
    for path in (*folder.iterdir(), folder):
        path.chmod(0o755 if path.is_dir() else 0o644)
        os.utime(path, (epoch, epoch))


def make_uki(parts: Parts, target: Path, arguments: str) -> None:
    """One EFI program of stub, command line, kernel and initrd: UEFI can boot it over HTTP."""
    stub = parts.boot / "linuxx64.efi.stub"
    texts = {
        "cmdline": arguments.encode() + b"\0",
        "osrel": ImageTree(parts.tree, parts.definition.epoch).followed("/etc/os-release").read_bytes(),
    }
    sections: list[tuple[str, Path]] = []
    for name, content in texts.items():
        (parts.work / name).write_bytes(content)
        sections.append((f".{name}", parts.work / name))
    sections += [(".linux", parts.boot / "vmlinuz"), (".initrd", parts.boot / "initrd")]
    # After the stub's own sections, each on a page of its own, because the kernel reads them in place.
    address = _end_of_sections(stub)
    argv: list[str | Path] = []
    for name, path in sections:
        argv += ["--add-section", f"{name}={path}", "--change-section-vma", f"{name}={address:#x}"]
        address += -(-path.stat().st_size // 4096) * 4096
    parts.run("make the UKI", "objcopy", "--preserve-dates", *argv, stub, target)
    _forget_time(target)


def _end_of_sections(stub: Path) -> int:
    """The first free page after the stub's sections."""
    end = 0
    for line in ask(["objdump", "--section-headers", str(stub)]).splitlines():
        fields = line.split()
        if len(fields) >= 4 and fields[0].isdigit():
            end = max(end, int(fields[2], 16) + int(fields[3], 16))
    if not end:
        raise ImageError(
            f"{stub} cannot be used",
            why="it has no sections: systemd-boot-efi is damaged",
            hint="lock the image's packages again",
        )
    return -(-end // 4096) * 4096


def _forget_time(program: Path) -> None:
    """Clears the build time that objcopy writes into the header of an EFI program."""
    with program.open("r+b") as file:
        file.seek(0x3C)
        header = int.from_bytes(file.read(4), "little")
        file.seek(header + 8)  # after the signature, the machine and the number of sections
        file.write(bytes(4))
        file.seek(header + 24 + 64)  # in the optional header: CheckSum, which UEFI ignores
        file.write(bytes(4))


def copy_sparse(source: Path, target: Path, offset: int) -> None:
    """Copies a file into another at ``offset``. Zeroes stay a hole."""
    zeros = bytes(_CHUNK)
    with source.open("rb") as reading, target.open("r+b") as writing:
        for start, end in data_extents(reading.fileno()):
            reading.seek(start)
            while start < end and (chunk := reading.read(min(_CHUNK, end - start))):
                if chunk != zeros[: len(chunk)]:
                    writing.seek(offset + start)
                    writing.write(chunk)
                start += len(chunk)


def data_extents(descriptor: int) -> Iterator[tuple[int, int]]:
    """The ranges of data in a sparse file: start and end."""
    size, at = os.fstat(descriptor).st_size, 0
    while at < size:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return  # only a hole is left
        at = os.lseek(descriptor, start, os.SEEK_HOLE)
        yield start, at


def sparse_digest(path: Path) -> str:
    """The sha256 of a sparse file's bytes, as sha256sum prints it; holes are not read."""
    digest = hashlib.sha256()
    zeros = memoryview(bytes(_CHUNK))

    def hole(length: int) -> None:
        while length > 0:
            digest.update(zeros[: min(_CHUNK, length)])
            length -= _CHUNK

    with path.open("rb") as file:
        size, done = path.stat().st_size, 0
        for start, end in data_extents(file.fileno()):
            hole(start - done)
            file.seek(start)
            while start < end and (chunk := file.read(min(_CHUNK, end - start))):
                digest.update(chunk)
                start += len(chunk)
            done = end
        hole(size - done)
    return digest.hexdigest()


def digest_of(path: Path) -> str:
    """The sha256 of a file, as sha256sum prints it; for a folder, of everything in it."""
    return tree_digest(path) if path.is_dir() else sparse_digest(path)


def size_of(path: Path) -> int:
    """The bytes of a file, holes included; of a folder, of its files. It does not depend on the file system: the same
    content may use more blocks on one disk than on another.
    """
    inside = [one for one in path.rglob("*") if not one.is_dir()] if path.is_dir() else [path]
    return sum(one.lstat().st_size for one in inside)


def _too_large(parts: Parts, what: str, size: int, room_mb: int, key: str) -> ImageError:
    return ImageError(
        f"{what} of the image {parts.name!r} does not fit its partition",
        why=f"it wants {-(-size >> 20)} MiB, the partition has {room_mb}",
        hint=f"raise partitions.{key} in {parts.name}/image.toml, or leave packages out",
    )


MAKERS: dict[str, tuple[str, Callable[[Parts, Path], None]]] = {
    "tar": (".tar.zst", make_tar),
    "raw": (".raw", make_raw),
    "qcow2": (".qcow2", make_qcow2),
    "update": (".update", make_update),
    "netboot": (".netboot", make_netboot),
}
"""By output: the end of its name, and the function that makes it, in this order. A tree exists already."""


def make_outputs(
    parts: Parts, note: Note, ready: Callable[[str, Path], object] = lambda kind, path: None
) -> dict[str, Path]:
    """Makes every output of the definition; returns them by kind. ``ready`` is told of each as soon as it is made: it
    is only read from then on.
    """
    made: dict[str, Path] = {}
    for output in (one for one in MAKERS if one in parts.definition.outputs):
        suffix, maker = MAKERS[output]
        made[output] = parts.folder / f"{parts.name}{suffix}"
        started = time.monotonic()
        maker(parts, made[output])
        note(f"make {made[output].name}: {time.monotonic() - started:.1f} s")
        ready(output, made[output])
    shutil.rmtree(parts.work)
    return made
