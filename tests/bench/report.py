"""A run's outcomes as a table for people and as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.bench.figures import Outcome, shown

HEADERS = ("FIGURE", "MEDIAN", "RANGE", "RUNS", "AIM", "", "BESIDE", "RATIO", "WHAT")


def line(outcome: Outcome) -> str:
    """One figure as it comes in: its value, and how it was measured."""
    return f"{outcome.figure.name}: {_value(outcome)}\n    {outcome.figure.how}"


def _value(outcome: Outcome) -> str:
    if outcome.error:
        return f"FAILED: {outcome.error.strip().splitlines()[-1]}"
    measured = outcome.measured
    if measured is None:
        return f"not measured: {outcome.missing}"
    text = f"{shown(measured.median)} {outcome.figure.unit}"
    if measured.other_median is not None:
        text += f" beside {shown(measured.other_median)} of {measured.other}"
        text += f", ratio {shown(measured.ratio)}" if measured.ratio is not None else ""
    return text + (f" ({measured.note})" if measured.note else "")


def table(outcomes: Sequence[Outcome]) -> str:
    rows: list[Sequence[str]] = [HEADERS, *(_row(outcome) for outcome in outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADERS))]
    return "\n".join(
        "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(outcome: Outcome) -> Sequence[str]:
    one, measured = outcome.figure, outcome.measured
    aim = f"{one.aim}" if one.aim else "-"
    if measured is None:
        return (one.name, "FAILED" if outcome.error else "not here", "-", "-", aim, "-", "-", "-", one.what)
    return (
        one.name,
        f"{shown(measured.median)} {one.unit}",
        f"{shown(min(measured.samples))}–{shown(max(measured.samples))}",
        str(len(measured.samples)),
        aim,
        {True: "met", False: "MISSED", None: "-"}[outcome.met],
        f"{measured.other} {shown(measured.other_median)} {one.unit}" if measured.other_median is not None else "-",
        f"{shown(measured.ratio)}×" if measured.ratio is not None else "-",
        one.what,
    )


def as_json(outcomes: Sequence[Outcome]) -> str:
    return json.dumps([_document(outcome) for outcome in outcomes], indent=2)


def _document(outcome: Outcome) -> dict[str, object]:
    one, measured = outcome.figure, outcome.measured
    document: dict[str, object] = {
        "name": one.name,
        "what": one.what,
        "unit": one.unit,
        "how": one.how,
        "aim": str(one.aim) if one.aim else None,
        "met": outcome.met,
        "seconds": round(outcome.seconds, 1),
    }
    if measured is None:
        return document | ({"error": outcome.error} if outcome.error else {"missing": outcome.missing})
    document |= {"median": measured.median, "samples": list(measured.samples), "note": measured.note or None}
    if measured.other_median is not None:
        document |= {
            "other": measured.other,
            "other_median": measured.other_median,
            "other_samples": list(measured.other_samples),
            "ratio": measured.ratio,
        }
    return document
