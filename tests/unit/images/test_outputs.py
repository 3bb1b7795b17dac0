"""Outputs: the same tree gives the same bytes, wherever and whenever, and disks are as told."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from dcos_images.definition import ImageDefinition, Partitions
from dcos_images.disks import disk_files, disk_uuid, first_entry
from dcos_images.errors import ImageError
from dcos_images.housekeeping import differing_files, first_difference
from dcos_images.including import load_definition
from dcos_images.machine.slot_disk import SlotDisk, write
from dcos_images.machine.slot_plan import Part, Update, plan
from dcos_images.outputs import (
    Parts,
    copy_sparse,
    data_extents,
    digest_of,
    make_outputs,
    make_root,
    size_of,
    sparse_digest,
)
from dcos_images.store import file_digest
from dcos_images.updates import read_update
from tests.support.images.workshop import UNIT

TOOLS = ("mkfs.erofs", "mkfs.vfat", "mmd", "mcopy", "sfdisk", "qemu-img", "objcopy", "tar", "zstd")
STUBS = [path for path in (Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub"),) if path.is_file()]
needs_tools = pytest.mark.skipif(
    any(shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None for tool in TOOLS) or not STUBS,
    reason="wants what installer/setup-host tests installs",
)
OUTPUTS = ("tar", "raw", "qcow2", "netboot", "update")
SMALL = Partitions(esp_mb=64, root_mb=64, state_min_mb=64)


def small_image(folder: Path, outputs: tuple[str, ...] = OUTPUTS) -> Parts:
    """A tree of a few files, with what an initrd's step leaves; ``folder`` is new."""
    definition: ImageDefinition = replace(load_definition("vm"), outputs=outputs, partitions=SMALL)
    tree, boot, work = folder / "tree", folder / "boot", folder / "work"
    for one in (tree / "etc", tree / "usr/bin", tree / "boot", boot, work, folder / "out"):
        one.mkdir(parents=True)
    (tree / "etc/os-release").write_text("ID=debian\n")
    (tree / "etc/unit").write_text(UNIT)
    (tree / "usr/bin/large").write_bytes(bytes(range(256)) * 4096)
    (tree / "usr/bin/link").symlink_to("large")
    os.link(tree / "usr/bin/large", tree / "usr/bin/twin")
    (tree / "boot/vmlinuz").write_bytes(b"not in the root")
    for path in (*tree.rglob("*"), tree):
        os.utime(path, (5, 5), follow_symlinks=False)
    (boot / "vmlinuz").write_bytes(b"kernel" * 1000)
    (boot / "initrd").write_bytes(b"initrd" * 1000)
    (boot / "systemd-bootx64.efi").write_bytes(b"loader" * 100)
    shutil.copyfile(STUBS[0], boot / "linuxx64.efi.stub")
    return Parts(definition, tree, boot, folder / "out", work, folder / "log")


def say_nothing(text: str) -> None:
    pass


@needs_tools
def test_outputs_made_twice_have_the_same_bytes(tmp_path: Path) -> None:
    first = small_image(tmp_path / "first")
    make_outputs(first, say_nothing)
    time.sleep(2.1)  # times of FAT count two seconds
    second = small_image(tmp_path / "elsewhere" / "second")
    before = os.umask(0o077)
    try:
        made = make_outputs(second, say_nothing)
    finally:
        os.umask(before)
    assert first_difference(first.folder, second.folder) == ""
    assert set(made) == set(OUTPUTS)
    # Nothing of the work is left, and nothing was written beside.
    assert {path.name for path in second.folder.iterdir()} == {path.name for path in made.values()}


@needs_tools
def test_a_disk_holds_what_the_firmware_and_the_initrd_look_for(tmp_path: Path) -> None:
    parts = small_image(tmp_path / "image", ("raw", "qcow2", "update"))
    made = make_outputs(parts, say_nothing)
    raw = made["raw"]
    shown = subprocess.run(["/usr/sbin/sfdisk", "--json", raw], check=True, capture_output=True, text=True).stdout
    table = json.loads(shown)["partitiontable"]
    esp, root = table["partitions"]
    assert (table["label"], table["id"].lower()) == ("gpt", str(disk_uuid("disk")))
    assert (esp["type"].upper(), root["name"]) == ("C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "root-a")
    assert root["uuid"].lower() == str(disk_uuid("root-a"))
    shown = subprocess.run(
        ["mtype", "-i", f"{raw}@@{esp['start'] * 512}", "::/loader/entries/a.conf"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "MTOOLS_SKIP_CHECK": "1"},
    ).stdout
    update = read_update(made["update"])
    assert shown == first_entry(update.sha256, parts.definition.arguments)
    assert f"root=PARTUUID={root['uuid'].lower()} " in shown
    with raw.open("rb") as file:
        file.seek(root["start"] * 512)
        assert file.read(update.description["root"]["size"]) == (made["update"] / "root.erofs").read_bytes()
        file.seek(root["start"] * 512 + 1024)
        assert file.read(4) == bytes.fromhex("e2e1f5e0")  # erofs
    assert raw.stat().st_blocks * 512 < raw.stat().st_size / 4  # sparse
    back = tmp_path / "back.raw"
    subprocess.run(["qemu-img", "convert", "-O", "raw", made["qcow2"], back], check=True)
    assert file_digest(back) == file_digest(raw)


def test_a_size_is_that_of_the_content_however_many_blocks_a_disk_uses_for_it(tmp_path: Path) -> None:
    """The manifest holds it, and would differ from build to build otherwise."""
    for name in ("full", "sparse"):
        (tmp_path / name / "within").mkdir(parents=True)
        (tmp_path / name / "within/link").symlink_to("disk")
    full, sparse = tmp_path / "full/within/disk", tmp_path / "sparse/within/disk"
    full.write_bytes(bytes(1 << 22))
    with sparse.open("wb") as file:
        file.truncate(1 << 22)
    assert full.stat().st_blocks > sparse.stat().st_blocks
    assert size_of(full) == size_of(sparse) == 1 << 22
    assert size_of(tmp_path / "full") == size_of(tmp_path / "sparse") == (1 << 22) + len("disk")


@needs_tools
def test_the_root_has_the_folder_boot_and_nothing_in_it(tmp_path: Path) -> None:
    """The ESP may be mounted there (systemd 257 does), and the kernel lies on the ESP."""
    parts = small_image(tmp_path / "image", ("raw",))
    root = make_root(parts, "disk")
    listed = {
        folder: subprocess.run(
            ["dump.erofs", "--ls", f"--path={folder}", root], check=True, capture_output=True, text=True
        ).stdout
        for folder in ("/", "/boot")
    }
    assert "boot" in listed["/"].split() and "vmlinuz" not in listed["/boot"]
    assert (
        "unit"
        in subprocess.run(
            ["dump.erofs", "--ls", "--path=/etc", root], check=True, capture_output=True, text=True
        ).stdout.split()
    )


@needs_tools
def test_an_update_is_what_the_program_on_a_machine_reads(tmp_path: Path) -> None:
    """It is written into the other slot of the very disk that the same image makes."""
    parts = small_image(tmp_path / "image", ("update",))
    update = read_update(make_outputs(parts, say_nothing)["update"])
    order = update.order("write", arguments=("more",))
    esp, slot = tmp_path / "esp", tmp_path / "root-b"
    for folder in ("loader/entries", "a"):
        (esp / folder).mkdir(parents=True)
    (esp / "loader/entries/a.conf").write_text(first_entry("0" * 64, ()))
    for name in ("vmlinuz", "initrd"):
        (esp / "a" / name).touch()
    slot.write_bytes(bytes(SMALL.root_mb << 20))
    root, kernel, initrd = (Part(**order[name]) for name in ("root", "kernel", "initrd"))
    asked = Update(root, kernel, initrd, tuple(order["arguments"]), order["roots"])
    disk = SlotDisk(str(esp), str(slot))
    write(disk, plan(disk.view("a"), asked), io.BytesIO(b"".join(update.stream())))
    text = (esp / "loader/entries/b+3.conf").read_text()
    assert f"root=PARTUUID={disk_uuid('root-b')} " in text and f"dcos.image={update.sha256} " in text
    assert text.endswith(f"{' '.join(parts.definition.arguments)} more\n") and "version 2\n" in text
    assert (esp / "b/vmlinuz").read_bytes() == (parts.boot / "vmlinuz").read_bytes()
    assert sum(len(part) for part in update.stream()) == update.size


@needs_tools
def test_a_network_boots_a_root_that_is_named_by_its_digest(tmp_path: Path) -> None:
    parts = small_image(tmp_path / "image", ("netboot",))
    folder = make_outputs(parts, say_nothing)["netboot"]
    (root,) = folder.glob("root-*.erofs")
    digest = root.name.removeprefix("root-").removesuffix(".erofs")
    assert file_digest(root) == digest
    assert f"dcos.root.sha256={digest}" in (folder / "boot.ipxe").read_text()
    sections = [f"--dump-section=.{name}={tmp_path / name}" for name in ("cmdline", "linux")]
    argv = ["objcopy", *sections, str(folder / "boot.efi"), str(tmp_path / "unused")]
    dumped = subprocess.run(argv, capture_output=True, text=True)
    assert dumped.returncode == 0, dumped.stderr
    assert f"dcos.root.sha256={digest}".encode() in (tmp_path / "cmdline").read_bytes()
    assert (tmp_path / "linux").read_bytes().startswith(b"kernelkernel")


@needs_tools
@pytest.mark.parametrize(
    ("partitions", "large", "key", "why"),
    [
        (Partitions(64, 1, 64), "tree/usr/bin/noise", "root_mb", r"it wants 3\d MiB, the partition has 1"),
        (Partitions(64, 64, 64), "boot/initrd", "esp_mb", r"it wants 9\d MiB, the partition has 64"),
    ],
)
@pytest.mark.parametrize("output", ["raw", "update"])
def test_what_does_not_fit_its_partition_is_refused(
    tmp_path: Path, partitions: Partitions, large: str, key: str, why: str, output: str
) -> None:
    """An update as well: a machine would refuse it only when all of it has been sent."""
    parts = small_image(tmp_path / "image", (output,))
    (tmp_path / "image" / large).write_bytes(os.urandom(30 << 20))
    parts = replace(parts, definition=replace(parts.definition, partitions=partitions))
    with pytest.raises(ImageError, match="does not fit its partition") as caught:
        make_outputs(parts, say_nothing)
    assert f"partitions.{key}" in caught.value.hint and re.fullmatch(why, caught.value.why)


def test_a_sparse_file_is_copied_and_digested_without_its_holes(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    with source.open("wb") as file:
        file.truncate(40 << 20)
        for at in (3 << 20, 17 << 20):
            file.seek(at)
            file.write(b"data" * 1000)
    with target.open("wb") as file:
        file.truncate(50 << 20)
    copy_sparse(source, target, 5 << 20)
    with target.open("rb") as file:
        assert sum(end - start for start, end in data_extents(file.fileno())) < 1 << 20
        file.seek(8 << 20)
        assert file.read(4000) == b"data" * 1000
    assert sparse_digest(target) == file_digest(target) == digest_of(target)
    empty = tmp_path / "empty"
    empty.write_bytes(b"")
    assert sparse_digest(empty) == file_digest(empty)


def test_a_file_that_cannot_be_read_is_not_taken_for_a_hole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "disk"
    path.write_bytes(b"data")

    def broken(descriptor: int, at: int, how: int) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "lseek", broken)
    for act in (lambda: sparse_digest(path), lambda: copy_sparse(path, path, 0)):
        with pytest.raises(OSError, match="Input/output error"):
            act()


def test_the_first_differing_file_is_named(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name / "tree" / "etc").mkdir(parents=True)
        (tmp_path / name / "tree" / "etc" / "same").write_text("same")
        (tmp_path / name / "disk.raw").write_bytes(b"x" * 100)
        for path in (tmp_path / name).rglob("*"):
            os.utime(path, (5, 5))
    assert first_difference(tmp_path / "one", tmp_path / "two") == ""
    other = tmp_path / "two" / "tree" / "etc" / "same"
    other.write_text("else")
    os.utime(other, (5, 5))
    assert first_difference(tmp_path / "one", tmp_path / "two") == "tree/etc/same: content"
    other.chmod(0o600)
    assert differing_files(tmp_path / "one/tree", tmp_path / "two/tree") == ["/etc/same: mode, content"]
    (tmp_path / "two/disk.raw").write_bytes(b"x" * 50 + b"y" * 50)
    assert first_difference(tmp_path / "one", tmp_path / "two") == "disk.raw: content, from byte 50 on"


def test_the_disk_that_a_machine_needs_follows_from_its_partitions() -> None:
    definition = load_definition("vm")
    assert definition.partitions is not None
    files = {file.path: file.content.decode() for file in disk_files(definition)}
    assert f"LEAST_DISK_MB={definition.partitions.least_disk_mb}" in files["/usr/lib/dcos/image.env"]
    assert f"UUID={disk_uuid('root-b')}" in files["/usr/lib/repart.d/30-root-b.conf"]
    assert f"STATE_UUID={disk_uuid('state')}" in files["/usr/lib/dcos/image.env"]
    assert disk_files(replace(definition, partitions=None)) == ()
    # An update is known by its root: what makes another image makes another root.
    more = replace(definition, arguments=(*definition.arguments, "quiet"))
    assert disk_files(more) != disk_files(definition)
