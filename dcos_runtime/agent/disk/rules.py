"""What a task may take of the disk, and how much of its output is kept: its resources, labels and variables. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dcos_runtime.agent.disk import logs
from dcos_runtime.agent.resources import MB, scalar
from dcos_runtime.flags import size
from dcos_runtime.wire.tasks import TaskInfo

MIN_DISK = MB
"""Less does not hold the folders that a container begins with."""


LAST_PROJECT = 2**32 - 1
"""What the kernel takes for no id at all."""


def disk_size(text: str) -> int:
    """A size that a task's disk may have. Raises ``ValueError``."""
    if (value := size(text)) < MIN_DISK:
        raise ValueError(f"expected {MIN_DISK >> 20}MB or more")
    return value


def project_range(text: str) -> tuple[int, int]:
    """``100000-165535``, with or without brackets: the first and the last. Raises ``ValueError``."""
    match = re.fullmatch(r"\s*\[?\s*(\d{1,10})\s*-\s*(\d{1,10})\s*\]?\s*", text)
    first, last = (int(match[1]), int(match[2])) if match else (0, 0)
    if not 1 <= first <= last < LAST_PROJECT:
        raise ValueError(f"expected two numbers from 1 to {LAST_PROJECT - 1}, such as 100000-165535")
    return first, last


@dataclass(frozen=True)
class DiskRules:
    """``default`` bytes are for a task that asked for none; ``caps`` are the agent's own for stdout and stderr."""

    enforced: bool
    default: int
    caps: dict[str, int]

    def limit(self, task: TaskInfo) -> int | None:
        """Bytes; never without a limit while limits are enforced."""
        if not self.enforced:
            return None
        asked = scalar(task.resources, "disk") * MB
        return max(MIN_DISK, int(min(asked, 2**60))) if asked > 0 else self.default

    def caps_of(self, task: TaskInfo) -> dict[str, int]:
        """Raises ``ValueError`` for a label or variable that is no size."""
        labels = {label.key: label.value or "" for label in task.labels.labels} if task.labels else {}
        command = task.command
        variables = command.environment.variables if command is not None and command.environment is not None else []
        return logs.own_caps(self.caps, labels, {variable.name: variable.value or "" for variable in variables})
