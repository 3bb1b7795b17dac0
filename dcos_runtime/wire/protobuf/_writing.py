"""What the generated codecs write with: texts with a character for each byte, most of them made before."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from typing import TypeVar

from dcos_runtime.wire.base import Enum, ExplicitUnknown

E = TypeVar("E", bound=Enum)

packed = struct.Struct("<d").pack


def varint_bytes(value: int) -> bytes:
    """Any whole number as a varint, modulo 2⁶⁴ as C would."""
    value &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


_LAST = tuple(map(chr, range(128)))
_MORE = tuple(map(chr, range(128, 256)))


def varint_text(value: int) -> str:
    """The same as text."""
    if 16383 < value < 1 << 21:  # ports: nearly all that are more than SHORT
        return f"{_MORE[value & 127]}{_MORE[value >> 7 & 127]}{_LAST[value >> 14]}"
    return varint_bytes(value).decode("latin-1")


SHORT = (*_LAST, *(more + last for last in _LAST[1:] for more in _MORE))
"""The varints below 16384, which have one byte or two and are most of what is written."""


@cache
def heads(tag: str) -> tuple[str, ...]:
    """What stands before a part of each length below 128."""
    return tuple(tag + SHORT[size] for size in range(128))


@cache
def wrapped(tag: str) -> tuple[str, ...]:
    """What stands before a text below 126 bytes that is the first and only field of a message."""
    return tuple(f"{tag}{SHORT[size + 2]}\n{SHORT[size]}" for size in range(126))


def sized(tag: int, size: int) -> str:
    """What stands before a part of any length."""
    return SHORT[tag] + (SHORT[size] if size < 16384 else varint_text(size))


def utf8(text: str) -> str:
    return text.encode().decode("latin-1")


def int32_text(value: int) -> str:
    value &= 0xFFFFFFFF
    return varint_text(value - (1 << 32) if value >> 31 else value)


def uint32_text(value: int) -> str:
    return varint_text(value & 0xFFFFFFFF)


def pair(key: str, value: str) -> str:
    """An entry of a map, whose value is written already."""
    name = key if key.isascii() else utf8(key)
    return f"{sized(10, len(name))}{name}{sized(18, len(value))}{value}"


def numbered(kind: type[E], numbers: Mapping[str, int]) -> dict[int, E | None]:
    """The member of each number; None for UNKNOWN, unless that value is kept. Sets the number of each member, too."""
    for name, member in kind.__members__.items():
        member.wire = varint_text(numbers.get(name, -1))
    nothing = None if not issubclass(kind, ExplicitUnknown) else kind["UNKNOWN"]
    return {number: nothing if name == "UNKNOWN" else kind[name] for name, number in numbers.items()}
