"""Events: the progress of a run. `report` shows them, `--json` prints them; docs/installer.md lists them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Kind = Literal[
    "run-started",
    "phase-started",
    "phase-skipped",
    "phase-finished",
    "phase-failed",
    "change-started",
    "change-finished",
    "change-failed",
    "would-change",
    "note",
    "plan",
    "status",
    "administrator",
    "run-finished",
    "run-failed",
]


@dataclass(frozen=True)
class Event:
    """One thing that happened. ``host`` is empty when it is about the whole cluster; ``seconds`` is how long it took.

    ``data`` holds the fields of this kind.
    """

    kind: Kind
    time: float
    phase: str = ""
    host: str = ""
    text: str = ""
    seconds: float | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The event without its empty fields."""
        return {key: value for key, value in asdict(self).items() if value not in ("", None, {})}


Sink = Callable[[Event], None]
"""Takes events, from any thread, and returns at once."""
