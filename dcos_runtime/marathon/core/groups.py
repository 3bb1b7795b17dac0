"""The tree of groups from app ids: a group exists as long as an app is below it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from dcos_runtime.marathon.core.app import App

NO_VERSION = "1970-01-01T00:00:00.000Z"


def tree(apps: Collection[App], show: Callable[[App], dict[str, Any]], group_id: str = "/") -> dict[str, Any]:
    """The group with all below it, as Marathon's JSON; ``show`` makes that of an app."""
    prefix = group_id.rstrip("/") + "/"
    mine: list[App] = []
    below: dict[str, list[App]] = {}
    version = NO_VERSION
    for app in apps:
        if app.id.startswith(prefix):
            name, slash, _ = app.id[len(prefix) :].partition("/")
            (below.setdefault(name, []) if slash else mine).append(app)
            version = max(version, app.version)
    return {
        "id": group_id,
        "apps": [show(app) for app in mine],
        "groups": [tree(below[name], show, prefix + name) for name in sorted(below)],
        "pods": [],
        "dependencies": [],
        "version": version,
    }
