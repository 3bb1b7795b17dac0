"""Where the entries of packages stand in repository files, and how a file is made from the previous one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import msgspec

from dcos_universe.index.delta import Key, rows_digest
from dcos_universe.index.files import BETWEEN, CLOSING, COMPARED, INDEXES, LEGACY, OPENING, UNIVERSE, index_name
from dcos_universe.stock import Row


class Chunk(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A package's entries in one index: their digest, and their size in the file. Without entries the size is 0."""

    digest: str
    size: int


class Placed(msgspec.Struct, array_like=True, frozen=True):
    """A package, with its chunk of each of `INDEXES`, in their order."""

    rows: tuple[Row, ...]
    chunks: tuple[Chunk, ...]

    @classmethod
    def of(cls, rows: tuple[Row, ...]) -> Placed:
        return cls(rows, tuple(_chunk(rows, release) for release in INDEXES.values()))

    def rows_in(self, release: str | None) -> Sequence[Row]:
        return rows_in(self.rows, release)


def rows_in(rows: Sequence[Row], release: str | None) -> Sequence[Row]:
    """The rows that are in the index for that release."""
    if release is None:
        return rows
    newest = COMPARED[release]
    return [row for row in rows if row.minimum <= newest and row.new[0]]


def _chunk(rows: tuple[Row, ...], release: str | None) -> Chunk:
    there = [row.there(release) for row in rows_in(rows, release)]
    size = sum(size for _, size in there) + len(BETWEEN) * max(0, len(there) - 1)
    return Chunk(rows_digest(digest for digest, _ in there) if there else "", size)


PLACE = {name: place for place, name in enumerate(INDEXES)}
"""The position of each index among a package's chunks."""


def index_digest(packages: Mapping[str, Placed], release: str | None) -> str:
    """The digest of the index of these packages, which have to be in order."""
    return rows_digest([row.there(release)[0] for placed in packages.values() for row in placed.rows_in(release)])


def entry_digests(packages: Mapping[str, Placed], release: str | None) -> dict[Key, str]:
    """The digest of each entry of an index."""
    return {
        (name, row.number): row.there(release)[0]
        for name, placed in packages.items()
        for row in placed.rows_in(release)
    }


def index_size(packages: Mapping[str, Placed], name: str) -> int:
    """The size of the index's file, in bytes."""
    sizes = [chunk.size for chunk in _chunks(packages, name).values()]
    return len(OPENING) + sum(sizes) + len(BETWEEN) * max(0, len(sizes) - 1) + len(CLOSING)


def _chunks(packages: Mapping[str, Placed], name: str) -> dict[str, Chunk]:
    place = PLACE[name]
    return {package: placed.chunks[place] for package, placed in packages.items() if placed.chunks[place].size}


def spliced(
    name: str,
    before: Mapping[str, Placed],
    after: Mapping[str, Placed],
    fetch: Callable[[str, int], bytes],
) -> Iterator[bytes | range]:
    """The index of ``after`` in parts. Entries that are in the file of ``before``, too, are ranges of its bytes; the
    others come from ``fetch``, by the package's name and the revision's number. If there is no such file, ``before`` is
    empty.
    """
    release, place = INDEXES[name], PLACE[name]
    starts = dict(_starts(before, name))
    run: range | None = None
    between = b""
    yield OPENING
    for package, placed in after.items():
        chunk = placed.chunks[place]
        if not chunk.size:
            continue
        start = starts.get(package)
        if start is not None and before[package].chunks[place] == chunk:
            stands: Iterable[tuple[int, range | None]] = ((0, range(start, start + chunk.size)),)
        else:
            old = {} if start is None else dict(_entries(before[package], release, start))
            stands = ((row.number, old.get(row.there(release))) for row in placed.rows_in(release))
        for number, there in stands:
            if there is not None and run is not None and there.start == run.stop + len(BETWEEN):
                run = range(run.start, there.stop)
                continue
            if run is not None:
                yield run
            run = there
            if between:
                yield between
            between = BETWEEN
            if there is None:
                yield fetch(package, number)
    if run is not None:
        yield run
    yield CLOSING


def _starts(packages: Mapping[str, Placed], name: str) -> Iterator[tuple[str, int]]:
    """Where each package begins in the index."""
    at = len(OPENING)
    for package, chunk in _chunks(packages, name).items():
        yield package, at
        at += chunk.size + len(BETWEEN)


def _entries(placed: Placed, release: str | None, at: int) -> Iterator[tuple[tuple[str, int], range]]:
    """The package's entries in a file in which they begin ``at`` that byte: digest and size, and the range of bytes."""
    for row in placed.rows_in(release):
        entry = row.there(release)
        yield entry, range(at, at + entry[1])
        at += entry[1] + len(BETWEEN)


@dataclass(frozen=True)
class Tree:
    """A built tree whose indexes hold these ``packages``. ``whole`` returns whether an index is as it was made."""

    folder: Path
    packages: Mapping[str, Placed]
    whole: Callable[[str], bool]

    def entries(self, package: str) -> dict[str, bytes]:
        """The package's entries by digest; each has that digest."""
        found: dict[str, bytes] = {}
        placed = self.packages.get(package)
        for name in (UNIVERSE, *map(index_name, sorted(LEGACY))) if placed is not None else ():
            start = self._places(name).get(package)
            if start is None or not self.whole(name):
                continue
            assert placed is not None
            size = placed.chunks[PLACE[name]].size
            try:
                with (self.folder / f"{name}.json").open("rb", buffering=0) as file:
                    content = os.pread(file.fileno(), size, start)
            except OSError:
                continue
            for (digest, _), place in _entries(placed, INDEXES[name], 0):
                entry = content[place.start : place.stop]
                if digest not in found and sha256(entry).hexdigest() == digest:
                    found[digest] = entry
        return found

    def _places(self, name: str) -> dict[str, int]:
        if name not in self._known:
            self._known[name] = dict(_starts(self.packages, name))
        return self._known[name]

    _known: dict[str, dict[str, int]] = field(default_factory=dict)
