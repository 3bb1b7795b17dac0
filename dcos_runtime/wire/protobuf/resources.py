"""Protobuf codecs. Resources as Mesos v1 tells them: scalars, ranges and sets, reserved or not.

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/resources.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import resources as structs
from dcos_runtime.wire.protobuf._reading import Absent, Again, Codec, Malformed, Shape, double, int32, length, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, numbered, packed, sized, utf8, varint_text, wrapped
from dcos_runtime.wire.protobuf.common import Labels, ResourceProviderID, Value_Ranges, Value_Scalar, Value_Set, Value_Type, d_Labels, d_ResourceProviderID, d_Value_Ranges, d_Value_Scalar, d_Value_Set, e_Labels, e_ResourceProviderID, e_Value_Ranges, e_Value_Set, t_Value_Type
from dcos_runtime.wire.protobuf.containers import Volume, d_Volume, e_Volume

Resource_AllocationInfo = structs.Resource.AllocationInfo
Resource_ReservationInfo = structs.Resource.ReservationInfo
Resource_DiskInfo_Persistence = structs.Resource.DiskInfo.Persistence
Resource_DiskInfo_Source_Path = structs.Resource.DiskInfo.Source.Path
Resource_DiskInfo_Source_Mount = structs.Resource.DiskInfo.Source.Mount
Resource_DiskInfo_Source = structs.Resource.DiskInfo.Source
Resource_DiskInfo = structs.Resource.DiskInfo
Resource_RevocableInfo = structs.Resource.RevocableInfo
Resource_SharedInfo = structs.Resource.SharedInfo
Resource = structs.Resource
Resource_ReservationInfo_Type = structs.Resource.ReservationInfo.Type
Resource_DiskInfo_Source_Type = structs.Resource.DiskInfo.Source.Type
t_Resource_ReservationInfo_Type = numbered(Resource_ReservationInfo_Type, {"UNKNOWN": 0, "STATIC": 1, "DYNAMIC": 2})
t_Resource_DiskInfo_Source_Type = numbered(Resource_DiskInfo_Source_Type, {"UNKNOWN": 0, "PATH": 1, "MOUNT": 2, "BLOCK": 3, "RAW": 4})
T_0a = heads('\x0a')
T_12 = heads('\x12')
T_1a = heads('\x1a')
T_22 = heads('\x22')
T_32 = heads('\x32')
T_3a = heads('\x3a')
W_12 = wrapped('\x12')
W_1a = wrapped('\x1a')
W_5a = wrapped('\x5a')
W_62 = wrapped('\x62')


def e_Resource_AllocationInfo(m: Resource_AllocationInfo) -> str:
    o = ''
    x = m.role
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
    return o


def d_Resource_AllocationInfo(b: bytes, e: int, j: int = 0, v1: str | None = None) -> Resource_AllocationInfo:
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
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Resource_AllocationInfo(role=v1)


def e_Resource_ReservationInfo(m: Resource_ReservationInfo) -> str:
    o = ''
    x = m.principal
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
    v2 = m.labels
    if v2 is not None:
        s = e_Labels(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    x = m.role
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
    v4 = m.type
    if v4 is not None:
        o += f'\x20{v4.wire}'
    return o


def d_Resource_ReservationInfo(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: Labels | None = None, v3: str | None = None, v4: Resource_ReservationInfo_Type | None = None) -> Resource_ReservationInfo:
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
            if v2 is not None: raise Again('labels')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Labels(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 32:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Resource_ReservationInfo_Type: v4 = t_Resource_ReservationInfo_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26, 32,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Resource_ReservationInfo(type=v4, role=v3, principal=v1, labels=v2)


def e_Resource_DiskInfo_Persistence(m: Resource_DiskInfo_Persistence) -> str:
    s = m.id
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    x = m.principal
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    return o


def d_Resource_DiskInfo_Persistence(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None) -> Resource_DiskInfo_Persistence:
    if 1 < e < 128 and b[0] == 10 and (n1 := b[1] + 2) + 1 < e and b[n1] == 18 and b[n1 + 1] == e - n1 - 2:
        return Resource_DiskInfo_Persistence(id=b[2:n1].decode(), principal=b[n1 + 2:].decode())
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
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Resource.DiskInfo.Persistence')
    return Resource_DiskInfo_Persistence(id=v1, principal=v2)


def e_Resource_DiskInfo_Source_Path(m: Resource_DiskInfo_Source_Path) -> str:
    o = ''
    x = m.root
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
    return o


def d_Resource_DiskInfo_Source_Path(b: bytes, e: int, j: int = 0, v1: str | None = None) -> Resource_DiskInfo_Source_Path:
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
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Resource_DiskInfo_Source_Path(root=v1)


def e_Resource_DiskInfo_Source_Mount(m: Resource_DiskInfo_Source_Mount) -> str:
    o = ''
    x = m.root
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
    return o


def d_Resource_DiskInfo_Source_Mount(b: bytes, e: int, j: int = 0, v1: str | None = None) -> Resource_DiskInfo_Source_Mount:
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
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Resource_DiskInfo_Source_Mount(root=v1)


def e_Resource_DiskInfo_Source(m: Resource_DiskInfo_Source) -> str:
    o = f'\x08{m.type.wire}'
    v2 = m.path
    if v2 is not None:
        x = v2.root
        if x is None: o += '\x12\x00'
        else:
            if not x.isascii(): x = utf8(x)
            n = len(x)
            if n < 126: o += f'{W_12[n]}{x}'
            else: s = e_Resource_DiskInfo_Source_Path(v2); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.mount
    if v3 is not None:
        x = v3.root
        if x is None: o += '\x1a\x00'
        else:
            if not x.isascii(): x = utf8(x)
            n = len(x)
            if n < 126: o += f'{W_1a[n]}{x}'
            else: s = e_Resource_DiskInfo_Source_Mount(v3); n = len(s); o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    x = m.id
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{x}'
    v5 = m.metadata
    if v5 is not None:
        s = e_Labels(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    x = m.profile
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{x}'
    x = m.vendor
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{x}'
    return o


def d_Resource_DiskInfo_Source(b: bytes, e: int, j: int = 0, v1: Resource_DiskInfo_Source_Type | None = None, v2: Resource_DiskInfo_Source_Path | None = None, v3: Resource_DiskInfo_Source_Mount | None = None, v4: str | None = None, v5: Labels | None = None, v6: str | None = None, v7: str | None = None) -> Resource_DiskInfo_Source:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Resource_DiskInfo_Source_Type: v1 = t_Resource_DiskInfo_Source_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('path')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = Resource_DiskInfo_Source_Path(root=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_Resource_DiskInfo_Source_Path(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('mount')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v3 = Resource_DiskInfo_Source_Mount(root=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v3 = d_Resource_DiskInfo_Source_Mount(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('metadata')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_Labels(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 50:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 58:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v7 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34, 42, 50, 58,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Resource.DiskInfo.Source')
    return Resource_DiskInfo_Source(type=v1, path=v2, mount=v3, vendor=v7, id=v4, metadata=v5, profile=v6)


def e_Resource_DiskInfo(m: Resource_DiskInfo) -> str:
    o = ''
    v1 = m.persistence
    if v1 is not None:
        s = e_Resource_DiskInfo_Persistence(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.volume
    if v2 is not None:
        s = e_Volume(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.source
    if v3 is not None:
        s = e_Resource_DiskInfo_Source(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Resource_DiskInfo(b: bytes, e: int, j: int = 0, v1: Resource_DiskInfo_Persistence | None = None, v2: Volume | None = None, v3: Resource_DiskInfo_Source | None = None) -> Resource_DiskInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('persistence')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Resource_DiskInfo_Persistence(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('volume')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Volume(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('source')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Resource_DiskInfo_Source(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Resource_DiskInfo(persistence=v1, volume=v2, source=v3)


def e_Resource_RevocableInfo(m: Resource_RevocableInfo) -> str:
    return ''


def d_Resource_RevocableInfo(b: bytes, e: int, j: int = 0) -> Resource_RevocableInfo:
    while j < e:
        j = unknown(b, j)
    if j != e: raise Malformed('the end is missing')
    return Resource_RevocableInfo()


def e_Resource_SharedInfo(m: Resource_SharedInfo) -> str:
    return ''


def d_Resource_SharedInfo(b: bytes, e: int, j: int = 0) -> Resource_SharedInfo:
    while j < e:
        j = unknown(b, j)
    if j != e: raise Malformed('the end is missing')
    return Resource_SharedInfo()


def e_Resource(m: Resource) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}\x10{m.type.wire}'
    v3 = m.scalar
    if v3 is not None:
        o += f'\x1a\x09\x09{packed(v3.value).decode("latin-1")}'
    v4 = m.ranges
    if v4 is not None:
        s = e_Value_Ranges(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.set is not None:
        v5 = m.set
        s = e_Value_Set(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.role is not None:
        s = m.role
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{s}'
    if m.disk is not None:
        v7 = m.disk
        s = e_Resource_DiskInfo(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.reservation is not None:
        v8 = m.reservation
        s = e_Resource_ReservationInfo(v8); n = len(s)
        o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.revocable is not None:
        v9 = m.revocable
        s = e_Resource_RevocableInfo(v9); n = len(s)
        o += f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.shared is not None:
        v10 = m.shared
        s = e_Resource_SharedInfo(v10); n = len(s)
        o += f'\x52{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v11 = m.allocation_info
    if v11 is not None:
        x = v11.role
        if x is None: o += '\x5a\x00'
        else:
            if not x.isascii(): x = utf8(x)
            n = len(x)
            if n < 126: o += f'{W_5a[n]}{x}'
            else: s = e_Resource_AllocationInfo(v11); n = len(s); o += f'\x5a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.provider_id is not None:
        v12 = m.provider_id
        s = v12.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_62[n]}{s}'
        else: s = e_ResourceProviderID(v12); n = len(s); o += f'\x62{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.reservations:
        p = [o]
        for v13 in m.reservations:
            q = ''
            x = v13.principal
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
            w2 = v13.labels
            if w2 is not None:
                s = e_Labels(w2); n = len(s)
                q += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            x = v13.role
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
            w4 = v13.type
            if w4 is not None:
                q += f'\x20{w4.wire}'
            n = len(q)
            p.append(f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Resource(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: Value_Type | None = None, v3: Value_Scalar | None = None, v4: Value_Ranges | None = None, v5: Value_Set | None = None, v6: str | None = None, v7: Resource_DiskInfo | None = None, v8: Resource_ReservationInfo | None = None, v9: Resource_RevocableInfo | None = None, v10: Resource_SharedInfo | None = None, v11: Resource_AllocationInfo | None = None, v12: ResourceProviderID | None = None, v13: list[Resource_ReservationInfo] | None = None, r: bool = False) -> Resource:
    if 1 < e < 128 and b[0] == 10 and (n1 := b[1] + 2) + 16 < e and b[n1] == 16 and (m2 := t_Value_Type.get(b[n1 + 1])) is not None and b[n1 + 2] == 26 and b[n1 + 3] == 9 and b[n1 + 4] == 9 and b[n1 + 13] == 90 and b[n1 + 15] == 10 and b[n1 + 16] == b[n1 + 14] - 2 and b[n1 + 14] == e - n1 - 15:
        return Resource(name=b[2:n1].decode(), type=m2, scalar=Value_Scalar(value=double(b, n1 + 5)[0]), allocation_info=Resource_AllocationInfo(role=b[n1 + 17:].decode()))
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
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Value_Type: v2 = t_Value_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('scalar')
            n = b[i - 1]; j = i + 9
            if n == 9 and b[i] == 9: v3 = Value_Scalar(value=double(b, i + 1)[0])
            else: n, i = length(b, i - 1); j = i + n; v3 = d_Value_Scalar(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('ranges')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Value_Ranges(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t < 90:
            if t == 42:
                r = True
                if v5 is not None: raise Again('set')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v5 = d_Value_Set(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 50:
                r = True
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v6 = b[i:j].decode()
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 58:
                r = True
                if v7 is not None: raise Again('disk')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v7 = d_Resource_DiskInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 66:
                r = True
                if v8 is not None: raise Again('reservation')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v8 = d_Resource_ReservationInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 74:
                r = True
                if v9 is not None: raise Again('revocable')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v9 = d_Resource_RevocableInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 82:
                r = True
                if v10 is not None: raise Again('shared')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v10 = d_Resource_SharedInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
        if t == 90:
            if v11 is not None: raise Again('allocation_info')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v11 = Resource_AllocationInfo(role=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v11 = d_Resource_AllocationInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 98:
            r = True
            if v12 is not None: raise Again('provider_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v12 = ResourceProviderID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v12 = d_ResourceProviderID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 106:
            r = True
            if v13 is None: v13 = []
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v13.append(d_Resource_ReservationInfo(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10, 16, 26, 34, 42, 50, 58, 66, 74, 82, 90, 98, 106,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Resource')
    if not r: return Resource(name=v1, type=v2, scalar=v3, ranges=v4, allocation_info=v11)
    return Resource(provider_id=v12, name=v1, type=v2, scalar=v3, ranges=v4, set=v5, role=v6, allocation_info=v11, reservation=v8, reservations=v13 or [], disk=v7, revocable=v9, shared=v10)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "Resource_ReservationInfo": {
            18: (True, "common.Labels", ()),
        },
        "Resource_DiskInfo_Source": {
            18: (True, "resources.Resource_DiskInfo_Source_Path", ()),
            26: (True, "resources.Resource_DiskInfo_Source_Mount", ()),
            42: (True, "common.Labels", ()),
        },
        "Resource_DiskInfo": {
            10: (True, "resources.Resource_DiskInfo_Persistence", ()),
            18: (True, "containers.Volume", ()),
            26: (True, "resources.Resource_DiskInfo_Source", ()),
        },
        "Resource": {
            98: (True, "common.ResourceProviderID", ()),
            26: (True, "common.Value_Scalar", ()),
            34: (True, "common.Value_Ranges", ()),
            42: (True, "common.Value_Set", ()),
            90: (True, "resources.Resource_AllocationInfo", ()),
            66: (True, "resources.Resource_ReservationInfo", ()),
            106: (False, "resources.Resource_ReservationInfo", ()),
            58: (True, "resources.Resource_DiskInfo", ()),
            74: (True, "resources.Resource_RevocableInfo", ()),
            82: (True, "resources.Resource_SharedInfo", ()),
        },
    }


CODECS: dict[type, Codec] = {
    Resource_AllocationInfo: (e_Resource_AllocationInfo, d_Resource_AllocationInfo, "Resource_AllocationInfo", shapes),
    Resource_ReservationInfo: (e_Resource_ReservationInfo, d_Resource_ReservationInfo, "Resource_ReservationInfo", shapes),
    Resource_DiskInfo_Persistence: (e_Resource_DiskInfo_Persistence, d_Resource_DiskInfo_Persistence, "Resource_DiskInfo_Persistence", shapes),
    Resource_DiskInfo_Source_Path: (e_Resource_DiskInfo_Source_Path, d_Resource_DiskInfo_Source_Path, "Resource_DiskInfo_Source_Path", shapes),
    Resource_DiskInfo_Source_Mount: (e_Resource_DiskInfo_Source_Mount, d_Resource_DiskInfo_Source_Mount, "Resource_DiskInfo_Source_Mount", shapes),
    Resource_DiskInfo_Source: (e_Resource_DiskInfo_Source, d_Resource_DiskInfo_Source, "Resource_DiskInfo_Source", shapes),
    Resource_DiskInfo: (e_Resource_DiskInfo, d_Resource_DiskInfo, "Resource_DiskInfo", shapes),
    Resource_RevocableInfo: (e_Resource_RevocableInfo, d_Resource_RevocableInfo, "Resource_RevocableInfo", shapes),
    Resource_SharedInfo: (e_Resource_SharedInfo, d_Resource_SharedInfo, "Resource_SharedInfo", shapes),
    Resource: (e_Resource, d_Resource, "Resource", shapes),
}
