"""The table of the calls of a master's operator API in docs/kernel.md, from the code that answers them."""

from __future__ import annotations

import msgspec

from dcos_runtime.master.operator_api.table import BARE, CALLS
from dcos_runtime.wire.master import Call

HEAD = "| call to a master's `/api/v1` | fields, `?` optional | |"


def table() -> str:
    rows = [HEAD, "| --- | --- | --- |"]
    for kind in Call.Type:
        if kind is not Call.Type.UNKNOWN:
            rows.append(f"| {kind.value} | {_fields(kind)} | {_state(kind)} |")
    return "\n".join(rows) + "\n"


def _state(kind: Call.Type) -> str:
    if kind is Call.Type.SUBSCRIBE:
        return "done: a stream"
    assert kind in CALLS, f"nobody answers {kind.value}"
    return "done"


def _fields(kind: Call.Type) -> str:
    if kind in BARE:
        return ""
    name = kind.value.lower()
    (found,) = [field for field in msgspec.structs.fields(Call) if field.name == name]
    part = next(one for one in found.type.__args__ if one is not type(None))
    listed = [f"`{field.name}{'' if field.required else '?'}`" for field in msgspec.structs.fields(part)]
    return " ".join(listed)
