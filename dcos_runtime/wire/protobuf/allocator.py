"""Protobuf codecs. What a framework said to an inverse offer (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/allocator.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import allocator as structs
from dcos_runtime.wire.protobuf._reading import Absent, Again, Codec, Malformed, Shape, int32, length, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, numbered, utf8, varint_text, wrapped
from dcos_runtime.wire.protobuf.common import FrameworkID, TimeInfo, d_FrameworkID, d_TimeInfo, e_FrameworkID, e_TimeInfo

InverseOfferStatus = structs.InverseOfferStatus
InverseOfferStatus_Status = structs.InverseOfferStatus.Status
t_InverseOfferStatus_Status = numbered(InverseOfferStatus_Status, {"UNKNOWN": 1, "ACCEPT": 2, "DECLINE": 3})
W_12 = wrapped('\x12')


def e_InverseOfferStatus(m: InverseOfferStatus) -> str:
    o = f'\x08{m.status.wire}'
    s = m.framework_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_FrameworkID(m.framework_id); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_TimeInfo(m.timestamp); n = len(s)
    o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_InverseOfferStatus(b: bytes, e: int, j: int = 0, v1: InverseOfferStatus_Status | None = None, v2: FrameworkID | None = None, v3: TimeInfo | None = None) -> InverseOfferStatus:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_InverseOfferStatus_Status: v1 = t_InverseOfferStatus_Status[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('framework_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = FrameworkID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_FrameworkID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('timestamp')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_TimeInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None: raise Absent('InverseOfferStatus')
    return InverseOfferStatus(status=v1, framework_id=v2, timestamp=v3)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "InverseOfferStatus": {
            18: (True, "common.FrameworkID", ()),
            26: (True, "common.TimeInfo", ()),
        },
    }


CODECS: dict[type, Codec] = {
    InverseOfferStatus: (e_InverseOfferStatus, d_InverseOfferStatus, "InverseOfferStatus", shapes),
}
