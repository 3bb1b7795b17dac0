"""The end of a TLS connection: who goes on sending after it is cut off at once, and everybody gets his whole answer."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
import uvloop
from aiohttp import web

from dcos_runtime import daemon
from dcos_runtime.listening import connections
from tests.support.daemons.authority import Authority

LONG = 240.0
NEVER = 3600.0
"""How long a goodbye may take here: only a cut ends one that the client does not join in."""

LAST = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

Body = Callable[[daemon.Address], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Authority(tmp_path_factory.mktemp("authority")).identity("master", ip="127.0.0.1")


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest, identity: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Body], None]:
    monkeypatch.setattr(daemon, "STOP_SECONDS", NEVER)
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.5)

    async def whole(body: Body) -> None:
        async with served(identity) as address:
            await asyncio.wait_for(body(address), 2 * LONG)

    return lambda body: request.param(whole(body))


@contextlib.asynccontextmanager
async def served(identity: Path) -> AsyncIterator[daemon.Address]:
    application = web.Application()
    application.router.add_get("/", _answer)
    application.router.add_get("/large", _large)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(identity)
    async with daemon.listening(application, "127.0.0.1", 0, tls=context, stop_seconds=0.2) as address:
        yield address


async def _answer(_: web.Request) -> web.Response:
    return web.Response(text="ok")


async def _large(_: web.Request) -> web.Response:
    return web.Response(body=b"x" * 3_000_000)


async def connect(address: daemon.Address) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(address.ip, address.port, ssl=_trusting())


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"garbage\r\n\r\n", b"x" * 65536),
        (LAST, b"x" * 65536),
        (LAST, LAST * 1000),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 2 * connections.LONGEST_LINE, b"y" * 65536),
    ],
    ids=["no request", "after the last", "requests after the last", "too long a line"],
)
def test_who_goes_on_sending_after_the_last_answer_is_cut_off(
    run: Callable[[Body], None], first: bytes, then: bytes
) -> None:
    run(lambda address: asyncio.to_thread(_send_on, address, first, then))


def _send_on(address: daemon.Address, first: bytes, then: bytes) -> None:
    """As a client does that wants nothing of goodbyes: asyncio's would end by itself."""
    with (
        socket.create_connection((address.ip, address.port), timeout=LONG) as plain,
        _trusting().wrap_socket(plain) as client,
    ):
        client.sendall(first)
        assert client.recv(1 << 16).startswith(b"HTTP/1.")  # the goodbye has begun, or is about to
        end = time.monotonic() + LONG
        with pytest.raises((ConnectionError, ssl.SSLError)):
            while time.monotonic() < end:
                client.send(then)


@pytest.mark.parametrize("begun", [b"", b"GET / HT"])
def test_a_cut_is_no_goodbye(run: Callable[[Body], None], begun: bytes) -> None:
    async def body(address: daemon.Address) -> None:
        reader, writer = await connect(address)
        # Whole requests and a half one: the half one is cut off, and nothing is waited for.
        writer.write(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n" + (begun or b"G"))
        assert b"404" in await reader.readline()
        await _read_all(reader)
        writer.transport.abort()

    run(body)


def test_who_reads_slowly_gets_the_whole_last_answer(run: Callable[[Body], None]) -> None:
    async def body(address: daemon.Address) -> None:
        reader, writer = await connect(address)
        writer.write(LAST.replace(b"/", b"/large", 1))
        await reader.readuntil(b"\r\n\r\n")
        read = 0
        while data := await reader.read(1 << 18):
            read += len(data)
            await asyncio.sleep(0.05)
        assert read == 3_000_000
        writer.close()

    run(body)


async def _read_all(reader: asyncio.StreamReader) -> None:
    with contextlib.suppress(OSError):
        while await reader.read(1 << 16):
            pass
