"""Offers: made of the allocator's decisions, accepted, declined, rescinded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources import Format
from dcos_runtime.master.core import encoded, launches, operation_checks, operations
from dcos_runtime.master.core.records import Agent, Framework, Offer
from dcos_runtime.master.core.state import State
from dcos_runtime.master.core.timing import Declined, OfferTimeout
from dcos_runtime.wire.cluster import Offer as WireOffer
from dcos_runtime.wire.common import Filters, OfferID
from dcos_runtime.wire.scheduler import Call, Event
from dcos_runtime.wire.tasks import TaskState, TaskStatus

Reason = TaskStatus.Reason
Operation = WireOffer.Operation
Type = Operation.Type

DEFAULT_REFUSE_SECONDS = 5.0
MAX_REFUSE_SECONDS = 365 * 86400.0


# --- making and unmaking ---------------------------------------------------------------------------------------------


class _SliceOffers(NamedTuple):
    """A framework's offers in one slice. ``ids``: the ids of all offers of the slice, encoded for it."""

    framework: Framework
    how: encoded.OfferEncoding
    ids: list[bytes]
    offers: list[bytes]


def allocate(state: State, now: Now, budget: int | None = None) -> None:
    """Makes offers of the allocator's decisions in a slice: one event for each framework. ``budget``: the most
    agents.
    """
    decisions = state.allocator.allocate(now.mono, budget)
    if not decisions:
        return
    by_framework: dict[str, _SliceOffers] = {}
    allocator, frameworks, agents, offers = state.allocator, state.frameworks, state.agents, state.offers
    numbers = state.new_offers(len(decisions))
    before = state.offer_id("")
    ids: dict[encoded.Form, list[bytes]] = {}
    for index, (framework_id, role, agent_id, resources) in enumerate(decisions):
        its, agent = by_framework.get(framework_id), agents[agent_id]
        if its is None:
            framework = frameworks[framework_id]
            how = offer_encoding(framework)
            if how.form not in ids:
                ids[how.form] = how.form.offer_ids(before, numbers)
            its = by_framework[framework_id] = _SliceOffers(framework, how, ids[how.form], [])
        framework, how, encoded_ids, its_offers = its
        if framework.stream is None or agent.stream is None:
            allocator.recover(framework_id, role, agent_id, resources)
            continue
        offer_id = f"{before}{numbers[index]}"
        offers[offer_id] = Offer(offer_id, framework_id, agent_id, role, resources)
        framework.offers.add(offer_id)
        agent.offers.add(offer_id)
        named = role if how.multi_role else None
        body = fragments(state, agent).body(how.form, resources, how.format, named)
        its_offers.append(how.form.offer(encoded_ids[index], how.framework_id, body))
    for framework, how, _, its_offers in by_framework.values():
        if its_offers:
            state.send_encoded(framework, how.form.event(its_offers))
            state.counters["master/messages_resource_offers"] += 1
    if (patience := state.settings.offer_timeout) is not None:
        state.timers.set(OfferTimeout(numbers.start, numbers.stop), now.mono + patience)


def timed_out(state: State, these: OfferTimeout) -> None:
    """Rescinds offers without an answer. Their resources are offered again, perhaps to the same framework: there is no
    filter.
    """
    for number in range(these.first, these.last):
        offer = state.offers.get(state.offer_id(number))
        if offer is not None:
            give_back(state, offer, rescind=True)


def offer_encoding(framework: Framework) -> encoded.OfferEncoding:
    """Computed at the first use, and again when its sources have changed."""
    made = framework.offer_encoding
    if made is None or made.info is not framework.info or made.accepted != framework.accepted:
        form = encoded.FORMS[framework.accepted]
        format = Format.STACK if "RESERVATION_REFINEMENT" in framework.capabilities else Format.SINGLE
        multi_role = "MULTI_ROLE" in framework.capabilities
        known = (form, form.framework_id(framework.id), format, multi_role)
        made = framework.offer_encoding = encoded.OfferEncoding(framework.info, framework.accepted, *known)
    return made


def fragments(state: State, agent: Agent) -> encoded.Fragments:
    """Computed at the first use, and again when their sources have changed."""
    made, notice = agent.fragments, state.maintenance.notices.get(agent.id)
    unavailability = notice.unavailability if notice is not None else None
    if (
        made is None
        or made.info is not agent.info
        or made.address != agent.address
        or made.unavailability is not unavailability
    ):
        made = agent.fragments = encoded.Fragments(agent.id, agent.info, agent.address, unavailability)
    return made


def forget(state: State, offer: Offer) -> None:
    """Removes the offer. The caller decides what becomes of its resources."""
    del state.offers[offer.id]
    state.frameworks[offer.framework_id].offers.discard(offer.id)
    state.agents[offer.agent_id].offers.discard(offer.id)


def give_back(state: State, offer: Offer, until: float | None = None, rescind: bool = False) -> None:
    """Ends the offer and frees its resources; ``until``: the end of the framework's filter."""
    framework = state.frameworks[offer.framework_id]
    forget(state, offer)
    state.allocator.recover(offer.framework_id, offer.role, offer.agent_id, offer.resources)
    if until is not None:
        state.allocator.refuse(offer.framework_id, offer.role, offer.agent_id, offer.resources, until)
    if rescind:
        rescinded = Event.Rescind(offer_id=OfferID(value=offer.id))
        state.send(framework, Event(type=Event.Type.RESCIND, rescind=rescinded))


def give_back_all(state: State, offer_ids: Iterable[str], rescind: bool) -> None:
    for offer_id in sorted(offer_ids):
        give_back(state, state.offers[offer_id], rescind=rescind)


def refused_until(filters: Filters | None, now: Now) -> float | None:
    """When a filter ends, ``None`` for no filter: 5 s by default and for an invalid value, a year at most."""
    seconds = DEFAULT_REFUSE_SECONDS
    if filters is not None and filters.refuse_seconds is not None:
        seconds = filters.refuse_seconds
    if math.isnan(seconds) or seconds < 0:
        seconds = DEFAULT_REFUSE_SECONDS
    return now.mono + min(seconds, MAX_REFUSE_SECONDS) if seconds else None


# --- declining -------------------------------------------------------------------------------------------------------


def declined(framework: Framework, call: Call.Decline, now: Now) -> Declined:
    offer_ids = tuple([offer_id.value for offer_id in call.offer_ids])
    return Declined(framework.id, offer_ids, refused_until(call.filters, now))


def decline(state: State, framework_id: str, offer_ids: Iterable[str], until: float | None) -> None:
    for offer_id in offer_ids:
        offer = state.offers.get(offer_id)
        if offer is not None and offer.framework_id == framework_id:
            give_back(state, offer, until)


# --- accepting -------------------------------------------------------------------------------------------------------


def accept(state: State, framework: Framework, call: Call.Accept, now: Now) -> None:
    for operation in call.operations:
        if operation.type is Type.LAUNCH:
            name = "launch_tasks" if launches.tasks_of(operation) else "decline_offers"
            state.counters[f"master/messages_{name}"] += 1
    offer_ids = [offer_id.value for offer_id in call.offer_ids]
    error = _invalid(state, framework, offer_ids)
    if error is None and state.source.unlucky("offers are gone by the time they are accepted"):
        error = "bad luck"
    if error is not None:
        _refuse_offers(state, framework, call, offer_ids, error, now)
        return
    offers = [state.offers[offer_id] for offer_id in offer_ids]
    agent, role = state.agents[offers[0].agent_id], offers[0].role
    given = amounts.total(offer.resources for offer in offers)
    wanted = [operation for operation in call.operations if _passes(state, framework, agent, operation, now)]
    for offer in offers:
        forget(state, offer)
    budget = launches.OfferBudget(given)
    try:
        for operation in wanted:
            if operation.type in operation_checks.PARTS:
                budget.left = operations.perform(state, framework, agent, role, operation, budget.left)
            else:
                launches.perform(state, framework, agent, role, operation, budget, now)
    finally:
        # In all cases above, resources that no task uses are free again.
        state.allocator.recover(framework.id, role, agent.id, budget.left)
    until = refused_until(call.filters, now)
    if until is not None and budget.left:
        state.allocator.refuse(framework.id, role, agent.id, budget.left, until)


def _invalid(state: State, framework: Framework, offer_ids: Sequence[str]) -> str | None:
    """Why these offers cannot be accepted together. Another framework's offer gives the same text as an unknown one."""
    if not offer_ids:
        return "No offers specified"
    seen: set[str] = set()
    for offer_id in offer_ids:
        if offer_id in seen:
            return f"Duplicate offer {offer_id} in offer list"
        seen.add(offer_id)
    for offer_id in offer_ids:
        offer = state.offers.get(offer_id)
        if offer is None:
            return f"Offer {offer_id} is no longer valid"
        if offer.framework_id != framework.id:
            return (
                f"Offer {offer_id} has invalid framework {offer.framework_id} while framework {framework.id}"
                " is expected"
            )
    first = state.offers[offer_ids[0]]
    for offer_id in offer_ids:
        offer = state.offers[offer_id]
        if offer.role != first.role:
            return (
                f"Aggregated offers must be allocated to the same role. Offer {offer_id} uses role '{offer.role}"
                f" but another is using role '{first.role}"
            )
    for offer_id in offer_ids:
        offer = state.offers[offer_id]
        if offer.agent_id != first.agent_id:
            return (
                f"Aggregated offers must belong to one single agent. Offer {offer_id} uses agent {offer.agent_id}"
                f" and agent {first.agent_id}"
            )
    return None


def _refuse_offers(
    state: State, framework: Framework, call: Call.Accept, offer_ids: Sequence[str], error: str, now: Now
) -> None:
    """Frees the offers of the framework, without a filter, and sends TASK_LOST or TASK_DROPPED for the tasks of the
    call.
    """
    for offer_id in offer_ids:
        offer = state.offers.get(offer_id)
        if offer is not None and offer.framework_id == framework.id:
            give_back(state, offer)
    lost = TaskState.TASK_DROPPED if framework.partition_aware else TaskState.TASK_LOST
    for operation in call.operations:
        if operation.type in (Type.LAUNCH, Type.LAUNCH_GROUP):
            text = f"Task launched with invalid offers: {error}"
            launches.refuse(
                state, framework, launches.tasks_of(operation), lost, text, Reason.REASON_INVALID_OFFERS, now
            )
        else:
            operations.refuse(state, framework, operation, f"Operation attempted with invalid offers: {error}")


def _passes(state: State, framework: Framework, agent: Agent, operation: Operation, now: Now) -> bool:
    """Every operation is checked before any is performed."""
    if operation.type is None:
        return False
    if operation.type in (Type.LAUNCH, Type.LAUNCH_GROUP):
        return launches.passes(state, framework, operation, now)
    error = operation_checks.given(operation)
    if error is not None:
        operations.refuse(state, framework, operation, f"Operation attempted with invalid resources: {error}")
    return error is None
