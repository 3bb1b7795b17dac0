"""Runs a fleet, reports on it meanwhile, and sums up."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import signal
import time
from collections.abc import Callable

import msgspec

from dcos_runtime.framework.client import SubscriptionRefused
from dcos_runtime.sim.fleet.agents import MAX_POSTS, Agents
from dcos_runtime.sim.fleet.frameworks import Frameworks
from dcos_runtime.sim.fleet.options import FleetOptions
from dcos_runtime.store import election

SPARE_FILES = 200
TELL_SECONDS = 1.0
SETTLE_SECONDS = 0.05


class FleetError(Exception):
    """The fleet could not do what it was to do; the text says how far it came."""


class Outcome(msgspec.Struct, frozen=True):
    """Seconds, and counts.

    ``registered_after``: until all agents were members. ``launches_per_second``: tasks that ran, from the first ACCEPT
    to the last TASK_RUNNING that a framework got; ``to_running``: from a task's ACCEPT to that, at the quantiles .5,
    .99 and 1. ``reregistered_after``: from the first agent that lost its master until all were members again, each time
    that this happened. ``refused``: calls that the master did not accept.
    """

    agents: int
    registered_after: float
    tasks: int
    ran: int
    ended: int
    failed: int
    refused: int
    launches_per_second: float | None
    to_running: tuple[float, float, float] | None
    reregistered_after: tuple[float, ...]


def run(options: FleetOptions, tell: Callable[[str], None] = lambda line: None) -> Outcome:
    """Returns when all is done and ``stay`` is over, or a SIGTERM or SIGINT has come after all was done. ``tell`` gets
    lines about how it goes on. Raises `FleetError`, and ``ValueError`` for a bad ``master``.
    """
    import uvloop

    _allow_files(options)
    fleet = Fleet(options, tell)
    return uvloop.run(fleet.run())


class Fleet:
    """Agents and frameworks, and how far they are."""

    def __init__(self, options: FleetOptions, tell: Callable[[str], None]) -> None:
        self._options, self._tell = options, tell
        self._news = asyncio.Event()
        self._detector = election.detector(election.parse_master(options.master))
        self._agents = Agents(options, self._detector, self._changed)
        self._frameworks = Frameworks(options, self._changed)
        self._began = self._moved = 0.0
        self._registered_after: float | None = None
        self._lost_at: float | None = None
        self._returns: list[float] = []
        self._most = 0
        self._settled = False
        self._stopped = asyncio.Event()

    async def run(self) -> Outcome:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopped.set)
        self._began = self._moved = time.monotonic()
        work = [
            asyncio.create_task(self._agents.run(), name="agents"),
            asyncio.create_task(self._frameworks.run(), name="frameworks"),
        ]
        telling = asyncio.create_task(self._tell_all(), name="tell")
        watching = asyncio.create_task(self._until_done(), name="until done")
        stopped = asyncio.create_task(self._stopped.wait(), name="until it is told to end")
        try:
            await asyncio.wait({*work, telling, watching, stopped}, return_when=asyncio.FIRST_COMPLETED)
            for each in (*work, telling, watching):
                if each.done():
                    each.result()  # raises what ended it
            if not self._settled:
                raise FleetError(f"it was told to end: {self._line()}")
        except SubscriptionRefused as error:
            raise FleetError(f"the master refuses a framework: {error}") from error
        finally:
            for task in (*work, telling, watching, stopped):
                task.cancel()
            await asyncio.gather(*work, telling, watching, stopped, return_exceptions=True)
        return self._outcome()

    @property
    def _done(self) -> bool:
        return self._registered_after is not None and self._frameworks.done

    def _changed(self) -> None:
        now = time.monotonic()
        self._moved = now
        count, whole = self._agents.registered, self._options.agents
        if count < self._most and self._lost_at is None and self._most == whole:
            self._lost_at = now
        self._most = max(self._most, count)
        if count == whole:
            if self._registered_after is None:
                self._registered_after = now - self._began
            elif self._lost_at is not None:
                self._returns.append(now - self._lost_at)
                self._lost_at = None
        self._news.set()

    async def _until_done(self) -> None:
        while not self._done:
            self._news.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._options.deadline):
                    await self._news.wait()
            if time.monotonic() - self._moved > self._options.deadline:
                raise FleetError(f"nothing has happened for {self._options.deadline:g} s: {self._line()}")
        ran = time.monotonic()
        while left := self._agents.unacknowledged:  # the last acknowledgements are on their way
            if time.monotonic() - ran > self._options.deadline:
                raise FleetError(f"{left} tasks have a status that was never acknowledged: {self._line()}")
            await asyncio.sleep(SETTLE_SECONDS)
        self._settled = True
        self._tell(f"{self._line()}: all is done")
        await asyncio.sleep(self._options.stay)

    async def _tell_all(self) -> None:
        last = ""
        while True:
            await asyncio.sleep(TELL_SECONDS)
            line = self._line()
            if line != last:
                self._tell(line)
            last = line

    def _line(self) -> str:
        agents, tasks = self._agents, self._frameworks
        return (
            f"{time.monotonic() - self._began:6.1f} s: {agents.registered} of {self._options.agents} agents registered,"
            f" {tasks.ran} of {self._options.tasks} tasks ran, {agents.running} run, {tasks.ended} ended,"
            f" {tasks.failed} failed"
        )

    def _outcome(self) -> Outcome:
        tasks = self._frameworks
        rate, quantiles = None, None
        if tasks.first_accept is not None and tasks.last_running is not None and tasks.ran:
            rate = tasks.ran / max(tasks.last_running - tasks.first_accept, 1e-9)
            found = sorted(tasks.latencies)
            quantiles = (found[len(found) // 2], found[int(len(found) * 0.99)], found[-1])
        return Outcome(
            agents=self._options.agents,
            registered_after=self._registered_after or 0.0,
            tasks=self._options.tasks,
            ran=tasks.ran,
            ended=tasks.ended,
            failed=tasks.failed,
            refused=tasks.refused,
            launches_per_second=rate,
            to_running=quantiles,
            reregistered_after=tuple(self._returns),
        )


def _allow_files(options: FleetOptions) -> None:
    """Raises `FleetError` when this process may not have so many files open."""
    needed = options.agents + min(MAX_POSTS, options.agents) + 5 * options.frameworks + SPARE_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise FleetError(
            f"{options.agents} agents and {options.frameworks} frameworks need {needed} open files, and this process"
            f" may have {hard} (ulimit -Hn): use fewer agents, or raise the limit"
        )
    if soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
