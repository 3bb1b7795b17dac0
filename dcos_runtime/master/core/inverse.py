"""Inverse offers: frameworks are asked to leave agents on machines of the maintenance schedule, and say whether they
will. Every framework that has anything on such an agent is asked, an offer included, until it answers; and again when
the time is over for which it did not want to be asked.
"""

from __future__ import annotations

from collections.abc import Iterable

from dcos_runtime.core.frozen import Now
from dcos_runtime.master.core import offers
from dcos_runtime.master.core.machines import FrameworkAnswer, InverseOffer, Notice
from dcos_runtime.master.core.records import Agent, Framework
from dcos_runtime.master.core.state import State
from dcos_runtime.master.core.timing import InverseOffersDue, OfferTimeout
from dcos_runtime.wire.cluster import InverseOffer as WireInverseOffer
from dcos_runtime.wire.common import AgentID, Filters, FrameworkID, OfferID
from dcos_runtime.wire.scheduler import Event

MOST_AGENTS = 200
"""How many agents are looked at in one step; the others follow in the next ones."""


# --- making ----------------------------------------------------------------------------------------------------------


def look(state: State, now: Now) -> None:
    """Frameworks are asked soon."""
    at = state.timers.at(InverseOffersDue())
    if at is None or at > now.mono:
        state.timers.set(InverseOffersDue(), now.mono)


def due(state: State) -> None:
    """They are asked after the offers of this moment are made, which count."""
    state.maintenance.looking = True


def make(state: State, now: Now) -> None:
    """One step of a round over all agents with a notice; the next round begins after the allocation interval."""
    its = state.maintenance
    its.looking = False
    if not its.round:
        its.round = list(reversed(its.notices))
    asked: dict[str, list[InverseOffer]] = {}
    for _ in range(min(MOST_AGENTS, len(its.round))):
        agent, notice = state.agents.get(its.round[-1]), its.notices.get(its.round[-1])
        its.round.pop()
        if agent is not None and notice is not None and agent.connected and agent.id not in state.leaving:
            for framework_id in _to_ask(state, agent, notice, now):
                asked.setdefault(framework_id, []).append(InverseOffer("", framework_id, agent.id))
    numbers = state.new_offers(sum(map(len, asked.values())))
    remaining = iter(numbers)
    for framework_id, its_offers in asked.items():
        framework = state.frameworks[framework_id]
        made = [InverseOffer(state.offer_id(next(remaining)), framework_id, one.agent_id) for one in its_offers]
        for one in made:
            its.inverse[one.id] = one
            its.notices[one.agent_id].open[framework_id] = one.id
            framework.inverse_offers.add(one.id)
        messages = Event.InverseOffers(inverse_offers=[message(state, one) for one in made])
        state.send(framework, Event(type=Event.Type.INVERSE_OFFERS, inverse_offers=messages))
    if numbers and (patience := state.settings.offer_timeout) is not None:
        state.timers.set(OfferTimeout(numbers.start, numbers.stop), now.mono + patience)
    if its.round:
        state.timers.set(InverseOffersDue(), now.mono)
    elif its.notices:
        state.timers.set(InverseOffersDue(), now.mono + state.settings.allocator.interval)


def _to_ask(state: State, agent: Agent, notice: Notice, now: Now) -> list[str]:
    """Subscribed frameworks with an offer, a task or an executor on the agent that are not asked already."""
    found = dict.fromkeys(sorted({state.offers[offer_id].framework_id for offer_id in agent.offers}))
    for framework_id, tasks in agent.tasks.items():
        if framework_id not in found and any(not task.terminal for task in tasks.values()):
            found[framework_id] = None
    found.update(dict.fromkeys(agent.executors))
    to_ask = []
    for framework_id in found:
        framework = state.frameworks.get(framework_id)
        if framework is None or not framework.connected or framework_id in notice.open:
            continue
        if notice.quiet.get(framework_id, now.mono) <= now.mono:
            notice.quiet.pop(framework_id, None)
            to_ask.append(framework_id)
    return to_ask


def message(state: State, one: InverseOffer) -> WireInverseOffer:
    agent = state.agents[one.agent_id]
    return WireInverseOffer(
        id=OfferID(value=one.id),
        url=offers.fragments(state, agent).url,
        framework_id=FrameworkID(value=one.framework_id),
        agent_id=AgentID(value=one.agent_id),
        unavailability=state.maintenance.notices[one.agent_id].unavailability,
    )


# --- unmaking --------------------------------------------------------------------------------------------------------


def _drop(state: State, offer_id: str, rescind: bool) -> InverseOffer:
    one = state.maintenance.inverse.pop(offer_id)
    del state.maintenance.notices[one.agent_id].open[one.framework_id]
    framework = state.frameworks[one.framework_id]
    framework.inverse_offers.discard(offer_id)
    if rescind:
        rescinded = Event.RescindInverseOffer(inverse_offer_id=OfferID(value=offer_id))
        state.send(framework, Event(type=Event.Type.RESCIND_INVERSE_OFFER, rescind_inverse_offer=rescinded))
    return one


def drop_of_agent(state: State, agent_id: str, rescind: bool) -> None:
    notice = state.maintenance.notices.get(agent_id)
    for offer_id in sorted(notice.open.values()) if notice is not None else ():
        _drop(state, offer_id, rescind)


def agent_gone(state: State, agent_id: str) -> None:
    """The agent is not here any more."""
    drop_of_agent(state, agent_id, rescind=True)
    state.maintenance.notices.pop(agent_id, None)


def disconnected(state: State, framework: Framework) -> None:
    """The framework does not get what it was told of any more, and is asked again when it is back."""
    for offer_id in sorted(framework.inverse_offers):
        _drop(state, offer_id, rescind=False)
    revived(state, framework.id)


def removed(state: State, framework: Framework) -> None:
    disconnected(state, framework)
    for notice in state.maintenance.notices.values():
        notice.answers.pop(framework.id, None)


def revived(state: State, framework_id: str) -> None:
    """It may be asked at once, whatever it wanted before."""
    for notice in state.maintenance.notices.values():
        notice.quiet.pop(framework_id, None)


def timed_out(state: State, these: OfferTimeout) -> None:
    """Rescinds inverse offers without an answer; they are made again."""
    for number in range(these.first, these.last) if state.maintenance.inverse else ():
        if state.offer_id(number) in state.maintenance.inverse:
            _drop(state, state.offer_id(number), rescind=True)


# --- answered --------------------------------------------------------------------------------------------------------


def answered(
    state: State, framework: Framework, ids: Iterable[OfferID], filters: Filters | None, now: Now, *, accepted: bool
) -> None:
    """The framework will leave the agents, or not. Inverse offers that are over, or of others, are passed over."""
    until = offers.refused_until(filters, now)
    for offer_id in ids:
        if offer_id.value not in framework.inverse_offers:
            continue
        one = _drop(state, offer_id.value, rescind=False)
        notice = state.maintenance.notices[one.agent_id]
        notice.answers[framework.id] = FrameworkAnswer(accepted, now.wall)
        if until is not None:
            notice.quiet[framework.id] = until
