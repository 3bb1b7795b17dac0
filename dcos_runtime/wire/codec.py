"""Mesos v1 messages to JSON bytes and back.

Written: ASCII on one line (clients slice decoded text by byte count), absent fields left out, doubles with a fraction,
doubles that are not finite as the strings ``"Infinity"``, ``"-Infinity"`` and ``"NaN"`` of protobuf's JSON.
Read: unknown fields ignored, ``null`` is absent, unknown enum values absent (`wire.base`), and what else Mesos takes
(`wire.leniency`): int64 as number or string, and so on, in messages of up to `MAX_LENIENT` bytes.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, TypeVar

import msgspec

from dcos_runtime.wire.leniency import lenient

CONTENT_TYPE = "application/json"

MAX_LENIENT = 4 << 20
"""Bytes of a message in which values may be of other types than their fields, from any sender: twice the largest
TaskInfo. To read such values takes up to 0.16 s a megabyte, ten times as long as others, and a daemon serves nobody
meanwhile.
"""

T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")
_NULL = re.compile(rb"[:\[,]null[,\]}]")
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_LONGEST_REASON = 500
_HALF_PAIR = re.compile(rb"(?<!\\)(?:\\\\)*(\\u[dD][89abAB][0-9a-fA-F]{2})(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})")
_AFTER_HALF = re.compile(
    r"JSON is malformed: unexpected end of (?:hex escape|escaped utf-16 surrogate pair) \(byte ([0-9]+)\)"
)
_CUT_OFF = re.compile(rb"(?:\\(?:u(?:[dD](?:[c-fC-F][0-9a-fA-F]?)?)?)?)?")
_LOOKED_THROUGH = 1 << 20
"""Bytes of a body in which the cause is looked for: some 0.2 s of time."""


class DecodeError(ValueError):
    """The bytes are not JSON, or not a message of the wanted type. The text says where and why."""


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match.group())[1:-1]


def encode(message: Any) -> bytes:
    """The message as one line of ASCII JSON."""
    data = _encoder.encode(message)
    if b"null" in data and _NULL.search(data):  # how the encoder writes infinity: nobody could read it again
        data = _encoder.encode(_spelled(message))
    if data.isascii():
        return data
    return _NON_ASCII.sub(_escape, data.decode()).encode("ascii")


def text(value: str) -> bytes:
    """What `encode` writes of a text, sooner where nothing in it is to be escaped."""
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return b'"%b"' % value.encode()
    return encode(value)


def _spelled(value: Any) -> Any:
    """A copy in which doubles that are not finite are spelled out; what holds none comes back as it is."""
    if isinstance(value, float):
        return (
            value if math.isfinite(value) else "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        )
    if isinstance(value, dict):
        return {key: _spelled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(item) for item in value]
    if isinstance(value, msgspec.Struct):
        given = {name: getattr(value, name) for name in value.__struct_fields__}
        changed = {name: new for name, old in given.items() if (new := _spelled(old)) is not old}
        return msgspec.structs.replace(value, **changed) if changed else value
    return value


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    return decoder


def decode(data: bytes | bytearray | memoryview, kind: type[T], *, strict: bool = False) -> T:
    """A message of ``kind`` from JSON bytes. Raises `DecodeError`.

    ``strict``: this is a part of a message that is longer than `MAX_LENIENT`.
    """
    try:
        whole = bytes(data)
        if not whole.isascii():
            whole.decode()  # the decoder skips what it does not look at, and that may be kept as it came (``Raw``)
        message: T = _decoder(kind).decode(data)
        return message
    except msgspec.ValidationError as error:
        return _decode_slowly(data, kind, error, strict or len(data) > MAX_LENIENT)
    except _NO_JSON as error:
        raise _no_json(error, data) from error


def _decode_slowly(data: bytes | bytearray | memoryview, kind: type[T], first: Exception, strict: bool) -> T:
    """What the decoder cannot tell, for it stops at the first value that does not fit.

    What is no JSON further on is refused as that; what Mesos would take is taken.
    """
    try:
        plain = msgspec.json.decode(data, type=msgspec.Raw if strict else Any)
    except _NO_JSON as error:
        raise _no_json(error, data) from error
    if strict:
        of_types = f"in a body of more than {MAX_LENIENT} bytes each value has to be of its field's type: "
        raise DecodeError((of_types if str(first).startswith("Expected") else "") + _short(first)) from first
    try:
        return msgspec.convert(lenient(plain, kind), kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DecodeError(_short(error)) from first


def _no_json(error: Exception, data: bytes | bytearray | memoryview) -> DecodeError:
    return DecodeError(f"Failed to parse body into JSON: {why_no_json(error, data)}")


def why_no_json(error: Exception, data: bytes | bytearray | memoryview) -> str:
    """What is wrong with ``data``, of which the parser raised ``error``: in its words, unless those mislead.

    Half of a surrogate pair (``\\ud800``) with no escape behind it is to the parser as if the text, or the escape, had
    ended there.
    """
    if isinstance(error, RecursionError):
        return "nested too deeply"
    text = _short(error)
    if (after := _AFTER_HALF.fullmatch(text)) is not None:
        end = int(after[1])
        return _half(bytes(data[end - 6 : end]), end - 6)
    if text != "Input data was truncated":
        return text
    looked_through = bytes(data[:_LOOKED_THROUGH])
    half = _HALF_PAIR.search(looked_through)
    if half is None or _CUT_OFF.fullmatch(looked_through, half.end()):
        return text if len(data) <= _LOOKED_THROUGH else f"{text}, or holds half of a surrogate pair"
    return _half(half[1], half.start(1))


def _half(escape: bytes, at: int) -> str:
    return f"JSON is malformed: {escape.decode()} (byte {at}) is half of a surrogate pair, and no character"


def _short(error: Exception) -> str:
    """What a parser says may quote what it read, which may be megabytes."""
    text = str(error)
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"
