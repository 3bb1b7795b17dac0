"""What the package manager needs of the universe is in the bundle, and needs nothing that is not."""

from __future__ import annotations

import ast
from pathlib import Path

import dcos_universe
from dcos_installer.bundle.runtime import UNIVERSE, own_files

ROOT = Path(dcos_universe.__file__).parent


def _imported(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.partition(".")[0] == "dcos_universe":
            parts = node.module.split(".")[1:]
            found |= {parts[0]} if parts else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("dcos_universe.")}
    return found


def test_the_bundle_carries_what_cosmos_imports_of_the_universe() -> None:
    files = dict(own_files())
    carried = {name.split("/")[1].removesuffix(".py") for name in files if name.startswith("dcos_universe/")}
    assert carried == {name.removesuffix(".py") for name in UNIVERSE}
    assert any(name.startswith("dcos_universe/schemas/") for name in files)
    for name, path in files.items():
        if path.suffix == ".py":
            assert _imported(path.read_text()) <= carried, name
