"""The socket for nginx' ``auth_request``: HTTP/1.1 in the one form that nginx sends: GETs without a body, one after the
other on a persistent connection. nginx asks for every request at the gateway, and reading only this form takes a fifth
of the time that a complete HTTP server takes. Only nginx uses the socket; any other form ends the connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from pathlib import Path
from typing import cast

from multidict import CIMultiDict

from dcos_runtime.gateway.responses import CHALLENGE, ErrorResponse
from dcos_runtime.listening.connections import MOST_HEADERS, TOO_MANY_HEADERS, headers_of

log = logging.getLogger(__name__)

LONGEST = 128 * 1024
"""Bytes of a request. nginx lets 64 KiB of a request's header pass."""

Answer = tuple[int, Mapping[str, str]]
"""Status and headers; there is no body."""
Headers = CIMultiDict[str]
Decide = Callable[[Headers], Answer | Awaitable[Answer]]
"""Gets the request's headers, each as often as it came. Returns the response, or an awaitable of it."""

_REASONS = {200: b"OK", 401: b"Unauthorized", 403: b"Forbidden", 500: b"Internal Server Error"}


class NginxConnection(asyncio.Protocol):
    """One connection of nginx."""

    def __init__(self, decide: Decide, wanted: re.Pattern[str], open_connections: set[NginxConnection]) -> None:
        self._decide = decide
        self._wanted = wanted
        self._open = open_connections
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._waiting: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's transport is no subclass
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._transport = None
        if self._waiting is not None:
            self._waiting.cancel()

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self._waiting is None and self._transport is not None:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                if len(self._received) > LONGEST:
                    self.close()
                return
            self._received = rest
            self._answer(head)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _answer(self, head: bytes) -> None:
        text = head.decode("utf-8", "surrogateescape")
        line = text.partition("\r\n")[0]
        if not line.startswith("GET ") or not line.endswith(" HTTP/1.1"):
            self.close()
            return
        if text.count("\r\n") > MOST_HEADERS and headers_of(text.split("\r\n")[1:]) > MOST_HEADERS:
            self._write(refusal(ErrorResponse(431, f"This is no request that is understood here: {TOO_MANY_HEADERS}")))
            return
        headers = Headers((name, value.strip(" \t")) for name, value in self._wanted.findall(text))
        try:
            answer = self._decide(headers)
        except Exception:
            log.exception("a request of nginx could not be answered")
            answer = (500, {})
        if isinstance(answer, tuple):
            self._write(answer)
        else:
            self._waiting = asyncio.ensure_future(self._later(answer))

    async def _later(self, awaited: Awaitable[Answer]) -> None:
        try:
            answer = await awaited
        except Exception:
            log.exception("a request of nginx could not be answered")
            answer = (500, {})
        self._write(answer)
        self._waiting = None
        self.data_received(b"")

    def _write(self, answer: Answer) -> None:
        if self._transport is None:
            return
        status, headers = answer
        text = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if text.count("\n") != len(headers) or text.count("\r") != len(headers):
            log.error("an answer to nginx would have held a line end; it is refused")
            status, text = 500, ""
        self._transport.write(
            b"HTTP/1.1 %d %b\r\nContent-Length: 0\r\n%b\r\n"
            % (status, _REASONS[status], text.encode("utf-8", "surrogateescape"))
        )


def refusal(error: ErrorResponse) -> Answer:
    """A refusal; its headers say what nginx answers to its client."""
    headers = {"X-Dcos-Status": str(error.status), "X-Dcos-Reason": error.body().decode("ascii")}
    if error.status == 401:
        return 401, {**headers, "WWW-Authenticate": CHALLENGE}
    return 403, headers


def looked_at(wanted: Collection[str]) -> re.Pattern[str]:
    return re.compile(rf"\r\n({'|'.join(map(re.escape, wanted))}):([^\r\n]*)", re.IGNORECASE | re.ASCII)


@contextlib.asynccontextmanager
async def listening(decide: Decide, wanted: Collection[str], path: Path, mode: int) -> AsyncIterator[None]:
    """Answers on the UNIX socket ``path``, which is made with ``mode``. ``wanted``: the headers that are read. nginx
    sends all headers of its client, which may be thousands; the others cost almost nothing. Raises ``OSError``.
    """
    names = looked_at(wanted)
    connections: set[NginxConnection] = set()
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: NginxConnection(decide, names, connections), str(path), backlog=1024)
    try:
        path.chmod(mode)
        yield
    finally:
        server.close()
        for connection in list(connections):
            connection.close()
        path.unlink(missing_ok=True)
