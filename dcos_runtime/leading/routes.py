"""The routes of a daemon, and how the route of a request is found.

A route is looked up first and names its realm, so that another spelling of a path cannot bypass the check of who
sends it.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from aiohttp import web

from dcos_runtime.guard.admission import Realm
from dcos_runtime.leading.dialect import LONGEST_SHOWN
from dcos_runtime.store.lease import HOLD_SECONDS
from dcos_runtime.wire.quoting import shown

Parts = Mapping[str, str]
"""The named parts of a path, by name."""
Handler = Callable[[web.Request, Parts], Awaitable[web.StreamResponse]]

READS = ("GET", "HEAD")


@dataclass(frozen=True)
class Route:
    """A handler with the realm of its requests."""

    handler: Handler
    realm: Realm
    path: str = ""
    """The path without a prefix, as an inventory names it to open it to anonymous readers."""
    everywhere: bool = False
    """Whether every process answers by itself, leader or standby."""
    hold: float = HOLD_SECONDS
    """For how many seconds a request waits while the leadership is suspended."""


class Router(Protocol):
    """Finds the route of a request."""

    def find(self, request: web.Request) -> tuple[Route, Parts]:
        """Always returns a route: an unknown path has one that answers 404."""
        ...


@dataclass(frozen=True)
class Pattern:
    """A route, and the method and paths that it is for."""

    method: str
    pattern: re.Pattern[str]
    route: Route


def route(
    method: str, pattern: str, handler: Handler, *, everywhere: bool = False, realm: Realm | None = None
) -> Pattern:
    """A `Pattern`. In its text ``{id}`` matches the rest of a path, with slashes, and ``{=name}`` one part.

    The realm of GET and HEAD is `READ`, that of all other methods `WRITE`, unless ``realm`` says otherwise.
    """
    regex = pattern.replace("{id}", "(?P<id>.+)")
    regex = re.sub(r"\{=(\w+)\}", r"(?P<\1>[^/]+)", regex)
    realm = realm or (Realm.READ if method in READS else Realm.WRITE)
    return Pattern(method, re.compile(regex), Route(handler, realm, everywhere=everywhere))


class Patterns:
    """A `Router` that takes the first pattern whose path and method match. A pattern for GET matches HEAD, too.

    ``error`` makes the 404 or 405 response.
    """

    def __init__(self, patterns: Sequence[Pattern], error: Callable[..., web.Response]) -> None:
        self._patterns = patterns
        self._error = error

    def find(self, request: web.Request) -> tuple[Route, Parts]:
        path = normal_path(request.path)
        allowed = set()
        for item in self._patterns:
            match = item.pattern.fullmatch(path)
            if match is None:
                continue
            if item.method == request.method or (item.method == "GET" and request.method == "HEAD"):
                return replace(item.route, path=path), match.groupdict()
            allowed.add(item.method)
        if allowed:
            listed = ", ".join(sorted(allowed))
            what = f"{shown(request.method, 20)} is not for {shown(path, LONGEST_SHOWN)}; {listed} is"
            response = self._error(405, what, {"Allow": listed})
        else:
            response = self._error(404, f"{shown(path, LONGEST_SHOWN)}: no such resource")
        return Route(_always(response), Realm.UNKNOWN, path), {}


def normal_path(path: str) -> str:
    """The path without doubled slashes and without a slash at its end."""
    return re.sub(r"/{2,}", "/", path).rstrip("/") or "/"


def _always(response: web.Response) -> Handler:
    async def answer(request: web.Request, parts: Parts) -> web.StreamResponse:
        return response

    return answer
