"""An init whose leadership is suspended changes, stores and checks nothing, and goes on with what came meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping

import pytest

from dcos_runtime.core.frozen import Now
from dcos_runtime.leading.seat import Leadership
from dcos_runtime.marathon.core import events
from dcos_runtime.marathon.core.effects import Effect, Probe
from dcos_runtime.marathon.core.events import Event
from dcos_runtime.marathon.core.state import Settings
from dcos_runtime.marathon.events import Hub
from dcos_runtime.marathon.prober import Prober
from dcos_runtime.marathon.shell import InitShell
from dcos_runtime.store.lease import Lease, LeaseSuspended

SESSION = 8.0


class Store:
    def __init__(self) -> None:
        self.held: dict[str, bytes | None] = {}

    async def load(self) -> dict[str, bytes]:
        return {}

    async def write(self, changes: Mapping[str, bytes | None]) -> None:
        self.held.update(changes)

    async def close(self) -> None:
        pass


class Term:
    def __init__(self) -> None:
        self.now = 1000.0
        self.lease = Lease(lambda: self.now)
        self.store = Store()
        self.resume()

    def resume(self) -> None:
        self.lease.confirm(self.now, SESSION, opened=self.now)

    def suspend(self) -> None:
        self.now += SESSION
        assert not self.lease.valid()


@pytest.fixture
async def term() -> AsyncIterator[tuple[Term, InitShell]]:
    term = Term()
    shell = await InitShell.load(Leadership(term.store, term.lease), Hub(), Settings())  # type: ignore[arg-type]  # a double has what is used of it
    running = asyncio.create_task(shell.run())
    await run_loop()
    yield term, shell
    assert not running.done(), "a suspension must not end it"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


LATE = events.Probed("t", 0, True)


def create(number: int) -> events.CreateApp:
    return events.CreateApp(number, b'{"id": "/a", "cmd": "x", "instances": 0}')


def told(shell: InitShell) -> list[Event]:
    """What the core is told from now on."""
    found: list[Event] = []
    receive = shell.core.receive

    def note(event: Event, now: Now) -> list[Effect]:
        found.append(event)
        return receive(event, now)

    shell.core.receive = note  # type: ignore[method-assign]  # a double takes its place
    return found


async def run_loop() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_change_waits_and_is_stored_when_it_goes_on(term: tuple[Term, InitShell]) -> None:
    lease, shell = term
    lease.suspend()
    done = told(shell)
    waiting = asyncio.create_task(shell.ask(create))
    shell.feed(LATE)
    await run_loop()
    assert done == [] and not waiting.done()
    lease.resume()
    async with asyncio.timeout(240):
        assert (await waiting).status == 201
    assert done[:2] == [LATE, create(1)]
    assert any(key.startswith("apps/") for key in lease.store.held)


async def test_what_was_fed_meanwhile_is_not_left_until_something_else_happens(term: tuple[Term, InitShell]) -> None:
    lease, shell = term
    lease.suspend()
    done = told(shell)
    shell.feed(LATE)
    await run_loop()
    assert done == []
    lease.resume()
    for _ in range(6000):
        if LATE in done:
            return
        await asyncio.sleep(0.01)
    pytest.fail("it is left")


async def test_a_change_is_refused_when_it_has_waited_in_vain_for_a_session(term: tuple[Term, InitShell]) -> None:
    lease, shell = term
    lease.suspend()
    lease.now += SESSION
    done = told(shell)
    with pytest.raises(LeaseSuspended, match="nothing was done"):
        await shell.ask(create)
    assert done == []
    lease.resume()


async def test_no_wait_goes_on(term: tuple[Term, InitShell]) -> None:
    lease, shell = term
    before = shell.now().mono
    lease.suspend()
    lease.now += 10_000
    assert shell.now().mono < before + SESSION
    lease.resume()
    assert shell.now().mono < before + SESSION


@contextlib.asynccontextmanager
async def server(answers: bool) -> AsyncIterator[int]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answers:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
        writer.close()

    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield listening.sockets[0].getsockname()[1]
    finally:
        listening.close()


def probe(port: int, timeout: float) -> Probe:
    return Probe(
        task_id="t", index=0, protocol="HTTP", host="127.0.0.1", port=port, path="/", timeout=timeout, ignore_1xx=False
    )


async def test_a_check_that_stands_still_together_with_the_init_is_not_one_that_failed() -> None:
    """The init stands still for longer than the check may take, while it is under way."""
    prober = Prober()
    try:
        async with server(answers=True) as port:
            checking = asyncio.create_task(prober.probe(probe(port, 1.0)))
            await asyncio.sleep(0)
            time.sleep(1.5)  # noqa: ASYNC251 - that is what starvation looks like from inside
            assert await checking == (True, "")
    finally:
        await prober.close()


async def test_a_check_without_an_answer_fails_after_its_time() -> None:
    prober = Prober()
    listening = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    try:
        began = time.monotonic()
        ok, cause = await prober.probe(probe(listening.sockets[0].getsockname()[1], 0.5))
        assert ok is False and "no answer within 0.5 s" in cause
        assert time.monotonic() - began >= 0.5
    finally:
        listening.close()
        await prober.close()


async def test_a_check_that_failed_while_the_leadership_was_suspended_is_no_verdict(
    term: tuple[Term, InitShell], monkeypatch: pytest.MonkeyPatch
) -> None:
    lease, shell = term
    verdicts: list[bool | None] = []
    monkeypatch.setattr(shell, "feed", lambda event: verdicts.append(event.ok))
    async with server(answers=False) as port:
        for suspended in (True, False):
            checking = asyncio.create_task(shell._probe(probe(port, 5.0)))
            await asyncio.sleep(0)  # it is under way
            if suspended:
                lease.suspend()
                lease.resume()
            async with asyncio.timeout(240):
                await checking
    assert verdicts == [None, False]
