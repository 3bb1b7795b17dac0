"""What the agent's core wants done. Carried out in the order they come."""

from __future__ import annotations

from dataclasses import dataclass

from dcos_runtime.wire.internal import Up


@dataclass(frozen=True)
class Persist:
    """Write (or remove: ``None``) a checkpoint durably, in order. Answered by ``persisted`` or ``persist_failed``."""

    id: int
    key: str
    value: bytes | None


@dataclass(frozen=True)
class Prepare:
    """Make the sandbox, fetch the URIs, create the container without running it.

    Answered by ``created`` or ``launch_failed``. ``task`` is the TaskInfo, JSON; ``user`` the framework's.
    """

    container_id: str
    framework_id: str
    task: bytes
    user: str


@dataclass(frozen=True)
class Start:
    """Let the created container's process run. Answered by ``started`` or ``launch_failed``, and later ``exited``."""

    container_id: str


@dataclass(frozen=True)
class Watch:
    """Wait for a container that runs since before the agent's start. Answered by ``exited`` or ``supervisor_lost``."""

    container_id: str
    launcher: str


@dataclass(frozen=True)
class Signal:
    """Send ``number`` to every process of the container."""

    container_id: str
    number: int


@dataclass(frozen=True)
class Destroy:
    """Stop whatever is under way for the container, kill what runs, remove all but the sandbox.

    Answered by ``destroyed``, however long it takes.
    """

    container_id: str
    launcher: str


@dataclass(frozen=True)
class Retire:
    """The task is over for everybody: its sandbox begins to age."""

    agent_id: str
    framework_id: str
    task_id: str
    container_id: str


@dataclass(frozen=True)
class OpenConnection:
    """Connect to the master at ``host``:``port``: answered by ``opened`` or ``closed`` with the same number."""

    connection: int
    host: str
    port: int


@dataclass(frozen=True)
class CloseConnection:
    connection: int


@dataclass(frozen=True)
class SendUp:
    """Hand ``message`` to the master; on failure ``closed`` follows."""

    connection: int
    message: Up


@dataclass(frozen=True)
class EndProcess:
    """All is done that could be: the daemon ends."""

    code: int
    reason: str


@dataclass(frozen=True)
class Log:
    """A line for the daemon's log; ``level`` as in `logging`."""

    level: int
    text: str


Effect = (
    Persist
    | Prepare
    | Start
    | Watch
    | Signal
    | Destroy
    | Retire
    | OpenConnection
    | CloseConnection
    | SendUp
    | EndProcess
    | Log
)
