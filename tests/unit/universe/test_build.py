"""`build`: the tree is what the rules say, whole, the same however it came about, and nobody else's."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from dcos_universe import reading
from dcos_universe.building import room as rooms
from dcos_universe.building.builder import BuildRefused, Built, build
from dcos_universe.building.cache import ObjectCache
from dcos_universe.building.placing import Placed, spliced
from dcos_universe.building.room import room
from dcos_universe.check import running
from dcos_universe.errors import UniverseError
from dcos_universe.index.files import INDEXES, Piece
from dcos_universe.model import Revision
from dcos_universe.states import RevisionState, change
from dcos_universe.stock import Row
from tests.support.universe import sample, synthetic
from tests.support.universe.reference import digest_in, files, index_bytes
from tests.support.universe.trees import copy_revision, edit, files_of, index, stepped, whole


@pytest.fixture
def source(tmp_path: Path) -> Path:
    synthetic.write(tmp_path / "source", revisions=16, packages=7)
    return tmp_path / "source"


def revisions(source: Path) -> list[Path]:
    return list(reading.revisions(source))


def plain(source: Path, out: Path) -> Built:
    return build(source, out, with_site=False, with_twins=False)


@sample.needs_sample
def test_the_tree_of_the_sample_is_upstream_s(tmp_path: Path) -> None:
    out = tmp_path / "out"
    made = build(sample.SAMPLE, out)
    assert (made.packages, made.revisions) == (21, 49)
    expected = dict(files(sample.revisions()))
    assert {name: (out / name).read_bytes() for name in expected} == expected
    assert whole(out) == made.digests["universe"]
    tops = {path.relative_to(out).parts[0] for path in out.rglob("*") if path.is_file()}
    beyond = {
        name.removesuffix(".gz").removesuffix(".zst") for name in tops - {name.split("/")[0] for name in expected}
    }
    assert beyond <= {*expected, "delta", "site", "index.html"}


def test_every_twin_is_its_file(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    build(source, out)
    names = {name for name in files_of(out) if not name.endswith((".gz", ".zst", ".content_type"))}
    assert {f"{name}{ending}" for name in names for ending in (".gz", ".zst")} <= set(files_of(out))
    for name in names:
        content = (out / name).read_bytes()
        packed = (out / f"{name}.gz").read_bytes()
        assert packed[3:8] == bytes(5), "a name or a time is in it"
        one = zlib.decompressobj(31)
        assert one.decompress(packed) == content and one.eof and not one.unused_data, "clients read one member"
        frame = (out / f"{name}.zst").read_bytes()
        assert zstandard.get_frame_parameters(frame).content_size == len(content)
        assert zstandard.ZstdDecompressor().decompress(frame) == content
    assert gzip.decompress((out / "universe.json.gz").read_bytes()) == (out / "universe.json").read_bytes()


def test_shuffled_folders_give_the_same_bytes(tmp_path: Path, source: Path) -> None:
    trees = []
    for seed in (1, 2):
        copied = tmp_path / f"copy-{seed}" / "source"
        folders = revisions(source)
        random.Random(seed).shuffle(folders)
        for folder in folders:
            target = copied / folder.relative_to(source)
            target.mkdir(parents=True)
            names = [path.name for path in folder.iterdir()]
            random.Random(seed).shuffle(names)
            for name in names:
                shutil.copyfile(folder / name, target / name)
        build(copied, tmp_path / f"out-{seed}")
        trees.append(files_of(tmp_path / f"out-{seed}"))
    assert trees[0] == trees[1] and len(trees[0]) > 60


def disturb(source: Path, rng: random.Random) -> None:
    """One change that a publisher may make."""
    there = revisions(source)
    one = rng.choice(there)
    numbers = [int(path.name) for path in one.parent.iterdir()]
    what = rng.randrange(7)
    if what == 0:
        copy_revision(one, max(numbers) + 1, version=f"9.{rng.randrange(1000)}")
    elif what == 1:
        edit(one, description=f"changed {rng.random()}")
    elif what == 2 and len(there) > 8:
        shutil.rmtree(one)
        if not any(one.parent.iterdir()):
            shutil.rmtree(one.parent)
    elif what == 3:
        name = f"aa-{rng.randrange(1000)}"
        target = source / "packages" / "A" / name / "0"
        if not target.exists():
            shutil.copytree(one, target)
            edit(target, name=name)
    elif what in (4, 5):
        key = one.parent.name, int(one.name)
        state = RevisionState(yanked="broken") if what == 4 else RevisionState(deprecated="old")
        change(source, lambda states: states.changed(*key, state))
    else:
        (one / "config.json").write_text(json.dumps({"type": "object", "properties": {"a": {"type": "string"}}}))
        (one / "marathon.json.mustache").write_text('{"id": "{{a}}"}')


@pytest.mark.parametrize("seed", range(2))
def test_a_tree_built_step_by_step_is_the_one_built_at_once(tmp_path: Path, source: Path, seed: int) -> None:
    rng = random.Random(seed)
    out = tmp_path / "out"
    build(source, out)
    seen = [{name: index(out, name) for name in INDEXES}]
    for turn in range(5):
        for _ in range(rng.choice((1, 1, 3))):
            disturb(source, rng)
        made = build(source, out)
        seen.append({name: index(out, name) for name in INDEXES})
        scratch = tmp_path / f"scratch-{turn}"
        build(source, scratch)
        assert files_of(out, but=("delta/",)) == files_of(scratch, but=("delta/",))
        assert whole(out) == made.digests["universe"]
    ways = 0
    for name in INDEXES:
        for old in seen:
            made_of = stepped(out, name, old[name])
            ways += made_of is not None
            assert made_of in (None, index(out, name))
        assert stepped(out, name, seen[-2][name]) == index(out, name)
    assert ways > len(INDEXES) * 3, "hardly any way back is told"


def test_nothing_is_made_again_without_a_change(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    first = build(source, out)
    stay = {path: path.stat() for path in out.rglob("*") if path.is_file()}
    for path in source.rglob("*"):
        os.utime(path, (1, 1))
    _wait_for_ticks(source)
    build(source, out)
    again = build(source, out)
    assert (again.read, again.written, again.kept) == (0, 0, first.written)
    for path, about in stay.items():
        assert (path.stat().st_mtime_ns, path.stat().st_ino) == (about.st_mtime_ns, about.st_ino)


def _wait_for_ticks(source: Path) -> None:
    """Until the clock of files is so far on that times of files count."""
    import time

    newest = max(path.stat().st_ctime_ns for path in source.rglob("*"))
    while time.time_ns() < newest + 200_000_000:
        time.sleep(0.05)


def test_only_what_a_change_concerns_is_made(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    build(source, out)
    _wait_for_ticks(source)
    build(source, out)
    folder = revisions(source)[0]
    edit(folder, description="another text")
    before = {name: (out / name).stat().st_ino for name in files_of(out)}
    made = build(source, out)
    changed = {name for name in files_of(out) if before.get(name) != (out / name).stat().st_ino}
    package = folder.parent.name
    expected = ("universe.", "repo-up-to-", "delta/", "index.html", f"site/package/{package}.html")
    assert all(name.startswith(expected) or f"/package/{package}.json" in name for name in changed)
    assert made.read == 1 and made.written == len(changed)


def _package(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "package.json").read_bytes())
    return found


def test_a_file_changed_behind_the_clock_s_back_is_seen(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    plain(source, out)
    _wait_for_ticks(source)
    plain(source, out)
    path = revisions(source)[0] / "package.json"
    about = path.stat()
    text = path.read_text()
    path.write_text(text.replace("support@example.org", "support@example.net"))
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert path.stat().st_size == about.st_size
    plain(source, out)
    assert b"example.net" in (out / "universe.json").read_bytes()


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "flipped": _flip,
    "cut": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2]),
    "empty": lambda path: path.write_bytes(b""),
    "garbage": lambda path: path.write_bytes(b"\x93\x01" * 100),
    "gone": lambda path: path.unlink(),
    "a folder": _replace_by_folder,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_cache_costs_time_only(tmp_path: Path, source: Path, damage: str) -> None:
    out, cache = tmp_path / "out", tmp_path / ".out.build" / "cache"
    build(source, out)
    good = files_of(out)
    kept = sorted(path for path in cache.rglob("*") if path.is_file())
    assert {path.parent.name for path in kept} >= {"cache", "deflated"}
    for path in kept:
        DAMAGES[damage](path)
    build(source, out)
    assert files_of(out) == good
    edit(revisions(source)[3], description="and a change")
    for path in kept:
        if path.is_file():
            DAMAGES[damage](path)
    build(source, out)
    build(source, tmp_path / "scratch")
    assert files_of(out, but=("delta/",)) == files_of(tmp_path / "scratch", but=("delta/",))


def test_the_cache_of_another_version_is_not_used(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    plain(source, out)
    _wait_for_ticks(source)
    plain(source, out)
    assert plain(source, out).read == 0
    monkeypatch.setattr("dcos_universe.building.sources.maker", lambda *modules: "of tomorrow")
    assert plain(source, out).read > 0


@pytest.mark.parametrize("form", ["another code", "a shorter form"])
def test_the_record_of_another_version_is_not_used(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    out, cache = tmp_path / "out", ObjectCache(tmp_path / ".out.build" / "cache")
    plain(source, out)
    good = files_of(out)
    assert plain(source, out).written == 0
    if form == "another code":
        monkeypatch.setattr("dcos_universe.building.builder.maker", lambda *modules: "of tomorrow")
    else:
        # A version that made fewer files of each package.
        record: dict[str, Any] = cache.read("tree", dict[str, Any]) or {}
        for placed in record["packages"].values():
            placed[1] = placed[1][:1]
        cache.write("tree", {**record, "made_by": "of yesterday"})
    made = plain(source, out)
    assert made.kept == 0 and made.written == len(good)
    assert files_of(out) == good
    assert plain(source, out).written == 0


def test_many_processes_build_what_one_builds(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = build(source, tmp_path / "one")
    monkeypatch.setattr("dcos_universe.check.running.MANY", 2)
    monkeypatch.setattr("dcos_universe.check.running._SHARE", 3)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    many = build(source, tmp_path / "many")
    assert files_of(tmp_path / "one") == files_of(tmp_path / "many")
    assert (one.read, one.warnings, one.digests) == (many.read, many.warnings, many.digests)


def test_a_change_of_one_revision_reads_that_one_only(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    monkeypatch.setattr("dcos_universe.check.cache._SETTLED", -(10**15))
    plain(source, out)
    read: list[Path] = []

    def noted(folder: Path) -> reading.Files:
        read.append(folder)
        return gather(folder)

    gather = reading.gather
    for place in ("dcos_universe.reading.gather", "dcos_universe.check.running.gather"):
        monkeypatch.setattr(place, noted)
    folder = max(revisions(source), key=lambda path: len(list(path.parent.iterdir())))
    edit(folder, description="another text")
    plain(source, out)
    assert read == [folder]
    plain(source, tmp_path / "scratch")
    assert files_of(out, but=("delta/",)) == files_of(tmp_path / "scratch", but=("delta/",))


def test_what_was_checked_is_what_is_built(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changes while a build is under way is in it as it was checked, or not at all."""
    out = tmp_path / "out"
    folder = revisions(source)[0]
    before = (folder / "package.json").read_bytes()

    def change_after(*given: Any, **named: Any) -> Any:
        found = check_source(*given, **named)
        edit(folder, description="after the check", version=None)
        return found

    check_source = running.check_source
    monkeypatch.setattr("dcos_universe.building.builder.check_source", change_after)
    plain(source, out)
    (folder / "package.json").write_bytes(before)
    monkeypatch.undo()
    plain(source, tmp_path / "scratch")
    assert files_of(out) == files_of(tmp_path / "scratch")


def test_entries_of_the_tree_of_before_are_held_to_their_digests(tmp_path: Path, source: Path) -> None:
    """Bytes that changed under a size, times and an inode that did not: what needs them reads the source again."""
    out = tmp_path / "out"
    folder = max(revisions(source), key=lambda path: len(list(path.parent.iterdir())))
    plain(source, out)
    for name in ("universe.json", "repo-up-to-1.9.json"):
        about = (out / name).stat()
        content = (out / name).read_bytes()
        (out / name).write_bytes(content.replace(b"support@example.org", b"support@example.net"))
        os.utime(out / name, ns=(about.st_atime_ns, about.st_mtime_ns))
    # All of its entries are wanted for one that is deprecated.
    change(source, lambda states: states.changed(folder.parent.name, int(folder.name), RevisionState(deprecated="no")))
    plain(source, out)
    plain(source, tmp_path / "scratch")
    name = f"2.0/package/{folder.parent.name}.json"
    assert (out / name).read_bytes() == (tmp_path / "scratch" / name).read_bytes()


def test_a_tree_changed_by_another_hand_is_mended(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    build(source, out)
    good = files_of(out)
    for name in ("repo-up-to-2.0.json", "universe.json.gz", "index.html", "universe.content_type"):
        _flip(out / name)
    (out / "site" / "search.js").unlink()
    for path in list(out.glob("*/package/*.json"))[:3]:
        path.write_text("{}")
    (out / "stray").write_text("of somebody")
    build(source, out)
    assert files_of(out) == good


def test_steps_that_were_tampered_with_are_dropped(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    plain(source, out)
    seen = [index(out, "universe")]
    for turn in range(3):
        edit(revisions(source)[0], description=f"turn {turn}")
        plain(source, out)
        seen.append(index(out, "universe"))
    middle = json.loads((out / "delta" / "universe.json").read_bytes())["steps"][1]
    _flip(out / middle["file"])
    edit(revisions(source)[0], description="after it")
    plain(source, out)
    assert [stepped(out, "universe", old) is None for old in seen] == [True, True, False, False]


def test_a_way_back_and_forth_leads_on(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    one = revisions(source)[0]
    texts = ["a", "b", "a", "c", "a", "b"]
    seen = []
    for text in texts:
        edit(one, description=text)
        plain(source, out)
        seen.append(index(out, "universe"))
        assert stepped(out, "universe", seen[-1]) == seen[-1]
        if len(seen) > 1:
            assert stepped(out, "universe", seen[-2]) == seen[-1]


def test_deltas_outlive_the_cache(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    plain(source, out)
    before = index(out, "repo-up-to-2.0")
    shutil.rmtree(tmp_path / ".out.build")
    copy_revision(revisions(source)[0], 999, version="99", minDcosReleaseVersion="1.8")
    plain(source, out)
    assert stepped(out, "repo-up-to-2.0", before) == index(out, "repo-up-to-2.0") != before


def test_a_yanked_revision_stays_in_the_universe_only(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    folder = next(path for path in revisions(source) if _package(path).get("minDcosReleaseVersion", "0") < "2")
    key = folder.parent.name, int(folder.name)
    change(source, lambda states: states.changed(*key, RevisionState(yanked="it loses data")))
    build(source, out)
    held = {name: {(e["name"], e["releaseVersion"]) for e in index(out, name)["packages"]} for name in INDEXES}
    assert [name for name, keys in held.items() if key in keys] == ["universe"]
    assert not any(key[1] in _numbers(path) for path in out.glob(f"*/package/{key[0]}.json"))
    assert "it loses data" in (out / "site" / "package" / f"{key[0]}.html").read_text()
    change(source, lambda states: states.changed(*key, RevisionState()))
    build(source, out)
    assert key in {(e["name"], e["releaseVersion"]) for e in index(out, "repo-up-to-2.0")["packages"]}


def _numbers(path: Path) -> list[int]:
    return [entry["releaseVersion"] for entry in json.loads(path.read_bytes())["packages"]]


def test_a_deprecated_revision_says_so_to_whom_it_is_offered(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    folder = next(path for path in revisions(source) if _package(path).get("minDcosReleaseVersion") == "1.8")
    key = folder.parent.name, int(folder.name)
    change(source, lambda states: states.changed(*key, RevisionState(deprecated="take the other")))
    plain(source, out)
    for name in INDEXES:
        [entry] = [e for e in index(out, name)["packages"] if (e["name"], e["releaseVersion"]) == key]
        assert entry["preInstallNotes"].startswith("DEPRECATED: take the other") is (name != "universe")


def test_a_channel_is_a_tree_of_its_own(tmp_path: Path, source: Path) -> None:
    folder = revisions(source)[0]
    key = folder.parent.name, int(folder.name)
    change(source, lambda states: states.changed(*key, RevisionState(channel="candidate")))
    stable, candidate = plain(source, tmp_path / "stable"), build(source, tmp_path / "all", channel="candidate")
    assert (stable.channel, stable.revisions + 1) == ("stable", candidate.revisions)
    with pytest.raises(UniverseError, match="no channel 'nightly'"):
        build(source, tmp_path / "none", channel="nightly")
    assert not (tmp_path / "none").exists()


def test_what_signing_and_mirroring_made_is_carried_over(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    plain(source, out)
    for name in (
        "metadata/1.root.json",
        "targets/a/b",
        "contents.json",
        "artifacts/x.json",
        "sbom/x/0.cdx.json",
        "blobs/1",
    ):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(name)
    nodes = {path: path.stat().st_ino for path in (out / "metadata").iterdir()}
    edit(revisions(source)[0], description="new")
    plain(source, out)
    assert (out / "targets" / "a" / "b").read_text() == "targets/a/b"
    assert (out / "sbom" / "x" / "0.cdx.json").exists() and (out / "contents.json").exists()
    assert {path: path.stat().st_ino for path in (out / "metadata").iterdir()} == nodes


def test_a_folder_that_is_no_tree_is_not_replaced(tmp_path: Path, source: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "thesis.txt").write_text("years of work")
    with pytest.raises(UniverseError, match="not replaced"):
        plain(source, home)
    assert (home / "thesis.txt").exists()
    file = tmp_path / "file"
    file.write_text("also of somebody")
    with pytest.raises(UniverseError):
        plain(source, file)
    assert file.read_text() == "also of somebody"
    (tmp_path / "empty").mkdir()
    assert plain(source, tmp_path / "empty").written


def test_a_source_with_errors_is_not_built(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    plain(source, out)
    before = files_of(out)
    edit(revisions(source)[0], version="1 2", description=None)
    with pytest.raises(BuildRefused, match="is not built") as caught:
        plain(source, out)
    assert len(caught.value.report.errors) >= 2 and "dcos-universe check" in caught.value.hint
    assert files_of(out) == before and not (tmp_path / ".out.build" / "stage").exists()


def test_warnings_are_refused_where_that_is_asked_for(tmp_path: Path, source: Path) -> None:
    first = revisions(source)[0]
    copy_revision(first, 4711)
    assert plain(source, tmp_path / "out").warnings
    with pytest.raises(BuildRefused, match="is not built"):
        build(source, tmp_path / "strict", strict=True)
    assert not (tmp_path / "strict").exists()


def test_the_source_is_not_built_over(tmp_path: Path, source: Path) -> None:
    for out in (source, source / "packages", source / "packages" / "out", tmp_path):
        with pytest.raises(UniverseError, match=r"cannot be built of|not replaced"):
            plain(source, out)
    assert len(revisions(source)) == 16
    assert plain(source, source / "tree").revisions == 16
    assert plain(source, source / "tree").revisions == 16


def test_a_link_to_a_tree_stays_one(tmp_path: Path, source: Path) -> None:
    plain(source, tmp_path / "real")
    (tmp_path / "link").symlink_to("real")
    edit(revisions(source)[0], description="new")
    made = plain(source, tmp_path / "link")
    assert (tmp_path / "link").is_symlink() and made.out == tmp_path / "real"
    assert b'"description": "new"' in (tmp_path / "real" / "universe.json").read_bytes()


def test_a_second_build_of_a_tree_is_kept_away(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    with room(out), pytest.raises(UniverseError, match="another process") as caught:
        plain(source, out)
    assert str(os.getpid()) in caught.value.why
    assert plain(source, out).written
    with room(tmp_path / "other"):
        plain(source, out)


def test_a_file_system_that_cannot_switch_is_told_before_anything_is_made(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(left: Path, right: Path) -> None:
        raise OSError(22, "Invalid argument", str(left))

    monkeypatch.setattr(rooms, "_exchange", refuse)
    with pytest.raises(UniverseError, match="nothing can be built") as caught:
        plain(source, tmp_path / "out")
    assert "local one" in caught.value.hint
    assert not (tmp_path / "out").exists() and not (tmp_path / ".out.build" / "stage").exists()


def test_files_are_for_everybody_to_read(tmp_path: Path, source: Path) -> None:
    before = os.umask(0o077)
    try:
        build(source, tmp_path / "out")
    finally:
        os.umask(before)
    for path in [tmp_path / "out", *(tmp_path / "out").rglob("*")]:
        assert path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644), path


PIECES = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b", "c", "dd", "e"]), st.integers(0, 2)),
    st.tuples(st.text("xyz", max_size=3), st.sampled_from(["0.0", "1.9", "1.10", "1.13", "999"])),
    max_size=8,
)


def _packages(drawn: dict[tuple[str, int], tuple[str, str]]) -> dict[str, list[Piece]]:
    made: dict[str, list[Piece]] = {}
    for (name, number), (version, minimum) in sorted(drawn.items()):
        entry = {"packagingVersion": "4.0", "name": name, "version": version, "releaseVersion": number}
        revision = Revision.of({**entry, "minDcosReleaseVersion": minimum})
        made.setdefault(name, []).append(Piece.of(revision, offered=revision.entry))
    return made


@given(PIECES, PIECES, st.sampled_from(sorted(INDEXES)))
def test_an_index_put_together_of_the_one_before_is_the_one_made_anew(
    old: dict[tuple[str, int], tuple[str, str]], new: dict[tuple[str, int], tuple[str, str]], name: str
) -> None:
    release = INDEXES[name]
    before, after = _packages(old), _packages(new)
    fetched: list[tuple[str, str]] = []

    def fetch(package: str, number: int) -> bytes:
        [piece] = [one for one in after[package] if one.number == number]
        fetched.append((package, digest_in(piece, release)))
        return piece.bytes_in(release)

    file = index_bytes([piece for pieces in before.values() for piece in pieces], release)
    placed = [{name: Placed.of(tuple(map(Row.of, pieces))) for name, pieces in one.items()} for one in (before, after)]
    parts = list(spliced(name, placed[0], placed[1], fetch))
    made = b"".join(file[part.start : part.stop] if isinstance(part, range) else part for part in parts)
    assert made == index_bytes([piece for pieces in after.values() for piece in pieces], release)
    there = {(one.name, digest_in(one, release)) for pieces in before.values() for one in pieces if one.is_in(release)}
    assert not there & set(fetched), "what is there already was made again"
