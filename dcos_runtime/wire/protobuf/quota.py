"""Protobuf codecs. How much a role is guaranteed, and how much it may use at most (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/quota.proto`; change that, and make it anew.
"""

# ruff: noqa: E701, E702

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import quota as structs
from dcos_runtime.wire.protobuf._reading import Absent, Codec, Malformed, Shape, entry, length, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, pair, sized, utf8, varint_text
from dcos_runtime.wire.protobuf.common import Value_Scalar, d_Value_Scalar, e_Value_Scalar
from dcos_runtime.wire.protobuf.resources import Resource, d_Resource, e_Resource

QuotaInfo = structs.QuotaInfo
QuotaRequest = structs.QuotaRequest
QuotaConfig = structs.QuotaConfig
QuotaStatus = structs.QuotaStatus
T_0a = heads('\x0a')
T_12 = heads('\x12')


def e_QuotaInfo(m: QuotaInfo) -> str:
    o = ''
    x = m.role
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
    x = m.principal
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    if m.guarantee:
        p = [o]
        for v3 in m.guarantee:
            s = e_Resource(v3); n = len(s)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_QuotaInfo(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None) -> QuotaInfo:
    v3: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 26:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3.append(d_Resource(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return QuotaInfo(role=v1, principal=v2, guarantee=v3)


def e_QuotaRequest(m: QuotaRequest) -> str:
    o = ''
    v1 = m.force
    if v1 is not None:
        o += '\x08\x01' if v1 else '\x08\x00'
    x = m.role
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    if m.guarantee:
        p = [o]
        for v3 in m.guarantee:
            s = e_Resource(v3); n = len(s)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_QuotaRequest(b: bytes, e: int, j: int = 0, v1: bool | None = None, v2: str | None = None) -> QuotaRequest:
    v3: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v1 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 26:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3.append(d_Resource(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (8, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return QuotaRequest(force=v1, role=v2, guarantee=v3)


def e_QuotaConfig(m: QuotaConfig) -> str:
    s = m.role
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    for c, v2 in m.guarantees.items():
        s = pair(c, e_Value_Scalar(v2)); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    for c, v3 in m.limits.items():
        s = pair(c, e_Value_Scalar(v3)); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_QuotaConfig(b: bytes, e: int, j: int = 0, v1: str | None = None) -> QuotaConfig:
    v2: dict[str, Value_Scalar] = {}
    v3: dict[str, Value_Scalar] = {}
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            c, v2[c] = entry(b[i:j], n, d_Value_Scalar)
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 26:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                c, v3[c] = entry(b[i:j], n, d_Value_Scalar)
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('QuotaConfig')
    return QuotaConfig(role=v1, guarantees=v2, limits=v3)


def e_QuotaStatus(m: QuotaStatus) -> str:
    o = ''
    if m.infos:
        p = [o]
        for v1 in m.infos:
            s = e_QuotaInfo(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.configs:
        p = [o]
        for v2 in m.configs:
            s = e_QuotaConfig(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_QuotaStatus(b: bytes, e: int, j: int = 0) -> QuotaStatus:
    v1: list[QuotaInfo] = []
    v2: list[QuotaConfig] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_QuotaInfo(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 18:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v2.append(d_QuotaConfig(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
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
