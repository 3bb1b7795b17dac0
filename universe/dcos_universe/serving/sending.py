"""Sends a response to the client: makes its head, and lets Linux send files on connections without TLS."""

from __future__ import annotations

import asyncio
import contextlib
import http
import os
import time

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from dcos_universe.serving import responses
from dcos_universe.serving.connections import ServedConnection
from dcos_universe.serving.negotiation import http_date
from dcos_universe.serving.responses import Answer
from dcos_universe.serving.tree import Nothing

_SMALL = 32 << 10
"""Up to so many bytes, to copy them costs less than to let Linux read the file."""
_BLOCK = 256 << 10
_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}


class Reply(web.StreamResponse):
    """The response that aiohttp gets for a request. It writes head and body itself, because aiohttp's writer needs more
    time for a head than Linux for a megabyte."""

    def __init__(self, made: Answer) -> None:
        super().__init__(status=made.status)
        self._made = made
        self._stays = False

    @property
    def keep_alive(self) -> bool:
        return self._stays

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Sends the whole response. Raises `ConnectionResetError` when the client is gone."""
        connection = request.protocol
        assert isinstance(connection, ServedConnection)
        made, descriptor = self._made, -1
        try:
            if made.span is not None and made.content is not None and request.method != "HEAD":
                direct = made.span.size > _SMALL and connection.direct
                if direct or made.content.held is None:
                    try:
                        assert made.served is not None
                        descriptor = made.served.open()
                    except Nothing:
                        if made.content.held is None:
                            made = responses.sentence(503, "the repository changes just now", **{"Retry-After": "1"})
            head = self._head(request, made)
            if request.method == "HEAD" or made.span is None or made.content is None:
                await connection.send(head if request.method == "HEAD" else head + made.text)
            elif descriptor >= 0 and connection.direct:
                await connection.send_file(head, descriptor, made.span.first, made.span.last + 1)
            else:
                await _copied(connection, head, made, descriptor)
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        return None

    def _head(self, request: web.BaseRequest, made: Answer) -> bytes:
        self._stays = request.keep_alive
        lines = [f"HTTP/1.1 {made.status} {_PHRASES[made.status]}", f"Date: {_now()}"]
        lines += [f"{name}: {value}" for name, value in made.headers.items()]
        if not self._stays:
            lines.append("Connection: close")
        elif request.version < (1, 1):
            lines.append("Connection: keep-alive")
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    async def write_eof(self, data: bytes = b"") -> None:
        """Does nothing: `prepare` has sent the whole response."""


async def _copied(connection: ServedConnection, head: bytes, made: Answer, descriptor: int) -> None:
    """Sends a file through this process: one that is small, or on a connection with TLS."""
    assert made.span is not None and made.content is not None
    first, end = made.span.first, made.span.last + 1
    if made.content.held is not None:
        whole = memoryview(made.content.held)
        await connection.send(head + bytes(whole[first : min(end, first + _SMALL)]))
        for start in range(first + _SMALL, end, _BLOCK):
            await connection.send(whole[start : min(end, start + _BLOCK)])
        return
    await connection.send(head)
    while first < end:
        block = await _block(descriptor, min(_BLOCK, end - first), first)
        if not block:
            # The length was sent already, so the client can only be told by breaking the connection off.
            connection.abort()
            raise ConnectionResetError("the file ended before its end")
        first += len(block)
        await connection.send(block)


async def _block(descriptor: int, size: int, position: int) -> bytes:
    """Bytes of the file: at once if Linux has them in memory; else a thread waits for the disk."""
    buffer = bytearray(size)
    with contextlib.suppress(OSError):
        if count := os.preadv(descriptor, [buffer], position, os.RWF_NOWAIT):
            return bytes(memoryview(buffer)[:count])
    return await asyncio.to_thread(os.pread, descriptor, size, position)


_clock = (0, "")


def _now() -> str:
    """The value of the header ``Date``, made once a second."""
    global _clock
    second = int(time.time())
    if _clock[0] != second:
        _clock = (second, http_date(second))
    return _clock[1]
