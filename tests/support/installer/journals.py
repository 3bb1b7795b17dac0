"""Facts from the journal of a run."""

from __future__ import annotations

from collections.abc import Iterable

from dcos_installer.plan.journal import Record


def cut_off(records: Iterable[Record]) -> bool:
    """Whether the last run has no end."""
    last = ""
    for record in records:
        if record.kind in ("run", "end"):
            last = record.kind
    return last == "run"
