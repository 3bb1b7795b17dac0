"""What becomes of a task when its agent is restarted. It depends on the checkpoint, and on what is found of the
container.

A checkpoint may be behind: a container is started without waiting for the disk. So the container's state decides, and
the checkpoint only says which updates the framework got.
"""

from __future__ import annotations

from dcos_runtime.agent.core.effects import WatchContainer
from dcos_runtime.agent.core.model import Facts, Found
from dcos_runtime.agent.core.records import (
    ContainerRecord,
    ExecutorKind,
    ExecutorRecord,
    KillReason,
    Stage,
    TaskRecord,
)
from dcos_runtime.agent.core.task import Task, Verdict
from dcos_runtime.agent.core.task_life import TaskLife
from dcos_runtime.core.frozen import Now
from dcos_runtime.wire.tasks import TaskState, TaskStatus

Reason = TaskStatus.Reason


def resume(core: TaskLife, task: Task, facts: Facts | None, rebooted: bool, now: Now) -> None:
    """Continues the task from the state in which it is found."""
    facts = facts or Facts(Found.ABSENT)
    record, container = task.record, task.container
    if container.stage is Stage.ENDED or (task.forgotten and facts.found is not Found.RUNNING):
        core.destroy(task, None)
        return
    if facts.pid is not None:
        container.pid = facts.pid
    match facts.found:
        case Found.EXITED if facts.exit is not None:
            _catch_up(core, task, now)
            core.exited(record.container_id, facts.exit, now)
        case Found.RUNNING:
            _catch_up(core, task, now)
            agent_id, info = core.agent.id or "", bytes(record.task)
            framework_id, within = record.framework_id, record.executor_id if task.grouped else ""
            core.emit(WatchContainer(record.container_id, container.launcher, agent_id, framework_id, info, within))
            core.set_completion_deadline(task, now)
            if record.kill is not None:
                core.resume_kill(task, now)
            else:
                core.resume_checks(task, now)
        case Found.ORPHANED:
            message = (
                "The container's supervisor ended while the agent was away, so that its exit status cannot be known;"
                " the container was killed"
            )
            core.destroy(task, core.lost(task, Reason.REASON_EXECUTOR_TERMINATED, message))
        case _:
            core.destroy(task, _absent(core, task, facts, rebooted))


def executor_that_is_gone(record: TaskRecord) -> tuple[ExecutorRecord, ContainerRecord]:
    """The executor of a task whose executor is gone."""
    executor = ExecutorRecord(
        framework_id=record.framework_id,
        executor_id=record.executor_id,
        container_id=record.container_id,
        kind=ExecutorKind.CUSTOM,
    )
    return executor, ContainerRecord(container_id=record.container_id, launcher="", stage=Stage.ENDED)


def _catch_up(core: TaskLife, task: Task, now: Now) -> None:
    """Sends the updates for what happened after the last checkpoint of the former agent."""
    container = task.container
    if container.stage in (Stage.INTENT, Stage.PREPARING):
        container.stage = Stage.STARTING
        core.tell(task, TaskState.TASK_STARTING, now)
    if container.stage is Stage.STARTING:
        container.stage, container.started = Stage.RUNNING, now.wall
        core.tell(task, TaskState.TASK_RUNNING, now)
    container.stage = Stage.RUNNING


def _absent(core: TaskLife, task: Task, facts: Facts, rebooted: bool) -> Verdict:
    record = task.record
    source = TaskStatus.Source.SOURCE_AGENT
    kill = record.kill
    started = task.container.stage in (Stage.RUNNING, Stage.ENDING) or (
        task.container.stage is Stage.STARTING and facts.found is not Found.CREATED
    )
    if started and kill is not None:
        gone = "The container was gone when the agent came back"
        if kill.reason is KillReason.MAX_COMPLETION_TIME:
            return Verdict(TaskState.TASK_FAILED, source, Reason.REASON_MAX_COMPLETION_TIME_REACHED, gone)
        unhealthy = kill.reason is KillReason.UNHEALTHY
        why = Reason.REASON_AGENT_DRAINING if kill.reason is KillReason.POWER_OFF else None
        return Verdict(TaskState.TASK_KILLED, source, why, gone, healthy=False if unhealthy else None)
    if kill is not None and kill.reason in (KillReason.FRAMEWORK, KillReason.GROUP):
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
