"""Removes unused images, steps and packages from the cache; and compares two images."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_images.cache import BUILDING, read_record, remove_entry
from dcos_images.digest import tree_lines
from dcos_images.errors import ImageError, NotMadeHereError
from dcos_images.images import ImageBuilder
from dcos_images.including import names
from dcos_images.lock import FETCHING, read_lock
from dcos_images.outputs import digest_of
from dcos_images.steps import Keys

_KEY_LENGTH = 32


@dataclass(frozen=True)
class Garbage:
    """One thing that can be removed: its kind, its path, and the bytes that this frees."""

    what: str
    path: Path
    size: int


def collect(builder: ImageBuilder, *, dry_run: bool = False) -> list[Garbage]:
    """Removes everything that no defined image consists of, and no machine uses. Raises `ImageError`.

    Defined are the images of the builder's definitions, the shipped ones, and those of each folder of definitions that
    something in the cache was made of, as long as it exists.

    It waits until no process builds or uses images of this cache; new ones wait for it.
    """
    with builder.alone():
        wanted_images, wanted_steps, wanted_debs = set[str](), set[str](), set[str]()
        for path in sorted((builder.cache / "locks").glob("*.json")):
            wanted_debs.update(one.sha256 for one in read_lock(path).packages)
        for folder in builder.definition_folders():
            for name in names(folder):
                if (keys := _keys(builder.with_definitions(folder), name)) is not None:
                    wanted_images.add(keys.image)
                    wanted_steps.update((keys.packages, keys.initrd, keys.runtime))
        trees = {path.resolve() for path in builder.trees_in_use()}
        gone: list[tuple[str, Path]] = []
        for entry in _entries(builder.cache):
            if not ((entry.name in wanted_images and read_record(entry)) or (entry / "tree").resolve() in trees):
                gone.append((_what_is(entry, "image", "name"), entry))
        for entry in _entries(builder.cache / "steps"):
            if entry.name not in wanted_steps:
                gone.append((_what_is(entry, "step", "step"), entry))
        for place in (builder.cache, builder.cache / "steps"):
            for left in sorted(place.glob(f"{BUILDING}*")) + sorted(place.glob(f"{FETCHING}*")):
                gone.append(("left by a build that was killed", left))
        freed_by = _freed([path for _, path in gone])
        found = [Garbage(what, path, freed_by[path]) for what, path in gone]
        if not dry_run:
            for one in found:
                _remove(one.path)
        if freed := builder.store.sweep(wanted_debs, dry_run=dry_run):
            found.append(Garbage("packages that no lock names", builder.cache / "debs", freed))
        return found


def _keys(builder: ImageBuilder, name: str) -> Keys | None:
    """None: nothing of this image was made here."""
    try:
        return builder.keys(name)
    except NotMadeHereError:
        return None


def _what_is(entry: Path, kind: str, key: str) -> str:
    record = read_record(entry)
    return f"{kind} {record[key]}" if record and key in record else f"unfinished or damaged {kind}"


def _entries(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if len(path.name) == _KEY_LENGTH and path.is_dir():
                yield path


def _freed(paths: Sequence[Path]) -> dict[Path, int]:
    """The bytes that the removal of all of them frees, by path. A file with several names is freed by the path with its
    last name; not at all if it has further names elsewhere.
    """
    freed = dict.fromkeys(paths, 0)
    names_left: dict[tuple[int, int], int] = {}
    for path in paths:
        for one in (path, *path.rglob("*")):
            status = one.lstat()
            if not stat.S_ISDIR(status.st_mode):
                inode = (status.st_dev, status.st_ino)
                names_left[inode] = names_left.get(inode, status.st_nlink) - 1
                if names_left[inode]:
                    continue
            freed[path] += status.st_blocks * 512
    return freed


def _remove(path: Path) -> None:
    """Removes an entry, with its log and its lock file, for which no process can wait now; or remains of a build."""
    remove_entry(path)
    for left in (f"{path.name}.log", f"{path.name}.lock"):
        (path.parent / left).unlink(missing_ok=True)


def difference(first: Path, second: Path) -> list[str]:
    """Differences of two images in folders, a line each: packages, then outputs, then a tree's files; empty: none."""
    one, other = _manifest(first), _manifest(second)
    lines = []
    for name in sorted({*one["packages"], *other["packages"]}):
        was, now = one["packages"].get(name), other["packages"].get(name)
        if was != now:
            lines.append(f"package {name}: {was or 'not there'} -> {now or 'not there'}")
    for kind in sorted({*one["outputs"], *other["outputs"]}):
        before, after = (side["outputs"].get(kind, {}).get("sha256", "not there") for side in (one, other))
        if before != after:
            lines.append(f"output {kind}: {before[:12]} -> {after[:12]}")
    if (first / "tree").is_dir() and (second / "tree").is_dir():
        lines += differing_files(first / "tree", second / "tree")
    if not lines and (last := first_difference(first, second)):
        lines.append(last)  # the manifests are equal, and the files are not
    return lines


def differing_files(first: Path, second: Path) -> list[str]:
    """The paths that differ between two trees, in order, each with the kind of difference."""
    one, other = (_by_path(tree) for tree in (first, second))
    lines = []
    for path in sorted({*one, *other}):
        was, now = one.get(path), other.get(path)
        if was != now:
            what = "only in the second" if was is None else "only in the first" if now is None else _what(was, now)
            lines.append(f"/{path}: {what}")
    return lines


def _what(was: list[str], now: list[str]) -> str:
    parts = ("mode", "owner", "time", "content")
    differ = [part for part, a, b in zip(parts, was, now, strict=False) if a != b]
    return ", ".join(differ) or "attributes"


def _by_path(tree: Path) -> dict[str, list[str]]:
    found = {}
    for line in tree_lines(tree):
        name, *fields = line.rstrip(b"\n").split(b"\0")
        found[name.decode(errors="replace")] = [field.decode(errors="replace") for field in fields]
    return found


def first_difference(first: Path, second: Path) -> str:
    """The first file that differs between two builds of one image; empty: they are equal in every byte."""
    for one in sorted(path.name for path in first.iterdir() if path.name != "entry.json"):
        left, right = first / one, second / one
        if not os.path.lexists(right):
            return f"{one}: only in the first"
        kind = stat.S_IFMT(left.lstat().st_mode)
        if kind != stat.S_IFMT(right.lstat().st_mode):
            return f"{one}: another kind of file"
        if kind == stat.S_IFLNK and left.readlink() != right.readlink():
            return f"{one}: content"
        if kind == stat.S_IFDIR and (lines := differing_files(left, right)):
            return f"{one}{lines[0]}"
        if kind == stat.S_IFREG and digest_of(left) != digest_of(right):
            return f"{one}: content, from byte {_first_byte(left, right)} on"
    more = {path.name for path in second.iterdir()} - {path.name for path in first.iterdir()}
    return f"{min(more)}: only in the second" if more else ""


def _first_byte(first: Path, second: Path) -> int:
    at = 0
    with first.open("rb") as one, second.open("rb") as other:
        while True:
            left, right = one.read(1 << 20), other.read(1 << 20)
            if left != right:
                return at + next(
                    (index for index, pair in enumerate(zip(left, right, strict=False)) if pair[0] != pair[1]),
                    min(len(left), len(right)),
                )
            if not left:
                return at
            at += len(left)


def _manifest(folder: Path) -> dict[str, dict[str, Any]]:
    """``packages``: versions by name; ``outputs``: by kind, each with its ``sha256``. Raises `ImageError`."""
    try:
        found = json.loads((folder / "manifest.json").read_text())
        packages, outputs = found["packages"], found["outputs"]
        if not all(isinstance(one, str) for one in packages.values()):
            raise ValueError("a package has no version")
        if not all(isinstance(one["sha256"], str) for one in outputs.values()):
            raise ValueError("an output has no sha256")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ImageError(
            f"{folder} is not an image",
            why=f"its manifest.json was not written by this program: {type(error).__name__}: {error}",
            hint="name an image's folder",
        ) from error
    return {"packages": packages, "outputs": outputs}
