"""A master that does not lead: what becomes of a request whose leader leads no more, or says nothing."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from dcos_runtime import daemon, tls
from dcos_runtime.flags.groups import UserFlags
from dcos_runtime.guard import guard
from dcos_runtime.guard.admission import Admission
from dcos_runtime.leading import standby as standbys
from dcos_runtime.leading.dialect import PASSED_ON
from dcos_runtime.leading.position import Peer
from dcos_runtime.leading.standby import PeerTls
from dcos_runtime.leading.standby import Standby as PassingOn
from dcos_runtime.master.http import MesosDialect, public_api
from dcos_runtime.master.main import peer
from dcos_runtime.master.position import MasterPosition
from dcos_runtime.wire.cluster import MasterInfo
from dcos_runtime.wire.common import Address
from tests.support.daemons.authority import Authority
from tests.support.daemons.byhand import free_port

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
IPS = ("127.0.0.2", "127.0.0.3")
CALL = "/api/v1/scheduler"


async def silence(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("an event that nobody sets was set")


async def hanging_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def declining(request: web.Request) -> web.StreamResponse:
    return web.Response(status=503, text="No leader elected", headers={PASSED_ON: "no"})


class Master:
    """Another master, as far as a standby sees it: ``answer`` is what it does when it is asked."""

    def __init__(self, ip: str) -> None:
        self.ip = ip
        self.answer: Answer = self.echo
        self.asked: list[str] = []
        self.was_asked = asyncio.Event()
        self.let_go = asyncio.Event()

    def info(self) -> MasterInfo:
        """One of its lives."""
        return MasterInfo(
            id=str(uuid.uuid4()), ip=0, port=5050, hostname=self.ip, address=Address(ip=self.ip, port=5050)
        )

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.method)
        self.was_asked.set()
        try:
            return await self.answer(request)
        except asyncio.CancelledError:
            self.let_go.set()
            raise

    async def echo(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=self.ip.encode() + b" " + await request.read())


class Standby:
    """The API that our own daemons meet at a master that does not lead, and two others."""

    def __init__(self, authority: Authority) -> None:
        self._files = tls.TlsFiles(authority.ca, authority.identity("master", host="127.0.0.1"))
        self._others = {ip: tls.TlsFiles(authority.ca, authority.identity("master", host=ip, ip=ip)) for ip in IPS}
        self._client = authority.client(authority.identity("gateway"))
        self.position = MasterPosition(0.0, {}, None, tls_port=free_port())
        self.position.own = Peer("own", "127.0.0.1:5050", "127.0.0.1")
        secure = PeerTls(self._files.client("master"), self.position.tls_port)
        self.passing_on = PassingOn(self.position, MesosDialect(), secure)
        self.first, self.second = (Master(ip) for ip in IPS)
        self.url = URL()

    def led_by(self, master: Master | None) -> None:
        self.position.follow(peer(master.info()) if master is not None else None)

    @contextlib.asynccontextmanager
    async def serving(self, master: Master) -> AsyncIterator[None]:
        application = web.Application(client_max_size=1 << 26)
        application.router.add_route("*", "/{tail:.*}", master.handle)
        context = self._others[master.ip].server()
        async with daemon.listening(application, master.ip, self.position.tls_port, tls=context, stop_seconds=0.2):
            yield

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Standby]:
        admission = Admission(
            "mesos-master", guard.guard("mesos-master", UserFlags(), tls_kinds={"gateway", "master"}, kind="master")
        )
        application = public_api(self.position, admission, self.passing_on).application()
        async with daemon.listening(application, "127.0.0.1", 0, tls=self._files.server(), stop_seconds=0.2) as address:
            self.url = URL(address.url)
            self.led_by(self.first)
            yield self
        await self.passing_on.close()

    def client(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(self.url, connector=aiohttp.TCPConnector(ssl=self._client))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def standby(authority: Authority) -> AsyncIterator[Standby]:
    async with asyncio.timeout(240), Standby(authority).running() as one:
        yield one


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standbys, "AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(standbys, "MOVED_SECONDS", 0.2)


async def told(asking: aiohttp.client._RequestContextManager) -> tuple[int, str]:
    async with asking as answer:
        return answer.status, await answer.text()


async def test_a_read_goes_to_the_last_leader(standby: Standby) -> None:
    first, second = standby.first, standby.second
    first.answer = second.answer = silence
    async with standby.serving(first), standby.serving(second), standby.client() as client:
        asking = asyncio.create_task(told(client.get("/state")))
        await first.was_asked.wait()
        standby.led_by(None)
        await first.let_go.wait()
        standby.led_by(second)
        await second.was_asked.wait()
        first.answer = first.echo
        standby.led_by(second)
        standby.led_by(first)  # before anybody had a word to say about the change before
        assert await asking == (200, f"{first.ip} ")
        assert first.asked == ["GET", "GET"]


@pytest.mark.usefixtures("impatient")
async def test_a_read_is_told_when_there_is_nobody_to_ask(standby: Standby) -> None:
    standby.first.answer = silence
    async with standby.serving(standby.first), standby.client() as client:
        asking = asyncio.create_task(told(client.get("/state")))
        await standby.first.was_asked.wait()
        standby.led_by(None)
        assert await asking == (503, "No leader elected; ask again")


async def test_a_change_is_asked_once_and_told_at_once_that_it_is_not_known(standby: Standby) -> None:
    first, second = standby.first, standby.second
    first.answer = silence
    async with standby.serving(first), standby.serving(second), standby.client() as client:
        for leader in (second, None):
            standby.led_by(first)
            first.was_asked.clear()
            asking = asyncio.create_task(told(client.post(CALL, data=b"{}")))
            await first.was_asked.wait()
            standby.led_by(leader)
            status, text = await asking
            assert status == 503 and "whether it did what was asked is not known" in text
        assert second.asked == []


async def test_a_body_that_is_half_read_ends_with_the_leader_and_the_connection_goes_on(standby: Standby) -> None:
    first, second = standby.first, standby.second
    half, rest = asyncio.Event(), asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"x" * 100_000
        await rest.wait()
        yield b"y" * 100_000

    async def reading(request: web.Request) -> web.StreamResponse:
        await request.content.readexactly(100_000)
        half.set()
        return await silence(request)

    first.answer = reading
    async with standby.serving(first), standby.serving(second), standby.client() as client:
        asking = asyncio.create_task(told(client.post(CALL, data=body())))
        await half.wait()
        standby.led_by(second)
        status, text = await asking
        rest.set()
        assert status == 503 and "not known" in text
        assert await told(client.get("/state")) == (200, f"{second.ip} ")
        assert second.asked == ["GET"]


async def test_what_was_never_sent_is_asked_of_the_next_leader_whole(standby: Standby) -> None:
    async with standby.serving(standby.second), standby.client() as client:
        asking = asyncio.create_task(told(client.post(CALL, data=b"z" * 300_000)))
        await asyncio.sleep(0.2)  # the first master takes no connections: it is asked in vain
        assert not asking.done()
        standby.led_by(standby.second)
        status, text = await asking
        assert (status, len(text)) == (200, len(standby.second.ip) + 1 + 300_000)


@pytest.mark.usefixtures("impatient")
async def test_a_leader_that_nobody_replaces_is_said_to_be_out_of_reach(standby: Standby) -> None:
    async with standby.client() as client:
        for asking in (client.get("/state"), client.post(CALL, data=b"{}")):
            status, text = await told(asking)
            assert status == 502 and text.endswith("cannot be reached; ask again")


async def test_a_read_that_breaks_off_is_asked_of_another_and_a_change_is_not(standby: Standby) -> None:
    first, second = standby.first, standby.second
    first.answer = hanging_up
    async with standby.serving(first), standby.serving(second), standby.client() as client:
        status, text = await told(client.post(CALL, data=b"{}"))
        assert status == 502 and "whether it did what was asked is not known" in text
        first.was_asked.clear()
        asking = asyncio.create_task(told(client.get("/state")))
        await first.was_asked.wait()
        standby.led_by(second)
        assert await asking == (200, f"{second.ip} ")


async def test_a_new_leader_that_does_not_lead_yet_is_asked_again(standby: Standby) -> None:
    first = standby.first
    first.answer = declining
    async with standby.serving(first), standby.client() as client:
        assert await told(client.post(CALL, data=b"{}")) == (503, "No leader elected")
        first.was_asked.clear()
        asking = asyncio.create_task(told(client.get("/state")))
        await first.was_asked.wait()
        first.answer = first.echo
        assert await asking == (200, f"{first.ip} ")


async def test_nobody_asks_for_a_client_that_went_away(standby: Standby) -> None:
    first, second = standby.first, standby.second
    first.answer = silence
    async with standby.serving(first), standby.serving(second):
        async with standby.client() as client:
            asking = asyncio.create_task(told(client.get("/state")))
            await first.was_asked.wait()
            asking.cancel()
        await first.let_go.wait()
        standby.led_by(second)
        async with standby.client() as client:
            assert await told(client.get("/state")) == (200, f"{second.ip} ")
        assert second.asked == ["GET"]


@pytest.mark.parametrize("replaced", [True, False])
async def test_a_stream_is_cut_when_its_leader_leads_no_more(standby: Standby, replaced: bool) -> None:
    first, second = standby.first, standby.second

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"a record")
        return await silence(request)

    first.answer = stream
    async with standby.serving(first), standby.serving(second), standby.client() as client:
        async with client.post(CALL, data=b"{}") as answer:
            assert await answer.content.readexactly(8) == b"a record"
            standby.led_by(second if replaced else None)
            with pytest.raises(aiohttp.ClientError):
                await answer.content.read()
        await first.let_go.wait()
        assert second.asked == []


@pytest.mark.usefixtures("impatient")
async def test_what_another_master_passed_on_is_declined_as_not_done(standby: Standby) -> None:
    async with standby.serving(standby.first), standby.client() as client:
        for leading in (peer(standby.first.info()), None, standby.position.own):
            standby.position.follow(leading)
            async with client.get("/state", headers={PASSED_ON: "1"}) as answer:
                assert (answer.status, answer.headers[PASSED_ON]) == (503, "no")
        assert standby.first.asked == []
