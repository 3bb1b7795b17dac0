"""Offer operations: reservations and volumes.

The master counts on an operation as soon as it is sent (`apply`), and the agent's word decides: its answer to each, and
all that it tells when it connects. An operation with an id has a status that its framework acknowledges; until then the
agent keeps and repeats it.
"""

from __future__ import annotations

import logging

import msgspec

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import Resources, conversions
from dcos_runtime.core.resources.conversions import Conversion
from dcos_runtime.master.core import acls, operation_checks
from dcos_runtime.master.core.arrivals import Arrival, ReportedOperation
from dcos_runtime.master.core.operation_checks import Known
from dcos_runtime.master.core.records import Agent, Framework, Operation
from dcos_runtime.master.core.state import State
from dcos_runtime.wire import codec, internal, limits, operators
from dcos_runtime.wire.cluster import Offer as WireOffer
from dcos_runtime.wire.cluster import OperationState, OperationStatus
from dcos_runtime.wire.common import UUID, AgentID, FrameworkID, OperationID
from dcos_runtime.wire.quoting import bounded
from dcos_runtime.wire.scheduler import Call, Event

Wire = WireOffer.Operation
MAX_OPERATIONS = 1000
"""Of one agent that are under way or not acknowledged."""


# --- telling ---------------------------------------------------------------------------------------------------------


def refuse(state: State, framework: Framework, operation: Wire, text: str) -> None:
    """The operation is not performed; the framework gets an update only if the operation has an id."""
    if operation.id is not None:
        error = OperationState.OPERATION_ERROR
        tell(state, framework, OperationStatus(operation_id=operation.id, state=error, message=bounded(text)))


def tell(state: State, framework: Framework | None, status: OperationStatus) -> bool:
    """Sends the status to the framework, if that is subscribed."""
    if framework is None:
        return False
    update = Event.UpdateOperationStatus(status=status)
    return state.send(framework, Event(type=Event.Type.UPDATE_OPERATION_STATUS, update_operation_status=update))


def status_of(operation: Operation) -> OperationStatus:
    """The latest, as its framework gets it."""
    return OperationStatus(
        operation_id=OperationID(value=operation.id) if operation.id is not None else None,
        state=operation.state,
        message=operation.message,
        uuid=UUID(value=operation.status_uuid) if operation.status_uuid is not None else None,
        agent_id=AgentID(value=operation.agent_id),
    )


def shown(operation: Operation) -> operators.Operation:
    """As operators see it."""
    status = status_of(operation)
    return operators.Operation(
        framework_id=FrameworkID(value=operation.framework_id) if operation.framework_id else None,
        agent_id=AgentID(value=operation.agent_id),
        info=codec.decode(operation.info, Wire),
        latest_status=status,
        statuses=[] if operation.pending else [status],
        uuid=UUID(value=bytes.fromhex(operation.uuid)),
    )


# --- from frameworks -------------------------------------------------------------------------------------------------


def perform(
    state: State, framework: Framework, agent: Agent, role: str, operation: Wire, available: Resources
) -> Resources:
    """Performs an operation that is `operation_checks.given` on an accepted offer. Returns what it makes of the offer's
    ``available``.
    """
    operation = operation_checks.allocated(operation, role)
    if error := _unauthorized(state, framework.info.principal, operation):
        refuse(state, framework, operation, error)
        return available
    known = Known(framework.info.principal, framework.roles, agent.total, agent.used)
    error = operation_checks.invalid(operation, known)
    if error is not None:
        refuse(state, framework, operation, f"{error}; on agent {described(agent)}")
        return available
    conversion = conversions.conversion(operation)
    assert conversion is not None
    after = conversion.of(available)
    if after is None:
        kind = operation.type
        prefix = f"Invalid {kind.value} operation: " if kind in (Wire.Type.GROW_VOLUME, Wire.Type.SHRINK_VOLUME) else ""
        refuse(state, framework, operation, prefix + lacking(available, conversion, role))
        return available
    if error := too_much(agent, operation, conversion):
        refuse(state, framework, operation, f"{error}; on agent {described(agent)}")
        return available
    apply(state, agent, operation, conversion, framework, role)
    return after


def _unauthorized(state: State, principal: str | None, operation: Wire) -> str | None:
    for (action, target), resource in acls.of_operation(operation):
        if not acls.permits(state.settings.acls, action, principal, target):
            thing = codec.encode({"value": target, "resource": resource}).decode()
            return f"{acls.shown(principal)} no authorized to perform action {acls.names(action)} on object {thing}"
    return None


def lacking(available: Resources, conversion: Conversion, role: str | None = None) -> str:
    """As Mesos says that what is consumed is not there; ``role``: to which all is allocated."""
    return f"{amounts.text(available, role)} does not contain {amounts.text(conversion.consumed, role)}"


def described(agent: Agent) -> str:
    """As Mesos names an agent in these texts."""
    return f"{agent.id} at slave(1)@{agent.address}:{agent.info.port or 5051} ({agent.info.hostname})"


def too_much(agent: Agent, operation: Wire, conversion: Conversion) -> str | None:
    """Why the agent cannot keep one more operation."""
    if agent.version < internal.WITH_OPERATIONS:
        return (
            f"The agent does not know operations: it speaks version {agent.version} of the agent protocol; upgrade it"
        )
    if len(agent.operations) >= MAX_OPERATIONS:
        return f"{MAX_OPERATIONS} operations are under way or not acknowledged; acknowledge their statuses"
    if agent.weight + len(codec.encode(operation)) > limits.MAX_AGENT_TASKS:
        return f"What the agent has to keep would have more than {limits.MAX_AGENT_TASKS} bytes"
    if len(amounts.wire(agent.total - conversion.consumed + conversion.converted)) > amounts.MAX_RESOURCES:
        return f"The agent would have more than {amounts.MAX_RESOURCES} different resources"
    return None


def apply(
    state: State, agent: Agent, operation: Wire, conversion: Conversion, framework: Framework | None, role: str
) -> None:
    """Counts on the operation, and sends it to the agent. ``framework`` holds what is consumed, for the role; without
    one it is free.
    """
    uuid, info = state.source.token(16).hex(), codec.encode(operation)
    record = Operation(
        uuid,
        framework.id if framework is not None else "",
        agent.id,
        operation.id.value if operation.id is not None else None,
        info,
        *conversion,
    )
    _add(agent, record)
    agent.total = agent.total - conversion.consumed + conversion.converted
    holder = (framework.id, role) if framework is not None else None
    state.allocator.convert(agent.id, *conversion, holder)
    state.send_to_agent(
        agent, internal.ApplyOperation, uuid=uuid, framework_id=record.framework_id, info=msgspec.Raw(info)
    )


def _add(agent: Agent, operation: Operation) -> None:
    agent.operations[operation.uuid] = operation
    agent.weight += len(operation.info)


def _forget(state: State, agent: Agent, operation: Operation) -> None:
    del agent.operations[operation.uuid]
    agent.weight -= len(operation.info)
    state.less_on(agent)


def acknowledge(state: State, framework: Framework, call: Call.AcknowledgeOperationStatus) -> None:
    agent = state.agents.get(call.agent_id.value) if call.agent_id is not None else None
    if agent is None or not agent.connected:
        return  # the agent is away, and sends the status again
    for operation in agent.operations.values():
        if operation.status_uuid == call.uuid and operation.framework_id == framework.id:
            _acknowledge(state, agent, operation)
            return


def _acknowledge(state: State, agent: Agent, operation: Operation) -> None:
    uuid = operation.status_uuid
    assert uuid is not None
    _forget(state, agent, operation)
    state.send_to_agent(agent, internal.AcknowledgeOperation, uuid=operation.uuid, status_uuid=uuid)


def reconcile(state: State, framework: Framework, call: Call.ReconcileOperations) -> None:
    """Tells the states of operations that the framework asks for, or of all of its own."""
    if not call.operations:
        for agent in state.agents.values():
            for operation in agent.operations.values():
                if operation.framework_id == framework.id and operation.id is not None:
                    tell(state, framework, _reconciled(operation))
        return
    for asked in call.operations:
        agent_id = asked.agent_id.value if asked.agent_id else None
        outcome = OperationState.OPERATION_UNKNOWN
        known = _named(state, framework, asked.operation_id.value)
        if known is not None:
            tell(state, framework, _reconciled(known))
            continue
        if agent_id is None:
            text = "Operation is unknown and no 'agent_id' was provided"
        elif agent_id in state.recovering:
            outcome = OperationState.OPERATION_RECOVERING
            text = "Agent is recovered but has not re-registered"
        elif agent_id in state.agents:
            text = "Operation is unknown"
        elif agent_id in state.unreachable:
            outcome, text = OperationState.OPERATION_UNREACHABLE, "Agent is unreachable"
        elif agent_id in state.gone:
            outcome, text = OperationState.OPERATION_GONE_BY_OPERATOR, "Agent marked gone by operator"
        else:
            text = "Both operation and agent are unknown"
        status = OperationStatus(
            operation_id=asked.operation_id,
            state=outcome,
            message=f"Reconciliation: {text}",
            agent_id=asked.agent_id,
            resource_provider_id=asked.resource_provider_id,
        )
        tell(state, framework, status)


def _named(state: State, framework: Framework, operation_id: str) -> Operation | None:
    """The newest operation of this name."""
    found = None
    for agent in state.agents.values():
        for operation in agent.operations.values():
            if operation.framework_id == framework.id and operation.id == operation_id:
                found = operation
    return found


def _reconciled(operation: Operation) -> OperationStatus:
    """Nothing to acknowledge."""
    return msgspec.structs.replace(status_of(operation), uuid=None)


def subscribed(state: State, framework: Framework) -> None:
    """The framework subscribed again: tells it what it did not acknowledge."""
    for agent in state.agents.values():
        for operation in agent.operations.values():
            if operation.framework_id == framework.id and operation.status_uuid is not None:
                tell(state, framework, status_of(operation))


# --- from agents -----------------------------------------------------------------------------------------------------


def updated(state: State, agent: Agent, message: internal.OperationUpdate) -> list[str]:
    """An operation is over. Returns offers that are not true any more."""
    operation = agent.operations.get(message.uuid)
    if operation is None:  # it was acknowledged, and the agent did not hear of it
        if message.status_uuid is not None:
            state.send_to_agent(
                agent, internal.AcknowledgeOperation, uuid=message.uuid, status_uuid=message.status_uuid
            )
        return []
    was_pending = operation.pending
    operation.state, operation.message = message.state, message.message
    operation.status_uuid = message.status_uuid
    wrong: list[str] = []
    if was_pending and message.state is not OperationState.OPERATION_FINISHED:
        text = f"an operation failed on agent {agent.id}: {message.message}"
        state.log(logging.WARNING, text)
        if (truth := _total(message)) is not None:
            wrong = _now_true(state, agent, truth)
    if message.status_uuid is None:
        _forget(state, agent, operation)
    elif operation.framework_id in state.completed:
        _acknowledge(state, agent, operation)
    else:
        tell(state, state.frameworks.get(operation.framework_id), status_of(operation))
    return wrong


def _total(message: internal.OperationUpdate) -> Resources | None:
    if amounts.invalid(message.total):
        return None  # an agent of ours never says so
    return amounts.parse(message.total)


def _now_true(state: State, agent: Agent, truth: Resources) -> list[str]:
    """The agent says what it has. What is under way is counted on, as far as it can be. Returns offers that are not
    true any more.
    """
    for operation in agent.operations.values():
        if operation.pending:
            after = Conversion(operation.consumed, operation.converted).of(truth)
            truth = truth if after is None else after
    if truth == agent.total:
        return []
    agent.total = truth
    state.allocator.update_agent(agent.id, truth)
    return [one for one in sorted(agent.offers) if not truth.contains(state.offers[one].resources)]


def reported(state: State, agent: Agent, arrival: Arrival) -> None:
    """Takes over what an agent says of its resources and operations when it connects. It has no offers out."""
    known = {one.uuid: one for one in arrival.operations}
    for operation in list(agent.operations.values()):
        if operation.uuid in known:
            continue
        _forget(state, agent, operation)
        if operation.pending and operation.id is not None:
            operation.state = OperationState.OPERATION_DROPPED
            operation.message = "Reconciliation: Operation is unknown to the agent"
            tell(state, state.frameworks.get(operation.framework_id), status_of(operation))
    for one in arrival.operations:
        found = agent.operations.get(one.uuid)
        if found is None:
            _add(agent, found := _of_report(agent, one))
        found.state, found.status_uuid, found.message = one.state, one.status_uuid, one.message
    _now_true(state, agent, arrival.offered)


def _of_report(agent: Agent, one: ReportedOperation) -> Operation:
    return Operation(one.uuid, one.framework_id, agent.id, one.id, one.info, one.consumed, one.converted)


def unreachable(state: State, agent: Agent) -> None:
    """The agent is unreachable: frameworks are told of what is under way on it."""
    for operation in list(agent.operations.values()):
        _forget(state, agent, operation)
        if operation.pending and operation.id is not None:
            operation.state = OperationState.OPERATION_UNREACHABLE
            tell(state, state.frameworks.get(operation.framework_id), status_of(operation))


def gone(state: State, agent: Agent, why: str) -> None:
    """The agent is gone for good: frameworks are told of all that they did not acknowledge, as in Mesos."""
    for operation in list(agent.operations.values()):
        _forget(state, agent, operation)
        if operation.id is not None:
            operation.state = OperationState.OPERATION_GONE_BY_OPERATOR
            operation.status_uuid, operation.message = None, why
            tell(state, state.frameworks.get(operation.framework_id), status_of(operation))


def removed(state: State, framework: Framework) -> None:
    """Nobody waits for the statuses of a removed framework's operations."""
    for agent in state.agents.values():
        for operation in list(agent.operations.values()):
            if operation.framework_id == framework.id and operation.status_uuid is not None and agent.connected:
                _acknowledge(state, agent, operation)
