"""A framework's calls: whether a call is valid and permitted, and its effects. The texts are Mesos'."""

from __future__ import annotations

from dcos_runtime.core.frozen import Now
from dcos_runtime.master.core import chores, executors, frameworks, inverse, offers, operations, tasks, validate
from dcos_runtime.master.core.events import Called, Subscribe
from dcos_runtime.master.core.records import Framework
from dcos_runtime.master.core.state import State
from dcos_runtime.wire.common import FrameworkID
from dcos_runtime.wire.scheduler import Call

Answer = tuple[int, str]
"""The status, and a plain text; without a body when the text is empty."""

ACCEPTED: Answer = (202, "")

_COUNTED = {
    Call.Type.REVIVE: "revive_offers",
    Call.Type.SUPPRESS: "suppress_offers",
    Call.Type.REQUEST: "resource_request",
    Call.Type.MESSAGE: "framework_to_executor",
    Call.Type.RECONCILE_OPERATIONS: "reconcile_operations",
}
"""The names of Mesos' metrics for calls that are not counted elsewhere."""


def subscribe(state: State, event: Subscribe, now: Now) -> Answer:
    """200: the outcome is sent on the stream."""
    if error := invalid(event.call, event.principal):
        return 400, f"Failed to validate scheduler::Call: {error}"
    if not event.accepted:
        return 406, "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'"
    if event.came_with is not None:
        return 400, "Subscribe calls should not include the 'Mesos-Stream-Id' header"
    assert event.call.subscribe is not None
    frameworks.subscribe(state, event, event.call.subscribe, now)
    return 200, ""


def call(state: State, event: Called, now: Now) -> Answer:
    """Any call but SUBSCRIBE, in Mesos' order of checks."""
    call, principal = event.call, event.principal
    if error := invalid(call, principal):
        return 400, f"Failed to validate scheduler::Call: {error}"
    framework = state.frameworks.get(call.framework_id.value if call.framework_id else "")
    if framework is None:
        return 400, "Framework cannot be found"
    if error := validate.not_yours(principal, framework.info):
        return 400, error
    if not framework.connected:
        return 403, "Framework is not subscribed"
    if event.stream_id is None:
        return 400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header"
    if event.stream_id != framework.stream_id:
        return 400, (
            f"The stream ID '{event.stream_id}' included in this request didn't match the stream ID currently "
            f"associated with framework ID {framework.id}"
        )
    assert call.type is not None
    state.counters[f"master/calls/{call.type.value.lower()}"] += 1
    if call.type in _COUNTED:
        state.counters[f"master/messages_{_COUNTED[call.type]}"] += 1
    return _call(state, framework, call, now, principal)


def _call(state: State, framework: Framework, call: Call, now: Now, principal: str | None) -> Answer:
    match call:
        case Call(type=Call.Type.ACCEPT, accept=Call.Accept() as accept):
            offers.accept(state, framework, accept, now)
        case Call(type=Call.Type.DECLINE, decline=Call.Decline() as decline):
            state.counters["master/messages_decline_offers"] += 1
            chores.begin(state, offers.declined(framework, decline, now), now)
        case Call(type=Call.Type.ACKNOWLEDGE, acknowledge=Call.Acknowledge() as acknowledge):
            tasks.acknowledge(state, framework, acknowledge)
        case Call(type=Call.Type.KILL, kill=Call.Kill() as kill):
            tasks.kill(state, framework, kill, now)
        case Call(type=Call.Type.RECONCILE, reconcile=Call.Reconcile() as reconcile):
            state.counters["master/messages_reconcile_tasks"] += 1
            chores.begin(state, tasks.asked(framework, reconcile), now)
        case Call(type=Call.Type.REVIVE):
            state.allocator.revive(framework.id, call.revive.roles if call.revive else ())
            inverse.revived(state, framework.id)
        case Call(type=Call.Type.SUPPRESS):
            state.allocator.suppress(framework.id, call.suppress.roles if call.suppress else ())
        case Call(type=Call.Type.TEARDOWN):
            chores.remove(state, framework, now)
        case Call(type=Call.Type.UPDATE_FRAMEWORK, update_framework=Call.UpdateFramework() as update):
            return frameworks.update(state, framework, update, principal)
        case Call(type=Call.Type.RECONCILE_OPERATIONS, reconcile_operations=Call.ReconcileOperations() as asked):
            operations.reconcile(state, framework, asked)
        case Call(acknowledge_operation_status=Call.AcknowledgeOperationStatus() as known) if (
            call.type is Call.Type.ACKNOWLEDGE_OPERATION_STATUS
        ):
            operations.acknowledge(state, framework, known)
        case Call(type=Call.Type.MESSAGE, message=Call.Message() as message):
            executors.tell(state, framework, message)
        case Call(type=Call.Type.SHUTDOWN, shutdown=Call.Shutdown() as shutdown):
            executors.shut_down(state, framework, shutdown)
        case Call(accept_inverse_offers=Call.AcceptInverseOffers() as answer) if (
            call.type is Call.Type.ACCEPT_INVERSE_OFFERS
        ):
            inverse.answered(state, framework, answer.inverse_offer_ids, answer.filters, now, accepted=True)
        case Call(decline_inverse_offers=Call.DeclineInverseOffers() as answer) if (
            call.type is Call.Type.DECLINE_INVERSE_OFFERS
        ):
            inverse.answered(state, framework, answer.inverse_offer_ids, answer.filters, now, accepted=False)
        case _:
            # REQUEST is a hint, which has no effect. Mesos gives the same response.
            pass
    return ACCEPTED


# --- whether a call is whole -----------------------------------------------------------------------------------------

_PARTS = {
    Call.Type.ACCEPT: "accept",
    Call.Type.DECLINE: "decline",
    Call.Type.ACCEPT_INVERSE_OFFERS: "accept_inverse_offers",
    Call.Type.DECLINE_INVERSE_OFFERS: "decline_inverse_offers",
    Call.Type.KILL: "kill",
    Call.Type.SHUTDOWN: "shutdown",
    Call.Type.ACKNOWLEDGE: "acknowledge",
    Call.Type.ACKNOWLEDGE_OPERATION_STATUS: "acknowledge_operation_status",
    Call.Type.RECONCILE: "reconcile",
    Call.Type.RECONCILE_OPERATIONS: "reconcile_operations",
    Call.Type.MESSAGE: "message",
    Call.Type.REQUEST: "request",
    Call.Type.UPDATE_FRAMEWORK: "update_framework",
}


def invalid(call: Call, principal: str | None = None) -> str | None:
    """Why the call is refused: a field is missing, or it names another principal than ``principal``."""
    if call.type is None:
        return "Expecting 'type' to be present"
    if call.type is Call.Type.SUBSCRIBE:
        if call.subscribe is None:
            return "Expecting 'subscribe' to be present"
        if not _same_id(call.framework_id, call.subscribe.framework_info.id):
            return "'framework_id' differs from 'subscribe.framework_info.id'"
        return validate.not_yours(principal, call.subscribe.framework_info)
    if call.framework_id is None:
        return "Expecting 'framework_id' to be present"
    part = _PARTS.get(call.type)
    if part is not None and getattr(call, part) is None:
        return f"Expecting '{part}' to be present"
    for acknowledged in (call.acknowledge, call.acknowledge_operation_status):
        if acknowledged is not None and len(acknowledged.uuid) != 16:
            return "Not a valid UUID"
    if call.acknowledge_operation_status is not None and call.acknowledge_operation_status.agent_id is None:
        return "Expecting 'agent_id' to be present"
    if call.update_framework is not None and not _same_id(call.framework_id, call.update_framework.framework_info.id):
        return "'framework_id' differs from 'update_framework.framework_info.id'"
    return None


def _same_id(one: FrameworkID | None, other: FrameworkID | None) -> bool:
    return (one.value if one else "") == (other.value if other else "")
