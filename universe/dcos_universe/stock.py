"""A package of a source as pieces of repository files: its rows at once, their bytes only when they are needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import msgspec

from dcos_universe.index.files import LEGACY, Piece


class Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Digest and size of a revision's entry: in `UNIVERSE` (``whole``), in files of releases (``new``), and in those
    below 1.10 (``old``). An empty digest: it is not in these files.
    """

    number: int
    minimum: tuple[int, ...]
    whole: tuple[str, int]
    new: tuple[str, int]
    old: tuple[str, int]

    @classmethod
    def of(cls, piece: Piece) -> Row:
        return cls(
            piece.number,
            piece.minimum,
            (piece.whole_digest, len(piece.whole)),
            (piece.new_digest, len(piece.new or b"")),
            (piece.old_digest, len(piece.old or b"")),
        )

    def there(self, release: str | None) -> tuple[str, int]:
        """Digest and size of its entry in that file."""
        return self.whole if release is None else self.old if release in LEGACY else self.new


@dataclass
class Stock:
    """A package, with the ``rows`` of its revisions in order. Their bytes are fetched only when they are needed: all by
    ``fetch``, or those of one revision by ``fetch_one``."""

    name: str
    rows: tuple[Row, ...]
    fetch: Callable[[], list[Piece]]
    fetch_one: Callable[[int], Piece] | None = None

    @cached_property
    def pieces(self) -> list[Piece]:
        """All pieces. Raises `UniverseError` if the files were changed since."""
        return self.fetch()

    def piece(self, number: int) -> Piece:
        """The piece of one revision. Raises `UniverseError` if its files were changed since."""
        if self.fetch_one is not None and "pieces" not in self.__dict__:
            return self.fetch_one(number)
        return next(piece for piece in self.pieces if piece.number == number)
