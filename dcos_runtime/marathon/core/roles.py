"""The framework's roles: the init's own, and those of apps, which are added and removed with them. An app has the
init's role, or that of its top-level group (``/dev/a``: ``dev``).
"""

from __future__ import annotations

import msgspec

from dcos_runtime.marathon.core.app_state import AppState
from dcos_runtime.marathon.core.state import State
from dcos_runtime.wire import calls
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import FrameworkID


class Roles:
    """Keeps the roles at the master up to date. ``subscribed``: the roles that the master has; forgotten with the
    subscription.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._of: dict[str, frozenset[str]] = {}
        self.subscribed: frozenset[str] | None = None
        for app_id in state.apps:
            self.look(app_id)

    def look(self, app_id: str) -> None:
        """Notes the roles that an app needs now."""
        app_state = self._state.apps.get(app_id)
        roles = frozenset() if app_state is None else self._needed(app_state)
        if roles:
            self._of[app_id] = roles
        else:
            self._of.pop(app_id, None)

    def introduction(self) -> FrameworkInfo:
        """The FrameworkInfo of the init at this moment."""
        found = (self._needed(app_state) for app_state in self._state.apps.values())
        return self._info(frozenset({self._state.settings.rules.role}).union(*found))

    def update(self, suppressed: bool) -> None:
        """Sends the roles when they differ from the master's. ``suppressed``: no offers are wanted now."""
        wanted = frozenset({self._state.settings.rules.role}).union(*self._of.values())
        if self.subscribed is not None and wanted != self.subscribed:
            self.subscribed = wanted
            info = self._info(wanted)
            self._state.send(calls.update_framework(info, info.roles if suppressed else ()))

    def _info(self, roles: frozenset[str]) -> FrameworkInfo:
        framework_id = self._state.framework_id
        return msgspec.structs.replace(
            self._state.settings.info,
            id=None if framework_id is None else FrameworkID(value=framework_id),
            roles=sorted(roles),
        )

    def _needed(self, app_state: AppState) -> frozenset[str]:
        """The roles of the current definition, of the one that is being deployed, and of tasks that still run."""
        roles = {app.role for app in (app_state.current, self._state.active(app_state)) if app is not None}
        for instance in app_state.instances.values():
            if instance.role not in roles and instance.has_task:
                roles.add(instance.role)
        return frozenset(roles)
