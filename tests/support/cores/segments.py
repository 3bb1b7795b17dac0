"""The sink of a test's recording: in memory, complete."""

from __future__ import annotations

from zlib import crc32


class Segments:
    def __init__(self) -> None:
        self.files: list[bytearray] = []

    def open(self, number: int) -> None:
        self.files.append(bytearray())

    def write(self, data: bytes) -> None:
        self.files[-1] += data

    def remove(self, number: int) -> None:
        """All segments are kept for inspection."""

    ended = False

    def end(self, why: str) -> None:
        raise AssertionError(why)


def sealed(*values: bytes) -> bytes:
    """A segment of these, with the lengths and checksums of a recorder."""
    made = bytearray()
    for value in values:
        length = len(value).to_bytes(4, "big")
        made += length + crc32(length).to_bytes(4, "big") + crc32(value).to_bytes(4, "big") + value
    return bytes(made)


def altered(segment: bytes, old: bytes, new: bytes) -> bytes:
    """The segment of another history: ``new`` replaces ``old`` in all its values, as if it had been recorded so."""
    values, at = [], 0
    while at < len(segment):
        end = at + 12 + int.from_bytes(segment[at : at + 4], "big")
        values.append(segment[at + 12 : end].replace(old, new))
        at = end
    return sealed(*values)
