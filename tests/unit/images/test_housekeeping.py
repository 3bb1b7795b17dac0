"""What may go from the cache and what stays; how two images differ; what a booted machine has to say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dcos_images.cache import RECORD
from dcos_images.errors import ImageError
from dcos_images.housekeeping import collect, difference
from dcos_images.trial import Trial, problems
from tests.support.images.workshop import Workshop, lock_for


def test_only_what_nothing_is_made_of_goes(workshop: Workshop, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    builder = workshop.builder(cache)
    old = workshop.ensure(cache)
    lock_for(builder, "machine", version="2")
    (cache / "debs").mkdir()
    (cache / "debs" / f"{'0' * 64}.deb").write_bytes(b"locked")
    (cache / "debs" / f"{'1' * 64}.deb").write_bytes(b"not locked")
    new = builder.ensure("machine")
    assert new.key != old.key
    (cache / f".building-{'a' * 32}-x").mkdir()
    told = collect(builder, dry_run=True)
    assert old.folder.exists() and (cache / "debs" / f"{'1' * 64}.deb").exists()
    assert collect(builder, kept=[old.tree], dry_run=True) != told
    assert {one.path for one in told} == {one.path for one in collect(builder)}
    assert not old.folder.exists() and not list(cache.glob(".building-*"))
    assert builder.find("machine") == new
    assert [path.name for path in (cache / "steps").glob("*/")] != []
    assert [path.name for path in (cache / "debs").iterdir()] == [f"{'0' * 64}.deb"]
    assert collect(builder) == []
    assert workshop.installed == 2
    builder.ensure("machine")
    assert workshop.installed == 2


def test_a_tree_that_a_machine_was_made_over_stays(workshop: Workshop, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    old = workshop.ensure(cache)
    lock_for(workshop.builder(cache), "machine", version="2")
    collect(workshop.builder(cache), kept=[old.tree])
    assert old.tree.is_dir()


def test_what_somebody_builds_at_this_moment_stays(workshop: Workshop, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    builder = workshop.builder(cache)
    old = workshop.ensure(cache)
    lock_for(builder, "machine", version="2")
    left = cache / f".building-{old.key}-x"
    left.mkdir()
    with builder._images.locked(old.key):
        gone = collect(builder)
    assert left.exists() and old.folder.exists()
    assert not {left, old.folder} & {one.path for one in gone}


def test_two_images_differ_in_packages_and_files(workshop: Workshop, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    old = workshop.ensure(cache)
    lock_for(workshop.builder(cache), "machine", version="2")
    new = workshop.builder(cache).ensure("machine")
    assert difference(old.folder, new.folder) == ["package systemd: 1 -> 2"]
    (new.tree / "etc/hosts").unlink()
    (new.tree / "etc/hosts").write_text("other\n")
    os.utime(new.tree / "etc/hosts", (5, 5))
    lines = difference(old.folder, new.folder)
    assert any(line.startswith("/etc/hosts: ") and "content" in line for line in lines)
    (old.folder / "manifest.json").unlink()
    with pytest.raises(ImageError, match="is not an image"):
        difference(old.folder, new.folder)


def test_a_damaged_entry_is_garbage(workshop: Workshop, tmp_path: Path) -> None:
    image = workshop.ensure(tmp_path / "cache")
    (image.folder / RECORD).write_text("{")
    gone = collect(workshop.builder(tmp_path / "cache"))
    assert image.folder in {one.path for one in gone}


WELL = {
    "FAILED": [""],
    "MOUNT": [
        "/ erofs ro",
        "/etc overlay rw",
        *(f"{one} ext4 rw" for one in ("/var", "/opt", "/root", "/home", "/state")),
    ],
    "HOSTNAME": ["image-test"],
    "MACHINE_ID": ["0ed3155b45c14296b61b813f66a6adf5"],
    "HOST_KEY": ["AAAA"],
    "LISTENING": ["tcp:0.0.0.0:22 tcp:[::]:22 udp:198.18.250.15%enp0s2:68"],
}


def trial(**changes: list[str]) -> Trial:
    return Trial(tuple((name, value) for name, values in {**WELL, **changes}.items() for value in values), 1.0, "tcg")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"FAILED": ["nginx.service ssh.service"]}, "units have failed: nginx.service, ssh.service"),
        ({"MOUNT": [one.replace("erofs ro", "erofs rw") for one in WELL["MOUNT"]]}, "/ is mounted as 'erofs rw'"),
        ({"MOUNT": WELL["MOUNT"][1:]}, "/ is mounted as 'nothing'"),
        ({"MOUNT": [one.replace("ext4", "tmpfs") for one in WELL["MOUNT"]]}, "/var is mounted as 'tmpfs rw'"),
        ({"HOSTNAME": ["localhost"]}, "it calls itself 'localhost', and its credentials say 'image-test'"),
        ({"MACHINE_ID": [""]}, "it has no machine id"),
        ({"HOST_KEY": [""]}, "it has no SSH host key"),
        ({"LISTENING": ["tcp:0.0.0.0:22 tcp:0.0.0.0:80"]}, "something listens on tcp:0.0.0.0:80"),
    ],
)
def test_a_booted_machine_that_is_not_well_is_told_as_such(changes: dict[str, list[str]], told: str) -> None:
    assert problems(trial(), "qcow2") == []
    assert any(told in problem for problem in problems(trial(**changes), "qcow2"))


def test_a_machine_without_a_disk_may_keep_its_state_in_memory() -> None:
    memory = {"MOUNT": [one.replace("ext4", "tmpfs") for one in WELL["MOUNT"]]}
    assert problems(trial(**memory), "netboot") == []
