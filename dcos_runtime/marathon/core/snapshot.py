"""The state of the init's core as one value in msgpack, and back: the beginning of a recording."""

from __future__ import annotations

from typing import Protocol

import msgspec

from dcos_runtime.core.seeds import SourceState
from dcos_runtime.core.timers import Timers
from dcos_runtime.core.writes import Writes
from dcos_runtime.marathon.core import app as apps
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.deployment import Deployment
from dcos_runtime.marathon.core.effects import EndProcess
from dcos_runtime.marathon.core.health import Health
from dcos_runtime.marathon.core.instance import Instance
from dcos_runtime.marathon.core.launching import LaunchQueue, OffersAsked
from dcos_runtime.marathon.core.matching import Statistics
from dcos_runtime.marathon.core.outbox import Decided
from dcos_runtime.marathon.core.roles import Roles
from dcos_runtime.marathon.core.state import AppState, Delay, Failure
from dcos_runtime.marathon.core.stored import Group
from dcos_runtime.marathon.core.timing import Timer, Writing
from dcos_runtime.marathon.core.world import Settings, World


class Whole(Protocol):
    """The parts of an `InitCore` that hold its state."""

    world: World
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
    told: list[str] | None
    subscribed: bool
    ending: EndProcess | None


decode = msgspec.msgpack.Decoder(Snapshot).decode
encode = msgspec.msgpack.Encoder().encode


def take(core: Whole) -> bytes:
    world = core.world
    return encode(
        Snapshot(
            settings=world.settings,
            source=world.source.state(),
            apps=[_kept(state) for state in world.apps.values()],
            groups=[world.tree.nodes[group_id].group for group_id in sorted(world.tree.nodes)],
            deployments=list(world.deployments.values()),
            framework_id=world.framework_id,
            dirty=list(world.dirty),
            timers=world.timers.entries(),
            written=world.outbox.writes.last,
            writes=list(world.outbox.writes),
            closed=list(world.outbox.closed),
            open=world.outbox.open,
            waiting=list(core.launching.waiting.items()),
            asked=core.launching.asked,
            told=None if core.roles.told is None else sorted(core.roles.told),
            subscribed=core.subscribed,
            ending=core.ending,
        )
    )


def fill(core: Whole, found: Snapshot) -> None:
    """Fills a new core with the state of another."""
    world = core.world
    for group in found.groups:
        world.tree.take(group)
    for kept in found.apps:
        world.apps[kept.id] = _state(kept)
    for state in world.apps.values():
        for definition in state.versions.values():
            world.sizes[definition.id, definition.version] = len(apps.encode(definition))
            world.tree.add(definition.id)
        for instance in state.instances.values():
            world.app_of[instance.id] = state
            if instance.has_task:
                world.by_task[instance.task_id] = instance
    world.deployments.update({deployment.id: deployment for deployment in found.deployments})
    world.framework_id = found.framework_id
    world.touch(found.dirty)
    world.timers = Timers(found.timers)
    world.outbox.writes = Writes(found.written, found.writes)
    world.outbox.closed.extend(found.closed)
    world.outbox.open = found.open
    core.launching.waiting.update(found.waiting)
    core.launching.asked = found.asked
    for app_id in world.apps:
        core.roles.look(app_id)
    core.roles.told = None if found.told is None else frozenset(found.told)
    core.subscribed = found.subscribed
    core.ending = found.ending


def _kept(state: AppState) -> AppSnapshot:
    return AppSnapshot(
        id=state.id,
        versions=list(state.versions.values()),
        current=None if state.current is None else state.current.version,
        instances=list(state.instances.values()),
        delay=state.delay,
        failure=state.failure,
        health=list(state.health.items()),
        statistics=state.statistics,
        waiting_since=state.waiting_since,
        trouble=state.trouble,
    )


def _state(kept: AppSnapshot) -> AppState:
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
