"""Protobuf codecs. Calls and events of the executor API, `/api/v1/executor` on an agent (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/executor.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import executor as structs
from dcos_runtime.wire.protobuf._reading import DEPTH, Absent, Again, Codec, Malformed, Shape, int32, length, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, numbered, sized, utf8, varint_text, wrapped
from dcos_runtime.wire.protobuf.cluster import AgentInfo, FrameworkInfo, d_AgentInfo, d_FrameworkInfo, e_AgentInfo, e_FrameworkInfo
from dcos_runtime.wire.protobuf.common import ContainerID, ExecutorID, FrameworkID, TaskID, d_ContainerID, d_ExecutorID, d_FrameworkID, d_TaskID, e_ContainerID, e_ExecutorID, e_FrameworkID, e_TaskID
from dcos_runtime.wire.protobuf.tasks import ExecutorInfo, KillPolicy, TaskGroupInfo, TaskInfo, TaskStatus, d_ExecutorInfo, d_KillPolicy, d_TaskGroupInfo, d_TaskInfo, d_TaskStatus, e_ExecutorInfo, e_KillPolicy, e_TaskGroupInfo, e_TaskInfo, e_TaskStatus

Event_Subscribed = structs.Event.Subscribed
Event_Launch = structs.Event.Launch
Event_LaunchGroup = structs.Event.LaunchGroup
Event_Kill = structs.Event.Kill
Event_Acknowledged = structs.Event.Acknowledged
Event_Message = structs.Event.Message
Event_Error = structs.Event.Error
Event = structs.Event
Call_Subscribe = structs.Call.Subscribe
Call_Update = structs.Call.Update
Call_Message = structs.Call.Message
Call = structs.Call
Event_Type = structs.Event.Type
Call_Type = structs.Call.Type
t_Event_Type = numbered(Event_Type, {"UNKNOWN": 0, "SUBSCRIBED": 1, "LAUNCH": 2, "LAUNCH_GROUP": 8, "KILL": 3, "ACKNOWLEDGED": 4, "MESSAGE": 5, "ERROR": 6, "SHUTDOWN": 7, "HEARTBEAT": 9})
t_Call_Type = numbered(Call_Type, {"UNKNOWN": 0, "SUBSCRIBE": 1, "UPDATE": 2, "MESSAGE": 3, "HEARTBEAT": 4})
T_0a = heads('\x0a')
T_12 = heads('\x12')
W_0a = wrapped('\x0a')
W_12 = wrapped('\x12')
W_3a = wrapped('\x3a')


def e_Event_Subscribed(m: Event_Subscribed) -> str:
    s = e_ExecutorInfo(m.executor_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_FrameworkInfo(m.framework_info); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_AgentInfo(m.agent_info); n = len(s)
    o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.container_id
    if v4 is not None:
        s = e_ContainerID(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_Subscribed(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ExecutorInfo | None = None, v2: FrameworkInfo | None = None, v3: AgentInfo | None = None, v4: ContainerID | None = None) -> Event_Subscribed:
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
            if v2 is not None: raise Again('framework_info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_FrameworkInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('agent_info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_AgentInfo(b[i:j], n)
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
        j = i - 2 if t in (10, 18, 26, 34,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None: raise Absent('Event.Subscribed')
    return Event_Subscribed(executor_info=v1, framework_info=v2, agent_info=v3, container_id=v4)


def e_Event_Launch(m: Event_Launch) -> str:
    s = e_TaskInfo(m.task); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_Launch(b: bytes, e: int, j: int = 0, v1: TaskInfo | None = None) -> Event_Launch:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('task')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_TaskInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.Launch')
    return Event_Launch(task=v1)


def e_Event_LaunchGroup(m: Event_LaunchGroup) -> str:
    s = e_TaskGroupInfo(m.task_group); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_LaunchGroup(b: bytes, e: int, j: int = 0, v1: TaskGroupInfo | None = None) -> Event_LaunchGroup:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('task_group')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_TaskGroupInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.LaunchGroup')
    return Event_LaunchGroup(task_group=v1)


def e_Event_Kill(m: Event_Kill) -> str:
    o = ''
    s = m.task_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_TaskID(m.task_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.kill_policy
    if v2 is not None:
        s = e_KillPolicy(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_Kill(b: bytes, e: int, j: int = 0, v1: TaskID | None = None, v2: KillPolicy | None = None) -> Event_Kill:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('task_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = TaskID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_TaskID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('kill_policy')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_KillPolicy(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.Kill')
    return Event_Kill(task_id=v1, kill_policy=v2)


def e_Event_Acknowledged(m: Event_Acknowledged) -> str:
    o = ''
    s = m.task_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_TaskID(m.task_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.uuid.decode('latin-1'); n = len(s)
    o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    return o


def d_Event_Acknowledged(b: bytes, e: int, j: int = 0, v1: TaskID | None = None, v2: bytes | None = None) -> Event_Acknowledged:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('task_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = TaskID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_TaskID(b[i:j], n)
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
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Event.Acknowledged')
    return Event_Acknowledged(task_id=v1, uuid=v2)


def e_Event_Message(m: Event_Message) -> str:
    s = m.data.decode('latin-1'); n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_Event_Message(b: bytes, e: int, j: int = 0, v1: bytes | None = None) -> Event_Message:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = b[i:j]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.Message')
    return Event_Message(data=v1)


def e_Event_Error(m: Event_Error) -> str:
    s = m.message
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_Event_Error(b: bytes, e: int, j: int = 0, v1: str | None = None) -> Event_Error:
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
    if v1 is None: raise Absent('Event.Error')
    return Event_Error(message=v1)


def e_Event(m: Event) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.subscribed
    if v2 is not None:
        s = e_Event_Subscribed(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.acknowledged
    if v3 is not None:
        s = e_Event_Acknowledged(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.launch
    if v4 is not None:
        s = e_Event_Launch(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.kill
    if v5 is not None:
        s = e_Event_Kill(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.message
    if v6 is not None:
        s = e_Event_Message(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v7 = m.error
    if v7 is not None:
        s = v7.message
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_3a[n]}{s}'
        else: s = e_Event_Error(v7); n = len(s); o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v8 = m.launch_group
    if v8 is not None:
        s = e_Event_LaunchGroup(v8); n = len(s)
        o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: Event_Type | None = None, v2: Event_Subscribed | None = None, v3: Event_Acknowledged | None = None, v4: Event_Launch | None = None, v5: Event_Kill | None = None, v6: Event_Message | None = None, v7: Event_Error | None = None, v8: Event_LaunchGroup | None = None) -> Event:
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
            if v3 is not None: raise Again('acknowledged')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Event_Acknowledged(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('launch')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Event_Launch(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('kill')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_Event_Kill(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 50:
            if v6 is not None: raise Again('message')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = d_Event_Message(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 58:
            if v7 is not None: raise Again('error')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v7 = Event_Error(message=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v7 = d_Event_Error(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 66:
            if v8 is not None: raise Again('launch_group')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v8 = d_Event_LaunchGroup(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34, 42, 50, 58, 66,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Event(type=v1, subscribed=v2, acknowledged=v3, launch=v4, launch_group=v8, kill=v5, message=v6, error=v7)


def e_Call_Subscribe(m: Call_Subscribe) -> str:
    o = ''
    if m.unacknowledged_tasks:
        p = [o]
        for v1 in m.unacknowledged_tasks:
            s = e_TaskInfo(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.unacknowledged_updates:
        p = [o]
        for v2 in m.unacknowledged_updates:
            s = e_Call_Update(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Call_Subscribe(b: bytes, e: int, k: int = DEPTH, j: int = 0) -> Call_Subscribe:
    v1: list[TaskInfo] = []
    v2: list[Call_Update] = []
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
            while t == 18:
                if k < 1: raise Malformed('nested too deeply')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v2.append(d_Call_Update(b[i:j], n, k - 1))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_Subscribe(unacknowledged_tasks=v1, unacknowledged_updates=v2)


def e_Call_Update(m: Call_Update) -> str:
    s = e_TaskStatus(m.status); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_Update(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: TaskStatus | None = None) -> Call_Update:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('status')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_TaskStatus(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.Update')
    return Call_Update(status=v1)


def e_Call_Message(m: Call_Message) -> str:
    s = m.data.decode('latin-1'); n = len(s)
    o = f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    return o


def d_Call_Message(b: bytes, e: int, j: int = 0, v2: bytes | None = None) -> Call_Message:
    while j < e:
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
        j = i - 2 if t in (18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v2 is None: raise Absent('Call.Message')
    return Call_Message(data=v2)


def e_Call(m: Call) -> str:
    o = ''
    s = m.executor_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_ExecutorID(m.executor_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.framework_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_FrameworkID(m.framework_id); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.type
    if v3 is not None:
        o += f'\x18{v3.wire}'
    v4 = m.subscribe
    if v4 is not None:
        s = e_Call_Subscribe(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.update
    if v5 is not None:
        s = e_Call_Update(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.message
    if v6 is not None:
        s = e_Call_Message(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ExecutorID | None = None, v2: FrameworkID | None = None, v3: Call_Type | None = None, v4: Call_Subscribe | None = None, v5: Call_Update | None = None, v6: Call_Message | None = None) -> Call:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('executor_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = ExecutorID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_ExecutorID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('framework_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = FrameworkID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_FrameworkID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Call_Type: v3 = t_Call_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('subscribe')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Call_Subscribe(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('update')
            if k < 1: raise Malformed('nested too deeply')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_Call_Update(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 50:
            if v6 is not None: raise Again('message')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = d_Call_Message(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 24, 34, 42, 50,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Call')
    return Call(executor_id=v1, framework_id=v2, type=v3, subscribe=v4, update=v5, message=v6)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "Event_Subscribed": {
            10: (True, "tasks.ExecutorInfo", ()),
            18: (True, "cluster.FrameworkInfo", ()),
            26: (True, "cluster.AgentInfo", ()),
            34: (True, "common.ContainerID", ()),
        },
        "Event_Launch": {
            10: (True, "tasks.TaskInfo", ()),
        },
        "Event_LaunchGroup": {
            10: (True, "tasks.TaskGroupInfo", ()),
        },
        "Event_Kill": {
            10: (True, "common.TaskID", ()),
            18: (True, "tasks.KillPolicy", ()),
        },
        "Event_Acknowledged": {
            10: (True, "common.TaskID", ()),
        },
        "Event": {
            18: (True, "executor.Event_Subscribed", ()),
            26: (True, "executor.Event_Acknowledged", ()),
            34: (True, "executor.Event_Launch", ()),
            66: (True, "executor.Event_LaunchGroup", ()),
            42: (True, "executor.Event_Kill", ()),
            50: (True, "executor.Event_Message", ()),
            58: (True, "executor.Event_Error", ()),
        },
        "Call_Subscribe": {
            10: (False, "tasks.TaskInfo", ()),
            18: (False, "executor.Call_Update", ()),
        },
        "Call_Update": {
            10: (True, "tasks.TaskStatus", ()),
        },
        "Call": {
            10: (True, "common.ExecutorID", ()),
            18: (True, "common.FrameworkID", ()),
            34: (True, "executor.Call_Subscribe", ()),
            42: (True, "executor.Call_Update", ()),
            50: (True, "executor.Call_Message", ()),
        },
    }


CODECS: dict[type, Codec] = {
    Event_Subscribed: (e_Event_Subscribed, d_Event_Subscribed, "Event_Subscribed", shapes),
    Event_Launch: (e_Event_Launch, d_Event_Launch, "Event_Launch", shapes),
    Event_LaunchGroup: (e_Event_LaunchGroup, d_Event_LaunchGroup, "Event_LaunchGroup", shapes),
    Event_Kill: (e_Event_Kill, d_Event_Kill, "Event_Kill", shapes),
    Event_Acknowledged: (e_Event_Acknowledged, d_Event_Acknowledged, "Event_Acknowledged", shapes),
    Event_Message: (e_Event_Message, d_Event_Message, "Event_Message", shapes),
    Event_Error: (e_Event_Error, d_Event_Error, "Event_Error", shapes),
    Event: (e_Event, d_Event, "Event", shapes),
    Call_Subscribe: (e_Call_Subscribe, d_Call_Subscribe, "Call_Subscribe", shapes),
    Call_Update: (e_Call_Update, d_Call_Update, "Call_Update", shapes),
    Call_Message: (e_Call_Message, d_Call_Message, "Call_Message", shapes),
    Call: (e_Call, d_Call, "Call", shapes),
}
