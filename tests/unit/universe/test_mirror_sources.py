"""What a mirror takes of its source: withdrawn revisions stay withdrawn, and what is as it was is not made again."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from dcos_universe import states
from dcos_universe.building.builder import build
from dcos_universe.errors import UniverseError
from dcos_universe.index.client import folder_and_index
from dcos_universe.mirror import bundle
from dcos_universe.states import RevisionState, States
from tests.support.universe.publisher import Publisher, write_package
from tests.support.universe.serving import serving
from tests.support.universe.trees import edit

URL = "http://198.18.0.9:8000/universe"
KINDS = ("folder", "upstream", "tree", "url", "universe.json", "signed")


def mirror(source: str, out: Path, *packages: str, root: bytes | None = None) -> bundle.Mirrored:
    return bundle.mirror(source, out, packages, bundle.Settings(URL), root=root)


def numbers(tree: Path, index: str = "repo-up-to-2.0") -> list[int]:
    return [one["releaseVersion"] for one in json.loads((tree / f"{index}.json").read_bytes())["packages"]]


@pytest.fixture
def publisher(tmp_path: Path) -> Publisher:
    """Of alpha: 0 deprecated, 1 offered, 2 for no release, 3 yanked, 4 a candidate."""
    made = Publisher(tmp_path / "publisher")
    made.begin()
    for number in range(1, 5):
        write_package(made.source, "alpha", number)
    edit(made.source / "packages" / "A" / "alpha" / "2", minDcosReleaseVersion="999")
    said = States()
    for number, state in (
        (0, RevisionState(deprecated="old")),
        (3, RevisionState(yanked="loses data")),
        (4, RevisionState(channel="candidate")),
    ):
        said = said.changed("alpha", number, state)
    (made.source / states.FILE).write_bytes(said.encoded())
    made.publish()
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_withdrawn_is_no_newest_and_stays_withdrawn(publisher: Publisher, tmp_path: Path, kind: str) -> None:
    source, root = str(publisher.source), None
    if kind == "upstream":
        (tmp_path / "checkout" / "repo").mkdir(parents=True)
        shutil.copytree(publisher.source / "packages", tmp_path / "checkout" / "repo" / "packages")
        shutil.copy(publisher.source / states.FILE, tmp_path / "checkout" / "repo")
        source = str(tmp_path / "checkout")
    elif kind in ("tree", "signed"):
        source, root = str(publisher.out), publisher.root if kind == "signed" else None
    newest, every, named = tmp_path / "newest", tmp_path / "every", tmp_path / "named"

    def run(where: str) -> None:
        # 2 is for releases that are not there yet: it is the newest, and no release is offered it.
        assert mirror(where, newest, "alpha", root=root).yanked == []
        assert (numbers(newest), numbers(newest, "universe")) == ([], [2])
        found = mirror(where, every, "alpha=*", root=root)
        assert len(found.yanked) == 1 and "alpha 1.3.0" in found.yanked[0]
        assert (numbers(every), numbers(every, "universe")) == ([0, 1], [0, 1, 2, 3])
        found = mirror(where, named, "alpha=1.3.0", root=root)
        assert len(found.yanked) == 1 and (numbers(named), numbers(named, "universe")) == ([], [3])
        first, second = json.loads((every / "repo-up-to-2.0.json").read_bytes())["packages"]
        assert first["preInstallNotes"] == "DEPRECATED: old" and "preInstallNotes" not in second

    if kind in ("url", "universe.json"):
        with serving(publisher.out) as server:
            run(f"http://127.0.0.1:{server.port}/{kind if kind != 'url' else ''}")
    else:
        run(source)


def test_who_names_a_candidate_has_it_offered(publisher: Publisher, tmp_path: Path) -> None:
    mirror(str(publisher.source), tmp_path / "out", "alpha=1.4.0")
    assert numbers(tmp_path / "out") == [4]
    shutil.rmtree(publisher.source / "packages" / "A" / "alpha" / "2")
    gone = RevisionState("gone")
    states.change(publisher.source, lambda said: said.changed("alpha", 0, gone).changed("alpha", 1, gone))
    with pytest.raises(UniverseError, match="alpha has no revision that is offered: name a version"):
        mirror(str(publisher.source), tmp_path / "none", "alpha")


def test_a_mirror_made_again_reads_only_what_changed(publisher: Publisher, tmp_path: Path) -> None:
    source = tmp_path / ".out.mirror" / "packages-source"

    def again(*packages: str) -> int:
        # Files of the last moments are always read again.
        for path in source.rglob("*.json"):
            os.utime(path, (1_700_000_000, 1_700_000_000))
        return mirror(str(publisher.source), tmp_path / "out", *packages).read

    assert mirror(str(publisher.source), tmp_path / "out", "alpha=*", "beta").read == 2
    again("alpha=*", "beta")
    inodes = {path: path.stat().st_ino for path in source.rglob("*.json")}
    assert again("alpha=*", "beta") == 0
    assert {path: path.stat().st_ino for path in source.rglob("*.json")} == inodes
    edit(publisher.source / "packages" / "B" / "beta" / "0", description="another")
    assert again("alpha=*", "beta") == 1
    assert again("beta") == 0
    assert not (source / "packages" / "A").exists(), "what is not wanted any more is gone"
    build(source, tmp_path / "fresh", with_site=False)
    for name in ("universe.json", "repo-up-to-2.0.json"):
        assert (tmp_path / "fresh" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()


@pytest.mark.parametrize("half", [b"", b'{"half'])
def test_what_a_killed_run_left_half_is_written_anew(publisher: Publisher, tmp_path: Path, half: bytes) -> None:
    mirror(str(publisher.source), tmp_path / "out", "beta")
    before = (tmp_path / "out" / "universe.json").read_bytes()
    folder = tmp_path / ".out.mirror" / "packages-source" / "packages" / "B" / "beta" / "0"
    (folder / "package.json").write_bytes(half)
    (folder / "config.json").unlink()
    (folder / "stray.json").write_bytes(half)
    mirror(str(publisher.source), tmp_path / "out", "beta")
    assert (tmp_path / "out" / "universe.json").read_bytes() == before and not (folder / "stray.json").exists()


def test_a_repository_is_one_by_each_of_its_urls() -> None:
    base = "http://198.18.0.9/universe"
    for url, index in ((base, ""), (f"{base}/", ""), (f"{base}/repo", ""), (f"{base}/universe.json", "universe")):
        assert folder_and_index(url) == (base, index)
