"""Agents: admitted, connected, silent, unreachable, back again; acted on once the registry has it for sure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.master import validate
from dcos_runtime.master.core import frameworks, offers, tasks
from dcos_runtime.master.core.effects import Answer
from dcos_runtime.master.core.records import Absent, Agent, Task
from dcos_runtime.master.core.state import State, task_resources
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.common import AgentID
from dcos_runtime.wire.scheduler import Event
from dcos_runtime.wire.tasks import TaskInfo, TaskState, TaskStatus

_KEY = "agents/"
MAX_INFO = 256 * 1024
"""Bytes of an agent's description as it is kept in the registry."""


class Entry(msgspec.Struct, omit_defaults=True):
    """An agent in the registry, key ``agents/<id>``."""

    info: AgentInfo
    unreachable_since: float | None = None


def load(state: State, entries: Mapping[str, bytes], now: Now) -> None:
    """Begins with what an earlier master knew: agents to come back within their time. Raises `codec.DecodeError`."""
    for key, data in entries.items():
        if key.startswith(_KEY):
            entry = codec.decode(data, Entry)
            absent = Absent(entry.info, entry.unreachable_since)
            if entry.unreachable_since is None:
                state.recovering[key.removeprefix(_KEY)] = absent
            else:
                state.unreachable[key.removeprefix(_KEY)] = absent
    state.unreachable = type(state.unreachable)(
        sorted(state.unreachable.items(), key=lambda item: item[1].since or 0.0)
    )
    if state.recovering:
        state.at(now.mono + state.config.agent_reregister_timeout, lambda then: _recovery_over(state, then))


# --- connecting ------------------------------------------------------------------------------------------------------


def connect(
    state: State, call: internal.Connect, stream: int, address: str, now: Now, names: Collection[str] | None = None
) -> Answer:
    """200: the stream is the agent's, `Connected` comes on it once it is admitted. Else the reason, for its log.

    ``names``: what the agent's certificate lets it call itself. It can neither pass for an agent of another host, nor
    take an id that is one's.
    """
    if call.version != internal.VERSION:
        return Answer(400, f"this master speaks version {internal.VERSION} of the agent protocol, not {call.version}")
    if error := amounts.invalid(call.agent.resources) or amounts.not_offerable(call.agent.resources):
        return Answer(400, error)
    if (size := len(codec.encode(call.agent))) > MAX_INFO:
        text = f"the agent's description has {size} bytes, and the registry takes {MAX_INFO} of an agent"
        return Answer(400, f"{text}; give it fewer or shorter attributes")
    agent_id = call.agent.id.value if call.agent.id is not None and call.agent.id.value else None
    state.counters[f"master/messages_{'register' if agent_id is None else 'reregister'}_slave"] += 1
    if agent_id is not None and (error := validate.identifier(agent_id)):
        return Answer(400, error)
    if names is not None and (error := _pretends(state, call.agent, agent_id, names)):
        return Answer(403, error)
    for told in call.tasks:
        try:
            info = codec.decode(told.task, TaskInfo)
        except codec.DecodeError as problem:
            return Answer(400, f"a task of framework {told.framework_id} cannot be read: {problem}")
        if error := amounts.invalid(info.resources):
            return Answer(400, f"task {info.task_id.value} of framework {told.framework_id}: {error}")
    if agent_id is None:
        agent_id = state.new_agent_id()
        call.agent.id = AgentID(value=agent_id)
        _replace_silent(state, call.agent, now)
    if agent_id in state.leaving:
        return Answer(503, "the agent is being marked unreachable; connect again")
    state.agent_streams[stream] = agent_id
    known = state.agents.get(agent_id)
    back = state.recovering.get(agent_id)
    if known is not None and _same(known.info, call.agent):
        _reconnected(state, known, call, stream, address, now)
    elif back is not None and _same(back.info, call.agent):
        _admitted(state, call, stream, address, now)
    else:
        entry = codec.encode(Entry(call.agent))
        state.persist({_KEY + agent_id: entry}, lambda then: _admitted(state, call, stream, address, then))
    return Answer(200)


def _pretends(state: State, info: AgentInfo, agent_id: str | None, names: Collection[str]) -> str | None:
    shown = ", ".join(sorted(names))
    if info.hostname not in names:
        return f"the agent calls itself {info.hostname}, its certificate {shown}; --hostname has to be one of these"
    known = state.agents.get(agent_id or "") or state.recovering.get(agent_id or "")
    known = known or state.unreachable.get(agent_id or "")
    if known is not None and known.info.hostname not in names:
        return f"agent {agent_id} is of {known.info.hostname}, which the certificate ({shown}) does not name"
    return None


def _same(old: AgentInfo, new: AgentInfo) -> bool:
    return codec.encode(old) == codec.encode(new)


def _replace_silent(state: State, info: AgentInfo, now: Now) -> None:
    """A new agent at the address of one that is not connected takes its place: that one lost its id."""
    for old in list(state.agents.values()):
        same_address = (old.info.hostname, old.info.port) == (info.hostname, info.port)
        if same_address and not old.connected and old.id not in state.leaving:
            _mark_unreachable(state, old, "a new agent registered at the same address", now, "registered")


def _admitted(state: State, call: internal.Connect, stream: int, address: str, now: Now) -> None:
    assert call.agent.id is not None
    agent_id = call.agent.id.value
    known = state.agents.get(agent_id)
    if known is not None:  # its info changed, or it connected twice while the registry was written
        _change_info(state, known, call.agent)
        _reconnected(state, known, call, stream, address, now)
        return
    back = state.recovering.pop(agent_id, None)
    was_unreachable = state.unreachable.pop(agent_id, None)
    agent = Agent(
        id=agent_id,
        info=call.agent,
        total=amounts.parse(call.agent.resources),
        software=call.software,
        address=address,
        registered_at=now.wall,
        reregistered_at=None if back is None and was_unreachable is None else now.wall,
    )
    state.agents[agent_id] = agent
    state.allocator.add_agent(agent_id, agent.total, active=False)
    state.counters[f"master/slave_{'re' if agent.reregistered_at else ''}registrations"] += 1
    _attach(state, agent, stream, now)
    _learn_frameworks(state, agent, call, now)
    for told in call.tasks:
        task = _adopt(state, agent, told) if told.framework_id not in state.completed else None
        if task is not None and back is None:
            text = "Unreachable agent re-reregistered" if was_unreachable else "Unknown agent reregistered"
            update = tasks.latest(task, text, TaskStatus.Reason.REASON_AGENT_REREGISTERED, now)
            update.state = task.state
            tasks.forward(state, state.frameworks.get(task.framework_id), update)


def _change_info(state: State, agent: Agent, info: AgentInfo) -> None:
    agent.info = info
    agent.total = amounts.parse(info.resources)
    offers.give_back_all(state, agent.offers, rescind=True)
    state.allocator.update_agent(agent.id, agent.total)


def _attach(state: State, agent: Agent, stream: int, now: Now) -> None:
    """Makes ``stream`` the agent's connection, the older one is over."""
    if agent.stream is not None and agent.stream != stream:
        state.close(agent.stream)
        state.agent_streams.pop(agent.stream, None)
    agent.epoch = state.new_epoch()
    agent.sent = agent.taken = agent.missed_pings = 0
    if stream not in state.agent_streams:  # it went away while the registry was written
        agent.stream = None
        state.allocator.deactivate_agent(agent.id)
        _schedule_ping(state, agent, now)
        return
    agent.stream = stream
    state.tell(
        agent,
        lambda agent_id, epoch, seq: internal.Connected(
            agent_id=agent_id,
            epoch=epoch,
            seq=seq,
            master_id=state.config.master.id,
            ping_seconds=state.config.agent_ping_timeout,
        ),
    )
    state.allocator.activate_agent(agent.id)
    _schedule_ping(state, agent, now)
    _send_ping(state, agent)


def _learn_frameworks(state: State, agent: Agent, call: internal.Connect, now: Now) -> None:
    """Frameworks are known from their tasks until they subscribe; what this master has removed is ended there too."""
    running = {told.framework_id for told in call.tasks}
    for info in call.frameworks:
        if info.id is None or validate.framework(info):
            continue
        framework_id = info.id.value
        running.add(framework_id)
        if framework_id in state.completed:
            continue
        framework = state.frameworks.get(framework_id)
        if framework is None:
            frameworks.recover(state, info, now)
        elif codec.encode(framework.info) != codec.encode(info):
            frameworks.tell_info(state, agent, framework)
    for framework_id in sorted(running & state.completed.keys()):
        frameworks.tell_shutdown(state, agent, framework_id)


def _adopt(state: State, agent: Agent, told: internal.RunningTask) -> Task | None:
    """A task that an agent tells of and that is not in the records. ``None``: it is told of twice."""
    info = codec.decode(told.task, TaskInfo)
    if agent.task(told.framework_id, info.task_id.value) is not None:
        return None
    framework = state.frameworks.get(told.framework_id)
    first = info.resources[0].allocation_info if info.resources else None
    role = first.role if first and first.role else min(framework.roles, default="*") if framework else "*"
    encoded_info = bytes(told.task)
    weight = tasks.weight(framework, encoded_info)  # beyond the limit, too: what runs there stays known
    task = Task(info.task_id.value, told.framework_id, agent.id, role, encoded_info, told.state, weight=weight)
    oldest = told.unacknowledged or told.status
    for update in (oldest, told.status):
        if update is not None:
            encoded = codec.encode(tasks.without_data(update))
            task.statuses = (*task.statuses, encoded) if encoded not in task.statuses else task.statuses
    if oldest is not None:
        task.status_state, task.status_uuid = oldest.state, oldest.uuid
    if framework is not None:
        framework.unreachable.pop(task.id, None)
        state.unretire(framework, task.id)
    tasks.add(agent, framework, task)
    if not task.terminal:
        agent.used = agent.used + task_resources(task)
        if framework is not None:
            framework.used.add(agent.id, task_resources(task))
        state.allocator.charge(task.framework_id, role, agent.id, task_resources(task))
    return task


def _reconnected(state: State, agent: Agent, call: internal.Connect, stream: int, address: str, now: Now) -> None:
    """An agent that we have kept records of: settles what it tells against them."""
    agent.reregistered_at = now.wall
    agent.software = call.software
    agent.address = address
    offers.give_back_all(state, agent.offers, rescind=True)
    _attach(state, agent, stream, now)
    state.counters["master/slave_reregistrations"] += 1
    _learn_frameworks(state, agent, call, now)
    told_of = set()
    for told in call.tasks:
        task_id = codec.decode(told.task, TaskInfo).task_id.value
        told_of.add((told.framework_id, task_id))
        if told.framework_id in state.completed:
            continue
        task = agent.task(told.framework_id, task_id)
        if task is None:
            _adopt(state, agent, told)
        elif told.state != task.state and not task.terminal and told.status is not None:
            tasks.apply(state, task, told.status, told.state, now)
        if (told.framework_id, task_id) in agent.killed and told.state not in TERMINAL:
            tasks.tell_kill(state, agent, told.framework_id, task_id)
    for task in agent.all_tasks():
        if (task.framework_id, task.id) not in told_of:
            _missing(state, agent, task, now)


def _missing(state: State, agent: Agent, task: Task, now: Now) -> None:
    """A task that its agent does not know: it never arrived there, or it ended and was acknowledged."""
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


def messages(
    state: State, batch: internal.Batch, now: Now, names: Collection[str] | None = None
) -> Answer | internal.Taken:
    answer = _messages(state, batch, now, names)
    if isinstance(answer, Answer):
        agent = state.agents.get(batch.agent_id)
        taken = agent.taken if agent is not None and agent.epoch == batch.epoch else 0
        state.counters["master/dropped_messages"] += sum(1 for message in batch.messages if message.seq > taken)
    return answer


def _messages(
    state: State, batch: internal.Batch, now: Now, names: Collection[str] | None = None
) -> Answer | internal.Taken:
    agent = state.agents.get(batch.agent_id)
    if agent is not None and names is not None and agent.info.hostname not in names:
        return Answer(403, f"agent {agent.id} is of another host than the certificate")
    if agent is None or not agent.connected or agent.id in state.leaving:
        return Answer(409, "the agent is not connected to this master; connect again")
    if batch.epoch != agent.epoch:
        return Answer(409, f"the connection's epoch is {agent.epoch}, not {batch.epoch}; connect again")
    for message in batch.messages:
        if message.seq <= agent.taken:
            continue  # the answer to an earlier post of it was lost
        if message.seq != agent.taken + 1:
            return Answer(409, f"message {agent.taken + 1} is missing before {message.seq}; connect again")
        agent.taken = message.seq
        agent.missed_pings = 0
        if isinstance(message, internal.Update):
            tasks.updated(state, agent, message, now)
        elif isinstance(message, internal.TaskGone):
            tasks.gone(state, agent, message)
    return internal.Taken(seq=agent.taken)


# --- silence ---------------------------------------------------------------------------------------------------------


def disconnected(state: State, stream: int) -> None:
    """The agent's stream is over; the pings it misses from here on decide."""
    agent = state.agents.get(state.agent_streams.pop(stream, ""))
    if agent is not None and agent.stream == stream:
        agent.stream = None
        state.allocator.deactivate_agent(agent.id)
        offers.give_back_all(state, agent.offers, rescind=True)


def _schedule_ping(state: State, agent: Agent, now: Now) -> None:
    if agent.next_ping > now.mono:
        return  # one is scheduled already
    agent.next_ping = now.mono + state.config.agent_ping_timeout
    state.at(agent.next_ping, lambda then: _ping(state, agent, then))


def _ping(state: State, agent: Agent, now: Now) -> None:
    if state.agents.get(agent.id) is not agent or agent.id in state.leaving:
        return
    if agent.missed_pings >= state.config.max_agent_ping_timeouts:
        state.counters["master/slave_unreachable_scheduled"] += 1
        _mark_unreachable(state, agent, "health check timed out", now, "unhealthy")
        return
    _schedule_ping(state, agent, now)
    _send_ping(state, agent)


def _send_ping(state: State, agent: Agent) -> None:
    agent.missed_pings += 1
    state.tell(agent, lambda agent_id, epoch, seq: internal.Ping(agent_id=agent_id, epoch=epoch, seq=seq))


def resumed(state: State) -> None:
    """Every agent has its full time again: what it answered meanwhile may have been lost on our side."""
    for agent in state.agents.values():
        agent.missed_pings = 0


def _mark_unreachable(state: State, agent: Agent, why: str, now: Now, counted: str) -> None:
    state.leaving.add(agent.id)
    state.allocator.deactivate_agent(agent.id)
    offers.give_back_all(state, agent.offers, rescind=True)
    since = now.wall
    entry = codec.encode(Entry(agent.info, since))
    text = f"Agent {agent.info.hostname} is unreachable: {why}"
    state.persist({_KEY + agent.id: entry}, lambda then: _removed(state, agent, since, text, then, counted))


def _removed(state: State, agent: Agent, since: float, text: str, now: Now, counted: str) -> None:
    """The registry has it: its tasks are unreachable (lost, for who does not know that state)."""
    if agent.stream is not None:
        state.close(agent.stream)
        state.agent_streams.pop(agent.stream, None)
        agent.stream = None
    for task in agent.all_tasks():
        framework = state.frameworks.get(task.framework_id)
        aware = framework is not None and framework.partition_aware
        outcome = TaskState.TASK_UNREACHABLE if aware else TaskState.TASK_LOST
        update = tasks.status(
            task.id, agent.id, outcome, text, TaskStatus.Reason.REASON_AGENT_REMOVED, now, unreachable_since=since
        )
        tasks.apply(state, task, update, outcome, now)
        tasks.remove(state, task, unreachable=True)
        tasks.forward(state, framework, update)
    del state.agents[agent.id]
    state.leaving.discard(agent.id)
    state.allocator.remove_agent(agent.id)
    state.unreachable[agent.id] = Absent(agent.info, since)
    _count_removal(state, counted)
    if counted == "unhealthy":
        state.counters["master/slave_unreachable_completed"] += 1
    _tell_lost(state, agent.id)
    _prune_registry(state, now)


def _count_removal(state: State, reason: str) -> None:
    state.counters["master/slave_removals"] += 1
    state.counters[f"master/slave_removals/reason_{reason}"] += 1


def _tell_lost(state: State, agent_id: str) -> None:
    failure = Event(type=Event.Type.FAILURE, failure=Event.Failure(agent_id=AgentID(value=agent_id)))
    for framework in state.frameworks.values():
        state.send(framework, failure)


def _recovery_over(state: State, now: Now) -> None:
    """Agents that did not come back to this master in their time are unreachable."""
    being_admitted = set(state.agent_streams.values())
    late = {agent_id: absent for agent_id, absent in state.recovering.items() if agent_id not in being_admitted}
    state.leaving.update(late)

    def written(then: Now) -> None:
        for agent_id, absent in late.items():
            del state.recovering[agent_id]
            state.leaving.discard(agent_id)
            state.unreachable[agent_id] = Absent(absent.info, now.wall)
            state.counters["master/recovery_slave_removals"] += 1
            _count_removal(state, "unhealthy")
            _tell_lost(state, agent_id)

    if late:
        state.persist(
            {_KEY + agent_id: codec.encode(Entry(absent.info, now.wall)) for agent_id, absent in late.items()}, written
        )


def _prune_registry(state: State, now: Now) -> None:
    """Forgets those that have been unreachable for weeks, or are too many."""
    old: list[str] = []
    excess = len(state.unreachable) - state.config.registry_max_agent_count
    for position, (agent_id, absent) in enumerate(state.unreachable.items()):
        if position >= excess and now.wall - (absent.since or 0.0) < state.config.registry_max_agent_age:
            break
        old.append(agent_id)

    def written(then: Now) -> None:
        for agent_id in old:
            state.unreachable.pop(agent_id, None)

    if old:
        state.persist({_KEY + agent_id: None for agent_id in old}, written)
