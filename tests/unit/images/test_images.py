"""The image cache: one build for whoever asks, nothing half-built in it, and a key that follows what makes an image."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dcos_images import images
from dcos_images.definition import load_definition
from dcos_images.errors import ImageError
from dcos_images.host import BuildHost, cache_home
from dcos_images.sources import read_sources
from dcos_images.steps import Job, clamp_times, install_command, remove_leftovers

SOURCES = "deb http://mirror.example/debian {suite} main\n"


@pytest.fixture
def host(tmp_path: Path) -> BuildHost:
    apt = tmp_path / "apt"
    apt.mkdir()
    (apt / "sources.list").write_text(SOURCES.format(suite="bookworm"))
    return BuildHost(codename="bookworm", arch="amd64", apt_dir=apt)


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[Job], None]]:
    """What a build does here instead of installing a distribution; may be replaced. Counts by growing."""
    monkeypatch.setattr(images, "_can_build", lambda name: None)
    monkeypatch.setattr(images, "package_versions", lambda job: {"systemd": "1"})
    work: list[Callable[[Job], None]] = [_small_tree]
    monkeypatch.setattr(images, "BUILD_TREE", (("build", lambda job: work[0](job)),))
    return work


def _small_tree(job: Job) -> None:
    (job.tree / "etc").mkdir(parents=True)
    (job.tree / "etc" / "hosts").write_text("localhost\n")
    for path in (job.tree / "etc" / "hosts", job.tree / "etc", job.tree):
        os.utime(path, (5, 5))


@pytest.mark.parametrize(
    "alter",
    [
        lambda tree: (tree / "etc" / "hosts").write_text("127.0.0.9 localhost\n"),
        lambda tree: (tree / "etc" / "hosts").unlink(),
        lambda tree: (tree / "etc" / "hosts").chmod(0o600),
        lambda tree: (tree / "etc" / "more").touch(),
        shutil.rmtree,
        lambda tree: (tree.parent / "image.json").write_text("{"),
    ],
)
def test_an_image_that_was_altered_is_built_anew(
    host: BuildHost, built: list[Callable[[Job], None]], tmp_path: Path, alter: Callable[[Path], object]
) -> None:
    first = images.ensure("machine", host=host, cache=tmp_path / "cache")
    alter(first.tree)
    said: list[str] = []
    assert images.ensure("machine", host=host, cache=tmp_path / "cache", note=said.append) == first
    assert any("building" in text for text in said)
    assert (first.tree / "etc" / "hosts").read_text() == "localhost\n"
    said.clear()
    assert images.ensure("machine", host=host, cache=tmp_path / "cache", note=said.append) == first
    assert said == []


def test_an_altered_image_under_machines_that_run_is_an_error_and_stays(
    host: BuildHost, built: list[Callable[[Job], None]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = images.ensure("machine", host=host, cache=tmp_path / "cache")
    (first.tree / "etc" / "more").touch()
    monkeypatch.setattr(images, "_is_in_use", lambda tree: tree == first.tree)
    with pytest.raises(ImageError, match="machines run over it") as caught:
        images.ensure("machine", host=host, cache=tmp_path / "cache")
    assert "destroy the clusters" in caught.value.hint
    assert (first.tree / "etc" / "more").exists()


def test_an_image_without_an_outline_is_read_in_whole_once_and_gets_one(
    host: BuildHost, built: list[Callable[[Job], None]], tmp_path: Path
) -> None:
    first = images.ensure("machine", host=host, cache=tmp_path / "cache")
    path = first.tree.parent / "image.json"
    record = json.loads(path.read_text())
    outline = record.pop("outline")
    path.write_text(json.dumps(record))
    said: list[str] = []
    assert images.ensure("machine", host=host, cache=tmp_path / "cache", note=said.append) == first
    assert (said, json.loads(path.read_text())["outline"]) == ([], outline)


def test_an_image_is_built_once_and_found_after_that(
    host: BuildHost, built: list[Callable[[Job], None]], tmp_path: Path
) -> None:
    first = images.ensure("machine", host=host, cache=tmp_path / "cache")

    def never(job: Job) -> None:
        raise AssertionError("built again")

    built[0] = never
    assert images.ensure("machine", host=host, cache=tmp_path / "cache") == first
    assert (first.tree / "etc" / "hosts").is_file()
    assert first.packages == {"systemd": "1"}


def test_an_interrupted_build_leaves_nothing_that_counts(
    host: BuildHost, built: list[Callable[[Job], None]], tmp_path: Path
) -> None:
    def interrupted(job: Job) -> None:
        _small_tree(job)
        raise KeyboardInterrupt

    built[0] = interrupted
    with pytest.raises(KeyboardInterrupt):
        images.ensure("machine", host=host, cache=tmp_path / "cache")
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []

    built[0] = _small_tree
    assert images.ensure("machine", host=host, cache=tmp_path / "cache").tree.is_dir()


def test_what_a_killed_build_left_behind_is_cleared_by_the_next(
    host: BuildHost, built: list[Callable[[Job], None]], tmp_path: Path
) -> None:
    image = images.ensure("machine", host=host, cache=tmp_path / "one")
    left = tmp_path / "two" / f".building-{image.key}-killed"
    left.mkdir(parents=True)
    half = tmp_path / "two" / image.key
    (half / "tree").mkdir(parents=True)  # without its record it is no image
    assert images.ensure("machine", host=host, cache=tmp_path / "two").digest == image.digest
    assert not left.exists()


def test_two_who_want_the_same_image_get_one_build(
    host: BuildHost, built: list[Callable[[Job], None]], tmp_path: Path
) -> None:
    builds: list[str] = []
    waiting = threading.Event()

    def slow(job: Job) -> None:
        builds.append(job.folder.name)
        assert waiting.wait(30)
        _small_tree(job)

    built[0] = slow
    found: list[images.Image] = []

    def want(note: Callable[[str], None]) -> None:
        found.append(images.ensure("machine", host=host, cache=tmp_path / "cache", note=note))

    def heard(text: str) -> None:
        if "waiting" in text:
            waiting.set()

    both = [threading.Thread(target=want, args=(heard,)) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert len(builds) == 1
    assert len(found) == 2
    assert found[0] == found[1]


def test_a_failed_build_names_its_log(host: BuildHost, built: list[Callable[[Job], None]], tmp_path: Path) -> None:
    def fail(job: Job) -> None:
        raise ImageError("could not install", evidence="E: no such package")

    built[0] = fail
    with pytest.raises(ImageError) as caught:
        images.ensure("machine", host=host, cache=tmp_path / "cache")
    assert ".log" in caught.value.hint
    assert "E: no such package" in str(caught.value)


def test_the_key_follows_definition_sources_release_and_architecture(host: BuildHost, tmp_path: Path) -> None:
    definition = load_definition("machine")
    sources = read_sources("bookworm", host.apt_dir)
    key = images.image_key(definition, sources, host)
    (host.apt_dir / "sources.list").write_text("deb http://u:p@mirror.example/debian bookworm main\n")
    assert images.image_key(definition, read_sources("bookworm", host.apt_dir), host) == key  # who asks, not what for
    (host.apt_dir / "sources.list").write_text("deb http://other.example/debian bookworm main\n")
    assert images.image_key(definition, read_sources("bookworm", host.apt_dir), host) != key
    assert images.image_key(definition, sources, BuildHost("bookworm", "arm64", host.apt_dir)) != key


def test_the_cache_is_where_xdg_says() -> None:
    assert cache_home({"XDG_CACHE_HOME": "/c"}) == Path("/c/dcos/images")
    assert cache_home({"XDG_CACHE_HOME": "relative", "HOME": "/h"}) == Path("/h/.cache/dcos/images")


def job_in(host: BuildHost, folder: Path, **changes: object) -> Job:
    definition = load_definition("machine")
    fields = {**definition.__dict__, **changes}
    (folder / "tree").mkdir()
    return Job(
        definition=type(definition)(**fields),
        release=definition.release("bookworm"),
        host=host,
        sources=read_sources("bookworm", host.apt_dir),
        folder=folder,
        log_file=folder / "log",
    )


def test_leftovers_are_removed_but_nothing_outside_of_the_image(host: BuildHost, tmp_path: Path) -> None:
    precious = tmp_path / "host"
    precious.mkdir()
    (precious / "keep").touch()
    job = job_in(host, tmp_path, remove=("/log/*", "/out/*"))
    (job.tree / "log" / "deep").mkdir(parents=True)
    (job.tree / "log" / "one").touch()
    (job.tree / "out").symlink_to(precious)
    with pytest.raises(ImageError, match="lies outside of the image"):
        remove_leftovers(job)
    assert (precious / "keep").exists()
    assert list((job.tree / "log").iterdir()) == []


def test_no_file_is_younger_than_the_definition_says(host: BuildHost, tmp_path: Path) -> None:
    job = job_in(host, tmp_path, epoch=1000)
    (job.tree / "old").touch()
    (job.tree / "new").touch()
    (job.tree / "link").symlink_to("nowhere")
    os.utime(job.tree / "old", (10, 10))
    clamp_times(job)
    assert (job.tree / "old").stat().st_mtime == 10
    assert (job.tree / "new").stat().st_mtime == 1000
    assert (job.tree / "link").lstat().st_mtime == 1000


def test_the_install_command_dies_with_its_parent_and_holds_no_secret(host: BuildHost, tmp_path: Path) -> None:
    (host.apt_dir / "sources.list").write_text("deb http://user:secret@mirror.example/debian bookworm main\n")
    job = job_in(host, tmp_path)
    command = [str(word) for word in install_command(job, tmp_path / "host.sources", tmp_path / "apt.conf")]
    assert command[:3] == ["setpriv", "--pdeathsig", "KILL"]
    assert "--kill-child=KILL" in command
    assert command[-3:] == ["bookworm", str(job.tree), str(tmp_path / "host.sources")]
    assert "secret" not in " ".join(command)
