"""The path of every request: who sends it, which route it is for, and whether this process answers it.

The sender is found out before anything else of the request is read. A leader asks its lease before it handles a request
and again before it answers: it may have been paused meanwhile, and another may lead. A standby passes the request on.
"""

from __future__ import annotations

from typing import Generic

from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11

from dcos_runtime.daemon import ALL_PATHS
from dcos_runtime.guard.admission import Admission
from dcos_runtime.guard.guard import Denied
from dcos_runtime.leading.dialect import Dialect
from dcos_runtime.leading.position import Position, S
from dcos_runtime.leading.routes import Parts, Route, Router
from dcos_runtime.leading.standby import Standby, no_leader, not_done
from dcos_runtime.store.lease import UNKNOWN, LeaseOver, LeaseSuspended


class Api(Generic[S]):
    """Answers one listener's requests. Without a ``standby``, requests that only the leader answers are redirected to
    it.
    """

    def __init__(
        self,
        position: Position[S],
        router: Router,
        admission: Admission,
        dialect: Dialect,
        standby: Standby | None = None,
    ) -> None:
        self._position = position
        self._router = router
        self._admission = admission
        self._dialect = dialect
        self._standby = standby

    def application(self) -> web.Application:
        application = web.Application(client_max_size=self._dialect.largest)
        self.add_to(application)
        return application

    def add_to(self, application: web.Application) -> None:
        """Adds a catch-all behind the routes that exist."""
        application.router.add_route("*", ALL_PATHS, self._answer, expect_handler=self._expected)
        application.on_response_prepare.append(self._begun)

    async def _begun(self, request: web.Request, response: web.StreamResponse) -> None:
        self._position.answered(request)

    async def _expected(self, request: web.Request) -> web.StreamResponse | None:
        """Does not ask for the body yet: `_invite` does when the sender is known."""
        return None

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self._position.came(request)
        try:
            route, parts = self._router.find(request)
            try:
                await self._admission.admit(request, route.realm, route.path)
            except Denied as denied:
                return self._dialect.denied(request, denied)
            if self._dialect.only_continue and hdrs.EXPECT in request.headers and not _expects_continue(request):
                return self._dialect.error(417, "Only 100-continue can be expected here")
            await _invite(request)
            response = await self._answered(request, route, parts)
            self._dialect.note(request, self._admission.principal_of(request), response)
            return response
        finally:
            self._position.answered(request)

    async def _answered(self, request: web.Request, route: Route, parts: Parts) -> web.StreamResponse:
        if self._position.ending:
            return not_done(self._dialect, request, self._dialect.ending())
        leads, done = not route.everywhere, False
        try:
            if leads and self._position.shell is None:
                elsewhere = await self._elsewhere(request)
                if elsewhere is not None:
                    return elsewhere
            lease = self._position.leading_shell.lease if leads else None
            if lease is not None:
                await lease.hold(route.hold)
            response = await route.handler(request, parts)
            done = True
            if lease is not None and not response.prepared:
                await lease.hold(route.hold)  # otherwise this process may not be the leader any more
            return response
        except LeaseOver as over:
            return self._dialect.no_longer_leads(str(over))
        except LeaseSuspended as suspended:
            if done:
                return self._dialect.suspended(UNKNOWN)
            return not_done(self._dialect, request, self._dialect.suspended(str(suspended)))
        except Exception as error:
            return self._dialect.failure(request, error)

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse | None:
        """The response when another process leads, or none; None if this process has become the leader."""
        if self._position.own is None:
            return not_done(self._dialect, request, self._dialect.starting())
        if self._standby is not None:
            return await self._standby.answer(request, self._admission.principal_of(request))
        leader = self._position.leader
        refusal = no_leader(self._position, self._dialect)
        if refusal is not None or leader is None:
            return not_done(self._dialect, request, refusal or self._dialect.no_leader())
        return self._dialect.redirect(request, leader)


def _expects_continue(request: web.Request) -> bool:
    return request.headers.get(hdrs.EXPECT, "").lower() == "100-continue"


async def _invite(request: web.Request) -> None:
    if _expects_continue(request) and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # these headers belong to no response
