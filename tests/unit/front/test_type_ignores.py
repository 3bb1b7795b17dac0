"""Each type error that is ignored names its kind, and has a reason."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

from tests.support.documented import ROOT

FOLDERS = ("dcos_runtime", "installer", "images", "universe", "roles", "tests")
IGNORED = re.compile(r"# type: ignore")
EXPLAINED = re.compile(r"# type: ignore\[[a-z, -]+\]  (?:# noqa: \w+  )?# (?!noqa)\S.*")


def unexplained(text: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT and IGNORED.search(token.string) and not EXPLAINED.match(token.string):
            yield token.start[0], token.string


def test_every_ignored_type_has_its_code_and_its_reason() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {comment}"
        for folder in FOLDERS
        for path in sorted(Path(ROOT / folder).rglob("*.py"))
        if IGNORED.search(text := path.read_text())
        for line, comment in unexplained(text)
    ]
    assert found == [], "write `# type: ignore[code]  # why`, or better, do without"


def test_a_reason_is_asked_for() -> None:
    text = "a = 1  # type: ignore\nb = 1  # type: ignore[misc]\nc = 1  # type: ignore[misc]  # mypy infers none\n"
    assert [line for line, _ in unexplained(text)] == [1, 2]
