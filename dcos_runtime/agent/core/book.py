"""The agent's tasks: what is checkpointed, and which status updates still have to reach their framework.

Updates of a task go out one at a time, each after its checkpoint is durable, again and again until acknowledged.
"""

from __future__ import annotations

from collections import deque

from dcos_runtime.agent.core import statuses, stored
from dcos_runtime.agent.core.check_terms import CheckKind, empty_status
from dcos_runtime.agent.core.effects import Effect, EndProcess, Retire, SendUp
from dcos_runtime.agent.core.membership import Membership
from dcos_runtime.agent.core.model import Settings
from dcos_runtime.agent.core.records import AgentRecord, ContainerRecord, ExecutorRecord, TaskRecord
from dcos_runtime.agent.core.task import Task, is_terminal
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
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.seeds import SeededSource as Seeded
from dcos_runtime.core.timers import Timers
from dcos_runtime.core.writes import Writes
from dcos_runtime.wire import internal
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.internal import TaskGone, Update
from dcos_runtime.wire.tasks import CheckStatusInfo, TaskResourceLimitation, TaskState, TaskStatus

Reason = TaskStatus.Reason
Source = TaskStatus.Source

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
        self.completed: deque[Task] = deque(maxlen=settings.completed_kept)
        self.former: dict[str, FrameworkInfo] = {}
        """Frameworks that have nothing here any more except their `completed` tasks."""
        self.counts: dict[TaskState, int] = {}
        self._by_container: dict[str, Task] = {}
        self._alive: dict[str, int] = {}  # tasks of each framework that has any
        self.writes: Writes[Continuation] = Writes()
        self.failed: dict[str, Written] = {}  # writes to try again, by key
        self.ending: EndProcess | None = None
        self.powering_off = False
        """The machine is being shut down: no task is launched any more."""
        self._effects: list[Effect] = []

    def emit(self, effect: Effect) -> None:
        """Adds an effect, to be carried out after those that were emitted before."""
        self._effects.append(effect)

    def take_effects(self) -> list[Effect]:
        effects, self._effects = self._effects, []
        return effects

    def task_in(self, container_id: str) -> bytes | None:
        """The TaskInfo of the container's task, JSON; ``None`` when there is no such task."""
        task = self._by_container.get(container_id)
        return None if task is None else bytes(task.record.task)

    # --- frameworks ---------------------------------------------------------------------------------------------------

    def _drop_framework(self, framework_id: str) -> None:
        info = self.frameworks.pop(framework_id, None)
        if info is not None:
            self._persist(f"frameworks/{framework_id}", None)
            self.former[framework_id] = info
        shown = {task.record.framework_id for task in self.completed}
        self.former = {name: info for name, info in self.former.items() if name in shown}

    def _has_tasks(self, framework_id: str) -> bool:
        return framework_id in self._alive

    def _can(self, task: Task, capability: FrameworkInfo.Capability.Type) -> bool:
        info = self.frameworks.get(task.record.framework_id)
        return info is not None and any(item.type is capability for item in info.capabilities)

    def _learn_framework(self, info: FrameworkInfo) -> None:
        if info.id is None or self.frameworks.get(info.id.value) == info:
            return
        self.former.pop(info.id.value, None)
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
            task.container.pid,
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
        record.state, record.status = state, status
        self._remember(task, status)
        self.counts[state] = self.counts.get(state, 0) + 1
        if task.forgotten:
            self.checkpoint(task)
            return
        if len(record.pending) >= MOST_PENDING and record.pending[-1].reason in REPEATED and reason in REPEATED:
            task.needs.pop(record.pending.pop().uuid or b"", None)
        record.pending.append(status)
        self.checkpoint(task)
        task.needs[uuid] = task.written

    def _remember(self, task: Task, status: TaskStatus) -> None:
        """Adds to the history. Of several updates in one state only the newest that is durable is kept, and those that
        are not yet.
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
        history.append(status)

    def _send_head(self, task: Task, now: Now, again: bool = False) -> None:
        """Sends the oldest update when it may go: durable, not in flight unless it is time to send it ``again``."""
        head = task.head
        if head is None or head.uuid is None or not self.membership.member:
            self.timers.cancel(Resend(task.record.container_id))
            return
        if not task.on_disk(head) and not task.volatile:
            return
        if task.sent == head.uuid and not again:
            return
        first, longest = self.settings.update_retry_first, self.settings.update_retry_longest
        task.resend_wait = min(task.resend_wait * 2, longest) if task.sent == head.uuid else first
        task.sent = head.uuid
        self.timers.set(Resend(task.record.container_id), now.mono + task.resend_wait)
        if self.source.unlucky("an update is sent again at once"):
            self.timers.set(Resend(task.record.container_id), now.mono)
        seq = self.membership.next_seq()
        latest = head if task.volatile else task.newest_on_disk or head
        framework_id = task.record.framework_id
        self._up(Update(seq=seq, framework_id=framework_id, status=head, latest_state=latest.state))

    def quiet(self, task: Task) -> None:
        """No update is in flight any more. The next one is sent, and repeated after the first interval."""
        task.sent = None
        task.resend_wait = 0.0
        self.timers.cancel(Resend(task.record.container_id))

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
        container_id, framework_id = record.container_id, record.framework_id
        del self.tasks[task.key]
        self._by_container.pop(container_id, None)
        if self._alive[framework_id] == 1:
            del self._alive[framework_id]
        else:
            self._alive[framework_id] -= 1
        self.quiet(task)
        for key in (Escalate(container_id), Complete(container_id), Rewrite(container_id)):
            self.timers.cancel(key)
        self.completed.append(task)
        self._persist(f"tasks/{container_id}", None)
        self.emit(Retire(self.agent.id or "", framework_id, record.task_id, container_id))
        self._gone(framework_id, record.task_id)
        if not self._has_tasks(framework_id):
            self._drop_framework(framework_id)
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
        container_id = task.record.container_id
        value = stored.run(task.executor, task.container, [task.record])
        effect = self.writes.begin(((f"tasks/{container_id}", value),), RunWritten(container_id))
        task.written = effect.id
        self.timers.cancel(Rewrite(container_id))
        self.emit(effect)

    def _persist(self, key: str, value: bytes | None) -> None:
        """Writes a key that belongs to no living task."""
        self.failed.pop(key, None)
        self.emit(self.writes.begin(((key, value),), Written(key, value)))

    def _persist_again(self) -> None:
        """Tries again to write what could not be written and belongs to no task."""
        failed, self.failed = list(self.failed.values()), {}
        for written in failed:
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
        framework_id = task.record.framework_id
        self.tasks[task.key] = task
        self._by_container[task.record.container_id] = task
        self._alive[framework_id] = self._alive.get(framework_id, 0) + 1

    def _end_if_empty(self) -> None:
        if self.ending is None or self.tasks:
            return
        ending, self.ending = self.ending, None
        self.agent = AgentRecord(boot_id=self.settings.boot_id)
        self._persist_agent()
        self.emit(ending)
