"""The events of the init's core. Frozen data; `InitCore.receive` takes them one at a time, with the time."""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen, Persisted, PersistFailed, Tick
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.scheduler import Event as SchedulerEvent


class Recovered(Frozen, frozen=True):
    """First event: all entries of the store (`stored` reads them)."""

    values: tuple[tuple[str, bytes], ...] = ()


# --- the master -------------------------------------------------------------------------------------------------------


class Subscribed(Frozen, frozen=True):
    """A new subscription. ``roles``: those of the `InitCore.introduction` in its SUBSCRIBE."""

    framework_id: str
    master: str
    roles: tuple[str, ...]


class Disconnected(Frozen, frozen=True):
    """The subscription is over, or could not be made; calls without a response are lost."""

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
    """``body`` is the definition as it came; ``client`` and ``uri`` are for the event about it."""

    request: int
    body: bytes
    force: bool = False
    client: str = ""
    uri: str = ""


class UpdateApp(Frozen, frozen=True):
    """``partial``: fields that ``body`` leaves out stay; otherwise they get their defaults."""

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
    """A client removes an app."""

    request: int
    app_id: str
    force: bool = True


class RestartApp(Frozen, frozen=True):
    """A client restarts an app."""

    request: int
    app_id: str
    force: bool = False


class ResetDelay(Frozen, frozen=True):
    """Ends the backoff of a waiting app."""

    request: int
    app_id: str


class KillTasks(Frozen, frozen=True):
    """Kills the tasks of an app; with ``host`` only those there. ``wipe``: their instances end, too. ``scale``: they
    are not replaced, by a deployment, to which ``force`` applies.
    """

    request: int
    app_id: str
    host: str | None = None
    scale: bool = False
    wipe: bool = False
    force: bool = False


class KillTask(Frozen, frozen=True):
    """As `KillTasks`, for the one task or instance with this id."""

    request: int
    app_id: str
    task: str
    scale: bool = False
    wipe: bool = False
    force: bool = False


class KillListed(Frozen, frozen=True):
    """As `KillTasks`, for the tasks whose ids ``body`` holds: ``{"ids": [...]}``."""

    request: int
    body: bytes
    scale: bool = False
    wipe: bool = False
    force: bool = False


class CancelDeployment(Frozen, frozen=True):
    """Undoes a deployment by another one; with ``force`` only ends it."""

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
