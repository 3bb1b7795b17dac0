"""The installer's one error base: what happened, why, and what to do about it."""

from __future__ import annotations

from typing import Any


class InstallerError(Exception):
    """An error for the operator. ``what`` happened, ``why``, and ``hint``: what to do.

    ``evidence`` holds the last output (a unit's log lines, a command's stderr), shown in full below the rest.
    ``final``: the same command would always fail again, so no hint says how to resume it. Library code raises it; only
    ``cli`` prints it and exits.
    """

    evidence_title = "last seen:"
    logs_of = ""
    """The unit whose last lines ``evidence`` holds; empty: it holds other output."""

    def __init__(self, what: str, *, why: str = "", hint: str = "", evidence: str = "", final: bool = False) -> None:
        self.what = what
        self.why = why
        self.hint = hint
        self.evidence = evidence
        self.final = final
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"why: {self.why}")
        if self.evidence:
            lines.append(self.evidence_title)
            lines += [f"  {line}" for line in self.evidence.rstrip().splitlines()]
        if self.hint:
            lines.append(f"what to do: {self.hint}")
        return "\n".join(lines)


class ProcessFailed(InstallerError):
    """A command ended with a code other than zero, or could not be started."""

    def __init__(self, what: str, *, returncode: int | None, **rest: Any) -> None:
        self.returncode = returncode
        super().__init__(what, **rest)


class DeadlinePassed(InstallerError):
    """A step did not end in time. ``evidence`` holds its last output."""


class StateError(InstallerError):
    """The operator's state directory cannot be used."""


class LockHeld(InstallerError):
    """Another operator works on this cluster."""
