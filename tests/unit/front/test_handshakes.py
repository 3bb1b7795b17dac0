"""TLS handshakes that are not ended: bounded by address and in all, and nobody who means it is kept out by them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from aiohttp import web

from dcos_runtime import daemon
from dcos_runtime.listening import handshakes
from tests.support.daemons.authority import Authority

HALF_HELLO = b"\x16\x03\x01\x02\x00\x01\x00"
LONG = 240.0

MOST = 12
MOST_OF_AN_ADDRESS = 5

Body = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy host 200 handshakes may take longer than one has."""
    monkeypatch.setattr(handshakes, "HANDSHAKE_SECONDS", LONG)


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[[Body], None]:
    made = handshakes.Handshakes.__init__
    monkeypatch.setattr(
        handshakes.Handshakes,
        "__init__",
        lambda *given, **named: made(*given, **named, most=MOST, most_of_an_address=MOST_OF_AN_ADDRESS),
    )
    return lambda body: request.param(body())


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@contextlib.asynccontextmanager
async def served(authority: Authority) -> AsyncIterator[daemon.Address]:
    application = web.Application()
    application.router.add_get("/", _answer)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    identity = authority.identity("master", ip="127.0.0.1")
    context.load_cert_chain(identity)
    async with daemon.listening(application, "127.0.0.1", 0, tls=context) as address:
        yield address


async def _answer(_: web.Request) -> web.Response:
    return web.Response(text="ok")


async def half(address: daemon.Address, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(address.ip, address.port, local_addr=(source, 0))
    writer.write(HALF_HELLO)
    return reader, writer


async def is_cut(reader: asyncio.StreamReader, seconds: float = LONG) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), seconds) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


async def asks(authority: Authority, address: daemon.Address, source: str = "127.0.0.1") -> bytes:
    context = ssl.create_default_context(cafile=str(authority.ca))
    context.check_hostname = False
    reader, writer = await asyncio.open_connection(
        address.ip, address.port, ssl=context, server_hostname="localhost", local_addr=(source, 0)
    )
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return await asyncio.wait_for(reader.read(), LONG)
    finally:
        writer.close()


def descriptors() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


def test_of_an_address_the_oldest_handshakes_go_and_it_is_still_served(
    run: Callable[[Body], None], authority: Authority
) -> None:
    async def body() -> None:
        async with served(authority) as address:
            opened = [await half(address, "127.0.0.1") for _ in range(3 * MOST_OF_AN_ADDRESS)]
            for reader, _ in opened[: 2 * MOST_OF_AN_ADDRESS]:
                assert await is_cut(reader)
            assert (await asks(authority, address)).startswith(b"HTTP/1.1 200")
            # That needed one place: of the others all but one are still there.
            assert not await is_cut(opened[-1][0], 0.2)
            for _, writer in opened:
                writer.close()

    run(body)


def test_many_addresses_together_have_no_more_than_the_listener_has(
    run: Callable[[Body], None], authority: Authority
) -> None:
    async def body() -> None:
        async with served(authority) as address:
            opened = [await half(address, f"127.0.0.{2 + number % 8}") for number in range(3 * MOST)]
            for reader, _ in opened[: 2 * MOST]:
                assert await is_cut(reader)
            assert (await asks(authority, address, "127.0.0.77")).startswith(b"HTTP/1.1 200")
            for _, writer in opened:
                writer.close()

    run(body)


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_clients_that_mean_it_get_in_however_many_come_at_once(
    loop: Callable[[Coroutine[Any, Any, None]], None], authority: Authority
) -> None:
    async def body() -> None:
        async with served(authority) as address:
            answers = await asyncio.gather(*(asks(authority, address) for _ in range(200)))
            assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)

    loop(body())


def test_who_is_in_is_not_touched_by_handshakes_and_nothing_is_left_at_the_end(
    run: Callable[[Body], None], authority: Authority
) -> None:
    async def body() -> None:
        async with served(authority) as address:
            context = ssl.create_default_context(cafile=str(authority.ca))
            context.check_hostname = False
            reader, writer = await asyncio.open_connection(
                address.ip, address.port, ssl=context, server_hostname="localhost"
            )
            opened = [await half(address, "127.0.0.1") for _ in range(3 * MOST_OF_AN_ADDRESS)]
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), LONG)).startswith(b"HTTP/1.1 200")
            writer.close()
        # The listener is gone: so are all that were under way.
        for half_reader, half_writer in opened:
            assert await is_cut(half_reader)
            half_writer.close()
        await asyncio.sleep(0)

    before = descriptors()
    run(body)
    assert descriptors() <= before + 1


def test_a_handshake_has_its_time(
    run: Callable[[Body], None], authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshakes, "HANDSHAKE_SECONDS", 0.3)

    async def body() -> None:
        async with served(authority) as address:
            reader, writer = await half(address, "127.0.0.1")
            assert await is_cut(reader)
            writer.close()

    run(body)


def test_what_speaks_no_tls_is_cut_off(run: Callable[[Body], None], authority: Authority, tmp_path: Path) -> None:
    async def body() -> None:
        async with served(authority) as address:
            reader, writer = await asyncio.open_connection(address.ip, address.port)
            writer.write(b"GET / HTTP/1.1\r\n\r\n")
            assert b"HTTP" not in await asyncio.wait_for(reader.read(), LONG)
            writer.close()

    run(body)
