"""An option of a command line is declared once: verbs that have the same one share its declaration.

Flags of daemons: see test_flags.py.
"""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from tests.support.documented import ROOT

PROGRAMS = {
    "dcos": "dcos_runtime/cli",
    "dcos-installer": "installer/dcos_installer",
    "dcos-universe": "universe/dcos_universe",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_option_is_declared_once(program: str) -> None:
    """Name, type, default and help together are the option: ``--json`` of two verbs that print different things are
    two.
    """
    declared: Counter[str] = Counter()
    for path in (ROOT / PROGRAMS[program]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("click.option", "click.Option"):
                declared[ast.unparse(node)] += 1
    assert len(declared) > 20
    assert [option for option, count in declared.items() if count != 1] == []
