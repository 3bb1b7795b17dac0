"""Fetches URLs that users name, and refuses addresses that users must not reach through us. The address is checked when
its socket is made, for every redirect anew, so the checked address is the one that is connected to. Sizes (packed and
unpacked), redirects and the total time are bounded.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import zstandard
from yarl import URL

from dcos_runtime import urls
from dcos_runtime.cosmos.core.addresses import Allowed, NotAllowed, parse_url
from dcos_runtime.network_errors import with_host

MAX_REDIRECTS = 5
CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 20.0
_SLICE = 256 * 1024
_REDIRECTS = (301, 302, 303, 307, 308)


class DownloadError(Exception):
    """``refused``: the address is not allowed. Otherwise the server failed."""

    def __init__(self, why: str, *, refused: bool = False, status: int = 0) -> None:
        super().__init__(why)
        self.refused = refused
        self.status = status


class DownloadTooLarge(DownloadError):
    """The file is larger than the limit."""


@dataclass(frozen=True)
class Answer:
    """``body``: unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Refused(OSError):
    """The address is refused before a socket is made."""


class Downloader:
    """``context``: whose certificates are trusted."""

    def __init__(self, allowed: Allowed, context: ssl.SSLContext | None = None, user_agent: str = "cosmos") -> None:
        self._allowed = allowed
        self._context = context or ssl.create_default_context()
        self._user_agent = user_agent
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            await http.close()

    async def get(self, url: str, *, most: int, seconds: float, headers: Mapping[str, str] | None = None) -> Answer:
        """The whole body, unpacked. Raises `DownloadError` when there is no response; its status may be any."""
        asked = {"Accept-Encoding": "zstd, gzip", **(headers or {})}
        try:
            async with asyncio.timeout(seconds), self.opened(url, headers=asked) as response:
                body = await _unpacked(response, most)
                return Answer(response.status, dict(response.headers), body)
        except TimeoutError:
            raise DownloadError(f"it took longer than {seconds:g} s") from None

    @contextlib.asynccontextmanager
    async def opened(
        self, url: str, *, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The response, after redirects. Its body is still packed, and its length unchecked."""
        for _ in range(MAX_REDIRECTS + 1):
            try:
                _, host, port = parse_url(url)
                with contextlib.suppress(ValueError):
                    self._check_literal(host, port)
                async with self._session().get(
                    URL(url, encoded=True), headers=headers, allow_redirects=False
                ) as response:
                    location = response.headers.get("Location")
                    if response.status in _REDIRECTS and location:
                        url = urls.join(url, location)
                        continue
                    yield response
                    return
            except NotAllowed as error:
                raise DownloadError(str(error), refused=True) from error
            except DownloadError:
                raise
            except TimeoutError:
                raise DownloadError("it does not answer in time") from None
            except (aiohttp.ClientError, OSError, ValueError) as error:
                cause: BaseException | None = error
                while cause is not None:
                    if isinstance(cause, _Refused):
                        raise DownloadError(str(cause), refused=True) from error
                    cause = cause.__cause__
                raise DownloadError(with_host(error)) from error
        raise DownloadError(f"it redirects more than {MAX_REDIRECTS} times")

    def _check_literal(self, host: str, port: int) -> None:
        """Refuses a host that is a forbidden address before anything is connected."""
        import ipaddress

        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        try:
            self._allowed.check(host, port)
        except NotAllowed as error:
            raise DownloadError(str(error), refused=True) from error

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    ssl=self._context, use_dns_cache=False, force_close=True, socket_factory=self._socket, limit=32
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                headers={"User-Agent": self._user_agent},
            )
        return self._http

    def _socket(self, info: Any) -> socket.socket:
        """The one place where sockets are made, whatever the name was and however often it is resolved."""
        family, kind, protocol, _, address = info
        try:
            self._allowed.check(str(address[0]), int(address[1]))
        except NotAllowed as error:
            raise _Refused(str(error)) from error
        made = socket.socket(family, kind, protocol)
        made.setblocking(False)
        return made


def endless(response: aiohttp.ClientResponse) -> bool:
    """Whether only the end of the connection ends the body, so that a part of it looks like the whole."""
    return response.content_length is None and "Transfer-Encoding" not in response.headers


async def _unpacked(response: aiohttp.ClientResponse, most: int) -> bytes:
    if (response.content_length or 0) > most:
        raise DownloadTooLarge(f"it is larger than {most} bytes")
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    whole, taken = bytearray(), 0
    unpacker = _Unpacker(coding)
    async for chunk in response.content.iter_chunked(_SLICE):
        taken += len(chunk)
        if taken > most:
            raise DownloadTooLarge(f"it is larger than {most} bytes")
        for piece in unpacker.pieces(chunk):
            whole += piece
            if len(whole) > most:
                raise DownloadTooLarge(f"it is larger than {most} bytes, unpacked")
            await asyncio.sleep(0)
    if taken:  # the answer to a question whether anything has changed has none
        unpacker.end()
    return bytes(whole)


def _gzip() -> Any:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


def _deflate() -> Any:
    return zlib.decompressobj()


def _zstd() -> Any:
    return zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj()


_STREAMS: Mapping[str, Callable[[], Any]] = {"gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate, "zstd": _zstd}


class _Unpacker:
    """Unpacks a body, of one stream or of several in a row. Its methods raise `DownloadError`."""

    def __init__(self, coding: str) -> None:
        self._coding = coding
        self._make = _STREAMS.get(coding)
        self._stream: Any = None
        if self._make is None and coding not in ("", "identity"):
            raise DownloadError(f"it comes as {coding[:40]}, which is not known here")

    def pieces(self, chunk: bytes) -> Iterator[bytes]:
        if self._make is None:
            yield chunk
            return
        while chunk:
            if self._stream is None or self._stream.eof:
                self._stream = self._make()
            try:
                piece, chunk = self._next(chunk)
            except (zlib.error, zstandard.ZstdError) as fault:
                raise DownloadError(f"it cannot be unpacked as {self._coding}: {fault}") from fault
            yield piece

    def _next(self, chunk: bytes) -> tuple[bytes, bytes]:
        """A piece of the content, and what is left of the chunk."""
        if self._make is _zstd:  # it has no bound for what it gives: four bytes may stand for 128 KiB
            piece, rest = self._stream.decompress(chunk[:256]), chunk[256:]
            return piece, self._stream.unused_data + rest if self._stream.eof else rest
        piece = self._stream.decompress(chunk, _SLICE)
        return piece, self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail

    def end(self) -> None:
        """Raises `DownloadError` unless the last stream is whole."""
        if self._stream is not None and not self._stream.eof:
            raise DownloadError(f"it broke off: its {self._coding} data have no end")
