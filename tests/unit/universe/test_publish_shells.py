"""Scripts at a place of publication: what they write does not keep them from reading, and a refusal ends a feed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcos_universe.errors import UniverseError
from dcos_universe.publishing import directory, publication
from dcos_universe.publishing.shells import Shell
from tests.support.universe.serving import small_tree

MEGABYTE = 1 << 20
NOISE = "yes a line of words | head -c 1048576 >&2; "
FULL = "tar: ./x: Cannot write: No space left on device"


def host(first: str) -> tuple[str, ...]:
    """A stand-in for ssh: a shell takes its words; ``first`` is what the host's own start does before that."""
    return ("sh", "-c", f'{first}eval "$1"', "ssh")


@pytest.fixture(params=["here", "ssh"])
def shell(request: pytest.FixtureRequest, tmp_path: Path) -> Shell:
    return Shell(str(tmp_path), () if request.param == "here" else host(NOISE))


def endless() -> Iterator[bytes]:
    return itertools.repeat(b"x" * 4096)


def test_a_script_that_writes_much_before_it_reads_is_fed_all(shell: Shell) -> None:
    feed = [b"x" * 4096] * (MEGABYTE // 4096)
    assert shell.run(NOISE + "cat", feed=feed) == b"x" * MEGABYTE
    assert shell.run("yes 2>/dev/null | head -c 1048576; wc -c", feed=feed).endswith(b"%d\n" % MEGABYTE)


@pytest.mark.parametrize("noise", ["", NOISE])
def test_a_script_that_ends_without_reading_ends_the_feed(shell: Shell, noise: str) -> None:
    assert shell.run(noise + "printf enough; exit 0", feed=endless()) == b"enough"
    with pytest.raises(UniverseError) as caught:
        shell.run(noise + "echo it is broken >&2; exit 3", feed=endless())
    assert caught.value.why.endswith("it is broken") and len(caught.value.why) < 200


@pytest.mark.parametrize("noise", ["", NOISE])
def test_the_first_file_that_cannot_be_written_ends_the_feed(shell: Shell, noise: str) -> None:
    with pytest.raises(UniverseError, match="readers still have what was published before") as caught:
        shell.run(f"echo {FULL} >&2; {noise} cat >/dev/null; exit 2", feed=endless())
    assert caught.value.why == FULL
    assert "make room" in caught.value.hint and "publish again" in caught.value.hint


def test_warnings_do_not_end_the_feed(shell: Shell) -> None:
    warned = 'echo "tar: ./x: Warning: Cannot look" >&2; echo "tar: Warning: Cannot look: it is dark" >&2; wc -c'
    assert shell.run(warned, feed=[b"x" * MEGABYTE]) == b"%d\n" % MEGABYTE


def test_a_file_that_cannot_be_read_ends_the_script(shell: Shell) -> None:
    def feed() -> Iterator[bytes]:
        yield b"x" * MEGABYTE
        raise OSError("the disk is faulty")

    with pytest.raises(OSError, match="the disk is faulty"):
        shell.run("sleep 1000", feed=itertools.islice(feed(), 1, 2))
    with pytest.raises(OSError, match="the disk is faulty"):
        shell.run("cat", feed=feed())


def test_a_host_that_writes_much_to_stderr_is_published_to(tmp_path: Path) -> None:
    place = tmp_path / "place"
    place.mkdir()
    noisy = Shell(str(place), host(NOISE))
    for mark in ("one", "two"):
        tree = publication.read(small_tree(tmp_path / mark, mark))
        assert directory.publish(tree, noisy, keep=2, progress=directory.Progress()).changed
    assert b"two" in (place / "current" / "index.html").read_bytes()


def test_a_host_that_prints_words_of_its_own_is_told_and_not_waited_for(tmp_path: Path) -> None:
    greeting = Shell(str(tmp_path), host("echo Welcome; "))
    with pytest.raises(UniverseError) as caught, greeting.alone("somebody"):
        pass
    assert "Welcome" in caught.value.why
