"""One rule for the bodies that daemons read, and for what they say of what they refuse: bounded, and only text."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import logging
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from dcos_runtime import bodies, daemon
from dcos_runtime.auth.shell import listening
from dcos_runtime.gateway.responses import ErrorResponse
from dcos_runtime.leading.routes import Parts, Patterns, route
from dcos_runtime.marathon.http.dialect import MarathonDialect
from dcos_runtime.marathon.http.requests import error, read_body
from dcos_runtime.wire.quoting import MOST, bounded, shown

LARGEST = 100_000
BODY = b'{"id": "/a"}'
RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)
UNFRAMED = RAW.compress(BODY) + RAW.flush()

GOOD = {
    "as it is": ("", BODY),
    "identity": ("identity", BODY),
    "gzip": ("gzip", gzip.compress(BODY)),
    "x-gzip, in capitals": (" X-GZIP ", gzip.compress(BODY)),
    "deflate": ("deflate", zlib.compress(BODY)),
    "deflate without its frame": ("deflate", UNFRAMED),
}
BAD = {
    "br": ("br", b"x", 415),
    "zstd": ("zstd", b"x", 415),
    "one nobody knows": ("x" * 5000, BODY, 415),
    "two": ("gzip, gzip", gzip.compress(gzip.compress(BODY)), 415),
    "no gzip": ("gzip", BODY, 400),
    "no deflate": ("deflate", b"\xff" * 30, 400),
    "cut gzip": ("gzip", gzip.compress(BODY)[:-9], 400),
    "gzip and more": ("gzip", gzip.compress(BODY) + b"more", 400),
    "nothing as gzip": ("gzip", b"", 400),
    "too large": ("", b"x" * (LARGEST + 1), 413),
    "too large unpacked": ("gzip", gzip.compress(b"x" * 10_000_000), 413),
    "too large unframed": ("deflate", zlib.compress(b"x" * 10_000_000), 413),
}


async def _plainly(request: web.BaseRequest) -> web.StreamResponse:
    """As master and agent do."""
    try:
        return web.Response(body=await bodies.read(request, LARGEST))
    except bodies.BodyRefused as refused:
        return daemon.text_response(refused.text, refused.status, refused.headers)


async def _of_the_init(request: web.Request) -> web.StreamResponse:
    async def handler(request: web.Request, _: Parts) -> web.StreamResponse:
        return web.Response(body=await read_body(request))

    dialect = MarathonDialect()
    found, parts = Patterns([route("POST", "/v2/apps", handler)], dialect.error).find(request)
    try:
        return await found.handler(request, parts)
    except Exception as fault:
        return dialect.failure(request, fault)


@asynccontextmanager
async def serving(
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]],
    refused: Callable[[int, str], web.Response] | None = None,
) -> AsyncIterator[daemon.Address]:
    application = web.Application(client_max_size=16 << 20)
    application.router.add_route("*", daemon.ALL_PATHS, handle)
    async with daemon.listening(application, "127.0.0.1", 0, stop_seconds=0.2, refused=refused) as address:
        yield address


async def post(address: daemon.Address, coding: str, body: bytes) -> tuple[int, str, bytes, dict[str, str]]:
    headers = {"Content-Type": "application/json"} | ({"Content-Encoding": coding} if coding else {})
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{address.url}/v2/apps", data=body, headers=headers) as answer,
    ):
        return answer.status, answer.content_type, await answer.read(), dict(answer.headers)


@pytest.mark.parametrize("init", [False, True])
async def test_what_is_packed_in_a_known_way_is_read(init: bool) -> None:
    async with serving(_of_the_init if init else _plainly) as address:
        for name, (coding, body) in GOOD.items():
            assert (await post(address, coding, body))[::2] == (200, BODY), name


@pytest.mark.parametrize("init", [False, True])
async def test_what_cannot_be_unpacked_is_the_clients_error_in_the_daemons_own_form(
    monkeypatch: pytest.MonkeyPatch, init: bool
) -> None:
    monkeypatch.setattr("dcos_runtime.marathon.http.requests.MAX_BODY", LARGEST)
    async with serving(_of_the_init if init else _plainly) as address:
        for name, (coding, body, wanted) in BAD.items():
            status, kind, told, headers = await post(address, coding, body)
            assert status == wanted, (name, told)
            assert kind == ("application/json" if init else "text/plain"), name
            text = json.loads(told)["message"] if init else told.decode()
            assert 10 < len(text) < 300, (name, text)
            assert (headers.get("Accept-Encoding") == "gzip, deflate") is (status == 415), name


async def test_a_body_that_is_not_there_as_its_header_says_is_the_clients_error() -> None:
    async with serving(_plainly) as address:
        for begin in (b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n"):
            answer = await raw(address, b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + begin, shut=True)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400 "), answer


# --- what is said of what is refused ---

HOSTILE = "\x1b[2J\x07\u202e\ud800\0\r\nforged: line"


def test_a_value_is_shown_on_one_line_of_what_can_be_printed() -> None:
    assert shown("plain text, grüße") == "plain text, grüße"
    assert shown(HOSTILE) == "\\x1b[2J\\x07\\u202e\\ud800\\x00\\r\\nforged: line"
    assert shown("x" * 1000, 10) == "xxxxxxxxxx… (1000 characters)"
    assert shown("x" * 100) == "x" * 100


def test_a_message_keeps_its_lines_and_nothing_else_that_is_no_text() -> None:
    assert bounded("one\n\ttwo\n") == "one\n\ttwo\n"
    assert bounded(HOSTILE).splitlines() == ["\\x1b[2J\\x07\\u202e\\ud800\\x00\\r", "forged: line"]
    assert bounded("x" * 1_000_000) == "x" * MOST + "… (1000000 characters)"
    for text in (HOSTILE, "x" * 1_000_000, "ü\n"):
        assert bounded(text).isascii() or bounded(text).encode()


@pytest.mark.parametrize(
    "answer",
    [
        lambda text: daemon.text_response(text, 400),
        lambda text: error(400, text),
        lambda text: ErrorResponse(400, text).response(),
    ],
)
def test_every_form_of_an_error_is_bounded(answer: Callable[[str], web.Response]) -> None:
    for text in (HOSTILE, f"{HOSTILE} " + "x" * 1_000_000):
        body = answer(text).body
        assert isinstance(body, bytes) and len(body) < 2 * MOST
        assert b"\x1b" not in body and b"\\u001b" not in body and b"\x00" not in body


async def test_the_path_of_what_is_not_there_is_told_and_not_repeated_whole() -> None:
    async with serving(_of_the_init) as address, aiohttp.ClientSession() as http:
        for path in ("/" + "x" * 7000, "/v2/%1b%5b2J%0aforged"):
            async with http.get(f"{address.url}{path}") as answer:
                text = (await answer.json())["message"]
                assert answer.status == 404 and path[:3] in text and len(text) < 600
                assert text.isprintable()


async def raw(address: daemon.Address | Path, data: bytes, shut: bool = False) -> bytes:
    if isinstance(address, Path):
        reader, writer = await asyncio.open_unix_connection(str(address))
    else:
        reader, writer = await asyncio.open_connection(address.ip, address.port)
    try:
        writer.write(data)
        if shut:
            writer.write_eof()
        async with asyncio.timeout(240):
            return await reader.read()
    finally:
        writer.close()


MALFORMED = (
    b"G\x1b[2JT / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"\x1b[2J" * 1000 + b"\x00\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
)


@pytest.mark.parametrize("form", ["text", "init", "auth"])
async def test_what_is_no_request_is_refused_in_the_daemons_own_form(tmp_path: Path, form: str) -> None:
    async def fails(request: web.BaseRequest) -> web.StreamResponse:
        raise ValueError("a secret of ours")

    class Front:
        answer = staticmethod(fails)

    @asynccontextmanager
    async def opened() -> AsyncIterator[daemon.Address | Path]:
        if form == "auth":
            async with listening(Front(), tmp_path / "socket"):  # type: ignore[arg-type]  # a double has what is used of it
                yield tmp_path / "socket"
        else:
            async with serving(fails, error if form == "init" else None) as address:
                yield address

    async with opened() as where:
        answers = [(await raw(where, data), 400) for data in MALFORMED]
        fine = b"GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\nConnection: close\r\n\r\n"
        answers.append((await raw(where, fine), 500))
    for answer, wanted in answers:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.split(b" ")[1] == b"%d" % wanted, answer[:300]
        assert b"\x1b" not in answer and b"secret" not in answer and len(answer) < 2000, answer[:300]
        if form == "text":
            assert b"Content-Type: text/plain" in head
        else:
            assert json.loads(body)["message" if form == "init" else "description"]


def test_a_logged_message_is_one_record_however_many_lines_a_client_wrote(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr("sys.stderr", written)
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        daemon.configure_logging(environ={})
        logging.getLogger("kernel").info("refused framework %s", HOSTILE + "x" * 1_000_000)
        logging.getLogger("kernel").info("the next")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    lines = written.getvalue().splitlines()
    assert len(lines) == 3 and lines[1].startswith("    forged: line") and lines[2].endswith("kernel: the next")
    assert "\x1b" not in written.getvalue() and len(written.getvalue()) < 30_000
