"""The image cache: one build for all who ask, nothing half-built in it, and keys that follow what makes each step."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from dcos_images import assembling
from dcos_images.cache import RECORD
from dcos_images.definition import ImageFile
from dcos_images.errors import ImageError
from dcos_images.host import BuildHost, cache_home
from dcos_images.images import Image, ImageBuilder
from dcos_images.including import load_definition
from dcos_images.lock import Lock
from dcos_images.packages import Job, install_command
from dcos_images.steps import Keys, keys_of
from dcos_images.store import DebStore, LockedPackage
from tests.support.images.workshop import SmallRuntime, Workshop, lock_for, no_trees, small_tree

ALTERATIONS: dict[str, Callable[[Path], object]] = {
    "a file written over": lambda tree: (tree / "etc" / "hosts").write_text("127.0.0.9 localhost\n"),
    "a file removed": lambda tree: (tree / "etc" / "hosts").unlink(),
    "another mode": lambda tree: (tree / "etc" / "hosts").chmod(0o600),
    "a file more": lambda tree: (tree / "etc" / "more").touch(),
    "no tree": shutil.rmtree,
    "a torn record": lambda tree: (tree.parent / RECORD).write_text("{"),
    "a record of something else": lambda tree: (tree.parent / RECORD).write_text("[]"),
}


@pytest.mark.parametrize("alter", ALTERATIONS.values(), ids=list(ALTERATIONS))
def test_an_image_that_was_altered_is_built_anew(
    workshop: Workshop, tmp_path: Path, alter: Callable[[Path], object]
) -> None:
    cache = tmp_path / "cache"
    first = workshop.ensure(cache)
    alter(first.tree)
    said: list[str] = []
    assert workshop.ensure(cache, said.append) == first
    assert any("building" in text for text in said)
    # Files have names in the tree of packages, too: it was not believed where it was altered with the other.
    assert (first.tree / "etc" / "hosts").read_text() == "localhost\n"
    said.clear()
    assert workshop.ensure(cache, said.append) == first
    assert said == []


def test_an_altered_image_that_machines_were_made_over_is_an_error_and_stays(
    workshop: Workshop, tmp_path: Path
) -> None:
    first = workshop.ensure(tmp_path / "cache")
    (first.tree / "etc" / "more").touch()
    workshop.trees = [first.tree]
    with pytest.raises(ImageError, match="machines use it") as caught:
        workshop.ensure(tmp_path / "cache")
    assert "destroy the clusters" in caught.value.hint
    assert (first.tree / "etc" / "more").exists()


def test_an_image_is_built_once_and_found_after_that(workshop: Workshop, tmp_path: Path) -> None:
    first = workshop.ensure(tmp_path / "cache")
    assert workshop.ensure(tmp_path / "cache") == first
    assert workshop.builder(tmp_path / "cache").find("machine") == first
    assert workshop.installed == 1
    assert (first.tree / "etc" / "hosts").is_file()
    assert dict.fromkeys(workshop.builder(tmp_path / "cache").definition("machine").packages, "1") == first.packages
    assert {path.name for path in first.folder.iterdir()} >= {"manifest.json", "sbom.cdx.json", "provenance.json"}


def test_an_interrupted_build_leaves_nothing_that_counts(workshop: Workshop, tmp_path: Path) -> None:
    def interrupted(job: Job) -> None:
        small_tree(job)
        raise KeyboardInterrupt

    workshop.install = interrupted
    with pytest.raises(KeyboardInterrupt):
        workshop.ensure(tmp_path / "cache")
    assert list((tmp_path / "cache" / "steps").glob("*/")) == []
    assert workshop.builder(tmp_path / "cache").find("machine") is None

    workshop.install = small_tree
    assert workshop.ensure(tmp_path / "cache").tree.is_dir()


def test_a_build_that_fails_in_the_end_keeps_the_packages_that_were_installed(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(parts: object, note: object, ready: object) -> dict[str, Path]:
        raise ImageError("could not make the disk")

    with monkeypatch.context() as patched, pytest.raises(ImageError):
        patched.setattr(assembling, "make_outputs", fail)
        workshop.ensure(tmp_path / "cache")
    assert workshop.ensure(tmp_path / "cache").tree.is_dir()
    assert workshop.installed == 1


def test_a_full_disk_is_told_as_such_and_leaves_nothing_that_counts(workshop: Workshop, tmp_path: Path) -> None:
    def full(job: Job) -> None:
        small_tree(job)
        raise OSError(errno.ENOSPC, "No space left on device", str(job.tree.root))

    workshop.install = full
    with pytest.raises(ImageError, match="there is no room") as caught:
        workshop.ensure(tmp_path / "cache")
    assert "MiB left" in caught.value.why and "image gc" in caught.value.hint
    workshop.install = small_tree
    assert workshop.ensure(tmp_path / "cache").tree.is_dir()


def test_what_a_killed_build_left_behind_is_cleared_by_the_next(workshop: Workshop, tmp_path: Path) -> None:
    image = workshop.ensure(tmp_path / "one")
    left = tmp_path / "two" / f".building-{image.key}-killed"
    left.mkdir(parents=True)
    half = tmp_path / "two" / image.key
    (half / "tree").mkdir(parents=True)  # without its record it is no image
    assert workshop.ensure(tmp_path / "two").digest == image.digest
    assert not left.exists()


def test_two_who_want_the_same_image_get_one_build(workshop: Workshop, tmp_path: Path) -> None:
    waiting = threading.Event()

    def slow(job: Job) -> None:
        assert waiting.wait(240)
        small_tree(job)

    workshop.install = slow
    lock_for(workshop.builder(tmp_path / "cache"), "machine")
    found: list[Image] = []

    def heard(text: str) -> None:
        if "waiting" in text:
            waiting.set()

    both = [threading.Thread(target=lambda: found.append(workshop.ensure(tmp_path / "cache", heard))) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(240)
    assert workshop.installed == 1
    assert len(found) == 2
    assert found[0] == found[1]


def test_a_failed_build_names_its_log(workshop: Workshop, tmp_path: Path) -> None:
    def fail(job: Job) -> None:
        raise ImageError("could not install", evidence="E: no such package")

    workshop.install = fail
    with pytest.raises(ImageError) as caught:
        workshop.ensure(tmp_path / "cache")
    assert ".log" in caught.value.hint
    assert "E: no such package" in str(caught.value)


def job_for(host: BuildHost, folder: Path, **changes: object) -> Job:
    definition = load_definition("vm")
    definition = replace(definition, **changes)  # type: ignore[arg-type]  # each test gives what fits
    lock = Lock("vm", "bookworm", "amd64", "", (LockedPackage("systemd", "1", "amd64", "0" * 64, 1),))
    release = definition.release("bookworm")
    runtime = SmallRuntime().ensure(release, "amd64") if definition.runtime else None
    return Job(definition, release, host, lock, DebStore(folder), folder, folder / "log", runtime)


def changed(host: BuildHost, folder: Path, **changes: object) -> set[str]:
    """The steps that are done anew after a change."""
    before, after = keys_of(job_for(host, folder)), keys_of(job_for(host, folder, **changes))
    return {step for step in Keys.__dataclass_fields__ if getattr(before, step) != getattr(after, step)}


def test_a_change_makes_anew_what_it_concerns_and_nothing_else(host: BuildHost, tmp_path: Path) -> None:
    definition = load_definition("vm")
    unit = ImageFile("/etc/systemd/system/dcos-new.service", 0o644, b"[Service]\n")
    hook = ImageFile("/etc/initramfs-tools/hooks/new", 0o755, b"#!/bin/sh\n")
    assert changed(host, tmp_path) == set()
    assert changed(host, tmp_path, files=(*definition.files, unit)) == {"tree", "image"}
    assert changed(host, tmp_path, enable=()) == {"tree", "image"}
    assert changed(host, tmp_path, files=(*definition.files, hook)) == {"initrd", "tree", "image"}
    assert changed(host, tmp_path, arguments=("debug",)) == {"tree", "image"}
    assert changed(host, tmp_path, outputs=("raw",)) == {"image"}
    assert changed(host, tmp_path, exclude=()) == {"packages", "initrd", "tree", "image"}
    assert changed(host, tmp_path, runtime=False) == {"runtime", "tree", "image"}


def test_another_runtime_leaves_the_operating_system_as_it_is(host: BuildHost, tmp_path: Path) -> None:
    job = job_for(host, tmp_path)
    other = replace(job, runtime=SmallRuntime("2").ensure(job.release, "amd64"))
    before, after = keys_of(job), keys_of(other)
    assert (before.packages, before.initrd) == (after.packages, after.initrd)
    assert (before.runtime != after.runtime, before.tree != after.tree, before.image != after.image) == (True,) * 3
    # As long as it is not made, the image that carries it has no name.
    assert keys_of(replace(job, runtime=None)) == Keys(before.packages, before.initrd, "", "", "")


def test_an_image_carries_the_runtime_with_its_times(workshop: Workshop, tmp_path: Path) -> None:
    builder = workshop.builder(tmp_path / "cache")
    lock_for(builder, "machine")
    assert builder.find("machine") is None and not workshop.runtime.made
    first = builder.ensure("machine")
    seed = first.tree / "usr/lib/dcos/packages/runtime--1/daemon"
    assert (seed.read_text(), seed.stat().st_mtime) == ("1 for cp311-amd64\n", 7)
    manifest = json.loads((first.folder / "manifest.json").read_text())
    assert manifest["runtime"] == "runtime--1" and "dcos-master" in manifest["users"]
    assert manifest["links"]["/usr/local/bin/dcos"] == "/opt/dcos/active/bin/dcos"
    workshop.runtime.version = "2"
    second = builder.ensure("machine")
    assert [path.name for path in (second.tree / "usr/lib/dcos/packages").iterdir()] == ["runtime--2"]
    assert workshop.installed == 1 and second.digest != first.digest
    with pytest.raises(ImageError, match="the builder has no source of it"):
        ImageBuilder(trees_in_use=no_trees, host=workshop.host, cache=builder.cache).ensure("machine")


def test_keys_follow_the_lock_and_not_where_packages_come_from(host: BuildHost, tmp_path: Path) -> None:
    job = job_for(host, tmp_path)
    other = replace(job.lock, packages=(LockedPackage("systemd", "2", "amd64", "1" * 64, 1),))
    assert keys_of(replace(job, lock=other)).packages != keys_of(job).packages
    (host.apt_dir / "sources.list").write_text("deb http://other.example/debian bookworm main\n")
    assert keys_of(job_for(host, tmp_path)) == keys_of(job)
    assert keys_of(replace(job, host=BuildHost("bookworm", "arm64", host.apt_dir))).packages != keys_of(job).packages


def test_the_cache_is_where_xdg_says() -> None:
    assert cache_home({"XDG_CACHE_HOME": "/c"}) == Path("/c/dcos/images")
    assert cache_home({"XDG_CACHE_HOME": "relative", "HOME": "/h"}) == Path("/h/.cache/dcos/images")


def test_an_image_is_refused_on_a_machine_of_another_kind(host: BuildHost, tmp_path: Path) -> None:
    builder = ImageBuilder(trees_in_use=no_trees, host=BuildHost("bookworm", "arm64", host.apt_dir), cache=tmp_path)
    with pytest.raises(ImageError, match="the image 'vm' is not made for arm64") as caught:
        builder.ensure("vm")
    assert "amd64" in caught.value.why


def test_the_install_command_dies_with_its_parent_and_knows_the_store_alone(host: BuildHost, tmp_path: Path) -> None:
    (host.apt_dir / "sources.list").write_text("deb http://user:secret@mirror.example/debian bookworm main\n")
    job = job_for(host, tmp_path)
    command = [str(word) for word in install_command(job, tmp_path / "repository")]
    assert command[:3] == ["setpriv", "--pdeathsig", "KILL"]
    assert "--kill-child=KILL" in command
    assert command[-1] == f"deb [trusted=yes] copy://{tmp_path}/repository ./"
    assert "secret" not in " ".join(command) and "mirror" not in " ".join(command)


def test_packages_are_prepared_with_nothing_but_pythons_own_library() -> None:
    images_folder = Path(assembling.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-S", "-m", "dcos_images.prepare", "nothing"],
        env={"PYTHONPATH": str(images_folder), "PATH": os.defpath},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("no image is named 'nothing'")


def test_what_is_the_same_whatever_runtime_is_carried_is_prepared_before_it_is_made(
    workshop: Workshop, tmp_path: Path
) -> None:
    builder = workshop.builder(tmp_path / "cache")
    lock_for(builder, "machine")
    builder.prepare("machine")
    assert (workshop.installed, workshop.runtime.made) == (1, False)
    assert builder.find("machine") is None
    builder.ensure("machine")
    assert workshop.installed == 1


def test_what_the_definition_makes_impossible_in_the_tree_is_told_as_that(workshop: Workshop, tmp_path: Path) -> None:
    folder = tmp_path / "definitions"
    (folder / "small").mkdir(parents=True)
    (folder / "small" / "image.toml").write_text("""
name = "small"
description = "a test"
outputs = ["tree"]
epoch = 1000
packages = ["systemd"]
remove = ["/etc/shadow"]
[release.bookworm]
os_id = "debian"
os_version = "12"
python = "cp311"
libc = "glibc-2.36"
[[user]]
name = "one"
uid = 900
comment = "the first"
""")
    builder = workshop.builder(tmp_path / "cache", definitions=folder)
    lock_for(builder, "small")
    with pytest.raises(ImageError, match="the step 'add users' is not possible in the image 'small'") as caught:
        builder.ensure("small")
    assert caught.value.why == "/etc/shadow: No such file or directory"
    assert "small/image.toml" in caught.value.hint
