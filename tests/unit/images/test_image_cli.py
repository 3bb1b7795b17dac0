"""`dcos-installer image`: what is printed where, exit codes, and errors that say what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dcos_images import images
from dcos_images.errors import ImageError
from dcos_images.host import BuildHost
from dcos_images.images import ImageBuilder
from dcos_installer.cli import cli
from dcos_installer.providers import image_builder
from dcos_installer.providers.nspawn import remains
from tests.support.images.small_definition import GOOD, written
from tests.support.images.workshop import Workshop, lock_for


@pytest.fixture
def cache(workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The cache of a builder on the workshop's host, with a lock of ``machine``."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(images, "this_host", lambda: workshop.host)
    monkeypatch.setattr(image_builder, "Runtime", lambda note: workshop.runtime)
    monkeypatch.setattr(remains, "MACHINES_DIR", tmp_path / "machines")
    folder = tmp_path / "dcos" / "images"
    lock_for(workshop.builder(folder), "machine")
    return folder


def image(*words: str) -> Result:
    return CliRunner().invoke(cli, ["image", *words])


def test_building_prints_the_image_and_tells_its_progress_on_stderr(cache: Path) -> None:
    done = image("build", "machine")
    assert done.exit_code == 0, done.stderr
    assert "building the image" in done.stderr and "building the image" not in done.stdout
    assert f"tree {cache}" in done.stdout
    result = json.loads(image("build", "machine", "--json").stdout)
    assert Path(result["folder"]).parent == cache and result["tree"] in done.stdout


def test_the_list_tells_what_is_built(cache: Path) -> None:
    rows = {row["name"]: row for row in json.loads(image("list", "--json").stdout)}
    assert set(rows) == {"ec2", "machine", "rack", "vm"} and rows["machine"]["built"] is None
    image("build", "machine")
    rows = {row["name"]: row for row in json.loads(image("list", "--json").stdout)}
    assert rows["machine"]["built"] and rows["machine"]["built"] in image("list").stdout
    assert rows["rack"]["outputs"] == ["raw", "netboot", "update"]


def test_a_broken_definition_hides_no_other_from_the_list(cache: Path, tmp_path: Path) -> None:
    folder = written(written(tmp_path / "own", GOOD), "name = ", "broken")
    listed = image("list", "--definitions", str(folder))
    assert listed.exit_code == 1 and "broken/image.toml: it is not TOML" in listed.stderr
    assert "small" in listed.stdout and "a test" in listed.stdout
    rows = {row["name"]: row for row in json.loads(image("list", "--definitions", str(folder), "--json").stdout)}
    assert "it is not TOML" in rows["broken"]["broken"] and rows["small"]["description"] == "a test"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("build", "nothing"), "no image is named 'nothing'"),
        (("build", "machine", "--lock", "/nowhere"), "the lock /nowhere cannot be read"),
        (("test", "machine"), "the image 'machine' cannot be booted by itself"),
        (("diff", "machine", "vm"), "the image 'vm' is not built"),
        (("publish", "machine", "somewhere"), "the image 'machine' has nothing that could be published"),
        (("publish", "machine", "nfs://host/share"), "an image cannot be published to 'nfs://host/share'"),
        (("publish", "machine", "s3:///prefix"), "no bucket is named"),
        (("publish", "machine", "ec2:us-east-1"), "no AMI can be made of the image 'machine'"),
        (("diff", "machine", "/etc"), "/etc is not an image"),
    ],
)
def test_what_cannot_be_done_is_an_error_with_what_to_do(cache: Path, words: tuple[str, ...], expected: str) -> None:
    image("build", "machine")
    done = image(*words)
    assert done.exit_code == 1
    assert expected in done.stderr
    assert "what to do: " in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("test", "vm", "--output", "tar"), "cannot be booted from 'tar'"),
        (("test", "machine"), "cannot be booted by itself"),
        (("publish", "vm", "FILE"), "cannot be published to"),
        (("publish", "vm", "FILE/below"), "cannot be published to"),
        (("publish", "vm", "nfs://host/share"), "cannot be published to 'nfs://host/share'"),
        (("publish", "vm", "s3:///prefix"), "no bucket is named"),
        (("publish", "machine", "FOLDER"), "nothing that could be published"),
        (("publish", "vm", "ec2:us-east-1"), "no AMI can be made of the image 'vm'"),
        (("publish", "vm", "libvirt:a/b"), "an image cannot be published to 'a/b'"),
        (("publish", "vm", "libvirt:dcos@qemu:///session"), "cannot be published to 'dcos@qemu:///session'"),
        (("publish", "machine", "libvirt:dcos"), "this image has no disk for QEMU"),
        (("publish", "vm", "libvirt:dcos@qemu+unix:///system?socket=FOLDER/none"), "no libvirt answers at qemu+unix"),
        (("lock", "vm", "--to", "FOLDER/none/lock.json"), "no lock can be written to"),
        (("lock", "vm", "--to", "FILE/lock.json"), "no lock can be written to"),
    ],
)
def test_where_it_shall_go_is_looked_at_before_anything_is_made(
    cache: Path, words: tuple[str, ...], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*words: object, **more: object) -> None:
        raise AssertionError("it is made already")

    for verb in ("prepare", "ensure", "lock"):
        monkeypatch.setattr(ImageBuilder, verb, never)
    (tmp_path / "file").write_text("")
    done = image(*(one.replace("FILE", f"{tmp_path}/file").replace("FOLDER", str(tmp_path)) for one in words))
    assert done.exit_code == 1 and expected in done.stderr and "what to do: " in done.stderr
    assert not (cache / "steps").exists()


def test_images_that_are_the_same_differ_in_nothing(cache: Path) -> None:
    image("build", "machine")
    done = image("diff", "machine", "machine")
    assert (done.exit_code, done.stdout) == (0, "they are the same\n")


def test_old_images_go_and_the_bytes_are_told(cache: Path, workshop: Workshop) -> None:
    old = json.loads(image("build", "machine", "--json").stdout)["folder"]
    lock_for(workshop.builder(cache), "machine", version="2")
    output = image("gc", "--dry-run").stdout
    assert f"would remove image machine: {old}" in output and Path(old).exists()
    assert "bytes freed" in image("gc").stdout
    assert not Path(old).exists()


def test_on_a_host_of_another_kind_images_are_listed_and_cleared_all_the_same(
    cache: Path, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    arm = BuildHost("bookworm", "arm64", workshop.host.apt_dir)
    monkeypatch.setattr(images, "this_host", lambda: arm)
    done = image("list", "--json")
    assert done.exit_code == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["vm"]["elsewhere"] == "its definition is for amd64" and rows["machine"]["elsewhere"] == ""
    assert "not made on this host: its definition is for amd64" in image("list").stdout
    assert image("gc").exit_code == 0
    done = image("build", "vm")
    assert done.exit_code == 1 and "the image 'vm' is not made for arm64" in done.stderr

    unknown = BuildHost("sid", "amd64", workshop.host.apt_dir)
    monkeypatch.setattr(images, "this_host", lambda: unknown)
    assert "not made on this host: its definition knows: bookworm, trixie" in image("list").stdout
    assert image("gc").exit_code == 0


@pytest.mark.parametrize("verb", ["build", "lock", "test"])
def test_an_image_whose_component_the_host_lacks_is_refused_with_its_name(cache: Path, verb: str) -> None:
    done = image(verb, "rack")
    assert done.exit_code == 1
    assert "the image 'rack' wants the component non-free-firmware of Debian" in done.stderr
    assert "hold only main" in done.stderr
    assert "add non-free-firmware to their components" in done.stderr


def test_an_image_is_tried_as_its_lock_says(
    cache: Path, workshop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_for(workshop.builder(cache), "vm")
    mine = tmp_path / "mine.json"
    workshop.builder(cache).locks.path("vm").rename(mine)
    asked: list[Path | None] = []

    def prepare(self: ImageBuilder, name: str, *, lock: Path | None = None) -> None:
        asked.append(lock)
        raise ImageError("enough", hint="none")

    monkeypatch.setattr(ImageBuilder, "prepare", prepare)
    assert "enough" in image("test", "vm", "--lock", str(mine)).stderr
    assert asked == [mine]


def test_what_nobody_can_tell_of_machines_keeps_all_images(cache: Path, tmp_path: Path, workshop: Workshop) -> None:
    old = json.loads(image("build", "machine", "--json").stdout)["folder"]
    lock_for(workshop.builder(cache), "machine", version="2")
    record = tmp_path / "machines" / "cluster" / "master" / "machine.json"
    record.parent.mkdir(parents=True)
    record.write_text("{")
    done = image("gc")
    assert done.exit_code == 1 and "it is not known which tree the machine master was made over" in done.stderr
    assert Path(old).exists()
    record.unlink()
    assert image("gc").exit_code == 0 and not Path(old).exists()
