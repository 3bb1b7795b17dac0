"""The agent's book of tasks: what is checkpointed, and which status updates still have to reach their framework.

Updates of a task go out one at a time, each after its checkpoint is durable, again and again until acknowledged.
"""

from __future__ import annotations

import random
from collections import deque

from dcos_runtime.agent.core import statuses
from dcos_runtime.agent.core.effects import Effect, EndProcess, Persist, Retire, SendUp
from dcos_runtime.agent.core.model import AgentRecord, Now, Settings, TaskRecord
from dcos_runtime.agent.core.session import Session
from dcos_runtime.agent.core.task import Task, is_terminal
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.internal import TaskGone, Up, Update
from dcos_runtime.wire.tasks import TaskResourceLimitation, TaskState, TaskStatus

Source = TaskStatus.Source

AGENT_KEY = "agent"


class Book:
    """State shared by all of the core, and the rules of updates and checkpoints."""

    def __init__(self, settings: Settings, source: random.Random) -> None:
        self.settings = settings
        self.source = source
        self.session = Session(settings, source)
        self.agent = AgentRecord(boot_id=settings.boot_id)
        self.frameworks: dict[str, FrameworkInfo] = {}
        self.tasks: dict[tuple[str, str], Task] = {}
        self.completed: deque[TaskRecord] = deque(maxlen=settings.completed_kept)
        self.counts: dict[TaskState, int] = {}
        self._by_container: dict[str, Task] = {}
        self._by_persist: dict[int, Task] = {}
        self._persists = 0
        self._loose: dict[int, Persist] = {}  # under way, of no task that is alive
        self._failed: dict[str, Persist] = {}  # of those, what is to be tried again
        self._retry_at: float | None = None
        self._ending: EndProcess | None = None

    # --- frameworks ---------------------------------------------------------------------------------------------------

    def _drop_framework(self, framework_id: str) -> list[Effect]:
        if self.frameworks.pop(framework_id, None) is None:
            return []
        return [self._persist(f"frameworks/{framework_id}", None)]

    def _has_tasks(self, framework_id: str) -> bool:
        return any(key[0] == framework_id for key in self.tasks)

    def _can(self, task: Task, capability: FrameworkInfo.Capability.Type) -> bool:
        info = self.frameworks.get(task.record.framework_id)
        return info is not None and any(item.type is capability for item in info.capabilities)

    def _learn_framework(self, info: FrameworkInfo) -> list[Effect]:
        if info.id is None or self.frameworks.get(info.id.value) == info:
            return []
        self.frameworks[info.id.value] = info
        return [self._persist(f"frameworks/{info.id.value}", codec.encode(info))]

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
    ) -> list[Effect]:
        """Queues an update and checkpoints it; it is sent once that is durable and all before it are acknowledged."""
        record = task.record
        status = statuses.compose(
            record,
            state,
            now,
            uuid=self.source.getrandbits(128).to_bytes(16, "big"),
            agent_id=self.agent.id or "",
            ip=self.settings.ip,
            source=source,
            reason=reason,
            message=message,
            limitation=limitation,
        )
        record.state, record.status = state, status
        record.history.append(status)
        self.counts[state] = self.counts.get(state, 0) + 1
        if task.forgotten:
            return self._checkpoint(task)
        record.pending.append(status)
        effects = self._checkpoint(task)
        assert status.uuid is not None
        task.needs[status.uuid] = task.written
        return effects

    def _send_head(self, task: Task, now: Now, again: bool = False) -> list[Effect]:
        """Sends the oldest update when it may go: durable, not in flight unless it is time to send it ``again``."""
        head = task.head
        if head is None or head.uuid is None or not self.session.member:
            task.resend_at = None
            return []
        if task.needs.get(head.uuid, 0) > task.durable and not task.volatile:
            return []
        if task.sent == head.uuid and not again:
            return []
        first, longest = self.settings.update_retry_first, self.settings.update_retry_longest
        task.resend_wait = min(task.resend_wait * 2, longest) if task.sent == head.uuid else first
        task.sent = head.uuid
        task.resend_at = now.mono + task.resend_wait
        update = Update(seq=0, framework_id=task.record.framework_id, status=head, latest_state=task.record.state)
        return self._up(update)

    def _acknowledged(self, message: internal.Acknowledge, now: Now) -> list[Effect]:
        task = self.tasks.get((message.framework_id.value, message.task_id.value))
        if task is None or task.head is None or task.head.uuid != message.uuid:
            return []  # a duplicate, or older than what is in flight
        head = task.record.pending.pop(0)
        task.needs.pop(message.uuid, None)
        task.quiet()
        if is_terminal(head):
            if task.destroyed:
                return self._remove(task)
            return self._checkpoint(task)
        return [*self._checkpoint(task), *self._send_head(task, now)]

    def _remove(self, task: Task) -> list[Effect]:
        """The task is over for everybody."""
        record = task.record
        del self.tasks[task.key]
        self._by_container.pop(record.container_id, None)
        task.removed = True
        self.completed.append(record)
        effects: list[Effect] = [
            self._persist(f"tasks/{record.container_id}", None),
            Retire(self.agent.id or "", record.framework_id, record.task_id, record.container_id),
        ]
        effects += self._gone(record.framework_id, record.task_id)
        if not self._has_tasks(record.framework_id):
            effects += self._drop_framework(record.framework_id)
        return effects + self._end_if_empty()

    def _gone(self, framework_id: str, task_id: str) -> list[Effect]:
        return self._up(TaskGone(seq=0, framework_id=framework_id, task_id=task_id))

    def _up(self, message: Up) -> list[Effect]:
        if not self.session.member:
            return []
        message.seq = self.session.next_seq()
        return [SendUp(self.session.connection, message)]

    # --- checkpoints --------------------------------------------------------------------------------------------------

    def _checkpoint(self, task: Task) -> list[Effect]:
        effect = self._persist(f"tasks/{task.record.container_id}", codec.encode(task.record))
        del self._loose[effect.id]
        task.written = effect.id
        task.rewrite_at = None
        self._by_persist[effect.id] = task
        return [effect]

    def _persist(self, key: str, value: bytes | None) -> Persist:
        self._persists += 1
        effect = Persist(self._persists, key, value)
        self._loose[effect.id] = effect
        self._failed.pop(key, None)
        return effect

    def _persist_again(self) -> list[Effect]:
        """Once more what could not be written and is of no task."""
        failed, self._failed, self._retry_at = list(self._failed.values()), {}, None
        return [self._persist(effect.key, effect.value) for effect in failed]

    def _persist_agent(self) -> list[Effect]:
        return [self._persist(AGENT_KEY, codec.encode(self.agent))]

    def _adopt(self, record: TaskRecord) -> Task:
        task = Task(record)
        self.tasks[task.key] = task
        self._by_container[record.container_id] = task
        return task

    def _end_if_empty(self) -> list[Effect]:
        if self._ending is None or self.tasks:
            return []
        ending, self._ending = self._ending, None
        self.agent = AgentRecord(boot_id=self.settings.boot_id)
        return [*self._persist_agent(), ending]
