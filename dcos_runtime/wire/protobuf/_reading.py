"""What the generated codecs share: varints, what is skipped, and the slow way for what nobody writes.

The fast way takes each message as it comes. It raises `Again` where a field that holds one message comes twice or a tag
has more bytes than it needs, and `Absent` where a required field is missing, which a second piece of the same message
may still bring: then `merged` writes the whole anew with such pieces joined, as protobuf wants them, and the fast way
has the last word.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from dcos_runtime.wire.protobuf._writing import varint_bytes

T = TypeVar("T")

DEPTH = 100
"""How deep messages and groups may be in each other, as in Mesos."""
_MAX_LENGTH = (1 << 31) - 1
_MAX_TAG = (1 << 32) - 1

double = struct.Struct("<d").unpack_from


class Malformed(ValueError):
    """The bytes are no message."""


class Absent(Malformed):
    """A required field is missing. The text is its name, with that of its message."""


class Again(Malformed):
    """A part of one message comes a second time, or is told of in a way that nobody writes."""


# --- what is read ----------------------------------------------------------------------------------------------------


def varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number of 64 bits, whatever more there is of it dropped, and where it ends."""
    first = data[at]
    if first < 128:
        return first, at + 1
    second = data[at + 1]
    if second < 128:
        return first + (second << 7) - 128, at + 2
    third = data[at + 2]
    if third < 128:  # all ports have two or three
        return first + (second << 7) + (third << 14) - 16512, at + 3
    value, shift = first + (second << 7) + (third << 14) - 2113664, 21
    at += 3
    while True:
        byte = data[at]
        at += 1
        if byte < 128:
            return value + (byte << shift) & 0xFFFFFFFFFFFFFFFF, at
        value += byte - 128 << shift
        shift += 7
        if shift > 63:
            raise Malformed("a varint of more than 10 bytes")


def signed(value: int) -> int:
    """64 bits as a signed number."""
    return value - (1 << 64) if value >> 63 else value


def int32(value: int) -> int:
    """What is left of 64 bits in 32."""
    value &= 0xFFFFFFFF
    return value - (1 << 32) if value >> 31 else value


def uint32(value: int) -> int:
    """What is left of 64 bits in 32."""
    return value & 0xFFFFFFFF


def length(data: bytes, at: int) -> tuple[int, int]:
    """Of what is longer than 127 bytes, most often."""
    second = data[at + 1] if data[at] > 127 else 128
    if second < 128:
        return data[at] + (second << 7) - 128, at + 2
    value, at = varint(data, at)
    if value > _MAX_LENGTH:
        raise Malformed("a length of more than 31 bits")
    return value, at


def tag(data: bytes, at: int) -> tuple[int, int]:
    """The next field's number and wire type, however many bytes were spent on it."""
    value, end = varint(data, at)
    if value > _MAX_TAG or end - at > 5:
        raise Malformed("a field number of more than 29 bits")
    return value, end


def numbers(data: bytes, at: int, end: int) -> list[int]:
    """A packed list of unsigned numbers of 64 bits."""
    found = []
    while at < end:
        value, at = varint(data, at)
        found.append(value)
    if at != end:
        raise Malformed("a packed list ends within a number")
    return found


def skip(data: bytes, at: int, found: int, depth: int = DEPTH) -> int:
    """Where the unknown field ends whose tag ``found`` was read before ``at``."""
    if found < 8:
        raise Malformed("a field with number 0")
    kind = found & 7
    if kind == 0:
        return varint(data, at)[1]
    if kind == 1:
        return at + 8
    if kind == 2:
        size, at = length(data, at)
        return at + size
    if kind == 5:
        return at + 4
    if kind != 3:
        raise Malformed("the end of a group that has not begun" if kind == 4 else f"wire type {kind}")
    if depth < 1:
        raise Malformed("nested too deeply")
    while True:
        inner, at = tag(data, at)
        if inner & 7 == 4:
            if inner != found + 1:
                raise Malformed("the end of another group")
            return at
        at = skip(data, at, inner, depth - 1)


def unknown(data: bytes, at: int) -> int:
    """Where the field ends that begins here and that the message is not known to have."""
    found, end = tag(data, at)
    if end - at > 1 and data[end - 1] == 0:
        raise Again("a tag of more bytes than it needs")
    return skip(data, end, found)


def entry(data: bytes, end: int, value: Callable[[bytes, int], T]) -> tuple[str, T]:
    """An entry of a map. What is missing is empty, as protobuf has it."""
    if 3 < end < 128 and data[0] == 10:
        middle = data[1] + 2
        if middle + 1 < end and data[middle] == 18 and data[middle + 1] == end - middle - 2:  # as everybody writes it
            return data[2:middle].decode(), value(data[middle + 2 :], end - middle - 2)
    key, at = "", 0
    found: T | None = None
    while at < end:
        head, at = tag(data, at)
        if head not in (10, 18):
            at = skip(data, at, head)
            continue
        size, at = length(data, at)
        if head == 10:
            key = data[at : at + size].decode()
        elif found is None or isinstance(found, str):
            found = value(data[at : at + size], size)
        else:
            raise Again("a value of a map")
        at += size
    if at != end:
        raise Malformed("the end is missing")
    return key, value(b"", 0) if found is None else found


def text(data: bytes, size: int) -> str:
    return data.decode()


# --- the slow way ----------------------------------------------------------------------------------------------------

Shape = Mapping[int, tuple[bool, str, tuple[int, ...]]]
"""The parts of a message that are messages, by tag: whether there is one only, its shape's name, and the tags of what
else its oneof may hold. An entry of a map is one, too; its shape is named after the field, behind a second dot."""

Codec = tuple[Callable[[Any], str], Callable[[bytes, int], Any], str, Callable[[], Mapping[str, Shape]]]
"""How a message is written (a character for each byte), how it is read, and where its shape is."""


def merged(data: bytes, shape: Shape, shapes: Callable[[str], Shape], depth: int = DEPTH) -> bytes:
    """The same message with the pieces of each part joined, and of the entries of a map the last of each key."""
    parts: dict[int, list[bytes]] = {}
    entries: dict[tuple[int, bytes], bytes] = {}
    out: list[bytes] = []
    for found, after, at in _fields(data):
        field = shape.get(found)
        if field is None:
            out += (varint_bytes(found), data[after:at])
            continue
        if depth < 1:
            raise Malformed("nested too deeply")
        part = data[length(data, after)[1] : at]
        single, name, others = field
        if single:
            for other in parts.keys() & others:
                _joined(parts.pop(other), shape[other][1], shapes, depth)  # it has to be one all the same
            parts.setdefault(found, []).append(part)
            continue
        part = merged(part, shapes(name), shapes, depth - 1)
        if name.count(".") > 1:
            entries[found, _key(part)] = part
        else:
            out += (varint_bytes(found), varint_bytes(len(part)), part)
    for (found, _), part in entries.items():
        out += (varint_bytes(found), varint_bytes(len(part)), part)
    for found, pieces in parts.items():
        part = _joined(pieces, shape[found][1], shapes, depth)
        out += (varint_bytes(found), varint_bytes(len(part)), part)
    return b"".join(out)


def _joined(pieces: list[bytes], name: str, shapes: Callable[[str], Shape], depth: int) -> bytes:
    for piece in pieces:
        for _ in _fields(piece):
            pass  # each has to end where its last field does
    return merged(b"".join(pieces), shapes(name), shapes, depth - 1)


def _fields(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Of each field its tag, and where what is behind that begins and ends."""
    at, end = 0, len(data)
    while at < end:
        found, after = tag(data, at)
        at = skip(data, after, found)
        if at > end:
            raise Malformed("the end is missing")
        yield found, after, at


def _key(entry: bytes) -> bytes:
    """Of an entry of a map."""
    key = b""
    for found, after, at in _fields(entry):
        if found == 10:
            key = entry[length(entry, after)[1] : at]
    return key
