"""Resource arithmetic, by its laws."""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from dcos_runtime.master import resources as amounts
from dcos_runtime.master import validate
from dcos_runtime.master.resources import EMPTY, Resources, parse, wire
from dcos_runtime.wire import codec
from dcos_runtime.wire.resources import Resource

KINDS = st.sampled_from(["cpus", "mem", "cpus(web)", "gpus"])


def _ports(numbers: set[int]) -> dict[str, tuple[tuple[int, int], ...]]:
    return {"ports": amounts._merge([(number, number) for number in numbers])} if numbers else {}


def _sets(items: set[str]) -> dict[str, frozenset[str]]:
    return {"disks": frozenset(items)} if items else {}


BAGS = st.builds(
    lambda scalars, numbers, items: Resources(scalars, _ports(numbers), _sets(items)),
    st.dictionaries(KINDS, st.integers(1, 10**7)),
    st.sets(st.integers(0, 40)),
    st.sets(st.sampled_from("abcd")),
)


def numbers_of(bag: Resources) -> set[int]:
    return {number for begin, end in bag.ranges.get("ports", ()) for number in range(begin, end + 1)}


@given(BAGS, BAGS)
def test_a_sum_contains_its_parts_and_does_not_depend_on_their_order(one: Resources, other: Resources) -> None:
    both = one + other
    assert both == other + one
    assert hash(both) == hash(other + one)
    assert both.contains(one)
    assert both.contains(other)
    assert numbers_of(both) == numbers_of(one) | numbers_of(other)


@given(BAGS, BAGS)
def test_what_is_taken_away_is_gone_and_only_that(one: Resources, other: Resources) -> None:
    left = one - other
    assert one.contains(left)
    assert numbers_of(left) == numbers_of(one) - numbers_of(other)
    assert not numbers_of(left) & numbers_of(other)
    if one.contains(other):
        assert left + other == one
    assert one - one == EMPTY
    assert not one - one


@given(BAGS, BAGS)
def test_containing_is_being_able_to_give(one: Resources, other: Resources) -> None:
    able = (
        all(one.scalars.get(kind, 0) >= amount for kind, amount in other.scalars.items())
        and numbers_of(other) <= numbers_of(one)
        and other.sets.get("disks", frozenset()) <= one.sets.get("disks", frozenset())
    )
    assert one.contains(other) == able
    assert one.contains(EMPTY)


@given(BAGS, st.booleans(), st.booleans())
def test_the_wire_keeps_every_amount_in_every_format(bag: Resources, refined: bool, both: bool) -> None:
    sent = codec.encode(wire(bag, allocated_to="web", refined=refined, both=both))
    received = codec.decode(sent, list[Resource])
    assert validate.resources(received) is None
    assert parse(received) == bag
    assert {item.allocation_info.role for item in received if item.allocation_info} <= {"web"}


def parsed(*resources: Any) -> Resources:
    return parse(codec.decode(json.dumps(resources).encode(), list[Resource]))


def test_scalars_are_thousandths_so_that_tenths_add_up() -> None:
    tenth = parsed({"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}})
    assert amounts.total([tenth] * 10) == parsed({"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}})
    assert amounts.text(amounts.total([tenth] * 3)) == "cpus:0.3"


def test_empty_amounts_are_no_amounts() -> None:
    assert (
        parsed(
            {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0}},
            {"name": "ports", "type": "RANGES", "ranges": {"range": []}},
            {"name": "s", "type": "SET", "set": {"item": []}},
        )
        == EMPTY
    )


def test_reserved_and_special_resources_are_kinds_of_their_own() -> None:
    def cpus(**more: Any) -> str:
        (kind,) = parsed({"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, **more}).kinds()
        return kind

    assert cpus() == cpus(role="*") == "cpus"
    assert cpus(role="a/b") == cpus(reservations=[{"type": "STATIC", "role": "a/b"}]) == "cpus(a/b)"
    assert len({cpus(), cpus(role="a"), cpus(role="a", reservation={}), cpus(revocable={}), cpus(shared={})}) == 5
    assert amounts.role_of("cpus(a/b)") == "a/b"


def test_they_are_shown_as_the_original_shows_them() -> None:
    bag = parsed(
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 2.5}},
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 1}, "role": "web"},
        {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 2}, {"begin": 3, "end": 5}]}},
        {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 9, "end": 9}]}, "role": "web"},
        {"name": "s", "type": "SET", "set": {"item": ["b", "a"]}},
    )
    assert amounts.view(bag) == {
        "cpus": 3.5,
        "mem": 0.0,
        "disk": 0.0,
        "gpus": 0.0,
        "ports": "[1-5, 9-9]",
        "s": "{a, b}",
    }
    assert amounts.text(bag, "*").startswith(
        "cpus(allocated: *):2.5; cpus(allocated: *)(reservations: [(STATIC,web)]):1;"
    )
    assert amounts.text(EMPTY) == "{}"


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (1, "0.001"), (1000, "1"), (-2500, "-2.5"), (10, "0.01")])
def test_decimals(value: int, text: str) -> None:
    assert amounts.decimal(value) == text
