"""Clients that send or read next to nothing are cut off in time; requests under way and streams never are."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable

import hypothesis.strategies as st
import pytest
from aiohttp import web
from hypothesis import given, settings

from dcos_runtime import daemon
from dcos_runtime.listening import connections

SHORT = 0.5
LONG = 240.0
"""How long anything is waited for on a busy machine."""

HALF_HEADS = [
    b"G",
    b"GET / HTTP/1.1",
    b"GET / HTTP/1.1\r\nHost: x\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 4000,
]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that wait for a cut. On a busy host whoever is not to be cut off would be, too."""
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "READ_SECONDS"):
        monkeypatch.setattr(connections, name, SHORT)


HOUR = 3600.0


def turned(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Turns on the clock of the running loop: what takes long there takes a moment here, however busy the host is."""
    loop = asyncio.get_running_loop()
    time, ahead = loop.time, [0.0]
    monkeypatch.setattr(loop, "time", lambda: time() + ahead[0])

    def turn(seconds: float) -> None:
        ahead[0] += seconds

    return turn


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def answer(self) -> bytes:
        """The head of the next answer; its body is ``ok``."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), LONG)
        assert await asyncio.wait_for(self.reader.readexactly(2), LONG) == b"ok"
        return head

    async def cut(self) -> None:
        """Waits until the server has had enough."""
        with contextlib.suppress(ConnectionError):
            while await asyncio.wait_for(self.reader.read(1 << 16), LONG):
                pass

    @property
    def is_open(self) -> bool:
        return not self.reader.at_eof() and self.reader.exception() is None


class Served:
    """``taken``: how many bytes of bodies the handler of ``/counted`` has read."""

    def __init__(self, address: daemon.Address, clients: contextlib.AsyncExitStack) -> None:
        self.address = address
        self.taken = 0
        self._clients = clients

    async def connect(self) -> Client:
        client = Client(*await asyncio.open_connection(self.address.ip, self.address.port))
        self._clients.callback(client.writer.close)
        return client


async def _slow(request: web.Request) -> web.Response:
    await request.read()
    await asyncio.sleep(4 * SHORT)
    return web.Response(text="ok")


async def _quick(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(text="ok")


async def _stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"first")
    while True:
        await asyncio.sleep(3 * SHORT)
        await response.write(b"another")


async def _large(request: web.Request) -> web.Response:
    return web.Response(body=b"x" * 50_000_000)


@contextlib.asynccontextmanager
async def serving(
    *, members_only: bool = False, refused: connections.ErrorResponder | None = None
) -> AsyncIterator[Served]:
    application = web.Application(client_max_size=1 << 30)

    async def counted(request: web.Request) -> web.Response:
        async for piece in request.content.iter_any():
            one.taken += len(piece)
        return web.Response(text="ok")

    routes = (("/", _quick), ("/slow", _slow), ("/stream", _stream), ("/large", _large), ("/counted", counted))
    for path, handler in routes:
        application.router.add_route("*", path, handler)
    async with (
        daemon.listening(
            application, "127.0.0.1", 0, stop_seconds=0.2, members_only=members_only, refused=refused
        ) as address,
        contextlib.AsyncExitStack() as clients,
    ):
        one = Served(address, clients)
        yield one


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with serving() as one:
        yield one


GET = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kept", [False, True], ids=["first", "after another request"])
async def test_half_sent_heads_are_cut_off_and_nothing_else_is(served: Served, kept: bool) -> None:
    stream, slow, quiet = [await served.connect() for _ in range(3)]
    await stream.send(GET % b"/stream")
    await slow.send(GET % b"/slow")
    halves = []
    for number in range(200):
        client = await served.connect()
        if kept:
            await client.send(GET % b"/")
            await client.answer()
        await client.send(HALF_HEADS[number % len(HALF_HEADS)])
        halves.append(client)
    await asyncio.gather(*(client.cut() for client in halves))
    assert (await slow.answer()).startswith(b"HTTP/1.1 200")
    await asyncio.wait_for(stream.reader.readuntil(b"another"), LONG)
    await quiet.send(GET % b"/")
    assert (await quiet.answer()).startswith(b"HTTP/1.1 200"), "it may be silent for longer than a head may last"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "whole",
    [
        GET % b"/",
        GET % b"/" * 3,
        GET % b"/slow",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n\r\n\r\nGET /",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n",
    ],
    ids=["a request", "three", "a slow one", "a body", "chunks"],
)
async def test_a_head_half_sent_behind_whole_requests_is_cut_off_as_well(served: Served, whole: bytes) -> None:
    halves, quiet = [], await served.connect()
    await quiet.send(whole)
    for half in HALF_HEADS:
        for packets in ((whole + half,), (whole, half)):
            client = await served.connect()
            for packet in packets:
                await client.send(packet)
            halves.append((client, whole.count(b"HTTP/1.1")))
    for client, count in halves:
        for _ in range(count):
            await client.answer()
    await asyncio.gather(*(client.cut() for client, _ in halves))
    for _ in range(whole.count(b"HTTP/1.1")):
        await quiet.answer()
    await quiet.send(GET % b"/")
    assert (await quiet.answer()).startswith(b"HTTP/1.1 200"), "without half a head it may be silent for longer"


class _Transport(asyncio.Transport):
    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass

    def close(self) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


@st.composite
def _requests(draw: st.DrawFn) -> tuple[bytes, bool]:
    """Some requests in a row; and whether one in chunks comes before one of known length."""
    whole, kinds = b"", []
    body = st.lists(st.sampled_from([b"\r\n", b"\r\n\r\n", b"a", b"GET / HTTP/1.1\r\n"]), max_size=6).map(b"".join)
    for kind in draw(st.lists(st.sampled_from(["none", "length", "chunks"]), max_size=4)):
        head = draw(st.sampled_from([b"", b"\r\n"])) + b"POST / HTTP/1.1\r\nHost: x\r\n"
        content = draw(body)
        if kind == "none":
            whole += head + b"\r\n"
        elif kind == "length":
            whole += head + b"Content-Length: %d\r\n\r\n" % len(content) + content
        else:
            chunk = b"%x\r\n%b\r\n" % (len(content), content) if content else b""
            whole += head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + b"0\r\n\r\n"
        kinds.append(kind)
    return whole, "chunks" in kinds and "length" in kinds[kinds.index("chunks") :]


@settings(deadline=None)
@given(_requests(), st.sampled_from([b"", *HALF_HEADS]), st.lists(st.integers(0, 400), max_size=8))
def test_it_is_known_whether_bytes_of_a_head_are_behind_the_last_request(
    requests: tuple[bytes, bool], half: bytes, cuts: list[int]
) -> None:
    whole, mixed = requests
    data = whole + half

    async def handler(request: web.BaseRequest) -> web.Response:
        raise AssertionError("no request is handled here")

    async def receive() -> bool:
        connection = connections.Connection(
            web.Server(handler), connections.Idle(), lambda status, text: web.Response(), asyncio.get_running_loop()
        )
        connection.connection_made(_Transport())
        for begin, end in itertools.pairwise([0, *sorted({min(cut, len(data)) for cut in cuts}), len(data)]):
            if begin < end:
                connection.data_received(data[begin:end])
        some = connection._behind.some
        connection.connection_lost(None)
        return some

    some = asyncio.run(receive())
    assert some or not half
    assert some == bool(half) or mixed


@pytest.mark.usefixtures("impatient")
async def test_a_head_that_trickles_is_cut_off(served: Served) -> None:
    client = await served.connect()
    trickle = asyncio.create_task(_trickle(client, GET[:-2] % b"/" + b"X-More: y\r\n" * 100_000))
    await client.cut()
    trickle.cancel()


async def _trickle(client: Client, data: bytes) -> None:
    for place in range(len(data)):
        await client.send(data[place : place + 1])
        await asyncio.sleep(SHORT / 10)


POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("begun", [POST, POST + b"some", CHUNKED], ids=["nothing", "some", "chunks"])
async def test_a_body_that_stops_or_trickles_is_cut_off(served: Served, begun: bytes) -> None:
    stops, trickles = await served.connect(), await served.connect()
    await stops.send(begun)
    await trickles.send(begun)
    trickle = asyncio.create_task(_trickle(trickles, b"1\r\nx\r\n" * 1000))
    await stops.cut()
    await trickles.cut()
    trickle.cancel()


async def test_a_body_that_takes_long_but_comes_is_taken(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "BODY_SECONDS", HOUR)
    turn = turned(monkeypatch)
    client = await served.connect()
    await client.send(POST.replace(b" / ", b" /counted "))
    for number in range(1, 21):
        await client.send(b"x" * 50_000)
        while served.taken < number * 50_000:  # noqa: ASYNC110 - the clock stands still meanwhile
            await asyncio.sleep(0)
        turn(HOUR / 4)
    assert (await client.answer()).startswith(b"HTTP/1.1 200")


async def test_who_reads_nothing_of_an_answer_is_cut_off_and_who_reads_slowly_is_not(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "READ_SECONDS", HOUR)
    turn = turned(monkeypatch)
    slow, never = await served.connect(), await served.connect()
    for client in (slow, never):
        await client.send(GET % b"/large")
    never.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a test's own transport has it
    read = 0
    while read < 50_000_000:
        data = await asyncio.wait_for(slow.reader.read(1 << 20), LONG)
        assert data, f"cut off after {read} bytes"
        read += len(data)
        turn(3 * HOUR * len(data) / 50_000_000)  # of which the kernel has some at once, a few megabytes at most
    turn(HOUR)
    await asyncio.sleep(0)
    never.writer.transport.resume_reading()  # type: ignore[attr-defined]  # a test's own transport has it
    left = 0
    with contextlib.suppress(ConnectionError):
        while data := await asyncio.wait_for(never.reader.read(1 << 20), LONG):
            left += len(data)
    assert left < 50_000_000


async def _status(served: Served, sent: bytes) -> tuple[bytes, bytes]:
    client = await served.connect()
    await client.send(sent)
    head = await asyncio.wait_for(client.reader.readuntil(b"\r\n\r\n"), LONG)
    rest = b"" if b" 200 " in head else await asyncio.wait_for(client.reader.read(), LONG)
    return head.split()[1], rest


@pytest.mark.parametrize("target", [b"OPTIONS *", b"GET http://h", b"GET http://h?a=/", b"CONNECT h:443"])
async def test_a_target_without_a_path_is_no_request(target: bytes) -> None:
    async with serving(refused=lambda status, text: daemon.json_response({"message": text}, status)) as served:
        for before in (b"", GET % b"/"):
            client = await served.connect()
            await client.send(before + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            if before:
                await client.answer()
            whole = await asyncio.wait_for(client.reader.read(), LONG)
            assert whole.split()[1] == b"400"
            assert "path must start with '/'" in json.loads(whole.partition(b"\r\n\r\n")[2])["message"]
        assert (await _status(served, b"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n"))[0] == b"200"


async def test_heads_have_one_limit_a_line_and_one_for_all(served: Served) -> None:
    def head(*sizes: int) -> bytes:
        return GET[:-2] % b"/" + b"".join(b"X: %b\r\n" % (b"y" * size) for size in sizes) + b"\r\n"

    line = connections.LONGEST_LINE
    assert (await _status(served, head(line - 1)))[0] == b"200"
    assert (await _status(served, head(line + 1)))[0] == b"400"
    assert (await _status(served, head(*[16_000] * 4)))[0] == b"200"
    assert (await _status(served, head(*[16_000] * 6)))[0] == b"431"
    assert (await _status(served, head(*[16_000] * 7)[:-2]))[0] == b"431", "nor is its end waited for"
    assert (await _status(served, POST.replace(b"1000000", b"200000") + b"x" * 200_000 + head(9)))[0] == b"200"


async def test_behind_a_stream_little_is_kept_and_it_goes_on(served: Served) -> None:
    client = await served.connect()
    await client.send(GET % b"/stream")
    await asyncio.wait_for(client.reader.readuntil(b"first"), LONG)
    await client.send(b"garbage\r\n\r\n")
    for _ in range(2):
        await asyncio.wait_for(client.reader.readuntil(b"another"), LONG)
    await client.send(b"x" * 2 * connections.MOST_DROPPED)
    await client.cut()


async def _settled(clients: list[Client], most: int) -> list[Client]:
    """Those that are open still, once they are not more than ``most``."""
    async with asyncio.timeout(LONG):
        while len(left := [client for client in clients if client.is_open]) > most:
            await asyncio.gather(*(_look(client) for client in left))
    return left


async def _look(client: Client) -> None:
    with contextlib.suppress(TimeoutError, ConnectionError):
        await asyncio.wait_for(client.reader.read(1), 0.01)


async def test_of_too_many_idle_connections_of_an_address_the_oldest_are_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connections, "MOST_IDLE", 40)
    async with serving() as served:
        streams = []
        for _ in range(60):
            client = await served.connect()
            await client.send(GET % b"/stream")
            await asyncio.wait_for(client.reader.readuntil(b"first"), LONG)
            streams.append(client)
        idle = []
        for _ in range(200):
            client = await served.connect()
            await client.send(GET % b"/")
            await client.answer()
            idle.append(client)
        left = await _settled(idle, 40 + connections._SLACK)
        assert len(left) >= 40
        assert left == idle[-len(left) :], "the newest are left"
        await left[-1].send(GET % b"/")
        assert (await left[-1].answer()).startswith(b"HTTP/1.1 200")
        assert all(client.is_open for client in streams), "requests under way do not count"


async def test_our_own_daemons_may_be_many_behind_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "MOST_IDLE", 10)
    async with serving(members_only=True) as served:
        clients = [await served.connect() for _ in range(100)]
        for client in clients:
            await client.send(GET % b"/")
            await client.answer()
        assert all(client.is_open for client in clients)
