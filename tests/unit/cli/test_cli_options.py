"""Options that several commands have are declared once, and are on each of them."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

import dcos_runtime.cli
from tests.support.cli.fake_cluster import Result

ROOT = Path(dcos_runtime.cli.__file__).parent
SHARED = ("--yes", "--plan", "--wait/--no-wait", "--timeout")


def test_each_is_declared_in_one_place() -> None:
    found: Counter[str] = Counter()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "option":
                found.update(one.value for one in node.args if isinstance(one, ast.Constant) and one.value in SHARED)
    assert found == dict.fromkeys(SHARED, 1)


@pytest.mark.parametrize(
    ("command", "seconds"),
    [("package install", 600), ("package upgrade", 600), ("marathon app scale", 600), ("marathon run", 300)],
)
def test_they_are_on_every_command_that_changes_something(
    command: str, seconds: int, dcos: Callable[..., Result]
) -> None:
    found = " ".join(dcos(*command.split(), "--help").out.split())
    wanted = ["--wait / --no-wait Return when", f"[default: {seconds}.0"]
    wanted += ["--yes Ask nothing.", "--plan Show what would be done, and do nothing."] * command.startswith("package")
    assert [one for one in wanted if one not in found] == [], found
