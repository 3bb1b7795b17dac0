"""Repository files and deltas made in the simplest way, to compare with those of the builder and the client."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from dcos_universe.errors import UniverseError
from dcos_universe.index.delta import FORMAT, Held, changed
from dcos_universe.index.files import (
    COMPARED,
    EMPTY,
    INDEXES,
    LEGACY,
    RELEASES,
    Piece,
    content_type,
    joined,
    legacy,
    media_version,
    numbers,
    refuse_in_old_files,
)
from dcos_universe.model import Json, Revision


def digest(index: Json) -> str:
    """The digest by which heads and steps name that index."""
    return Held.of(index).digest


def delta(old: Json, new: Json, *, index: str = "") -> Json:
    """The step from the one index to the other: removed entries, and every new or changed one."""
    before, after = Held.of(old), Held.of(new)
    return {
        "format": FORMAT,
        "index": index,
        "from": before.digest,
        "to": after.digest,
        "remove": [list(key) for key in sorted(before.digests.keys() - after.digests.keys())],
        "put": [after.entries[key] for key in changed(before.digests, after.digests)],
    }


def apply(old: Json, step: Json) -> Json:
    """The index that the step makes from the old one. Raises `UniverseError`: then the whole index must be fetched."""
    return Held.of(old).stepped(step).index


def ordered(pieces: Iterable[Piece]) -> list[Piece]:
    """By name, then by number. Raises `UniverseError` when a revision occurs twice."""
    found = sorted(pieces, key=lambda piece: (piece.name, piece.number))
    for left, right in pairwise(found):
        if (left.name, left.number) == (right.name, right.number):
            raise UniverseError(
                f"revision {left.number} of {left.name} is there twice", hint="number each revision of a package once"
            )
    return found


def digest_in(piece: Piece, release: str | None) -> str:
    """The digest of its entry there."""
    return piece.whole_digest if release is None else piece.old_digest if release in LEGACY else piece.new_digest


def index_bytes(pieces: Sequence[Piece], release: str | None) -> bytes:
    """The repository file for that release, of pieces in order."""
    return joined(piece.bytes_in(release) for piece in pieces if piece.is_in(release))


def repository(revisions: Iterable[Revision], release: str | None) -> Json:
    """The repository file for that release, decoded; None is ``universe.json``. Entries are shared where unchanged."""
    media_version(release)
    chosen = [found for found in revisions if release is None or numbers(found.minimum) <= COMPARED[release]]
    chosen.sort(key=lambda found: (found.name, found.release_version))
    if release is not None:
        for found in chosen:
            refuse_in_old_files(found, numbers(found.minimum))
    return {"packages": [legacy(found.entry) if release in LEGACY else found.entry for found in chosen]}


def files(revisions: Iterable[Revision]) -> Iterator[tuple[str, bytes]]:
    """Every file that Universe's generator writes for the revisions: name below the tree, and bytes."""
    pieces = ordered(Piece.of(revision, offered=revision.entry) for revision in revisions)
    yield f"{EMPTY}.json", joined(())
    yield f"{EMPTY}.content_type", content_type("1.8").encode()
    for name, release in INDEXES.items():
        yield f"{name}.json", index_bytes(pieces, release)
        yield f"{name}.content_type", content_type(release).encode()
    for release in RELEASES:
        for package, group in groupby(pieces, key=lambda piece: piece.name):
            entries = [piece.bytes_in(release) for piece in group if piece.is_in(release)]
            if entries:
                yield f"{release}/package/{package}.json", joined(entries)
