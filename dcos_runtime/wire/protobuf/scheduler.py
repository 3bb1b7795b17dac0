"""Protobuf codecs. Calls and events of the scheduler API, `/api/v1/scheduler` (Mesos v1).

Made by `python -m dcos_runtime.wire.generator` from `wire/proto/scheduler.proto`; change that, and make it anew.
"""

# ruff: noqa: E501, E701, E702, I001

from __future__ import annotations

from functools import cache

from dcos_runtime.wire import scheduler as structs
from dcos_runtime.wire.protobuf._reading import DEPTH, Absent, Again, Codec, Malformed, Shape, double, entry, int32, length, uint32, unknown, varint
from dcos_runtime.wire.protobuf._writing import SHORT, heads, int32_text, numbered, packed, pair, sized, uint32_text, utf8, varint_text, wrapped
from dcos_runtime.wire.protobuf.cluster import FrameworkInfo, InverseOffer, MasterInfo, Offer, Offer_Operation, OperationStatus, Request, d_FrameworkInfo, d_InverseOffer, d_MasterInfo, d_Offer, d_Offer_Operation, d_OperationStatus, d_Request, e_FrameworkInfo, e_InverseOffer, e_MasterInfo, e_Offer, e_Offer_Operation, e_OperationStatus, e_Request
from dcos_runtime.wire.protobuf.common import AgentID, ExecutorID, Filters, FrameworkID, OfferID, OperationID, ResourceProviderID, TaskID, d_AgentID, d_ExecutorID, d_Filters, d_FrameworkID, d_OfferID, d_OperationID, d_ResourceProviderID, d_TaskID, e_AgentID, e_ExecutorID, e_Filters, e_FrameworkID, e_OfferID, e_OperationID, e_ResourceProviderID, e_TaskID
from dcos_runtime.wire.protobuf.tasks import KillPolicy, TaskStatus, d_KillPolicy, d_TaskStatus, e_KillPolicy, e_TaskStatus

AttributeConstraint_Selector = structs.AttributeConstraint.Selector
AttributeConstraint_Predicate_Exists = structs.AttributeConstraint.Predicate.Exists
AttributeConstraint_Predicate_NotExists = structs.AttributeConstraint.Predicate.NotExists
AttributeConstraint_Predicate_TextEquals = structs.AttributeConstraint.Predicate.TextEquals
AttributeConstraint_Predicate_TextNotEquals = structs.AttributeConstraint.Predicate.TextNotEquals
AttributeConstraint_Predicate_TextMatches = structs.AttributeConstraint.Predicate.TextMatches
AttributeConstraint_Predicate_TextNotMatches = structs.AttributeConstraint.Predicate.TextNotMatches
AttributeConstraint_Predicate = structs.AttributeConstraint.Predicate
AttributeConstraint = structs.AttributeConstraint
OfferConstraints_RoleConstraints_Group = structs.OfferConstraints.RoleConstraints.Group
OfferConstraints_RoleConstraints = structs.OfferConstraints.RoleConstraints
OfferConstraints = structs.OfferConstraints
Call_Subscribe = structs.Call.Subscribe
Call_Accept = structs.Call.Accept
Call_Decline = structs.Call.Decline
Call_AcceptInverseOffers = structs.Call.AcceptInverseOffers
Call_DeclineInverseOffers = structs.Call.DeclineInverseOffers
Call_Revive = structs.Call.Revive
Call_Kill = structs.Call.Kill
Call_Shutdown = structs.Call.Shutdown
Call_Acknowledge = structs.Call.Acknowledge
Call_AcknowledgeOperationStatus = structs.Call.AcknowledgeOperationStatus
Call_Reconcile_Task = structs.Call.Reconcile.Task
Call_Reconcile = structs.Call.Reconcile
Call_ReconcileOperations_Operation = structs.Call.ReconcileOperations.Operation
Call_ReconcileOperations = structs.Call.ReconcileOperations
Call_Message = structs.Call.Message
Call_Request = structs.Call.Request
Call_Suppress = structs.Call.Suppress
Call_UpdateFramework = structs.Call.UpdateFramework
Call = structs.Call
Event_Subscribed = structs.Event.Subscribed
Event_Offers = structs.Event.Offers
Event_InverseOffers = structs.Event.InverseOffers
Event_Rescind = structs.Event.Rescind
Event_RescindInverseOffer = structs.Event.RescindInverseOffer
Event_Update = structs.Event.Update
Event_UpdateOperationStatus = structs.Event.UpdateOperationStatus
Event_Message = structs.Event.Message
Event_Failure = structs.Event.Failure
Event_Error = structs.Event.Error
Event = structs.Event
Response_ReconcileOperations = structs.Response.ReconcileOperations
Response = structs.Response
APIResult = structs.APIResult
AttributeConstraint_Selector_PseudoattributeType = structs.AttributeConstraint.Selector.PseudoattributeType
Call_Type = structs.Call.Type
Event_Type = structs.Event.Type
Response_Type = structs.Response.Type
t_AttributeConstraint_Selector_PseudoattributeType = numbered(AttributeConstraint_Selector_PseudoattributeType, {"UNKNOWN": 0, "HOSTNAME": 1, "REGION": 2, "ZONE": 3})
t_Call_Type = numbered(Call_Type, {"UNKNOWN": 0, "SUBSCRIBE": 1, "TEARDOWN": 2, "ACCEPT": 3, "DECLINE": 4, "ACCEPT_INVERSE_OFFERS": 13, "DECLINE_INVERSE_OFFERS": 14, "REVIVE": 5, "KILL": 6, "SHUTDOWN": 7, "ACKNOWLEDGE": 8, "ACKNOWLEDGE_OPERATION_STATUS": 15, "RECONCILE": 9, "RECONCILE_OPERATIONS": 16, "MESSAGE": 10, "REQUEST": 11, "SUPPRESS": 12, "UPDATE_FRAMEWORK": 17})
t_Event_Type = numbered(Event_Type, {"UNKNOWN": 0, "SUBSCRIBED": 1, "OFFERS": 2, "INVERSE_OFFERS": 9, "RESCIND": 3, "RESCIND_INVERSE_OFFER": 10, "UPDATE": 4, "UPDATE_OPERATION_STATUS": 11, "MESSAGE": 5, "FAILURE": 6, "ERROR": 7, "HEARTBEAT": 8})
t_Response_Type = numbered(Response_Type, {"UNKNOWN": 0, "RECONCILE_OPERATIONS": 1})
T_0a = heads('\x0a')
T_12 = heads('\x12')
T_1a = heads('\x1a')
W_0a = wrapped('\x0a')
W_12 = wrapped('\x12')
W_1a = wrapped('\x1a')
W_22 = wrapped('\x22')
W_2a = wrapped('\x2a')
W_32 = wrapped('\x32')
W_42 = wrapped('\x42')


def e_AttributeConstraint_Selector(m: AttributeConstraint_Selector) -> str:
    o = ''
    v1 = m.pseudoattribute_type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    x = m.attribute_name
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_12[n] if n < 128 else sized(18, n)}{x}'
    return o


def d_AttributeConstraint_Selector(b: bytes, e: int, j: int = 0, v1: AttributeConstraint_Selector_PseudoattributeType | None = None, v2: str | None = None) -> AttributeConstraint_Selector:
    if 3 < e < 128 and b[0] == 8 and (m1 := t_AttributeConstraint_Selector_PseudoattributeType.get(b[1])) is not None and b[2] == 18 and b[3] == e - 4:
        return AttributeConstraint_Selector(pseudoattribute_type=m1, attribute_name=b[4:].decode())
    while j < e:
        t = b[j]; i = j + 2
        if t == 8:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_AttributeConstraint_Selector_PseudoattributeType: v1 = t_AttributeConstraint_Selector_PseudoattributeType[n]; v2 = None
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
            v1 = None
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return AttributeConstraint_Selector(pseudoattribute_type=v1, attribute_name=v2)


def e_AttributeConstraint_Predicate_Exists(m: AttributeConstraint_Predicate_Exists) -> str:
    return ''


def d_AttributeConstraint_Predicate_Exists(b: bytes, e: int, j: int = 0) -> AttributeConstraint_Predicate_Exists:
    while j < e:
        j = unknown(b, j)
    if j != e: raise Malformed('the end is missing')
    return AttributeConstraint_Predicate_Exists()


def e_AttributeConstraint_Predicate_NotExists(m: AttributeConstraint_Predicate_NotExists) -> str:
    return ''


def d_AttributeConstraint_Predicate_NotExists(b: bytes, e: int, j: int = 0) -> AttributeConstraint_Predicate_NotExists:
    while j < e:
        j = unknown(b, j)
    if j != e: raise Malformed('the end is missing')
    return AttributeConstraint_Predicate_NotExists()


def e_AttributeConstraint_Predicate_TextEquals(m: AttributeConstraint_Predicate_TextEquals) -> str:
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_AttributeConstraint_Predicate_TextEquals(b: bytes, e: int, j: int = 0, v1: str | None = None) -> AttributeConstraint_Predicate_TextEquals:
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
    if v1 is None: raise Absent('AttributeConstraint.Predicate.TextEquals')
    return AttributeConstraint_Predicate_TextEquals(value=v1)


def e_AttributeConstraint_Predicate_TextNotEquals(m: AttributeConstraint_Predicate_TextNotEquals) -> str:
    s = m.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_AttributeConstraint_Predicate_TextNotEquals(b: bytes, e: int, j: int = 0, v1: str | None = None) -> AttributeConstraint_Predicate_TextNotEquals:
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
    if v1 is None: raise Absent('AttributeConstraint.Predicate.TextNotEquals')
    return AttributeConstraint_Predicate_TextNotEquals(value=v1)


def e_AttributeConstraint_Predicate_TextMatches(m: AttributeConstraint_Predicate_TextMatches) -> str:
    s = m.regex
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_AttributeConstraint_Predicate_TextMatches(b: bytes, e: int, j: int = 0, v1: str | None = None) -> AttributeConstraint_Predicate_TextMatches:
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
    if v1 is None: raise Absent('AttributeConstraint.Predicate.TextMatches')
    return AttributeConstraint_Predicate_TextMatches(regex=v1)


def e_AttributeConstraint_Predicate_TextNotMatches(m: AttributeConstraint_Predicate_TextNotMatches) -> str:
    s = m.regex
    if not s.isascii(): s = utf8(s)
    n = len(s)
    o = f'{T_0a[n] if n < 128 else sized(10, n)}{s}'
    return o


def d_AttributeConstraint_Predicate_TextNotMatches(b: bytes, e: int, j: int = 0, v1: str | None = None) -> AttributeConstraint_Predicate_TextNotMatches:
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
    if v1 is None: raise Absent('AttributeConstraint.Predicate.TextNotMatches')
    return AttributeConstraint_Predicate_TextNotMatches(regex=v1)


def e_AttributeConstraint_Predicate(m: AttributeConstraint_Predicate) -> str:
    o = ''
    v1 = m.exists
    if v1 is not None:
        s = e_AttributeConstraint_Predicate_Exists(v1); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.not_exists
    if v2 is not None:
        s = e_AttributeConstraint_Predicate_NotExists(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.text_equals
    if v3 is not None:
        s = v3.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_1a[n]}{s}'
        else: s = e_AttributeConstraint_Predicate_TextEquals(v3); n = len(s); o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.text_not_equals
    if v4 is not None:
        s = v4.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_22[n]}{s}'
        else: s = e_AttributeConstraint_Predicate_TextNotEquals(v4); n = len(s); o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.text_matches
    if v5 is not None:
        s = v5.regex
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_2a[n]}{s}'
        else: s = e_AttributeConstraint_Predicate_TextMatches(v5); n = len(s); o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v6 = m.text_not_matches
    if v6 is not None:
        s = v6.regex
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_32[n]}{s}'
        else: s = e_AttributeConstraint_Predicate_TextNotMatches(v6); n = len(s); o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_AttributeConstraint_Predicate(b: bytes, e: int, j: int = 0, v1: AttributeConstraint_Predicate_Exists | None = None, v2: AttributeConstraint_Predicate_NotExists | None = None, v3: AttributeConstraint_Predicate_TextEquals | None = None, v4: AttributeConstraint_Predicate_TextNotEquals | None = None, v5: AttributeConstraint_Predicate_TextMatches | None = None, v6: AttributeConstraint_Predicate_TextNotMatches | None = None) -> AttributeConstraint_Predicate:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('exists')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_AttributeConstraint_Predicate_Exists(b[i:j], n)
            v2 = None; v3 = None; v4 = None; v5 = None; v6 = None
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('not_exists')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_AttributeConstraint_Predicate_NotExists(b[i:j], n)
            v1 = None; v3 = None; v4 = None; v5 = None; v6 = None
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('text_equals')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v3 = AttributeConstraint_Predicate_TextEquals(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v3 = d_AttributeConstraint_Predicate_TextEquals(b[i:j], n)
            v1 = None; v2 = None; v4 = None; v5 = None; v6 = None
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('text_not_equals')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v4 = AttributeConstraint_Predicate_TextNotEquals(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v4 = d_AttributeConstraint_Predicate_TextNotEquals(b[i:j], n)
            v1 = None; v2 = None; v3 = None; v5 = None; v6 = None
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('text_matches')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v5 = AttributeConstraint_Predicate_TextMatches(regex=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v5 = d_AttributeConstraint_Predicate_TextMatches(b[i:j], n)
            v1 = None; v2 = None; v3 = None; v4 = None; v6 = None
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 50:
            if v6 is not None: raise Again('text_not_matches')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v6 = AttributeConstraint_Predicate_TextNotMatches(regex=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v6 = d_AttributeConstraint_Predicate_TextNotMatches(b[i:j], n)
            v1 = None; v2 = None; v3 = None; v4 = None; v5 = None
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26, 34, 42, 50,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return AttributeConstraint_Predicate(exists=v1, not_exists=v2, text_equals=v3, text_not_equals=v4, text_matches=v5, text_not_matches=v6)


def e_AttributeConstraint(m: AttributeConstraint) -> str:
    s = e_AttributeConstraint_Selector(m.selector); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = e_AttributeConstraint_Predicate(m.predicate); n = len(s)
    o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_AttributeConstraint(b: bytes, e: int, j: int = 0, v1: AttributeConstraint_Selector | None = None, v2: AttributeConstraint_Predicate | None = None) -> AttributeConstraint:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('selector')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1 = d_AttributeConstraint_Selector(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('predicate')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_AttributeConstraint_Predicate(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('AttributeConstraint')
    return AttributeConstraint(selector=v1, predicate=v2)


def e_OfferConstraints_RoleConstraints_Group(m: OfferConstraints_RoleConstraints_Group) -> str:
    o = ''
    if m.attribute_constraints:
        p = [o]
        for v1 in m.attribute_constraints:
            s = e_AttributeConstraint_Selector(v1.selector); n = len(s)
            q = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            s = e_AttributeConstraint_Predicate(v1.predicate); n = len(s)
            q += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_OfferConstraints_RoleConstraints_Group(b: bytes, e: int, j: int = 0) -> OfferConstraints_RoleConstraints_Group:
    v1: list[AttributeConstraint] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_AttributeConstraint(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return OfferConstraints_RoleConstraints_Group(attribute_constraints=v1)


def e_OfferConstraints_RoleConstraints(m: OfferConstraints_RoleConstraints) -> str:
    o = ''
    if m.groups:
        p = [o]
        for v1 in m.groups:
            s = e_OfferConstraints_RoleConstraints_Group(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_OfferConstraints_RoleConstraints(b: bytes, e: int, j: int = 0) -> OfferConstraints_RoleConstraints:
    v1: list[OfferConstraints_RoleConstraints_Group] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_OfferConstraints_RoleConstraints_Group(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return OfferConstraints_RoleConstraints(groups=v1)


def e_OfferConstraints(m: OfferConstraints) -> str:
    o = ''
    for c, v1 in m.role_constraints.items():
        s = pair(c, e_OfferConstraints_RoleConstraints(v1)); n = len(s)
        o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_OfferConstraints(b: bytes, e: int, j: int = 0) -> OfferConstraints:
    v1: dict[str, OfferConstraints_RoleConstraints] = {}
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            c, v1[c] = entry(b[i:j], n, d_OfferConstraints_RoleConstraints)
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return OfferConstraints(role_constraints=v1)


def e_Call_Subscribe(m: Call_Subscribe) -> str:
    s = e_FrameworkInfo(m.framework_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.suppressed_roles:
        p = [o]
        for v2 in m.suppressed_roles:
            s = v2
            if not s.isascii(): s = utf8(s)
            n = len(s)
            p.append(f'{T_12[n] if n < 128 else sized(18, n)}{s}')
        o = ''.join(p)
    v3 = m.offer_constraints
    if v3 is not None:
        s = e_OfferConstraints(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_Subscribe(b: bytes, e: int, j: int = 0, v1: FrameworkInfo | None = None, v3: OfferConstraints | None = None) -> Call_Subscribe:
    v2: list[str] = []
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
        while t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2.append(b[i:j].decode())
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 26:
                if v3 is not None: raise Again('offer_constraints')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v3 = d_OfferConstraints(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.Subscribe')
    return Call_Subscribe(framework_info=v1, suppressed_roles=v2, offer_constraints=v3)


def e_Call_Accept(m: Call_Accept) -> str:
    o = ''
    if m.offer_ids:
        p = [o]
        for v1 in m.offer_ids:
            s = v1.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: p.append(f'{W_0a[n]}{s}')
            else: s = e_OfferID(v1); n = len(s); p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    if m.operations:
        p = [o]
        for v2 in m.operations:
            s = e_Offer_Operation(v2); n = len(s)
            p.append(f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v3 = m.filters
    if v3 is not None:
        s = e_Filters(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_Accept(b: bytes, e: int, j: int = 0, v3: Filters | None = None) -> Call_Accept:
    v1: list[OfferID] = []
    v2: list[Offer_Operation] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1.append(OfferID(value=b[i + 2 : j].decode()))
            else: n, i = length(b, i - 1); j = i + n; v1.append(d_OfferID(b[i:j], n))
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
                v2.append(d_Offer_Operation(b[i:j], n))
                if j >= e: break
                t = b[j]; i = j + 2
            else:
                if t == 26:
                    if v3 is not None: raise Again('filters')
                    n = b[i - 1]
                    if n > 127:
                        t = b[i]; i += 1
                        if t < 128: n += (t << 7) - 128
                        else: n, i = length(b, i - 2)
                    j = i + n
                    v3 = d_Filters(b[i:j], n)
                    if j >= e: break
                    t = b[j]; i = j + 2
                j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_Accept(offer_ids=v1, operations=v2, filters=v3)


def e_Call_Decline(m: Call_Decline) -> str:
    o = ''
    if m.offer_ids:
        p = [o]
        for v1 in m.offer_ids:
            s = v1.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: p.append(f'{W_0a[n]}{s}')
            else: s = e_OfferID(v1); n = len(s); p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v2 = m.filters
    if v2 is not None:
        s = e_Filters(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_Decline(b: bytes, e: int, j: int = 0, v2: Filters | None = None) -> Call_Decline:
    v1: list[OfferID] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1.append(OfferID(value=b[i + 2 : j].decode()))
            else: n, i = length(b, i - 1); j = i + n; v1.append(d_OfferID(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 18:
                if v2 is not None: raise Again('filters')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v2 = d_Filters(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_Decline(offer_ids=v1, filters=v2)


def e_Call_AcceptInverseOffers(m: Call_AcceptInverseOffers) -> str:
    o = ''
    if m.inverse_offer_ids:
        p = [o]
        for v1 in m.inverse_offer_ids:
            s = v1.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: p.append(f'{W_0a[n]}{s}')
            else: s = e_OfferID(v1); n = len(s); p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v2 = m.filters
    if v2 is not None:
        s = e_Filters(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_AcceptInverseOffers(b: bytes, e: int, j: int = 0, v2: Filters | None = None) -> Call_AcceptInverseOffers:
    v1: list[OfferID] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1.append(OfferID(value=b[i + 2 : j].decode()))
            else: n, i = length(b, i - 1); j = i + n; v1.append(d_OfferID(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 18:
                if v2 is not None: raise Again('filters')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v2 = d_Filters(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_AcceptInverseOffers(inverse_offer_ids=v1, filters=v2)


def e_Call_DeclineInverseOffers(m: Call_DeclineInverseOffers) -> str:
    o = ''
    if m.inverse_offer_ids:
        p = [o]
        for v1 in m.inverse_offer_ids:
            s = v1.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: p.append(f'{W_0a[n]}{s}')
            else: s = e_OfferID(v1); n = len(s); p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    v2 = m.filters
    if v2 is not None:
        s = e_Filters(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_DeclineInverseOffers(b: bytes, e: int, j: int = 0, v2: Filters | None = None) -> Call_DeclineInverseOffers:
    v1: list[OfferID] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1.append(OfferID(value=b[i + 2 : j].decode()))
            else: n, i = length(b, i - 1); j = i + n; v1.append(d_OfferID(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 18:
                if v2 is not None: raise Again('filters')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v2 = d_Filters(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_DeclineInverseOffers(inverse_offer_ids=v1, filters=v2)


def e_Call_Revive(m: Call_Revive) -> str:
    o = ''
    if m.roles:
        p = [o]
        for v1 in m.roles:
            s = v1
            if not s.isascii(): s = utf8(s)
            n = len(s)
            p.append(f'{T_0a[n] if n < 128 else sized(10, n)}{s}')
        o = ''.join(p)
    return o


def d_Call_Revive(b: bytes, e: int, j: int = 0) -> Call_Revive:
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
    return Call_Revive(roles=v1)


def e_Call_Kill(m: Call_Kill) -> str:
    o = ''
    s = m.task_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_TaskID(m.task_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.agent_id
    if v2 is not None:
        s = v2.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_12[n]}{s}'
        else: s = e_AgentID(v2); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.kill_policy
    if v3 is not None:
        s = e_KillPolicy(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_Kill(b: bytes, e: int, j: int = 0, v1: TaskID | None = None, v2: AgentID | None = None, v3: KillPolicy | None = None) -> Call_Kill:
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
            if v2 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('kill_policy')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_KillPolicy(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.Kill')
    return Call_Kill(task_id=v1, agent_id=v2, kill_policy=v3)


def e_Call_Shutdown(m: Call_Shutdown) -> str:
    o = ''
    s = m.executor_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_ExecutorID(m.executor_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_Shutdown(b: bytes, e: int, j: int = 0, v1: ExecutorID | None = None, v2: AgentID | None = None) -> Call_Shutdown:
    if 3 < e < 128 and b[0] == 10 and b[2] == 10 and b[3] == b[1] - 2 and (n1 := b[1] + 2) + 3 < e and b[n1] == 18 and b[n1 + 2] == 10 and b[n1 + 3] == b[n1 + 1] - 2 and b[n1 + 1] == e - n1 - 2:
        return Call_Shutdown(executor_id=ExecutorID(value=b[4:n1].decode()), agent_id=AgentID(value=b[n1 + 4:].decode()))
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
            if v2 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None: raise Absent('Call.Shutdown')
    return Call_Shutdown(executor_id=v1, agent_id=v2)


def e_Call_Acknowledge(m: Call_Acknowledge) -> str:
    o = ''
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.task_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_TaskID(m.task_id); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.uuid.decode('latin-1'); n = len(s)
    o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    return o


def d_Call_Acknowledge(b: bytes, e: int, j: int = 0, v1: AgentID | None = None, v2: TaskID | None = None, v3: bytes | None = None) -> Call_Acknowledge:
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
            if v2 is not None: raise Again('task_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = TaskID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_TaskID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = b[i:j]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None: raise Absent('Call.Acknowledge')
    return Call_Acknowledge(agent_id=v1, task_id=v2, uuid=v3)


def e_Call_AcknowledgeOperationStatus(m: Call_AcknowledgeOperationStatus) -> str:
    o = ''
    v1 = m.agent_id
    if v1 is not None:
        s = v1.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_0a[n]}{s}'
        else: s = e_AgentID(v1); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.resource_provider_id
    if v2 is not None:
        s = v2.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_12[n]}{s}'
        else: s = e_ResourceProviderID(v2); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.uuid.decode('latin-1'); n = len(s)
    o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    s = m.operation_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_22[n]}{s}'
    else: s = e_OperationID(m.operation_id); n = len(s); o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_AcknowledgeOperationStatus(b: bytes, e: int, j: int = 0, v1: AgentID | None = None, v2: ResourceProviderID | None = None, v3: bytes | None = None, v4: OperationID | None = None) -> Call_AcknowledgeOperationStatus:
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
            if v2 is not None: raise Again('resource_provider_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = ResourceProviderID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_ResourceProviderID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
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
            if v4 is not None: raise Again('operation_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v4 = OperationID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v4 = d_OperationID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26, 34,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v3 is None or v4 is None: raise Absent('Call.AcknowledgeOperationStatus')
    return Call_AcknowledgeOperationStatus(agent_id=v1, resource_provider_id=v2, uuid=v3, operation_id=v4)


def e_Call_Reconcile_Task(m: Call_Reconcile_Task) -> str:
    o = ''
    s = m.task_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_TaskID(m.task_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.agent_id
    if v2 is not None:
        s = v2.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_12[n]}{s}'
        else: s = e_AgentID(v2); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_Reconcile_Task(b: bytes, e: int, j: int = 0, v1: TaskID | None = None, v2: AgentID | None = None) -> Call_Reconcile_Task:
    if 3 < e < 128 and b[0] == 10 and b[2] == 10 and b[3] == b[1] - 2 and (n1 := b[1] + 2) + 3 < e and b[n1] == 18 and b[n1 + 2] == 10 and b[n1 + 3] == b[n1 + 1] - 2 and b[n1 + 1] == e - n1 - 2:
        return Call_Reconcile_Task(task_id=TaskID(value=b[4:n1].decode()), agent_id=AgentID(value=b[n1 + 4:].decode()))
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
            if v2 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.Reconcile.Task')
    return Call_Reconcile_Task(task_id=v1, agent_id=v2)


def e_Call_Reconcile(m: Call_Reconcile) -> str:
    o = ''
    if m.tasks:
        p = [o]
        for v1 in m.tasks:
            q = ''
            s = v1.task_id.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: q += f'{W_0a[n]}{s}'
            else: s = e_TaskID(v1.task_id); n = len(s); q += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            w2 = v1.agent_id
            if w2 is not None:
                s = w2.value
                if not s.isascii(): s = utf8(s)
                n = len(s)
                if n < 126: q += f'{W_12[n]}{s}'
                else: s = e_AgentID(w2); n = len(s); q += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Call_Reconcile(b: bytes, e: int, j: int = 0) -> Call_Reconcile:
    v1: list[Call_Reconcile_Task] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Call_Reconcile_Task(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_Reconcile(tasks=v1)


def e_Call_ReconcileOperations_Operation(m: Call_ReconcileOperations_Operation) -> str:
    o = ''
    s = m.operation_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_OperationID(m.operation_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.agent_id
    if v2 is not None:
        s = v2.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_12[n]}{s}'
        else: s = e_AgentID(v2); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.resource_provider_id
    if v3 is not None:
        s = v3.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_1a[n]}{s}'
        else: s = e_ResourceProviderID(v3); n = len(s); o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_ReconcileOperations_Operation(b: bytes, e: int, j: int = 0, v1: OperationID | None = None, v2: AgentID | None = None, v3: ResourceProviderID | None = None) -> Call_ReconcileOperations_Operation:
    if 3 < e < 128 and b[0] == 10 and b[2] == 10 and b[3] == b[1] - 2 and (n1 := b[1] + 2) + 3 < e and b[n1] == 18 and b[n1 + 2] == 10 and b[n1 + 3] == b[n1 + 1] - 2 and (n2 := b[n1 + 1] + n1 + 2) + 3 < e and b[n2] == 26 and b[n2 + 2] == 10 and b[n2 + 3] == b[n2 + 1] - 2 and b[n2 + 1] == e - n2 - 2:
        return Call_ReconcileOperations_Operation(operation_id=OperationID(value=b[4:n1].decode()), agent_id=AgentID(value=b[n1 + 4:n2].decode()), resource_provider_id=ResourceProviderID(value=b[n2 + 4:].decode()))
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('operation_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = OperationID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_OperationID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 18:
            if v2 is not None: raise Again('agent_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = AgentID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_AgentID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('resource_provider_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v3 = ResourceProviderID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v3 = d_ResourceProviderID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.ReconcileOperations.Operation')
    return Call_ReconcileOperations_Operation(operation_id=v1, agent_id=v2, resource_provider_id=v3)


def e_Call_ReconcileOperations(m: Call_ReconcileOperations) -> str:
    o = ''
    if m.operations:
        p = [o]
        for v1 in m.operations:
            q = ''
            s = v1.operation_id.value
            if not s.isascii(): s = utf8(s)
            n = len(s)
            if n < 126: q += f'{W_0a[n]}{s}'
            else: s = e_OperationID(v1.operation_id); n = len(s); q += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            w2 = v1.agent_id
            if w2 is not None:
                s = w2.value
                if not s.isascii(): s = utf8(s)
                n = len(s)
                if n < 126: q += f'{W_12[n]}{s}'
                else: s = e_AgentID(w2); n = len(s); q += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            w3 = v1.resource_provider_id
            if w3 is not None:
                s = w3.value
                if not s.isascii(): s = utf8(s)
                n = len(s)
                if n < 126: q += f'{W_1a[n]}{s}'
                else: s = e_ResourceProviderID(w3); n = len(s); q += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
            n = len(q)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{q}')
        o = ''.join(p)
    return o


def d_Call_ReconcileOperations(b: bytes, e: int, j: int = 0) -> Call_ReconcileOperations:
    v1: list[Call_ReconcileOperations_Operation] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Call_ReconcileOperations_Operation(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_ReconcileOperations(operations=v1)


def e_Call_Message(m: Call_Message) -> str:
    o = ''
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.executor_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_ExecutorID(m.executor_id); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.data.decode('latin-1'); n = len(s)
    o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    return o


def d_Call_Message(b: bytes, e: int, j: int = 0, v1: AgentID | None = None, v2: ExecutorID | None = None, v3: bytes | None = None) -> Call_Message:
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
            v3 = b[i:j]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None: raise Absent('Call.Message')
    return Call_Message(agent_id=v1, executor_id=v2, data=v3)


def e_Call_Request(m: Call_Request) -> str:
    o = ''
    if m.requests:
        p = [o]
        for v1 in m.requests:
            s = e_Request(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Call_Request(b: bytes, e: int, j: int = 0) -> Call_Request:
    v1: list[Request] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Request(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Call_Request(requests=v1)


def e_Call_Suppress(m: Call_Suppress) -> str:
    o = ''
    if m.roles:
        p = [o]
        for v1 in m.roles:
            s = v1
            if not s.isascii(): s = utf8(s)
            n = len(s)
            p.append(f'{T_0a[n] if n < 128 else sized(10, n)}{s}')
        o = ''.join(p)
    return o


def d_Call_Suppress(b: bytes, e: int, j: int = 0) -> Call_Suppress:
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
    return Call_Suppress(roles=v1)


def e_Call_UpdateFramework(m: Call_UpdateFramework) -> str:
    s = e_FrameworkInfo(m.framework_info); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.suppressed_roles:
        p = [o]
        for v2 in m.suppressed_roles:
            s = v2
            if not s.isascii(): s = utf8(s)
            n = len(s)
            p.append(f'{T_12[n] if n < 128 else sized(18, n)}{s}')
        o = ''.join(p)
    v3 = m.offer_constraints
    if v3 is not None:
        s = e_OfferConstraints(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call_UpdateFramework(b: bytes, e: int, j: int = 0, v1: FrameworkInfo | None = None, v3: OfferConstraints | None = None) -> Call_UpdateFramework:
    v2: list[str] = []
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
        while t == 18:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2.append(b[i:j].decode())
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            if t == 26:
                if v3 is not None: raise Again('offer_constraints')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v3 = d_OfferConstraints(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Call.UpdateFramework')
    return Call_UpdateFramework(framework_info=v1, suppressed_roles=v2, offer_constraints=v3)


def e_Call(m: Call) -> str:
    o = ''
    v1 = m.framework_id
    if v1 is not None:
        s = v1.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_0a[n]}{s}'
        else: s = e_FrameworkID(v1); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.type
    if v2 is not None:
        o += f'\x10{v2.wire}'
    if m.subscribe is not None:
        v3 = m.subscribe
        s = e_Call_Subscribe(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v4 = m.accept
    if v4 is not None:
        s = e_Call_Accept(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.decline
    if v5 is not None:
        s = e_Call_Decline(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.kill is not None:
        v6 = m.kill
        s = e_Call_Kill(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.shutdown is not None:
        v7 = m.shutdown
        s = e_Call_Shutdown(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v8 = m.acknowledge
    if v8 is not None:
        s = e_Call_Acknowledge(v8); n = len(s)
        o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.reconcile is not None:
        v9 = m.reconcile
        s = e_Call_Reconcile(v9); n = len(s)
        o += f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.message is not None:
        v10 = m.message
        s = e_Call_Message(v10); n = len(s)
        o += f'\x52{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.request is not None:
        v11 = m.request
        s = e_Call_Request(v11); n = len(s)
        o += f'\x5a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.accept_inverse_offers is not None:
        v13 = m.accept_inverse_offers
        s = e_Call_AcceptInverseOffers(v13); n = len(s)
        o += f'\x6a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.decline_inverse_offers is not None:
        v14 = m.decline_inverse_offers
        s = e_Call_DeclineInverseOffers(v14); n = len(s)
        o += f'\x72{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.revive is not None:
        v15 = m.revive
        s = e_Call_Revive(v15); n = len(s)
        o += f'\x7a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.suppress is not None:
        v16 = m.suppress
        s = e_Call_Suppress(v16); n = len(s)
        o += f'\x82\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.acknowledge_operation_status is not None:
        v17 = m.acknowledge_operation_status
        s = e_Call_AcknowledgeOperationStatus(v17); n = len(s)
        o += f'\x8a\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.reconcile_operations is not None:
        v18 = m.reconcile_operations
        s = e_Call_ReconcileOperations(v18); n = len(s)
        o += f'\x92\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.update_framework is not None:
        v19 = m.update_framework
        s = e_Call_UpdateFramework(v19); n = len(s)
        o += f'\x9a\x01{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Call(b: bytes, e: int, j: int = 0, v1: FrameworkID | None = None, v2: Call_Type | None = None, v3: Call_Subscribe | None = None, v4: Call_Accept | None = None, v5: Call_Decline | None = None, v6: Call_Kill | None = None, v7: Call_Shutdown | None = None, v8: Call_Acknowledge | None = None, v9: Call_Reconcile | None = None, v10: Call_Message | None = None, v11: Call_Request | None = None, v13: Call_AcceptInverseOffers | None = None, v14: Call_DeclineInverseOffers | None = None, v15: Call_Revive | None = None, v16: Call_Suppress | None = None, v17: Call_AcknowledgeOperationStatus | None = None, v18: Call_ReconcileOperations | None = None, v19: Call_UpdateFramework | None = None, r: bool = False) -> Call:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('framework_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = FrameworkID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_FrameworkID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 16:
            n = b[i - 1]; j = i
            if n > 127:
                n, j = varint(b, i - 1)
                if n >> 31: n = int32(n)
            if n in t_Call_Type: v2 = t_Call_Type[n]
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            r = True
            if v3 is not None: raise Again('subscribe')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Call_Subscribe(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            if v4 is not None: raise Again('accept')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Call_Accept(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 42:
            if v5 is not None: raise Again('decline')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v5 = d_Call_Decline(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t < 66:
            if t == 50:
                r = True
                if v6 is not None: raise Again('kill')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v6 = d_Call_Kill(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 58:
                r = True
                if v7 is not None: raise Again('shutdown')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v7 = d_Call_Shutdown(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
        if t == 66:
            if v8 is not None: raise Again('acknowledge')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v8 = d_Call_Acknowledge(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t < 130:
            if t == 74:
                r = True
                if v9 is not None: raise Again('reconcile')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v9 = d_Call_Reconcile(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 82:
                r = True
                if v10 is not None: raise Again('message')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v10 = d_Call_Message(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 90:
                r = True
                if v11 is not None: raise Again('request')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v11 = d_Call_Request(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 106:
                r = True
                if v13 is not None: raise Again('accept_inverse_offers')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v13 = d_Call_AcceptInverseOffers(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 114:
                r = True
                if v14 is not None: raise Again('decline_inverse_offers')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v14 = d_Call_DeclineInverseOffers(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 122:
                r = True
                if v15 is not None: raise Again('revive')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v15 = d_Call_Revive(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
        if t == 130 and b[i - 1] == 1:
            i += 1
            r = True
            if v16 is not None: raise Again('suppress')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v16 = d_Call_Suppress(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 138 and b[i - 1] == 1:
            i += 1
            r = True
            if v17 is not None: raise Again('acknowledge_operation_status')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v17 = d_Call_AcknowledgeOperationStatus(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 146 and b[i - 1] == 1:
            i += 1
            r = True
            if v18 is not None: raise Again('reconcile_operations')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v18 = d_Call_ReconcileOperations(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 154 and b[i - 1] == 1:
            i += 1
            r = True
            if v19 is not None: raise Again('update_framework')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v19 = d_Call_UpdateFramework(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 16, 26, 34, 42, 50, 58, 66, 74, 82, 90, 106, 114, 122,) or (t in (130, 138, 146, 154,) and b[i - 1] == 1) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if not r: return Call(framework_id=v1, type=v2, accept=v4, decline=v5, acknowledge=v8)
    return Call(framework_id=v1, type=v2, subscribe=v3, accept=v4, decline=v5, accept_inverse_offers=v13, decline_inverse_offers=v14, revive=v15, kill=v6, shutdown=v7, acknowledge=v8, acknowledge_operation_status=v17, reconcile=v9, reconcile_operations=v18, message=v10, request=v11, suppress=v16, update_framework=v19)


def e_Event_Subscribed(m: Event_Subscribed) -> str:
    o = ''
    s = m.framework_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_FrameworkID(m.framework_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.heartbeat_interval_seconds
    if v2 is not None:
        o += f'\x11{packed(v2).decode("latin-1")}'
    v3 = m.master_info
    if v3 is not None:
        s = e_MasterInfo(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_Subscribed(b: bytes, e: int, j: int = 0, v1: FrameworkID | None = None, v2: float | None = None, v3: MasterInfo | None = None) -> Event_Subscribed:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('framework_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = FrameworkID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_FrameworkID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 17:
            v2 = double(b, i - 1)[0]; j = i + 7
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('master_info')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_MasterInfo(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 17, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.Subscribed')
    return Event_Subscribed(framework_id=v1, heartbeat_interval_seconds=v2, master_info=v3)


def e_Event_Offers(m: Event_Offers) -> str:
    o = ''
    if m.offers:
        p = [o]
        for v1 in m.offers:
            s = e_Offer(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Event_Offers(b: bytes, e: int, j: int = 0) -> Event_Offers:
    v1: list[Offer] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_Offer(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Event_Offers(offers=v1)


def e_Event_InverseOffers(m: Event_InverseOffers) -> str:
    o = ''
    if m.inverse_offers:
        p = [o]
        for v1 in m.inverse_offers:
            s = e_InverseOffer(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Event_InverseOffers(b: bytes, e: int, j: int = 0) -> Event_InverseOffers:
    v1: list[InverseOffer] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_InverseOffer(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Event_InverseOffers(inverse_offers=v1)


def e_Event_Rescind(m: Event_Rescind) -> str:
    o = ''
    s = m.offer_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_OfferID(m.offer_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_Rescind(b: bytes, e: int, j: int = 0, v1: OfferID | None = None) -> Event_Rescind:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('offer_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = OfferID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_OfferID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.Rescind')
    return Event_Rescind(offer_id=v1)


def e_Event_RescindInverseOffer(m: Event_RescindInverseOffer) -> str:
    o = ''
    s = m.inverse_offer_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_OfferID(m.inverse_offer_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_RescindInverseOffer(b: bytes, e: int, j: int = 0, v1: OfferID | None = None) -> Event_RescindInverseOffer:
    while j < e:
        t = b[j]; i = j + 2
        if t == 10:
            if v1 is not None: raise Again('inverse_offer_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v1 = OfferID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v1 = d_OfferID(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.RescindInverseOffer')
    return Event_RescindInverseOffer(inverse_offer_id=v1)


def e_Event_Update(m: Event_Update) -> str:
    s = e_TaskStatus(m.status); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_Update(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: TaskStatus | None = None) -> Event_Update:
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
    if v1 is None: raise Absent('Event.Update')
    return Event_Update(status=v1)


def e_Event_UpdateOperationStatus(m: Event_UpdateOperationStatus) -> str:
    s = e_OperationStatus(m.status); n = len(s)
    o = f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event_UpdateOperationStatus(b: bytes, e: int, j: int = 0, v1: OperationStatus | None = None) -> Event_UpdateOperationStatus:
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
            v1 = d_OperationStatus(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('Event.UpdateOperationStatus')
    return Event_UpdateOperationStatus(status=v1)


def e_Event_Message(m: Event_Message) -> str:
    o = ''
    s = m.agent_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_0a[n]}{s}'
    else: s = e_AgentID(m.agent_id); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.executor_id.value
    if not s.isascii(): s = utf8(s)
    n = len(s)
    if n < 126: o += f'{W_12[n]}{s}'
    else: s = e_ExecutorID(m.executor_id); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    s = m.data.decode('latin-1'); n = len(s)
    o += f'{T_1a[n] if n < 128 else sized(26, n)}{s}'
    return o


def d_Event_Message(b: bytes, e: int, j: int = 0, v1: AgentID | None = None, v2: ExecutorID | None = None, v3: bytes | None = None) -> Event_Message:
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
            v3 = b[i:j]
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (10, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None or v2 is None or v3 is None: raise Absent('Event.Message')
    return Event_Message(agent_id=v1, executor_id=v2, data=v3)


def e_Event_Failure(m: Event_Failure) -> str:
    o = ''
    v1 = m.agent_id
    if v1 is not None:
        s = v1.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_0a[n]}{s}'
        else: s = e_AgentID(v1); n = len(s); o += f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v2 = m.executor_id
    if v2 is not None:
        s = v2.value
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_12[n]}{s}'
        else: s = e_ExecutorID(v2); n = len(s); o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.status
    if v3 is not None:
        o += f'\x18{int32_text(v3) if v3 >> 14 else SHORT[v3]}'
    return o


def d_Event_Failure(b: bytes, e: int, j: int = 0, v1: AgentID | None = None, v2: ExecutorID | None = None, v3: int | None = None) -> Event_Failure:
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
            if v2 is not None: raise Again('executor_id')
            n = b[i - 1]; j = i + n
            if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v2 = ExecutorID(value=b[i + 2 : j].decode())
            else: n, i = length(b, i - 1); j = i + n; v2 = d_ExecutorID(b[i:j], n)
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
    return Event_Failure(agent_id=v1, executor_id=v2, status=v3)


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
    if m.subscribed is not None:
        v2 = m.subscribed
        s = e_Event_Subscribed(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v3 = m.offers
    if v3 is not None:
        s = e_Event_Offers(v3); n = len(s)
        o += f'\x1a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.rescind is not None:
        v4 = m.rescind
        s = e_Event_Rescind(v4); n = len(s)
        o += f'\x22{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    v5 = m.update
    if v5 is not None:
        s = e_Event_Update(v5); n = len(s)
        o += f'\x2a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.message is not None:
        v6 = m.message
        s = e_Event_Message(v6); n = len(s)
        o += f'\x32{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.failure is not None:
        v7 = m.failure
        s = e_Event_Failure(v7); n = len(s)
        o += f'\x3a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.error is not None:
        v8 = m.error
        s = v8.message
        if not s.isascii(): s = utf8(s)
        n = len(s)
        if n < 126: o += f'{W_42[n]}{s}'
        else: s = e_Event_Error(v8); n = len(s); o += f'\x42{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.inverse_offers is not None:
        v9 = m.inverse_offers
        s = e_Event_InverseOffers(v9); n = len(s)
        o += f'\x4a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.rescind_inverse_offer is not None:
        v10 = m.rescind_inverse_offer
        s = e_Event_RescindInverseOffer(v10); n = len(s)
        o += f'\x52{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    if m.update_operation_status is not None:
        v11 = m.update_operation_status
        s = e_Event_UpdateOperationStatus(v11); n = len(s)
        o += f'\x5a{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Event(b: bytes, e: int, k: int = DEPTH, j: int = 0, v1: Event_Type | None = None, v2: Event_Subscribed | None = None, v3: Event_Offers | None = None, v4: Event_Rescind | None = None, v5: Event_Update | None = None, v6: Event_Message | None = None, v7: Event_Failure | None = None, v8: Event_Error | None = None, v9: Event_InverseOffers | None = None, v10: Event_RescindInverseOffer | None = None, v11: Event_UpdateOperationStatus | None = None, r: bool = False) -> Event:
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
            r = True
            if v2 is not None: raise Again('subscribed')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Event_Subscribed(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 26:
            if v3 is not None: raise Again('offers')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v3 = d_Event_Offers(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        if t == 34:
            r = True
            if v4 is not None: raise Again('rescind')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v4 = d_Event_Rescind(b[i:j], n)
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
            v5 = d_Event_Update(b[i:j], n, k - 1)
            if j >= e: break
            t = b[j]; i = j + 2
        if t < 90:
            if t == 50:
                r = True
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
                r = True
                if v7 is not None: raise Again('failure')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v7 = d_Event_Failure(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 66:
                r = True
                if v8 is not None: raise Again('error')
                n = b[i - 1]; j = i + n
                if 1 < n < 128 and b[i] == 10 and b[i + 1] == n - 2: v8 = Event_Error(message=b[i + 2 : j].decode())
                else: n, i = length(b, i - 1); j = i + n; v8 = d_Event_Error(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 74:
                r = True
                if v9 is not None: raise Again('inverse_offers')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v9 = d_Event_InverseOffers(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
            if t == 82:
                r = True
                if v10 is not None: raise Again('rescind_inverse_offer')
                n = b[i - 1]
                if n > 127:
                    t = b[i]; i += 1
                    if t < 128: n += (t << 7) - 128
                    else: n, i = length(b, i - 2)
                j = i + n
                v10 = d_Event_RescindInverseOffer(b[i:j], n)
                if j >= e: break
                t = b[j]; i = j + 2
        if t == 90:
            r = True
            if v11 is not None: raise Again('update_operation_status')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v11 = d_Event_UpdateOperationStatus(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18, 26, 34, 42, 50, 58, 66, 74, 82, 90,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if not r: return Event(type=v1, offers=v3, update=v5)
    return Event(type=v1, subscribed=v2, offers=v3, inverse_offers=v9, rescind=v4, rescind_inverse_offer=v10, update=v5, update_operation_status=v11, message=v6, failure=v7, error=v8)


def e_Response_ReconcileOperations(m: Response_ReconcileOperations) -> str:
    o = ''
    if m.operation_statuses:
        p = [o]
        for v1 in m.operation_statuses:
            s = e_OperationStatus(v1); n = len(s)
            p.append(f'\x0a{SHORT[n] if n < 16384 else varint_text(n)}{s}')
        o = ''.join(p)
    return o


def d_Response_ReconcileOperations(b: bytes, e: int, j: int = 0) -> Response_ReconcileOperations:
    v1: list[OperationStatus] = []
    while j < e:
        t = b[j]; i = j + 2
        while t == 10:
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v1.append(d_OperationStatus(b[i:j], n))
            if j >= e: break
            t = b[j]; i = j + 2
        else:
            j = i - 2 if t in (10,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response_ReconcileOperations(operation_statuses=v1)


def e_Response(m: Response) -> str:
    o = ''
    v1 = m.type
    if v1 is not None:
        o += f'\x08{v1.wire}'
    v2 = m.reconcile_operations
    if v2 is not None:
        s = e_Response_ReconcileOperations(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    return o


def d_Response(b: bytes, e: int, j: int = 0, v1: Response_Type | None = None, v2: Response_ReconcileOperations | None = None) -> Response:
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
            if v2 is not None: raise Again('reconcile_operations')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Response_ReconcileOperations(b[i:j], n)
            if j >= e: break
            t = b[j]; i = j + 2
        j = i - 2 if t in (8, 18,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    return Response(type=v1, reconcile_operations=v2)


def e_APIResult(m: APIResult) -> str:
    i = m.status_code
    o = f'\x08{uint32_text(i) if i >> 14 else SHORT[i]}'
    v2 = m.response
    if v2 is not None:
        s = e_Response(v2); n = len(s)
        o += f'\x12{SHORT[n] if n < 16384 else varint_text(n)}{s}'
    x = m.error
    if x is not None:
        if not x.isascii(): x = utf8(x)
        n = len(x)
        o += f'{T_1a[n] if n < 128 else sized(26, n)}{x}'
    return o


def d_APIResult(b: bytes, e: int, j: int = 0, v1: int | None = None, v2: Response | None = None, v3: str | None = None) -> APIResult:
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
            if v2 is not None: raise Again('response')
            n = b[i - 1]
            if n > 127:
                t = b[i]; i += 1
                if t < 128: n += (t << 7) - 128
                else: n, i = length(b, i - 2)
            j = i + n
            v2 = d_Response(b[i:j], n)
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
        j = i - 2 if t in (8, 18, 26,) else unknown(b, i - 2)
    if j != e: raise Malformed('the end is missing')
    if v1 is None: raise Absent('APIResult')
    return APIResult(status_code=v1, response=v2, error=v3)


@cache
def shapes() -> dict[str, Shape]:
    return {
        "AttributeConstraint_Predicate": {
            10: (True, "scheduler.AttributeConstraint_Predicate_Exists", (18, 26, 34, 42, 50,)),
            18: (True, "scheduler.AttributeConstraint_Predicate_NotExists", (10, 26, 34, 42, 50,)),
            26: (True, "scheduler.AttributeConstraint_Predicate_TextEquals", (10, 18, 34, 42, 50,)),
            34: (True, "scheduler.AttributeConstraint_Predicate_TextNotEquals", (10, 18, 26, 42, 50,)),
            42: (True, "scheduler.AttributeConstraint_Predicate_TextMatches", (10, 18, 26, 34, 50,)),
            50: (True, "scheduler.AttributeConstraint_Predicate_TextNotMatches", (10, 18, 26, 34, 42,)),
        },
        "AttributeConstraint": {
            10: (True, "scheduler.AttributeConstraint_Selector", ()),
            18: (True, "scheduler.AttributeConstraint_Predicate", ()),
        },
        "OfferConstraints_RoleConstraints_Group": {
            10: (False, "scheduler.AttributeConstraint", ()),
        },
        "OfferConstraints_RoleConstraints": {
            10: (False, "scheduler.OfferConstraints_RoleConstraints_Group", ()),
        },
        "OfferConstraints": {
            10: (False, "scheduler.OfferConstraints.role_constraints", ()),
        },
        "OfferConstraints.role_constraints": {18: (True, "scheduler.OfferConstraints_RoleConstraints", ())},
        "Call_Subscribe": {
            10: (True, "cluster.FrameworkInfo", ()),
            26: (True, "scheduler.OfferConstraints", ()),
        },
        "Call_Accept": {
            10: (False, "common.OfferID", ()),
            18: (False, "cluster.Offer_Operation", ()),
            26: (True, "common.Filters", ()),
        },
        "Call_Decline": {
            10: (False, "common.OfferID", ()),
            18: (True, "common.Filters", ()),
        },
        "Call_AcceptInverseOffers": {
            10: (False, "common.OfferID", ()),
            18: (True, "common.Filters", ()),
        },
        "Call_DeclineInverseOffers": {
            10: (False, "common.OfferID", ()),
            18: (True, "common.Filters", ()),
        },
        "Call_Kill": {
            10: (True, "common.TaskID", ()),
            18: (True, "common.AgentID", ()),
            26: (True, "tasks.KillPolicy", ()),
        },
        "Call_Shutdown": {
            10: (True, "common.ExecutorID", ()),
            18: (True, "common.AgentID", ()),
        },
        "Call_Acknowledge": {
            10: (True, "common.AgentID", ()),
            18: (True, "common.TaskID", ()),
        },
        "Call_AcknowledgeOperationStatus": {
            10: (True, "common.AgentID", ()),
            18: (True, "common.ResourceProviderID", ()),
            34: (True, "common.OperationID", ()),
        },
        "Call_Reconcile_Task": {
            10: (True, "common.TaskID", ()),
            18: (True, "common.AgentID", ()),
        },
        "Call_Reconcile": {
            10: (False, "scheduler.Call_Reconcile_Task", ()),
        },
        "Call_ReconcileOperations_Operation": {
            10: (True, "common.OperationID", ()),
            18: (True, "common.AgentID", ()),
            26: (True, "common.ResourceProviderID", ()),
        },
        "Call_ReconcileOperations": {
            10: (False, "scheduler.Call_ReconcileOperations_Operation", ()),
        },
        "Call_Message": {
            10: (True, "common.AgentID", ()),
            18: (True, "common.ExecutorID", ()),
        },
        "Call_Request": {
            10: (False, "cluster.Request", ()),
        },
        "Call_UpdateFramework": {
            10: (True, "cluster.FrameworkInfo", ()),
            26: (True, "scheduler.OfferConstraints", ()),
        },
        "Call": {
            10: (True, "common.FrameworkID", ()),
            26: (True, "scheduler.Call_Subscribe", ()),
            34: (True, "scheduler.Call_Accept", ()),
            42: (True, "scheduler.Call_Decline", ()),
            106: (True, "scheduler.Call_AcceptInverseOffers", ()),
            114: (True, "scheduler.Call_DeclineInverseOffers", ()),
            122: (True, "scheduler.Call_Revive", ()),
            50: (True, "scheduler.Call_Kill", ()),
            58: (True, "scheduler.Call_Shutdown", ()),
            66: (True, "scheduler.Call_Acknowledge", ()),
            138: (True, "scheduler.Call_AcknowledgeOperationStatus", ()),
            74: (True, "scheduler.Call_Reconcile", ()),
            146: (True, "scheduler.Call_ReconcileOperations", ()),
            82: (True, "scheduler.Call_Message", ()),
            90: (True, "scheduler.Call_Request", ()),
            130: (True, "scheduler.Call_Suppress", ()),
            154: (True, "scheduler.Call_UpdateFramework", ()),
        },
        "Event_Subscribed": {
            10: (True, "common.FrameworkID", ()),
            26: (True, "cluster.MasterInfo", ()),
        },
        "Event_Offers": {
            10: (False, "cluster.Offer", ()),
        },
        "Event_InverseOffers": {
            10: (False, "cluster.InverseOffer", ()),
        },
        "Event_Rescind": {
            10: (True, "common.OfferID", ()),
        },
        "Event_RescindInverseOffer": {
            10: (True, "common.OfferID", ()),
        },
        "Event_Update": {
            10: (True, "tasks.TaskStatus", ()),
        },
        "Event_UpdateOperationStatus": {
            10: (True, "cluster.OperationStatus", ()),
        },
        "Event_Message": {
            10: (True, "common.AgentID", ()),
            18: (True, "common.ExecutorID", ()),
        },
        "Event_Failure": {
            10: (True, "common.AgentID", ()),
            18: (True, "common.ExecutorID", ()),
        },
        "Event": {
            18: (True, "scheduler.Event_Subscribed", ()),
            26: (True, "scheduler.Event_Offers", ()),
            74: (True, "scheduler.Event_InverseOffers", ()),
            34: (True, "scheduler.Event_Rescind", ()),
            82: (True, "scheduler.Event_RescindInverseOffer", ()),
            42: (True, "scheduler.Event_Update", ()),
            90: (True, "scheduler.Event_UpdateOperationStatus", ()),
            50: (True, "scheduler.Event_Message", ()),
            58: (True, "scheduler.Event_Failure", ()),
            66: (True, "scheduler.Event_Error", ()),
        },
        "Response_ReconcileOperations": {
            10: (False, "cluster.OperationStatus", ()),
        },
        "Response": {
            18: (True, "scheduler.Response_ReconcileOperations", ()),
        },
        "APIResult": {
            18: (True, "scheduler.Response", ()),
        },
    }


CODECS: dict[type, Codec] = {
    AttributeConstraint_Selector: (e_AttributeConstraint_Selector, d_AttributeConstraint_Selector, "AttributeConstraint_Selector", shapes),
    AttributeConstraint_Predicate_Exists: (e_AttributeConstraint_Predicate_Exists, d_AttributeConstraint_Predicate_Exists, "AttributeConstraint_Predicate_Exists", shapes),
    AttributeConstraint_Predicate_NotExists: (e_AttributeConstraint_Predicate_NotExists, d_AttributeConstraint_Predicate_NotExists, "AttributeConstraint_Predicate_NotExists", shapes),
    AttributeConstraint_Predicate_TextEquals: (e_AttributeConstraint_Predicate_TextEquals, d_AttributeConstraint_Predicate_TextEquals, "AttributeConstraint_Predicate_TextEquals", shapes),
    AttributeConstraint_Predicate_TextNotEquals: (e_AttributeConstraint_Predicate_TextNotEquals, d_AttributeConstraint_Predicate_TextNotEquals, "AttributeConstraint_Predicate_TextNotEquals", shapes),
    AttributeConstraint_Predicate_TextMatches: (e_AttributeConstraint_Predicate_TextMatches, d_AttributeConstraint_Predicate_TextMatches, "AttributeConstraint_Predicate_TextMatches", shapes),
    AttributeConstraint_Predicate_TextNotMatches: (e_AttributeConstraint_Predicate_TextNotMatches, d_AttributeConstraint_Predicate_TextNotMatches, "AttributeConstraint_Predicate_TextNotMatches", shapes),
    AttributeConstraint_Predicate: (e_AttributeConstraint_Predicate, d_AttributeConstraint_Predicate, "AttributeConstraint_Predicate", shapes),
    AttributeConstraint: (e_AttributeConstraint, d_AttributeConstraint, "AttributeConstraint", shapes),
    OfferConstraints_RoleConstraints_Group: (e_OfferConstraints_RoleConstraints_Group, d_OfferConstraints_RoleConstraints_Group, "OfferConstraints_RoleConstraints_Group", shapes),
    OfferConstraints_RoleConstraints: (e_OfferConstraints_RoleConstraints, d_OfferConstraints_RoleConstraints, "OfferConstraints_RoleConstraints", shapes),
    OfferConstraints: (e_OfferConstraints, d_OfferConstraints, "OfferConstraints", shapes),
    Call_Subscribe: (e_Call_Subscribe, d_Call_Subscribe, "Call_Subscribe", shapes),
    Call_Accept: (e_Call_Accept, d_Call_Accept, "Call_Accept", shapes),
    Call_Decline: (e_Call_Decline, d_Call_Decline, "Call_Decline", shapes),
    Call_AcceptInverseOffers: (e_Call_AcceptInverseOffers, d_Call_AcceptInverseOffers, "Call_AcceptInverseOffers", shapes),
    Call_DeclineInverseOffers: (e_Call_DeclineInverseOffers, d_Call_DeclineInverseOffers, "Call_DeclineInverseOffers", shapes),
    Call_Revive: (e_Call_Revive, d_Call_Revive, "Call_Revive", shapes),
    Call_Kill: (e_Call_Kill, d_Call_Kill, "Call_Kill", shapes),
    Call_Shutdown: (e_Call_Shutdown, d_Call_Shutdown, "Call_Shutdown", shapes),
    Call_Acknowledge: (e_Call_Acknowledge, d_Call_Acknowledge, "Call_Acknowledge", shapes),
    Call_AcknowledgeOperationStatus: (e_Call_AcknowledgeOperationStatus, d_Call_AcknowledgeOperationStatus, "Call_AcknowledgeOperationStatus", shapes),
    Call_Reconcile_Task: (e_Call_Reconcile_Task, d_Call_Reconcile_Task, "Call_Reconcile_Task", shapes),
    Call_Reconcile: (e_Call_Reconcile, d_Call_Reconcile, "Call_Reconcile", shapes),
    Call_ReconcileOperations_Operation: (e_Call_ReconcileOperations_Operation, d_Call_ReconcileOperations_Operation, "Call_ReconcileOperations_Operation", shapes),
    Call_ReconcileOperations: (e_Call_ReconcileOperations, d_Call_ReconcileOperations, "Call_ReconcileOperations", shapes),
    Call_Message: (e_Call_Message, d_Call_Message, "Call_Message", shapes),
    Call_Request: (e_Call_Request, d_Call_Request, "Call_Request", shapes),
    Call_Suppress: (e_Call_Suppress, d_Call_Suppress, "Call_Suppress", shapes),
    Call_UpdateFramework: (e_Call_UpdateFramework, d_Call_UpdateFramework, "Call_UpdateFramework", shapes),
    Call: (e_Call, d_Call, "Call", shapes),
    Event_Subscribed: (e_Event_Subscribed, d_Event_Subscribed, "Event_Subscribed", shapes),
    Event_Offers: (e_Event_Offers, d_Event_Offers, "Event_Offers", shapes),
    Event_InverseOffers: (e_Event_InverseOffers, d_Event_InverseOffers, "Event_InverseOffers", shapes),
    Event_Rescind: (e_Event_Rescind, d_Event_Rescind, "Event_Rescind", shapes),
    Event_RescindInverseOffer: (e_Event_RescindInverseOffer, d_Event_RescindInverseOffer, "Event_RescindInverseOffer", shapes),
    Event_Update: (e_Event_Update, d_Event_Update, "Event_Update", shapes),
    Event_UpdateOperationStatus: (e_Event_UpdateOperationStatus, d_Event_UpdateOperationStatus, "Event_UpdateOperationStatus", shapes),
    Event_Message: (e_Event_Message, d_Event_Message, "Event_Message", shapes),
    Event_Failure: (e_Event_Failure, d_Event_Failure, "Event_Failure", shapes),
    Event_Error: (e_Event_Error, d_Event_Error, "Event_Error", shapes),
    Event: (e_Event, d_Event, "Event", shapes),
    Response_ReconcileOperations: (e_Response_ReconcileOperations, d_Response_ReconcileOperations, "Response_ReconcileOperations", shapes),
    Response: (e_Response, d_Response, "Response", shapes),
    APIResult: (e_APIResult, d_APIResult, "APIResult", shapes),
}
