"""Problems of an inventory: each with its file, line and remedy, all reported at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dcos_installer.errors import InstallerError
from dcos_runtime.counting import counted


@dataclass(frozen=True, order=True)
class Problem:
    """One problem. ``line`` counts from 1."""

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
        count = counted(len(self.problems), "problem")
        super().__init__(
            f"{path} has {count}",
            hint="correct what is listed; dcos-installer validate checks again and changes nothing",
            evidence="\n".join(str(problem) for problem in self.problems),
        )
