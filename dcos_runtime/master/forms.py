"""Mesos' v0 pages that change something: their methods, refusals, and the forms that operators post to them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from urllib.parse import unquote_to_bytes

from aiohttp import web

from dcos_runtime import bodies, tls, urls
from dcos_runtime.daemon import not_allowed, text_response
from dcos_runtime.operating import NotPossible

LARGEST = 1 << 20
"""Bytes of a form: a thousand resources, with what is escaped in them."""
_LONGEST_SHOWN = 100


Page = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""Raises `NotPossible`, `bodies.BodyRefused`."""


async def answer(request: web.Request, pages: dict[str, Page]) -> web.StreamResponse:
    """The answer of the page for the request's method, or its refusal. What is not GET is not done for other sites."""
    page = pages.get(request.method)
    if page is None:
        return not_allowed(request, *pages)
    try:
        if request.method != "GET":
            _refuse_other_sites(request)
        return await page(request)
    except NotPossible as error:
        return text_response(error.text, error.status)
    except bodies.BodyRefused as refusal:
        return text_response(refusal.text, refusal.status, refusal.headers)


async def posted(request: web.Request, largest: int = LARGEST) -> dict[str, str]:
    """The form that a client posts. Raises `NotPossible`, `bodies.BodyRefused`."""
    try:
        return parse(await bodies.read(request, largest))
    except ValueError as error:
        raise NotPossible(400, f"Unable to decode query string: {error}") from error


def wanted(form: dict[str, str], name: str) -> str:
    """The value of this name. Raises `NotPossible`."""
    if name not in form:
        raise NotPossible(400, f"Missing '{name}' query parameter in the request body")
    return form[name]


def _refuse_other_sites(request: web.Request) -> None:
    """A browser also sends bodies of other sites, with the Basic credentials that its user once gave here. Raises
    `NotPossible`.
    """
    if not tls.is_tls(request) and _of_another_site(request):
        raise NotPossible(403, "Another site's page sends this; nothing is changed on its behalf")


def parse(data: bytes) -> dict[str, str]:
    """Reads a form as Mesos does: its content type is ignored, and the last of several values counts. Raises
    ``ValueError`` for a ``%`` without two hexadecimal digits.
    """
    form = {}
    for part in re.split(rb"[;&]+", data):
        name, _, value = part.partition(b"=")
        if part:
            form[_decoded(name)] = _decoded(value)
    return form


def _decoded(text: bytes) -> str:
    if (wrong := re.search(rb"%(?![0-9A-Fa-f]{2})", text)) is not None:
        shown = text[:_LONGEST_SHOWN].decode("ascii", "backslashreplace")
        escape = text[wrong.start() : wrong.start() + 3].decode("ascii", "backslashreplace")
        raise ValueError(f"Malformed % escape in '{shown}': '{escape}'")
    return unquote_to_bytes(text.replace(b"+", b" ")).decode("utf-8", "replace")


def _of_another_site(request: web.Request) -> bool:
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "none")
    if site not in ("none", "same-origin"):
        return True
    if origin is None:
        return False
    try:
        return urls.parse(origin).netloc.lower() != request.headers.get("Host", "").lower()
    except ValueError:
        return True
