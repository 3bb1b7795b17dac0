"""Timers against a model that looks through all of them each time."""

from __future__ import annotations

import time
from collections.abc import Generator

from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.core.frozen import Frozen
from dcos_runtime.core.timers import Timers


class Resend(Frozen, frozen=True):
    task: int


class Kill(Frozen, frozen=True):
    task: int


KEYS = st.one_of(st.builds(Resend, st.integers(0, 5)), st.builds(Kill, st.integers(0, 5)))
TIMES = st.integers(0, 20).map(float)
STEPS = st.one_of(
    st.tuples(st.just("set"), KEYS, TIMES), st.tuples(st.just("cancel"), KEYS), st.tuples(st.just("fire"), TIMES)
)


class Model:
    """In the order they were set."""

    def __init__(self) -> None:
        self.entries: list[tuple[float, Frozen]] = []

    def set(self, key: Frozen, at: float) -> None:
        self.cancel(key)
        self.entries.append((at, key))

    def cancel(self, key: Frozen) -> None:
        self.entries = [entry for entry in self.entries if entry[1] != key]

    def fire(self, mono: float) -> list[Frozen]:
        due = sorted((entry for entry in self.entries if entry[0] <= mono), key=lambda entry: entry[0])
        self.entries = [entry for entry in self.entries if entry[0] > mono]
        return [key for _, key in due]

    def next_deadline(self) -> float | None:
        return min((at for at, _ in self.entries), default=None)


@given(st.lists(STEPS, max_size=60))
def test_timers_do_what_a_plain_list_would(steps: list[tuple[object, ...]]) -> None:
    timers: Timers[Frozen] = Timers()
    model = Model()
    for step in steps:
        match step:
            case ("set", Frozen() as key, float() as at):
                timers.set(key, at)
                model.set(key, at)
            case ("cancel", Frozen() as key):
                timers.cancel(key)
                model.cancel(key)
            case ("fire", float() as mono):
                assert list(timers.fire(mono)) == model.fire(mono)
        assert timers.next_deadline() == model.next_deadline()
        assert timers.entries() == model.entries and len(timers) == len(model.entries)
        assert all(timers.at(key) == at for at, key in model.entries)
    assert list(Timers(timers.entries()).fire(100.0)) == model.fire(100.0)


def test_the_same_number_of_another_kind_is_another_key() -> None:
    timers: Timers[Frozen] = Timers()
    timers.set(Resend(1), 5.0)
    timers.set(Kill(1), 4.0)
    timers.cancel(Kill(1))
    assert list(timers.fire(5.0)) == [Resend(1)]


def test_what_is_cancelled_or_set_while_firing_is_not_fired() -> None:
    timers: Timers[int] = Timers([(1.0, 1), (2.0, 2), (3.0, 3)])
    fired = []
    for key in timers.fire(10.0):
        fired.append(key)
        timers.cancel(2)
        timers.set(key, 5.0)  # due already, and yet for the next time: else one tick could last for ever
    assert fired == [1, 3]
    assert sorted(timers.fire(10.0)) == [1, 3]


def test_what_was_due_when_its_handling_failed_is_due_still() -> None:
    timers: Timers[int] = Timers([(1.0, 1), (2.0, 2), (3.0, 3)])
    firing = timers.fire(10.0)
    assert next(firing) == 1
    assert isinstance(firing, Generator)
    firing.close()
    assert timers.next_deadline() == 2.0 and list(timers.fire(10.0)) == [2, 3]


def test_moving_one_timer_for_ever_takes_no_room_and_asking_costs_the_same_with_many() -> None:
    timers: Timers[int] = Timers([(1e9 + number, number) for number in range(1000)])
    for step in range(100_000):
        timers.set(0, float(step))
    assert len(timers._heap) <= 2 * len(timers) + 65

    def cost(count: int) -> float:
        many: Timers[int] = Timers([(float(number), number) for number in range(count)])
        best = float("inf")
        for _ in range(20):
            begun = time.thread_time()
            for _ in range(500):
                many.next_deadline()
            best = min(best, time.thread_time() - begun)
        return best

    assert cost(100_000) < 10 * cost(10)
