"""What a figure is, how it is declared, and how a run of some of them is carried out."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import statistics
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, TypeVar

T = TypeVar("T")


class NotHere(Exception):
    """This machine lacks what the figure needs; the text says what."""


@dataclass(frozen=True)
class Aim:
    """What the figure should be: at most or at least so much of its unit, or of the ratio to what it stands beside."""

    limit: float
    kind: Literal["at_most", "at_least"] = "at_most"
    of: Literal["median", "ratio"] = "median"

    def met(self, value: float) -> bool:
        return value <= self.limit if self.kind == "at_most" else value >= self.limit

    def __str__(self) -> str:
        sign = "≤" if self.kind == "at_most" else "≥"
        return f"{sign} {shown(self.limit)}" + ("×" if self.of == "ratio" else "")


def at_most(limit: float) -> Aim:
    return Aim(limit)


def at_least(limit: float) -> Aim:
    return Aim(limit, "at_least")


def ratio_at_least(limit: float) -> Aim:
    return Aim(limit, "at_least", "ratio")


def ratio_at_most(limit: float) -> Aim:
    return Aim(limit, "at_most", "ratio")


@dataclass(frozen=True)
class Measured:
    """Samples of the figure, and of the ``other`` thing it was measured beside. ``note``: what a reader must know."""

    samples: Sequence[float]
    other: str = ""
    other_samples: Sequence[float] = ()
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    @property
    def other_median(self) -> float | None:
        return statistics.median(self.other_samples) if self.other_samples else None

    @property
    def ratio(self) -> float | None:
        """Median over the other's median; pair by pair when there are as many, so that drift cancels out."""
        if not self.other_samples or not all(self.other_samples):
            return None
        if len(self.samples) == len(self.other_samples):
            return statistics.median(a / b for a, b in zip(self.samples, self.other_samples, strict=True))
        return self.median / statistics.median(self.other_samples)


@dataclass
class Bench:
    """One run: a scratch folder, and things that several figures share."""

    folder: Path
    runs: int | None = None
    _stack: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _made: dict[Any, Any] = field(default_factory=dict)

    def times(self, default: int) -> range:
        """How often to repeat: ``--runs``, or else the figure's own choice."""
        return range(self.runs or default)

    def shared(self, make: Callable[[Bench], AbstractContextManager[T]]) -> T:
        """What ``make`` yields: made at the first use, kept until the end of the run."""
        if make not in self._made:
            try:
                self._made[make] = (self._stack.enter_context(make(self)), None)
            except Exception as error:
                self._made[make] = (None, error)
        value, failure = self._made[make]
        if failure is not None:
            raise failure
        return value  # type: ignore[no-any-return]  # what the measure returns is a figure

    def place(self, name: str) -> Path:
        """A new folder of the run."""
        return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=self.folder))

    def close(self) -> None:
        self._stack.close()


@dataclass(frozen=True)
class Figure:
    """``name`` is ``group.figure``; ``how`` is the command or method that measures it, for a reader to repeat."""

    name: str
    what: str
    unit: str
    how: str
    aim: Aim | None
    measure: Callable[[Bench], Measured]


@dataclass(frozen=True)
class Outcome:
    """A figure with what came of it: ``measured``, or else why not."""

    figure: Figure
    seconds: float
    measured: Measured | None = None
    missing: str = ""
    error: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the aim is reached; None without one, or without a measurement."""
        aim = self.figure.aim
        if aim is None or self.measured is None:
            return None
        value = self.measured.median if aim.of == "median" else self.measured.ratio
        return None if value is None else aim.met(value)


_FIGURES: dict[str, Figure] = {}


def figure(
    name: str, what: str, *, unit: str, how: str, aim: Aim | None = None
) -> Callable[[Callable[[Bench], Measured]], Callable[[Bench], Measured]]:
    """Declares the function below as a figure."""

    def declare(measure: Callable[[Bench], Measured]) -> Callable[[Bench], Measured]:
        if name in _FIGURES:
            raise ValueError(f"two figures are named {name}")
        _FIGURES[name] = Figure(name, what, unit, how, aim, measure)
        return measure

    return declare


def every_figure() -> list[Figure]:
    """All of them, in the order of their groups' modules and of declaration within."""
    package = importlib.import_module("tests.bench")
    for module in sorted(pkgutil.iter_modules(package.__path__), key=lambda module: module.name):
        if module.name != "__main__":
            importlib.import_module(f"tests.bench.{module.name}")
    return list(_FIGURES.values())


def chosen(figures: Sequence[Figure], patterns: Sequence[str]) -> list[Figure]:
    """Those whose name, group or pattern is asked for; all of them without patterns. Raises ``ValueError``."""
    if not patterns:
        return list(figures)
    for pattern in patterns:
        if not any(_fits(figure.name, pattern) for figure in figures):
            raise ValueError(f"no figure is named {pattern}; --list shows those there are")
    return [figure for figure in figures if any(_fits(figure.name, pattern) for pattern in patterns)]


def _fits(name: str, pattern: str) -> bool:
    return name == pattern or name.startswith(f"{pattern}.") or fnmatchcase(name, pattern)


def carry_out(figures: Sequence[Figure], runs: int | None) -> Iterator[Outcome]:
    """One after the other; a figure that fails does not stop the others."""
    with tempfile.TemporaryDirectory(prefix="dcos-bench-") as folder:
        bench = Bench(Path(folder), runs)
        try:
            for one in figures:
                started = time.monotonic()
                try:
                    measured = one.measure(bench)
                    yield Outcome(one, time.monotonic() - started, measured)
                except NotHere as missing:
                    yield Outcome(one, time.monotonic() - started, missing=str(missing))
                except Exception as error:
                    text = "".join(traceback.format_exception(error))
                    yield Outcome(one, time.monotonic() - started, error=text)
        finally:
            bench.close()


def shown(value: float) -> str:
    """Three digits that matter: ``0.0123``, ``1.23``, ``123``, ``1234``."""
    if value == 0:
        return "0"
    text = f"{value:.3g}"
    return f"{value:.0f}" if "e" in text or abs(value) >= 100 else text
