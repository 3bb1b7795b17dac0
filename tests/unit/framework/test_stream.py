"""The subscription without its socket."""

from __future__ import annotations

import pytest

from dcos_runtime.framework.core.stream import (
    Accepted,
    Elsewhere,
    EventStream,
    NotNow,
    RefusedForGood,
    answer,
    ends_subscription,
)
from dcos_runtime.wire import recordio
from dcos_runtime.wire.scheduler import Event

ASKED = "http://198.18.5.1:5050/api/v1/scheduler"


@pytest.mark.parametrize(
    ("status", "headers", "body", "meaning"),
    [
        (200, {"Mesos-Stream-Id": "s1"}, "", Accepted("s1")),
        (307, {"Location": "//198.18.5.2:5050/api/v1/scheduler"}, "", Elsewhere("http://198.18.5.2:5050")),
        (307, {"Location": "http://m2:5051/redirected"}, "", Elsewhere("http://m2:5051")),
        (400, {}, "Failed to validate\n", RefusedForGood(400, "Failed to validate")),
        (401, {}, "", RefusedForGood(401, "HTTP 401")),
    ],
)
def test_each_answer_to_subscribe_means_one_thing(
    status: int, headers: dict[str, str], body: str, meaning: object
) -> None:
    assert answer(status, headers, body, ASKED) == meaning


@pytest.mark.parametrize(("status", "headers"), [(200, {}), (307, {}), (503, {}), (404, {}), (500, {})])
def test_what_no_leading_mesos_master_answers_is_tried_again_later(status: int, headers: dict[str, str]) -> None:
    meaning = answer(status, headers, "no leader elected", ASKED)
    assert isinstance(meaning, NotNow)
    assert "198.18.5.1:5050" in meaning.reason


def test_events_come_out_whole_however_the_bytes_are_cut() -> None:
    records = [b'{"type":"HEARTBEAT"}', b'{"type":"ERROR","error":{"message":"no"}}']
    data = b"".join(recordio.encode(record) for record in records)
    stream = EventStream(0.0)
    events = [event for index in range(len(data)) for event in stream.feed(data[index : index + 1], 1.0)]
    assert [event.type for event in events] == [Event.Type.HEARTBEAT, Event.Type.ERROR]


def test_an_event_of_an_unknown_type_or_shape_is_passed_over() -> None:
    stream = EventStream(0.0)
    data = b"".join(
        recordio.encode(record)
        for record in (b'{"type":"FROM_THE_FUTURE"}', b'{"type":"OFFERS","offers":7}', b'{"type":"HEARTBEAT"}')
    )
    assert [event.type for event in stream.feed(data, 1.0)] == [Event.Type.HEARTBEAT]


def test_the_stream_is_dead_after_five_silent_heartbeats_of_the_length_the_master_told() -> None:
    stream = EventStream(100.0)
    assert stream.deadline == 100.0 + 5 * 15
    found = b'{"type":"SUBSCRIBED","subscribed":{"framework_id":{"value":"f"},"heartbeat_interval_seconds":2.0}}'
    stream.feed(recordio.encode(found), 103.0)
    assert stream.deadline == 103.0 + 5 * 2
    stream.feed(b"2", 110.0)
    assert stream.deadline == 120.0


def test_a_stream_that_is_not_recordio_is_an_error() -> None:
    with pytest.raises(recordio.RecordError):
        EventStream(0.0).feed(b"<html>\n", 0.0)


def test_a_wrong_stream_id_ends_the_subscription_and_a_malformed_call_does_not() -> None:
    assert ends_subscription(400, "The stream ID 'x' included in this request didn't match")
    assert ends_subscription(403, "Framework is not subscribed")
    assert not ends_subscription(400, "Expecting 'accept' to be present")
    assert not ends_subscription(202, "")
