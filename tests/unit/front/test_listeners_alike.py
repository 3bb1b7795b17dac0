"""Every listener of ours has the same bounds of a request's head, and answers a pipeline up to what is no request."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from dcos_runtime import daemon
from dcos_runtime.auth import shell
from dcos_runtime.gateway import auth_request
from dcos_runtime.listening import connections
from dcos_universe.serving.connections import Bounds
from dcos_universe.serving.server import Address, Serving, context
from tests.support.daemons.authority import Authority

LONG = 240.0
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Streams]]


async def _answer(request: web.BaseRequest) -> web.Response:
    return web.Response(text=f"{await request.text()} of {request.path}")


class _Pages:
    answer = staticmethod(_answer)


@contextlib.asynccontextmanager
async def _daemon(authority: Authority, folder: Path, tls: bool) -> AsyncIterator[Connect]:
    server = None
    if tls:
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.load_cert_chain(authority.identity("master", ip="127.0.0.1"))
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", _answer)
    async with daemon.listening(application, "127.0.0.1", 0, tls=server) as address:
        yield lambda: _connect(address.port, authority if tls else None)


@contextlib.asynccontextmanager
async def _repository(authority: Authority, folder: Path, tls: bool) -> AsyncIterator[Connect]:
    identity = authority.identity("repository", ip="127.0.0.1")
    tree = folder / "tree"
    tree.mkdir()
    serving = Serving(tree, Bounds())
    await serving.start([Address("127.0.0.1", 0, context(identity, None) if tls else None)])
    try:
        yield lambda: _connect(serving.addresses[0][1], authority if tls else None)
    finally:
        await serving.end()


@contextlib.asynccontextmanager
async def _pages(authority: Authority, folder: Path, tls: bool) -> AsyncIterator[Connect]:
    path = folder / "auth.socket"
    async with shell.listening(_Pages(), path):  # type: ignore[arg-type]  # it asks the pages for answers only
        yield lambda: asyncio.open_unix_connection(str(path))


async def _connect(port: int, authority: Authority | None) -> Streams:
    tls = None
    if authority is not None:
        tls = ssl.create_default_context(cafile=str(authority.ca))
        tls.check_hostname = False
    return await asyncio.open_connection(
        "127.0.0.1", port, ssl=tls, server_hostname="localhost" if tls else None, limit=1 << 20
    )


LISTENERS = {
    "daemon": (_daemon, False),
    "daemon with TLS": (_daemon, True),
    "repository": (_repository, False),
    "repository with TLS": (_repository, True),
    "pages of dcos-auth": (_pages, False),
}


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(params=LISTENERS)
async def connect(request: pytest.FixtureRequest, authority: Authority, tmp_path: Path) -> AsyncIterator[Connect]:
    make, tls = LISTENERS[request.param]
    async with make(authority, tmp_path, tls) as connecting:
        yield connecting


async def statuses(connect: Connect, *packets: bytes) -> list[int]:
    """Those of all answers until the listener hangs up; it has to."""
    reader, writer = await connect()
    got = b""
    try:
        with contextlib.suppress(ConnectionError):
            for packet in packets:
                writer.write(packet)
                await writer.drain()
                await asyncio.sleep(0.05)
        with contextlib.suppress(ConnectionError):
            async with asyncio.timeout(LONG):
                while more := await reader.read(1 << 16):
                    got += more
    finally:
        writer.close()
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3}) ", got)]


def get(*headers: bytes, path: bytes = b"/health") -> bytes:
    return b"\r\n".join((b"GET " + path + b" HTTP/1.1", b"Host: x", *headers)) + b"\r\n\r\n"


LAST = get(b"Connection: close")


def numbered(count: int) -> list[bytes]:
    return [b"X-%d: y" % number for number in range(count)]


async def test_as_many_headers_are_taken_and_no_more(connect: Connect) -> None:
    most = connections.MOST_HEADERS
    added = [b"X-Forwarded-For: z", b"X-Dcos-User: z", b"X-Real-IP: z"]
    assert (
        await statuses(connect, get(*numbered(most)), get(*numbered(most), *added, b"Connection: close")) == [200] * 2
    )
    assert await statuses(connect, get(*numbered(most + 1))) == [431]
    assert await statuses(connect, get(*numbered(3 * most))) == [431]


async def test_a_line_may_be_as_long_and_no_longer(connect: Connect, request: pytest.FixtureRequest) -> None:
    line = connections.LONGEST_LINE
    assert await statuses(connect, get(b"X: " + b"y" * (line - 100), b"Connection: close")) == [200]
    if "pages" not in request.node.name:  # nginx is its client, and puts a whole path into one header
        assert await statuses(connect, get(b"X: " + b"y" * (line + 100))) == [400]


@pytest.mark.parametrize("flood", [b"\r\n", b"\n"])
async def test_line_ends_before_a_request_are_bounded(
    connect: Connect, flood: bytes, request: pytest.FixtureRequest
) -> None:
    assert await statuses(connect, flood + LAST) == [200]
    most = shell.LONGEST_HEAD if "pages" in request.node.name else connections.LONGEST_HEAD
    assert await statuses(connect, flood * (most // len(flood)), flood * 8) in ([431], [400])


BAD = [b"NO REQUEST\r\n\r\n", b"GET / HTTP/1.1\r\nHost x\r\n\r\n", b"\0\0\0\0"]
POST = b"POST /package/x HTTP/1.1\r\nHost: x\r\n"
GOOD = [
    get(),
    POST + b"Content-Length: 8\r\n\r\n12\r\n\r\n78",
    POST + b"Transfer-Encoding: chunked\r\n\r\n6\r\na\r\n\r\nb\r\n0\r\n\r\n",
    get(b"Connection: upgrade", b"Upgrade: websocket"),
]


async def test_good_requests_in_front_of_a_bad_one_are_answered_first(connect: Connect) -> None:
    async def is_answered(good: bytes, bad: bytes) -> None:
        ahead = good + get() + good
        found = await statuses(connect, ahead + bad + get())
        assert (len(found), found[-1]) == (4, 400), (good, bad)
        assert 400 not in found[:-1]
        whole = ahead + bad
        for cut in (1, len(ahead) - 2, len(ahead)):
            assert await statuses(connect, whole[:cut], whole[cut:]) == found, (good, bad, cut)

    await asyncio.gather(*(is_answered(good, bad) for good in GOOD for bad in BAD))


async def test_many_good_requests_are_answered_before_a_bad_one(connect: Connect) -> None:
    assert await statuses(connect, get() * 200 + BAD[0]) == [200] * 200 + [400]


async def test_nginx_is_told_of_too_many_headers_of_its_client(tmp_path: Path) -> None:
    def decide(headers: auth_request.Headers) -> auth_request.Answer:
        return 200, {}

    path = tmp_path / "gate"
    async with auth_request.listening(decide, ["X-Dcos-Uri"], path, 0o600):
        reader, writer = await asyncio.open_unix_connection(str(path))
        for count, status in ((0, 200), (connections.MOST_HEADERS, 200), (connections.MOST_HEADERS + 1, 403)):
            writer.write(get(b"X-Dcos-Uri: /", *numbered(count)))
            head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), LONG)).decode()
            assert head.startswith(f"HTTP/1.1 {status}")
            assert ("X-Dcos-Status: 431\r\n" in head) == (status == 403)
        writer.close()
