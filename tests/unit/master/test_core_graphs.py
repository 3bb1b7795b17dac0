"""A state taken as one value is made again as it was: shapes, orders, and who refers to whom."""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.core.frozen import Frozen, Persist
from dcos_runtime.core.resources import Kind, Resources, plain
from dcos_runtime.core.timers import Timers
from dcos_runtime.core.writes import Writes
from dcos_runtime.master.core import graphs


class Node:
    __slots__ = ("more", "name", "next")

    def __init__(self, name: str) -> None:
        self.name = name
        self.next: Node | None = None
        self.more: Any = None


class Special(Node):
    """With slots above, and a dictionary of its own."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.cached = object()
        self.extra = name * 2


class Due(Frozen, frozen=True):
    name: str


class Record(msgspec.Struct):
    count: int


CLASSES = graphs.Classes([Node, Special, Due, Record], left_out={(Special, "cached"): "made anew"})


def again(value: Any) -> Any:
    taken = graphs.take(value, CLASSES)
    made = graphs.make(taken, CLASSES)
    assert graphs.take(made, CLASSES) == taken
    return made


plain_values = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=4)
)
values = st.recursive(
    plain_values | st.binary(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.tuples(st.integers(0, 9), st.text(max_size=2)), inner, max_size=3)
        | st.frozensets(st.integers(0, 99) | st.text(max_size=3), max_size=5)
        | st.lists(inner, max_size=3).map(lambda items: deque(items, 5))
    ),
    max_leaves=15,
)


@given(values)
def test_any_value_comes_back_with_its_types_and_orders(value: Any) -> None:
    assert repr(again(value)) == repr(value) or isinstance(value, frozenset) or "frozenset" in repr(value)
    assert again(value) == value


def test_what_refers_to_itself_and_goes_deep_comes_back() -> None:
    first = last = Node("0")
    for number in range(1, 5000):
        last.next = Node(str(number))
        last = last.next
    last.next = first
    made = again([first, last])
    assert made[1].next is made[0]
    count, node = 1, made[0]
    while (node := node.next) is not made[0]:
        count += 1
    assert count == 5000


def test_what_may_change_is_shared_as_it_was_and_what_is_equal_is_not_mixed_up() -> None:
    one, other, array = Record(1), Record(1), np.arange(6, dtype=np.int64)
    made = again({"a": one, "b": one, "c": other, "d": array, "e": array, "f": array.copy()})
    assert made["a"] is made["b"] and made["a"] is not made["c"]
    assert made["d"] is made["e"] and made["d"] is not made["f"]
    made["d"][0] = 7
    assert made["e"][0] == 7 and made["f"][0] == 0


@pytest.mark.parametrize("kind", [bool, np.int32, np.uint64, np.float64])
@pytest.mark.parametrize("shape", [(0,), (3,), (9, 2), (0, 4)])
def test_arrays_keep_their_type_and_shape(kind: Any, shape: tuple[int, ...]) -> None:
    array = np.random.default_rng(1).integers(0, 2, shape).astype(kind)
    made = again([array, array[::2], array.T])
    for before, after in zip([array, array[::2], array.T], made, strict=True):
        assert after.dtype == before.dtype and np.array_equal(after, before) and after.flags.writeable


def test_a_set_is_the_same_bytes_whatever_its_history() -> None:
    one, other = {f"x{number}" for number in range(50)}, {f"x{number}" for number in reversed(range(50))}
    one |= {str(number) for number in range(1000)}
    one -= {str(number) for number in range(1000)}
    assert graphs.take(one, CLASSES) == graphs.take(other, CLASSES)
    assert graphs.take({"a": 1, "b": 2}, CLASSES) != graphs.take({"b": 2, "a": 1}, CLASSES), "an order that is kept"


def test_the_kits_own_things_go_on_where_they_were() -> None:
    timers: Timers[Due] = Timers([(3.0, Due("c")), (1.0, Due("a"))])
    timers.set(Due("c"), 0.5)
    writes: Writes[Due] = Writes()
    writes.begin((), Due("x"))
    writes.begin((), Due("y"))
    writes.end(1)
    counts = Counter({"a": 2})
    kind = Kind("disk", provider_id="p", revocable=True)
    amounts = Resources(
        {plain("cpus"): 5, kind: 7}, {plain("ports", "web"): ((1, 5), (9, 9))}, {plain("s"): frozenset("ab")}
    )
    made = again({"t": timers, "w": writes, "c": counts, "o": OrderedDict(a=1), "r": amounts, "s": Special("x")})
    assert made["t"].entries() == [(1.0, Due("a")), (0.5, Due("c"))] and made["t"].next_deadline() == 0.5
    assert list(made["w"]) == [(2, Due("y"))] and made["w"].begin((), Due("z")) == Persist(3, ())
    assert made["c"] == counts and type(made["c"]) is Counter and type(made["o"]) is OrderedDict
    assert made["r"] == amounts and list(made["r"].scalars) == list(amounts.scalars)
    assert all(one is other for one, other in zip(made["r"].scalars, amounts.scalars, strict=True))
    assert (made["s"].extra, made["s"].cached) == ("xx", "made anew")


def test_what_is_given_is_referred_to_by_its_name() -> None:
    outside = object()
    data = graphs.take([outside, [outside]], CLASSES, {"it": outside})
    assert graphs.make(data, CLASSES, {"it": 5}) == [5, [5]]


class Stranger:
    pass


@pytest.mark.parametrize("value", [Stranger(), object(), lambda: None, iter([]), np.array([Stranger()]), {1: [len]}])
def test_what_is_on_no_list_is_refused(value: Any) -> None:
    with pytest.raises(graphs.Unknown):
        graphs.take(value, CLASSES)


@given(
    st.binary(max_size=40)
    | st.recursive(
        plain_values | st.sampled_from(["@", "[", "S", "first", "again", "Node", "Stranger", "{"]),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=12,
    ).map(msgspec.msgpack.encode)
)
def test_what_is_no_snapshot_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        if type(graphs.make(data, CLASSES)) is not Node:
            raise ValueError("a plain value")
