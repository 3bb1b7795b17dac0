"""What is wrong with an inventory: every problem with its file, its line and its remedy, told all at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dcos_installer.errors import InstallerError


@dataclass(frozen=True, order=True)
class Problem:
    """One thing to mend. ``line`` counts from 1."""

    path: Path
    line: int
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message} ({self.remedy})"


class InventoryInvalid(InstallerError):
    """The inventory cannot be used. ``problems`` lists every reason, in the order of the file."""

    evidence_title = "problems:"

    def __init__(self, path: Path, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        count = "one problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        super().__init__(
            f"{path} has {count}",
            hint="mend what is listed; dcos-installer validate checks again and touches nothing",
            evidence="\n".join(str(problem) for problem in self.problems),
        )
