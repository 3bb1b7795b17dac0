"""The standard output of programs that print tables and texts by rich."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_ENDLESS = 1 << 20


def console() -> Console:
    """On a terminal lines are wrapped at its width. In a pipe or a file each stays whole, so that what it quotes, such
    as a command, can be copied and found.
    """
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else _ENDLESS, highlight=False, markup=False, emoji=False)
