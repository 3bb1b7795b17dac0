"""How results are printed: aligned columns, JSON, and texts of servers made harmless for a terminal.

A table is the same text on a terminal and in a pipe (lines are never cut or folded, so ids can be copied and scripts
can rely on them); a terminal gets colours besides, unless NO_COLOR is set.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence
from typing import Any

NOTHING = "-"

# C0 and C1 controls and DEL move cursors and write clipboards; the others reorder or break the line they stand in.
_HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_GAP = "   "
_GOOD, _CHANGING, _BAD = "green", "yellow", "red"
_STYLES = {
    "TASK_RUNNING": _GOOD,
    "TASK_FINISHED": _GOOD,
    "TASK_STAGING": _CHANGING,
    "TASK_STARTING": _CHANGING,
    "TASK_KILLING": _CHANGING,
    "TASK_FAILED": _BAD,
    "TASK_ERROR": _BAD,
    "TASK_LOST": _BAD,
    "TASK_DROPPED": _BAD,
    "TASK_UNREACHABLE": _BAD,
    "TASK_GONE": _BAD,
    "active": _GOOD,
    "inactive": _BAD,
    "deactivated": _CHANGING,
    "draining": _CHANGING,
    "drained": _CHANGING,
    "down": _BAD,
}


def clean(text: str) -> str:
    r"""The text on one line with everything that could steer a terminal written as ``\xNN`` or ``\uNNNN``."""
    return _HARMFUL.sub(lambda match: _escape(match.group()), text)


def _escape(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 0x100 else f"\\u{ord(character):04x}"


def print_table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns under their headers. An empty cell shows as ``-``, so that every line has as many words as it should."""
    cells = [[clean(cell) or NOTHING for cell in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(headers, *cells, strict=True)]
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        _print_styled(headers, cells, widths)
        return
    for line in (headers, *cells):
        print(_GAP.join(_pad(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _print_styled(headers: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, markup=False, emoji=False, soft_wrap=True)
    for number, line in enumerate((headers, *rows)):
        text = Text()
        for cell, width in zip(line, widths, strict=True):
            text.append(_pad(cell, width), style="bold" if number == 0 else _STYLES.get(cell.partition(" (")[0], ""))
            text.append(_GAP)
        text.rstrip()
        console.print(text)


def _pad(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _width(cell: str) -> int:
    if cell.isascii():
        return len(cell)
    from rich.cells import cell_len

    return cell_len(cell)


def print_json(value: Any) -> None:
    """The value as indented JSON, harmless for a terminal too."""
    utf8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    text = json.dumps(value, indent=2, ensure_ascii=not utf8)
    print(_HARMFUL.sub(lambda match: match.group() if match.group() == "\n" else f"\\u{ord(match.group()):04x}", text))


def print_line(text: str) -> None:
    """Prints one line of a result and flushes it."""
    print(clean(text), flush=True)


def print_note(text: str) -> None:
    """Something worth knowing that is not the result: to stderr, so that pipes stay clean."""
    print(clean(text), file=sys.stderr, flush=True)


def number(value: float) -> str:
    """A quantity in its shortest form: ``4``, ``0.1``, ``1.25``."""
    return f"{value:.3f}".rstrip("0").rstrip(".")
