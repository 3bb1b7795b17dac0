"""What is published: a tree's files with their digests, in the order in which readers may see them, and what stays of
the trees before."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import socket
import stat
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dcos_universe import layout
from dcos_universe.building.digests import KeptDigests
from dcos_universe.building.room import room_of
from dcos_universe.errors import UniverseError, unreadable

RECORD = ".publication.json"
"""Of a bucket: what was published, by whom, and what was kept from before."""

PAST = 1 << 30
"""The age of a file that no following publication keeps."""


@dataclass(frozen=True, slots=True)
class Item:
    """A file of a tree."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class PublishedTree:
    """A tree that is to be published."""

    root: Path
    items: Mapping[str, Item]
    read: int = 0
    """How many of the files were read to know their digests."""

    @property
    def digest(self) -> str:
        """Of all names and contents."""
        lines = "".join(f"{item.sha256}  {item.path}\n" for item in sorted(self.items.values(), key=lambda i: i.path))
        return hashlib.sha256(lines.encode()).hexdigest()


@dataclass(frozen=True)
class Record:
    """What is known of a published tree. ``kept``: files of earlier trees, with how many publications ago each was in
    a tree of its own: readers who began with one of these end with it."""

    digest: str
    by: str
    at: str
    own: Mapping[str, Item] = field(default_factory=dict)
    kept: Mapping[str, tuple[Item, int]] = field(default_factory=dict)

    def encoded(self) -> bytes:
        whole: dict[str, Any] = {
            "format": 1,
            "digest": self.digest,
            "by": self.by,
            "at": self.at,
            "own": {path: [item.sha256, item.size] for path, item in sorted(self.own.items())},
            "kept": {path: [item.sha256, item.size, age] for path, (item, age) in sorted(self.kept.items())},
        }
        return (json.dumps(whole, separators=(",", ":")) + "\n").encode("ascii")


def record(content: bytes, where: str) -> Record:
    """Raises `UniverseError` when it is none."""
    try:
        whole = json.loads(content)
        if whole["format"] != 1:
            raise ValueError(f"its format is {whole['format']!r}, and this dcos-universe knows 1")
        own = {path: Item(path, int(size), str(sha)) for path, (sha, size) in whole["own"].items()}
        kept = {path: (Item(path, int(size), str(sha)), int(age)) for path, (sha, size, age) in whole["kept"].items()}
        return Record(str(whole["digest"]), str(whole["by"]), str(whole["at"]), own, kept)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UniverseError(
            f"{where} is not understood: what is published there is not known",
            why=f"{type(error).__name__}: {error}",
            hint="publish to another place, or remove this file: then everything is uploaded again",
        ) from error


def following(tree: PublishedTree, before: Record | None, keep: int, *, new_root: bool = False) -> Record:
    """What the place will hold: the tree, and of the ``keep`` trees before it whatever never changes under its name
    (TUF's versions, files named by digest). Steps between indexes are not: who misses one takes the whole index.
    ``new_root``: what was signed before is of another root, and nothing of it stays."""
    kept: dict[str, tuple[Item, int]] = {}
    if before is not None:
        for path, item in before.own.items():
            if path not in tree.items and layout.immutable(path) and not path.startswith("delta/"):
                kept[path] = (item, 1)
        for path, (item, age) in before.kept.items():
            if path not in tree.items and path not in kept:
                kept[path] = (item, age + 1)
    kept = {
        path: (item, age)
        for path, (item, age) in kept.items()
        if age <= keep and not (new_root and path.startswith(("metadata/", "targets/")))
    }
    return Record(
        tree.digest, this_publisher(), datetime.now(UTC).isoformat(timespec="seconds"), dict(tree.items), kept
    )


def this_publisher() -> str:
    """The publisher's name, for another who is refused: ``anna@build7 (process 4711)``."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError, ImportError):
        name = str(os.getuid())
    text = f"{name}@{socket.gethostname()} (process {os.getpid()})"
    return "".join(character if 32 <= ord(character) < 127 else "?" for character in text)


def rank(path: str) -> int:
    """In which order files appear where there is no switch: what others lead to comes before what leads to it."""
    if path == "metadata/timestamp.json":
        return 9
    if path.startswith("metadata/") and not layout.versioned(path):
        return 8
    if layout.immutable(path):
        return 0
    plain = re.sub(r"\.(gz|zst)$", "", path)
    if plain.startswith("delta/"):
        return 7
    if re.fullmatch(r"(universe|repo-[\w.-]+)\.json", plain):
        return 6
    if plain.endswith(".content_type"):
        return 1
    return 3 if "/package/" in plain and not plain.startswith("site/") else 2


def read(root: Path, progress: Callable[[int], None] = lambda _: None) -> PublishedTree:
    """The tree's files with their digests: kept ones where the tree's last signing has them (`KeptDigests`), else read.
    Raises `UniverseError` for what is no built tree, and for links and other things that are no files in it."""
    paths = sorted(_files(root, ""))
    if "universe.json" not in paths:
        raise UniverseError(
            f"{root} is no built repository",
            why="there is no universe.json in it",
            hint="make one: dcos-universe build",
        )

    kept = KeptDigests(room_of(root).cache)

    def one(path: str) -> tuple[Item, bool]:
        known = kept.of(root, path)
        if known is not None:
            progress(known[1])
            return Item(path, known[1], known[0]), False
        with (root / path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
        progress(size)
        return Item(path, size, digest), True

    try:
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(one, paths))
    except OSError as error:
        raise UniverseError(
            f"{root} cannot be read", why=str(error), hint="build it again, and publish again"
        ) from error
    for item, _ in found:
        if layout.named_digest(item.path) not in (None, item.sha256):
            raise UniverseError(
                f"{root} is a damaged mirror, and not published",
                why=f"{item.path} has the digest {item.sha256}",
                hint="run the same dcos-universe mirror again: it downloads the file again; then sign and publish",
            )
    return PublishedTree(root, {item.path: item for item, _ in found}, sum(new for _, new in found))


def _files(root: Path, below: str) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(root / below), key=lambda entry: entry.name)
    except OSError as error:
        raise unreadable(root / below, error) from error
    for entry in entries:
        path = f"{below}{entry.name}"
        if not path.isascii() or not path.isprintable() or entry.name.startswith("."):
            raise UniverseError(
                f"{root / path!s} cannot be published".encode("ascii", "backslashreplace").decode(),
                why="names in a repository are visible ASCII, and do not begin with a dot",
                hint="nothing but what build, sign and mirror write belongs in the tree",
            )
        if entry.is_dir(follow_symlinks=False):
            yield from _files(root, f"{path}/")
        elif stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode):
            yield path
        else:
            raise UniverseError(
                f"{root / path} cannot be published",
                why="it is neither a file nor a folder",
                hint="nothing but what build, sign and mirror write belongs in the tree",
            )
