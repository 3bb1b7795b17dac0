"""Resource arithmetic: scalars in fixed-point thousandths, ranges as intervals, sets; reserved apart from unreserved.

A `Resources` is a value: no operation changes it. Amounts are kept by *kind*, a name with what it is reserved for:
``cpus`` is anybody's, ``cpus(web)`` is statically reserved to the role ``web``. Two amounts are of one kind when one
could stand for the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from dcos_runtime.wire import codec
from dcos_runtime.wire.common import Value
from dcos_runtime.wire.resources import Resource

Interval = tuple[int, int]

THOUSANDTHS = 1000
_LARGEST = 10**15  # thousandths; doubles are exact well beyond


def fixed(value: float) -> int:
    """A scalar in thousandths, rounded as Mesos rounds."""
    return round(min(max(value, -_LARGEST), _LARGEST) * THOUSANDTHS)


def name_of(kind: str) -> str:
    return kind.partition("(")[0]


def role_of(kind: str) -> str:
    """The role that a kind is reserved to, ``*`` for none."""
    _, bracket, rest = kind.partition("(")
    return rest[:-1] if bracket else "*"


class Resources:
    """Amounts by kind. Empty amounts are left out, so that equal amounts are equal values."""

    __slots__ = ("ranges", "scalars", "sets")

    def __init__(
        self,
        scalars: Mapping[str, int] | None = None,
        ranges: Mapping[str, tuple[Interval, ...]] | None = None,
        sets: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self.scalars: Mapping[str, int] = scalars or _NOTHING
        self.ranges: Mapping[str, tuple[Interval, ...]] = ranges or _NOTHING
        self.sets: Mapping[str, frozenset[str]] = sets or _NOTHING  # one empty mapping serves all

    def __bool__(self) -> bool:
        return bool(self.scalars or self.ranges or self.sets)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Resources)
            and self.scalars == other.scalars
            and self.ranges == other.ranges
            and self.sets == other.sets
        )

    def __hash__(self) -> int:
        return hash(tuple(frozenset(part.items()) for part in (self.scalars, self.ranges, self.sets)))

    def __repr__(self) -> str:
        return f"Resources({text(self)})"

    def __add__(self, other: Resources) -> Resources:
        if not other:
            return self
        if not self:
            return other
        scalars = dict(self.scalars)
        for kind, amount in other.scalars.items():
            scalars[kind] = scalars.get(kind, 0) + amount
        ranges = dict(self.ranges)
        for kind, intervals in other.ranges.items():
            ranges[kind] = _merge((*ranges.get(kind, ()), *intervals))
        sets = dict(self.sets)
        for kind, items in other.sets.items():
            sets[kind] = sets.get(kind, frozenset()) | items
        return Resources(scalars, ranges, sets)

    def __sub__(self, other: Resources) -> Resources:
        """What is left; what was not there is not missed (ask `contains` before)."""
        if not other:
            return self
        scalars = dict(self.scalars)
        for kind, amount in other.scalars.items():
            left = scalars.get(kind, 0) - amount
            if left > 0:
                scalars[kind] = left
            else:
                scalars.pop(kind, None)
        ranges = dict(self.ranges)
        for kind, intervals in other.ranges.items():
            if remaining := _without(ranges.get(kind, ()), intervals):
                ranges[kind] = remaining
            else:
                ranges.pop(kind, None)
        sets = dict(self.sets)
        for kind, items in other.sets.items():
            if remaining_items := sets.get(kind, frozenset()) - items:
                sets[kind] = remaining_items
            else:
                sets.pop(kind, None)
        return Resources(scalars, ranges, sets)

    def contains(self, other: Resources) -> bool:
        return (
            all(self.scalars.get(kind, 0) >= amount for kind, amount in other.scalars.items())
            and all(not _without(intervals, self.ranges.get(kind, ())) for kind, intervals in other.ranges.items())
            and all(items <= self.sets.get(kind, frozenset()) for kind, items in other.sets.items())
        )

    def kinds(self) -> Iterator[str]:
        yield from self.scalars
        yield from self.ranges
        yield from self.sets

    def only(self, keep: Iterable[str]) -> Resources:
        """The amounts of the kinds in ``keep``."""
        wanted = set(keep)
        return Resources(
            {kind: amount for kind, amount in self.scalars.items() if kind in wanted},
            {kind: intervals for kind, intervals in self.ranges.items() if kind in wanted},
            {kind: items for kind, items in self.sets.items() if kind in wanted},
        )

    def scalar(self, name: str) -> int:
        """All of a name, reserved or not, in thousandths."""
        return sum(amount for kind, amount in self.scalars.items() if name_of(kind) == name)


_NOTHING: Mapping[str, Any] = {}
EMPTY = Resources()


def total(parts: Iterable[Resources]) -> Resources:
    result = EMPTY
    for part in parts:
        result = result + part
    return result


def _merge(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    merged: list[Interval] = []
    for begin, end in sorted(intervals):
        if merged and begin <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return tuple(merged)


def _without(intervals: Sequence[Interval], taken: Sequence[Interval]) -> tuple[Interval, ...]:
    """Both sorted and merged."""
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


# --- from and to the wire --------------------------------------------------------------------------------------------


def kind_of(resource: Resource) -> str:
    """The kind of one wire resource. What this version cannot keep apart gets a kind that nobody offers."""
    role = resource.role if resource.role not in (None, "*") else None
    special: tuple[object, ...] = (
        resource.reservation,
        resource.disk,
        resource.revocable,
        resource.shared,
        resource.provider_id,
    )
    if resource.reservations:
        first = resource.reservations[0]
        static = Resource.ReservationInfo.Type.STATIC
        if len(resource.reservations) == 1 and first.type is static and not any(special) and first.role:
            role = first.role
        else:
            special = (*special, resource.reservations)
    if any(part is not None for part in special):
        return f"{resource.name}({codec.encode(special).decode()})"
    return f"{resource.name}({role})" if role else resource.name


def parse(resources: Iterable[Resource]) -> Resources:
    """Of resources that `validate.resources` has passed."""
    scalars: dict[str, int] = {}
    ranges: dict[str, tuple[Interval, ...]] = {}
    sets: dict[str, frozenset[str]] = {}
    for resource in resources:
        kind = kind_of(resource)
        if resource.type is Value.Type.SCALAR and resource.scalar is not None:
            if amount := fixed(resource.scalar.value):
                scalars[kind] = scalars.get(kind, 0) + amount
        elif resource.type is Value.Type.RANGES and resource.ranges is not None:
            intervals = [(item.begin, item.end) for item in resource.ranges.range]
            if merged := _merge((*ranges.get(kind, ()), *intervals)):
                ranges[kind] = merged
        elif resource.type is Value.Type.SET and resource.set is not None and resource.set.item:
            sets[kind] = sets.get(kind, frozenset()) | frozenset(resource.set.item)
    return Resources(scalars, ranges, sets)


def wire(
    resources: Resources, *, allocated_to: str | None = None, refined: bool = False, both: bool = False
) -> list[Resource]:
    """As messages. ``refined``: reservations in the format of RESERVATION_REFINEMENT; ``both``: in both formats."""
    allocation = Resource.AllocationInfo(role=allocated_to) if allocated_to is not None else None
    result: list[Resource] = []

    def add(kind: str, type_: Value.Type) -> Resource:
        role = role_of(kind)
        resource = Resource(name=name_of(kind), type=type_, allocation_info=allocation)
        if not refined or (both and role == "*"):
            resource.role = role
        if (refined or both) and role != "*":
            static = Resource.ReservationInfo(type=Resource.ReservationInfo.Type.STATIC, role=role)
            resource.reservations = [static]
            if both:
                resource.role = role
        result.append(resource)
        return resource

    for kind in sorted(resources.scalars, key=_order):
        add(kind, Value.Type.SCALAR).scalar = Value.Scalar(value=resources.scalars[kind] / THOUSANDTHS)
    for kind, intervals in resources.ranges.items():
        add(kind, Value.Type.RANGES).ranges = Value.Ranges(
            range=[Value.Range(begin=begin, end=end) for begin, end in intervals]
        )
    for kind, items in resources.sets.items():
        add(kind, Value.Type.SET).set = Value.Set(item=sorted(items))
    return result


_FIRST = {"cpus": 0, "mem": 1, "disk": 2, "gpus": 3}


def _order(kind: str) -> tuple[int, str]:
    return _FIRST.get(name_of(kind), 4), kind


# --- for people ------------------------------------------------------------------------------------------------------


def decimal(thousandths: int) -> str:
    """``3.9`` of 3900, ``4064`` of 4064000: how Mesos writes scalars in its texts."""
    whole, rest = divmod(abs(thousandths), THOUSANDTHS)
    sign = "-" if thousandths < 0 else ""
    return f"{sign}{whole}.{rest:03d}".rstrip("0") if rest else f"{sign}{whole}"


def intervals_text(intervals: Iterable[Interval]) -> str:
    return "[" + ", ".join(f"{begin}-{end}" for begin, end in intervals) + "]"


def text(resources: Resources, allocated_to: str | None = None) -> str:
    """As Mesos prints them: ``cpus(allocated: *):4; mem(allocated: *):1024``."""
    allocated = f"(allocated: {allocated_to})" if allocated_to is not None else ""

    def label(kind: str) -> str:
        role = role_of(kind)
        reserved = "" if role == "*" else f"(reservations: [(STATIC,{role})])"
        return f"{name_of(kind)}{allocated}{reserved}"

    parts = [f"{label(kind)}:{decimal(resources.scalars[kind])}" for kind in sorted(resources.scalars, key=_order)]
    parts += [f"{label(kind)}:{intervals_text(intervals)}" for kind, intervals in resources.ranges.items()]
    parts += [f"{label(kind)}:{{{', '.join(sorted(items))}}}" for kind, items in resources.sets.items()]
    return "; ".join(parts) or "{}"


def quantities(resources: Resources) -> Iterator[tuple[str, int]]:
    """How much there is of each, in thousandths, reserved or not: of a range its numbers count, of a set its items.

    A name may come more than once.
    """
    for kind, amount in resources.scalars.items():
        yield name_of(kind), amount
    for kind, intervals in resources.ranges.items():
        yield name_of(kind), sum(end - begin + 1 for begin, end in intervals) * THOUSANDTHS
    for kind, items in resources.sets.items():
        yield name_of(kind), len(items) * THOUSANDTHS


def view(resources: Resources) -> dict[str, float | str]:
    """As `/state` shows them: the four usual scalars always, reserved and unreserved together."""
    shown: dict[str, float | str] = {"disk": 0.0, "mem": 0.0, "gpus": 0.0, "cpus": 0.0}
    sums: dict[str, int] = {}
    for kind, amount in resources.scalars.items():
        sums[name_of(kind)] = sums.get(name_of(kind), 0) + amount
    shown.update({name: amount / THOUSANDTHS for name, amount in sums.items()})
    joined: dict[str, tuple[Interval, ...]] = {}
    for kind, intervals in resources.ranges.items():
        joined[name_of(kind)] = _merge((*joined.get(name_of(kind), ()), *intervals))
    shown.update({name: intervals_text(intervals) for name, intervals in joined.items()})
    items: dict[str, frozenset[str]] = {}
    for kind, some in resources.sets.items():
        items[name_of(kind)] = items.get(name_of(kind), frozenset()) | some
    shown.update({name: "{" + ", ".join(sorted(some)) + "}" for name, some in items.items()})
    return shown
