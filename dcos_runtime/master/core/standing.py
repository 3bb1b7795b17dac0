"""What operators decide about agents, whatever these do: whether they are offered. Decided at once, durable before it
is answered, kept while an agent is away, whichever master leads.
"""

from __future__ import annotations

import logging

from dcos_runtime.core.frozen import Now
from dcos_runtime.master.core import offers, registry
from dcos_runtime.master.core.events import DeactivateAsked, ReactivateAsked
from dcos_runtime.master.core.records import AbsentAgent
from dcos_runtime.master.core.state import State
from dcos_runtime.master.core.timing import (
    Admit,
    Continuation,
    Forget,
    GiveUp,
    MarkGone,
    MarkUnreachable,
    Reactivate,
    Remove,
    Settled,
)
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.operators import DrainState

Refused = tuple[int, str]


def entry(state: State, agent_id: str, info: AgentInfo, unreachable_since: float | None = None) -> bytes:
    """The registry's entry of an agent that is no more than unreachable, with what operators said of it."""
    deactivated, draining = agent_id in state.deactivated, state.draining.get(agent_id)
    return registry.entry(info, unreachable_since, deactivated=deactivated, draining=draining)


def under_way(state: State, agent_id: str) -> Continuation | None:
    """What was last begun about the agent's membership, and is not done yet."""
    begun = [then for _, then in state.writes]
    begun = [*(one for one in state.chores if isinstance(one, GiveUp)), *begun]
    for then in reversed(begun):
        match then:
            case GiveUp(agent_ids) | Forget(agent_ids) if agent_id in agent_ids:
                return then
            case Admit() | MarkUnreachable() | Remove() | MarkGone() if then.agent_id == agent_id:
                return then
    return None


def described(state: State, agent_id: str) -> AbsentAgent | None:
    """The agent as the registry has it, or is about to have it; None when it is not, or not much longer, a member."""
    begun = under_way(state, agent_id)
    if isinstance(begun, Admit):
        return AbsentAgent(begun.arrival.info)
    if isinstance(begun, Remove | Forget | MarkGone):
        return None
    here = state.agents.get(agent_id)
    known = AbsentAgent(here.info) if here is not None else None
    known = known or state.recovering.get(agent_id) or state.unreachable.get(agent_id)
    if known is not None and isinstance(begun, MarkUnreachable | GiveUp):
        return AbsentAgent(known.info, begun.since)
    return known


def member(state: State, agent_id: str) -> AbsentAgent | Refused:
    """The agent; or why nothing can be decided about it, in Mesos' words."""
    if isinstance(under_way(state, agent_id), MarkGone):
        return 409, "Agent is currently being marked gone"
    return described(state, agent_id) or (400, "Unknown agent")


def forget(state: State, agent_id: str) -> None:
    """The agent is no member any more."""
    state.deactivated.discard(agent_id)
    state.draining.pop(agent_id, None)


# --- deactivated -----------------------------------------------------------------------------------------------------


def deactivate(state: State, event: DeactivateAsked, now: Now) -> Refused | None:
    """None: it is answered once it is durable."""
    found = member(state, event.agent_id)
    if not isinstance(found, AbsentAgent):
        return found
    state.log(logging.INFO, f"agent {found.info.hostname} ({event.agent_id}) is deactivated by {event.by}")
    take_from_offers(state, event.agent_id)
    write(state, event.agent_id, found, Settled(event.request))
    return None


def take_from_offers(state: State, agent_id: str) -> None:
    """Nothing on the agent is offered any more; what is offered is taken back."""
    state.deactivated.add(agent_id)
    agent = state.agents.get(agent_id)
    if agent is not None:
        state.allocator.deactivate_agent(agent_id)
        offers.give_back_all(state, agent.offers, rescind=True)


def write(state: State, agent_id: str, found: AbsentAgent, then: Continuation) -> None:
    """Writes the agent's entry: it is here or expected back, or unreachable since ``found.since``."""
    state.persist({registry.KEY + agent_id: entry(state, agent_id, found.info, found.since)}, then)


def reactivate(state: State, event: ReactivateAsked, now: Now) -> Refused | None:
    """None: it is answered once it is durable, and then the agent is offered again."""
    agent_id = event.agent_id
    if agent_id not in state.deactivated:
        return 400, "Agent is not deactivated"
    draining = state.draining.get(agent_id)
    if draining is not None and draining.info.state is DrainState.DRAINING:
        return 400, "Agent is still in the DRAINING state"
    found = member(state, agent_id)
    if not isinstance(found, AbsentAgent):
        return found
    state.log(logging.INFO, f"agent {found.info.hostname} ({agent_id}) is reactivated by {event.by}")
    forget(state, agent_id)
    write(state, agent_id, found, Reactivate(agent_id, event.request))
    return None


def reactivated(state: State, then: Reactivate) -> Refused:
    """The registry holds it. The answer is Mesos' also for an agent that is away: it is offered when it comes back."""
    agent = state.agents.get(then.agent_id)
    if agent is None:
        return 409, "Agent removed while processing the call"
    if state.active(agent) and agent.id not in state.leaving:
        state.allocator.activate_agent(agent.id)
    return 200, ""
