"""Calls as clients send them: their content types, and what is wrong with one, in Mesos' words. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar, get_origin

from dcos_runtime.wire import codec, protobuf

JSON = codec.CONTENT_TYPE
PROTOBUF = protobuf.CONTENT_TYPE
RECORDIO = "application/recordio"

AT_ONCE = 64 << 10
"""Bytes of a body that are decoded in the event loop. What is longer is decoded in a thread: where that is done by
Python code (protobuf, values of other types) the loop goes on meanwhile.
"""

T = TypeVar("T")

_KINDS = {"str": "string", "int": "number", "float": "number", "bool": "boolean", "array": "array", "object": "object"}


def content_type(header: str) -> str:
    """Without parameters, in lower case. Unlike in Mesos, case and a charset do not matter."""
    return header.partition(";")[0].strip().lower()


def accepted(header: str | None, offered: Sequence[str] = (JSON, PROTOBUF)) -> str | None:
    """The first of ``offered`` that a header ``Accept`` allows; None when it allows none of them."""
    return next((kind for kind in offered if _accepts(header, kind)), None)


def _accepts(accept: str | None, wanted: str) -> bool:
    if accept is None:
        return True
    for item in accept.split(","):
        kind, *parameters = (part.strip().lower() for part in item.split(";"))
        if kind in ("*/*", "application/*", wanted) and not any(re.fullmatch(r"q=0(\.0*)?", p) for p in parameters):
            return True
    return False


def decode(data: bytes, kind: type[T], content_type: str = JSON) -> T:
    """A call of ``kind``. Raises `codec.DecodeError` with Mesos' text, as far as it is known."""
    if content_type == PROTOBUF:
        try:
            return protobuf.decode(data, kind)
        except codec.DecodeError as error:
            raise codec.DecodeError("Failed to parse body into Call protobuf") from error
    try:
        return codec.decode(data, kind)
    except codec.DecodeError as error:
        raise codec.DecodeError(_in_original_words(str(error))) from error


class NoDocument(codec.DecodeError):
    """It is not JSON, or not of the wanted type: a list, or an object."""


def decode_plain(data: bytes, kind: type[T]) -> T:
    """A list of messages, or a message that is no call, in JSON. Raises `codec.DecodeError` with the reason in Mesos'
    words, as far as it is known; `NoDocument` where Mesos does not look at any field.
    """
    opening = b"[" if get_origin(kind) is list else b"{"
    try:
        if not data.lstrip().startswith(opening):
            codec.decode(data, object)
            raise NoDocument("Unexpected JSON type parsed")
        return codec.decode(data, kind)
    except NoDocument:
        raise
    except codec.DecodeError as error:
        text = str(error)
        if text.startswith(_NO_JSON):
            raise NoDocument(_syntax_error(text.removeprefix(_NO_JSON), data)) from error
        raise codec.DecodeError(_reason(re.sub(r"at `\$\[[0-9.]+\]\.?", "at `$", text))) from error


_NO_JSON = "Failed to parse body into JSON: "
_LONGEST_NEAR = 200


def _syntax_error(reason: str, data: bytes) -> str:
    """With the line, and what is left of it."""
    found = re.search(r" \(byte ([0-9]+)\)$", reason)
    at = int(found[1]) if found else len(data)
    if "trailing characters" in reason:
        end = len(data[: at - 1].rstrip())
        return f"Parsed JSON included non-whitespace trailing characters: {_near(data[end:])}"
    line, near = data[:at].count(b"\n") + 1, _near(data[at:].split(b"\n")[0])
    return f"syntax error at line {line} near: {near}"


def _near(data: bytes) -> str:
    return data[:_LONGEST_NEAR].decode(errors="replace")


def _in_original_words(text: str) -> str:
    if text.startswith(_NO_JSON):
        return text.replace(": Input data was truncated", ": syntax error at line 1 near: ")
    return f"Failed to convert JSON into Call protobuf: {_reason(text)}"


def _reason(text: str) -> str:
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
    return text
