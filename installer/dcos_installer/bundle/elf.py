"""Removes those sections of a shared library that no process maps: the ones for linkers and debuggers.

Wheels contain them: they are six sevenths of the size of the runtime's libraries. `strip` removes them, too, but its
output differs between builders, and not every builder has it.
"""

from __future__ import annotations

import struct

_MAGIC = b"\x7fELF"
_64_BIT_LITTLE = b"\x02\x01"
_PT_LOAD = 1
_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
_SEGMENT = struct.Struct("<IIQQQQQQ")


def without_sections(data: bytes) -> bytes:
    """The library up to the end of its last mapped segment; other files than 64-bit little-endian ELF unchanged."""
    if not data.startswith(_MAGIC) or data[4:6] != _64_BIT_LITTLE or len(data) < _HEADER.size:
        return data
    header = list(_HEADER.unpack_from(data))
    table, size, count = header[5], header[9], header[10]
    if size != _SEGMENT.size or table + size * count > len(data):
        return data
    end = table + size * count
    for number in range(count):
        kind, _, offset, _, _, in_file, _, _ = _SEGMENT.unpack_from(data, table + number * size)
        if kind == _PT_LOAD:
            end = max(end, offset + in_file)
    if end > len(data):
        return data
    header[6] = 0  # the offset of the section table
    header[11] = header[12] = header[13] = 0  # its entries' size, their count, the one with their names
    return _HEADER.pack(*header) + data[_HEADER.size : end]
