"""What the agent's core wants done. Carried out in the order they come."""

from __future__ import annotations

from dcos_runtime.agent.core.check_terms import CheckKind
from dcos_runtime.core.frozen import Frozen, Log, Persist
from dcos_runtime.wire import executor
from dcos_runtime.wire.internal import Up


class Prepare(Frozen, frozen=True):
    """Make the sandbox, fetch the URIs, create the container without running it.

    Answered by `Created` or `LaunchFailed`. ``task`` is the TaskInfo, JSON; ``user`` the framework's. ``executor``: the
    container is that of a custom executor, and ``task`` the TaskInfo that it would be as a task (`executor`).
    ``within``: the id of the default executor whose container it is, or in whose container it is made, and then
    ``parent_pid`` is that of the first process there (`container_ids`). ``apart``: a call launches it within any
    container of that executor, and its sandbox is beside that one's; or within none, and there is no framework then
    (`nested_life`).
    """

    agent_id: str
    container_id: str
    framework_id: str
    task: bytes
    user: str
    executor: bool = False
    within: str = ""
    parent_pid: int = 0
    apart: bool = False


class Resize(Frozen, frozen=True):
    """Give the running container the limits of ``task`` in place of those of ``before``; both are as in `Prepare`."""

    container_id: str
    before: bytes
    task: bytes


class SendToExecutor(Frozen, frozen=True):
    """One event for the executor that subscribed on ``stream``, in the content type that it asked for."""

    stream: int
    event: executor.Event


class CloseExecutor(Frozen, frozen=True):
    """Ends an executor's stream, after everything that was sent before."""

    stream: int


class Start(Frozen, frozen=True):
    """Let the created container's process run. Answered by `Started` or `LaunchFailed`, and later `Exited`."""

    container_id: str


class WatchContainer(Frozen, frozen=True):
    """Wait for a container that was started before this agent. Answered by `Exited` or `SupervisorLost`. Without
    ``task`` its disk is not watched. ``within`` and ``apart`` are as in `Prepare`.
    """

    container_id: str
    launcher: str
    agent_id: str = ""
    framework_id: str = ""
    task: bytes = b""
    within: str = ""
    apart: bool = False


class Signal(Frozen, frozen=True):
    """Send ``number`` to every process of the container."""

    container_id: str
    number: int


class RunCheck(Frozen, frozen=True):
    """Run the check of this kind of the container's task, once. Answered by `Checked` with this number, unless
    `StopCheck` comes before. ``pid``: of the container's first process.
    """

    container_id: str
    launcher: str
    kind: CheckKind
    number: int
    pid: int


class StopCheck(Frozen, frozen=True):
    """Give up the check with this number, and kill what runs for it."""

    container_id: str
    kind: CheckKind
    number: int


class Destroy(Frozen, frozen=True):
    """Cancel what is under way for the container, kill its processes, remove all except the sandbox. Answered by
    `Destroyed`, however long that takes.
    """

    container_id: str
    launcher: str


class Retire(Frozen, frozen=True):
    """The task is over, and its last update acknowledged: the age of its sandbox begins now."""

    agent_id: str
    framework_id: str
    task_id: str
    container_id: str


class NestedChanged(Frozen, frozen=True):
    """The nested container runs, has ended, or is forgotten: who waits for that looks again."""

    container_id: str


class ChangeVolumes(Frozen, frozen=True):
    """Make the folders of these persistent volumes, or destroy others with all that is in them: lists of Resources,
    JSON. Answered by `VolumesChanged`.
    """

    operation: str
    made: bytes = b"[]"
    removed: bytes = b"[]"


class OpenConnection(Frozen, frozen=True):
    """Find where the master at ``host``:``port`` speaks our protocol: `EndpointFound` or `Closed`, with this number."""

    connection: int
    host: str
    port: int


class Register(Frozen, frozen=True):
    """Begin the stream with ``body``, a `internal.Connect` as JSON. `Received` follows, and in the end `Closed`."""

    connection: int
    host: str
    port: int
    body: bytes


class CloseConnection(Frozen, frozen=True):
    """Close the connection to the master that has this number."""

    connection: int


class SendUp(Frozen, frozen=True):
    """Hand ``message`` to the master; on failure `Closed` follows."""

    connection: int
    agent_id: str
    epoch: int
    message: Up


class EndProcess(Frozen, frozen=True):
    """All work is done: the daemon ends."""

    code: int
    reason: str


Effect = (
    Persist
    | Prepare
    | Resize
    | SendToExecutor
    | CloseExecutor
    | Start
    | WatchContainer
    | Signal
    | RunCheck
    | StopCheck
    | Destroy
    | Retire
    | NestedChanged
    | ChangeVolumes
    | OpenConnection
    | Register
    | CloseConnection
    | SendUp
    | EndProcess
    | Log
)
