"""The events of the package manager's core. Frozen data; `CosmosCore.receive` takes one at a time, with the time."""

from __future__ import annotations

from dcos_runtime.core.frozen import Frozen, Persisted, PersistFailed, Tick


class Recovered(Frozen, frozen=True):
    """The stored entries of a new leader, key and value: the first event of a term."""

    entries: tuple[tuple[str, bytes], ...]
    repositories: tuple[tuple[str, str], ...]
    """Name and URL of each repository of a cluster whose list was never changed."""


class AddRepository(Frozen, frozen=True):
    """``index`` counts from 0; None: after all others."""

    request: int
    name: str
    uri: str
    index: int | None


class DeleteRepository(Frozen, frozen=True):
    """By name, by URL, or by both."""

    request: int
    name: str | None
    uri: str | None


class BeginUninstalls(Frozen, frozen=True):
    """Begins all of these uninstalls or none, each as `uninstalls.encode` makes it. The reply (`uninstalls.encode_all`)
    comes when they are done, or, where the scheduler takes its service down, when the scheduler was asked to.
    """

    request: int
    uninstalls: tuple[bytes, ...]


class StepDone(Frozen, frozen=True):
    """``uninstall``: the record with what the step has found out."""

    app: str
    uninstall: bytes


class StepFailed(Frozen, frozen=True):
    """``error`` is a `CosmosError`'s body when no repetition helps: the uninstall is over."""

    app: str
    why: str
    error: bytes = b""
    status: int = 0


Event = (
    Recovered
    | AddRepository
    | DeleteRepository
    | BeginUninstalls
    | StepDone
    | StepFailed
    | Tick
    | Persisted
    | PersistFailed
)
