"""A command that joins an OCI container which runs: its cgroup, its folder, and what the OCI runtime is told."""

from __future__ import annotations

import json
from pathlib import Path

from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.containers.sessions import ExecCommand
from dcos_runtime.agent.isolators import killing
from dcos_runtime.agent.isolators.base import Document
from dcos_runtime.agent.launchers import attendant, bundle
from dcos_runtime.agent.removal import remove

COMMANDS = "exec-"
"""Prefix of the cgroups, and of the folders, of commands that run in a container beside its first process."""


def join(
    place: ContainerPlace, name: str, command: ExecCommand, cgroups: Cgroups, runtime: str, state: Path
) -> Document:
    """Makes the cgroup ``name`` for a command, and its folder; returns what the attendant is told. Blocks. Raises
    ``OSError``.
    """
    document = json.loads((place.folder / "bundle" / "config.json").read_text())
    cgroups.make_below(place.cgroup, name)
    folder = place.folder / name
    folder.mkdir(mode=0o700)
    process = folder / "process.json"
    process.touch(mode=0o600)
    process.write_text(json.dumps(bundle.joining(document, command)))
    log_file, pid_file = str(folder / "log"), str(folder / "pid")
    # The agent pauses containers for moments, in which runc would refuse; crun waits.
    paused = ("--ignore-paused",) if Path(runtime).name == "runc" else ()
    console = ("--console-socket", attendant.CONSOLE) if command.window is not None else ()
    return {
        "runtime": [
            runtime,
            *("--root", str(state), "--log", log_file, "--log-format", "json", "exec", "--detach"),
            *("--process", str(process), "--pid-file", pid_file, "--cgroup", name, *paused, *console),
            place.container_id,
        ],
        "log": log_file,
        "pid_file": pid_file,
    }


def sweep_left(place: ContainerPlace, cgroups: Cgroups) -> None:
    """Ends what commands have left that ran when a former agent was killed. Blocks."""
    for folder in place.folder.glob(f"{COMMANDS}*"):
        killing.sweep(cgroups, f"{place.cgroup}/{folder.name}")
        remove(folder)
