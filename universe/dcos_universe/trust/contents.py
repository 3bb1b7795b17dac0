"""``contents.json``: every file of a built tree with its digest, signed; by it `verify` finds each file that is not its
publisher's, also those for clients without a root.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from dcos_universe import layout
from dcos_universe.building.digests import digest_of
from dcos_universe.errors import UniverseError
from dcos_universe.index.trusted import TARGETS

FILE = "contents.json"
_AGAIN = "ask its publisher to build and sign it again"
FORMAT = 1
APART = ("metadata", "targets", FILE)
"""The files that are not in the list: signed ones, and the list itself."""

Contents = Mapping[str, tuple[str, int]]
"""SHA-256 in hex and size by path below the tree."""


def names(tree: Path, folder: str = "") -> Iterator[str]:
    """The files of the tree, sorted by folder. Raises `UniverseError` for anything other than files and folders."""
    with os.scandir(tree / folder) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        name = f"{folder}/{entry.name}" if folder else entry.name
        if not folder and entry.name in APART:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from names(tree, name)
        elif entry.is_file(follow_symlinks=False):
            yield name
        else:
            raise UniverseError(
                f"{tree / name} has no place in a built tree",
                why="it is neither a file nor a folder",
                hint="build the tree again",
            )


def files_below(folder: Path) -> Iterator[str]:
    """Everything in it that is no folder, by its path."""
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


class OnDisk(Mapping[str, tuple[str, int]]):
    """The files of a tree but its metadata. Each is read once, when its digest is asked for. Raises `UniverseError`."""

    def __init__(self, tree: Path) -> None:
        self._tree = tree
        targets = (f"{TARGETS}/{name}" for name in files_below(tree / TARGETS))
        self._names = {*names(tree), *targets}
        self._read: dict[str, tuple[str, int]] = {}

    def __getitem__(self, name: str) -> tuple[str, int]:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._read:
            sha256, about = digest_of(self._tree / name)
            self._read[name] = sha256, about.st_size
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def encoded(files: Contents) -> bytes:
    listed = {name: list(files[name]) for name in sorted(files)}
    return json.dumps({"format": FORMAT, "files": listed}, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def decoded(content: bytes) -> dict[str, tuple[str, int]]:
    """Raises `UniverseError`."""
    try:
        found = json.loads(content)
        if found["format"] != FORMAT:
            raise UniverseError(f"{FILE} is not understood", why=f"its format is {found['format']!r}", hint=_AGAIN)
        return {str(name): (str(one[0]), int(one[1])) for name, one in found["files"].items()}
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise UniverseError(f"{FILE} is not understood", why=repr(error), hint=_AGAIN) from error


def damaged(files: Contents) -> Iterator[str]:
    """The artifacts and images of a mirror whose bytes are not those that their names say, a sentence each."""
    for name in sorted(files):
        named = layout.named_digest(name)
        if named is not None and files[name][0] != named:
            yield f"{name} has the digest {files[name][0]}"


def differences(there: Contents, files: Contents) -> Iterator[str]:
    """The differences of a tree's files from the signed ones, a sentence each."""
    for name in sorted(files):
        if name not in there:
            yield f"{name} is missing"
        elif there[name] != files[name]:
            yield f"{name} is not what was signed"
    for name in sorted(there.keys() - files.keys()):
        if name.split("/", 1)[0] not in APART:
            yield f"{name} was never signed"
