"""Ansible action ``dcos_host``: sends one machine its request and stores its answer, in one round trip.

The play names two folders: ``requests`` (``<host>.json``, read) and ``answers`` (``<host>.json``, written), and a file
``code`` with the result of `payload.code`. So the play's arguments are the same for every host, no part of a manifest
passes through Ansible's templating, and the results of a thousand hosts are small.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from dcos_installer.ansible import payload
from dcos_installer.errors import InstallerError


class ActionModule(ActionBase):
    """One request, one answer."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        arguments = self._task.args
        name = (task_vars or {})["inventory_hostname"]
        request = (Path(arguments["requests"]) / f"{name}.json").read_bytes()
        code = Path(arguments["code"]).read_bytes()
        answered = self.ask(name, payload.enveloped(code, request))
        (Path(arguments["answers"]) / f"{name}.json").write_text(json.dumps(answered))
        return {"changed": bool(answered.get("changes")), "failed": "error" in answered}

    def ask(self, name: str, data: bytes) -> dict[str, Any]:
        """Runs the host's side with ``data`` and returns its answer."""
        try:
            # Directly over the connection: one of Ansible's own modules would first be zipped, copied and unpacked.
            done = self._low_level_execute_command(payload.COMMAND, in_data=data)  # type: ignore[no-untyped-call]  # Ansible has no types
            return payload.answer(name, done["rc"], done["stdout"].encode(), done["stderr"].encode())
        except InstallerError as error:
            fields = {"what": error.what, "why": error.why, "hint": error.hint, "evidence": error.evidence}
            return {"error": fields}
