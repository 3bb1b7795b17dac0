"""Folders that others change at the same time are not looked through by what fails when one of them vanishes.

`Path.glob` reads the folders that it has found, one after the other, and fails when one of them is gone by then. That
is so for a pattern with wildcards in more than one part (before Python 3.13). `glob.iglob` and `os.walk` go on.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcos_runtime import durable
from tests.support.documented import ROOT

FOLDERS = ("dcos_runtime", "installer/dcos_installer", "images/dcos_images", "universe/dcos_universe", "roles")
OWN = {
    "images/dcos_images/trees.py": "of a tree that is being built, which nobody else knows",
    "installer/dcos_installer/spec.py": "of the operator's files beside the inventory",
    "universe/dcos_universe/trust/sidecars.py": "of the operator's source",
}
"""Modules that may, and of what."""


def patterns(path: Path) -> Iterator[str]:
    """Of the calls of `Path.glob`: the pattern, with a word where something is put in, or empty if it is not known."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "glob"):
            continue
        match node.args[0]:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=values):
                yield "".join(str(one.value) if isinstance(one, ast.Constant) else "x" for one in values)
            case _:
                yield ""


def fails(pattern: str) -> bool:
    wild = [part for part in pattern.split("/") if set(part) & set("*?[")]
    return not pattern or len(wild) > 1 or "**" in wild


def test_no_module_looks_through_folders_of_others_with_path_glob() -> None:
    found = {
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.py")
        if any(map(fails, patterns(path)))
    }
    assert found == OWN.keys()


def test_what_the_rule_sees() -> None:
    assert [fails(one) for one in ("*.py", "*/attached", "a/b", "*/*/x", "**/*", "", "[0-9]*/?")] == [
        *(False, False, False, True, True, True, True)
    ]


def test_a_private_folder_is_made_while_the_empty_one_above_it_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above, mkdir = tmp_path / "machines", os.mkdir
    left = iter(range(5))

    def removed_at_once(path: os.PathLike[str], mode: int = 0o777) -> None:
        mkdir(path, mode)
        if Path(path) == above and next(left, None) is not None:
            above.rmdir()

    monkeypatch.setattr(os, "mkdir", removed_at_once)
    durable.private_folder(above / "one")
    assert (above / "one").is_dir() and next(left, None) is None
