"""Objects that earlier builds made, each by the digest of its sources. One that was altered counts as missing."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from dcos_universe.index import durable

T = TypeVar("T")

_HASH = 32
_UNUSED_FOR = 30 * 86400.0
"""Seconds after which an object that no build has used is removed."""
_ENCODER = msgspec.msgpack.Encoder()


def key(*parts: str | bytes) -> str:
    """A digest of the parts, in which their lengths are too: ``ab, c`` and ``a, bc`` differ."""
    made = sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        made.update(len(data).to_bytes(8, "big"))
        made.update(data)
    return made.hexdigest()


@cache
def maker(*modules: str) -> str:
    """The digest of the code that makes something, so that nothing is used that another version of it made."""
    import importlib.util

    found = [importlib.util.find_spec(module) for module in modules]
    return key(*(Path(spec.origin).read_bytes() for spec in found if spec is not None and spec.origin))


class ObjectCache:
    """Objects in a folder, each behind the digest of its content. If one is lost or damaged, that only costs time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rooms: set[str] = set()

    def read(self, name: str, kind: type[T]) -> T | None:
        """The object of that name; None if there is none, or it is damaged, or has another form."""
        try:
            with (self.folder / name).open("rb", buffering=0) as file:
                data = file.readall() or b""
        except OSError:
            return None
        content = memoryview(data)[_HASH:]
        if sha256(content).digest() != data[:_HASH]:
            return None
        try:
            return msgspec.msgpack.decode(content, type=kind)
        except (msgspec.DecodeError, ValueError):
            return None

    def write(self, name: str, value: Any) -> None:
        """Keeps the object; a full disk or missing rights only make the next build slower."""
        content = _ENCODER.encode(value)
        path = self.folder / name
        with contextlib.suppress(OSError):
            if str(path.parent) not in self._rooms:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._rooms.add(str(path.parent))
            durable.replace(path, sha256(content).digest(), content, lasting=False)

    def keep(self, room: str, names: Sequence[str]) -> None:
        """Removes the objects of a folder that are not among ``names`` and were written more than a month ago."""
        wanted = set(names)
        oldest = time.time() - _UNUSED_FOR
        with contextlib.suppress(OSError):
            for entry in os.scandir(self.folder / room):
                if entry.name not in wanted and entry.stat(follow_symlinks=False).st_mtime < oldest:
                    os.unlink(entry.path)  # noqa: PTH108
