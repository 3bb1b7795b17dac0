"""Protobuf codecs. Tasks and their executors, health, and status (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/tasks.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import tasks as structs
from dcos_runtime.wire.protobuf._reading import DEPTH, Absent, Again, Codec, Malformed, Shape, double, entry, int32, length, numbers, uint32, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, int32_text, numbered, packed, pair, sized, uint32_text, utf8, wrapped
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
T_8a01 = heads('\x8a\x01')
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
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_KillPolicy(b: bytes, i: int, e: int) -> KillPolicy:
    v1: DurationInfo | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('grace_period')
            v1 = d_DurationInfo(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return KillPolicy(grace_period=v1)


def e_Port(m: Port) -> str:
    i = m.number
    o = f'\x08{SHORT[i] if 0 <= i < 1024 else uint32_text(i)}'
    v2 = m.name
    if v2 is not None:
        s = v2
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    v3 = m.protocol
    if v3 is not None:
        s = v3
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    v4 = m.visibility
    if v4 is not None:
        o += f'\x20{v4.wire}'
    v5 = m.labels
    if v5 is not None:
        s = e_Labels(v5); n = len(s)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{s}'
    return o


def d_Port(b: bytes, i: int, e: int) -> Port:
    v1: int | None = None
    v2: str | None = None
    v3: str | None = None
    v4: DiscoveryInfo_Visibility | None = None
    v5: Labels | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = uint32(b, i - 1)
            v1 = n
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
            v3 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 32:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v4 = t_DiscoveryInfo_Visibility.get(n, v4)
            if i >= e: break
            t = b[i]; i += 1
        if t == 42:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v5 is not None: raise Again('labels')
            v5 = d_Labels(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Port')
    return Port(number=v1, name=v2, protocol=v3, visibility=v4, labels=v5)


def e_Ports(m: Ports) -> str:
    o = ''
    if m.ports:
        p = [o]
        for v1 in m.ports:
            s = e_Port(v1); n = len(s)
            p.append(f'{T_0a[n] if n < 128 else sized(10, n)}{s}')
        o = ''.join(p)
    return o


def d_Ports(b: bytes, i: int, e: int) -> Ports:
    v1: list[Port] = []
    while i < e:
        t = b[i]; i += 1; h = i
        while t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1.append(d_Port(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return Ports(ports=v1)


def e_DiscoveryInfo(m: DiscoveryInfo) -> str:
    o = f'\x08{m.visibility.wire}'
    v2 = m.name
    if v2 is not None:
        s = v2
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    v3 = m.environment
    if v3 is not None:
        s = v3
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    v4 = m.location
    if v4 is not None:
        s = v4
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{s}'
    v5 = m.version
    if v5 is not None:
        s = v5
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{s}'
    v6 = m.ports
    if v6 is not None:
        s = e_Ports(v6); n = len(s)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{s}'
    v7 = m.labels
    if v7 is not None:
        s = e_Labels(v7); n = len(s)
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{s}'
    return o


def d_DiscoveryInfo(b: bytes, i: int, e: int) -> DiscoveryInfo:
    v1: DiscoveryInfo_Visibility | None = None
    v2: str | None = None
    v3: str | None = None
    v4: str | None = None
    v5: str | None = None
    v6: Ports | None = None
    v7: Labels | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v1 = t_DiscoveryInfo_Visibility.get(n, v1)
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
            v3 = b[i:j].decode(); i = j
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
            if v6 is not None: raise Again('ports')
            v6 = d_Ports(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 58:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v7 is not None: raise Again('labels')
            v7 = d_Labels(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('DiscoveryInfo')
    return DiscoveryInfo(visibility=v1, name=v2, environment=v3, location=v4, version=v5, ports=v6, labels=v7)


def e_ExecutorInfo(m: ExecutorInfo) -> str:
    o = ''
    s = m.executor_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_ExecutorID(m.executor_id); n = len(s); o += f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    v4 = m.data
    if v4 is not None:
        s = v4.decode('latin-1'); n = len(s)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{s}'
    if m.resources:
        p = [o]
        for v5 in m.resources:
            s = e_Resource(v5); n = len(s)
            p.append(f'{T_2a[n] if n < 128 else sized(42, n)}{s}')
        o = ''.join(p)
    v7 = m.command
    if v7 is not None:
        s = e_CommandInfo(v7); n = len(s)
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{s}'
    v8 = m.framework_id
    if v8 is not None:
        s = v8.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_42[n]}{s}'
        else: s = e_FrameworkID(v8); n = len(s); o += f'{T_42[n] if n < 128 else sized(66, n)}{s}'
    v9 = m.name
    if v9 is not None:
        s = v9
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_4a[n] if n < 128 else sized(74, n)}{s}'
    v10 = m.source
    if v10 is not None:
        s = v10
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_52[n] if n < 128 else sized(82, n)}{s}'
    v11 = m.container
    if v11 is not None:
        s = e_ContainerInfo(v11); n = len(s)
        o += f'{T_5a[n] if n < 128 else sized(90, n)}{s}'
    v12 = m.discovery
    if v12 is not None:
        s = e_DiscoveryInfo(v12); n = len(s)
        o += f'{T_62[n] if n < 128 else sized(98, n)}{s}'
    v13 = m.shutdown_grace_period
    if v13 is not None:
        s = e_DurationInfo(v13); n = len(s)
        o += f'{T_6a[n] if n < 128 else sized(106, n)}{s}'
    v14 = m.labels
    if v14 is not None:
        s = e_Labels(v14); n = len(s)
        o += f'{T_72[n] if n < 128 else sized(114, n)}{s}'
    v15 = m.type
    if v15 is not None:
        o += f'\x78{v15.wire}'
    return o


def d_ExecutorInfo(b: bytes, i: int, e: int) -> ExecutorInfo:
    v1: ExecutorID | None = None
    v4: bytes | None = None
    v5: list[Resource] = []
    v7: CommandInfo | None = None
    v8: FrameworkID | None = None
    v9: str | None = None
    v10: str | None = None
    v11: ContainerInfo | None = None
    v12: DiscoveryInfo | None = None
    v13: DurationInfo | None = None
    v14: Labels | None = None
    v15: ExecutorInfo_Type | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('executor_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v1 = ExecutorID(value=b[i + 2 : j].decode())
            else: v1 = d_ExecutorID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 34:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v4 = b[i:j]; i = j
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
            if t == 58:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v7 is not None: raise Again('command')
                v7 = d_CommandInfo(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 66:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v8 is not None: raise Again('framework_id')
                if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v8 = FrameworkID(value=b[i + 2 : j].decode())
                else: v8 = d_FrameworkID(b, i, j)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 74:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                v9 = b[i:j].decode(); i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 82:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                v10 = b[i:j].decode(); i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 90:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v11 is not None: raise Again('container')
                v11 = d_ContainerInfo(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 98:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v12 is not None: raise Again('discovery')
                v12 = d_DiscoveryInfo(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 106:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v13 is not None: raise Again('shutdown_grace_period')
                v13 = d_DurationInfo(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 114:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v14 is not None: raise Again('labels')
                v14 = d_Labels(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 120:
                n = b[i]; i += 1
                if n > 127: n, i = int32(b, i - 1)
                v15 = t_ExecutorInfo_Type.get(n, v15)
                if i >= e: break
                t = b[i]; i += 1
            i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('ExecutorInfo')
    return ExecutorInfo(type=v15, executor_id=v1, framework_id=v8, command=v7, container=v11, resources=v5, name=v9, source=v10, data=v4, discovery=v12, shutdown_grace_period=v13, labels=v14)


def e_CheckInfo_Command(m: CheckInfo_Command) -> str:
    s = e_CommandInfo(m.command); n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_CheckInfo_Command(b: bytes, i: int, e: int) -> CheckInfo_Command:
    v1: CommandInfo | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('command')
            v1 = d_CommandInfo(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('CheckInfo.Command')
    return CheckInfo_Command(command=v1)


def e_CheckInfo_Http(m: CheckInfo_Http) -> str:
    i = m.port
    o = f'\x08{SHORT[i] if 0 <= i < 1024 else uint32_text(i)}'
    v2 = m.path
    if v2 is not None:
        s = v2
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    return o


def d_CheckInfo_Http(b: bytes, i: int, e: int) -> CheckInfo_Http:
    v1: int | None = None
    v2: str | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = uint32(b, i - 1)
            v1 = n
            if i >= e: break
            t = b[i]; i += 1
        if t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v2 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('CheckInfo.Http')
    return CheckInfo_Http(port=v1, path=v2)


def e_CheckInfo_Tcp(m: CheckInfo_Tcp) -> str:
    i = m.port
    o = f'\x08{SHORT[i] if 0 <= i < 1024 else uint32_text(i)}'
    return o


def d_CheckInfo_Tcp(b: bytes, i: int, e: int) -> CheckInfo_Tcp:
    v1: int | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = uint32(b, i - 1)
            v1 = n
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
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
        o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    v3 = m.http
    if v3 is not None:
        s = e_CheckInfo_Http(v3); n = len(s)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
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
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{s}'
    return o


def d_CheckInfo(b: bytes, i: int, e: int) -> CheckInfo:
    v1: CheckInfo_Type | None = None
    v2: CheckInfo_Command | None = None
    v3: CheckInfo_Http | None = None
    v4: float | None = None
    v5: float | None = None
    v6: float | None = None
    v7: CheckInfo_Tcp | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v1 = t_CheckInfo_Type.get(n, v1)
            if i >= e: break
            t = b[i]; i += 1
        if t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v2 is not None: raise Again('command')
            v2 = d_CheckInfo_Command(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 26:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v3 is not None: raise Again('http')
            v3 = d_CheckInfo_Http(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 33:
            v4 = double(b, i)[0]; i += 8
            if i >= e: break
            t = b[i]; i += 1
        if t == 41:
            v5 = double(b, i)[0]; i += 8
            if i >= e: break
            t = b[i]; i += 1
        if t == 49:
            v6 = double(b, i)[0]; i += 8
            if i >= e: break
            t = b[i]; i += 1
        if t == 58:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v7 is not None: raise Again('tcp')
            v7 = d_CheckInfo_Tcp(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return CheckInfo(type=v1, command=v2, http=v3, tcp=v7, delay_seconds=v4, interval_seconds=v5, timeout_seconds=v6)


def e_HealthCheck_HTTPCheckInfo(m: HealthCheck_HTTPCheckInfo) -> str:
    i = m.port
    o = f'\x08{SHORT[i] if 0 <= i < 1024 else uint32_text(i)}'
    v2 = m.path
    if v2 is not None:
        s = v2
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    v3 = m.scheme
    if v3 is not None:
        s = v3
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    if m.statuses:
        p = [o]
        for v4 in m.statuses:
            p.append(f'\x20{SHORT[v4] if 0 <= v4 < 1024 else uint32_text(v4)}')
        o = ''.join(p)
    v5 = m.protocol
    if v5 is not None:
        o += f'\x28{v5.wire}'
    return o


def d_HealthCheck_HTTPCheckInfo(b: bytes, i: int, e: int) -> HealthCheck_HTTPCheckInfo:
    v1: int | None = None
    v2: str | None = None
    v3: str | None = None
    v4: list[int] = []
    v5: NetworkInfo_Protocol | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = uint32(b, i - 1)
            v1 = n
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
            v3 = b[i:j].decode(); i = j
            if i >= e: break
            t = b[i]; i += 1
        while t == 32:
            n = b[i]; i += 1
            if n > 127: n, i = uint32(b, i - 1)
            v4.append(n)
            if i >= e: break
            t = b[i]; i += 1
        else:
            while t == 34:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                v4 += numbers(b, i, j, uint32)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            else:
                if t == 40:
                    n = b[i]; i += 1
                    if n > 127: n, i = int32(b, i - 1)
                    v5 = t_NetworkInfo_Protocol.get(n, v5)
                    if i >= e: break
                    t = b[i]; i += 1
                i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('HealthCheck.HTTPCheckInfo')
    return HealthCheck_HTTPCheckInfo(protocol=v5, scheme=v3, port=v1, path=v2, statuses=v4)


def e_HealthCheck_TCPCheckInfo(m: HealthCheck_TCPCheckInfo) -> str:
    i = m.port
    o = f'\x08{SHORT[i] if 0 <= i < 1024 else uint32_text(i)}'
    v2 = m.protocol
    if v2 is not None:
        o += f'\x10{v2.wire}'
    return o


def d_HealthCheck_TCPCheckInfo(b: bytes, i: int, e: int) -> HealthCheck_TCPCheckInfo:
    v1: int | None = None
    v2: NetworkInfo_Protocol | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = uint32(b, i - 1)
            v1 = n
            if i >= e: break
            t = b[i]; i += 1
        if t == 16:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v2 = t_NetworkInfo_Protocol.get(n, v2)
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('HealthCheck.TCPCheckInfo')
    return HealthCheck_TCPCheckInfo(protocol=v2, port=v1)


def e_HealthCheck(m: HealthCheck) -> str:
    o = ''
    v1 = m.http
    if v1 is not None:
        s = e_HealthCheck_HTTPCheckInfo(v1); n = len(s)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
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
        o += f'\x28{SHORT[v5] if 0 <= v5 < 1024 else uint32_text(v5)}'
    v6 = m.grace_period_seconds
    if v6 is not None:
        o += f'\x31{packed(v6).decode("latin-1")}'
    v7 = m.command
    if v7 is not None:
        s = e_CommandInfo(v7); n = len(s)
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{s}'
    v8 = m.type
    if v8 is not None:
        o += f'\x40{v8.wire}'
    v9 = m.tcp
    if v9 is not None:
        s = e_HealthCheck_TCPCheckInfo(v9); n = len(s)
        o += f'{T_4a[n] if n < 128 else sized(74, n)}{s}'
    return o


def d_HealthCheck(b: bytes, i: int, e: int) -> HealthCheck:
    v1: HealthCheck_HTTPCheckInfo | None = None
    v2: float | None = None
    v3: float | None = None
    v4: float | None = None
    v5: int | None = None
    v6: float | None = None
    v7: CommandInfo | None = None
    v8: HealthCheck_Type | None = None
    v9: HealthCheck_TCPCheckInfo | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('http')
            v1 = d_HealthCheck_HTTPCheckInfo(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 17:
            v2 = double(b, i)[0]; i += 8
            if i >= e: break
            t = b[i]; i += 1
        if t == 25:
            v3 = double(b, i)[0]; i += 8
            if i >= e: break
            t = b[i]; i += 1
        if t == 33:
            v4 = double(b, i)[0]; i += 8
            if i >= e: break
            t = b[i]; i += 1
        if t == 40:
            n = b[i]; i += 1
            if n > 127: n, i = uint32(b, i - 1)
            v5 = n
            if i >= e: break
            t = b[i]; i += 1
        if t == 49:
            v6 = double(b, i)[0]; i += 8
            if i >= e: break
            t = b[i]; i += 1
        if t == 58:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v7 is not None: raise Again('command')
            v7 = d_CommandInfo(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 64:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v8 = t_HealthCheck_Type.get(n, v8)
            if i >= e: break
            t = b[i]; i += 1
        if t == 74:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v9 is not None: raise Again('tcp')
            v9 = d_HealthCheck_TCPCheckInfo(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
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
    else: s = e_TaskID(m.task_id); n = len(s); o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_1a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    if m.resources:
        p = [o]
        for v4 in m.resources:
            s = e_Resource(v4); n = len(s)
            p.append(f'{T_22[n] if n < 128 else sized(34, n)}{s}')
        o = ''.join(p)
    v5 = m.executor
    if v5 is not None:
        s = e_ExecutorInfo(v5); n = len(s)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{s}'
    v6 = m.data
    if v6 is not None:
        s = v6.decode('latin-1'); n = len(s)
        o += f'{T_32[n] if n < 128 else sized(50, n)}{s}'
    v7 = m.command
    if v7 is not None:
        s = e_CommandInfo(v7); n = len(s)
        o += f'{T_3a[n] if n < 128 else sized(58, n)}{s}'
    v8 = m.health_check
    if v8 is not None:
        s = e_HealthCheck(v8); n = len(s)
        o += f'{T_42[n] if n < 128 else sized(66, n)}{s}'
    v9 = m.container
    if v9 is not None:
        s = e_ContainerInfo(v9); n = len(s)
        o += f'{T_4a[n] if n < 128 else sized(74, n)}{s}'
    v10 = m.labels
    if v10 is not None:
        s = e_Labels(v10); n = len(s)
        o += f'{T_52[n] if n < 128 else sized(82, n)}{s}'
    v11 = m.discovery
    if v11 is not None:
        s = e_DiscoveryInfo(v11); n = len(s)
        o += f'{T_5a[n] if n < 128 else sized(90, n)}{s}'
    v12 = m.kill_policy
    if v12 is not None:
        s = e_KillPolicy(v12); n = len(s)
        o += f'{T_62[n] if n < 128 else sized(98, n)}{s}'
    v13 = m.check
    if v13 is not None:
        s = e_CheckInfo(v13); n = len(s)
        o += f'{T_6a[n] if n < 128 else sized(106, n)}{s}'
    v14 = m.max_completion_time
    if v14 is not None:
        s = e_DurationInfo(v14); n = len(s)
        o += f'{T_72[n] if n < 128 else sized(114, n)}{s}'
    for c, v15 in m.limits.items():
        s = pair(c, e_Value_Scalar(v15)); n = len(s)
        o += f'{T_7a[n] if n < 128 else sized(122, n)}{s}'
    return o


def d_TaskInfo(b: bytes, i: int, e: int) -> TaskInfo:
    v1: str | None = None
    v2: TaskID | None = None
    v3: AgentID | None = None
    v4: list[Resource] = []
    v5: ExecutorInfo | None = None
    v6: bytes | None = None
    v7: CommandInfo | None = None
    v8: HealthCheck | None = None
    v9: ContainerInfo | None = None
    v10: Labels | None = None
    v11: DiscoveryInfo | None = None
    v12: KillPolicy | None = None
    v13: CheckInfo | None = None
    v14: DurationInfo | None = None
    v15: dict[str, Value_Scalar] | None = None
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
            if v2 is not None: raise Again('task_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v2 = TaskID(value=b[i + 2 : j].decode())
            else: v2 = d_TaskID(b, i, j)
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
                r = True
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v5 is not None: raise Again('executor')
                v5 = d_ExecutorInfo(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 50:
                r = True
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                v6 = b[i:j]; i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 58:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v7 is not None: raise Again('command')
                v7 = d_CommandInfo(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 66:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v8 is not None: raise Again('health_check')
                v8 = d_HealthCheck(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 74:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v9 is not None: raise Again('container')
                v9 = d_ContainerInfo(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 82:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v10 is not None: raise Again('labels')
                v10 = d_Labels(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 90:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v11 is not None: raise Again('discovery')
                v11 = d_DiscoveryInfo(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 98:
                r = True
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v12 is not None: raise Again('kill_policy')
                v12 = d_KillPolicy(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 106:
                r = True
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v13 is not None: raise Again('check')
                v13 = d_CheckInfo(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            if t == 114:
                r = True
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if v14 is not None: raise Again('max_completion_time')
                v14 = d_DurationInfo(b[i:j], 0, n)
                i = j
                if i >= e: break
                t = b[i]; i += 1
            while t == 122:
                r = True
                if v15 is None: v15 = {}
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                c, v15[c] = entry(b, i, j, d_Value_Scalar); i = j
                if i >= e: break
                t = b[i]; i += 1
            else:
                i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None: raise Absent('TaskInfo')
    if not r: return TaskInfo(name=v1, task_id=v2, agent_id=v3, resources=v4, command=v7, container=v9, health_check=v8, labels=v10, discovery=v11)
    return TaskInfo(name=v1, task_id=v2, agent_id=v3, resources=v4, executor=v5, command=v7, container=v9, health_check=v8, check=v13, kill_policy=v12, data=v6, labels=v10, discovery=v11, max_completion_time=v14, limits=v15 or {})


def e_TaskGroupInfo(m: TaskGroupInfo) -> str:
    o = ''
    if m.tasks:
        p = [o]
        for v1 in m.tasks:
            s = e_TaskInfo(v1); n = len(s)
            p.append(f'{T_0a[n] if n < 128 else sized(10, n)}{s}')
        o = ''.join(p)
    return o


def d_TaskGroupInfo(b: bytes, i: int, e: int) -> TaskGroupInfo:
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
    return TaskGroupInfo(tasks=v1)


def e_CheckStatusInfo_Command(m: CheckStatusInfo_Command) -> str:
    o = ''
    v1 = m.exit_code
    if v1 is not None:
        o += f'\x08{SHORT[v1] if 0 <= v1 < 1024 else int32_text(v1)}'
    return o


def d_CheckStatusInfo_Command(b: bytes, i: int, e: int) -> CheckStatusInfo_Command:
    v1: int | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v1 = n
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return CheckStatusInfo_Command(exit_code=v1)


def e_CheckStatusInfo_Http(m: CheckStatusInfo_Http) -> str:
    o = ''
    v1 = m.status_code
    if v1 is not None:
        o += f'\x08{SHORT[v1] if 0 <= v1 < 1024 else uint32_text(v1)}'
    return o


def d_CheckStatusInfo_Http(b: bytes, i: int, e: int) -> CheckStatusInfo_Http:
    v1: int | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = uint32(b, i - 1)
            v1 = n
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return CheckStatusInfo_Http(status_code=v1)


def e_CheckStatusInfo_Tcp(m: CheckStatusInfo_Tcp) -> str:
    o = ''
    v1 = m.succeeded
    if v1 is not None:
        o += '\x08\x01' if v1 else '\x08\x00'
    return o


def d_CheckStatusInfo_Tcp(b: bytes, i: int, e: int) -> CheckStatusInfo_Tcp:
    v1: bool | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = varint(b, i - 1)
            v1 = n != 0
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return CheckStatusInfo_Tcp(succeeded=v1)


def e_CheckStatusInfo(m: CheckStatusInfo) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.command
    if v2 is not None:
        s = e_CheckStatusInfo_Command(v2); n = len(s)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    v3 = m.http
    if v3 is not None:
        s = e_CheckStatusInfo_Http(v3); n = len(s)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    v4 = m.tcp
    if v4 is not None:
        s = e_CheckStatusInfo_Tcp(v4); n = len(s)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{s}'
    return o


def d_CheckStatusInfo(b: bytes, i: int, e: int) -> CheckStatusInfo:
    v1: CheckInfo_Type | None = None
    v2: CheckStatusInfo_Command | None = None
    v3: CheckStatusInfo_Http | None = None
    v4: CheckStatusInfo_Tcp | None = None
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 8:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v1 = t_CheckInfo_Type.get(n, v1)
            if i >= e: break
            t = b[i]; i += 1
        if t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v2 is not None: raise Again('command')
            v2 = d_CheckStatusInfo_Command(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 26:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v3 is not None: raise Again('http')
            v3 = d_CheckStatusInfo_Http(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 34:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v4 is not None: raise Again('tcp')
            v4 = d_CheckStatusInfo_Tcp(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
    return CheckStatusInfo(type=v1, command=v2, http=v3, tcp=v4)


def e_TaskResourceLimitation(m: TaskResourceLimitation) -> str:
    o = ''
    if m.resources:
        p = [o]
        for v1 in m.resources:
            s = e_Resource(v1); n = len(s)
            p.append(f'{T_0a[n] if n < 128 else sized(10, n)}{s}')
        o = ''.join(p)
    return o


def d_TaskResourceLimitation(b: bytes, i: int, e: int) -> TaskResourceLimitation:
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
    return TaskResourceLimitation(resources=v1)


def e_TaskStatus(m: TaskStatus) -> str:
    o = ''
    s = m.task_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_TaskID(m.task_id); n = len(s); o += f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    o += f'\x10{m.state.wire}'
    v3 = m.data
    if v3 is not None:
        s = v3.decode('latin-1'); n = len(s)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    v4 = m.message
    if v4 is not None:
        s = v4
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_22[n] if n < 128 else sized(34, n)}{s}'
    v5 = m.agent_id
    if v5 is not None:
        s = v5.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_2a[n]}{s}'
        else: s = e_AgentID(v5); n = len(s); o += f'{T_2a[n] if n < 128 else sized(42, n)}{s}'
    v6 = m.timestamp
    if v6 is not None:
        o += f'\x31{packed(v6).decode("latin-1")}'
    v7 = m.executor_id
    if v7 is not None:
        s = v7.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_3a[n]}{s}'
        else: s = e_ExecutorID(v7); n = len(s); o += f'{T_3a[n] if n < 128 else sized(58, n)}{s}'
    v8 = m.healthy
    if v8 is not None:
        o += '\x40\x01' if v8 else '\x40\x00'
    v9 = m.source
    if v9 is not None:
        o += f'\x48{v9.wire}'
    v10 = m.reason
    if v10 is not None:
        o += f'\x50{v10.wire}'
    v11 = m.uuid
    if v11 is not None:
        s = v11.decode('latin-1'); n = len(s)
        o += f'{T_5a[n] if n < 128 else sized(90, n)}{s}'
    v12 = m.labels
    if v12 is not None:
        s = e_Labels(v12); n = len(s)
        o += f'{T_62[n] if n < 128 else sized(98, n)}{s}'
    v13 = m.container_status
    if v13 is not None:
        s = e_ContainerStatus(v13); n = len(s)
        o += f'{T_6a[n] if n < 128 else sized(106, n)}{s}'
    v14 = m.unreachable_time
    if v14 is not None:
        s = e_TimeInfo(v14); n = len(s)
        o += f'{T_72[n] if n < 128 else sized(114, n)}{s}'
    v15 = m.check_status
    if v15 is not None:
        s = e_CheckStatusInfo(v15); n = len(s)
        o += f'{T_7a[n] if n < 128 else sized(122, n)}{s}'
    v16 = m.limitation
    if v16 is not None:
        s = e_TaskResourceLimitation(v16); n = len(s)
        o += f'{T_8201[n] if n < 128 else sized(130, n)}{s}'
    return o


def d_TaskStatus(b: bytes, i: int, e: int, k: int = DEPTH) -> TaskStatus:
    v1: TaskID | None = None
    v2: TaskState | None = None
    v3: bytes | None = None
    v4: str | None = None
    v5: AgentID | None = None
    v6: float | None = None
    v7: ExecutorID | None = None
    v8: bool | None = None
    v9: TaskStatus_Source | None = None
    v10: TaskStatus_Reason | None = None
    v11: bytes | None = None
    v12: Labels | None = None
    v13: ContainerStatus | None = None
    v14: TimeInfo | None = None
    v15: CheckStatusInfo | None = None
    v16: TaskResourceLimitation | None = None
    r = False
    while i < e:
        t = b[i]; i += 1; h = i
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('task_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v1 = TaskID(value=b[i + 2 : j].decode())
            else: v1 = d_TaskID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 16:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v2 = t_TaskState.get(n, v2)
            if i >= e: break
            t = b[i]; i += 1
        if t == 26:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v3 = b[i:j]; i = j
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
            if v5 is not None: raise Again('agent_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v5 = AgentID(value=b[i + 2 : j].decode())
            else: v5 = d_AgentID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 49:
            v6 = double(b, i)[0]; i += 8
            if i >= e: break
            t = b[i]; i += 1
        if t == 58:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v7 is not None: raise Again('executor_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v7 = ExecutorID(value=b[i + 2 : j].decode())
            else: v7 = d_ExecutorID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 64:
            n = b[i]; i += 1
            if n > 127: n, i = varint(b, i - 1)
            v8 = n != 0
            if i >= e: break
            t = b[i]; i += 1
        if t == 72:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v9 = t_TaskStatus_Source.get(n, v9)
            if i >= e: break
            t = b[i]; i += 1
        if t == 80:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v10 = t_TaskStatus_Reason.get(n, v10)
            if i >= e: break
            t = b[i]; i += 1
        if t == 90:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v11 = b[i:j]; i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 98:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v12 is not None: raise Again('labels')
            v12 = d_Labels(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 106:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v13 is not None: raise Again('container_status')
            if k < 1: raise Malformed('nested too deeply')
            v13 = d_ContainerStatus(b[i:j], 0, n, k - 1)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 114:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v14 is not None: raise Again('unreachable_time')
            v14 = d_TimeInfo(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 122:
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v15 is not None: raise Again('check_status')
            v15 = d_CheckStatusInfo(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 130 and b[i] == 1:
            i += 1
            r = True
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v16 is not None: raise Again('limitation')
            v16 = d_TaskResourceLimitation(b[i:j], 0, n)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
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
    else: s = e_TaskID(m.task_id); n = len(s); o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    s = m.framework_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_1a[n]}{s}'
    else: s = e_FrameworkID(m.framework_id); n = len(s); o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    v4 = m.executor_id
    if v4 is not None:
        s = v4.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_22[n]}{s}'
        else: s = e_ExecutorID(v4); n = len(s); o += f'{T_22[n] if n < 128 else sized(34, n)}{s}'
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_2a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'{T_2a[n] if n < 128 else sized(42, n)}{s}'
    o += f'\x30{m.state.wire}'
    if m.resources:
        p = [o]
        for v7 in m.resources:
            s = e_Resource(v7); n = len(s)
            p.append(f'{T_3a[n] if n < 128 else sized(58, n)}{s}')
        o = ''.join(p)
    if m.statuses:
        p = [o]
        for v8 in m.statuses:
            s = e_TaskStatus(v8); n = len(s)
            p.append(f'{T_42[n] if n < 128 else sized(66, n)}{s}')
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
        o += f'{T_5a[n] if n < 128 else sized(90, n)}{s}'
    v12 = m.discovery
    if v12 is not None:
        s = e_DiscoveryInfo(v12); n = len(s)
        o += f'{T_62[n] if n < 128 else sized(98, n)}{s}'
    v13 = m.container
    if v13 is not None:
        s = e_ContainerInfo(v13); n = len(s)
        o += f'{T_6a[n] if n < 128 else sized(106, n)}{s}'
    v14 = m.user
    if v14 is not None:
        s = v14
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_72[n] if n < 128 else sized(114, n)}{s}'
    v15 = m.health_check
    if v15 is not None:
        s = e_HealthCheck(v15); n = len(s)
        o += f'{T_7a[n] if n < 128 else sized(122, n)}{s}'
    v16 = m.kill_policy
    if v16 is not None:
        s = e_KillPolicy(v16); n = len(s)
        o += f'{T_8201[n] if n < 128 else sized(130, n)}{s}'
    for c, v17 in m.limits.items():
        s = pair(c, e_Value_Scalar(v17)); n = len(s)
        o += f'{T_8a01[n] if n < 128 else sized(138, n)}{s}'
    return o


def d_Task(b: bytes, i: int, e: int, k: int = DEPTH) -> Task:
    v1: str | None = None
    v2: TaskID | None = None
    v3: FrameworkID | None = None
    v4: ExecutorID | None = None
    v5: AgentID | None = None
    v6: TaskState | None = None
    v7: list[Resource] = []
    v8: list[TaskStatus] = []
    v9: TaskState | None = None
    v10: bytes | None = None
    v11: Labels | None = None
    v12: DiscoveryInfo | None = None
    v13: ContainerInfo | None = None
    v14: str | None = None
    v15: HealthCheck | None = None
    v16: KillPolicy | None = None
    v17: dict[str, Value_Scalar] = {}
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
            if v2 is not None: raise Again('task_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v2 = TaskID(value=b[i + 2 : j].decode())
            else: v2 = d_TaskID(b, i, j)
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
            if v4 is not None: raise Again('executor_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v4 = ExecutorID(value=b[i + 2 : j].decode())
            else: v4 = d_ExecutorID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 42:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v5 is not None: raise Again('agent_id')
            if 1 < n < 130 and b[i] == 10 and b[i + 1] == n - 2: v5 = AgentID(value=b[i + 2 : j].decode())
            else: v5 = d_AgentID(b, i, j)
            i = j
            if i >= e: break
            t = b[i]; i += 1
        if t == 48:
            n = b[i]; i += 1
            if n > 127: n, i = int32(b, i - 1)
            v6 = t_TaskState.get(n, v6)
            if i >= e: break
            t = b[i]; i += 1
        while t == 58:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v7.append(d_Resource(b[i:j], 0, n))
            i = j
            if i >= e: break
            t = b[i]; i += 1
        else:
            while t == 66:
                n = b[i]; i += 1
                if n > 127: n, i = length(b, i - 1)
                j = i + n
                if k < 1: raise Malformed('nested too deeply')
                v8.append(d_TaskStatus(b[i:j], 0, n, k - 1))
                i = j
                if i >= e: break
                t = b[i]; i += 1
            else:
                if t == 72:
                    n = b[i]; i += 1
                    if n > 127: n, i = int32(b, i - 1)
                    v9 = t_TaskState.get(n, v9)
                    if i >= e: break
                    t = b[i]; i += 1
                if t == 82:
                    n = b[i]; i += 1
                    if n > 127: n, i = length(b, i - 1)
                    j = i + n
                    v10 = b[i:j]; i = j
                    if i >= e: break
                    t = b[i]; i += 1
                if t == 90:
                    n = b[i]; i += 1
                    if n > 127: n, i = length(b, i - 1)
                    j = i + n
                    if v11 is not None: raise Again('labels')
                    v11 = d_Labels(b[i:j], 0, n)
                    i = j
                    if i >= e: break
                    t = b[i]; i += 1
                if t == 98:
                    n = b[i]; i += 1
                    if n > 127: n, i = length(b, i - 1)
                    j = i + n
                    if v12 is not None: raise Again('discovery')
                    v12 = d_DiscoveryInfo(b[i:j], 0, n)
                    i = j
                    if i >= e: break
                    t = b[i]; i += 1
                if t == 106:
                    n = b[i]; i += 1
                    if n > 127: n, i = length(b, i - 1)
                    j = i + n
                    if v13 is not None: raise Again('container')
                    v13 = d_ContainerInfo(b[i:j], 0, n)
                    i = j
                    if i >= e: break
                    t = b[i]; i += 1
                if t == 114:
                    n = b[i]; i += 1
                    if n > 127: n, i = length(b, i - 1)
                    j = i + n
                    v14 = b[i:j].decode(); i = j
                    if i >= e: break
                    t = b[i]; i += 1
                if t == 122:
                    n = b[i]; i += 1
                    if n > 127: n, i = length(b, i - 1)
                    j = i + n
                    if v15 is not None: raise Again('health_check')
                    v15 = d_HealthCheck(b[i:j], 0, n)
                    i = j
                    if i >= e: break
                    t = b[i]; i += 1
                if t == 130 and b[i] == 1:
                    i += 1
                    n = b[i]; i += 1
                    if n > 127: n, i = length(b, i - 1)
                    j = i + n
                    if v16 is not None: raise Again('kill_policy')
                    v16 = d_KillPolicy(b[i:j], 0, n)
                    i = j
                    if i >= e: break
                    t = b[i]; i += 1
                while t == 138 and b[i] == 1:
                    i += 1
                    n = b[i]; i += 1
                    if n > 127: n, i = length(b, i - 1)
                    j = i + n
                    c, v17[c] = entry(b, i, j, d_Value_Scalar); i = j
                    if i >= e: break
                    t = b[i]; i += 1
                else:
                    i = unknown(b, i - 1) if i == h else i - 1
    if i != e: raise Malformed('the end is missing')
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
