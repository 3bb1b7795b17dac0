"""What programs print by rich: in a pipe each line stays whole."""

from __future__ import annotations

import ast
import io
import sys
from pathlib import Path

import pytest
from rich.table import Table

from dcos_installer.cli import _print_status
from dcos_installer.status import ClusterStatus
from dcos_runtime import printing
from tests.support.documented import ROOT

FOLDERS = ("dcos_runtime", "installer/dcos_installer", "images/dcos_images", "universe/dcos_universe")
OTHERS = {
    "dcos_runtime/printing.py": "the one",
    "dcos_runtime/cli/output.py": "on a terminal only; it wraps nothing either",
    "installer/dcos_installer/cli.py": "the report of a run that is drawn anew, on a terminal only",
}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_in_a_pipe_nothing_is_wrapped_and_on_a_terminal_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    long = "run: " + "dcos-installer repair [red]m1[/red] :smile: " * 40
    for stream, lines in ((io.StringIO(), 4), (Terminal(), None)):
        monkeypatch.setattr(sys, "stdout", stream)
        table = Table("column", box=None)
        table.add_row(long.strip())
        console = printing.console()
        console.print(long.strip())
        console.print(table)
        console.print("end")
        output = stream.getvalue().splitlines()
        assert (len(output) == lines) if lines else (len(output) > 20)
        assert lines is None or (output[0] == output[2].strip() == long.strip())


def test_status_prints_each_problem_on_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    problem = f"damaged; run: dcos-installer repair {tmp_path}/{'inventory ' * 60}.ini"
    found = ClusterStatus("lab", "static", "c1", (), {}, (), problems=(problem,))
    monkeypatch.setattr(sys, "stdout", stream := io.StringIO())
    _print_status(found)
    assert f"problem: {problem}" in stream.getvalue().splitlines()


def test_every_program_takes_the_one_console_for_its_standard_output() -> None:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Console":
                    assert name in OTHERS or "stderr=True" in ast.unparse(node), f"{name}: {ast.unparse(node)}"
