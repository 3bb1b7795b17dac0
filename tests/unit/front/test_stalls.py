"""What the histogram of loop stalls says, and that a loop which stood still is found in it."""

from __future__ import annotations

import asyncio
import time

from dcos_runtime import daemon
from dcos_runtime.stalls import CALM_BEATS, IDLE_BEAT_SECONDS, WORK_SECONDS, Stalls


def test_buckets_are_cumulative_and_the_longest_is_kept() -> None:
    stalls = Stalls()
    for late in (0.001, 0.020, 0.021, 0.3, 9.0):
        stalls.record(late, 100.0)
    shown = stalls.shown()
    assert (shown["loop/stalls_ms/le_5"], shown["loop/stalls_ms/le_20"], shown["loop/stalls_ms/le_50"]) == (1, 2, 3)
    assert (shown["loop/stalls_ms/le_5000"], shown["loop/stalls_ms/count"]) == (4, 5)
    assert shown["loop/stalls_ms/max"] == shown["loop/stalls_ms/max_minute"] == 9000
    assert shown["loop/stalls_ms/sum"] == 9342


def test_the_longest_of_the_last_minute_is_forgotten_after_it() -> None:
    stalls = Stalls()
    for at, late in ((0.0, 1.0), (30.0, 0.2), (40.0, 0.4), (50.0, 0.3)):
        stalls.record(late, at)
    assert stalls.numbers()["max_minute"] == 1000
    stalls.record(0.1, 61.0)
    assert stalls.numbers()["max_minute"] == 400
    stalls.record(0.1, 105.0)
    assert stalls.numbers()["max_minute"] == 300
    stalls.record(0.1, 111.0)
    assert stalls.numbers()["max_minute"] == 100
    assert stalls.numbers()["max"] == 1000


async def beats(stalls: Stalls, more: int) -> None:
    until = stalls.numbers()["count"] + more
    while stalls.numbers()["count"] < until:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


def test_a_loop_that_stood_still_is_counted_in_the_daemon_that_it_is_of() -> None:
    found: list[dict[str, float]] = []

    async def body(life: daemon.Life) -> None:
        await beats(life.stalls, 1)
        found.append(life.stalls.shown())
        time.sleep(0.3)  # nothing else runs meanwhile  # noqa: ASYNC251
        await beats(life.stalls, 1)
        found.append(life.stalls.shown())

    assert daemon.run(body) == 0
    before, after = found

    def over(shown: dict[str, float], bound: int) -> float:
        return shown["loop/stalls_ms/count"] - shown[f"loop/stalls_ms/le_{bound}"]

    assert over(after, 200) >= over(before, 200) + 1
    assert after["loop/stalls_ms/max"] >= 290


def test_a_loop_with_nothing_to_do_is_looked_at_ten_times_less_often_and_one_at_work_as_before() -> None:
    found: list[float] = []

    async def work(stalls: Stalls, beats: int) -> None:
        """Until there were so many beats, there is always something to do."""
        until = stalls.numbers()["count"] + beats
        while stalls.numbers()["count"] < until:
            taken = time.thread_time()
            while time.thread_time() < taken + 2 * WORK_SECONDS:
                pass
            await asyncio.sleep(0)

    async def body(life: daemon.Life) -> None:
        await asyncio.sleep(0.5)  # by then it is calm
        before, began = life.stalls.numbers()["count"], time.monotonic()
        await asyncio.sleep(1.0)
        found.append((life.stalls.numbers()["count"] - before - CALM_BEATS) / (time.monotonic() - began))
        await work(life.stalls, 1)
        taken = time.thread_time()
        await work(life.stalls, 100)
        found.append(time.thread_time() - taken)

    assert daemon.run(body) == 0
    beats_in_a_second, seconds_of_100_beats = found
    assert beats_in_a_second <= 1.0 / IDLE_BEAT_SECONDS
    assert seconds_of_100_beats < 100 * IDLE_BEAT_SECONDS / 2
