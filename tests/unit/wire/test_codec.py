"""Mesos v1 JSON, by tables and by properties: what is written, what is read, what is refused."""

from __future__ import annotations

import json
import time
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import given

from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import FrameworkInfo, Offer
from dcos_runtime.wire.common import AgentID, Attribute, CommandInfo, DurationInfo, Filters, Label, TaskID, Value
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.scheduler import Call, Event
from dcos_runtime.wire.tasks import TaskInfo, TaskState, TaskStatus

WRITTEN: list[tuple[Any, str]] = [
    (Event(type=Event.Type.HEARTBEAT), '{"type":"HEARTBEAT"}'),
    (Filters(refuse_seconds=5.0), '{"refuse_seconds":5.0}'),
    (Filters(), "{}"),
    (Value.Scalar(value=4.0), '{"value":4.0}'),
    (Value.Scalar(value=0.1), '{"value":0.1}'),
    (Value.Range(begin=31000, end=32000), '{"begin":31000,"end":32000}'),
    (Value.Set(item=["b", "a"]), '{"item":["b","a"]}'),
    (DurationInfo(nanoseconds=2**62), '{"nanoseconds":4611686018427387904}'),
    (CommandInfo(value="é\u2028🚀", shell=False), '{"shell":false,"value":"\\u00e9\\u2028\\ud83d\\ude80"}'),
    (CommandInfo(value='a"b\\c\n\x01'), '{"value":"a\\"b\\\\c\\n\\u0001"}'),
    (
        TaskStatus(task_id=TaskID(value="t"), state=TaskState.TASK_RUNNING, uuid=b"\x00\xff", healthy=False),
        '{"task_id":{"value":"t"},"state":"TASK_RUNNING","uuid":"AP8=","healthy":false}',
    ),
    (
        internal.Ping(agent_id="a", epoch=1, seq=2),
        '{"type":"PING","agent_id":"a","epoch":1,"seq":2}',
    ),
]


@pytest.mark.parametrize(("message", "text"), WRITTEN, ids=[text[:40] for _, text in WRITTEN])
def test_written(message: Any, text: str) -> None:
    assert codec.encode(message) == text.encode()


READ: list[tuple[str, type, str, Any]] = [
    ('{"name":"u","user":"x","new":{"deep":[1,null]}}', FrameworkInfo, "name", "u"),
    ('{"name":"u","user":"x","role":null}', FrameworkInfo, "role", None),
    ('{"name":"u","user":"x","roles":null}', FrameworkInfo, "roles", []),
    ('{"name":"u","user":"x","failover_timeout":5}', FrameworkInfo, "failover_timeout", 5.0),
    ('{"name":"u","user":"x","failover_timeout":null,"id":null}', FrameworkInfo, "id", None),
    ('{"nanoseconds":"12345678901234567"}', DurationInfo, "nanoseconds", 12345678901234567),
    ('{"nanoseconds":9223372036854775807}', DurationInfo, "nanoseconds", 2**63 - 1),
    ('{"type":"JUMP"}', Call, "type", None),
    ('{"type":null}', Call, "type", None),
    ('{"type":"KILL","kill":{"task_id":{"value":"t"},"agent_id":null}}', Call, "type", Call.Type.KILL),
    ('{"type":"NEW_CAPABILITY"}', FrameworkInfo.Capability, "type", None),
    ('{"type":"TELEPORT","launch":{"task_infos":[]}}', Offer.Operation, "type", None),
    ('{"task_id":{"value":"t"},"state":"TASK_RUNNING","reason":"REASON_NEW"}', TaskStatus, "reason", None),
    ('{"task_id":{"value":"t"},"state":"TASK_RUNNING","uuid":"AP8="}', TaskStatus, "uuid", b"\x00\xff"),
    ('{"value":"\\u00e9\\ud83d\\ude80"}', CommandInfo, "value", "é🚀"),
    (' {"value" : "x"} \n', CommandInfo, "value", "x"),
]


@pytest.mark.parametrize(("text", "kind", "name", "value"), READ, ids=[row[0][:50] for row in READ])
def test_read(text: str, kind: type, name: str, value: Any) -> None:
    assert getattr(codec.decode(text.encode(), kind), name) == value


REFUSED: list[tuple[bytes, type, str]] = [
    (b"", Call, "Failed to parse body into JSON"),
    (b"{", Call, "Failed to parse body into JSON"),
    (b"{} x", Call, "Failed to parse body into JSON"),
    (b'{"type":"KILL"}}', Call, "Failed to parse body into JSON"),
    (b'{"value":"\xff\xfe"}', CommandInfo, "Failed to parse body into JSON"),
    (b'{"value":"x","unknown":"\xff"}', CommandInfo, "Failed to parse body into JSON"),
    (b"[]", Call, "Expected `object`"),
    (b'{"type":7}', Call, "type"),
    (b'{"name":"n"}', FrameworkInfo, "missing required field `user`"),
    (b'{"name":"n","user":null}', FrameworkInfo, "missing required field `user`"),
    (b'{"task_id":{"value":"t"},"state":"TASK_DANCING"}', TaskStatus, "Expecting 'state' to be present"),
    (b'{"name":"cpus","type":"PLASMA"}', Resource, "Expecting 'type' to be present"),
    (b'{"name":"a","type":"TEXT","text":7}', Attribute, "got `int` - at `$.text`"),
    (b'{"key":"k","value":{}}', Label, "Expected"),
    (b"[" * 100_000, Call, "Failed to parse body into JSON"),
    (b'{"unknown":' + b"[" * 100_000, Call, "Failed to parse body into JSON"),
    (b'{"value":"\\ud800"}', CommandInfo, "Failed to parse body into JSON"),
    (b'{"value":1e999}', Value.Scalar, ""),
    (b'{"a":' * 50_000 + b"null", Call, "Failed to parse body into JSON"),
    (b'{"type":{},null', Call, "Failed to parse body into JSON"),
    (b'{"type":{},"x":null,', Call, "Failed to parse body into JSON"),
    (b'{"type":7,"x":"\xff"}', Call, "Failed to parse body into JSON"),
    (b'{"type":7,"x":"\xff","y":null}', Call, "Failed to parse body into JSON"),
    (b'{"type":7,"x":null,"y":' + b"[" * 100_000, Call, "Failed to parse body into JSON"),
    (b'{"type":7,"x":null,"y":' + b"9" * 6000 + b"}", Call, "Failed to parse body into JSON"),
    (b'{"type":7,"x":null,"y":"\\ud800"}', Call, "Failed to parse body into JSON"),
    (b'\xef\xbb\xbf{"type":"KILL"}', Call, "Failed to parse body into JSON"),
    ('{"type":"KILL"}'.encode("utf-16"), Call, "Failed to parse body into JSON"),
    (b"null", Call, "Expected `object`"),
    (b'{"refuse_seconds":NaN}', Filters, "Failed to parse body into JSON"),
    (b'{"uuid":"%%","task_id":{"value":"t"},"state":"TASK_RUNNING"}', TaskStatus, "base64"),
]


@pytest.mark.parametrize(("data", "kind", "text"), REFUSED, ids=[repr(row[0][:50]) for row in REFUSED])
def test_refused(data: bytes, kind: type, text: str) -> None:
    with pytest.raises(codec.DecodeError) as caught:
        codec.decode(data, kind)
    assert text in str(caught.value)


@given(st.text(), st.floats(allow_nan=False, allow_infinity=False), st.binary(max_size=20))
def test_any_text_number_and_bytes_come_back_as_they_went(text: str, number: float, data: bytes) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return  # half a surrogate pair is no text
    status = TaskStatus(task_id=TaskID(value=text), state=TaskState.TASK_LOST, timestamp=number, data=data)
    written = codec.encode(status)
    assert written.isascii()
    assert b"\n" not in written
    assert codec.decode(written, TaskStatus) == status
    assert json.loads(written)["task_id"]["value"] == text


NAMES = st.sampled_from(["type", "kill", "task_id", "value", "accept", "framework_id"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(DOCUMENTS)
def test_any_json_is_read_or_refused_but_never_breaks_the_reader(value: Any) -> None:
    try:
        data = json.dumps(value).encode()
        call = codec.decode(data, Call)
    except codec.DecodeError:
        return
    assert isinstance(call, Call)
    assert codec.decode(codec.encode(call), Call) == call


def test_a_task_keeps_all_it_was_given_through_a_round_trip() -> None:
    body = {
        "name": "n",
        "task_id": {"value": "t"},
        "agent_id": {"value": "a"},
        "resources": [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 1.0}, "allocation_info": {"role": "*"}}],
        "command": {"environment": {"variables": [{"name": "A", "value": "1"}]}, "shell": True, "value": "x"},
        "kill_policy": {"grace_period": {"nanoseconds": 5}},
        "labels": {"labels": [{"key": "k", "value": "v"}]},
        "limits": {"cpus": {"value": 2.0}},
    }
    assert json.loads(codec.encode(codec.decode(json.dumps(body).encode(), TaskInfo))) == body


def test_a_double_that_is_not_finite_is_written_as_protobufs_json_does_and_read_again() -> None:
    limits = {name: Value.Scalar(value=float(name)) for name in ("inf", "-inf", "nan", "1.5")}
    task = TaskInfo(
        name="t:null,",
        task_id=TaskID(value="t"),
        agent_id=AgentID(value="a"),
        command=CommandInfo(value='echo "x":null,'),
        limits=limits,
    )
    data = codec.encode(task)
    written = {name: item["value"] for name, item in json.loads(data)["limits"].items()}
    assert written == {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN", "1.5": 1.5}
    read = codec.decode(data, TaskInfo)
    assert repr(read) == repr(task)  # NaN equals nothing
    assert task.limits == limits, "the message itself is left as it was"
    framework = FrameworkInfo(user="u", name="n")
    message = internal.RunTask(agent_id="a", epoch=1, seq=2, framework=framework, task=msgspec.Raw(data))
    assert bytes(codec.decode(codec.encode(message), internal.RunTask).task) == data
    assert codec.encode({"a": [float("inf")], "b": None}) == b'{"a":["Infinity"],"b":null}'
    assert codec.decode(b'{"value":"NaN","other":null}', Value.Scalar).value != 0
    assert codec.decode(b'{"seconds":null,"refuse_seconds":"Infinity"}', Filters).refuse_seconds == float("inf")


@given(st.floats())
def test_every_double_reads_as_it_was_written(value: float) -> None:
    assert repr(codec.decode(codec.encode(Value.Scalar(value=value)), Value.Scalar)) == repr(Value.Scalar(value=value))


HALF = r"JSON is malformed: \\ud8[0f][0-9a-f] \(byte {}\) is half of a surrogate pair, and no character"
CUT = "Input data was truncated"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (rb'{"labels":{"a":"\ud800"}}', HALF.format(16)),
        (rb'{"labels":{"\ud800":1}}', HALF.format(12)),
        (rb'["\ud83d\ude00 \\ud800 \\\ud800x"]', HALF.format(25)),
        (rb'"\ud8ff\n"', HALF.format(1)),
        (rb'{"labels":{"a":"\ud800"},"more":"than six bytes"}', HALF.format(16)),
        (rb'{"labels":{"a":"\ud800 and more"}}', HALF.format(16)),
        (rb'"\ud8ff\n and more"', HALF.format(1)),
        (rb'"\ud800\u0041"', "surrogate pair"),
        (rb'"\ud800\ud800"', "surrogate pair"),
        (rb'"\udc00"', "surrogate pair"),
        (rb'"\ud800', CUT),
        (rb'"\ud800\u', CUT),
        (rb'"\ud800\udc0', CUT),
        (rb'{"a":"\ud83d\ude00', CUT),
        (rb'{"a":"\\ud800', CUT),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
@pytest.mark.parametrize("kind", [object, msgspec.Raw, TaskInfo])
def test_a_text_that_is_no_json_is_refused_with_what_is_wrong_with_it(data: bytes, text: str, kind: type) -> None:
    with pytest.raises(codec.DecodeError, match=text) as caught:
        codec.decode(data, kind)
    assert (text == CUT) == (CUT in str(caught.value))


@pytest.mark.parametrize("filler", [rb"\n", b"\\\\", rb"\ud83d\ude00", b"x", rb"\u0041"])
def test_the_cause_is_found_in_little_time(filler: bytes) -> None:
    data = b'"' + filler * (30_000_000 // len(filler))
    with pytest.raises(codec.DecodeError, match=CUT + ", or holds half of a surrogate pair"):
        codec.decode(data, object)
    began = time.process_time()
    assert codec.why_no_json(ValueError(CUT), data).startswith(CUT)
    assert time.process_time() - began < 3
