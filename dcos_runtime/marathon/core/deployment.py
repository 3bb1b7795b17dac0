"""A deployment: from some versions of some apps to others, in steps. What it is made of, and the steps' order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from dcos_runtime.marathon.core import groups
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.app import to_json as app_json

START, STOP, SCALE, RESTART = "StartApplication", "StopApplication", "ScaleApplication", "RestartApplication"


class Action(msgspec.Struct, frozen=True):
    """What is done with one run specification, which is always an app so far."""

    action: str
    app: str = msgspec.field(name="spec")


class Change(msgspec.Struct, frozen=True):
    """The change of one app: its versions before and after (``None``: it does not exist), and the instances to end
    first.
    """

    app: str = msgspec.field(name="spec")
    before: str | None
    after: str | None
    kill: list[str] = []


class Deployment(msgspec.Struct, kw_only=True, dict=True):
    """The record that is stored. ``step`` counts from 0, and is all that changes; at ``len(steps)`` it is done."""

    id: str
    version: str
    changes: list[Change]
    steps: list[list[Action]]
    step: int = 0

    @property
    def apps(self) -> list[str]:
        """The apps that it locks."""
        return [change.app for change in self.changes]

    @property
    def current(self) -> list[Action]:
        return self.steps[self.step] if self.step < len(self.steps) else []

    @cached_property
    def _changes(self) -> dict[str, Change]:
        return {change.app: change for change in self.changes}

    @cached_property
    def _actions(self) -> dict[str, tuple[int, str]]:
        """The step in which an app begins to change, and how. Starting an app makes no instances yet: these are made at
        its place in the order of dependencies.
        """
        found: dict[str, tuple[int, str]] = {}
        for number, actions in enumerate(self.steps):
            for action in actions:
                if action.action != START:
                    found.setdefault(action.app, (number, action.action))
        return found

    def change(self, app_id: str) -> Change | None:
        return self._changes.get(app_id)

    def reached(self, app_id: str) -> bool:
        """Whether the step that changes this app has begun, so that its new version is the valid one."""
        found = self._actions.get(app_id)
        return found is not None and found[0] <= self.step

    def restarting(self, app_id: str) -> bool:
        """Whether the present step restarts this app."""
        return self._actions.get(app_id) == (self.step, RESTART)


def plan_steps(before: Mapping[str, App | None], after: Mapping[str, App | None]) -> list[list[Action]]:
    """The steps from ``before`` to ``after`` (the same keys): stops, starts, then by dependency, layer by layer."""
    stops = [Action(STOP, app_id) for app_id in after if after[app_id] is None and before[app_id] is not None]
    starts = [Action(START, app_id) for app_id in after if after[app_id] is not None and before[app_id] is None]
    layers: dict[int, list[Action]] = {}
    depths = _depths(after)
    for app_id, app in after.items():
        if app is not None and (kind := _kind(before[app_id], app)) is not None:
            layers.setdefault(depths[app_id], []).append(Action(kind, app_id))
    return [step for step in (stops, starts, *(layers[depth] for depth in sorted(layers))) if step]


def _kind(before: App | None, after: App) -> str | None:
    if before is None:
        return SCALE
    if before.version == after.version:
        return None
    if after.instances == 0 or before.config_version == after.config_version:
        return SCALE
    return RESTART


def _depths(apps: Mapping[str, App | None]) -> dict[str, int]:
    """The length of the chain of dependencies in ``apps`` before each; apps in a cycle, and those that depend on them,
    come last. Follows every dependency once.
    """
    needs = {
        app_id: {other for other in app.dependencies if other in apps and other != app_id} if app is not None else set()
        for app_id, app in apps.items()
    }
    needed_by: dict[str, list[str]] = {}
    for app_id, others in needs.items():
        for other in others:
            needed_by.setdefault(other, []).append(app_id)
    depths: dict[str, int] = {}
    layer = [app_id for app_id, others in needs.items() if not others]
    depth = 0
    while layer:
        depths.update(dict.fromkeys(layer, depth))
        free = []
        for app_id in layer:
            for waiting in needed_by.get(app_id, ()):
                needs[waiting].discard(app_id)
                if not needs[waiting]:
                    free.append(waiting)
        layer, depth = free, depth + 1
    return {app_id: depths.get(app_id, depth) for app_id in apps}


def to_json(deployment: Deployment) -> dict[str, Any]:
    """The form of `/v2/deployments`."""
    return {
        "id": deployment.id,
        "version": deployment.version,
        "affectedApps": deployment.apps,
        "affectedPods": [],
        "steps": _steps(deployment),
        "currentActions": [{**_action(action), "readinessCheckResults": []} for action in deployment.current],
        "currentStep": min(deployment.step + 1, len(deployment.steps)),
        "totalSteps": len(deployment.steps),
    }


def plan_json(
    deployment: Deployment, before: Mapping[str, App | None], after: Mapping[str, App | None]
) -> dict[str, Any]:
    """The form in events; ``original`` and ``target`` hold the apps that the deployment concerns."""
    return {
        "id": deployment.id,
        "original": _tree(before),
        "target": _tree(after),
        "steps": _steps(deployment),
        "version": deployment.version,
    }


def _tree(apps: Mapping[str, App | None]) -> dict[str, Any]:
    return groups.tree([app for app in apps.values() if app is not None], app_json)


def step_json(actions: Sequence[Action]) -> dict[str, Any]:
    return {"actions": [_action(action) for action in actions]}


def _steps(deployment: Deployment) -> list[dict[str, Any]]:
    return [step_json(actions) for actions in deployment.steps]


def _action(action: Action) -> dict[str, Any]:
    return {"action": action.action, "app": action.app}


encode = msgspec.json.Encoder().encode
