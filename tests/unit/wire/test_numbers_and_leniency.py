"""Whole numbers are held to their protobuf types; what else is not of its field's type is read as by a real Mesos."""

from __future__ import annotations

import importlib
import json
import operator
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from dcos_runtime.wire import codec, internal, protobuf
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import Value
from dcos_runtime.wire.generator import schema
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import KillPolicy

BOUNDS = {
    "int32": (-(1 << 31), (1 << 31) - 1),
    "int64": (-(1 << 63), (1 << 63) - 1),
    "uint32": (0, (1 << 32) - 1),
    "uint64": (0, (1 << 64) - 1),
}


def fields() -> Iterator[tuple[Any, schema.Message, schema.Field]]:
    """Every field of whole numbers that there is, with its message's class."""
    for module in schema.read():
        for message in module.walk():
            kind = operator.attrgetter(message.path)(importlib.import_module(f"dcos_runtime.wire.{module.name}"))
            for one in message.fields:
                if one.kind in BOUNDS:
                    yield kind, message, one


def least(message: schema.Message) -> dict[str, Any]:
    """Its required fields with something."""
    some: dict[str, Any] = {"string": "a", "bytes": "YQ==", "double": 1.0, "bool": True} | dict.fromkeys(BOUNDS, 1)
    made: dict[str, Any] = {}
    for one in message.fields:
        if one.label == "required":
            if one.kind == "message":
                made[one.name] = least(one.message)
            else:
                made[one.name] = (
                    one.enum.names[-1 if one.enum.names[0] == "UNKNOWN" else 0]
                    if one.kind == "enum"
                    else some[one.kind]
                )
    return made


def test_every_whole_number_has_the_bounds_of_its_type_as_number_and_as_text() -> None:
    seen = 0
    for kind, message, one in fields():
        low, high = BOUNDS[one.kind]
        for number, good in ((low, True), (high, True), (low - 1, False), (high + 1, False), (10**25, False)):
            for value in (number, str(number)):
                given = [value] if one.label == "repeated" else value
                document = json.dumps({**least(message), one.name: given}).encode()
                try:
                    read = codec.decode(document, kind)
                except codec.DecodeError as error:
                    assert not good and one.name in str(error), (document, error)
                else:
                    assert good, (document, read)
                    msgspec.msgpack.encode(read)
                    found = getattr(read, one.name)
                    assert (found[0] if one.label == "repeated" else found) == number
        seen += 1
    assert seen > 150


def test_the_agents_protocol_has_them_too() -> None:
    with pytest.raises(codec.DecodeError):
        codec.decode(b'{"agent_id":"a","epoch":1%s,"messages":[]}' % (b"0" * 25), internal.Batch)
    message = b'{"agent_id":"a","epoch":1,"messages":[{"type":"PONG","seq":%s}]}'
    assert codec.decode(message % b'"7"', internal.Batch).messages[0].seq == 7
    with pytest.raises(codec.DecodeError):
        codec.decode(message % b"18446744073709551616", internal.Batch)


NANOSECONDS = [  # as a real Mesos 1.11 answered, except for numbers that do not fit: it takes other numbers for those
    ("5", 5), ('"5"', 5), ("1.5", 1), ('"1.5"', 1), ("1e3", 1000), ("-1", -1), ("1.0", 1), ('" 5"', 5),
    ('"5 "', None),
    ('"x"', None), ("true", None), ("null", None), ('""', None), ("[5]", None), ('"0x10"', None), ('"true"', None),
    ("1e30", None), ('"1e400"', None), ('"٣"', None), ('"1_0"', None), ("{}", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "number"), NANOSECONDS)
def test_whole_numbers_are_read_as_by_mesos(text: str, number: int | None) -> None:
    document = f'{{"grace_period":{{"nanoseconds":{text}}}}}'.encode()
    if number is None:
        with pytest.raises(codec.DecodeError, match="nanoseconds"):
            codec.decode(document, KillPolicy)
        return
    policy = codec.decode(document, KillPolicy)
    assert policy.grace_period is not None and policy.grace_period.nanoseconds == number


INFO: list[tuple[str, Any]] = [
    ('"roles":"x"', ["x"]), ('"roles":["x",null]', ["x"]), ('"roles":null', []), ('"roles":[5]', None),
    ('"roles":[["x"]]', None),
    ('"capabilities":{"type":"MULTI_ROLE"}', "MULTI_ROLE"), ('"capabilities":["x"]', None),
    ('"capabilities":[5]', None),
    ('"capabilities":[{"type":3}]', None),
    ('"checkpoint":1', None), ('"checkpoint":0', None), ('"checkpoint":"true"', True), ('"checkpoint":"1"', None),
    ('"checkpoint":"null"', None), ('"checkpoint":[true]', None), ('"checkpoint":false', False),
    ('"checkpoint":1.0', None),
    ('"failover_timeout":"5"', 5.0), ('"failover_timeout":true', None), ('"failover_timeout":"x"', None),
    ('"failover_timeout":"Infinity"', float("inf")), ('"failover_timeout":[5]', None), ('"failover_timeout":{}', None),
    ('"failover_timeout":"5 "', None), ('"failover_timeout":" 5"', 5.0), ('"failover_timeout":"1e400"', None),
    ('"failover_timeout":"-1e400"', None),
    ('"failover_timeout":"1e3"', 1000.0), ('"hostname":5', None), ('"hostname":true', None), ('"hostname":["a"]', None),
    ('"id":"x"', None), ('"labels":[]', None), ('"labels":{"labels":{"key":"a"}}', "a"),
    ('"offer_filters":[]', {}), ('"offer_filters":"x"', None), ('"offer_filters":{"*":5}', None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), INFO)
def test_values_of_other_types_are_read_as_by_mesos(text: str, wanted: Any) -> None:
    document = f'{{"user":"u","name":"n",{text}}}'.encode()
    if wanted is None:
        with pytest.raises(codec.DecodeError):
            codec.decode(document, FrameworkInfo)
        return
    found = getattr(codec.decode(document, FrameworkInfo), text.partition('"')[2].partition('"')[0])
    match wanted:
        case "MULTI_ROLE":
            assert [one.type.value for one in found] == [wanted]
        case "a":
            assert [one.key for one in found.labels] == [wanted]
        case _:
            assert found == wanted and type(found) is type(wanted)


def test_the_lenient_way_reads_what_the_strict_one_reads_in_the_same_way() -> None:
    """One value that only the lenient way takes, and all else of the message is as it would be without it."""
    call: dict[str, Any] = {
        "type": "SUBSCRIBE",
        "subscribe": {
            "framework_info": {"user": "u", "name": "n", "roles": ["a"], "labels": {"labels": [{"key": "k"}]}}
        },
    }
    strict = codec.decode(json.dumps(call).encode(), Call)
    call["subscribe"]["framework_info"] |= {"failover_timeout": "3", "hostname": None}
    lenient = codec.decode(json.dumps(call).encode(), Call)
    assert strict.subscribe is not None and lenient.subscribe is not None
    info = msgspec.structs.replace(strict.subscribe.framework_info, failover_timeout=3.0)
    assert lenient.subscribe.framework_info == info


def test_protobufs_numbers_fit_what_json_takes() -> None:
    """So that what came as protobuf can be read again as the JSON that it becomes."""
    for number in (0, 1 << 63, (1 << 64) - 1):
        one = Value.Range(begin=number, end=number)
        assert protobuf.decode(protobuf.encode(one), Value.Range) == one == codec.decode(codec.encode(one), Value.Range)


def test_nothing_is_no_list() -> None:
    with pytest.raises(codec.DecodeError, match="got `null`"):
        codec.decode(b"null", list[Resource])
