"""A process that does not lead: what it passes on, over what, in whose name, and when it gives up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from dcos_runtime import daemon, tls
from dcos_runtime.flags.groups import UserFlags
from dcos_runtime.guard.admission import Admission, Realm
from dcos_runtime.guard.guard import OPEN, Guard, guard
from dcos_runtime.leading import standby as standbys
from dcos_runtime.leading.http import Api
from dcos_runtime.leading.position import Peer, Position
from dcos_runtime.leading.routes import Pattern, Patterns, route
from dcos_runtime.leading.standby import PeerTls, Standby
from dcos_runtime.marathon import settings as marathon_settings
from dcos_runtime.marathon.http.dialect import MarathonDialect
from dcos_runtime.marathon.http.requests import pong
from dcos_runtime.store.lease import Forever
from tests.support.daemons.authority import Authority, basic


class Here:
    """What answers as the leader, in this very process."""

    lease = Forever()

    async def run(self) -> None: ...

    def abandon(self, why: str) -> None: ...

    async def stop(self) -> None: ...


class Process:
    """An init as far as its API goes: it is told who leads. ``answer``: what it answers once it leads itself."""

    def __init__(self, address: str, guard: Guard, peer_tls: PeerTls | None = None, *, required: bool = False) -> None:
        self.position: Position[Here] = Position(Peer(address, address, address.rpartition(":")[0]))
        self.answer: Handle = _nothing
        self.principals: list[str | None] = []
        self._terms = 0
        dialect = MarathonDialect()
        dialect.address = address
        self.standby = Standby(self.position, dialect, peer_tls)
        self._admission = Admission(None, guard, frozenset((Realm.READ, Realm.WRITE)) if required else frozenset())
        self.api = Api(self.position, Patterns(self._routes(), dialect.error), self._admission, dialect, self.standby)

    def _routes(self) -> list[Pattern]:
        async def ping(request: web.Request, parts: Any) -> web.StreamResponse:
            return pong(request)

        async def own(request: web.Request, parts: Any) -> web.StreamResponse:
            self.principals.append(self._admission.principal_of(request))
            return await self.answer(request)

        return [
            route("GET", "/ping", ping, everywhere=True, realm=Realm.OPEN),
            *(route(method, "/.*", own) for method in ("GET", "POST")),
        ]

    def lead(self, answer: Handle) -> None:
        self.answer = answer
        self.position.start(Here())

    def won_by(self, address: str | None) -> None:
        self._terms += 1
        self.position.follow(
            None if address is None else Peer(address, address, address.rpartition(":")[0], f"json.info_{self._terms}")
        )


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


Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def _nothing(request: web.Request) -> web.StreamResponse:
    raise AssertionError("a standby answered by itself")


@asynccontextmanager
async def serving(handle: Any, context: Any = None) -> AsyncIterator[daemon.Address]:
    application = handle
    if not isinstance(handle, web.Application):
        application = web.Application()
        application.router.add_route("*", "/{tail:.*}", handle)
    async with daemon.listening(application, "127.0.0.1", 0, tls=context, stop_seconds=0.2) as address:
        yield address


@asynccontextmanager
async def plain(leader: Init) -> AsyncIterator[tuple[URL, Process]]:
    """A standby without TLS in front of ``leader``."""
    async with serving(leader.handle) as address:
        process = Process("standby:8080", OPEN)
        process.won_by(str(address))
        async with serving(process.api.application()) as own:
            yield URL(own.url), process
        await process.standby.close()


class Secure:
    """A standby and a leader with TLS: ``http`` and ``https`` are the standby's ports."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.leader = Init()
        self.principals: list[str | None] = []
        self.http = self.https = URL()

    def files(self, kind: str) -> tls.TlsFiles:
        return tls.TlsFiles(self.authority.ca, self.authority.identity(kind))

    def guard(self) -> Guard:
        credentials = self.authority.credentials({"alice": "wonder"})
        return guard(
            marathon_settings.REALM,
            UserFlags(),
            credentials=str(credentials),
            tls_kinds={"marathon"},
            kind="marathon",
        )

    @asynccontextmanager
    async def running(self, leader_kind: str = "marathon") -> AsyncIterator[Secure]:
        leading = Process("127.0.0.1:1", self.guard(), required=True)
        leading.lead(self.leader.handle)
        self.principals = leading.principals
        async with serving(leading.api.application(), self.files(leader_kind).server()) as leader:
            process = Process(
                "127.0.0.1:2",
                self.guard(),
                PeerTls(self.files("marathon").client("marathon"), leader.port),
                required=True,
            )
            # What the election tells is the leader's plain port, where nobody listens here.
            process.won_by("127.0.0.1:1")
            self.won_by = process.won_by
            async with (
                serving(process.api.application()) as http,
                serving(process.api.application(), self.files("marathon").server()) as https,
            ):
                self.http, self.https = URL(http.url), URL(f"https://{https}")
                yield self
            await process.standby.close()

    def client(self, kind: str) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=self.files(kind).client("marathon")))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
async def secure(authority: Authority) -> AsyncIterator[Secure]:
    async with Secure(authority).running() as one:
        yield one


# --- as Marathon's do ---


async def test_a_standby_passes_requests_on_and_names_the_leader() -> None:
    leader = Init()
    async with plain(leader) as (url, process), aiohttp.ClientSession() as http:
        assert process.position.leader is not None
        base = f"http://{process.position.leader.address}"
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
        process.won_by("127.0.0.1:1")
        async with http.post(url / "v2/apps", data=b"{}") as answer:
            assert answer.status == 502


async def test_a_standby_without_a_leader_answers_503_and_pings_for_itself() -> None:
    process = Process("standby:8080", OPEN)
    async with serving(process.api.application()) as own, aiohttp.ClientSession() as http:
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
    async with plain(leader) as (url, process), aiohttp.ClientSession() as http:
        asking = asyncio.create_task(http.post(url / "v2/apps", data=b"{}"))
        async with asyncio.timeout(240):
            await leader.waiting.wait()
            process.won_by("127.0.0.1:1")
            answer = await asking
        assert answer.status == 503 and "not known" in (await answer.json())["message"]


async def test_a_read_that_a_leader_left_is_answered_by_the_next_one() -> None:
    leader, next_one = Init(), Init()
    leader.silent = True
    async with (
        asyncio.timeout(240),
        plain(leader) as (url, process),
        serving(next_one.handle) as address,
        aiohttp.ClientSession() as http,
    ):
        asking = asyncio.create_task(http.get(url / "v2/apps"))
        await leader.waiting.wait()
        process.won_by(None)
        process.won_by("standby:8080")  # itself, and then it is overtaken
        process.won_by(str(address))
        answer = await asking
        assert answer.status == 201 and answer.headers["X-Marathon-Leader"] == f"http://{address}"
    assert (len(leader.asked), len(next_one.asked)) == (1, 1)


async def test_a_read_whose_leader_takes_no_connections_waits_for_the_next_one() -> None:
    leader = Init()
    async with asyncio.timeout(240), plain(leader) as (url, process), aiohttp.ClientSession() as http:
        assert process.position.leader is not None
        address = process.position.leader.address
        process.won_by("127.0.0.1:1")
        asking = asyncio.create_task(http.get(url / "v2/apps"))
        await asyncio.sleep(0.1)  # it may have been refused meanwhile; the answer is the same
        process.won_by(address)
        assert (await asking).status == 201


async def test_a_read_that_nobody_answers_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standbys, "AGAIN_SECONDS", 0.2)
    monkeypatch.setattr(standbys, "MOVED_SECONDS", 0.2)
    leader = Init()
    leader.silent = True
    async with asyncio.timeout(240), plain(leader) as (url, process), aiohttp.ClientSession() as http:
        asking = asyncio.create_task(http.get(url / "v2/apps"))
        await leader.waiting.wait()
        process.won_by(None)
        answer = await asking
        assert answer.status == 503 and "does not lead any more" in (await answer.json())["message"]
        process.won_by("127.0.0.1:1")
        async with http.get(url / "v2/apps") as answer:
            assert answer.status == 502 and "does not answer" in (await answer.json())["message"]


async def test_a_standby_that_comes_to_lead_answers_itself_what_it_had_passed_on() -> None:
    async def own(request: web.Request) -> web.StreamResponse:
        return web.Response(text="here")

    leader = Init()
    leader.silent = True
    async with asyncio.timeout(240), plain(leader) as (url, process), aiohttp.ClientSession() as http:
        asking = asyncio.create_task(http.get(url / "v2/apps"))
        await leader.waiting.wait()
        process.won_by("standby:8080")
        # From other standbys, which have heard of the election: they wait, too.
        marks = ({"X-Marathon-Via": "1.1 other:8080"}, {"X-Dcos-Passed-On": "1"})
        told = [asyncio.create_task(http.get(url / "v2/apps", headers=mark)) for mark in marks]
        async with http.get(url / "v2/apps") as answer:
            assert answer.status == 503, "who asks now is told at once"
        process.lead(own)
        assert [await (await one).text() for one in (asking, *told)] == ["here"] * 3


# --- over TLS ---


async def test_what_was_proved_to_a_standby_is_told_the_leader_and_the_secret_is_not(secure: Secure) -> None:
    async with aiohttp.ClientSession() as http:
        forged = {**basic("alice", "wonder"), "X-Dcos-User": "root"}
        async with http.post(secure.http / "v2/apps", data=b"{}", headers=forged) as answer:
            assert answer.status == 201
        async with http.get(secure.http / "v2/apps", headers={"X-Dcos-User": "root"}) as answer:
            assert answer.status == 401
    (asked,) = secure.leader.asked
    assert secure.principals == ["alice"] and "Authorization" not in asked.headers
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
    assert secure.principals == [principal]


async def test_events_are_passed_on_as_they_come_and_end_with_their_reader(secure: Secure) -> None:
    async with asyncio.timeout(240), secure.client("gateway") as http:
        answer = await http.get(secure.https / "v2/events", allow_redirects=False)
        assert answer.status == 200 and answer.content_type == "text/event-stream"
        for record in (b"event: a\n\n", b"event: b\n\n"):
            secure.leader.events.put_nowait(record)
            assert await answer.content.readexactly(len(record)) == record
        answer.close()
        await secure.leader.gone.wait()


async def test_events_end_when_another_leads(secure: Secure) -> None:
    async with asyncio.timeout(240), secure.client("gateway") as http:
        answer = await http.get(secure.https / "v2/events")
        secure.leader.events.put_nowait(b"event: a\n\n")
        assert await answer.content.readexactly(10) == b"event: a\n\n"
        secure.won_by(None)
        with_end = await asyncio.gather(answer.content.read(), return_exceptions=True)
        assert with_end[0] == b"" or isinstance(with_end[0], aiohttp.ClientError)
        await secure.leader.gone.wait()


async def test_an_impostor_with_a_certificate_of_another_kind_is_told_nothing(authority: Authority) -> None:
    async with Secure(authority).running(leader_kind="agent") as secure, aiohttp.ClientSession() as http:
        async with http.post(secure.http / "v2/apps", data=b"{}", headers=basic("alice", "wonder")) as answer:
            assert answer.status == 502 and "not a marathon" in (await answer.json())["message"]
        assert not secure.leader.asked
