"""Operations on an agent's resources that operators ask for: reservations and volumes. Offers that hold the resources
are rescinded; what tasks use stays with them. The texts are Mesos'.
"""

from __future__ import annotations

import logging

from dcos_runtime.core.resources import Resources, conversions
from dcos_runtime.master.core import acls, offers, operation_checks, operations
from dcos_runtime.master.core.events import OperationAsked
from dcos_runtime.master.core.operation_checks import Known
from dcos_runtime.master.core.records import Agent
from dcos_runtime.master.core.state import State
from dcos_runtime.wire.cluster import Offer

Type = Offer.Operation.Type

_WITHOUT_AGENT = (Type.UNRESERVE, Type.DESTROY)
"""Refusals of these do not name the agent."""


def perform(state: State, event: OperationAsked) -> tuple[int, str]:
    """202: it is on its way to the agent, whose word decides; nobody is told of that. 400: it is wrong. 409: the
    resources are not there, or in use, or the agent cannot be reached.
    """
    agent, operation = state.agents.get(event.agent_id), event.operation
    if agent is None:
        return 400, "No agent found with specified ID"
    assert operation.type is not None
    if error := operation_checks.given(operation):
        return 400, error
    if error := operation_checks.invalid(operation, Known(event.principal, None, agent.total, agent.used)):
        where = "" if operation.type in _WITHOUT_AGENT else f" on agent {operations.described(agent)}"
        return 400, f"Invalid {operation.type.value} operation{where}: {error}"
    wanted = (one for one, _ in acls.of_operation(operation))
    if acls.first_refused(state.settings.acls, event.principal, wanted) is not None:
        return acls.FORBIDDEN
    conversion = conversions.conversion(operation)
    assert conversion is not None
    if not agent.connected or agent.id in state.leaving:
        return 409, f"Agent {operations.described(agent)} is not connected, and would not get the operation; ask again"
    if error := operations.too_much(agent, operation, conversion):
        return 409, error
    chosen, available = _to_rescind(state, agent, conversion.consumed)
    if not available.contains(conversion.consumed):
        return 409, operations.lacking(available, conversion)
    offers.give_back_all(state, chosen, rescind=True)
    operations.apply(state, agent, operation, conversion, None, "")
    state.log(logging.INFO, f"{operation.type.value} on agent {agent.id} was asked for by {event.by}")
    return 202, ""


def _to_rescind(state: State, agent: Agent, needed: Resources) -> tuple[list[str], Resources]:
    """Offers that hold what is ``needed`` and not free, and what is available when these are rescinded."""
    chosen: list[str] = []
    available = state.allocator.available(agent.id)
    for offer_id in sorted(agent.offers):
        missing = needed - available
        if not missing:
            break
        offered = state.offers[offer_id].resources
        if missing - offered != missing:
            chosen.append(offer_id)
            available = available + offered
    return chosen, available
