"""Resources as Mesos v1 tells them: scalars, ranges and sets, reserved or not.

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/resources.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.common import (
    Labels,
    ResourceProviderID,
    Value,
)
from dcos_runtime.wire.containers import (
    Volume,
)


class Resource(base.Message, frozen=True, kw_only=True):
    class AllocationInfo(base.Message, frozen=True, kw_only=True):
        role: str | None = None

    class ReservationInfo(base.Message, frozen=True, kw_only=True):
        class Type(base.Enum):
            UNKNOWN = "UNKNOWN"
            STATIC = "STATIC"
            DYNAMIC = "DYNAMIC"

        type: Resource.ReservationInfo.Type | None = None
        role: str | None = None
        principal: str | None = None
        labels: Labels | None = None

        def __post_init__(self) -> None:
            if self.type is not None and self.type._value_ == "UNKNOWN":
                base.absent(self, "type")

    class DiskInfo(base.Message, frozen=True, kw_only=True):
        class Persistence(base.Message, frozen=True, kw_only=True):
            id: str
            principal: str | None = None

        class Source(base.Message, frozen=True, kw_only=True):
            class Type(base.Enum):
                UNKNOWN = "UNKNOWN"
                PATH = "PATH"
                MOUNT = "MOUNT"
                BLOCK = "BLOCK"
                RAW = "RAW"

            class Path(base.Message, frozen=True, kw_only=True):
                root: str | None = None

            class Mount(base.Message, frozen=True, kw_only=True):
                root: str | None = None

            type: Resource.DiskInfo.Source.Type
            path: Resource.DiskInfo.Source.Path | None = None
            mount: Resource.DiskInfo.Source.Mount | None = None
            vendor: str | None = None
            id: str | None = None
            metadata: Labels | None = None
            profile: str | None = None

            def __post_init__(self) -> None:
                if self.type._value_ == "UNKNOWN":
                    base.expect("type")

        persistence: Resource.DiskInfo.Persistence | None = None
        volume: Volume | None = None
        source: Resource.DiskInfo.Source | None = None

    class RevocableInfo(base.Message, frozen=True, kw_only=True):
        pass

    class SharedInfo(base.Message, frozen=True, kw_only=True):
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

    def __post_init__(self) -> None:
        if self.type._value_ == "UNKNOWN":
            base.expect("type")
