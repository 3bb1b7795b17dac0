"""`python -m tests.bench`: measures figures, prints each as it comes in, then all of them as a table."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Sequence

from tests.bench.figures import carry_out, chosen, every_figure
from tests.bench.report import as_json, line, table


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when nothing failed (an aim may be missed: the table says so), 1 otherwise, 2 for misuse."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure the figures of this project.")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="a figure, a group, or a pattern; may be repeated"
    )
    parser.add_argument(
        "--runs", type=int, metavar="N", help="samples of each figure (default: each figure's own choice)"
    )
    parser.add_argument(
        "--json", action="store_true", help="one JSON document on standard output; progress goes to stderr"
    )
    parser.add_argument("--list", action="store_true", help="the figures there are, measuring none")
    options = parser.parse_args(arguments)
    if options.runs is not None and options.runs < 1:
        parser.error("--runs wants a number of at least 1")
    try:
        figures = chosen(every_figure(), options.only)
    except ValueError as error:
        parser.error(str(error))
    if options.list:
        for one in figures:
            print(f"{one.name:28} {one.what} [{one.unit}]" + (f", aim {one.aim}" if one.aim else ""))
        return 0
    progress = sys.stderr if options.json else sys.stdout
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} CPUs, load {load}, Python {platform.python_version()}", file=progress, flush=True)
    outcomes = []
    for outcome in carry_out(figures, options.runs):
        outcomes.append(outcome)
        print(line(outcome), file=progress, flush=True)
        if outcome.error:
            print(outcome.error, file=sys.stderr, flush=True)
    print(as_json(outcomes) if options.json else "\n" + table(outcomes))
    return 1 if any(outcome.error for outcome in outcomes) else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
