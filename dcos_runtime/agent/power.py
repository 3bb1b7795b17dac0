"""Whether the machine is being shut down, as systemd knows it."""

from __future__ import annotations

import os

from dcos_runtime.agent.containers import base

ASK_SECONDS = 5.0


async def machine_stops() -> bool:
    """Also when it will boot again. A machine without systemd is never said to be."""
    environment = {"PATH": os.environ.get("PATH") or base.DEFAULT_PATH}
    try:
        ran = await base.run(["systemctl", "is-system-running"], seconds=ASK_SECONDS, environment=environment)
    except (OSError, TimeoutError):
        return False
    return ran.output.strip() == "stopping"
