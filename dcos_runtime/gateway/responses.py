"""The responses of the gateway's own pages: JSON, and errors in DC/OS' form ``{"title", "description", "code"}``."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aiohttp import web

from dcos_runtime.wire import codec
from dcos_runtime.wire.quoting import bounded

CHALLENGE = "acsjwt"
"""What ``WWW-Authenticate`` says on a 401: clients look for exactly this word."""


class ErrorResponse(Exception):
    """The request is answered with this error. ``headers`` go with it."""

    def __init__(self, status: int, text: str, code: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = bounded(text)
        self.code = code
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """One line of ASCII, because it is also sent in a header."""
        said = {"title": HTTPStatus(self.status).phrase, "description": self.text}
        return codec.encode({**said, "code": self.code} if self.code else said)

    def response(self) -> web.Response:
        headers = dict(self.headers)
        if self.status == 401:
            headers["WWW-Authenticate"] = CHALLENGE
        if self.status == 503:
            headers.setdefault("Retry-After", "1")
        return web.Response(body=self.body(), status=self.status, headers=headers, content_type="application/json")


def unauthorized(text: str, code: str = "") -> ErrorResponse:
    return ErrorResponse(401, text, code)


def json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """``headers`` may hold another ``Content-Type``."""
    kept = {"Cache-Control": "no-store", "Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return web.Response(body=codec.encode(value), status=status, headers=kept)
