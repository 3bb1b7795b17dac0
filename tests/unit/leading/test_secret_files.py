"""A secret's file that cannot be used is named, with the reason and a remedy; what it holds is not shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcos_runtime.leading.main import Unusable, secret_in


def test_the_secret_is_the_text_without_blanks_around_it(tmp_path: Path) -> None:
    (tmp_path / "s").write_text(" wörd \n")
    assert secret_in("secret_file", tmp_path / "s") == "wörd"


@pytest.mark.parametrize(
    ("content", "why"), [(None, "No such file or directory"), (b"word\xff", "its byte 4 is not UTF-8")]
)
def test_a_file_that_cannot_be_used_is_named_with_the_reason(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "s"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Unusable) as refused:
        secret_in("secret_file", path)
    error = refused.value
    assert (error.what, error.why) == (f"--secret_file={path} cannot be read", why)
    assert error.hint and "word" not in str(error)
