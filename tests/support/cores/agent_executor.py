"""A custom executor in the agent's world: what its agent tells it, and what it says."""

from __future__ import annotations

import itertools

from dcos_runtime.agent.core import events
from dcos_runtime.wire.common import AgentID, ExecutorID, FrameworkID, TaskID
from dcos_runtime.wire.executor import Call, Event
from dcos_runtime.wire.tasks import TaskInfo, TaskState, TaskStatus
from tests.support.cores.agent_world import FRAMEWORK, World

_STREAMS = itertools.count(1)


class PretendedExecutor:
    """``has`` are the tasks that it got and of which no update is acknowledged, as stock drivers keep them."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name = world, name
        self.stream = 0
        self.has: list[str] = []
        self.unacknowledged: list[TaskStatus] = []
        self._updates = itertools.count(1)

    @property
    def container(self) -> str:
        return self.world.core.executors[FRAMEWORK, self.name].record.container_id

    def start(self) -> None:
        """Its container is made and runs."""
        self.world.run_until_idle()

    def subscribe(self) -> list[Event]:
        """Returns what came at once."""
        self.stream = next(_STREAMS)
        self.world.streams[self.stream] = []
        subscribe = Call.Subscribe(
            unacknowledged_tasks=[
                TaskInfo(name=task, task_id=TaskID(value=task), agent_id=AgentID(value="")) for task in self.has
            ],
            unacknowledged_updates=[Call.Update(status=status) for status in self.unacknowledged],
        )
        self.world.feed(events.ExecutorSubscribed(self.stream, self._call(Call.Type.SUBSCRIBE, subscribe=subscribe)))
        return self.heard()

    def heard(self) -> list[Event]:
        """The events that came since the last look."""
        queue = self.world.streams.get(self.stream, [])
        found, queue[:] = list(queue), []
        for event in found:
            if event.launch is not None:
                self.has.append(event.launch.task.task_id.value)
            if event.acknowledged is not None:
                uuid = event.acknowledged.uuid
                self.unacknowledged = [status for status in self.unacknowledged if status.uuid != uuid]
                if event.acknowledged.task_id.value in self.has:
                    self.has.remove(event.acknowledged.task_id.value)
        return found

    def types(self) -> list[str]:
        return [event.type.value for event in self.heard() if event.type is not None]

    def update(self, task: str, state: str, data: bytes | None = None) -> TaskStatus:
        status = TaskStatus(
            task_id=TaskID(value=task),
            state=TaskState(state),
            source=TaskStatus.Source.SOURCE_EXECUTOR,
            uuid=next(self._updates).to_bytes(16, "big"),
            data=data,
        )
        self.unacknowledged.append(status)
        self.say(status)
        return status

    def say(self, status: TaskStatus) -> None:
        self.world.feed(events.ExecutorCalled(self._call(Call.Type.UPDATE, update=Call.Update(status=status))))

    def message(self, data: bytes) -> None:
        self.world.feed(events.ExecutorCalled(self._call(Call.Type.MESSAGE, message=Call.Message(data=data))))

    def hang_up(self) -> None:
        self.world.streams.pop(self.stream, None)
        self.world.feed(events.ExecutorClosed(self.stream))

    def _call(
        self,
        kind: Call.Type,
        subscribe: Call.Subscribe | None = None,
        update: Call.Update | None = None,
        message: Call.Message | None = None,
    ) -> Call:
        return Call(
            executor_id=ExecutorID(value=self.name),
            framework_id=FrameworkID(value=FRAMEWORK),
            type=kind,
            subscribe=subscribe,
            update=update,
            message=message,
        )
