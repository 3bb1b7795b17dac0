"""How many of something, in words that fit the number."""

from __future__ import annotations


def counted(number: int, noun: str, plural: str = "") -> str:
    """``1 package``, ``2 packages``, ``1 entry``, ``2 entries``."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
