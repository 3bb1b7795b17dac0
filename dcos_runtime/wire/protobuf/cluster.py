"""Protobuf codecs. Who takes part: frameworks, masters, agents, and the offers between them (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/cluster.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import cluster as structs
from dcos_runtime.wire.protobuf._reading import Absent, Again, Codec, Malformed, Shape, double, entry, int32, length, uint32, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, int32_text, numbered, packed, pair, sized, uint32_text, utf8, varint_text, wrapped
from dcos_runtime.wire.protobuf.common import URL, UUID, Address, AgentID, Attribute, DomainInfo, ExecutorID, FrameworkID, Labels, OfferFilters, OfferID, OperationID, ResourceProviderID, Unavailability, Value_Scalar, d_Address, d_AgentID, d_Attribute, d_DomainInfo, d_ExecutorID, d_FrameworkID, d_Labels, d_OfferFilters, d_OfferID, d_OperationID, d_ResourceProviderID, d_URL, d_UUID, d_Unavailability, d_Value_Scalar, e_Address, e_AgentID, e_Attribute, e_DomainInfo, e_ExecutorID, e_FrameworkID, e_Labels, e_OfferFilters, e_OfferID, e_OperationID, e_ResourceProviderID, e_URL, e_UUID, e_Unavailability
from dcos_runtime.wire.protobuf.resources import Resource, Resource_AllocationInfo, Resource_DiskInfo_Source_Type, d_Resource, d_Resource_AllocationInfo, e_Resource, e_Resource_AllocationInfo, t_Resource_DiskInfo_Source_Type
from dcos_runtime.wire.protobuf.tasks import ExecutorInfo, TaskGroupInfo, TaskInfo, d_ExecutorInfo, d_TaskGroupInfo, d_TaskInfo, e_ExecutorInfo, e_TaskGroupInfo, e_TaskInfo

FrameworkInfo_Capability = structs.FrameworkInfo.Capability
FrameworkInfo = structs.FrameworkInfo
MasterInfo_Capability = structs.MasterInfo.Capability
MasterInfo = structs.MasterInfo
AgentInfo_Capability = structs.AgentInfo.Capability
AgentInfo = structs.AgentInfo
Offer_Operation_Launch = structs.Offer.Operation.Launch
Offer_Operation_LaunchGroup = structs.Offer.Operation.LaunchGroup
Offer_Operation_Reserve = structs.Offer.Operation.Reserve
Offer_Operation_Unreserve = structs.Offer.Operation.Unreserve
Offer_Operation_Create = structs.Offer.Operation.Create
Offer_Operation_Destroy = structs.Offer.Operation.Destroy
Offer_Operation_GrowVolume = structs.Offer.Operation.GrowVolume
Offer_Operation_ShrinkVolume = structs.Offer.Operation.ShrinkVolume
Offer_Operation_CreateDisk = structs.Offer.Operation.CreateDisk
Offer_Operation_DestroyDisk = structs.Offer.Operation.DestroyDisk
Offer_Operation = structs.Offer.Operation
Offer = structs.Offer
InverseOffer = structs.InverseOffer
Request = structs.Request
OperationStatus = structs.OperationStatus
OperationState = structs.OperationState
FrameworkInfo_Capability_Type = structs.FrameworkInfo.Capability.Type
MasterInfo_Capability_Type = structs.MasterInfo.Capability.Type
AgentInfo_Capability_Type = structs.AgentInfo.Capability.Type
Offer_Operation_Type = structs.Offer.Operation.Type
t_OperationState = numbered(OperationState, {"OPERATION_UNSUPPORTED": 0, "OPERATION_PENDING": 1, "OPERATION_FINISHED": 2, "OPERATION_FAILED": 3, "OPERATION_ERROR": 4, "OPERATION_DROPPED": 5, "OPERATION_UNREACHABLE": 6, "OPERATION_GONE_BY_OPERATOR": 7, "OPERATION_RECOVERING": 8, "OPERATION_UNKNOWN": 9})
t_FrameworkInfo_Capability_Type = numbered(FrameworkInfo_Capability_Type, {"UNKNOWN": 0, "REVOCABLE_RESOURCES": 1, "TASK_KILLING_STATE": 2, "GPU_RESOURCES": 3, "SHARED_RESOURCES": 4, "PARTITION_AWARE": 5, "MULTI_ROLE": 6, "RESERVATION_REFINEMENT": 7, "REGION_AWARE": 8})
t_MasterInfo_Capability_Type = numbered(MasterInfo_Capability_Type, {"UNKNOWN": 0, "AGENT_UPDATE": 1, "AGENT_DRAINING": 2, "QUOTA_V2": 3})
t_AgentInfo_Capability_Type = numbered(AgentInfo_Capability_Type, {"UNKNOWN": 0, "MULTI_ROLE": 1, "HIERARCHICAL_ROLE": 2, "RESERVATION_REFINEMENT": 3, "RESOURCE_PROVIDER": 4, "RESIZE_VOLUME": 5, "AGENT_OPERATION_FEEDBACK": 6, "AGENT_DRAINING": 7, "TASK_RESOURCE_LIMITS": 8})
t_Offer_Operation_Type = numbered(Offer_Operation_Type, {"UNKNOWN": 0, "LAUNCH": 1, "LAUNCH_GROUP": 6, "RESERVE": 2, "UNRESERVE": 3, "CREATE": 4, "DESTROY": 5, "GROW_VOLUME": 11, "SHRINK_VOLUME": 12, "CREATE_DISK": 13, "DESTROY_DISK": 14})
T_0a = heads('\x0a')
T_12 = heads('\x12')
T_1a = heads('\x1a')
T_22 = heads('\x22')
T_2a = heads('\x2a')
T_32 = heads('\x32')
T_3a = heads('\x3a')
T_42 = heads('\x42')
T_4a = heads('\x4a')
T_62 = heads('\x62')
W_0a = wrapped('\x0a')
W_12 = wrapped('\x12')
W_1a = wrapped('\x1a')
W_22 = wrapped('\x22')
W_32 = wrapped('\x32')
W_3a = wrapped('\x3a')
W_52 = wrapped('\x52')
W_62 = wrapped('\x62')


def e_FrameworkInfo_Capability(m: FrameworkInfo_Capability) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    return o


def d_FrameworkInfo_Capability(b: bytes, e: int, j: int = 0, v1: FrameworkInfo_Capability_Type | None = None) -> FrameworkInfo_Capability:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_FrameworkInfo_Capability_Type: v1 = t_FrameworkInfo_Capability_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return FrameworkInfo_Capability(type=v1)


def e_FrameworkInfo(m: FrameworkInfo) -> str:
    s = m.user
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    v3 = m.id
    if v3 is not None:
        s = v3.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_1a[n]}{s}'
        else: s = e_FrameworkID(v3); n = len(s); o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.failover_timeout
    if v4 is not None:
        o += f'\x21{packed(v4).decode("latin-1")}'
    v5 = m.checkpoint
    if v5 is not None:
        o += '\x28\x01' if v5 else '\x28\x00'
    if m.role is not None:
        s = m.role
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{s}'
    x = m.hostname
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{x}'
    x = m.principal
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_42[n] if n < 128 else sized(66, n)}{x}'
    x = m.webui_url
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_4a[n] if n < 128 else sized(74, n)}{x}'
    if m.capabilities:
        p = [o]
        for v10 in m.capabilities:
            q = ''
            w1 = v10.type
            if w1 is not None:
                q += f'\x08{w1.wire}'
            n = len(q)
            p.append(f'\x52{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    if m.labels is not None:
        v11 = m.labels
        s = e_Labels(v11); n = len(s)
        o += f'\x5a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.roles:
        p = [o]
        for v12 in m.roles:
            s = v12
            if not s.isascii(): s = utf8(s)
            n = len(s)
            p.append(f'{T_62[n] if n < 128 else sized(98, n)}{s}')
        o = ''.join(p)
    for c, v13 in m.offer_filters.items():
        s = pair(c, e_OfferFilters(v13)); n = len(s)
        o += f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_FrameworkInfo(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None, v3: FrameworkID | None = None, v4: float | None = None, v5: bool | None = None, v6: str | None = None, v7: str | None = None, v8: str | None = None, v9: str | None = None, v11: Labels | None = None, v13: dict[str, OfferFilters] | None = None, r: bool = False) -> FrameworkInfo:
    v10: list[FrameworkInfo_Capability] = []
    v12: list[str] = []
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
        if t == 26:
            if v3 is not None: raise Again('id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v3 = FrameworkID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v3 = d_FrameworkID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 33:
            v4 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 40:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v5 = n != 0
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
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v7 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 66:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v8 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 74:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v9 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 82:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v10.append(d_FrameworkInfo_Capability(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 90:
                r = True
                if v11 is not None: raise Again('labels')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v11 = d_Labels(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            while t == 98:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v12.append(b[i:j].decode())
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                while t == 106:
                    r = True
                    if v13 is None: v13 = {}
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    c, v13[c] = entry(b[i:j], n, d_OfferFilters)
                    if j >= e: break
                    t = b[j]; i = j + 2
                else:
                    j = i - 2 if t in (10, 18, 26, 33, 40, 50, 58, 66, 74, 82, 90, 98, 106,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('FrameworkInfo')
    if not r: return FrameworkInfo(user=v1, name=v2, id=v3, failover_timeout=v4, checkpoint=v5, roles=v12, hostname=v7, principal=v8, webui_url=v9, capabilities=v10)
    return FrameworkInfo(user=v1, name=v2, id=v3, failover_timeout=v4, checkpoint=v5, role=v6, roles=v12, hostname=v7, principal=v8, webui_url=v9, capabilities=v10, labels=v11, offer_filters=v13 or {})


def e_MasterInfo_Capability(m: MasterInfo_Capability) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    return o


def d_MasterInfo_Capability(b: bytes, e: int, j: int = 0, v1: MasterInfo_Capability_Type | None = None) -> MasterInfo_Capability:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_MasterInfo_Capability_Type: v1 = t_MasterInfo_Capability_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return MasterInfo_Capability(type=v1)


def e_MasterInfo(m: MasterInfo) -> str:
    s = m.id
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    i = m.ip
    o += f'\x10{uint32_text(i) if i >> 14 else SHORT[i]}'
    i = m.port
    o += f'\x18{uint32_text(i) if i >> 14 else SHORT[i]}'
    x = m.pid
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{x}'
    x = m.hostname
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{x}'
    x = m.version
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{x}'
    v7 = m.address
    if v7 is not None:
        s = e_Address(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v8 = m.domain
    if v8 is not None:
        s = e_DomainInfo(v8); n = len(s)
        o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.capabilities:
        p = [o]
        for v9 in m.capabilities:
            q = ''
            w1 = v9.type
            if w1 is not None:
                q += f'\x08{w1.wire}'
            n = len(q)
            p.append(f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_MasterInfo(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: int | None = None, v3: int | None = None, v4: str | None = None, v5: str | None = None, v6: str | None = None, v7: Address | None = None, v8: DomainInfo | None = None) -> MasterInfo:
    v9: list[MasterInfo_Capability] = []
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
                    if v2 >> 32: v2 = uint32(v2)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            v3 = b[i - 1]; j = i
            if v3 > 127:
                t = b[j]; j += 1
                if t < 128: v3 += (t << 7) - 128
                else:
                    v3, j = varint(b, i - 1)
                    if v3 >> 32: v3 = uint32(v3)
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
            if v7 is not None: raise Again('address')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v7 = d_Address(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 66:
            if v8 is not None: raise Again('domain')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v8 = d_DomainInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 74:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v9.append(d_MasterInfo_Capability(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10, 16, 24, 34, 42, 50, 58, 66, 74,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None: raise Absent('MasterInfo')
    return MasterInfo(id=v1, ip=v2, port=v3, pid=v4, hostname=v5, version=v6, address=v7, domain=v8, capabilities=v9)


def e_AgentInfo_Capability(m: AgentInfo_Capability) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    return o


def d_AgentInfo_Capability(b: bytes, e: int, j: int = 0, v1: AgentInfo_Capability_Type | None = None) -> AgentInfo_Capability:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_AgentInfo_Capability_Type: v1 = t_AgentInfo_Capability_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return AgentInfo_Capability(type=v1)


def e_AgentInfo(m: AgentInfo) -> str:
    s = m.hostname
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    if m.resources:
        p = [o]
        for v3 in m.resources:
            s = e_Resource(v3); n = len(s)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.attributes:
        p = [o]
        for v5 in m.attributes:
            s = e_Attribute(v5); n = len(s)
            p.append(f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v6 = m.id
    if v6 is not None:
        s = v6.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_32[n]}{s}'
        else: s = e_AgentID(v6); n = len(s); o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v8 = m.port
    if v8 is not None:
        o += f'\x40{int32_text(v8) if v8 >> 14 else SHORT[v8]}'
    if m.domain is not None:
        v10 = m.domain
        s = e_DomainInfo(v10); n = len(s)
        o += f'\x52{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_AgentInfo(b: bytes, e: int, j: int = 0, v1: str | None = None, v6: AgentID | None = None, v8: int | None = None, v10: DomainInfo | None = None, r: bool = False) -> AgentInfo:
    v3: list[Resource] = []
    v5: list[Attribute] = []
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
            while t == 42:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v5.append(d_Attribute(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                if t == 50:
                    if v6 is not None: raise Again('id')
                    n = b[i - 1]; j = i + n
                    if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v6 = AgentID(value=b[i + 2 : j].decode())
                    else: n, i = length(b, i - 1); j = i + n; v6 = d_AgentID(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 64:
                    v8 = b[i - 1]; j = i
                    if v8 > 127:
                        t = b[j]; j += 1
                        if t < 128: v8 += (t << 7) - 128
                        else:
                            v8, j = varint(b, i - 1)
                            if v8 >> 31: v8 = int32(v8)
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 82:
                    r = True
                    if v10 is not None: raise Again('domain')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v10 = d_DomainInfo(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                j = i - 2 if t in (10, 26, 42, 50, 64, 82,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('AgentInfo')
    if not r: return AgentInfo(hostname=v1, port=v8, resources=v3, attributes=v5, id=v6)
    return AgentInfo(hostname=v1, port=v8, resources=v3, attributes=v5, id=v6, domain=v10)


def e_Offer_Operation_Launch(m: Offer_Operation_Launch) -> str:
    o = ''
    if m.task_infos:
        p = [o]
        for v1 in m.task_infos:
            s = e_TaskInfo(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Offer_Operation_Launch(b: bytes, e: int, j: int = 0) -> Offer_Operation_Launch:
    v1: list[TaskInfo] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_TaskInfo(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Offer_Operation_Launch(task_infos=v1)


def e_Offer_Operation_LaunchGroup(m: Offer_Operation_LaunchGroup) -> str:
    s = e_ExecutorInfo(m.executor); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_TaskGroupInfo(m.task_group); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Offer_Operation_LaunchGroup(b: bytes, e: int, j: int = 0, v1: ExecutorInfo | None = None, v2: TaskGroupInfo | None = None) -> Offer_Operation_LaunchGroup:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('executor')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ExecutorInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('task_group')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_TaskGroupInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Offer.Operation.LaunchGroup')
    return Offer_Operation_LaunchGroup(executor=v1, task_group=v2)


def e_Offer_Operation_Reserve(m: Offer_Operation_Reserve) -> str:
    o = ''
    if m.resources:
        p = [o]
        for v1 in m.resources:
            s = e_Resource(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.source:
        p = [o]
        for v2 in m.source:
            s = e_Resource(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Offer_Operation_Reserve(b: bytes, e: int, j: int = 0) -> Offer_Operation_Reserve:
    v1: list[Resource] = []
    v2: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Resource(b[i:j], n))
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
                v2.append(d_Resource(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Offer_Operation_Reserve(source=v2, resources=v1)


def e_Offer_Operation_Unreserve(m: Offer_Operation_Unreserve) -> str:
    o = ''
    if m.resources:
        p = [o]
        for v1 in m.resources:
            s = e_Resource(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Offer_Operation_Unreserve(b: bytes, e: int, j: int = 0) -> Offer_Operation_Unreserve:
    v1: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Resource(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Offer_Operation_Unreserve(resources=v1)


def e_Offer_Operation_Create(m: Offer_Operation_Create) -> str:
    o = ''
    if m.volumes:
        p = [o]
        for v1 in m.volumes:
            s = e_Resource(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Offer_Operation_Create(b: bytes, e: int, j: int = 0) -> Offer_Operation_Create:
    v1: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Resource(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Offer_Operation_Create(volumes=v1)


def e_Offer_Operation_Destroy(m: Offer_Operation_Destroy) -> str:
    o = ''
    if m.volumes:
        p = [o]
        for v1 in m.volumes:
            s = e_Resource(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Offer_Operation_Destroy(b: bytes, e: int, j: int = 0) -> Offer_Operation_Destroy:
    v1: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Resource(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Offer_Operation_Destroy(volumes=v1)


def e_Offer_Operation_GrowVolume(m: Offer_Operation_GrowVolume) -> str:
    s = e_Resource(m.volume); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_Resource(m.addition); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Offer_Operation_GrowVolume(b: bytes, e: int, j: int = 0, v1: Resource | None = None, v2: Resource | None = None) -> Offer_Operation_GrowVolume:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('volume')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Resource(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('addition')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Resource(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Offer.Operation.GrowVolume')
    return Offer_Operation_GrowVolume(volume=v1, addition=v2)


def e_Offer_Operation_ShrinkVolume(m: Offer_Operation_ShrinkVolume) -> str:
    s = e_Resource(m.volume); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}\x12\x09\x09{packed(m.subtract.value).decode("latin-1")}'
    return o


def d_Offer_Operation_ShrinkVolume(b: bytes, e: int, j: int = 0, v1: Resource | None = None, v2: Value_Scalar | None = None) -> Offer_Operation_ShrinkVolume:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('volume')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Resource(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('subtract')
            n = b[i - 1]; j = i + 9
            if n == 9 and b[i] == 9: v2 = Value_Scalar(value=double(b, i + 1)[0])
            else: n, i = length(b, i - 1); j = i + n; v2 = d_Value_Scalar(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Offer.Operation.ShrinkVolume')
    return Offer_Operation_ShrinkVolume(volume=v1, subtract=v2)


def e_Offer_Operation_CreateDisk(m: Offer_Operation_CreateDisk) -> str:
    s = e_Resource(m.source); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}\x10{m.target_type.wire}'
    x = m.target_profile
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
    return o


def d_Offer_Operation_CreateDisk(b: bytes, e: int, j: int = 0, v1: Resource | None = None, v2: Resource_DiskInfo_Source_Type | None = None, v3: str | None = None) -> Offer_Operation_CreateDisk:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('source')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Resource(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Resource_DiskInfo_Source_Type: v2 = t_Resource_DiskInfo_Source_Type[n]
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
        j = i - 2 if t in (10, 16, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Offer.Operation.CreateDisk')
    return Offer_Operation_CreateDisk(source=v1, target_type=v2, target_profile=v3)


def e_Offer_Operation_DestroyDisk(m: Offer_Operation_DestroyDisk) -> str:
    s = e_Resource(m.source); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Offer_Operation_DestroyDisk(b: bytes, e: int, j: int = 0, v1: Resource | None = None) -> Offer_Operation_DestroyDisk:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('source')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Resource(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Offer.Operation.DestroyDisk')
    return Offer_Operation_DestroyDisk(source=v1)


def e_Offer_Operation(m: Offer_Operation) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.launch
    if v2 is not None:
        s = e_Offer_Operation_Launch(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.reserve is not None:
        v3 = m.reserve
        s = e_Offer_Operation_Reserve(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.unreserve is not None:
        v4 = m.unreserve
        s = e_Offer_Operation_Unreserve(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.create is not None:
        v5 = m.create
        s = e_Offer_Operation_Create(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.destroy is not None:
        v6 = m.destroy
        s = e_Offer_Operation_Destroy(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.launch_group is not None:
        v7 = m.launch_group
        s = e_Offer_Operation_LaunchGroup(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.id is not None:
        v12 = m.id
        s = v12.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_62[n]}{s}'
        else: s = e_OperationID(v12); n = len(s); o += f'\x62{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.grow_volume is not None:
        v13 = m.grow_volume
        s = e_Offer_Operation_GrowVolume(v13); n = len(s)
        o += f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.shrink_volume is not None:
        v14 = m.shrink_volume
        s = e_Offer_Operation_ShrinkVolume(v14); n = len(s)
        o += f'\x72{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.create_disk is not None:
        v15 = m.create_disk
        s = e_Offer_Operation_CreateDisk(v15); n = len(s)
        o += f'\x7a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.destroy_disk is not None:
        v16 = m.destroy_disk
        s = e_Offer_Operation_DestroyDisk(v16); n = len(s)
        o += f'\x82\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Offer_Operation(b: bytes, e: int, j: int = 0, v1: Offer_Operation_Type | None = None, v2: Offer_Operation_Launch | None = None, v3: Offer_Operation_Reserve | None = None, v4: Offer_Operation_Unreserve | None = None, v5: Offer_Operation_Create | None = None, v6: Offer_Operation_Destroy | None = None, v7: Offer_Operation_LaunchGroup | None = None, v12: OperationID | None = None, v13: Offer_Operation_GrowVolume | None = None, v14: Offer_Operation_ShrinkVolume | None = None, v15: Offer_Operation_CreateDisk | None = None, v16: Offer_Operation_DestroyDisk | None = None, r: bool = False) -> Offer_Operation:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Offer_Operation_Type: v1 = t_Offer_Operation_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('launch')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Offer_Operation_Launch(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t < 130:
            if t == 26:
                r = True
                if v3 is not None: raise Again('reserve')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v3 = d_Offer_Operation_Reserve(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 34:
                r = True
                if v4 is not None: raise Again('unreserve')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v4 = d_Offer_Operation_Unreserve(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 42:
                r = True
                if v5 is not None: raise Again('create')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v5 = d_Offer_Operation_Create(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 50:
                r = True
                if v6 is not None: raise Again('destroy')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v6 = d_Offer_Operation_Destroy(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 58:
                r = True
                if v7 is not None: raise Again('launch_group')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v7 = d_Offer_Operation_LaunchGroup(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 98:
                r = True
                if v12 is not None: raise Again('id')
                n = b[i - 1]; j = i + n
                if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v12 = OperationID(value=b[i + 2 : j].decode())
                else: n, i = length(b, i - 1); j = i + n; v12 = d_OperationID(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 106:
                r = True
                if v13 is not None: raise Again('grow_volume')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v13 = d_Offer_Operation_GrowVolume(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 114:
                r = True
                if v14 is not None: raise Again('shrink_volume')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v14 = d_Offer_Operation_ShrinkVolume(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 122:
                r = True
                if v15 is not None: raise Again('create_disk')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v15 = d_Offer_Operation_CreateDisk(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
        if t == 130 and b[i - 1] == 1:
            i += 1
            r = True
            if v16 is not None: raise Again('destroy_disk')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v16 = d_Offer_Operation_DestroyDisk(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34, 42, 50, 58, 98, 106, 114, 122,) or (t in (130,) and b[i - 1] == 1) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if not r: return Offer_Operation(type=v1, launch=v2)
    return Offer_Operation(type=v1, id=v12, launch=v2, launch_group=v7, reserve=v3, unreserve=v4, create=v5, destroy=v6, grow_volume=v13, shrink_volume=v14, create_disk=v15, destroy_disk=v16)


def e_Offer(m: Offer) -> str:
    o = ''
    s = m.id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_OfferID(m.id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.framework_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_FrameworkID(m.framework_id); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_1a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.hostname
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o += f'{T_22[n] if n < 128 else sized(34, n)}{s}'
    if m.resources:
        p = [o]
        for v5 in m.resources:
            s = e_Resource(v5); n = len(s)
            p.append(f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.executor_ids:
        p = [o]
        for v6 in m.executor_ids:
            s = v6.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: p.append(f'{W_32[n]}{s}')
            else: s = e_ExecutorID(v6); n = len(s); p.append(f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.attributes:
        p = [o]
        for v7 in m.attributes:
            s = e_Attribute(v7); n = len(s)
            p.append(f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v8 = m.url
    if v8 is not None:
        s = e_URL(v8); n = len(s)
        o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.unavailability is not None:
        v9 = m.unavailability
        s = e_Unavailability(v9); n = len(s)
        o += f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v10 = m.allocation_info
    if v10 is not None:
        x = v10.role
        if x is None: o += '\x52\x00'
        else:
            if not x.isascii(): x = utf8(x)
            n = len(x)
            if n < 126: o += f'{W_52[n]}{x}'
            else: s = e_Resource_AllocationInfo(v10); n = len(s); o += f'\x52{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.domain is not None:
        v11 = m.domain
        s = e_DomainInfo(v11); n = len(s)
        o += f'\x5a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Offer(b: bytes, e: int, j: int = 0, v1: OfferID | None = None, v2: FrameworkID | None = None, v3: AgentID | None = None, v4: str | None = None, v8: URL | None = None, v9: Unavailability | None = None, v10: Resource_AllocationInfo | None = None, v11: DomainInfo | None = None, r: bool = False) -> Offer:
    v5: list[Resource] = []
    v6: list[ExecutorID] = []
    v7: list[Attribute] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = OfferID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_OfferID(b[i:j], n)
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
            if v3 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v3 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v3 = d_AgentID(b[i:j], n)
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
            v5.append(d_Resource(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 50:
                n = b[i - 1]; j = i + n
                if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v6.append(ExecutorID(value=b[i + 2 : j].decode()))
                else: n, i = length(b, i - 1); j = i + n; v6.append(d_ExecutorID(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                while t == 58:
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v7.append(d_Attribute(b[i:j], n))
                    if j >= e: break
                    t = b[j]; i = j + 2
                else:
                    if t == 66:
                        if v8 is not None: raise Again('url')
                        n = b[i - 1]
                        if n > 127:
                            t = b[i]; i += 1
                            if t < 128: n += (t << 7) - 128
                            else: n, i = length(b, i - 2)
                        j = i + n
                        v8 = d_URL(b[i:j], n)
                        if j >= e: break
                        t = b[j]; i = j + 2
                    if t == 74:
                        r = True
                        if v9 is not None: raise Again('unavailability')
                        n = b[i - 1]
                        if n > 127:
                            t = b[i]; i += 1
                            if t < 128: n += (t << 7) - 128
                            else: n, i = length(b, i - 2)
                        j = i + n
                        v9 = d_Unavailability(b[i:j], n)
                        if j >= e: break
                        t = b[j]; i = j + 2
                    if t == 82:
                        if v10 is not None: raise Again('allocation_info')
                        n = b[i - 1]; j = i + n
                        if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v10 = Resource_AllocationInfo(role=b[i + 2 : j].decode())
                        else: n, i = length(b, i - 1); j = i + n; v10 = d_Resource_AllocationInfo(b[i:j], n)
                        if j >= e: break
                        t = b[j]; i = j + 2
                    if t == 90:
                        r = True
                        if v11 is not None: raise Again('domain')
                        n = b[i - 1]
                        if n > 127:
                            t = b[i]; i += 1
                            if t < 128: n += (t << 7) - 128
                            else: n, i = length(b, i - 2)
                        j = i + n
                        v11 = d_DomainInfo(b[i:j], n)
                        if j >= e: break
                        t = b[j]; i = j + 2
                    j = i - 2 if t in (10, 18, 26, 34, 42, 50, 58, 66, 74, 82, 90,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None or v4 is None: raise Absent('Offer')
    if not r: return Offer(id=v1, framework_id=v2, agent_id=v3, hostname=v4, url=v8, resources=v5, attributes=v7, executor_ids=v6, allocation_info=v10)
    return Offer(id=v1, framework_id=v2, agent_id=v3, hostname=v4, url=v8, domain=v11, resources=v5, attributes=v7, executor_ids=v6, unavailability=v9, allocation_info=v10)


def e_InverseOffer(m: InverseOffer) -> str:
    o = ''
    s = m.id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_OfferID(m.id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.url
    if v2 is not None:
        s = e_URL(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.framework_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_1a[n]}{s}'
    else: s = e_FrameworkID(m.framework_id); n = len(s); o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.agent_id
    if v4 is not None:
        s = v4.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_22[n]}{s}'
        else: s = e_AgentID(v4); n = len(s); o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_Unavailability(m.unavailability); n = len(s)
    o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.resources:
        p = [o]
        for v6 in m.resources:
            s = e_Resource(v6); n = len(s)
            p.append(f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_InverseOffer(b: bytes, e: int, j: int = 0, v1: OfferID | None = None, v2: URL | None = None, v3: FrameworkID | None = None, v4: AgentID | None = None, v5: Unavailability | None = None) -> InverseOffer:
    v6: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = OfferID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_OfferID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('url')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_URL(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('framework_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v3 = FrameworkID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v3 = d_FrameworkID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v4 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v4 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('unavailability')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_Unavailability(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 50:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6.append(d_Resource(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10, 18, 26, 34, 42, 50,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v3 is None or v5 is None: raise Absent('InverseOffer')
    return InverseOffer(id=v1, url=v2, framework_id=v3, agent_id=v4, unavailability=v5, resources=v6)


def e_Request(m: Request) -> str:
    o = ''
    v1 = m.agent_id
    if v1 is not None:
        s = v1.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_0a[n]}{s}'
        else: s = e_AgentID(v1); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.resources:
        p = [o]
        for v2 in m.resources:
            s = e_Resource(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Request(b: bytes, e: int, j: int = 0, v1: AgentID | None = None) -> Request:
    v2: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2.append(d_Resource(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Request(agent_id=v1, resources=v2)


def e_OperationStatus(m: OperationStatus) -> str:
    o = ''
    v1 = m.operation_id
    if v1 is not None:
        s = v1.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_0a[n]}{s}'
        else: s = e_OperationID(v1); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    o += f'\x10{m.state.wire}'
    x = m.message
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
    if m.converted_resources:
        p = [o]
        for v4 in m.converted_resources:
            s = e_Resource(v4); n = len(s)
            p.append(f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v5 = m.uuid
    if v5 is not None:
        s = e_UUID(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.agent_id
    if v6 is not None:
        s = v6.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_32[n]}{s}'
        else: s = e_AgentID(v6); n = len(s); o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v7 = m.resource_provider_id
    if v7 is not None:
        s = v7.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_3a[n]}{s}'
        else: s = e_ResourceProviderID(v7); n = len(s); o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_OperationStatus(b: bytes, e: int, j: int = 0, v1: OperationID | None = None, v2: OperationState | None = None, v3: str | None = None, v5: UUID | None = None, v6: AgentID | None = None, v7: ResourceProviderID | None = None) -> OperationStatus:
    v4: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('operation_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = OperationID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_OperationID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_OperationState: v2 = t_OperationState[n]
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
            if t == 42:
                if v5 is not None: raise Again('uuid')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v5 = d_UUID(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 50:
                if v6 is not None: raise Again('agent_id')
                n = b[i - 1]; j = i + n
                if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v6 = AgentID(value=b[i + 2 : j].decode())
                else: n, i = length(b, i - 1); j = i + n; v6 = d_AgentID(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 58:
                if v7 is not None: raise Again('resource_provider_id')
                n = b[i - 1]; j = i + n
                if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v7 = ResourceProviderID(value=b[i + 2 : j].decode())
                else: n, i = length(b, i - 1); j = i + n; v7 = d_ResourceProviderID(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            j = i - 2 if t in (10, 16, 26, 34, 42, 50, 58,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v2 is None: raise Absent('OperationStatus')
    return OperationStatus(operation_id=v1, state=v2, message=v3, converted_resources=v4, uuid=v5, agent_id=v6, resource_provider_id=v7)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "FrameworkInfo": {
            26: (True, "common.FrameworkID", ()),
            82: (False, "cluster.FrameworkInfo_Capability", ()),
            90: (True, "common.Labels", ()),
            106: (False, "cluster.FrameworkInfo.offer_filters", ()),
        },
        "FrameworkInfo.offer_filters": {18: (True, "common.OfferFilters", ())},
        "MasterInfo": {
            58: (True, "common.Address", ()),
            66: (True, "common.DomainInfo", ()),
            74: (False, "cluster.MasterInfo_Capability", ()),
        },
        "AgentInfo": {
            26: (False, "resources.Resource", ()),
            42: (False, "common.Attribute", ()),
            50: (True, "common.AgentID", ()),
            82: (True, "common.DomainInfo", ()),
        },
        "Offer_Operation_Launch": {
            10: (False, "tasks.TaskInfo", ()),
        },
        "Offer_Operation_LaunchGroup": {
            10: (True, "tasks.ExecutorInfo", ()),
            18: (True, "tasks.TaskGroupInfo", ()),
        },
        "Offer_Operation_Reserve": {
            18: (False, "resources.Resource", ()),
            10: (False, "resources.Resource", ()),
        },
        "Offer_Operation_Unreserve": {
            10: (False, "resources.Resource", ()),
        },
        "Offer_Operation_Create": {
            10: (False, "resources.Resource", ()),
        },
        "Offer_Operation_Destroy": {
            10: (False, "resources.Resource", ()),
        },
        "Offer_Operation_GrowVolume": {
            10: (True, "resources.Resource", ()),
            18: (True, "resources.Resource", ()),
        },
        "Offer_Operation_ShrinkVolume": {
            10: (True, "resources.Resource", ()),
            18: (True, "common.Value_Scalar", ()),
        },
        "Offer_Operation_CreateDisk": {
            10: (True, "resources.Resource", ()),
        },
        "Offer_Operation_DestroyDisk": {
            10: (True, "resources.Resource", ()),
        },
        "Offer_Operation": {
            98: (True, "common.OperationID", ()),
            18: (True, "cluster.Offer_Operation_Launch", ()),
            58: (True, "cluster.Offer_Operation_LaunchGroup", ()),
            26: (True, "cluster.Offer_Operation_Reserve", ()),
            34: (True, "cluster.Offer_Operation_Unreserve", ()),
            42: (True, "cluster.Offer_Operation_Create", ()),
            50: (True, "cluster.Offer_Operation_Destroy", ()),
            106: (True, "cluster.Offer_Operation_GrowVolume", ()),
            114: (True, "cluster.Offer_Operation_ShrinkVolume", ()),
            122: (True, "cluster.Offer_Operation_CreateDisk", ()),
            130: (True, "cluster.Offer_Operation_DestroyDisk", ()),
        },
        "Offer": {
            10: (True, "common.OfferID", ()),
            18: (True, "common.FrameworkID", ()),
            26: (True, "common.AgentID", ()),
            66: (True, "common.URL", ()),
            90: (True, "common.DomainInfo", ()),
            42: (False, "resources.Resource", ()),
            58: (False, "common.Attribute", ()),
            50: (False, "common.ExecutorID", ()),
            74: (True, "common.Unavailability", ()),
            82: (True, "resources.Resource_AllocationInfo", ()),
        },
        "InverseOffer": {
            10: (True, "common.OfferID", ()),
            18: (True, "common.URL", ()),
            26: (True, "common.FrameworkID", ()),
            34: (True, "common.AgentID", ()),
            42: (True, "common.Unavailability", ()),
            50: (False, "resources.Resource", ()),
        },
        "Request": {
            10: (True, "common.AgentID", ()),
            18: (False, "resources.Resource", ()),
        },
        "OperationStatus": {
            10: (True, "common.OperationID", ()),
            34: (False, "resources.Resource", ()),
            42: (True, "common.UUID", ()),
            50: (True, "common.AgentID", ()),
            58: (True, "common.ResourceProviderID", ()),
        },
    }


CODECS: dict[type, Codec] = {
    FrameworkInfo_Capability: (e_FrameworkInfo_Capability, d_FrameworkInfo_Capability, "FrameworkInfo_Capability", shapes),
    FrameworkInfo: (e_FrameworkInfo, d_FrameworkInfo, "FrameworkInfo", shapes),
    MasterInfo_Capability: (e_MasterInfo_Capability, d_MasterInfo_Capability, "MasterInfo_Capability", shapes),
    MasterInfo: (e_MasterInfo, d_MasterInfo, "MasterInfo", shapes),
    AgentInfo_Capability: (e_AgentInfo_Capability, d_AgentInfo_Capability, "AgentInfo_Capability", shapes),
    AgentInfo: (e_AgentInfo, d_AgentInfo, "AgentInfo", shapes),
    Offer_Operation_Launch: (e_Offer_Operation_Launch, d_Offer_Operation_Launch, "Offer_Operation_Launch", shapes),
    Offer_Operation_LaunchGroup: (e_Offer_Operation_LaunchGroup, d_Offer_Operation_LaunchGroup, "Offer_Operation_LaunchGroup", shapes),
    Offer_Operation_Reserve: (e_Offer_Operation_Reserve, d_Offer_Operation_Reserve, "Offer_Operation_Reserve", shapes),
    Offer_Operation_Unreserve: (e_Offer_Operation_Unreserve, d_Offer_Operation_Unreserve, "Offer_Operation_Unreserve", shapes),
    Offer_Operation_Create: (e_Offer_Operation_Create, d_Offer_Operation_Create, "Offer_Operation_Create", shapes),
    Offer_Operation_Destroy: (e_Offer_Operation_Destroy, d_Offer_Operation_Destroy, "Offer_Operation_Destroy", shapes),
    Offer_Operation_GrowVolume: (e_Offer_Operation_GrowVolume, d_Offer_Operation_GrowVolume, "Offer_Operation_GrowVolume", shapes),
    Offer_Operation_ShrinkVolume: (e_Offer_Operation_ShrinkVolume, d_Offer_Operation_ShrinkVolume, "Offer_Operation_ShrinkVolume", shapes),
    Offer_Operation_CreateDisk: (e_Offer_Operation_CreateDisk, d_Offer_Operation_CreateDisk, "Offer_Operation_CreateDisk", shapes),
    Offer_Operation_DestroyDisk: (e_Offer_Operation_DestroyDisk, d_Offer_Operation_DestroyDisk, "Offer_Operation_DestroyDisk", shapes),
    Offer_Operation: (e_Offer_Operation, d_Offer_Operation, "Offer_Operation", shapes),
    Offer: (e_Offer, d_Offer, "Offer", shapes),
    InverseOffer: (e_InverseOffer, d_InverseOffer, "InverseOffer", shapes),
    Request: (e_Request, d_Request, "Request", shapes),
    OperationStatus: (e_OperationStatus, d_OperationStatus, "OperationStatus", shapes),
}
