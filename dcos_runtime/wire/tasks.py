"""Tasks and their executors, health, and status (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/tasks.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.common import (
    AgentID,
    CommandInfo,
    DurationInfo,
    ExecutorID,
    FrameworkID,
    Labels,
    TaskID,
    TimeInfo,
    Value,
)
from dcos_runtime.wire.containers import (
    ContainerInfo,
    ContainerStatus,
    NetworkInfo,
)
from dcos_runtime.wire.resources import (
    Resource,
)


class KillPolicy(base.Message, frozen=True, kw_only=True):
    grace_period: DurationInfo | None = None


class Port(base.Message, frozen=True, kw_only=True):
    number: base.UInt32
    name: str | None = None
    protocol: str | None = None
    visibility: DiscoveryInfo.Visibility | None = None
    labels: Labels | None = None

    def __post_init__(self) -> None:
        if self.visibility is not None and self.visibility._value_ == "UNKNOWN":
            base.absent(self, "visibility")


class Ports(base.Message, frozen=True, kw_only=True):
    ports: list[Port] = []


class DiscoveryInfo(base.Message, frozen=True, kw_only=True):
    class Visibility(base.Enum):
        FRAMEWORK = "FRAMEWORK"
        CLUSTER = "CLUSTER"
        EXTERNAL = "EXTERNAL"
        UNKNOWN = "UNKNOWN"

    visibility: DiscoveryInfo.Visibility
    name: str | None = None
    environment: str | None = None
    location: str | None = None
    version: str | None = None
    ports: Ports | None = None
    labels: Labels | None = None

    def __post_init__(self) -> None:
        if self.visibility._value_ == "UNKNOWN":
            base.expect("visibility")


class ExecutorInfo(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        UNKNOWN = "UNKNOWN"
        DEFAULT = "DEFAULT"
        CUSTOM = "CUSTOM"

    type: ExecutorInfo.Type | None = None
    executor_id: ExecutorID
    framework_id: FrameworkID | None = None
    command: CommandInfo | None = None
    container: ContainerInfo | None = None
    resources: list[Resource] = []
    name: str | None = None
    source: str | None = None
    data: bytes | None = None
    discovery: DiscoveryInfo | None = None
    shutdown_grace_period: DurationInfo | None = None
    labels: Labels | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.type._value_ == "UNKNOWN":
            base.absent(self, "type")


class CheckInfo(base.Message, frozen=True, kw_only=True):
    class Type(base.ExplicitUnknown):
        UNKNOWN = "UNKNOWN"
        COMMAND = "COMMAND"
        HTTP = "HTTP"
        TCP = "TCP"

    class Command(base.Message, frozen=True, kw_only=True):
        command: CommandInfo

    class Http(base.Message, frozen=True, kw_only=True):
        port: base.UInt32
        path: str | None = None

    class Tcp(base.Message, frozen=True, kw_only=True):
        port: base.UInt32

    type: CheckInfo.Type | None = None
    command: CheckInfo.Command | None = None
    http: CheckInfo.Http | None = None
    tcp: CheckInfo.Tcp | None = None
    delay_seconds: float | None = None  # default 15
    interval_seconds: float | None = None  # default 10
    timeout_seconds: float | None = None  # default 20

    def __post_init__(self) -> None:
        if self.type is not None and not self.type._value_:
            base.absent(self, "type")


class HealthCheck(base.Message, frozen=True, kw_only=True):
    class Type(base.ExplicitUnknown):
        UNKNOWN = "UNKNOWN"
        COMMAND = "COMMAND"
        HTTP = "HTTP"
        TCP = "TCP"

    class HTTPCheckInfo(base.Message, frozen=True, kw_only=True):
        protocol: NetworkInfo.Protocol | None = None  # default IPv4
        scheme: str | None = None
        port: base.UInt32
        path: str | None = None
        statuses: list[base.UInt32] = []

        def __post_init__(self) -> None:
            if self.protocol is not None and self.protocol._value_ == "UNKNOWN":
                base.absent(self, "protocol")

    class TCPCheckInfo(base.Message, frozen=True, kw_only=True):
        protocol: NetworkInfo.Protocol | None = None  # default IPv4
        port: base.UInt32

        def __post_init__(self) -> None:
            if self.protocol is not None and self.protocol._value_ == "UNKNOWN":
                base.absent(self, "protocol")

    delay_seconds: float | None = None  # default 15
    interval_seconds: float | None = None  # default 10
    timeout_seconds: float | None = None  # default 20
    consecutive_failures: base.UInt32 | None = None  # default 3
    grace_period_seconds: float | None = None  # default 10
    type: HealthCheck.Type | None = None
    command: CommandInfo | None = None
    http: HealthCheck.HTTPCheckInfo | None = None
    tcp: HealthCheck.TCPCheckInfo | None = None

    def __post_init__(self) -> None:
        if self.type is not None and not self.type._value_:
            base.absent(self, "type")


class TaskInfo(base.Message, frozen=True, kw_only=True):
    name: str
    task_id: TaskID
    agent_id: AgentID
    resources: list[Resource] = []
    executor: ExecutorInfo | None = None
    command: CommandInfo | None = None
    container: ContainerInfo | None = None
    health_check: HealthCheck | None = None
    check: CheckInfo | None = None
    kill_policy: KillPolicy | None = None
    data: bytes | None = None
    labels: Labels | None = None
    discovery: DiscoveryInfo | None = None
    max_completion_time: DurationInfo | None = None
    limits: dict[str, Value.Scalar] = {}


class TaskGroupInfo(base.Message, frozen=True, kw_only=True):
    tasks: list[TaskInfo] = []


class CheckStatusInfo(base.Message, frozen=True, kw_only=True):
    class Command(base.Message, frozen=True, kw_only=True):
        exit_code: base.Int32 | None = None

    class Http(base.Message, frozen=True, kw_only=True):
        status_code: base.UInt32 | None = None

    class Tcp(base.Message, frozen=True, kw_only=True):
        succeeded: bool | None = None

    type: CheckInfo.Type | None = None
    command: CheckStatusInfo.Command | None = None
    http: CheckStatusInfo.Http | None = None
    tcp: CheckStatusInfo.Tcp | None = None

    def __post_init__(self) -> None:
        if self.type is not None and not self.type._value_:
            base.absent(self, "type")


class TaskResourceLimitation(base.Message, frozen=True, kw_only=True):
    resources: list[Resource] = []


class TaskStatus(base.Message, frozen=True, kw_only=True):
    class Source(base.Enum):
        SOURCE_MASTER = "SOURCE_MASTER"
        SOURCE_AGENT = "SOURCE_AGENT"
        SOURCE_EXECUTOR = "SOURCE_EXECUTOR"
        UNKNOWN = "UNKNOWN"

    class Reason(base.Enum):
        REASON_COMMAND_EXECUTOR_FAILED = "REASON_COMMAND_EXECUTOR_FAILED"
        REASON_CONTAINER_LAUNCH_FAILED = "REASON_CONTAINER_LAUNCH_FAILED"
        REASON_CONTAINER_LIMITATION = "REASON_CONTAINER_LIMITATION"
        REASON_CONTAINER_LIMITATION_DISK = "REASON_CONTAINER_LIMITATION_DISK"
        REASON_CONTAINER_LIMITATION_MEMORY = "REASON_CONTAINER_LIMITATION_MEMORY"
        REASON_CONTAINER_PREEMPTED = "REASON_CONTAINER_PREEMPTED"
        REASON_CONTAINER_UPDATE_FAILED = "REASON_CONTAINER_UPDATE_FAILED"
        REASON_MAX_COMPLETION_TIME_REACHED = "REASON_MAX_COMPLETION_TIME_REACHED"
        REASON_EXECUTOR_REGISTRATION_TIMEOUT = "REASON_EXECUTOR_REGISTRATION_TIMEOUT"
        REASON_EXECUTOR_REREGISTRATION_TIMEOUT = "REASON_EXECUTOR_REREGISTRATION_TIMEOUT"
        REASON_EXECUTOR_TERMINATED = "REASON_EXECUTOR_TERMINATED"
        REASON_EXECUTOR_UNREGISTERED = "REASON_EXECUTOR_UNREGISTERED"
        REASON_FRAMEWORK_REMOVED = "REASON_FRAMEWORK_REMOVED"
        REASON_GC_ERROR = "REASON_GC_ERROR"
        REASON_INVALID_FRAMEWORKID = "REASON_INVALID_FRAMEWORKID"
        REASON_INVALID_OFFERS = "REASON_INVALID_OFFERS"
        REASON_IO_SWITCHBOARD_EXITED = "REASON_IO_SWITCHBOARD_EXITED"
        REASON_MASTER_DISCONNECTED = "REASON_MASTER_DISCONNECTED"
        REASON_RECONCILIATION = "REASON_RECONCILIATION"
        REASON_RESOURCES_UNKNOWN = "REASON_RESOURCES_UNKNOWN"
        REASON_AGENT_DISCONNECTED = "REASON_AGENT_DISCONNECTED"
        REASON_AGENT_DRAINING = "REASON_AGENT_DRAINING"
        REASON_AGENT_REMOVED = "REASON_AGENT_REMOVED"
        REASON_AGENT_REMOVED_BY_OPERATOR = "REASON_AGENT_REMOVED_BY_OPERATOR"
        REASON_AGENT_REREGISTERED = "REASON_AGENT_REREGISTERED"
        REASON_AGENT_RESTARTED = "REASON_AGENT_RESTARTED"
        REASON_AGENT_UNKNOWN = "REASON_AGENT_UNKNOWN"
        REASON_TASK_KILLED_DURING_LAUNCH = "REASON_TASK_KILLED_DURING_LAUNCH"
        REASON_TASK_CHECK_STATUS_UPDATED = "REASON_TASK_CHECK_STATUS_UPDATED"
        REASON_TASK_HEALTH_CHECK_STATUS_UPDATED = "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED"
        REASON_TASK_GROUP_INVALID = "REASON_TASK_GROUP_INVALID"
        REASON_TASK_GROUP_UNAUTHORIZED = "REASON_TASK_GROUP_UNAUTHORIZED"
        REASON_TASK_INVALID = "REASON_TASK_INVALID"
        REASON_TASK_UNAUTHORIZED = "REASON_TASK_UNAUTHORIZED"
        REASON_TASK_UNKNOWN = "REASON_TASK_UNKNOWN"
        UNKNOWN = "UNKNOWN"

    task_id: TaskID
    state: TaskState
    message: str | None = None
    source: TaskStatus.Source | None = None
    reason: TaskStatus.Reason | None = None
    data: bytes | None = None
    agent_id: AgentID | None = None
    executor_id: ExecutorID | None = None
    timestamp: float | None = None
    uuid: bytes | None = None
    healthy: bool | None = None
    check_status: CheckStatusInfo | None = None
    labels: Labels | None = None
    container_status: ContainerStatus | None = None
    unreachable_time: TimeInfo | None = None
    limitation: TaskResourceLimitation | None = None

    def __post_init__(self) -> None:
        if self.state._value_ == "UNKNOWN":
            base.expect("state")
        if self.source is not None and self.source._value_ == "UNKNOWN":
            base.absent(self, "source")
        if self.reason is not None and self.reason._value_ == "UNKNOWN":
            base.absent(self, "reason")


class Task(base.Message, frozen=True, kw_only=True):
    name: str
    task_id: TaskID
    framework_id: FrameworkID
    executor_id: ExecutorID | None = None
    agent_id: AgentID
    state: TaskState
    resources: list[Resource] = []
    statuses: list[TaskStatus] = []
    status_update_state: TaskState | None = None
    status_update_uuid: bytes | None = None
    labels: Labels | None = None
    discovery: DiscoveryInfo | None = None
    container: ContainerInfo | None = None
    health_check: HealthCheck | None = None
    kill_policy: KillPolicy | None = None
    user: str | None = None
    limits: dict[str, Value.Scalar] = {}

    def __post_init__(self) -> None:
        if self.state._value_ == "UNKNOWN":
            base.expect("state")
        if self.status_update_state is not None and self.status_update_state._value_ == "UNKNOWN":
            base.absent(self, "status_update_state")


class TaskState(base.Enum):
    TASK_STAGING = "TASK_STAGING"
    TASK_STARTING = "TASK_STARTING"
    TASK_RUNNING = "TASK_RUNNING"
    TASK_KILLING = "TASK_KILLING"
    TASK_FINISHED = "TASK_FINISHED"
    TASK_FAILED = "TASK_FAILED"
    TASK_KILLED = "TASK_KILLED"
    TASK_ERROR = "TASK_ERROR"
    TASK_LOST = "TASK_LOST"
    TASK_DROPPED = "TASK_DROPPED"
    TASK_UNREACHABLE = "TASK_UNREACHABLE"
    TASK_GONE = "TASK_GONE"
    TASK_GONE_BY_OPERATOR = "TASK_GONE_BY_OPERATOR"
    TASK_UNKNOWN = "TASK_UNKNOWN"
    UNKNOWN = "UNKNOWN"
