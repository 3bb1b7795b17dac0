"""What `dcos_runtime.replay` and ``--record`` need to know of the package manager's core."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec

from dcos_runtime.core.frozen import Log, Persist, Reply
from dcos_runtime.core.pseudonyms import Pseudonyms
from dcos_runtime.core.recorder import Hiders, veiled
from dcos_runtime.cosmos.core import errors
from dcos_runtime.cosmos.core.core import REPOSITORIES, CosmosCore, CosmosSnapshot, WaitingRequest, listed, stored
from dcos_runtime.cosmos.core.effects import Effect
from dcos_runtime.cosmos.core.events import AddRepository, DeleteRepository, Event, Recovered, StepFailed

NAME = "cosmos"
EVENT = Event
EFFECT = Effect

_SHORTEST = 16
"""The least length of pseudonyms of parts of URLs. The core compares these parts, and does not look at their sizes."""

_PLAIN = frozenset({"ConcurrentAccess", "RepositoryAddIndexOutOfBounds", "RepoNameOrUriMissing", "not_valid"})
"""Errors that the core makes and that quote nothing which could be a secret."""


def restored(seed: bytes, snapshot: bytes) -> CosmosCore:
    """A core that continues from ``snapshot``. Raises `msgspec.DecodeError`."""
    return CosmosCore.restored(snapshot)


class Veil:
    """Credentials and queries of repositories' URLs are secrets. Messages of other daemons about a failed step may be
    secrets, because they may quote anything. Everything else is recorded as it is.
    """

    def __init__(self, key: bytes) -> None:
        self._names = Pseudonyms(key)
        self._why = ""
        """Of the present event; its effects end with it."""
        self.events: Hiders = dict.fromkeys(get_args(Event), self._event)
        self.effects: Hiders = dict.fromkeys((Persist, Log, Reply), self._effect)

    def _event(self, event: Event) -> Event:
        self._why = event.why if isinstance(event, StepFailed) else ""
        match event:
            case Recovered():
                return Recovered(self._changes(event.entries), self._repositories(event.repositories))
            case AddRepository():
                return msgspec.structs.replace(event, uri=self._uri(event.uri))
            case DeleteRepository():
                return msgspec.structs.replace(event, uri=None if event.uri is None else self._uri(event.uri))
            case StepFailed():
                return msgspec.structs.replace(event, why=self._names.of(event.why), error=self._body(event.error))
        return event

    def _effect(self, effect: Effect) -> Effect:
        match effect:
            case Persist():
                return Persist(effect.id, self._changes(effect.changes))
            case Log() if self._why and effect.text.endswith(self._why):
                return Log(effect.level, effect.text.removesuffix(self._why) + self._names.of(self._why))
            case Reply():
                return msgspec.structs.replace(effect, body=self._body(effect.body))
        return effect

    def snapshot(self, snapshot: bytes) -> bytes:
        found = msgspec.msgpack.decode(snapshot, type=CosmosSnapshot)
        found.repositories = self._repositories(found.repositories)
        self._why = ""
        found.writes = [(number, tuple(veiled(then, self.effects))) for number, then in found.writes]
        found.asked = [(request, self._waiting(asked)) for request, asked in found.asked]
        return msgspec.msgpack.encode(found)

    # --- repositories -------------------------------------------------------------------------------------------------

    def _uri(self, uri: str) -> str:
        return self._names.uri(uri, _SHORTEST)

    def _repositories(self, repositories: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
        return tuple((name, self._uri(uri)) for name, uri in repositories)

    def _changes(self, changes: tuple[tuple[str, Any], ...]) -> tuple[tuple[str, Any], ...]:
        return tuple(
            (key, stored(self._repositories(listed(value))) if key == REPOSITORIES and value is not None else value)
            for key, value in changes
        )

    # --- replies ------------------------------------------------------------------------------------------------------

    def _waiting(self, asked: WaitingRequest) -> WaitingRequest:
        return msgspec.structs.replace(asked, error=self._body(asked.error))

    def _body(self, body: bytes) -> bytes:
        """The body as the core would make it from an event with pseudonyms."""
        if not body:
            return body
        try:
            decoded = json.loads(body)
            if isinstance(decoded, list):
                return body
            if "repositories" in decoded:
                changed = [{**one, "uri": self._uri(one["uri"])} for one in decoded["repositories"]]
                return json.dumps({"repositories": changed}).encode()
            return json.dumps(self._error(decoded)).encode()
        except (ValueError, TypeError, KeyError, RecursionError):
            return b"?" * len(body)

    def _error(self, error: dict[str, Any]) -> dict[str, Any]:
        data = error.get("data") or {}
        uri = None if data.get("uri") is None else self._uri(data["uri"])
        match error["type"]:
            case "RepositoryAlreadyPresent":
                return errors.repository_present(data.get("name"), uri).body()
            case "RepositoryNotPresent":
                return errors.repository_missing(data.get("name"), uri).body()
            case "IncompleteUninstall":
                before, after = errors.incomplete(data["packageName"], "\0").message.split("\0")
                why = error["message"].removeprefix(before).removesuffix(after)
                return errors.incomplete(data["packageName"], self._names.of(why)).body()
            case kind if kind in _PLAIN:
                return error
        return {key: value if key == "type" else self._hidden(value) for key, value in error.items()}

    def _hidden(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._names.of(value)
        if isinstance(value, list):
            return [self._hidden(one) for one in value]
        if isinstance(value, dict):
            return {key: self._hidden(one) for key, one in value.items()}
        return value
