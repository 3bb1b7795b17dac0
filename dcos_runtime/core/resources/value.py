"""Amounts by kind as one value: sums, differences, containment, and parts by reservation. No operation changes a value.
Scalars are integers of thousandths, ranges are sets of numbers, sets are sets of items. Indivisible resources are
*things*: a persistent volume, a mounted disk, a shared resource. Things are counted: a sum has the copies of both
sides, and a difference or a comparison takes a thing as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from dcos_runtime.core.resources.intervals import Interval, merge, size, without
from dcos_runtime.core.resources.kind import Kind
from dcos_runtime.wire.roles import within

THOUSANDTHS = 1000
MAX_SCALAR = 10**12
"""The largest scalar; a sum of thousands of them, in thousandths, fits into 64 bits."""

_CLAMP = 10**15


def fixed(value: float) -> int:
    """A scalar in thousandths, rounded as Mesos rounds: halves away from zero."""
    exact = value * THOUSANDTHS if -_CLAMP < value < _CLAMP else min(max(value, -_CLAMP), _CLAMP) * THOUSANDTHS
    whole = int(exact)
    rest = exact - whole
    return whole + 1 if rest >= 0.5 else whole - 1 if rest <= -0.5 else whole


class Thing:
    """An amount of an indivisible kind. For a persistent volume, ``principal`` is its maker and ``volume`` its mount
    (an encoded Volume); neither counts in comparisons.
    """

    __slots__ = ("_hash", "amount", "kind", "principal", "volume")

    def __init__(self, kind: Kind, amount: int, principal: str | None = None, volume: bytes | None = None) -> None:
        self.kind = kind
        self.amount = amount
        self.principal = principal
        self.volume = volume
        self._hash = hash((kind, amount))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Thing) and self.kind is other.kind and self.amount == other.amount

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Thing({self.kind!r}, {self.amount})"


Scalars = Mapping[Kind, int]
Ranges = Mapping[Kind, tuple[Interval, ...]]
Sets = Mapping[Kind, frozenset[str]]
Things = Mapping[Thing, int]


class Resources:
    """Empty amounts are left out, so that equal amounts are equal values.

    The value keeps the given mappings, which nobody may change afterwards. Scalars are above 0 and of divisible kinds;
    intervals come from `merge`.
    """

    __slots__ = ("ranges", "scalars", "sets", "things")

    def __init__(
        self,
        scalars: Scalars | None = None,
        ranges: Ranges | None = None,
        sets: Sets | None = None,
        things: Things | None = None,
    ) -> None:
        self.scalars: Scalars = scalars or _NOTHING
        self.ranges: Ranges = ranges or _NOTHING
        self.sets: Sets = sets or _NOTHING
        self.things: Things = things or _NOTHING  # one empty mapping serves all

    def __bool__(self) -> bool:
        return bool(self.scalars or self.ranges or self.sets or self.things)

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Resources)
            and self.scalars == other.scalars
            and self.ranges == other.ranges
            and self.sets == other.sets
            and self.things == other.things
        )

    def __hash__(self) -> int:
        return hash(tuple(frozenset(part.items()) for part in (self.scalars, self.ranges, self.sets, self.things)))

    def __repr__(self) -> str:
        parts = [*self.scalars.items(), *self.ranges.items(), *self.sets.items(), *self.things.items()]
        return f"Resources({', '.join(f'{key!r}: {amount!r}' for key, amount in parts)})"

    # --- arithmetic ---

    def __add__(self, other: Resources) -> Resources:
        if not other:
            return self
        if not self:
            return other
        scalars = self.scalars
        if other.scalars:
            scalars = {**scalars}
            for kind, amount in other.scalars.items():
                scalars[kind] = scalars.get(kind, 0) + amount
        ranges = self.ranges
        if other.ranges:
            ranges = {**ranges}
            for kind, intervals in other.ranges.items():
                ranges[kind] = merge((*ranges[kind], *intervals)) if kind in ranges else intervals
        sets = self.sets
        if other.sets:
            sets = {**sets}
            for kind, items in other.sets.items():
                sets[kind] = sets[kind] | items if kind in sets else items
        things = self.things
        if other.things:
            things = {**things}
            for thing, copies in other.things.items():
                things[thing] = things.get(thing, 0) + copies
        return Resources(scalars, ranges, sets, things)

    def __sub__(self, other: Resources) -> Resources:
        """The difference. Amounts that are not contained are ignored (see `contains`)."""
        scalars = self.scalars
        if scalars and other.scalars:
            scalars = {**scalars}
            for kind, amount in other.scalars.items():
                if (left := scalars.get(kind, 0) - amount) > 0:
                    scalars[kind] = left
                else:
                    scalars.pop(kind, None)
        ranges = self.ranges
        if ranges and other.ranges:
            ranges = {**ranges}
            for kind, intervals in other.ranges.items():
                if remaining := without(ranges.get(kind, ()), intervals):
                    ranges[kind] = remaining
                else:
                    ranges.pop(kind, None)
        sets = self.sets
        if sets and other.sets:
            sets = {**sets}
            for kind, items in other.sets.items():
                if remaining_items := sets.get(kind, _NO_ITEMS) - items:
                    sets[kind] = remaining_items
                else:
                    sets.pop(kind, None)
        things = self.things
        if things and other.things:
            things = {**things}
            for thing, copies in other.things.items():
                if (left := things.get(thing, 0) - copies) > 0:
                    things[thing] = left
                else:
                    things.pop(thing, None)
        return Resources(scalars, ranges, sets, things)

    def contains(self, other: Resources) -> bool:
        """Whether all of ``other`` can be taken out of this."""
        for kind, amount in other.scalars.items():
            if self.scalars.get(kind, 0) < amount:
                return False
        for kind, intervals in other.ranges.items():
            if without(intervals, self.ranges.get(kind, ())):
                return False
        for kind, items in other.sets.items():
            if not items <= self.sets.get(kind, _NO_ITEMS):
                return False
        return not other.things or all(self.things.get(thing, 0) >= copies for thing, copies in other.things.items())

    # --- parts ---

    def kinds(self) -> Iterator[Kind]:
        """The kinds of all amounts. A kind comes more than once if it has several types of value, or several things."""
        yield from self.scalars
        yield from self.ranges
        yield from self.sets
        for thing in self.things:
            yield thing.kind

    def find(self, wanted: Callable[[Kind], bool]) -> Resources:
        """The amounts of the kinds that are wanted."""
        return Resources(
            {kind: amount for kind, amount in self.scalars.items() if wanted(kind)},
            {kind: intervals for kind, intervals in self.ranges.items() if wanted(kind)},
            {kind: items for kind, items in self.sets.items() if wanted(kind)},
            {thing: copies for thing, copies in self.things.items() if wanted(thing.kind)},
        )

    def named(self, name: str) -> Resources:
        return self.find(lambda kind: kind.name == name)

    def reserved(self, role: str | None = None) -> Resources:
        """The resources that are reserved to exactly this role, or to any role when none is given."""
        if role is None:
            return self.find(lambda kind: kind.role != "*")
        return self.find(lambda kind: kind.role == role != "*")

    def unreserved(self) -> Resources:
        return self.find(lambda kind: kind.role == "*")

    def for_role(self, role: str) -> Resources:
        """The resources that may be allocated to the role: unreserved ones, and those reserved to it or to an
        ancestor.
        """
        for kind in self.kinds():
            if kind.role != "*" and not within(role, kind.role):
                return self.find(lambda kind: kind.role == "*" or within(role, kind.role))
        return self

    def by_role(self) -> dict[str, Resources]:
        """The resources by the role of their reservation, ``*`` for unreserved ones; sorted."""
        roles = {kind.role for kind in self.kinds()}
        if len(roles) == 1:
            return {roles.pop(): self}
        return {role: self.unreserved() if role == "*" else self.reserved(role) for role in sorted(roles)}

    # --- reservations ---

    # --- amounts ---

    def scalar(self, name: str) -> int:
        """All scalars of a name, reserved or not, in thousandths."""
        amount = 0
        for kind, part in self.scalars.items():
            if kind.name == name:
                amount += part
        for thing, copies in self.things.items():
            if thing.kind.name == name:
                amount += _amount(thing, copies)
        return amount

    def scalar_amounts(self) -> Iterator[tuple[Kind, int]]:
        """The amount of each scalar. A shared thing counts once, however many copies are held."""
        yield from self.scalars.items()
        for thing, copies in self.things.items():
            yield thing.kind, _amount(thing, copies)

    def intervals(self, name: str) -> tuple[Interval, ...]:
        """All numbers of a name, reserved or not."""
        found = [intervals for kind, intervals in self.ranges.items() if kind.name == name]
        return found[0] if len(found) == 1 else merge(interval for intervals in found for interval in intervals)

    def quantities(self) -> Iterator[tuple[str, int]]:
        """The amount of each name, in thousandths: the numbers of a range and the items of a set are counted. A name
        may come more than once.
        """
        for kind, amount in self.scalar_amounts():
            yield kind.name, amount
        for kind, intervals in self.ranges.items():
            yield kind.name, size(intervals) * THOUSANDTHS
        for kind, items in self.sets.items():
            yield kind.name, len(items) * THOUSANDTHS


_NOTHING: Mapping[Any, Any] = {}
_NO_ITEMS: frozenset[str] = frozenset()
EMPTY = Resources()


def total(parts: Iterable[Resources]) -> Resources:
    """The sum of resources of one agent: the numbers of two agents are not the same numbers."""
    runs: list[tuple[Resources, int]] = []  # tasks of one app ask for the same value
    last, times = EMPTY, 0
    for part in parts:
        if part is last:
            times += 1
            continue
        if last:
            runs.append((last, times))
        last, times = part, 1
    if last:
        runs.append((last, times))
    return runs[0][0] if len(runs) == 1 and runs[0][1] == 1 else _sum(runs)


def _sum(parts: Iterable[tuple[Resources, int]]) -> Resources:
    scalars: dict[Kind, int] = {}
    ranges: dict[Kind, list[Interval]] = {}
    sets: dict[Kind, frozenset[str]] = {}
    things: dict[Thing, int] = {}
    for part, times in parts:
        for kind, amount in part.scalars.items():
            scalars[kind] = scalars.get(kind, 0) + amount * times
        if part.ranges:
            for kind, intervals in part.ranges.items():
                ranges.setdefault(kind, []).extend(intervals)
        if part.sets or part.things:
            for kind, items in part.sets.items():
                sets[kind] = sets.get(kind, _NO_ITEMS) | items
            for thing, copies in part.things.items():
                things[thing] = things.get(thing, 0) + copies * times
    return Resources(scalars, {kind: merge(intervals) for kind, intervals in ranges.items()}, sets, things)


def _amount(thing: Thing, copies: int) -> int:
    return thing.amount if thing.kind.shared else thing.amount * copies
