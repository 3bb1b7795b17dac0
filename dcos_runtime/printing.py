"""The standard output of programs: tables and texts by rich, and what becomes of a program that cannot print."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from rich.console import Console

_ENDLESS = 1 << 20
_INTERRUPTED = 130


def console() -> Console:
    """On a terminal lines are wrapped at its width. In a pipe or a file each stays whole, so that what it quotes, such
    as a command, can be copied and found.
    """
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else _ENDLESS, highlight=False, markup=False, emoji=False)


def exit_with(main: Callable[[], int]) -> NoReturn:
    """Exits with the code that ``main`` returns, which does nothing but print and handles all other errors itself.

    130 after an interrupt; 2 with a line on stderr if the output cannot be written. A reader that closes the pipe ends
    the process by SIGPIPE, as it does those of a shell.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):  # a name that the locale cannot show is no failure
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]  # a file of a process's own
    try:
        code = main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except OSError as error:
        code = 2
        sys.stderr.write(f"the output cannot be written: {error.strerror}; look at where it goes, and at the disk\n")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes the rest at the exit
    sys.exit(code)
