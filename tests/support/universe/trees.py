"""Built trees, as tests examine them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from dcos_universe.index.delta import Held, steps
from dcos_universe.index.files import INDEXES


def files_of(tree: Path, *, but: tuple[str, ...] = ()) -> dict[str, bytes]:
    """Every file's bytes by its name, without those below the given folders."""
    found = {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if not name.startswith(but)}


def index(tree: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tree / f"{name}.json").read_bytes())
    return found


def whole(tree: Path) -> str:
    """The digest of ``universe.json``, if every index of the tree matches its head; fails otherwise."""
    for name in INDEXES:
        head = json.loads((tree / "delta" / f"{name}.json").read_bytes())
        assert Held.of(index(tree, name)).digest == head["digest"], f"{name} is not what its head says"
        assert (tree / f"{name}.json").stat().st_size == head["bytes"]
    digest: str = json.loads((tree / "delta" / "universe.json").read_bytes())["digest"]
    return digest


def stepped(tree: Path, name: str, old: dict[str, Any]) -> dict[str, Any] | None:
    """The result of a client with this old index and the tree's steps; None if it must fetch the whole index."""
    held = Held.of(old)
    way = steps(json.loads((tree / "delta" / f"{name}.json").read_bytes()), held.digest)
    if way is None:
        return None
    for step in way:
        held = held.stepped(json.loads((tree / step["file"]).read_bytes()))
    return held.index


def edit(revision: Path, **changes: Any) -> None:
    """Changes keys of a revision's package.json; None removes one."""
    path = revision / "package.json"
    package = {**json.loads(path.read_bytes()), **changes}
    path.write_text(json.dumps({key: value for key, value in package.items() if value is not None}, indent=2))


def copy_revision(revision: Path, number: int, **changes: Any) -> Path:
    """One more revision like the given one."""
    made = revision.parent / str(number)
    shutil.copytree(revision, made)
    edit(made, **changes)
    return made
