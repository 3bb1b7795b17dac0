"""Writes that do not fit into one transaction: how they are cut, and what is made of parts that a killed writer left.

The parts are put under keys of their own first, then one small key says that they are all there: from then on the
write is done. After that they are taken one by one: each transaction sets what the part holds and removes the part. Who
finds that key takes what parts are left; who finds parts without it drops them. Taking a part again does no harm.
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
    """In parts whose ``size`` summed up is ``most`` or less, unless one change alone is larger."""
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
    """What of a staged write is still to be done: first ``take`` (in any order), then ``drop``."""

    take: dict[str, dict[str, bytes | None]]
    """By the key of the part."""
    drop: list[str]


def remains(entries: dict[str, bytes]) -> Remains:
    """Takes the staged keys out of ``entries``, and puts into it what is written although not in its place yet."""
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
