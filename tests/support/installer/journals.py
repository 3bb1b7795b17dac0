"""What tests read off the journal of a run."""

from __future__ import annotations

from collections.abc import Iterable

from dcos_installer.plan.journal import Record


def cut_off(records: Iterable[Record]) -> bool:
    """Whether the last run never came to its end."""
    last = ""
    for record in records:
        if record.kind in ("run", "end"):
            last = record.kind
    return last == "run"
