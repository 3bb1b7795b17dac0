"""The init's doors: who sends a request is settled before anything of it is looked at, on the plain port and on TLS."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.http import HttpVersion11

from dcos_runtime import tls
from dcos_runtime.guard.guard import Denied, Guard
from dcos_runtime.marathon.api.routing import MAX_BODY, error, normal_path

log = logging.getLogger(__name__)

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]
PING = "/ping"
_READS = ("GET", "HEAD")
_PRINCIPAL = web.RequestKey("principal", str)


def principal_of(request: web.Request) -> str | None:
    """As whom a request that passed a `Door` was sent; ``None`` for nobody in particular."""
    return request.get(_PRINCIPAL)


def is_ping(request: web.Request) -> bool:
    return request.method in _READS and normal_path(request.path) == PING


class Door:
    """Hands on to ``handle`` what may pass. ``required``: whether the plain port asks everybody for a principal."""

    def __init__(self, guard: Guard, handle: Handle, *, required: bool) -> None:
        self._guard = guard
        self._handle = handle
        self._required = required

    def application(self) -> web.Application:
        """For one listener."""
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_route("*", "/{tail:.*}", self._answer, expect_handler=_do_not_invite)
        return application

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if not is_ping(request) or tls.is_tls(request):
            try:
                principal = await self._principal(request)
            except Denied as denied:
                return _refusal(request, denied)
            if principal is not None:
                request[_PRINCIPAL] = principal
        await _invite(request)
        answer = await self._handle(request)
        if request.method not in _READS:
            who = principal_of(request) or request.remote
            log.info("%s %s by %s: %d", request.method, request.rel_url.raw_path, who, answer.status)
        return answer

    async def _principal(self, request: web.Request) -> str | None:
        # The same form of the path that the routes are found by, so that no spelling leads around the guard.
        path = normal_path(request.path)
        return await self._guard.principal(
            request, required=self._required and not self._guard.is_open(request.method, path)
        )


def _refusal(request: web.Request, denied: Denied) -> web.Response:
    response = error(denied.status, denied.text, denied.headers)
    if request.can_read_body:
        response.force_close()  # rather than take a body in from somebody unknown to get to the next request
    return response


async def _do_not_invite(request: web.Request) -> None:
    """Bodies are asked for once it is known from whom they come."""


async def _invite(request: web.Request) -> None:
    if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # none of that is the answer's
