"""The compressed twins of a tree's files. A package's part of gzip files is compressed once and used in all of them."""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeAlias

import zstandard

from dcos_universe.building.cache import ObjectCache, key, maker
from dcos_universe.building.placing import PLACE, Placed
from dcos_universe.building.stage import Stage
from dcos_universe.index.files import BETWEEN, CLOSING, INDEXES, OPENING
from dcos_universe.stock import Stock

_DEFLATE_LEVEL = 6
_ZSTD_LEVEL = 3
_GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""Has neither a name nor a time, so that the same text has the same twin."""
_GZIP_END = b"\x03\x00"
"""An empty last block."""


@dataclass(frozen=True)
class Text:
    """A file of the stage that gets twins. If it is a repository file, ``packages`` are those in it, and ``index`` is
    the index whose entries it has.
    """

    name: str
    of: str
    packages: tuple[str, ...] | None = None
    index: str = ""


_Job: TypeAlias = "tuple[Text, str, str, Callable[[Text], list[bytes]]]"
"""A text, the ending of its twin, what the twin is made of, and the function that makes it."""


@dataclass
class Twins:
    """Makes the twins of texts in the stage, beside them."""

    stage: Stage
    cache: ObjectCache
    stocks: Mapping[str, Stock]
    placed: Mapping[str, Placed]
    progress: Callable[[int, int], None] | None = None
    _deflated: dict[str, dict[str, bytes]] = field(default_factory=dict)
    _here: threading.local = field(default_factory=threading.local)

    def make(self, texts: Sequence[Text]) -> None:
        """Raises `UniverseError` when one cannot be written."""
        code = maker(__name__)[:16]
        jobs: list[_Job] = []
        for text in texts:
            for ending, pack in ((".gz", self._gzip), (".zst", self._zstd)):
                of = f"{text.of}{ending}.{code}"
                if not self.stage.keep(text.name + ending, of):
                    jobs.append((text, ending, of, pack))
        wanted = sorted({name for text, ending, _, _ in jobs if ending == ".gz" for name in text.packages or ()})
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            self._deflated = dict(zip(wanted, pool.map(self._package, wanted), strict=True))
            # A repository file has megabytes: so few results wait at a time.
            for done, ((text, ending, of, _), parts) in enumerate(
                zip(jobs, _bounded(pool, lambda job: job[3](job[0]), jobs), strict=True)
            ):
                self.stage.write(text.name + ending, of, parts)
                if self.progress is not None:
                    self.progress(done + 1, len(jobs))

    def _package(self, name: str) -> dict[str, bytes]:
        """The package's entries as they are in gzip files, by the digest of its chunk."""
        chunks = self.placed[name].chunks
        place = f"deflated/{key(maker(__name__), zlib.ZLIB_RUNTIME_VERSION, *(chunk.digest for chunk in chunks))}"
        known = self.cache.read(place, dict[str, bytes])
        if known is None:
            known = {}
            for release, chunk in zip(INDEXES.values(), chunks, strict=True):
                if chunk.size and chunk.digest not in known:
                    there = [piece.bytes_in(release) for piece in self.stocks[name].pieces if piece.is_in(release)]
                    known[chunk.digest] = _deflate(BETWEEN.join(there))
            self.cache.write(place, known)
        return known

    def _gzip(self, text: Text) -> list[bytes]:
        data = self._read(text)
        if text.packages is None:
            packed = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
            body = [packed.compress(data), packed.flush(zlib.Z_FINISH)]
        else:
            place = PLACE[text.index]
            chunks = [(name, self.placed[name].chunks[place]) for name in text.packages]
            there = [self._deflated[name][chunk.digest] for name, chunk in chunks if chunk.size]
            between = _deflate(BETWEEN)
            body = [_deflate(OPENING)]
            for one in there:
                body += [one] if len(body) == 1 else [between, one]
            body += [_deflate(CLOSING), _GZIP_END]
        return [_GZIP_HEADER, *body, struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)]

    def _read(self, text: Text) -> bytes:
        return (self.stage.folder / text.name).read_bytes()

    def _zstd(self, text: Text) -> list[bytes]:
        if not hasattr(self._here, "packer"):
            self._here.packer = zstandard.ZstdCompressor(level=_ZSTD_LEVEL, write_checksum=True)
        return [self._here.packer.compress(self._read(text))]


def _deflate(data: bytes) -> bytes:
    """Compresses to whole blocks. They end at a byte and refer to nothing before them, so they fit anywhere in a
    stream.
    """
    packer = zlib.compressobj(_DEFLATE_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


def _bounded(
    pool: ThreadPoolExecutor, make: Callable[[_Job], list[bytes]], jobs: Sequence[_Job]
) -> Iterator[list[bytes]]:
    """As ``pool.map``, but only few results wait to be taken."""
    ahead = (os.cpu_count() or 1) + 1
    waiting = [pool.submit(make, job) for job in jobs[:ahead]]
    for job in [*jobs[ahead:], *(None for _ in range(ahead))]:
        if not waiting:
            return
        yield waiting.pop(0).result()
        if job is not None:
            waiting.append(pool.submit(make, job))
