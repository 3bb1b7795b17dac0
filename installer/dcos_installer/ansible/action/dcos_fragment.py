"""Ansible action ``dcos_fragment``: adds what one role lays down to the host's manifest. Asks no host."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase

from dcos_installer.ansible import standalone


class ActionModule(ActionBase):
    """See `standalone.add_fragment`."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        return standalone.add_fragment(self, task_vars or {})
