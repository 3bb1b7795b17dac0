"""Passes on what only the leader answers: from our own daemons' port of one master to that of another.

So whoever stands before the masters may speak to any of them. Streams go through unbuffered, a record for a record.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy

from dcos_runtime import tls
from dcos_runtime.daemon import text_response

if TYPE_CHECKING:
    import aiohttp

    from dcos_runtime.wire.cluster import MasterInfo

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
PASSED_ON = "X-Dcos-Passed-On"
"""In requests that another master passes on. One that does not lead says so then: nothing is passed on twice."""

# Of one connection only (RFC 9110, 7.6.1), or ours to write.
_OURS = (hdrs.HOST, hdrs.EXPECT, hdrs.AUTHORIZATION, hdrs.COOKIE, tls.SPOKEN_FOR, PASSED_ON)
_OF_CONNECTION = (
    *(hdrs.CONNECTION, hdrs.KEEP_ALIVE, hdrs.PROXY_AUTHENTICATE, hdrs.PROXY_AUTHORIZATION, "Proxy-Connection"),
    *(hdrs.TE, hdrs.TRAILER, hdrs.TRANSFER_ENCODING, hdrs.UPGRADE),
)
_LEFT_OUT = frozenset(name.lower() for name in (*_OURS, *_OF_CONNECTION))


class Forwarder:
    """Speaks as this master, with its certificate, for whoever sent the request."""

    def __init__(self, files: tls.Files) -> None:
        """Raises `tls.TlsError`."""
        self._context = files.client("master")
        self._session: aiohttp.ClientSession | None = None
        self._leading: str | None = None

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def follow(self, leading: MasterInfo) -> None:
        """Another leads: what still waits for the former one, which may be paused for ever, is over."""
        if self._leading not in (None, leading.id):
            await self.close()
        self._leading = leading.id

    async def pass_on(
        self, request: web.Request, leading: MasterInfo, port: int, principal: str | None
    ) -> web.StreamResponse:
        """What the leader answers. The request is ``principal``'s there, too; ``port``: that of our daemons there."""
        if PASSED_ON in request.headers:
            return text_response("No leader elected", 503)
        ip = leading.address.ip if leading.address is not None else None
        if not ip or not principal:
            return text_response("The leading master does not tell its address", 502)
        import aiohttp
        from yarl import URL

        headers = _kept(request.headers)
        headers[tls.SPOKEN_FOR] = principal
        headers[PASSED_ON] = "1"
        response: web.StreamResponse | None = None
        try:
            async with self._asking().request(
                request.method,
                URL(f"https://{ip}:{port}{request.raw_path}", encoded=True),
                headers=headers,
                data=request.content if request.body_exists else None,
                allow_redirects=False,
            ) as answer:
                response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=_kept(answer.headers))
                await _copy(answer, request, response)
                return response
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            if response is not None and response.prepared:
                # Half an answer must not look like a whole one.
                if request.transport is not None:
                    request.transport.abort()
                return response
            log.warning("could not pass a request on to the leader at %s:%d: %s", ip, port, error)
            return text_response(f"The leading master at {ip}:{port} cannot be reached; ask again", 502)

    def _asking(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._context, keepalive_timeout=60.0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                auto_decompress=False,
                skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


async def _copy(answer: aiohttp.ClientResponse, request: web.Request, response: web.StreamResponse) -> None:
    """Chunk by chunk: clients lean on a record a chunk."""
    if (
        hdrs.CONTENT_LENGTH not in answer.headers
        and request.method != hdrs.METH_HEAD
        and answer.status not in (204, 304)
    ):
        response.enable_chunked_encoding()
    await response.prepare(request)
    chunk = bytearray()
    async for piece, whole in answer.content.iter_chunks():
        chunk += piece
        if chunk and (whole or not response.chunked):
            await response.write(bytes(chunk))
            chunk.clear()
    if chunk:
        await response.write(bytes(chunk))
    await response.write_eof()


def _kept(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    named = {name.strip().lower() for value in headers.getall(hdrs.CONNECTION, []) for name in value.split(",")}
    return CIMultiDict(
        (name, value) for name, value in headers.items() if name.lower() not in _LEFT_OUT and name.lower() not in named
    )
