"""Writes that do not fit into one transaction: how they are split, and what is done with parts that a killed writer
left.

First the parts are stored under keys of their own, then one small key (`WHOLE`) says that all of them are there: from
then on the write counts as done. After that each part is applied: one transaction sets what the part holds and removes
the part. A process that finds `WHOLE` applies the parts that are left; one that finds parts without it removes them.
Applying a part twice does no harm.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec

FOLDER = "staged"
WHOLE = f"{FOLDER}/whole"
"""The key that says that all parts are there."""

Changes = Mapping[str, bytes | None]

_packed = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(dict[str, bytes | None]).decode


def cut(changes: Changes, size: Callable[[str, bytes | None], int], most: int) -> list[dict[str, bytes | None]]:
    """Splits changes into parts. The sizes of a part sum up to ``most`` at most, unless one change alone is larger."""
    parts: list[dict[str, bytes | None]] = []
    room = 0
    for key, value in changes.items():
        needed = size(key, value)
        if not parts or needed > room:
            parts.append({})
            room = most
        parts[-1][key] = value
        room -= needed
    return parts or [{}]


def part_key(number: int) -> str:
    return f"{FOLDER}/{number:06}"


def pack(part: Changes) -> bytes:
    return _packed(part)


@dataclass(frozen=True)
class Remains:
    """What is left to do of a staged write: first apply ``take`` (in any order), then remove the keys ``drop``."""

    take: dict[str, dict[str, bytes | None]]
    """The parts, each by its key."""
    drop: list[str]


def remains(entries: dict[str, bytes]) -> Remains:
    """Removes the staged keys from ``entries``, and applies to ``entries`` the parts of a staged write that is done."""
    staged = {key: entries.pop(key) for key in sorted(entries) if key.startswith(f"{FOLDER}/")}
    if staged.pop(WHOLE, None) is None:
        return Remains({}, list(staged))
    parts = {key: _unpacked(data) for key, data in staged.items()}
    for part in parts.values():
        for key, value in part.items():
            if value is None:
                entries.pop(key, None)
            else:
                entries[key] = value
    return Remains(parts, [WHOLE])
