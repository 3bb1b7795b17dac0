"""A task's life: launched, reported, killed, ended or given up, by the events of the task and its container."""

from __future__ import annotations

import logging
import signal
from collections.abc import Sequence

from dcos_runtime.agent.core import reading, refusal, statuses
from dcos_runtime.agent.core.checking import Checking
from dcos_runtime.agent.core.effects import Destroy, Prepare, Signal, Start
from dcos_runtime.agent.core.events import BadMessage, BadTask, Checked, Created
from dcos_runtime.agent.core.executor_life import ExecutorLife
from dcos_runtime.agent.core.history import KEY
from dcos_runtime.agent.core.model import Exit, Refusal
from dcos_runtime.agent.core.records import (
    ContainerRecord,
    ExecutorKind,
    ExecutorRecord,
    Kill,
    KillReason,
    Stage,
    TaskRecord,
)
from dcos_runtime.agent.core.task import VANISHED, Task, Verdict, grace, verdict_of
from dcos_runtime.agent.core.task_request import NONE, TaskRequest
from dcos_runtime.agent.core.timing import (
    CheckOverdue,
    Complete,
    Escalate,
    NestedWritten,
    ResourcesWritten,
    Rewrite,
    RunWritten,
)
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Log, Now
from dcos_runtime.wire import internal
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.tasks import KillPolicy, TaskResourceLimitation, TaskState, TaskStatus

Reason = TaskStatus.Reason
Source = TaskStatus.Source
Capability = FrameworkInfo.Capability.Type


class TaskLife(Checking, ExecutorLife):
    """The rules of one task after another; `agent.AgentCore` says when they apply."""

    # --- launching ----------------------------------------------------------------------------------------------------

    def _run(self, message: internal.RunTask, asked: TaskRequest | BadTask, now: Now) -> None:
        framework_id = message.framework.id.value if message.framework.id else ""
        if isinstance(asked, TaskRequest):
            task_id, terms = asked.task_id.value, asked.terms
            refused = None if asked.custom else refusal.refused(asked, self.settings)
        elif asked.task_id is not None:
            task_id, terms = asked.task_id, NONE
            refused = refusal.unreadable(asked.why)
        else:
            text = f"a task of framework {framework_id} cannot be read and is not run: {asked.why}"
            self.emit(Log(logging.ERROR, text))
            return
        if (framework_id, task_id) in self.tasks:
            text = f"task {task_id} of framework {framework_id} is here already; not run twice"
            self.emit(Log(logging.WARNING, text))
            return
        self._learn_framework(message.framework)
        if isinstance(asked, TaskRequest) and asked.custom:
            info = reading.executor(asked.executor)
            if not isinstance(info, BadMessage):
                self.assign(message, asked, info, now)
                return
            refused = refusal.unreadable(info.why)
        container_id = self.source.uuid()
        task = self.adopt(
            ExecutorRecord(
                framework_id=framework_id, executor_id=task_id, container_id=container_id, kind=ExecutorKind.COMMAND
            ),
            ContainerRecord(container_id=container_id, launcher=self.settings.launcher, stage=Stage.INTENT),
            TaskRecord(
                framework_id=framework_id,
                task_id=task_id,
                executor_id=task_id,
                container_id=container_id,
                task=message.task,
            ),
            terms,
        )
        if self.source.unlucky("the agent refuses a task"):
            refused = Refusal("Failed to launch container: bad luck")
        if (unknown := self.unknown_resources(amounts.parse(terms.resources))) is not None:
            task.destroyed = True
            self._end(task, self.lost(task, Reason.REASON_RESOURCES_UNKNOWN, unknown, never_ran=True), now)
        elif (closed := self.no_launches) is not None:
            task.destroyed = True
            self._end(task, self.lost(task, Reason.REASON_AGENT_DRAINING, closed, never_ran=True), now)
        elif refused is not None:
            self._refuse(task, refused, now)
        else:
            self.checkpoint(task)

    def _refuse(self, task: Task, refused: Refusal, now: Now) -> None:
        if refused.invalid:
            state, reason = TaskState.TASK_ERROR, Reason.REASON_TASK_INVALID
        else:
            state, reason = TaskState.TASK_FAILED, Reason.REASON_CONTAINER_LAUNCH_FAILED
        verdict = Verdict(state, Source.SOURCE_AGENT, reason, refused.message)
        task.destroyed = True
        self._end(task, verdict, now)

    def _created(self, event: Created, now: Now) -> None:
        """The container is created; its first process waits for `Start`."""
        container_id = event.container_id
        if (executor := self._executor_in.get(container_id)) is not None:
            self.executor_created(executor, event.pid)
            return
        task = self._by_handle.get(container_id)
        if task is None or task.container.stage is not Stage.PREPARING:
            return
        task.container.stage = Stage.STARTING
        task.container.pid = event.pid
        task.container.networks = list(event.networks)
        self.tell(task, TaskState.TASK_STARTING, now)
        self.emit(Start(container_id))

    def _started(self, container_id: str, now: Now) -> None:
        """The task's process runs: sends TASK_RUNNING, then does what was requested while it started."""
        if (executor := self._executor_in.get(container_id)) is not None:
            self.executor_started(executor, now)
            return
        task = self._by_handle.get(container_id)
        if task is None or task.container.stage is not Stage.STARTING:
            return
        task.container.stage = Stage.RUNNING
        task.container.started = now.wall
        self.tell(task, TaskState.TASK_RUNNING, now)
        self.set_completion_deadline(task, now)
        self.start_checks(task, now)
        if (kill := task.record.kill) is not None:
            kill.since = now.wall
            self._begin_kill(task, now)

    def set_completion_deadline(self, task: Task, now: Now) -> None:
        limit, started = task.terms.max_completion_time, task.container.started
        if limit is not None and limit.nanoseconds > 0 and started is not None and task.record.kill is None:
            left = max(0.0, started + limit.nanoseconds / 1e9 - now.wall)
            self.timers.set(Complete(task.record.container_id), now.mono + left)

    def _launch_failed(self, container_id: str, message: str, user_unknown: bool, now: Now) -> None:
        if (executor := self._executor_in.get(container_id)) is not None:
            self.executor_launch_failed(executor, message, user_unknown)
            return
        task = self._by_handle.get(container_id)
        if task is None or task.container.stage not in (Stage.PREPARING, Stage.STARTING):
            return
        if user_unknown:
            verdict = self.lost(task, Reason.REASON_EXECUTOR_TERMINATED, message, never_ran=True)
        else:
            verdict = Verdict(
                TaskState.TASK_FAILED, Source.SOURCE_AGENT, Reason.REASON_CONTAINER_LAUNCH_FAILED, message
            )
        self.destroy(task, verdict)

    # --- ending -------------------------------------------------------------------------------------------------------

    def exited(self, container_id: str, exit: Exit, now: Now) -> None:
        """The container's first process ended by itself or by a signal."""
        if (executor := self._executor_in.get(container_id)) is not None:
            self.executor_exited(executor, exit)
            return
        task = self._by_handle.get(container_id)
        if task is None or task.container.stage not in (Stage.STARTING, Stage.RUNNING):
            return
        if task.forgotten:
            self.destroy(task, None)
            return
        if task.container.stage is Stage.STARTING:
            # It ran and ended before `Started` came.
            self.tell(task, TaskState.TASK_RUNNING, now)
        self._end(task, verdict_of(task.record, exit), now)

    def _supervisor_lost(self, container_id: str) -> None:
        if (executor := self._executor_in.get(container_id)) is not None:
            self.executor_supervisor_lost(executor)
            return
        task = self._by_handle.get(container_id)
        if task is None or task.container.stage not in (Stage.STARTING, Stage.RUNNING):
            return
        message = "The container's supervisor ended, so that its exit status cannot be known; the container was killed"
        self.destroy(task, self.lost(task, Reason.REASON_EXECUTOR_TERMINATED, message))

    def _end_for_disk(self, container_id: str, why: str, limit: int, now: Now) -> None:
        reason = Reason.REASON_CONTAINER_LIMITATION_DISK
        self._end_for_limit(container_id, reason, why, statuses.disk_limitation(limit), now)

    def _end_for_ports(self, container_id: str, ports: Sequence[tuple[int, int]], now: Now) -> None:
        why = statuses.ports_text(container_id, ports)
        limitation = statuses.ports_limitation(ports)
        self._end_for_limit(container_id, Reason.REASON_CONTAINER_LIMITATION, why, limitation, now)

    def _end_for_limit(
        self, container_id: str, reason: TaskStatus.Reason, why: str, limitation: TaskResourceLimitation, now: Now
    ) -> None:
        """The container goes beyond what it may: it ends, in whatever state it is."""
        verdict = Verdict(TaskState.TASK_FAILED, Source.SOURCE_AGENT, reason, why, limitation)
        if (executor := self._executor_in.get(container_id)) is not None:
            self.executor_over_limit(executor, verdict)
            return
        task = self._by_handle.get(container_id)
        if task is None or task.container.stage not in (Stage.PREPARING, Stage.STARTING, Stage.RUNNING):
            return
        if task.forgotten:
            self.destroy(task, None)
            return
        if task.container.stage is Stage.STARTING:
            self.tell(task, TaskState.TASK_RUNNING, now)
        self.destroy(task, verdict)

    def _destroyed(self, container_id: str, now: Now) -> None:
        if (executor := self._executor_in.get(container_id)) is not None:
            self.executor_destroyed(executor, now)
            return
        task = self._by_handle.get(container_id)
        if task is None:
            return
        task.destroying = False
        task.destroyed = True
        if task.forgotten:
            self._remove(task)
        elif task.container.stage is not Stage.ENDED:
            self._end(task, task.verdict or VANISHED, now)
        elif not task.record.pending:
            self._remove(task)

    def destroy(self, task: Task, verdict: Verdict | None) -> None:
        """Destroys the container; the task ends with ``verdict`` once it is gone."""
        task.verdict = verdict
        self._stop_waiting(task)
        if task.container.stage is not Stage.ENDED:
            task.container.stage = Stage.ENDING
        if not task.destroying:
            task.destroying = True
            self.emit(Destroy(task.container.container_id, task.container.launcher))

    def _end(self, task: Task, verdict: Verdict, now: Now) -> None:
        """The terminal update is written, then sent; what is left of the container is removed once it is written."""
        task.container.stage = Stage.ENDED
        self._stop_waiting(task)
        self.tell(
            task,
            verdict.state,
            now,
            verdict.source,
            verdict.reason,
            verdict.message,
            verdict.limitation,
            verdict.healthy,
        )

    def _stop_waiting(self, task: Task) -> None:
        self.timers.cancel(Escalate(task.record.container_id))
        self.timers.cancel(Complete(task.record.container_id))
        self.stop_checks(task)

    # --- killing ------------------------------------------------------------------------------------------------------

    def _kill_asked(self, message: internal.KillTask, now: Now) -> None:
        task = self.tasks.get((message.framework_id.value, message.task_id.value))
        if task is None:
            self._gone(message.framework_id.value, message.task_id.value)
        elif task.custom:
            self.kill_assigned(task, message.kill_policy, now)
        else:
            self._kill(task, KillReason.FRAMEWORK, self._grace(task, message.kill_policy), now)

    def _checked(self, event: Checked, now: Now) -> None:
        task = self._by_handle.get(event.container_id)
        if task is not None and self.take_result(task, event, now):
            self._kill_unhealthy(task, now)

    def _check_late(self, key: CheckOverdue, now: Now) -> None:
        if self.check_overdue(key, now):
            self._kill_unhealthy(self._by_handle[key.container_id], now)

    def _kill_unhealthy(self, task: Task, now: Now) -> None:
        self._kill(task, KillReason.UNHEALTHY, self._grace(task, None), now)

    def _grace(self, task: Task, override: KillPolicy | None) -> float:
        return grace(self.settings, override, task.terms.kill_policy)

    def _kill(self, task: Task, reason: KillReason, seconds: float, now: Now) -> None:
        """A first kill begins; a further one may only shorten the grace period, as in Mesos."""
        record, stage = task.record, task.container.stage
        self.timers.cancel(Complete(record.container_id))
        if stage in (Stage.ENDING, Stage.ENDED):
            return
        if record.kill is None:
            record.kill = Kill(reason=reason, since=now.wall, grace=seconds)
            if task.before_start:
                self.checkpoint(task)
                self.destroy(
                    task,
                    Verdict(
                        TaskState.TASK_KILLED,
                        Source.SOURCE_AGENT,
                        Reason.REASON_TASK_KILLED_DURING_LAUNCH,
                        "Killed before delivery to the executor",
                    ),
                )
            elif stage is Stage.STARTING:
                self.checkpoint(task)
            else:
                self._begin_kill(task, now)
            return
        kill = record.kill
        if kill.escalated or seconds >= kill.grace:
            return
        kill.grace = seconds
        if stage is Stage.RUNNING:
            left = max(0.0, kill.since + seconds - now.wall)
            self.timers.set(Escalate(record.container_id), now.mono + left)
        self.checkpoint(task)

    def _begin_kill(self, task: Task, now: Now) -> None:
        kill = task.record.kill
        assert kill is not None
        self.stop_checks(task)
        # As in Mesos, not when its time is up.
        if kill.reason is not KillReason.MAX_COMPLETION_TIME and self._can(task, Capability.TASK_KILLING_STATE):
            self.tell(task, TaskState.TASK_KILLING, now)
        else:
            self.checkpoint(task)
        self.timers.set(Escalate(task.record.container_id), now.mono + kill.grace)
        task.signal_due = signal.SIGTERM.value if kill.grace > 0 else 0, task.written

    def _signal_due(self, task: Task) -> None:
        """The kill is durable, or cannot be written now: the signal that waited for that goes out."""
        number, written = task.signal_due
        task.signal_due = 0, written
        if number and task.container.stage is Stage.RUNNING:
            self.emit(Signal(task.record.container_id, number))

    def _escalate(self, task: Task, now: Now) -> None:
        kill = task.record.kill
        assert kill is not None
        due, written = task.signal_due
        if due == signal.SIGTERM:  # the disk takes longer than the grace: it is waited for no more
            self._signal_due(task)
            self.timers.set(Escalate(task.record.container_id), now.mono + kill.grace)
            return
        if not kill.escalated:
            kill.escalated = True
            self.checkpoint(task)
        else:
            written = 0
            text = f"task {task.record.task_id} has still not ended after SIGKILL; killing again"
            self.emit(Log(logging.WARNING, text))
        self.timers.set(Escalate(task.record.container_id), now.mono + self.settings.rekill)
        if self.source.unlucky("SIGKILL is sent again at once"):
            self.timers.set(Escalate(task.record.container_id), now.mono)
        task.signal_due = signal.SIGKILL.value, written
        if written <= task.durable:
            self._signal_due(task)

    def resume_kill(self, task: Task, now: Now) -> None:
        """After a restart: continues the grace period of a kill."""
        kill = task.record.kill
        assert kill is not None
        remaining = 0.0 if kill.escalated else max(0.0, kill.since + kill.grace - now.wall)
        self.timers.set(Escalate(task.record.container_id), now.mono + min(remaining, kill.grace))
        if not kill.escalated:
            self.emit(Signal(task.record.container_id, signal.SIGTERM.value))

    def _power_off(self, longest: float, now: Now) -> None:
        self.powering_off = True
        self.emit(Log(logging.WARNING, f"the machine is being shut down; ending {len(self.tasks)} tasks"))
        for executor in list(self.executors.values()):
            self.end_executor(executor, KillReason.POWER_OFF, now, longest)
        for task in [task for task in self.tasks.values() if not task.custom]:
            self._kill(task, KillReason.POWER_OFF, min(longest, self._grace(task, None)), now)

    # --- frameworks ---------------------------------------------------------------------------------------------------

    def _shutdown_framework(self, framework_id: str, now: Now) -> None:
        for executor in [one for one in self.executors.values() if one.record.framework_id == framework_id]:
            self.end_executor(executor, KillReason.FORGOTTEN, now)
        for task in [task for task in self.tasks.values() if task.record.framework_id == framework_id]:
            self._forget(task, now)
        if not self._has_any(framework_id):
            self._drop_framework(framework_id)

    def _forget(self, task: Task, now: Now) -> None:
        """Ends a task that nobody waits for: with the usual grace period if it runs, and without updates."""
        if task.custom:
            self.forget_assigned(task, now)
            return
        record, stage = task.record, task.container.stage
        record.pending.clear()
        task.needs.clear()
        self.quiet(task)
        if stage is Stage.ENDED:
            record.kill = Kill(reason=KillReason.FORGOTTEN, since=now.wall, grace=0.0, escalated=True)
            if task.destroyed:
                self._remove(task)
            else:
                self.checkpoint(task)
                self.destroy(task, None)
            return
        before = record.kill
        seconds = self._grace(task, None) if before is None else before.grace
        record.kill = Kill(reason=KillReason.FORGOTTEN, since=now.wall, grace=seconds)
        if before is not None:
            record.kill.since, record.kill.escalated = before.since, before.escalated
        self.checkpoint(task)
        if task.before_start:
            self.destroy(task, None)
        elif stage is Stage.RUNNING and before is None:
            self.timers.cancel(Complete(record.container_id))
            self.stop_checks(task)
            self.timers.set(Escalate(record.container_id), now.mono + seconds)
            task.signal_due = signal.SIGTERM.value, task.written

    # --- checkpoints --------------------------------------------------------------------------------------------------

    def _persisted(self, id: int, now: Now) -> None:
        """The write ``id`` is durable."""
        then = self.writes.end(id)
        if isinstance(then, ResourcesWritten):
            self.resources_durable(id, now)
            return
        if isinstance(then, NestedWritten):
            self.nested_written(then.container_id)
            return
        if not isinstance(then, RunWritten):
            if then is not None and then.key.startswith(KEY):
                self._persist_history()
            return
        if (executor := self._executor_in.get(then.handle)) is not None:
            self.executor_persisted(executor, id)
            return
        task = self._by_handle.get(then.handle)
        if task is None:
            return
        task.durable = max(task.durable, id)
        container = task.container
        self._send_head(task, now)
        if task.custom:
            self.task_persisted(task, now)
            return
        if task.signal_due[1] <= id:
            self._signal_due(task)
        if container.stage is Stage.INTENT:
            self.begin(task)
        elif container.stage is Stage.ENDED and not task.destroyed and id == task.written:
            self.destroy(task, None)

    def nested_written(self, container_id: str) -> None:
        """The record of a nested container is durable."""
        raise NotImplementedError

    def nested_not_written(self, id: int, container_id: str, why: str, now: Now) -> None:
        raise NotImplementedError

    def begin(self, task: Task) -> None:
        """The launch is on the disk: the container is made."""
        self.prepare(task)

    def prepare(self, task: Task, within: str = "", parent_pid: int = 0) -> None:
        record = task.record
        task.container.stage = Stage.PREPARING
        info = self.frameworks.get(record.framework_id)
        user = info.user if info else ""
        self.emit(
            Prepare(
                self.agent.id or "",
                record.container_id,
                record.framework_id,
                bytes(record.task),
                user,
                within=within,
                parent_pid=parent_pid,
            )
        )

    def _persist_failed(self, id: int, why: str, now: Now) -> None:
        """A launch is refused; anything else is tried again."""
        then = self.writes.end(id)
        if then is None:
            return
        if isinstance(then, ResourcesWritten):
            self.resources_not_written(id, why, now)
            return
        if isinstance(then, NestedWritten):
            self.nested_not_written(id, then.container_id, why, now)
            return
        if not isinstance(then, RunWritten):
            again = then.key.startswith(KEY) and any(key.startswith(KEY) for key in self.failed)
            self._not_written(id, then, now)
            if not again:  # of what is over, thousands may wait
                self.emit(Log(logging.ERROR, f"the checkpoint {then.key} could not be written, trying again: {why}"))
            return
        if (executor := self._executor_in.get(then.handle)) is not None:
            self.executor_not_persisted(executor, id, why, now)
            return
        task = self._by_handle.get(then.handle)
        if task is None or id != task.written:
            return
        record = task.record
        if task.custom and not task.recovered and task.durable == 0 and task.stage is not Stage.ENDED:
            message = f"The launch could not be checkpointed: {why}"
            self.emit(Log(logging.ERROR, f"task {record.task_id} is not launched: {message}"))
            task.volatile = True
            verdict = self.lost(task, Reason.REASON_EXECUTOR_TERMINATED, message, never_ran=True)
            self.end_task(task, verdict, now)
            self._send_head(task, now)
            return
        if not task.custom and task.container.stage is Stage.INTENT:
            message = f"The launch could not be checkpointed: {why}"
            verdict = self.lost(task, Reason.REASON_EXECUTOR_TERMINATED, message, never_ran=True)
            task.volatile = task.destroyed = True
            self.emit(Log(logging.ERROR, f"task {record.task_id} is not launched: {message}"))
            self._end(task, verdict, now)
            self._send_head(task, now)
            return
        self._signal_due(task)
        self._send_head(task, now)
        self.timers.set(Rewrite(task.handle), now.mono + self.settings.persist_retry)
        self.emit(Log(logging.ERROR, f"task {record.task_id} could not be checkpointed, trying again: {why}"))
