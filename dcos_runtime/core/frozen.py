"""Events and effects: frozen data, so that each can be kept, compared, recorded and sent as it is."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Now(NamedTuple):
    """The time of an event: ``mono`` for waits, ``wall`` (seconds since 1970) for display."""

    mono: float
    wall: float


class Frozen(msgspec.Struct, frozen=True, tag=True, array_like=True):
    """An event, an effect, the key of a timer or a continuation. Recorded as an array that begins with its name.

    A field holds a frozen value or encoded bytes, never a mutable object.
    """


# --- events that every core takes -------------------------------------------------------------------------------------


class Tick(Frozen, frozen=True):
    """Time has passed: do what is due."""


class Persisted(Frozen, frozen=True):
    """The write `Persist` of this id is durable."""

    id: int


class PersistFailed(Frozen, frozen=True):
    """The write `Persist` of this id failed; the former values are still stored."""

    id: int
    why: str


# --- effects that every core has --------------------------------------------------------------------------------------


class Persist(Frozen, frozen=True):
    """Write durably, in order: each key its value, ``None`` removes it. Answered by `Persisted` or `PersistFailed`."""

    id: int
    changes: tuple[tuple[str, bytes | None], ...]


class Reply(Frozen, frozen=True):
    """The answer to the call that came with this request number."""

    request: int
    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()


class Log(Frozen, frozen=True):
    """A line for the daemon's log; ``level`` as in `logging`."""

    level: int
    text: str
