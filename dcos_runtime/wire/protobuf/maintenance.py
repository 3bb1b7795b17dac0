"""Protobuf codecs. Which machines are maintained when, and how far they are drained (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/maintenance.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import maintenance as structs
from dcos_runtime.wire.protobuf._reading import SHORT, Absent, Again, Codec, Refused, Shape, length, skip, tag, varint_bytes
from dcos_runtime.wire.protobuf.allocator import InverseOfferStatus, d_InverseOfferStatus, e_InverseOfferStatus
from dcos_runtime.wire.protobuf.common import Unavailability, d_Unavailability, e_Unavailability
from dcos_runtime.wire.protobuf.operators import MachineID, d_MachineID, e_MachineID

Window = structs.Window
Schedule = structs.Schedule
ClusterStatus_DrainingMachine = structs.ClusterStatus.DrainingMachine
ClusterStatus = structs.ClusterStatus


def e_Window(m: Window) -> bytes:
    o: list[bytes] = []
    for v1 in m.machine_ids:
        s = e_MachineID(v1)
        n = len(s); o += (b'\x0a', SHORT[n] if n < 1024 else varint_bytes(n), s)
    s = e_Unavailability(m.unavailability)
    n = len(s); o += (b'\x12', SHORT[n] if n < 1024 else varint_bytes(n), s)
    return b''.join(o)


def d_Window(b: bytes, i: int, e: int) -> Window:
    v1: list[MachineID] = []
    v2: Unavailability | None = None
    while i < e:
        t = b[i]; i += 1
        if t > 127: t, i = tag(b, i - 1)
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1.append(d_MachineID(b, i, j))
            i = j
        elif t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v2 is not None: raise Again('unavailability')
            v2 = d_Unavailability(b, i, j)
            i = j
        else:
            i = skip(b, i, t)
    if i != e: raise Refused('the end is missing')
    if v2 is None: raise Absent('Window')
    return Window(machine_ids=v1, unavailability=v2)


def e_Schedule(m: Schedule) -> bytes:
    o: list[bytes] = []
    for v1 in m.windows:
        s = e_Window(v1)
        n = len(s); o += (b'\x0a', SHORT[n] if n < 1024 else varint_bytes(n), s)
    return b''.join(o)


def d_Schedule(b: bytes, i: int, e: int) -> Schedule:
    v1: list[Window] = []
    while i < e:
        t = b[i]; i += 1
        if t > 127: t, i = tag(b, i - 1)
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1.append(d_Window(b, i, j))
            i = j
        else:
            i = skip(b, i, t)
    if i != e: raise Refused('the end is missing')
    return Schedule(windows=v1)


def e_ClusterStatus_DrainingMachine(m: ClusterStatus_DrainingMachine) -> bytes:
    o: list[bytes] = []
    s = e_MachineID(m.id)
    n = len(s); o += (b'\x0a', SHORT[n] if n < 1024 else varint_bytes(n), s)
    for v2 in m.statuses:
        s = e_InverseOfferStatus(v2)
        n = len(s); o += (b'\x12', SHORT[n] if n < 1024 else varint_bytes(n), s)
    return b''.join(o)


def d_ClusterStatus_DrainingMachine(b: bytes, i: int, e: int) -> ClusterStatus_DrainingMachine:
    v1: MachineID | None = None
    v2: list[InverseOfferStatus] = []
    while i < e:
        t = b[i]; i += 1
        if t > 127: t, i = tag(b, i - 1)
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            if v1 is not None: raise Again('id')
            v1 = d_MachineID(b, i, j)
            i = j
        elif t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v2.append(d_InverseOfferStatus(b, i, j))
            i = j
        else:
            i = skip(b, i, t)
    if i != e: raise Refused('the end is missing')
    if v1 is None: raise Absent('ClusterStatus.DrainingMachine')
    return ClusterStatus_DrainingMachine(id=v1, statuses=v2)


def e_ClusterStatus(m: ClusterStatus) -> bytes:
    o: list[bytes] = []
    for v1 in m.draining_machines:
        s = e_ClusterStatus_DrainingMachine(v1)
        n = len(s); o += (b'\x0a', SHORT[n] if n < 1024 else varint_bytes(n), s)
    for v2 in m.down_machines:
        s = e_MachineID(v2)
        n = len(s); o += (b'\x12', SHORT[n] if n < 1024 else varint_bytes(n), s)
    return b''.join(o)


def d_ClusterStatus(b: bytes, i: int, e: int) -> ClusterStatus:
    v1: list[ClusterStatus_DrainingMachine] = []
    v2: list[MachineID] = []
    while i < e:
        t = b[i]; i += 1
        if t > 127: t, i = tag(b, i - 1)
        if t == 10:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v1.append(d_ClusterStatus_DrainingMachine(b, i, j))
            i = j
        elif t == 18:
            n = b[i]; i += 1
            if n > 127: n, i = length(b, i - 1)
            j = i + n
            v2.append(d_MachineID(b, i, j))
            i = j
        else:
            i = skip(b, i, t)
    if i != e: raise Refused('the end is missing')
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
