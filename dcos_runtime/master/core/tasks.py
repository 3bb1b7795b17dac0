"""Tasks: their status updates, kills, acknowledgements and reconciliation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from dcos_runtime.core.frozen import Now
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.master.core import validate, watchers
from dcos_runtime.master.core.arrivals import ReportedTask
from dcos_runtime.master.core.records import Agent, Framework, Task
from dcos_runtime.master.core.state import State
from dcos_runtime.master.core.timing import StatesAsked
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.common import AgentID, FrameworkID, TaskID, TimeInfo
from dcos_runtime.wire.quoting import bounded
from dcos_runtime.wire.scheduler import Call, Event
from dcos_runtime.wire.tasks import TaskState, TaskStatus

Reason = TaskStatus.Reason

_COUNTED = TERMINAL | {TaskState.TASK_UNREACHABLE}
"""States that counters are kept of: the first of them that a task is told to be in."""


def status(
    task_id: str,
    agent_id: str | None,
    state: TaskState,
    message: str,
    reason: TaskStatus.Reason,
    now: Now,
    unreachable_since: float | None = None,
) -> TaskStatus:
    """An update made by the master: no uuid, no executor, nothing to acknowledge."""
    return TaskStatus(
        task_id=TaskID(value=task_id),
        state=state,
        message=bounded(message),
        source=TaskStatus.Source.SOURCE_MASTER,
        reason=reason,
        agent_id=AgentID(value=agent_id) if agent_id is not None else None,
        timestamp=now.wall,
        unreachable_time=TimeInfo(nanoseconds=int(unreachable_since * 1e9)) if unreachable_since is not None else None,
    )


def forward(state: State, framework: Framework | None, update: TaskStatus) -> bool:
    """Sends the update to the framework, if that is subscribed."""
    if framework is None:
        return False
    return state.send(framework, Event(type=Event.Type.UPDATE, update=Event.Update(status=update)))


def own_update(state: State, framework: Framework, update: TaskStatus) -> None:
    """An update by the master about a task that it does not know."""
    count(state, update)
    forward(state, framework, update)


def count(state: State, update: TaskStatus) -> None:
    name = update.state.value.lower()
    state.counters[f"master/{name.replace('task_', 'tasks_', 1)}"] += 1
    if update.source is not None and update.reason is not None:
        source = update.source.value.lower()
        reason = update.reason.value.lower()
        state.counters[f"master/{name}/{source}/{reason}"] += 1


# --- records ---------------------------------------------------------------------------------------------------------


def weight(framework: Framework | None, info: bytes) -> int:
    """What a task counts towards the limit of its agent, as long as the agent may have to report it."""
    return len(info) + (framework.size if framework is not None else 0)


def add(agent: Agent, framework: Framework | None, task: Task) -> None:
    agent.tasks.setdefault(task.framework_id, {})[task.id] = task
    agent.weight += task.weight
    if framework is not None:
        framework.tasks[task.id] = task


def adopted(reported: ReportedTask, agent_id: str, role: str, weight: int) -> Task:
    """The record of a task that its agent reports."""
    return Task(
        reported.task_id,
        reported.framework_id,
        agent_id,
        role,
        reported.resources,
        reported.info,
        reported.state,
        reported.statuses,
        reported.status_state,
        reported.status_uuid,
        weight,
        reported.executor_id,
    )


def apply(state: State, task: Task, update: TaskStatus, latest: TaskState, now: Now) -> None:
    """Applies the update to the task's record, and frees the resources of an ended task. ``latest`` may be ahead of
    the update; what a task's end counts for is said by the update that tells it.
    """
    was_over = task.terminal or task.state is TaskState.TASK_UNREACHABLE
    kept_of_it = without_data(update)
    if not task.terminal:
        if task.state is not latest:
            watchers.task_updated(state, task, kept_of_it, latest)
        task.state = latest
    encoded = codec.encode(kept_of_it)
    kept = task.statuses
    if update.state in _COUNTED and not (kept and _state(kept[-1]) in _COUNTED):
        count(state, update)
    if kept and _state(kept[-1]) is update.state:
        kept = kept[:-1]
    task.statuses = (*kept, encoded)
    if not was_over and (task.terminal or task.state is TaskState.TASK_UNREACHABLE):
        agent = state.agents[task.agent_id]
        state.release(state.frameworks.get(task.framework_id), agent, task)


def without_data(update: TaskStatus) -> TaskStatus:
    """The part of an update that is kept; the update itself may be on its way to the framework."""
    return update if update.data is None else msgspec.structs.replace(update, data=None)


def remove(state: State, task: Task, *, unreachable: bool = False) -> None:
    """Forgets a task of a registered agent: it becomes one of the framework's completed or unreachable ones."""
    agent = state.agents[task.agent_id]
    framework = state.frameworks.get(task.framework_id)
    if not task.terminal and not unreachable:
        raise AssertionError(f"task {task.id} is removed while {task.state.value}")
    of_framework = agent.tasks[task.framework_id]
    del of_framework[task.id]
    agent.weight -= task.weight
    if not of_framework:
        del agent.tasks[task.framework_id]
    agent.killed.discard((task.framework_id, task.id))
    state.less_on(agent)
    if framework is None:
        return
    if framework.tasks.get(task.id) is task:  # its id may have been reused while its agent was away
        del framework.tasks[task.id]
    if unreachable:
        framework.unreachable[task.id] = task
        while len(framework.unreachable) > state.settings.max_unreachable_tasks_per_framework:
            framework.unreachable.popitem(last=False)
    else:
        state.retire(framework, task)


class _State(msgspec.Struct):
    state: TaskState


def _state(status: bytes) -> TaskState | None:
    try:
        return codec.decode(status, _State).state
    except codec.DecodeError:
        return None


def newest(statuses: Sequence[bytes]) -> TaskStatus | None:
    """The last readable status; they are kept as the agent sent them."""
    try:
        return codec.decode(statuses[-1], TaskStatus) if statuses else None
    except codec.DecodeError:
        return None


# --- from agents -----------------------------------------------------------------------------------------------------


def updated(state: State, agent: Agent, message: internal.Update, now: Now) -> None:
    """A status update of an agent: it is passed on to the framework, which acknowledges it; the newest state is
    kept.
    """
    update = message.status
    state.counters["master/messages_status_update"] += 1
    framework = state.frameworks.get(message.framework_id)
    if message.framework_id in state.completed:
        state.counters["master/invalid_status_updates"] += 1
        return
    delivered = forward(state, framework, update)
    task = agent.task(message.framework_id, update.task_id.value)
    if task is None:
        state.counters["master/invalid_status_updates"] += 1
        return
    task.status_state = update.state
    task.status_uuid = update.uuid
    apply(state, task, update, message.latest_state, now)
    state.counters["master/valid_status_updates" if delivered else "master/invalid_status_updates"] += 1


def gone(state: State, agent: Agent, message: internal.TaskGone) -> None:
    """The agent has forgotten the task after its last acknowledgement, and the master forgets it now."""
    task = agent.task(message.framework_id, message.task_id)
    if task is not None and task.terminal:
        remove(state, task)


# --- from frameworks -------------------------------------------------------------------------------------------------


def kill(state: State, framework: Framework, call: Call.Kill, now: Now) -> None:
    state.counters["master/messages_kill_task"] += 1
    task = framework.tasks.get(call.task_id.value)
    if task is None:
        state.counters["master/messages_reconcile_tasks"] += 1
        send_states(
            state, framework, [(call.task_id.value, call.agent_id.value if call.agent_id else None)], False, now
        )
        return
    if call.agent_id is not None and call.agent_id.value != task.agent_id:
        return
    agent = state.agents[task.agent_id]
    if not task.terminal:
        agent.killed.add((framework.id, task.id))  # repeated when the agent comes back and still runs it
    send_kill(state, agent, framework.id, task.id, call)


def send_kill(state: State, agent: Agent, framework_id: str, task_id: str, call: Call.Kill | None = None) -> None:
    state.send_to_agent(
        agent,
        internal.KillTask,
        framework_id=FrameworkID(value=framework_id),
        task_id=TaskID(value=task_id),
        kill_policy=call.kill_policy if call else None,
    )


def acknowledge(state: State, framework: Framework, call: Call.Acknowledge) -> None:
    state.counters["master/messages_status_update_acknowledgement"] += 1
    agent = state.agents.get(call.agent_id.value)
    if agent is None or not agent.connected or validate.identifier(call.task_id.value) is not None:
        # No task has such an id; or the agent is away, and sends the update again, to this master or the next.
        state.counters["master/invalid_status_update_acknowledgements"] += 1
        return
    task = agent.task(framework.id, call.task_id.value)
    if task is not None and task.status_uuid == call.uuid and task.status_state in TERMINAL:
        remove(state, task)
    framework_id = FrameworkID(value=framework.id)
    state.send_to_agent(agent, internal.Acknowledge, framework_id=framework_id, task_id=call.task_id, uuid=call.uuid)
    state.counters["master/valid_status_update_acknowledgements"] += 1


def asked(framework: Framework, call: Call.Reconcile) -> StatesAsked:
    """Answers a framework's reconciliation."""
    if not call.tasks:
        return StatesAsked(
            framework.id, framework.stream, tuple([(task_id, None) for task_id in framework.tasks]), True
        )
    these = [(one.task_id.value, one.agent_id.value if one.agent_id else None) for one in call.tasks]
    return StatesAsked(framework.id, framework.stream, tuple(these), False)


def send_states(
    state: State, framework: Framework, these: Iterable[tuple[str, str | None]], all_of_them: bool, now: Now
) -> None:
    """Sends the states of these tasks. ``all_of_them``: tasks that are gone meanwhile are left out."""
    if state.source.unlucky("the state of tasks is not known yet"):
        return
    for task_id, agent_id in these:
        if all_of_them and task_id not in framework.tasks:
            continue
        update = _reconciled(state, framework, task_id, agent_id, now)
        if update is not None:
            forward(state, framework, update)


def _reconciled(state: State, framework: Framework, task_id: str, agent_id: str | None, now: Now) -> TaskStatus | None:
    """The state of a task; ``None`` while an agent that might have it has not come back yet."""
    task = framework.tasks.get(task_id)
    if task is not None:
        return _latest(task, now)
    if agent_id in state.recovering if agent_id is not None else state.recovering:
        return None
    absent = state.unreachable.get(agent_id) if agent_id is not None else None
    since = absent.since if absent else None
    if agent_id in state.agents:
        answer, text = TaskState.TASK_GONE, "Reconciliation: Task is unknown to the agent"
    elif absent is not None:
        answer, text = TaskState.TASK_UNREACHABLE, "Reconciliation: Task is unreachable"
    elif agent_id in state.gone:
        answer, text = TaskState.TASK_GONE_BY_OPERATOR, "Reconciliation: Task is gone"
    else:
        answer, text = TaskState.TASK_UNKNOWN, "Reconciliation: Task is unknown"
    if not framework.partition_aware:
        answer = TaskState.TASK_LOST
    return status(task_id, agent_id, answer, text, Reason.REASON_RECONCILIATION, now, since)


def latest(task: Task, text: str, reason: TaskStatus.Reason, now: Now) -> TaskStatus:
    """The newest state that was sent to the framework, as an update by the master."""
    update = status(task.id, task.agent_id, task.status_state or task.state, text, reason, now)
    last = newest(task.statuses)
    if last is None:
        return update
    return msgspec.structs.replace(
        update, healthy=last.healthy, check_status=last.check_status, container_status=last.container_status
    )


def _latest(task: Task, now: Now) -> TaskStatus:
    return latest(task, "Reconciliation: Latest task state", Reason.REASON_RECONCILIATION, now)
