"""The packages of a source as pieces of repository files: their rows at once, their bytes only when they are needed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Protocol

import msgspec

from dcos_universe import reading
from dcos_universe.building.cache import maker
from dcos_universe.check.cache import Known
from dcos_universe.check.running import Revisions
from dcos_universe.errors import UniverseError
from dcos_universe.index.files import EntryEncoder, Piece
from dcos_universe.model import Revision
from dcos_universe.reading import Loaded, RevisionFolder
from dcos_universe.states import States
from dcos_universe.stock import Row, Stock

_MODULES = (
    "dcos_universe.building.sources",
    "dcos_universe.index.files",
    "dcos_universe.model",
    "dcos_universe.reading",
    "dcos_universe.stock",
)


class EntryMaker:
    """Makes the entries of revisions while they are checked, so that files are read and parsed only once."""

    def __init__(self) -> None:
        self.version = maker(*_MODULES)
        self._encoder = EntryEncoder()

    def make(self, loaded: Loaded) -> tuple[bytes, list[bytes | None]]:
        """The row (encoded), and the entry as it is in the newest and in the oldest files."""
        try:
            revision = reading.revision_of(loaded)
            piece = Piece.of(revision, offered=revision.entry, encoder=self._encoder)
        except UniverseError:
            # A build that needs the row reads the revision again, and gets this error.
            return b"", []
        return msgspec.msgpack.encode(Row.of(piece)), [piece.whole, piece.old]


_ROW = msgspec.msgpack.Decoder(Row)


class Standing(Protocol):
    """The entries of a tree."""

    def entries(self, package: str) -> Mapping[str, bytes]:
        """The package's entries by digest; each has that digest. Those that cannot be read are left out."""


@dataclass
class _Shelf:
    """Where a package's bytes come from: from what the check has just read, else from the previous tree, else from the
    files again.
    """

    folders: Mapping[int, RevisionFolder]
    rows: Mapping[int, Row]
    made: Mapping[str, list[bytes | None]]
    standing: Standing

    def pieces(self) -> list[Piece]:
        return [self.piece(number) for number in self.rows]

    def piece(self, number: int) -> Piece:
        folder, row = self.folders[number], self.rows[number]
        if made := self.made.get(folder.path):
            whole, old = made
            assert whole is not None
            return _piece(folder.name, row, whole, old)
        whole = self._before.get(row.whole[0])
        old = self._before.get(row.old[0])
        if whole is not None and (old is not None or not row.old[0]):
            return _piece(folder.name, row, whole, old)
        piece = _read(folder)
        if Row.of(piece) != row:
            raise UniverseError(
                f"{folder.path} cannot be built", why="it was changed while it was built", hint="build again"
            )
        return piece

    @cached_property
    def _before(self) -> Mapping[str, bytes]:
        return self.standing.entries(next(iter(self.folders.values())).name)


def _piece(name: str, row: Row, whole: bytes, old: bytes | None) -> Piece:
    return Piece(name, row.number, row.minimum, whole, whole, old, row.whole[0], row.new[0], row.old[0])


def _read(folder: RevisionFolder) -> Piece:
    found = reading.read(Path(folder.path))
    if (found.name, found.release_version) != (folder.name, folder.number):
        raise UniverseError(
            f"{folder.path} is not what it says",
            why=f"its package.json is that of {found}",
            hint="rename the folder, or correct the file",
        )
    return Piece.of(found, offered=found.entry)


def gather(revisions: Revisions, states: States, channel: str, standing: Standing) -> dict[str, Stock]:
    """Every package that has a revision in the channel, by name. ``standing``: the entries of the previous tree.

    Raises `UniverseError`.
    """
    said = {name for name, _, _ in states}
    found: dict[str, Stock] = {}
    both = zip(revisions.folders, revisions.known, strict=True)
    for name, group in groupby(both, key=lambda one: one[0].name):
        folders: dict[int, RevisionFolder] = {}
        rows: dict[int, Row] = {}
        for folder, known in group:
            folders[folder.number] = folder
            rows[folder.number] = _row(folder, known)
        shelf = _Shelf(folders, rows, revisions.made, standing)
        stock = Stock(name, tuple(rows.values()), shelf.pieces, shelf.piece)
        if name in said:
            stock = _stated(stock, states, channel)
        if stock.rows:
            found[name] = stock
    return found


def _row(folder: RevisionFolder, known: Known) -> Row:
    if not known.beside:
        return Row.of(_read(folder))
    row: Row = _ROW.decode(known.beside)
    return row


def _stated(stock: Stock, states: States, channel: str) -> Stock:
    """The package with the states that its publisher declares beside its files (yanked, deprecated, channels)."""

    def fetch() -> list[Piece]:
        return list(_as_stated(stock, states, channel))

    made = Stock(stock.name, (), fetch)
    made.rows = tuple(Row.of(piece) for piece in made.pieces)
    return made


def _as_stated(stock: Stock, states: States, channel: str) -> Iterator[Piece]:
    for piece in stock.pieces:
        if not states.in_channel(piece.name, piece.number, channel):
            continue
        if states.yanked(piece.name, piece.number) is not None:
            yield replace(piece, new=None, old=None, new_digest="", old_digest="")
        elif states.deprecated(piece.name, piece.number) is not None:
            revision = Revision.of(json.loads(piece.whole))
            yield Piece.of(revision, offered=states.noted(revision))
        else:
            yield piece
