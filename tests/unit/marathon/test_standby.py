"""A process that does not lead: what it passes on, over what, in whose name, and when it gives up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from dcos_runtime import daemon, tls
from dcos_runtime.guard.guard import Guard, guard
from dcos_runtime.marathon import options, standby
from dcos_runtime.marathon.doors import Door, principal_of
from dcos_runtime.marathon.standby import Proxy, Tls
from dcos_runtime.store.election import Leader
from tests.support.daemons.authority import Authority, basic


class Election:
    """A detector that is told who leads."""

    def __init__(self, address: str | None = None) -> None:
        self.current: Leader | None = None
        self._news = asyncio.Condition()
        self._terms = 0
        if address is not None:
            self.current = Leader("json.info_0", address.encode())

    async def won_by(self, address: str | None) -> None:
        async with self._news:
            self._terms += 1
            self.current = None if address is None else Leader(f"json.info_{self._terms}", address.encode())
            self._news.notify_all()

    async def changed(self, known: Leader | None) -> Leader | None:
        async with self._news:
            await self._news.wait_for(lambda: self.current != known)
            return self.current

    async def close(self) -> None:
        pass


class Init:
    """The leading init, as far as a standby sees it: notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.events: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.gone = asyncio.Event()
        self.silent = False
        self.waiting = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.bodies.append(await request.read())
        if self.silent:
            self.waiting.set()
            await asyncio.Event().wait()
        if request.path != "/v2/events":
            return web.json_response({"path": request.path}, status=201, headers={"Marathon-Deployment-Id": "d"})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            while (record := await self.events.get()) is not None:
                await response.write(record)
        finally:
            self.gone.set()
        return response


@asynccontextmanager
async def serving(handle: Any, context: Any = None) -> AsyncIterator[daemon.Address]:
    application = handle
    if not isinstance(handle, web.Application):
        application = web.Application()
        application.router.add_route("*", "/{tail:.*}", handle)
    async with daemon.listening(application, "127.0.0.1", 0, tls=context, stop_seconds=0.2) as address:
        yield address


@asynccontextmanager
async def plain(leader: Init) -> AsyncIterator[tuple[URL, Election]]:
    """A standby without TLS in front of ``leader``."""
    async with serving(leader.handle) as address:
        election = Election(str(address))
        proxy = Proxy("standby:8080", election)
        async with serving(proxy.handle) as own:
            yield URL(own.url), election
        await proxy.close()


class Secure:
    """A standby and a leader with TLS: ``http`` and ``https`` are the standby's ports."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.leader = Init()
        self.election = Election()
        self.http = self.https = URL()

    def files(self, kind: str) -> tls.Files:
        return tls.Files(self.authority.ca, self.authority.identity(kind))

    def guard(self) -> Guard:
        credentials = self.authority.credentials({"alice": "wonder"})
        return guard(options.REALM, credentials=str(credentials), tls_kinds=options.TLS_KINDS)

    @asynccontextmanager
    async def running(self, leader_kind: str = "marathon") -> AsyncIterator[Secure]:
        door = Door(self.guard(), self.leader.handle, required=True)
        async with serving(door.application(), self.files(leader_kind).server()) as leader:
            # What the election tells is the leader's plain port, where nobody listens here.
            await self.election.won_by("127.0.0.1:1")
            proxy = Proxy("127.0.0.1:2", self.election, Tls(self.files("marathon").client("marathon"), leader.port))
            own = Door(self.guard(), proxy.handle, required=True)
            async with (
                serving(own.application()) as http,
                serving(own.application(), self.files("marathon").server()) as https,
            ):
                self.http, self.https = URL(http.url), URL(f"https://{https}")
                yield self
            await proxy.close()

    def client(self, kind: str) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self.files(kind).client("marathon")))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def secure(authority: Authority) -> AsyncIterator[Secure]:
    async with Secure(authority).running() as one:
        yield one


# --- as the original's do ---


async def test_a_standby_passes_requests_on_and_names_the_leader() -> None:
    leader = Init()
    async with plain(leader) as (url, election), aiohttp.ClientSession() as http:
        assert election.current is not None
        base = f"http://{election.current.content.decode()}"
        async with http.post(url / "v2/apps", data=b"{}", headers={"Authorization": "Basic eDp5"}) as answer:
            assert answer.status == 201 and (await answer.json()) == {"path": "/v2/apps"}
            assert answer.headers["X-Marathon-Leader"] == base
            assert answer.headers["X-Marathon-Via"] == "1.1 standby:8080" and answer.headers["Marathon-Deployment-Id"]
        assert leader.bodies == [b"{}"] and leader.asked[0].headers["Authorization"] == "Basic eDp5"
        odd = URL(f"{url}/v2//apps/%2e%2e/a%2Fb?x=%2f", encoded=True)
        async with http.get(odd) as answer:
            assert answer.status == 201 and leader.asked[1].raw_path == odd.raw_path_qs
        async with http.get(url / "v2/events", allow_redirects=False) as answer:
            assert answer.status == 302 and answer.headers["Location"] == f"{base}/v2/events"
        async with http.get(url / "v2/apps", headers={"X-Marathon-Via": "1.1 standby:8080"}) as answer:
            assert answer.status == 502 and "loop" in (await answer.json())["message"]
        await election.won_by("127.0.0.1:1")
        async with http.post(url / "v2/apps", data=b"{}") as answer:
            assert answer.status == 502


async def test_a_standby_without_a_leader_answers_503_and_pings_for_itself() -> None:
    proxy = Proxy("standby:8080", Election())
    async with serving(proxy.handle) as own, aiohttp.ClientSession() as http:
        async with http.get(own.url + "/v2/apps") as answer:
            assert answer.status == 503 and answer.headers["Retry-After"]
        async with http.get(own.url + "//ping/") as answer:
            assert (answer.status, await answer.text()) == (200, "pong")


async def test_a_packed_body_goes_on_unpacked() -> None:
    leader = Init()
    async with plain(leader) as (url, _), aiohttp.ClientSession() as http:
        async with http.post(url / "v2/apps", data=b'{"id": "/a"}', compress="gzip") as answer:
            assert answer.status == 201
        assert leader.bodies == [b'{"id": "/a"}'] and "Content-Encoding" not in leader.asked[0].headers


async def test_a_request_whose_leader_is_overtaken_is_answered_503_at_once() -> None:
    leader = Init()
    leader.silent = True
    async with plain(leader) as (url, election), aiohttp.ClientSession() as http:
        asking = asyncio.create_task(http.post(url / "v2/apps", data=b"{}"))
        async with asyncio.timeout(20):
            await leader.waiting.wait()
            await election.won_by("127.0.0.1:1")
            answer = await asking
        assert answer.status == 503 and "not known" in (await answer.json())["message"]


async def test_a_read_that_a_leader_left_is_answered_by_the_next_one() -> None:
    leader, next_one = Init(), Init()
    leader.silent = True
    async with (
        asyncio.timeout(60),
        plain(leader) as (url, election),
        serving(next_one.handle) as address,
        aiohttp.ClientSession() as http,
    ):
        asking = asyncio.create_task(http.get(url / "v2/apps"))
        await leader.waiting.wait()
        await election.won_by(None)
        await election.won_by("standby:8080")  # itself, and then it is overtaken
        await election.won_by(str(address))
        answer = await asking
        assert answer.status == 201 and answer.headers["X-Marathon-Leader"] == f"http://{address}"
    assert (len(leader.asked), len(next_one.asked)) == (1, 1)


async def test_a_read_whose_leader_takes_no_connections_waits_for_the_next_one() -> None:
    leader = Init()
    async with asyncio.timeout(60), plain(leader) as (url, election), aiohttp.ClientSession() as http:
        assert election.current is not None
        address = election.current.content.decode()
        await election.won_by("127.0.0.1:1")
        asking = asyncio.create_task(http.get(url / "v2/apps"))
        await asyncio.sleep(0.1)  # it may have been refused by now; the answer is the same
        await election.won_by(address)
        assert (await asking).status == 201


async def test_a_read_that_nobody_answers_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standby, "AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(standby, "MOVED_SECONDS", 0.2)
    leader = Init()
    leader.silent = True
    async with asyncio.timeout(60), plain(leader) as (url, election), aiohttp.ClientSession() as http:
        asking = asyncio.create_task(http.get(url / "v2/apps"))
        await leader.waiting.wait()
        await election.won_by(None)
        answer = await asking
        assert answer.status == 503 and "does not lead any more" in (await answer.json())["message"]
        await election.won_by("127.0.0.1:1")
        async with http.get(url / "v2/apps") as answer:
            assert answer.status == 502 and "does not answer" in (await answer.json())["message"]


async def test_a_standby_that_comes_to_lead_answers_itself_what_it_had_passed_on() -> None:
    async def own(request: web.Request) -> web.StreamResponse:
        return web.Response(text="here")

    leader = Init()
    leader.silent = True
    election = Election()
    async with asyncio.timeout(60), serving(leader.handle) as address, aiohttp.ClientSession() as http:
        proxy = Proxy("standby:8080", election)
        async with serving(proxy.handle) as at:
            await election.won_by(str(address))
            asking = asyncio.create_task(http.get(at.url + "/v2/apps"))
            await leader.waiting.wait()
            await election.won_by("standby:8080")
            # From another standby, which has heard of the election: it waits, too.
            told = asyncio.create_task(http.get(at.url + "/v2/apps", headers={"X-Marathon-Via": "1.1 other:8080"}))
            async with http.get(at.url + "/v2/apps") as answer:
                assert answer.status == 503, "who asks now is told at once"
            proxy.lead(own)
            assert [await (await one).text() for one in (asking, told)] == ["here", "here"]
        await proxy.close()


# --- over TLS ---


async def test_what_was_proved_to_a_standby_is_told_the_leader_and_the_secret_is_not(secure: Secure) -> None:
    async with aiohttp.ClientSession() as http:
        forged = {**basic("alice", "wonder"), "X-Dcos-User": "root"}
        async with http.post(secure.http / "v2/apps", data=b"{}", headers=forged) as answer:
            assert answer.status == 201
        async with http.get(secure.http / "v2/apps", headers={"X-Dcos-User": "root"}) as answer:
            assert answer.status == 401
    (asked,) = secure.leader.asked
    assert principal_of(asked) == "alice" and "Authorization" not in asked.headers
    assert asked.headers.getall("X-Dcos-User") == ["alice"]


@pytest.mark.parametrize(
    ("kind", "said", "principal"),
    [
        ("gateway", {"X-Dcos-User": "bob"}, "bob"),
        ("gateway", {}, "dcos_gateway"),
        ("operator", {"X-Dcos-User": "bob"}, "dcos_operator"),
        ("auth", {}, "dcos_auth"),
    ],
)
async def test_a_certificate_at_a_standby_counts_as_it_would_at_the_leader(
    secure: Secure, kind: str, said: dict[str, str], principal: str
) -> None:
    async with secure.client(kind) as http, http.get(secure.https / "v2/apps", headers=said) as answer:
        assert answer.status == 201
    assert [principal_of(request) for request in secure.leader.asked] == [principal]


async def test_events_are_passed_on_as_they_come_and_end_with_their_reader(secure: Secure) -> None:
    async with asyncio.timeout(20), secure.client("gateway") as http:
        answer = await http.get(secure.https / "v2/events", allow_redirects=False)
        assert answer.status == 200 and answer.content_type == "text/event-stream"
        for record in (b"event: a\n\n", b"event: b\n\n"):
            secure.leader.events.put_nowait(record)
            assert await answer.content.readexactly(len(record)) == record
        answer.close()
        await secure.leader.gone.wait()


async def test_events_end_when_another_leads(secure: Secure) -> None:
    async with asyncio.timeout(20), secure.client("gateway") as http:
        answer = await http.get(secure.https / "v2/events")
        secure.leader.events.put_nowait(b"event: a\n\n")
        assert await answer.content.readexactly(10) == b"event: a\n\n"
        await secure.election.won_by(None)
        with_end = await asyncio.gather(answer.content.read(), return_exceptions=True)
        assert with_end[0] == b"" or isinstance(with_end[0], aiohttp.ClientError)
        await secure.leader.gone.wait()


async def test_an_impostor_with_a_certificate_of_another_kind_is_told_nothing(authority: Authority) -> None:
    async with Secure(authority).running(leader_kind="agent") as secure, aiohttp.ClientSession() as http:
        async with http.post(secure.http / "v2/apps", data=b"{}", headers=basic("alice", "wonder")) as answer:
            assert answer.status == 502 and "not a marathon" in (await answer.json())["message"]
        assert not secure.leader.asked
