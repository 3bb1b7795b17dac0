"""The agent's own listener: health, state, metrics, sandboxes, with Mesos' paths and its rules for finding a route.

Each path is served bare and under ``/slave(1)``; a trailing slash and the ``.json`` of old clients are dropped. The
route names its realm.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from aiohttp import web

from dcos_runtime import __version__, build
from dcos_runtime.agent import pools, processes, prometheus
from dcos_runtime.agent.files import Busy, NotThere, PathNotAllowed, SandboxFiles
from dcos_runtime.agent.operator_api.api import OperatorApi
from dcos_runtime.agent.views import VERSION, AgentViewer
from dcos_runtime.daemon import ALL_PATHS, machine, text_response
from dcos_runtime.flags.values import duration
from dcos_runtime.guard.admission import Admission, Realm
from dcos_runtime.guard.guard import Denied
from dcos_runtime.running import now
from dcos_runtime.stalls import Stalls
from dcos_runtime.wire.quoting import shown

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CHUNK = 256 * 1024
_OPEN = ("/health", "/version")
_API = "/api/v1"
_EXECUTORS = "/api/v1/executor"
_CALLBACK = re.compile(r"[A-Za-z_$][\w$.]{0,127}", re.ASCII)


class AgentHttp:
    """The routes. ``viewer``, ``files``, ``api`` and ``executors`` are given once the agent has recovered; until then:
    503.
    """

    def __init__(self, flags: Mapping[str, str], admission: Admission, stalls: Stalls) -> None:
        self.viewer: AgentViewer | None = None
        self.files: SandboxFiles | None = None
        self.api: OperatorApi | None = None
        self.executors: Handler | None = None
        self.taken: Callable[[], str] = str
        """Which of our ports are held by other processes; empty if none."""
        self._flags = flags
        self._admission = admission
        self.stalls = stalls
        self._routes: dict[str, Handler] = {
            "/health": self._health,
            "/version": self._version,
            "/flags": self._shown_flags,
            "/state": self._state,
            "/containers": self._containers,
            "/containers/processes": self._processes,
            "/containers/samples": self._samples,
            "/monitor/statistics": self._statistics,
            "/metrics": self._prometheus,
            "/metrics/snapshot": self._metrics,
            "/system/stats": self._stats,
            "/files/browse": self._browse,
            "/files/read": self._read,
            "/files/download": self._download,
            "/files/debug": self._debug,
        }

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_route("*", ALL_PATHS, self._dispatch, expect_handler=self._expect)
        return application

    async def _expect(self, request: web.Request) -> web.StreamResponse | None:
        path, realm = self._route(request.path)
        return await self._admission.expect(request, realm, path)

    async def _dispatch(self, request: web.Request) -> web.StreamResponse:
        path, realm = self._route(request.path)
        if path == _EXECUTORS:  # they authenticate in a way of their own
            return await self._executor(request)
        try:
            await self._admission.admit(request, realm, path)
        except Denied as denied:
            return denied.response()
        if path == _API:
            return await self._operator().handle(request)
        handler = self._routes.get(path)
        if handler is None:
            return text_response("404 Not Found.", 404)
        if request.method not in ("GET", "HEAD"):
            return text_response(f"Expecting 'GET', received '{shown(request.method, 20)}'", 405, {"Allow": "GET"})
        return await handler(request)

    async def _executor(self, request: web.Request) -> web.StreamResponse:
        if self.executors is None:
            return text_response("Agent has not finished recovery", 503)
        return await self.executors(request)

    def _route(self, path: str) -> tuple[str, Realm]:
        """The route's own path, without prefix, and its realm."""
        parts = [part for part in path.split("/") if part]
        if parts and re.fullmatch(r"slave\([0-9]+\)", parts[0]):
            parts = parts[1:]
        name = "/" + "/".join(parts).removesuffix(".json")
        if name in _OPEN or name == _EXECUTORS:
            return name, Realm.OPEN
        if name == _API or name.startswith(f"{_API}/"):  # as Mesos: the longest prefix that is a route
            return _API, Realm.WRITE
        return name, Realm.READ if name in self._routes else Realm.UNKNOWN

    # --- the agent ----------------------------------------------------------------------------------------------------

    async def _health(self, request: web.Request) -> web.StreamResponse:
        if taken := self.taken():
            return text_response(f"{taken}\n", 503)
        return web.Response()

    async def _version(self, request: web.Request) -> web.StreamResponse:
        return _json({**build.info(), "version": VERSION, "dcos_version": __version__}, request)

    async def _shown_flags(self, request: web.Request) -> web.StreamResponse:
        return _json({"flags": dict(self._flags)}, request)

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return _json(self._viewer().state(), request)

    async def _metrics(self, request: web.Request) -> web.StreamResponse:
        return _json(self._viewer().metrics(now()) | self.stalls.shown(), request)

    async def _prometheus(self, request: web.Request) -> web.StreamResponse:
        text = self._viewer().prometheus(now(), self.stalls.shown())
        return web.Response(body=text.encode(), headers={"Content-Type": prometheus.CONTENT_TYPE})

    async def _stats(self, request: web.Request) -> web.StreamResponse:
        return _json(machine(), request)

    async def _containers(self, request: web.Request) -> web.StreamResponse:
        return _json(await pools.run(pools.READS, partial(self._viewer().containers, now())), request)

    async def _statistics(self, request: web.Request) -> web.StreamResponse:
        return _json(await pools.run(pools.READS, partial(self._viewer().containers, now(), False)), request)

    async def _samples(self, request: web.Request) -> web.StreamResponse:
        container_id = _container_id(request)
        if self._viewer().container(container_id) is None:
            return text_response(f"No container '{shown(container_id)}' runs on this agent.\n", 404)
        return _json(self._viewer().samples.shown(container_id), request)

    async def _processes(self, request: web.Request) -> web.StreamResponse:
        container_id = _container_id(request)
        threads, interval = _yes(request, "threads"), _seconds(request, "interval", processes.MOST_INTERVAL)
        found = self._viewer().container(container_id)
        if found is None:
            return text_response(f"No container '{shown(container_id)}' runs on this agent.\n", 404)
        try:
            data = await processes.answer(*found, threads=threads, interval=interval)
        except processes.TooSlow as error:
            return text_response(f"{error}.\n", 503, {"Retry-After": "1"})
        return _encoded(data, request)

    def _operator(self) -> OperatorApi:
        if self.api is None:
            raise web.HTTPServiceUnavailable(text="Agent has not finished recovery")
        return self.api

    def _viewer(self) -> AgentViewer:
        if self.viewer is None:
            raise web.HTTPServiceUnavailable(text="Agent has not finished recovery")
        return self.viewer

    # --- sandboxes ----------------------------------------------------------------------------------------------------

    async def _browse(self, request: web.Request) -> web.StreamResponse:
        files, path = self._asked(request)
        try:
            return _json(await pools.run(pools.READS, partial(files.browse, path)), request)
        except NotThere:
            return text_response("", 404)
        except PathNotAllowed as error:
            return text_response(f"{error}.\n", 400)

    async def _debug(self, request: web.Request) -> web.StreamResponse:
        return _json(self._viewer().attached(), request)

    async def _read(self, request: web.Request) -> web.StreamResponse:
        files, path = self._asked(request)
        offset = _number(request, "offset", -1)
        length = _number(request, "length", -1)
        # An offset of -1 asks for the size; a length of -1 means no limit.
        limit = 0 if offset == -1 else None if length == -1 else length
        try:
            size, begin, data = await pools.run(pools.READS, partial(files.read, path, max(0, offset), limit))
        except NotThere:
            return text_response("", 404)
        except PathNotAllowed as error:
            return text_response(f"{error}.\n", 400)
        except Busy as error:
            return text_response(f"{error}.\n", 503, {"Retry-After": "1"})
        # Offsets count bytes. Bytes that are not UTF-8, such as half a character, become lone surrogates, from which a
        # reader can restore them.
        return _json(
            {"data": data.decode("utf-8", "surrogateescape"), "offset": size if offset == -1 else begin}, request
        )

    async def _download(self, request: web.Request) -> web.StreamResponse:
        files, path = self._asked(request)
        try:
            descriptor, sent, size = await pools.run(pools.READS, partial(files.copy_descriptor, path))
        except NotThere:
            return text_response("", 404)
        except PathNotAllowed as error:
            return text_response(f"{error}.\n", 400)
        except Busy as error:
            return text_response(f"{error}.\n", 503, {"Retry-After": "1"})
        try:
            name = path.rstrip("/").rpartition("/")[2]
            response = web.StreamResponse(
                headers={
                    "Content-Disposition": f"attachment; filename={_header_name(name)}",
                    "Content-Type": "application/octet-stream",
                    "Content-Length": str(size - sent),
                }
            )
            await response.prepare(request)
            while sent < size and request.method != "HEAD":
                chunk = await pools.run(pools.READS, partial(os.pread, descriptor, min(CHUNK, size - sent), sent))
                if not chunk:
                    break  # the file was cut while it was read; the client notices that less came than announced
                await response.write(chunk)
                sent += len(chunk)
            await response.write_eof()
            return response
        finally:
            os.close(descriptor)

    def _asked(self, request: web.Request) -> tuple[SandboxFiles, str]:
        if self.files is None:
            raise web.HTTPServiceUnavailable(text="Agent has not finished recovery")
        path = request.query.get("path", "")
        if not path:
            raise web.HTTPBadRequest(text="Expecting 'path=value' in query.\n")
        if self.viewer is not None:
            self.files.agent_id = self.viewer.core.agent.id
        return self.files, path


def _container_id(request: web.Request) -> str:
    container_id = request.query.get("container_id", "")
    if not container_id:
        raise web.HTTPBadRequest(text="Expecting 'container_id=value' in query.\n")
    return container_id


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise web.HTTPBadRequest(text=f"Failed to parse {name}: Failed to convert '{shown(text)}' to number.\n")
    if int(text) < -1:
        raise web.HTTPBadRequest(text=f"Negative {name} provided: {text}.\n")
    return int(text)


def _yes(request: web.Request, name: str) -> bool:
    text = request.query.get(name, "false")
    if text not in ("true", "false"):
        raise web.HTTPBadRequest(text=f"{name} must be true or false, not '{shown(text)}'.\n")
    return text == "true"


def _seconds(request: web.Request, name: str, most: float) -> float:
    text = request.query.get(name, "0secs")
    try:
        seconds = duration(text)
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"Failed to parse {name} '{shown(text)}': {error}.\n") from error
    if seconds > most:
        raise web.HTTPBadRequest(text=f"{name} may be {most:g} seconds at most, not '{shown(text)}'.\n")
    return seconds


def _header_name(name: str) -> str:
    return name if re.fullmatch(r"[\w.+@-]+", name, re.ASCII) else f'"{quote(name)}"'


def _json(value: Any, request: web.Request) -> web.Response:
    """ASCII JSON, or with ``?jsonp=`` a call of that function. No charset: clients compare the type as a whole."""
    return _encoded(json.dumps(value, separators=(",", ":")).encode("ascii"), request)


def _encoded(data: bytes, request: web.Request) -> web.Response:
    callback = request.query.get("jsonp")
    if callback is None:
        return web.Response(body=data, content_type="application/json")
    if not _CALLBACK.fullmatch(callback):
        raise web.HTTPBadRequest(text="jsonp must be the name of a function")
    return web.Response(body=b"%b(%b)" % (callback.encode(), data), content_type="text/javascript")
