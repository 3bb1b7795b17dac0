"""Ansible action ``dcos_facts``: reads the host's facts for the roles, in one round trip."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from dcos_installer.ansible import standalone


class ActionModule(ActionBase):
    """See `standalone.facts`."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return standalone.facts(self, task_vars or {})
