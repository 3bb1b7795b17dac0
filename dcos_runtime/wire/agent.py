"""Calls and responses of the operator API of an agent, `/api/v1` (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/agent.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.cluster import (
    AgentInfo,
    FrameworkInfo,
)
from dcos_runtime.wire.common import (
    CommandInfo,
    ContainerID,
    DurationInfo,
    ExecutorID,
    FrameworkID,
    ResourceProviderID,
    TimeInfo,
    Value,
)
from dcos_runtime.wire.containers import (
    ContainerInfo,
    ContainerStatus,
    Image,
    TTYInfo,
)
from dcos_runtime.wire.operators import (
    DrainConfig,
    FileInfo,
    Flag,
    Metric,
    Operation,
    ResourceProviderInfo,
    VersionInfo,
)
from dcos_runtime.wire.resources import (
    Resource,
)
from dcos_runtime.wire.statistics import (
    ResourceStatistics,
)
from dcos_runtime.wire.tasks import (
    ExecutorInfo,
    Task,
    TaskResourceLimitation,
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
        GET_CONTAINERS = "GET_CONTAINERS"
        GET_FRAMEWORKS = "GET_FRAMEWORKS"
        GET_EXECUTORS = "GET_EXECUTORS"
        GET_OPERATIONS = "GET_OPERATIONS"
        GET_TASKS = "GET_TASKS"
        GET_AGENT = "GET_AGENT"
        GET_RESOURCE_PROVIDERS = "GET_RESOURCE_PROVIDERS"
        LAUNCH_NESTED_CONTAINER = "LAUNCH_NESTED_CONTAINER"
        WAIT_NESTED_CONTAINER = "WAIT_NESTED_CONTAINER"
        KILL_NESTED_CONTAINER = "KILL_NESTED_CONTAINER"
        REMOVE_NESTED_CONTAINER = "REMOVE_NESTED_CONTAINER"
        LAUNCH_NESTED_CONTAINER_SESSION = "LAUNCH_NESTED_CONTAINER_SESSION"
        ATTACH_CONTAINER_INPUT = "ATTACH_CONTAINER_INPUT"
        ATTACH_CONTAINER_OUTPUT = "ATTACH_CONTAINER_OUTPUT"
        LAUNCH_CONTAINER = "LAUNCH_CONTAINER"
        WAIT_CONTAINER = "WAIT_CONTAINER"
        KILL_CONTAINER = "KILL_CONTAINER"
        REMOVE_CONTAINER = "REMOVE_CONTAINER"
        ADD_RESOURCE_PROVIDER_CONFIG = "ADD_RESOURCE_PROVIDER_CONFIG"
        UPDATE_RESOURCE_PROVIDER_CONFIG = "UPDATE_RESOURCE_PROVIDER_CONFIG"
        REMOVE_RESOURCE_PROVIDER_CONFIG = "REMOVE_RESOURCE_PROVIDER_CONFIG"
        MARK_RESOURCE_PROVIDER_GONE = "MARK_RESOURCE_PROVIDER_GONE"
        PRUNE_IMAGES = "PRUNE_IMAGES"

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

    class GetContainers(base.Message, frozen=True, kw_only=True):
        show_nested: bool | None = None
        show_standalone: bool | None = None

    class LaunchNestedContainer(base.Message, frozen=True, kw_only=True):
        container_id: ContainerID
        command: CommandInfo | None = None
        container: ContainerInfo | None = None

    class WaitNestedContainer(base.Message, frozen=True, kw_only=True):
        container_id: ContainerID

    class KillNestedContainer(base.Message, frozen=True, kw_only=True):
        container_id: ContainerID
        signal: base.Int32 | None = None

    class RemoveNestedContainer(base.Message, frozen=True, kw_only=True):
        container_id: ContainerID

    class LaunchNestedContainerSession(base.Message, frozen=True, kw_only=True):
        container_id: ContainerID
        command: CommandInfo | None = None
        container: ContainerInfo | None = None

    class AttachContainerInput(base.Message, frozen=True, kw_only=True):
        class Type(base.Enum):
            UNKNOWN = "UNKNOWN"
            CONTAINER_ID = "CONTAINER_ID"
            PROCESS_IO = "PROCESS_IO"

        type: Call.AttachContainerInput.Type | None = None
        container_id: ContainerID | None = None
        process_io: ProcessIO | None = None

        def __post_init__(self) -> None:
            if self.type is not None and self.type._value_ == "UNKNOWN":
                base.absent(self, "type")

    class AttachContainerOutput(base.Message, frozen=True, kw_only=True):
        container_id: ContainerID

    class LaunchContainer(base.Message, frozen=True, kw_only=True):
        container_id: ContainerID
        command: CommandInfo | None = None
        resources: list[Resource] = []
        container: ContainerInfo | None = None
        limits: dict[str, Value.Scalar] = {}

    class WaitContainer(base.Message, frozen=True, kw_only=True):
        container_id: ContainerID

    class KillContainer(base.Message, frozen=True, kw_only=True):
        container_id: ContainerID
        signal: base.Int32 | None = None

    class RemoveContainer(base.Message, frozen=True, kw_only=True):
        container_id: ContainerID

    class AddResourceProviderConfig(base.Message, frozen=True, kw_only=True):
        info: ResourceProviderInfo

    class UpdateResourceProviderConfig(base.Message, frozen=True, kw_only=True):
        info: ResourceProviderInfo

    class RemoveResourceProviderConfig(base.Message, frozen=True, kw_only=True):
        type: str
        name: str

    class MarkResourceProviderGone(base.Message, frozen=True, kw_only=True):
        resource_provider_id: ResourceProviderID

    class PruneImages(base.Message, frozen=True, kw_only=True):
        excluded_images: list[Image] = []

    type: Call.Type | None = None
    get_metrics: Call.GetMetrics | None = None
    set_logging_level: Call.SetLoggingLevel | None = None
    list_files: Call.ListFiles | None = None
    read_file: Call.ReadFile | None = None
    get_containers: Call.GetContainers | None = None
    launch_nested_container: Call.LaunchNestedContainer | None = None
    wait_nested_container: Call.WaitNestedContainer | None = None
    kill_nested_container: Call.KillNestedContainer | None = None
    remove_nested_container: Call.RemoveNestedContainer | None = None
    launch_nested_container_session: Call.LaunchNestedContainerSession | None = None
    attach_container_input: Call.AttachContainerInput | None = None
    attach_container_output: Call.AttachContainerOutput | None = None
    launch_container: Call.LaunchContainer | None = None
    wait_container: Call.WaitContainer | None = None
    kill_container: Call.KillContainer | None = None
    remove_container: Call.RemoveContainer | None = None
    add_resource_provider_config: Call.AddResourceProviderConfig | None = None
    update_resource_provider_config: Call.UpdateResourceProviderConfig | None = None
    remove_resource_provider_config: Call.RemoveResourceProviderConfig | None = None
    mark_resource_provider_gone: Call.MarkResourceProviderGone | None = None
    prune_images: Call.PruneImages | None = None

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
        GET_CONTAINERS = "GET_CONTAINERS"
        GET_FRAMEWORKS = "GET_FRAMEWORKS"
        GET_EXECUTORS = "GET_EXECUTORS"
        GET_OPERATIONS = "GET_OPERATIONS"
        GET_TASKS = "GET_TASKS"
        GET_AGENT = "GET_AGENT"
        GET_RESOURCE_PROVIDERS = "GET_RESOURCE_PROVIDERS"
        WAIT_NESTED_CONTAINER = "WAIT_NESTED_CONTAINER"
        WAIT_CONTAINER = "WAIT_CONTAINER"

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

    class GetContainers(base.Message, frozen=True, kw_only=True):
        class Container(base.Message, frozen=True, kw_only=True):
            framework_id: FrameworkID | None = None
            executor_id: ExecutorID | None = None
            executor_name: str | None = None
            container_id: ContainerID
            container_status: ContainerStatus | None = None
            resource_statistics: ResourceStatistics | None = None

        containers: list[Response.GetContainers.Container] = []

    class GetFrameworks(base.Message, frozen=True, kw_only=True):
        class Framework(base.Message, frozen=True, kw_only=True):
            framework_info: FrameworkInfo

        frameworks: list[Response.GetFrameworks.Framework] = []
        completed_frameworks: list[Response.GetFrameworks.Framework] = []

    class GetExecutors(base.Message, frozen=True, kw_only=True):
        class Executor(base.Message, frozen=True, kw_only=True):
            executor_info: ExecutorInfo

        executors: list[Response.GetExecutors.Executor] = []
        completed_executors: list[Response.GetExecutors.Executor] = []

    class GetOperations(base.Message, frozen=True, kw_only=True):
        operations: list[Operation] = []

    class GetTasks(base.Message, frozen=True, kw_only=True):
        pending_tasks: list[Task] = []
        queued_tasks: list[Task] = []
        launched_tasks: list[Task] = []
        terminated_tasks: list[Task] = []
        completed_tasks: list[Task] = []

    class GetAgent(base.Message, frozen=True, kw_only=True):
        agent_info: AgentInfo | None = None
        drain_config: DrainConfig | None = None
        estimated_drain_start_time: TimeInfo | None = None

    class GetResourceProviders(base.Message, frozen=True, kw_only=True):
        class ResourceProvider(base.Message, frozen=True, kw_only=True):
            resource_provider_info: ResourceProviderInfo
            total_resources: list[Resource] = []

        resource_providers: list[Response.GetResourceProviders.ResourceProvider] = []

    class WaitNestedContainer(base.Message, frozen=True, kw_only=True):
        exit_status: base.Int32 | None = None
        state: TaskState | None = None
        reason: TaskStatus.Reason | None = None
        limitation: TaskResourceLimitation | None = None
        message: str | None = None

        def __post_init__(self) -> None:
            if self.state is not None and self.state._value_ == "UNKNOWN":
                base.absent(self, "state")
            if self.reason is not None and self.reason._value_ == "UNKNOWN":
                base.absent(self, "reason")

    class WaitContainer(base.Message, frozen=True, kw_only=True):
        exit_status: base.Int32 | None = None
        state: TaskState | None = None
        reason: TaskStatus.Reason | None = None
        limitation: TaskResourceLimitation | None = None
        message: str | None = None

        def __post_init__(self) -> None:
            if self.state is not None and self.state._value_ == "UNKNOWN":
                base.absent(self, "state")
            if self.reason is not None and self.reason._value_ == "UNKNOWN":
                base.absent(self, "reason")

    type: Response.Type | None = None
    get_health: Response.GetHealth | None = None
    get_flags: Response.GetFlags | None = None
    get_version: Response.GetVersion | None = None
    get_metrics: Response.GetMetrics | None = None
    get_logging_level: Response.GetLoggingLevel | None = None
    list_files: Response.ListFiles | None = None
    read_file: Response.ReadFile | None = None
    get_state: Response.GetState | None = None
    get_containers: Response.GetContainers | None = None
    get_frameworks: Response.GetFrameworks | None = None
    get_executors: Response.GetExecutors | None = None
    get_operations: Response.GetOperations | None = None
    get_tasks: Response.GetTasks | None = None
    get_agent: Response.GetAgent | None = None
    get_resource_providers: Response.GetResourceProviders | None = None
    wait_nested_container: Response.WaitNestedContainer | None = None
    wait_container: Response.WaitContainer | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.type._value_ == "UNKNOWN":
            base.absent(self, "type")


class ProcessIO(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        UNKNOWN = "UNKNOWN"
        DATA = "DATA"
        CONTROL = "CONTROL"

    class Data(base.Message, frozen=True, kw_only=True):
        class Type(base.Enum):
            UNKNOWN = "UNKNOWN"
            STDIN = "STDIN"
            STDOUT = "STDOUT"
            STDERR = "STDERR"

        type: ProcessIO.Data.Type | None = None
        data: bytes | None = None

        def __post_init__(self) -> None:
            if self.type is not None and self.type._value_ == "UNKNOWN":
                base.absent(self, "type")

    class Control(base.Message, frozen=True, kw_only=True):
        class Type(base.Enum):
            UNKNOWN = "UNKNOWN"
            TTY_INFO = "TTY_INFO"
            HEARTBEAT = "HEARTBEAT"

        class Heartbeat(base.Message, frozen=True, kw_only=True):
            interval: DurationInfo | None = None

        type: ProcessIO.Control.Type | None = None
        tty_info: TTYInfo | None = None
        heartbeat: ProcessIO.Control.Heartbeat | None = None

        def __post_init__(self) -> None:
            if self.type is not None and self.type._value_ == "UNKNOWN":
                base.absent(self, "type")

    type: ProcessIO.Type | None = None
    data: ProcessIO.Data | None = None
    control: ProcessIO.Control | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.type._value_ == "UNKNOWN":
            base.absent(self, "type")
