"""What programs print: by rich, where in a pipe each line stays whole; and sizes, by the unit they are counted in."""

from __future__ import annotations

import ast
import io
import re
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


DECIMAL = re.compile(r"(?<![A-Za-z_])[KMGT]B\b")
BESIDE_MESOS = re.compile(r"(?<=\s)[KMGT]B\b")
"""The same where sizes as Mesos writes them are right, in flags and messages: `64MB`, of powers of 1024, there too."""


def decimal_units(source: str, of: re.Pattern[str] = DECIMAL) -> list[int]:
    """The lines of texts in code that give a size by a unit of 1000."""
    if not of.search(source):
        return []
    texts = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return [node.lineno for node in texts if isinstance(node.value, str) and of.search(node.value)]


def test_sizes_of_powers_of_1024_are_given_in_kib_mib_and_gib() -> None:
    """Only the bar of a copy, which is drawn by rich, counts in powers of 1000, and says so: it has MB and MB/s."""
    found = {
        str(path.relative_to(ROOT)): wrong
        for folder in (*FOLDERS, "universe/programs")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (wrong := decimal_units(path.read_text(), BESIDE_MESOS if folder == "dcos_runtime" else DECIMAL))
    }
    for folder in ("roles", "images/definitions"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix not in (".py", ".pyc"):
                lines = path.read_text().splitlines()
                text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
                if DECIMAL.search(text):
                    found[str(path.relative_to(ROOT))] = []
    assert found == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("f'{size >> 20} MB'", True),
        ("'in MB'", True),
        ("log.info('%d GB', x)", True),
        ('"""Of 4 KB."""', True),
        ("f'{size >> 20} MiB'", False),
        ("'LEAST_DISK_MB='", False),
    ],
)
def test_a_decimal_unit_is_found(source: str, found: bool) -> None:
    assert bool(decimal_units(source)) is found
    assert bool(decimal_units(source, BESIDE_MESOS)) is found


@pytest.mark.parametrize("source", ["f'less memory ({said}MB) than'", "'2048MB'", "{'MB': 1 << 20}"])
def test_the_form_of_mesos_is_left_alone_in_the_runtime_only(source: str) -> None:
    assert decimal_units(source) and not decimal_units(source, BESIDE_MESOS)
