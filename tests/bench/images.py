"""Golden images: what a build costs beside the same by hand, and what a changed unit file costs."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from dcos_images.data import definitions_dir
from dcos_images.images import Image, ImageBuilder
from dcos_images.packages import bootstrap_command, package_sizes
from dcos_installer.bundle.images import Runtime
from tests.bench.figures import Bench, Measured, NotHere, at_most, figure, ratio_at_most
from tests.support.images.workshop import no_trees

_UNIT = """
[[file]]
path = "/etc/systemd/system/dcos-bench.service"
source = "bench.service"
mode = "0644"
"""


@contextlib.contextmanager
def workshop(bench: Bench) -> Iterator[ImageBuilder]:
    """A builder with definitions of its own, all packages of ``vm`` in its store and the runtime, nothing built."""
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None or shutil.which("mkfs.erofs") is None:
        raise NotHere("root, and what make setup installs")
    definitions = bench.place("definitions") / "all"
    shutil.copytree(definitions_dir(), definitions)
    builder = _builder(bench.place("images"), definitions)
    builder.lock("vm", fetch=True)
    builder.runtime_of(builder.definition("vm"))
    yield builder


def _fresh(bench: Bench, builder: ImageBuilder) -> ImageBuilder:
    """Another with the same packages."""
    cache = bench.place("images")
    for name in ("locks", "debs"):
        shutil.copytree(builder.cache / name, cache / name, copy_function=os.link)
    return _builder(cache, builder.definitions_folder)


def _builder(cache: Path, definitions: Path | None) -> ImageBuilder:
    return ImageBuilder(trees_in_use=no_trees, cache=cache, definitions=definitions, runtime=Runtime())


@figure(
    "images.build",
    "the image vm from packages in the store, beside mmdebstrap and mkfs.erofs by hand for the same packages",
    unit="s",
    how="ImageBuilder.ensure into an empty cache with all packages fetched, beside mmdebstrap from the same files, "
    "mkfs.erofs and qemu-img; the initrd is made in both",
    aim=ratio_at_most(1.3),
)
def build(bench: Bench) -> Measured:
    builder = bench.shared(workshop)
    ours, hand = [], []
    for _ in bench.times(1):
        started = time.perf_counter()
        _fresh(bench, builder).ensure("vm")
        ours.append(time.perf_counter() - started)
        hand.append(_by_hand(bench, builder))
    return Measured(ours, "by hand", hand)


def _by_hand(bench: Bench, builder: ImageBuilder) -> float:
    folder = bench.place("by-hand")
    definition = builder.definition("vm")
    lock, runtime = builder.locked(definition), builder.runtime_of(definition)
    assert runtime is not None
    builder.store.repository(lock.packages, folder / "repository")
    tree, root = folder / "tree", folder / "root.erofs"
    started = time.perf_counter()
    runtime.unpack(folder / runtime.folder)
    for argv in (
        bootstrap_command(definition, lock, tree, folder / "repository"),
        ["cp", "-a", str(folder / runtime.folder), str(tree / "usr/lib")],
        ["mkfs.erofs", "-d0", "-zlz4", "-C65536", str(root), str(tree)],
        ["qemu-img", "convert", "-O", "qcow2", "-c", "-o", "compression_type=zstd", str(root), f"{root}.qcow2"],
    ):
        subprocess.run(argv, check=True, capture_output=True)
    return time.perf_counter() - started


@figure(
    "images.mkosi",
    "for orientation: mkosi's gpt_squashfs of the packages of vm, fetched by its own debootstrap",
    unit="s",
    how="mkosi --format=gpt_squashfs with vm's packages, without an initrd, an ESP or the runtime",
)
def mkosi(bench: Bench) -> Measured:
    # Tried with mkosi 14: it ends after debootstrap with "Failed to open system bus" where there is none. Where disks
    # have no partitions by loop devices, it would end later.
    if not Path("/run/systemd/system").is_dir():
        raise NotHere("systemd as this host's init: mkosi runs systemd-nspawn by its bus, and wants loop devices")
    if os.geteuid() != 0 or shutil.which("mkosi") is None:
        raise NotHere("root, and Debian's mkosi")
    builder = bench.shared(workshop)
    definition = builder.definition("vm")
    folder = bench.place("mkosi")
    packages = ",".join(one for one in definition.packages if one != "usr-is-merged")
    options = ("--distribution=debian", f"--release={builder.locked(definition).release}", "--format=gpt_squashfs")
    started = time.perf_counter()
    subprocess.run(
        ["mkosi", *options, f"--package={packages}", f"--output-dir={folder}", "build"],
        check=True,
        capture_output=True,
        cwd=folder,
    )
    return Measured([time.perf_counter() - started])


def _after_a_change(bench: Bench, output: str) -> Measured:
    """The time from a changed unit file to the image with its digest."""
    builder = bench.shared(workshop)
    assert builder.definitions_folder is not None
    folder = builder.definitions_folder / "vm"
    text = (folder / "image.toml").read_text().split("[[file]]")[0].replace('"qcow2"', f'"{output}"')
    text = text.replace('"raw"', f'"{output}"')
    samples: list[float] = []
    made: Image | None = None
    for number in range(len(bench.times(3)) + 1):
        (folder / "bench.service").write_text(f"[Service]\nExecStart=/bin/echo {number} {output}\n")
        (folder / "image.toml").write_text(text + _UNIT)
        started = time.perf_counter()
        made = builder.ensure("vm")
        samples.append(time.perf_counter() - started)
    assert made is not None
    size = made.outputs[output].size // 10**6
    return Measured(samples[1:], note=f"{size} MB")  # the first installed the packages


@figure(
    "images.unit_to_raw",
    "a changed unit file to the rebuilt raw disk of vm, digest included",
    unit="s",
    how="ImageBuilder.ensure after another unit file, packages and initrd from the cache",
    aim=at_most(7),
)
def unit_to_raw(bench: Bench) -> Measured:
    return _after_a_change(bench, "raw")


@figure(
    "images.unit_to_qcow2",
    "a changed unit file to the rebuilt qcow2 of vm, digest included",
    unit="s",
    how="ImageBuilder.ensure after another unit file, packages and initrd from the cache",
    aim=at_most(12),
)
def unit_to_qcow2(bench: Bench) -> Measured:
    return _after_a_change(bench, "qcow2")


@figure(
    "images.vm_size",
    "the qcow2 of vm",
    unit="MB",
    how="bytes of the file, runtime included; the note has the ten largest packages",
    aim=at_most(330),
)
def vm_size(bench: Bench) -> Measured:
    builder = bench.shared(workshop)
    path: Path = _fresh_qcow2(builder)
    keys = builder.keys("vm")
    assert keys is not None
    sizes = package_sizes(builder.cache / "steps" / keys.packages / "tree")
    largest = sorted(sizes.items(), key=lambda one: -one[1])[:10]
    note = "unpacked: " + ", ".join(f"{name} {size * 1024 // 10**6} MB" for name, size in largest)
    return Measured([path.stat().st_size / 1e6], note=note)


def _fresh_qcow2(builder: ImageBuilder) -> Path:
    assert builder.definitions_folder is not None
    shutil.copy(definitions_dir() / "vm" / "image.toml", builder.definitions_folder / "vm" / "image.toml")
    return builder.ensure("vm").outputs["qcow2"].path
