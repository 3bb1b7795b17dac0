"""How an API words the responses that every daemon with a leader gives. `Dialect` is Mesos' wording: plain text, few
headers. Another API overrides what differs.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

import aiohttp
from aiohttp import hdrs, web

from dcos_runtime.bodies import BodyRefused
from dcos_runtime.daemon import text_response
from dcos_runtime.store import StoreError
from dcos_runtime.wire.quoting import shown

if TYPE_CHECKING:
    from multidict import CIMultiDict

    from dcos_runtime.guard.guard import Denied
    from dcos_runtime.leading.position import Peer

log = logging.getLogger(__name__)

PASSED_ON = "X-Dcos-Passed-On"
"""A header of requests that a standby passes on. In a response, ``no`` says that the request was not handled, so the
present leader may be asked.
"""

SOON = {"Retry-After": "1"}
LONGEST_SHOWN = 300
"""The most characters of a path that a message shows."""
CONNECT_SECONDS = 3.0
"""How long a leader's machine may take to accept a connection."""


class Dialect:
    """The wording of responses; subclasses override what their API words differently."""

    daemon = "daemon"
    """The name of the process in its responses."""
    whole = False
    """True: a body that is not an event stream is read to its end before any of it is passed on, in both directions.
    False: they are passed on unbuffered, record by record.
    """
    largest = 16 * 1024 * 1024
    """The most bytes of a body that is read to its end first."""
    only_continue = False
    """Whether ``Expect`` with anything but ``100-continue`` is refused."""

    # --- words ---

    def error(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
        """An error response."""
        return text_response(text, status, headers)

    def denied(self, request: web.Request, denied: Denied) -> web.Response:
        return denied.response()

    def no_leader(self) -> web.Response:
        return self.error(503, "No leader elected")

    def no_further_leader(self, response: web.Response) -> web.Response:
        """There is no further leader to ask. ``response`` is that of the leader that was asked."""
        return self.error(503, "No leader elected; ask again")

    def recovering(self) -> web.Response:
        """This process is elected and does not lead yet."""
        return self.error(503, f"This {self.daemon} has not finished recovery")

    def starting(self) -> web.Response:
        return self.error(503, f"this {self.daemon} is still starting", SOON)

    def ending(self) -> web.Response:
        return self.error(503, f"this {self.daemon} is ending", SOON)

    def no_longer_leads(self, why: str) -> web.Response:
        return self.no_leader()

    def suspended(self, text: str) -> web.Response:
        return self.error(503, text, SOON)

    def failure(self, request: web.Request, error: Exception) -> web.Response:
        """The response to an error that a handler raised."""
        if isinstance(error, web.HTTPException):
            return self.error(error.status, f"{error.status} {error.reason}.")
        if isinstance(error, ConnectionError):
            return web.Response(status=400)  # the client is gone, and reads no response
        if isinstance(error, StoreError):
            return self.error(503, str(error), SOON)
        if isinstance(error, BodyRefused):
            return self.error(error.status, error.text, error.headers)
        log.error("%s %s failed", request.method, shown(request.path, LONGEST_SHOWN), exc_info=error)
        return self.error(500, f"The request could not be handled; the {self.daemon}'s log says why")

    def note(self, request: web.Request, principal: str | None, response: web.StreamResponse) -> None:
        """Called when this process has answered a request. A dialect may log it."""

    # --- passing on ---

    def redirect(self, request: web.Request, leading: Peer) -> web.Response:
        """The response of a listener that passes no request on."""
        return web.Response(status=307, headers={"Location": f"//{leading.address}{request.raw_path}"})

    def was_passed_on(self, request: web.Request) -> bool:
        return PASSED_ON in request.headers

    def instead(self, request: web.Request, leading: Peer) -> web.Response | None:
        """A response to give instead of passing the request on to ``leading``; None: pass it on. Here: no request is
        passed on twice.
        """
        return self.no_leader() if self.was_passed_on(request) else None

    def is_read(self, request: web.Request) -> bool:
        """Whether the request only reads: it may be sent again, to the same leader or another, even if it was
        handled.
        """
        return request.method in (hdrs.METH_GET, hdrs.METH_HEAD) and not request.body_exists

    def may_repeat(self, request: web.Request, sent: bool) -> bool:
        """Whether repeating the request does no harm after one attempt. ``sent``: that attempt may have reached the
        leader.
        """
        return self.is_read(request) or not sent

    def timeout(self, request: web.Request) -> aiohttp.ClientTimeout:
        """How long a standby waits for the leader. A request to a former leader is ended earlier."""
        return aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)

    def dress_request(self, request: web.Request, headers: CIMultiDict[str]) -> None:
        """Adds the headers that a standby adds to a request that it passes on."""

    def dress_response(self, headers: CIMultiDict[str], leading: Peer) -> None:
        """Adds the headers that a standby adds to the leader's response."""

    def cut(self, request: web.Request, response: web.StreamResponse) -> None:
        """Called when a response has begun and cannot be completed, so that half a response does not look like a whole
        one.
        """
        if request.transport is not None:
            request.transport.abort()
