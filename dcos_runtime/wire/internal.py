"""The agent protocol: ours, between our master and our agents only.

An agent finds the port with ``GET /internal/agent/v1`` on the leading master's public address (an `Endpoint`), then

* ``POST /internal/agent/v1/connect`` with a `Connect`: the answer is a RecordIO stream of `Down` messages that starts
  with `Connected`. A second connect of the same agent gives a new epoch and ends the older stream.
* ``POST /internal/agent/v1/messages`` with a `Batch` of `Up` messages: 200 with `Taken`; 409 when the epoch is stale
  or the sequence has a gap (connect again); 410 when the agent was removed for good (kill everything, forget the id).

Every message carries the agent's id, its connection's epoch and a sequence that starts at 1 in each direction. Delivery
within a connection is in order and at most once; across connections `Connect` lists all that is known, and the master
ends the difference (a task that the agent does not list is lost; a task that the master has ended is killed).

Each side speaks version `VERSION` and the ones before. A `Connect` says which its agent speaks, in a form that both
read; the master takes the newest that both know, and says in `Connected` which that is. If there is
none, the error names the versions of both, and nothing changes. The path is the same for all.

=======  ==============================================================================================================
version  what is new in it
1        (the first)
2        `Connect.versions`, `Connected.version`; a task comes with the fields that a master decides on, so that it
         admits an agent without decoding any TaskInfo or TaskStatus
3        custom executors: `Connect.executors`, `RunningTask.executor_id`, `RunTask.launch_executor`, `ToExecutor`,
         `ShutdownExecutor`, `FromExecutor`, `ExecutorGone`. A master sends no task with an executor to an agent that
         speaks less, and an agent tells nothing of its executors to such a master
4        task groups: `RunGroup`, sent only to agents that speak it; `Unregister`: an agent leaves for good. To a master
         that speaks less it does not say so; reservations and volumes: `ApplyOperation`, `AcknowledgeOperation`,
         `OperationUpdate`, `Connect.total`, `Connect.operations`. A master refuses operations on an agent that speaks
         less; an agent does not connect to a master that speaks less while it has something reserved, since that master
         would offer it to anybody; `Drain`: a master refuses to drain an agent that speaks less
=======  ==============================================================================================================
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dcos_runtime.wire import base, codec
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo, OperationState
from dcos_runtime.wire.common import FrameworkID, TaskID
from dcos_runtime.wire.operators import DrainConfig
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import KillPolicy, TaskState, TaskStatus

VERSION = 4
SPOKEN = (1, 2, 3, VERSION)
WITH_EXECUTORS = 3
"""Since this version executors are known."""
WITH_UNREGISTER = 4
"""Since this version an agent can say that it leaves."""
WITH_GROUPS = 4
"""Since this version task groups are known."""
WITH_OPERATIONS = 4
"""Since this version reservations and volumes are made."""
WITH_DRAINING = 4
"""Since this version an agent drains itself."""
PATH = "/internal/agent/v1"
TOKEN_PATH = "/internal/auth/v1/token"
"""Agents ask any master here, with a `Token`, whether a token that is good by itself was revoked: 200 no, 401 yes."""


class Token(msgspec.Struct, frozen=True):
    token: str

    def __repr__(self) -> str:
        return "Token(…)"


class Endpoint(msgspec.Struct, frozen=True):
    """Where the protocol is spoken: the port on the address that was asked."""

    port: base.Int64
    versions: list[base.Int64]


NOTHING = msgspec.Raw(b"null")


class RunningTask(msgspec.Struct, frozen=True, gc=False):
    """A task as it is on its agent's disk: what is not there yet is left out, because a crash could make it untrue.

    ``task`` is the TaskInfo as it was launched. ``status`` is the newest status, ``unacknowledged`` the oldest that the
    framework has not acknowledged, if any (the agent sends it again by itself): TaskStatus without its ``data``. All
    three are JSON.

    Version 2 adds the fields that a master decides on: the task's id, which of `Connect.asked` its resources are, and
    the state and uuid of the last status that the framework got, ``unacknowledged`` or else ``status``. Version 3 adds
    ``executor_id``: of the custom or default executor that runs it; empty for a command task.
    """

    framework_id: str
    task: msgspec.Raw
    state: TaskState
    status: msgspec.Raw = NOTHING
    unacknowledged: msgspec.Raw = NOTHING
    task_id: str = ""
    asked: base.Int64 = -1
    status_state: TaskState | None = None
    status_uuid: bytes | None = None
    executor_id: str = ""

    def __post_init__(self) -> None:
        if self.state is TaskState.UNKNOWN:
            base.expect("state")


class RunningExecutor(msgspec.Struct, frozen=True):
    """A custom or default executor that has not ended. ``info`` is its ExecutorInfo, JSON."""

    framework_id: str
    executor_id: str
    info: msgspec.Raw


class KnownOperation(msgspec.Struct, frozen=True):
    """An operation on an agent's disk: under way (OPERATION_PENDING), or over and not acknowledged. ``info`` is the
    Offer.Operation, JSON; ``status_uuid``: of the status that has to be acknowledged, when it is over.
    """

    uuid: str
    framework_id: str
    info: msgspec.Raw
    state: OperationState
    status_uuid: bytes | None = None
    message: str | None = None


class Connect(msgspec.Struct, frozen=True):
    """An agent's first word on a connection; ``agent.id`` is set when it was admitted before.

    ``version`` is the oldest that the agent speaks, and was all there is to tell in version 1; ``versions`` are all.
    ``number`` counts the connections that this ``life`` of the agent's process has begun: one that was held up on its
    way, and comes after the next, is not taken for the newer. ``asked``: the resources of all tasks, as they are in
    their TaskInfos; tasks of one app ask for the same, which is there once. ``total``: the agent's resources as they
    are on its disk, with reservations and volumes; ``agent.resources`` are without.
    """

    version: base.Int64
    agent: AgentInfo
    software: str
    boot_id: str
    tasks: list[RunningTask] = []
    frameworks: list[FrameworkInfo] = []
    versions: list[base.Int64] = []
    life: str = ""
    number: base.Int64 = 0
    asked: list[msgspec.Raw] = []
    executors: list[RunningExecutor] = []
    total: list[Resource] = []
    operations: list[KnownOperation] = []


class _Down(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    agent_id: str
    epoch: base.Int64
    seq: base.Int64


class Connected(_Down, frozen=True, tag="CONNECTED"):
    """The agent is admitted under ``agent_id``. A `Ping` comes every ``ping_seconds``; five missed: connect again.

    ``version`` is what is spoken from here on.
    """

    master_id: str
    ping_seconds: float
    version: base.Int64 = 1


class Ping(_Down, frozen=True, tag="PING"):
    """Answered by a `Pong`; five unanswered make the agent unreachable."""


class RunTask(_Down, frozen=True, tag="RUN_TASK"):
    """Launch a task. ``task`` is a TaskInfo, JSON; the agent owns its status updates from here on.

    ``launch_executor``: its custom executor is to be started for it. False: the executor is there as far as the master
    knows; if it has ended meanwhile, the task is dropped, because nobody accounted for another one.
    """

    framework: FrameworkInfo
    task: msgspec.Raw
    launch_executor: bool = False


class RunGroup(_Down, frozen=True, tag="RUN_GROUP"):
    """Launch all these tasks of one default executor, or none. ``tasks`` are TaskInfos, JSON, each with its executor;
    ``launch_executor`` is as in `RunTask`.
    """

    framework: FrameworkInfo
    tasks: list[msgspec.Raw]
    launch_executor: bool = False


class KillTask(_Down, frozen=True, tag="KILL_TASK"):
    framework_id: FrameworkID
    task_id: TaskID
    kill_policy: KillPolicy | None = None


class Acknowledge(_Down, frozen=True, tag="ACKNOWLEDGE"):
    """The framework has the update ``uuid`` (base64 on the wire): the agent may send the next one of that task."""

    framework_id: FrameworkID
    task_id: TaskID
    uuid: bytes


class UpdateFramework(_Down, frozen=True, tag="UPDATE_FRAMEWORK"):
    framework: FrameworkInfo


class ShutdownFramework(_Down, frozen=True, tag="SHUTDOWN_FRAMEWORK"):
    """Kill all tasks of the framework and forget it; no updates are sent for them."""

    framework_id: FrameworkID


class ToExecutor(_Down, frozen=True, tag="TO_EXECUTOR"):
    """Data of a framework for its executor, base64 on the wire. It may be lost."""

    framework_id: str
    executor_id: str
    data: bytes


class ShutdownExecutor(_Down, frozen=True, tag="SHUTDOWN_EXECUTOR"):
    """The executor is to end, with all its tasks."""

    framework_id: str
    executor_id: str


class ApplyOperation(_Down, frozen=True, tag="APPLY_OPERATION"):
    """Reserve, make a volume, and so on. ``info`` is an Offer.Operation, JSON. Messages after it are handled after it.

    ``framework_id`` is empty for an operator's. Answered by `OperationUpdate`: once, unless the operation has an id.
    """

    uuid: str
    framework_id: str
    info: msgspec.Raw


class AcknowledgeOperation(_Down, frozen=True, tag="ACKNOWLEDGE_OPERATION"):
    """The status of the operation was received: the agent may forget it."""

    uuid: str
    status_uuid: bytes


class Drain(_Down, frozen=True, tag="DRAIN"):
    """Kill all tasks, within the longest grace period that ``config`` says, and launch none until they are over. It
    comes again on each connection, also when they are over.
    """

    config: DrainConfig


class Shutdown(_Down, frozen=True, tag="SHUTDOWN"):
    """The agent is not (or no longer) a member: kill every task, forget the id, end the process."""

    message: str


Down = (
    Connected
    | Ping
    | RunTask
    | RunGroup
    | KillTask
    | Acknowledge
    | UpdateFramework
    | ShutdownFramework
    | ToExecutor
    | ShutdownExecutor
    | ApplyOperation
    | AcknowledgeOperation
    | Drain
    | Shutdown
)


class _Up(msgspec.Struct, frozen=True, tag_field="type", kw_only=True):
    seq: base.Int64


class Pong(_Up, frozen=True, tag="PONG"):
    pass


class Update(_Up, frozen=True, tag="UPDATE"):
    """A status update to be acknowledged; ``latest_state`` is the newest state, which may be ahead of ``status``."""

    framework_id: str
    status: TaskStatus
    latest_state: TaskState

    def __post_init__(self) -> None:
        if self.latest_state is TaskState.UNKNOWN:
            base.expect("latest_state")


class TaskGone(_Up, frozen=True, tag="TASK_GONE"):
    """The last, terminal update of the task was acknowledged; the agent has forgotten it."""

    framework_id: str
    task_id: str


class FromExecutor(_Up, frozen=True, tag="FROM_EXECUTOR"):
    """Data of an executor for its framework. It may be lost."""

    framework_id: str
    executor_id: str
    data: bytes


class ExecutorGone(_Up, frozen=True, tag="EXECUTOR_GONE"):
    """The executor's container is gone; ``status`` is its wait status (wait(2)), -1 when that is not known."""

    framework_id: str
    executor_id: str
    status: base.Int64


class Unregister(_Up, frozen=True, tag="UNREGISTER"):
    """The agent ends all that runs on it, and never comes back under this id. The master removes it at once, with all
    its tasks, and ends the stream when that is done.
    """


class OperationUpdate(_Up, frozen=True, tag="OPERATION_UPDATE"):
    """An operation is over. ``status_uuid``: it has an id, and this comes again until it is acknowledged.

    ``total``: the agent's resources after an operation that was not finished, which the master counted on.
    """

    uuid: str
    framework_id: str
    state: OperationState
    operation_id: str | None = None
    status_uuid: bytes | None = None
    message: str | None = None
    total: list[Resource] = []


Up = Pong | Update | TaskGone | FromExecutor | ExecutorGone | OperationUpdate | Unregister


class Batch(msgspec.Struct, frozen=True):
    agent_id: str
    epoch: base.Int64
    messages: list[Up]


class Taken(msgspec.Struct, frozen=True):
    """All messages up to ``seq`` were taken."""

    seq: base.Int64


# --- versions --------------------------------------------------------------------------------------------------------


class UnknownVersion(ValueError):
    """The other side speaks none of our versions. The text says which each speaks."""


class _Versions(msgspec.Struct, frozen=True):
    version: base.Int64
    versions: list[base.Int64] = []


def agreed(spoken: Sequence[int], who: str, we: str) -> int:
    """The newest version of both. ``who`` speaks the ``spoken``, ``we`` ours. Raises `UnknownVersion`."""
    common = set(spoken) & set(SPOKEN)
    if not common:
        newer = bool(spoken) and min(spoken) > VERSION
        raise UnknownVersion(
            f"{who} speaks {named(spoken)} of the agent protocol, {we} {named(SPOKEN)}; upgrade {we if newer else who}"
        )
    return max(common)


def named(versions: Sequence[int]) -> str:
    """``versions 1 and 2``."""
    *before, last = (str(version) for version in sorted(set(versions))) if versions else ("none",)
    return f"versions {', '.join(before)} and {last}" if before else f"version {last}"


def connect(data: bytes) -> tuple[Connect, int]:
    """What an agent says first, and the version to speak with it. Raises `codec.DecodeError`, `UnknownVersion`."""
    try:
        call = codec.decode(data, Connect)
        return call, _version(call)
    except codec.DecodeError:
        _version(codec.decode(data, _Versions))  # what an agent of another version says may have another form
        raise


def _version(versions: Connect | _Versions) -> int:
    return agreed(versions.versions or [versions.version], "this agent", "this master")
