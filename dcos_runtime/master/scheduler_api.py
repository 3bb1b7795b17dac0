"""The scheduler API, `/api/v1/scheduler`: the checks of a call in Mesos' order, and the stream of events."""

from __future__ import annotations

import asyncio
import re
import uuid
from concurrent.futures import ThreadPoolExecutor

from aiohttp import web

from dcos_runtime import bodies
from dcos_runtime.core.frozen import Reply
from dcos_runtime.daemon import not_allowed, text_response
from dcos_runtime.master.core.events import Called, Subscribe, SubscriberGone
from dcos_runtime.master.core.state import HEARTBEAT_SECONDS
from dcos_runtime.master.shell import MasterShell
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.limits import MAX_CALL
from dcos_runtime.wire.scheduler import Call, Event

_AT_ONCE = 64 << 10
"""Bytes of a body that are decoded in the event loop. What is longer is decoded in a thread: where that is done by
Python code (protobuf, values of other types) the loop goes on meanwhile.
"""
_beside = ThreadPoolExecutor(1, "decode")
"""One after the other: the loop would have to wait for each of several threads in turn."""
JSON = codec.CONTENT_TYPE
PROTOBUF = protobuf.CONTENT_TYPE

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
    """The body's content type, if it is supported. Unlike in Mesos, case and a charset do not matter."""
    kind = request.headers["Content-Type"].partition(";")[0].strip().lower()
    return kind if kind in _ENCODERS else None


def accepted(accept: str | None) -> str | None:
    """The content type of the events: JSON, unless only protobuf is accepted; None when neither of them is."""
    return next((kind for kind in (JSON, PROTOBUF) if _accepts(accept, kind)), None)


def _accepts(accept: str | None, wanted: str) -> bool:
    if accept is None:
        return True
    for item in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        if kind in ("*/*", "application/*", wanted) and not any(re.fullmatch(r"q=0(\.0*)?", p) for p in parameters):
            return True
    return False


async def _subscribe(
    request: web.Request, shell: MasterShell, call: Call, principal: str | None, came_with: str | None
) -> web.StreamResponse:
    stream_id = str(uuid.uuid4())
    kind = accepted(request.headers.get("Accept"))
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
    read = decode if kind == JSON else _decode_protobuf
    if len(data) <= _AT_ONCE:
        return read(data)
    return await asyncio.get_running_loop().run_in_executor(_beside, read, data)


def _decode_protobuf(data: bytes) -> Call:
    try:
        return protobuf.decode(data, Call)
    except codec.DecodeError as error:
        raise codec.DecodeError("Failed to parse body into Call protobuf") from error


async def _load_codecs() -> None:
    """Loads the codecs for the first client that speaks protobuf, outside of the event loop, which must not be
    blocked.
    """
    if not protobuf.loaded(Call):
        await asyncio.to_thread(protobuf.load, Call)


def decode(data: bytes) -> Call:
    """Raises `codec.DecodeError` with Mesos' text, as far as it is known."""
    try:
        return codec.decode(data, Call)
    except codec.DecodeError as error:
        raise codec.DecodeError(_in_original_words(str(error))) from error


_KINDS = {"str": "string", "int": "number", "float": "number", "bool": "boolean", "array": "array", "object": "object"}


def _in_original_words(text: str) -> str:
    if text.startswith("Failed to parse body into JSON"):
        return text.replace(": Input data was truncated", ": syntax error at line 1 near: ")
    path = re.search(r" - at `\$\.?(.*?)`$", text)
    where = path[1] if path else ""
    if missing := re.match(r"Object missing required field `(\w+)`", text):
        full = re.sub(r"\[\.\.\.\]|\[[0-9]+\]", "", f"{where}.{missing[1]}" if where else missing[1])
        text = f"Missing required fields: {full}"
    elif wrong := re.match(r"Expected `[^`]*`, got `(\w+)`", text):
        if not where:
            text = "Expecting a JSON object"
        else:
            kind = _KINDS.get(wrong[1], wrong[1])
            text = f"Not expecting a JSON {kind} for field '{where.rpartition('.')[2]}'"
    elif text.startswith("Invalid enum value") and where:
        text = f"Not expecting a JSON number for field '{where.rpartition('.')[2]}'"
    return f"Failed to convert JSON into Call protobuf: {text}"
