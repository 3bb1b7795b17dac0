"""Tables, JSON and texts from servers."""

from __future__ import annotations

import json

import pytest

from dcos_runtime.cli.output import clean, number, print_json, print_table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web", "web"),
        ("naïve 名前", "naïve 名前"),
        ("\x1b[2Jgone", r"\x1b[2Jgone"),
        ("two\nlines\r", r"two\x0alines\x0d"),
        ("\x9b31mred\x7f", r"\x9b31mred\x7f"),
        ("abc\u202etxt.exe", r"abc\u202etxt.exe"),
        ("half\udce9", r"half\udce9"),
    ],
)
def test_what_could_steer_a_terminal_is_written_out(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_a_table_in_a_pipe_is_aligned_uncut_and_has_no_blank_cells(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("NAME", "ID"), [("web", "x" * 300), ("", "y"), ("名前", "z")])
    assert capsys.readouterr().out.splitlines() == ["NAME   ID", "web    " + "x" * 300, "-      y", "名前   z"]


def test_json_keeps_its_meaning_and_is_harmless_for_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"id": "/a", "cmd": "\x1b[2J\x9b\u202e名前\n"}
    print_json(value)
    text = capsys.readouterr().out
    assert json.loads(text) == value
    assert "\x9b" not in text and "\u202e" not in text and "\x1b" not in text


@pytest.mark.parametrize(
    ("value", "shown"), [(4.0, "4"), (0.1, "0.1"), (1.25, "1.25"), (0.1 + 0.2, "0.3"), (0.0, "0"), (100.0, "100")]
)
def test_quantities_carry_no_noise(value: float, shown: str) -> None:
    assert number(value) == shown
