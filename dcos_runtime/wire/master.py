"""Calls, responses and events of the operator API of a master, `/api/v1` (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/master.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.cluster import (
    AgentInfo,
    FrameworkInfo,
    InverseOffer,
    MasterInfo,
    Offer,
)
from dcos_runtime.wire.common import (
    AgentID,
    DurationInfo,
    FrameworkID,
    TimeInfo,
    Value,
)
from dcos_runtime.wire.duration import (
    Duration,
)
from dcos_runtime.wire.maintenance import (
    ClusterStatus,
    Schedule,
)
from dcos_runtime.wire.operators import (
    DrainInfo,
    FileInfo,
    Flag,
    MachineID,
    Metric,
    Operation,
    ResourceProviderInfo,
    Role,
    VersionInfo,
    WeightInfo,
)
from dcos_runtime.wire.quota import (
    QuotaConfig,
    QuotaRequest,
    QuotaStatus,
)
from dcos_runtime.wire.resources import (
    Resource,
)
from dcos_runtime.wire.scheduler import (
    OfferConstraints,
)
from dcos_runtime.wire.tasks import (
    ExecutorInfo,
    Task,
    TaskState,
    TaskStatus,
)


class Call(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        UNKNOWN = "UNKNOWN"
        GET_HEALTH = "GET_HEALTH"
        GET_FLAGS = "GET_FLAGS"
        GET_VERSION = "GET_VERSION"
        GET_METRICS = "GET_METRICS"
        GET_LOGGING_LEVEL = "GET_LOGGING_LEVEL"
        SET_LOGGING_LEVEL = "SET_LOGGING_LEVEL"
        LIST_FILES = "LIST_FILES"
        READ_FILE = "READ_FILE"
        GET_STATE = "GET_STATE"
        GET_AGENTS = "GET_AGENTS"
        GET_FRAMEWORKS = "GET_FRAMEWORKS"
        GET_EXECUTORS = "GET_EXECUTORS"
        GET_OPERATIONS = "GET_OPERATIONS"
        GET_TASKS = "GET_TASKS"
        GET_ROLES = "GET_ROLES"
        GET_WEIGHTS = "GET_WEIGHTS"
        UPDATE_WEIGHTS = "UPDATE_WEIGHTS"
        GET_MASTER = "GET_MASTER"
        SUBSCRIBE = "SUBSCRIBE"
        RESERVE_RESOURCES = "RESERVE_RESOURCES"
        UNRESERVE_RESOURCES = "UNRESERVE_RESOURCES"
        CREATE_VOLUMES = "CREATE_VOLUMES"
        DESTROY_VOLUMES = "DESTROY_VOLUMES"
        GROW_VOLUME = "GROW_VOLUME"
        SHRINK_VOLUME = "SHRINK_VOLUME"
        GET_MAINTENANCE_STATUS = "GET_MAINTENANCE_STATUS"
        GET_MAINTENANCE_SCHEDULE = "GET_MAINTENANCE_SCHEDULE"
        UPDATE_MAINTENANCE_SCHEDULE = "UPDATE_MAINTENANCE_SCHEDULE"
        START_MAINTENANCE = "START_MAINTENANCE"
        STOP_MAINTENANCE = "STOP_MAINTENANCE"
        DRAIN_AGENT = "DRAIN_AGENT"
        DEACTIVATE_AGENT = "DEACTIVATE_AGENT"
        REACTIVATE_AGENT = "REACTIVATE_AGENT"
        GET_QUOTA = "GET_QUOTA"
        UPDATE_QUOTA = "UPDATE_QUOTA"
        SET_QUOTA = "SET_QUOTA"
        REMOVE_QUOTA = "REMOVE_QUOTA"
        TEARDOWN = "TEARDOWN"
        MARK_AGENT_GONE = "MARK_AGENT_GONE"

    class GetMetrics(base.Message, frozen=True, kw_only=True):
        timeout: DurationInfo | None = None

    class SetLoggingLevel(base.Message, frozen=True, kw_only=True):
        level: base.UInt32
        duration: DurationInfo

    class ListFiles(base.Message, frozen=True, kw_only=True):
        path: str

    class ReadFile(base.Message, frozen=True, kw_only=True):
        path: str
        offset: base.UInt64
        length: base.UInt64 | None = None

        def __post_init__(self) -> None:
            if self.offset > base.UINT64:
                base.too_large("offset")
            if self.length is not None and self.length > base.UINT64:
                base.too_large("length")

    class UpdateWeights(base.Message, frozen=True, kw_only=True):
        weight_infos: list[WeightInfo] = []

    class ReserveResources(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID
        source: list[Resource] = []
        resources: list[Resource] = []

    class UnreserveResources(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID
        resources: list[Resource] = []

    class CreateVolumes(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID
        volumes: list[Resource] = []

    class DestroyVolumes(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID
        volumes: list[Resource] = []

    class GrowVolume(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID | None = None
        volume: Resource
        addition: Resource

    class ShrinkVolume(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID | None = None
        volume: Resource
        subtract: Value.Scalar

    class UpdateMaintenanceSchedule(base.Message, frozen=True, kw_only=True):
        schedule: Schedule

    class StartMaintenance(base.Message, frozen=True, kw_only=True):
        machines: list[MachineID] = []

    class StopMaintenance(base.Message, frozen=True, kw_only=True):
        machines: list[MachineID] = []

    class DrainAgent(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID
        max_grace_period: Duration | None = None
        mark_gone: bool | None = None  # default false

    class DeactivateAgent(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID

    class ReactivateAgent(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID

    class UpdateQuota(base.Message, frozen=True, kw_only=True):
        force: bool | None = None
        quota_configs: list[QuotaConfig] = []

    class SetQuota(base.Message, frozen=True, kw_only=True):
        quota_request: QuotaRequest

    class RemoveQuota(base.Message, frozen=True, kw_only=True):
        role: str

    class Teardown(base.Message, frozen=True, kw_only=True):
        framework_id: FrameworkID

    class MarkAgentGone(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID

    type: Call.Type | None = None
    get_metrics: Call.GetMetrics | None = None
    set_logging_level: Call.SetLoggingLevel | None = None
    list_files: Call.ListFiles | None = None
    read_file: Call.ReadFile | None = None
    update_weights: Call.UpdateWeights | None = None
    reserve_resources: Call.ReserveResources | None = None
    unreserve_resources: Call.UnreserveResources | None = None
    create_volumes: Call.CreateVolumes | None = None
    destroy_volumes: Call.DestroyVolumes | None = None
    grow_volume: Call.GrowVolume | None = None
    shrink_volume: Call.ShrinkVolume | None = None
    update_maintenance_schedule: Call.UpdateMaintenanceSchedule | None = None
    start_maintenance: Call.StartMaintenance | None = None
    stop_maintenance: Call.StopMaintenance | None = None
    drain_agent: Call.DrainAgent | None = None
    deactivate_agent: Call.DeactivateAgent | None = None
    reactivate_agent: Call.ReactivateAgent | None = None
    update_quota: Call.UpdateQuota | None = None
    teardown: Call.Teardown | None = None
    mark_agent_gone: Call.MarkAgentGone | None = None
    set_quota: Call.SetQuota | None = None
    remove_quota: Call.RemoveQuota | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.type._value_ == "UNKNOWN":
            base.absent(self, "type")


class Response(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        UNKNOWN = "UNKNOWN"
        GET_HEALTH = "GET_HEALTH"
        GET_FLAGS = "GET_FLAGS"
        GET_VERSION = "GET_VERSION"
        GET_METRICS = "GET_METRICS"
        GET_LOGGING_LEVEL = "GET_LOGGING_LEVEL"
        LIST_FILES = "LIST_FILES"
        READ_FILE = "READ_FILE"
        GET_STATE = "GET_STATE"
        GET_AGENTS = "GET_AGENTS"
        GET_FRAMEWORKS = "GET_FRAMEWORKS"
        GET_EXECUTORS = "GET_EXECUTORS"
        GET_OPERATIONS = "GET_OPERATIONS"
        GET_TASKS = "GET_TASKS"
        GET_ROLES = "GET_ROLES"
        GET_WEIGHTS = "GET_WEIGHTS"
        GET_MASTER = "GET_MASTER"
        GET_MAINTENANCE_STATUS = "GET_MAINTENANCE_STATUS"
        GET_MAINTENANCE_SCHEDULE = "GET_MAINTENANCE_SCHEDULE"
        GET_QUOTA = "GET_QUOTA"

    class GetHealth(base.Message, frozen=True, kw_only=True):
        healthy: bool

    class GetFlags(base.Message, frozen=True, kw_only=True):
        flags: list[Flag] = []

    class GetVersion(base.Message, frozen=True, kw_only=True):
        version_info: VersionInfo

    class GetMetrics(base.Message, frozen=True, kw_only=True):
        metrics: list[Metric] = []

    class GetLoggingLevel(base.Message, frozen=True, kw_only=True):
        level: base.UInt32

    class ListFiles(base.Message, frozen=True, kw_only=True):
        file_infos: list[FileInfo] = []

    class ReadFile(base.Message, frozen=True, kw_only=True):
        size: base.UInt64
        data: bytes

        def __post_init__(self) -> None:
            if self.size > base.UINT64:
                base.too_large("size")

    class GetState(base.Message, frozen=True, kw_only=True):
        get_tasks: Response.GetTasks | None = None
        get_executors: Response.GetExecutors | None = None
        get_frameworks: Response.GetFrameworks | None = None
        get_agents: Response.GetAgents | None = None

    class GetAgents(base.Message, frozen=True, kw_only=True):
        class Agent(base.Message, frozen=True, kw_only=True):
            class ResourceProvider(base.Message, frozen=True, kw_only=True):
                resource_provider_info: ResourceProviderInfo
                total_resources: list[Resource] = []

            agent_info: AgentInfo
            active: bool
            deactivated: bool | None = None
            version: str
            pid: str | None = None
            registered_time: TimeInfo | None = None
            reregistered_time: TimeInfo | None = None
            total_resources: list[Resource] = []
            allocated_resources: list[Resource] = []
            offered_resources: list[Resource] = []
            capabilities: list[AgentInfo.Capability] = []
            resource_providers: list[Response.GetAgents.Agent.ResourceProvider] = []
            drain_info: DrainInfo | None = None
            estimated_drain_start_time: TimeInfo | None = None

        agents: list[Response.GetAgents.Agent] = []
        recovered_agents: list[AgentInfo] = []

    class GetFrameworks(base.Message, frozen=True, kw_only=True):
        class Framework(base.Message, frozen=True, kw_only=True):
            framework_info: FrameworkInfo
            active: bool
            connected: bool
            recovered: bool
            registered_time: TimeInfo | None = None
            reregistered_time: TimeInfo | None = None
            unregistered_time: TimeInfo | None = None
            offers: list[Offer] = []
            inverse_offers: list[InverseOffer] = []
            allocated_resources: list[Resource] = []
            offered_resources: list[Resource] = []
            offer_constraints: OfferConstraints | None = None

        frameworks: list[Response.GetFrameworks.Framework] = []
        completed_frameworks: list[Response.GetFrameworks.Framework] = []
        recovered_frameworks: list[FrameworkInfo] = []

    class GetExecutors(base.Message, frozen=True, kw_only=True):
        class Executor(base.Message, frozen=True, kw_only=True):
            executor_info: ExecutorInfo
            agent_id: AgentID

        executors: list[Response.GetExecutors.Executor] = []
        orphan_executors: list[Response.GetExecutors.Executor] = []

    class GetOperations(base.Message, frozen=True, kw_only=True):
        operations: list[Operation] = []

    class GetTasks(base.Message, frozen=True, kw_only=True):
        pending_tasks: list[Task] = []
        tasks: list[Task] = []
        unreachable_tasks: list[Task] = []
        completed_tasks: list[Task] = []
        orphan_tasks: list[Task] = []

    class GetRoles(base.Message, frozen=True, kw_only=True):
        roles: list[Role] = []

    class GetWeights(base.Message, frozen=True, kw_only=True):
        weight_infos: list[WeightInfo] = []

    class GetMaster(base.Message, frozen=True, kw_only=True):
        master_info: MasterInfo | None = None
        start_time: float | None = None
        elected_time: float | None = None

    class GetMaintenanceStatus(base.Message, frozen=True, kw_only=True):
        status: ClusterStatus

    class GetMaintenanceSchedule(base.Message, frozen=True, kw_only=True):
        schedule: Schedule

    class GetQuota(base.Message, frozen=True, kw_only=True):
        status: QuotaStatus

    type: Response.Type | None = None
    get_health: Response.GetHealth | None = None
    get_flags: Response.GetFlags | None = None
    get_version: Response.GetVersion | None = None
    get_metrics: Response.GetMetrics | None = None
    get_logging_level: Response.GetLoggingLevel | None = None
    list_files: Response.ListFiles | None = None
    read_file: Response.ReadFile | None = None
    get_state: Response.GetState | None = None
    get_agents: Response.GetAgents | None = None
    get_frameworks: Response.GetFrameworks | None = None
    get_executors: Response.GetExecutors | None = None
    get_operations: Response.GetOperations | None = None
    get_tasks: Response.GetTasks | None = None
    get_roles: Response.GetRoles | None = None
    get_weights: Response.GetWeights | None = None
    get_master: Response.GetMaster | None = None
    get_maintenance_status: Response.GetMaintenanceStatus | None = None
    get_maintenance_schedule: Response.GetMaintenanceSchedule | None = None
    get_quota: Response.GetQuota | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.type._value_ == "UNKNOWN":
            base.absent(self, "type")


class Event(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        UNKNOWN = "UNKNOWN"
        SUBSCRIBED = "SUBSCRIBED"
        TASK_ADDED = "TASK_ADDED"
        TASK_UPDATED = "TASK_UPDATED"
        AGENT_ADDED = "AGENT_ADDED"
        AGENT_REMOVED = "AGENT_REMOVED"
        FRAMEWORK_ADDED = "FRAMEWORK_ADDED"
        FRAMEWORK_UPDATED = "FRAMEWORK_UPDATED"
        FRAMEWORK_REMOVED = "FRAMEWORK_REMOVED"
        HEARTBEAT = "HEARTBEAT"

    class Subscribed(base.Message, frozen=True, kw_only=True):
        get_state: Response.GetState | None = None
        heartbeat_interval_seconds: float | None = None

    class TaskAdded(base.Message, frozen=True, kw_only=True):
        task: Task

    class TaskUpdated(base.Message, frozen=True, kw_only=True):
        framework_id: FrameworkID
        status: TaskStatus
        state: TaskState

        def __post_init__(self) -> None:
            if self.state._value_ == "UNKNOWN":
                base.expect("state")

    class FrameworkAdded(base.Message, frozen=True, kw_only=True):
        framework: Response.GetFrameworks.Framework

    class FrameworkUpdated(base.Message, frozen=True, kw_only=True):
        framework: Response.GetFrameworks.Framework

    class FrameworkRemoved(base.Message, frozen=True, kw_only=True):
        framework_info: FrameworkInfo

    class AgentAdded(base.Message, frozen=True, kw_only=True):
        agent: Response.GetAgents.Agent

    class AgentRemoved(base.Message, frozen=True, kw_only=True):
        agent_id: AgentID

    type: Event.Type | None = None
    subscribed: Event.Subscribed | None = None
    task_added: Event.TaskAdded | None = None
    task_updated: Event.TaskUpdated | None = None
    agent_added: Event.AgentAdded | None = None
    agent_removed: Event.AgentRemoved | None = None
    framework_added: Event.FrameworkAdded | None = None
    framework_updated: Event.FrameworkUpdated | None = None
    framework_removed: Event.FrameworkRemoved | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.type._value_ == "UNKNOWN":
            base.absent(self, "type")
