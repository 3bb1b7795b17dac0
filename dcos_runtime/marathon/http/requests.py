"""What the handlers of Marathon's API share: they read bodies and arguments, and answer in Marathon's form."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from dcos_runtime import bodies
from dcos_runtime.core.frozen import Reply
from dcos_runtime.daemon import json_response, text_response
from dcos_runtime.marathon.core.requests import JSON, BadRequest
from dcos_runtime.wire.quoting import bounded, shown

MAX_BODY = 16 * 1024 * 1024
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")


def answered(reply: Reply) -> web.Response:
    """The core's response to a client's request."""
    if reply.content_type != JSON:
        return failed()  # the runner's reply if the core raised
    if not reply.body:
        return web.Response(status=reply.status, headers=dict(reply.headers))
    return web.Response(body=reply.body, status=reply.status, content_type=JSON, headers=dict(reply.headers))


def failed() -> web.Response:
    return error(500, "an error in the init itself; its log has the details")


def error(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return json_response({"message": bounded(message)}, status, headers)


def pong(request: web.Request) -> web.Response:
    """The response to `/ping`: JSON for clients that prefer it, else text, as in Marathon."""
    return json_response("pong") if _prefers_json(request.headers.get("Accept", "")) else text_response("pong")


def _prefers_json(accept: str) -> bool:
    ranges = []
    for place, part in enumerate(accept.split(",")):
        kind, *parameters = (piece.strip().lower() for piece in part.split(";"))
        quality = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
        try:
            weight = float(quality)
        except ValueError:
            weight = 0.0
        if weight > 0:
            ranges.append((-weight, kind == "*/*", place, kind))
    for *_, kind in sorted(ranges):
        if kind in ("application/json", "application/*"):
            return True
        if kind == "*/*" or kind.startswith("text/"):
            return False
    return False


async def read_body(request: web.Request) -> bytes:
    """The body, which the core reads. Raises `BadRequest` for another content type than JSON, and `bodies.BodyRefused`
    when it cannot be read.
    """
    if request.headers.get("Content-Type") and request.content_type not in ("application/json", "text/json"):
        raise BadRequest(f"Content-Type must be application/json, not {shown(request.content_type)}", status=415)
    return await bodies.read(request, MAX_BODY)


def flag(request: web.Request, name: str, default: bool = False) -> bool:
    """A boolean in the query, in any form that clients write (``True``, ``true``, ``1``)."""
    text = request.query.get(name, "").lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if not text:
        return default
    raise BadRequest(f"the query parameter {name} must be true or false, not '{shown(text)}'")


def query_all(request: web.Request, name: str) -> list[str]:
    """Every value of ``name``: repeated, comma-separated, or with ``[]``."""
    values = [*request.query.getall(name, []), *request.query.getall(f"{name}[]", [])]
    return [part for value in values for part in value.split(",") if part]
