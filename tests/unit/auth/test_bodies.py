"""Unreadable bodies are the client's error at dcos-auth, with a reason that quotes nothing of them."""

from __future__ import annotations

import gzip
import random
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from dcos_runtime.auth.accounts import _Credentials, _read, _wanted
from dcos_runtime.gateway.responses import ErrorResponse

SECRET = "s3cret-in-the-body"


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        try:
            if request.path == "/wanted":
                await _wanted(request)
            else:
                await _read(request, _Credentials, "the body is to be {…}")
        except ErrorResponse as refused:
            return refused.response()
        return web.Response(text="taken")

    server = RawTestServer(answer)
    await server.start_server(auto_decompress=False)  # as dcos-auth's own listener
    yield str(server.make_url("/"))
    await server.close()


GOOD = b'{"uid": "a", "password": "%s"}' % SECRET.encode()
BODIES = {
    "nothing": b"",
    "cut": GOOD[:-3],
    "an invalid key": b'{"uid":{},null',
    "not UTF-8": b'{"uid": "\xff"}',
    "half a surrogate": b'{"uid": "\\ud800", "password": "x"}',
    "deep": b"[" * 10_000,
    "another type": b'{"uid": 1, "password": []}',
    "an array": b"[]",
    "a number without end": b"1" * 10_000,
    "a byte order mark": b"\xef\xbb\xbf" + GOOD,
}


@pytest.mark.parametrize("path", ["", "wanted"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_what_cannot_be_read_is_refused(url: str, path: str, body: bytes) -> None:
    async with aiohttp.ClientSession() as http, http.post(url + path, data=body) as answer:
        text = await answer.text()
        assert answer.status == 400 and "description" in text and SECRET not in text


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
@pytest.mark.parametrize("body", [b"not packed at all", gzip.compress(GOOD)[:-25]], ids=["wrong", "cut"])
async def test_a_body_that_is_not_packed_as_it_says_is_refused(url: str, coding: str, body: bytes) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.post(url, data=body, headers={"Content-Encoding": coding}) as answer,
    ):
        assert answer.status == 400


@pytest.mark.parametrize("packed", [False, True])
async def test_a_body_that_hides_its_size_is_refused(url: str, packed: bool) -> None:
    body = b'{"uid": "a", "password": "' + b"x" * 200_000 + b'"}'

    async def chunks() -> AsyncIterator[bytes]:
        yield gzip.compress(body) if packed else body

    headers = {"Content-Encoding": "gzip"} if packed else {}
    async with aiohttp.ClientSession() as http, http.post(url, data=chunks(), headers=headers) as answer:
        assert answer.status == 413


async def test_whatever_is_sent_is_taken_or_refused(url: str) -> None:
    source = random.Random(8)
    async with aiohttp.ClientSession() as http:
        for _ in range(300):
            body = bytearray(GOOD)
            for _ in range(source.randint(1, 4)):
                at = source.randrange(len(body))
                body[at : at + source.randint(0, 3)] = bytes(source.choices(b'{}[]",:\\\x00\xff\xed0nte', k=2))
            async with http.post(url, data=bytes(body)) as answer:
                assert answer.status in (200, 400), bytes(body)
