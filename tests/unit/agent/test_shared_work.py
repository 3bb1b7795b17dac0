"""Work that is done once for all who ask: a reference model of who waits, and what is left when nobody does."""

from __future__ import annotations

import asyncio
import contextlib
import random

import pytest

from dcos_runtime.agent.shared_work import Holds, SharedWork


class Bench:
    """Pieces of work that end when they are told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.left: list[int] = []
        self.ends: list[asyncio.Future[int]] = []
        self.cancelled = 0
        self.shared = SharedWork[str, int](self.left.append)

    async def work(self) -> int:
        self.begun += 1
        end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.ends.append(end)
        try:
            return await end
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    async def ask(self, key: str = "k") -> int:
        async with self.shared.result(key, self.work) as found:
            return found


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_all_who_ask_meanwhile_get_the_one_result() -> None:
    async def told() -> None:
        bench = Bench()
        asking = [asyncio.create_task(bench.ask()) for _ in range(5)]
        other = asyncio.create_task(bench.ask("other"))
        await turns()
        assert bench.begun == 2 and "k" in bench.shared and "x" not in bench.shared
        bench.ends[0].set_result(7)
        assert await asyncio.gather(*asking) == [7] * 5
        await turns()
        assert bench.left == [7] and "k" not in bench.shared and "other" in bench.shared
        bench.ends[1].set_result(8)
        assert await other == 8
        again = asyncio.create_task(bench.ask())
        await turns()
        assert bench.begun == 3
        bench.ends[2].set_result(9)
        assert await again == 9

    asyncio.run(told())


def test_it_goes_on_as_long_as_anyone_waits_and_ends_when_nobody_does() -> None:
    async def told() -> None:
        bench = Bench()
        asking = [asyncio.create_task(bench.ask()) for _ in range(3)]
        await turns()
        for task in asking[:2]:
            task.cancel()
        await turns()
        assert bench.cancelled == 0
        asking[2].cancel()
        await asyncio.wait(asking)
        assert bench.cancelled == 1 and bench.left == [] and "k" not in bench.shared

    asyncio.run(told())


def test_a_failure_is_told_to_all_and_the_next_begins_again() -> None:
    async def told() -> None:
        bench = Bench()
        asking = [asyncio.create_task(bench.ask()) for _ in range(3)]
        await turns()
        bench.ends[0].set_exception(ValueError("gone"))
        for task in asking:
            with pytest.raises(ValueError, match="gone"):
                await task
        assert "k" not in bench.shared and bench.left == []
        again = asyncio.create_task(bench.ask())
        await turns()
        bench.ends[1].set_result(1)
        assert await again == 1

    asyncio.run(told())


def test_whatever_happens_each_result_is_left_once_and_nothing_stays_under_way() -> None:
    async def storm(seed: int) -> None:
        chance = random.Random(seed)
        bench = Bench()
        asking: list[asyncio.Task[int]] = []
        finished = 0
        for _ in range(60):
            what = chance.choice(["ask", "ask", "cancel", "end", "fail", "turn"])
            waiting = [end for end in bench.ends if not end.done()]
            if what == "ask":
                asking.append(asyncio.create_task(bench.ask(chance.choice("ab"))))
            elif what == "cancel" and asking:
                chance.choice(asking).cancel()
            elif what == "end" and waiting:
                chance.choice(waiting).set_result(1)
            elif what == "fail" and waiting:
                chance.choice(waiting).set_exception(ValueError())
            if chance.random() < 0.7:
                await turns(chance.randint(1, 3))
        for _ in range(20):
            await turns()
            for end in bench.ends:
                if not end.done():
                    end.set_result(1)
        for task in asking:
            with contextlib.suppress(asyncio.CancelledError, ValueError):
                await task
        await turns()
        finished = sum(1 for end in bench.ends if end.done() and not end.cancelled() and end.exception() is None)
        assert "a" not in bench.shared and "b" not in bench.shared
        assert finished - bench.cancelled <= len(bench.left) <= finished

    for seed in range(50):
        asyncio.run(storm(seed))


def test_names_that_nobody_holds_are_forgotten() -> None:
    held = Holds()
    for number in range(1000):
        for _ in range(2):
            held.take(str(number))
        held.release(str(number))
    assert len(held) == 1000
    for number in range(1000):
        held.release(str(number))
    assert len(held) == 0 and list(held) == []
    with pytest.raises(KeyError):
        held.release("0")
