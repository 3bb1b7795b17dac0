"""One subscription without its socket: what responses mean, how bytes become events, when a silent stream counts as
dead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dcos_runtime import urls
from dcos_runtime.wire import codec, recordio
from dcos_runtime.wire.scheduler import Event

PATH = "/api/v1/scheduler"
STREAM_ID = "Mesos-Stream-Id"
MISSED_HEARTBEATS = 5
DEFAULT_HEARTBEAT = 15.0
"""Seconds; SUBSCRIBED may name another interval."""


@dataclass(frozen=True)
class Accepted:
    """The stream is open; calls carry this id."""

    stream_id: str


@dataclass(frozen=True)
class Elsewhere:
    """Another master leads: its base URL."""

    url: str


@dataclass(frozen=True)
class NotNow:
    """No leader, a master still recovering, or one that does not answer as expected: ask again later."""

    reason: str


@dataclass(frozen=True)
class RefusedForGood:
    """The master refuses this framework; asking again does not help."""

    status: int
    reason: str


def answer(
    status: int, headers: Mapping[str, str], body: str, asked: str
) -> Accepted | Elsewhere | NotNow | RefusedForGood:
    """What the response to SUBSCRIBE means. ``asked`` is the URL that was asked; ``body`` is the text, unless
    accepted.
    """
    if status == 200:
        stream_id = headers.get(STREAM_ID)
        if stream_id:
            return Accepted(stream_id)
        return NotNow(f"{asked} answered 200 without {STREAM_ID}; is it a Mesos master?")
    if status in (301, 302, 307, 308):
        location = headers.get("Location", "")
        try:
            target = urls.parse_web(urls.join(asked, location))  # Mesos' Location is //host:port/path
        except urls.BadUrl:
            target = None
        if not location or target is None:
            return NotNow(f"{asked} redirects to nowhere (Location {location!r})")
        return Elsewhere(f"{target.scheme}://{target.netloc}")
    if status in (400, 401, 403, 415):
        return RefusedForGood(status, body.strip() or f"HTTP {status}")
    return NotNow(f"{asked} answered {status}: {body.strip()[:200] or 'no text'}")


def ends_subscription(status: int, text: str) -> bool:
    """Whether this response to a call means that the subscription has ended."""
    return status in (301, 302, 307, 308, 401, 403, 503) or (status == 400 and "stream" in text.lower())


def unreadable(record: bytes, error: Exception) -> str:
    """The complaint about an event that is left out."""
    return f"ignoring an event that cannot be read ({error}): {record[:500]!r}"


class EventStream:
    """The event stream of one subscription. Times are seconds of one monotonic clock."""

    def __init__(self, now: float) -> None:
        self._decoder = recordio.Decoder()
        self.heartbeat = DEFAULT_HEARTBEAT
        self.heard = now

    @classmethod
    def resumed(cls, rest: bytes, heartbeat: float, heard: float) -> EventStream:
        """A stream that continues from the state of another."""
        found = cls(heard)
        found.heartbeat = heartbeat
        for _ in found._decoder.feed(rest):
            raise AssertionError("a whole record is no rest")
        return found

    @property
    def rest(self) -> bytes:
        """The part of an incomplete record that was read."""
        return self._decoder.rest

    def feed(self, data: bytes, now: float, complain: Callable[[str], None] = lambda text: None) -> list[Event]:
        """The events that ``data`` completes. Events of a type that this version does not know are left out; so are
        those that cannot be read, with a complaint.

        Raises `recordio.RecordError` when the stream cannot be read any further.
        """
        self.heard = now
        events = []
        for record in self._decoder.feed(data):
            try:
                event = codec.decode(record, Event)
            except codec.DecodeError as error:
                complain(unreadable(record, error))
                continue
            if event.subscribed is not None and event.subscribed.heartbeat_interval_seconds:
                self.heartbeat = event.subscribed.heartbeat_interval_seconds
            if event.type is not None:
                events.append(event)
        return events

    @property
    def deadline(self) -> float:
        """When the stream counts as dead unless something is heard before."""
        return self.heard + MISSED_HEARTBEATS * self.heartbeat

    @property
    def silence(self) -> str:
        return f"nothing heard for {MISSED_HEARTBEATS} heartbeats of {self.heartbeat:g} s"
