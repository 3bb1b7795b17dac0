"""Protobuf codecs. Tasks and their executors, health, and status (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/tasks.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import tasks as structs
from dcos_runtime.wire.protobuf._reading import DEPTH, Absent, Again, Codec, Malformed, Shape, double, entry, int32, length, numbers, uint32, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, int32_text, numbered, packed, pair, sized, uint32_text, utf8, varint_text, wrapped
from dcos_runtime.wire.protobuf.common import AgentID, CommandInfo, DurationInfo, ExecutorID, FrameworkID, Labels, TaskID, TimeInfo, Value_Scalar, d_AgentID, d_CommandInfo, d_DurationInfo, d_ExecutorID, d_FrameworkID, d_Labels, d_TaskID, d_TimeInfo, d_Value_Scalar, e_AgentID, e_CommandInfo, e_DurationInfo, e_ExecutorID, e_FrameworkID, e_Labels, e_TaskID, e_TimeInfo, e_Value_Scalar
from dcos_runtime.wire.protobuf.containers import ContainerInfo, ContainerStatus, NetworkInfo_Protocol, d_ContainerInfo, d_ContainerStatus, e_ContainerInfo, e_ContainerStatus, t_NetworkInfo_Protocol
from dcos_runtime.wire.protobuf.resources import Resource, d_Resource, e_Resource

KillPolicy = structs.KillPolicy
Port = structs.Port
Ports = structs.Ports
DiscoveryInfo = structs.DiscoveryInfo
ExecutorInfo = structs.ExecutorInfo
CheckInfo_Command = structs.CheckInfo.Command
CheckInfo_Http = structs.CheckInfo.Http
CheckInfo_Tcp = structs.CheckInfo.Tcp
CheckInfo = structs.CheckInfo
HealthCheck_HTTPCheckInfo = structs.HealthCheck.HTTPCheckInfo
HealthCheck_TCPCheckInfo = structs.HealthCheck.TCPCheckInfo
HealthCheck = structs.HealthCheck
TaskInfo = structs.TaskInfo
TaskGroupInfo = structs.TaskGroupInfo
CheckStatusInfo_Command = structs.CheckStatusInfo.Command
CheckStatusInfo_Http = structs.CheckStatusInfo.Http
CheckStatusInfo_Tcp = structs.CheckStatusInfo.Tcp
CheckStatusInfo = structs.CheckStatusInfo
TaskResourceLimitation = structs.TaskResourceLimitation
TaskStatus = structs.TaskStatus
Task = structs.Task
TaskState = structs.TaskState
DiscoveryInfo_Visibility = structs.DiscoveryInfo.Visibility
ExecutorInfo_Type = structs.ExecutorInfo.Type
CheckInfo_Type = structs.CheckInfo.Type
HealthCheck_Type = structs.HealthCheck.Type
TaskStatus_Source = structs.TaskStatus.Source
TaskStatus_Reason = structs.TaskStatus.Reason
t_TaskState = numbered(TaskState, {"TASK_STAGING": 6, "TASK_STARTING": 0, "TASK_RUNNING": 1, "TASK_KILLING": 8, "TASK_FINISHED": 2, "TASK_FAILED": 3, "TASK_KILLED": 4, "TASK_ERROR": 7, "TASK_LOST": 5, "TASK_DROPPED": 9, "TASK_UNREACHABLE": 10, "TASK_GONE": 11, "TASK_GONE_BY_OPERATOR": 12, "TASK_UNKNOWN": 13})
t_DiscoveryInfo_Visibility = numbered(DiscoveryInfo_Visibility, {"FRAMEWORK": 0, "CLUSTER": 1, "EXTERNAL": 2})
t_ExecutorInfo_Type = numbered(ExecutorInfo_Type, {"UNKNOWN": 0, "DEFAULT": 1, "CUSTOM": 2})
t_CheckInfo_Type = numbered(CheckInfo_Type, {"UNKNOWN": 0, "COMMAND": 1, "HTTP": 2, "TCP": 3})
t_HealthCheck_Type = numbered(HealthCheck_Type, {"UNKNOWN": 0, "COMMAND": 1, "HTTP": 2, "TCP": 3})
t_TaskStatus_Source = numbered(TaskStatus_Source, {"SOURCE_MASTER": 0, "SOURCE_AGENT": 1, "SOURCE_EXECUTOR": 2})
t_TaskStatus_Reason = numbered(TaskStatus_Reason, {"REASON_COMMAND_EXECUTOR_FAILED": 0, "REASON_CONTAINER_LAUNCH_FAILED": 21, "REASON_CONTAINER_LIMITATION": 19, "REASON_CONTAINER_LIMITATION_DISK": 20, "REASON_CONTAINER_LIMITATION_MEMORY": 8, "REASON_CONTAINER_PREEMPTED": 17, "REASON_CONTAINER_UPDATE_FAILED": 22, "REASON_MAX_COMPLETION_TIME_REACHED": 33, "REASON_EXECUTOR_REGISTRATION_TIMEOUT": 23, "REASON_EXECUTOR_REREGISTRATION_TIMEOUT": 24, "REASON_EXECUTOR_TERMINATED": 1, "REASON_EXECUTOR_UNREGISTERED": 2, "REASON_FRAMEWORK_REMOVED": 3, "REASON_GC_ERROR": 4, "REASON_INVALID_FRAMEWORKID": 5, "REASON_INVALID_OFFERS": 6, "REASON_IO_SWITCHBOARD_EXITED": 27, "REASON_MASTER_DISCONNECTED": 7, "REASON_RECONCILIATION": 9, "REASON_RESOURCES_UNKNOWN": 18, "REASON_AGENT_DISCONNECTED": 10, "REASON_AGENT_DRAINING": 34, "REASON_AGENT_REMOVED": 11, "REASON_AGENT_REMOVED_BY_OPERATOR": 31, "REASON_AGENT_REREGISTERED": 32, "REASON_AGENT_RESTARTED": 12, "REASON_AGENT_UNKNOWN": 13, "REASON_TASK_KILLED_DURING_LAUNCH": 30, "REASON_TASK_CHECK_STATUS_UPDATED": 28, "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED": 29, "REASON_TASK_GROUP_INVALID": 25, "REASON_TASK_GROUP_UNAUTHORIZED": 26, "REASON_TASK_INVALID": 14, "REASON_TASK_UNAUTHORIZED": 15, "REASON_TASK_UNKNOWN": 16})
T_0a = heads('\x0a')
T_12 = heads('\x12')
T_1a = heads('\x1a')
T_22 = heads('\x22')
T_2a = heads('\x2a')
T_32 = heads('\x32')
T_4a = heads('\x4a')
T_52 = heads('\x52')
T_5a = heads('\x5a')
T_72 = heads('\x72')
W_0a = wrapped('\x0a')
W_12 = wrapped('\x12')
W_1a = wrapped('\x1a')
W_22 = wrapped('\x22')
W_2a = wrapped('\x2a')
W_3a = wrapped('\x3a')
W_42 = wrapped('\x42')


def e_KillPolicy(m: KillPolicy) -> str:
    o = ''
    v1 = m.grace_period
    if v1 is not None:
        s = e_DurationInfo(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_KillPolicy(b: bytes, e: int, j: int = 0, v1: DurationInfo | None = None) -> KillPolicy:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('grace_period')
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
    return KillPolicy(grace_period=v1)


def e_Port(m: Port) -> str:
    i = m.number
    o = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
    x = m.name
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    x = m.protocol
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
    v4 = m.visibility
    if v4 is not None:
        o += f'\x20{v4.wire}'
    v5 = m.labels
    if v5 is not None:
        s = e_Labels(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Port(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: str | None = None, v3: str | None = None, v4: DiscoveryInfo_Visibility | None = None, v5: Labels | None = None) -> Port:
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
            if n in t_DiscoveryInfo_Visibility: v4 = t_DiscoveryInfo_Visibility[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('labels')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_Labels(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 32, 42,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Port')
    return Port(number=v1, name=v2, protocol=v3, visibility=v4, labels=v5)


def e_Ports(m: Ports) -> str:
    o = ''
    if m.ports:
        p = [o]
        for v1 in m.ports:
            i = v1.number
            q = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
            x = v1.name
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
            x = v1.protocol
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
            w4 = v1.visibility
            if w4 is not None:
                q += f'\x20{w4.wire}'
            w5 = v1.labels
            if w5 is not None:
                s = e_Labels(w5); n = len(s)
                q += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Ports(b: bytes, e: int, j: int = 0) -> Ports:
    v1: list[Port] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Port(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Ports(ports=v1)


def e_DiscoveryInfo(m: DiscoveryInfo) -> str:
    o = f'\x08{m.visibility.wire}'
    x = m.name
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    x = m.environment
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
    x = m.location
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{x}'
    x = m.version
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{x}'
    v6 = m.ports
    if v6 is not None:
        s = e_Ports(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v7 = m.labels
    if v7 is not None:
        s = e_Labels(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_DiscoveryInfo(b: bytes, e: int, j: int = 0, v1: DiscoveryInfo_Visibility | None = None, v2: str | None = None, v3: str | None = None, v4: str | None = None, v5: str | None = None, v6: Ports | None = None, v7: Labels | None = None) -> DiscoveryInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_DiscoveryInfo_Visibility: v1 = t_DiscoveryInfo_Visibility[n]
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
            if v6 is not None: raise Again('ports')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = d_Ports(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 58:
            if v7 is not None: raise Again('labels')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v7 = d_Labels(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34, 42, 50, 58,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('DiscoveryInfo')
    return DiscoveryInfo(visibility=v1, name=v2, environment=v3, location=v4, version=v5, ports=v6, labels=v7)


def e_ExecutorInfo(m: ExecutorInfo) -> str:
    o = ''
    s = m.executor_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_ExecutorID(m.executor_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.data
    if v4 is not None:
        s = v4.decode('latin-1'); n = len(s)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{s}'
    if m.resources:
        p = [o]
        for v5 in m.resources:
            s = e_Resource(v5); n = len(s)
            p.append(f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v7 = m.command
    if v7 is not None:
        s = e_CommandInfo(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v8 = m.framework_id
    if v8 is not None:
        s = v8.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_42[n]}{s}'
        else: s = e_FrameworkID(v8); n = len(s); o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    x = m.name
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_4a[n] if n < 128 else sized(74, n)}{x}'
    x = m.source
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_52[n] if n < 128 else sized(82, n)}{x}'
    v11 = m.container
    if v11 is not None:
        s = e_ContainerInfo(v11); n = len(s)
        o += f'\x5a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v12 = m.discovery
    if v12 is not None:
        s = e_DiscoveryInfo(v12); n = len(s)
        o += f'\x62{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v13 = m.shutdown_grace_period
    if v13 is not None:
        s = e_DurationInfo(v13); n = len(s)
        o += f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v14 = m.labels
    if v14 is not None:
        s = e_Labels(v14); n = len(s)
        o += f'\x72{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v15 = m.type
    if v15 is not None:
        o += f'\x78{v15.wire}'
    return o


def d_ExecutorInfo(b: bytes, e: int, j: int = 0, v1: ExecutorID | None = None, v4: bytes | None = None, v7: CommandInfo | None = None, v8: FrameworkID | None = None, v9: str | None = None, v10: str | None = None, v11: ContainerInfo | None = None, v12: DiscoveryInfo | None = None, v13: DurationInfo | None = None, v14: Labels | None = None, v15: ExecutorInfo_Type | None = None) -> ExecutorInfo:
    v5: list[Resource] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('executor_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = ExecutorID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_ExecutorID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = b[i:j]
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
            if t == 58:
                if v7 is not None: raise Again('command')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v7 = d_CommandInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 66:
                if v8 is not None: raise Again('framework_id')
                n = b[i - 1]; j = i + n
                if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v8 = FrameworkID(value=b[i + 2 : j].decode())
                else: n, i = length(b, i - 1); j = i + n; v8 = d_FrameworkID(b[i:j], n)
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
            if t == 82:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v10 = b[i:j].decode()
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 90:
                if v11 is not None: raise Again('container')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v11 = d_ContainerInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 98:
                if v12 is not None: raise Again('discovery')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v12 = d_DiscoveryInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 106:
                if v13 is not None: raise Again('shutdown_grace_period')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v13 = d_DurationInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 114:
                if v14 is not None: raise Again('labels')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v14 = d_Labels(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 120:
                n = b[i - 1]; j = i
                if n > 127:
                    n, j = varint(b, i - 1)
                    if n >> 31: n = int32(n)
                if n in t_ExecutorInfo_Type: v15 = t_ExecutorInfo_Type[n]
                if j >= e: break
                t = b[j]; i = j + 2
            j = i - 2 if t in (10, 34, 42, 58, 66, 74, 82, 90, 98, 106, 114, 120,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('ExecutorInfo')
    return ExecutorInfo(type=v15, executor_id=v1, framework_id=v8, command=v7, container=v11, resources=v5, name=v9, source=v10, data=v4, discovery=v12, shutdown_grace_period=v13, labels=v14)


def e_CheckInfo_Command(m: CheckInfo_Command) -> str:
    s = e_CommandInfo(m.command); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_CheckInfo_Command(b: bytes, e: int, j: int = 0, v1: CommandInfo | None = None) -> CheckInfo_Command:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('command')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_CommandInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('CheckInfo.Command')
    return CheckInfo_Command(command=v1)


def e_CheckInfo_Http(m: CheckInfo_Http) -> str:
    i = m.port
    o = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
    x = m.path
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    return o


def d_CheckInfo_Http(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: str | None = None) -> CheckInfo_Http:
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
    if v1 is None: raise Absent('CheckInfo.Http')
    return CheckInfo_Http(port=v1, path=v2)


def e_CheckInfo_Tcp(m: CheckInfo_Tcp) -> str:
    i = m.port
    o = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
    return o


def d_CheckInfo_Tcp(b: bytes, e: int, j: int = 0, v1: int | None = None) -> CheckInfo_Tcp:
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
    if v1 is None: raise Absent('CheckInfo.Tcp')
    return CheckInfo_Tcp(port=v1)


def e_CheckInfo(m: CheckInfo) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.command
    if v2 is not None:
        s = e_CheckInfo_Command(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.http
    if v3 is not None:
        s = e_CheckInfo_Http(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.delay_seconds
    if v4 is not None:
        o += f'\x21{packed(v4).decode("latin-1")}'
    v5 = m.interval_seconds
    if v5 is not None:
        o += f'\x29{packed(v5).decode("latin-1")}'
    v6 = m.timeout_seconds
    if v6 is not None:
        o += f'\x31{packed(v6).decode("latin-1")}'
    v7 = m.tcp
    if v7 is not None:
        s = e_CheckInfo_Tcp(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_CheckInfo(b: bytes, e: int, j: int = 0, v1: CheckInfo_Type | None = None, v2: CheckInfo_Command | None = None, v3: CheckInfo_Http | None = None, v4: float | None = None, v5: float | None = None, v6: float | None = None, v7: CheckInfo_Tcp | None = None) -> CheckInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_CheckInfo_Type: v1 = t_CheckInfo_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('command')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_CheckInfo_Command(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('http')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_CheckInfo_Http(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 33:
            v4 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 41:
            v5 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 49:
            v6 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 58:
            if v7 is not None: raise Again('tcp')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v7 = d_CheckInfo_Tcp(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 33, 41, 49, 58,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return CheckInfo(type=v1, command=v2, http=v3, tcp=v7, delay_seconds=v4, interval_seconds=v5, timeout_seconds=v6)


def e_HealthCheck_HTTPCheckInfo(m: HealthCheck_HTTPCheckInfo) -> str:
    i = m.port
    o = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
    x = m.path
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    x = m.scheme
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
    if m.statuses:
        p = [o]
        for v4 in m.statuses:
            p.append(f'\x20{uint32_text(v4) if v4 >> 14 else SHORT[v4]}')
        o = ''.join(p)
    v5 = m.protocol
    if v5 is not None:
        o += f'\x28{v5.wire}'
    return o


def d_HealthCheck_HTTPCheckInfo(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: str | None = None, v3: str | None = None, v5: NetworkInfo_Protocol | None = None) -> HealthCheck_HTTPCheckInfo:
    v4: list[int] = []
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
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = b[i:j].decode()
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 32:
            n = b[i - 1]; j = i
            if n > 127:
                t = b[j]; j += 1
                if t < 128: n += (t << 7) - 128
                else:
                    n, j = varint(b, i - 1)
                    if n >> 32: n = uint32(n)
            v4.append(n)
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
                for n in numbers(b, i, j):
                    if n >> 32: n = uint32(n)
                    v4.append(n)
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                if t == 40:
                    n = b[i - 1]; j = i
                    if n > 127:
                        n, j = varint(b, i - 1)
                        if n >> 31: n = int32(n)
                    if n in t_NetworkInfo_Protocol: v5 = t_NetworkInfo_Protocol[n]
                    if j >= e: break
                    t = b[j]; i = j + 2
                j = i - 2 if t in (8, 18, 26, 32, 34, 40,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('HealthCheck.HTTPCheckInfo')
    return HealthCheck_HTTPCheckInfo(protocol=v5, scheme=v3, port=v1, path=v2, statuses=v4)


def e_HealthCheck_TCPCheckInfo(m: HealthCheck_TCPCheckInfo) -> str:
    i = m.port
    o = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
    v2 = m.protocol
    if v2 is not None:
        o += f'\x10{v2.wire}'
    return o


def d_HealthCheck_TCPCheckInfo(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: NetworkInfo_Protocol | None = None) -> HealthCheck_TCPCheckInfo:
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
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_NetworkInfo_Protocol: v2 = t_NetworkInfo_Protocol[n]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('HealthCheck.TCPCheckInfo')
    return HealthCheck_TCPCheckInfo(protocol=v2, port=v1)


def e_HealthCheck(m: HealthCheck) -> str:
    o = ''
    v1 = m.http
    if v1 is not None:
        s = e_HealthCheck_HTTPCheckInfo(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.delay_seconds
    if v2 is not None:
        o += f'\x11{packed(v2).decode("latin-1")}'
    v3 = m.interval_seconds
    if v3 is not None:
        o += f'\x19{packed(v3).decode("latin-1")}'
    v4 = m.timeout_seconds
    if v4 is not None:
        o += f'\x21{packed(v4).decode("latin-1")}'
    v5 = m.consecutive_failures
    if v5 is not None:
        o += f'\x28{uint32_text(v5) if v5 >> 14 else SHORT[v5]}'
    v6 = m.grace_period_seconds
    if v6 is not None:
        o += f'\x31{packed(v6).decode("latin-1")}'
    v7 = m.command
    if v7 is not None:
        s = e_CommandInfo(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v8 = m.type
    if v8 is not None:
        o += f'\x40{v8.wire}'
    v9 = m.tcp
    if v9 is not None:
        s = e_HealthCheck_TCPCheckInfo(v9); n = len(s)
        o += f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_HealthCheck(b: bytes, e: int, j: int = 0, v1: HealthCheck_HTTPCheckInfo | None = None, v2: float | None = None, v3: float | None = None, v4: float | None = None, v5: int | None = None, v6: float | None = None, v7: CommandInfo | None = None, v8: HealthCheck_Type | None = None, v9: HealthCheck_TCPCheckInfo | None = None) -> HealthCheck:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('http')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_HealthCheck_HTTPCheckInfo(b[i:j], n)
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
        if t == 33:
            v4 = double(b, i - 1)[0]; j = i + 7
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
        if t == 49:
            v6 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 58:
            if v7 is not None: raise Again('command')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v7 = d_CommandInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 64:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_HealthCheck_Type: v8 = t_HealthCheck_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 74:
            if v9 is not None: raise Again('tcp')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v9 = d_HealthCheck_TCPCheckInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 17, 25, 33, 40, 49, 58, 64, 74,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return HealthCheck(delay_seconds=v2, interval_seconds=v3, timeout_seconds=v4, consecutive_failures=v5, grace_period_seconds=v6, type=v8, command=v7, http=v1, tcp=v9)


def e_TaskInfo(m: TaskInfo) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    s = m.task_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_TaskID(m.task_id); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_1a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.resources:
        p = [o]
        for v4 in m.resources:
            s = e_Resource(v4); n = len(s)
            p.append(f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.executor is not None:
        v5 = m.executor
        s = e_ExecutorInfo(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.data is not None:
        v6 = m.data
        s = v6.decode('latin-1'); n = len(s)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{s}'
    v7 = m.command
    if v7 is not None:
        s = e_CommandInfo(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v8 = m.health_check
    if v8 is not None:
        s = e_HealthCheck(v8); n = len(s)
        o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v9 = m.container
    if v9 is not None:
        s = e_ContainerInfo(v9); n = len(s)
        o += f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v10 = m.labels
    if v10 is not None:
        s = e_Labels(v10); n = len(s)
        o += f'\x52{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v11 = m.discovery
    if v11 is not None:
        s = e_DiscoveryInfo(v11); n = len(s)
        o += f'\x5a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.kill_policy is not None:
        v12 = m.kill_policy
        s = e_KillPolicy(v12); n = len(s)
        o += f'\x62{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.check is not None:
        v13 = m.check
        s = e_CheckInfo(v13); n = len(s)
        o += f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.max_completion_time is not None:
        v14 = m.max_completion_time
        s = e_DurationInfo(v14); n = len(s)
        o += f'\x72{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    for c, v15 in m.limits.items():
        s = pair(c, e_Value_Scalar(v15)); n = len(s)
        o += f'\x7a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_TaskInfo(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: TaskID | None = None, v3: AgentID | None = None, v5: ExecutorInfo | None = None, v6: bytes | None = None, v7: CommandInfo | None = None, v8: HealthCheck | None = None, v9: ContainerInfo | None = None, v10: Labels | None = None, v11: DiscoveryInfo | None = None, v12: KillPolicy | None = None, v13: CheckInfo | None = None, v14: DurationInfo | None = None, v15: dict[str, Value_Scalar] | None = None, r: bool = False) -> TaskInfo:
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
        if t == 18:
            if v2 is not None: raise Again('task_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = TaskID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_TaskID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v3 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v3 = d_AgentID(b[i:j], n)
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
            if t < 58:
                if t == 42:
                    r = True
                    if v5 is not None: raise Again('executor')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v5 = d_ExecutorInfo(b[i:j], n)
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
                    v6 = b[i:j]
                    if j >= e: break
                    t = b[j]; i = j + 2
            if t == 58:
                if v7 is not None: raise Again('command')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v7 = d_CommandInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 66:
                if v8 is not None: raise Again('health_check')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v8 = d_HealthCheck(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 74:
                if v9 is not None: raise Again('container')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v9 = d_ContainerInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 82:
                if v10 is not None: raise Again('labels')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v10 = d_Labels(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 90:
                if v11 is not None: raise Again('discovery')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v11 = d_DiscoveryInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t < 122:
                if t == 98:
                    r = True
                    if v12 is not None: raise Again('kill_policy')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v12 = d_KillPolicy(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 106:
                    r = True
                    if v13 is not None: raise Again('check')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v13 = d_CheckInfo(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 114:
                    r = True
                    if v14 is not None: raise Again('max_completion_time')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v14 = d_DurationInfo(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
            while t == 122:
                r = True
                if v15 is None: v15 = {}
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                c, v15[c] = entry(b[i:j], n, d_Value_Scalar)
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 18, 26, 34, 42, 50, 58, 66, 74, 82, 90, 98, 106, 114, 122,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None: raise Absent('TaskInfo')
    if not r: return TaskInfo(name=v1, task_id=v2, agent_id=v3, resources=v4, command=v7, container=v9, health_check=v8, labels=v10, discovery=v11)
    return TaskInfo(name=v1, task_id=v2, agent_id=v3, resources=v4, executor=v5, command=v7, container=v9, health_check=v8, check=v13, kill_policy=v12, data=v6, labels=v10, discovery=v11, max_completion_time=v14, limits=v15 or {})


def e_TaskGroupInfo(m: TaskGroupInfo) -> str:
    o = ''
    if m.tasks:
        p = [o]
        for v1 in m.tasks:
            s = e_TaskInfo(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_TaskGroupInfo(b: bytes, e: int, j: int = 0) -> TaskGroupInfo:
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
    return TaskGroupInfo(tasks=v1)


def e_CheckStatusInfo_Command(m: CheckStatusInfo_Command) -> str:
    o = ''
    v1 = m.exit_code
    if v1 is not None:
        o += f'\x08{int32_text(v1) if v1 >> 14 else SHORT[v1]}'
    return o


def d_CheckStatusInfo_Command(b: bytes, e: int, j: int = 0, v1: int | None = None) -> CheckStatusInfo_Command:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
                    if v1 >> 31: v1 = int32(v1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return CheckStatusInfo_Command(exit_code=v1)


def e_CheckStatusInfo_Http(m: CheckStatusInfo_Http) -> str:
    o = ''
    v1 = m.status_code
    if v1 is not None:
        o += f'\x08{uint32_text(v1) if v1 >> 14 else SHORT[v1]}'
    return o


def d_CheckStatusInfo_Http(b: bytes, e: int, j: int = 0, v1: int | None = None) -> CheckStatusInfo_Http:
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
    return CheckStatusInfo_Http(status_code=v1)


def e_CheckStatusInfo_Tcp(m: CheckStatusInfo_Tcp) -> str:
    o = ''
    v1 = m.succeeded
    if v1 is not None:
        o += '\x08\x01' if v1 else '\x08\x00'
    return o


def d_CheckStatusInfo_Tcp(b: bytes, e: int, j: int = 0, v1: bool | None = None) -> CheckStatusInfo_Tcp:
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
    return CheckStatusInfo_Tcp(succeeded=v1)


def e_CheckStatusInfo(m: CheckStatusInfo) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.command
    if v2 is not None:
        s = e_CheckStatusInfo_Command(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.http
    if v3 is not None:
        s = e_CheckStatusInfo_Http(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.tcp
    if v4 is not None:
        s = e_CheckStatusInfo_Tcp(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_CheckStatusInfo(b: bytes, e: int, j: int = 0, v1: CheckInfo_Type | None = None, v2: CheckStatusInfo_Command | None = None, v3: CheckStatusInfo_Http | None = None, v4: CheckStatusInfo_Tcp | None = None) -> CheckStatusInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_CheckInfo_Type: v1 = t_CheckInfo_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('command')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_CheckStatusInfo_Command(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('http')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_CheckStatusInfo_Http(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('tcp')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_CheckStatusInfo_Tcp(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return CheckStatusInfo(type=v1, command=v2, http=v3, tcp=v4)


def e_TaskResourceLimitation(m: TaskResourceLimitation) -> str:
    o = ''
    if m.resources:
        p = [o]
        for v1 in m.resources:
            s = e_Resource(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_TaskResourceLimitation(b: bytes, e: int, j: int = 0) -> TaskResourceLimitation:
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
    return TaskResourceLimitation(resources=v1)


def e_TaskStatus(m: TaskStatus) -> str:
    o = ''
    s = m.task_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_TaskID(m.task_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    o += f'\x10{m.state.wire}'
    if m.data is not None:
        v3 = m.data
        s = v3.decode('latin-1'); n = len(s)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    x = m.message
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{x}'
    v5 = m.agent_id
    if v5 is not None:
        s = v5.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_2a[n]}{s}'
        else: s = e_AgentID(v5); n = len(s); o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.timestamp
    if v6 is not None:
        o += f'\x31{packed(v6).decode("latin-1")}'
    v7 = m.executor_id
    if v7 is not None:
        s = v7.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_3a[n]}{s}'
        else: s = e_ExecutorID(v7); n = len(s); o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v8 = m.healthy
    if v8 is not None:
        o += '\x40\x01' if v8 else '\x40\x00'
    v9 = m.source
    if v9 is not None:
        o += f'\x48{v9.wire}'
    if m.reason is not None:
        v10 = m.reason
        o += f'\x50{v10.wire}'
    v11 = m.uuid
    if v11 is not None:
        s = v11.decode('latin-1'); n = len(s)
        o += f'{T_5a[n] if n < 128 else sized(90, n)}{s}'
    if m.labels is not None:
        v12 = m.labels
        s = e_Labels(v12); n = len(s)
        o += f'\x62{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v13 = m.container_status
    if v13 is not None:
        s = e_ContainerStatus(v13); n = len(s)
        o += f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.unreachable_time is not None:
        v14 = m.unreachable_time
        s = e_TimeInfo(v14); n = len(s)
        o += f'\x72{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.check_status is not None:
        v15 = m.check_status
        s = e_CheckStatusInfo(v15); n = len(s)
        o += f'\x7a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.limitation is not None:
        v16 = m.limitation
        s = e_TaskResourceLimitation(v16); n = len(s)
        o += f'\x82\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_TaskStatus(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: TaskID | None = None, v2: TaskState | None = None, v3: bytes | None = None, v4: str | None = None, v5: AgentID | None = None, v6: float | None = None, v7: ExecutorID | None = None, v8: bool | None = None, v9: TaskStatus_Source | None = None, v10: TaskStatus_Reason | None = None, v11: bytes | None = None, v12: Labels | None = None, v13: ContainerStatus | None = None, v14: TimeInfo | None = None, v15: CheckStatusInfo | None = None, v16: TaskResourceLimitation | None = None, r: bool = False) -> TaskStatus:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('task_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = TaskID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_TaskID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_TaskState: v2 = t_TaskState[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            r = True
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = b[i:j]
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
            if v5 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v5 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v5 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 49:
            v6 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 58:
            if v7 is not None: raise Again('executor_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v7 = ExecutorID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v7 = d_ExecutorID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 64:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v8 = n != 0
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 72:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_TaskStatus_Source: v9 = t_TaskStatus_Source[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 80:
            r = True
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_TaskStatus_Reason: v10 = t_TaskStatus_Reason[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 90:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v11 = b[i:j]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 98:
            r = True
            if v12 is not None: raise Again('labels')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v12 = d_Labels(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 106:
            if v13 is not None: raise Again('container_status')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v13 = d_ContainerStatus(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t < 130:
            if t == 114:
                r = True
                if v14 is not None: raise Again('unreachable_time')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v14 = d_TimeInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 122:
                r = True
                if v15 is not None: raise Again('check_status')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v15 = d_CheckStatusInfo(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
        if t == 130 and b[i - 1] == 1:
            i += 1
            r = True
            if v16 is not None: raise Again('limitation')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v16 = d_TaskResourceLimitation(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 16, 26, 34, 42, 49, 58, 64, 72, 80, 90, 98, 106, 114, 122,) or (t in (130,) and b[i - 1] == 1) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('TaskStatus')
    if not r: return TaskStatus(task_id=v1, state=v2, message=v4, source=v9, agent_id=v5, executor_id=v7, timestamp=v6, uuid=v11, healthy=v8, container_status=v13)
    return TaskStatus(task_id=v1, state=v2, message=v4, source=v9, reason=v10, data=v3, agent_id=v5, executor_id=v7, timestamp=v6, uuid=v11, healthy=v8, check_status=v15, labels=v12, container_status=v13, unreachable_time=v14, limitation=v16)


def e_Task(m: Task) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    s = m.task_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_TaskID(m.task_id); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.framework_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_1a[n]}{s}'
    else: s = e_FrameworkID(m.framework_id); n = len(s); o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.executor_id
    if v4 is not None:
        s = v4.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_22[n]}{s}'
        else: s = e_ExecutorID(v4); n = len(s); o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_2a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    o += f'\x30{m.state.wire}'
    if m.resources:
        p = [o]
        for v7 in m.resources:
            s = e_Resource(v7); n = len(s)
            p.append(f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.statuses:
        p = [o]
        for v8 in m.statuses:
            s = e_TaskStatus(v8); n = len(s)
            p.append(f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v9 = m.status_update_state
    if v9 is not None:
        o += f'\x48{v9.wire}'
    v10 = m.status_update_uuid
    if v10 is not None:
        s = v10.decode('latin-1'); n = len(s)
        o += f'{T_52[n] if n < 128 else sized(82, n)}{s}'
    v11 = m.labels
    if v11 is not None:
        s = e_Labels(v11); n = len(s)
        o += f'\x5a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v12 = m.discovery
    if v12 is not None:
        s = e_DiscoveryInfo(v12); n = len(s)
        o += f'\x62{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v13 = m.container
    if v13 is not None:
        s = e_ContainerInfo(v13); n = len(s)
        o += f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    x = m.user
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_72[n] if n < 128 else sized(114, n)}{x}'
    v15 = m.health_check
    if v15 is not None:
        s = e_HealthCheck(v15); n = len(s)
        o += f'\x7a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v16 = m.kill_policy
    if v16 is not None:
        s = e_KillPolicy(v16); n = len(s)
        o += f'\x82\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    for c, v17 in m.limits.items():
        s = pair(c, e_Value_Scalar(v17)); n = len(s)
        o += f'\x8a\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Task(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: str | None = None, v2: TaskID | None = None, v3: FrameworkID | None = None, v4: ExecutorID | None = None, v5: AgentID | None = None, v6: TaskState | None = None, v9: TaskState | None = None, v10: bytes | None = None, v11: Labels | None = None, v12: DiscoveryInfo | None = None, v13: ContainerInfo | None = None, v14: str | None = None, v15: HealthCheck | None = None, v16: KillPolicy | None = None) -> Task:
    v7: list[Resource] = []
    v8: list[TaskStatus] = []
    v17: dict[str, Value_Scalar] = {}
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
            if v2 is not None: raise Again('task_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = TaskID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_TaskID(b[i:j], n)
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
            if v4 is not None: raise Again('executor_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v4 = ExecutorID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v4 = d_ExecutorID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v5 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v5 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 48:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_TaskState: v6 = t_TaskState[n]
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
                if k < 1: raise Malformed('nested too deeply')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v8.append(d_TaskStatus(b[i:j], n, k - 1))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                if t == 72:
                    n = b[i - 1]; j = i
                    if n > 127:
                        n, j = varint(b, i - 1)
                        if n >> 31: n = int32(n)
                    if n in t_TaskState: v9 = t_TaskState[n]
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 82:
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v10 = b[i:j]
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 90:
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
                if t == 98:
                    if v12 is not None: raise Again('discovery')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v12 = d_DiscoveryInfo(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 106:
                    if v13 is not None: raise Again('container')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v13 = d_ContainerInfo(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 114:
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v14 = b[i:j].decode()
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 122:
                    if v15 is not None: raise Again('health_check')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v15 = d_HealthCheck(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 130 and b[i - 1] == 1:
                    i += 1
                    if v16 is not None: raise Again('kill_policy')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v16 = d_KillPolicy(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                while t == 138 and b[i - 1] == 1:
                    i += 1
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    c, v17[c] = entry(b[i:j], n, d_Value_Scalar)
                    if j >= e: break
                    t = b[j]; i = j + 2
                else:
                    j = i - 2 if t in (10, 18, 26, 34, 42, 48, 58, 66, 72, 82, 90, 98, 106, 114, 122,) or (t in (130, 138,) and b[i - 1] == 1) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None or v5 is None or v6 is None: raise Absent('Task')
    return Task(name=v1, task_id=v2, framework_id=v3, executor_id=v4, agent_id=v5, state=v6, resources=v7, statuses=v8, status_update_state=v9, status_update_uuid=v10, labels=v11, discovery=v12, container=v13, health_check=v15, kill_policy=v16, user=v14, limits=v17)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "KillPolicy": {
            10: (True, "common.DurationInfo", ()),
        },
        "Port": {
            42: (True, "common.Labels", ()),
        },
        "Ports": {
            10: (False, "tasks.Port", ()),
        },
        "DiscoveryInfo": {
            50: (True, "tasks.Ports", ()),
            58: (True, "common.Labels", ()),
        },
        "ExecutorInfo": {
            10: (True, "common.ExecutorID", ()),
            66: (True, "common.FrameworkID", ()),
            58: (True, "common.CommandInfo", ()),
            90: (True, "containers.ContainerInfo", ()),
            42: (False, "resources.Resource", ()),
            98: (True, "tasks.DiscoveryInfo", ()),
            106: (True, "common.DurationInfo", ()),
            114: (True, "common.Labels", ()),
        },
        "CheckInfo_Command": {
            10: (True, "common.CommandInfo", ()),
        },
        "CheckInfo": {
            18: (True, "tasks.CheckInfo_Command", ()),
            26: (True, "tasks.CheckInfo_Http", ()),
            58: (True, "tasks.CheckInfo_Tcp", ()),
        },
        "HealthCheck": {
            58: (True, "common.CommandInfo", ()),
            10: (True, "tasks.HealthCheck_HTTPCheckInfo", ()),
            74: (True, "tasks.HealthCheck_TCPCheckInfo", ()),
        },
        "TaskInfo": {
            18: (True, "common.TaskID", ()),
            26: (True, "common.AgentID", ()),
            34: (False, "resources.Resource", ()),
            42: (True, "tasks.ExecutorInfo", ()),
            58: (True, "common.CommandInfo", ()),
            74: (True, "containers.ContainerInfo", ()),
            66: (True, "tasks.HealthCheck", ()),
            106: (True, "tasks.CheckInfo", ()),
            98: (True, "tasks.KillPolicy", ()),
            82: (True, "common.Labels", ()),
            90: (True, "tasks.DiscoveryInfo", ()),
            114: (True, "common.DurationInfo", ()),
            122: (False, "tasks.TaskInfo.limits", ()),
        },
        "TaskInfo.limits": {18: (True, "common.Value_Scalar", ())},
        "TaskGroupInfo": {
            10: (False, "tasks.TaskInfo", ()),
        },
        "CheckStatusInfo": {
            18: (True, "tasks.CheckStatusInfo_Command", ()),
            26: (True, "tasks.CheckStatusInfo_Http", ()),
            34: (True, "tasks.CheckStatusInfo_Tcp", ()),
        },
        "TaskResourceLimitation": {
            10: (False, "resources.Resource", ()),
        },
        "TaskStatus": {
            10: (True, "common.TaskID", ()),
            42: (True, "common.AgentID", ()),
            58: (True, "common.ExecutorID", ()),
            122: (True, "tasks.CheckStatusInfo", ()),
            98: (True, "common.Labels", ()),
            106: (True, "containers.ContainerStatus", ()),
            114: (True, "common.TimeInfo", ()),
            130: (True, "tasks.TaskResourceLimitation", ()),
        },
        "Task": {
            18: (True, "common.TaskID", ()),
            26: (True, "common.FrameworkID", ()),
            34: (True, "common.ExecutorID", ()),
            42: (True, "common.AgentID", ()),
            58: (False, "resources.Resource", ()),
            66: (False, "tasks.TaskStatus", ()),
            90: (True, "common.Labels", ()),
            98: (True, "tasks.DiscoveryInfo", ()),
            106: (True, "containers.ContainerInfo", ()),
            122: (True, "tasks.HealthCheck", ()),
            130: (True, "tasks.KillPolicy", ()),
            138: (False, "tasks.Task.limits", ()),
        },
        "Task.limits": {18: (True, "common.Value_Scalar", ())},
    }


CODECS: dict[type, Codec] = {
    KillPolicy: (e_KillPolicy, d_KillPolicy, "KillPolicy", shapes),
    Port: (e_Port, d_Port, "Port", shapes),
    Ports: (e_Ports, d_Ports, "Ports", shapes),
    DiscoveryInfo: (e_DiscoveryInfo, d_DiscoveryInfo, "DiscoveryInfo", shapes),
    ExecutorInfo: (e_ExecutorInfo, d_ExecutorInfo, "ExecutorInfo", shapes),
    CheckInfo_Command: (e_CheckInfo_Command, d_CheckInfo_Command, "CheckInfo_Command", shapes),
    CheckInfo_Http: (e_CheckInfo_Http, d_CheckInfo_Http, "CheckInfo_Http", shapes),
    CheckInfo_Tcp: (e_CheckInfo_Tcp, d_CheckInfo_Tcp, "CheckInfo_Tcp", shapes),
    CheckInfo: (e_CheckInfo, d_CheckInfo, "CheckInfo", shapes),
    HealthCheck_HTTPCheckInfo: (e_HealthCheck_HTTPCheckInfo, d_HealthCheck_HTTPCheckInfo, "HealthCheck_HTTPCheckInfo", shapes),
    HealthCheck_TCPCheckInfo: (e_HealthCheck_TCPCheckInfo, d_HealthCheck_TCPCheckInfo, "HealthCheck_TCPCheckInfo", shapes),
    HealthCheck: (e_HealthCheck, d_HealthCheck, "HealthCheck", shapes),
    TaskInfo: (e_TaskInfo, d_TaskInfo, "TaskInfo", shapes),
    TaskGroupInfo: (e_TaskGroupInfo, d_TaskGroupInfo, "TaskGroupInfo", shapes),
    CheckStatusInfo_Command: (e_CheckStatusInfo_Command, d_CheckStatusInfo_Command, "CheckStatusInfo_Command", shapes),
    CheckStatusInfo_Http: (e_CheckStatusInfo_Http, d_CheckStatusInfo_Http, "CheckStatusInfo_Http", shapes),
    CheckStatusInfo_Tcp: (e_CheckStatusInfo_Tcp, d_CheckStatusInfo_Tcp, "CheckStatusInfo_Tcp", shapes),
    CheckStatusInfo: (e_CheckStatusInfo, d_CheckStatusInfo, "CheckStatusInfo", shapes),
    TaskResourceLimitation: (e_TaskResourceLimitation, d_TaskResourceLimitation, "TaskResourceLimitation", shapes),
    TaskStatus: (e_TaskStatus, d_TaskStatus, "TaskStatus", shapes),
    Task: (e_Task, d_Task, "Task", shapes),
}
