"""Regular expressions that clients send: only those whose matching takes a bounded number of steps are used.

Python's engine tries every way to split a text among a pattern's repetitions. Their number is estimated from the
pattern beforehand; a pattern that could take longer than a moment is refused.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined]  # Python's own parser of patterns, which has no types
from typing import Any

LONGEST_PATTERN = 256
LONGEST_VALUE = 128
"""Values longer than this neither match nor fail to match: the result is unknown."""
MAX_WAYS = 2**24
_REFUSED = "might take for ever to be matched"
_REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)


class _TooSlow(Exception):
    """The message says which part it is."""


@lru_cache(maxsize=1024)
def problem(pattern: str) -> str | None:
    """Why this pattern cannot be used; ``None`` if it can."""
    if len(pattern) > LONGEST_PATTERN:
        return f"the regular expression must not be longer than {LONGEST_PATTERN} characters"
    try:
        re.compile(pattern)
        unbounded, others = _ways(_parser.parse(pattern))
    except (re.error, OverflowError, RecursionError) as error:
        return f"{pattern!r} is not a valid regular expression: {error}"
    except _TooSlow as error:
        return f"{pattern!r} {_REFUSED}: {error}"
    if math.log(math.comb(LONGEST_VALUE + unbounded, unbounded)) + others > math.log(MAX_WAYS):
        return (
            f"{pattern!r} {_REFUSED}: it repeats or chooses too often; 4 parts with * or + are possible, or use {{1,3}}"
        )
    return None


@lru_cache(maxsize=16384)
def matches(pattern: str, value: str) -> bool | None:
    """Whether all of ``value`` matches. ``None`` when that is unknown within the limits."""
    if len(value) > LONGEST_VALUE or problem(pattern) is not None:
        return None
    return re.fullmatch(pattern, value) is not None


def _ways(items: Any) -> tuple[int, float]:
    """How many unbounded repetitions follow each other, and the logarithm of the number of other choices."""
    unbounded, others = 0, 0.0
    for code, argument in items:
        more, choices = _ways_of(code, argument)
        unbounded, others = unbounded + more, others + choices
    return unbounded, others


def _ways_of(code: Any, argument: Any) -> tuple[int, float]:
    if code in _REPEATS:
        least, most, body = argument
        return _ways_of_repeat(least, most, _ways(body), any(inner in _REPEATS for inner, _ in _flat(body)))
    if code is _constants.BRANCH:
        found = [_ways(branch) for branch in argument[1]]
        return max(more for more, _ in found), math.log(len(found)) + max(choices for _, choices in found)
    found = [_ways(part) for part in _parts(argument)]
    return sum(more for more, _ in found), sum(choices for _, choices in found)


def _ways_of_repeat(least: int, most: int, body: tuple[int, float], repeats_inside: bool) -> tuple[int, float]:
    unbounded, others = body
    if least > LONGEST_VALUE:
        raise _TooSlow(f"a part is repeated more than {LONGEST_VALUE} times")
    if most >= LONGEST_VALUE:
        if unbounded or others or repeats_inside:
            raise _TooSlow("a repetition without bounds (* or +) holds another repetition or a choice (|)")
        return 1, 0.0
    choices = math.log(most - least + 1) + most * others
    if repeats_inside:
        choices += math.log(max(1, most))
    return most * unbounded, choices


def _flat(items: Any) -> list[tuple[Any, Any]]:
    """The items with those inside of them."""
    found = []
    for code, argument in items:
        found.append((code, argument))
        for part in _parts(argument):
            found += _flat(part)
    return found


def _parts(argument: Any) -> list[Any]:
    """The patterns inside an item."""
    if isinstance(argument, _parser.SubPattern):
        return [argument]
    if isinstance(argument, tuple | list):
        return [part for item in argument for part in _parts(item)]
    return []
