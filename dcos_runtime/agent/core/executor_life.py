"""The life of custom executors: started with their first task, shut down, ended; the agent ends what they leave behind.
What is said meanwhile is in `executor_talk`.
"""

from __future__ import annotations

import logging

import msgspec

from dcos_runtime.agent.core import refusal, statuses
from dcos_runtime.agent.core.book import Capability
from dcos_runtime.agent.core.effects import Destroy, Prepare, Retire, Start, WatchContainer
from dcos_runtime.agent.core.executor import Executor, as_task
from dcos_runtime.agent.core.executor_talk import ExecutorTalk, unlaunched
from dcos_runtime.agent.core.model import Exit, Facts, Found, Refusal
from dcos_runtime.agent.core.operations import Operations
from dcos_runtime.agent.core.records import (
    ContainerRecord,
    ExecutorKind,
    ExecutorRecord,
    Kill,
    KillReason,
    Stage,
    TaskRecord,
)
from dcos_runtime.agent.core.task import Task, Verdict, wait_status
from dcos_runtime.agent.core.task_request import TaskRequest
from dcos_runtime.agent.core.timing import RegistrationDue, Rewrite, ShutDown
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Log, Now
from dcos_runtime.wire import internal
from dcos_runtime.wire.executor import Event
from dcos_runtime.wire.tasks import ExecutorInfo, KillPolicy, TaskState, TaskStatus

Reason = TaskStatus.Reason
Source = TaskStatus.Source
Type = Event.Type

TERMINATED = Verdict(
    TaskState.TASK_FAILED, Source.SOURCE_AGENT, Reason.REASON_EXECUTOR_TERMINATED, "Executor terminated"
)

DRAINED = Verdict(
    TaskState.TASK_KILLED, Source.SOURCE_AGENT, Reason.REASON_AGENT_DRAINING, "The machine is being shut down"
)


class ExecutorLife(ExecutorTalk, Operations):
    """The rules of one custom executor after another; `core.AgentCore` and `task_life` say when they apply."""

    # --- launching ----------------------------------------------------------------------------------------------------

    def assign(self, message: internal.RunTask, asked: TaskRequest, info: ExecutorInfo, now: Now) -> Task:
        """Gives the task to its executor, which is started if it is not there. The task is new."""
        framework_id = message.framework.id.value if message.framework.id else ""
        executor = self.executors.get((framework_id, info.executor_id.value))
        unknown = self.unknown_resources(amounts.parse(asked.terms.resources) + amounts.parse(info.resources))
        why: Verdict | None = None
        if executor is None:
            executor = self._new_executor(framework_id, info, asked.executor, ExecutorKind.CUSTOM)
            if (refused := refusal.executor_refused(info, self.settings)) is not None:
                why = unlaunched(refused)
            elif (text := self.no_launches) is not None:
                why = self._dropped(framework_id, text, Reason.REASON_AGENT_DRAINING)
            elif unknown is not None:
                why = self._dropped(framework_id, unknown, Reason.REASON_RESOURCES_UNKNOWN)
            elif not message.launch_executor:
                why = self._dropped(framework_id, "Executor terminated")
            else:
                self.take_up_executor(executor)
        elif executor.leaving:
            why = self._dropped(framework_id, "Executor terminating")
        elif (text := self.no_launches) is not None:
            why = self._dropped(framework_id, text, Reason.REASON_AGENT_DRAINING)
        elif unknown is not None:
            why = self._dropped(framework_id, unknown, Reason.REASON_RESOURCES_UNKNOWN)
        record = TaskRecord(
            framework_id=framework_id,
            task_id=asked.task_id.value,
            executor_id=info.executor_id.value,
            container_id=executor.container.container_id,
            task=message.task,
            handle=self.source.uuid(),
            delivered=why is None and executor.stream is not None,
        )
        task = self.adopt(executor.record, executor.container, record, asked.terms)
        task.destroyed = True
        if why is not None:
            self.end_task(task, why, now)
            if message.launch_executor and executor.key not in self.executors:
                self._tell_gone(*executor.key, executor.status)  # the master holds its resources from the launch on
            return task
        if executor.written == 0:
            self.checkpoint_executor(executor)
        self.checkpoint(task)
        if record.delivered:
            task.deliver = task.written
        self._resize(executor)
        return task

    def _new_executor(self, framework_id: str, info: ExecutorInfo, given: msgspec.Raw, kind: ExecutorKind) -> Executor:
        container_id = self.source.uuid()
        return Executor(
            ExecutorRecord(
                framework_id=framework_id,
                executor_id=info.executor_id.value,
                container_id=container_id,
                kind=kind,
                info=given,
            ),
            ContainerRecord(container_id=container_id, launcher=self.settings.launcher, stage=Stage.INTENT),
            info,
        )

    def _dropped(
        self, framework_id: str, message: str, reason: TaskStatus.Reason = Reason.REASON_EXECUTOR_TERMINATED
    ) -> Verdict:
        aware = self._knows(framework_id, Capability.PARTITION_AWARE)
        state = TaskState.TASK_DROPPED if aware else TaskState.TASK_LOST
        return Verdict(state, Source.SOURCE_AGENT, reason, message)

    # --- checkpoints --------------------------------------------------------------------------------------------------

    def executor_persisted(self, executor: Executor, id: int) -> None:
        """The executor's checkpoint ``id`` is durable."""
        executor.durable = max(executor.durable, id)
        if executor.container.stage is Stage.INTENT and executor.record.ending is None:
            executor.container.stage = Stage.PREPARING
            executor.size = msgspec.Raw(as_task(executor, self.agent.id or ""))
            framework = self.frameworks.get(executor.record.framework_id)
            user = framework.user if framework is not None else ""
            record = executor.record
            self.emit(
                Prepare(
                    self.agent.id or "",
                    record.container_id,
                    record.framework_id,
                    bytes(executor.size),
                    user,
                    executor=not executor.default,
                    within=record.executor_id if executor.default else "",
                )
            )

    def executor_not_persisted(self, executor: Executor, id: int, why: str, now: Now) -> None:
        """An executor that is not on the disk is not started; any other checkpoint is tried again."""
        if id != executor.written:
            return
        record = executor.record
        if executor.container.stage is Stage.INTENT:
            message = f"The launch could not be checkpointed: {why}"
            self.emit(Log(logging.ERROR, f"executor {record.executor_id} is not launched: {message}"))
            self._destroy_executor(executor, self._dropped(record.framework_id, message))
            return
        self.timers.set(Rewrite(record.container_id), now.mono + self.settings.persist_retry)
        text = f"executor {record.executor_id} could not be checkpointed, trying again: {why}"
        self.emit(Log(logging.ERROR, text))

    # --- its container ------------------------------------------------------------------------------------------------

    def executor_created(self, executor: Executor, pid: int) -> None:
        container = executor.container
        if container.stage is Stage.PREPARING:
            container.stage, container.pid = Stage.STARTING, pid
            self.emit(Start(container.container_id))

    def executor_started(self, executor: Executor, now: Now) -> None:
        """Its process runs: it has a limited time to subscribe."""
        container = executor.container
        if container.stage is not Stage.STARTING:
            return
        container.stage, container.started = Stage.RUNNING, now.wall
        if executor.stream is None and not executor.default:
            self.timers.set(RegistrationDue(container.container_id), now.mono + self.settings.registration_timeout)
        self._resize(executor)

    def executor_launch_failed(self, executor: Executor, message: str, user_unknown: bool) -> None:
        if executor.container.stage not in (Stage.PREPARING, Stage.STARTING):
            return
        verdict = unlaunched(Refusal(message))
        if user_unknown:
            verdict = self._dropped(executor.record.framework_id, message)
        self._destroy_executor(executor, verdict)

    def executor_exited(self, executor: Executor, exit: Exit) -> None:
        if executor.container.stage in (Stage.STARTING, Stage.RUNNING):
            executor.status = wait_status(exit)
            verdict = TERMINATED
            if exit.oom:
                verdict = Verdict(
                    TaskState.TASK_FAILED,
                    Source.SOURCE_AGENT,
                    Reason.REASON_CONTAINER_LIMITATION_MEMORY,
                    statuses.memory_text(exit),
                    statuses.memory_limitation(exit),
                )
            self._destroy_executor(executor, verdict)

    def executor_supervisor_lost(self, executor: Executor) -> None:
        if executor.container.stage in (Stage.STARTING, Stage.RUNNING):
            self._destroy_executor(executor, TERMINATED)

    def executor_over_limit(self, executor: Executor, verdict: Verdict) -> None:
        if executor.container.stage in (Stage.PREPARING, Stage.STARTING, Stage.RUNNING):
            self._destroy_executor(executor, verdict)

    def _destroy_executor(self, executor: Executor, verdict: Verdict) -> None:
        """Destroys its container; its tasks end with the first such ``verdict`` once that is gone."""
        container = executor.container
        executor.verdict = executor.verdict or verdict
        container.stage = Stage.ENDING
        self.timers.cancel(RegistrationDue(container.container_id))
        self.timers.cancel(ShutDown(container.container_id))
        if not executor.destroying:
            executor.destroying = True
            self.emit(Destroy(container.container_id, container.launcher))

    def executor_destroyed(self, executor: Executor, now: Now) -> None:
        """The container is gone: the executor is forgotten, and its tasks end."""
        record, container = executor.record, executor.container
        container.stage = Stage.ENDED
        self._hang_up(executor)
        powered_off = record.ending is not None and record.ending.reason is KillReason.POWER_OFF
        verdict = DRAINED if powered_off else executor.verdict or TERMINATED
        for task in list(executor.tasks.values()):
            self.end_task(task, verdict, now)
        del self.executors[executor.key]
        del self._executor_in[record.container_id]
        self.timers.cancel(Rewrite(record.container_id))
        self.history.executor_over(record)
        self._persist(f"executors/{record.container_id}", None)
        self.emit(Retire(self.agent.id or "", record.framework_id, record.executor_id, record.container_id))
        self._tell_gone(record.framework_id, record.executor_id, executor.status)
        self._one_less(record.framework_id)
        self._end_if_empty()

    def _tell_gone(self, framework_id: str, executor_id: str, status: int) -> None:
        """The master holds nothing for the executor any more. One that knows it by `Connect`, and has not admitted this
        agent yet, is told then.
        """
        at = self.membership.at
        if not self.membership.member:
            self.unsaid[framework_id, executor_id] = status
        elif at.version >= internal.WITH_EXECUTORS:
            seq = self.membership.next_seq()
            gone = internal.ExecutorGone(seq=seq, framework_id=framework_id, executor_id=executor_id, status=status)
            self._up(gone)

    def tell_unsaid(self) -> None:
        """The master has admitted this agent."""
        unsaid, self.unsaid = self.unsaid, {}
        for (framework_id, executor_id), status in unsaid.items():
            self._tell_gone(framework_id, executor_id, status)

    # --- killing ------------------------------------------------------------------------------------------------------

    def kill_assigned(self, task: Task, policy: KillPolicy | None, now: Now) -> None:
        """Ends a task whose executor does not know it yet; otherwise its executor is told to."""
        record = task.record
        executor = self._executor_in.get(record.container_id)
        if task.stage is Stage.ENDED or executor is None:
            return
        if not record.delivered:
            reason = Reason.REASON_TASK_KILLED_DURING_LAUNCH
            message = "Killed before delivery to the executor"
            self.end_task(task, Verdict(TaskState.TASK_KILLED, Source.SOURCE_AGENT, reason, message), now)
            self._resize(executor)
            if not executor.record.subscribed and all(one.stage is Stage.ENDED for one in executor.tasks.values()):
                self.end_executor(executor, KillReason.FRAMEWORK, now)
            return
        if record.kill is None:
            record.kill = Kill(reason=KillReason.FRAMEWORK, since=now.wall, grace=0.0)
            self.checkpoint(task)
        if not task.deliver:
            self._send_kill(executor, task, policy)

    def shut_executor_down(self, message: internal.ShutdownExecutor, now: Now) -> None:
        executor = self.executors.get((message.framework_id, message.executor_id))
        if executor is not None:
            self.end_executor(executor, KillReason.FRAMEWORK, now)

    def end_executor(self, executor: Executor, reason: KillReason, now: Now, longest: float = float("inf")) -> None:
        """Tells it to end, and destroys its container after its grace period, ``longest`` at the most; at once if it
        never subscribed.
        """
        record, container = executor.record, executor.container
        if executor.leaving:
            return
        seconds = min(longest, executor.grace(self.settings))
        record.ending = Kill(reason=reason, since=now.wall, grace=seconds)
        self.checkpoint_executor(executor)
        self.timers.cancel(RegistrationDue(container.container_id))
        if not record.subscribed or seconds == 0:
            self._destroy_executor(executor, TERMINATED)
            return
        self._send(executor, Event(type=Type.SHUTDOWN))
        self.timers.set(ShutDown(container.container_id), now.mono + seconds)

    def forget_assigned(self, task: Task, now: Now) -> None:
        """Nobody waits for the task any more: it goes with its executor, and at once if it has ended."""
        record = task.record
        record.pending.clear()
        task.needs.clear()
        self.quiet(task)
        record.kill = Kill(reason=KillReason.FORGOTTEN, since=now.wall, grace=0.0)
        if task.stage is Stage.ENDED or self._executor_in.get(record.container_id) is None:
            self._remove(task)
        else:
            self.checkpoint(task)

    def not_registered(self, executor: Executor) -> None:
        """It has not subscribed in its time."""
        if executor.stream is not None or executor.container.stage is not Stage.RUNNING:
            return
        if executor.record.subscribed:
            reason, seconds = Reason.REASON_EXECUTOR_REREGISTRATION_TIMEOUT, self.settings.reregistration_timeout
            message = f"Executor did not re-register within {seconds:g} s"
        else:
            reason, seconds = Reason.REASON_EXECUTOR_REGISTRATION_TIMEOUT, self.settings.registration_timeout
            message = f"Executor did not register within {seconds:g} s"
        self._destroy_executor(executor, Verdict(TaskState.TASK_FAILED, Source.SOURCE_AGENT, reason, message))

    def not_ended(self, executor: Executor) -> None:
        """It has not ended in its grace period."""
        self._destroy_executor(executor, TERMINATED)

    # --- after a restart of the agent ---------------------------------------------------------------------------------

    def resume_executor(self, executor: Executor, facts: Facts | None, rebooted: bool, now: Now) -> None:
        """Continues the executor from the state in which it is found. Its tasks are taken up already."""
        found = facts or Facts(Found.ABSENT)
        record, container = executor.record, executor.container
        if found.pid is not None:
            container.pid = found.pid
        if found.found is Found.RUNNING:
            container.stage = Stage.RUNNING
            executor.size = msgspec.Raw(as_task(executor, self.agent.id or ""))
            agent_id = self.agent.id or ""
            self.emit(
                WatchContainer(
                    container.container_id, container.launcher, agent_id, record.framework_id, bytes(executor.size)
                )
            )
            if record.ending is not None:
                left = max(0.0, record.ending.since + record.ending.grace - now.wall)
                self.timers.set(ShutDown(container.container_id), now.mono + min(left, record.ending.grace))
            else:
                timeout = self.settings.reregistration_timeout
                wait = timeout if record.subscribed else self.settings.registration_timeout
                self.timers.set(RegistrationDue(container.container_id), now.mono + wait)
            return
        if found.found is Found.EXITED and found.exit is not None:
            container.stage = Stage.RUNNING
            self.executor_exited(executor, found.exit)
            return
        verdict = TERMINATED
        if not record.subscribed and found.found in (Found.ABSENT, Found.CREATED):
            message = "The agent was restarted before the task's executor was started"
            dropped = self._dropped(record.framework_id, message)
            verdict = msgspec.structs.replace(dropped, reason=Reason.REASON_AGENT_RESTARTED)
        elif rebooted:
            verdict = msgspec.structs.replace(
                TERMINATED, message="The machine was rebooted while the executor was running"
            )
        self._destroy_executor(executor, verdict)
