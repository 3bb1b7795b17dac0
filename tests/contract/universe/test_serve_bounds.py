"""Clients that are slow on purpose, or many: each is bounded, and others are served meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from dcos_runtime.listening import connections
from dcos_universe.serving.connections import Bounds
from dcos_universe.serving.server import Address, Serving
from tests.support.daemons.authority import Authority
from tests.support.universe.serving import serving, small_tree

QUICK = Bounds(connections=20, patience=0.6, slowest=200_000, grace=5)


@asynccontextmanager
async def served(root: Path, bounds: Bounds = QUICK, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    serving = Serving(root, bounds)
    await serving.start([Address("127.0.0.1", 0, tls)])
    try:
        yield serving.addresses[0][1]
    finally:
        await serving.end()


async def whole(port: int) -> int:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/repo") as response:
        await response.read()
        return response.status


async def ended(reader: asyncio.StreamReader) -> None:
    """Reads until the server hangs up."""
    try:
        async with asyncio.timeout(240):
            while await reader.read(65536):
                pass
    except ConnectionError:
        pass


async def test_who_never_ends_its_first_request_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.6)
    monkeypatch.setattr(connections, "IDLE_SECONDS", 1.5)
    root = small_tree(tmp_path / "tree", "a")
    async with served(root) as port:
        silent, _ = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def drip() -> None:
            try:
                for letter in b"GET /repo HTTP/1.1\r\n" + b"X-Y: " + b"z" * 4000:
                    writer.write(bytes([letter]))
                    await writer.drain()
                    await asyncio.sleep(0.05)
            except ConnectionError:
                pass

        dripping = asyncio.create_task(drip())
        await ended(silent)
        await ended(reader)
        dripping.cancel()
        assert await whole(port) == 200


async def test_who_does_not_read_its_answer_is_cut_off_and_holds_nobody_up(tmp_path: Path) -> None:
    root = small_tree(tmp_path / "tree", "a")
    (root / "large.bin").write_bytes(os.urandom(1 << 20) * 40)
    serving = Serving(root, QUICK)
    await serving.start([Address("127.0.0.1", 0)])
    port = serving.addresses[0][1]
    stuck = []
    for _ in range(8):
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # a transport of a socket has it
        writer.write(b"GET /large.bin HTTP/1.1\r\nHost: x\r\n\r\n")
        stuck.append(writer)
    assert await whole(port) == 200
    async with asyncio.timeout(240):
        while serving.open:
            await asyncio.sleep(0.1)
            assert await whole(port) == 200
    for writer in stuck:
        writer.close()
    await serving.end()


async def test_connections_that_only_wait_make_room_and_busy_ones_do_not(tmp_path: Path) -> None:
    root = small_tree(tmp_path / "tree", "a")
    bounds = Bounds(connections=20, patience=60, grace=1)
    async with served(root, bounds) as port:
        idle = []
        for _ in range(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /repo HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"}]}")
            idle.append((reader, writer))
        assert await whole(port) == 200
        for _, writer in idle:
            writer.close()
    async with served(root, bounds) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        assert await whole(port) == 200
        for _, writer in silent:
            writer.close()
    (root / "big.json").write_bytes(b" " * (64 << 20))
    async with served(root, bounds) as port:
        asking = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        for reader, writer in asking:
            writer.write(b"GET /big.json HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"\r\n\r\n")  # and no more: it is being answered all the time
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/repo") as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "2")
        for _, writer in asking:
            writer.close()


async def test_many_at_once_each_get_the_whole(tmp_path: Path) -> None:
    root = small_tree(tmp_path / "tree", "a", padding=2_000_000)
    async with served(root, Bounds()) as port:
        assert set(await asyncio.gather(*(whole(port) for _ in range(60)))) == {200}


FLOOD = 2000


def test_half_sent_handshakes_cost_a_bounded_memory_and_keep_nobody_out(tmp_path: Path) -> None:
    """A hello that is half there costs some 100 KB: all of these would be 200 MB."""
    authority = Authority(tmp_path)
    pem = authority.identity("repository", ip="127.0.0.1")
    tree = small_tree(tmp_path / "tree", "a")
    tls = ssl.create_default_context(cafile=str(authority.ca))

    def asks(port: int) -> int:
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=240)
        with contextlib.closing(connection):
            connection.request("GET", "/repo")
            return connection.getresponse().status

    options = ["--listen-tls", "127.0.0.1:0", "--certificate", str(pem)]
    with serving(tree, *options, addresses=2) as server, contextlib.ExitStack() as kept:
        assert asks(server.ports[1]) == 200
        before = _most_memory(server.process.pid)
        for number in range(FLOOD):
            half = socket.socket()
            kept.callback(half.close)
            half.settimeout(240)
            half.bind((f"127.0.0.{2 + number % 20}", 0))
            half.connect(("127.0.0.1", server.ports[1]))
            half.sendall(b"\x16\x03\x01\x02\x00\x01\x00")
            if number % 500 == 499:
                assert asks(server.ports[1]) == 200
        assert asks(server.ports[1]) == 200
        assert _most_memory(server.process.pid) - before < 100 << 20


def _most_memory(pid: int) -> int:
    """Of the process, ever."""
    (line,) = (one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("VmHWM"))
    print(line)
    return int(line.split()[1]) << 10
