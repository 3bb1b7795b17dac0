"""Whatever ends a daemon's start, or a command of `dcos`, says what happened, why, and what to do about it."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest

import dcos_runtime
from dcos_runtime.cli.errors import FAILURE, USAGE, CliError
from dcos_runtime.errors import Explained, explain

ROOT = Path(dcos_runtime.__file__).parent
HANDLERS = [*(path for path in ROOT.glob("*/main.py") if path.parent.name != "cli"), ROOT / "leading" / "seat.py"]
"""Where errors become what a person reads."""


def explained() -> list[type[Explained]]:
    """Every kind, in every module."""
    for module in pkgutil.walk_packages([str(ROOT)], "dcos_runtime."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: list[type[Explained]] = []
    waiting: list[type[Explained]] = [Explained]
    while waiting:
        below = waiting.pop().__subclasses__()
        found += below
        waiting += below
    return [kind for kind in found if kind.__module__.startswith("dcos_runtime.")]


def handlers(path: Path) -> list[ast.ExceptHandler]:
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ExceptHandler)]


def test_every_kind_of_error_has_a_hint() -> None:
    kinds = explained()
    assert len(kinds) > 8
    for kind in kinds:
        assert kind.usual_hint and kind.__doc__, kind
        if kind.__init__ is not Explained.__init__:
            continue  # it makes its own words
        assert explain(kind("x broke")) == f"x broke; {kind.usual_hint}"
        found = kind("x broke", why="it is old", hint="make another")
        assert explain(found) == str(found) == "x broke: it is old; make another"
        assert str(kind("x broke", why="it is old")) == "x broke: it is old", "it may be a part of another line"


def test_what_reaches_a_daemons_main_is_explained() -> None:
    """Every handler there that ends the process catches only what `explain` knows what to say of."""
    known = {kind.__name__ for kind in explained()} | {"OSError"}
    looked_at = 0
    for path in HANDLERS:
        for handler in handlers(path):
            text = ast.unparse(handler)
            if "explain(" not in text:
                assert "life.end(" not in text and "sys.exit(" not in text, f"{path}: {text}"
                continue
            assert handler.type is not None, path
            caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
            names = {ast.unparse(one).rpartition(".")[2] for one in caught}
            assert names <= known, f"{path}: {names - known}"
            looked_at += 1
    assert looked_at >= 5


def test_errors_of_the_system_name_the_file_and_say_what_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(OSError) as caught:
        (tmp_path / "none").read_text()
    assert explain(caught.value).startswith(f"{tmp_path / 'none'} cannot be used: No such file")
    assert explain(caught.value).endswith("; see that it is there and whose it is")
    assert explain(Explained("x")) == "x" and explain(ValueError()) == "ValueError"


@pytest.mark.parametrize("code", [FAILURE, USAGE])
def test_a_command_always_says_what_to_try(code: int) -> None:
    assert CliError("x", exit_code=code).text().count("hint: ") == 1
    assert CliError("x", details=["/cpus: more than 0"], exit_code=code).text() == "dcos: x\n  /cpus: more than 0"
    assert CliError("x", hints=["a", "b"], exit_code=code).text() == "dcos: x\n  hint: a\n  hint: b"
