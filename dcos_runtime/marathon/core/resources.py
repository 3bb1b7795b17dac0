"""Takes what a task needs out of an offer's resources, entry by entry, so that reservations and roles are kept."""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import msgspec

from dcos_runtime.wire.common import Value
from dcos_runtime.wire.resources import Resource

SCALE = 1000
"""Scalars are compared in thousandths, as Mesos does."""

Roles = Collection[str] | None
"""Which reservations may be used (``*``: what is not reserved); ``None`` for all."""

_Span = tuple[int, int]


def role_of(resource: Resource) -> str:
    """The role it is reserved for, ``*`` when it is not reserved."""
    if resource.reservations:
        return resource.reservations[-1].role or "*"
    return resource.role or "*"


@dataclass
class _Entry:
    resource: Resource
    role: str
    left: int
    spans: list[_Span]


class Remaining:
    """What is left of an offer. Revocable, shared and special disk resources are never used."""

    def __init__(self, resources: Sequence[Resource]) -> None:
        self._entries = [
            _Entry(
                resource,
                role_of(resource),
                round(resource.scalar.value * SCALE) if resource.scalar is not None else 0,
                [(item.begin, item.end) for item in resource.ranges.range] if resource.ranges is not None else [],
            )
            for resource in resources
            if resource.revocable is None and resource.shared is None and resource.disk is None
        ]
        self._entries.sort(key=lambda entry: entry.role == "*")  # what is reserved for us goes first

    def has(self, name: str, amount: float, roles: Roles = None) -> bool:
        return round(amount * SCALE) <= sum(entry.left for entry in self._of(name, roles))

    def take(self, name: str, amount: float, roles: Roles = None) -> list[Resource]:
        """Resources worth ``amount``. The caller checked with `has`."""
        wanted = round(amount * SCALE)
        taken = []
        for entry in self._of(name, roles):
            part = min(wanted, entry.left)
            if part:
                entry.left -= part
                wanted -= part
                taken.append(msgspec.structs.replace(entry.resource, scalar=Value.Scalar(value=part / SCALE)))
        assert wanted == 0, f"took more {name} than was offered"
        return taken

    def ports(self, wanted: Sequence[int], source: random.Random, roles: Roles = None) -> list[int] | None:
        """Host ports for ``wanted`` (0: any), in its order, or ``None`` when the offer has not got them."""
        free = [span for entry in self._of("ports", roles) for span in entry.spans]
        fixed = {port for port in wanted if port}
        if not all(any(begin <= port <= end for begin, end in free) for port in fixed):
            return None
        size = sum(end - begin + 1 for begin, end in free)
        dynamic = len(wanted) - len(fixed)
        if dynamic > size - len(fixed):
            return None
        # A random start, so that a port is not given out right after the task that had it.
        found = iter(_walk(free, source.randrange(size), fixed, dynamic) if dynamic else ())
        return [port or next(found) for port in wanted]

    def take_ports(self, ports: Collection[int], roles: Roles = None) -> list[Resource]:
        """Resources that hold exactly these ports. The caller had them from `ports`."""
        taken = []
        for entry in self._of("ports", roles):
            mine = sorted(port for port in ports if any(begin <= port <= end for begin, end in entry.spans))
            if mine:
                ranges = Value.Ranges(range=[Value.Range(begin=begin, end=end) for begin, end in _joined(mine)])
                taken.append(msgspec.structs.replace(entry.resource, ranges=ranges))
                entry.spans = _without(entry.spans, mine)
        return taken

    def _of(self, name: str, roles: Roles) -> list[_Entry]:
        return [
            entry for entry in self._entries if entry.resource.name == name and (roles is None or entry.role in roles)
        ]

    def offers_roles(self, roles: Roles) -> bool:
        return roles is None or any(entry.role in roles for entry in self._entries)


def _walk(spans: Sequence[_Span], start: int, without: Collection[int], count: int) -> list[int]:
    """``count`` ports of ``spans``, from the ``start``-th on and around."""
    ordered: list[_Span] = []
    wrapped: list[_Span] = []
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


def _joined(ports: Sequence[int]) -> list[_Span]:
    spans: list[_Span] = []
    for port in ports:
        if spans and spans[-1][1] == port - 1:
            spans[-1] = (spans[-1][0], port)
        else:
            spans.append((port, port))
    return spans


def _without(spans: Sequence[_Span], ports: Sequence[int]) -> list[_Span]:
    left = list(spans)
    for port in ports:
        parts: list[_Span] = []
        for begin, end in left:
            if begin <= port <= end:
                parts += [(begin, port - 1), (port + 1, end)]
            else:
                parts.append((begin, end))
        left = [(begin, end) for begin, end in parts if begin <= end]
    return left
