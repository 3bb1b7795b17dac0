"""The agent's tasks: what is checkpointed, and which status updates still have to reach their framework.

Updates of a task go out one at a time, each after its checkpoint is durable, again and again until acknowledged.
"""

from __future__ import annotations

from collections import deque

import msgspec

from dcos_runtime.agent.core import history, statuses, stored
from dcos_runtime.agent.core.check_terms import CheckKind, empty_status
from dcos_runtime.agent.core.effects import Effect, EndProcess, Retire, SendUp
from dcos_runtime.agent.core.events import Received
from dcos_runtime.agent.core.executor import NOTHING, Executor
from dcos_runtime.agent.core.history import AgentHistory
from dcos_runtime.agent.core.membership import Membership
from dcos_runtime.agent.core.model import Settings
from dcos_runtime.agent.core.records import (
    MAX_HISTORY,
    AgentRecord,
    ContainerRecord,
    ExecutorRecord,
    NestedRecord,
    OperationRecord,
    TaskRecord,
    UnderWay,
)
from dcos_runtime.agent.core.task import Task, Verdict, is_terminal
from dcos_runtime.agent.core.task_request import Terms
from dcos_runtime.agent.core.timing import (
    Complete,
    Continuation,
    Escalate,
    Resend,
    RetryWrites,
    Rewrite,
    RunWritten,
    Timer,
    Written,
)
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources import EMPTY, Resources
from dcos_runtime.core.seeds import SeededSource as Seeded
from dcos_runtime.core.timers import Timers
from dcos_runtime.core.writes import Writes
from dcos_runtime.wire import internal
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.internal import TaskGone, Update
from dcos_runtime.wire.tasks import CheckStatusInfo, KillPolicy, TaskResourceLimitation, TaskState, TaskStatus

Reason = TaskStatus.Reason
Source = TaskStatus.Source
Capability = FrameworkInfo.Capability.Type

AGENT_KEY = "agent"

MOST_PENDING = 100
"""So many updates of a task wait for their framework at the most: beyond that, a result of a check takes the place of
the one before it. Other updates are few.
"""

REPEATED = (Reason.REASON_TASK_CHECK_STATUS_UPDATED, Reason.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED)


class Book:
    """State shared by all of the core, and the rules of updates and checkpoints. Effects are `emit`ted."""

    def __init__(self, settings: Settings, source: Seeded) -> None:
        self.settings = settings
        self.source = source
        self.timers: Timers[Timer] = Timers()
        self.membership = Membership(settings, source, self.timers)
        self.agent = AgentRecord(boot_id=settings.boot_id)
        self.frameworks: dict[str, FrameworkInfo] = {}
        self.tasks: dict[tuple[str, str], Task] = {}
        self.history = AgentHistory(settings.completed_kept, self._persist)
        self.counts: dict[TaskState, int] = {}
        self.executors: dict[tuple[str, str], Executor] = {}
        """The custom and default executors whose containers are not gone, by framework and id."""
        self.nested: dict[str, NestedRecord] = {}
        """Containers that calls launched within others, by id."""
        self._by_handle: dict[str, Task] = {}
        self._executor_in: dict[str, Executor] = {}  # by container
        self._streams: dict[int, Executor] = {}  # of executors that are subscribed
        self._alive: dict[str, int] = {}  # tasks and executors of each framework that has any
        self.unsaid: dict[tuple[str, str], int] = {}
        """Executors that were in the last `Connect` and have ended since, before it was answered: with their status."""
        self.writes: Writes[Continuation] = Writes()
        self.failed: dict[str, Written] = {}  # writes to try again, by key
        self.ending: EndProcess | None = None
        self.powering_off = False
        """The machine is being shut down: no task is launched any more."""
        self.offered = amounts.parse(settings.info.resources)
        self.kept: Resources = EMPTY
        """What operations made of what is offered: dynamic reservations and volumes."""
        self.total = self.offered
        self.operations: dict[str, OperationRecord] = {}
        """Those that have to be acknowledged, and one that is under way and destroys volumes."""
        self.under_way: UnderWay | None = None
        self.behind: deque[Received] = deque()
        """Messages that wait for the operation under way."""
        self.resources_written = 0
        self._effects: list[Effect] = []

    def emit(self, effect: Effect) -> None:
        """Adds an effect, to be carried out after those that were emitted before."""
        self._effects.append(effect)

    def take_effects(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects

    def task_in(self, container_id: str) -> bytes | None:
        """The TaskInfo of the container's task, JSON, or that which stands for its custom executor; ``None`` when there
        is neither.
        """
        if (executor := self._executor_in.get(container_id)) is not None:
            return None if executor.size == NOTHING else bytes(executor.size)
        task = self._by_handle.get(container_id)
        return None if task is None else bytes(task.record.task)

    # --- frameworks ---------------------------------------------------------------------------------------------------

    def _drop_framework(self, framework_id: str) -> None:
        info = self.frameworks.pop(framework_id, None)
        if info is not None:
            self._persist(f"frameworks/{framework_id}", None)
        self.history.framework_over(framework_id, info)

    def _has_any(self, framework_id: str) -> bool:
        """Whether the framework has a task or an executor here."""
        return framework_id in self._alive

    def _one_more(self, framework_id: str) -> None:
        self._alive[framework_id] = self._alive.get(framework_id, 0) + 1

    def _one_less(self, framework_id: str) -> None:
        """A task or an executor of the framework is gone: perhaps it was the last, and the framework is dropped."""
        if self._alive[framework_id] > 1:
            self._alive[framework_id] -= 1
            return
        del self._alive[framework_id]
        self._drop_framework(framework_id)

    def _can(self, task: Task, capability: Capability) -> bool:
        return self._knows(task.record.framework_id, capability)

    def _knows(self, framework_id: str, capability: Capability) -> bool:
        info = self.frameworks.get(framework_id)
        return info is not None and any(item.type is capability for item in info.capabilities)

    def _learn_framework(self, info: FrameworkInfo) -> None:
        if info.id is None or self.frameworks.get(info.id.value) == info:
            return
        self.history.framework_back(info.id.value)
        self.frameworks[info.id.value] = info
        self._persist(f"frameworks/{info.id.value}", stored.framework(info))

    # --- status updates -----------------------------------------------------------------------------------------------

    def tell(
        self,
        task: Task,
        state: TaskState,
        now: Now,
        source: TaskStatus.Source = Source.SOURCE_EXECUTOR,
        reason: TaskStatus.Reason | None = None,
        message: str | None = None,
        limitation: TaskResourceLimitation | None = None,
        healthy: bool | None = None,
        check_status: CheckStatusInfo | None = None,
    ) -> None:
        """Queues an update and checkpoints it; it is sent once that is durable and all before it are acknowledged."""
        record = task.record
        uuid = self.source.token(16)
        check = task.terms.checks.get(CheckKind.CHECK)
        if check_status is None and check is not None and source is Source.SOURCE_EXECUTOR:
            check_status = empty_status(check.type)  # in Mesos, each update of such a task has one
        status = statuses.compose(
            record,
            task.container,
            state,
            now,
            uuid=uuid,
            agent_id=self.agent.id or "",
            ip=self.settings.ip,
            source=source,
            reason=reason,
            message=message,
            limitation=limitation,
            healthy=healthy,
            check_status=check_status,
        )
        self.queue(task, status, uuid)

    def queue(self, task: Task, status: TaskStatus, uuid: bytes) -> None:
        """Queues an update and checkpoints it."""
        status = self._while_draining(task, status)
        record, state = task.record, status.state
        record.state, record.status = state, status
        self._remember(task, status if status.data is None else msgspec.structs.replace(status, data=None))
        self.counts[state] = self.counts.get(state, 0) + 1
        if task.forgotten:
            self.checkpoint(task)
            return
        if len(record.pending) >= MOST_PENDING and record.pending[-1].reason in REPEATED and status.reason in REPEATED:
            task.needs.pop(record.pending.pop().uuid or b"", None)
        record.pending.append(status)
        self.checkpoint(task)
        task.needs[uuid] = task.written

    def _while_draining(self, task: Task, status: TaskStatus) -> TaskStatus:
        """Of a killed task frameworks hear that its agent is drained; and gone, if that is to follow, as in Mesos."""
        drain = self.agent.drain
        if drain is None or status.state not in (TaskState.TASK_KILLING, TaskState.TASK_KILLED):
            return status
        state: TaskState = status.state
        if drain.mark_gone and state is TaskState.TASK_KILLED and self._can(task, Capability.PARTITION_AWARE):
            state = TaskState.TASK_GONE_BY_OPERATOR
        return msgspec.structs.replace(status, state=state, reason=Reason.REASON_AGENT_DRAINING)

    def drain_policy(self, task: Task) -> KillPolicy | None:
        """How a task is killed for draining, where that is not by its own policy. As in Mesos: a task that says nothing
        of a grace period has the longest one.
        """
        longest = self.agent.drain.max_grace_period if self.agent.drain is not None else None
        if longest is None:
            return None
        own = task.terms.kill_policy
        if own is not None and own.grace_period is not None and own.grace_period.nanoseconds <= longest.nanoseconds:
            return None
        return KillPolicy(grace_period=longest)

    @property
    def no_launches(self) -> str | None:
        """Why no task is launched any more, or not for now."""
        if self.powering_off:
            return "The machine is being shut down"
        return "Task was received while agent was already draining" if self.agent.drain is not None else None

    def _remember(self, task: Task, status: TaskStatus) -> None:
        """Adds to the history. Of several updates in one state only the newest that is durable is kept, and those that
        are not yet; of a custom executor's task, which may go back and forth, `MAX_HISTORY` that are durable.
        """
        history = task.record.history
        durable = False
        for index in range(len(history) - 1, -1, -1):
            if history[index].state is not status.state:
                break
            if task.on_disk(history[index]):
                if durable:
                    del history[index]
                durable = True
        if len(history) >= MAX_HISTORY and task.on_disk(history[0]):
            del history[0]
        history.append(status)

    def lost(self, task: Task, reason: TaskStatus.Reason, message: str, never_ran: bool = False) -> Verdict:
        """The end of a task that did not end by itself: TASK_LOST, or the states of PARTITION_AWARE frameworks."""
        state = TaskState.TASK_LOST
        if self._can(task, Capability.PARTITION_AWARE):
            state = TaskState.TASK_DROPPED if never_ran else TaskState.TASK_GONE
        return Verdict(state, Source.SOURCE_AGENT, reason, message)

    def _send_head(self, task: Task, now: Now, again: bool = False) -> None:
        """Sends the oldest update when it may go: durable, not in flight unless it is time to send it ``again``."""
        head = task.head
        if head is None or head.uuid is None or not self.membership.member:
            self.timers.cancel(Resend(task.handle))
            return
        if not task.on_disk(head) and not task.volatile:
            return
        if task.sent == head.uuid and not again:
            return
        first, longest = self.settings.update_retry_first, self.settings.update_retry_longest
        task.resend_wait = min(task.resend_wait * 2, longest) if task.sent == head.uuid else first
        task.sent = head.uuid
        self.timers.set(Resend(task.handle), now.mono + task.resend_wait)
        if self.source.unlucky("an update is sent again at once"):
            self.timers.set(Resend(task.handle), now.mono)
        seq = self.membership.next_seq()
        latest = head if task.volatile else task.newest_on_disk or head
        framework_id = task.record.framework_id
        self._up(Update(seq=seq, framework_id=framework_id, status=head, latest_state=latest.state))

    def quiet(self, task: Task) -> None:
        """No update is in flight any more. The next one is sent, and repeated after the first interval."""
        task.sent = None
        task.resend_wait = 0.0
        self.timers.cancel(Resend(task.handle))

    def _acknowledged(self, message: internal.Acknowledge, now: Now) -> None:
        task = self.tasks.get((message.framework_id.value, message.task_id.value))
        if task is None or task.head is None or task.head.uuid != message.uuid:
            return  # a duplicate, or of an update before the one in flight
        if self.source.unlucky("an acknowledgement is overlooked"):
            self._send_head(task, now, again=True)
            return
        head = task.record.pending.pop(0)
        task.needs.pop(message.uuid, None)
        self.quiet(task)
        if not is_terminal(head):
            self.checkpoint(task)
            self._send_head(task, now)
        elif task.destroyed:
            self._remove(task)
        else:
            self.checkpoint(task)

    def _remove(self, task: Task) -> None:
        """The task has ended, and its last update is acknowledged."""
        record = task.record
        handle, framework_id = task.handle, record.framework_id
        del self.tasks[task.key]
        self._by_handle.pop(handle, None)
        self.quiet(task)
        for key in (Escalate(handle), Complete(handle), Rewrite(handle)):
            self.timers.cancel(key)
        container_id = task.executor.container_id
        self.history.task_over(task.executor, record, lives=container_id in self._executor_in)
        if (executor := self._executor_in.get(container_id)) is not None:
            executor.tasks.pop(record.task_id, None)
        self._persist(f"assigned/{handle}" if task.custom else f"tasks/{handle}", None)
        if task.own:  # other sandboxes go with their executor's
            self.emit(Retire(self.agent.id or "", framework_id, record.task_id, handle))
        self._gone(framework_id, record.task_id)
        self._one_less(framework_id)
        self._end_if_empty()

    def _gone(self, framework_id: str, task_id: str) -> None:
        if self.membership.member:
            self._up(TaskGone(seq=self.membership.next_seq(), framework_id=framework_id, task_id=task_id))

    def _up(self, message: internal.Up) -> None:
        """Sends to the master at which this agent is registered; the message has the connection's next number."""
        at = self.membership.at
        self.emit(SendUp(at.connection, self.agent.id or "", at.epoch, message))

    # --- checkpoints --------------------------------------------------------------------------------------------------

    def checkpoint(self, task: Task) -> None:
        """Writes the task's records as they are."""
        handle = task.handle
        if task.custom:
            change = f"assigned/{handle}", stored.assigned(task.record)
        else:
            change = f"tasks/{handle}", stored.run(task.executor, task.container, [task.record])
        effect = self.writes.begin((change,), RunWritten(handle))
        task.written = effect.id
        self.timers.cancel(Rewrite(handle))
        self.emit(effect)

    def checkpoint_executor(self, executor: Executor) -> None:
        """Writes a custom or default executor's record and its container's as they are."""
        container_id = executor.container.container_id
        value = stored.executor(executor.record, executor.container)
        effect = self.writes.begin(((f"executors/{container_id}", value),), RunWritten(container_id))
        executor.written = effect.id
        self.timers.cancel(Rewrite(container_id))
        self.emit(effect)

    def _persist(self, key: str, value: bytes | None) -> None:
        """Writes a key that belongs to no living task."""
        self.failed.pop(key, None)
        self.emit(self.writes.begin(((key, value),), Written(key, value)))

    def _persist_again(self) -> None:
        """Tries again to write what could not be written and belongs to no task. Of what is over, one value is tried:
        there may be thousands.
        """
        past = next((key for key in self.failed if key.startswith(history.KEY)), "")
        for written in list(self.failed.values()):
            if written.key == past or not written.key.startswith(history.KEY):
                self._persist(written.key, written.value)

    def _persist_history(self) -> None:
        """What is over can be written again: all that could not be is tried."""
        for written in [one for one in self.failed.values() if one.key.startswith(history.KEY)]:
            self._persist(written.key, written.value)

    def _not_written(self, id: int, written: Written, now: Now) -> None:
        """The value is tried again, unless a newer one of its key is under way."""
        newest = max(
            (other for other, it in self.writes if isinstance(it, Written) and it.key == written.key), default=0
        )
        if newest < id:
            self.failed[written.key] = written
            self.timers.set(RetryWrites(), now.mono + self.settings.persist_retry)

    def _persist_agent(self) -> None:
        self.agent.info = self.settings.info
        self._persist(AGENT_KEY, stored.agent(self.agent))

    def adopt(self, executor: ExecutorRecord, container: ContainerRecord, record: TaskRecord, terms: Terms) -> Task:
        task = Task(executor, container, record, terms)
        self.take_up(task)
        return task

    def take_up(self, task: Task) -> None:
        self.tasks[task.key] = task
        self._by_handle[task.handle] = task
        self._one_more(task.record.framework_id)
        if (executor := self._executor_in.get(task.executor.container_id)) is not None:
            executor.tasks[task.record.task_id] = task

    def take_up_executor(self, executor: Executor) -> None:
        record = executor.record
        self.executors[record.framework_id, record.executor_id] = executor
        self._executor_in[record.container_id] = executor
        if executor.stream is not None:
            self._streams[executor.stream] = executor
        self._one_more(record.framework_id)

    def _end_if_empty(self) -> None:
        if self.ending is None or self.tasks or self.executors or self.nested or self.membership.leaving:
            return
        ending, self.ending = self.ending, None
        self.history.clear()
        self.agent = AgentRecord(boot_id=self.settings.boot_id)
        self._persist_agent()
        self.emit(ending)
