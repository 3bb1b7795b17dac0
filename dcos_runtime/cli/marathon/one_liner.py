"""From a command line to an app definition, and from a running app to the lines that show where it runs."""

from __future__ import annotations

import random
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dcos_runtime.cli.errors import USAGE, CliError
from dcos_runtime.cli.kernel.master import Task
from dcos_runtime.cli.marathon.app_names import readable_id
from dcos_runtime.cli.marathon.client import app_path


def app_of(
    command: Sequence[str],
    *,
    name: str | None,
    cpus: float,
    mem: float,
    disk: float,
    instances: int,
    env: Sequence[str],
    ports: Sequence[int],
    user: str | None,
) -> dict[str, Any]:
    """The definition to add. One word is a shell line, several are quoted into one. Raises `CliError` (usage)."""
    fixed = [port for port in ports if port]
    if len(set(fixed)) < len(fixed):
        raise CliError("a port is given twice", exit_code=USAGE)
    app: dict[str, Any] = {
        "id": app_path(name or readable_id(random.SystemRandom())),
        "cmd": command[0] if len(command) == 1 else shlex.join(command),
        "cpus": cpus,
        "mem": mem,
        "disk": disk,
        "instances": instances,
        "env": _environment(env),
        "portDefinitions": [{"port": port} for port in ports],
        # Without it a port number is only a hint, and the host may get any other port.
        "requirePorts": bool(fixed),
    }
    return app | ({"user": user} if user else {})


def _environment(pairs: Sequence[str]) -> dict[str, str]:
    wrong = [pair for pair in pairs if pair.partition("=")[0] == "" or "=" not in pair]
    if wrong:
        raise CliError("--env takes KEY=VALUE", details=wrong, exit_code=USAGE)
    return dict(pair.split("=", 1) for pair in pairs)


def describe(app: Mapping[str, Any], ended: Task | None = None) -> Iterator[str]:
    """Each task with its host, and ports if any (or the one that ``ended``); then how to see what it prints."""
    if ended is not None:
        yield f"task   {ended.id}"
        yield f"host   {ended.host or '-'}"
    for task in app.get("tasks", []):
        ports = [str(port) for port in task.get("ports") or []]
        where = str(task.get("host") or "-")
        yield f"task   {task.get('id')}"
        yield f"host   {where}" + (f"   ports {' '.join(ports)}" if ports else "")
    yield f"log    dcos task log -f {app.get('id')}"
