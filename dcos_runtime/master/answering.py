"""Large answers, made and sent so that the kernel works in between."""

from __future__ import annotations

import re

from aiohttp import hdrs, web

from dcos_runtime.daemon import text_response
from dcos_runtime.wire import codec

_GZIP_FROM = 1024


def json_response(body: bytes, request: web.Request) -> web.Response:
    """The response to a read: as JSONP if requested, compressed if worthwhile."""
    callback = request.query.get("jsonp")
    if callback is None:
        return body_response(body, request, codec.CONTENT_TYPE)
    if not re.fullmatch(r"[A-Za-z_$][\w.$]*", callback, re.ASCII):
        return text_response("'jsonp' has to be the name of a function", 400)
    return body_response(b"%b(%b)" % (callback.encode(), body), request, "text/javascript")


def body_response(body: bytes, request: web.Request, kind: str) -> web.Response:
    """Compressed if worthwhile, and if the client takes that."""
    response = web.Response(body=body, content_type=kind)
    if len(body) >= _GZIP_FROM and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        response.enable_compression(web.ContentCoding.gzip)
    return response
