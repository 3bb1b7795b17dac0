"""Mesos v1 messages to protobuf bytes and back, by codecs that are made from our `.proto` files (`wire.generator`).

The codecs of a module are loaded when the first of its messages is written or read: a process that speaks only JSON
loads none. Read as google's own reads: unknown fields are skipped, of what comes twice the last one counts and messages
are joined, an unknown enum value is absent. What is refused is refused with `DecodeError`, as in JSON.
"""

from __future__ import annotations

import struct
from importlib import import_module
from typing import Any, TypeVar

from dcos_runtime.wire.codec import DecodeError
from dcos_runtime.wire.protobuf._reading import Absent, Again, Codec, Malformed, Shape, merged

CONTENT_TYPE = "application/x-protobuf"

MAX_MERGED = 256 << 10
"""The longest message whose parts are joined when they come again, in bytes: it takes 1.5 µs and 150 bytes for each."""

T = TypeVar("T")

_codecs: dict[type, Codec] = {}


def encode(message: Any) -> bytes:
    """The message in protobuf's own bytes, fields in the order of their numbers."""
    return _codec(type(message))[0](message).encode("latin-1")


def decode(data: bytes | bytearray | memoryview, kind: type[T]) -> T:
    """A message of ``kind`` from protobuf bytes. Raises `DecodeError`."""
    whole = bytes(data)
    try:
        _, read, name, shapes = _codec(kind)
        message: T
        try:
            message = read(whole, len(whole))
        except (Again, Absent) as error:
            if len(whole) > MAX_MERGED:
                raise _lengthy(error) from error
            whole = merged(whole, shapes().get(name, {}), _shape)
            message = read(whole, len(whole))
        return message
    except Absent as error:
        raise DecodeError(f"a required field of {error} is missing") from error
    except Malformed as error:
        raise DecodeError(str(error)) from error
    except (IndexError, struct.error) as error:
        raise DecodeError("the end is missing") from error
    except UnicodeDecodeError as error:
        raise DecodeError("a text is not UTF-8") from error


def _lengthy(error: Exception) -> Malformed:
    what = f"a required field of {error} is missing" if isinstance(error, Absent) else f"{error} comes again"
    return Malformed(f"{what}, in a message of more than {MAX_MERGED} bytes")


def load(kind: type) -> None:
    """Loads the codec of ``kind`` and all it needs, which takes a fraction of a second the first time."""
    _codec(kind)


def loaded(kind: type) -> bool:
    return kind in _codecs


def _codec(kind: type) -> Codec:
    codec = _codecs.get(kind)
    if codec is None:
        _codecs.update(_module(kind.__module__.rpartition(".")[2]).CODECS)
        codec = _codecs[kind]
    return codec


def _module(name: str) -> Any:
    return import_module(f"dcos_runtime.wire.protobuf.{name}")


def _shape(name: str) -> Shape:
    """By the name of its module and its own."""
    module, _, message = name.partition(".")
    shape: Shape = _module(module).shapes().get(message, {})
    return shape
