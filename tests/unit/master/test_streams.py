"""What is queued for subscribers: nobody's trouble is another's."""

from __future__ import annotations

from typing import Any, cast

from dcos_runtime.master.streams import Streams
from dcos_runtime.store.lease import Term
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.scheduler import Event

BEAT = Event(type=Event.Type.HEARTBEAT)


def test_who_cannot_be_told_an_event_is_dropped_and_the_others_are_told() -> None:
    def broken(event: Any) -> bytes:
        raise TypeError("no such message")

    streams = Streams(cast(Term, None))
    ill, well, other = streams.open("ill", broken), streams.open("well"), streams.open("other", protobuf.encode)
    for stream in (ill, well, other):
        streams.send(stream.number, BEAT)
        streams.send_joined(stream.number, codec.encode(BEAT))
    assert ill.cut and not ill.queued
    assert well.queued == 2 * len(codec.encode(BEAT)) and not well.cut
    assert other.queued == 2 * len(protobuf.encode(BEAT)) and not other.cut


def test_an_event_that_was_joined_wrongly_costs_who_would_have_to_read_it_anew_only() -> None:
    streams = Streams(cast(Term, None))
    plain, other = streams.open("plain"), streams.open("other", protobuf.encode)
    for stream in (plain, other):
        streams.send_joined(stream.number, b'{"type":')
    assert other.cut
    assert not plain.cut
