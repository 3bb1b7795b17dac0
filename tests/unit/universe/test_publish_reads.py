"""What publishing reads of a tree, and what is left of a publication that was killed."""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

import pytest

from dcos_universe.errors import UniverseError
from dcos_universe.index.trusted import METADATA, TARGETS
from dcos_universe.publishing import directory, publication
from dcos_universe.publishing.publication import PublishedTree
from dcos_universe.publishing.shells import Shell
from tests.support.universe.publisher import Publisher, await_clock, change_unseen, write_package

HIDDEN = ("2.0/package/alpha.json", "repo-up-to-2.0.content_type", "artifacts/beta.json")


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path)
    made.begin()
    made.publish()
    return made


def read(tree: Path) -> PublishedTree:
    """What is read of the tree; each digest is the one that its file has."""
    found = publication.read(tree)
    assert found.items, tree
    for path, item in found.items.items():
        content = (tree / path).read_bytes()
        assert (item.sha256, item.size) == (sha256(content).hexdigest(), len(content)), path
    return found


def unlisted(tree: PublishedTree) -> int:
    """Files that are made at the end of a signing: nobody has kept their digests."""
    return sum(path.startswith((f"{METADATA}/", f"{TARGETS}/")) for path in tree.items)


def test_what_the_signing_has_read_is_not_read_again(publisher: Publisher) -> None:
    first = read(publisher.out)
    assert first.read == unlisted(first) < len(first.items)
    write_package(publisher.source, "gamma")
    publisher.build()
    await_clock()
    publisher.sign()
    second = read(publisher.out)
    assert second.read == unlisted(second) and second.digest != first.digest
    assert read(publisher.copy("elsewhere")).read == len(second.items), "no file of it is the one that was signed"


@pytest.mark.parametrize("when", ["after the signing", "before a build", "after a build", "after a refused signing"])
def test_a_change_by_another_hand_is_seen_however_it_hides(publisher: Publisher, when: str) -> None:
    await_clock()
    if when == "after a build":
        write_package(publisher.source, "gamma")
        publisher.build()
        await_clock()
    for name in HIDDEN:
        change_unseen(publisher.out / name)
    await_clock()
    if when == "before a build":
        write_package(publisher.source, "gamma")
        publisher.build()
    if when == "after a refused signing":
        with pytest.raises(UniverseError, match="cannot be signed"):
            publisher.sign(by=("alice",))
    read(publisher.out)


@pytest.mark.parametrize("name", ["digests", "runs", "."])
def test_lost_or_damaged_notes_cost_time_only(publisher: Publisher, name: str) -> None:
    cache = publisher.folder / ".out.build" / "cache"
    undamaged = read(publisher.out).read
    if name == ".":
        shutil.rmtree(cache)
    for kept in cache.glob(f"{name}*"):
        kept.write_bytes(kept.read_bytes()[:-3])
    now = read(publisher.out)
    # Without the list of runs, files that were not linked since they were read are still known.
    assert undamaged < now.read
    assert name == "runs" or now.read == len(now.items)


def publish(publisher: Publisher, place: Path) -> directory.Published:
    return directory.publish(publication.read(publisher.out), Shell(str(place)), keep=2, progress=directory.Progress())


def test_half_a_record_is_never_under_its_name_and_goes_with_the_next_run(publisher: Publisher, tmp_path: Path) -> None:
    place = tmp_path / "place"
    publish(publisher, place)
    records = place / "records"
    before = {path.name for path in records.iterdir()}
    shell = Shell(str(place))
    full = publication.record((records / next(iter(before))).read_bytes(), "it")
    with pytest.raises(UniverseError, match="readers still have"):
        directory.note(_Broken(str(place)), "20010101T000000", full)
    assert {path.name for path in records.iterdir()} == {*before, "20010101T000000.new"}
    assert publish(publisher, place).changed is False
    assert {path.name for path in records.iterdir()} == before
    directory.note(shell, "20010101T000000", full)
    assert publication.record((records / "20010101T000000.json").read_bytes(), "it") == full


class _Broken(Shell):
    """Whose scripts get no further than what they have written."""

    def run(self, script: str, *arguments: str, feed: object = ()) -> bytes:
        return super().run(script.replace("sync", "exit 1; sync", 1), *arguments, feed=[b"half"])
