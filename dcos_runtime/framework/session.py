"""One subscription without its socket: what answers mean, how bytes become events, when silence is death."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from dcos_runtime.wire import codec, recordio
from dcos_runtime.wire.scheduler import Event

log = logging.getLogger(__name__)

PATH = "/api/v1/scheduler"
STREAM_ID = "Mesos-Stream-Id"
MISSED_HEARTBEATS = 5
DEFAULT_HEARTBEAT = 15.0
"""Seconds, until SUBSCRIBED tells another."""


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
class Refused:
    """The master will not have this framework as it introduces itself; asking again is of no use."""

    status: int
    reason: str


def answer(status: int, headers: Mapping[str, str], body: str, asked: str) -> Accepted | Elsewhere | NotNow | Refused:
    """What the answer to SUBSCRIBE means. ``asked`` is the URL that was asked, ``body`` the text unless accepted."""
    if status == 200:
        stream_id = headers.get(STREAM_ID)
        if stream_id:
            return Accepted(stream_id)
        return NotNow(f"{asked} answered 200 without {STREAM_ID}; is it a Mesos master?")
    if status in (301, 302, 307, 308):
        location = headers.get("Location", "")
        target = urlsplit(urljoin(asked, location))  # the original's Location is protocol-relative: //host:port/path
        if not location or not target.netloc:
            return NotNow(f"{asked} redirects to nowhere (Location {location!r})")
        return Elsewhere(f"{target.scheme}://{target.netloc}")
    if status in (400, 401, 403, 415):
        return Refused(status, body.strip() or f"HTTP {status}")
    return NotNow(f"{asked} answered {status}: {body.strip()[:200] or 'no text'}")


def ends_subscription(status: int, text: str) -> bool:
    """Whether this answer to a call means that the subscription it was sent on is no more."""
    return status in (301, 302, 307, 308, 401, 403, 503) or (status == 400 and "stream" in text.lower())


class Session:
    """The event stream of one subscription. Times are seconds of one monotonic clock."""

    def __init__(self, now: float) -> None:
        self._decoder = recordio.Decoder()
        self._heartbeat = DEFAULT_HEARTBEAT
        self._heard = now

    def feed(self, data: bytes, now: float) -> list[Event]:
        """The events that ``data`` completes; those of a type this version does not know are left out.

        Raises `recordio.RecordError` when the stream cannot be read any further.
        """
        self._heard = now
        events = []
        for record in self._decoder.feed(data):
            try:
                event = codec.decode(record, Event)
            except codec.DecodeError as error:
                log.error("ignoring an event that cannot be read (%s): %r", error, record[:500])
                continue
            if event.subscribed is not None and event.subscribed.heartbeat_interval_seconds:
                self._heartbeat = event.subscribed.heartbeat_interval_seconds
            if event.type is not None:
                events.append(event)
        return events

    @property
    def deadline(self) -> float:
        """When the stream counts as dead unless something is heard before."""
        return self._heard + MISSED_HEARTBEATS * self._heartbeat

    @property
    def silence(self) -> str:
        return f"nothing heard for {MISSED_HEARTBEATS} heartbeats of {self._heartbeat:g} s"
