"""The body of a request, read in one way by every daemon: compressed or not, and never more than the limit.

The listeners leave it packed (`daemon.listening`): the size is checked while the body is unpacked, a slice at a time.
A body that cannot be unpacked gives 400, an unknown coding 415, a body that is too large 413.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping

from aiohttp import web
from aiohttp.http import HttpProcessingError

from dcos_runtime.wire.quoting import shown

MAX_UNPACKED = 16 * 1024 * 1024
"""The most bytes of a packed body, packed and unpacked: a few kilobytes could otherwise stand for gigabytes."""

_SLICE = 256 * 1024
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_KNOWN = {"Accept-Encoding": "gzip, deflate"}
"""The codings that a 415 names instead (RFC 9110, 15.5.16)."""


class BodyRefused(Exception):
    """The body is not taken: the answer's status and text, and headers that go with it. Each API has its own form."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers = dict(headers or {})


async def read(request: web.BaseRequest, largest: int) -> bytes:
    """The whole body, unpacked. Raises `BodyRefused`, whose text holds nothing of the body.

    ``largest``: in bytes; of a packed body `MAX_UNPACKED`, if that is less.
    """
    coding = ", ".join(request.headers.getall("Content-Encoding", [])).strip().lower()
    try:
        if coding in ("", "identity"):
            if (request.content_length or 0) > largest:
                raise _too_large(largest)
            whole = await request.read()
            if len(whole) > largest:
                raise _too_large(largest)
            return whole
        if coding not in _WINDOWS:
            raise BodyRefused(415, f"Content-Encoding '{shown(coding, 40)}' is not known; use gzip, or none", _KNOWN)
        return await _unpacked(request, coding, min(largest, MAX_UNPACKED))
    except web.HTTPRequestEntityTooLarge as error:
        raise _too_large(largest) from error
    except (web.RequestPayloadError, HttpProcessingError) as error:
        raise BodyRefused(
            400, "Failed to read the body: it does not come as its header says, or ends too early"
        ) from error


async def _unpacked(request: web.BaseRequest, coding: str, most: int) -> bytes:
    unpacker = None
    whole, taken = bytearray(), 0
    async for chunk in request.content.iter_any():
        taken += len(chunk)
        rest = chunk
        while rest:
            if unpacker is None:
                # Some clients leave out the frame of "deflate", which begins with the method 8.
                framed = coding != "deflate" or rest[0] & 0x0F == zlib.DEFLATED
                unpacker = zlib.decompressobj(_WINDOWS[coding] if framed else -zlib.MAX_WBITS)
            if unpacker.eof:
                raise BodyRefused(400, f"Failed to decompress the body: bytes after the end of the {coding} data")
            try:
                whole += unpacker.decompress(rest, _SLICE)
            except zlib.error as error:
                raise BodyRefused(400, f"Failed to decompress the body as {coding}: {error}") from error
            if max(len(whole), taken) > most:
                raise BodyRefused(413, f"A compressed body may hold at most {_size(most)}; send less at once")
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            await asyncio.sleep(0)  # other requests are served between the slices
    if unpacker is None or not unpacker.eof:
        raise BodyRefused(400, f"Failed to decompress the body: the {coding} data end too early")
    return bytes(whole)


def _too_large(largest: int) -> BodyRefused:
    return BodyRefused(413, f"The body is larger than {largest} bytes")


def _size(count: int) -> str:
    return f"{count >> 20} MiB" if count >= 1 << 20 else f"{count} bytes"
