"""Calls and events of the executor API, `/api/v1/executor` on an agent (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/executor.proto`; change that, and make it anew.
"""

from __future__ import annotations

from dcos_runtime.wire import base
from dcos_runtime.wire.cluster import (
    AgentInfo,
    FrameworkInfo,
)
from dcos_runtime.wire.common import (
    ContainerID,
    ExecutorID,
    FrameworkID,
    TaskID,
)
from dcos_runtime.wire.tasks import (
    ExecutorInfo,
    KillPolicy,
    TaskGroupInfo,
    TaskInfo,
    TaskStatus,
)


class Event(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        UNKNOWN = "UNKNOWN"
        SUBSCRIBED = "SUBSCRIBED"
        LAUNCH = "LAUNCH"
        LAUNCH_GROUP = "LAUNCH_GROUP"
        KILL = "KILL"
        ACKNOWLEDGED = "ACKNOWLEDGED"
        MESSAGE = "MESSAGE"
        ERROR = "ERROR"
        SHUTDOWN = "SHUTDOWN"
        HEARTBEAT = "HEARTBEAT"

    class Subscribed(base.Message, frozen=True, kw_only=True):
        executor_info: ExecutorInfo
        framework_info: FrameworkInfo
        agent_info: AgentInfo
        container_id: ContainerID | None = None

    class Launch(base.Message, frozen=True, kw_only=True):
        task: TaskInfo

    class LaunchGroup(base.Message, frozen=True, kw_only=True):
        task_group: TaskGroupInfo

    class Kill(base.Message, frozen=True, kw_only=True):
        task_id: TaskID
        kill_policy: KillPolicy | None = None

    class Acknowledged(base.Message, frozen=True, kw_only=True):
        task_id: TaskID
        uuid: bytes

    class Message(base.Message, frozen=True, kw_only=True):
        data: bytes

    class Error(base.Message, frozen=True, kw_only=True):
        message: str

    type: Event.Type | None = None
    subscribed: Event.Subscribed | None = None
    acknowledged: Event.Acknowledged | None = None
    launch: Event.Launch | None = None
    launch_group: Event.LaunchGroup | None = None
    kill: Event.Kill | None = None
    message: Event.Message | None = None
    error: Event.Error | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.type._value_ == "UNKNOWN":
            base.absent(self, "type")


class Call(base.Message, frozen=True, kw_only=True):
    class Type(base.Enum):
        UNKNOWN = "UNKNOWN"
        SUBSCRIBE = "SUBSCRIBE"
        UPDATE = "UPDATE"
        MESSAGE = "MESSAGE"
        HEARTBEAT = "HEARTBEAT"

    class Subscribe(base.Message, frozen=True, kw_only=True):
        unacknowledged_tasks: list[TaskInfo] = []
        unacknowledged_updates: list[Call.Update] = []

    class Update(base.Message, frozen=True, kw_only=True):
        status: TaskStatus

    class Message(base.Message, frozen=True, kw_only=True):
        data: bytes

    executor_id: ExecutorID
    framework_id: FrameworkID
    type: Call.Type | None = None
    subscribe: Call.Subscribe | None = None
    update: Call.Update | None = None
    message: Call.Message | None = None

    def __post_init__(self) -> None:
        if self.type is not None and self.type._value_ == "UNKNOWN":
            base.absent(self, "type")
