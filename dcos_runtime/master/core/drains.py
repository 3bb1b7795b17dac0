"""Agents that are drained: deactivated, and told to kill their tasks, until nothing is left on them; then gone, if that
is wanted. Agents that are away are told when they are back.
"""

from __future__ import annotations

import logging

import msgspec

from dcos_runtime.core.frozen import Now
from dcos_runtime.master.core import gone, standing
from dcos_runtime.master.core.events import DrainAsked
from dcos_runtime.master.core.records import AbsentAgent, Agent, Draining
from dcos_runtime.master.core.state import State
from dcos_runtime.master.core.timing import BeginDrain, Drained
from dcos_runtime.wire import internal
from dcos_runtime.wire.operators import DrainInfo, DrainState


def asked(state: State, event: DrainAsked, now: Now) -> standing.Refused | None:
    """None: it is answered once it is durable. Asked again, it begins anew, with what is asked then, as in Mesos."""
    agent = state.agents.get(event.agent_id)
    if agent is not None and agent.version < internal.WITH_DRAINING:
        return 400, f"Agent {agent.id} is not capable of draining"
    found = standing.member(state, event.agent_id)
    if not isinstance(found, AbsentAgent):
        return found
    state.log(logging.INFO, f"agent {found.info.hostname} ({event.agent_id}) is drained by {event.by}")
    state.draining[event.agent_id] = Draining(DrainInfo(state=DrainState.DRAINING, config=event.config), now.wall)
    standing.take_from_offers(state, event.agent_id)
    standing.write(state, event.agent_id, found, BeginDrain(event.agent_id, event.request))
    return None


def begun(state: State, then: BeginDrain) -> None:
    """The registry holds that the agent is to be drained."""
    agent = state.agents.get(then.agent_id)
    if agent is not None:
        go_on(state, agent)


def go_on(state: State, agent: Agent) -> None:
    """The agent is here: it is told if it is drained, also if that is over, as in Mesos."""
    draining = state.draining.get(agent.id)
    if draining is None:
        return
    if agent.version >= internal.WITH_DRAINING:
        state.send_to_agent(agent, internal.Drain, config=draining.info.config)
    else:
        text = f"agent {agent.id} is to be drained, and cannot do that: it speaks version {agent.version} of the"
        state.log(logging.WARNING, f"{text} agent protocol; upgrade it, or end its tasks otherwise")
    state.less_on(agent)


def settle(state: State, now: Now) -> None:
    """At the end of each event: agents on which nothing is left are drained."""
    emptied, state.emptied = state.emptied, []
    for agent_id in emptied:
        agent, draining = state.agents.get(agent_id), state.draining.get(agent_id)
        found = standing.described(state, agent_id)
        if agent is None or draining is None or found is None or agent_id in state.leaving:
            continue
        if draining.info.state is not DrainState.DRAINING or agent.tasks or agent.operations:
            continue
        if draining.info.config.mark_gone:
            state.log(logging.WARNING, f"agent {agent.info.hostname} ({agent_id}) is drained, and gone with that")
            gone.mark(state, agent_id, found.info, None, now)
            continue
        info = msgspec.structs.replace(draining.info, state=DrainState.DRAINED)
        state.draining[agent_id] = msgspec.structs.replace(draining, info=info)
        standing.write(state, agent_id, found, Drained(agent_id))
