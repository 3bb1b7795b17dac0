"""HTTP for one command: the standard library's client, because it starts five times faster than aiohttp.

Proxies of the environment are not used: dcos speaks to the cluster's own network, which no proxy could reach. Requests
are logged by method and URL only: headers hold secrets.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from dcos_runtime import urls
from dcos_runtime.cli.errors import CliError
from dcos_runtime.network_errors import cause

log = logging.getLogger("dcos.http")

TIMEOUT_SECONDS = 10.0
SILENT_SECONDS = 60.0
"""How long a stream may be silent: an agent says more often that it is there."""
MAX_REDIRECTS = 5
READS = frozenset({"GET", "HEAD"})
_ANY_METHOD = frozenset({307, 308})
_READS_ONLY = frozenset({301, 302, 303})


class NoResponse(Exception):
    """No complete response came. ``url`` is the last URL (after redirects), the text says why. ``sent``: the request
    may have arrived, and may have been carried out.
    """

    def __init__(self, url: str, why: str, *, sent: bool = True) -> None:
        super().__init__(why)
        self.url = url
        self.sent = sent


class Untrusted(NoResponse):
    """The server has no valid certificate for what we look for. Nothing was sent."""


class NotJson(ValueError):
    """The answer is not JSON; the text is its beginning."""


@dataclass(frozen=True)
class Response:
    """A response of any status. ``url`` is its URL after redirects."""

    status: int
    headers: Message
    body: bytes
    url: str

    def json(self) -> Any:
        """The body as JSON; bytes that are not UTF-8 become surrogate escapes. Raises `NotJson`."""
        try:
            return json.loads(self.body.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError) as error:
            raise NotJson(self.text()[:200]) from error

    def text(self) -> str:
        return self.body.decode("utf-8", "replace").strip()

    def complaint(self) -> str:
        """An error response's text for people: its message or description, or its body unless it is a web page."""
        try:
            body = self.json()
        except NotJson:
            body = None
        if isinstance(body, dict):
            for key in ("message", "description"):
                if isinstance(body.get(key), str):
                    return str(body[key])
        return "" if "html" in self.headers.get("Content-Type", "") else self.text()[:200]

    def redirect(self, method: str) -> str | None:
        """The absolute URL to which it redirects a request of this method."""
        target = self.headers.get("Location")
        followed = _ANY_METHOD | _READS_ONLY if method in READS else _ANY_METHOD
        if not target or self.status not in followed:
            return None
        try:
            found = urls.join(self.url, target)
            urls.parse_web(found)
        except urls.BadUrl:
            return None
        return found


def origin(url: str) -> str:
    """``https://host:port`` in lower case, the scheme's own port left out."""
    parts = urls.parse(url)
    host = (parts.hostname or "").lower()
    host = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, default) else "")


def exchange(
    method: str,
    url: str,
    body: Any = None,
    *,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    timeout: float = TIMEOUT_SECONDS,
    connect_timeout: float | None = None,
    opened: socket.socket | None = None,
) -> Response:
    """One request with an optional JSON body on its own connection; redirects are not followed. Raises `NoResponse`.
    ``opened``: a connection to that host and port, which this function closes.
    """
    started = time.monotonic()
    data = None if body is None else json.dumps(body).encode("ascii")
    head = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if data is not None else {})
    try:
        connection, path = open_connection(url, tls, connect_timeout or timeout, opened)
        try:
            connection.sock.settimeout(timeout)
            connection.request(method, path, data, head | dict(headers or {}))
            with connection.getresponse() as answer:
                response = Response(answer.status, answer.headers, answer.read(), url)
        finally:
            connection.close()
    except (http.client.HTTPException, OSError, ValueError) as error:
        why = cause(error, timeout)
        log.debug("%s %s: %s", method, url, why)
        raise NoResponse(url, why) from error
    except NoResponse as error:
        log.debug("%s %s: %s", method, url, error)
        raise
    log.debug("%s %s: %d in %.0f ms", method, url, response.status, (time.monotonic() - started) * 1000)
    return response


def open_connection(
    url: str, tls: ssl.SSLContext | None, timeout: float, opened: socket.socket | None = None
) -> tuple[http.client.HTTPConnection, str]:
    """A connection to the URL's host, and the path to ask there. ``opened``: a socket that is connected to it, which
    the connection closes. Raises `NoResponse`, and ``ValueError`` for what is no URL.
    """
    connection, path = _connection(url, tls, timeout)
    try:
        _open(connection, tls, opened, timeout)
    except OSError as error:
        connection.close()
        raise no_connection(url, error, timeout) from error
    return connection, path


def _connection(url: str, tls: ssl.SSLContext | None, timeout: float) -> tuple[http.client.HTTPConnection, str]:
    parts = urls.parse_web(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    assert parts.hostname is not None
    if parts.scheme == "http":
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout), path
    context = tls or ssl.create_default_context()
    return http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=context), path


def _open(
    connection: http.client.HTTPConnection, tls: ssl.SSLContext | None, opened: socket.socket | None, timeout: float
) -> None:
    if opened is None:
        connection.connect()
        return
    connection.sock = opened  # so that it is always closed
    opened.settimeout(timeout)
    if isinstance(connection, http.client.HTTPSConnection):
        context = tls or ssl.create_default_context()
        connection.sock = context.wrap_socket(opened, server_hostname=connection.host)


def no_connection(url: str, error: OSError, timeout: float) -> NoResponse:
    """Why nothing could be sent to ``url``, from the ``error`` of the connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Untrusted(url, error.verify_message or str(error), sent=False)
    return NoResponse(url, cause(error, timeout), sent=False)


class Exchange:
    """One request on a connection of its own, whose body and whose answer may go on for any time."""

    def __init__(self, connection: http.client.HTTPConnection, url: str) -> None:
        self._connection = connection
        self.url = url

    def send(self, data: bytes) -> None:
        """A piece of the body. Raises ``OSError`` when nobody takes it any more."""
        if data:
            self._connection.send(b"%x\r\n%b\r\n" % (len(data), data))

    def end_body(self) -> None:
        self._connection.send(b"0\r\n\r\n")

    def answer(self) -> http.client.HTTPResponse:
        """Raises `NoResponse`."""
        try:
            return self._connection.getresponse()
        except (http.client.HTTPException, OSError) as error:
            raise NoResponse(self.url, cause(error, SILENT_SECONDS)) from error

    def whole(self, answer: http.client.HTTPResponse) -> Response:
        """An answer that is no stream. Raises `NoResponse`."""
        try:
            return Response(answer.status, answer.headers, answer.read(), self.url)
        except (http.client.HTTPException, OSError) as error:
            raise NoResponse(self.url, cause(error, SILENT_SECONDS)) from error

    def close(self) -> None:
        with contextlib.suppress(OSError):
            if self._connection.sock is not None:
                self._connection.sock.shutdown(socket.SHUT_RDWR)  # who reads it in another thread goes on
        self._connection.close()


def begin(
    method: str,
    url: str,
    body: bytes | None,
    headers: Mapping[str, str],
    *,
    tls: ssl.SSLContext | None = None,
    connect_timeout: float,
    opened: socket.socket | None = None,
) -> Exchange:
    """Sends a request's head, and its ``body``; ``None``: that follows, in chunks. Raises `NoResponse`."""
    try:
        connection, path = open_connection(url, tls, connect_timeout, opened)
    except OSError as error:
        raise no_connection(url, error, connect_timeout) from error
    try:
        connection.sock.settimeout(SILENT_SECONDS)
        connection.putrequest(method, path)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is None:
            connection.putheader("Transfer-Encoding", "chunked")
        else:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        if body is None:
            connection.sock.settimeout(None)  # a command need not read its input
    except (http.client.HTTPException, OSError, ValueError) as error:
        connection.close()
        raise NoResponse(url, cause(error, SILENT_SECONDS)) from error
    return Exchange(connection, url)


class Http:
    """Asks daemons at their own ports, over plain HTTP. One connection a request.

    ``authorization`` is sent to all addresses that the master names: those of agents, the init and the leader.
    """

    def __init__(self, timeout: float = TIMEOUT_SECONDS, *, authorization: str | None = None) -> None:
        self._timeout = timeout
        self._headers = {"Authorization": authorization} if authorization else {}

    def get(self, url: str) -> Response:
        return self.request("GET", url)

    def request(
        self,
        method: str,
        url: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        repeatable: bool = False,
        timeout: float | None = None,
    ) -> Response:
        """One request with an optional JSON body. Any status but a redirect and 401 is an answer.

        ``repeatable`` has no effect here, because there is only one address. Raises `NoResponse`, or `CliError` when a
        principal is wanted.
        """
        for _ in range(MAX_REDIRECTS):
            response = self._send(method, url, body, headers or {}, timeout or self._timeout)
            target = response.redirect(method)
            if target is None or response.status == 401:
                return self.admitted(response)
            if urls.parse(target).scheme != "http":
                raise _is_gateway(url, target)
            url = target
        raise NoResponse(url, "redirected too often")

    def begin(self, url: str, body: bytes | None, headers: Mapping[str, str]) -> Exchange:
        """A POST whose answer, or also its body (``None``), is a stream. Raises `NoResponse` and `CliError`."""
        if urls.parse(url).scheme == "https":
            raise _is_gateway(url, url)
        return begin("POST", url, body, {**headers, **self._headers}, connect_timeout=self._timeout)

    def admitted(self, response: Response) -> Response:
        """The response, unless it says that a principal is wanted. Raises `CliError`."""
        if response.status == 401:
            raise _wants_principal(response, sent="Authorization" in self._headers)
        return response

    def _send(self, method: str, url: str, body: Any, headers: Mapping[str, str], timeout: float) -> Response:
        if urls.parse(url).scheme == "https":
            raise _is_gateway(url, url)
        return exchange(method, url, body, headers={**headers, **self._headers}, timeout=timeout)


def _wants_principal(response: Response, *, sent: bool) -> CliError:
    where = origin(response.url)
    if sent:
        return CliError(
            f"{where} refuses the principal and secret it was given",
            hints=["the environment variables DCOS_PRINCIPAL and DCOS_SECRET_FILE say which these are"],
        )
    return CliError(
        f"{where} wants to know who you are",
        hints=[
            "go through the cluster's gateway: dcos cluster setup https://MASTER",
            "or name a principal in the environment: DCOS_PRINCIPAL=NAME DCOS_SECRET_FILE=FILE",
        ],
    )


def _is_gateway(url: str, target: str) -> CliError:
    return CliError(
        f"{origin(url)} leads to {origin(target)}, where credentials are wanted",
        hints=[f"if that is your cluster's gateway: dcos cluster setup {origin(target)}"],
    )
