"""Protobuf codecs. What operators see and set: machines, draining, weights, flags, metrics, files, operations (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/operators.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import operators as structs
from dcos_runtime.wire.protobuf._reading import Absent, Again, Codec, Malformed, Shape, double, int32, length, numbers, uint32, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, int32_text, numbered, packed, sized, uint32_text, utf8, varint_text, wrapped
from dcos_runtime.wire.protobuf.cluster import Offer_Operation, OperationStatus, d_Offer_Operation, d_OperationStatus, e_Offer_Operation, e_OperationStatus
from dcos_runtime.wire.protobuf.common import UUID, AgentID, Attribute, CommandInfo, Credential, DurationInfo, FrameworkID, ResourceProviderID, TimeInfo, Unavailability, d_AgentID, d_Attribute, d_CommandInfo, d_Credential, d_DurationInfo, d_FrameworkID, d_ResourceProviderID, d_TimeInfo, d_UUID, d_Unavailability, e_AgentID, e_Attribute, e_CommandInfo, e_DurationInfo, e_FrameworkID, e_Labels, e_ResourceProviderID, e_TimeInfo, e_UUID, e_Unavailability
from dcos_runtime.wire.protobuf.containers import ContainerInfo, Device, d_ContainerInfo, d_Device, e_ContainerInfo, e_Device
from dcos_runtime.wire.protobuf.resources import Resource, Resource_ReservationInfo, d_Resource, d_Resource_ReservationInfo, e_Resource

MachineID = structs.MachineID
MachineInfo = structs.MachineInfo
Credentials = structs.Credentials
RateLimit = structs.RateLimit
RateLimits = structs.RateLimits
WeightInfo = structs.WeightInfo
VersionInfo = structs.VersionInfo
Flag = structs.Flag
Role = structs.Role
Metric = structs.Metric
FileInfo = structs.FileInfo
DeviceAccess_Access = structs.DeviceAccess.Access
DeviceAccess = structs.DeviceAccess
DeviceWhitelist = structs.DeviceWhitelist
DrainConfig = structs.DrainConfig
DrainInfo = structs.DrainInfo
CSIPluginContainerInfo = structs.CSIPluginContainerInfo
CSIPluginEndpoint = structs.CSIPluginEndpoint
CSIPluginInfo = structs.CSIPluginInfo
ResourceProviderInfo_Storage = structs.ResourceProviderInfo.Storage
ResourceProviderInfo = structs.ResourceProviderInfo
Operation = structs.Operation
Status = structs.Status
DrainState = structs.DrainState
MachineInfo_Mode = structs.MachineInfo.Mode
CSIPluginContainerInfo_Service = structs.CSIPluginContainerInfo.Service
t_Status = numbered(Status, {"DRIVER_NOT_STARTED": 1, "DRIVER_RUNNING": 2, "DRIVER_ABORTED": 3, "DRIVER_STOPPED": 4})
t_DrainState = numbered(DrainState, {"UNKNOWN": 0, "DRAINING": 1, "DRAINED": 2})
t_MachineInfo_Mode = numbered(MachineInfo_Mode, {"UP": 1, "DRAINING": 2, "DOWN": 3})
t_CSIPluginContainerInfo_Service = numbered(CSIPluginContainerInfo_Service, {"UNKNOWN": 0, "CONTROLLER_SERVICE": 1, "NODE_SERVICE": 2})
T_0a = heads('\x0a')
T_12 = heads('\x12')
T_1a = heads('\x1a')
T_22 = heads('\x22')
T_2a = heads('\x2a')
T_32 = heads('\x32')
T_3a = heads('\x3a')
W_0a = wrapped('\x0a')
W_12 = wrapped('\x12')
W_1a = wrapped('\x1a')


def e_MachineID(m: MachineID) -> str:
    o = ''
    x = m.hostname
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
    x = m.ip
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    return o


def d_MachineID(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None) -> MachineID:
    if 1 < e < 128 and b[0] == 10 and (n1 := b[1] + 2) + 1 < e and b[n1] == 18 and b[n1 + 1] == e - n1 - 2:
        return MachineID(hostname=b[2:n1].decode(), ip=b[n1 + 2:].decode())
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
    return MachineID(hostname=v1, ip=v2)


def e_MachineInfo(m: MachineInfo) -> str:
    s = e_MachineID(m.id); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.mode
    if v2 is not None:
        o += f'\x10{v2.wire}'
    v3 = m.unavailability
    if v3 is not None:
        s = e_Unavailability(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_MachineInfo(b: bytes, e: int, j: int = 0, v1: MachineID | None = None, v2: MachineInfo_Mode | None = None, v3: Unavailability | None = None) -> MachineInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('id')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_MachineID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_MachineInfo_Mode: v2 = t_MachineInfo_Mode[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('unavailability')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Unavailability(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 16, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('MachineInfo')
    return MachineInfo(id=v1, mode=v2, unavailability=v3)


def e_Credentials(m: Credentials) -> str:
    o = ''
    if m.credentials:
        p = [o]
        for v1 in m.credentials:
            s = v1.principal
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
            x = v1.secret
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Credentials(b: bytes, e: int, j: int = 0) -> Credentials:
    v1: list[Credential] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Credential(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Credentials(credentials=v1)


def e_RateLimit(m: RateLimit) -> str:
    o = ''
    v1 = m.qps
    if v1 is not None:
        o += f'\x09{packed(v1).decode("latin-1")}'
    s = m.principal
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    v3 = m.capacity
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    return o


def d_RateLimit(b: bytes, e: int, j: int = 0, v1: float | None = None, v2: str | None = None, v3: int | None = None) -> RateLimit:
    while j < e:
        t = b[j]; i = j + 2
        if t == 9:
            v1 = double(b, i - 1)[0]; j = i + 7
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
        if t == 24:
            v3 = b[i - 1]; j = i
            if v3 > 127:
                t = b[j]; j += 1
                if t < 128: v3 += (t << 7) - 128
                else:
                    v3, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (9, 18, 24,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v2 is None: raise Absent('RateLimit')
    return RateLimit(qps=v1, principal=v2, capacity=v3)


def e_RateLimits(m: RateLimits) -> str:
    o = ''
    if m.limits:
        p = [o]
        for v1 in m.limits:
            q = ''
            w1 = v1.qps
            if w1 is not None:
                q += f'\x09{packed(w1).decode("latin-1")}'
            s = v1.principal
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
            w3 = v1.capacity
            if w3 is not None:
                q += f'\x18{varint_text(w3) if w3 >> 14 else SHORT[w3]}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    v2 = m.aggregate_default_qps
    if v2 is not None:
        o += f'\x11{packed(v2).decode("latin-1")}'
    v3 = m.aggregate_default_capacity
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    return o


def d_RateLimits(b: bytes, e: int, j: int = 0, v2: float | None = None, v3: int | None = None) -> RateLimits:
    v1: list[RateLimit] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_RateLimit(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 17:
                v2 = double(b, i - 1)[0]; j = i + 7
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 24:
                v3 = b[i - 1]; j = i
                if v3 > 127:
                    t = b[j]; j += 1
                    if t < 128: v3 += (t << 7) - 128
                    else:
                        v3, j = varint(b, i - 1)
                if j >= e: break
                t = b[j]; i = j + 2
            j = i - 2 if t in (10, 17, 24,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return RateLimits(limits=v1, aggregate_default_qps=v2, aggregate_default_capacity=v3)


def e_WeightInfo(m: WeightInfo) -> str:
    o = f'\x09{packed(m.weight).decode("latin-1")}'
    x = m.role
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    return o


def d_WeightInfo(b: bytes, e: int, j: int = 0, v1: float | None = None, v2: str | None = None) -> WeightInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 9:
            v1 = double(b, i - 1)[0]; j = i + 7
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
        j = i - 2 if t in (9, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('WeightInfo')
    return WeightInfo(weight=v1, role=v2)


def e_VersionInfo(m: VersionInfo) -> str:
    s = m.version
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    x = m.build_date
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    v3 = m.build_time
    if v3 is not None:
        o += f'\x19{packed(v3).decode("latin-1")}'
    x = m.build_user
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{x}'
    x = m.git_sha
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{x}'
    x = m.git_branch
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{x}'
    x = m.git_tag
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{x}'
    return o


def d_VersionInfo(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None, v3: float | None = None, v4: str | None = None, v5: str | None = None, v6: str | None = None, v7: str | None = None) -> VersionInfo:
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
        if t == 25:
            v3 = double(b, i - 1)[0]; j = i + 7
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
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = b[i:j].decode()
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
        j = i - 2 if t in (10, 18, 25, 34, 42, 50, 58,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('VersionInfo')
    return VersionInfo(version=v1, build_date=v2, build_time=v3, build_user=v4, git_sha=v5, git_branch=v6, git_tag=v7)


def e_Flag(m: Flag) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    x = m.value
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    return o


def d_Flag(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None) -> Flag:
    if 1 < e < 128 and b[0] == 10 and (n1 := b[1] + 2) + 1 < e and b[n1] == 18 and b[n1 + 1] == e - n1 - 2:
        return Flag(name=b[2:n1].decode(), value=b[n1 + 2:].decode())
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
    if v1 is None: raise Absent('Flag')
    return Flag(name=v1, value=v2)


def e_Role(m: Role) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}\x11{packed(m.weight).decode("latin-1")}'
    if m.frameworks:
        p = [o]
        for v3 in m.frameworks:
            s = v3.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: p.append(f'{W_1a[n]}{s}')
            else: s = e_FrameworkID(v3); n = len(s); p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.resources:
        p = [o]
        for v4 in m.resources:
            s = e_Resource(v4); n = len(s)
            p.append(f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Role(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: float | None = None) -> Role:
    v3: list[FrameworkID] = []
    v4: list[Resource] = []
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
        if t == 17:
            v2 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 26:
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v3.append(FrameworkID(value=b[i + 2 : j].decode()))
            else: n, i = length(b, i - 1); j = i + n; v3.append(d_FrameworkID(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 34:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v4.append(d_Resource(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 17, 26, 34,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Role')
    return Role(name=v1, weight=v2, frameworks=v3, resources=v4)


def e_Metric(m: Metric) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    v2 = m.value
    if v2 is not None:
        o += f'\x11{packed(v2).decode("latin-1")}'
    return o


def d_Metric(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: float | None = None) -> Metric:
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
        if t == 17:
            v2 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 17,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Metric')
    return Metric(name=v1, value=v2)


def e_FileInfo(m: FileInfo) -> str:
    s = m.path
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    v2 = m.nlink
    if v2 is not None:
        o += f'\x10{int32_text(v2) if v2 >> 14 else SHORT[v2]}'
    v3 = m.size
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    v4 = m.mtime
    if v4 is not None:
        s = e_TimeInfo(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.mode
    if v5 is not None:
        o += f'\x28{uint32_text(v5) if v5 >> 14 else SHORT[v5]}'
    x = m.uid
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{x}'
    x = m.gid
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{x}'
    return o


def d_FileInfo(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: int | None = None, v3: int | None = None, v4: TimeInfo | None = None, v5: int | None = None, v6: str | None = None, v7: str | None = None) -> FileInfo:
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
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
                    if v2 >> 31: v2 = int32(v2)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            v3 = b[i - 1]; j = i
            if v3 > 127:
                t = b[j]; j += 1
                if t < 128: v3 += (t << 7) - 128
                else:
                    v3, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('mtime')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_TimeInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 40:
            v5 = b[i - 1]; j = i
            if v5 > 127:
                t = b[j]; j += 1
                if t < 128: v5 += (t << 7) - 128
                else:
                    v5, j = varint(b, i - 1)
                    if v5 >> 32: v5 = uint32(v5)
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
        j = i - 2 if t in (10, 16, 24, 34, 40, 50, 58,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('FileInfo')
    return FileInfo(path=v1, nlink=v2, size=v3, mtime=v4, mode=v5, uid=v6, gid=v7)


def e_DeviceAccess_Access(m: DeviceAccess_Access) -> str:
    o = ''
    v1 = m.read
    if v1 is not None:
        o += '\x08\x01' if v1 else '\x08\x00'
    v2 = m.write
    if v2 is not None:
        o += '\x10\x01' if v2 else '\x10\x00'
    v3 = m.mknod
    if v3 is not None:
        o += '\x18\x01' if v3 else '\x18\x00'
    return o


def d_DeviceAccess_Access(b: bytes, e: int, j: int = 0, v1: bool | None = None, v2: bool | None = None, v3: bool | None = None) -> DeviceAccess_Access:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v1 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v2 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v3 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16, 24,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return DeviceAccess_Access(read=v1, write=v2, mknod=v3)


def e_DeviceAccess(m: DeviceAccess) -> str:
    s = e_Device(m.device); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_DeviceAccess_Access(m.access); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_DeviceAccess(b: bytes, e: int, j: int = 0, v1: Device | None = None, v2: DeviceAccess_Access | None = None) -> DeviceAccess:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('device')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Device(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('access')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_DeviceAccess_Access(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('DeviceAccess')
    return DeviceAccess(device=v1, access=v2)


def e_DeviceWhitelist(m: DeviceWhitelist) -> str:
    o = ''
    if m.allowed_devices:
        p = [o]
        for v1 in m.allowed_devices:
            s = e_Device(v1.device); n = len(s)
            q = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            s = e_DeviceAccess_Access(v1.access); n = len(s)
            q += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_DeviceWhitelist(b: bytes, e: int, j: int = 0) -> DeviceWhitelist:
    v1: list[DeviceAccess] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_DeviceAccess(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return DeviceWhitelist(allowed_devices=v1)


def e_DrainConfig(m: DrainConfig) -> str:
    o = ''
    v1 = m.max_grace_period
    if v1 is not None:
        s = e_DurationInfo(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.mark_gone
    if v2 is not None:
        o += '\x10\x01' if v2 else '\x10\x00'
    return o


def d_DrainConfig(b: bytes, e: int, j: int = 0, v1: DurationInfo | None = None, v2: bool | None = None) -> DrainConfig:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('max_grace_period')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_DurationInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v2 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 16,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return DrainConfig(max_grace_period=v1, mark_gone=v2)


def e_DrainInfo(m: DrainInfo) -> str:
    o = f'\x08{m.state.wire}'
    s = e_DrainConfig(m.config); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_DrainInfo(b: bytes, e: int, j: int = 0, v1: DrainState | None = None, v2: DrainConfig | None = None) -> DrainInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_DrainState: v1 = t_DrainState[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('config')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_DrainConfig(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('DrainInfo')
    return DrainInfo(state=v1, config=v2)


def e_CSIPluginContainerInfo(m: CSIPluginContainerInfo) -> str:
    o = ''
    if m.services:
        p = [o]
        for v1 in m.services:
            p.append(f'\x08{v1.wire}')
        o = ''.join(p)
    v2 = m.command
    if v2 is not None:
        s = e_CommandInfo(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.resources:
        p = [o]
        for v3 in m.resources:
            s = e_Resource(v3); n = len(s)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v4 = m.container
    if v4 is not None:
        s = e_ContainerInfo(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_CSIPluginContainerInfo(b: bytes, e: int, j: int = 0, v2: CommandInfo | None = None, v4: ContainerInfo | None = None) -> CSIPluginContainerInfo:
    v1: list[CSIPluginContainerInfo_Service] = []
    v3: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_CSIPluginContainerInfo_Service: v1.append(t_CSIPluginContainerInfo_Service[n] or CSIPluginContainerInfo_Service.UNKNOWN)
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 10:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                for n in numbers(b, i, j):
                    if n >> 31: n = int32(n)
                    if n in t_CSIPluginContainerInfo_Service: v1.append(t_CSIPluginContainerInfo_Service[n] or CSIPluginContainerInfo_Service.UNKNOWN)
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                if t == 18:
                    if v2 is not None: raise Again('command')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v2 = d_CommandInfo(b[i:j], n)
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
                    if t == 34:
                        if v4 is not None: raise Again('container')
                        n = b[i - 1]
                        if n > 127:
                            t = b[i]; i += 1
                            if t < 128: n += (t << 7) - 128
                            else: n, i = length(b, i - 2)
                        j = i + n
                        v4 = d_ContainerInfo(b[i:j], n)
                        if j >= e: break
                        t = b[j]; i = j + 2
                    j = i - 2 if t in (8, 10, 18, 26, 34,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return CSIPluginContainerInfo(services=v1, command=v2, resources=v3, container=v4)


def e_CSIPluginEndpoint(m: CSIPluginEndpoint) -> str:
    o = f'\x08{m.csi_service.wire}'
    s = m.endpoint
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    return o


def d_CSIPluginEndpoint(b: bytes, e: int, j: int = 0, v1: CSIPluginContainerInfo_Service | None = None, v2: str | None = None) -> CSIPluginEndpoint:
    if 3 < e < 128 and b[0] == 8 and (m1 := t_CSIPluginContainerInfo_Service.get(b[1])) is not None and b[2] == 18 and b[3] == e - 4:
        return CSIPluginEndpoint(csi_service=m1, endpoint=b[4:].decode())
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_CSIPluginContainerInfo_Service: v1 = t_CSIPluginContainerInfo_Service[n]
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
        j = i - 2 if t in (8, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('CSIPluginEndpoint')
    return CSIPluginEndpoint(csi_service=v1, endpoint=v2)


def e_CSIPluginInfo(m: CSIPluginInfo) -> str:
    s = m.type
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    x = m.name
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    if m.containers:
        p = [o]
        for v3 in m.containers:
            s = e_CSIPluginContainerInfo(v3); n = len(s)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.endpoints:
        p = [o]
        for v4 in m.endpoints:
            q = f'\x08{v4.csi_service.wire}'
            s = v4.endpoint
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
            n = len(q)
            p.append(f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    x = m.target_path_root
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{x}'
    v6 = m.target_path_exists
    if v6 is not None:
        o += '\x30\x01' if v6 else '\x30\x00'
    return o


def d_CSIPluginInfo(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None, v5: str | None = None, v6: bool | None = None) -> CSIPluginInfo:
    v3: list[CSIPluginContainerInfo] = []
    v4: list[CSIPluginEndpoint] = []
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
            v3.append(d_CSIPluginContainerInfo(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 34:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v4.append(d_CSIPluginEndpoint(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                if t == 42:
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v5 = b[i:j].decode()
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 48:
                    n = b[i - 1]; j = i
                    if n > 127:
                        n, j = varint(b, i - 1)
                    v6 = n != 0
                    if j >= e: break
                    t = b[j]; i = j + 2
                j = i - 2 if t in (10, 18, 26, 34, 42, 48,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('CSIPluginInfo')
    return CSIPluginInfo(type=v1, name=v2, containers=v3, endpoints=v4, target_path_root=v5, target_path_exists=v6)


def e_ResourceProviderInfo_Storage(m: ResourceProviderInfo_Storage) -> str:
    s = e_CSIPluginInfo(m.plugin); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.reconciliation_interval_seconds
    if v2 is not None:
        o += f'\x11{packed(v2).decode("latin-1")}'
    return o


def d_ResourceProviderInfo_Storage(b: bytes, e: int, j: int = 0, v1: CSIPluginInfo | None = None, v2: float | None = None) -> ResourceProviderInfo_Storage:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('plugin')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_CSIPluginInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 17:
            v2 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 17,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('ResourceProviderInfo.Storage')
    return ResourceProviderInfo_Storage(plugin=v1, reconciliation_interval_seconds=v2)


def e_ResourceProviderInfo(m: ResourceProviderInfo) -> str:
    o = ''
    v1 = m.id
    if v1 is not None:
        s = v1.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_0a[n]}{s}'
        else: s = e_ResourceProviderID(v1); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.attributes:
        p = [o]
        for v2 in m.attributes:
            s = e_Attribute(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    s = m.type
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o += f'{T_22[n] if n < 128 else sized(34, n)}{s}'
    if m.default_reservations:
        p = [o]
        for v5 in m.default_reservations:
            q = ''
            x = v5.principal
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
            w2 = v5.labels
            if w2 is not None:
                s = e_Labels(w2); n = len(s)
                q += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            x = v5.role
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
            w4 = v5.type
            if w4 is not None:
                q += f'\x20{w4.wire}'
            n = len(q)
            p.append(f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    v6 = m.storage
    if v6 is not None:
        s = e_ResourceProviderInfo_Storage(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_ResourceProviderInfo(b: bytes, e: int, j: int = 0, v1: ResourceProviderID | None = None, v3: str | None = None, v4: str | None = None, v6: ResourceProviderInfo_Storage | None = None) -> ResourceProviderInfo:
    v2: list[Attribute] = []
    v5: list[Resource_ReservationInfo] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = ResourceProviderID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_ResourceProviderID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2.append(d_Attribute(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
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
            while t == 42:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v5.append(d_Resource_ReservationInfo(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                if t == 50:
                    if v6 is not None: raise Again('storage')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v6 = d_ResourceProviderInfo_Storage(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                j = i - 2 if t in (10, 18, 26, 34, 42, 50,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v3 is None or v4 is None: raise Absent('ResourceProviderInfo')
    return ResourceProviderInfo(id=v1, attributes=v2, type=v3, name=v4, default_reservations=v5, storage=v6)


def e_Operation(m: Operation) -> str:
    o = ''
    v1 = m.framework_id
    if v1 is not None:
        s = v1.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_0a[n]}{s}'
        else: s = e_FrameworkID(v1); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.agent_id
    if v2 is not None:
        s = v2.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_12[n]}{s}'
        else: s = e_AgentID(v2); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_Offer_Operation(m.info); n = len(s)
    o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_OperationStatus(m.latest_status); n = len(s)
    o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.statuses:
        p = [o]
        for v5 in m.statuses:
            s = e_OperationStatus(v5); n = len(s)
            p.append(f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    s = e_UUID(m.uuid); n = len(s)
    o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Operation(b: bytes, e: int, j: int = 0, v1: FrameworkID | None = None, v2: AgentID | None = None, v3: Offer_Operation | None = None, v4: OperationStatus | None = None, v6: UUID | None = None) -> Operation:
    v5: list[OperationStatus] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('framework_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = FrameworkID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_FrameworkID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Offer_Operation(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('latest_status')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_OperationStatus(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 42:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5.append(d_OperationStatus(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 50:
                if v6 is not None: raise Again('uuid')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v6 = d_UUID(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            j = i - 2 if t in (10, 18, 26, 34, 42, 50,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v3 is None or v4 is None or v6 is None: raise Absent('Operation')
    return Operation(framework_id=v1, agent_id=v2, info=v3, latest_status=v4, statuses=v5, uuid=v6)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "MachineInfo": {
            10: (True, "operators.MachineID", ()),
            26: (True, "common.Unavailability", ()),
        },
        "Credentials": {
            10: (False, "common.Credential", ()),
        },
        "RateLimits": {
            10: (False, "operators.RateLimit", ()),
        },
        "Role": {
            26: (False, "common.FrameworkID", ()),
            34: (False, "resources.Resource", ()),
        },
        "FileInfo": {
            34: (True, "common.TimeInfo", ()),
        },
        "DeviceAccess": {
            10: (True, "containers.Device", ()),
            18: (True, "operators.DeviceAccess_Access", ()),
        },
        "DeviceWhitelist": {
            10: (False, "operators.DeviceAccess", ()),
        },
        "DrainConfig": {
            10: (True, "common.DurationInfo", ()),
        },
        "DrainInfo": {
            18: (True, "operators.DrainConfig", ()),
        },
        "CSIPluginContainerInfo": {
            18: (True, "common.CommandInfo", ()),
            26: (False, "resources.Resource", ()),
            34: (True, "containers.ContainerInfo", ()),
        },
        "CSIPluginInfo": {
            26: (False, "operators.CSIPluginContainerInfo", ()),
            34: (False, "operators.CSIPluginEndpoint", ()),
        },
        "ResourceProviderInfo_Storage": {
            10: (True, "operators.CSIPluginInfo", ()),
        },
        "ResourceProviderInfo": {
            10: (True, "common.ResourceProviderID", ()),
            18: (False, "common.Attribute", ()),
            42: (False, "resources.Resource_ReservationInfo", ()),
            50: (True, "operators.ResourceProviderInfo_Storage", ()),
        },
        "Operation": {
            10: (True, "common.FrameworkID", ()),
            18: (True, "common.AgentID", ()),
            26: (True, "cluster.Offer_Operation", ()),
            34: (True, "cluster.OperationStatus", ()),
            42: (False, "cluster.OperationStatus", ()),
            50: (True, "common.UUID", ()),
        },
    }


CODECS: dict[type, Codec] = {
    MachineID: (e_MachineID, d_MachineID, "MachineID", shapes),
    MachineInfo: (e_MachineInfo, d_MachineInfo, "MachineInfo", shapes),
    Credentials: (e_Credentials, d_Credentials, "Credentials", shapes),
    RateLimit: (e_RateLimit, d_RateLimit, "RateLimit", shapes),
    RateLimits: (e_RateLimits, d_RateLimits, "RateLimits", shapes),
    WeightInfo: (e_WeightInfo, d_WeightInfo, "WeightInfo", shapes),
    VersionInfo: (e_VersionInfo, d_VersionInfo, "VersionInfo", shapes),
    Flag: (e_Flag, d_Flag, "Flag", shapes),
    Role: (e_Role, d_Role, "Role", shapes),
    Metric: (e_Metric, d_Metric, "Metric", shapes),
    FileInfo: (e_FileInfo, d_FileInfo, "FileInfo", shapes),
    DeviceAccess_Access: (e_DeviceAccess_Access, d_DeviceAccess_Access, "DeviceAccess_Access", shapes),
    DeviceAccess: (e_DeviceAccess, d_DeviceAccess, "DeviceAccess", shapes),
    DeviceWhitelist: (e_DeviceWhitelist, d_DeviceWhitelist, "DeviceWhitelist", shapes),
    DrainConfig: (e_DrainConfig, d_DrainConfig, "DrainConfig", shapes),
    DrainInfo: (e_DrainInfo, d_DrainInfo, "DrainInfo", shapes),
    CSIPluginContainerInfo: (e_CSIPluginContainerInfo, d_CSIPluginContainerInfo, "CSIPluginContainerInfo", shapes),
    CSIPluginEndpoint: (e_CSIPluginEndpoint, d_CSIPluginEndpoint, "CSIPluginEndpoint", shapes),
    CSIPluginInfo: (e_CSIPluginInfo, d_CSIPluginInfo, "CSIPluginInfo", shapes),
    ResourceProviderInfo_Storage: (e_ResourceProviderInfo_Storage, d_ResourceProviderInfo_Storage, "ResourceProviderInfo_Storage", shapes),
    ResourceProviderInfo: (e_ResourceProviderInfo, d_ResourceProviderInfo, "ResourceProviderInfo", shapes),
    Operation: (e_Operation, d_Operation, "Operation", shapes),
}
