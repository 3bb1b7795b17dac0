"""Instants as text: ISO 8601 in UTC, to the millisecond. Pure."""

from __future__ import annotations

import re


def timestamp(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds: ``2015-09-25T15:13:48.343Z``."""
    days, rest = divmod(round(seconds * 1000), 86_400_000)
    year, month, day = _date(days)
    hours, rest = divmod(rest, 3_600_000)
    minutes, rest = divmod(rest, 60_000)
    return f"{year:04d}-{month:02d}-{day:02d}T{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}Z"


def parse_timestamp(text: str) -> float | None:
    """Seconds since the epoch, of what `timestamp` writes."""
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day, hours, minutes, seconds, milliseconds = map(int, match.groups())
    whole = ((_days(year, month, day) * 24 + hours) * 60 + minutes) * 60 + seconds
    return whole + milliseconds / 1000


_TIMESTAMP = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})\.([0-9]{3})Z")
_ERA, _CENTURY, _FOUR_YEARS = 146_097, 36_524, 1_461
"""Days of 400, 100 and 4 years. A year begins in March here, so that the leap day comes last."""
_SINCE_MARCH_OF_0 = 719_468


def _date(days: int) -> tuple[int, int, int]:
    """Year, month and day of so many days after 1970 began (a `datetime` would bring the clock along)."""
    era, day = divmod(days + _SINCE_MARCH_OF_0, _ERA)
    century = min(day // _CENTURY, 3)
    day -= century * _CENTURY
    four, day = divmod(day, _FOUR_YEARS)
    year = min(day // 365, 3)
    day -= year * 365
    month = (5 * day + 2) // 153
    year += 400 * era + 100 * century + 4 * four
    return year + (month >= 10), month + 3 if month < 10 else month - 9, day - (153 * month + 2) // 5 + 1


def _days(year: int, month: int, day: int) -> int:
    """The inverse."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * _ERA + of_era * 365 + of_era // 4 - of_era // 100 + of_year - _SINCE_MARCH_OF_0
