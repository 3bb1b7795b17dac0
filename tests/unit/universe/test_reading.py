"""A revision's folder becomes what Universe's generator makes of it, or is refused with file and place."""

from __future__ import annotations

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dcos_universe import reading
from dcos_universe.errors import UniverseError
from dcos_universe.model import Revision
from tests.support.universe.sample import EXPECTED, SAMPLE, needs_sample

PACKAGE: dict[str, Any] = {
    "packagingVersion": "4.0",
    "name": "demo",
    "version": "1.0.0",
    "maintainer": "someone@example.org",
    "description": "A demo.",
    "tags": [],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "packages" / "D" / "demo" / "0"
    made.mkdir(parents=True)
    (made / "package.json").write_text(json.dumps(PACKAGE))
    return made


@needs_sample
def test_every_revision_of_the_sample_reads_as_dcos_generator_has_it() -> None:
    read = [reading.read(folder) for folder in reading.revisions(SAMPLE)]
    expected = json.loads((EXPECTED / "universe.json").read_bytes())["packages"]
    by_name = {(one["name"], one["releaseVersion"]): one for one in expected}
    assert len(read) == len(expected) == 49
    for revision in read:
        # As text: the order of the keys is what user interfaces show options in.
        wanted = by_name[revision.name, revision.release_version]
        assert json.dumps(revision.entry) == json.dumps(wanted), revision


@needs_sample
def test_revisions_come_by_name_and_then_by_number() -> None:
    found = [(folder.parent.name, int(folder.name)) for folder in reading.revisions(SAMPLE)]
    assert found == sorted(found)
    assert ("hello-world", 16) in found and ("hello-world", 400) in found


@needs_sample
@pytest.mark.parametrize("inside", ["", "packages"])
def test_a_repository_is_named_by_its_folder_or_by_its_packages(inside: str) -> None:
    assert reading.packages(SAMPLE / inside).name == "packages"


def test_dcos_checkout_has_its_packages_below_repo(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "packages").rename(tmp_path / "repo" / "packages")
    assert [one.name for one in reading.revisions(tmp_path)] == ["0"]


def test_no_repository_is_told(tmp_path: Path) -> None:
    with pytest.raises(UniverseError, match="no repository"):
        reading.packages(tmp_path)
    with pytest.raises(UniverseError, match="no repository"):
        reading.packages(tmp_path / "absent")


def test_empty_files_vanish_and_odd_ones_are_in_no_output(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    (folder / "resource.json").write_text(" [] ")
    (folder / "command.json").write_text("{ }\n")
    (folder / "marathon.json.mustache").write_bytes(b"")
    (folder / "notes.txt").write_text("ignored")
    assert reading.read(folder).entry == PACKAGE | {"releaseVersion": 0}


def test_a_template_stays_as_its_bytes_are(folder: Path) -> None:
    (folder / "marathon.json.mustache").write_bytes(b'{\r\n"id": "{{x}}"}\t\x0b')
    assert reading.read(folder).template == b'{\r\n"id": "{{x}}"}\t\x0b'


def test_of_repeated_keys_the_last_one_counts(folder: Path) -> None:
    (folder / "config.json").write_text('{"a": 1, "b": 2, "a": {"c": 3, "c": 4}}')
    config = reading.read(folder).config
    assert config == {"a": {"c": 4}, "b": 2} and list(config) == ["a", "b"]


def test_keys_stand_in_the_order_of_the_format(folder: Path) -> None:
    for name in ("command.json", "config.json", "resource.json"):
        (folder / name).write_text('{"x": 1}')
    (folder / "marathon.json.mustache").write_text("{}")
    assert list(reading.read(folder).entry) == [
        *PACKAGE,
        "releaseVersion",
        "resource",
        "marathon",
        "config",
        "command",
    ]


# --- what cannot be read ---------------------------------------------------------------------------------------------


def _link(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def _pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def _socket(path: Path) -> None:
    path.unlink(missing_ok=True)
    here = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def _directory(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize("name", reading.FILES)
@pytest.mark.parametrize(
    ("make", "rule"),
    [(_link, "link"), (_pipe, "device"), (_socket, "device"), (_directory, "device"), (_huge, "huge")],
)
def test_what_is_no_plain_file_of_ordinary_size_is_refused_and_never_waited_for(
    folder: Path, name: str, make: Callable[[Path], None], rule: str
) -> None:
    make(folder / name)
    faults = reading.load(reading.gather(folder)).faults
    assert [(fault.rule, fault.file) for fault in faults] == [(rule, name)]
    with pytest.raises(UniverseError, match=name):
        reading.read(folder)


@pytest.mark.parametrize("make", [_link, _pipe])
def test_links_and_devices_are_refused_under_every_name(folder: Path, make: Callable[[Path], None]) -> None:
    make(folder / "README")
    with pytest.raises(UniverseError, match="README"):
        reading.read(folder)


def test_a_revision_that_is_a_link_is_refused(folder: Path) -> None:
    (folder.parent / "1").symlink_to(folder)
    with pytest.raises(UniverseError, match=r"(?s)D/demo/1.*link"):
        list(reading.revisions(folder.parents[3]))
    with pytest.raises(UniverseError, match="link"):
        reading.read(folder.parent / "1")


@pytest.mark.parametrize(
    ("rule", "path", "text"),
    [
        ("json", (), ""),
        ("json", (), "{"),
        ("json", (), '{"a": 1,}'),
        ("json", (), '{"a": 1} {}'),
        ("json", (), "{'a': 1}"),
        ("json", (), '{"a": "\n"}'),
        ("json", (), '{"a": 01}'),
        ("json", (), "\x00"),
        ("json", (), '{\x00"\x00a\x00"\x00:\x001\x00}\x00'),
        ("ascii", (), '{"a": "é"}'),
        ("ascii", (), '\ufeff{"a": 1}'),
        ("type", (), "[1]"),
        ("type", (), '"text"'),
        ("type", (), "null"),
        ("type", (), "3"),
        ("number", ("a", "b"), '{"a": {"b": NaN}}'),
        ("number", ("a", 1), '{"a": [1, -Infinity]}'),
        ("number", ("a", 0, "b"), '{"a": [{"b": 1e999}]}'),
        ("number", ("a",), '{"a": 99999999999999999999}'),
        ("number", (), '{"a": %s}' % ("9" * 5000)),
        ("number", (), '{"a": NaN, '),
        ("surrogate", ("a",), r'{"a": "\ud800"}'),
        ("surrogate", ("a",), r'{"a": {"\udfff": 1}}'),
        ("depth", (), '{"a":' * 100 + "1" + "}" * 100),
        ("depth", (), '{"a":' * 15_000),
        ("depth", (), '{"a":' + "[" * 9_000 + "]" * 9_000 + "}"),
    ],
)
@pytest.mark.parametrize("name", ["package.json", "config.json", "resource.json", "command.json"])
def test_what_is_no_json_object_is_refused_with_its_place(
    folder: Path, name: str, rule: str, path: tuple[str | int, ...], text: str
) -> None:
    (folder / name).write_text(text)
    faults = reading.load(reading.gather(folder)).faults
    assert [(fault.rule, fault.file, fault.path) for fault in faults] == [(rule, name, path)]
    with pytest.raises(UniverseError, match=name):
        reading.read(folder)


def test_numbers_that_others_can_read_are_read(folder: Path) -> None:
    (folder / "config.json").write_text('{"a": [18446744073709551615, -9223372036854775808, 1e308, 1.0, 0.1, -0]}')
    config = reading.read(folder).config
    assert config is not None
    assert json.dumps(config["a"]) == "[18446744073709551615, -9223372036854775808, 1e+308, 1.0, 0.1, 0]"


def test_a_template_beyond_ascii_is_refused(folder: Path) -> None:
    (folder / "marathon.json.mustache").write_text('{\n"id": "é"}')
    with pytest.raises(UniverseError, match=r"(?s)marathon.json.mustache.*line 2"):
        reading.read(folder)


def test_a_folder_without_package_json_is_refused(folder: Path) -> None:
    (folder / "package.json").unlink()
    with pytest.raises(UniverseError, match=r"(?s)package\.json.*not there"):
        reading.read(folder)


@pytest.mark.parametrize("key", sorted(reading.RESERVED))
def test_keys_of_the_repository_s_entry_may_not_stand_in_package_json(folder: Path, key: str) -> None:
    (folder / "package.json").write_text(json.dumps(PACKAGE | {key: {}}))
    with pytest.raises(UniverseError, match=key):
        reading.read(folder)


@pytest.mark.parametrize("number", ["01", "-1", "1.0", "x", "+1", "1_0", "\u0661", "9" * 19, "9" * 200])
def test_a_revision_is_a_plain_number(folder: Path, number: str) -> None:
    shutil.move(folder, folder.parent / number)
    with pytest.raises(UniverseError, match="number of a revision"):
        list(reading.revisions(folder.parents[3]))
    with pytest.raises(UniverseError, match="number of a revision"):
        reading.read(folder.parent / number)


@pytest.mark.parametrize(
    ("place", "rule"),
    [("d/demo", "letter"), ("DD/demo", "letter"), ("E/demo", "letter"), ("D/Demo", "name"), ("D/demo_", "name")],
)
def test_a_package_lies_under_its_letter_and_its_name(folder: Path, place: str, rule: str) -> None:
    packages = folder.parents[2]
    (packages / place).parent.mkdir(exist_ok=True)
    folder.parent.rename(packages / place)
    assert [fault.rule for fault in reading.layout(packages)[1]] == [rule]
    with pytest.raises(UniverseError):
        list(reading.revisions(packages.parent))


def test_files_beside_the_packages_are_told_and_harmless(folder: Path) -> None:
    (folder.parent / "notes.txt").write_text("")
    (folder.parents[2] / "README.md").write_text("")
    found, faults, stray = reading.layout(folder.parents[2])
    assert (found, faults, stray) == ([("demo", 0, str(folder))], [], ["D/demo/notes.txt"])


def test_faults_are_of_the_type_that_everybody_raises(folder: Path) -> None:
    (folder / "package.json").write_text(json.dumps(PACKAGE | {"version": 3}))
    with pytest.raises(UniverseError, match=r"package\.json"):
        reading.read(folder)


# --- digests ---------------------------------------------------------------------------------------------------------


def test_a_digest_is_that_of_the_bytes_wherever_they_lie(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    before = reading.gather(folder).digest
    moved = folder.parent / "1"
    shutil.copytree(folder, moved)
    assert reading.gather(moved).digest == before
    (moved / "config.json").write_text("{ }")
    assert reading.gather(moved).digest != before
    (folder / "other").write_text("")
    assert reading.gather(folder).digest != before


def test_bytes_do_not_pass_from_one_file_to_another_unseen(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    one = reading.gather(folder).digest
    (folder / "config.json").rename(folder / "resource.json")
    assert reading.gather(folder).digest != one


def test_a_look_changes_with_every_write_and_tells_the_last_one(folder: Path) -> None:
    before, newest = reading.look(folder)
    assert reading.look(folder) == (before, newest)
    assert newest >= (folder / "package.json").stat().st_mtime_ns
    os.utime(folder / "package.json", ns=(1, 1))
    assert reading.look(folder)[0] != before
    assert reading.look(folder / "absent")[1] == 0


def test_revisions_of_equal_entries_are_equal(folder: Path) -> None:
    assert reading.read(folder) == Revision.of(PACKAGE | {"releaseVersion": 0})
