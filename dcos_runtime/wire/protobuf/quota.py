"""Protobuf codecs. How much a role is guaranteed, and how much it may use at most (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/quota.proto`; change that, and make it anew.
"""

# ruff: noqa: E701, E702

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import quota as structs
from dcos_runtime.wire.protobuf._reading import Absent, Codec, Malformed, Shape, entry, length, unknown, varint
from dcos_runtime.wire.protobuf._writing import heads, pair, sized, utf8
from dcos_runtime.wire.protobuf.common import Value_Scalar, d_Value_Scalar, e_Value_Scalar
from dcos_runtime.wire.protobuf.resources import Resource, d_Resource, e_Resource

QuotaInfo = structs.QuotaInfo
QuotaRequest = structs.QuotaRequest
QuotaConfig = structs.QuotaConfig
QuotaStatus = structs.QuotaStatus
T_0a = heads('\x0a')
T_12 = heads('\x12')
T_1a = heads('\x1a')


def e_QuotaInfo(m: QuotaInfo) -> str:
    o = ''
    v1 = m.role
    if v1 is not None:
        s = v1
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    v2 = m.principal
    if v2 is not None:
        s = v2
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    if m.guarantee:
        p = [o]
        for v3 in m.guarantee:
            s = e_Resource(v3); n = len(s)
            p.append(f'{T_1a[n] if n < 128 else sized(26, n)}{s}')
        o = ''.join(p)
    return o


def d_QuotaInfo(b: bytes, i: int, e: int) -> QuotaInfo:
    v1: str | None = None
    v2: str | None = None
    v3: list[Resource] = []
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v2 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        while t == 26:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v3.append(d_Resource(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return QuotaInfo(role=v1, principal=v2, guarantee=v3)


def e_QuotaRequest(m: QuotaRequest) -> str:
    o = ''
    v1 = m.force
    if v1 is not None:
        o += '\x08\x01' if v1 else '\x08\x00'
    v2 = m.role
    if v2 is not None:
        s = v2
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    if m.guarantee:
        p = [o]
        for v3 in m.guarantee:
            s = e_Resource(v3); n = len(s)
            p.append(f'{T_1a[n] if n < 128 else sized(26, n)}{s}')
        o = ''.join(p)
    return o


def d_QuotaRequest(b: bytes, i: int, e: int) -> QuotaRequest:
    v1: bool | None = None
    v2: str | None = None
    v3: list[Resource] = []
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = varint(b, i - 1)
            v1 = n != 0
            if i >= e: break
            t = b[i]; i += 1
        if t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v2 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        while t == 26:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v3.append(d_Resource(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return QuotaRequest(force=v1, role=v2, guarantee=v3)


def e_QuotaConfig(m: QuotaConfig) -> str:
    s = m.role
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    for c, v2 in m.guarantees.items():
        s = pair(c, e_Value_Scalar(v2)); n = len(s)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    for c, v3 in m.limits.items():
        s = pair(c, e_Value_Scalar(v3)); n = len(s)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    return o


def d_QuotaConfig(b: bytes, i: int, e: int) -> QuotaConfig:
    v1: str | None = None
    v2: dict[str, Value_Scalar] = {}
    v3: dict[str, Value_Scalar] = {}
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        while t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            c, v2[c] = entry(b, i, j, d_Value_Scalar); i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            while t == 26:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                c, v3[c] = entry(b, i, j, d_Value_Scalar); i = j
                if i >= e: break
                t = b[i]; i += 1
            else:
                i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('QuotaConfig')
    return QuotaConfig(role=v1, guarantees=v2, limits=v3)


def e_QuotaStatus(m: QuotaStatus) -> str:
    o = ''
    if m.infos:
        p = [o]
        for v1 in m.infos:
            s = e_QuotaInfo(v1); n = len(s)
            p.append(f'{T_0a[n] if n < 128 else sized(10, n)}{s}')
        o = ''.join(p)
    if m.configs:
        p = [o]
        for v2 in m.configs:
            s = e_QuotaConfig(v2); n = len(s)
            p.append(f'{T_12[n] if n < 128 else sized(18, n)}{s}')
        o = ''.join(p)
    return o


def d_QuotaStatus(b: bytes, i: int, e: int) -> QuotaStatus:
    v1: list[QuotaInfo] = []
    v2: list[QuotaConfig] = []
    while i < e:
        t = b[i]; i += 1; h = i
        while t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1.append(d_QuotaInfo(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            while t == 18:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                v2.append(d_QuotaConfig(b[i:j], 0, n))
                i = j
                if i >= e: break
                t = b[i]; i += 1
            else:
                i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return QuotaStatus(infos=v1, configs=v2)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "QuotaInfo": {
            26: (False, "resources.Resource", ()),
        },
        "QuotaRequest": {
            26: (False, "resources.Resource", ()),
        },
        "QuotaConfig": {
            18: (False, "quota.QuotaConfig.guarantees", ()),
            26: (False, "quota.QuotaConfig.limits", ()),
        },
        "QuotaConfig.guarantees": {18: (True, "common.Value_Scalar", ())},
        "QuotaConfig.limits": {18: (True, "common.Value_Scalar", ())},
        "QuotaStatus": {
            10: (False, "quota.QuotaInfo", ()),
            18: (False, "quota.QuotaConfig", ()),
        },
    }


CODECS: dict[type, Codec] = {
    QuotaInfo: (e_QuotaInfo, d_QuotaInfo, "QuotaInfo", shapes),
    QuotaRequest: (e_QuotaRequest, d_QuotaRequest, "QuotaRequest", shapes),
    QuotaConfig: (e_QuotaConfig, d_QuotaConfig, "QuotaConfig", shapes),
    QuotaStatus: (e_QuotaStatus, d_QuotaStatus, "QuotaStatus", shapes),
}
