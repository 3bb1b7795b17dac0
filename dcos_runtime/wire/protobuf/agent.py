"""Protobuf codecs. Calls and responses of the operator API of an agent, `/api/v1` (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/agent.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import agent as structs
from dcos_runtime.wire.protobuf._reading import DEPTH, Absent, Again, Codec, Malformed, Shape, entry, int32, length, uint32, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, int32_text, numbered, packed, pair, sized, uint32_text, utf8, varint_text, wrapped
from dcos_runtime.wire.protobuf.cluster import AgentInfo, FrameworkInfo, d_AgentInfo, d_FrameworkInfo, e_AgentInfo, e_FrameworkInfo
from dcos_runtime.wire.protobuf.common import CommandInfo, ContainerID, DurationInfo, ExecutorID, FrameworkID, ResourceProviderID, TimeInfo, Value_Scalar, d_CommandInfo, d_ContainerID, d_DurationInfo, d_ExecutorID, d_FrameworkID, d_ResourceProviderID, d_TimeInfo, d_Value_Scalar, e_CommandInfo, e_ContainerID, e_DurationInfo, e_ExecutorID, e_FrameworkID, e_ResourceProviderID, e_TimeInfo, e_Value_Scalar
from dcos_runtime.wire.protobuf.containers import ContainerInfo, ContainerStatus, Image, TTYInfo, d_ContainerInfo, d_ContainerStatus, d_Image, d_TTYInfo, e_ContainerInfo, e_ContainerStatus, e_Image_Appc, e_Image_Docker, e_TTYInfo
from dcos_runtime.wire.protobuf.operators import DrainConfig, FileInfo, Flag, Metric, Operation, ResourceProviderInfo, VersionInfo, d_DrainConfig, d_FileInfo, d_Flag, d_Metric, d_Operation, d_ResourceProviderInfo, d_VersionInfo, e_DrainConfig, e_FileInfo, e_Operation, e_ResourceProviderInfo, e_VersionInfo
from dcos_runtime.wire.protobuf.resources import Resource, d_Resource, e_Resource
from dcos_runtime.wire.protobuf.statistics import ResourceStatistics, d_ResourceStatistics, e_ResourceStatistics
from dcos_runtime.wire.protobuf.tasks import ExecutorInfo, Task, TaskResourceLimitation, TaskState, TaskStatus_Reason, d_ExecutorInfo, d_Task, d_TaskResourceLimitation, e_ExecutorInfo, e_Task, e_TaskResourceLimitation, t_TaskState, t_TaskStatus_Reason

Call_GetMetrics = structs.Call.GetMetrics
Call_SetLoggingLevel = structs.Call.SetLoggingLevel
Call_ListFiles = structs.Call.ListFiles
Call_ReadFile = structs.Call.ReadFile
Call_GetContainers = structs.Call.GetContainers
Call_LaunchNestedContainer = structs.Call.LaunchNestedContainer
Call_WaitNestedContainer = structs.Call.WaitNestedContainer
Call_KillNestedContainer = structs.Call.KillNestedContainer
Call_RemoveNestedContainer = structs.Call.RemoveNestedContainer
Call_LaunchNestedContainerSession = structs.Call.LaunchNestedContainerSession
Call_AttachContainerInput = structs.Call.AttachContainerInput
Call_AttachContainerOutput = structs.Call.AttachContainerOutput
Call_LaunchContainer = structs.Call.LaunchContainer
Call_WaitContainer = structs.Call.WaitContainer
Call_KillContainer = structs.Call.KillContainer
Call_RemoveContainer = structs.Call.RemoveContainer
Call_AddResourceProviderConfig = structs.Call.AddResourceProviderConfig
Call_UpdateResourceProviderConfig = structs.Call.UpdateResourceProviderConfig
Call_RemoveResourceProviderConfig = structs.Call.RemoveResourceProviderConfig
Call_MarkResourceProviderGone = structs.Call.MarkResourceProviderGone
Call_PruneImages = structs.Call.PruneImages
Call = structs.Call
Response_GetHealth = structs.Response.GetHealth
Response_GetFlags = structs.Response.GetFlags
Response_GetVersion = structs.Response.GetVersion
Response_GetMetrics = structs.Response.GetMetrics
Response_GetLoggingLevel = structs.Response.GetLoggingLevel
Response_ListFiles = structs.Response.ListFiles
Response_ReadFile = structs.Response.ReadFile
Response_GetState = structs.Response.GetState
Response_GetContainers_Container = structs.Response.GetContainers.Container
Response_GetContainers = structs.Response.GetContainers
Response_GetFrameworks_Framework = structs.Response.GetFrameworks.Framework
Response_GetFrameworks = structs.Response.GetFrameworks
Response_GetExecutors_Executor = structs.Response.GetExecutors.Executor
Response_GetExecutors = structs.Response.GetExecutors
Response_GetOperations = structs.Response.GetOperations
Response_GetTasks = structs.Response.GetTasks
Response_GetAgent = structs.Response.GetAgent
Response_GetResourceProviders_ResourceProvider = structs.Response.GetResourceProviders.ResourceProvider
Response_GetResourceProviders = structs.Response.GetResourceProviders
Response_WaitNestedContainer = structs.Response.WaitNestedContainer
Response_WaitContainer = structs.Response.WaitContainer
Response = structs.Response
ProcessIO_Data = structs.ProcessIO.Data
ProcessIO_Control_Heartbeat = structs.ProcessIO.Control.Heartbeat
ProcessIO_Control = structs.ProcessIO.Control
ProcessIO = structs.ProcessIO
Call_AttachContainerInput_Type = structs.Call.AttachContainerInput.Type
Call_Type = structs.Call.Type
Response_Type = structs.Response.Type
ProcessIO_Data_Type = structs.ProcessIO.Data.Type
ProcessIO_Control_Type = structs.ProcessIO.Control.Type
ProcessIO_Type = structs.ProcessIO.Type
t_Call_AttachContainerInput_Type = numbered(Call_AttachContainerInput_Type, {"UNKNOWN": 0, "CONTAINER_ID": 1, "PROCESS_IO": 2})
t_Call_Type = numbered(Call_Type, {"UNKNOWN": 0, "GET_HEALTH": 1, "GET_FLAGS": 2, "GET_VERSION": 3, "GET_METRICS": 4, "GET_LOGGING_LEVEL": 5, "SET_LOGGING_LEVEL": 6, "LIST_FILES": 7, "READ_FILE": 8, "GET_STATE": 9, "GET_CONTAINERS": 10, "GET_FRAMEWORKS": 11, "GET_EXECUTORS": 12, "GET_OPERATIONS": 31, "GET_TASKS": 13, "GET_AGENT": 20, "GET_RESOURCE_PROVIDERS": 26, "LAUNCH_NESTED_CONTAINER": 14, "WAIT_NESTED_CONTAINER": 15, "KILL_NESTED_CONTAINER": 16, "REMOVE_NESTED_CONTAINER": 21, "LAUNCH_NESTED_CONTAINER_SESSION": 17, "ATTACH_CONTAINER_INPUT": 18, "ATTACH_CONTAINER_OUTPUT": 19, "LAUNCH_CONTAINER": 22, "WAIT_CONTAINER": 23, "KILL_CONTAINER": 24, "REMOVE_CONTAINER": 25, "ADD_RESOURCE_PROVIDER_CONFIG": 27, "UPDATE_RESOURCE_PROVIDER_CONFIG": 28, "REMOVE_RESOURCE_PROVIDER_CONFIG": 29, "MARK_RESOURCE_PROVIDER_GONE": 32, "PRUNE_IMAGES": 30})
t_Response_Type = numbered(Response_Type, {"UNKNOWN": 0, "GET_HEALTH": 1, "GET_FLAGS": 2, "GET_VERSION": 3, "GET_METRICS": 4, "GET_LOGGING_LEVEL": 5, "LIST_FILES": 6, "READ_FILE": 7, "GET_STATE": 8, "GET_CONTAINERS": 9, "GET_FRAMEWORKS": 10, "GET_EXECUTORS": 11, "GET_OPERATIONS": 17, "GET_TASKS": 12, "GET_AGENT": 14, "GET_RESOURCE_PROVIDERS": 16, "WAIT_NESTED_CONTAINER": 13, "WAIT_CONTAINER": 15})
t_ProcessIO_Data_Type = numbered(ProcessIO_Data_Type, {"UNKNOWN": 0, "STDIN": 1, "STDOUT": 2, "STDERR": 3})
t_ProcessIO_Control_Type = numbered(ProcessIO_Control_Type, {"UNKNOWN": 0, "TTY_INFO": 1, "HEARTBEAT": 2})
t_ProcessIO_Type = numbered(ProcessIO_Type, {"UNKNOWN": 0, "DATA": 1, "CONTROL": 2})
T_0a = heads('\x0a')
T_12 = heads('\x12')
T_1a = heads('\x1a')
T_2a = heads('\x2a')
W_0a = wrapped('\x0a')
W_12 = wrapped('\x12')
W_22 = wrapped('\x22')


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


def e_Call_GetContainers(m: Call_GetContainers) -> str:
    o = ''
    v1 = m.show_nested
    if v1 is not None:
        o += '\x08\x01' if v1 else '\x08\x00'
    v2 = m.show_standalone
    if v2 is not None:
        o += '\x10\x01' if v2 else '\x10\x00'
    return o


def d_Call_GetContainers(b: bytes, e: int, j: int = 0, v1: bool | None = None, v2: bool | None = None) -> Call_GetContainers:
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
        j = i - 2 if t in (8, 16,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_GetContainers(show_nested=v1, show_standalone=v2)


def e_Call_LaunchNestedContainer(m: Call_LaunchNestedContainer) -> str:
    s = e_ContainerID(m.container_id); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.command
    if v2 is not None:
        s = e_CommandInfo(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.container
    if v3 is not None:
        s = e_ContainerInfo(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_LaunchNestedContainer(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ContainerID | None = None, v2: CommandInfo | None = None, v3: ContainerInfo | None = None) -> Call_LaunchNestedContainer:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('container_id')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ContainerID(b[i:j], n, k - 1)
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
            v2 = d_CommandInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('container')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_ContainerInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.LaunchNestedContainer')
    return Call_LaunchNestedContainer(container_id=v1, command=v2, container=v3)


def e_Call_WaitNestedContainer(m: Call_WaitNestedContainer) -> str:
    s = e_ContainerID(m.container_id); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_WaitNestedContainer(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ContainerID | None = None) -> Call_WaitNestedContainer:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('container_id')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ContainerID(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.WaitNestedContainer')
    return Call_WaitNestedContainer(container_id=v1)


def e_Call_KillNestedContainer(m: Call_KillNestedContainer) -> str:
    s = e_ContainerID(m.container_id); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.signal
    if v2 is not None:
        o += f'\x10{int32_text(v2) if v2 >> 14 else SHORT[v2]}'
    return o


def d_Call_KillNestedContainer(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ContainerID | None = None, v2: int | None = None) -> Call_KillNestedContainer:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('container_id')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ContainerID(b[i:j], n, k - 1)
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
        j = i - 2 if t in (10, 16,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.KillNestedContainer')
    return Call_KillNestedContainer(container_id=v1, signal=v2)


def e_Call_RemoveNestedContainer(m: Call_RemoveNestedContainer) -> str:
    s = e_ContainerID(m.container_id); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_RemoveNestedContainer(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ContainerID | None = None) -> Call_RemoveNestedContainer:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('container_id')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ContainerID(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.RemoveNestedContainer')
    return Call_RemoveNestedContainer(container_id=v1)


def e_Call_LaunchNestedContainerSession(m: Call_LaunchNestedContainerSession) -> str:
    s = e_ContainerID(m.container_id); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.command
    if v2 is not None:
        s = e_CommandInfo(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.container
    if v3 is not None:
        s = e_ContainerInfo(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_LaunchNestedContainerSession(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ContainerID | None = None, v2: CommandInfo | None = None, v3: ContainerInfo | None = None) -> Call_LaunchNestedContainerSession:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('container_id')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ContainerID(b[i:j], n, k - 1)
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
            v2 = d_CommandInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('container')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_ContainerInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.LaunchNestedContainerSession')
    return Call_LaunchNestedContainerSession(container_id=v1, command=v2, container=v3)


def e_Call_AttachContainerInput(m: Call_AttachContainerInput) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.container_id
    if v2 is not None:
        s = e_ContainerID(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.process_io
    if v3 is not None:
        s = e_ProcessIO(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_AttachContainerInput(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: Call_AttachContainerInput_Type | None = None, v2: ContainerID | None = None, v3: ProcessIO | None = None) -> Call_AttachContainerInput:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Call_AttachContainerInput_Type: v1 = t_Call_AttachContainerInput_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('container_id')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_ContainerID(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('process_io')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_ProcessIO(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_AttachContainerInput(type=v1, container_id=v2, process_io=v3)


def e_Call_AttachContainerOutput(m: Call_AttachContainerOutput) -> str:
    s = e_ContainerID(m.container_id); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_AttachContainerOutput(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ContainerID | None = None) -> Call_AttachContainerOutput:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('container_id')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ContainerID(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.AttachContainerOutput')
    return Call_AttachContainerOutput(container_id=v1)


def e_Call_LaunchContainer(m: Call_LaunchContainer) -> str:
    s = e_ContainerID(m.container_id); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
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
    for c, v5 in m.limits.items():
        s = pair(c, e_Value_Scalar(v5)); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_LaunchContainer(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ContainerID | None = None, v2: CommandInfo | None = None, v4: ContainerInfo | None = None) -> Call_LaunchContainer:
    v3: list[Resource] = []
    v5: dict[str, Value_Scalar] = {}
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('container_id')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ContainerID(b[i:j], n, k - 1)
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
            while t == 42:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                c, v5[c] = entry(b[i:j], n, d_Value_Scalar)
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 18, 26, 34, 42,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.LaunchContainer')
    return Call_LaunchContainer(container_id=v1, command=v2, resources=v3, container=v4, limits=v5)


def e_Call_WaitContainer(m: Call_WaitContainer) -> str:
    s = e_ContainerID(m.container_id); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_WaitContainer(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ContainerID | None = None) -> Call_WaitContainer:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('container_id')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ContainerID(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.WaitContainer')
    return Call_WaitContainer(container_id=v1)


def e_Call_KillContainer(m: Call_KillContainer) -> str:
    s = e_ContainerID(m.container_id); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.signal
    if v2 is not None:
        o += f'\x10{int32_text(v2) if v2 >> 14 else SHORT[v2]}'
    return o


def d_Call_KillContainer(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ContainerID | None = None, v2: int | None = None) -> Call_KillContainer:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('container_id')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ContainerID(b[i:j], n, k - 1)
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
        j = i - 2 if t in (10, 16,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.KillContainer')
    return Call_KillContainer(container_id=v1, signal=v2)


def e_Call_RemoveContainer(m: Call_RemoveContainer) -> str:
    s = e_ContainerID(m.container_id); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_RemoveContainer(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ContainerID | None = None) -> Call_RemoveContainer:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('container_id')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ContainerID(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.RemoveContainer')
    return Call_RemoveContainer(container_id=v1)


def e_Call_AddResourceProviderConfig(m: Call_AddResourceProviderConfig) -> str:
    s = e_ResourceProviderInfo(m.info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_AddResourceProviderConfig(b: bytes, e: int, j: int = 0, v1: ResourceProviderInfo | None = None) -> Call_AddResourceProviderConfig:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ResourceProviderInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.AddResourceProviderConfig')
    return Call_AddResourceProviderConfig(info=v1)


def e_Call_UpdateResourceProviderConfig(m: Call_UpdateResourceProviderConfig) -> str:
    s = e_ResourceProviderInfo(m.info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_UpdateResourceProviderConfig(b: bytes, e: int, j: int = 0, v1: ResourceProviderInfo | None = None) -> Call_UpdateResourceProviderConfig:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_ResourceProviderInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.UpdateResourceProviderConfig')
    return Call_UpdateResourceProviderConfig(info=v1)


def e_Call_RemoveResourceProviderConfig(m: Call_RemoveResourceProviderConfig) -> str:
    s = m.type
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    return o


def d_Call_RemoveResourceProviderConfig(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None) -> Call_RemoveResourceProviderConfig:
    if 1 < e < 128 and b[0] == 10 and (n1 := b[1] + 2) + 1 < e and b[n1] == 18 and b[n1 + 1] == e - n1 - 2:
        return Call_RemoveResourceProviderConfig(type=b[2:n1].decode(), name=b[n1 + 2:].decode())
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
    if v1 is None or v2 is None: raise Absent('Call.RemoveResourceProviderConfig')
    return Call_RemoveResourceProviderConfig(type=v1, name=v2)


def e_Call_MarkResourceProviderGone(m: Call_MarkResourceProviderGone) -> str:
    o = ''
    s = m.resource_provider_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_ResourceProviderID(m.resource_provider_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_MarkResourceProviderGone(b: bytes, e: int, j: int = 0, v1: ResourceProviderID | None = None) -> Call_MarkResourceProviderGone:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('resource_provider_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = ResourceProviderID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_ResourceProviderID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.MarkResourceProviderGone')
    return Call_MarkResourceProviderGone(resource_provider_id=v1)


def e_Call_PruneImages(m: Call_PruneImages) -> str:
    o = ''
    if m.excluded_images:
        p = [o]
        for v1 in m.excluded_images:
            q = f'\x08{v1.type.wire}'
            w2 = v1.appc
            if w2 is not None:
                s = e_Image_Appc(w2); n = len(s)
                q += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            w3 = v1.docker
            if w3 is not None:
                s = e_Image_Docker(w3); n = len(s)
                q += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            w4 = v1.cached
            if w4 is not None:
                q += '\x20\x01' if w4 else '\x20\x00'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Call_PruneImages(b: bytes, e: int, j: int = 0) -> Call_PruneImages:
    v1: list[Image] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Image(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_PruneImages(excluded_images=v1)


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
    v6 = m.launch_nested_container
    if v6 is not None:
        s = e_Call_LaunchNestedContainer(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v7 = m.wait_nested_container
    if v7 is not None:
        s = e_Call_WaitNestedContainer(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v8 = m.kill_nested_container
    if v8 is not None:
        s = e_Call_KillNestedContainer(v8); n = len(s)
        o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v9 = m.launch_nested_container_session
    if v9 is not None:
        s = e_Call_LaunchNestedContainerSession(v9); n = len(s)
        o += f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v10 = m.attach_container_input
    if v10 is not None:
        s = e_Call_AttachContainerInput(v10); n = len(s)
        o += f'\x52{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v11 = m.attach_container_output
    if v11 is not None:
        s = e_Call_AttachContainerOutput(v11); n = len(s)
        o += f'\x5a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v12 = m.remove_nested_container
    if v12 is not None:
        s = e_Call_RemoveNestedContainer(v12); n = len(s)
        o += f'\x62{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v13 = m.launch_container
    if v13 is not None:
        s = e_Call_LaunchContainer(v13); n = len(s)
        o += f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v14 = m.wait_container
    if v14 is not None:
        s = e_Call_WaitContainer(v14); n = len(s)
        o += f'\x72{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v15 = m.kill_container
    if v15 is not None:
        s = e_Call_KillContainer(v15); n = len(s)
        o += f'\x7a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v16 = m.remove_container
    if v16 is not None:
        s = e_Call_RemoveContainer(v16); n = len(s)
        o += f'\x82\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v17 = m.add_resource_provider_config
    if v17 is not None:
        s = e_Call_AddResourceProviderConfig(v17); n = len(s)
        o += f'\x8a\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v18 = m.update_resource_provider_config
    if v18 is not None:
        s = e_Call_UpdateResourceProviderConfig(v18); n = len(s)
        o += f'\x92\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v19 = m.remove_resource_provider_config
    if v19 is not None:
        s = e_Call_RemoveResourceProviderConfig(v19); n = len(s)
        o += f'\x9a\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v20 = m.get_containers
    if v20 is not None:
        s = e_Call_GetContainers(v20); n = len(s)
        o += f'\xa2\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v21 = m.prune_images
    if v21 is not None:
        s = e_Call_PruneImages(v21); n = len(s)
        o += f'\xaa\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v22 = m.mark_resource_provider_gone
    if v22 is not None:
        s = e_Call_MarkResourceProviderGone(v22); n = len(s)
        o += f'\xb2\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: Call_Type | None = None, v2: Call_GetMetrics | None = None, v3: Call_SetLoggingLevel | None = None, v4: Call_ListFiles | None = None, v5: Call_ReadFile | None = None, v6: Call_LaunchNestedContainer | None = None, v7: Call_WaitNestedContainer | None = None, v8: Call_KillNestedContainer | None = None, v9: Call_LaunchNestedContainerSession | None = None, v10: Call_AttachContainerInput | None = None, v11: Call_AttachContainerOutput | None = None, v12: Call_RemoveNestedContainer | None = None, v13: Call_LaunchContainer | None = None, v14: Call_WaitContainer | None = None, v15: Call_KillContainer | None = None, v16: Call_RemoveContainer | None = None, v17: Call_AddResourceProviderConfig | None = None, v18: Call_UpdateResourceProviderConfig | None = None, v19: Call_RemoveResourceProviderConfig | None = None, v20: Call_GetContainers | None = None, v21: Call_PruneImages | None = None, v22: Call_MarkResourceProviderGone | None = None) -> Call:
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
            if v6 is not None: raise Again('launch_nested_container')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = d_Call_LaunchNestedContainer(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 58:
            if v7 is not None: raise Again('wait_nested_container')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v7 = d_Call_WaitNestedContainer(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 66:
            if v8 is not None: raise Again('kill_nested_container')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v8 = d_Call_KillNestedContainer(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 74:
            if v9 is not None: raise Again('launch_nested_container_session')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v9 = d_Call_LaunchNestedContainerSession(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 82:
            if v10 is not None: raise Again('attach_container_input')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v10 = d_Call_AttachContainerInput(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 90:
            if v11 is not None: raise Again('attach_container_output')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v11 = d_Call_AttachContainerOutput(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 98:
            if v12 is not None: raise Again('remove_nested_container')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v12 = d_Call_RemoveNestedContainer(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 106:
            if v13 is not None: raise Again('launch_container')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v13 = d_Call_LaunchContainer(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 114:
            if v14 is not None: raise Again('wait_container')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v14 = d_Call_WaitContainer(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 122:
            if v15 is not None: raise Again('kill_container')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v15 = d_Call_KillContainer(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 130 and b[i - 1] == 1:
            i += 1
            if v16 is not None: raise Again('remove_container')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v16 = d_Call_RemoveContainer(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 138 and b[i - 1] == 1:
            i += 1
            if v17 is not None: raise Again('add_resource_provider_config')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v17 = d_Call_AddResourceProviderConfig(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 146 and b[i - 1] == 1:
            i += 1
            if v18 is not None: raise Again('update_resource_provider_config')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v18 = d_Call_UpdateResourceProviderConfig(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 154 and b[i - 1] == 1:
            i += 1
            if v19 is not None: raise Again('remove_resource_provider_config')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v19 = d_Call_RemoveResourceProviderConfig(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 162 and b[i - 1] == 1:
            i += 1
            if v20 is not None: raise Again('get_containers')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v20 = d_Call_GetContainers(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 170 and b[i - 1] == 1:
            i += 1
            if v21 is not None: raise Again('prune_images')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v21 = d_Call_PruneImages(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 178 and b[i - 1] == 1:
            i += 1
            if v22 is not None: raise Again('mark_resource_provider_gone')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v22 = d_Call_MarkResourceProviderGone(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34, 42, 50, 58, 66, 74, 82, 90, 98, 106, 114, 122,) or (t in (130, 138, 146, 154, 162, 170, 178,) and b[i - 1] == 1) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call(type=v1, get_metrics=v2, set_logging_level=v3, list_files=v4, read_file=v5, get_containers=v20, launch_nested_container=v6, wait_nested_container=v7, kill_nested_container=v8, remove_nested_container=v12, launch_nested_container_session=v9, attach_container_input=v10, attach_container_output=v11, launch_container=v13, wait_container=v14, kill_container=v15, remove_container=v16, add_resource_provider_config=v17, update_resource_provider_config=v18, remove_resource_provider_config=v19, mark_resource_provider_gone=v22, prune_images=v21)


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
    return o


def d_Response_GetState(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: Response_GetTasks | None = None, v2: Response_GetExecutors | None = None, v3: Response_GetFrameworks | None = None) -> Response_GetState:
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
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetState(get_tasks=v1, get_executors=v2, get_frameworks=v3)


def e_Response_GetContainers_Container(m: Response_GetContainers_Container) -> str:
    o = ''
    v1 = m.framework_id
    if v1 is not None:
        s = v1.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_0a[n]}{s}'
        else: s = e_FrameworkID(v1); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.executor_id
    if v2 is not None:
        s = v2.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_12[n]}{s}'
        else: s = e_ExecutorID(v2); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    x = m.executor_name
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
    s = e_ContainerID(m.container_id); n = len(s)
    o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.container_status
    if v5 is not None:
        s = e_ContainerStatus(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.resource_statistics
    if v6 is not None:
        s = e_ResourceStatistics(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response_GetContainers_Container(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: FrameworkID | None = None, v2: ExecutorID | None = None, v3: str | None = None, v4: ContainerID | None = None, v5: ContainerStatus | None = None, v6: ResourceStatistics | None = None) -> Response_GetContainers_Container:
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
            if v2 is not None: raise Again('executor_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = ExecutorID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_ExecutorID(b[i:j], n)
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
            if v4 is not None: raise Again('container_id')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_ContainerID(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('container_status')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_ContainerStatus(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 50:
            if v6 is not None: raise Again('resource_statistics')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = d_ResourceStatistics(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26, 34, 42, 50,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v4 is None: raise Absent('Response.GetContainers.Container')
    return Response_GetContainers_Container(framework_id=v1, executor_id=v2, executor_name=v3, container_id=v4, container_status=v5, resource_statistics=v6)


def e_Response_GetContainers(m: Response_GetContainers) -> str:
    o = ''
    if m.containers:
        p = [o]
        for v1 in m.containers:
            s = e_Response_GetContainers_Container(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Response_GetContainers(b: bytes, e: int, k: int = DEPTH, j: int = 0) -> Response_GetContainers:
    v1: list[Response_GetContainers_Container] = []
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
            v1.append(d_Response_GetContainers_Container(b[i:j], n, k - 1))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetContainers(containers=v1)


def e_Response_GetFrameworks_Framework(m: Response_GetFrameworks_Framework) -> str:
    s = e_FrameworkInfo(m.framework_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response_GetFrameworks_Framework(b: bytes, e: int, j: int = 0, v1: FrameworkInfo | None = None) -> Response_GetFrameworks_Framework:
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
    if v1 is None: raise Absent('Response.GetFrameworks.Framework')
    return Response_GetFrameworks_Framework(framework_info=v1)


def e_Response_GetFrameworks(m: Response_GetFrameworks) -> str:
    o = ''
    if m.frameworks:
        p = [o]
        for v1 in m.frameworks:
            s = e_FrameworkInfo(v1.framework_info); n = len(s)
            q = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    if m.completed_frameworks:
        p = [o]
        for v2 in m.completed_frameworks:
            s = e_FrameworkInfo(v2.framework_info); n = len(s)
            q = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Response_GetFrameworks(b: bytes, e: int, j: int = 0) -> Response_GetFrameworks:
    v1: list[Response_GetFrameworks_Framework] = []
    v2: list[Response_GetFrameworks_Framework] = []
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
                j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetFrameworks(frameworks=v1, completed_frameworks=v2)


def e_Response_GetExecutors_Executor(m: Response_GetExecutors_Executor) -> str:
    s = e_ExecutorInfo(m.executor_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response_GetExecutors_Executor(b: bytes, e: int, j: int = 0, v1: ExecutorInfo | None = None) -> Response_GetExecutors_Executor:
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
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Response.GetExecutors.Executor')
    return Response_GetExecutors_Executor(executor_info=v1)


def e_Response_GetExecutors(m: Response_GetExecutors) -> str:
    o = ''
    if m.executors:
        p = [o]
        for v1 in m.executors:
            s = e_ExecutorInfo(v1.executor_info); n = len(s)
            q = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    if m.completed_executors:
        p = [o]
        for v2 in m.completed_executors:
            s = e_ExecutorInfo(v2.executor_info); n = len(s)
            q = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
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
    return Response_GetExecutors(executors=v1, completed_executors=v2)


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
    if m.queued_tasks:
        p = [o]
        for v2 in m.queued_tasks:
            s = e_Task(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.launched_tasks:
        p = [o]
        for v3 in m.launched_tasks:
            s = e_Task(v3); n = len(s)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.terminated_tasks:
        p = [o]
        for v4 in m.terminated_tasks:
            s = e_Task(v4); n = len(s)
            p.append(f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.completed_tasks:
        p = [o]
        for v5 in m.completed_tasks:
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
    return Response_GetTasks(pending_tasks=v1, queued_tasks=v2, launched_tasks=v3, terminated_tasks=v4, completed_tasks=v5)


def e_Response_GetAgent(m: Response_GetAgent) -> str:
    o = ''
    v1 = m.agent_info
    if v1 is not None:
        s = e_AgentInfo(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.drain_config
    if v2 is not None:
        s = e_DrainConfig(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.estimated_drain_start_time
    if v3 is not None:
        s = e_TimeInfo(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response_GetAgent(b: bytes, e: int, j: int = 0, v1: AgentInfo | None = None, v2: DrainConfig | None = None, v3: TimeInfo | None = None) -> Response_GetAgent:
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
        if t == 18:
            if v2 is not None: raise Again('drain_config')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_DrainConfig(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('estimated_drain_start_time')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_TimeInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetAgent(agent_info=v1, drain_config=v2, estimated_drain_start_time=v3)


def e_Response_GetResourceProviders_ResourceProvider(m: Response_GetResourceProviders_ResourceProvider) -> str:
    s = e_ResourceProviderInfo(m.resource_provider_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.total_resources:
        p = [o]
        for v2 in m.total_resources:
            s = e_Resource(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Response_GetResourceProviders_ResourceProvider(b: bytes, e: int, j: int = 0, v1: ResourceProviderInfo | None = None) -> Response_GetResourceProviders_ResourceProvider:
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
    if v1 is None: raise Absent('Response.GetResourceProviders.ResourceProvider')
    return Response_GetResourceProviders_ResourceProvider(resource_provider_info=v1, total_resources=v2)


def e_Response_GetResourceProviders(m: Response_GetResourceProviders) -> str:
    o = ''
    if m.resource_providers:
        p = [o]
        for v1 in m.resource_providers:
            s = e_Response_GetResourceProviders_ResourceProvider(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Response_GetResourceProviders(b: bytes, e: int, j: int = 0) -> Response_GetResourceProviders:
    v1: list[Response_GetResourceProviders_ResourceProvider] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Response_GetResourceProviders_ResourceProvider(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_GetResourceProviders(resource_providers=v1)


def e_Response_WaitNestedContainer(m: Response_WaitNestedContainer) -> str:
    o = ''
    v1 = m.exit_status
    if v1 is not None:
        o += f'\x08{int32_text(v1) if v1 >> 14 else SHORT[v1]}'
    v2 = m.state
    if v2 is not None:
        o += f'\x10{v2.wire}'
    v3 = m.reason
    if v3 is not None:
        o += f'\x18{v3.wire}'
    v4 = m.limitation
    if v4 is not None:
        s = e_TaskResourceLimitation(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    x = m.message
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{x}'
    return o


def d_Response_WaitNestedContainer(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: TaskState | None = None, v3: TaskStatus_Reason | None = None, v4: TaskResourceLimitation | None = None, v5: str | None = None) -> Response_WaitNestedContainer:
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
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_TaskState: v2 = t_TaskState[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_TaskStatus_Reason: v3 = t_TaskStatus_Reason[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('limitation')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_TaskResourceLimitation(b[i:j], n)
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
        j = i - 2 if t in (8, 16, 24, 34, 42,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_WaitNestedContainer(exit_status=v1, state=v2, reason=v3, limitation=v4, message=v5)


def e_Response_WaitContainer(m: Response_WaitContainer) -> str:
    o = ''
    v1 = m.exit_status
    if v1 is not None:
        o += f'\x08{int32_text(v1) if v1 >> 14 else SHORT[v1]}'
    v2 = m.state
    if v2 is not None:
        o += f'\x10{v2.wire}'
    v3 = m.reason
    if v3 is not None:
        o += f'\x18{v3.wire}'
    v4 = m.limitation
    if v4 is not None:
        s = e_TaskResourceLimitation(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    x = m.message
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{x}'
    return o


def d_Response_WaitContainer(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: TaskState | None = None, v3: TaskStatus_Reason | None = None, v4: TaskResourceLimitation | None = None, v5: str | None = None) -> Response_WaitContainer:
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
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_TaskState: v2 = t_TaskState[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_TaskStatus_Reason: v3 = t_TaskStatus_Reason[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('limitation')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_TaskResourceLimitation(b[i:j], n)
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
        j = i - 2 if t in (8, 16, 24, 34, 42,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_WaitContainer(exit_status=v1, state=v2, reason=v3, limitation=v4, message=v5)


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
    v10 = m.get_containers
    if v10 is not None:
        s = e_Response_GetContainers(v10); n = len(s)
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
    v14 = m.wait_nested_container
    if v14 is not None:
        s = e_Response_WaitNestedContainer(v14); n = len(s)
        o += f'\x72{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v15 = m.get_agent
    if v15 is not None:
        s = e_Response_GetAgent(v15); n = len(s)
        o += f'\x7a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v16 = m.wait_container
    if v16 is not None:
        s = e_Response_WaitContainer(v16); n = len(s)
        o += f'\x82\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v17 = m.get_resource_providers
    if v17 is not None:
        s = e_Response_GetResourceProviders(v17); n = len(s)
        o += f'\x8a\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v18 = m.get_operations
    if v18 is not None:
        s = e_Response_GetOperations(v18); n = len(s)
        o += f'\x92\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: Response_Type | None = None, v2: Response_GetHealth | None = None, v3: Response_GetFlags | None = None, v4: Response_GetVersion | None = None, v5: Response_GetMetrics | None = None, v6: Response_GetLoggingLevel | None = None, v7: Response_ListFiles | None = None, v8: Response_ReadFile | None = None, v9: Response_GetState | None = None, v10: Response_GetContainers | None = None, v11: Response_GetFrameworks | None = None, v12: Response_GetExecutors | None = None, v13: Response_GetTasks | None = None, v14: Response_WaitNestedContainer | None = None, v15: Response_GetAgent | None = None, v16: Response_WaitContainer | None = None, v17: Response_GetResourceProviders | None = None, v18: Response_GetOperations | None = None) -> Response:
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
            if v10 is not None: raise Again('get_containers')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v10 = d_Response_GetContainers(b[i:j], n, k - 1)
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
            if v14 is not None: raise Again('wait_nested_container')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v14 = d_Response_WaitNestedContainer(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 122:
            if v15 is not None: raise Again('get_agent')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v15 = d_Response_GetAgent(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 130 and b[i - 1] == 1:
            i += 1
            if v16 is not None: raise Again('wait_container')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v16 = d_Response_WaitContainer(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 138 and b[i - 1] == 1:
            i += 1
            if v17 is not None: raise Again('get_resource_providers')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v17 = d_Response_GetResourceProviders(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 146 and b[i - 1] == 1:
            i += 1
            if v18 is not None: raise Again('get_operations')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v18 = d_Response_GetOperations(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34, 42, 50, 58, 66, 74, 82, 90, 98, 106, 114, 122,) or (t in (130, 138, 146,) and b[i - 1] == 1) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response(type=v1, get_health=v2, get_flags=v3, get_version=v4, get_metrics=v5, get_logging_level=v6, list_files=v7, read_file=v8, get_state=v9, get_containers=v10, get_frameworks=v11, get_executors=v12, get_operations=v18, get_tasks=v13, get_agent=v15, get_resource_providers=v17, wait_nested_container=v14, wait_container=v16)


def e_ProcessIO_Data(m: ProcessIO_Data) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.data
    if v2 is not None:
        s = v2.decode('latin-1'); n = len(s)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    return o


def d_ProcessIO_Data(b: bytes, e: int, j: int = 0, v1: ProcessIO_Data_Type | None = None, v2: bytes | None = None) -> ProcessIO_Data:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_ProcessIO_Data_Type: v1 = t_ProcessIO_Data_Type[n]
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
    return ProcessIO_Data(type=v1, data=v2)


def e_ProcessIO_Control_Heartbeat(m: ProcessIO_Control_Heartbeat) -> str:
    o = ''
    v1 = m.interval
    if v1 is not None:
        s = e_DurationInfo(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_ProcessIO_Control_Heartbeat(b: bytes, e: int, j: int = 0, v1: DurationInfo | None = None) -> ProcessIO_Control_Heartbeat:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('interval')
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
    return ProcessIO_Control_Heartbeat(interval=v1)


def e_ProcessIO_Control(m: ProcessIO_Control) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.tty_info
    if v2 is not None:
        s = e_TTYInfo(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.heartbeat
    if v3 is not None:
        s = e_ProcessIO_Control_Heartbeat(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_ProcessIO_Control(b: bytes, e: int, j: int = 0, v1: ProcessIO_Control_Type | None = None, v2: TTYInfo | None = None, v3: ProcessIO_Control_Heartbeat | None = None) -> ProcessIO_Control:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_ProcessIO_Control_Type: v1 = t_ProcessIO_Control_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('tty_info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_TTYInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('heartbeat')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_ProcessIO_Control_Heartbeat(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return ProcessIO_Control(type=v1, tty_info=v2, heartbeat=v3)


def e_ProcessIO(m: ProcessIO) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.data
    if v2 is not None:
        s = e_ProcessIO_Data(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.control
    if v3 is not None:
        s = e_ProcessIO_Control(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_ProcessIO(b: bytes, e: int, j: int = 0, v1: ProcessIO_Type | None = None, v2: ProcessIO_Data | None = None, v3: ProcessIO_Control | None = None) -> ProcessIO:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_ProcessIO_Type: v1 = t_ProcessIO_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('data')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_ProcessIO_Data(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('control')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_ProcessIO_Control(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return ProcessIO(type=v1, data=v2, control=v3)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "Call_GetMetrics": {
            10: (True, "common.DurationInfo", ()),
        },
        "Call_SetLoggingLevel": {
            18: (True, "common.DurationInfo", ()),
        },
        "Call_LaunchNestedContainer": {
            10: (True, "common.ContainerID", ()),
            18: (True, "common.CommandInfo", ()),
            26: (True, "containers.ContainerInfo", ()),
        },
        "Call_WaitNestedContainer": {
            10: (True, "common.ContainerID", ()),
        },
        "Call_KillNestedContainer": {
            10: (True, "common.ContainerID", ()),
        },
        "Call_RemoveNestedContainer": {
            10: (True, "common.ContainerID", ()),
        },
        "Call_LaunchNestedContainerSession": {
            10: (True, "common.ContainerID", ()),
            18: (True, "common.CommandInfo", ()),
            26: (True, "containers.ContainerInfo", ()),
        },
        "Call_AttachContainerInput": {
            18: (True, "common.ContainerID", ()),
            26: (True, "agent.ProcessIO", ()),
        },
        "Call_AttachContainerOutput": {
            10: (True, "common.ContainerID", ()),
        },
        "Call_LaunchContainer": {
            10: (True, "common.ContainerID", ()),
            18: (True, "common.CommandInfo", ()),
            26: (False, "resources.Resource", ()),
            34: (True, "containers.ContainerInfo", ()),
            42: (False, "agent.Call_LaunchContainer.limits", ()),
        },
        "Call_LaunchContainer.limits": {18: (True, "common.Value_Scalar", ())},
        "Call_WaitContainer": {
            10: (True, "common.ContainerID", ()),
        },
        "Call_KillContainer": {
            10: (True, "common.ContainerID", ()),
        },
        "Call_RemoveContainer": {
            10: (True, "common.ContainerID", ()),
        },
        "Call_AddResourceProviderConfig": {
            10: (True, "operators.ResourceProviderInfo", ()),
        },
        "Call_UpdateResourceProviderConfig": {
            10: (True, "operators.ResourceProviderInfo", ()),
        },
        "Call_MarkResourceProviderGone": {
            10: (True, "common.ResourceProviderID", ()),
        },
        "Call_PruneImages": {
            10: (False, "containers.Image", ()),
        },
        "Call": {
            18: (True, "agent.Call_GetMetrics", ()),
            26: (True, "agent.Call_SetLoggingLevel", ()),
            34: (True, "agent.Call_ListFiles", ()),
            42: (True, "agent.Call_ReadFile", ()),
            162: (True, "agent.Call_GetContainers", ()),
            50: (True, "agent.Call_LaunchNestedContainer", ()),
            58: (True, "agent.Call_WaitNestedContainer", ()),
            66: (True, "agent.Call_KillNestedContainer", ()),
            98: (True, "agent.Call_RemoveNestedContainer", ()),
            74: (True, "agent.Call_LaunchNestedContainerSession", ()),
            82: (True, "agent.Call_AttachContainerInput", ()),
            90: (True, "agent.Call_AttachContainerOutput", ()),
            106: (True, "agent.Call_LaunchContainer", ()),
            114: (True, "agent.Call_WaitContainer", ()),
            122: (True, "agent.Call_KillContainer", ()),
            130: (True, "agent.Call_RemoveContainer", ()),
            138: (True, "agent.Call_AddResourceProviderConfig", ()),
            146: (True, "agent.Call_UpdateResourceProviderConfig", ()),
            154: (True, "agent.Call_RemoveResourceProviderConfig", ()),
            178: (True, "agent.Call_MarkResourceProviderGone", ()),
            170: (True, "agent.Call_PruneImages", ()),
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
            10: (True, "agent.Response_GetTasks", ()),
            18: (True, "agent.Response_GetExecutors", ()),
            26: (True, "agent.Response_GetFrameworks", ()),
        },
        "Response_GetContainers_Container": {
            10: (True, "common.FrameworkID", ()),
            18: (True, "common.ExecutorID", ()),
            34: (True, "common.ContainerID", ()),
            42: (True, "containers.ContainerStatus", ()),
            50: (True, "statistics.ResourceStatistics", ()),
        },
        "Response_GetContainers": {
            10: (False, "agent.Response_GetContainers_Container", ()),
        },
        "Response_GetFrameworks_Framework": {
            10: (True, "cluster.FrameworkInfo", ()),
        },
        "Response_GetFrameworks": {
            10: (False, "agent.Response_GetFrameworks_Framework", ()),
            18: (False, "agent.Response_GetFrameworks_Framework", ()),
        },
        "Response_GetExecutors_Executor": {
            10: (True, "tasks.ExecutorInfo", ()),
        },
        "Response_GetExecutors": {
            10: (False, "agent.Response_GetExecutors_Executor", ()),
            18: (False, "agent.Response_GetExecutors_Executor", ()),
        },
        "Response_GetOperations": {
            10: (False, "operators.Operation", ()),
        },
        "Response_GetTasks": {
            10: (False, "tasks.Task", ()),
            18: (False, "tasks.Task", ()),
            26: (False, "tasks.Task", ()),
            34: (False, "tasks.Task", ()),
            42: (False, "tasks.Task", ()),
        },
        "Response_GetAgent": {
            10: (True, "cluster.AgentInfo", ()),
            18: (True, "operators.DrainConfig", ()),
            26: (True, "common.TimeInfo", ()),
        },
        "Response_GetResourceProviders_ResourceProvider": {
            10: (True, "operators.ResourceProviderInfo", ()),
            18: (False, "resources.Resource", ()),
        },
        "Response_GetResourceProviders": {
            10: (False, "agent.Response_GetResourceProviders_ResourceProvider", ()),
        },
        "Response_WaitNestedContainer": {
            34: (True, "tasks.TaskResourceLimitation", ()),
        },
        "Response_WaitContainer": {
            34: (True, "tasks.TaskResourceLimitation", ()),
        },
        "Response": {
            18: (True, "agent.Response_GetHealth", ()),
            26: (True, "agent.Response_GetFlags", ()),
            34: (True, "agent.Response_GetVersion", ()),
            42: (True, "agent.Response_GetMetrics", ()),
            50: (True, "agent.Response_GetLoggingLevel", ()),
            58: (True, "agent.Response_ListFiles", ()),
            66: (True, "agent.Response_ReadFile", ()),
            74: (True, "agent.Response_GetState", ()),
            82: (True, "agent.Response_GetContainers", ()),
            90: (True, "agent.Response_GetFrameworks", ()),
            98: (True, "agent.Response_GetExecutors", ()),
            146: (True, "agent.Response_GetOperations", ()),
            106: (True, "agent.Response_GetTasks", ()),
            122: (True, "agent.Response_GetAgent", ()),
            138: (True, "agent.Response_GetResourceProviders", ()),
            114: (True, "agent.Response_WaitNestedContainer", ()),
            130: (True, "agent.Response_WaitContainer", ()),
        },
        "ProcessIO_Control_Heartbeat": {
            10: (True, "common.DurationInfo", ()),
        },
        "ProcessIO_Control": {
            18: (True, "containers.TTYInfo", ()),
            26: (True, "agent.ProcessIO_Control_Heartbeat", ()),
        },
        "ProcessIO": {
            18: (True, "agent.ProcessIO_Data", ()),
            26: (True, "agent.ProcessIO_Control", ()),
        },
    }


CODECS: dict[type, Codec] = {
    Call_GetMetrics: (e_Call_GetMetrics, d_Call_GetMetrics, "Call_GetMetrics", shapes),
    Call_SetLoggingLevel: (e_Call_SetLoggingLevel, d_Call_SetLoggingLevel, "Call_SetLoggingLevel", shapes),
    Call_ListFiles: (e_Call_ListFiles, d_Call_ListFiles, "Call_ListFiles", shapes),
    Call_ReadFile: (e_Call_ReadFile, d_Call_ReadFile, "Call_ReadFile", shapes),
    Call_GetContainers: (e_Call_GetContainers, d_Call_GetContainers, "Call_GetContainers", shapes),
    Call_LaunchNestedContainer: (e_Call_LaunchNestedContainer, d_Call_LaunchNestedContainer, "Call_LaunchNestedContainer", shapes),
    Call_WaitNestedContainer: (e_Call_WaitNestedContainer, d_Call_WaitNestedContainer, "Call_WaitNestedContainer", shapes),
    Call_KillNestedContainer: (e_Call_KillNestedContainer, d_Call_KillNestedContainer, "Call_KillNestedContainer", shapes),
    Call_RemoveNestedContainer: (e_Call_RemoveNestedContainer, d_Call_RemoveNestedContainer, "Call_RemoveNestedContainer", shapes),
    Call_LaunchNestedContainerSession: (e_Call_LaunchNestedContainerSession, d_Call_LaunchNestedContainerSession, "Call_LaunchNestedContainerSession", shapes),
    Call_AttachContainerInput: (e_Call_AttachContainerInput, d_Call_AttachContainerInput, "Call_AttachContainerInput", shapes),
    Call_AttachContainerOutput: (e_Call_AttachContainerOutput, d_Call_AttachContainerOutput, "Call_AttachContainerOutput", shapes),
    Call_LaunchContainer: (e_Call_LaunchContainer, d_Call_LaunchContainer, "Call_LaunchContainer", shapes),
    Call_WaitContainer: (e_Call_WaitContainer, d_Call_WaitContainer, "Call_WaitContainer", shapes),
    Call_KillContainer: (e_Call_KillContainer, d_Call_KillContainer, "Call_KillContainer", shapes),
    Call_RemoveContainer: (e_Call_RemoveContainer, d_Call_RemoveContainer, "Call_RemoveContainer", shapes),
    Call_AddResourceProviderConfig: (e_Call_AddResourceProviderConfig, d_Call_AddResourceProviderConfig, "Call_AddResourceProviderConfig", shapes),
    Call_UpdateResourceProviderConfig: (e_Call_UpdateResourceProviderConfig, d_Call_UpdateResourceProviderConfig, "Call_UpdateResourceProviderConfig", shapes),
    Call_RemoveResourceProviderConfig: (e_Call_RemoveResourceProviderConfig, d_Call_RemoveResourceProviderConfig, "Call_RemoveResourceProviderConfig", shapes),
    Call_MarkResourceProviderGone: (e_Call_MarkResourceProviderGone, d_Call_MarkResourceProviderGone, "Call_MarkResourceProviderGone", shapes),
    Call_PruneImages: (e_Call_PruneImages, d_Call_PruneImages, "Call_PruneImages", shapes),
    Call: (e_Call, d_Call, "Call", shapes),
    Response_GetHealth: (e_Response_GetHealth, d_Response_GetHealth, "Response_GetHealth", shapes),
    Response_GetFlags: (e_Response_GetFlags, d_Response_GetFlags, "Response_GetFlags", shapes),
    Response_GetVersion: (e_Response_GetVersion, d_Response_GetVersion, "Response_GetVersion", shapes),
    Response_GetMetrics: (e_Response_GetMetrics, d_Response_GetMetrics, "Response_GetMetrics", shapes),
    Response_GetLoggingLevel: (e_Response_GetLoggingLevel, d_Response_GetLoggingLevel, "Response_GetLoggingLevel", shapes),
    Response_ListFiles: (e_Response_ListFiles, d_Response_ListFiles, "Response_ListFiles", shapes),
    Response_ReadFile: (e_Response_ReadFile, d_Response_ReadFile, "Response_ReadFile", shapes),
    Response_GetState: (e_Response_GetState, d_Response_GetState, "Response_GetState", shapes),
    Response_GetContainers_Container: (e_Response_GetContainers_Container, d_Response_GetContainers_Container, "Response_GetContainers_Container", shapes),
    Response_GetContainers: (e_Response_GetContainers, d_Response_GetContainers, "Response_GetContainers", shapes),
    Response_GetFrameworks_Framework: (e_Response_GetFrameworks_Framework, d_Response_GetFrameworks_Framework, "Response_GetFrameworks_Framework", shapes),
    Response_GetFrameworks: (e_Response_GetFrameworks, d_Response_GetFrameworks, "Response_GetFrameworks", shapes),
    Response_GetExecutors_Executor: (e_Response_GetExecutors_Executor, d_Response_GetExecutors_Executor, "Response_GetExecutors_Executor", shapes),
    Response_GetExecutors: (e_Response_GetExecutors, d_Response_GetExecutors, "Response_GetExecutors", shapes),
    Response_GetOperations: (e_Response_GetOperations, d_Response_GetOperations, "Response_GetOperations", shapes),
    Response_GetTasks: (e_Response_GetTasks, d_Response_GetTasks, "Response_GetTasks", shapes),
    Response_GetAgent: (e_Response_GetAgent, d_Response_GetAgent, "Response_GetAgent", shapes),
    Response_GetResourceProviders_ResourceProvider: (e_Response_GetResourceProviders_ResourceProvider, d_Response_GetResourceProviders_ResourceProvider, "Response_GetResourceProviders_ResourceProvider", shapes),
    Response_GetResourceProviders: (e_Response_GetResourceProviders, d_Response_GetResourceProviders, "Response_GetResourceProviders", shapes),
    Response_WaitNestedContainer: (e_Response_WaitNestedContainer, d_Response_WaitNestedContainer, "Response_WaitNestedContainer", shapes),
    Response_WaitContainer: (e_Response_WaitContainer, d_Response_WaitContainer, "Response_WaitContainer", shapes),
    Response: (e_Response, d_Response, "Response", shapes),
    ProcessIO_Data: (e_ProcessIO_Data, d_ProcessIO_Data, "ProcessIO_Data", shapes),
    ProcessIO_Control_Heartbeat: (e_ProcessIO_Control_Heartbeat, d_ProcessIO_Control_Heartbeat, "ProcessIO_Control_Heartbeat", shapes),
    ProcessIO_Control: (e_ProcessIO_Control, d_ProcessIO_Control, "ProcessIO_Control", shapes),
    ProcessIO: (e_ProcessIO, d_ProcessIO, "ProcessIO", shapes),
}
