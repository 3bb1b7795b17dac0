"""What the agent remembers of tasks, executors and frameworks that are over, as `/state` shows them. Bounded in every
direction, and written down apart from what lives: one value a task, an executor, a framework.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator

import msgspec

from dcos_runtime.agent.core import reading, stored
from dcos_runtime.agent.core.events import BadMessage
from dcos_runtime.agent.core.records import ExecutorKind, ExecutorRecord, Stage, TaskRecord
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import CommandInfo
from dcos_runtime.wire.containers import ContainerInfo
from dcos_runtime.wire.tasks import ExecutorInfo, TaskInfo
from dcos_runtime.wire.withheld import check_without_secrets, without_secrets

KEY = "history/"
"""What the keys of these values begin with."""

MOST_TASKS = 200
MOST_FRAMEWORKS = 50
"""Tasks of an executor, and frameworks that have nothing here any more: as in Mesos."""

MOST_BYTES = 16 << 20
"""Of all values together. Beyond it the framework that has most loses its oldest."""

replace = msgspec.structs.replace


class PastTask(msgspec.Struct):
    """A task that is over. ``record`` has what is shown of it, and no more. ``size``: bytes of its value."""

    executor: ExecutorRecord
    record: TaskRecord
    size: int

    @property
    def own(self) -> bool:
        return self.executor.kind is ExecutorKind.COMMAND

    @property
    def stage(self) -> Stage:
        return Stage.ENDED

    @property
    def handle(self) -> str:
        return self.record.handle or self.record.container_id


class PastExecutor(msgspec.Struct):
    """An executor with those of its tasks that are over, by handle, the oldest first. ``size``: of its own value."""

    executor: ExecutorRecord
    size: int = 0
    tasks: dict[str, PastTask] = {}

    @property
    def info(self) -> ExecutorInfo | None:
        """Of a custom one; ``None`` when it cannot be read."""
        found = reading.executor(self.executor.info)
        return None if isinstance(found, BadMessage) else found


class PastFramework(msgspec.Struct):
    """Executors by container: those that are ``over``, the oldest first, and ``here``, custom ones that are not.
    ``info`` is set once the framework itself is over. ``size`` is that of all values.
    """

    over: dict[str, PastExecutor] = {}
    here: dict[str, PastExecutor] = {}
    info: FrameworkInfo | None = None
    size: int = 0
    own: int = 0


class HistoryState(msgspec.Struct):
    """All of a history. ``closed``: the frameworks that are over, the oldest first."""

    frameworks: dict[str, PastFramework] = {}
    closed: list[str] = []
    size: int = 0


class AgentHistory:
    """``kept``: how many executors that are over are kept of each framework. ``write`` sets or removes a key."""

    def __init__(
        self, kept: int, write: Callable[[str, bytes | None], None], state: HistoryState | None = None
    ) -> None:
        self._kept, self._write = kept, write
        self.state = state or HistoryState()

    # --- what is remembered -------------------------------------------------------------------------------------------

    def frameworks(self) -> Iterator[tuple[str, PastFramework]]:
        """Those that are over, the oldest first."""
        for framework_id in self.state.closed:
            yield framework_id, self.state.frameworks[framework_id]

    def executors(self, framework_id: str) -> list[PastExecutor]:
        """Those of the framework that are over."""
        past = self.state.frameworks.get(framework_id)
        return [] if past is None else list(past.over.values())

    def of_executor(self, framework_id: str, container_id: str) -> list[PastTask]:
        """The tasks that are over of a custom executor that is not."""
        past = self.state.frameworks.get(framework_id)
        here = None if past is None else past.here.get(container_id)
        return [] if here is None else list(here.tasks.values())

    def tasks(self) -> Iterator[PastTask]:
        for past in self.state.frameworks.values():
            for executor in (*past.over.values(), *past.here.values()):
                yield from executor.tasks.values()

    def customs(self) -> Iterator[ExecutorInfo]:
        """The custom executors that are over, as far as they can be read."""
        for past in self.state.frameworks.values():
            for executor in past.over.values():
                if executor.info is not None:
                    yield executor.info

    # --- what becomes part of it --------------------------------------------------------------------------------------

    def task_over(self, executor: ExecutorRecord, record: TaskRecord, lives: bool) -> None:
        """``lives``: its custom executor is still here."""
        if executor.kind is not ExecutorKind.COMMAND:
            executor = replace(executor, info=msgspec.Raw(b"null"))  # its own value has that
        record = _shown(record)
        value = stored.past(stored.Past(executor=executor, task=record))
        task = PastTask(executor, record, len(value))
        self._write(KEY + task.handle, value)
        self._take_task(task, lives)
        self._bound(record.framework_id)

    def executor_over(self, executor: ExecutorRecord) -> None:
        """A custom executor is gone."""
        framework_id, container_id = executor.framework_id, executor.container_id
        executor = replace(executor, info=_shown_executor(executor.info))
        value = stored.past(stored.Past(executor=executor))
        self._write(KEY + container_id, value)
        self._take_executor(executor, len(value))
        self._bound(framework_id)

    def framework_over(self, framework_id: str, info: FrameworkInfo | None) -> None:
        """It has nothing here any more. It is remembered as long as one of its executors is."""
        past = self.state.frameworks.get(framework_id)
        if past is None:
            return
        self.framework_back(framework_id)
        if info is not None:
            value = stored.past(stored.Past(framework=info))
            past.info = info
            self._write(KEY + framework_id, value)
            self._grow(past, len(value))
            past.own = len(value)
        self.state.closed.append(framework_id)
        while len(self.state.closed) > MOST_FRAMEWORKS:
            self._forget_framework(self.state.closed[0])
        self._bound(framework_id)

    def framework_back(self, framework_id: str) -> None:
        """It has something here again."""
        past = self.state.frameworks.get(framework_id)
        if past is not None and framework_id in self.state.closed:
            self.state.closed.remove(framework_id)
            self._forget_info(framework_id, past)

    def clear(self) -> None:
        for framework_id in list(self.state.frameworks):
            self._forget_framework(framework_id)

    # --- from the disk ------------------------------------------------------------------------------------------------

    def fill(self, values: Iterable[bytes]) -> None:
        """What a former process of the agent wrote, the oldest first. `settle` has to follow."""
        for value in values:
            found = stored.read_past(value)
            if found.framework is not None and found.framework.id is not None:
                past = self._framework(found.framework.id.value)
                past.info, past.own = found.framework, len(value)
                self._grow(past, len(value))
            elif found.executor is not None and found.task is not None:
                self._take_task(PastTask(found.executor, found.task, len(value)), lives=True)
            elif found.executor is not None:
                self._take_executor(found.executor, len(value))

    def settle(
        self, frameworks: Collection[str], containers: Collection[str], tasks: Iterable[tuple[str, str, str]]
    ) -> None:
        """Once it is known what lives: frameworks, the containers of custom executors, and tasks by framework,
        container and handle. A process may have died after it wrote that a task is over, and before it removed it from
        those that live: it is over once more later.
        """
        for framework_id, container_id, handle in tasks:
            self._forget_task(framework_id, container_id, handle)
        for framework_id, past in list(self.state.frameworks.items()):
            for container_id in [one for one in past.over if one in containers]:
                gone = past.over.pop(container_id)
                self._grow(past, -gone.size)
                if gone.size:
                    self._write(KEY + container_id, None)
                past.here[container_id] = PastExecutor(gone.executor, tasks=gone.tasks)
            for container_id in [one for one in past.here if one not in containers]:
                past.over[container_id] = past.here.pop(container_id)
            if framework_id in frameworks:
                self._forget_info(framework_id, past)
            elif framework_id not in self.state.closed:
                self.state.closed.append(framework_id)
            self._bound(framework_id)
        while len(self.state.closed) > MOST_FRAMEWORKS:
            self._forget_framework(self.state.closed[0])

    # --- bounds -------------------------------------------------------------------------------------------------------

    def _framework(self, framework_id: str) -> PastFramework:
        return self.state.frameworks.setdefault(framework_id, PastFramework())

    def _take_task(self, task: PastTask, lives: bool) -> None:
        framework_id, container_id = task.record.framework_id, task.executor.container_id
        past = self._framework(framework_id)
        self._lose_task(past, container_id, task.handle)
        executor = past.over.get(container_id) or past.here.get(container_id)
        if executor is None:
            there = past.here if lives and not task.own else past.over
            executor = there[container_id] = PastExecutor(task.executor)
        executor.tasks[task.handle] = task
        self._grow(past, task.size)
        while len(executor.tasks) > MOST_TASKS:
            self._drop_task(past, executor, next(iter(executor.tasks)))

    def _take_executor(self, executor: ExecutorRecord, size: int) -> None:
        past = self._framework(executor.framework_id)
        before = past.here.pop(executor.container_id, None) or past.over.pop(executor.container_id, None)
        if before is not None:
            self._grow(past, -before.size)
        past.over[executor.container_id] = PastExecutor(executor, size, {} if before is None else before.tasks)
        self._grow(past, size)

    def _bound(self, framework_id: str) -> None:
        past = self.state.frameworks.get(framework_id)
        while past is not None and len(past.over) > self._kept:
            self._drop_executor(past, past.over, next(iter(past.over)))
        while self.state.size > MOST_BYTES:
            name, largest = max(self.state.frameworks.items(), key=lambda one: one[1].size)
            if largest.over:
                self._drop_executor(largest, largest.over, next(iter(largest.over)))
            elif largest.here:
                executor = next(iter(largest.here.values()))
                if executor.tasks:
                    self._drop_task(largest, executor, next(iter(executor.tasks)))
                else:
                    self._drop_executor(largest, largest.here, executor.executor.container_id)
            else:
                self._forget_framework(name)
            self._forget_if_empty(name)
        self._forget_if_empty(framework_id)

    def _grow(self, past: PastFramework, size: int) -> None:
        past.size += size
        self.state.size += size

    def _drop_task(self, past: PastFramework, executor: PastExecutor, handle: str) -> None:
        self._grow(past, -executor.tasks.pop(handle).size)
        self._write(KEY + handle, None)

    def _drop_executor(self, past: PastFramework, there: dict[str, PastExecutor], container_id: str) -> None:
        executor = there.pop(container_id)
        for handle in list(executor.tasks):
            self._drop_task(past, executor, handle)
        if executor.size:
            self._grow(past, -executor.size)
            self._write(KEY + container_id, None)

    def _lose_task(self, past: PastFramework, container_id: str, handle: str) -> None:
        """It is written anew."""
        executor = past.over.get(container_id) or past.here.get(container_id)
        if executor is not None and (before := executor.tasks.pop(handle, None)) is not None:
            self._grow(past, -before.size)

    def _forget_task(self, framework_id: str, container_id: str, handle: str) -> None:
        past = self.state.frameworks.get(framework_id)
        executor = None if past is None else past.over.get(container_id) or past.here.get(container_id)
        if past is None or executor is None or handle not in executor.tasks:
            return
        self._drop_task(past, executor, handle)
        if not executor.tasks and not executor.size:
            past.over.pop(container_id, None)
            past.here.pop(container_id, None)

    def _forget_info(self, framework_id: str, past: PastFramework) -> None:
        if past.own:
            self._write(KEY + framework_id, None)
        self._grow(past, -past.own)
        past.info, past.own = None, 0

    def _forget_framework(self, framework_id: str) -> None:
        past = self.state.frameworks.pop(framework_id)
        for there in (past.over, past.here):
            for container_id in list(there):
                self._drop_executor(past, there, container_id)
        self._forget_info(framework_id, past)
        if framework_id in self.state.closed:
            self.state.closed.remove(framework_id)

    def _forget_if_empty(self, framework_id: str) -> None:
        past = self.state.frameworks.get(framework_id)
        if past is not None and not past.over and not past.here:
            self._forget_framework(framework_id)


# --- what is kept of a task, and what is not: nobody is shown what it was started with ---


def _shown(record: TaskRecord) -> TaskRecord:
    status = record.status
    return TaskRecord(
        framework_id=record.framework_id,
        task_id=record.task_id,
        executor_id=record.executor_id,
        container_id=record.container_id,
        task=_shown_task(record.task),
        state=record.state,
        status=None if status is None else replace(status, data=None),
        history=record.history,
        handle=record.handle,
        delivered=record.delivered,
    )


def _shown_task(task: msgspec.Raw) -> msgspec.Raw:
    try:
        info = codec.decode(task, TaskInfo)
    except codec.DecodeError:
        return task
    health = info.health_check
    return msgspec.Raw(
        codec.encode(
            replace(
                info,
                command=None if info.command is None else _shown_command(info.command),
                executor=None if info.executor is None else ExecutorInfo(executor_id=info.executor.executor_id),
                container=None if info.container is None else _shown_container(info.container),
                data=None,
                check=None,
                health_check=None if health is None else check_without_secrets(health),
            )
        )
    )


def _shown_executor(info: msgspec.Raw) -> msgspec.Raw:
    try:
        found = codec.decode(info, ExecutorInfo)
    except codec.DecodeError:
        return msgspec.Raw(b"null")
    kept = ExecutorInfo(
        executor_id=found.executor_id,
        framework_id=found.framework_id,
        type=found.type,
        name=found.name,
        source=found.source,
        labels=found.labels,
        resources=found.resources,
    )
    return msgspec.Raw(codec.encode(kept))


def _shown_command(command: CommandInfo) -> CommandInfo:
    return replace(command, environment=None, uris=[])


def _shown_container(container: ContainerInfo) -> ContainerInfo:
    """What `without_secrets` would hide in part goes as a whole, so that a recording comes to the same."""
    if container.docker is not None and container.docker.parameters:
        container = replace(container, docker=replace(container.docker, parameters=[]))
    return without_secrets(container)
