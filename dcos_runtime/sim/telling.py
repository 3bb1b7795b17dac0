"""Events, effects and messages as lines for people: sender, receiver and content."""

from __future__ import annotations

from typing import Any

import msgspec

from dcos_runtime.agent.core.effects import SendUp
from dcos_runtime.core.frozen import Persist
from dcos_runtime.wire import internal
from dcos_runtime.wire.scheduler import Call, Event
from dcos_runtime.wire.tasks import TaskStatus

WIDTH = 200


def short(value: Any) -> str:
    text = _short(value)
    return text if len(text) <= WIDTH else f"{text[:WIDTH]}…"


def _short(value: Any) -> str:
    name = type(value).__name__
    if isinstance(getattr(value, "data", None), bytes):
        return f"{name} {_json(value.data)}"
    match value:
        case Persist():
            keys = ", ".join(f"{key}{' gone' if data is None else ''}" for key, data in value.changes)
            return f"{name} {value.id}: {keys}"
        case SendUp():
            return f"{name} {_short(value.message)}"
        case internal.Update():
            return f"{name} {value.seq} {_status(value.status)} (latest {value.latest_state.value})"
        case TaskStatus():
            return _status(value)
        case Event():
            return _event(value)
        case Call():
            return _call(value)
        case list() | tuple():
            return ", ".join(_short(one) for one in value)
    if hasattr(value, "event") and isinstance(value.event, Event):
        return f"{name} {_event(value.event)}"
    if hasattr(value, "call") and isinstance(value.call, Call):
        return f"{name} {_call(value.call)}"
    if isinstance(value, msgspec.Struct):
        fields = ", ".join(
            f"{field}={_field(getattr(value, field))}" for field in value.__struct_fields__ if getattr(value, field)
        )
        return f"{name}({fields})"
    return repr(value)


def _field(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, list | tuple) and len(value) > 4:
        return f"{len(value)} items"
    return repr(value)


def _status(status: TaskStatus) -> str:
    reason = f" {status.reason.value}" if status.reason is not None else ""
    return f"{status.task_id.value} {status.state.value}{reason}"


def _event(event: Event) -> str:
    kind = event.type.value if event.type is not None else "?"
    if event.update is not None:
        return f"{kind} {_status(event.update.status)}"
    if event.offers is not None:
        return f"{kind} {', '.join(one.id.value for one in event.offers.offers)}"
    return kind


def _call(call: Call) -> str:
    kind = call.type.value if call.type is not None else "?"
    if call.accept is not None:
        tasks = [
            info.task_id.value
            for operation in call.accept.operations
            if operation.launch is not None
            for info in operation.launch.task_infos
        ]
        return f"{kind} {', '.join(one.value for one in call.accept.offer_ids)} for {', '.join(tasks)}"
    if call.acknowledge is not None:
        return f"{kind} {call.acknowledge.task_id.value}"
    if call.kill is not None:
        return f"{kind} {call.kill.task_id.value}"
    return kind


def _json(data: bytes) -> str:
    try:
        document = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return f"{len(data)} bytes"
    if not isinstance(document, dict):
        return f"{len(data)} bytes"
    kind = document.get("type", "")
    if kind == "OFFERS":
        return f"{kind} {', '.join(one['id']['value'] for one in document['offers']['offers'])}"
    task = document.get("task_id") or (document.get("task") or {}).get("task_id") or {}
    sequence = f" {document['seq']}" if "seq" in document else ""
    return f"{kind}{sequence} {task.get('value', '')}".rstrip()
