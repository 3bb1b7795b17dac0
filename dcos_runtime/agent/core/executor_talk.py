"""What a custom executor and its agent say to each other: the executor API. Statuses of its tasks are the executor's to
say; the agent keeps and repeats them.
"""

from __future__ import annotations

import logging

import msgspec

from dcos_runtime.agent.core import refusal, statuses
from dcos_runtime.agent.core.book import Book
from dcos_runtime.agent.core.effects import CloseExecutor, Resize, SendToExecutor
from dcos_runtime.agent.core.executor import NOTHING, Executor, as_task
from dcos_runtime.agent.core.model import Refusal
from dcos_runtime.agent.core.records import MAX_KNOWN, Stage
from dcos_runtime.agent.core.task import Task, Verdict
from dcos_runtime.agent.core.timing import RegistrationDue
from dcos_runtime.core.frozen import Log, Now
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import AgentID, ContainerID, TaskID
from dcos_runtime.wire.executor import Call, Event
from dcos_runtime.wire.tasks import KillPolicy, TaskInfo, TaskState, TaskStatus

Reason = TaskStatus.Reason
Source = TaskStatus.Source
Type = Event.Type


class ExecutorTalk(Book):
    """The words between executors and the agent; `executor_life` says when an executor begins and ends."""

    # --- what executors say -------------------------------------------------------------------------------------------

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

    def _welcome(self, executor: Executor, framework: FrameworkInfo) -> Event:
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

    def _catch_up(self, executor: Executor, task: Task, known: bool, now: Now) -> None:
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
            self._send_kill(executor, task, self.drain_policy(task))

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

    def _updated(self, executor: Executor, status: TaskStatus, now: Now) -> None:
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

    # --- what they are told -------------------------------------------------------------------------------------------

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
            self.end_task(task, unlaunched(refusal.unreadable(str(error))), now)
            return
        self._send(executor, Event(type=Type.LAUNCH, launch=Event.Launch(task=info)))
        if task.record.kill is not None:
            self._send_kill(executor, task, self.drain_policy(task))

    def to_executor(self, message: internal.ToExecutor) -> None:
        """Data of the framework; it is lost if nobody is subscribed."""
        executor = self.executors.get((message.framework_id, message.executor_id))
        if executor is not None:
            self._send(executor, Event(type=Type.MESSAGE, message=Event.Message(data=message.data)))

    def _send_kill(self, executor: Executor, task: Task, policy: KillPolicy | None) -> None:
        kill = Event.Kill(task_id=TaskID(value=task.record.task_id), kill_policy=policy)
        self._send(executor, Event(type=Type.KILL, kill=kill))

    def _acknowledge(self, executor: Executor, task_id: str, uuid: bytes) -> None:
        acknowledged = Event.Acknowledged(task_id=TaskID(value=task_id), uuid=uuid)
        self._send(executor, Event(type=Type.ACKNOWLEDGED, acknowledged=acknowledged))

    def _send(self, executor: Executor, event: Event) -> None:
        if executor.stream is not None:
            self.emit(SendToExecutor(executor.stream, event))

    def _hang_up(self, executor: Executor) -> None:
        if executor.stream is not None:
            self._streams.pop(executor.stream, None)
            self.emit(CloseExecutor(executor.stream))
            executor.stream = None

    # --- what follows for their tasks and containers ------------------------------------------------------------------

    def end_task(self, task: Task, verdict: Verdict, now: Now) -> None:
        """Ends a task of a custom executor, unless it has ended. Nobody is told of the end of a forgotten one."""
        if task.stage is Stage.ENDED:
            return
        self.tell(task, verdict.state, now, verdict.source, verdict.reason, verdict.message, verdict.limitation)
        if task.forgotten:
            self._remove(task)

    def _resize(self, executor: Executor) -> None:
        """Its container has the limits of what it and its tasks hold."""
        if executor.container.stage is not Stage.RUNNING:
            return  # `executor_started` looks again
        wanted = msgspec.Raw(as_task(executor, self.agent.id or ""))
        if executor.size not in (NOTHING, wanted):
            self.emit(Resize(executor.container.container_id, bytes(executor.size), bytes(wanted)))
        executor.size = wanted


def unlaunched(refused: Refusal) -> Verdict:
    if refused.invalid:
        return Verdict(TaskState.TASK_ERROR, Source.SOURCE_AGENT, Reason.REASON_TASK_INVALID, refused.message)
    return Verdict(TaskState.TASK_FAILED, Source.SOURCE_AGENT, Reason.REASON_CONTAINER_LAUNCH_FAILED, refused.message)
