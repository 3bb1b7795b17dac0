"""The agent's decisions: which task is launched, killed, told of, given up. Pure; see `AgentCore`."""

from __future__ import annotations

import logging
import signal
import uuid

import msgspec

from dcos_runtime.agent.core import recovery, refusal, statuses
from dcos_runtime.agent.core.book import Book
from dcos_runtime.agent.core.effects import (
    Destroy,
    Effect,
    EndProcess,
    Log,
    Prepare,
    Signal,
    Start,
)
from dcos_runtime.agent.core.model import (
    Exit,
    Kill,
    KillReason,
    Now,
    Recovered,
    Refused,
    Stage,
    TaskRecord,
)
from dcos_runtime.agent.core.task import VANISHED, Task, Verdict, grace, terms, verdict_of
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import AgentID
from dcos_runtime.wire.internal import RunningTask
from dcos_runtime.wire.tasks import KillPolicy, TaskState, TaskStatus

Reason = TaskStatus.Reason
Source = TaskStatus.Source
Capability = FrameworkInfo.Capability.Type


class AgentCore(Book):
    """Takes events and the time, returns effects in the order they are to be done.

    Every method is an event; `next_deadline` tells when `tick` is wanted at the latest. ``source`` is the only source
    of ids and jitter, so that a life can be replayed from its events.
    """

    # --- start and time -----------------------------------------------------------------------------------------------

    def recover(self, recovered: Recovered, now: Now) -> list[Effect]:
        """First event: what a former process of this agent left."""
        effects: list[Effect] = []
        self.agent = recovered.agent
        rebooted = bool(self.agent.boot_id) and self.agent.boot_id != self.settings.boot_id
        self.agent.boot_id = self.settings.boot_id
        effects += self._persist_agent()
        self.frameworks = {info.id.value: info for info in recovered.frameworks if info.id}
        for record in recovered.tasks:
            task = self._adopt(record)
            effects += recovery.resume(self, task, recovered.facts.get(record.container_id), rebooted, now)
        for framework_id in [name for name in self.frameworks if not any(key[0] == name for key in self.tasks)]:
            effects += self._drop_framework(framework_id)
        return effects

    def tick(self, now: Now) -> list[Effect]:
        """Time has passed."""
        effects = self.session.tick(now)
        if self._retry_at is not None and now.mono >= self._retry_at:
            effects += self._persist_again()
        for task in list(self.tasks.values()):
            if task.rewrite_at is not None and now.mono >= task.rewrite_at:
                effects += self._checkpoint(task)
            if task.complete_by is not None and now.mono >= task.complete_by:
                effects += self._kill(task, KillReason.MAX_COMPLETION_TIME, 0.0, now)
            if task.escalate_at is not None and now.mono >= task.escalate_at:
                effects += self._escalate(task, now)
            if task.resend_at is not None and now.mono >= task.resend_at:
                effects += self._send_head(task, now, again=True)
        return effects

    def next_deadline(self) -> float | None:
        """The monotonic time of the earliest thing that is due."""
        times = [time for task in self.tasks.values() for time in task.deadlines()]
        times += [time for time in (self.session.deadline, self._retry_at) if time is not None]
        return min(times, default=None)

    # --- the master ---------------------------------------------------------------------------------------------------

    def master_changed(self, master: tuple[str, int] | None, now: Now) -> list[Effect]:
        return self.session.master_changed(master, now)

    def connect_message(self) -> internal.Connect:
        """The first word on a connection: who we are and all tasks we answer for."""
        info = msgspec.structs.replace(self.settings.info, id=AgentID(value=self.agent.id) if self.agent.id else None)
        return internal.Connect(
            version=internal.VERSION,
            agent=info,
            software=self.settings.software,
            boot_id=self.settings.boot_id,
            tasks=[
                RunningTask(
                    framework_id=task.record.framework_id,
                    task=task.record.task,
                    state=task.record.state,
                    status=task.record.status,
                    unacknowledged=task.head,
                )
                for task in self.tasks.values()
                if not task.forgotten and not (task.record.stage is Stage.ENDED and not task.record.pending)
            ],
            frameworks=list(self.frameworks.values()),
        )

    def opened(self, connection: int, message: internal.Connected, now: Now) -> list[Effect]:
        """The master answered a `connect_message` with ``message``."""
        if not self.session.opened(connection, message.epoch, message.ping_seconds, now):
            return []
        effects: list[Effect] = [
            Log(logging.INFO, f"registered with master {message.master_id} as agent {message.agent_id}")
        ]
        if self.agent.id != message.agent_id:
            self.agent.id = message.agent_id
            effects += self._persist_agent()
        for task in self.tasks.values():
            task.quiet()  # what was in flight on an older connection may never have arrived
            effects += self._send_head(task, now)
        return effects

    def closed(self, connection: int, why: str, now: Now, gone: bool = False) -> list[Effect]:
        """A connection ended or could not be had; ``gone``: the master said that this agent was removed for good."""
        if gone and connection == self.session.connection:
            return self.shut_down(why, now)
        return self.session.closed(connection, why, now)

    def received(self, connection: int, message: internal.Down, now: Now) -> list[Effect]:
        """A message of the master, other than the first."""
        refused = self.session.heard(connection, message.seq, now)
        if refused is not None:
            return refused
        match message:
            case internal.Ping():
                return self._up(internal.Pong(seq=0))
            case internal.RunTask():
                return self._run(message, now)
            case internal.KillTask():
                return self._kill_asked(message, now)
            case internal.Acknowledge():
                return self._acknowledged(message, now)
            case internal.UpdateFramework():
                return self._framework_told(message.framework, now)
            case internal.ShutdownFramework():
                return self._shutdown_framework(message.framework_id.value, now)
            case internal.Shutdown():
                return self.shut_down(message.message, now)
            case internal.Connected():
                return [Log(logging.WARNING, "the master admitted us twice on one connection; the second is ignored")]

    def _framework_told(self, info: FrameworkInfo, now: Now) -> list[Effect]:
        """A framework subscribed, perhaps as another process: what it did not acknowledge goes out again at once."""
        effects = self._learn_framework(info)
        for task in list(self.tasks.values()):
            if info.id is not None and task.record.framework_id == info.id.value:
                task.quiet()
                effects += self._send_head(task, now)
        return effects

    def shut_down(self, why: str, now: Now, code: int = 1) -> list[Effect]:
        """This agent is no member any more: every task is killed, the id forgotten, then the process ends."""
        effects = self.session.dismissed()
        effects.append(Log(logging.ERROR, f"this agent is dismissed ({why}); killing all its tasks"))
        self._ending = EndProcess(code, f"dismissed: {why}")
        for task in list(self.tasks.values()):
            effects += self._forget(task, now)
        return effects + self._end_if_empty()

    # --- launching ----------------------------------------------------------------------------------------------------

    def _run(self, message: internal.RunTask, now: Now) -> list[Effect]:
        framework_id = message.framework.id.value if message.framework.id else ""
        try:
            identity = codec.decode(message.task, _Identity)
        except codec.DecodeError as error:
            return [Log(logging.ERROR, f"a task of framework {framework_id} cannot be read and is not run: {error}")]
        task_id = identity.task_id.value
        if (framework_id, task_id) in self.tasks:
            return [Log(logging.WARNING, f"task {task_id} of framework {framework_id} is here already; not run twice")]
        record = TaskRecord(
            framework_id=framework_id,
            task_id=task_id,
            container_id=str(uuid.UUID(int=self.source.getrandbits(128), version=4)),
            launcher=self.settings.launcher,
            task=message.task,
            stage=Stage.INTENT,
        )
        effects = self._learn_framework(message.framework)
        task = self._adopt(record)
        if (refused := refusal.refused(message.task, self.settings)) is not None:
            return effects + self._refuse(task, refused, now)
        return effects + self._checkpoint(task)

    def _refuse(self, task: Task, refused: Refused, now: Now) -> list[Effect]:
        verdict = Verdict(
            TaskState.TASK_FAILED, Source.SOURCE_AGENT, Reason.REASON_CONTAINER_LAUNCH_FAILED, refused.message
        )
        task.destroyed = True
        return self._end(task, verdict, now)

    def created(self, container_id: str, pid: int, now: Now) -> list[Effect]:
        """The container stands; its first process waits for `Start`."""
        task = self._by_container.get(container_id)
        if task is None or task.record.stage is not Stage.PREPARING:
            return []
        task.record.stage = Stage.STARTING
        task.record.pid = pid
        effects = self.tell(task, TaskState.TASK_STARTING, now)
        return [*effects, Start(container_id)]

    def started(self, container_id: str, now: Now) -> list[Effect]:
        task = self._by_container.get(container_id)
        if task is None or task.record.stage is not Stage.STARTING:
            return []
        return self.now_running(task, now)

    def now_running(self, task: Task, now: Now) -> list[Effect]:
        """The task's process runs: TASK_RUNNING, and whatever was asked while it started."""
        task.record.stage = Stage.RUNNING
        task.record.started = now.wall
        effects = self.tell(task, TaskState.TASK_RUNNING, now)
        self.set_completion_deadline(task, now)
        if (kill := task.record.kill) is not None:
            kill.since = now.wall
            effects += self._begin_kill(task, now)
        return effects

    def set_completion_deadline(self, task: Task, now: Now) -> None:
        limit = terms(task.record).max_completion_time
        if limit is not None and limit.nanoseconds > 0 and task.record.started is not None and task.record.kill is None:
            task.complete_by = now.mono + max(0.0, task.record.started + limit.nanoseconds / 1e9 - now.wall)

    def launch_failed(self, container_id: str, message: str, now: Now, user_unknown: bool = False) -> list[Effect]:
        """The container could not be made or started; ``message`` is for the framework.

        ``user_unknown``: the sandbox could not be made for its user, which the original tells as a dropped task.
        """
        task = self._by_container.get(container_id)
        if task is None or task.record.stage not in (Stage.PREPARING, Stage.STARTING):
            return []
        if user_unknown:
            verdict = self.lost(task, Reason.REASON_EXECUTOR_TERMINATED, message, never_ran=True)
        else:
            verdict = Verdict(
                TaskState.TASK_FAILED, Source.SOURCE_AGENT, Reason.REASON_CONTAINER_LAUNCH_FAILED, message
            )
        return self.destroy(task, verdict)

    # --- ending -------------------------------------------------------------------------------------------------------

    def exited(self, container_id: str, exit: Exit, now: Now) -> list[Effect]:
        """The container's first process ended by itself or by a signal."""
        task = self._by_container.get(container_id)
        if task is None or task.record.stage not in (Stage.STARTING, Stage.RUNNING):
            return []
        if task.forgotten:
            return self.destroy(task, None)
        effects: list[Effect] = []
        if task.record.stage is Stage.STARTING:
            # It ran and ended before we heard that it was started.
            effects += self.tell(task, TaskState.TASK_RUNNING, now)
        return effects + self._end(task, verdict_of(task.record, exit), now)

    def supervisor_lost(self, container_id: str, now: Now) -> list[Effect]:
        """The supervisor ended without leaving an exit status; whatever runs on is killed."""
        task = self._by_container.get(container_id)
        if task is None or task.record.stage not in (Stage.STARTING, Stage.RUNNING):
            return []
        message = "The container's supervisor ended, so that its exit status cannot be known; the container was killed"
        return self.destroy(task, self.lost(task, Reason.REASON_EXECUTOR_TERMINATED, message))

    def disk_exceeded(self, container_id: str, used: int, limit: int, now: Now) -> list[Effect]:
        """The container takes ``used`` bytes of disk and may take ``limit``: it ends, whatever it is at."""
        return self._end_for_disk(container_id, statuses.disk_text(used, limit), limit, now)

    def disk_too_deep(self, container_id: str, deepest: int, limit: int, now: Now) -> list[Effect]:
        """What the container takes cannot be counted: its folders are nested deeper than ``deepest``. It ends."""
        return self._end_for_disk(container_id, statuses.disk_too_deep_text(deepest, limit), limit, now)

    def _end_for_disk(self, container_id: str, why: str, limit: int, now: Now) -> list[Effect]:
        task = self._by_container.get(container_id)
        if task is None or task.record.stage not in (Stage.PREPARING, Stage.STARTING, Stage.RUNNING):
            return []
        if task.forgotten:
            return self.destroy(task, None)
        effects: list[Effect] = []
        if task.record.stage is Stage.STARTING:
            effects += self.tell(task, TaskState.TASK_RUNNING, now)
        return effects + self.destroy(
            task,
            Verdict(
                TaskState.TASK_FAILED,
                Source.SOURCE_AGENT,
                Reason.REASON_CONTAINER_LIMITATION_DISK,
                why,
                statuses.disk_limitation(limit),
            ),
        )

    def destroyed(self, container_id: str, now: Now) -> list[Effect]:
        """Nothing of the container is left but its sandbox."""
        task = self._by_container.get(container_id)
        if task is None:
            return []
        task.destroying = False
        task.destroyed = True
        if task.forgotten:
            return self._remove(task)
        if task.record.stage is Stage.ENDED:
            return self._remove(task) if not task.record.pending else []
        return self._end(task, task.verdict or VANISHED, now)

    def lost(self, task: Task, reason: TaskStatus.Reason, message: str, never_ran: bool = False) -> Verdict:
        """The end of a task that is not its own doing: TASK_LOST, or what PARTITION_AWARE frameworks are told."""
        state = TaskState.TASK_LOST
        if self._can(task, Capability.PARTITION_AWARE):
            state = TaskState.TASK_DROPPED if never_ran else TaskState.TASK_GONE
        return Verdict(state, Source.SOURCE_AGENT, reason, message)

    def destroy(self, task: Task, verdict: Verdict | None) -> list[Effect]:
        """Destroys the container; the task ends with ``verdict`` once it is gone."""
        task.verdict = verdict
        task.escalate_at = task.complete_by = None
        if task.record.stage is not Stage.ENDED:
            task.record.stage = Stage.ENDING
        if task.destroying:
            return []
        task.destroying = True
        return [Destroy(task.record.container_id, task.record.launcher)]

    def _end(self, task: Task, verdict: Verdict, now: Now) -> list[Effect]:
        """The terminal update: written, then told; what is left of the container goes once it is written."""
        task.record.stage = Stage.ENDED
        task.escalate_at = task.complete_by = None
        return self.tell(task, verdict.state, now, verdict.source, verdict.reason, verdict.message, verdict.limitation)

    # --- killing ------------------------------------------------------------------------------------------------------

    def _kill_asked(self, message: internal.KillTask, now: Now) -> list[Effect]:
        task = self.tasks.get((message.framework_id.value, message.task_id.value))
        if task is None:
            return self._gone(message.framework_id.value, message.task_id.value)
        return self._kill(task, KillReason.FRAMEWORK, self._grace(task, message.kill_policy), now)

    def _grace(self, task: Task, override: KillPolicy | None) -> float:
        return grace(self.settings, override, terms(task.record).kill_policy)

    def _kill(self, task: Task, reason: KillReason, seconds: float, now: Now) -> list[Effect]:
        """A first kill begins; a further one may only shorten the grace, as the original's does."""
        record = task.record
        task.complete_by = None
        if record.stage in (Stage.ENDING, Stage.ENDED):
            return []
        if record.kill is None:
            record.kill = Kill(reason=reason, since=now.wall, grace=seconds)
            if task.before_start:
                verdict = Verdict(
                    TaskState.TASK_KILLED,
                    Source.SOURCE_AGENT,
                    Reason.REASON_TASK_KILLED_DURING_LAUNCH,
                    "Killed before delivery to the executor",
                )
                return [*self._checkpoint(task), *self.destroy(task, verdict)]
            if record.stage is Stage.STARTING:
                return self._checkpoint(task)
            return self._begin_kill(task, now)
        kill = record.kill
        if kill.escalated or seconds >= kill.grace:
            return []
        kill.grace = seconds
        if record.stage is Stage.RUNNING:
            task.escalate_at = now.mono + max(0.0, kill.since + seconds - now.wall)
        return self._checkpoint(task)

    def _begin_kill(self, task: Task, now: Now) -> list[Effect]:
        kill = task.record.kill
        assert kill is not None
        effects: list[Effect]
        if kill.reason is KillReason.FRAMEWORK and self._can(task, Capability.TASK_KILLING_STATE):
            effects = self.tell(task, TaskState.TASK_KILLING, now)
        else:
            effects = self._checkpoint(task)
        task.escalate_at = now.mono + kill.grace
        if kill.grace > 0:
            effects.append(Signal(task.record.container_id, signal.SIGTERM))
        return effects

    def _escalate(self, task: Task, now: Now) -> list[Effect]:
        kill = task.record.kill
        assert kill is not None
        effects: list[Effect] = []
        if not kill.escalated:
            kill.escalated = True
            effects += self._checkpoint(task)
        else:
            text = f"task {task.record.task_id} has still not ended after SIGKILL; killing again"
            effects.append(Log(logging.WARNING, text))
        task.escalate_at = now.mono + self.settings.rekill
        return [*effects, Signal(task.record.container_id, signal.SIGKILL)]

    def resume_kill(self, task: Task, now: Now) -> list[Effect]:
        """After a restart: the grace that a kill gave goes on from where it was."""
        kill = task.record.kill
        assert kill is not None
        remaining = 0.0 if kill.escalated else max(0.0, kill.since + kill.grace - now.wall)
        task.escalate_at = now.mono + min(remaining, kill.grace)
        if kill.escalated:
            return []
        return [Signal(task.record.container_id, signal.SIGTERM)]

    # --- frameworks ---------------------------------------------------------------------------------------------------

    def _shutdown_framework(self, framework_id: str, now: Now) -> list[Effect]:
        effects: list[Effect] = []
        for task in [task for task in self.tasks.values() if task.record.framework_id == framework_id]:
            effects += self._forget(task, now)
        return effects + (self._drop_framework(framework_id) if not self._has_tasks(framework_id) else [])

    def _forget(self, task: Task, now: Now) -> list[Effect]:
        """Ends a task that nobody waits for: with the usual grace when it runs, without updates."""
        record = task.record
        record.pending.clear()
        task.needs.clear()
        task.quiet()
        if record.stage is Stage.ENDED:
            record.kill = Kill(reason=KillReason.FORGOTTEN, since=now.wall, grace=0.0, escalated=True)
            if task.destroyed:
                return self._remove(task)
            return [*self._checkpoint(task), *self.destroy(task, None)]
        before = record.kill
        seconds = self._grace(task, None) if before is None else before.grace
        record.kill = Kill(reason=KillReason.FORGOTTEN, since=now.wall, grace=seconds)
        if before is not None:
            record.kill.since, record.kill.escalated = before.since, before.escalated
        effects = self._checkpoint(task)
        if task.before_start:
            return [*effects, *self.destroy(task, None)]
        if record.stage is Stage.RUNNING and before is None:
            task.complete_by = None
            task.escalate_at = now.mono + seconds
            effects.append(Signal(record.container_id, signal.SIGTERM))
        return effects

    # --- checkpoints --------------------------------------------------------------------------------------------------

    def persisted(self, number: int, now: Now) -> list[Effect]:
        """Checkpoint ``number`` is durable."""
        self._loose.pop(number, None)
        task = self._by_persist.pop(number, None)
        if task is None or task.removed:
            return []
        task.durable = max(task.durable, number)
        record = task.record
        effects = self._send_head(task, now)
        if record.stage is Stage.INTENT:
            record.stage = Stage.PREPARING
            info = self.frameworks.get(record.framework_id)
            user = info.user if info else ""
            effects.append(Prepare(record.container_id, record.framework_id, bytes(record.task), user))
        elif record.stage is Stage.ENDED and not task.destroyed and number == task.written:
            effects += self.destroy(task, None)
        return effects

    def persist_failed(self, number: int, why: str, now: Now) -> list[Effect]:
        """Checkpoint ``number`` could not be written. A launch is refused; anything else is tried again."""
        task = self._by_persist.pop(number, None)
        loose = self._loose.pop(number, None)
        if loose is not None:
            newest = max((effect.id for effect in self._loose.values() if effect.key == loose.key), default=0)
            if newest < number:
                self._failed[loose.key] = loose
                self._retry_at = now.mono + self.settings.persist_retry
            return [Log(logging.ERROR, f"the checkpoint {loose.key} could not be written, trying again: {why}")]
        if task is None:
            return []
        if task.removed or number != task.written:
            return []
        record = task.record
        if record.stage is Stage.INTENT:
            message = f"The launch could not be checkpointed: {why}"
            verdict = self.lost(task, Reason.REASON_EXECUTOR_TERMINATED, message, never_ran=True)
            task.volatile = task.destroyed = True
            log = Log(logging.ERROR, f"task {record.task_id} is not launched: {message}")
            return [log, *self._end(task, verdict, now), *self._send_head(task, now)]
        effects = self._send_head(task, now)
        task.rewrite_at = now.mono + self.settings.persist_retry
        return [*effects, Log(logging.ERROR, f"task {record.task_id} could not be checkpointed, trying again: {why}")]


class _Identity(msgspec.Struct):
    class Id(msgspec.Struct):
        value: str

    task_id: _Identity.Id
