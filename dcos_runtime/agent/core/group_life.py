"""The life of task groups and of their executors, which the agent is itself: Mesos' default executor.

All tasks of a group are launched, or none. When one of them ends other than finished, the others are killed. Each has a
container within the executor's, which is there before them and goes when the last of them is gone.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from dcos_runtime.agent.core import container_ids, reading, refusal
from dcos_runtime.agent.core.effects import WatchContainer
from dcos_runtime.agent.core.events import BadMessage, BadTask, Created
from dcos_runtime.agent.core.executor import Executor, as_task
from dcos_runtime.agent.core.executor_life import TERMINATED
from dcos_runtime.agent.core.model import Facts, Found, Refusal
from dcos_runtime.agent.core.records import ContainerRecord, ExecutorKind, Kill, KillReason, Stage, TaskRecord
from dcos_runtime.agent.core.task import Task, Verdict
from dcos_runtime.agent.core.task_life import TaskLife
from dcos_runtime.agent.core.task_request import NONE, TaskRequest
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Log, Now
from dcos_runtime.wire import internal
from dcos_runtime.wire.tasks import TaskState, TaskStatus

Reason = TaskStatus.Reason
Source = TaskStatus.Source


class GroupLife(TaskLife):
    """The rules of task groups; all else of their tasks is as of any task."""

    # --- launching ----------------------------------------------------------------------------------------------------

    def _run_group(self, message: internal.RunGroup, asked: Sequence[TaskRequest | BadTask], now: Now) -> None:
        framework_id = message.framework.id.value if message.framework.id else ""
        names = [each.task_id.value if isinstance(each, TaskRequest) else each.task_id for each in asked]
        here = next((name for name in names if name is not None and (framework_id, name) in self.tasks), None)
        if here is not None:
            text = f"a group of framework {framework_id} has task {here}, which is here already; not run twice"
            self.emit(Log(logging.WARNING, text))
            return
        self._learn_framework(message.framework)
        given = next((each.executor for each in asked if isinstance(each, TaskRequest)), msgspec.Raw(b"null"))
        info = reading.executor(given)
        if isinstance(info, BadMessage):
            self.emit(Log(logging.ERROR, f"a task group of framework {framework_id} is not run: {info.why}"))
            self._refuse_unread(framework_id, message, names, refusal.unreadable(info.why), now)
            return
        found = self.executors.get((framework_id, info.executor_id.value))
        if found is not None and found.default:
            executor = found
        else:
            executor = self._new_executor(framework_id, info, given, ExecutorKind.DEFAULT)
        why = self._no_launch(executor, found, message, asked)
        if why is None and found is None:
            self.take_up_executor(executor)
        group = self.source.uuid()
        launched = [
            self._new_of_group(executor, group, raw, each, name)
            for raw, each, name in zip(message.tasks, asked, names, strict=True)
            if name is not None
        ]
        if why is None:
            if executor.written == 0:
                self.checkpoint_executor(executor)
            for task in launched:
                self.checkpoint(task)
            return
        for task in launched:
            task.destroyed = True
            super()._end(task, why, now)
        if message.launch_executor and executor.key not in self.executors:
            self._tell_gone(*executor.key, executor.status)

    def _refuse_unread(
        self, framework_id: str, message: internal.RunGroup, names: Sequence[str | None], refused: Refusal, now: Now
    ) -> None:
        """A group whose executor cannot be read: its tasks end as command tasks that cannot be read do."""
        for raw, name in zip(message.tasks, names, strict=True):
            if name is not None:
                run = internal.RunTask(
                    agent_id=message.agent_id,
                    epoch=message.epoch,
                    seq=message.seq,
                    framework=message.framework,
                    task=raw,
                )
                self._run(run, BadTask(refused.message, name), now)

    def _no_launch(
        self,
        executor: Executor,
        found: Executor | None,
        message: internal.RunGroup,
        asked: Sequence[TaskRequest | BadTask],
    ) -> Verdict | None:
        """How all tasks of the group end when it cannot be launched."""
        framework_id = executor.record.framework_id
        refused = refusal.group_refused(executor.info, asked, self.settings)
        if refused is not None:
            if refused.invalid:
                return Verdict(
                    TaskState.TASK_ERROR, Source.SOURCE_AGENT, Reason.REASON_TASK_GROUP_INVALID, refused.message
                )
            reason = Reason.REASON_CONTAINER_LAUNCH_FAILED
            return Verdict(TaskState.TASK_FAILED, Source.SOURCE_AGENT, reason, refused.message)
        if (text := self.no_launches) is not None:
            return self._dropped(framework_id, text, Reason.REASON_AGENT_DRAINING)
        resources = amounts.parse(executor.info.resources)
        for one in asked:
            resources += amounts.parse(one.terms.resources) if isinstance(one, TaskRequest) else amounts.EMPTY
        if (unknown := self.unknown_resources(resources)) is not None:
            return self._dropped(framework_id, unknown, Reason.REASON_RESOURCES_UNKNOWN)
        if found is not None and (found.leaving or not found.default):
            return self._dropped(framework_id, "Executor terminating")
        if found is None and not message.launch_executor:
            return self._dropped(framework_id, "Executor terminated")
        return None

    def _new_of_group(
        self, executor: Executor, group: str, raw: msgspec.Raw, asked: TaskRequest | BadTask, name: str
    ) -> Task:
        container_id = container_ids.child(executor.container.container_id, self.source.uuid())
        return self.adopt(
            executor.record,
            ContainerRecord(container_id=container_id, launcher=self.settings.launcher, stage=Stage.INTENT),
            TaskRecord(
                framework_id=executor.record.framework_id,
                task_id=name,
                executor_id=executor.record.executor_id,
                container_id=container_id,
                task=raw,
                group=group,
            ),
            asked.terms if isinstance(asked, TaskRequest) else NONE,
        )

    def begin(self, task: Task) -> None:
        """A group's containers are made once its executor's is there and all of it is on the disk."""
        executor = self._executor_of(task)
        if executor is None:
            super().begin(task)
            return
        together = self._group_of(task)
        if executor.container.stage is not Stage.RUNNING or any(one.durable == 0 for one in together):
            return
        for one in together:
            if one.container.stage is Stage.INTENT:
                self.prepare(one, executor.record.executor_id, executor.container.pid or 0)

    def _created(self, event: Created, now: Now) -> None:
        """All of an executor's containers are in the network of its own one."""
        executor, task = self._executor_in.get(event.container_id), self._by_handle.get(event.container_id)
        if executor is not None and executor.default:
            executor.container.networks = list(event.networks)
        elif task is not None and (above := self._executor_of(task)) is not None:
            event = msgspec.structs.replace(event, networks=tuple(above.container.networks))
        super()._created(event, now)

    def executor_started(self, executor: Executor, now: Now) -> None:
        super().executor_started(executor, now)
        if executor.default and executor.container.stage is Stage.RUNNING:
            if executor.container.networks:
                self.checkpoint_executor(executor)
            for task in list(executor.tasks.values()):
                if task.container.stage is Stage.INTENT:
                    self.begin(task)

    # --- ending -------------------------------------------------------------------------------------------------------

    def _end(self, task: Task, verdict: Verdict, now: Now) -> None:
        super()._end(task, verdict, now)
        if not task.grouped:
            return
        self._end_group(task, now)
        self._wind_up(task)

    def _end_group(self, task: Task, now: Now) -> None:
        """The task has ended: the others of its group are killed, unless it has finished."""
        if task.record.state is TaskState.TASK_FINISHED or task.forgotten:
            return
        for other in self._group_of(task):
            if other.record.kill is None:
                self._kill(other, KillReason.GROUP, self._grace(other, None), now)

    def _destroyed(self, container_id: str, now: Now) -> None:
        task = self._by_handle.get(container_id)
        super()._destroyed(container_id, now)
        if task is not None and task.grouped:
            self._wind_up(task)

    def _wind_up(self, task: Task) -> None:
        """Ends the task's executor if it was the last one there."""
        executor = self._executor_in.get(task.executor.container_id)
        if executor is not None:
            self._end_if_idle(executor)

    def _end_if_idle(self, executor: Executor) -> None:
        if any(one.stage is not Stage.ENDED or not one.destroyed for one in executor.tasks.values()):
            return
        if executor.container.stage not in (Stage.ENDING, Stage.ENDED):
            executor.status = 0
        super()._destroy_executor(executor, TERMINATED)

    def _destroy_executor(self, executor: Executor, verdict: Verdict) -> None:
        """The containers within go first."""
        if not executor.default:
            super()._destroy_executor(executor, verdict)
            return
        executor.container.stage = Stage.ENDING
        executor.verdict = executor.verdict or verdict
        for task in list(executor.tasks.values()):
            if task.container.stage not in (Stage.ENDING, Stage.ENDED):
                self.destroy(task, None if task.forgotten else verdict)
        self._end_if_idle(executor)

    def end_executor(self, executor: Executor, reason: KillReason, now: Now, longest: float = float("inf")) -> None:
        if not executor.default:
            super().end_executor(executor, reason, now, longest)
            return
        if executor.leaving:
            return
        executor.record.ending = Kill(reason=reason, since=now.wall, grace=0.0)
        self.checkpoint_executor(executor)
        self._kill_all(executor, reason, now, longest)

    def _kill_all(self, executor: Executor, reason: KillReason, now: Now, longest: float = float("inf")) -> None:
        for task in list(executor.tasks.values()):
            if reason is KillReason.FORGOTTEN:
                self._forget(task, now)
            else:
                self._kill(task, reason, min(longest, self._grace(task, None)), now)
        if executor.key in self.executors:
            self._end_if_idle(executor)

    # --- after a restart of the agent ---------------------------------------------------------------------------------

    def resume_executor(self, executor: Executor, facts: Facts | None, rebooted: bool, now: Now) -> None:
        """Of a default executor: after its tasks were resumed."""
        if not executor.default or executor.destroying:
            if not executor.default:
                super().resume_executor(executor, facts, rebooted, now)
            return
        found = facts or Facts(Found.ABSENT)
        container, record = executor.container, executor.record
        if found.pid is not None:
            container.pid = found.pid
        if found.found is not Found.RUNNING:
            message = "The machine was rebooted while the executor was running" if rebooted else TERMINATED.message
            self._destroy_executor(executor, msgspec.structs.replace(TERMINATED, message=message))
            return
        container.stage = Stage.RUNNING
        executor.size = msgspec.Raw(as_task(executor, self.agent.id or ""))
        framework_id, size = record.framework_id, bytes(executor.size)
        agent_id = self.agent.id or ""
        within, container_id = record.executor_id, container.container_id
        self.emit(WatchContainer(container_id, container.launcher, agent_id, framework_id, size, within))
        if record.ending is not None:
            self._kill_all(executor, record.ending.reason, now)
            return
        for task in list(executor.tasks.values()):
            if task.stage is Stage.ENDED:
                self._end_group(task, now)
        self._end_if_idle(executor)

    def resume_orphan(self, task: Task) -> None:
        """A task of a group whose executor is not known any more."""
        reason = Reason.REASON_EXECUTOR_TERMINATED
        self.destroy(task, None if task.forgotten else self.lost(task, reason, "The task's executor is not known"))

    # --- who belongs together -----------------------------------------------------------------------------------------

    def _executor_of(self, task: Task) -> Executor | None:
        return self._executor_in.get(task.executor.container_id) if task.grouped else None

    def _group_of(self, task: Task) -> list[Task]:
        """The tasks that were launched with it, and itself, as long as they are here."""
        executor = self._executor_of(task)
        together = executor.tasks.values() if executor is not None else ()
        return [one for one in together if one.record.group == task.record.group]
