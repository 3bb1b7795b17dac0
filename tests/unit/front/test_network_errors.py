"""One function says why a request failed: no library's own words reach a log or a person."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import errno
import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from dcos_runtime.network_errors import CLOSED, CUT_SHORT, LATE, NO_HTTP, cause, with_host
from tests.support.answering import answering
from tests.support.sources import parsed

ROOT = Path(__file__).resolve().parents[3]
TREES = [ROOT / "dcos_runtime", ROOT / "universe" / "dcos_universe", ROOT / "installer" / "dcos_installer"]
LIBRARIES = ("aiohttp.", "http.client.", "urllib.error.", "ssl.")
TELLERS = {"cause", "with_host", "describe", "no_connection", "isinstance", "getattr", "type"}
"""What may be given such an error: these find the words, or look at its kind only."""

HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"
UNPACKED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nhalf"
CIRCLE = b"HTTP/1.1 302 Found\r\nLocation: /\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """One at which nobody listens, and that nobody else gets meanwhile."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield int(held.getsockname()[1])


async def of_aiohttp(url: str, seconds: float = 60.0) -> BaseException:
    try:
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            await answer.read()
    except Exception as error:
        return error
    raise AssertionError(url)


def of_the_library(url: str, seconds: float = 60.0) -> BaseException:
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=seconds) as answer:
            answer.read()
    except Exception as error:
        return error
    raise AssertionError(url)


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"", f"{CLOSED} without an answer"), (HALF, CUT_SHORT), (b"SSH-2.0-x\r\n\r\n", NO_HTTP)],
    ids=["nothing", "half", "another protocol"],
)
async def test_both_clients_errors_have_the_same_words(content: bytes, expected: str) -> None:
    with answering(content) as port:
        url = f"http://127.0.0.1:{port}/"
        assert cause(await of_aiohttp(url)) == expected
        assert cause(await asyncio.to_thread(of_the_library, url)) == expected


async def test_a_closed_port_is_told_with_its_host_once() -> None:
    with closed_port() as port:
        mine, other = await of_aiohttp(f"http://127.0.0.1:{port}/"), of_the_library(f"http://127.0.0.1:{port}/")
        assert "ssl:default" in str(mine), "aiohttp has mended its words: then this module is not needed for them"
        assert cause(mine) == cause(other) == "connection refused"
        assert with_host(mine) == f"127.0.0.1:{port}: connection refused" and with_host(other) == "connection refused"
        mine = await of_aiohttp(f"http://localhost:{port}/")  # two addresses, in one text
        assert with_host(mine) == f"localhost:{port}: connection refused"


async def test_what_does_not_speak_tls_or_has_no_certificate_of_a_known_authority() -> None:
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        for error in (await of_aiohttp(f"https://127.0.0.1:{port}/"), of_the_library(f"https://127.0.0.1:{port}/")):
            assert (
                cause(error).startswith("no TLS connection: ") and "_" not in cause(error) and "[" not in cause(error)
            )
    untrusted = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    untrusted.verify_message = "self-signed certificate"
    assert cause(untrusted) == "its certificate is not trusted: self-signed certificate"
    assert cause(ssl.SSLCertVerificationError(1, "another daemon")) == "its certificate is not trusted: another daemon"


async def test_other_ends_of_a_request() -> None:
    with answering(UNPACKED) as port:
        assert cause(await of_aiohttp(f"http://127.0.0.1:{port}/")) == "its answer cannot be unpacked"
    with answering(CIRCLE) as port:
        assert cause(await of_aiohttp(f"http://127.0.0.1:{port}/")) == "it redirects too often"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = await of_aiohttp(f"http://127.0.0.1:{silent.getsockname()[1]}/", 0.1)
    assert cause(error) == LATE and cause(error, 0.1) == "no answer within 0.1 seconds"
    assert cause(await of_aiohttp("http://")) == "'http://' is not a URL that can be asked"
    assert cause(await of_aiohttp("gopher://h/")) == "'gopher://h/' is not a URL of http or https"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (socket.gaierror(-2, "Name or service not known"), "its name cannot be resolved: name or service not known"),
        (OSError(errno.EHOSTUNREACH, "Connect call failed ('198.18.0.9', 80)"), "no route to host"),
        (OSError("Multiple exceptions: [Errno 111] Connect ('::1', 1), [Errno 113] Connect"), "connection refused, no"),
        (ConnectionResetError(), CLOSED),
        (BrokenPipeError(errno.EPIPE, "Broken pipe"), CLOSED),
        (TimeoutError(errno.ETIMEDOUT, "x"), "connection timed out"),
        (asyncio.IncompleteReadError(b"", 4), CUT_SHORT),
        (http.client.LineTooLong("header line"), NO_HTTP),
        (urllib.error.URLError("unknown url type: x"), "<urlopen error unknown url type: x>"),
        (aiohttp.ClientConnectionError("Connector is closed."), CLOSED),
        (ValueError("two\nlines"), "two lines"),
        (ValueError(), "ValueError"),
    ],
    ids=repr,
)
def test_words_of_errors(error: BaseException, expected: str) -> None:
    assert cause(error).startswith(expected) and "\n" not in cause(error)


def used(handler: ast.ExceptHandler) -> Iterator[str]:
    """Uses of the caught error by which its own words could be shown."""
    name = handler.name
    allowed: set[int] = set()
    for node in ast.walk(ast.Module(handler.body, [])):
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in TELLERS:
            allowed |= {id(one) for one in node.args}
        elif isinstance(node, ast.Raise) and node.cause is not None:
            allowed.add(id(node.cause))
        elif isinstance(node, ast.Attribute):
            allowed.add(id(node.value))  # a field of it, not its text
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            allowed.add(id(node.value))  # kept for later, where the function that keeps it is looked at by hand
    for node in ast.walk(ast.Module(handler.body, [])):
        if (
            isinstance(node, ast.Name)
            and node.id == name
            and isinstance(node.ctx, ast.Load)
            and id(node) not in allowed
        ):
            yield f"line {node.lineno}"


def caught(handler: ast.ExceptHandler) -> bool:
    return handler.type is not None and any(
        ast.unparse(node).startswith(LIBRARIES) for node in ast.walk(handler.type) if isinstance(node, ast.Attribute)
    )


def handlers(tree: ast.AST) -> list[ast.ExceptHandler]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name and caught(node)]


def test_no_handler_of_such_errors_shows_their_own_words() -> None:
    looked_at, wrong = 0, []
    for tree in TREES:
        for path in sorted(tree.rglob("*.py")):
            if path.name == "network_errors.py":
                continue
            for handler in handlers(parsed(path.read_text())):
                looked_at += 1
                wrong += [f"{path.relative_to(ROOT)}, {use}" for use in used(handler)]
    assert not wrong and looked_at > 20, wrong


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ('raise E(f"{url}: {error}") from error', True),
        ("raise E(str(error)) from error", True),
        ("feed(Closed(1, str(error) or type(error).__name__))", True),
        ('log.warning("no: %s", error)', True),
        ("raise E(with_host(error)) from error", False),
        ("raise E(network_errors.cause(error, 3)) from error", False),
        ("return error.status", False),
    ],
)
def test_the_rule_sees_what_it_forbids(body: str, seen: bool) -> None:
    source = f"try:\n    ask()\nexcept (aiohttp.ClientError, OSError) as error:\n    {body}\n"
    (handler,) = handlers(parsed(source))
    assert bool(list(used(handler))) is seen
