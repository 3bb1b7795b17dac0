"""Folders that others change at the same time are not looked through by what fails when one of them vanishes.

`Path.glob` reads the folders that it has found, one after the other, and fails when one of them is gone by then. That
is so for a pattern with wildcards in more than one part (before Python 3.13). `glob.iglob` and `os.walk` go on.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterator
from pathlib import Path

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


def test_a_private_folder_is_made_while_the_empty_one_above_it_is_removed(tmp_path: Path) -> None:
    above = tmp_path / "machines"
    over = threading.Event()

    def remove() -> None:
        while not over.is_set():
            try:
                above.rmdir()
            except OSError:
                continue

    thread = threading.Thread(target=remove)
    thread.start()
    try:
        for number in range(300):
            durable.private_folder(above / str(number))
            assert (above / str(number)).is_dir()
            (above / str(number)).rmdir()
    finally:
        over.set()
        thread.join()
