"""Sets of whole numbers as intervals: sorted, disjoint and not adjacent, with both ends included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

Interval = tuple[int, int]


def merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The union, in canonical form."""
    merged: list[Interval] = []
    for begin, end in sorted(intervals):
        if merged and begin <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return tuple(merged)


def without(intervals: Sequence[Interval], taken: Sequence[Interval]) -> tuple[Interval, ...]:
    """The difference. Both sorted and merged."""
    left: list[Interval] = []
    index = 0
    for begin, end in intervals:
        while index < len(taken) and taken[index][1] < begin:
            index += 1
        position = index
        while position < len(taken) and taken[position][0] <= end:
            cut_begin, cut_end = taken[position]
            if cut_begin > begin:
                left.append((begin, cut_begin - 1))
            begin = max(begin, cut_end + 1)
            position += 1
        if begin <= end:
            left.append((begin, end))
    return tuple(left)


def of_numbers(numbers: Iterable[int]) -> tuple[Interval, ...]:
    return merge((number, number) for number in numbers)


def numbers(intervals: Iterable[Interval]) -> Iterator[int]:
    for begin, end in intervals:
        yield from range(begin, end + 1)


def size(intervals: Iterable[Interval]) -> int:
    return sum(end - begin + 1 for begin, end in intervals)


def text(intervals: Iterable[Interval]) -> str:
    return "[" + ", ".join(f"{begin}-{end}" for begin, end in intervals) + "]"
