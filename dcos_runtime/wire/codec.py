"""Mesos v1 messages to JSON bytes and back.

Written: ASCII on one line (clients slice decoded text by byte count), absent fields left out, doubles with a fraction.
Read: unknown fields ignored, ``null`` is absent, int64 as number or string, unknown enum values absent (`wire.base`).
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

_encoder = msgspec.json.Encoder()
_NON_ASCII = re.compile(r"[^\x00-\x7f]+")


class DecodeError(ValueError):
    """The bytes are not JSON, or not a message of the wanted type. The text says where and why."""


def _escape(match: re.Match[str]) -> str:
    return json.dumps(match.group())[1:-1]


def encode(message: Any) -> bytes:
    """The message as one line of ASCII JSON."""
    data = _encoder.encode(message)
    if data.isascii():
        return data
    return _NON_ASCII.sub(_escape, data.decode()).encode("ascii")


_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind, strict=False)
    return decoder


def decode(data: bytes | bytearray | memoryview, kind: type[T]) -> T:
    """A message of ``kind`` from JSON bytes. Raises `DecodeError`."""
    try:
        message: T = _decoder(kind).decode(data)
        return message
    except msgspec.ValidationError as error:
        return _decode_without_nulls(data, kind, error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DecodeError(f"Failed to parse body into JSON: {error}") from error


def _decode_without_nulls(data: bytes | bytearray | memoryview, kind: type[T], first: Exception) -> T:
    """The slow path: an explicit ``null`` where the field has another type means the field is absent."""
    if b"null" not in bytes(data):
        raise DecodeError(str(first)) from first
    try:
        return msgspec.convert(_strip_nulls(msgspec.json.decode(data)), kind, strict=False)
    except (msgspec.ValidationError, RecursionError) as error:
        raise DecodeError(str(error)) from error


def _strip_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _strip_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_strip_nulls(item) for item in value if item is not None]
    return value
