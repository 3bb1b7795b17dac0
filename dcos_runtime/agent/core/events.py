"""What the agent's core is told. Frozen data; `AgentCore.receive` takes them one at a time, with the time."""

from __future__ import annotations

from dcos_runtime.agent.core.check_terms import CheckKind
from dcos_runtime.agent.core.model import Exit, Facts
from dcos_runtime.core.frozen import Frozen, Persisted, PersistFailed, Tick
from dcos_runtime.wire import executor
from dcos_runtime.wire.containers import NetworkInfo


class Recovered(Frozen, frozen=True):
    """First event: the checkpoints of the former process of this agent (`stored` reads them). ``facts``: each container
    as its launcher found it; ``strangers``: containers without a task, with their launcher.
    """

    agent: bytes | None = None
    frameworks: tuple[bytes, ...] = ()
    runs: tuple[bytes, ...] = ()
    facts: tuple[tuple[str, Facts], ...] = ()
    strangers: tuple[tuple[str, str], ...] = ()
    executors: tuple[bytes, ...] = ()
    assigned: tuple[bytes, ...] = ()
    history: tuple[bytes, ...] = ()
    resources: bytes | None = None
    nested: tuple[bytes, ...] = ()


class CleanupAsked(Frozen, frozen=True):
    """The operator wants all tasks ended and the agent forgotten."""

    why: str


class UnregisterAsked(Frozen, frozen=True):
    """The operator wants the agent to leave its master for good, with all tasks ended. ``by``: how that was asked."""

    by: str


class PowerOff(Frozen, frozen=True):
    """The machine is being shut down: each task ends, with its grace and ``longest`` seconds at the most."""

    longest: float


# --- the master -------------------------------------------------------------------------------------------------------


class MasterSeen(Frozen, frozen=True):
    """The latest result of the election: the leader (``None``: unknown) and its address, or why its record is
    unreadable (``problem``).

    ``identity``: the leader's node and what it holds. It differs between two terms of one process.
    """

    identity: tuple[str, bytes] | None
    address: tuple[str, int] | None = None
    problem: str = ""


class EndpointFound(Frozen, frozen=True):
    """The result of `OpenConnection`: the address at which the protocol is spoken, in these versions."""

    connection: int
    host: str
    port: int
    versions: tuple[int, ...]


class BadMessage(Frozen, frozen=True):
    """Why a message of the master cannot be read."""

    why: str


class BadTask(Frozen, frozen=True):
    """Why the TaskInfo in a message cannot be read, and its id, if that can be."""

    why: str
    task_id: str | None


class Received(Frozen, frozen=True):
    """A `internal.Down` message as it came, JSON. The first of a connection answers `Register`.

    ``fault`` is for recordings, in which what cannot be read is left out.
    """

    connection: int
    data: bytes
    fault: BadMessage | BadTask | None = None


class Closed(Frozen, frozen=True):
    """A connection ended or could not be made; ``status``: the HTTP status of the master's response, if any."""

    connection: int
    why: str
    status: int | None = None


# --- executors --------------------------------------------------------------------------------------------------------


class ExecutorSubscribed(Frozen, frozen=True):
    """A custom executor opened ``stream``; the call is a SUBSCRIBE that `executor_calls` let in."""

    stream: int
    call: executor.Call


class ExecutorCalled(Frozen, frozen=True):
    """Any other call of a custom executor that `executor_calls` let in."""

    call: executor.Call


class ExecutorClosed(Frozen, frozen=True):
    """The stream of an executor is over."""

    stream: int


# --- calls of the operator API ----------------------------------------------------------------------------------------


class LaunchNested(Frozen, frozen=True):
    """A container is to be launched within another, or within none; ``framework_id`` and ``executor_id`` are as in
    `records.NestedRecord`. ``task``: the TaskInfo that it would be as a task, JSON. `NestedChanged` tells when it runs
    or is over.
    """

    container_id: str
    framework_id: str
    executor_id: str
    task: bytes


class RemoveNested(Frozen, frozen=True):
    """A nested container that has ended may be forgotten."""

    container_id: str


# --- containers -------------------------------------------------------------------------------------------------------


class Created(Frozen, frozen=True):
    """The container is created; its first process waits for `Start`. ``networks``: those of its own that it has joined,
    with its addresses.
    """

    container_id: str
    pid: int
    networks: tuple[NetworkInfo, ...] = ()


class Started(Frozen, frozen=True):
    """The first process of the container runs."""

    container_id: str


class LaunchFailed(Frozen, frozen=True):
    """The container could not be made or started; ``message`` is for the framework.

    ``user_unknown``: the sandbox could not be made for its user, which Mesos tells as a dropped task.
    """

    container_id: str
    message: str
    user_unknown: bool = False


class Exited(Frozen, frozen=True):
    """The container's first process ended by itself or by a signal."""

    container_id: str
    exit: Exit


class SupervisorLost(Frozen, frozen=True):
    """The supervisor ended without writing an exit status. Processes that still run are killed."""

    container_id: str


class DiskExceeded(Frozen, frozen=True):
    """The container takes ``used`` bytes of disk and may take ``limit``: it ends, in whatever state it is. ``volume``:
    the volume of which that is so, by the path at which the container sees it; empty: of what is its own.
    """

    container_id: str
    used: int
    limit: int
    volume: str = ""


class DiskTooDeep(Frozen, frozen=True):
    """The container's disk usage cannot be counted: its folders are nested deeper than ``deepest``. It ends."""

    container_id: str
    deepest: int
    limit: int


class Checked(Frozen, frozen=True):
    """A `RunCheck` has ended. ``value``: the exit status, the status of HTTP, or whether a connection was made, 1 or 0;
    ``None`` when there is none, and then ``why``. ``unknown``: that says nothing of the task, and does not count.
    """

    container_id: str
    kind: CheckKind
    number: int
    value: int | None = None
    why: str = ""
    unknown: bool = False


class PortsUnallocated(Frozen, frozen=True):
    """The container listens on ``ports``, which it was not offered, and ends for it. Ranges, both ends included."""

    container_id: str
    ports: tuple[tuple[int, int], ...]


class Destroyed(Frozen, frozen=True):
    """The container is gone; only its sandbox is left."""

    container_id: str


class VolumesChanged(Frozen, frozen=True):
    """A `ChangeVolumes` has ended; ``why`` not all of it was done."""

    operation: str
    why: str | None = None


Event = (
    Recovered
    | CleanupAsked
    | UnregisterAsked
    | PowerOff
    | Tick
    | Persisted
    | PersistFailed
    | MasterSeen
    | EndpointFound
    | Received
    | Closed
    | ExecutorSubscribed
    | ExecutorCalled
    | ExecutorClosed
    | LaunchNested
    | RemoveNested
    | Created
    | Started
    | LaunchFailed
    | Exited
    | SupervisorLost
    | DiskExceeded
    | DiskTooDeep
    | Checked
    | PortsUnallocated
    | Destroyed
    | VolumesChanged
)
