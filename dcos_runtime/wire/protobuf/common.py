"""Protobuf codecs. Ids, values, labels and commands: the Mesos v1 messages that all others use.

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/common.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import common as structs
from dcos_runtime.wire.protobuf._reading import DEPTH, Absent, Again, Codec, Malformed, Shape, double, entry, int32, length, signed, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, int32_text, numbered, packed, pair, sized, utf8, varint_text, wrapped

AgentID = structs.AgentID
ExecutorID = structs.ExecutorID
FrameworkID = structs.FrameworkID
TaskID = structs.TaskID
OfferID = structs.OfferID
OperationID = structs.OperationID
ContainerID = structs.ContainerID
ResourceProviderID = structs.ResourceProviderID
UUID = structs.UUID
Label = structs.Label
Labels = structs.Labels
Parameter = structs.Parameter
Parameters = structs.Parameters
Value_Scalar = structs.Value.Scalar
Value_Range = structs.Value.Range
Value_Ranges = structs.Value.Ranges
Value_Set = structs.Value.Set
Value_Text = structs.Value.Text
Value = structs.Value
DurationInfo = structs.DurationInfo
TimeInfo = structs.TimeInfo
Unavailability = structs.Unavailability
Address = structs.Address
URL = structs.URL
Attribute = structs.Attribute
DomainInfo_FaultDomain_RegionInfo = structs.DomainInfo.FaultDomain.RegionInfo
DomainInfo_FaultDomain_ZoneInfo = structs.DomainInfo.FaultDomain.ZoneInfo
DomainInfo_FaultDomain = structs.DomainInfo.FaultDomain
DomainInfo = structs.DomainInfo
Secret_Reference = structs.Secret.Reference
Secret_Value = structs.Secret.Value
Secret = structs.Secret
Environment_Variable = structs.Environment.Variable
Environment = structs.Environment
CommandInfo_URI = structs.CommandInfo.URI
CommandInfo = structs.CommandInfo
Credential = structs.Credential
Filters = structs.Filters
OfferFilters_ResourceQuantities = structs.OfferFilters.ResourceQuantities
OfferFilters_MinAllocatableResources = structs.OfferFilters.MinAllocatableResources
OfferFilters = structs.OfferFilters
Value_Type = structs.Value.Type
Secret_Type = structs.Secret.Type
Environment_Variable_Type = structs.Environment.Variable.Type
t_Value_Type = numbered(Value_Type, {"SCALAR": 0, "RANGES": 1, "SET": 2, "TEXT": 3})
t_Secret_Type = numbered(Secret_Type, {"UNKNOWN": 0, "REFERENCE": 1, "VALUE": 2})
t_Environment_Variable_Type = numbered(Environment_Variable_Type, {"UNKNOWN": 0, "VALUE": 1, "SECRET": 2})
T_0a = heads('\x0a')
T_12 = heads('\x12')
T_1a = heads('\x1a')
T_2a = heads('\x2a')
T_3a = heads('\x3a')
W_0a = wrapped('\x0a')
W_12 = wrapped('\x12')
W_2a = wrapped('\x2a')


def e_AgentID(m: AgentID) -> str:
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_AgentID(b: bytes, e: int, j: int = 0, v1: str | None = None) -> AgentID:
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
    if v1 is None: raise Absent('AgentID')
    return AgentID(value=v1)


def e_ExecutorID(m: ExecutorID) -> str:
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_ExecutorID(b: bytes, e: int, j: int = 0, v1: str | None = None) -> ExecutorID:
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
    if v1 is None: raise Absent('ExecutorID')
    return ExecutorID(value=v1)


def e_FrameworkID(m: FrameworkID) -> str:
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_FrameworkID(b: bytes, e: int, j: int = 0, v1: str | None = None) -> FrameworkID:
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
    if v1 is None: raise Absent('FrameworkID')
    return FrameworkID(value=v1)


def e_TaskID(m: TaskID) -> str:
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_TaskID(b: bytes, e: int, j: int = 0, v1: str | None = None) -> TaskID:
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
    if v1 is None: raise Absent('TaskID')
    return TaskID(value=v1)


def e_OfferID(m: OfferID) -> str:
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_OfferID(b: bytes, e: int, j: int = 0, v1: str | None = None) -> OfferID:
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
    if v1 is None: raise Absent('OfferID')
    return OfferID(value=v1)


def e_OperationID(m: OperationID) -> str:
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_OperationID(b: bytes, e: int, j: int = 0, v1: str | None = None) -> OperationID:
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
    if v1 is None: raise Absent('OperationID')
    return OperationID(value=v1)


def e_ContainerID(m: ContainerID) -> str:
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    v2 = m.parent
    if v2 is not None:
        s = e_ContainerID(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_ContainerID(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: str | None = None, v2: ContainerID | None = None) -> ContainerID:
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
            if v2 is not None: raise Again('parent')
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
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('ContainerID')
    return ContainerID(value=v1, parent=v2)


def e_ResourceProviderID(m: ResourceProviderID) -> str:
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_ResourceProviderID(b: bytes, e: int, j: int = 0, v1: str | None = None) -> ResourceProviderID:
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
    if v1 is None: raise Absent('ResourceProviderID')
    return ResourceProviderID(value=v1)


def e_UUID(m: UUID) -> str:
    s = m.value.decode('latin-1'); n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_UUID(b: bytes, e: int, j: int = 0, v1: bytes | None = None) -> UUID:
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
    if v1 is None: raise Absent('UUID')
    return UUID(value=v1)


def e_Label(m: Label) -> str:
    s = m.key
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    x = m.value
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    return o


def d_Label(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None) -> Label:
    if 1 < e < 128 and b[0] == 10 and (n1 := b[1] + 2) + 1 < e and b[n1] == 18 and b[n1 + 1] == e - n1 - 2:
        return Label(key=b[2:n1].decode(), value=b[n1 + 2:].decode())
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
    if v1 is None: raise Absent('Label')
    return Label(key=v1, value=v2)


def e_Labels(m: Labels) -> str:
    o = ''
    if m.labels:
        p = [o]
        for v1 in m.labels:
            s = v1.key
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


def d_Labels(b: bytes, e: int, j: int = 0) -> Labels:
    v1: list[Label] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Label(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Labels(labels=v1)


def e_Parameter(m: Parameter) -> str:
    s = m.key
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
    return o


def d_Parameter(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None) -> Parameter:
    if 1 < e < 128 and b[0] == 10 and (n1 := b[1] + 2) + 1 < e and b[n1] == 18 and b[n1 + 1] == e - n1 - 2:
        return Parameter(key=b[2:n1].decode(), value=b[n1 + 2:].decode())
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
    if v1 is None or v2 is None: raise Absent('Parameter')
    return Parameter(key=v1, value=v2)


def e_Parameters(m: Parameters) -> str:
    o = ''
    if m.parameter:
        p = [o]
        for v1 in m.parameter:
            s = v1.key
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
            s = v1.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Parameters(b: bytes, e: int, j: int = 0) -> Parameters:
    v1: list[Parameter] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Parameter(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Parameters(parameter=v1)


def e_Value_Scalar(m: Value_Scalar) -> str:
    o = f'\x09{packed(m.value).decode("latin-1")}'
    return o


def d_Value_Scalar(b: bytes, e: int, j: int = 0, v1: float | None = None) -> Value_Scalar:
    while j < e:
        t = b[j]; i = j + 2
        if t == 9:
            v1 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (9,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Value.Scalar')
    return Value_Scalar(value=v1)


def e_Value_Range(m: Value_Range) -> str:
    i = m.begin
    o = f'\x08{varint_text(i) if i >> 14 else SHORT[i]}'
    i = m.end
    o += f'\x10{varint_text(i) if i >> 14 else SHORT[i]}'
    return o


def d_Value_Range(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: int | None = None) -> Value_Range:
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
        if t == 16:
            v2 = b[i - 1]; j = i
            if v2 > 127:
                t = b[j]; j += 1
                if t < 128: v2 += (t << 7) - 128
                else:
                    v2, j = varint(b, i - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 16,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Value.Range')
    return Value_Range(begin=v1, end=v2)


def e_Value_Ranges(m: Value_Ranges) -> str:
    o = ''
    if m.range:
        p = [o]
        for v1 in m.range:
            i = v1.begin
            q = f'\x08{varint_text(i) if i >> 14 else SHORT[i]}'
            i = v1.end
            q += f'\x10{varint_text(i) if i >> 14 else SHORT[i]}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Value_Ranges(b: bytes, e: int, j: int = 0) -> Value_Ranges:
    v1: list[Value_Range] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Value_Range(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Value_Ranges(range=v1)


def e_Value_Set(m: Value_Set) -> str:
    o = ''
    if m.item:
        p = [o]
        for v1 in m.item:
            s = v1
            if not s.isascii(): s = utf8(s)
            n = len(s)
            p.append(f'{T_0a[n] if n < 128 else sized(10, n)}{s}')
        o = ''.join(p)
    return o


def d_Value_Set(b: bytes, e: int, j: int = 0) -> Value_Set:
    v1: list[str] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(b[i:j].decode())
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Value_Set(item=v1)


def e_Value_Text(m: Value_Text) -> str:
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_Value_Text(b: bytes, e: int, j: int = 0, v1: str | None = None) -> Value_Text:
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
    if v1 is None: raise Absent('Value.Text')
    return Value_Text(value=v1)


def e_Value(m: Value) -> str:
    o = f'\x08{m.type.wire}'
    v2 = m.scalar
    if v2 is not None:
        o += f'\x12\x09\x09{packed(v2.value).decode("latin-1")}'
    v3 = m.ranges
    if v3 is not None:
        s = e_Value_Ranges(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.set
    if v4 is not None:
        s = e_Value_Set(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.text
    if v5 is not None:
        s = v5.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_2a[n]}{s}'
        else: s = e_Value_Text(v5); n = len(s); o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Value(b: bytes, e: int, j: int = 0, v1: Value_Type | None = None, v2: Value_Scalar | None = None, v3: Value_Ranges | None = None, v4: Value_Set | None = None, v5: Value_Text | None = None) -> Value:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Value_Type: v1 = t_Value_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('scalar')
            n = b[i - 1]; j = i + 9
            if n == 9 and b[i] == 9: v2 = Value_Scalar(value=double(b, i + 1)[0])
            else: n, i = length(b, i - 1); j = i + n; v2 = d_Value_Scalar(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('ranges')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Value_Ranges(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('set')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Value_Set(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('text')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v5 = Value_Text(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v5 = d_Value_Text(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34, 42,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Value')
    return Value(type=v1, scalar=v2, ranges=v3, set=v4, text=v5)


def e_DurationInfo(m: DurationInfo) -> str:
    i = m.nanoseconds
    o = f'\x08{varint_text(i) if i >> 14 else SHORT[i]}'
    return o


def d_DurationInfo(b: bytes, e: int, j: int = 0, v1: int | None = None) -> DurationInfo:
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
        j = i - 2 if t in (8,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('DurationInfo')
    return DurationInfo(nanoseconds=v1)


def e_TimeInfo(m: TimeInfo) -> str:
    i = m.nanoseconds
    o = f'\x08{varint_text(i) if i >> 14 else SHORT[i]}'
    return o


def d_TimeInfo(b: bytes, e: int, j: int = 0, v1: int | None = None) -> TimeInfo:
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
        j = i - 2 if t in (8,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('TimeInfo')
    return TimeInfo(nanoseconds=v1)


def e_Unavailability(m: Unavailability) -> str:
    s = e_TimeInfo(m.start); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.duration
    if v2 is not None:
        s = e_DurationInfo(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Unavailability(b: bytes, e: int, j: int = 0, v1: TimeInfo | None = None, v2: DurationInfo | None = None) -> Unavailability:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('start')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_TimeInfo(b[i:j], n)
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
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Unavailability')
    return Unavailability(start=v1, duration=v2)


def e_Address(m: Address) -> str:
    o = ''
    x = m.hostname
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_0a[n] if n < 128 else sized(10, n)}{x}'
    x = m.ip
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    i = m.port
    o += f'\x18{int32_text(i) if i >> 14 else SHORT[i]}'
    return o


def d_Address(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None, v3: int | None = None) -> Address:
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
        if t == 24:
            v3 = b[i - 1]; j = i
            if v3 > 127:
                t = b[j]; j += 1
                if t < 128: v3 += (t << 7) - 128
                else:
                    v3, j = varint(b, i - 1)
                    if v3 >> 31: v3 = int32(v3)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 24,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v3 is None: raise Absent('Address')
    return Address(hostname=v1, ip=v2, port=v3)


def e_URL(m: URL) -> str:
    s = m.scheme
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    s = e_Address(m.address); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    x = m.path
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
    if m.query:
        p = [o]
        for v4 in m.query:
            s = v4.key
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
            s = v4.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q += f'{T_12[n] if n < 128 else sized(18, n)}{s}'
            n = len(q)
            p.append(f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    x = m.fragment
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{x}'
    return o


def d_URL(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: Address | None = None, v3: str | None = None, v5: str | None = None) -> URL:
    v4: list[Parameter] = []
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
            if v2 is not None: raise Again('address')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Address(b[i:j], n)
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
            v4.append(d_Parameter(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
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
            j = i - 2 if t in (10, 18, 26, 34, 42,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('URL')
    return URL(scheme=v1, address=v2, path=v3, query=v4, fragment=v5)


def e_Attribute(m: Attribute) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}\x10{m.type.wire}'
    v3 = m.scalar
    if v3 is not None:
        o += f'\x1a\x09\x09{packed(v3.value).decode("latin-1")}'
    v4 = m.ranges
    if v4 is not None:
        s = e_Value_Ranges(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.text
    if v5 is not None:
        s = v5.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_2a[n]}{s}'
        else: s = e_Value_Text(v5); n = len(s); o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.set
    if v6 is not None:
        s = e_Value_Set(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Attribute(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: Value_Type | None = None, v3: Value_Scalar | None = None, v4: Value_Ranges | None = None, v5: Value_Text | None = None, v6: Value_Set | None = None) -> Attribute:
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
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Value_Type: v2 = t_Value_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('scalar')
            n = b[i - 1]; j = i + 9
            if n == 9 and b[i] == 9: v3 = Value_Scalar(value=double(b, i + 1)[0])
            else: n, i = length(b, i - 1); j = i + n; v3 = d_Value_Scalar(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('ranges')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Value_Ranges(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('text')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v5 = Value_Text(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v5 = d_Value_Text(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 50:
            if v6 is not None: raise Again('set')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v6 = d_Value_Set(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 16, 26, 34, 42, 50,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Attribute')
    return Attribute(name=v1, type=v2, scalar=v3, ranges=v4, set=v6, text=v5)


def e_DomainInfo_FaultDomain_RegionInfo(m: DomainInfo_FaultDomain_RegionInfo) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_DomainInfo_FaultDomain_RegionInfo(b: bytes, e: int, j: int = 0, v1: str | None = None) -> DomainInfo_FaultDomain_RegionInfo:
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
    if v1 is None: raise Absent('DomainInfo.FaultDomain.RegionInfo')
    return DomainInfo_FaultDomain_RegionInfo(name=v1)


def e_DomainInfo_FaultDomain_ZoneInfo(m: DomainInfo_FaultDomain_ZoneInfo) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_DomainInfo_FaultDomain_ZoneInfo(b: bytes, e: int, j: int = 0, v1: str | None = None) -> DomainInfo_FaultDomain_ZoneInfo:
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
    if v1 is None: raise Absent('DomainInfo.FaultDomain.ZoneInfo')
    return DomainInfo_FaultDomain_ZoneInfo(name=v1)


def e_DomainInfo_FaultDomain(m: DomainInfo_FaultDomain) -> str:
    o = ''
    s = m.region.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_DomainInfo_FaultDomain_RegionInfo(m.region); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.zone.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_DomainInfo_FaultDomain_ZoneInfo(m.zone); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_DomainInfo_FaultDomain(b: bytes, e: int, j: int = 0, v1: DomainInfo_FaultDomain_RegionInfo | None = None, v2: DomainInfo_FaultDomain_ZoneInfo | None = None) -> DomainInfo_FaultDomain:
    if 3 < e < 128 and b[0] == 10 and b[2] == 10 and b[3] == b[1] - 2 and (n1 := b[1] + 2) + 3 < e and b[n1] == 18 and b[n1 + 2] == 10 and b[n1 + 3] == b[n1 + 1] - 2 and b[n1 + 1] == e - n1 - 2:
        return DomainInfo_FaultDomain(region=DomainInfo_FaultDomain_RegionInfo(name=b[4:n1].decode()), zone=DomainInfo_FaultDomain_ZoneInfo(name=b[n1 + 4:].decode()))
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('region')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = DomainInfo_FaultDomain_RegionInfo(name=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_DomainInfo_FaultDomain_RegionInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('zone')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = DomainInfo_FaultDomain_ZoneInfo(name=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_DomainInfo_FaultDomain_ZoneInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('DomainInfo.FaultDomain')
    return DomainInfo_FaultDomain(region=v1, zone=v2)


def e_DomainInfo(m: DomainInfo) -> str:
    o = ''
    v1 = m.fault_domain
    if v1 is not None:
        s = e_DomainInfo_FaultDomain(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_DomainInfo(b: bytes, e: int, j: int = 0, v1: DomainInfo_FaultDomain | None = None) -> DomainInfo:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('fault_domain')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_DomainInfo_FaultDomain(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return DomainInfo(fault_domain=v1)


def e_Secret_Reference(m: Secret_Reference) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    x = m.key
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    return o


def d_Secret_Reference(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None) -> Secret_Reference:
    if 1 < e < 128 and b[0] == 10 and (n1 := b[1] + 2) + 1 < e and b[n1] == 18 and b[n1 + 1] == e - n1 - 2:
        return Secret_Reference(name=b[2:n1].decode(), key=b[n1 + 2:].decode())
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
    if v1 is None: raise Absent('Secret.Reference')
    return Secret_Reference(name=v1, key=v2)


def e_Secret_Value(m: Secret_Value) -> str:
    s = m.data.decode('latin-1'); n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_Secret_Value(b: bytes, e: int, j: int = 0, v1: bytes | None = None) -> Secret_Value:
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
    if v1 is None: raise Absent('Secret.Value')
    return Secret_Value(data=v1)


def e_Secret(m: Secret) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.reference
    if v2 is not None:
        s = e_Secret_Reference(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.value
    if v3 is not None:
        s = e_Secret_Value(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Secret(b: bytes, e: int, j: int = 0, v1: Secret_Type | None = None, v2: Secret_Reference | None = None, v3: Secret_Value | None = None) -> Secret:
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Secret_Type: v1 = t_Secret_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('reference')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Secret_Reference(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('value')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Secret_Value(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Secret(type=v1, reference=v2, value=v3)


def e_Environment_Variable(m: Environment_Variable) -> str:
    s = m.name
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    x = m.value
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    v3 = m.type
    if v3 is not None:
        o += f'\x18{v3.wire}'
    if m.secret is not None:
        v4 = m.secret
        s = e_Secret(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Environment_Variable(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None, v3: Environment_Variable_Type | None = None, v4: Secret | None = None, r: bool = False) -> Environment_Variable:
    if 1 < e < 128 and b[0] == 10 and (n1 := b[1] + 2) + 1 < e and b[n1] == 18 and b[n1 + 1] == e - n1 - 2:
        return Environment_Variable(name=b[2:n1].decode(), value=b[n1 + 2:].decode())
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
        if t == 24:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Environment_Variable_Type: v3 = t_Environment_Variable_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            r = True
            if v4 is not None: raise Again('secret')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Secret(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 24, 34,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Environment.Variable')
    if not r: return Environment_Variable(name=v1, type=v3, value=v2)
    return Environment_Variable(name=v1, type=v3, value=v2, secret=v4)


def e_Environment(m: Environment) -> str:
    o = ''
    if m.variables:
        p = [o]
        for v1 in m.variables:
            s = v1.name
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
            x = v1.value
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
            w3 = v1.type
            if w3 is not None:
                q += f'\x18{w3.wire}'
            if v1.secret is not None:
                w4 = v1.secret
                s = e_Secret(w4); n = len(s)
                q += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Environment(b: bytes, e: int, j: int = 0) -> Environment:
    v1: list[Environment_Variable] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Environment_Variable(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Environment(variables=v1)


def e_CommandInfo_URI(m: CommandInfo_URI) -> str:
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    v2 = m.executable
    if v2 is not None:
        o += '\x10\x01' if v2 else '\x10\x00'
    v3 = m.extract
    if v3 is not None:
        o += '\x18\x01' if v3 else '\x18\x00'
    v4 = m.cache
    if v4 is not None:
        o += '\x20\x01' if v4 else '\x20\x00'
    x = m.output_file
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{x}'
    return o


def d_CommandInfo_URI(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: bool | None = None, v3: bool | None = None, v4: bool | None = None, v5: str | None = None) -> CommandInfo_URI:
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
        if t == 32:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
            v4 = n != 0
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
        j = i - 2 if t in (10, 16, 24, 32, 42,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('CommandInfo.URI')
    return CommandInfo_URI(value=v1, executable=v2, extract=v3, cache=v4, output_file=v5)


def e_CommandInfo(m: CommandInfo) -> str:
    o = ''
    if m.uris:
        p = [o]
        for v1 in m.uris:
            s = v1.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            q = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
            w2 = v1.executable
            if w2 is not None:
                q += '\x10\x01' if w2 else '\x10\x00'
            w3 = v1.extract
            if w3 is not None:
                q += '\x18\x01' if w3 else '\x18\x00'
            w4 = v1.cache
            if w4 is not None:
                q += '\x20\x01' if w4 else '\x20\x00'
            x = v1.output_file
            if x is not None:
                if not x.isascii(): x = utf8(x)
                n = len(x)
                q += f'{T_2a[n] if n < 128 else sized(42, n)}{x}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    v2 = m.environment
    if v2 is not None:
        s = e_Environment(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    x = m.value
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
    if m.user is not None:
        s = m.user
        if not s.isascii(): s = utf8(s)
        n = len(s)
        o += f'{T_2a[n] if n < 128 else sized(42, n)}{s}'
    v6 = m.shell
    if v6 is not None:
        o += '\x30\x01' if v6 else '\x30\x00'
    if m.arguments:
        p = [o]
        for v7 in m.arguments:
            s = v7
            if not s.isascii(): s = utf8(s)
            n = len(s)
            p.append(f'{T_3a[n] if n < 128 else sized(58, n)}{s}')
        o = ''.join(p)
    return o


def d_CommandInfo(b: bytes, e: int, j: int = 0, v1: list[CommandInfo_URI] | None = None, v2: Environment | None = None, v3: str | None = None, v5: str | None = None, v6: bool | None = None, v7: list[str] | None = None, r: bool = False) -> CommandInfo:
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            r = True
            if v1 is None: v1 = []
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_CommandInfo_URI(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 18:
                if v2 is not None: raise Again('environment')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v2 = d_Environment(b[i:j], n)
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
            if t == 42:
                r = True
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v5 = b[i:j].decode()
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 48:
                n = b[i - 1]; j = i
                if n > 127:
                    n, j = varint(b, i - 1)
                v6 = n != 0
                if j >= e: break
                t = b[j]; i = j + 2
            while t == 58:
                r = True
                if v7 is None: v7 = []
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v7.append(b[i:j].decode())
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                j = i - 2 if t in (10, 18, 26, 42, 48, 58,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if not r: return CommandInfo(environment=v2, shell=v6, value=v3)
    return CommandInfo(uris=v1 or [], environment=v2, shell=v6, value=v3, arguments=v7 or [], user=v5)


def e_Credential(m: Credential) -> str:
    s = m.principal
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    x = m.secret
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    return o


def d_Credential(b: bytes, e: int, j: int = 0, v1: str | None = None, v2: str | None = None) -> Credential:
    if 1 < e < 128 and b[0] == 10 and (n1 := b[1] + 2) + 1 < e and b[n1] == 18 and b[n1 + 1] == e - n1 - 2:
        return Credential(principal=b[2:n1].decode(), secret=b[n1 + 2:].decode())
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
    if v1 is None: raise Absent('Credential')
    return Credential(principal=v1, secret=v2)


def e_Filters(m: Filters) -> str:
    o = ''
    v1 = m.refuse_seconds
    if v1 is not None:
        o += f'\x09{packed(v1).decode("latin-1")}'
    return o


def d_Filters(b: bytes, e: int, j: int = 0, v1: float | None = None) -> Filters:
    while j < e:
        t = b[j]; i = j + 2
        if t == 9:
            v1 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (9,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Filters(refuse_seconds=v1)


def e_OfferFilters_ResourceQuantities(m: OfferFilters_ResourceQuantities) -> str:
    o = ''
    for c, v1 in m.quantities.items():
        s = pair(c, e_Value_Scalar(v1)); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_OfferFilters_ResourceQuantities(b: bytes, e: int, j: int = 0) -> OfferFilters_ResourceQuantities:
    v1: dict[str, Value_Scalar] = {}
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            c, v1[c] = entry(b[i:j], n, d_Value_Scalar)
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return OfferFilters_ResourceQuantities(quantities=v1)


def e_OfferFilters_MinAllocatableResources(m: OfferFilters_MinAllocatableResources) -> str:
    o = ''
    if m.quantities:
        p = [o]
        for v1 in m.quantities:
            s = e_OfferFilters_ResourceQuantities(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_OfferFilters_MinAllocatableResources(b: bytes, e: int, j: int = 0) -> OfferFilters_MinAllocatableResources:
    v1: list[OfferFilters_ResourceQuantities] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_OfferFilters_ResourceQuantities(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return OfferFilters_MinAllocatableResources(quantities=v1)


def e_OfferFilters(m: OfferFilters) -> str:
    o = ''
    v1 = m.min_allocatable_resources
    if v1 is not None:
        s = e_OfferFilters_MinAllocatableResources(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_OfferFilters(b: bytes, e: int, j: int = 0, v1: OfferFilters_MinAllocatableResources | None = None) -> OfferFilters:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('min_allocatable_resources')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_OfferFilters_MinAllocatableResources(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return OfferFilters(min_allocatable_resources=v1)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "ContainerID": {
            18: (True, "common.ContainerID", ()),
        },
        "Labels": {
            10: (False, "common.Label", ()),
        },
        "Parameters": {
            10: (False, "common.Parameter", ()),
        },
        "Value_Ranges": {
            10: (False, "common.Value_Range", ()),
        },
        "Value": {
            18: (True, "common.Value_Scalar", ()),
            26: (True, "common.Value_Ranges", ()),
            34: (True, "common.Value_Set", ()),
            42: (True, "common.Value_Text", ()),
        },
        "Unavailability": {
            10: (True, "common.TimeInfo", ()),
            18: (True, "common.DurationInfo", ()),
        },
        "URL": {
            18: (True, "common.Address", ()),
            34: (False, "common.Parameter", ()),
        },
        "Attribute": {
            26: (True, "common.Value_Scalar", ()),
            34: (True, "common.Value_Ranges", ()),
            50: (True, "common.Value_Set", ()),
            42: (True, "common.Value_Text", ()),
        },
        "DomainInfo_FaultDomain": {
            10: (True, "common.DomainInfo_FaultDomain_RegionInfo", ()),
            18: (True, "common.DomainInfo_FaultDomain_ZoneInfo", ()),
        },
        "DomainInfo": {
            10: (True, "common.DomainInfo_FaultDomain", ()),
        },
        "Secret": {
            18: (True, "common.Secret_Reference", ()),
            26: (True, "common.Secret_Value", ()),
        },
        "Environment_Variable": {
            34: (True, "common.Secret", ()),
        },
        "Environment": {
            10: (False, "common.Environment_Variable", ()),
        },
        "CommandInfo": {
            10: (False, "common.CommandInfo_URI", ()),
            18: (True, "common.Environment", ()),
        },
        "OfferFilters_ResourceQuantities": {
            10: (False, "common.OfferFilters_ResourceQuantities.quantities", ()),
        },
        "OfferFilters_ResourceQuantities.quantities": {18: (True, "common.Value_Scalar", ())},
        "OfferFilters_MinAllocatableResources": {
            10: (False, "common.OfferFilters_ResourceQuantities", ()),
        },
        "OfferFilters": {
            10: (True, "common.OfferFilters_MinAllocatableResources", ()),
        },
    }


CODECS: dict[type, Codec] = {
    AgentID: (e_AgentID, d_AgentID, "AgentID", shapes),
    ExecutorID: (e_ExecutorID, d_ExecutorID, "ExecutorID", shapes),
    FrameworkID: (e_FrameworkID, d_FrameworkID, "FrameworkID", shapes),
    TaskID: (e_TaskID, d_TaskID, "TaskID", shapes),
    OfferID: (e_OfferID, d_OfferID, "OfferID", shapes),
    OperationID: (e_OperationID, d_OperationID, "OperationID", shapes),
    ContainerID: (e_ContainerID, d_ContainerID, "ContainerID", shapes),
    ResourceProviderID: (e_ResourceProviderID, d_ResourceProviderID, "ResourceProviderID", shapes),
    UUID: (e_UUID, d_UUID, "UUID", shapes),
    Label: (e_Label, d_Label, "Label", shapes),
    Labels: (e_Labels, d_Labels, "Labels", shapes),
    Parameter: (e_Parameter, d_Parameter, "Parameter", shapes),
    Parameters: (e_Parameters, d_Parameters, "Parameters", shapes),
    Value_Scalar: (e_Value_Scalar, d_Value_Scalar, "Value_Scalar", shapes),
    Value_Range: (e_Value_Range, d_Value_Range, "Value_Range", shapes),
    Value_Ranges: (e_Value_Ranges, d_Value_Ranges, "Value_Ranges", shapes),
    Value_Set: (e_Value_Set, d_Value_Set, "Value_Set", shapes),
    Value_Text: (e_Value_Text, d_Value_Text, "Value_Text", shapes),
    Value: (e_Value, d_Value, "Value", shapes),
    DurationInfo: (e_DurationInfo, d_DurationInfo, "DurationInfo", shapes),
    TimeInfo: (e_TimeInfo, d_TimeInfo, "TimeInfo", shapes),
    Unavailability: (e_Unavailability, d_Unavailability, "Unavailability", shapes),
    Address: (e_Address, d_Address, "Address", shapes),
    URL: (e_URL, d_URL, "URL", shapes),
    Attribute: (e_Attribute, d_Attribute, "Attribute", shapes),
    DomainInfo_FaultDomain_RegionInfo: (e_DomainInfo_FaultDomain_RegionInfo, d_DomainInfo_FaultDomain_RegionInfo, "DomainInfo_FaultDomain_RegionInfo", shapes),
    DomainInfo_FaultDomain_ZoneInfo: (e_DomainInfo_FaultDomain_ZoneInfo, d_DomainInfo_FaultDomain_ZoneInfo, "DomainInfo_FaultDomain_ZoneInfo", shapes),
    DomainInfo_FaultDomain: (e_DomainInfo_FaultDomain, d_DomainInfo_FaultDomain, "DomainInfo_FaultDomain", shapes),
    DomainInfo: (e_DomainInfo, d_DomainInfo, "DomainInfo", shapes),
    Secret_Reference: (e_Secret_Reference, d_Secret_Reference, "Secret_Reference", shapes),
    Secret_Value: (e_Secret_Value, d_Secret_Value, "Secret_Value", shapes),
    Secret: (e_Secret, d_Secret, "Secret", shapes),
    Environment_Variable: (e_Environment_Variable, d_Environment_Variable, "Environment_Variable", shapes),
    Environment: (e_Environment, d_Environment, "Environment", shapes),
    CommandInfo_URI: (e_CommandInfo_URI, d_CommandInfo_URI, "CommandInfo_URI", shapes),
    CommandInfo: (e_CommandInfo, d_CommandInfo, "CommandInfo", shapes),
    Credential: (e_Credential, d_Credential, "Credential", shapes),
    Filters: (e_Filters, d_Filters, "Filters", shapes),
    OfferFilters_ResourceQuantities: (e_OfferFilters_ResourceQuantities, d_OfferFilters_ResourceQuantities, "OfferFilters_ResourceQuantities", shapes),
    OfferFilters_MinAllocatableResources: (e_OfferFilters_MinAllocatableResources, d_OfferFilters_MinAllocatableResources, "OfferFilters_MinAllocatableResources", shapes),
    OfferFilters: (e_OfferFilters, d_OfferFilters, "OfferFilters", shapes),
}
