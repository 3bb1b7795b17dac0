"""The kind of a resource, without its amount: two amounts have the same kind if they are interchangeable. There is one
object for each kind, so that comparing and hashing kinds is cheap.
"""

from __future__ import annotations

import threading
import weakref
from functools import lru_cache
from typing import Any, ClassVar

import msgspec

from dcos_runtime.wire.resources import Resource

ReservationType = Resource.ReservationInfo.Type
SourceType = Resource.DiskInfo.Source.Type

Labels = tuple[tuple[str, str | None], ...]
"""Sorted, so that labels that differ only in their order are equal."""


class Reservation(msgspec.Struct, frozen=True):
    """One layer of the reservations of a resource."""

    type: ReservationType
    role: str
    principal: str | None = None
    labels: Labels | None = None

    def __str__(self) -> str:
        more = [self.principal] if self.principal is not None else []
        more += [_labels_text(self.labels)] if self.labels is not None else []
        return f"({','.join([self.type.value, self.role, *more])})"


class DiskSource(msgspec.Struct, frozen=True):
    """The source of a disk. ``root`` is that of its path or mount."""

    type: SourceType
    root: str | None = None
    vendor: str | None = None
    id: str | None = None
    profile: str | None = None
    metadata: Labels | None = None

    @property
    def whole(self) -> bool:
        return self.type in (SourceType.MOUNT, SourceType.BLOCK) or (
            self.type is SourceType.RAW and self.id is not None
        )

    def __str__(self) -> str:
        named = (self.vendor, self.id, self.profile)
        inside = f"({','.join(part or '' for part in named)})" if any(part is not None for part in named) else ""
        return f"{self.type.value}{inside}{':' + self.root if self.root is not None else ''}"


class Disk(msgspec.Struct, frozen=True):
    """``persistence``: the id of the persistent volume on it. The volume's mount does not belong to the kind."""

    persistence: str | None = None
    source: DiskSource | None = None

    def __str__(self) -> str:
        return ",".join(str(part) for part in (self.source, self.persistence) if part is not None)


class Kind:
    """``whole``: it cannot be divided or added. ``role``: that of the innermost reservation, or ``*``. ``ordinary``: it
    has only a name and at most one static reservation. ``suffix`` is what a text shows after its name (and its
    allocation); ``order`` is its place in a text.
    """

    __slots__ = (
        "__weakref__",
        "disk",
        "name",
        "order",
        "ordinary",
        "provider_id",
        "reservations",
        "revocable",
        "role",
        "shared",
        "suffix",
        "whole",
    )

    name: str
    reservations: tuple[Reservation, ...]
    disk: Disk | None
    provider_id: str | None
    revocable: bool
    shared: bool
    role: str
    whole: bool
    ordinary: bool
    suffix: str
    order: tuple[int, str, str, str]

    _known: ClassVar[weakref.WeakValueDictionary[tuple[Any, ...], Kind]] = weakref.WeakValueDictionary()
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __new__(
        cls,
        name: str,
        reservations: tuple[Reservation, ...] = (),
        disk: Disk | None = None,
        provider_id: str | None = None,
        revocable: bool = False,
        shared: bool = False,
    ) -> Kind:
        parts = (name, reservations, disk, provider_id, revocable, shared)
        with cls._lock:  # an agent's views are built in another thread than its loop
            found = cls._known.get(parts)
            if found is None:
                found = cls._known[parts] = cls._made(*parts)
        return found

    @classmethod
    def _made(
        cls,
        name: str,
        reservations: tuple[Reservation, ...],
        disk: Disk | None,
        provider_id: str | None,
        revocable: bool,
        shared: bool,
    ) -> Kind:
        made = object.__new__(cls)
        reserved = f"(reservations: [{','.join(map(str, reservations))}])" if reservations else ""
        on = f"[{disk}]" if disk is not None else ""
        suffix = f"{reserved}{on}{'{REV}' if revocable else ''}{'<SHARED>' if shared else ''}"
        persistent = disk is not None and disk.persistence is not None
        source = disk.source if disk is not None else None
        usual = not reservations or reservations == (Reservation(ReservationType.STATIC, reservations[0].role),)
        values: dict[str, Any] = {
            "name": name,
            "reservations": reservations,
            "disk": disk,
            "provider_id": provider_id,
            "revocable": revocable,
            "shared": shared,
            "role": reservations[-1].role if reservations else "*",
            "whole": shared or persistent or (source is not None and source.whole),
            "ordinary": usual and disk is None and provider_id is None and not (revocable or shared),
            "suffix": suffix,
            "order": (_FIRST.get(name, len(_FIRST)), name, suffix, provider_id or ""),
        }
        for field, value in values.items():
            object.__setattr__(made, field, value)
        return made

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Kind never changes: {name} cannot be set")

    def __copy__(self) -> Kind:
        return self

    def __deepcopy__(self, memo: object) -> Kind:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Kind, self.parts

    @property
    def parts(self) -> tuple[Any, ...]:
        return (self.name, self.reservations, self.disk, self.provider_id, self.revocable, self.shared)

    @classmethod
    def of(cls, parts: object) -> Kind:
        """The kind of these decoded `parts`. Raises ``ValueError``."""
        return cls(*msgspec.convert(parts, _Parts))

    def __repr__(self) -> str:
        provider = f" of {self.provider_id}" if self.provider_id is not None else ""
        return f"Kind({self.name}{self.suffix}{provider})"


_Parts = tuple[str, tuple[Reservation, ...], Disk | None, str | None, bool, bool]

_FIRST = {"cpus": 0, "mem": 1, "disk": 2, "gpus": 3}


@lru_cache(maxsize=4096)
def plain(name: str, role: str = "*") -> Kind:
    """The usual kinds: unreserved, or statically reserved to ``role``."""
    return Kind(name, () if role == "*" else (Reservation(ReservationType.STATIC, role),))


def _labels_text(labels: Labels) -> str:
    return "{" + ", ".join(key if value is None else f"{key}: {value}" for key, value in labels) + "}"
