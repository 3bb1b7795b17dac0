"""What repository files hold: the rules of Universe's generator, and equality with what it wrote itself."""

from __future__ import annotations

import json
import random
from hashlib import sha256
from typing import Any

import pytest

from dcos_universe.errors import UniverseError
from dcos_universe.index.files import (
    INDEXES,
    RELEASES,
    EntryEncoder,
    content_type,
    encode,
    legacy,
    media_version,
    numbers,
)
from dcos_universe.model import Revision
from tests.support.universe import sample
from tests.support.universe.reference import files, repository


def revision(**changes: Any) -> Revision:
    entry = {"packagingVersion": "4.0", "name": "toy", "version": "1", "releaseVersion": 0, **changes}
    return Revision.of({key: value for key, value in entry.items() if value is not None})


@sample.needs_sample
def test_the_sample_is_made_byte_for_byte() -> None:
    made = dict(files(sample.revisions()))
    assert {name: sha256(content).hexdigest() for name, content in made.items()} == sample.digests()


@sample.needs_sample
@pytest.mark.parametrize("path", sorted(sample.EXPECTED.glob("*.json")), ids=lambda path: path.name)
def test_each_file_of_the_sample_means_the_same(path: Any) -> None:
    made = dict(files(sample.revisions()))
    assert json.loads(made[path.name]) == json.loads(path.read_bytes())
    assert made[f"{path.stem}.content_type"] == path.with_suffix(".content_type").read_bytes()


@sample.needs_sample
@pytest.mark.parametrize("name", INDEXES)
def test_an_index_decoded_is_the_file(name: str) -> None:
    made = repository(sample.revisions(), INDEXES[name])
    assert encode(made) == (sample.EXPECTED / f"{name}.json").read_bytes()


@sample.needs_sample
def test_the_order_of_reading_does_not_matter() -> None:
    shuffled = sample.revisions()
    random.Random(7).shuffle(shuffled)
    assert dict(files(shuffled)) == dict(files(sample.revisions()))


@pytest.mark.parametrize(
    ("less", "more"),
    [("1.9", "1.10"), ("1.9", "1.9.0"), ("0.0", "1.8"), ("2.0", "999"), ("1.13", "2.0"), ("2.0", "2.0.1")],
)
def test_releases_are_compared_part_by_part(less: str, more: str) -> None:
    assert numbers(less) < numbers(more)


@pytest.mark.parametrize("wrong", ["", "1.", "v1", "1.9\n", "١.٩", "1.9-dev", "1..9", "9" * 20])
def test_what_is_no_release_is_refused(wrong: str) -> None:
    with pytest.raises(UniverseError, match="no release"):
        numbers(wrong)


def test_media_types_follow_the_release() -> None:
    assert [media_version(release) for release in RELEASES] == ["v3", "v3", "v4", "v4", "v5", "v5", "v5"]
    assert content_type(None) == "application/vnd.dcos.universe.repo+json;charset=utf-8;version=v5"
    with pytest.raises(UniverseError, match=r"DC/OS 1\.7"):
        content_type("1.7")


def escaped(text: str) -> str:
    old = legacy({"packagingVersion": "2.0", "config": {"properties": {"one": {"type": "string", "default": text}}}})
    default: str = old["config"]["properties"]["one"]["default"]
    return default


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ('[["a", "b"]]', r"[[\"a\", \"b\"]]"),
        ('"begins', '"begins'),
        ('x"""', r'x\""\"'),
        (r"x\"y", r"x\"y"),
        ('line\n"', 'line\n\\"'),
        ("plain", "plain"),
    ],
)
def test_a_quote_is_escaped_as_upstream_does(text: str, old: str) -> None:
    assert escaped(text) == old


def test_only_the_schema_s_own_properties_are_escaped() -> None:
    quoted = 'a "b"'
    inner = {"type": "string", "default": quoted, "description": quoted}
    config: dict[str, Any] = {
        "description": quoted,
        "definitions": {"one": inner},
        "properties": {
            "deep": {"type": "object", "description": quoted, "properties": {"one": inner}},
            "list": {"type": "array", "items": inner, "properties": {"one": inner}},
            "number": {"type": "number", "default": 1},
            "odd": quoted,
        },
    }
    given = json.loads(json.dumps(config))
    made = legacy({"packagingVersion": "3.0", "config": config})["config"]
    assert config == given, "what was given is changed"
    once = {"type": "string", "default": r"a \"b\"", "description": r"a \"b\""}
    assert made["properties"]["deep"] == {"type": "object", "description": r"a \"b\"", "properties": {"one": once}}
    for same in ("description", "definitions"):
        assert made[same] == config[same]
    for same in ("list", "number", "odd"):
        assert made["properties"][same] == config["properties"][same]


def test_old_files_lose_what_they_have_no_room_for() -> None:
    new = revision(upgradesFrom=["*"], downgradesTo=[], minDcosReleaseVersion="1.8")
    [old] = repository([new], "1.8")["packages"]
    assert old["packagingVersion"] == "3.0" and "upgradesFrom" not in old and "downgradesTo" not in old
    assert repository([new], "1.10")["packages"] == [new.entry]
    for version in ("2.0", "3.0"):
        assert repository([revision(packagingVersion=version)], "1.8")["packages"][0]["packagingVersion"] == version


@pytest.mark.parametrize(
    ("minimum", "manager", "refused"),
    [("1.9", True, "1.9"), ("1.8", False, "1.11"), ("1.11", True, "1.11"), ("1.12", True, None), ("999", True, None)],
)
def test_what_makes_a_file_invalid_is_refused(minimum: str, manager: bool, refused: str | None) -> None:
    new = revision(
        packagingVersion="5.0",
        minDcosReleaseVersion=minimum,
        manager={"packageName": "boss"} if manager else None,
    )
    if refused is None:
        assert dict(files([new]))
        return
    with pytest.raises(UniverseError, match=f"repo-up-to-{refused}") as caught:
        dict(files([new]))
    assert "minDcosReleaseVersion" in caught.value.hint


def test_a_revision_twice_is_refused() -> None:
    with pytest.raises(UniverseError, match="revision 0 of toy is there twice"):
        dict(files([revision(), revision(version="2")]))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(UniverseError, match="cannot be written as JSON"):
        dict(files([revision(config={"properties": {"x": {"default": float("nan")}}})]))


def test_files_are_ascii_without_an_end_of_line() -> None:
    made = dict(files([revision(description="größer \U0001f600 \ud800")]))
    assert all(content.isascii() and not content.endswith(b"\n") for content in made.values())
    assert made["repo-empty-v3.json"] == b'{"packages": []}'


@sample.needs_sample
def test_entries_one_after_the_other_are_what_each_is_by_itself() -> None:
    """Options of the revision before are encoded once: whatever comes after what, the bytes are the plain ones."""
    configs: list[Any] = [None, {}, {"type": "object"}, {"properties": {"a": {"description": 'say "no"', "type": "x"}}}]
    entries = [found.entry for found in sample.revisions()]
    for config in configs:
        for packaging in ("2.0", "4.0"):
            head = {"packagingVersion": packaging, "name": "toy", "version": '"1"', "releaseVersion": 3}
            entries += [
                head if config is None else {**head, "config": config},
                {**head, "upgradesFrom": ["*"], "config": config, "command": {"pip": ["a"]}},
                {"config": config, **head},
            ]
    random.Random(5).shuffle(entries)
    encoder = EntryEncoder()
    for entry in (one for each in entries for one in (each, each)):
        assert encoder.entry(entry) == json.dumps(entry).encode()
        assert encoder.legacy(entry) == json.dumps(legacy(entry)).encode()
