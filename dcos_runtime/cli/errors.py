"""The error of a command, as the user sees it: what happened, the details one a line, and what to do."""

from __future__ import annotations

from collections.abc import Sequence

FAILURE = 1
USAGE = 2


_USUAL_HINTS = {
    FAILURE: "--log-level=debug shows what was asked, and what came back",
    USAGE: "--help lists the command's options",
}


class CliError(Exception):
    """A command cannot go on. ``hints`` are things to try, a sentence each; there is one where no detail says more."""

    def __init__(
        self, what: str, *, details: Sequence[str] = (), hints: Sequence[str] = (), exit_code: int = FAILURE
    ) -> None:
        super().__init__(what)
        self.details = tuple(details)
        self.hints = tuple(hints) or (() if details else (_USUAL_HINTS[exit_code],))
        self.exit_code = exit_code

    def text(self) -> str:
        """The whole message. Texts may come from a server: control characters are escaped."""
        from dcos_runtime.cli.output import clean

        lines = [f"dcos: {clean(str(self))}"]
        lines += [f"  {clean(detail)}" for detail in self.details]
        lines += [f"  hint: {clean(hint)}" for hint in self.hints]
        return "\n".join(lines)


class Unavailable(CliError):
    """No usable response, perhaps only for a moment."""


def report_all(problems: Sequence[CliError]) -> None:
    """Tells all of them; the last one is raised, if there is one. What could be done was done before."""
    from dcos_runtime.cli.output import print_note

    for problem in problems[:-1]:
        print_note(f"dcos: {problem}")
    if problems:
        raise problems[-1]
