"""The names of the states in which a task ends: as texts. `core.task_states` has them as an enum."""

from __future__ import annotations

ENDED = frozenset(
    f"TASK_{name}" for name in ("FINISHED", "FAILED", "KILLED", "ERROR", "LOST", "DROPPED", "GONE", "GONE_BY_OPERATOR")
)
