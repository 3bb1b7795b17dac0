"""Steps between indexes: whatever was changed, they lead to the very index, or they are refused."""

from __future__ import annotations

import copy
import json
import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_universe.errors import UniverseError
from dcos_universe.index.delta import Held, steps
from dcos_universe.index.files import encode
from tests.support.universe.reference import apply, delta, digest


def index(*entries: tuple[str, int, Any]) -> dict[str, Any]:
    return {"packages": [{"name": name, "releaseVersion": number, "value": value} for name, number, value in entries]}


KEYS = st.tuples(st.sampled_from(["a", "a-b", "b", "kafka"]), st.integers(0, 4))
VALUES = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=3))
INDEXES = st.dictionaries(KEYS, VALUES, max_size=8).map(
    lambda found: index(*((name, number, value) for (name, number), value in sorted(found.items())))
)


@given(INDEXES, INDEXES)
def test_a_step_leads_from_the_one_to_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    step = json.loads(encode(delta(old, new)))
    before = copy.deepcopy(old)
    assert encode(apply(old, step)) == encode(new)
    assert old == before, "the old index was changed"
    assert step["to"] == digest(new)


@given(st.lists(INDEXES, min_size=2, max_size=6))
def test_many_steps_lead_there_as_well(indexes: list[dict[str, Any]]) -> None:
    held = Held.of(indexes[0])
    for old, new in pairwise(indexes):
        held = held.stepped(delta(old, new))
    assert held.index == indexes[-1] and held.digest == digest(indexes[-1])


def test_the_order_of_an_index_does_not_matter() -> None:
    entries = [("b", 10, 1), ("b", 2, 1), ("a", 1, 1)]
    random.Random(1).shuffle(entries)
    assert digest(index(*entries)) == digest(index(*sorted(entries)))
    assert [entry["releaseVersion"] for entry in Held.of(index(*entries)).index["packages"]] == [1, 2, 10]


OLD, NEW = index(("a", 0, 1), ("b", 0, 1)), index(("a", 0, 2), ("c", 3, 1))


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"from": "0" * 64},
        {"to": "0" * 64},
        {"put": []},
        {"put": None},
        {"put": [{"name": "a"}]},
        {"put": [{"name": "a", "releaseVersion": True}]},
        {"put": index(("a", 0, 2), ("a", 0, 2))["packages"]},
        {"put": index(("a", 0, 666), ("c", 3, 1))["packages"]},
        {"put": index(("a", 0, 2), ("c", 3, 1), ("evil", 0, 1))["packages"]},
        {"remove": []},
        {"remove": [["b", "0"]]},
        {"remove": [["nobody", 0]]},
        {"remove": "b"},
    ],
)
def test_a_step_that_was_tampered_with_is_refused(change: dict[str, Any]) -> None:
    step = delta(OLD, NEW)
    assert apply(OLD, step) == NEW
    with pytest.raises(UniverseError):
        apply(OLD, {**step, **change})


def test_a_step_is_refused_by_another_index() -> None:
    with pytest.raises(UniverseError, match="does not begin"):
        apply(NEW, delta(OLD, NEW))


@pytest.mark.parametrize("wrong", [{}, {"packages": 1}, []])
def test_what_is_no_index_is_refused(wrong: Any) -> None:
    with pytest.raises(UniverseError):
        Held.of(wrong)


@pytest.mark.parametrize(
    "wrong",
    [1, None, {}, {"name": "a"}, {"name": "b", "releaseVersion": float("nan")}, index(("a", 0, 2))["packages"][0]],
)
def test_an_entry_that_has_no_place_in_the_order_comes_last_and_no_step_begins_there(wrong: Any) -> None:
    good = index(("a", 0, 1), ("b", 0, 1))
    held = Held.of({"packages": [*good["packages"], wrong]})
    assert held.index["packages"][:-1] == good["packages"] and held.index["packages"][-1] is wrong
    assert held.digest not in (digest(good), "")
    for start in (digest(good), held.digest, ""):
        with pytest.raises(UniverseError, match="cannot be used"):
            held.stepped(delta(good, NEW) | {"from": start})


def head(*way: tuple[str, str, int], now: str, size: int = 1000) -> dict[str, Any]:
    each = [{"from": old, "to": new, "bytes": count} for old, new, count in way]
    return {"format": 1, "digest": now, "bytes": size, "steps": each}


def test_a_head_tells_the_way() -> None:
    found = head(("a", "b", 1), ("b", "c", 1), ("c", "d", 1), now="d")
    way = steps(found, "b")
    assert way is not None and [step["to"] for step in way] == ["c", "d"]
    assert steps(found, "d") == []


@pytest.mark.parametrize(
    ("document", "have"),
    [
        (head(("a", "b", 1), now="b"), "unknown"),
        (head(("a", "b", 1), now="c"), "a"),
        (head(("a", "b", 600), ("b", "c", 600), now="c"), "a"),
        (head(("a", "b", 1), ("b", "a", 1), now="c"), "a"),
        ({"format": 9, "digest": "b", "steps": []}, "a"),
        ({"format": 1, "digest": "b"}, "a"),
        (head(now="b") | {"steps": [7]}, "a"),
    ],
)
def test_without_a_way_the_whole_index_is_taken(document: dict[str, Any], have: str) -> None:
    assert steps(document, have) is None
