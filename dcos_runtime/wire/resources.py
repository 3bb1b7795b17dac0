"""Resources as Mesos v1 tells them: scalars, ranges and sets, reserved or not."""

from __future__ import annotations

from dcos_runtime.wire.base import Enum, EnumMessage, Message
from dcos_runtime.wire.common import Labels, ResourceProviderID, Value
from dcos_runtime.wire.containers import Volume


class Resource(EnumMessage, kw_only=True):
    REQUIRED_ENUMS = ("type",)

    class AllocationInfo(Message, kw_only=True):
        role: str | None = None

    class ReservationInfo(EnumMessage, kw_only=True):
        OPTIONAL_ENUMS = ("type",)

        class Type(Enum):
            UNKNOWN = "UNKNOWN"
            STATIC = "STATIC"
            DYNAMIC = "DYNAMIC"

        type: Resource.ReservationInfo.Type | None = None
        role: str | None = None
        principal: str | None = None
        labels: Labels | None = None

    class DiskInfo(Message, kw_only=True):
        class Persistence(Message, kw_only=True):
            id: str
            principal: str | None = None

        class Source(EnumMessage, kw_only=True):
            REQUIRED_ENUMS = ("type",)

            class Type(Enum):
                UNKNOWN = "UNKNOWN"
                PATH = "PATH"
                MOUNT = "MOUNT"
                BLOCK = "BLOCK"
                RAW = "RAW"

            class Path(Message, kw_only=True):
                root: str | None = None

            class Mount(Message, kw_only=True):
                root: str | None = None

            type: Resource.DiskInfo.Source.Type
            path: Resource.DiskInfo.Source.Path | None = None
            mount: Resource.DiskInfo.Source.Mount | None = None
            vendor: str | None = None
            id: str | None = None
            metadata: Labels | None = None
            profile: str | None = None

        persistence: Resource.DiskInfo.Persistence | None = None
        volume: Volume | None = None
        source: Resource.DiskInfo.Source | None = None

    class RevocableInfo(Message, kw_only=True):
        pass

    class SharedInfo(Message, kw_only=True):
        pass

    provider_id: ResourceProviderID | None = None
    name: str
    type: Value.Type
    scalar: Value.Scalar | None = None
    ranges: Value.Ranges | None = None
    set: Value.Set | None = None
    role: str | None = None  # default *
    allocation_info: Resource.AllocationInfo | None = None
    reservation: Resource.ReservationInfo | None = None
    reservations: list[Resource.ReservationInfo] = []
    disk: Resource.DiskInfo | None = None
    revocable: Resource.RevocableInfo | None = None
    shared: Resource.SharedInfo | None = None
