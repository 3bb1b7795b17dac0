"""What went wrong with an image: what happened, why, what to do, and the last evidence."""

from __future__ import annotations


class ImageError(Exception):
    """An image cannot be described, built or found. Library code raises it; nothing here prints or exits."""

    def __init__(self, what: str, *, why: str = "", hint: str = "", evidence: str = "") -> None:
        self.what = what
        self.why = why
        self.hint = hint
        self.evidence = evidence
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"why: {self.why}")
        if self.hint:
            lines.append(f"what to do: {self.hint}")
        if self.evidence:
            lines.append("last seen:")
            lines += [f"  {line}" for line in self.evidence.rstrip().splitlines()]
        return "\n".join(lines)
