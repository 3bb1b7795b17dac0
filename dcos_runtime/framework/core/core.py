"""One framework's subscription: made, kept while the master sends something, and made again.

Nothing is sent twice: calls that still waited when a subscription ended are dropped. The scheduler gets a SUBSCRIBED
event for every new subscription, and reconciles.
"""

from __future__ import annotations

import enum
import logging
from collections import deque
from dataclasses import dataclass

import msgspec

from dcos_runtime import urls
from dcos_runtime.core.frozen import Frozen, Log, Now, Tick
from dcos_runtime.core.seeds import SeededSource, SourceState
from dcos_runtime.core.timers import Timers
from dcos_runtime.framework.core import events
from dcos_runtime.framework.core import stream as streams
from dcos_runtime.framework.core.effects import (
    Close,
    Deliver,
    Effect,
    End,
    Listen,
    Post,
    ReportDisconnected,
    ReportRefused,
    Subscribe,
)
from dcos_runtime.framework.core.events import Event
from dcos_runtime.framework.core.stream import EventStream
from dcos_runtime.wire import recordio
from dcos_runtime.wire.common import FrameworkID
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.scheduler import Event as SchedulerEvent

MAX_REDIRECTS = 5
FACTOR = 2.0


class Again(Frozen, frozen=True):
    """The wait before another attempt is over."""


class Silence(Frozen, frozen=True):
    """Nothing came on the stream for too long."""


Timer = Again | Silence


class SubscriptionState(enum.Enum):
    """How far the subscription is."""

    SEEKING = "seeking"  # no leader is known
    ASKING = "asking"
    SUBSCRIBED = "subscribed"
    DISCONNECTING = "disconnecting"  # the scheduler is being told that the subscription is over
    WAITING = "waiting"  # before another attempt
    ENDED = "ended"


@dataclass(frozen=True)
class Settings:
    """Waits, in seconds, between two attempts. ``tls``: masters are spoken to at their port for mutual TLS only."""

    first_wait: float = 0.25
    longest_wait: float = 3.0
    tls: bool = False


class SubscriptionRecord(msgspec.Struct):
    """All that a connection remembers, except the calls that wait and the incomplete record."""

    wait: float
    """The longest that the next wait may be."""
    standing: SubscriptionState = SubscriptionState.SEEKING
    leader: str | None = None
    asked: str = ""
    """The leader when the attempt began; ``url`` is where redirects have led since."""
    url: str = ""
    attempt: int = 0
    redirects: int = 0
    began: float = 0.0
    reason: str = ""
    stream_id: str = ""
    framework_id: FrameworkID | None = None
    posted: bool = False


class Snapshot(msgspec.Struct):
    """``stream``: what is half read, the heartbeat, and when something was heard."""

    settings: Settings
    source: SourceState
    at: SubscriptionRecord
    stream: tuple[bytes, float, float] | None
    calls: list[Call]
    timers: list[tuple[float, Timer]]


class SubscriptionCore:
    """Takes events and the time, returns effects in the order they are to be done."""

    def __init__(self, settings: Settings, source: SeededSource) -> None:
        self.settings, self.source = settings, source
        self.at = SubscriptionRecord(settings.first_wait)
        self._timers: Timers[Timer] = Timers()
        self._stream: EventStream | None = None
        self._calls: deque[Call] = deque()
        self._effects: list[Effect] = []

    @property
    def master(self) -> str | None:
        """The base URL of the master we are subscribed to."""
        return self.at.url if self.at.standing is SubscriptionState.SUBSCRIBED else None

    def receive(self, event: Event, now: Now) -> list[Effect]:
        """What is to be done because of the event."""
        match event:
            case events.Received():
                self._received(event, now)
            case events.SendAsked():
                if self.at.standing is SubscriptionState.SUBSCRIBED:
                    self._calls.append(event.call)
                    self._post()
            case events.CallAnswered():
                self._call_answered(event)
            case Tick():
                for key in self._timers.fire(now.mono):
                    self._due(key, now)
            case events.LeaderSeen():
                self._leader_seen(event.url, now)
            case events.Answered():
                self._answered(event, now)
            case events.Failed():
                if self._is_current(event.attempt):
                    self._over(event.why)
            case events.CallFailed():
                if self._is_current(event.attempt) and self._calls:
                    self._over(f"{_name(self._calls[0])} did not reach {self.at.url}: {event.why}")
            case events.DisconnectHandled():
                self._end_was_seen(now)
        return self.take_effects()

    def take_effects(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects

    def next_deadline(self) -> float | None:
        return self._timers.next_deadline()

    def snapshot(self) -> bytes:
        """All of the state; `restored` makes a core that continues from it."""
        stream = self._stream
        return msgspec.msgpack.encode(
            Snapshot(
                self.settings,
                self.source.state(),
                self.at,
                None if stream is None else (stream.rest, stream.heartbeat, stream.heard),
                list(self._calls),
                self._timers.entries(),
            )
        )

    # --- whom to ask, and when ----------------------------------------------------------------------------------------

    def _is_current(self, attempt: int) -> bool:
        at = self.at
        return attempt == at.attempt and at.standing in (SubscriptionState.ASKING, SubscriptionState.SUBSCRIBED)

    def _leader_seen(self, url: str, now: Now) -> None:
        at = self.at
        at.leader = url
        if at.standing is SubscriptionState.SEEKING:
            self._begin(now)
        elif at.standing in (SubscriptionState.ASKING, SubscriptionState.SUBSCRIBED) and url not in (at.asked, at.url):
            self._over(f"{at.url} does not lead any more")

    def _begin(self, now: Now) -> None:
        at = self.at
        if at.leader is None:
            at.standing = SubscriptionState.SEEKING
            return
        at.began, at.redirects, at.asked = now.mono, 0, at.leader
        self._ask(at.leader)

    def _ask(self, url: str) -> None:
        at = self.at
        at.standing = SubscriptionState.ASKING
        at.attempt += 1
        at.url = url
        self._effects.append(Subscribe(at.attempt, url))

    def _due(self, key: Timer, now: Now) -> None:
        match key:
            case Again():
                self._begin(now)
            case Silence() if self._stream is not None:
                self._over(f"{self.at.url}: {self._stream.silence}")

    def _over(self, why: str) -> None:
        """This attempt, or this subscription, is over."""
        at = self.at
        self._effects.append(Close(at.attempt))
        at.standing, at.reason = SubscriptionState.DISCONNECTING, why
        at.stream_id, at.framework_id, at.posted = "", None, False
        self._stream = None
        self._calls.clear()
        self._timers.cancel(Silence())
        self._effects.append(ReportDisconnected(why))

    def _end_was_seen(self, now: Now) -> None:
        at, settings = self.at, self.settings
        if at.standing is not SubscriptionState.DISCONNECTING:
            return
        if now.mono - at.began > settings.longest_wait:
            at.wait = settings.first_wait
        wait = at.wait * self.source.uniform(0.5, 1.0)
        at.wait = min(at.wait * FACTOR, settings.longest_wait)
        at.standing = SubscriptionState.WAITING
        self._timers.set(Again(), now.mono + wait)
        self._effects.append(Log(logging.WARNING, f"{at.reason}; subscribing again in {wait:.1f} s"))

    # --- the answer to SUBSCRIBE --------------------------------------------------------------------------------------

    def _answered(self, event: events.Answered, now: Now) -> None:
        at = self.at
        if not self._is_current(event.attempt) or at.standing is not SubscriptionState.ASKING:
            self._effects.append(Close(event.attempt))
            return
        headers = {streams.STREAM_ID: event.stream_id, "Location": event.location}
        match streams.answer(event.status, headers, event.text, at.url + streams.PATH):
            case streams.Accepted(stream_id):
                at.standing, at.stream_id = SubscriptionState.SUBSCRIBED, stream_id
                self._stream = EventStream(now.mono)
                self._timers.set(Silence(), self._stream.deadline)
                self._effects += [Log(logging.INFO, f"subscribed at {at.url}"), Listen(at.attempt)]
            case streams.RefusedForGood(_, reason):
                at.standing = SubscriptionState.ENDED
                self._effects.append(End(f"the master at {at.url} refuses the framework: {reason}"))
            case streams.NotNow(reason):
                self._over(reason)
            case streams.Elsewhere(url):
                self._redirected(url)

    def _redirected(self, url: str) -> None:
        at = self.at
        if self.settings.tls and not _same_port(at.url, url):
            self._over(f"{at.url} redirects to {url}, which is not a master's port for mutual TLS")
        elif at.redirects + 1 >= MAX_REDIRECTS:
            self._over(f"more than {MAX_REDIRECTS} redirects, the last one to {url}")
        else:
            self._effects.append(Log(logging.INFO, f"{at.url} redirects to {url}"))
            at.redirects += 1
            self._ask(url)

    # --- the stream ---------------------------------------------------------------------------------------------------

    def _received(self, event: events.Received, now: Now) -> None:
        at, stream = self.at, self._stream
        if stream is None or not self._is_current(event.attempt):
            return
        try:
            found = stream.feed(event.data, now.mono, self._complain)
        except recordio.RecordError as error:
            self._over(f"{at.url} sends an unreadable stream: {error}")
            return
        self._timers.set(Silence(), stream.deadline)
        for message in found:
            if message.subscribed is not None:
                at.framework_id = message.subscribed.framework_id
            if message.type is not SchedulerEvent.Type.HEARTBEAT:
                self._effects.append(Deliver(message))

    def _complain(self, text: str) -> None:
        self._effects.append(Log(logging.ERROR, text))

    # --- calls --------------------------------------------------------------------------------------------------------

    def _post(self) -> None:
        at = self.at
        if self._calls and not at.posted:
            at.posted = True
            call = msgspec.structs.replace(self._calls[0], framework_id=at.framework_id)
            self._effects.append(Post(at.attempt, at.url, at.stream_id, call))

    def _call_answered(self, event: events.CallAnswered) -> None:
        at = self.at
        if not self._is_current(event.attempt) or not at.posted:
            return
        call, status, text = self._calls[0], event.status, event.text
        if self.source.unlucky("the subscription is given up"):
            self._over("bad luck")
            return
        if streams.ends_subscription(status, text):
            self._over(f"{at.url} answered {_name(call)} with {status}: {text or 'no text'}")
            return
        self._calls.popleft()
        at.posted = False
        if status not in (200, 202):
            self._complain(f"{at.url} refused {_name(call)} with {status}: {text}")
            self._effects.append(ReportRefused(call, status, text))
        self._post()


def restored(seed: bytes, snapshot: bytes) -> SubscriptionCore:
    """A core that continues from ``snapshot``. Raises `msgspec.DecodeError`."""
    found = msgspec.msgpack.decode(snapshot, type=Snapshot)
    core = SubscriptionCore(found.settings, SeededSource.restored(seed, found.source))
    core.at = found.at
    core._timers = Timers(found.timers)
    core._calls = deque(found.calls)
    if found.stream is not None:
        core._stream = EventStream.resumed(*found.stream)
    return core


def _name(call: Call) -> str:
    return call.type.value if call.type else "a call"


def _same_port(url: str, other: str) -> bool:
    """Whether both have the same scheme and port."""
    try:
        one, two = urls.parse(url), urls.parse(other)
    except urls.BadUrl:
        return False
    return (one.scheme, one.port) == (two.scheme, two.port)
