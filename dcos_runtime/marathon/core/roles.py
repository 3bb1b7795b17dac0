"""The roles to be offered resources for: the init's own, and those of apps, which come and go with these.

An app has the init's role, or that of the top-level group it is in (``/dev/a``: ``dev``).
"""

from __future__ import annotations

from dcos_runtime.marathon.core.effects import Introduce
from dcos_runtime.marathon.core.world import AppState, World


class Roles:
    """Keeps the master told. What was told last is forgotten with the subscription."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._of: dict[str, frozenset[str]] = {}
        self._told: frozenset[str] | None = None

    def look(self, app_id: str) -> None:
        """Takes note of the roles that an app needs now."""
        state = self._world.apps.get(app_id)
        roles = frozenset() if state is None else self._needed(state)
        if roles:
            self._of[app_id] = roles
        else:
            self._of.pop(app_id, None)

    def introduce(self) -> list[str]:
        """What to tell the master, who is being told."""
        for app_id in self._world.apps:
            self.look(app_id)
        self._told = self._wanted()
        return sorted(self._told)

    def disconnected(self) -> None:
        self._told = None

    def settle(self, suppressed: bool) -> None:
        """Has the master told when there are others than it knows of. ``suppressed``: no offers are wanted now."""
        wanted = self._wanted()
        if self._told is not None and wanted != self._told:
            self._told = wanted
            self._world.effect(Introduce(suppressed))

    def _wanted(self) -> frozenset[str]:
        return frozenset({self._world.settings.rules.role}).union(*self._of.values())

    def _needed(self, state: AppState) -> frozenset[str]:
        """Of the definition that holds, of the one that is to, and of what still runs."""
        apps = [app for app in (state.current, self._world.active(state)) if app is not None]
        running = {instance.role for instance in state.instances.values() if instance.has_task}
        return frozenset(running.union(app.role for app in apps))
