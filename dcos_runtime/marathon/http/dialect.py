"""How the init words the responses of every daemon with a leader: as Marathon does, in JSON, with its headers."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from dcos_runtime import tls
from dcos_runtime.bodies import BodyRefused
from dcos_runtime.daemon import json_response
from dcos_runtime.guard.guard import Denied
from dcos_runtime.leading.dialect import CONNECT_SECONDS, LONGEST_SHOWN, SOON, Dialect
from dcos_runtime.leading.position import Peer
from dcos_runtime.leading.routes import READS, normal_path
from dcos_runtime.marathon.core.requests import refusal
from dcos_runtime.marathon.http.requests import MAX_BODY, error, failed
from dcos_runtime.store import StoreError
from dcos_runtime.wire.quoting import shown

log = logging.getLogger(__name__)

LEADER, VIA = "X-Marathon-Leader", "X-Marathon-Via"
EVENTS = "/v2/events"
ANSWER_SECONDS = 60.0
SILENCE_SECONDS = 60.0
"""Seconds of silence after which an event stream counts as dead: the leader sends something every 15 s."""


class MarathonDialect(Dialect):
    """Marathon's wording of responses: JSON with a message."""

    daemon = "init"
    whole = True
    largest = MAX_BODY

    def __init__(self) -> None:
        self.address = ""
        """Our own ``host:port``, by which requests in a loop are noticed."""

    @property
    def _via(self) -> str:
        return f"1.1 {self.address}"

    # --- words ---

    def error(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
        return error(status, text, SOON | dict(headers or {}) if status == 503 else headers)

    def denied(self, request: web.Request, denied: Denied) -> web.Response:
        response = error(denied.status, denied.text, denied.headers)
        if request.can_read_body:
            response.force_close()  # the sender is unknown: the connection ends, so that the body need not be read
        return response

    def no_leader(self) -> web.Response:
        return self.error(503, "there is no leader at the moment; try again in some seconds")

    def no_further_leader(self, response: web.Response) -> web.Response:
        return response

    def recovering(self) -> web.Response:
        return self.no_leader()

    def no_longer_leads(self, why: str) -> web.Response:
        return self.error(503, why)

    def failure(self, request: web.Request, error: Exception) -> web.Response:
        if isinstance(error, StoreError):
            return self.error(503, str(error))
        if isinstance(error, web.HTTPException):
            raise error
        if isinstance(error, BodyRefused):
            return self.error(error.status, error.text, error.headers)
        if isinstance(error, ConnectionError):
            return web.Response(status=400)  # the client is gone, and reads no response
        refused = refusal(error)
        if refused is not None:
            return json_response(refused[1], refused[0])
        log.error("%s %s failed", request.method, shown(request.path, LONGEST_SHOWN), exc_info=error)
        return failed()

    def note(self, request: web.Request, principal: str | None, response: web.StreamResponse) -> None:
        if request.method not in READS:
            who = principal or request.remote
            path = shown(request.rel_url.raw_path, LONGEST_SHOWN)
            log.info("%s %s by %s: %d", shown(request.method, 20), path, who, response.status)

    # --- passing on ---

    def was_passed_on(self, request: web.Request) -> bool:
        return VIA in request.headers or super().was_passed_on(request)

    def instead(self, request: web.Request, leading: Peer) -> web.Response | None:
        """A request may pass several inits, as in Marathon, but none of them twice."""
        vias = request.headers.getall(VIA, [])
        if self._via in vias:
            return error(502, f"Detected proxying loop: {', '.join(vias)}")
        target = request.rel_url.raw_path_qs
        if self._reads_events(request) and not tls.is_tls(request) and target.startswith("/"):
            url = f"http://{leading.address}"
            return web.Response(status=302, headers={"Location": url + target, LEADER: url})
        return None

    def is_read(self, request: web.Request) -> bool:
        """Clients of event streams connect again by themselves."""
        return super().is_read(request) and normal_path(request.path) != EVENTS

    def may_repeat(self, request: web.Request, sent: bool) -> bool:
        return self.is_read(request)

    def timeout(self, request: web.Request) -> aiohttp.ClientTimeout:
        total = None if self._reads_events(request) else ANSWER_SECONDS
        return aiohttp.ClientTimeout(total=total, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS)

    def dress_request(self, request: web.Request, headers: CIMultiDict[str]) -> None:
        headers.add(VIA, self._via)

    def dress_response(self, headers: CIMultiDict[str], leading: Peer) -> None:
        headers[LEADER] = f"http://{leading.address}"
        headers.add(VIA, self._via)

    def cut(self, request: web.Request, response: web.StreamResponse) -> None:
        """Only event streams begin before they are complete, and their clients reconnect by themselves."""
        response.force_close()

    @staticmethod
    def _reads_events(request: web.Request) -> bool:
        return request.method == "GET" and normal_path(request.path) == EVENTS
