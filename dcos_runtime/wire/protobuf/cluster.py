"""Protobuf codecs. Who takes part: frameworks, masters, agents, and the offers between them (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/cluster.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import cluster as structs
from dcos_runtime.wire.protobuf._reading import Absent, Again, Codec, Malformed, Shape, double, entry, int32, length, uint32, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, int32_text, numbered, packed, pair, sized, uint32_text, utf8, wrapped
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
T_52 = heads('\x52')
T_5a = heads('\x5a')
T_62 = heads('\x62')
T_6a = heads('\x6a')
T_72 = heads('\x72')
T_7a = heads('\x7a')
T_8201 = heads('\x82\x01')
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


def d_FrameworkInfo_Capability(b: bytes, i: int, e: int) -> FrameworkInfo_Capability:
    v1: FrameworkInfo_Capability_Type | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v1 = t_FrameworkInfo_Capability_Type.get(n, v1)
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
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
        else: s = e_FrameworkID(v3); n = len(s); o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    v4 = m.failover_timeout
    if v4 is not None:
        o += f'\x21{packed(v4).decode("latin-1")}'
    v5 = m.checkpoint
    if v5 is not None:
        o += '\x28\x01' if v5 else '\x28\x00'
    v6 = m.role
    if v6 is not None:
        s = v6
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{s}'
    v7 = m.hostname
    if v7 is not None:
        s = v7
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{s}'
    v8 = m.principal
    if v8 is not None:
        s = v8
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_42[n] if n < 128 else sized(66, n)}{s}'
    v9 = m.webui_url
    if v9 is not None:
        s = v9
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_4a[n] if n < 128 else sized(74, n)}{s}'
    if m.capabilities:
        p = [o]
        for v10 in m.capabilities:
            s = e_FrameworkInfo_Capability(v10); n = len(s)
            p.append(f'{T_52[n] if n < 128 else sized(82, n)}{s}')
        o = ''.join(p)
    v11 = m.labels
    if v11 is not None:
        s = e_Labels(v11); n = len(s)
        o += f'{T_5a[n] if n < 128 else sized(90, n)}{s}'
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
        o += f'{T_6a[n] if n < 128 else sized(106, n)}{s}'
    return o


def d_FrameworkInfo(b: bytes, i: int, e: int) -> FrameworkInfo:
    v1: str | None = None
    v2: str | None = None
    v3: FrameworkID | None = None
    v4: float | None = None
    v5: bool | None = None
    v6: str | None = None
    v7: str | None = None
    v8: str | None = None
    v9: str | None = None
    v10: list[FrameworkInfo_Capability] = []
    v11: Labels | None = None
    v12: list[str] = []
    v13: dict[str, OfferFilters] | None = None
    r = False
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
        if t == 26:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v3 is not None: raise Again('id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v3 = FrameworkID(value=b[i + 2 : j].decode())
            else: v3 = d_FrameworkID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 33:
            v4 = double(b, i)[0]; i += 8
            if i >= e: break
            t = b[i]; i += 1
        if t == 40:
            n = b[i]; i += 1
            if n > 127: n, i = varint(b, i - 1)
            v5 = n != 0
            if i >= e: break
            t = b[i]; i += 1
        if t == 50:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v6 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 58:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v7 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 66:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v8 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 74:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v9 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        while t == 82:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v10.append(d_FrameworkInfo_Capability(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            if t == 90:
                r = True
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v11 is not None: raise Again('labels')
                v11 = d_Labels(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            while t == 98:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                v12.append(b[i:j].decode()); i = j
                if i >= e: break
                t = b[i]; i += 1
            else:
                while t == 106:
                    r = True
                    if v13 is None: v13 = {}
                    n = b[i]; i += 1
                    if n > 127: n, i = length(b, i - 1)
                    j = i + n
                    c, v13[c] = entry(b, i, j, d_OfferFilters); i = j
                    if i >= e: break
                    t = b[i]; i += 1
                else:
                    i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('FrameworkInfo')
    if not r: return FrameworkInfo(user=v1, name=v2, id=v3, failover_timeout=v4, checkpoint=v5, roles=v12, hostname=v7, principal=v8, webui_url=v9, capabilities=v10)
    return FrameworkInfo(user=v1, name=v2, id=v3, failover_timeout=v4, checkpoint=v5, role=v6, roles=v12, hostname=v7, principal=v8, webui_url=v9, capabilities=v10, labels=v11, offer_filters=v13 or {})


def e_MasterInfo_Capability(m: MasterInfo_Capability) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    return o


def d_MasterInfo_Capability(b: bytes, i: int, e: int) -> MasterInfo_Capability:
    v1: MasterInfo_Capability_Type | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v1 = t_MasterInfo_Capability_Type.get(n, v1)
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return MasterInfo_Capability(type=v1)


def e_MasterInfo(m: MasterInfo) -> str:
    s = m.id
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    i = m.ip
    o += f'\x10{SHORT[i] if 0 <= i < 1024 else uint32_text(i)}'
    i = m.port
    o += f'\x18{SHORT[i] if 0 <= i < 1024 else uint32_text(i)}'
    v4 = m.pid
    if v4 is not None:
        s = v4
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{s}'
    v5 = m.hostname
    if v5 is not None:
        s = v5
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{s}'
    v6 = m.version
    if v6 is not None:
        s = v6
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{s}'
    v7 = m.address
    if v7 is not None:
        s = e_Address(v7); n = len(s)
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{s}'
    v8 = m.domain
    if v8 is not None:
        s = e_DomainInfo(v8); n = len(s)
        o += f'{T_42[n] if n < 128 else sized(66, n)}{s}'
    if m.capabilities:
        p = [o]
        for v9 in m.capabilities:
            s = e_MasterInfo_Capability(v9); n = len(s)
            p.append(f'{T_4a[n] if n < 128 else sized(74, n)}{s}')
        o = ''.join(p)
    return o


def d_MasterInfo(b: bytes, i: int, e: int) -> MasterInfo:
    v1: str | None = None
    v2: int | None = None
    v3: int | None = None
    v4: str | None = None
    v5: str | None = None
    v6: str | None = None
    v7: Address | None = None
    v8: DomainInfo | None = None
    v9: list[MasterInfo_Capability] = []
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 16:
            n = b[i]; i += 1
            if n > 127: n, i = uint32(b, i - 1)
            v2 = n
            if i >= e: break
            t = b[i]; i += 1
        if t == 24:
            n = b[i]; i += 1
            if n > 127: n, i = uint32(b, i - 1)
            v3 = n
            if i >= e: break
            t = b[i]; i += 1
        if t == 34:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v4 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 42:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v5 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 50:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v6 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 58:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v7 is not None: raise Again('address')
            v7 = d_Address(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 66:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v8 is not None: raise Again('domain')
            v8 = d_DomainInfo(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        while t == 74:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v9.append(d_MasterInfo_Capability(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None: raise Absent('MasterInfo')
    return MasterInfo(id=v1, ip=v2, port=v3, pid=v4, hostname=v5, version=v6, address=v7, domain=v8, capabilities=v9)


def e_AgentInfo_Capability(m: AgentInfo_Capability) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    return o


def d_AgentInfo_Capability(b: bytes, i: int, e: int) -> AgentInfo_Capability:
    v1: AgentInfo_Capability_Type | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v1 = t_AgentInfo_Capability_Type.get(n, v1)
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
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
            p.append(f'{T_1a[n] if n < 128 else sized(26, n)}{s}')
        o = ''.join(p)
    if m.attributes:
        p = [o]
        for v5 in m.attributes:
            s = e_Attribute(v5); n = len(s)
            p.append(f'{T_2a[n] if n < 128 else sized(42, n)}{s}')
        o = ''.join(p)
    v6 = m.id
    if v6 is not None:
        s = v6.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_32[n]}{s}'
        else: s = e_AgentID(v6); n = len(s); o += f'{T_32[n] if n < 128 else sized(50, n)}{s}'
    v8 = m.port
    if v8 is not None:
        o += f'\x40{SHORT[v8] if 0 <= v8 < 1024 else int32_text(v8)}'
    v10 = m.domain
    if v10 is not None:
        s = e_DomainInfo(v10); n = len(s)
        o += f'{T_52[n] if n < 128 else sized(82, n)}{s}'
    return o


def d_AgentInfo(b: bytes, i: int, e: int) -> AgentInfo:
    v1: str | None = None
    v3: list[Resource] = []
    v5: list[Attribute] = []
    v6: AgentID | None = None
    v8: int | None = None
    v10: DomainInfo | None = None
    r = False
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1 = b[i:j].decode(); i = j
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
            while t == 42:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                v5.append(d_Attribute(b[i:j], 0, n))
                i = j
                if i >= e: break
                t = b[i]; i += 1
            else:
                if t == 50:
                    n = b[i]; i += 1
                    if n > 127: n, i = length(b, i - 1)
                    j = i + n
                    if v6 is not None: raise Again('id')
                    if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v6 = AgentID(value=b[i + 2 : j].decode())
                    else: v6 = d_AgentID(b, i, j)
                    i = j
                    if i >= e: break
                    t = b[i]; i += 1
                if t == 64:
                    n = b[i]; i += 1
                    if n > 127: n, i = int32(b, i - 1)
                    v8 = n
                    if i >= e: break
                    t = b[i]; i += 1
                if t == 82:
                    r = True
                    n = b[i]; i += 1
                    if n > 127: n, i = length(b, i - 1)
                    j = i + n
                    if v10 is not None: raise Again('domain')
                    v10 = d_DomainInfo(b[i:j], 0, n)
                    i = j
                    if i >= e: break
                    t = b[i]; i += 1
                i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('AgentInfo')
    if not r: return AgentInfo(hostname=v1, port=v8, resources=v3, attributes=v5, id=v6)
    return AgentInfo(hostname=v1, port=v8, resources=v3, attributes=v5, id=v6, domain=v10)


def e_Offer_Operation_Launch(m: Offer_Operation_Launch) -> str:
    o = ''
    if m.task_infos:
        p = [o]
        for v1 in m.task_infos:
            s = e_TaskInfo(v1); n = len(s)
            p.append(f'{T_0a[n] if n < 128 else sized(10, n)}{s}')
        o = ''.join(p)
    return o


def d_Offer_Operation_Launch(b: bytes, i: int, e: int) -> Offer_Operation_Launch:
    v1: list[TaskInfo] = []
    while i < e:
        t = b[i]; i += 1; h = i
        while t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1.append(d_TaskInfo(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return Offer_Operation_Launch(task_infos=v1)


def e_Offer_Operation_LaunchGroup(m: Offer_Operation_LaunchGroup) -> str:
    s = e_ExecutorInfo(m.executor); n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    s = e_TaskGroupInfo(m.task_group); n = len(s)
    o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    return o


def d_Offer_Operation_LaunchGroup(b: bytes, i: int, e: int) -> Offer_Operation_LaunchGroup:
    v1: ExecutorInfo | None = None
    v2: TaskGroupInfo | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('executor')
            v1 = d_ExecutorInfo(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v2 is not None: raise Again('task_group')
            v2 = d_TaskGroupInfo(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Offer.Operation.LaunchGroup')
    return Offer_Operation_LaunchGroup(executor=v1, task_group=v2)


def e_Offer_Operation_Reserve(m: Offer_Operation_Reserve) -> str:
    o = ''
    if m.resources:
        p = [o]
        for v1 in m.resources:
            s = e_Resource(v1); n = len(s)
            p.append(f'{T_0a[n] if n < 128 else sized(10, n)}{s}')
        o = ''.join(p)
    if m.source:
        p = [o]
        for v2 in m.source:
            s = e_Resource(v2); n = len(s)
            p.append(f'{T_12[n] if n < 128 else sized(18, n)}{s}')
        o = ''.join(p)
    return o


def d_Offer_Operation_Reserve(b: bytes, i: int, e: int) -> Offer_Operation_Reserve:
    v1: list[Resource] = []
    v2: list[Resource] = []
    while i < e:
        t = b[i]; i += 1; h = i
        while t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1.append(d_Resource(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            while t == 18:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                v2.append(d_Resource(b[i:j], 0, n))
                i = j
                if i >= e: break
                t = b[i]; i += 1
            else:
                i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return Offer_Operation_Reserve(source=v2, resources=v1)


def e_Offer_Operation_Unreserve(m: Offer_Operation_Unreserve) -> str:
    o = ''
    if m.resources:
        p = [o]
        for v1 in m.resources:
            s = e_Resource(v1); n = len(s)
            p.append(f'{T_0a[n] if n < 128 else sized(10, n)}{s}')
        o = ''.join(p)
    return o


def d_Offer_Operation_Unreserve(b: bytes, i: int, e: int) -> Offer_Operation_Unreserve:
    v1: list[Resource] = []
    while i < e:
        t = b[i]; i += 1; h = i
        while t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1.append(d_Resource(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return Offer_Operation_Unreserve(resources=v1)


def e_Offer_Operation_Create(m: Offer_Operation_Create) -> str:
    o = ''
    if m.volumes:
        p = [o]
        for v1 in m.volumes:
            s = e_Resource(v1); n = len(s)
            p.append(f'{T_0a[n] if n < 128 else sized(10, n)}{s}')
        o = ''.join(p)
    return o


def d_Offer_Operation_Create(b: bytes, i: int, e: int) -> Offer_Operation_Create:
    v1: list[Resource] = []
    while i < e:
        t = b[i]; i += 1; h = i
        while t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1.append(d_Resource(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return Offer_Operation_Create(volumes=v1)


def e_Offer_Operation_Destroy(m: Offer_Operation_Destroy) -> str:
    o = ''
    if m.volumes:
        p = [o]
        for v1 in m.volumes:
            s = e_Resource(v1); n = len(s)
            p.append(f'{T_0a[n] if n < 128 else sized(10, n)}{s}')
        o = ''.join(p)
    return o


def d_Offer_Operation_Destroy(b: bytes, i: int, e: int) -> Offer_Operation_Destroy:
    v1: list[Resource] = []
    while i < e:
        t = b[i]; i += 1; h = i
        while t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1.append(d_Resource(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return Offer_Operation_Destroy(volumes=v1)


def e_Offer_Operation_GrowVolume(m: Offer_Operation_GrowVolume) -> str:
    s = e_Resource(m.volume); n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    s = e_Resource(m.addition); n = len(s)
    o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    return o


def d_Offer_Operation_GrowVolume(b: bytes, i: int, e: int) -> Offer_Operation_GrowVolume:
    v1: Resource | None = None
    v2: Resource | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('volume')
            v1 = d_Resource(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v2 is not None: raise Again('addition')
            v2 = d_Resource(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Offer.Operation.GrowVolume')
    return Offer_Operation_GrowVolume(volume=v1, addition=v2)


def e_Offer_Operation_ShrinkVolume(m: Offer_Operation_ShrinkVolume) -> str:
    s = e_Resource(m.volume); n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}\x12\x09\x09{packed(m.subtract.value).decode("latin-1")}'
    return o


def d_Offer_Operation_ShrinkVolume(b: bytes, i: int, e: int) -> Offer_Operation_ShrinkVolume:
    v1: Resource | None = None
    v2: Value_Scalar | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('volume')
            v1 = d_Resource(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v2 is not None: raise Again('subtract')
            if n == 9 and b[i] == 9: v2 = Value_Scalar(value=double(b, i + 1)[0])
            else: v2 = d_Value_Scalar(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Offer.Operation.ShrinkVolume')
    return Offer_Operation_ShrinkVolume(volume=v1, subtract=v2)


def e_Offer_Operation_CreateDisk(m: Offer_Operation_CreateDisk) -> str:
    s = e_Resource(m.source); n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}\x10{m.target_type.wire}'
    v3 = m.target_profile
    if v3 is not None:
        s = v3
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    return o


def d_Offer_Operation_CreateDisk(b: bytes, i: int, e: int) -> Offer_Operation_CreateDisk:
    v1: Resource | None = None
    v2: Resource_DiskInfo_Source_Type | None = None
    v3: str | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('source')
            v1 = d_Resource(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 16:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v2 = t_Resource_DiskInfo_Source_Type.get(n, v2)
            if i >= e: break
            t = b[i]; i += 1
        if t == 26:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v3 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Offer.Operation.CreateDisk')
    return Offer_Operation_CreateDisk(source=v1, target_type=v2, target_profile=v3)


def e_Offer_Operation_DestroyDisk(m: Offer_Operation_DestroyDisk) -> str:
    s = e_Resource(m.source); n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_Offer_Operation_DestroyDisk(b: bytes, i: int, e: int) -> Offer_Operation_DestroyDisk:
    v1: Resource | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('source')
            v1 = d_Resource(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
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
        o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    v3 = m.reserve
    if v3 is not None:
        s = e_Offer_Operation_Reserve(v3); n = len(s)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    v4 = m.unreserve
    if v4 is not None:
        s = e_Offer_Operation_Unreserve(v4); n = len(s)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{s}'
    v5 = m.create
    if v5 is not None:
        s = e_Offer_Operation_Create(v5); n = len(s)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{s}'
    v6 = m.destroy
    if v6 is not None:
        s = e_Offer_Operation_Destroy(v6); n = len(s)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{s}'
    v7 = m.launch_group
    if v7 is not None:
        s = e_Offer_Operation_LaunchGroup(v7); n = len(s)
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{s}'
    v12 = m.id
    if v12 is not None:
        s = v12.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_62[n]}{s}'
        else: s = e_OperationID(v12); n = len(s); o += f'{T_62[n] if n < 128 else sized(98, n)}{s}'
    v13 = m.grow_volume
    if v13 is not None:
        s = e_Offer_Operation_GrowVolume(v13); n = len(s)
        o += f'{T_6a[n] if n < 128 else sized(106, n)}{s}'
    v14 = m.shrink_volume
    if v14 is not None:
        s = e_Offer_Operation_ShrinkVolume(v14); n = len(s)
        o += f'{T_72[n] if n < 128 else sized(114, n)}{s}'
    v15 = m.create_disk
    if v15 is not None:
        s = e_Offer_Operation_CreateDisk(v15); n = len(s)
        o += f'{T_7a[n] if n < 128 else sized(122, n)}{s}'
    v16 = m.destroy_disk
    if v16 is not None:
        s = e_Offer_Operation_DestroyDisk(v16); n = len(s)
        o += f'{T_8201[n] if n < 128 else sized(130, n)}{s}'
    return o


def d_Offer_Operation(b: bytes, i: int, e: int) -> Offer_Operation:
    v1: Offer_Operation_Type | None = None
    v2: Offer_Operation_Launch | None = None
    v3: Offer_Operation_Reserve | None = None
    v4: Offer_Operation_Unreserve | None = None
    v5: Offer_Operation_Create | None = None
    v6: Offer_Operation_Destroy | None = None
    v7: Offer_Operation_LaunchGroup | None = None
    v12: OperationID | None = None
    v13: Offer_Operation_GrowVolume | None = None
    v14: Offer_Operation_ShrinkVolume | None = None
    v15: Offer_Operation_CreateDisk | None = None
    v16: Offer_Operation_DestroyDisk | None = None
    r = False
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v1 = t_Offer_Operation_Type.get(n, v1)
            if i >= e: break
            t = b[i]; i += 1
        if t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v2 is not None: raise Again('launch')
            v2 = d_Offer_Operation_Launch(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 26:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v3 is not None: raise Again('reserve')
            v3 = d_Offer_Operation_Reserve(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 34:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v4 is not None: raise Again('unreserve')
            v4 = d_Offer_Operation_Unreserve(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 42:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v5 is not None: raise Again('create')
            v5 = d_Offer_Operation_Create(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 50:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v6 is not None: raise Again('destroy')
            v6 = d_Offer_Operation_Destroy(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 58:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v7 is not None: raise Again('launch_group')
            v7 = d_Offer_Operation_LaunchGroup(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 98:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v12 is not None: raise Again('id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v12 = OperationID(value=b[i + 2 : j].decode())
            else: v12 = d_OperationID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 106:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v13 is not None: raise Again('grow_volume')
            v13 = d_Offer_Operation_GrowVolume(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 114:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v14 is not None: raise Again('shrink_volume')
            v14 = d_Offer_Operation_ShrinkVolume(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 122:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v15 is not None: raise Again('create_disk')
            v15 = d_Offer_Operation_CreateDisk(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 130 and b[i] == 1:
            i += 1
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v16 is not None: raise Again('destroy_disk')
            v16 = d_Offer_Operation_DestroyDisk(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if not r: return Offer_Operation(type=v1, launch=v2)
    return Offer_Operation(type=v1, id=v12, launch=v2, launch_group=v7, reserve=v3, unreserve=v4, create=v5, destroy=v6, grow_volume=v13, shrink_volume=v14, create_disk=v15, destroy_disk=v16)


def e_Offer(m: Offer) -> str:
    o = ''
    s = m.id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_OfferID(m.id); n = len(s); o += f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    s = m.framework_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_FrameworkID(m.framework_id); n = len(s); o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_1a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    s = m.hostname
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o += f'{T_22[n] if n < 128 else sized(34, n)}{s}'
    if m.resources:
        p = [o]
        for v5 in m.resources:
            s = e_Resource(v5); n = len(s)
            p.append(f'{T_2a[n] if n < 128 else sized(42, n)}{s}')
        o = ''.join(p)
    if m.executor_ids:
        p = [o]
        for v6 in m.executor_ids:
            s = v6.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: p.append(f'{W_32[n]}{s}')
            else: s = e_ExecutorID(v6); n = len(s); p.append(f'{T_32[n] if n < 128 else sized(50, n)}{s}')
        o = ''.join(p)
    if m.attributes:
        p = [o]
        for v7 in m.attributes:
            s = e_Attribute(v7); n = len(s)
            p.append(f'{T_3a[n] if n < 128 else sized(58, n)}{s}')
        o = ''.join(p)
    v8 = m.url
    if v8 is not None:
        s = e_URL(v8); n = len(s)
        o += f'{T_42[n] if n < 128 else sized(66, n)}{s}'
    v9 = m.unavailability
    if v9 is not None:
        s = e_Unavailability(v9); n = len(s)
        o += f'{T_4a[n] if n < 128 else sized(74, n)}{s}'
    v10 = m.allocation_info
    if v10 is not None:
        x = v10.role
        if x is None: o += '\x52\x00'
        else:
            s = x
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: o += f'{W_52[n]}{s}'
            else: s = e_Resource_AllocationInfo(v10); n = len(s); o += f'{T_52[n] if n < 128 else sized(82, n)}{s}'
    v11 = m.domain
    if v11 is not None:
        s = e_DomainInfo(v11); n = len(s)
        o += f'{T_5a[n] if n < 128 else sized(90, n)}{s}'
    return o


def d_Offer(b: bytes, i: int, e: int) -> Offer:
    v1: OfferID | None = None
    v2: FrameworkID | None = None
    v3: AgentID | None = None
    v4: str | None = None
    v5: list[Resource] = []
    v6: list[ExecutorID] = []
    v7: list[Attribute] = []
    v8: URL | None = None
    v9: Unavailability | None = None
    v10: Resource_AllocationInfo | None = None
    v11: DomainInfo | None = None
    r = False
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v1 = OfferID(value=b[i + 2 : j].decode())
            else: v1 = d_OfferID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v2 is not None: raise Again('framework_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v2 = FrameworkID(value=b[i + 2 : j].decode())
            else: v2 = d_FrameworkID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 26:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v3 is not None: raise Again('agent_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v3 = AgentID(value=b[i + 2 : j].decode())
            else: v3 = d_AgentID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 34:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v4 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        while t == 42:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v5.append(d_Resource(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            while t == 50:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v6.append(ExecutorID(value=b[i + 2 : j].decode()))
                else: v6.append(d_ExecutorID(b, i, j))
                i = j
                if i >= e: break
                t = b[i]; i += 1
            else:
                while t == 58:
                    n = b[i]; i += 1
                    if n > 127: n, i = length(b, i - 1)
                    j = i + n
                    v7.append(d_Attribute(b[i:j], 0, n))
                    i = j
                    if i >= e: break
                    t = b[i]; i += 1
                else:
                    if t == 66:
                        n = b[i]; i += 1
                        if n > 127: n, i = length(b, i - 1)
                        j = i + n
                        if v8 is not None: raise Again('url')
                        v8 = d_URL(b[i:j], 0, n)
                        i = j
                        if i >= e: break
                        t = b[i]; i += 1
                    if t == 74:
                        r = True
                        n = b[i]; i += 1
                        if n > 127: n, i = length(b, i - 1)
                        j = i + n
                        if v9 is not None: raise Again('unavailability')
                        v9 = d_Unavailability(b[i:j], 0, n)
                        i = j
                        if i >= e: break
                        t = b[i]; i += 1
                    if t == 82:
                        n = b[i]; i += 1
                        if n > 127: n, i = length(b, i - 1)
                        j = i + n
                        if v10 is not None: raise Again('allocation_info')
                        if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v10 = Resource_AllocationInfo(role=b[i + 2 : j].decode())
                        else: v10 = d_Resource_AllocationInfo(b, i, j)
                        i = j
                        if i >= e: break
                        t = b[i]; i += 1
                    if t == 90:
                        r = True
                        n = b[i]; i += 1
                        if n > 127: n, i = length(b, i - 1)
                        j = i + n
                        if v11 is not None: raise Again('domain')
                        v11 = d_DomainInfo(b[i:j], 0, n)
                        i = j
                        if i >= e: break
                        t = b[i]; i += 1
                    i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None or v4 is None: raise Absent('Offer')
    if not r: return Offer(id=v1, framework_id=v2, agent_id=v3, hostname=v4, url=v8, resources=v5, attributes=v7, executor_ids=v6, allocation_info=v10)
    return Offer(id=v1, framework_id=v2, agent_id=v3, hostname=v4, url=v8, domain=v11, resources=v5, attributes=v7, executor_ids=v6, unavailability=v9, allocation_info=v10)


def e_InverseOffer(m: InverseOffer) -> str:
    o = ''
    s = m.id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_OfferID(m.id); n = len(s); o += f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    v2 = m.url
    if v2 is not None:
        s = e_URL(v2); n = len(s)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    s = m.framework_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_1a[n]}{s}'
    else: s = e_FrameworkID(m.framework_id); n = len(s); o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    v4 = m.agent_id
    if v4 is not None:
        s = v4.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_22[n]}{s}'
        else: s = e_AgentID(v4); n = len(s); o += f'{T_22[n] if n < 128 else sized(34, n)}{s}'
    s = e_Unavailability(m.unavailability); n = len(s)
    o += f'{T_2a[n] if n < 128 else sized(42, n)}{s}'
    if m.resources:
        p = [o]
        for v6 in m.resources:
            s = e_Resource(v6); n = len(s)
            p.append(f'{T_32[n] if n < 128 else sized(50, n)}{s}')
        o = ''.join(p)
    return o


def d_InverseOffer(b: bytes, i: int, e: int) -> InverseOffer:
    v1: OfferID | None = None
    v2: URL | None = None
    v3: FrameworkID | None = None
    v4: AgentID | None = None
    v5: Unavailability | None = None
    v6: list[Resource] = []
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v1 = OfferID(value=b[i + 2 : j].decode())
            else: v1 = d_OfferID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v2 is not None: raise Again('url')
            v2 = d_URL(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 26:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v3 is not None: raise Again('framework_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v3 = FrameworkID(value=b[i + 2 : j].decode())
            else: v3 = d_FrameworkID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 34:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v4 is not None: raise Again('agent_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v4 = AgentID(value=b[i + 2 : j].decode())
            else: v4 = d_AgentID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 42:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v5 is not None: raise Again('unavailability')
            v5 = d_Unavailability(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        while t == 50:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v6.append(d_Resource(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
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
        else: s = e_AgentID(v1); n = len(s); o += f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    if m.resources:
        p = [o]
        for v2 in m.resources:
            s = e_Resource(v2); n = len(s)
            p.append(f'{T_12[n] if n < 128 else sized(18, n)}{s}')
        o = ''.join(p)
    return o


def d_Request(b: bytes, i: int, e: int) -> Request:
    v1: AgentID | None = None
    v2: list[Resource] = []
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('agent_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v1 = AgentID(value=b[i + 2 : j].decode())
            else: v1 = d_AgentID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        while t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v2.append(d_Resource(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return Request(agent_id=v1, resources=v2)


def e_OperationStatus(m: OperationStatus) -> str:
    o = ''
    v1 = m.operation_id
    if v1 is not None:
        s = v1.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_0a[n]}{s}'
        else: s = e_OperationID(v1); n = len(s); o += f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    o += f'\x10{m.state.wire}'
    v3 = m.message
    if v3 is not None:
        s = v3
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    if m.converted_resources:
        p = [o]
        for v4 in m.converted_resources:
            s = e_Resource(v4); n = len(s)
            p.append(f'{T_22[n] if n < 128 else sized(34, n)}{s}')
        o = ''.join(p)
    v5 = m.uuid
    if v5 is not None:
        s = e_UUID(v5); n = len(s)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{s}'
    v6 = m.agent_id
    if v6 is not None:
        s = v6.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_32[n]}{s}'
        else: s = e_AgentID(v6); n = len(s); o += f'{T_32[n] if n < 128 else sized(50, n)}{s}'
    v7 = m.resource_provider_id
    if v7 is not None:
        s = v7.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_3a[n]}{s}'
        else: s = e_ResourceProviderID(v7); n = len(s); o += f'{T_3a[n] if n < 128 else sized(58, n)}{s}'
    return o


def d_OperationStatus(b: bytes, i: int, e: int) -> OperationStatus:
    v1: OperationID | None = None
    v2: OperationState | None = None
    v3: str | None = None
    v4: list[Resource] = []
    v5: UUID | None = None
    v6: AgentID | None = None
    v7: ResourceProviderID | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('operation_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v1 = OperationID(value=b[i + 2 : j].decode())
            else: v1 = d_OperationID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 16:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v2 = t_OperationState.get(n, v2)
            if i >= e: break
            t = b[i]; i += 1
        if t == 26:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v3 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        while t == 34:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v4.append(d_Resource(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            if t == 42:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v5 is not None: raise Again('uuid')
                v5 = d_UUID(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 50:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v6 is not None: raise Again('agent_id')
                if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v6 = AgentID(value=b[i + 2 : j].decode())
                else: v6 = d_AgentID(b, i, j)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 58:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v7 is not None: raise Again('resource_provider_id')
                if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v7 = ResourceProviderID(value=b[i + 2 : j].decode())
                else: v7 = d_ResourceProviderID(b, i, j)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
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
