"""The master's public API: the scheduler API and the v0 reads, with the original's way of finding a route.

Each path is served bare and under ``/master``; a trailing slash and the ``.json`` of old clients are dropped; the
longest known prefix of the path answers, once the door it brings along has let the caller in. A master that does not
lead redirects what only the leader can answer; on the port for our own daemons it passes that on instead, and asks the
next leader what the former one did not answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import hdrs, web

from dcos_runtime import __version__, build
from dcos_runtime.daemon import machine, text_response
from dcos_runtime.flags import duration
from dcos_runtime.guard.doors import Door, Doors
from dcos_runtime.guard.guard import Denied
from dcos_runtime.master import scheduler_api, teardown
from dcos_runtime.master.body import MAX_BODY
from dcos_runtime.master.forward import PASSED_ON, Again, Forwarder
from dcos_runtime.master.leader import Leader, now
from dcos_runtime.master.measures import Queues
from dcos_runtime.master.metrics import metrics
from dcos_runtime.master.views import VERSION, Pieces, Viewer
from dcos_runtime.stalls import Stalls
from dcos_runtime.store.lease import HOLD_SECONDS, UNKNOWN, Forever, LeaseOver, LeaseSuspended, State
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import MasterInfo

log = logging.getLogger(__name__)

_GZIP_FROM = 1024
_SLICE_SECONDS = 0.005
_LED: web.RequestKey[Leader | None] = web.RequestKey("led", Leader)
"""In a request: the `Leader` that answers it here."""

AGAIN_SECONDS = 10.0
"""How long after it came a request that was not answered may be asked of another leader."""
MOVED_SECONDS = 3.0
"""The same after its leader was found to lead no more, if that is later: the next one has to recover first."""
_PAUSE_SECONDS = 0.5
"""Between two questions to the same master."""

_SOON = {"Retry-After": "1"}
FRAMEWORK_HOLD_SECONDS = 25.0
"""How long a framework's call waits for a suspended leadership. One that is refused ends its subscription."""
_HOLD: web.RequestKey[float] = web.RequestKey("hold", float)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Role:
    """What this process is at the moment. ``leader`` is set while it leads; ``leading`` is who leads, if known."""

    own: MasterInfo
    started_at: float
    flags: Mapping[str, str]
    cluster: str | None
    agent_port: int = 0
    electing: bool = True
    viewing: dict[str, asyncio.Task[bytes]] = field(default_factory=dict)
    queues: Queues = field(default_factory=Queues)
    stalls: Stalls = field(default_factory=Stalls)
    _leader: Leader | None = None
    _leading: MasterInfo | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def leader(self) -> Leader | None:
        """While this process leads, and be its leadership suspended: it has to be asked for its lease each time."""
        if self._leader is not None and self._leader.lease.state is State.OVER:
            self._leader.streams.drop_all("this master leads no more")
            self._leader = self.leading = None
        return self._leader

    @leader.setter
    def leader(self, leader: Leader | None) -> None:
        self._leader = leader
        self._tell()

    @property
    def leading(self) -> MasterInfo | None:
        return self._leading

    @leading.setter
    def leading(self, leading: MasterInfo | None) -> None:
        self._leading = leading
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def changed(self, seconds: float) -> None:
        """Waits for another leader, or none, for ``seconds`` at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()


@dataclass(frozen=True)
class Route:
    """``path``: without prefix; "" when nothing is there."""

    path: str
    door: Door
    handler: Handler


class PublicApi:
    """``forwarder``: passes on to the leader what a master that does not lead would otherwise redirect."""

    def __init__(self, role: Role, doors: Doors, forwarder: Forwarder | None = None) -> None:
        self._role = role
        self._doors = doors
        self._forwarder = forwarder
        self._routes: dict[str, tuple[Door, Handler]] = {
            "/api/v1/scheduler": (Door.FRAMEWORK, self._scheduler),
            "/teardown": (Door.WRITE, self._teardown),
            "/internal/agent/v1": (Door.READ, self._agent_endpoint),
            "/state": self._view("state", lambda viewer, query: viewer.state()),
            "/state-summary": self._view("state-summary", lambda viewer, query: viewer.state_summary()),
            "/slaves": self._view("slaves", lambda viewer, query: viewer.slaves(query.get("slave_id"))),
            "/frameworks": self._view("frameworks", lambda viewer, query: viewer.frameworks(query.get("framework_id"))),
            "/tasks": self._view("tasks", lambda viewer, query: viewer.tasks(query)),
            "/roles": self._view("roles", lambda viewer, query: viewer.roles()),
            "/redirect": (Door.OPEN, self._redirect),
            "/health": (Door.OPEN, self._health),
            "/version": (Door.OPEN, self._version),
            "/flags": (Door.READ, self._flags),
            "/metrics/snapshot": (Door.READ, self._metrics),
            "/system/stats": (Door.READ, self._stats),
        }

    def application(self) -> web.Application:
        application = web.Application(client_max_size=MAX_BODY)
        self.add_to(application)
        return application

    def add_to(self, application: web.Application) -> None:
        application.router.add_route("*", "/{path:.*}", self._counted, expect_handler=self._expect)
        application.on_response_prepare.append(self._answered)

    async def _expect(self, request: web.Request) -> web.StreamResponse | None:
        route = self._route(request.path)
        return await self._doors.expect(request, route.door, route.path)

    async def _answered(self, request: web.Request, response: web.StreamResponse) -> None:
        self._role.queues.requests.discard(id(request))

    async def _counted(self, request: web.Request) -> web.StreamResponse:
        self._role.queues.requests.add(id(request))
        try:
            return await self._dispatch(request)
        finally:
            self._role.queues.requests.discard(id(request))

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        route = self._route(request.path)
        try:
            await self._doors.enter(request, route.door, route.path)
        except Denied as denied:
            return denied.response()
        request[_LED] = None
        request[_HOLD] = FRAMEWORK_HOLD_SECONDS if route.path == "/api/v1/scheduler" else HOLD_SECONDS
        done = False
        try:
            response = await route.handler(request)
            done = True
            led: Leader | None = request[_LED]
            if led is not None and not response.prepared:
                await led.lease.hold(request[_HOLD])  # else it may be no leader's answer any more
            return response
        except LeaseOver:
            return text_response("No leader elected", 503)
        except LeaseSuspended as suspended:
            if done:
                return text_response(UNKNOWN, 503, _SOON)
            return text_response(str(suspended), 503, _SOON | _not_done(request))
        except web.HTTPException as error:
            return text_response(f"{error.status} {error.reason}.", error.status)
        except ConnectionError:
            return web.Response(status=400)  # the client is gone; nobody reads this
        except Exception:
            log.exception("%s %s failed", request.method, request.path)
            return text_response("The request could not be handled; the master's log says why", 500)

    def _route(self, path: str) -> Route:
        parts = [part for part in path.split("/") if part]
        if parts and parts[0] == "master":
            parts = parts[1:]
        while parts:
            name = "/" + "/".join(parts).removesuffix(".json")
            if name in self._routes:
                return Route(name, *self._routes[name])
            parts = parts[:-1]
        return Route("", Door.UNKNOWN, self._nothing)

    async def _nothing(self, request: web.Request) -> web.StreamResponse:
        return text_response("404 Not Found.", 404)

    # --- what only the leader answers ---

    async def _elsewhere(self, request: web.Request) -> web.StreamResponse | None:
        """The answer of a master that does not lead; None when this one does, and be it that it does by now."""
        if self._role.leader is None:
            refusal = self._nobody()
            if self._forwarder is not None and PASSED_ON in request.headers:
                refusal = refusal or text_response("No leader elected", 503)
                refusal.headers[PASSED_ON] = "no"
            answer = refusal or await self._passed_on(request)
            if answer is not None:
                return answer
        led = request[_LED] = self._role.leader
        if led is not None:
            await led.lease.hold(request[_HOLD])
        return None

    def _nobody(self) -> web.Response | None:
        """Why there is no other master to be asked, if so."""
        leading = self._role.leading
        if leading is None:
            return text_response("No leader elected", 503)
        if leading.id == self._role.own.id:
            return text_response("Master has not finished recovery", 503)
        if self._own_address(leading):
            return text_response("No leader elected", 503)
        return None

    async def _passed_on(self, request: web.Request) -> web.StreamResponse | None:
        """What the leader answers, and be it the next one. None when that is this master."""
        leading = self._role.leading
        assert leading is not None
        if self._forwarder is None:
            return self._to(leading, request.raw_path)
        principal = self._doors.entered(request)
        clock = asyncio.get_running_loop().time
        until = clock() + AGAIN_SECONDS
        while True:
            answer = await self._forwarder.pass_on(request, leading, self._role.agent_port, principal)
            if not isinstance(answer, Again):
                return answer
            if answer.moved:
                until = max(until, clock() + MOVED_SECONDS)
            next_one = await self._next(leading, answer.same, until)
            if self._role.leader is not None:
                return None
            if next_one is None:
                return answer.told if self._nobody() is None else text_response("No leader elected; ask again", 503)
            leading = next_one

    async def _next(self, asked: MasterInfo, same: bool, until: float) -> MasterInfo | None:
        """Who leads instead of ``asked``, or still, when the ``same`` may be asked; None when it is this master.

        None as well when there is nobody by ``until``, in the event loop's time.
        """
        clock = asyncio.get_running_loop().time
        pause = min(clock() + _PAUSE_SECONDS, until) if same else until
        while self._role.leader is None and (now := clock()) < until:
            leading = self._role.leading
            if self._nobody() is None and leading is not None and (leading.id != asked.id or now >= pause):
                return leading
            await self._role.changed((pause if now < pause else until) - now)
        return None

    def _own_address(self, leading: MasterInfo) -> bool:
        """Whether the leader is an earlier life of this very process, whose session ZooKeeper has yet to end."""
        return (leading.hostname, leading.port) == (self._role.own.hostname, self._role.own.port)

    def _to(self, leading: MasterInfo, path: str) -> web.Response:
        return web.Response(status=307, headers={"Location": f"//{leading.hostname}:{leading.port}{path}"})

    async def _scheduler(self, request: web.Request) -> web.StreamResponse:
        if (elsewhere := await self._elsewhere(request)) is not None:
            return elsewhere
        assert self._role.leader is not None
        return await scheduler_api.handle(request, self._role.leader, self._doors.entered(request))

    async def _teardown(self, request: web.Request) -> web.StreamResponse:
        if (elsewhere := await self._elsewhere(request)) is not None:
            return elsewhere
        assert self._role.leader is not None
        return await teardown.handle(request, self._role.leader, self._doors.entered(request))

    async def _agent_endpoint(self, request: web.Request) -> web.StreamResponse:
        if (elsewhere := await self._elsewhere(request)) is not None:
            return elsewhere
        return _json(
            codec.encode(internal.Endpoint(port=self._role.agent_port, versions=list(internal.SPOKEN))), request
        )

    def _view(self, name: str, pieces: Callable[[Viewer, Mapping[str, str]], Pieces]) -> tuple[Door, Handler]:
        async def handler(request: web.Request) -> web.StreamResponse:
            if (elsewhere := await self._elsewhere(request)) is not None:
                return elsewhere
            query = {key: value for key, value in request.query.items() if key != "jsonp"}
            key = f"{name}?{sorted(query.items())}"
            return _json(await self._shared(key, lambda viewer: pieces(viewer, query)), request)

        return Door.READ, handler

    async def _shared(self, key: str, pieces: Callable[[Viewer], Pieces]) -> bytes:
        """One rendering at a time of each view, for all who ask while it is made."""
        leader = self._role.leader
        assert leader is not None
        running = self._role.viewing.get(key)
        if running is not None:
            self._role.queues.shared += 1
        else:
            viewer = Viewer(leader.state, leader.elected_at, self._role.flags, self._role.cluster)
            running = asyncio.create_task(_render(pieces(viewer)), name=f"view {key}")
            self._role.viewing[key] = running
            running.add_done_callback(lambda _: self._role.viewing.pop(key, None))
        return await asyncio.shield(running)

    async def _redirect(self, request: web.Request) -> web.StreamResponse:
        if self._role.leader is not None:
            await self._role.leader.lease.hold(HOLD_SECONDS)
        leading = self._role.leading
        if leading is None or (leading.id != self._role.own.id and self._own_address(leading)):
            return text_response("No leader elected", 503)
        return self._to(leading, "")

    # --- what every master answers ---

    async def _health(self, request: web.Request) -> web.StreamResponse:
        return web.Response()

    async def _version(self, request: web.Request) -> web.StreamResponse:
        return _json(codec.encode({**build.info(), "version": VERSION, "dcos_version": __version__}), request)

    async def _flags(self, request: web.Request) -> web.StreamResponse:
        return _json(codec.encode({"flags": dict(self._role.flags)}), request)

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        if (timeout := request.query.get("timeout")) is not None:  # read as the original reads it; nothing here waits
            try:
                duration(timeout)
            except ValueError as error:
                return text_response(f"Failed to parse timeout '{timeout}': {error}.", 400)
        leader = self._role.leader
        moment = now(Forever() if leader is None else leader.lease)
        if leader is not None and leader.lease.valid():
            told = codec.encode(metrics(leader, self._role.queues, self._role.stalls, self._role.started_at, moment))
            if leader.lease.valid():  # else it may be no leader's answer any more
                return _json(told, request)
        return _json(
            codec.encode(metrics(None, self._role.queues, self._role.stalls, self._role.started_at, moment)), request
        )

    async def _stats(self, request: web.Request) -> web.StreamResponse:
        return _json(codec.encode(machine()), request)


def _not_done(request: web.Request) -> dict[str, str]:
    """For a master that passed the request on."""
    return {PASSED_ON: "no"} if PASSED_ON in request.headers else {}


async def _render(pieces: Pieces) -> bytes:
    """Joins the pieces; lets others run every few milliseconds."""
    parts: list[bytes] = []
    until = time.monotonic() + _SLICE_SECONDS
    for piece in pieces:
        parts.append(piece)
        if time.monotonic() > until:
            await asyncio.sleep(0)
            until = time.monotonic() + _SLICE_SECONDS
    return b"".join(parts)


def _json(body: bytes, request: web.Request) -> web.Response:
    """A read's answer: as JSONP when asked so, packed when that pays."""
    kind = scheduler_api.JSON
    callback = request.query.get("jsonp")
    if callback is not None:
        if not re.fullmatch(r"[A-Za-z_$][\w.$]*", callback, re.ASCII):
            return text_response("'jsonp' has to be the name of a function", 400)
        body, kind = b"%b(%b)" % (callback.encode(), body), "text/javascript"
    response = web.Response(body=body, content_type=kind)
    if len(body) >= _GZIP_FROM and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response
