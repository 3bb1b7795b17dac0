"""Resources from and to the messages of the wire, in each format that reservations have there."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Any

import msgspec

from dcos_runtime.core.resources.intervals import Interval, merge
from dcos_runtime.core.resources.kind import (
    Disk,
    DiskSource,
    Kind,
    Labels,
    Reservation,
    ReservationType,
    SourceType,
    plain,
)
from dcos_runtime.core.resources.value import THOUSANDTHS, Resources, Thing, fixed
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import Label, ResourceProviderID, Value
from dcos_runtime.wire.common import Labels as WireLabels
from dcos_runtime.wire.containers import Volume
from dcos_runtime.wire.resources import Resource


class Format(enum.Enum):
    """The form of reservations: one ``role`` and ``reservation``; a stack of ``reservations`` (for clients with
    RESERVATION_REFINEMENT); or both, as in views.
    """

    SINGLE = "single"
    STACK = "stack"
    BOTH = "both"


# --- from messages ---------------------------------------------------------------------------------------------------


def parse(messages: Iterable[Resource]) -> Resources:
    """The value of messages in any format that `validation.invalid` has accepted, without their allocation."""
    scalars: dict[Kind, int] = {}
    ranges: dict[Kind, tuple[Interval, ...]] = {}
    sets: dict[Kind, frozenset[str]] = {}
    things: dict[Thing, int] = {}
    for message in messages:
        if (
            message.disk is None
            and not message.reservations
            and message.reservation is None
            and message.provider_id is None
            and message.revocable is None
            and message.shared is None
        ):
            kind = plain(message.name, message.role or "*")
        else:
            kind = _kind(message)
        if message.type is Value.Type.SCALAR and message.scalar is not None:
            if amount := fixed(message.scalar.value):
                if kind.whole:
                    thing = _thing(kind, amount, message)
                    things[thing] = things.get(thing, 0) + 1
                else:
                    scalars[kind] = scalars.get(kind, 0) + amount
        elif message.type is Value.Type.RANGES and message.ranges is not None:
            intervals = [(item.begin, item.end) for item in message.ranges.range]
            if merged := merge((*ranges.get(kind, ()), *intervals)):
                ranges[kind] = merged
        elif message.type is Value.Type.SET and message.set is not None and message.set.item:
            sets[kind] = sets.get(kind, frozenset()) | frozenset(message.set.item)
    return Resources(scalars, ranges, sets, things)


def _kind(message: Resource) -> Kind:
    return Kind(
        message.name,
        reservations_of(message),
        _disk(message.disk) if message.disk is not None else None,
        message.provider_id.value if message.provider_id is not None else None,
        message.revocable is not None,
        message.shared is not None,
    )


def reservations_of(message: Resource) -> tuple[Reservation, ...]:
    if message.reservations:
        return tuple(
            Reservation(item.type or ReservationType.UNKNOWN, item.role or "*", item.principal, _labels(item.labels))
            for item in message.reservations
        )
    if message.role in (None, "*"):
        return ()
    assert message.role is not None
    if message.reservation is None:
        return (Reservation(ReservationType.STATIC, message.role),)
    single = message.reservation
    return (Reservation(ReservationType.DYNAMIC, message.role, single.principal, _labels(single.labels)),)


def _disk(info: Resource.DiskInfo) -> Disk:
    source = None
    if info.source is not None:
        place = info.source.path or info.source.mount
        source = DiskSource(
            info.source.type,
            place.root if place is not None else None,
            info.source.vendor,
            info.source.id,
            info.source.profile,
            _labels(info.source.metadata),
        )
    return Disk(info.persistence.id if info.persistence is not None else None, source)


def _thing(kind: Kind, amount: int, message: Resource) -> Thing:
    persistence = message.disk.persistence if message.disk is not None else None
    volume = message.disk.volume if message.disk is not None else None
    return Thing(
        kind,
        amount,
        persistence.principal if persistence is not None else None,
        codec.encode(volume) if volume is not None else None,
    )


def _labels(labels: WireLabels | None) -> Labels | None:
    if labels is None:
        return None
    pairs = ((label.key, label.value) for label in labels.labels)
    return tuple(sorted(pairs, key=lambda pair: (pair[0], pair[1] is not None, pair[1] or "")))


# --- to messages -----------------------------------------------------------------------------------------------------


def wire(resources: Resources, format: Format = Format.STACK, allocated_to: str | None = None) -> list[Resource]:
    """The cpus, mem, disk and gpus first. Raises ``ValueError`` for a refined reservation in `Format.SINGLE`."""
    allocation = Resource.AllocationInfo(role=allocated_to) if allocated_to is not None else None
    result: list[Resource] = []
    scalars = resources.scalars
    for kind in sorted(scalars, key=_order) if len(scalars) > 1 else scalars:
        value = Value.Scalar(value=scalars[kind] / THOUSANDTHS)
        result.append(_message(kind, format, Value.Type.SCALAR, allocation, value))
    for thing in sorted(resources.things, key=lambda thing: (thing.kind.order, thing.amount)):
        for _ in range(resources.things[thing]):
            value = Value.Scalar(value=thing.amount / THOUSANDTHS)
            result.append(_message(thing.kind, format, Value.Type.SCALAR, allocation, value, thing=thing))
    for kind, intervals in resources.ranges.items():
        ranges = Value.Ranges(range=[Value.Range(begin=begin, end=end) for begin, end in intervals])
        result.append(_message(kind, format, Value.Type.RANGES, allocation, ranges=ranges))
    for kind, items in resources.sets.items():
        result.append(_message(kind, format, Value.Type.SET, allocation, items=Value.Set(item=sorted(items))))
    return result


def _order(kind: Kind) -> tuple[int, str, str, str]:
    return kind.order


def _message(
    kind: Kind,
    format: Format,
    type: Value.Type,
    allocation: Resource.AllocationInfo | None,
    scalar: Value.Scalar | None = None,
    ranges: Value.Ranges | None = None,
    items: Value.Set | None = None,
    thing: Thing | None = None,
) -> Resource:
    message = Resource(
        name=kind.name,
        type=type,
        scalar=scalar,
        ranges=ranges,
        set=items,
        role="*" if not kind.reservations and format is not Format.STACK else None,
        allocation_info=allocation,
    )
    has_more = kind.reservations or kind.revocable or kind.shared
    if kind.disk is None and kind.provider_id is None and not has_more:
        return message  # the usual case
    more: dict[str, Any] = {}
    if kind.reservations:
        more |= _reserved(kind, format)
    if kind.disk is not None:
        more["disk"] = _disk_info(kind.disk, thing)
    if kind.provider_id is not None:
        more["provider_id"] = ResourceProviderID(value=kind.provider_id)
    if kind.revocable:
        more["revocable"] = Resource.RevocableInfo()
    if kind.shared:
        more["shared"] = Resource.SharedInfo()
    return msgspec.structs.replace(message, **more)


def _reserved(kind: Kind, format: Format) -> dict[str, Any]:
    """The fields of a `Resource` about reservations."""
    fields: dict[str, Any] = {}
    reservations = kind.reservations
    if format is not Format.SINGLE:
        fields["reservations"] = [
            Resource.ReservationInfo(
                type=item.type, role=item.role, principal=item.principal, labels=_wire_labels(item.labels)
            )
            for item in reservations
        ]
    if format is Format.STACK:
        return fields
    if len(reservations) > 1:
        if format is Format.SINGLE:
            raise ValueError(f"{kind.name} has a refined reservation, which only a stack of reservations can express")
        return fields
    only = reservations[0]
    fields["role"] = only.role
    if only.type is ReservationType.DYNAMIC:
        labels = _wire_labels(only.labels)
        fields["reservation"] = Resource.ReservationInfo(principal=only.principal, labels=labels)
    return fields


def _disk_info(disk: Disk, thing: Thing | None) -> Resource.DiskInfo:
    principal = thing.principal if thing is not None else None
    kept = disk.persistence
    return Resource.DiskInfo(
        persistence=None if kept is None else Resource.DiskInfo.Persistence(id=kept, principal=principal),
        volume=codec.decode(thing.volume, Volume) if thing is not None and thing.volume is not None else None,
        source=_source(disk.source) if disk.source is not None else None,
    )


def _source(source: DiskSource) -> Resource.DiskInfo.Source:
    root: dict[str, Any] = {}
    if source.root is not None and source.type is SourceType.PATH:
        root["path"] = Resource.DiskInfo.Source.Path(root=source.root)
    elif source.root is not None:
        root["mount"] = Resource.DiskInfo.Source.Mount(root=source.root)
    return Resource.DiskInfo.Source(
        type=source.type,
        vendor=source.vendor,
        id=source.id,
        profile=source.profile,
        metadata=_wire_labels(source.metadata),
        **root,
    )


def _wire_labels(labels: Labels | None) -> WireLabels | None:
    return None if labels is None else WireLabels(labels=[Label(key=key, value=value) for key, value in labels])
