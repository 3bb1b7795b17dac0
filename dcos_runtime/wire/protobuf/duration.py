"""Protobuf codecs. A span of time, as protobuf's own messages tell it.

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/duration.proto`; change that, and make it anew.
"""

# ruff: noqa: E701, E702

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import duration as structs
from dcos_runtime.wire.protobuf._reading import Codec, Malformed, Shape, int32, signed, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, int32_text, varint_text

Duration = structs.Duration


def e_Duration(m: Duration) -> str:
    o = ''
    v1 = m.seconds
    if v1 is not None:
        o += f'\x08{varint_text(v1) if v1 >> 14 else SHORT[v1]}'
    v2 = m.nanos
    if v2 is not None:
        o += f'\x10{int32_text(v2) if v2 >> 14 else SHORT[v2]}'
    return o


def d_Duration(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: int | None = None) -> Duration:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
                    if v1 >> 63: v1 = signed(v1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
                    if v2 >> 31: v2 = int32(v2)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Duration(seconds=v1, nanos=v2)


@cache
def shapes() -> dict[str, Shape]:
    return {
    }


CODECS: dict[type, Codec] = {
    Duration: (e_Duration, d_Duration, "Duration", shapes),
}
