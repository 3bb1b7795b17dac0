"""An entry of a repository is held to the rules of `check`: what that refuses is refused in it, and nothing else."""

from __future__ import annotations

import base64
import copy
import json
from typing import Any

import pytest

from dcos_universe.check.entry import errors_of, why_not
from dcos_universe.reading import RESERVED
from tests.support.universe.broken import broken
from tests.support.universe.sample import SAMPLE, needs_sample
from tests.support.universe.sources import NUMBER, Broken, Source, good

_OF_FOLDERS = {"name", "link", "device", "huge", "ascii", "json", "depth", "number", "missing-file", "revision"}
"""Rules for what an entry does not have: folders, files and their bytes."""


def _entry(source: Source) -> dict[str, Any]:
    made = copy.deepcopy(source.package) | {"releaseVersion": NUMBER}
    for key, document in (("config", source.config), ("resource", source.resource), ("command", source.command)):
        if document is not None:
            made[key] = copy.deepcopy(document)
    if source.template:
        made["marathon"] = {"v2AppMustacheTemplate": base64.b64encode(source.template.encode()).decode()}
    return made


_CASES = [
    one
    for one in broken()
    if not one.source.files.keys() - {"digests.json"}
    and one.source.after is None
    and "digests.json" not in one.file
    and one.rule not in _OF_FOLDERS
    and not RESERVED & one.source.package.keys()
]


@pytest.mark.parametrize("packaging", ["2.0", "3.0", "4.0", "5.0"])
def test_a_good_entry_is_taken(packaging: str) -> None:
    assert errors_of(_entry(good(packaging))) == []


def test_there_are_cases_of_every_part() -> None:
    assert len(_CASES) > 150
    files = {"package.json", "config.json", "resource.json", "command.json", "marathon.json.mustache"}
    assert {one.file.rpartition("/")[2] for one in _CASES} == files


@pytest.mark.parametrize("case", _CASES, ids=str)
def test_what_check_refuses_is_refused_in_an_entry(case: Broken) -> None:
    found = errors_of(_entry(case.source))
    part: dict[str, tuple[str, ...]] = {
        "config.json": ("config",),
        "resource.json": ("resource",),
        "command.json": ("command",),
    }
    above: tuple[str, ...] = part.get(case.file.rpartition("/")[2], ())
    if case.file.endswith(".mustache"):
        above = ("marathon", "v2AppMustacheTemplate")
    if case.rule == "forbidden-file":
        assert [one.path for one in found] == [("command",)]
    else:
        assert (*above, *case.path) in [one.path for one in found], found
    assert why_not(_entry(case.source))
    assert all(len(one.what) < 600 for one in found)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"releaseVersion": 10**40}, ("releaseVersion",)),
        ({"releaseVersion": -1}, ("releaseVersion",)),
        ({"releaseVersion": True}, ("releaseVersion",)),
        ({"releaseVersion": "3"}, ("releaseVersion",)),
        ({"releaseVersion": float("inf")}, ("releaseVersion",)),
        ({"version": "1" * 100_000}, ("version",)),
        ({"description": "\ud800"}, ("description",)),
        ({"description": float("nan")}, ("description",)),
        ({"config": {"type": "object", "x": 10**40}}, ("config", "x")),
        ({"name": "../../etc"}, ("name",)),
        ({"marathon": {"v2AppMustacheTemplate": "no base64"}}, ("marathon", "v2AppMustacheTemplate")),
        ({"marathon": {"v2AppMustacheTemplate": "e30"}}, ("marathon", "v2AppMustacheTemplate")),
        ({"marathon": 5}, ("marathon",)),
        ({"marathon": {"v2AppMustacheTemplate": 5}}, ("marathon", "v2AppMustacheTemplate")),
        ({"resource": None}, ("resource",)),
        ({"more": 1}, ("more",)),
    ],
)
def test_what_only_an_entry_can_have(change: dict[str, Any], path: tuple[str, ...]) -> None:
    (found,) = errors_of(_entry(good()) | change)
    assert found.path == path and found.what and found.remedy
    assert why_not(_entry(good()) | change).startswith("/" + "/".join(path))


@pytest.mark.parametrize("depth", [100, 100_000])
def test_an_entry_of_any_depth_is_refused(depth: int) -> None:
    deep: dict[str, Any] = {}
    here = deep
    for _ in range(depth):
        here["a"] = {}
        here = here["a"]
    assert [one.path[0] for one in errors_of(_entry(good()) | {"config": deep})] == ["config"]


@pytest.mark.parametrize("value", [None, 5, "x", [], {}])
def test_what_is_no_entry_at_all_is_refused(value: object) -> None:
    assert why_not(value)


@needs_sample
def test_every_entry_of_the_sample_is_taken() -> None:
    for file in sorted(SAMPLE.rglob("*.json")):
        document = json.loads(file.read_bytes())
        for entry in document.get("packages", ()) if isinstance(document, dict) else ():
            assert why_not(entry) == "", file
