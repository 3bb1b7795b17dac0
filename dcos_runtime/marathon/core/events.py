"""What the init's core is told. Frozen data; `InitCore.receive` takes them one at a time, with the time."""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen, Persisted, PersistFailed, Tick
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.scheduler import Event as SchedulerEvent


class Recovered(Frozen, frozen=True):
    """First event: all that the store holds, as it is written there (`stored` reads it)."""

    values: tuple[tuple[str, bytes], ...] = ()


# --- the master -------------------------------------------------------------------------------------------------------


class Subscribed(Frozen, frozen=True):
    """A new subscription. ``roles``: those of the `InitCore.introduction` that it was asked for with."""

    framework_id: str
    master: str
    roles: tuple[str, ...]


class Disconnected(Frozen, frozen=True):
    """The subscription is over, or none could be had; what was sent on it and not answered is lost."""

    reason: str = ""


class Heard(Frozen, frozen=True):
    """An event of the scheduler API other than SUBSCRIBED and HEARTBEAT."""

    event: SchedulerEvent


class CallRefused(Frozen, frozen=True):
    """The master did not take a call that was sent; the subscription goes on."""

    call: Call
    status: int
    text: str


# --- health -----------------------------------------------------------------------------------------------------------


class Probed(Frozen, frozen=True):
    """The result of a `Probe`; ``ok`` None does not count either way."""

    task_id: str
    index: int
    ok: bool | None
    cause: str = ""


# --- what clients ask for. Each is answered by the effect `Reply` with its request number ----------------------------


class CreateApp(Frozen, frozen=True):
    """``body`` is the definition as it came; ``client`` and ``uri`` say whence, for the event of it."""

    request: int
    body: bytes
    force: bool = False
    client: str = ""
    uri: str = ""


class UpdateApp(Frozen, frozen=True):
    """``partial``: what ``body`` leaves out stays; otherwise it has its default."""

    request: int
    app_id: str
    body: bytes
    partial: bool = True
    may_create: bool = False
    force: bool = False
    client: str = ""
    uri: str = ""


class UpdateApps(Frozen, frozen=True):
    """``body``: an array of definitions, for one deployment."""

    request: int
    body: bytes
    partial: bool = True
    may_create: bool = False
    force: bool = False


class DeleteApp(Frozen, frozen=True):
    request: int
    app_id: str
    force: bool = True


class RestartApp(Frozen, frozen=True):
    request: int
    app_id: str
    force: bool = False


class ResetDelay(Frozen, frozen=True):
    """Ends the backoff of an app that waits."""

    request: int
    app_id: str


class KillTasks(Frozen, frozen=True):
    """Ends the tasks of an app, those on ``host`` only if it is given.

    ``wipe``: their instances with them. ``scale``: these are not replaced, by a deployment (which ``force`` is for).
    """

    request: int
    app_id: str
    host: str | None = None
    scale: bool = False
    wipe: bool = False
    force: bool = False


class KillTask(Frozen, frozen=True):
    """As `KillTasks`, of the one task, or instance, of this name."""

    request: int
    app_id: str
    task: str
    scale: bool = False
    wipe: bool = False
    force: bool = False


class KillListed(Frozen, frozen=True):
    """As `KillTasks`, of the tasks whose ids ``body`` holds: ``{"ids": [...]}``."""

    request: int
    body: bytes
    scale: bool = False
    wipe: bool = False
    force: bool = False


class CancelDeployment(Frozen, frozen=True):
    """Undoes a deployment by another one, or with ``force`` just ends it."""

    request: int
    deployment: str
    force: bool = False


ClientRequest = (
    CreateApp
    | UpdateApp
    | UpdateApps
    | DeleteApp
    | RestartApp
    | ResetDelay
    | KillTasks
    | KillTask
    | KillListed
    | CancelDeployment
)

Event = (
    Recovered
    | Tick
    | Persisted
    | PersistFailed
    | Subscribed
    | Disconnected
    | Heard
    | CallRefused
    | Probed
    | ClientRequest
)
