"""Resource arithmetic, by its laws, over every kind of resource."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
from collections import Counter
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import (
    EMPTY,
    Disk,
    DiskSource,
    Format,
    Holdings,
    Kind,
    Reservation,
    Resources,
    Thing,
    intervals,
    parse,
    plain,
    wire,
)
from dcos_runtime.core.resources.kind import ReservationType, SourceType
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import Value
from dcos_runtime.wire.resources import Resource

TEXTS = st.sampled_from(["a", "b", ""])
LABELS = st.none() | st.lists(st.tuples(TEXTS, st.none() | TEXTS), max_size=2).map(
    lambda pairs: tuple(sorted(pairs, key=lambda pair: (pair[0], pair[1] is not None, pair[1] or "")))
)
STATIC = st.builds(Reservation, st.just(ReservationType.STATIC), st.sampled_from(["web", "db", "web/x"]))
DYNAMIC = st.builds(
    Reservation,
    st.just(ReservationType.DYNAMIC),
    st.sampled_from(["web", "db", "web/x"]),
    st.none() | TEXTS,
    LABELS,
)
SINGLES = st.just(()) | STATIC.map(lambda one: (one,)) | DYNAMIC.map(lambda one: (one,))
STACKS = SINGLES | st.tuples(STATIC | DYNAMIC, DYNAMIC)
SOURCES = st.builds(
    DiskSource,
    st.sampled_from([SourceType.PATH, SourceType.MOUNT, SourceType.BLOCK, SourceType.RAW]),
    st.none() | st.just("/mnt"),
    st.none() | TEXTS,
    st.none() | TEXTS,
    st.none() | TEXTS,
    LABELS,
)
DISKS = st.builds(Disk, st.none() | st.sampled_from(["v1", "v2"]), SOURCES) | st.builds(Disk, st.just("v1"), st.none())


def kinds(reservations: st.SearchStrategy[Any] = STACKS) -> st.SearchStrategy[Kind]:
    providers = st.none() | st.just("p")
    usual = st.builds(
        Kind,
        st.sampled_from(["cpus", "mem", "gpus"]),
        reservations,
        st.none(),
        providers,
        st.booleans(),
        st.just(False),
    )
    return usual | st.builds(
        Kind, st.just("disk"), reservations, st.none() | DISKS, providers, st.booleans(), st.booleans()
    )


AMOUNTS = st.integers(1, 10**7)


def _bag(scalars: list[tuple[Kind, int]], numbers: dict[Kind, set[int]], sets: dict[Kind, frozenset[str]]) -> Resources:
    bag = EMPTY
    for kind, amount in scalars:
        bag = bag + (Resources(things={Thing(kind, amount): 1}) if kind.whole else Resources({kind: amount}))
    return bag + Resources(
        ranges={kind: intervals.of_numbers(some) for kind, some in numbers.items() if some},
        sets={kind: some for kind, some in sets.items() if some},
    )


def bags(reservations: st.SearchStrategy[Any] = STACKS) -> st.SearchStrategy[Resources]:
    def named(name: str) -> st.SearchStrategy[Kind]:
        return st.builds(Kind, st.just(name), reservations)

    return st.builds(
        _bag,
        st.lists(st.tuples(kinds(reservations), st.sampled_from([1, 500, 1000]) | AMOUNTS), max_size=5),
        st.dictionaries(named("ports"), st.sets(st.integers(0, 40)), max_size=2),
        st.dictionaries(named("zones"), st.frozensets(st.sampled_from("abcd")), max_size=2),
    )


BAGS = bags()


def numbers_of(bag: Resources, kind: Kind) -> set[int]:
    return set(intervals.numbers(bag.ranges.get(kind, ())))


# --- intervals -------------------------------------------------------------------------------------------------------

NUMBERS = st.sets(st.integers(0, 60))


@given(NUMBERS, NUMBERS)
def test_intervals_are_sets_of_numbers(one: set[int], other: set[int]) -> None:
    left, right = intervals.of_numbers(one), intervals.of_numbers(other)
    assert set(intervals.numbers(left)) == one and intervals.size(left) == len(one)
    assert intervals.merge((*left, *right)) == intervals.of_numbers(one | other)
    assert intervals.without(left, right) == intervals.of_numbers(one - other)
    assert all(end + 1 < begin for (_, end), (begin, _) in itertools.pairwise(left)), "they could be joined"


# --- kinds -----------------------------------------------------------------------------------------------------------


@given(kinds(), kinds())
def test_there_is_one_object_a_kind(one: Kind, other: Kind) -> None:
    assert (one is other) == (one == other) == (one.parts == other.parts)
    for again in (Kind(*one.parts), copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert again is one
    with pytest.raises(AttributeError):
        one.name = "other"
    assert one.role == (one.reservations[-1].role if one.reservations else "*")


def test_what_is_whole() -> None:
    def whole(**source: Any) -> bool:
        return Kind("disk", disk=Disk(source=DiskSource(**source))).whole

    assert whole(type=SourceType.MOUNT) and whole(type=SourceType.BLOCK) and whole(type=SourceType.RAW, id="x")
    assert not whole(type=SourceType.PATH, root="/x") and not whole(type=SourceType.RAW)
    assert Kind("disk", disk=Disk("id")).whole and Kind("disk", shared=True).whole
    assert not Kind("disk").whole and not Kind("cpus", revocable=True).whole


# --- sums ------------------------------------------------------------------------------------------------------------


@given(BAGS, BAGS, BAGS)
def test_a_sum_contains_its_parts_and_does_not_depend_on_their_order(
    one: Resources, other: Resources, third: Resources
) -> None:
    both = one + other
    assert both == other + one and hash(both) == hash(other + one)
    assert (one + other) + third == one + (other + third) == amounts.total([third, one, other])
    assert amounts.total([third, one, one, EMPTY, other, one]) == (one + other) + third + one + one
    assert amounts.total([one]) == one and amounts.total([one, one]) == one + one and amounts.total([]) == EMPTY
    assert one + EMPTY == one == EMPTY + one
    assert both.contains(one) and both.contains(other)
    for kind in both.ranges:
        assert numbers_of(both, kind) == numbers_of(one, kind) | numbers_of(other, kind)


@given(BAGS, BAGS)
def test_what_is_taken_away_is_gone_and_only_that(one: Resources, other: Resources) -> None:
    left = one - other
    assert one.contains(left)
    for kind in one.ranges:
        assert numbers_of(left, kind) == numbers_of(one, kind) - numbers_of(other, kind)
    if one.contains(other):
        assert left + other == one
    assert one - one == EMPTY and not one - one
    apart = all(not numbers_of(one, kind) & numbers_of(other, kind) for kind in one.ranges) and all(
        not items & other.sets.get(kind, frozenset()) for kind, items in one.sets.items()
    )
    if apart:  # of what can be held twice, or is held by one of both
        assert (one + other) - other == one
    else:
        assert one.contains((one + other) - other)


@given(BAGS, BAGS, BAGS)
def test_containing_is_a_partial_order(one: Resources, other: Resources, third: Resources) -> None:
    assert one.contains(one) and one.contains(EMPTY)
    if one.contains(other) and other.contains(one):
        assert one == other
    if one.contains(other) and other.contains(third):
        assert one.contains(third)
    assert EMPTY.contains(one) == (not one)
    more = one + other + third  # chains that do exist
    assert more.contains(one + other) and more.contains(one) and (one + other).contains(one)
    if one:
        assert not one.contains(more) or one == more


@given(BAGS, BAGS)
def test_containing_is_being_able_to_give(one: Resources, other: Resources) -> None:
    able = (
        all(one.scalars.get(kind, 0) >= amount for kind, amount in other.scalars.items())
        and all(numbers_of(other, kind) <= numbers_of(one, kind) for kind in other.ranges)
        and all(items <= one.sets.get(kind, frozenset()) for kind, items in other.sets.items())
        and not Counter(other.things) - Counter(one.things)
    )
    assert one.contains(other) == able


@given(
    st.integers(1, 5000), st.integers(1, 5000), st.sampled_from([Disk("v"), Disk(source=DiskSource(SourceType.MOUNT))])
)
def test_whole_things_are_neither_merged_nor_split(size: int, other: int, disk: Disk) -> None:
    kind = Kind("disk", disk=disk)
    one, two = Resources(things={Thing(kind, size): 1}), Resources(things={Thing(kind, other): 1})
    assert len(wire(one + two)) == 2 and (one + two).scalar("disk") == size + other
    assert one.contains(two) == (size == other)
    assert one - two == (EMPTY if size == other else one)
    assert not (one + two).contains(Resources(things={Thing(kind, size + other): 1}))


@given(st.integers(1, 5), st.integers(1, 5), AMOUNTS)
def test_shared_things_are_counted_and_are_there_once(held: int, asked: int, size: int) -> None:
    volume = Thing(Kind("disk", disk=Disk("v"), shared=True), size)
    have, want = Resources(things={volume: held}), Resources(things={volume: asked})
    assert have.contains(want) == (asked <= held)
    assert (have + want).things == {volume: held + asked}
    assert (have - want).things == ({volume: held - asked} if held > asked else {})
    assert have.scalar("disk") == size and dict(have.quantities()) == {"disk": size}
    assert len(wire(have)) == held and parse(wire(have)) == have


def test_how_a_volume_is_mounted_and_who_made_it_is_kept_and_makes_no_difference() -> None:
    def volume(path: str, principal: str) -> Resources:
        persistence = {"id": "v", "principal": principal}
        disk = {"persistence": persistence, "volume": {"container_path": path, "mode": "RW"}}
        return parsed({"name": "disk", "type": "SCALAR", "scalar": {"value": 1}, "role": "web", "disk": disk})

    assert volume("a", "p") == volume("b", "q")
    disk = wire(volume("a", "p"))[0].disk
    assert disk is not None and disk.volume is not None and disk.persistence is not None
    assert (disk.volume.container_path, disk.persistence.principal) == ("a", "p")


# --- parts -----------------------------------------------------------------------------------------------------------


@given(BAGS, st.sampled_from(["web", "web/x", "db", "*", "webx"]))
def test_reserved_and_unreserved_make_the_whole(bag: Resources, role: str) -> None:
    assert bag.reserved() + bag.unreserved() == bag
    assert amounts.total(bag.by_role().values()) == bag
    for name, part in bag.by_role().items():
        assert part == (bag.unreserved() if name == "*" else bag.reserved(name)) and part
    assert amounts.total(bag.named(name) for name in {kind.name for kind in bag.kinds()}) == bag
    allocatable = bag.for_role(role)
    expected = {kind for kind in bag.kinds() if kind.role == "*" or kind.role in amounts.lineage(role)}
    assert set(allocatable.kinds()) == expected and bag.contains(allocatable)
    assert bag.for_role("web/x").contains(bag.for_role("web")), "a child has what its parent has"


# --- messages --------------------------------------------------------------------------------------------------------


def received(sent: list[Resource]) -> list[Resource]:
    return codec.decode(codec.encode(sent), list[Resource])


@given(BAGS, st.sampled_from([Format.STACK, Format.BOTH]))
def test_the_wire_keeps_every_amount(bag: Resources, format: Format) -> None:
    got = received(wire(bag, format, allocated_to="web"))
    assert parse(got) == bag
    assert {item.allocation_info.role for item in got if item.allocation_info} <= {"web"}
    assert all(item.role is None for item in got) or format is Format.BOTH


@given(BAGS, st.sampled_from([Format.STACK, Format.BOTH]), st.sampled_from([None, "*", "web"]))
def test_resources_that_are_read_as_json_are_those_that_were_written(
    bag: Resources, format: Format, role: str | None
) -> None:
    messages = amounts.wire(bag, format, role)
    data = codec.encode(messages)
    for _ in range(2):
        read = amounts.read(data)
        assert read == (amounts.parse(messages), role if messages else None, None)


def test_what_is_wrong_is_said_each_time_and_large_ones_are_not_kept() -> None:
    wrong = b'[{"name":"cpus","type":"SCALAR","scalar":{"value":-1}}]'
    for _ in range(2):
        assert amounts.read(wrong) == (
            EMPTY,
            None,
            "Resource 'cpus:-1' is invalid: Invalid scalar resource: value <= 0",
        )
    with pytest.raises(codec.DecodeError):
        amounts.read(b"[1]")
    many = json.dumps([{"name": f"n{n}", "type": "SCALAR", "scalar": {"value": 1}} for n in range(100)]).encode()
    first, second = amounts.read(many), amounts.read(many)
    assert first == second
    assert first.resources is not second.resources


@given(bags(SINGLES), st.sampled_from(list(Format)))
def test_single_reservations_go_in_every_format(bag: Resources, format: Format) -> None:
    got = received(wire(bag, format))
    assert parse(got) == bag
    assert format is not Format.SINGLE or all(item.role is not None and not item.reservations for item in got)


@given(kinds(st.tuples(STATIC, DYNAMIC)))
def test_a_refined_reservation_is_not_told_to_who_cannot_read_it(kind: Kind) -> None:
    bag = _bag([(kind, 1)], {}, {})
    with pytest.raises(ValueError, match="refined"):
        wire(bag, Format.SINGLE)


def plainly(name: str, value: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}, **more}


@given(bags(STACKS | SINGLES))
def test_reading_accepts_what_was_written(bag: Resources) -> None:
    assert amounts.invalid(received(wire(bag, Format.BOTH))) is None


def messages(*resources: Any) -> list[Resource]:
    return codec.decode(json.dumps(resources).encode(), list[Resource])


def parsed(*resources: Any) -> Resources:
    return parse(messages(*resources))


@pytest.mark.parametrize(
    "resource",
    [
        plainly("cpus", 10**12 + 1),
        plainly("cpus", 1e300),
        plainly("cpus", -1),
        plainly("cpus", 0.0001),
        plainly("cpus", 1, disk={"persistence": {"id": "x"}}),
        plainly("cpus", 1, shared={}),
        plainly("disk", 1, disk={}),
        plainly("disk", 1, disk={"volume": {"container_path": "a", "mode": "RW"}}),
        {"name": "disk", "type": "SET", "set": {"item": ["a"]}, "shared": {}},
        plainly("cpus", 1, role="a", reservations=[{"type": "STATIC", "role": "b"}]),
        plainly("cpus", 1, role="*", reservation={}),
        plainly("cpus", 1, reservations=[{"type": "STATIC", "role": "a/../b"}]),
        plainly("cpus(a)", 1),
        {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 3}, {"begin": 3, "end": 4}]}},
    ],
)
def test_reading_refuses_and_says_why(resource: dict[str, Any]) -> None:
    assert (amounts.invalid(messages(resource)) or "").startswith("Resource '")


def test_reading_sums_up_what_comes_in_parts() -> None:
    largest = plainly("cpus", 10**12)
    assert amounts.invalid(messages(largest, plainly("mem", 10**12))) is None
    assert "'cpus'" in (amounts.invalid(messages(largest, plainly("cpus", 0.001, role="web"))) or "")
    assert 10**12 * amounts.THOUSANDTHS < 2**63
    assert amounts.out_of_range(float("nan")) and amounts.out_of_range(10**12 + 1) and not amounts.out_of_range(1e12)


@pytest.mark.parametrize(
    ("more", "offerable"),
    [
        ({}, True),
        ({"role": "web"}, True),
        ({"reservations": [{"type": "STATIC", "role": "web"}]}, True),
        ({"role": "web", "reservation": {}}, False),
        ({"reservations": [{"type": "STATIC", "role": "web"}, {"type": "DYNAMIC", "role": "web/x"}]}, False),
        ({"revocable": {}}, False),
        ({"shared": {}}, False),
        ({"disk": {"source": {"type": "MOUNT", "mount": {"root": "/a"}}}}, True),
        ({"disk": {"source": {"type": "PATH", "path": {"root": "/a"}}}, "role": "web"}, True),
        ({"disk": {"source": {"type": "PATH"}}}, False),
        ({"disk": {"source": {"type": "BLOCK", "id": "x"}}}, False),
        ({"disk": {"persistence": {"id": "v"}}}, False),
        ({"provider_id": {"value": "p"}}, False),
    ],
)
def test_agents_offer_what_everybody_can_take(more: dict[str, Any], offerable: bool) -> None:
    assert (amounts.not_offerable(parse(messages(plainly("disk", 1, **more)))) is None) == offerable


def test_scalars_are_thousandths_so_that_tenths_add_up() -> None:
    tenth = parsed(plainly("cpus", 0.1))
    assert amounts.total([tenth] * 10) == parsed(plainly("cpus", 1))
    assert amounts.text(amounts.total([tenth] * 3)) == "cpus:0.3"


def test_empty_amounts_are_no_amounts() -> None:
    assert (
        parsed(
            plainly("cpus", 0),
            {"name": "ports", "type": "RANGES", "ranges": {"range": []}},
            {"name": "s", "type": "SET", "set": {"item": []}},
        )
        == EMPTY
    )


def test_reserved_and_special_resources_are_kinds_of_their_own() -> None:
    def cpus(**more: Any) -> Kind:
        (kind,) = parsed(plainly("cpus", 1, **more)).kinds()
        return kind

    assert cpus() is cpus(role="*") is plain("cpus")
    assert cpus(role="a/b") is cpus(reservations=[{"type": "STATIC", "role": "a/b"}]) is plain("cpus", "a/b")
    assert len({cpus(), cpus(role="a"), cpus(role="a", reservation={}), cpus(revocable={}), cpus(shared={})}) == 5
    assert cpus(role="a/b").role == "a/b"


# --- for people ------------------------------------------------------------------------------------------------------


def test_they_are_shown_as_mesos_shows_them() -> None:
    bag = parsed(
        plainly("cpus", 2.5),
        plainly("cpus", 1, role="web"),
        {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 1, "end": 2}, {"begin": 3, "end": 5}]}},
        {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 9, "end": 9}]}, "role": "web"},
        {"name": "s", "type": "SET", "set": {"item": ["b", "a"]}},
    )
    assert amounts.view([bag]) == {
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


def test_texts_tell_what_is_special() -> None:
    disk = {"persistence": {"id": "v"}, "source": {"type": "MOUNT", "mount": {"root": "/m"}}}
    bag = parsed(
        plainly("disk", 1, role="web", reservation={"principal": "p"}, disk=disk, shared={}),
        plainly("cpus", 1, revocable={}),
    )
    assert amounts.text(bag) == "cpus{REV}:1; disk(reservations: [(DYNAMIC,web,p)])[MOUNT:/m,v]<SHARED>:1<1>"
    assert amounts.view([bag])["cpus_revocable"] == 1.0 and amounts.view([bag])["cpus"] == 0.0


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (1, "0.001"), (1000, "1"), (-2500, "-2.5"), (10, "0.01")])
def test_decimals(value: int, text: str) -> None:
    assert amounts.decimal(value) == text


# --- holdings --------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), BAGS), max_size=6), st.data())
def test_holdings_are_kept_agent_by_agent(parts: list[tuple[str, Resources]], data: st.DataObject) -> None:
    held, expected = Holdings(), {"a": EMPTY, "b": EMPTY}
    for agent_id, part in parts:
        held.add(agent_id, part)
        expected[agent_id] += part
    for agent_id, part in data.draw(st.permutations(parts)):
        assert {agent: held.on(agent) for agent in expected} == expected
        assert bool(held) == any(expected.values())
        assert amounts.view(held.parts()) == amounts.view(expected.values())
        names = {name for one in expected.values() for name, _ in ((k.name, v) for k, v in one.scalar_amounts())}
        assert held.scalars() == {name: sum(one.scalar(name) for one in expected.values()) for name in names}
        held.remove(agent_id, part)
        expected[agent_id] -= part
    assert not any(expected.values()) and not held and held.scalars() == {}


def test_a_port_of_one_agent_is_not_that_of_another() -> None:
    port = Resources(ranges={plain("ports"): ((31000, 31000),)})
    held = Holdings()
    held.add("a", port)
    held.add("b", port)
    held.remove("a", port)
    assert amounts.view(held.parts())["ports"] == "[31000-31000]"
    held.remove("b", port)
    assert "ports" not in amounts.view(held.parts())


def test_a_message_has_so_many_resources_and_ranges_and_no_more() -> None:
    def scalars(count: int) -> list[Resource]:
        kind = Value.Type.SCALAR
        return [Resource(name=f"r{at}", type=kind, scalar=Value.Scalar(value=1.0)) for at in range(count)]

    def ranges(count: int) -> list[Resource]:
        spans = [Value.Range(begin=4 * at, end=4 * at + 1) for at in range(count)]
        return [Resource(name="ids", type=Value.Type.RANGES, ranges=Value.Ranges(range=spans))]

    def items(count: int) -> list[Resource]:
        return [Resource(name="z", type=Value.Type.SET, set=Value.Set(item=[f"i{at}" for at in range(count)]))]

    for made, most in ((scalars, 1000), (ranges, 10_000), (items, 10_000)):
        assert amounts.invalid(made(most)) is None
        assert f"{most + 1} " in (amounts.invalid(made(most + 1)) or "")
