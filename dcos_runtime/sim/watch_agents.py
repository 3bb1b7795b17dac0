"""Invariants of agents, checked on their cores' events and effects: nothing is sent before it is durable, no update is
dropped, each is repeated, kills escalate, silence is noticed, and ended tasks are cleaned up.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from dcos_runtime.agent.core import events
from dcos_runtime.agent.core.effects import CloseConnection, Destroy, OpenConnection, Retire, SendUp, Signal
from dcos_runtime.agent.core.history import KEY
from dcos_runtime.core.frozen import Persist, Persisted, PersistFailed
from dcos_runtime.sim.obligations import Violation
from dcos_runtime.sim.watch_checks import CheckLedger
from dcos_runtime.sim.watch_executors import ExecutorLedger
from dcos_runtime.wire import internal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dcos_runtime.core.frozen import Now
    from dcos_runtime.sim.agent import AgentProcess
    from dcos_runtime.sim.containers import Container
    from dcos_runtime.sim.watched import Watched

Key = tuple[str, str]
RANK = {"TASK_STAGING": 0, "TASK_STARTING": 1, "TASK_RUNNING": 2, "TASK_KILLING": 3}
ENDED = 4
SOON = 2.0
GRACE = 5.0


class _Id(msgspec.Struct):
    value: str = ""


class Down(msgspec.Struct):
    """A message for an agent; the fields that an observer reads."""

    type: str
    agent_id: str = ""
    epoch: int = 0
    framework_id: _Id | str | None = None
    task_id: _Id | None = None
    uuid: str = ""
    ping_seconds: float = 15.0

    @property
    def framework(self) -> str:
        """Its id, in whichever form it comes."""
        return self.framework_id.value if isinstance(self.framework_id, _Id) else self.framework_id or ""


class _Status(msgspec.Struct):
    state: str = ""
    uuid: str = ""


class _Kill(msgspec.Struct):
    reason: str = ""


class _TaskView(msgspec.Struct):
    framework_id: str = ""
    task_id: str = ""
    state: str = ""
    pending: list[_Status] = []
    kill: _Kill | None = None


class _ContainerView(msgspec.Struct, frozen=True):
    stage: str = ""


class RunView(msgspec.Struct):
    """A checkpoint; the fields that an observer reads."""

    tasks: list[_TaskView] = []
    container: _ContainerView = _ContainerView()

    @property
    def uuids(self) -> tuple[str, ...]:
        return tuple(status.uuid for status in self.tasks[0].pending)

    @property
    def key(self) -> Key:
        return self.tasks[0].framework_id, self.tasks[0].task_id

    @property
    def forgotten(self) -> bool:
        kill = self.tasks[0].kill
        return kill is not None and kill.reason == "forgotten"


class _AssignedView(msgspec.Struct):
    task: _TaskView


class _Book:
    """The ledger of one agent. ``wanted``: the newest checkpoints that it asked to write; ``durable``: those on the
    disk.
    """

    def __init__(self) -> None:
        self.acknowledged: set[str] = set()
        self.wanted: dict[str, RunView] = {}
        self.durable: dict[str, RunView] = {}
        self.newest: dict[str, int] = {}
        self.writes: dict[int, tuple[str, ...]] = {}
        self.containers: dict[Key, str] = {}
        self.sent: dict[Key, tuple[str, float]] = {}
        self.shut: set[str] = set()
        self.reported: dict[Key, dict[str, int]] = {}
        """By task: the updates that were sent, with the rank of their states."""
        self.silence = 75.0
        self.past: set[str] = set()
        """Of which tasks and executors the history has something."""
        self.kills: set[Key] = set()
        """Tasks that were to be killed, or whose framework was ended."""
        self.member: int | None = None
        """The connection on which it was admitted, and ``seq``, how many messages it has sent there."""
        self.seq = 0


class AgentLedger:
    """The observer's records of all agents."""

    def __init__(self, watch: Watched) -> None:
        self._watch = watch
        self._owed = watch.obligations
        self._books: dict[str, _Book] = {}
        self._down = msgspec.json.Decoder(Down)
        self._run = msgspec.json.Decoder(RunView)
        self._checks = CheckLedger(watch)
        self._executors = ExecutorLedger(watch)
        self._assigned = msgspec.json.Decoder(_AssignedView)

    def book(self, agent: AgentProcess) -> _Book:
        book = self._books.get(agent.name)
        if book is None:
            book = self._books[agent.name] = _Book()
        return book

    def _owe(self, agent: AgentProcess, kind: str, of: str, seconds: float, what: str) -> None:
        self._owed.owe((kind, agent.name, of), agent, self._watch.now, seconds, what)

    def _met(self, agent: AgentProcess, kind: str, of: str = "") -> None:
        self._owed.met((kind, agent.name, of))

    # --- a step of the core ---

    def stepped(self, agent: AgentProcess, now: Now, event: Any, effects: Sequence[Any]) -> None:
        book = self.book(agent)
        self._checks.stepped(agent, now, event, effects)
        self._executors.stepped(agent, event, effects)
        match event:
            case events.Received():
                if event.connection == agent.core.membership.at.connection and not _breaks(effects):
                    self._received(agent, book, event.data)
            case events.PowerOff():
                self._power_off(agent, book, effects)
            case events.Closed() if event.connection == agent.core.membership.at.connection:
                self._hung_up(agent, book)
            case events.Exited() | events.SupervisorLost():
                self._met(agent, "noticed", event.container_id)
                self._ended(agent, event.container_id)
            case events.Destroyed():
                self._met(agent, "noticed", event.container_id)
                self._ended(agent, event.container_id)
            case Persisted():
                book.writes.pop(event.id, None)
            case PersistFailed():
                for key in book.writes.pop(event.id, ()):
                    if book.newest.get(key) == event.id:
                        self._owe(agent, "rewrite", key, 4.0, f"{key} could not be written, and is not tried again")
        for effect in effects:
            match effect:
                case SendUp():
                    self._sends(agent, book, effect)
                    if isinstance(effect.message, internal.Update):
                        self._update(agent, book, effect.message)
                case Persist():
                    self._persist(agent, book, effect)
                case CloseConnection():
                    self._hung_up(agent, book)
                case OpenConnection():
                    self._met(agent, "reconnect")
                    self._owe(agent, "connect", "", 45.0, "a connection was started, and neither admitted nor given up")
                case Signal():
                    self._signal(agent, effect)
                case Destroy():
                    self._destroy(agent, book, effect)
                case Retire():
                    key = f"tasks/{effect.container_id}"
                    if effect.container_id in book.wanted or effect.container_id in book.durable:
                        self._owe(agent, "cleaned", key, 5.0, f"the checkpoint {key} stays although its task is over")

    def _received(self, agent: AgentProcess, book: _Book, data: bytes) -> None:
        message = self._down.decode(data)
        self._owe(
            agent, "silence", "", book.silence + 5.0, f"nothing was heard for {book.silence:.0f} s; it is still waiting"
        )
        if message.type == "CONNECTED":
            book.silence = message.ping_seconds * 5
            book.member, book.seq = agent.core.membership.at.connection, 0
            self._met(agent, "connect")
            self._met(agent, "reconnect")
            self._owe(agent, "id", message.agent_id, 5.0, f"its id {message.agent_id} is not on its disk")
            if self._has_id(agent, message.agent_id):
                self._met(agent, "id", message.agent_id)
            for view in book.durable.values():
                if view.tasks[0].pending and not view.forgotten and view.key[0] not in book.shut:
                    text = f"admitted, and the update of {view.key} that nobody acknowledged is not sent"
                    self._owe(agent, "first", "/".join(view.key), SOON, text)
        elif message.type == "ACKNOWLEDGE":
            book.acknowledged.add(message.uuid)
            if message.framework_id is not None and message.task_id is not None:
                key = (message.framework, message.task_id.value)
                sent = book.sent.get(key)
                if sent is not None and sent[0] == message.uuid:
                    # The elapsed wait is kept: an agent that misses this continues from there.
                    self._met(agent, "resend", "/".join(key))
        elif message.type == "KILL_TASK" and message.framework_id is not None and message.task_id is not None:
            book.kills.add((message.framework, message.task_id.value))
            container = book.containers.get((message.framework, message.task_id.value))
            there = agent.host.containers.get(container or "")
            if there is not None and there.state == "running":
                self._owe(agent, "killed", there.id, 60.0, f"{there.task_id} was to be killed, and runs still")
        elif message.type == "SHUTDOWN_FRAMEWORK" and message.framework_id is not None:
            framework_id = message.framework
            book.shut.add(framework_id)
            for one in agent.host.containers.values():
                if one.framework_id == framework_id and one.state == "running":
                    text = f"{one.task_id}, whose framework is shut down, runs still"
                    self._owe(agent, "killed", one.id, 60.0, text)
        elif message.type == "SHUTDOWN":
            book.shut.update(key[0] for key in book.containers)

    def _has_id(self, agent: AgentProcess, agent_id: str) -> bool:
        return b'"%s"' % agent_id.encode() in agent.disk.values.get("agent", b"")

    def _hung_up(self, agent: AgentProcess, book: _Book) -> None:
        self._owed.forgive(agent.name, frozenset({"silence", "resend", "first", "connect"}))
        book.sent.clear()
        book.member = None
        if agent.core.membership.at.standing.value not in ("dismissed", "alone"):
            self._owe(agent, "reconnect", "", 65.0, "its connection is over, and it makes no other")

    def _update(self, agent: AgentProcess, book: _Book, message: internal.Update) -> None:
        uuid = base64.b64encode(message.status.uuid or b"").decode()
        key = (message.framework_id, message.status.task_id.value)
        view = book.durable.get(book.containers.get(key, ""))
        volatile = "checkpointed" in (message.status.message or "")
        if not volatile and (view is None or uuid not in view.uuids):
            state = message.status.state.value
            raise Violation(
                f"{agent.name}: {state} of {key} is reported, and not on the disk: a crash now would undo it"
            )
        self._in_order(agent, book, key, uuid, message)
        self._truly(agent, book, key, message)
        first, longest = agent.core.settings.update_retry_first, agent.core.settings.update_retry_longest
        before = book.sent.get(key)
        if before is not None and before[0] != uuid and before[0] not in book.acknowledged:
            raise Violation(f"{agent.name}: two updates of {key} are in flight")
        wait = min(before[1] * 2, longest) if before is not None and before[0] == uuid else first
        book.sent[key] = (uuid, wait)
        name = "/".join(key)
        self._met(agent, "first", name)
        text = f"{message.status.state.value} of {key} was not acknowledged, and is not sent again"
        self._owe(agent, "resend", name, wait + 1.0, text)

    def _in_order(self, agent: AgentProcess, book: _Book, key: Key, uuid: str, message: internal.Update) -> None:
        """A task's states never go back, and it ends once."""
        ranks = book.reported.setdefault(key, {})
        if uuid in ranks:
            return
        rank = RANK.get(message.status.state.value, ENDED)
        before = max(ranks.values(), default=0)
        if before == ENDED or rank < before:
            raise Violation(f"{agent.name}: {message.status.state.value} of {key} comes after what cannot be before it")
        ranks[uuid] = rank

    def _truly(self, agent: AgentProcess, book: _Book, key: Key, message: internal.Update) -> None:
        """Checks that the reported end of a task is the real one."""
        state = message.status.state.value
        there = agent.host.containers.get(book.containers.get(key, ""))
        if state == "TASK_FINISHED" and there is not None and not _may_have_finished(there):
            raise Violation(f"{agent.name}: {key} is reported as finished, and it is {there.state}, {there.exit}")
        unhealthy = self._checks.unhealthy(agent, book.containers.get(key, ""))
        by_executor = view_of_executor(book, key)
        if (
            state == "TASK_KILLED"
            and not by_executor
            and key not in book.kills
            and key[0] not in book.shut
            and not unhealthy
        ):
            raise Violation(f"{agent.name}: {key} is reported as killed, and nobody asked for that")

    def _sends(self, agent: AgentProcess, book: _Book, effect: SendUp) -> None:
        if effect.connection != book.member:
            raise Violation(f"{agent.name} sends without being a member")
        book.seq += 1
        if effect.message.seq != book.seq:
            raise Violation(f"{agent.name} sends message {effect.message.seq} after {book.seq - 1}")

    # --- checkpoints ---

    def _persist(self, agent: AgentProcess, book: _Book, effect: Persist) -> None:
        if len(effect.changes) != 1:
            raise Violation(f"{agent.name} writes several keys at once, and a crash may leave some of them written")
        book.writes[effect.id] = tuple(key for key, _ in effect.changes)
        for key, value in effect.changes:
            book.newest[key] = effect.id
            self._met(agent, "rewrite", key)
            if key.startswith(KEY):
                book.past.add(key.removeprefix(KEY))
            if not key.startswith(("tasks/", "assigned/")):
                continue
            container = key.partition("/")[2]
            previous = book.wanted.get(container)
            view = self._view(key, value)
            self._queued_once(agent, book, container, view)
            if view is None and container not in book.past:
                raise Violation(f"{agent.name}: {key} goes, and nothing of it is kept in the history")
            kept = () if view is None else view.uuids
            if previous is not None and not previous.forgotten and not (view is not None and view.forgotten):
                for uuid in previous.uuids:
                    if uuid not in kept and uuid not in book.acknowledged and previous.key[0] not in book.shut:
                        raise Violation(f"{agent.name}: an update of {previous.key} is dropped; nobody acknowledged it")
            if view is None:
                book.wanted.pop(container, None)
            else:
                book.wanted[container] = view
                book.containers[view.key] = container

    def _view(self, key: str, value: bytes | None) -> RunView | None:
        if value is None:
            return None
        if key.startswith("assigned/"):
            return RunView(tasks=[self._assigned.decode(value).task])
        return self._run.decode(value)

    def _queued_once(self, agent: AgentProcess, book: _Book, container: str, view: RunView | None) -> None:
        """An update is queued once, however often its executor says it."""
        if view is None:
            return
        durable = book.durable.get(container)
        before = () if durable is None else durable.uuids
        previous = book.wanted.get(container)
        fresh = [one for one in view.uuids if one not in before and (previous is None or one not in previous.uuids)]
        if len(set(view.uuids)) != len(view.uuids) or any(one in book.acknowledged for one in fresh):
            raise Violation(f"{agent.name}: an update of {view.key} is queued twice")

    def durable(self, agent: AgentProcess, effect: Persist) -> None:
        self._executors.durable(agent, effect)
        book = self.book(agent)
        for key, value in effect.changes:
            if key == "agent":
                for name in [one[2] for one in self._owed.of(agent.name) if one[0] == "id"]:
                    if self._has_id(agent, name):
                        self._met(agent, "id", name)
            if not key.startswith(("tasks/", "assigned/")):
                continue
            container = key.partition("/")[2]
            if value is None:
                view = book.durable.pop(container, None)
                self._met(agent, "cleaned", key)
                if view is not None:
                    name = "/".join(view.key)
                    self._met(agent, "first", name)
                    self._met(agent, "resend", name)
                    if book.containers.get(view.key) == container:
                        del book.containers[view.key]
                    book.sent.pop(view.key, None)
            else:
                found = self._view(key, value)
                assert found is not None
                view = book.durable[container] = found
                if view.forgotten or not view.tasks[0].pending:
                    name = "/".join(view.key)
                    self._met(agent, "first", name)
                    if view.forgotten:
                        self._met(agent, "resend", name)

    # --- containers ---

    def _signal(self, agent: AgentProcess, effect: Signal) -> None:
        container = agent.host.containers.get(effect.container_id)
        if container is None or container.state != "running":
            return
        self._met(agent, "signal", effect.container_id)
        kind = "SIGKILL" if effect.number == 9 else "SIGTERM"
        seconds = 12.0 if effect.number == 9 else GRACE + 1.5
        text = f"{kind} did not end {container.task_id}, and nothing follows"
        self._owe(agent, "signal", effect.container_id, seconds, text)

    def _destroy(self, agent: AgentProcess, book: _Book, effect: Destroy) -> None:
        container_id = effect.container_id
        self._ended(agent, container_id)
        self._met(agent, "noticed", container_id)
        container = agent.host.containers.get(container_id)
        view = book.durable.get(container_id)
        wanted = book.wanted.get(container_id)
        if container is None or not container.reported or wanted is None or wanted.forgotten:
            return
        if wanted.key[0] not in book.shut and (view is None or view.container.stage != "ended"):
            raise Violation(
                f"{agent.name}: what is left of {container.task_id} is destroyed before the disk has how it ended"
            )

    def ended(self, agent: AgentProcess, container: Container) -> None:
        """It ended by itself or by a signal."""
        self._ended(agent, container.id)
        if agent.up and container.id in self.book(agent).durable:
            self._owe(agent, "noticed", container.id, 10.0, f"{container.task_id} ended, and nobody noticed")

    def executor_ended(self, agent: AgentProcess, container: Container) -> None:
        self._executors.ended(agent, container)

    def _power_off(self, agent: AgentProcess, book: _Book, effects: Sequence[Any]) -> None:
        """Each task that runs is asked to end: that is written down at once, and the signal goes out soon."""
        book.kills.update(view.key for view in book.wanted.values())
        asked = {effect.container_id for effect in effects if isinstance(effect, Signal)}
        for effect in effects:
            for key, value in effect.changes if isinstance(effect, Persist) else ():
                if key.startswith("tasks/") and value is not None and self._run.decode(value).tasks[0].kill is not None:
                    handle = key.partition("/")[2]
                    asked.add(handle)
                    text = f"the machine is being shut down, and {handle} gets no signal"
                    self._owe(agent, "signal", handle, 10.0, text)
        for handle, view in book.wanted.items():
            there = agent.host.containers.get(handle)
            runs = there is not None and there.state == "running" and view.container.stage == "running"
            if runs and view.tasks[0].kill is None and handle not in asked:
                raise Violation(f"{agent.name}: the machine is being shut down, and {view.key} goes on")

    def _ended(self, agent: AgentProcess, container_id: str) -> None:
        self._met(agent, "signal", container_id)
        self._met(agent, "killed", container_id)

    # --- the process ---

    def killed(self, agent: AgentProcess) -> None:
        self._owed.forgive(agent.name)
        self._checks.killed(agent)
        self._executors.killed(agent)
        book = self.book(agent)
        book.sent.clear()
        book.member = None
        book.writes.clear()
        book.newest.clear()
        book.wanted = dict(book.durable)
        # An update whose acknowledgement was not yet durable is sent again: that is not an error.

    def wiped(self, agent: AgentProcess) -> None:
        self._owed.forgive(agent.name)
        self._checks.wiped(agent)
        self._executors.wiped(agent)
        self._books.pop(agent.name, None)


def view_of_executor(book: _Book, key: Key) -> bool:
    """Whether the task is that of a custom executor, which says by itself how it ends."""
    view = book.durable.get(book.containers.get(key, ""))
    return view is not None and not view.container.stage


def _may_have_finished(container: Container) -> bool:
    return container.state == "absent" or (container.exit is not None and container.exit.code == 0)


def _breaks(effects: Sequence[Any]) -> bool:
    """Whether the core gives up its connection: then the message was not handled."""
    return any(type(effect) is CloseConnection for effect in effects)
