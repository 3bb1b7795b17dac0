"""How Cosmos words the responses of every daemon with a leader: ``{"type", "message"}``, in its media type."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from dcos_runtime.bodies import BodyRefused
from dcos_runtime.cosmos.core import media
from dcos_runtime.cosmos.core.errors import CosmosError
from dcos_runtime.guard.guard import Denied
from dcos_runtime.leading.dialect import CONNECT_SECONDS, LONGEST_SHOWN, SOON, Dialect
from dcos_runtime.leading.routes import READS, normal_path
from dcos_runtime.store import StoreError
from dcos_runtime.wire.quoting import bounded, shown

log = logging.getLogger(__name__)

MAX_BODY = 16 * 1024 * 1024
ANSWER_SECONDS = 120.0
_ASKING = (
    *("/package/search", "/package/describe", "/package/list", "/package/list-versions", "/package/render"),
    *("/package/repository/list", "/service/describe", "/service/plan"),
)
"""POSTs that change nothing: a standby may send them again."""


def encoded(value: Any) -> bytes:
    """A response's body. What a package of a repository holds is shown as it is there."""
    try:
        return msgspec.json.encode(value)
    except (UnicodeEncodeError, OverflowError):  # halves of surrogate pairs and huge numbers, of packages and labels
        return json.dumps(value).encode()


def error_response(error: CosmosError) -> web.Response:
    body = error.body()
    body["message"] = bounded(error.message)
    headers = {**error.headers, "Content-Type": str(media.ERROR)}
    return web.Response(body=encoded(body), status=error.status, headers=headers)


class CosmosDialect(Dialect):
    """Cosmos' wording of responses: JSON with a type and a message."""

    daemon = "package manager"
    largest = MAX_BODY

    def error(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> web.Response:
        kind = {404: "NotFound", 405: "MethodNotAllowed", 503: "ServiceUnavailable"}.get(status, "GenericHttpError")
        return error_response(
            CosmosError(kind, text, status=status, headers=SOON | dict(headers or {}) if status == 503 else headers)
        )

    def denied(self, request: web.Request, denied: Denied) -> web.Response:
        kind = {401: "Unauthorized", 403: "Forbidden"}.get(denied.status, "GenericHttpError")
        response = error_response(CosmosError(kind, denied.text, status=denied.status, headers=denied.headers))
        if request.can_read_body:
            response.force_close()  # the sender is unknown: the connection ends, so that the body need not be read
        return response

    def failure(self, request: web.Request, error: Exception) -> web.Response:
        if isinstance(error, CosmosError):
            return error_response(error)
        if isinstance(error, StoreError):
            return self.error(503, str(error))
        if isinstance(error, BodyRefused):
            return self.error(error.status, error.text, error.headers)
        if isinstance(error, web.HTTPException):
            raise error
        if isinstance(error, ConnectionError):
            return web.Response(status=400)
        log.error("%s %s failed", request.method, shown(request.path, LONGEST_SHOWN), exc_info=error)
        return self.error(500, "an error in the package manager itself; its log has the details")

    def note(self, request: web.Request, principal: str | None, response: web.StreamResponse) -> None:
        path = normal_path(request.path)
        if request.method not in READS and path not in _ASKING:
            log.info("POST %s by %s: %d", shown(path, LONGEST_SHOWN), principal or request.remote, response.status)

    def timeout(self, request: web.Request) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=ANSWER_SECONDS)
