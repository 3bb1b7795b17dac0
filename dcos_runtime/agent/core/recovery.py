"""What becomes of a task whose agent was restarted: by its checkpoint and by what is found of its container.

A checkpoint may be behind: a container is started without waiting for the disk. So what is found decides, and the
checkpoint only says what the framework was told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_runtime.agent.core.effects import Effect, Watch
from dcos_runtime.agent.core.model import Facts, Found, KillReason, Now, Stage
from dcos_runtime.agent.core.task import Task, Verdict
from dcos_runtime.wire.tasks import TaskState, TaskStatus

if TYPE_CHECKING:
    from dcos_runtime.agent.core.agent import AgentCore

Reason = TaskStatus.Reason


def resume(core: AgentCore, task: Task, facts: Facts | None, rebooted: bool, now: Now) -> list[Effect]:
    """Takes the task up where it is found."""
    facts = facts or Facts(Found.ABSENT)
    record = task.record
    if record.stage is Stage.ENDED or (task.forgotten and facts.found is not Found.RUNNING):
        return core.destroy(task, None)
    if facts.pid is not None:
        record.pid = facts.pid
    match facts.found:
        case Found.EXITED if facts.exit is not None:
            return [*_catch_up(core, task, now), *core.exited(record.container_id, facts.exit, now)]
        case Found.RUNNING:
            effects = [*_catch_up(core, task, now), Watch(record.container_id, record.launcher)]
            core.set_completion_deadline(task, now)
            if record.kill is not None:
                effects += core.resume_kill(task, now)
            return effects
        case Found.ORPHANED:
            message = (
                "The container's supervisor ended while the agent was away, so that its exit status cannot be known;"
                " the container was killed"
            )
            return core.destroy(task, core.lost(task, Reason.REASON_EXECUTOR_TERMINATED, message))
        case _:
            return core.destroy(task, _absent(core, task, facts, rebooted))


def _catch_up(core: AgentCore, task: Task, now: Now) -> list[Effect]:
    """Tells what happened between the last checkpoint and the end of the former agent."""
    record = task.record
    effects: list[Effect] = []
    if record.stage in (Stage.INTENT, Stage.PREPARING):
        record.stage = Stage.STARTING
        effects += core.tell(task, TaskState.TASK_STARTING, now)
    if record.stage is Stage.STARTING:
        record.stage, record.started = Stage.RUNNING, now.wall
        effects += core.tell(task, TaskState.TASK_RUNNING, now)
    record.stage = Stage.RUNNING
    return effects


def _absent(core: AgentCore, task: Task, facts: Facts, rebooted: bool) -> Verdict:
    record = task.record
    source = TaskStatus.Source.SOURCE_AGENT
    kill = record.kill
    started = record.stage in (Stage.RUNNING, Stage.ENDING) or (
        record.stage is Stage.STARTING and facts.found is not Found.CREATED
    )
    if kill is not None and kill.reason is KillReason.FRAMEWORK:
        if started:
            return Verdict(TaskState.TASK_KILLED, source, None, "The container was gone when the agent came back")
        reason = Reason.REASON_TASK_KILLED_DURING_LAUNCH
        return Verdict(TaskState.TASK_KILLED, source, reason, "Killed before delivery to the executor")
    if not started:
        message = "The agent was restarted before the task's process was started"
        return core.lost(task, Reason.REASON_AGENT_RESTARTED, message, never_ran=True)
    if rebooted:
        message = "The machine was rebooted while the task was running"
    else:
        message = "The container and its supervisor were gone when the agent came back; how they ended is not known"
    return core.lost(task, Reason.REASON_EXECUTOR_TERMINATED, message)
