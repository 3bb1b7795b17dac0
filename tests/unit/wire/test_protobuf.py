"""Our protobuf codecs beside google's: what one writes the other reads, and what one refuses the other does."""

from __future__ import annotations

import math
import random
import struct
from functools import cache
from importlib import import_module
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.common import (
    AgentID,
    CommandInfo,
    ContainerID,
    DurationInfo,
    Environment,
    Label,
    Labels,
    OfferFilters,
    TaskID,
    Value,
)
from dcos_runtime.wire.generator.schema import Field, Message
from dcos_runtime.wire.protobuf._writing import varint_bytes
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.scheduler import AttributeConstraint, Call, Event
from dcos_runtime.wire.tasks import CheckInfo, CheckStatusInfo, TaskInfo, TaskState, TaskStatus
from dcos_runtime.wire.tasks import HealthCheck as Check
from tests.support.mesos.calls import CALLS, INFO, TASK
from tests.support.mesos.google_protobuf import agree, google, messages, struct_of

Constraint = AttributeConstraint
Quantities = OfferFilters.ResourceQuantities
MUTATIONS = 3000
INTS = {
    "int64": (-(2**63), 2**63 - 1),
    "uint64": (0, 2**64 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "uint32": (0, 2**32 - 1),
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


def values(field: Field, deep: int) -> st.SearchStrategy[Any]:
    if field.kind == "string":
        return TEXTS
    if field.kind == "bytes":
        return st.binary(max_size=6)
    if field.kind == "bool":
        return st.booleans()
    if field.kind == "double":
        return st.floats(allow_nan=False)
    if field.kind == "enum":
        enum: Any = import_module(f"dcos_runtime.wire.{field.enum.module}")
        for part in field.enum.path.split("."):
            enum = getattr(enum, part)
        return st.sampled_from([member for member in enum if member.name != "UNKNOWN"])
    if field.kind == "message":
        return structs(field.message, deep - 1)
    return st.integers(*INTS[field.kind])


def structs(message: Message, deep: int = 3) -> st.SearchStrategy[Any]:
    """Any message of the kind: parts that need not be there are left out below some depth."""
    return _structs(message.module, message.path, deep)


@cache
def _structs(module: str, path: str, deep: int) -> st.SearchStrategy[Any]:
    """Made once: hypothesis looks through every strategy that is new to it, which costs more than drawing from it."""
    message = next(one for one in messages() if (one.module, one.path) == (module, path))
    fields: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for field in message.fields:
        if field.label == "required":
            fields[field.name] = st.deferred(lambda field=field: values(field, deep))  # type: ignore[misc]  # mypy infers no lambda with a default
        elif field.kind != "message" or deep > 0:
            one = st.deferred(lambda field=field: values(field, deep))  # type: ignore[misc]  # mypy infers no lambda with a default
            many = st.dictionaries(TEXTS, one, max_size=2) if field.key else st.lists(one, max_size=2)
            optional[field.name] = one if field.singular else many
    kind = struct_of(message)
    oneofs = {field.name: field.oneof for field in message.fields if field.oneof}

    def build(given: dict[str, Any]) -> Any:
        taken: set[str] = set()
        for name in [name for name in given if name in oneofs]:
            if oneofs[name] in taken:
                del given[name]
            taken.add(oneofs.get(name) or "")
        return kind(**given)

    return st.fixed_dictionaries(fields, optional=optional).map(build)


def any_message() -> st.SearchStrategy[Any]:
    return st.sampled_from(messages()).flatmap(structs)


# --- rules -----------------------------------------------------------------------------------------------------------


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_message())
def test_any_message_comes_back_and_google_reads_and_writes_the_same(message: Any) -> None:
    data = protobuf.encode(message)
    assert protobuf.decode(data, type(message)) == message
    theirs = google(type(message))
    theirs.ParseFromString(data)
    assert protobuf.decode(theirs.SerializeToString(), type(message)) == message
    assert len(theirs.SerializeToString()) == len(data)


@pytest.mark.parametrize("message", messages(), ids=lambda message: f"{message.module}.{message.path}")
def test_every_message_has_a_codec_and_says_what_is_required(message: Message) -> None:
    kind = struct_of(message)
    assert [field.name for field in message.fields] == list(kind.__struct_fields__)  # type: ignore[attr-defined]  # a message, whose class has them
    agree(b"", kind)


def test_nobody_edits_a_message_that_was_made() -> None:
    kinds: list[Any] = [struct_of(one) for one in messages()]
    assert [kind.__qualname__ for kind in kinds if not kind.__struct_config__.frozen] == []
    made = codec.decode(b'{"name":"n","type":"AS_NEVER_BEFORE"}', Environment.Variable)
    assert made.type is None, "what is not known is absent in them, too"
    with pytest.raises(AttributeError):
        made.name = "m"  # type: ignore[misc]  # frozen, which is what is tested


@pytest.mark.parametrize("kind", [Environment.Variable.Type, Check.Type, CheckInfo.Type])
def test_unknown_is_what_it_was_said_to_be_where_mesos_wants_that(kind: Any) -> None:
    of: Any = {Check.Type: Check, CheckInfo.Type: CheckInfo}.get(kind, Environment.Variable)
    name = b'"name":"n",' if of is Environment.Variable else b""
    for name_sent, found in ((b"UNKNOWN", kind.UNKNOWN), (b"AS_NEVER_BEFORE", None)):
        message = codec.decode(b'{%b"type":"%b"}' % (name, name_sent), of)
        assert message.type is found
        assert codec.decode(codec.encode(message), of) == protobuf.decode(protobuf.encode(message), of) == message
    field = protobuf.encode(of(type=kind.UNKNOWN, **({"name": "n"} if name else {})))[:-1]
    assert protobuf.decode(field + b"\x00", of).type is kind.UNKNOWN
    assert protobuf.decode(field + b"\x63", of).type is None


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(any_message())
def test_json_and_protobuf_hold_the_same(message: Any) -> None:
    kind = type(message)
    again = codec.decode(codec.encode(protobuf.decode(protobuf.encode(message), kind)), kind)
    assert again == message


# --- what nobody writes ----------------------------------------------------------------------------------------------

T = b"\n\x01t"
STATUS = b"\n\x03" + T + b"\x10\x01"
ENTRY = b"\n\x0e\n\x01a\x12\x09\t" + struct.pack("<d", 2.5)
GROUP = b"\xa3\x06" + b"\x08\x01" + b"\xa4\x06"
SPOILED: list[tuple[str, bytes, type]] = [
    ("a varint of 10 bytes", b"\x18" + b"\xff" * 9 + b"\x01" + T, Value.Range),
    ("a varint of 11 bytes", b"\x08" + b"\xff" * 10 + b"\x01", Value.Range),
    ("a varint with more than 64 bits", b"\x08" + b"\xff" * 9 + b"\x7f\x10\x01", Value.Range),
    ("a varint that ends the body", b"\x08\xff", Value.Range),
    ("a number as a long varint", b"\x08\x81\x80\x00\x10\x01", Value.Range),
    ("a tag as a long varint", b"\x8a\x80\x00\x01t", TaskID),
    ("a tag of more than 5 bytes", b"\x8a\x80\x80\x80\x80\x00\x01t", TaskID),
    ("a length beyond the body", b"\n\x05t", TaskID),
    ("a length beyond its message", b"\n\x02\n\x05tttt", TaskStatus),
    ("a length of 2**31", b"\n\x80\x80\x80\x80\x08", TaskID),
    ("a length of 2**63", b"\n" + b"\x80" * 9 + b"\x01", TaskID),
    ("field 0", b"\x02\x01t", TaskID),
    ("wire type 6", b"\x0e" + T, TaskID),
    ("wire type 7", b"\x0f" + T, TaskID),
    ("a text that is no UTF-8", b"\n\x01\xff", TaskID),
    ("an unknown field of each wire type", T + b"\xa0\x06\x01\xa1\x06AAAAAAAA\xa2\x06\x01x\xa5\x06AAAA", TaskID),
    ("an unknown group", T + GROUP, TaskID),
    ("a group in a group", T + b"\xa3\x06" + GROUP + b"\xa4\x06", TaskID),
    ("a group without an end", T + b"\xa3\x06\x08\x01", TaskID),
    ("another group's end", T + b"\xa3\x06\xac\x06", TaskID),
    ("an end without a group", T + b"\xa4\x06", TaskID),
    ("a known field of another wire type", b"\x08\x01" + T, TaskID),
    ("fixed bytes beyond the body", T + b"\xa1\x06AAAA", TaskID),
    ("a required field that is missing", b"\x10\x01", TaskStatus),
    ("a required field of a part that is missing", b"\n\x00\x10\x01", TaskStatus),
    ("one text twice", b"\n\x01a\n\x01b", TaskID),
    ("pieces of one part", b"\n\x03\n\x01a\x12\x00" + b"\x10\x01", TaskStatus),
    ("one part twice, whole", STATUS + b"\n\x03\n\x01u", TaskStatus),
    ("an unknown enum value behind a known one", STATUS + b"\x10\x63", TaskStatus),
    ("an unknown required enum value", b"\n\x03" + T + b"\x10\x63", TaskStatus),
    ("an unknown optional enum value", STATUS + b"\x50\xe7\x07", TaskStatus),
    ("packed numbers", b"\x08\x01*\x02\xc8\x01", Check.HTTPCheckInfo),
    ("numbers one by one", b"\x08\x01(\xc8\x01(\xc9\x01", Check.HTTPCheckInfo),
    ("packed numbers cut off", b"\x08\x01*\x01\xc8", Check.HTTPCheckInfo),
    ("uint32 of more bits", b"\x08\xff\xff\xff\xff\xff\x01", Check.HTTPCheckInfo),
    ("a negative number", b"\x08" + b"\xff" * 9 + b"\x01\x10\x01", Value.Range),
    ("bool of many bits", b"\n\x01n\x10\x80\x80\x01", Environment.Variable),
    ("all of a oneof", b"\n\x04\x08\x01\x12\x00\x12\x06\n\x00\x1a\x02\n\x00", AttributeConstraint),
    ("a tag of more bytes than it needs", b"\n\x03" + T + b"\x90\x00\x01", TaskStatus),
    ("such a tag in a part", b"\n\x04\x8a\x00\x01t\x10\x01", TaskStatus),
    ("such a tag of a part that comes twice", STATUS + b"\x8a\x80\x00\x03\n\x01u", TaskStatus),
    ("such a tag of an unknown field", STATUS + b"\xf8\x9f\x00\x01", TaskStatus),
    ("such a tag of six bytes", STATUS + b"\x90\x80\x80\x80\x80\x00\x01", TaskStatus),
    ("such a tag cut off", STATUS + b"\x90\x00", TaskStatus),
    ("a piece that ends in the next one", STATUS + b"\n\x04\xa0\x06\x01\xa0\n\x02\x06\x01", TaskStatus),
    ("a piece of a part of a part that does", b"2\x04\n\x02\n\x03" + b"2\x05\n\x03\n\x01a", Call),
    (
        "a spoiled part of a oneof that another replaces",
        b"\n\x02\x08\x01" * 2 + b"\x12\x05\x1a\x01\n\n\x00",
        Constraint,
    ),
    ("an entry of a map twice, first in part", b"\n\x03\n\x01a" + ENTRY, Quantities),
    ("an entry of a map twice, last in part", ENTRY + b"\n\x03\n\x01a", Quantities),
    ("an entry of a map twice, first spoiled", b"\n\x05\n\x01a\x12\x01" + ENTRY, Quantities),
    ("an entry of a map in pieces", b"\n\x10\n\x01b\x12\x00\x12\x09\t" + b"\0" * 8 + ENTRY, Quantities),
    ("an entry of a map with two keys", b"\n\x11\n\x01b" + b"\n\x01c" + ENTRY[5:], Quantities),
    ("fields backwards", b"\x10\x01" + b"\n\x03" + T, TaskStatus),
    ("a list in two places", b"\n\x03" + T + b"\x10\x01" + b"\n\x03" + T, Call.Accept),
    ("a oneof that comes back", b"\n\x02\x08\x01\x12\x0a\x1a\x03\n\x01a\n\x00\x1a\x01\n", AttributeConstraint),
]


@pytest.mark.parametrize(("data", "kind"), [row[1:] for row in SPOILED], ids=[row[0] for row in SPOILED])
def test_what_nobody_writes_is_read_or_refused_as_by_google(data: bytes, kind: type) -> None:
    agree(data, kind)


def test_pieces_of_one_message_are_joined() -> None:
    resource = b"\n\x01r\x10\x00"
    one = Call(type=Call.Type.KILL, kill=Call.Kill(task_id=TaskID(value="t")))
    two = b"2\x00" + protobuf.encode(one) + b"2\x00"
    assert protobuf.decode(two, Call) == one
    agree(two, Call)
    halves = resource + b"\x1a\x00" + b"\x1a\x09\x09" + struct.pack("<d", 2.5)
    found = protobuf.decode(halves, Resource)
    assert found.scalar == Value.Scalar(value=2.5)
    agree(halves, Resource)


def test_many_pieces_cost_what_their_bytes_do() -> None:
    data = b"\x1a\x09\x09" + struct.pack("<d", 2.5)
    data = b"\n\x01r\x10\x00" + data * 20_000
    assert protobuf.decode(data, Resource).scalar == Value.Scalar(value=2.5)


def test_a_lengthy_message_whose_pieces_cost_much_is_refused_at_once() -> None:
    """Offers without an id in an ACCEPT, and a part of the call over and over."""
    count = protobuf.MAX_MERGED // 2 + 1
    offers = b"\x0a\x00" * count
    accept = b"\x18\x03\x22" + varint_bytes(len(offers)) + offers
    for data, what in ((accept, "a required field of OfferID is missing"), (b"\x2a\x00" * count, "comes again")):
        with pytest.raises(codec.DecodeError, match=f"{what}, in a message of more than {protobuf.MAX_MERGED} bytes"):
            protobuf.decode(data, Call)


def test_as_deep_as_google_and_no_deeper() -> None:
    def nested(levels: int) -> bytes:
        data = protobuf.encode(ContainerID(value="c"))
        for _ in range(levels):
            data = b"\n\x01c" + b"\x12" + length(len(data)) + data
        return data

    def length(value: int) -> bytes:
        out = bytearray()
        while value > 127:
            out.append(value & 127 | 128)
            value >>= 7
        return bytes([*out, value])

    for levels in (1, 50, 99, 100, 101, 200, 5000):
        agree(nested(levels), ContainerID)
    for levels in (1, 50, 99, 100, 101, 5000):
        agree(b"\n\x01c" + b"\xa3\x06" * levels + b"\xa4\x06" * levels, ContainerID)


def test_spoiled_bytes_are_read_or_refused_as_by_google() -> None:
    chance = random.Random(7)
    seeds: list[tuple[Any, bytes]] = [(Call, codec.encode({**call, "framework_id": {"value": "f"}})) for call in CALLS]
    seeds += [(Call, codec.encode({"type": "SUBSCRIBE", "subscribe": {"framework_info": INFO}}))]
    seeds += [(TaskInfo, codec.encode(TASK))]
    known: list[tuple[Any, bytes]] = []
    for kind, text in seeds:
        try:
            known.append((kind, protobuf.encode(codec.decode(text, kind))))
        except codec.DecodeError:
            continue
    known.append((TaskStatus, protobuf.encode(TaskStatus(task_id=TaskID(value="t"), state=TaskState.TASK_RUNNING))))
    for _ in range(MUTATIONS):
        kind, data = chance.choice(known)
        spoiled = bytearray(data)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(spoiled) + 1)
            what = chance.randrange(4)
            if what == 0 and at < len(spoiled):
                spoiled[at] = chance.randrange(256)
            elif what == 1:
                spoiled[at:at] = chance.randbytes(chance.randint(1, 3))
            elif what == 2:
                del spoiled[at : at + chance.randint(1, 4)]
            else:
                start = chance.randrange(len(spoiled) + 1)
                spoiled[at:at] = spoiled[start : start + chance.randint(1, 30)]
        agree(bytes(spoiled), kind)


SMALL = [
    Label(key="owner", value="web"),
    Environment.Variable(name="PORT", value="80"),
    Environment.Variable(name="PORT", value="80", type=Environment.Variable.Type.VALUE),
    Resource(
        name="cpus",
        type=Value.Type.SCALAR,
        scalar=Value.Scalar(value=2.5),
        allocation_info=Resource.AllocationInfo(role="web"),
    ),
]


@pytest.mark.parametrize("message", SMALL, ids=lambda message: type(message).__qualname__)
def test_small_messages_are_read_as_by_google_whatever_one_byte_of_them_is(message: Any) -> None:
    data = protobuf.encode(message)
    assert protobuf.decode(data, type(message)) == message
    for at in range(len(data)):
        for byte in range(256):
            agree(data[:at] + bytes([byte]) + data[at + 1 :], type(message))
            if at % 4 == byte % 4:  # a byte more
                agree(data[:at] + bytes([byte]) + data[at:], type(message))
        agree(data[:at], type(message))
        agree(data[:at] + data[at + 1 :], type(message))


@pytest.mark.parametrize("size", [0, 1, *range(118, 136), 250, *range(16370, 16390), 70_000, 2_100_000])
def test_texts_and_parts_of_any_length_are_written_and_read(size: int) -> None:
    for text in ("x" * size, "é" * (size // 2) + "x" * (size % 2)):
        variable = Environment.Variable(name=text, value=text)
        task = TaskInfo(
            name=text,
            task_id=TaskID(value=text),
            agent_id=AgentID(value="a"),
            resources=[
                Resource(name="r", type=Value.Type.SCALAR, allocation_info=Resource.AllocationInfo(role=text)),
                Resource(name=text, type=Value.Type.SET, set=Value.Set(item=[text])),
            ],
            command=CommandInfo(environment=Environment(variables=[variable])),
            labels=Labels(labels=[Label(key=text, value=text)]),
            limits={text: Value.Scalar(value=1.5), "mem": Value.Scalar(value=2.5)},
        )
        for message in (variable, task, *task.resources, Label(key=text, value=text), Label(key=text)):
            data = protobuf.encode(message)
            theirs = google(type(message))
            theirs.ParseFromString(data)
            assert theirs.ByteSize() == len(data)
            assert protobuf.decode(theirs.SerializeToString(), type(message)) == message


@pytest.mark.parametrize("bits", range(64))
def test_numbers_of_any_size_are_written_and_read(bits: int) -> None:
    for number in {(1 << bits) - 1, 1 << bits, (1 << bits) + 1, (1 << bits) * 3 // 2}:
        messages: list[Any] = [Value.Range(begin=number, end=number)]
        if number < 1 << 63:
            messages += [DurationInfo(nanoseconds=number), DurationInfo(nanoseconds=-number)]
        if number < 1 << 32:
            messages += [Check.HTTPCheckInfo(port=number, statuses=[number, 1])]
        if number < 1 << 31:
            messages += [CheckStatusInfo.Command(exit_code=sign * number) for sign in (1, -1)]
        for message in messages:
            data = protobuf.encode(message)
            theirs = google(type(message))
            theirs.ParseFromString(data)
            assert theirs.SerializeToString() == data
            assert protobuf.decode(data, type(message)) == message
            agree(data + b"\x08" + data[1:], type(message))


def test_a_text_that_is_not_utf8_is_refused_wherever_it_is() -> None:
    for data, kind in ((b"\n\x01\xff", TaskID), (b"\n\x03\n\x01\xff\x10\x01", TaskStatus), (b"\n\x01\xff", Label)):
        with pytest.raises(codec.DecodeError, match="UTF-8"):
            protobuf.decode(data, kind)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, -0.0])
def test_any_double_is_written(number: float) -> None:
    found = protobuf.decode(protobuf.encode(Value.Scalar(value=number)), Value.Scalar).value
    assert struct.pack("<d", found) == struct.pack("<d", number)


def test_numbers_out_of_range_are_cut_as_c_would_and_never_fail() -> None:
    check = Check.HTTPCheckInfo(port=2**40 + 5, statuses=[-1])
    assert protobuf.decode(protobuf.encode(check), Check.HTTPCheckInfo) == Check.HTTPCheckInfo(
        port=5, statuses=[2**32 - 1]
    )
    assert protobuf.decode(protobuf.encode(Event(type=Event.Type.HEARTBEAT)), Event).type is Event.Type.HEARTBEAT
