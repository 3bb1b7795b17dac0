"""What the system refuses is told as what, why and what to do; the tree is as it was, and nothing half is left."""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dcos_universe import cli
from dcos_universe.errors import UniverseError
from dcos_universe.mirror import bundle
from dcos_universe.publishing import directory, publication
from dcos_universe.publishing.shells import Shell
from dcos_universe.trust import verifying
from tests.support.universe.publisher import Publisher, write_package
from tests.support.universe.serving import small_tree
from tests.support.universe.trees import files_of


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path)
    made.begin()
    made.publish()
    return made


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    made = tmp_path / "disk"
    made.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(made)], capture_output=True)
    if mounted.returncode:
        pytest.skip("a small disk cannot be mounted here: that takes root")
    try:
        yield made
    finally:
        subprocess.run(["umount", str(made)], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    return filler


def mirrored(publisher: Publisher) -> None:
    settings = bundle.Settings("http://198.18.0.9:8000/universe", with_images=False)
    bundle.mirror(str(publisher.source), publisher.out, ["alpha"], settings)


RUNS: dict[str, Callable[[Publisher], Any]] = {
    "build": Publisher.build,
    "sign": Publisher.sign,
    "mirror": mirrored,
}


@pytest.mark.parametrize("run", RUNS)
def test_a_full_disk_is_told_and_leaves_the_tree(publisher: Publisher, disk: Path, run: str) -> None:
    publisher.out = disk / "out"
    publisher.build()
    if run != "sign":
        publisher.sign()
        write_package(publisher.source, "gamma")
    before = files_of(publisher.out)
    filler = fill(disk)
    with pytest.raises(UniverseError) as caught:
        RUNS[run](publisher)
    assert "No space left on device" in caught.value.why and "disk" in caught.value.hint
    assert files_of(publisher.out) == before
    assert not (disk / ".out.build" / "stage").exists()
    filler.unlink()
    RUNS[run](publisher)
    publisher.sign()
    assert verifying.verify(str(publisher.out), publisher.root, now=publisher.now).unsigned == []


def test_a_full_disk_at_the_place_of_publication_leaves_what_readers_have(publisher: Publisher, disk: Path) -> None:
    shell, current = Shell(str(disk)), disk / "current"
    published(publisher, shell)
    tree, before = current.resolve(), files_of(current)
    write_package(publisher.source, "gamma")
    publisher.build()
    publisher.sign()
    filler = fill(disk)
    with pytest.raises(UniverseError, match="readers still have what was published before") as caught:
        published(publisher, shell)
    assert "No space left on device" in caught.value.why and "publish again" in caught.value.hint
    assert current.resolve() == tree and files_of(current) == before
    filler.unlink()
    published(publisher, shell)
    assert "artifacts/gamma.json" in files_of(current)


@pytest.mark.parametrize("prefix", [(), ("sh", "-c")], ids=["here", "ssh"])
def test_a_disk_that_is_too_small_for_many_files_ends_the_publication(
    tmp_path: Path, disk: Path, prefix: tuple[str, ...]
) -> None:
    # tar writes a line a file: together more than a pipe holds.
    files = {f"blobs/{number:04d}/a-file-with-a-name-of-some-length": b"x" * 4096 for number in range(2500)}
    tree = publication.read(small_tree(tmp_path / "tree", "mark", files))
    with pytest.raises(UniverseError, match="readers still have what was published before") as caught:
        directory.publish(tree, Shell(str(disk), prefix), keep=2, progress=directory.Progress())
    assert "No space left on device" in caught.value.why and "make room" in caught.value.hint
    assert not (disk / "current").exists()


def test_a_last_file_of_which_a_part_is_written_tells_the_full_disk(tmp_path: Path, disk: Path) -> None:
    tree = publication.read(small_tree(tmp_path / "tree", "mark", {"zzz/large": b"x" * (4 << 20)}))
    with pytest.raises(UniverseError) as caught:
        directory.publish(tree, Shell(str(disk)), keep=2, progress=directory.Progress())
    assert "No space left on device" in caught.value.why and "make room" in caught.value.hint


def published(publisher: Publisher, shell: Shell) -> None:
    directory.publish(publication.read(publisher.out), shell, keep=2, progress=directory.Progress())


class Refusing:
    """A call of the system that is refused the ``last``-th time and from then on."""

    def __init__(self, call: Callable[..., Any], code: int, last: int) -> None:
        self.call, self.code, self.left = call, code, last

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise OSError(self.code, os.strerror(self.code), os.fspath(arguments[0]))
        return self.call(*arguments, **more)


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("call", ["mkdir", "link"])
@pytest.mark.parametrize("after", [0, 1, 5, 12])
def test_whatever_call_is_refused_is_told_and_leaves_the_tree(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, run: str, call: str, after: int
) -> None:
    write_package(publisher.source, "gamma")
    if run == "sign":
        publisher.build()
    before = files_of(publisher.out)
    code = {"mkdir": errno.EACCES, "link": errno.EMLINK}[call]
    refusing = Refusing(getattr(os, call), code, after)
    with monkeypatch.context() as patched:
        patched.setattr(os, call, refusing)
        with contextlib.suppress(UniverseError):
            RUNS[run](publisher)
            assert refusing.left >= 0 or (run, call) == ("build", "link"), "a build can write what it cannot link"
            before = files_of(publisher.out)
    assert files_of(publisher.out) == before
    assert not (publisher.folder / ".out.build" / "stage").exists()
    RUNS[run](publisher)


def _dcos_universe(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["dcos-universe", *words])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize(
    "words",
    [
        ("yank", "alpha", "0", "--reason", "loses data"),
        ("deprecate", "alpha", "0", "--reason", "take beta"),
        ("new", "delta"),
    ],
    ids=lambda words: words[0],
)
def test_verbs_that_change_a_source_tell_it_and_change_nothing(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(tempfile, "mkstemp", _no_space)
    monkeypatch.setattr(tempfile, "mkdtemp", _no_space)
    before = files_of(publisher.source)
    assert _dcos_universe(monkeypatch, *words, "--source", str(publisher.source)) == 1
    errors = capsys.readouterr().err
    assert "cannot be" in errors and "why: " in errors and "No space left on device" in errors and "disk" in errors
    assert files_of(publisher.source) == before


def test_what_no_verb_tells_the_program_tells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("dcos_universe.states.checked_reason", _no_space)
    assert _dcos_universe(monkeypatch, "yank", "alpha", "0", "--reason", "x", "--source", str(tmp_path)) == 1
    errors = capsys.readouterr().err
    assert "why: here: No space left on device" in errors and "what to do: look at the disk" in errors


def _no_space(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "here")
