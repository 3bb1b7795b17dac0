"""Finds the handler of a request, and turns what handlers raise into the original's error answers.

Clients of the original write paths with doubled and trailing slashes and app ids with slashes inside: one catch-all
route with a table of patterns takes them all.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web
from aiohttp.http import HttpProcessingError

from dcos_runtime.core.frozen import Reply
from dcos_runtime.daemon import json_response, text_response
from dcos_runtime.marathon.core.requests import JSON, BadRequest, refusal
from dcos_runtime.store import StoreError

log = logging.getLogger(__name__)

MAX_BODY = 16 * 1024 * 1024
_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")


class NotReady(Exception):
    """This process cannot answer yet: 503."""


Handler = Callable[[web.Request, dict[str, str]], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    handler: Handler


def route(method: str, pattern: str, handler: Handler) -> Route:
    """``{id}`` takes the rest of a path with slashes, ``{=name}`` one part."""
    regex = pattern.replace("{id}", "(?P<id>.+)")
    regex = re.sub(r"\{=(\w+)\}", r"(?P<\1>[^/]+)", regex)
    return Route(method, re.compile(regex), handler)


class Dispatcher:
    """Tries routes in order: the first whose path matches and whose method does."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = tuple(routes)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = normal_path(request.path)
        allowed = set()
        for item in self._routes:
            match = item.pattern.fullmatch(path)
            if match is None:
                continue
            if item.method == request.method or (item.method == "GET" and request.method == "HEAD"):
                return await _answer(item.handler, request, match.groupdict())
            allowed.add(item.method)
        if allowed:
            listed = ", ".join(sorted(allowed))
            return error(405, f"{request.method} is not for {path}; {listed} is", headers={"Allow": listed})
        return error(404, f"{path}: no such resource; the API begins at /v2")


def normal_path(path: str) -> str:
    return re.sub(r"/{2,}", "/", path).rstrip("/") or "/"


async def _answer(handler: Handler, request: web.Request, parts: dict[str, str]) -> web.StreamResponse:
    try:
        return await handler(request, parts)
    except (NotReady, StoreError) as unready:
        return error(503, str(unready), headers={"Retry-After": "1"})
    except web.HTTPException:
        raise
    except Exception as refused:
        told = refusal(refused)
        if told is not None:
            return json_response(told[1], told[0])
        log.exception("%s %s failed", request.method, request.path)
        return _failed()


def answered(reply: Reply) -> web.Response:
    """The core's answer to what a client asked for."""
    if reply.content_type != JSON:
        return _failed()  # what the runner says of a core that raised
    if not reply.body:
        return web.Response(status=reply.status, headers=dict(reply.headers))
    return web.Response(body=reply.body, status=reply.status, content_type=JSON, headers=dict(reply.headers))


def _failed() -> web.Response:
    return error(500, "an error in the init itself; its log has the details")


def error(status: int, message: str, headers: Mapping[str, str] | None = None) -> web.Response:
    return json_response({"message": message}, status, headers)


def pong(request: web.Request) -> web.Response:
    """The answer to `/ping`: JSON for those who would rather have that, else text, as in the original."""
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
    """The body, which the core reads. Raises `BadRequest` when it cannot be had, or does not even claim to be JSON."""
    if request.headers.get("Content-Type") and request.content_type not in ("application/json", "text/json"):
        raise BadRequest(f"Content-Type must be application/json, not {request.content_type}", status=415)
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        raise BadRequest(f"the body is larger than {MAX_BODY} bytes", status=413) from None
    except (web.RequestPayloadError, HttpProcessingError) as fault:
        raise BadRequest(f"the body cannot be read: {fault}") from fault


def flag(request: web.Request, name: str, default: bool = False) -> bool:
    """A boolean of the query, in any of the forms that clients write (``True``, ``true``, ``1``)."""
    text = request.query.get(name, "").lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if not text:
        return default
    raise BadRequest(f"the query parameter {name} must be true or false, not {text!r}")


def query_all(request: web.Request, name: str) -> list[str]:
    """Every value of ``name``: repeated, comma-separated, or with ``[]``."""
    values = [*request.query.getall(name, []), *request.query.getall(f"{name}[]", [])]
    return [part for value in values for part in value.split(",") if part]
