"""Errors for people, when a daemon cannot start or go on: what happened, why, and what to do about it."""

from __future__ import annotations

from typing import ClassVar


class Explained(Exception):
    """``what`` happened, ``why``, and a ``hint``: what to do. None of them holds a secret.

    ``usual_hint`` is the one of a kind of error, for when nothing better is known where it is raised.
    """

    usual_hint: ClassVar[str] = ""

    def __init__(self, what: str, *, why: str = "", hint: str = "") -> None:
        self.what = what
        self.why = why
        self.hint = hint or self.usual_hint
        self._own_hint = hint
        super().__init__(what)

    def __str__(self) -> str:
        """In a line, without the usual hint: it may become a part of another line."""
        return _line(self.what, self.why, self._own_hint)


class Unstartable(Explained, OSError):
    """A daemon needs something that it does not get: an address, a folder, a socket. An ``OSError``, so that handlers
    of what the system refuses get this, too; ``errno`` is what the system said, if it did.
    """

    usual_hint = "see who has it, or give another"

    def __init__(self, what: str, *, why: str = "", hint: str = "", errno: int | None = None) -> None:
        super().__init__(what, why=why, hint=hint)
        self.errno = errno


def explain(error: BaseException) -> str:
    """The whole line for the person who starts a daemon."""
    if isinstance(error, Explained):
        return _line(error.what, error.why, error.hint)
    if isinstance(error, OSError) and error.strerror:
        if error.filename:
            return _line(f"{error.filename!s} cannot be used", error.strerror, "see that it is there and whose it is")
        return _line("this machine refuses it", error.strerror, "look at its disk, its memory and its limits")
    return str(error) or type(error).__name__


def _line(what: str, why: str, hint: str) -> str:
    return (f"{what}: {why}" if why else what) + (f"; {hint}" if hint else "")
