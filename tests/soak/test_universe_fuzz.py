"""Long fuzzing of packages: `check` never ends with a traceback, and our schemas judge as Universe's do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_universe.validate import FORMS
from tests.support.universe.fuzzing import contents, try_out
from tests.support.universe.judging import NAMES, entries, judge_entry, judge_file, samples
from tests.support.universe.mutations import mutated
from tests.support.universe.sample import needs_sample

pytestmark = pytest.mark.soak


@settings(max_examples=20_000)
@given(files=contents())
def test_any_bytes_in_any_file_are_findings_at_worst(files: dict[str, bytes]) -> None:
    try_out(files)


def _changed(value: Any, data: st.DataObject) -> Any:
    for _ in range(data.draw(st.integers(1, 5))):
        value = mutated(value, data.draw)
    return value


@needs_sample
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=3_000)
@given(data=st.data())
def test_files_are_judged_as_by_dcos_schemas(name: str, data: st.DataObject) -> None:
    judge_file(name, _changed(data.draw(st.sampled_from(samples(name))), data))


@needs_sample
@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=3_000)
@given(data=st.data())
def test_entries_are_judged_as_by_dcos_schemas(form: str, data: st.DataObject) -> None:
    judge_entry(form, _changed(data.draw(st.sampled_from(entries())), data))
