"""The frame of every verb of `dcos-installer`: its inventory argument; errors as messages and exit codes."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import click

from dcos_installer.errors import InstallerError, LockHeld

FAILED, USAGE, LOCKED, LEFT_OUT, INTERRUPTED = 1, 2, 3, 4, 130


def _from_here(context: click.Context, parameter: click.Parameter, path: Path) -> Path:
    try:
        Path.cwd()
    except FileNotFoundError:
        if not path.is_absolute():
            raise click.BadParameter("the current folder was removed: give the inventory as an absolute path") from None
        os.chdir("/")  # child processes need a working folder
    return path


definitions_option = click.option(
    "--definitions",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with your own definitions, instead of the included ones.",
)
inventory_argument = click.argument("inventory", type=click.Path(path_type=Path), callback=_from_here)


@contextmanager
def errors(as_json: bool = False) -> Iterator[None]:
    """Errors become a message and an exit code. SIGTERM and SIGHUP end a run like Ctrl-C, with all clean-ups."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        yield
    except LockHeld as error:
        _fail(error, LOCKED)
    except InstallerError as error:
        _fail(error, FAILED)
    except KeyboardInterrupt as error:
        notes = getattr(error, "__notes__", [])
        click.echo("\n".join(["interrupted", *notes]), err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        # The reader of the output has closed it: that is not a failure, and nobody would read a message.
        discard_output()
        sys.exit(FAILED)
    except OSError as error:
        _fail(_of_this_machine(error), FAILED)


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _of_this_machine(error: OSError) -> InstallerError:
    where = f": {error.filename}" if error.filename else ""
    hint = "make room there" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "correct that on this machine"
    why = "this happened on this machine, not on one of the cluster's"
    return InstallerError(f"{error.strerror or error}{where}", why=why, hint=f"{hint}, then run again")


def _fail(error: InstallerError, code: int) -> NoReturn:
    click.echo("\n".join([f"error: {error}", *getattr(error, "__notes__", [])]), err=True)
    sys.exit(code)


def discard_output() -> None:
    """Called when the reader of stdout is gone: drops all further output."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
