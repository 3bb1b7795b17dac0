"""A scheduler's connection to the leading master: its real core, with calls and streams of the simulated network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dcos_runtime.core.runner import Runner
from dcos_runtime.framework.core import effects, events
from dcos_runtime.framework.core.core import Settings, SubscriptionCore
from dcos_runtime.sim.network import Stream
from dcos_runtime.sim.process import Process, Ticker
from dcos_runtime.wire import calls, codec, recordio
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.scheduler import Call, Event

CALL_SECONDS = 30.0
"""As in `framework.client`."""
UNREAD_SECONDS = 8.0
"""Seconds after which a master notices that a stream has no reader."""


class Subscription:
    """The connection of one life of a process. ``heard`` gets events, ``lost`` the reason why a subscription ended,
    ``refused`` the calls that the master refused. It sends only when ``may`` allows it.
    """

    def __init__(
        self,
        process: Process,
        introduce: Callable[[], FrameworkInfo],
        heard: Callable[[Event], None],
        lost: Callable[[str], None],
        refused: Callable[[Call, int, str], None] = lambda call, status, text: None,
        may: Callable[[Callable[[], None]], None] = lambda action: action(),
        number: int = 0,
    ) -> None:
        """``number``: the number of the connection in this life."""
        self._process = process
        self._introduce, self._heard, self._lost, self._refused, self._may = introduce, heard, lost, refused, may
        core = SubscriptionCore(Settings(), process.cluster.source(process, f"{process.name} {process.life} {number}"))
        self.core = core
        self._runner: Runner[events.Event] = Runner(core, process.now, self._perform)
        ticker = Ticker(process, core, lambda: process.now().mono, self._runner.feed)
        self._runner.fed = ticker.fed
        self._over = False
        self._streams: dict[int, Stream] = {}
        self._waiting: dict[int, list[events.Event]] = {}
        """Events that came before anybody listened, and are read then."""

    def leader_is(self, host: str) -> None:
        self._runner.feed(events.LeaderSeen(f"http://{host}:5050"))

    def send(self, call: Call) -> bool:
        """False, and nothing is sent, while there is no subscription."""
        if self.core.master is None:
            return False
        self._runner.feed(events.SendAsked(call))
        return True

    def hang_up(self) -> None:
        """The connection breaks."""
        for attempt in list(self._streams):
            self._runner.feed(events.Failed(attempt, "hung up"))

    def died(self) -> None:
        """The process is gone, and with it the reader of the connection."""
        self._over = True
        for stream in self._streams.values():
            stream.abandon()
        self._streams.clear()

    # --- effects ---

    def _perform(self, effect: Any) -> None:
        if self._over:
            return
        match effect:
            case effects.Deliver():
                self._heard(effect.event)
            case effects.Post():
                self._may(self._process.mine(lambda: self._post(effect)))
            case effects.Subscribe():
                self._may(self._process.mine(lambda: self._subscribe(effect)))
            case effects.Listen():
                for what in self._waiting.pop(effect.attempt, ()):
                    self._runner.feed(what)
            case effects.Close():
                self._waiting.pop(effect.attempt, None)
                stream = self._streams.pop(effect.attempt, None)
                if stream is not None:
                    stream.abandon()
            case effects.ReportRefused():
                self._refused(effect.call, effect.status, effect.text)
            case effects.ReportDisconnected():
                self._lost(effect.reason)
                self._process.later(0.0, lambda: self._runner.feed(events.DisconnectHandled()))
            case effects.End():
                raise AssertionError(f"the master refuses {self._process.name}: {effect.reason}")

    def _subscribe(self, effect: effects.Subscribe) -> None:
        process, attempt, host = self._process, effect.attempt, _host(effect.url)
        stream = self._streams[attempt] = Stream(process.network, host, process.name)
        feed, hears = self._runner.feed, process.hears
        self._waiting[attempt] = []
        stream.on_record = hears(lambda data: self._came(attempt, events.Received(attempt, recordio.encode(data))))
        stream.ended = hears(lambda why: self._came(attempt, events.Failed(attempt, why)))
        body = codec.encode(calls.subscribe(self._introduce()))
        asked = False

        def request(answer: Callable[[Any], None]) -> None:
            nonlocal asked
            master = process.cluster.master_at(host)
            if master is None:
                answer((0, "connection refused"))
            else:
                # A repeated request is another subscription for the master, whose events nobody reads.
                master.subscribe(body, Stream.unheard(stream, UNREAD_SECONDS) if asked else stream, answer)
            asked = True

        def answered(answer: tuple[int, str]) -> None:
            status, text = answer
            if status == 0:
                feed(events.Failed(attempt, text))
            else:
                stream_id = text if status == 200 else ""
                feed(events.Answered(attempt, status, stream_id, text="" if status == 200 else text))

        def failed(why: str) -> None:
            feed(events.Failed(attempt, why))

        process.network.call(process.name, host, request, hears(answered), hears(failed), CALL_SECONDS)

    def _came(self, attempt: int, event: events.Event) -> None:
        if self._over:
            return
        waiting = self._waiting.get(attempt)
        if waiting is not None:
            waiting.append(event)
        else:
            self._runner.feed(event)

    def _post(self, effect: effects.Post) -> None:
        process, attempt, host = self._process, effect.attempt, _host(effect.url)
        feed, hears = self._runner.feed, process.hears
        body, stream_id = codec.encode(effect.call), effect.stream_id

        def request(answer: Callable[[Any], None]) -> None:
            master = process.cluster.master_at(host)
            if master is None:
                answer((0, "connection refused"))
            else:
                master.call(body, stream_id, answer)

        def answered(answer: tuple[int, str]) -> None:
            status, text = answer
            if status == 0:
                feed(events.CallFailed(attempt, text))
            else:
                feed(events.CallAnswered(attempt, status, text))

        def failed(why: str) -> None:
            feed(events.CallFailed(attempt, why))

        process.network.call(process.name, host, request, hears(answered), hears(failed), CALL_SECONDS, (202, ""))


def _host(url: str) -> str:
    return url.removeprefix("http://").rpartition(":")[0]
