"""One task in memory: its records, which of them are durable, and what is under way for it."""

from __future__ import annotations

import msgspec

from dcos_runtime.agent.core import statuses
from dcos_runtime.agent.core.check_terms import CheckKind
from dcos_runtime.agent.core.model import Exit, Settings
from dcos_runtime.agent.core.records import ContainerRecord, ExecutorKind, ExecutorRecord, KillReason, Stage, TaskRecord
from dcos_runtime.agent.core.task_request import NONE, Terms
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.wire.tasks import KillPolicy, TaskResourceLimitation, TaskState, TaskStatus


class Verdict(msgspec.Struct, frozen=True):
    """How a task ends once its container is gone."""

    state: TaskState
    source: TaskStatus.Source
    reason: TaskStatus.Reason | None
    message: str
    limitation: TaskResourceLimitation | None = None
    healthy: bool | None = None


class CheckRun(msgspec.Struct, frozen=True):
    """A check that is under way. ``until``: by the monotonic clock, when it has taken its time."""

    number: int
    until: float | None


class Task(msgspec.Struct):
    """A task and what is under way for it. ``terms`` are read off its TaskInfo. ``written`` and ``durable`` number its
    checkpoints, asked for and done.

    ``needs``: the checkpoint that must be durable before an update, by its uuid, goes out. ``volatile``: it was refused
    because nothing can be written, so its update is sent without a checkpoint. ``sent``: the update in flight.
    ``checking``: the checks that are under way; ``check_runs``: the number of the last one.
    ``grace_until``: by the monotonic clock, until when failures of the health check do not count.
    ``signal_due``: a signal of a kill, 0 for none, and the checkpoint that must be durable before it goes out: the task
    would else have ended by itself, for an agent that is killed between the two.

    Of a task of a custom executor, whose container is not the task's own: ``confirmations``: updates to acknowledge to
    the executor, by uuid, once the checkpoint with the number is durable; ``deliver``: the same for the launch itself,
    0 for none. ``recovered``: a former process of the agent wrote its launch down.
    """

    executor: ExecutorRecord
    container: ContainerRecord
    record: TaskRecord
    terms: Terms = NONE
    written: int = 0
    durable: int = 0
    needs: dict[bytes, int] = {}
    verdict: Verdict | None = None
    volatile: bool = False
    sent: bytes | None = None
    resend_wait: float = 0.0
    checking: dict[CheckKind, CheckRun] = {}
    check_runs: int = 0
    grace_until: float = 0.0
    signal_due: tuple[int, int] = (0, 0)
    destroying: bool = False
    destroyed: bool = False
    confirmations: dict[bytes, int] = {}
    deliver: int = 0
    recovered: bool = False

    @property
    def handle(self) -> str:
        """Names the task in timers and on the disk: the container's id, or for a custom executor's task its own."""
        return self.record.handle or self.record.container_id

    @property
    def custom(self) -> bool:
        return self.executor.kind is ExecutorKind.CUSTOM

    @property
    def own(self) -> bool:
        """Whether it is its executor, and they have a container of their own."""
        return self.executor.kind is ExecutorKind.COMMAND

    @property
    def grouped(self) -> bool:
        """Whether its container is within that of a default executor."""
        return self.executor.kind is ExecutorKind.DEFAULT

    @property
    def stage(self) -> Stage:
        """How far it has come: as far as its container, or for a custom executor's task as its executor says."""
        if not self.custom:
            return self.container.stage
        record = self.record
        if record.state in TERMINAL:
            return Stage.ENDED
        if not record.delivered:
            return Stage.PREPARING
        return Stage.STARTING if record.state in (TaskState.TASK_STAGING, TaskState.TASK_STARTING) else Stage.RUNNING

    @property
    def key(self) -> tuple[str, str]:
        return self.record.framework_id, self.record.task_id

    @property
    def forgotten(self) -> bool:
        return self.record.kill is not None and self.record.kill.reason is KillReason.FORGOTTEN

    @property
    def before_start(self) -> bool:
        return self.container.stage in (Stage.INTENT, Stage.PREPARING)

    @property
    def head(self) -> TaskStatus | None:
        return self.record.pending[0] if self.record.pending else None

    def on_disk(self, status: TaskStatus) -> bool:
        """Whether the status survives a crash."""
        return self.needs.get(status.uuid or b"", 0) <= self.durable

    @property
    def newest_on_disk(self) -> TaskStatus | None:
        """The newest status that is durable; ``None`` when only the launch is durable."""
        return next((status for status in reversed(self.record.history) if self.on_disk(status)), None)


def grace(settings: Settings, override: KillPolicy | None, own: KillPolicy | None) -> float:
    """Seconds between SIGTERM and SIGKILL: those of the kill, else of the task, else of the agent's settings."""
    for policy in (override, own):
        if policy is not None and policy.grace_period is not None:
            return max(0.0, policy.grace_period.nanoseconds / 1e9)
    return settings.kill_grace


SHUT_DOWN = "The machine is being shut down: "


def is_terminal(status: TaskStatus) -> bool:
    return status.state in TERMINAL


def verdict_of(record: TaskRecord, exit: Exit) -> Verdict:
    """How a task ended, from the end of its process, as Mesos' command executor reports it."""
    executor, text = TaskStatus.Source.SOURCE_EXECUTOR, statuses.exit_text(exit)
    kill = record.kill
    if kill is not None and kill.reason is KillReason.MAX_COMPLETION_TIME:
        reason = TaskStatus.Reason.REASON_MAX_COMPLETION_TIME_REACHED
        return Verdict(TaskState.TASK_FAILED, executor, reason, text)
    if kill is not None and kill.reason is KillReason.POWER_OFF:
        return Verdict(TaskState.TASK_KILLED, executor, TaskStatus.Reason.REASON_AGENT_DRAINING, SHUT_DOWN + text)
    if kill is not None:
        unhealthy = kill.reason is KillReason.UNHEALTHY
        return Verdict(TaskState.TASK_KILLED, executor, None, text, healthy=False if unhealthy else None)
    if exit.oom:
        return Verdict(
            TaskState.TASK_FAILED,
            TaskStatus.Source.SOURCE_AGENT,
            TaskStatus.Reason.REASON_CONTAINER_LIMITATION_MEMORY,
            statuses.memory_text(exit),
            statuses.memory_limitation(exit),
        )
    if exit.code == 0:
        return Verdict(TaskState.TASK_FINISHED, executor, None, text)
    return Verdict(TaskState.TASK_FAILED, executor, None, text)


def wait_status(exit: Exit) -> int:
    """As wait(2) tells it; -1 when it is not known."""
    if exit.signal is not None:
        return exit.signal
    return -1 if exit.code is None else exit.code << 8


VANISHED = Verdict(
    TaskState.TASK_FAILED,
    TaskStatus.Source.SOURCE_AGENT,
    TaskStatus.Reason.REASON_EXECUTOR_TERMINATED,
    "The container was destroyed",
)
