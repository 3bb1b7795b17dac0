"""Agents that fall silent or leave: pinged, marked unreachable, removed, forgotten. Each change waits for the
registry's write.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from dcos_runtime.core.frozen import Now
from dcos_runtime.master.core import executors, inverse, offers, operations, standing, tasks, watchers
from dcos_runtime.master.core.records import AbsentAgent, Agent
from dcos_runtime.master.core.registry import KEY
from dcos_runtime.master.core.state import State
from dcos_runtime.master.core.timing import (
    Admit,
    Forget,
    GiveUp,
    MarkUnreachable,
    Ping,
    PruneRegistry,
    RemovalTurn,
    Remove,
)
from dcos_runtime.wire import internal
from dcos_runtime.wire.common import AgentID
from dcos_runtime.wire.scheduler import Event
from dcos_runtime.wire.tasks import TaskState, TaskStatus


def disconnected(state: State, stream: int) -> None:
    """The agent's stream is over; missed pings decide from now on."""
    agent = state.agents.get(state.agent_streams.pop(stream, ""))
    if agent is not None and agent.stream == stream:
        agent.stream = None
        state.allocator.deactivate_agent(agent.id)
        offers.give_back_all(state, agent.offers, rescind=True)
        inverse.drop_of_agent(state, agent.id, rescind=True)


def schedule_ping(state: State, agent: Agent, now: Now) -> None:
    if state.timers.at(Ping(agent.id)) is None:
        state.timers.set(Ping(agent.id), now.mono + state.settings.agent_ping_timeout)


def ping(state: State, agent_id: str, now: Now) -> None:
    """Pings the agent, or marks it unreachable when it missed too many pings."""
    agent = state.agents[agent_id]
    if agent_id in state.leaving:
        return
    if agent.missed_pings >= state.settings.max_agent_ping_timeouts:
        if agent_id not in state.removals:
            state.counters["master/slave_unreachable_scheduled"] += 1
        if not _waits_for_turn(state, agent_id, now):
            mark_unreachable(state, agent, "health check timed out", now, "unhealthy")
            return
    schedule_ping(state, agent, now)
    send_ping(state, agent)
    if state.source.unlucky("offers are rescinded"):
        offers.give_back_all(state, agent.offers, rescind=True)


def send_ping(state: State, agent: Agent) -> None:
    agent.missed_pings += 1
    if not state.source.unlucky("a ping is lost"):
        state.send_to_agent(agent, internal.Ping)


def resumed(state: State) -> None:
    """Gives every agent its full time again: its responses may have been lost while the leader was suspended."""
    for agent in state.agents.values():
        heard(state, agent)


def heard(state: State, agent: Agent) -> None:
    """The agent is there: it is not to be removed any more."""
    if agent.id in state.removals:
        del state.removals[agent.id]
        if agent.missed_pings:  # those that come back to another master were not counted as scheduled
            state.counters["master/slave_unreachable_canceled"] += 1
    agent.missed_pings = 0


def _waits_for_turn(state: State, agent_id: str, now: Now) -> bool:
    """Whether agents that are unreachable are marked so one after the other. It is pinged meanwhile."""
    if state.settings.agent_removal_interval is None:
        return False
    state.removals.setdefault(agent_id)
    if state.timers.at(RemovalTurn()) is None:
        state.timers.set(RemovalTurn(), max(now.mono, state.next_removal))
    return True


def removal_turn(state: State, now: Now) -> None:
    """Removes the agent that has waited longest, and begins the time until the next turn."""
    while state.removals:
        agent_id, _ = state.removals.popitem(last=False)
        if _removed_in_turn(state, agent_id, now):
            state.next_removal = now.mono + (state.settings.agent_removal_interval or 0.0)
            break
    if state.removals:
        state.timers.set(RemovalTurn(), state.next_removal)


def _removed_in_turn(state: State, agent_id: str, now: Now) -> bool:
    agent = state.agents.get(agent_id)
    if agent is not None:
        if agent_id in state.leaving:
            return False
        mark_unreachable(state, agent, "health check timed out", now, "unhealthy")
        return True
    late = _late(state, [agent_id])
    _give_up(state, late, now)
    return bool(late)


def goes(state: State, agent: Agent) -> None:
    """Nothing on the agent is offered any more, and it is not admitted until the registry is written."""
    state.leaving.add(agent.id)
    state.allocator.deactivate_agent(agent.id)
    offers.give_back_all(state, agent.offers, rescind=True)
    inverse.drop_of_agent(state, agent.id, rescind=True)


def unregister(state: State, agent: Agent) -> None:
    """The agent says that it leaves."""
    state.counters["master/messages_unregister_slave"] += 1
    remove(state, agent, "the agent unregistered")


def remove(state: State, agent: Agent, why: str, *, shut_down: bool = False) -> None:
    """The agent is no member any more. ``shut_down``: it is told to end."""
    goes(state, agent)
    state.persist({KEY + agent.id: None}, Remove(agent.id, why, shut_down))


def mark_unreachable(state: State, agent: Agent, why: str, now: Now, counted: str) -> None:
    goes(state, agent)
    text = f"Agent {agent.info.hostname} is unreachable: {why}"
    then = MarkUnreachable(agent.id, now.wall, text, counted)
    standing.write(state, agent.id, AbsentAgent(agent.info, now.wall), then)


def removed(state: State, then: MarkUnreachable, now: Now) -> None:
    """The registry holds the agent as unreachable: its tasks are unreachable (lost, for frameworks that do not know
    that state).
    """
    agent, since = state.agents[then.agent_id], then.since
    state.log(logging.WARNING, f"{then.why} ({agent.id})")
    break_off(state, agent)
    for task in agent.all_tasks():
        framework = state.frameworks.get(task.framework_id)
        aware = framework is not None and framework.partition_aware
        outcome = TaskState.TASK_UNREACHABLE if aware else TaskState.TASK_LOST
        update = tasks.status(
            task.id, agent.id, outcome, then.why, TaskStatus.Reason.REASON_AGENT_REMOVED, now, unreachable_since=since
        )
        tasks.apply(state, task, update, outcome, now)
        tasks.remove(state, task, unreachable=True)
        tasks.forward(state, framework, update)
    operations.unreachable(state, agent)
    take_out(state, agent)
    state.unreachable[agent.id] = AbsentAgent(agent.info, since)
    _count_removal(state, then.counted)
    if then.counted == "unhealthy":
        state.counters["master/slave_unreachable_completed"] += 1
    report_lost(state, agent.id)
    prune_later(state, now)


def left(state: State, then: Remove, now: Now) -> None:
    """The registry holds the agent no more: its tasks are lost, for all frameworks, as in Mesos."""
    agent = state.agents[then.agent_id]
    why = f"Agent {agent.info.hostname} removed: {then.why}"
    state.log(logging.WARNING, f"{why} ({agent.id})")
    if then.shut_down:
        state.send_to_agent(agent, internal.Shutdown, message=then.why)
    break_off(state, agent)
    for task in agent.all_tasks():
        framework = state.frameworks.get(task.framework_id)
        lost = TaskState.TASK_LOST
        update = tasks.status(task.id, agent.id, lost, why, TaskStatus.Reason.REASON_AGENT_REMOVED, now)
        tasks.apply(state, task, update, lost, now)
        tasks.remove(state, task)
        tasks.forward(state, framework, update)
    operations.unreachable(state, agent)
    take_out(state, agent)
    standing.forget(state, agent.id)
    _count_removal(state, None if then.shut_down else "unregistered")
    report_lost(state, agent.id)


def break_off(state: State, agent: Agent) -> None:
    """The agent is pinged no more, and its connection ends."""
    state.timers.cancel(Ping(agent.id))
    if agent.stream is not None:
        state.close(agent.stream)
        state.agent_streams.pop(agent.stream, None)
        agent.stream = None


def take_out(state: State, agent: Agent) -> None:
    """The agent, which has no tasks and operations any more, is no member."""
    executors.remove_all(state, agent)
    inverse.agent_gone(state, agent.id)
    del state.agents[agent.id]
    state.leave(agent)
    state.leaving.discard(agent.id)
    state.allocator.remove_agent(agent.id)
    watchers.agent_removed(state, agent.id)


def _count_removal(state: State, reason: str | None) -> None:
    state.counters["master/slave_removals"] += 1
    if reason is not None:
        state.counters[f"master/slave_removals/reason_{reason}"] += 1


def report_lost(state: State, agent_id: str) -> None:
    failure = Event(type=Event.Type.FAILURE, failure=Event.Failure(agent_id=AgentID(value=agent_id)))
    for framework in state.frameworks.values():
        state.send(framework, failure)


def recovery_over(state: State, now: Now) -> None:
    """Marks agents unreachable that did not come back to this master in their time."""
    late = _late(state, state.recovering)
    _give_up(state, [agent_id for agent_id in late if not _waits_for_turn(state, agent_id, now)], now)


def _late(state: State, agent_ids: Iterable[str]) -> list[str]:
    """Of these agents those that are still expected back, and neither being admitted nor marked gone."""
    busy = {*state.agent_streams.values(), *state.leaving}
    return [agent_id for agent_id in agent_ids if agent_id in state.recovering and agent_id not in busy]


def _give_up(state: State, late: Sequence[str], now: Now) -> None:
    """These are unreachable, once the registry says so."""
    state.leaving.update(late)
    if late:
        infos = [(agent_id, state.recovering[agent_id].info) for agent_id in late]
        changes = {KEY + agent_id: standing.entry(state, agent_id, info, now.wall) for agent_id, info in infos}
        state.persist(changes, GiveUp(tuple(late), now.wall))


def given_up(state: State, agent_ids: Iterable[str], since: float, now: Now) -> None:
    """The registry holds that these did not come back: counts and logs them."""
    for agent_id in agent_ids:
        absent = state.recovering.pop(agent_id, None)
        if absent is None:  # it was admitted meanwhile, by a write before this one, and is not connected any more
            hostname = state.agents[agent_id].info.hostname
            why = f"Agent {hostname} is unreachable: it did not come back to this master in time"
            removed(state, MarkUnreachable(agent_id, since, why, "unhealthy"), now)
            continue
        state.leaving.discard(agent_id)
        state.unreachable[agent_id] = AbsentAgent(absent.info, since)
        state.counters["master/recovery_slave_removals"] += 1
        _count_removal(state, "unhealthy")
        report_lost(state, agent_id)
    prune_later(state, now)


def prune_later(state: State, now: Now) -> None:
    if state.timers.at(PruneRegistry()) is None:
        state.timers.set(PruneRegistry(), now.mono + state.settings.registry_gc_interval)


def prune_registry(state: State, now: Now) -> None:
    """Forgets agents that have been unreachable or gone for weeks, and the oldest of either if there are too many."""
    old: list[str] = []
    for absent_agents in (state.unreachable, state.gone):
        excess = len(absent_agents) - state.settings.registry_max_agent_count
        for position, (agent_id, absent) in enumerate(absent_agents.items()):
            if position >= excess and now.wall - (absent.since or 0.0) < state.settings.registry_max_agent_age:
                break
            old.append(agent_id)
    if old:
        busy = {*state.agent_streams.values(), *state.leaving}  # those that are being admitted, or marked gone
        old = [agent_id for agent_id in old if agent_id not in busy]
    if old:
        state.persist({KEY + agent_id: None for agent_id in old}, Forget(tuple(old)))
    if state.unreachable or state.gone:
        prune_later(state, now)


def forgotten(state: State, then: Forget) -> None:
    for agent_id in then.agent_ids:
        state.unreachable.pop(agent_id, None)
        state.gone.pop(agent_id, None)
        if not isinstance(standing.under_way(state, agent_id), Admit):  # unless it came back meanwhile
            standing.forget(state, agent_id)
