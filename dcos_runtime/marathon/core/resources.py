"""Takes a task's resources from an offer, kind by kind, so that reservations and roles are kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from dcos_runtime.core.resources import (
    MAX_SCALAR,
    Format,
    Interval,
    Kind,
    Resources,
    fixed,
    intervals,
    out_of_range,
    parse,
    wire,
)
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.wire.resources import Resource

Roles = Collection[str] | None
"""Which reservations may be used (``*``: what is not reserved); ``None`` for all."""


class Remaining:
    """The remaining resources of an offer, with their allocation. Revocable, shared and special disk resources are
    never used.
    """

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._left = parse(resources).find(lambda kind: not kind.revocable and not kind.shared and kind.disk is None)
        roles = (resource.allocation_info.role for resource in resources if resource.allocation_info is not None)
        self._allocated_to = next(roles, None)
        self._roles = {kind.role for kind in self._left.kinds()}

    def has(self, name: str, amount: float, roles: Roles = None) -> bool:
        return _thousandths(name, amount) <= sum(left for _, left in self._scalars(name, roles))

    def take(self, name: str, amount: float, roles: Roles = None) -> list[Resource]:
        """Takes ``amount`` of a resource. The caller checks with `has` first."""
        wanted = _thousandths(name, amount)
        taken: dict[Kind, int] = {}
        for kind, left in self._scalars(name, roles):
            if part := min(wanted, left):
                taken[kind] = part
                wanted -= part
        assert wanted == 0, f"took more {name} than was offered"
        return [message for kind, part in taken.items() for message in self._taken(Resources({kind: part}))]

    def ports(self, wanted: Sequence[int], source: SeededSource, roles: Roles = None) -> list[int] | None:
        """Host ports for ``wanted`` (0: any), in its order, or ``None`` when the offer does not have them."""
        free = [span for _, spans in self._ports(roles) for span in spans]
        fixed = {port for port in wanted if port}
        if not all(any(begin <= port <= end for begin, end in free) for port in fixed):
            return None
        size = sum(end - begin + 1 for begin, end in free)
        dynamic = len(wanted) - len(fixed)
        if dynamic > size - len(fixed):
            return None
        # A random start, so that a port is not reused right after its task has ended.
        found = iter(_walk(free, source.below(size), fixed, dynamic) if dynamic else ())
        return [port or next(found) for port in wanted]

    def take_ports(self, ports: Collection[int], roles: Roles = None) -> list[Resource]:
        """Takes exactly these ports, which `ports` returned."""
        left = intervals.of_numbers(ports)
        taken: list[Resource] = []
        for kind, spans in self._ports(roles):
            others = intervals.without(left, spans)
            if mine := intervals.without(left, others):
                taken += self._taken(Resources(ranges={kind: mine}))
            left = others
        return taken

    def _taken(self, resources: Resources) -> list[Resource]:
        self._left = self._left - resources
        return wire(resources, Format.STACK, self._allocated_to)

    def _scalars(self, name: str, roles: Roles) -> list[tuple[Kind, int]]:
        """Uses reserved resources first."""
        found = [(kind, left) for kind, left in self._left.scalars.items() if kind.name == name and _in(kind, roles)]
        return sorted(found, key=lambda item: item[0].role == "*")

    def _ports(self, roles: Roles) -> list[tuple[Kind, tuple[Interval, ...]]]:
        found = [(kind, left) for kind, left in self._left.ranges.items() if kind.name == "ports" and _in(kind, roles)]
        return sorted(found, key=lambda item: item[0].role == "*")

    def offers_roles(self, roles: Roles) -> bool:
        return roles is None or any(role in roles for role in self._roles)


def _thousandths(name: str, amount: float) -> int:
    """Raises ``OverflowError`` for an amount that no offer can hold."""
    if out_of_range(amount):
        raise OverflowError(f"{name} of {amount:g} are asked for, and no agent may have more than {MAX_SCALAR:g}")
    return fixed(amount)


def _in(kind: Kind, roles: Roles) -> bool:
    return roles is None or kind.role in roles


def _walk(spans: Sequence[Interval], start: int, without: Collection[int], count: int) -> list[int]:
    """``count`` ports of ``spans``, beginning with the ``start``-th, and wrapping around."""
    ordered: list[Interval] = []
    wrapped: list[Interval] = []
    for begin, end in spans:
        size = end - begin + 1
        if start >= size:
            wrapped.append((begin, end))
            start -= size
        elif start > 0:
            wrapped.append((begin, begin + start - 1))
            ordered.append((begin + start, end))
            start = 0
        else:
            ordered.append((begin, end))
    found: list[int] = []
    for begin, end in ordered + wrapped:
        for port in range(begin, end + 1):
            if len(found) == count:
                return found
            if port not in without:
                found.append(port)
    return found
