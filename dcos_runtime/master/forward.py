"""Passes on what only the leader answers: from our own daemons' port of one master to that of another.

So whoever stands before the masters may speak to any of them. Streams go through unbuffered, a record for a record.
Whatever waits for a leader is let go when another leads, or nobody: that machine may be off, and never say a word.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy

from dcos_runtime import tls
from dcos_runtime.daemon import text_response

if TYPE_CHECKING:
    import aiohttp

    from dcos_runtime.wire.cluster import MasterInfo

log = logging.getLogger(__name__)

CONNECT_SECONDS = 3.0
PASSED_ON = "X-Dcos-Passed-On"
"""In requests that another master passes on. One that does not lead says so then: nothing is passed on twice.

Its answer has it, too (``no``): it did nothing with the request, which whoever leads by now may be asked.
"""

# Of one connection only (RFC 9110, 7.6.1), or ours to write.
_OURS = (hdrs.HOST, hdrs.EXPECT, hdrs.AUTHORIZATION, hdrs.COOKIE, tls.SPOKEN_FOR, PASSED_ON)
_OF_CONNECTION = (
    *(hdrs.CONNECTION, hdrs.KEEP_ALIVE, hdrs.PROXY_AUTHENTICATE, hdrs.PROXY_AUTHORIZATION, "Proxy-Connection"),
    *(hdrs.TE, hdrs.TRAILER, hdrs.TRANSFER_ENCODING, hdrs.UPGRADE),
)
_LEFT_OUT = frozenset(name.lower() for name in (*_OURS, *_OF_CONNECTION))


@dataclass(frozen=True)
class Again:
    """There is no answer, and asking once more does no harm.

    ``told``: for the client, should there be nobody to ask. ``moved``: whom we asked does not lead any more, as far as
    we know. ``same``: the same master may be asked again, should it lead; else it may be this request it breaks off on.
    """

    told: web.Response
    moved: bool
    same: bool


@dataclass
class _Attempt:
    """``sent``: there was a connection, so the leader may have got something of the request."""

    sent: bool = False


class Forwarder:
    """Speaks as this master, with its certificate, for whoever sent the request."""

    def __init__(self, files: tls.Files) -> None:
        """Raises `tls.TlsError`."""
        self._context = files.client("master")
        self._session: aiohttp.ClientSession | None = None
        self._leading: str | None = None
        self._waiting: set[asyncio.Timeout] = set()
        self._closing: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        self._let_go()
        await asyncio.gather(*self._closing)

    def follow(self, leading: MasterInfo | None) -> None:
        """Who leads from now on, as far as known. What waits for another, who may be paused for ever, is over."""
        known, self._leading = self._leading, leading.id if leading is not None else None
        if self._leading != known:
            self._let_go()

    def _let_go(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for term in waiting:
            term.reschedule(asyncio.get_running_loop().time())
        # Its idle connections, too, may lead to a machine that is off. To close them may take a word of that machine.
        session, self._session = self._session, None
        if session is not None:
            closing = asyncio.create_task(session.close(), name="close connections to the former leader")
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def pass_on(
        self, request: web.Request, leading: MasterInfo, port: int, principal: str | None
    ) -> web.StreamResponse | Again:
        """What the leader answers. The request is ``principal``'s there, too; ``port``: that of our daemons there.

        ``leading`` is whom `follow` was told last.
        """
        ip = leading.address.ip if leading.address is not None else None
        if not ip or not principal:
            return text_response("The leading master does not tell its address", 502)
        import aiohttp
        from yarl import URL

        headers = _kept(request.headers)
        headers[tls.SPOKEN_FOR] = principal
        headers[PASSED_ON] = "1"
        is_read = request.method in (hdrs.METH_GET, hdrs.METH_HEAD) and not request.body_exists
        response: web.StreamResponse | None = None
        attempt = _Attempt()
        term = asyncio.timeout(None)
        try:
            async with term:
                self._waiting.add(term)
                async with self._asking().request(
                    request.method,
                    URL(f"https://{ip}:{port}{request.raw_path}", encoded=True),
                    headers=headers,
                    data=request.content if request.body_exists else None,
                    allow_redirects=False,
                    trace_request_ctx={"attempt": attempt},
                ) as answer:
                    if is_read and answer.status == 503 and answer.headers.get(PASSED_ON) == "no":
                        return Again(text_response("No leader elected; ask again", 503), moved=False, same=True)
                    response = web.StreamResponse(
                        status=answer.status, reason=answer.reason, headers=_kept(answer.headers)
                    )
                    await _copy(answer, request, response)
                    return response
        except (aiohttp.ClientError, OSError, TimeoutError) as caught:
            error = caught
        finally:
            self._waiting.discard(term)
        if response is not None and response.prepared:
            # Half an answer must not look like a whole one.
            if request.transport is not None:
                request.transport.abort()
            return response
        # Whoever read the body for the leader lets go of it in the next step. What is left is the server's to read.
        await asyncio.sleep(0)
        harmless = is_read or not attempt.sent
        advice = "ask again" if harmless else "whether it did what was asked is not known"
        if term.expired():
            told = text_response(f"The master at {ip}:{port} does not lead any more; {advice}", 503)
        else:
            log.warning("could not pass a request on to the leader at %s:%d: %s", ip, port, error)
            what = "broke off" if attempt.sent else "cannot be reached"
            told = text_response(f"The leading master at {ip}:{port} {what}; {advice}", 502)
        if not harmless:
            return told
        return Again(told, moved=term.expired(), same=term.expired() or not attempt.sent)

    def _asking(self) -> aiohttp.ClientSession:
        import aiohttp

        if self._session is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_create_end.append(_has_connection)
            trace.on_connection_reuseconn.append(_has_connection)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=self._context, keepalive_timeout=60.0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
                auto_decompress=False,
                skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[trace],
            )
        return self._session


async def _has_connection(_session: aiohttp.ClientSession, context: Any, _params: object) -> None:
    context.trace_request_ctx["attempt"].sent = True


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
