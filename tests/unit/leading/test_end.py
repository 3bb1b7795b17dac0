"""The end of a daemon with a leader: what is under way is answered first, and then nothing is taken any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web
from yarl import URL

from dcos_runtime import daemon
from dcos_runtime.guard.admission import Admission
from dcos_runtime.leading.dialect import PASSED_ON, Dialect
from dcos_runtime.leading.http import Api
from dcos_runtime.leading.position import Peer, Position
from dcos_runtime.leading.routes import Parts, Patterns, route
from dcos_runtime.leading.standby import Standby
from dcos_runtime.store.lease import Forever, Lease, Term


class Leader:
    def __init__(self, lease: Term) -> None:
        self.lease = lease
        self.abandoned = ""
        self.asked = asyncio.Event()
        self.go_on = asyncio.Event()

    async def run(self) -> None: ...

    def abandon(self, why: str) -> None:
        self.abandoned = why

    async def stop(self) -> None: ...


@asynccontextmanager
async def leading(lease: Term) -> AsyncIterator[tuple[URL, Position[Leader], Leader]]:
    position: Position[Leader] = Position(Peer("a", "a:1", "a"))
    shell = Leader(lease)
    position.start(shell)

    async def slow(request: web.Request, parts: Parts) -> web.StreamResponse:
        position.leading_shell.asked.set()
        await position.leading_shell.go_on.wait()
        return web.Response(text="done")

    async def stream(request: web.Request, parts: Parts) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"begun")
        await asyncio.Event().wait()
        return response

    dialect = Dialect()
    routes = Patterns([route("POST", "/slow", slow), route("GET", "/stream", stream)], dialect.error)
    standby = Standby(position, dialect)
    api = Api(position, routes, Admission(None), dialect, standby)
    async with daemon.listening(api.application(), "127.0.0.1", 0, stop_seconds=0.2) as address:
        yield URL(address.url), position, shell
    await standby.close()


async def test_what_is_under_way_is_answered_and_what_comes_then_is_not_done() -> None:
    async with (
        asyncio.timeout(240),
        leading(Forever()) as (url, position, shell),
        aiohttp.ClientSession() as http,
        http.get(url / "stream") as streaming,
    ):
        assert await streaming.content.readexactly(5) == b"begun"
        asking = asyncio.create_task(http.post(url / "slow"))
        await shell.asked.wait()
        ending = asyncio.create_task(position.end(50))
        await asyncio.sleep(0.1)
        async with http.post(url / "slow", headers={PASSED_ON: "1"}) as late:
            assert (late.status, late.headers[PASSED_ON]) == (503, "no")
            assert "is ending" in await late.text()
        assert not ending.done()
        shell.go_on.set()
        assert await (await asking).text() == "done"
        assert await ending is shell and position.shell is None, "an open stream is not waited for"


async def test_a_response_that_does_not_come_is_not_waited_for() -> None:
    async with asyncio.timeout(240), leading(Forever()) as (url, position, shell), aiohttp.ClientSession() as http:
        asking = asyncio.create_task(http.post(url / "slow"))
        await shell.asked.wait()
        assert await position.end(0.1) is shell
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_who_lost_the_leadership_cuts_what_is_open_and_sends_no_answer_of_before() -> None:
    lease = Lease(lambda: 1000.0)
    lease.confirm(1000.0, 10.0, opened=1000.0)
    async with asyncio.timeout(240), leading(lease) as (url, position, shell), aiohttp.ClientSession() as http:
        asking = asyncio.create_task(http.post(url / "slow"))
        await shell.asked.wait()
        lease.revoke("another leads")
        shell.go_on.set()
        async with await asking as answer:
            assert (answer.status, await answer.text()) == (503, "No leader elected")
        assert position.shell is None and "another leads" in shell.abandoned
