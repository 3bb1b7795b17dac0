"""How figures are declared, chosen, measured and shown."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import figures, report
from tests.bench.__main__ import main
from tests.bench.figures import (
    Aim,
    Bench,
    Figure,
    Measured,
    NotHere,
    at_least,
    at_most,
    carry_out,
    chosen,
    ratio_at_least,
)


def one(name: str, measure: object, aim: Aim | None = None) -> Figure:
    return Figure(name, f"what {name} is", "ms", "a stopwatch", aim, measure)  # type: ignore[arg-type]  # a double has what is used of it


def test_every_group_declares_figures_of_its_own_with_a_method() -> None:
    every = figures.every_figure()
    assert {figure.name.partition(".")[0] for figure in every} >= {"command", "memory", "start", "kernel"}
    assert all(figure.how and figure.what and figure.unit for figure in every)


def test_two_figures_cannot_have_one_name() -> None:
    with pytest.raises(ValueError, match=r"two figures are named command\.help"):
        figures.every_figure()
        figures.figure("command.help", "x", unit="ms", how="x")(lambda bench: Measured([1.0]))


def test_figures_are_chosen_by_name_group_or_pattern_and_unknown_ones_refused() -> None:
    every = [one(name, None) for name in ("a.x", "a.y", "ab.x")]
    assert [figure.name for figure in chosen(every, ["a"])] == ["a.x", "a.y"]
    assert [figure.name for figure in chosen(every, ["*.x"])] == ["a.x", "ab.x"]
    assert [figure.name for figure in chosen(every, ["a.y", "ab"])] == ["a.y", "ab.x"]
    assert chosen(every, []) == every
    with pytest.raises(ValueError, match="no figure is named b"):
        chosen(every, ["b"])


def test_the_ratio_is_taken_pair_by_pair() -> None:
    assert Measured([10, 20, 90], "other", [5, 10, 30]).ratio == 2.0
    assert Measured([10, 20], "other", [5]).ratio == 3.0
    assert Measured([10]).ratio is None
    assert Measured([10], "other", [0]).ratio is None


@pytest.mark.parametrize(
    ("aim", "measured", "met"),
    [
        (at_most(10), Measured([9, 10, 11]), True),
        (at_most(10), Measured([9, 11, 11]), False),
        (at_least(10), Measured([11]), True),
        (ratio_at_least(10), Measured([100], "other", [5]), True),
        (ratio_at_least(10), Measured([100], "other", [50]), False),
        (ratio_at_least(10), Measured([100]), None),
        (None, Measured([1]), None),
    ],
)
def test_an_aim_is_met_or_missed_by_the_median_or_the_ratio(
    aim: Aim | None, measured: Measured, met: bool | None
) -> None:
    assert figures.Outcome(one("a.x", None, aim), 0.0, measured).met is met


def test_a_figure_that_fails_or_is_not_possible_here_leaves_the_others_alone() -> None:
    def broken(bench: Bench) -> Measured:
        raise RuntimeError("no luck")

    def impossible(bench: Bench) -> Measured:
        raise NotHere("no such machine")

    every = [one("a.broken", broken), one("a.not", impossible), one("a.well", lambda bench: Measured([2.0, 4.0]))]
    outcomes = list(carry_out(every, None))
    assert "no luck" in outcomes[0].error
    assert outcomes[1].missing == "no such machine"
    assert outcomes[2].measured is not None and outcomes[2].measured.median == 3.0
    table = report.table(outcomes)
    assert "FAILED" in table and "not here" in table and "3 ms" in table
    documents = json.loads(report.as_json(outcomes))
    assert [document.get("median") for document in documents] == [None, None, 3.0]
    assert documents[1]["missing"] == "no such machine"
    assert "no luck" in report.line(outcomes[0])


def test_what_figures_share_is_made_once_and_closed_at_the_end() -> None:
    made: list[str] = []

    @contextlib.contextmanager
    def costly(bench: Bench) -> Iterator[Path]:
        made.append("made")
        yield bench.place("costly")
        made.append("closed")

    def measure(bench: Bench) -> Measured:
        assert bench.shared(costly).is_dir()
        return Measured([1.0])

    list(carry_out([one("a.x", measure), one("a.y", measure)], None))
    assert made == ["made", "closed"]


def test_what_cannot_be_shared_fails_every_figure_that_needs_it_once() -> None:
    tries: list[int] = []

    @contextlib.contextmanager
    def costly(bench: Bench) -> Iterator[None]:
        tries.append(1)
        raise NotHere("nothing")
        yield

    def measure(bench: Bench) -> Measured:
        bench.shared(costly)
        return Measured([1.0])

    outcomes = list(carry_out([one("a.x", measure), one("a.y", measure)], None))
    assert [outcome.missing for outcome in outcomes] == ["nothing", "nothing"]
    assert len(tries) == 1


def test_the_command_lists_figures_and_refuses_unknown_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list", "--only", "command"]) == 0
    assert capsys.readouterr().out.startswith("command.help ")
    with pytest.raises(SystemExit) as leave:
        main(["--only", "no-such"])
    assert leave.value.code == 2


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.01234, "0.0123"), (1.234, "1.23"), (123.4, "123"), (1234.5, "1234"), (99.96, "100")],
)
def test_numbers_are_shown_with_the_digits_that_matter(value: float, text: str) -> None:
    assert figures.shown(value) == text
