"""What was altered in the cache with its size and time kept, and what `gc` and `diff` make of strange content."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dcos_images import cache as caches
from dcos_images.cache import RECORD, Cache, altered, remove_leftover, tree_is_altered
from dcos_images.errors import AlteredError, ImageError
from dcos_images.housekeeping import collect, difference
from dcos_images.images import Image
from dcos_images.lock import read_lock
from dcos_images.packages import Job
from dcos_images.publishing.folder import publish_to_folder
from dcos_images.publishing.publication import publication
from dcos_images.publishing.snapshot import read_disk
from dcos_images.store import DebStore, LockedPackage
from tests.support.images.published import a_disk, no_progress
from tests.support.images.workshop import Workshop, lock_for, small_tree


def flip(path: Path) -> None:
    """Another byte at the same place, under the same size and time."""
    status = path.stat()
    with path.open("r+b") as file:
        first = file.read(1)[0]
        file.seek(0)
        file.write(bytes([first ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def a_step(cache: Path, kind: str) -> Path:
    (found,) = (one for one in (cache / "steps").glob(f"*/{RECORD}") if json.loads(one.read_text())["step"] == kind)
    return found.parent


def test_a_flipped_byte_in_a_step_gets_into_no_image(workshop: Workshop, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    good = workshop.ensure(cache)
    shutil.rmtree(good.folder)  # as another unit file does: the steps are used again
    flip(a_step(cache, "packages") / "tree/etc/hosts")
    said: list[str] = []
    again = workshop.ensure(cache, said.append)
    assert again.digest == good.digest and (again.tree / "etc/hosts").read_text() == "localhost\n"
    assert workshop.installed == 2 and any("was altered" in text for text in said)
    assert workshop.ensure(cache) == again and workshop.installed == 2


def test_whatever_the_work_raises_altered_bytes_are_told(tmp_path: Path) -> None:
    steps = Cache(tmp_path, lambda text: None, sealed=True)

    def work(folder: Path) -> dict[str, str]:
        (folder / "tree").mkdir()
        (folder / "tree/file").write_text("in a tree")
        (folder / "plain").write_text("beside it")
        return {}

    for path in ("tree/file", "plain"):
        for raised in (None, ValueError("it does not work")):
            steps.ensure("a", "make it", work)
            with steps.compared("a"):
                pass
            flip(tmp_path / "a" / path)
            assert steps.find("a") is not None  # size and time say nothing
            with pytest.raises(AlteredError, match="was altered"), steps.compared("a"):
                if raised:
                    raise raised
            assert steps.find("a") is None
    steps.ensure("a", "make it", work)
    with pytest.raises(ValueError, match="does not work"), steps.compared("a"):
        raise ValueError("it does not work")
    assert steps.find("a") is not None


def test_an_entry_of_before_without_a_digest_is_made_anew(tmp_path: Path) -> None:
    Cache(tmp_path, lambda text: None).ensure("a", "make it", lambda folder: {})
    assert Cache(tmp_path, lambda text: None, sealed=True).find("a") is None


def to_folder(image: Image, place: Path) -> None:
    publish_to_folder(publication("ec2", image), place, keep=0, progress=no_progress)


def to_ec2(image: Image, place: Path) -> None:
    read_disk(image.outputs["raw"].path, image.outputs["raw"].sha256)


@pytest.mark.parametrize("publish", [to_folder, to_ec2])
def test_what_publish_refuses_is_built_anew(publish: Callable[[Image, Path], None], tmp_path: Path) -> None:
    images = Cache(tmp_path / "cache", lambda text: None)
    images.folder.mkdir()
    made: list[Image] = []

    def work(folder: Path) -> dict[str, str]:
        made.append(a_disk(folder, "one"))
        return {}

    images.ensure("a", "make it", work)
    image = a_disk(images.folder / "a", "one")
    images.make("a", work)
    flip(images.folder / "a/ec2.raw")
    assert images.find("a") is not None
    with pytest.raises(ImageError, match="is not what was built") as caught:
        publish(image, tmp_path / "www")
    assert "builds the image again" in caught.value.hint
    assert images.find("a") is None
    images.ensure("a", "make it", work)
    publish(image, tmp_path / "www")


def test_a_tree_in_use_is_not_replaced_when_another_output_was_altered(workshop: Workshop, tmp_path: Path) -> None:
    image = workshop.ensure(tmp_path / "cache")
    workshop.trees = [image.tree]
    assert "builds the image again" in altered(image.tree / "etc/hosts", "it is so").hint
    with pytest.raises(ImageError, match="machines use it"):
        workshop.ensure(tmp_path / "cache")


def test_a_tree_is_seen_to_be_altered_by_itself(workshop: Workshop, tmp_path: Path) -> None:
    image = workshop.ensure(tmp_path / "cache")
    assert not tree_is_altered(image.tree)
    (image.folder / "sbom.cdx.json").write_text("{}")
    assert not tree_is_altered(image.tree)
    flip(image.tree / "etc/hosts")
    assert not tree_is_altered(image.tree)  # which only reading it all would show
    (image.tree / "etc/more").write_text("x")
    assert tree_is_altered(image.tree)
    (image.tree / "etc/more").unlink()
    assert tree_is_altered(image.tree)  # its folder has another time
    shutil.rmtree(image.tree)
    assert tree_is_altered(image.tree)


@pytest.mark.parametrize("record", ["{", "[]", '{"outline": 1}', '{"outline": {}}'])
def test_a_tree_without_its_record_counts_as_altered(record: str, workshop: Workshop, tmp_path: Path) -> None:
    image = workshop.ensure(tmp_path / "cache")
    (image.folder / RECORD).write_text(record)
    assert tree_is_altered(image.tree)


def a_deb(folder: Path, name: str) -> LockedPackage:
    control = folder / name / "DEBIAN/control"
    control.parent.mkdir(parents=True)
    control.write_text(f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: x <x@x.example>\nDescription: x\n")
    deb = folder / f"{name}.deb"
    subprocess.run(["dpkg-deb", "--build", folder / name, deb], check=True, capture_output=True)
    content = deb.read_bytes()
    return LockedPackage(name, "1", "all", hashlib.sha256(content).hexdigest(), len(content))


@pytest.mark.parametrize("content", [b"", b"Package: other\n", b"\xff"])
def test_a_package_s_description_is_that_in_its_own_bytes(content: bytes, tmp_path: Path) -> None:
    store, packages = DebStore(tmp_path / "debs"), [a_deb(tmp_path, name) for name in ("one", "two")]
    for one in packages:
        store.add(tmp_path / f"{one.name}.deb", one)
        (tmp_path / "debs" / f"{one.sha256}.control").write_bytes(content)  # a former version kept these
    store.repository(packages, tmp_path / "repository")
    stanzas = (tmp_path / "repository/Packages").read_text().split("\n\n")
    assert [stanza.splitlines()[0] for stanza in stanzas] == ["Package: one", "Package: two"]
    assert store.sweep([one.sha256 for one in packages], dry_run=False) == 2 * len(content)


def test_whatever_lies_in_the_store_is_swept(tmp_path: Path) -> None:
    debs, kept = tmp_path / "debs", "0" * 64
    (debs / "folder/inner").mkdir(parents=True)
    (debs / "folder/inner/file").write_bytes(b"four")
    (debs / f"{'1' * 64}.deb").mkdir()
    (debs / f"{kept}.deb").write_bytes(b"kept")
    (tmp_path / "outside").mkdir()
    (debs / "link").symlink_to(tmp_path / "outside")
    assert DebStore(debs).sweep([kept], dry_run=True) >= 4
    DebStore(debs).sweep([kept], dry_run=False)
    assert [path.name for path in debs.iterdir()] == [f"{kept}.deb"] and (tmp_path / "outside").is_dir()


def test_bytes_with_two_names_are_freed_once_and_with_one_elsewhere_not(workshop: Workshop, tmp_path: Path) -> None:
    cache = tmp_path / "cache"

    def large(job: Job) -> None:
        small_tree(job)
        (job.tree.root / "large").write_bytes(os.urandom(2 << 20))
        job.tree.clamp_times()

    workshop.install = large
    old = workshop.ensure(cache)
    lock_for(workshop.builder(cache), "machine", version="2")
    freed = sum(one.size for one in collect(workshop.builder(cache), dry_run=True))
    assert 2 << 20 <= freed < 4 << 20  # the step and the image have the file together
    os.link(old.tree / "large", tmp_path / "elsewhere")
    freed = sum(one.size for one in collect(workshop.builder(cache)))
    assert freed < 2 << 20


def test_images_of_every_known_folder_of_definitions_stay(workshop: Workshop, tmp_path: Path) -> None:
    cache, mine = tmp_path / "cache", tmp_path / "mine"
    (mine / "own").mkdir(parents=True)
    (mine / "own/image.toml").write_text(
        'name = "own"\nepoch = 1700000000\ndescription = "mine"\noutputs = ["tree"]\npackages = ["systemd"]\n'
        '[release.bookworm]\nos_id = "debian"\nos_version = "12"\npython = "cp311"\nlibc = "glibc-2.36"\n'
    )
    shipped = workshop.ensure(cache)
    builder = workshop.builder(cache, definitions=mine)
    lock_for(builder, "own")
    own = builder.ensure("own")
    for definitions in (mine, None, tmp_path / "mine"):
        assert collect(workshop.builder(cache, definitions=definitions)) == []
    assert shipped.tree.is_dir() and own.tree.is_dir()
    shutil.rmtree(mine)
    assert own.folder in {one.path for one in collect(workshop.builder(cache))}


@pytest.mark.parametrize(
    "text",
    [
        *("{}", "[]", "1", "[" * 100_000, '{"packages": [], "outputs": {}}', '{"packages": {}, "outputs": {"x": {}}}'),
        *('{"packages": {"x": 1}, "outputs": {}}', '{"packages": {}, "outputs": {"x": 1}}'),
    ],
)
def test_a_folder_with_a_strange_manifest_is_no_image(text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ImageError, match="is not an image"):
        difference(tmp_path, tmp_path)


def test_links_in_images_are_compared_and_not_followed(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        folder.mkdir()
        (folder / "manifest.json").write_text('{"packages": {}, "outputs": {}}')
        (folder / "link").symlink_to("nowhere")
    assert difference(one, two) == []
    (two / "link").unlink()
    (two / "link").symlink_to("elsewhere")
    assert difference(one, two) == ["link: content"]
    (two / "link").unlink()
    (two / "link").write_text("")
    assert difference(one, two) == ["link: another kind of file"]


@pytest.mark.parametrize(
    ("part", "value"),
    [
        *(("name", one) for one in ("-oAPT::Architecture=x", "--x", "a b", "a/b", "../x", "A", "x", "a\n")),
        *(("version", one) for one in ("-o", "1 2", "1/2", "", "1\n")),
        *(("arch", one) for one in ("-o", "a/b", "", "a b")),
    ],
)
def test_no_name_in_a_lock_becomes_an_option_or_a_path(part: str, value: str, tmp_path: Path) -> None:
    package = {"name": "systemd", "version": "1:2~3+b1", "arch": "amd64", "sha256": "0" * 64, "size": 1}
    lock = {"schema": 1, "image": "x", "release": "bookworm", "arch": "amd64", "asked": "x"}
    path = tmp_path / "lock.json"
    path.write_text(json.dumps({**lock, "packages": [package]}))
    assert read_lock(path).packages[0].name == "systemd"
    path.write_text(json.dumps({**lock, "packages": [{**package, part: value}]}))
    with pytest.raises(ImageError, match="is not a lock"):
        read_lock(path)


def test_a_lock_that_is_nested_deeply_is_none(tmp_path: Path) -> None:
    (tmp_path / "lock.json").write_text("[" * 100_000)
    with pytest.raises(ImageError, match="is not a lock"):
        read_lock(tmp_path / "lock.json")


def test_a_leftover_is_removed_although_programs_of_the_dead_build_still_write_there(tmp_path: Path) -> None:
    folder = tmp_path / "leftover"
    (folder / "tree").mkdir(parents=True)
    code = """
import contextlib, pathlib, sys, time
for number in range(300):
    with contextlib.suppress(FileNotFoundError):
        (pathlib.Path(sys.argv[1]) / str(number)).touch()
    print(number, flush=True)
    time.sleep(0.001)
"""
    with subprocess.Popen([sys.executable, "-c", code, folder / "tree"], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == b"0\n"
        remove_leftover(folder)
        assert not folder.exists()
        writer.kill()


def test_a_leftover_in_which_a_program_writes_for_ever_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caches, "LEFTOVER_SECONDS", 0.0)
    monkeypatch.setattr(shutil, "rmtree", raises_not_empty)
    with pytest.raises(ImageError, match="cannot be removed") as caught:
        remove_leftover(tmp_path)
    assert "still write there" in str(caught.value)


def raises_not_empty(folder: Path) -> None:
    raise OSError(errno.ENOTEMPTY, "Directory not empty", str(folder))
