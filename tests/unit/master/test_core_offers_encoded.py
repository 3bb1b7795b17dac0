"""Offers joined from fragments are, byte by byte, what the codec writes of the message."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from dcos_runtime.core.resources import Disk, Format, Kind, Reservation, Resources, Thing, plain
from dcos_runtime.core.resources.intervals import merge
from dcos_runtime.core.resources.kind import ReservationType
from dcos_runtime.master.core import encoded
from dcos_runtime.master.shell import next_budget
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.common import Attribute, DomainInfo, DurationInfo, TimeInfo, Unavailability, Value
from dcos_runtime.wire.scheduler import Event

texts = st.text(max_size=8) | st.sampled_from(['"', "\\", "ü", "\u2028", '"scalar":{"value":1.0}', "null", "a/b"])
roles = st.sampled_from(["*", "web", "web/ü", 'q"'])
reservations = st.builds(
    Reservation,
    st.sampled_from([ReservationType.STATIC, ReservationType.DYNAMIC]),
    roles.filter(lambda role: role != "*"),
    st.none() | texts,
    st.none() | st.lists(st.tuples(texts, st.none() | texts), max_size=2).map(tuple),
)
kinds = st.builds(plain, st.sampled_from(["cpus", "mem", "disk", "gpus"]) | texts.filter(bool), roles) | st.builds(
    lambda name, stack, revocable: Kind(name, tuple(stack), revocable=revocable),
    texts.filter(bool),
    st.lists(reservations, max_size=1),
    st.booleans(),
)
intervals = st.lists(st.tuples(st.integers(0, 2**32), st.integers(0, 99)), min_size=1, max_size=3).map(
    lambda pairs: merge((begin, begin + size) for begin, size in pairs)
)
volumes = st.builds(
    lambda name, amount: Thing(Kind("disk", (Reservation(ReservationType.DYNAMIC, "web"),), Disk(name)), amount),
    texts,
    st.integers(1, 10**6),
)
values = st.builds(
    Resources,
    st.dictionaries(kinds, st.integers(1, 10**15), max_size=5),
    st.dictionaries(kinds, intervals, max_size=2),
    st.dictionaries(kinds, st.frozensets(texts, min_size=1, max_size=2), max_size=1),
    st.dictionaries(volumes, st.just(1), max_size=1),
).filter(bool)  # nobody is offered nothing
attributes = st.builds(
    lambda name, value: Attribute(name=name, type=Value.Type.TEXT, text=Value.Text(value=value)), texts, texts
)
domains = st.builds(
    lambda name: DomainInfo(
        fault_domain=DomainInfo.FaultDomain(
            region=DomainInfo.FaultDomain.RegionInfo(name=name), zone=DomainInfo.FaultDomain.ZoneInfo(name=name)
        )
    ),
    texts,
)
nanoseconds = st.integers(-(2**63), 2**63 - 1)
unavailabilities = st.builds(
    Unavailability,
    start=st.builds(TimeInfo, nanoseconds=nanoseconds),
    duration=st.none() | st.builds(DurationInfo, nanoseconds=nanoseconds),
)
infos = st.builds(
    AgentInfo,
    hostname=texts,
    port=st.none() | st.integers(0, 65535),
    attributes=st.lists(attributes, max_size=3),
    domain=st.none() | domains,
)


@pytest.mark.parametrize("wire", [codec, protobuf], ids=["json", "protobuf"])
@settings(deadline=None)  # a busy machine may take any time
@given(
    info=infos,
    offers=st.lists(st.tuples(texts, texts, values, st.none() | roles), max_size=3),
    stack=st.booleans(),
    unavailability=st.none() | unavailabilities,
)
def test_joined_offers_are_what_the_codec_writes(
    wire: Any,
    info: AgentInfo,
    offers: list[tuple[Any, ...]],
    stack: bool,
    unavailability: Unavailability | None,
) -> None:
    fragments = encoded.Fragments("agent-ü", info, "198.18.0.1", unavailability)
    format = Format.STACK if stack else Format.SINGLE
    form = encoded.FORMS[wire.CONTENT_TYPE]
    joined, messages = [], []
    for offer_id, framework_id, resources, role in offers:
        for _ in range(2):  # the second time from what is kept
            ids = (form.offer_id(offer_id), form.framework_id(framework_id))
            joined.append(form.offer(*ids, fragments.body(form, resources, format, role)))
            messages.append(encoded.message(fragments, offer_id, framework_id, "agent-ü", resources, format, role))
    if joined:
        event = Event(type=Event.Type.OFFERS, offers=Event.Offers(offers=messages))
        whole = form.event(joined)
        assert whole == wire.encode(event)
        assert wire.decode(whole, Event) == wire.decode(wire.encode(event), Event)


@pytest.mark.parametrize("content_type", encoded.FORMS)
@settings(deadline=None)
@given(before=texts, first=st.integers(0, 10**9))
def test_ids_that_are_numbers_behind_a_text_are_written_as_others(content_type: str, before: str, first: int) -> None:
    form, numbers = encoded.FORMS[content_type], range(first, first + 3)
    assert form.offer_ids(before, numbers) == [form.offer_id(f"{before}{number}") for number in numbers]


@settings(deadline=None)
@given(amount=st.integers(1, 10**15))
def test_any_amount_is_written_as_the_codec_writes_it(amount: int) -> None:
    assert repr(amount / 1000).encode() == codec.encode(amount / 1000)


@pytest.mark.parametrize(
    ("budget", "took", "full", "after"),
    [
        (200, 0.001, True, 400),
        (200, 0.001, False, 200),
        (200, 0.016, True, 100),
        (200, 0.016, False, 100),
        (200, 9.0, True, 10),
        (2000, 0.001, True, 2000),
        (10, 0.0, True, 20),
    ],
)
def test_a_slice_is_as_long_as_it_may_be(budget: int, took: float, full: bool, after: int) -> None:
    assert next_budget(budget, took, full) == after
