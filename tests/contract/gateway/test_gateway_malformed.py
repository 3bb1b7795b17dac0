"""The gateway with a real nginx and a real dcos-auth: what is malformed is its sender's error, never a server's."""

from __future__ import annotations

import contextlib
import itertools
import json
import random
import socket
import time
from collections.abc import Callable
from functools import partial

import pytest

from tests.support.daemons.gateway_backends import AGENT, Made

PATHS = ("/mesos/x", "/marathon/v2/apps", "/service/marathon/v2/apps", f"/agent/{AGENT}/x", "/service/web/x", "/health")
BAD = "{m} {p} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{a}"
MALFORMED = {
    "a coding nobody has": (BAD + "Transfer-Encoding: gzip\r\n\r\n", 400),
    "two codings": (BAD + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    "a coding and a length": (BAD + "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n", 400),
    "a version to come": ("{m} {p} HTTP/3.7\r\nHost: x\r\n{a}\r\n", 400),
    "no version": ("{m} {p} HTTP\r\nHost: x\r\n{a}\r\n", 400),
    "no host": ("{m} {p} HTTP/1.1\r\n{a}\r\n", 400),
    "two hosts": (BAD + "Host: y\r\n\r\n", 400),
    "an invalid host": ("{m} {p} HTTP/1.1\r\nHost: a/../b\r\n{a}\r\n", 400),
    "an invalid length": (BAD + "Content-Length: -1\r\n\r\n", 400),
    "two lengths": (BAD + "Content-Length: 0\r\nContent-Length: 0\r\n\r\n", 400),
    "a header without a name": (BAD + ": x\r\n\r\n", None),
    "a NUL in a header": (BAD + "X: a\0b\r\n\r\n", 400),
    "no path": ("{m}\r\n\r\n", 400),
    "no method": ("? / HTTP/1.1\r\n\r\n", 400),
    "a path that begins with nothing": ("{m} x HTTP/1.1\r\nHost: x\r\n{a}\r\n", 400),
    "a path out of the root": ("{m} /../..{p} HTTP/1.1\r\nHost: x\r\n{a}\r\n", 400),
    "a NUL in a path": ("{m} {p}%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{a}\r\n", 400),
    "half an escape": ("{m} {p}%4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{a}\r\n", 400),
    "a body that is not in chunks": (BAD + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n", 400),
    "a long line": ("{m} {p}?" + "a" * 40_000 + " HTTP/1.1\r\nHost: x\r\n{a}\r\n", 414),
    "a long header": (BAD + "X: " + "a" * 40_000 + "\r\n\r\n", 431),
    "long headers": (BAD + ("X: " + "a" * 12_000 + "\r\n") * 9 + "\r\n", 431),
    "a method not answered": ("TRACE {p} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{a}\r\n", 405),
    "HTTP/2 unasked": ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
}

ATTEMPTS = 20


def _over_plain(made: Made, data: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", made.gateway.plain_port), timeout=240) as connection:
        with contextlib.suppress(ConnectionError):  # it may have answered, and closed, before the end
            connection.sendall(data)
        received = b""
        with contextlib.suppress(ConnectionError):
            while chunk := connection.recv(65536):
                received += chunk
        return received


def _answered(ask: Callable[[], bytes]) -> bytes:
    """The first answer that arrives: TCP drops one that was sent to a client who was still sending, and is reset."""
    return next((answer for answer in (ask() for _ in range(ATTEMPTS)) if answer), b"")


@pytest.mark.parametrize("what", MALFORMED)
def test_what_is_malformed_is_400_or_the_like_in_json_at_every_port(
    made: Made, admin: dict[str, str], what: str
) -> None:
    text, wanted = MALFORMED[what]
    known = f"Authorization: {admin['Authorization']}\r\n"
    for path, method in itertools.product(PATHS, ("GET", "POST")):
        for who in (known, ""):
            data = text.format(m=method, p=path, a=who).encode()
            for ask in (partial(made.gateway.raw, data), partial(_over_plain, made, data)):
                answer = _answered(ask)
                head, _, body = answer.partition(b"\r\n\r\n")
                status = int(head.split(b" ", 2)[1])
                if wanted is None or status in (401, 308):  # an unknown client is told nothing else of a body
                    assert status < 500, answer
                    continue
                if path == "/health" and what == "a body that is not in chunks" and status == 405:
                    continue
                assert status == wanted, (method, who != "", answer)
                assert b"Content-Type: application/json" in head
                told = json.loads(body)
                assert set(told) == {"title", "description", "message"}
                assert told["message"] == told["description"]


def test_much_that_is_allowed_is_no_error_of_ours(made: Made, admin: dict[str, str]) -> None:
    """As long as nginx takes it, dcos-auth's answer may be: path and cookies are in that again."""
    made.apps = [made.app("web")]
    deadline = time.monotonic() + 240
    try:
        while made.gateway.get("/service/web/x", admin).status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        long = "a" * 15_000
        token = admin["Authorization"].removeprefix("token=")
        for path in (f"/service/web/{long}", f"/mesos/{long}", f"/marathon/{long}", f"/service/{long}", f"/{long}"):
            for sign in ("a", "\xff"):
                answer = made.gateway.raw(
                    f"GET {path.replace('a', sign)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: b={long}\r\n"
                    f"Cookie: c={long}\r\nCookie: dcos-acs-auth-cookie={token}\r\n\r\n".encode("latin-1")
                )
                status = int(answer.split(b" ", 2)[1])
                assert status < 500, (path[:30], sign, answer[:500])
    finally:
        made.apps = []


def test_no_change_of_a_request_makes_it_an_error_of_ours(made: Made, admin: dict[str, str]) -> None:
    source = random.Random(14)
    good = (
        "POST /marathon/v2/apps HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        f"Authorization: {admin['Authorization']}\r\nTransfer-Encoding: chunked\r\n"
        "Expect: 100-continue\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    ).encode()
    pieces = [
        b"\r\n",
        b"\0",
        b"\xff",
        b" ",
        b":",
        b"/",
        b"%",
        b"HTTP/9.9",
        b"gzip",
        b"-1",
        b"chunked",
        b"\t",
        b"\r",
        b"?",
    ]
    for _ in range(150):
        data = bytearray(good)
        for _ in range(source.randint(1, 3)):
            at = source.randrange(len(data))
            data[at : at + source.randint(0, 4)] = source.choice(pieces)
        # What is no whole request any more gets no answer, and is not waited for.
        answer = made.gateway.raw(bytes(data), 0.5)
        for line in answer.split(b"\r\n"):
            if line.startswith(b"HTTP/1.1 "):
                assert line.split(b" ")[1] < b"500", (bytes(data), answer)
