"""Slows down guessing of passwords. Pure: the time comes from outside.

Some failures are free. After that the attempts for a key (a user, an address) are queued, one after the other, at
growing intervals. An attempt that would have to wait too long is refused. Whether a user exists plays no role.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """``free`` failures cost nothing; then attempts are ``first`` seconds apart, doubling up to ``longest``."""

    free: int
    first: float
    longest: float


USER = Rule(free=10, first=0.25, longest=2.0)
"""Mild: the guesses of others must not lock a user out."""
ADDRESS = Rule(free=5, first=0.5, longest=15.0)

FORGET_SECONDS = 900.0
LONGEST_WAIT = 10.0


class TooMany(Exception):
    """Too many attempts failed. ``seconds``: when to come back."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"too many attempts failed; try again in {seconds:.0f} s")
        self.seconds = seconds


@dataclass
class _Line:
    failures: int = 0
    free_at: float = 0.0
    last: float = 0.0


class Throttle:
    """Keeps at most ``most`` keys, those that were seen last."""

    def __init__(self, most: int = 4096) -> None:
        self._lines: OrderedDict[str, _Line] = OrderedDict()
        self._most = most

    def __len__(self) -> int:
        return len(self._lines)

    def wait(self, keys: Sequence[tuple[str, Rule]], now: float, longest: float = LONGEST_WAIT) -> float:
        """How many seconds to let this attempt wait; its place in each line is taken. Raises `TooMany`."""
        waits = []
        for key, rule in keys:
            line = self._line(key, now)
            distance = self._distance(line, rule)
            waits.append((line, distance, max(line.free_at, now) if distance else now))
        start = max((at for _, _, at in waits), default=now)
        if start - now > longest:
            raise TooMany(start - now)
        for line, distance, _ in waits:
            if distance:
                line.free_at = start + distance
        return start - now

    def failed(self, keys: Sequence[tuple[str, Rule]], now: float) -> None:
        for key, _ in keys:
            line = self._lines.setdefault(key, _Line())
            line.failures += 1
            line.last = now
            self._lines.move_to_end(key)
        while len(self._lines) > self._most:
            self._lines.popitem(last=False)

    def succeeded(self, keys: Sequence[tuple[str, Rule]]) -> None:
        for key, _ in keys:
            self._lines.pop(key, None)

    def _line(self, key: str, now: float) -> _Line:
        line = self._lines.get(key)
        if line is None:
            return _Line()
        if now - line.last > FORGET_SECONDS:
            del self._lines[key]
            return _Line()
        return line

    def _distance(self, line: _Line, rule: Rule) -> float:
        over = line.failures - rule.free
        return 0.0 if over < 0 else min(rule.first * 2.0 ** min(over, 30), rule.longest)
