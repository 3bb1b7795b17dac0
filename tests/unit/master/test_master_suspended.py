"""A leader whose leadership is suspended: nothing is decided or said, nothing is lost, and no time has passed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from dcos_runtime.core.frozen import Now
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.daemon import Life
from dcos_runtime.leading.seat import Leadership
from dcos_runtime.master.core import calls
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.master.core.events import (
    AgentConnect,
    AgentGone,
    BudgetedTick,
    Called,
    Event,
    Resumed,
    Subscribe,
    SubscriberGone,
    TeardownAsked,
)
from dcos_runtime.master.core.state import Settings
from dcos_runtime.master.shell import MasterShell, start
from dcos_runtime.store.lease import Lease, LeaseOver, LeaseSuspended
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo, MasterInfo
from dcos_runtime.wire.scheduler import Call

SESSION = 8.0
PING, PINGS = 1000.0, 2


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Store:
    """Writes wait while ``open`` is not set."""

    def __init__(self) -> None:
        self.held: dict[str, bytes | None] = {}
        self.open = asyncio.Event()
        self.open.set()

    async def load(self) -> dict[str, bytes]:
        return {}

    async def write(self, changes: Mapping[str, bytes | None]) -> None:
        await self.open.wait()
        self.held.update(changes)

    async def close(self) -> None:
        pass


class Term:
    """A leader on a clock of the test's."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.lease = Lease(self.clock)
        self.store = Store()
        self.life = Life()
        self.resume()

    async def lead(self) -> MasterShell:
        settings = Settings(MasterInfo(id="m", ip=1, port=5050), agent_ping_timeout=PING, max_agent_ping_timeouts=PINGS)
        self.shell = await start(settings, Leadership(self.store, self.lease))  # type: ignore[arg-type]  # a double has what is used of it
        self.life.spawn(self.shell.run(), "the shell")
        return self.shell

    def resume(self) -> None:
        self.lease.confirm(self.clock.now, SESSION, opened=self.clock.now)
        assert self.lease.valid()

    def passes(self, seconds: float) -> None:
        """Without a lapse."""
        while seconds > 0:
            self.clock.now += min(seconds, SESSION / 2)
            seconds -= SESSION / 2
            self.resume()

    def suspend(self) -> None:
        self.clock.now += SESSION
        assert not self.lease.valid() and not self.lease.over.is_set()

    async def connect(self) -> int:
        """An agent. Its stream."""
        info = codec.decode(json.dumps({"hostname": "a", "port": 1, "resources": []}).encode(), AgentInfo)
        stream = self.shell.streams.open("an agent")
        data = codec.encode(internal.Connect(1, info, "test", "boot", [], []))
        answer = await self.shell.ask(lambda request: AgentConnect(request, stream.number, data, "127.0.0.1"))
        assert answer.status == 200
        await until(lambda: bool(self.shell.state.agents))
        return stream.number

    async def tick(self) -> None:
        await self.lease.hold(10.0)
        self.shell.feed(BudgetedTick())

    def asking(self, handled: list[int]) -> Callable[[int], Event]:
        """An event that nothing comes of, and who notes that it is handed over."""

        def call(request: int) -> Event:
            handled.append(request)
            return TeardownAsked(request, "no framework")

        return call


@pytest.fixture
async def term() -> AsyncIterator[Term]:
    term = Term()
    await term.lead()
    yield term
    await term.life._cancel_tasks()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(240):
        while True:
            if condition():
                return
            await asyncio.sleep(0)


async def run_loop() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_an_event_waits_and_is_handled_when_it_goes_on(term: Term) -> None:
    term.suspend()
    handled: list[int] = []
    waiting = asyncio.create_task(term.shell.ask(term.asking(handled)))
    await run_loop()
    assert not handled and not waiting.done()
    term.resume()
    async with asyncio.timeout(240):
        reply = await waiting
    assert len(handled) == 1 and reply.body == b"No framework found with specified ID"


async def test_an_event_that_waits_for_too_long_is_refused_and_never_handled(term: Term) -> None:
    term.suspend()
    handled: list[int] = []
    with pytest.raises(LeaseSuspended, match="nothing was done"):
        await term.shell.ask(term.asking(handled), 0.01)
    term.resume()
    await run_loop()
    assert not handled


async def test_an_event_that_waits_for_what_ends_is_never_handled(term: Term) -> None:
    term.suspend()
    handled: list[int] = []
    waiting = asyncio.create_task(term.shell.ask(term.asking(handled)))
    await run_loop()
    term.lease.revoke("the session expired")
    async with asyncio.timeout(240):
        with pytest.raises(LeaseOver):
            await waiting
    assert not handled


async def test_the_end_of_a_stream_is_noted_and_comes_before_what_waited(term: Term) -> None:
    stream = await term.connect()
    (agent,) = term.shell.state.agents.values()
    term.suspend()
    seen: list[bool] = []

    def call(request: int) -> Event:
        seen.append(agent.connected)
        return TeardownAsked(request, "no framework")

    waiting = asyncio.create_task(term.shell.ask(call))
    term.shell.feed(AgentGone(stream))
    await run_loop()
    assert agent.connected, "nothing is decided now"
    term.resume()
    async with asyncio.timeout(240):
        await waiting
    assert seen == [False]


async def test_what_is_noted_is_not_left_until_something_else_happens(term: Term) -> None:
    stream = await term.connect()
    (agent,) = term.shell.state.agents.values()
    term.suspend()
    term.shell.feed(AgentGone(stream))
    term.resume()
    await until(lambda: not agent.connected)


async def test_no_ping_is_missed_while_it_is_suspended_and_all_time_is_there_again_after(term: Term) -> None:
    await term.connect()
    (agent,) = term.shell.state.agents.values()
    term.passes(PING + 1)
    await term.tick()
    assert agent.missed_pings == PINGS, "one more, and it is unreachable"
    term.suspend()
    term.clock.now += 100 * PING
    term.resume()
    await term.tick()
    await run_loop()
    assert agent.missed_pings == 0
    for _ in range(PINGS):
        term.passes(PING + 1)
        await term.tick()
        assert agent.id in term.shell.state.agents and agent.id not in term.shell.state.leaving
    term.passes(PING + 1)
    await term.tick()
    await until(lambda: agent.id in term.shell.state.unreachable)


async def test_the_failover_timeout_of_a_framework_does_not_run_out_meanwhile(term: Term) -> None:
    info = {"user": "root", "name": "f", "failover_timeout": 50.0}
    call = codec.decode(json.dumps({"type": "SUBSCRIBE", "subscribe": {"framework_info": info}}).encode(), Call)
    stream = term.shell.streams.open("a framework")
    reply = await term.shell.ask(lambda request: Subscribe(request, stream.number, "s", call))
    assert reply.status == 200 and len(term.shell.state.frameworks) == 1
    term.shell.feed(SubscriberGone(stream.number))
    term.suspend()
    term.clock.now += 10_000
    term.resume()
    await term.tick()
    assert len(term.shell.state.frameworks) == 1
    term.passes(60)
    await term.tick()
    assert not term.shell.state.frameworks


async def test_what_was_stored_meanwhile_is_acted_on_after(term: Term) -> None:
    term.store.open.clear()
    connecting = asyncio.create_task(term.connect())
    await run_loop()
    term.suspend()
    term.store.open.set()
    await run_loop()
    assert not term.shell.state.agents
    term.resume()
    async with asyncio.timeout(240):
        await connecting
    assert len(term.shell.state.agents) == 1
    assert term.life.reason == ""


async def test_a_call_that_fails_is_a_500_and_what_it_wanted_until_then_is_done(
    term: Term, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = term.shell.streams.open("a framework")

    def fail(state: Any, event: Any, now: Now) -> tuple[int, str]:
        state.close(stream.number)
        raise ValueError("broken")

    monkeypatch.setattr(calls, "call", fail)
    reply = await term.shell.ask(lambda request: Called(request, Call()))
    assert reply.status == 500 and b"broken" not in reply.body
    assert stream._over, "closed before it failed"
    monkeypatch.undo()
    reply = await term.shell.ask(lambda request: Called(request, Call()))
    assert (reply.status, reply.body) == (400, b"Failed to validate scheduler::Call: Expecting 'type' to be present")


def test_resuming_a_core_that_knows_nobody_does_nothing() -> None:
    core = MasterCore(Settings(MasterInfo(id="m", ip=1, port=5050)), SeededSource(b"1"))
    assert core.receive(Resumed(), Now(1.0, 1.0)) == []
