"""Circles among our modules and among their folders, found in import statements: python -m tests.support.circles prints
them.

Every import counts, also one under ``if TYPE_CHECKING`` or inside a function: these hide a circle and do not break it.
In each folder, the folders in it (each with all below it) and its own modules form no circle. The own modules of a
folder are one node, unless a program starts there: then some of them are above its rooms (``main.py``) and some below
(``errors.py``), and each is a node.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AREAS = (".", "installer", "images", "universe")
"""The parent folders of packages."""
STARTS = ("cli", "main", "start")
"""Names of modules in which programs start."""


def packages() -> list[Path]:
    """The folders of all import packages, by import-linter's configuration, and of the tests."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        names = tomllib.load(file)["tool"]["importlinter"]["root_packages"]
    ours = [next(ROOT / area / name for area in AREAS if (ROOT / area / name).is_dir()) for name in names]
    return [*ours, ROOT / "tests"]


def modules(folders: list[Path]) -> dict[str, Path]:
    """The files of modules by name; a package has the name of its folder."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder.parent).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str, path: Path) -> Iterator[str]:
    """The full names that a module imports: both ``a.b`` and ``a.b.c`` for ``from a.b import c``."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base] if base else above)
            for alias in node.names:
                yield f"{base}.{alias.name}"
                yield f"{base} {alias.name}"


def graph(known: Mapping[str, Path]) -> dict[str, set[str]]:
    """Module → the modules that it imports. An import of a name from a package is an import of the package."""
    found: dict[str, set[str]] = {}
    for name, path in known.items():
        whole = set(imported(name, path))
        needed = {one for one in whole if one in known}
        for one in whole:
            base, space, member = one.partition(" ")
            if space and base in known and f"{base}.{member}" not in known:
                needed.add(base)
        found[name] = needed - {name}
    return found


def circles(arrows: Mapping[str, set[str]]) -> list[frozenset[str]]:
    """The sets of modules that can each be reached from each other, by Tarjan."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 10 * len(arrows)))
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[frozenset[str]] = []

    def visit(name: str) -> None:
        number[name] = lowest[name] = len(number)
        stack.append(name)
        for other in arrows.get(name, ()):
            if other not in number:
                visit(other)
                lowest[name] = min(lowest[name], lowest[other])
            elif other in stack:
                lowest[name] = min(lowest[name], number[other])
        if lowest[name] == number[name]:
            start = stack.index(name)
            if len(stack) - start > 1:
                found.append(frozenset(stack[start:]))
            del stack[start:]

    for name in arrows:
        if name not in number:
            visit(name)
    return found


def between_folders(arrows: Mapping[str, set[str]], folders: set[str]) -> dict[str, dict[str, set[str]]]:
    """Folder → node → the nodes that it imports: what the modules of ``folders`` import, as imports among the parts of
    the folder that both are in.
    """
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name, others in arrows.items():
        for other in others:
            pairs = takewhile(lambda pair: pair[0] == pair[1], zip(name.split("."), other.split("."), strict=False))
            folder = ".".join(part for part, _ in pairs)
            if not folder:
                continue  # in two packages
            whole = not any(f"{folder}.{start}" in arrows for start in STARTS)
            ends = [_node(one, folder, folders, whole) for one in (name, other)]
            if ends[0] != ends[1]:
                found[folder][ends[0]].add(ends[1])
    return found


def _node(name: str, folder: str, folders: set[str], whole: bool) -> str:
    child = ".".join(name.split(".")[: folder.count(".") + 2])
    return folder if whole and child not in folders else child


def of_folders(known: Mapping[str, Path], arrows: Mapping[str, set[str]]) -> list[frozenset[str]]:
    """The circles in which there is a folder."""
    folders = {".".join(name.split(".")[:depth]) for name in known for depth in range(1, name.count(".") + 1)}
    found = [circle for inside in between_folders(arrows, folders).values() for circle in circles(inside)]
    return [circle for circle in found if circle & folders]


def of_ours() -> list[frozenset[str]]:
    known = modules(packages())
    arrows = graph(known)
    return [*circles(arrows), *of_folders(known, arrows)]


def main() -> int:
    known = modules(packages())
    found = of_ours()
    print(f"circles: {len(found)} among the imports of {len(known)} modules and their folders")
    for circle in found:
        print(f"  {' '.join(sorted(circle))}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
