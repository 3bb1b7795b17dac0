"""What the kernel's core wants done, in order. What an effect holds is not changed any more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from dcos_runtime.wire.scheduler import Event


@dataclass(frozen=True, slots=True)
class Send:
    """One event for the subscriber on ``stream``, which gets it in the content type it asked for."""

    stream: int
    event: Event


@dataclass(frozen=True, slots=True)
class SendJoined:
    """The same of an event that is in the content type already that the subscriber asked for."""

    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """Ends a subscriber's or an agent's stream, after what was sent on it before."""

    stream: int


@dataclass(frozen=True, slots=True)
class Tell:
    """One message for the agent on ``stream``, JSON."""

    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Persist:
    """Writes to the registry; then `MasterCore.persisted` is called with ``id``. Failure ends the process."""

    id: int
    changes: Mapping[str, bytes | None]


Effect = Send | SendJoined | Close | Tell | Persist


class Answer(NamedTuple):
    """What an HTTP call is answered with. ``text`` is plain; empty means no body."""

    status: int
    text: str = ""


ACCEPTED = Answer(202)
