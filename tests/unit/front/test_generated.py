"""The tables in docs/ that are made from declarations are those that are made from them today."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import documented, generated

TABLES = generated.tables()


@pytest.mark.parametrize("document", TABLES, ids=lambda path: path.name)
def test_a_generated_table_is_up_to_date(document: Path) -> None:
    assert document.read_text() == TABLES[document], f"run {generated.COMMAND}"


def test_the_pages_with_a_table_name_the_command_that_writes_it() -> None:
    for document in (*TABLES, documented.ROOT / "docs" / "architecture.md"):
        assert generated.COMMAND in document.read_text(), document


def test_a_table_is_replaced_whole_and_only_where_there_is_one() -> None:
    made = "| a | b |\n| --- | --- |\n| 1 | 2 |\n"
    old = "| a | b |\n| --- | --- |\n| 1 | 1 |\n| 2 | 2 |\n"
    assert generated.replaced(f"x\n\n{old}\ny | z\n", made) == f"x\n\n{made}\ny | z\n"
    for text in ("| a | c |\n| --- | --- |\n", f"{old}\n{old}"):
        with pytest.raises(ValueError, match="expected one table"):
            generated.replaced(text, made)
