"""What operators see and set: machines, draining, weights, flags, metrics, files, operations (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/operators.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.cluster import (
    Offer,
    OperationStatus,
)
from dcos_runtime.wire.common import (
    UUID,
    AgentID,
    Attribute,
    CommandInfo,
    Credential,
    DurationInfo,
    FrameworkID,
    ResourceProviderID,
    TimeInfo,
    Unavailability,
)
from dcos_runtime.wire.containers import (
    ContainerInfo,
    Device,
)
from dcos_runtime.wire.resources import (
    Resource,
)


class MachineID(base.Message, frozen=True, kw_only=True):
    hostname: str | None = None
    ip: str | None = None


class MachineInfo(base.Message, frozen=True, kw_only=True):
    class Mode(base.Enum):
        UP = "UP"
        DRAINING = "DRAINING"
        DOWN = "DOWN"
        UNKNOWN = "UNKNOWN"

    id: MachineID
    mode: MachineInfo.Mode | None = None
    unavailability: Unavailability | None = None

    def __post_init__(self) -> None:
        if self.mode is not None and self.mode._value_ == "UNKNOWN":
            base.absent(self, "mode")


class Credentials(base.Message, frozen=True, kw_only=True):
    credentials: list[Credential] = []


class RateLimit(base.Message, frozen=True, kw_only=True):
    qps: float | None = None
    principal: str
    capacity: base.UInt64 | None = None

    def __post_init__(self) -> None:
        if self.capacity is not None and self.capacity > base.UINT64:
            base.too_large("capacity")


class RateLimits(base.Message, frozen=True, kw_only=True):
    limits: list[RateLimit] = []
    aggregate_default_qps: float | None = None
    aggregate_default_capacity: base.UInt64 | None = None

    def __post_init__(self) -> None:
        if self.aggregate_default_capacity is not None and self.aggregate_default_capacity > base.UINT64:
            base.too_large("aggregate_default_capacity")


class WeightInfo(base.Message, frozen=True, kw_only=True):
    weight: float
    role: str | None = None


class VersionInfo(base.Message, frozen=True, kw_only=True):
    version: str
    build_date: str | None = None
    build_time: float | None = None
    build_user: str | None = None
    git_sha: str | None = None
    git_branch: str | None = None
    git_tag: str | None = None


class Flag(base.Message, frozen=True, kw_only=True):
    name: str
    value: str | None = None


class Role(base.Message, frozen=True, kw_only=True):
    name: str
    weight: float
    frameworks: list[FrameworkID] = []
    resources: list[Resource] = []


class Metric(base.Message, frozen=True, kw_only=True):
    name: str
    value: float | None = None


class FileInfo(base.Message, frozen=True, kw_only=True):
    path: str
    nlink: base.Int32 | None = None
    size: base.UInt64 | None = None
    mtime: TimeInfo | None = None
    mode: base.UInt32 | None = None
    uid: str | None = None
    gid: str | None = None

    def __post_init__(self) -> None:
        if self.size is not None and self.size > base.UINT64:
            base.too_large("size")


class DeviceAccess(base.Message, frozen=True, kw_only=True):
    class Access(base.Message, frozen=True, kw_only=True):
        read: bool | None = None
        write: bool | None = None
        mknod: bool | None = None

    device: Device
    access: DeviceAccess.Access


class DeviceWhitelist(base.Message, frozen=True, kw_only=True):
    allowed_devices: list[DeviceAccess] = []


class DrainConfig(base.Message, frozen=True, kw_only=True):
    max_grace_period: DurationInfo | None = None
    mark_gone: bool | None = None  # default false


class DrainInfo(base.Message, frozen=True, kw_only=True):
    state: DrainState
    config: DrainConfig

    def __post_init__(self) -> None:
        if self.state._value_ == "UNKNOWN":
            base.expect("state")


class CSIPluginContainerInfo(base.Message, frozen=True, kw_only=True):
    class Service(base.Enum):
        UNKNOWN = "UNKNOWN"
        CONTROLLER_SERVICE = "CONTROLLER_SERVICE"
        NODE_SERVICE = "NODE_SERVICE"

    services: list[CSIPluginContainerInfo.Service] = []
    command: CommandInfo | None = None
    resources: list[Resource] = []
    container: ContainerInfo | None = None


class CSIPluginEndpoint(base.Message, frozen=True, kw_only=True):
    csi_service: CSIPluginContainerInfo.Service
    endpoint: str

    def __post_init__(self) -> None:
        if self.csi_service._value_ == "UNKNOWN":
            base.expect("csi_service")


class CSIPluginInfo(base.Message, frozen=True, kw_only=True):
    type: str
    name: str | None = None  # default default
    containers: list[CSIPluginContainerInfo] = []
    endpoints: list[CSIPluginEndpoint] = []
    target_path_root: str | None = None
    target_path_exists: bool | None = None


class ResourceProviderInfo(base.Message, frozen=True, kw_only=True):
    class Storage(base.Message, frozen=True, kw_only=True):
        plugin: CSIPluginInfo
        reconciliation_interval_seconds: float | None = None

    id: ResourceProviderID | None = None
    attributes: list[Attribute] = []
    type: str
    name: str
    default_reservations: list[Resource.ReservationInfo] = []
    storage: ResourceProviderInfo.Storage | None = None


class Operation(base.Message, frozen=True, kw_only=True):
    framework_id: FrameworkID | None = None
    agent_id: AgentID | None = None
    info: Offer.Operation
    latest_status: OperationStatus
    statuses: list[OperationStatus] = []
    uuid: UUID


class Status(base.Enum):
    DRIVER_NOT_STARTED = "DRIVER_NOT_STARTED"
    DRIVER_RUNNING = "DRIVER_RUNNING"
    DRIVER_ABORTED = "DRIVER_ABORTED"
    DRIVER_STOPPED = "DRIVER_STOPPED"
    UNKNOWN = "UNKNOWN"


class DrainState(base.Enum):
    UNKNOWN = "UNKNOWN"
    DRAINING = "DRAINING"
    DRAINED = "DRAINED"
