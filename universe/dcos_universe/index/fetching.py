"""How a client gets bytes: the interface of a fetcher, and one for HTTP, HTTPS and files that bounds all it does."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import stat
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from dcos_runtime import urls
from dcos_runtime.network_errors import cause
from dcos_universe.errors import UniverseError

SILENCE = 30.0
"""For so many seconds a server may send nothing: while we connect, before its headers are complete, within its body."""

RATE, GRACE = 4096, 20.0
"""When `GRACE` seconds have passed, a body has to have come with at least `RATE` bytes a second on average."""

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class FetchedResponse:
    """A server's response. The names in ``headers`` have small letters; ``body`` is decoded (Content-Encoding)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Fetch(Protocol):
    """Fetches a URL, in the thread that calls it.

    Any response is returned, whatever its status. Raises `TooLarge` as soon as it is known that the decoded body has
    more than ``max_length`` bytes, `TooSlow` for a server that is too slow, `Unreachable` for one that is out of reach.
    """

    def __call__(self, url: str, max_length: int, headers: Mapping[str, str] = ...) -> FetchedResponse: ...


class FetchError(UniverseError):
    """A URL could not be fetched."""


class TooLarge(FetchError):
    """The response is larger than it may be."""

    def __init__(self, url: str, max_length: int) -> None:
        super().__init__(
            f"{url} is too large",
            why=f"more than {max_length} bytes arrived, which is the most it may have",
            hint="see that the URL is the right one; if it is, report it to its publisher",
        )


class TooSlow(FetchError):
    """The response takes too long."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{url} comes too slowly", why=why, hint="look at the server and at the way to it; try again")


class Unreachable(FetchError):
    """No response, or an incomplete one."""

    def __init__(self, url: str, why: str) -> None:
        super().__init__(f"{url} cannot be fetched", why=why, hint="look at the server and at the way to it; try again")


def fetch(url: str, max_length: int, headers: Mapping[str, str] = {}) -> FetchedResponse:
    """The `Fetch` of http, https and file URLs. Proxies are taken from the environment."""
    try:
        scheme = urls.parse(url).scheme
    except urls.BadUrl as error:
        raise Unreachable(url, str(error)) from error
    if scheme == "file":
        return _file(url, max_length)
    if scheme not in ("http", "https"):
        raise Unreachable(url, f"{scheme or 'no scheme'} is not one of http, https, file")
    return _get(url, max_length, headers)


def _file(url: str, max_length: int) -> FetchedResponse:
    path = urllib.parse.unquote(urls.parse(url).path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return FetchedResponse(404)
            body = file.read(max_length + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return FetchedResponse(404)
    except (OSError, ValueError) as error:
        raise Unreachable(url, getattr(error, "strerror", None) or str(error)) from error
    if len(body) > max_length:
        raise TooLarge(url, max_length)
    return FetchedResponse(200, {}, body)


# --- HTTP ------------------------------------------------------------------------------------------------------------


class _Watch:
    """Ends the connections of one request when its headers are not complete in time. The socket's own limit does not
    suffice, because a server can send each byte just before it is reached."""

    def __init__(self, seconds: float) -> None:
        self.late = False
        self._sockets: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    @contextmanager
    def __call__(self) -> Iterator[None]:
        self._timer.start()
        try:
            yield
        finally:
            self._timer.cancel()

    def see(self, connected: socket.socket) -> None:
        self._sockets.append(connected)

    def _end(self) -> None:
        self.late = True
        for connected in self._sockets:
            try:
                connected.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def _opener(watch: _Watch) -> urllib.request.OpenerDirector:
    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            watch.see(self.sock)

    class Secure(http.client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            watch.see(self.sock)

    class Http(urllib.request.HTTPHandler):
        def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Plain, req)

    class Https(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(_with_context(Secure), req)

    class Any_(urllib.request.HTTPErrorProcessor):
        """Returns every response, also those of errors; only redirects are followed."""

        def http_response(self, request: urllib.request.Request, response: Any) -> Any:
            if response.status in (301, 302, 303, 307, 308):
                return super().http_response(request, response)
            return response

        https_response = http_response

    made = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        Http(),
        Https(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        Any_(),
    ):
        made.add_handler(handler)
    return made


def _with_context(kind: Callable[..., http.client.HTTPSConnection]) -> Callable[..., http.client.HTTPSConnection]:
    def connection(host: str, **arguments: Any) -> http.client.HTTPSConnection:
        return kind(host, **{**arguments, "context": ssl.create_default_context()})

    return connection


def _get(url: str, max_length: int, headers: Mapping[str, str]) -> FetchedResponse:
    request = urllib.request.Request(url, headers={"Accept-Encoding": "gzip", **headers})
    watch = _Watch(SILENCE)
    began = time.monotonic()
    try:
        with watch():
            response = _opener(watch).open(request, timeout=SILENCE)
        if response is None:
            raise Unreachable(url, "it leads to what is neither http nor https")
        with response:
            names = {name.lower(): value for name, value in response.headers.items()}
            body = b"".join(_body(response, url, max_length, began))
            if getattr(response, "length", None):
                raise Unreachable(url, f"it broke off after {len(body)} bytes")
            return FetchedResponse(
                response.status, names, _decoded(body, names.get("content-encoding", ""), url, max_length)
            )
    except UniverseError:
        raise
    except TimeoutError as error:
        raise TooSlow(url, f"nothing arrived for {SILENCE:g} seconds") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if watch.late:
            raise TooSlow(url, f"its headers were not there after {SILENCE:g} seconds") from error
        if isinstance(getattr(error, "reason", None), TimeoutError):
            raise TooSlow(url, f"nothing arrived for {SILENCE:g} seconds") from error
        raise Unreachable(url, cause(error)) from error


def _body(response: Any, url: str, max_length: int, began: float) -> Iterator[bytes]:
    if (response.length or 0) > max_length:
        raise TooLarge(url, max_length)
    received = 0
    while chunk := response.read1(_CHUNK):
        received += len(chunk)
        if received > max_length:
            raise TooLarge(url, max_length)
        yield chunk
        passed = time.monotonic() - began
        if passed > GRACE and received < RATE * passed:
            raise TooSlow(url, f"{received} bytes arrived in {passed:.0f} seconds")


def _decoded(body: bytes, encoding: str, url: str, max_length: int) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise Unreachable(url, f"it comes in the encoding {encoding}, which was not asked for")
    return gunzip(body, url, max_length)


def gunzip(body: bytes, url: str, max_length: int) -> bytes:
    """The content of a gzip file, of one stream or several. Raises `TooLarge` before more than ``max_length`` bytes are
    unpacked, and `Unreachable` when the last stream has no end.
    """
    plain, rest = b"", body
    while True:
        unzip = zlib.decompressobj(wbits=31)
        try:
            plain += unzip.decompress(rest, max_length + 1 - len(plain))
        except zlib.error as error:
            raise Unreachable(url, f"it is no gzip file: {error}") from error
        if len(plain) > max_length:
            raise TooLarge(url, max_length)
        if not unzip.eof:
            raise Unreachable(url, "its gzip stream has no end")
        rest = unzip.unused_data
        if not rest:
            return plain
