"""Agents: admitted, connected, and back again; acted on once the registry has it for sure. See `silence`, too."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable
from typing import NamedTuple

import msgspec

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources import Resources
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.master.core import frameworks, offers, registry, silence, tasks, validate
from dcos_runtime.master.core.events import AgentConnect, AgentMessages
from dcos_runtime.master.core.records import Absent, Agent, Task
from dcos_runtime.master.core.state import State, place
from dcos_runtime.master.core.timing import Admit, Migrated, RecoveryOver
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.common import AgentID
from dcos_runtime.wire.tasks import TaskInfo, TaskState, TaskStatus

MAX_INFO = 256 * 1024
"""Bytes of an agent's description as it is kept in the registry."""
FORMER_LIVES = 8
"""So many former processes of an agent are known: what one of them said comes too late."""


def load(state: State, entries: Iterable[tuple[str, bytes]], now: Now) -> None:
    """Begins with what an earlier master knew: agents to come back within their time.

    Raises `codec.DecodeError`, `registry.UnknownVersion`: nothing was done yet.
    """
    unreachable: list[tuple[str, Absent]] = []
    changes: dict[str, bytes | None] = {}
    for key, data in entries:
        if key.startswith(registry.KEY):
            absent, migrated = registry.read(key, data)
            if migrated is not None:
                changes[key] = migrated
            if absent.since is None:
                state.recovering[key.removeprefix(registry.KEY)] = absent
            else:
                unreachable.append((key.removeprefix(registry.KEY), absent))
    state.unreachable.update(sorted(unreachable, key=lambda item: item[1].since or 0.0))
    if changes:
        state.log(logging.INFO, f"{len(changes)} entries of the registry are of a former version; writing them anew")
        state.persist(changes, Migrated())
    if state.recovering:
        state.timers.set(RecoveryOver(), now.mono + state.config.agent_reregister_timeout)


# --- connecting ------------------------------------------------------------------------------------------------------


def connect(state: State, event: AgentConnect, now: Now) -> tuple[int, str]:
    """200: the stream is the agent's, `Connected` comes on it once it is admitted. Else the reason, for its log.

    With a certificate it can neither pass for an agent of another host, nor take an id that is one's.
    """
    try:
        call, version = internal.connect(event.data)
    except internal.UnknownVersion as problem:
        state.log(logging.WARNING, f"refused the agent at {event.address}: {problem}")
        return 400, str(problem)
    except codec.DecodeError as problem:
        return 400, str(problem)
    status, text = _connect(state, call, version, event, now)
    who = f"agent {call.agent.hostname} "
    if status == 200:
        state.log(logging.INFO, f"{who}connected from {event.address}")
    else:
        state.log(logging.WARNING, f"refused {who}at {event.address}: {text}")
    return status, text


def _offered(info: AgentInfo) -> amounts.Read:
    """What the agent has; many have the same."""
    return amounts.read(codec.encode(info.resources))


class _Task(TaskInfo, frozen=True, kw_only=True):
    """A TaskInfo whose resources are left as they are: many tasks have the same."""

    resources: msgspec.Raw = msgspec.Raw(b"[]")  # type: ignore[assignment]


class _Info(NamedTuple):
    """What is looked at of a TaskInfo that an agent tells. ``data``: all of it, as it came."""

    task_id: str
    resources: amounts.Read
    data: bytes


def _info(task: msgspec.Raw) -> _Info:
    """Raises `codec.DecodeError`."""
    data = bytes(task)
    if b"null" in data:  # absent fields, perhaps; this master writes none
        info = codec.decode(data, TaskInfo)
        return _Info(info.task_id.value, amounts.read(codec.encode(info.resources)), data)
    told = codec.decode(data, _Task)
    return _Info(told.task_id.value, amounts.read(bytes(told.resources)), data)


def _connect(state: State, call: internal.Connect, version: int, event: AgentConnect, now: Now) -> tuple[int, str]:
    offered = _offered(call.agent)
    if error := offered.error or amounts.not_offerable(offered.resources):
        return 400, error
    if (size := len(codec.encode(call.agent))) > MAX_INFO:
        text = f"the agent's description has {size} bytes, and the registry takes {MAX_INFO} of an agent"
        return 400, f"{text}; give it fewer or shorter attributes"
    agent_id = call.agent.id.value if call.agent.id is not None and call.agent.id.value else None
    state.counters[f"master/messages_{'register' if agent_id is None else 'reregister'}_slave"] += 1
    if agent_id is not None and (error := validate.identifier(agent_id)):
        return 400, error
    if event.names is not None and (error := _pretends(state, call.agent, agent_id, event.names)):
        return 403, error
    infos: list[_Info] = []
    for told in call.tasks:
        try:
            info = _info(told.task)
        except codec.DecodeError as problem:
            return 400, f"a task of framework {told.framework_id} cannot be read: {problem}"
        if error := info.resources.error:
            return 400, f"task {info.task_id} of framework {told.framework_id}: {error}"
        infos.append(info)
    if agent_id is None:
        agent_id = state.new_agent_id()
        call = _named(call, agent_id)
        _replace_silent(state, call.agent, now)
    if agent_id in state.leaving:
        return 503, "the agent is being marked unreachable; connect again"
    known = state.agents.get(agent_id)
    if known is not None and _late(known, call):
        return 409, "a newer connection of the agent is there already"
    state.agent_streams[event.stream] = agent_id
    back = state.recovering.get(agent_id)
    if known is not None and _same(known.info, call.agent):
        _reconnected(state, known, call, infos, event.stream, event.address, version, now)
    elif back is not None and _same(back.info, call.agent):
        _admitted(state, agent_id, call, infos, event.stream, event.address, version, now)
    else:
        then = Admit(agent_id, event.stream, event.data, event.address)
        state.persist({registry.KEY + agent_id: registry.entry(call.agent)}, then)
    return 200, ""


def _late(agent: Agent, call: internal.Connect) -> bool:
    """Whether the call was held up on its way, and the agent has connected anew since."""
    if call.life in agent.former:
        return True
    return bool(call.life) and call.life == agent.life and call.number <= agent.connection


def _named(call: internal.Connect, agent_id: str) -> internal.Connect:
    info = msgspec.structs.replace(call.agent, id=AgentID(value=agent_id))
    return msgspec.structs.replace(call, agent=info)


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
    return old == new or codec.encode(old) == codec.encode(new)


def _replace_silent(state: State, info: AgentInfo, now: Now) -> None:
    """A new agent at the address of one that is not connected takes its place: that one lost its id."""
    for agent_id in list(state.places.get(place(info), ())):
        old = state.agents[agent_id]
        if not old.connected and old.id not in state.leaving:
            silence.mark_unreachable(state, old, "a new agent registered at the same address", now, "registered")


def admit(state: State, then: Admit, now: Now) -> None:
    """The registry has it."""
    said, version = internal.connect(then.data)
    call = _named(said, then.agent_id)
    infos = [_info(told.task) for told in call.tasks]
    _admitted(state, then.agent_id, call, infos, then.stream, then.address, version, now)


def _admitted(
    state: State,
    agent_id: str,
    call: internal.Connect,
    infos: list[_Info],
    stream: int,
    address: str,
    version: int,
    now: Now,
) -> None:
    known = state.agents.get(agent_id)
    if known is not None and _late(known, call):
        state.close(stream)
        state.agent_streams.pop(stream, None)
        return
    if known is not None:  # its info changed, or it connected twice while the registry was written
        _change_info(state, known, call.agent)
        _reconnected(state, known, call, infos, stream, address, version, now)
        return
    back = state.recovering.pop(agent_id, None)
    was_unreachable = state.unreachable.pop(agent_id, None)
    agent = Agent(
        id=agent_id,
        info=call.agent,
        total=_offered(call.agent).resources,
        software=call.software,
        address=address,
        registered_at=now.wall,
        reregistered_at=None if back is None and was_unreachable is None else now.wall,
        life=call.life,
        connection=call.number,
    )
    state.agents[agent_id] = agent
    state.settle(agent)
    state.allocator.add_agent(agent_id, agent.total, active=False)
    state.counters[f"master/slave_{'re' if agent.reregistered_at else ''}registrations"] += 1
    _attach(state, agent, stream, version, now)
    _learn_frameworks(state, agent, call, now)
    held: _Held = {}
    try:
        for told, info in zip(call.tasks, infos, strict=True):
            task = _adopt(state, agent, told, info, held) if told.framework_id not in state.completed else None
            if task is not None and back is None:
                text = "Unreachable agent re-reregistered" if was_unreachable else "Unknown agent reregistered"
                update = tasks.latest(task, text, TaskStatus.Reason.REASON_AGENT_REREGISTERED, now)
                update = msgspec.structs.replace(update, state=task.state)
                tasks.forward(state, state.frameworks.get(task.framework_id), update)
    finally:
        _hold(state, agent, held)


def _change_info(state: State, agent: Agent, info: AgentInfo) -> None:
    state.leave(agent)
    agent.info = info
    state.settle(agent)
    agent.total = _offered(info).resources
    offers.give_back_all(state, agent.offers, rescind=True)
    state.allocator.update_agent(agent.id, agent.total)


def _attach(state: State, agent: Agent, stream: int, version: int, now: Now) -> None:
    """Makes ``stream`` the agent's connection, the older one is over."""
    if agent.stream is not None and agent.stream != stream:
        state.close(agent.stream)
        state.agent_streams.pop(agent.stream, None)
    agent.epoch = state.new_epoch()
    agent.sent = agent.taken = agent.missed_pings = 0
    if stream not in state.agent_streams:  # it went away while the registry was written
        agent.stream = None
        state.allocator.deactivate_agent(agent.id)
        silence.schedule_ping(state, agent, now)
        return
    agent.stream = stream
    ping_seconds = state.config.agent_ping_timeout
    master_id = state.config.master.id
    state.tell(agent, internal.Connected, master_id=master_id, ping_seconds=ping_seconds, version=version)
    state.allocator.activate_agent(agent.id)
    silence.schedule_ping(state, agent, now)
    silence.send_ping(state, agent)


def _learn_frameworks(state: State, agent: Agent, call: internal.Connect, now: Now) -> None:
    """Frameworks are known from their tasks until they subscribe; what this master has removed is ended there too."""
    running = {told.framework_id for told in call.tasks}
    for info in call.frameworks:
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
            frameworks.tell_info(state, agent, framework)
    for framework_id in sorted(running & state.completed.keys()):
        frameworks.tell_shutdown(state, agent, framework_id)


_Held = dict[tuple[str, str], Resources]
"""What tasks of one agent use, by framework and role."""


def _hold(state: State, agent: Agent, held: _Held) -> None:
    """Tasks of the agent that were adopted use these."""
    for (framework_id, role), resources in held.items():
        agent.used = agent.used + resources
        framework = state.frameworks.get(framework_id)
        if framework is not None:
            framework.used.add(agent.id, resources)
        state.allocator.charge(framework_id, role, agent.id, resources)


def _adopt(state: State, agent: Agent, told: internal.RunningTask, info: _Info, held: _Held) -> Task | None:
    """A task that an agent tells of and that is not in the records. ``None``: it is told of twice.

    What it uses is added to ``held``.
    """
    framework_id, (task_id, read, encoded) = told.framework_id, info
    if agent.task(framework_id, task_id) is not None:
        return None
    framework = state.frameworks.get(framework_id)
    role = read.role or (min(framework.roles, default="*") if framework else "*")
    weight = tasks.weight(framework, encoded)  # beyond the limit, too: what runs there stays known
    status = told.status
    oldest = told.unacknowledged or status
    if oldest is None:
        task = Task(task_id, framework_id, agent.id, role, encoded, told.state, weight=weight)
    else:
        statuses: tuple[bytes, ...] = (codec.encode(tasks.without_data(oldest)),)
        if status is not None and status is not oldest:
            newest = codec.encode(tasks.without_data(status))
            statuses = statuses if newest in statuses else (*statuses, newest)
        known = (statuses, oldest.state, oldest.uuid, weight)
        task = Task(task_id, framework_id, agent.id, role, encoded, told.state, *known)
    if framework is not None:
        if framework.unreachable:
            framework.unreachable.pop(task_id, None)
        if framework.completed:
            state.unretire(framework, task_id)
    tasks.add(agent, framework, task)
    if told.state not in TERMINAL:
        before = held.get((framework_id, role))
        held[framework_id, role] = read.resources if before is None else before + read.resources
    return task


def _reconnected(
    state: State,
    agent: Agent,
    call: internal.Connect,
    infos: list[_Info],
    stream: int,
    address: str,
    version: int,
    now: Now,
) -> None:
    """An agent that we have kept records of: settles what it tells against them."""
    agent.reregistered_at = now.wall
    agent.software = call.software
    agent.address = address
    if agent.life and call.life != agent.life:
        agent.former = (*agent.former, agent.life)[-FORMER_LIVES:]
    agent.life, agent.connection = call.life, call.number
    offers.give_back_all(state, agent.offers, rescind=True)
    _attach(state, agent, stream, version, now)
    state.counters["master/slave_reregistrations"] += 1
    _learn_frameworks(state, agent, call, now)
    told_of = set()
    held: _Held = {}
    try:
        for told, info in zip(call.tasks, infos, strict=True):
            task_id = info.task_id
            told_of.add((told.framework_id, task_id))
            if told.framework_id in state.completed:
                continue
            task = agent.task(told.framework_id, task_id)
            if task is None:
                _adopt(state, agent, told, info, held)
            elif told.state != task.state and not task.terminal and told.status is not None:
                tasks.apply(state, task, told.status, told.state, now)
            if (told.framework_id, task_id) in agent.killed and told.state not in TERMINAL:
                tasks.tell_kill(state, agent, told.framework_id, task_id)
    finally:
        _hold(state, agent, held)
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
            continue  # the answer to an earlier post of it was lost
        if message.seq != agent.taken + 1:
            return 409, f"message {agent.taken + 1} is missing before {message.seq}; connect again"
        agent.taken = message.seq
        agent.missed_pings = 0
        if isinstance(message, internal.Update):
            tasks.updated(state, agent, message, now)
        elif isinstance(message, internal.TaskGone):
            tasks.gone(state, agent, message)
    return 200, internal.Taken(seq=agent.taken)
