"""A custom executor of a simulated host: it speaks the executor API, and lives in a container that outlives the agent.

It behaves as Mesos' drivers do: it keeps the tasks and updates that were not acknowledged, and says them again when it
subscribes again. It ends when its agent is away for too long, and when it has nothing to do for a while.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol

from dcos_runtime.agent.core.model import Exit
from dcos_runtime.sim.behaviour import Behaviour
from dcos_runtime.sim.clock import Clock
from dcos_runtime.sim.obligations import Violation
from dcos_runtime.wire.common import AgentID, ExecutorID, FrameworkID, TaskID
from dcos_runtime.wire.executor import Call, Event
from dcos_runtime.wire.tasks import TaskInfo, TaskState, TaskStatus

RECOVERY = 60.0
"""Seconds that it waits for its agent."""
IDLE = 15.0
"""Seconds without a task after which it ends."""
AGAIN = 1.0
LATENCY = 0.002


class Running:
    """A task that an executor runs. It looks to observers as a container with a task of its own does."""

    __slots__ = ("behaviour", "exit", "framework_id", "id", "kills", "starts", "task_id")

    def __init__(self, framework_id: str, task_id: str, container_id: str, behaviour: Behaviour) -> None:
        self.framework_id, self.task_id, self.id = framework_id, task_id, container_id
        self.behaviour = behaviour
        self.exit: Exit | None = None
        self.starts = 1
        self.kills = 0


class Home(Protocol):
    """The agent, as an executor on its host reaches it. ``gone`` and ``started`` are for observers."""

    name: str
    clock: Clock

    @property
    def up(self) -> bool: ...

    def executor_subscribes(self, program: Program, call: Call) -> None:
        """Answered by `Program.answered`, or never."""
        ...

    def executor_calls(self, call: Call) -> None: ...

    def executor_closes(self, stream: int) -> None: ...

    def runs(self, task: Running) -> None: ...

    def runs_no_more(self, task: Running) -> None: ...


class Program:
    """``end`` ends its process. ``stream``: where it is subscribed."""

    def __init__(
        self,
        home: Home,
        container_id: str,
        framework_id: str,
        executor_id: str,
        words: frozenset[str],
        random: Random,
        end: Callable[[Exit], None],
    ) -> None:
        self.container_id, self.framework_id, self.executor_id = container_id, framework_id, executor_id
        self.words = words
        self.stream: int | None = None
        self.tasks: dict[str, Running] = {}
        self.over = False
        self._home, self._random, self._end = home, random, end
        self._had: set[str] = set()
        self._fresh: dict[str, TaskInfo] = {}  # of which no update was acknowledged
        self._unacknowledged: dict[bytes, TaskStatus] = {}
        self._alone = self._idle = home.clock.now

    def begin(self) -> None:
        if "mute" not in self.words:
            self._later(self._random.uniform(0.05, 1.0), self._subscribe)
        if "short" in self.words:
            self._later(self._random.uniform(3.0, 40.0), lambda: self._end(Exit(code=1)))
        self._later(IDLE, self._look)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        self._home.clock.after(seconds, lambda: None if self.over else action())

    def _look(self) -> None:
        now = self._home.clock.now
        if self.tasks:
            self._idle = now
        if self.stream is not None:
            self._alone = now
        if "mute" not in self.words and (now - self._idle >= IDLE or now - self._alone >= RECOVERY):
            self._end(Exit(code=0 if now - self._idle >= IDLE else 1))
        else:
            self._later(3.0, self._look)

    # --- its agent ---

    def _call(
        self,
        kind: Call.Type,
        subscribe: Call.Subscribe | None = None,
        update: Call.Update | None = None,
        message: Call.Message | None = None,
    ) -> Call:
        return Call(
            executor_id=ExecutorID(value=self.executor_id),
            framework_id=FrameworkID(value=self.framework_id),
            type=kind,
            subscribe=subscribe,
            update=update,
            message=message,
        )

    def _subscribe(self) -> None:
        if self.stream is not None:
            return
        self._later(AGAIN, self._subscribe)
        if self._home.up:
            subscribe = Call.Subscribe(
                unacknowledged_tasks=list(self._fresh.values()),
                unacknowledged_updates=[Call.Update(status=status) for status in self._unacknowledged.values()],
            )
            self._home.executor_subscribes(self, self._call(Call.Type.SUBSCRIBE, subscribe=subscribe))

    def answered(self, stream: int) -> None:
        """It is subscribed. Events may follow at once."""
        self.stream = stream

    def hang_up(self) -> None:
        """Its connection breaks."""
        if self.stream is not None:
            self._home.executor_closes(self.stream)
            self.closed(self.stream)

    def closed(self, stream: int) -> None:
        """Its connection was closed: it subscribes again."""
        if self.stream == stream and not self.over:
            self.stream = None
            self._alone = self._home.clock.now
            self._later(AGAIN, self._subscribe)

    def ended(self) -> None:
        """Its process is gone, with its tasks."""
        if self.over:
            return
        self.over = True
        for task in self.tasks.values():
            self._home.runs_no_more(task)
        self.tasks.clear()
        if self.stream is not None:
            self._home.executor_closes(self.stream)
            self.stream = None

    # --- what it hears ---

    def hear(self, stream: int, event: Event) -> None:
        if self.over or stream != self.stream:
            return
        if event.launch is not None:
            self._launch(event.launch.task)
        elif event.kill is not None:
            task_id = event.kill.task_id.value
            self._later(self._random.uniform(0.01, 0.5), lambda: self._kill(task_id))
        elif event.acknowledged is not None:
            self._unacknowledged.pop(event.acknowledged.uuid, None)
            self._fresh.pop(event.acknowledged.task_id.value, None)
        elif event.message is not None:
            message = Call.Message(data=event.message.data)
            self._home.executor_calls(self._call(Call.Type.MESSAGE, message=message))
        elif event.type is Event.Type.SHUTDOWN and "stubborn" not in self.words:
            self._later(self._random.uniform(0.01, 0.5), self._shut_down)

    def _launch(self, info: TaskInfo) -> None:
        task_id = info.task_id.value
        if task_id in self._had:
            raise Violation(f"{self._home.name}: {task_id} is given twice to its executor")
        self._had.add(task_id)
        self._fresh[task_id] = info
        behaviour = Behaviour.of((info.data or b"").decode())
        if "bad" in behaviour.words:
            self._update(task_id, TaskState.TASK_FAILED)
            return
        task = self.tasks[task_id] = Running(self.framework_id, task_id, self.container_id, behaviour)
        self._home.runs(task)
        if self._random.random() < 0.5:
            self._update(task_id, TaskState.TASK_STARTING)
        self._later(self._random.uniform(0.0, 0.2), lambda: self._runs(task))
        if behaviour.seconds != float("inf"):
            state = TaskState.TASK_FAILED if behaviour.code else TaskState.TASK_FINISHED
            self._later(0.3 + behaviour.seconds, lambda: self._over(task_id, state))

    def _runs(self, task: Running) -> None:
        if self.tasks.get(task.task_id) is task:
            self._update(task.task_id, TaskState.TASK_RUNNING)

    def _kill(self, task_id: str) -> None:
        task = self.tasks.get(task_id)
        if task is None:
            return
        task.kills += 1
        if "stubborn" not in task.behaviour.words or task.kills > 1:
            self._over(task_id, TaskState.TASK_KILLED)

    def _over(self, task_id: str, state: TaskState) -> None:
        task = self.tasks.pop(task_id, None)
        if task is not None:
            self._idle = self._home.clock.now
            self._home.runs_no_more(task)
            self._update(task_id, state)

    def _shut_down(self) -> None:
        for task_id in list(self.tasks):
            self._over(task_id, TaskState.TASK_KILLED)
        self._later(0.05, lambda: self._end(Exit(code=0)))

    def _update(self, task_id: str, state: TaskState) -> None:
        status = TaskStatus(
            task_id=TaskID(value=task_id),
            state=state,
            source=TaskStatus.Source.SOURCE_EXECUTOR,
            uuid=self._random.randbytes(16),
            agent_id=AgentID(value=""),
        )
        self._unacknowledged[status.uuid or b""] = status
        if self.stream is not None:
            self._home.executor_calls(self._call(Call.Type.UPDATE, update=Call.Update(status=status)))
