"""The master's public API: the scheduler API and the v0 reads. Routes are found as Mesos finds them.

Each path is served bare and under ``/master``; a trailing slash and the ``.json`` of old clients are dropped; the
longest known prefix of the path is the route, which names its realm. A standby redirects requests that only the leader
can answer; on the port for our own daemons it passes them on instead.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace

from aiohttp import web

from dcos_runtime import __version__, build
from dcos_runtime.daemon import machine, not_allowed, text_response
from dcos_runtime.guard.admission import Admission, Realm
from dcos_runtime.leading.dialect import Dialect
from dcos_runtime.leading.http import Api
from dcos_runtime.leading.routes import READS, Handler, Parts, Route
from dcos_runtime.leading.standby import Standby
from dcos_runtime.master import (
    explain_api,
    machine_pages,
    process_pages,
    reservation_pages,
    scheduler_api,
    teardown,
)
from dcos_runtime.master.answering import json_response
from dcos_runtime.master.core.acls import FORBIDDEN
from dcos_runtime.master.core.shown import VERSION
from dcos_runtime.master.operator_api import api as operator_api
from dcos_runtime.master.operator_api import quotas, weights
from dcos_runtime.master.operator_api.table import VIEWS
from dcos_runtime.master.position import MasterPosition
from dcos_runtime.master.shell import MasterShell
from dcos_runtime.master.views import MasterViewer, Pieces
from dcos_runtime.store.lease import HOLD_SECONDS
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.explain import PATH
from dcos_runtime.wire.limits import MAX_CALL
from dcos_runtime.wire.quoting import shown

FRAMEWORK_HOLD_SECONDS = 25.0
"""How long a framework's call waits while the leadership is suspended. A refused call would end the subscription."""


class MesosDialect(Dialect):
    """Mesos' wording of responses: plain text."""

    daemon = "master"
    largest = MAX_CALL
    only_continue = True

    def recovering(self) -> web.Response:
        return self.error(503, "Master has not finished recovery")


NEEDED_BY_PAGES: Mapping[str, Sequence[str]] = {
    "/state": VIEWS,
    "/state-summary": VIEWS,
    "/slaves": ("view_roles",),
    "/frameworks": VIEWS,
    "/tasks": ("view_frameworks", "view_tasks"),
    "/roles": ("view_roles",),
    PATH: VIEWS,
    "/flags": ("view_flags",),
    "/logging/toggle": ("set_log_level",),
    "/maintenance/schedule": ("get_maintenance_schedules", "update_maintenance_schedules"),
    "/maintenance/status": ("get_maintenance_statuses",),
    "/machine/down": ("start_maintenances",),
    "/machine/up": ("stop_maintenances",),
}
"""What a page's sender has to be allowed of all that there is (`--acls`), whatever the method. Pages about single roles
and frameworks are held to the ACLs by the core.
"""


class MasterRoutes:
    """A `Router`."""

    def __init__(self, position: MasterPosition, admission: Admission) -> None:
        self._position = position
        self._admission = admission
        self._nowhere = Route(self._nothing, Realm.UNKNOWN, everywhere=True)
        self._routes: dict[str, Route] = {
            "/api/v1/scheduler": Route(self._scheduler, Realm.FRAMEWORK, hold=FRAMEWORK_HOLD_SECONDS),
            "/api/v1": Route(self._operator, Realm.WRITE),
            PATH: Route(self._explain, Realm.READ),
            "/teardown": Route(self._teardown, Realm.WRITE),
            "/weights": Route(self._weights, Realm.WRITE),
            "/quota": Route(self._quota, Realm.WRITE),
            "/maintenance/schedule": self._machines(machine_pages.schedule, Realm.WRITE),
            "/maintenance/status": self._machines(machine_pages.status, Realm.READ),
            "/machine/down": self._machines(machine_pages.down, Realm.WRITE),
            "/machine/up": self._machines(machine_pages.up, Realm.WRITE),
            "/internal/agent/v1": Route(self._agent_endpoint, Realm.READ),
            "/state": self._view("state", lambda viewer, query: viewer.state()),
            "/state-summary": self._view("state-summary", lambda viewer, query: viewer.state_summary()),
            "/slaves": self._view("slaves", lambda viewer, query: viewer.slaves(query.get("slave_id"))),
            "/frameworks": self._view("frameworks", lambda viewer, query: viewer.frameworks(query.get("framework_id"))),
            "/tasks": self._view("tasks", lambda viewer, query: viewer.tasks(query)),
            "/roles": self._view("roles", lambda viewer, query: viewer.roles()),
            "/redirect": Route(self._redirect, Realm.OPEN, everywhere=True),
            "/health": Route(self._health, Realm.OPEN, everywhere=True),
            "/version": Route(self._version, Realm.OPEN, everywhere=True),
            "/flags": Route(self._flags, Realm.READ, everywhere=True),
            "/metrics/snapshot": Route(self._metrics, Realm.READ, everywhere=True),
            "/system/stats": Route(self._stats, Realm.READ, everywhere=True),
            "/files/browse": _page(process_pages.browse),
            "/files/read": _page(process_pages.read),
            "/files/download": _page(process_pages.download),
            "/files/debug": _page(process_pages.attached),
            "/logging/toggle": Route(self._toggle, Realm.WRITE, everywhere=True),
        }
        self._routes |= {path: self._reservation(path) for path in reservation_pages.PAGES}
        self._routes = {
            path: replace(route, path=path, handler=self._held(NEEDED_BY_PAGES.get(path, ()), route.handler))
            for path, route in self._routes.items()
        }

    def find(self, request: web.Request) -> tuple[Route, Parts]:
        parts = [part for part in request.path.split("/") if part]
        if parts and parts[0] == "master":
            parts = parts[1:]
        while parts:
            name = "/" + "/".join(parts).removesuffix(".json")
            if name in self._routes:
                return self._routes[name], {}
            parts = parts[:-1]
        return self._nowhere, {}

    async def _nothing(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return text_response("404 Not Found.", 404)

    def _held(self, needed: Sequence[str], handler: Handler) -> Handler:
        """The handler, for those whom the ACLs allow what it needs."""
        if not needed:
            return handler

        async def held(request: web.Request, parts: Parts) -> web.StreamResponse:
            if not self._position.permits(self._admission.principal_of(request), needed):
                status, text = FORBIDDEN
                return text_response(text, status)
            return await handler(request, parts)

        return held

    # --- what only the leader answers ---

    async def _scheduler(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return await scheduler_api.handle(request, self._position.leading_shell, self._admission.principal_of(request))

    async def _operator(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return await operator_api.handle(request, self._position, self._admission.principal_of(request))

    async def _explain(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return await explain_api.handle(request, self._position)

    async def _teardown(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return await teardown.handle(request, self._position.leading_shell, self._admission.principal_of(request))

    async def _weights(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return await weights.handle(request, self._position.leading_shell, self._admission.principal_of(request))

    async def _quota(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return await quotas.handle(request, self._position.leading_shell, self._admission.principal_of(request))

    def _reservation(self, path: str) -> Route:
        async def handler(request: web.Request, parts: Parts) -> web.StreamResponse:
            shell, principal = self._position.leading_shell, self._admission.principal_of(request)
            return await reservation_pages.handle(request, shell, principal, path)

        return Route(handler, Realm.WRITE)

    def _machines(self, page: machine_pages.MachinePage, realm: Realm) -> Route:
        async def handler(request: web.Request, parts: Parts) -> web.StreamResponse:
            return await page(request, self._position.leading_shell, self._admission.principal_of(request))

        return Route(handler, realm)

    async def _agent_endpoint(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        if request.method not in READS:
            return not_allowed(request, "GET")
        return json_response(
            codec.encode(internal.Endpoint(port=self._position.tls_port, versions=list(internal.SPOKEN))), request
        )

    def _view(self, name: str, pieces: Callable[[MasterViewer, Mapping[str, str]], Pieces]) -> Route:
        async def handler(request: web.Request, parts: Parts) -> web.StreamResponse:
            query = {key: value for key, value in request.query.items() if key != "jsonp"}
            position = self._position
            flags = position.permits(self._admission.principal_of(request), ("view_flags",))
            key = f"{name}?{sorted(query.items())}{'' if flags else ' without flags'}"
            body = await position.shared(key, lambda: pieces(position.viewer(flags), query))
            return json_response(body, request)

        return Route(handler, Realm.READ)

    # --- what every master answers ---

    async def _redirect(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        if (shell := self._position.shell) is not None:
            await shell.lease.hold(HOLD_SECONDS)
        leader, own = self._position.leader, self._position.own
        if leader is None or (own is not None and leader.id != own.id and self._position.is_own(leader)):
            return text_response("No leader elected", 503)
        return web.Response(status=307, headers={"Location": f"//{leader.address}"})

    async def _health(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return web.Response()

    async def _version(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return json_response(codec.encode({**build.info(), "version": VERSION, "dcos_version": __version__}), request)

    async def _flags(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return json_response(codec.encode({"flags": dict(self._position.flags)}), request)

    async def _metrics(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        if (timeout := request.query.get("timeout")) is not None:  # read as Mesos reads it, without waiting
            try:
                process_pages.duration(timeout)
            except ValueError as error:
                return text_response(f"Invalid timeout '{shown(timeout, 40)}': {error}.\n", 400)
        return json_response(codec.encode(self._position.measured()), request)

    async def _toggle(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return await process_pages.toggle(request, self._position.level)

    async def _stats(self, request: web.Request, parts: Parts) -> web.StreamResponse:
        return json_response(codec.encode(machine()), request)


def _page(page: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> Route:
    async def handler(request: web.Request, parts: Parts) -> web.StreamResponse:
        return await page(request)

    return Route(handler, Realm.READ, everywhere=True)


def public_api(position: MasterPosition, admission: Admission, standby: Standby | None = None) -> Api[MasterShell]:
    """Without a ``standby``, requests that only the leader answers are redirected, as in Mesos."""
    return Api(position, MasterRoutes(position, admission), admission, MesosDialect(), standby)
