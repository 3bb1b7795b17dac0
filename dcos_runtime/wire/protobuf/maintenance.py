"""Protobuf codecs. Which machines are maintained when, and how far they are drained (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/maintenance.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import maintenance as structs
from dcos_runtime.wire.protobuf._reading import Absent, Again, Codec, Malformed, Shape, length, unknown
from dcos_runtime.wire.protobuf._writing import SHORT, heads, sized, utf8, varint_text, wrapped
from dcos_runtime.wire.protobuf.allocator import InverseOfferStatus, d_InverseOfferStatus
from dcos_runtime.wire.protobuf.common import Unavailability, d_Unavailability, e_FrameworkID, e_TimeInfo, e_Unavailability
from dcos_runtime.wire.protobuf.operators import MachineID, d_MachineID, e_MachineID

Window = structs.Window
Schedule = structs.Schedule
ClusterStatus_DrainingMachine = structs.ClusterStatus.DrainingMachine
ClusterStatus = structs.ClusterStatus
T_0a = heads('\x0a')
T_12 = heads('\x12')
W_12 = wrapped('\x12')


def e_Window(m: Window) -> str:
    o = ''
    if m.machine_ids:
        p = [o]
        for v1 in m.machine_ids:
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
    s = e_Unavailability(m.unavailability); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Window(b: bytes, e: int, j: int = 0, v2: Unavailability | None = None) -> Window:
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
            if t == 18:
                if v2 is not None: raise Again('unavailability')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v2 = d_Unavailability(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v2 is None: raise Absent('Window')
    return Window(machine_ids=v1, unavailability=v2)


def e_Schedule(m: Schedule) -> str:
    o = ''
    if m.windows:
        p = [o]
        for v1 in m.windows:
            s = e_Window(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Schedule(b: bytes, e: int, j: int = 0) -> Schedule:
    v1: list[Window] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Window(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Schedule(windows=v1)


def e_ClusterStatus_DrainingMachine(m: ClusterStatus_DrainingMachine) -> str:
    s = e_MachineID(m.id); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.statuses:
        p = [o]
        for v2 in m.statuses:
            q = f'\x08{v2.status.wire}'
            s = v2.framework_id.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: q += f'{W_12[n]}{s}'
            else: s = e_FrameworkID(v2.framework_id); n = len(s); q += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            s = e_TimeInfo(v2.timestamp); n = len(s)
            q += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_ClusterStatus_DrainingMachine(b: bytes, e: int, j: int = 0, v1: MachineID | None = None) -> ClusterStatus_DrainingMachine:
    v2: list[InverseOfferStatus] = []
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
        while t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2.append(d_InverseOfferStatus(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('ClusterStatus.DrainingMachine')
    return ClusterStatus_DrainingMachine(id=v1, statuses=v2)


def e_ClusterStatus(m: ClusterStatus) -> str:
    o = ''
    if m.draining_machines:
        p = [o]
        for v1 in m.draining_machines:
            s = e_ClusterStatus_DrainingMachine(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.down_machines:
        p = [o]
        for v2 in m.down_machines:
            q = ''
            x = v2.hostname
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
            x = v2.ip
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
            n = len(q)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_ClusterStatus(b: bytes, e: int, j: int = 0) -> ClusterStatus:
    v1: list[ClusterStatus_DrainingMachine] = []
    v2: list[MachineID] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_ClusterStatus_DrainingMachine(b[i:j], n))
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
                v2.append(d_MachineID(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return ClusterStatus(draining_machines=v1, down_machines=v2)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "Window": {
            10: (False, "operators.MachineID", ()),
            18: (True, "common.Unavailability", ()),
        },
        "Schedule": {
            10: (False, "maintenance.Window", ()),
        },
        "ClusterStatus_DrainingMachine": {
            10: (True, "operators.MachineID", ()),
            18: (False, "allocator.InverseOfferStatus", ()),
        },
        "ClusterStatus": {
            10: (False, "maintenance.ClusterStatus_DrainingMachine", ()),
            18: (False, "operators.MachineID", ()),
        },
    }


CODECS: dict[type, Codec] = {
    Window: (e_Window, d_Window, "Window", shapes),
    Schedule: (e_Schedule, d_Schedule, "Schedule", shapes),
    ClusterStatus_DrainingMachine: (e_ClusterStatus_DrainingMachine, d_ClusterStatus_DrainingMachine, "ClusterStatus_DrainingMachine", shapes),
    ClusterStatus: (e_ClusterStatus, d_ClusterStatus, "ClusterStatus", shapes),
}
