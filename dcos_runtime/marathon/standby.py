"""A process that does not lead passes requests on to the one that does, as the original's do."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from dcos_runtime.marathon.api.routing import error

LEADER, VIA = "X-Marathon-Leader", "X-Marathon-Via"
_HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers", "transfer-encoding",
    "upgrade",
}  # fmt: skip
_REQUEST_DROPS = _HOP_BY_HOP | {"host", "content-length", "accept-encoding"}
_ANSWER_DROPS = _HOP_BY_HOP | {"content-length", "content-encoding"}
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 60.0


class Proxy:
    """``address``: ours, ``host:port``, to notice requests that go round in circles."""

    def __init__(self, address: str, leader: Callable[[], str | None]) -> None:
        self._via = f"1.1 {address}"
        self._address = address
        self._leader = leader
        self._http: aiohttp.ClientSession | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        leader = self._leader()
        if leader is None or leader == self._address:
            return error(503, "nobody leads at the moment; try again in some seconds", headers={"Retry-After": "1"})
        vias = request.headers.getall(VIA, [])
        if self._via in vias:
            return error(502, f"Detected proxying loop: {', '.join(vias)}")
        base = f"http://{leader}"
        if request.path.rstrip("/") == "/v2/events":
            return web.Response(status=302, headers={"Location": base + request.path_qs, LEADER: base})
        return await self._pass_on(request, base)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.close()

    async def _pass_on(self, request: web.Request, base: str) -> web.StreamResponse:
        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS)
            self._http = aiohttp.ClientSession(timeout=timeout)
        headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _REQUEST_DROPS]
        headers.append((VIA, self._via))
        body = await request.read()
        try:
            async with self._http.request(
                request.method, base + request.path_qs, headers=headers, data=body, allow_redirects=False
            ) as answer:
                kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _ANSWER_DROPS]
                response = web.Response(status=answer.status, body=await answer.read())
                response.headers.clear()
                for name, value in kept:
                    response.headers.add(name, value)
        except (aiohttp.ClientError, OSError, TimeoutError) as fault:
            host = urlsplit(base).netloc
            return error(502, f"the leader at {host} does not answer: {fault or type(fault).__name__}")
        response.headers[LEADER] = base
        response.headers.add(VIA, self._via)
        return response
