"""The state of the init's core as one value in msgpack, and back: the beginning of a recording."""

from __future__ import annotations

from typing import Protocol

import msgspec

from dcos_runtime.core.seeds import SourceState
from dcos_runtime.core.timers import Timers
from dcos_runtime.core.writes import Writes
from dcos_runtime.marathon.core import app as apps
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.app_state import AppState, Delay, Failure
from dcos_runtime.marathon.core.deployment import Deployment
from dcos_runtime.marathon.core.effects import EndProcess
from dcos_runtime.marathon.core.health import Health
from dcos_runtime.marathon.core.instance import Instance
from dcos_runtime.marathon.core.launching import LaunchQueue, OffersAsked
from dcos_runtime.marathon.core.matching import Statistics
from dcos_runtime.marathon.core.outbox import Decided
from dcos_runtime.marathon.core.roles import Roles
from dcos_runtime.marathon.core.state import Settings, State
from dcos_runtime.marathon.core.stored import Group
from dcos_runtime.marathon.core.timing import Timer, Writing


class Whole(Protocol):
    """The parts of an `InitCore` that hold its state."""

    state: State
    launching: LaunchQueue
    roles: Roles
    subscribed: bool
    ending: EndProcess | None


class AppSnapshot(msgspec.Struct, kw_only=True):
    """An `AppState`; ``current`` is the name of one of the ``versions``."""

    id: str
    versions: list[App]
    current: str | None
    instances: list[Instance]
    delay: Delay | None
    failure: Failure | None
    health: list[tuple[str, Health]]
    statistics: Statistics
    waiting_since: float | None
    trouble: str | None


class Snapshot(msgspec.Struct, kw_only=True):
    """All of the core's state, in msgpack."""

    settings: Settings
    source: SourceState
    apps: list[AppSnapshot]
    groups: list[Group]
    deployments: list[Deployment]
    framework_id: str | None
    dirty: list[str]
    timers: list[tuple[float, Timer]]
    written: int
    writes: list[tuple[int, Writing]]
    closed: list[Decided]
    open: Decided
    waiting: list[tuple[str, int]]
    asked: OffersAsked
    subscribed_roles: list[str] | None
    subscribed: bool
    ending: EndProcess | None


decode = msgspec.msgpack.Decoder(Snapshot).decode
encode = msgspec.msgpack.Encoder().encode


def take(core: Whole) -> bytes:
    state = core.state
    return encode(
        Snapshot(
            settings=state.settings,
            source=state.source.state(),
            apps=[_kept(app_state) for app_state in state.apps.values()],
            groups=[state.tree.nodes[group_id].group for group_id in sorted(state.tree.nodes)],
            deployments=list(state.deployments.values()),
            framework_id=state.framework_id,
            dirty=list(state.dirty),
            timers=state.timers.entries(),
            written=state.outbox.writes.last,
            writes=list(state.outbox.writes),
            closed=list(state.outbox.closed),
            open=state.outbox.open,
            waiting=list(core.launching.waiting.items()),
            asked=core.launching.asked,
            subscribed_roles=None if core.roles.subscribed is None else sorted(core.roles.subscribed),
            subscribed=core.subscribed,
            ending=core.ending,
        )
    )


def fill(core: Whole, found: Snapshot) -> None:
    """Fills a new core with the state of another."""
    state = core.state
    for group in found.groups:
        state.tree.take(group)
    for kept in found.apps:
        state.apps[kept.id] = _app_state(kept)
    for app_state in state.apps.values():
        for definition in app_state.versions.values():
            state.sizes[definition.id, definition.version] = len(apps.encode(definition))
            state.tree.add(definition.id)
        for instance in app_state.instances.values():
            state.app_of[instance.id] = app_state
            if instance.has_task:
                state.by_task[instance.task_id] = instance
    state.deployments.update({deployment.id: deployment for deployment in found.deployments})
    state.framework_id = found.framework_id
    state.touch(found.dirty)
    state.timers = Timers(found.timers)
    state.outbox.writes = Writes(found.written, found.writes)
    state.outbox.closed.extend(found.closed)
    state.outbox.open = found.open
    core.launching.waiting.update(found.waiting)
    core.launching.asked = found.asked
    for app_id in state.apps:
        core.roles.look(app_id)
    core.roles.subscribed = None if found.subscribed_roles is None else frozenset(found.subscribed_roles)
    core.subscribed = found.subscribed
    core.ending = found.ending


def _kept(app_state: AppState) -> AppSnapshot:
    return AppSnapshot(
        id=app_state.id,
        versions=list(app_state.versions.values()),
        current=None if app_state.current is None else app_state.current.version,
        instances=list(app_state.instances.values()),
        delay=app_state.delay,
        failure=app_state.failure,
        health=list(app_state.health.items()),
        statistics=app_state.statistics,
        waiting_since=app_state.waiting_since,
        trouble=app_state.trouble,
    )


def _app_state(kept: AppSnapshot) -> AppState:
    versions = {definition.version: definition for definition in kept.versions}
    return AppState(
        id=kept.id,
        versions=versions,
        current=None if kept.current is None else versions[kept.current],
        instances={instance.id: instance for instance in kept.instances},
        delay=kept.delay,
        failure=kept.failure,
        health=dict(kept.health),
        statistics=kept.statistics,
        waiting_since=kept.waiting_since,
        trouble=kept.trouble,
    )
