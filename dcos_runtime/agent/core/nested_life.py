"""The life of containers that calls of the operator API launch: within others (Mesos' nested containers), or within
none (its standalone containers, which belong to no framework).

Each is written down before it is made. It is destroyed with the container that it is within. One that has ended is kept
with its exit status until it is removed, or its parent is gone. No framework is told of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from dcos_runtime.agent.core import container_ids, reading, refusal, statuses, stored
from dcos_runtime.agent.core.effects import Destroy, Effect, NestedChanged, Prepare, Start, WatchContainer
from dcos_runtime.agent.core.events import BadTask, Created, LaunchNested
from dcos_runtime.agent.core.group_life import GroupLife
from dcos_runtime.agent.core.model import Exit, Facts, Found
from dcos_runtime.agent.core.records import ContainerRecord, NestedRecord, Stage
from dcos_runtime.agent.core.timing import NestedWritten, Written
from dcos_runtime.core.frozen import Now
from dcos_runtime.wire.tasks import TaskResourceLimitation, TaskStatus

RESTARTED = "The agent was restarted before the container's process was started"
VANISHED = "The container was gone when the agent came back; how it ended is not known"


class NestedLife(GroupLife):
    """The rules of nested and standalone containers; the events of all others go to what is below."""

    # --- launching ----------------------------------------------------------------------------------------------------

    def nested_refused(self, container_id: str, task: bytes) -> str | None:
        """Why a container cannot be launched with this TaskInfo, JSON, or ``None``."""
        parent = container_ids.parent_of(container_id)
        found = self.container_of(parent)
        if parent and (found is None or found.stage is not Stage.RUNNING):
            return f"Parent container {parent} does not exist"
        if not parent and (self.ending is not None or self.powering_off):
            return "The agent is ending, and launches no container any more"
        if not parent and self.agent.id is None:
            return "No master has given the agent an id yet; containers are kept under it"
        asked = reading.task(task)
        if isinstance(asked, BadTask):
            return refusal.unreadable(asked.why).message
        refused = refusal.refused(asked, self.settings, nested=bool(parent))
        return refused.message if refused is not None else None

    def launch_nested(self, event: LaunchNested) -> None:
        container_id = event.container_id
        if container_id in self.nested or self.nested_refused(container_id, event.task) is not None:
            return
        record = self.nested[container_id] = NestedRecord(
            framework_id=event.framework_id,
            executor_id=event.executor_id,
            container=ContainerRecord(container_id=container_id, launcher=self.settings.launcher, stage=Stage.INTENT),
            task=msgspec.Raw(event.task),
        )
        self._write_nested(record)

    def nested_written(self, container_id: str) -> None:
        """The launch is on the disk: the container is made."""
        record = self.nested.get(container_id)
        if record is None or record.container.stage is not Stage.INTENT:
            return
        parent = self.container_of(container_ids.parent_of(container_id))
        info = self.frameworks.get(record.framework_id)
        record.container.stage = Stage.PREPARING
        self.emit(
            Prepare(
                self.agent.id or "",
                container_id,
                record.framework_id,
                bytes(record.task),
                info.user if info is not None else "",
                within=record.executor_id,
                parent_pid=(parent.pid if parent is not None else None) or 0,
                apart=True,
            )
        )

    def nested_not_written(self, id: int, container_id: str, why: str, now: Now) -> None:
        """A launch that cannot be written down is given up; anything else is tried again, unless it is written anew."""
        record = self.nested.get(container_id)
        if record is None or any(other > id and then == NestedWritten(container_id) for other, then in self.writes):
            return
        if record.container.stage is Stage.INTENT:
            record.message = f"Failed to launch container: it cannot be written down: {why}"
            self._destroy_nested(record)
        else:
            self._not_written(id, Written(f"nested/{container_id}", stored.nested(record)), now)

    def _created(self, event: Created, now: Now) -> None:
        record = self.nested.get(event.container_id)
        if record is None:
            super()._created(event, now)
        elif record.container.stage is Stage.PREPARING:
            record.container.stage, record.container.pid = Stage.STARTING, event.pid
            self.emit(Start(event.container_id))

    def _started(self, container_id: str, now: Now) -> None:
        record = self.nested.get(container_id)
        if record is None:
            super()._started(container_id, now)
        elif record.container.stage is Stage.STARTING:
            record.container.stage, record.container.started = Stage.RUNNING, now.wall
            self._write_nested(record)
            self.emit(NestedChanged(container_id))

    def _launch_failed(self, container_id: str, message: str, user_unknown: bool, now: Now) -> None:
        record = self.nested.get(container_id)
        if record is None:
            super()._launch_failed(container_id, message, user_unknown, now)
        elif record.container.stage in (Stage.PREPARING, Stage.STARTING):
            record.message = message
            self._destroy_nested(record)

    # --- ending -------------------------------------------------------------------------------------------------------

    def emit(self, effect: Effect) -> None:
        """What is within a container is destroyed before it."""
        if isinstance(effect, Destroy):
            self._destroy_within(effect.container_id)
        super().emit(effect)

    def _destroy_within(self, parent: str) -> None:
        for record in list(self.nested.values()):
            if container_ids.parent_of(record.container.container_id) == parent and not record.parent_gone:
                self._abandon(record)

    def end_standalone(self) -> None:
        """The agent forgets its id, and with it these."""
        for record in list(self.nested.values()):
            if not container_ids.parent_of(record.container.container_id):
                self._abandon(record)

    def _abandon(self, record: NestedRecord) -> None:
        """Nobody may ask for it any more."""
        record.parent_gone = True
        if record.container.stage is Stage.ENDED:
            self._forget_nested(record)
        else:
            self._destroy_nested(record)

    def exited(self, container_id: str, exit: Exit, now: Now) -> None:
        record = self.nested.get(container_id)
        if record is None:
            super().exited(container_id, exit, now)
            return
        if record.exit is None and record.container.stage in (Stage.STARTING, Stage.RUNNING, Stage.ENDING):
            if record.container.stage is Stage.STARTING:  # it ended before `Started` came
                record.container.started = now.wall
            record.exit = exit
            self._destroy_nested(record)

    def _supervisor_lost(self, container_id: str) -> None:
        record = self.nested.get(container_id)
        if record is None:
            super()._supervisor_lost(container_id)
        elif record.container.stage in (Stage.STARTING, Stage.RUNNING):
            record.message = "The container's supervisor ended, so that its exit status cannot be known"
            self._destroy_nested(record)

    def _end_for_limit(
        self, container_id: str, reason: TaskStatus.Reason, why: str, limitation: TaskResourceLimitation, now: Now
    ) -> None:
        record = self.nested.get(container_id)
        if record is None:
            super()._end_for_limit(container_id, reason, why, limitation, now)
        elif record.container.stage in (Stage.PREPARING, Stage.STARTING, Stage.RUNNING):
            record.reason, record.message, record.limitation = reason, why, limitation
            self._destroy_nested(record)

    def _destroy_nested(self, record: NestedRecord) -> None:
        if record.container.stage not in (Stage.ENDING, Stage.ENDED):
            record.container.stage = Stage.ENDING
            self.emit(Destroy(record.container.container_id, record.container.launcher))

    def _destroyed(self, container_id: str, now: Now) -> None:
        record = self.nested.get(container_id)
        if record is None:
            super()._destroyed(container_id, now)
            return
        record.container.stage = Stage.ENDED
        if record.exit is not None and record.exit.oom and record.reason is None:
            record.reason = TaskStatus.Reason.REASON_CONTAINER_LIMITATION_MEMORY
            record.message = statuses.memory_text(record.exit)
            record.limitation = statuses.memory_limitation(record.exit)
        if record.parent_gone:
            self._forget_nested(record)
        else:
            self._write_nested(record)
            self.emit(NestedChanged(container_id))

    def remove_nested(self, container_id: str) -> None:
        """The operator has done with one that has ended."""
        record = self.nested.get(container_id)
        if record is not None and record.container.stage is Stage.ENDED:
            self._forget_nested(record)

    def _forget_nested(self, record: NestedRecord) -> None:
        container_id = record.container.container_id
        del self.nested[container_id]
        self._persist(f"nested/{container_id}", None)
        self.emit(NestedChanged(container_id))
        self._end_if_empty()

    def _write_nested(self, record: NestedRecord) -> None:
        container_id = record.container.container_id
        change = f"nested/{container_id}", stored.nested(record)
        self.failed.pop(change[0], None)
        super().emit(self.writes.begin((change,), NestedWritten(container_id)))

    # --- after a restart of the agent ---------------------------------------------------------------------------------

    def resume_nested(self, values: Iterable[bytes], facts: Mapping[str, Facts]) -> None:
        """After all tasks and executors, whose containers they are within; the outer ones first."""
        found = [stored.read_nested(value).nested for value in values]
        for record in sorted(found, key=lambda one: one.container.container_id.count(".")):
            self._resume(record, facts.get(record.container.container_id) or Facts(Found.ABSENT))

    def _resume(self, record: NestedRecord, facts: Facts) -> None:
        container = record.container
        container_id = container.container_id
        self.nested[container_id] = record
        above = container_ids.parent_of(container_id)
        parent = self.container_of(above)
        record.parent_gone = bool(above) and (parent is None or parent.stage in (Stage.ENDING, Stage.ENDED))
        if container.stage is Stage.ENDED:
            if record.parent_gone:
                self._forget_nested(record)
            return
        before_start = container.stage in (Stage.INTENT, Stage.PREPARING)
        container.pid = facts.pid or container.pid
        container.stage = Stage.RUNNING
        if facts.found is Found.EXITED and facts.exit is not None:
            record.exit = facts.exit
        elif facts.found is not Found.RUNNING:
            record.message = RESTARTED if before_start or facts.found is Found.CREATED else VANISHED
        elif not record.parent_gone:
            agent_id, within, task = self.agent.id or "", record.executor_id, bytes(record.task)
            self.emit(
                WatchContainer(
                    container_id, container.launcher, agent_id, record.framework_id, task, within, apart=True
                )
            )
            return
        self._destroy_nested(record)

    # --- which container is which -------------------------------------------------------------------------------------

    def container_of(self, container_id: str) -> ContainerRecord | None:
        """Of a task, an executor or a nested one that is here."""
        if (executor := self._executor_in.get(container_id)) is not None:
            return executor.container
        if (record := self.nested.get(container_id)) is not None:
            return record.container
        task = self._by_handle.get(container_id)
        return task.container if task is not None and not task.custom else None

    def owner_of(self, container_id: str) -> tuple[str, str] | None:
        """The framework and the executor to which an outermost container belongs; of a standalone one none, and its own
        id.
        """
        if (record := self.nested.get(container_id)) is not None:
            return record.framework_id, record.executor_id
        if (executor := self._executor_in.get(container_id)) is not None:
            return executor.key
        task = self._by_handle.get(container_id)
        if task is None or task.custom:
            return None
        return task.executor.framework_id, task.executor.executor_id

    def task_in(self, container_id: str) -> bytes | None:
        record = self.nested.get(container_id)
        return bytes(record.task) if record is not None else super().task_in(container_id)
