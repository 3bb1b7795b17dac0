"""Who may do what, by Mesos' ACLs: the first rule that is about a request decides. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dcos_runtime.core.resources import conversions
from dcos_runtime.wire.acls import OBJECTS, Acls, Entity
from dcos_runtime.wire.cluster import FrameworkInfo, Offer
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import TaskInfo

FORBIDDEN = 403, "403 Forbidden."

Type = Offer.Operation.Type
Wanted = tuple[str, str | None]
"""An action, and what it is done to. None: to no one thing."""


def permits(acls: Acls, action: str, principal: str | None, target: str | None) -> bool:
    """Whether the principal may do this. None stands for a principal that is not known, and for a target without a
    name; only ANY and NONE are about these, and only ANY allows them.
    """
    below = OBJECTS[action] == "roles"
    for rule in acls.rules.get(action, ()):
        if _about(rule.principals, principal) and _about(rule.objects, target, below):
            return _allows(rule.principals, principal) and _allows(rule.objects, target, below)
    return acls.permissive


def permits_all(acls: Acls, action: str, principal: str | None) -> bool:
    """Whether `permits` says yes for every target."""
    for rule in acls.rules.get(action, ()):
        if not _about(rule.principals, principal):
            continue
        allowed = _allows(rule.principals, principal)
        if rule.objects.type != "SOME":
            return allowed and rule.objects.type == "ANY"
        if not allowed and rule.objects.values:
            return False
    return acls.permissive


def _about(entity: Entity, name: str | None, below: bool = False) -> bool:
    return entity.type != "SOME" or _named(entity, name, below)


def _allows(entity: Entity, name: str | None, below: bool = False) -> bool:
    return entity.type == "ANY" or (entity.type == "SOME" and _named(entity, name, below))


def _named(entity: Entity, name: str | None, below: bool) -> bool:
    """``below``: ``a/%`` stands for all roles below ``a``."""
    if name is None:
        return False
    return any(
        value == name or (below and value.endswith("/%") and name.startswith(value[:-1]) and name != value[:-1])
        for value in entity.values
    )


# --- what a request wants --------------------------------------------------------------------------------------------


def first_refused(acls: Acls, principal: str | None, wanted: Iterable[Wanted]) -> Wanted | None:
    return next((one for one in wanted if not permits(acls, one[0], principal, one[1])), None)


def names(action: str) -> str:
    """As Mesos writes an action on one thing: ``RESERVE_RESOURCES``, ``CREATE_VOLUME``."""
    kind = action.upper()
    return kind.removesuffix("S") if kind.endswith("_VOLUMES") else kind


def shown(principal: str | None) -> str:
    return "ANY principal" if principal is None else f"Principal '{principal}'"


def registration(acls: Acls, info: FrameworkInfo, roles: Iterable[str]) -> bool:
    """Whether the framework may have all of its roles."""
    return first_refused(acls, info.principal, (("register_frameworks", role) for role in roles)) is None


def user_of(task: TaskInfo, framework: FrameworkInfo) -> str:
    """As whom the task is to run."""
    for command in (task.command, task.executor.command if task.executor is not None else None):
        if command is not None and command.user is not None:
            return command.user
    return framework.user


def of_operation(operation: Offer.Operation) -> Iterator[tuple[Wanted, Resource]]:
    """What is needed for each of its resources."""
    match operation:
        case Offer.Operation(type=Type.RESERVE, reserve=Offer.Operation.Reserve() as reserve):
            yield from _reserved(reserve)
        case Offer.Operation(type=Type.UNRESERVE, unreserve=Offer.Operation.Unreserve() as unreserve):
            for one in unreserve.resources:
                yield ("unreserve_resources", _reserver(one)), one
        case Offer.Operation(type=Type.CREATE, create=Offer.Operation.Create() as create):
            for one in create.volumes:
                yield ("create_volumes", _role(one)), one
        case Offer.Operation(type=Type.DESTROY, destroy=Offer.Operation.Destroy() as destroy):
            for one in destroy.volumes:
                kept = one.disk.persistence if one.disk is not None else None
                yield ("destroy_volumes", kept.principal if kept is not None else None), one
        case Offer.Operation(type=Type.GROW_VOLUME, grow_volume=Offer.Operation.GrowVolume() as grow):
            yield ("resize_volumes", _role(grow.volume)), grow.volume
        case Offer.Operation(type=Type.SHRINK_VOLUME, shrink_volume=Offer.Operation.ShrinkVolume() as shrink):
            yield ("resize_volumes", _role(shrink.volume)), shrink.volume


def _reserved(reserve: Offer.Operation.Reserve) -> Iterator[tuple[Wanted, Resource]]:
    """Each is reserved to its role; a ``source`` is unreserved by its principal."""
    for one in reserve.resources:
        yield ("reserve_resources", _role(one)), one
    for one in reserve.source:
        if conversions.reservations(one):
            yield ("unreserve_resources", _reserver(one)), one


def _reserver(message: Resource) -> str | None:
    stack = conversions.reservations(message)
    return stack[-1].principal if stack else None


def _role(message: Resource) -> str | None:
    stack = conversions.reservations(message)
    return stack[-1].role if stack else None
