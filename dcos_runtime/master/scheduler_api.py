"""The scheduler API, `/api/v1/scheduler`: the checks of a call in the original's order, and the stream of events."""

from __future__ import annotations

import asyncio
import logging
import re
import uuid

from aiohttp import web

from dcos_runtime.daemon import text_response
from dcos_runtime.master import body
from dcos_runtime.master.core.state import HEARTBEAT_SECONDS
from dcos_runtime.master.leader import Leader
from dcos_runtime.master.validate import not_yours
from dcos_runtime.store.lease import NotLeading
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.common import FrameworkID
from dcos_runtime.wire.scheduler import Call, Event

log = logging.getLogger(__name__)

JSON = codec.CONTENT_TYPE
PROTOBUF = protobuf.CONTENT_TYPE

_ENCODERS = {JSON: codec.encode, PROTOBUF: protobuf.encode}
_HEARTBEAT = Event(type=Event.Type.HEARTBEAT)


async def handle(request: web.Request, leader: Leader, principal: str | None = None) -> web.StreamResponse:
    """One call, of ``principal`` if that is known. Refusals are ``text/plain``; what is taken is 202 without a body."""
    if request.method != "POST":
        text = f"405 Method Not Allowed. Expecting one of {{ 'POST' }}, but received '{request.method}'."
        return text_response(text, 405, {"Allow": "POST"})
    if "Content-Type" not in request.headers:
        return text_response("Expecting 'Content-Type' to be present", 400)
    kind = _content_type(request)
    if kind is None:
        return text_response(f"Expecting 'Content-Type' of {JSON} or {PROTOBUF}", 415)
    try:
        call = await _call(await body.read(request), kind)
    except body.Refused as refusal:
        return text_response(refusal.text, refusal.status)
    except codec.DecodeError as error:
        return text_response(str(error), 400)
    if error_text := validate(call, principal):
        return text_response(f"Failed to validate scheduler::Call: {error_text}", 400)
    stream_id = request.headers.get("Mesos-Stream-Id")
    if call.type is Call.Type.SUBSCRIBE and call.subscribe is not None:
        answer_kind = accepted(request.headers.get("Accept"))
        if answer_kind is None:
            return text_response(f"Expecting 'Accept' to allow '{PROTOBUF}' or '{JSON}'", 406)
        if stream_id is not None:
            return text_response("Subscribe calls should not include the 'Mesos-Stream-Id' header", 400)
        return await _subscribe(request, leader, call.subscribe, principal, answer_kind)
    try:
        answer = await leader.do(lambda core, now: core.call(call, stream_id, now, principal))
    except NotLeading:
        raise
    except Exception:
        log.exception("a %s call of framework %s failed", call.type, call.framework_id)
        return text_response("The call could not be handled; the master's log says why", 500)
    if answer.text:
        return text_response(answer.text, answer.status)
    return web.Response(status=answer.status)


def _content_type(request: web.Request) -> str | None:
    """What the body is, if it can be read. More lenient than the original: case and a charset do not matter."""
    kind = request.headers["Content-Type"].partition(";")[0].strip().lower()
    return kind if kind in _ENCODERS else None


def accepted(accept: str | None) -> str | None:
    """The content type of the events: JSON, unless only protobuf is accepted; None when neither is."""
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
    request: web.Request, leader: Leader, call: Call.Subscribe, principal: str | None, kind: str
) -> web.StreamResponse:
    stream_id = str(uuid.uuid4())
    encode = _ENCODERS[kind]
    if kind == PROTOBUF:
        await _load_codecs()
    stream = leader.streams.open(f"framework {call.framework_info.name!r} at {request.remote}", encode)
    response = web.StreamResponse(headers={"Content-Type": kind, "Mesos-Stream-Id": stream_id})
    response.enable_chunked_encoding()
    try:
        try:
            error = await leader.do(
                lambda core, now: core.subscribe(call, stream.number, stream_id, now, principal, kind)
            )
        except NotLeading:
            raise
        except Exception:
            log.exception("a SUBSCRIBE call of framework %r failed", call.framework_info.name)
            return text_response("The call could not be handled; the master's log says why", 500)
        framework_id = call.framework_info.id.value if call.framework_info.id else ""
        if error is not None:
            log.info(
                "refused framework %r (%r): %s",
                call.framework_info.name,
                framework_id,
                error.encode("ascii", "backslashreplace").decode(),
            )
        else:
            log.info("framework %r (%r) subscribed from %s", call.framework_info.name, framework_id, request.remote)
        await stream.write(request, response, encode(_HEARTBEAT), HEARTBEAT_SECONDS)
        return response
    finally:
        leader.streams.forget(stream)
        leader.note(lambda core, now: core.subscriber_gone(stream.number, now))


# --- calls -----------------------------------------------------------------------------------------------------------


async def _call(data: bytes, kind: str) -> Call:
    """Raises `codec.DecodeError` with the original's words."""
    if kind == JSON:
        return decode(data)
    await _load_codecs()
    try:
        return protobuf.decode(data, Call)
    except codec.DecodeError as error:
        raise codec.DecodeError("Failed to parse body into Call protobuf") from error


async def _load_codecs() -> None:
    """With the first client that speaks protobuf, and not in the event loop: the kernel must not be held up."""
    if not protobuf.loaded(Call):
        await asyncio.to_thread(protobuf.load, Call)


def decode(data: bytes) -> Call:
    """Raises `codec.DecodeError` with the original's words, as far as they can be known."""
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
        full = re.sub(r"\[\.\.\.\]|\[\d+\]", "", f"{where}.{missing[1]}" if where else missing[1])
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


_PARTS = {
    Call.Type.ACCEPT: "accept",
    Call.Type.DECLINE: "decline",
    Call.Type.ACCEPT_INVERSE_OFFERS: "accept_inverse_offers",
    Call.Type.DECLINE_INVERSE_OFFERS: "decline_inverse_offers",
    Call.Type.KILL: "kill",
    Call.Type.SHUTDOWN: "shutdown",
    Call.Type.ACKNOWLEDGE: "acknowledge",
    Call.Type.ACKNOWLEDGE_OPERATION_STATUS: "acknowledge_operation_status",
    Call.Type.RECONCILE: "reconcile",
    Call.Type.RECONCILE_OPERATIONS: "reconcile_operations",
    Call.Type.MESSAGE: "message",
    Call.Type.REQUEST: "request",
    Call.Type.UPDATE_FRAMEWORK: "update_framework",
}


def validate(call: Call, principal: str | None = None) -> str | None:
    """Why the call is not taken: it is not whole, or speaks for another than ``principal``."""
    if call.type is None:
        return "Expecting 'type' to be present"
    if call.type is Call.Type.SUBSCRIBE:
        if call.subscribe is None:
            return "Expecting 'subscribe' to be present"
        if not _same_id(call.framework_id, call.subscribe.framework_info.id):
            return "'framework_id' differs from 'subscribe.framework_info.id'"
        return not_yours(principal, call.subscribe.framework_info)
    if call.framework_id is None:
        return "Expecting 'framework_id' to be present"
    part = _PARTS.get(call.type)
    if part is not None and getattr(call, part) is None:
        return f"Expecting '{part}' to be present"
    for acknowledged in (call.acknowledge, call.acknowledge_operation_status):
        if acknowledged is not None and len(acknowledged.uuid) != 16:
            return "Not a valid UUID"
    if call.acknowledge_operation_status is not None and call.acknowledge_operation_status.agent_id is None:
        return "Expecting 'agent_id' to be present"
    if call.update_framework is not None and not _same_id(call.framework_id, call.update_framework.framework_info.id):
        return "'framework_id' differs from 'update_framework.framework_info.id'"
    return None


def _same_id(one: FrameworkID | None, other: FrameworkID | None) -> bool:
    return (one.value if one else "") == (other.value if other else "")
