"""The error of the host's side: what happened, why, what to do, and the last evidence."""

from __future__ import annotations


class HostError(Exception):
    """An error for the operator. The installer shows it with the host's name in front."""

    unit = ""
    """The unit whose last lines ``evidence`` holds; empty: it holds something else."""

    def __init__(self, what: str, why: str = "", hint: str = "", evidence: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.hint = hint
        self.evidence = evidence

    def fields(self) -> dict[str, str]:
        """The fields of the installer's errors, with the unit if one failed."""
        found = {"what": self.what, "why": self.why, "hint": self.hint, "evidence": self.evidence}
        return {**found, "unit": self.unit} if self.unit else found
