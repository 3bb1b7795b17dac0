"""Agents: admitted, connected and reconnected. Each change waits for the registry's write. See `silence`, too."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

import msgspec

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources import Resources
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.master.core import (
    arrivals,
    drains,
    executors,
    frameworks,
    gone,
    maintenance,
    offers,
    operations,
    registry,
    silence,
    standing,
    tasks,
    validate,
    watchers,
)
from dcos_runtime.master.core.arrivals import Arrival, ArrivalRefused, ReportedTask
from dcos_runtime.master.core.events import AgentConnect, AgentMessages
from dcos_runtime.master.core.records import AbsentAgent, Agent, Draining, Framework, Task
from dcos_runtime.master.core.state import State, place
from dcos_runtime.master.core.timing import Admit, Migrated, RecoveryOver
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.tasks import TaskState, TaskStatus

MAX_INFO = 256 * 1024
"""The most bytes of an agent's description, as the registry keeps it."""
FORMER_LIVES = 8
"""How many former processes of an agent are remembered, so that their late messages are refused."""


def load(state: State, entries: Iterable[tuple[str, bytes]], now: Now) -> None:
    """Takes over the registry: agents that an earlier master admitted have a limited time to come back. Raises
    `codec.DecodeError`, `registry.UnknownRegistryVersion`, before anything was changed.
    """
    unreachable: list[tuple[float, str, AgentInfo]] = []
    for_good: list[tuple[float, str, AgentInfo]] = []
    expected: dict[str, AbsentAgent] = {}
    deactivated: list[str] = []
    draining: dict[str, Draining] = {}
    changes: dict[str, bytes | None] = {}
    for key, data in entries:
        if key.startswith(registry.KEY):
            entry, migrated = registry.read(key, data)
            agent_id = key.removeprefix(registry.KEY)
            if migrated is not None:
                changes[key] = migrated
            if entry.deactivated:
                deactivated.append(agent_id)
            if entry.draining is not None:
                draining[agent_id] = entry.draining
            if entry.gone_since is not None:
                for_good.append((entry.gone_since, agent_id, entry.info))
            elif entry.unreachable_since is not None:
                unreachable.append((entry.unreachable_since, agent_id, entry.info))
            else:
                expected[agent_id] = AbsentAgent(entry.info)
    state.recovering.update(expected)
    state.deactivated.update(deactivated)
    state.draining.update(draining)
    for agents, found in ((state.unreachable, unreachable), (state.gone, for_good)):
        for since, agent_id, info in sorted(found, key=lambda item: item[:2]):
            agents[agent_id] = AbsentAgent(info, since)
    if changes:
        state.log(logging.INFO, f"{len(changes)} entries of the registry are of a former version; writing them again")
        state.persist(changes, Migrated())
    if state.unreachable or state.gone:
        silence.prune_later(state, now)
    if state.recovering:
        state.timers.set(RecoveryOver(), now.mono + state.settings.agent_reregister_timeout)


# --- connecting ------------------------------------------------------------------------------------------------------


def connect(state: State, event: AgentConnect, now: Now) -> tuple[int, str]:
    """200: the stream is open, and `Connected` comes on it once the agent is admitted. Any other status: the reason,
    for the agent's log. With a certificate an agent can neither claim another host nor take the id of an agent on
    another host.
    """
    try:
        call, version = internal.connect(event.data)
    except internal.UnknownVersion as problem:
        state.log(logging.WARNING, f"refused the agent at {event.address}: {problem}")
        return 400, str(problem)
    except codec.DecodeError as problem:
        return 400, str(problem)
    try:
        _connect(state, event, call, version, now)
    except ArrivalRefused as refusal:
        state.log(logging.WARNING, f"refused agent {call.agent.hostname} at {event.address}: {refusal.text}")
        return refusal.status, refusal.text
    state.log(logging.INFO, f"agent {call.agent.hostname} connected from {event.address}")
    return 200, ""


def _connect(state: State, event: AgentConnect, call: internal.Connect, version: int, now: Now) -> None:
    """Raises `ArrivalRefused`."""
    strict = len(event.data) > codec.MAX_LENIENT
    arrival = arrivals.arrival(call, version, event.stream, event.address, strict=strict)
    agent_id = arrival.agent_id
    state.counters[f"master/messages_{'register' if agent_id is None else 'reregister'}_slave"] += 1
    if agent_id is not None and (error := validate.identifier(agent_id)):
        raise ArrivalRefused(400, error)
    if event.names is not None and (error := _pretends(state, arrival.info, agent_id, event.names)):
        raise ArrivalRefused(403, error)
    if agent_id in state.gone:
        raise ArrivalRefused(410, gone.TEXT)
    if maintenance.is_down(state, arrival.info.hostname, arrival.address):
        raise ArrivalRefused(410, maintenance.REFUSED)
    known = state.agents.get(agent_id) if agent_id is not None else None
    back = state.recovering.get(agent_id) if agent_id is not None else None
    stored = known or back
    same = stored is not None and _same(stored.info, arrival.info)
    if not same and (size := len(codec.encode(arrival.info))) > MAX_INFO:
        text = f"the agent's description has {size} bytes, and the registry takes {MAX_INFO} of an agent"
        raise ArrivalRefused(400, f"{text}; give it fewer or shorter attributes")
    if agent_id is None:
        agent_id = state.new_agent_id()
        arrival = arrival.named(agent_id)
        _replace_silent(state, arrival.info, now)
    if agent_id in state.leaving:
        raise ArrivalRefused(503, "the agent is being removed; connect again")
    if known is not None and _late(known, arrival):
        raise ArrivalRefused(409, "a newer connection of the agent is there already")
    state.agent_streams[arrival.stream] = agent_id
    if not same:
        standing.write(state, agent_id, AbsentAgent(arrival.info), Admit(agent_id, arrival))
    elif known is not None:
        _reconnected(state, known, arrival, now)
    else:
        _admitted(state, agent_id, arrival, now)


def _late(agent: Agent, arrival: Arrival) -> bool:
    """Whether the request was delayed, and the agent has connected again since."""
    if arrival.life in agent.former:
        return True
    return bool(arrival.life) and arrival.life == agent.life and arrival.number <= agent.connection


def _pretends(state: State, info: AgentInfo, agent_id: str | None, names: Collection[str]) -> str | None:
    shown = ", ".join(sorted(names))
    if info.hostname not in names:
        return f"the agent calls itself {info.hostname}, its certificate {shown}; --hostname has to be one of these"
    known = state.agents.get(agent_id or "") or state.recovering.get(agent_id or "")
    known = known or state.unreachable.get(agent_id or "") or state.gone.get(agent_id or "")
    if known is not None and known.info.hostname not in names:
        return f"agent {agent_id} is of {known.info.hostname}, which the certificate ({shown}) does not name"
    return None


def _same(old: AgentInfo, new: AgentInfo) -> bool:
    return old == new or codec.encode(old) == codec.encode(new)


def _replace_silent(state: State, info: AgentInfo, now: Now) -> None:
    """A new agent at the address of a disconnected one replaces it: the former one lost its id."""
    for agent_id in list(state.places.get(place(info), ())):
        old = state.agents[agent_id]
        if not old.connected and old.id not in state.leaving:
            silence.mark_unreachable(state, old, "a new agent registered at the same address", now, "registered")


def admit(state: State, then: Admit, now: Now) -> None:
    """The registry holds the agent."""
    _admitted(state, then.agent_id, then.arrival, now)


def _admitted(state: State, agent_id: str, arrival: Arrival, now: Now) -> None:
    known = state.agents.get(agent_id)
    if known is not None and _late(known, arrival):
        state.close(arrival.stream)
        state.agent_streams.pop(arrival.stream, None)
        return
    if known is not None:  # its info changed, or it connected twice while the registry was written
        _change_info(state, known, arrival)
        _reconnected(state, known, arrival, now)
        return
    back = state.recovering.pop(agent_id, None)
    was_unreachable = state.unreachable.pop(agent_id, None)
    agent = Agent(
        id=agent_id,
        info=arrival.info,
        total=arrival.offered,
        software=arrival.software,
        address=arrival.address,
        registered_at=now.wall,
        reregistered_at=None if back is None and was_unreachable is None else now.wall,
        life=arrival.life,
        connection=arrival.number,
        version=arrival.version,
    )
    state.agents[agent_id] = agent
    state.add_place(agent)
    state.allocator.add_agent(agent_id, agent.total, active=False)
    operations.reported(state, agent, arrival)
    state.counters[f"master/slave_{'re' if agent.reregistered_at else ''}registrations"] += 1
    _attach(state, agent, arrival, now)
    _learn_frameworks(state, agent, arrival, now)
    adopted = _adopt(state, agent, arrival.tasks)
    executors.reported(state, agent, arrival.executors)
    watchers.agent_added(state, agent)
    drains.go_on(state, agent)
    maintenance.arrived(state, agent, now)
    if back is not None:
        return
    text = "Unreachable agent re-reregistered" if was_unreachable else "Unknown agent reregistered"
    for task in adopted:
        update = tasks.latest(task, text, TaskStatus.Reason.REASON_AGENT_REREGISTERED, now)
        update = msgspec.structs.replace(update, state=task.state)
        tasks.forward(state, state.frameworks.get(task.framework_id), update)


def _change_info(state: State, agent: Agent, arrival: Arrival) -> None:
    state.leave(agent)
    agent.info = arrival.info
    state.add_place(agent)


def _attach(state: State, agent: Agent, arrival: Arrival, now: Now) -> None:
    """Makes the arrival's stream the agent's connection; an older one ends."""
    stream = arrival.stream
    if agent.stream is not None and agent.stream != stream:
        state.close(agent.stream)
        state.agent_streams.pop(agent.stream, None)
    agent.epoch = state.new_epoch()
    agent.sent = agent.taken = 0
    silence.heard(state, agent)
    if stream not in state.agent_streams:  # its stream ended while the registry was written
        agent.stream = None
        state.allocator.deactivate_agent(agent.id)
        silence.schedule_ping(state, agent, now)
        return
    agent.stream = stream
    ping_seconds = state.settings.agent_ping_timeout
    master_id = state.settings.master.id
    state.send_to_agent(
        agent, internal.Connected, master_id=master_id, ping_seconds=ping_seconds, version=arrival.version
    )
    if state.active(agent):
        state.allocator.activate_agent(agent.id)
    silence.schedule_ping(state, agent, now)
    silence.send_ping(state, agent)


def _learn_frameworks(state: State, agent: Agent, arrival: Arrival, now: Now) -> None:
    """Frameworks are known from their tasks until they subscribe. Tasks of frameworks that this master has removed are
    ended.
    """
    running = {task.framework_id for task in arrival.tasks} | {one.framework_id for one in arrival.executors}
    for info in arrival.frameworks:
        framework = state.frameworks.get(info.id.value) if info.id is not None else None
        if framework is not None and framework.info == info:
            running.add(framework.id)
            continue
        if info.id is None or validate.framework(info):
            continue
        framework_id = info.id.value
        running.add(framework_id)
        if framework_id in state.completed:
            continue
        if framework is None:
            frameworks.recover(state, info, now)
        elif codec.encode(framework.info) != codec.encode(info):
            frameworks.send_info(state, agent, framework)
    for framework_id in sorted(running & state.completed.keys()):
        frameworks.send_shutdown(state, agent, framework_id)


def _adopt(state: State, agent: Agent, reported: Iterable[ReportedTask]) -> list[Task]:
    """Records the tasks that an agent reports, except those of removed frameworks. A task that is reported twice is
    recorded once.
    """
    by_framework: dict[str, list[ReportedTask]] = {}
    for one in reported:
        by_framework.setdefault(one.framework_id, []).append(one)
    adopted: list[Task] = []
    for framework_id, its in by_framework.items():
        if framework_id not in state.completed:
            adopted += _adopt_of(state, agent, framework_id, its)
    return adopted


def _adopt_of(state: State, agent: Agent, framework_id: str, reported: Sequence[ReportedTask]) -> list[Task]:
    framework = state.frameworks.get(framework_id)
    usual = min(framework.roles, default="*") if framework is not None else "*"
    more = framework.size if framework is not None else 0
    known = agent.tasks.setdefault(framework_id, {})
    adopted: list[Task] = []
    held: dict[str, list[Resources]] = defaultdict(list)  # by role
    agent_id, total = agent.id, 0
    for one in reported:
        task_id = one.task_id
        if task_id in known:
            continue
        role, weight = one.role or usual, len(one.info) + more  # also beyond the limit: a running task stays known
        task = known[task_id] = tasks.adopted(one, agent_id, role, weight)
        total += weight
        adopted.append(task)
        if one.state not in TERMINAL:
            held[role].append(one.resources)
    agent.weight += total
    for task in adopted:
        watchers.task_added(state, task)
    if framework is not None:
        _found(state, framework, adopted)
    for role, parts in held.items():
        resources = amounts.total(parts)
        agent.used = agent.used + resources
        if framework is not None:
            framework.used.add(agent.id, resources)
        state.allocator.charge(framework_id, role, agent.id, resources)
    return adopted


def _found(state: State, framework: Framework, adopted: Sequence[Task]) -> None:
    """The framework's tasks are known again, whatever status updates it got about them."""
    known, unreachable, completed = framework.tasks, framework.unreachable, framework.completed
    known.update([(task.id, task) for task in adopted])
    if unreachable or completed:
        for task in adopted:
            unreachable.pop(task.id, None)
            state.unretire(framework, task.id)


def _reconnected(state: State, agent: Agent, arrival: Arrival, now: Now) -> None:
    """An agent that the master knows: updates the records to what the agent reports."""
    agent.reregistered_at = now.wall
    agent.software, agent.address, agent.version = arrival.software, arrival.address, arrival.version
    if agent.life and arrival.life != agent.life:
        agent.former = (*agent.former, agent.life)[-FORMER_LIVES:]
    agent.life, agent.connection = arrival.life, arrival.number
    offers.give_back_all(state, agent.offers, rescind=True)
    operations.reported(state, agent, arrival)
    _attach(state, agent, arrival, now)
    state.counters["master/slave_reregistrations"] += 1
    _learn_frameworks(state, agent, arrival, now)
    reported = set()
    strange: list[ReportedTask] = []
    for one in arrival.tasks:
        key = (one.framework_id, one.task_id)
        reported.add(key)
        if one.framework_id in state.completed:
            continue
        task = agent.task(*key)
        if task is None:
            strange.append(one)
        elif one.state != task.state and not task.terminal and (update := tasks.newest(one.statuses)) is not None:
            tasks.apply(state, task, update, one.state, now)
        if key in agent.killed and one.state not in TERMINAL:
            tasks.send_kill(state, agent, *key)
    _adopt(state, agent, strange)
    executors.reported(state, agent, arrival.executors)
    for task in agent.all_tasks():
        if (task.framework_id, task.id) not in reported:
            _missing(state, agent, task, now)
    drains.go_on(state, agent)
    maintenance.arrived(state, agent, now)


def _missing(state: State, agent: Agent, task: Task, now: Now) -> None:
    """A task that its agent does not know: the launch never arrived, or the task ended and was acknowledged."""
    framework = state.frameworks.get(task.framework_id)
    if not task.terminal:
        outcome = TaskState.TASK_DROPPED if framework and framework.partition_aware else TaskState.TASK_LOST
        update = tasks.status(
            task.id,
            agent.id,
            outcome,
            "Reconciliation: task unknown to the agent",
            TaskStatus.Reason.REASON_RECONCILIATION,
            now,
        )
        tasks.forward(state, framework, update)
        tasks.apply(state, task, update, outcome, now)
    tasks.remove(state, task)


# --- messages --------------------------------------------------------------------------------------------------------


def messages(state: State, event: AgentMessages, now: Now) -> tuple[int, str | internal.Taken]:
    try:
        batch = codec.decode(event.data, internal.Batch)
    except codec.DecodeError as problem:
        return 400, str(problem)
    answer = _messages(state, batch, now, event.names)
    if answer[0] != 200:
        agent = state.agents.get(batch.agent_id)
        taken = agent.taken if agent is not None and agent.epoch == batch.epoch else 0
        state.counters["master/dropped_messages"] += sum(1 for message in batch.messages if message.seq > taken)
    return answer


def _messages(
    state: State, batch: internal.Batch, now: Now, names: Collection[str] | None
) -> tuple[int, str | internal.Taken]:
    agent = state.agents.get(batch.agent_id)
    if agent is not None and names is not None and agent.info.hostname not in names:
        return 403, f"agent {agent.id} is of another host than the certificate"
    if agent is None or not agent.connected or agent.id in state.leaving:
        return 409, "the agent is not connected to this master; connect again"
    if batch.epoch != agent.epoch:
        return 409, f"the connection's epoch is {agent.epoch}, not {batch.epoch}; connect again"
    for message in batch.messages:
        if message.seq <= agent.taken:
            continue  # the response to an earlier post of it was lost
        if message.seq != agent.taken + 1:
            return 409, f"message {agent.taken + 1} is missing before {message.seq}; connect again"
        agent.taken = message.seq
        silence.heard(state, agent)
        if isinstance(message, internal.Update):
            tasks.updated(state, agent, message, now)
        elif isinstance(message, internal.TaskGone):
            tasks.gone(state, agent, message)
        elif isinstance(message, internal.OperationUpdate):
            offers.give_back_all(state, operations.updated(state, agent, message), rescind=True)
        elif isinstance(message, internal.ExecutorGone):
            executors.gone(state, agent, message)
        elif isinstance(message, internal.FromExecutor):
            executors.said(state, agent, message)
        elif isinstance(message, internal.Unregister):
            silence.unregister(state, agent)
            break  # it says no more
    return 200, internal.Taken(seq=agent.taken)
