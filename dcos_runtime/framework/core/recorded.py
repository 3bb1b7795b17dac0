"""What `dcos_runtime.replay` and ``--record`` need to know of the core of a framework's connection."""

from __future__ import annotations

from typing import get_args

import msgspec

from dcos_runtime.core.frozen import Log
from dcos_runtime.core.pseudonyms import Pseudonyms
from dcos_runtime.core.recorder import Hiders
from dcos_runtime.framework.core.core import Snapshot, restored
from dcos_runtime.framework.core.effects import Deliver, Effect, Listen, Post, ReportDisconnected, ReportRefused
from dcos_runtime.framework.core.events import Event, Received, SendAsked
from dcos_runtime.framework.core.stream import unreadable
from dcos_runtime.wire import codec, recordio
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.scheduler import Event as SchedulerEvent

__all__ = ["EFFECT", "EVENT", "NAME", "Veil", "restored"]

NAME = "framework"
EVENT = Event
EFFECT = Effect


class Veil:
    """Calls and events may hold secrets of tasks: see `Pseudonyms.message`.

    The stream arrives in pieces of any size, which cannot be read alone. So the beginning of a record is recorded with
    its end, and a recording has complete records only. The core decides the same: it acts on complete records, and
    takes every piece, an empty one too, as a sign of life.
    """

    def __init__(self, key: bytes) -> None:
        self._names = Pseudonyms(key)
        self._listening: int | None = None
        self._decoder = recordio.Decoder()
        self._texts: dict[str, str] = {}
        """Complaints that this event causes → the same with pseudonyms."""
        self._broken = ("", "")
        """The same of the stream that broke off last; a snapshot holds it for a while."""
        self.events: Hiders = dict.fromkeys(get_args(Event), self._begin)
        self.effects: Hiders = dict.fromkeys(
            (Listen, Post, Deliver, ReportRefused, ReportDisconnected, Log), self._effect
        )

    def _begin(self, event: Event) -> Event:
        self._texts.clear()
        match event:
            case Received():
                return Received(event.attempt, self._stream(event))
            case SendAsked():
                return SendAsked(self._call(event.call))
        return event

    def _effect(self, effect: Effect) -> Effect:
        match effect:
            case Listen():
                self._listening, self._decoder = effect.attempt, recordio.Decoder()
            case Post():
                return msgspec.structs.replace(effect, call=self._call(effect.call))
            case Deliver():
                return Deliver(codec.decode(self._event(effect.event), SchedulerEvent))
            case ReportRefused():
                return msgspec.structs.replace(effect, call=self._call(effect.call))
            case ReportDisconnected():
                return ReportDisconnected(self._reason(effect.reason))
            case Log():
                return Log(effect.level, self._texts.get(effect.text) or self._reason(effect.text))
        return effect

    def snapshot(self, snapshot: bytes) -> bytes:
        found = msgspec.msgpack.decode(snapshot, type=Snapshot)
        found.calls = [self._call(call) for call in found.calls]
        found.at.reason = self._reason(found.at.reason)
        if found.stream is not None:
            found.stream = (b"", *found.stream[1:])  # is recorded with the piece that completes it
        return msgspec.msgpack.encode(found)

    # --- the stream ---------------------------------------------------------------------------------------------------

    def _stream(self, event: Received) -> bytes:
        if event.attempt != self._listening:
            return b""  # the core ignores it, too
        hidden = bytearray()
        try:
            for record in self._decoder.feed(event.data):
                hidden += recordio.encode(self._record(record))
        except recordio.RecordError as error:
            hidden += self._break(str(error))
        return bytes(hidden)

    def _record(self, record: bytes) -> bytes:
        try:
            return self._event(codec.decode(record, SchedulerEvent))
        except codec.DecodeError as error:
            hidden = b"?" * len(record)
            try:
                codec.decode(hidden, SchedulerEvent)
            except codec.DecodeError as other:
                self._texts[unreadable(record, error)] = unreadable(hidden, other)
            return hidden

    def _break(self, why: str) -> bytes:
        """Bytes that break a stream off in the same way."""
        for hidden in (b"?\n", b"?" * 21, b"%d\n" % (recordio.MAX_RECORD + 1)):
            try:
                list(recordio.Decoder().feed(hidden))
            except recordio.RecordError as error:
                if str(error).split()[:2] == why.split()[:2]:
                    self._broken = (why, str(error))
                    return hidden
        raise AssertionError(f"this is no fault of RecordIO: {why}")

    def _reason(self, text: str) -> str:
        was, hidden = self._broken
        return text.replace(was, hidden) if was else text

    # --- messages -----------------------------------------------------------------------------------------------------

    def _event(self, event: SchedulerEvent) -> bytes:
        return self._names.message(codec.encode(event))

    def _call(self, call: Call) -> Call:
        return codec.decode(self._names.message(codec.encode(call)), Call)
