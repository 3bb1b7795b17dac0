"""The passphrases of commands: from a file, the environment, a question; never the command line, which all users can
read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path

import click
from securesystemslib.signer import Signer

from dcos_universe.errors import UniverseError
from dcos_universe.trust import keys

passphrase_option = click.option(
    "--passphrase-file",
    type=click.Path(path_type=Path),
    help=f"A file whose first line is the passphrase; else {keys.PASSPHRASE} of the environment, else it is asked for.",
)


def pick_keys(passphrase_file: Path | None, *, new: bool = False) -> keys.Ask:
    """The source of a key's passphrase."""

    def ask(path: Path) -> str:
        if passphrase_file is not None:
            return keys.read_passphrase(passphrase_file)
        if keys.PASSPHRASE in os.environ:
            return os.environ[keys.PASSPHRASE]
        if not sys.stdin.isatty():
            raise UniverseError(
                f"the passphrase of {path} is not known",
                why="there is no terminal to ask at",
                hint=f"--passphrase-file FILE, or {keys.PASSPHRASE} in the environment",
            )
        return str(click.prompt(f"Passphrase of {path}", hide_input=True, confirmation_prompt=new, err=True))

    return ask


def private_keys(files: Iterable[Path], passphrase_file: Path | None) -> list[Signer]:
    ask = pick_keys(passphrase_file)
    return [keys.read_private(file, ask) for file in files]
