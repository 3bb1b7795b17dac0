"""Only `dcos_runtime/store` talks to ZooKeeper: no other module imports kazoo or uses its objects."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("dcos_runtime", "installer", "images", "universe")


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def imported(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found.add(node.module)
    return {name.partition(".")[0] for name in found}


def test_only_the_store_imports_kazoo() -> None:
    users = [path.relative_to(ROOT) for path in modules() if "kazoo" in imported(ast.parse(path.read_bytes()))]
    assert users, "nobody does: this looks at the wrong place"
    assert {path.parts[:2] for path in users} == {("dcos_runtime", "store")}
