"""Reads the body of a request: packed or not, never more of it than the kernel can take without standing still."""

from __future__ import annotations

import asyncio
import zlib

from aiohttp import web

MAX_BODY = 256 * 1024 * 1024
MAX_UNPACKED = 16 * 1024 * 1024
"""Of a packed body, both before and after: a few kilobytes of it could otherwise stand for gigabytes."""

_SLICE = 256 * 1024
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class BodyRefused(Exception):
    """The body is not taken: the answer's status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


async def read(request: web.Request, largest: int = MAX_BODY) -> bytes:
    """The whole body, unpacked. The listener leaves it packed (`daemon.listening`). Raises `BodyRefused`.

    ``largest``: in bytes, of bodies that come as they are.
    """
    coding = request.headers.get("Content-Encoding", "").strip().lower()
    try:
        if coding in ("", "identity"):
            if (request.content_length or 0) > largest:
                raise BodyRefused(413, f"The body is larger than {largest} bytes")
            whole = await request.read()
            if len(whole) > largest:
                raise BodyRefused(413, f"The body is larger than {largest} bytes")
            return whole
        if coding not in _WINDOWS:
            raise BodyRefused(415, f"Content-Encoding '{coding}' is not known; use gzip, or none")
        return await _unpacked(request, coding)
    except web.HTTPRequestEntityTooLarge as error:
        raise BodyRefused(413, f"The body is larger than {largest} bytes") from error
    except web.RequestPayloadError as error:
        raise BodyRefused(400, f"Failed to read the body: {error}") from error


async def _unpacked(request: web.Request, coding: str) -> bytes:
    unpacker = zlib.decompressobj(_WINDOWS[coding])
    whole, taken = bytearray(), 0
    async for chunk in request.content.iter_any():
        taken += len(chunk)
        rest = chunk
        while rest:
            if unpacker.eof:
                raise BodyRefused(400, f"Failed to decompress the body: bytes after the end of the {coding} data")
            try:
                whole += unpacker.decompress(rest, _SLICE)
            except zlib.error as error:
                raise BodyRefused(400, f"Failed to decompress the body as {coding}: {error}") from error
            if max(len(whole), taken) > MAX_UNPACKED:
                raise BodyRefused(413, f"A compressed body may hold at most {MAX_UNPACKED >> 20} MB; send less at once")
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
            await asyncio.sleep(0)  # others have their turn between the slices
    if not unpacker.eof:
        raise BodyRefused(400, f"Failed to decompress the body: the {coding} data end too early")
    return bytes(whole)
