"""A tree whose signatures do not hold is not published, and over one of another root only where that is wanted."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dcos_universe.errors import UniverseError
from dcos_universe.publishing import directory, publication, signatures
from dcos_universe.publishing.shells import Shell
from dcos_universe.trust import contents, verifying
from tests.support.universe.publisher import Publisher, replace, write_package
from tests.support.universe.trees import files_of


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    made = Publisher(tmp_path / "publisher")
    made.begin()
    made.build()
    made.sign()
    return made


def published(tree: Path, place: Path, *, new_root: bool = False) -> directory.Published:
    made = publication.read(tree)
    return directory.publish(made, Shell(str(place)), keep=2, progress=directory.Progress(), new_root=new_root)


def built_again(publisher: Publisher) -> None:
    write_package(publisher.source, "gamma")
    publisher.build()


def without_roots(publisher: Publisher) -> None:
    for path in (publisher.out / "metadata").glob("*.root.json"):
        path.unlink()


def changed(name: str) -> Callable[[Publisher], None]:
    def change(publisher: Publisher) -> None:
        path = next(publisher.out.glob(name))
        replace(path, path.read_bytes().replace(b"alpha", b"alphA") + b" ")

    return change


def removed(name: str) -> Callable[[Publisher], None]:
    return lambda publisher: next(publisher.out.glob(name)).unlink()


def added(name: str) -> Callable[[Publisher], None]:
    return lambda publisher: replace(publisher.out / name, b"x")


def signed_by_another(publisher: Publisher) -> None:
    """The timestamp is valid, and of another publisher."""
    other = Publisher(publisher.folder / "other")
    other.begin()
    other.build()
    other.sign()
    name = "metadata/timestamp.json"
    replace(publisher.out / name, (other.out / name).read_bytes())


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (built_again, "is not what was signed"),
        (changed("repo-up-to-2.0.json"), "repo-up-to-2.0.json is not what was signed"),
        (changed("2.0/package/alpha.json.zst"), "2.0/package/alpha.json.zst is not what was signed"),
        (changed("targets/*.universe.json"), ".universe.json is not what was signed"),
        (changed("sbom/alpha/0.cdx.json"), "sbom/alpha/0.cdx.json is not what was signed"),
        (changed("metadata/1.bin-3.json"), "1.bin-3.json"),
        (removed("metadata/1.index.json"), "missing"),
        (removed("artifacts/beta.json"), "artifacts/beta.json is missing"),
        (removed("targets/*.repo-up-to-1.10.json.zst"), ".repo-up-to-1.10.json.zst is missing"),
        (added("more.json"), "more.json was never signed"),
        (added("metadata/7.snapshot.json"), "7.snapshot.json"),
        (without_roots, "no metadata/1.root.json"),
        (changed("metadata/1.root.json"), "1.root.json is vouched for by no signature"),
        (signed_by_another, "signed by 0/1 keys|verification failed"),
    ],
)
def test_signatures_that_do_not_hold_are_refused_with_the_file_and_the_remedy(
    publisher: Publisher, tmp_path: Path, harm: Callable[[Publisher], None], says: str
) -> None:
    place = tmp_path / "place"
    harm(publisher)
    with pytest.raises(UniverseError, match="it is not published") as refused:
        published(publisher.out, place)
    assert re.search(says, refused.value.why), refused.value.why
    assert "dcos-universe sign" in refused.value.hint
    assert not place.exists()
    if harm in (built_again, without_roots, signed_by_another):
        # What the hint says is what helps.
        publisher.sign()
        assert published(publisher.out, place).changed


@pytest.mark.parametrize(("days", "says", "hint"), [(8, "frozen", "sign"), (400, "expired-root", "root rotate")])
def test_signatures_whose_time_is_over_are_refused(publisher: Publisher, days: int, says: str, hint: str) -> None:
    tree = publication.read(publisher.out)
    signatures.verify(tree)
    with pytest.raises(UniverseError, match="it is not published") as refused:
        signatures.verify(tree, now=datetime.now(UTC) + timedelta(days=days))
    assert says in refused.value.why and f"dcos-universe {hint}" in refused.value.hint


def test_no_file_that_has_a_digest_is_read_again(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = publication.read(publisher.out)
    for path in publisher.out.rglob("*"):
        name = path.relative_to(publisher.out).as_posix()
        if path.is_file() and not name.startswith(("metadata/", "artifacts/", "targets/")) and name != contents.FILE:
            path.unlink()  # whoever reads it fails
    signatures.verify(tree)


def test_metadata_that_changes_under_the_publisher_is_not_published(publisher: Publisher) -> None:
    tree = publication.read(publisher.out)
    write_package(publisher.source, "gamma")
    publisher.build()
    publisher.sign()
    with pytest.raises(UniverseError, match="changed while it was read"):
        signatures.verify(tree)


def test_over_another_root_is_published_only_where_that_is_wanted(publisher: Publisher, tmp_path: Path) -> None:
    place = tmp_path / "place"
    other = Publisher(tmp_path / "other")
    other.begin()
    other.rotate()
    other.build()
    other.sign()
    published(other.out, place)
    built_again(other)
    other.sign()
    published(other.out, place)
    before = files_of(place / "current")
    assert "metadata/2.root.json" in before
    with pytest.raises(UniverseError, match="another root") as refused:
        published(publisher.out, place)
    assert "1.root.json" in refused.value.why and "--new-root" in refused.value.hint
    assert files_of(place / "current") == before
    assert published(publisher.out, place, new_root=True).changed
    found = verifying.verify(str(place), publisher.root, now=datetime.now(UTC))
    assert not found.unsigned, "of the former root's files none is left"
    with pytest.raises(UniverseError, match="another root"):
        published(other.out, place)


def test_new_root_lets_no_older_tree_of_the_same_root_through(publisher: Publisher, tmp_path: Path) -> None:
    place = tmp_path / "place"
    old = publisher.copy("old")
    write_package(publisher.source, "gamma")
    publisher.build()
    publisher.sign()
    published(publisher.out, place)
    with pytest.raises(UniverseError, match="older"):
        published(old, place, new_root=True)


def test_more_signatures_under_a_root_and_later_roots_make_no_other_repository(
    publisher: Publisher, tmp_path: Path
) -> None:
    place = tmp_path / "place"
    published(publisher.out, place)
    publisher.ceremony.sign([publisher.signers["carol"]])
    publisher.rotate()
    publisher.sign()
    published(publisher.out, place)
    found = verifying.verify(str(place), publisher.root, now=datetime.now(UTC))
    assert found.versions["root"] == 2 and not found.unsigned
