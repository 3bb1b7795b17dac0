"""What a task may take of the disk, and how much of its output is kept: its resources, labels and variables. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from dcos_runtime.agent.disk import logs
from dcos_runtime.agent.resources import MB, scalar
from dcos_runtime.flags.agent import SMALLEST_DISK
from dcos_runtime.wire.tasks import TaskInfo


@dataclass(frozen=True)
class DiskRules:
    """``default`` bytes are for a task that asked for none; ``caps`` are the agent's caps for stdout and stderr."""

    enforced: bool
    default: int
    caps: dict[str, int]

    def limit(self, task: TaskInfo) -> int | None:
        """The limit of the sandbox in bytes; always set while limits are enforced. Persistent volumes are not in it."""
        if not self.enforced:
            return None
        own = [one for one in task.resources if one.disk is None or one.disk.persistence is None]
        asked = scalar(own, "disk") * MB
        return max(SMALLEST_DISK, int(min(asked, 2**60))) if asked > 0 else self.default

    def caps_of(self, task: TaskInfo) -> dict[str, int]:
        """Raises ``ValueError`` for a label or variable that is not a size."""
        labels = {label.key: label.value or "" for label in task.labels.labels} if task.labels else {}
        command = task.command
        variables = command.environment.variables if command is not None and command.environment is not None else []
        return logs.own_caps(self.caps, labels, {variable.name: variable.value or "" for variable in variables})
