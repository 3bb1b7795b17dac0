"""The errors of repositories and packages: what happened, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class UniverseError(Exception):
    """A package or a repository cannot be read, made or published. Library code raises it and never prints."""

    def __init__(self, what: str, *, why: str = "", hint: str = "") -> None:
        self.what = what
        self.why = why
        self.hint = hint
        super().__init__(what)

    def __str__(self) -> str:
        lines = [self.what]
        if self.why:
            lines.append(f"why: {self.why}")
        if self.hint:
            lines.append(f"what to do: {self.hint}")
        return "\n".join(lines)


def refusal(fault: OSError) -> str:
    """The system's error, with the file."""
    reason = fault.strerror or str(fault)
    return f"{fault.filename}: {reason}" if fault.filename is not None else reason


def unreadable(path: object, fault: OSError) -> UniverseError:
    return UniverseError(
        f"{path} cannot be read", why=fault.strerror or str(fault), hint="look at its rights and at the disk"
    )


@contextmanager
def explained_faults(what: str, hint: str) -> Iterator[None]:
    """Turns errors of the system (a full disk, missing rights, too many links) into `UniverseError`."""
    try:
        yield
    except OSError as fault:
        raise UniverseError(what, why=refusal(fault), hint=hint) from fault
