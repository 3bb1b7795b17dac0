"""Agents that an operator marks as gone: they never come back, and nothing of them does. First in the registry, then to
everybody, with the texts of Mesos.
"""

from __future__ import annotations

import logging

from dcos_runtime.core.frozen import Now
from dcos_runtime.master.core import offers, operations, registry, silence, standing, tasks
from dcos_runtime.master.core.events import GoneAsked
from dcos_runtime.master.core.records import AbsentAgent, Agent, Framework, Task
from dcos_runtime.master.core.state import State
from dcos_runtime.master.core.timing import GiveUp, MarkGone, MarkUnreachable, Remove
from dcos_runtime.wire import internal
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.tasks import TaskState, TaskStatus

Reason = TaskStatus.Reason

TEXT = "Agent has been marked gone"


def asked(state: State, event: GoneAsked, now: Now) -> tuple[int, str] | None:
    """The answer; None: it is answered once the registry is written."""
    agent_id = event.agent_id
    if agent_id in state.gone:
        return 200, ""
    match standing.under_way(state, agent_id):
        case MarkGone():
            return 503, f"Agent '{agent_id}' is already being transitioned to gone"
        case Remove():
            return 503, f"Agent '{agent_id}' is being transitioned to removed"
        case MarkUnreachable() | GiveUp():
            return 503, f"Agent '{agent_id}' is being transitioned to unreachable"
    found = standing.described(state, agent_id)
    if found is None:
        return 404, f"Agent '{agent_id}' not found"
    state.log(logging.WARNING, f"agent {found.info.hostname} ({agent_id}) is gone, says {event.by}")
    mark(state, agent_id, found.info, event.request, now)
    return None


def mark(state: State, agent_id: str, info: AgentInfo, request: int | None, now: Now) -> None:
    """Nothing on the agent is offered from here on, and it is not admitted any more."""
    agent = state.agents.get(agent_id)
    if agent is not None:
        silence.goes(state, agent)
    state.leaving.add(agent_id)
    state.persist(
        {registry.KEY + agent_id: registry.entry(info, gone_since=now.wall)}, MarkGone(agent_id, now.wall, request)
    )


def marked(state: State, then: MarkGone, now: Now) -> None:
    """The registry holds it: the agent is told to end, frameworks are told of its tasks."""
    agent = state.agents.get(then.agent_id)
    if agent is not None:
        info = agent.info
        _end(state, agent, now)
    else:
        known = state.recovering.pop(then.agent_id, None) or state.unreachable.pop(then.agent_id)
        info = known.info
        state.leaving.discard(then.agent_id)
        _end_unreachable_tasks(state, then.agent_id, now)
    standing.forget(state, then.agent_id)
    state.gone[then.agent_id] = AbsentAgent(info, then.since)
    silence.prune_later(state, now)


def _end(state: State, agent: Agent, now: Now) -> None:
    offers.give_back_all(state, agent.offers, rescind=True)  # it may have been admitted while this was written
    state.send_to_agent(agent, internal.Shutdown, message=TEXT)
    silence.break_off(state, agent)
    for task in agent.all_tasks():
        framework = state.frameworks.get(task.framework_id)
        update = _update(framework, task, now)
        tasks.apply(state, task, update, update.state, now)
        tasks.remove(state, task, unreachable=not _aware(framework))  # Mesos has no better place for a lost one
        tasks.forward(state, framework, update)
    operations.gone(state, agent, TEXT)
    silence.take_out(state, agent)
    silence.report_lost(state, agent.id)


def _end_unreachable_tasks(state: State, agent_id: str, now: Now) -> None:
    for framework in state.frameworks.values():
        for task in [one for one in framework.unreachable.values() if one.agent_id == agent_id]:
            update = _update(framework, task, now)
            if not task.terminal:
                tasks.count(state, update)
            tasks.apply(state, task, update, update.state, now)
            del framework.unreachable[task.id]
            state.retire(framework, task)
            tasks.forward(state, framework, update)


def _aware(framework: Framework | None) -> bool:
    return framework is not None and framework.partition_aware


def _update(framework: Framework | None, task: Task, now: Now) -> TaskStatus:
    outcome, reason = TaskState.TASK_LOST, Reason.REASON_AGENT_REMOVED
    if _aware(framework):
        outcome, reason = TaskState.TASK_GONE_BY_OPERATOR, Reason.REASON_AGENT_REMOVED_BY_OPERATOR
    return tasks.status(task.id, task.agent_id, outcome, TEXT, reason, now)
