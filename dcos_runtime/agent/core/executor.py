"""One custom or default executor in memory: its records, which of them are durable, who is subscribed for it, and its
tasks.
"""

from __future__ import annotations

import msgspec

from dcos_runtime.agent.core.model import Settings
from dcos_runtime.agent.core.records import ContainerRecord, ExecutorKind, ExecutorRecord, Stage
from dcos_runtime.agent.core.task import Task, Verdict
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import AgentID, CommandInfo, ExecutorID, TaskID
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import ExecutorInfo, TaskInfo

NOTHING = msgspec.Raw(b"null")


class Executor(msgspec.Struct):
    """A custom executor, or a default one, and what is under way for it. ``info`` is read off its record. ``written``
    and ``durable`` number its checkpoints, asked for and done.

    ``tasks``: those that are not forgotten, by id. ``stream``: where it is subscribed. ``size``: what its container's
    limits were made of (`as_task`). ``verdict``: how its tasks end once the container is gone; ``status``: how the
    container's process ended, a wait status, -1 when that is not known.
    """

    record: ExecutorRecord
    container: ContainerRecord
    info: ExecutorInfo
    tasks: dict[str, Task] = {}
    written: int = 0
    durable: int = 0
    stream: int | None = None
    size: msgspec.Raw = NOTHING
    verdict: Verdict | None = None
    status: int = -1
    destroying: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.record.framework_id, self.record.executor_id

    @property
    def default(self) -> bool:
        """Whether it is the agent itself, and each of its tasks has a container of its own within this one."""
        return self.record.kind is ExecutorKind.DEFAULT

    @property
    def leaving(self) -> bool:
        """Whether it takes no more tasks."""
        return self.record.ending is not None or self.container.stage in (Stage.ENDING, Stage.ENDED)

    def grace(self, settings: Settings) -> float:
        """Seconds that it has to end by itself."""
        own = self.info.shutdown_grace_period
        return settings.kill_grace if own is None else max(0.0, own.nanoseconds / 1e9)

    def resources(self) -> list[Resource]:
        """What it and its tasks hold: those that have not ended."""
        held = list(self.info.resources)
        for task in self.tasks.values():
            if task.stage is not Stage.ENDED:
                held += task.terms.resources
        return held


HOLDING = CommandInfo(value="exec sleep infinity")
"""What runs in the container of a default executor: as long as it is there, so are the namespaces of the container."""

NO_INFO = ExecutorInfo(executor_id=ExecutorID(value=""))
"""In place of one that is read off the record again."""


def as_task(executor: Executor, agent_id: str) -> bytes:
    """The TaskInfo, JSON, that the executor's container would have as that of a command task: the executor's command
    and container, its id as the task's, and the resources of it and its tasks. Containers are made of TaskInfos. A
    default executor has no command, so `HOLDING` takes its place; and each of its tasks has a container of its own.
    """
    info = executor.info
    return codec.encode(
        TaskInfo(
            name=info.name or info.executor_id.value,
            task_id=TaskID(value=info.executor_id.value),
            agent_id=AgentID(value=agent_id),
            resources=list(executor.info.resources) if executor.default else executor.resources(),
            command=HOLDING if executor.default else info.command,
            container=info.container,
            labels=info.labels,
        )
    )
