"""The core of the package manager: the list of repositories, and the uninstalls that are under way. Pure.

Everything else is kept elsewhere: what is installed, by the init in labels of apps; what can be installed, by the
repositories.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from dcos_runtime.core.frozen import Frozen, Log, Now, Persisted, PersistFailed, Reply, Tick
from dcos_runtime.core.timers import Timers
from dcos_runtime.core.writes import Writes
from dcos_runtime.cosmos.core import errors
from dcos_runtime.cosmos.core.effects import Carry, Effect, Refresh
from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.cosmos.core.events import (
    AddRepository,
    BeginUninstalls,
    DeleteRepository,
    Event,
    Recovered,
    StepDone,
    StepFailed,
)
from dcos_runtime.cosmos.core.uninstalls import Step, Uninstall, decode, encode, encode_all

JSON = "application/json"
REPOSITORIES = "lists/repositories"
UNINSTALLS = "uninstalls/"
MAX_REPOSITORIES = 100

AGAIN_SECONDS = 1.0
LONGEST_SECONDS = 30.0
"""Seconds between two tries of a step that fails: twice as long each time, between these limits."""


class UninstallDue(Frozen, frozen=True):
    """Time to try a step of this app's uninstall again."""

    app: str


class WaitingRequest(msgspec.Struct):
    """A request that waits for uninstalls: the ``apps`` that are not done yet, and the results of the others."""

    apps: list[str]
    done: list[bytes]
    status: int = 200
    error: bytes = b""
    """The first failure, with its ``status``: it is the reply once all are done."""


class CosmosSnapshot(msgspec.Struct):
    """All of the core's state."""

    repositories: tuple[tuple[str, str], ...]
    uninstalls: list[Uninstall]
    asked: list[tuple[int, WaitingRequest]]
    tries: list[tuple[str, int]]
    timers: list[tuple[float, UninstallDue]]
    last_write: int
    writes: list[tuple[int, tuple[Effect, ...]]]


class CosmosCore:
    """Takes events and the time, returns effects in the order they are to be done."""

    def __init__(self) -> None:
        self.repositories: tuple[tuple[str, str], ...] = ()
        self.uninstalls: dict[str, Uninstall] = {}
        self._asked: dict[int, WaitingRequest] = {}
        self._tries: dict[str, int] = {}
        self._timers: Timers[UninstallDue] = Timers()
        self._writes: Writes[tuple[Effect, ...]] = Writes()
        self._effects: list[Effect] = []

    # --- the dialect of cores ---

    def receive(self, event: Event, now: Now) -> list[Effect]:
        match event:
            case Recovered():
                self._recover(event)
            case AddRepository():
                self._answer(event.request, lambda: self._add(event))
            case DeleteRepository():
                self._answer(event.request, lambda: self._delete(event))
            case BeginUninstalls():
                self._answer(event.request, lambda: self._begin(event))
            case StepDone():
                self._advance(event)
            case StepFailed():
                self._fail(event, now)
            case Tick():
                for due in self._timers.fire(now.mono):
                    if (uninstall := self.uninstalls.get(due.app)) is not None:
                        self._effects.append(Carry(due.app, encode(uninstall)))
            case Persisted():
                self._effects.extend(self._writes.end(event.id) or ())
            case PersistFailed():
                self._writes.end(event.id)
        return self.take_effects()

    def take_effects(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects

    def next_deadline(self) -> float | None:
        return self._timers.next_deadline()

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode(
            CosmosSnapshot(
                self.repositories,
                list(self.uninstalls.values()),
                list(self._asked.items()),
                list(self._tries.items()),
                self._timers.entries(),
                self._writes.last,
                list(self._writes),
            )
        )

    @classmethod
    def restored(cls, snapshot: bytes) -> CosmosCore:
        """A core that continues from ``snapshot``. Raises `msgspec.DecodeError`."""
        found = msgspec.msgpack.decode(snapshot, type=CosmosSnapshot)
        core = cls()
        core.repositories = found.repositories
        core.uninstalls = {one.app: one for one in found.uninstalls}
        core._asked = dict(found.asked)
        core._tries = dict(found.tries)
        core._timers = Timers(found.timers)
        core._writes = Writes(found.last_write, found.writes)
        return core

    # --- repositories ---

    def _recover(self, event: Recovered) -> None:
        self.repositories = event.repositories
        for key, value in event.entries:
            if key == REPOSITORIES:
                self.repositories = listed(value)
            elif key.startswith(UNINSTALLS):
                uninstall = decode(value)
                self.uninstalls[uninstall.app] = uninstall
                text = (
                    f"going on with the uninstall of {uninstall.app} ({uninstall.package}) at: {uninstall.step.value}"
                )
                self._effects += [Log(logging.INFO, text), Carry(uninstall.app, value)]
        self._effects.append(Refresh())

    def _add(self, event: AddRepository) -> None:
        same_name = event.name if any(event.name == name for name, _ in self.repositories) else None
        same_uri = event.uri if any(event.uri == uri for _, uri in self.repositories) else None
        if same_name is not None or same_uri is not None:
            raise errors.repository_present(same_name, same_uri)
        many = len(self.repositories)
        if many >= MAX_REPOSITORIES:
            raise errors.not_valid(
                "body", "", f"there are {many} repositories already, and that is as many as there may be"
            )
        index = many if event.index is None else event.index
        if not 0 <= index <= many:
            raise errors.index_out_of_bounds(index, many)
        self._set((*self.repositories[:index], (event.name, event.uri), *self.repositories[index:]), event.request)

    def _delete(self, event: DeleteRepository) -> None:
        name, uri = event.name, event.uri
        if name is None and uri is None:
            raise errors.nameless()
        left = tuple(one for one in self.repositories if not (name in (None, one[0]) and uri in (None, one[1])))
        if left == self.repositories:
            raise errors.repository_missing(name, uri)
        self._set(left, event.request)

    def _set(self, repositories: tuple[tuple[str, str], ...], request: int) -> None:
        self.repositories = repositories
        body = json.dumps({"repositories": self.shown_repositories()}).encode()
        self._persist({REPOSITORIES: stored(repositories)}, Reply(request, 200, body, JSON), Refresh())

    def shown_repositories(self) -> list[dict[str, str]]:
        return [{"name": name, "uri": uri} for name, uri in self.repositories]

    # --- uninstalls ---

    def _begin(self, event: BeginUninstalls) -> None:
        begun = [decode(one) for one in event.uninstalls]
        for uninstall in begun:
            if (previous := self.uninstalls.get(uninstall.app)) is not None:
                raise errors.busy(uninstall.app, f"being uninstalled already, at: {previous.step.value}")
        self.uninstalls.update((uninstall.app, uninstall) for uninstall in begun)
        self._asked[event.request] = WaitingRequest([uninstall.app for uninstall in begun], [])
        whole = list(zip(begun, event.uninstalls, strict=True))
        self._persist(
            {_key(uninstall.app): value for uninstall, value in whole},
            *(Carry(uninstall.app, value) for uninstall, value in whole),
        )

    def _advance(self, event: StepDone) -> None:
        if event.app not in self.uninstalls:
            return
        known = decode(event.uninstall)
        self._tries.pop(event.app, None)
        uninstall = replace_step(known, known.next_step)
        value = encode(uninstall)
        if uninstall.step is Step.DONE:
            del self.uninstalls[event.app]
            text = f"uninstalled {event.app} ({uninstall.package})"
            done = [Log(logging.INFO, text)]
            done += [Log(logging.WARNING, f"{text}, but not freed is {one}") for one in uninstall.left]
            self._persist({_key(event.app): None}, *done, *self._replies(event.app, 200, value))
            return
        self.uninstalls[event.app] = uninstall
        replies = self._replies(event.app, 200, value) if known.step is Step.MARK else ()
        self._persist({_key(event.app): value}, *replies, Carry(event.app, value))

    def _fail(self, event: StepFailed, now: Now) -> None:
        uninstall = self.uninstalls.get(event.app)
        if uninstall is None:
            return
        step = uninstall.step.value
        if event.error:
            del self.uninstalls[event.app]
            self._tries.pop(event.app, None)
            text = f"the uninstall of {event.app} ({uninstall.package}) ends at {step}: {event.why}"
            self._effects.append(Log(logging.ERROR, text))
            self._persist({_key(event.app): None}, *self._replies(event.app, event.status, event.error))
            return
        tries = self._tries[event.app] = self._tries.get(event.app, 0) + 1
        seconds = min(AGAIN_SECONDS * 2 ** min(tries - 1, 10), LONGEST_SECONDS)
        self._timers.set(UninstallDue(event.app), now.mono + seconds)
        if tries in (1, 5) or tries % 20 == 0:
            text = f"the uninstall of {event.app} ({uninstall.package}) waits at {step}: {event.why}"
            self._effects.append(Log(logging.INFO if uninstall.step is Step.WAIT else logging.WARNING, text))
        if tries == 5 and uninstall.step is not Step.WAIT:
            error = errors.incomplete(uninstall.package, event.why)
            self._effects += self._replies(event.app, error.status, json.dumps(error.body()).encode())

    def _replies(self, app: str, status: int, body: bytes) -> list[Reply]:
        """The replies to requests that wait for this uninstall and for no other."""
        for request, asked in self._asked.items():
            if app not in asked.apps:
                continue
            asked.apps.remove(app)
            if status < 300:
                asked.done.append(body)
            elif not asked.error:
                asked.status, asked.error = status, body
            if asked.apps:
                return []
            del self._asked[request]
            return [Reply(request, asked.status, asked.error or encode_all(asked.done), JSON)]
        return []

    # --- both ---

    def _persist(self, changes: Mapping[str, bytes | None], *then: Effect) -> None:
        self._effects.append(self._writes.begin(tuple(changes.items()), then))

    def _answer(self, request: int, work: Any) -> None:
        try:
            work()
        except CosmosError as error:
            self._effects.append(Reply(request, error.status, json.dumps(error.body()).encode(), JSON))


def listed(value: bytes) -> tuple[tuple[str, str], ...]:
    """Reads the list of repositories as `stored` wrote it. Raises ``ValueError``."""
    return tuple((str(name), str(uri)) for name, uri in json.loads(value))


def stored(repositories: tuple[tuple[str, str], ...]) -> bytes:
    return json.dumps(repositories).encode()


def replace_step(uninstall: Uninstall, step: Step) -> Uninstall:
    return msgspec.structs.replace(uninstall, step=step)


def _key(app: str) -> str:
    return UNINSTALLS + app.strip("/")
