"""Whatever the files of a package hold, `check` ends, with findings and without a traceback."""

from __future__ import annotations

from hypothesis import given, settings

from tests.support.universe.fuzzing import contents, try_out


@settings(max_examples=60)
@given(files=contents())
def test_any_bytes_in_any_file_are_findings_at_worst(files: dict[str, bytes]) -> None:
    try_out(files)
