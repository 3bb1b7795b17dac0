"""A process that does not lead passes requests on to the one that does, as the original's do.

With TLS it does so over mutual TLS between inits, naming whom it speaks for; what somebody proved here need not be
proved again there. A read that the leader did not answer is asked of the next one, which may be this process.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
from aiohttp import web
from aiohttp.http import HttpProcessingError
from yarl import URL

from dcos_runtime import tls
from dcos_runtime.marathon.api.routing import MAX_BODY, error, normal_path, pong
from dcos_runtime.marathon.doors import Handle, is_ping, principal_of
from dcos_runtime.store.election import Detector, Leader

T = TypeVar("T")

LEADER, VIA = "X-Marathon-Leader", "X-Marathon-Via"
EVENTS = "/v2/events"
_HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailers",
    "transfer-encoding", "upgrade",
}  # fmt: skip
# The body goes on unpacked and at once, and nobody but us says whom we speak for.
_REQUEST_DROPS = _HOP_BY_HOP | {
    "host", "content-length", "content-encoding", "accept-encoding", "expect", tls.SPOKEN_FOR.lower(),
}  # fmt: skip
_ANSWER_DROPS = _HOP_BY_HOP | {"content-length", "content-encoding"}
CONNECT_SECONDS, ANSWER_SECONDS = 3.0, 60.0
AGAIN_SECONDS = 10.0
"""How long after it came a read that was not answered may be asked of another leader."""
MOVED_SECONDS = 3.0
"""The same after its leader was found to lead no more, if that is later: the next one has to recover first."""
SILENCE_SECONDS = 60.0
"""After which an event stream counts as dead: the leader sends something every 15 s."""


class _Moved(Exception):
    """Whom we asked does not lead any more."""


class _Unanswered(Exception):
    """``told``: for the client, unless another is asked."""

    def __init__(self, told: web.Response) -> None:
        super().__init__()
        self.told = told


@dataclass(frozen=True)
class Tls:
    """How inits speak to each other: ``port`` is the one every init listens on."""

    context: ssl.SSLContext
    port: int


class Proxy:
    """``address``: ours, ``host:port``, to notice requests that go round in circles."""

    def __init__(self, address: str, detector: Detector, secure: Tls | None = None) -> None:
        self._via = f"1.1 {address}"
        self._address = address
        self._detector = detector
        self._secure = secure
        self._http: aiohttp.ClientSession | None = None
        self._own: Handle | None = None
        self._leads = asyncio.Event()

    def lead(self, handle: Handle) -> None:
        """This process leads from now on: ``handle`` answers what waits here."""
        self._own = handle
        self._leads.set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if is_ping(request):
            return pong(request)  # asked about this process, not about the leader
        clock = asyncio.get_running_loop().time
        until = clock() + AGAIN_SECONDS
        while True:
            leader = self._detector.current
            try:
                return await self._once(request, leader)
            except _Unanswered as failed:
                if not _is_plain_read(request):
                    return failed.told
                if leader != self._detector.current:
                    until = max(until, clock() + MOVED_SECONDS)
                if not await self._another(leader, until):
                    return failed.told

    async def _another(self, asked: Leader | None, until: float) -> bool:
        """Waits for another leader than ``asked``, or for this process to lead. Whether that came before ``until``."""
        try:
            async with asyncio.timeout_at(until):
                while self._own is None:
                    known = self._detector.current
                    if known is not None and known != asked and _address(known) != self._address:
                        break
                    news = [
                        asyncio.create_task(self._detector.changed(known), name="watch the leader"),
                        asyncio.create_task(self._leads.wait(), name="wait to lead"),
                    ]
                    try:
                        await asyncio.wait(news, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        for task in news:
                            task.cancel()
        except TimeoutError:
            return False
        return True

    async def _once(self, request: web.Request, leader: Leader | None) -> web.StreamResponse:
        """Raises `_Unanswered` when ``leader`` did not answer."""
        if self._own is not None:
            return await self._own(request)
        address = "" if leader is None else _address(leader)
        if leader is None or address == self._address:
            nobody = _nobody("nobody leads at the moment; try again in some seconds")
            if leader is not None and VIA in request.headers:
                raise _Unanswered(nobody)  # the other one has heard of our election; we are about to lead
            return nobody
        vias = request.headers.getall(VIA, [])
        if self._via in vias:
            return error(502, f"Detected proxying loop: {', '.join(vias)}")
        target = request.rel_url.raw_path_qs
        if not target.startswith("/"):
            return error(400, "the request names no path")
        is_events = request.method == "GET" and normal_path(request.path) == EVENTS
        if is_events and not tls.is_tls(request):
            return web.Response(
                status=302, headers={"Location": f"http://{address}{target}", LEADER: f"http://{address}"}
            )
        try:
            return await self._pass_on(request, leader, address, target, is_events)
        except _Moved:
            unknown = "whether it did what was asked is not known"
            advice = "try again in some seconds" if _is_plain_read(request) else unknown
            raise _Unanswered(_nobody(f"{address} does not lead any more; {advice}")) from None
        except web.HTTPRequestEntityTooLarge:
            return error(413, f"the body is larger than {MAX_BODY} bytes")
        except (web.RequestPayloadError, HttpProcessingError) as fault:
            return error(400, f"the body cannot be read: {fault}")
        except (aiohttp.ClientError, OSError, TimeoutError) as fault:
            told = error(502, f"the leader at {address} does not answer: {fault or type(fault).__name__}")
            raise _Unanswered(told) from fault

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def _pass_on(
        self, request: web.Request, leader: Leader, address: str, target: str, is_events: bool
    ) -> web.StreamResponse:
        asking = self._session().request(
            request.method,
            URL(self._base(address) + target, encoded=True),  # as it came: the leader is to see the same path
            headers=self._headers(request),
            data=await request.read(),
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(
                total=None if is_events else ANSWER_SECONDS, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS
            ),
        )
        answer = await self._while_leading(leader, _opened(asking))
        try:
            if answer.content_type == "text/event-stream":
                return await self._stream(request, leader, address, answer)
            response = web.Response(status=answer.status, body=await self._while_leading(leader, answer.read()))
            response.headers.clear()
            self._add_headers(response, answer, address)
            return response
        finally:
            answer.close()

    async def _stream(
        self, request: web.Request, leader: Leader, address: str, answer: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        """Copies until either side ends, or another leads: clients of event streams come again by themselves."""
        response = web.StreamResponse(status=answer.status)
        self._add_headers(response, answer, address)
        await response.prepare(request)

        async def copy() -> None:
            async for chunk in answer.content.iter_any():
                await response.write(chunk)

        try:
            await self._while_leading(leader, copy())
        except (_Moved, aiohttp.ClientError, OSError, TimeoutError):
            response.force_close()
        return response

    async def _while_leading(self, leader: Leader, work: Coroutine[Any, Any, T]) -> T:
        """The result of ``work``. Raises `_Moved` as soon as another than ``leader`` leads, or nobody."""
        working = asyncio.create_task(work, name="pass a request on")
        moved = asyncio.create_task(self._detector.changed(leader), name="watch the leader")
        try:
            await asyncio.wait({working, moved}, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise _Moved
            return working.result()
        finally:
            working.cancel()
            moved.cancel()
            await asyncio.gather(working, moved, return_exceptions=True)

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            connector = aiohttp.TCPConnector(limit=0, ssl=True if self._secure is None else self._secure.context)
            self._http = aiohttp.ClientSession(connector=connector)
        return self._http

    def _base(self, address: str) -> str:
        """Where the leader, whose plain port is at ``address``, is asked."""
        if self._secure is None:
            return f"http://{address}"
        return f"https://{address.rpartition(':')[0]}:{self._secure.port}"

    def _headers(self, request: web.Request) -> list[tuple[str, str]]:
        named = {name.strip().lower() for name in request.headers.get("Connection", "").split(",")}
        drops = _REQUEST_DROPS | named | ({"authorization"} if self._secure is not None else set())
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in drops]
        headers.append((VIA, self._via))
        principal = principal_of(request)
        if self._secure is not None and principal is not None:
            headers.append((tls.SPOKEN_FOR, principal))
        return headers

    def _add_headers(self, response: web.StreamResponse, answer: aiohttp.ClientResponse, address: str) -> None:
        for name, value in answer.headers.items():
            if name.lower() not in _ANSWER_DROPS:
                response.headers.add(name, value)
        response.headers[LEADER] = f"http://{address}"
        response.headers.add(VIA, self._via)


def _address(leader: Leader) -> str:
    return leader.content.decode(errors="replace")


def _is_plain_read(request: web.Request) -> bool:
    """Whether it may be asked twice. Whoever reads events comes again by himself, and knows what he missed."""
    is_read = request.method in ("GET", "HEAD") and not request.body_exists
    return is_read and normal_path(request.path) != EVENTS


async def _opened(asking: Any) -> aiohttp.ClientResponse:
    answer: aiohttp.ClientResponse = await asking
    return answer


def _nobody(text: str) -> web.Response:
    return error(503, text, headers={"Retry-After": "1"})
