"""Which resources are accepted: checked once, as messages, before anything is computed with them. The texts are Mesos'.

Every function returns the reason for a refusal, or ``None``.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence

from dcos_runtime.core.resources import intervals as spans
from dcos_runtime.core.resources.kind import Kind, Reservation, ReservationType, SourceType
from dcos_runtime.core.resources.text import decimal
from dcos_runtime.core.resources.value import MAX_SCALAR, Resources, fixed
from dcos_runtime.wire import base
from dcos_runtime.wire.common import Value
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.roles import allocation_error, role_error

MAX_PORT = 65535
MAX_RESOURCES = 1000
MAX_PARTS = 10_000
"""The most resources of one message, and the most ranges and items of all. Each costs time in every sum."""
_SHOWN = 300
"""The most characters of a resource in a reason: it may be as long as a body."""
_NO_NAME = re.compile(r"[(\x00-\x1f]")


def invalid(given: Sequence[Resource]) -> str | None:
    """Checks each resource by itself, as a framework or an agent writes it, and the sum of each name."""
    if len(given) > MAX_RESOURCES:
        return f"There are {len(given)} resources in one message, and may be {MAX_RESOURCES}"
    numbers = sum(len(message.ranges.range) if message.ranges is not None else 0 for message in given)
    numbers += sum(len(message.set.item) if message.set is not None else 0 for message in given)
    if numbers > MAX_PARTS:
        return f"There are {numbers} ranges and items in one message, and may be {MAX_PARTS}"
    sums: dict[str, int] = {}
    for message in given:
        if error := _message(message):
            shown = _shown(message)
            shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
            return f"Resource '{shown}' is invalid: {error}"
        if message.scalar is not None:
            sums[message.name] = sums.get(message.name, 0) + fixed(message.scalar.value)
    for name, amount in sums.items():
        if amount > fixed(MAX_SCALAR):
            return f"The sum of all '{name}' resources is out of range: {decimal(amount)}, and may be {MAX_SCALAR}"
    return None


def out_of_range(value: float) -> bool:
    """Whether the number is too large for a scalar; NaN counts as too large."""
    return not value <= MAX_SCALAR


def not_offerable(given: Resources) -> str | None:
    """Why an agent may not offer these: a volume or a dynamic reservation comes from an operation only."""
    for kind in given.kinds():
        if not _offerable(kind):
            return (
                f"Resource '{kind.name}{kind.suffix}' cannot be offered: this version offers resources that are"
                " unreserved or statically reserved to one role, disks of type PATH and MOUNT with a root, and no"
                " volumes, revocable or shared ones"
            )
    return None


def _offerable(kind: Kind) -> bool:
    source = kind.disk.source if kind.disk is not None else None
    if source is not None and (source.root is None or source.type not in (SourceType.PATH, SourceType.MOUNT)):
        return False
    static = not kind.reservations or kind.reservations == (
        Reservation(ReservationType.STATIC, kind.reservations[0].role),
    )
    volume = kind.disk is not None and kind.disk.persistence is not None
    return static and not (volume or kind.revocable or kind.shared or kind.provider_id is not None)


def _message(message: Resource) -> str | None:
    if not message.name:
        return "Empty resource name"
    if _NO_NAME.search(message.name):
        return "Resource names cannot contain brackets or control characters"
    return _value(message) or _reservation(message) or _allocation(message) or _disk(message)


def _value(message: Resource) -> str | None:
    scalar, ranges, items = message.scalar, message.ranges, message.set
    if message.type is Value.Type.SCALAR:
        if scalar is None or ranges is not None or items is not None:
            return "Invalid scalar resource"
        if not math.isfinite(scalar.value):
            return "Invalid scalar resource: value is not finite"
        if scalar.value < 0 or (scalar.value != 0 and fixed(scalar.value) == 0):
            return "Invalid scalar resource: value <= 0"
        if out_of_range(scalar.value):
            return "Invalid scalar resource: value is out of range"
        return None
    if message.type is Value.Type.RANGES:
        if ranges is None or scalar is not None or items is not None:
            return "Invalid ranges resource"
        intervals = sorted((item.begin, item.end) for item in ranges.range)
        if any(begin > end for begin, end in intervals):
            return "Invalid ranges resource: begin > end"
        if any(begin < 0 for begin, _ in intervals):
            return "Invalid ranges resource: begin < 0"
        if any(end > base.UINT64 for _, end in intervals):
            return "Invalid ranges resource: a number of more than 64 bits"
        if message.name == "ports" and any(end > MAX_PORT for _, end in intervals):
            return f"Invalid ranges resource: ports are 0 to {MAX_PORT}"
        if any(after[0] <= before[1] for before, after in itertools.pairwise(intervals)):
            return "Invalid ranges resource: overlapping ranges"
        return None
    if message.type is Value.Type.SET:
        if items is None or scalar is not None or ranges is not None:
            return "Invalid set resource"
        if len(set(items.item)) != len(items.item):
            return "Invalid set resource: duplicated elements"
        return None
    return "Unsupported resource type"


def _reservation(message: Resource) -> str | None:
    for reservation in message.reservations:
        if reservation.type is None:
            return "Invalid reservation: 'Resource.ReservationInfo.type' field must be set."
        if reservation.role is None:
            return "Invalid reservation: 'Resource.ReservationInfo.role' field must be set."
        if error := role_error(reservation.role):
            return error
        if reservation.role == "*":
            return 'Invalid reservation: role "*" cannot be reserved'
    if message.reservations:
        first = message.reservations[0].role
        if message.role is not None and (len(message.reservations) > 1 or message.role != first):
            return (
                f"Invalid resource format: 'Resource.role' field with '{message.role}' does not match the role "
                f"'{first}' in 'Resource.reservations'"
            )
        return None
    if error := role_error("*" if message.role is None else message.role):
        return error
    if message.reservation is not None and message.role in (None, "*"):
        return 'Invalid reservation: role "*" cannot be dynamically reserved'
    return None


def _allocation(message: Resource) -> str | None:
    info = message.allocation_info
    return allocation_error(info.role) if info is not None and info.role is not None else None


def _disk(message: Resource) -> str | None:
    if message.disk is not None and message.name != "disk":
        return f"DiskInfo should not be set for {message.name} resource"
    if message.shared is not None and message.name != "disk":
        return f"Resource {message.name} cannot be shared"
    if message.type is not Value.Type.SCALAR and (message.disk is not None or message.shared is not None):
        return "Only a scalar disk can have DiskInfo, or be shared"
    if message.disk is not None and message.disk.persistence is None:
        if message.disk.volume is not None:
            return "Non-persistent volume not supported"
        if message.disk.source is None:
            return "DiskInfo is set but empty"
    return None


def _reserved(one: Resource.ReservationInfo) -> str:
    parts = [one.type.value if one.type else "UNKNOWN", one.role or ""]
    return f"({','.join(parts if one.principal is None else [*parts, one.principal])})"


def _shown(message: Resource) -> str:
    """A resource in a reason; `parse` may not be able to read it."""
    label = message.name
    if message.reservations:
        label += f"(reservations: [{', '.join(map(_reserved, message.reservations))}])"
    elif message.role not in (None, "*"):
        label += f"(reservations: [(STATIC,{message.role})])"
    if message.type is Value.Type.RANGES:
        ranges = message.ranges.range if message.ranges else ()
        return f"{label}:{spans.text((item.begin, item.end) for item in ranges)}"
    if message.type is Value.Type.SET:
        return f"{label}:{{{', '.join(message.set.item if message.set else ())}}}"
    value = message.scalar.value if message.scalar else 0.0
    return f"{label}:{decimal(fixed(value)) if math.isfinite(value) else value}"
