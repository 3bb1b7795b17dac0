"""No package costs `check` more than a second or so, whatever its files hold: told by work that is counted."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from dcos_universe import reading, validate
from dcos_universe.check.revision import MAX_TOLD, check_revision
from dcos_universe.reading import MAX_BYTES
from dcos_universe.validate import Schema
from tests.support.universe.costly import Case, costly
from tests.support.universe.sample import SAMPLE, needs_sample

MAX_LINES = 4_000_000
"""Lines of Python: with nothing but these, half a second of an old machine."""
CASES = dict(costly())


class Work:
    """Counts lines that are executed; C code runs over files of bounded size once for each of them at most."""

    def __init__(self) -> None:
        self.lines = 0

    def __call__(self, frame: FrameType, event: str, argument: Any) -> Work:
        if event == "line":
            self.lines += 1
            if self.lines > MAX_LINES:
                where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
                raise AssertionError(f"more than {MAX_LINES} lines, and still busy at {where}")
        return self


def work_of(folder: Path) -> int:
    """Of checking a revision."""
    work, before = Work(), sys.gettrace()
    sys.settrace(work)
    try:
        check_revision(folder)
    finally:
        sys.settrace(before)
    return work.lines


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.soak if number % 4 else ()) for number, name in enumerate(CASES)]
)
def test_no_package_takes_more_work_than_there_is_for_one(tmp_path: Path, name: str) -> None:
    make: Case = CASES[name]
    place = make().write(tmp_path)
    assert all(file.stat().st_size <= MAX_BYTES for file in place.iterdir())
    assert work_of(place) <= MAX_LINES
    findings = check_revision(place).findings
    for finding in findings:
        assert len(finding.what) < 600
        assert len(finding.place) < 70 * 600
    kinds = {(one.file, one.rule) for one in findings}
    assert len(findings) <= len(kinds) * (MAX_TOLD + 1)


@needs_sample
def test_ordinary_packages_take_a_small_part_of_it() -> None:
    most = max(work_of(folder) for folder in reading.revisions(SAMPLE))
    assert most < MAX_LINES / 10


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": "[ab]*a[ab]{200}c"}, "ab" * 40_000),
        ({"pattern": "(?=[ab]*a[ab]{200}c)x"}, "ab" * 1000),
        ({"allOf": [{"pattern": "(?=[ab]*a[ab]{%d}c)x" % at} for at in range(90)]}, "ab" * 100),
        ({"patternProperties": {"[ab]*a[ab]{200}c": {}}}, {"ab" * 40_000: 1}),
        ({"items": {"required": [f"a{at}" for at in range(2000)]}}, [{}] * 2000),
        ({"items": {"dependencies": {"a": [f"a{at}" for at in range(2000)]}}}, [{"a": 1}] * 2000),
        ({"allOf": [{"uniqueItems": True}] * 1000}, [["a" * 1000]] * 2),
        ({"properties": {"k" * 3000: {"properties": {"k" * 3000: {"type": "string"}}}}}, {"k" * 3000: {"k" * 3000: 1}}),
    ],
)
def test_the_library_is_not_asked_what_would_cost_too_much(schema: dict[str, Any], value: Any) -> None:
    assert [one.keyword for one in Schema(schema).errors(value)] == ["cost"]


@pytest.mark.parametrize(
    ("pattern", "value", "keywords"),
    [
        ("^(?!.*--)[a-z][a-z-]*$", "a-name-of-some-length", []),
        ("^(?!.*--)[a-z][a-z-]*$", "a--name", ["pattern"]),
        ("^(?=.*[A-Z])(?=.*[0-9]).{8,}$", "Passw0rd of eighty characters" * 3, []),
        ("^(a|b)\\1$", "aa", []),
        ("^\\S+$", "x" * 20_000, []),
    ],
)
def test_patterns_that_look_around_are_held_against_ordinary_values(
    pattern: str, value: str, keywords: list[str]
) -> None:
    assert [one.keyword for one in Schema({"pattern": pattern}).errors(value)] == keywords


def test_of_many_mismatches_the_first_are_told_and_the_rest_counted() -> None:
    found = Schema({"items": {"type": "string"}}).errors([1] * 1000)
    assert len(found) == validate.LISTED + 1
    assert found[-1].message == f"and {1000 - validate.LISTED} more"
