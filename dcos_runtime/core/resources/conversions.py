"""What offer operations make of resources: some are consumed, and others come in their place. The same for masters, who
count on it, and agents, whose word it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from dcos_runtime.core.resources.kind import Disk, Kind, Reservation, ReservationType
from dcos_runtime.core.resources.messages import parse, reservations_of
from dcos_runtime.core.resources.value import EMPTY, Resources, Thing, fixed
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.resources import Resource

Type = Offer.Operation.Type


class Conversion(NamedTuple):
    """``consumed`` become ``converted``. The amounts of each name are the same."""

    consumed: Resources
    converted: Resources

    def of(self, given: Resources) -> Resources | None:
        """What ``given`` are afterwards; ``None``: they do not contain what is consumed."""
        if not given.contains(self.consumed):
            return None
        return given - self.consumed + self.converted


def conversion(operation: Offer.Operation) -> Conversion | None:
    """Of an operation whose resources are valid; ``None``: this kind of operation converts nothing."""
    if operation.reserve is not None and operation.type is Type.RESERVE:
        after = parse(operation.reserve.resources)
        before = parse(operation.reserve.source) if operation.reserve.source else unreserved(after)
        return Conversion(before, after)
    if operation.unreserve is not None and operation.type is Type.UNRESERVE:
        before = parse(operation.unreserve.resources)
        return Conversion(before, unreserved(before))
    if operation.create is not None and operation.type is Type.CREATE:
        after = parse(operation.create.volumes)
        return Conversion(changed(after, without_volume), after)
    if operation.destroy is not None and operation.type is Type.DESTROY:
        before = parse(operation.destroy.volumes)
        return Conversion(before, changed(before, without_volume))
    if operation.grow_volume is not None and operation.type is Type.GROW_VOLUME:
        volume, addition = parse([operation.grow_volume.volume]), parse([operation.grow_volume.addition])
        return Conversion(volume + addition, resized(volume, addition.scalar("disk")))
    if operation.shrink_volume is not None and operation.type is Type.SHRINK_VOLUME:
        volume, less = parse([operation.shrink_volume.volume]), fixed(operation.shrink_volume.subtract.value)
        rest = changed(resized(volume, less - volume.scalar("disk")), without_volume)
        return Conversion(volume, resized(volume, -less) + rest)
    return None


def messages(operation: Offer.Operation) -> list[Resource]:
    """All resources that an operation names."""
    found: list[Resource] = []
    if operation.reserve is not None:
        found += [*operation.reserve.source, *operation.reserve.resources]
    if operation.unreserve is not None:
        found += operation.unreserve.resources
    if operation.create is not None:
        found += operation.create.volumes
    if operation.destroy is not None:
        found += operation.destroy.volumes
    if operation.grow_volume is not None:
        found += [operation.grow_volume.volume, operation.grow_volume.addition]
    if operation.shrink_volume is not None:
        found.append(operation.shrink_volume.volume)
    return found


# --- kinds -----------------------------------------------------------------------------------------------------------


def unreserved(resources: Resources) -> Resources:
    """The same without their innermost reservation."""
    return changed(resources, lambda kind: _with(kind, reservations=kind.reservations[:-1]))


def without_volume(kind: Kind) -> Kind:
    """The kind of the disk on which a persistent volume is."""
    disk = Disk(None, kind.disk.source) if kind.disk is not None and kind.disk.source is not None else None
    return Kind(kind.name, kind.reservations, disk, kind.provider_id, kind.revocable, False)


def offered(kind: Kind) -> Kind:
    """The kind that it was when its agent offered it first: without volume and dynamic reservations."""
    if persistent(kind):
        kind = without_volume(kind)
    if dynamic(kind):
        kind = _with(kind, reservations=tuple(one for one in kind.reservations if one.type is not _DYNAMIC))
    return kind


def bare(kind: Kind) -> Kind:
    """The kind without any reservation."""
    return _with(kind, reservations=())


def reservations(message: Resource) -> tuple[Reservation, ...]:
    """Of a resource in any format, the innermost last."""
    return reservations_of(message)


def dynamic(kind: Kind) -> bool:
    """Whether one of its reservations is dynamic."""
    return any(one.type is _DYNAMIC for one in kind.reservations)


def persistent(kind: Kind) -> bool:
    """Whether it is a persistent volume."""
    return kind.disk is not None and kind.disk.persistence is not None


def converted(kind: Kind) -> bool:
    """Whether it came from an operation."""
    return persistent(kind) or dynamic(kind)


_DYNAMIC = ReservationType.DYNAMIC


def _with(kind: Kind, reservations: tuple[Reservation, ...]) -> Kind:
    return Kind(kind.name, reservations, kind.disk, kind.provider_id, kind.revocable, kind.shared)


# --- amounts ---------------------------------------------------------------------------------------------------------


def changed(resources: Resources, how: Callable[[Kind], Kind]) -> Resources:
    """The same amounts of other kinds."""
    found = EMPTY
    for kind, amount in resources.scalars.items():
        found = found + of_kind(how(kind), amount)
    for kind, intervals in resources.ranges.items():
        found = found + Resources(ranges={how(kind): intervals})
    for kind, items in resources.sets.items():
        found = found + Resources(sets={how(kind): items})
    for thing, copies in resources.things.items():
        for _ in range(copies):
            found = found + of_kind(how(thing.kind), thing.amount, thing)
    return found


def of_kind(kind: Kind, amount: int, like: Thing | None = None) -> Resources:
    """A scalar of this kind. ``like``: whose principal and mount it has."""
    if not amount:
        return EMPTY
    if not kind.whole:
        return Resources({kind: amount})
    principal, volume = (like.principal, like.volume) if like is not None and persistent(kind) else (None, None)
    return Resources(things={Thing(kind, amount, principal, volume): 1})


def resized(volume: Resources, more: int) -> Resources:
    """The volume with so many thousandths more."""
    found = EMPTY
    for thing in volume.things:
        found = found + of_kind(thing.kind, thing.amount + more, thing)
    return found


def volumes(resources: Resources) -> list[Thing]:
    """The persistent volumes."""
    return [thing for thing in resources.things if persistent(thing.kind)]


def applied(given: Resources, kept: Resources) -> Resources | None:
    """What an agent offers, ``given``, with what operations have ``kept`` of it; ``None``: it is not in it."""
    return Conversion(changed(kept, offered), kept).of(given)
