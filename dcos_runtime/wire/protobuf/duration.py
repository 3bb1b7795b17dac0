"""Protobuf codecs. A span of time, as protobuf's own messages tell it.

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/duration.proto`; change that, and make it anew.
"""

# ruff: noqa: E701, E702

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import duration as structs
from dcos_runtime.wire.protobuf._reading import Codec, Malformed, Shape, int32, int64, unknown
from dcos_runtime.wire.protobuf._writing import SHORT, int32_text, varint_text

Duration = structs.Duration


def e_Duration(m: Duration) -> str:
    o = ''
    v1 = m.seconds
    if v1 is not None:
        o += f'\x08{SHORT[v1] if 0 <= v1 < 1024 else varint_text(v1)}'
    v2 = m.nanos
    if v2 is not None:
        o += f'\x10{SHORT[v2] if 0 <= v2 < 1024 else int32_text(v2)}'
    return o


def d_Duration(b: bytes, i: int, e: int) -> Duration:
    v1: int | None = None
    v2: int | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = int64(b, i - 1)
            v1 = n
            if i >= e: break
            t = b[i]; i += 1
        if t == 16:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v2 = n
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return Duration(seconds=v1, nanos=v2)


@cache
def shapes() -> dict[str, Shape]:
    return {
    }


CODECS: dict[type, Codec] = {
    Duration: (e_Duration, d_Duration, "Duration", shapes),
}
