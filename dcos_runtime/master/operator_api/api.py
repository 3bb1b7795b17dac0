"""`/api/v1` of a master: the checks of a call in Mesos' order, and its answer."""

from __future__ import annotations

import asyncio

from aiohttp import web

from dcos_runtime import bodies, call_bodies
from dcos_runtime.call_bodies import JSON, PROTOBUF
from dcos_runtime.daemon import not_allowed, text_response
from dcos_runtime.master.answering import body_response
from dcos_runtime.master.core.acls import FORBIDDEN
from dcos_runtime.master.operator_api.asked import OperatorCall
from dcos_runtime.master.operator_api.large import LargeMessage, pieces
from dcos_runtime.master.operator_api.stream import subscribe
from dcos_runtime.master.operator_api.table import BARE, CALLS, NEEDED
from dcos_runtime.master.position import MasterPosition
from dcos_runtime.operating import ENCODERS, NotPossible, part_of
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.limits import MAX_CALL
from dcos_runtime.wire.master import Call, Response


async def handle(request: web.Request, position: MasterPosition, principal: str | None) -> web.StreamResponse:
    """Answers one call of ``principal``, if that is known. Refusals are ``text/plain``."""
    if request.method != "POST":
        return not_allowed(request, "POST")
    try:
        return await _handle(request, position, principal)
    except NotPossible as error:
        return text_response(error.text, error.status)
    except codec.DecodeError as error:
        return text_response(str(error), 400)
    except bodies.BodyRefused as refusal:
        return text_response(refusal.text, refusal.status, refusal.headers)


async def _handle(request: web.Request, position: MasterPosition, principal: str | None) -> web.StreamResponse:
    if "Content-Type" not in request.headers:
        raise NotPossible(400, "Expecting 'Content-Type' to be present")
    kind = call_bodies.content_type(request.headers["Content-Type"])
    if kind not in ENCODERS:
        raise NotPossible(415, f"Expecting 'Content-Type' of {JSON} or {PROTOBUF}")
    data = await bodies.read(request, MAX_CALL)
    accept = call_bodies.accepted(request.headers.get("Accept"))
    if PROTOBUF in (kind, accept) and not (protobuf.loaded(Call) and protobuf.loaded(Response)):
        await asyncio.to_thread(protobuf.load, Call)
    call = await _decoded(data, kind)
    part = part_of(call, "master", BARE)
    if accept is None:
        raise NotPossible(406, f"Expecting 'Accept' to allow '{PROTOBUF}' or '{JSON}'")
    assert call.type is not None
    if not position.permits(principal, NEEDED.get(call.type, ())):
        status, text = FORBIDDEN
        raise NotPossible(status, text)
    asked = OperatorCall(call, part, position, principal, request.remote or "?")
    if call.type is Call.Type.SUBSCRIBE:
        return await subscribe(request, asked, accept)
    answer = await CALLS[call.type](asked)
    if isinstance(answer, int):
        return web.Response(status=answer)
    if isinstance(answer, LargeMessage):
        body = await position.shared(f"{call.type.value} {accept}", lambda: pieces(answer, accept))
    else:
        body = ENCODERS[accept](answer)
    return body_response(body, request, accept)


async def _decoded(data: bytes, kind: str) -> Call:
    """Raises `codec.DecodeError` with Mesos' text."""
    if len(data) <= call_bodies.AT_ONCE:
        return call_bodies.decode(data, Call, kind)
    return await asyncio.to_thread(call_bodies.decode, data, Call, kind)
