"""The scheduler API, `/api/v1/scheduler`: the checks of a call in Mesos' order, and the stream of events."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from dcos_runtime import bodies, call_bodies
from dcos_runtime.call_bodies import JSON, PROTOBUF
from dcos_runtime.core.frozen import Reply
from dcos_runtime.daemon import not_allowed, text_response
from dcos_runtime.master.core.events import Called, Subscribe, SubscriberGone
from dcos_runtime.master.core.state import HEARTBEAT_SECONDS
from dcos_runtime.master.shell import MasterShell
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.limits import MAX_CALL
from dcos_runtime.wire.scheduler import Call, Event

_beside = ThreadPoolExecutor(1, "decode")
"""One after the other: the loop would have to wait for each of several threads in turn."""
_ENCODERS = {JSON: codec.encode, PROTOBUF: protobuf.encode}
_HEARTBEAT = Event(type=Event.Type.HEARTBEAT)


async def handle(request: web.Request, shell: MasterShell, principal: str | None = None) -> web.StreamResponse:
    """Handles one call, of ``principal`` if that is known. Refusals are ``text/plain``; an accepted call gets 202
    without a body.
    """
    if request.method != "POST":
        return not_allowed(request, "POST")
    if "Content-Type" not in request.headers:
        return text_response("Expecting 'Content-Type' to be present", 400)
    kind = _content_type(request)
    if kind is None:
        return text_response(f"Expecting 'Content-Type' of {JSON} or {PROTOBUF}", 415)
    try:
        call = await _call(await bodies.read(request, MAX_CALL), kind)
    except bodies.BodyRefused as refusal:
        return text_response(refusal.text, refusal.status, refusal.headers)
    except codec.DecodeError as error:
        return text_response(str(error), 400)
    stream_id = _header(request, "Mesos-Stream-Id")
    if call.type is Call.Type.SUBSCRIBE:
        return await _subscribe(request, shell, call, principal, stream_id)
    return answered(await shell.ask(lambda number: Called(number, call, stream_id, principal)))


def _header(request: web.Request, name: str) -> str | None:
    """The text with bytes that are not UTF-8 escaped: error messages quote it."""
    value = request.headers.get(name)
    return None if value is None else value.encode("utf-8", "backslashreplace").decode()


def answered(reply: Reply) -> web.Response:
    """A response, with a body only if there is a text."""
    if not reply.body:
        return web.Response(status=reply.status)
    charset = "utf-8" if reply.content_type == "text/plain" else None
    return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type, charset=charset)


def _content_type(request: web.Request) -> str | None:
    """The body's content type, if it is supported."""
    kind = call_bodies.content_type(request.headers["Content-Type"])
    return kind if kind in _ENCODERS else None


async def _subscribe(
    request: web.Request, shell: MasterShell, call: Call, principal: str | None, came_with: str | None
) -> web.StreamResponse:
    stream_id = str(uuid.uuid4())
    kind = call_bodies.accepted(request.headers.get("Accept"))
    encode = _ENCODERS[kind or JSON]
    if kind == PROTOBUF:
        await _load_codecs()
    name = call.subscribe.framework_info.name if call.subscribe is not None else ""
    stream = shell.streams.open(f"framework {name!r} at {request.remote}", encode)
    try:
        reply = await shell.ask(
            lambda number: Subscribe(
                number, stream.number, stream_id, call, principal, request.remote or "", kind or "", came_with
            )
        )
        if reply.status != 200:
            return answered(reply)
        response = web.StreamResponse(headers={"Content-Type": kind or JSON, "Mesos-Stream-Id": stream_id})
        response.enable_chunked_encoding()
        await stream.write(request, response, encode(_HEARTBEAT), HEARTBEAT_SECONDS)
        return response
    finally:
        shell.streams.forget(stream)
        shell.feed(SubscriberGone(stream.number))


# --- calls -----------------------------------------------------------------------------------------------------------


async def _call(data: bytes, kind: str) -> Call:
    """Raises `codec.DecodeError` with Mesos' text."""
    if kind == PROTOBUF:
        await _load_codecs()
    if len(data) <= call_bodies.AT_ONCE:
        return decode(data, kind)
    return await asyncio.get_running_loop().run_in_executor(_beside, decode, data, kind)


async def _load_codecs() -> None:
    """Loads the codecs for the first client that speaks protobuf, outside of the event loop, which must not be
    blocked.
    """
    if not protobuf.loaded(Call):
        await asyncio.to_thread(protobuf.load, Call)


def decode(data: bytes, kind: str = JSON) -> Call:
    """Raises `codec.DecodeError` with Mesos' text, as far as it is known."""
    return call_bodies.decode(data, Call, kind)
