"""Which states a task ends in."""

from __future__ import annotations

from dcos_runtime.wire.tasks import TaskState

TERMINAL = frozenset(
    {
        TaskState.TASK_FINISHED,
        TaskState.TASK_FAILED,
        TaskState.TASK_KILLED,
        TaskState.TASK_ERROR,
        TaskState.TASK_LOST,
        TaskState.TASK_DROPPED,
        TaskState.TASK_GONE,
        TaskState.TASK_GONE_BY_OPERATOR,
    }
)
"""Nothing follows one of these: the task's resources are free again. TASK_UNREACHABLE and TASK_UNKNOWN are none."""
