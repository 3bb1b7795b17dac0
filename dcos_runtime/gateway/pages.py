"""Requests on dcos-auth's socket: those of daemons, and those for pages that the gateway passes on to it.

``/internal/…`` is for this machine: its daemons, and root; ``/gateway`` is what nginx puts before the target of a
client's request, which follows as it was sent. Paths are compared as they are, with or without a slash at the end:
nothing is decoded. Pages check tokens themselves, and do not trust what the request says of its sender. So a process
that reaches the socket gains nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from dcos_runtime.gateway import responses, routing
from dcos_runtime.gateway.authorizer import Authorizer
from dcos_runtime.gateway.backends import NoAnswer
from dcos_runtime.gateway.responses import ErrorResponse
from dcos_runtime.guard.tokens import Claims, TokenRefused
from dcos_runtime.guard.users import UsersUnreachable
from dcos_runtime.wire.quoting import shown

_GATEWAY = "/gateway"
READ = ("GET", "HEAD")
_LONGEST_NAME = 2048


@dataclass(frozen=True)
class PageRequest:
    """One request for a page. ``caller`` is known unless the page is open to all."""

    request: web.BaseRequest
    path: str
    caller: Claims | None


Handler = Callable[[PageRequest], Awaitable[web.Response]]
InternalHandler = Callable[[web.BaseRequest], Awaitable[web.Response]]


@dataclass(frozen=True)
class Page:
    """The handlers of a path, by method. ``ends_token``: the page revokes the caller's own token."""

    methods: Mapping[str, Handler]
    open_to_all: bool = False
    ends_token: bool = False


@dataclass(frozen=True)
class PageTable:
    """``at``: pages by their full path. ``below``: pages by the prefix of their paths."""

    at: Mapping[str, Page]
    below: Mapping[str, Page]

    def find(self, path: str) -> Page | None:
        page = self.at.get(path)
        if page is None:
            page = next((page for start, page in self.below.items() if path.startswith(start)), None)
        return page

    def __or__(self, other: PageTable) -> PageTable:
        return PageTable({**self.at, **other.at}, {**self.below, **other.below})


class Pages:
    """``internal``: handlers for this machine, by method and path."""

    def __init__(
        self, authorizer: Authorizer, table: PageTable, internal: Mapping[tuple[str, str], InternalHandler]
    ) -> None:
        self._authorizer = authorizer
        self._table = table
        self._internal = internal

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        target = request.raw_path
        try:
            if (inside := self._internal.get((request.method, target))) is not None:
                return await inside(request)
            if target.startswith(_GATEWAY + "/"):
                return await self._page(request, target[len(_GATEWAY) :])
            raise ErrorResponse(404, "no such page")
        except ErrorResponse as error:
            return error.response()
        except TokenRefused as error:
            return responses.unauthorized(str(error), "ERR_INVALID_TOKEN").response()
        except UsersUnreachable as error:
            return ErrorResponse(503, str(error)).response()
        except NoAnswer as error:
            return ErrorResponse(502, str(error)).response()

    async def _page(self, request: web.BaseRequest, target: str) -> web.Response:
        path = routing.plain(target).partition("?")[0]
        # One slash at the end of a page's path is ignored. A second one would be an empty part, which no page has.
        path = path.removesuffix("/") or "/"
        page = self._table.find(path)
        open_to_all = page is not None and page.open_to_all
        caller = None if open_to_all else self._authorizer.caller(request.headers)
        if page is None:
            raise ErrorResponse(404, routing.no_page(path))
        handler = page.methods.get(request.method)
        if handler is None:
            allowed = ", ".join(sorted(page.methods))
            text = f"{shown(request.method, 20)} is not for this page; {allowed} is"
            raise ErrorResponse(405, text, headers={"Allow": allowed})
        response = await handler(PageRequest(request, path, caller))
        if caller is not None and request.method in READ and not page.ends_token:
            self._authorizer.still(caller)  # the page may have taken long: its reader may have been removed meanwhile
        return response


def read(handler: Handler, *, open_to_all: bool = False) -> Page:
    """A page that can only be read."""
    return Page(dict.fromkeys(READ, handler), open_to_all)


def json_of(value: Callable[[], object], content_type: str | None = None) -> Handler:
    async def handler(asked: PageRequest) -> web.Response:
        return responses.json(value(), headers={"Content-Type": content_type} if content_type else None)

    return handler


def awaited_json_of(value: Callable[[], Awaitable[Any]]) -> Handler:
    async def handler(asked: PageRequest) -> web.Response:
        return responses.json(await value())

    return handler


def one_name(path: str, start: str) -> str:
    """The decoded part of the path after ``start``. Raises `ErrorResponse` when it is empty or has a slash."""
    name = path[len(start) :]
    if not name or "/" in name or len(name) > _LONGEST_NAME:
        raise ErrorResponse(404, routing.no_page(path))
    return unquote(name)
