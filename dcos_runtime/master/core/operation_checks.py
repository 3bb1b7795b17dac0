"""Checks offer operations. Pure; the texts are Mesos'. Every function returns the reason for a refusal, or ``None``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import EMPTY, Resources, conversions, fixed
from dcos_runtime.core.resources.value import Thing
from dcos_runtime.master.core import validate
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.containers import Volume
from dcos_runtime.wire.resources import Resource

Operation = Offer.Operation
Type = Operation.Type

PARTS = {
    Type.RESERVE: "reserve",
    Type.UNRESERVE: "unreserve",
    Type.CREATE: "create",
    Type.DESTROY: "destroy",
    Type.GROW_VOLUME: "grow_volume",
    Type.SHRINK_VOLUME: "shrink_volume",
    Type.CREATE_DISK: "create_disk",
    Type.DESTROY_DISK: "destroy_disk",
}


class Known(msgspec.Struct, frozen=True):
    """What an operation is checked against. ``principal`` asks; ``roles`` are the framework's, None for an operator.
    ``total`` and ``used`` are the agent's, ``used`` by tasks and executors.
    """

    principal: str | None
    roles: frozenset[str] | None
    total: Resources
    used: Resources = EMPTY


def given(operation: Operation) -> str | None:
    """Whether the operation is whole, and its resources are any at all. Checked first, for all of a call."""
    assert operation.type is not None
    part = PARTS[operation.type]
    if getattr(operation, part) is None:
        return f"A {operation.type.value} offer operation must have the Offer.Operation.{part} field set."
    return amounts.invalid(conversions.messages(operation))


def allocated(operation: Operation, role: str) -> Operation:
    """The operation of an offer to the role: resources that do not say to which role they are allocated get it."""

    def all_of(messages: Iterable[Resource]) -> list[Resource]:
        return [one(message) for message in messages]

    def one(message: Resource) -> Resource:
        if message.allocation_info is not None and message.allocation_info.role is not None:
            return message
        return msgspec.structs.replace(message, allocation_info=Resource.AllocationInfo(role=role))

    replace = msgspec.structs.replace
    if (reserve := operation.reserve) is not None:
        reserve = replace(reserve, source=all_of(reserve.source), resources=all_of(reserve.resources))
        return replace(operation, reserve=reserve)
    if (unreserve := operation.unreserve) is not None:
        return replace(operation, unreserve=replace(unreserve, resources=all_of(unreserve.resources)))
    if (create := operation.create) is not None:
        return replace(operation, create=replace(create, volumes=all_of(create.volumes)))
    if (destroy := operation.destroy) is not None:
        return replace(operation, destroy=replace(destroy, volumes=all_of(destroy.volumes)))
    if (grow := operation.grow_volume) is not None:
        grow = replace(grow, volume=one(grow.volume), addition=one(grow.addition))
        return replace(operation, grow_volume=grow)
    if (shrink := operation.shrink_volume) is not None:
        return replace(operation, shrink_volume=replace(shrink, volume=one(shrink.volume)))
    return operation


def invalid(operation: Operation, known: Known) -> str | None:
    """Checks an operation that is `given`."""
    if operation.reserve is not None:
        return _reserve(operation.reserve, known)
    if operation.unreserve is not None:
        return _unreserve(operation.unreserve)
    if operation.create is not None:
        return _create(operation.create, known)
    if operation.destroy is not None:
        return _destroy(operation.destroy, known)
    if operation.grow_volume is not None:
        return _grow(operation.grow_volume)
    if operation.shrink_volume is not None:
        return _shrink(operation.shrink_volume)
    return "'source' is not managed by a resource provider"


# --- reservations ----------------------------------------------------------------------------------------------------


def _reserve(reserve: Operation.Reserve, known: Known) -> str | None:
    if error := _resources(reserve.resources):
        return error
    for message in reserve.resources:
        if error := _reserved(message, known):
            return error
    return _source(reserve) if reserve.source else None


def _reserved(message: Resource, known: Known) -> str | None:
    if not _dynamic(message):
        return f"Resource {_shown(message)} is not dynamically reserved"
    innermost = conversions.reservations(message)[-1]
    if known.principal is not None:
        if innermost.principal is None:
            return (
                f"A reserve operation was attempted by principal '{known.principal}', but there is a reserved resource"
                " in the request with no principal set"
            )
        if innermost.principal != known.principal:
            return (
                f"A reserve operation was attempted by authenticated principal '{known.principal}', which does not"
                f" match a reserved resource in the request with principal '{innermost.principal}'"
            )
    to = _allocation(message)
    if known.roles is None:
        if to is not None:
            return (
                "A reserve operation was attempted with an allocated resource, but the operator API only allows"
                " reservations to be made to unallocated resources"
            )
    elif to != innermost.role:
        return (
            f"A reserve operation was attempted for a resource with role '{innermost.role}', but the resource was"
            f" allocated to role '{to}'"
        )
    elif innermost.role not in known.roles:
        return (
            f"A reserve operation was attempted for a resource allocated to role '{to}', but the framework only has"
            f" roles '{validate.braces(set(known.roles))}'"
        )
    if message.revocable is not None:
        return f"Dynamically reserved resource {_shown(message)} cannot be created from revocable resources"
    if message.disk is not None and message.disk.persistence is not None:
        return f"A persistent volume {_shown(message)} must already be reserved"
    return None


def _source(reserve: Operation.Reserve) -> str | None:
    before, after = amounts.parse(reserve.source), amounts.parse(reserve.resources)
    of_source, of_target = conversions.changed(before, conversions.bare), conversions.changed(after, conversions.bare)
    if of_source != of_target:
        return (
            "Source and target resources should refer to identical resource quantities:"
            f" {amounts.text(of_source)} vs. {amounts.text(of_target)}"
        )
    if conversions.volumes(before):
        return "'Reserve.source' cannot contain persistent volumes"
    return None


def _unreserve(unreserve: Operation.Unreserve) -> str | None:
    if error := _resources(unreserve.resources):
        return error
    for message in unreserve.resources:
        if not _dynamic(message):
            return f"Resource {_shown(message)} is not dynamically reserved"
        if message.disk is not None and message.disk.persistence is not None:
            return (
                f"A dynamically reserved persistent volume {_shown(message)} cannot be unreserved directly. Please"
                " destroy the persistent volume first then unreserve the resource"
            )
    return None


# --- volumes ---------------------------------------------------------------------------------------------------------


def _create(create: Operation.Create, known: Known) -> str | None:
    if error := _resources(create.volumes):
        return error
    for message in create.volumes:
        if error := _volume(message):
            return error
    ids = [(thing.kind.role, _persistence(thing)) for thing in conversions.volumes(known.total)]
    for message in create.volumes:
        for thing in conversions.volumes(amounts.parse([message])):
            if (key := (thing.kind.role, _persistence(thing))) in ids:
                return f"Persistence ID '{key[1]}' is not unique"
            ids.append(key)
    for message in create.volumes:
        principal = message.disk.persistence.principal if message.disk and message.disk.persistence else None
        if known.principal is None or principal == known.principal:
            continue
        if principal is None:
            return (
                f"Create volume operation attempted by principal '{known.principal}', but there is a volume in the"
                " operation with no principal set in 'disk.persistence'"
            )
        return (
            f"Create volume operation attempted by authenticated principal '{known.principal}', which does not match a"
            f" volume in the operation with principal '{principal}' set in 'disk.persistence'"
        )
    return None


def _destroy(destroy: Operation.Destroy, known: Known) -> str | None:
    if error := _resources(destroy.volumes):
        return error
    for message in destroy.volumes:
        if error := _volume(msgspec.structs.replace(message, allocation_info=None)):
            return error
    things = conversions.volumes(amounts.parse(destroy.volumes))
    if any(thing not in known.total.things for thing in things):
        return "Persistent volumes not found"
    if any(thing in known.used.things for thing in things):
        return "Persistent volumes in use"
    return None


def _grow(grow: Operation.GrowVolume) -> str | None:
    if error := _volume(grow.volume):
        return f"Invalid persistent volume in the 'GrowVolume.volume' field: {error.removeprefix(_NOT_PERSISTENT)}"
    if grow.volume.shared is not None:
        return "Growing a shared persistent volume is not supported"
    if _mounted(grow.volume):
        return "Growing a persistent volume on a MOUNT disk is not supported"
    volume, addition = amounts.parse([grow.volume]), amounts.parse([grow.addition])
    if not addition:
        return "The size of 'GrowVolume.addition' field must be greater than zero"
    if set(conversions.changed(volume, conversions.without_volume).kinds()) != set(addition.kinds()):
        return "Incompatible resources in the 'GrowVolume.volume' and 'GrowVolume.addition' fields"
    return None


def _shrink(shrink: Operation.ShrinkVolume) -> str | None:
    if error := _volume(shrink.volume):
        return f"Invalid persistent volume in the 'ShrinkVolume.volume' field: {error.removeprefix(_NOT_PERSISTENT)}"
    if shrink.volume.shared is not None:
        return "Shrinking a shared persistent volume is not supported"
    if _mounted(shrink.volume):
        return "Shrinking a persistent volume on a MOUNT disk is not supported"
    value = shrink.subtract.value
    if not value > 0 or amounts.out_of_range(value) or not fixed(value):
        return "Value of 'ShrinkVolume.subtract' must be greater than zero"
    if fixed(value) >= amounts.parse([shrink.volume]).scalar("disk"):
        return "Value of 'ShrinkVolume.subtract' must be smaller than the size of 'ShrinkVolume.volume'"
    return None


_NOT_PERSISTENT = "Not a persistent volume: "


def _volume(message: Resource) -> str | None:
    """Whether it is a persistent volume as one is made."""
    disk = message.disk
    if disk is None:
        return f"{_NOT_PERSISTENT}Resource {_shown(message)} does not have DiskInfo"
    if disk.persistence is None:
        return f"{_NOT_PERSISTENT}Resource {_shown(message)} does not have 'persistence' set in DiskInfo"
    if disk.volume is not None and disk.volume.mode is Volume.Mode.RO:
        return f"{_NOT_PERSISTENT}Read-only persistent volume not supported"
    return None


def _disk_info(messages: Sequence[Resource]) -> str | None:
    """Of all volumes among the resources."""
    for message in messages:
        disk = message.disk
        if disk is None or disk.persistence is None:
            continue
        if not conversions.reservations(message):
            return "Persistent volumes cannot be created from unreserved resources"
        if disk.volume is None:
            return "Expecting 'volume' to be set for persistent volume"
        if disk.volume.host_path is not None:
            return "Expecting 'host_path' to be unset for persistent volume"
        if disk.volume.source is not None or disk.volume.image is not None:
            return "Expecting 'source' and 'image' to be unset for persistent volume"
        if error := validate.identifier(disk.persistence.id):
            return f"Invalid persistence ID for persistent volume: {error}"
        if message.revocable is not None:
            return "Persistent volumes cannot be created from revocable resources"
        if not amounts.parse([message]):
            return "A persistent volume cannot be empty"
    return None


# --- resources -------------------------------------------------------------------------------------------------------


def _resources(messages: Sequence[Resource]) -> str | None:
    if not messages:
        return "Invalid resources: The resources have multiple resource providers: "
    error = _disk_info(messages)
    return f"Invalid resources: Invalid DiskInfo: {error}" if error else None


def _dynamic(message: Resource) -> bool:
    """Whether its innermost reservation is dynamic."""
    found = conversions.reservations(message)
    return bool(found) and found[-1].type is Resource.ReservationInfo.Type.DYNAMIC


def _mounted(message: Resource) -> bool:
    source = message.disk.source if message.disk is not None else None
    return source is not None and source.type is not Resource.DiskInfo.Source.Type.PATH


def _persistence(thing: Thing) -> str:
    assert thing.kind.disk is not None and thing.kind.disk.persistence is not None
    return thing.kind.disk.persistence


def _allocation(message: Resource) -> str | None:
    return message.allocation_info.role if message.allocation_info is not None else None


def _shown(message: Resource) -> str:
    return amounts.text(amounts.parse([message]), _allocation(message))
