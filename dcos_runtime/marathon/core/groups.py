"""The tree of groups that app ids span: a group is there as long as an app is below it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from dcos_runtime.marathon.core.app import App

NO_VERSION = "1970-01-01T00:00:00.000Z"


def tree(apps: Collection[App], show: Callable[[App], dict[str, Any]], group_id: str = "/") -> dict[str, Any]:
    """The group with all below it, as the original's JSON; ``show`` tells an app's."""
    prefix = group_id.rstrip("/") + "/"
    mine = [app for app in apps if app.id.startswith(prefix)]
    names = sorted({app.id[len(prefix) :].split("/")[0] for app in mine if "/" in app.id[len(prefix) :]})
    return {
        "id": group_id,
        "apps": [show(app) for app in mine if "/" not in app.id[len(prefix) :]],
        "groups": [tree(mine, show, prefix + name) for name in names],
        "pods": [],
        "dependencies": [],
        "version": max((app.version for app in mine), default=NO_VERSION),
    }
