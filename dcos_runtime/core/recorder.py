"""A recording: what a core was told, when, and what it wanted, in segments that can each be run again by itself.

A segment is a row of msgpack values, each behind its length (four bytes, big-endian): an `Opening`, then one `Entry` an
event. Secrets are pseudonyms in both (`pseudonyms`), so a recording may be given away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import msgspec

from dcos_runtime.core.frozen import Frozen, Now

FORMAT = 1
SEGMENT = 4 << 20
SEGMENTS = 16
"""A recording is so many segments of so many bytes, besides their openings, of which the oldest give way."""

OPENINGS = 4
"""A segment is so many times as long as its opening, at least: making one of a core that knows much takes time."""

_BATCH = 64 << 10
_SECONDS = 1.0
"""What is kept goes to the file when it is so much, or so old when the next event comes."""


class Opening(msgspec.Struct, frozen=True, array_like=True):
    """The core named ``core`` as it was before the first entry. ``seed`` is what all its chance came from."""

    format: int
    core: str
    software: str
    number: int
    seed: bytes
    snapshot: bytes


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """An event and its effects, not decoded yet. ``error``: the name of what the core raised."""

    mono: float
    wall: float
    event: msgspec.Raw
    effects: msgspec.Raw
    error: str = ""


class Sink(Protocol):
    """Where segments go. None of these may raise: a recording that cannot be made must not hurt what it records."""

    def open(self, number: int) -> None:
        """What is written from now on is segment ``number``."""

    def write(self, data: bytes) -> None: ...

    def remove(self, number: int) -> None: ...

    def end(self, why: str) -> None:
        """Nothing more comes."""


class Veil(Protocol):
    """Knows where the secrets of one core's events, effects and snapshots are, and puts pseudonyms there."""

    def event(self, event: Any) -> Any: ...

    def effect(self, effect: Any) -> Any: ...

    def snapshot(self, snapshot: bytes) -> bytes: ...


class Recorded(Protocol):
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
        self._segment, self._segments = segment, max(segments, 1)
        self._openings = openings
        self._encoder = msgspec.msgpack.Encoder()
        self._number = 0
        self._size = 0
        self._enough = segment
        self._kept = bytearray()
        self._flushed = float("-inf")
        self._over = False
        self._open()

    def keep(self, now: Now, event: Frozen, effects: Sequence[Frozen], error: str) -> None:
        """Called after every event with what the core answered; the core is as that event left it.

        Whatever goes wrong here ends the recording, and nothing else.
        """
        if self._over:
            return
        try:
            self._keep(now, event, effects, error)
        except Exception as failure:
            self._over = True
            self._sink.end(f"an event could not be recorded: {type(failure).__name__}: {failure}")

    def _keep(self, now: Now, event: Frozen, effects: Sequence[Frozen], error: str) -> None:
        veil = self._veil
        entry = (now.mono, now.wall, veil.event(event), [veil.effect(effect) for effect in effects], error)
        self._put(self._encoder.encode(entry))
        if self._size >= self._enough:
            self._open()
        elif len(self._kept) >= _BATCH or now.mono - self._flushed >= _SECONDS:
            self._flushed = now.mono
            self.flush()

    def flush(self) -> None:
        if self._kept:
            self._sink.write(bytes(self._kept))
            self._kept.clear()

    def _open(self) -> None:
        self.flush()
        self._number += 1
        self._size = 0
        self._sink.open(self._number)
        if self._number > self._segments:
            self._sink.remove(self._number - self._segments)
        snapshot = self._veil.snapshot(self._core.snapshot())
        opening = Opening(FORMAT, self._name, self._software, self._number, self._seed, snapshot)
        self._put(self._encoder.encode(opening))
        self.flush()
        self._enough = max(self._segment, self._openings * self._size)
        self._size = 0

    def _put(self, data: bytes) -> None:
        self._kept += len(data).to_bytes(4, "big")
        self._kept += data
        self._size += 4 + len(data)


class Unreadable(ValueError):
    """The bytes are no recording that this version reads. The text says why."""


def read(data: bytes) -> tuple[Opening, list[Entry]]:
    """A segment. What was cut off at its end by a crash is left out. Raises `Unreadable`."""
    parts = _parts(data)
    try:
        first = next(parts, None)
        opening = msgspec.msgpack.decode(first, type=Opening) if first is not None else None
    except msgspec.DecodeError as error:
        raise Unreadable(f"this is no recording: {error}") from None
    if opening is None:
        raise Unreadable("this is no recording: it has no beginning")
    if opening.format != FORMAT:
        raise Unreadable(f"the recording is of format {opening.format}, and this version reads {FORMAT}")
    decoder = msgspec.msgpack.Decoder(Entry)
    try:
        return opening, [decoder.decode(part) for part in parts]
    except msgspec.DecodeError as error:
        raise Unreadable(f"the recording is damaged: {error}") from None


def _parts(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if at + 4 + size > len(data):
            return
        yield data[at + 4 : at + 4 + size]
        at += 4 + size
