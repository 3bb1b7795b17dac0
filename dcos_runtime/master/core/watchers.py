"""Operators that watch: what happens is told on the streams of all of them; while nobody watches nothing is made."""

from __future__ import annotations

from dcos_runtime.master.core.effects import Tell
from dcos_runtime.master.core.records import Agent, Framework, Task
from dcos_runtime.master.core.state import State
from dcos_runtime.wire.master import Event
from dcos_runtime.wire.tasks import TaskState, TaskStatus

MOST = 1000
"""As many operators may watch at once. One more, and the stream of the one who watches longest ends, as in Mesos."""


def watch(state: State, stream: int) -> None:
    state.watchers[stream] = None
    while len(state.watchers) > MOST:
        oldest = next(iter(state.watchers))
        del state.watchers[oldest]
        state.close(oldest)


def gone(state: State, stream: int) -> None:
    state.watchers.pop(stream, None)


def task_added(state: State, task: Task) -> None:
    if state.watchers:
        state.effects.append(Tell(Event.Type.TASK_ADDED, task.agent_id, task.framework_id, task.id))


def task_updated(state: State, task: Task, update: TaskStatus, latest: TaskState) -> None:
    """``update``: without its data."""
    if state.watchers:
        tell = Tell(Event.Type.TASK_UPDATED, task.agent_id, task.framework_id, task.id, status=update, state=latest)
        state.effects.append(tell)


def framework_added(state: State, framework: Framework) -> None:
    if state.watchers:
        state.effects.append(Tell(Event.Type.FRAMEWORK_ADDED, framework_id=framework.id))


def framework_updated(state: State, framework: Framework) -> None:
    if state.watchers:
        state.effects.append(Tell(Event.Type.FRAMEWORK_UPDATED, framework_id=framework.id))


def framework_removed(state: State, framework: Framework) -> None:
    if state.watchers:
        state.effects.append(Tell(Event.Type.FRAMEWORK_REMOVED, framework_id=framework.id, framework=framework.info))


def agent_added(state: State, agent: Agent) -> None:
    if state.watchers:
        state.effects.append(Tell(Event.Type.AGENT_ADDED, agent.id))


def agent_removed(state: State, agent_id: str) -> None:
    if state.watchers:
        state.effects.append(Tell(Event.Type.AGENT_REMOVED, agent_id))
