"""Long fuzzing of packages: `check` never ends with a traceback, and our schemas judge as Universe's do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.universe.fuzzing import contents, try_out
from tests.support.universe.judging import ENTRIES, ORIGINALS, REPOSITORIES, SAMPLES, judge_entry, judge_file
from tests.support.universe.mutations import mutated

pytestmark = pytest.mark.soak


@settings(max_examples=20_000)
@given(files=contents())
def test_any_bytes_in_any_file_are_findings_at_worst(files: dict[str, bytes]) -> None:
    try_out(files)


def _changed(value: Any, data: st.DataObject) -> Any:
    for _ in range(data.draw(st.integers(1, 5))):
        value = mutated(value, data.draw)
    return value


@pytest.mark.parametrize("name", ORIGINALS)
@settings(max_examples=3_000)
@given(data=st.data())
def test_files_are_judged_as_by_the_original_s_schemas(name: str, data: st.DataObject) -> None:
    judge_file(name, _changed(data.draw(st.sampled_from(SAMPLES[name])), data))


@pytest.mark.parametrize("form", REPOSITORIES)
@settings(max_examples=3_000)
@given(data=st.data())
def test_entries_are_judged_as_by_the_original_s_schemas(form: str, data: st.DataObject) -> None:
    judge_entry(form, _changed(data.draw(st.sampled_from(ENTRIES)), data))
