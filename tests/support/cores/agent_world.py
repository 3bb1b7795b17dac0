"""A world for the agent's core: a disk that may lag or be full, containers, a master, a framework; all in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec

from dcos_runtime.agent.core import events, history, stored
from dcos_runtime.agent.core.check_terms import CheckKind
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.effects import (
    ChangeVolumes,
    CloseConnection,
    CloseExecutor,
    Destroy,
    Effect,
    EndProcess,
    OpenConnection,
    Prepare,
    Register,
    Resize,
    RunCheck,
    SendToExecutor,
    SendUp,
    Signal,
    Start,
    StopCheck,
    WatchContainer,
)
from dcos_runtime.agent.core.events import Event, Recovered
from dcos_runtime.agent.core.model import Exit, Facts, Found, Settings
from dcos_runtime.agent.core.timing import Complete, Escalate, Resend, Rewrite
from dcos_runtime.core.frozen import Now, Persist, Persisted, PersistFailed, Tick
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo
from dcos_runtime.wire.common import FrameworkID, TaskID
from dcos_runtime.wire.executor import Event as ExecutorEvent
from dcos_runtime.wire.tasks import TaskStatus

MASTER = ("198.18.5.1", 5050)
FRAMEWORK = "fw"
CPUS = {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}}


@dataclass
class Container:
    """``ops`` wait to be carried out, in order; ``state`` is the real one."""

    state: str = "absent"  # absent, created, running, orphaned, exited
    exit: Exit | None = None
    ops: list[str] = field(default_factory=list)
    starts: int = 0
    signals: list[int] = field(default_factory=list)
    watched: bool = False


@dataclass(frozen=True)
class Write:
    """A write that is not durable yet."""

    id: int
    key: str
    value: bytes | None


class World:
    """Drives a real core. Methods are events; attributes are their results."""

    def __init__(
        self, capabilities: tuple[str, ...] = ("PARTITION_AWARE", "TASK_KILLING_STATE"), seed: int = 1
    ) -> None:
        self.mono = 100.0
        self.seed = seed
        self.disk: dict[str, bytes] = {}
        self.kills_unwritten = False
        """The disk is so full or slow that kills go on without it."""
        self.past: dict[str, bytes] = {}  # what is over
        self.persists: list[Write] = []
        self.containers: dict[str, Container] = {}
        self.sent: list[internal.Up] = []
        self.in_flight: dict[str, bytes] = {}  # task -> uuid that the framework has and has not acknowledged
        self.updates: dict[str, list[TaskStatus]] = {}
        self.gone: list[str] = []
        self.streams: dict[int, list[ExecutorEvent]] = {}  # of executors, and what came on them
        self.resized: list[Resize] = []
        self.changes: list[ChangeVolumes] = []
        self.connects: list[internal.Connect] = []
        self.history: list[tuple[Now, Event, list[Effect]]] = []  # of the present core
        self.connection: int | None = None
        self.connected = False
        self.down_seq = 0
        self.epoch = 0
        self.boot = "boot-1"
        self.ended: EndProcess | None = None
        self.checks: dict[tuple[str, CheckKind], int] = {}  # those under way, with their numbers
        self.framework = FrameworkInfo(
            user="root",
            name="framework",
            webui_url="http://me:correct+horse+battery@host/page?token=horse",
            id=FrameworkID(value=FRAMEWORK),
            capabilities=[FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type(name)) for name in capabilities],
        )
        self.core = self._new_core()
        self.feed(Recovered())

    # --- plumbing -----------------------------------------------------------------------------------------------------

    @property
    def now(self) -> Now:
        return Now(self.mono, 1_000_000.0 + self.mono)

    def _new_core(self) -> AgentCore:
        self.seed += 1
        settings = Settings(
            info=AgentInfo(hostname="agent"), software="1", boot_id=self.boot, ip="198.18.5.2", launcher="test"
        )
        self.history = []
        return AgentCore(settings, SeededSource(str(self.seed).encode()))

    def feed(self, event: Event) -> None:
        """Feeds the event to the core, and carries out its effects."""
        effects = self.core.receive(event, self.now)
        self.history.append((self.now, event, effects))
        self.do(effects)

    def do(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Persist():
                    ((key, value),) = effect.changes
                    self.persists.append(Write(effect.id, key, value))
                case Prepare():
                    self.containers.setdefault(effect.container_id, Container()).ops.append("prepare")
                case Start():
                    self.containers[effect.container_id].ops.append("start")
                case WatchContainer():
                    self.containers[effect.container_id].watched = True
                case Resize():
                    self.resized.append(effect)
                case SendToExecutor():
                    self.streams.get(effect.stream, []).append(effect.event)
                case CloseExecutor():
                    self.streams.pop(effect.stream, None)
                case Signal():
                    self._check_kill_on_disk(effect.container_id)
                    self.containers[effect.container_id].ops.append(f"signal {int(effect.number)}")
                case RunCheck():
                    check = effect.container_id, effect.kind
                    assert check not in self.checks, "a check begins before the one before it has ended"
                    assert self.containers[effect.container_id].state == "running", "what does not run is checked"
                    self.checks[check] = effect.number
                case StopCheck():
                    assert self.checks.pop((effect.container_id, effect.kind), None) == effect.number
                case Destroy():
                    container = self.containers.setdefault(effect.container_id, Container())
                    if container.ops and container.ops[0] == "prepare":
                        container.ops.pop(0)  # a preparation is interrupted
                    container.ops.append("destroy")
                case ChangeVolumes():
                    self.changes.append(effect)
                case OpenConnection():
                    self.connection = effect.connection
                case Register():
                    self.connects.append(codec.decode(effect.body, internal.Connect))
                    for task in self.connects[-1].tasks:
                        self._check_connect(task, self.connects[-1].asked[task.asked])
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
        if not (message.status.message or "").startswith("The launch could not be checkpointed"):
            self._check_on_disk(task, {message.status.state.value, message.latest_state.value}, {uuid})
        self.in_flight[task] = uuid
        found = self.updates.setdefault(task, [])
        if uuid not in [status.uuid for status in found]:
            found.append(message.status)

    def _check_connect(self, reported: internal.RunningTask, asked: msgspec.Raw) -> None:
        """Checks that masters of both versions read the same, and that it is on the disk."""
        assert reported.task_id == json.loads(bytes(reported.task))["task_id"]["value"]
        assert json.loads(bytes(asked)) == json.loads(bytes(reported.task)).get("resources", [])
        newest, head = (status(raw) for raw in (reported.status, reported.unacknowledged))
        update = head or newest
        assert reported.status_state == (update.state if update else None)
        assert reported.status_uuid == (update.uuid if update else None)
        assert reported.state.value == (newest.state.value if newest else "TASK_STAGING")
        known = [one for one in (newest, head) if one is not None]
        self._check_on_disk(reported.task_id, {one.state.value for one in known}, {one.uuid for one in known})

    def _check_on_disk(self, task: str, states: set[str], uuids: set[bytes | None]) -> None:
        """Checks that a crash takes back nothing that a master was told."""
        kept = [stored.read_run(value).tasks[0] for key, value in self.disk.items() if key.startswith("tasks/")]
        kept += [stored.read_assigned(value).task for key, value in self.disk.items() if key.startswith("assigned/")]
        history = [one for record in kept if record.task_id == task for one in (*record.history, *record.pending)]
        assert states <= {one.state.value for one in history}, "a state was told that is not on the disk"
        assert uuids <= {one.uuid for one in history}, "an update was told that is not on the disk"

    def states(self, task: str) -> list[str]:
        """The states that the framework got, each update once."""
        return [status.state.value for status in self.updates.get(task, [])]

    def _check_kill_on_disk(self, container_id: str) -> None:
        """Else a task that the signal ends would have ended by itself, for an agent that is killed right then."""
        if not self.kills_unwritten:
            kept = stored.read_run(self.disk[f"tasks/{container_id}"]).tasks[0]
            assert kept.kill is not None, "a signal was sent for a kill that is not on the disk"

    # --- the disk -----------------------------------------------------------------------------------------------------

    def persist(self, count: int | None = None) -> None:
        """The oldest writes become durable."""
        for _ in range(len(self.persists) if count is None else min(count, len(self.persists))):
            effect = self.persists.pop(0)
            self._write(effect)
            self.feed(Persisted(effect.id))

    def _write(self, write: Write) -> None:
        there = self.past if write.key.startswith(history.KEY) else self.disk
        there.pop(write.key, None)
        if write.value is not None:
            there[write.key] = write.value

    def persist_fails(self) -> None:
        effect = self.persists.pop(0)
        self.kills_unwritten = True
        self.feed(PersistFailed(effect.id, "No space left on device"))

    # --- the master and the framework ---------------------------------------------------------------------------------

    def connect(self) -> None:
        """Lets time pass until the agent connects, and admits it."""
        if self.core.membership.master is None:
            self.feed(events.MasterSeen(("master", b""), MASTER))
        while self.connection is None:
            deadline = self.core.membership.deadline
            assert deadline is not None
            self.advance(max(0.0, deadline - self.mono))
        if not self.connected:
            self.epoch += 1
            self.sent, self.in_flight = [], {}
            self.connected = True
            self.down_seq = 1
            self.feed(events.EndpointFound(self.connection, *MASTER, (internal.VERSION,)))
            connected = internal.Connected(
                agent_id="agent-1",
                epoch=self.epoch,
                seq=1,
                master_id="master",
                ping_seconds=15.0,
                version=internal.VERSION,
            )
            self.feed(events.Received(self.connection, codec.encode(connected)))

    def disconnect(self) -> None:
        if self.connection is not None:
            connection, self.connection, self.connected = self.connection, None, False
            self.feed(events.Closed(connection, "test"))

    def down(self, kind: type[internal.Down], **fields: Any) -> None:
        assert self.connected and self.connection is not None
        self.down_seq += 1
        message = kind(agent_id="agent-1", epoch=self.epoch, seq=self.down_seq, **fields)
        self.feed(events.Received(self.connection, codec.encode(message)))

    def run(self, task: str, **extra: object) -> None:
        document = {
            "name": task,
            "task_id": {"value": task},
            "agent_id": {"value": "agent-1"},
            "command": {"value": "true"},
            **extra,
        }
        self.down(internal.RunTask, framework=self.framework, task=json.loads(json.dumps(document)))

    def run_in(self, executor: str, task: str, starts: bool = True, **extra: object) -> None:
        """A task for a custom executor. ``starts``: as far as the master knows, the executor is not there."""
        document = {
            "name": task,
            "task_id": {"value": task},
            "agent_id": {"value": "agent-1"},
            "resources": [CPUS],
            "executor": {
                "executor_id": {"value": executor},
                "command": {"value": "./executor"},
                "resources": [CPUS],
                **extra,
            },
        }
        self.down(internal.RunTask, framework=self.framework, task=document, launch_executor=starts)

    def run_group(self, executor: str, *tasks: str, starts: bool = True, **extra: dict[str, Any]) -> None:
        """A task group with its default executor. ``starts`` is as in `run_in`; ``extra``: fields of single tasks."""
        held = [CPUS]
        info = {"executor_id": {"value": executor}, "type": "DEFAULT", "resources": held, **extra.pop("executor", {})}
        documents = [
            {
                "name": task,
                "task_id": {"value": task},
                "agent_id": {"value": "agent-1"},
                "command": {"value": "true"},
                "resources": [CPUS],
                "executor": info,
                **extra.get(task, {}),
            }
            for task in tasks
        ]
        self.down(internal.RunGroup, framework=self.framework, tasks=documents, launch_executor=starts)

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
        """Carries out the oldest operation of a container."""
        container = self.containers[container_id]
        op = container.ops.pop(0)
        if op == "prepare":
            if fails:
                self.feed(events.LaunchFailed(container_id, "Failed to launch container: no"))
            else:
                container.state = "created"
                self.feed(events.Created(container_id, 4242))
        elif op == "start":
            if fails or container.state != "created":
                self.feed(events.LaunchFailed(container_id, "Failed to launch container: no"))
            else:
                container.state = "running"
                container.starts += 1
                container.watched = True
                self.feed(events.Started(container_id))
        elif op.startswith("signal "):
            container.signals.append(int(op.split()[1]))
        elif op == "destroy":
            container.state, container.watched, container.exit = "absent", False, None
            self.feed(events.Destroyed(container_id))

    def exit(self, container_id: str, ended: Exit) -> None:
        container = self.containers[container_id]
        assert container.state == "running"
        container.state, container.exit = "exited", ended
        if container.watched:
            container.watched = False
            self.feed(events.Exited(container_id, ended))

    def answer_check(self, container_id: str, kind: CheckKind, value: int | None = None, **more: Any) -> None:
        """The check that is under way ends with this result."""
        number = self.checks.pop((container_id, kind))
        self.feed(events.Checked(container_id, kind, number, value, **more))

    def supervisor_dies(self, container_id: str) -> None:
        container = self.containers[container_id]
        assert container.state == "running"
        container.state = "orphaned"
        if container.watched:
            container.watched = False
            self.feed(events.SupervisorLost(container_id))

    def run_until_idle(self) -> None:
        """Works until nothing is left to do: writes and container operations are done at once."""
        for _ in range(1000):
            if self.persists:
                self.persist()
            busy = [name for name, container in self.containers.items() if container.ops]
            if not busy and not self.persists:
                return
            for name in busy:
                while self.containers[name].ops:
                    self.work(name)
        raise AssertionError("the core is never idle")

    def launch(self, task: str, **extra: object) -> str:
        """Runs a task and acknowledges its first updates."""
        self.run(task, **extra)
        self.run_until_idle()
        self.acknowledge(task)
        self.acknowledge(task)
        self.run_until_idle()
        return self.container_of(task)

    # --- time and crashes ---------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Time passes; the core is ticked whenever it asked for it."""
        end = self.mono + seconds
        for _ in range(10000):
            deadline = self.core.next_deadline()
            if deadline is None or deadline > end:
                break
            self.mono = max(self.mono, deadline)
            self.feed(Tick())
        else:
            raise AssertionError("the core asks for the same moment for ever")
        self.mono = max(self.mono, end)
        self.feed(Tick())

    def crash(self, reboot: bool = False, written: int = 0) -> None:
        """Kills the agent with -9, after so many of the oldest waiting writes, and starts it."""
        for effect in self.persists[:written]:
            self._write(effect)
        self.persists = []
        self.connection, self.connected = None, False
        self.checks.clear()
        self.streams = {}
        if reboot:
            self.boot += "'"
        for container in self.containers.values():
            container.ops, container.watched = [], False
            if reboot and container.state != "exited":
                container.state = "absent"
        self.core = self._new_core()
        self.feed(self._found())

    def _found(self) -> Recovered:
        values = {
            folder: tuple(value for key, value in self.disk.items() if key.startswith(f"{folder}/"))
            for folder in ("tasks", "frameworks", "executors", "assigned", "nested")
        }
        kinds = {
            "absent": Found.ABSENT,
            "created": Found.CREATED,
            "running": Found.RUNNING,
            "orphaned": Found.ORPHANED,
            "exited": Found.EXITED,
        }
        facts = tuple(
            (name, Facts(kinds[container.state], container.exit, None if container.state == "absent" else 4242))
            for name, container in self.containers.items()
        )
        known = {key.partition("/")[2] for key in self.disk if key.startswith(("tasks/", "executors/", "nested/"))}
        strangers = tuple(
            (name, "test")
            for name, container in self.containers.items()
            if name not in known and container.state != "absent"
        )
        return Recovered(
            self.disk.get("agent"),
            values["frameworks"],
            values["tasks"],
            facts,
            strangers,
            values["executors"],
            values["assigned"],
            tuple(self.past.values()),
            self.disk.get("resources"),
            values["nested"],
        )

    def deadlines(self, task: str) -> list[float]:
        """When the agent acts for the task by itself."""
        container = self.container_of(task)
        kinds = (Resend, Escalate, Complete, Rewrite)
        return [at for kind in kinds if (at := self.core.timers.at(kind(container))) is not None]


def status(reported: msgspec.Raw) -> TaskStatus | None:
    return None if reported == internal.NOTHING else codec.decode(bytes(reported), TaskStatus)


def last(world: World, task: str) -> tuple[str, str | None, str | None]:
    status = world.updates[task][-1]
    return status.state.value, status.reason.value if status.reason else None, status.message


def acknowledge_all(world: World, task: str) -> None:
    for _ in range(10):
        world.run_until_idle()
        if task not in world.in_flight:
            return
        world.acknowledge(task)
    raise AssertionError("updates never end")
