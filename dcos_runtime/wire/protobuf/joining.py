"""For messages that are joined from encoded parts: what stands between the parts."""

from __future__ import annotations

import struct

from dcos_runtime.wire.protobuf._writing import varint_bytes as varint

__all__ = ["double", "field", "varint"]

double = struct.Struct("<d").pack
"""A number as it stands behind the tag of its field."""


def field(tag: int, content: bytes) -> bytes:
    """A text, bytes or a message. ``tag``: its number, times 8, and 2."""
    size = len(content)
    if tag < 128 and size < 128:
        return b"%c%c%b" % (tag, size, content)
    return varint(tag) + varint(size) + content
