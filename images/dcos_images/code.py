"""The digest of a step's code: its module, and every module of this package that it imports.

Modules that are imported for types alone (``if TYPE_CHECKING:``) have no effect, and do not count.
"""

from __future__ import annotations

import ast
import functools
import hashlib
from collections.abc import Iterator
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


@functools.cache
def code_digest(module: str) -> str:
    """The SHA-256 of the sources of all modules in `code_of(module)`."""
    digest = hashlib.sha256()
    for name in sorted(code_of(module)):
        digest.update(f"{name} {hashlib.sha256(source_of(name)).hexdigest()}\n".encode())
    return digest.hexdigest()


def code_of(module: str) -> frozenset[str]:
    """The modules of this package that run when ``module`` does: itself, its imports, and their imports."""
    found: set[str] = set()
    wanted = [module]
    while wanted:
        name = wanted.pop()
        if name not in found:
            found.add(name)
            wanted += _imports(name)
    return frozenset(found)


def source_of(name: str) -> bytes:
    """A module of this package as it stands; ``name`` is its name within the package, such as ``machine.slots``."""
    path = _PACKAGE / name.replace(".", "/")
    return (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_bytes()


def _imports(name: str) -> list[str]:
    found = [name.rpartition(".")[0]] if "." in name else []  # the package that it is in
    for node in _run(ast.parse(source_of(name))):
        if isinstance(node, ast.ImportFrom):
            package, _, module = (node.module or "").partition(".")
            if package == _PACKAGE.name:
                if (_PACKAGE / module.replace(".", "/")).is_dir():
                    found += [f"{module}.{alias.name}".removeprefix(".") for alias in node.names]
                else:
                    found.append(module)
        elif isinstance(node, ast.Import):
            found += [
                one for alias in node.names if (one := alias.name.removeprefix(f"{_PACKAGE.name}.")) != alias.name
            ]
    return found


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """Every node of the module's tree, except those that only the type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _run(child)
