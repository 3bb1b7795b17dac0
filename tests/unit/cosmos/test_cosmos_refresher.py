"""What was fetched of a repository lies on disk with the verdict on each entry, which is passed once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.cosmos import refresher
from dcos_runtime.cosmos.core.catalog import REFUSED, TAKEN
from tests.support.cosmos.packages import entry

GOOD, BAD = entry("good"), entry("bad", version="1 0")


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The entries that were held to the rules."""
    found: list[Any] = []

    def why_not(one: Any) -> str:
        found.append(one)
        return "no" if one == BAD else ""

    monkeypatch.setattr(refresher, "why_not", why_not)
    return found


def _write(folder: Path, *entries: Any, signed: bool = False) -> str:
    return refresher._write(folder, list(entries), signed=signed)


def test_an_entry_is_looked_at_once(tmp_path: Path, looked_at: list[Any]) -> None:
    first = _write(tmp_path, GOOD, BAD)
    assert looked_at == [GOOD, BAD]
    assert [line[:1] for line in refresher.written(tmp_path)] == [TAKEN, REFUSED]
    assert _write(tmp_path, GOOD, BAD) == first == refresher.written_digest(tmp_path, signed=False)
    assert looked_at == [GOOD, BAD]
    new = entry("new")
    second = _write(tmp_path, GOOD, BAD, new)
    assert second != first and looked_at == [GOOD, BAD, BAD, new]


def test_other_rules_look_at_all_again(tmp_path: Path, looked_at: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    _write(tmp_path, GOOD)
    monkeypatch.setattr(refresher, "checker", lambda: "another version")
    _write(tmp_path, GOOD)
    assert looked_at == [GOOD, GOOD]


def test_what_was_not_signed_is_not_taken_for_it(tmp_path: Path, looked_at: list[Any]) -> None:
    _write(tmp_path, GOOD)
    with pytest.raises(OSError, match="was not signed"):
        refresher.written_digest(tmp_path, signed=True)
    _write(tmp_path, GOOD, signed=True)
    assert refresher.written_digest(tmp_path, signed=True)


def test_a_file_of_another_version_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / refresher.ENTRIES).write_text(f"{'0' * 64} signed\n{json.dumps(GOOD)}\n")
    with pytest.raises(OSError, match="another version"):
        refresher.written_digest(tmp_path, signed=False)
    digest = _write(tmp_path, GOOD)
    assert digest == refresher.written_digest(tmp_path, signed=False)


def test_values_that_are_no_json_are_refused_by_themselves(tmp_path: Path) -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    _write(tmp_path, GOOD, {**GOOD, "config": deep}, entry("other", lastUpdated=float("inf")))
    lines = list(refresher.written(tmp_path))
    assert [line[:1] for line in lines] == [TAKEN, REFUSED, REFUSED]
    assert all(json.loads(line[1:]) for line in lines)
