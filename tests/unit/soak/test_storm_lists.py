"""A storm is the same for the same seed, can be written down and read again, and its ledger tells a lost change."""

from __future__ import annotations

import pytest

from tests.support.machines import storm
from tests.support.machines.ledger import Ledger

MASTERS, AGENTS = ["m1", "m2", "m3"], ["a1", "a2", "a3"]


def test_a_seed_makes_one_storm_and_another_seed_another() -> None:
    assert storm.plan(7, 50, MASTERS, AGENTS) == storm.plan(7, 50, MASTERS, AGENTS)
    assert storm.plan(7, 50, MASTERS, AGENTS) != storm.plan(8, 50, MASTERS, AGENTS)


def test_a_shorter_storm_is_the_beginning_of_a_longer_one() -> None:
    assert storm.plan(7, 50, MASTERS, AGENTS)[:20] == storm.plan(7, 20, MASTERS, AGENTS)


def test_what_was_written_down_is_read_back() -> None:
    steps = storm.plan(7, 200, MASTERS, AGENTS)
    assert storm.read(storm.write(steps)) == steps


def test_two_hundred_steps_hold_every_kind_of_fault_on_every_machine() -> None:
    faults = [fault for step in storm.plan(7, 200, MASTERS, AGENTS) for fault in step.faults]
    kinds = {"kill", "pause", "cut", "one-way", "pair", "power", "reboot", "restart", "conmon", "task", "disk"}
    assert {fault.kind for fault in faults} == kinds
    assert {fault.host for fault in faults} == {*MASTERS, *AGENTS, *storm.ROLES}
    assert {fault.unit for fault in faults} >= {*storm.MASTER_UNITS, "dcos-agent"}


def test_a_version_that_was_given_twice_or_goes_back_is_a_lost_change() -> None:
    ledger = Ledger()
    ledger.took("2026-01-01T00:00:00.002Z", (4, "1"))
    with pytest.raises(AssertionError, match="was given after"):
        ledger.took("2026-01-01T00:00:00.001Z", (5, "1"))


def test_a_change_without_an_answer_may_have_been_done_or_not() -> None:
    ledger = Ledger()
    ledger.took("1", (4, "1"))
    ledger.doubted((5, "2"))
    assert ledger.doubtful
    assert ledger.possible == [(4, "1"), (5, "2")]
    ledger.confirmed("2", (5, "2"))
    assert not ledger.doubtful
    assert ledger.accepted == ["1", "2"]
    assert ledger.possible == [(5, "2")]
