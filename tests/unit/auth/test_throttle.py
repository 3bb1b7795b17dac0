"""How guessing is slowed down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.auth.throttle import FORGET_SECONDS, LONGEST_WAIT, Rule, Throttle, TooMany

RULE = Rule(free=3, first=1.0, longest=4.0)
KEYS = [("user ann", RULE)]


def test_the_first_failures_cost_nothing() -> None:
    throttle = Throttle()
    for _ in range(3):
        assert throttle.wait(KEYS, 0.0) == 0.0
        throttle.failed(KEYS, 0.0)


def test_then_attempts_wait_for_one_another_ever_longer() -> None:
    throttle = Throttle()
    for _ in range(3):
        throttle.failed(KEYS, 0.0)
    assert [throttle.wait(KEYS, 0.0) for _ in range(3)] == [0.0, 1.0, 2.0]
    throttle.failed(KEYS, 0.0)
    assert throttle.wait(KEYS, 0.0) == 3.0
    assert throttle.wait(KEYS, 0.0) == 5.0


def test_who_would_wait_too_long_is_turned_away_and_takes_no_place() -> None:
    throttle = Throttle()
    for _ in range(20):
        throttle.failed(KEYS, 0.0)
    waits = []
    with pytest.raises(TooMany) as caught:
        for _ in range(20):
            waits.append(throttle.wait(KEYS, 0.0))
    assert waits == [0.0, 4.0, 8.0]
    assert caught.value.seconds > LONGEST_WAIT
    assert throttle.wait(KEYS, 12.0) == 0.0


def test_success_and_time_make_forget() -> None:
    throttle = Throttle()
    for _ in range(9):
        throttle.failed(KEYS, 0.0)
    throttle.wait(KEYS, 0.0)
    throttle.succeeded(KEYS)
    assert throttle.wait(KEYS, 0.0) == 0.0
    for _ in range(9):
        throttle.failed(KEYS, 0.0)
    throttle.wait(KEYS, 0.0)
    assert throttle.wait(KEYS, 0.0) > 0
    assert throttle.wait(KEYS, FORGET_SECONDS + 1) == throttle.wait(KEYS, FORGET_SECONDS + 1) == 0.0


def test_an_address_that_guesses_many_names_is_slowed_down_as_well() -> None:
    throttle = Throttle()
    for number in range(5):
        throttle.failed([(f"user {number}", RULE), ("address a", RULE)], 0.0)
    throttle.wait([("user new", RULE), ("address a", RULE)], 0.0)
    assert throttle.wait([("user newer", RULE), ("address a", RULE)], 0.0) > 0
    assert throttle.wait([("user newest", RULE), ("address b", RULE)], 0.0) == 0.0


@given(st.lists(st.integers(0, 10_000), max_size=300))
def test_memory_is_bounded(users: list[int]) -> None:
    throttle = Throttle(most=50)
    for user in users:
        keys = [(f"user {user}", RULE)]
        throttle.failed(keys, 0.0)
        assert len(throttle) <= 50
