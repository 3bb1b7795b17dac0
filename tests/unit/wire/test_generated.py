"""The generated part of the wire is what its `.proto` files make, no more and no less."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import dcos_runtime
from dcos_runtime.wire.generator.__main__ import CODECS, WIRE, left_over, made, main
from tests.support.sources import parsed

RUNTIME = Path(dcos_runtime.__file__).parent


def test_generated_files_are_those_that_the_proto_files_make() -> None:
    files = made()
    stale = [path.name for path, text in files.items() if not path.exists() or path.read_text() != text]
    more = [str(path.relative_to(WIRE)) for path in left_over(files)]
    assert not stale + more, f"run: python -m dcos_runtime.wire.generator ({', '.join(stale + more)})"


def test_what_no_proto_file_makes_any_more_is_seen_and_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wire = tmp_path / "dcos_runtime" / "wire"
    (wire / CODECS).mkdir(parents=True)
    (wire / "codec.py").write_text('"""Written by hand."""\n')
    assert main(wire) == 0
    files = made(wire)
    assert left_over(files, wire) == [] and all(path.read_text() == text for path, text in files.items())
    former = [wire / "former.py", wire / CODECS / "former.py"]
    for path, likeness in zip(former, (wire / "tasks.py", wire / CODECS / "tasks.py"), strict=True):
        path.write_text(likeness.read_text().replace("tasks.proto", "former.proto"))
    assert left_over(files, wire) == former
    capsys.readouterr()
    assert main(wire) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == [f"generator: removed {path.relative_to(tmp_path)}" for path in former]
    assert set(wire.rglob("*.py")) == {*files, wire / "codec.py"}


def imported(path: Path) -> set[str]:
    """The modules of the wire that a module imports, by their names."""
    found: set[str] = set()
    for node in ast.walk(parsed(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "dcos_runtime.wire":
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dcos_runtime.wire."):
            found.add((node.module or "").split(".")[2])
    return found


def test_every_module_of_messages_has_a_user() -> None:
    generated = {path.stem: path for path in made() if path.parent == WIRE}
    own = {*generated.values(), *(WIRE / CODECS / f"{name}.py" for name in generated)}
    used = {name for path in RUNTIME.rglob("*.py") if path not in own for name in imported(path)} & generated.keys()
    reached: set[str] = set()
    while used - reached:
        name = (used - reached).pop()
        reached.add(name)
        used |= imported(generated[name]) & generated.keys()
    assert generated.keys() - reached == set()
