"""A recording: a core's events, their times, and its effects, in segments that can each be run again by itself.

A segment is a row of msgpack values: an `Opening`, then batches, each an array of one `Entry` an event. Before each
value come its length, and the CRC-32 of the length and the value (four bytes each, big-endian). So lengths are
reliable, a segment that a crash or a power failure interrupted is not taken for damaged, and other damage is found.
Secrets are replaced by pseudonyms (`pseudonyms`), so a recording may be given to others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from zlib import crc32

import msgspec

from dcos_runtime.core.frozen import Frozen, Now

FORMAT = 3
SEGMENT = 4 << 20
SEGMENTS = 16
"""A recording has so many segments of so many bytes, without their openings; the oldest are removed."""

OPENINGS = 4
"""A segment is at least so many times as long as its opening, because a snapshot of a large core takes time."""

HEAD = 12
"""Bytes before each value."""

_ARRAY = 5
"""Bytes before the first entry of a batch: msgpack's mark of an array, and how many entries it has."""

_BATCH = 64 << 10
_SECONDS = 1.0
"""A batch is written to the file when it has so many bytes, or is so old when the next event comes."""


class Opening(msgspec.Struct, frozen=True, array_like=True):
    """The state of the core named ``core`` before the first entry, and the ``seed`` of its random numbers."""

    format: int
    core: str
    software: str
    number: int
    seed: bytes
    snapshot: bytes


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """An event and its effects, not decoded yet. ``error``: the name of the error that the core raised."""

    mono: float
    wall: float
    event: msgspec.Raw
    effects: msgspec.Raw
    error: str = ""


class Sink(Protocol):
    """The receiver of segments. Its methods never raise: a failed recording must not harm the daemon."""

    def open(self, number: int) -> None:
        """Further writes belong to segment ``number``."""

    def write(self, data: bytes) -> None: ...

    def remove(self, number: int) -> None: ...

    def end(self, why: str) -> None:
        """The recording has ended."""

    @property
    def ended(self) -> bool:
        """Whether the recording has ended: further writes are dropped."""


Hiders = Mapping[type[Frozen], Callable[[Any], Any]]
"""By the types that may hold secrets: what returns such a value with pseudonyms. Others are recorded as they are."""


def veiled(values: Iterable[Any], hiders: Hiders) -> list[Any]:
    """Events or effects as they are recorded."""
    return [value if (hide := hiders.get(type(value))) is None else hide(value) for value in values]


class Veil(Protocol):
    """Finds the secrets in one core's events, effects and snapshots, and replaces them by pseudonyms.

    An event comes before its effects. The two tables never change.
    """

    @property
    def events(self) -> Hiders: ...

    @property
    def effects(self) -> Hiders: ...

    def snapshot(self, snapshot: bytes) -> bytes: ...


class Recorded(Protocol):
    """The part of a core that a recorder needs."""

    def snapshot(self) -> bytes: ...


class Recorder:
    """Keeps the events of one core in a bounded ring of segments."""

    def __init__(
        self,
        core: Recorded,
        name: str,
        software: str,
        seed: bytes,
        veil: Veil,
        sink: Sink,
        *,
        segment: int = SEGMENT,
        segments: int = SEGMENTS,
        openings: int = OPENINGS,
    ) -> None:
        self._core, self._name, self._software, self._seed = core, name, software, seed
        self._veil, self._sink = veil, sink
        self._events, self._effects = veil.events, veil.effects
        self._segment, self._segments = segment, max(segments, 1)
        self._openings = openings
        self._encoder = msgspec.msgpack.Encoder()
        self._encode_into = self._encoder.encode_into
        self._number = 0
        self._room = segment  # bytes until the segment is full
        self._batch = bytearray(HEAD + _ARRAY)
        self._entries = 0  # in the batch
        self._enough = 0  # bytes that a batch has when it is written
        self._due = float("-inf")
        self._over = False
        self._open()

    def keep(self, now: Now, event: Frozen, effects: Sequence[Frozen], error: str) -> None:
        """Called after every event with the core's effects, before the next event. An error here ends the recording,
        and nothing else.
        """
        if self._over:
            return
        batch = self._batch
        before = len(batch)
        try:
            hide = self._events.get(type(event))
            shown = event if hide is None else hide(event)
            kinds = self._effects
            for effect in effects:
                if type(effect) in kinds:
                    effects = veiled(effects, kinds)
                    break
            mono, wall = now
            self._encode_into((mono, wall, shown, effects, error), batch, -1)
        except Exception as failure:
            del batch[before:]
            self._end(failure)
            return
        self._entries += 1
        if mono >= self._due or len(batch) >= self._enough:
            self._write(mono)

    def _write(self, mono: float) -> None:
        self._due = mono + _SECONDS
        self.flush()
        try:
            if self._room <= 0 and not self._over:
                self._open()
        except Exception as failure:
            self._end(failure)

    def _end(self, failure: Exception) -> None:
        self.flush()
        self._over = True
        self._sink.end(f"an event could not be recorded: {type(failure).__name__}: {failure}")

    def flush(self) -> None:
        if not self._entries:
            return
        batch = self._batch
        batch[HEAD : HEAD + _ARRAY] = b"\xdd" + self._entries.to_bytes(4, "big")
        self._entries = 0
        self._put(batch)
        del batch[HEAD + _ARRAY :]
        self._enough = min(_BATCH, HEAD + _ARRAY + self._room)

    def _open(self) -> None:
        self._number += 1
        self._sink.open(self._number)
        if self._number > self._segments:
            self._sink.remove(self._number - self._segments)
        snapshot = self._veil.snapshot(self._core.snapshot())
        opening = Opening(FORMAT, self._name, self._software, self._number, self._seed, snapshot)
        first = bytearray(HEAD)
        self._encode_into(opening, first, HEAD)
        self._put(first)
        self._room = max(self._segment, self._openings * len(first))
        self._enough = min(_BATCH, self._room)

    def _put(self, value: bytearray) -> None:
        """Writes a value that has room for its head before it."""
        length = (len(value) - HEAD).to_bytes(4, "big")
        with memoryview(value) as whole:
            value[:HEAD] = length + crc32(length).to_bytes(4, "big") + crc32(whole[HEAD:]).to_bytes(4, "big")
        self._room -= len(value)
        self._sink.write(bytes(value))
        self._over = self._over or self._sink.ended


class UnreadableRecording(ValueError):
    """The bytes are not a recording that this version reads. The text says why."""


_UNREADABLE = (msgspec.DecodeError, ValueError, RecursionError)  # a text that is not UTF-8 raises the second


def read(data: bytes) -> tuple[Opening, list[Entry]]:
    """Reads a segment, without what `cut_off` counts. Raises `UnreadableRecording`."""
    parts = _parts(memoryview(data))
    try:
        first = next(parts, None)
        opening = msgspec.msgpack.decode(first, type=Opening) if first is not None else None
    except UnreadableRecording:
        raise
    except _UNREADABLE as error:
        raise UnreadableRecording(f"this is no recording: {error}") from None
    if opening is None:
        raise UnreadableRecording("this is no recording: it has no beginning")
    if opening.format != FORMAT:
        raise UnreadableRecording(f"the recording is of format {opening.format}, and this version reads {FORMAT}")
    decoder = msgspec.msgpack.Decoder(list[Entry])
    try:
        return opening, [entry for part in parts for entry in decoder.decode(part)]
    except UnreadableRecording:
        raise
    except _UNREADABLE as error:
        raise UnreadableRecording(f"the recording is damaged: {error}") from None


def cut_off(data: bytes) -> int:
    """How many bytes at the end of a segment hold no whole value: a crash or a power failure cut it short.

    Raises `UnreadableRecording`.
    """
    return len(data) - sum(HEAD + len(part) for part in _parts(memoryview(data)))


def _parts(data: memoryview) -> Iterator[memoryview]:
    """A value that is shorter than its length was cut off, and is the last one. So is a value that was not written
    before the power failed: the file has its length by then, and zeros in its place. No entry ends with a zero.
    """
    at, written = 0, len(bytes(data).rstrip(b"\0"))
    while at + HEAD <= len(data):
        length, of_length, of_value = (data[at + 4 * word : at + 4 * word + 4] for word in range(3))
        if crc32(length) != int.from_bytes(of_length, "big"):
            if at + HEAD > written:
                return
            what = "the recording is damaged" if at else "this is no recording, or one of an older version"
            raise UnreadableRecording(f"{what}: the length at byte {at} is not what was written")
        start, size = at + HEAD, int.from_bytes(length, "big")
        if start + size > len(data):
            return
        value = data[start : start + size]
        if crc32(value) != int.from_bytes(of_value, "big"):
            if start + size > written:
                return
            raise UnreadableRecording(f"the recording is damaged: what is between bytes {start} and {start + size}")
        yield value
        at = start + size
