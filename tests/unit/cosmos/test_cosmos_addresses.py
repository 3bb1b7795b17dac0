"""Addresses that the package manager refuses to fetch from, in every spelling, and what an administrator allows."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import Any

import pytest
from aiohttp import web

from dcos_runtime.cosmos import fetching
from dcos_runtime.cosmos.core.addresses import Allowed, NotAllowed, parse_url
from dcos_runtime.cosmos.fetching import Downloader, DownloadError, DownloadTooLarge
from dcos_runtime.daemon import listening

DOORS = Allowed(cluster=frozenset({"198.18.0.11"}), ports=((2181, 2181), (5049, 5052), (8443, 8443)))

REFUSED = [
    ("127.0.0.1", 80),
    ("127.99.0.1", 8080),
    ("0.0.0.0", 80),
    ("0.1.2.3", 80),
    ("169.254.169.254", 80),
    ("224.0.0.1", 80),
    ("255.255.255.255", 80),
    ("::", 80),
    ("::1", 80),
    ("::127.0.0.1", 80),
    ("::ffff:127.0.0.1", 80),
    ("::ffff:169.254.169.254", 80),
    ("64:ff9b::7f00:1", 80),
    ("64:ff9b::a9fe:a9fe", 80),
    ("2002:7f00:1::", 80),
    ("fe80::1", 80),
    ("fe80::1%eth0", 80),
    ("fec0::1", 80),
    ("ff02::1", 80),
    ("198.18.0.11", 5050),
    ("198.18.0.11", 2181),
    ("198.18.0.11", 8443),
    ("::ffff:198.18.0.11", 5050),
    ("no address", 80),
]


@pytest.mark.parametrize(("address", "port"), REFUSED)
def test_addresses_that_are_not_asked(address: str, port: int) -> None:
    with pytest.raises(NotAllowed):
        DOORS.check(address, port)


@pytest.mark.parametrize(
    ("address", "port"),
    [
        ("198.18.0.11", 80),
        ("198.18.0.12", 5050),
        ("198.51.100.7", 443),
        ("2001:db8::1", 443),
        ("::ffff:198.18.0.12", 80),
    ],
)
def test_addresses_that_are(address: str, port: int) -> None:
    DOORS.check(address, port)


def test_an_administrator_may_allow_what_is_refused_else() -> None:
    allowed = Allowed(
        (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("198.18.0.11/32")), {"198.18.0.11"}, ((1, 65535),)
    )
    for address in ("127.0.0.1", "::ffff:127.0.0.1", "198.18.0.11"):
        allowed.check(address, 5050)
    with pytest.raises(NotAllowed):
        allowed.check("169.254.169.254", 80)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.test/repo",
        "gopher://example.test",
        "//example.test/repo",
        "/repo",
        "repo",
        "",
        "http://",
        "http:///repo",
        "http://user:password@example.test/",
        "http://user@example.test/",
        "http://example.test:0/",
        "http://example.test:99999/",
        "http://example.test:x/",
        "http://[::1/",
        "http://exa mple.test/",
        "http://example.test/\n",
        "http://example.test\\@127.0.0.1/",
        "http://example.test/" + "x" * 9000,
    ],
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(NotAllowed):
        parse_url(url)


# --- the fetcher ---


async def _server(handler: Any) -> Any:
    application = web.Application()
    application.router.add_get("/{path:.*}", handler)
    return listening(application, "127.0.0.1", 0)


LOOPBACK = Allowed((ipaddress.ip_network("127.0.0.1/32"),))


async def test_what_a_name_leads_to_is_looked_at_when_the_connection_is_made() -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text="secret")

    async with await _server(answer) as address:
        fetcher = Downloader(Allowed())
        for host in ("127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "[::ffff:127.0.0.1]"):
            with pytest.raises(DownloadError):
                await fetcher.get(f"http://{host}:{address.port}/", most=1000, seconds=240)
        await fetcher.close()
    assert asked == []


async def test_a_name_that_changes_its_mind_leads_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that answers one address for the check and another for the connection gets neither."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="secret")

    async with await _server(answer) as address:
        looked_up = 0
        real = asyncio.get_running_loop().getaddrinfo

        async def resolve(host: str, port: int, **how: Any) -> Any:
            nonlocal looked_up
            looked_up += 1
            return await real("198.51.100.7" if looked_up == 1 else "127.0.0.1", port, **{**how, "flags": 0})

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve, raising=False)
        fetcher = Downloader(Allowed())
        monkeypatch.setattr(fetching, "CONNECT_SECONDS", 0.2)
        for _ in range(2):
            with pytest.raises(DownloadError):
                await fetcher.get(f"http://rebinding.test:{address.port}/", most=1000, seconds=2)
        await fetcher.close()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_checked_like_all_else(status: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        where = {"/a": "/b", "/b": "http://169.254.169.254/latest", "/c": "file:///etc/passwd", "/round": "/round"}
        if request.path == "/end":
            return web.Response(text="end")
        return web.Response(status=status, headers={"Location": where.get(request.path, "/end")})

    async with await _server(answer) as address:
        fetcher = Downloader(LOOPBACK)
        for path, refused in (("/a", True), ("/c", True), ("/round", False)):
            with pytest.raises(DownloadError) as caught:
                await fetcher.get(f"{address.url}{path}", most=1000, seconds=240)
            assert caught.value.refused is refused
        assert (await fetcher.get(f"{address.url}/well", most=1000, seconds=240)).body == b"end"
        await fetcher.close()


async def test_sizes_and_times_are_bounded() -> None:
    import gzip

    import zstandard

    bombs = {"gzip": gzip.compress(bytes(50_000_000)), "zstd": zstandard.compress(bytes(50_000_000))}

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/slow":
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b"x")
                await asyncio.sleep(0.05)
        if request.path == "/endless":
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b"x" * 100_000)
        coding = request.path.strip("/")
        if coding in bombs:
            return web.Response(body=bombs[coding], headers={"Content-Encoding": coding})
        return web.Response(body=gzip.compress(b"fine"), headers={"Content-Encoding": "gzip"})

    async with await _server(answer) as address:
        fetcher = Downloader(LOOPBACK)
        for path in ("/gzip", "/zstd", "/endless"):
            with pytest.raises(DownloadTooLarge):
                await fetcher.get(f"{address.url}{path}", most=1_000_000, seconds=60)
        with pytest.raises(DownloadError, match="longer than"):
            await fetcher.get(f"{address.url}/slow", most=1_000_000, seconds=0.5)
        assert (await fetcher.get(f"{address.url}/fine", most=100, seconds=240)).body == b"fine"
        await fetcher.close()


async def test_who_does_not_listen_is_told_so() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        fetcher = Downloader(LOOPBACK)
        with pytest.raises(DownloadError) as caught:
            await fetcher.get(f"http://127.0.0.1:{free.getsockname()[1]}/", most=100, seconds=240)
        assert not caught.value.refused
        await fetcher.close()
