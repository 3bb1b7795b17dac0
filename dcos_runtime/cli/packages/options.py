"""A user's input for an installation: the file of options, and the confirmation."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from dcos_runtime.cli.errors import USAGE, CliError
from dcos_runtime.cli.marathon.definitions import read_object

TRIES = 3


def read_options(file: str | None) -> Mapping[str, Any]:
    """The JSON object in the file, or on standard input for ``-``; nothing without a file. Raises `CliError`."""
    if file is None:
        return {}
    return read_object(file, "the package's options", "--options FILE", 'such as {"service": {"name": "web"}}')


def confirm(question: str, *, yes: bool) -> None:
    """Raises `CliError` unless the answer is yes."""
    if yes:
        return
    if _asked(f"{question} [y/N]: ").strip().lower() not in ("y", "yes"):
        raise CliError("nothing was changed: it was not confirmed", hints=["--yes confirms without a question"])


def confirm_by_name(question: str, expected: str, *, yes: bool) -> None:
    """As `confirm`, for what cannot be undone: the name has to be typed."""
    if yes:
        return
    from dcos_runtime.cli.output import print_note

    for _ in range(TRIES):
        given = _asked(f"{question}: ").strip()
        if given == expected:
            return
        print_note(f"Expected {expected!r}. You supplied {given!r}.")
    raise CliError("nothing was changed: it was not confirmed", hints=["--yes confirms without a question"])


def _asked(prompt: str) -> str:
    if sys.stdin is None:
        raise CliError("a confirmation is needed, and there is no terminal to ask on", hints=["--yes"], exit_code=USAGE)
    print(prompt, end="", file=sys.stderr, flush=True)
    line = sys.stdin.readline()
    if not line:
        print(file=sys.stderr)
        raise CliError("a confirmation is needed, and the input has ended", hints=["--yes confirms without a question"])
    return line
