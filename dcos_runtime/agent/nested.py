"""Containers that calls of the operator API launch, within others or within none: what the calls ask the core for, and
wait for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from dcos_runtime.agent.core import container_ids
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.events import Event, LaunchNested, RemoveNested
from dcos_runtime.agent.core.records import NestedRecord, Stage
from dcos_runtime.operating import NotPossible
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import AgentID, CommandInfo, ExecutorID, TaskID, Value
from dcos_runtime.wire.containers import ContainerInfo
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import ExecutorInfo, TaskInfo

INHERITED = ("cpus", "mem", "disk", "ports")
"""Resources of the parent that are the limits of a container without resources of its own. Its devices and volumes are
not handed on.
"""


class NestedContainers:
    """Those of an agent. ``remove`` removes the sandbox of one, by the ids of framework, executor and container."""

    def __init__(
        self, core: AgentCore, feed: Callable[[Event], None], remove: Callable[[str, str, str], Awaitable[None]]
    ) -> None:
        self._core = core
        self._feed = feed
        self._remove = remove
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    def changed(self, container_id: str) -> None:
        """The core says so: who waits for the container looks again."""
        for waiter in self._waiting.pop(container_id, []):
            if not waiter.done():
                waiter.set_result(None)

    def find(self, container_id: str) -> NestedRecord | None:
        return self._core.nested.get(container_id)

    async def launch(
        self,
        container_id: str,
        command: CommandInfo | None,
        container: ContainerInfo | None,
        resources: Sequence[Resource] = (),
        limits: Mapping[str, Value.Scalar] | None = None,
    ) -> bool:
        """Returns when its process runs. ``False``: there is one with that id. Raises `NotPossible`."""
        if self._core.container_of(container_id) is not None:
            return False
        framework_id, executor_id = "", container_id
        executor: ExecutorInfo | None = None
        if parent := container_ids.parent_of(container_id):
            root = container_ids.root_of(container_id)
            owner, above, outermost = self._core.owner_of(root), self._task(parent), self._task(root)
            if owner is None or above is None or outermost is None:
                raise NotPossible(400, f"Parent container {parent} does not exist")
            framework_id, executor_id = owner
            executor = ExecutorInfo(executor_id=ExecutorID(value=executor_id), container=outermost.container)
            command = _of_its_user(command, above.command)
            resources = list(resources or _inherited(above.resources))
        elif any(resource.disk is not None for resource in resources):
            raise NotPossible(
                400, "A standalone container has no volumes and disks of frameworks: leave resources.disk out"
            )
        task = codec.encode(
            TaskInfo(
                name=container_id,
                task_id=TaskID(value=container_id),
                agent_id=AgentID(value=self._core.agent.id or ""),
                command=command,
                container=container,
                resources=list(resources),
                limits=dict(limits or {}),
                executor=executor,
            )
        )
        if (why := self._core.nested_refused(container_id, task)) is not None:
            raise NotPossible(400, why)
        self._feed(LaunchNested(container_id, framework_id, executor_id, task))
        record = self._core.nested[container_id]
        await self._until(record, Stage.RUNNING, Stage.ENDED)
        if record.container.started is None and record.exit is None:
            raise NotPossible(400, record.message or "Failed to launch container: its parent ended before it ran")
        return True

    async def ended(self, record: NestedRecord) -> None:
        await self._until(record, Stage.ENDED)

    async def remove(self, record: NestedRecord) -> None:
        """Raises `NotPossible` while it has not ended."""
        container_id = record.container.container_id
        if record.container.stage is not Stage.ENDED:
            raise NotPossible(409, f"Container {container_id} has not terminated yet")
        self._feed(RemoveNested(container_id))
        await self._remove(record.framework_id, record.executor_id, container_id)

    async def _until(self, record: NestedRecord, *stages: Stage) -> None:
        """Or it is forgotten."""
        container_id = record.container.container_id
        while record.container.stage not in stages and self._core.nested.get(container_id) is record:
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(container_id, []).append(waiter)
            await waiter

    def _task(self, container_id: str) -> TaskInfo | None:
        data = self._core.task_in(container_id)
        return codec.decode(data, TaskInfo) if data is not None else None


def _of_its_user(command: CommandInfo | None, above: CommandInfo | None) -> CommandInfo | None:
    """A container runs as its parent's user unless its command names one."""
    user = above.user if above is not None else None
    if command is None or command.user is not None or user is None:
        return command
    return replace(command, user=user)


def _inherited(resources: Sequence[Resource]) -> Iterator[Resource]:
    for resource in resources:
        if resource.name in INHERITED and resource.disk is None:
            yield resource
