"""Numbers of a command line: those that are numbers."""

from __future__ import annotations

import math

import click


class FiniteRange(click.FloatRange):
    """A range of numbers without ``nan``, which is in every range of click's, and without ``inf``."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found: float = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value!r} is not a number that can be counted to.", param, ctx)
        return found
