"""The life of custom executors: started with their first task, subscribed, shut down, ended; and what they do with
their tasks. Statuses of tasks are theirs to say; the agent keeps and repeats them, and ends what they leave behind.
"""

from __future__ import annotations

import logging

import msgspec

from dcos_runtime.agent.core import refusal, statuses
from dcos_runtime.agent.core.book import Book, Capability
from dcos_runtime.agent.core.effects import (
    CloseExecutor,
    Destroy,
    Prepare,
    Resize,
    Retire,
    SendToExecutor,
    Start,
    WatchContainer,
)
from dcos_runtime.agent.core.executor import NOTHING, CustomExecutor, as_task
from dcos_runtime.agent.core.model import Exit, Facts, Found, Refusal
from dcos_runtime.agent.core.records import (
    MAX_KNOWN,
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
from dcos_runtime.core.frozen import Log, Now
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import AgentID, ContainerID, TaskID
from dcos_runtime.wire.executor import Call, Event
from dcos_runtime.wire.tasks import ExecutorInfo, KillPolicy, TaskInfo, TaskState, TaskStatus

Reason = TaskStatus.Reason
Source = TaskStatus.Source
Type = Event.Type

TERMINATED = Verdict(
    TaskState.TASK_FAILED, Source.SOURCE_AGENT, Reason.REASON_EXECUTOR_TERMINATED, "Executor terminated"
)

DRAINED = Verdict(
    TaskState.TASK_KILLED, Source.SOURCE_AGENT, Reason.REASON_AGENT_DRAINING, "The machine is being shut down"
)


class ExecutorLife(Book):
    """The rules of one custom executor after another; `core.AgentCore` and `task_life` say when they apply."""

    # --- launching ----------------------------------------------------------------------------------------------------

    def assign(self, message: internal.RunTask, asked: TaskRequest, info: ExecutorInfo, now: Now) -> Task:
        """Gives the task to its executor, which is started if it is not there. The task is new."""
        framework_id = message.framework.id.value if message.framework.id else ""
        executor = self.executors.get((framework_id, info.executor_id.value))
        why: Verdict | None = None
        if executor is None:
            executor = self._new_executor(framework_id, info, asked.executor, ExecutorKind.CUSTOM)
            if (refused := refusal.executor_refused(info, self.settings)) is not None:
                why = _unlaunched(refused)
            elif self.powering_off:
                why = msgspec.structs.replace(
                    self._dropped(framework_id, DRAINED.message), reason=Reason.REASON_AGENT_DRAINING
                )
            elif not message.launch_executor:
                why = self._dropped(framework_id, "Executor terminated")
            else:
                self.take_up_executor(executor)
        elif executor.leaving:
            why = self._dropped(framework_id, "Executor terminating")
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

    def _new_executor(
        self, framework_id: str, info: ExecutorInfo, given: msgspec.Raw, kind: ExecutorKind
    ) -> CustomExecutor:
        container_id = self.source.uuid()
        return CustomExecutor(
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

    def _dropped(self, framework_id: str, message: str) -> Verdict:
        aware = self._knows(framework_id, Capability.PARTITION_AWARE)
        state = TaskState.TASK_DROPPED if aware else TaskState.TASK_LOST
        return Verdict(state, Source.SOURCE_AGENT, Reason.REASON_EXECUTOR_TERMINATED, message)

    def end_task(self, task: Task, verdict: Verdict, now: Now) -> None:
        """Ends a task of a custom executor, unless it has ended. Nobody is told of the end of a forgotten one."""
        if task.stage is Stage.ENDED:
            return
        self.tell(task, verdict.state, now, verdict.source, verdict.reason, verdict.message, verdict.limitation)
        if task.forgotten:
            self._remove(task)

    # --- checkpoints --------------------------------------------------------------------------------------------------

    def executor_persisted(self, executor: CustomExecutor, id: int) -> None:
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

    def executor_not_persisted(self, executor: CustomExecutor, id: int, why: str, now: Now) -> None:
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

    def task_persisted(self, task: Task, now: Now) -> None:
        """What waits for a checkpoint of a custom executor's task: its launch, and words to its executor."""
        executor = self._executor_in.get(task.record.container_id)
        for uuid in [uuid for uuid, needed in task.confirmations.items() if needed <= task.durable]:
            del task.confirmations[uuid]
            if executor is not None:
                self._acknowledge(executor, task.record.task_id, uuid)
        if not 0 < task.deliver <= task.durable:
            return
        task.deliver = 0
        if executor is None or task.stage is Stage.ENDED:
            return
        if executor.stream is None:
            task.record.delivered = False  # its next SUBSCRIBE gets it
            return
        try:
            info = codec.decode(task.record.task, TaskInfo)
        except codec.DecodeError as error:
            self.end_task(task, _unlaunched(refusal.unreadable(str(error))), now)
            return
        self._send(executor, Event(type=Type.LAUNCH, launch=Event.Launch(task=info)))
        if task.record.kill is not None:
            self._send_kill(executor, task, None)

    # --- its container ------------------------------------------------------------------------------------------------

    def executor_created(self, executor: CustomExecutor, pid: int) -> None:
        container = executor.container
        if container.stage is Stage.PREPARING:
            container.stage, container.pid = Stage.STARTING, pid
            self.emit(Start(container.container_id))

    def executor_started(self, executor: CustomExecutor, now: Now) -> None:
        """Its process runs: it has a limited time to subscribe."""
        container = executor.container
        if container.stage is not Stage.STARTING:
            return
        container.stage, container.started = Stage.RUNNING, now.wall
        if executor.stream is None and not executor.default:
            self.timers.set(RegistrationDue(container.container_id), now.mono + self.settings.registration_timeout)
        self._resize(executor)

    def executor_launch_failed(self, executor: CustomExecutor, message: str, user_unknown: bool) -> None:
        if executor.container.stage not in (Stage.PREPARING, Stage.STARTING):
            return
        verdict = _unlaunched(Refusal(message))
        if user_unknown:
            verdict = self._dropped(executor.record.framework_id, message)
        self._destroy_executor(executor, verdict)

    def executor_exited(self, executor: CustomExecutor, exit: Exit) -> None:
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

    def executor_supervisor_lost(self, executor: CustomExecutor) -> None:
        if executor.container.stage in (Stage.STARTING, Stage.RUNNING):
            self._destroy_executor(executor, TERMINATED)

    def executor_over_limit(self, executor: CustomExecutor, verdict: Verdict) -> None:
        if executor.container.stage in (Stage.PREPARING, Stage.STARTING, Stage.RUNNING):
            self._destroy_executor(executor, verdict)

    def _destroy_executor(self, executor: CustomExecutor, verdict: Verdict) -> None:
        """Destroys its container; its tasks end with the first such ``verdict`` once that is gone."""
        container = executor.container
        executor.verdict = executor.verdict or verdict
        container.stage = Stage.ENDING
        self.timers.cancel(RegistrationDue(container.container_id))
        self.timers.cancel(ShutDown(container.container_id))
        if not executor.destroying:
            executor.destroying = True
            self.emit(Destroy(container.container_id, container.launcher))

    def executor_destroyed(self, executor: CustomExecutor, now: Now) -> None:
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

    def _resize(self, executor: CustomExecutor) -> None:
        """Its container has the limits of what it and its tasks hold."""
        if executor.container.stage is not Stage.RUNNING:
            return  # `executor_started` looks again
        wanted = msgspec.Raw(as_task(executor, self.agent.id or ""))
        if executor.size not in (NOTHING, wanted):
            self.emit(Resize(executor.container.container_id, bytes(executor.size), bytes(wanted)))
        executor.size = wanted

    # --- the executor API ---------------------------------------------------------------------------------------------

    def executor_subscribed(self, stream: int, call: Call, now: Now) -> None:
        """It subscribed, perhaps again: it gets what it missed, and says what the agent may have missed."""
        executor = self.executors.get((call.framework_id.value, call.executor_id.value))
        framework = self.frameworks.get(call.framework_id.value)
        if executor is None or framework is None or call.subscribe is None:
            self.emit(CloseExecutor(stream))
            return
        self._hang_up(executor)
        executor.stream = stream
        self._streams[stream] = executor
        self.timers.cancel(RegistrationDue(executor.container.container_id))
        if not executor.record.subscribed:
            executor.record.subscribed = True
            self.checkpoint_executor(executor)
        self._send(executor, self._welcome(executor, framework))
        for update in call.subscribe.unacknowledged_updates:
            self._updated(executor, update.status, now)
        known = {task.task_id.value for task in call.subscribe.unacknowledged_tasks}
        for task in list(executor.tasks.values()):
            if task.stage is not Stage.ENDED:
                self._catch_up(executor, task, task.record.task_id in known, now)
        if executor.record.ending is not None:
            self._send(executor, Event(type=Type.SHUTDOWN))

    def _welcome(self, executor: CustomExecutor, framework: FrameworkInfo) -> Event:
        agent = msgspec.structs.replace(self.settings.info, id=AgentID(value=self.agent.id or ""))
        return Event(
            type=Type.SUBSCRIBED,
            subscribed=Event.Subscribed(
                executor_info=executor.info,
                framework_info=framework,
                agent_info=agent,
                container_id=ContainerID(value=executor.container.container_id),
            ),
        )

    def _catch_up(self, executor: CustomExecutor, task: Task, known: bool, now: Now) -> None:
        """A task of an executor that subscribed. ``known``: the executor says that it has it."""
        record = task.record
        if not record.delivered:
            record.delivered = True
            self.checkpoint(task)
            task.deliver = 0 if known else task.written
            return
        if task.deliver:
            return  # it is still on its way to the disk, and then to the executor
        if record.state is TaskState.TASK_STAGING and not known:
            message = "Task launched during agent restart"
            self.end_task(task, self.lost(task, Reason.REASON_AGENT_RESTARTED, message, never_ran=True), now)
        elif record.kill is not None:
            self._send_kill(executor, task, None)

    def executor_called(self, call: Call, now: Now) -> None:
        executor = self.executors.get((call.framework_id.value, call.executor_id.value))
        if executor is None:
            return
        if call.type is Call.Type.UPDATE and call.update is not None:
            self._updated(executor, call.update.status, now)
        elif call.type is Call.Type.MESSAGE and call.message is not None:
            at = self.membership.at
            if self.membership.member and at.version >= internal.WITH_EXECUTORS:
                framework_id, executor_id = executor.key
                seq, data = self.membership.next_seq(), call.message.data
                self._up(internal.FromExecutor(seq=seq, framework_id=framework_id, executor_id=executor_id, data=data))

    def executor_closed(self, stream: int) -> None:
        executor = self._streams.pop(stream, None)
        if executor is not None and executor.stream == stream:
            executor.stream = None

    def _updated(self, executor: CustomExecutor, status: TaskStatus, now: Now) -> None:
        """A status of one of its tasks. Each is taken once, and acknowledged to it once it is durable."""
        task, uuid = executor.tasks.get(status.task_id.value), status.uuid or b""
        if task is None:
            text = f"executor {executor.record.executor_id} tells of a task that it does not have"
            self.emit(Log(logging.WARNING, f"{text}: {status.task_id.value}"))
            self._acknowledge(executor, status.task_id.value, uuid)
            return
        record = task.record
        if record.state in TERMINAL or uuid in record.known:
            if uuid not in task.confirmations:
                task.confirmations[uuid] = task.needs.get(uuid, 0 if uuid in record.known else task.written)
                self.task_persisted(task, now)
            return
        given = statuses.compose(
            record, task.container, status.state, now, uuid=uuid, agent_id=self.agent.id or "", ip=self.settings.ip
        )
        status = msgspec.structs.replace(
            status,
            source=Source.SOURCE_EXECUTOR,
            agent_id=given.agent_id,
            executor_id=given.executor_id,
            timestamp=now.wall if status.timestamp is None else status.timestamp,
            container_status=status.container_status or given.container_status,
        )
        record.delivered = True
        record.known = [*record.known, uuid][-MAX_KNOWN:]
        self.queue(task, status, uuid)
        task.confirmations[uuid] = task.written
        if task.stage is Stage.ENDED:
            self._resize(executor)
            if task.forgotten:
                self._acknowledge(executor, record.task_id, uuid)  # nobody waits for it, and it is not written down
                self._remove(task)

    def _acknowledge(self, executor: CustomExecutor, task_id: str, uuid: bytes) -> None:
        acknowledged = Event.Acknowledged(task_id=TaskID(value=task_id), uuid=uuid)
        self._send(executor, Event(type=Type.ACKNOWLEDGED, acknowledged=acknowledged))

    def _send(self, executor: CustomExecutor, event: Event) -> None:
        if executor.stream is not None:
            self.emit(SendToExecutor(executor.stream, event))

    def _hang_up(self, executor: CustomExecutor) -> None:
        if executor.stream is not None:
            self._streams.pop(executor.stream, None)
            self.emit(CloseExecutor(executor.stream))
            executor.stream = None

    def to_executor(self, message: internal.ToExecutor) -> None:
        """Data of the framework; it is lost if nobody is subscribed."""
        executor = self.executors.get((message.framework_id, message.executor_id))
        if executor is not None:
            self._send(executor, Event(type=Type.MESSAGE, message=Event.Message(data=message.data)))

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

    def _send_kill(self, executor: CustomExecutor, task: Task, policy: KillPolicy | None) -> None:
        kill = Event.Kill(task_id=TaskID(value=task.record.task_id), kill_policy=policy)
        self._send(executor, Event(type=Type.KILL, kill=kill))

    def shut_executor_down(self, message: internal.ShutdownExecutor, now: Now) -> None:
        executor = self.executors.get((message.framework_id, message.executor_id))
        if executor is not None:
            self.end_executor(executor, KillReason.FRAMEWORK, now)

    def end_executor(
        self, executor: CustomExecutor, reason: KillReason, now: Now, longest: float = float("inf")
    ) -> None:
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

    def not_registered(self, executor: CustomExecutor) -> None:
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

    def not_ended(self, executor: CustomExecutor) -> None:
        """It has not ended in its grace period."""
        self._destroy_executor(executor, TERMINATED)

    # --- after a restart of the agent ---------------------------------------------------------------------------------

    def resume_executor(self, executor: CustomExecutor, facts: Facts | None, rebooted: bool, now: Now) -> None:
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


def _unlaunched(refused: Refusal) -> Verdict:
    if refused.invalid:
        return Verdict(TaskState.TASK_ERROR, Source.SOURCE_AGENT, Reason.REASON_TASK_INVALID, refused.message)
    return Verdict(TaskState.TASK_FAILED, Source.SOURCE_AGENT, Reason.REASON_CONTAINER_LAUNCH_FAILED, refused.message)
