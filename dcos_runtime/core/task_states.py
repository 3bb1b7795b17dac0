"""Which states a task ends in."""

from __future__ import annotations

from dcos_runtime.wire.ended import ENDED
from dcos_runtime.wire.tasks import TaskState

TERMINAL = frozenset(TaskState[name] for name in ENDED)
"""Nothing follows one of these: the task's resources are free again. TASK_UNREACHABLE and TASK_UNKNOWN are none."""
