"""Writes of any size: how they are cut, what their remains mean, and what no store takes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.store import MAX_KEY, MAX_VALUE, TooLarge, staging
from dcos_runtime.store.sqlite import SqliteStore

KEYS = st.text("abcé/", min_size=1, max_size=4)
CHANGES = st.dictionaries(KEYS, st.none() | st.binary(max_size=40), max_size=12)


def size(key: str, value: bytes | None) -> int:
    return len(key) + len(value or b"") + 3


def after(entries: dict[str, bytes], changes: staging.Changes) -> dict[str, bytes]:
    """What a store holds when ``changes`` are done."""
    merged = {**entries, **changes}
    return {key: value for key, value in merged.items() if value is not None}


@given(CHANGES, st.integers(1, 80))
def test_parts_hold_every_change_once_in_its_order_and_are_no_larger_than_they_may_be(
    changes: staging.Changes, most: int
) -> None:
    parts = staging.cut(changes, size, most)
    assert [item for part in parts for item in part.items()] == list(changes.items())
    assert all(len(part) == 1 or sum(size(*item) for item in part.items()) <= most for part in parts if part)
    assert len(parts) == 1 or all(parts)


@given(st.dictionaries(KEYS, st.binary(max_size=9), max_size=8), CHANGES, st.integers(1, 80), st.data())
def test_what_is_found_is_all_of_a_write_or_nothing_wherever_its_writer_was_killed(
    before: dict[str, bytes], changes: staging.Changes, most: int, data: st.DataObject
) -> None:
    """The steps as the store does them; what has begun to be taken stays written, what has not been said does not."""
    parts = list(enumerate(staging.cut(changes, size, most)))
    packed: list[dict[str, bytes | None]] = [{staging.part_key(number): staging.pack(part)} for number, part in parts]
    steps: list[dict[str, bytes | None]] = [
        *packed,
        {staging.WHOLE: b"1"},
        *({**part, staging.part_key(number): None} for number, part in parts),
        {staging.WHOLE: None},
    ]
    done = data.draw(st.integers(0, len(steps)))
    entries = dict(before)
    for step in steps[:done]:
        entries = after(entries, step)
    found = dict(entries)
    left = staging.remains(found)
    assert found == (after(before, changes) if done > len(parts) else before)
    # Who found it finishes it, and may be killed at any step as well.
    dropped: list[dict[str, bytes | None]] = [{key: None} for key in left.drop]
    steps = [*({**part, key: None} for key, part in left.take.items()), *dropped]
    for step in steps[: data.draw(st.integers(0, len(steps)))]:
        entries = after(entries, step)
    again = dict(entries)
    staging.remains(again)
    assert again == found
    for step in steps:
        entries = after(entries, step)
    assert entries == found


@pytest.mark.parametrize("change", [{"k": b"x" * (MAX_VALUE + 1)}, {"k" * (MAX_KEY + 1): b""}, {"é" * 600: None}])
async def test_a_store_refuses_what_is_too_large_and_nothing_of_the_write_is_done(
    tmp_path: Path, change: dict[str, bytes | None]
) -> None:
    store = SqliteStore(tmp_path / "state")
    await store.write({"a": b"1", "largest": b"x" * MAX_VALUE})
    with pytest.raises(TooLarge, match=r"bytes"):
        await store.write({"a": b"2", **change})
    await store.write({"b": b"3"})
    assert await store.load() == {"a": b"1", "largest": b"x" * MAX_VALUE, "b": b"3"}
    await store.close()
