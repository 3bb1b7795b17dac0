"""A cache of findings, by the bytes of a revision's files: only changed revisions are checked again."""

from __future__ import annotations

import functools
import hashlib
import time
from pathlib import Path

import jsonschema_rs
import msgspec

from dcos_universe.check.findings import CountedFindings
from dcos_universe.check.revision import Facts
from dcos_universe.index import durable

_SETTLED = 2_000_000_000
"""Nanoseconds after its last change within which a file may change again without any trace in its times."""


class Known(msgspec.Struct, array_like=True):
    """The results for a revision: the digest of its files; its findings, and its facts for rules about several
    revisions; ``beside``: a further result of another module. ``look``: names, sizes and times when the files were read
    (`reading.look`); empty if they were too new.
    """

    digest: str
    findings: CountedFindings
    facts: Facts | None
    beside: bytes
    look: bytes = b""


class _File(msgspec.Struct, array_like=True):
    maker: str
    revisions: dict[str, Known]


class CheckCache:
    """A file of results, of this version of the checker and of the further results (``beside`` has their name and
    version). A file that is damaged, has another version or cannot be written is no error.
    """

    def __init__(self, path: Path | None, beside: str = "") -> None:
        self._path = path
        self._maker = f"{checker()} {beside}"
        self._before = self._read()
        self._after: dict[str, Known] = {}
        self._started = time.time_ns()

    def same(self, place: str, look: bytes) -> Known | None:
        """The results for files with the same names, sizes and times."""
        known = self._before.get(place)
        if known is None or not known.look or known.look != look:
            return None
        self._after[place] = known
        return known

    def known(self, place: str, digest: str) -> Known | None:
        """The results for these bytes."""
        known = self._before.get(place)
        return known if known is not None and known.digest == digest else None

    def put(self, place: str, look: bytes, newest: int, known: Known) -> None:
        """``newest``: the last change of the files, in nanoseconds."""
        settled = newest < self._started - _SETTLED
        self._after[place] = msgspec.structs.replace(known, look=look if settled else b"")

    def write(self) -> None:
        """Writes with one rename, so that two checks may run at once."""
        if self._path is None or self._after == self._before:
            return
        try:
            data = msgspec.msgpack.encode(_File(self._maker, self._after))
            self._path.parent.mkdir(parents=True, exist_ok=True)
            durable.replace(self._path, _digest(data), data, lasting=False)
        except (OSError, ValueError, msgspec.MsgspecError):
            # No space, no permission, or a path that is not text: the next check takes longer.
            return

    def _read(self) -> dict[str, Known]:
        if self._path is None:
            return {}
        try:
            whole = self._path.read_bytes()
            data = memoryview(whole)[_HASH:]
            if _digest(data) != whole[:_HASH]:
                return {}
            found = msgspec.msgpack.decode(data, type=_File)
        except (OSError, msgspec.MsgspecError, ValueError):
            return {}
        return found.revisions if found.maker == self._maker else {}


_HASH = 32


def _digest(data: bytes | memoryview) -> bytes:
    return hashlib.sha256(data).digest()


@functools.cache
def checker() -> str:
    """The inputs of results besides the packages: this package's code, its schemas, and the library's version."""
    made = hashlib.sha256(msgspec.__version__.encode())
    made.update(str(getattr(jsonschema_rs, "__version__", "")).encode())
    root = Path(__file__).parents[1]
    for path in sorted([*root.glob("*.py"), *root.glob("check/*.py"), *root.glob("schemas/*.json")]):
        made.update(path.read_bytes())
    return made.hexdigest()
