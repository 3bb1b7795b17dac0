"""What may go from the cache and what stays; how two images differ; what a booted machine has to say."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from dcos_images.cache import RECORD
from dcos_images.errors import ImageError, NotMadeHereError
from dcos_images.host import BuildHost
from dcos_images.housekeeping import Garbage, collect, difference
from dcos_images.packages import Job
from dcos_images.trial import Trial, problems
from dcos_installer.bundle.images import ensured
from tests.support.images.workshop import Workshop, lock_for, small_tree


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
    workshop.trees = [old.tree]
    assert collect(builder, dry_run=True) != told
    workshop.trees = []
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
    workshop.trees = [old.tree]
    collect(workshop.builder(cache))
    assert old.tree.is_dir()


def test_nothing_is_removed_while_somebody_builds_and_nobody_builds_meanwhile(
    workshop: Workshop, tmp_path: Path
) -> None:
    cache = tmp_path / "cache"
    old = workshop.ensure(cache)
    installing, finish, waits = threading.Event(), threading.Event(), threading.Event()

    def slowly(job: Job) -> None:
        installing.set()
        assert finish.wait(240)
        small_tree(job)

    workshop.install = slowly
    lock_for(workshop.builder(cache), "machine", version="2")
    gone: list[Garbage] = []

    def clear() -> None:
        def heard(text: str) -> None:
            assert "images are built or used by another process" in text
            waits.set()

        gone.extend(collect(workshop.builder(cache, heard)))

    build = threading.Thread(target=lambda: workshop.ensure(cache))
    build.start()
    assert installing.wait(240)
    clearing = threading.Thread(target=clear)
    clearing.start()
    assert waits.wait(240)
    assert old.folder.exists() and list(cache.glob("steps/.building-*"))
    finish.set()
    for one in (build, clearing):
        one.join(240)
    assert workshop.builder(cache).find("machine") is not None
    assert [one.what for one in gone] == ["image machine", "step packages"]
    assert not old.folder.exists() and not list(cache.glob(f"{old.key}*"))

    said: list[str] = []
    with workshop.builder(cache).alone():
        waits.clear()

        def noted(text: str) -> None:
            said.append(text)
            waits.set()

        late = threading.Thread(target=lambda: workshop.ensure(cache, noted))
        late.start()
        assert waits.wait(240)
    late.join(240)
    assert said == ["the cache is cleared by another process: waiting for it"]


def test_what_is_looked_for_stays_until_its_use_ends(workshop: Workshop, tmp_path: Path) -> None:
    """Also an image that nothing asks for any more."""
    cache = tmp_path / "cache"
    key = workshop.ensure(cache).key
    waits = threading.Event()
    builder = workshop.builder(cache, lambda text: waits.set())
    clearing = threading.Thread(target=lambda: collect(builder))
    with ensured(workshop.builder(cache), "machine") as image:
        lock_for(builder, "machine", version="2")
        clearing.start()
        assert waits.wait(240)
        assert image.key == key and image.tree.is_dir()
    clearing.join(240)
    assert not image.tree.exists()


def test_what_is_half_removed_when_it_is_interrupted_is_no_image(
    workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    old = workshop.ensure(cache)
    lock = workshop.builder(cache).locks.path("machine")
    kept = lock.read_text()
    lock_for(workshop.builder(cache), "machine", version="2")

    def half(path: Path) -> None:
        (path / "tree/etc/hosts").unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(shutil, "rmtree", half)
        collect(workshop.builder(cache))
    lock.write_text(kept)
    assert workshop.builder(cache).find("machine") is None
    assert (workshop.ensure(cache).tree / "etc/hosts").is_file() and workshop.ensure(cache).key == old.key


def test_a_lock_that_cannot_be_read_is_not_taken_for_free(workshop: Workshop, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    workshop.ensure(cache)
    (cache / "debs").mkdir()
    (cache / "debs" / f"{'0' * 64}.deb").write_bytes(b"locked")
    damaged = cache / "locks" / "other.bookworm.amd64.json"
    damaged.write_text("{")
    with pytest.raises(ImageError, match=r"other\.bookworm\.amd64\.json is not a lock"):
        collect(workshop.builder(cache))
    assert (cache / "debs" / f"{'0' * 64}.deb").exists()
    damaged.unlink()
    (cache / "in-use.lock").unlink()
    (cache / "in-use.lock").mkdir()
    for act in (lambda: collect(workshop.builder(cache)), lambda: workshop.ensure(cache)):
        with pytest.raises(ImageError, match=r"in-use\.lock cannot be opened"):
            act()


def test_images_for_other_hosts_are_no_trouble(workshop: Workshop, tmp_path: Path) -> None:
    image = workshop.ensure(tmp_path / "cache")
    workshop.host = BuildHost("bookworm", "arm64", workshop.host.apt_dir)
    builder = workshop.builder(tmp_path / "cache")
    with pytest.raises(NotMadeHereError):
        builder.definition("vm")
    # That of amd64 cannot be made here any more: nothing holds it.
    assert image.folder in {one.path for one in collect(builder)}


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
        "/ erofs ro 254:2",
        "/etc overlay rw 0:24",
        *(f"{one} ext4 rw 254:4" for one in ("/var", "/opt", "/root", "/home", "/state")),
    ],
    "HOSTNAME": ["image-test"],
    "MACHINE_ID": ["0ed3155b45c14296b61b813f66a6adf5"],
    "HOST_KEY": ["AAAA"],
    "LISTENING": ["tcp:0.0.0.0:22 tcp:[::]:22 udp:198.18.250.15%enp0s2:68"],
}


def trial(changes: Mapping[str, list[str]], ssh: str = "SSH-2.0-OpenSSH") -> Trial:
    told = tuple((name, value) for name, values in {**WELL, **changes}.items() for value in values)
    return Trial(told, 1.0, "tcg", ssh)


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
        ({"LISTENING": [""]}, "SSH does not listen"),
        ({"LISTENING": ["tcp:127.0.0.1:22"]}, "SSH does not listen"),
        ({"MOUNT": ["/state", *WELL["MOUNT"][:-1]]}, "/state is mounted as 'nothing'"),
        (
            {"MOUNT": [one.replace("/home ext4 rw 254:4", "/home ext4 rw 254:9") for one in WELL["MOUNT"]]},
            "/home does not",
        ),
        ({"LISTENING": ["tcp:0.0.0.0:22 tcp:0.0.0.0:80"]}, "something listens on tcp:0.0.0.0:80"),
    ],
)
def test_a_booted_machine_that_is_not_well_is_told_as_such(changes: dict[str, list[str]], told: str) -> None:
    assert problems(trial({}), "qcow2") == []
    assert any(told in problem for problem in problems(trial(changes), "qcow2"))


def test_ssh_has_to_speak() -> None:
    assert problems(trial({}, "HTTP/1.1 400"), "qcow2") == ["SSH does not answer: 'HTTP/1.1 400'"]


def test_a_machine_without_a_disk_may_keep_its_state_in_memory() -> None:
    memory = {"MOUNT": [one.replace("ext4", "tmpfs") for one in WELL["MOUNT"]]}
    assert problems(trial(memory), "netboot") == []
    mixed = {"MOUNT": [one.replace("/var ext4", "/var tmpfs") for one in WELL["MOUNT"]]}
    assert problems(trial(mixed), "netboot") == ["/var does not lie on the state"]
