"""Protobuf codecs. Calls, responses and events of the operator API of a master, `/api/v1` (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/master.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import master as structs
from dcos_runtime.wire.protobuf._reading import DEPTH, Absent, Again, Codec, Malformed, Shape, double, int32, length, uint32, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, numbered, packed, sized, uint32_text, utf8, varint_text, wrapped
from dcos_runtime.wire.protobuf.cluster import AgentInfo, AgentInfo_Capability, FrameworkInfo, InverseOffer, MasterInfo, Offer, d_AgentInfo, d_AgentInfo_Capability, d_FrameworkInfo, d_InverseOffer, d_MasterInfo, d_Offer, e_AgentInfo, e_FrameworkInfo, e_InverseOffer, e_MasterInfo, e_Offer
from dcos_runtime.wire.protobuf.common import AgentID, DurationInfo, FrameworkID, TimeInfo, Value_Scalar, d_AgentID, d_DurationInfo, d_FrameworkID, d_TimeInfo, d_Value_Scalar, e_AgentID, e_DurationInfo, e_FrameworkID, e_TimeInfo
from dcos_runtime.wire.protobuf.duration import Duration, d_Duration, e_Duration
from dcos_runtime.wire.protobuf.maintenance import ClusterStatus, Schedule, d_ClusterStatus, d_Schedule, e_ClusterStatus, e_Schedule
from dcos_runtime.wire.protobuf.operators import DrainInfo, FileInfo, Flag, MachineID, Metric, Operation, ResourceProviderInfo, Role, VersionInfo, WeightInfo, d_DrainInfo, d_FileInfo, d_Flag, d_MachineID, d_Metric, d_Operation, d_ResourceProviderInfo, d_Role, d_VersionInfo, d_WeightInfo, e_DrainInfo, e_FileInfo, e_Operation, e_ResourceProviderInfo, e_Role, e_VersionInfo
from dcos_runtime.wire.protobuf.quota import QuotaConfig, QuotaRequest, QuotaStatus, d_QuotaConfig, d_QuotaRequest, d_QuotaStatus, e_QuotaConfig, e_QuotaRequest, e_QuotaStatus
from dcos_runtime.wire.protobuf.resources import Resource, d_Resource, e_Resource
from dcos_runtime.wire.protobuf.scheduler import OfferConstraints, d_OfferConstraints, e_OfferConstraints
from dcos_runtime.wire.protobuf.tasks import ExecutorInfo, Task, TaskState, TaskStatus, d_ExecutorInfo, d_Task, d_TaskStatus, e_ExecutorInfo, e_Task, e_TaskStatus, t_TaskState

Call_GetMetrics = structs.Call.GetMetrics
Call_SetLoggingLevel = structs.Call.SetLoggingLevel
Call_ListFiles = structs.Call.ListFiles
Call_ReadFile = structs.Call.ReadFile
Call_UpdateWeights = structs.Call.UpdateWeights
Call_ReserveResources = structs.Call.ReserveResources
Call_UnreserveResources = structs.Call.UnreserveResources
Call_CreateVolumes = structs.Call.CreateVolumes
Call_DestroyVolumes = structs.Call.DestroyVolumes
Call_GrowVolume = structs.Call.GrowVolume
Call_ShrinkVolume = structs.Call.ShrinkVolume
Call_UpdateMaintenanceSchedule = structs.Call.UpdateMaintenanceSchedule
Call_StartMaintenance = structs.Call.StartMaintenance
Call_StopMaintenance = structs.Call.StopMaintenance
Call_DrainAgent = structs.Call.DrainAgent
Call_DeactivateAgent = structs.Call.DeactivateAgent
Call_ReactivateAgent = structs.Call.ReactivateAgent
Call_UpdateQuota = structs.Call.UpdateQuota
Call_SetQuota = structs.Call.SetQuota
Call_RemoveQuota = structs.Call.RemoveQuota
Call_Teardown = structs.Call.Teardown
Call_MarkAgentGone = structs.Call.MarkAgentGone
Call = structs.Call
Response_GetHealth = structs.Response.GetHealth
Response_GetFlags = structs.Response.GetFlags
Response_GetVersion = structs.Response.GetVersion
Response_GetMetrics = structs.Response.GetMetrics
Response_GetLoggingLevel = structs.Response.GetLoggingLevel
Response_ListFiles = structs.Response.ListFiles
Response_ReadFile = structs.Response.ReadFile
Response_GetState = structs.Response.GetState
Response_GetAgents_Agent_ResourceProvider = structs.Response.GetAgents.Agent.ResourceProvider
Response_GetAgents_Agent = structs.Response.GetAgents.Agent
Response_GetAgents = structs.Response.GetAgents
Response_GetFrameworks_Framework = structs.Response.GetFrameworks.Framework
Response_GetFrameworks = structs.Response.GetFrameworks
Response_GetExecutors_Executor = structs.Response.GetExecutors.Executor
Response_GetExecutors = structs.Response.GetExecutors
Response_GetOperations = structs.Response.GetOperations
Response_GetTasks = structs.Response.GetTasks
Response_GetRoles = structs.Response.GetRoles
Response_GetWeights = structs.Response.GetWeights
Response_GetMaster = structs.Response.GetMaster
Response_GetMaintenanceStatus = structs.Response.GetMaintenanceStatus
Response_GetMaintenanceSchedule = structs.Response.GetMaintenanceSchedule
Response_GetQuota = structs.Response.GetQuota
Response = structs.Response
Event_Subscribed = structs.Event.Subscribed
Event_TaskAdded = structs.Event.TaskAdded
Event_TaskUpdated = structs.Event.TaskUpdated
Event_FrameworkAdded = structs.Event.FrameworkAdded
Event_FrameworkUpdated = structs.Event.FrameworkUpdated
Event_FrameworkRemoved = structs.Event.FrameworkRemoved
Event_AgentAdded = structs.Event.AgentAdded
Event_AgentRemoved = structs.Event.AgentRemoved
Event = structs.Event
Call_Type = structs.Call.Type
Response_Type = structs.Response.Type
Event_Type = structs.Event.Type
t_Call_Type = numbered(Call_Type, {"UNKNOWN": 0, "GET_HEALTH": 1, "GET_FLAGS": 2, "GET_VERSION": 3, "GET_METRICS": 4, "GET_LOGGING_LEVEL": 5, "SET_LOGGING_LEVEL": 6, "LIST_FILES": 7, "READ_FILE": 8, "GET_STATE": 9, "GET_AGENTS": 10, "GET_FRAMEWORKS": 11, "GET_EXECUTORS": 12, "GET_OPERATIONS": 33, "GET_TASKS": 13, "GET_ROLES": 14, "GET_WEIGHTS": 15, "UPDATE_WEIGHTS": 16, "GET_MASTER": 17, "SUBSCRIBE": 18, "RESERVE_RESOURCES": 19, "UNRESERVE_RESOURCES": 20, "CREATE_VOLUMES": 21, "DESTROY_VOLUMES": 22, "GROW_VOLUME": 34, "SHRINK_VOLUME": 35, "GET_MAINTENANCE_STATUS": 23, "GET_MAINTENANCE_SCHEDULE": 24, "UPDATE_MAINTENANCE_SCHEDULE": 25, "START_MAINTENANCE": 26, "STOP_MAINTENANCE": 27, "DRAIN_AGENT": 37, "DEACTIVATE_AGENT": 38, "REACTIVATE_AGENT": 39, "GET_QUOTA": 28, "UPDATE_QUOTA": 36, "SET_QUOTA": 29, "REMOVE_QUOTA": 30, "TEARDOWN": 31, "MARK_AGENT_GONE": 32})
t_Response_Type = numbered(Response_Type, {"UNKNOWN": 0, "GET_HEALTH": 1, "GET_FLAGS": 2, "GET_VERSION": 3, "GET_METRICS": 4, "GET_LOGGING_LEVEL": 5, "LIST_FILES": 6, "READ_FILE": 7, "GET_STATE": 8, "GET_AGENTS": 9, "GET_FRAMEWORKS": 10, "GET_EXECUTORS": 11, "GET_OPERATIONS": 19, "GET_TASKS": 12, "GET_ROLES": 13, "GET_WEIGHTS": 14, "GET_MASTER": 15, "GET_MAINTENANCE_STATUS": 16, "GET_MAINTENANCE_SCHEDULE": 17, "GET_QUOTA": 18})
t_Event_Type = numbered(Event_Type, {"UNKNOWN": 0, "SUBSCRIBED": 1, "TASK_ADDED": 2, "TASK_UPDATED": 3, "AGENT_ADDED": 4, "AGENT_REMOVED": 5, "FRAMEWORK_ADDED": 6, "FRAMEWORK_UPDATED": 7, "FRAMEWORK_REMOVED": 8, "HEARTBEAT": 9})
T_0a = heads('\x0a')
T_12 = heads('\x12')
T_1a = heads('\x1a')
T_22 = heads('\x22')
W_0a = wrapped('\x0a')
W_12 = wrapped('\x12')
W_22 = wrapped('\x22')
W_7a = wrapped('\x7a')


def e_Call_GetMetrics(m: Call_GetMetrics) -> str:
    o = ''
    v1 = m.timeout
    if v1 is not None:
        s = e_DurationInfo(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_GetMetrics(b: bytes, e: int, j: int = 0, v1: DurationInfo | None = None) -> Call_GetMetrics:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('timeout')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_DurationInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_GetMetrics(timeout=v1)


def e_Call_SetLoggingLevel(m: Call_SetLoggingLevel) -> str:
    i = m.level
    o = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
    s = e_DurationInfo(m.duration); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_SetLoggingLevel(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: DurationInfo | None = None) -> Call_SetLoggingLevel:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
                    if v1 >> 32: v1 = uint32(v1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('duration')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_DurationInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Call.SetLoggingLevel')
    return Call_SetLoggingLevel(level=v1, duration=v2)


def e_Call_ListFiles(m: Call_ListFiles) -> str:
    s = m.path
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_Call_ListFiles(b: bytes, e: int, j: int = 0, v1: str | None = None) -> Call_ListFiles:
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
    if v1 is None: raise Absent('Call.ListFiles')
    return Call_ListFiles(path=v1)


def e_Call_ReadFile(m: Call_ReadFile) -> str:
    s = m.path
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    i = m.offset
    o += f'\x10{varint_text(i) if i >> 14 else SHORT[i]}'
    v3 = m.length
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    return o


def d_Call_ReadFile(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: int | None = None, v3: int | None = None) -> Call_ReadFile:
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
        j = i - 2 if t in (10, 16, 24,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Call.ReadFile')
    return Call_ReadFile(path=v1, offset=v2, length=v3)


def e_Call_UpdateWeights(m: Call_UpdateWeights) -> str:
    o = ''
    if m.weight_infos:
        p = [o]
        for v1 in m.weight_infos:
            q = f'\x09{packed(v1.weight).decode("latin-1")}'
            x = v1.role
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Call_UpdateWeights(b: bytes, e: int, j: int = 0) -> Call_UpdateWeights:
    v1: list[WeightInfo] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_WeightInfo(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_UpdateWeights(weight_infos=v1)


def e_Call_ReserveResources(m: Call_ReserveResources) -> str:
    o = ''
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.resources:
        p = [o]
        for v2 in m.resources:
            s = e_Resource(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.source:
        p = [o]
        for v3 in m.source:
            s = e_Resource(v3); n = len(s)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Call_ReserveResources(b: bytes, e: int, j: int = 0, v1: AgentID | None = None) -> Call_ReserveResources:
    v2: list[Resource] = []
    v3: list[Resource] = []
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
    if v1 is None: raise Absent('Call.ReserveResources')
    return Call_ReserveResources(agent_id=v1, source=v3, resources=v2)


def e_Call_UnreserveResources(m: Call_UnreserveResources) -> str:
    o = ''
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.resources:
        p = [o]
        for v2 in m.resources:
            s = e_Resource(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Call_UnreserveResources(b: bytes, e: int, j: int = 0, v1: AgentID | None = None) -> Call_UnreserveResources:
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
    if v1 is None: raise Absent('Call.UnreserveResources')
    return Call_UnreserveResources(agent_id=v1, resources=v2)


def e_Call_CreateVolumes(m: Call_CreateVolumes) -> str:
    o = ''
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.volumes:
        p = [o]
        for v2 in m.volumes:
            s = e_Resource(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Call_CreateVolumes(b: bytes, e: int, j: int = 0, v1: AgentID | None = None) -> Call_CreateVolumes:
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
    if v1 is None: raise Absent('Call.CreateVolumes')
    return Call_CreateVolumes(agent_id=v1, volumes=v2)


def e_Call_DestroyVolumes(m: Call_DestroyVolumes) -> str:
    o = ''
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.volumes:
        p = [o]
        for v2 in m.volumes:
            s = e_Resource(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Call_DestroyVolumes(b: bytes, e: int, j: int = 0, v1: AgentID | None = None) -> Call_DestroyVolumes:
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
    if v1 is None: raise Absent('Call.DestroyVolumes')
    return Call_DestroyVolumes(agent_id=v1, volumes=v2)


def e_Call_GrowVolume(m: Call_GrowVolume) -> str:
    o = ''
    v1 = m.agent_id
    if v1 is not None:
        s = v1.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_0a[n]}{s}'
        else: s = e_AgentID(v1); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_Resource(m.volume); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_Resource(m.addition); n = len(s)
    o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_GrowVolume(b: bytes, e: int, j: int = 0, v1: AgentID | None = None, v2: Resource | None = None, v3: Resource | None = None) -> Call_GrowVolume:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_AgentID(b[i:j], n)
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
            v2 = d_Resource(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('addition')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Resource(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v2 is None or v3 is None: raise Absent('Call.GrowVolume')
    return Call_GrowVolume(agent_id=v1, volume=v2, addition=v3)


def e_Call_ShrinkVolume(m: Call_ShrinkVolume) -> str:
    o = ''
    v1 = m.agent_id
    if v1 is not None:
        s = v1.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_0a[n]}{s}'
        else: s = e_AgentID(v1); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_Resource(m.volume); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}\x1a\x09\x09{packed(m.subtract.value).decode("latin-1")}'
    return o


def d_Call_ShrinkVolume(b: bytes, e: int, j: int = 0, v1: AgentID | None = None, v2: Resource | None = None, v3: Value_Scalar | None = None) -> Call_ShrinkVolume:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_AgentID(b[i:j], n)
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
            v2 = d_Resource(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('subtract')
            n = b[i - 1]; j = i + 9
            if n == 9 and b[i] == 9: v3 = Value_Scalar(value=double(b, i + 1)[0])
            else: n, i = length(b, i - 1); j = i + n; v3 = d_Value_Scalar(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v2 is None or v3 is None: raise Absent('Call.ShrinkVolume')
    return Call_ShrinkVolume(agent_id=v1, volume=v2, subtract=v3)


def e_Call_UpdateMaintenanceSchedule(m: Call_UpdateMaintenanceSchedule) -> str:
    s = e_Schedule(m.schedule); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_UpdateMaintenanceSchedule(b: bytes, e: int, j: int = 0, v1: Schedule | None = None) -> Call_UpdateMaintenanceSchedule:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('schedule')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Schedule(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.UpdateMaintenanceSchedule')
    return Call_UpdateMaintenanceSchedule(schedule=v1)


def e_Call_StartMaintenance(m: Call_StartMaintenance) -> str:
    o = ''
    if m.machines:
        p = [o]
        for v1 in m.machines:
            q = ''
            x = v1.hostname
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
            x = v1.ip
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Call_StartMaintenance(b: bytes, e: int, j: int = 0) -> Call_StartMaintenance:
    v1: list[MachineID] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_MachineID(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_StartMaintenance(machines=v1)


def e_Call_StopMaintenance(m: Call_StopMaintenance) -> str:
    o = ''
    if m.machines:
        p = [o]
        for v1 in m.machines:
            q = ''
            x = v1.hostname
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
            x = v1.ip
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Call_StopMaintenance(b: bytes, e: int, j: int = 0) -> Call_StopMaintenance:
    v1: list[MachineID] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_MachineID(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_StopMaintenance(machines=v1)


def e_Call_DrainAgent(m: Call_DrainAgent) -> str:
    o = ''
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.max_grace_period
    if v2 is not None:
        s = e_Duration(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.mark_gone
    if v3 is not None:
        o += '\x18\x01' if v3 else '\x18\x00'
    return o


def d_Call_DrainAgent(b: bytes, e: int, j: int = 0, v1: AgentID | None = None, v2: Duration | None = None, v3: bool | None = None) -> Call_DrainAgent:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('max_grace_period')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Duration(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v3 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 24,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.DrainAgent')
    return Call_DrainAgent(agent_id=v1, max_grace_period=v2, mark_gone=v3)


def e_Call_DeactivateAgent(m: Call_DeactivateAgent) -> str:
    o = ''
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_DeactivateAgent(b: bytes, e: int, j: int = 0, v1: AgentID | None = None) -> Call_DeactivateAgent:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.DeactivateAgent')
    return Call_DeactivateAgent(agent_id=v1)


def e_Call_ReactivateAgent(m: Call_ReactivateAgent) -> str:
    o = ''
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_ReactivateAgent(b: bytes, e: int, j: int = 0, v1: AgentID | None = None) -> Call_ReactivateAgent:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.ReactivateAgent')
    return Call_ReactivateAgent(agent_id=v1)


def e_Call_UpdateQuota(m: Call_UpdateQuota) -> str:
    o = ''
    v1 = m.force
    if v1 is not None:
        o += '\x08\x01' if v1 else '\x08\x00'
    if m.quota_configs:
        p = [o]
        for v2 in m.quota_configs:
            s = e_QuotaConfig(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Call_UpdateQuota(b: bytes, e: int, j: int = 0, v1: bool | None = None) -> Call_UpdateQuota:
    v2: list[QuotaConfig] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v1 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
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
            j = i - 2 if t in (8, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_UpdateQuota(force=v1, quota_configs=v2)


def e_Call_SetQuota(m: Call_SetQuota) -> str:
    s = e_QuotaRequest(m.quota_request); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_SetQuota(b: bytes, e: int, j: int = 0, v1: QuotaRequest | None = None) -> Call_SetQuota:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('quota_request')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_QuotaRequest(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.SetQuota')
    return Call_SetQuota(quota_request=v1)


def e_Call_RemoveQuota(m: Call_RemoveQuota) -> str:
    s = m.role
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_Call_RemoveQuota(b: bytes, e: int, j: int = 0, v1: str | None = None) -> Call_RemoveQuota:
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
    if v1 is None: raise Absent('Call.RemoveQuota')
    return Call_RemoveQuota(role=v1)


def e_Call_Teardown(m: Call_Teardown) -> str:
    o = ''
    s = m.framework_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_FrameworkID(m.framework_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_Teardown(b: bytes, e: int, j: int = 0, v1: FrameworkID | None = None) -> Call_Teardown:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('framework_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = FrameworkID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_FrameworkID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.Teardown')
    return Call_Teardown(framework_id=v1)


def e_Call_MarkAgentGone(m: Call_MarkAgentGone) -> str:
    o = ''
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_MarkAgentGone(b: bytes, e: int, j: int = 0, v1: AgentID | None = None) -> Call_MarkAgentGone:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.MarkAgentGone')
    return Call_MarkAgentGone(agent_id=v1)


def e_Call(m: Call) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.get_metrics
    if v2 is not None:
        s = e_Call_GetMetrics(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.set_logging_level
    if v3 is not None:
        s = e_Call_SetLoggingLevel(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.list_files
    if v4 is not None:
        s = v4.path
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_22[n]}{s}'
        else: s = e_Call_ListFiles(v4); n = len(s); o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.read_file
    if v5 is not None:
        s = e_Call_ReadFile(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.update_weights
    if v6 is not None:
        s = e_Call_UpdateWeights(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v7 = m.reserve_resources
    if v7 is not None:
        s = e_Call_ReserveResources(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v8 = m.unreserve_resources
    if v8 is not None:
        s = e_Call_UnreserveResources(v8); n = len(s)
        o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v9 = m.create_volumes
    if v9 is not None:
        s = e_Call_CreateVolumes(v9); n = len(s)
        o += f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v10 = m.destroy_volumes
    if v10 is not None:
        s = e_Call_DestroyVolumes(v10); n = len(s)
        o += f'\x52{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v11 = m.update_maintenance_schedule
    if v11 is not None:
        s = e_Call_UpdateMaintenanceSchedule(v11); n = len(s)
        o += f'\x5a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v12 = m.start_maintenance
    if v12 is not None:
        s = e_Call_StartMaintenance(v12); n = len(s)
        o += f'\x62{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v13 = m.stop_maintenance
    if v13 is not None:
        s = e_Call_StopMaintenance(v13); n = len(s)
        o += f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v14 = m.set_quota
    if v14 is not None:
        s = e_Call_SetQuota(v14); n = len(s)
        o += f'\x72{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v15 = m.remove_quota
    if v15 is not None:
        s = v15.role
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_7a[n]}{s}'
        else: s = e_Call_RemoveQuota(v15); n = len(s); o += f'\x7a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v16 = m.teardown
    if v16 is not None:
        s = e_Call_Teardown(v16); n = len(s)
        o += f'\x82\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v17 = m.mark_agent_gone
    if v17 is not None:
        s = e_Call_MarkAgentGone(v17); n = len(s)
        o += f'\x8a\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v18 = m.grow_volume
    if v18 is not None:
        s = e_Call_GrowVolume(v18); n = len(s)
        o += f'\x92\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v19 = m.shrink_volume
    if v19 is not None:
        s = e_Call_ShrinkVolume(v19); n = len(s)
        o += f'\x9a\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v20 = m.update_quota
    if v20 is not None:
        s = e_Call_UpdateQuota(v20); n = len(s)
        o += f'\xa2\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v21 = m.drain_agent
    if v21 is not None:
        s = e_Call_DrainAgent(v21); n = len(s)
        o += f'\xaa\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v22 = m.deactivate_agent
    if v22 is not None:
        s = e_Call_DeactivateAgent(v22); n = len(s)
        o += f'\xb2\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v23 = m.reactivate_agent
    if v23 is not None:
        s = e_Call_ReactivateAgent(v23); n = len(s)
        o += f'\xba\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call(b: bytes, e: int, j: int = 0, v1: Call_Type | None = None, v2: Call_GetMetrics | None = None, v3: Call_SetLoggingLevel | None = None, v4: Call_ListFiles | None = None, v5: Call_ReadFile | None = None, v6: Call_UpdateWeights | None = None, v7: Call_ReserveResources | None = None, v8: Call_UnreserveResources | None = None, v9: Call_CreateVolumes | None = None, v10: Call_DestroyVolumes | None = None, v11: Call_UpdateMaintenanceSchedule | None = None, v12: Call_StartMaintenance | None = None, v13: Call_StopMaintenance | None = None, v14: Call_SetQuota | None = None, v15: Call_RemoveQuota | None = None, v16: Call_Teardown | None = None, v17: Call_MarkAgentGone | None = None, v18: Call_GrowVolume | None = None, v19: Call_ShrinkVolume | None = None, v20: Call_UpdateQuota | None = None, v21: Call_DrainAgent | None = None, v22: Call_DeactivateAgent | None = None, v23: Call_ReactivateAgent | None = None) -> Call:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Call_Type: v1 = t_Call_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('get_metrics')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Call_GetMetrics(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('set_logging_level')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Call_SetLoggingLevel(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('list_files')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v4 = Call_ListFiles(path=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v4 = d_Call_ListFiles(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('read_file')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_Call_ReadFile(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 50:
            if v6 is not None: raise Again('update_weights')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = d_Call_UpdateWeights(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 58:
            if v7 is not None: raise Again('reserve_resources')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v7 = d_Call_ReserveResources(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 66:
            if v8 is not None: raise Again('unreserve_resources')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v8 = d_Call_UnreserveResources(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 74:
            if v9 is not None: raise Again('create_volumes')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v9 = d_Call_CreateVolumes(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 82:
            if v10 is not None: raise Again('destroy_volumes')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v10 = d_Call_DestroyVolumes(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 90:
            if v11 is not None: raise Again('update_maintenance_schedule')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v11 = d_Call_UpdateMaintenanceSchedule(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 98:
            if v12 is not None: raise Again('start_maintenance')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v12 = d_Call_StartMaintenance(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 106:
            if v13 is not None: raise Again('stop_maintenance')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v13 = d_Call_StopMaintenance(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 114:
            if v14 is not None: raise Again('set_quota')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v14 = d_Call_SetQuota(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 122:
            if v15 is not None: raise Again('remove_quota')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v15 = Call_RemoveQuota(role=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v15 = d_Call_RemoveQuota(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 130 and b[i - 1] == 1:
            i += 1
            if v16 is not None: raise Again('teardown')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v16 = d_Call_Teardown(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 138 and b[i - 1] == 1:
            i += 1
            if v17 is not None: raise Again('mark_agent_gone')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v17 = d_Call_MarkAgentGone(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 146 and b[i - 1] == 1:
            i += 1
            if v18 is not None: raise Again('grow_volume')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v18 = d_Call_GrowVolume(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 154 and b[i - 1] == 1:
            i += 1
            if v19 is not None: raise Again('shrink_volume')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v19 = d_Call_ShrinkVolume(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 162 and b[i - 1] == 1:
            i += 1
            if v20 is not None: raise Again('update_quota')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v20 = d_Call_UpdateQuota(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 170 and b[i - 1] == 1:
            i += 1
            if v21 is not None: raise Again('drain_agent')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v21 = d_Call_DrainAgent(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 178 and b[i - 1] == 1:
            i += 1
            if v22 is not None: raise Again('deactivate_agent')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v22 = d_Call_DeactivateAgent(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 186 and b[i - 1] == 1:
            i += 1
            if v23 is not None: raise Again('reactivate_agent')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v23 = d_Call_ReactivateAgent(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34, 42, 50, 58, 66, 74, 82, 90, 98, 106, 114, 122,) or (t in (130, 138, 146, 154, 162, 170, 178, 186,) and b[i - 1] == 1) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call(type=v1, get_metrics=v2, set_logging_level=v3, list_files=v4, read_file=v5, update_weights=v6, reserve_resources=v7, unreserve_resources=v8, create_volumes=v9, destroy_volumes=v10, grow_volume=v18, shrink_volume=v19, update_maintenance_schedule=v11, start_maintenance=v12, stop_maintenance=v13, drain_agent=v21, deactivate_agent=v22, reactivate_agent=v23, update_quota=v20, teardown=v16, mark_agent_gone=v17, set_quota=v14, remove_quota=v15)


def e_Response_GetHealth(m: Response_GetHealth) -> str:
    o = '\x08\x01' if m.healthy else '\x08\x00'
    return o


def d_Response_GetHealth(b: bytes, e: int, j: int = 0, v1: bool | None = None) -> Response_GetHealth:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v1 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Response.GetHealth')
    return Response_GetHealth(healthy=v1)


def e_Response_GetFlags(m: Response_GetFlags) -> str:
    o = ''
    if m.flags:
        p = [o]
        for v1 in m.flags:
            s = v1.name
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
            x = v1.value
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Response_GetFlags(b: bytes, e: int, j: int = 0) -> Response_GetFlags:
    v1: list[Flag] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Flag(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetFlags(flags=v1)


def e_Response_GetVersion(m: Response_GetVersion) -> str:
    s = e_VersionInfo(m.version_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response_GetVersion(b: bytes, e: int, j: int = 0, v1: VersionInfo | None = None) -> Response_GetVersion:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('version_info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_VersionInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Response.GetVersion')
    return Response_GetVersion(version_info=v1)


def e_Response_GetMetrics(m: Response_GetMetrics) -> str:
    o = ''
    if m.metrics:
        p = [o]
        for v1 in m.metrics:
            s = v1.name
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
            w2 = v1.value
            if w2 is not None:
                q += f'\x11{packed(w2).decode("latin-1")}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Response_GetMetrics(b: bytes, e: int, j: int = 0) -> Response_GetMetrics:
    v1: list[Metric] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Metric(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetMetrics(metrics=v1)


def e_Response_GetLoggingLevel(m: Response_GetLoggingLevel) -> str:
    i = m.level
    o = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
    return o


def d_Response_GetLoggingLevel(b: bytes, e: int, j: int = 0, v1: int | None = None) -> Response_GetLoggingLevel:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
                    if v1 >> 32: v1 = uint32(v1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Response.GetLoggingLevel')
    return Response_GetLoggingLevel(level=v1)


def e_Response_ListFiles(m: Response_ListFiles) -> str:
    o = ''
    if m.file_infos:
        p = [o]
        for v1 in m.file_infos:
            s = e_FileInfo(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Response_ListFiles(b: bytes, e: int, j: int = 0) -> Response_ListFiles:
    v1: list[FileInfo] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_FileInfo(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_ListFiles(file_infos=v1)


def e_Response_ReadFile(m: Response_ReadFile) -> str:
    i = m.size
    o = f'\x08{varint_text(i) if i >> 14 else SHORT[i]}'
    s = m.data.decode('latin-1'); n = len(s)
    o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    return o


def d_Response_ReadFile(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: bytes | None = None) -> Response_ReadFile:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = b[i:j]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Response.ReadFile')
    return Response_ReadFile(size=v1, data=v2)


def e_Response_GetState(m: Response_GetState) -> str:
    o = ''
    v1 = m.get_tasks
    if v1 is not None:
        s = e_Response_GetTasks(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.get_executors
    if v2 is not None:
        s = e_Response_GetExecutors(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.get_frameworks
    if v3 is not None:
        s = e_Response_GetFrameworks(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.get_agents
    if v4 is not None:
        s = e_Response_GetAgents(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response_GetState(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: Response_GetTasks | None = None, v2: Response_GetExecutors | None = None, v3: Response_GetFrameworks | None = None, v4: Response_GetAgents | None = None) -> Response_GetState:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('get_tasks')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Response_GetTasks(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('get_executors')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Response_GetExecutors(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('get_frameworks')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Response_GetFrameworks(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('get_agents')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Response_GetAgents(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26, 34,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetState(get_tasks=v1, get_executors=v2, get_frameworks=v3, get_agents=v4)


def e_Response_GetAgents_Agent_ResourceProvider(m: Response_GetAgents_Agent_ResourceProvider) -> str:
    s = e_ResourceProviderInfo(m.resource_provider_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.total_resources:
        p = [o]
        for v2 in m.total_resources:
            s = e_Resource(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Response_GetAgents_Agent_ResourceProvider(b: bytes, e: int, j: int = 0, v1: ResourceProviderInfo | None = None) -> Response_GetAgents_Agent_ResourceProvider:
    v2: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('resource_provider_info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ResourceProviderInfo(b[i:j], n)
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
    if v1 is None: raise Absent('Response.GetAgents.Agent.ResourceProvider')
    return Response_GetAgents_Agent_ResourceProvider(resource_provider_info=v1, total_resources=v2)


def e_Response_GetAgents_Agent(m: Response_GetAgents_Agent) -> str:
    s = e_AgentInfo(m.agent_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    o += '\x10\x01' if m.active else '\x10\x00'
    s = m.version
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    x = m.pid
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{x}'
    v5 = m.registered_time
    if v5 is not None:
        s = e_TimeInfo(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.reregistered_time
    if v6 is not None:
        s = e_TimeInfo(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.total_resources:
        p = [o]
        for v7 in m.total_resources:
            s = e_Resource(v7); n = len(s)
            p.append(f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.allocated_resources:
        p = [o]
        for v8 in m.allocated_resources:
            s = e_Resource(v8); n = len(s)
            p.append(f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.offered_resources:
        p = [o]
        for v9 in m.offered_resources:
            s = e_Resource(v9); n = len(s)
            p.append(f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
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
    if m.resource_providers:
        p = [o]
        for v11 in m.resource_providers:
            s = e_Response_GetAgents_Agent_ResourceProvider(v11); n = len(s)
            p.append(f'\x5a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v12 = m.deactivated
    if v12 is not None:
        o += '\x60\x01' if v12 else '\x60\x00'
    v13 = m.drain_info
    if v13 is not None:
        s = e_DrainInfo(v13); n = len(s)
        o += f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v14 = m.estimated_drain_start_time
    if v14 is not None:
        s = e_TimeInfo(v14); n = len(s)
        o += f'\x72{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response_GetAgents_Agent(b: bytes, e: int, j: int = 0, v1: AgentInfo | None = None, v2: bool | None = None, v3: str | None = None, v4: str | None = None, v5: TimeInfo | None = None, v6: TimeInfo | None = None, v12: bool | None = None, v13: DrainInfo | None = None, v14: TimeInfo | None = None) -> Response_GetAgents_Agent:
    v7: list[Resource] = []
    v8: list[Resource] = []
    v9: list[Resource] = []
    v10: list[AgentInfo_Capability] = []
    v11: list[Response_GetAgents_Agent_ResourceProvider] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('agent_info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_AgentInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v2 = n != 0
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
            if v5 is not None: raise Again('registered_time')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_TimeInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 50:
            if v6 is not None: raise Again('reregistered_time')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = d_TimeInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 58:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v7.append(d_Resource(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 66:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v8.append(d_Resource(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                while t == 74:
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v9.append(d_Resource(b[i:j], n))
                    if j >= e: break
                    t = b[j]; i = j + 2
                else:
                    while t == 82:
                        n = b[i - 1]
                        if n > 127:
                            t = b[i]; i += 1
                            if t < 128: n += (t << 7) - 128
                            else: n, i = length(b, i - 2)
                        j = i + n
                        v10.append(d_AgentInfo_Capability(b[i:j], n))
                        if j >= e: break
                        t = b[j]; i = j + 2
                    else:
                        while t == 90:
                            n = b[i - 1]
                            if n > 127:
                                t = b[i]; i += 1
                                if t < 128: n += (t << 7) - 128
                                else: n, i = length(b, i - 2)
                            j = i + n
                            v11.append(d_Response_GetAgents_Agent_ResourceProvider(b[i:j], n))
                            if j >= e: break
                            t = b[j]; i = j + 2
                        else:
                            if t == 96:
                                n = b[i - 1]; j = i
                                if n > 127:
                                    n, j = varint(b, i - 1)
                                v12 = n != 0
                                if j >= e: break
                                t = b[j]; i = j + 2
                            if t == 106:
                                if v13 is not None: raise Again('drain_info')
                                n = b[i - 1]
                                if n > 127:
                                    t = b[i]; i += 1
                                    if t < 128: n += (t << 7) - 128
                                    else: n, i = length(b, i - 2)
                                j = i + n
                                v13 = d_DrainInfo(b[i:j], n)
                                if j >= e: break
                                t = b[j]; i = j + 2
                            if t == 114:
                                if v14 is not None: raise Again('estimated_drain_start_time')
                                n = b[i - 1]
                                if n > 127:
                                    t = b[i]; i += 1
                                    if t < 128: n += (t << 7) - 128
                                    else: n, i = length(b, i - 2)
                                j = i + n
                                v14 = d_TimeInfo(b[i:j], n)
                                if j >= e: break
                                t = b[j]; i = j + 2
                            j = i - 2 if t in (10, 16, 26, 34, 42, 50, 58, 66, 74, 82, 90, 96, 106, 114,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None: raise Absent('Response.GetAgents.Agent')
    return Response_GetAgents_Agent(agent_info=v1, active=v2, deactivated=v12, version=v3, pid=v4, registered_time=v5, reregistered_time=v6, total_resources=v7, allocated_resources=v8, offered_resources=v9, capabilities=v10, resource_providers=v11, drain_info=v13, estimated_drain_start_time=v14)


def e_Response_GetAgents(m: Response_GetAgents) -> str:
    o = ''
    if m.agents:
        p = [o]
        for v1 in m.agents:
            s = e_Response_GetAgents_Agent(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.recovered_agents:
        p = [o]
        for v2 in m.recovered_agents:
            s = e_AgentInfo(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Response_GetAgents(b: bytes, e: int, j: int = 0) -> Response_GetAgents:
    v1: list[Response_GetAgents_Agent] = []
    v2: list[AgentInfo] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Response_GetAgents_Agent(b[i:j], n))
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
                v2.append(d_AgentInfo(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetAgents(agents=v1, recovered_agents=v2)


def e_Response_GetFrameworks_Framework(m: Response_GetFrameworks_Framework) -> str:
    s = e_FrameworkInfo(m.framework_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    o += '\x10\x01' if m.active else '\x10\x00'
    o += '\x18\x01' if m.connected else '\x18\x00'
    v4 = m.registered_time
    if v4 is not None:
        s = e_TimeInfo(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.reregistered_time
    if v5 is not None:
        s = e_TimeInfo(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.unregistered_time
    if v6 is not None:
        s = e_TimeInfo(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.offers:
        p = [o]
        for v7 in m.offers:
            s = e_Offer(v7); n = len(s)
            p.append(f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.inverse_offers:
        p = [o]
        for v8 in m.inverse_offers:
            s = e_InverseOffer(v8); n = len(s)
            p.append(f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.allocated_resources:
        p = [o]
        for v9 in m.allocated_resources:
            s = e_Resource(v9); n = len(s)
            p.append(f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.offered_resources:
        p = [o]
        for v10 in m.offered_resources:
            s = e_Resource(v10); n = len(s)
            p.append(f'\x52{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    o += '\x58\x01' if m.recovered else '\x58\x00'
    v12 = m.offer_constraints
    if v12 is not None:
        s = e_OfferConstraints(v12); n = len(s)
        o += f'\x62{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response_GetFrameworks_Framework(b: bytes, e: int, j: int = 0, v1: FrameworkInfo | None = None, v2: bool | None = None, v3: bool | None = None, v4: TimeInfo | None = None, v5: TimeInfo | None = None, v6: TimeInfo | None = None, v11: bool | None = None, v12: OfferConstraints | None = None) -> Response_GetFrameworks_Framework:
    v7: list[Offer] = []
    v8: list[InverseOffer] = []
    v9: list[Resource] = []
    v10: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('framework_info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_FrameworkInfo(b[i:j], n)
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
        if t == 34:
            if v4 is not None: raise Again('registered_time')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_TimeInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('reregistered_time')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_TimeInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 50:
            if v6 is not None: raise Again('unregistered_time')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = d_TimeInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 58:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v7.append(d_Offer(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 66:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v8.append(d_InverseOffer(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                while t == 74:
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v9.append(d_Resource(b[i:j], n))
                    if j >= e: break
                    t = b[j]; i = j + 2
                else:
                    while t == 82:
                        n = b[i - 1]
                        if n > 127:
                            t = b[i]; i += 1
                            if t < 128: n += (t << 7) - 128
                            else: n, i = length(b, i - 2)
                        j = i + n
                        v10.append(d_Resource(b[i:j], n))
                        if j >= e: break
                        t = b[j]; i = j + 2
                    else:
                        if t == 88:
                            n = b[i - 1]; j = i
                            if n > 127:
                                n, j = varint(b, i - 1)
                            v11 = n != 0
                            if j >= e: break
                            t = b[j]; i = j + 2
                        if t == 98:
                            if v12 is not None: raise Again('offer_constraints')
                            n = b[i - 1]
                            if n > 127:
                                t = b[i]; i += 1
                                if t < 128: n += (t << 7) - 128
                                else: n, i = length(b, i - 2)
                            j = i + n
                            v12 = d_OfferConstraints(b[i:j], n)
                            if j >= e: break
                            t = b[j]; i = j + 2
                        j = i - 2 if t in (10, 16, 24, 34, 42, 50, 58, 66, 74, 82, 88, 98,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None or v11 is None: raise Absent('Response.GetFrameworks.Framework')
    return Response_GetFrameworks_Framework(framework_info=v1, active=v2, connected=v3, recovered=v11, registered_time=v4, reregistered_time=v5, unregistered_time=v6, offers=v7, inverse_offers=v8, allocated_resources=v9, offered_resources=v10, offer_constraints=v12)


def e_Response_GetFrameworks(m: Response_GetFrameworks) -> str:
    o = ''
    if m.frameworks:
        p = [o]
        for v1 in m.frameworks:
            s = e_Response_GetFrameworks_Framework(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.completed_frameworks:
        p = [o]
        for v2 in m.completed_frameworks:
            s = e_Response_GetFrameworks_Framework(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.recovered_frameworks:
        p = [o]
        for v3 in m.recovered_frameworks:
            s = e_FrameworkInfo(v3); n = len(s)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Response_GetFrameworks(b: bytes, e: int, j: int = 0) -> Response_GetFrameworks:
    v1: list[Response_GetFrameworks_Framework] = []
    v2: list[Response_GetFrameworks_Framework] = []
    v3: list[FrameworkInfo] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Response_GetFrameworks_Framework(b[i:j], n))
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
                v2.append(d_Response_GetFrameworks_Framework(b[i:j], n))
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
                    v3.append(d_FrameworkInfo(b[i:j], n))
                    if j >= e: break
                    t = b[j]; i = j + 2
                else:
                    j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetFrameworks(frameworks=v1, completed_frameworks=v2, recovered_frameworks=v3)


def e_Response_GetExecutors_Executor(m: Response_GetExecutors_Executor) -> str:
    s = e_ExecutorInfo(m.executor_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response_GetExecutors_Executor(b: bytes, e: int, j: int = 0, v1: ExecutorInfo | None = None, v2: AgentID | None = None) -> Response_GetExecutors_Executor:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('executor_info')
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
            if v2 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Response.GetExecutors.Executor')
    return Response_GetExecutors_Executor(executor_info=v1, agent_id=v2)


def e_Response_GetExecutors(m: Response_GetExecutors) -> str:
    o = ''
    if m.executors:
        p = [o]
        for v1 in m.executors:
            s = e_ExecutorInfo(v1.executor_info); n = len(s)
            q = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            s = v1.agent_id.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: q += f'{W_12[n]}{s}'
            else: s = e_AgentID(v1.agent_id); n = len(s); q += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    if m.orphan_executors:
        p = [o]
        for v2 in m.orphan_executors:
            s = e_ExecutorInfo(v2.executor_info); n = len(s)
            q = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            s = v2.agent_id.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: q += f'{W_12[n]}{s}'
            else: s = e_AgentID(v2.agent_id); n = len(s); q += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Response_GetExecutors(b: bytes, e: int, j: int = 0) -> Response_GetExecutors:
    v1: list[Response_GetExecutors_Executor] = []
    v2: list[Response_GetExecutors_Executor] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Response_GetExecutors_Executor(b[i:j], n))
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
                v2.append(d_Response_GetExecutors_Executor(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetExecutors(executors=v1, orphan_executors=v2)


def e_Response_GetOperations(m: Response_GetOperations) -> str:
    o = ''
    if m.operations:
        p = [o]
        for v1 in m.operations:
            s = e_Operation(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Response_GetOperations(b: bytes, e: int, j: int = 0) -> Response_GetOperations:
    v1: list[Operation] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Operation(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetOperations(operations=v1)


def e_Response_GetTasks(m: Response_GetTasks) -> str:
    o = ''
    if m.pending_tasks:
        p = [o]
        for v1 in m.pending_tasks:
            s = e_Task(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.tasks:
        p = [o]
        for v2 in m.tasks:
            s = e_Task(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.completed_tasks:
        p = [o]
        for v3 in m.completed_tasks:
            s = e_Task(v3); n = len(s)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.orphan_tasks:
        p = [o]
        for v4 in m.orphan_tasks:
            s = e_Task(v4); n = len(s)
            p.append(f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.unreachable_tasks:
        p = [o]
        for v5 in m.unreachable_tasks:
            s = e_Task(v5); n = len(s)
            p.append(f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Response_GetTasks(b: bytes, e: int, k: int = DEPTH, j: int = 0) -> Response_GetTasks:
    v1: list[Task] = []
    v2: list[Task] = []
    v3: list[Task] = []
    v4: list[Task] = []
    v5: list[Task] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Task(b[i:j], n, k - 1))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            while t == 18:
                if k < 1: raise Malformed('nested too deeply')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v2.append(d_Task(b[i:j], n, k - 1))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                while t == 26:
                    if k < 1: raise Malformed('nested too deeply')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v3.append(d_Task(b[i:j], n, k - 1))
                    if j >= e: break
                    t = b[j]; i = j + 2
                else:
                    while t == 34:
                        if k < 1: raise Malformed('nested too deeply')
                        n = b[i - 1]
                        if n > 127:
                            t = b[i]; i += 1
                            if t < 128: n += (t << 7) - 128
                            else: n, i = length(b, i - 2)
                        j = i + n
                        v4.append(d_Task(b[i:j], n, k - 1))
                        if j >= e: break
                        t = b[j]; i = j + 2
                    else:
                        while t == 42:
                            if k < 1: raise Malformed('nested too deeply')
                            n = b[i - 1]
                            if n > 127:
                                t = b[i]; i += 1
                                if t < 128: n += (t << 7) - 128
                                else: n, i = length(b, i - 2)
                            j = i + n
                            v5.append(d_Task(b[i:j], n, k - 1))
                            if j >= e: break
                            t = b[j]; i = j + 2
                        else:
                            j = i - 2 if t in (10, 18, 26, 34, 42,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetTasks(pending_tasks=v1, tasks=v2, unreachable_tasks=v5, completed_tasks=v3, orphan_tasks=v4)


def e_Response_GetRoles(m: Response_GetRoles) -> str:
    o = ''
    if m.roles:
        p = [o]
        for v1 in m.roles:
            s = e_Role(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Response_GetRoles(b: bytes, e: int, j: int = 0) -> Response_GetRoles:
    v1: list[Role] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Role(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetRoles(roles=v1)


def e_Response_GetWeights(m: Response_GetWeights) -> str:
    o = ''
    if m.weight_infos:
        p = [o]
        for v1 in m.weight_infos:
            q = f'\x09{packed(v1.weight).decode("latin-1")}'
            x = v1.role
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Response_GetWeights(b: bytes, e: int, j: int = 0) -> Response_GetWeights:
    v1: list[WeightInfo] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_WeightInfo(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetWeights(weight_infos=v1)


def e_Response_GetMaster(m: Response_GetMaster) -> str:
    o = ''
    v1 = m.master_info
    if v1 is not None:
        s = e_MasterInfo(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.start_time
    if v2 is not None:
        o += f'\x11{packed(v2).decode("latin-1")}'
    v3 = m.elected_time
    if v3 is not None:
        o += f'\x19{packed(v3).decode("latin-1")}'
    return o


def d_Response_GetMaster(b: bytes, e: int, j: int = 0, v1: MasterInfo | None = None, v2: float | None = None, v3: float | None = None) -> Response_GetMaster:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('master_info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_MasterInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 17:
            v2 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 25:
            v3 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 17, 25,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetMaster(master_info=v1, start_time=v2, elected_time=v3)


def e_Response_GetMaintenanceStatus(m: Response_GetMaintenanceStatus) -> str:
    s = e_ClusterStatus(m.status); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response_GetMaintenanceStatus(b: bytes, e: int, j: int = 0, v1: ClusterStatus | None = None) -> Response_GetMaintenanceStatus:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('status')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ClusterStatus(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Response.GetMaintenanceStatus')
    return Response_GetMaintenanceStatus(status=v1)


def e_Response_GetMaintenanceSchedule(m: Response_GetMaintenanceSchedule) -> str:
    s = e_Schedule(m.schedule); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response_GetMaintenanceSchedule(b: bytes, e: int, j: int = 0, v1: Schedule | None = None) -> Response_GetMaintenanceSchedule:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('schedule')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Schedule(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Response.GetMaintenanceSchedule')
    return Response_GetMaintenanceSchedule(schedule=v1)


def e_Response_GetQuota(m: Response_GetQuota) -> str:
    s = e_QuotaStatus(m.status); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response_GetQuota(b: bytes, e: int, j: int = 0, v1: QuotaStatus | None = None) -> Response_GetQuota:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('status')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_QuotaStatus(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Response.GetQuota')
    return Response_GetQuota(status=v1)


def e_Response(m: Response) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.get_health
    if v2 is not None:
        s = e_Response_GetHealth(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.get_flags
    if v3 is not None:
        s = e_Response_GetFlags(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.get_version
    if v4 is not None:
        s = e_Response_GetVersion(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.get_metrics
    if v5 is not None:
        s = e_Response_GetMetrics(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.get_logging_level
    if v6 is not None:
        s = e_Response_GetLoggingLevel(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v7 = m.list_files
    if v7 is not None:
        s = e_Response_ListFiles(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v8 = m.read_file
    if v8 is not None:
        s = e_Response_ReadFile(v8); n = len(s)
        o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v9 = m.get_state
    if v9 is not None:
        s = e_Response_GetState(v9); n = len(s)
        o += f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v10 = m.get_agents
    if v10 is not None:
        s = e_Response_GetAgents(v10); n = len(s)
        o += f'\x52{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v11 = m.get_frameworks
    if v11 is not None:
        s = e_Response_GetFrameworks(v11); n = len(s)
        o += f'\x5a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v12 = m.get_executors
    if v12 is not None:
        s = e_Response_GetExecutors(v12); n = len(s)
        o += f'\x62{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v13 = m.get_tasks
    if v13 is not None:
        s = e_Response_GetTasks(v13); n = len(s)
        o += f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v14 = m.get_roles
    if v14 is not None:
        s = e_Response_GetRoles(v14); n = len(s)
        o += f'\x72{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v15 = m.get_weights
    if v15 is not None:
        s = e_Response_GetWeights(v15); n = len(s)
        o += f'\x7a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v16 = m.get_master
    if v16 is not None:
        s = e_Response_GetMaster(v16); n = len(s)
        o += f'\x82\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v17 = m.get_maintenance_status
    if v17 is not None:
        s = e_Response_GetMaintenanceStatus(v17); n = len(s)
        o += f'\x8a\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v18 = m.get_maintenance_schedule
    if v18 is not None:
        s = e_Response_GetMaintenanceSchedule(v18); n = len(s)
        o += f'\x92\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v19 = m.get_quota
    if v19 is not None:
        s = e_Response_GetQuota(v19); n = len(s)
        o += f'\x9a\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v20 = m.get_operations
    if v20 is not None:
        s = e_Response_GetOperations(v20); n = len(s)
        o += f'\xa2\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: Response_Type | None = None, v2: Response_GetHealth | None = None, v3: Response_GetFlags | None = None, v4: Response_GetVersion | None = None, v5: Response_GetMetrics | None = None, v6: Response_GetLoggingLevel | None = None, v7: Response_ListFiles | None = None, v8: Response_ReadFile | None = None, v9: Response_GetState | None = None, v10: Response_GetAgents | None = None, v11: Response_GetFrameworks | None = None, v12: Response_GetExecutors | None = None, v13: Response_GetTasks | None = None, v14: Response_GetRoles | None = None, v15: Response_GetWeights | None = None, v16: Response_GetMaster | None = None, v17: Response_GetMaintenanceStatus | None = None, v18: Response_GetMaintenanceSchedule | None = None, v19: Response_GetQuota | None = None, v20: Response_GetOperations | None = None) -> Response:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Response_Type: v1 = t_Response_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('get_health')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Response_GetHealth(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('get_flags')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Response_GetFlags(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('get_version')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Response_GetVersion(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('get_metrics')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_Response_GetMetrics(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 50:
            if v6 is not None: raise Again('get_logging_level')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = d_Response_GetLoggingLevel(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 58:
            if v7 is not None: raise Again('list_files')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v7 = d_Response_ListFiles(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 66:
            if v8 is not None: raise Again('read_file')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v8 = d_Response_ReadFile(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 74:
            if v9 is not None: raise Again('get_state')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v9 = d_Response_GetState(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 82:
            if v10 is not None: raise Again('get_agents')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v10 = d_Response_GetAgents(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 90:
            if v11 is not None: raise Again('get_frameworks')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v11 = d_Response_GetFrameworks(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 98:
            if v12 is not None: raise Again('get_executors')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v12 = d_Response_GetExecutors(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 106:
            if v13 is not None: raise Again('get_tasks')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v13 = d_Response_GetTasks(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 114:
            if v14 is not None: raise Again('get_roles')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v14 = d_Response_GetRoles(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 122:
            if v15 is not None: raise Again('get_weights')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v15 = d_Response_GetWeights(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 130 and b[i - 1] == 1:
            i += 1
            if v16 is not None: raise Again('get_master')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v16 = d_Response_GetMaster(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 138 and b[i - 1] == 1:
            i += 1
            if v17 is not None: raise Again('get_maintenance_status')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v17 = d_Response_GetMaintenanceStatus(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 146 and b[i - 1] == 1:
            i += 1
            if v18 is not None: raise Again('get_maintenance_schedule')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v18 = d_Response_GetMaintenanceSchedule(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 154 and b[i - 1] == 1:
            i += 1
            if v19 is not None: raise Again('get_quota')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v19 = d_Response_GetQuota(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 162 and b[i - 1] == 1:
            i += 1
            if v20 is not None: raise Again('get_operations')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v20 = d_Response_GetOperations(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34, 42, 50, 58, 66, 74, 82, 90, 98, 106, 114, 122,) or (t in (130, 138, 146, 154, 162,) and b[i - 1] == 1) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response(type=v1, get_health=v2, get_flags=v3, get_version=v4, get_metrics=v5, get_logging_level=v6, list_files=v7, read_file=v8, get_state=v9, get_agents=v10, get_frameworks=v11, get_executors=v12, get_operations=v20, get_tasks=v13, get_roles=v14, get_weights=v15, get_master=v16, get_maintenance_status=v17, get_maintenance_schedule=v18, get_quota=v19)


def e_Event_Subscribed(m: Event_Subscribed) -> str:
    o = ''
    v1 = m.get_state
    if v1 is not None:
        s = e_Response_GetState(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.heartbeat_interval_seconds
    if v2 is not None:
        o += f'\x11{packed(v2).decode("latin-1")}'
    return o


def d_Event_Subscribed(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: Response_GetState | None = None, v2: float | None = None) -> Event_Subscribed:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('get_state')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Response_GetState(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 17:
            v2 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 17,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Event_Subscribed(get_state=v1, heartbeat_interval_seconds=v2)


def e_Event_TaskAdded(m: Event_TaskAdded) -> str:
    s = e_Task(m.task); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_TaskAdded(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: Task | None = None) -> Event_TaskAdded:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('task')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Task(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.TaskAdded')
    return Event_TaskAdded(task=v1)


def e_Event_TaskUpdated(m: Event_TaskUpdated) -> str:
    o = ''
    s = m.framework_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_FrameworkID(m.framework_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_TaskStatus(m.status); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}\x18{m.state.wire}'
    return o


def d_Event_TaskUpdated(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: FrameworkID | None = None, v2: TaskStatus | None = None, v3: TaskState | None = None) -> Event_TaskUpdated:
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
            if v2 is not None: raise Again('status')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_TaskStatus(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_TaskState: v3 = t_TaskState[n]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 24,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None: raise Absent('Event.TaskUpdated')
    return Event_TaskUpdated(framework_id=v1, status=v2, state=v3)


def e_Event_FrameworkAdded(m: Event_FrameworkAdded) -> str:
    s = e_Response_GetFrameworks_Framework(m.framework); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_FrameworkAdded(b: bytes, e: int, j: int = 0, v1: Response_GetFrameworks_Framework | None = None) -> Event_FrameworkAdded:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('framework')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Response_GetFrameworks_Framework(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.FrameworkAdded')
    return Event_FrameworkAdded(framework=v1)


def e_Event_FrameworkUpdated(m: Event_FrameworkUpdated) -> str:
    s = e_Response_GetFrameworks_Framework(m.framework); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_FrameworkUpdated(b: bytes, e: int, j: int = 0, v1: Response_GetFrameworks_Framework | None = None) -> Event_FrameworkUpdated:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('framework')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Response_GetFrameworks_Framework(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.FrameworkUpdated')
    return Event_FrameworkUpdated(framework=v1)


def e_Event_FrameworkRemoved(m: Event_FrameworkRemoved) -> str:
    s = e_FrameworkInfo(m.framework_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_FrameworkRemoved(b: bytes, e: int, j: int = 0, v1: FrameworkInfo | None = None) -> Event_FrameworkRemoved:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('framework_info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_FrameworkInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.FrameworkRemoved')
    return Event_FrameworkRemoved(framework_info=v1)


def e_Event_AgentAdded(m: Event_AgentAdded) -> str:
    s = e_Response_GetAgents_Agent(m.agent); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_AgentAdded(b: bytes, e: int, j: int = 0, v1: Response_GetAgents_Agent | None = None) -> Event_AgentAdded:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('agent')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_Response_GetAgents_Agent(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.AgentAdded')
    return Event_AgentAdded(agent=v1)


def e_Event_AgentRemoved(m: Event_AgentRemoved) -> str:
    o = ''
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_AgentRemoved(b: bytes, e: int, j: int = 0, v1: AgentID | None = None) -> Event_AgentRemoved:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.AgentRemoved')
    return Event_AgentRemoved(agent_id=v1)


def e_Event(m: Event) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.subscribed
    if v2 is not None:
        s = e_Event_Subscribed(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.task_added
    if v3 is not None:
        s = e_Event_TaskAdded(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.task_updated
    if v4 is not None:
        s = e_Event_TaskUpdated(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.agent_added
    if v5 is not None:
        s = e_Event_AgentAdded(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.agent_removed
    if v6 is not None:
        s = e_Event_AgentRemoved(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v7 = m.framework_added
    if v7 is not None:
        s = e_Event_FrameworkAdded(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v8 = m.framework_updated
    if v8 is not None:
        s = e_Event_FrameworkUpdated(v8); n = len(s)
        o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v9 = m.framework_removed
    if v9 is not None:
        s = e_Event_FrameworkRemoved(v9); n = len(s)
        o += f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: Event_Type | None = None, v2: Event_Subscribed | None = None, v3: Event_TaskAdded | None = None, v4: Event_TaskUpdated | None = None, v5: Event_AgentAdded | None = None, v6: Event_AgentRemoved | None = None, v7: Event_FrameworkAdded | None = None, v8: Event_FrameworkUpdated | None = None, v9: Event_FrameworkRemoved | None = None) -> Event:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Event_Type: v1 = t_Event_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('subscribed')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Event_Subscribed(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('task_added')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Event_TaskAdded(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('task_updated')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Event_TaskUpdated(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('agent_added')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_Event_AgentAdded(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 50:
            if v6 is not None: raise Again('agent_removed')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = d_Event_AgentRemoved(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 58:
            if v7 is not None: raise Again('framework_added')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v7 = d_Event_FrameworkAdded(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 66:
            if v8 is not None: raise Again('framework_updated')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v8 = d_Event_FrameworkUpdated(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 74:
            if v9 is not None: raise Again('framework_removed')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v9 = d_Event_FrameworkRemoved(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34, 42, 50, 58, 66, 74,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Event(type=v1, subscribed=v2, task_added=v3, task_updated=v4, agent_added=v5, agent_removed=v6, framework_added=v7, framework_updated=v8, framework_removed=v9)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "Call_GetMetrics": {
            10: (True, "common.DurationInfo", ()),
        },
        "Call_SetLoggingLevel": {
            18: (True, "common.DurationInfo", ()),
        },
        "Call_UpdateWeights": {
            10: (False, "operators.WeightInfo", ()),
        },
        "Call_ReserveResources": {
            10: (True, "common.AgentID", ()),
            26: (False, "resources.Resource", ()),
            18: (False, "resources.Resource", ()),
        },
        "Call_UnreserveResources": {
            10: (True, "common.AgentID", ()),
            18: (False, "resources.Resource", ()),
        },
        "Call_CreateVolumes": {
            10: (True, "common.AgentID", ()),
            18: (False, "resources.Resource", ()),
        },
        "Call_DestroyVolumes": {
            10: (True, "common.AgentID", ()),
            18: (False, "resources.Resource", ()),
        },
        "Call_GrowVolume": {
            10: (True, "common.AgentID", ()),
            18: (True, "resources.Resource", ()),
            26: (True, "resources.Resource", ()),
        },
        "Call_ShrinkVolume": {
            10: (True, "common.AgentID", ()),
            18: (True, "resources.Resource", ()),
            26: (True, "common.Value_Scalar", ()),
        },
        "Call_UpdateMaintenanceSchedule": {
            10: (True, "maintenance.Schedule", ()),
        },
        "Call_StartMaintenance": {
            10: (False, "operators.MachineID", ()),
        },
        "Call_StopMaintenance": {
            10: (False, "operators.MachineID", ()),
        },
        "Call_DrainAgent": {
            10: (True, "common.AgentID", ()),
            18: (True, "duration.Duration", ()),
        },
        "Call_DeactivateAgent": {
            10: (True, "common.AgentID", ()),
        },
        "Call_ReactivateAgent": {
            10: (True, "common.AgentID", ()),
        },
        "Call_UpdateQuota": {
            18: (False, "quota.QuotaConfig", ()),
        },
        "Call_SetQuota": {
            10: (True, "quota.QuotaRequest", ()),
        },
        "Call_Teardown": {
            10: (True, "common.FrameworkID", ()),
        },
        "Call_MarkAgentGone": {
            10: (True, "common.AgentID", ()),
        },
        "Call": {
            18: (True, "master.Call_GetMetrics", ()),
            26: (True, "master.Call_SetLoggingLevel", ()),
            34: (True, "master.Call_ListFiles", ()),
            42: (True, "master.Call_ReadFile", ()),
            50: (True, "master.Call_UpdateWeights", ()),
            58: (True, "master.Call_ReserveResources", ()),
            66: (True, "master.Call_UnreserveResources", ()),
            74: (True, "master.Call_CreateVolumes", ()),
            82: (True, "master.Call_DestroyVolumes", ()),
            146: (True, "master.Call_GrowVolume", ()),
            154: (True, "master.Call_ShrinkVolume", ()),
            90: (True, "master.Call_UpdateMaintenanceSchedule", ()),
            98: (True, "master.Call_StartMaintenance", ()),
            106: (True, "master.Call_StopMaintenance", ()),
            170: (True, "master.Call_DrainAgent", ()),
            178: (True, "master.Call_DeactivateAgent", ()),
            186: (True, "master.Call_ReactivateAgent", ()),
            162: (True, "master.Call_UpdateQuota", ()),
            130: (True, "master.Call_Teardown", ()),
            138: (True, "master.Call_MarkAgentGone", ()),
            114: (True, "master.Call_SetQuota", ()),
            122: (True, "master.Call_RemoveQuota", ()),
        },
        "Response_GetFlags": {
            10: (False, "operators.Flag", ()),
        },
        "Response_GetVersion": {
            10: (True, "operators.VersionInfo", ()),
        },
        "Response_GetMetrics": {
            10: (False, "operators.Metric", ()),
        },
        "Response_ListFiles": {
            10: (False, "operators.FileInfo", ()),
        },
        "Response_GetState": {
            10: (True, "master.Response_GetTasks", ()),
            18: (True, "master.Response_GetExecutors", ()),
            26: (True, "master.Response_GetFrameworks", ()),
            34: (True, "master.Response_GetAgents", ()),
        },
        "Response_GetAgents_Agent_ResourceProvider": {
            10: (True, "operators.ResourceProviderInfo", ()),
            18: (False, "resources.Resource", ()),
        },
        "Response_GetAgents_Agent": {
            10: (True, "cluster.AgentInfo", ()),
            42: (True, "common.TimeInfo", ()),
            50: (True, "common.TimeInfo", ()),
            58: (False, "resources.Resource", ()),
            66: (False, "resources.Resource", ()),
            74: (False, "resources.Resource", ()),
            82: (False, "cluster.AgentInfo_Capability", ()),
            90: (False, "master.Response_GetAgents_Agent_ResourceProvider", ()),
            106: (True, "operators.DrainInfo", ()),
            114: (True, "common.TimeInfo", ()),
        },
        "Response_GetAgents": {
            10: (False, "master.Response_GetAgents_Agent", ()),
            18: (False, "cluster.AgentInfo", ()),
        },
        "Response_GetFrameworks_Framework": {
            10: (True, "cluster.FrameworkInfo", ()),
            34: (True, "common.TimeInfo", ()),
            42: (True, "common.TimeInfo", ()),
            50: (True, "common.TimeInfo", ()),
            58: (False, "cluster.Offer", ()),
            66: (False, "cluster.InverseOffer", ()),
            74: (False, "resources.Resource", ()),
            82: (False, "resources.Resource", ()),
            98: (True, "scheduler.OfferConstraints", ()),
        },
        "Response_GetFrameworks": {
            10: (False, "master.Response_GetFrameworks_Framework", ()),
            18: (False, "master.Response_GetFrameworks_Framework", ()),
            26: (False, "cluster.FrameworkInfo", ()),
        },
        "Response_GetExecutors_Executor": {
            10: (True, "tasks.ExecutorInfo", ()),
            18: (True, "common.AgentID", ()),
        },
        "Response_GetExecutors": {
            10: (False, "master.Response_GetExecutors_Executor", ()),
            18: (False, "master.Response_GetExecutors_Executor", ()),
        },
        "Response_GetOperations": {
            10: (False, "operators.Operation", ()),
        },
        "Response_GetTasks": {
            10: (False, "tasks.Task", ()),
            18: (False, "tasks.Task", ()),
            42: (False, "tasks.Task", ()),
            26: (False, "tasks.Task", ()),
            34: (False, "tasks.Task", ()),
        },
        "Response_GetRoles": {
            10: (False, "operators.Role", ()),
        },
        "Response_GetWeights": {
            10: (False, "operators.WeightInfo", ()),
        },
        "Response_GetMaster": {
            10: (True, "cluster.MasterInfo", ()),
        },
        "Response_GetMaintenanceStatus": {
            10: (True, "maintenance.ClusterStatus", ()),
        },
        "Response_GetMaintenanceSchedule": {
            10: (True, "maintenance.Schedule", ()),
        },
        "Response_GetQuota": {
            10: (True, "quota.QuotaStatus", ()),
        },
        "Response": {
            18: (True, "master.Response_GetHealth", ()),
            26: (True, "master.Response_GetFlags", ()),
            34: (True, "master.Response_GetVersion", ()),
            42: (True, "master.Response_GetMetrics", ()),
            50: (True, "master.Response_GetLoggingLevel", ()),
            58: (True, "master.Response_ListFiles", ()),
            66: (True, "master.Response_ReadFile", ()),
            74: (True, "master.Response_GetState", ()),
            82: (True, "master.Response_GetAgents", ()),
            90: (True, "master.Response_GetFrameworks", ()),
            98: (True, "master.Response_GetExecutors", ()),
            162: (True, "master.Response_GetOperations", ()),
            106: (True, "master.Response_GetTasks", ()),
            114: (True, "master.Response_GetRoles", ()),
            122: (True, "master.Response_GetWeights", ()),
            130: (True, "master.Response_GetMaster", ()),
            138: (True, "master.Response_GetMaintenanceStatus", ()),
            146: (True, "master.Response_GetMaintenanceSchedule", ()),
            154: (True, "master.Response_GetQuota", ()),
        },
        "Event_Subscribed": {
            10: (True, "master.Response_GetState", ()),
        },
        "Event_TaskAdded": {
            10: (True, "tasks.Task", ()),
        },
        "Event_TaskUpdated": {
            10: (True, "common.FrameworkID", ()),
            18: (True, "tasks.TaskStatus", ()),
        },
        "Event_FrameworkAdded": {
            10: (True, "master.Response_GetFrameworks_Framework", ()),
        },
        "Event_FrameworkUpdated": {
            10: (True, "master.Response_GetFrameworks_Framework", ()),
        },
        "Event_FrameworkRemoved": {
            10: (True, "cluster.FrameworkInfo", ()),
        },
        "Event_AgentAdded": {
            10: (True, "master.Response_GetAgents_Agent", ()),
        },
        "Event_AgentRemoved": {
            10: (True, "common.AgentID", ()),
        },
        "Event": {
            18: (True, "master.Event_Subscribed", ()),
            26: (True, "master.Event_TaskAdded", ()),
            34: (True, "master.Event_TaskUpdated", ()),
            42: (True, "master.Event_AgentAdded", ()),
            50: (True, "master.Event_AgentRemoved", ()),
            58: (True, "master.Event_FrameworkAdded", ()),
            66: (True, "master.Event_FrameworkUpdated", ()),
            74: (True, "master.Event_FrameworkRemoved", ()),
        },
    }


CODECS: dict[type, Codec] = {
    Call_GetMetrics: (e_Call_GetMetrics, d_Call_GetMetrics, "Call_GetMetrics", shapes),
    Call_SetLoggingLevel: (e_Call_SetLoggingLevel, d_Call_SetLoggingLevel, "Call_SetLoggingLevel", shapes),
    Call_ListFiles: (e_Call_ListFiles, d_Call_ListFiles, "Call_ListFiles", shapes),
    Call_ReadFile: (e_Call_ReadFile, d_Call_ReadFile, "Call_ReadFile", shapes),
    Call_UpdateWeights: (e_Call_UpdateWeights, d_Call_UpdateWeights, "Call_UpdateWeights", shapes),
    Call_ReserveResources: (e_Call_ReserveResources, d_Call_ReserveResources, "Call_ReserveResources", shapes),
    Call_UnreserveResources: (e_Call_UnreserveResources, d_Call_UnreserveResources, "Call_UnreserveResources", shapes),
    Call_CreateVolumes: (e_Call_CreateVolumes, d_Call_CreateVolumes, "Call_CreateVolumes", shapes),
    Call_DestroyVolumes: (e_Call_DestroyVolumes, d_Call_DestroyVolumes, "Call_DestroyVolumes", shapes),
    Call_GrowVolume: (e_Call_GrowVolume, d_Call_GrowVolume, "Call_GrowVolume", shapes),
    Call_ShrinkVolume: (e_Call_ShrinkVolume, d_Call_ShrinkVolume, "Call_ShrinkVolume", shapes),
    Call_UpdateMaintenanceSchedule: (e_Call_UpdateMaintenanceSchedule, d_Call_UpdateMaintenanceSchedule, "Call_UpdateMaintenanceSchedule", shapes),
    Call_StartMaintenance: (e_Call_StartMaintenance, d_Call_StartMaintenance, "Call_StartMaintenance", shapes),
    Call_StopMaintenance: (e_Call_StopMaintenance, d_Call_StopMaintenance, "Call_StopMaintenance", shapes),
    Call_DrainAgent: (e_Call_DrainAgent, d_Call_DrainAgent, "Call_DrainAgent", shapes),
    Call_DeactivateAgent: (e_Call_DeactivateAgent, d_Call_DeactivateAgent, "Call_DeactivateAgent", shapes),
    Call_ReactivateAgent: (e_Call_ReactivateAgent, d_Call_ReactivateAgent, "Call_ReactivateAgent", shapes),
    Call_UpdateQuota: (e_Call_UpdateQuota, d_Call_UpdateQuota, "Call_UpdateQuota", shapes),
    Call_SetQuota: (e_Call_SetQuota, d_Call_SetQuota, "Call_SetQuota", shapes),
    Call_RemoveQuota: (e_Call_RemoveQuota, d_Call_RemoveQuota, "Call_RemoveQuota", shapes),
    Call_Teardown: (e_Call_Teardown, d_Call_Teardown, "Call_Teardown", shapes),
    Call_MarkAgentGone: (e_Call_MarkAgentGone, d_Call_MarkAgentGone, "Call_MarkAgentGone", shapes),
    Call: (e_Call, d_Call, "Call", shapes),
    Response_GetHealth: (e_Response_GetHealth, d_Response_GetHealth, "Response_GetHealth", shapes),
    Response_GetFlags: (e_Response_GetFlags, d_Response_GetFlags, "Response_GetFlags", shapes),
    Response_GetVersion: (e_Response_GetVersion, d_Response_GetVersion, "Response_GetVersion", shapes),
    Response_GetMetrics: (e_Response_GetMetrics, d_Response_GetMetrics, "Response_GetMetrics", shapes),
    Response_GetLoggingLevel: (e_Response_GetLoggingLevel, d_Response_GetLoggingLevel, "Response_GetLoggingLevel", shapes),
    Response_ListFiles: (e_Response_ListFiles, d_Response_ListFiles, "Response_ListFiles", shapes),
    Response_ReadFile: (e_Response_ReadFile, d_Response_ReadFile, "Response_ReadFile", shapes),
    Response_GetState: (e_Response_GetState, d_Response_GetState, "Response_GetState", shapes),
    Response_GetAgents_Agent_ResourceProvider: (e_Response_GetAgents_Agent_ResourceProvider, d_Response_GetAgents_Agent_ResourceProvider, "Response_GetAgents_Agent_ResourceProvider", shapes),
    Response_GetAgents_Agent: (e_Response_GetAgents_Agent, d_Response_GetAgents_Agent, "Response_GetAgents_Agent", shapes),
    Response_GetAgents: (e_Response_GetAgents, d_Response_GetAgents, "Response_GetAgents", shapes),
    Response_GetFrameworks_Framework: (e_Response_GetFrameworks_Framework, d_Response_GetFrameworks_Framework, "Response_GetFrameworks_Framework", shapes),
    Response_GetFrameworks: (e_Response_GetFrameworks, d_Response_GetFrameworks, "Response_GetFrameworks", shapes),
    Response_GetExecutors_Executor: (e_Response_GetExecutors_Executor, d_Response_GetExecutors_Executor, "Response_GetExecutors_Executor", shapes),
    Response_GetExecutors: (e_Response_GetExecutors, d_Response_GetExecutors, "Response_GetExecutors", shapes),
    Response_GetOperations: (e_Response_GetOperations, d_Response_GetOperations, "Response_GetOperations", shapes),
    Response_GetTasks: (e_Response_GetTasks, d_Response_GetTasks, "Response_GetTasks", shapes),
    Response_GetRoles: (e_Response_GetRoles, d_Response_GetRoles, "Response_GetRoles", shapes),
    Response_GetWeights: (e_Response_GetWeights, d_Response_GetWeights, "Response_GetWeights", shapes),
    Response_GetMaster: (e_Response_GetMaster, d_Response_GetMaster, "Response_GetMaster", shapes),
    Response_GetMaintenanceStatus: (e_Response_GetMaintenanceStatus, d_Response_GetMaintenanceStatus, "Response_GetMaintenanceStatus", shapes),
    Response_GetMaintenanceSchedule: (e_Response_GetMaintenanceSchedule, d_Response_GetMaintenanceSchedule, "Response_GetMaintenanceSchedule", shapes),
    Response_GetQuota: (e_Response_GetQuota, d_Response_GetQuota, "Response_GetQuota", shapes),
    Response: (e_Response, d_Response, "Response", shapes),
    Event_Subscribed: (e_Event_Subscribed, d_Event_Subscribed, "Event_Subscribed", shapes),
    Event_TaskAdded: (e_Event_TaskAdded, d_Event_TaskAdded, "Event_TaskAdded", shapes),
    Event_TaskUpdated: (e_Event_TaskUpdated, d_Event_TaskUpdated, "Event_TaskUpdated", shapes),
    Event_FrameworkAdded: (e_Event_FrameworkAdded, d_Event_FrameworkAdded, "Event_FrameworkAdded", shapes),
    Event_FrameworkUpdated: (e_Event_FrameworkUpdated, d_Event_FrameworkUpdated, "Event_FrameworkUpdated", shapes),
    Event_FrameworkRemoved: (e_Event_FrameworkRemoved, d_Event_FrameworkRemoved, "Event_FrameworkRemoved", shapes),
    Event_AgentAdded: (e_Event_AgentAdded, d_Event_AgentAdded, "Event_AgentAdded", shapes),
    Event_AgentRemoved: (e_Event_AgentRemoved, d_Event_AgentRemoved, "Event_AgentRemoved", shapes),
    Event: (e_Event, d_Event, "Event", shapes),
}
