"""RecordIO: ``<decimal length>\\n<bytes>``, nothing between records (the Mesos v1 streaming format)."""

from __future__ import annotations

from collections.abc import Iterator

MAX_RECORD = 512 * 1024 * 1024
_MAX_DIGITS = 20


class RecordError(ValueError):
    """The stream is not RecordIO; nothing after the fault can be trusted."""


def encode(record: bytes) -> bytes:
    """One record with its length in front."""
    return b"%d\n%b" % (len(record), record)


class Decoder:
    """Cuts a byte stream, fed in any slices, into records.

    ``max_record`` bounds what one record may make us keep, in bytes. After a `RecordError` every further feed fails.
    """

    def __init__(self, max_record: int = MAX_RECORD) -> None:
        self._buffer = bytearray()
        self._want: int | None = None
        self._max = max_record
        self._failed: str | None = None

    def feed(self, data: bytes | bytearray | memoryview) -> Iterator[bytes]:
        """The records that ``data`` completes, in order. Raises `RecordError`."""
        if self._failed:
            raise RecordError(self._failed)
        self._buffer += data
        position = 0
        try:
            while True:
                if self._want is None:
                    end = self._buffer.find(b"\n", position, position + _MAX_DIGITS + 1)
                    if end < 0:
                        if len(self._buffer) - position > _MAX_DIGITS:
                            raise self._fail("no record length in the first %d bytes" % _MAX_DIGITS)
                        return
                    head = bytes(self._buffer[position:end])
                    if not head.isdigit():
                        raise self._fail(f"record length is not a decimal number: {head!r}")
                    if int(head) > self._max:
                        raise self._fail(f"record of {int(head)} bytes is over the limit of {self._max}")
                    self._want = int(head)
                    position = end + 1
                if len(self._buffer) - position < self._want:
                    return
                record = bytes(self._buffer[position : position + self._want])
                position += self._want
                self._want = None
                yield record
        finally:
            del self._buffer[:position]

    @property
    def rest(self) -> bytes:
        """What was fed and is not part of a whole record yet: another decoder that is fed it goes on from there."""
        head = b"" if self._want is None else b"%d\n" % self._want
        return head + bytes(self._buffer)

    @property
    def clean(self) -> bool:
        """True when the stream may end here: no record is half read."""
        return not self._buffer and self._want is None

    def _fail(self, why: str) -> RecordError:
        self._failed = why
        return RecordError(why)
