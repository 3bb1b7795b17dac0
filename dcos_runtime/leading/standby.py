"""Passes requests on to the leader, from a process that does not lead: a *standby*.

So a gateway or a client may send its requests to any process of a daemon. With TLS, standby and leader use mutual TLS,
and the standby names the sender, who need not prove its identity again. A request that waits for a leader is ended when
another process leads, or none: the former leader's machine may be off and never answer. If the request may be repeated,
the next leader is asked, which may be this process.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import hdrs, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from dcos_runtime import bodies, tls
from dcos_runtime.leading.dialect import PASSED_ON, Dialect
from dcos_runtime.leading.position import Peer, Position
from dcos_runtime.network_errors import cause

log = logging.getLogger(__name__)

AGAIN_SECONDS = 10.0
"""Seconds after a request came during which another leader may be asked, if the first gave no response."""
MOVED_SECONDS = 10.0
"""The same, counted from when the leader was found to lead no longer, if that ends later: the next one has to recover
first, on a host that may have little time for it.
"""
PAUSE_SECONDS = 0.5
"""The pause before the same leader is asked again."""
_IDLE_SECONDS = 60.0

# Headers that are for one connection only (RFC 9110, 7.6.1), and those that this process writes itself.
_OF_CONNECTION = (
    *(hdrs.CONNECTION, hdrs.KEEP_ALIVE, hdrs.PROXY_AUTHENTICATE, hdrs.PROXY_AUTHORIZATION, "Proxy-Connection"),
    *(hdrs.TE, hdrs.TRAILER, hdrs.TRANSFER_ENCODING, hdrs.UPGRADE),
)
_OURS = (hdrs.HOST, hdrs.EXPECT, tls.SPOKEN_FOR, PASSED_ON)
_PROOFS = (hdrs.AUTHORIZATION, hdrs.COOKIE)
"""Headers that a standby does not pass on when it shows its own certificate and names the sender."""


@dataclass(frozen=True)
class PeerTls:
    """How daemons of one kind reach each other: each listens for the others on ``port``, with the TLS ``context``."""

    context: ssl.SSLContext
    port: int


@dataclass(frozen=True)
class _Again:
    """There is no response, and the request may be sent again. ``response``: the client's response if no leader is left
    to ask. ``leader_changed``: the leader that was asked is known to lead no longer. ``same_leader_allowed``: the same
    leader may be asked again if it still leads. Otherwise only another leader is asked: this request may be what makes
    the first one fail.
    """

    response: web.Response
    leader_changed: bool
    same_leader_allowed: bool


@dataclass
class _Attempt:
    """``sent``: there was a connection, so the leader may have received a part of the request."""

    sent: bool = False


class Standby:
    """Passes requests on. With ``peer_tls`` it shows this daemon's certificate and names the sender; without, it passes
    the sender's credentials on.
    """

    def __init__(self, position: Position[Any], dialect: Dialect, peer_tls: PeerTls | None = None) -> None:
        self._position = position
        self._dialect = dialect
        self.peer_tls = peer_tls
        self._http: aiohttp.ClientSession | None = None
        self._waiting: set[asyncio.Timeout] = set()
        self._closing: set[asyncio.Task[None]] = set()
        position.listen(self._let_go)

    async def close(self) -> None:
        self._let_go()
        await asyncio.gather(*self._closing)

    def _let_go(self) -> None:
        """Ends requests that wait for the former leader, which may never answer."""
        waiting, self._waiting = self._waiting, set()
        for limit in waiting:
            limit.reschedule(asyncio.get_running_loop().time())
        # Idle connections, too, may lead to a machine that is off, and closing them may wait for it.
        http, self._http = self._http, None
        if http is not None:
            closing = asyncio.create_task(http.close(), name="close connections to the former leader")
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)

    async def answer(self, request: web.Request, principal: str | None) -> web.StreamResponse | None:
        """The leader's response, or that of the next one. None when this process has become the leader."""
        clock = asyncio.get_running_loop().time
        until = clock() + AGAIN_SECONDS
        if self._waits_for_us(request):
            await self._next(None, True, until)
        if self._position.shell is not None:
            return None
        refusal = no_leader(self._position, self._dialect)
        leader = self._position.leader
        if refusal is not None or leader is None:
            return not_done(self._dialect, request, refusal or self._dialect.no_leader())
        body: bytes | None = None
        if self._dialect.whole:
            try:
                body = await bodies.read(request, self._dialect.largest)
            except bodies.BodyRefused as refused:
                return self._dialect.error(refused.status, refused.text, refused.headers)
        while True:
            if (instead := self._dialect.instead(request, leader)) is not None:
                return not_done(self._dialect, request, instead)
            answer = await self._ask(request, leader, principal, body)
            if not isinstance(answer, _Again):
                return answer
            if answer.leader_changed:
                until = max(until, clock() + MOVED_SECONDS)
            following = await self._next(leader, answer.same_leader_allowed, until)
            if self._position.shell is not None:
                return None
            if following is None:
                left = no_leader(self._position, self._dialect)
                return answer.response if left is None else self._dialect.no_further_leader(answer.response)
            leader = following

    def _waits_for_us(self, request: web.Request) -> bool:
        """A read that another standby passed on because we are elected: we are about to lead."""
        leader = self._position.leader
        passed_on = self._dialect.was_passed_on(request) and self._dialect.is_read(request)
        return passed_on and leader is not None and self._position.is_own(leader)

    async def _next(self, asked: Peer | None, same: bool, until: float) -> Peer | None:
        """The next leader to ask. It may be ``asked`` again if ``same``. None if this process leads, or if no leader is
        known by ``until``, a time of the event loop.
        """
        clock = asyncio.get_running_loop().time
        pause = min(clock() + PAUSE_SECONDS, until) if same else until
        while self._position.shell is None and not self._position.ending and (now := clock()) < until:
            leader = self._position.leader
            if leader is not None and not self._position.is_own(leader) and (leader != asked or now >= pause):
                return leader
            await self._position.changed((pause if now < pause else until) - now)
        return None

    async def _ask(
        self, request: web.Request, leader: Peer, principal: str | None, body: bytes | None
    ) -> web.StreamResponse | _Again:
        """``body``: the request's body, if it was read to its end; None: it is passed on while it is read."""
        target = request.rel_url.raw_path_qs
        if not target.startswith("/"):
            return self._dialect.error(400, "the request names no path")
        at, base = self._base(leader)
        response: web.StreamResponse | None = None
        attempt = _Attempt()
        limit = asyncio.timeout(None)
        try:
            async with limit:
                self._waiting.add(limit)
                async with self._session().request(
                    request.method,
                    URL(base + target, encoded=True),  # as it came: the leader has to see the same path
                    headers=self._headers(request, principal),
                    data=(request.content if request.body_exists else None) if body is None else body or None,
                    allow_redirects=False,
                    timeout=self._dialect.timeout(request),
                    trace_request_ctx={"attempt": attempt},
                ) as answer:
                    declined = answer.status == 503 and answer.headers.get(PASSED_ON) == "no"
                    if declined and self._dialect.is_read(request):
                        failure = self._dialect.error(503, "No leader elected; ask again")
                        return _Again(failure, leader_changed=False, same_leader_allowed=True)
                    headers = self._kept(answer.headers, ())
                    self._dialect.dress_response(headers, leader)
                    if body is not None and not _is_stream(request, answer):
                        return _whole(answer, headers, await answer.read())
                    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
                    await _copy(answer, request, response)
                    return response
        except (aiohttp.ClientError, OSError, TimeoutError) as caught:
            error = caught
        finally:
            self._waiting.discard(limit)
        if response is not None and response.prepared:
            self._dialect.cut(request, response)
            return response
        # One step of the loop lets the aborted upload release the body; the server reads the rest of it.
        await asyncio.sleep(0)
        harmless = self._dialect.may_repeat(request, attempt.sent)
        unknown = "whether it did what was asked is not known"
        advice = "ask again" if harmless or not attempt.sent else unknown
        if limit.expired():
            failure = self._dialect.error(503, f"The {self._dialect.daemon} at {at} does not lead any more; {advice}")
        else:
            what = f"The leading {self._dialect.daemon} at {at} does not answer ({cause(error)}): it "
            what += "broke off" if attempt.sent else "cannot be reached"
            log.warning("a request is not passed on. %s", what)
            failure = self._dialect.error(502, f"{what}; {advice}")
        if not harmless:
            return failure
        changed = limit.expired()
        return _Again(failure, leader_changed=changed, same_leader_allowed=changed or not attempt.sent)

    def _base(self, leader: Peer) -> tuple[str, str]:
        """The leader's address: as messages name it, and as a URL."""
        if self.peer_tls is None:
            return leader.address, f"http://{leader.address}"
        host = f"[{leader.host}]" if ":" in leader.host else leader.host
        return f"{host}:{self.peer_tls.port}", f"https://{host}:{self.peer_tls.port}"

    def _headers(self, request: web.Request, principal: str | None) -> CIMultiDict[str]:
        dropped = (*_OURS, *(_PROOFS if self.peer_tls is not None else ()))
        # A body that was read to its end was unpacked, too.
        unpacked = (hdrs.CONTENT_LENGTH, hdrs.CONTENT_ENCODING) if self._dialect.whole else ()
        headers = self._kept(request.headers, (*dropped, *unpacked))
        if self.peer_tls is not None and principal is not None:
            headers[tls.SPOKEN_FOR] = principal
        headers[PASSED_ON] = "1"
        self._dialect.dress_request(request, headers)
        return headers

    @staticmethod
    def _kept(headers: CIMultiDictProxy[str], dropped: Collection[str]) -> CIMultiDict[str]:
        named = {name.strip().lower() for value in headers.getall(hdrs.CONNECTION, []) for name in value.split(",")}
        without = named | {name.lower() for name in (*_OF_CONNECTION, *dropped, PASSED_ON)}
        return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in without)

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            trace = aiohttp.TraceConfig()
            trace.on_connection_create_end.append(_has_connection)
            trace.on_connection_reuseconn.append(_has_connection)
            context = True if self.peer_tls is None else self.peer_tls.context
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=context, keepalive_timeout=_IDLE_SECONDS),
                auto_decompress=False,
                skip_auto_headers=(hdrs.USER_AGENT, hdrs.ACCEPT, hdrs.ACCEPT_ENCODING, hdrs.CONTENT_TYPE),
                cookie_jar=aiohttp.DummyCookieJar(),
                trace_configs=[trace],
            )
        return self._http


def no_leader(position: Position[Any], dialect: Dialect) -> web.Response | None:
    """Why no other process can be asked; None when one can."""
    leader = position.leader
    if leader is None:
        return dialect.no_leader()
    if position.own is not None and leader.id == position.own.id:
        return dialect.recovering()
    return dialect.no_leader() if position.is_own(leader) else None


def not_done(dialect: Dialect, request: web.Request, response: web.Response) -> web.Response:
    """A response that allows the standby that passed the request on to ask another leader."""
    if dialect.was_passed_on(request):
        response.headers[PASSED_ON] = "no"
    return response


async def _has_connection(_session: aiohttp.ClientSession, context: Any, _params: object) -> None:
    context.trace_request_ctx["attempt"].sent = True


def _is_stream(request: web.Request, answer: aiohttp.ClientResponse) -> bool:
    return answer.content_type == "text/event-stream" or request.method == hdrs.METH_HEAD


def _whole(answer: aiohttp.ClientResponse, headers: Mapping[str, str], body: bytes) -> web.Response:
    response = web.Response(status=answer.status, reason=answer.reason, body=body)
    response.headers.clear()
    response.headers.extend(headers)
    response.headers.popall(hdrs.CONTENT_LENGTH, None)
    return response


async def _copy(answer: aiohttp.ClientResponse, request: web.Request, response: web.StreamResponse) -> None:
    """Copies chunk by chunk: clients expect one record in each chunk."""
    bodiless = request.method == hdrs.METH_HEAD or answer.status in (204, 304)
    if hdrs.CONTENT_LENGTH not in answer.headers and not bodiless:
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
