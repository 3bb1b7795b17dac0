"""Queues of subscribers: a slow subscriber does not affect the others."""

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
        streams.send(stream.number, Event(type=Event.Type.HEARTBEAT))
    assert ill.cut and not ill.queued
    assert well.queued == 2 * len(codec.encode(BEAT)) and not well.cut
    assert other.queued == 2 * len(protobuf.encode(BEAT)) and not other.cut


def test_what_goes_to_many_is_encoded_once_for_each_content_type() -> None:
    made = {"json": 0, "protobuf": 0}

    def as_json(event: Any) -> bytes:
        made["json"] += 1
        return codec.encode(event)

    def as_protobuf(event: Any) -> bytes:
        made["protobuf"] += 1
        return protobuf.encode(event)

    streams = Streams(cast(Term, None))
    opened = [streams.open(f"reader {number}", (as_json, as_protobuf)[number % 2]) for number in range(8)]
    for event in (BEAT, Event(type=Event.Type.HEARTBEAT)):
        for stream in opened:
            streams.send(stream.number, event)
    assert made == {"json": 2, "protobuf": 2}
    assert {stream.queued for stream in opened} == {2 * len(codec.encode(BEAT)), 2 * len(protobuf.encode(BEAT))}
