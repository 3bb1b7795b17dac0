"""Durations of a command line, in the form of DC/OS' own command."""

from __future__ import annotations

import re
from decimal import Decimal

import click

_UNITS = {"h": Decimal(3600), "m": Decimal(60), "s": Decimal(1), "ms": Decimal("0.001")}
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|h|m|s)")
_LONGEST = 2**63 // 10**9


class Duration(click.ParamType[int]):
    """``1h30m``, ``90s``, ``500ms``, ``0``: converted to nanoseconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        parts = _PART.findall(text)
        if text != "0" and (not parts or "".join(number + unit for number, unit in parts) != text):
            self.fail(f"{text!r} is not a duration such as 90s, 5m or 1h30m.", param, ctx)
        seconds = sum((Decimal(number) * _UNITS[unit] for number, unit in parts), Decimal(0))
        if seconds > _LONGEST:
            self.fail(f"{text!r} is more than {_LONGEST} s.", param, ctx)
        return int(seconds * 10**9)
