"""Protobuf codecs. What containers and executors use: processor, memory, disk and network, as counted by an agent (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/statistics.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import statistics as structs
from dcos_runtime.wire.protobuf._reading import DEPTH, Absent, Again, Codec, Malformed, Shape, double, length, signed, uint32, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, packed, sized, uint32_text, utf8, varint_text, wrapped
from dcos_runtime.wire.protobuf.common import ContainerID, Labels, TaskID, d_ContainerID, d_Labels, d_TaskID, e_ContainerID, e_Labels, e_TaskID
from dcos_runtime.wire.protobuf.containers import CgroupInfo_Blkio_Statistics, d_CgroupInfo_Blkio_Statistics, e_CgroupInfo_Blkio_Statistics
from dcos_runtime.wire.protobuf.resources import Resource, Resource_DiskInfo_Persistence, Resource_DiskInfo_Source, d_Resource, d_Resource_DiskInfo_Persistence, d_Resource_DiskInfo_Source, e_Resource, e_Resource_DiskInfo_Persistence, e_Resource_DiskInfo_Source
from dcos_runtime.wire.protobuf.tasks import ExecutorInfo, d_ExecutorInfo, e_ExecutorInfo

TrafficControlStatistics = structs.TrafficControlStatistics
IpStatistics = structs.IpStatistics
IcmpStatistics = structs.IcmpStatistics
TcpStatistics = structs.TcpStatistics
UdpStatistics = structs.UdpStatistics
SNMPStatistics = structs.SNMPStatistics
DiskStatistics = structs.DiskStatistics
ResourceStatistics = structs.ResourceStatistics
ResourceUsage_Executor_Task = structs.ResourceUsage.Executor.Task
ResourceUsage_Executor = structs.ResourceUsage.Executor
ResourceUsage = structs.ResourceUsage
PerfStatistics = structs.PerfStatistics
T_0a = heads('\x0a')
W_12 = wrapped('\x12')


def e_TrafficControlStatistics(m: TrafficControlStatistics) -> str:
    s = m.id
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    v2 = m.backlog
    if v2 is not None:
        o += f'\x10{varint_text(v2) if v2 >> 14 else SHORT[v2]}'
    v3 = m.bytes
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    v4 = m.drops
    if v4 is not None:
        o += f'\x20{varint_text(v4) if v4 >> 14 else SHORT[v4]}'
    v5 = m.overlimits
    if v5 is not None:
        o += f'\x28{varint_text(v5) if v5 >> 14 else SHORT[v5]}'
    v6 = m.packets
    if v6 is not None:
        o += f'\x30{varint_text(v6) if v6 >> 14 else SHORT[v6]}'
    v7 = m.qlen
    if v7 is not None:
        o += f'\x38{varint_text(v7) if v7 >> 14 else SHORT[v7]}'
    v8 = m.ratebps
    if v8 is not None:
        o += f'\x40{varint_text(v8) if v8 >> 14 else SHORT[v8]}'
    v9 = m.ratepps
    if v9 is not None:
        o += f'\x48{varint_text(v9) if v9 >> 14 else SHORT[v9]}'
    v10 = m.requeues
    if v10 is not None:
        o += f'\x50{varint_text(v10) if v10 >> 14 else SHORT[v10]}'
    return o


def d_TrafficControlStatistics(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: int | None = None, v3: int | None = None, v4: int | None = None, v5: int | None = None, v6: int | None = None, v7: int | None = None, v8: int | None = None, v9: int | None = None, v10: int | None = None) -> TrafficControlStatistics:
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
        if t == 32:
            v4 = b[i - 1]; j = i
            if v4 > 127:
                t = b[j]; j += 1
                if t < 128: v4 += (t << 7) - 128
                else:
                    v4, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 40:
            v5 = b[i - 1]; j = i
            if v5 > 127:
                t = b[j]; j += 1
                if t < 128: v5 += (t << 7) - 128
                else:
                    v5, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 48:
            v6 = b[i - 1]; j = i
            if v6 > 127:
                t = b[j]; j += 1
                if t < 128: v6 += (t << 7) - 128
                else:
                    v6, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 56:
            v7 = b[i - 1]; j = i
            if v7 > 127:
                t = b[j]; j += 1
                if t < 128: v7 += (t << 7) - 128
                else:
                    v7, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 64:
            v8 = b[i - 1]; j = i
            if v8 > 127:
                t = b[j]; j += 1
                if t < 128: v8 += (t << 7) - 128
                else:
                    v8, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 72:
            v9 = b[i - 1]; j = i
            if v9 > 127:
                t = b[j]; j += 1
                if t < 128: v9 += (t << 7) - 128
                else:
                    v9, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 80:
            v10 = b[i - 1]; j = i
            if v10 > 127:
                t = b[j]; j += 1
                if t < 128: v10 += (t << 7) - 128
                else:
                    v10, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 16, 24, 32, 40, 48, 56, 64, 72, 80,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('TrafficControlStatistics')
    return TrafficControlStatistics(id=v1, backlog=v2, bytes=v3, drops=v4, overlimits=v5, packets=v6, qlen=v7, ratebps=v8, ratepps=v9, requeues=v10)


def e_IpStatistics(m: IpStatistics) -> str:
    o = ''
    v1 = m.Forwarding
    if v1 is not None:
        o += f'\x08{varint_text(v1) if v1 >> 14 else SHORT[v1]}'
    v2 = m.DefaultTTL
    if v2 is not None:
        o += f'\x10{varint_text(v2) if v2 >> 14 else SHORT[v2]}'
    v3 = m.InReceives
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    v4 = m.InHdrErrors
    if v4 is not None:
        o += f'\x20{varint_text(v4) if v4 >> 14 else SHORT[v4]}'
    v5 = m.InAddrErrors
    if v5 is not None:
        o += f'\x28{varint_text(v5) if v5 >> 14 else SHORT[v5]}'
    v6 = m.ForwDatagrams
    if v6 is not None:
        o += f'\x30{varint_text(v6) if v6 >> 14 else SHORT[v6]}'
    v7 = m.InUnknownProtos
    if v7 is not None:
        o += f'\x38{varint_text(v7) if v7 >> 14 else SHORT[v7]}'
    v8 = m.InDiscards
    if v8 is not None:
        o += f'\x40{varint_text(v8) if v8 >> 14 else SHORT[v8]}'
    v9 = m.InDelivers
    if v9 is not None:
        o += f'\x48{varint_text(v9) if v9 >> 14 else SHORT[v9]}'
    v10 = m.OutRequests
    if v10 is not None:
        o += f'\x50{varint_text(v10) if v10 >> 14 else SHORT[v10]}'
    v11 = m.OutDiscards
    if v11 is not None:
        o += f'\x58{varint_text(v11) if v11 >> 14 else SHORT[v11]}'
    v12 = m.OutNoRoutes
    if v12 is not None:
        o += f'\x60{varint_text(v12) if v12 >> 14 else SHORT[v12]}'
    v13 = m.ReasmTimeout
    if v13 is not None:
        o += f'\x68{varint_text(v13) if v13 >> 14 else SHORT[v13]}'
    v14 = m.ReasmReqds
    if v14 is not None:
        o += f'\x70{varint_text(v14) if v14 >> 14 else SHORT[v14]}'
    v15 = m.ReasmOKs
    if v15 is not None:
        o += f'\x78{varint_text(v15) if v15 >> 14 else SHORT[v15]}'
    v16 = m.ReasmFails
    if v16 is not None:
        o += f'\x80\x01{varint_text(v16) if v16 >> 14 else SHORT[v16]}'
    v17 = m.FragOKs
    if v17 is not None:
        o += f'\x88\x01{varint_text(v17) if v17 >> 14 else SHORT[v17]}'
    v18 = m.FragFails
    if v18 is not None:
        o += f'\x90\x01{varint_text(v18) if v18 >> 14 else SHORT[v18]}'
    v19 = m.FragCreates
    if v19 is not None:
        o += f'\x98\x01{varint_text(v19) if v19 >> 14 else SHORT[v19]}'
    return o


def d_IpStatistics(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: int | None = None, v3: int | None = None, v4: int | None = None, v5: int | None = None, v6: int | None = None, v7: int | None = None, v8: int | None = None, v9: int | None = None, v10: int | None = None, v11: int | None = None, v12: int | None = None, v13: int | None = None, v14: int | None = None, v15: int | None = None, v16: int | None = None, v17: int | None = None, v18: int | None = None, v19: int | None = None) -> IpStatistics:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
                    if v1 >> 63: v1 = signed(v1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
                    if v2 >> 63: v2 = signed(v2)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            v3 = b[i - 1]; j = i
            if v3 > 127:
                t = b[j]; j += 1
                if t < 128: v3 += (t << 7) - 128
                else:
                    v3, j = varint(b, i - 1)
                    if v3 >> 63: v3 = signed(v3)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 32:
            v4 = b[i - 1]; j = i
            if v4 > 127:
                t = b[j]; j += 1
                if t < 128: v4 += (t << 7) - 128
                else:
                    v4, j = varint(b, i - 1)
                    if v4 >> 63: v4 = signed(v4)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 40:
            v5 = b[i - 1]; j = i
            if v5 > 127:
                t = b[j]; j += 1
                if t < 128: v5 += (t << 7) - 128
                else:
                    v5, j = varint(b, i - 1)
                    if v5 >> 63: v5 = signed(v5)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 48:
            v6 = b[i - 1]; j = i
            if v6 > 127:
                t = b[j]; j += 1
                if t < 128: v6 += (t << 7) - 128
                else:
                    v6, j = varint(b, i - 1)
                    if v6 >> 63: v6 = signed(v6)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 56:
            v7 = b[i - 1]; j = i
            if v7 > 127:
                t = b[j]; j += 1
                if t < 128: v7 += (t << 7) - 128
                else:
                    v7, j = varint(b, i - 1)
                    if v7 >> 63: v7 = signed(v7)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 64:
            v8 = b[i - 1]; j = i
            if v8 > 127:
                t = b[j]; j += 1
                if t < 128: v8 += (t << 7) - 128
                else:
                    v8, j = varint(b, i - 1)
                    if v8 >> 63: v8 = signed(v8)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 72:
            v9 = b[i - 1]; j = i
            if v9 > 127:
                t = b[j]; j += 1
                if t < 128: v9 += (t << 7) - 128
                else:
                    v9, j = varint(b, i - 1)
                    if v9 >> 63: v9 = signed(v9)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 80:
            v10 = b[i - 1]; j = i
            if v10 > 127:
                t = b[j]; j += 1
                if t < 128: v10 += (t << 7) - 128
                else:
                    v10, j = varint(b, i - 1)
                    if v10 >> 63: v10 = signed(v10)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 88:
            v11 = b[i - 1]; j = i
            if v11 > 127:
                t = b[j]; j += 1
                if t < 128: v11 += (t << 7) - 128
                else:
                    v11, j = varint(b, i - 1)
                    if v11 >> 63: v11 = signed(v11)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 96:
            v12 = b[i - 1]; j = i
            if v12 > 127:
                t = b[j]; j += 1
                if t < 128: v12 += (t << 7) - 128
                else:
                    v12, j = varint(b, i - 1)
                    if v12 >> 63: v12 = signed(v12)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 104:
            v13 = b[i - 1]; j = i
            if v13 > 127:
                t = b[j]; j += 1
                if t < 128: v13 += (t << 7) - 128
                else:
                    v13, j = varint(b, i - 1)
                    if v13 >> 63: v13 = signed(v13)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 112:
            v14 = b[i - 1]; j = i
            if v14 > 127:
                t = b[j]; j += 1
                if t < 128: v14 += (t << 7) - 128
                else:
                    v14, j = varint(b, i - 1)
                    if v14 >> 63: v14 = signed(v14)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 120:
            v15 = b[i - 1]; j = i
            if v15 > 127:
                t = b[j]; j += 1
                if t < 128: v15 += (t << 7) - 128
                else:
                    v15, j = varint(b, i - 1)
                    if v15 >> 63: v15 = signed(v15)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 128 and b[i - 1] == 1:
            i += 1
            v16 = b[i - 1]; j = i
            if v16 > 127:
                t = b[j]; j += 1
                if t < 128: v16 += (t << 7) - 128
                else:
                    v16, j = varint(b, i - 1)
                    if v16 >> 63: v16 = signed(v16)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 136 and b[i - 1] == 1:
            i += 1
            v17 = b[i - 1]; j = i
            if v17 > 127:
                t = b[j]; j += 1
                if t < 128: v17 += (t << 7) - 128
                else:
                    v17, j = varint(b, i - 1)
                    if v17 >> 63: v17 = signed(v17)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 144 and b[i - 1] == 1:
            i += 1
            v18 = b[i - 1]; j = i
            if v18 > 127:
                t = b[j]; j += 1
                if t < 128: v18 += (t << 7) - 128
                else:
                    v18, j = varint(b, i - 1)
                    if v18 >> 63: v18 = signed(v18)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 152 and b[i - 1] == 1:
            i += 1
            v19 = b[i - 1]; j = i
            if v19 > 127:
                t = b[j]; j += 1
                if t < 128: v19 += (t << 7) - 128
                else:
                    v19, j = varint(b, i - 1)
                    if v19 >> 63: v19 = signed(v19)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120,) or (t in (128, 136, 144, 152,) and b[i - 1] == 1) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return IpStatistics(Forwarding=v1, DefaultTTL=v2, InReceives=v3, InHdrErrors=v4, InAddrErrors=v5, ForwDatagrams=v6, InUnknownProtos=v7, InDiscards=v8, InDelivers=v9, OutRequests=v10, OutDiscards=v11, OutNoRoutes=v12, ReasmTimeout=v13, ReasmReqds=v14, ReasmOKs=v15, ReasmFails=v16, FragOKs=v17, FragFails=v18, FragCreates=v19)


def e_IcmpStatistics(m: IcmpStatistics) -> str:
    o = ''
    v1 = m.InMsgs
    if v1 is not None:
        o += f'\x08{varint_text(v1) if v1 >> 14 else SHORT[v1]}'
    v2 = m.InErrors
    if v2 is not None:
        o += f'\x10{varint_text(v2) if v2 >> 14 else SHORT[v2]}'
    v3 = m.InCsumErrors
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    v4 = m.InDestUnreachs
    if v4 is not None:
        o += f'\x20{varint_text(v4) if v4 >> 14 else SHORT[v4]}'
    v5 = m.InTimeExcds
    if v5 is not None:
        o += f'\x28{varint_text(v5) if v5 >> 14 else SHORT[v5]}'
    v6 = m.InParmProbs
    if v6 is not None:
        o += f'\x30{varint_text(v6) if v6 >> 14 else SHORT[v6]}'
    v7 = m.InSrcQuenchs
    if v7 is not None:
        o += f'\x38{varint_text(v7) if v7 >> 14 else SHORT[v7]}'
    v8 = m.InRedirects
    if v8 is not None:
        o += f'\x40{varint_text(v8) if v8 >> 14 else SHORT[v8]}'
    v9 = m.InEchos
    if v9 is not None:
        o += f'\x48{varint_text(v9) if v9 >> 14 else SHORT[v9]}'
    v10 = m.InEchoReps
    if v10 is not None:
        o += f'\x50{varint_text(v10) if v10 >> 14 else SHORT[v10]}'
    v11 = m.InTimestamps
    if v11 is not None:
        o += f'\x58{varint_text(v11) if v11 >> 14 else SHORT[v11]}'
    v12 = m.InTimestampReps
    if v12 is not None:
        o += f'\x60{varint_text(v12) if v12 >> 14 else SHORT[v12]}'
    v13 = m.InAddrMasks
    if v13 is not None:
        o += f'\x68{varint_text(v13) if v13 >> 14 else SHORT[v13]}'
    v14 = m.InAddrMaskReps
    if v14 is not None:
        o += f'\x70{varint_text(v14) if v14 >> 14 else SHORT[v14]}'
    v15 = m.OutMsgs
    if v15 is not None:
        o += f'\x78{varint_text(v15) if v15 >> 14 else SHORT[v15]}'
    v16 = m.OutErrors
    if v16 is not None:
        o += f'\x80\x01{varint_text(v16) if v16 >> 14 else SHORT[v16]}'
    v17 = m.OutDestUnreachs
    if v17 is not None:
        o += f'\x88\x01{varint_text(v17) if v17 >> 14 else SHORT[v17]}'
    v18 = m.OutTimeExcds
    if v18 is not None:
        o += f'\x90\x01{varint_text(v18) if v18 >> 14 else SHORT[v18]}'
    v19 = m.OutParmProbs
    if v19 is not None:
        o += f'\x98\x01{varint_text(v19) if v19 >> 14 else SHORT[v19]}'
    v20 = m.OutSrcQuenchs
    if v20 is not None:
        o += f'\xa0\x01{varint_text(v20) if v20 >> 14 else SHORT[v20]}'
    v21 = m.OutRedirects
    if v21 is not None:
        o += f'\xa8\x01{varint_text(v21) if v21 >> 14 else SHORT[v21]}'
    v22 = m.OutEchos
    if v22 is not None:
        o += f'\xb0\x01{varint_text(v22) if v22 >> 14 else SHORT[v22]}'
    v23 = m.OutEchoReps
    if v23 is not None:
        o += f'\xb8\x01{varint_text(v23) if v23 >> 14 else SHORT[v23]}'
    v24 = m.OutTimestamps
    if v24 is not None:
        o += f'\xc0\x01{varint_text(v24) if v24 >> 14 else SHORT[v24]}'
    v25 = m.OutTimestampReps
    if v25 is not None:
        o += f'\xc8\x01{varint_text(v25) if v25 >> 14 else SHORT[v25]}'
    v26 = m.OutAddrMasks
    if v26 is not None:
        o += f'\xd0\x01{varint_text(v26) if v26 >> 14 else SHORT[v26]}'
    v27 = m.OutAddrMaskReps
    if v27 is not None:
        o += f'\xd8\x01{varint_text(v27) if v27 >> 14 else SHORT[v27]}'
    return o


def d_IcmpStatistics(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: int | None = None, v3: int | None = None, v4: int | None = None, v5: int | None = None, v6: int | None = None, v7: int | None = None, v8: int | None = None, v9: int | None = None, v10: int | None = None, v11: int | None = None, v12: int | None = None, v13: int | None = None, v14: int | None = None, v15: int | None = None, v16: int | None = None, v17: int | None = None, v18: int | None = None, v19: int | None = None, v20: int | None = None, v21: int | None = None, v22: int | None = None, v23: int | None = None, v24: int | None = None, v25: int | None = None, v26: int | None = None, v27: int | None = None) -> IcmpStatistics:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
                    if v1 >> 63: v1 = signed(v1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
                    if v2 >> 63: v2 = signed(v2)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            v3 = b[i - 1]; j = i
            if v3 > 127:
                t = b[j]; j += 1
                if t < 128: v3 += (t << 7) - 128
                else:
                    v3, j = varint(b, i - 1)
                    if v3 >> 63: v3 = signed(v3)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 32:
            v4 = b[i - 1]; j = i
            if v4 > 127:
                t = b[j]; j += 1
                if t < 128: v4 += (t << 7) - 128
                else:
                    v4, j = varint(b, i - 1)
                    if v4 >> 63: v4 = signed(v4)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 40:
            v5 = b[i - 1]; j = i
            if v5 > 127:
                t = b[j]; j += 1
                if t < 128: v5 += (t << 7) - 128
                else:
                    v5, j = varint(b, i - 1)
                    if v5 >> 63: v5 = signed(v5)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 48:
            v6 = b[i - 1]; j = i
            if v6 > 127:
                t = b[j]; j += 1
                if t < 128: v6 += (t << 7) - 128
                else:
                    v6, j = varint(b, i - 1)
                    if v6 >> 63: v6 = signed(v6)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 56:
            v7 = b[i - 1]; j = i
            if v7 > 127:
                t = b[j]; j += 1
                if t < 128: v7 += (t << 7) - 128
                else:
                    v7, j = varint(b, i - 1)
                    if v7 >> 63: v7 = signed(v7)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 64:
            v8 = b[i - 1]; j = i
            if v8 > 127:
                t = b[j]; j += 1
                if t < 128: v8 += (t << 7) - 128
                else:
                    v8, j = varint(b, i - 1)
                    if v8 >> 63: v8 = signed(v8)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 72:
            v9 = b[i - 1]; j = i
            if v9 > 127:
                t = b[j]; j += 1
                if t < 128: v9 += (t << 7) - 128
                else:
                    v9, j = varint(b, i - 1)
                    if v9 >> 63: v9 = signed(v9)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 80:
            v10 = b[i - 1]; j = i
            if v10 > 127:
                t = b[j]; j += 1
                if t < 128: v10 += (t << 7) - 128
                else:
                    v10, j = varint(b, i - 1)
                    if v10 >> 63: v10 = signed(v10)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 88:
            v11 = b[i - 1]; j = i
            if v11 > 127:
                t = b[j]; j += 1
                if t < 128: v11 += (t << 7) - 128
                else:
                    v11, j = varint(b, i - 1)
                    if v11 >> 63: v11 = signed(v11)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 96:
            v12 = b[i - 1]; j = i
            if v12 > 127:
                t = b[j]; j += 1
                if t < 128: v12 += (t << 7) - 128
                else:
                    v12, j = varint(b, i - 1)
                    if v12 >> 63: v12 = signed(v12)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 104:
            v13 = b[i - 1]; j = i
            if v13 > 127:
                t = b[j]; j += 1
                if t < 128: v13 += (t << 7) - 128
                else:
                    v13, j = varint(b, i - 1)
                    if v13 >> 63: v13 = signed(v13)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 112:
            v14 = b[i - 1]; j = i
            if v14 > 127:
                t = b[j]; j += 1
                if t < 128: v14 += (t << 7) - 128
                else:
                    v14, j = varint(b, i - 1)
                    if v14 >> 63: v14 = signed(v14)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 120:
            v15 = b[i - 1]; j = i
            if v15 > 127:
                t = b[j]; j += 1
                if t < 128: v15 += (t << 7) - 128
                else:
                    v15, j = varint(b, i - 1)
                    if v15 >> 63: v15 = signed(v15)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 128 and b[i - 1] == 1:
            i += 1
            v16 = b[i - 1]; j = i
            if v16 > 127:
                t = b[j]; j += 1
                if t < 128: v16 += (t << 7) - 128
                else:
                    v16, j = varint(b, i - 1)
                    if v16 >> 63: v16 = signed(v16)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 136 and b[i - 1] == 1:
            i += 1
            v17 = b[i - 1]; j = i
            if v17 > 127:
                t = b[j]; j += 1
                if t < 128: v17 += (t << 7) - 128
                else:
                    v17, j = varint(b, i - 1)
                    if v17 >> 63: v17 = signed(v17)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 144 and b[i - 1] == 1:
            i += 1
            v18 = b[i - 1]; j = i
            if v18 > 127:
                t = b[j]; j += 1
                if t < 128: v18 += (t << 7) - 128
                else:
                    v18, j = varint(b, i - 1)
                    if v18 >> 63: v18 = signed(v18)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 152 and b[i - 1] == 1:
            i += 1
            v19 = b[i - 1]; j = i
            if v19 > 127:
                t = b[j]; j += 1
                if t < 128: v19 += (t << 7) - 128
                else:
                    v19, j = varint(b, i - 1)
                    if v19 >> 63: v19 = signed(v19)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 160 and b[i - 1] == 1:
            i += 1
            v20 = b[i - 1]; j = i
            if v20 > 127:
                t = b[j]; j += 1
                if t < 128: v20 += (t << 7) - 128
                else:
                    v20, j = varint(b, i - 1)
                    if v20 >> 63: v20 = signed(v20)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 168 and b[i - 1] == 1:
            i += 1
            v21 = b[i - 1]; j = i
            if v21 > 127:
                t = b[j]; j += 1
                if t < 128: v21 += (t << 7) - 128
                else:
                    v21, j = varint(b, i - 1)
                    if v21 >> 63: v21 = signed(v21)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 176 and b[i - 1] == 1:
            i += 1
            v22 = b[i - 1]; j = i
            if v22 > 127:
                t = b[j]; j += 1
                if t < 128: v22 += (t << 7) - 128
                else:
                    v22, j = varint(b, i - 1)
                    if v22 >> 63: v22 = signed(v22)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 184 and b[i - 1] == 1:
            i += 1
            v23 = b[i - 1]; j = i
            if v23 > 127:
                t = b[j]; j += 1
                if t < 128: v23 += (t << 7) - 128
                else:
                    v23, j = varint(b, i - 1)
                    if v23 >> 63: v23 = signed(v23)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 192 and b[i - 1] == 1:
            i += 1
            v24 = b[i - 1]; j = i
            if v24 > 127:
                t = b[j]; j += 1
                if t < 128: v24 += (t << 7) - 128
                else:
                    v24, j = varint(b, i - 1)
                    if v24 >> 63: v24 = signed(v24)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 200 and b[i - 1] == 1:
            i += 1
            v25 = b[i - 1]; j = i
            if v25 > 127:
                t = b[j]; j += 1
                if t < 128: v25 += (t << 7) - 128
                else:
                    v25, j = varint(b, i - 1)
                    if v25 >> 63: v25 = signed(v25)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 208 and b[i - 1] == 1:
            i += 1
            v26 = b[i - 1]; j = i
            if v26 > 127:
                t = b[j]; j += 1
                if t < 128: v26 += (t << 7) - 128
                else:
                    v26, j = varint(b, i - 1)
                    if v26 >> 63: v26 = signed(v26)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 216 and b[i - 1] == 1:
            i += 1
            v27 = b[i - 1]; j = i
            if v27 > 127:
                t = b[j]; j += 1
                if t < 128: v27 += (t << 7) - 128
                else:
                    v27, j = varint(b, i - 1)
                    if v27 >> 63: v27 = signed(v27)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120,) or (t in (128, 136, 144, 152, 160, 168, 176, 184, 192, 200, 208, 216,) and b[i - 1] == 1) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return IcmpStatistics(InMsgs=v1, InErrors=v2, InCsumErrors=v3, InDestUnreachs=v4, InTimeExcds=v5, InParmProbs=v6, InSrcQuenchs=v7, InRedirects=v8, InEchos=v9, InEchoReps=v10, InTimestamps=v11, InTimestampReps=v12, InAddrMasks=v13, InAddrMaskReps=v14, OutMsgs=v15, OutErrors=v16, OutDestUnreachs=v17, OutTimeExcds=v18, OutParmProbs=v19, OutSrcQuenchs=v20, OutRedirects=v21, OutEchos=v22, OutEchoReps=v23, OutTimestamps=v24, OutTimestampReps=v25, OutAddrMasks=v26, OutAddrMaskReps=v27)


def e_TcpStatistics(m: TcpStatistics) -> str:
    o = ''
    v1 = m.RtoAlgorithm
    if v1 is not None:
        o += f'\x08{varint_text(v1) if v1 >> 14 else SHORT[v1]}'
    v2 = m.RtoMin
    if v2 is not None:
        o += f'\x10{varint_text(v2) if v2 >> 14 else SHORT[v2]}'
    v3 = m.RtoMax
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    v4 = m.MaxConn
    if v4 is not None:
        o += f'\x20{varint_text(v4) if v4 >> 14 else SHORT[v4]}'
    v5 = m.ActiveOpens
    if v5 is not None:
        o += f'\x28{varint_text(v5) if v5 >> 14 else SHORT[v5]}'
    v6 = m.PassiveOpens
    if v6 is not None:
        o += f'\x30{varint_text(v6) if v6 >> 14 else SHORT[v6]}'
    v7 = m.AttemptFails
    if v7 is not None:
        o += f'\x38{varint_text(v7) if v7 >> 14 else SHORT[v7]}'
    v8 = m.EstabResets
    if v8 is not None:
        o += f'\x40{varint_text(v8) if v8 >> 14 else SHORT[v8]}'
    v9 = m.CurrEstab
    if v9 is not None:
        o += f'\x48{varint_text(v9) if v9 >> 14 else SHORT[v9]}'
    v10 = m.InSegs
    if v10 is not None:
        o += f'\x50{varint_text(v10) if v10 >> 14 else SHORT[v10]}'
    v11 = m.OutSegs
    if v11 is not None:
        o += f'\x58{varint_text(v11) if v11 >> 14 else SHORT[v11]}'
    v12 = m.RetransSegs
    if v12 is not None:
        o += f'\x60{varint_text(v12) if v12 >> 14 else SHORT[v12]}'
    v13 = m.InErrs
    if v13 is not None:
        o += f'\x68{varint_text(v13) if v13 >> 14 else SHORT[v13]}'
    v14 = m.OutRsts
    if v14 is not None:
        o += f'\x70{varint_text(v14) if v14 >> 14 else SHORT[v14]}'
    v15 = m.InCsumErrors
    if v15 is not None:
        o += f'\x78{varint_text(v15) if v15 >> 14 else SHORT[v15]}'
    return o


def d_TcpStatistics(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: int | None = None, v3: int | None = None, v4: int | None = None, v5: int | None = None, v6: int | None = None, v7: int | None = None, v8: int | None = None, v9: int | None = None, v10: int | None = None, v11: int | None = None, v12: int | None = None, v13: int | None = None, v14: int | None = None, v15: int | None = None) -> TcpStatistics:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
                    if v1 >> 63: v1 = signed(v1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
                    if v2 >> 63: v2 = signed(v2)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            v3 = b[i - 1]; j = i
            if v3 > 127:
                t = b[j]; j += 1
                if t < 128: v3 += (t << 7) - 128
                else:
                    v3, j = varint(b, i - 1)
                    if v3 >> 63: v3 = signed(v3)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 32:
            v4 = b[i - 1]; j = i
            if v4 > 127:
                t = b[j]; j += 1
                if t < 128: v4 += (t << 7) - 128
                else:
                    v4, j = varint(b, i - 1)
                    if v4 >> 63: v4 = signed(v4)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 40:
            v5 = b[i - 1]; j = i
            if v5 > 127:
                t = b[j]; j += 1
                if t < 128: v5 += (t << 7) - 128
                else:
                    v5, j = varint(b, i - 1)
                    if v5 >> 63: v5 = signed(v5)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 48:
            v6 = b[i - 1]; j = i
            if v6 > 127:
                t = b[j]; j += 1
                if t < 128: v6 += (t << 7) - 128
                else:
                    v6, j = varint(b, i - 1)
                    if v6 >> 63: v6 = signed(v6)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 56:
            v7 = b[i - 1]; j = i
            if v7 > 127:
                t = b[j]; j += 1
                if t < 128: v7 += (t << 7) - 128
                else:
                    v7, j = varint(b, i - 1)
                    if v7 >> 63: v7 = signed(v7)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 64:
            v8 = b[i - 1]; j = i
            if v8 > 127:
                t = b[j]; j += 1
                if t < 128: v8 += (t << 7) - 128
                else:
                    v8, j = varint(b, i - 1)
                    if v8 >> 63: v8 = signed(v8)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 72:
            v9 = b[i - 1]; j = i
            if v9 > 127:
                t = b[j]; j += 1
                if t < 128: v9 += (t << 7) - 128
                else:
                    v9, j = varint(b, i - 1)
                    if v9 >> 63: v9 = signed(v9)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 80:
            v10 = b[i - 1]; j = i
            if v10 > 127:
                t = b[j]; j += 1
                if t < 128: v10 += (t << 7) - 128
                else:
                    v10, j = varint(b, i - 1)
                    if v10 >> 63: v10 = signed(v10)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 88:
            v11 = b[i - 1]; j = i
            if v11 > 127:
                t = b[j]; j += 1
                if t < 128: v11 += (t << 7) - 128
                else:
                    v11, j = varint(b, i - 1)
                    if v11 >> 63: v11 = signed(v11)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 96:
            v12 = b[i - 1]; j = i
            if v12 > 127:
                t = b[j]; j += 1
                if t < 128: v12 += (t << 7) - 128
                else:
                    v12, j = varint(b, i - 1)
                    if v12 >> 63: v12 = signed(v12)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 104:
            v13 = b[i - 1]; j = i
            if v13 > 127:
                t = b[j]; j += 1
                if t < 128: v13 += (t << 7) - 128
                else:
                    v13, j = varint(b, i - 1)
                    if v13 >> 63: v13 = signed(v13)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 112:
            v14 = b[i - 1]; j = i
            if v14 > 127:
                t = b[j]; j += 1
                if t < 128: v14 += (t << 7) - 128
                else:
                    v14, j = varint(b, i - 1)
                    if v14 >> 63: v14 = signed(v14)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 120:
            v15 = b[i - 1]; j = i
            if v15 > 127:
                t = b[j]; j += 1
                if t < 128: v15 += (t << 7) - 128
                else:
                    v15, j = varint(b, i - 1)
                    if v15 >> 63: v15 = signed(v15)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return TcpStatistics(RtoAlgorithm=v1, RtoMin=v2, RtoMax=v3, MaxConn=v4, ActiveOpens=v5, PassiveOpens=v6, AttemptFails=v7, EstabResets=v8, CurrEstab=v9, InSegs=v10, OutSegs=v11, RetransSegs=v12, InErrs=v13, OutRsts=v14, InCsumErrors=v15)


def e_UdpStatistics(m: UdpStatistics) -> str:
    o = ''
    v1 = m.InDatagrams
    if v1 is not None:
        o += f'\x08{varint_text(v1) if v1 >> 14 else SHORT[v1]}'
    v2 = m.NoPorts
    if v2 is not None:
        o += f'\x10{varint_text(v2) if v2 >> 14 else SHORT[v2]}'
    v3 = m.InErrors
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    v4 = m.OutDatagrams
    if v4 is not None:
        o += f'\x20{varint_text(v4) if v4 >> 14 else SHORT[v4]}'
    v5 = m.RcvbufErrors
    if v5 is not None:
        o += f'\x28{varint_text(v5) if v5 >> 14 else SHORT[v5]}'
    v6 = m.SndbufErrors
    if v6 is not None:
        o += f'\x30{varint_text(v6) if v6 >> 14 else SHORT[v6]}'
    v7 = m.InCsumErrors
    if v7 is not None:
        o += f'\x38{varint_text(v7) if v7 >> 14 else SHORT[v7]}'
    v8 = m.IgnoredMulti
    if v8 is not None:
        o += f'\x40{varint_text(v8) if v8 >> 14 else SHORT[v8]}'
    return o


def d_UdpStatistics(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: int | None = None, v3: int | None = None, v4: int | None = None, v5: int | None = None, v6: int | None = None, v7: int | None = None, v8: int | None = None) -> UdpStatistics:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            v1 = b[i - 1]; j = i
            if v1 > 127:
                t = b[j]; j += 1
                if t < 128: v1 += (t << 7) - 128
                else:
                    v1, j = varint(b, i - 1)
                    if v1 >> 63: v1 = signed(v1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
                    if v2 >> 63: v2 = signed(v2)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 24:
            v3 = b[i - 1]; j = i
            if v3 > 127:
                t = b[j]; j += 1
                if t < 128: v3 += (t << 7) - 128
                else:
                    v3, j = varint(b, i - 1)
                    if v3 >> 63: v3 = signed(v3)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 32:
            v4 = b[i - 1]; j = i
            if v4 > 127:
                t = b[j]; j += 1
                if t < 128: v4 += (t << 7) - 128
                else:
                    v4, j = varint(b, i - 1)
                    if v4 >> 63: v4 = signed(v4)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 40:
            v5 = b[i - 1]; j = i
            if v5 > 127:
                t = b[j]; j += 1
                if t < 128: v5 += (t << 7) - 128
                else:
                    v5, j = varint(b, i - 1)
                    if v5 >> 63: v5 = signed(v5)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 48:
            v6 = b[i - 1]; j = i
            if v6 > 127:
                t = b[j]; j += 1
                if t < 128: v6 += (t << 7) - 128
                else:
                    v6, j = varint(b, i - 1)
                    if v6 >> 63: v6 = signed(v6)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 56:
            v7 = b[i - 1]; j = i
            if v7 > 127:
                t = b[j]; j += 1
                if t < 128: v7 += (t << 7) - 128
                else:
                    v7, j = varint(b, i - 1)
                    if v7 >> 63: v7 = signed(v7)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 64:
            v8 = b[i - 1]; j = i
            if v8 > 127:
                t = b[j]; j += 1
                if t < 128: v8 += (t << 7) - 128
                else:
                    v8, j = varint(b, i - 1)
                    if v8 >> 63: v8 = signed(v8)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16, 24, 32, 40, 48, 56, 64,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return UdpStatistics(InDatagrams=v1, NoPorts=v2, InErrors=v3, OutDatagrams=v4, RcvbufErrors=v5, SndbufErrors=v6, InCsumErrors=v7, IgnoredMulti=v8)


def e_SNMPStatistics(m: SNMPStatistics) -> str:
    o = ''
    v1 = m.ip_stats
    if v1 is not None:
        s = e_IpStatistics(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.icmp_stats
    if v2 is not None:
        s = e_IcmpStatistics(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.tcp_stats
    if v3 is not None:
        s = e_TcpStatistics(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.udp_stats
    if v4 is not None:
        s = e_UdpStatistics(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_SNMPStatistics(b: bytes, e: int, j: int = 0, v1: IpStatistics | None = None, v2: IcmpStatistics | None = None, v3: TcpStatistics | None = None, v4: UdpStatistics | None = None) -> SNMPStatistics:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('ip_stats')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_IpStatistics(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('icmp_stats')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_IcmpStatistics(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('tcp_stats')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_TcpStatistics(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('udp_stats')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_UdpStatistics(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26, 34,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return SNMPStatistics(ip_stats=v1, icmp_stats=v2, tcp_stats=v3, udp_stats=v4)


def e_DiskStatistics(m: DiskStatistics) -> str:
    o = ''
    v1 = m.source
    if v1 is not None:
        s = e_Resource_DiskInfo_Source(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.persistence
    if v2 is not None:
        s = e_Resource_DiskInfo_Persistence(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.limit_bytes
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    v4 = m.used_bytes
    if v4 is not None:
        o += f'\x20{varint_text(v4) if v4 >> 14 else SHORT[v4]}'
    return o


def d_DiskStatistics(b: bytes, e: int, j: int = 0, v1: Resource_DiskInfo_Source | None = None, v2: Resource_DiskInfo_Persistence | None = None, v3: int | None = None, v4: int | None = None) -> DiskStatistics:
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
            v1 = d_Resource_DiskInfo_Source(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('persistence')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Resource_DiskInfo_Persistence(b[i:j], n)
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
        if t == 32:
            v4 = b[i - 1]; j = i
            if v4 > 127:
                t = b[j]; j += 1
                if t < 128: v4 += (t << 7) - 128
                else:
                    v4, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 24, 32,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return DiskStatistics(source=v1, persistence=v2, limit_bytes=v3, used_bytes=v4)


def e_ResourceStatistics(m: ResourceStatistics) -> str:
    o = f'\x09{packed(m.timestamp).decode("latin-1")}'
    v2 = m.cpus_user_time_secs
    if v2 is not None:
        o += f'\x11{packed(v2).decode("latin-1")}'
    v3 = m.cpus_system_time_secs
    if v3 is not None:
        o += f'\x19{packed(v3).decode("latin-1")}'
    v4 = m.cpus_limit
    if v4 is not None:
        o += f'\x21{packed(v4).decode("latin-1")}'
    v5 = m.mem_rss_bytes
    if v5 is not None:
        o += f'\x28{varint_text(v5) if v5 >> 14 else SHORT[v5]}'
    v6 = m.mem_limit_bytes
    if v6 is not None:
        o += f'\x30{varint_text(v6) if v6 >> 14 else SHORT[v6]}'
    v7 = m.cpus_nr_periods
    if v7 is not None:
        o += f'\x38{uint32_text(v7) if v7 >> 14 else SHORT[v7]}'
    v8 = m.cpus_nr_throttled
    if v8 is not None:
        o += f'\x40{uint32_text(v8) if v8 >> 14 else SHORT[v8]}'
    v9 = m.cpus_throttled_time_secs
    if v9 is not None:
        o += f'\x49{packed(v9).decode("latin-1")}'
    v10 = m.mem_file_bytes
    if v10 is not None:
        o += f'\x50{varint_text(v10) if v10 >> 14 else SHORT[v10]}'
    v11 = m.mem_anon_bytes
    if v11 is not None:
        o += f'\x58{varint_text(v11) if v11 >> 14 else SHORT[v11]}'
    v12 = m.mem_mapped_file_bytes
    if v12 is not None:
        o += f'\x60{varint_text(v12) if v12 >> 14 else SHORT[v12]}'
    v13 = m.perf
    if v13 is not None:
        s = e_PerfStatistics(v13); n = len(s)
        o += f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v14 = m.net_rx_packets
    if v14 is not None:
        o += f'\x70{varint_text(v14) if v14 >> 14 else SHORT[v14]}'
    v15 = m.net_rx_bytes
    if v15 is not None:
        o += f'\x78{varint_text(v15) if v15 >> 14 else SHORT[v15]}'
    v16 = m.net_rx_errors
    if v16 is not None:
        o += f'\x80\x01{varint_text(v16) if v16 >> 14 else SHORT[v16]}'
    v17 = m.net_rx_dropped
    if v17 is not None:
        o += f'\x88\x01{varint_text(v17) if v17 >> 14 else SHORT[v17]}'
    v18 = m.net_tx_packets
    if v18 is not None:
        o += f'\x90\x01{varint_text(v18) if v18 >> 14 else SHORT[v18]}'
    v19 = m.net_tx_bytes
    if v19 is not None:
        o += f'\x98\x01{varint_text(v19) if v19 >> 14 else SHORT[v19]}'
    v20 = m.net_tx_errors
    if v20 is not None:
        o += f'\xa0\x01{varint_text(v20) if v20 >> 14 else SHORT[v20]}'
    v21 = m.net_tx_dropped
    if v21 is not None:
        o += f'\xa8\x01{varint_text(v21) if v21 >> 14 else SHORT[v21]}'
    v22 = m.net_tcp_rtt_microsecs_p50
    if v22 is not None:
        o += f'\xb1\x01{packed(v22).decode("latin-1")}'
    v23 = m.net_tcp_rtt_microsecs_p90
    if v23 is not None:
        o += f'\xb9\x01{packed(v23).decode("latin-1")}'
    v24 = m.net_tcp_rtt_microsecs_p95
    if v24 is not None:
        o += f'\xc1\x01{packed(v24).decode("latin-1")}'
    v25 = m.net_tcp_rtt_microsecs_p99
    if v25 is not None:
        o += f'\xc9\x01{packed(v25).decode("latin-1")}'
    v26 = m.disk_limit_bytes
    if v26 is not None:
        o += f'\xd0\x01{varint_text(v26) if v26 >> 14 else SHORT[v26]}'
    v27 = m.disk_used_bytes
    if v27 is not None:
        o += f'\xd8\x01{varint_text(v27) if v27 >> 14 else SHORT[v27]}'
    v28 = m.net_tcp_active_connections
    if v28 is not None:
        o += f'\xe1\x01{packed(v28).decode("latin-1")}'
    v29 = m.net_tcp_time_wait_connections
    if v29 is not None:
        o += f'\xe9\x01{packed(v29).decode("latin-1")}'
    v30 = m.processes
    if v30 is not None:
        o += f'\xf0\x01{uint32_text(v30) if v30 >> 14 else SHORT[v30]}'
    v31 = m.threads
    if v31 is not None:
        o += f'\xf8\x01{uint32_text(v31) if v31 >> 14 else SHORT[v31]}'
    v32 = m.mem_low_pressure_counter
    if v32 is not None:
        o += f'\x80\x02{varint_text(v32) if v32 >> 14 else SHORT[v32]}'
    v33 = m.mem_medium_pressure_counter
    if v33 is not None:
        o += f'\x88\x02{varint_text(v33) if v33 >> 14 else SHORT[v33]}'
    v34 = m.mem_critical_pressure_counter
    if v34 is not None:
        o += f'\x90\x02{varint_text(v34) if v34 >> 14 else SHORT[v34]}'
    if m.net_traffic_control_statistics:
        p = [o]
        for v35 in m.net_traffic_control_statistics:
            s = e_TrafficControlStatistics(v35); n = len(s)
            p.append(f'\x9a\x02{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v36 = m.mem_total_bytes
    if v36 is not None:
        o += f'\xa0\x02{varint_text(v36) if v36 >> 14 else SHORT[v36]}'
    v37 = m.mem_total_memsw_bytes
    if v37 is not None:
        o += f'\xa8\x02{varint_text(v37) if v37 >> 14 else SHORT[v37]}'
    v38 = m.mem_soft_limit_bytes
    if v38 is not None:
        o += f'\xb0\x02{varint_text(v38) if v38 >> 14 else SHORT[v38]}'
    v39 = m.mem_cache_bytes
    if v39 is not None:
        o += f'\xb8\x02{varint_text(v39) if v39 >> 14 else SHORT[v39]}'
    v40 = m.mem_swap_bytes
    if v40 is not None:
        o += f'\xc0\x02{varint_text(v40) if v40 >> 14 else SHORT[v40]}'
    v41 = m.mem_unevictable_bytes
    if v41 is not None:
        o += f'\xc8\x02{varint_text(v41) if v41 >> 14 else SHORT[v41]}'
    v42 = m.net_snmp_statistics
    if v42 is not None:
        s = e_SNMPStatistics(v42); n = len(s)
        o += f'\xd2\x02{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.disk_statistics:
        p = [o]
        for v43 in m.disk_statistics:
            q = ''
            w1 = v43.source
            if w1 is not None:
                s = e_Resource_DiskInfo_Source(w1); n = len(s)
                q += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            w2 = v43.persistence
            if w2 is not None:
                s = e_Resource_DiskInfo_Persistence(w2); n = len(s)
                q += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            w3 = v43.limit_bytes
            if w3 is not None:
                q += f'\x18{varint_text(w3) if w3 >> 14 else SHORT[w3]}'
            w4 = v43.used_bytes
            if w4 is not None:
                q += f'\x20{varint_text(w4) if w4 >> 14 else SHORT[w4]}'
            n = len(q)
            p.append(f'\xda\x02{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    v44 = m.blkio_statistics
    if v44 is not None:
        s = e_CgroupInfo_Blkio_Statistics(v44); n = len(s)
        o += f'\xe2\x02{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v45 = m.cpus_soft_limit
    if v45 is not None:
        o += f'\xe9\x02{packed(v45).decode("latin-1")}'
    return o


def d_ResourceStatistics(b: bytes, e: int, j: int = 0, v1: float | None = None, v2: float | None = None, v3: float | None = None, v4: float | None = None, v5: int | None = None, v6: int | None = None, v7: int | None = None, v8: int | None = None, v9: float | None = None, v10: int | None = None, v11: int | None = None, v12: int | None = None, v13: PerfStatistics | None = None, v14: int | None = None, v15: int | None = None, v16: int | None = None, v17: int | None = None, v18: int | None = None, v19: int | None = None, v20: int | None = None, v21: int | None = None, v22: float | None = None, v23: float | None = None, v24: float | None = None, v25: float | None = None, v26: int | None = None, v27: int | None = None, v28: float | None = None, v29: float | None = None, v30: int | None = None, v31: int | None = None, v32: int | None = None, v33: int | None = None, v34: int | None = None, v36: int | None = None, v37: int | None = None, v38: int | None = None, v39: int | None = None, v40: int | None = None, v41: int | None = None, v42: SNMPStatistics | None = None, v44: CgroupInfo_Blkio_Statistics | None = None, v45: float | None = None) -> ResourceStatistics:
    v35: list[TrafficControlStatistics] = []
    v43: list[DiskStatistics] = []
    while j < e:
        t = b[j]; i = j + 2
        if t == 9:
            v1 = double(b, i - 1)[0]; j = i + 7
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
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 48:
            v6 = b[i - 1]; j = i
            if v6 > 127:
                t = b[j]; j += 1
                if t < 128: v6 += (t << 7) - 128
                else:
                    v6, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 56:
            v7 = b[i - 1]; j = i
            if v7 > 127:
                t = b[j]; j += 1
                if t < 128: v7 += (t << 7) - 128
                else:
                    v7, j = varint(b, i - 1)
                    if v7 >> 32: v7 = uint32(v7)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 64:
            v8 = b[i - 1]; j = i
            if v8 > 127:
                t = b[j]; j += 1
                if t < 128: v8 += (t << 7) - 128
                else:
                    v8, j = varint(b, i - 1)
                    if v8 >> 32: v8 = uint32(v8)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 73:
            v9 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 80:
            v10 = b[i - 1]; j = i
            if v10 > 127:
                t = b[j]; j += 1
                if t < 128: v10 += (t << 7) - 128
                else:
                    v10, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 88:
            v11 = b[i - 1]; j = i
            if v11 > 127:
                t = b[j]; j += 1
                if t < 128: v11 += (t << 7) - 128
                else:
                    v11, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 96:
            v12 = b[i - 1]; j = i
            if v12 > 127:
                t = b[j]; j += 1
                if t < 128: v12 += (t << 7) - 128
                else:
                    v12, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 106:
            if v13 is not None: raise Again('perf')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v13 = d_PerfStatistics(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 112:
            v14 = b[i - 1]; j = i
            if v14 > 127:
                t = b[j]; j += 1
                if t < 128: v14 += (t << 7) - 128
                else:
                    v14, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 120:
            v15 = b[i - 1]; j = i
            if v15 > 127:
                t = b[j]; j += 1
                if t < 128: v15 += (t << 7) - 128
                else:
                    v15, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 128 and b[i - 1] == 1:
            i += 1
            v16 = b[i - 1]; j = i
            if v16 > 127:
                t = b[j]; j += 1
                if t < 128: v16 += (t << 7) - 128
                else:
                    v16, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 136 and b[i - 1] == 1:
            i += 1
            v17 = b[i - 1]; j = i
            if v17 > 127:
                t = b[j]; j += 1
                if t < 128: v17 += (t << 7) - 128
                else:
                    v17, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 144 and b[i - 1] == 1:
            i += 1
            v18 = b[i - 1]; j = i
            if v18 > 127:
                t = b[j]; j += 1
                if t < 128: v18 += (t << 7) - 128
                else:
                    v18, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 152 and b[i - 1] == 1:
            i += 1
            v19 = b[i - 1]; j = i
            if v19 > 127:
                t = b[j]; j += 1
                if t < 128: v19 += (t << 7) - 128
                else:
                    v19, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 160 and b[i - 1] == 1:
            i += 1
            v20 = b[i - 1]; j = i
            if v20 > 127:
                t = b[j]; j += 1
                if t < 128: v20 += (t << 7) - 128
                else:
                    v20, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 168 and b[i - 1] == 1:
            i += 1
            v21 = b[i - 1]; j = i
            if v21 > 127:
                t = b[j]; j += 1
                if t < 128: v21 += (t << 7) - 128
                else:
                    v21, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 177 and b[i - 1] == 1:
            i += 1
            v22 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 185 and b[i - 1] == 1:
            i += 1
            v23 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 193 and b[i - 1] == 1:
            i += 1
            v24 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 201 and b[i - 1] == 1:
            i += 1
            v25 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 208 and b[i - 1] == 1:
            i += 1
            v26 = b[i - 1]; j = i
            if v26 > 127:
                t = b[j]; j += 1
                if t < 128: v26 += (t << 7) - 128
                else:
                    v26, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 216 and b[i - 1] == 1:
            i += 1
            v27 = b[i - 1]; j = i
            if v27 > 127:
                t = b[j]; j += 1
                if t < 128: v27 += (t << 7) - 128
                else:
                    v27, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 225 and b[i - 1] == 1:
            i += 1
            v28 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 233 and b[i - 1] == 1:
            i += 1
            v29 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 240 and b[i - 1] == 1:
            i += 1
            v30 = b[i - 1]; j = i
            if v30 > 127:
                t = b[j]; j += 1
                if t < 128: v30 += (t << 7) - 128
                else:
                    v30, j = varint(b, i - 1)
                    if v30 >> 32: v30 = uint32(v30)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 248 and b[i - 1] == 1:
            i += 1
            v31 = b[i - 1]; j = i
            if v31 > 127:
                t = b[j]; j += 1
                if t < 128: v31 += (t << 7) - 128
                else:
                    v31, j = varint(b, i - 1)
                    if v31 >> 32: v31 = uint32(v31)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 128 and b[i - 1] == 2:
            i += 1
            v32 = b[i - 1]; j = i
            if v32 > 127:
                t = b[j]; j += 1
                if t < 128: v32 += (t << 7) - 128
                else:
                    v32, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 136 and b[i - 1] == 2:
            i += 1
            v33 = b[i - 1]; j = i
            if v33 > 127:
                t = b[j]; j += 1
                if t < 128: v33 += (t << 7) - 128
                else:
                    v33, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 144 and b[i - 1] == 2:
            i += 1
            v34 = b[i - 1]; j = i
            if v34 > 127:
                t = b[j]; j += 1
                if t < 128: v34 += (t << 7) - 128
                else:
                    v34, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        while t == 154 and b[i - 1] == 2:
            i += 1
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v35.append(d_TrafficControlStatistics(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 160 and b[i - 1] == 2:
                i += 1
                v36 = b[i - 1]; j = i
                if v36 > 127:
                    t = b[j]; j += 1
                    if t < 128: v36 += (t << 7) - 128
                    else:
                        v36, j = varint(b, i - 1)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 168 and b[i - 1] == 2:
                i += 1
                v37 = b[i - 1]; j = i
                if v37 > 127:
                    t = b[j]; j += 1
                    if t < 128: v37 += (t << 7) - 128
                    else:
                        v37, j = varint(b, i - 1)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 176 and b[i - 1] == 2:
                i += 1
                v38 = b[i - 1]; j = i
                if v38 > 127:
                    t = b[j]; j += 1
                    if t < 128: v38 += (t << 7) - 128
                    else:
                        v38, j = varint(b, i - 1)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 184 and b[i - 1] == 2:
                i += 1
                v39 = b[i - 1]; j = i
                if v39 > 127:
                    t = b[j]; j += 1
                    if t < 128: v39 += (t << 7) - 128
                    else:
                        v39, j = varint(b, i - 1)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 192 and b[i - 1] == 2:
                i += 1
                v40 = b[i - 1]; j = i
                if v40 > 127:
                    t = b[j]; j += 1
                    if t < 128: v40 += (t << 7) - 128
                    else:
                        v40, j = varint(b, i - 1)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 200 and b[i - 1] == 2:
                i += 1
                v41 = b[i - 1]; j = i
                if v41 > 127:
                    t = b[j]; j += 1
                    if t < 128: v41 += (t << 7) - 128
                    else:
                        v41, j = varint(b, i - 1)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 210 and b[i - 1] == 2:
                i += 1
                if v42 is not None: raise Again('net_snmp_statistics')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v42 = d_SNMPStatistics(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            while t == 218 and b[i - 1] == 2:
                i += 1
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v43.append(d_DiskStatistics(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                if t == 226 and b[i - 1] == 2:
                    i += 1
                    if v44 is not None: raise Again('blkio_statistics')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v44 = d_CgroupInfo_Blkio_Statistics(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                if t == 233 and b[i - 1] == 2:
                    i += 1
                    v45 = double(b, i - 1)[0]; j = i + 7
                    if j >= e: break
                    t = b[j]; i = j + 2
                j = i - 2 if t in (9, 17, 25, 33, 40, 48, 56, 64, 73, 80, 88, 96, 106, 112, 120,) or (t in (128, 136, 144, 152, 160, 168, 177, 185, 193, 201, 208, 216, 225, 233, 240, 248,) and b[i - 1] == 1) or (t in (128, 136, 144, 154, 160, 168, 176, 184, 192, 200, 210, 218, 226, 233,) and b[i - 1] == 2) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('ResourceStatistics')
    return ResourceStatistics(timestamp=v1, processes=v30, threads=v31, cpus_user_time_secs=v2, cpus_system_time_secs=v3, cpus_limit=v4, cpus_soft_limit=v45, cpus_nr_periods=v7, cpus_nr_throttled=v8, cpus_throttled_time_secs=v9, mem_total_bytes=v36, mem_total_memsw_bytes=v37, mem_limit_bytes=v6, mem_soft_limit_bytes=v38, mem_file_bytes=v10, mem_anon_bytes=v11, mem_cache_bytes=v39, mem_rss_bytes=v5, mem_mapped_file_bytes=v12, mem_swap_bytes=v40, mem_unevictable_bytes=v41, mem_low_pressure_counter=v32, mem_medium_pressure_counter=v33, mem_critical_pressure_counter=v34, disk_limit_bytes=v26, disk_used_bytes=v27, disk_statistics=v43, blkio_statistics=v44, perf=v13, net_rx_packets=v14, net_rx_bytes=v15, net_rx_errors=v16, net_rx_dropped=v17, net_tx_packets=v18, net_tx_bytes=v19, net_tx_errors=v20, net_tx_dropped=v21, net_tcp_rtt_microsecs_p50=v22, net_tcp_rtt_microsecs_p90=v23, net_tcp_rtt_microsecs_p95=v24, net_tcp_rtt_microsecs_p99=v25, net_tcp_active_connections=v28, net_tcp_time_wait_connections=v29, net_traffic_control_statistics=v35, net_snmp_statistics=v42)


def e_ResourceUsage_Executor_Task(m: ResourceUsage_Executor_Task) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    s = m.id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_TaskID(m.id); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.resources:
        p = [o]
        for v3 in m.resources:
            s = e_Resource(v3); n = len(s)
            p.append(f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v4 = m.labels
    if v4 is not None:
        s = e_Labels(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_ResourceUsage_Executor_Task(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: TaskID | None = None, v4: Labels | None = None) -> ResourceUsage_Executor_Task:
    v3: list[Resource] = []
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
            if v2 is not None: raise Again('id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = TaskID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_TaskID(b[i:j], n)
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
                if v4 is not None: raise Again('labels')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v4 = d_Labels(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            j = i - 2 if t in (10, 18, 26, 34,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('ResourceUsage.Executor.Task')
    return ResourceUsage_Executor_Task(name=v1, id=v2, resources=v3, labels=v4)


def e_ResourceUsage_Executor(m: ResourceUsage_Executor) -> str:
    s = e_ExecutorInfo(m.executor_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.allocated:
        p = [o]
        for v2 in m.allocated:
            s = e_Resource(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v3 = m.statistics
    if v3 is not None:
        s = e_ResourceStatistics(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_ContainerID(m.container_id); n = len(s)
    o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.tasks:
        p = [o]
        for v5 in m.tasks:
            s = e_ResourceUsage_Executor_Task(v5); n = len(s)
            p.append(f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_ResourceUsage_Executor(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: ExecutorInfo | None = None, v3: ResourceStatistics | None = None, v4: ContainerID | None = None) -> ResourceUsage_Executor:
    v2: list[Resource] = []
    v5: list[ResourceUsage_Executor_Task] = []
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
            if t == 26:
                if v3 is not None: raise Again('statistics')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v3 = d_ResourceStatistics(b[i:j], n)
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
            while t == 42:
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v5.append(d_ResourceUsage_Executor_Task(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 18, 26, 34, 42,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v4 is None: raise Absent('ResourceUsage.Executor')
    return ResourceUsage_Executor(executor_info=v1, allocated=v2, statistics=v3, container_id=v4, tasks=v5)


def e_ResourceUsage(m: ResourceUsage) -> str:
    o = ''
    if m.executors:
        p = [o]
        for v1 in m.executors:
            s = e_ResourceUsage_Executor(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.total:
        p = [o]
        for v2 in m.total:
            s = e_Resource(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_ResourceUsage(b: bytes, e: int, k: int = DEPTH, j: int = 0) -> ResourceUsage:
    v1: list[ResourceUsage_Executor] = []
    v2: list[Resource] = []
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
            v1.append(d_ResourceUsage_Executor(b[i:j], n, k - 1))
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
    return ResourceUsage(executors=v1, total=v2)


def e_PerfStatistics(m: PerfStatistics) -> str:
    o = f'\x09{packed(m.timestamp).decode("latin-1")}\x11{packed(m.duration).decode("latin-1")}'
    v3 = m.cycles
    if v3 is not None:
        o += f'\x18{varint_text(v3) if v3 >> 14 else SHORT[v3]}'
    v4 = m.stalled_cycles_frontend
    if v4 is not None:
        o += f'\x20{varint_text(v4) if v4 >> 14 else SHORT[v4]}'
    v5 = m.stalled_cycles_backend
    if v5 is not None:
        o += f'\x28{varint_text(v5) if v5 >> 14 else SHORT[v5]}'
    v6 = m.instructions
    if v6 is not None:
        o += f'\x30{varint_text(v6) if v6 >> 14 else SHORT[v6]}'
    v7 = m.cache_references
    if v7 is not None:
        o += f'\x38{varint_text(v7) if v7 >> 14 else SHORT[v7]}'
    v8 = m.cache_misses
    if v8 is not None:
        o += f'\x40{varint_text(v8) if v8 >> 14 else SHORT[v8]}'
    v9 = m.branches
    if v9 is not None:
        o += f'\x48{varint_text(v9) if v9 >> 14 else SHORT[v9]}'
    v10 = m.branch_misses
    if v10 is not None:
        o += f'\x50{varint_text(v10) if v10 >> 14 else SHORT[v10]}'
    v11 = m.bus_cycles
    if v11 is not None:
        o += f'\x58{varint_text(v11) if v11 >> 14 else SHORT[v11]}'
    v12 = m.ref_cycles
    if v12 is not None:
        o += f'\x60{varint_text(v12) if v12 >> 14 else SHORT[v12]}'
    v13 = m.cpu_clock
    if v13 is not None:
        o += f'\x69{packed(v13).decode("latin-1")}'
    v14 = m.task_clock
    if v14 is not None:
        o += f'\x71{packed(v14).decode("latin-1")}'
    v15 = m.page_faults
    if v15 is not None:
        o += f'\x78{varint_text(v15) if v15 >> 14 else SHORT[v15]}'
    v16 = m.minor_faults
    if v16 is not None:
        o += f'\x80\x01{varint_text(v16) if v16 >> 14 else SHORT[v16]}'
    v17 = m.major_faults
    if v17 is not None:
        o += f'\x88\x01{varint_text(v17) if v17 >> 14 else SHORT[v17]}'
    v18 = m.context_switches
    if v18 is not None:
        o += f'\x90\x01{varint_text(v18) if v18 >> 14 else SHORT[v18]}'
    v19 = m.cpu_migrations
    if v19 is not None:
        o += f'\x98\x01{varint_text(v19) if v19 >> 14 else SHORT[v19]}'
    v20 = m.alignment_faults
    if v20 is not None:
        o += f'\xa0\x01{varint_text(v20) if v20 >> 14 else SHORT[v20]}'
    v21 = m.emulation_faults
    if v21 is not None:
        o += f'\xa8\x01{varint_text(v21) if v21 >> 14 else SHORT[v21]}'
    v22 = m.l1_dcache_loads
    if v22 is not None:
        o += f'\xb0\x01{varint_text(v22) if v22 >> 14 else SHORT[v22]}'
    v23 = m.l1_dcache_load_misses
    if v23 is not None:
        o += f'\xb8\x01{varint_text(v23) if v23 >> 14 else SHORT[v23]}'
    v24 = m.l1_dcache_stores
    if v24 is not None:
        o += f'\xc0\x01{varint_text(v24) if v24 >> 14 else SHORT[v24]}'
    v25 = m.l1_dcache_store_misses
    if v25 is not None:
        o += f'\xc8\x01{varint_text(v25) if v25 >> 14 else SHORT[v25]}'
    v26 = m.l1_dcache_prefetches
    if v26 is not None:
        o += f'\xd0\x01{varint_text(v26) if v26 >> 14 else SHORT[v26]}'
    v27 = m.l1_dcache_prefetch_misses
    if v27 is not None:
        o += f'\xd8\x01{varint_text(v27) if v27 >> 14 else SHORT[v27]}'
    v28 = m.l1_icache_loads
    if v28 is not None:
        o += f'\xe0\x01{varint_text(v28) if v28 >> 14 else SHORT[v28]}'
    v29 = m.l1_icache_load_misses
    if v29 is not None:
        o += f'\xe8\x01{varint_text(v29) if v29 >> 14 else SHORT[v29]}'
    v30 = m.l1_icache_prefetches
    if v30 is not None:
        o += f'\xf0\x01{varint_text(v30) if v30 >> 14 else SHORT[v30]}'
    v31 = m.l1_icache_prefetch_misses
    if v31 is not None:
        o += f'\xf8\x01{varint_text(v31) if v31 >> 14 else SHORT[v31]}'
    v32 = m.llc_loads
    if v32 is not None:
        o += f'\x80\x02{varint_text(v32) if v32 >> 14 else SHORT[v32]}'
    v33 = m.llc_load_misses
    if v33 is not None:
        o += f'\x88\x02{varint_text(v33) if v33 >> 14 else SHORT[v33]}'
    v34 = m.llc_stores
    if v34 is not None:
        o += f'\x90\x02{varint_text(v34) if v34 >> 14 else SHORT[v34]}'
    v35 = m.llc_store_misses
    if v35 is not None:
        o += f'\x98\x02{varint_text(v35) if v35 >> 14 else SHORT[v35]}'
    v36 = m.llc_prefetches
    if v36 is not None:
        o += f'\xa0\x02{varint_text(v36) if v36 >> 14 else SHORT[v36]}'
    v37 = m.llc_prefetch_misses
    if v37 is not None:
        o += f'\xa8\x02{varint_text(v37) if v37 >> 14 else SHORT[v37]}'
    v38 = m.dtlb_loads
    if v38 is not None:
        o += f'\xb0\x02{varint_text(v38) if v38 >> 14 else SHORT[v38]}'
    v39 = m.dtlb_load_misses
    if v39 is not None:
        o += f'\xb8\x02{varint_text(v39) if v39 >> 14 else SHORT[v39]}'
    v40 = m.dtlb_stores
    if v40 is not None:
        o += f'\xc0\x02{varint_text(v40) if v40 >> 14 else SHORT[v40]}'
    v41 = m.dtlb_store_misses
    if v41 is not None:
        o += f'\xc8\x02{varint_text(v41) if v41 >> 14 else SHORT[v41]}'
    v42 = m.dtlb_prefetches
    if v42 is not None:
        o += f'\xd0\x02{varint_text(v42) if v42 >> 14 else SHORT[v42]}'
    v43 = m.dtlb_prefetch_misses
    if v43 is not None:
        o += f'\xd8\x02{varint_text(v43) if v43 >> 14 else SHORT[v43]}'
    v44 = m.itlb_loads
    if v44 is not None:
        o += f'\xe0\x02{varint_text(v44) if v44 >> 14 else SHORT[v44]}'
    v45 = m.itlb_load_misses
    if v45 is not None:
        o += f'\xe8\x02{varint_text(v45) if v45 >> 14 else SHORT[v45]}'
    v46 = m.branch_loads
    if v46 is not None:
        o += f'\xf0\x02{varint_text(v46) if v46 >> 14 else SHORT[v46]}'
    v47 = m.branch_load_misses
    if v47 is not None:
        o += f'\xf8\x02{varint_text(v47) if v47 >> 14 else SHORT[v47]}'
    v48 = m.node_loads
    if v48 is not None:
        o += f'\x80\x03{varint_text(v48) if v48 >> 14 else SHORT[v48]}'
    v49 = m.node_load_misses
    if v49 is not None:
        o += f'\x88\x03{varint_text(v49) if v49 >> 14 else SHORT[v49]}'
    v50 = m.node_stores
    if v50 is not None:
        o += f'\x90\x03{varint_text(v50) if v50 >> 14 else SHORT[v50]}'
    v51 = m.node_store_misses
    if v51 is not None:
        o += f'\x98\x03{varint_text(v51) if v51 >> 14 else SHORT[v51]}'
    v52 = m.node_prefetches
    if v52 is not None:
        o += f'\xa0\x03{varint_text(v52) if v52 >> 14 else SHORT[v52]}'
    v53 = m.node_prefetch_misses
    if v53 is not None:
        o += f'\xa8\x03{varint_text(v53) if v53 >> 14 else SHORT[v53]}'
    return o


def d_PerfStatistics(b: bytes, e: int, j: int = 0, v1: float | None = None, v2: float | None = None, v3: int | None = None, v4: int | None = None, v5: int | None = None, v6: int | None = None, v7: int | None = None, v8: int | None = None, v9: int | None = None, v10: int | None = None, v11: int | None = None, v12: int | None = None, v13: float | None = None, v14: float | None = None, v15: int | None = None, v16: int | None = None, v17: int | None = None, v18: int | None = None, v19: int | None = None, v20: int | None = None, v21: int | None = None, v22: int | None = None, v23: int | None = None, v24: int | None = None, v25: int | None = None, v26: int | None = None, v27: int | None = None, v28: int | None = None, v29: int | None = None, v30: int | None = None, v31: int | None = None, v32: int | None = None, v33: int | None = None, v34: int | None = None, v35: int | None = None, v36: int | None = None, v37: int | None = None, v38: int | None = None, v39: int | None = None, v40: int | None = None, v41: int | None = None, v42: int | None = None, v43: int | None = None, v44: int | None = None, v45: int | None = None, v46: int | None = None, v47: int | None = None, v48: int | None = None, v49: int | None = None, v50: int | None = None, v51: int | None = None, v52: int | None = None, v53: int | None = None) -> PerfStatistics:
    while j < e:
        t = b[j]; i = j + 2
        if t == 9:
            v1 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
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
        if t == 32:
            v4 = b[i - 1]; j = i
            if v4 > 127:
                t = b[j]; j += 1
                if t < 128: v4 += (t << 7) - 128
                else:
                    v4, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 40:
            v5 = b[i - 1]; j = i
            if v5 > 127:
                t = b[j]; j += 1
                if t < 128: v5 += (t << 7) - 128
                else:
                    v5, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 48:
            v6 = b[i - 1]; j = i
            if v6 > 127:
                t = b[j]; j += 1
                if t < 128: v6 += (t << 7) - 128
                else:
                    v6, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 56:
            v7 = b[i - 1]; j = i
            if v7 > 127:
                t = b[j]; j += 1
                if t < 128: v7 += (t << 7) - 128
                else:
                    v7, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 64:
            v8 = b[i - 1]; j = i
            if v8 > 127:
                t = b[j]; j += 1
                if t < 128: v8 += (t << 7) - 128
                else:
                    v8, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 72:
            v9 = b[i - 1]; j = i
            if v9 > 127:
                t = b[j]; j += 1
                if t < 128: v9 += (t << 7) - 128
                else:
                    v9, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 80:
            v10 = b[i - 1]; j = i
            if v10 > 127:
                t = b[j]; j += 1
                if t < 128: v10 += (t << 7) - 128
                else:
                    v10, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 88:
            v11 = b[i - 1]; j = i
            if v11 > 127:
                t = b[j]; j += 1
                if t < 128: v11 += (t << 7) - 128
                else:
                    v11, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 96:
            v12 = b[i - 1]; j = i
            if v12 > 127:
                t = b[j]; j += 1
                if t < 128: v12 += (t << 7) - 128
                else:
                    v12, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 105:
            v13 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 113:
            v14 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 120:
            v15 = b[i - 1]; j = i
            if v15 > 127:
                t = b[j]; j += 1
                if t < 128: v15 += (t << 7) - 128
                else:
                    v15, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 128 and b[i - 1] == 1:
            i += 1
            v16 = b[i - 1]; j = i
            if v16 > 127:
                t = b[j]; j += 1
                if t < 128: v16 += (t << 7) - 128
                else:
                    v16, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 136 and b[i - 1] == 1:
            i += 1
            v17 = b[i - 1]; j = i
            if v17 > 127:
                t = b[j]; j += 1
                if t < 128: v17 += (t << 7) - 128
                else:
                    v17, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 144 and b[i - 1] == 1:
            i += 1
            v18 = b[i - 1]; j = i
            if v18 > 127:
                t = b[j]; j += 1
                if t < 128: v18 += (t << 7) - 128
                else:
                    v18, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 152 and b[i - 1] == 1:
            i += 1
            v19 = b[i - 1]; j = i
            if v19 > 127:
                t = b[j]; j += 1
                if t < 128: v19 += (t << 7) - 128
                else:
                    v19, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 160 and b[i - 1] == 1:
            i += 1
            v20 = b[i - 1]; j = i
            if v20 > 127:
                t = b[j]; j += 1
                if t < 128: v20 += (t << 7) - 128
                else:
                    v20, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 168 and b[i - 1] == 1:
            i += 1
            v21 = b[i - 1]; j = i
            if v21 > 127:
                t = b[j]; j += 1
                if t < 128: v21 += (t << 7) - 128
                else:
                    v21, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 176 and b[i - 1] == 1:
            i += 1
            v22 = b[i - 1]; j = i
            if v22 > 127:
                t = b[j]; j += 1
                if t < 128: v22 += (t << 7) - 128
                else:
                    v22, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 184 and b[i - 1] == 1:
            i += 1
            v23 = b[i - 1]; j = i
            if v23 > 127:
                t = b[j]; j += 1
                if t < 128: v23 += (t << 7) - 128
                else:
                    v23, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 192 and b[i - 1] == 1:
            i += 1
            v24 = b[i - 1]; j = i
            if v24 > 127:
                t = b[j]; j += 1
                if t < 128: v24 += (t << 7) - 128
                else:
                    v24, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 200 and b[i - 1] == 1:
            i += 1
            v25 = b[i - 1]; j = i
            if v25 > 127:
                t = b[j]; j += 1
                if t < 128: v25 += (t << 7) - 128
                else:
                    v25, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 208 and b[i - 1] == 1:
            i += 1
            v26 = b[i - 1]; j = i
            if v26 > 127:
                t = b[j]; j += 1
                if t < 128: v26 += (t << 7) - 128
                else:
                    v26, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 216 and b[i - 1] == 1:
            i += 1
            v27 = b[i - 1]; j = i
            if v27 > 127:
                t = b[j]; j += 1
                if t < 128: v27 += (t << 7) - 128
                else:
                    v27, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 224 and b[i - 1] == 1:
            i += 1
            v28 = b[i - 1]; j = i
            if v28 > 127:
                t = b[j]; j += 1
                if t < 128: v28 += (t << 7) - 128
                else:
                    v28, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 232 and b[i - 1] == 1:
            i += 1
            v29 = b[i - 1]; j = i
            if v29 > 127:
                t = b[j]; j += 1
                if t < 128: v29 += (t << 7) - 128
                else:
                    v29, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 240 and b[i - 1] == 1:
            i += 1
            v30 = b[i - 1]; j = i
            if v30 > 127:
                t = b[j]; j += 1
                if t < 128: v30 += (t << 7) - 128
                else:
                    v30, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 248 and b[i - 1] == 1:
            i += 1
            v31 = b[i - 1]; j = i
            if v31 > 127:
                t = b[j]; j += 1
                if t < 128: v31 += (t << 7) - 128
                else:
                    v31, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 128 and b[i - 1] == 2:
            i += 1
            v32 = b[i - 1]; j = i
            if v32 > 127:
                t = b[j]; j += 1
                if t < 128: v32 += (t << 7) - 128
                else:
                    v32, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 136 and b[i - 1] == 2:
            i += 1
            v33 = b[i - 1]; j = i
            if v33 > 127:
                t = b[j]; j += 1
                if t < 128: v33 += (t << 7) - 128
                else:
                    v33, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 144 and b[i - 1] == 2:
            i += 1
            v34 = b[i - 1]; j = i
            if v34 > 127:
                t = b[j]; j += 1
                if t < 128: v34 += (t << 7) - 128
                else:
                    v34, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 152 and b[i - 1] == 2:
            i += 1
            v35 = b[i - 1]; j = i
            if v35 > 127:
                t = b[j]; j += 1
                if t < 128: v35 += (t << 7) - 128
                else:
                    v35, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 160 and b[i - 1] == 2:
            i += 1
            v36 = b[i - 1]; j = i
            if v36 > 127:
                t = b[j]; j += 1
                if t < 128: v36 += (t << 7) - 128
                else:
                    v36, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 168 and b[i - 1] == 2:
            i += 1
            v37 = b[i - 1]; j = i
            if v37 > 127:
                t = b[j]; j += 1
                if t < 128: v37 += (t << 7) - 128
                else:
                    v37, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 176 and b[i - 1] == 2:
            i += 1
            v38 = b[i - 1]; j = i
            if v38 > 127:
                t = b[j]; j += 1
                if t < 128: v38 += (t << 7) - 128
                else:
                    v38, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 184 and b[i - 1] == 2:
            i += 1
            v39 = b[i - 1]; j = i
            if v39 > 127:
                t = b[j]; j += 1
                if t < 128: v39 += (t << 7) - 128
                else:
                    v39, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 192 and b[i - 1] == 2:
            i += 1
            v40 = b[i - 1]; j = i
            if v40 > 127:
                t = b[j]; j += 1
                if t < 128: v40 += (t << 7) - 128
                else:
                    v40, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 200 and b[i - 1] == 2:
            i += 1
            v41 = b[i - 1]; j = i
            if v41 > 127:
                t = b[j]; j += 1
                if t < 128: v41 += (t << 7) - 128
                else:
                    v41, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 208 and b[i - 1] == 2:
            i += 1
            v42 = b[i - 1]; j = i
            if v42 > 127:
                t = b[j]; j += 1
                if t < 128: v42 += (t << 7) - 128
                else:
                    v42, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 216 and b[i - 1] == 2:
            i += 1
            v43 = b[i - 1]; j = i
            if v43 > 127:
                t = b[j]; j += 1
                if t < 128: v43 += (t << 7) - 128
                else:
                    v43, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 224 and b[i - 1] == 2:
            i += 1
            v44 = b[i - 1]; j = i
            if v44 > 127:
                t = b[j]; j += 1
                if t < 128: v44 += (t << 7) - 128
                else:
                    v44, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 232 and b[i - 1] == 2:
            i += 1
            v45 = b[i - 1]; j = i
            if v45 > 127:
                t = b[j]; j += 1
                if t < 128: v45 += (t << 7) - 128
                else:
                    v45, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 240 and b[i - 1] == 2:
            i += 1
            v46 = b[i - 1]; j = i
            if v46 > 127:
                t = b[j]; j += 1
                if t < 128: v46 += (t << 7) - 128
                else:
                    v46, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 248 and b[i - 1] == 2:
            i += 1
            v47 = b[i - 1]; j = i
            if v47 > 127:
                t = b[j]; j += 1
                if t < 128: v47 += (t << 7) - 128
                else:
                    v47, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 128 and b[i - 1] == 3:
            i += 1
            v48 = b[i - 1]; j = i
            if v48 > 127:
                t = b[j]; j += 1
                if t < 128: v48 += (t << 7) - 128
                else:
                    v48, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 136 and b[i - 1] == 3:
            i += 1
            v49 = b[i - 1]; j = i
            if v49 > 127:
                t = b[j]; j += 1
                if t < 128: v49 += (t << 7) - 128
                else:
                    v49, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 144 and b[i - 1] == 3:
            i += 1
            v50 = b[i - 1]; j = i
            if v50 > 127:
                t = b[j]; j += 1
                if t < 128: v50 += (t << 7) - 128
                else:
                    v50, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 152 and b[i - 1] == 3:
            i += 1
            v51 = b[i - 1]; j = i
            if v51 > 127:
                t = b[j]; j += 1
                if t < 128: v51 += (t << 7) - 128
                else:
                    v51, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 160 and b[i - 1] == 3:
            i += 1
            v52 = b[i - 1]; j = i
            if v52 > 127:
                t = b[j]; j += 1
                if t < 128: v52 += (t << 7) - 128
                else:
                    v52, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 168 and b[i - 1] == 3:
            i += 1
            v53 = b[i - 1]; j = i
            if v53 > 127:
                t = b[j]; j += 1
                if t < 128: v53 += (t << 7) - 128
                else:
                    v53, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (9, 17, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 105, 113, 120,) or (t in (128, 136, 144, 152, 160, 168, 176, 184, 192, 200, 208, 216, 224, 232, 240, 248,) and b[i - 1] == 1) or (t in (128, 136, 144, 152, 160, 168, 176, 184, 192, 200, 208, 216, 224, 232, 240, 248,) and b[i - 1] == 2) or (t in (128, 136, 144, 152, 160, 168,) and b[i - 1] == 3) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('PerfStatistics')
    return PerfStatistics(timestamp=v1, duration=v2, cycles=v3, stalled_cycles_frontend=v4, stalled_cycles_backend=v5, instructions=v6, cache_references=v7, cache_misses=v8, branches=v9, branch_misses=v10, bus_cycles=v11, ref_cycles=v12, cpu_clock=v13, task_clock=v14, page_faults=v15, minor_faults=v16, major_faults=v17, context_switches=v18, cpu_migrations=v19, alignment_faults=v20, emulation_faults=v21, l1_dcache_loads=v22, l1_dcache_load_misses=v23, l1_dcache_stores=v24, l1_dcache_store_misses=v25, l1_dcache_prefetches=v26, l1_dcache_prefetch_misses=v27, l1_icache_loads=v28, l1_icache_load_misses=v29, l1_icache_prefetches=v30, l1_icache_prefetch_misses=v31, llc_loads=v32, llc_load_misses=v33, llc_stores=v34, llc_store_misses=v35, llc_prefetches=v36, llc_prefetch_misses=v37, dtlb_loads=v38, dtlb_load_misses=v39, dtlb_stores=v40, dtlb_store_misses=v41, dtlb_prefetches=v42, dtlb_prefetch_misses=v43, itlb_loads=v44, itlb_load_misses=v45, branch_loads=v46, branch_load_misses=v47, node_loads=v48, node_load_misses=v49, node_stores=v50, node_store_misses=v51, node_prefetches=v52, node_prefetch_misses=v53)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "SNMPStatistics": {
            10: (True, "statistics.IpStatistics", ()),
            18: (True, "statistics.IcmpStatistics", ()),
            26: (True, "statistics.TcpStatistics", ()),
            34: (True, "statistics.UdpStatistics", ()),
        },
        "DiskStatistics": {
            10: (True, "resources.Resource_DiskInfo_Source", ()),
            18: (True, "resources.Resource_DiskInfo_Persistence", ()),
        },
        "ResourceStatistics": {
            346: (False, "statistics.DiskStatistics", ()),
            354: (True, "containers.CgroupInfo_Blkio_Statistics", ()),
            106: (True, "statistics.PerfStatistics", ()),
            282: (False, "statistics.TrafficControlStatistics", ()),
            338: (True, "statistics.SNMPStatistics", ()),
        },
        "ResourceUsage_Executor_Task": {
            18: (True, "common.TaskID", ()),
            26: (False, "resources.Resource", ()),
            34: (True, "common.Labels", ()),
        },
        "ResourceUsage_Executor": {
            10: (True, "tasks.ExecutorInfo", ()),
            18: (False, "resources.Resource", ()),
            26: (True, "statistics.ResourceStatistics", ()),
            34: (True, "common.ContainerID", ()),
            42: (False, "statistics.ResourceUsage_Executor_Task", ()),
        },
        "ResourceUsage": {
            10: (False, "statistics.ResourceUsage_Executor", ()),
            18: (False, "resources.Resource", ()),
        },
    }


CODECS: dict[type, Codec] = {
    TrafficControlStatistics: (e_TrafficControlStatistics, d_TrafficControlStatistics, "TrafficControlStatistics", shapes),
    IpStatistics: (e_IpStatistics, d_IpStatistics, "IpStatistics", shapes),
    IcmpStatistics: (e_IcmpStatistics, d_IcmpStatistics, "IcmpStatistics", shapes),
    TcpStatistics: (e_TcpStatistics, d_TcpStatistics, "TcpStatistics", shapes),
    UdpStatistics: (e_UdpStatistics, d_UdpStatistics, "UdpStatistics", shapes),
    SNMPStatistics: (e_SNMPStatistics, d_SNMPStatistics, "SNMPStatistics", shapes),
    DiskStatistics: (e_DiskStatistics, d_DiskStatistics, "DiskStatistics", shapes),
    ResourceStatistics: (e_ResourceStatistics, d_ResourceStatistics, "ResourceStatistics", shapes),
    ResourceUsage_Executor_Task: (e_ResourceUsage_Executor_Task, d_ResourceUsage_Executor_Task, "ResourceUsage_Executor_Task", shapes),
    ResourceUsage_Executor: (e_ResourceUsage_Executor, d_ResourceUsage_Executor, "ResourceUsage_Executor", shapes),
    ResourceUsage: (e_ResourceUsage, d_ResourceUsage, "ResourceUsage", shapes),
    PerfStatistics: (e_PerfStatistics, d_PerfStatistics, "PerfStatistics", shapes),
}
