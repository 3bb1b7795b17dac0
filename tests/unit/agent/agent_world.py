"""A world for the agent's core: a disk that may lag or be full, containers, a master, a framework — all in memory."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field

from dcos_runtime.agent.core.agent import AgentCore
from dcos_runtime.agent.core.effects import (
    CloseConnection,
    Destroy,
    Effect,
    EndProcess,
    OpenConnection,
    Persist,
    Prepare,
    SendUp,
    Signal,
    Start,
    Watch,
)
from dcos_runtime.agent.core.model import AgentRecord, Exit, Facts, Found, Now, Recovered, Settings, TaskRecord
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo
from dcos_runtime.wire.common import FrameworkID, TaskID
from dcos_runtime.wire.tasks import TaskStatus

MASTER = ("198.18.5.1", 5050)
FRAMEWORK = "fw"


@dataclass
class Container:
    """``ops`` wait to be carried out, in order; ``state`` is what is really there."""

    state: str = "absent"  # absent, created, running, orphaned, exited
    exit: Exit | None = None
    ops: list[str] = field(default_factory=list)
    starts: int = 0
    signals: list[int] = field(default_factory=list)
    watched: bool = False


class World:
    """Drives a real core. Methods are what happens to it; attributes what it caused."""

    def __init__(
        self, capabilities: tuple[str, ...] = ("PARTITION_AWARE", "TASK_KILLING_STATE"), seed: int = 1
    ) -> None:
        self.mono = 100.0
        self.seed = seed
        self.disk: dict[str, bytes] = {}
        self.persists: list[Persist] = []
        self.containers: dict[str, Container] = {}
        self.sent: list[internal.Up] = []
        self.in_flight: dict[str, bytes] = {}  # task -> uuid that the framework has and has not acknowledged
        self.updates: dict[str, list[TaskStatus]] = {}
        self.gone: list[str] = []
        self.connects: list[internal.Connect] = []
        self.connection: int | None = None
        self.connected = False
        self.down_seq = 0
        self.epoch = 0
        self.boot = "boot-1"
        self.ended: EndProcess | None = None
        self.framework = FrameworkInfo(
            user="root",
            name="framework",
            id=FrameworkID(value=FRAMEWORK),
            capabilities=[FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type(name)) for name in capabilities],
        )
        self.core = self._new_core()
        self.do(self.core.recover(Recovered(AgentRecord()), self.now))

    # --- plumbing -----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> Now:
        return Now(self.mono, 1_000_000.0 + self.mono)

    def _new_core(self) -> AgentCore:
        self.seed += 1
        settings = Settings(
            info=AgentInfo(hostname="agent"), software="1", boot_id=self.boot, ip="198.18.5.2", launcher="test"
        )
        return AgentCore(settings, random.Random(self.seed))

    def do(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Persist():
                    self.persists.append(effect)
                case Prepare():
                    self.containers.setdefault(effect.container_id, Container()).ops.append("prepare")
                case Start():
                    self.containers[effect.container_id].ops.append("start")
                case Watch():
                    self.containers[effect.container_id].watched = True
                case Signal():
                    self.containers[effect.container_id].ops.append(f"signal {int(effect.number)}")
                case Destroy():
                    container = self.containers.setdefault(effect.container_id, Container())
                    if container.ops and container.ops[0] == "prepare":
                        container.ops.pop(0)  # what is being prepared is cut short
                    container.ops.append("destroy")
                case OpenConnection():
                    self.connection = effect.connection
                case CloseConnection():
                    if effect.connection == self.connection:
                        self.connection, self.connected = None, False
                case SendUp():
                    self._take(effect)
                case EndProcess():
                    self.ended = effect

    def _take(self, effect: SendUp) -> None:
        assert self.connected and effect.connection == self.connection, "sent without a connection"
        message = effect.message
        assert message.seq == len(self.sent) + 1, "the sequence has a gap"
        self.sent.append(message)
        if isinstance(message, internal.TaskGone):
            self.gone.append(message.task_id)
        if not isinstance(message, internal.Update):
            return
        task, uuid = message.status.task_id.value, message.status.uuid
        assert uuid is not None
        before = self.in_flight.get(task)
        assert before is None or before == uuid, f"two updates of {task} in flight"
        self.in_flight[task] = uuid
        told = self.updates.setdefault(task, [])
        if uuid not in [status.uuid for status in told]:
            told.append(message.status)

    def states(self, task: str) -> list[str]:
        """The states the framework was told of, each update once."""
        return [status.state.value for status in self.updates.get(task, [])]

    # --- the disk -----------------------------------------------------------------------------------------------------

    def persist(self, count: int | None = None) -> None:
        """The oldest writes become durable."""
        for _ in range(len(self.persists) if count is None else min(count, len(self.persists))):
            effect = self.persists.pop(0)
            if effect.value is None:
                self.disk.pop(effect.key, None)
            else:
                self.disk[effect.key] = effect.value
            self.do(self.core.persisted(effect.id, self.now))

    def persist_fails(self) -> None:
        effect = self.persists.pop(0)
        self.do(self.core.persist_failed(effect.id, "No space left on device", self.now))

    # --- the master and the framework ---------------------------------------------------------------------------------

    def connect(self) -> None:
        """Lets time pass until the agent connects, and admits it."""
        if self.core.session.master is None:
            self.do(self.core.master_changed(MASTER, self.now))
        while self.connection is None:
            deadline = self.core.session.deadline
            assert deadline is not None
            self.advance(max(0.0, deadline - self.mono))
        if not self.connected:
            self.epoch += 1
            self.sent, self.in_flight = [], {}
            self.connected = True
            self.down_seq = 1
            message = self.core.connect_message()
            self.connects.append(message)
            codec.decode(codec.encode(message), internal.Connect)
            connected = internal.Connected(
                agent_id="agent-1", epoch=self.epoch, seq=1, master_id="master", ping_seconds=15.0
            )
            self.do(self.core.opened(self.connection, connected, self.now))

    def disconnect(self) -> None:
        if self.connection is not None:
            connection, self.connection, self.connected = self.connection, None, False
            self.do(self.core.closed(connection, "test", self.now))

    def down(self, kind: type[internal.Down], **fields: object) -> None:
        assert self.connected and self.connection is not None
        self.down_seq += 1
        message = kind(agent_id="agent-1", epoch=self.epoch, seq=self.down_seq, **fields)  # type: ignore[operator]
        again = codec.decode(codec.encode(message), internal.Down)  # type: ignore[arg-type]
        self.do(self.core.received(self.connection, again, self.now))

    def run(self, task: str, **extra: object) -> None:
        document = {
            "name": task,
            "task_id": {"value": task},
            "agent_id": {"value": "agent-1"},
            "command": {"value": "true"},
            **extra,
        }
        self.down(internal.RunTask, framework=self.framework, task=json.loads(json.dumps(document)))

    def kill(self, task: str, grace_seconds: float | None = None) -> None:
        policy = None if grace_seconds is None else {"grace_period": {"nanoseconds": int(grace_seconds * 1e9)}}
        self.down(
            internal.KillTask,
            framework_id=FrameworkID(value=FRAMEWORK),
            task_id=TaskID(value=task),
            kill_policy=policy,
        )

    def acknowledge(self, task: str, uuid: bytes | None = None) -> None:
        uuid = uuid or self.in_flight[task]
        if self.in_flight.get(task) == uuid:
            del self.in_flight[task]
        self.down(
            internal.Acknowledge, framework_id=FrameworkID(value=FRAMEWORK), task_id=TaskID(value=task), uuid=uuid
        )

    def shutdown_framework(self) -> None:
        self.in_flight = {}
        self.down(internal.ShutdownFramework, framework_id=FrameworkID(value=FRAMEWORK))

    # --- containers ---------------------------------------------------------------------------------------------------

    def container_of(self, task: str) -> str:
        return self.core.tasks[(FRAMEWORK, task)].record.container_id

    def work(self, container_id: str, fails: bool = False) -> None:
        """Carries out the oldest thing asked for of a container."""
        container = self.containers[container_id]
        op = container.ops.pop(0)
        core = self.core
        if op == "prepare":
            if fails:
                self.do(core.launch_failed(container_id, "Failed to launch container: no", self.now))
            else:
                container.state = "created"
                self.do(core.created(container_id, 4242, self.now))
        elif op == "start":
            if fails or container.state != "created":
                self.do(core.launch_failed(container_id, "Failed to launch container: no", self.now))
            else:
                container.state = "running"
                container.starts += 1
                container.watched = True
                self.do(core.started(container_id, self.now))
        elif op.startswith("signal "):
            container.signals.append(int(op.split()[1]))
        elif op == "destroy":
            container.state, container.watched, container.exit = "absent", False, None
            self.do(core.destroyed(container_id, self.now))

    def exit(self, container_id: str, ended: Exit) -> None:
        container = self.containers[container_id]
        assert container.state == "running"
        container.state, container.exit = "exited", ended
        if container.watched:
            container.watched = False
            self.do(self.core.exited(container_id, ended, self.now))

    def supervisor_dies(self, container_id: str) -> None:
        container = self.containers[container_id]
        assert container.state == "running"
        container.state = "orphaned"
        if container.watched:
            container.watched = False
            self.do(self.core.supervisor_lost(container_id, self.now))

    def settle(self) -> None:
        """Until nothing is left to do: writes and container work are done at once."""
        for _ in range(1000):
            if self.persists:
                self.persist()
            busy = [name for name, container in self.containers.items() if container.ops]
            if not busy and not self.persists:
                return
            for name in busy:
                while self.containers[name].ops:
                    self.work(name)
        raise AssertionError("the core never settles")

    def launch(self, task: str, **extra: object) -> str:
        """A running task whose first updates are acknowledged."""
        self.run(task, **extra)
        self.settle()
        self.acknowledge(task)
        self.acknowledge(task)
        self.settle()
        return self.container_of(task)

    # --- time and crashes ---------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Time passes; the core is ticked whenever it asked to be."""
        end = self.mono + seconds
        for _ in range(10000):
            deadline = self.core.next_deadline()
            if deadline is None or deadline > end:
                break
            self.mono = max(self.mono, deadline)
            self.do(self.core.tick(self.now))
        else:
            raise AssertionError("the core asks for the same moment for ever")
        self.mono = max(self.mono, end)
        self.do(self.core.tick(self.now))

    def crash(self, reboot: bool = False, written: int = 0) -> None:
        """kill -9 of the agent, of whose waiting writes the oldest were still done, and its start."""
        for effect in self.persists[:written]:
            if effect.value is None:
                self.disk.pop(effect.key, None)
            else:
                self.disk[effect.key] = effect.value
        self.persists = []
        self.connection, self.connected = None, False
        if reboot:
            self.boot += "'"
        for container in self.containers.values():
            container.ops, container.watched = [], False
            if reboot and container.state != "exited":
                container.state = "absent"
        self.core = self._new_core()
        self.do(self.core.recover(self._found(), self.now))

    def _found(self) -> Recovered:
        tasks = [codec.decode(value, TaskRecord) for key, value in self.disk.items() if key.startswith("tasks/")]
        frameworks = [
            codec.decode(value, FrameworkInfo) for key, value in self.disk.items() if key.startswith("frameworks/")
        ]
        agent = codec.decode(self.disk["agent"], AgentRecord) if "agent" in self.disk else AgentRecord()
        kinds = {
            "absent": Found.ABSENT,
            "created": Found.CREATED,
            "running": Found.RUNNING,
            "orphaned": Found.ORPHANED,
            "exited": Found.EXITED,
        }
        facts = {
            name: Facts(kinds[container.state], container.exit, None if container.state == "absent" else 4242)
            for name, container in self.containers.items()
        }
        known = {record.container_id for record in tasks}
        for name, container in self.containers.items():
            if name not in known and container.state != "absent":
                container.state, container.exit = "absent", None  # what belongs to no task is destroyed by the shell
        return Recovered(agent, tuple(frameworks), tuple(tasks), facts)
