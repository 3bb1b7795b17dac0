"""Who takes part: frameworks, masters, agents, and the offers between them (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/cluster.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.common import (
    URL,
    UUID,
    Address,
    AgentID,
    Attribute,
    DomainInfo,
    ExecutorID,
    FrameworkID,
    Labels,
    OfferFilters,
    OfferID,
    OperationID,
    ResourceProviderID,
    Unavailability,
    Value,
)
from dcos_runtime.wire.resources import (
    Resource,
)
from dcos_runtime.wire.tasks import (
    ExecutorInfo,
    TaskGroupInfo,
    TaskInfo,
)


class FrameworkInfo(base.Message, frozen=True, kw_only=True):
    class Capability(base.Message, frozen=True, kw_only=True):
        class Type(base.Enum):
            UNKNOWN = "UNKNOWN"
            REVOCABLE_RESOURCES = "REVOCABLE_RESOURCES"
            TASK_KILLING_STATE = "TASK_KILLING_STATE"
            GPU_RESOURCES = "GPU_RESOURCES"
            SHARED_RESOURCES = "SHARED_RESOURCES"
            PARTITION_AWARE = "PARTITION_AWARE"
            MULTI_ROLE = "MULTI_ROLE"
            RESERVATION_REFINEMENT = "RESERVATION_REFINEMENT"
            REGION_AWARE = "REGION_AWARE"

        type: FrameworkInfo.Capability.Type | None = None

        def __post_init__(self) -> None:
            if self.type is not None and self.type._value_ == "UNKNOWN":
                base.absent(self, "type")

    user: str
    name: str
    id: FrameworkID | None = None
    failover_timeout: float | None = None  # default 0
    checkpoint: bool | None = None  # default false
    role: str | None = None  # default *
    roles: list[str] = []
    hostname: str | None = None
    principal: str | None = None
    webui_url: str | None = None
    capabilities: list[FrameworkInfo.Capability] = []
    labels: Labels | None = None
    offer_filters: dict[str, OfferFilters] = {}


class MasterInfo(base.Message, frozen=True, kw_only=True):
    class Capability(base.Message, frozen=True, kw_only=True):
        class Type(base.Enum):
            UNKNOWN = "UNKNOWN"
            AGENT_UPDATE = "AGENT_UPDATE"
            AGENT_DRAINING = "AGENT_DRAINING"
            QUOTA_V2 = "QUOTA_V2"

        type: MasterInfo.Capability.Type | None = None

        def __post_init__(self) -> None:
            if self.type is not None and self.type._value_ == "UNKNOWN":
                base.absent(self, "type")

    id: str
    ip: base.UInt32
    port: base.UInt32  # default 5050
    pid: str | None = None
    hostname: str | None = None
    version: str | None = None
    address: Address | None = None
    domain: DomainInfo | None = None
    capabilities: list[MasterInfo.Capability] = []


class AgentInfo(base.Message, frozen=True, kw_only=True):
    class Capability(base.Message, frozen=True, kw_only=True):
        class Type(base.Enum):
            UNKNOWN = "UNKNOWN"
            MULTI_ROLE = "MULTI_ROLE"
            HIERARCHICAL_ROLE = "HIERARCHICAL_ROLE"
            RESERVATION_REFINEMENT = "RESERVATION_REFINEMENT"
            RESOURCE_PROVIDER = "RESOURCE_PROVIDER"
            RESIZE_VOLUME = "RESIZE_VOLUME"
            AGENT_OPERATION_FEEDBACK = "AGENT_OPERATION_FEEDBACK"
            AGENT_DRAINING = "AGENT_DRAINING"
            TASK_RESOURCE_LIMITS = "TASK_RESOURCE_LIMITS"

        type: AgentInfo.Capability.Type | None = None

        def __post_init__(self) -> None:
            if self.type is not None and self.type._value_ == "UNKNOWN":
                base.absent(self, "type")

    hostname: str
    port: base.Int32 | None = None  # default 5051
    resources: list[Resource] = []
    attributes: list[Attribute] = []
    id: AgentID | None = None
    domain: DomainInfo | None = None


class Offer(base.Message, frozen=True, kw_only=True):
    class Operation(base.Message, frozen=True, kw_only=True):
        class Type(base.Enum):
            UNKNOWN = "UNKNOWN"
            LAUNCH = "LAUNCH"
            LAUNCH_GROUP = "LAUNCH_GROUP"
            RESERVE = "RESERVE"
            UNRESERVE = "UNRESERVE"
            CREATE = "CREATE"
            DESTROY = "DESTROY"
            GROW_VOLUME = "GROW_VOLUME"
            SHRINK_VOLUME = "SHRINK_VOLUME"
            CREATE_DISK = "CREATE_DISK"
            DESTROY_DISK = "DESTROY_DISK"

        class Launch(base.Message, frozen=True, kw_only=True):
            task_infos: list[TaskInfo] = []

        class LaunchGroup(base.Message, frozen=True, kw_only=True):
            executor: ExecutorInfo
            task_group: TaskGroupInfo

        class Reserve(base.Message, frozen=True, kw_only=True):
            source: list[Resource] = []
            resources: list[Resource] = []

        class Unreserve(base.Message, frozen=True, kw_only=True):
            resources: list[Resource] = []

        class Create(base.Message, frozen=True, kw_only=True):
            volumes: list[Resource] = []

        class Destroy(base.Message, frozen=True, kw_only=True):
            volumes: list[Resource] = []

        class GrowVolume(base.Message, frozen=True, kw_only=True):
            volume: Resource
            addition: Resource

        class ShrinkVolume(base.Message, frozen=True, kw_only=True):
            volume: Resource
            subtract: Value.Scalar

        class CreateDisk(base.Message, frozen=True, kw_only=True):
            source: Resource
            target_type: Resource.DiskInfo.Source.Type
            target_profile: str | None = None

            def __post_init__(self) -> None:
                if self.target_type._value_ == "UNKNOWN":
                    base.expect("target_type")

        class DestroyDisk(base.Message, frozen=True, kw_only=True):
            source: Resource

        type: Offer.Operation.Type | None = None
        id: OperationID | None = None
        launch: Offer.Operation.Launch | None = None
        launch_group: Offer.Operation.LaunchGroup | None = None
        reserve: Offer.Operation.Reserve | None = None
        unreserve: Offer.Operation.Unreserve | None = None
        create: Offer.Operation.Create | None = None
        destroy: Offer.Operation.Destroy | None = None
        grow_volume: Offer.Operation.GrowVolume | None = None
        shrink_volume: Offer.Operation.ShrinkVolume | None = None
        create_disk: Offer.Operation.CreateDisk | None = None
        destroy_disk: Offer.Operation.DestroyDisk | None = None

        def __post_init__(self) -> None:
            if self.type is not None and self.type._value_ == "UNKNOWN":
                base.absent(self, "type")

    id: OfferID
    framework_id: FrameworkID
    agent_id: AgentID
    hostname: str
    url: URL | None = None
    domain: DomainInfo | None = None
    resources: list[Resource] = []
    attributes: list[Attribute] = []
    executor_ids: list[ExecutorID] = []
    unavailability: Unavailability | None = None
    allocation_info: Resource.AllocationInfo | None = None


class InverseOffer(base.Message, frozen=True, kw_only=True):
    id: OfferID
    url: URL | None = None
    framework_id: FrameworkID
    agent_id: AgentID | None = None
    unavailability: Unavailability
    resources: list[Resource] = []


class Request(base.Message, frozen=True, kw_only=True):
    agent_id: AgentID | None = None
    resources: list[Resource] = []


class OperationStatus(base.Message, frozen=True, kw_only=True):
    operation_id: OperationID | None = None
    state: OperationState
    message: str | None = None
    converted_resources: list[Resource] = []
    uuid: UUID | None = None
    agent_id: AgentID | None = None
    resource_provider_id: ResourceProviderID | None = None

    def __post_init__(self) -> None:
        if self.state._value_ == "UNKNOWN":
            base.expect("state")


class OperationState(base.Enum):
    OPERATION_UNSUPPORTED = "OPERATION_UNSUPPORTED"
    OPERATION_PENDING = "OPERATION_PENDING"
    OPERATION_FINISHED = "OPERATION_FINISHED"
    OPERATION_FAILED = "OPERATION_FAILED"
    OPERATION_ERROR = "OPERATION_ERROR"
    OPERATION_DROPPED = "OPERATION_DROPPED"
    OPERATION_UNREACHABLE = "OPERATION_UNREACHABLE"
    OPERATION_GONE_BY_OPERATOR = "OPERATION_GONE_BY_OPERATOR"
    OPERATION_RECOVERING = "OPERATION_RECOVERING"
    OPERATION_UNKNOWN = "OPERATION_UNKNOWN"
    UNKNOWN = "UNKNOWN"
