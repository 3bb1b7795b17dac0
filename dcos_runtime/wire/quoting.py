"""Quotes of clients' texts in messages and logs: bounded in length, and printable only. Pure.

What was sent may be megabytes, hold a terminal's escape sequences, turn the direction of writing, or be no text at all.
`shown` is for one quoted value, `bounded` for a whole message where it is sent.
"""

from __future__ import annotations

MOST = 4096
"""Characters of a whole message."""


def shown(text: str, most: int = 100) -> str:
    """A value to be quoted: cut, with its length, and on one line of what can be printed."""
    if len(text) <= most:
        return text if text.isprintable() else _escaped(text)
    return f"{_escaped(text[:most])}… ({len(text)} characters)"


def bounded(text: str, most: int = MOST) -> str:
    """A whole message, in as many lines as it has."""
    if text.isprintable() and len(text) <= most:
        return text
    kept = "\n".join("\t".join(map(_escaped, line.split("\t"))) for line in text[:most].split("\n"))
    return kept if len(text) <= most else f"{kept}… ({len(text)} characters)"


def _escaped(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
